//! Conferences through a node, as raw SIP: by number, and by the key of Cisco's phones.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use strowger_base::journal::{Alarm, Decision, Entry, MediaNews, Record};
use strowger_base::leg::{Service, Tone};
use strowger_base::{ConferenceId, FeatureCode, FeatureNumber};
use strowger_callcontrol::configuration::{ConferenceRules, HoldMode};
use strowger_media::control::{Command, PortId, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{FeatureDraft, PatternDraft};
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft, header, tag_of};

struct Office {
    world: World,
    /// Where the seats of the workers listen; the next one takes the next port.
    next_port: u16,
    alice: Phone,
    bob: Phone,
    carol: Phone,
}

/// 88XX are numbers of meet-me conferences, *88 opens them; all are in three seats.
fn office() -> Office {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    draft.conferences = ConferenceRules { meet_me_parties: 3, ..ConferenceRules::default() };
    let pattern = |pattern: &str| PatternDraft { pattern: pattern.into(), ..PatternDraft::default() };
    let meetings = FeatureNumber { code: FeatureCode::MeetMe, object: "meetings".into(), digits: 0 };
    draft.plan.features = vec![
        FeatureDraft { pattern: pattern("88XX"), number: meetings },
        FeatureDraft::access_code(pattern("*88!"), FeatureCode::OpenMeetMe),
    ];
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    for phone in [&mut alice, &mut bob, &mut carol] {
        world.register(phone);
    }
    Office { world, next_port: 30_000, alice, bob, carol }
}

/// What the workers were told of conferences since.
#[derive(Default, PartialEq, Eq, Debug)]
struct Told {
    /// Seats that were opened.
    opened: Vec<ConferenceId>,
    tones: Vec<Tone>,
    /// Where the sound of seats goes.
    connected: Vec<SocketAddr>,
    closed: usize,
}

