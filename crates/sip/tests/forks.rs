//! A proxy forks our INVITE: each phone behind it has a dialog of its own, with its own numbers and its own abilities (RFC 3261 §12.1.2).

mod support;

use strowger_base::leg::{Digit, KeySignalling};
use strowger_base::{Cause, Command, LegId, NodeId, ShardId, Signal};
use support::*;

const BYE: Command = Command::Release(Cause::NORMAL_CALL_CLEARING);

/// A request of the phone with this tag.
fn of_bob(invite: &str, method: &str, cseq: u32, tag: &str) -> String {
    format!(
        "{method} sip:strowger@192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20:5070;branch=z9hG4bK{tag}{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:1002@strowger.test>;tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:bob@192.0.2.20:5070>\r\nContent-Length: 0\r\n\r\n",
        header(invite, "From"),
        header(invite, "Call-ID")
    )
}

/// RFC 3261 §12.1.2, §12.2.1.1, §12.2.2.
#[test]
fn the_numbers_of_one_dialog_are_none_of_another() {
    for was_early in [false, true] {
        let mut d = Driver::new();
        let (leg, invite) = d.ring(offer(SDP_A), true);
        assert_eq!(header(&invite, "CSeq"), "1 INVITE");
        if was_early {
            d.from(BOB, &respond(&invite, 180, "t2", "", ""));
        }
        d.from(BOB, &respond(&invite, 180, "t1", "Require: 100rel\r\nRSeq: 7\r\n", ""));
        let prack = d.one();
        assert_eq!((header(&prack, "CSeq"), tag_of(&prack, "To")), ("2 PRACK", "t1"));
        d.from(BOB, &respond(&prack, 200, "", "", ""));
        d.from(BOB, &of_bob(&invite, "OPTIONS", 500, "t1"));
        d.sent.clear();
        // Somebody else takes the call.
        d.from(BOB, &respond(&invite, 200, "t2", "", SDP_B));
        let ack = d.one();
        assert_eq!((header(&ack, "CSeq"), tag_of(&ack, "To")), ("1 ACK", "t2"));
        d.from(BOB, &of_bob(&invite, "OPTIONS", 1, "t2"));
        assert!(d.one().starts_with("SIP/2.0 200 "), "its numbers begin where it wants");
        d.command(leg, BYE);
        assert_eq!(header(&d.one(), "CSeq"), "2 BYE", "the first of its own after the INVITE");
    }
}

/// RFC 3261 §20.5: what one phone takes says nothing of another.
#[test]
fn whether_keys_go_in_info_says_the_dialog_that_was_answered() {
    const TAKES: &str = "Allow: INVITE, ACK, BYE, INFO\r\n";
    const TAKES_NONE: &str = "Allow: INVITE, ACK, BYE\r\n";
    // What t1 and t2 say while they ring, who answers, and what it says with that.
    let cases = [
        ([TAKES, TAKES_NONE], "t2", "", false),
        ([TAKES_NONE, TAKES], "t2", "", true),
        ([TAKES, TAKES_NONE], "t1", "", true),
        ([TAKES_NONE, TAKES], "t1", "", false),
        ([TAKES, TAKES], "t3", TAKES_NONE, false),
        // It has not said what it takes.
        ([TAKES_NONE, TAKES_NONE], "t3", "", true),
    ];
    for (said, answers, with, expect) in cases {
        let mut d = Driver::new();
        let leg = LegId::new(NodeId(1), ShardId(0), 2);
        let mut ring = ring_bob(offer(SDP_A), false);
        ring.keys = KeySignalling::Any;
        d.command(leg, Command::Ring(Box::new(ring)));
        let invite = d.one();
        for (tag, said) in ["t1", "t2"].into_iter().zip(said) {
            d.from(BOB, &respond(&invite, 180, tag, said, ""));
        }
        d.from(BOB, &respond(&invite, 200, answers, with, SDP_B));
        assert!(d.one().starts_with("ACK "));
        d.command(leg, Command::Digit(Digit { key: '5', duration_ms: 100 }));
        let sent = d.sent.iter().any(|(_, text)| text.starts_with("INFO "));
        assert_eq!(sent, expect, "{said:?} {answers} {with}");
    }
}

/// RFC 3311 §4: an UPDATE goes where it was allowed.
#[test]
fn whether_a_party_is_shown_in_update_says_the_dialog_that_was_answered() {
    for (ringing, answers, method) in
        [("t1", "t1", "UPDATE "), ("t1", "t2", "INVITE "), ("t2", "t2", "UPDATE ")]
    {
        let mut d = Driver::new();
        let (leg, invite) = d.ring(offer(SDP_A), false);
        for tag in ["t1", "t2"] {
            let said = if tag == ringing { "Allow: INVITE, ACK, BYE, UPDATE\r\n" } else { "" };
            d.from(BOB, &respond(&invite, 180, tag, said, ""));
        }
        d.from(BOB, &respond(&invite, 200, answers, "", SDP_B));
        assert!(d.one().starts_with("ACK "));
        d.command(leg, Command::ShowParty(party("1003", "Carol")));
        assert!(d.one().starts_with(method), "{ringing} {answers}");
    }
}

/// The other one says how it sounded in its BYE, and again when it answers ours (both are on their way at once): that is one call.
#[test]
fn byes_that_cross_tell_once_how_the_call_sounded() {
    const FIRST: &str = "P-RTP-Stat: PS=151,OS=24160,PR=150,OR=24000,PL=1,JI=3,LA=12,DU=3\r\n";
    const SECOND: &str = "P-RTP-Stat: PS=152,OS=24320,PR=150,OR=24000,PL=1,JI=3,LA=12,DU=3\r\n";
    for (bye_first, changes) in [(true, false), (false, false), (true, true), (false, true)] {
        let mut d = Driver::new();
        let (leg, tag) = d.established("");
        if changes {
            // It stays for the answer to what was offered.
            d.command(leg, Command::Media(offer(&SDP_B.replace("5000", "5002"))));
            d.one();
        }
        d.command(leg, BYE);
        let bye = d.one();
        let theirs = alice("BYE", "bye1", 2, &tag, FIRST, "");
        let answered = respond(&bye, 200, "", SECOND, "");
        for text in if bye_first { [&theirs, &answered] } else { [&answered, &theirs] } {
            d.from(ALICE, text);
        }
        let sent: Vec<_> = d.statistics.iter().map(|told| told.packets_sent).collect();
        assert_eq!(sent, [if bye_first { 151 } else { 152 }], "{bye_first}");
        assert!(!d.signals.iter().any(|(_, signal)| matches!(signal, Signal::Answered { .. })));
    }
}
