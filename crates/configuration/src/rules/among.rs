//! Rules among objects. Each looks only at what a change touches and at what stands beside that.

mod intercom;

use std::collections::{BTreeMap, BTreeSet};

use strowger_base::limits;

use crate::change::naming_setting;
use crate::kinds::{
    AudioSource, BillingDestination, CallingSearchSpace, LineGroup, Location, MobilityInfo, Partition, Phone,
    PhoneSecurityProfile, PickupGroup, Region,
};
use crate::problem::{Path, Problem, Wrong};
use crate::reader::Names;
use crate::{AnyObject, Entry, Id, Kind, Refusal, State};

/// Kinds whose patterns stand in one table of numbers: a pattern may be in a partition once among all of them.
/// Transformation patterns route nothing: each of their two kinds has a table of its own.
const NUMBERS: &[Kind] = &[
    Kind::Line,
    Kind::HuntPilot,
    Kind::TranslationPattern,
    Kind::RoutePattern,
    Kind::BlockedPattern,
    Kind::ApplicationNumber,
    Kind::CallPark,
    Kind::DirectedCallPark,
    Kind::PickupGroup,
    Kind::MeetMe,
    Kind::PagingGroup,
    Kind::FeatureAccessCode,
];

/// Kinds of devices: applications, records and alarms tell them apart by their name alone.
const DEVICES: &[Kind] =
    &[Kind::Phone, Kind::CtiPort, Kind::CtiRoutePoint, Kind::Trunk, Kind::Gateway, Kind::MediaResource];

/// Kinds of users: they sign in at the same places.
const USERS: &[Kind] = &[Kind::EndUser, Kind::ApplicationUser];

/// Most billing destinations.
const BILLING_DESTINATIONS: usize = 8;

/// Objects of others that are named when many are touched.
const NAMED: usize = 5;

/// Everything that is wrong among the objects after a change that put these in.
pub(crate) fn among(before: &State, after: &State, put: &[Id]) -> Vec<Refusal> {
    let mut look = Look { before, after, put: put.iter().copied().collect(), found: Vec::new() };
    let mut kinds = BTreeSet::new();
    for entry in put.iter().filter_map(|id| after.entry(*id)) {
        let object = entry.object();
        kinds.insert(object.kind());
        for alike in [NUMBERS, DEVICES, USERS] {
            look.name(entry, alike);
        }
        look.intercom(entry);
        match object {
            AnyObject::AudioSource(it) => look.audio_source(entry.id(), it),
            AnyObject::Region(it) => look.region(entry, it),
            AnyObject::Location(it) => look.location(entry, it),
            AnyObject::Partition(it) => look.partition(entry.id(), it),
            AnyObject::CallingSearchSpace(it) => look.clause(entry.id(), it),
            AnyObject::LineGroup(it) => look.line_group(entry, it),
            AnyObject::CtiPort(it) => {
                it.lines.iter().for_each(|button| look.cti_line(entry, button.line.id()))
            }
            AnyObject::CtiRoutePoint(it) => {
                it.lines.iter().for_each(|button| look.cti_line(entry, button.line.id()));
            }
            AnyObject::PickupGroup(it) => look.pickup_group(entry, it),
            AnyObject::Phone(it) => look.phone(entry.id(), it),
            AnyObject::PhoneSecurityProfile(it) => look.phone_security(entry.id(), it),
            // Of the others each is right by itself.
            _ => {}
        }
    }
    if kinds.contains(&Kind::MobilityInfo) {
        look.subnets();
    }
    if kinds.contains(&Kind::BillingDestination) {
        look.billing_destinations();
    }
    look.found
}

struct Look<'l> {
    before: &'l State,
    after: &'l State,
    put: BTreeSet<Id>,
    found: Vec<Refusal>,
}

