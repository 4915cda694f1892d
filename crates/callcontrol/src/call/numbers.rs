//! Numbers of others: what a trunk brings is put into the plan's form, and what a pattern says about presentation is obeyed.

use std::borrow::Cow;
use std::sync::Arc;

use strowger_base::journal::{self, Decision, NumberRole};
use strowger_base::leg::{self, Origin, Party};
use strowger_dialplan::normalise::{Normalised, NormalisedBy, NumberType};
use strowger_dialplan::{Presentation, Presented};

use super::Step;
use super::seen::Look;

impl Step<'_> {
    /// Puts the calling number of a trunk into the plan's form, before anything is decided by it.
    pub(super) fn normalise_calling(&mut self) {
        let mut calling = std::mem::take(&mut self.facts.calling);
        self.normalise(NumberRole::Calling, &mut calling);
        self.facts.calling = calling;
    }

    /// The called number as digit analysis takes it; what was asked for stays on the record.
    pub(super) fn normalised_called(&mut self) -> Box<str> {
        let mut called = Party { number: self.facts.called.clone(), ..Party::default() };
        self.normalise(NumberRole::Called, &mut called);
        called.number
    }

    /// What was asked for as digit analysis would take it; not written down.
    pub(super) fn called_in_plan_form(&self) -> Box<str> {
        self.normalised_so_far().into()
    }

    /// How many characters of what was asked for so far digit analysis has.
    pub(super) fn normalised_length(&self) -> usize {
        self.normalised_so_far().len()
    }

    /// The digits that a longer number has beyond those that digit analysis has already.
    pub(super) fn normalised_beyond(&self, known: usize) -> Box<str> {
        self.normalised_so_far().get(known..).unwrap_or_default().into()
    }

    /// A number that still grows: transformation patterns have no part in it, which configuration sees to.
    fn normalised_so_far(&self) -> Cow<'_, str> {
        let called = &*self.facts.called;
        let Origin::Trunk(name) = &self.facts.origin else { return Cow::Borrowed(called) };
        let trunk = self.shared.configuration.trunks.get(name);
        trunk.map_or(Cow::Borrowed(called), |trunk| trunk.in_plan_form(NumberRole::Called, called).number)
    }

    /// Applies what the settings of the call's trunk say of a number that it brought; lines are known by their own.
    fn normalise(&mut self, role: NumberRole, party: &mut Party) {
        let Origin::Trunk(name) = &self.facts.origin else { return };
        let configuration = Arc::clone(&self.shared.configuration);
        let Some(trunk) = configuration.trunks.get(name) else { return };
        let came = party.number.clone();
        let normalised = trunk.in_plan_form(role, &came);
        self.tell_normalised(role, &came, &normalised);
        party.number = normalised.number.into();
        if let Some(space) = normalised.space {
            let zone = trunk.caller.zone.as_ref();
            let look = Look { leg: self.facts.caller, role, space, zone, external_mask: None };
            self.look(&configuration, &look, party);
        }
    }

    fn tell_normalised(&mut self, role: NumberRole, before: &str, normalised: &Normalised<'_>) {
        let by = match normalised.why {
            NormalisedBy::Trunk => journal::NormalisedBy::Trunk,
            NormalisedBy::DevicePool => journal::NormalisedBy::DevicePool,
            NormalisedBy::Nobody | NormalisedBy::NoNumber => return,
        };
        let after: &str = &normalised.number;
        let number_type = match NumberType::in_sip(before) {
            NumberType::National => journal::NumberType::National,
            NumberType::International => journal::NumberType::International,
            NumberType::Subscriber => journal::NumberType::Subscriber,
            NumberType::Unknown => journal::NumberType::Unknown,
        };
        if after != before {
            self.decide(None, Decision::NumberNormalised { role, number_type, before, after, by });
        }
    }
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
