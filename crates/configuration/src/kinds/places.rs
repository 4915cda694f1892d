//! Where devices are: regions, locations, device pools, and phones that travel.

use super::{
    CallManagerGroup, CallingSearchSpace, DateTimeGroup, IncomingNumbers, MediaResourceGroupList, RouteGroup,
    SingleButtonBarge, TransformationSpaces, named,
};
use crate::setting::{
    CountryName, Description, Kbps, List, Name, PrefixText, Ref, Room, Seconds, Subnet, Whole, choice, record,
};

record! {
    /// Codecs in the order in which calls choose them.
    pub struct CodecPreferenceList {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Codecs, best first. One that is not listed is not chosen.
        codecs: List<AudioCodec, 20>,
    }
}

choice! {
    /// How speech is coded.
    pub enum AudioCodec {
        /// G.711 with the law of North America and Japan, 64 kbit/s.
        G711Ulaw = "g711-ulaw",
        /// G.711 with the law of the rest of the world, 64 kbit/s.
        G711Alaw = "g711-alaw",
        /// G.722 with wide band, 64 kbit/s.
        G722 = "g722",
        /// G.722.1 at 24 kbit/s.
        G7221At24 = "g722.1-24",
        /// G.722.1 at 32 kbit/s.
        G7221At32 = "g722.1-32",
        /// G.723.1, 6.3 kbit/s.
        G7231 = "g723.1",
        /// G.728, 16 kbit/s.
        G728 = "g728",
        /// G.729, 8 kbit/s.
        G729 = "g729",
        /// GSM full rate, 13 kbit/s.
        Gsm = "gsm",
        /// iLBC, 15.2 kbit/s.
        Ilbc = "ilbc",
        /// Opus, counted as 64 kbit/s.
        Opus = "opus",
    }
}

record! {
    /// Places between which calls are coded alike.
    pub struct Region {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What differs from the service parameters towards other regions, and within this one. Each pair of regions is
        /// written in one of the two.
        relations: List<RegionRelation, 2000> = List::default(),
    }
}

record! {
    /// What calls between two regions may use. The defaults are unverified (U-14).
    pub struct RegionRelation {
        /// The other region; the region itself for calls within it.
        region: Ref<Region>,
        /// Codecs, best first; those of the service parameters when not given.
        codecs: Option<Ref<CodecPreferenceList>> = None,
        /// The most for speech, in kbit/s of the codec; that of the service parameters when not given.
        audio: Option<Kbps<6, 512>> = None,
        /// The most for video, in kbit/s; that of the service parameters when not given.
        video: Option<Kbps<0, 1_000_000>> = None,
    }
}

record! {
    /// A place that shares its bandwidth to others.
    pub struct Location {
        /// Its name. `Hub_None` is always there and has no bounds.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Bandwidth for speech into and out of it, in kbit/s.
        audio: Room = Room::Unlimited,
        /// Bandwidth for video, in kbit/s.
        video: Room = Room::Unlimited,
        /// Bandwidth for immersive video, in kbit/s.
        immersive: Room = Room::Unlimited,
        /// Links to other locations. Each link is written at one of its ends.
        links: List<LocationLink, 500> = List::default(),
    }
}

record! {
    /// A link to another location.
    pub struct LocationLink {
        /// Where it leads; `Hub_None` when not given.
        location: Option<Ref<Location>> = None,
        /// What a call pays that takes it; the path of least weight is taken.
        weight: Whole<0, 65_535> = Whole::new(50),
        /// Bandwidth for speech, in kbit/s.
        audio: Room = Room::Unlimited,
        /// Bandwidth for video, in kbit/s.
        video: Room = Room::Unlimited,
        /// Bandwidth for immersive video, in kbit/s.
        immersive: Room = Room::Unlimited,
    }
}

record! {
    /// A place on the map: device pools that name the same one are at the same place.
    pub struct PhysicalLocation {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
    }
}

record! {
    /// Places where the same numbers are dialled, so that a travelling phone may dial as if it belonged there.
    pub struct MobilityGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
    }
}

record! {
    /// Devices that dial each other alike when the public network stands in for the own one (AAR).
    pub struct AarGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What devices of this group dial before numbers of other groups, or of this one.
        prefixes: List<AarPrefix, 500> = List::default(),
    }
}

