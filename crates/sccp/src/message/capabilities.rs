//! What a station can hear, say and hold.

use crate::codes::{Codec, MediaPath, Switch};
use crate::wire::lists::{self, Slot, Slots};
use crate::wire::text::{Fixed, Text};
use crate::wire::{Coding, Reader, Wire, Writer};

record! {
    /// A codec that a station has.
    AudioCapability {
        /// Which.
        codec: Codec,
        /// The longest packet in milliseconds; of old loads, the most frames.
        packet_max: u32,
        /// G.723.1: the bit rate; others: mode, dynamic payload type and what is to spare.
        parameters: [u8; 8],
    }
}

impl Slot for AudioCapability {
    fn unused() -> Self {
        AudioCapability::default()
    }
}

/// Codecs that one message can name.
const CODECS: usize = 18;

message! {
    /// What can you hear and say?
    CapabilitiesReq = CAPABILITIES_REQ;
}

message! {
    /// What a station can hear and say.
    CapabilitiesRes = CAPABILITIES_RES, needs 4 {
        /// Its codecs, those it likes best first; at most 18.
        audio: Vec<AudioCapability> as Slots<CODECS>,
    }
}

message! {
    /// What a station can hear and say, as newer loads tell it, also when they are not asked. What they tell of video and data is
    /// passed over.
    UpdateCapabilities, needs 4 {
        /// Its codecs, those it likes best first; at most 18.
        audio: Vec<AudioCapability>,
    }
    form UPDATE_CAPABILITIES[3..] { audio as AudioOf<1840>, }
    form UPDATE_CAPABILITIES_V2[..0] { audio as AudioOf<2000>, }
    form UPDATE_CAPABILITIES_V3[..0] { audio as AudioOf<2100>, }
}

/// The audio part of a body of `N` bytes: the count stands in the first word, the entries behind what concerns video and conferences.
struct AudioOf<const N: usize>;

/// Where the entries begin, the same in all three messages.
const ENTRIES: usize = 312;

impl<const N: usize> Coding<Vec<AudioCapability>> for AudioOf<N> {
    fn read(from: &mut Reader<'_>) -> Vec<AudioCapability> {
        let count = u32::read(from);
        from.skip_to(ENTRIES);
        lists::read(count, CODECS, from)
    }

    fn write(value: &Vec<AudioCapability>, to: &mut Writer<'_>) {
        lists::count(value.len().min(CODECS)).write(to);
        to.fill_to(ENTRIES);
        value.iter().take(CODECS).for_each(|entry| entry.write(to));
        to.fill_to(N);
    }
}

message! {
    /// The headset key was pressed.
    HeadsetStatus = HEADSET_STATUS, needs 4 {
        /// Whether the headset is used now.
        status: Switch,
    }
}

message! {
    /// Somebody took or put down what they talk with (also called AccessoryStatus).
    MediaPathEvent = MEDIA_PATH_EVENT, needs 8 {
        /// What.
        path: MediaPath,
        /// Whether it is used now.
        status: Switch,
        /// Of some loads only.
        tail: Option<u32>,
    }
}

message! {
    /// What a phone has to talk with.
    MediaPathCapability = MEDIA_PATH_CAPABILITY, needs 8 {
        /// What.
        path: MediaPath,
        /// 1 enabled, 2 disabled, 3 only to listen.
        status: u32,
    }
}

message! {
    /// The modules with further keys that a phone has.
    ExtensionDeviceCaps = EXTENSION_DEVICE_CAPS {
        /// Which module, its type, and how many keys it has.
        module: [u32; 3],
        /// More about it.
        text: Text as Fixed<152>,
    }
}

message! {
    /// Where a wireless phone is.
    LocationInfo = LOCATION_INFO {
        /// An XML document.
        text: Text as Fixed<2404>,
    }
}
