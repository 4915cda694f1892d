//! Who the other party of a call is, as its device is told in the middle of the call.

mod support;

use std::time::Duration;

use strowger_base::leg::Presentation;
use strowger_base::{Command, Signal};
use support::*;

#[test]
fn who_the_other_party_is_and_a_new_offer_wait_for_each_other() {
    let mut d = Driver::new();
    // It takes no UPDATE, so that all goes by re-INVITE.
    let (leg, _) = d.established("");
    d.command(leg, Command::ShowParty(party("1003", "Carol")));
    let shows = d.one();
    assert_eq!(header(&shows, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    assert_eq!(body_of(&shows), SDP_B);
    let other = SDP_B.replace("5000", "5002");
    assert_ne!(other, SDP_B);
    d.command(leg, Command::Media(offer(&other)));
    d.command(leg, Command::ShowParty(party("1004", "Dave")));
    d.silent();
    d.from(ALICE, &respond(&shows, 200, "", "", SDP_A));
    assert!(d.next().starts_with("ACK "));
    // The offer that waited tells the news as well.
    let offers = d.one();
    assert_eq!(body_of(&offers), other);
    assert_eq!(header(&offers, "P-Asserted-Identity"), "\"Dave\" <sip:1004@strowger.test>");
    let changed = SDP_A.replace("4000", "4002");
    d.from(ALICE, &respond(&offers, 200, "", "", &changed));
    assert!(d.one().starts_with("ACK "));
    assert_eq!(d.signal(), Signal::Media(answer(&changed)));
    d.silent();
}

#[test]
fn whoever_refuses_to_be_told_is_told_with_the_next_offer() {
    let mut d = Driver::new();
    let (leg, _) = d.established("");
    d.command(leg, Command::ShowParty(party("1003", "Carol")));
    let shows = d.one();
    // What it repeats of the session is not to its liking.
    d.from(ALICE, &respond(&shows, 488, "", "", ""));
    assert!(d.one().starts_with("ACK "));
    d.silent();
    for (sdp, expect) in [(SDP_B.replace("5000", "5002"), true), (SDP_B.replace("5000", "5004"), false)] {
        d.command(leg, Command::Media(offer(&sdp)));
        let offers = d.one();
        assert_eq!(offers.contains("P-Asserted-Identity: \"Carol\""), expect, "{offers}");
        d.from(ALICE, &respond(&offers, 200, "", "", SDP_A));
        assert!(d.one().starts_with("ACK "));
        d.signal();
    }
}

#[test]
fn who_the_other_party_is_gets_through_though_a_later_offer_came_before_it() {
    for somebody_else_since in [false, true] {
        let mut d = Driver::new();
        let (leg, _) = d.established("Allow: INVITE, UPDATE\r\n");
        d.command(leg, Command::ShowParty(party("1003", "Carol")));
        let update = d.one();
        assert!(update.starts_with("UPDATE "), "{update}");
        let other = SDP_B.replace("5000", "5002");
        d.command(leg, Command::Media(offer(&other)));
        let offers = d.one();
        d.from(ALICE, &respond(&offers, 200, "", "", SDP_A));
        assert!(d.one().starts_with("ACK "));
        d.signal();
        if somebody_else_since {
            d.command(leg, Command::ShowParty(party("1004", "Dave")));
            let later = d.one();
            assert_eq!(header(&later, "P-Asserted-Identity"), "\"Dave\" <sip:1004@strowger.test>");
            d.from(ALICE, &respond(&later, 200, "", "", ""));
        }
        d.from(ALICE, &respond(&update, 500, "", "", ""));
        // RFC 3261 §14.1: whoever did not make the Call-ID waits up to 2 s.
        d.pass(Duration::from_secs(3));
        if somebody_else_since {
            d.silent();
        } else {
            assert_eq!(header(&d.next(), "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
        }
    }
}

#[test]
fn an_offer_that_is_refused_has_named_nobody() {
    let mut d = Driver::new();
    let (leg, _) = d.established("");
    d.command(leg, Command::ShowParty(party("1003", "Carol")));
    let shows = d.one();
    d.command(leg, Command::ShowParty(party("1004", "Dave")));
    let other = SDP_B.replace("5000", "5002");
    d.command(leg, Command::Media(offer(&other)));
    d.from(ALICE, &respond(&shows, 200, "", "", SDP_A));
    assert!(d.next().starts_with("ACK "));
    let offers = d.one();
    assert_eq!(header(&offers, "P-Asserted-Identity"), "\"Dave\" <sip:1004@strowger.test>");
    d.from(ALICE, &respond(&offers, 488, "", "", ""));
    assert!(d.next().starts_with("ACK "));
    let again = d.one();
    assert_eq!(header(&again, "P-Asserted-Identity"), "\"Dave\" <sip:1004@strowger.test>");
}

#[test]
fn who_the_other_party_is_waits_for_the_end_of_an_offer() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    d.command(leg, Command::RequestMedia);
    let asks = d.one();
    assert_eq!(body_of(&asks), "");
    d.command(leg, Command::ShowParty(party("1003", "Carol")));
    d.silent();
    d.from(ALICE, &respond(&asks, 200, "", "", SDP_A));
    assert_eq!(d.signal(), Signal::Media(offer(SDP_A)));
    d.silent();
    d.command(leg, Command::Media(answer(SDP_B)));
    assert!(d.next().starts_with("ACK "));
    let shows = d.one();
    assert_eq!(header(&shows, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    d.from(ALICE, &respond(&shows, 200, "", "", SDP_A));
    assert!(d.one().starts_with("ACK "));
    // The peer's own change comes first.
    let changed = SDP_A.replace("4000", "4002");
    d.from(ALICE, &alice("INVITE", "re1", 2, &tag, "", &changed));
    assert!(d.one().starts_with("SIP/2.0 100 "));
    assert_eq!(d.signal(), Signal::Media(offer(&changed)));
    d.command(leg, Command::ShowParty(party("1004", "Dave")));
    d.silent();
    d.command(leg, Command::Media(answer(SDP_B)));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.from(ALICE, &alice("ACK", "re1a", 2, &tag, "", ""));
    let shows = d.one();
    assert_eq!(header(&shows, "P-Asserted-Identity"), "\"Dave\" <sip:1004@strowger.test>");
}

#[test]
fn who_the_other_party_is_waits_for_a_change_of_the_peers_that_comes_before_it_is_said_again() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("Allow: INVITE, UPDATE\r\n");
    d.command(leg, Command::ShowParty(party("1003", "Carol")));
    let update = d.one();
    d.from(ALICE, &respond(&update, 500, "", "", ""));
    let changed = SDP_A.replace("4000", "4002");
    d.from(ALICE, &alice("INVITE", "re1", 2, &tag, "", &changed));
    assert!(d.one().starts_with("SIP/2.0 100 "));
    d.signal();
    d.command(leg, Command::Media(answer(SDP_B)));
    assert!(d.one().starts_with("SIP/2.0 200 "));
    d.from(ALICE, &alice("ACK", "re1a", 2, &tag, "", ""));
    assert_eq!(header(&d.one(), "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
}

#[test]
fn nobody_is_named_between_an_answer_and_its_ack() {
    let mut d = Driver::new();
    let leg = d.invite("Allow: INVITE, UPDATE\r\n", SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("*53", "Conference") });
    let answered = d.one();
    assert_eq!(header(&answered, "P-Asserted-Identity"), "\"Conference\" <sip:*53@strowger.test>");
    d.command(leg, Command::ShowParty(party("1003", "Carol")));
    d.command(leg, Command::ShowParty(party("1004", "Dave")));
    // Over UDP an UPDATE might come before the answer, whose name would stay.
    d.silent();
    d.from(ALICE, &alice("ACK", "ack1", 1, tag_of(&answered, "To"), "", ""));
    let update = d.one();
    assert!(update.starts_with("UPDATE "), "{update}");
    assert_eq!(header(&update, "P-Asserted-Identity"), "\"Dave\" <sip:1004@strowger.test>");
}

#[test]
fn an_offer_that_met_another_one_is_not_forgotten_when_the_other_one_comes() {
    let mut d = Driver::new();
    let (leg, tag) = d.established("");
    let other = SDP_B.replace("5000", "5002");
    d.command(leg, Command::Media(offer(&other)));
    let offers = d.one();
    d.from(ALICE, &respond(&offers, 491, "", "", ""));
    assert!(d.one().starts_with("ACK "));
    // Both met: hers comes while ours waits to be tried again (RFC 3261 §14.1).
    let changed = SDP_A.replace("4000", "4002");
    d.from(ALICE, &alice("INVITE", "re1", 2, &tag, "", &changed));
    assert!(d.one().starts_with("SIP/2.0 491 "));
    d.from(ALICE, &alice("ACK", "re1", 2, &tag, "", ""));
    d.pass(Duration::from_secs(3));
    let again = d.next();
    assert!(again.starts_with("INVITE "), "{again}");
    assert_eq!(body_of(&again), other);
}

/// Cisco's phones write Remote-Party-ID and read no other header.
#[test]
fn who_writes_remote_party_id_is_told_in_it_too() {
    let caller =
        "Remote-Party-ID: \"Alice\" <sip:1001@192.0.2.10>;party=calling\r\nAllow: INVITE, UPDATE\r\n";
    let mut d = Driver::new();
    let leg = d.invite(caller, SDP_A);
    d.command(leg, Command::Answer { media: answer(SDP_B), connected: party("1002", "Bob") });
    let ok = d.one();
    let bob = "\"Bob\" <sip:1002@strowger.test>";
    assert_eq!(header(&ok, "P-Asserted-Identity"), bob);
    assert_eq!(header(&ok, "Remote-Party-ID"), format!("{bob};party=called;privacy=off;screen=yes"));
    let tag = tag_of(&ok, "To").to_owned();
    d.from(ALICE, &alice("ACK", "ack1", 1, &tag, "", ""));
    let mut secret = party("1003", "Carol");
    secret.presentation = Presentation::Restricted;
    d.command(leg, Command::ShowParty(secret));
    let update = d.one();
    let nobody = "<sip:anonymous@anonymous.invalid>";
    assert_eq!(header(&update, "Remote-Party-ID"), format!("{nobody};party=called;privacy=full;screen=yes"));
    // A phone that is called says with its first answer which header it reads.
    for (theirs, expect) in
        [("", None), ("Remote-Party-ID: <sip:1002@192.0.2.20>;party=called\r\n", Some(true))]
    {
        let mut d = Driver::new();
        let (leg, invite) = d.ring(offer(SDP_A), false);
        let headers = format!("Contact: <sip:1002@192.0.2.20:5070>\r\nAllow: INVITE, UPDATE\r\n{theirs}");
        d.from(BOB, &respond(&invite, 200, "bob", &headers, SDP_B));
        assert!(d.one().starts_with("ACK "));
        d.command(leg, Command::ShowParty(party("1003", "Carol")));
        let update = d.one();
        assert!(update.starts_with("UPDATE "), "{update}");
        let told = update.lines().find(|line| line.starts_with("Remote-Party-ID: "));
        assert_eq!(told.map(|told| told.contains(";party=calling;")), expect, "{update}");
    }
}
