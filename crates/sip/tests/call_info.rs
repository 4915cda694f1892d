//! Call-Info of remote control on the wire: how secure a call is, as phones of Cisco show it.

mod support;

use std::sync::Arc;

use strowger_base::leg::{Alert, BindingId, Ring, Target};
use strowger_base::net::{StreamId, Transport};
use strowger_base::{CallId, Command, LegId, Media, NodeId, Rng, Secret, ShardId, Signal};
use strowger_sip::auth::{ha1_md5, ha1_sha256};
use strowger_sip::io::{CallSecurity, LineAccount, PhoneAccount};
use strowger_sip::{Input, Output, Sip};
use support::*;

const STREAM: StreamId = StreamId(9);
const CISCO: &str = "Supported: replaces,X-cisco-callinfo,X-cisco-escapecodes\r\nAllow: INVITE, UPDATE\r\n";

/// A phone of Cisco over one transport; Alice's trunk stands for it.
struct Phone {
    d: Driver,
    sent: Vec<String>,
}

impl Phone {
    fn new(over: Transport) -> Self {
        let mut configuration = configuration();
        configuration.listeners[0].transport = over;
        let phone = PhoneAccount {
            name: None,
            username: "1001".into(),
            ha1_md5: Secret::new(ha1_md5("1001", "strowger.test", "secret")),
            ha1_sha256: Secret::new(ha1_sha256("1001", "strowger.test", "secret")),
        };
        let line = LineAccount::with_one_phone("Alice", 4, phone);
        configuration.lines = [(Box::from("1001"), line)].into_iter().collect();
        let mut d = Driver::new();
        d.sip = Sip::new(NodeId(1), ShardId(0), 0, Rng::new(5), Arc::new(configuration));
        let mut phone = Phone { d, sent: vec![] };
        let (local, peer) = ("192.0.2.1:5061".parse().expect("one"), ALICE.parse().expect("one"));
        phone.hear(Input::StreamOpened { stream: STREAM, transport: over, local, peer });
        phone
    }

