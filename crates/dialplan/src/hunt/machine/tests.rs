use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::*;
use crate::hunt::{Distribution, LineGroup, LineGroupOptions, Standing};
use crate::rotation::Rotation;

/// What the lines of the test are doing, and the turns of all groups.
#[derive(Default)]
struct Lines {
    standing: BTreeMap<char, Standing>,
    rotations: BTreeMap<String, Rotation<char>>,
}

impl Members<char> for Lines {
    fn standing(&self, member: &char) -> Standing {
        self.standing.get(member).copied().unwrap_or(Standing::Idle { since: Instant::START })
    }

    fn rotation(&mut self, group: &LineGroup<char>) -> &mut Rotation<char> {
        self.rotations.entry(group.name().to_owned()).or_default()
    }
}

fn at(seconds: u64) -> Now {
    Now { mono: Instant::START + Duration::from_secs(seconds), ..Now::default() }
}

fn group(name: &str, members: &str, options: LineGroupOptions) -> Arc<LineGroup<char>> {
    Arc::new(LineGroup::new(name, members.chars().collect(), options).unwrap())
}

fn hunt(groups: Vec<Arc<LineGroup<char>>>, maximum: u64) -> Hunt<char, ()> {
    let list = HuntList::new("list", groups).unwrap();
    let pilot = HuntPilot::new("8000", Duration::from_secs(maximum), WhenExhausted::PersonalNoCoverage, None)
        .unwrap();
    Hunt::new(Arc::new(list), Arc::new(pilot))
}

fn distribution(distribution: Distribution) -> LineGroupOptions {
    LineGroupOptions { distribution, ..LineGroupOptions::default() }
}

/// Outputs in a line: `ring ab g0 TopDown until 10`.
fn words(out: Vec<Output<char, ()>>) -> String {
    let names = |members: Vec<char>| members.into_iter().collect::<String>();
    let mut line = String::new();
    for output in out {
        if !line.is_empty() {
            line.push_str(", ");
        }
        match output {
            Output::Ring { members, group, no_answer_at, because } => {
                let until = no_answer_at.saturating_since(Instant::START).as_secs();
                let because = match because {
                    RingBecause::TopDown => "top down".to_owned(),
                    RingBecause::TurnAfter(None) => "first turn".to_owned(),
                    RingBecause::TurnAfter(Some(last)) => format!("turn after {last}"),
                    RingBecause::IdleSince(since) => {
                        format!("idle since {}", since.saturating_since(Instant::START).as_secs())
                    }
                    RingBecause::Broadcast => "all".to_owned(),
                };
                write!(line, "ring {} g{group} {because} until {until}", names(members))
            }
            Output::Skipped { member, group, because } => write!(line, "skip {member} g{group} {because:?}"),
            Output::Withdraw { members, because } => write!(line, "stop {} {because:?}", names(members)),
            Output::LeftGroup { group, because } => write!(line, "leave g{group} {because:?}"),
            Output::Connected { member, group } => write!(line, "connected {member} g{group}"),
            Output::Exhausted { because, then } => {
                write!(line, "exhausted {because:?} cause {} {then:?}", because.cause().0)
            }
        }
        .unwrap();
    }
    if line.is_empty() { "nothing".to_owned() } else { line }
}

fn step(hunt: &mut Hunt<char, ()>, seconds: u64, input: Input<char>, lines: &mut Lines) -> String {
    let mut out = Vec::new();
    hunt.handle(at(seconds), input, lines, &mut out);
    words(out)
}

