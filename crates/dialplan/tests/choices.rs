//! The choices that public texts leave open: each changes what it names, and nothing else does.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{WallTime, limits};
use strowger_dialplan::schedule::{PartitionZone, Precedence, TimePeriod};
use strowger_dialplan::{
    Action, Analysis, Arrival, Caller, Decision, DialPlan, DialPlanBuilder, Digits, HoursRule,
    NegatedSetRule, NextSearchSpace, NumberPattern, OpeningHours, Parameters, Pattern, TieRule, Trace,
    Translation,
};

fn line(pattern: &str, name: &str) -> NumberPattern {
    NumberPattern::new(pattern.parse().unwrap(), Action::Line(name.into()))
}

fn number(text: &str) -> Digits {
    Digits::parse(text).unwrap()
}

fn end(analysis: &Analysis) -> String {
    match analysis.decision() {
        Some(Decision::Routed(routed)) => match &analysis.plan().pattern(routed.pattern).unwrap().action {
            Action::Line(line) => line.to_string(),
            other => format!("{other:?}"),
        },
        Some(Decision::Rejected(reject)) => format!("{reject:?}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn of_equals_in_one_partition_the_oldest_wins_or_the_newest() {
    let check = |ties: TieRule, expect: [&str; 2]| {
        let mut builder = DialPlanBuilder::new(Parameters { ties, ..Parameters::default() });
        builder.add("", line("1[2-3]", "old")).unwrap();
        builder.add("", line("[12]2", "new")).unwrap();
        let (plan, caller) = (builder.build(), Arc::new(Caller::default()));
        let analysis =
            Analysis::of(&plan, Arc::clone(&caller), Arrival::EnBloc, &number("12"), WallTime::default());
        let trace = Trace::of(&plan, caller, Arrival::EnBloc, &number("12"), WallTime::default());
        let hops = trace.hops();
        let told = hops[0].candidates.iter().map(|candidate| {
            let Action::Line(line) = &plan.pattern(candidate.pattern).unwrap().action else { panic!() };
            (line.to_string(), candidate.lost_by.is_some())
        });
        let told: Vec<(String, bool)> = told.collect();
        assert_eq!(end(&analysis), expect[0], "{ties:?}");
        assert_eq!(told, [(expect[0].to_owned(), false), (expect[1].to_owned(), true)], "{ties:?}");
    };
    check(TieRule::Oldest, ["old", "new"]);
    check(TieRule::Newest, ["new", "old"]);
}

#[test]
fn a_negated_set_takes_digits_or_star_and_hash_too() {
    let check = |rule: NegatedSetRule, text: &str, expect: &str| {
        let pattern = Pattern::read(text, rule).unwrap();
        let taken: String =
            "0123456789*#A+".chars().filter(|key| pattern.matches(&number(&key.to_string()))).collect();
        assert_eq!(taken, expect, "{rule:?} {text}");
        let breadth = pattern.breadth(None).unwrap().count(1);
        assert_eq!(breadth, expect.len() as u128, "{rule:?} {text}");
    };
    check(NegatedSetRule::Digits, "[^0-5]", "6789");
    check(NegatedSetRule::DigitsStarAndHash, "[^0-5]", "6789*#");
    check(NegatedSetRule::DigitsStarAndHash, "[^0-9*]", "#");
}

/// 8 leads to 20 after a wait, and 20 is by day somebody else than by night.
fn day_and_night(hours: HoursRule) -> (DialPlan, Arc<Caller>) {
    let mut builder = DialPlanBuilder::new(Parameters { hours, ..Parameters::default() });
    let period: TimePeriod = "daily 08:00-17:00".parse().unwrap();
    let day = OpeningHours::new(vec![period], PartitionZone::default(), Precedence::default()).unwrap();
    builder.partition("day", Some(day)).unwrap();
    let space = builder.search_space("all", ["day"]).unwrap();
    let mut translation = Translation::to(NextSearchSpace::Originator);
    translation.called.mask = Some("20".parse().unwrap());
    builder.add("", NumberPattern::new("8".parse().unwrap(), Action::from(translation))).unwrap();
    builder.add("", line("8!", "longer")).unwrap();
    builder.add("day", line("20", "day")).unwrap();
    builder.add("", line("2X", "night")).unwrap();
    (builder.build(), Arc::new(Caller::new(Digits::EMPTY, space)))
}

#[test]
fn hours_are_looked_at_when_a_lookup_begins_or_once_a_call() {
    let clock = |hour: u64, minute: u64, second: u64| {
        WallTime::from_micros(((hour * 60 + minute) * 60 + second) * 1_000_000)
    };
    let check = |rule: HoursRule, from: WallTime, later: u64, expect: &str| {
        let (plan, caller) = day_and_night(rule);
        let mut analysis = Analysis::begin(&plan, Arc::clone(&caller), Arrival::KeyByKey, from);
        analysis.dial(&number("8"));
        analysis.set_time(from + Duration::from_secs(later));
        analysis.timer_expired();
        assert_eq!(end(&analysis), expect, "{rule:?} {from} {later}");
        if later == 15 {
            let trace = Trace::of(&plan, caller, Arrival::KeyByKey, &number("8"), from);
            assert_eq!(end(trace.analysis()), expect, "{rule:?} {from}: the trace");
            let hops = trace.hops();
            assert_eq!(hops[1].candidates.first().map(|best| best.pattern), hops[1].hop.chosen);
        }
    };
    check(HoursRule::EachLookup, clock(16, 59, 50), 9, "day");
    check(HoursRule::EachLookup, clock(16, 59, 50), 15, "night");
    check(HoursRule::EachLookup, clock(7, 59, 50), 15, "day");
    check(HoursRule::FirstLookup, clock(16, 59, 50), 15, "day");
    check(HoursRule::FirstLookup, clock(7, 59, 50), 15, "night");
}

#[test]
fn a_partition_that_closes_while_digits_are_dialled_stays_for_their_lookup() {
    let (plan, caller) = day_and_night(HoursRule::EachLookup);
    let from = WallTime::from_micros((17 * 3600 - 1) * 1_000_000);
    let mut analysis = Analysis::begin(&plan, caller, Arrival::KeyByKey, from);
    analysis.dial(&number("2"));
    analysis.set_time(from + Duration::from_secs(5));
    analysis.dial(&number("0"));
    assert_eq!(end(&analysis), "day");
}

#[test]
fn a_parameter_has_a_range() {
    let check = |parameters: Parameters, expect: &str| {
        let found = parameters.check().err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(found, expect);
    };
    let timer =
        |seconds| Parameters { interdigit_timer: Duration::from_secs(seconds), ..Parameters::default() };
    let translations = |translations_max| Parameters { translations_max, ..Parameters::default() };
    check(timer(3), "");
    check(timer(150), "");
    check(timer(2), "the interdigit timer is 2s; expected 3s to 150s");
    check(timer(u64::MAX), "the interdigit timer is 18446744073709551615s; expected 3s to 150s");
    check(translations(limits::TRANSLATIONS), "");
    check(translations(0), "the number of translations allowed is 0; expected 1 to 1000");
    check(translations(1001), "the number of translations allowed is 1001; expected 1 to 1000");
}
