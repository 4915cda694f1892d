//! Devices that applications stand behind.

use super::{CallingSearchSpace, DevicePool, LineButton, Location, MediaResourceGroupList, named};
use crate::setting::{Description, List, Name, Ref, record};

record! {
    /// A phone that exists only for an application, which takes its calls and media.
    pub struct CtiPort {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What it has in common with other devices of its place.
        device_pool: Option<Ref<DevicePool>> = None,
        /// What it sees of the dial plan after what its line sees.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Its lines. Hunts pass them over.
        lines: List<LineButton, 34> = List::default(),
        /// Whose bandwidth its calls take; that of the device pool when not given.
        location: Option<Ref<Location>> = None,
        /// Its media resources; those of the device pool when not given.
        media_resource_group_list: Option<Ref<MediaResourceGroupList>> = None,
    }
}

record! {
    /// A number whose calls an application sends on or answers, many at once.
    pub struct CtiRoutePoint {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What it has in common with other devices of its place.
        device_pool: Option<Ref<DevicePool>> = None,
        /// What it sees of the dial plan after what its line sees.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Its lines. Hunts pass them over.
        lines: List<LineButton, 34> = List::default(),
        /// Whose bandwidth its calls take; that of the device pool when not given.
        location: Option<Ref<Location>> = None,
        /// Its media resources; those of the device pool when not given.
        media_resource_group_list: Option<Ref<MediaResourceGroupList>> = None,
    }
}

named!(CtiPort, CtiRoutePoint);
