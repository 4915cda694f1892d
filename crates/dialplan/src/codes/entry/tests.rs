use std::fmt::Write;

use super::*;

fn at(seconds: u64) -> Now {
    Now { mono: Instant::START + Duration::from_secs(seconds), ..Now::default() }
}

fn entry(authorization_level: Option<u8>, client_matter: bool) -> CodeEntry {
    let mut table = CodeTable::new();
    table.add_authorization("1234", "Ada", 10).unwrap();
    table.add_authorization("1", "anybody", 0).unwrap();
    table.add_matter("77", "Smith against Jones").unwrap();
    let required = CodesRequired { authorization_level, client_matter };
    CodeEntry::new(Arc::new(table), CodeParameters::new(Duration::from_secs(15)), required)
}

fn words(out: Vec<Output>) -> String {
    let words = out.into_iter().map(|output| match output {
        Output::Prompt(kind) => format!("prompt {kind:?}"),
        Output::Accepted(codes) => {
            let mut line = "accepted".to_owned();
            if let Some(by) = codes.authorization {
                let code = by.code.map_or("-".into(), |code| code.0);
                write!(line, " {} {} {code}", by.name, by.level).unwrap();
            }
            if let Some(matter) = codes.matter {
                write!(line, " {}", matter.code.0).unwrap();
            }
            line
        }
        Output::Refused { kind, because, cause } => format!("refused {kind:?} {because:?} {}", cause.0),
    });
    let words = words.collect::<Vec<_>>().join(", ");
    if words.is_empty() { "nothing".to_owned() } else { words }
}

fn step(entry: &mut CodeEntry, seconds: u64, input: Input) -> String {
    let mut out = Vec::new();
    entry.handle(at(seconds), input, &mut out);
    words(out)
}

fn started(prompting: Prompting, supplied: &str) -> Input {
    Input::Started { prompting, supplied: Pii(supplied.into()) }
}

#[test]
fn codes_are_asked_in_order_and_checked_one_by_one() {
    // `.` is silence until the timer, `!` a device that tells no more keys.
    let check = |level: Option<u8>, matter: bool, keys: &str, expect: &str| {
        let mut entry = entry(level, matter);
        let mut told = vec![step(&mut entry, 0, started(Prompting::Caller, ""))];
        for key in keys.chars() {
            let input = match key {
                '.' => Input::Timer,
                '!' => Input::KeysLost,
                key => Input::Key(key),
            };
            let seconds = if key == '.' { 100 } else { 1 };
            told.push(step(&mut entry, seconds, input));
        }
        told.retain(|words| words != "nothing");
        assert_eq!(told.join("; "), expect, "{level:?} {matter} {keys}");
    };
    check(None, false, "", "accepted");
    check(Some(0), false, "1#", "prompt Authorization; accepted anybody 0 -");
    check(Some(10), false, "1234#", "prompt Authorization; accepted Ada 10 -");
    check(Some(10), false, "1234.", "prompt Authorization; accepted Ada 10 -");
    check(None, true, "77#", "prompt Matter; accepted 77");
    check(Some(1), true, "1234#77#", "prompt Authorization; prompt Matter; accepted Ada 10 - 77");
    check(Some(1), true, "1234#78#", "prompt Authorization; prompt Matter; refused Matter Unknown 21");
    check(
        Some(11),
        true,
        "1234#77#",
        "prompt Authorization; refused Authorization LevelTooLow { has: 10, required: 11 } 21",
    );
    check(Some(0), true, "1235#", "prompt Authorization; refused Authorization Unknown 21");
    check(Some(0), false, "12*#", "prompt Authorization; refused Authorization Unknown 21");
    check(Some(0), false, "#", "prompt Authorization; refused Authorization Nothing 21");
    check(Some(0), false, ".", "prompt Authorization; refused Authorization Nothing 21");
    check(Some(0), false, "!", "prompt Authorization; refused Authorization NobodyToAsk 21");
    check(Some(10), false, "1234!.", "prompt Authorization; accepted Ada 10 -");
    check(Some(0), false, "12345678901234567", "prompt Authorization; refused Authorization TooLong 21");
    check(Some(0), false, "1234567890123456#", "prompt Authorization; refused Authorization Unknown 21");
}

