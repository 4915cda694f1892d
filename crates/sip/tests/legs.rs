//! Legs, driven with messages as text: each test is one ladder.

mod support;

use std::time::Duration;

use strowger_base::leg::{Alert, Elsewhere, ReleaseReason};
use strowger_base::{Cause, Command, Media, Signal};
use support::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_comes_rings_is_answered_and_hung_up_by_the_caller() {
    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
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
    assert!(ringing.starts_with("SIP/2.0 180 Ringing\r\n"), "{ringing}");
    assert_eq!(header(&ringing, "Contact"), "<sip:1002@192.0.2.1:5060>");
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("1002", "Bob") });
    let ok = d.one();
    assert!(ok.starts_with("SIP/2.0 200 OK\r\n"), "{ok}");
    assert_eq!(body_of(&ok), SDP_B);
    assert_eq!(header(&ok, "P-Asserted-Identity"), "\"Bob\" <sip:1002@strowger.test>");
    let tag = tag_of(&ok, "To").to_owned();
    assert_eq!(tag_of(&ringing, "To"), tag);
    d.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
    d.silent();
    d.from(ALICE, &alice("BYE", "bye1", 2, &tag, "", ""));
    assert!(d.one().starts_with("SIP/2.0 200 OK\r\n"));
    let released = Signal::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::HungUp };
    assert_eq!(d.signal(), released);
    d.settled();
    d.silent();
}

#[test]
fn how_a_call_sounded_is_told_with_its_end_from_either_side() {
    const STAT: &str = "P-RTP-Stat: PS=151,OS=24160,PR=150,OR=24000,PL=1,JI=3,LA=12,DU=3\r\n";
    let told = |d: &mut Driver| d.statistics.pop().map(|it| (it.packets_sent, it.packets_lost, it.jitter_ms));
    let mut d = Driver::new();
    let (_, tag) = d.established("");
    d.from(ALICE, &alice("BYE", "bye1", 2, &tag, STAT, ""));
    assert_eq!(told(&mut d), Some((151, 1, 3)));
    let mut d = Driver::new();
    let (leg, _) = d.established("");
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    d.from(ALICE, &respond(&bye, 200, "", STAT, ""));
    assert_eq!(told(&mut d), Some((151, 1, 3)));
}

