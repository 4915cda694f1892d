//! Keys of a number, told one by one (RFC 4730), on the wire.

mod support;

use std::time::Duration;

use strowger_base::leg::{Alert, Digit, DigitsEnd, ReleaseReason};
use strowger_base::{Cause, Command, LegId, Media, Signal, limits};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
const ACTIVE: &str = "active;expires=300";

/// Call control asks for the keys of a new call; leg, our tag, and the SUBSCRIBE.
#[track_caller]
fn asked(d: &mut Driver, extra: &str) -> (LegId, String, String) {
    let leg = d.invite(extra, SDP_A);
    d.command(leg, Command::CollectDigits);
    let progress = d.next();
    assert!(progress.starts_with("SIP/2.0 183 Session Progress\r\n"), "{progress}");
    assert_eq!(body_of(&progress), "");
    let tag = tag_of(&progress, "To").to_owned();
    let subscribe = d.one();
    is_subscribe(&subscribe, &tag, "300", "persist", "[x*#ABCD+]");
    (leg, tag, subscribe)
}

/// The same, and the phone accepts.
#[track_caller]
fn collecting(d: &mut Driver) -> (LegId, String) {
    let (leg, tag, subscribe) = asked(d, "");
    d.from(ALICE, &respond(&subscribe, 200, "", "Expires: 300\r\n", ""));
    d.silent();
    d.from(ALICE, &notify("first", 2, &tag, ACTIVE, ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.silent();
    (leg, tag)
}

#[track_caller]
fn is_subscribe(text: &str, tag: &str, expires: &str, persist: &str, keys: &str) {
    assert!(text.starts_with("SUBSCRIBE sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{text}");
    assert_eq!(header(text, "From"), format!("<sip:1002@strowger.test>;tag={tag}"));
    assert_eq!(header(text, "To"), "\"Alice\" <sip:1001@strowger.test>;tag=ta");
    assert_eq!(header(text, "Call-ID"), "a1");
    assert_eq!(header(text, "Event"), "kpml");
    assert_eq!(header(text, "Expires"), expires);
    assert_eq!(header(text, "Accept"), "application/kpml-response+xml");
    assert_eq!(header(text, "Contact"), "<sip:1002@192.0.2.1:5060>");
    if expires == "0" {
        assert_eq!(body_of(text), "");
        return;
    }
    assert_eq!(header(text, "Content-Type"), "application/kpml-request+xml");
    let body = body_of(text);
    assert!(body.contains(&format!(" persist=\"{persist}\"><regex tag=\"key\">{keys}</regex>")), "{body}");
}

fn notify(branch: &str, cseq: u32, tag: &str, state: &str, report: &str) -> String {
    let content = if report.is_empty() { "" } else { "Content-Type: application/kpml-response+xml\r\n" };
    let extra = format!("Event: kpml\r\nSubscription-State: {state}\r\n{content}");
    let text = alice("NOTIFY", branch, cseq, tag, &extra, "");
    text.replace("Content-Length: 0", &format!("Content-Length: {}", report.len())) + report
}

fn report(code: u16, digits: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><kpml-response version=\"1.0\" code=\"{code}\" text=\"T\" digits=\"{digits}\"/>"
    )
}

#[track_caller]
fn keys(d: &mut Driver, expect: &str) {
    for key in expect.chars() {
        assert_eq!(d.signal(), Signal::Digit(Digit { key, duration_ms: 0 }));
    }
    assert!(d.signals.is_empty(), "{:?}", d.signals);
}

/// The phone hangs up, and nothing is left behind.
#[track_caller]
fn gives_up(d: &mut Driver) {
    d.from(ALICE, &alice("CANCEL", "inv1", 1, "", "", ""));
    assert!(d.next().starts_with("SIP/2.0 200 "));
    assert!(d.one().starts_with("SIP/2.0 487 "));
    let Signal::Released { reason: ReleaseReason::Cancelled, .. } = d.signal() else { panic!() };
    d.from(ALICE, &alice("ACK", "inv1", 1, "", "", ""));
    d.settled();
}

#[test]
fn every_key_is_told_until_the_number_is_known() {
    let mut d = Driver::new();
    let (leg, tag) = collecting(&mut d);
    for (at, digits) in ["1", "*", "#", "A", "+", "", "2345"].into_iter().enumerate() {
        d.pass(SECOND);
        d.from(ALICE, &notify(&format!("k{at}"), 3 + at as u32, &tag, ACTIVE, &report(200, digits)));
        assert!(d.one().starts_with("SIP/2.0 200 "));
        keys(&mut d, digits);
    }
    d.command(leg, Command::StopCollecting);
    let last = d.one();
    is_subscribe(&last, &tag, "0", "", "");
    assert_eq!(header(&last, "CSeq"), "2 SUBSCRIBE");
    // Keys that come now belong to nobody.
    d.from(ALICE, &notify("late", 20, &tag, ACTIVE, &report(200, "6")));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    keys(&mut d, "");
    d.from(ALICE, &respond(&last, 200, "", "Expires: 0\r\n", ""));
    d.from(ALICE, &notify("last", 21, &tag, "terminated;reason=timeout", &report(487, "")));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.from(ALICE, &notify("after", 22, &tag, ACTIVE, &report(200, "7")));
    assert!(d.one().starts_with("SIP/2.0 481 "));
    d.silent();
    // The call goes on as any other.
    d.command(
        leg,
        Command::Alert {
            alert: Alert::Ringing,
            media: Media::None,
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        },
    );
    assert!(d.one().starts_with("SIP/2.0 180 "));
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
    d.from(ALICE, &alice("BYE", "bye1", 23, &tag, "", ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.settled();
}

/// RFC 6665 §4.1.2.4: a NOTIFY may overtake the answer to its SUBSCRIBE.
#[test]
fn keys_may_come_before_the_answer_to_the_subscribe() {
    let mut d = Driver::new();
    let (leg, tag, subscribe) = asked(&mut d, "");
    d.from(ALICE, &notify("k1", 2, &tag, "active", &report(200, "1")));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    keys(&mut d, "1");
    // The number is known; the subscription can be ended when it is known to have begun.
    d.command(leg, Command::StopCollecting);
    d.silent();
    d.from(ALICE, &respond(&subscribe, 202, "", "", ""));
    let last = d.one();
    is_subscribe(&last, &tag, "0", "", "");
    d.from(ALICE, &notify("last", 3, &tag, "terminated", ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.from(ALICE, &respond(&last, 200, "", "", ""));
    gives_up(&mut d);
}

#[test]
fn a_copy_of_a_key_is_no_second_key_and_an_old_one_is_refused() {
    let mut d = Driver::new();
    let (_, tag) = collecting(&mut d);
    let second = notify("k2", 4, &tag, ACTIVE, &report(200, "2"));
    d.from(ALICE, &second);
    let answer = d.one();
    keys(&mut d, "2");
    d.from(ALICE, &second);
    assert_eq!(d.one(), answer);
    // RFC 3261 §12.2.2.
    d.from(ALICE, &notify("k1", 3, &tag, ACTIVE, &report(200, "1")));
    assert!(d.one().starts_with("SIP/2.0 500 "));
    keys(&mut d, "");
    gives_up(&mut d);
}

#[test]
fn a_phone_that_does_not_tell_keys_says_so() {
    let check = |status: u16, expect: DigitsEnd| {
        let mut d = Driver::new();
        let (leg, tag, subscribe) = asked(&mut d, "");
        d.from(ALICE, &respond(&subscribe, status, "", "", ""));
        assert_eq!(d.signal(), Signal::DigitsEnded(expect), "{status}");
        d.silent();
        d.from(ALICE, &notify("k1", 2, &tag, ACTIVE, &report(200, "1")));
        assert!(d.one().starts_with("SIP/2.0 481 "));
        d.command(leg, Command::StopCollecting);
        d.silent();
        gives_up(&mut d);
    };
    // A Cisco phone whose number was dialled before it went off-hook.
    check(489, DigitsEnd::Complete);
    check(405, DigitsEnd::Complete);
    check(501, DigitsEnd::Complete);
    check(603, DigitsEnd::Lost);
    check(423, DigitsEnd::Lost);
}

#[test]
fn a_phone_that_does_not_answer_tells_no_keys() {
    let mut d = Driver::new();
    asked(&mut d, "");
    d.pass(SECOND * 32 - SECOND / 1000);
    assert!(d.signals.is_empty());
    d.pass(SECOND / 1000);
    assert_eq!(d.signal(), Signal::DigitsEnded(DigitsEnd::Lost));
    d.sent.clear();
    gives_up(&mut d);
    // It accepts, and then is never heard of (timer N, RFC 6665 §4.1.2.4).
    let mut d = Driver::new();
    let (_, _, subscribe) = asked(&mut d, "");
    d.from(ALICE, &respond(&subscribe, 200, "", "Expires: 300\r\n", ""));
    d.pass(SECOND * 32);
    assert_eq!(d.signal(), Signal::DigitsEnded(DigitsEnd::Lost));
    gives_up(&mut d);
}

/// RFC 3261 §12.2.2: a phone that lost the provisional response knows no dialog yet, and one that has seen a later request takes no
/// earlier one.
#[test]
fn a_phone_that_could_not_take_it_is_asked_again() {
    for status in [481, 500] {
        let mut d = Driver::new();
        let (_, tag, mut subscribe) = asked(&mut d, "");
        for wait in [500, 1000, 2000] {
            d.from(ALICE, &respond(&subscribe, status, "", "", ""));
            d.pass(Duration::from_millis(wait - 1));
            d.silent();
            d.pass(Duration::from_millis(1));
            assert!(d.next().starts_with("SIP/2.0 183 "));
            subscribe = d.one();
            is_subscribe(&subscribe, &tag, "300", "persist", "[x*#ABCD+]");
        }
        d.from(ALICE, &respond(&subscribe, status, "", "", ""));
        assert_eq!(d.signal(), Signal::DigitsEnded(DigitsEnd::Lost));
        d.silent();
        gives_up(&mut d);
    }
}

#[test]
fn reports_say_how_it_goes_on() {
    let check = |code: u16, state: &str, digits: &str, expect: Option<DigitsEnd>| {
        let mut d = Driver::new();
        let (_, tag) = collecting(&mut d);
        d.from(ALICE, &notify("k1", 3, &tag, state, &report(code, digits)));
        assert!(d.one().starts_with("SIP/2.0 200 "));
        for key in digits.chars() {
            assert_eq!(d.signal(), Signal::Digit(Digit { key, duration_ms: 0 }));
        }
        match expect {
            Some(end) => assert_eq!(d.signal(), Signal::DigitsEnded(end), "{code}"),
            None => assert!(d.signals.is_empty()),
        }
        d.silent();
        gives_up(&mut d);
    };
    let terminated = "terminated;reason=noresource";
    check(200, ACTIVE, "1", None);
    check(402, ACTIVE, "12", Some(DigitsEnd::Complete));
    check(423, ACTIVE, "", Some(DigitsEnd::Complete));
    check(423, terminated, "", Some(DigitsEnd::Complete));
    check(481, terminated, "", Some(DigitsEnd::Lost));
    // The phone is put on hook; its CANCEL is on the way.
    check(487, terminated, "", Some(DigitsEnd::Lost));
    check(532, terminated, "", Some(DigitsEnd::Lost));
    check(533, terminated, "", Some(DigitsEnd::Lost));
}

#[test]
fn what_a_phone_does_not_take_is_asked_for_in_a_simpler_form() {
    let mut d = Driver::new();
    let (_, tag) = collecting(&mut d);
    let forms = [(501, "persist"), (531, "one-shot")];
    for (at, (code, persist)) in forms.into_iter().enumerate() {
        let refusal = report(code, "");
        d.from(ALICE, &notify(&format!("no{at}"), 3 + at as u32, &tag, "terminated", &refusal));
        assert!(d.next().starts_with("SIP/2.0 200 "));
        let subscribe = d.one();
        is_subscribe(&subscribe, &tag, "300", persist, "[x*#ABCD]");
        d.from(ALICE, &respond(&subscribe, 200, "", "", ""));
    }
    // One key at a time, and each ends its subscription.
    for (at, key) in ["1", "2", "3", "4", "5", "6"].into_iter().enumerate() {
        let report = report(200, key);
        d.from(ALICE, &notify(&format!("k{at}"), 10 + at as u32, &tag, "terminated", &report));
        assert!(d.next().starts_with("SIP/2.0 200 "));
        keys(&mut d, key);
        let subscribe = d.one();
        is_subscribe(&subscribe, &tag, "300", "one-shot", "[x*#ABCD]");
        d.from(ALICE, &respond(&subscribe, 200, "", "", ""));
    }
    d.silent();
    gives_up(&mut d);
}

#[test]
fn what_is_no_report_is_refused_and_loses_nothing() {
    let mut d = Driver::new();
    let (_, tag) = collecting(&mut d);
    let good = report(200, "1");
    let check = |d: &mut Driver, text: &str, status: &str| {
        d.from(ALICE, text);
        let answer = d.one();
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
        assert_eq!(answer.contains("\r\nAccept: application/kpml-response+xml\r\n"), status == "415");
        assert!(d.signals.is_empty(), "{:?}", d.signals);
    };
    check(&mut d, &notify("a", 3, &tag, ACTIVE, "<kpml-response code=\"200\" digits=\"bs\"/>"), "400");
    check(&mut d, &notify("b", 4, &tag, "asleep", &good), "400");
    let other = notify("c", 5, &tag, ACTIVE, &good).replace("kpml-response+xml", "text");
    check(&mut d, &other, "415");
    d.from(ALICE, &notify("d", 6, &tag, ACTIVE, &good));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    keys(&mut d, "1");
    gives_up(&mut d);
}

/// RFC 6665 §4.1.2.2: a silent phone is asked whether it is still there before the time is over.
#[test]
fn the_subscription_is_prolonged_or_ends() {
    let mut d = Driver::new();
    let (_, tag) = collecting(&mut d);
    d.pass(limits::KEYS_SUBSCRIPTION * 4 / 5);
    let subscribe = d.one();
    is_subscribe(&subscribe, &tag, "300", "persist", "[x*#ABCD+]");
    d.from(ALICE, &respond(&subscribe, 200, "", "Expires: 300\r\n", ""));
    d.from(ALICE, &notify("again", 3, &tag, ACTIVE, ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.pass(limits::KEYS_SUBSCRIPTION * 4 / 5 - SECOND);
    d.silent();
    d.pass(SECOND);
    assert!(d.next().starts_with("SUBSCRIBE "));
    // Now the phone has gone.
    d.pass(SECOND * 60);
    assert_eq!(d.signal(), Signal::DigitsEnded(DigitsEnd::Lost));
    d.sent.clear();
    gives_up(&mut d);
}

#[test]
fn a_phone_that_is_put_on_hook_while_it_dials_leaves_nothing_behind() {
    // Before the SUBSCRIBE is answered, while keys come, and while the subscription is being ended.
    for stage in 0..3 {
        let mut d = Driver::new();
        let (leg, tag) = match stage {
            0 => {
                let (leg, tag, _) = asked(&mut d, "");
                (leg, tag)
            }
            _ => collecting(&mut d),
        };
        if stage == 2 {
            d.command(leg, Command::StopCollecting);
            assert!(d.one().starts_with("SUBSCRIBE "));
        }
        d.from(ALICE, &alice("CANCEL", "inv1", 1, "", "", ""));
        assert!(d.next().starts_with("SIP/2.0 200 "));
        assert!(d.one().starts_with("SIP/2.0 487 "));
        d.signals.clear();
        d.from(ALICE, &notify("last", 9, &tag, "terminated", &report(487, "")));
        assert!(d.one().starts_with("SIP/2.0 481 "));
        d.from(ALICE, &alice("ACK", "inv1", 1, "", "", ""));
        d.settled();
    }
    let mut d = Driver::new();
    let (_, tag) = collecting(&mut d);
    d.from(ALICE, &alice("BYE", "bye1", 3, &tag, "", ""));
    assert!(d.next().starts_with("SIP/2.0 200 "));
    assert!(d.one().starts_with("SIP/2.0 487 "));
    let Signal::Released { reason: ReleaseReason::HungUp, .. } = d.signal() else { panic!() };
    d.from(ALICE, &alice("ACK", "inv1", 1, &tag, "", ""));
    d.settled();
}

#[test]
fn a_number_that_leads_nowhere_is_refused_at_once() {
    let mut d = Driver::new();
    let (leg, tag) = collecting(&mut d);
    d.command(leg, Command::Release(Cause::UNALLOCATED_NUMBER));
    let refused = d.one();
    assert!(refused.starts_with("SIP/2.0 404 "), "{refused}");
    d.from(ALICE, &alice("ACK", "inv1", 1, &tag, "", ""));
    d.from(ALICE, &notify("k1", 3, &tag, ACTIVE, &report(200, "1")));
    assert!(d.one().starts_with("SIP/2.0 481 "));
    d.settled();
}

/// RFC 3262 §3: a caller that wants every provisional response confirmed gets this one so as well.
#[test]
fn the_dialog_can_begin_with_a_reliable_response() {
    let mut d = Driver::new();
    let (_, tag, subscribe) = asked(&mut d, "Require: 100rel\r\n");
    d.from(ALICE, &alice("PRACK", "pr1", 2, &tag, "RAck: 1 1 INVITE\r\n", ""));
    // Which RSeq it had does not matter here.
    d.sent.clear();
    d.from(ALICE, &respond(&subscribe, 200, "", "", ""));
    d.from(ALICE, &notify("k1", 3, &tag, "active", &report(200, "1")));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    keys(&mut d, "1");
}
