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
        /// The address that music goes to for all listeners at once; to each by itself when not given.
        multicast: Option<Address> = None,
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

record! {
    /// Media resources that share their load.
    pub struct MediaResourceGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The resources. One that is in no group may be used by everybody.
        resources: List<Ref<MediaResource>, 100>,
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
