//! A phone reports who called it, through a whole node and as raw SIP.

#[path = "support/world.rs"]
mod world;

use std::net::SocketAddr;

use strowger_base::FeatureCode;
use strowger_base::journal::{Alarm, Decision, Entry};
use strowger_callcontrol::configuration::HoldMode;
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{FeatureDraft, PatternDraft};
use strowger_node::{Draft, Input};
use world::{Phone, World, draft, tag_of};

/// The workers do what they are told.
fn media(world: &mut World) {
    while !world.media.is_empty() {
        for command in std::mem::take(&mut world.media) {
            match command {
                Command::OpenEndpoint { port, .. } => {
                    let a = SocketAddr::from(([192, 0, 2, 1], 30_000));
                    world.input(Input::Media(Report::Opened { port, a, b: None }));
                }
                Command::Close { port } => {
                    let statistics = Box::new(PortStatistics::default());
                    world.input(Input::Media(Report::Closed { port, statistics }));
                }
                Command::Play { .. } | Command::Connect { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_code_reports_the_party_on_hold_and_the_record_has_the_mark() {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    let code = PatternDraft { pattern: "*57".into(), ..PatternDraft::default() };
    draft.plan.features = vec![FeatureDraft::access_code(code, FeatureCode::MaliciousCall)];
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    for phone in [&mut alice, &mut bob] {
        world.register(phone);
    }
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK ");
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    let hold = bob.request_back(&invite, "INVITE", &format!("{}a=sendonly\r\n", bob.sdp()));
    world.from(bob.address, &hold);
    world.expect(&bob, "SIP/2.0 100 ");
    let held = world.expect(&alice, "INVITE ");
    world.from(alice.address, &alice.respond(&held, "200 OK", &format!("{}a=recvonly\r\n", alice.sdp())));
    world.expect(&alice, "ACK ");
    world.expect(&bob, "SIP/2.0 200 ");
    let ack = bob.request_back(&invite, "ACK", "");
    world.from(bob.address, &ack);
    // The code confirms with a tone, and says whom.
    world.invite(&mut bob, "*57");
    media(&mut world);
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    assert!(ok.contains("\"Malicious call of 1001\""), "{ok}");
    bob.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = bob.request("ACK", "", "");
    world.from(bob.address, &ack);
    let bye = bob.request("BYE", "", "");
    world.from(bob.address, &bye);
    world.expect(&bob, "SIP/2.0 200 ");
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let ended = world.expect(&bob, "BYE ");
    world.from(bob.address, &bob.respond(&ended, "200 OK", ""));
    media(&mut world);
    let marks: Vec<(String, bool)> =
        world.calls().iter().map(|call| (call.called.to_owned(), call.malicious)).collect();
    assert_eq!(marks, [("*57".to_owned(), false), ("1002".to_owned(), true)]);
    let told: Vec<String> = world
        .records()
        .iter()
        .filter_map(|record| match record.entry {
            Entry::Decision(Decision::MarkedMalicious { party }) => Some(format!("mark {}", party.number)),
            Entry::Alarm(Alarm::MaliciousCall { by, party }) => Some(format!("alarm {by} {party}")),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["mark 1001", "alarm 1002 1001"]);
    world.settled();
}
