//! Keys that are pressed in an answered call, on the wire: KPML both ways (RFC 4730), NOTIFY of Cisco's gateways, INFO.

mod support;

use std::time::Duration;

use strowger_base::leg::{Digit, KeySignalling};
use strowger_base::{Command, LegId, Signal};
use support::*;

/// A call of Alice that is answered, with keys in this way; leg and our tag.
#[track_caller]
fn established(d: &mut Driver, by: KeySignalling, extra: &str) -> (LegId, String, String) {
    let leg = d.invite(extra, SDP_A);
    d.command(leg, Command::KeysBy(by));
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
    let ok = d.one();
    let tag = tag_of(&ok, "To").to_owned();
    d.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
    d.silent();
    (leg, tag, ok)
}

fn press(d: &mut Driver, leg: LegId, key: char) {
    d.command(leg, Command::Digit(Digit { key, duration_ms: 120 }));
}

/// A request of Alice with a body of another type.
fn with_body(method: &str, branch: &str, cseq: u32, tag: &str, extra: &str, body: &str) -> String {
    let text = alice(method, branch, cseq, tag, extra, "");
    text.replace("Content-Length: 0", &format!("Content-Length: {}", body.len())) + body
}

fn hang_up(d: &mut Driver, tag: &str, cseq: u32) {
    d.from(ALICE, &alice("BYE", "bye1", cseq, tag, "", ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    assert!(matches!(d.signal(), Signal::Released { .. }));
    d.settled();
}

#[test]
fn a_device_is_asked_for_the_keys_of_a_call_where_it_can_be() {
    let check = |by: KeySignalling, extra: &str, asked: bool| {
        let mut d = Driver::new();
        let (leg, tag, _) = established(&mut d, by, extra);
        d.command(leg, Command::CollectDigits);
        if asked {
            let subscribe = d.one();
            assert!(subscribe.starts_with("SUBSCRIBE sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{subscribe}");
            assert_eq!(header(&subscribe, "Event"), "kpml");
            // Said again it changes nothing.
            d.command(leg, Command::CollectDigits);
            d.silent();
            d.from(ALICE, &respond(&subscribe, 200, "", "Expires: 300\r\n", ""));
            let notify = |branch: &str, cseq: u32, state: &str, digits: &str| {
                let report =
                    format!("<kpml-response version=\"1.0\" code=\"200\" text=\"OK\" digits=\"{digits}\"/>");
                let extra = format!(
                    "Event: kpml\r\nSubscription-State: {state}\r\nContent-Type: application/kpml-response+xml\r\n"
                );
                with_body("NOTIFY", branch, cseq, &tag, &extra, &report)
            };
            d.from(ALICE, &notify("n1", 2, "active;expires=300", "4#"));
            assert!(d.one().starts_with("SIP/2.0 200 "));
            for key in ['4', '#'] {
                assert_eq!(d.signal(), Signal::Digit(Digit { key, duration_ms: 0 }));
            }
            d.command(leg, Command::StopCollecting);
            let last = d.one();
            assert_eq!(header(&last, "Expires"), "0");
            d.from(ALICE, &respond(&last, 200, "", "Expires: 0\r\n", ""));
            // Another call of the same device wants them again before the first subscription is over.
            d.command(leg, Command::CollectDigits);
            let again = d.one();
            assert_eq!(header(&again, "Expires"), "300");
            d.from(ALICE, &respond(&again, 200, "", "Expires: 300\r\n", ""));
            d.from(ALICE, &notify("n2", 3, "active;expires=300", "7"));
            assert!(d.one().starts_with("SIP/2.0 200 "));
            assert_eq!(d.signal(), Signal::Digit(Digit { key: '7', duration_ms: 0 }));
        }
        d.silent();
        hang_up(&mut d, &tag, 4);
    };
    let allows = "Allow: INVITE, ACK, BYE, INFO\r\nAllow-Events: kpml, dialog\r\n";
    check(KeySignalling::Kpml, "", true);
    check(KeySignalling::Any, allows, true);
    check(KeySignalling::Any, "Allow-Events: dialog\r\n", false);
    check(KeySignalling::Info, allows, false);
    check(KeySignalling::Notify, allows, false);
}

const ASKS: &str = "Event: kpml\r\nExpires: 600\r\nContent-Type: application/kpml-request+xml\r\n";

fn request(persist: &str, pattern: &str) -> String {
    format!(
        "<kpml-request version=\"1.0\"><pattern persist=\"{persist}\"><regex tag=\"t\">{pattern}</regex></pattern>\
         </kpml-request>"
    )
}

/// The peer asks for keys; its SUBSCRIBE is answered and it has the first NOTIFY.
#[track_caller]
fn asks(d: &mut Driver, tag: &str, (branch, cseq): (&str, u32), body: &str) -> String {
    d.from(ALICE, &with_body("SUBSCRIBE", branch, cseq, tag, ASKS, body));
    let ok = d.next();
    assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
    assert_eq!(header(&ok, "Expires"), "600");
    let first = d.one();
    assert!(first.starts_with("NOTIFY sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{first}");
    assert_eq!(header(&first, "Event"), "kpml");
    first
}

#[track_caller]
fn told(d: &mut Driver, key: char) -> String {
    let notify = d.one();
    let body = body_of(&notify);
    assert_eq!(header(&notify, "Content-Type"), "application/kpml-response+xml");
    assert!(body.contains(&format!(" code=\"200\" text=\"OK\" digits=\"{key}\" tag=\"t\"/>")), "{notify}");
    notify
}

#[test]
fn a_peer_that_asks_is_told_every_key_that_it_wants() {
    let mut d = Driver::new();
    let (leg, tag, ok) = established(&mut d, KeySignalling::Kpml, "");
    assert_eq!(header(&ok, "Allow-Events"), "kpml");
    // Nobody asked yet, and it takes no INFO.
    press(&mut d, leg, '1');
    d.silent();
    let first = asks(&mut d, &tag, ("s1", 2), &request("persist", "[2-9*#]"));
    assert_eq!(header(&first, "Subscription-State"), "active;expires=600");
    assert_eq!(body_of(&first), "");
    // Each waits for the answer to the one before; what nobody wants is left out.
    for key in ['4', '1', '#'] {
        press(&mut d, leg, key);
    }
    d.silent();
    d.from(ALICE, &respond(&first, 200, "", "", ""));
    let notify = told(&mut d, '4');
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    let notify = told(&mut d, '#');
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    d.silent();
    // It is over when the peer says so.
    let over = "Event: kpml\r\nExpires: 0\r\n";
    d.from(ALICE, &alice("SUBSCRIBE", "s2", 3, &tag, over, ""));
    assert!(d.next().starts_with("SIP/2.0 200 "));
    let last = d.one();
    assert_eq!(header(&last, "Subscription-State"), "terminated;reason=timeout");
    assert!(body_of(&last).contains(" code=\"487\" "), "{last}");
    d.from(ALICE, &respond(&last, 200, "", "", ""));
    press(&mut d, leg, '4');
    d.silent();
    hang_up(&mut d, &tag, 4);
}

#[test]
fn one_key_ends_a_request_for_one_and_a_bad_one_is_told_so() {
    let mut d = Driver::new();
    let (leg, tag, _) = established(&mut d, KeySignalling::Any, "Allow: INFO\r\n");
    let first = asks(&mut d, &tag, ("s1", 2), &request("one-shot", "x"));
    d.from(ALICE, &respond(&first, 200, "", "", ""));
    press(&mut d, leg, '5');
    let notify = told(&mut d, '5');
    assert_eq!(header(&notify, "Subscription-State"), "terminated");
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    // What is pressed until it asks again is not lost, nor told in another way.
    press(&mut d, leg, '6');
    d.silent();
    let first = asks(&mut d, &tag, ("s1b", 3), &request("one-shot", "x"));
    d.from(ALICE, &respond(&first, 200, "", "", ""));
    let notify = told(&mut d, '6');
    press(&mut d, leg, '7');
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    // Unless it has no interest in it.
    let flushes = request("one-shot", "x").replace("<regex", "<flush>yes</flush><regex");
    let first = asks(&mut d, &tag, ("s1c", 4), &flushes);
    d.from(ALICE, &respond(&first, 200, "", "", ""));
    d.silent();
    press(&mut d, leg, '8');
    let notify = told(&mut d, '8');
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    let refused = asks(&mut d, &tag, ("s2", 5), &request("persist", "xx"));
    assert_eq!(header(&refused, "Subscription-State"), "terminated;reason=rejected");
    assert!(body_of(&refused).contains(" code=\"501\" "), "{refused}");
    // A peer that has forgotten what it asked for is told no more.
    let first = asks(&mut d, &tag, ("s3", 6), &request("single-notify", "x"));
    d.from(ALICE, &respond(&first, 481, "", "", ""));
    press(&mut d, leg, '7');
    assert!(d.one().starts_with("INFO "));
    d.from(ALICE, &with_body("SUBSCRIBE", "s4", 7, &tag, "Event: kpml\r\nContent-Type: text/plain\r\n", "x"));
    let refused = d.one();
    assert!(refused.starts_with("SIP/2.0 415 "), "{refused}");
    assert_eq!(header(&refused, "Accept"), "application/kpml-request+xml");
    hang_up(&mut d, &tag, 8);
}

#[test]
fn a_subscription_that_nobody_prolongs_ends_by_itself() {
    let mut d = Driver::new();
    let (leg, tag, _) = established(&mut d, KeySignalling::Kpml, "");
    let first = asks(&mut d, &tag, ("s1", 2), &request("single-notify", "x"));
    d.from(ALICE, &respond(&first, 200, "", "", ""));
    for key in ['1', '2'] {
        press(&mut d, leg, key);
    }
    let notify = told(&mut d, '1');
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    // One at a time: the next after another SUBSCRIBE.
    d.silent();
    let first = asks(&mut d, &tag, ("s2", 3), &request("single-notify", "x"));
    d.from(ALICE, &respond(&first, 200, "", "", ""));
    let notify = told(&mut d, '2');
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    d.silent();
    d.pass(Duration::from_secs(600));
    let last = d.one();
    assert_eq!(header(&last, "Subscription-State"), "terminated;reason=timeout");
    d.from(ALICE, &respond(&last, 200, "", "", ""));
    hang_up(&mut d, &tag, 4);
}

#[test]
fn who_has_keys_elsewhere_is_asked_by_nobody() {
    let mut d = Driver::new();
    let (_, tag, ok) = established(&mut d, KeySignalling::Info, "");
    assert!(!ok.contains("Allow-Events"), "{ok}");
    d.from(ALICE, &with_body("SUBSCRIBE", "s1", 2, &tag, ASKS, &request("persist", "x")));
    assert!(d.one().starts_with("SIP/2.0 489 "));
    hang_up(&mut d, &tag, 3);
}

#[test]
fn gateways_of_cisco_tell_and_take_keys_in_notify() {
    let theirs = "Call-Info: <sip:192.0.2.10>;method=\"NOTIFY;Event=telephone-event;Duration=500\"\r\n";
    let ours = "<sip:strowger.test>;method=\"NOTIFY;Event=telephone-event;Duration=2000\"";
    for (by, extra) in [(KeySignalling::Notify, ""), (KeySignalling::Any, theirs)] {
        let mut d = Driver::new();
        let (leg, tag, ok) = established(&mut d, by, extra);
        assert_eq!(header(&ok, "Call-Info"), ours);
        // Nobody has to be asked.
        d.command(leg, Command::CollectDigits);
        d.silent();
        press(&mut d, leg, '#');
        for bytes in [[11, 10, 0, 0], [11, 0x8a, 0, 120]] {
            // The end waits for the answer to the begin.
            let notify = d.one();
            assert!(notify.starts_with("NOTIFY sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{notify}");
            assert_eq!(header(&notify, "Event"), "telephone-event;rate=1000");
            assert_eq!(header(&notify, "Content-Type"), "audio/telephone-event");
            assert_eq!(body_of(&notify), String::from_utf8_lossy(&bytes));
            d.from(ALICE, &respond(&notify, 200, "", "", ""));
        }
        d.silent();
        let notify = |branch: &str, cseq: u32, body: &str| {
            let extra = "Event: telephone-event;rate=1000\r\nContent-Type: audio/telephone-event\r\n";
            with_body("NOTIFY", branch, cseq, &tag, extra, body)
        };
        d.from(ALICE, &notify("n1", 2, "\u{5}\u{a}\u{0}\u{64}"));
        assert!(d.one().starts_with("SIP/2.0 200 "));
        assert_eq!(d.signal(), Signal::Digit(Digit { key: '5', duration_ms: 100 }));
        // What is no key is news like any other; another type is not.
        d.from(ALICE, &notify("n2", 3, "\u{20}\u{a}\u{0}\u{0}"));
        assert!(d.one().starts_with("SIP/2.0 200 "));
        let plain = notify("n3", 4, "5").replace("audio/telephone-event", "text/plain");
        d.from(ALICE, &plain);
        assert!(d.one().starts_with("SIP/2.0 415 "));
        assert!(d.signals.is_empty());
        hang_up(&mut d, &tag, 5);
    }
}

/// RFC 3261 §20.5: who names the methods that it takes, and not INFO, is sent none.
#[test]
fn a_device_that_does_not_name_info_is_sent_none() {
    for (by, extra, told) in [
        (KeySignalling::Any, "Allow: INVITE, ACK, BYE\r\n", false),
        (KeySignalling::Any, "Allow: INVITE, ACK, BYE, INFO\r\n", true),
        // It has said nothing.
        (KeySignalling::Any, "", true),
        // Whoever configured it knows better.
        (KeySignalling::Info, "Allow: INVITE, ACK, BYE\r\n", true),
    ] {
        let mut d = Driver::new();
        let (leg, ..) = established(&mut d, by, extra);
        press(&mut d, leg, '5');
        match told {
            true => assert!(d.one().starts_with("INFO "), "{by:?} {extra}"),
            false => d.silent(),
        }
    }
}
