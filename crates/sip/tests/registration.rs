//! Registration and authentication through the whole SIP side.

mod support;

use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::{Command, Media, Origin, Ring, RingStyle, Target};
use strowger_base::net::{ListenerId, StreamId, Transport};
use strowger_base::{LegId, NodeId, Rng, Secret, ShardId, Signal};
use strowger_sip::auth::{Challenge, ha1_md5, ha1_sha256};
use strowger_sip::io::{DigestAlgorithm, LineAccount, PhoneAccount};
use strowger_sip::{Input, Output, Sip};
use support::*;

const PHONE: &str = "198.51.100.7:40000";

/// A phone with a user name and a password.
fn phone(name: Option<&str>, username: &str, password: &str) -> PhoneAccount {
    PhoneAccount {
        name: name.map(Into::into),
        username: username.into(),
        ha1_md5: Secret::new(ha1_md5(username, "strowger.test", password)),
        ha1_sha256: Secret::new(ha1_sha256(username, "strowger.test", password)),
    }
}

/// A driver whose lines 1001 and 1002 have the password `secret`.
fn driver(algorithm: DigestAlgorithm) -> Driver {
    let mut configuration = configuration();
    let lines = ["1001", "1002"].map(|number| {
        (Box::from(number), LineAccount::with_one_phone("Alice", 2, phone(None, number, "secret")))
    });
    configuration.lines = lines.into_iter().collect();
    configuration.digest_algorithms = vec![algorithm];
    let mut d = Driver::new();
    d.sip = Sip::new(NodeId(1), ShardId(0), 0, Rng::new(5), Arc::new(configuration));
    d
}

/// A request of line 1001 from a phone behind NAT: its own address is 10.0.0.5.
fn request(method: &str, cseq: u32, extra: &str) -> String {
    let uri = if method == "REGISTER" { "sip:strowger.test" } else { "sip:1002@strowger.test" };
    let to = if method == "REGISTER" { "1001" } else { "1002" };
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKr{cseq}{method};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:1001@strowger.test>;tag=f\r\nTo: <sip:{to}@strowger.test>\r\nCall-ID: reg1\r\n\
         CSeq: {cseq} {method}\r\n{extra}Content-Length: 0\r\n\r\n"
    )
}

const CONTACT: &str = "Contact: <sip:1001@10.0.0.5:5060>\r\n";

/// Answers the challenge in a 401.
fn authorization(challenged: &str, user: &str, password: &str, method: &str, nc: u32) -> String {
    let challenge = Challenge::parse(header(challenged, "WWW-Authenticate").as_bytes()).expect("a challenge");
    let uri = if method == "REGISTER" { "sip:strowger.test" } else { "sip:1002@strowger.test" };
    format!("Authorization: {}\r\n", challenge.answer(user, password, method, uri, nc, "c"))
}

/// Registers; returns the 200 and the Authorization that was used.
fn register(d: &mut Driver, extra: &str) -> (String, String) {
    d.from(PHONE, &request("REGISTER", 1, extra));
    let challenged = d.one();
    assert!(challenged.starts_with("SIP/2.0 401 "), "{challenged}");
    let auth = authorization(&challenged, "1001", "secret", "REGISTER", 1);
    d.from(PHONE, &request("REGISTER", 2, &format!("{extra}{auth}")));
    (d.one(), auth)
}

#[test]
fn a_phone_registers_with_md5_and_with_sha_256() {
    for algorithm in [DigestAlgorithm::Md5, DigestAlgorithm::Sha256] {
        let mut d = driver(algorithm);
        let (ok, _) = register(&mut d, CONTACT);
        assert!(ok.starts_with("SIP/2.0 200 OK\r\n"), "{ok}");
        assert_eq!(header(&ok, "Contact"), "<sip:1001@10.0.0.5:5060>;expires=3600");
        assert!(header(&ok, "Via").contains(";rport=40000;received=198.51.100.7"), "{ok}");
        assert!(ok.contains("\r\nDate: "), "{ok}");
        assert!(d.others.iter().any(|event| event.contains("Registered")), "{:?}", d.others);
        assert_eq!(d.sip.contacts_of("1001").count(), 1);
    }
}

