use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::access::Origin;
use crate::configuration::ConfigurationStore;
use crate::keeper::{Keeper, Users, random_id};
use crate::vault::Vault;

/// Can use everything.
struct Content;

impl Users for Content {
    fn check(&self, _: &State) -> Result<(), Vec<String>> {
        Ok(())
    }

    fn put_in_force(&self, _: &State) {}
}

const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

#[test]
fn an_operator_gives_and_takes_no_rights() {
    let folder = std::env::temp_dir().join(format!("strowger-rights-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let (store, _) = ConfigurationStore::open(&folder, crate::digits::now(), random_id()).unwrap();
    let keeper = Keeper::new(store, Vault::open(&folder).unwrap().into(), Box::new(Content)).unwrap();
    let planned_of = |kind, object: Value| {
        let Value::Object(table) = object else { panic!("a table") };
        let wanted = Wanted { kind, renamed_from: None, table };
        keeper.plan(&keeper.live(), &[wanted], Scope::Objects).unwrap_or_else(|error| panic!("{error:?}"))
    };
    let planned = |user| planned_of(Kind::EndUser, user);
    let origin = Origin::Network(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let who = |role| Principal { name: "olga".into(), role, origin };
    let check = |user: Value, expect: bool| {
        let text = user.to_string();
        let plan = planned(user);
        assert_eq!(may(&who(Role::Operator), &plan).is_ok(), expect, "{text}");
        assert!(may(&who(Role::Administrator), &plan).is_ok(), "{text}");
        plan
    };
    check(json!({ "name": "mallory", "role": "administrator", "password": HASH }), false);
    check(json!({ "name": "mallory", "role": "read-only" }), false);
    check(json!({ "name": "alice", "password": HASH, "mail": "alice@example.com" }), true);
    let boss = check(json!({ "name": "boss", "role": "administrator", "password": HASH }), false);
    let carry_out = |plan| {
        let order =
            Order { id: random_id(), author: "root".into(), message: "".into(), confirm_within: None };
        keeper.carry_out(plan, order, Purpose::Lasting).unwrap_or_else(|error| panic!("{error:?}"));
    };
    carry_out(boss);
    carry_out(planned_of(Kind::CredentialPolicy, json!({ "name": "lax" })));
    // A policy says how hard a password is to guess.
    check(
        json!({ "name": "boss", "role": "administrator", "password": HASH, "credential_policy": "lax" }),
        false,
    );
    check(json!({ "name": "alice", "password": HASH, "credential_policy": "lax" }), true);
    let other = HASH.replace("t=2", "t=3");
    check(json!({ "name": "boss", "role": "administrator", "password": other }), false);
    check(json!({ "name": "boss", "password": HASH }), false);
    check(
        json!({ "name": "boss", "role": "administrator", "password": HASH, "department": "top floor" }),
        true,
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_a_list_cannot_be_asked_for_is_told_with_what_it_can() {
    let check = |filter: &str, expect: Result<&[(&str, bool)], &str>| match (
        Filter::of(Kind::Partition, filter),
        expect,
    ) {
        (Ok(filter), Ok(objects)) => {
            for (name, expect) in objects {
                let object = json!({ "name": name, "description": "the lobby: left" });
                assert_eq!(filter.takes(&object), *expect, "{name}");
            }
        }
        (Err(problem), Err(expect)) => {
            assert_eq!(problem.status, StatusCode::BAD_REQUEST);
            assert!(problem.detail.contains(expect), "{}", problem.detail);
        }
        (Ok(_), Err(expect)) => panic!("{filter} is taken, expected {expect}"),
        (Err(problem), Ok(_)) => panic!("{}", problem.detail),
    };
    check("", Ok(&[("Internal", true)]));
    check("INT", Ok(&[("Internal", true), ("External", false)]));
    check("name:int", Ok(&[("Internal", true), ("External", false)]));
    check("description:LOBBY", Ok(&[("External", true)]));
    check(":lobby: left", Ok(&[("External", true)]));
    check("nmae:int", Err("\"nmae\" is no setting of the kind partition; those are name, description"));
    check("lobby: left", Err("put one before it"));
    let problem = nothing_after(&State::default(), Kind::Partition, "zz");
    assert_eq!(problem.status, StatusCode::BAD_REQUEST);
    assert!(problem.detail.contains("no partition is called \"zz\""), "{}", problem.detail);
}
