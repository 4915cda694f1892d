//! Which media resource a device gets: from the groups of its list, of its device pool's list, then from the resources that are in no
//! group.
//!
//! [`Resources`] is what an operator set, [`Allocations`] what is in use of it. Within a group the resource with the least in use is
//! taken, of equals the one that was not taken for longest. What no resource has room for is [`Exhausted`], and
//! [`Function::without`] says what then becomes of the call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::Cause;

/// What a media resource does, and what is asked of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Function {
    /// Plays announcements and tones.
    Annunciator,
    /// Mixes the parties of a conference.
    ConferenceBridge,
    /// Translates between codecs.
    Transcoder,
    /// Relays media, and translates keys.
    TerminationPoint,
    /// Plays music to whoever is on hold.
    MusicOnHold,
    /// Stands in the way of every call of devices that want one: asked of termination points and transcoders that are trusted.
    TrustedRelayPoint,
}

/// What becomes of a call for which there is no resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Without {
    /// It goes on; what would have been heard is silence.
    Silence,
    /// It goes on as it was; the feature is refused.
    FeatureRefused(Cause),
    /// It is refused.
    CallRefused(Cause),
    /// It goes on without, unless a service parameter says that it is refused.
    Bare,
}

/// A media resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// What it does.
    pub function: Function,
    /// It may be a trusted relay point.
    pub is_trusted: bool,
    /// Streams or parties at once; as many as come when `None`.
    pub capacity: Option<u32>,
    /// It is a device of its own, and can be used while it is there ([`Allocations::set_present`]).
    pub is_device: bool,
}

/// All media resources, groups and lists.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Resources {
    resources: BTreeMap<Arc<str>, Resource>,
    /// The resources of each group.
    groups: BTreeMap<Box<str>, Vec<Arc<str>>>,
    /// The groups of each list, best first.
    lists: BTreeMap<Box<str>, Vec<Box<str>>>,
    grouped: BTreeSet<Arc<str>>,
}

/// What is in use. It knows resources by name, so that it outlives a change of the configuration under running calls.
#[derive(Clone, Default, Debug)]
pub struct Allocations {
    in_use: BTreeMap<Arc<str>, Use>,
    /// The devices that are there, and how much each bears.
    present: BTreeMap<Arc<str>, u32>,
    /// Counts allocations, so that it is known which resource was taken longest ago.
    taken: u64,
}

#[derive(Clone, Copy, Default, Debug)]
struct Use {
    seats: u32,
    last: u64,
}

/// Seats of a resource; they must go back with [`Allocations::release`].
#[derive(PartialEq, Eq, Debug)]
#[must_use = "a resource that is not given back is lost"]
pub struct Allocation {
    function: Function,
    resource: Arc<str>,
    /// The group in which it was found; `None` when it is in no group.
    group: Option<Box<str>>,
    seats: u32,
}

/// No resource has room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exhausted {
    /// For what.
    pub function: Function,
    /// The resources that were looked at, each with what is in use of it.
    pub full: Vec<(Arc<str>, u32)>,
    /// The devices that were looked at and are not there.
    pub absent: Vec<Arc<str>>,
}

impl Function {
    /// What becomes of a call without it.
    pub const fn without(self) -> Without {
        match self {
            Function::Annunciator | Function::MusicOnHold => Without::Silence,
            Function::ConferenceBridge => Without::FeatureRefused(Cause::RESOURCE_UNAVAILABLE),
            Function::Transcoder => Without::CallRefused(Cause::RESOURCE_UNAVAILABLE),
            Function::TerminationPoint | Function::TrustedRelayPoint => Without::Bare,
        }
    }
}

impl Resource {
    /// Whether it can be asked for this.
    fn serves(&self, function: Function) -> bool {
        match function {
            Function::TrustedRelayPoint => {
                self.is_trusted && matches!(self.function, Function::TerminationPoint | Function::Transcoder)
            }
            Function::Annunciator
            | Function::ConferenceBridge
            | Function::Transcoder
            | Function::TerminationPoint
            | Function::MusicOnHold => self.function == function,
        }
    }
}

impl Resources {
    /// No resources.
    pub fn new() -> Self {
        Resources::default()
    }

    /// Adds a resource, or changes one.
    pub fn add(&mut self, name: &str, resource: Resource) {
        self.resources.insert(Arc::from(name), resource);
    }

