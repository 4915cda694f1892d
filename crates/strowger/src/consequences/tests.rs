use std::path::PathBuf;

use serde_json::json;
use strowger_configuration::proposal::{Scope, Wanted};

use super::*;
use crate::configuration::ConfigurationStore;
use crate::keeper::{Keeper, Order, random_id};
use crate::mailbox::{Mailbox, mailbox};
use crate::sockets::SipSockets;
use crate::telephony::ThisRun;
use crate::vault::Vault;

/// A configuration with its telephony, in a folder that goes when the test ends. No thread takes calls.
struct Office {
    folder: PathBuf,
    keeper: Keeper,
    telephony: Arc<Telephony>,
    _letters: Mailbox,
}

impl Office {
    fn new(name: &str) -> Office {
        let folder =
            std::env::temp_dir().join(format!("strowger-consequences-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let vault = Arc::new(Vault::open(&folder).unwrap());
        let (sender, letters) = mailbox().unwrap();
        let (sockets, _) = SipSockets::open("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let telephony = Arc::new(Telephony::new(Arc::clone(&vault), sender, sockets, ThisRun::default()));
        let (store, _) = ConfigurationStore::open(&folder, digits::now(), random_id()).unwrap();
        let keeper = Keeper::new(store, vault, Box::new(Arc::clone(&telephony))).unwrap();
        let office = Office { folder, keeper, telephony, _letters: letters };
        let plan = office.plan(&office.objects());
        let order =
            Order { id: random_id(), author: "test".into(), message: "".into(), confirm_within: None };
        office.keeper.carry_out(plan, order, strowger_configuration::Purpose::Lasting).unwrap();
        office
    }

    fn objects(&self) -> Vec<(Kind, Value)> {
        let line = |number: &str| json!({ "pattern": number, "partition": "inside", "search_space": "all" });
        let phone = |name: &str, number: &str| {
            let lines = json!([{ "line": format!("inside:{number}") }]);
            json!({ "name": name, "lines": lines, "credentials": { "secret": format!("secret of {name}") } })
        };
        vec![
            (Kind::Partition, json!({ "name": "inside" })),
            (Kind::CallingSearchSpace, json!({ "name": "all", "partitions": ["inside"] })),
            (Kind::Line, line("1001")),
            (Kind::Line, line("1002")),
            (Kind::Phone, phone("desk", "1001")),
            (Kind::Phone, phone("wall", "1002")),
            (
                Kind::SavedDialling,
                json!({ "name": "to Bob", "line": "inside:1001", "number": "1002", "result": "line 1002" }),
            ),
        ]
    }

    fn plan(&self, objects: &[(Kind, Value)]) -> Plan {
        let wanted = objects.iter().map(|(kind, value)| Wanted {
            kind: *kind,
            renamed_from: None,
            table: value.as_object().unwrap().clone(),
        });
        let wanted: Vec<Wanted> = wanted.collect();
        self.keeper
            .plan(&self.keeper.live(), &wanted, Scope::Whole)
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// What follows when one of the objects is another, none, or there is one more.
    #[track_caller]
    fn check(
        &self,
        change: impl Fn(&mut Vec<(Kind, Value)>),
        registered: &[(&str, &str)],
        expect: &[(&str, &str)],
    ) {
        let mut objects = self.objects();
        change(&mut objects);
        let plan = self.plan(&objects);
        let found = of(&plan, &self.telephony, || {
            registered.iter().map(|(line, phone)| ((*line).into(), Some((*phone).into()))).collect()
        });
        let told: Vec<(&str, &str)> = found.iter().map(|it| (it.kind, it.text.as_str())).collect();
        assert_eq!(told, expect);
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_plan_tells_what_follows() {
    let office = Office::new("plan");
    let (desk, wall) = (("1001", "desk"), ("1002", "wall"));
    office.check(|_| (), &[desk], &[]);
    office.check(|all| all[2].1["description"] = json!("at the door"), &[desk], &[]);
    let anew = "phone desk is registered and has to register anew";
    let restart = "phone desk must restart to take it up";
    let secret = |all: &mut Vec<(Kind, Value)>| all[4].1["credentials"]["secret"] = json!("another");
    office.check(secret, &[desk], &[("unregistered", anew), ("restart", restart)]);
    office.check(secret, &[wall], &[("restart", restart)]);
    let gone =
        |all: &mut Vec<(Kind, Value)>| all.retain(|(_, it)| it["name"] != "wall" && it["pattern"] != "1002");
    let dialling = "saved dialling \"to Bob\" goes another way: result: expected line 1002, found no match";
    let bob = "phone wall is registered and has to register anew";
    office.check(gone, &[desk, wall], &[("unregistered", bob), ("dialling", dialling)]);
    let blocked = json!({ "pattern": "10021", "partition": "inside", "cause": 21 });
    let findings = |all: &mut Vec<(Kind, Value)>| all.push((Kind::BlockedPattern, blocked.clone()));
    let mut objects = office.objects();
    findings(&mut objects);
    let plan = office.plan(&objects);
    let found = of(&plan, &office.telephony, BTreeSet::new);
    assert!(found.len() == 1 && found[0].kind == "finding" && found[0].text.contains("1002"), "{found:?}");
}

#[test]
fn sockets_that_open_and_close_are_told() {
    let office = Office::new("sockets");
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = json!({ "transport": "udp", "address": "127.0.0.1", "port": port });
    let mut objects = office.objects();
    objects.push((Kind::Server, json!({ "name": "cm-1", "sip_listeners": [listener] })));
    let plan = office.plan(&objects);
    let told: Vec<String> = of(&plan, &office.telephony, BTreeSet::new)
        .into_iter()
        .map(|it| format!("{}: {}", it.kind, it.text))
        .collect();
    assert!(told[0].starts_with(&format!("socket: SIP is taken at udp 127.0.0.1:{port} too")), "{told:?}");
    assert_eq!(told.iter().filter(|it| it.contains("not taken at")).count(), 2, "UDP and TCP: {told:?}");
}
