//! Conferences as their parties hear them.

use strowger_base::leg::Mute;
use strowger_base::{NodeId, ShardId};

use super::world::Voice;
use super::*;
use crate::codec::tests::tone_to_rest_db;
use crate::control::Talking;
use crate::rtp::Sender;

const ROOM: ConferenceId = ConferenceId::new(NodeId(1), ShardId(0), 7);
/// An amplitude of full scale at 0 dB.
const FULL: f64 = 32_768.0;

/// Where each party sits.
fn seat(index: usize) -> PortId {
    PortId(index as u64 * 2 + 1)
}

fn format(codec: Codec) -> StreamFormat {
    StreamFormat {
        codec,
        payload_type: codec.payload_type(),
        telephone_event: Some(101),
        ptime_ms: 20,
        bitrate_max: None,
    }
}

/// Seats one more party, whose sine has this frequency and amplitude.
fn sit(world: &mut World, codec: Codec, hz: f64, amplitude: f64) {
    let index = world.phones.len();
    let address = format!("192.0.2.{}:{}", index % 200 + 1, 6000 + index / 200 * 2);
    world.phone(&address, codec.payload_type());
    world.command(Command::OpenEndpoint { port: seat(index), service: Service::Conference(ROOM) });
    let Some((_, Report::Opened { a, .. })) = world.reports.pop() else { panic!("not open") };
    let phone = &mut world.phones[index];
    phone.remote = Some(a);
    phone.voice = Some(Voice { hz, amplitude, speaker: Speaker::new(codec), said: 0 });
    let address = phone.address;
    world.command(connect(seat(index), address, format(codec)));
}

/// Parties with sines 150 Hz apart.
fn meeting(seed: u64, codecs: &[Codec]) -> World {
    let mut world = World::new(seed);
    for (index, codec) in codecs.iter().enumerate() {
        sit(&mut world, *codec, hz(index), 6000.0);
    }
    world
}

fn hz(index: usize) -> f64 {
    400.0 + 150.0 * index as f64
}

/// What a party has heard since it last forgot, in order, gaps as silence.
fn heard(world: &World, index: usize, codec: Codec) -> Vec<i16> {
    let mut packets: Vec<_> = world.phones[index].heard.iter().collect();
    let Some(first) = packets.first().map(|packet| packet.1.sequence) else { return Vec::new() };
    let place = |sequence: u16| sequence.wrapping_sub(first) as i16;
    packets.sort_by_key(|packet| place(packet.1.sequence));
    packets.dedup_by_key(|packet| packet.1.sequence);
    let mut listener = Listener::new(codec);
    let mut samples = Vec::new();
    for (_, header, payload) in packets {
        assert_eq!(header.payload_type, codec.payload_type());
        let until =
            usize::try_from(place(header.sequence)).unwrap_or(0) * codec.sample_rate_hz() as usize / 50;
        samples.resize(until.max(samples.len()), 0);
        listener.decode(payload, &mut samples);
    }
    samples
}

/// The level of a sine in dB of full scale (Goertzel's algorithm with a Hann window).
fn level(samples: &[i16], hz: f64, codec: Codec) -> f64 {
    let step = hz / f64::from(codec.sample_rate_hz()) * std::f64::consts::TAU;
    let (mut before, mut last) = (0.0, 0.0);
    let turn = std::f64::consts::TAU / samples.len() as f64;
    for (index, sample) in samples.iter().enumerate() {
        let window = 1.0 - (turn * index as f64).cos();
        let next = f64::from(*sample) * window + 2.0 * step.cos() * last - before;
        (before, last) = (last, next);
    }
    let power = before * before + last * last - 2.0 * step.cos() * before * last;
    20.0 * (power.max(1.0).sqrt() * 2.0 / samples.len() as f64 / FULL).log10()
}

/// Each party hears all others at a good level, and itself at least `apart` dB below them.
fn assert_all_but_oneself(world: &World, codecs: &[Codec], apart: f64) {
    for (index, codec) in codecs.iter().enumerate() {
        let samples = heard(world, index, *codec);
        let levels: Vec<f64> = (0..codecs.len()).map(|other| level(&samples, hz(other), *codec)).collect();
        for (other, heard) in levels.iter().enumerate() {
            if other == index {
                continue;
            }
            assert!((-32.0..-12.0).contains(heard), "{index} hears {other} at {heard:.1} dB: {levels:.1?}");
            assert!(levels[index] < heard - apart, "{index} hears itself: {levels:.1?}");
        }
    }
}

