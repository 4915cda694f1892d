//! Raw REGISTERs in, answers and changes out, in virtual time.

use std::fmt::Write;

use strowger_base::net::{ListenerId, Transport};
use strowger_base::{Rng, Secret, Table, WallTime};

use super::*;
use crate::io::{BindingRecord, Fingerprint, LineAccount, PhoneAccount, PhonePlace};
use crate::registrar::BindingTexts;

/// A registrar with a clock and a configuration of 60 to 3,600 s, 1,800 s when a phone asks for nothing.
struct Office {
    registrar: Registrar,
    now: Now,
    configuration: Configuration,
    account: LineAccount,
    phone: PhonePlace,
}

/// Phones with name and password; the user name is the phone's.
fn account(phones: &[(&str, u8)]) -> LineAccount {
    let phone = |(name, password): &(&str, u8)| PhoneAccount {
        name: (!name.is_empty()).then(|| (*name).into()),
        username: if name.is_empty() { "1001" } else { *name }.into(),
        ha1_md5: Secret::new([*password; 16]),
        ha1_sha256: Secret::new([*password; 32]),
    };
    LineAccount { name: "Alice".into(), contacts_max: 3, phones: phones.iter().map(phone).collect() }
}

fn lines<'l>(lines: impl IntoIterator<Item = (&'l str, LineAccount)>) -> Table<LineAccount> {
    lines.into_iter().collect()
}

impl Office {
    fn new() -> Self {
        let mut registrar = Registrar::new(HashSeed::new(&mut Rng::new(1)));
        registrar.fingerprint_with(KEY);
        Office {
            registrar,
            now: Now { mono: Instant::from_nanos(0), wall: WallTime::from_micros(1_790_000_000_000_000) },
            configuration: Configuration {
                domain: "example.com".into(),
                aliases: vec![],
                listeners: vec![],
                lines: strowger_base::Table::new(),
                trunks: vec![],
                expires_min: Duration::from_secs(60),
                expires_max: Duration::from_secs(3600),
                expires_default: Duration::from_secs(1800),
                nonce_lifetime: Duration::from_secs(300),
                digest_algorithms: vec![],
                session_expires: Duration::from_secs(1800),
                product: "Strowger".into(),
            },
            account: account(&[("", 0)]),
            phone: PhonePlace::default(),
        }
    }

    /// An office whose lines have these phones, of which the first sends.
    fn with(phones: &[(&str, u8)]) -> Self {
        Office { account: account(phones), ..Office::new() }
    }

    /// From now on this phone sends.
    fn as_phone(&mut self, name: &str) -> &mut Self {
        self.phone = self.account.phone_named(Some(name)).unwrap();
        self
    }

    /// What a REGISTER leads to: status, headers of the answer, changes; a line each.
    fn send(&mut self, flow: Flow, bytes: &[u8]) -> String {
        let line = Message::parse(bytes).unwrap().to_user().into_owned();
        self.send_on(&line, flow, bytes)
    }

    /// The same for the line with this name.
    fn send_on(&mut self, line: &str, flow: Flow, bytes: &[u8]) -> String {
        let request = Message::parse(bytes).unwrap();
        let mut changes = vec![];
        let owner = PhoneOnLine { line, account: &self.account, phone: self.phone };
        let registrar = &mut self.registrar;
        let result = registrar.register(self.now, &request, flow, owner, &self.configuration, &mut changes);
        let mut headers = vec![];
        let status = match result {
            Ok(()) => {
                self.registrar.write_answer(self.now, owner, &request, &mut headers);
                200
            }
            Err(refusal) => {
                refusal.write_headers(&mut headers);
                refusal.status()
            }
        };
        let headers = String::from_utf8(headers).unwrap();
        let headers = headers.replace("Supported: path, outbound\r\n", "").replace("\r\n", "\n");
        format!("{status}\n{headers}{}", self.told(&changes))
    }

    /// A REGISTER of line 1001 over UDP from 10.0.0.5.
    fn register(&mut self, cseq: u32, headers: &str) -> String {
        self.send(udp("10.0.0.5:5060"), register("a", cseq, headers).as_bytes())
    }

    fn pass(&mut self, seconds: u64) {
        let step = Duration::from_secs(seconds);
        self.now = Now { mono: self.now.mono + step, wall: self.now.wall + step };
    }

    fn timeout(&mut self) -> String {
        let mut changes = vec![];
        self.registrar.handle_timeout(self.now, &mut changes);
        self.told(&changes)
    }

    fn told(&self, changes: &[Change]) -> String {
        let mut text = String::new();
        for change in changes {
            match change {
                Change::Bound(record) => {
                    let left = (record.expires_at.as_micros() - self.now.wall.as_micros()) / 1_000_000;
                    writeln!(text, "bound {} {} {left} s", record.binding.0, record.texts.get().contact)
                        .unwrap();
                }
                Change::Unbound(id) => writeln!(text, "unbound {}", id.0).unwrap(),
                Change::Event(Event::Registered { binding, peer, transport, .. }) => {
                    writeln!(text, "registered {} {transport} {peer}", binding.0).unwrap();
                }
                Change::Event(Event::Unregistered { binding, reason, .. }) => {
                    writeln!(text, "unregistered {} {reason:?}", binding.0).unwrap();
                }
                Change::Event(Event::Refused { reason, .. }) => writeln!(text, "refused {reason:?}").unwrap(),
            }
        }
        text
    }

    /// The contacts of 1001, in order.
    fn contacts(&self) -> Vec<&str> {
        let registrar = &self.registrar;
        registrar.contacts_of("1001").map(|id| registrar.binding(id).unwrap().contact()).collect()
    }

