use std::fmt::Write;

use strowger_base::{Cause, Rng};

use super::*;
use crate::analysis::{Analysis, Arrival, Decision, Reject};
use crate::parameters::{Parameters, UrgentRule};
use crate::plan::*;
use crate::symbol::Digits;

/// A plan in a few words: `space NAME PARTITION…`, `line NUMBER PARTITION SPACE`, `trunk NAME SPACE`, and patterns as
/// `route|to|block PATTERN PARTITION [urgent] [emergency] [level=…] [matter] [mask=…] [prefix=…] [discard=…] [in=SPACE] [filter=…]`.
fn plan(text: &str) -> (DialPlan, Vec<Origin>) {
    let mut plan = DialPlanBuilder::new(Parameters::default());
    let mut origins = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let partition = |plan: &mut DialPlanBuilder, name: &str| {
            if name != "-" {
                let _ = plan.partition(name, None);
            }
            if name == "-" { String::new() } else { name.to_owned() }
        };
        match words[0] {
            "partition" => drop(partition(&mut plan, words[1])),
            "space" => {
                words[2..].iter().for_each(|name| drop(partition(&mut plan, name)));
                plan.search_space(words[1], words[2..].iter().copied()).unwrap();
            }
            kind @ ("line" | "intercom") => {
                let home = partition(&mut plan, words[2]);
                plan.literal(&home, words[1], Action::Line(words[1].into())).unwrap();
                let kind = if kind == "line" { OriginKind::Line } else { OriginKind::Intercom };
                origins.push(origin(&plan, kind, words[1], words[3]));
            }
            "name" => {
                let home = partition(&mut plan, words[2]);
                plan.name(&home, words[1], row(&plan, words[3], "1", &words[4..]).action).unwrap();
            }
            "host" => {
                let home = partition(&mut plan, words[2]);
                plan.host(&home, words[1], row(&plan, words[3], "1", &words[4..]).action).unwrap();
            }
            "trunk" => origins.push(origin(&plan, OriginKind::Trunk, words[1], words[2])),
            kind => {
                let home = partition(&mut plan, words[2]);
                plan.add(&home, row(&plan, kind, words[1], &words[3..])).unwrap();
            }
        }
    }
    (plan.build(), origins)
}

fn origin(plan: &DialPlanBuilder, kind: OriginKind, name: &str, space: &str) -> Origin {
    let space = plan.named_search_space(space).cloned().unwrap_or_else(SearchSpace::null);
    let number = Digits::parse(name).unwrap_or_default();
    Origin { kind, name: name.into(), caller: Arc::new(Caller::new(number, space)) }
}

fn row(plan: &DialPlanBuilder, kind: &str, pattern: &str, words: &[&str]) -> NumberPattern {
    let value = |name: &str| {
        words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
    };
    let called = crate::transform::CalledChange {
        discard: value("discard").parse().unwrap(),
        mask: (!value("mask").is_empty()).then(|| value("mask").parse().unwrap()),
        prefix: value("prefix").parse().unwrap(),
    };
    let emergency = if words.contains(&"emergency") { Emergency::Yes } else { Emergency::No };
    let action = match kind {
        "route" => {
            let to = RouteTarget::Trunk("carrier".into());
            let codes = CodesRequired {
                authorization_level: value("level").parse().ok(),
                client_matter: words.contains(&"matter"),
            };
            Action::from(RoutePattern { called, emergency, codes, ..RoutePattern::to(to) })
        }
        "to" => {
            let next = match value("in") {
                "" => NextSearchSpace::Originator,
                name => NextSearchSpace::Own(plan.named_search_space(name).unwrap().clone()),
            };
            let wait =
                if words.contains(&"no-wait") { WaitOnNextHops::Never } else { WaitOnNextHops::AsUsual };
            Action::from(Translation { called, emergency, wait, ..Translation::to(next) })
        }
        "block" => Action::Block(Cause::CALL_REJECTED),
        other => panic!("{other}"),
    };
    let filter = value("filter").replace('_', " ");
    NumberPattern {
        urgent: words.contains(&"urgent"),
        filter: (!filter.is_empty()).then(|| filter.parse().unwrap()),
        ..NumberPattern::new(pattern.parse().unwrap(), action)
    }
}

