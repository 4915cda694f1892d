//! What settings must be to each other: inside of one object, and among all.
//!
//! The syntax of a setting is its type's. Here is what no type can say. Rules of one object are looked at whenever it is read;
//! rules among objects when a change is made, and only where the change touches them.

mod among;
mod devices;
mod numbers;
mod system;

use std::collections::BTreeMap;

use crate::problem::{Path, Problem, Segment, Wrong};
use crate::setting::List;
use crate::{AnyObject, Id};

pub(crate) use among::among;

/// What is wrong with one object.
#[derive(Default)]
pub(crate) struct Findings {
    problems: Vec<Problem>,
    path: Path,
}

/// Everything that is wrong inside of the object with this id.
pub(crate) fn own(id: Id, object: &AnyObject) -> Vec<Problem> {
    let mut found = Findings::default();
    match object {
        AnyObject::ServiceParameters(it) => system::service_parameters(it, &mut found),
        AnyObject::Server(it) => system::server(it, &mut found),
        AnyObject::CallManagerGroup(it) => found.list("servers", &it.servers, Least::One, |it| it.id()),
        AnyObject::CodecPreferenceList(it) => found.list("codecs", &it.codecs, Least::One, |it| *it),
        AnyObject::Region(it) => found.list("relations", &it.relations, Least::None, |it| it.region.id()),
        AnyObject::Location(it) => system::location(id, it, &mut found),
        AnyObject::AarGroup(it) => found.list("prefixes", &it.prefixes, Least::None, |it| it.group.id()),
        AnyObject::DevicePool(it) => system::device_pool(it, &mut found),
        AnyObject::MobilityInfo(it) => system::mobility_info(it, &mut found),
        AnyObject::CredentialPolicy(_)
        | AnyObject::DateTimeGroup(_)
        | AnyObject::PhysicalLocation(_)
        | AnyObject::MobilityGroup(_)
        | AnyObject::Partition(_)
        | AnyObject::RouteFilter(_)
        | AnyObject::AuthorizationCode(_)
        | AnyObject::MatterCode(_)
        | AnyObject::VoiceMailProfile(_)
        | AnyObject::DirectoryUri(_)
        | AnyObject::ApplicationNumber(_)
        | AnyObject::CallPark(_)
        | AnyObject::MeetMe(_)
        | AnyObject::FeatureAccessCode(_)
        | AnyObject::AudioSource(_)
        | AnyObject::RecordingProfile(_)
        | AnyObject::PhoneService(_)
        | AnyObject::ApiToken(_) => {}
        AnyObject::TimeSchedule(it) => found.list("periods", &it.periods, Least::One, |it| it.clone()),
        AnyObject::CallingSearchSpace(it) => {
            found.list("partitions", &it.partitions, Least::None, |it| it.id());
        }
        AnyObject::AutoRegistration(it) => system::auto_registration(it, &mut found),
        AnyObject::BillingDestination(it) => system::billing_destination(it, &mut found),
        AnyObject::SftpUser(it) => system::sftp_user(it, &mut found),
        AnyObject::SipProfile(it) => devices::sip_profile(it, &mut found),
        AnyObject::SipTrunkSecurityProfile(it) => devices::trunk_security(it, &mut found),
        AnyObject::PhoneSecurityProfile(it) => devices::phone_security(it, &mut found),
        AnyObject::PhoneButtonTemplate(it) => found.filled("buttons", &it.buttons),
        AnyObject::SoftKeyTemplate(it) => devices::soft_keys(it, &mut found),
        AnyObject::MediaResource(it) => devices::media_resource(it, &mut found),
        AnyObject::MediaResourceGroup(it) => {
            found.list("resources", &it.resources, Least::One, |it| it.id());
        }
        AnyObject::MediaResourceGroupList(it) => found.list("groups", &it.groups, Least::One, |it| it.id()),
        AnyObject::Trunk(it) => devices::trunk(it, &mut found),
        AnyObject::Gateway(it) => devices::gateway(it, &mut found),
        AnyObject::CtiPort(it) => found.list("lines", &it.lines, Least::None, |it| it.line.id()),
        AnyObject::CtiRoutePoint(it) => found.list("lines", &it.lines, Least::None, |it| it.line.id()),
        AnyObject::Phone(it) => devices::phone(it, &mut found),
        AnyObject::EndUser(it) => devices::controlled("devices", &it.devices, &mut found),
        AnyObject::ApplicationUser(it) => devices::controlled("devices", &it.devices, &mut found),
        AnyObject::RouteGroup(it) => numbers::route_group(it, &mut found),
        AnyObject::RouteList(it) => numbers::route_list(it, &mut found),
        AnyObject::Line(it) => numbers::line(it, &mut found),
        AnyObject::LineGroup(it) => found.list("members", &it.members, Least::None, |it| it.id()),
        AnyObject::HuntList(it) => found.list("line_groups", &it.line_groups, Least::One, |it| it.id()),
        AnyObject::HuntPilot(it) => numbers::hunt_pilot(it, &mut found),
        AnyObject::TranslationPattern(it) => numbers::translation(it, &mut found),
        AnyObject::RoutePattern(it) => numbers::route(it, &mut found),
        AnyObject::BlockedPattern(it) => numbers::filtered(it.pattern.as_str(), it.filter, &mut found),
        AnyObject::SipRoutePattern(it) => numbers::sip_route(it, &mut found),
        AnyObject::CallingTransformationPattern(it) => {
            numbers::discarded(it.pattern.as_str(), it.discard.as_ref(), &mut found);
        }
        AnyObject::CalledTransformationPattern(it) => {
            numbers::discarded(it.pattern.as_str(), it.discard.as_ref(), &mut found);
        }
        AnyObject::DirectedCallPark(it) => numbers::directed_call_park(it, &mut found),
        AnyObject::PickupGroup(it) => numbers::pickup_group(id, it, &mut found),
        AnyObject::PagingGroup(it) => numbers::paging_group(it, &mut found),
        AnyObject::SavedDialling(it) => numbers::saved_dialling(it, &mut found),
    }
    found.problems
}

