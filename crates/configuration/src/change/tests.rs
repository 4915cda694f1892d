use serde_json::json;

use super::*;

fn id(number: u128) -> Id {
    Id::from_random(number)
}

/// Gives the object a new value, whatever it is now.
fn put(state: &State, kind: Kind, object: Id, value: serde_json::Value) -> Operation {
    let before = state.entry(object).map(|entry| entry.hash());
    Operation { kind, object, before, after: Some(value.to_string().into()) }
}

fn delete(state: &State, object: Id) -> Operation {
    let entry = state.entry(object).unwrap();
    Operation { kind: entry.object().kind(), object, before: Some(entry.hash()), after: None }
}

/// A partition and a line in it.
fn small() -> State {
    let empty = State::default();
    let operations = [
        put(&empty, Kind::Line, id(2), json!({ "pattern": "1001", "partition": id(1).to_string() })),
        put(&empty, Kind::Partition, id(1), json!({ "name": "internal" })),
    ];
    empty.changed(&operations).unwrap()
}

fn refused(state: &State, operations: &[Operation], expect: &[&str]) {
    let found: Vec<String> = match state.changed(operations) {
        Ok(_) => Vec::new(),
        Err(refused) => refused.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, expect);
}

#[test]
fn the_order_inside_a_change_does_not_matter() {
    let state = small();
    assert_eq!(state.len(), 2);
    assert_eq!(state.name(Kind::Line, id(2)), "internal:1001");
    assert_eq!(crate::reader::Directory::find(&state, Kind::Line, "internal:1001"), Some(id(2)));
    assert_eq!(crate::reader::Directory::find(&state, Kind::Line, "1001"), None);
}

#[test]
fn a_change_and_its_inverse_give_the_same_fingerprint() {
    let state = small();
    let changed = state.changed(&[put(&state, Kind::Partition, id(1), json!({ "name": "inside" }))]).unwrap();
    assert_ne!(changed.hash(), state.hash());
    // Renamed, and what refers to it goes on doing so.
    assert_eq!(changed.name(Kind::Line, id(2)), "inside:1001");
    let back = put(&changed, Kind::Partition, id(1), json!({ "name": "internal" }));
    assert_eq!(changed.changed(&[back]).unwrap().hash(), state.hash());
    let gone = state.changed(&[delete(&state, id(1)), delete(&state, id(2))]).unwrap();
    assert_eq!((gone.len(), gone.hash()), (0, StateHash::default()));
    assert_eq!(gone.users(id(1)).count(), 0);
}

#[test]
fn what_is_used_cannot_go_alone() {
    let state = small();
    let expect = "partition \"internal\": it is used by line \"internal:1001\"; change those first, or in the same change";
    refused(&state, &[delete(&state, id(1))], &[expect]);
    // What goes and is referred to by what comes is told by its name, too.
    let line = put(&state, Kind::Line, id(3), json!({ "pattern": "1002", "partition": id(1).to_string() }));
    let gone = [delete(&state, id(1)), delete(&state, id(2)), line];
    let found = state.changed(&gone).unwrap_err();
    assert!(
        found[0].to_string().contains("names the partition \"internal\", which does not exist"),
        "{found:?}"
    );
    let wrong = put(
        &state,
        Kind::Line,
        id(3),
        json!({ "pattern": "1002", "partition": id(1).to_string(), "colour": 1 }),
    );
    let found = state.changed(&[wrong]).unwrap_err();
    assert!(found[0].to_string().starts_with("line \"internal:1002\": colour is no setting"), "{found:?}");
    let moved = [delete(&state, id(1)), put(&state, Kind::Line, id(2), json!({ "pattern": "1001" }))];
    assert_eq!(state.changed(&moved).unwrap().name(Kind::Line, id(2)), "1001");
}

#[test]
fn names_are_unique_in_their_kind_and_partition() {
    let state = small();
    let same = put(&state, Kind::Line, id(3), json!({ "pattern": "1001", "partition": id(1).to_string() }));
    refused(
        &state,
        &[same],
        &[
            "line \"internal:1001\": pattern is \"internal:1001\", which another line has already; change one of the two",
        ],
    );
    let elsewhere = put(&state, Kind::Line, id(3), json!({ "pattern": "1001" }));
    assert!(state.changed(&[elsewhere]).is_ok());
    // Two objects of one change may exchange their names.
    let two = state.changed(&[put(&state, Kind::Partition, id(4), json!({ "name": "outside" }))]).unwrap();
    let exchanged = [
        put(&two, Kind::Partition, id(1), json!({ "name": "outside" })),
        put(&two, Kind::Partition, id(4), json!({ "name": "internal" })),
    ];
    let exchanged = two.changed(&exchanged).unwrap();
    assert_eq!(exchanged.name(Kind::Line, id(2)), "outside:1001");
    assert_eq!(crate::reader::Directory::find(&exchanged, Kind::Partition, "internal"), Some(id(4)));
}

#[test]
fn what_somebody_else_changed_is_not_overwritten() {
    let state = small();
    let mine = put(&state, Kind::Partition, id(1), json!({ "name": "mine" }));
    let theirs = state.changed(&[put(&state, Kind::Partition, id(1), json!({ "name": "theirs" }))]).unwrap();
    let expect = "partition \"theirs\" was changed by somebody else since; look at it and plan again";
    refused(&theirs, &[mine], &[expect]);
}

#[test]
fn a_reference_leads_to_an_object_of_its_kind() {
    let state = small();
    let line = put(&state, Kind::Line, id(3), json!({ "pattern": "1002", "partition": id(2).to_string() }));
    let found = state.changed(&[line]).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(found.iter().all(|refusal| refusal.to_string().contains("does not exist")), "{found:?}");
}
