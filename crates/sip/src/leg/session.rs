//! Requests in the dialog, responses to ours, and the end of the call.

use strowger_base::leg::ReleaseReason;
use strowger_base::net::Flow;
use strowger_base::{Cause, Now};

use super::transfer::Replacement;
use super::{Carrier, Change, Leg, Pending, State, reason_cause, write_reason};
use crate::core::Shared;
use crate::io::{Outbox, Output};
use crate::message::{Message, MethodKind};
use crate::session_timer::machine::Input;
use crate::statistics::RtpStatistics;
use crate::transaction::GIVE_UP;
use crate::transaction::table::{Branch, ServerKey};

impl Leg {
    /// A request in the dialog; its server transaction has begun. `replacement` is what a Refer-To says of Replaces.
    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    pub(crate) fn request(
        &mut self,
        shared: &mut Shared,
        now: Now,
        request: &Message<'_>,
        method: MethodKind,
        key: ServerKey,
        flow: Flow,
        replacement: Replacement,
        out: &mut Outbox,
    ) {
        if !self.dialog.accept_cseq(request.cseq_number()) {
            // RFC 3261 §12.2.2: a lower CSeq than before is out of order.
            self.reply(shared, now, request, key, flow, 500, out);
            return;
        }
        // A subscription outlives its call.
        let after_the_end =
            method == MethodKind::Bye || (method == MethodKind::Subscribe && self.referral.until().is_some());
        if matches!(self.state, State::Ending { .. }) && !after_the_end {
            // The call is over on our side: nobody is left who could decide on it (RFC 3261 §15, RFC 5057 §5).
            self.reply(shared, now, request, key, flow, 481, out);
            return;
        }
        match method {
            MethodKind::Bye => self.bye(shared, now, request, key, flow, out),
            MethodKind::Invite => self.reinvite(shared, now, request, key, flow, out),
            MethodKind::Update => self.update(shared, now, request, key, flow, out),
            MethodKind::Prack => self.prack(shared, now, request, key, flow, out),
            MethodKind::Info => self.info(shared, now, request, key, flow, out),
            MethodKind::Refer => self.refer(shared, now, request, key, flow, replacement, out),
            MethodKind::Options => self.reply(shared, now, request, key, flow, 200, out),
            MethodKind::Notify => self.notified(shared, now, request, key, flow, out),
            MethodKind::Subscribe => self.subscribe(shared, now, request, key, flow, out),
            MethodKind::Ack
            | MethodKind::Cancel
            | MethodKind::Register
            | MethodKind::Message
            | MethodKind::Publish
            | MethodKind::Other => self.reply(shared, now, request, key, flow, 405, out),
        }
        self.change_on(shared, now, out);
        self.rearm(shared);
    }

    fn bye(
        &mut self,
        shared: &mut Shared,
        now: Now,
        bye: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        self.reply(shared, now, bye, key, flow, 200, out);
        self.sounded(bye, out);
        self.refuse_pending(shared, now, 487, out);
        if matches!(self.state, State::Outgoing(_)) {
            // RFC 3261 §15 forbids it on an early dialog. It means that the device does not want the call, so the INVITE,
            // which still has no final response, is given up as well.
            let cause = reason_cause(bye).unwrap_or(Cause::CALL_REJECTED);
            self.cancel(shared, now, cause, out);
            self.released(cause, ReleaseReason::HungUp, out);
            return;
        }
        if matches!(self.state, State::Incoming(_)) {
            // RFC 3261 §15.1.2: a BYE in an early dialog ends the INVITE as well.
            self.final_failure(shared, now, 487, None, out);
        }
        let waits = match &self.state {
            State::Ending { branch, .. } => *branch,
            State::Outgoing(_) | State::Incoming(_) | State::Established => None,
        };
        self.awaiting_ack = None;
        self.session_timer.on(Input::Stop, now.mono);
        self.referring = None;
        (self.collecting, self.keys.telling) = (None, None);
        let until = match self.change {
            Change::Ours { .. } => now.mono + GIVE_UP,
            Change::None | Change::Theirs(..) | Change::Retry { .. } => now.mono,
        };
        self.state = State::Ending { until: self.last_word(until), branch: waits };
        let cause = reason_cause(bye).unwrap_or(Cause::NORMAL_CALL_CLEARING);
        self.released(cause, ReleaseReason::HungUp, out);
    }

    /// A response to a request of ours in the dialog.
    pub(crate) fn response(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        method: MethodKind,
        branch: Branch,
        out: &mut Outbox,
    ) {
        let Some(status) = response.status() else { return };
        match method {
            MethodKind::Invite => self.invite_response(shared, now, response, branch, status, out),
            MethodKind::Bye => {
                self.sounded(response, out);
                self.bye_answered(status);
            }
            MethodKind::Update => self.update_answered(shared, now, response, branch, status, out),
            MethodKind::Notify => {
                self.notify_answered(shared, now, branch, status, out);
                self.keys_told(shared, now, branch, status, out);
                self.event_told(shared, now, branch, status, out);
            }
            MethodKind::Refer => self.refer_answered(shared, now, branch, status, out),
            MethodKind::Subscribe => {
                self.refer_answered(shared, now, branch, status, out);
                self.collecting_answered(shared, now, branch, status, response.expires_seconds(), out);
            }
            MethodKind::Prack
            | MethodKind::Cancel
            | MethodKind::Info
            | MethodKind::Options
            | MethodKind::Ack
            | MethodKind::Register
            | MethodKind::Message
            | MethodKind::Publish
            | MethodKind::Other => {}
        }
        self.change_on(shared, now, out);
        self.rearm(shared);
    }

