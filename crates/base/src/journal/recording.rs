//! Recordings of calls: who is recorded, what became of the recorder, and who hears the tone.

use std::net::SocketAddr;
use std::time::Duration;

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::Cause;
use crate::recording::RecordingShown;

/// What happened with the recording of the record's leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordingNews<'a> {
    /// The recorder is called.
    Begins {
        /// The trunk on which it is.
        trunk: &'a str,
        /// Its number.
        number: &'a str,
        /// What asked for it.
        because: WhyRecorded,
    },
    /// The recorder answered: both streams go there.
    Runs {
        /// Where what the recorded line says goes.
        own: Option<SocketAddr>,
        /// Where what the other party says goes.
        far: Option<SocketAddr>,
    },
    /// The recorder was told that something has changed.
    Changed(RecordingChange),
    /// The recorder did not answer, refused, or went away.
    Lost {
        /// Why.
        cause: Cause,
        /// When it is tried again; `None` when it is not any more.
        again: Option<Duration>,
    },
    /// The call is released since it cannot be recorded.
    CallReleased,
    /// The leg is not recorded.
    Refused(WhyNotRecorded<'a>),
    /// It is over.
    Ended(WhyRecordingEnded),
    /// A party hears the tone that says that the call is recorded.
    Tone {
        /// Which party.
        to: ToneFor,
        /// The codec into which the tone is mixed.
        codec: &'a str,
    },
    /// A party was to hear the tone, and it cannot be mixed into this codec.
    NoTone {
        /// Which party.
        to: ToneFor,
        /// The codec.
        codec: &'a str,
    },
    /// The recorder refused to be told of a change.
    NotTaken {
        /// Why.
        cause: Cause,
        /// When it is told again; `None` when it is called anew instead.
        again: Option<Duration>,
    },
    /// The recorder takes no keys, and its profile has the call copied in the clear then.
    InClear,
    /// A party was to hear the tone, and its call is encrypted from device to device.
    NoToneSealed {
        /// Which party.
        to: ToneFor,
    },
    /// The ports from which copies went broke.
    PortsLost,
    /// The recorder wants no media until it says otherwise.
    Paused,
    /// The recorder asked for a change, and got it: both streams go there.
    Moved {
        /// Where what the recorded line says goes.
        own: Option<SocketAddr>,
        /// Where what the other party says goes.
        far: Option<SocketAddr>,
    },
    /// The recorder asked for a change that it cannot have.
    ChangeRefused(Cause),
    /// Its number was looked up, and leads to a trunk or route list.
    Routed {
        /// The number.
        number: &'a str,
        /// The pattern that decided.
        pattern: &'a str,
        /// Its partition; empty for the null partition.
        partition: &'a str,
        /// The trunk or route list.
        to: &'a str,
    },
    /// The phone of the leg is told that, which knows of recordings.
    Shown(RecordingShown),
    /// The recorder is not to be had, and the next one of the route list is called.
    NextRecorder {
        /// Why.
        cause: Cause,
    },
    /// What went to the recorder from one pair of ports.
    Copied {
        /// Of what the recorded line said.
        own: Copies,
        /// Of what the other party said.
        far: Copies,
    },
}

wire_enum!(RecordingNews<'a> {
    Begins = 0 { trunk, number, because },
    Runs = 1 { own, far },
    Changed = 2 (what),
    Lost = 3 { cause, again },
    CallReleased = 4,
    Refused = 5 (why),
    Ended = 6 (why),
    Tone = 7 { to, codec },
    NoTone = 8 { to, codec },
    NotTaken = 9 { cause, again },
    PortsLost = 10,
    Copied = 11 { own, far },
    InClear = 12,
    NoToneSealed = 13 { to },
    Paused = 14,
    Moved = 15 { own, far },
    ChangeRefused = 16 (cause),
    Routed = 17 { number, pattern, partition, to },
    NextRecorder = 18 { cause },
    Shown = 19 (what),
});

wire_enum!(RecordingShown { Off = 0, Paused = 1, On = 2 });

/// Packets of a party that were to be copied.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Copies {
    /// Sent to the recorder.
    pub sent: u64,
    /// Not taken by the operating system.
    pub unsent: u64,
    /// Of payload types that the recorder did not agree to.
    pub skipped: u64,
    /// Not opened by the key that the party said it has.
    pub unopened: u64,
}

wire_struct!(Copies { sent, unsent, skipped, unopened });

/// Why a call is recorded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WhyRecorded {
    /// Every call of the line on this phone is.
    Automatic,
    /// Somebody asked for it.
    OnDemand,
}

wire_enum!(WhyRecorded { Automatic = 0, OnDemand = 1 });

/// What a recorder was told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RecordingChange {
    /// One party holds the other.
    Held,
    /// They talk again.
    Resumed,
    /// Other parties talk with each other.
    Parties,
    /// Media is described otherwise.
    Media,
    /// Nothing is different: it asked to be told everything again.
    Asked,
    /// Somebody came into the conference.
    Came,
    /// Somebody left it.
    Left,
}

wire_enum!(RecordingChange { Held = 0, Resumed = 1, Parties = 2, Media = 3, Asked = 4, Came = 5, Left = 6 });

/// Why a leg is not recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyNotRecorded<'a> {
    /// Its media does not pass through a relay of this server.
    NoRelay,
    /// Its media is encrypted with keys that this server does not use.
    Encrypted,
    /// No port for the copies is left.
    NoPort {
        /// What the operating system said.
        reason: &'a str,
    },
    /// The profile names no recorder that could be called.
    NoRecorder {
        /// The profile.
        profile: &'a str,
    },
    /// The number of the profile leads to no trunk in its search space.
    NoRoute {
        /// The profile.
        profile: &'a str,
        /// The number.
        number: &'a str,
    },
    /// As many calls are recorded as may be.
    TooMany,
    /// There is no bandwidth to the recorder.
    NoBandwidth,
    /// The recorder takes no encrypted media, and the profile demands it for an encrypted call.
    NoKeys,
}

wire_enum!(WhyNotRecorded<'a> {
    NoRelay = 0,
    Encrypted = 1,
    NoPort = 2 { reason },
    NoRecorder = 3 { profile },
    TooMany = 4,
    NoBandwidth = 5,
    NoKeys = 6,
    NoRoute = 7 { profile, number },
});

/// Why a recording is over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WhyRecordingEnded {
    /// The call is.
    CallEnded,
    /// Somebody asked for it.
    Asked,
    /// The line is not to be recorded any more.
    Configured,
}

wire_enum!(WhyRecordingEnded { CallEnded = 0, Asked = 1, Configured = 2 });

/// Who hears the tone that says that a call is recorded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ToneFor {
    /// Whose line is recorded.
    Recorded,
    /// With whom that one talks.
    OtherParty,
}

wire_enum!(ToneFor { Recorded = 0, OtherParty = 1 });
