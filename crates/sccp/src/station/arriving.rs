//! What stations say, and what the server does with it: who may come, who comes, who leaves.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::net::StreamId;
use strowger_base::{Instant, Now, limits};

use super::answers::Question;
use super::concern::{Concern, Token};
use super::connection::{Arriving, Connection, End, Reset, Session, State, send};
use super::device::Device;
use super::io::{Outbox, Output, Registered, Strangers, WhyPassedOver};
use super::reason::{Refusal, WhyGone, WhyRegistered};
use super::{Stations, words};
use crate::codes::{DeviceType, ResetType, UnregisterStatus};
use crate::frame::Frame;
use crate::ids::MessageId;
use crate::message::capabilities::CapabilitiesReq;
use crate::message::registration::{
    Register, RegisterAck, RegisterReject, RegisterTokenAck, RegisterTokenReject, SpcpRegisterTokenAck,
    SpcpRegisterTokenReject, UnregisterAck,
};
use crate::message::{DecodeError, FromStation};
use crate::resources::io::ResourceKind;
use crate::version::{Dialect, Features};
use crate::wire::text::Text;

impl Stations {
    pub(super) fn frame(
        &mut self,
        now: Now,
        stream: StreamId,
        connection: &mut Connection,
        frame: Frame<'_>,
        out: &mut Outbox,
    ) -> Option<End> {
        match FromStation::decode(frame.id, frame.body, connection.dialect()) {
            Ok(message) => self.concern(now, stream, connection, frame.id, message.into(), out),
            Err(error) => {
                let why = match error {
                    DecodeError::NotServed { .. } => WhyPassedOver::NotServed,
                    DecodeError::TooShort { .. } => WhyPassedOver::TooShort,
                };
                connection.pass_over(stream, frame.id, why, out);
                None
            }
        }
    }

    fn concern(
        &mut self,
        now: Now,
        stream: StreamId,
        connection: &mut Connection,
        id: MessageId,
        concern: Concern,
        out: &mut Outbox,
    ) -> Option<End> {
        match &mut connection.state {
            State::Registered(session) => match concern {
                Concern::KeepAlive => connection.keepalive(stream, out),
                Concern::Alarm(told, alarm) => {
                    connection.told = told.or(connection.told);
                    out.push(Output::Alarm { device: session.name.clone(), alarm });
                }
                Concern::Register(register) => return self.register(stream, connection, register, out),
                Concern::Token(token) => self.token(now, stream, connection, &token, out),
                // A router takes its media resources away whatever they do; phones ask.
                Concern::Leave if session.calls && !session.is_resource() => {
                    let status = UnregisterStatus::CALLS_IN_PROGRESS;
                    send(out, stream, session.dialect, UnregisterAck { status });
                }
                Concern::Leave => {
                    send(out, stream, session.dialect, UnregisterAck { status: UnregisterStatus::OK });
                    self.leave(connection, WhyGone::Left, out);
                }
                Concern::Question(question) => {
                    session.answer(stream, question, now, &self.settings, out);
                    let changes =
                        session.clock_changes_after(now.wall).filter(|_| question == Question::Time);
                    if let Some(at) = changes {
                        self.watch_clock(now, at);
                    }
                }
                Concern::Other(message) => out.push(Output::Said { device: session.name.clone(), message }),
                Concern::Nothing => {}
            },
            State::Arriving(_) => match concern {
                Concern::KeepAlive => connection.keepalive(stream, out),
                Concern::Alarm(told, alarm) => {
                    connection.told = told.or(connection.told);
                    connection.alarm = Some(alarm);
                }
                Concern::Register(register) => return self.register(stream, connection, register, out),
                Concern::Token(token) => self.token(now, stream, connection, &token, out),
                Concern::Leave => {
                    send(out, stream, Dialect::UNKNOWN, UnregisterAck { status: UnregisterStatus::OK });
                }
                Concern::Question(_) | Concern::Other(_) => {
                    connection.pass_over(stream, id, WhyPassedOver::NotRegistered, out);
                }
                Concern::Nothing => {}
            },
        }
        None
    }

