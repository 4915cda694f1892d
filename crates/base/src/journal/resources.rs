//! Media resources: which of them a call took, and what became of it where there was none.

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
}

wire_enum!(MediaNews<'a> {
    Taken = 0 { function, resource, group },
    Exhausted = 1 { function, full },
    Transcodes = 2 { caller, called },
    GivenBack = 3 { function, resource },
    RelayLost = 4,
});