    /// Nothing but what belongs to a binding is held.
    #[track_caller]
    fn is_consistent(&self) {
        let r = &self.registrar;
        assert_eq!(r.timers.len(), r.len());
        assert_eq!(r.by_line.values().map(|ids| ids.as_slice().len()).sum::<usize>(), r.len());
        let on_streams = r.all().iter().filter(|(_, b)| matches!(b.flow, Flow::Stream { .. })).count();
        assert_eq!(r.by_stream.values().map(|ids| ids.as_slice().len()).sum::<usize>(), on_streams);
    }
}

fn udp(peer: &str) -> Flow {
    Flow::Datagram { listener: ListenerId(0), peer: peer.parse().unwrap() }
}

fn tcp(stream: u64, peer: &str) -> Flow {
    Flow::Stream { stream: StreamId(stream), peer: peer.parse().unwrap(), transport: Transport::Tcp }
}

fn register(call_id: &str, cseq: u32, headers: &str) -> String {
    format!(
        "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK{call_id}{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:1001@example.com>;tag=f\r\nTo: <sip:1001@example.com>\r\n\
         Call-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{headers}Content-Length: 0\r\n\r\n"
    )
}

/// Sends REGISTERs one after the other and compares what each leads to.
#[track_caller]
fn check(steps: &[(&str, &str)]) -> Office {
    let mut office = Office::new();
    for (index, (headers, expect)) in steps.iter().enumerate() {
        let got = office.register(index as u32 + 1, headers);
        assert_eq!(got, expect.replace("| ", "\n") + "\n", "step {}: {headers}", index + 1);
        office.is_consistent();
    }
    office
}

const FIRST: &str = "200| Contact: <sip:1001@10.0.0.5>;expires=60| bound 1 sip:1001@10.0.0.5 60 s| registered 1 UDP 10.0.0.5:5060";
const SHORT: &str = "Contact: <sip:1001@10.0.0.5>;expires=60\r\n";

#[test]
fn a_phone_registers_asks_refreshes_and_leaves() {
    check(&[
        ("", "200"),
        (SHORT, FIRST),
        ("", "200| Contact: <sip:1001@10.0.0.5>;expires=60"),
        (
            "Contact: <sip:1001@10.0.0.5>\r\nExpires: 120\r\n",
            "200| Contact: <sip:1001@10.0.0.5>;expires=120| bound 1 sip:1001@10.0.0.5 120 s",
        ),
        ("Contact: <sip:1001@10.0.0.5>\r\nExpires: 0\r\n", "200| unbound 1| unregistered 1 ByPhone"),
        ("Contact: <sip:1001@10.0.0.5>\r\nExpires: 0\r\n", "200"),
        (
            SHORT,
            "200| Contact: <sip:1001@10.0.0.5>;expires=60| bound 2 sip:1001@10.0.0.5 60 s| registered 2 UDP 10.0.0.5:5060",
        ),
    ]);
}

#[test]
fn the_time_is_the_contacts_own_then_that_of_expires_then_the_usual_one_and_within_bounds() {
    let granted = |headers: &str, expect: &str| {
        let got = Office::new().register(1, headers);
        let line = got.lines().nth(1).unwrap_or_default();
        let got = line.split_once(";expires=").map_or(line, |(_, seconds)| seconds);
        assert_eq!(got, expect, "{headers}");
    };
    granted("Contact: <sip:a@h>;expires=61\r\nExpires: 62\r\n", "61");
    granted("Contact: <sip:a@h>\r\nExpires: 62\r\n", "62");
    granted("Contact: <sip:a@h>\r\n", "1800");
    granted("Contact: <sip:a@h>;expires=soon\r\nExpires: 62\r\n", "1800");
    granted("Contact: <sip:a@h>;expires=3601\r\n", "3600");
    granted("Contact: <sip:a@h>;expires=99999999999999999999999999\r\n", "3600");
    granted("Contact: <sip:a@h>;expires=60\r\n", "60");
    granted("Contact: <sip:a@h>;expires=59\r\n", "Min-Expires: 60");
    granted("Contact: <sip:a@h>;expires=1\r\n", "Min-Expires: 60");
}

#[test]
fn a_star_removes_everything_and_stands_alone_with_expires_0() {
    let office = check(&[
        (
            "Contact: <sip:a@h>, <sip:b@h>\r\nExpires: 60\r\n",
            "200| Contact: <sip:a@h>;expires=60| Contact: <sip:b@h>;expires=60| bound 1 sip:a@h 60 s| registered 1 UDP 10.0.0.5:5060| bound 2 sip:b@h 60 s| registered 2 UDP 10.0.0.5:5060",
        ),
        ("Contact: *\r\n", "400"),
        ("Contact: *\r\nExpires: 60\r\n", "400"),
        ("Contact: *\r\nExpires: x\r\n", "400"),
        ("Contact: *, <sip:a@h>\r\nExpires: 0\r\n", "400"),
        ("Contact: <sip:a@h>\r\nContact: *\r\nExpires: 0\r\n", "400"),
        (
            "Contact: *\r\nExpires: 0\r\n",
            "200| unbound 1| unregistered 1 ByPhone| unbound 2| unregistered 2 ByPhone",
        ),
    ]);
    assert!(office.registrar.is_empty());
    let mut office = Office::new();
    office.register(5, SHORT);
    assert_eq!(office.register(5, "Contact: *\r\nExpires: 0\r\n"), "500\n");
    assert_eq!(office.contacts().len(), 1);
}

