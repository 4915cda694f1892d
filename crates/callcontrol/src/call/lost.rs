//! The relay of a call is gone although nobody closed it: the media worker failed, or its ports did.
//!
//! In an answered call with nothing open, the two sides are asked anew where they send, as parties are that were brought together: over another
//! relay where one is wanted or a transcoder is needed, or directly. Otherwise that is done as soon as nothing is
//! open, and the next offer waits for the other relay.

use strowger_base::journal::{Alarm, Decision, Entry, MediaNews};
use strowger_base::{Cause, LegId, Now};
use strowger_media::control::{PortId, Report};

use super::joining::{First, Joining};
use super::participant::{Owes, Stage};
use super::session::Begun;
use super::talking::Talking;
use super::{Call, State, Step};
use crate::exchange::Exchange;
use crate::io::Outbox;
use crate::relay::Relay;
use crate::shared::Shared;

impl Call {
    /// A port is closed; when it is the relay of this call, nobody wanted that.
    pub(crate) fn relay_lost(&mut self, now: Now, port: PortId, shared: &mut Shared, out: &mut Outbox) {
        let beside = self.facts.beside.ports().any(|carrier| carrier == port);
        if self.cast_lost(now, port, shared, out) || !(beside || self.facts.relay_port() == Some(port)) {
            return;
        }
        let is_opening = match self.facts.relay {
            _ if beside => self.facts.beside.is_being_opened(port),
            Relay::Opening(_) => true,
            Relay::None | Relay::Open(_) => false,
        };
        if is_opening {
            // Whoever waits for it shall not wait on.
            let report = Report::Failed { port, reason: CLOSED.into() };
            return self.relay(now, report, shared, out);
        }
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let translated = !beside && step.translates_at_device();
        if beside {
            step.carrier_is_lost(port);
        } else {
            step.relay_is_lost();
        }
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Talking(talking)
                if translated
                    && (step.facts.relay_losses > LOSSES_MAX || talking.is_without_transcoder(&mut step)) =>
            {
                talking.without_media(&mut step, Cause::RESOURCE_UNAVAILABLE)
            }
            State::Talking(talking) => talking.without_relay(&mut step),
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Ended) => other,
        };
    }
}

/// A device that translates and is lost more often than this in one call is not asked again: its two sides would be asked anew without end.
const LOSSES_MAX: u8 = 3;

impl Talking {
    /// A side said something: where a relay was lost meanwhile and nothing is open any more, both are asked anew.
    pub(super) fn recovered(self, step: &mut Step<'_>) -> State {
        if step.facts.relay_lost { self.without_relay(step) } else { State::Talking(self) }
    }

    /// Nothing translates any more for two that have no codec in common, and nothing else would.
    fn is_without_transcoder(&self, step: &mut Step<'_>) -> bool {
        let called = step.facts.rung_on(self.called()).cloned();
        called.is_some_and(|called| step.lacks_transcoder(&called))
    }

    fn without_relay(self, step: &mut Step<'_>) -> State {
        if self.joining.is_some() {
            // They have not been given to each other yet, so that both hear of another one.
            return self.prepare(step);
        }
        let called = self.called();
        let settled = self.session.exchange == Exchange::Settled && self.session.begun == Begun::Yes;
        let is_free = self.joining.is_none() && self.resumes.is_none() && step.facts.listening.is_none();
        if !settled || !is_free || step.facts.caller_stage != Stage::Up || step.waits_for_answer(called) {
            return State::Talking(self);
        }
        step.facts.relay_lost = false;
        Talking::join(step, called, Joining { called_owes: Owes::Nothing, first: First::Asked })
    }
}

impl Step<'_> {
    fn relay_is_lost(&mut self) {
        self.facts.relay = Relay::None;
        self.facts.relay_lost = true;
        self.facts.relay_losses = self.facts.relay_losses.saturating_add(1);
        self.close_carriers();
        self.give_back_transcoder();
        self.give_back_points();
        self.keys_untold();
        self.facts.pressing.relay_is_gone();
        self.shared.counters.relays_failed += 1;
        self.decide(None, Decision::Resource(MediaNews::RelayLost));
        let alarm = Alarm::RelayFailed { reason: CLOSED };
        self.out.journal(self.now, Some(self.facts.id), None, Entry::Alarm(alarm));
    }

    /// Whether another relay was asked for in place of one that was lost; what is offered now goes on when it is there.
    pub(super) fn opens_another_relay(&mut self, called: LegId) -> bool {
        self.facts.relay_lost && matches!(self.facts.relay, Relay::None) && self.open_relay(Some(called), &[])
    }
}

/// Why a relay is gone that was not to be closed.
pub(super) const CLOSED: &str = "the media worker closed it";
