//! The number asks for a feature: the call waits for what that makes of it, which is within the same input.

use strowger_base::Now;
use strowger_base::feature::{FeatureCode, FeatureNumber};
use strowger_base::journal::{Decision, WhyFeatureRefused, WhyRefused};
use strowger_base::leg::{Service, Signal, Target};

use super::{Call, State, Step, dialing, setup};
use crate::io::Outbox;
use crate::shared::{Asked, Shared};

/// What a caller asks for by a number or by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    pub(crate) code: FeatureCode,
    /// The configured object that the number belongs to; empty when it is none of an object's.
    pub(crate) object: Box<str>,
    /// What was dialled behind the code, or the whole number where that is the argument.
    pub(crate) argument: Box<str>,
    /// With what it was asked for.
    pub(crate) by: AskedBy,
}

/// With what somebody asks for a feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AskedBy {
    /// A number, a name, or a key that has no other meaning.
    Number,
    /// The key of a line, which calls where there is nothing to be asked for.
    LineKey,
}

impl Wanted {
    /// What a number asks for.
    pub(super) fn by(row: &FeatureNumber, number: &str) -> Self {
        Wanted {
            code: row.code,
            object: row.object.clone(),
            argument: row.argument(number).into(),
            by: AskedBy::Number,
        }
    }
}

/// A call that waits for a feature.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) wanted: Wanted,
}

impl Asking {
    /// The call asks for this; `features::wanted` answers before the input is done with.
    pub(super) fn begin(step: &mut Step<'_>, wanted: Wanted) -> State {
        step.shared.asked.push_back(Asked::Feature { call: step.facts.id });
        State::Asking(Asking { wanted })
    }

    /// Only the caller is there to tell something.
    pub(super) fn signal(self, step: &mut Step<'_>, signal: Signal) -> State {
        match step.before_ringing(signal) {
            Some(ended) => ended,
            None => State::Asking(self),
        }
    }
}

impl Call {
    /// What it waits for, when it asks for a feature.
    pub(crate) const fn wanted(&self) -> Option<&Wanted> {
        match &self.state {
            State::Asking(asking) => Some(&asking.wanted),
            State::Dialing(_)
            | State::Authorizing(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended => None,
        }
    }

    /// What whoever asks wanted is done: the confirmation tone is heard.
    pub(crate) fn confirm_feature(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let Some(feature) = self.wanted().map(|wanted| wanted.code.word()) else { return };
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let text = step.facts.confirms.clone().unwrap_or_default();
        step.decide(None, Decision::FeatureDone { feature, text: &text });
        self.state = dialing::alone(&mut step, Target::Service(Service::Confirmation));
    }

    /// The caller asked for one of its speed dials: the call goes on with that number.
    pub(crate) fn dial_speed_dial(&mut self, now: Now, number: &str, shared: &mut Shared, out: &mut Outbox) {
        let Some(feature) = self.wanted().map(|wanted| wanted.code.word()) else { return };
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        step.decide(None, Decision::FeatureDone { feature, text: number });
        (step.facts.called, step.facts.called_unseen) = (number.into(), true);
        self.state = dialing::from_speed_dial(&mut step);
    }

    /// The key of a line was pressed, and there is nothing that it asks for: the call goes on with what was dialled.
    pub(crate) fn dial_after_all(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = setup::dial_as(&mut step);
    }

    /// Whoever asks does not get the feature.
    pub(crate) fn refuse_feature(
        &mut self,
        now: Now,
        why: WhyFeatureRefused<'_>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let Some(feature) = self.wanted().map(|wanted| wanted.code.word()) else { return };
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = step.refuse(why.cause(), WhyRefused::Feature { feature, why });
    }
}
