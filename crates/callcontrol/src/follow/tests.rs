use strowger_dialplan::forward::{BySide, ForwardParameters, HopLimit};
use strowger_dialplan::hunt::{HuntList, HuntOption, HuntPilot, LineGroup, LineGroupOptions};
use strowger_dialplan::{
    Arrival, CodesRequired, DialPlanBuilder, NumberPattern, Parameters, RoutePattern, RouteTarget,
};

use super::*;

/// Lines a to f with forwards (`a>b` all calls, `a!b` no answer, `a?b` busy, `a-b` unregistered, `a%b` no coverage), and the
/// hunt pilots 7 and 8 before lines e and f: 7 sends on to d, 8 does as the line says that was called originally. 0 leads out
/// and asks for a code.
fn configuration(text: &str, hops: u8) -> Configuration {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    // Names of lines are digits where they are dialled.
    for (index, name) in "abcdef".chars().enumerate() {
        let line = Action::Line(name.to_string().as_str().into());
        plan.literal("", &(index + 1).to_string(), line).unwrap();
        configuration.lines.insert(name.to_string(), Line::default());
    }
    for pilot in ["7", "8"] {
        let action = Action::Hunt { list: "list".into() };
        plan.add("", NumberPattern::new(pilot.parse().unwrap(), action)).unwrap();
    }
    let mut asks = RoutePattern::to(RouteTarget::Trunk("carrier".into()));
    asks.codes = CodesRequired { authorization_level: Some(1), client_matter: false };
    plan.add("", NumberPattern::new("0".parse().unwrap(), Action::from(asks))).unwrap();
    let members = ["e", "f"].map(strowger_base::LineName::from).to_vec();
    let group = LineGroup::new("group", members, LineGroupOptions::default()).unwrap();
    let list = HuntList::new("list", vec![Arc::new(group)]).unwrap();
    configuration.hunt_lists.insert("list".into(), Arc::new(list));
    let mut pilot = |name: &str, exhausted| {
        let pilot = HuntPilot::new(name, Duration::from_secs(60), exhausted, None).unwrap();
        configuration.hunt_pilots.insert(name.into(), Arc::new(pilot));
    };
    pilot("7", WhenExhausted::Forward { number: "4".into(), css: SearchSpace::null() });
    pilot("8", WhenExhausted::PersonalNoCoverage);
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        let &[from, kind, to] = &letters[..] else { panic!("{word}") };
        let number = "abcdef".find(to).map_or_else(|| to.to_string(), |index| (index + 1).to_string());
        let target = ForwardTarget::number(&number, SearchSpace::null()).ok();
        let line = configuration.lines.get_mut(&from.to_string()).unwrap();
        let forwards = line.forwards.get_or_insert_default();
        match kind {
            '>' => forwards.all = target,
            '!' => forwards.no_answer = BySide::both(target),
            '?' => forwards.busy = BySide { internal: target, external: None },
            '-' => forwards.unregistered = BySide::both(target),
            '%' => forwards.no_coverage = BySide::both(target),
            other => panic!("{other}"),
        }
    }
    configuration.plan = plan.build();
    let hop_limit = HopLimit::new(hops).unwrap();
    configuration.forward_parameters = ForwardParameters { hop_limit, ..ForwardParameters::default() };
    configuration
}

/// The way as `a>b(hop)`, and its end.
fn way(configuration: &Configuration, dialled: &str, when: When, side: CallSide) -> String {
    let caller = Arc::<Caller>::default();
    let (later, at) = (LaterHops::default(), WallTime::from_micros(0));
    let number = Digits::parse(dialled).unwrap();
    let trace = Trace::of(&configuration.plan, Arc::clone(&caller), Arrival::EnBloc, &number, at);
    let follower = Follower { configuration, caller, side, later, at, when };
    let followed = follower.follow(Reached::of(&trace, configuration).unwrap());
    let mut told = String::new();
    for step in &followed.steps {
        match step {
            Step::Forwarded(Forwarded { by, kind, hop, way_out, to, .. }) => {
                let kind = kind.map_or("hunted".to_owned(), |kind| format!("{kind:?}"));
                let way_out = way_out.map(|because| format!(" {because:?}")).unwrap_or_default();
                told.push_str(&format!("{by} {kind} {to} ({hop}{way_out}), "));
            }
            Step::NotFollowed { line, because } => told.push_str(&format!("{line} rings {because:?}, ")),
            Step::Hunted(hunted) => told.push_str(&format!("hunt {}, ", hunted.events.len())),
        }
    }
    told + &match followed.end {
        End::Line(line, cause) => {
            format!("{line} {}", cause.map_or("rings".to_owned(), |cause| cause.0.to_string()))
        }
        End::Hunt(pilot) => format!("{pilot} hunts"),
        End::HuntOver(pilot, because) => format!("{pilot} ends {}", because.cause().0),
        End::TooManyHops { at, hops } => format!("{at} too many {hops}"),
        End::Rejected(reject) => format!("{reject:?}"),
        End::CodeWanted(cause) => format!("code {}", cause.0),
        End::Blocked(cause) => format!("blocked {}", cause.0),
        End::Elsewhere(_) => "elsewhere".to_owned(),
    }
}

