//! The session timer of a leg (RFC 4028).

use strowger_base::leg::ReleaseReason;
use strowger_base::{Cause, Now};

use super::{Leg, Purpose, Request};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::Message;
use crate::session_timer::machine::{Effect, Input};
use crate::session_timer::{self, Negotiated, TooSmall};

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
}
