//! Numbers that trunks bring.

use strowger_base::journal::NumberRole;
use strowger_dialplan::normalise::{ByNumberType, IncomingSetting, Normalised, NumberType, normalise};

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
    /// A number that it brought, as the plan knows it, and by whose setting.
    pub fn in_plan_form<'n>(&self, role: NumberRole, number: &'n str) -> Normalised<'n> {
        let settings = match role {
            NumberRole::Calling => &self.incoming.calling,
            NumberRole::Called => &self.incoming.called,
        };
        normalise(number, NumberType::in_sip(number), settings, &ByNumberType::default())
    }
}
