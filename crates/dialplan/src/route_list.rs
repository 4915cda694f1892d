//! Route lists: several ways to the outside, tried one after another.
//!
//! A route pattern leads to a gateway or trunk, or to a [`RouteList`]; that names [`RouteGroup`]s, those devices.
//! [`Selection`] is the way of one call through them. A member of the list carries number changes, which are the
//! caller's type `T`: this module only says which member's apply.

mod selection;

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::Cause;

pub use selection::Selection;
pub use selection::{DeviceState, Devices, Input, Output, SkippedBecause, StoppedBecause, TryBecause};

/// In which order the devices of a route group are tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum RouteDistribution {
    /// As they are listed, every call from the top.
    TopDown,
    /// As they are listed, from the one after the last that was used.
    #[default]
    Circular,
}

/// Gateways and trunks that can stand in for one another. `D` names a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteGroup<D> {
    name: Box<str>,
    devices: Vec<D>,
    distribution: RouteDistribution,
}

/// What a route list names: a route group, or one that depends on who calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupReference<D> {
    /// This one.
    Group(Arc<RouteGroup<D>>),
    /// `<Standard Local Route Group>`: the one that the caller's device pool names.
    StandardLocal,
    /// A local route group by this name, which the caller's device pool fills.
    Local(Box<str>),
}

/// One step of a route list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteListMember<D, T> {
    /// Where calls go.
    pub group: GroupReference<D>,
    /// What is changed for them; it replaces what the route pattern changes.
    pub transformation: T,
}

/// Route groups in the order in which they are tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteList<D, T> {
    name: Box<str>,
    members: Vec<RouteListMember<D, T>>,
}

/// What a device pool puts in the place of local route groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocalRouteGroups<D> {
    /// For `<Standard Local Route Group>`.
    pub standard: Option<Arc<RouteGroup<D>>>,
    /// For the others, by name.
    pub named: BTreeMap<Box<str>, Arc<RouteGroup<D>>>,
}

/// After which causes a call is not tried on the next device. Unverified (U-7).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteListParameters {
    /// Stop when the called party is busy (17). On by default.
    pub stop_on_busy: bool,
    /// Stop when the number leads nowhere (1). On by default.
    pub stop_on_unallocated: bool,
    /// Stop when there is no bandwidth towards the device (125). Off by default: another one may be elsewhere.
    pub stop_on_out_of_bandwidth: bool,
    /// Other causes after which the next device is tried; every other one stops. By default those that speak of
    /// the way and not of the called party: no route (2, 3), silence and broken equipment (18, 27, 38, 41, 102),
    /// congestion (34, 42, 44, 47).
    pub continue_on: Vec<Cause>,
}

/// Why a route list or group cannot be set up so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RouteListError {
    /// The same device is listed twice.
    #[error("route group {group}: device {position} is listed before already")]
    DeviceTwice {
        /// Which group.
        group: Box<str>,
        /// Counted from 1.
        position: usize,
    },
    /// The group leads nowhere.
    #[error("route group {group} has no device")]
    NoDevice {
        /// Which group.
        group: Box<str>,
    },
    /// The list leads nowhere.
    #[error("route list {list} has no member")]
    NoMember {
        /// Which list.
        list: Box<str>,
    },
    /// The same group is listed twice.
    #[error("route list {list}: member {position} names the group of an earlier one")]
    GroupTwice {
        /// Which list.
        list: Box<str>,
        /// Counted from 1.
        position: usize,
    },
}

/// How Cisco's manager calls the route group that every device pool can fill.
pub const STANDARD_LOCAL_ROUTE_GROUP: &str = "<Standard Local Route Group>";
/// Not enough bandwidth: a cause beyond Q.850 that only route lists and admission control speak of.
pub const OUT_OF_BANDWIDTH: Cause = Cause::OUT_OF_BANDWIDTH;

