use std::path::PathBuf;

use serde_json::{Value, json};
use strowger_configuration::proposal::{Scope, Wanted};
use strowger_configuration::{Purpose, kinds};

use super::*;
use crate::access::{PasswordHash, Role};
use crate::configuration::ConfigurationStore;
use crate::keeper::{Keeper, Order, random_id};
use crate::vault::Vault;

/// A keeper with a gate beside it, over a data folder that goes when the test ends.
struct Desk {
    folder: PathBuf,
    keeper: Keeper,
    gate: Arc<Gate>,
}

impl Desk {
    /// With a user who may do what operators may.
    fn new(name: &str) -> Desk {
        let folder = std::env::temp_dir().join(format!("strowger-gate-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let (store, _) = ConfigurationStore::open(&folder, crate::digits::now(), random_id()).unwrap();
        let gate = Arc::new(Gate::new());
        let vault = Vault::open(&folder).unwrap().into();
        let keeper = Keeper::new(store, vault, Box::new(Arc::clone(&gate))).unwrap();
        let desk = Desk { folder, keeper, gate };
        desk.make(alice(HASH, Some("operator")));
        desk
    }

    fn planned(&self, wanted: Vec<Wanted>, scope: Scope<'_>) -> crate::keeper::Plan {
        let plan = self.keeper.plan(&self.keeper.live(), &wanted, scope);
        plan.unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn make(&self, wanted: Wanted) -> u64 {
        let plan = self.planned(vec![wanted], Scope::Objects);
        self.keeper.carry_out(plan, order(None), Purpose::Lasting).unwrap().sequence
    }

    fn removed(&self) {
        let plan = self.planned(vec![], Scope::Whole);
        self.keeper.carry_out(plan, order(None), Purpose::Lasting).unwrap();
    }

    /// Logs in as the user with the password that there is now.
    fn log_in(&self) -> String {
        let live = self.keeper.live();
        let id = live.state.find(Kind::EndUser, "alice").unwrap();
        let user = live.state.get(strowger_configuration::setting::Ref::<kinds::EndUser>::new(id)).unwrap();
        let hash = user.password.as_ref().unwrap().expose();
        let proof = Proof { user: id, password: PasswordHash::from_text(hash) };
        let origin = Origin::LocalSocket { user: 0 };
        let principal = Principal { name: "alice".into(), role: Role::Operator, origin };
        self.gate
            .hold()
            .begin("alice", principal, proof)
            .unwrap_or_else(|problem| panic!("{}", problem.detail))
    }

    fn role(&self, token: &str) -> Option<Role> {
        let state = self.keeper.live().state.clone();
        self.gate.hold().find(token, &state).map(|principal| principal.role)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn order(confirm_within: Option<Duration>) -> Order {
    Order { id: random_id(), author: "root".into(), message: "".into(), confirm_within }
}

fn alice(hash: &str, role: Option<&str>) -> Wanted {
    let mut table = json!({ "name": "alice", "password": hash });
    if let Some(role) = role {
        table["role"] = json!(role);
    }
    wanted(Kind::EndUser, table)
}

fn wanted(kind: Kind, table: Value) -> Wanted {
    let Value::Object(table) = table else { panic!("{table} is no table") };
    Wanted { kind, renamed_from: None, table }
}

const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
const OTHER: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$b3RoZXJzYWx0b3RoZXJzYQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

#[test]
fn a_session_is_worth_what_its_user_is_whichever_way_that_changes() {
    let check = |name: &str, change: fn(&Desk), expect: Option<Role>| {
        let desk = Desk::new(name);
        let token = desk.log_in();
        assert_eq!(desk.role(&token), Some(Role::Operator), "{name}");
        change(&desk);
        assert_eq!(desk.role(&token), expect, "{name}");
    };
    let line = |desk: &Desk| _ = desk.make(wanted(Kind::Line, json!({ "pattern": "1001" })));
    check("others", line, Some(Role::Operator));
    check("less", |desk| _ = desk.make(alice(HASH, Some("read-only"))), Some(Role::ReadOnly));
    check("more", |desk| _ = desk.make(alice(HASH, Some("administrator"))), Some(Role::Administrator));
    check("no-role", |desk| _ = desk.make(alice(HASH, None)), None);
    check("password", |desk| _ = desk.make(alice(OTHER, Some("operator"))), None);
    check("gone", Desk::removed, None);
    // The name is the same, the user is not.
    let again = |desk: &Desk| {
        desk.removed();
        desk.make(alice(HASH, Some("operator")));
    };
    check("again", again, None);
    let there_and_back = |desk: &Desk| {
        let change = desk.make(alice(OTHER, Some("operator")));
        let plan = desk.keeper.plan_undo(change).unwrap();
        desk.keeper.carry_out(plan, order(None), Purpose::Reversal { of: change }).unwrap();
    };
    // What ended stays ended, though the password is again what it was.
    check("undone", there_and_back, None);
}

#[test]
fn who_logged_in_with_a_password_on_trial_is_out_when_it_lapses() {
    let desk = Desk::new("trial");
    let before = desk.log_in();
    let plan = desk.planned(vec![alice(OTHER, Some("operator"))], Scope::Objects);
    desk.keeper.carry_out(plan, order(Some(Duration::ZERO)), Purpose::Lasting).unwrap();
    let during = desk.log_in();
    assert_eq!(desk.role(&during), Some(Role::Operator));
    desk.keeper.lapse().unwrap();
    assert_eq!([before, during].map(|token| desk.role(&token)), [None, None]);
    let after = desk.log_in();
    assert_eq!(desk.role(&after), Some(Role::Operator));
    // Neither does a rollback leave anybody in with what was before.
    let plan = desk.keeper.plan_return(0).unwrap();
    desk.keeper.carry_out(plan, order(None), Purpose::Return { to: 0 }).unwrap();
    assert_eq!(desk.role(&after), None);
}