fn told((plan, origins): &(DialPlan, Vec<Origin>)) -> String {
    let mut text = String::new();
    for finding in lint(plan, origins, &CodeTable::new(), WallTime::from_micros(0)).findings {
        let patterns = finding.patterns.iter().map(|id| plan.pattern(*id).unwrap().pattern.text());
        let patterns: Vec<&str> = patterns.chain(finding.names.iter().map(|name| &**name)).collect();
        let example =
            finding.example.map(|it| format!("{} dials {}", it.from, it.number)).unwrap_or_default();
        let severity = finding.severity.word();
        writeln!(text, "{severity} {} {}: {example}", finding.kind.word(), patterns.join(" ")).unwrap();
    }
    text.trim_end().to_owned()
}

#[test]
fn each_finding_has_a_plan_that_shows_it_and_one_that_does_not() {
    let check = |text: &str, expect: &str| assert_eq!(told(&plan(text)), expect, "{text}");
    // Overlaps.
    check(
        "space all in\nline 1001 in all\nroute 12 in\nroute 12XX in",
        "warning waits 12 12XX: line:1001 dials 12",
    );
    check("space all in\nline 1001 in all\nroute 13 in\nroute 12XX in", "");
    check(
        "space all in\nline 1001 in all\nroute 12 in urgent\nroute 12X[34] in",
        "warning never-key-by-key 12X[34] 12: line:1001 dials 1253",
    );
    check("space all in\nline 1001 in all\nroute 9! in", "note open-length 9!: line:1001 dials 95");
    check(
        "space all in\nline 4001 in all\nroute 12 in urgent\nroute 1! in",
        "note cuts-off 12 1!: line:4001 dials 125\nnote open-length 1!: line:4001 dials 15",
    );
    // A wait that only some numbers of a pattern have.
    check(
        "space all in\nline 1001 in all\nroute 2[1-9]XX in\nroute 2700X in",
        "warning waits 2[1-9]XX 2700X: line:1001 dials 2700",
    );
    // Never.
    check(
        "space all a b\nline 1001 a all\nroute 20XX a\nroute 20XX b",
        "warning never-matches 20XX 20XX: line:1001 dials 2055",
    );
    check("space all a b\nspace b b\nline 1001 a all\nroute 20XX a\nroute 20XX b", "");
    check(
        "space all a\nline 1001 a all\nroute 3[1-3] a\nroute 31 a\nroute 32 a\nroute 33 a",
        "warning never-matches 3[1-3] 31: line:1001 dials 31",
    );
    check("space all a\nline 1001 a all\nroute 3[1-4] a\nroute 31 a\nroute 32 a\nroute 33 a", "");
    check(
        "space all a\nline 1001 a all\nroute 20XX dark\nroute 21XX dark",
        "warning partition-unseen 20XX: line:1001 dials 2055",
    );
    check("space all a\nline 1001 a all\npartition dark", "note partition-unseen :");
}

#[test]
fn names_and_hosts_that_nobody_reaches_are_found() {
    let check = |text: &str, expect: &str| assert_eq!(told(&plan(text)), expect, "{text}");
    let line = "space all a b\nline 1001 a all\n";
    check(&format!("{line}name alice a block\nname bob b block\nhost example.com b route"), "");
    check(
        &format!("{line}name alice a block\nname ALICE b block"),
        "warning never-matches ALICE alice: line:1001 dials ALICE",
    );
    // Another caller sees the second alone.
    check(&format!("{line}name alice a block\nname alice b block\nspace second b\nline 1002 a second"), "");
    check(
        &format!("{line}host example.com a route\nhost *.example.com b route"),
        "warning never-matches *.example.com example.com: line:1001 dials somebody@example.com",
    );
    // The longer domain and the narrower network go first, whatever the partition.
    check(&format!("{line}host example.com a route\nhost uk.example.com b route"), "");
    check(&format!("{line}host 192.0.2.0/24 a route\nhost 192.0.2.128/25 b route"), "");
    check(
        &format!("{line}host 2001:db8::/32 a route\nhost 2001:db8::1/32 b route"),
        "warning never-matches 2001:db8::1/32 2001:db8::/32: line:1001 dials somebody@[2001:db8::]",
    );
    check(
        &format!("{line}name carol dark block\nhost example.com dark route"),
        "warning partition-unseen carol example.com: line:1001 dials carol",
    );
    // Only translated numbers get there, and no name is one.
    check(
        &format!("{line}space far c\nto 8 a in=far mask=1\nroute 1 c\nname carol c block"),
        "warning never-matches carol: line:1001 dials carol",
    );
    // Strangers may call names, but not leave by one.
    let trunk = format!("{line}trunk carrier all\nname alice a block\n");
    check(&format!("{trunk}name carol@example.net b route emergency"), "");
    check(
        &format!("{trunk}name carol@example.net b route"),
        "warning trunk-to-trunk carol@example.net: trunk:carrier dials carol@example.net",
    );
    check(
        &format!("{trunk}host example.net - route"),
        "warning trunk-to-trunk somebody@example.net: trunk:carrier dials somebody@example.net",
    );
}

