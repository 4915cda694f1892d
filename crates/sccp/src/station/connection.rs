//! One connection: what it has said of itself, and what is answered.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::net::StreamId;
use strowger_base::{Instant, Now, TimerHandle, WallTime};

use super::KEEPALIVES_MISSED_MAX;
use super::answers::{Asking, Question, Shown, local_time};
use super::device::Device;
use super::io::{EVENTS_TIME, Outbox, Output, Settings, WhyPassedOver};
use super::reason::{LastAlarm, Refusal, WhyGone, WhyRegistered};
use crate::codes::{DeviceType, ResetType};
use crate::frame::{FrameError, Framer};
use crate::ids::MessageId;
use crate::message::ToStation;
use crate::message::registration::{KeepAliveAck, Register, Reset as ResetMessage};
use crate::version::Dialect;
use crate::wire::text::Text;

/// How many kinds of messages of one connection are told to be passed over; further ones are passed over silently.
const PASSED_OVER_MAX: usize = 16;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) framer: Framer,
    pub(super) state: State,
    /// When it has been silent for too long.
    pub(super) silence: TimerHandle,
    /// When the frame that has begun has to be whole.
    pub(super) frame: Option<TimerHandle>,
    /// The name that it gave.
    pub(super) name: Option<Text>,
    /// What it told of its past.
    pub(super) told: Option<WhyRegistered>,
    /// The alarm that it sent before it registered.
    pub(super) alarm: Option<Box<LastAlarm>>,
    /// The messages that were told to be passed over.
    passed_over: Vec<MessageId>,
    /// What it registers with once it is configured.
    pub(super) stranger: Option<Box<Register>>,
    /// Since when messages are counted, and how many came.
    events: (Instant, u32),
}

/// What a connection is.
#[derive(Debug)]
pub(super) enum State {
    /// Its station is not served here.
    Arriving(Arriving),
    /// It is.
    Registered(Box<Session>),
}

/// How far a station has come that is not served here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arriving {
    /// It has said nothing that tells.
    Fresh,
    /// It is registered elsewhere. It is not answered: it would take this server for the one that serves it.
    Standby,
    /// It may not come yet.
    Waiting {
        /// When it may, if it asks again; `None` when that is not known.
        turn: Option<Instant>,
    },
    /// It may come.
    Granted,
}

/// A registered station.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) name: Text,
    pub(super) dialect: Dialect,
    pub(super) reset: Reset,
    device: Arc<Device>,
    load: Text,
    /// What it was told since it came.
    shown: Shown,
    /// Which model it is.
    model: DeviceType,
    /// How far ahead of UTC its clock was when it was told the time, in minutes.
    offset: Option<i32>,
    /// It knows all that it asked for.
    ready: bool,
    /// It has calls.
    pub(super) calls: bool,
}

/// Whether a station was ordered to begin anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reset {
    /// It was not.
    None,
    /// It will be, when it has no call.
    WhenIdle(ResetType),
    /// It was.
    Sent(ResetType),
}

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The other side closed it.
    Closed,
    /// It said nothing for too long.
    Silent,
    /// It did not end a frame.
    Slow,
    /// Its bytes cannot be followed.
    Broken(FrameError),
    /// It says more than any station has to say.
    TooFast,
    /// Its station is somewhere else.
    Left(WhyGone),
    /// Its station is not served.
    Refused(Refusal),
}

/// Sends a message.
pub(super) fn send(out: &mut Outbox, stream: StreamId, dialect: Dialect, message: impl Into<ToStation>) {
    tell(out, stream, dialect, &message.into());
}

/// Adds a message to what is sent on a connection.
fn tell(out: &mut Outbox, stream: StreamId, dialect: Dialect, message: &ToStation) {
    if let Some(Output::Send { stream: last, bytes }) = out.last_mut()
        && *last == stream
    {
        return message.encode(dialect, bytes);
    }
    let mut bytes = Vec::new();
    message.encode(dialect, &mut bytes);
    out.push(Output::Send { stream, bytes });
}

impl Connection {
    pub(super) fn new(peer: SocketAddr, silence: TimerHandle) -> Self {
        Connection {
            peer,
            framer: Framer::new(),
            state: State::Arriving(Arriving::Fresh),
            silence,
            frame: None,
            name: None,
            told: None,
            alarm: None,
            passed_over: Vec::new(),
            stranger: None,
            events: (Instant::START, 0),
        }
    }

