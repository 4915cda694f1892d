//! Media resources: which of them a call took, and what became of it where there was none.

use std::net::SocketAddr;

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum};

/// What a media resource is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum MediaFunction {
    /// To play announcements and tones.
    Annunciator,
    /// To mix the parties of a conference.
    ConferenceBridge,
    /// To translate between codecs.
    Transcoder,
    /// To relay media, so that there is somebody who offers.
    TerminationPoint,
    /// To play music to who waits.
    MusicOnHold,
    /// To stand in the way of all media of a device.
    TrustedRelayPoint,
}

impl MediaFunction {
    /// All of them.
    pub const ALL: [MediaFunction; 6] = [
        MediaFunction::Annunciator,
        MediaFunction::ConferenceBridge,
        MediaFunction::Transcoder,
        MediaFunction::TerminationPoint,
        MediaFunction::MusicOnHold,
        MediaFunction::TrustedRelayPoint,
    ];

    /// As it is configured.
    pub const fn word(self) -> &'static str {
        match self {
            MediaFunction::Annunciator => "annunciator",
            MediaFunction::ConferenceBridge => "conference-bridge",
            MediaFunction::Transcoder => "transcoder",
            MediaFunction::TerminationPoint => "mtp",
            MediaFunction::MusicOnHold => "music-on-hold",
            MediaFunction::TrustedRelayPoint => "trusted-relay-point",
        }
    }
}

wire_enum!(MediaFunction {
    Annunciator = 0,
    ConferenceBridge = 1,
    Transcoder = 2,
    TerminationPoint = 3,
    MusicOnHold = 4,
    TrustedRelayPoint = 5,
});

/// What a call had to do with a media resource. The record's leg is the one in whose lists it was looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaNews<'a> {
    /// It takes one.
    Taken {
        /// What for.
        function: MediaFunction,
        /// Which.
        resource: &'a str,
        /// The media resource group in which it was found; empty when it is in none, so that everybody may use it.
        group: &'a str,
    },
    /// None has room.
    Exhausted {
        /// What for.
        function: MediaFunction,
        /// Those that were looked at, with what is in use of each; empty when none may be used.
        full: &'a str,
    },
    /// The two sides speak different codecs from now on.
    Transcodes {
        /// Of the caller.
        caller: &'a str,
        /// Of the called device.
        called: &'a str,
    },
    /// The call goes on without it.
    GivenBack {
        /// What it did.
        function: MediaFunction,
        /// Which.
        resource: &'a str,
    },
    /// The relay of the call was closed, and call control did not want that.
    RelayLost,
    /// The record's leg hears what goes out to all who listen at an address.
    Multicast {
        /// The address.
        address: SocketAddr,
        /// How many routers it may pass, and one more.
        ttl: u8,
        /// How it is coded.
        codec: &'a str,
    },
    /// Its music goes out to all who listen, but the record's leg is sent its own.
    Unicast(WhyUnicast),
    /// The media port of a service of ours was closed, and it did not want that; another one takes its place.
    PortLost,
    /// A service of ours has no media port: the record's leg, which it was to serve, is released with cause 47.
    NoPort {
        /// What the media worker said.
        reason: &'a str,
    },
    /// A device that did something for the call does it no more; what comes next is told beside it.
    DeviceLost {
        /// Which.
        device: &'a str,
        /// Why.
        reason: &'a str,
    },
}

/// Why somebody is sent music of its own that could hear what all hear.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WhyUnicast {
    /// The device is set up to hear none by multicast.
    NotWanted,
    /// It speaks SRTP, and what all hear is not encrypted.
    Encrypted,
    /// A relay or media termination point stands in the way of all its media.
    Relayed,
    /// It is behind NAT.
    BehindNat,
    /// It speaks no codec in which the music goes out, or is not in the network of the address.
    NoCodec,
    /// The music begins anew for each who hears it.
    FromStart,
    /// Nothing goes out there: no port could be opened, or as many streams go out as may.
    NoStream,
    /// It refused to listen there.
    Refused,
}

wire_enum!(WhyUnicast {
    NotWanted = 0,
    Encrypted = 1,
    Relayed = 2,
    BehindNat = 3,
    NoCodec = 4,
    FromStart = 5,
    NoStream = 6,
    Refused = 7,
});

wire_enum!(MediaNews<'a> {
    Taken = 0 { function, resource, group },
    Exhausted = 1 { function, full },
    Transcodes = 2 { caller, called },
    GivenBack = 3 { function, resource },
    RelayLost = 4,
    Multicast = 5 { address, ttl, codec },
    Unicast = 6 (why),
    PortLost = 7,
    NoPort = 8 { reason },
    DeviceLost = 9 { device, reason },
});
