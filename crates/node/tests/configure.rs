//! A configuration that changes while phones are registered and calls are up.

#[path = "support/world.rs"]
mod world;

use std::sync::Arc;

use strowger_base::Secret;
use strowger_base::event::UnregisterReason;
use strowger_base::journal::{Entry, Registration};
use strowger_base::net::ListenerId;
use strowger_node::configuration::{Line, LineSecret};
use strowger_node::io::StoreRecord;
use strowger_node::{Draft, Input};
use world::{Phone, World, draft, password};

fn alice() -> Phone {
    Phone::new("1001", "192.0.2.10:5060")
}

fn bob() -> Phone {
    Phone::new("1002", "192.0.2.20:5060")
}

/// A world in which this is in force from now on.
fn configure(world: &mut World, draft: &Draft) {
    let configuration = draft.build().unwrap_or_else(|errors| panic!("{errors:?}"));
    world.input(Input::Configure(Arc::new(configuration)));
}

fn line(number: &str) -> Line {
    Line::new(number, "", LineSecret::Password(Secret::new(password(number).into())))
}

/// Lines whose phones were unregistered, and why.
fn unregistered(world: &World) -> Vec<(String, UnregisterReason)> {
    let records = world.records();
    let gone = records.iter().filter_map(|record| match &record.entry {
        Entry::Registration(Registration::Unregistered { line, reason, .. }) => {
            Some((line.to_string(), *reason))
        }
        _ => None,
    });
    gone.collect()
}

#[test]
fn a_new_line_can_be_registered_and_called_at_once_and_one_that_is_gone_cannot() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.register(&mut bob);
    let mut wanted = draft();
    wanted.lines.retain(|line| &*line.number != "1002");
    wanted.lines.push(line("1010"));
    configure(&mut world, &wanted);
    assert_eq!(unregistered(&world), [("1002".to_owned(), UnregisterReason::Unconfigured)]);
    assert!(matches!(world.stored.last(), Some(StoreRecord::Unbound(_))), "{:?}", world.stored);
    world.invite(&mut alice, "1002");
    let refused = world.expect(&alice, "SIP/2.0 404 ");
    world.from(alice.address, &alice.acknowledge(&refused));
    let mut dora = Phone::new("1010", "192.0.2.30:5060");
    world.register(&mut dora);
    world.invite(&mut alice, "1010");
    world.expect(&dora, "INVITE ");
}

#[test]
fn a_call_goes_on_and_ends_well_though_the_line_it_was_made_from_is_gone() {
    let mut world = World::new(&draft());
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.register(&mut bob);
    world.invite(&mut alice, "1002");
    let invite = world.expect(&bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &bob.sdp()));
    world.expect(&bob, "ACK ");
    let answer = world.expect(&alice, "SIP/2.0 200 ");
    world.from(alice.address, &alice.acknowledge(&answer));
    let mut wanted = draft();
    wanted.lines.retain(|line| &*line.number != "1001");
    configure(&mut world, &wanted);
    assert_eq!(world.calls().len(), 0, "it goes on");
    let bye = bob.request_back(&invite, "BYE", "");
    world.from(bob.address, &bye);
    world.expect(&bob, "SIP/2.0 200 ");
    let bye = world.expect(&alice, "BYE ");
    world.from(alice.address, &alice.respond(&bye, "200 OK", ""));
    let calls = world.calls();
    assert_eq!((calls.len(), calls[0].calling.number), (1, "1001"));
}

#[test]
fn phones_behind_a_socket_that_is_closed_are_unregistered_and_no_others() {
    let mut wanted = draft();
    let mut second = wanted.listeners[0].clone();
    second.bound = "0.0.0.0:5070".parse().unwrap();
    second.advertised = "192.0.2.1:5070".parse().unwrap();
    wanted.listeners.push(second);
    let mut world = World::new(&wanted);
    let (mut alice, mut bob) = (alice(), bob());
    world.register(&mut alice);
    world.at = ListenerId(1);
    world.register(&mut bob);
    configure(&mut world, &wanted);
    assert_eq!(unregistered(&world), [], "nothing was closed");
    // Another address with the same port takes its place, and then nothing.
    wanted.listeners[1].bound = "192.0.2.1:5070".parse().unwrap();
    configure(&mut world, &wanted);
    assert_eq!(unregistered(&world), [], "they are reached by the other one");
    wanted.listeners.swap(0, 1);
    configure(&mut world, &wanted);
    let (alice, bob) = (("1001".to_owned(), Some(ListenerId(1))), ("1002".to_owned(), Some(ListenerId(0))));
    assert_eq!(world.registered(), [alice, bob]);
    wanted.listeners.swap(0, 1);
    configure(&mut world, &wanted);
    wanted.listeners[1].is_open = false;
    configure(&mut world, &wanted);
    assert_eq!(unregistered(&world), [("1002".to_owned(), UnregisterReason::SocketClosed)]);
}