    /// A message came; whether it is more than a station may send.
    pub(super) fn is_too_fast(&mut self, now: Instant, settings: &Settings) -> bool {
        let (since, count) = &mut self.events;
        if now.saturating_since(*since) >= EVENTS_TIME {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count > settings.events_max
    }

    pub(super) const fn dialect(&self) -> Dialect {
        match &self.state {
            State::Registered(session) => session.dialect,
            State::Arriving(_) => Dialect::UNKNOWN,
        }
    }

    /// When it has been silent for too long, if it says nothing more; `None` when what it said changes nothing.
    pub(super) fn quiet_until(&self, now: Instant, settings: &Settings) -> Option<Instant> {
        let quiet = match &self.state {
            State::Arriving(Arriving::Fresh) => return None,
            State::Arriving(Arriving::Waiting { turn: Some(turn) }) => {
                return Some(now.max(*turn) + settings.standby_keepalive * KEEPALIVES_MISSED_MAX);
            }
            State::Arriving(Arriving::Standby | Arriving::Granted | Arriving::Waiting { turn: None }) => {
                settings.standby_keepalive
            }
            State::Registered(_) => settings.keepalive,
        };
        Some(now + quiet * KEEPALIVES_MISSED_MAX)
    }

    /// A station that may not come yet is answered; one that stands by elsewhere is not.
    pub(super) fn keepalive(&mut self, stream: StreamId, out: &mut Outbox) {
        match &self.state {
            State::Arriving(Arriving::Fresh | Arriving::Standby) => {
                self.state = State::Arriving(Arriving::Standby);
            }
            State::Arriving(Arriving::Waiting { .. } | Arriving::Granted) => {
                send(out, stream, Dialect::UNKNOWN, KeepAliveAck);
            }
            State::Registered(session) => send(out, stream, session.dialect, KeepAliveAck),
        }
    }

    pub(super) fn pass_over(
        &mut self,
        stream: StreamId,
        id: MessageId,
        why: WhyPassedOver,
        out: &mut Outbox,
    ) {
        if self.passed_over.len() < PASSED_OVER_MAX && !self.passed_over.contains(&id) {
            self.passed_over.push(id);
            let device = self.name.clone();
            out.push(Output::PassedOver { stream, device, id, why });
        }
    }
}

impl Session {
    pub(super) fn new(
        name: Text,
        (model, dialect): (DeviceType, Dialect),
        device: Arc<Device>,
        load: Text,
    ) -> Self {
        Session {
            name,
            dialect,
            reset: Reset::None,
            device,
            load,
            shown: Shown::default(),
            model,
            offset: None,
            ready: false,
            calls: false,
        }
    }

    /// Whether it is a media resource, and no phone.
    pub(super) fn is_resource(&self) -> bool {
        self.device.resource.is_some()
    }

    /// Tells it something that concerns a call.
    pub(super) fn tell(&mut self, stream: StreamId, message: &ToStation, out: &mut Outbox) {
        self.shown.note(message);
        tell(out, stream, self.dialect, message);
    }

    /// A station with calls keeps them: it begins anew when they have ended.
    pub(super) fn reset(&mut self, stream: StreamId, kind: ResetType, out: &mut Outbox) {
        // Of two orders that wait the more thorough one counts.
        let kind = match self.reset {
            Reset::WhenIdle(ResetType::RESET) => ResetType::RESET,
            Reset::None | Reset::WhenIdle(_) | Reset::Sent(_) => kind,
        };
        if self.calls {
            self.reset = Reset::WhenIdle(kind);
            return;
        }
        self.reset = Reset::Sent(kind);
        send(out, stream, self.dialect, ResetMessage { kind });
    }

    pub(super) fn has_calls(&mut self, now: Now, stream: StreamId, any: bool, out: &mut Outbox) {
        self.calls = any;
        if !any && self.model == DeviceType::PHONE_7936 {
            // It shows what it was told last, and forgets it with each call.
            self.tell_time(stream, now.wall, out);
        }
        match self.reset {
            Reset::WhenIdle(kind) => self.reset(stream, kind, out),
            // It did not do as it was told, and goes for another reason when it does.
            Reset::Sent(_) if any => self.reset = Reset::None,
            Reset::None | Reset::Sent(_) => {}
        }
    }

    /// When its clock is put forward or back next.
    pub(super) fn clock_changes_after(&self, at: WallTime) -> Option<WallTime> {
        self.offset.and_then(|_| self.device.clock.changes_after(at))
    }

    /// Tells it the time if its clock was put forward or back since it was told.
    pub(super) fn tell_changed_time(&mut self, stream: StreamId, now: WallTime, out: &mut Outbox) {
        let offset = self.device.clock.offset_minutes(now);
        if self.offset.is_some_and(|told| told != offset) {
            self.tell_time(stream, now, out);
        }
    }

    fn tell_time(&mut self, stream: StreamId, now: WallTime, out: &mut Outbox) {
        let offset = self.device.clock.offset_minutes(now);
        self.offset = Some(offset);
        send(out, stream, self.dialect, local_time(now, offset));
    }

    pub(super) fn answer(
        &mut self,
        stream: StreamId,
        question: Question,
        now: Now,
        settings: &Settings,
        out: &mut Outbox,
    ) {
        let asking = Asking {
            name: &self.name,
            device: &self.device,
            version: self.dialect.version,
            load: &self.load,
            shown: &self.shown,
        };
        for message in asking.answer(question, now.wall, settings) {
            send(out, stream, self.dialect, message);
        }
        if question == Question::Time {
            self.offset = Some(self.device.clock.offset_minutes(now.wall));
        }
        // The time is what phones ask for last.
        if question == Question::Time && !std::mem::replace(&mut self.ready, true) {
            out.push(Output::Ready { device: self.name.clone() });
            if let (Reset::WhenIdle(kind), false) = (self.reset, self.calls) {
                self.reset(stream, kind, out);
            }
        }
    }
}