    fn invite_response(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        branch: Branch,
        status: u16,
        out: &mut Outbox,
    ) {
        match &self.change {
            Change::Ours { branch: ours, .. } if *ours == branch => {
                self.change_answered(shared, now, response, status, out);
            }
            Change::None | Change::Theirs(..) | Change::Ours { .. } | Change::Retry { .. } => {
                match &self.state {
                    State::Outgoing(_) => self.invite_answered(shared, now, response, status, out),
                    State::Incoming(_) | State::Established | State::Ending { .. }
                        if (200..300).contains(&status) =>
                    {
                        self.further_2xx(shared, now, response, out);
                    }
                    State::Incoming(_) | State::Established | State::Ending { .. } => {}
                }
            }
        }
    }

    /// A message that ends the call may say how it sounded.
    /// BYEs that cross say it twice, of the same call.
    fn sounded(&mut self, message: &Message<'_>, out: &mut Outbox) {
        if self.has_sounded {
            return;
        }
        let Some(statistics) = RtpStatistics::of(message) else { return };
        self.has_sounded = true;
        out.items.push(Output::Statistics(self.id, statistics));
    }

    fn bye_answered(&mut self, status: u16) {
        if status >= 200
            && let State::Ending { branch, .. } = &mut self.state
        {
            *branch = None;
        }
    }

    /// Ends an answered call: BYE, or, while the ACK to our 2xx is missing, later (RFC 3261 §15).
    pub(super) fn hang_up(&mut self, shared: &mut Shared, now: Now, cause: Cause, out: &mut Outbox) {
        if let Some(awaiting) = &mut self.awaiting_ack {
            awaiting.release = Some(cause);
            return;
        }
        self.refuse_pending(shared, now, 487, out);
        self.refer_ended(shared, now, cause.sip_status(), out);
        if let Pending::Theirs(Carrier::Ack { cseq }) = self.pending {
            // The 2xx must be acknowledged before the BYE.
            self.pending = Pending::None;
            self.send_ack(shared, cseq, None, out);
        }
        let reason = |buffer: &mut Vec<u8>| write_reason(cause, buffer);
        let (branch, _) = self.send_request(shared, now, MethodKind::Bye, reason, None, out);
        if !matches!(self.change, Change::Ours { .. }) {
            self.change = Change::None;
        }
        self.session_timer.on(Input::Stop, now.mono);
        self.referring = None;
        (self.collecting, self.keys.telling) = (None, None);
        self.state = State::Ending { until: self.last_word(now.mono + GIVE_UP), branch: Some(branch) };
    }

    /// Nobody answered a request of ours, or its connection broke.
    pub(crate) fn unanswered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        method: MethodKind,
        branch: Branch,
        reason: ReleaseReason,
        out: &mut Outbox,
    ) {
        let cause = match reason {
            ReleaseReason::TransportFailed => Cause::DESTINATION_OUT_OF_ORDER,
            ReleaseReason::NoResponse
            | ReleaseReason::HungUp
            | ReleaseReason::Cancelled
            | ReleaseReason::Refused(_)
            | ReleaseReason::Unconfirmed
            | ReleaseReason::SessionExpired
            | ReleaseReason::ProtocolError => Cause::NO_USER_RESPONDING,
        };
        match (&self.state, method) {
            (_, MethodKind::Refer) => self.refer_answered(shared, now, branch, 408, out),
            (_, MethodKind::Subscribe) => {
                self.refer_answered(shared, now, branch, 408, out);
                self.collecting_answered(shared, now, branch, 408, None, out);
            }
            (_, MethodKind::Notify) => {
                self.notify_answered(shared, now, branch, 408, out);
                self.keys_told(shared, now, branch, 408, out);
                self.event_told(shared, now, branch, 408, out);
            }
            (State::Outgoing(_), MethodKind::Invite) => {
                self.refuse_pending(shared, now, 487, out);
                self.invite_failed(now, cause, reason, out);
            }
            (State::Ending { branch: Some(awaited), .. }, _) if *awaited == branch => {
                self.state = State::Ending { until: now.mono, branch: None };
            }
            // RFC 3261 §12.2.1.2: no response to a request in the dialog means that the peer is gone.
            (State::Established, MethodKind::Invite | MethodKind::Update) => {
                if matches!(self.change, Change::Ours { branch: ours, .. } if ours == branch) {
                    self.change = Change::None;
                }
                self.updates.retain(|update| update.0 != branch);
                self.hang_up(shared, now, cause, out);
                self.released(cause, reason, out);
            }
            (State::Incoming(_) | State::Outgoing(_) | State::Established | State::Ending { .. }, _) => {}
        }
        self.change_on(shared, now, out);
        self.rearm(shared);
    }
}
