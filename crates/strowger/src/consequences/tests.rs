use std::path::PathBuf;

use serde_json::json;
use strowger_configuration::proposal::{Scope, Wanted};

use super::*;
use crate::configuration::ConfigurationStore;
use crate::keeper::{Keeper, Order, random_id};
use crate::mailbox::{Mailbox, mailbox};
use crate::sockets::SipSockets;
use crate::telephony::ThisRun;
use crate::this_server::Machine;
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
        let base = Machine::of_file(&toml::from_str("").unwrap());
        let telephony =
            Arc::new(Telephony::new(Arc::clone(&vault), sender, sockets, base, ThisRun::default()));
        let (store, _) = ConfigurationStore::open(&folder, digits::now(), random_id()).unwrap();
        let keeper = Keeper::new(store, vault, Box::new(Arc::clone(&telephony))).unwrap();
        let office = Office { folder, keeper, telephony, _letters: letters };
        office.apply(&office.objects());
        office
    }

    fn apply(&self, objects: &[(Kind, Value)]) {
        let plan = self.plan(objects);
        let order =
            Order { id: random_id(), author: "test".into(), message: "".into(), confirm_within: None };
        self.keeper.carry_out(plan, order, strowger_configuration::Purpose::Lasting).unwrap();
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
        let found = of(&plan, &self.telephony, |_| {
            registered.iter().map(|(line, phone)| phone_at(line, phone, None)).collect()
        });
        let told: Vec<(&str, &str)> = found.iter().map(|it| (it.kind, it.text.as_str())).collect();
        assert_eq!(told, expect);
    }
}