#[test]
fn translations_that_circle_are_found() {
    let check = |text: &str, expect: &str| {
        let text = format!("space all in\nspace other out\nline 1001 in all\n{text}");
        assert_eq!(told(&plan(&text)), expect, "{text}");
    };
    check("to 5XXX in mask=5XXX", "error loop 5XXX: line:1001 dials 5555");
    check("to 5XXX in mask=1001", "");
    check("to 5X in mask=6X\nto 6X in mask=5X", "error loop 5X 6X: line:1001 dials 55");
    // Only a third digit of 0 to 4 goes round.
    check("to 12XX in mask=13XX\nto 13[0-4]X in mask=12XX", "error loop 12XX 13[0-4]X: line:1001 dials 1200");
    check("to 12XX in mask=13XX\nto 13[0-4]X in in=other mask=12XX\nroute 12XX out", "");
    // It grows until it cannot.
    check("to 5! in prefix=5", "error loop 5!: line:1001 dials 55\nnote open-length 5!: line:1001 dials 55");
    // It shrinks, and ends.
    check(
        "to 9.! in discard=PreDot\nroute [2-8]! in",
        "note takes-its-result 9.!: line:1001 dials 999\n\
         note open-length 9.!: line:1001 dials 95\n\
         note open-length [2-8]!: line:1001 dials 55",
    );
    // Nowhere.
    check("to 5XXX in mask=7XXX", "warning leads-nowhere 5XXX: line:1001 dials 5555");
    check("to 5XXX in mask=7XXX\nroute 7XX3 in", "");
    check(
        "to 8.XXXX in in=other discard=PreDot\nroute 4XXX in",
        "warning leads-nowhere 8.XXXX: line:1001 dials 85555",
    );
    check("to 8.XXXX in in=other discard=PreDot\nroute 4XXX out", "");
}

#[test]
fn emergency_numbers_are_dialled_from_everywhere() {
    let check = |text: &str, expect: &str| {
        let text = format!("space all help in\nspace poor in\nline 1001 in all\n{text}");
        assert_eq!(told(&plan(&text)), expect, "{text}");
    };
    check("route 112 help urgent emergency", "");
    check(
        "route 112 help urgent emergency\nline 1002 in poor",
        "error emergency-unreachable 112: line:1002 dials 112",
    );
    // An intercom line calls its like alone, and cannot be given more.
    check("route 112 help urgent emergency\nintercom 1002 in poor", "");
    check("route 112 help urgent emergency\nline 1002 in all", "");
    check("route 112 help emergency\nroute 112X in", "error emergency-waits 112: line:1001 dials 112");
    check(
        "route 112 help urgent emergency\nroute 11 in urgent",
        "error emergency-en-bloc-only 112 11: line:1001 dials 112",
    );
    // By way of a translation, which is as good.
    check("space out out\nto 0112 in urgent in=out mask=112\nroute 112 out emergency", "");
    check(
        "space out out\nto 0112 in in=out mask=112\nto 0112X in in=out mask=112\nroute 112 out emergency",
        "error emergency-waits 0112: line:1001 dials 0112",
    );
    // What begins like 112 is cut off, and that is meant.
    check(
        "route 112 help urgent emergency\nroute 11234[56] in",
        "note cuts-off 112 11234[56]: line:1001 dials 112345",
    );
}