#[test]
fn a_retransmission_gets_the_same_answer_and_a_replay_a_new_challenge() {
    let mut d = driver(DigestAlgorithm::Md5);
    let (_, auth) = register(&mut d, CONTACT);
    d.from(PHONE, &request("REGISTER", 2, &format!("{CONTACT}{auth}")));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.from(PHONE, &request("REGISTER", 3, &format!("{CONTACT}{auth}")));
    let replayed = d.one();
    assert!(replayed.starts_with("SIP/2.0 401 ") && replayed.contains("stale=true"), "{replayed}");
}

#[test]
fn an_old_nonce_is_stale_and_a_new_one_is_given() {
    let mut d = driver(DigestAlgorithm::Md5);
    d.from(PHONE, &request("REGISTER", 1, CONTACT));
    let challenged = d.one();
    d.pass(Duration::from_secs(301));
    let auth = authorization(&challenged, "1001", "secret", "REGISTER", 1);
    d.from(PHONE, &request("REGISTER", 2, &format!("{CONTACT}{auth}")));
    let stale = d.one();
    assert!(stale.starts_with("SIP/2.0 401 ") && stale.contains("stale=true"), "{stale}");
}

#[test]
fn a_wrong_password_an_unknown_line_and_a_foreign_line_are_forbidden_and_told_apart() {
    let check = |user: &str, password: &str, from: &str, reason: &str| {
        let mut d = driver(DigestAlgorithm::Md5);
        d.from(PHONE, &request("REGISTER", 1, CONTACT));
        let challenged = d.one();
        let auth = authorization(&challenged, user, password, "REGISTER", 1);
        let text = request("REGISTER", 2, &format!("{CONTACT}{auth}")).replace("To: <sip:1001@", from);
        d.from(PHONE, &text);
        assert!(d.one().starts_with("SIP/2.0 403 Forbidden\r\n"));
        assert!(d.others.iter().any(|event| event.contains(reason)), "{:?}", d.others);
    };
    check("1001", "guess", "To: <sip:1001@", "WrongPassword");
    check("1001", "secret", "To: <sip:4711@", "UnknownLine");
    check("1001", "secret", "To: <sip:1002@", "NotYourLine");
}

#[test]
fn a_call_of_a_line_is_challenged_and_its_name_comes_from_the_configuration() {
    let mut d = driver(DigestAlgorithm::Md5);
    let contact = "Contact: <sip:1001@10.0.0.5:5060>\r\n";
    d.from(PHONE, &request("INVITE", 1, contact));
    let challenged = d.one();
    assert!(challenged.starts_with("SIP/2.0 401 "), "{challenged}");
    let auth = authorization(&challenged, "1001", "secret", "INVITE", 1);
    d.from(PHONE, &request("INVITE", 2, &format!("{contact}{auth}")));
    let Signal::Setup(setup) = d.signal() else { panic!() };
    assert_eq!(setup.origin, Origin::line("1001"));
    assert_eq!((&*setup.calling.name, &*setup.called, setup.hops_remaining), ("Alice", "1002", 69));
}

#[test]
fn a_phone_behind_nat_is_rung_where_its_packets_came_from_and_another_at_its_contact() {
    let check = |contact: &str, expected: &str| {
        let mut d = driver(DigestAlgorithm::Md5);
        register(&mut d, contact);
        let binding = d.sip.contacts_of("1001").next().expect("registered");
        let ring = Ring {
            target: Target::Phone { line: "1001".into(), phone: None, binding },
            calling: party("1002", "Bob"),
            called: "1001".into(),
            media: Media::None,
            hops_remaining: 5,
            reliable_provisional: false,
            diversions: vec![],
            srtp: strowger_base::leg::SrtpOffer::Clear,
            style: RingStyle::default(),
            records: None,
            takes: None,
            keys: strowger_base::leg::KeySignalling::default(),
        };
        let leg = LegId::new(NodeId(1), ShardId(0), 2);
        d.command(leg, Command::Ring(Box::new(ring)));
        let (destination, invite) = d.sent.remove(0);
        assert!(invite.starts_with("INVITE sip:1001@"), "{invite}");
        assert_eq!(destination.to_string(), expected);
    };
    check(CONTACT, PHONE);
    check("Contact: <sip:1001@198.51.100.7:5070>\r\n", "198.51.100.7:5070");
}