#[test]
fn one_bad_contact_refuses_all() {
    let good = "Contact: <sip:new@h>\r\n";
    let check = |bad: &str, status: &str| {
        let mut office = Office::new();
        office.register(1, SHORT);
        let before = office.register(2, "");
        for headers in [format!("{good}{bad}"), format!("{bad}{good}")] {
            assert!(office.register(3, &headers).starts_with(status), "{headers}");
            assert_eq!(office.register(2, ""), before, "{headers}");
            office.is_consistent();
        }
    };
    check("Contact: <sip:a@h\r\n", "400\n");
    check("Contact: <tel:+4989>\r\n", "400\n");
    check("Contact: sip:a@h?Route=x\r\n", "400\n");
    check("Contact: <sip:a@h:99999>\r\n", "400\n");
    check("Contact: <sip:a@h>;;q=1\r\n", "400\n");
    check("Contact: <sip:\u{e9}\r\n", "400\n");
    check("Contact: <sip:a@h>;+sip.instance=\"<urn:\r\n x>\"\r\n", "400\n");
    check("Contact:\r\n", "400\n");
    check("Contact: <sip:a@h>;expires=59\r\n", "423\n");
    check("Contact: <sip:b@h>, <sip:c@h>, <sip:d@h>\r\n", "403\nrefused TooManyContacts\n");
    check(&format!("Contact: <sip:{}@h>\r\n", "a".repeat(limits::BINDING_TEXT_BYTES)), "400\n");
    let many: String = (0..40).map(|i| format!("Contact: <sip:{i}@h>;expires=0\r\n")).collect();
    check(&many, "403\nrefused TooManyContacts\n");
    check("Path: <tel:1>\r\nSupported: path\r\n", "400\n");
    check("Path: sip:p\r\nSupported: path\r\n", "400\n");
    check("Path: <sip:p;lr>\r\n", "420\nUnsupported: path\n");
}

#[test]
fn a_line_has_no_more_phones_than_it_may_and_one_may_take_the_place_of_another() {
    let mut office = Office::new();
    office.register(1, "Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>\r\n");
    assert_eq!(office.register(2, "Contact: <sip:d@h>\r\n"), "403\nrefused TooManyContacts\n");
    let swapped = office.register(3, "Contact: <sip:a@h>;expires=0, <sip:d@h>\r\n");
    assert!(swapped.starts_with("200\n"), "{swapped}");
    assert_eq!(office.contacts(), ["sip:b@h", "sip:c@h", "sip:d@h"]);
    office.is_consistent();
    office.account.contacts_max = 1_000;
    let more: String = (0..limits::CONTACTS_PER_LINE).map(|i| format!("Contact: <sip:{i}@h>\r\n")).collect();
    assert!(office.register(4, &more).starts_with("403\n"));
}

#[test]
fn contacts_are_ordered_by_q_and_then_by_age() {
    let mut office = Office::new();
    office.register(1, "Contact: <sip:a@h>;q=0.5, <sip:b@h>, <sip:c@h>;q=0.5\r\n");
    assert_eq!(office.contacts(), ["sip:b@h", "sip:a@h", "sip:c@h"]);
    let answer = office.register(2, "Contact: <sip:b@h>;q=0.25;expires=60\r\n");
    assert!(answer.contains("Contact: <sip:b@h>;expires=60;q=0.250\n"), "{answer}");
    assert_eq!(office.contacts(), ["sip:a@h", "sip:c@h", "sip:b@h"]);
    office.register(3, "Contact: <sip:a@h>;expires=0\r\n");
    assert_eq!(office.contacts(), ["sip:c@h", "sip:b@h"]);
}

#[test]
fn uris_that_are_equal_are_one_contact_and_a_contact_that_is_named_twice_counts_once() {
    let check = |one: &str, other: &str, expect: &[&str]| {
        for apart in [true, false] {
            let mut office = Office::new();
            if apart {
                office.register(1, &format!("Contact: {one}\r\n"));
                office.register(2, &format!("Contact: {other}\r\n"));
            } else {
                office.register(1, &format!("Contact: {one}, {other}\r\n"));
            }
            assert_eq!(office.contacts(), expect, "{one} {other} {apart}");
            office.is_consistent();
        }
    };
    check("<sip:a@H.example>", "<sip:%61@h.EXAMPLE>", &["sip:%61@h.EXAMPLE"]);
    check("<sip:a@h;transport=TCP>", "<sip:a@h;Transport=tcp>", &["sip:a@h;Transport=tcp"]);
    check("<sip:a@h>", "<sip:a@h;x=1>", &["sip:a@h;x=1"]);
    check("<sip:a@h>", "<sip:a@h:5060>", &["sip:a@h", "sip:a@h:5060"]);
    check("<sip:a@h>", "<sips:a@h>", &["sip:a@h", "sips:a@h"]);
    check("<sip:a@h>", "<sip:A@h>", &["sip:a@h", "sip:A@h"]);
    check("<sip:a@h>", "<sip:a@h;transport=tcp>", &["sip:a@h", "sip:a@h;transport=tcp"]);
    // A parameter that one of them lacks does not count, but two that differ do.
    let mut office = Office::new();
    office.register(1, "Contact: <sip:a@h>\r\n");
    office.register(2, "Contact: <sip:a@h;x=1>, <sip:a@h;x=2>\r\n");
    assert_eq!(office.contacts(), ["sip:a@h;x=1", "sip:a@h;x=2"]);
    office.register(3, "Contact: <sip:a@h;x=2>;expires=0\r\n");
    assert_eq!(office.contacts(), ["sip:a@h;x=1"]);
}