#[test]
fn a_caller_whose_call_went_on_is_shown_at_whom_it_rings_now() {
    let mut d = Driver::new();
    let leg = d.invite("Supported: 100rel\r\n", SDP_A);
    let mut rings = |alert, media, shown: Option<(&'static str, &'static str)>| {
        let shown = shown.map(|(number, name)| party(number, name));
        d.command(leg, Command::Alert { alert, media, shown, heard: strowger_base::leg::EarlyMedia::Unsaid });
        d.one()
    };
    let plain = rings(Alert::Ringing, Media::None, None);
    assert!(!plain.contains("P-Asserted-Identity"), "{plain}");
    let other = rings(Alert::Ringing, Media::None, Some(("1003", "Carol")));
    assert_eq!(header(&other, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    // Confirmed or not: what is not said again stays.
    let early = rings(Alert::Progress, answer(SDP_B), None);
    assert_eq!(header(&early, "Require"), "100rel");
    assert_eq!(header(&early, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
}

#[test]
fn an_answer_is_repeated_until_its_ack_and_then_given_up() {
    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
    d.pass(SECOND * 31);
    let copies = d.sent.len();
    assert!(copies > 8, "{copies}");
    assert!(d.sent.iter().all(|(_, text)| text.starts_with("SIP/2.0 200")));
    d.sent.clear();
    d.pass(Duration::from_millis(1200));
    let bye = d.sent.iter().find(|(_, text)| text.starts_with("BYE "));
    assert!(bye.is_some_and(|(_, bye)| bye.starts_with("BYE sip:1001@192.0.2.10:5060 ")), "{:#?}", d.sent);
    let Signal::Released { reason, .. } = d.signal() else { panic!() };
    assert_eq!(reason, ReleaseReason::Unconfirmed);
    d.settled();
}

#[test]
fn a_copy_of_the_invite_brings_the_last_provisional_response_again() {
    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
    d.command(
        leg,
        Command::Alert {
            alert: Alert::Ringing,
            media: Media::None,
            shown: None,
            heard: strowger_base::leg::EarlyMedia::Unsaid,
        },
    );
    let first = d.one();
    d.from(ALICE, &alice("INVITE", "inv1", 1, "", "", SDP_A));
    assert_eq!(d.one(), first);
    assert!(d.signals.is_empty());
    d.command(leg, Command::Release(Cause::USER_BUSY));
    let busy = d.one();
    assert!(busy.starts_with("SIP/2.0 486 Busy Here\r\n"), "{busy}");
    assert!(header(&busy, "Reason").starts_with("Q.850;cause=17;"));
    d.from(ALICE, &alice("ACK", "inv1", 1, tag_of(&busy, "To"), "", ""));
    d.settled();
    d.silent();
}

#[test]
fn cancel_before_the_answer_ends_the_call_and_cancel_after_200_is_answered_200_and_ignored() {
    let mut d = Driver::new();
    d.invite("", SDP_A);
    d.from(ALICE, &alice("CANCEL", "inv1", 1, "", "", ""));
    assert!(d.next().starts_with("SIP/2.0 200 "));
    let terminated = d.one();
    assert!(terminated.starts_with("SIP/2.0 487 Request Terminated\r\n"), "{terminated}");
    let cancelled = Signal::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::Cancelled };
    assert_eq!(d.signal(), cancelled);
    d.from(ALICE, &alice("ACK", "inv1", 1, tag_of(&terminated, "To"), "", ""));
    d.settled();

    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
    let ok = d.one();
    d.from(ALICE, &alice("CANCEL", "inv1", 1, "", "", ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.silent();
    d.from(ALICE, &alice("ACK", "ack1", 1, tag_of(&ok, "To"), "", ""));
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    d.settled();
}

#[test]
fn a_device_is_rung_answers_and_is_hung_up() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(offer(SDP_A), false);
    assert_eq!(body_of(&invite), SDP_A);
    assert_eq!(header(&invite, "Max-Forwards"), "68");
    d.from(BOB, &respond(&invite, 100, "", "", ""));
    assert_eq!(d.signal(), Signal::Proceeding);
    d.from(BOB, &respond(&invite, 180, "tb", "", ""));
    assert_eq!(d.signal(), Signal::Alerting { alert: Alert::Ringing, media: Media::None });
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    let ack = d.one();
    assert!(ack.starts_with("ACK sip:bob@192.0.2.20:5070 SIP/2.0\r\n"), "{ack}");
    assert_eq!(tag_of(&ack, "To"), "tb");
    let Signal::Answered { media, .. } = d.signal() else { panic!() };
    assert_eq!(media, answer(SDP_B));
    // A copy of the 200 brings the ACK again, and nothing else.
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    assert!(d.one().starts_with("ACK "));
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    assert!(bye.starts_with("BYE sip:bob@192.0.2.20:5070 SIP/2.0\r\n"), "{bye}");
    assert_eq!(header(&bye, "CSeq"), "2 BYE");
    d.from(BOB, &respond(&bye, 200, "", "", ""));
    d.settled();
    d.silent();
}

#[test]
fn a_device_that_never_answers_is_given_up_after_timer_b() {
    let mut d = Driver::new();
    let (_, _) = d.ring(offer(SDP_A), false);
    d.pass(SECOND * 33);
    assert_eq!(d.sent.len(), 6);
    let gone = Signal::Released { cause: Cause::NO_USER_RESPONDING, reason: ReleaseReason::NoResponse };
    assert_eq!(d.signal(), gone);
    d.sent.clear();
    d.settled();
}

#[test]
fn a_call_that_may_not_have_its_media_says_so_in_words_that_a_phone_shows() {
    let check = |cause: Cause, expect: Option<&str>| {
        let mut d = Driver::new();
        let leg = d.invite("", SDP_A);
        d.command(leg, Command::Release(cause));
        let refused = d.one();
        let warning = refused.lines().find_map(|line| line.strip_prefix("Warning: "));
        assert!(refused.starts_with(&format!("SIP/2.0 {} ", cause.sip_status())), "{refused}");
        assert_eq!(warning, expect, "{cause}");
        assert!(header(&refused, "Reason").starts_with(&format!("Q.850;cause={};", cause.0)), "{refused}");
    };
    check(Cause::OUT_OF_BANDWIDTH, Some("370 strowger \"Not Enough Bandwidth\""));
    check(Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED, Some("305 strowger \"Incompatible media format\""));
    check(Cause::USER_BUSY, None);
}

#[test]
fn a_refusal_is_acknowledged_each_time_it_comes() {
    let mut d = Driver::new();
    let (_, invite) = d.ring(offer(SDP_A), false);
    for _ in 0..2 {
        d.from(BOB, &respond(&invite, 603, "tb", "", ""));
        let ack = d.one();
        assert!(ack.starts_with("ACK sip:1002@192.0.2.20:5070 SIP/2.0\r\n"), "{ack}");
        assert_eq!(header(&ack, "Via"), header(&invite, "Via"));
        assert_eq!(tag_of(&ack, "To"), "tb");
    }
    let refused = Signal::Released { cause: Cause::CALL_REJECTED, reason: ReleaseReason::Refused(603) };
    assert_eq!(d.signal(), refused);
    d.settled();
    d.silent();
}

#[test]
fn a_call_given_up_before_any_response_is_cancelled_as_soon_as_one_comes() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(offer(SDP_A), false);
    d.command(leg, Command::Release(Cause::NON_SELECTED_USER_CLEARING));
    d.silent();
    d.from(BOB, &respond(&invite, 180, "tb", "", ""));
    let cancel = d.one();
    assert!(cancel.starts_with("CANCEL sip:1002@192.0.2.20:5070 SIP/2.0\r\n"), "{cancel}");
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    assert_eq!(tag_of(&cancel, "To"), "");
    assert_eq!(header(&cancel, "Reason"), "SIP;cause=200;text=\"Call completed elsewhere\"");
    d.from(BOB, &respond(&cancel, 200, "", "", ""));
    d.from(BOB, &respond(&invite, 487, "tb", "", ""));
    assert!(d.one().starts_with("ACK "));
    d.settled();
    d.silent();
}

#[test]
fn a_cancelled_invite_that_is_never_answered_is_forgotten_after_64_t1() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 180, "tb", "", ""));
    d.command(leg, Command::Release(Cause::NO_ANSWER_FROM_USER));
    d.pass(SECOND * 31);
    assert_eq!(d.sip.sizes().legs, 1);
    d.pass(SECOND * 2);
    assert_eq!((d.sip.sizes().legs, d.sip.sizes().transactions), (0, 0));
}

