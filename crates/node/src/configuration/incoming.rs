//! How numbers that trunks bring become the plan's, as it is written.

use strowger_callcontrol::configuration::IncomingNumbers;
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingRuleError, IncomingSetting};
use strowger_dialplan::{DialPlan, Digits};

use super::build::Findings;
use super::{Place, Problem, TrunkDialling, plan, transformations};

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
    dial_plan: &DialPlan,
    place: Place,
    written: &TrunkDialling,
    found: &mut Findings,
) -> IncomingNumbers {
    let called = &written.incoming_called;
    let all = [&called.national, &called.international, &called.subscriber, &called.unknown];
    let space = all.into_iter().flatten().map(|rule| &rule.search_space).find(|name| !name.is_empty());
    if let Some(space) = space.filter(|_| written.overlap) {
        let why =
            "with overlap the called number still grows; a transformation pattern needs the whole of it";
        found.add(place, "incoming_called", Problem::Malformed { found: space.clone(), why: why.into() });
    }
    if written.significant_digits.is_some() && written.overlap {
        let problem = Problem::Contradicts { other: "overlap" };
        found.add(place, "significant_digits", problem);
    }
    // What is no number is named here, and stays as it was written.
    let _: Option<Digits> = plan::optional(place, "prefix", &written.prefix, found);
    let setting = |rule: Option<IncomingRule>| rule.map_or(IncomingSetting::Default, IncomingSetting::Rule);
    let mut settings = |name, written| {
        let ByNumberType { national, international, subscriber, unknown } =
            rules(dial_plan, place, name, written, found);
        ByNumberType {
            national: setting(national),
            international: setting(international),
            subscriber: setting(subscriber),
            unknown: setting(unknown),
        }
    };
    IncomingNumbers {
        calling: settings("incoming_calling", &written.incoming_calling),
        called: settings("incoming_called", called),
        significant_digits: written.significant_digits.map(usize::from),
        prefix: written.prefix.clone(),
    }
}

/// One rule for each type of number that something is said about.
pub(super) fn rules(
    plan: &DialPlan,
    place: Place,
    setting: &'static str,
    written: &IncomingDraft,
    found: &mut Findings,
) -> ByNumberType<Option<IncomingRule>> {
    let mut rule_of = |draft: &Option<IncomingRuleDraft>| {
        let draft = draft.as_ref()?;
        let space = transformations::space(plan, place, setting, &draft.search_space, found);
        match (rule(draft), space) {
            (Ok(rule), Some(space)) => Some(rule.through(space)),
            (Ok(rule), None) => Some(rule),
            (Err(error), _) => {
                found.malformed(place, setting, &draft.prefix, &error);
                None
            }
        }
    };
    ByNumberType {
        national: rule_of(&written.national),
        international: rule_of(&written.international),
        subscriber: rule_of(&written.subscriber),
        unknown: rule_of(&written.unknown),
    }
}

fn rule(draft: &IncomingRuleDraft) -> Result<IncomingRule, IncomingRuleError> {
    IncomingRule::new(u8::try_from(draft.strip).unwrap_or(u8::MAX), &draft.prefix)
}