/// Wherever a call for help takes part, following the advice must not make it wait, cut it off or take it away.
#[test]
fn advice_leaves_calls_for_help_as_they_are() {
    let check = |text: &str, expect: &[(&str, &str)]| {
        let text = format!("space all help in\nspace out out\nline 1001 in all\n{text}");
        let (plan, origins) = plan(&text);
        let findings = lint(&plan, &origins, &CodeTable::new(), WallTime::from_micros(0)).findings;
        let told: Vec<(&str, &str)> = findings.iter().map(|it| (it.kind.word(), it.advice())).collect();
        assert_eq!(told, expect, "{text}");
    };
    const STAYS: &str = "Take the urgency from the shorter pattern, or change its digits; the emergency pattern stays urgent.";
    const BOTH: &str =
        "Both are for emergency calls: leave both urgent, and change the digits of one of them.";
    const LONGER: &str =
        "Leave the emergency pattern urgent: the longer pattern needs digits that do not begin with it.";
    check("route 112 help urgent emergency\nroute 11 in urgent", &[("emergency-en-bloc-only", STAYS)]);
    check(
        "to 11X help urgent in=out\nroute 112 out emergency\nroute 1145 help urgent emergency",
        &[("emergency-en-bloc-only", BOTH)],
    );
    check("route 911 help urgent emergency\nroute 911X in", &[("never-key-by-key", LONGER)]);
    // What leads to help by translation is as good, whether it says so or not.
    check(
        "to 911 in urgent in=out mask=911\nroute 911 out emergency\nroute 911X in",
        &[("never-key-by-key", LONGER)],
    );
    check(
        "to 2! help urgent in=out\nroute 212 out emergency",
        &[(
            "emergency-en-bloc-only",
            "Write the emergency number into the pattern digit by digit, without ! or wildcards, and leave it urgent.",
        )],
    );
    check(
        "space poor in\nroute 112 help urgent emergency\nroute 11234[56] in",
        &[(
            "cuts-off",
            "Leave the emergency pattern urgent: where the longer numbers are needed, give them other digits.",
        )],
    );
    check(
        "route 112 help urgent emergency\nroute 11 in",
        &[("waits", "Change its digits: were it urgent, it would cut off the emergency number.")],
    );
    check(
        "route 112 help emergency\nroute 112X in",
        &[("emergency-waits", "Make the emergency pattern urgent, and every translation before it.")],
    );
    check(
        "route 112 in urgent emergency\nroute 112 help",
        &[
            (
                "emergency-unreachable",
                "Put the partition of the emergency pattern into the search space, before all others.",
            ),
            (
                "never-matches",
                "Make the emergency pattern closer than what takes its numbers, or put its partition before the other's.",
            ),
        ],
    );
    check(
        "route 112 help urgent emergency\nroute 112 in",
        &[(
            "never-matches",
            "Take the pattern out, or change its digits: the emergency pattern has to keep its numbers.",
        )],
    );
    check(
        "route 20XX dark\nroute 112 dark urgent emergency",
        &[
            (
                "emergency-unreachable",
                "Put the partition of the emergency pattern into the search space, before all others.",
            ),
            ("partition-unseen", "Add the partition to a calling search space: it has an emergency pattern."),
        ],
    );
}

/// Two patterns and one thing that is wrong between them.
#[test]
fn each_mistake_is_told_once() {
    let check = |text: &str, expect: &str| assert_eq!(told(&plan(text)), expect, "{text}");
    let line = "space all in\nline 1001 in all\n";
    // Another pattern that is cut off too is still told, when no finding of its own says it.
    check(
        &format!("{line}route 12 in urgent\nroute 12X[34] in\nroute 1[23]56 in"),
        "warning never-key-by-key 12X[34] 12: line:1001 dials 1203\n\
         warning cuts-off 12 1[23]56: line:1001 dials 1256",
    );
}

#[test]
fn trunks_do_not_lead_out_again() {
    let check = |text: &str, expect: &str| assert_eq!(told(&plan(text)), expect, "{text}");
    check(
        "space all in out\nline 1001 in all\nroute 9.XXXX out\ntrunk carrier all",
        "warning trunk-to-trunk 9.XXXX: trunk:carrier dials 95555",
    );
    check("space all in out\nspace in in\nline 1001 in all\nroute 9.XXXX out\ntrunk carrier in", "");
    // By way of a translation.
    check(
        "space all in out\nspace in in\nline 1001 in all\nroute 9.XXXX out\n\
         to 8XXX in in=all mask=92000\ntrunk carrier in",
        "warning trunk-to-trunk 8XXX: trunk:carrier dials 8555",
    );
    check("space all in out\nline 1001 in all\nroute 112 out emergency\ntrunk carrier all", "");
}

#[test]
fn groups_of_filters_that_leave_nothing_are_found() {
    let check = |filter: &str, expect: &str| {
        let text = format!("space all in\nline 4001 in all\nroute 9.@ in urgent filter={filter}");
        assert_eq!(told(&plan(&text)), expect, "{filter}");
    };
    check("SERVICE_EXISTS", "");
    check("SERVICE_EXISTS_OR_AREA-CODE_==_100", "warning filter-group-empty 9.@: line:4001 dials 9511");
}