#[test]
fn an_answer_that_crosses_our_cancel_is_acknowledged_and_hung_up() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 180, "tb", "", ""));
    d.signals.clear();
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let cancel = d.one();
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    assert!(d.next().starts_with("ACK "));
    let bye = d.one();
    assert!(bye.starts_with("BYE "), "{bye}");
    d.from(BOB, &respond(&cancel, 481, "", "", ""));
    d.from(BOB, &respond(&bye, 200, "", "", ""));
    d.settled();
    d.silent();
}

#[test]
fn the_second_phone_of_a_fork_that_answers_is_acknowledged_and_hung_up() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 180, "t1", "", ""));
    d.from(BOB, &respond(&invite, 180, "t2", "", ""));
    d.from(BOB, &respond(&invite, 200, "t2", "", SDP_B));
    assert_eq!(tag_of(&d.one(), "To"), "t2");
    d.signals.clear();
    d.from(BOB, &respond(&invite, 200, "t1", "", SDP_B));
    let ack = d.next();
    assert!(ack.starts_with("ACK ") && tag_of(&ack, "To") == "t1", "{ack}");
    let bye = d.one();
    assert!(bye.starts_with("BYE ") && tag_of(&bye, "To") == "t1", "{bye}");
    d.from(BOB, &respond(&bye, 200, "", "", ""));
    assert!(d.signals.is_empty());
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.one();
    assert_eq!(tag_of(&bye, "To"), "t2");
    d.from(BOB, &respond(&bye, 200, "", "", ""));
    d.settled();
}

#[test]
fn a_delayed_offer_is_made_in_the_200_and_answered_in_the_ack() {
    let mut d = Driver::new();
    let leg = d.invite("", "");
    d.command(leg, Command::Answer { media: offer(SDP_B), connected: party("", "") });
    let ok = d.one();
    assert_eq!(body_of(&ok), SDP_B);
    d.from(ALICE, &alice("ACK", "ack1", 1, tag_of(&ok, "To"), "", SDP_A));
    assert_eq!(d.signal(), Signal::Media(answer(SDP_A)));

    let mut d = Driver::new();
    let (leg, invite) = d.ring(Media::None, false);
    assert_eq!(body_of(&invite), "");
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    let Signal::Answered { media, .. } = d.signal() else { panic!() };
    assert_eq!(media, offer(SDP_B));
    d.silent();
    d.command(leg, Command::Media(answer(SDP_A)));
    let ack = d.one();
    assert!(ack.starts_with("ACK ") && body_of(&ack) == SDP_A, "{ack}");
    d.from(BOB, &respond(&invite, 200, "tb", "", SDP_B));
    assert_eq!(body_of(&d.one()), SDP_A);
}

