//! Making changes, on trial and for good.

use strowger_configuration::log::Fault;
use strowger_configuration::{Head, Refusal, StateHash};

use super::*;
use crate::configuration::{ChangeError, Trial};

#[test]
fn what_was_accepted_is_there_when_it_is_opened_again() {
    let folder = Folder::new("again");
    let store = four_changes(&folder);
    let (head, length) = (store.head(), store.state().len());
    drop(store);
    let store = folder.open();
    assert_eq!((store.head(), store.state().len(), store.state().hash()), (head, length, head.state));
    let checked = store.check().unwrap();
    assert_eq!((checked.changes, checked.objects, checked.rows), (4, 3, 3));
}

/// Two people who planned on the same head: the second hears of it and loses nothing of the first.
#[test]
fn the_second_of_two_plans_again() {
    let folder = Folder::new("two");
    let mut store = four_changes(&folder);
    let alice = change(&store, Purpose::Lasting, vec![partition(store.state(), 20, "alice")]);
    let bob = Change {
        id: id(77),
        author: "bob".into(),
        ..change(&store, Purpose::Lasting, vec![partition(store.state(), 21, "bob")])
    };
    store.commit(alice, at(1)).unwrap();
    let found = store.commit(bob.clone(), at(2));
    assert_eq!(found, Err(ChangeError::Conflict { head: store.head() }));
    assert_eq!(store.head().sequence, 5);
    store.commit(Change { base: 5, ..bob }, at(3)).unwrap();
    assert_eq!(store.state().len(), 5);
}

#[test]
fn what_is_wrong_changes_nothing() {
    let folder = Folder::new("wrong");
    let mut store = four_changes(&folder);
    let head = store.head();
    let used = change(&store, Purpose::Lasting, vec![delete(store.state(), Kind::Partition, 1)]);
    let found = store.commit(used, at(1));
    assert!(
        matches!(&found, Err(ChangeError::Refused(why)) if matches!(why[..], [Refusal::Wrong { .. }])),
        "{found:?}"
    );
    let empty = change(&store, Purpose::Lasting, vec![]);
    assert_eq!(store.commit(empty, at(1)), Err(ChangeError::Empty));
    assert_eq!(store.head(), head);
}

#[test]
fn asking_twice_changes_once() {
    let folder = Folder::new("twice");
    let mut store = four_changes(&folder);
    let asked = change(&store, Purpose::Lasting, vec![partition(store.state(), 20, "new")]);
    let first = store.commit(asked.clone(), at(1)).unwrap();
    assert_eq!(store.commit(asked.clone(), at(2)), Ok(first));
    drop(store);
    let mut store = folder.open();
    assert_eq!(store.commit(asked.clone(), at(3)), Ok(first));
    let other = Change { operations: vec![partition(store.state(), 21, "other")], ..asked };
    assert!(matches!(store.commit(other, at(4)), Err(ChangeError::OtherContents { .. })));
    assert_eq!(store.head(), first);
}

#[test]
fn after_a_lost_answer_the_store_knows_what_became_of_it() {
    let folder = Folder::new("lost");
    let mut store = four_changes(&folder);
    for (fault, accepted) in [(Fault::Refused, false), (Fault::LostBefore, false), (Fault::LostAfter, true)] {
        let before = store.head().sequence;
        let object = 30 + u128::from(before);
        let mut asked = change(
            &store,
            Purpose::Lasting,
            vec![partition(store.state(), object, &format!("new {object}"))],
        );
        asked.id = id(object);
        store.log.fault = Some(fault);
        assert_eq!(store.commit(asked.clone(), at(1)).is_ok(), accepted, "{fault:?}");
        assert_eq!(store.head().sequence, before + u64::from(accepted), "{fault:?}");
        assert_eq!(store.head().state, store.state().hash());
        assert_eq!(store.commit(asked, at(1)).map(|head| head.sequence), Ok(before + 1), "{fault:?}");
    }
    let head = store.head();
    drop(store);
    assert_eq!(folder.open().head(), head);
}

fn on_trial(folder: &Folder) -> (ConfigurationStore, StateHash) {
    let mut store = four_changes(folder);
    let before = store.head().state;
    let trial = change(
        &store,
        Purpose::Trial { until: at(70) },
        vec![partition(store.state(), 20, "tried"), line(store.state(), 3, "1009", 1)],
    );
    store.commit(trial, at(10)).unwrap();
    assert_eq!(store.trial(), Some(Trial { sequence: 5, until: at(70) }));
    (store, before)
}

