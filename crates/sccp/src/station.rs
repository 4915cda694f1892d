//! The stations of a server: arriving, staying, asking what they are, and leaving.
//!
//! [`Stations`] is all of them as one machine. It knows which devices may come and what they are told of themselves; what
//! they say of calls and media it passes on, and knows of calls only that a station has some.

mod answers;
mod arriving;
mod concern;
mod connection;
pub mod device;
pub mod io;
pub mod reason;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::net::StreamId;
use strowger_base::timer::TimerQueue;
use strowger_base::{Instant, Now, TimerHandle, WallTime, limits};

use crate::codes::ResetType;
use crate::frame::Framer;

use connection::{Arriving, Connection, End, Reset, Session, State};
use io::{Devices, Input, Outbox, Output, Settings, Strangers};
use reason::{Refusal, WhyGone};
use tokens::Tokens;

/// How many intervals of its keepalive a station may miss.
const KEEPALIVES_MISSED_MAX: u32 = 3;

/// All stations of a server.
#[derive(Debug)]
pub struct Stations {
    settings: Settings,
    devices: Arc<Devices>,
    connections: BTreeMap<StreamId, Connection>,
    /// The connections of registered stations, by the device's name.
    registered: BTreeMap<Box<str>, StreamId>,
    /// Stations that are to begin anew from their firmware on, and lost their connection while they had calls.
    resets: BTreeSet<Box<str>>,
    /// The connections of devices that wait until they are configured, by the name that they gave.
    strangers: BTreeMap<Box<str>, StreamId>,
    timers: TimerQueue<Deadline>,
    /// When clocks of stations are put forward or back next.
    clocks: Option<(Instant, TimerHandle)>,
    tokens: Tokens,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deadline {
    /// A connection has said nothing for too long.
    Silence(StreamId),
    /// A frame has begun and has not come to its end.
    Frame(StreamId),
    /// Clocks of some stations are put forward or back.
    Clocks,
}

impl Stations {
    /// No station is there.
    pub fn new(settings: Settings, devices: Arc<Devices>) -> Self {
        Stations {
            settings,
            devices,
            connections: BTreeMap::new(),
            registered: BTreeMap::new(),
            resets: BTreeSet::new(),
            strangers: BTreeMap::new(),
            timers: TimerQueue::new(),
            clocks: None,
            tokens: Tokens::default(),
        }
    }

