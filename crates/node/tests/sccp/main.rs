//! Phones that speak SCCP, among themselves and with phones that speak SIP.

mod calling;
mod lines;
mod screens;
#[path = "../support/skinny.rs"]
mod skinny;
mod standing;
#[path = "../support/world.rs"]
mod world;

use skinny::{Skinnies, mixed};
use world::World;

/// 2001 and 2002 at streams 11 and 12.
fn scene(version: u8) -> (World, Skinnies) {
    let (mut world, mut phones) = (World::new(&mixed()), Skinnies::new());
    phones.comes(&mut world, 11, "2001", version);
    phones.comes(&mut world, 12, "2002", version);
    (world, phones)
}

#[track_caller]
fn talk(phones: &Skinnies, one: u64, other: u64) {
    assert_eq!(
        (phones.shows(one).contains("Connected"), phones.shows(other).contains("Connected")),
        (true, true),
        "{} and {}",
        phones.shows(one),
        phones.shows(other)
    );
    let port = |of: u64| {
        let (_, port, codec) = phones.phone(of).ports.values().next().expect("an open port");
        (format!("192.0.2.{of}:{port}"), *codec)
    };
    let sends = |of: u64| {
        let (address, codec, _) = phones.phone(of).sending.values().next().expect("it sends");
        (address.clone(), *codec)
    };
    assert_eq!((sends(one), sends(other)), (port(other), port(one)));
}
