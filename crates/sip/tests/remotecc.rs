//! Keys of Cisco's phones on the wire: a REFER outside of any dialog, and what follows.

mod support;

use std::sync::Arc;

use strowger_base::feature::{FeatureAnswer, FeatureRequest, ParkEvent};
use strowger_base::journal::OnOff;
use strowger_base::leg::BindingId;
use strowger_base::net::{ListenerId, StreamId, Transport};
use strowger_base::{Cause, Command, LegId, NodeId, Rng, Secret, ShardId, Signal};
use strowger_sip::auth::{Challenge, ha1_md5, ha1_sha256};
use strowger_sip::io::{LineAccount, PhoneAccount};
use strowger_sip::{Input, Output, Sip};
use support::*;

/// A dialog as Alice's phone names it.
fn dialog(name: &str, call_id: &str, tag: &str) -> String {
    format!("<{name}><callid>{call_id}</callid><localtag>ta</localtag><remotetag>{tag}</remotetag></{name}>")
}

/// A REFER of Alice's phone that tells a key.
fn press(branch: &str, key: &str, dialogs: &str) -> String {
    let body = format!(
        "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>{key}</softkeyevent>{dialogs}</softkeyeventmsg></x-cisco-remotecc-request>"
    );
    format!(
        "REFER sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: <sip:1001@192.0.2.1>;tag=k1\r\nTo: <sip:1001@192.0.2.1>\r\nCall-ID: key-{branch}\r\nCSeq: 101 REFER\r\nContact: <sip:1001@192.0.2.10:5060>\r\nRefer-To: cid:1\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn answer(request: &'static str, result: Result<(), Cause>, text: &str) -> Command {
    Command::FeatureAnswer(Box::new(FeatureAnswer { request, result, text: text.into() }))
}

/// An answered call; its leg and how the phone names it.
fn call(d: &mut Driver) -> (LegId, String) {
    let (leg, tag) = d.established("");
    let own = dialog("dialogid", CALL_ID, &tag);
    (leg, own)
}

const CALL_ID: &str = "a1";

#[test]
fn a_parked_call_is_shown_with_its_number() {
    let mut d = Driver::new();
    let (leg, own) = call(&mut d);
    d.from(ALICE, &press("p1", "Park", &own));
    assert!(d.one().starts_with("SIP/2.0 202 "));
    assert_eq!(d.signal(), Signal::FeatureRequested(Box::new(FeatureRequest::Park)));
    d.command(leg, answer("park", Ok(()), "8801"));
    let shown = d.one();
    assert!(shown.starts_with("REFER sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{shown}");
    assert_eq!(header(&shown, "Require"), "norefersub");
    assert_eq!(header(&shown, "Content-Type"), "application/x-cisco-remotecc-request+xml");
    assert_eq!(
        header(&shown, "Refer-To"),
        format!("cid:{}", header(&shown, "Content-Id").trim_matches(['<', '>']))
    );
    assert!(body_of(&shown).contains("! 8801</statustext>"), "{shown}");
    d.from(ALICE, &respond(&shown, 202, "k2", "", ""));
    // It is answered once.
    d.command(leg, answer("park", Ok(()), "8802"));
    d.silent();
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    d.settled();
}

#[test]
fn a_phone_that_monitors_its_parked_call_is_told_what_becomes_of_it() {
    let mut d = Driver::new();
    let (leg, own) = call(&mut d);
    d.from(ALICE, &press("p1", "ParkMonitor", &own));
    let accepted = d.one();
    assert!(accepted.starts_with("SIP/2.0 202 "));
    assert_eq!(d.signal(), Signal::FeatureRequested(Box::new(FeatureRequest::Park)));
    d.command(leg, answer("park", Ok(()), "8801"));
    d.silent();
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    d.pass(std::time::Duration::from_secs(100));
    // Its call is over, and the dialog of the key goes on.
    let steps = [
        (ParkEvent::Parked, "parked", "confirmed", "active;expires=3600"),
        (ParkEvent::Reverted, "reminder", "confirmed", "active;expires=3600"),
        (ParkEvent::Parked, "parked", "confirmed", "active;expires=3600"),
        (ParkEvent::Retrieved, "retrieved", "terminated", "terminated;reason=noresource"),
    ];
    for (version, (event, word, state, subscription)) in steps.into_iter().enumerate() {
        d.input(Input::ParkNews { leg, number: "8801".into(), event });
        let notify = d.one();
        assert!(notify.starts_with("NOTIFY sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{notify}");
        assert_eq!(header(&notify, "Call-ID"), "key-p1");
        assert_eq!(header(&notify, "CSeq"), format!("{} NOTIFY", version + 1));
        assert_eq!(tag_of(&notify, "From"), tag_of(&accepted, "To"));
        assert_eq!(tag_of(&notify, "To"), "k1");
        assert_eq!(header(&notify, "Event"), "refer");
        assert_eq!(header(&notify, "Subscription-State"), subscription);
        assert_eq!(header(&notify, "Content-Type"), "application/dialog-info+xml");
        let document = roxmltree::Document::parse(body_of(&notify)).expect("it is well-formed");
        let root = document.root_element();
        assert_eq!(root.tag_name().namespace(), Some("urn:ietf:parmams:xml:ns:dialog-info"));
        assert_eq!(root.attribute("version"), Some(&*version.to_string()));
        let text = |name: &str| {
            let found = document.descendants().find(|node| node.tag_name().name() == name);
            found.and_then(|node| node.text()).unwrap_or_default().to_owned()
        };
        assert_eq!((&*text("event"), &*text("state")), (word, state));
        assert_eq!(text("identity"), "sip:8801@strowger.test");
        d.from(ALICE, &respond(&notify, 200, "", "", ""));
    }
    // Nothing comes after the last.
    d.input(Input::ParkNews { leg, number: "8801".into(), event: ParkEvent::Abandoned });
    d.silent();
    d.settled();
    assert_eq!(d.sip.sizes().screens, 0);
}

#[test]
fn a_park_that_is_refused_is_monitored_by_nobody() {
    let mut d = Driver::new();
    let (leg, own) = call(&mut d);
    d.from(ALICE, &press("p1", "ParkMonitor", &own));
    d.one();
    d.command(leg, answer("park", Err(Cause::RESOURCE_UNAVAILABLE), ""));
    let shown = d.one();
    assert!(body_of(&shown).contains("^</statustext>"), "{shown}");
    assert_eq!(d.sip.sizes().screens, 0);
}

#[test]
fn a_conference_is_answered_with_a_code() {
    let check = |result: Result<(), Cause>, code: &str, text: bool| {
        let mut d = Driver::new();
        let (leg, own) = call(&mut d);
        let other = own.replace("dialogid>", "consultdialogid>");
        d.from(ALICE, &press("c1", "Conference", &format!("{own}{other}")));
        let accepted = d.one();
        assert!(accepted.starts_with("SIP/2.0 202 "));
        assert_eq!(
            d.signal(),
            Signal::FeatureRequested(Box::new(FeatureRequest::Conference { with: vec![leg] }))
        );
        d.command(leg, answer("conference", result, ""));
        let notify = d.next();
        assert!(notify.starts_with("NOTIFY sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{notify}");
        assert_eq!(header(&notify, "Event"), "refer");
        assert_eq!(header(&notify, "Subscription-State"), "terminated;reason=noresource");
        assert_eq!(header(&notify, "Call-ID"), "key-c1");
        assert_eq!(tag_of(&notify, "From"), tag_of(&accepted, "To"));
        assert_eq!(tag_of(&notify, "To"), "k1");
        assert!(body_of(&notify).contains(&format!("<code>{code}</code>")), "{notify}");
        d.from(ALICE, &respond(&notify, 200, "", "", ""));
        if text {
            let shown = d.one();
            d.from(ALICE, &respond(&shown, 202, "k2", "", ""));
        }
        d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        let bye = d.one();
        d.from(ALICE, &respond(&bye, 200, "", "", ""));
        d.settled();
    };
    check(Ok(()), "200", false);
    check(Err(Cause::RESOURCE_UNAVAILABLE), "500", true);
}

#[test]
fn what_is_no_key_with_a_call_of_the_phone_is_refused() {
    let check = |refer: &dyn Fn(&str) -> String, status: &str| {
        let mut d = Driver::new();
        let (_, own) = call(&mut d);
        d.from(ALICE, &refer(&own));
        let answer = d.one();
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{status}: {answer}");
        assert!(d.signals.is_empty(), "{:?}", d.signals);
    };
    check(&|own| press("x1", "Teleport", own), "603");
    // It came from a trunk, not from a phone that has registered.
    check(&|_| press("x1", "HLog", ""), "603");
    check(&|own| press("x1", "Select", own), "202");
    check(&|_| press("x1", "Park", ""), "481");
    check(&|own| press("x1", "Park", &own.replace("ta<", "tb<")), "481");
    check(
        &|own| press("x1", "Conference", &format!("{own}{}", dialog("consultdialogid", CALL_ID, "0"))),
        "481",
    );
    check(&|own| press("x1", "Park", own).replace("<softkeyeventmsg>", "<softkeyeventmsh>"), "400");
    check(&|own| press("x1", "Park", own).replace("remotecc-request+xml", "remotecc-nothing+xml"), "405");
    // Somebody else who knows the dialog.
    let mut d = Driver::new();
    let (_, own) = call(&mut d);
    d.from(BOB, &press("x1", "Park", &own));
    let answer = d.one();
    assert!(answer.starts_with("SIP/2.0 481 "), "{answer}");
    // Another phone behind the same address.
    d.from("192.0.2.10:5061", &press("x2", "Park", &own));
    let answer = d.one();
    assert!(answer.starts_with("SIP/2.0 401 "), "{answer}");
    assert!(d.signals.is_empty());
}

#[test]
fn keys_that_nobody_answered_are_no_more_than_four() {
    let mut d = Driver::new();
    let (_, own) = call(&mut d);
    for n in 0..5 {
        d.from(ALICE, &press(&format!("m{n}"), "CallBack", &own));
        let expect = if n < 4 { "SIP/2.0 202 " } else { "SIP/2.0 491 " };
        assert!(d.one().starts_with(expect));
    }
    assert_eq!(d.signals.len(), 4);
}

const STREAM: StreamId = StreamId(9);

/// A phone of lines 1001 and 1002, over one transport.
struct Phone {
    d: Driver,
    over: Transport,
    /// What it sends is from here.
    peer: &'static str,
    pressed: Vec<BindingId>,
}

impl Phone {
    fn new(over: Transport) -> Self {
        let mut configuration = configuration();
        configuration.trunks.clear();
        configuration.listeners[0].transport = over;
        let account = |name: &str, number: &str| PhoneAccount {
            name: Some(name.into()),
            username: number.into(),
            ha1_md5: Secret::new(ha1_md5(number, "strowger.test", "secret")),
            ha1_sha256: Secret::new(ha1_sha256(number, "strowger.test", "secret")),
        };
        let lines = ["1001", "1002"].map(|number| {
            let mut line = LineAccount::with_one_phone("Alice", 2, account("desk", number));
            line.phones = Box::from([account("desk", number), account("other", "9001")]);
            (Box::from(number), line)
        });
        configuration.lines = lines.into_iter().collect();
        let mut d = Driver::new();
        d.sip = Sip::new(NodeId(1), ShardId(0), 0, Rng::new(5), Arc::new(configuration));
        let mut phone = Phone { d, over, peer: ALICE, pressed: vec![] };
        if over == Transport::Tcp {
            let (local, peer) = ("192.0.2.1:5060".parse().expect("one"), ALICE.parse().expect("one"));
            phone.hear(Input::StreamOpened { stream: STREAM, transport: Transport::Tcp, local, peer });
        }
        phone
    }

    /// What is sent to the phone.
    fn hear(&mut self, input: Input<'_>) -> Vec<String> {
        self.d.sip.handle(self.d.now, input, &mut self.d.out);
        let mut sent = vec![];
        for item in std::mem::take(&mut self.d.out.items) {
            match item {
                Output::Datagram { destination, bytes, .. } => {
                    assert_eq!(destination.to_string(), self.peer);
                    sent.push(String::from_utf8_lossy(self.d.out.arena.slice(bytes)).into_owned());
                }
                Output::StreamSend { stream: STREAM, bytes } => {
                    sent.push(String::from_utf8_lossy(self.d.out.arena.slice(bytes)).into_owned());
                }
                Output::HuntLog { binding } => self.pressed.push(binding),
                Output::Event(_) | Output::Bound(_) | Output::Message { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        sent
    }

    /// The phone says something; what it is answered.
    #[track_caller]
    fn say(&mut self, text: &str) -> String {
        let mut sent = match self.over {
            Transport::Tcp => {
                let text = text.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
                self.hear(Input::StreamBytes { stream: STREAM, bytes: text.as_bytes() })
            }
            _ => {
                let source = self.peer.parse().expect("an address");
                self.hear(Input::Datagram { listener: ListenerId(0), source, bytes: text.as_bytes() })
            }
        };
        assert_eq!(sent.len(), 1, "{sent:#?}");
        sent.remove(0)
    }

    /// Registers a line; which contact that is.
    fn register(&mut self, number: &str) -> BindingId {
        self.register_as(number, number)
    }

    fn register_as(&mut self, number: &str, user: &str) -> BindingId {
        let uri = "sip:strowger.test";
        let request = |cseq: u32, extra: &str| {
            format!(
                "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKr{user}{cseq}\r\nMax-Forwards: 70\r\nFrom: <sip:{number}@strowger.test>;tag=f\r\nTo: <sip:{number}@strowger.test>\r\nCall-ID: reg{user}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{user}@192.0.2.10:5060>\r\n{extra}Content-Length: 0\r\n\r\n"
            )
        };
        let challenged = self.say(&request(1, ""));
        let challenge = Challenge::parse(header(&challenged, "WWW-Authenticate").as_bytes()).expect("one");
        let answer = challenge.answer(user, "secret", "REGISTER", uri, 1, "c");
        let ok = self.say(&request(2, &format!("Authorization: {answer}\r\n")));
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        self.d.sip.contacts_of(number).next().expect("a contact")
    }
}

#[test]
fn a_phone_is_told_what_its_key_for_hunts_changed() {
    for over in [Transport::Udp, Transport::Tcp] {
        let mut phone = Phone::new(over);
        let first = phone.register("1001");
        let second = phone.register("1002");
        let accepted = phone.say(&press("h1", "HLog", ""));
        assert!(accepted.starts_with("SIP/2.0 202 "), "{accepted}");
        assert!(header(&accepted, "Contact").starts_with("<sip:192.0.2.1:5060"), "{accepted}");
        assert_eq!(phone.pressed, [first]);
        if over == Transport::Udp {
            // A copy of it is the same press; a connection brings none.
            assert_eq!(phone.say(&press("h1", "HLog", "")), accepted);
            assert_eq!(phone.pressed, [first]);
        }
        phone.say(&press("h2", "HLog", "").replace("From: <sip:1001", "From: <sip:1002"));
        assert_eq!(phone.pressed, [first, second]);

        let told = phone.hear(Input::TellHunted { binding: first, hunted: OnOff::Off, is_kept: true });
        let [refer] = &told[..] else { panic!("{told:#?}") };
        assert!(refer.starts_with("REFER sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{refer}");
        assert_eq!(header(refer, "Require"), "norefersub");
        assert_eq!(header(refer, "Referred-By"), "<sip:1001@strowger.test>");
        assert_eq!(header(refer, "Content-Type"), "application/x-cisco-remotecc-request+xml");
        let id = header(refer, "Content-Id").trim_matches(['<', '>']);
        assert_eq!(header(refer, "Refer-To"), format!("cid:{id}"));
        assert!(body_of(refer).contains("<hlogupdate><status>off</status></hlogupdate>"), "{refer}");
        let text = respond(refer, 202, "k2", "", "");
        let input = match over {
            Transport::Tcp => Input::StreamBytes { stream: STREAM, bytes: text.as_bytes() },
            _ => {
                let source = ALICE.parse().expect("an address");
                Input::Datagram { listener: ListenerId(0), source, bytes: text.as_bytes() }
            }
        };
        assert!(phone.hear(input).is_empty());

        let told = phone.hear(Input::TellHunted { binding: first, hunted: OnOff::On, is_kept: false });
        let [refer, shown] = &told[..] else { panic!("{told:#?}") };
        assert!(body_of(refer).contains("<hlogupdate><status>on</status></hlogupdate>"), "{refer}");
        assert!(body_of(shown).contains("<statustext>Not saved yet</statustext>"), "{shown}");
        // It is gone meanwhile.
        let unknown = BindingId(900);
        let input = Input::TellHunted { binding: unknown, hunted: OnOff::On, is_kept: true };
        assert!(phone.hear(input).is_empty());
        if over == Transport::Udp {
            phone.d.sent.clear();
            phone.d.settled();
        }
    }
}

#[test]
fn a_key_for_hunts_is_taken_from_the_phone_that_it_means() {
    // A phone that names none of its lines is known by its connection, when that has one phone.
    let stranger = press("h1", "HLog", "").replace("From: <sip:1001", "From: <sip:7777");
    let mut phone = Phone::new(Transport::Tcp);
    let only = phone.register("1001");
    assert!(phone.say(&stranger).starts_with("SIP/2.0 202 "));
    assert_eq!(phone.pressed, [only]);
    phone.register("1002");
    let refused = phone.say(&stranger.replace("z9hG4bKh1", "z9hG4bKh2"));
    assert!(refused.starts_with("SIP/2.0 603 "), "{refused}");
    // Two phones of a line behind one proxy: nobody knows which it was.
    let mut phone = Phone::new(Transport::Tcp);
    phone.register("1001");
    phone.register_as("1001", "9001");
    let refused = phone.say(&press("h1", "HLog", ""));
    assert!(refused.starts_with("SIP/2.0 603 "), "{refused}");
    assert!(phone.pressed.is_empty());
    // Over UDP another port is another phone.
    let mut phone = Phone::new(Transport::Udp);
    phone.register("1001");
    phone.peer = "192.0.2.10:5061";
    let source = phone.peer.parse().expect("an address");
    let text = press("h3", "HLog", "").replace("192.0.2.10:5060;branch", "192.0.2.10:5061;branch");
    let sent = phone.hear(Input::Datagram { listener: ListenerId(0), source, bytes: text.as_bytes() });
    assert!(sent[0].starts_with("SIP/2.0 401 "), "{sent:?}");
    assert!(phone.pressed.is_empty());
}