#[test]
fn a_copy_of_a_request_changes_nothing_and_an_older_one_is_refused() {
    let mut office = Office::new();
    let first = register("a", 7, SHORT);
    office.send(udp("10.0.0.5:5060"), first.as_bytes());
    assert!(office.registrar.is_retransmission("1001", "a", 7));
    assert!(!office.registrar.is_retransmission("1001", "a", 8));
    assert!(!office.registrar.is_retransmission("1001", "b", 7));
    assert!(!office.registrar.is_retransmission("1002", "a", 7));
    office.pass(10);
    let copy = office.send(udp("10.0.0.5:5060"), first.as_bytes());
    assert_eq!(copy, "200\nContact: <sip:1001@10.0.0.5>;expires=50\n");
    // Somebody who repeats a request that he overheard does not get the calls.
    assert_eq!(office.send(udp("10.0.0.6:5060"), first.as_bytes()), "500\n");
    assert_eq!(office.register(6, SHORT), "500\n");
    assert_eq!(office.register(6, "Contact: <sip:b@h>\r\nContact: <sip:1001@10.0.0.5>\r\n"), "500\n");
    assert_eq!(office.contacts(), ["sip:1001@10.0.0.5"]);
    // Another Call-ID begins a new count (RFC 3261 §10.3 step 7): the phone was switched off and on.
    let again = office.send(udp("10.0.0.5:5060"), register("b", 1, SHORT).as_bytes());
    assert_eq!(again, "200\nContact: <sip:1001@10.0.0.5>;expires=60\nbound 1 sip:1001@10.0.0.5 60 s\n");
}

#[test]
fn the_same_phone_with_another_address_takes_the_place_of_its_old_contact() {
    let contact = |uri: &str, instance: &str, reg_id: &str| {
        format!(
            "Supported: outbound\r\nContact: <{uri}>;expires=60;+sip.instance=\"<{instance}>\"{reg_id}\r\n"
        )
    };
    let one = contact("sip:1001@10.0.0.5", "urn:uuid:1", ";reg-id=1");
    let moved = contact("sip:1001@10.9.9.9", "URN:UUID:1", ";reg-id=1");
    let second_flow = contact("sip:1001@10.9.9.9", "urn:uuid:1", ";reg-id=2");
    let second_phone = contact("sip:1001@10.9.9.9", "urn:uuid:2", ";reg-id=1");
    let parameters = ";+sip.instance=\"<urn:uuid:1>\";reg-id=1";
    check(&[
        (
            &one,
            &format!(
                "200| Contact: <sip:1001@10.0.0.5>;expires=60{parameters}| Require: outbound| bound 1 sip:1001@10.0.0.5 60 s| registered 1 UDP 10.0.0.5:5060"
            ),
        ),
        (
            &moved,
            &format!(
                "200| Contact: <sip:1001@10.9.9.9>;expires=60{}| Require: outbound| unbound 1| unregistered 1 Replaced| bound 2 sip:1001@10.9.9.9 60 s| registered 2 UDP 10.0.0.5:5060",
                parameters.replace("urn:uuid", "URN:UUID")
            ),
        ),
    ]);
    let mut office = Office::new();
    for (cseq, headers) in [one.as_str(), &second_flow, &second_phone].into_iter().enumerate() {
        office.register(cseq as u32 + 1, headers);
    }
    assert_eq!(office.contacts(), ["sip:1001@10.0.0.5", "sip:1001@10.9.9.9", "sip:1001@10.9.9.9"]);
    // Without a reg-id, without outbound, or behind a proxy that knows neither, it is the URI that counts.
    let by_uri = |first: &str, second: &str| {
        let mut office = Office::new();
        assert!(!office.register(1, first).contains("Require"));
        office.register(2, second);
        assert_eq!(office.contacts(), ["sip:1001@10.0.0.5", "sip:1001@10.9.9.9"]);
    };
    by_uri(&one.replace(";reg-id=1", ""), &moved.replace(";reg-id=1", ""));
    by_uri(&one.replace("Supported: outbound\r\n", ""), &moved.replace("Supported: outbound\r\n", ""));
    let proxy = "Via: SIP/2.0/UDP 10.0.0.99;branch=z9hG4bKx\r\n";
    by_uri(&format!("{proxy}{one}"), &format!("{proxy}{moved}"));
    let edge = format!("{proxy}Path: <sip:edge;lr;ob>\r\nSupported: path\r\n");
    let got = Office::new().register(1, &format!("{edge}{one}"));
    assert!(got.contains("\nPath: <sip:edge;lr;ob>\nRequire: outbound\n"), "{got}");
}

#[test]
fn a_phone_that_comes_from_elsewhere_is_told_as_registered_again() {
    let mut office = Office::new();
    office.register(1, SHORT);
    let got = office.send(udp("198.51.100.1:40000"), register("a", 2, SHORT).as_bytes());
    assert_eq!(
        got,
        "200\nContact: <sip:1001@10.0.0.5>;expires=60\nbound 1 sip:1001@10.0.0.5 60 s\n\
         registered 1 UDP 198.51.100.1:40000\n"
    );
    let id = office.registrar.contacts_of("1001").next().unwrap();
    assert_eq!(office.registrar.binding(id).unwrap().flow(), udp("198.51.100.1:40000"));
}

#[test]
fn bindings_end_to_the_second_and_leave_nothing() {
    let mut office = Office::new();
    office.register(1, "Contact: <sip:a@h>;expires=60, <sip:b@h>;expires=90\r\n");
    office.pass(30);
    office.register(2, "Contact: <sip:a@h>;expires=61\r\n");
    assert_eq!(office.registrar.next_timeout(), Some(Instant::START + Duration::from_secs(90)));
    office.pass(59);
    assert_eq!(office.timeout(), "");
    office.pass(1);
    assert_eq!(office.timeout(), "unbound 2\nunregistered 2 Expired\n");
    office.pass(1);
    assert_eq!(office.timeout(), "unbound 1\nunregistered 1 Expired\n");
    assert_eq!((office.registrar.next_timeout(), office.registrar.len()), (None, 0));
    office.is_consistent();
}

