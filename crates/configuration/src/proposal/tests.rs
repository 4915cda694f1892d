use serde_json::json;

use super::*;
use crate::reader::AlreadySealed;

fn wanted(kind: Kind, value: serde_json::Value) -> Wanted {
    let Value::Object(table) = value else { panic!("{value} is no table") };
    Wanted { kind, renamed_from: None, table }
}

fn ids() -> impl FnMut() -> Id {
    let mut last = 0;
    move || {
        last += 1;
        Id::from_random(last)
    }
}

fn small() -> Vec<Wanted> {
    vec![
        wanted(Kind::Line, json!({ "pattern": "1001", "partition": "internal" })),
        wanted(Kind::Partition, json!({ "name": "internal" })),
        wanted(Kind::CallingSearchSpace, json!({ "name": "all", "partitions": ["internal"] })),
    ]
}

fn state(wanted: &[Wanted]) -> State {
    let state = State::default();
    let operations = state.proposal(wanted, Scope::Whole, &AlreadySealed, &mut ids()).unwrap();
    state.changed(&operations).unwrap()
}

fn check(state: &State, wanted: &[Wanted], scope: Scope<'_>, expect: Result<&[&str], &[&str]>) {
    let mut ids = ids();
    let mut later = || Id::from_random(u128::from(ids().to_bytes()[15]) + 100);
    let found = state.proposal(wanted, scope, &AlreadySealed, &mut later);
    match (found, expect) {
        (Ok(operations), Ok(expect)) => {
            let after = state.changed(&operations).unwrap();
            let found: Vec<String> = operations
                .iter()
                .map(|operation| {
                    let names: &dyn crate::reader::Names =
                        if operation.after.is_some() { &after } else { state };
                    let what = match (operation.before, &operation.after) {
                        (None, _) => "add",
                        (Some(_), Some(_)) => "change",
                        (Some(_), None) => "remove",
                    };
                    format!("{what} {} {}", operation.kind, names.name(operation.kind, operation.object))
                })
                .collect();
            assert_eq!(found, expect);
        }
        (Err(mistakes), Err(expect)) => {
            let found: Vec<String> =
                mistakes.iter().map(|mistake| format!("{}: {}", mistake.wanted, mistake.problem)).collect();
            assert_eq!(found, expect);
        }
        (found, expect) => panic!("{found:?}, expected {expect:?}"),
    }
}

#[test]
fn what_is_there_already_needs_no_operation() {
    let wanted = small();
    check(&state(&wanted), &wanted, Scope::Whole, Ok(&[]));
    check(
        &State::default(),
        &wanted,
        Scope::Whole,
        Ok(&["add line internal:1001", "add partition internal", "add calling_search_space all"]),
    );
}

#[test]
fn the_scope_says_what_goes() {
    let state = state(&small());
    let mut less = small();
    less.remove(0);
    check(&state, &less, Scope::Whole, Ok(&["remove line internal:1001"]));
    check(&state, &less, Scope::Kinds(&[Kind::Partition, Kind::CallingSearchSpace]), Ok(&[]));
    check(&state, &less, Scope::Objects, Ok(&[]));
    check(&state, &[], Scope::Kinds(&[Kind::Line]), Ok(&["remove line internal:1001"]));
}

#[test]
fn a_new_name_keeps_the_object() {
    let state = state(&small());
    let mut renamed = vec![
        wanted(Kind::Line, json!({ "pattern": "1001", "partition": "inside" })),
        wanted(Kind::Partition, json!({ "name": "inside" })),
        wanted(Kind::CallingSearchSpace, json!({ "name": "all", "partitions": ["inside"] })),
    ];
    renamed[1].renamed_from = Some("internal".to_owned());
    // Those that refer to it hold its id: they are as they were.
    check(&state, &renamed, Scope::Whole, Ok(&["change partition inside"]));
}

#[test]
fn mistakes_are_told_all_at_once() {
    let wanted = [
        wanted(Kind::Partition, json!({ "name": "internal", "zone": "Europe/Berlim" })),
        wanted(Kind::Line, json!({ "partition": "internal", "busy_trigger": 0 })),
        wanted(Kind::Line, json!({ "pattern": "1001", "partition": "interna" })),
        wanted(Kind::Partition, json!({ "name": "internal" })),
    ];
    let found = State::default()
        .proposal(&wanted, Scope::Whole, &AlreadySealed, &mut ids())
        .unwrap_err()
        .into_iter()
        .map(|mistake| (mistake.wanted, mistake.problem.path.to_string()))
        .collect::<Vec<_>>();
    let expect = [(0, "zone"), (1, "pattern"), (1, "busy_trigger"), (2, "partition"), (3, "name")]
        .map(|(at, path)| (at, path.to_owned()));
    assert_eq!(found, expect);
}

#[test]
fn what_goes_cannot_be_referred_to() {
    let state = state(&small());
    let line = vec![wanted(Kind::Line, json!({ "pattern": "1001", "partition": "internal" }))];
    check(
        &state,
        &line,
        Scope::Whole,
        Err(&[
            "0: partition names the partition \"internal\", which does not exist; add it, or name another",
        ]),
    );
}