#[test]
fn a_registration_ends_when_it_is_not_refreshed_and_when_its_connection_closes() {
    let mut d = driver(DigestAlgorithm::Md5);
    register(&mut d, "Contact: <sip:1001@10.0.0.5:5060>;expires=60\r\n");
    d.pass(Duration::from_millis(59_900));
    assert_eq!(d.sip.contacts_of("1001").count(), 1);
    d.pass(Duration::from_millis(200));
    assert_eq!(d.sip.contacts_of("1001").count(), 0);
    assert!(d.others.iter().any(|event| event.contains("Expired")), "{:?}", d.others);

    let mut d = driver(DigestAlgorithm::Md5);
    let stream = StreamId(9);
    let (local, peer) = ("192.0.2.1:5060".parse().expect("one"), PHONE.parse().expect("one"));
    d.input(Input::StreamOpened { stream, transport: Transport::Tcp, local, peer });
    let tcp = |text: String| text.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    let first = tcp(request("REGISTER", 1, CONTACT));
    d.sip.handle(d.now, Input::StreamBytes { stream, bytes: first.as_bytes() }, &mut d.out);
    let challenged = d.out.items.iter().find_map(|item| match item {
        Output::StreamSend { bytes, .. } => {
            Some(String::from_utf8_lossy(d.out.arena.slice(*bytes)).into_owned())
        }
        _ => None,
    });
    let auth = authorization(&challenged.expect("a challenge"), "1001", "secret", "REGISTER", 1);
    let second = tcp(request("REGISTER", 2, &format!("{CONTACT}{auth}")));
    d.sip.handle(d.now, Input::StreamBytes { stream, bytes: second.as_bytes() }, &mut d.out);
    assert_eq!(d.sip.contacts_of("1001").count(), 1);
    d.input(Input::StreamClosed { stream });
    assert_eq!(d.sip.contacts_of("1001").count(), 0);
    assert!(d.others.iter().any(|event| event.contains("ConnectionClosed")), "{:?}", d.others);
    assert_eq!(d.sip.sizes().streams, 0);
}

#[test]
fn times_that_are_too_short_get_423_and_a_star_removes_everything() {
    let mut d = driver(DigestAlgorithm::Md5);
    let (brief, _) = register(&mut d, "Contact: <sip:1001@10.0.0.5:5060>;expires=5\r\n");
    assert!(brief.starts_with("SIP/2.0 423 ") && header(&brief, "Min-Expires") == "60", "{brief}");
    let mut d = driver(DigestAlgorithm::Md5);
    register(&mut d, "Contact: <sip:1001@10.0.0.5:5060>, <sip:1001@10.0.0.6:5060>;q=0.5\r\n");
    assert_eq!(d.sip.contacts_of("1001").count(), 2);
    d.from(PHONE, &request("REGISTER", 3, ""));
    let auth = authorization(&d.one(), "1001", "secret", "REGISTER", 1);
    d.from(PHONE, &request("REGISTER", 4, &format!("Contact: *\r\nExpires: 0\r\n{auth}")));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    assert_eq!(d.sip.contacts_of("1001").count(), 0);
}

#[test]
fn a_third_phone_on_a_line_for_two_is_refused_and_nothing_changes() {
    let mut d = driver(DigestAlgorithm::Md5);
    let three = "Contact: <sip:a@10.0.0.5>, <sip:b@10.0.0.6>, <sip:c@10.0.0.7>\r\n";
    let (refused, _) = register(&mut d, three);
    assert!(refused.starts_with("SIP/2.0 403 "), "{refused}");
    assert_eq!(d.sip.contacts_of("1001").count(), 0);
    assert!(d.others.iter().any(|event| event.contains("TooManyContacts")));
}

