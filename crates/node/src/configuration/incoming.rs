//! How numbers that trunks bring become the plan's, as it is written.

use strowger_callcontrol::configuration::IncomingNumbers;
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingRuleError, IncomingSetting};

use super::build::Findings;
use super::{Place, TrunkDialling};

/// One rule for each type of number; none where the number stays as it came.
pub type IncomingDraft = ByNumberType<Option<IncomingRuleDraft>>;

/// What is done with numbers of one type.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IncomingRuleDraft {
    /// Digits that are taken away from the left, 0 to 24.
    pub strip: u64,
    /// What is put in front then, up to 16 characters.
    pub prefix: Box<str>,
}

/// Both settings of a trunk.
pub(super) fn numbers(place: Place, written: &TrunkDialling, found: &mut Findings) -> IncomingNumbers {
    IncomingNumbers {
        calling: settings(place, "incoming_calling", &written.incoming_calling, found),
        called: settings(place, "incoming_called", &written.incoming_called, found),
    }
}

fn settings(
    place: Place,
    setting: &'static str,
    written: &IncomingDraft,
    found: &mut Findings,
) -> ByNumberType<IncomingSetting> {
    let mut setting_of = |draft: &Option<IncomingRuleDraft>| {
        let Some(draft) = draft else { return IncomingSetting::Default };
        match rule(draft) {
            Ok(rule) => IncomingSetting::Rule(rule),
            Err(error) => {
                found.malformed(place, setting, &draft.prefix, &error);
                IncomingSetting::Default
            }
        }
    };
    ByNumberType {
        national: setting_of(&written.national),
        international: setting_of(&written.international),
        subscriber: setting_of(&written.subscriber),
        unknown: setting_of(&written.unknown),
    }
}

fn rule(draft: &IncomingRuleDraft) -> Result<IncomingRule, IncomingRuleError> {
    IncomingRule::new(u8::try_from(draft.strip).unwrap_or(u8::MAX), &draft.prefix)
}