/// How many entries a list needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Least {
    /// It may be empty.
    None,
    /// An empty one makes no sense.
    One,
}

impl Findings {
    /// The settings of a table, or the entries of a list, one step further down.
    pub(crate) fn inside(&mut self, segment: Segment, look: impl FnOnce(&mut Self)) {
        self.path.push(segment);
        look(self);
        self.path.pop();
    }

    /// Something is wrong with a setting here. `why` goes on after its name.
    pub(crate) fn wrong(&mut self, setting: &str, why: impl Into<String>) {
        let path = self.path.clone().setting(setting);
        self.problems.push(Problem { path, wrong: Wrong::Contradiction { why: why.into() } });
    }

    /// A setting that makes no sense beside another.
    pub(crate) fn excluded(&mut self, setting: &str, is_given: bool, why: &str) {
        if is_given {
            self.wrong(setting, format!("is given, but {why}; leave it out"));
        }
    }

    /// Of these settings one must be given, and no more.
    pub(crate) fn exactly_one(&mut self, settings: &[(&str, bool)]) {
        let names = || settings.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let mut given = settings.iter().filter(|(_, given)| *given).map(|(name, _)| *name);
        match (given.next(), given.next()) {
            (Some(_), None) => {}
            (Some(first), Some(second)) => {
                self.wrong(second, format!("is given beside {first}; give exactly one of {}", names()));
            }
            (None, _) => {
                let first = settings.first().map_or("", |(name, _)| *name);
                self.wrong(first, format!("is missing; give exactly one of {}", names()));
            }
        }
    }

    /// A list in which nothing may stand twice, told apart by `key`.
    pub(crate) fn list<T, K: Ord, const MOST: usize>(
        &mut self,
        setting: &str,
        list: &List<T, MOST>,
        least: Least,
        key: impl Fn(&T) -> K,
    ) {
        if least == Least::One {
            self.filled(setting, list);
        }
        let keys = list.iter().map(|entry| Some(key(entry)));
        self.distinct(setting, keys);
    }

    /// Entries of a list that must differ; `None` differs from all.
    pub(crate) fn distinct<K: Ord>(&mut self, setting: &str, keys: impl Iterator<Item = Option<K>>) {
        let mut seen = BTreeMap::new();
        for (at, key) in keys.enumerate() {
            let Some(key) = key else { continue };
            let first = *seen.entry(key).or_insert(at);
            if first != at {
                let mut path = self.path.clone().setting(setting);
                path.push(Segment::Entry(at));
                let why = format!("is the same as {setting}[{first}]; list each once");
                self.problems.push(Problem { path, wrong: Wrong::Contradiction { why } });
            }
        }
    }

    /// A list that makes no sense empty.
    pub(crate) fn filled<T, const MOST: usize>(&mut self, setting: &str, list: &List<T, MOST>) {
        if list.is_empty() {
            self.wrong(setting, "is empty; list at least one");
        }
    }
}

#[cfg(test)]
mod tests;
