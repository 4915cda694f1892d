use std::collections::BTreeMap;

use super::*;
use crate::forward::{BySide, ForwardDestination};

/// Lines by name: `a>b` all calls, `a!b` no answer, `a?b` busy.
fn lines(text: &str) -> BTreeMap<char, LineForwards<()>> {
    let mut lines: BTreeMap<char, LineForwards<()>> = BTreeMap::new();
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        let &[from, kind, to] = &letters[..] else { panic!("{word}") };
        let target = ForwardTarget::number(&to.to_string(), ()).ok();
        let line = lines.entry(from).or_default();
        match kind {
            '>' => line.all = target,
            '!' => line.no_answer = BySide::both(target),
            '?' => line.busy = BySide::both(target),
            other => panic!("{other}"),
        }
    }
    lines
}

fn number(target: &ForwardTarget<()>) -> Option<char> {
    match target.destination() {
        ForwardDestination::Number(number) => number.chars().next(),
        ForwardDestination::VoiceMail => None,
    }
}

/// Follows a call that nobody answers until it stays somewhere; tells the way, and why it ends.
fn follow(text: &str, parameters: ForwardParameters) -> String {
    let lines = lines(text);
    let none = LineForwards::default();
    let mut trail = Trail::new('a', parameters);
    let mut way = String::from("a");
    let mut at = 'a';
    let mut kind = ForwardKind::All;
    loop {
        let forwards = lines.get(&at).unwrap_or(&none);
        match trail.step(&at, forwards, kind, CallSide::Internal, number) {
            Step::To { target, kind: by, breakout, .. } => {
                at = number(target).unwrap();
                let mark = match by {
                    ForwardKind::All => '>',
                    ForwardKind::NoAnswer => '!',
                    ForwardKind::Busy => '?',
                    other => panic!("{other:?}"),
                };
                way.push(mark);
                way.push(at);
                if let Some(because) = breakout {
                    way.push_str(&format!("({because:?})"));
                }
                kind = ForwardKind::All;
            }
            Step::Ring { because } => {
                way.push_str(&format!(" rings({because:?})"));
                kind = ForwardKind::NoAnswer;
            }
            Step::NotSet if kind == ForwardKind::All => kind = ForwardKind::NoAnswer,
            Step::NotSet => return way,
            Step::Refused(reached) => return format!("{way} refused {} {}", reached.hops, reached.cause().0),
        }
    }
}

fn limit(hops: u8) -> ForwardParameters {
    ForwardParameters { hop_limit: HopLimit::new(hops).unwrap(), ..ForwardParameters::default() }
}

#[test]
fn a_call_follows_the_forwards_and_never_for_ever() {
    let check = |text: &str, parameters, expect: &str| assert_eq!(follow(text, parameters), expect, "{text}");
    let usual = ForwardParameters::default();
    check("", usual, "a");
    check("a>b b>c", usual, "a>b>c");
    check("a>b b!c", usual, "a>b!c");
    // A loop: the last line's CFNA, without one it rings.
    check("a>b b>c c>a c!v", usual, "a>b>c!v(Loop)");
    check("a>b b>c c>a", usual, "a>b>c rings(Loop)");
    check("a>a", usual, "a rings(Loop)");
    check("a>b b>c c>b c!v", usual, "a>b>c!v(Loop)");
    let ring = ForwardParameters { on_loop: Breakout::Ring, ..usual };
    check("a>b b>a b!v", ring, "a>b rings(Loop)!v");
    // After the way out there is no other.
    check("a>b b>a b!c c>d c!e", usual, "a>b!c(Loop) rings(HopLimit) refused 2 25");
    // A chain that is too long ends at the last line inside.
    check("a>b b>c c>d d>e", limit(3), "a>b>c>d rings(HopLimit)");
    check("a>b b>c c>d d>e d!v", limit(3), "a>b>c>d rings(HopLimit) refused 3 25");
    let forward = ForwardParameters { on_hop_limit: Breakout::NoAnswerForward, ..limit(3) };
    check("a>b b>c c>d d>e d!v", forward, "a>b>c>d!v(HopLimit)");
    check("a>b b>c c>d d>e d!v v>w", forward, "a>b>c>d!v(HopLimit) rings(HopLimit)");
    // Forwards that are not of all calls may go round until the limit.
    check("a!b b!a", limit(5), "a!b!a!b!a!b refused 5 25");
    check("a>b b!a", limit(4), "a>b!a>b!a rings(HopLimit)");
}

#[test]
fn hunt_pilots_count_as_hops() {
    let mut trail = Trail::new('a', limit(2));
    assert_eq!(trail.through_hunt_pilot(), Ok(()));
    let lines = lines("a>b");
    let step = trail.step(&'a', &lines[&'a'], ForwardKind::All, CallSide::External, number);
    assert!(matches!(step, Step::To { hop: 2, .. }), "{step:?}");
    let reached = trail.through_hunt_pilot().unwrap_err();
    assert_eq!((reached.hops, reached.cause()), (2, Cause::EXCHANGE_ROUTING_ERROR));
}

#[test]
fn the_trail_keeps_the_first_and_the_last() {
    let lines = lines("a>b b?c");
    let mut trail = Trail::new('a', ForwardParameters::default());
    assert_eq!((trail.last_redirecting(), trail.mailbox(Mailbox::LastRedirecting)), (None, &'a'));
    trail.step(&'a', &lines[&'a'], ForwardKind::All, CallSide::External, number);
    trail.step(&'b', &lines[&'b'], ForwardKind::Busy, CallSide::External, number);
    let reasons: Vec<_> =
        trail.redirects().iter().map(|hop| (hop.from, hop.reason.0, hop.on_behalf_of.0)).collect();
    assert_eq!(reasons, [('a', 15, 5), ('b', 1, 5)]);
    assert_eq!((trail.original_called(), trail.last_redirecting(), trail.hops()), (&'a', Some(&'b'), 2));
    assert_eq!(trail.mailbox(Mailbox::default()), &'a');
    assert_eq!(trail.mailbox(Mailbox::LastRedirecting), &'b');
}

#[test]
fn the_limit_has_limits() {
    let check = |hops: u8, plain: bool, qsig: bool| {
        assert_eq!((HopLimit::new(hops).is_ok(), HopLimit::with_qsig(hops).is_ok()), (plain, qsig), "{hops}");
    };
    check(0, false, false);
    check(1, true, true);
    check(15, true, true);
    check(16, true, false);
    check(60, true, false);
    check(61, false, false);
    assert_eq!(HOP_LIMIT.hops(), 12);
}

#[test]
fn hunts_and_what_came_before_count() {
    use crate::hunt::{Condition, LeftBecause};
    let parameters =
        ForwardParameters { hop_limit: HopLimit::new(4).unwrap(), ..ForwardParameters::default() };
    let mut trail = Trail::arrived('p', 1, parameters);
    assert_eq!(trail.through_hunt_pilot(), Ok(()));
    let because = Exhausted::LastGroup(LeftBecause::MembersTried(Condition::Busy));
    assert_eq!(trail.hunt_ended(&'p', because), Ok(3));
    assert_eq!(trail.hunt_ended(&'q', Exhausted::MaximumTimer), Ok(4));
    assert_eq!(trail.hunt_ended(&'r', Exhausted::MaximumTimer), Err(HopLimitReached { hops: 4 }));
    let told: Vec<(char, u16)> = trail.redirects().iter().map(|hop| (hop.from, hop.reason.0)).collect();
    assert_eq!(told, [('p', 1), ('q', 2)]);
    assert_eq!((trail.original_called(), trail.last_redirecting()), (&'p', Some(&'q')));
}