#[test]
fn the_first_choice_follows_the_distribution() {
    let check = |order: Distribution, standing: &[(char, Standing)], expect: &str| {
        let mut lines = Lines { standing: standing.iter().copied().collect(), ..Lines::default() };
        let mut hunt = hunt(vec![group("g", "abc", distribution(order))], 1800);
        assert_eq!(step(&mut hunt, 0, Input::Started, &mut lines), expect, "{order:?} {standing:?}");
    };
    let idle = |seconds| Standing::Idle { since: at(seconds).mono };
    use Distribution::{Broadcast, Circular, LongestIdleTime, TopDown};
    check(TopDown, &[], "ring a g0 top down until 10");
    check(TopDown, &[('a', Standing::Available)], "ring a g0 top down until 10");
    check(TopDown, &[('a', Standing::Busy)], "skip a g0 Busy, ring b g0 top down until 10");
    check(Circular, &[], "ring a g0 first turn until 10");
    check(
        LongestIdleTime,
        &[('a', idle(9)), ('b', idle(3)), ('c', idle(5))],
        "ring b g0 idle since 3 until 10",
    );
    // Equal ones in the order of the list; members on a call are not idle.
    check(
        LongestIdleTime,
        &[('a', Standing::Available), ('b', idle(3)), ('c', idle(3))],
        "ring b g0 idle since 3 until 10",
    );
    check(
        LongestIdleTime,
        &[('a', Standing::Available), ('b', Standing::Busy), ('c', Standing::LoggedOut)],
        "skip a g0 NotIdle, skip b g0 Busy, skip c g0 LoggedOut, \
         exhausted LastGroup(MembersTried(NotAvailable)) cause 20 PersonalNoCoverage",
    );
    check(
        Broadcast,
        &[('a', Standing::Busy), ('b', Standing::Available)],
        "skip a g0 Busy, ring bc g0 all until 10",
    );
    check(
        Broadcast,
        &[('a', Standing::Busy), ('b', Standing::NotAvailable), ('c', Standing::LoggedOut)],
        "skip a g0 Busy, skip b g0 NotAvailable, skip c g0 LoggedOut, \
         exhausted LastGroup(MembersTried(Busy)) cause 17 PersonalNoCoverage",
    );
}

#[test]
fn each_option_decides_where_the_hunt_goes() {
    let check = |option: HuntOption, busy: &str, expect: &str| {
        let mut lines = Lines::default();
        lines.standing.extend(busy.chars().map(|member| (member, Standing::Busy)));
        let options =
            LineGroupOptions { on_no_answer: option, on_busy: option, ..distribution(Distribution::TopDown) };
        let mut hunt =
            hunt(vec![group("g", "ab", options), group("h", "c", distribution(Distribution::TopDown))], 1800);
        step(&mut hunt, 0, Input::Started, &mut lines);
        assert_eq!(step(&mut hunt, 10, Input::Timer, &mut lines), expect, "{option:?} busy {busy}");
    };
    use HuntOption::{NextMember, NextMemberThenNextGroup, SkipToNextGroup, StopHunting};
    check(NextMemberThenNextGroup, "", "stop a NoAnswer, ring b g0 top down until 20");
    check(
        NextMemberThenNextGroup,
        "b",
        "stop a NoAnswer, skip b g0 Busy, leave g0 MembersTried(Busy), ring c g1 top down until 20",
    );
    check(NextMember, "", "stop a NoAnswer, ring b g0 top down until 20");
    check(
        NextMember,
        "b",
        "stop a NoAnswer, skip b g0 Busy, exhausted LastMember(Busy) cause 17 PersonalNoCoverage",
    );
    check(SkipToNextGroup, "", "stop a NoAnswer, leave g0 Skipped(NoAnswer), ring c g1 top down until 20");
    check(StopHunting, "", "stop a NoAnswer, exhausted Stopped(NoAnswer) cause 19 PersonalNoCoverage");
}

#[test]
fn calls_share_the_turn_and_a_hunt_keeps_its_own_round() {
    let circular = || vec![group("g", "abc", distribution(Distribution::Circular))];
    let mut lines = Lines::default();
    let (mut first, mut second) = (hunt(circular(), 1800), hunt(circular(), 1800));
    assert_eq!(step(&mut first, 0, Input::Started, &mut lines), "ring a g0 first turn until 10");
    assert_eq!(step(&mut second, 0, Input::Started, &mut lines), "ring b g0 turn after a until 10");
    // The first hunt's round is a, b, c whatever others do meanwhile.
    lines.standing.insert('b', Standing::Busy);
    assert_eq!(
        step(&mut first, 10, Input::Timer, &mut lines),
        "stop a NoAnswer, skip b g0 Busy, ring c g0 turn after b until 20"
    );
    assert_eq!(
        step(&mut first, 20, Input::Timer, &mut lines),
        "stop c NoAnswer, exhausted LastGroup(MembersTried(NoAnswer)) cause 19 PersonalNoCoverage"
    );
}