#[test]
fn what_is_not_always_there_hides_nothing() {
    use crate::schedule::*;
    let check = |open: Option<(u8, u8)>, expect: &str| {
        let mut plan = DialPlanBuilder::new(Parameters::default());
        let hours = open.map(|(from, to)| {
            let time = |hour| TimeOfDay::new(hour, 0).unwrap();
            let hours = Hours::Between { start: time(from), end: time(to) };
            let period = TimePeriod::new("office", hours, Days::Week(Weekday::ALL.to_vec())).unwrap();
            OpeningHours::new(vec![period], PartitionZone::default(), Precedence::default()).unwrap()
        });
        plan.partition("day", hours).unwrap();
        plan.partition("all", None).unwrap();
        plan.search_space("s", ["day", "all"]).unwrap();
        for (pattern, partition) in [("20XX", "day"), ("20XX", "all"), ("3", "day"), ("31", "all")] {
            let mut row = row(&plan, "route", pattern, &[]);
            row.urgent = pattern == "3";
            plan.add(partition, row).unwrap();
        }
        let origins = vec![origin(&plan, OriginKind::Line, "1001", "s")];
        let plan = plan.build();
        // Midnight.
        let lint = lint(&plan, &origins, &CodeTable::new(), WallTime::from_micros(0));
        let kinds: Vec<&str> = lint
            .findings
            .iter()
            .map(|finding| finding.kind.word())
            .chain(lint.incomplete.iter().map(String::as_str))
            .collect();
        assert_eq!(kinds.join(", "), expect, "{open:?}");
    };
    check(None, "never-matches, never-key-by-key");
    check(Some((0, 12)), "cuts-off");
    check(Some((8, 12)), "2 patterns are in partitions that are closed at this time");
}

/// Patterns of at most three elements, so that all their numbers can be dialled.
fn random(rng: &mut Rng) -> (DialPlan, Vec<Origin>) {
    const ELEMENTS: [&str; 8] = ["1", "2", "3", "X", "[12]", "[1-3]", "[^1]", "1"];
    let mut parameters = Parameters::default();
    if rng.one_in(3) {
        parameters.urgent = UrgentRule::AnyMatch;
    }
    let mut plan = DialPlanBuilder::new(parameters);
    plan.partition("a", None).unwrap();
    plan.partition("b", None).unwrap();
    plan.search_space("ab", ["a", "b"]).unwrap();
    let two = rng.one_in(2);
    if two {
        plan.search_space("b", ["b"]).unwrap();
    }
    for _ in 0..2 + rng.below(7) {
        let text: String =
            (0..=rng.below(3)).map(|_| ELEMENTS[rng.below(ELEMENTS.len() as u64) as usize]).collect();
        let route = Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into())));
        // `^` can stand in a pattern once.
        let Ok(pattern) = text.parse() else { continue };
        let row = NumberPattern { urgent: rng.one_in(4), ..NumberPattern::new(pattern, route) };
        // The same pattern twice is refused.
        let _ = plan.add(["a", "b"][rng.below(2) as usize], row);
    }
    let mut origins = vec![origin(&plan, OriginKind::Line, "7001", "ab")];
    if two {
        origins.push(origin(&plan, OriginKind::Line, "7002", "b"));
    }
    (plan.build(), origins)
}

