//! The media resources of routers: conference bridges, transcoders and media termination points that register over SCCP.
//!
//! A session is what a resource does for somebody: two legs between which it translates, or one leg that hears and is heard by those of
//! the same conference. Each leg is opened and told where to send in the words in which a phone is, with one conference for the session, and
//! a party of its own. Bridges are driven in this way too, and not with messages that manage conferences
//! (`CreateConferenceReq` and what follows): every bridge knows the first way, whatever its age.
//!
//! ```text
//! who wants it          session                              device
//!   | Open                |                                    |
//!   |-------------------->| OpenReceiveChannel, for each leg   |
//!   |                     |----------------------------------->|
//!   | Opened              |            OpenReceiveChannelAck   |
//!   |<--------------------|<-----------------------------------|
//!   | Direct              |                                    |
//!   |-------------------->| StartMediaTransmission             |
//!   |                     |----------------------------------->|
//! ```
//!
//! A leg is opened for a codec before that is agreed. When it is another one then, the leg is closed with its port kept, and opened
//! anew; a device that does not keep its port has lost the session.

pub mod io;
mod session;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::timer::TimerQueue;
use strowger_base::{Instant, Now};

use crate::codes::{Codec, ConferenceId, MediaStatus, PartyId};
use crate::message::capabilities::AudioCapability;
use crate::message::{FromStation, ToStation};
use io::{Ability, Input, Leg, Outbox, Output, ResourceKind, SessionId, Spoken, Standing};
use session::{Acknowledged, Session};

/// How long a device may take to open a port.
const ACK_TIME: Duration = Duration::from_secs(10);

/// All media resources of routers that are registered.
#[derive(Debug, Default)]
pub struct Resources {
    devices: BTreeMap<Box<str>, Device>,
    sessions: BTreeMap<SessionId, Session>,
    /// Which leg a party is.
    parties: BTreeMap<PartyId, (SessionId, Leg)>,
    timers: TimerQueue<SessionId>,
    last_party: u32,
    last_conference: u32,
}

/// A device.
#[derive(Debug)]
struct Device {
    kind: ResourceKind,
    streams_max: u32,
    parties_max: Option<u32>,
    /// `None` until it has said.
    codecs: Option<Vec<Codec>>,
    sessions: u32,
    opened: u64,
    failed: u64,
}

impl Resources {
    /// No device is there.
    pub fn new() -> Self {
        Resources::default()
    }