#[test]
fn what_happened_in_one_group_does_not_matter_in_the_next() {
    let skip = || LineGroupOptions {
        on_no_answer: HuntOption::SkipToNextGroup,
        ..distribution(Distribution::TopDown)
    };
    let mut lines = Lines::default();
    let mut hunt = hunt(vec![group("g", "ab", skip()), group("h", "cd", skip())], 1800);
    step(&mut hunt, 0, Input::Started, &mut lines);
    assert_eq!(
        step(&mut hunt, 10, Input::Timer, &mut lines),
        "stop a NoAnswer, leave g0 Skipped(NoAnswer), ring c g1 top down until 20"
    );
    assert_eq!(
        step(&mut hunt, 20, Input::Timer, &mut lines),
        "stop c NoAnswer, exhausted LastGroup(Skipped(NoAnswer)) cause 19 PersonalNoCoverage"
    );
}

#[test]
fn empty_groups_are_passed_through() {
    let top_down = || distribution(Distribution::TopDown);
    let check = |members: [&str; 3], expect: &str| {
        let groups = ["f", "g", "h"].into_iter().zip(members);
        let groups = groups.map(|(name, members)| group(name, members, top_down())).collect();
        assert_eq!(step(&mut hunt(groups, 1800), 0, Input::Started, &mut Lines::default()), expect);
    };
    check(["", "", "a"], "leave g0 Empty, leave g1 Empty, ring a g2 top down until 10");
    check(
        ["", "", ""],
        "leave g0 Empty, leave g1 Empty, exhausted LastGroup(Empty) cause 20 PersonalNoCoverage",
    );
}

#[test]
fn the_whole_hunt_has_an_end() {
    let groups = || vec![group("g", "abcdef", distribution(Distribution::TopDown))];
    let mut lines = Lines::default();
    let mut hunt = hunt(groups(), 25);
    let mut timeouts = Vec::new();
    step(&mut hunt, 0, Input::Started, &mut lines);
    let mut last = String::new();
    while let Some(timeout) = hunt.next_timeout() {
        let seconds = timeout.saturating_since(Instant::START).as_secs();
        timeouts.push(seconds);
        last = step(&mut hunt, seconds, Input::Timer, &mut lines);
    }
    assert_eq!(timeouts, [10, 20, 25]);
    assert_eq!(last, "stop c MaximumTimer, exhausted MaximumTimer cause 19 PersonalNoCoverage");
    assert!(hunt.is_over());
}

/// Every state with every input. Reviewers read the file first.
#[test]
fn the_table_is_the_reviewed_one() {
    let mut table = String::new();
    let states = ["Ready", "Ringing a", "Ringing ab", "Connected a", "Over"];
    let inputs = [
        (0, Input::Started),
        (5, Input::Answered('a')),
        (5, Input::Answered('x')),
        (5, Input::Busy('a')),
        (5, Input::Busy('x')),
        (5, Input::NotAvailable('a')),
        (5, Input::NotAvailable('x')),
        (5, Input::Timer),
        (10, Input::Timer),
        (30, Input::Timer),
        (5, Input::CallerGone),
    ];
    for state in states {
        for (seconds, input) in &inputs {
            let mut lines = Lines::default();
            let order = if state == "Ringing ab" { Distribution::Broadcast } else { Distribution::TopDown };
            let mut hunt = hunt(vec![group("g", "ab", distribution(order))], 30);
            if state != "Ready" {
                step(&mut hunt, 0, Input::Started, &mut lines);
            }
            if state == "Over" {
                step(&mut hunt, 0, Input::CallerGone, &mut lines);
            }
            if state == "Connected a" {
                step(&mut hunt, 0, Input::Answered('a'), &mut lines);
            }
            let told = step(&mut hunt, *seconds, input.clone(), &mut lines);
            let after = match &hunt.state {
                State::Ready => "Ready".to_owned(),
                State::Ringing(ringing) => format!("Ringing {}", ringing.members.iter().collect::<String>()),
                State::Connected(member) => format!("Connected {member}"),
                State::Over => "Over".to_owned(),
            };
            writeln!(table, "{state} < {input:?} at {seconds} > {told}; {after}").unwrap();
        }
    }
    let expect = include_str!("../../../testdata/tables/hunt.txt");
    assert!(table == expect, "testdata/tables/hunt.txt is not the machine's table, which is:\n{table}");
}