#[test]
fn never_means_that_no_number_leads_there_and_every_such_pattern_is_found() {
    let mut rng = Rng::new(0x6c69_6e74);
    let at = WallTime::from_micros(0);
    let numbers: Vec<Digits> = (1..=3u32)
        .flat_map(|length| {
            (0..10u32.pow(length))
                .map(move |n| Digits::parse(&format!("{n:0width$}", width = length as usize)))
        })
        .collect::<Result<_, _>>()
        .unwrap();
    let (mut never, mut never_by_keys) = (0, 0);
    for round in 0..RANDOM_PLANS {
        let (plan, origins) = random(&mut rng);
        let views = view::all(&plan, &origins, at);
        let reached = |arrival: Arrival| {
            let mut reached = std::collections::BTreeSet::new();
            for view in views.iter().filter(|view| view.dials) {
                for number in &numbers {
                    let mut analysis = Analysis::of(&plan, Arc::clone(&view.caller), arrival, number, at);
                    analysis.timer_expired();
                    // Keys after the decision are not of this number.
                    if analysis.keys_used() == number.len() {
                        reached.extend(find::first(&analysis));
                    }
                }
            }
            reached
        };
        let (whole, keys) = (reached(Arrival::EnBloc), reached(Arrival::KeyByKey));
        let lint = lint(&plan, &origins, &CodeTable::new(), at);
        assert!(lint.incomplete.is_empty(), "{:?}", lint.incomplete);
        for (id, row) in plan.patterns() {
            let expect = match (keys.contains(&id), whole.contains(&id)) {
                (true, _) => None,
                (false, true) => Some(Kind::NeverKeyByKey),
                (false, false) => Some(Kind::NeverMatches),
            };
            let found = lint.findings.iter().find(|finding| {
                matches!(finding.kind, Kind::NeverKeyByKey | Kind::NeverMatches)
                    && finding.patterns.first() == Some(&id)
            });
            never += u32::from(expect == Some(Kind::NeverMatches));
            never_by_keys += u32::from(expect == Some(Kind::NeverKeyByKey));
            assert_eq!(found.map(|finding| finding.kind), expect, "plan {round}: {row:?} in {plan:?}");
        }
    }
    assert!(never > 10 && never_by_keys > 10, "{never} {never_by_keys}");
}

const RANDOM_PLANS: usize = 150;

/// Translations among numbers of at most three digits, with as many masks and prefixes as there is room for.
fn random_translations(rng: &mut Rng) -> String {
    const PATTERNS: [&str; 9] = ["1", "2X", "1X", "12X", "XX", "3[1-3]", "2XX", "[12]X3", "!"];
    const CHANGES: [&str; 9] = [
        "mask=1X", "mask=2X", "mask=12X", "mask=3X", "mask=X", "prefix=1", "prefix=2", "mask=31", "mask=213",
    ];
    let mut text = String::from("space all in help\nline 7001 in all\n");
    for _ in 0..1 + rng.below(4) {
        let pattern = PATTERNS[rng.below(PATTERNS.len() as u64) as usize];
        let change = CHANGES[rng.below(CHANGES.len() as u64) as usize];
        let urgent = if rng.one_in(3) { "urgent emergency" } else { "no-wait" };
        let home = if rng.one_in(2) { "in" } else { "help" };
        if !text.contains(&format!(" {pattern} ")) {
            writeln!(text, "to {pattern} {home} {change} {urgent}").unwrap();
        }
    }
    if rng.one_in(2) {
        text.push_str("route 1[1-8]X help\nroute 213 in\nroute 21X in urgent emergency\ntrunk carrier all\n");
    }
    text
}

#[test]
fn a_plan_is_refused_when_a_number_never_arrives_and_only_then() {
    let mut rng = Rng::new(0x6c6f_6f70);
    let at = WallTime::from_micros(0);
    let mut seen = [0, 0];
    for _ in 0..RANDOM_PLANS {
        let text = random_translations(&mut rng);
        let (plan, origins) = plan(&text);
        let mut builder = DialPlanBuilder::from(&plan);
        builder.parameters(Parameters { translations_max: 300, ..Parameters::default() }).unwrap();
        let raised = builder.build();
        let endless = (1..=3u32)
            .flat_map(|length| (0..10u32.pow(length)).map(move |n| (length as usize, n)))
            .find(|(width, n)| {
                let number = Digits::parse(&format!("{n:0width$}")).unwrap();
                let caller = Arc::clone(&origins[0].caller);
                let analysis = Analysis::of(&raised, caller, Arrival::EnBloc, &number, at);
                analysis.decision() == Some(&Decision::Rejected(Reject::TooManyTranslations))
            });
        let found = loops(&plan, &origins, at);
        assert_eq!(!found.is_empty(), endless.is_some(), "{endless:?} in\n{text}");
        seen[usize::from(endless.is_some())] += 1;
    }
    assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
}