#[test]
fn phones_go_with_their_connection_unless_they_came_back_over_another() {
    let mut office = Office::new();
    let (old, new) = (tcp(1, "10.0.0.5:40000"), tcp(2, "10.0.0.5:40001"));
    office.send(old, register("a", 1, "Contact: <sip:a@h>, <sip:b@h>\r\nExpires: 60\r\n").as_bytes());
    let moved = office.send(new, register("a", 2, "Contact: <sip:b@h>;expires=60\r\n").as_bytes());
    assert!(moved.ends_with("registered 2 TCP 10.0.0.5:40001\n"), "{moved}");
    office.is_consistent();
    let mut changes = vec![];
    office.registrar.flow_closed(office.now, StreamId(1), &mut changes);
    assert_eq!(office.told(&changes), "unbound 1\nunregistered 1 ConnectionClosed\n");
    changes.clear();
    office.registrar.flow_closed(office.now, StreamId(1), &mut changes);
    assert_eq!(office.told(&changes), "");
    office.registrar.flow_closed(office.now, StreamId(2), &mut changes);
    assert_eq!(office.told(&changes), "unbound 2\nunregistered 2 ConnectionClosed\n");
    office.is_consistent();
}

#[test]
fn phones_of_a_line_that_is_not_configured_any_more_go() {
    let mut office = Office::new();
    office.register(1, "Contact: <sip:a@h>, <sip:b@h>\r\n");
    let mut changes = vec![];
    let lines = |names: &[&str]| lines(names.iter().map(|name| (*name, office.account.clone())));
    let (both, other) = (lines(&["1000", "1001"]), lines(&["1000"]));
    office.registrar.reconfigure(office.now, (&both, &other), &mut changes);
    assert_eq!(
        office.told(&changes),
        "unbound 1\nunregistered 1 Unconfigured\nunbound 2\nunregistered 2 Unconfigured\n"
    );
    office.is_consistent();
}

/// A line on two phones, of which `a` has registered two contacts and `b` one that is the same as one of `a`.
fn shared() -> Office {
    let mut office = Office::with(&[("a", 1), ("b", 2)]);
    office.as_phone("a").register(1, "Contact: <sip:a@h>;expires=60, <sip:c@h>;expires=60\r\n");
    office.as_phone("b").register(1, "Contact: <sip:a@h>;expires=90\r\n");
    office
}

#[test]
fn phones_of_a_line_see_and_change_their_own_contacts_alone() {
    let mut office = shared();
    assert_eq!(office.contacts(), ["sip:a@h", "sip:c@h", "sip:a@h"]);
    assert_eq!(office.register(2, ""), "200\nContact: <sip:a@h>;expires=90\n");
    assert_eq!(
        office.register(3, "Contact: <sip:c@h>;expires=0\r\n"),
        "200\nContact: <sip:a@h>;expires=90\n"
    );
    // The line has no room for more, whoever of its phones wants it.
    assert_eq!(office.register(4, "Contact: <sip:d@h>\r\n"), "403\nrefused TooManyContacts\n");
    assert_eq!(
        office.register(5, "Contact: *\r\nExpires: 0\r\n"),
        "200\nunbound 3\nunregistered 3 ByPhone\n"
    );
    assert_eq!(office.contacts(), ["sip:a@h", "sip:c@h"]);
    office.is_consistent();
}

#[test]
fn contacts_end_with_their_phone_and_with_what_it_proved_itself_with() {
    let check = |phones: &[(&str, u8)], expect: &str, left: &[(&str, u64)]| {
        let mut office = shared();
        let (before, after) = (office.account.clone(), account(phones));
        let mut changes = vec![];
        let (was, is) = (lines([("1001", before)]), lines([("1001", after.clone())]));
        office.registrar.reconfigure(office.now, (&was, &is), &mut changes);
        assert_eq!(office.told(&changes), expect, "{phones:?}");
        let of = |(id, binding): (BindingId, &Binding)| {
            (after.phone_name(binding.phone()).unwrap().to_string(), id.0)
        };
        let found: Vec<_> = office.registrar.all().into_iter().map(of).collect();
        let left: Vec<_> = left.iter().map(|(name, id)| ((*name).to_owned(), *id)).collect();
        assert_eq!(found, left, "{phones:?}");
        office.is_consistent();
    };
    let first = "unbound 1\nunregistered 1 Unconfigured\nunbound 2\nunregistered 2 Unconfigured\n";
    let last = "unbound 3\nunregistered 3 Unconfigured\n";
    check(&[("a", 1), ("b", 2)], "", &[("a", 1), ("a", 2), ("b", 3)]);
    check(&[("b", 2), ("x", 3), ("a", 1)], "", &[("a", 1), ("a", 2), ("b", 3)]);
    check(&[("b", 2)], first, &[("b", 3)]);
    check(&[("a", 3), ("b", 2)], first, &[("b", 3)]);
    check(&[("a", 1)], last, &[("a", 1), ("a", 2)]);
    check(&[("x", 1)], &format!("{first}{last}"), &[]);
}