    /// Adds a group. Names of resources that are not there name nothing.
    pub fn group<'n>(&mut self, name: &str, resources: impl IntoIterator<Item = &'n str>) {
        let members: Vec<Arc<str>> = resources.into_iter().map(Arc::from).collect();
        self.grouped.extend(members.iter().cloned());
        self.groups.insert(name.into(), members);
    }

    /// Adds a list of groups, best first.
    pub fn list<'n>(&mut self, name: &str, groups: impl IntoIterator<Item = &'n str>) {
        self.lists.insert(name.into(), groups.into_iter().map(Into::into).collect());
    }

    /// Whether there is any that can be asked for this.
    pub fn any(&self, function: Function) -> bool {
        self.resources.values().any(|resource| resource.serves(function))
    }

    /// All resources, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Resource)> {
        self.resources.iter()
    }

    /// The resources of a function in the order in which they are looked at, those that share their load together, with their group.
    fn tiers<'r>(
        &'r self,
        function: Function,
        lists: &'r [&'r str],
    ) -> impl Iterator<Item = (Option<&'r str>, Vec<&'r Arc<str>>)> {
        let groups = lists.iter().filter_map(|list| self.lists.get(*list)).flatten();
        let of_groups = groups.filter_map(|group| {
            self.groups.get(group).map(|members| (Some(&**group), members.iter().collect()))
        });
        let alone = self.resources.keys().filter(|name| !self.grouped.contains(*name)).collect();
        let does = move |name: &&Arc<str>| self.resources.get(*name).is_some_and(|it| it.serves(function));
        of_groups.chain(std::iter::once((None, alone))).map(
            move |(group, tier): (Option<&str>, Vec<&Arc<str>>)| {
                (group, tier.into_iter().filter(does).collect())
            },
        )
    }
}

impl Allocations {
    /// Nothing in use.
    pub const fn new() -> Self {
        Allocations { in_use: BTreeMap::new(), present: BTreeMap::new(), taken: 0 }
    }

    /// A device is there and bears so much, or is not there when `None`.
    pub fn set_present(&mut self, device: &str, capacity: Option<u32>) {
        match capacity {
            Some(capacity) => _ = self.present.insert(Arc::from(device), capacity),
            None => _ = self.present.remove(device),
        }
    }

    /// How much a resource bears: as was set, and no more than a device says; nothing of one that is not there.
    fn capacity(&self, resources: &Resources, name: &str) -> Option<u32> {
        let resource = resources.resources.get(name)?;
        if !resource.is_device {
            return resource.capacity;
        }
        let there = self.present.get(name).copied().unwrap_or(0);
        Some(resource.capacity.map_or(there, |set| set.min(there)))
    }

    /// Whether a resource is a device that is not there.
    fn is_absent(&self, resources: &Resources, name: &str) -> bool {
        resources.resources.get(name).is_some_and(|it| it.is_device) && !self.present.contains_key(name)
    }

    /// Takes `seats` of one resource. `lists` are the device's and then its device pool's, as far as there are such.
    ///
    /// # Errors
    /// When no resource that may be used has room.
    pub fn allocate(
        &mut self,
        resources: &Resources,
        function: Function,
        lists: &[&str],
        seats: u32,
    ) -> Result<Allocation, Exhausted> {
        self.allocate_where(resources, (function, &|_| true), lists, seats)
    }

    /// The same of those resources only that are fit for it.
    ///
    /// # Errors
    /// When no resource that may be used has room.
    pub fn allocate_where(
        &mut self,
        resources: &Resources,
        (function, is_fit): (Function, &dyn Fn(&str) -> bool),
        lists: &[&str],
        seats: u32,
    ) -> Result<Allocation, Exhausted> {
        let mut full: Vec<(Arc<str>, u32)> = Vec::new();
        let mut absent: Vec<Arc<str>> = Vec::new();
        for (group, mut tier) in resources.tiers(function, lists) {
            tier.retain(|name| is_fit(name));
            let usage = |name: &Arc<str>| self.in_use.get(name).copied().unwrap_or_default();
            let has_room = |name: &&&Arc<str>| {
                self.capacity(resources, name)
                    .is_none_or(|capacity| usage(name).seats.saturating_add(seats) <= capacity)
            };
            let free = tier.iter().filter(has_room).min_by_key(|name| (usage(name).seats, usage(name).last));
            if let Some(name) = free {
                let resource = Arc::clone(name);
                self.taken += 1;
                let used = self.in_use.entry(Arc::clone(&resource)).or_default();
                used.seats += seats;
                used.last = self.taken;
                return Ok(Allocation { function, resource, group: group.map(Box::from), seats });
            }
            for name in tier {
                // A resource may be in several groups.
                if self.is_absent(resources, name) {
                    if !absent.contains(name) {
                        absent.push(Arc::clone(name));
                    }
                } else if full.iter().all(|(known, _)| known != name) {
                    full.push((Arc::clone(name), usage(name).seats));
                }
            }
        }
        Err(Exhausted { function, full, absent })
    }