/// Dials the example of a finding again, with nothing of what found it.
fn holds(plan: &DialPlan, origins: &[Origin], finding: &Finding) -> bool {
    let Some(example) = &finding.example else { return finding.kind == Kind::PartitionUnseen };
    let (kind, name) = example.from.split_once(':').unwrap();
    let caller = match kind {
        "space" => Arc::new(Caller::new(Digits::EMPTY, plan.search_space(name).unwrap().clone())),
        _ => {
            Arc::clone(&origins.iter().find(|it| it.kind.word() == kind && *it.name == *name).unwrap().caller)
        }
    };
    let at = WallTime::from_micros(0);
    let number = Digits::parse(&example.number).unwrap();
    let trace = crate::Trace::of(plan, caller, example.arrival, &number, at);
    let hops = trace.analysis().hops();
    let first = hops.first().and_then(|hop| hop.chosen);
    let waited = hops.first().is_some_and(|hop| !hop.waited.is_zero());
    let (decision, about) = (trace.analysis().decision().unwrap(), finding.patterns.first().copied());
    let by = finding.patterns.get(1).copied();
    let (is_routed, is_emergency, asks) = match decision {
        Decision::Routed(routed) => (true, routed.emergency == Emergency::Yes, routed.codes.any()),
        _ => (false, false, false),
    };
    match finding.kind {
        Kind::Waits | Kind::OpenLength => first == about && waited,
        Kind::NeverMatches | Kind::NeverKeyByKey => first == by && first != about,
        Kind::CutsOff => first == about && trace.analysis().keys_used() < number.len(),
        Kind::Loop => *decision == Decision::Rejected(Reject::TooManyTranslations),
        Kind::TakesItsResult => hops.iter().filter(|hop| hop.chosen == about).count() > 1,
        Kind::LeadsNowhere => first == about && !is_routed,
        Kind::EmergencyWaits => is_emergency && !trace.waited().is_zero(),
        Kind::EmergencyEnBlocOnly | Kind::EmergencyUnreachable => !is_emergency,
        Kind::TrunkToTrunk => kind == "trunk" && is_routed,
        Kind::PartitionUnseen => first != about,
        Kind::FilterGroupEmpty => true,
        // These are found where lines and hunt lists are known.
        Kind::ForwardLoop
        | Kind::ForwardChain
        | Kind::ForwardNowhere
        | Kind::HuntNeverTried
        | Kind::HuntTimer => false,
        Kind::NoSuchCode => asks,
        Kind::EmergencyAsksForCode => asks && is_emergency,
    }
}

#[test]
fn codes_that_nobody_has_and_codes_for_help_are_found() {
    let check = |text: &str, levels: &[u8], matters: usize, expect: &[&str]| {
        let (plan, origins) = plan(text);
        let mut table = CodeTable::new();
        for (index, level) in levels.iter().enumerate() {
            table.add_authorization(&index.to_string(), "x", *level).unwrap();
        }
        (0..matters).for_each(|index| table.add_matter(&index.to_string(), "x").unwrap());
        let findings = lint(&plan, &origins, &table, WallTime::from_micros(0)).findings;
        let told: Vec<String> =
            findings.iter().map(|it| format!("{}: {}", it.severity.word(), it.what)).collect();
        assert_eq!(told, expect, "{text}");
        assert!(findings.iter().all(|finding| holds(&plan, &origins, finding)), "{findings:?}");
    };
    let route = "space all in\nline 1001 in all\nroute 9XX in level=10";
    check(route, &[3, 10], 0, &[]);
    check(
        route,
        &[3, 9],
        0,
        &[
            "warning: route pattern 9XX in in asks for an authorization code of level 10, and the highest that there \
           is has 9: nobody can call 955",
        ],
    );
    let none = "warning: route pattern 9XX in in asks for an authorization code, and there is none: nobody can call 955";
    check(route, &[], 1, &[none]);
    let both = "space all in\nline 1001 in all\nroute 9XX in level=0 matter";
    let matter =
        "warning: route pattern 9XX in in asks for a matter code, and there is none: nobody can call 955";
    check(both, &[], 0, &[none, matter]);
    check(both, &[0], 0, &[matter]);
    check(both, &[0], 1, &[]);
    // What nobody can dial is told as that, and not as this too.
    check(
        "space all in\nline 1001 in all\npartition out\nroute 9XX in",
        &[],
        0,
        &["note: partition out is in no calling search space: nobody can dial what is in it (0)"],
    );
    let help = "error: 112 calls for help only with a code: route pattern 112 in in asks for it";
    check("space all in\nline 1001 in all\nroute 112 in urgent emergency matter", &[], 1, &[help]);
    let translated = "space all in\nspace far out\nline 1001 in all\nto 112 in urgent emergency in=far\n\
                      route 112 out urgent level=1";
    let help = "error: 112 calls for help only with a code: route pattern 112 in out asks for it";
    check(translated, &[1], 0, &[help]);
}

