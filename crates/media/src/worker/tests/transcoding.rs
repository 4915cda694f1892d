//! Relays whose sides speak different codecs.

use std::f64::consts::TAU;
use std::time::Duration;

use super::relay::{PORT, hang_up, relayed};
use super::world::{Faults, Voice, World};
use crate::codec::{Codec, Listener, Speaker};
use crate::control::{Coding, Codings, Command, PayloadTypes, PortId, RelayPeer, Report, Side, StreamFormat};
use crate::rtp::{EVENT_CLOCK_HZ, EventReceiver, Header};
use crate::worker::{Input, Output};
use strowger_base::Instant;

fn coding(codec: Codec, payload_type: u8, telephone_event: Option<u8>) -> Coding {
    let mut receive = PayloadTypes { telephone_event, ..PayloadTypes::default() };
    *receive.slot(codec) = Some(payload_type);
    let format = StreamFormat { codec, payload_type, telephone_event, ptime_ms: 20, bitrate_max: None };
    Coding { receive, format }
}

/// Phone A speaks the first codec with 440 Hz, phone B the second with 1000 Hz.
fn world(seed: u64, (a, b): (Codec, Codec), faults: Faults) -> World {
    let mut world = relayed(seed);
    world.faults = faults;
    let a_coding = coding(a, a.payload_type(), Some(101));
    // B has other payload types for the same things.
    let b_coding = coding(b, if b == Codec::Opus { 111 } else { b.payload_type() }, Some(96));
    let codings = Some(Box::new(Codings { a: a_coding, b: b_coding }));
    world.command(Command::Transcode { port: PORT, codings });
    for (phone, (coding, hz)) in world.phones.iter_mut().zip([(a_coding, 440.0), (b_coding, 1000.0)]) {
        phone.payload_type = coding.format.payload_type;
        phone.sender.set_clock(coding.format.codec.rtp_clock_hz());
        let speaker = Speaker::new(coding.format.codec);
        phone.voice = Some(Voice { hz, amplitude: 8000.0, speaker, said: 0 });
    }
    world
}

/// How much of a phone's sound is at `hz`, of 1, from the packets of this payload type.
fn share(world: &World, phone: usize, (codec, payload_type): (Codec, u8), hz: f64) -> f64 {
    let mut listener = Listener::new(codec);
    let mut samples = Vec::new();
    let of_type = |header: &Header| header.payload_type == payload_type;
    for (_, _, payload) in world.phones[phone].heard.iter().filter(|(_, header, _)| of_type(header)) {
        listener.decode(payload, &mut samples);
    }
    let samples = samples.get(samples.len() / 4..).unwrap();
    let step = hz / f64::from(codec.sample_rate_hz()) * TAU;
    // In short pieces, as what is repeated or left out changes the phase.
    let pieces = samples.chunks_exact(codec.samples(100));
    let share_of = |piece: &[i16]| {
        let (mut real, mut imaginary, mut power) = (0.0, 0.0, 1.0);
        for (index, sample) in piece.iter().enumerate() {
            let (sine, cosine) = (step * index as f64).sin_cos();
            real += f64::from(*sample) * cosine;
            imaginary += f64::from(*sample) * sine;
            power += f64::from(*sample).powi(2);
        }
        2.0 * (real * real + imaginary * imaginary) / (power * piece.len() as f64)
    };
    let count = pieces.len().max(1) as f64;
    pieces.map(share_of).sum::<f64>() / count
}

#[track_caller]
fn check_heard(world: &World, (a, b): (Codec, Codec), at_least: f64) {
    let b_type = if b == Codec::Opus { 111 } else { b.payload_type() };
    let heard_by_b = share(world, 1, (b, b_type), 440.0);
    let heard_by_a = share(world, 0, (a, a.payload_type()), 1000.0);
    assert!(heard_by_b > at_least && heard_by_a > at_least, "{a:?} {b:?}: {heard_by_b} {heard_by_a}");
}

#[test]
fn each_hears_the_other_in_its_own_codec() {
    for (seed, pair) in [
        (1, (Codec::Pcmu, Codec::G722)),
        (2, (Codec::Pcma, Codec::Opus)),
        (3, (Codec::Opus, Codec::G722)),
        (4, (Codec::Pcmu, Codec::Pcma)),
    ] {
        let mut world = world(seed, pair, Faults::NONE);
        world.run(4000);
        check_heard(&world, pair, 0.9);
        let statistics = hang_up(&mut world);
        let (a, b) = (statistics.a, statistics.b.unwrap());
        assert_eq!((a.lost, a.malformed, a.foreign, b.lost, b.malformed, b.foreign), (0, 0, 0, 0, 0, 0));
        assert!((195..=201).contains(&a.sent) && (195..=201).contains(&b.sent), "{} {}", a.sent, b.sent);
    }
}

