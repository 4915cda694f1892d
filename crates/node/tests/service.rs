//! What is around calls: registration, services, relays, questions, the disk, restarts, overload.

#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use strowger_base::event::RefuseReason;
use strowger_base::journal::{Alarm, Entry, Registration};
use strowger_base::net::ListenerId;
use strowger_base::{LineName, Secret};
use strowger_callcontrol::RelayMode;
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{Line, LineSecret, MessageDetail};
use strowger_node::io::{Answer, CallState, Question, Service, StoreRecord};
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft, parameters, tag_of};

fn alice() -> Phone {
    Phone::new("1001", "192.0.2.10:5060")
}

fn bob() -> Phone {
    Phone::new("1002", "192.0.2.20:5060")
}

#[test]
fn a_wrong_password_is_refused_and_told() {
    let mut world = World::new(&draft());
    let mut alice = alice();
    alice.password = "guess".to_owned();
    let request = alice.request("REGISTER", "", "");
    world.from(alice.address, &request);
    let challenge = world.expect(&alice, "SIP/2.0 401 ");
    let authorization = alice.authorization(&challenge, "REGISTER");
    let request = alice.request("REGISTER", &authorization, "");
    world.from(alice.address, &request);
    world.expect(&alice, "SIP/2.0 403 ");
    let refused = world.records().into_iter().any(|record| match record.entry {
        Entry::Registration(Registration::Refused { claimed, reason, .. }) => {
            (claimed, reason) == ("1001", RefuseReason::WrongPassword)
        }
        _ => false,
    });
    assert!(refused, "{:?}", world.records());
    world.settled();
}

/// Alice calls the echo test until the worker is asked for a port.
fn call_echo(world: &mut World, alice: &mut Phone) -> strowger_media::control::PortId {
    world.register(alice);
    world.invite(alice, "9999");
    let Some(Command::OpenEndpoint { port, .. }) = world.media.pop() else { panic!("{:?}", world.media) };
    port
}

#[test]
fn the_echo_test_answers_and_its_port_is_closed_once() {
    let mut world = World::new(&draft());
    let mut alice = alice();
    let port = call_echo(&mut world, &mut alice);
    let a = "192.0.2.1:30000".parse().unwrap();
    world.input(Input::Media(Report::Opened { port, a, b: None }));
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert!(body_of(&ok).contains("m=audio 30000 RTP/AVP 8"), "{ok}");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    assert!(matches!(world.media.pop(), Some(Command::Connect { .. })));
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    assert_eq!(world.media, [Command::Close { port }]);
    world.input(Input::Media(Report::Closed { port, statistics: Box::new(PortStatistics::default()) }));
    world.settled();
    assert!(world.records().iter().any(|record| matches!(record.entry, Entry::Quality(_))));
}

#[test]
fn an_echo_test_without_a_port_is_refused() {
    let mut world = World::new(&draft());
    let mut alice = alice();
    let port = call_echo(&mut world, &mut alice);
    world.input(Input::Media(Report::Failed { port, reason: "none left".into() }));
    let refused = world.expect(&alice, "SIP/2.0 503 ");
    world.from(alice.address, &alice.acknowledge(&refused));
    world.settled();
}

#[test]
fn media_goes_through_a_relay_when_wanted() {
    let elsewhere = || Some("10.0.0.20:5060".parse().unwrap());
    // Bob's phone believes to be at another address than its packets come from; or it learned what its address looks like from outside.
    for (contact, via) in [(elsewhere(), None), (None, elsewhere()), (elsewhere(), elsewhere())] {
        let mut draft = draft();
        draft.relay = RelayMode::WhenBehindNat;
        let mut world = World::new(&draft);
        let (mut alice, mut bob) = (alice(), bob());
        (bob.contact, bob.via) = (contact, via);
        world.register(&mut alice);
        world.register(&mut bob);
        world.invite(&mut alice, "1002");
        let Some(Command::OpenRelay { port }) = world.media.pop() else { panic!("{:?}", world.media) };
        let a = "192.0.2.1:30000".parse().unwrap();
        let b = Some("192.0.2.1:30002".parse().unwrap());
        world.input(Input::Media(Report::Opened { port, a, b }));
        let invite = world.expect(&bob, "INVITE ");
        assert!(body_of(&invite).contains("c=IN IP4 192.0.2.1\r\n"), "{invite}");
        assert!(body_of(&invite).contains("m=audio 30002 "), "{invite}");
        world.from(bob.address, &bob.respond(&invite, "603 Decline", ""));
        world.expect(&bob, "ACK ");
        let refused = world.expect(&alice, "SIP/2.0 603 ");
        world.from(alice.address, &alice.acknowledge(&refused));
        assert_eq!(world.media.last(), Some(&Command::Close { port }));
        world.input(Input::Media(Report::Closed { port, statistics: Box::new(PortStatistics::default()) }));
        world.settled();
    }
}