/// Everybody leaves; gives the statistics of each.
fn leave(world: &mut World) -> Vec<StreamStatistics> {
    world.faults = Faults::NONE;
    let seats = world.phones.len();
    for index in 0..seats {
        world.command(Command::Close { port: seat(index) });
    }
    world.run(100);
    world.phones.iter_mut().for_each(|phone| phone.remote = None);
    world.run(500);
    world.assert_idle();
    (0..seats).map(|index| world.closed(seat(index)).a).collect()
}

fn forget(world: &mut World) {
    world.phones.iter_mut().for_each(world::Phone::forget);
}

/// Encoding Opus for many takes its time in tests.
const CHEAP: [Codec; 3] = [Codec::G722, Codec::Pcma, Codec::Pcmu];
const MIXED: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Pcmu];

#[test]
fn each_hears_all_others_and_not_itself() {
    let opus = [Codec::Opus, Codec::Pcma, Codec::Opus, Codec::G722];
    let all: [(&[Codec], f64); 4] = [
        (&[Codec::Pcmu; 3], 35.0),
        (&MIXED, 35.0),
        (&[Codec::G722; 2], 35.0),
        // Opus adds noise of its own around what it hears.
        (&opus, 20.0),
    ];
    for (codecs, apart) in all {
        let mut world = meeting(1, codecs);
        world.run(2000);
        forget(&mut world);
        world.run(3000);
        assert_all_but_oneself(&world, codecs, apart);
        for (phone, codec) in world.phones.iter().zip(codecs) {
            // One packet each 20 ms, without a gap.
            assert!((149..=151).contains(&phone.heard.len()), "{}", phone.heard.len());
            assert!(phone.heard.windows(2).all(|pair| {
                pair[1].1.sequence == pair[0].1.sequence.wrapping_add(1)
                    && pair[1].1.timestamp == pair[0].1.timestamp.wrapping_add(codec.units(20))
            }));
        }
        let statistics = leave(&mut world);
        assert!(statistics.iter().all(|one| one.packets > 240 && one.lost == 0 && one.malformed == 0));
    }
}

#[test]
fn bad_networks_and_clocks_leave_everybody_audible() {
    let mut world = meeting(2, &MIXED);
    world.faults = Faults {
        delay: Duration::from_millis(20),
        spread: Duration::from_millis(45),
        lost_one_in: 20,
        doubled_one_in: 50,
    };
    // 200 ppm: more than phones have.
    world.phones[0].period = Duration::from_nanos(20_004_000);
    world.phones[1].period = Duration::from_nanos(19_996_000);
    world.run(20_000);
    forget(&mut world);
    world.run(4000);
    assert_all_but_oneself(&world, &MIXED, 8.0);
    let statistics = leave(&mut world);
    assert!(statistics.iter().all(|one| one.lost > 50 && one.reordered > 50), "{statistics:?}");
}

#[test]
fn wrong_payload_types_and_another_source_do_not_disturb() {
    let mut world = meeting(3, &MIXED);
    world.run(2000);
    let mut rng = Rng::new(3);
    let mut stranger = Sender::new(&mut rng);
    for round in 0..100 {
        // Payload types that nobody agreed to, from the same phone.
        let remote = world.phones[0].remote.unwrap();
        let mut bytes = Vec::new();
        stranger.write_next(world.now, 96 + round % 20, false, 160, &mut bytes);
        bytes.resize(172, 0x2a);
        let source = world.phones[0].address;
        world.fly(source, remote, bytes);
        if round == 20 {
            // The phone begins anew, as after a restart of its media.
            world.phones[1].sender = Sender::new(&mut rng);
            forget(&mut world);
        }
        world.run(40);
    }
    assert_all_but_oneself(&world, &MIXED, 25.0);
    assert!(leave(&mut world)[0].malformed >= 95);
}

#[test]
fn wideband_stays_wideband_between_those_who_have_it() {
    let mut world = World::new(4);
    sit(&mut world, Codec::G722, 5000.0, 6000.0);
    sit(&mut world, Codec::G722, 0.0, 0.0);
    sit(&mut world, Codec::Pcma, 0.0, 0.0);
    world.run(3000);
    let wide = level(&heard(&world, 1, Codec::G722)[16_000..], 5000.0, Codec::G722);
    assert!((-32.0..-12.0).contains(&wide), "{wide:.1} dB");
    let narrow = level(&heard(&world, 2, Codec::Pcma)[8000..], 3000.0, Codec::Pcma);
    assert!(narrow < -60.0, "no image of what it cannot carry: {narrow:.1} dB");
    leave(&mut world);
}

