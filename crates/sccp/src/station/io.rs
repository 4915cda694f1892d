//! What goes into the stations of a server and what comes out.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use strowger_base::net::StreamId;

use super::device::Device;
use super::reason::{LastAlarm, Refusal, WhyGone, WhyRegistered};
use crate::codes::{DeviceType, ResetType};
use crate::ids::MessageId;
use crate::message::{FromStation, ToStation};
use crate::version::{Dialect, Features};
use crate::wire::text::Text;

/// The devices that may register, by their names.
pub type Devices = BTreeMap<Box<str>, Arc<Device>>;

/// What is the same for all stations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How often stations shall say that they are there. 30 s.
    pub keepalive: Duration,
    /// How often they shall say so to a server that stands by. 60 s.
    pub standby_keepalive: Duration,
    /// The servers that phones are told of, in their order; five at most.
    pub servers: Vec<Server>,
    /// How many stations that are registered elsewhere may come in a second; 1 at least, 200 where nothing is said. Those that have to wait are told how long.
    pub tokens_per_second: u32,
    /// How many messages a station may send in [`EVENTS_TIME`]; its connection is closed when it sends more. 2,000, as in CUCM.
    pub events_max: u32,
    /// How long a station waits until it asks again that may not come because it has calls here or is not known.
    pub token_wait: Duration,
    /// The calls that a line may have, as phones are told.
    pub calls_per_line: u16,
    /// From how many calls on a line is busy, as phones are told.
    pub busy_trigger: u16,
    /// What becomes of a device that nobody has configured.
    pub strangers: Strangers,
}

/// The time in which messages of a station are counted.
pub const EVENTS_TIME: Duration = Duration::from_secs(5);

/// What becomes of a device that nobody has configured.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Strangers {
    /// It is refused.
    #[default]
    Refused,
    /// It waits until it is configured ([`Output::Stranger`]), and is then taken as if it had been before.
    Welcome,
}

impl WhyPassedOver {
    /// The words by which it stands in answers.
    pub const fn words(self) -> &'static str {
        match self {
            WhyPassedOver::NotServed => "not served",
            WhyPassedOver::TooShort => "too short",
            WhyPassedOver::NotRegistered => "not registered",
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            keepalive: Duration::from_secs(30),
            standby_keepalive: Duration::from_secs(60),
            servers: Vec::new(),
            tokens_per_second: 200,
            events_max: 2_000,
            token_wait: Duration::from_secs(60),
            calls_per_line: 4,
            busy_trigger: 2,
            strangers: Strangers::Refused,
        }
    }
}

/// A server that phones are told of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Its name.
    pub name: Text,
    /// Its address.
    pub address: IpAddr,
    /// Its TCP port.
    pub port: u16,
}

/// Everything that can happen to stations.
#[derive(Debug)]
pub enum Input<'a> {
    /// A connection was accepted.
    StreamOpened {
        /// The connection.
        stream: StreamId,
        /// The other end.
        peer: SocketAddr,
    },
    /// Bytes arrived on a connection.
    StreamBytes {
        /// Which.
        stream: StreamId,
        /// The bytes, cut anywhere.
        bytes: &'a [u8],
    },
    /// A connection closed or broke.
    StreamClosed {
        /// Which.
        stream: StreamId,
    },
    /// A deadline is due.
    Timer,
    /// What is the same for all stations changed. Registered ones keep the intervals that they were told.
    Settings(Settings),
    /// The configured devices changed. A registered one keeps what it was told until it is reset; one that is gone is
    /// sent away.
    Devices(Arc<Devices>),
    /// A device that waits ([`Output::Stranger`]) will not be configured.
    Unwelcome {
        /// The name that it gave.
        device: &'a str,
    },
    /// A station shall begin anew, once it has no call. One that is not registered will anyway.
    Reset {
        /// The device's name.
        device: &'a str,
        /// How thoroughly.
        kind: ResetType,
    },
    /// A station has calls, or no longer.
    Calls {
        /// The device's name.
        device: &'a str,
        /// Whether it has any.
        any: bool,
    },
    /// A station is told something that concerns a call.
    Tell {
        /// The device's name.
        device: &'a str,
        /// What.
        message: &'a ToStation,
    },
}

/// Everything that stations cause, in the order in which it must happen.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Bytes for a connection.
    Send {
        /// Which.
        stream: StreamId,
        /// The bytes: whole frames.
        bytes: Vec<u8>,
    },
    /// A connection is to be closed. Nothing more is heard of it.
    Close {
        /// Which.
        stream: StreamId,
    },
    /// A device that is not configured wants to register, and waits for [`Input::Devices`] with it or [`Input::Unwelcome`].
    Stranger {
        /// The name that it gave.
        device: Text,
        /// Where it comes from.
        peer: SocketAddr,
        /// Which model it says that it is.
        model: DeviceType,
    },
    /// A station is registered.
    Registered(Registered),
    /// A station knows all that it asked for: it can have calls.
    Ready {
        /// The device's name.
        device: Text,
    },
    /// A station told something that happened to it, before it registered or since.
    Alarm {
        /// The device's name.
        device: Text,
        /// What.
        alarm: Box<LastAlarm>,
    },
    /// A station is no longer registered.
    Gone {
        /// The device's name.
        device: Text,
        /// Why.
        why: WhyGone,
    },
    /// A connection was refused and closed.
    Refused {
        /// Which.
        stream: StreamId,
        /// The other end.
        peer: SocketAddr,
        /// The name that it gave.
        device: Option<Text>,
        /// Why.
        why: Refusal,
    },
    /// A registered station says something that concerns its abilities, calls or media.
    Said {
        /// The device's name.
        device: Text,
        /// What.
        message: FromStation,
    },
    /// A message that is not served, lacks something, or comes before its sender is registered. It was passed over; what a
    /// connection says again is not told again.
    PassedOver {
        /// The connection.
        stream: StreamId,
        /// The name that its station gave.
        device: Option<Text>,
        /// Which message.
        id: MessageId,
        /// Why.
        why: WhyPassedOver,
    },
}

/// Why a message was passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyPassedOver {
    /// It is not served.
    NotServed,
    /// It lacks something.
    TooShort,
    /// Its sender is not registered.
    NotRegistered,
}

/// What is known of a station that registered.
#[derive(Clone, PartialEq, Debug)]
pub struct Registered {
    /// The device's name.
    pub device: Text,
    /// Its connection.
    pub stream: StreamId,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Which model it says that it is.
    pub model: DeviceType,
    /// What is spoken with it.
    pub dialect: Dialect,
    /// What it says that it can do.
    pub abilities: Features,
    /// The firmware that it runs; empty when it does not say.
    pub load: Text,
    /// The media that outlived its last registration, in RTP streams.
    pub streams_active: u32,
    /// RTP streams that it can have at once.
    pub streams_max: u32,
    /// Why it registered.
    pub why: WhyRegistered,
}

/// What stations cause.
pub type Outbox = Vec<Output>;
