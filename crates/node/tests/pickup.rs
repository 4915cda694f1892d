//! Pickup and call park through a node, as raw SIP.

#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use strowger_base::{FeatureCode, FeatureNumber};
use strowger_callcontrol::configuration::{HoldMode, ParkRange, PickupGroup};
use strowger_node::Draft;
use strowger_node::configuration::{DirectedParkDraft, FeatureDraft, PatternDraft};
use world::{Phone, World, body_of, draft, header, tag_of};

struct Office {
    world: World,
    alice: Phone,
    bob: Phone,
    carol: Phone,
}

/// Bob and Carol are in a pickup group; 880 and 881 are numbers of call park, 870 is one of directed call park.
fn office() -> Office {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    let number = |number: &str, code, object: &str, digits| FeatureDraft {
        pattern: PatternDraft { pattern: number.into(), ..PatternDraft::default() },
        number: FeatureNumber { code, object: object.into(), digits },
    };
    draft.plan.features = vec![
        number("8600", FeatureCode::GroupPickUp, "sales", 0),
        number("88[01]", FeatureCode::Retrieve, "lot", 0),
        number("870", FeatureCode::DirectedPark, "place", 0),
        number("*5870", FeatureCode::Retrieve, "place", 2),
    ];
    let lines = ["1002", "1003"].map(Into::into).into();
    draft.plan.pickup.add("sales", PickupGroup { lines, ..PickupGroup::default() });
    let numbers = ["880", "881"].map(Into::into).into();
    draft.plan.park.ranges = vec![ParkRange { object: "lot".into(), numbers }];
    draft.plan.park.directed = vec![DirectedParkDraft { object: "place".into(), reversion: None }];
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    for phone in [&mut alice, &mut bob, &mut carol] {
        world.register(phone);
    }
    Office { world, alice, bob, carol }
}

/// A phone answers an INVITE in its dialog, or the call itself; it hears the ACK.
fn answers(world: &mut World, phone: &Phone, invite: &str) {
    world.from(phone.address, &phone.respond(invite, "200 OK", &phone.sdp()));
}

/// A phone's own INVITE is answered; returns the 200.
fn is_answered(world: &mut World, phone: &mut Phone) -> String {
    let ok = world.expect(phone, "SIP/2.0 200 ");
    phone.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = phone.request("ACK", "", "");
    world.from(phone.address, &ack);
    ok
}

/// A phone hangs up its own call, the other one hears of it, and nothing is left.
fn ends(world: &mut World, phone: &mut Phone, other: &Phone) {
    let bye = phone.request("BYE", "", "");
    world.from(phone.address, &bye);
    world.expect(phone, "SIP/2.0 200 ");
    let bye = world.expect(other, "BYE ");
    world.from(other.address, &other.respond(&bye, "200 OK", ""));
    world.settled();
}