    /// Takes `seats` more of the same resource.
    ///
    /// # Errors
    /// When it has no room.
    pub fn more(
        &mut self,
        resources: &Resources,
        of: &Allocation,
        seats: u32,
    ) -> Result<Allocation, Exhausted> {
        let (function, name) = (of.function, Arc::clone(&of.resource));
        if self.is_absent(resources, &name) {
            return Err(Exhausted { function, full: Vec::new(), absent: vec![name] });
        }
        let capacity = self.capacity(resources, &name);
        let used = self.in_use.entry(Arc::clone(&name)).or_default();
        if capacity.is_some_and(|most| used.seats.saturating_add(seats) > most) {
            return Err(Exhausted { function, full: vec![(name, used.seats)], absent: Vec::new() });
        }
        used.seats += seats;
        Ok(Allocation { function, resource: name, group: of.group.clone(), seats })
    }

    /// Gives seats back.
    pub fn release(&mut self, allocation: Allocation) {
        let Allocation { function: _, resource, group: _, seats } = allocation;
        if let Some(used) = self.in_use.get_mut(&resource) {
            used.seats = used.seats.saturating_sub(seats);
        }
    }

    /// Seats of a resource that are in use.
    pub fn in_use(&self, resource: &str) -> u32 {
        self.in_use.get(resource).map_or(0, |used| used.seats)
    }

    /// Seats of all resources that are in use.
    pub fn all_in_use(&self) -> u32 {
        self.in_use.values().map(|used| used.seats).sum()
    }
}

impl Allocation {
    /// The resource.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// What it was asked for.
    pub const fn function(&self) -> Function {
        self.function
    }

    /// The group in which it was found; `None` when it is in no group.
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources() -> Resources {
        let mut resources = Resources::new();
        for (name, function, capacity) in [
            ("bridge1", Function::ConferenceBridge, Some(4)),
            ("bridge2", Function::ConferenceBridge, Some(4)),
            ("bridge3", Function::ConferenceBridge, Some(3)),
            ("music1", Function::MusicOnHold, None),
            ("spare", Function::ConferenceBridge, Some(2)),
        ] {
            resources.add(name, Resource { function, is_trusted: false, capacity, is_device: false });
        }
        for (name, is_trusted) in [("relay1", true), ("relay2", false)] {
            let function = Function::TerminationPoint;
            resources.add(name, Resource { function, is_trusted, capacity: Some(1), is_device: false });
        }
        resources.group("relays", ["relay1", "relay2"]);
        resources.list("relayed", ["relays"]);
        resources.group("near", ["bridge1", "bridge2", "music1", "gone"]);
        resources.group("far", ["bridge3"]);
        resources.list("office", ["near"]);
        resources.list("pool", ["far", "nowhere"]);
        resources
    }

    /// Takes seats one after the other and says from which resources they came.
    fn check(function: Function, lists: &[&str], seats: &[u32], expect: &[&str]) {
        let resources = resources();
        let mut allocations = Allocations::new();
        let mut kept = Vec::new();
        for (seats, expect) in seats.iter().zip(expect) {
            match allocations.allocate(&resources, function, lists, *seats) {
                Ok(allocation) => {
                    assert_eq!(allocation.resource(), *expect, "{lists:?}");
                    kept.push(allocation);
                }
                Err(exhausted) => {
                    let full: Vec<String> =
                        exhausted.full.iter().map(|(name, used)| format!("{name} {used}")).collect();
                    assert_eq!(full.join(", "), *expect, "{lists:?}");
                }
            }
        }
        kept.into_iter().for_each(|allocation| allocations.release(allocation));
        assert_eq!(allocations.all_in_use(), 0);
    }

    #[test]
    fn a_group_shares_its_load_and_lists_are_gone_through_in_their_order() {
        let bridge = Function::ConferenceBridge;
        check(bridge, &["office"], &[1, 1, 1, 1], &["bridge1", "bridge2", "bridge1", "bridge2"]);
        check(bridge, &["office"], &[3, 1, 1, 1], &["bridge1", "bridge2", "bridge2", "bridge2"]);
        let all = ["bridge1", "bridge2", "bridge3", "spare", "bridge1 3, bridge2 3, bridge3 3, spare 2"];
        check(bridge, &["office", "pool"], &[3, 3, 3, 2, 2], &all);
        // Without a list only those are used that are in no group.
        check(bridge, &[], &[2, 1], &["spare", "spare 2"]);
        check(bridge, &["unknown"], &[1], &["spare"]);
        check(Function::MusicOnHold, &["office"], &[1000, 1000], &["music1", "music1"]);
        check(Function::MusicOnHold, &["pool"], &[1], &[""]);
        check(Function::Transcoder, &["office", "pool"], &[1], &[""]);
        check(Function::TrustedRelayPoint, &["relayed"], &[1, 1], &["relay1", "relay1 1"]);
        check(Function::TerminationPoint, &["relayed"], &[1, 1], &["relay1", "relay2"]);
    }

