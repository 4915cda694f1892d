//! Session descriptions (RFC 8866): what they say, and what changes on the way through.
//!
//! Two readers, for two purposes. [`peek`] and the rewriters scan lines and cost less than a microsecond: they
//! serve every call between phones, where the text passes untouched but for a few lines. [`Session`] is the
//! parsed and typed view for endpoints of our own, which have to understand what they answer.
//!
//! No bytes make any of them panic; what they do not know passes through in order.

mod beside;
mod crypto;
mod events;
mod meet;
mod peek;
mod recorder;
mod refuse;
mod rewrite;
mod scan;
mod select;
mod session;

use std::net::IpAddr;

pub use beside::{
    Carrier, StreamBeside, first_streams, refuse_at, refuse_others, streams_beside, with_streams_of,
};
pub use crypto::{AudioSecurity, CryptoLine, Wish, choose, chosen, sent_key, set_crypto, set_crypto_as};
pub use events::{free_key_events, key_events, key_events_on, with_key_events, without_key_events};
pub use meet::{Meeting, meet};
pub use peek::{Codecs, OriginLine, Peek, audio_address, hold_of, peek};
pub use recorder::{
    RecordedStream, TakenStream, answer_of_recorder, answer_to_recorder, has_attribute, offer_to_recorder,
    payload_types,
};
pub use refuse::{answer_like, takes_nothing};
pub use rewrite::{rewrite_origin, set_direction, set_media_address, set_media_addresses, streams};
pub use select::{
    AudioFormat, FORMATS_MAX, Selection, audio_formats, declared_formats, declares_all, offer_of_declared,
    select_formats,
};
pub use session::{Format, MediaDescription, MediaKind, Protocol, Session};

pub(crate) use scan::{push_address, push_decimal};

/// Why bytes are not a session description.
#[derive(Debug, thiserror::Error)]
pub enum SdpError {
    /// It does not begin with `v=0`.
    #[error("expected a session description that begins with the line v=0")]
    NoVersion,
    /// The `o=` line is missing or does not have its six fields (RFC 8866 §5.2).
    #[error(
        "expected the line o= with user name, session id, version, network type, address type and address"
    )]
    NoOrigin,
    /// A line breaks the grammar of RFC 8866 §9.
    #[error("the session description breaks the grammar")]
    Syntax(#[from] sdp_types::ParserError),
    /// More media streams than are looked at.
    #[error("expected at most {max} media streams")]
    TooManyStreams {
        /// How many are allowed.
        max: usize,
    },
}

/// Which way media flows, from the view of who wrote the description (RFC 8866 §6.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Direction {
    /// Both ways; the default.
    #[default]
    SendReceive,
    /// The writer sends and does not want to receive.
    SendOnly,
    /// The writer receives and does not send.
    ReceiveOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The direction with these two halves.
    pub const fn of(sends: Flows, receives: Flows) -> Self {
        match (sends, receives) {
            (Flows::Yes, Flows::Yes) => Direction::SendReceive,
            (Flows::Yes, Flows::No) => Direction::SendOnly,
            (Flows::No, Flows::Yes) => Direction::ReceiveOnly,
            (Flows::No, Flows::No) => Direction::Inactive,
        }
    }

    /// The direction that an attribute names.
    pub const fn from_attribute(name: &[u8]) -> Option<Self> {
        match name {
            b"sendrecv" => Some(Direction::SendReceive),
            b"sendonly" => Some(Direction::SendOnly),
            b"recvonly" => Some(Direction::ReceiveOnly),
            b"inactive" => Some(Direction::Inactive),
            _ => None,
        }
    }

    /// The name of its attribute.
    pub const fn attribute(self) -> &'static str {
        match self {
            Direction::SendReceive => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::ReceiveOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// Whether the writer sends.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendReceive | Direction::SendOnly)
    }

    /// Whether the writer wants to receive.
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendReceive | Direction::ReceiveOnly)
    }

    /// The same stream seen from the other end: what an answerer may say at most (RFC 3264 §6.1).
    pub const fn mirrored(self) -> Self {
        match self {
            Direction::SendReceive => Direction::SendReceive,
            Direction::SendOnly => Direction::ReceiveOnly,
            Direction::ReceiveOnly => Direction::SendOnly,
            Direction::Inactive => Direction::Inactive,
        }
    }

    /// The same without its receiving half: what `c=0.0.0.0` makes of it (RFC 3264 §8.4).
    pub const fn without_receiving(self) -> Self {
        match self {
            Direction::SendReceive | Direction::SendOnly => Direction::SendOnly,
            Direction::ReceiveOnly | Direction::Inactive => Direction::Inactive,
        }
    }

    /// What both this and `other` allow.
    pub const fn and(self, other: Self) -> Self {
        Direction::of(
            Flows::from_bool(self.sends() && other.sends()),
            Flows::from_bool(self.receives() && other.receives()),
        )
    }
}

/// One half of a [`Direction`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flows {
    /// Media flows.
    Yes,
    /// It does not.
    No,
}

impl Flows {
    const fn from_bool(flows: bool) -> Self {
        if flows { Flows::Yes } else { Flows::No }
    }
}

/// What a description says about hold, from the view of who wrote it (RFC 3264 §8.4, RFC 6337 §5.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HoldState {
    /// Talks both ways.
    Active,
    /// `sendonly`: the writer holds the other party, and may play music to it.
    Holding,
    /// `recvonly`: the writer is held, or only listens.
    Held,
    /// `inactive`: nothing flows.
    Inactive,
    /// There is no audio stream that says anything.
    NoAudio,
}

/// The `o=` line of one of our legs. The address is written as given, the user name is `-`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Stays the same for the life of the leg.
    pub session_id: u64,
    /// Rises by one with each description of the leg that differs from the one before (RFC 3264 §8).
    pub version: u64,
    /// An address of ours.
    pub address: IpAddr,
}

impl Origin {
    /// Appends the line with its line end.
    pub(crate) fn write(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(b"o=- ");
        push_decimal(text, self.session_id);
        text.push(b' ');
        push_decimal(text, self.version);
        text.push(b' ');
        push_address(text, self.address);
        text.extend_from_slice(b"\r\n");
    }
}

/// Streams of one description that are looked at; a description with more is refused.
pub const STREAMS_MAX: usize = 32;
