//! What goes into the media resources of routers and what comes out.

use std::net::SocketAddr;

use crate::calls::io::Format;
use crate::codes::{Codec, DeviceType};
use crate::message::{FromStation, ToStation};

/// What a device of a router does with media.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ResourceKind {
    /// It mixes the parties of conferences.
    ConferenceBridge,
    /// It translates between codecs.
    Transcoder,
    /// It passes media on.
    TerminationPoint,
}

impl ResourceKind {
    /// Whether a device that registers as this type can be one. Which number a router sends for a transcoder or a termination point
    /// differs from platform to platform: all of both are taken for either.
    pub fn is(self, device: DeviceType) -> bool {
        match self {
            ResourceKind::ConferenceBridge => matches!(device.0, 50..=53 | 85..=88),
            ResourceKind::Transcoder => matches!(device.0, 110..=113),
            ResourceKind::TerminationPoint => matches!(device.0, 83 | 110..=113),
        }
    }

    /// How many streams a session takes: a bridge has one for each party, the others one for each side.
    pub const fn streams(self) -> u32 {
        match self {
            ResourceKind::ConferenceBridge => 1,
            ResourceKind::Transcoder | ResourceKind::TerminationPoint => 2,
        }
    }
}

/// Names a session. Whoever opens it chooses the number, and never uses it again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SessionId(pub u64);

/// Which leg of a session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Leg {
    /// The first one: towards the caller, or the only one.
    A,
    /// The second one.
    B,
}

/// What a leg speaks, in both directions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spoken {
    /// The codec and how it is packed.
    pub format: Format,
    /// The payload type of keys in RTP (RFC 4733).
    pub events: Option<u8>,
}

/// What can happen to media resources.
#[derive(Debug)]
pub enum Input<'a> {
    /// A device registered.
    Registered {
        /// Its name.
        device: &'a str,
        /// What it does.
        kind: ResourceKind,
        /// RTP streams that it can have at once.
        streams_max: u32,
    },
    /// A device is no longer registered: its sessions are lost.
    Gone {
        /// Its name.
        device: &'a str,
    },
    /// A device says something.
    Said {
        /// Its name.
        device: &'a str,
        /// What.
        message: &'a FromStation,
    },
    /// A session is wanted. Answered by [`Output::Opened`] or [`Output::Failed`].
    Open {
        /// Its number.
        session: SessionId,
        /// The device.
        device: &'a str,
        /// What each leg is opened for: one, or two.
        legs: &'a [Spoken],
        /// Sessions with the same number hear each other; `None` for one that stands alone.
        conference: Option<u64>,
    },
    /// What a leg speaks from now on, and where it sends; nothing is sent when `None`.
    Direct {
        /// The session.
        session: SessionId,
        /// Which leg.
        leg: Leg,
        /// What it speaks.
        spoken: Spoken,
        /// Where to.
        to: Option<SocketAddr>,
    },
    /// A session is not wanted any more.
    Close {
        /// Which.
        session: SessionId,
    },
    /// A deadline is due.
    Timeout,
}

/// What media resources cause, in the order in which it must happen.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// A device is told something.
    Tell {
        /// Its name.
        device: Box<str>,
        /// What.
        message: Box<ToStation>,
    },
    /// A device has sessions, or no longer.
    Sessions {
        /// Its name.
        device: Box<str>,
        /// Whether it has any.
        any: bool,
    },
    /// A session is open.
    Opened {
        /// Which.
        session: SessionId,
        /// Where its first leg hears.
        a: SocketAddr,
        /// Where its second leg hears, when it has one.
        b: Option<SocketAddr>,
    },
    /// A session is not to be had.
    Failed {
        /// Which.
        session: SessionId,
        /// Why, in words.
        reason: Box<str>,
    },
    /// A session is over though nobody closed it.
    Lost {
        /// Which.
        session: SessionId,
        /// Why, in words.
        reason: &'static str,
    },
    /// What a device can do is known, or is another now; `None` when it can do nothing any more.
    Able {
        /// Its name.
        device: Box<str>,
        /// What.
        ability: Option<Ability>,
    },
}

/// What media resources cause.
pub type Outbox = Vec<Output>;

/// What a registered device can do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ability {
    /// Sessions at once; of a bridge, parties.
    pub sessions_max: u32,
    /// Its codecs, those it likes best first.
    pub codecs: Vec<Codec>,
}

/// How a device stands, for who looks at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// What it does.
    pub kind: ResourceKind,
    /// Its codecs, as it says; empty until it does.
    pub codecs: Vec<Codec>,
    /// Whether it has said what its codecs are, and can be used.
    pub is_active: bool,
    /// RTP streams that it has in service.
    pub streams_max: u32,
    /// RTP streams that it has now.
    pub streams: u32,
    /// Parties that a conference of it can have at most, when it says so.
    pub parties_max: Option<u32>,
    /// Sessions now.
    pub sessions: u32,
    /// Sessions that were opened since it registered.
    pub opened: u64,
    /// Sessions that it could not open.
    pub failed: u64,
}