record! {
    /// What leads from one AAR group to another.
    pub struct AarPrefix {
        /// The group of the called line.
        group: Ref<AarGroup>,
        /// What is dialled before its number.
        prefix: PrefixText,
    }
}

record! {
    /// What devices of one place have in common.
    pub struct DevicePool {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// With which nodes its devices register; with any when not given.
        callmanager_group: Option<Ref<CallManagerGroup>> = None,
        /// Whose clock its phones show; UTC when not given.
        date_time_group: Option<Ref<DateTimeGroup>> = None,
        /// Which codecs its calls use; those within one region when neither side has one.
        region: Option<Ref<Region>> = None,
        /// Whose bandwidth its calls take; `Hub_None` when not given.
        location: Option<Ref<Location>> = None,
        /// Conference bridges, music and other resources of its devices; those that are in no group when not given.
        media_resource_group_list: Option<Ref<MediaResourceGroupList>> = None,
        /// Media of its devices goes through a trusted relay point, where they do not say it themselves.
        use_trusted_relay_point: bool = false,
        /// What line keys of its phones do at once while another phone of the line has a call, where these do not say it.
        single_button_barge: SingleButtonBarge = SingleButtonBarge::Default,
        /// The country whose tones its devices hear; that of the service parameter when not given.
        network_locale: Option<CountryName> = None,
        /// Number of the audio source that others hear whom one of its devices holds; the service parameter when not given.
        user_hold_source: Option<Whole<1, 51>> = None,
        /// Number of the audio source that others hear who wait because of a feature that one of its devices uses, such as a transfer; the service parameter when not given.
        network_hold_source: Option<Whole<1, 51>> = None,
        /// The route group that stands for `<Standard Local Route Group>` when its devices call.
        local_route_group: Option<Ref<RouteGroup>> = None,
        /// What stands for local route groups of other names.
        local_route_groups: List<LocalRouteGroup, 50> = List::default(),
        /// Which prefixes lead to its devices over the public network (AAR).
        aar_group: Option<Ref<AarGroup>> = None,
        /// Where numbers are looked up that are dialled over the public network (AAR).
        aar_search_space: Option<Ref<CallingSearchSpace>> = None,
        /// The place on the map, for phones that travel.
        physical_location: Option<Ref<PhysicalLocation>> = None,
        /// Where phones may roam and dial as if they belonged there.
        mobility_group: Option<Ref<MobilityGroup>> = None,
        /// What roaming phones of the mobility group see of the dial plan in place of their own device's search space.
        mobility_search_space: Option<Ref<CallingSearchSpace>> = None,
        /// How its devices see numbers, where these do not say it.
        transformation_spaces: Option<Box<TransformationSpaces>> = None,
        /// The calling number of emergency calls from there.
        emergency_number: Option<PrefixText> = None,
        /// How calling numbers that its gateways and trunks bring become the plan's, where these do not say it.
        incoming_calling: Option<Box<IncomingNumbers>> = None,
        /// How called numbers that its gateways and trunks bring become the plan's, where these do not say it.
        incoming_called: Option<Box<IncomingNumbers>> = None,
        /// How long a better node must have answered before a phone goes back to it, in seconds; the service parameter when not given.
        connection_monitor_duration: Option<Seconds<0, 3600>> = None,
    }
}

record! {
    /// What stands for a local route group.
    pub struct LocalRouteGroup {
        /// As route lists call it.
        name: Name,
        /// The route group.
        route_group: Ref<RouteGroup>,
    }
}

record! {
    /// Networks, and the device pools that rule in them.
    pub struct MobilityInfo {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Networks; the narrowest one that holds a phone's address says where the phone is.
        subnets: List<Subnet, 1000>,
        /// Device pools of the place: a phone's own when it is among them, the first otherwise.
        device_pools: List<Ref<DevicePool>, 50>,
        /// The calling number of emergency calls from there; that of the device pool when not given.
        emergency_number: Option<PrefixText> = None,
    }
}

named!(
    CodecPreferenceList,
    Region,
    Location,
    PhysicalLocation,
    MobilityGroup,
    AarGroup,
    DevicePool,
    MobilityInfo
);