#[test]
fn contacts_follow_their_phone_when_its_line_is_put_into_another_partition() {
    let before = [("1001 in A", &[("a", 1)]), ("1001 in B", &[("b", 2)])];
    let check = |after: &[(&str, &[(&str, u8)])], expect: &[(&str, &str)]| {
        let mut office = Office::new();
        for (line, phones) in before {
            office.account = account(phones);
            let request = register(&line[8..], 1, "Contact: <sip:a@h>\r\n");
            office.send_on(line, udp("10.0.0.5:5060"), request.as_bytes());
        }
        let tables = |of: &[(&str, &[(&str, u8)])]| lines(of.iter().map(|(line, it)| (*line, account(it))));
        let (was, is) = (tables(&before.map(|(line, phones)| (line, &phones[..]))), tables(after));
        let mut restarted = Office::new();
        for (id, binding) in office.registrar.all() {
            let phone = was.get(binding.line()).and_then(|account| account.phone(binding.phone()));
            let record = binding.record(id, office.now, phone, KEY);
            restarted.registrar.restore(restarted.now, record, &is, SOCKET);
        }
        let mut changes = vec![];
        office.registrar.reconfigure(office.now, (&was, &is), &mut changes);
        for office in [&office, &restarted] {
            let of = |(id, binding): (BindingId, &Binding)| {
                assert_eq!(office.registrar.contacts_of(binding.line()).collect::<Vec<_>>(), [id]);
                let name = is.get(binding.line()).unwrap().phone_name(binding.phone()).unwrap();
                (binding.line().to_owned(), name.to_string())
            };
            let found: Vec<_> = office.registrar.all().into_iter().map(of).collect();
            let found: Vec<_> = found.iter().map(|(line, phone)| (&**line, &**phone)).collect();
            assert_eq!(found, expect, "{after:?}");
        }
        // What moved is stored where it is now.
        let stored = changes.iter().filter(|change| matches!(change, Change::Bound(_))).count();
        let moved =
            expect.iter().filter(|it| !before.iter().any(|(line, of)| (*line, of[0].0) == **it)).count();
        assert_eq!(stored, moved, "{after:?}");
        office.is_consistent();
    };
    check(
        &[("1001 in A", &[("a", 1)]), ("1001 in B", &[("b", 2)])],
        &[("1001 in A", "a"), ("1001 in B", "b")],
    );
    check(
        &[("1001 in C", &[("a", 1)]), ("1001 in B", &[("b", 2)])],
        &[("1001 in C", "a"), ("1001 in B", "b")],
    );
    check(&[("1001", &[("x", 3), ("a", 1)])], &[("1001", "a")]);
    check(
        &[("1001 in A", &[("b", 2)]), ("1001 in B", &[("a", 1)])],
        &[("1001 in B", "a"), ("1001 in A", "b")],
    );
    check(&[("1002 in A", &[("a", 1)]), ("1001 in A", &[("x", 9)])], &[]);
}

#[test]
fn a_phone_with_another_name_keeps_its_contacts_and_they_are_stored_with_it() {
    let mut office = shared();
    let before = office.account.clone();
    let mut after = before.clone();
    after.phones[1].name = Some("desk".into());
    let mut changes = vec![];
    let (was, is) = (lines([("1001", before)]), lines([("1001", after.clone())]));
    office.registrar.reconfigure(office.now, (&was, &is), &mut changes);
    let [Change::Bound(record)] = &*changes else { panic!("{changes:?}") };
    assert_eq!((record.binding, record.phone.as_deref()), (BindingId(3), Some("desk")));
}

#[test]
fn a_stored_contact_goes_to_the_phone_that_proves_itself_as_it_did_or_goes() {
    let check = |phones: Option<&[(&str, u8)]>, listener: Option<ListenerId>, expect: Result<&str, &str>| {
        let office = shared();
        let id = office.registrar.contacts_of("1001").next().unwrap();
        let phone = office.account.phone(office.account.phone_named(Some("a")).unwrap());
        let record = office.registrar.binding(id).unwrap().record(id, office.now, phone, KEY);
        assert_eq!(record.phone.as_deref(), Some("a"));
        let mut after = Office::new();
        let account = phones.map(account);
        let table = lines(account.clone().map(|account| ("1001", account)));
        after.registrar.restore(office.now, record, &table, listener);
        let found = after.registrar.binding(id).map(|binding| {
            let name = account.as_ref().unwrap().phone_name(binding.phone());
            (name.map_or_else(String::new, ToString::to_string), binding.flow())
        });
        let told = after.timeout();
        match expect {
            Ok(name) => {
                let flow =
                    Flow::Datagram { listener: listener.unwrap(), peer: "10.0.0.5:5060".parse().unwrap() };
                assert_eq!(found, Some((name.to_owned(), flow)), "{phones:?}");
                assert_eq!(told, "", "{phones:?}");
            }
            Err(reason) => {
                assert_eq!(found, None, "{phones:?}");
                assert_eq!(told, format!("unbound 1\nunregistered 1 {reason}\n"), "{phones:?}");
            }
        }
    };
    check(Some(&[("a", 1), ("b", 2)]), SOCKET, Ok("a"));
    check(Some(&[("b", 2), ("a", 1)]), Some(ListenerId(3)), Ok("a"));
    // Its secret was changed while the server was down, or another phone has it now.
    check(Some(&[("a", 3), ("b", 2)]), SOCKET, Err("Unconfigured"));
    check(Some(&[("b", 1)]), SOCKET, Err("Unconfigured"));
    check(Some(&[]), SOCKET, Err("Unconfigured"));
    check(None, SOCKET, Err("Unconfigured"));
    // Nobody listens where it was reached.
    check(Some(&[("a", 1), ("b", 2)]), None, Err("SocketClosed"));
}

#[test]
fn one_digest_of_two_is_enough_and_the_key_counts() {
    let phone = |md5: u8, sha256: u8| PhoneAccount {
        ha1_md5: Secret::new([md5; 16]),
        ha1_sha256: Secret::new([sha256; 32]),
        ..account(&[("a", 0)]).phones[0].clone()
    };
    let check = |stored: PhoneAccount, key: (u64, u64), expect: bool| {
        let now = LineAccount { phones: Box::new([phone(1, 2)]), ..account(&[]) };
        assert_eq!(now.phone_with(stored.fingerprint(key), KEY).is_some(), expect);
    };
    check(phone(1, 2), KEY, true);
    check(phone(1, 9), KEY, true);
    check(phone(9, 2), KEY, true);
    check(phone(9, 9), KEY, false);
    check(phone(2, 1), KEY, false);
    check(phone(1, 2), (5, 6), false);
    check(PhoneAccount { username: "b".into(), ..phone(1, 2) }, KEY, false);
}