#[test]
fn a_delayed_offer_without_an_answer_in_the_ack_ends_the_call() {
    let mut d = Driver::new();
    let leg = d.invite("", "");
    d.command(leg, Command::Answer { media: offer(SDP_B), connected: party("", "") });
    let ok = d.one();
    d.from(ALICE, &alice("ACK", "ack1", 1, tag_of(&ok, "To"), "", ""));
    assert!(d.one().starts_with("BYE "));
    let Signal::Released { reason, .. } = d.signal() else { panic!() };
    assert_eq!(reason, ReleaseReason::ProtocolError);
    d.sent.clear();
    d.settled();
}

#[test]
fn early_media_goes_reliably_to_a_caller_that_can_confirm_it_and_holds_the_answer_back() {
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
    assert!(progress.starts_with("SIP/2.0 183 Session Progress\r\n"), "{progress}");
    assert_eq!(header(&progress, "Require"), "100rel");
    let rseq = header(&progress, "RSeq").to_owned();
    d.command(leg, Command::Answer { media: Media::None, connected: party("", "") });
    d.silent();
    d.pass(SECOND);
    assert_eq!(d.one(), progress);
    let tag = tag_of(&progress, "To").to_owned();
    d.from(ALICE, &alice("PRACK", "prack1", 2, &tag, &format!("RAck: {rseq} 1 INVITE\r\n"), ""));
    assert!(d.next().starts_with("SIP/2.0 200 OK\r\n"));
    let ok = d.one();
    assert!(ok.starts_with("SIP/2.0 200 OK\r\n") && body_of(&ok).is_empty(), "{ok}");
    assert_eq!(header(&ok, "CSeq"), "1 INVITE");
    d.from(ALICE, &alice("PRACK", "prack2", 3, &tag, "RAck: 1 1 INVITE\r\n", ""));
    assert!(d.one().starts_with("SIP/2.0 481 "));
}

#[test]
fn early_media_goes_unreliably_otherwise_and_the_200_repeats_it() {
    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
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
    assert!(!progress.contains("RSeq") && body_of(&progress) == SDP_B, "{progress}");
    d.command(leg, Command::Answer { media: Media::None, connected: party("", "") });
    assert_eq!(body_of(&d.one()), SDP_B);
}

#[test]
fn a_reliable_response_of_a_device_is_confirmed_once_and_gaps_are_not() {
    let mut d = Driver::new();
    let (_, invite) = d.ring(offer(SDP_A), true);
    assert!(header(&invite, "Supported").contains("100rel"));
    let reliable = |rseq: u32| format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
    d.from(BOB, &respond(&invite, 183, "tb", &reliable(5), SDP_B));
    let prack = d.one();
    assert!(prack.starts_with("PRACK sip:bob@192.0.2.20:5070 SIP/2.0\r\n"), "{prack}");
    assert_eq!(header(&prack, "RAck"), "5 1 INVITE");
    assert_eq!(d.signal(), Signal::Alerting { alert: Alert::Progress, media: answer(SDP_B) });
    d.from(BOB, &respond(&invite, 183, "tb", &reliable(5), SDP_B));
    d.from(BOB, &respond(&invite, 183, "tb", &reliable(7), SDP_B));
    d.silent();
    d.from(BOB, &respond(&prack, 200, "", "", ""));
    d.from(BOB, &respond(&invite, 200, "tb", "", ""));
    assert!(d.one().starts_with("ACK "));
    let Signal::Answered { media, .. } = d.signal() else { panic!() };
    assert_eq!(media, Media::None);
}

#[test]
fn an_offer_in_a_reliable_response_is_answered_in_the_prack() {
    let mut d = Driver::new();
    let (leg, invite) = d.ring(Media::None, true);
    d.from(BOB, &respond(&invite, 183, "tb", "Require: 100rel\r\nRSeq: 1\r\n", SDP_B));
    assert_eq!(d.signal(), Signal::Alerting { alert: Alert::Progress, media: offer(SDP_B) });
    d.silent();
    d.command(leg, Command::Media(answer(SDP_A)));
    let prack = d.one();
    assert!(prack.starts_with("PRACK ") && body_of(&prack) == SDP_A, "{prack}");
    // A key for what is heard now.
    d.from(BOB, &respond(&prack, 200, "", "", ""));
    d.command(leg, Command::Digit(strowger_base::leg::Digit { key: '4', duration_ms: 0 }));
    let info = d.one();
    assert!(info.starts_with("INFO ") && body_of(&info).starts_with("Signal=4\r\n"), "{info}");
}

