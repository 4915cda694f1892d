//! Calls that go on elsewhere, as raw SIP: what the phones see of forwards and hunts.

#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use strowger_base::journal::Redirection;
use strowger_dialplan::forward::BySide;
use strowger_dialplan::hunt::{Distribution, LineGroupOptions};
use strowger_node::Draft;
use strowger_node::configuration::{
    ForwardDraft, ForwardsDraft, HuntListDraft, HuntPilotDraft, LineGroupDraft,
};
use world::{Phone, World, body_of, draft, header, tag_of};

/// Alice, Bob and Carol, registered.
fn registered(draft: &Draft) -> (World, Phone, Phone, Phone) {
    let mut world = World::new(draft);
    let phone = |number, address| Phone::new(number, address);
    let mut alice = phone("1001", "192.0.2.10:5060");
    let mut bob = phone("1002", "192.0.2.20:5060");
    let mut carol = phone("1003", "192.0.2.30:5060");
    for phone in [&mut alice, &mut bob, &mut carol] {
        world.register(phone);
    }
    (world, alice, bob, carol)
}

/// Bob's calls go to Carol when nobody answers within five seconds.
fn forwarding() -> Draft {
    let mut draft = draft();
    draft.lines[1].forwards = Some(Box::new(ForwardsDraft {
        no_answer: BySide::both(Some(ForwardDraft::to("1003"))),
        ring: Some(Duration::from_secs(5)),
        ..ForwardsDraft::default()
    }));
    draft
}

/// Bob's phone stops ringing.
fn cancelled(world: &mut World, bob: &Phone, invite: &str) {
    let cancel = world.expect(bob, "CANCEL ");
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    world.from(bob.address, &bob.respond(invite, "487 Request Terminated", ""));
}

