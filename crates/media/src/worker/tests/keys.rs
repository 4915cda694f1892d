//! Keys between a side that has them in its media and one that has not.

use std::time::Duration;

use strowger_base::leg::Digit;

use super::relay::{PORT, hang_up, relayed};
use super::world::{Faults, World};
use crate::control::{Command, KeyEvents, KeyWay, KeyWays, Report, Side};
use crate::rtp::{EVENT_CLOCK_HZ, EventReceiver, EventSender, Header};

const EVENTS: u8 = 101;

fn translating(seed: u64) -> World {
    let mut world = relayed(seed);
    let a = KeyWay::Events(KeyEvents { payload_type: EVENTS, clock_hz: EVENT_CLOCK_HZ });
    world.command(Command::Keys { port: PORT, ways: Some(KeyWays { a, b: KeyWay::Signalled }) });
    world.run(500);
    world
}

/// What the first phone heard as keys.
fn keys_heard(world: &World) -> Vec<Digit> {
    let mut receiver = EventReceiver::default();
    let heard = world.phones[0].heard.iter().filter(|(_, header, _)| header.payload_type == EVENTS);
    heard.filter_map(|(at, header, payload)| receiver.receive(*at, EVENT_CLOCK_HZ, header, payload)).collect()
}

/// Each number once, in a row, and one source.
fn assert_whole(world: &World, phone: usize) {
    let heard = &world.phones[phone].heard;
    for pair in heard.windows(2) {
        let [(_, before, _), (_, after, _)] = pair else { continue };
        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "of phone {phone}");
        assert_eq!(after.ssrc, before.ssrc);
    }
}

#[test]
fn a_key_is_written_into_what_a_side_hears() {
    let mut world = translating(31);
    for key in ['1', '*', '#'] {
        let digit = Digit { key, duration_ms: 100 };
        world.command(Command::Press { port: PORT, side: Side::A, digit });
    }
    // Nobody asked for keys in the media of the other side.
    world.command(Command::Press { port: PORT, side: Side::B, digit: Digit { key: '5', duration_ms: 0 } });
    world.run(3000);
    let keys: Vec<_> = keys_heard(&world).into_iter().map(|digit| (digit.key, digit.duration_ms)).collect();
    assert_eq!(keys, [('1', 100), ('*', 100), ('#', 100)]);
    assert!(world.phones[1].heard.iter().all(|(_, header, _)| header.payload_type != EVENTS));
    assert_whole(&world, 0);
    assert_whole(&world, 1);
    let first = world.phones[0].heard.iter().find(|(_, header, _)| header.payload_type == EVENTS).unwrap();
    assert!(first.1.marker, "RFC 4733 §2.5.1.2");
    // Audio goes on behind the keys.
    assert_eq!(world.phones[0].heard.last().unwrap().1.payload_type, 111);
    hang_up(&mut world);
}

#[test]
fn a_key_in_the_media_of_a_side_is_told_and_not_passed() {
    for (seed, faults) in [
        (32, Faults::NONE),
        (33, Faults { spread: Duration::from_millis(30), doubled_one_in: 5, ..Faults::NONE }),
        (34, Faults { lost_one_in: 10, ..Faults::NONE }),
    ] {
        let mut world = translating(seed);
        world.faults = faults;
        for key in ['4', '2'] {
            press(&mut world, key);
            world.run(400);
        }
        world.faults = Faults::NONE;
        world.run(1000);
        let told: Vec<_> = world
            .reports
            .iter()
            .filter_map(|(_, report)| match report {
                Report::Digit { port: PORT, side: Side::A, digit } => Some(digit.key),
                _ => None,
            })
            .collect();
        assert_eq!(told, ['4', '2'], "seed {seed}");
        assert!(world.phones[1].heard.iter().all(|(_, header, _)| header.payload_type != EVENTS));
        if seed == 32 {
            assert_whole(&world, 1);
        }
        // No number is given twice to different packets, whatever the network does.
        let heard = &world.phones[1].heard;
        for (index, (_, header, payload)) in heard.iter().enumerate() {
            for (_, other, same) in heard.iter().skip(index + 1) {
                assert!(other.sequence != header.sequence || same == payload, "{}", header.sequence);
            }
        }
        hang_up(&mut world);
    }
}

#[test]
fn keys_are_written_where_nobody_talks_and_not_without_limit() {
    let mut world = translating(35);
    let talker = world.phones[1].remote.take();
    world.phones[0].forget();
    for _ in 0..1000 {
        world.command(Command::Press {
            port: PORT,
            side: Side::A,
            digit: Digit { key: '9', duration_ms: 0 },
        });
    }
    world.run(20_000);
    let most = strowger_base::limits::KEYS_WAITING;
    let heard = keys_heard(&world).len();
    assert!((most..=most + 1).contains(&heard), "{heard}");
    world.phones[1].remote = talker;
    world.run(1000);
    assert_whole(&world, 0);
    // Nothing is written any more once keys pass.
    world.command(Command::Keys { port: PORT, ways: None });
    world.command(Command::Press { port: PORT, side: Side::A, digit: Digit { key: '1', duration_ms: 0 } });
    world.run(1000);
    assert_eq!(keys_heard(&world).len(), heard);
    hang_up(&mut world);
}

/// The first phone presses a key instead of talking.
fn press(world: &mut World, key: char) {
    let (source, remote) = (world.phones[0].address, world.phones[0].remote.take().unwrap());
    let mut press = EventSender::new(key, Duration::from_millis(100)).unwrap();
    let timestamp = world.phones[0].sender.next_timestamp();
    while let Some(payload) = press.next_payload(20) {
        let sender = &mut world.phones[0].sender;
        let (sequence, ssrc) = (sender.next_sequence(), sender.ssrc());
        let header = Header { marker: false, payload_type: EVENTS, sequence, timestamp, ssrc };
        let mut bytes = Vec::new();
        let now = world.now;
        world.phones[0].sender.write(now, header, 160, &mut bytes);
        bytes.extend_from_slice(&payload);
        world.fly(source, remote, bytes);
        world.run(20);
    }
    world.phones[0].remote = Some(remote);
}
