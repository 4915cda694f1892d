//! Messages that cross each other, come late, or come where they should not: each test is one ladder.

mod support;

use std::time::Duration;

use strowger_base::leg::{Alert, Digit, Party, ReleaseReason};
use strowger_base::{Cause, Command, Media, Signal};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
const RELIABLE: &str = "Require: 100rel\r\n";

/// A call to Bob's trunk that was answered and acknowledged; returns the leg.
fn talking_with_bob(d: &mut Driver) -> strowger_base::LegId {
    let (leg, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    assert!(d.one().starts_with("ACK "));
    assert!(matches!(d.signal(), Signal::Answered { .. }));
    leg
}

#[test]
fn of_two_early_dialogs_the_answer_of_the_one_that_takes_the_call_counts() {
    let other = SDP_B.replace("m=audio ", "m=audio 1");
    // The 200 repeats its answer, or leaves it to the reliable response.
    for (reliable, final_body) in [(false, other.as_str()), (true, other.as_str()), (true, "")] {
        let mut d = Driver::new();
        let (_, invite) = d.ring(offer(SDP_A), true);
        d.from(BOB, &respond(&invite, 183, "f1", &format!("{RELIABLE}RSeq: 5\r\n"), SDP_B));
        assert!(d.one().starts_with("PRACK "));
        assert_eq!(d.signal(), Signal::Alerting { alert: Alert::Progress, media: answer(SDP_B) });
        if reliable {
            d.from(BOB, &respond(&invite, 183, "f2", &format!("{RELIABLE}RSeq: 9\r\n"), &other));
            assert!(d.one().starts_with("PRACK "));
            assert_eq!(d.signal(), Signal::Alerting { alert: Alert::Progress, media: Media::None });
        }
        d.from(BOB, &respond(&invite, 200, "f2", "", final_body));
        assert!(d.next().starts_with("ACK "));
        let Signal::Answered { media, .. } = d.signal() else { panic!() };
        assert_eq!(media, answer(&other), "{reliable} {final_body}");
    }
}

#[test]
fn a_caller_that_agreed_with_another_early_dialog_is_offered_the_right_one() {
    let mut d = Driver::new();
    let leg = d.invite("Supported: 100rel\r\n", SDP_A);
    d.command(
        leg,
        Command::Alert {
            alert: Alert::Progress,
            media: answer(SDP_B),
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        },
    );
    let progress = d.one();
    let (tag, rseq) = (tag_of(&progress, "To").to_owned(), header(&progress, "RSeq").to_owned());
    d.from(ALICE, &alice("PRACK", "prack1", 2, &tag, &format!("RAck: {rseq} 1 INVITE\r\n"), ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    let other = SDP_B.replace("m=audio ", "m=audio 1");
    d.command(leg, Command::Answer { media: answer(&other), connected: Party::default() });
    assert_eq!(body_of(&d.one()), "");
    d.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
    d.pass(SECOND / 10);
    let again = d.one();
    assert!(again.starts_with("INVITE ") && body_of(&again) == other, "{again}");
    d.from(ALICE, &respond(&again, 200, "", "", SDP_A));
    assert!(d.one().starts_with("ACK "));
    d.silent();
}

#[test]
fn what_crosses_our_bye_is_answered_and_leaves_nothing_behind() {
    for (method, extra, body) in [
        ("UPDATE", "", SDP_A),
        ("REFER", "Refer-To: <sip:1003@strowger.test>\r\n", ""),
        ("INVITE", "", SDP_A),
        ("INFO", "", ""),
        ("OPTIONS", "", ""),
    ] {
        let mut d = Driver::new();
        let (leg, tag) = d.established("");
        d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        let bye = d.one();
        d.from(ALICE, &alice(method, "late", 2, &tag, extra, body));
        let answer = d.one();
        assert!(answer.starts_with("SIP/2.0 481 "), "{method}: {answer}");
        if method == "INVITE" {
            d.from(ALICE, &alice("ACK", "late", 2, &tag, "", ""));
        }
        d.from(ALICE, &respond(&bye, 200, "", "", ""));
        d.settled();
    }
}

#[test]
fn a_second_refer_while_the_first_is_open_is_answered() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    let to = "Refer-To: <sip:1003@strowger.test>\r\n";
    d.from(ALICE, &alice("REFER", "r1", 2, &tag, to, ""));
    d.signal();
    d.from(ALICE, &alice("REFER", "r2", 3, &tag, to, ""));
    assert!(d.one().starts_with("SIP/2.0 491 "));
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.sent.iter().find(|(_, text)| text.starts_with("BYE ")).unwrap().1.clone();
    d.sent.clear();
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    d.settled();
}

#[test]
fn a_bye_on_an_early_dialog_gives_the_invite_up() {
    let mut d = Driver::new();
    let (_, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 180, "tb", "", ""));
    d.signal();
    let (from, to) = (header(&invite, "From"), header(&invite, "To"));
    let call_id = header(&invite, "Call-ID");
    d.from(
        BOB,
        &format!(
            "BYE sip:1001@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20:5070;branch=z9hG4bKb1\r\nMax-Forwards: 70\r\n\
             From: {to};tag=tb\r\nTo: {from}\r\nCall-ID: {call_id}\r\nCSeq: 7 BYE\r\nContent-Length: 0\r\n\r\n"
        ),
    );
    assert!(d.next().starts_with("SIP/2.0 200 "));
    let cancel = d.one();
    assert!(cancel.starts_with("CANCEL "), "{cancel}");
    let Signal::Released { reason, .. } = d.signal() else { panic!() };
    assert_eq!(reason, ReleaseReason::HungUp);
    d.from(BOB, &respond(&cancel, 200, "tb", "", ""));
    d.from(BOB, &respond(&invite, 487, "tb", "", ""));
    assert!(d.one().starts_with("ACK "));
    d.settled();
}

#[test]
fn a_change_that_meets_another_one_again_and_again_is_given_up() {
    let mut d = Driver::new();
    let (leg, _) = d.established("");
    d.command(leg, Command::Media(offer(SDP_B)));
    let mut tries = 0;
    while d.signals.is_empty() {
        let invite = d.next();
        // Copies of it went out meanwhile.
        d.sent.clear();
        tries += 1;
        assert!(invite.starts_with("INVITE ") && tries < 10, "{invite}");
        d.from(ALICE, &respond(&invite, 491, "", "", ""));
        assert!(d.one().starts_with("ACK "));
        d.pass(SECOND * 5);
    }
    assert_eq!(d.signal(), Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE));
    d.pass(SECOND * 60);
    d.silent();
}

