//! Ways out of the system: route groups and route lists.

use super::{Gateway, NumberChange, Trunk, named};
use crate::setting::{Description, List, Name, Ref, choice, record};

record! {
    /// Trunks and gateways that can stand in for one another.
    pub struct RouteGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// In which order its members are tried.
        distribution: RouteDistribution = RouteDistribution::Circular,
        /// Trunks and gateways.
        members: List<RouteGroupMember, 250>,
    }
}

record! {
    /// A trunk or a gateway.
    pub struct RouteGroupMember {
        /// The trunk. Exactly one of trunk and gateway is given.
        trunk: Option<Ref<Trunk>> = None,
        /// The gateway.
        gateway: Option<Ref<Gateway>> = None,
    }
}

choice! {
    /// In which order members of a route group are tried.
    pub enum RouteDistribution {
        /// As they are listed, every call from the top.
        TopDown = "top-down",
        /// From the one after the last that was used.
        Circular = "circular",
    }
}

record! {
    /// Route groups in the order in which they are tried.
    pub struct RouteList {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Route groups, best first.
        members: List<RouteListMember, 250>,
    }
}

record! {
    /// One step of a route list.
    pub struct RouteListMember {
        /// The route group. Exactly one of route_group and local_route_group is given.
        route_group: Option<Ref<RouteGroup>> = None,
        /// A local route group, which the device pool of the caller fills: `<Standard Local Route Group>` or another name.
        local_route_group: Option<Name> = None,
        /// What it does to numbers in place of the route pattern; where it says nothing, the route pattern counts.
        change: Option<Box<NumberChange>> = None,
    }
}

named!(RouteGroup, RouteList);