    fn hear(&mut self, input: Input<'_>) {
        self.d.sip.handle(self.d.now, input, &mut self.d.out);
        for item in std::mem::take(&mut self.d.out.items) {
            match item {
                Output::StreamSend { stream: STREAM, bytes } => {
                    self.sent.push(String::from_utf8_lossy(self.d.out.arena.slice(bytes)).into_owned());
                }
                Output::Signal(leg, signal) => self.d.signals.push((leg, signal)),
                Output::Message { .. } | Output::Event(_) | Output::Bound(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn say(&mut self, text: &str) {
        let text = text.replace("SIP/2.0/UDP", "SIP/2.0/TLS");
        self.hear(Input::StreamBytes { stream: STREAM, bytes: text.as_bytes() });
    }

    #[track_caller]
    fn one(&mut self) -> String {
        assert_eq!(self.sent.len(), 1, "{:#?}", self.sent);
        self.sent.remove(0)
    }

    /// The phone calls; its leg belongs to call 7.
    fn calls(&mut self, extra: &str) -> LegId {
        self.say(&alice("INVITE", "inv1", 1, "", extra, SDP_A));
        let (leg, signal) = self.d.signals.remove(0);
        assert!(matches!(signal, Signal::Setup(_)), "{signal:?}");
        let trying = self.one();
        assert!(trying.starts_with("SIP/2.0 100 ") && !trying.contains("Call-Info"), "{trying}");
        let call = CallId::new(NodeId(1), ShardId(0), 7);
        self.hear(Input::Joined { leg, call });
        leg
    }
}

fn connected() -> Command {
    Command::Answer {
        media: Media::Answer(strowger_base::SessionDescription::new(SDP_B.as_bytes())),
        connected: party("1002", "Bob"),
    }
}

/// The header, without what every such header begins with.
#[track_caller]
fn info(message: &str) -> &str {
    let value = header(message, "Call-Info");
    value.strip_prefix("<urn:x-cisco-remotecc:callinfo>; ").unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn a_caller_is_told_how_secure_its_call_is_and_when_that_changes() {
    let mut phone = Phone::new(Transport::Tls);
    let leg = phone.calls(CISCO);
    phone.hear(Input::Command(
        leg,
        Command::Alert {
            alert: Alert::Ringing,
            media: Media::None,
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        },
    ));
    assert_eq!(info(&phone.one()), "security=Unknown; orientation=to; ui-state=ringout; gci=1-7");
    phone.hear(Input::Security { leg, security: CallSecurity::Encrypted });
    phone.hear(Input::Command(leg, connected()));
    let ok = phone.one();
    assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
    assert_eq!(info(&ok), "security=Encrypted; orientation=to; ui-state=connected; gci=1-7");
    let tag = tag_of(&ok, "To").to_owned();
    phone.say(&alice("ACK", "ack1", 1, &tag, "", ""));
    // The same again is nothing new.
    phone.hear(Input::Security { leg, security: CallSecurity::Encrypted });
    assert!(phone.sent.is_empty(), "{:?}", phone.sent);
    // Somebody else comes in whose media is in the clear.
    phone.hear(Input::Security { leg, security: CallSecurity::Authenticated });
    let update = phone.one();
    assert!(update.starts_with("UPDATE "), "{update}");
    assert_eq!(info(&update), "security=Authenticated; orientation=to; ui-state=connected; gci=1-7");
    assert!(header(&update, "P-Asserted-Identity").starts_with("\"Bob\""), "{update}");
}

#[test]
fn no_call_is_secure_whose_signalling_is_in_the_clear() {
    let mut phone = Phone::new(Transport::Tcp);
    phone.say(&alice("INVITE", "inv1", 1, "", CISCO, SDP_A).replace("SIP/2.0/UDP", "SIP/2.0/TCP"));
    let (leg, _) = phone.d.signals.remove(0);
    phone.sent.clear();
    phone.hear(Input::Command(
        leg,
        Command::Alert {
            alert: Alert::Ringing,
            media: Media::None,
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        },
    ));
    assert_eq!(info(&phone.one()), "security=NotAuthenticated; orientation=to; ui-state=ringout");
    assert_eq!(phone.d.sip.is_secure(leg), Some(false));
}

#[test]
fn other_phones_are_told_nothing() {
    let mut phone = Phone::new(Transport::Tls);
    let leg = phone.calls("");
    phone.hear(Input::Command(
        leg,
        Command::Alert {
            alert: Alert::Ringing,
            media: Media::None,
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        },
    ));
    phone.hear(Input::Security { leg, security: CallSecurity::Encrypted });
    phone.hear(Input::Command(leg, connected()));
    for message in &phone.sent {
        assert!(!message.contains("remotecc"), "{message}");
    }
    assert_eq!(phone.sent.len(), 2);
}

#[test]
fn a_phone_that_is_rung_is_told_when_its_lock_is_known() {
    let mut phone = Phone::new(Transport::Tls);
    // It registers over the connection, without a password: a binding is all that is wanted here.
    let binding = registers(&mut phone);
    let ring = Ring {
        target: Target::Phone { line: "1001".into(), phone: None, binding },
        calling: party("1002", "Bob"),
        called: "1001".into(),
        ..ring_bob(Media::None, false)
    };
    let leg = LegId::new(NodeId(1), ShardId(0), 77);
    phone.hear(Input::Joined { leg, call: CallId::new(NodeId(1), ShardId(0), 8) });
    phone.hear(Input::Command(leg, Command::Ring(Box::new(ring))));
    let invite = phone.one();
    assert_eq!(info(&invite), "security=Unknown; orientation=from");
    phone.hear(Input::Joined { leg, call: CallId::new(NodeId(1), ShardId(0), 8) });
    let answered = respond(&invite, 200, "tb", "Allow: INVITE, UPDATE\r\n", SDP_A);
    phone.say(&answered);
    assert!(matches!(phone.d.signals.remove(0).1, Signal::Answered { .. }));
    phone.sent.clear();
    phone.hear(Input::Security { leg, security: CallSecurity::Encrypted });
    // The offer is answered first.
    let answer = strowger_base::SessionDescription::new(SDP_B.as_bytes());
    phone.hear(Input::Command(leg, Command::Media(Media::Answer(answer))));
    let update = phone.sent.iter().find(|message| message.starts_with("UPDATE ")).cloned();
    let update = update.unwrap_or_else(|| panic!("{:#?}", phone.sent));
    assert_eq!(info(&update), "security=Encrypted; orientation=from; ui-state=connected; gci=1-8");
    assert!(header(&update, "P-Asserted-Identity").starts_with("\"Bob\""), "{update}");
}

/// Alice's phone registers; which contact that is.
fn registers(phone: &mut Phone) -> BindingId {
    let uri = "sip:strowger.test";
    let request = |cseq: u32, extra: &str| {
        format!(
            "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKr{cseq}\r\nMax-Forwards: 70\r\nFrom: <sip:1001@strowger.test>;tag=f\r\nTo: <sip:1001@strowger.test>\r\nCall-ID: reg\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:1001@192.0.2.10:5060;transport=tls>\r\n{CISCO}{extra}Content-Length: 0\r\n\r\n"
        )
    };
    phone.say(&request(1, ""));
    let challenged = phone.one();
    let challenge = strowger_sip::auth::Challenge::parse(header(&challenged, "WWW-Authenticate").as_bytes())
        .expect("one");
    let answer = challenge.answer("1001", "secret", "REGISTER", uri, 1, "c");
    phone.say(&request(2, &format!("Authorization: {answer}\r\n")));
    let ok = phone.one();
    assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
    phone.d.sip.contacts_of("1001").next().expect("a contact")
}
