//! The deadlines of a leg: repeated answers, reliable responses, the session timer, retries, the end.

use strowger_base::leg::ReleaseReason;
use strowger_base::{Cause, Instant, Now};

use super::{Change, Leg, State};
use crate::core::Shared;
use crate::io::Outbox;
use crate::transaction::T2;

impl Leg {
    /// The earliest of the leg's deadlines.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let state = match &self.state {
            State::Incoming(incoming) => incoming.outbound.deadline(),
            State::Ending { until, .. } => Some(*until),
            State::Outgoing(outgoing) => outgoing.give_up,
            State::Established => None,
        };
        let ack = self.awaiting_ack.as_ref().map(|awaiting| awaiting.next.min(awaiting.give_up));
        let change = match &self.change {
            Change::Retry { at, .. } => Some(*at),
            Change::None | Change::Theirs(..) | Change::Ours { .. } => None,
        };
        let referral = self.referral.deadline();
        let referring = self.referring.as_ref().and_then(|referring| referring.deadline());
        let collecting = self.collecting.as_ref().and_then(|collecting| collecting.deadline());
        let telling = self.keys.telling.as_ref().and_then(|telling| telling.deadline());
        [state, ack, change, self.session_timer.deadline(), referral, referring, collecting, telling]
            .into_iter()
            .flatten()
            .min()
    }

    /// The leg's timer fired.
    pub(crate) fn timeout(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        self.timer = None;
        self.deadline = None;
        self.reliable_timer(shared, now, out);
        self.cancel_timer(shared, now);
        self.ack_timer(shared, now, out);
        self.retry_timer(shared, now, out);
        self.session_timer_due(shared, now, out);
        self.refer_timer(shared, now, out);
        self.referring_timer(shared, now, out);
        self.collecting_timer(shared, now, out);
        self.telling_timer(shared, now, out);
        self.change_on(shared, now, out);
        self.rearm(shared);
    }

    /// Repeats our 2xx until its ACK comes (RFC 3261 §13.3.1.4).
    fn ack_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let Some(awaiting) = &mut self.awaiting_ack else { return };
        if awaiting.give_up <= now.mono {
            let cause = awaiting.release.unwrap_or(Cause::RECOVERY_ON_TIMER_EXPIRY);
            self.awaiting_ack = None;
            self.hang_up(shared, now, cause, out);
            self.released(cause, ReleaseReason::Unconfirmed, out);
            return;
        }
        if awaiting.next <= now.mono {
            awaiting.interval = (awaiting.interval * 2).min(T2);
            awaiting.next = now.mono + awaiting.interval;
            let flow = awaiting.flow;
            let bytes = out.arena.append(&awaiting.bytes);
            shared.transmit(flow, bytes, self.journal(), out);
        }
    }
}