impl Look<'_> {
    fn refuse(&mut self, object: Id, path: Path, why: String) {
        let Some(entry) = self.after.entry(object) else { return };
        let kind = entry.object().kind();
        let problem = Problem { path, wrong: Wrong::Contradiction { why } };
        self.found.push(Refusal::Wrong { kind, object, key: self.after.name(kind, object), problem });
    }

    /// Two audio sources with one number: nobody could say which is meant.
    fn audio_source(&mut self, id: Id, it: &AudioSource) {
        let other =
            self.after.all::<AudioSource>().find(|(other, found)| *other != id && found.number == it.number);
        if let Some((other, _)) = other {
            let why = format!("{} has the number {} already", self.called(other), it.number.get());
            self.refuse(id, Path::default().setting("number"), why);
        }
    }

    /// An object as sentences call it.
    fn called(&self, id: Id) -> String {
        let Some(entry) = self.after.entry(id) else { return id.to_string() };
        let kind = entry.object().kind();
        format!("the {} {:?}", kind.title(), self.after.name(kind, id))
    }

    /// What has the same name among kinds that share their names.
    fn name(&mut self, entry: &Entry, alike: &[Kind]) {
        let kind = entry.object().kind();
        if !alike.contains(&kind) {
            return;
        }
        for other in alike.iter().copied().filter(|other| *other != kind) {
            let Some(there) = self.after.named(other, entry.object().identity()) else { continue };
            // Of two that are new the later kind is told.
            if self.put.contains(&there) && other > kind {
                continue;
            }
            let key = self.after.name(kind, entry.id());
            let why = format!("is {key:?}, which {} has already; change one of the two", other.one());
            self.refuse(entry.id(), Path::new().setting(naming_setting(kind)), why);
        }
    }

    /// A pair that is written at both ends. Of two that are new one is told.
    fn pair(&mut self, entry: &Entry, setting: &str, at: usize, other: Id) {
        if self.put.contains(&other) && other > entry.id() {
            return;
        }
        let why = format!("is written in {} already; leave one of the two out", self.called(other));
        self.refuse(entry.id(), Path::new().setting(setting).entry(at), why);
    }

    fn region(&mut self, entry: &Entry, it: &Region) {
        for (at, relation) in it.relations.iter().enumerate() {
            let Some(other) = self.after.get(relation.region) else { continue };
            let back = other.relations.iter().any(|relation| relation.region.id() == entry.id());
            if back && relation.region.id() != entry.id() {
                self.pair(entry, "relations", at, relation.region.id());
            }
        }
    }

    fn location(&mut self, entry: &Entry, it: &Location) {
        for (at, link) in it.links.iter().enumerate() {
            let Some(far) = link.location else { continue };
            let Some(other) = self.after.get(far) else { continue };
            let back = other.links.iter().filter_map(|link| link.location).any(|end| end.id() == entry.id());
            if back && far.id() != entry.id() {
                self.pair(entry, "links", at, far.id());
            }
        }
    }

    /// A longer name makes the clauses of search spaces longer.
    fn partition(&mut self, id: Id, it: &Partition) {
        let before = self.before.entry(id).map(|entry| entry.object().identity().name.chars().count());
        if before.is_none_or(|before| before >= it.name.as_str().chars().count()) {
            return;
        }
        let spaces: Vec<(Id, CallingSearchSpace)> = self
            .after
            .all::<CallingSearchSpace>()
            .filter(|(space, it)| !self.put.contains(space) && it.partitions.iter().any(|of| of.id() == id))
            .map(|(space, it)| (space, it.clone()))
            .collect();
        for (space, it) in spaces {
            self.clause(space, &it);
        }
    }

    fn clause(&mut self, id: Id, it: &CallingSearchSpace) {
        let names = it.partitions.iter().filter_map(|partition| self.after.get(*partition));
        let length: usize = names.map(|partition| partition.name.as_str().chars().count() + 1).sum();
        if length > limits::SEARCH_SPACE_CLAUSE + 1 {
            let (found, most) = (length - 1, limits::SEARCH_SPACE_CLAUSE);
            let why = format!(
                "have names of {found} characters together, with one between each two; at most {most} are allowed"
            );
            self.refuse(id, Path::new().setting("partitions"), why);
        }
    }

    fn line_group(&mut self, entry: &Entry, it: &LineGroup) {
        for (at, member) in it.members.iter().enumerate() {
            let cti = |user: &&std::sync::Arc<Entry>| {
                matches!(user.object().kind(), Kind::CtiPort | Kind::CtiRoutePoint)
            };
            let Some(device) = self.after.users(member.id()).find(cti).map(|user| user.id()) else {
                continue;
            };
            let why =
                format!("is a line of {}, which cannot be hunted for; take it out", self.called(device));
            self.refuse(entry.id(), Path::new().setting("members").entry(at), why);
        }
    }

    /// A line that gets a CTI device while it is a member of a line group that this change leaves alone.
    fn cti_line(&mut self, entry: &Entry, line: Id) {
        let groups: Vec<Id> = self
            .after
            .users(line)
            .filter(|user| user.object().kind() == Kind::LineGroup && !self.put.contains(&user.id()))
            .map(|user| user.id())
            .collect();
        for group in groups {
            let (line, group) = (self.called(line), self.called(group));
            let why =
                format!("have {line}, a member of {group}, where no CTI device can be; take it out of one");
            self.refuse(entry.id(), Path::new().setting("lines"), why);
        }
    }

    fn pickup_group(&mut self, entry: &Entry, it: &PickupGroup) {
        for (at, line) in it.lines.iter().enumerate() {
            let other = self.after.users(line.id()).find_map(|user| match user.object() {
                AnyObject::PickupGroup(group) if user.id() != entry.id() => {
                    group.lines.iter().any(|of| of == line).then_some(user.id())
                }
                _ => None,
            });
            let Some(other) = other else { continue };
            if self.put.contains(&other) && other > entry.id() {
                continue;
            }
            let why = format!("is in {} already; a line is in one group only", self.called(other));
            self.refuse(entry.id(), Path::new().setting("lines").entry(at), why);
        }
    }

    fn phone(&mut self, id: Id, it: &Phone) {
        let Some(profile) = it.security_profile else { return };
        let Some(wanted) = self.after.get(profile).map(|profile| profile.protocol) else { return };
        if wanted != it.protocol {
            let profile = self.called(profile.id());
            let (is, speaks) = (wanted.word(), it.protocol.word());
            let why = format!(
                "is {profile}, which is for {is}, but the phone speaks {speaks}; name one for {speaks}"
            );
            self.refuse(id, Path::new().setting("security_profile"), why);
        }
    }

    /// A profile that is for another protocol from now on.
    fn phone_security(&mut self, id: Id, it: &PhoneSecurityProfile) {
        let same = self.before.entry(id).is_none_or(|before| match before.object() {
            AnyObject::PhoneSecurityProfile(before) => before.protocol == it.protocol,
            _ => true,
        });
        if same {
            return;
        }
        let other = |user: &&std::sync::Arc<Entry>| match user.object() {
            AnyObject::Phone(phone) => phone.protocol != it.protocol && !self.put.contains(&user.id()),
            _ => false,
        };
        let phones: Vec<Id> = self.after.users(id).filter(other).take(NAMED).map(|user| user.id()).collect();
        for phone in phones {
            let phone = self.called(phone);
            let why = format!("is {}, but {phone} uses the profile and speaks another", it.protocol.word());
            self.refuse(id, Path::new().setting("protocol"), why);
        }
    }

    /// A network leads to one place.
    fn subnets(&mut self) {
        let mut seen: BTreeMap<&str, Id> = BTreeMap::new();
        let mut twice = Vec::new();
        for (id, info) in self.after.all::<MobilityInfo>() {
            for (at, subnet) in info.subnets.iter().enumerate() {
                let first = *seen.entry(subnet.as_str()).or_insert(id);
                if first != id {
                    // What the change touched is told.
                    let (told, other) = if self.put.contains(&id) { (id, first) } else { (first, id) };
                    let place = Path::new().setting("subnets");
                    twice.push((told, other, if told == id { place.entry(at) } else { place }));
                }
            }
        }
        for (told, other, path) in twice {
            let why = format!("names a network of {} too; leave it out of one", self.called(other));
            self.refuse(told, path, why);
        }
    }

    fn billing_destinations(&mut self) {
        let all: Vec<Id> = self.after.of_kind(Kind::BillingDestination).map(|entry| entry.id()).collect();
        let put = all.iter().copied().find(|id| self.put.contains(id));
        if let Some(id) = put.filter(|_| all.len() > BILLING_DESTINATIONS) {
            let why = format!("would be one of {}; there may be {BILLING_DESTINATIONS}", all.len());
            self.refuse(id, Path::new(), why);
        }
        let mut twice = Vec::new();
        let mut numbers: BTreeMap<u32, Id> = BTreeMap::new();
        for (id, it) in self.after.all::<BillingDestination>() {
            let number = it.number.get();
            if let Some(other) = numbers.insert(number, id) {
                let told = if self.put.contains(&id) { id } else { other };
                twice.push((told, if told == id { other } else { id }, number));
            }
        }
        for (told, other, number) in twice {
            let free = (1..=8).find(|number| !numbers.contains_key(number));
            let free = free.map_or_else(String::new, |free| format!("; {free} is free"));
            let why = format!("is {number}, as that of {}{free}", self.called(other));
            self.refuse(told, Path::new().setting("number"), why);
        }
    }
}
