//! Changed in parts, a configuration is what it would be if it were built as a whole.

mod others;

use strowger_base::{LineName, Rng, Secret, WallTime};
use strowger_dialplan::{Analysis, Arrival, Caller, Decision, Progress};

use super::*;
use crate::configuration::{
    ChangeDraft, ForwardDraft, ForwardsDraft, LineSecret, PartitionDraft, PatternDraft, PhoneDraft,
    SearchSpaceDraft, TranslationDraft,
};

fn line(number: &str, name: &str) -> Line {
    Line::new(number, name, LineSecret::Password(Secret::new(format!("secret of {name}").into())))
}

fn draft(lines: Vec<Line>) -> Draft {
    let mut draft = Draft { lines, ..Draft::default() };
    for name in ["inside", "outside"] {
        draft.plan.partitions.push(PartitionDraft { name: name.into(), ..PartitionDraft::default() });
    }
    let space = SearchSpaceDraft { name: "all".into(), partitions: vec!["inside".into(), "outside".into()] };
    draft.plan.search_spaces.push(space);
    draft
}

/// Everything that matters of a configuration, as text.
fn told(configuration: &Configuration, numbers: &[&str]) -> String {
    let calls = &configuration.calls;
    let mut text = format!("{:#?}\n", calls.lines);
    for (number, account) in configuration.sip.lines.iter() {
        let phones =
            account.phones.iter().map(|phone| (&phone.name, &phone.username, phone.ha1_md5.expose()));
        text.push_str(&format!("{number} {} {:?}\n", account.name, phones.collect::<Vec<_>>()));
    }
    let space = calls.plan.search_space("all").unwrap().clone();
    let caller = Arc::new(Caller::new(Digits::EMPTY, space));
    for number in numbers {
        let digits = Digits::parse(number).unwrap();
        for arrival in [Arrival::EnBloc, Arrival::KeyByKey] {
            let at = WallTime::from_micros(0);
            let analysis = Analysis::of(&calls.plan, Arc::clone(&caller), arrival, &digits, at);
            // Patterns are told by what they are: their places differ.
            let result = match analysis.progress() {
                Progress::Decided(Decision::Routed(routed)) => {
                    let pattern = calls.plan.pattern(routed.pattern).unwrap();
                    format!(
                        "{} {:?} {}",
                        pattern.name,
                        pattern.action,
                        calls.plan.partition_of(routed.pattern)
                    )
                }
                progress => format!("{progress:?}"),
            };
            text.push_str(&format!("{number} {result}\n"));
        }
    }
    text
}

fn random_line(rng: &mut Rng, number: &str, partition: &str) -> Line {
    let mut line = line(number, &format!("name {} {partition}", rng.below(100)));
    line.partition = partition.into();
    line.urgent = rng.below(4) == 0;
    line.busy_trigger = 1 + rng.below(4) as u32;
    line.search_space = ["", "all"][rng.below(2) as usize].into();
    let phone = |rng: &mut Rng, name: &str| PhoneDraft {
        username: Some(name.into()),
        overlap: rng.below(2) == 0,
        device_search_space: ["", "all"][rng.below(2) as usize].into(),
        emergency_number: ["", "112"][rng.below(2) as usize].into(),
        ..PhoneDraft::new(name, line.phones[0].secret.clone())
    };
    let phones = (0..rng.below(4)).map(|at| phone(rng, &format!("phone {at}"))).collect();
    line.phones = phones;
    if rng.below(3) == 0 {
        let all = Some(ForwardDraft::to("1001"));
        line.forwards = Some(Box::new(ForwardsDraft { all, ..ForwardsDraft::default() }));
    }
    line
}

#[test]
fn changes_of_lines_lead_where_building_the_whole_leads() {
    const NUMBERS: [&str; 6] = ["1000", "1001", "100", "10011", "2000", "20"];
    const PARTITIONS: [&str; 3] = ["", "inside", "outside"];
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let mut lines: Vec<Line> = vec![];
        let mut assembly = Assembly::new(draft(vec![])).ok().unwrap();
        for _ in 0..12 {
            let mut changes: Vec<LineChange> = vec![];
            let mut changed: Vec<LineName> = vec![];
            let of_number = |number| PARTITIONS.map(|partition| LineName::new(number, partition));
            for name in NUMBERS.into_iter().flat_map(of_number) {
                if rng.below(3) > 0 || changed.contains(&name) {
                    continue;
                }
                let there = |lines: &[Line], name| lines.iter().position(|line| line.line_name() == name);
                let before = there(&lines, name.clone()).map(|at| lines.remove(at));
                // Sometimes into another partition, where the number is free.
                let to = LineName::new(name.number(), PARTITIONS[rng.below(3) as usize]);
                let to = if there(&lines, to.clone()).is_none() { to } else { name };
                let after = (before.is_none() || rng.below(3) > 0)
                    .then(|| random_line(&mut rng, to.number(), to.partition()));
                changed.push(to);
                lines.extend(after.clone());
                changes.push(LineChange { before, after });
            }
            assembly = assembly.with(None, &changes).ok().flatten().unwrap();
            let whole = draft(lines.clone()).build().unwrap();
            assert_eq!(told(assembly.configuration(), &NUMBERS), told(&whole, &NUMBERS), "seed {seed}");
        }
    }
}

