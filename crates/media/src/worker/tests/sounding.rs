//! Keys in relays that decode what passes: heard in the sound and made there, told beside it, and on other clocks.

use std::time::Duration;

use strowger_base::leg::Digit;

use super::relay::{PORT, hang_up, relayed};
use super::world::World;
use crate::codec::{Codec, Listener, Speaker};
use crate::control::{
    Coding, Codings, Command, KeyEvents, KeyWay, KeyWays, PayloadTypes, Report, Side, StreamFormat,
};
use crate::rtp::{EventReceiver, EventSender, Header};
use crate::tone::Player;
use crate::tone::dtmf::{Detector, KeyChange, cadence_of};

/// A codec, with keys under this payload type as events of its clock, or without.
#[derive(Clone, Copy)]
struct Party {
    codec: Codec,
    way: KeyWay,
}

impl Party {
    const fn sound(codec: Codec) -> Self {
        Party { codec, way: KeyWay::Sound }
    }

    const fn signalled(codec: Codec) -> Self {
        Party { codec, way: KeyWay::Signalled }
    }

    const fn events(codec: Codec, payload_type: u8) -> Self {
        let events = KeyEvents { payload_type, clock_hz: codec.rtp_clock_hz() };
        Party { codec, way: KeyWay::Events(events) }
    }

    const fn payload_type(self) -> u8 {
        if matches!(self.codec, Codec::Opus) { 111 } else { self.codec.payload_type() }
    }

    fn coding(self) -> Coding {
        let mut receive = PayloadTypes::default();
        *receive.slot(self.codec) = Some(self.payload_type());
        let events = self.way.events();
        if let Some(events) = events {
            *receive.event_slot(events.clock_hz) = Some(events.payload_type);
        }
        let format = StreamFormat {
            codec: self.codec,
            payload_type: self.payload_type(),
            telephone_event: events.map(|events| events.payload_type),
            ptime_ms: 20,
            bitrate_max: None,
        };
        Coding { receive, format }
    }
}

fn world(seed: u64, [a, b]: [Party; 2], keys_first: bool) -> World {
    let mut world = relayed(seed);
    // The one behind NAT is known by what it sends.
    world.run(100);
    let codings = Some(Box::new(Codings { a: a.coding(), b: b.coding() }));
    let transcode = Command::Transcode { port: PORT, codings };
    let keys = Command::Keys { port: PORT, ways: Some(KeyWays { a: a.way, b: b.way }) };
    let commands = if keys_first { [keys, transcode] } else { [transcode, keys] };
    commands.into_iter().for_each(|command| world.command(command));
    for (phone, party) in world.phones.iter_mut().zip([a, b]) {
        phone.payload_type = party.payload_type();
        phone.sender.set_clock(party.codec.rtp_clock_hz());
        phone.remote = None;
        phone.forget();
    }
    world
}

/// Sends what one phone says, 20 ms at a time; to where the relay is for it.
fn say(world: &mut World, phone: usize, party: Party, samples: &[i16]) {
    let remote = world.socket(PORT, phone);
    let mut speaker = Speaker::new(party.codec);
    for frame in samples.chunks_exact(party.codec.samples(20)) {
        let (mut payload, mut bytes) = (Vec::new(), Vec::new());
        speaker.encode(frame, &mut payload);
        let (now, source) = (world.now, world.phones[phone].address);
        let units = party.codec.units(20);
        world.phones[phone].sender.write_next(now, party.payload_type(), false, units, &mut bytes);
        bytes.extend_from_slice(&payload);
        world.fly(source, remote, bytes);
        world.run(20);
    }
}

/// Silence, the tones of a key, silence.
fn sound_of(key: char, party: Party) -> Vec<i16> {
    let rate_hz = party.codec.sample_rate_hz();
    let mut samples = vec![0; party.codec.samples(200)];
    let mut player = Player::new(cadence_of(key));
    while !player.is_finished() {
        player.render(rate_hz, party.codec.samples(20), &mut samples);
    }
    samples.resize(samples.len() + party.codec.samples(200), 0);
    samples
}

/// One phone presses a key as an event of this many milliseconds.
fn press(world: &mut World, phone: usize, events: KeyEvents, key: char, ms: u64) {
    let remote = world.socket(PORT, phone);
    let mut press = EventSender::on_clock(key, Duration::from_millis(ms), events.clock_hz).unwrap();
    let timestamp = world.phones[phone].sender.next_timestamp();
    while let Some(payload) = press.next_payload(20) {
        let (now, source) = (world.now, world.phones[phone].address);
        let sender = &mut world.phones[phone].sender;
        let (sequence, ssrc) = (sender.next_sequence(), sender.ssrc());
        let header = Header { marker: false, payload_type: events.payload_type, sequence, timestamp, ssrc };
        let mut bytes = Vec::new();
        sender.write(now, header, events.clock_hz / 50, &mut bytes);
        bytes.extend_from_slice(&payload);
        world.fly(source, remote, bytes);
        world.run(20);
    }
}

/// The keys that a phone heard, in its events and in its sound.
fn heard(world: &World, phone: usize, party: Party) -> (Vec<Digit>, String) {
    let mut receiver = EventReceiver::default();
    let mut listener = Listener::new(party.codec);
    let (mut events, mut samples) = (Vec::new(), Vec::new());
    for (at, header, payload) in &world.phones[phone].heard {
        match party.way.events().filter(|events| events.payload_type == header.payload_type) {
            Some(KeyEvents { clock_hz, .. }) => {
                events.extend(receiver.receive(*at, clock_hz, header, payload));
            }
            None if header.payload_type == party.payload_type() => listener.decode(payload, &mut samples),
            None => {}
        }
    }
    let mut narrow = Vec::new();
    crate::codec::resample::Rate::new(party.codec.sample_rate_hz(), 8000).convert(&samples, &mut narrow);
    let mut tones = String::new();
    Detector::default().hear(&narrow, |change| {
        if let KeyChange::Pressed { key } = change {
            tones.push(key);
        }
    });
    (events, tones)
}

