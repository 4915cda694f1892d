//! Numbers that trunks bring.

use std::borrow::Cow;

use strowger_base::journal::NumberRole;
use strowger_dialplan::normalise::{
    ByNumberType, IncomingRule, IncomingSetting, Normalised, NormalisedBy, NumberType, normalise,
};

use super::Trunk;

/// How the numbers that a trunk brings become the plan's, by their type.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IncomingNumbers {
    /// Who calls.
    pub calling: ByNumberType<IncomingSetting>,
    /// Who is called.
    pub called: ByNumberType<IncomingSetting>,
    /// How many characters of the called number count then, from the right; all when `None`.
    pub significant_digits: Option<usize>,
    /// What is put in front of the called number at last.
    pub prefix: Box<str>,
}

impl Trunk {
    /// A number that it brought, as the plan knows it, and by whose setting. Only calling and called numbers are changed.
    pub fn in_plan_form<'n>(&'n self, role: NumberRole, number: &'n str) -> Normalised<'n> {
        let pool = self.pool.as_deref();
        let (settings, of_pool) = match role {
            NumberRole::Calling => (&self.incoming.calling, pool.map(|pool| &pool.incoming_calling)),
            NumberRole::Called => (&self.incoming.called, pool.map(|pool| &pool.incoming_called)),
            NumberRole::Connected | NumberRole::Redirecting => (&UNTOUCHED, None),
        };
        let number_type = NumberType::in_sip(number);
        let normalised = normalise(number, number_type, settings, of_pool.unwrap_or(&NO_POOL));
        match role {
            NumberRole::Called => self.incoming.shortened(normalised),
            NumberRole::Calling | NumberRole::Connected | NumberRole::Redirecting => normalised,
        }
    }
}

impl IncomingNumbers {
    /// The significant digits of a called number behind the prefix. An absent number stays absent.
    fn shortened<'n>(&self, called: Normalised<'n>) -> Normalised<'n> {
        let is_same = self.significant_digits.is_none() && self.prefix.is_empty();
        if is_same || called.why == NormalisedBy::NoNumber {
            return called;
        }
        let number = &called.number;
        let beyond = |digits: usize| number.char_indices().nth_back(digits.checked_sub(1)?).map(|(at, _)| at);
        let start = match self.significant_digits {
            None => 0,
            Some(0) => number.len(),
            // A number that is not longer counts whole.
            Some(digits) => beyond(digits).unwrap_or(0),
        };
        let number = [&*self.prefix, number.get(start..).unwrap_or_default()].concat();
        Normalised { number: Cow::Owned(number), why: NormalisedBy::Trunk, ..called }
    }
}

/// A trunk in no device pool.
const NO_POOL: ByNumberType<Option<IncomingRule>> =
    ByNumberType { national: None, international: None, subscriber: None, unknown: None };
const UNTOUCHED: ByNumberType<IncomingSetting> = ByNumberType {
    national: IncomingSetting::Default,
    international: IncomingSetting::Default,
    subscriber: IncomingSetting::Default,
    unknown: IncomingSetting::Default,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits_count_from_the_right_and_the_prefix_comes_last() {
        let check = |digits: Option<usize>, prefix: &str, number: &str, expect: &str| {
            let rule = IncomingRule::new(1, "").unwrap_or_default();
            let called =
                ByNumberType { international: IncomingSetting::Rule(rule), ..ByNumberType::default() };
            let incoming = IncomingNumbers {
                called,
                significant_digits: digits,
                prefix: prefix.into(),
                ..IncomingNumbers::default()
            };
            let trunk = Trunk { incoming, ..Trunk::default() };
            assert_eq!(trunk.in_plan_form(NumberRole::Called, number).number, expect, "{digits:?} {prefix}");
            assert!(!trunk.in_plan_form(NumberRole::Connected, number).number.starts_with("8"));
        };
        check(None, "", "4085551234", "4085551234");
        check(Some(4), "", "4085551234", "1234");
        check(Some(4), "8", "4085551234", "81234");
        check(Some(4), "8", "+4085551234", "81234");
        check(None, "8", "+1234", "81234");
        check(Some(12), "8", "1234", "81234");
        check(Some(0), "8000", "1234", "8000");
        check(Some(4), "8", "", "");
    }
}