#[test]
fn a_call_goes_where_the_forwards_say() {
    use When::{Busy, Free, NoAnswer, Unregistered};
    let check = |text: &str, dialled: &str, when, expect: &str| {
        let configuration = configuration(text, 6);
        assert_eq!(way(&configuration, dialled, when, CallSide::Internal), expect, "{text} {when:?}");
    };
    check("", "1", Free, "a rings");
    check("", "1", Busy, "a 17");
    check("", "1", NoAnswer, "a 19");
    check("", "1", Unregistered, "a 20");
    check("a>b b?c", "1", Free, "a All 2 (1), b rings");
    check("a>b b?c", "1", Busy, "a All 2 (1), b Busy 3 (2), c 17");
    check("a!b b>c", "1", NoAnswer, "a NoAnswer 2 (1), b All 3 (2), c 19");
    check("a-9", "1", Unregistered, "a Unregistered 9 (1), NoMatch");
    // Loops end as those of calls do.
    check("a>b b>a b!c", "1", Free, "a All 2 (1), b NoAnswer 3 (2 Loop), c rings");
    check("a>b b>a", "1", Free, "a All 2 (1), b rings Loop, b rings");
    check("a>a", "1", Busy, "a rings Loop, a 17");
    check(
        "a?b b?a",
        "1",
        Busy,
        "a Busy 2 (1), b Busy 1 (2), a Busy 2 (3), b Busy 1 (4), a Busy 2 (5), b Busy 1 (6), a too many 6",
    );
}

#[test]
fn a_hunt_counts_and_sends_on() {
    use When::{Busy, Free, NoAnswer, Unregistered};
    let check = |text: &str, hops, dialled: &str, when, expect: &str| {
        let configuration = configuration(text, hops);
        assert_eq!(way(&configuration, dialled, when, CallSide::Internal), expect, "{text} {when:?}");
    };
    check("", 6, "7", Free, "hunt 5, 7 hunts");
    check("", 6, "7", NoAnswer, "hunt 5, 7 hunted 4 (2), d 19");
    check("", 6, "7", Unregistered, "hunt 3, 7 hunted 4 (2), d 20");
    check("", 1, "7", Busy, "hunt 3, 7 too many 1");
    check("a>7 d>e", 2, "1", Busy, "a All 7 (1), hunt 3, 7 too many 2");
    check("a>7", 1, "1", Free, "a All 7 (1), 7 too many 1");
    // The line that was called originally decides.
    check("a>8 a%c", 6, "1", Busy, "a All 8 (1), hunt 3, a NoCoverage 3 (3), c 17");
    check("a>8", 6, "1", Busy, "a All 8 (1), hunt 3, 8 ends 17");
    check("", 6, "8", Unregistered, "hunt 3, 8 ends 20");
}

#[test]
fn a_call_from_outside_may_go_elsewhere() {
    let configuration = configuration("a?b", 6);
    let check = |side, expect: &str| assert_eq!(way(&configuration, "1", When::Busy, side), expect);
    check(CallSide::Internal, "a Busy 2 (1), b 17");
    check(CallSide::External, "a 17");
}

#[test]
fn a_line_that_is_free_says_what_else_it_would_do() {
    let configuration = configuration("a>b b?c b!9", 6);
    let caller = Arc::<Caller>::default();
    let (later, at) = (LaterHops::default(), WallTime::from_micros(0));
    let follower = Follower {
        configuration: &configuration,
        caller,
        side: CallSide::Internal,
        later,
        at,
        when: When::Free,
    };
    let action = Action::Line("a".into());
    let followed = follower.follow(Reached { action: &action, name: "", called: "1".into() });
    let others: Vec<_> = followed
        .others
        .iter()
        .map(|other| {
            let result = other.result.as_ref().map(|forwarded| (forwarded.to, forwarded.hop));
            (other.when, other.after.map(|after| after.as_secs()), result.map_err(|cause| cause.0))
        })
        .collect();
    assert_eq!(
        others,
        [
            (When::Busy, None, Ok(("3", 2))),
            (When::NoAnswer, Some(12), Ok(("9", 2))),
            (When::Unregistered, None, Err(20)),
        ]
    );
}

