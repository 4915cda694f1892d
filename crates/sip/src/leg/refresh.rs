//! The session timer of a leg (RFC 4028), and what answers to re-INVITE and UPDATE mean for it.

use strowger_base::leg::ReleaseReason;
use strowger_base::{Cause, Media, Now, SessionDescription, Signal};

use super::{Change, Leg, Pending, Purpose, Request, State, description_of, reason_cause};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::Message;
use crate::session_timer::machine::{Effect, Ended, Failure, Input};
use crate::session_timer::{self, Negotiated, TooSmall};
use crate::transaction::table::Branch;

impl Leg {
    /// What our 2xx to a re-INVITE or UPDATE will say about the timer; `None` when it was refused for it with 422.
    pub(super) fn session_asked(
        &mut self,
        shared: &mut Shared,
        now: Now,
        message: &Message<'_>,
        request: &Request,
        out: &mut Outbox,
    ) -> Option<Negotiated> {
        let asked = session_timer::Request::of(message);
        if let Err(refused) = asked.check() {
            let min_se = |buffer: &mut Vec<u8>| refused.write_headers(buffer);
            self.respond(shared, now, request, TooSmall::STATUS, min_se, None, out);
            return None;
        }
        self.session_timer.heard(message.min_se_seconds().unwrap_or(0));
        Some(asked.answer(shared.configuration.session_expires, self.session_timer.refresher()))
    }

    /// A 2xx of the peer to INVITE, re-INVITE or UPDATE sets the timer anew (RFC 4028 §7.2).
    pub(super) fn session_agreed(&mut self, shared: &Shared, now: Now, response: &Message<'_>) {
        let negotiated = session_timer::of_response(response, shared.configuration.session_expires);
        self.session_timer.start(negotiated, now.mono);
    }

    pub(super) fn session_timer_due(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        match self.session_timer.on(Input::Timer, now.mono) {
            Effect::None => {}
            Effect::Refresh | Effect::Again => self.modify(shared, now, Purpose::Refresh, out),
            Effect::End(_) => {
                let (cause, reason) = (Cause::RECOVERY_ON_TIMER_EXPIRY, ReleaseReason::SessionExpired);
                self.hang_up(shared, now, cause, out);
                self.released(cause, reason, out);
            }
        }
    }

    /// Accepts an UPDATE; one before the answer of the call starts no timer, the 2xx of the INVITE does.
    pub(super) fn accept_update(
        &mut self,
        shared: &mut Shared,
        now: Now,
        request: &Request,
        timer: Negotiated,
        body: Option<&SessionDescription>,
        out: &mut Outbox,
    ) {
        if matches!(self.state, State::Established) {
            self.session_timer.start(timer, now.mono);
        }
        // An UPDATE refreshes the target both ways, so Contact is mandatory (RFC 3311 §5.2).
        let mut extra = Vec::with_capacity(128);
        shared.write_contact(&request.flow, &self.dialog.contact_user, &mut extra);
        timer.write_response(&mut extra);
        self.respond(shared, now, request, 200, |buffer| buffer.extend_from_slice(&extra), body, out);
    }

    /// A response to an UPDATE of ours.
    pub(super) fn update_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        branch: Branch,
        status: u16,
        out: &mut Outbox,
    ) {
        if status < 200 {
            return;
        }
        let Some(position) = self.updates.iter().position(|update| update.0 == branch) else { return };
        let (_, purpose) = self.updates.swap_remove(position);
        let offered = matches!(purpose, Purpose::Offer(_)) && matches!(self.pending, Pending::Ours { .. });
        if offered {
            self.pending = Pending::None;
        }
        if status >= 300 {
            self.update_refused(shared, now, response, status, purpose, out);
            return;
        }
        self.retries = 0;
        self.dialog.refresh_target(response);
        if matches!(self.state, State::Established) {
            self.session_agreed(shared, now, response);
        }
        match description_of(response) {
            Some(answer) if offered => {
                self.received = Some(answer.clone());
                self.signal(Signal::Media(Media::Answer(answer)), out);
            }
            // RFC 3311 §5.1: the 2xx must carry the answer.
            None if offered => self.signal(Signal::MediaRefused(Cause::MANDATORY_IE_MISSING), out),
            Some(_) | None => {}
        }
    }

    fn update_refused(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        purpose: Purpose,
        out: &mut Outbox,
    ) {
        if matches!(status, 405 | 501) {
            // Its Allow said otherwise; a refresh goes by re-INVITE instead.
            self.takes_update = false;
            if matches!((&purpose, &self.state), (Purpose::Refresh, State::Established)) {
                self.modify(shared, now, purpose, out);
                return;
            }
        }
        self.change_refused(shared, now, response, status, purpose, out);
    }

    /// A re-INVITE or UPDATE of ours got a failure.
    pub(super) fn change_refused(
        &mut self,
        shared: &mut Shared,
        now: Now,
        response: &Message<'_>,
        status: u16,
        purpose: Purpose,
        out: &mut Outbox,
    ) {
        let failure = self.session_timer.failure(response, status);
        match self.session_timer.on(Input::Failed(failure), now.mono) {
            Effect::Refresh | Effect::Again => return self.modify(shared, now, purpose, out),
            // RFC 3261 §12.2.1.2: the peer has lost the dialog; or no interval is ever large enough for it.
            Effect::End(Ended::Gone | Ended::TooSmall | Ended::Expired) => {
                let cause = reason_cause(response).unwrap_or(Cause::from_sip_status(status));
                self.hang_up(shared, now, cause, out);
                self.released(cause, ReleaseReason::Refused(status), out);
                return;
            }
            Effect::None => {}
        }
        let established = matches!(self.state, State::Established);
        match purpose {
            Purpose::Offer(_) | Purpose::Request if !(established && status == 491) => {
                self.signal(Signal::MediaRefused(Cause::from_sip_status(status)), out);
            }
            Purpose::Offer(_)
            | Purpose::Request
            | Purpose::Refresh
            | Purpose::ShowParty(_)
            | Purpose::Realign
                if established && status == 491 && matches!(self.change, Change::None) =>
            {
                self.retry_later(shared, now, purpose, out);
            }
            // The session goes on; the refresher tries again.
            Purpose::Offer(_)
            | Purpose::Request
            | Purpose::Refresh
            | Purpose::ShowParty(_)
            | Purpose::Realign => {
                self.session_timer.on(Input::Failed(Failure::Other), now.mono);
            }
        }
    }
}
