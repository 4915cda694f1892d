//! Numbers of others: what a trunk brings is put into the plan's form, and what a pattern says about presentation is obeyed.

use std::borrow::Cow;

use strowger_base::journal::{self, Decision, NumberRole};
use strowger_base::leg::{self, Origin, Party};
use strowger_dialplan::normalise::{Normalised, NormalisedBy, NumberType};
use strowger_dialplan::{Presentation, Presented};

use super::Step;

impl Step<'_> {
    /// Puts the calling number of a trunk into the plan's form, before anything is decided by it.
    pub(super) fn normalise_calling(&mut self) {
        let number = self.facts.calling.number.clone();
        let normalised = in_plan_form(self, NumberRole::Calling, &number);
        if let Some(journal) = self.tell_normalised(NumberRole::Calling, &number, &normalised) {
            self.facts.calling.number = journal;
        }
    }

    /// The called number as digit analysis takes it; what was asked for stays on the record.
    pub(super) fn normalised_called(&mut self) -> Box<str> {
        let number = self.facts.called.clone();
        let normalised = in_plan_form(self, NumberRole::Called, &number);
        self.tell_normalised(NumberRole::Called, &number, &normalised).unwrap_or(number)
    }

    /// What was asked for as digit analysis would take it; not written down.
    pub(super) fn called_in_plan_form(&self) -> Box<str> {
        in_plan_form(self, NumberRole::Called, &self.facts.called).number.into()
    }

    /// How many characters of what was asked for so far digit analysis has.
    pub(super) fn normalised_length(&self) -> usize {
        in_plan_form(self, NumberRole::Called, &self.facts.called).number.len()
    }

    /// The digits that a longer number has beyond those that digit analysis has already.
    pub(super) fn normalised_beyond(&self, known: usize) -> Box<str> {
        let normalised = in_plan_form(self, NumberRole::Called, &self.facts.called);
        normalised.number.get(known..).unwrap_or_default().into()
    }

    /// Writes down what changed; the new number, when it did.
    fn tell_normalised(
        &mut self,
        role: NumberRole,
        before: &str,
        normalised: &Normalised<'_>,
    ) -> Option<Box<str>> {
        let by = match normalised.why {
            NormalisedBy::Trunk => journal::NormalisedBy::Trunk,
            NormalisedBy::DevicePool => journal::NormalisedBy::DevicePool,
            NormalisedBy::Nobody | NormalisedBy::NoNumber => return None,
        };
        let after: &str = &normalised.number;
        if after == before {
            return None;
        }
        let number_type = match NumberType::in_sip(before) {
            NumberType::National => journal::NumberType::National,
            NumberType::International => journal::NumberType::International,
            NumberType::Subscriber => journal::NumberType::Subscriber,
            NumberType::Unknown => journal::NumberType::Unknown,
        };
        self.decide(None, Decision::NumberNormalised { role, number_type, before, after, by });
        Some(after.into())
    }
}

/// What the settings of the call's trunk make of a number; lines are known by their own.
fn in_plan_form<'n>(step: &Step<'_>, role: NumberRole, number: &'n str) -> Normalised<'n> {
    let untouched = Normalised { number: Cow::Borrowed(number), why: NormalisedBy::Nobody };
    let Origin::Trunk(name) = &step.facts.origin else { return untouched };
    let trunk = step.shared.configuration.trunks.get(name);
    trunk.map_or(untouched, |trunk| trunk.in_plan_form(role, number))
}

/// What is shown of who calls, after the patterns that the call went through have said theirs. `party` is who calls before
/// any of them.
///
/// SIP keeps number and name back together, so that a name cannot be shown without its number; a number can be without its
/// name.
pub(super) fn presented(party: &mut Party, presented: &Presented) {
    let came = match party.presentation {
        leg::Presentation::Allowed => Presentation::Allowed,
        leg::Presentation::Restricted => Presentation::Restricted,
    };
    party.presentation = match came.changed(presented.number_presentation) {
        Presentation::Default | Presentation::Allowed => leg::Presentation::Allowed,
        Presentation::Restricted => leg::Presentation::Restricted,
    };
    if came.changed(presented.name_presentation) == Presentation::Restricted
        && party.presentation == leg::Presentation::Allowed
    {
        party.name = Box::default();
    }
}