/// Causes of [`RouteListParameters::continue_on`].
const CONTINUE_ON: [Cause; 11] = [
    Cause::NO_ROUTE_TO_TRANSIT_NETWORK,
    Cause::NO_ROUTE_TO_DESTINATION,
    Cause::NO_USER_RESPONDING,
    Cause::DESTINATION_OUT_OF_ORDER,
    Cause::NO_CIRCUIT_AVAILABLE,
    // Network out of order.
    Cause(38),
    Cause::TEMPORARY_FAILURE,
    Cause::SWITCHING_EQUIPMENT_CONGESTION,
    // Requested circuit or channel not available.
    Cause(44),
    Cause::RESOURCE_UNAVAILABLE,
    Cause::RECOVERY_ON_TIMER_EXPIRY,
];

impl<D: PartialEq> RouteGroup<D> {
    /// A checked route group.
    ///
    /// # Errors
    /// When it has no device, or one is listed twice.
    pub fn new(name: &str, devices: Vec<D>, distribution: RouteDistribution) -> Result<Self, RouteListError> {
        if devices.is_empty() {
            return Err(RouteListError::NoDevice { group: name.into() });
        }
        let twice = devices.iter().enumerate().position(|(index, device)| devices[..index].contains(device));
        match twice {
            Some(index) => Err(RouteListError::DeviceTwice { group: name.into(), position: index + 1 }),
            None => Ok(RouteGroup { name: name.into(), devices, distribution }),
        }
    }
}

impl<D> RouteGroup<D> {
    /// As the operator called it; unique, so that a [`crate::Rotation`] can be kept under it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its devices, as listed.
    pub fn devices(&self) -> &[D] {
        &self.devices
    }

    /// Which is tried first.
    pub const fn distribution(&self) -> RouteDistribution {
        self.distribution
    }
}

impl<D> GroupReference<D> {
    /// What `name` refers to when it is no route group of its own: [`STANDARD_LOCAL_ROUTE_GROUP`] or another local one.
    pub fn local(name: &str) -> Self {
        if name == STANDARD_LOCAL_ROUTE_GROUP {
            return GroupReference::StandardLocal;
        }
        GroupReference::Local(name.into())
    }

    /// As the operator called it.
    pub fn name(&self) -> &str {
        match self {
            GroupReference::Group(group) => group.name(),
            GroupReference::StandardLocal => STANDARD_LOCAL_ROUTE_GROUP,
            GroupReference::Local(name) => name,
        }
    }

    /// The route group for a caller of this device pool.
    pub fn resolve<'r>(&'r self, pool: &'r LocalRouteGroups<D>) -> Option<&'r Arc<RouteGroup<D>>> {
        match self {
            GroupReference::Group(group) => Some(group),
            GroupReference::StandardLocal => pool.standard.as_ref(),
            GroupReference::Local(name) => pool.named.get(name),
        }
    }
}

impl<D, T> RouteList<D, T> {
    /// A checked route list.
    ///
    /// # Errors
    /// When it has no member, or two members name the same group.
    pub fn new(name: &str, members: Vec<RouteListMember<D, T>>) -> Result<Self, RouteListError> {
        if members.is_empty() {
            return Err(RouteListError::NoMember { list: name.into() });
        }
        let named_before =
            |index: usize, group: &str| members.iter().take(index).any(|member| member.group.name() == group);
        let twice =
            members.iter().enumerate().find(|(index, member)| named_before(*index, member.group.name()));
        match twice {
            Some((index, _)) => Err(RouteListError::GroupTwice { list: name.into(), position: index + 1 }),
            None => Ok(RouteList { name: name.into(), members }),
        }
    }

    /// As the operator called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its members, as listed.
    pub fn members(&self) -> &[RouteListMember<D, T>] {
        &self.members
    }
}

impl<D> Default for LocalRouteGroups<D> {
    fn default() -> Self {
        LocalRouteGroups { standard: None, named: BTreeMap::new() }
    }
}