#[test]
fn contacts_follow_their_socket_to_the_one_in_its_place() {
    let flow = |listener: u16, peer: &str| Flow::Datagram {
        listener: ListenerId(listener),
        peer: peer.parse().unwrap(),
    };
    let mut office = Office::with(&[("a", 1)]);
    for (id, listener) in [(1, 0), (2, 1), (3, 2)] {
        let headers = format!("Contact: <sip:{id}@h>;expires=60\r\n");
        office.send(flow(listener, "10.0.0.5:5060"), register("a", id, &headers).as_bytes());
    }
    office.configuration.lines = [("1001", office.account.clone())].into_iter().collect();
    // Two change places, and nothing takes that of the third.
    let (zero, one, two) = (ListenerId(0), ListenerId(1), ListenerId(2));
    let closed = [(zero, Some(one)), (one, Some(zero)), (two, None)].into_iter().collect();
    let mut changes = vec![];
    office.registrar.listeners_closed(office.now, &closed, &office.configuration.lines, &mut changes);
    let told = office.told(&changes);
    assert_eq!(told, "bound 1 sip:1@h 60 s\nbound 2 sip:2@h 60 s\nunbound 3\nunregistered 3 SocketClosed\n");
    let flows: Vec<Flow> = office.registrar.all().iter().map(|(_, binding)| binding.flow()).collect();
    assert_eq!(flows, [flow(1, "10.0.0.5:5060"), flow(0, "10.0.0.5:5060")]);
    // What is stored then names the same phone.
    let Some(Change::Bound(record)) = changes.into_iter().next() else { panic!("nothing is stored") };
    assert_eq!(record.account, office.account.phones[0].fingerprint(KEY));
}

#[test]
fn a_socket_takes_the_place_of_one_with_its_port_on_every_interface() {
    let listener = |text: &str| {
        let (transport, bound) = text.split_once(' ').unwrap();
        let bound = bound.parse().unwrap();
        let transport = if transport == "tcp" { Transport::Tcp } else { Transport::Udp };
        crate::io::Listener { transport, bound, advertised: bound, is_open: !text.starts_with("closed") }
    };
    let check = |listeners: &[&str], was: &str, expect: Option<u16>| {
        let mut office = Office::new();
        office.configuration.listeners = listeners.iter().map(|text| listener(text)).collect();
        let found = office.configuration.listener_at(Transport::Udp, was.parse().unwrap());
        assert_eq!(found, expect.map(ListenerId), "{listeners:?} {was}");
    };
    check(&["udp 192.0.2.1:5060"], "192.0.2.1:5060", Some(0));
    check(&["udp 0.0.0.0:5060", "udp 192.0.2.1:5060"], "192.0.2.1:5060", Some(1));
    check(&["tcp 0.0.0.0:5060", "udp 0.0.0.0:5060"], "192.0.2.1:5060", Some(1));
    check(&["udp 192.0.2.1:5070", "udp 192.0.2.1:5060"], "0.0.0.0:5060", Some(1));
    check(&["udp 192.0.2.2:5060", "udp 0.0.0.0:5070", "udp [::]:5060"], "192.0.2.1:5060", None);
    check(&["closed 192.0.2.1:5060"], "192.0.2.1:5060", None);
    check(&[], "192.0.2.1:5060", None);
}

#[test]
fn the_path_is_kept_and_told_back() {
    let mut office = Office::new();
    let got = office.register(
        1,
        "Supported: path\r\nPath: \"a, b\" <sip:p1;lr>,<sip:p2;lr>\r\nPath: <sip:p3>;\r\n x=y\r\n\
         User-Agent: Desk phone\r\nContact: <sip:a@h>;expires=60\r\n",
    );
    assert!(got.contains("Path: \"a, b\" <sip:p1;lr>,<sip:p2;lr>\nPath: <sip:p3>; x=y\n"), "{got}");
    let id = office.registrar.contacts_of("1001").next().unwrap();
    let binding = office.registrar.binding(id).unwrap();
    let path: Vec<&str> = binding.path().collect();
    assert_eq!(path, ["\"a, b\" <sip:p1;lr>", "<sip:p2;lr>", "<sip:p3>;x=y"]);
    assert_eq!((binding.line(), binding.user_agent(), binding.call_id()), ("1001", "Desk phone", "a"));
    // It is forgotten with the next REGISTER that comes without.
    office.register(2, SHORT.replace("1001@10.0.0.5", "a@h").as_str());
    assert_eq!(office.registrar.binding(id).unwrap().path().count(), 0);
}

#[test]
fn what_is_kept_of_a_phone_has_a_limit() {
    let mut office = Office::new();
    let name = "\u{e9}".repeat(1000);
    office.register(1, &format!("User-Agent: {name}\r\n{SHORT}"));
    let id = office.registrar.contacts_of("1001").next().unwrap();
    assert_eq!(office.registrar.binding(id).unwrap().user_agent(), &name[..254]);
}