#[test]
fn a_trial_lapses() {
    let folder = Folder::new("lapse");
    let (mut store, before) = on_trial(&folder);
    assert_eq!(store.lapse(id(90), at(69)), Ok(None));
    assert_eq!(store.lapse(id(90), at(70)), Ok(Some(5)));
    assert_eq!((store.head(), store.trial()), (Head { sequence: 6, state: before }, None));
    assert_eq!(store.lapse(id(91), at(71)), Ok(None));
    assert_eq!(store.change(6).unwrap().purpose, Purpose::Reversal { of: 5 });
}

#[test]
fn a_trial_that_is_confirmed_stays() {
    let folder = Folder::new("confirm");
    let (mut store, _) = on_trial(&folder);
    let state = store.head().state;
    assert_eq!(store.confirm(4, id(90), "bob", at(20)), Err(ChangeError::OnTrial(store.trial().unwrap())));
    assert_eq!(store.confirm(5, id(90), "bob", at(20)).map(|head| head.sequence), Ok(6));
    assert_eq!(store.confirm(5, id(91), "bob", at(20)), Err(ChangeError::NoTrial { sequence: 5 }));
    assert_eq!(store.lapse(id(92), at(100)), Ok(None));
    drop(store);
    let store = folder.open();
    assert_eq!(store.head(), Head { sequence: 6, state });
    assert_eq!(&*store.change(6).unwrap().author, "bob");
}

/// A server that goes down before anybody has confirmed comes up as it was.
#[test]
fn a_trial_ends_with_the_server() {
    let folder = Folder::new("restart");
    let (store, before) = on_trial(&folder);
    drop(store);
    let (store, opened) = ConfigurationStore::open(&folder.0, at(20), id(90)).unwrap();
    assert_eq!(opened.reverted, Some(5));
    assert_eq!((store.head(), store.trial()), (Head { sequence: 6, state: before }, None));
    drop(store);
    let (store, opened) = ConfigurationStore::open(&folder.0, at(21), id(91)).unwrap();
    assert_eq!((opened.reverted, store.head().sequence), (None, 6));
}

#[test]
fn nothing_else_is_changed_during_a_trial() {
    let folder = Folder::new("during");
    let (mut store, before) = on_trial(&folder);
    let other = change(&store, Purpose::Lasting, vec![partition(store.state(), 21, "other")]);
    assert_eq!(store.commit(other, at(20)), Err(ChangeError::OnTrial(store.trial().unwrap())));
    let operations = store.undo(5).unwrap();
    let back = change(&store, Purpose::Reversal { of: 5 }, operations);
    assert_eq!(store.commit(back, at(20)).map(|head| head.state), Ok(before));
    assert_eq!(store.trial(), None);
}

const ONE: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
const TWO: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$b3RoZXJzYWx0b3RoZXJzYQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

fn token(name: &str) -> Value {
    json!({ "name": name, "digest": "0".repeat(64) })
}

fn alice(department: &str, password: &str) -> Value {
    json!({ "name": "alice", "department": department, "password": password })
}