    fn register(
        &mut self,
        stream: StreamId,
        connection: &mut Connection,
        register: Register,
        out: &mut Outbox,
    ) -> Option<End> {
        self.no_stranger(connection);
        connection.name = Some(register.name.clone());
        if !is_resource(register.device) && self.is_welcome_stranger(&register.name) {
            return self.let_wait(stream, connection, register, out);
        }
        let Register { name, device: model, features, streams_active, streams_max, load, .. } = register;
        let admitted = self.admit(&name, model, features);
        let (device, dialect) = match admitted {
            Ok(admitted) => admitted,
            Err(why) => {
                let text = Text::from(words(why));
                send(out, stream, Dialect::UNKNOWN, RegisterReject { text });
                return Some(End::Refused(why));
            }
        };
        self.leave(connection, WhyGone::RegisteredAnew, out);
        self.clean(stream, &name, out);
        let ack = RegisterAck {
            keepalive: self.settings.keepalive,
            date_template: device.date_template.clone(),
            standby_keepalive: self.settings.standby_keepalive,
            features: Features::of_server(dialect.version),
        };
        send(out, stream, dialect, ack);
        send(out, stream, dialect, CapabilitiesReq);
        let load = load.0.unwrap_or_default();
        out.push(Output::Registered(Registered {
            device: name.clone(),
            stream,
            peer: connection.peer,
            model,
            dialect,
            abilities: features,
            load: load.clone(),
            streams_active,
            streams_max,
            why: connection.told.take().unwrap_or(WhyRegistered::Untold),
        }));
        if let Some(alarm) = connection.alarm.take() {
            out.push(Output::Alarm { device: name.clone(), alarm });
        }
        self.registered.insert(name.as_str().into(), stream);
        let owes_reset = self.resets.remove(name.as_str());
        let mut session = Session::new(name, (model, dialect), device, load);
        if owes_reset {
            session.reset = Reset::WhenIdle(ResetType::RESET);
        }
        connection.state = State::Registered(Box::new(session));
        None
    }

    /// Whether a device is not configured, and may be.
    fn is_welcome_stranger(&self, name: &Text) -> bool {
        self.settings.strangers == Strangers::Welcome
            && !name.as_str().is_empty()
            && !self.devices.contains_key(name.as_str())
            && (self.strangers.len() < limits::STRANGERS || self.strangers.contains_key(name.as_str()))
    }

    /// A device that is not configured waits until it is. Of two that have the same name the later one waits: the other is
    /// often dead without knowing it.
    fn let_wait(
        &mut self,
        stream: StreamId,
        connection: &mut Connection,
        register: Register,
        out: &mut Outbox,
    ) -> Option<End> {
        self.leave(connection, WhyGone::RegisteredAnew, out);
        let (device, model) = (register.name.clone(), register.device);
        connection.state = State::Arriving(Arriving::Waiting { turn: None });
        connection.stranger = Some(Box::new(register));
        let earlier = self.strangers.insert(device.as_str().into(), stream);
        if let Some((old, mut left)) =
            earlier.filter(|old| *old != stream).and_then(|old| Some((old, self.connections.remove(&old)?)))
        {
            left.stranger = None;
            self.end(old, left, End::Refused(Refusal::UnknownDevice), out);
        }
        out.push(Output::Stranger { device, peer: connection.peer, model });
        None
    }

    /// Devices that waited and are configured now are taken.
    pub(super) fn take_strangers(&mut self, out: &mut Outbox) {
        let known: Vec<StreamId> = self
            .strangers
            .iter()
            .filter(|(name, _)| self.devices.contains_key(*name))
            .map(|(_, stream)| *stream)
            .collect();
        for stream in known {
            let Some(mut connection) = self.connections.remove(&stream) else { continue };
            let Some(register) = self.no_stranger(&mut connection) else {
                self.connections.insert(stream, connection);
                continue;
            };
            match self.register(stream, &mut connection, register, out) {
                Some(end) => self.end(stream, connection, end, out),
                None => {
                    self.connections.insert(stream, connection);
                }
            }
        }
    }

    /// A device that waited will not be configured.
    pub(super) fn refuse_stranger(&mut self, device: &str, out: &mut Outbox) {
        let Some(stream) = self.strangers.get(device).copied() else { return };
        let Some(connection) = self.connections.remove(&stream) else { return };
        let text = Text::from(words(Refusal::UnknownDevice));
        send(out, stream, Dialect::UNKNOWN, RegisterReject { text });
        self.end(stream, connection, End::Refused(Refusal::UnknownDevice), out);
    }

    /// It waits no longer.
    pub(super) fn no_stranger(&mut self, connection: &mut Connection) -> Option<Register> {
        let register = connection.stranger.take()?;
        self.strangers.remove(register.name.as_str());
        Some(*register)
    }