    #[test]
    fn more_of_the_same_resource() {
        let resources = resources();
        let mut allocations = Allocations::new();
        let first = allocations.allocate(&resources, Function::ConferenceBridge, &["office"], 3).unwrap();
        assert_eq!((first.group(), first.function()), (Some("near"), Function::ConferenceBridge));
        let more = allocations.more(&resources, &first, 1).unwrap();
        assert_eq!((more.resource(), more.group()), ("bridge1", Some("near")));
        let full = vec![(Arc::from("bridge1"), 4)];
        let absent = Vec::new();
        let exhausted = Exhausted { function: Function::ConferenceBridge, full, absent };
        assert_eq!(allocations.more(&resources, &first, 1), Err(exhausted));
        allocations.release(first);
        allocations.release(more);
        assert_eq!(allocations.all_in_use(), 0);
        assert!(resources.any(Function::MusicOnHold) && !resources.any(Function::Transcoder));
    }

    #[test]
    fn a_device_is_used_while_it_is_there_and_for_what_it_is_fit() {
        let mut resources = Resources::new();
        let device = |capacity| Resource {
            function: Function::Transcoder,
            is_trusted: false,
            capacity,
            is_device: true,
        };
        resources.add("xcode1", device(None));
        resources.add("xcode2", device(Some(1)));
        let mut allocations = Allocations::new();
        let take = |allocations: &mut Allocations, fit: &str| {
            let is_fit = |name: &str| name.starts_with(fit);
            allocations.allocate_where(&resources, (Function::Transcoder, &is_fit), &[], 1)
        };
        let none = take(&mut allocations, "").unwrap_err();
        assert_eq!((none.full.len(), none.absent), (0, vec![Arc::from("xcode1"), Arc::from("xcode2")]));
        allocations.set_present("xcode1", Some(1));
        allocations.set_present("xcode2", Some(9));
        let unfit = take(&mut allocations, "other").unwrap_err();
        assert_eq!(
            (unfit.full.len(), unfit.absent.len()),
            (0, 0),
            "nobody is told to be full who would not do"
        );
        let two = take(&mut allocations, "xcode2").unwrap();
        assert_eq!(two.resource(), "xcode2");
        // The operator gave it one; the device would bear nine.
        let one = take(&mut allocations, "").unwrap();
        assert_eq!(one.resource(), "xcode1");
        assert_eq!(take(&mut allocations, "").unwrap_err().full.len(), 2);
        allocations.set_present("xcode1", None);
        let more = allocations.more(&resources, &one, 1).unwrap_err();
        assert_eq!((more.full.len(), more.absent), (0, vec![Arc::from("xcode1")]));
        allocations.release(one);
        allocations.release(two);
        assert_eq!(allocations.all_in_use(), 0);
    }

    #[test]
    fn what_is_free_again_is_taken_in_its_turn() {
        let resources = resources();
        let mut allocations = Allocations::new();
        let take = |allocations: &mut Allocations| {
            allocations.allocate(&resources, Function::ConferenceBridge, &["office"], 1).unwrap()
        };
        let first = take(&mut allocations);
        assert_eq!((first.resource(), allocations.in_use("bridge1")), ("bridge1", 1));
        allocations.release(first);
        let second = take(&mut allocations);
        assert_eq!(second.resource(), "bridge2", "bridge1 was taken before");
        allocations.release(second);
    }

    #[test]
    fn seats_of_a_resource_that_is_gone_go_back() {
        let mut allocations = Allocations::new();
        let one = allocations.allocate(&resources(), Function::MusicOnHold, &["office"], 1).unwrap();
        assert_eq!(
            allocations.allocate(&Resources::new(), Function::MusicOnHold, &["office"], 1),
            Err(Exhausted { function: Function::MusicOnHold, full: Vec::new(), absent: Vec::new() })
        );
        allocations.release(one);
        assert_eq!(allocations.all_in_use(), 0);
    }

    #[test]
    fn each_function_has_an_answer_when_it_is_exhausted() {
        let check = |function: Function, expect: Without| assert_eq!(function.without(), expect);
        check(Function::Annunciator, Without::Silence);
        check(Function::MusicOnHold, Without::Silence);
        check(Function::ConferenceBridge, Without::FeatureRefused(Cause::RESOURCE_UNAVAILABLE));
        check(Function::Transcoder, Without::CallRefused(Cause::RESOURCE_UNAVAILABLE));
        check(Function::TerminationPoint, Without::Bare);
        check(Function::TrustedRelayPoint, Without::Bare);
    }
}
