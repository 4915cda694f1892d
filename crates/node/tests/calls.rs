//! Whole calls through a node, as raw SIP.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use strowger_base::journal::{Direction, Entry, ReleasedBy};
use strowger_base::leg::{Service, Tone};
use strowger_base::{Cause, WallTime};
use strowger_callcontrol::configuration::HoldMode;
use strowger_media::control;
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft, header, tag_of};

fn alice() -> Phone {
    Phone::new("1001", "192.0.2.10:5060")
}

fn bob() -> Phone {
    Phone::new("1002", "192.0.2.20:5060")
}

/// A world with both phones registered.
fn registered() -> (World, Phone, Phone) {
    registered_with(&draft())
}

fn registered_with(draft: &Draft) -> (World, Phone, Phone) {
    let mut world = World::new(draft);
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.register(&mut bob);
    (world, alice, bob)
}

/// Alice calls Bob and Bob answers. Returns the INVITE that Bob got.
fn answered(world: &mut World, alice: &mut Phone, bob: &mut Phone) -> String {
    world.invite(alice, "1002");
    let invite = world.expect(bob, "INVITE sip:1002@192.0.2.20:5060 ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(alice, "SIP/2.0 180 ");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &bob.sdp()));
    world.expect(bob, "ACK ");
    let ok = world.expect(alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    world.silent();
    invite
}

#[test]
fn the_first_call() {
    let (mut world, mut alice, mut bob) = registered();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE sip:1002@192.0.2.20:5060 ");
    // The name is the configuration's, not the phone's.
    assert!(header(&invite, "From").starts_with("\"Alice\" <sip:1001@strowger.test>"), "{invite}");
    assert_eq!(header(&invite, "Max-Forwards"), "69");
    let body = body_of(&invite);
    assert!(body.contains(" IN IP4 192.0.2.1\r\n") && body.contains("c=IN IP4 192.0.2.10\r\n"), "{body}");
    world.from(bob.address, &bob.respond(&invite, "100 Trying", ""));
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.pass(Duration::from_secs(3));
    world.from(bob.address, &bob.respond(&invite, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK sip:1002@192.0.2.20:5060 ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(header(&ok, "P-Asserted-Identity"), "\"Bob\" <sip:1002@strowger.test>");
    assert!(body_of(&ok).contains("c=IN IP4 192.0.2.20\r\n"), "{ok}");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    world.pass(Duration::from_secs(10));
    let bye = bob.request_back(&invite, "BYE", "");
    world.from(bob.address, &bye);
    world.expect(&bob, "SIP/2.0 200 ");
    let bye = world.expect(&alice, "BYE sip:1001@192.0.2.10:5060 ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));
    world.settled();
    the_record_of_the_first_call(&world);
}

fn the_record_of_the_first_call(world: &World) {
    let calls = world.calls();
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((call.calling.number, call.called, call.connected.number), ("1001", "1002", "1002"));
    assert_eq!((call.cause, call.released_by), (Cause::NORMAL_CALL_CLEARING, ReleasedBy::Called));
    let seconds = |at: WallTime| (at.as_micros() - call.started_at.as_micros()) / 1_000_000;
    assert_eq!(call.alerted_at.map(seconds), Some(0));
    assert_eq!(call.answered_at.map(seconds), Some(3));
    assert_eq!(seconds(call.ended_at), 13);
    let records = world.records();
    let messages: Vec<String> = records
        .iter()
        .filter_map(|record| match record.entry {
            Entry::Message { direction, bytes, .. } => {
                let start = std::str::from_utf8(bytes).unwrap().split("\r\n").next().unwrap();
                let arrow = if direction == Direction::Received { ">" } else { "<" };
                // The INVITE that was challenged made no leg; all others belong to the call.
                assert_eq!(record.call, Some(call.call), "{start}");
                let start = start.replace(" SIP/2.0", "").replace("SIP/2.0 ", "");
                Some(format!("{arrow} {start}"))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        messages,
        [
            "> INVITE sip:1002@strowger.test",
            "< 100 Trying",
            "< INVITE sip:1002@192.0.2.20:5060",
            "> 100 Trying",
            "> 180 Ringing",
            "< 180 Ringing",
            "> 200 OK",
            "< ACK sip:1002@192.0.2.20:5060",
            "< 200 OK",
            "> ACK sip:1002@strowger.test",
            "> BYE sip:1001@192.0.2.1:5060",
            "< 200 OK",
            "< BYE sip:1001@192.0.2.10:5060",
            "> 200 OK",
        ]
    );
}

#[test]
fn a_busy_phone_makes_the_call_busy() {
    let (mut world, mut alice, bob) = registered();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "486 Busy Here", ""));
    world.expect(&bob, "ACK ");
    let busy = world.expect(&alice, "SIP/2.0 486 ");
    let acknowledgement = alice.acknowledge(&busy);
    world.from(alice.address, &acknowledgement);
    world.settled();
    assert_eq!(world.calls()[0].cause, Cause::USER_BUSY);
}

#[test]
fn a_call_that_is_given_up_stops_ringing() {
    let (mut world, mut alice, bob) = registered();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    let cancel = alice.request("CANCEL", "", "");
    world.from(alice.address, &cancel);
    world.expect(&alice, "SIP/2.0 200 ");
    let terminated = world.expect(&alice, "SIP/2.0 487 ");
    world.from(alice.address, &alice.acknowledge(&terminated));
    let cancel = world.expect(&bob, "CANCEL ");
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    world.from(bob.address, &bob.respond(&invite, "487 Request Terminated", ""));
    world.expect(&bob, "ACK ");
    world.settled();
    let calls = world.calls();
    assert_eq!((calls[0].cause, calls[0].released_by), (Cause::NORMAL_CALL_CLEARING, ReleasedBy::Caller));
}

#[test]
fn a_call_that_nobody_answers_ends_after_the_no_answer_time() {
    let (mut world, mut alice, bob) = registered();
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.pass(Duration::from_secs(59));
    world.silent();
    world.pass(Duration::from_secs(1));
    let cancel = world.expect(&bob, "CANCEL ");
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    let unavailable = world.expect(&alice, "SIP/2.0 480 ");
    world.from(alice.address, &alice.acknowledge(&unavailable));
    world.from(bob.address, &bob.respond(&invite, "487 Request Terminated", ""));
    world.settled();
    assert_eq!(world.calls()[0].cause, Cause::NO_ANSWER_FROM_USER);
}

#[test]
fn numbers_that_lead_nowhere_or_to_nobody() {
    let check = |number: &str, status: &str, cause: Cause| {
        let mut world = World::new(&draft());
        let mut alice = alice();
        world.register(&mut alice);
        world.invite(&mut alice, number);
        let refused = world.expect(&alice, status);
        world.from(alice.address, &alice.acknowledge(&refused));
        world.settled();
        assert_eq!(world.calls()[0].cause, cause, "{number}");
    };
    check("1002", "SIP/2.0 480 ", Cause::SUBSCRIBER_ABSENT);
    check("5555", "SIP/2.0 404 ", Cause::UNALLOCATED_NUMBER);
}

#[test]
fn the_other_phone_of_the_line_stops_when_one_answers() {
    let (mut world, mut alice, bob) = registered();
    let mut desk = Phone::new("1002", "192.0.2.21:5060");
    desk.cseq_from(100);
    world.register(&mut desk);
    world.invite(&mut alice, "1002");
    let first = world.expect(&bob, "INVITE sip:1002@192.0.2.20:5060 ");
    let second = world.expect(&desk, "INVITE sip:1002@192.0.2.21:5060 ");
    world.from(bob.address, &bob.respond(&first, "180 Ringing", ""));
    world.from(desk.address, &desk.respond(&second, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.from(desk.address, &desk.respond(&second, "200 OK", &desk.sdp()));
    world.expect(&desk, "ACK ");
    let cancel = world.expect(&bob, "CANCEL ");
    assert_eq!(header(&cancel, "Reason"), "SIP;cause=200;text=\"Call completed elsewhere\"");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    world.from(bob.address, &bob.respond(&cancel, "200 OK", ""));
    world.from(bob.address, &bob.respond(&first, "487 Request Terminated", ""));
    world.expect(&bob, "ACK ");
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&desk, "BYE ");
    world.from(desk.address, &desk.respond(&bye, "200 OK", ""));
    world.settled();
    assert_eq!(world.calls().len(), 1);
}

#[test]
fn without_music_hold_passes_through_and_back() {
    let (mut world, mut alice, mut bob) = registered_with(&Draft { hold: HoldMode::PassedOn, ..draft() });
    let invite = answered(&mut world, &mut alice, &mut bob);
    let held = bob.sdp() + "a=sendonly\r\n";
    world.from(bob.address, &bob.request_back(&invite, "INVITE", &held));
    world.expect(&bob, "SIP/2.0 100 ");
    let reinvite = world.expect(&alice, "INVITE ");
    assert!(reinvite.contains("a=sendonly"), "{reinvite}");
    let answer = alice.sdp() + "a=recvonly\r\n";
    world.from(alice.address, &alice.respond(&reinvite, "200 OK", &answer));
    world.expect(&alice, "ACK ");
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    assert!(ok.contains("a=recvonly"), "{ok}");
    let ack = bob.request_back(&invite, "ACK", "");
    world.from(bob.address, &ack);
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    world.settled();
    let held = world
        .records()
        .iter()
        .any(|record| matches!(record.entry, Entry::Decision(strowger_base::journal::Decision::Held)));
    assert!(held);
}

#[test]
fn who_is_held_hears_music() {
    let (mut world, mut alice, mut bob) = registered();
    let invite = answered(&mut world, &mut alice, &mut bob);
    world.media.clear();
    let held = bob.sdp() + "a=sendonly\r\n";
    world.from(bob.address, &bob.request_back(&invite, "INVITE", &held));
    world.expect(&bob, "SIP/2.0 100 ");
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    assert!(ok.contains("a=inactive") && body_of(&ok).contains("c=IN IP4 192.0.2.10\r\n"), "{ok}");
    world.from(bob.address, &bob.request_back(&invite, "ACK", ""));
    let [control::Command::OpenEndpoint { port, service: Service::Sounds }] = world.media[..] else {
        panic!("{:?}", world.media)
    };
    let a = "192.0.2.1:20000".parse().unwrap();
    world.input(Input::Media(control::Report::Opened { port, a, b: None }));
    let music = world.expect(&alice, "INVITE ");
    assert!(
        body_of(&music).contains("m=audio 20000 ") && music.contains("c=IN IP4 192.0.2.1\r\n"),
        "{music}"
    );
    world.from(alice.address, &alice.respond(&music, "200 OK", &alice.sdp()));
    world.expect(&alice, "ACK ");
    let plays =
        |command: &control::Command| matches!(command, control::Command::Play { tone: Tone::Music, .. });
    assert!(world.media.iter().any(plays), "{:?}", world.media);
    let resumed = bob.request_back(&invite, "INVITE", &bob.sdp());
    world.from(bob.address, &resumed);
    world.expect(&bob, "SIP/2.0 100 ");
    let reinvite = world.expect(&alice, "INVITE ");
    assert!(body_of(&reinvite).contains("c=IN IP4 192.0.2.20\r\n"), "{reinvite}");
    assert!(world.media.contains(&control::Command::Close { port }));
    world.from(alice.address, &alice.respond(&reinvite, "200 OK", &alice.sdp()));
    world.expect(&alice, "ACK ");
    world.expect(&bob, "SIP/2.0 200 ");
    world.from(bob.address, &bob.request_back(&invite, "ACK", ""));
    let statistics = Box::default();
    world.input(Input::Media(control::Report::Closed { port, statistics }));
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&bob, "BYE ");
    world.from(bob.address, &bob.respond(&bye, "200 OK", ""));
    world.settled();
}

#[test]
fn a_caller_that_hides_itself_is_known_by_its_credentials_and_not_shown() {
    let (mut world, mut alice, bob) = registered();
    let hide = |request: String| {
        let shown = "From: \"The boss\" <sip:1001@strowger.test>";
        assert!(request.contains(shown));
        // RFC 3323 §4.1.1.3.
        request.replace(shown, "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>")
    };
    alice.peer = "1002".to_owned();
    let sdp = alice.sdp();
    let first = hide(alice.request("INVITE", "", &sdp));
    world.from(alice.address, &first);
    let challenge = world.expect(&alice, "SIP/2.0 401 ");
    world.from(alice.address, &alice.acknowledge(&challenge));
    let authorization = alice.authorization(&challenge, "INVITE");
    let again = hide(alice.request("INVITE", &authorization, &sdp));
    world.from(alice.address, &again);
    world.expect(&alice, "SIP/2.0 100 ");
    let invite = world.expect(&bob, "INVITE ");
    assert!(!invite.contains("1001@") && header(&invite, "From").contains("anonymous"), "{invite}");
    world.from(bob.address, &bob.respond(&invite, "486 Busy Here", ""));
    world.expect(&bob, "ACK ");
    let busy = world.expect(&alice, "SIP/2.0 486 ");
    world.from(alice.address, &alice.acknowledge(&busy));
    assert_eq!(world.calls().first().map(|call| call.calling.number.to_owned()).as_deref(), Some("1001"));
    world.settled();
}

#[test]
fn a_call_to_a_trunk_carries_who_calls() {
    let mut world = World::new(&draft());
    let mut alice = alice();
    world.register(&mut alice);
    world.invite(&mut alice, "01632960000");
    let carrier = Phone::new("carrier", "192.0.2.99:5060");
    let invite = world.expect(&carrier, "INVITE sip:01632960000@192.0.2.99:5060 ");
    assert_eq!(header(&invite, "P-Asserted-Identity"), "\"Alice\" <sip:1001@strowger.test>");
    world.from(carrier.address, &carrier.respond(&invite, "404 Not Found", ""));
    world.expect(&carrier, "ACK ");
    let refused = world.expect(&alice, "SIP/2.0 404 ");
    world.from(alice.address, &alice.acknowledge(&refused));
    world.settled();
}