#[test]
fn many_listen_to_the_few_loudest_and_share_one_encoder() {
    let mut world = World::new(5);
    let seats = 66;
    for index in 0..seats {
        // Six of them talk, each 6 dB softer than the one before.
        let amplitude = if index < 6 { 12_000.0 / f64::from(1 << index) } else { 0.0 };
        sit(&mut world, CHEAP[index % 3], hz(index), amplitude);
    }
    world.run(1000);
    forget(&mut world);
    world.run(2000);
    for index in [6, 7, 8, seats - 1] {
        let codec = CHEAP[index % 3];
        let samples = heard(&world, index, codec);
        let levels: Vec<f64> = (0..6).map(|talker| level(&samples, hz(talker), codec)).collect();
        assert!(levels[..4].iter().all(|level| *level > -42.0), "{index}: {levels:.1?}");
        assert!(levels[4..].iter().all(|level| *level < -55.0), "{index}: {levels:.1?}");
    }
    let payloads =
        |index: usize| world.phones[index].heard.iter().map(|packet| &packet.2).collect::<Vec<_>>();
    assert_eq!(payloads(7), payloads(10));
    assert_ne!(payloads(1), payloads(7));
    leave(&mut world);
}

#[test]
fn who_is_muted_hears_and_is_not_heard() {
    let codecs = [Codec::Pcmu; 3];
    let mut world = meeting(6, &codecs);
    world.run(1000);
    let first_said_by_0 = |world: &World| level(&heard(world, 1, Codec::Pcmu), hz(0), Codec::Pcmu);
    world.command(Command::Mute { port: seat(0), mute: Mute::On });
    world.run(500);
    forget(&mut world);
    world.run(1000);
    assert!(first_said_by_0(&world) < -60.0);
    assert!(level(&heard(&world, 0, Codec::Pcmu), hz(1), Codec::Pcmu) > -32.0);
    world.command(Command::Mute { port: seat(0), mute: Mute::Off });
    world.run(500);
    forget(&mut world);
    world.run(1000);
    assert!(first_said_by_0(&world) > -32.0);
    leave(&mut world);
}

#[test]
fn who_holds_is_sent_nothing_and_goes_on_where_the_clock_is() {
    let codecs = [Codec::Pcmu; 3];
    let mut world = meeting(7, &codecs);
    world.run(1000);
    let mut held = connect(seat(0), world.phones[0].address, format(Codec::Pcmu));
    if let Command::Connect { send, .. } = &mut held {
        *send = false;
    }
    world.command(held.clone());
    world.run(500);
    let before = world.phones[0].heard.last().map(|packet| packet.1).unwrap();
    forget(&mut world);
    world.run(1000);
    assert!(world.phones[0].heard.is_empty());
    if let Command::Connect { send, .. } = &mut held {
        *send = true;
    }
    world.command(held);
    world.run(200);
    let after = world.phones[0].heard[0].1;
    assert!(after.marker && after.sequence == before.sequence.wrapping_add(1));
    assert!(after.timestamp.wrapping_sub(before.timestamp) > 11_000);
    leave(&mut world);
}

#[test]
fn all_hear_the_tone_of_somebody_who_comes_in() {
    let mut world = World::new(8);
    for _ in 0..3 {
        sit(&mut world, Codec::Pcma, 0.0, 0.0);
    }
    world.run(500);
    forget(&mut world);
    world.command(Command::Play { port: seat(1), tone: strowger_base::leg::Tone::Enter });
    world.run(150);
    for index in 0..3 {
        let tone = level(&heard(&world, index, Codec::Pcma), 880.0, Codec::Pcma);
        assert!(tone > -30.0, "{tone:.1} dB");
    }
    world.run(200);
    forget(&mut world);
    world.run(200);
    assert!(level(&heard(&world, 0, Codec::Pcma), 880.0, Codec::Pcma) < -60.0);
    leave(&mut world);
}