    /// Whether a device may register, and what is spoken with it.
    fn admit(
        &self,
        name: &Text,
        model: DeviceType,
        features: Features,
    ) -> Result<(Arc<Device>, Dialect), Refusal> {
        let device = self.devices.get(name.as_str()).ok_or(Refusal::UnknownDevice)?;
        // A phone may say that it is any model, but not that it is a media resource.
        let is_meant = match device.resource {
            Some(kind) => kind.is(model),
            None => !is_resource(model),
        };
        if !is_meant {
            return Err(Refusal::OtherKind(model));
        }
        let dialect = Dialect::agreed(features, device.highest_version)
            .ok_or(Refusal::VersionTooOld(features.version_number()))?
            .with_page(device.code_page);
        if self.registered.len() >= limits::STATIONS && !self.registered.contains_key(name.as_str()) {
            return Err(Refusal::TooManyStations);
        }
        Ok((device.clone(), dialect))
    }

    /// Tells a station whether it may come.
    fn token(
        &mut self,
        now: Now,
        stream: StreamId,
        connection: &mut Connection,
        token: &Token,
        out: &mut Outbox,
    ) {
        let dialect = connection.dialect();
        let arriving = self.turn(now.mono, connection, token);
        let wait = match arriving {
            Arriving::Waiting { turn: Some(turn) } => Some(whole_seconds(turn.saturating_since(now.mono))),
            Arriving::Waiting { turn: None } => Some(self.settings.token_wait),
            Arriving::Fresh | Arriving::Standby | Arriving::Granted => None,
        };
        if wait.is_none() {
            self.clean(stream, &token.name, out);
        }
        match (wait, token.small_business) {
            (None, false) => send(out, stream, dialect, RegisterTokenAck),
            (None, true) => send(out, stream, dialect, SpcpRegisterTokenAck { features: 0xffff }),
            (Some(wait), false) => send(out, stream, dialect, RegisterTokenReject { wait }),
            (Some(wait), true) => send(out, stream, dialect, SpcpRegisterTokenReject { wait }),
        }
        connection.name = Some(token.name.clone());
        match &connection.state {
            // It is served as it was, and may register anew.
            State::Registered(_) => {}
            State::Arriving(_) => connection.state = State::Arriving(arriving),
        }
    }

    /// Whether a station may come: one that is registered here with calls keeps them; of the others as many as the pace
    /// allows, and the rest when it is their turn.
    fn turn(&mut self, now: Instant, connection: &Connection, token: &Token) -> Arriving {
        let (calls, turn) = match &connection.state {
            State::Registered(session) => (session.calls, None),
            State::Arriving(Arriving::Waiting { turn }) => (self.has_calls(&token.name), *turn),
            State::Arriving(Arriving::Fresh | Arriving::Standby | Arriving::Granted) => {
                (self.has_calls(&token.name), None)
            }
        };
        let welcome = self.devices.contains_key(token.name.as_str()) || self.is_welcome_stranger(&token.name);
        if calls || !welcome {
            return Arriving::Waiting { turn: None };
        }
        let turn = turn.unwrap_or_else(|| self.tokens.book(now, self.settings.tokens_per_second));
        if turn <= now { Arriving::Granted } else { Arriving::Waiting { turn: Some(turn) } }
    }

    fn has_calls(&self, name: &Text) -> bool {
        let connection = self.registered.get(name.as_str()).and_then(|stream| self.connections.get(stream));
        match connection.map(|connection| &connection.state) {
            Some(State::Registered(session)) => session.calls,
            Some(State::Arriving(_)) | None => false,
        }
    }

    /// The station of a connection is no longer registered; the connection stays.
    fn leave(&mut self, connection: &mut Connection, why: WhyGone, out: &mut Outbox) {
        match std::mem::replace(&mut connection.state, State::Arriving(Arriving::Standby)) {
            State::Registered(session) => {
                self.registered.remove(session.name.as_str());
                out.push(Output::Gone { device: session.name, why });
            }
            state @ State::Arriving(_) => connection.state = state,
        }
    }

    /// Ends the connection over which a device was registered before. The new one wins: the old one is often dead without
    /// knowing it.
    fn clean(&mut self, stream: StreamId, name: &Text, out: &mut Outbox) {
        let old = self.registered.get(name.as_str()).copied().filter(|old| *old != stream);
        let Some((old, connection)) = old.and_then(|old| Some((old, self.connections.remove(&old)?))) else {
            return;
        };
        self.end(old, connection, End::Left(WhyGone::RegisteredAnew), out);
    }
}

/// Whether a type is one of a media resource.
fn is_resource(model: DeviceType) -> bool {
    use ResourceKind as Kind;
    [Kind::ConferenceBridge, Kind::Transcoder, Kind::TerminationPoint].iter().any(|kind| kind.is(model))
}

/// Not less, or a station would ask before its turn.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}
