//! Who is let in: what of the configuration can be changed at any time, while a change is on trial too, and stays when that is
//! taken back.
//!
//! Somebody who should not be in any more must not stay because a dial plan is being tried. What counts are API tokens, and
//! of users what they prove themselves with and may do. No other object refers to that, so that it fits to everything
//! that a trial may leave or take back.

use serde_json::{Map, Value};

use crate::reader::{ByIdOnly, Directory as _};
use crate::{Entry, Id, Kind, Operation, State};

/// Whether operations change who is let in, and nothing else.
pub fn is_all(state: &State, operations: &[Operation]) -> bool {
    !operations.is_empty() && operations.iter().all(|operation| is_one(state, operation))
}

fn is_one(state: &State, operation: &Operation) -> bool {
    let Operation { kind, object, .. } = *operation;
    if kind == Kind::ApiToken {
        // One that is changed would be partly that of the trial.
        return operation.after.is_none() || state.entry(object).is_none();
    }
    let after = operation.after.as_deref().and_then(|value| settings(kind, object, value));
    let (Some(after), [_, ..]) = (after, proofs(kind)) else { return false };
    match state.entry(object) {
        Some(entry) => without_proofs(kind, entry.object().write(&ByIdOnly)) == without_proofs(kind, after),
        // Who has devices is more than somebody who is let in.
        None => {
            kind == Kind::ApplicationUser
                && without_proofs(kind, after)
                    .keys()
                    .all(|name| matches!(name.as_str(), "name" | "description"))
        }
    }
}

/// Whether another object by which somebody is let in has the name of one that is gone.
pub fn is_taken(state: &State, kind: Kind, gone: &str) -> bool {
    let is_proof = matches!(kind, Kind::ApiToken | Kind::ApplicationUser);
    let gone = serde_json::from_str::<Map<String, Value>>(gone).ok();
    let name = gone.as_ref().and_then(|gone| gone.get("name")?.as_str());
    is_proof && name.is_some_and(|name| state.find(kind, name).is_some())
}

/// A user as he was before a trial, with what he proves himself with and may do as it is now, as far as it is not what the trial
/// itself made of it (`tried`).
pub fn kept(now: &Entry, then: &str, tried: Option<&str>) -> Option<Box<str>> {
    let (kind, object) = (now.object().kind(), now.id());
    if proofs(kind).is_empty() {
        return None;
    }
    let then = settings(kind, object, then)?;
    let tried = tried.and_then(|tried| settings(kind, object, tried)).unwrap_or_default();
    let now = now.object().write(&ByIdOnly);
    let mut table = without_proofs(kind, then.clone());
    for name in proofs(kind) {
        let as_tried = now.get(*name) == tried.get(*name);
        let value = if as_tried { then.get(*name) } else { now.get(*name) };
        if let Some(value) = value {
            table.insert((*name).to_owned(), value.clone());
        }
    }
    let entry = Entry::read(kind, object, &Value::Object(table).to_string()).ok()?;
    Some(entry.value().into())
}

fn settings(kind: Kind, object: Id, value: &str) -> Option<Map<String, Value>> {
    Entry::read(kind, object, value).ok().map(|entry| entry.object().write(&ByIdOnly))
}

fn without_proofs(kind: Kind, mut table: Map<String, Value>) -> Map<String, Value> {
    table.retain(|name, _| !proofs(kind).contains(&name.as_str()));
    table
}

/// The settings of a user that say whether and as what he is let in.
const fn proofs(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::EndUser => &["password", "pin", "role"],
        Kind::ApplicationUser => &["password", "role"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

    fn put(kind: Kind, object: u128, value: &Value) -> Operation {
        Operation {
            kind,
            object: Id::from_random(object),
            before: None,
            after: Some(value.to_string().into()),
        }
    }

    #[test]
    fn passwords_roles_and_tokens_are_access_and_nothing_else_is() {
        let token = json!({ "name": "ci", "digest": "0".repeat(64) });
        let alice = json!({ "name": "alice", "department": "lab", "role": "operator" });
        let there = [
            put(Kind::EndUser, 1, &alice),
            put(Kind::ApplicationUser, 2, &json!({ "name": "boss" })),
            put(Kind::ApiToken, 6, &json!({ "name": "cd", "digest": "1".repeat(64) })),
        ];
        let state = State::default().changed(&there).unwrap();
        let check = |operations: &[Operation], expect: bool| {
            assert_eq!(is_all(&state, operations), expect, "{operations:?}");
        };
        check(&[], false);
        check(&[put(Kind::ApiToken, 3, &token)], true);
        check(&[put(Kind::ApiToken, 6, &token)], false);
        check(&[Operation { after: None, ..put(Kind::ApiToken, 6, &token) }], true);
        let with = |name: &str, value: Value| {
            let mut user = alice.clone();
            user[name] = value;
            put(Kind::EndUser, 1, &user)
        };
        check(&[with("password", json!(HASH)), put(Kind::ApiToken, 3, &token)], true);
        check(&[with("role", json!("read-only"))], true);
        check(&[with("pin", json!(HASH))], true);
        check(&[with("department", json!("attic"))], false);
        check(&[with("name", json!("bob"))], false);
        check(&[with("role", json!("read-only")), put(Kind::Partition, 4, &json!({ "name": "p" }))], false);
        // Something else may refer to a user, and forget to while he is gone.
        check(&[Operation { after: None, ..with("pin", json!(HASH)) }], false);
        check(&[put(Kind::ApplicationUser, 5, &json!({ "name": "new", "password": HASH }))], true);
        check(&[put(Kind::ApplicationUser, 5, &json!({ "name": "new", "all_devices": true }))], false);
        check(&[put(Kind::EndUser, 5, &json!({ "name": "new" }))], false);
    }

    #[test]
    fn who_is_taken_back_keeps_the_password_of_now() {
        let now = json!({ "name": "alice", "department": "attic", "password": HASH });
        let now = Entry::read(Kind::EndUser, Id::from_random(1), &now.to_string()).unwrap();
        let then = json!({ "name": "alice", "department": "lab", "pin": HASH, "role": "administrator" });
        let check = |tried: &Value, expect: &Value| {
            let kept = kept(&now, &then.to_string(), Some(&tried.to_string())).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), *expect, "{tried}");
        };
        // The trial moved her; pin and role were taken beside it, and a password was given.
        check(
            &json!({ "name": "alice", "department": "attic", "pin": HASH, "role": "administrator" }),
            &json!({ "name": "alice", "department": "lab", "password": HASH }),
        );
        // The trial took her pin and role itself, so that both come back; she gave herself the password.
        check(
            &json!({ "name": "alice", "department": "attic" }),
            &json!({ "name": "alice", "department": "lab", "password": HASH, "pin": HASH, "role": "administrator" }),
        );
    }
}
