use std::net::SocketAddr;

use serde_json::{Value, json};
use strowger_configuration::kinds::{Line, Phone};
use strowger_configuration::proposal::{Scope, Wanted};
use strowger_configuration::reader::Directory as _;
use strowger_configuration::{Id, Kind, Purpose, State};
use strowger_node::io::Stranger;

use super::taking_in::Refusal;
use super::*;
use crate::configuration::ConfigurationStore;
use crate::keeper::{Keeper, Order, Users, random_id};
use crate::vault::Vault;

/// A configuration in a folder that goes when the test ends.
struct Office {
    keeper: Keeper,
    folder: std::path::PathBuf,
}

/// Can use everything but the number 1102.
struct Choosy;

impl Users for Choosy {
    fn check(&self, state: &State) -> Result<(), Vec<String>> {
        let has = state.find(Kind::Line, "internal:1102").is_some();
        if has { Err(vec!["1102 is something else".to_owned()]) } else { Ok(()) }
    }

    fn put_in_force(&self, _: &State) {}
}

impl Office {
    fn new(name: &str, last: &str) -> Office {
        let folder = std::env::temp_dir().join(format!("strowger-newcomers-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let (store, _) = ConfigurationStore::open(&folder, crate::digits::now(), random_id()).unwrap();
        let keeper = Keeper::new(store, Vault::open(&folder).unwrap().into(), Box::new(Choosy)).unwrap();
        let office = Office { keeper, folder };
        office.change(
            &[
                object(Kind::Partition, json!({ "name": "internal" })),
                object(
                    Kind::AutoRegistration,
                    json!({ "enabled": true, "first": "1100", "last": last, "partition": "internal" }),
                ),
                object(Kind::Line, json!({ "pattern": "1100", "partition": "internal" })),
            ],
            &[],
        );
        office
    }

    fn change(&self, wanted: &[Wanted], removed: &[Id]) {
        let live = self.keeper.live();
        let scope = if removed.is_empty() { Scope::Objects } else { Scope::Removing(removed) };
        let plan = self.keeper.plan(&live, wanted, scope).unwrap();
        let (id, message) = (random_id(), "".into());
        let order = Order { id, author: "test".into(), message, confirm_within: None };
        self.keeper.carry_out(plan, order, Purpose::Lasting).unwrap();
    }

    fn comes(&self, name: &str) -> Result<String, Refusal> {
        taking_in::take_in(&self.keeper, &stranger(name))
    }

    fn state(&self) -> State {
        self.keeper.live().state.clone()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn object(kind: Kind, value: Value) -> Wanted {
    let Value::Object(table) = value else { panic!("{value} is no table") };
    Wanted { kind, renamed_from: None, table }
}

fn stranger(name: &str) -> Stranger {
    Stranger { name: name.into(), model: "7961".into(), peer: SocketAddr::from(([192, 0, 2, 7], 49_152)) }
}

fn phone<'s>(state: &'s State, name: &str) -> Option<&'s Phone> {
    state.all::<Phone>().map(|(_, phone)| phone).find(|phone| phone.name.as_str() == name)
}

const NAME: &str = "SEP00000000AB01";
const OTHER: &str = "SEP00000000AB02";

#[test]
fn who_comes_gets_the_first_number_that_is_free_and_waits_to_be_adopted() {
    let office = Office::new("comes", "1104");
    // 1100 is there, and 1102 cannot be.
    assert_eq!(office.comes(NAME).as_deref(), Ok("1101"));
    assert_eq!(office.comes(OTHER).as_deref(), Ok("1103"));
    assert_eq!(office.comes(NAME), Err(Refusal::Known));
    let state = office.state();
    let came = phone(&state, NAME).unwrap();
    assert!(is_newcomer(came));
    assert_eq!(came.model.as_ref().map(|model| model.as_str()), Some("7961"));
    assert_eq!(state.get(came.lines.iter().next().unwrap().line).unwrap().pattern.as_str(), "1101");
    assert!(matches!(office.comes("a phone of nobody's"), Err(Refusal::NotStored(_))));
    assert_eq!(office.comes("SEP00000000AB03").as_deref(), Ok("1104"));
    let none = Refusal::NoNumber { first: "1100".into(), last: "1104".into() };
    assert_eq!(office.comes("SEP00000000AB04"), Err(none));
}

#[test]
fn an_adopted_phone_stays_with_its_number_or_another_one() {
    let office = Office::new("adopts", "1199");
    office.comes(NAME).unwrap();
    office.comes(OTHER).unwrap();
    let all = Adoption {
        number: Some("1555".to_owned()),
        description: Some("Reception".to_owned()),
        display: Some("Ruth".to_owned()),
        owner: None,
    };
    office.change(&adopt(&office.state(), NAME, &all).unwrap(), &[]);
    office.change(&adopt(&office.state(), OTHER, &Adoption::default()).unwrap(), &[]);
    let state = office.state();
    let adopted = phone(&state, NAME).unwrap();
    assert_eq!((is_newcomer(adopted), adopted.description.as_str()), (false, "Reception"));
    let line = state.get(adopted.lines.iter().next().unwrap().line).unwrap();
    assert_eq!((line.pattern.as_str(), line.display.as_str()), ("1555", "Ruth"));
    assert!(state.find(Kind::Line, "internal:1101").is_none() && !is_newcomer(phone(&state, OTHER).unwrap()));
    assert!(adopt(&state, NAME, &all).unwrap_err().contains("adopted already"));
    assert!(adopt(&state, "SEP999999999999", &all).unwrap_err().contains("there is no phone"));
}

#[test]
fn a_refused_phone_goes_with_its_line_and_comes_no_more() {
    let office = Office::new("refuses", "1199");
    office.comes(NAME).unwrap();
    let lines = |state: &State| state.all::<Line>().count();
    assert_eq!(lines(&office.state()), 2);
    let (wanted, removed) = refuse(&office.state(), NAME).unwrap();
    office.change(&wanted, &removed);
    assert!(phone(&office.state(), NAME).is_none());
    assert_eq!(lines(&office.state()), 1);
    assert_eq!(office.comes(NAME), Err(Refusal::Refused));
    assert!(refuse(&office.state(), NAME).is_err());
    // A line that another phone has as well stays.
    assert_eq!(office.comes(OTHER).as_deref(), Ok("1101"));
    let shares = json!({ "name": "desk", "lines": [{ "line": "internal:1101" }] });
    office.change(&[object(Kind::Phone, shares)], &[]);
    let (wanted, removed) = refuse(&office.state(), OTHER).unwrap();
    office.change(&wanted, &removed);
    assert_eq!(lines(&office.state()), 2);
}