#[test]
fn lists_are_told_in_pages_the_newest_call_first() {
    let mut world = World::new(&draft());
    let mut alice = alice();
    world.register(&mut alice);
    for _ in 0..2 {
        world.invite(&mut alice, "9999");
    }
    let mut page = |before, limit| match world.ask(Question::Calls { before, limit }) {
        Answer::Calls(calls) => calls.into_iter().map(|call| call.call).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let all = page(None, 10);
    assert!(all.len() == 2 && all.is_sorted_by(|a, b| a > b), "{all:?}");
    assert_eq!(page(None, 1), all[..1]);
    assert_eq!(page(Some(all[0]), 10), all[1..]);
    assert_eq!(page(Some(all[1]), 10), []);
}

#[test]
fn phones_are_told_in_pages_of_lines() {
    let mut draft = draft();
    for number in 20_000..21_500 {
        let mut line = draft.lines[0].clone();
        line.number = number.to_string().into();
        line.phones[0].secret = LineSecret::Password(Secret::new(world::password(&line.number).into()));
        draft.lines.push(line);
    }
    let mut world = World::new(&draft);
    for number in ["1001", "20000", "21499"] {
        world.register(&mut Phone::new(number, "192.0.2.10:5060"));
    }
    let (mut after, mut pages, mut found) = (Box::from(""), 0, vec![]);
    loop {
        let Answer::Phones { phones, next } = world.ask(Question::Phones { after }) else { panic!() };
        found.extend(phones.into_iter().map(|phone| phone.line.to_string()));
        pages += 1;
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!((pages, found), (2, ["1001", "20000", "21499"].map(str::to_owned).to_vec()));
    // And of lines by name, whether there are such lines or not.
    let lines = ["21499", "1002", "31000", "1001"].map(LineName::from).to_vec();
    let Answer::Phones { phones, .. } = world.ask(Question::PhonesOf { lines }) else { panic!() };
    assert_eq!(phones.iter().map(|phone| &*phone.shown).collect::<Vec<_>>(), ["21499", "1001"]);
}

#[test]
fn questions_are_answered_from_the_state_of_now() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.register(&mut bob);
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    let Answer::Calls(calls) = world.ask(Question::Calls { before: None, limit: 10 }) else { panic!() };
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&*calls[0].calling, &*calls[0].called, calls[0].state),
        ("1001", "1002", CallState::Alerting)
    );
    let Answer::Phones { phones, next } = world.ask(Question::Phones { after: "".into() }) else { panic!() };
    assert_eq!((phones.len(), next), (2, None));
    assert_eq!((&*phones[0].shown, phones[0].peer), ("1001", alice.address));
    let Answer::Health(health) = world.ask(Question::Health) else { panic!() };
    assert_eq!((health.service, health.calls, health.phones), (Service::Full, 1, 2));
    let Answer::Metrics(metrics) = world.ask(Question::Metrics) else { panic!() };
    let value = |name: &str, label: Option<&str>| {
        let metric = metrics.iter().find(|m| m.name == name && m.label.map(|l| l.1) == label);
        metric.map(|metric| metric.value)
    };
    assert_eq!(value("calls", None), Some(1));
    assert_eq!(value("sip_registrations_total", None), Some(2));
    assert_eq!(value("call_messages_sent_total", Some("INVITE")), Some(1));
    let Answer::Leftovers(leftovers) = world.ask(Question::Leftovers) else { panic!() };
    assert_eq!((leftovers.calls, leftovers.call_legs), (1, 2));
}

#[test]
fn a_record_waits_for_a_full_disk_and_is_written_once_there_is_room() {
    let mut world = World::new(&draft());
    let mut alice = alice();
    world.register(&mut alice);
    world.disk_full = true;
    world.invite(&mut alice, "5555");
    let refused = world.expect(&alice, "SIP/2.0 404 ");
    world.from(alice.address, &alice.acknowledge(&refused));
    world.pass(Duration::from_secs(100));
    assert_eq!(world.calls().len(), 0);
    let alarms = |world: &World| {
        let failed = |entry: &Entry<'_>| matches!(entry, Entry::Alarm(Alarm::RecordNotStored { .. }));
        world.records().iter().filter(|record| failed(&record.entry)).count()
    };
    assert!((5..20).contains(&alarms(&world)), "{}", alarms(&world));
    world.disk_full = false;
    world.pass(Duration::from_secs(60));
    assert_eq!(world.calls().len(), 1);
    world.settled();
}

#[test]
fn phones_and_numbers_survive_a_restart() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.register(&mut bob);
    world.invite(&mut alice, "5555");
    let mut parameters = parameters(&draft());
    let mut restored = Vec::new();
    for record in std::mem::take(&mut world.stored) {
        match record {
            StoreRecord::NumbersReserved(number) => parameters.last_number = number,
            StoreRecord::Bound(binding) => restored.push(binding),
            StoreRecord::Unbound(_) => panic!("nobody left"),
            StoreRecord::Mailbox(..) => panic!("nothing waits"),
        }
    }
    let before = world.calls()[0].call.number;
    let mut world = World::with(parameters);
    for binding in restored {
        world.input(Input::Restore(binding));
    }
    world.invite(&mut alice, "1002");
    world.expect(&bob, "INVITE ");
    let Answer::Calls(calls) = world.ask(Question::Calls { before: None, limit: 1 }) else { panic!() };
    assert!(calls[0].call.number > before);
}

