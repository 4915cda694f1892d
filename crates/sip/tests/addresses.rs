//! Who is asked for, at which host: ours, or one that a route leads to (RFC 3261 §8.1.1.1).

mod support;

use strowger_base::leg::{Command, Media};
use strowger_base::{LegId, NodeId, ShardId, Signal};
use support::{ALICE, BOB, Driver, alice, header, respond, ring_bob};

#[test]
fn somebody_at_another_host_is_asked_for_with_it() {
    let check = |uri: &str, expect: &str| {
        let mut d = Driver::new();
        let invite = alice("INVITE", "inv1", 1, "", "", "").replacen("sip:1002@strowger.test", uri, 1);
        d.from(ALICE, &invite);
        let Signal::Setup(setup) = d.signals.remove(0).1 else { panic!("{uri}") };
        assert_eq!(&*setup.called, expect, "{uri}");
    };
    check("sip:carol@strowger.test", "carol");
    check("sip:carol@STROWGER.test:5062;user=phone", "carol");
    check("sip:carol@192.0.2.1:5060", "carol");
    check("sip:carol@localhost", "carol");
    check("sip:carol@other.example", "carol@other.example");
    check("sip:carol@other.example:5070;transport=tcp", "carol@other.example");
    check("sip:carol@198.51.100.7", "carol@198.51.100.7");
    check("sip:carol@[2001:db8::1]", "carol@[2001:db8::1]");
    // What looks like a number is one, under whatever name the phone knows us.
    check("sip:1002@other.example", "1002");
    check("sip:+14085550100@other.example", "+14085550100");
    check("sip:*21%23@other.example", "*21#");
}

#[test]
fn a_trunk_is_the_way_to_another_host() {
    let mut d = Driver::new();
    let leg = LegId::new(NodeId(1), ShardId(0), 2);
    let mut ring = ring_bob(Media::None, false);
    ring.called = "carol@other.example".into();
    d.command(leg, Command::Ring(Box::new(ring)));
    let invite = d.one();
    assert!(invite.starts_with("INVITE sip:carol@other.example SIP/2.0\r\n"), "{invite}");
    assert_eq!(header(&invite, "To"), "<sip:carol@other.example>");
    // The failure is acknowledged where the INVITE went (RFC 3261 §17.1.1.3).
    d.from(BOB, &respond(&invite, 486, "tb", "", ""));
    let ack = d.one();
    assert!(ack.starts_with("ACK sip:carol@other.example SIP/2.0\r\n"), "{ack}");
}

#[test]
fn what_is_behind_the_at_and_no_host_stays_part_of_the_user() {
    let check = |called: &str, expect: &str| {
        let mut d = Driver::new();
        let mut ring = ring_bob(Media::None, false);
        ring.called = called.into();
        d.command(LegId::new(NodeId(1), ShardId(0), 2), Command::Ring(Box::new(ring)));
        let invite = d.one();
        let (line, _) = invite.split_once("\r\n").unwrap();
        assert_eq!(line, format!("INVITE {expect} SIP/2.0"), "{called:?}");
    };
    check("carol@[2001:db8::1]", "sip:carol@[2001:db8::1]");
    check("a@b@other.example", "sip:a%40b@other.example");
    check("carol@evil\r\nX: y", "sip:carol%40evil%0D%0AX%3A%20y@192.0.2.20:5070");
    check("carol@a;lr", "sip:carol%40a;lr@192.0.2.20:5070");
    check("carol@", "sip:carol%40@192.0.2.20:5070");
    check("@other.example", "sip:%40other.example@192.0.2.20:5070");
}