#[test]
fn a_call_is_picked_up_by_the_number_of_the_group() {
    let Office { mut world, mut alice, bob, mut carol } = office();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.invite(&mut carol, "8600");
    let cancel = world.expect(&bob, "CANCEL ");
    assert!(header(&cancel, "Reason").contains("cause=200"), "{cancel}");
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    world.from(bob.address, &bob.respond(&invite, "487 Request Terminated", ""));
    // What each offered answers the other one.
    let ok = is_answered(&mut world, &mut carol);
    assert!(body_of(&ok).ends_with("c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"), "{ok}");
    assert_eq!(header(&ok, "P-Asserted-Identity"), "\"Alice\" <sip:1001@strowger.test>");
    let ok = is_answered(&mut world, &mut alice);
    assert!(body_of(&ok).ends_with("c=IN IP4 192.0.2.30\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"), "{ok}");
    assert_eq!(header(&ok, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    world.expect(&bob, "ACK ");
    world.silent();
    ends(&mut world, &mut alice, &carol);
    let calls = world.calls();
    let call = calls.iter().find(|call| call.calling.number == "1001").unwrap();
    assert_eq!((call.connected.number, call.final_called, call.cause.0), ("1003", "1003", 16));
    let [redirection] = call.redirections.as_slice() else { panic!("{call:?}") };
    assert_eq!((redirection.by, redirection.reason, redirection.on_behalf_of), ("1002", 5, 16));
}

#[test]
fn a_phone_that_rings_is_replaced() {
    let Office { mut world, mut alice, bob, mut carol } = office();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    let call_id = header(&invite, "Call-ID");
    let (ours, theirs) = (tag_of(&invite, "From"), "u1002x5060");
    let replaces = format!("Replaces: {call_id};to-tag={ours};from-tag={theirs};early-only\r\nContent-Type");
    let asks = world.authorized_invite(&mut carol, "1002").replace("Content-Type", &replaces);
    let asks = asks.replace("RTP/AVP 8 0", "RTP/AVP 9 3");
    world.from(carol.address, &asks);
    world.expect(&carol, "SIP/2.0 100 ");
    let cancel = world.expect(&bob, "CANCEL ");
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    world.from(bob.address, &bob.respond(&invite, "487 Request Terminated", ""));
    // Her codecs are no answer to Alice: nothing is sent yet. What Alice offered comes as soon as Carol has acknowledged that.
    let ok = is_answered(&mut world, &mut carol);
    assert!(body_of(&ok).contains("a=inactive\r\n"), "{ok}");
    world.expect(&bob, "ACK ");
    let offered = world.expect(&carol, "INVITE ");
    assert!(body_of(&offered).contains("c=IN IP4 192.0.2.10\r\n"), "{offered}");
    answers(&mut world, &carol, &offered);
    world.expect(&carol, "ACK ");
    is_answered(&mut world, &mut alice);
    world.silent();
    ends(&mut world, &mut carol, &alice);
}

/// Alice calls Bob, who transfers her to a number.
fn is_parked(world: &mut World, (alice, bob): (&mut Phone, &mut Phone), number: &str) {
    world.invite(alice, "1002");
    let invite = world.expect(bob, "INVITE ");
    answers(world, bob, &invite);
    world.expect(bob, "ACK ");
    is_answered(world, alice);
    let refer = bob.request_back(&invite, "REFER", "");
    let head = format!("Refer-To: <sip:{number}@strowger.test>\r\nContent-Length: 0");
    world.from(bob.address, &refer.replace("Content-Length: 0", &head));
    world.expect(bob, "SIP/2.0 202 ");
    let first = world.expect(bob, "NOTIFY ");
    let bye = world.expect(bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    world.from(bob.address, &bob.respond(&first, "200 OK", ""));
    let last = world.expect(bob, "NOTIFY ");
    assert!(body_of(&last).starts_with("SIP/2.0 200 "), "{last}");
    world.from(bob.address, &bob.respond(&last, "200 OK", ""));
    world.silent();
}

#[test]
fn a_party_is_parked_and_got_back() {
    for (parks, dials) in [("880", "880"), ("870", "*5870")] {
        let Office { mut world, mut alice, mut bob, mut carol } = office();
        is_parked(&mut world, (&mut alice, &mut bob), parks);
        world.invite(&mut carol, dials);
        let shown = world.expect(&alice, "INVITE ");
        assert_eq!(header(&shown, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
        answers(&mut world, &alice, &shown);
        world.expect(&alice, "ACK ");
        let offered = world.expect(&alice, "INVITE ");
        assert!(body_of(&offered).contains("c=IN IP4 192.0.2.30\r\n"), "{offered}");
        answers(&mut world, &alice, &offered);
        world.expect(&alice, "ACK ");
        let ok = is_answered(&mut world, &mut carol);
        assert!(body_of(&ok).contains("c=IN IP4 192.0.2.10\r\n"), "{ok}");
        world.silent();
        ends(&mut world, &mut carol, &alice);
    }
}

#[test]
fn a_parked_party_goes_back() {
    let Office { mut world, mut alice, mut bob, .. } = office();
    is_parked(&mut world, (&mut alice, &mut bob), "881");
    world.pass(Duration::from_secs(60));
    let invite = world.expect(&bob, "INVITE ");
    assert!(header(&invite, "From").starts_with("\"Alice\" <sip:1001@"), "{invite}");
    answers(&mut world, &bob, &invite);
    assert!(body_of(&invite).contains("c=IN IP4 192.0.2.10\r\n"), "{invite}");
    world.expect(&bob, "ACK ");
    let shown = world.expect(&alice, "INVITE ");
    answers(&mut world, &alice, &shown);
    // What he was offered was not settled by his answer: he is asked for an offer.
    let asked = world.expect(&bob, "INVITE ");
    assert_eq!(body_of(&asked), "");
    world.expect(&alice, "ACK ");
    answers(&mut world, &bob, &asked);
    let offered = world.expect(&alice, "INVITE ");
    assert!(body_of(&offered).contains("c=IN IP4 192.0.2.20\r\n"), "{offered}");
    answers(&mut world, &alice, &offered);
    world.expect(&alice, "ACK ");
    world.expect(&bob, "ACK ");
    world.silent();
    ends(&mut world, &mut alice, &bob);
}