#[test]
fn listeners_are_known_by_their_number() {
    let mut d = driver(DigestAlgorithm::Md5);
    let source = PHONE.parse().expect("one");
    let text = request("REGISTER", 1, CONTACT);
    d.sip.handle(
        d.now,
        Input::Datagram { listener: ListenerId(0), source, bytes: text.as_bytes() },
        &mut d.out,
    );
    let sent_from = d.out.items.iter().find_map(|item| match item {
        Output::Datagram { listener, .. } => Some(*listener),
        _ => None,
    });
    assert_eq!(sent_from, Some(ListenerId(0)));
}

/// Line 1001 on a desk phone that proves itself as `desk` and a soft phone that does as `1001`, each with its own password.
fn shared_line() -> Driver {
    let phones = [phone(Some("desk"), "desk", "of the desk"), phone(Some("soft"), "1001", "of the soft")];
    let mut configuration = configuration();
    let account = LineAccount { name: "Alice".into(), contacts_max: 4, phones: phones.into() };
    configuration.lines = [("1001", account)].into_iter().collect();
    let mut d = Driver::new();
    d.sip = Sip::new(NodeId(1), ShardId(0), 0, Rng::new(5), Arc::new(configuration));
    d
}

/// A phone of the shared line asks for something; returns what it is answered at last.
fn ask(d: &mut Driver, (user, password): (&str, &str), method: &str, headers: &str) -> String {
    let from = if user == "desk" { "198.51.100.8:5060" } else { PHONE };
    // Each phone counts by itself.
    let text = |cseq, more: &str| {
        let text = request(method, cseq, &format!("{headers}{more}"));
        text.replace("Call-ID: reg1", &format!("Call-ID: {user}"))
            .replace("z9hG4bK", &format!("z9hG4bK{user}"))
    };
    d.from(from, &text(1, ""));
    let auth = authorization(&d.next(), user, password, method, 1);
    d.from(from, &text(2, &auth));
    d.next()
}

#[test]
fn phones_of_one_line_prove_themselves_each_with_its_own_password() {
    let check = |user: &str, password: &str, expect: &str, told: &str| {
        let mut d = shared_line();
        let answer = ask(&mut d, (user, password), "REGISTER", CONTACT);
        assert!(answer.starts_with(expect), "{user} {password}: {answer}");
        assert!(d.others.iter().any(|event| event.contains(told)), "{user}: {:?}", d.others);
    };
    check("desk", "of the desk", "SIP/2.0 200 ", "Registered");
    check("1001", "of the soft", "SIP/2.0 200 ", "Registered");
    check("desk", "of the soft", "SIP/2.0 403 ", "WrongPassword");
    check("1001", "of the desk", "SIP/2.0 403 ", "WrongPassword");
    check("soft", "of the soft", "SIP/2.0 403 ", "NotYourLine");
}

#[test]
fn phones_of_one_line_ring_each_and_say_which_of_them_calls() {
    let mut d = shared_line();
    let (desk, soft) = (("desk", "of the desk"), ("1001", "of the soft"));
    ask(&mut d, desk, "REGISTER", "Contact: <sip:1001@198.51.100.8:5060>\r\n");
    ask(&mut d, soft, "REGISTER", CONTACT);
    let bindings: Vec<_> = d.sip.contacts_of("1001").collect();
    for (binding, expect) in bindings.iter().zip(["198.51.100.8:5060", PHONE]) {
        let ring = Ring {
            target: Target::Phone { line: "1001".into(), phone: None, binding: *binding },
            calling: party("1002", "Bob"),
            called: "1001".into(),
            media: Media::None,
            hops_remaining: 5,
            reliable_provisional: false,
            diversions: vec![],
            srtp: strowger_base::leg::SrtpOffer::Clear,
            style: RingStyle::default(),
            records: None,
            takes: None,
            keys: strowger_base::leg::KeySignalling::default(),
        };
        let leg = LegId::new(NodeId(1), ShardId(0), binding.0 * 2);
        d.command(leg, Command::Ring(Box::new(ring)));
        assert_eq!(d.sent.remove(0).0.to_string(), expect);
    }
    assert_eq!(bindings.len(), 2);
    for (who, name) in [(desk, "desk"), (soft, "soft")] {
        ask(&mut d, who, "INVITE", CONTACT);
        let Signal::Setup(setup) = d.signal() else { panic!() };
        assert_eq!(setup.origin, Origin::Line { line: "1001".into(), phone: Some(name.into()) });
    }
}

