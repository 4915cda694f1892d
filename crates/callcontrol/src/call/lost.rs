//! The relay of a call is gone although nobody closed it: the media worker failed, or its ports did.
//!
//! In an answered call with nothing open, the two sides are asked anew where they send, as parties are that were brought together: over another
//! relay where one is wanted or a transcoder is needed, or directly. Otherwise the next offer does that.

use strowger_base::Now;
use strowger_base::journal::{Alarm, Decision, Entry, MediaNews};
use strowger_media::control::PortId;

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
        if self.facts.relay_port() != Some(port) {
            return;
        }
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        step.relay_is_lost();
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
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

impl Talking {
    fn without_relay(self, step: &mut Step<'_>) -> State {
        let called = self.called();
        let settled = self.session.exchange == Exchange::Settled && self.session.begun == Begun::Yes;
        let is_free = self.joining.is_none() && self.resumes.is_none() && step.facts.listening.is_none();
        if !settled || !is_free || step.facts.caller_stage != Stage::Up || step.waits_for_answer(called) {
            return State::Talking(self);
        }
        Talking::join(step, called, Joining { called_owes: Owes::Nothing, first: First::Asked })
    }
}

impl Step<'_> {
    fn relay_is_lost(&mut self) {
        self.facts.relay = Relay::None;
        self.give_back_transcoder();
        self.give_back_points();
        self.keys_untold();
        self.facts.pressing.relay_is_gone();
        self.shared.counters.relays_failed += 1;
        self.decide(None, Decision::Resource(MediaNews::RelayLost));
        let alarm = Alarm::RelayFailed { reason: "the media worker closed it" };
        self.out.journal(self.now, Some(self.facts.id), None, Entry::Alarm(alarm));
    }
}