#[test]
fn an_offer_that_waits_is_refused_when_another_one_overtakes_it() {
    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: Party::default() });
    d.one();
    // The ACK is missing, so that neither can be sent.
    d.command(leg, Command::Media(offer(SDP_A)));
    d.silent();
    d.command(leg, Command::Media(offer(SDP_B)));
    assert_eq!(d.signal(), Signal::MediaRefused(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE));
}

#[test]
fn an_offer_waits_for_the_ack_and_no_longer() {
    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: Party::default() });
    let tag = tag_of(&d.one(), "To").to_owned();
    d.command(leg, Command::Media(offer(SDP_B)));
    d.silent();
    d.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
    let offered = d.one();
    assert!(offered.starts_with("INVITE ") && offered.ends_with(SDP_B), "{offered}");
}

#[test]
fn a_prack_that_crosses_the_answer_is_taken() {
    let mut d = Driver::new();
    let leg = d.invite(&format!("Supported: 100rel\r\n{RELIABLE}"), SDP_A);
    d.command(
        leg,
        Command::Alert {
            alert: Alert::Ringing,
            media: Media::None,
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        },
    );
    let ringing = d.one();
    let rseq = header(&ringing, "RSeq").to_owned();
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: Party::default() });
    let ok = d.one();
    let tag = tag_of(&ok, "To").to_owned();
    let rack = format!("RAck: {rseq} 1 INVITE\r\n");
    d.from(ALICE, &alice("PRACK", "prack1", 2, &tag, &rack, ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.from(ALICE, &alice("PRACK", "prack2", 3, &tag, &rack, ""));
    assert!(d.one().starts_with("SIP/2.0 481 "), "it is taken once");
}

#[test]
fn a_second_reinvite_while_the_first_waits_may_come_again() {
    let mut d = Driver::new();
    let (_, tag) = d.established("");
    d.from(ALICE, &alice("INVITE", "inv2", 2, &tag, "", SDP_B));
    assert!(d.one().starts_with("SIP/2.0 100 "));
    d.signal();
    d.from(ALICE, &alice("INVITE", "inv3", 3, &tag, "", SDP_A));
    let busy = d.one();
    assert!(busy.starts_with("SIP/2.0 500 "), "{busy}");
    assert_eq!(header(&busy, "Retry-After"), "3");
}

#[test]
fn what_a_request_in_a_dialog_demands_is_looked_at() {
    let check = |method: &str, extra: &str, body: &str, expect: &str| {
        let mut d = Driver::new();
        let (_, tag) = d.established("");
        let mut request = alice(method, "x", 2, &tag, extra, body);
        if extra.contains("Content-Type") {
            request = request.replace("Content-Type: application/sdp\r\n", "");
        }
        d.from(ALICE, &request);
        let answer = d.one();
        assert!(answer.starts_with(&format!("SIP/2.0 {expect} ")), "{method} {extra}: {answer}");
        assert!(d.signals.is_empty());
    };
    check("INVITE", "Require: foo\r\n", SDP_A, "420");
    check("UPDATE", "Require: foo\r\n", "", "420");
    check("INFO", "Require: foo\r\n", "", "420");
    check("INVITE", "Content-Type: text/plain\r\n", "hello", "415");
    check("UPDATE", "Content-Type: text/plain\r\n", "hello", "415");
}

#[test]
fn a_phone_that_moves_is_followed() {
    const MOVED: &str = "192.0.2.77:5099";
    for method in ["INVITE", "UPDATE"] {
        let mut d = Driver::new();
        let (leg, tag) = d.established("");
        let request = alice(method, "move", 2, &tag, "", SDP_A).replace("192.0.2.10:5060", MOVED);
        d.from(MOVED, &request);
        while !d.sent.is_empty() {
            d.sent.clear();
        }
        if method == "INVITE" {
            d.from(MOVED, &alice("ACK", "ack2", 2, &tag, "", "").replace("192.0.2.10:5060", MOVED));
        }
        d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        let (to, bye) = d.sent.remove(0);
        assert!(bye.starts_with(&format!("BYE sip:1001@{MOVED} ")), "{bye}");
        assert_eq!(to.to_string(), MOVED, "{method}");
    }
}

#[test]
fn the_ack_goes_where_the_answer_says_when_a_trunk_answers() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(offer(SDP_A), false);
    let ok =
        respond(&invite, 200, "tb", "", SDP_B).replace("sip:bob@192.0.2.20:5070", "sip:bob@192.0.2.21:5091");
    d.from(BOB, &ok);
    let (to, ack) = d.sent.remove(0);
    assert!(ack.starts_with("ACK sip:bob@192.0.2.21:5091 "), "{ack}");
    assert_eq!(to.to_string(), "192.0.2.21:5091");
    d.signals.clear();
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    assert_eq!(d.sent.remove(0).0.to_string(), "192.0.2.21:5091");
}