#[test]
fn it_is_told_who_talks_and_not_too_often() {
    let mut world = World::new(9);
    sit(&mut world, Codec::Pcmu, 500.0, 6000.0);
    sit(&mut world, Codec::Pcmu, 0.0, 0.0);
    let told = |world: &World| -> Vec<(Instant, PortId, Talking)> {
        let talking = world.reports.iter().filter_map(|(at, report)| match report {
            Report::Talking { port, talking } => Some((*at, *port, *talking)),
            _ => None,
        });
        talking.collect()
    };
    world.run(3000);
    assert!(matches!(told(&world)[..], [(_, port, Talking::Yes)] if port == seat(0)), "{:?}", told(&world));
    world.phones[0].voice.as_mut().unwrap().amplitude = 0.0;
    world.run(3000);
    assert!(matches!(told(&world)[..], [_, (_, port, Talking::No)] if port == seat(0)), "{:?}", told(&world));
    // Words of a quarter of a second and pauses that are longer than the hangover.
    for word in 0..40 {
        let amplitude = if word % 3 == 0 { 6000.0 } else { 0.0 };
        world.phones[0].voice.as_mut().unwrap().amplitude = amplitude;
        world.run(250);
    }
    let told = told(&world);
    assert!(
        told.windows(2)
            .all(|pair| pair[1].0.saturating_since(pair[0].0) >= crate::conference::TALKING_INTERVAL)
    );
    leave(&mut world);
}

#[test]
fn a_full_conference_refuses_and_a_place_that_is_left_can_be_taken() {
    let mut world = World::new(10);
    for _ in 0..limits::CONFERENCE_SEATS {
        sit(&mut world, Codec::Pcmu, 0.0, 0.0);
    }
    let one_more = PortId(999);
    let open = Command::OpenEndpoint { port: one_more, service: Service::Conference(ROOM) };
    world.command(open.clone());
    assert!(matches!(world.reports.pop(), Some((_, Report::Failed { port, .. })) if port == one_more));
    // Another conference has seats of its own.
    let other = ConferenceId::new(NodeId(1), ShardId(0), 8);
    world.command(Command::OpenEndpoint { port: PortId(997), service: Service::Conference(other) });
    assert!(matches!(world.reports.pop(), Some((_, Report::Opened { .. }))));
    world.command(Command::Close { port: PortId(997) });
    world.command(Command::Close { port: seat(3) });
    world.command(open);
    assert!(matches!(world.reports.pop(), Some((_, Report::Opened { .. }))));
    world.command(Command::Close { port: one_more });
    world.phones.remove(3);
    for index in (0..=world.phones.len()).filter(|index| *index != 3) {
        world.command(Command::Close { port: seat(index) });
    }
    world.run(1000);
    world.phones.iter_mut().for_each(|phone| phone.remote = None);
    world.run(1000);
    world.assert_idle();
}

#[test]
fn seats_that_never_open_are_given_back() {
    let mut worker = Worker::new(Rng::new(1));
    let mut out = Outbox::default();
    let now = Now { mono: Instant::START, wall: strowger_base::WallTime::from_micros(0) };
    let open = |port| Input::Command(Command::OpenEndpoint { port, service: Service::Conference(ROOM) });
    worker.handle(now, open(seat(0)), &mut out);
    worker.handle(now, open(seat(1)), &mut out);
    assert!(worker.next_timeout().is_some());
    worker.handle(now, Input::OpenFailed { port: seat(0), reason: "no".into() }, &mut out);
    worker.handle(now, Input::Command(Command::Close { port: seat(1) }), &mut out);
    assert_eq!(worker.next_timeout(), None);
    worker.handle(now, Input::OpenFailed { port: seat(1), reason: "no".into() }, &mut out);
    assert_eq!(worker.ports(), 0);
}

#[test]
fn a_seat_whose_socket_breaks_is_told_of_and_the_others_go_on() {
    let mut world = meeting(31, &[Codec::Pcmu; 3]);
    world.run(1000);
    world.give(Input::Lost { port: seat(1) });
    assert!(world.closed(seat(1)).a.packets > 40, "it is told what was heard there");
    // What is under way comes.
    world.run(200);
    world.phones.iter_mut().for_each(|phone| phone.heard.clear());
    world.run(1500);
    assert!(world.phones[1].heard.is_empty());
    let rest = heard(&world, 0, Codec::Pcmu);
    let last = &rest[rest.len() - 8000..];
    assert!(tone_to_rest_db(hz(2), 8000.0, last) > 10.0, "the third is heard, and the second no more");
    // Once it is told, it is known by nobody.
    world.give(Input::Lost { port: seat(1) });
    for port in [seat(0), seat(2)] {
        world.command(Command::Close { port });
    }
    world.assert_idle();
}
