//! Pages through a node, as raw SIP: phones answer by themselves, an address gets the page too, and nobody else speaks meanwhile.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::leg::{PageSeat, Service};
use strowger_base::{FeatureCode, FeatureNumber};
use strowger_callcontrol::configuration::PagingGroup;
use strowger_media::codec::Codec;
use strowger_media::control::{Command, Multicast, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{FeatureDraft, PatternDraft};
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft, header, tag_of};

struct Office {
    world: World,
    next_port: u16,
    alice: Phone,
    bob: Phone,
    carol: Phone,
}

/// 8400 is heard by Bob, by Carol and at a multicast address.
fn office() -> Office {
    let mut draft: Draft = draft();
    let pattern = PatternDraft { pattern: "8400".into(), ..PatternDraft::default() };
    let number = FeatureNumber { code: FeatureCode::Page, object: "office".into(), digits: 0 };
    draft.plan.features = vec![FeatureDraft { pattern, number }];
    let group = PagingGroup {
        lines: vec!["1002".into(), "1003".into()],
        multicast: Some(Multicast { address: to_all(), ttl: 4, codec: Codec::Pcma }),
        ..PagingGroup::default()
    };
    draft.plan.paging.insert("office".into(), Arc::new(group));
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    for phone in [&mut alice, &mut bob, &mut carol] {
        world.register(phone);
    }
    Office { world, next_port: 30_000, alice, bob, carol }
}

fn to_all() -> SocketAddr {
    "239.1.1.1:20480".parse().unwrap()
}

/// What the workers were told.
#[derive(Default, PartialEq, Eq, Debug)]
struct Told {
    seats: Vec<PageSeat>,
    multicast: Vec<Multicast>,
    /// Where seats send, and whether they do.
    connected: Vec<(SocketAddr, bool)>,
    closed: usize,
}

/// The workers do what they are told.
fn media(world: &mut World, next_port: &mut u16) -> Told {
    let mut told = Told::default();
    while !world.media.is_empty() {
        for command in std::mem::take(&mut world.media) {
            let opened = match command {
                Command::OpenEndpoint { port, service: Service::Page { seat, .. } } => {
                    told.seats.push(seat);
                    Some(port)
                }
                Command::OpenMulticast { port, to, .. } => {
                    told.multicast.push(to);
                    Some(port)
                }
                Command::Connect { remote, send, .. } => {
                    told.connected.push((remote, send));
                    None
                }
                Command::Close { port } => {
                    told.closed += 1;
                    let statistics = Box::new(PortStatistics::default());
                    world.input(Input::Media(Report::Closed { port, statistics }));
                    None
                }
                other => panic!("{other:?}"),
            };
            if let Some(port) = opened {
                let a = SocketAddr::from(([192, 0, 2, 1], *next_port));
                *next_port += 2;
                world.input(Input::Media(Report::Opened { port, a, b: None }));
            }
        }
    }
    told
}

fn rtp(phone: &Phone) -> SocketAddr {
    SocketAddr::new(phone.address.ip(), 4000)
}

/// A phone that is paged is to answer at once, over its loudspeaker, and to send nothing.
fn is_paged(world: &mut World, phone: &mut Phone) -> String {
    let invite = world.expect(phone, "INVITE ");
    assert!(header(&invite, "Call-Info").contains("answer-after=0"), "{invite}");
    assert!(header(&invite, "Alert-Info").contains("alert-autoanswer"), "{invite}");
    assert!(body_of(&invite).contains("a=sendonly"), "{invite}");
    invite
}

