//! Media resources, and who may use them.

use super::{DevicePool, Location, named};
use crate::setting::{Address, Description, List, Name, Ref, SoundFile, Whole, choice, record};

record! {
    /// Music for who is held: a sound file that the operator has loaded.
    pub struct AudioSource {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The number by which lines, phones and device pools choose it; no other audio source has it.
        number: Whole<1, 51>,
        /// The file in the folder for sounds; `strowger sounds add` puts one there.
        file: SoundFile,
        /// Where who is held begins to hear it.
        play: AudioPlay = AudioPlay::Continuously,
    }
}

choice! {
    /// Where who is held begins to hear an audio source.
    pub enum AudioPlay {
        /// Where it is just then: it plays all the time, and all hear the same. It costs no more for many than for one.
        Continuously = "continuously",
        /// At its beginning, each for himself.
        FromStart = "from-start",
    }
}

record! {
    /// Something that plays, mixes, translates or relays media.
    pub struct MediaResource {
        /// Its name, 1 to 15 characters where an IOS router registers it.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What it does.
        function: MediaFunction,
        /// Where it is.
        host: MediaHost = MediaHost::Node,
        /// What it has in common with other devices of its place.
        device_pool: Option<Ref<DevicePool>> = None,
        /// Whose bandwidth its streams take; that of the device pool when not given.
        location: Option<Ref<Location>> = None,
        /// Streams or parties at once; as many as the node bears when not given.
        capacity: Option<Whole<1, 10_000>> = None,
        /// Media goes encrypted through it where both sides can.
        encrypted: bool = false,
        /// It may stand in the way of every call of devices that want one (trusted relay point).
        trusted_relay_point: bool = false,
        /// The first of the multicast addresses at which all who wait hear its music, where their media resource group says so; each is sent its own when not given.
        multicast: Option<Address> = None,
        /// The first UDP port of its multicast addresses.
        multicast_port: Whole<1024, 65_534> = Whole::new(16_384),
        /// What rises from one audio source and codec to the next.
        multicast_increment: MulticastIncrement = MulticastIncrement::Address,
        /// How many routers multicast packets may pass, and one more: 1 stays on the network of the server.
        multicast_ttl: Whole<1, 255> = Whole::new(1),
        /// When music goes out to multicast addresses.
        multicast_runs: MulticastRuns = MulticastRuns::WhenHeard,
    }
}

choice! {
    /// What rises from one multicast stream to the next.
    pub enum MulticastIncrement {
        /// The address: networks carry only the streams that somebody hears.
        Address = "address",
        /// The port, by two; all streams go to one address.
        Port = "port",
    }
}

choice! {
    /// When music goes out to multicast addresses.
    pub enum MulticastRuns {
        /// While somebody hears it.
        WhenHeard = "when-heard",
        /// Always, each audio source that plays all the time in each codec.
        Always = "always",
    }
}

choice! {
    /// What a media resource does.
    pub enum MediaFunction {
        /// Plays announcements and tones.
        Annunciator = "annunciator",
        /// Mixes the parties of a conference.
        ConferenceBridge = "conference-bridge",
        /// Translates between codecs.
        Transcoder = "transcoder",
        /// Relays media, and translates keys.
        MediaTerminationPoint = "mtp",
        /// Plays music to whoever is on hold.
        MusicOnHold = "music-on-hold",
    }
}

choice! {
    /// Where a media resource is.
    pub enum MediaHost {
        /// In the nodes of the system.
        Node = "node",
        /// In an IOS router, which registers it over SCCP under its name.
        Router = "router",
    }
}

choice! {
    /// The direction that phones are told of music that goes out by multicast.
    pub enum MulticastMusicDirection {
        /// `a=recvonly`: all who take part receive, as RFC 3264 says it of multicast.
        ReceiveOnly = "recvonly",
        /// `a=sendonly`, for old phones of Cisco (7940, 7960 and their like) that want to be told it so.
        SendOnly = "sendonly",
    }
}

record! {
    /// Media resources that share their load.
    pub struct MediaResourceGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The resources. One that is in no group may be used by everybody.
        resources: List<Ref<MediaResource>, 100>,
        /// Who finds music on hold by this group hears it by multicast, where the resource has an address for that.
        multicast_music: bool = false,
    }
}

record! {
    /// Media resource groups in the order in which devices look for a resource.
    pub struct MediaResourceGroupList {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Groups, best first.
        groups: List<Ref<MediaResourceGroup>, 50>,
    }
}

choice! {
    /// Whether media of a device goes through a trusted relay point.
    pub enum TrustedRelay {
        /// As the device pool says.
        Default = "default",
        /// It does not.
        Off = "off",
        /// It does.
        On = "on",
    }
}

named!(AudioSource, MediaResource, MediaResourceGroup, MediaResourceGroupList);
