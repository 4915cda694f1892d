//! Rings of phones through a node, as they stand in INVITEs.

#[path = "support/world.rs"]
mod world;

use strowger_callcontrol::configuration::{RingSetting, Rings};
use strowger_dialplan::forward::BySide;
use world::{Phone, World, draft, header};

#[test]
fn inside_and_outside_and_call_waiting_ring_as_they_are_set() {
    let mut draft = draft();
    draft.distinctive = BySide { internal: Some(1), external: Some(2) };
    draft.lines[1].phones[0].rings = Rings { idle: RingSetting::Ring, in_call: RingSetting::Beep };
    let mut world = World::new(&draft);
    let mut alice = Phone::new("1001", "192.0.2.10:5060");
    let mut carol = Phone::new("1003", "192.0.2.30:5060");
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    for phone in [&mut alice, &mut bob, &mut carol] {
        world.register(phone);
    }
    world.invite(&mut alice, "1002");
    let first = world.expect(&bob, "INVITE ");
    assert_eq!(header(&first, "Alert-Info"), "<file://Bellcore-dr1/>");
    world.from(bob.address, &bob.respond(&first, "180 Ringing", ""));
    world.expect(&alice, "SIP/2.0 180 ");
    world.invite(&mut carol, "1002");
    let second = world.expect(&bob, "INVITE ");
    assert_eq!(header(&second, "Alert-Info"), "<urn:alert:service:call-waiting>");
}