/// What a restart does to phones when the configuration was changed meanwhile.
#[test]
fn after_a_restart_phones_are_found_by_their_socket_and_by_what_they_prove_themselves_with() {
    let mut before = draft();
    let mut second = before.listeners[0].clone();
    second.bound = "0.0.0.0:5070".parse().unwrap();
    before.listeners.insert(0, second);
    let mut world = World::new(&before);
    let (mut alice, mut bob) = (alice(), bob());
    world.at = ListenerId(1);
    world.register(&mut alice);
    world.register(&mut bob);
    let stored: Vec<_> = std::mem::take(&mut world.stored)
        .into_iter()
        .filter_map(|record| if let StoreRecord::Bound(binding) = record { Some(binding) } else { None })
        .collect();
    let check = |draft: &Draft, expect: &[(&str, u16)]| {
        let mut world = World::new(draft);
        for binding in stored.clone() {
            world.input(Input::Restore(binding));
        }
        world.pass(Duration::from_millis(1));
        let expect: Vec<_> = expect.iter().map(|it| (it.0.to_owned(), Some(ListenerId(it.1)))).collect();
        assert_eq!(world.registered(), expect);
    };
    check(&before, &[("1001", 1), ("1002", 1)]);
    // The first socket is gone, and the other one has its number.
    let mut after = before.clone();
    after.listeners.remove(0);
    check(&after, &[("1001", 0), ("1002", 0)]);
    // Another secret.
    let other = LineSecret::Password(Secret::new("another".into()));
    let number = after.lines.iter().position(|line| &*line.number == "1002").unwrap();
    after.lines[number] = Line::new("1002", "", other);
    check(&after, &[("1001", 0)]);
    // Nobody listens where they were reached.
    before.listeners.remove(1);
    check(&before, &[]);
}

#[test]
fn an_overloaded_node_sheds_new_calls_and_nothing_else() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.input(Input::Overloaded(true));
    world.register(&mut bob);
    let refused = world.refused_invite(&mut alice, "1002");
    assert!(refused.contains("\r\nRetry-After: "), "{refused}");
    world.input(Input::Overloaded(false));
    world.invite(&mut alice, "1002");
    world.expect(&bob, "INVITE ");
    let overload: Vec<_> = world
        .records()
        .into_iter()
        .filter(|record| {
            matches!(record.entry, Entry::Alarm(Alarm::Overloaded { .. } | Alarm::OverloadEnded))
        })
        .collect();
    assert_eq!(overload.len(), 2);
}

#[test]
fn a_draining_node_finishes_its_calls_first() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.register(&mut bob);
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.input(Input::Drain { within: Duration::from_secs(120) });
    assert!(!world.drained);
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    world.refused_invite(&mut carol, "1002");
    world.from(bob.address, &bob.respond(&invite, "486 Busy Here", ""));
    assert!(world.drained);
    // The next run goes on with the next number.
    let highest = world.records().iter().filter_map(|record| Some(record.leg?.number)).max();
    let reserved = world.stored.iter().rev().find_map(|record| match record {
        StoreRecord::NumbersReserved(number) => Some(*number),
        StoreRecord::Bound(_) | StoreRecord::Unbound(_) | StoreRecord::Mailbox(..) => None,
    });
    assert_eq!(reserved, highest);
    let Answer::Health(health) = world.ask(Question::Health) else { panic!() };
    assert_eq!(health.service, Service::Draining);
}

#[test]
fn a_journal_of_summaries_keeps_neither_headers_nor_bodies_and_still_has_every_message() {
    let ladder = |messages: MessageDetail| {
        let mut world = World::new(&Draft { messages, ..draft() });
        let (mut alice, mut bob) = (alice(), bob());
        world.register(&mut alice);
        world.register(&mut bob);
        world.invite(&mut alice, "1002");
        let invite = world.expect(&bob, "INVITE ");
        world.from(bob.address, &bob.respond(&invite, "486 Busy Here", ""));
        let messages = world.records().into_iter().filter_map(|record| match record.entry {
            Entry::Message { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        });
        messages.collect::<Vec<_>>()
    };
    let (full, summary) = (ladder(MessageDetail::Full), ladder(MessageDetail::Summary));
    assert_eq!(full.len(), summary.len());
    assert!(full.iter().any(|message| message.contains("\r\nVia: ") && message.contains("v=0")));
    for (full, summary) in full.iter().zip(&summary) {
        assert_eq!(full.lines().next(), summary.lines().next());
        let names: Vec<&str> = summary.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(names, ["Call-ID", "CSeq", ""], "{summary}");
    }
}