/// The workers do what they are told: every seat gets a port, every port is closed.
fn media(world: &mut World, next_port: &mut u16) -> Told {
    let mut told = Told::default();
    while !world.media.is_empty() {
        for command in std::mem::take(&mut world.media) {
            match command {
                Command::OpenEndpoint { port, service: Service::Conference(id) } => {
                    told.opened.push(id);
                    let a = SocketAddr::from(([192, 0, 2, 1], *next_port));
                    *next_port += 2;
                    world.input(Input::Media(Report::Opened { port, a, b: None }));
                }
                Command::Play { tone, .. } => told.tones.push(tone),
                Command::Connect { remote, send, .. } => {
                    assert!(send, "{remote} wants to hear the others");
                    told.connected.push(remote);
                }
                Command::Close { port } => {
                    told.closed += 1;
                    let statistics = Box::new(PortStatistics::default());
                    world.input(Input::Media(Report::Closed { port, statistics }));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    told
}

/// A phone dials its way into a conference and hears it from the next port.
fn comes_in(world: &mut World, next_port: &mut u16, phone: &mut Phone, dials: &str) -> Told {
    world.invite(phone, dials);
    let port = *next_port;
    let told = media(world, next_port);
    let ok = world.expect(phone, "SIP/2.0 200 ");
    assert_eq!(wants(body_of(&ok)), SocketAddr::from(([192, 0, 2, 1], port)), "{ok}");
    phone.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = phone.request("ACK", "", "");
    world.from(phone.address, &ack);
    world.silent();
    told
}

/// A phone hangs up the call that it made.
fn hangs_up(world: &mut World, phone: &mut Phone) {
    let bye = phone.request("BYE", "", "");
    world.from(phone.address, &bye);
    world.expect(phone, "SIP/2.0 200 ");
}

/// The number of a conference that nobody has opened.
fn is_not_open(world: &mut World, phone: &mut Phone, number: &str) {
    world.invite(phone, number);
    let refused = world.expect(phone, "SIP/2.0 480 ");
    world.from(phone.address, &phone.acknowledge(&refused));
    world.silent();
}

fn rtp(phone: &Phone) -> SocketAddr {
    SocketAddr::new(phone.address.ip(), 4000)
}

#[test]
fn people_meet_at_a_number_until_the_last_has_left() {
    for opens in ["*888801", "x-cisco-serviceuri-meetme-8801"] {
        let Office { mut world, mut next_port, mut alice, mut bob, mut carol } = office();
        is_not_open(&mut world, &mut alice, "8801");
        let first = comes_in(&mut world, &mut next_port, &mut bob, opens);
        let expect = |tones: &[Tone], phone: &Phone| Told {
            opened: first.opened.clone(),
            tones: tones.to_vec(),
            connected: vec![rtp(phone)],
            closed: 0,
        };
        assert_eq!((first.opened.len(), &first), (1, &expect(&[], &bob)));
        for phone in [&mut alice, &mut carol] {
            let told = comes_in(&mut world, &mut next_port, phone, "8801");
            assert_eq!(told, expect(&[Tone::Enter], phone));
        }
        // There are three seats.
        let mut dave = Phone::new("1003", "192.0.2.31:5060");
        dave.cseq_from(100);
        world.invite(&mut dave, "8801");
        let refused = world.expect(&dave, "SIP/2.0 503 ");
        world.from(dave.address, &dave.acknowledge(&refused));
        // Another number is another conference, and not open.
        is_not_open(&mut world, &mut dave, "8802");
        // Whoever opened it may leave.
        for (phone, tones) in
            [(&mut bob, vec![Tone::Leave]), (&mut alice, vec![Tone::Leave]), (&mut carol, vec![])]
        {
            hangs_up(&mut world, phone);
            let told = media(&mut world, &mut next_port);
            assert_eq!(told, Told { tones, closed: 1, ..Told::default() });
            world.silent();
        }
        is_not_open(&mut world, &mut alice, "8801");
        world.settled();
    }
}

/// A key of Bob's phone with dialogs, from where it registered.
fn presses(office: &mut Office, cseq: u32, key: &str, dialogs: &str) {
    let Office { world, bob, .. } = office;
    let body = format!(
        "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>{key}</softkeyevent>{dialogs}\
         </softkeyeventmsg></x-cisco-remotecc-request>"
    );
    let refer = |cseq: u32| {
        format!(
            "REFER sip:{peer}@strowger.test SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bKkey{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:1002@strowger.test>;tag=k1\r\nTo: <sip:1002@strowger.test>\r\n\
             Call-ID: key-{key}\r\nCSeq: {cseq} REFER\r\nContact: <sip:1002@{address}>\r\nRefer-To: cid:1\r\n\
             Content-Type: application/x-cisco-remotecc-request+xml\r\nContent-Length: {length}\r\n\r\n{body}",
            peer = bob.peer,
            address = bob.address,
            length = body.len(),
        )
    };
    world.from(bob.address, &refer(cseq));
    world.expect(bob, "SIP/2.0 202 ");
}

/// As a phone names a dialog: its own tag is the local one.
fn named(name: &str, call_id: &str, local: &str, remote: &str) -> String {
    format!(
        "<{name}><callid>{call_id}</callid><localtag>{local}</localtag><remotetag>{remote}</remotetag></{name}>"
    )
}

/// Where a description wants its sound.
fn wants(sdp: &str) -> SocketAddr {
    let after = |mark: &str| sdp.split(mark).nth(1).and_then(|rest| rest.split([' ', '\r']).next()).unwrap();
    format!("{}:{}", after("c=IN IP4 "), after("m=audio ")).parse().unwrap()
}

/// Phones and workers do what they are asked until nothing is asked any more; returns what the workers were told, what the phones were
/// told beside offers, and where each phone sends its sound now.
fn all_answer(office: &mut Office) -> (Told, Vec<String>, BTreeMap<SocketAddr, SocketAddr>) {
    let Office { world, next_port, alice, bob, carol } = office;
    let (mut told, mut others, mut sends) = (Told::default(), Vec::new(), BTreeMap::new());
    loop {
        let more = media(world, next_port);
        told.opened.extend(more.opened);
        told.tones.extend(more.tones);
        told.connected.extend(more.connected);
        told.closed += more.closed;
        let Some((address, text)) = world.sent.pop_front() else { return (told, others, sends) };
        let phone = [&*alice, &*bob, &*carol].into_iter().find(|phone| phone.address == address).unwrap();
        if text.starts_with("INVITE ") || text.starts_with("ACK ") {
            if !body_of(&text).is_empty() {
                sends.insert(rtp(phone), wants(body_of(&text)));
            }
            let way = if text.contains("a=sendonly") { "a=recvonly\r\n" } else { "" };
            if text.starts_with("INVITE ") {
                world.from(address, &phone.respond(&text, "200 OK", &format!("{}{way}", phone.sdp())));
            }
        } else if !text.starts_with("SIP/2.0 ") {
            world.from(address, &phone.respond(&text, "200 OK", ""));
            others.push(text);
        }
    }
}

/// Alice calls Bob, who holds her and calls Carol; returns how his phone names both calls, and what Carol's was invited with.
fn consults(office: &mut Office) -> ([String; 2], String) {
    let Office { world, alice, bob, carol, .. } = office;
    world.invite(alice, "1002");
    let invite = world.expect(bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &bob.sdp()));
    world.expect(bob, "ACK ");
    let ok = world.expect(alice, "SIP/2.0 200 ");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    let hold = bob.request_back(&invite, "INVITE", &format!("{}a=sendonly\r\n", bob.sdp()));
    world.from(bob.address, &hold);
    world.expect(bob, "SIP/2.0 100 ");
    let held = world.expect(alice, "INVITE ");
    world.from(alice.address, &alice.respond(&held, "200 OK", &format!("{}a=recvonly\r\n", alice.sdp())));
    world.expect(alice, "ACK ");
    world.expect(bob, "SIP/2.0 200 ");
    let ack = bob.request_back(&invite, "ACK", "");
    world.from(bob.address, &ack);
    world.invite(bob, "1003");
    let to_carol = world.expect(carol, "INVITE ");
    world.from(carol.address, &carol.respond(&to_carol, "200 OK", &carol.sdp()));
    world.expect(carol, "ACK ");
    let ok = world.expect(bob, "SIP/2.0 200 ");
    bob.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = bob.request("ACK", "", "");
    world.from(bob.address, &ack);
    world.silent();
    let first = named("dialogid", header(&invite, "Call-ID"), "u1002x5060", tag_of(&invite, "From"));
    let second = named("consultdialogid", header(&ok, "Call-ID"), "t1002", tag_of(&ok, "To"));
    ([first, second], to_carol)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaves {
    Carol,
    /// Who made the conference.
    Bob,
    /// Bob puts out who came last.
    AliceByKey,
}

#[test]
fn a_key_makes_one_conference_of_two_calls_and_two_who_are_left_need_none() {
    for leaves in [Leaves::Carol, Leaves::Bob, Leaves::AliceByKey] {
        let mut office = office();
        let ([first, second], to_carol) = consults(&mut office);
        presses(&mut office, 101, "Conference", &format!("{first}{second}"));
        let (told, others, sends) = all_answer(&mut office);
        // Bob is told that it worked, and his call with Alice ends.
        let [notify, bye] = &others[..] else { panic!("{others:?}") };
        assert!(notify.starts_with("NOTIFY ") && notify.contains("<code>200</code>"), "{notify}");
        assert!(bye.starts_with("BYE "), "{bye}");
        assert!(header(bye, "From").contains("1001@"), "{bye}");
        let mut opened = told.opened.clone();
        opened.dedup();
        assert_eq!((told.opened.len(), opened.len(), told.closed), (3, 1, 0), "{told:?}");
        // Each sends to a seat of its own, which sends to it.
        let [alice, bob, carol] = [&office.alice, &office.bob, &office.carol].map(rtp);
        assert_eq!(sends.keys().copied().collect::<Vec<_>>(), [alice, bob, carol]);
        let seats: BTreeSet<SocketAddr> = sends.values().copied().collect();
        assert_eq!(
            seats,
            [30_000, 30_002, 30_004].map(|port| SocketAddr::from(([192, 0, 2, 1], port))).into()
        );
        assert_eq!(told.connected.iter().copied().collect::<BTreeSet<_>>(), [alice, bob, carol].into());
        let left = match leaves {
            Leaves::Carol => {
                let bye = office.carol.request_back(&to_carol, "BYE", "");
                office.world.from(office.carol.address, &bye);
                [alice, bob]
            }
            Leaves::Bob => {
                let bye = office.bob.request("BYE", "", "");
                office.world.from(office.bob.address, &bye);
                [alice, carol]
            }
            Leaves::AliceByKey => {
                presses(&mut office, 201, "RmLastConf", &second.replace("consultdialogid", "dialogid"));
                [bob, carol]
            }
        };
        // The two send to each other, and the bridge is given back.
        let (told, _, sends) = all_answer(&mut office);
        assert_eq!(sends, BTreeMap::from([(left[0], left[1]), (left[1], left[0])]), "{leaves:?}");
        assert_eq!((told.opened.len(), told.closed), (0, 3), "{told:?}");
        let last = if leaves == Leaves::AliceByKey { &mut office.bob } else { &mut office.alice };
        let bye = (last.address, last.request("BYE", "", ""));
        office.world.from(bye.0, &bye.1);
        let (_, others, _) = all_answer(&mut office);
        assert!(others.len() == 1 && others[0].starts_with("BYE "), "{others:?}");
        office.world.settled();
    }
}

/// Seats that the workers are asked to open, in order.
fn asked_seats(world: &mut World) -> Vec<PortId> {
    let seat = |command: Command| match command {
        Command::OpenEndpoint { port, service: Service::Conference(_) } => port,
        other => panic!("{other:?}"),
    };
    std::mem::take(&mut world.media).into_iter().map(seat).collect()
}

fn fails(world: &mut World, port: PortId) {
    world.input(Input::Media(Report::Failed { port, reason: "no port left".into() }));
}

/// How often the story says that there was no port, with an alarm and without.
fn told_of_ports(world: &World) -> (usize, usize) {
    let count = |entry: Entry<'_>| world.records().iter().filter(|record| record.entry == entry).count();
    let reason = "no port left";
    (
        count(Entry::Decision(Decision::Resource(MediaNews::NoPort { reason }))),
        count(Entry::Alarm(Alarm::NoServicePort { reason })),
    )
}

#[test]
fn who_dials_into_a_conference_without_media_ports_is_refused_and_one_alarm_says_so() {
    let Office { mut world, mut next_port, mut alice, mut bob, .. } = office();
    let refused = |world: &mut World, phone: &mut Phone| {
        world.invite(phone, "*888801");
        let [port] = asked_seats(world)[..] else { panic!("one seat") };
        fails(world, port);
        let refused = world.expect(phone, "SIP/2.0 503 ");
        assert!(header(&refused, "Reason").contains("cause=47"), "{refused}");
        world.from(phone.address, &phone.acknowledge(&refused));
        world.silent();
        // Nobody is in it, so that it is not open.
        is_not_open(world, phone, "8801");
    };
    refused(&mut world, &mut alice);
    assert_eq!(told_of_ports(&world), (1, 1));
    refused(&mut world, &mut bob);
    assert_eq!(told_of_ports(&world), (2, 1), "the alarm has been told");
    comes_in(&mut world, &mut next_port, &mut bob, "*888801");
    hangs_up(&mut world, &mut bob);
    media(&mut world, &mut next_port);
    refused(&mut world, &mut alice);
    assert_eq!(told_of_ports(&world), (3, 2), "there were ports meanwhile");
    world.settled();
}

#[test]
fn a_seat_whose_port_is_lost_before_it_was_open_is_opened_at_another_one() {
    let Office { mut world, mut next_port, mut alice, mut bob, .. } = office();
    world.invite(&mut bob, "*888801");
    let [lost] = asked_seats(&mut world)[..] else { panic!("one seat") };
    // A media thread was lost with what it was about to open.
    world.input(Input::Media(Report::Closed { port: lost, statistics: Box::default() }));
    assert!(matches!(world.media[..], [Command::OpenEndpoint { port, .. }] if port != lost));
    media(&mut world, &mut next_port);
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    assert_eq!(wants(body_of(&ok)), SocketAddr::from(([192, 0, 2, 1], 30_000)), "{ok}");
    bob.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = bob.request("ACK", "", "");
    world.from(bob.address, &ack);
    // What comes late from the former port means nothing.
    let a = SocketAddr::from(([192, 0, 2, 1], 40_000));
    world.input(Input::Media(Report::Opened { port: lost, a, b: None }));
    world.silent();
    let is_told = |record: &Record<'_>| {
        record.call.is_some() && record.entry == Entry::Decision(Decision::Resource(MediaNews::PortLost))
    };
    assert_eq!(world.records().iter().filter(|record| is_told(record)).count(), 1);
    comes_in(&mut world, &mut next_port, &mut alice, "8801");
    for phone in [&mut bob, &mut alice] {
        hangs_up(&mut world, phone);
        media(&mut world, &mut next_port);
    }
    world.settled();
}

#[test]
fn a_seat_that_is_lost_before_it_was_open_again_and_again_is_given_up() {
    let Office { mut world, mut bob, .. } = office();
    world.invite(&mut bob, "*888801");
    let mut tries = 0;
    while let [port] = asked_seats(&mut world)[..] {
        tries += 1;
        world.input(Input::Media(Report::Closed { port, statistics: Box::default() }));
    }
    assert_eq!(tries, 4);
    let refused = world.expect(&bob, "SIP/2.0 503 ");
    world.from(bob.address, &bob.acknowledge(&refused));
    is_not_open(&mut world, &mut bob, "8801");
    world.settled();
}