#[test]
fn each_is_reported_on_its_own_stream_and_by_us_alone() {
    let pair = (Codec::Pcmu, Codec::Opus);
    let mut world = world(5, pair, Faults::NONE);
    world.run(12_000);
    // B's reports would go to an address behind its NAT: it has sent none that showed another.
    let (own, theirs) = (world.phones[0].sender.ssrc(), world.phones[1].sender.ssrc());
    let phone = &world.phones[0];
    assert_ne!(phone.heard[0].1.ssrc, theirs, "a stream of our own");
    assert!(!phone.infos.is_empty() && !phone.blocks.is_empty());
    assert!(phone.blocks.iter().all(|block| block.ssrc == own && block.cumulative_lost == 0));
    hang_up(&mut world);
}

#[test]
fn loss_reordering_and_clock_drift_are_borne() {
    let pair = (Codec::Pcmu, Codec::G722);
    let bad = Faults { lost_one_in: 20, spread: Duration::from_millis(30), ..Faults::NONE };
    let mut world = world(6, pair, bad);
    // A sends 5 % too fast and B too slowly: far more than any crystal.
    world.phones[0].period = Duration::from_micros(19_950);
    world.phones[1].period = Duration::from_micros(20_050);
    world.run(20_000);
    check_heard(&world, pair, 0.6);
    // What leaves has our clock, whatever came: loss is made up, and what is late is not waited for.
    let statistics = hang_up(&mut world);
    let (a, b) = (statistics.a, statistics.b.unwrap());
    assert!(a.lost > 20 && b.lost > 20 && a.reordered > 20, "the network is bad: {} {}", a.lost, b.lost);
    assert!((990..=1001).contains(&a.sent) && (990..=1001).contains(&b.sent), "{} {}", a.sent, b.sent);
}

#[test]
fn another_source_is_heard_and_silence_costs_nothing() {
    let pair = (Codec::Pcmu, Codec::G722);
    let mut world = world(7, pair, Faults::NONE);
    world.run(2000);
    world.phones[0].change_source();
    world.phones[1].forget();
    world.run(3000);
    assert!(share(&world, 1, (Codec::G722, 9), 440.0) > 0.9);
    let remote = world.phones[0].remote.take();
    world.run(1000);
    world.phones[1].forget();
    world.run(2000);
    assert!(world.phones[1].heard.is_empty(), "who says nothing is not heard to say it");
    world.phones[0].remote = remote;
    world.run(3000);
    assert!(share(&world, 1, (Codec::G722, 9), 440.0) > 0.9);
    hang_up(&mut world);
}

#[test]
fn payload_types_that_were_not_agreed() {
    let mut world = world(8, (Codec::Pcmu, Codec::G722), Faults::NONE);
    // A-law in place of µ-law: static types mean one thing.
    let speaker = Speaker::new(Codec::Pcma);
    world.phones[0].payload_type = 8;
    world.phones[0].voice = Some(Voice { hz: 440.0, amplitude: 8000.0, speaker, said: 0 });
    // Nobody knows what this is.
    world.phones[1].payload_type = 119;
    world.run(4000);
    assert!(share(&world, 1, (Codec::G722, 9), 440.0) > 0.9);
    assert!(world.phones[0].heard.is_empty());
    let statistics = hang_up(&mut world);
    assert_eq!((statistics.a.malformed, statistics.b.unwrap().malformed), (0, 200));
}

