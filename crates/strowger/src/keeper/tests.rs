use std::path::PathBuf;

use serde_json::{Value, json};
use strowger_configuration::Kind;
use strowger_configuration::reader::Directory;

use super::*;

/// A data folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("strowger-keeper-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn keeper(&self) -> Keeper {
        let (store, _) = ConfigurationStore::open(&self.0, now(), random_id()).unwrap();
        Keeper::new(store, Vault::open(&self.0).unwrap().into(), Box::new(Content)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Can use everything.
struct Content;

impl Users for Content {
    fn check(&self, _: &State) -> Result<(), Vec<String>> {
        Ok(())
    }

    fn put_in_force(&self, _: &State) {}
}

fn wanted(kind: Kind, value: Value) -> Wanted {
    let Value::Object(table) = value else { panic!("{value} is no table") };
    Wanted { kind, renamed_from: None, table }
}

fn order(author: &str) -> Order {
    Order { id: random_id(), author: author.into(), message: "".into(), confirm_within: None }
}

fn lines(displays: &[(&str, &str)]) -> Vec<Wanted> {
    let line = |(pattern, display): &(&str, &str)| {
        wanted(Kind::Line, json!({ "pattern": pattern, "display": display }))
    };
    displays.iter().map(line).collect()
}

fn applied(keeper: &Keeper, author: &str, lines: &[Wanted]) {
    let plan = keeper.plan(&keeper.live(), lines, Scope::Whole).unwrap();
    keeper.carry_out(plan, order(author), Purpose::Lasting).unwrap();
}

fn displays(keeper: &Keeper) -> Vec<String> {
    let live = keeper.live();
    let tables = live.state.of_kind(Kind::Line).map(|entry| entry.object().write(&live.state));
    tables.map(|table| format!("{} {}", table["pattern"], table["display"]).replace('"', "")).collect()
}

#[test]
fn of_two_who_looked_at_the_same_the_second_is_refused_and_nothing_is_lost() {
    let folder = Folder::new("second");
    let keeper = folder.keeper();
    applied(&keeper, "alice", &lines(&[("1001", "One"), ("1002", "Two")]));
    // Both look, and then both act.
    let (alice, bob) = (keeper.live(), keeper.live());
    let alice = keeper.plan(&alice, &lines(&[("1001", "Alice"), ("1002", "Two")]), Scope::Whole).unwrap();
    let bob = keeper.plan(&bob, &lines(&[("1001", "One"), ("1002", "Bob")]), Scope::Whole).unwrap();
    assert_eq!(keeper.carry_out(alice, order("alice"), Purpose::Lasting).unwrap().sequence, 2);
    let refused = keeper.carry_out(bob, order("bob"), Purpose::Lasting).unwrap_err();
    assert!(
        matches!(refused, PlanError::Change(ChangeError::Conflict { head }) if head.sequence == 2),
        "{refused:?}"
    );
    assert_eq!(displays(&keeper), ["1001 Alice", "1002 Two"]);
}

#[test]
fn what_is_made_of_an_older_look_is_refused_even_when_it_is_planned_later() {
    let folder = Folder::new("older");
    let keeper = folder.keeper();
    applied(&keeper, "alice", &lines(&[("1001", "One"), ("1002", "Two")]));
    let looked = keeper.live();
    applied(&keeper, "alice", &lines(&[("1001", "Alice"), ("1002", "Two")]));
    let id = looked.state.find(Kind::Line, "1001").unwrap();
    let mut table = looked.state.entry(id).unwrap().object().write(&looked.state);
    table.insert("urgent".to_owned(), json!(true));
    let line = Wanted { kind: Kind::Line, renamed_from: None, table };
    let plan = keeper.plan(&looked, &[line], Scope::Objects).unwrap();
    assert!(keeper.carry_out(plan, order("bob"), Purpose::Lasting).is_err());
    assert_eq!(displays(&keeper), ["1001 Alice", "1002 Two"]);
}

#[test]
fn a_conflict_tells_who_did_what_and_what_would_be_taken_back() {
    let folder = Folder::new("conflict");
    let keeper = folder.keeper();
    let all = [("1001", "One"), ("1002", "Two"), ("1003", "Three"), ("1005", "Five")];
    applied(&keeper, "alice", &lines(&all));
    // Alice changes a line, removes one and adds one; another is changed by Carol.
    applied(
        &keeper,
        "alice",
        &lines(&[("1001", "Alice"), ("1002", "Two"), ("1004", "Four"), ("1005", "Five")]),
    );
    applied(
        &keeper,
        "carol",
        &lines(&[("1001", "Alice"), ("1002", "Carol"), ("1004", "Four"), ("1005", "Five")]),
    );
    // Bob has still what was there first, and changes a line that nobody else touched.
    let bob = lines(&[("1001", "One"), ("1002", "Two"), ("1003", "Three"), ("1005", "Bob")]);
    let plan = keeper.plan(&keeper.live(), &bob, Scope::Whole).unwrap();
    let conflict = keeper.conflict(1, &plan).unwrap();
    let changes: Vec<String> =
        conflict.changes.iter().map(|change| format!("{} {}", change.sequence, change.author)).collect();
    assert_eq!(changes, ["2 alice", "3 carol"]);
    let meanwhile: Vec<String> = conflict
        .meanwhile
        .iter()
        .map(|touched| format!("{} {} {}", touched.difference.key, touched.by, touched.author))
        .collect();
    assert_eq!(meanwhile, ["1001 2 alice", "1002 3 carol", "1003 2 alice", "1004 2 alice"]);
    let rebased: Vec<String> = conflict
        .rebased
        .iter()
        .map(|rebased| match &rebased.undoes {
            Some((change, author)) => format!("{} undoes {change} of {author}", rebased.difference.key),
            None => rebased.difference.key.clone(),
        })
        .collect();
    assert_eq!(
        rebased,
        [
            "1001 undoes 2 of alice",
            "1002 undoes 3 of carol",
            "1003 undoes 2 of alice",
            "1004 undoes 2 of alice",
            "1005",
        ]
    );
    assert!(keeper.conflict(9, &plan).is_err());
}

#[test]
fn a_long_plan_is_told_in_part_and_counted_whole() {
    let folder = Folder::new("counted");
    let keeper = folder.keeper();
    applied(&keeper, "alice", &lines(&[("1001", "One"), ("1002", "Two"), ("1003", "Three")]));
    let next = lines(&[("1003", "3"), ("1004", "4"), ("1005", "5"), ("1006", "6")]);
    let plan = keeper.plan(&keeper.live(), &next, Scope::Whole).unwrap();
    assert_eq!(plan.counts(), Counts { added: 3, changed: 1, removed: 2 });
    let keys = |most: usize| -> Vec<String> {
        plan.differences(most).into_iter().map(|difference| difference.key).collect()
    };
    assert_eq!(keys(usize::MAX), ["1001", "1002", "1003", "1004", "1005", "1006"]);
    // Which of those that go comes first is chance: so are their ids.
    let first = keys(1);
    assert!(first == ["1001", "1003", "1004"] || first == ["1002", "1003", "1004"], "{first:?}");
    assert_eq!(keys(0), Vec::<String>::new());
}

#[test]
fn a_plan_says_what_has_no_effect_once_and_not_again() {
    let folder = Folder::new("effect");
    let keeper = folder.keeper();
    let plan = |wanted: &[Wanted]| keeper.plan(&keeper.live(), wanted, Scope::Whole).unwrap();
    let with = |settings: &[(&str, serde_json::Value)]| {
        let mut wanted = lines(&[("1001", "One"), ("1002", "Two")]);
        for line in &mut wanted {
            line.table.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        }
        wanted
    };
    assert_eq!(plan(&with(&[])).without_effect(), [] as [&str; 0]);
    let cti = json!({ "cti_failure": { "number": "1009" } });
    let unserved = with(&[("forwards", cti.clone())]);
    let said = ["line 1001 and 1 more: forwards.cti_failure has no effect yet"];
    assert_eq!(plan(&unserved).without_effect(), said);
    applied(&keeper, "alice", &unserved);
    let urgent = with(&[("forwards", cti), ("urgent", json!(true))]);
    assert_eq!(plan(&urgent).without_effect(), [] as [&str; 0]);
    assert_eq!(plan(&[]).without_effect(), [] as [&str; 0]);
}

#[test]
fn a_password_expires_with_its_own_age_and_not_with_that_of_its_user() {
    let folder = Folder::new("expires");
    let keeper = folder.keeper();
    let hash = |salt: &str| {
        format!("$argon2id$v=19$m=19456,t=2,p=1${salt}$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g")
    };
    let alice = |password: &str, department: &str| {
        let table = json!({ "name": "alice", "password": password, "department": department });
        let plan = keeper.plan(&keeper.live(), &[wanted(Kind::EndUser, table)], Scope::Objects).unwrap();
        keeper.carry_out(plan, order("root"), Purpose::Lasting).unwrap();
    };
    let (one, two) = (hash("c29tZXNhbHRzb21lc2FsdA"), hash("b3RoZXJzYWx0b3RoZXJzYQ"));
    alice(&one, "lab");
    alice(&two, "lab");
    alice(&two, "attic");
    let user = keeper.live().state.find(Kind::EndUser, "alice").unwrap();
    let passwords = keeper.passwords_of(user).unwrap();
    let hashes: Vec<&str> = passwords.iter().map(|password| password.hash.as_str()).collect();
    assert_eq!(hashes, [two, one]);
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let check = |expires: Option<u64>, after: Duration, expect: bool| {
        let policy = crate::access::Policy { expires: expires.map(days), ..Default::default() };
        let now = passwords[0].since + after;
        assert_eq!(keeper.is_password_expired(user, &policy, now), Ok(expect), "{expires:?} {after:?}");
    };
    check(Some(90), days(89), false);
    check(Some(90), days(90), true);
    check(None, days(1_000), false);
}

/// Counts what is put in force.
struct Counting(Arc<std::sync::atomic::AtomicUsize>);

impl Users for Counting {
    fn check(&self, _: &State) -> Result<(), Vec<String>> {
        Ok(())
    }

    fn put_in_force(&self, _: &State) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn a_change_whose_outcome_was_not_known_is_in_force_as_soon_as_it_shows_itself() {
    let folder = Folder::new("unknown");
    let (store, _) = ConfigurationStore::open(&folder.0, now(), random_id()).unwrap();
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let vault = Vault::open(&folder.0).unwrap().into();
    let keeper = Keeper::new(store, vault, Box::new(Counting(Arc::clone(&count)))).unwrap();
    applied(&keeper, "alice", &lines(&[("1001", "One")]));
    let plan =
        |display: &str| keeper.plan(&keeper.live(), &lines(&[("1001", display)]), Scope::Whole).unwrap();
    let (lost, next) = (plan("Lost"), plan("Next"));
    // It reaches the disk, nobody is told, and a reader hides it for a while.
    let reader = rusqlite::Connection::open(folder.0.join("configuration.sqlite")).unwrap();
    reader.execute_batch("begin; select count(*) from object").unwrap();
    keeper.store().fail_next(strowger_configuration::log::Fault::LostAfter);
    let outcome = keeper.carry_out(lost, order("alice"), Purpose::Lasting).unwrap_err();
    assert!(
        matches!(
            outcome,
            PlanError::Change(ChangeError::Log(strowger_configuration::CommitError::Unknown { .. }))
        ),
        "{outcome:?}"
    );
    let in_force = || count.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!((displays(&keeper), in_force()), (vec!["1001 One".to_owned()], 2));
    drop(reader);
    // The next change finds it, and is refused because of it.
    let refused = keeper.carry_out(next, order("bob"), Purpose::Lasting).unwrap_err();
    assert!(matches!(refused, PlanError::Change(ChangeError::Conflict { .. })), "{refused:?}");
    assert_eq!((displays(&keeper), in_force()), (vec!["1001 Lost".to_owned()], 3));
}