#[test]
fn a_page_is_heard_by_phones_and_at_an_address_until_its_caller_hangs_up() {
    let Office { mut world, mut next_port, mut alice, mut bob, mut carol } = office();
    world.invite(&mut alice, "8400");
    let told = media(&mut world, &mut next_port);
    let multicast = Multicast { address: to_all(), ttl: 4, codec: Codec::Pcma };
    // The address is reached at once, so that the caller is answered before any phone is.
    let seats = vec![PageSeat::Listener, PageSeat::Listener, PageSeat::Talker];
    let connected = vec![(rtp(&alice), false)];
    assert_eq!(told, Told { seats, multicast: vec![multicast], connected, closed: 0 });
    world.expect(&alice, "SIP/2.0 180 ");
    let invites = [&mut bob, &mut carol].map(|phone| is_paged(&mut world, phone));
    let ok = world.expect(&alice, "SIP/2.0 200 ");
    assert!(body_of(&ok).contains("a=recvonly"), "{ok}");
    alice.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = alice.request("ACK", "", "");
    world.from(alice.address, &ack);
    for (phone, invite) in [&mut bob, &mut carol].into_iter().zip(invites) {
        let answer = format!("{}a=recvonly\r\n", phone.sdp());
        let ok = phone.respond(&invite, "200 OK", &answer);
        world.from(phone.address, &ok);
        world.expect(phone, "ACK ");
        let told = media(&mut world, &mut next_port);
        assert_eq!(told, Told { connected: vec![(rtp(phone), true)], ..Told::default() });
        if phone.number == "1002" {
            // He does not want to hear it; the others go on.
            let bye = phone.request_back(&invite, "BYE", "");
            world.from(phone.address, &bye);
            world.expect(phone, "SIP/2.0 200 ");
            assert_eq!(media(&mut world, &mut next_port), Told { closed: 1, ..Told::default() });
        }
    }
    // One speaks to a group at a time.
    world.invite(&mut bob, "8400");
    let busy = world.expect(&bob, "SIP/2.0 486 ");
    world.from(bob.address, &bob.acknowledge(&busy));
    let bye = alice.request("BYE", "", "");
    world.from(alice.address, &bye);
    world.expect(&alice, "SIP/2.0 200 ");
    let bye = world.expect(&carol, "BYE ");
    let ok = carol.respond(&bye, "200 OK", "");
    world.from(carol.address, &ok);
    assert_eq!(media(&mut world, &mut next_port), Told { closed: 3, ..Told::default() });
    world.silent();
    let calls = world.calls();
    let page = calls.iter().find(|call| call.answered_at.is_some()).unwrap();
    assert_eq!((page.called, page.legs.len()), ("8400", 3));
    world.settled();
}

#[test]
fn a_page_that_nobody_hears_is_refused() {
    let Office { mut world, mut next_port, mut alice, mut bob, carol } = office();
    world.invite(&mut alice, "8400");
    for command in std::mem::take(&mut world.media) {
        let (Command::OpenEndpoint { port, .. } | Command::OpenMulticast { port, .. }) = command else {
            panic!("{command:?}");
        };
        world.input(Input::Media(Report::Failed { port, reason: "no port".into() }));
    }
    world.expect(&alice, "SIP/2.0 180 ");
    let refused = world.expect(&alice, "SIP/2.0 503 ");
    world.from(alice.address, &alice.acknowledge(&refused));
    world.silent();
    // The group is free again.
    world.invite(&mut bob, "8400");
    let told = media(&mut world, &mut next_port);
    assert_eq!(told.seats, [PageSeat::Listener, PageSeat::Talker]);
    world.expect(&bob, "SIP/2.0 180 ");
    let invite = world.expect(&carol, "INVITE ");
    let ok = world.expect(&bob, "SIP/2.0 200 ");
    bob.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = bob.request("ACK", "", "");
    world.from(bob.address, &ack);
    let rings = carol.respond(&invite, "180 Ringing", "");
    world.from(carol.address, &rings);
    let bye = bob.request("BYE", "", "");
    world.from(bob.address, &bye);
    world.expect(&bob, "SIP/2.0 200 ");
    let cancel = world.expect(&carol, "CANCEL ");
    let ok = carol.respond(&cancel, "200 OK", "");
    world.from(carol.address, &ok);
    let terminated = carol.respond(&invite, "487 Request Terminated", "");
    world.from(carol.address, &terminated);
    world.expect(&carol, "ACK ");
    media(&mut world, &mut next_port);
    world.settled();
}
