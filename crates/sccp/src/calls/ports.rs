//! The ports of a phone: they are asked for, and what waits for them is told when they are there.

use std::net::SocketAddr;

use strowger_base::leg::{Party, ReleaseReason, Signal};
use strowger_base::{Cause, Now};

use super::call::State;
use super::channel::{self, Opened, Waits};
use super::io::{Media, Outbox, Output};
use super::phone::PhoneCalls;
use super::{PORT_TIME, Shared};
use crate::codes::{CallReference, CallState, CallType, PartyId};
use crate::message::media::OpenReceiveChannelAck;
use crate::message::multicast::MulticastMediaReceptionAck;

impl PhoneCalls {
    /// Has the phone open its port, and tells what waits for it.
    pub(super) fn open(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        format: Option<channel::Chosen>,
        waits: Waits,
        out: &mut Outbox,
    ) {
        let mut tell = Vec::new();
        let device: Box<str> = self.phone.device.as_str().into();
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        let opened = match format {
            Some(format) => {
                if call.channel.codec().is_some_and(|open| open != format) {
                    self.statistics.ask(call, &mut tell);
                }
                let of = call.next_port();
                if call.patience.is_none() {
                    let due = now.mono + PORT_TIME;
                    call.patience = Some(shared.timers.set(due, (device, reference)));
                }
                call.channel.open(of, format, waits, &mut tell)
            }
            None => Some(Opened::Failed(Some(waits), Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED)),
        };
        self.tell(tell, out);
        if let Some(opened) = opened {
            self.opened(shared, now, reference, opened, out);
        }
    }

    /// Has the phone listen where all hear the same, and tells what waits for that.
    pub(super) fn listen(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        to: (SocketAddr, channel::Chosen),
        waits: Option<Waits>,
        out: &mut Outbox,
    ) {
        let mut tell = Vec::new();
        let device: Box<str> = self.phone.device.as_str().into();
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        self.statistics.ask(call, &mut tell);
        let joined = if self.hears_no_group {
            call.channel.close(reference, &mut tell);
            Some(Opened::Failed(waits, Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED))
        } else {
            if call.patience.is_none() {
                call.patience = Some(shared.timers.set(now.mono + PORT_TIME, (device, reference)));
            }
            let of = call.next_port();
            call.channel.join(of, to, waits, &mut tell)
        };
        self.tell(tell, out);
        if let Some(joined) = joined {
            self.opened(shared, now, reference, joined, out);
        }
    }

    /// The phone says whether it listens there.
    pub(super) fn joined(
        &mut self,
        shared: &mut Shared,
        now: Now,
        message: &MulticastMediaReceptionAck,
        out: &mut Outbox,
    ) {
        self.hears_no_group = false;
        let reference = CallReference(message.party.0 >> 8);
        let Some(call) = self.find(reference) else { return };
        let opened = call.channel.joined(message.party, message.status);
        self.opened(shared, now, reference, opened, out);
    }

    pub(super) fn port_opened(
        &mut self,
        shared: &mut Shared,
        now: Now,
        message: &OpenReceiveChannelAck,
        out: &mut Outbox,
    ) {
        let port = u16::try_from(message.port).ok().filter(|port| *port != 0);
        let at = message.address.ip().zip(port).map(|(ip, port)| SocketAddr::new(ip, port));
        let reference = CallReference(message.party.0 >> 8);
        let Some(call) = self.find(reference) else { return };
        let opened = call.channel.acknowledged(message.party, message.status, at);
        self.opened(shared, now, reference, opened, out);
    }

    /// The phone has not said where its port is.
    pub(super) fn port_is_late(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        out: &mut Outbox,
    ) {
        let before = self.before();
        let Some(call) = self.find(reference) else { return };
        call.patience = None;
        if call.collects.is_some() {
            self.collected(shared, reference, out);
            return self.settle(before, out);
        }
        if call.channel.is_opening() {
            // It may open it yet, and nobody would close it.
            let mut tell = Vec::new();
            let joins = call.channel.is_joining();
            call.channel.close_opening(reference, &mut tell);
            self.hears_no_group |= joins;
            self.tell(tell, out);
            let Some(call) = self.find(reference) else { return };
            let opened = call.channel.failed(Cause::RECOVERY_ON_TIMER_EXPIRY);
            self.opened(shared, now, reference, opened, out);
        }
        self.settle(before, out);
    }