#[test]
fn supplied_digits_save_the_question() {
    let check = |prompting, supplied: &str, expect: &str| {
        let mut entry = entry(Some(1), true);
        assert_eq!(step(&mut entry, 0, started(prompting, supplied)), expect, "{prompting:?} {supplied}");
    };
    use Prompting::{Caller, Nobody};
    check(Caller, "1234#77#", "accepted Ada 10 - 77");
    check(Caller, "1234#", "prompt Matter");
    check(Caller, "1234#7", "prompt Matter");
    check(Caller, "1235#", "refused Authorization Unknown 21");
    check(Caller, "12345678901234567", "prompt Authorization, refused Authorization TooLong 21");
    check(Nobody, "1234#77", "accepted Ada 10 - 77");
    check(Nobody, "1234#", "refused Matter NobodyToAsk 21");
    check(Nobody, "", "refused Authorization NobodyToAsk 21");
    check(Nobody, "#77#", "refused Authorization Nothing 21");
    let mut entry = entry(None, true);
    step(&mut entry, 0, started(Caller, "7"));
    assert_eq!(step(&mut entry, 1, Input::Key('7')), "nothing");
    assert_eq!(step(&mut entry, 1, Input::Key('#')), "accepted 77");
}

#[test]
fn every_key_restarts_the_timer() {
    let mut entry = entry(None, true);
    assert_eq!(entry.next_timeout(), None);
    step(&mut entry, 0, started(Prompting::Caller, ""));
    assert_eq!(entry.next_timeout(), Some(at(15).mono));
    step(&mut entry, 10, Input::Key('7'));
    assert_eq!(entry.next_timeout(), Some(at(25).mono));
    assert_eq!(step(&mut entry, 15, Input::Timer), "nothing");
    step(&mut entry, 25, Input::Timer);
    assert_eq!((entry.next_timeout(), entry.is_over()), (None, true));
}

#[test]
fn what_may_be_set_is_obeyed() {
    let mut entry = entry(Some(0), false);
    entry.parameters.refused_cause = Cause(57);
    entry.parameters.display = DisplayCode::Yes;
    assert_eq!(
        step(&mut entry.clone(), 0, started(Prompting::Caller, "9#")),
        "refused Authorization Unknown 57"
    );
    assert_eq!(step(&mut entry, 0, started(Prompting::Caller, "1234#")), "accepted Ada 10 1234");
}

#[test]
fn codes_do_not_appear_where_people_debug() {
    let mut entry = entry(None, true);
    step(&mut entry, 0, started(Prompting::Caller, "7"));
    let shown = format!("{entry:?} {:?}", started(Prompting::Caller, "77#"));
    assert!(!shown.contains("77") && !shown.contains("\"7\""), "{shown}");
}

/// Every state with every input. Reviewers read the file first.
#[test]
fn the_table_is_the_reviewed_one() {
    let mut table = String::new();
    let inputs = [
        (0, started(Prompting::Caller, ""), "Started"),
        (1, Input::Key('1'), "Key 1"),
        (1, Input::Key('#'), "Key #"),
        (1, Input::Timer, "Timer early"),
        (15, Input::Timer, "Timer"),
        (1, Input::KeysLost, "KeysLost"),
        (1, Input::CallerGone, "CallerGone"),
    ];
    for state in ["Ready", "Collecting Authorization", "Collecting Matter", "Over"] {
        for (seconds, input, name) in &inputs {
            let mut entry = entry(Some(0), true);
            match state {
                "Collecting Authorization" => drop(step(&mut entry, 0, started(Prompting::Caller, "1"))),
                "Collecting Matter" => drop(step(&mut entry, 0, started(Prompting::Caller, "1#7"))),
                "Over" => drop(step(&mut entry, 0, Input::CallerGone)),
                _ => {}
            }
            let told = step(&mut entry, *seconds, input.clone());
            let after = match &entry.state {
                State::Ready => "Ready".to_owned(),
                State::Collecting { kind, digits, timer } => {
                    let seconds = timer.saturating_since(Instant::START).as_secs();
                    format!("Collecting {kind:?} {:?} until {seconds}", digits.0)
                }
                State::Over => "Over".to_owned(),
            };
            writeln!(table, "{state} < {name} > {told}; {after}").unwrap();
        }
    }
    let expect = include_str!("../../../testdata/tables/codes.txt");
    assert!(table == expect, "testdata/tables/codes.txt is not the machine's table, which is:\n{table}");
}
