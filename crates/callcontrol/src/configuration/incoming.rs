//! Numbers that trunks bring.

use strowger_base::journal::NumberRole;
use strowger_dialplan::normalise::{
    ByNumberType, IncomingRule, IncomingSetting, Normalised, NumberType, normalise,
};

use super::Trunk;

/// How the numbers that a trunk brings become the plan's, by their type.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IncomingNumbers {
    /// Who calls.
    pub calling: ByNumberType<IncomingSetting>,
    /// Who is called.
    pub called: ByNumberType<IncomingSetting>,
}

impl Trunk {
    /// A number that it brought, as the plan knows it, and by whose setting. Only calling and called numbers are changed.
    pub fn in_plan_form<'n>(&'n self, role: NumberRole, number: &'n str) -> Normalised<'n> {
        let settings = match role {
            NumberRole::Calling => &self.incoming.calling,
            NumberRole::Called => &self.incoming.called,
            NumberRole::Connected | NumberRole::Redirecting => &UNTOUCHED,
        };
        normalise(number, NumberType::in_sip(number), settings, &NO_POOL)
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