#[test]
fn every_example_shows_what_it_is_said_to_show() {
    let mut rng = Rng::new(0x7072_6f6f);
    let at = WallTime::from_micros(0);
    let mut kinds = std::collections::BTreeSet::new();
    for round in 0..RANDOM_PLANS {
        let (plan, origins) =
            if round % 2 == 0 { random(&mut rng) } else { plan(&random_translations(&mut rng)) };
        for finding in lint(&plan, &origins, &CodeTable::new(), at).findings {
            assert!(holds(&plan, &origins, &finding), "{finding:?} in {plan:?}");
            kinds.insert(finding.kind.word());
        }
    }
    assert!(kinds.len() >= 10, "{kinds:?}");
}

#[test]
fn where_the_work_ends_nothing_is_said() {
    let (plan, origins) = plan(
        "space all a b\nline 1001 a all\nroute 20XX a\nroute 20XX b\nto 5X a mask=7X\nroute 112 a urgent emergency",
    );
    let views = view::all(&plan, &origins, WallTime::from_micros(0));
    let check = |steps: u64, expect: &[&str]| {
        let mut finder = Finder::new(&plan, &views);
        finder.budget.left = steps;
        finder.patterns();
        finder.partitions();
        finder.emergency();
        finder.outside();
        let lint = finder.finish();
        let kinds = lint.findings.iter().map(|finding| finding.kind.word());
        let told: Vec<&str> = kinds.chain(lint.incomplete.iter().map(String::as_str)).collect();
        assert_eq!(told, expect, "{steps}");
    };
    check(0, &["5 patterns have more different numbers than were looked at"]);
    check(10_000, &["never-matches", "leads-nowhere"]);
}

/// What a plan of a real size costs: run with `--release --nocapture` to see the time.
#[test]
fn a_hundred_thousand_patterns_are_looked_at_within_the_budget() {
    let mut builder = DialPlanBuilder::new(Parameters::default());
    for name in ["in", "out"] {
        builder.partition(name, None).unwrap();
    }
    builder.search_space("all", ["in", "out"]).unwrap();
    let mut origins = Vec::new();
    let mut rng = Rng::new(1);
    for index in 0..LARGE {
        let (partition, text, urgent) = match index % 10 {
            0..7 => ("in", format!("2{index:06}"), false),
            7 => ("out", format!("9.1{:03}{}XX{:04}", rng.below(1000), 2 + index % 8, index % 10_000), false),
            8 => ("out", format!("9.[2-9]{index:06}!"), false),
            _ => ("out", format!("8{index:06}X"), rng.one_in(2)),
        };
        let action = if partition == "in" {
            origins.push(origin(&builder, OriginKind::Line, &text, "all"));
            Action::Line(text.as_str().into())
        } else if index % 20 == 9 {
            let called = crate::transform::CalledChange {
                mask: Some("2XXXXXX".parse().unwrap()),
                ..Default::default()
            };
            Action::from(Translation { called, ..Translation::to(NextSearchSpace::Originator) })
        } else {
            Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into())))
        };
        let row = NumberPattern { urgent, ..NumberPattern::new(text.parse().unwrap(), action) };
        // What the generator makes twice is refused.
        let _ = builder.add(partition, row);
    }
    origins.push(origin(&builder, OriginKind::Trunk, "carrier", "all"));
    for text in ["9.!", "2!", "XXXX"] {
        let route = Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into())));
        builder.add("out", NumberPattern::new(text.parse().unwrap(), route)).unwrap();
    }
    let plan = builder.build();
    let lint = lint(&plan, &origins, &CodeTable::new(), WallTime::from_micros(0));
    let count = |kind: Kind| -> usize {
        lint.findings.iter().filter(|finding| finding.kind == kind).map(|finding| 1 + finding.alike).sum()
    };
    assert!(lint.findings.len() < 200, "{}", lint.findings.len());
    assert!(plan.len() * 10 > LARGE * 9);
    assert!(count(Kind::Waits) > LARGE / 2, "2! makes every line wait");
    assert_eq!(count(Kind::TrunkToTrunk), 1);
    let left_out = lint.incomplete.join(", ");
    assert!(left_out.lines().all(|line| !line.contains("patterns have more")), "{left_out}");
}

/// The full size where the compiler helps; a tenth where it checks every addition.
const LARGE: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