    /// Takes what happened, and tells what follows.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::StreamOpened { stream, peer } => self.opened(now, stream, peer, out),
            Input::StreamBytes { stream, bytes } => self.bytes(now, stream, bytes, out),
            Input::StreamClosed { stream } => {
                if let Some(connection) = self.connections.remove(&stream) {
                    self.end(stream, connection, End::Closed, out);
                }
            }
            Input::Timer => self.timer(now, out),
            Input::Settings(settings) => {
                self.settings = settings;
                if self.settings.strangers == Strangers::Refused {
                    let waiting: Vec<Box<str>> = self.strangers.keys().cloned().collect();
                    waiting.iter().for_each(|device| self.refuse_stranger(device, out));
                }
            }
            Input::Devices(devices) => self.replace_devices(devices, out),
            Input::Unwelcome { device } => self.refuse_stranger(device, out),
            Input::Reset { device, kind } => {
                self.with_session(device, |stream, session| session.reset(stream, kind, out));
            }
            Input::Calls { device, any } => {
                self.with_session(device, |stream, session| session.has_calls(now, stream, any, out));
            }
            Input::Tell { device, message } => {
                self.with_session(device, |stream, session| session.tell(stream, message, out));
            }
        }
    }

    /// When [`Input::Timer`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// Whether a connection is one of these.
    pub fn has(&self, stream: StreamId) -> bool {
        self.connections.contains_key(&stream)
    }

    /// How many stations are registered.
    pub fn registered(&self) -> usize {
        self.registered.len()
    }

    /// How many connections there are, with those of stations that are registered elsewhere and stand by.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    fn opened(&mut self, now: Now, stream: StreamId, peer: SocketAddr, out: &mut Outbox) {
        if self.connections.len() >= limits::STREAMS {
            out.push(Output::Refused { stream, peer, device: None, why: Refusal::TooManyConnections });
            out.push(Output::Close { stream });
            return;
        }
        // A station that stands by says for the first time that it is there when its interval is over.
        let quiet = self.settings.standby_keepalive * KEEPALIVES_MISSED_MAX;
        let silence = self.timers.set(now.mono + quiet, Deadline::Silence(stream));
        self.connections.insert(stream, Connection::new(peer, silence));
    }

    fn bytes(&mut self, now: Now, stream: StreamId, bytes: &[u8], out: &mut Outbox) {
        let Some(mut connection) = self.connections.remove(&stream) else { return };
        let mut framer = std::mem::take(&mut connection.framer);
        framer.feed(bytes);
        let (end, heard) = self.frames(now, stream, &mut connection, &mut framer, out);
        framer.compact();
        if let Some(end) = end {
            return self.end(stream, connection, end, out);
        }
        self.watch(now.mono, stream, &mut connection, framer.waiting_bytes() > 0, heard);
        connection.framer = framer;
        self.connections.insert(stream, connection);
    }

    /// Handles all frames that are whole. Tells why the connection ends, and whether there was a frame.
    fn frames(
        &mut self,
        now: Now,
        stream: StreamId,
        connection: &mut Connection,
        framer: &mut Framer,
        out: &mut Outbox,
    ) -> (Option<End>, bool) {
        let mut heard = false;
        while let Some(item) = framer.next() {
            let end = match item {
                Ok(_) if connection.is_too_fast(now.mono, &self.settings) => Some(End::TooFast),
                Ok(frame) => self.frame(now, stream, connection, frame, out),
                Err(error) => Some(End::Broken(error)),
            };
            if end.is_some() {
                return (end, heard);
            }
            heard = true;
        }
        (None, heard)
    }

    /// Sets the deadlines of a connection anew after it was heard.
    fn watch(
        &mut self,
        now: Instant,
        stream: StreamId,
        connection: &mut Connection,
        within: bool,
        heard: bool,
    ) {
        if heard && let Some(until) = connection.quiet_until(now, &self.settings) {
            self.timers.cancel(connection.silence);
            connection.silence = self.timers.set(until, Deadline::Silence(stream));
        }
        if (heard || !within)
            && let Some(frame) = connection.frame.take()
        {
            self.timers.cancel(frame);
        }
        if within && connection.frame.is_none() {
            let due = now + limits::SCCP_FRAME_TIME;
            connection.frame = Some(self.timers.set(due, Deadline::Frame(stream)));
        }
    }

    fn timer(&mut self, now: Now, out: &mut Outbox) {
        while let Some((_, deadline)) = self.timers.pop_due(now.mono) {
            let (stream, end) = match deadline {
                Deadline::Silence(stream) => (stream, End::Silent),
                Deadline::Frame(stream) => (stream, End::Slow),
                Deadline::Clocks => {
                    self.tell_time(now, out);
                    continue;
                }
            };
            if let Some(connection) = self.connections.remove(&stream) {
                self.end(stream, connection, end, out);
            }
        }
    }

    /// Stations show the time that they were told: those whose clocks are put forward or back are told anew.
    fn tell_time(&mut self, now: Now, out: &mut Outbox) {
        self.clocks = None;
        let mut next: Option<WallTime> = None;
        for (stream, connection) in &mut self.connections {
            let State::Registered(session) = &mut connection.state else { continue };
            session.tell_changed_time(*stream, now.wall, out);
            next = next.into_iter().chain(session.clock_changes_after(now.wall)).min();
        }
        if let Some(next) = next {
            self.watch_clock(now, next);
        }
    }

    /// Some station's clock is put forward or back then.
    fn watch_clock(&mut self, now: Now, at: WallTime) {
        let ahead = at.as_micros().saturating_sub(now.wall.as_micros());
        let due = now.mono + Duration::from_micros(ahead);
        if self.clocks.is_some_and(|(known, _)| known <= due) {
            return;
        }
        if let Some((_, handle)) = self.clocks.take() {
            self.timers.cancel(handle);
        }
        self.clocks = Some((due, self.timers.set(due, Deadline::Clocks)));
    }

    fn replace_devices(&mut self, devices: Arc<Devices>, out: &mut Outbox) {
        self.devices = devices;
        self.resets.retain(|name| self.devices.contains_key(name));
        let removed: Vec<StreamId> = self
            .registered
            .iter()
            .filter(|(name, _)| !self.devices.contains_key(*name))
            .map(|(_, stream)| *stream)
            .collect();
        for stream in removed {
            if let Some(connection) = self.connections.remove(&stream) {
                self.end(stream, connection, End::Left(WhyGone::Removed), out);
            }
        }
        self.take_strangers(out);
    }

    fn with_session(&mut self, device: &str, act: impl FnOnce(StreamId, &mut Session)) {
        let Some(stream) = self.registered.get(device).copied() else { return };
        match self.connections.get_mut(&stream).map(|connection| &mut connection.state) {
            Some(State::Registered(session)) => act(stream, session),
            Some(State::Arriving(_)) | None => {}
        }
    }

    /// A connection is no more: what hung on it is told and taken back.
    fn end(&mut self, stream: StreamId, mut connection: Connection, end: End, out: &mut Outbox) {
        self.timers.cancel(connection.silence);
        let waited = self.no_stranger(&mut connection).is_some();
        if let Some(frame) = connection.frame {
            self.timers.cancel(frame);
        }
        if end != End::Closed {
            out.push(Output::Close { stream });
        }
        match connection.state {
            State::Registered(session) => {
                let why = match end {
                    End::Closed => match session.reset {
                        Reset::Sent(kind) => WhyGone::ResetOrdered(kind),
                        Reset::None | Reset::WhenIdle(_) => WhyGone::ConnectionLost,
                    },
                    End::Silent | End::Slow => WhyGone::KeepaliveLost,
                    End::Broken(error) => WhyGone::Broken(error),
                    End::TooFast => WhyGone::Throttled,
                    End::Left(why) => why,
                    End::Refused(_) => WhyGone::RegisteredAnew,
                };
                self.registered.remove(session.name.as_str());
                // To register anew is a restart, and less than a reset.
                if session.reset == Reset::WhenIdle(ResetType::RESET) && why != WhyGone::Removed {
                    self.resets.insert(session.name.as_str().into());
                }
                out.push(Output::Gone { device: session.name, why });
                if let End::Refused(why) = end {
                    out.push(Output::Refused { stream, peer: connection.peer, device: connection.name, why });
                }
            }
            State::Arriving(arriving) => {
                let why = match (end, arriving) {
                    (End::Closed | End::Left(_), _) => return,
                    // It stood by, and is no more: nothing is lost here.
                    (End::Silent, Arriving::Waiting { .. }) if waited => Refusal::UnknownDevice,
                    (End::Silent, Arriving::Standby | Arriving::Waiting { .. } | Arriving::Granted) => return,
                    (End::Silent | End::Slow, _) => Refusal::TooSlow,
                    (End::Broken(error), _) => Refusal::Broken(error),
                    (End::TooFast, _) => Refusal::TooFast,
                    (End::Refused(why), _) => why,
                };
                out.push(Output::Refused { stream, peer: connection.peer, device: connection.name, why });
            }
        }
    }
}

/// The words of a refusal, as the phone shows them.
const fn words(why: Refusal) -> &'static str {
    match why {
        Refusal::UnknownDevice => "Device is not configured",
        Refusal::OtherKind(_) => "Device is configured otherwise",
        Refusal::VersionTooOld(_) => "Firmware is too old",
        Refusal::TooManyStations | Refusal::TooManyConnections => "Too many phones",
        Refusal::TooSlow | Refusal::TooFast | Refusal::Broken(_) => "Error",
    }
}
