//! A phone that tells its keys one by one (RFC 4730) waits exactly as long as the analyzer says that it waits.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Cause, Now};
use strowger_dialplan::{Arrival, Decision, Digits, Trace};
use strowger_node::Configuration;
use strowger_node::configuration::{BlockDraft, Draft, PatternDraft};
use strowger_sip::auth::Challenge;
use world::{Phone, World, draft, header};

/// Time from key to key.
const GAP: Duration = Duration::from_millis(300);

/// Patterns that end a call with a status of their own, so that the decision is seen on the wire.
const PATTERNS: &[(&str, bool, Cause)] = &[
    ("7XXX", false, Cause::CALL_REJECTED),
    ("700XX", false, Cause::NUMBER_CHANGED),
    ("911", true, Cause::CALL_REJECTED),
    ("911XXX", false, Cause::NUMBER_CHANGED),
    ("9+22", false, Cause::CALL_REJECTED),
    ("52X?", false, Cause::NUMBER_CHANGED),
    ("53!#", false, Cause::CALL_REJECTED),
    ("53!", false, Cause::NUMBER_CHANGED),
    ("6[1-3]X", false, Cause::CALL_REJECTED),
    ("*5X", false, Cause::CALL_REJECTED),
    ("\\+49!", false, Cause::NUMBER_CHANGED),
];

fn blocked() -> Draft {
    let mut draft = draft();
    draft.plan.routes.clear();
    draft.plan.blocks = PATTERNS
        .iter()
        .map(|(pattern, urgent, cause)| BlockDraft {
            pattern: PatternDraft { pattern: (*pattern).into(), urgent: *urgent, ..PatternDraft::default() },
            cause: *cause,
        })
        .collect();
    draft
}

/// What the analyzer says of the dialler: keys that are read, how long is waited after them, and the status.
fn predicted(configuration: &Configuration, dialled: &str) -> (u32, Duration, u16) {
    let caller = Arc::clone(&configuration.calls.lines.get("1001").unwrap().caller);
    let number = Digits::parse(dialled).unwrap();
    let trace = Trace::of(&configuration.calls.plan, caller, Arrival::KeyByKey, &number, Now::default().wall);
    let status = match trace.analysis().decision() {
        Some(Decision::Blocked { cause, .. }) => cause.sip_status(),
        Some(Decision::Rejected(reject)) => reject.cause().sip_status(),
        other => panic!("{dialled}: {other:?}"),
    };
    (trace.analysis().keys_used() as u32, trace.waited(), status)
}

/// A phone of line 1001 that goes off-hook.
struct Dialler {
    world: World,
    phone: Phone,
    invite: String,
    /// Final answer to the INVITE.
    ended: Option<u16>,
    cancelled: bool,
    /// What other phones were sent.
    elsewhere: Vec<String>,
}

impl Dialler {
    /// Goes off-hook with these digits, and takes what follows.
    fn lifts(draft: &Draft, digits: &str) -> Self {
        let mut world = World::new(draft);
        let mut phone = Phone::new("1001", "192.0.2.11:5060");
        phone.peer = digits.to_owned();
        let uri = format!("sip:{digits}{}strowger.test", if digits.is_empty() { "" } else { "@" });
        let sdp = phone.sdp();
        let invite = phone.request("INVITE", "", &sdp).replace("sip:@", "sip:");
        world.from(phone.address, &invite);
        let challenged = world.expect(&phone, "SIP/2.0 401 ");
        world.from(phone.address, &phone.acknowledge(&challenged).replace("sip:@", "sip:"));
        let challenge = Challenge::parse(header(&challenged, "WWW-Authenticate").as_bytes()).unwrap();
        let answer = challenge.answer("1001", &phone.password, "INVITE", &uri, 1, "c");
        let extra = format!("Authorization: {answer}\r\nAllow-Events: kpml,dialog\r\n");
        let invite = phone.request("INVITE", &extra, &sdp).replace("sip:@", "sip:");
        world.from(phone.address, &invite);
        world.expect(&phone, "SIP/2.0 100 ");
        Dialler { world, phone, invite, ended: None, cancelled: false, elsewhere: Vec::new() }
    }

    /// Takes 183 and SUBSCRIBE; the SUBSCRIBE is answered with this.
    #[track_caller]
    fn answers_subscribe(&mut self, status: &str) {
        let progress = self.world.expect(&self.phone, "SIP/2.0 183 ");
        self.phone.remote_tag = header(&progress, "To").split(";tag=").nth(1).unwrap().to_owned();
        let subscribe = self.world.expect(&self.phone, "SUBSCRIBE ");
        assert_eq!(header(&subscribe, "Event"), "kpml");
        self.world.from(self.phone.address, &self.phone.respond(&subscribe, status, ""));
    }