#[test]
fn keys_get_the_payload_type_of_the_other_side() {
    let mut world = world(9, (Codec::Pcmu, Codec::Opus), Faults::NONE);
    world.run(1000);
    let remote = world.phones[0].remote.take().unwrap();
    let address = world.phones[0].address;
    // RFC 4733 §2.5.1: the key 5 for 100 ms, its end three times.
    let ssrc = world.phones[0].sender.ssrc();
    let (first, timestamp) =
        (world.phones[0].sender.next_sequence(), world.phones[0].sender.next_timestamp());
    for number in 0..7u16 {
        let header = Header {
            marker: number == 0,
            payload_type: 101,
            sequence: first.wrapping_add(number),
            timestamp,
            ssrc,
        };
        let duration = 160 * (number + 1).min(5);
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        bytes.extend_from_slice(&[5, if number >= 4 { 0x8a } else { 0x0a }]);
        bytes.extend_from_slice(&duration.to_be_bytes());
        world.fly(address, remote, bytes);
        world.run(20);
    }
    world.run(500);
    let mut receiver = EventReceiver::default();
    let events = world.phones[1].heard.iter().filter(|(_, header, _)| header.payload_type == 96);
    let keys: Vec<_> = events
        .filter_map(|(at, header, payload)| receiver.receive(*at, EVENT_CLOCK_HZ, header, payload))
        .collect();
    assert_eq!(keys.len(), 1, "one key");
    assert_eq!(keys[0].key, '5');
    hang_up(&mut world);
}

#[test]
fn it_begins_and_ends_while_packets_flow() {
    let pair = (Codec::Pcmu, Codec::G722);
    let mut world = world(10, pair, Faults::NONE);
    world.run(1000);
    world.command(Command::Transcode { port: PORT, codings: None });
    world.phones.iter_mut().for_each(super::world::Phone::forget);
    world.run(1000);
    // As they came.
    let [a, b] = &world.phones[..] else { panic!("two phones") };
    let passed = |(_, header, payload): &(Instant, Header, Vec<u8>), sent: &[(u16, Vec<u8>)]| {
        sent.contains(&(header.sequence, payload.clone()))
    };
    assert!(b.heard.iter().filter(|heard| passed(heard, &a.sent)).count() >= 48);
    assert!(a.heard.iter().filter(|heard| passed(heard, &b.sent)).count() >= 48);
    hang_up(&mut world);
}

#[test]
fn one_that_is_closed_before_it_is_open_leaves_nothing() {
    let mut world = World::new(11);
    let codings = || {
        let [a, b] = [coding(Codec::Pcmu, 0, None), coding(Codec::G722, 9, None)];
        Some(Box::new(Codings { a, b }))
    };
    let now = strowger_base::Now {
        mono: Instant::START,
        wall: strowger_base::WallTime::from_micros(1_800_000_000_000_000),
    };
    for fails in [true, false] {
        let mut out = crate::worker::Outbox::default();
        let mut give = |input| world.worker.handle(now, input, &mut out);
        give(Input::Command(Command::OpenRelay { port: PORT }));
        give(Input::Command(Command::Transcode { port: PORT, codings: codings() }));
        if fails {
            give(Input::OpenFailed { port: PORT, reason: "no port".into() });
        } else {
            give(Input::Command(Command::Close { port: PORT }));
            let address = "198.51.100.7:40000".parse().unwrap();
            give(Input::Opened { port: PORT, a: address, b: Some(address) });
        }
        let reported = out
            .items
            .iter()
            .any(|item| matches!(item, Output::Report(Report::Failed { .. } | Report::Closed { .. })));
        assert!(reported);
        assert_eq!((world.worker.ports(), world.worker.next_timeout()), (0, None));
    }
    let mut world = relayed(12);
    world.command(Command::Transcode { port: PORT, codings: codings() });
    let remote = "0.0.0.0:6000".parse().unwrap();
    // Who holds in the old style is sent nothing.
    world.command(Command::Direct { port: PORT, side: Side::A, peer: RelayPeer::new(remote) });
    world.run(1000);
    assert!(world.phones[0].heard.is_empty());
    hang_up(&mut world);
}

#[test]
fn a_relay_or_an_endpoint_whose_socket_is_lost_is_closed() {
    let mut world = world(13, (Codec::Pcmu, Codec::G722), Faults::NONE);
    world.run(500);
    let endpoint = PortId(3);
    world.command(Command::OpenEndpoint { port: endpoint, service: strowger_base::leg::Service::Echo });
    for port in [PORT, endpoint] {
        world.give(Input::Lost { port });
    }
    let closed: Vec<PortId> = world
        .reports
        .iter()
        .filter_map(|(_, report)| match report {
            Report::Closed { port, .. } => Some(*port),
            _ => None,
        })
        .collect();
    assert_eq!(closed, [PORT, endpoint]);
    assert!(world.closed(PORT).a.packets > 20, "what it carried is told");
    world.phones.iter_mut().for_each(|phone| phone.remote = None);
    world.run(1000);
    world.assert_idle();
}
