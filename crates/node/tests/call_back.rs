//! Call back, as raw SIP: a phone that found a line busy is rung when that is free, and its answer calls the line.

#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use strowger_base::FeatureCode;
use strowger_base::journal::{CallBackNews, Decision, Entry, Feature, Record};
use strowger_callcontrol::configuration::HoldMode;
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{FeatureDraft, PatternDraft};
use strowger_node::io::{Answer, Question, UserSetting};
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft, header, tag_of};

/// `*66` wants to be called back by whoever was called last.
fn with_code() -> Draft {
    let mut draft = draft();
    // Nobody plays ringing tone, so that no media port is asked for.
    draft.hold = HoldMode::PassedOn;
    let pattern = PatternDraft { pattern: "*66".into(), ..PatternDraft::default() };
    draft.plan.features.push(FeatureDraft::access_code(pattern, FeatureCode::CallBack));
    draft
}

fn registered(world: &mut World) -> (Phone, Phone) {
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    for phone in [&mut alice, &mut bob] {
        world.register(phone);
    }
    (alice, bob)
}

/// Alice calls Bob, whose phone is busy, and dials the code.
fn asks(world: &mut World, alice: &mut Phone, bob: &Phone) {
    world.invite(alice, "1002");
    let rung = world.expect(bob, "INVITE ");
    world.from(bob.address, &bob.respond(&rung, "486 Busy Here", ""));
    world.expect(bob, "ACK ");
    let busy = world.expect(alice, "SIP/2.0 486 ");
    world.from(alice.address, &alice.acknowledge(&busy));
    world.invite(alice, "*66");
    let Some(Command::OpenEndpoint { port, .. }) = world.media.pop() else { panic!("{:?}", world.media) };
    let a = "192.0.2.1:30000".parse().expect("an address");
    world.input(Input::Media(Report::Opened { port, a, b: None }));
    let ok = world.expect(alice, "SIP/2.0 200 ");
    assert!(ok.contains("Call back 1002"), "{ok}");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    // The tone is over.
    world.input(Input::Media(Report::Finished { port }));
    let bye = world.expect(alice, "BYE ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));
    let statistics = Box::new(PortStatistics::default());
    world.input(Input::Media(Report::Closed { port, statistics }));
}

/// Alice is rung, and Bob when she answers; they talk, and he hangs up.
fn is_called_back(world: &mut World, alice: &Phone, bob: &mut Phone) {
    let rung = world.expect(alice, "INVITE ");
    assert!(header(&rung, "From").starts_with("\"Call back Bob\" <sip:1002@strowger.test>"), "{rung}");
    assert_eq!(body_of(&rung), "", "{rung}");
    world.from(alice.address, &alice.respond(&rung, "180 Ringing", ""));
    world.from(alice.address, &alice.respond(&rung, "200 OK", &alice.sdp()));
    // She is answered at once that nothing is sent yet.
    let ack = world.expect(alice, "ACK ");
    assert!(ack.contains("a=inactive"), "{ack}");
    let called = world.expect(bob, "INVITE ");
    assert!(header(&called, "From").starts_with("\"Alice\" <sip:1001@strowger.test>"), "{called}");
    world.from(bob.address, &bob.respond(&called, "180 Ringing", ""));
    // Her phone shows whom it calls.
    let shown = world.expect(alice, "INVITE ");
    assert!(header(&shown, "P-Asserted-Identity").starts_with("\"Bob\""), "{shown}");
    assert!(body_of(&shown).contains("a=inactive"), "{shown}");
    world.from(alice.address, &alice.respond(&shown, "200 OK", &alice.sdp()));
    world.expect(alice, "ACK ");
    world.from(bob.address, &bob.respond(&called, "200 OK", &bob.sdp()));
    let offered = world.expect(alice, "INVITE ");
    assert!(body_of(&offered).contains("192.0.2.20"), "{offered}");
    world.from(alice.address, &alice.respond(&offered, "200 OK", &alice.sdp()));
    world.expect(alice, "ACK ");
    let ack = world.expect(bob, "ACK ");
    assert!(body_of(&ack).contains("192.0.2.10"), "{ack}");
    let bye = bob.request_back(&called, "BYE", "");
    world.from(bob.address, &bye);
    world.expect(bob, "SIP/2.0 200 ");
    let bye = world.expect(alice, "BYE ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));
}

fn settings(world: &mut World) -> Vec<UserSetting> {
    match world.ask(Question::UserSettings) {
        Answer::UserSettings(settings) => settings,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_phone_that_found_a_line_busy_is_called_and_its_answer_calls_the_line() {
    let mut world = World::new(&with_code());
    let (mut alice, mut bob) = registered(&mut world);
    asks(&mut world, &mut alice, &bob);
    // What was asked for is shown among what users set.
    let shown = settings(&mut world);
    assert_eq!(shown.len(), 1, "{shown:?}");
    let (line, setting, value) = (&*shown[0].line, &*shown[0].setting, &*shown[0].value);
    assert_eq!((line, setting, value), ("1001", "call-back", "1002"));
    is_called_back(&mut world, &alice, &mut bob);
    assert!(settings(&mut world).is_empty());
    let told = |news: &dyn Fn(&Decision<'_>) -> bool| {
        world.records().iter().any(|record| matches!(&record.entry, Entry::Decision(it) if news(it)))
    };
    assert!(told(&|it| matches!(it, Decision::CallBack(CallBackNews::Free { line: "1002", .. }))));
    assert!(told(&|it| matches!(it, Decision::CallBack(CallBackNews::Over { number: "1002", .. }))));
    let joined: Vec<Option<Feature>> =
        world.calls().iter().map(|call| call.moves.and_then(|moves| moves.joined_by)).collect();
    assert_eq!(joined, [None, None, Some(Feature::CallBack), Some(Feature::CallBack)]);
    world.settled();
}

#[test]
fn it_survives_a_restart_and_phones_have_time_to_register() {
    let draft = with_code();
    let mut world = World::new(&draft);
    let (mut alice, bob) = registered(&mut world);
    asks(&mut world, &mut alice, &bob);
    let rung = world.expect(&alice, "INVITE ");
    world.from(alice.address, &alice.respond(&rung, "180 Ringing", ""));
    let is_kept = |bytes: &&Vec<u8>| {
        Record::decode(bytes).is_ok_and(|record| matches!(record.entry, Entry::UserSet(_)))
    };
    let kept: Vec<Vec<u8>> = world.journal.iter().filter(is_kept).cloned().collect();
    assert_eq!(kept.len(), 1);
    // The power is cut while her phone rings.
    let mut world = World::new(&draft);
    world.input(Input::RestoreSetting(&kept[0]));
    let (alice, mut bob) = registered(&mut world);
    world.silent();
    world.pass(Duration::from_secs(60));
    is_called_back(&mut world, &alice, &mut bob);
    world.settled();
}
