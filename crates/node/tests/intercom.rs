//! Intercom through a node, as raw SIP.

#[path = "support/world.rs"]
mod world;

use strowger_base::Secret;
use strowger_base::leg::Answering;
use strowger_node::Draft;
use strowger_node::configuration::{
    IntercomLine, Line, LineSecret, PartitionDraft, PhoneDraft, SearchSpaceDraft,
};
use world::{Phone, World, body_of, draft, header, password, tag_of};

/// 901 and 902 are intercom lines; the key of 901 calls 902.
fn desks() -> Draft {
    let mut draft = draft();
    draft.plan.partitions.push(PartitionDraft { name: "desks".into(), ..PartitionDraft::default() });
    let space = SearchSpaceDraft { name: "desks".into(), partitions: vec!["desks".into()] };
    draft.plan.search_spaces.push(space);
    for (number, target) in [("901", "902"), ("902", "")] {
        let secret = LineSecret::Password(Secret::new(password(number).into()));
        let mut line = Line::on(number, "Desk", vec![PhoneDraft::new("", secret)]);
        line.partition = "desks".into();
        line.search_space = "desks".into();
        line.intercom = Some(Box::new(IntercomLine { target: target.into() }));
        line.auto_answer = Answering::Headset;
        (line.busy_trigger, line.calls_max) = (1, 1);
        draft.lines.push(line);
    }
    draft
}

fn open() -> (World, Phone, Phone) {
    let mut world = World::new(&desks());
    let (mut alice, mut bob) = (Phone::new("901", "192.0.2.10:5060"), Phone::new("902", "192.0.2.20:5060"));
    world.register(&mut alice);
    world.register(&mut bob);
    (world, alice, bob)
}

/// The target answers by itself, as it is told to.
fn whispers(world: &mut World, alice: &mut Phone, bob: &Phone) -> String {
    let invite = world.expect(bob, "INVITE sip:902@");
    assert_eq!(header(&invite, "Call-Info"), "<sip:strowger.test>;answer-after=0;intercom=headset");
    assert!(body_of(&invite).ends_with("a=sendonly\r\n"), "{invite}");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &format!("{}a=recvonly\r\n", bob.sdp())));
    world.expect(bob, "ACK ");
    let ok = world.expect(alice, "SIP/2.0 200 ");
    assert!(body_of(&ok).ends_with("a=recvonly\r\n"), "{ok}");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    invite
}

#[test]
fn the_target_hears_the_caller_at_once_and_is_heard_when_it_talks() {
    let (mut world, mut alice, mut bob) = open();
    world.invite(&mut alice, "902");
    let invite = whispers(&mut world, &mut alice, &bob);
    // Hold is refused, and means nothing.
    let held = bob.request_back(&invite, "INVITE", &format!("{}a=sendonly\r\n", bob.sdp()));
    world.from(bob.address, &held);
    world.expect(&bob, "SIP/2.0 100 ");
    world.expect(&bob, "SIP/2.0 403 ");
    // The button: both ways.
    let talks = bob.request_back(&invite, "INVITE", &bob.sdp());
    world.from(bob.address, &talks);
    world.expect(&bob, "SIP/2.0 100 ");
    let offered = world.expect(&alice, "INVITE ");
    assert!(!body_of(&offered).contains("a=recvonly"), "{offered}");
    world.from(alice.address, &alice.respond(&offered, "200 OK", &alice.sdp()));
    world.expect(&alice, "ACK ");
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    assert!(!body_of(&ok).contains("only"), "{ok}");
    let ack = bob.request_back(&invite, "ACK", "");
    world.from(bob.address, &ack);
    let bye = bob.request_back(&invite, "BYE", "");
    world.from(bob.address, &bye);
    world.expect(&bob, "SIP/2.0 200 ");
    let bye = world.expect(&alice, "BYE ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));
    world.settled();
    assert_eq!(world.calls()[0].connected.number, "902");
}

#[test]
fn a_key_calls_its_target_and_every_other_number_is_busy() {
    let (mut world, mut alice, bob) = open();
    // Her phone cannot call nobody: it calls its own number.
    world.invite(&mut alice, "901");
    whispers(&mut world, &mut alice, &bob);
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    for number in ["1001", "0123", "77"] {
        world.invite(&mut alice, number);
        let busy = world.expect(&alice, "SIP/2.0 486 ");
        world.from(alice.address, &alice.acknowledge(&busy));
    }
    // An ordinary line sees no partition of intercom lines.
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    world.register(&mut carol);
    world.invite(&mut carol, "902");
    let unknown = world.expect(&carol, "SIP/2.0 404 ");
    world.from(carol.address, &carol.acknowledge(&unknown));
    world.settled();
}
