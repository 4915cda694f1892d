//! What goes into the SCCP side of a node and what comes out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::ParkEvent;
use strowger_base::journal::{Direction, Registration};
use strowger_base::leg::{BindingId, Origin, Signal};
use strowger_base::net::{Flow, StreamId};
use strowger_base::phone::{PhoneChange, PhoneState};
use strowger_base::watch::{LineState, WatchId};
use strowger_base::{Command, ConferenceId, Event, LegId, LineName};
use strowger_callcontrol::DeviceAbility;
use strowger_media::codec::Codec;
use strowger_media::control::{self, PortId, Report};
use strowger_sccp::Text;
use strowger_sccp::message::statistics::Statistics;
use strowger_sccp::station::io::Registered;
use strowger_sccp::station::reason::{Refusal, WhyGone};

use crate::configuration::StationConfiguration;
use crate::io::{Push, PushRefused, Pushed, QueryId};

/// Everything that can happen to stations.
pub(crate) enum Input<'a> {
    /// A connection was accepted.
    StreamOpened { stream: StreamId, peer: SocketAddr },
    /// Bytes arrived on one.
    StreamBytes { stream: StreamId, bytes: &'a [u8] },
    /// One closed or broke.
    StreamClosed { stream: StreamId },
    /// The configuration is now this.
    Configure(Arc<StationConfiguration>),
    /// A device that nobody has configured, and that waits, will not be.
    Unwelcome(Box<str>),
    /// Call control wants something of a leg.
    Command(LegId, Command),
    /// Messages wait for a line, or no more.
    Messages { line: &'a LineName, waiting: bool },
    /// A line has several phones: those here show what the others do.
    Shared {
        line: &'a LineName,
        /// Which of them may come into calls of the others.
        barges: &'a dyn Fn(&Origin) -> bool,
    },
    /// A line has no other phone any more.
    Alone(&'a LineName),
    /// Two legs whose phones are gone have a call with each other that goes on.
    BothAway([LegId; 2]),
    /// How a phone and its line stand by what was set, of which this has changed; `None` when it comes and is told all.
    State { binding: BindingId, state: &'a PhoneState, change: Option<PhoneChange> },
    /// The phone of a contact shows something for a while, with a tone or without.
    Notice { binding: BindingId, text: &'a str, shown_for: Duration, beep: bool },
    /// What becomes of a call that a device parked.
    ParkNews { leg: LegId, number: &'a str, event: ParkEvent },
    /// How a line is that a busy lamp or another phone of the line shows.
    News(WatchId, &'a LineState),
    /// A document is to be sent to a device.
    Push(QueryId, &'a Push),
    /// A seat of a conference shall be opened at a device, which is there.
    OpenSeat { port: PortId, device: Arc<str>, conference: ConferenceId },
    /// A port at a device shall do something; or a relay shall be opened there.
    Media(control::Command),
    /// A deadline is due.
    Timeout,
}

/// Everything that stations cause, in the order in which it must happen.
pub(crate) enum Output {
    /// Bytes for a connection.
    Send { stream: StreamId, bytes: Vec<u8> },
    /// A phone is reached over a connection.
    Needed { stream: StreamId },
    /// A device that nobody has configured waits until it is.
    Stranger { device: Text, peer: SocketAddr, model: Box<str> },
    /// A connection is to be closed.
    Close { stream: StreamId },
    /// A leg tells something.
    Signal(LegId, Signal),
    /// A message of a leg, in words.
    Message { leg: LegId, direction: Direction, flow: Flow, text: Vec<u8> },
    /// The phone of a leg is gone, and its call goes on.
    GoesOn(LegId),
    /// How a leg sounded, as its phone counted.
    Statistics(LegId, Box<Statistics>),
    /// A busy lamp, or a phone of a shared line, wants to be told how a number is.
    Watch { watch: WatchId, watcher: Origin, number: Box<str> },
    /// It is there no longer.
    Unwatch(WatchId),
    /// A line can be rung somewhere, or no longer.
    Event(Event),
    /// What became of a document.
    Pushed(QueryId, Result<Pushed, PushRefused>),
    /// A station came or went, or was sent a document.
    News(News),
    /// A port at a device.
    Report(Report),
    /// A seat that was asked for will be at a device, which speaks this.
    Seat(PortId, Vec<Codec>),
    /// A media resource can do this now; nothing any more when `None`.
    Able { device: Box<str>, ability: Option<DeviceAbility> },
    /// A port is lost with what a device did; that it is closed is told next.
    PortLost { port: PortId, device: Arc<str>, reason: &'static str },
}

/// Where outputs are put.
pub(crate) type Outbox = Vec<Output>;

/// A station came or went.
pub(crate) enum News {
    Arrived {
        registered: Box<Registered>,
    },
    Gone {
        device: Text,
        peer: SocketAddr,
        why: WhyGone,
    },
    Refused {
        device: Text,
        peer: SocketAddr,
        why: Refusal,
    },
    /// Something is known of it that its operator wants to know.
    Told {
        device: Text,
        what: &'static str,
        words: Box<str>,
    },
    Pushed {
        device: Box<str>,
        application: u32,
        transaction: u32,
        bytes: u32,
        by: Box<str>,
    },
    ScreenTold {
        device: Box<str>,
        application: u32,
        transaction: u32,
        what: &'static str,
        data: Box<str>,
    },
}

impl News {
    /// As it stands in the journal.
    pub(crate) fn record(&self) -> Registration<'_> {
        match self {
            News::Arrived { registered } => Registration::StationArrived {
                device: registered.device.as_str(),
                peer: registered.peer,
                model: registered.model.0,
                version: registered.dialect.version.number(),
                load: registered.load.as_str(),
                why: registered.why.word(),
            },
            News::Gone { device, peer, why } => {
                Registration::StationGone { device: device.as_str(), peer: *peer, why: why.word() }
            }
            News::Refused { device, peer, why } => {
                Registration::StationRefused { device: device.as_str(), peer: *peer, why: why.word() }
            }
            News::Told { device, what, words } => {
                Registration::StationTold { device: device.as_str(), what, words }
            }
            News::Pushed { device, application, transaction, bytes, by } => Registration::ScreenPushed {
                device,
                application: *application,
                transaction: *transaction,
                bytes: *bytes,
                by,
            },
            News::ScreenTold { device, application, transaction, what, data } => Registration::ScreenTold {
                device,
                application: *application,
                transaction: *transaction,
                what,
                data,
            },
        }
    }
}

/// Counters since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counters {
    /// Messages of calls.
    pub(crate) received: u64,
    /// Messages of calls, and lamps.
    pub(crate) sent: u64,
    pub(crate) registered: u64,
    pub(crate) gone_wanted: u64,
    pub(crate) gone_keepalive: u64,
    pub(crate) gone_connection: u64,
    pub(crate) gone_broken: u64,
    pub(crate) gone_throttled: u64,
    pub(crate) refused_unknown: u64,
    pub(crate) refused_version: u64,
    pub(crate) refused_slow: u64,
    pub(crate) refused_broken: u64,
    pub(crate) refused_throttled: u64,
    pub(crate) refused_full: u64,
    /// Messages that were passed over.
    pub(crate) passed_over: u64,
    /// Documents for screens.
    pub(crate) pushed: u64,
}

impl Counters {
    pub(crate) const fn gone(&mut self, why: WhyGone) {
        let counter = match why {
            WhyGone::Left | WhyGone::ResetOrdered(_) | WhyGone::RegisteredAnew | WhyGone::Removed => {
                &mut self.gone_wanted
            }
            WhyGone::KeepaliveLost => &mut self.gone_keepalive,
            WhyGone::ConnectionLost => &mut self.gone_connection,
            WhyGone::Broken(_) => &mut self.gone_broken,
            WhyGone::Throttled => &mut self.gone_throttled,
        };
        *counter += 1;
    }

    pub(crate) const fn refused(&mut self, why: Refusal) {
        let counter = match why {
            Refusal::UnknownDevice | Refusal::OtherKind(_) => &mut self.refused_unknown,
            Refusal::VersionTooOld(_) => &mut self.refused_version,
            Refusal::TooSlow => &mut self.refused_slow,
            Refusal::TooFast => &mut self.refused_throttled,
            Refusal::Broken(_) => &mut self.refused_broken,
            Refusal::TooManyStations | Refusal::TooManyConnections => &mut self.refused_full,
        };
        *counter += 1;
    }
}