fn told(world: &World) -> Vec<(Side, char)> {
    let digit = |report: &Report| match report {
        Report::Digit { port: PORT, side, digit } => Some((*side, digit.key)),
        _ => None,
    };
    world.reports.iter().filter_map(|(_, report)| digit(report)).collect()
}

fn keys(digits: &[Digit]) -> String {
    digits.iter().map(|digit| digit.key).collect()
}

#[test]
fn tones_become_events_and_events_tones() {
    for (seed, a, b) in [
        (1, Codec::Pcmu, Codec::Pcmu),
        (2, Codec::Pcma, Codec::Pcma),
        (3, Codec::G722, Codec::G722),
        (4, Codec::Opus, Codec::Opus),
        (5, Codec::Pcmu, Codec::Opus),
    ] {
        let (a, b) = (Party::sound(a), Party::events(b, 96));
        let mut world = world(seed, [a, b], seed % 2 == 0);
        for key in "5#".chars() {
            say(&mut world, 0, a, &sound_of(key, a));
        }
        world.run(500);
        let (events, tones) = heard(&world, 1, b);
        assert_eq!((&*keys(&events), &*tones), ("5#", ""), "{:?}: nobody hears them twice", a.codec);
        assert!(events.iter().all(|digit| (60..=130).contains(&digit.duration_ms)), "{events:?}");
        let KeyWay::Events(events) = b.way else { panic!() };
        for key in "2D".chars() {
            press(&mut world, 1, events, key, 120);
            say(&mut world, 1, b, &vec![0; b.codec.samples(200)]);
        }
        world.run(500);
        assert_eq!(heard(&world, 0, a).1, "2D", "{:?}", a.codec);
        assert_eq!(told(&world), [], "call control has nothing to do with it");
        hang_up(&mut world);
    }
}

#[test]
fn tones_are_told_and_made_for_whoever_has_keys_beside_its_media() {
    for (seed, codec) in [(11, Codec::Pcmu), (12, Codec::G722), (13, Codec::Opus)] {
        let (a, b) = (Party::sound(codec), Party::signalled(codec));
        let mut world = world(seed, [a, b], true);
        for key in "7#".chars() {
            say(&mut world, 0, a, &sound_of(key, a));
        }
        assert_eq!(told(&world), [(Side::A, '7'), (Side::A, '#')], "{codec:?}");
        assert_eq!(heard(&world, 1, b).1, "", "{codec:?}: what is told is not heard as well");
        for (side, key) in [(Side::A, '3'), (Side::B, '8'), (Side::A, '*')] {
            world.command(Command::Press { port: PORT, side, digit: Digit { key, duration_ms: 0 } });
        }
        world.run(500);
        // What sounds like a key there is sound: its keys are elsewhere.
        say(&mut world, 1, b, &sound_of('6', b));
        world.run(1000);
        // A tone that is coded as Opus twice is not sure to be one still.
        let hears = if codec == Codec::Opus { "3*" } else { "3*6" };
        assert!(heard(&world, 0, a).1.starts_with(hears), "{codec:?}");
        assert_eq!((told(&world).len(), &*heard(&world, 1, b).1), (2, ""), "{codec:?}");
        hang_up(&mut world);
    }
}

#[test]
fn events_are_carried_through_a_relay_that_transcodes() {
    let (a, b) = (Party::events(Codec::Opus, 110), Party::signalled(Codec::Pcmu));
    let KeyWay::Events(events) = a.way else { panic!() };
    let mut world = world(21, [a, b], false);
    press(&mut world, 0, events, '4', 200);
    assert_eq!(told(&world), [(Side::A, '4')]);
    let digit = |report: &Report| matches!(report, Report::Digit { digit, .. } if digit.duration_ms == 200);
    assert!(world.reports.iter().any(|(_, report)| digit(report)), "48,000 units a second");
    world.command(Command::Press { port: PORT, side: Side::A, digit: Digit { key: 'A', duration_ms: 100 } });
    world.run(500);
    let (events, tones) = heard(&world, 0, a);
    assert_eq!((&*keys(&events), events[0].duration_ms, &*tones), ("A", 100, ""));
    assert_eq!(heard(&world, 1, b).1, "");
    // Once keys pass again they are as the codings say: the other side has no events, and hears tones.
    world.command(Command::Keys { port: PORT, ways: None });
    world.command(Command::Press { port: PORT, side: Side::A, digit: Digit { key: '1', duration_ms: 100 } });
    press(&mut world, 0, KeyEvents { payload_type: 110, clock_hz: 48_000 }, '9', 100);
    world.run(500);
    assert_eq!((told(&world).len(), &*heard(&world, 1, b).1), (1, "9"));
    assert_eq!(keys(&heard(&world, 0, a).0), "A");
    hang_up(&mut world);
}

#[test]
fn durations_follow_the_clock() {
    let (a, b) = (Party::events(Codec::Opus, 110), Party::events(Codec::Pcma, 101));
    let mut world = world(22, [a, b], false);
    for (phone, other, from, to) in [(0, 1, a, b), (1, 0, b, a)] {
        let KeyWay::Events(events) = from.way else { panic!() };
        press(&mut world, phone, events, '5', 240);
        world.run(500);
        let digits = heard(&world, other, to).0;
        assert_eq!(digits, [Digit { key: '5', duration_ms: 240 }]);
    }
    hang_up(&mut world);
}
