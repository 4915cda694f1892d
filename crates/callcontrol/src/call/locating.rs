//! The call waits for the phones of the line.

use std::time::Duration;

use strowger_base::Cause;
use strowger_base::journal::{Decision, WhyRefused};
use strowger_base::leg::{Signal, Target};

use super::{Opening, State, Step};
use crate::io::{Contact, Reach};

/// The number leads to a line whose phones are being looked up.
pub(super) struct Locating {
    /// How long the phones of the line ring.
    no_answer: Duration,
}

impl Locating {
    pub(super) const fn new(no_answer: Duration) -> Self {
        Locating { no_answer }
    }

    pub(super) fn located(self, step: &mut Step<'_>, contacts: &[Contact]) -> State {
        let line = step.facts.line.clone().unwrap_or_default();
        step.decide(None, Decision::PhonesFound { line: &line, phones: contacts.len() as u32 });
        if contacts.is_empty() {
            return step.refuse(Cause::SUBSCRIBER_ABSENT, WhyRefused::NotRegistered { line: &line });
        }
        let targets = contacts
            .iter()
            .map(|contact| Target::Phone { line: line.clone(), binding: contact.binding })
            .collect();
        let hidden = contacts.iter().any(|contact| contact.reach == Reach::BehindNat);
        let reach = if hidden { Reach::BehindNat } else { Reach::Direct };
        Opening::prepare(step, targets, self.no_answer, reach)
    }

    /// Only the caller is there to tell something.
    pub(super) fn signal(self, step: &mut Step<'_>, signal: Signal) -> State {
        match step.before_ringing(signal) {
            Some(ended) => ended,
            None => State::Locating(self),
        }
    }
}