#[test]
fn two_lines_may_exchange_their_numbers_and_what_is_wrong_is_told_with_the_change() {
    let (alice, bob) = (line("1001", "Alice"), line("1002", "Bob"));
    let assembly = Assembly::new(draft(vec![alice.clone(), bob.clone()])).ok().unwrap();
    let renumbered = |line: &Line, number: &str| Line { number: number.into(), ..line.clone() };
    let changes = [
        LineChange { before: Some(alice.clone()), after: Some(renumbered(&alice, "1002")) },
        LineChange { before: Some(bob.clone()), after: Some(renumbered(&bob, "1001")) },
    ];
    let changed = assembly.with(None, &changes).ok().flatten().unwrap();
    let name = |assembly: &Assembly, number: &str| {
        assembly.configuration().sip.lines.get(number).map(|line| line.name.to_string())
    };
    assert_eq!((name(&changed, "1001"), name(&changed, "1002")), (Some("Bob".into()), Some("Alice".into())));
    assert_eq!(name(&assembly, "1001"), Some("Alice".into()), "the one before is as it was");
    let mut wrong = alice.clone();
    wrong.busy_trigger = 0;
    let good = LineChange { before: None, after: Some(line("1003", "Carol")) };
    let wrong = LineChange { before: Some(alice), after: Some(wrong) };
    let errors = assembly.with(None, &[good, wrong]).err().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].place, errors[0].setting), (Place::Line(1), "busy_trigger"));
    let same = LineChange { before: None, after: Some(line("1002", "Bob again")) };
    assert_eq!(assembly.with(None, &[same]).err().unwrap()[0].setting, "number");
}

#[test]
fn a_line_that_is_called_by_a_word_needs_the_whole() {
    let assembly = Assembly::new(draft(vec![line("reception", "Desk")])).ok().unwrap();
    let change = LineChange { before: None, after: Some(line("service", "Service")) };
    assert!(assembly.with(None, &[change]).ok().unwrap().is_none());
    // A forward may name it all the same.
    let mut alice = line("1001", "Alice");
    let all = Some(ForwardDraft::to("reception"));
    alice.forwards = Some(Box::new(ForwardsDraft { all, ..ForwardsDraft::default() }));
    let change = LineChange { before: None, after: Some(alice) };
    assert!(assembly.with(None, &[change]).ok().flatten().is_some());
}

/// A number hides a translation that leads back to itself; it cannot go as if that were not there.
#[test]
fn a_number_that_ends_a_translation_does_not_go_unseen() {
    let mut draft = draft(vec![line("1000", "Reception"), line("2000", "Other")]);
    draft.lines[0].partition = "inside".into();
    draft.lines[1].phones[0].device_search_space = "all".into();
    let change = ChangeDraft { mask: "1000".into(), ..ChangeDraft::default() };
    let pattern =
        PatternDraft { pattern: "1XXX".into(), partition: "inside".into(), ..PatternDraft::default() };
    draft.plan.translations.push(TranslationDraft { pattern, change, ..TranslationDraft::default() });
    let (reception, other) = (draft.lines[0].clone(), draft.lines[1].clone());
    let assembly = Assembly::new(draft.clone()).ok().unwrap();
    let gone = LineChange { before: Some(reception), after: None };
    assert!(assembly.with(None, &[gone]).ok().unwrap().is_none(), "the whole has to be looked at");
    draft.lines.remove(0);
    assert!(draft.build().is_err(), "it goes round");
    // What others are shown has nothing to do with it.
    let renamed =
        LineChange { before: Some(other.clone()), after: Some(Line { name: "Others".into(), ..other }) };
    assert!(assembly.with(None, &[renamed]).ok().unwrap().is_some());
    // Nor has a number that leads to no translation, or somebody more who sees what others see.
    let mut more = line("2001", "More");
    more.phones[0].device_search_space = "all".into();
    let more = LineChange { before: None, after: Some(more) };
    let changed = assembly.with(None, std::slice::from_ref(&more)).ok().unwrap().unwrap();
    let gone = LineChange { before: more.after, after: None };
    let changed = changed.with(None, &[gone]).ok().unwrap().unwrap();
    assert_eq!(changed.configuration().calls.lines.len(), 2);
}

#[test]
fn phones_of_lines_with_one_number_must_not_prove_themselves_alike() {
    let of = |partition: &str, username: Option<&str>, secret: &str| {
        let mut line = line("1001", secret);
        (line.partition, line.phones[0].username) = (partition.into(), username.map(Into::into));
        line
    };
    let check = |other: Line, expect: Option<&str>| {
        let there = of("inside", None, "Alice");
        let told = |errors: Vec<ConfigurationError>| {
            let [error] = &*errors else { panic!("{errors:?}") };
            assert_eq!(error.setting, "username");
            error.problem.to_string()
        };
        let whole = draft(vec![other.clone(), there.clone()]).build().err().map(told);
        let assembly = Assembly::new(draft(vec![there])).ok().unwrap();
        let change = LineChange { before: None, after: Some(other) };
        let changed = assembly.with(None, &[change]).err().map(told);
        assert_eq!(changed.is_some(), whole.is_some());
        assert_eq!(changed.as_deref(), expect, "{whole:?}");
    };
    check(of("outside", None, "Bob"), None);
    check(of("outside", Some("desk"), "Alice"), None);
    let alike = "is \"1001\": a phone of line 1001 in inside proves itself with the same user name and secret, and \
                 nothing else tells which of the two lines is meant; give one of the phones another";
    check(of("outside", None, "Alice"), Some(alike));
    check(of("", Some("1001"), "Alice"), Some(alike));
}