#[test]
fn what_is_doubtful_is_found_once() {
    let check = |text: &str, hops, expect: &[&str]| {
        let mut configuration = configuration(text, hops);
        let at = WallTime::from_micros(0);
        // Lines are found by the number under which they are dialled.
        for (index, name) in "abcdef".chars().enumerate() {
            let line = configuration.lines.get(&name.to_string()).cloned().unwrap();
            configuration.lines.remove(&name.to_string());
            configuration.lines.insert((index + 1).to_string(), line);
        }
        let mut plan = DialPlanBuilder::from(&configuration.plan);
        let lines: Vec<_> = configuration
            .plan
            .patterns()
            .filter(|(_, row)| matches!(row.action, Action::Line(_)))
            .map(|(id, _)| id)
            .collect();
        for id in lines {
            let row = plan.remove(id).unwrap();
            plan.literal("", &row.name, Action::Line((*row.name).into())).unwrap();
        }
        configuration.plan = plan.build();
        let lint = lint(&configuration, at);
        assert!(lint.incomplete.is_empty());
        let told: Vec<String> = lint
            .findings
            .iter()
            .map(|finding| {
                let example = finding.example.as_ref().unwrap();
                let when = example.forward.map(|kind| format!("{kind:?} ")).unwrap_or_default();
                let alike = if finding.alike > 0 { format!(" +{}", finding.alike) } else { String::new() };
                format!("{} {when}{}{alike}", finding.kind.word(), example.number)
            })
            .collect();
        assert_eq!(told, expect, "{text}");
    };
    check("a>b b?c c!7", 6, &[]);
    // A ring is told once, and not of those that only lead into it.
    check("a>b b>c c>b", 6, &["forward-loop 2"]);
    check("a>a", 6, &["forward-loop 1"]);
    check("a?b b?a c?a", 6, &["forward-loop Busy 1"]);
    check("a!b b>a", 6, &["forward-loop NoAnswer 1"]);
    check("a>b b>c c>d d>e", 3, &["forward-chain 1"]);
    check("a?b b?c c?d d?e", 3, &["forward-chain Busy 1"]);
    check("a>9 b>9 c-9", 6, &["forward-nowhere 1 +1", "forward-nowhere Unregistered 3"]);
    check("a>0 b?0", 6, &["forward-nowhere 1", "forward-nowhere Busy 2"]);
    // What comes to nothing because all calls are forwarded is not told.
    check("a>b a?9", 6, &[]);
}

#[test]
fn a_hunt_that_leaves_somebody_out_is_found() {
    let check = |seconds: u64, option: HuntOption, expect: &[&str]| {
        let mut configuration = configuration("", 6);
        let options = LineGroupOptions {
            on_no_answer: option,
            on_busy: option,
            on_not_available: option,
            ..LineGroupOptions::default()
        };
        let group = |name, members: [&str; 2]| {
            let members = members.map(strowger_base::LineName::from).to_vec();
            Arc::new(LineGroup::new(name, members, options.clone()).unwrap())
        };
        let list = HuntList::new("list", vec![group("one", ["a", "b"]), group("two", ["b", "c"])]).unwrap();
        configuration.hunt_lists.insert("list".into(), Arc::new(list));
        configuration.hunt_pilots.clear();
        for name in ["7", "8"] {
            let pilot = HuntPilot::new(name, Duration::from_secs(seconds), WhenExhausted::NotForwarded, None);
            configuration.hunt_pilots.insert(name.into(), Arc::new(pilot.unwrap()));
        }
        let mut plan = DialPlanBuilder::from(&configuration.plan);
        let eighth = configuration.plan.patterns().find(|(_, row)| &*row.name == "8").unwrap().0;
        plan.remove(eighth);
        configuration.plan = plan.build();
        let lint = lint(&configuration, WallTime::from_micros(0));
        let told: Vec<_> =
            lint.findings.iter().map(|it| format!("{} {}", it.severity.word(), it.kind.word())).collect();
        assert_eq!(told, expect, "{seconds} {option:?}");
    };
    let on = HuntOption::NextMemberThenNextGroup;
    check(60, on, &[]);
    check(40, on, &[]);
    check(30, on, &["warning hunt-timer"]);
    check(35, on, &[]);
    check(25, on, &["note hunt-timer"]);
    check(60, HuntOption::NextMember, &["warning hunt-never-tried"]);
    check(60, HuntOption::StopHunting, &["warning hunt-never-tried"]);
    check(60, HuntOption::SkipToNextGroup, &[]);
}

#[test]
fn of_many_alike_some_are_told_and_the_others_counted() {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    for index in 0..50 {
        let number = format!("1{index:03}");
        plan.literal("", &number, Action::Line(number.as_str().into())).unwrap();
        let forwards =
            Forwards { all: ForwardTarget::number(&number, SearchSpace::null()).ok(), ..Forwards::default() };
        let line = Line { forwards: Some(Box::new(forwards)), ..Line::default() };
        configuration.lines.insert(number, line);
    }
    configuration.plan = plan.build();
    let lint = lint(&configuration, WallTime::from_micros(0));
    let alike: Vec<usize> = lint.findings.iter().map(|finding| finding.alike).collect();
    assert_eq!((alike.len(), alike.iter().sum()), (20, 30));
}
