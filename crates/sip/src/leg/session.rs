//! What happens in an established dialog, and between call set-up and answer: re-INVITE, UPDATE, BYE, INFO, REFER.

use std::time::Duration;

use strowger_base::leg::{Digit, ReleaseReason};
use strowger_base::net::Flow;
use strowger_base::{Cause, Media, Now, SessionDescription, Signal, limits};

use super::transfer::Replacement;
use super::uas::write_party;
use super::{
    Carrier, Change, Leg, Pending, Purpose, Request, State, description_of, reason_cause, write_reason,
};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::session_timer::machine::{Failure, Input};
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
        let until = match self.change {
            Change::Ours { .. } => now.mono + GIVE_UP,
            Change::None | Change::Theirs(..) | Change::Retry { .. } => now.mono,
        };
        self.state = State::Ending { until: self.last_word(until), branch: waits };
        let cause = reason_cause(bye).unwrap_or(Cause::NORMAL_CALL_CLEARING);
        self.released(cause, ReleaseReason::HungUp, out);
    }

    fn reinvite(
        &mut self,
        shared: &mut Shared,
        now: Now,
        invite: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        if matches!(self.change, Change::Theirs(..)) || !matches!(self.state, State::Established) {
            // RFC 3261 §14.2: an earlier INVITE of the same peer has no final response yet.
            let head = shared.head_of(invite, &flow, self.dialog.local_tag);
            let wait = |buffer: &mut Vec<u8>| buffer.extend_from_slice(b"Retry-After: 3\r\n");
            self.respond(shared, now, &Request { key, head, flow }, 500, wait, None, out);
            return;
        }
        let ours = matches!(self.change, Change::Ours { .. });
        if ours || self.awaiting_ack.is_some() || !matches!(self.pending, Pending::None) {
            // Two changes met (RFC 3261 §14.2).
            self.reply(shared, now, invite, key, flow, 491, out);
            return;
        }
        self.change = Change::None;
        let head = shared.head_of(invite, &flow, self.dialog.local_tag);
        let request = Request { key, head, flow };
        let Some(timer) = self.session_asked(shared, now, invite, &request, out) else { return };
        self.dialog.refresh_target(invite);
        shared.follow(&mut self.dialog, flow);
        let offer = description_of(invite);
        match (offer, self.sent.clone()) {
            (Some(offer), Some(sent)) if self.received.as_ref() == Some(&offer) => {
                // Nothing changes: a session refresh, answered without troubling the other leg (RFC 4028 §7.4).
                let cseq = invite.cseq_number();
                self.session_timer.start(timer, now.mono);
                self.accept_invite(shared, now, &request, cseq, Some(sent), out, |buffer, _| {
                    timer.write_response(buffer);
                });
            }
            (Some(offer), _) => {
                self.respond(shared, now, &request, 100, |_| (), None, out);
                self.received = Some(offer.clone());
                self.change = Change::Theirs(request, timer);
                self.pending = Pending::Theirs(Carrier::Response);
                self.signal(Signal::Media(Media::Offer(offer)), out);
            }
            // RFC 3261 §17.2.1: what waits for somebody else is answered 100 first, or it is sent again and again.
            (None, _) => {
                self.respond(shared, now, &request, 100, |_| (), None, out);
                self.change = Change::Theirs(request, timer);
                self.signal(Signal::MediaRequested, out);
            }
        }
    }

    fn update(
        &mut self,
        shared: &mut Shared,
        now: Now,
        update: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        let head = shared.head_of(update, &flow, self.dialog.local_tag);
        let request = Request { key, head, flow };
        let Some(timer) = self.session_asked(shared, now, update, &request, out) else { return };
        self.dialog.refresh_target(update);
        shared.follow(&mut self.dialog, flow);
        match (description_of(update), &self.pending) {
            (None, _) => self.accept_update(shared, now, &request, timer, None, out),
            (Some(offer), Pending::None) if self.received.as_ref() == Some(&offer) && self.sent.is_some() => {
                let sent = self.sent.clone();
                self.accept_update(shared, now, &request, timer, sent.as_ref(), out);
            }
            (Some(offer), Pending::None) => {
                self.received = Some(offer.clone());
                self.pending = Pending::Theirs(Carrier::Update(request, timer));
                self.signal(Signal::Media(Media::Offer(offer)), out);
            }
            // RFC 3311 §5.2: our own offer is open.
            (Some(_), Pending::Ours { .. }) => self.respond(shared, now, &request, 491, |_| (), None, out),
            // RFC 3311 §5.2: an earlier offer of the peer has no answer yet.
            (Some(_), Pending::Theirs(_)) => {
                let wait = |buffer: &mut Vec<u8>| buffer.extend_from_slice(b"Retry-After: 3\r\n");
                self.respond(shared, now, &request, 500, wait, None, out);
            }
        }
    }

    fn info(
        &mut self,
        shared: &mut Shared,
        now: Now,
        info: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        match digit_of(info) {
            Some(digit) => {
                self.reply(shared, now, info, key, flow, 200, out);
                self.signal(Signal::Digit(digit), out);
            }
            None if info.body().is_empty() => self.reply(shared, now, info, key, flow, 200, out),
            None => self.reply(shared, now, info, key, flow, 415, out),
        }
    }

    /// An offer or answer of call control outside ring and answer.
    pub(super) fn media(&mut self, shared: &mut Shared, now: Now, media: Media, out: &mut Outbox) {
        match media {
            Media::None => {}
            Media::Offer(description) => {
                if let Change::Theirs(..) = self.change {
                    self.accept_change(shared, now, description, true, out);
                } else {
                    self.modify(shared, now, Purpose::Offer(description), out);
                }
            }
            Media::Answer(description) => self.send_answer(shared, now, description, out),
        }
    }

    fn send_answer(&mut self, shared: &mut Shared, now: Now, answer: SessionDescription, out: &mut Outbox) {
        let Pending::Theirs(carrier) = std::mem::replace(&mut self.pending, Pending::None) else { return };
        self.sent = Some(answer.clone());
        match carrier {
            Carrier::FirstResponse => self.pending = Pending::Theirs(Carrier::FirstResponse),
            Carrier::Response => self.accept_change(shared, now, answer, false, out),
            Carrier::Ack { cseq } => self.send_ack(shared, cseq, Some(answer), out),
            Carrier::Update(request, timer) => {
                self.accept_update(shared, now, &request, timer, Some(&answer), out);
            }
            Carrier::Request(request) => {
                self.respond(shared, now, &request, 200, |_| (), Some(&answer), out);
            }
            Carrier::Prack { rseq, cseq, remote_tag } => {
                if remote_tag == self.dialog.remote_tag {
                    self.send_prack(shared, now, rseq, cseq, Some(&answer), out);
                }
            }
        }
    }

    /// Accepts the peer's re-INVITE with an answer, or with the offer that it asked for.
    fn accept_change(
        &mut self,
        shared: &mut Shared,
        now: Now,
        description: SessionDescription,
        offers: bool,
        out: &mut Outbox,
    ) {
        let Change::Theirs(request, timer) = std::mem::replace(&mut self.change, Change::None) else {
            return;
        };
        let cseq = self.dialog.remote_cseq.unwrap_or(0);
        if offers {
            self.pending = Pending::Ours { preview: None };
        }
        self.sent = Some(description.clone());
        self.session_timer.start(timer, now.mono);
        self.accept_invite(shared, now, &request, cseq, Some(description), out, |buffer, _| {
            timer.write_response(buffer);
        });
    }

    /// Call control refuses the peer's offer; the session stays as it was.
    pub(super) fn refuse_media(&mut self, shared: &mut Shared, now: Now, cause: Cause, out: &mut Outbox) {
        let status = cause.sip_status();
        match std::mem::replace(&mut self.pending, Pending::None) {
            Pending::Theirs(Carrier::FirstResponse) => {
                self.pending = Pending::Theirs(Carrier::FirstResponse);
            }
            Pending::Theirs(Carrier::Response) | Pending::None => {
                self.refuse_pending(shared, now, status, out)
            }
            Pending::Theirs(Carrier::Update(request, _) | Carrier::Request(request)) => {
                self.respond(shared, now, &request, status, |_| (), None, out);
            }
            // An ACK or PRACK cannot refuse; the call has no session any more (RFC 3261 §13.2.2.4).
            Pending::Theirs(Carrier::Ack { cseq }) => {
                self.send_ack(shared, cseq, None, out);
                self.hang_up(shared, now, cause, out);
                self.released(cause, ReleaseReason::ProtocolError, out);
            }
            Pending::Theirs(Carrier::Prack { .. }) => {
                self.cancel(shared, now, cause, out);
                self.released(cause, ReleaseReason::ProtocolError, out);
            }
            Pending::Ours { preview } => self.pending = Pending::Ours { preview },
        }
    }

    /// Ends whatever request of the peer still waits with a failure (RFC 3261 §15.1.2).
    fn refuse_pending(&mut self, shared: &mut Shared, now: Now, status: u16, out: &mut Outbox) {
        match std::mem::replace(&mut self.change, Change::None) {
            Change::Theirs(request, _) => {
                self.respond(shared, now, &request, status, |_| (), None, out);
                // A refresh of ours may have given way to it.
                self.session_timer.on(Input::Failed(Failure::Other), now.mono);
            }
            ours @ (Change::None | Change::Ours { .. } | Change::Retry { .. }) => self.change = ours,
        }
        match std::mem::replace(&mut self.pending, Pending::None) {
            Pending::Theirs(Carrier::Update(request, _) | Carrier::Request(request)) => {
                self.respond(shared, now, &request, status, |_| (), None, out);
            }
            other @ (Pending::None | Pending::Theirs(_) | Pending::Ours { .. }) => self.pending = other,
        }
        self.refuse_refer(shared, now, status, |_| (), out);
    }

    /// Begins a change of ours: a re-INVITE once the call is answered, an UPDATE before and for display only.
    pub(super) fn modify(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        let established = matches!(self.state, State::Established);
        let early = !established && self.takes_update && !self.dialog.remote_tag.is_empty();
        let blocked = !matches!(self.change, Change::None)
            || !matches!(self.pending, Pending::None)
            || self.awaiting_ack.is_some();
        let by_update = match &purpose {
            Purpose::Offer(_) => early,
            Purpose::Request | Purpose::Realign => false,
            Purpose::Refresh | Purpose::ShowParty(_) => self.takes_update,
        };
        if by_update && matches!(purpose, Purpose::Refresh | Purpose::ShowParty(_)) {
            self.send_update(shared, now, purpose, out);
        } else if blocked && established {
            match (&self.change, &purpose) {
                (Change::None | Change::Retry { .. }, _) => self.retry_later(shared, now, purpose, out),
                // Another change is under way: it refreshes the session when it succeeds.
                (
                    Change::Theirs(..) | Change::Ours { .. },
                    Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign,
                ) => {
                    self.session_timer.on(Input::Failed(Failure::Other), now.mono);
                }
                // An offer cannot cross it.
                (Change::Theirs(..) | Change::Ours { .. }, Purpose::Offer(_) | Purpose::Request) => {
                    self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
                }
            }
        } else if by_update && !blocked {
            self.send_update(shared, now, purpose, out);
        } else if established {
            self.send_reinvite(shared, now, purpose, out);
        } else if matches!(purpose, Purpose::Offer(_) | Purpose::Request) {
            // Before the answer a device that takes no UPDATE cannot be offered anything new.
            self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
        }
    }

    fn send_update(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        let body = match &purpose {
            Purpose::Offer(description) => Some(description.clone()),
            Purpose::Request | Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign => None,
        };
        if let Some(description) = &body {
            self.pending = Pending::Ours { preview: None };
            self.sent = Some(description.clone());
        }
        let mut extra = Vec::with_capacity(128);
        extra.extend_from_slice(b"Supported: timer\r\n");
        if let Purpose::ShowParty(party) = &purpose {
            write_party(b"P-Asserted-Identity", party, shared, &mut extra);
        }
        self.session_timer.write_refresh(&mut extra);
        let write_extra = |buffer: &mut Vec<u8>| buffer.extend_from_slice(&extra);
        let (branch, _) = self.send_request(shared, now, MethodKind::Update, write_extra, body.as_ref(), out);
        self.updates.push((branch, purpose));
    }

    fn send_reinvite(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        let body = match &purpose {
            Purpose::Offer(description) => Some(description.clone()),
            Purpose::Request => None,
            Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign => self.sent.clone(),
        };
        if let Some(description) = &body {
            self.pending = Pending::Ours { preview: None };
            self.sent = Some(description.clone());
        }
        let mut extra = Vec::with_capacity(256);
        super::write_abilities(&mut extra);
        extra.extend_from_slice(b"Supported: timer\r\n");
        if let Purpose::ShowParty(party) = &purpose {
            write_party(b"P-Asserted-Identity", party, shared, &mut extra);
        }
        self.session_timer.write_refresh(&mut extra);
        let write_extra = |buffer: &mut Vec<u8>| buffer.extend_from_slice(&extra);
        let (branch, cseq) =
            self.send_request(shared, now, MethodKind::Invite, write_extra, body.as_ref(), out);
        self.change = Change::Ours { branch, cseq, purpose };
    }

    /// RFC 3261 §14.1: the side that made the Call-ID waits 2.1 to 4 s, the other up to 2 s, in steps of 10 ms.
    pub(super) fn retry_later(&mut self, shared: &mut Shared, now: Now, purpose: Purpose, out: &mut Outbox) {
        if let Change::Retry { purpose: waiting, .. } = &self.change
            && matches!(waiting, Purpose::Offer(_) | Purpose::Request)
        {
            if !matches!(purpose, Purpose::Offer(_) | Purpose::Request) {
                // What waits refreshes and shows just as well.
                return;
            }
            // Whoever made the offer that is overtaken is told, or it would wait for its answer for ever.
            self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
        }
        self.retries += 1;
        if self.retries > limits::CHANGE_RETRIES {
            self.retries = 0;
            match purpose {
                Purpose::Offer(_) | Purpose::Request => {
                    self.signal(Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE), out);
                }
                Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign => {
                    self.session_timer.on(Input::Failed(Failure::Other), now.mono);
                }
            }
            return;
        }
        let ours = self.dialog.call_id.ends_with(&*shared.call_id_suffix);
        let steps = if ours { 210 + shared.rng.below(191) } else { shared.rng.below(201) };
        self.change = Change::Retry { at: now.mono + Duration::from_millis(steps * 10), purpose };
    }

    /// The time to try a change again has come.
    pub(super) fn retry_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        match std::mem::replace(&mut self.change, Change::None) {
            Change::Retry { at, purpose } if at <= now.mono => self.modify(shared, now, purpose, out),
            other => self.change = other,
        }
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
            MethodKind::Bye => self.bye_answered(status),
            MethodKind::Update => self.update_answered(shared, now, response, branch, status, out),
            MethodKind::Notify => self.notify_answered(shared, now, branch, status, out),
            MethodKind::Refer | MethodKind::Subscribe => {
                self.refer_answered(shared, now, branch, status, out);
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

    /// A response to our re-INVITE.
    fn change_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        out: &mut Outbox,
    ) {
        if status < 200 {
            return;
        }
        let Change::Ours { cseq, purpose, .. } = std::mem::replace(&mut self.change, Change::None) else {
            return;
        };
        if matches!(self.state, State::Ending { .. }) {
            // The call is over already; a 2xx that crossed our BYE is acknowledged all the same.
            if status < 300 {
                self.send_ack(shared, cseq, None, out);
            }
            return;
        }
        let pending = std::mem::replace(&mut self.pending, Pending::None);
        if status >= 300 {
            self.change_refused(shared, now, response, status, purpose, out);
            return;
        }
        self.retries = 0;
        self.dialog.refresh_target(response);
        self.session_agreed(shared, now, response);
        match (pending, description_of(response)) {
            (Pending::Ours { .. }, Some(answer)) => {
                self.send_ack(shared, cseq, None, out);
                let changed = self.received.as_ref() != Some(&answer);
                self.received = Some(answer.clone());
                match purpose {
                    Purpose::Offer(_) => self.signal(Signal::Media(Media::Answer(answer)), out),
                    Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign if changed => {
                        // The answer to a refresh moved something; the other leg is told as if it were offered.
                        self.signal(Signal::Media(Media::Answer(answer)), out);
                    }
                    Purpose::Refresh | Purpose::ShowParty(_) | Purpose::Realign | Purpose::Request => {}
                }
            }
            (Pending::Ours { .. }, None) => {
                self.send_ack(shared, cseq, None, out);
                self.signal(Signal::MediaRefused(Cause::MANDATORY_IE_MISSING), out);
            }
            (Pending::None | Pending::Theirs(_), Some(offer)) => {
                self.received = Some(offer.clone());
                self.pending = Pending::Theirs(Carrier::Ack { cseq });
                self.signal(Signal::Media(Media::Offer(offer)), out);
            }
            (Pending::None | Pending::Theirs(_), None) => {
                self.send_ack(shared, cseq, None, out);
                self.signal(Signal::MediaRefused(Cause::MANDATORY_IE_MISSING), out);
            }
        }
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
            (_, MethodKind::Refer | MethodKind::Subscribe) => {
                self.refer_answered(shared, now, branch, 408, out);
            }
            (_, MethodKind::Notify) => self.notify_answered(shared, now, branch, 408, out),
            (State::Outgoing(_), MethodKind::Invite) => self.invite_failed(now, cause, reason, out),
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
        self.rearm(shared);
    }
}

/// The digit of an INFO, in the two forms that phones send.
fn digit_of(info: &Message<'_>) -> Option<Digit> {
    let text = std::str::from_utf8(info.body()).ok()?;
    if info.content_type_is("application/dtmf") {
        return digit(text.trim(), 0);
    }
    if !info.content_type_is("application/dtmf-relay") {
        return None;
    }
    let field = |name: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find_map(|(key, value)| key.trim().eq_ignore_ascii_case(name).then(|| value.trim()))
    };
    let duration = field("Duration").and_then(|value| value.parse().ok()).unwrap_or(0);
    digit(field("Signal")?, duration)
}

fn digit(text: &str, duration_ms: u16) -> Option<Digit> {
    let key = match text {
        "10" => '*',
        "11" => '#',
        _ => text.chars().next().filter(|key| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D'))?,
    };
    Some(Digit { key, duration_ms })
}