    /// The same, and the phone is ready to tell keys.
    #[track_caller]
    fn subscribed(draft: &Draft, digits: &str) -> Self {
        let mut dialler = Dialler::lifts(draft, digits);
        dialler.answers_subscribe("200 OK");
        dialler.tells("active;expires=300", None);
        assert_eq!(dialler.ended, None);
        dialler
    }

    /// Sends a NOTIFY.
    fn tells(&mut self, state: &str, report: Option<(u16, &str)>) {
        let body = report.map_or_else(String::new, |(code, digits)| {
            format!("<kpml-response version=\"1.0\" code=\"{code}\" text=\"\" digits=\"{digits}\"/>")
        });
        let extra = format!("Event: kpml\r\nSubscription-State: {state}\r\n");
        let notify = self.phone.request("NOTIFY", &extra, &body).replace("sip:@", "sip:");
        let notify = notify.replace("application/sdp", "application/kpml-response+xml");
        self.world.from(self.phone.address, &notify);
        self.takes();
    }

    fn presses(&mut self, key: char) {
        self.tells("active;expires=200", Some((200, &key.to_string())));
    }

    /// Looks at everything that came: final answers are acknowledged, a SUBSCRIBE that ends the subscription is answered.
    fn takes(&mut self) {
        while let Some((to, text)) = self.world.sent.pop_front() {
            if to != self.phone.address {
                self.elsewhere.push(text);
                continue;
            }
            let of_invite = text.contains(" INVITE\r\n");
            let status = text.get(8..11).and_then(|status| status.parse::<u16>().ok());
            match status.filter(|_| text.starts_with("SIP/2.0 ") && of_invite) {
                Some(status) if status >= 300 => {
                    assert_eq!(self.ended, None);
                    self.ended = Some(status);
                    self.world.from(self.phone.address, &ack(&self.invite, &text));
                }
                Some(_) | None => {}
            }
            if text.starts_with("SUBSCRIBE ") && header(&text, "Expires") == "0" {
                self.cancelled = true;
                self.world.from(self.phone.address, &self.phone.respond(&text, "200 OK", ""));
                self.tells("terminated;reason=timeout", Some((487, "")));
            }
        }
    }

    /// Time until the INVITE has a final answer, and which.
    fn waits(&mut self) -> (Duration, u16) {
        let start = self.world.now.mono;
        for _ in 0..40_000 {
            if let Some(status) = self.ended {
                return (self.world.now.mono - start, status);
            }
            self.world.pass(Duration::from_millis(1));
            self.takes();
        }
        panic!("never decided")
    }
}

/// The ACK of a failure, in the transaction of this INVITE.
fn ack(invite: &str, response: &str) -> String {
    let uri = invite.split(' ').nth(1).unwrap();
    let cseq = header(invite, "CSeq").replace("INVITE", "ACK");
    let [via, from, call_id] = ["Via", "From", "Call-ID"].map(|name| header(invite, name));
    format!(
        "ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq}\r\nContent-Length: 0\r\n\r\n",
        header(response, "To")
    )
}

const DIALLINGS: &[&str] = &[
    "7001", "70012", "7123", "911", "911234", "922", "99922", "52", "521", "5212", "53441#", "53441", "612",
    "64", "8", "61", "700", "91", "*51", "*6", "#", "+4930", "+1", "A",
];

#[test]
fn every_key_decides_at_the_moment_that_the_analyzer_names() {
    let draft = blocked();
    let configuration = draft.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    for dialled in DIALLINGS {
        let (keys, waited, status) = predicted(&configuration, dialled);
        // The first key comes with the INVITE, or after it.
        for in_invite in [0, 1] {
            // A + or # is no user part that a phone would send alone.
            if in_invite == 1 && !dialled.starts_with(|key: char| key.is_ascii_digit()) {
                continue;
            }
            if in_invite as u32 == keys {
                let mut dialler = Dialler::lifts(&draft, &dialled[..in_invite]);
                dialler.takes();
                assert_eq!((dialler.ended, waited), (Some(status), Duration::ZERO), "{dialled}");
                dialler.world.settled();
                continue;
            }
            let mut dialler = Dialler::subscribed(&draft, &dialled[..in_invite]);
            let rest = dialled.chars().enumerate().skip(in_invite);
            for (at, key) in rest.take(keys as usize - in_invite) {
                assert_eq!(dialler.ended, None, "{dialled}: decided before key {at}");
                dialler.world.pass(GAP);
                dialler.takes();
                dialler.presses(key);
            }
            assert_eq!(dialler.waits(), (waited, status), "{dialled}, {in_invite} with the INVITE");
            // What is refused needs no word about its keys.
            assert!(!dialler.cancelled);
            let calls = dialler.world.calls();
            assert!(calls.len() == 1 && calls[0].called == &dialled[..keys as usize], "{dialled}: {calls:?}");
            dialler.world.settled();
        }
    }
}

