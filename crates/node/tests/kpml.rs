//! A phone that tells its keys one by one (RFC 4730) waits exactly as long as the analyzer says that it waits.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/dialler.rs"]
mod dialler;
#[path = "support/patterns.rs"]
mod patterns;
#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use dialler::Dialler;
use patterns::{GAP, PATTERNS};
use strowger_base::{Cause, Now};
use strowger_dialplan::{Arrival, Decision, Digits, Trace};
use strowger_node::Configuration;
use strowger_node::configuration::{BlockDraft, Draft, PatternDraft};
use world::{Phone, draft};

fn blocked() -> Draft {
    let mut draft = draft();
    draft.plan.routes.clear();
    draft.plan.blocks = PATTERNS
        .iter()
        .map(|(pattern, urgent, cause)| BlockDraft {
            pattern: PatternDraft { pattern: (*pattern).into(), urgent: *urgent, ..PatternDraft::default() },
            host: "".into(),
            cause: *cause,
            announcement: None,
        })
        .collect();
    draft
}

/// What the analyzer says of the dialler: keys that are read, how long is waited after them, and the status.
fn predicted(configuration: &Configuration, dialled: &str) -> (u32, Duration, u16) {
    let caller = configuration.calls.lines.get("1001").unwrap().phones[0].caller();
    let number = Digits::parse(dialled).unwrap();
    let trace = Trace::of(&configuration.calls.plan, caller, Arrival::KeyByKey, &number, Now::default().wall);
    let status = match trace.analysis().decision() {
        Some(Decision::Blocked { cause, .. }) => cause.sip_status(),
        Some(Decision::Rejected(reject)) => reject.cause().sip_status(),
        other => panic!("{dialled}: {other:?}"),
    };
    (trace.analysis().keys_used() as u32, trace.waited(), status)
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