#[test]
fn a_reinvite_of_the_peer_is_offered_up_and_answered_and_a_copy_of_the_session_is_answered_at_once() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    let held = SDP_A.replace("RTP/AVP 0\r\n", "RTP/AVP 0\r\na=sendonly\r\n");
    d.from(ALICE, &alice("INVITE", "inv2", 2, &tag, "", &held));
    assert!(d.one().starts_with("SIP/2.0 100 "));
    assert_eq!(d.signal(), Signal::Media(offer(&held)));
    d.command(leg, Command::Media(answer(SDP_B)));
    let ok = d.one();
    assert!(ok.starts_with("SIP/2.0 200 OK\r\n") && body_of(&ok) == SDP_B, "{ok}");
    d.from(ALICE, &alice("ACK", "ack2", 2, &tag, "", ""));
    d.from(ALICE, &alice("INVITE", "inv3", 3, &tag, "", &held));
    assert_eq!(body_of(&d.one()), SDP_B);
    d.silent();
    d.from(ALICE, &alice("ACK", "ack3", 3, &tag, "", ""));
    d.from(ALICE, &alice("INVITE", "inv4", 4, &tag, "", ""));
    assert!(d.one().starts_with("SIP/2.0 100 "));
    assert_eq!(d.signal(), Signal::MediaRequested);
    d.command(leg, Command::RefuseMedia(Cause::INCOMPATIBLE_DESTINATION));
    assert!(d.one().starts_with("SIP/2.0 488 "));
}

#[test]
fn crossing_changes_are_refused_with_491_and_ours_is_tried_again() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    d.command(leg, Command::Media(offer(SDP_B)));
    let invite = d.one();
    assert!(invite.starts_with("INVITE sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{invite}");
    d.from(ALICE, &alice("INVITE", "inv2", 2, &tag, "", SDP_A));
    assert!(d.one().starts_with("SIP/2.0 491 "));
    d.from(ALICE, &alice("ACK", "inv2", 2, &tag, "", ""));
    d.from(ALICE, &respond(&invite, 491, "", "", ""));
    assert!(d.one().starts_with("ACK "));
    d.pass(SECOND * 5);
    let again = d.next();
    assert!(again.starts_with("INVITE ") && body_of(&again) == SDP_B, "{again}");
    d.from(ALICE, &respond(&again, 200, "", "", SDP_A));
    d.sent.clear();
    assert_eq!(d.signal(), Signal::Media(answer(SDP_A)));
}

#[test]
fn a_change_that_is_refused_after_the_call_ended_is_acknowledged_and_never_sent_again() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    d.command(leg, Command::Media(offer(SDP_B)));
    let invite = d.one();
    d.from(ALICE, &alice("BYE", "bye1", 2, &tag, "", ""));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    for _ in 0..3 {
        d.from(ALICE, &respond(&invite, 481, "", "", ""));
        assert!(d.one().starts_with("ACK "));
    }
    assert_eq!(d.signals.len(), 1);
    d.signals.clear();
    d.settled();
    d.silent();
}