    /// The phone cannot send where it was told to: its user is not heard, and nothing that follows would mend that.
    pub(super) fn cannot_send(&mut self, shared: &mut Shared, now: Now, party: PartyId, out: &mut Outbox) {
        let reference = CallReference(party.0 >> 8);
        let Some(call) = self.find(reference) else { return };
        let Some(leg) = call.leg.filter(|_| call.channel.sends_by(party)) else { return };
        let cause = Cause::RESOURCE_UNAVAILABLE;
        let reason = ReleaseReason::Refused(cause.sip_status());
        out.push(Output::Signal(leg, Signal::Released { cause, reason }, Media::None));
        self.comes_to_nothing(shared, now, (reference, cause), out);
    }

    /// A port is open, or is not to be had: what waited for it is told.
    fn opened(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        opened: Opened,
        out: &mut Outbox,
    ) {
        let mut tell = Vec::new();
        let capabilities = self.capabilities.clone();
        let Some(call) = self.find(reference) else { return };
        let Some(leg) = call.leg else { return };
        if !matches!(opened, Opened::Other) {
            call.is_patient_no_more(shared);
        }
        let (waits, voice) = match opened {
            Opened::Other | Opened::Nothing => return,
            Opened::Failed(waits, cause) => return self.no_port(shared, now, (reference, waits, cause), out),
            Opened::Tell(waits, voice) => (waits, voice),
        };
        // Who is told learns of all codecs, the agreed one first: another party may come that has not this one.
        let voice = channel::with_all(voice, &capabilities);
        let media = match waits {
            Waits::Offer => Media::Offer(voice),
            Waits::Answer => Media::Answer(voice),
        };
        let of = call.this_port();
        if waits == Waits::Answer {
            call.channel.send(of, &mut tell);
        }
        let (keys, phrase) = (call.connected_keys(), call.connected_phrase());
        let signal = match call.state {
            State::Answering => {
                call.state = State::Connected;
                let parties = call.parties.clone();
                let mut display = call.display(&mut tell);
                display.state(CallState::CONNECTED);
                display.parties(CallType::INBOUND, &parties);
                display.prompt(phrase, "");
                display.keys(keys);
                let connected = Party::default();
                Signal::Answered { media: strowger_base::Media::None, connected }
            }
            State::Resuming => {
                call.state = State::Connected;
                call.asks = true;
                let mut display = call.display(&mut tell);
                display.state(CallState::CONNECTED);
                display.prompt(phrase, "");
                display.keys(keys);
                Signal::Media(strowger_base::Media::None)
            }
            State::Dialing
            | State::Proceeding
            | State::RingingOut
            | State::RingingIn(_)
            | State::Connected
            | State::Held
            | State::Failed => Signal::Media(strowger_base::Media::None),
        };
        self.tell(tell, out);
        out.push(Output::Signal(leg, signal, media));
    }

    /// The phone has no port for a call.
    fn no_port(
        &mut self,
        shared: &mut Shared,
        now: Now,
        (reference, waits, cause): (CallReference, Option<Waits>, Cause),
        out: &mut Outbox,
    ) {
        let Some(call) = self.find(reference) else { return };
        let Some(leg) = call.leg else { return };
        let state = call.state;
        match (state, waits) {
            (State::Connected | State::Held, Some(Waits::Answer)) => {
                out.push(Output::Signal(leg, Signal::MediaRefused(cause), Media::None));
            }
            // Its user may take it back once more.
            (State::Connected, Some(Waits::Offer)) => {
                out.push(Output::Signal(leg, Signal::MediaRefused(cause), Media::None));
                self.stays_held(shared, reference, out);
            }
            (State::Resuming, Some(_)) => self.stays_held(shared, reference, out),
            (_, Some(_)) => {
                let reason = ReleaseReason::Refused(cause.sip_status());
                out.push(Output::Signal(leg, Signal::Released { cause, reason }, Media::None));
                match state {
                    // Its user hears that it came to nothing.
                    State::Dialing | State::Proceeding | State::RingingOut => {
                        self.fail(shared, reference, cause, out);
                    }
                    State::RingingIn(_)
                    | State::Answering
                    | State::Connected
                    | State::Held
                    | State::Resuming
                    | State::Failed => {
                        let interrupts = self.interrupted_by(reference);
                        self.remove(shared, reference, out);
                        self.go_back(shared, now, interrupts, out);
                    }
                }
            }
            // It was answered so, and cannot refuse that: it hears nothing, and is to be told of something else.
            (State::Connected, None) => {
                out.push(Output::Signal(leg, Signal::MediaRefused(cause), Media::None));
            }
            (_, None) => {}
        }
    }
}
