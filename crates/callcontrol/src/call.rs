//! One call: a conversation of two parties, from the wish for it to its final record.
//!
//! [`Facts`] is what holds in every state; each state is a struct of its own in a file of its own, which takes
//! itself and returns the next state.

mod admitting;
mod announcing;
mod asking;
mod authorizing;
mod beside;
mod between;
mod blocking;
mod calling_back;
mod dialing;
mod diverting;
mod early;
mod elsewhere;
mod facts;
mod holding;
mod intercom;
mod joined;
mod joining;
mod key_ways;
mod known;
mod listening;
mod locating;
mod lost;
mod matching;
mod mismatch;
mod numbers;
mod opening;
mod own_keys;
mod paging;
mod parked;
mod participant;
mod permitting;
mod pressing;
mod record;
mod recorded;
mod ring;
mod ringing;
mod seating;
mod securing;
mod seen;
mod session;
mod setup;
mod step;
mod stopping;
mod taking;
mod talking;
mod told;
mod tone_keys;
mod transcoding;
mod video;
mod way;

use strowger_base::leg::{Setup, Signal};
use strowger_base::{LegId, LineName, Now};
use strowger_media::control::Report;

use crate::io::{Contact, Outbox};
use crate::shared::Shared;
use asking::Asking;
pub(crate) use asking::{AskedBy, Wanted};
use authorizing::Authorizing;
use dialing::Dialing;
pub(crate) use diverting::Divert;
use facts::{Apart, Progress, Rung};
pub(crate) use facts::{Facts, Transfer, Transferring};
pub(crate) use joined::TakingOver;
use locating::Locating;
pub(crate) use matching::{Match, Standing};
use opening::Opening;
pub(crate) use paging::Page;
use parked::Parked;
pub(crate) use parked::Place;
pub(crate) use participant::{Device, Participant, conversation_of};
pub(crate) use recorded::{Recorded, RecordedCall, Sealing};
use ringing::Ringing;
pub(crate) use seating::{Seating, conference_party};
pub(crate) use step::Step;
pub(crate) use stopping::Stopped;
pub(crate) use taking::Taking;
use talking::Talking;
pub(crate) use told::told;
pub(crate) use transcoding::is_about_codecs;
pub use way::TrunkList;

/// A call.
pub(crate) struct Call {
    pub(crate) facts: Facts,
    state: State,
}

/// Where it stands.
enum State {
    /// The number is analysed, or more of it is awaited.
    Dialing(Dialing),
    /// The number's way is known; codes are awaited.
    Authorizing(Authorizing),
    /// The number asks for a feature, which decides what becomes of the call.
    Asking(Asking),
    /// The party waits at a number.
    Parked(Parked),
    /// The number leads to lines whose phones are being looked up.
    Locating(Locating),
    /// The phones are known; the relay is not there yet.
    Opening(Opening),
    /// Something was rung.
    Ringing(Ringing),
    /// Answered.
    Talking(Talking),
    /// Over; what is left of it is its record.
    Ended,
}

impl Call {
    /// Begins a call; it may be over at once.
    pub(crate) fn begin(
        now: Now,
        caller: LegId,
        setup: Setup,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Self {
        let (mut facts, wish) = Facts::new(now, caller, setup, shared);
        let mut step = Step { now, facts: &mut facts, shared, out };
        let state = setup::begin(&mut step, wish);
        Call { facts, state }
    }

    /// Whether a wish for a call goes on with the number that is dialled here.
    pub(crate) fn goes_on_with(&self, setup: &Setup) -> bool {
        match &self.state {
            State::Dialing(_) => Dialing::goes_on_with(&self.facts, setup),
            State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended => false,
        }
    }

    /// The device asks again with a longer number.
    pub(crate) fn asked_again(
        &mut self,
        now: Now,
        leg: LegId,
        setup: Setup,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Dialing(state) => state.asked_again(&mut step, leg, setup),
            other @ (State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended) => other,
        };
    }

    pub(crate) fn signal(
        &mut self,
        now: Now,
        leg: LegId,
        signal: Signal,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let Some(signal) = self.page_told(now, leg, signal, shared, out) else { return };
        let service = self.facts.listening.as_ref().is_some_and(|listening| listening.leg() == leg);
        if !service {
            told(now, self.facts.id, leg, &signal, out);
        }
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        if service {
            step.sound_told(signal);
            let state = std::mem::replace(&mut self.state, State::Ended);
            self.state = match state {
                State::Talking(talking) => talking.listened(&mut step),
                other @ (State::Dialing(_)
                | State::Authorizing(_)
                | State::Asking(_)
                | State::Parked(_)
                | State::Locating(_)
                | State::Opening(_)
                | State::Ringing(_)
                | State::Ended) => other,
            };
            return;
        }
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Dialing(state) => state.signal(&mut step, signal),
            State::Authorizing(state) => state.signal(&mut step, signal),
            State::Asking(state) => state.signal(&mut step, signal),
            State::Parked(state) => state.signal(&mut step, signal),
            State::Locating(state) => state.signal(&mut step, signal),
            State::Opening(state) => state.signal(&mut step, signal),
            State::Ringing(state) => state.signal(&mut step, leg, signal),
            State::Talking(state) => state.signal(&mut step, leg, signal),
            State::Ended => State::Ended,
        };
    }

    pub(crate) fn located(
        &mut self,
        now: Now,
        (line, contacts): (&LineName, &[Contact]),
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        if self.page_located(now, (line, contacts), shared, out) {
            return;
        }
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Locating(state) => state.located(&mut step, line, contacts),
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended) => other,
        };
    }

    pub(crate) fn relay(&mut self, now: Now, report: Report, shared: &mut Shared, out: &mut Outbox) {
        let Some(report) = self.page_reported(now, report, shared, out) else { return };
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Opening(state) => state.report(&mut step, report),
            State::Talking(state) => state.report(&mut step, &report),
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Ringing(_)
            | State::Ended) => other,
        };
    }

    pub(crate) fn timeout(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        self.facts.timer = None;
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Dialing(state) => state.timeout(&mut step),
            State::Authorizing(state) => state.timeout(&mut step),
            State::Parked(state) => state.timeout(&mut step),
            State::Opening(state) => state.timeout(&mut step),
            State::Ringing(state) => state.timeout(&mut step),
            State::Talking(state) => state.timeout(&mut step),
            other @ (State::Asking(_) | State::Locating(_) | State::Ended) => other,
        };
    }

    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Whether it waits for the phones of a line.
    pub(crate) const fn is_locating(&self) -> bool {
        matches!(self.state, State::Locating(_))
    }

    pub(crate) fn phase(&self) -> Phase {
        match &self.state {
            State::Dialing(_) if !self.facts.was_sent_on() => Phase::Dialing,
            State::Authorizing(_) => Phase::Dialing,
            State::Parked(_) => Phase::Parked,
            State::Dialing(_) | State::Asking(_) | State::Locating(_) | State::Opening(_) => {
                Phase::Proceeding
            }
            State::Ringing(_) if self.facts.alerted_at.is_some() => Phase::Alerting,
            State::Ringing(_) => Phase::Proceeding,
            State::Talking(state) if state.is_held() => Phase::Held,
            State::Talking(_) => Phase::Talking,
            State::Ended => Phase::Ended,
        }
    }
}

/// Where a call stands, for who looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Digits are awaited.
    Dialing,
    /// Nothing alerts yet.
    Proceeding,
    /// A phone rings.
    Alerting,
    /// Both talk.
    Talking,
    /// One side holds the other.
    Held,
    /// A party waits at a number.
    Parked,
    /// It is over.
    Ended,
}