#[test]
fn an_update_is_answered_and_a_second_open_offer_is_refused() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("Allow: INVITE, UPDATE\r\n");
    let other = SDP_A.replace("4000", "4002");
    d.from(ALICE, &alice("UPDATE", "upd1", 2, &tag, "", &other));
    assert_eq!(d.signal(), Signal::Media(offer(&other)));
    d.from(ALICE, &alice("UPDATE", "upd2", 3, &tag, "", SDP_A));
    let busy = d.one();
    assert!(busy.starts_with("SIP/2.0 500 ") && busy.contains("Retry-After: "), "{busy}");
    d.command(leg, Command::Media(answer(SDP_B)));
    let ok = d.one();
    assert_eq!((header(&ok, "CSeq"), body_of(&ok)), ("2 UPDATE", SDP_B));
    d.command(leg, Command::ShowParty(party("1003", "Carol")));
    let update = d.one();
    assert!(update.starts_with("UPDATE "), "{update}");
    assert_eq!(header(&update, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
}

#[test]
fn a_bye_waits_for_the_ack_of_our_answer() {
    let mut d = Driver::new();
    let leg = d.invite("", SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
    let tag = tag_of(&d.one(), "To").to_owned();
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    d.silent();
    d.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
    let bye = d.one();
    assert!(bye.starts_with("BYE "), "{bye}");
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    d.settled();
}

#[test]
fn a_request_outside_any_dialog_of_ours_is_refused_with_481() {
    let mut d = Driver::new();
    d.from(ALICE, &alice("BYE", "x", 1, "0123456789abcdef", "", ""));
    assert!(d.one().starts_with("SIP/2.0 481 "));
    d.from(ALICE, &alice("ACK", "x", 1, "0123456789abcdef", "", ""));
    d.silent();
}

#[test]
fn the_same_invite_on_another_way_is_a_loop_and_no_hops_left_is_said() {
    let mut d = Driver::new();
    d.invite("", SDP_A);
    d.from(ALICE, &alice("INVITE", "other", 1, "", "", SDP_A));
    assert!(d.one().starts_with("SIP/2.0 482 "));
    let spent = alice("INVITE", "spent", 7, "", "", SDP_A).replace("Max-Forwards: 70", "Max-Forwards: 0");
    d.from(ALICE, &spent);
    assert!(d.one().starts_with("SIP/2.0 483 "));
}

#[test]
fn keys_pressed_come_up_from_info_and_go_down_as_info() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    let body = "Signal=5\r\nDuration=250\r\n";
    let info = alice("INFO", "info1", 2, &tag, "Content-Type: application/dtmf-relay\r\n", "")
        .replace("Content-Length: 0\r\n\r\n", &format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    d.from(ALICE, &info);
    assert!(d.one().starts_with("SIP/2.0 200 "));
    let digit = strowger_base::leg::Digit { key: '5', duration_ms: 250 };
    assert_eq!(d.signal(), Signal::Digit(digit));
    d.command(leg, Command::Digit(digit));
    assert!(body_of(&d.one()).starts_with("Signal=5\r\n"));
}

#[test]
fn while_draining_or_shedding_new_calls_are_refused_with_retry_after() {
    let mut d = Driver::new();
    d.input(strowger_sip::Input::Shed(true));
    d.from(ALICE, &alice("INVITE", "inv1", 1, "", "", SDP_A));
    let refused = d.one();
    assert!(refused.starts_with("SIP/2.0 503 ") && refused.contains("Retry-After: 5\r\n"), "{refused}");
    d.input(strowger_sip::Input::Shed(false));
    d.input(strowger_sip::Input::Drain);
    d.from(ALICE, &alice("INVITE", "inv2", 2, "", "", SDP_A));
    assert!(d.one().starts_with("SIP/2.0 503 "));
}

#[test]
fn a_redirection_names_the_contact_that_is_preferred_most() {
    let number = |number: &str| Elsewhere::Number(number.into());
    let host = |host: &str| Elsewhere::Host(host.into());
    let check = |status: u16, contacts: &str, expect: Option<Elsewhere>| {
        let mut d = Driver::new();
        let (_, invite) = d.ring(offer(SDP_A), false);
        let response = respond(&invite, status, "tb", "", "");
        d.from(BOB, &response.replace("Contact: <sip:bob@192.0.2.20:5070>\r\n", contacts));
        assert!(d.next().starts_with("ACK "), "{contacts}");
        if let Some(elsewhere) = expect {
            assert_eq!(d.signal(), Signal::Redirected(elsewhere), "{status} {contacts}");
        }
        let reason = ReleaseReason::Refused(status);
        assert_eq!(d.signal(), Signal::Released { cause: Cause::from_sip_status(status), reason });
    };
    let ours = "strowger.test";
    check(302, &format!("Contact: <sip:1003@{ours}>\r\n"), Some(number("1003")));
    check(301, "Contact: <tel:+4930123>\r\n", Some(number("+4930123")));
    // A phone writes its own address for a number of ours.
    check(302, "Contact: <sip:1003@192.0.2.20>\r\n", Some(number("1003")));
    let several = format!("Contact: <sip:1@{ours}>;q=0.2, <sip:2@{ours}>;q=0.7, <sip:3@{ours}>;q=0.7\r\n");
    check(300, &several, Some(number("2")));
    check(302, "Contact: <sip:1003@example.com>\r\n", Some(host("example.com")));
    check(305, &format!("Contact: <sip:{ours}>\r\n"), Some(Elsewhere::Nobody));
    check(302, "", Some(Elsewhere::Nobody));
    check(302, "Contact: *\r\n", Some(Elsewhere::Nobody));
    check(380, &format!("Contact: <sip:1003@{ours}>\r\n"), None);
    check(486, &format!("Contact: <sip:1003@{ours}>\r\n"), None);
}