    /// Takes what happened; what follows is in `out` in its order.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Registered { device, kind, streams_max } => {
                self.gone(device, out);
                let fresh = Device {
                    kind,
                    streams_max,
                    parties_max: None,
                    codecs: None,
                    sessions: 0,
                    opened: 0,
                    failed: 0,
                };
                self.devices.insert(device.into(), fresh);
            }
            Input::Gone { device } => self.gone(device, out),
            Input::Said { device, message } => self.said(device, message, out),
            Input::Open { session, device, legs, conference } => {
                self.open(now, session, (device, conference), legs, out);
            }
            Input::Direct { session, leg, spoken, to } => self.direct(now, (session, leg), (spoken, to), out),
            Input::Close { session } => self.close(session, out),
            Input::Timeout => {
                while let Some((_, session)) = self.timers.pop_due(now.mono) {
                    if let Some(late) = self.sessions.get_mut(&session) {
                        late.patience = None;
                    }
                    self.end(session, "the device did not say where it hears", out);
                }
            }
        }
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// Whether a device is one of these.
    pub fn has(&self, device: &str) -> bool {
        self.devices.contains_key(device)
    }

    /// Whether a session is there.
    pub fn has_session(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// How a device stands.
    pub fn standing(&self, device: &str) -> Option<Standing> {
        let it = self.devices.get(device)?;
        Some(Standing {
            kind: it.kind,
            codecs: it.codecs.clone().unwrap_or_default(),
            is_active: it.codecs.is_some(),
            streams_max: it.streams_max,
            streams: it.sessions * it.kind.streams(),
            parties_max: it.parties_max,
            sessions: it.sessions,
            opened: it.opened,
            failed: it.failed,
        })
    }

    /// A device is not there any more, and what it did is over.
    fn gone(&mut self, device: &str, out: &mut Outbox) {
        if self.devices.remove(device).is_none() {
            return;
        }
        // Nobody asks for a session of it who does not know that it is gone.
        out.push(Output::Able { device: device.into(), ability: None });
        let of_it = |(id, session): (&SessionId, &Session)| (*session.device == *device).then_some(*id);
        let lost: Vec<SessionId> = self.sessions.iter().filter_map(of_it).collect();
        for session in lost {
            self.end(session, "the device that did it is not registered any more", out);
        }
    }

    fn said(&mut self, device: &str, message: &FromStation, out: &mut Outbox) {
        match message {
            FromStation::CapabilitiesRes(res) => self.able(device, &res.audio, out),
            FromStation::UpdateCapabilities(res) => self.able(device, &res.audio, out),
            FromStation::MediaResourceNotification(news) => {
                let Some(it) = self.devices.get_mut(device) else { return };
                it.streams_max = news.streams_in_service;
                it.parties_max = Some(news.streams_per_conference).filter(|parties| *parties > 0);
                self.tell_ability(device, out);
            }
            FromStation::OpenReceiveChannelAck(ack) => {
                let port = u16::try_from(ack.port).ok().filter(|port| *port != 0);
                let at = ack.address.ip().zip(port).map(|(ip, port)| SocketAddr::new(ip, port));
                let at = at.filter(|at| ack.status == MediaStatus::OK && !at.ip().is_unspecified());
                self.acknowledged(device, ack.party, (ack.status, at), out);
            }
            FromStation::StartMediaTransmissionAck(ack) if ack.status != MediaStatus::OK => {
                self.broke(device, ack.party, out);
            }
            FromStation::MediaTransmissionFailure(failure) => self.broke(device, failure.party, out),
            // Whatever else a device may tell changes nothing here.
            _ => {}
        }
    }

    fn able(&mut self, device: &str, audio: &[AudioCapability], out: &mut Outbox) {
        let Some(it) = self.devices.get_mut(device) else { return };
        it.codecs = Some(audio.iter().map(|capability| capability.codec).collect());
        self.tell_ability(device, out);
    }

    fn tell_ability(&self, device: &str, out: &mut Outbox) {
        let Some(it) = self.devices.get(device) else { return };
        let Some(codecs) = it.codecs.clone() else { return };
        let sessions_max = it.streams_max / it.kind.streams();
        out.push(Output::Able { device: device.into(), ability: Some(Ability { sessions_max, codecs }) });
    }

    fn open(
        &mut self,
        now: Now,
        id: SessionId,
        (device, conference): (&str, Option<u64>),
        legs: &[Spoken],
        out: &mut Outbox,
    ) {
        let Some(it) = self.devices.get_mut(device) else {
            let reason = "the device is not registered".into();
            return out.push(Output::Failed { session: id, reason });
        };
        it.sessions += 1;
        if it.sessions == 1 {
            out.push(Output::Sessions { device: device.into(), any: true });
        }
        let same = conference.and_then(|_| {
            let mut sessions = self.sessions.values();
            sessions.find(|other| *other.device == *device && other.of == conference)
        });
        let number = match same {
            Some(other) => other.conference,
            None => {
                self.last_conference = self.last_conference.wrapping_add(1).max(1);
                ConferenceId(self.last_conference)
            }
        };
        let mut session = Session::new(device, number, conference);
        session.patience = Some(self.timers.set(now.mono + ACK_TIME, id));
        for (spoken, leg) in legs.iter().zip([Leg::A, Leg::B]) {
            self.last_party = self.last_party.wrapping_add(1).max(1);
            let party = PartyId(self.last_party);
            self.parties.insert(party, (id, leg));
            tell(device, session.add(party, *spoken), out);
        }
        self.sessions.insert(id, session);
    }

    fn direct(
        &mut self,
        now: Now,
        (id, leg): (SessionId, Leg),
        (spoken, to): (Spoken, Option<SocketAddr>),
        out: &mut Outbox,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let mut said = Vec::new();
        session.direct(leg, spoken, to, &mut said);
        if session.reopens() && session.patience.is_none() {
            session.patience = Some(self.timers.set(now.mono + ACK_TIME, id));
        }
        let device = session.device.clone();
        said.into_iter().for_each(|message| tell(&device, message, out));
    }

    fn acknowledged(
        &mut self,
        device: &str,
        party: PartyId,
        (status, at): (MediaStatus, Option<SocketAddr>),
        out: &mut Outbox,
    ) {
        // A device may answer what it was asked before it registered anew, or for what is closed by now.
        let Some((id, leg)) = self.parties.get(&party).copied() else { return };
        let Some(session) = self.sessions.get_mut(&id).filter(|session| *session.device == *device) else {
            return;
        };
        let mut said = Vec::new();
        let acknowledged = session.acknowledged(leg, at, &mut said);
        said.into_iter().for_each(|message| tell(device, message, out));
        let is_open = session.is_open;
        if is_open
            && !session.reopens()
            && let Some(patience) = session.patience.take()
        {
            self.timers.cancel(patience);
        }
        match acknowledged {
            Acknowledged::Waits => {}
            Acknowledged::Opened(a, b) => {
                if let Some(it) = self.devices.get_mut(device) {
                    it.opened += 1;
                }
                out.push(Output::Opened { session: id, a, b });
            }
            Acknowledged::Refused if is_open => {
                self.end(id, "the device opened no port for another codec", out);
            }
            Acknowledged::Refused => {
                let words = status.name().unwrap_or("no port");
                self.failed(id, format!("the device opened no port: {words}").into(), out);
            }
            Acknowledged::Moved => self.end(id, "the device did not keep its port for another codec", out),
        }
    }

    /// A device does not send any more to one of its legs.
    fn broke(&mut self, device: &str, party: PartyId, out: &mut Outbox) {
        let Some((id, _)) = self.parties.get(&party).copied() else { return };
        if self.sessions.get(&id).is_some_and(|session| *session.device == *device) {
            self.end(id, "the device cannot send any more", out);
        }
    }

    /// A session is over though nobody closed it.
    fn end(&mut self, id: SessionId, reason: &'static str, out: &mut Outbox) {
        let Some(session) = self.sessions.get(&id) else { return };
        if !session.is_open {
            return self.failed(id, reason.into(), out);
        }
        self.close(id, out);
        out.push(Output::Lost { session: id, reason });
    }

    fn failed(&mut self, id: SessionId, reason: Box<str>, out: &mut Outbox) {
        if let Some(it) = self.sessions.get(&id).and_then(|session| self.devices.get_mut(&session.device)) {
            it.failed += 1;
        }
        self.close(id, out);
        out.push(Output::Failed { session: id, reason });
    }

    fn close(&mut self, id: SessionId, out: &mut Outbox) {
        let Some(mut session) = self.sessions.remove(&id) else { return };
        if let Some(patience) = session.patience.take() {
            self.timers.cancel(patience);
        }
        self.parties.retain(|_, (of, _)| *of != id);
        let Some(it) = self.devices.get_mut(&session.device) else { return };
        it.sessions = it.sessions.saturating_sub(1);
        let any = it.sessions > 0;
        let mut said = Vec::new();
        session.close(&mut said);
        said.into_iter().for_each(|message| tell(&session.device, message, out));
        if !any {
            out.push(Output::Sessions { device: session.device, any });
        }
    }
}

fn tell(device: &str, message: ToStation, out: &mut Outbox) {
    out.push(Output::Tell { device: device.into(), message: Box::new(message) });
}