fn phone_at(line: &str, phone: &str, listener: Option<u16>) -> Registered {
    let address = Some("192.0.2.30".parse().unwrap());
    Registered { line: line.into(), phone: Some(phone.into()), listener: listener.map(ListenerId), address }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_plan_tells_what_follows() {
    let office = Office::new("plan");
    let (desk, wall) = (("1001 in inside", "desk"), ("1002 in inside", "wall"));
    office.check(|_| (), &[desk], &[]);
    office.check(|all| all[2].1["description"] = json!("at the door"), &[desk], &[]);
    let anew = "phone desk is registered and has to register anew";
    let restart = "phone desk must restart to take it up";
    let secret = |all: &mut Vec<(Kind, Value)>| all[4].1["credentials"]["secret"] = json!("another");
    office.check(secret, &[desk], &[("unregistered", anew), ("restart", restart)]);
    office.check(secret, &[wall], &[("restart", restart)]);
    let gone =
        |all: &mut Vec<(Kind, Value)>| all.retain(|(_, it)| it["name"] != "wall" && it["pattern"] != "1002");
    let dialling = "saved dialling \"to Bob\" goes another way (result: expected line 1002, found no match): result line 1002 \
                    before and no match after, ends line 1002 before and no match after, pattern 1002 before and nothing after, \
                    called 1002 before and nothing after, calling 1001 before and nothing after";
    let bob = "phone wall is registered and has to register anew";
    office.check(gone, &[desk, wall], &[("unregistered", bob), ("dialling", dialling)]);
    // A phone stays registered when its line is in another partition.
    let moved = |all: &mut Vec<(Kind, Value)>| {
        all.push((Kind::Partition, json!({ "name": "outside" })));
        (all[2].1["partition"], all[4].1["lines"][0]["line"]) = (json!("outside"), json!("outside:1001"));
        (all[6].1["line"], all[1].1["partitions"]) = (json!("outside:1001"), json!(["inside", "outside"]));
    };
    office.check(moved, &[desk, wall], &[("restart", restart)]);
    let blocked = json!({ "pattern": "10021", "partition": "inside", "cause": 21 });
    let findings = |all: &mut Vec<(Kind, Value)>| all.push((Kind::BlockedPattern, blocked.clone()));
    let mut objects = office.objects();
    findings(&mut objects);
    let plan = office.plan(&objects);
    let found = of(&plan, &office.telephony, |_| vec![]);
    let waits = "saved dialling \"to Bob\" changes, and is as expected: waits_seconds 0 before and 15 after";
    assert_eq!(found[0].text, waits);
    assert!(found.len() == 2 && found[1].kind == "finding" && found[1].text.contains("1002"), "{found:?}");
}

#[test]
fn sockets_that_open_and_close_are_told() {
    let office = Office::new("sockets");
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = json!({ "transport": "udp", "address": "127.0.0.1", "port": port });
    let mut objects = office.objects();
    let server = json!({ "name": "cm-1", "sip_listeners": [listener], "sccp_port": port });
    objects.push((Kind::Server, server));
    let plan = office.plan(&objects);
    // The first socket is UDP, the second TCP.
    let registered = |_| vec![phone_at("1001", "desk", Some(0)), phone_at("1002", "wall", None)];
    let told: Vec<String> = of(&plan, &office.telephony, registered)
        .into_iter()
        .map(|it| format!("{}: {}", it.kind, it.text))
        .collect();
    assert!(told[0].starts_with(&format!("socket: SIP is taken at udp 127.0.0.1:{port} too")), "{told:?}");
    let sccp = format!("socket: SCCP is taken at tcp 0.0.0.0:{port} too");
    assert!(told.contains(&sccp), "{told:?}");
    assert_eq!(told.iter().filter(|it| it.contains("not taken at")).count(), 2, "UDP and TCP: {told:?}");
    assert!(
        told.contains(&"unregistered: phone desk is registered and has to register anew".to_owned()),
        "{told:?}"
    );
}

/// What a server object says of the machine, and which of several it is.
#[test]
fn what_moves_on_the_machine_is_told() {
    let office = Office::new("machine");
    let check = |servers: &[Value], expect: &[(&str, &str)]| {
        let servers = servers.iter().map(|server| (Kind::Server, server.clone()));
        office.check(|all| all.extend(servers.clone()), &[], expect);
    };
    let is = |name: &'static str| ("server", name);
    check(&[json!({ "name": "a", "drain_max": 3, "journal_limit": 20 })], &[is("this node is the server a")]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let moved = format!(
        "web pages and the API are served at 127.0.0.1:{port} and no longer at 127.0.0.1:8080: connections that are there go on"
    );
    check(
        &[
            json!({ "name": "a", "http_port": port, "media_address": "192.0.2.7", "media_ports": "20000-40000" }),
        ],
        &[
            ("machine", &moved),
            (
                "machine",
                "media of new calls goes to 192.0.2.7, ports 20000-40000; that of calls in progress stays",
            ),
            (
                "machine",
                "as many media sockets may be open as at the start; more of them after the next start",
            ),
            is("this node is the server a"),
        ],
    );
    check(
        &[json!({ "name": "a", "http_port": port }), json!({ "name": "b" })],
        &[is(
            "there are 2 servers and nobody has said which this node is: none of them counts, and SIP, media and HTTP are where \
              the node file says; give it [node] name, or start with --node-name",
        )],
    );
}

#[test]
fn web_pages_that_cannot_be_served_are_refused() {
    let office = Office::new("web");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let check = |server: Value, expect: &str| {
        let live = office.keeper.live();
        let table = server.as_object().unwrap().clone();
        let wanted = [Wanted { kind: Kind::Server, renamed_from: None, table }];
        let refused = office.keeper.plan(&live, &wanted, Scope::Objects).map(|_| ()).unwrap_err();
        let crate::keeper::PlanError::Refused(why) = refused else { panic!("{refused:?}") };
        assert!(why.len() == 1 && why[0].contains(expect), "{why:?}");
    };
    check(json!({ "name": "a", "http_address": "0.0.0.0" }), "add tls = true to [http] of the node file");
    check(json!({ "name": "a", "http_port": port }), &format!("HTTP: tcp 127.0.0.1:{port} is in use"));
}

/// A socket that somebody else holds is opened as soon as it is free.
#[test]
fn sockets_that_are_missing_are_tried_again() {
    let office = Office::new("missing");
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = json!({ "transport": "udp", "address": "127.0.0.1", "port": port });
    let mut objects = office.objects();
    let server = json!({ "name": "cm-1", "sip_listeners": [listener], "sccp_port": port });
    objects.push((Kind::Server, server));
    let plan = office.plan(&objects);
    // Somebody is faster.
    let other = std::net::UdpSocket::bind(("127.0.0.1", port)).unwrap();
    let order = Order { id: random_id(), author: "test".into(), message: "".into(), confirm_within: None };
    office.keeper.carry_out(plan, order, strowger_configuration::Purpose::Lasting).unwrap();
    let missing = office.telephony.missing();
    let told: Vec<String> = missing.borrow().iter().map(|(socket, _)| socket.to_string()).collect();
    assert_eq!(told, [format!("udp 127.0.0.1:{port}")]);
    office.telephony.open_missing();
    assert_eq!(missing.borrow().len(), 1);
    drop(other);
    office.telephony.open_missing();
    assert!(missing.borrow().is_empty());
    assert!(std::net::UdpSocket::bind(("127.0.0.1", port)).is_err(), "it is ours");
}

#[test]
fn diallings_of_which_something_else_comes_are_told() {
    let office = Office::new("diallings");
    // It is expected to get there, and does: over another pattern.
    let translated = json!({ "pattern": "1002", "partition": "first", "search_space": "all" });
    let change = |all: &mut Vec<(Kind, Value)>| {
        all.push((Kind::Partition, json!({ "name": "first" })));
        all.push((Kind::CallingSearchSpace, json!({ "name": "both", "partitions": ["first", "inside"] })));
        all.push((Kind::TranslationPattern, translated.clone()));
        all[2].1["search_space"] = json!("both");
        all[6].1["description"] = json!("one who is saved is one who is not forgotten");
    };
    let mut objects = office.objects();
    change(&mut objects);
    objects[6].1["result"] = json!("line 1002");
    let told: Vec<String> =
        of(&office.plan(&objects), &office.telephony, |_| vec![]).into_iter().map(|it| it.text).collect();
    assert_eq!(told, Vec::<String>::new(), "the same line, the same pattern: nothing else comes of it");
    let masked = json!({ "pattern": "1002", "partition": "first", "search_space": "all", "change": { "calling_mask": "2XXX" } });
    let mut objects = office.objects();
    change(&mut objects);
    objects[9].1 = masked;
    let told: Vec<String> =
        of(&office.plan(&objects), &office.telephony, |_| vec![]).into_iter().map(|it| it.text).collect();
    let expect = "saved dialling \"to Bob\" changes, and is as expected: calling 1001 before and 2001 after";
    assert_eq!(told, [expect]);
}

/// That fewer lines are concerned is nothing new, and that more are is told.
#[test]
fn doubts_are_told_apart_without_their_counts() {
    let office = Office::new("doubts");
    let with = |lines: &[&str]| {
        let mut objects = office.objects();
        objects.truncate(4);
        objects.extend([
            (Kind::Trunk, json!({ "name": "pstn", "destinations": ["192.0.2.1:5060"] })),
            (Kind::Partition, json!({ "name": "help" })),
            (Kind::CallingSearchSpace, json!({ "name": "helped", "partitions": ["help", "inside"] })),
            (Kind::Line, json!({ "pattern": "1900", "partition": "inside", "search_space": "helped" })),
            (
                Kind::RoutePattern,
                json!({ "pattern": "911", "partition": "help", "trunk": "pstn", "emergency": true }),
            ),
        ]);
        for number in lines {
            let line = json!({ "pattern": number, "partition": "inside", "search_space": "all" });
            objects.push((Kind::Line, line));
        }
        let numbers = ["1001", "1002", "1900"].iter().chain(lines);
        let phones: Vec<(Kind, Value)> = numbers
            .map(|number| {
                let lines = json!([{ "line": format!("inside:{number}") }]);
                let name = format!("desk-{number}");
                (Kind::Phone, json!({ "name": name, "lines": lines, "credentials": { "secret": "x" } }))
            })
            .collect();
        objects.extend(phones);
        objects
    };
    let told = |lines: &[&str]| -> Vec<String> {
        let found = of(&office.plan(&with(lines)), &office.telephony, |_| vec![]).into_iter();
        found.filter(|it| it.kind == "finding").map(|it| it.text).collect()
    };
    let first = told(&["1003"]);
    assert!(
        first.len() == 1
            && first[0].contains("new in the dial plan: error emergency-unreachable: 3 lines cannot call"),
        "{first:?}"
    );
    office.apply(&with(&["1003"]));
    assert_eq!(told(&[]), Vec::<String>::new());
    let worse = told(&["1003", "1004"]);
    assert!(
        worse.len() == 1 && worse[0].starts_with("worse in the dial plan, of 3 lines before: "),
        "{worse:?}"
    );
}

#[test]
fn nobody_who_asks_about_the_dial_plan_waits_for_a_change() {
    let office = Office::new("waits");
    let (sender, receiver) = std::sync::mpsc::channel();
    let _change = office.telephony.changing();
    let telephony = Arc::clone(&office.telephony);
    std::thread::spawn(move || sender.send(telephony.in_force_calls().is_some()));
    let answer = receiver.recv_timeout(std::time::Duration::from_secs(10));
    assert_eq!(answer, Ok(true), "it waits until the change is made");
}

#[test]
fn phones_in_no_region_beside_others_in_one_are_told() {
    let office = Office::new("regions");
    let region = |all: &mut Vec<(Kind, Value)>, pools: &[(&str, &str)]| {
        all.push((Kind::Region, json!({ "name": "hq" })));
        all.push((Kind::DevicePool, json!({ "name": "at hq", "region": "hq" })));
        for (_, object) in all.iter_mut().filter(|(kind, _)| *kind == Kind::Phone) {
            let pool = pools.iter().find(|(phone, _)| object["name"] == *phone);
            if let Some((_, pool)) = pool {
                object["device_pool"] = json!(pool);
            }
        }
    };
    let told = "phone wall is in no region while others are in one: between the two at most 8 kbit/s for speech are permitted \
                (region_audio_between), which few phones have a codec for, so that they cannot call each other; give all device pools a region";
    let desk = ("restart", "phone desk must restart to take it up");
    office.check(|all| region(all, &[("desk", "at hq")]), &[], &[desk, ("region", told)]);
    let both = [("restart", "phones desk and wall must restart to take it up")];
    office.check(|all| region(all, &[("desk", "at hq"), ("wall", "at hq")]), &[], &both);
}

#[test]
fn a_trunk_that_takes_what_phones_send_is_told() {
    let office = Office::new("beside");
    let desk = ("1001 in inside", "desk");
    let trunk = |destination: &str| {
        let table = json!({ "name": "recorder", "destinations": [destination] });
        move |all: &mut Vec<(Kind, Value)>| all.push((Kind::Trunk, table.clone()))
    };
    let told = "trunk recorder takes calls from every port of 192.0.2.30, where phones are registered from: a call from there that neither has \
                credentials nor names a line counts as the trunk's; give the trunk sources with a port, or another address";
    office.check(trunk("192.0.2.30:5070"), &[desk], &[("trunk", told)]);
    office.check(trunk("192.0.2.31:5070"), &[desk], &[]);
}