#[test]
fn an_invite_of_ours_that_comes_back_is_a_loop_only_for_the_same_address() {
    let mut d = Driver::new();
    let (_, invite) = d.ring(offer(SDP_A), false);
    let back = |uri: &str, branch: &str| {
        let via = format!("Via: SIP/2.0/UDP 192.0.2.20:5070;branch=z9hG4bK{branch}\r\nVia: ");
        let (line, rest) = invite.split_once("\r\n").unwrap();
        let line = line.replace("sip:1002@192.0.2.20:5070", uri);
        format!("{line}\r\n{}", rest.replacen("Via: ", &via, 1))
    };
    d.from(BOB, &back("sip:1002@192.0.2.20:5070", "same"));
    assert!(d.one().starts_with("SIP/2.0 482 "));
    d.from(BOB, &back("sip:1003@192.0.2.1:5060", "other"));
    assert!(d.one().starts_with("SIP/2.0 100 "));
    assert!(matches!(d.signal(), Signal::Setup(setup) if &*setup.called == "1003"));
}

#[test]
fn a_call_that_is_over_leaves_nothing_of_an_early_end() {
    let mut d = Driver::new();
    let leg = talking_with_bob(&mut d);
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    d.from(BOB, &respond(&bye, 200, "tb", "", ""));
    d.settled();
}

