//! How numbers that trunks bring become the plan's, as it is written.

use strowger_callcontrol::configuration::IncomingNumbers;
use strowger_dialplan::DialPlan;
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingRuleError, IncomingSetting};

use super::build::Findings;
use super::{Place, Problem, TrunkDialling, transformations};

/// One rule for each type of number; none where the number stays as it came.
pub type IncomingDraft = ByNumberType<Option<IncomingRuleDraft>>;

/// What is done with numbers of one type.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IncomingRuleDraft {
    /// Digits that are taken away from the left, 0 to 24.
    pub strip: u64,
    /// What is put in front then, up to 16 characters.
    pub prefix: Box<str>,
    /// Search space of transformation patterns that the number goes through then; none when empty.
    pub search_space: Box<str>,
}

/// Both settings of a trunk.
pub(super) fn numbers(
    plan: &DialPlan,
    place: Place,
    written: &TrunkDialling,
    found: &mut Findings,
) -> IncomingNumbers {
    let called = &written.incoming_called;
    let rules = [&called.national, &called.international, &called.subscriber, &called.unknown];
    let space = rules.into_iter().flatten().map(|rule| &rule.search_space).find(|name| !name.is_empty());
    if let Some(space) = space.filter(|_| written.overlap) {
        let why =
            "with overlap the called number still grows; a transformation pattern needs the whole of it";
        found.add(place, "incoming_called", Problem::Malformed { found: space.clone(), why: why.into() });
    }
    IncomingNumbers {
        calling: settings(plan, place, "incoming_calling", &written.incoming_calling, found),
        called: settings(plan, place, "incoming_called", called, found),
    }
}

fn settings(
    plan: &DialPlan,
    place: Place,
    setting: &'static str,
    written: &IncomingDraft,
    found: &mut Findings,
) -> ByNumberType<IncomingSetting> {
    let mut setting_of = |draft: &Option<IncomingRuleDraft>| {
        let Some(draft) = draft else { return IncomingSetting::Default };
        let space = transformations::space(plan, place, setting, &draft.search_space, found);
        match rule(draft) {
            Ok(rule) => IncomingSetting::Rule(match space {
                Some(space) => rule.through(space),
                None => rule,
            }),
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
