//! REFER, NOTIFY and Replaces on the wire (RFC 3515, RFC 4488, RFC 3891).

mod support;

use std::time::Duration;

use strowger_base::leg::ReleaseReason;
use strowger_base::{Cause, Command, LegId, Media, Signal, limits};
use support::*;

const SECOND: Duration = Duration::from_secs(1);

fn refer(branch: &str, cseq: u32, tag: &str, target: &str, extra: &str) -> String {
    alice("REFER", branch, cseq, tag, &format!("Refer-To: {target}\r\n{extra}"), "")
}

fn asked(destination: &str, replaces: Option<LegId>) -> Signal {
    Signal::TransferRequested { destination: destination.into(), replaces }
}

/// A NOTIFY to Alice that says this of transfer and subscription.
#[track_caller]
fn told(notify: &str, status: &str, state: &str) {
    assert!(notify.starts_with("NOTIFY sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{notify}");
    assert_eq!(header(notify, "Event"), "refer;id=2");
    assert_eq!(header(notify, "Content-Type"), "message/sipfrag;version=2.0");
    assert_eq!(header(notify, "Contact"), "<sip:1002@192.0.2.1:5060>");
    assert_eq!(body_of(notify), format!("SIP/2.0 {status}\r\n"));
    assert_eq!(header(notify, "Subscription-State"), state);
}

/// A transfer that call control accepted; returns leg, our tag and the first NOTIFY.
fn accepted(d: &mut Driver) -> (LegId, String, String) {
    let (leg, tag) = d.established("");
    d.from(ALICE, &refer("ref1", 2, &tag, "<sip:1003@strowger.test>", ""));
    assert_eq!(d.signal(), asked("1003", None));
    d.silent();
    d.command(leg, Command::TransferResult(Ok(())));
    let answer = d.next();
    assert!(answer.starts_with("SIP/2.0 202 Accepted\r\n"), "{answer}");
    assert_eq!(header(&answer, "Contact"), "<sip:1002@192.0.2.1:5060>");
    let notify = d.one();
    told(&notify, "100 Trying", "active;expires=180");
    (leg, tag, notify)
}

#[test]
fn an_accepted_transfer_is_told_to_its_end() {
    let check = |result: Result<(), Cause>, status: &str| {
        let mut d = Driver::new();
        let (leg, _, notify) = accepted(&mut d);
        d.from(ALICE, &respond(&notify, 200, "", "", ""));
        d.silent();
        d.command(leg, Command::TransferEnded(result));
        let last = d.one();
        told(&last, status, "terminated;reason=noresource");
        assert_eq!(header(&last, "CSeq"), "2 NOTIFY");
        d.from(ALICE, &respond(&last, 200, "", "", ""));
        // That is all; the call itself goes on.
        d.command(leg, Command::TransferEnded(result));
        d.silent();
        d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        let bye = d.one();
        assert!(bye.starts_with("BYE "), "{bye}");
        d.from(ALICE, &respond(&bye, 200, "", "", ""));
        d.settled();
    };
    check(Ok(()), "200 OK");
    check(Err(Cause::USER_BUSY), "486 Busy Here");
    check(Err(Cause::UNALLOCATED_NUMBER), "404 Not Found");
}

/// RFC 3515 §2.4.2: a REFER that is refused makes no subscription.
#[test]
fn a_refused_transfer_is_declined_and_not_told_of() {
    let check = |cause: Cause, status: &str| {
        let mut d = Driver::new();
        let (leg, tag) = d.established("");
        for (branch, cseq) in [("ref1", 2), ("ref2", 3)] {
            d.from(ALICE, &refer(branch, cseq, &tag, "sip:1003@strowger.test", ""));
            assert_eq!(d.signal(), asked("1003", None));
            d.command(leg, Command::TransferResult(Err(cause)));
            let refused = d.one();
            assert!(refused.starts_with(&format!("SIP/2.0 {status}\r\n")), "{refused}");
            assert!(header(&refused, "Reason").starts_with(&format!("Q.850;cause={};", cause.0)));
            d.command(leg, Command::TransferEnded(Ok(())));
            d.silent();
        }
    };
    check(Cause::FACILITY_REJECTED, "603 Decline");
    check(Cause::OUTGOING_CALLS_BARRED, "403 Forbidden");
}

#[test]
fn the_last_notify_waits_for_the_answer_to_the_first() {
    let mut d = Driver::new();
    let (leg, _, notify) = accepted(&mut d);
    d.command(leg, Command::TransferEnded(Ok(())));
    d.silent();
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    told(&d.one(), "200 OK", "terminated;reason=noresource");
}

#[test]
fn a_device_that_hangs_up_after_the_202_is_told_all_the_same() {
    let mut d = Driver::new();
    let (leg, tag, notify) = accepted(&mut d);
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    d.from(ALICE, &alice("BYE", "bye1", 3, &tag, "", ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    let Signal::Released { reason: ReleaseReason::HungUp, .. } = d.signal() else { panic!() };
    d.from(ALICE, &alice("INVITE", "inv2", 4, &tag, "", SDP_A));
    assert!(d.one().starts_with("SIP/2.0 481 "));
    d.from(ALICE, &alice("ACK", "inv2", 4, &tag, "", ""));
    d.pass(SECOND * 60);
    d.silent();
    d.command(leg, Command::TransferEnded(Ok(())));
    let last = d.one();
    told(&last, "200 OK", "terminated;reason=noresource");
    d.from(ALICE, &respond(&last, 200, "", "", ""));
    assert_eq!(d.sip.sizes().legs, 0);
    d.settled();
}

/// Nothing of a transfer whose outcome is never told is left behind.
#[test]
fn a_subscription_ends_with_its_time_also_after_the_call() {
    for hung_up in [false, true] {
        let mut d = Driver::new();
        let (leg, tag, notify) = accepted(&mut d);
        d.from(ALICE, &respond(&notify, 200, "", "", ""));
        if hung_up {
            d.from(ALICE, &alice("BYE", "bye1", 3, &tag, "", ""));
            assert!(d.one().starts_with("SIP/2.0 200 "));
            d.signals.clear();
        }
        d.pass(limits::REFER_SUBSCRIPTION - SECOND);
        d.silent();
        d.pass(SECOND);
        let last = d.one();
        told(&last, "100 Trying", "terminated;reason=timeout");
        // Nobody answers it.
        d.pass(SECOND * 40);
        d.sent.clear();
        if !hung_up {
            d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
            let bye = d.one();
            d.from(ALICE, &respond(&bye, 200, "", "", ""));
        }
        assert!(d.signals.is_empty());
        d.settled();
    }
}

#[test]
fn a_call_released_amid_a_transfer_tells_its_device_before_the_bye() {
    let mut d = Driver::new();
    let (leg, _, notify) = accepted(&mut d);
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let last = d.next();
    told(&last, "480 Temporarily Unavailable", "terminated;reason=noresource");
    let bye = d.one();
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    assert_eq!(d.sip.sizes().legs, 1);
    d.from(ALICE, &respond(&last, 200, "", "", ""));
    assert_eq!(d.sip.sizes().legs, 0);
}

/// RFC 6665 §4.2.2: the subscriber is gone, the call is not (RFC 5057 §5.1).
#[test]
fn a_refused_notify_ends_the_subscription_and_not_the_call() {
    let mut d = Driver::new();
    let (leg, tag, notify) = accepted(&mut d);
    d.from(ALICE, &respond(&notify, 481, "", "", ""));
    d.command(leg, Command::TransferEnded(Ok(())));
    d.silent();
    d.from(ALICE, &refer("ref2", 3, &tag, "<sip:1004@strowger.test>", ""));
    assert_eq!(d.signal(), asked("1004", None));
}

#[test]
fn a_second_transfer_waits_until_the_first_is_over() {
    let mut d = Driver::new();
    let (_, tag, _) = accepted(&mut d);
    d.from(ALICE, &refer("ref2", 3, &tag, "<sip:1004@strowger.test>", ""));
    assert!(d.one().starts_with("SIP/2.0 491 "));
    d.silent();
}

/// A transaction without response would stay for ever.
#[test]
fn a_transfer_that_is_never_decided_on_is_answered_when_its_call_ends_unanswered() {
    let check = |gives_up: bool| {
        let mut d = Driver::new();
        let leg = d.invite("", SDP_A);
        d.command(
            leg,
            Command::Alert {
                alert: strowger_base::leg::Alert::Ringing,
                media: Media::None,
                shown: None,
                heard: strowger_base::leg::EarlyMedia::Unsaid,
            },
        );
        let tag = tag_of(&d.one(), "To").to_owned();
        d.from(ALICE, &refer("ref1", 2, &tag, "<sip:1003@strowger.test>", ""));
        assert_eq!(d.signal(), asked("1003", None));
        d.silent();
        if gives_up {
            d.from(ALICE, &alice("CANCEL", "inv1", 1, "", "", ""));
        } else {
            d.command(leg, Command::Release(Cause::USER_BUSY));
        }
        let answered = |method: &str| {
            d.sent
                .iter()
                .any(|(_, text)| text.starts_with("SIP/2.0 4") && header(text, "CSeq").ends_with(method))
        };
        assert!(answered("INVITE") && answered("REFER"), "{:#?}", d.sent);
        d.from(ALICE, &alice("ACK", "inv1", 1, &tag, "", ""));
        d.settled();
    };
    check(false);
    check(true);

    // The same of a device that is rung: it refuses the call, or is not wanted any more.
    for refuses in [true, false] {
        let mut d = Driver::new();
        let (leg, invite) = d.ring(offer(SDP_A), false);
        d.from(BOB, &respond(&invite, 180, "tb", "", ""));
        d.signals.clear();
        let ringing = invite.replace("To: <sip:1002@strowger.test>", "To: <sip:1002@strowger.test>;tag=tb");
        let asks =
            notify(&ringing, 1, "Refer-To: <sip:1003@strowger.test>\r\n", "").replace("NOTIFY", "REFER");
        d.from(BOB, &asks);
        assert_eq!(d.signal(), asked("1003", None));
        if refuses {
            d.from(BOB, &respond(&invite, 486, "tb", "", ""));
        } else {
            d.command(leg, Command::Release(Cause::NO_ANSWER_FROM_USER));
        }
        let answered = d
            .sent
            .iter()
            .any(|(_, text)| text.starts_with("SIP/2.0 487 ") && header(text, "CSeq") == "1 REFER");
        assert!(answered, "{refuses} {:#?}", d.sent);
        d.settled();
    }
}

/// RFC 4488 §4.
#[test]
fn a_device_that_wants_no_notify_gets_none() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    d.from(ALICE, &refer("ref1", 2, &tag, "<sip:1003@strowger.test>", "Refer-Sub: FALSE ;x\r\n"));
    assert_eq!(d.signal(), asked("1003", None));
    d.command(leg, Command::TransferResult(Ok(())));
    let answer = d.one();
    assert!(answer.starts_with("SIP/2.0 202 "), "{answer}");
    assert_eq!(header(&answer, "Refer-Sub"), "false");
    d.command(leg, Command::TransferEnded(Ok(())));
    d.silent();
}

#[test]
fn the_subscription_of_a_transfer_can_be_prolonged_and_ended() {
    let mut d = Driver::new();
    let (_, tag, notify) = accepted(&mut d);
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    let subscribe = |d: &mut Driver, cseq: u32, headers: &str| {
        d.from(ALICE, &alice("SUBSCRIBE", &format!("sub{cseq}"), cseq, &tag, headers, ""));
        d.next()
    };
    d.pass(SECOND * 100);
    let answer = subscribe(&mut d, 3, "Event: refer;id=2\r\nExpires: 3600\r\n");
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert_eq!(header(&answer, "Expires"), "180");
    let notify = d.one();
    told(&notify, "100 Trying", "active;expires=180");
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    assert!(subscribe(&mut d, 4, "Event: refer;id=9\r\n").starts_with("SIP/2.0 481 "));
    assert!(subscribe(&mut d, 5, "Event: dialog\r\n").starts_with("SIP/2.0 489 "));
    assert!(subscribe(&mut d, 6, "Event: refer\r\nExpires: 0\r\n").starts_with("SIP/2.0 200 "));
    let last = d.one();
    told(&last, "100 Trying", "terminated;reason=timeout");
    d.from(ALICE, &respond(&last, 200, "", "", ""));
    assert!(subscribe(&mut d, 7, "Event: refer\r\n").starts_with("SIP/2.0 481 "));
    d.silent();
}

/// Bob's phone is asked to call 1003 itself; returns leg and REFER.
fn referred(d: &mut Driver) -> (LegId, String) {
    let (leg, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    d.sent.clear();
    d.signals.clear();
    d.command(leg, Command::RequestTransfer("1003".into()));
    let refer = d.one();
    assert!(refer.starts_with("REFER sip:bob@192.0.2.20:5070 SIP/2.0\r\n"), "{refer}");
    assert_eq!(header(&refer, "Refer-To"), "<sip:1003@strowger.test>");
    assert_eq!(header(&refer, "Referred-By"), "\"Alice\" <sip:1001@strowger.test>");
    (leg, refer)
}

/// A NOTIFY of Bob about that REFER.
fn notify(refer: &str, cseq: u32, headers: &str, body: &str) -> String {
    let (from, to) = (header(refer, "To"), header(refer, "From"));
    format!(
        "NOTIFY sip:1001@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20:5070;branch=z9hG4bKn{cseq}\r\n\
         From: {from}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {cseq} NOTIFY\r\nEvent: refer\r\n{headers}\
         Content-Type: message/sipfrag\r\nContent-Length: {}\r\n\r\n{body}",
        header(refer, "Call-ID"),
        body.len()
    )
}

/// What the NOTIFYs to a REFER of ours say comes to one outcome.
#[test]
fn the_outcome_of_a_transfer_that_we_asked_for_is_what_was_notified_last() {
    let check = |notifies: &[(&str, &str)], expect: Result<(), Cause>| {
        let mut d = Driver::new();
        let (leg, refer) = referred(&mut d);
        d.from(BOB, &respond(&refer, 202, "", "", ""));
        d.silent();
        for (cseq, (state, status)) in (1..).zip(notifies) {
            assert!(d.signals.is_empty(), "{:?}", d.signals);
            let state = format!("Subscription-State: {state}\r\n");
            d.from(BOB, &notify(&refer, cseq, &state, &format!("SIP/2.0 {status}\r\n")));
            assert!(d.one().starts_with("SIP/2.0 200 "));
        }
        assert_eq!(d.signal(), Signal::TransferEnded(expect), "{notifies:?}");
        // Nothing more comes of it, and the call is as it was.
        let more = notify(&refer, 9, "Subscription-State: active\r\n", "SIP/2.0 100 Trying\r\n");
        d.from(BOB, &more);
        assert!(d.one().starts_with("SIP/2.0 481 "));
        d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        let bye = d.one();
        d.from(BOB, &respond(&bye, 200, "", "", ""));
        d.settled();
    };
    let trying = ("active;expires=60", "100 Trying");
    check(&[trying, ("active", "180 Ringing"), ("terminated;reason=noresource", "200 OK")], Ok(()));
    check(&[trying, ("terminated;reason=noresource", "486 Busy Here")], Err(Cause::USER_BUSY));
    // The status may come before the end.
    check(&[("active", "200 OK"), ("terminated;reason=timeout", "")], Ok(()));
    check(&[("pending", "100 Trying"), ("terminated;reason=rejected", "")], Err(Cause::CALL_REJECTED));
    check(&[("terminated;reason=timeout", "100 Trying")], Err(Cause::RECOVERY_ON_TIMER_EXPIRY));
    check(&[("terminated", "junk")], Err(Cause::NORMAL_UNSPECIFIED));
}

#[test]
fn a_transfer_that_we_ask_for_in_vain_is_told_once_and_the_call_goes_on() {
    let ended = |d: &mut Driver, cause: Cause| {
        assert_eq!(d.signal(), Signal::TransferEnded(Err(cause)));
        d.sent.clear();
        d.silent();
        assert_eq!(d.sip.sizes().legs, 1);
    };
    let mut d = Driver::new();
    let (leg, refer) = referred(&mut d);
    d.command(leg, Command::RequestTransfer("1004".into()));
    ended(&mut d, Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE);
    d.from(BOB, &respond(&refer, 603, "", "", ""));
    ended(&mut d, Cause::CALL_REJECTED);

    // No response at all, and a 202 that no NOTIFY follows (timer N, RFC 6665 §4.1.2.4).
    for answered in [false, true] {
        let mut d = Driver::new();
        let (_, refer) = referred(&mut d);
        if answered {
            d.from(BOB, &respond(&refer, 202, "", "", ""));
        }
        d.pass(SECOND * 33);
        let timeout = if answered { Cause::RECOVERY_ON_TIMER_EXPIRY } else { Cause::NO_USER_RESPONDING };
        ended(&mut d, timeout);
    }
}

#[test]
fn a_subscription_of_ours_is_prolonged_until_it_is_refused() {
    let mut d = Driver::new();
    let (_, refer) = referred(&mut d);
    d.from(BOB, &respond(&refer, 202, "", "", ""));
    d.from(BOB, &notify(&refer, 1, "Subscription-State: active;expires=100\r\n", "SIP/2.0 100 Trying\r\n"));
    d.sent.clear();
    d.pass(SECOND * 80);
    let subscribe = d.one();
    assert!(subscribe.starts_with("SUBSCRIBE sip:bob@"), "{subscribe}");
    assert_eq!(header(&subscribe, "Event"), "refer;id=2");
    assert_eq!(header(&subscribe, "Expires"), "180");
    d.from(BOB, &respond(&subscribe, 200, "", "Expires: 180\r\n", ""));
    d.pass(SECOND * 143);
    d.silent();
    d.pass(SECOND);
    let subscribe = d.one();
    d.from(BOB, &respond(&subscribe, 481, "", "", ""));
    assert_eq!(d.signal(), Signal::TransferEnded(Err(Cause::NORMAL_UNSPECIFIED)));
    d.silent();
}

#[test]
fn a_notify_without_the_state_of_its_subscription_is_malformed() {
    let mut d = Driver::new();
    let (_, refer) = referred(&mut d);
    d.from(BOB, &notify(&refer, 1, "", "SIP/2.0 200 OK\r\n"));
    assert!(d.one().starts_with("SIP/2.0 400 "));
    d.silent();
}

#[test]
fn a_notify_that_nobody_asked_for_belongs_to_no_subscription() {
    let mut d = Driver::new();
    let (_, tag) = d.established("");
    let state = "Event: refer\r\nSubscription-State: active\r\n";
    d.from(ALICE, &alice("NOTIFY", "not1", 2, &tag, state, ""));
    assert!(d.one().starts_with("SIP/2.0 481 "));
    d.silent();
}

#[test]
fn a_refer_without_a_target_or_with_half_a_replaces_is_malformed() {
    let mut d = Driver::new();
    let (_, tag) = d.established("");
    d.from(ALICE, &alice("REFER", "ref1", 2, &tag, "", ""));
    assert!(d.one().starts_with("SIP/2.0 400 "));
    d.from(ALICE, &refer("ref2", 3, &tag, "<sip:1003@strowger.test?Replaces=a1%3Bto-tag%3Db>", ""));
    assert!(d.one().starts_with("SIP/2.0 400 "));
    d.silent();
}

/// An attended transfer names the other leg by the tags of its dialog (RFC 3891 §3, RFC 5589 §7.1).
#[test]
fn an_attended_transfer_names_a_leg_and_one_that_is_gone_is_told_as_481() {
    let mut d = Driver::new();
    let (alice_leg, tag) = d.established("");
    let (bob_leg, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    d.sent.clear();
    d.signals.clear();
    let target = |call_id: &str| {
        let (ours, call_id) = (tag_of(&invite, "From"), call_id.replace('@', "%40"));
        format!("<sip:1002@strowger.test?Replaces={call_id}%3Bto-tag%3D{ours}%3Bfrom-tag%3Dtb>")
    };
    d.from(ALICE, &refer("ref1", 2, &tag, &target("other@x"), ""));
    let missed = std::mem::take(&mut d.others);
    assert!(
        missed.iter().any(|it| it.starts_with("TransferMissed") && it.contains("\"1002\"")),
        "{missed:?}"
    );
    assert!(d.next().starts_with("SIP/2.0 202 "));
    let notify = d.one();
    told(&notify, "100 Trying", "active;expires=180");
    d.from(ALICE, &respond(&notify, 200, "", "", ""));
    let last = d.one();
    told(&last, "481 Call/Transaction Does Not Exist", "terminated;reason=noresource");
    d.from(ALICE, &respond(&last, 200, "", "", ""));
    d.silent();
    d.from(ALICE, &refer("ref2", 3, &tag, &target(header(&invite, "Call-ID")), ""));
    assert_eq!(d.signal(), asked("1002", Some(bob_leg)));
    assert_ne!(alice_leg, bob_leg);
}

#[test]
fn replaces_in_anything_but_an_invite_is_malformed() {
    let mut d = Driver::new();
    let (_, tag) = d.established("");
    for (method, cseq) in [("OPTIONS", 2), ("BYE", 3)] {
        let replaces = "Replaces: a;to-tag=b;from-tag=c\r\n";
        d.from(ALICE, &alice(method, method, cseq, &tag, replaces, ""));
        assert!(d.one().starts_with("SIP/2.0 400 "), "{method}");
    }
    d.silent();
}

/// RFC 3891 §3: what an INVITE with Replaces is answered, by where the dialog that it names stands.
#[test]
fn an_invite_with_replaces_is_refused_or_passed_up_as_the_dialog_stands() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Dialog {
        /// Bob's phone rings, for us.
        Ringing,
        Answered,
        Ended,
        /// Bob called us and has no answer.
        Calling,
    }
    let check = |dialog: Dialog, headers: &dyn Fn(&str, &str, &str) -> String, expect: Result<(), u16>| {
        let mut d = Driver::new();
        let (leg, call_id, ours, theirs) = match dialog {
            Dialog::Ringing | Dialog::Answered | Dialog::Ended => {
                let (leg, invite) = d.ring(offer(SDP_A), false);
                let status = if dialog == Dialog::Ringing { 180 } else { 200 };
                d.from(BOB, &respond(&invite, status, "tb", "", if status == 200 { SDP_B } else { "" }));
                if dialog == Dialog::Ended {
                    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
                }
                (leg, header(&invite, "Call-ID").to_owned(), tag_of(&invite, "From").to_owned(), "tb")
            }
            Dialog::Calling => {
                let invite = alice("INVITE", "bobs", 1, "", "", SDP_A).replace("Call-ID: a1", "Call-ID: b1");
                d.from(BOB, &invite.replace(";tag=ta", ";tag=tb"));
                let leg = d.signals.remove(0).0;
                d.command(
                    leg,
                    Command::Alert {
                        alert: strowger_base::leg::Alert::Ringing,
                        media: Media::None,
                        shown: None,
                        heard: strowger_base::leg::EarlyMedia::Unsaid,
                    },
                );
                let ringing = d.sent.pop().unwrap().1;
                (leg, "b1".to_owned(), tag_of(&ringing, "To").to_owned(), "tb")
            }
        };
        d.sent.clear();
        d.signals.clear();
        let replaces = headers(&call_id, &ours, theirs);
        d.from(ALICE, &alice("INVITE", "inv1", 1, "", &replaces, SDP_A));
        let answer = d.next();
        let status = expect.map_or_else(|status| status, |()| 100);
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{dialog:?} {replaces} {answer}");
        match expect {
            Ok(()) => {
                let Signal::Setup(setup) = d.signal() else { panic!() };
                assert_eq!(setup.replaces, Some(leg));
            }
            // Of a dialog that is not there no call can tell: an event does.
            Err(status) => {
                let told = d.others.iter().any(|it| it.contains("NothingThere"));
                assert_eq!(told, status == 481, "{dialog:?} {:?}", d.others);
                d.silent();
            }
        }
    };
    let plain = |call_id: &str, ours: &str, theirs: &str| {
        format!("Replaces: {call_id};to-tag={ours};from-tag={theirs}\r\n")
    };
    let early = |call_id: &str, ours: &str, theirs: &str| {
        format!("Replaces: {call_id};to-tag={ours};from-tag={theirs};early-only\r\n")
    };
    let crossed = |call_id: &str, ours: &str, theirs: &str| {
        format!("Replaces: {call_id};to-tag={theirs};from-tag={ours}\r\n")
    };
    let foreign =
        |call_id: &str, ours: &str, _: &str| format!("Replaces: {call_id};to-tag={ours};from-tag={ours}\r\n");
    let unreadable = |call_id: &str, _: &str, _: &str| format!("Replaces: {call_id}\r\n");
    check(Dialog::Ringing, &plain, Ok(()));
    check(Dialog::Ringing, &early, Ok(()));
    check(Dialog::Answered, &plain, Ok(()));
    check(Dialog::Answered, &early, Err(486));
    // As who learnt of the dialog by a dialog-info writes it.
    check(Dialog::Answered, &crossed, Ok(()));
    check(Dialog::Answered, &foreign, Err(481));
    check(Dialog::Answered, &unreadable, Err(400));
    check(Dialog::Ended, &plain, Err(603));
    check(Dialog::Calling, &plain, Err(481));
}