/// Every key stops the timer and starts it anew.
#[test]
fn a_slow_finger_is_waited_for_from_its_last_key() {
    let draft = blocked();
    let mut dialler = Dialler::subscribed(&draft, "");
    // Dial tone is not for digit analysis to end.
    dialler.world.pass(Duration::from_secs(60));
    for key in "7001".chars() {
        dialler.world.pass(Duration::from_millis(14_999));
        dialler.takes();
        assert_eq!(dialler.ended, None);
        dialler.presses(key);
    }
    assert_eq!(dialler.waits(), (Duration::from_secs(15), Cause::CALL_REJECTED.sip_status()));
    dialler.world.settled();
}

#[test]
fn a_phone_that_says_that_the_number_is_complete_waits_for_nothing() {
    let draft = blocked();
    let rejected = (Duration::ZERO, Cause::CALL_REJECTED.sip_status());
    // The Dial key.
    let mut dialler = Dialler::subscribed(&draft, "");
    for key in "7001".chars() {
        dialler.presses(key);
    }
    dialler.tells("active;expires=100", Some((423, "")));
    assert_eq!(dialler.waits(), rejected);
    dialler.world.settled();
    // Dialled before the handset was lifted: the phone tells no keys (489), and nothing is cut off at an urgent pattern.
    for (number, status) in [
        ("7001", Cause::CALL_REJECTED),
        ("911", Cause::CALL_REJECTED),
        ("911234", Cause::NUMBER_CHANGED),
        ("91123", Cause::UNALLOCATED_NUMBER),
    ] {
        let mut dialler = Dialler::lifts(&draft, number);
        if dialler.world.sent.iter().any(|(_, text)| text.starts_with("SUBSCRIBE ")) {
            dialler.answers_subscribe("489 Bad Event");
        }
        dialler.takes();
        assert_eq!(dialler.waits(), (Duration::ZERO, status.sip_status()), "{number}");
        dialler.world.settled();
    }
}

#[test]
fn a_phone_that_can_tell_no_more_keys_leaves_the_decision_to_the_timer() {
    let draft = blocked();
    let after = Duration::from_secs(15);
    let rejected = Cause::CALL_REJECTED.sip_status();
    let mut dialler = Dialler::subscribed(&draft, "");
    for key in "7001".chars() {
        dialler.presses(key);
    }
    dialler.world.pass(GAP);
    dialler.tells("terminated;reason=noresource", Some((487, "")));
    assert_eq!(dialler.waits(), (after - GAP, rejected));
    dialler.world.settled();

    let mut dialler = Dialler::lifts(&draft, "7001");
    dialler.answers_subscribe("603 Decline");
    assert_eq!(dialler.waits(), (after, rejected));
    dialler.world.settled();

    // Without a single key there is nothing to wait for.
    for status in ["489 Bad Event", "603 Decline"] {
        let mut dialler = Dialler::lifts(&draft, "");
        dialler.answers_subscribe(status);
        dialler.takes();
        assert_eq!(dialler.waits(), (Duration::ZERO, Cause::UNALLOCATED_NUMBER.sip_status()));
        dialler.world.settled();
    }
}

/// The called phone is rung by the last key, and the dialler is told that no more keys are wanted.
#[test]
fn the_last_key_rings_the_other_phone() {
    let mut dialler = Dialler::lifts(&draft(), "x-cisco-serviceuri-offhook");
    let mut bob = Phone::new("1002", "192.0.2.12:5060");
    dialler.answers_subscribe("200 OK");
    dialler.tells("active", None);
    dialler.world.register(&mut bob);
    for key in "1002".chars() {
        assert!(dialler.elsewhere.is_empty() && !dialler.cancelled);
        dialler.world.pass(GAP);
        dialler.presses(key);
    }
    let [invite] = &dialler.elsewhere[..] else { panic!("{:?}", dialler.elsewhere) };
    assert!(invite.starts_with("INVITE sip:1002@192.0.2.12:5060 SIP/2.0\r\n"), "{invite}");
    // That is what the phone waits for before it shows that the call proceeds.
    assert!(dialler.cancelled);
    dialler.world.from(bob.address, &bob.respond(&invite.clone(), "486 Busy Here", ""));
    dialler.takes();
    assert_eq!(dialler.ended, Some(486));
    dialler.world.settled();
}

/// A phone that is put on hook in the middle of a number leaves nothing behind.
#[test]
fn nothing_is_left_of_a_number_that_was_given_up() {
    let mut dialler = Dialler::subscribed(&blocked(), "7");
    dialler.presses('0');
    let cancel = dialler.invite.replace("INVITE", "CANCEL");
    let cancel = cancel.split("\r\nContact").next().unwrap().to_owned() + "\r\nContent-Length: 0\r\n\r\n";
    dialler.world.from(dialler.phone.address, &cancel);
    dialler.takes();
    assert_eq!(dialler.ended, Some(487));
    dialler.tells("terminated;reason=noresource", Some((487, "")));
    dialler.world.settled();
    assert_eq!(dialler.world.calls().len(), 1);
}
