use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kinds::Line;
use crate::reader::{AlreadySealed, ByIdOnly, Reader};
use crate::setting::{Record, Setting};
use crate::{Id, Kind};

fn table(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(table) => table,
        other => panic!("{other} is no table"),
    }
}

/// Reads a line in a world with one partition, and writes it again or says what is wrong.
fn check(value: Value, expect: Result<Value, &[&str]>) {
    let internal = Id::from_random(7);
    let known = BTreeMap::from([((Kind::Partition, "internal".to_owned()), internal)]);
    let mut reader = Reader::new(Id::from_random(1), &known, &AlreadySealed);
    let line = Line::read_table(&table(value.clone()), &mut reader);
    let problems: Vec<String> = reader.into_problems().iter().map(ToString::to_string).collect();
    let found = line.map(|line| Value::Object(line.write_table(&ByIdOnly)));
    match expect {
        Ok(expect) => assert_eq!((found, problems), (Some(expect), Vec::new()), "{value}"),
        Err(expect) => {
            assert_eq!((found, problems), (None, expect.iter().map(|&p| p.to_owned()).collect()), "{value}")
        }
    }
}

#[test]
fn what_is_default_is_not_written() {
    check(json!({ "pattern": "1001" }), Ok(json!({ "pattern": "1001" })));
    check(json!({ "pattern": "1001", "busy_trigger": 2 }), Ok(json!({ "pattern": "1001" })));
    check(json!({ "pattern": "1001", "no_answer": null }), Ok(json!({ "pattern": "1001" })));
    check(
        json!({ "pattern": "10XX", "partition": "internal", "busy_trigger": 3, "no_answer": 12 }),
        Ok(json!({
            "pattern": "10XX", "partition": Id::from_random(7).to_string(), "busy_trigger": 3, "no_answer": 12,
        })),
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    check(
        json!({}),
        Err(&[
            "pattern is missing; expected a pattern of digits, X, !, ?, +, [..], ., @, *, # and \\+, or a name such as alice@example.com, for example \"9.1[2-9]XXXXXXXXX\"",
        ]),
    );
    check(
        json!({ "pattern": 1001, "partition": "intrenal", "busy_tigger": 1, "no_answer": 301 }),
        Err(&[
            "pattern is 1001, expected a pattern of digits, X, !, ?, +, [..], ., @, *, # and \\+, or a name such as alice@example.com, for example \"9.1[2-9]XXXXXXXXX\"",
            "partition names the partition \"intrenal\", which does not exist; did you mean \"internal\"?",
            "no_answer is 301, expected whole seconds, 1 to 300",
            "busy_tigger is no setting; did you mean busy_trigger?",
        ]),
    );
}

#[test]
fn references_are_told() {
    let partition = Id::from_random(9);
    let mut reader = Reader::new(Id::from_random(1), &ByIdOnly, &AlreadySealed);
    let stored = json!({ "pattern": "1001", "partition": partition.to_string() });
    let line = Line::read_table(&table(stored), &mut reader).unwrap();
    let mut found = Vec::new();
    Record::references(&line, &mut |kind, id| found.push((kind, id)));
    assert_eq!(found, [(Kind::Partition, partition)]);
}

#[test]
fn a_hash_that_would_cost_a_log_in_too_much_is_refused() {
    let check = |parameters: &str, expect: bool| {
        let text = json!(format!("$argon2id$v=19${parameters}$c29tZXNhbHQ$aGFzaGhhc2g"));
        let mut reader = Reader::new(Id::from_random(1), &ByIdOnly, &AlreadySealed);
        assert_eq!(super::PasswordHash::read(&text, &mut reader).is_some(), expect, "{parameters}");
    };
    check("m=19456,t=2,p=1", true);
    check("m=262144,t=16,p=16", true);
    check("m=4294967295,t=2,p=1", false);
    check("m=19456,t=4294967295,p=1", false);
    check("m=19456,t=2,p=255", false);
    check("m=0,t=2,p=1", false);
}
