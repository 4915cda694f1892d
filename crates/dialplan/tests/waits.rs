//! What becomes of keys, and of `#`, while something longer is possible.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use strowger_base::WallTime;
use strowger_dialplan::{
    Action, Analysis, Arrival, Caller, Decision, DialPlanBuilder, Digits, KeysOnLaterHops, NextSearchSpace,
    NumberPattern, Parameters, SearchSpace, SpeedDialRule, Translation,
};

/// Lines with the given numbers, and 8 as a translation to what follows `8>`; keys after the number, then silence.
fn check(
    parameters: &Parameters,
    patterns: &[&str],
    arrival: Arrival,
    number: &str,
    keys: &str,
    expect: &str,
) {
    let mut builder = DialPlanBuilder::new(parameters.clone());
    for text in patterns {
        let (pattern, action) = match text.split_once('>') {
            None => (*text, Action::Line("line".into())),
            Some((pattern, mask)) => {
                let mut translation = Translation::to(NextSearchSpace::Own(SearchSpace::null()));
                translation.called.mask = Some(mask.parse().unwrap());
                (pattern, Action::from(translation))
            }
        };
        builder.add("", NumberPattern::new(pattern.parse().unwrap(), action)).unwrap();
    }
    let caller = Arc::new(Caller::default());
    let mut analysis = Analysis::begin(&builder.build(), caller, arrival, WallTime::default());
    analysis.dial(&Digits::parse(number).unwrap());
    Digits::parse(keys).unwrap().symbols().for_each(|key| analysis.key(key));
    analysis.timer_expired();
    let hop = analysis.hops().last().unwrap();
    let found = match analysis.decision() {
        Some(Decision::Routed(routed)) => format!("{} {:?}", routed.called, hop.why),
        Some(Decision::Rejected(reject)) => format!("{reject:?} {} {:?}", hop.digits, hop.why),
        other => format!("{other:?}"),
    };
    assert_eq!(found, expect, "{patterns:?} {number} {keys}");
}

#[test]
fn keys_that_join_a_later_lookup_change_what_its_timer_finds() {
    let join = Parameters { keys_on_later_hops: KeysOnLaterHops::Join, ..Parameters::default() };
    let plan = ["8>20", "20", "2034", "2057!"];
    let check = |keys: &str, expect: &str| check(&join, &plan, Arrival::KeyByKey, "8", keys, expect);
    check("", "20 Timeout");
    check("3", "Incomplete 203 Timeout");
    check("34", "2034 Unambiguous");
    check("571", "20571 Timeout");
    check("9", "NoMatch 209 NoCandidate");
    check("#", "20 Terminator");
}

#[test]
fn a_speed_dial_that_awaits_digits_awaits_them_before_anything_matches_too() {
    let awaits = Parameters { speed_dial: SpeedDialRule::AwaitFurtherDigits, ..Parameters::default() };
    let plan = ["20", "2034"];
    let check = |number: &str, keys: &str, expect: &str| {
        check(&awaits, &plan, Arrival::SpeedDial, number, keys, expect);
    };
    check("20", "", "20 Timeout");
    check("2", "0", "20 Timeout");
    check("203", "4", "2034 Unambiguous");
    check("203", "", "Incomplete 203 Timeout");
    check("21", "", "NoMatch 21 NoCandidate");
}

#[test]
fn hash_ends_a_whole_number_where_no_pattern_holds_it() {
    let usual = Parameters::default();
    let check = |plan: &[&str], number: &str, expect: &str| {
        check(&usual, plan, Arrival::EnBloc, number, "", expect);
    };
    check(&["20"], "20#", "20 Terminator");
    check(&["20", "20#"], "20#", "20# Complete");
    check(&["20", "20#5"], "20#", "Incomplete 20# NoCandidate");
    check(&["20"], "2#", "NoMatch 2# NoCandidate");
}
