//! Keys of Cisco's phones on the wire: a REFER outside of any dialog, and what follows.

mod support;

use strowger_base::feature::{FeatureAnswer, FeatureRequest};
use strowger_base::{Cause, Command, LegId, Signal};
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