/// RFC 3262 §4, RFC 3261 §12.2.1.1: what is for one of several early dialogs goes there, by its tag and its own numbers.
#[test]
fn each_early_dialog_is_confirmed_and_told_keys_by_its_own_name() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(offer(SDP_A), true);
    d.from(BOB, &respond(&invite, 180, "f1", "", ""));
    assert!(matches!(d.signal(), Signal::Alerting { alert: Alert::Ringing, .. }));
    let reliable = |rseq: u32| format!("{RELIABLE}RSeq: {rseq}\r\n");
    let confirmed = |d: &mut Driver, tag: &str, rseq: u32, body: &str| {
        let extra = reliable(rseq).replace("RSeq", "Allow: INVITE, INFO\r\nRSeq");
        d.from(BOB, &respond(&invite, 183, tag, &extra, body));
        let prack = d.one();
        assert!(prack.starts_with("PRACK "), "{prack}");
        assert_eq!(header(&prack, "RAck"), format!("{rseq} 1 INVITE"));
        d.from(BOB, &respond(&prack, 200, "", "", ""));
        assert!(matches!(d.signal(), Signal::Alerting { .. }));
        (tag_of(&prack, "To").to_owned(), header(&prack, "CSeq").to_owned())
    };
    assert_eq!(confirmed(&mut d, "f2", 5, SDP_B), ("f2".to_owned(), "2 PRACK".to_owned()));
    assert_eq!(confirmed(&mut d, "f1", 7, ""), ("f1".to_owned(), "2 PRACK".to_owned()));
    assert_eq!(confirmed(&mut d, "f2", 6, ""), ("f2".to_owned(), "3 PRACK".to_owned()));
    // The sound of the second one is heard.
    d.command(leg, Command::Digit(Digit { key: '5', duration_ms: 120 }));
    let info = d.one();
    assert_eq!((&info[..5], tag_of(&info, "To"), header(&info, "CSeq")), ("INFO ", "f2", "4 INFO"));
    d.from(BOB, &respond(&info, 200, "", "", ""));
    // It answers, and its numbers go on.
    d.from(BOB, &respond(&invite, 200, "f2", "", SDP_B));
    assert!(d.next().starts_with("ACK "));
    assert!(matches!(d.signal(), Signal::Answered { .. }));
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    assert_eq!((tag_of(&bye, "To"), header(&bye, "CSeq")), ("f2", "5 BYE"));
}

/// RFC 3262 §5: an offer in the reliable response of another early dialog is answered in the PRACK of that one.
#[test]
fn an_offer_of_another_early_dialog_is_answered_there() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(Media::None, true);
    d.from(BOB, &respond(&invite, 180, "f1", "", ""));
    assert!(matches!(d.signal(), Signal::Alerting { .. }));
    d.from(BOB, &respond(&invite, 183, "f2", &format!("{RELIABLE}RSeq: 5\r\n"), SDP_B));
    assert!(matches!(d.signal(), Signal::Alerting { media: Media::Offer(_), .. }));
    d.command(leg, Command::Media(answer(SDP_A)));
    let prack = d.one();
    assert_eq!((&prack[..6], tag_of(&prack, "To"), body_of(&prack)), ("PRACK ", "f2", SDP_A));
}