/// Alice confirms the answer and hangs up after a while.
fn talk_and_hang_up(world: &mut World, alice: &mut Phone, other: &Phone, ok: &str) {
    alice.remote_tag = tag_of(ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    world.silent();
    world.pass(Duration::from_secs(3));
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(alice, "SIP/2.0 200 ");
    let bye = world.expect(other, "BYE ");
    world.from(other.address, &other.respond(&bye, "200 OK", ""));
    world.settled();
}

#[test]
fn a_call_that_nobody_answers_goes_on_and_says_who_sent_it() {
    let (mut world, mut alice, bob, carol) = registered(&forwarding());
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE sip:1002@192.0.2.20:5060 ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    let ringing = world.expect(&alice, "SIP/2.0 180 ");
    assert!(!ringing.contains("P-Asserted-Identity"), "{ringing}");
    world.pass(Duration::from_secs(5));
    let cancel = world.expect(&bob, "CANCEL ");
    let onward = world.expect(&carol, "INVITE sip:1003@192.0.2.30:5060 ");
    // RFC 5806: who diverted, and why.
    let diversion = header(&onward, "Diversion");
    assert_eq!(diversion, "\"Bob\" <sip:1002@strowger.test>;reason=no-answer");
    assert_eq!(body_of(&onward), body_of(&invite), "the same offer");
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    world.from(bob.address, &bob.respond(&invite, "487 Request Terminated", ""));
    world.expect(&bob, "ACK ");
    world.from(carol.address, &carol.respond(&onward, "180 Ringing", ""));
    let ringing = world.expect(&alice, "SIP/2.0 180 ");
    assert_eq!(header(&ringing, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    world.from(carol.address, &carol.respond(&onward, "200 OK", &carol.sdp()));
    world.expect(&carol, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert!(body_of(&ok).contains("c=IN IP4 192.0.2.30\r\n"), "{ok}");
    talk_and_hang_up(&mut world, &mut alice, &carol, &ok);
    let calls = world.calls();
    assert_eq!(calls[0].redirections, [Redirection { by: "1002", reason: 2, on_behalf_of: 5 }]);
    assert_eq!((calls[0].translated, calls[0].final_called), ("1002", "1003"));
}

#[test]
fn the_session_follows_when_the_first_phone_was_heard_before_the_forward() {
    let (mut world, mut alice, bob, carol) = registered(&forwarding());
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "183 Session Progress", &bob.sdp()));
    let early = world.expect(&alice, "SIP/2.0 183 ");
    assert!(body_of(&early).contains("c=IN IP4 192.0.2.20\r\n"), "{early}");
    world.pass(Duration::from_secs(5));
    cancelled(&mut world, &bob, &invite);
    let onward = world.expect(&carol, "INVITE ");
    assert!(body_of(&onward).contains("c=IN IP4 192.0.2.10\r\n"), "{onward}");
    world.expect(&bob, "ACK ");
    world.from(carol.address, &carol.respond(&onward, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.from(carol.address, &carol.respond(&onward, "200 OK", &carol.sdp()));
    world.expect(&carol, "ACK ");
    // Nothing was confirmed, so that the answer of the 2xx is the one that counts (RFC 3261 §13.2.1).
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert!(body_of(&ok).contains("c=IN IP4 192.0.2.30\r\n"), "{ok}");
    talk_and_hang_up(&mut world, &mut alice, &carol, &ok);
}

#[test]
fn a_confirmed_early_session_is_brought_to_who_answers_by_a_re_invite() {
    let (mut world, mut alice, bob, carol) = registered(&forwarding());
    let plain = world.authorized_invite(&mut alice, "1002");
    let supporting = plain.replacen("Max-Forwards", "Supported: 100rel\r\nMax-Forwards", 1);
    world.from(alice.address, &supporting);
    world.expect(&alice, "SIP/2.0 100 ");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "183 Session Progress", &bob.sdp()));
    let early = world.expect(&alice, "SIP/2.0 183 ");
    alice.remote_tag = tag_of(&early, "To").to_owned();
    let cseq = header(&early, "CSeq").to_owned();
    let prack = alice.request("PRACK", &format!("RAck: {} {cseq}\r\n", header(&early, "RSeq")), "");
    world.from(alice.address, &prack);
    world.expect(&alice, "SIP/2.0 200 ");
    world.pass(Duration::from_secs(5));
    cancelled(&mut world, &bob, &invite);
    let onward = world.expect(&carol, "INVITE ");
    world.expect(&bob, "ACK ");
    world.from(carol.address, &carol.respond(&onward, "200 OK", &carol.sdp()));
    world.expect(&carol, "ACK ");
    // The offer was answered for good in the 183 (RFC 3262 §5), so that the 2xx cannot answer it again.
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(body_of(&ok), "");
    let ack = alice.request("ACK", "", "");
    let of_invite = format!("CSeq: {}", cseq.replace("INVITE", "ACK"));
    world.from(alice.address, &ack.replace(&format!("CSeq: {}", header(&ack, "CSeq")), &of_invite));
    world.pass(Duration::from_millis(1));
    let again = world.expect(&alice, "INVITE ");
    assert!(body_of(&again).contains("c=IN IP4 192.0.2.30\r\n"), "{again}");
    world.from(alice.address, &alice.respond(&again, "200 OK", &alice.sdp()));
    world.expect(&alice, "ACK ");
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&carol, "BYE ");
    world.from(carol.address, &carol.respond(&bye, "200 OK", ""));
    world.settled();
}

#[test]
fn a_hunt_rings_those_that_are_there_together_and_one_has_the_call() {
    let mut draft = draft();
    draft.plan.line_groups = vec![LineGroupDraft {
        name: "sales".into(),
        members: vec!["1001".into(), "1002".into(), "1003".into()],
        options: LineGroupOptions { distribution: Distribution::Broadcast, ..LineGroupOptions::default() },
    }];
    draft.plan.hunt_lists = vec![HuntListDraft { name: "all".into(), groups: vec!["sales".into()] }];
    draft.plan.hunt_pilots = vec![HuntPilotDraft::new("5000", "all")];
    draft.lines[0].busy_trigger = 1;
    let (mut world, mut alice, bob, carol) = registered(&draft);
    world.invite(&mut alice, "5000");
    let first = world.expect(&bob, "INVITE sip:1002@192.0.2.20:5060 ");
    let second = world.expect(&carol, "INVITE sip:1003@192.0.2.30:5060 ");
    world.from(bob.address, &bob.respond(&first, "486 Busy Here", ""));
    world.expect(&bob, "ACK ");
    world.from(carol.address, &carol.respond(&second, "200 OK", &carol.sdp()));
    world.expect(&carol, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(header(&ok, "P-Asserted-Identity"), "\"Carol\" <sip:1003@strowger.test>");
    talk_and_hang_up(&mut world, &mut alice, &carol, &ok);
    let calls = world.calls();
    assert_eq!(
        (calls[0].hunt_pilot, calls[0].final_called, calls[0].redirections.len()),
        ("5000", "1003", 0)
    );
}
