//! Reliable provisional responses (RFC 3262), the side that sends them and the side that confirms them.

use std::time::Duration;

use strowger_base::leg::ReleaseReason;
use strowger_base::net::Flow;
use strowger_base::{Cause, Instant, Media, Now, SessionDescription, Signal};

use super::{Carrier, Leg, Pending, Request, State, description_of};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::transaction::table::ServerKey;
use crate::transaction::{GIVE_UP, T1};
use crate::write;

/// Reliable provisional responses that we send: one at a time is open, the next waits for its PRACK.
#[derive(Debug)]
pub(super) struct Outbound {
    next_rseq: u32,
    open: Option<Open>,
    /// What shall be said next; a newer one takes the place of an older one that was never sent.
    queued: Option<(u16, Option<SessionDescription>)>,
}

#[derive(Debug)]
struct Open {
    rseq: u32,
    bytes: Box<[u8]>,
    /// It carries a description, so the 2xx has to wait for its PRACK.
    described: bool,
    next: Instant,
    interval: Duration,
    give_up: Instant,
}

impl Outbound {
    pub(super) fn new(first_rseq: u32) -> Self {
        Outbound { next_rseq: first_rseq, open: None, queued: None }
    }

    pub(super) fn holds_answer_back(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.described)
    }

    /// The RSeq that is not confirmed yet.
    pub(super) fn unconfirmed(&self) -> Option<u32> {
        self.open.as_ref().map(|open| open.rseq)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.next.min(open.give_up))
    }
}

impl Leg {
    /// Sends a provisional response that the caller has to confirm.
    pub(super) fn alert_reliably(
        &mut self,
        shared: &mut Shared,
        now: Now,
        status: u16,
        body: Option<SessionDescription>,
        out: &mut Outbox,
    ) {
        let State::Incoming(incoming) = &mut self.state else { return };
        if incoming.outbound.open.is_some() {
            incoming.outbound.queued = Some((status, body));
            return;
        }
        let rseq = incoming.outbound.next_rseq;
        incoming.outbound.next_rseq += 1;
        match (&self.pending, &body) {
            (Pending::Theirs(Carrier::FirstResponse), Some(_)) => self.pending = Pending::None,
            (Pending::None, Some(_)) => self.pending = Pending::Ours { preview: None },
            (Pending::None | Pending::Theirs(_) | Pending::Ours { .. }, _) => {}
        }
        let start = out.items.len();
        let write_rseq = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"Require: 100rel\r\nRSeq: ");
            write::decimal(buffer, u64::from(rseq));
            buffer.extend_from_slice(b"\r\n");
        };
        self.provisional(shared, now, status, body.as_ref(), write_rseq, out);
        let bytes = sent_bytes(out, start);
        let State::Incoming(incoming) = &mut self.state else { return };
        incoming.outbound.open = Some(Open {
            rseq,
            bytes,
            described: body.is_some(),
            next: now.mono + T1,
            interval: T1,
            give_up: now.mono + GIVE_UP,
        });
    }

    /// A PRACK came (RFC 3262 §3).
    pub(super) fn prack(
        &mut self,
        shared: &mut Shared,
        now: Now,
        prack: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        let matched = match (&mut self.state, prack.rack_numbers()) {
            (State::Incoming(incoming), Some((rseq, cseq))) if cseq == incoming.cseq => {
                incoming.outbound.open.take_if(|open| open.rseq == rseq).is_some()
            }
            // RFC 3262 §3: after the final response it is still taken.
            (State::Established, Some(confirmed)) => {
                self.unconfirmed.take_if(|open| *open == confirmed).is_some()
            }
            (State::Incoming(_) | State::Outgoing(_) | State::Established | State::Ending { .. }, _) => false,
        };
        if !matched {
            self.reply(shared, now, prack, key, flow, 481, out);
            return;
        }
        match (description_of(prack), &self.pending) {
            (Some(answer), Pending::Ours { .. }) => {
                self.pending = Pending::None;
                self.reply(shared, now, prack, key, flow, 200, out);
                self.received = Some(answer.clone());
                self.signal(Signal::Media(Media::Answer(answer)), out);
            }
            (Some(offer), Pending::None) => {
                // A second exchange before the answer (RFC 6337 §2.2, pattern 5).
                let head = shared.head_of(prack, &flow, self.dialog.local_tag);
                self.pending = Pending::Theirs(Carrier::Request(Request { key, head, flow }));
                self.received = Some(offer.clone());
                self.signal(Signal::Media(Media::Offer(offer)), out);
            }
            (Some(_) | None, Pending::None | Pending::Theirs(_) | Pending::Ours { .. }) => {
                self.reply(shared, now, prack, key, flow, 200, out);
            }
        }
        self.after_prack(shared, now, out);
    }

    /// What had to wait for a PRACK goes on.
    fn after_prack(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let State::Incoming(incoming) = &mut self.state else { return };
        if let Some((media, connected)) = incoming.answer.take() {
            self.answer(shared, now, media, connected, out);
        } else if let Some((status, body)) = incoming.outbound.queued.take() {
            self.alert_reliably(shared, now, status, body, out);
        }
    }

    /// Repeats a reliable provisional response, or gives the call up when no PRACK ever comes.
    pub(super) fn reliable_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let State::Incoming(incoming) = &mut self.state else { return };
        let flow = incoming.request.flow;
        let Some(open) = &mut incoming.outbound.open else { return };
        if open.give_up <= now.mono {
            // RFC 3262 §3: the INVITE is refused with a 5xx after 64*T1.
            self.final_failure(shared, now, 504, Some(Cause::RECOVERY_ON_TIMER_EXPIRY), out);
            self.released(Cause::RECOVERY_ON_TIMER_EXPIRY, ReleaseReason::Unconfirmed, out);
            return;
        }
        if open.next <= now.mono {
            open.interval *= 2;
            open.next = now.mono + open.interval;
            let bytes = out.arena.append(&open.bytes);
            shared.transmit(flow, bytes, self.journal(), out);
        }
    }

    /// Confirms a reliable provisional response of the called device, with the answer when it carried an offer.
    pub(super) fn send_prack(
        &mut self,
        shared: &mut Shared,
        now: Now,
        rseq: u32,
        cseq: u32,
        body: Option<&SessionDescription>,
        out: &mut Outbox,
    ) {
        let rack = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"RAck: ");
            write::decimal(buffer, u64::from(rseq));
            buffer.push(b' ');
            write::decimal(buffer, u64::from(cseq));
            buffer.extend_from_slice(b" INVITE\r\n");
        };
        self.send_request(shared, now, MethodKind::Prack, rack, body, out);
    }
}

/// The bytes of the message that was sent since the outbox had `start` items.
fn sent_bytes(out: &Outbox, start: usize) -> Box<[u8]> {
    use crate::io::Output;
    let span = out.items[start..].iter().find_map(|item| match item {
        Output::Datagram { bytes, .. } | Output::StreamSend { bytes, .. } => Some(*bytes),
        Output::StreamConnect { .. }
        | Output::StreamClose { .. }
        | Output::Signal(..)
        | Output::Watch { .. }
        | Output::Unwatch(_)
        | Output::Messages { .. }
        | Output::TransferMissed { .. }
        | Output::HuntLog { .. }
        | Output::Message { .. }
        | Output::Event(_)
        | Output::Bound(_)
        | Output::QualityReport { .. }
        | Output::Statistics(..)
        | Output::Unbound(_) => None,
    });
    span.map(|span| Box::from(out.arena.slice(span))).unwrap_or_default()
}
