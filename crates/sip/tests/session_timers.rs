//! Session timers (RFC 4028) on the wire: what is agreed on, refreshed, refused and given up.

mod support;

use std::time::Duration;

use strowger_base::leg::ReleaseReason;
use strowger_base::{Cause, Command, Media, Signal, limits};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
const TIMER: &str = "Supported: timer\r\n";

/// The two headers of a message that speak of the timer.
fn spoken(message: &str) -> (String, String) {
    let value = |name: &str| {
        let line = message.split("\r\n").find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.trim_start_matches(": ").to_owned()).unwrap_or_default()
    };
    (value("Session-Expires"), value("Min-SE"))
}

fn spoken_is(message: &str, expires: &str, min_se: &str) {
    assert_eq!(spoken(message), (expires.to_owned(), min_se.to_owned()), "{message}");
}

fn released(signal: Signal) -> (Cause, ReleaseReason) {
    let Signal::Released { cause, reason } = signal else { panic!("{signal:?}") };
    (cause, reason)
}

/// RFC 4028 §9: 422 with Min-SE, and no leg for it; a caller without `timer` could not read it.
#[test]
fn an_invite_with_too_small_an_interval_is_refused_when_its_sender_can_read_that() {
    let mut d = Driver::new();
    let small = format!("{TIMER}Session-Expires: 60\r\n");
    d.from(ALICE, &alice("INVITE", "inv0", 1, "", &small, SDP_A));
    let refused = d.one();
    assert!(refused.starts_with("SIP/2.0 422 Session Interval Too Small\r\n"), "{refused}");
    spoken_is(&refused, "", "90");
    d.silent();
    assert_eq!(d.sip.sizes().legs, 0);

    let leg = d.invite("Session-Expires: 60\r\n", SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
    let ok = d.one();
    spoken_is(&ok, "90;refresher=uas", "");
    assert!(!ok.contains("Require: "), "{ok}");
}

#[test]
fn a_caller_that_knows_timers_and_asks_for_none_is_told_ours() {
    let mut d = Driver::new();
    let leg = d.invite(TIMER, SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") });
    let ok = d.one();
    spoken_is(&ok, "1800;refresher=uas", "");
    assert_eq!(header(&ok, "Require"), "timer");
}

#[test]
fn a_change_with_too_small_an_interval_is_refused_and_the_call_goes_on() {
    let mut d = Driver::new();
    let (_, tag) = d.established(TIMER);
    for (method, branch, cseq) in [("INVITE", "inv2", 2), ("UPDATE", "upd1", 3)] {
        let small = format!("{TIMER}Session-Expires: 89\r\nContact: <sip:1001@192.0.2.10:9>\r\n");
        let request = alice(method, branch, cseq, &tag, &small, SDP_B)
            .replace("Contact: <sip:1001@192.0.2.10:5060>\r\n", "");
        d.from(ALICE, &request);
        let refused = d.one();
        assert!(refused.starts_with("SIP/2.0 422 "), "{refused}");
        spoken_is(&refused, "", "90");
        d.silent();
    }
    d.from(ALICE, &alice("ACK", "inv2", 2, &tag, "", ""));
    // Nothing of the refused requests was taken: the refresh goes where the call was set up.
    d.pass(SECOND * 901);
    let refresh = d.next();
    assert!(refresh.starts_with("INVITE sip:1001@192.0.2.10:5060 SIP/2.0\r\n"), "{refresh}");
    spoken_is(&refresh, "1800;refresher=uac", "");
}

/// RFC 3311 §5.2 wants Contact in the 2xx, RFC 4028 §9 the interval, also when call control answers later.
#[test]
fn the_answer_to_an_update_names_contact_and_interval() {
    let mut d = Driver::new();
    let (leg, tag) = d.established(TIMER);
    let timer = format!("{TIMER}Session-Expires: 300;refresher=uac\r\n");
    d.from(ALICE, &alice("UPDATE", "upd1", 2, &tag, &timer, ""));
    let other = SDP_A.replace("4000", "4002");
    d.from(ALICE, &alice("UPDATE", "upd2", 3, &tag, &timer, &other));
    assert_eq!(d.signal(), Signal::Media(offer(&other)));
    d.command(leg, Command::Media(answer(SDP_B)));
    for _ in 0..2 {
        let ok = d.next();
        assert!(ok.starts_with("SIP/2.0 200 OK\r\n"), "{ok}");
        spoken_is(&ok, "300;refresher=uac", "");
        assert_eq!(header(&ok, "Contact"), "<sip:1002@192.0.2.1:5060>");
    }
    // The peer refreshes now, and when it does not the call ends before the interval does (RFC 4028 §10).
    d.pass(SECOND * 267);
    d.silent();
    d.pass(SECOND * 2);
    assert!(d.next().starts_with("BYE "));
    assert_eq!(released(d.signal()), (Cause::RECOVERY_ON_TIMER_EXPIRY, ReleaseReason::SessionExpired));
    d.sent.clear();
    d.settled();
}

#[test]
fn a_refused_change_of_the_peer_does_not_prolong_the_session() {
    let mut d = Driver::new();
    let timer = format!("{TIMER}Session-Expires: 90;refresher=uac\r\n");
    let (leg, tag) = d.established(&timer);
    d.pass(SECOND * 50);
    d.from(ALICE, &alice("INVITE", "inv2", 2, &tag, &timer, SDP_B));
    assert!(d.one().starts_with("SIP/2.0 100 "));
    assert_eq!(d.signal(), Signal::Media(offer(SDP_B)));
    d.command(leg, Command::RefuseMedia(Cause::INCOMPATIBLE_DESTINATION));
    assert!(d.one().starts_with("SIP/2.0 488 "));
    d.from(ALICE, &alice("ACK", "inv2", 2, &tag, "", ""));
    d.pass(SECOND * 11);
    assert_eq!(released(d.signal()).1, ReleaseReason::SessionExpired);
}

#[test]
fn the_session_timer_refreshes_and_ends_a_call_whose_peer_is_gone() {
    let mut d = Driver::new();
    d.established("Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n");
    d.pass(SECOND * 46);
    let refresh = d.next();
    assert!(refresh.starts_with("INVITE ") && body_of(&refresh) == SDP_B, "{refresh}");
    spoken_is(&refresh, "90;refresher=uac", "");
    d.pass(SECOND * 40);
    assert!(d.sent.iter().any(|(_, text)| text.starts_with("BYE ")), "{:#?}", d.sent);
    d.sent.clear();
    let Signal::Released { .. } = d.signal() else { panic!() };
    d.settled();
}

#[test]
fn a_refresh_that_is_answered_begins_the_next_interval() {
    let mut d = Driver::new();
    d.established("Supported: timer\r\nAllow: UPDATE\r\nSession-Expires: 90;refresher=uas\r\n");
    for _ in 0..5 {
        d.pass(SECOND * 45);
        let refresh = d.one();
        assert!(refresh.starts_with("UPDATE ") && body_of(&refresh).is_empty(), "{refresh}");
        assert_eq!(header(&refresh, "Supported"), "timer");
        d.from(ALICE, &respond(&refresh, 200, "", "Session-Expires: 90;refresher=uac\r\n", ""));
    }
    // The peer takes the refreshing over (RFC 4028 §7.2).
    d.pass(SECOND * 45);
    let refresh = d.one();
    d.from(ALICE, &respond(&refresh, 200, "", "Session-Expires: 90;refresher=uas\r\n", ""));
    d.pass(SECOND * 59);
    d.silent();
    d.pass(SECOND * 2);
    assert!(d.next().starts_with("BYE "));
}

/// RFC 4028 §10 and RFC 3261 §12.2.1.2: these mean that the peer has lost the dialog.
#[test]
fn a_refresh_that_finds_no_dialog_ends_the_call() {
    let check = |allow: &str, status: u16, cause: Cause| {
        let mut d = Driver::new();
        d.established(&format!("Supported: timer\r\n{allow}Session-Expires: 90;refresher=uas\r\n"));
        d.pass(SECOND * 45);
        let refresh = d.one();
        d.from(ALICE, &respond(&refresh, status, "", "", ""));
        let bye = d.sent.pop().unwrap().1;
        assert!(bye.starts_with("BYE "), "{bye}");
        assert_eq!(released(d.signal()), (cause, ReleaseReason::Refused(status)));
        d.from(ALICE, &respond(&bye, 200, "", "", ""));
        d.settled();
    };
    for allow in ["", "Allow: UPDATE\r\n"] {
        check(allow, 481, Cause::TEMPORARY_FAILURE);
        check(allow, 408, Cause::NO_USER_RESPONDING);
    }
}

#[test]
fn a_refresh_that_is_refused_is_tried_again_until_the_session_expires() {
    let mut d = Driver::new();
    d.established("Supported: timer\r\nAllow: UPDATE\r\nSession-Expires: 90;refresher=uas\r\n");
    d.pass(SECOND * 45);
    let refresh = d.one();
    d.from(ALICE, &respond(&refresh, 500, "", "", ""));
    // In half of the 15 s that are left until the session is given up.
    d.pass(Duration::from_millis(7400));
    d.silent();
    d.pass(Duration::from_millis(200));
    let again = d.one();
    assert!(again.starts_with("UPDATE "), "{again}");
    // It takes no UPDATE after all: the refresh goes by re-INVITE at once.
    d.from(ALICE, &respond(&again, 405, "", "", ""));
    let invite = d.one();
    assert!(invite.starts_with("INVITE ") && body_of(&invite) == SDP_B, "{invite}");
    d.from(ALICE, &respond(&invite, 500, "", "", ""));
    assert!(d.one().starts_with("ACK "));
    d.pass(SECOND * 8);
    assert!(d.next().starts_with("BYE "));
    assert_eq!(released(d.signal()).1, ReleaseReason::SessionExpired);
}

#[test]
fn a_refresh_that_met_a_change_of_the_peer_is_sent_again() {
    let mut d = Driver::new();
    d.established("Supported: timer\r\nAllow: UPDATE\r\nSession-Expires: 90;refresher=uas\r\n");
    d.pass(SECOND * 45);
    let refresh = d.one();
    d.from(ALICE, &respond(&refresh, 491, "", "", ""));
    d.pass(SECOND * 4);
    let again = d.next();
    assert_ne!(header(&again, "CSeq"), header(&refresh, "CSeq"));
    assert!(again.starts_with("UPDATE "), "{again}");
}

/// RFC 4028 §7.3 and §7.4: the larger interval is taken and kept, but not for ever.
#[test]
fn a_refresh_whose_interval_is_too_small_is_sent_with_a_larger_one_and_a_peer_that_always_wants_more_is_left()
{
    let mut d = Driver::new();
    d.established("Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n");
    d.pass(SECOND * 45);
    let mut refresh = d.one();
    for min_se in [120, 200] {
        d.from(ALICE, &respond(&refresh, 422, "", &format!("Min-SE: {min_se}\r\n"), ""));
        assert!(d.next().starts_with("ACK "));
        refresh = d.one();
        spoken_is(&refresh, &format!("{min_se};refresher=uac"), &min_se.to_string());
        assert_eq!(body_of(&refresh), SDP_B);
    }
    d.from(ALICE, &respond(&refresh, 200, "", "Session-Expires: 200;refresher=uac\r\n", SDP_A));
    assert!(d.next().starts_with("ACK "));
    d.pass(SECOND * 100);
    let mut refresh = d.one();
    spoken_is(&refresh, "200;refresher=uac", "200");
    for raise in 0..u32::from(limits::SESSION_INTERVAL_RAISES) {
        d.from(ALICE, &respond(&refresh, 422, "", &format!("Min-SE: {}\r\n", 300 + raise), ""));
        assert!(d.next().starts_with("ACK "));
        refresh = d.one();
    }
    d.from(ALICE, &respond(&refresh, 422, "", "Min-SE: 4000\r\n", ""));
    assert!(d.next().starts_with("ACK "));
    let bye = d.one();
    assert!(bye.starts_with("BYE "), "{bye}");
    assert_eq!(released(d.signal()), (Cause::INTERWORKING, ReleaseReason::Refused(422)));
    d.from(ALICE, &respond(&bye, 200, "", "", ""));
    d.settled();
}

#[test]
fn an_offer_whose_interval_is_too_small_is_made_again() {
    let mut d = Driver::new();
    let (leg, _) = d.established("Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n");
    let moved = SDP_B.replace("5000", "5002");
    d.command(leg, Command::Media(offer(&moved)));
    let invite = d.one();
    d.from(ALICE, &respond(&invite, 422, "", "Min-SE: 120\r\n", ""));
    assert!(d.next().starts_with("ACK "));
    let again = d.one();
    spoken_is(&again, "120;refresher=uas", "120");
    assert_eq!(body_of(&again), moved);
    // Refused without a larger Min-SE, it is no better than any other refusal.
    d.from(ALICE, &respond(&again, 422, "", "Min-SE: 120\r\n", ""));
    assert!(d.next().starts_with("ACK "));
    assert_eq!(d.signal(), Signal::MediaRefused(Cause::INTERWORKING));
    d.silent();
}

/// RFC 4028 §7.3, for the INVITE that begins the call.
#[test]
fn a_device_that_wants_a_larger_interval_is_rung_again_a_few_times() {
    let mut d = Driver::new();
    let (_, mut invite) = d.ring(offer(SDP_A), false);
    spoken_is(&invite, "1800", "90");
    let call_id = header(&invite, "Call-ID").to_owned();
    for (raise, min_se) in (0..u32::from(limits::SESSION_INTERVAL_RAISES)).map(|raise| (raise, 2000 + raise))
    {
        d.from(BOB, &respond(&invite, 422, "tb", &format!("Min-SE: {min_se}\r\n"), ""));
        assert!(d.next().starts_with("ACK "));
        invite = d.one();
        spoken_is(&invite, &min_se.to_string(), &min_se.to_string());
        assert_eq!(header(&invite, "CSeq"), format!("{} INVITE", raise + 2));
        assert_eq!((header(&invite, "Call-ID"), tag_of(&invite, "To")), (&*call_id, ""));
        assert_eq!(body_of(&invite), SDP_A);
    }
    d.silent();
    d.from(BOB, &respond(&invite, 422, "tb", "Min-SE: 9000\r\n", ""));
    assert!(d.one().starts_with("ACK "));
    assert_eq!(released(d.signal()), (Cause::INTERWORKING, ReleaseReason::Refused(422)));
    d.settled();

    // The interval that was agreed on in the end is the one that is refreshed.
    let mut d = Driver::new();
    let (_, invite) = d.ring(offer(SDP_A), false);
    d.from(BOB, &respond(&invite, 422, "tb", "Min-SE: 3600\r\n", ""));
    assert!(d.next().starts_with("ACK "));
    let invite = d.one();
    d.from(BOB, &respond(&invite, 200, "tb", "Session-Expires: 3600;refresher=uac\r\n", SDP_B));
    assert!(d.one().starts_with("ACK "));
    let Signal::Answered { media: Media::Answer(_), .. } = d.signal() else { panic!() };
    d.pass(SECOND * 1799);
    d.silent();
    d.pass(SECOND * 2);
    spoken_is(&d.next(), "3600;refresher=uac", "3600");
}
