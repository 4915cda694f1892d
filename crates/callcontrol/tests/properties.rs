//! Devices that tell anything at any time: at the end nothing is left, and every call has exactly one record.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/random/world.rs"]
mod world;

use std::time::Duration;

use world::{Devices, World};

#[test]
fn whatever_devices_tell_nothing_is_left_and_every_call_has_one_record() {
    for seed in seeds(0).chain([4836, 5310, 5912, 14_637, 18_809, 19_616]) {
        any(World::new(seed));
    }
}

#[test]
fn whatever_relays_are_lost_meanwhile_nothing_is_left() {
    for seed in seeds(7000) {
        any(World::that_loses_relays(seed));
    }
}

/// 400 seeds, or as many as the environment wants in `WALKS`; a walk that fails names its seed.
#[expect(clippy::disallowed_methods, reason = "how long the walks are is no business of what is tested")]
fn seeds(first: u64) -> std::ops::Range<u64> {
    let wanted = std::env::var("WALKS").ok().map_or(400, |walks| walks.parse().unwrap());
    first..first + wanted
}

fn any(mut world: World) {
    for _ in 0..400 {
        match world.rng.below(40) {
            0..=2 => world.begin(),
            3..=4 => world.disk(),
            9..=14 => world.locate(),
            15 => world.order(),
            5..=7 => world.worker(),
            8 => {
                let seconds = world.rng.below(30);
                world.pass_time(Duration::from_secs(seconds));
            }
            _ => world.tell(),
        }
    }
    world.settle();
}

#[test]
fn people_confer_in_any_order_and_no_seat_is_left() {
    let worlds = calm_worlds(seeds(0), None);
    let conferences: u32 = worlds.map(|world| world.conferences).sum();
    assert!(conferences > 400, "{conferences} conferences prove little");
}

#[test]
fn phones_come_into_calls_in_any_order_and_no_seat_is_left() {
    let barges: u32 = calm_worlds(seeds(1000), Some(2)).map(|world| world.barges).sum();
    assert!(barges > 100, "{barges} barges prove little");
}

#[test]
fn no_key_of_the_server_is_told_two_devices() {
    let mut told = 0;
    for seed in 9000..9300 {
        let mut world = World::of_secrets(seed);
        act_calmly(&mut world);
        told += world.keys_told();
    }
    assert!(told > 1000, "{told} keys prove little");
}

/// Worlds in which devices do what they are asked, after everything; one of `come_in` callers wants to come into a call.
fn calm_worlds(seeds: std::ops::Range<u64>, come_in: Option<u64>) -> impl Iterator<Item = World> {
    seeds.map(move |seed| {
        let mut world = World::new(seed);
        world.devices = Devices::Calm { come_in };
        world.loses_relays = seed % 4 == 3;
        act_calmly(&mut world);
        world
    })
}

fn act_calmly(world: &mut World) {
    for _ in 0..600 {
        match world.rng.below(40) {
            0..=3 => world.begin(),
            4 => world.disk(),
            5..=8 => world.worker(),
            9..=14 => world.locate(),
            _ => world.tell_calmly(),
        }
    }
    world.settle();
}