/// Who is let in, as `kind name password`, and the partitions.
fn let_in(state: &State) -> Vec<String> {
    let kinds = [Kind::ApiToken, Kind::ApplicationUser, Kind::EndUser, Kind::Partition];
    let entries = kinds.iter().flat_map(|kind| state.of_kind(*kind));
    entries
        .map(|entry| {
            let table = entry.object().write(state);
            let text = |name: &str| table.get(name).and_then(Value::as_str).unwrap_or_default();
            let password = [(ONE, "one"), (TWO, "two")].into_iter().find(|it| it.0 == text("password"));
            let password = password.map_or("", |it| it.1);
            let words = [entry.object().kind().word(), text("name"), text("department"), password];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// Whoever is put out while a change is on trial stays out, however that ends.
#[test]
fn who_is_let_in_is_changed_beside_a_trial_and_stays() {
    type Made = fn(&State) -> Vec<Operation>;
    let check = |name: &str, trial: Made, beside: Made, taken_back: &[&str], confirmed: &[&str]| {
        for (ends, expect) in [("lapse", taken_back), ("restart", taken_back), ("confirm", confirmed)] {
            let folder = Folder::new(&format!("beside-{name}-{ends}"));
            let mut store = folder.open();
            let state = store.state().clone();
            commit(
                &mut store,
                vec![
                    put(&state, Kind::ApiToken, 1, &token("ci")),
                    put(&state, Kind::EndUser, 2, &alice("lab", ONE)),
                    partition(&state, 3, "internal"),
                ],
            );
            let tried = change(&store, Purpose::Trial { until: at(70) }, trial(store.state()));
            store.commit(tried, at(10)).unwrap();
            let besides = change(&store, Purpose::Lasting, beside(store.state()));
            let head = store.commit(besides.clone(), at(11)).unwrap();
            assert_eq!(store.trial(), Some(Trial { sequence: 2, until: at(70) }), "{name}");
            assert_eq!(store.change(3).unwrap().purpose, Purpose::Beside { of: 2 });
            // Asked again it is the same change.
            assert_eq!(store.commit(besides, at(11)), Ok(head), "{name}");
            match ends {
                "lapse" => assert_eq!(store.lapse(id(90), at(70)), Ok(Some(2)), "{name}"),
                "confirm" => assert_eq!(store.confirm(2, id(90), "bob", at(20)).unwrap().sequence, 4),
                _ => {
                    drop(store);
                    let opened = ConfigurationStore::open(&folder.0, at(20), id(90)).unwrap();
                    assert_eq!(opened.1.reverted, Some(2), "{name}");
                    store = opened.0;
                }
            }
            assert_eq!(store.trial(), None);
            assert_eq!(let_in(store.state()), expect, "{name} {ends}");
            store.check().unwrap();
        }
    };
    let renamed = |state: &State| partition(state, 3, "other");
    // What the trial does not touch.
    check(
        "apart",
        |state| vec![partition(state, 3, "other")],
        |state| vec![delete(state, Kind::ApiToken, 1), put(state, Kind::EndUser, 2, &alice("lab", TWO))],
        &["end_user alice lab two", "partition internal"],
        &["end_user alice lab two", "partition other"],
    );
    // What it touches, too.
    check(
        "both",
        |state| {
            let token = json!({ "name": "ci", "digest": "0".repeat(64), "role": "administrator" });
            vec![put(state, Kind::ApiToken, 1, &token), put(state, Kind::EndUser, 2, &alice("attic", ONE))]
        },
        |state| vec![delete(state, Kind::ApiToken, 1), put(state, Kind::EndUser, 2, &alice("attic", TWO))],
        &["end_user alice lab two", "partition internal"],
        &["end_user alice attic two", "partition internal"],
    );
    // What came with it goes with it; and nothing may be left to take back.
    check(
        "new",
        |state| vec![put(state, Kind::ApiToken, 4, &token("new"))],
        |state| vec![delete(state, Kind::ApiToken, 4)],
        &["api_token ci", "end_user alice lab one", "partition internal"],
        &["api_token ci", "end_user alice lab one", "partition internal"],
    );
    check(
        "gone",
        |state| {
            vec![
                delete(state, Kind::ApiToken, 1),
                put(state, Kind::ApplicationUser, 5, &json!({ "name": "b" })),
            ]
        },
        |state| {
            vec![
                put(state, Kind::ApiToken, 6, &json!({ "name": "ci", "digest": "1".repeat(64) })),
                put(state, Kind::ApplicationUser, 5, &json!({ "name": "b", "password": TWO })),
            ]
        },
        &["api_token ci", "end_user alice lab one", "partition internal"],
        &["api_token ci", "application_user b two", "end_user alice lab one", "partition internal"],
    );
    // Everything else waits, and so does what would be in the way of taking it back.
    let folder = Folder::new("beside-refused");
    let mut store = folder.open();
    let state = store.state().clone();
    let user = |name: &str| json!({ "name": name, "password": ONE });
    commit(
        &mut store,
        vec![partition(&state, 3, "internal"), put(&state, Kind::ApplicationUser, 5, &user("b"))],
    );
    let tried = vec![put(store.state(), Kind::ApplicationUser, 5, &user("c"))];
    let tried = change(&store, Purpose::Trial { until: at(70) }, tried);
    store.commit(tried, at(10)).unwrap();
    let state = store.state().clone();
    for operations in [vec![renamed(&state)], vec![put(&state, Kind::ApplicationUser, 6, &user("b"))]] {
        let refused = change(&store, Purpose::Lasting, operations);
        assert_eq!(store.commit(refused, at(11)), Err(ChangeError::OnTrial(store.trial().unwrap())));
    }
}
