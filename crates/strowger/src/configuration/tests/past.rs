//! What was, and how to get back to it.

use strowger_configuration::StateHash;

use super::*;
use crate::configuration::HistoryError;

#[test]
fn the_log_tells_who_did_what_when() {
    let folder = Folder::new("list");
    let store = four_changes(&folder);
    let list = |up_to, limit| -> Vec<String> {
        let found = store.history(up_to, limit).unwrap();
        found.iter().map(|s| format!("{} {} {} {}", s.sequence, s.author, s.message, s.operations)).collect()
    };
    assert_eq!(list(u64::MAX, 2), ["4 alice change 4 1", "3 alice change 3 1"]);
    assert_eq!(list(2, 9), ["2 alice change 2 1", "1 alice change 1 3"]);
    assert_eq!(store.change(1).unwrap().operations.len(), 3);
    for missing in [0, 5] {
        let found = store.change(missing);
        assert_eq!(found, Err(HistoryError::NoSuchChange { sequence: missing, last: 4 }));
    }
}

#[test]
fn every_state_of_the_past_is_there() {
    let folder = Folder::new("past");
    let store = four_changes(&folder);
    assert_eq!(store.state_at(0).unwrap().hash(), StateHash::default());
    for sequence in 1..=4 {
        let there = store.state_at(sequence).unwrap();
        assert_eq!(there.hash(), store.change(sequence).unwrap().state, "{sequence}");
    }
    assert!(store.state_at(5).is_err());
}

#[test]
fn differences_between_any_two() {
    let folder = Folder::new("differences");
    let store = four_changes(&folder);
    let check = |from, to, expect: &[&str]| {
        let found: Vec<String> = store
            .differences(from, to)
            .unwrap()
            .iter()
            .map(|difference| {
                let what = format!("{:?}", difference.what);
                format!("{} {}", what.split('(').next().unwrap(), difference.key)
            })
            .collect();
        assert_eq!(found, expect, "{from} to {to}");
    };
    check(1, 1, &[]);
    check(1, 2, &["Added internal:1002"]);
    check(2, 1, &["Removed internal:1002"]);
    check(1, 4, &["Removed spare", "Added internal:1002", "Changed internal:1003"]);
    check(4, 1, &["Added spare", "Changed internal:1001", "Removed internal:1002"]);
}

/// Takes a change back and looks at what is left.
fn undone(sequence: u64, expect: Result<&[&str], &str>) {
    let folder = Folder::new(&format!("undo-{sequence}"));
    let mut store = four_changes(&folder);
    match (store.undo(sequence), expect) {
        (Ok(operations), Ok(expect)) => {
            let back = change(&store, Purpose::Reversal { of: sequence }, operations);
            store.commit(back, at(20)).unwrap();
            let names = folder.query("select name from object order by name");
            assert_eq!(names.lines().collect::<Vec<_>>(), expect);
            store.check().unwrap();
        }
        (Err(error), Err(expect)) => assert_eq!(error.to_string(), expect),
        (found, _) => panic!("{sequence}: {found:?}"),
    }
}

#[test]
fn one_change_is_taken_back() {
    undone(4, Ok(&["1002", "1003", "internal", "spare"]));
    undone(3, Ok(&["1001", "1002", "internal"]));
    undone(2, Ok(&["1003", "internal"]));
    undone(
        1,
        Err(
            "later changes stand on it: partition \"spare\" by change 4 of alice, line \"internal:1003\" by \
             change 3 of alice; take those back first, or return to what was before",
        ),
    );
    undone(9, Err("there is no change 9; the last one is 4"));
}

#[test]
fn what_went_meanwhile_is_called_as_it_was() {
    let folder = Folder::new("undo-gone");
    let mut store = four_changes(&folder);
    let back = change(&store, Purpose::Return { to: 1 }, store.return_to(1).unwrap());
    store.commit(back, at(20)).unwrap();
    let error = store.undo(2).unwrap_err().to_string();
    assert!(
        error.starts_with("later changes stand on it: line \"internal:1002\" by change 5 of "),
        "{error}"
    );
}

#[test]
fn what_was_taken_back_is_not_taken_back_again() {
    let folder = Folder::new("undo-twice");
    let mut store = four_changes(&folder);
    let back = change(&store, Purpose::Reversal { of: 3 }, store.undo(3).unwrap());
    store.commit(back, at(20)).unwrap();
    let error = store.undo(3).unwrap_err().to_string();
    assert_eq!(error, "change 3 was taken back by change 5 already; to have it again, take back change 5");
}

#[test]
fn everything_after_a_change_is_taken_back() {
    for sequence in 0..=4 {
        let folder = Folder::new(&format!("return-{sequence}"));
        let mut store = four_changes(&folder);
        let expect = store.state_at(sequence).unwrap().hash();
        let operations = store.return_to(sequence).unwrap();
        if sequence == 4 {
            assert_eq!(operations, []);
            continue;
        }
        let back = change(&store, Purpose::Return { to: sequence }, operations);
        assert_eq!(store.commit(back, at(20)).map(|head| head.state), Ok(expect));
        // The way back is a change like any other: it can be taken back too.
        let operations = store.undo(5).unwrap();
        let forth = change(&store, Purpose::Reversal { of: 5 }, operations);
        let expect = store.state_at(4).unwrap().hash();
        assert_eq!(store.commit(forth, at(21)).map(|head| head.state), Ok(expect));
        store.check().unwrap();
    }
}