impl RouteListParameters {
    /// Why the call is not tried on the next device after `cause`, or `None` when it is.
    pub fn stops(&self, cause: Cause) -> Option<StoppedBecause> {
        let flag = |stop: bool, because| stop.then_some(because);
        match cause {
            Cause::USER_BUSY => flag(self.stop_on_busy, StoppedBecause::Busy),
            Cause::UNALLOCATED_NUMBER => flag(self.stop_on_unallocated, StoppedBecause::Unallocated),
            OUT_OF_BANDWIDTH => flag(self.stop_on_out_of_bandwidth, StoppedBecause::OutOfBandwidth),
            other => flag(!self.continue_on.contains(&other), StoppedBecause::NotToBeContinued),
        }
    }
}

impl Default for RouteListParameters {
    fn default() -> Self {
        RouteListParameters {
            stop_on_busy: true,
            stop_on_unallocated: true,
            stop_on_out_of_bandwidth: false,
            continue_on: CONTINUE_ON.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> Arc<RouteGroup<char>> {
        Arc::new(RouteGroup::new(name, vec!['a'], RouteDistribution::Circular).unwrap())
    }

    #[test]
    fn what_cannot_be_a_route_list_says_where_and_why() {
        fn check<T>(result: Result<T, RouteListError>, expect: &str) {
            assert_eq!(result.err().map(|error| error.to_string()).as_deref(), Some(expect));
        }
        let circular = RouteDistribution::Circular;
        check(RouteGroup::<char>::new("pstn", vec![], circular), "route group pstn has no device");
        check(
            RouteGroup::new("pstn", vec!['a', 'b', 'b'], circular),
            "route group pstn: device 3 is listed before already",
        );
        check(RouteList::<char, ()>::new("out", vec![]), "route list out has no member");
        let member = |group| RouteListMember { group, transformation: () };
        check(
            RouteList::new(
                "out",
                vec![
                    member(GroupReference::local(STANDARD_LOCAL_ROUTE_GROUP)),
                    member(GroupReference::Group(group("pstn"))),
                    member(GroupReference::StandardLocal),
                ],
            ),
            "route list out: member 3 names the group of an earlier one",
        );
    }

    #[test]
    fn local_groups_come_from_the_callers_pool() {
        let pool = LocalRouteGroups {
            standard: Some(group("here")),
            named: [("emergency".into(), group("near"))].into_iter().collect(),
        };
        let check = |reference: GroupReference<char>, expect: Option<&str>| {
            assert_eq!(reference.resolve(&pool).map(|group| group.name()), expect, "{reference:?}");
        };
        check(GroupReference::Group(group("pstn")), Some("pstn"));
        check(GroupReference::local("<Standard Local Route Group>"), Some("here"));
        check(GroupReference::local("emergency"), Some("near"));
        check(GroupReference::local("other"), None);
        assert_eq!(GroupReference::<char>::StandardLocal.resolve(&LocalRouteGroups::default()), None);
    }

    #[test]
    fn the_cause_decides_whether_another_device_is_tried() {
        let usual = RouteListParameters::default();
        let other = RouteListParameters {
            stop_on_busy: false,
            stop_on_unallocated: false,
            stop_on_out_of_bandwidth: true,
            continue_on: Vec::new(),
        };
        let check = |cause: u8, by_default, by_other| {
            assert_eq!(
                (usual.stops(Cause(cause)), other.stops(Cause(cause))),
                (by_default, by_other),
                "{cause}"
            );
        };
        check(17, Some(StoppedBecause::Busy), None);
        check(1, Some(StoppedBecause::Unallocated), None);
        check(125, None, Some(StoppedBecause::OutOfBandwidth));
        check(42, None, Some(StoppedBecause::NotToBeContinued));
        check(21, Some(StoppedBecause::NotToBeContinued), Some(StoppedBecause::NotToBeContinued));
    }
}
