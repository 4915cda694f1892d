//! Codes that came with the number: `number` and then each code with `#` after it, in one string.

use std::sync::Arc;

use strowger_base::WallTime;

use crate::analysis::{Analysis, Arrival, Caller, Decision, Progress};
use crate::plan::DialPlan;
use crate::symbol::{Digits, Symbol};

/// A dialled string taken apart: the number, and the codes behind it. `None` when it holds no codes.
///
/// The number ends where it would end for somebody who dials it key by key: with the key that leaves nothing longer to
/// wait for, or with its own `#`. Only a number whose pattern asks for codes has any, and a string that has a meaning
/// as a whole keeps it.
pub fn appended<'s>(
    plan: &DialPlan,
    caller: &Arc<Caller>,
    dialled: &'s str,
    at: WallTime,
) -> Option<(&'s str, &'s str)> {
    if !dialled.contains('#') {
        return None;
    }
    let mut keys = Analysis::begin(plan, Arc::clone(caller), Arrival::KeyByKey, at);
    for symbol in dialled.bytes().map(Symbol::new) {
        if keys.decision().is_some() {
            break;
        }
        keys.key(symbol?);
        // What comes as a whole is not waited for.
        while let Progress::Waiting { .. } = keys.progress() {
            keys.timer_expired();
        }
    }
    let Some(Decision::Routed(routed)) = keys.decision() else { return None };
    let (number, codes) = dialled.split_at_checked(keys.keys_used())?;
    // A `#` alone ends dialling and is no code.
    let are_codes = codes.starts_with(|key: char| key.is_ascii_digit())
        && codes.bytes().all(|key| key.is_ascii_digit() || key == b'#');
    if !routed.codes.any() || !are_codes {
        return None;
    }
    let whole = Digits::parse(dialled).ok();
    let whole = whole.map(|whole| Analysis::of(plan, Arc::clone(caller), Arrival::EnBloc, &whole, at));
    match whole.as_ref().and_then(Analysis::decision) {
        Some(Decision::Routed(routed)) if !routed.codes.any() => None,
        Some(Decision::Blocked { .. }) => None,
        Some(Decision::Routed(_) | Decision::Rejected(_)) | None => Some((number, codes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;
    use crate::plan::{
        Action, CodesRequired, DialPlanBuilder, NextSearchSpace, NumberPattern, RoutePattern, RouteTarget,
        Translation,
    };

    fn plan() -> DialPlan {
        let mut plan = DialPlanBuilder::new(Parameters::default());
        let mut add = |pattern: &str, action| {
            plan.add("", NumberPattern::new(pattern.parse().unwrap(), action)).unwrap();
        };
        let free = RoutePattern::to(RouteTarget::Trunk("carrier".into()));
        let codes = CodesRequired { authorization_level: Some(1), client_matter: false };
        let asks = RoutePattern { codes, ..free.clone() };
        add("9.XXX", Action::from(asks.clone()));
        add("8.!", Action::from(asks));
        add("7.XXX", Action::from(free.clone()));
        add("9123#55#", Action::from(free));
        let mut translation = Translation::to(NextSearchSpace::Originator);
        translation.called.prefix = "9".parse().unwrap();
        add("200", Action::from(translation));
        plan.build()
    }

    #[test]
    fn the_number_ends_where_it_would_end_key_by_key() {
        let check = |dialled: &str, expect: Option<(&str, &str)>| {
            let found = appended(&plan(), &Arc::default(), dialled, WallTime::from_micros(0));
            assert_eq!(found, expect, "{dialled}");
        };
        check("91241234#", Some(("9124", "1234#")));
        check("91241234#567#", Some(("9124", "1234#567#")));
        check("91241234#56", Some(("9124", "1234#56")));
        check("812345#1234#", Some(("812345#", "1234#")));
        check("2001234#", Some(("200", "1234#")));
        // Nothing behind the number, or nothing that could be a code.
        check("9124", None);
        check("91241234", None);
        check("9124#", None);
        check("812345#", None);
        check("9124*1234#", None);
        check("91241x34#", None);
        // The pattern asks for none, or there is no pattern.
        check("71231234#", None);
        check("61231234#", None);
        // It has a meaning as a whole.
        check("9123#55#", None);
        // Longer than any number is: the codes are none of it.
        let long = format!("9124{}#", "1".repeat(70));
        check(&long, Some(("9124", &long[4..])));
    }
}