#[test]
fn a_phone_that_hides_itself_names_its_line_to_us_where_its_user_name_does_not() {
    let check = |user: (&str, &str), extra: &str, expect: Option<&str>| {
        let mut d = shared_line();
        let hide = |text: String| {
            text.replace("From: <sip:1001@strowger.test>", "From: <sip:anonymous@anonymous.invalid>")
        };
        let headers = format!("{CONTACT}{extra}");
        d.from(PHONE, &hide(request("INVITE", 1, &headers)));
        let auth = authorization(&d.next(), user.0, user.1, "INVITE", 1);
        d.from(PHONE, &hide(request("INVITE", 2, &format!("{headers}{auth}"))));
        let found = d.signals.pop().and_then(|(_, signal)| match signal {
            Signal::Setup(setup) => Some(setup.origin),
            _ => None,
        });
        let expect = expect.map(|name| Origin::Line { line: "1001".into(), phone: Some(name.into()) });
        assert_eq!(found, expect, "{user:?} {extra}");
    };
    let preferred = "P-Preferred-Identity: <sip:1001@strowger.test>\r\n";
    check(("1001", "of the soft"), "", Some("soft"));
    check(("1001", "of the soft"), preferred, Some("soft"));
    check(("desk", "of the desk"), preferred, Some("desk"));
    check(("desk", "of the desk"), "", None);
    check(("desk", "of the soft"), preferred, None);
}

/// The number 1001 twice: in partition A with phones that prove themselves as `1001` and `desk`, in B with one as `1001`.
fn one_number_in_two_partitions() -> Driver {
    let line = |name: &str, phones: Vec<_>| LineAccount {
        name: name.into(),
        contacts_max: 4,
        phones: phones.into_boxed_slice(),
    };
    let mut configuration = configuration();
    let a = vec![phone(Some("A1"), "1001", "of A"), phone(Some("A2"), "desk", "of the desk")];
    let b = vec![phone(Some("B1"), "1001", "of B")];
    configuration.lines =
        [("1001 in A", line("Alice", a)), ("1001 in B", line("Bert", b))].into_iter().collect();
    let mut d = Driver::new();
    d.sip = Sip::new(NodeId(1), ShardId(0), 0, Rng::new(5), Arc::new(configuration));
    d
}

#[test]
fn what_a_phone_proves_itself_with_tells_which_line_of_a_number_is_meant() {
    let check = |who: (&str, &str), expect: Result<(&str, &str), &str>| {
        let mut d = one_number_in_two_partitions();
        let answer = ask(&mut d, who, "REGISTER", CONTACT);
        let line = match expect {
            Ok((line, _)) => line,
            Err(reason) => {
                assert!(answer.starts_with("SIP/2.0 403 "), "{who:?}: {answer}");
                assert!(d.others.iter().any(|event| event.contains(reason)), "{who:?}: {:?}", d.others);
                return;
            }
        };
        assert!(answer.starts_with("SIP/2.0 200 "), "{who:?}: {answer}");
        let registered: Vec<&str> =
            ["1001 in A", "1001 in B"].into_iter().filter(|it| d.sip.contacts_of(it).count() == 1).collect();
        assert_eq!(registered, [line], "{who:?}");
        ask(&mut d, who, "INVITE", CONTACT);
        let Signal::Setup(setup) = d.signal() else { panic!("{who:?}") };
        let name = expect.ok().map(|(_, phone)| phone.into());
        assert_eq!(setup.origin, Origin::Line { line: line.into(), phone: name }, "{who:?}");
        let party = if line == "1001 in A" { "Alice" } else { "Bert" };
        assert_eq!((&*setup.calling.number, &*setup.calling.name), ("1001", party), "{who:?}");
    };
    check(("1001", "of A"), Ok(("1001 in A", "A1")));
    check(("1001", "of B"), Ok(("1001 in B", "B1")));
    check(("desk", "of the desk"), Ok(("1001 in A", "A2")));
    check(("1001", "of the desk"), Err("WrongPassword"));
    check(("desk", "of B"), Err("WrongPassword"));
    check(("nobody", "of B"), Err("NotYourLine"));
}
