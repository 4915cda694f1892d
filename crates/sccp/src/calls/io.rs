//! What goes into the calls of stations and what comes out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::ParkEvent;
use strowger_base::leg::{BindingId, Origin};
use strowger_base::net::Flow;
use strowger_base::watch::LineCall;
use strowger_base::{Command, LegId, Signal};

use crate::codes::{Codec, Instance, Stimulus};
use crate::message::statistics::Statistics;
use crate::message::{FromStation, ToStation};
use crate::station::device::{FeatureButton, SoftKeys};
use crate::version::Features;
use crate::wire::text::Text;

/// Everything that can happen to the calls of stations.
#[derive(Debug)]
pub enum Input<'a> {
    /// A station is registered and can have calls.
    Registered(Phone),
    /// A station knows all that it asked for: calls that went on without it are its own again.
    Ready {
        /// The device's name.
        device: &'a str,
    },
    /// A station is no longer registered.
    Gone {
        /// The device's name.
        device: &'a str,
        /// Whether calls go on in which its user talks: its connection broke, and its media may not have. Its other calls are over.
        calls_go_on: bool,
    },
    /// A registered station says something.
    Said {
        /// The device's name.
        device: &'a str,
        /// What.
        message: &'a FromStation,
    },
    /// How the calls of a line are at all its phones.
    Elsewhere {
        /// The device that is told.
        device: &'a str,
        /// Its button.
        line: Instance,
        /// All calls of the line, with those of the device.
        calls: &'a [LineCall],
    },
    /// Other phones have a line too, or no longer.
    Shared {
        /// The device that is told.
        device: &'a str,
        /// Its button.
        line: Instance,
        /// Whether its user may come into their calls; `None` where there are none any more.
        barges: Option<bool>,
    },
    /// All calls of a line are sent elsewhere, or no longer.
    Forwards {
        /// The device that is told.
        device: &'a str,
        /// Its button.
        line: Instance,
        /// Whether.
        forwards: bool,
    },
    /// A call rings where a busy lamp looks whose button takes it, or no longer.
    Rung {
        /// The device that is told.
        device: &'a str,
        /// Its button.
        lamp: Instance,
        /// Whether.
        rings: bool,
    },
    /// What becomes of a call that a station parked; shown for a while where it is not the answer to its key.
    ParkNews {
        /// The leg of the station, which is over meanwhile.
        leg: LegId,
        /// The number where the call was parked.
        number: &'a str,
        /// What.
        event: ParkEvent,
    },
    /// Two legs of calls that go on without their phones are one call: nobody is there who would end it.
    BothAway {
        /// Both.
        legs: [LegId; 2],
    },
    /// Call control wants something of a leg. What its command says of media is told beside it: SCCP has other words for that.
    Command(LegId, &'a Command, Media),
    /// A deadline is due.
    Timeout,
}

/// Everything that calls of stations cause, in the order in which it must happen.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// A station is told something.
    Tell {
        /// The device's name.
        device: Text,
        /// What.
        message: Box<ToStation>,
    },
    /// A station has calls, or no longer.
    Calls {
        /// The device's name.
        device: Text,
        /// Whether it has any.
        any: bool,
    },
    /// A leg tells something. What it says of media stands beside it.
    Signal(LegId, Signal, Media),
    /// How a leg sounded, as its phone counted since it was asked last. The leg may be over.
    Statistics(LegId, Box<Statistics>),
}

/// What calls of stations cause.
pub type Outbox = Vec<Output>;

/// A phone that can have calls.
#[derive(Clone, PartialEq, Debug)]
pub struct Phone {
    /// The device's name.
    pub device: Text,
    /// How it is reached.
    pub flow: Flow,
    /// What it says that it can do.
    pub abilities: Features,
    /// Its lines, by their buttons.
    pub lines: Vec<PhoneLine>,
    /// Its soft keys, as it was told of them.
    pub soft_keys: Arc<SoftKeys>,
    /// What its other buttons dial, by what the phone says of them: a button that is not among them dials what stands at its place.
    pub dials: Vec<(Stimulus, Instance, Text)>,
    /// What its buttons do that have no type of their own, and what stands beside them.
    pub feature_buttons: Vec<(Instance, FeatureButton, Text)>,
    /// The media that outlived its last registration, in RTP streams. Calls that went on without it are over where there is none.
    pub streams_active: u32,
}

/// A line of a phone.
#[derive(Clone, PartialEq, Debug)]
pub struct PhoneLine {
    /// Its button.
    pub instance: Instance,
    /// The phone on this line, as call control knows it.
    pub origin: Origin,
    /// By which it is rung.
    pub binding: BindingId,
    /// Its number.
    pub number: Text,
    /// Whose it is.
    pub name: Text,
    /// The number of its voice mail; empty where it has none.
    pub voice_mail: Text,
}

/// The part of an offer/answer exchange that a signal or command carries.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Media {
    /// Says nothing about media.
    #[default]
    None,
    /// A proposal.
    Offer(Voice),
    /// The answer to one.
    Answer(Voice),
    /// Neither: what whoever calls is known to hear, before it is asked where.
    Takes(Voice),
}

/// One side's voice: where it hears, and what it takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Voice {
    /// Where it hears.
    pub address: SocketAddr,
    /// What it takes, what it likes best first. An offer without any is one that no phone can take.
    pub formats: Vec<Format>,
    /// The payload type of its keys in RTP (RFC 4733).
    pub events: Option<u8>,
    /// What flows, as this side sees it.
    pub direction: Direction,
}

impl Voice {
    /// Where all hear it who listen there, when it is sent by multicast.
    pub(super) fn group(&self) -> Option<SocketAddr> {
        Some(self.address).filter(|address| address.ip().is_multicast())
    }

    /// Whether it takes one of these codecs.
    pub(super) fn has_any(&self, codecs: &[Codec]) -> bool {
        self.formats.iter().any(|format| codecs.contains(&format.codec))
    }
}

/// A codec and how it is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    /// The codec.
    pub codec: Codec,
    /// How much a packet has.
    pub packet: Duration,
}

/// What flows between two sides, as one of them sees it (RFC 8866 §6.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// It sends and hears.
    SendReceive,
    /// It sends and does not hear.
    SendOnly,
    /// It hears and does not send.
    ReceiveOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Of two directions.
    pub const fn of(sends: bool, hears: bool) -> Self {
        match (sends, hears) {
            (true, true) => Direction::SendReceive,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::ReceiveOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether this side sends.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendReceive | Direction::SendOnly)
    }

    /// Whether this side hears.
    pub const fn hears(self) -> bool {
        matches!(self, Direction::SendReceive | Direction::ReceiveOnly)
    }
}