#[test]
fn bindings_come_back_after_a_restart_for_the_time_they_have_left() {
    let mut office = Office::new();
    let headers = "Supported: path, outbound\r\nPath: <sip:p1;lr>, <sip:p2;lr>\r\nUser-Agent: Desk\r\n\
        Contact: <sip:a@h>;expires=100;+sip.instance=\"<urn:uuid:1>\";reg-id=3\r\n";
    office.register(1, headers);
    let id = office.registrar.contacts_of("1001").next().unwrap();
    let record =
        office.registrar.binding(id).unwrap().record(id, office.now, office.account.phone(office.phone), KEY);
    assert_eq!((record.cseq, record.reg_id, record.texts.get().routes().count()), (1, Some(3), 2));

    let mut after = Office::new();
    after.now.wall = office.now.wall + Duration::from_secs(40);
    let table = lines([("1001", after.account.clone())]);
    after.registrar.restore(after.now, record.clone(), &table, SOCKET);
    after.registrar.restore(after.now, record.clone(), &table, SOCKET);
    assert_eq!(after.registrar.len(), 1);
    assert_eq!(after.timeout(), "", "the same record again changes nothing");
    after.is_consistent();
    let restored = after.registrar.binding(id).unwrap();
    assert_eq!(restored.record(id, after.now, after.account.phone(after.phone), KEY), record);
    assert_eq!(after.registrar.next_timeout(), Some(after.now.mono + Duration::from_secs(60)));
    let refreshed = after.register(2, headers);
    assert!(refreshed.ends_with("bound 1 sip:a@h 100 s\n"), "{refreshed}");
    let another = after.register(3, SHORT);
    assert!(another.contains("\nbound 2 "), "ids are not used again: {another}");
}

#[test]
fn bindings_that_a_restart_ended_are_told_at_once() {
    let mut office = Office::new();
    let texts = BindingTexts { line: "1001", contact: "sip:a@h", call_id: "a", ..BindingTexts::default() };
    let texts = texts.pack().unwrap();
    let record = |id, flow, left| BindingRecord {
        binding: BindingId(id),
        texts: texts.clone(),
        phone: None,
        reg_id: None,
        account: Fingerprint::default(),
        flow,
        socket: None,
        cseq: 1,
        expires_at: office.now.wall + Duration::from_secs(left),
    };
    let records = [record(7, tcp(1, "10.0.0.5:1"), 60), record(8, udp("10.0.0.5:1"), 0)];
    for record in records {
        let table = lines([("1001", office.account.clone())]);
        office.registrar.restore(office.now, record, &table, SOCKET);
    }
    assert_eq!((office.registrar.len(), office.registrar.next_timeout()), (0, Some(office.now.mono)));
    assert_eq!(
        office.timeout(),
        "unbound 7\nunregistered 7 ConnectionClosed\nunbound 8\nunregistered 8 Expired\n"
    );
    assert_eq!((office.registrar.next_timeout(), office.timeout().as_str()), (None, ""));
    assert!(office.register(1, SHORT).contains("\nbound 9 "));
}

#[test]
fn registrations_of_rfc_4475_are_taken_as_they_must_be() {
    let check = |name: &str, bytes: &[u8], expect: &[&str]| {
        let mut office = Office::new();
        let got = office.send(udp("10.0.0.5:5060"), bytes);
        let all = office.registrar.all();
        let contacts: Vec<&str> = all.iter().map(|(_, binding)| binding.contact()).collect();
        assert_eq!(contacts, expect, "{name}: {got}");
        assert_eq!(got.starts_with("200\n"), !expect.is_empty(), "{name}: {got}");
    };
    macro_rules! check {
        ($name:literal, $expect:expr) => {
            check($name, include_bytes!(concat!("../../testdata/rfc4475/", $name, ".dat")), $expect)
        };
    }
    check!("escnull", &["sip:%00@host5.example.com", "sip:%00%00@host5.example.com"]);
    check!("cparam01", &["sip:+19725552222@gw1.example.net"]);
    check!("cparam02", &["sip:+19725552222@gw1.example.net;unknownparam"]);
    check!("regescrt", &["sip:user@example.com?Route=%3Csip:sip.example.com%3E"]);
    check!("regbadct", &[]);
    // The headers of a contact have no place in a request line (RFC 3261 §19.1.1).
    let mut office = Office::new();
    office.send(udp("10.0.0.5:5060"), include_bytes!("../../testdata/rfc4475/regescrt.dat"));
    assert_eq!(office.registrar.all()[0].1.request_uri(), "sip:user@example.com");
}

/// A REGISTER as a desk phone sends it.
fn desk_phone(number: usize) -> String {
    register(
        &format!("{number:08x}-3c26700857a87f84@10.20.30.40"),
        1,
        &format!(
            "User-Agent: Cisco-CP8845/12.8.1 (0050568a{number:04x})\r\nContact: <sip:{number}@10.20.30.40:5060;transport=udp>\
             ;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-0050568a{number:04x}>\";expires=3600\r\n"
        ),
    )
    .replace("1001@example.com", &format!("{number}@example.com"))
}

#[test]
fn forty_thousand_phones_take_well_below_700_bytes_each_and_give_them_back() {
    // What an allocator adds to each piece: its text and the key of its line.
    const ALLOCATOR: usize = 2 * 16;
    let check = |phones: usize, flow: fn(usize) -> Flow| {
        let mut office = Office::new();
        let mut changes = vec![];
        for phone in 0..phones {
            let text = desk_phone(10_000 + phone);
            assert!(office.send(flow(phone), text.as_bytes()).starts_with("200\n"));
        }
        assert_eq!(office.registrar.len(), phones);
        let each = office.registrar.memory_bytes() / phones + ALLOCATOR;
        assert!(each < 640, "{each} bytes each");
        office.pass(3600);
        office.registrar.handle_timeout(office.now, &mut changes);
        assert_eq!(changes.len(), 2 * phones);
        assert!(office.registrar.is_empty());
        let left = office.registrar.memory_bytes();
        assert!(left < phones * 100, "{left} bytes are kept");
        each
    };
    let on_udp = check(40_000, |_| udp("10.0.0.5:5060"));
    // Half as many fill the tables just as well, and the test takes less time.
    let on_tcp = check(20_000, |phone| tcp(phone as u64, "10.0.0.5:5060"));
    println!("{on_udp} bytes each over UDP, {on_tcp} over TCP; a binding alone {}", size_of::<Binding>());
}

const KEY: FingerprintKey = (3, 4);
const SOCKET: Option<ListenerId> = Some(ListenerId(0));
