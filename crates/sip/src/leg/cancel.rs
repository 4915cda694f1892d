//! What follows an INVITE of ours on its own way: CANCEL and the ACK of a failure (RFC 3261 §9.1, §17.1.1.3).

use strowger_base::net::Flow;
use strowger_base::{Cause, Now};

use super::uac::{Cancel, without_tag};
use super::{Leg, State};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::transaction::GIVE_UP;
use crate::transaction::table::Branch;
use crate::write;

impl Leg {
    /// The ACK of a failure repeats branch, target and CSeq of its INVITE (RFC 3261 §17.1.1.3).
    pub(super) fn acknowledge_failure(
        &mut self,
        shared: &mut Shared,
        response: &Message<'_>,
        branch: Branch,
        cseq: u32,
        flow: Flow,
        out: &mut Outbox,
    ) {
        let (target, routes) = self.invite_way();
        let bytes = out.arena.append_with(|buffer| {
            write::request_line(buffer, "ACK", target.as_bytes());
            shared.write_via(&flow, branch, buffer);
            for route in routes {
                write::header(buffer, b"Route", route.as_bytes());
            }
            buffer.extend_from_slice(b"Max-Forwards: 70\r\n");
            write::header(buffer, b"From", self.dialog.local.as_bytes());
            write::header(buffer, b"To", response.to_value().as_bytes());
            write::header(buffer, b"Call-ID", self.dialog.call_id.as_bytes());
            buffer.extend_from_slice(b"CSeq: ");
            write::decimal(buffer, u64::from(cseq));
            buffer.extend_from_slice(b" ACK\r\n");
            write::finish(buffer, None, &[]);
        });
        shared.transactions.keep_acknowledgement(branch, out.arena.slice(bytes));
        shared.transmit(flow, bytes, self.journal(), out);
    }

    /// Gives an unanswered call up: CANCEL as soon as it is allowed (RFC 3261 §9.1).
    pub(super) fn cancel(&mut self, shared: &mut Shared, now: Now, cause: Cause, out: &mut Outbox) {
        let State::Outgoing(outgoing) = &mut self.state else { return };
        if !outgoing.provisional {
            outgoing.cancel = Cancel::Wanted(cause);
            return;
        }
        outgoing.cancel = Cancel::Sent;
        outgoing.give_up = Some(now.mono + GIVE_UP);
        let (branch, cseq) = (outgoing.branch, outgoing.cseq);
        let flow = self.dialog.flow;
        let (target, routes) = self.invite_way();
        let bytes = out.arena.append_with(|buffer| {
            write::request_line(buffer, "CANCEL", target.as_bytes());
            shared.write_via(&flow, branch, buffer);
            for route in routes {
                write::header(buffer, b"Route", route.as_bytes());
            }
            buffer.extend_from_slice(b"Max-Forwards: 70\r\n");
            write::header(buffer, b"From", self.dialog.local.as_bytes());
            write::header(buffer, b"To", without_tag(&self.dialog.remote).as_bytes());
            write::header(buffer, b"Call-ID", self.dialog.call_id.as_bytes());
            buffer.extend_from_slice(b"CSeq: ");
            write::decimal(buffer, u64::from(cseq));
            buffer.extend_from_slice(b" CANCEL\r\n");
            if cause == Cause::NON_SELECTED_USER_CLEARING {
                // So that the phone does not list a missed call (RFC 3326 §3.1).
                buffer.extend_from_slice(b"Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
            } else {
                super::write_reason(cause, buffer);
            }
            write::finish(buffer, None, &[]);
        });
        let text = out.arena.slice(bytes);
        let key = branch.of_cancel();
        let timers = &mut shared.timers;
        shared.transactions.begin_client(
            key,
            MethodKind::Cancel,
            cseq,
            flow,
            self.id,
            text,
            now.mono,
            timers,
        );
        shared.transmit(flow, bytes, self.journal(), out);
    }

    /// Whether our INVITE that waits for its final response was sent to this address.
    pub(crate) fn is_sent_to(&self, uri: &str) -> bool {
        matches!(self.state, State::Outgoing(_)) && self.invite_way().0 == uri
    }

    /// Target and routes that the INVITE went out with.
    fn invite_way(&self) -> (&str, &[Box<str>]) {
        match &self.state {
            State::Outgoing(outgoing) => match &outgoing.first_way {
                Some((target, routes)) => (target, routes),
                None => (&self.dialog.target, &self.dialog.routes),
            },
            State::Incoming(_) | State::Established | State::Ending { .. } => {
                (&self.dialog.target, &self.dialog.routes)
            }
        }
    }

    /// A cancelled INVITE that gets no final response is forgotten 64*T1 after the CANCEL (RFC 3261 §9.1).
    pub(super) fn cancel_timer(&mut self, shared: &mut Shared, now: Now) {
        let State::Outgoing(outgoing) = &self.state else { return };
        if outgoing.give_up.is_some_and(|at| at <= now.mono) {
            shared.transactions.forget_client(outgoing.branch, &mut shared.timers);
            self.state = State::Ending { until: now.mono, branch: None };
        }
    }
}
