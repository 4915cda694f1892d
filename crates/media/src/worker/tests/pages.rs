//! Pages as their talker, their listeners and a multicast address hear them.

use strowger_base::leg::{CallTone, PageSeat, Tone};
use strowger_base::{NodeId, ShardId};

use super::world::Voice;
use super::*;
use crate::codec::tests::tone_to_rest_db;
use crate::control::Multicast;

const PAGE: ConferenceId = ConferenceId::new(NodeId(1), ShardId(0), 7);
const TALKER: PortId = PortId(1);
const HZ: f64 = 700.0;

/// Opens a seat for a phone that says a tone, whatever it is asked to do.
fn sit(world: &mut World, seat: PageSeat, codec: Codec, hz: f64) -> PortId {
    let index = world.phones.len();
    let port = PortId(2 * index as u64 + 1);
    world.phone(&format!("192.0.2.{}:6000", index + 1), codec.payload_type());
    world.command(Command::OpenEndpoint { port, service: Service::Page { page: PAGE, seat } });
    let Some((_, Report::Opened { a, .. })) = world.reports.pop() else { panic!("not open") };
    let phone = &mut world.phones[index];
    phone.remote = Some(a);
    phone.voice = Some(Voice { hz, amplitude: 6000.0, speaker: Speaker::new(codec), said: 0 });
    let address = phone.address;
    let format = StreamFormat {
        codec,
        payload_type: codec.payload_type(),
        telephone_event: None,
        ptime_ms: 20,
        bitrate_max: None,
    };
    let Command::Connect { port, remote, rtcp, format, receive, .. } = connect(port, address, format) else {
        unreachable!();
    };
    let send = seat != PageSeat::Talker;
    world.command(Command::Connect { port, remote, rtcp, format, receive, send });
    port
}

/// How a tone stands out of the last second that a phone heard, in dB.
fn tone(world: &World, index: usize, codec: Codec, hz: f64) -> f64 {
    let (mut listener, mut samples) = (Listener::new(codec), Vec::new());
    world.phones[index].heard.iter().for_each(|(_, header, payload)| {
        assert_eq!(header.payload_type, codec.payload_type());
        listener.decode(payload, &mut samples);
    });
    let last = samples.len() - codec.sample_rate_hz() as usize;
    tone_to_rest_db(hz, f64::from(codec.sample_rate_hz()), &samples[last..])
}

#[test]
fn all_hear_the_talker_and_nobody_else() {
    let mut world = World::new(1);
    sit(&mut world, PageSeat::Talker, Codec::Pcmu, HZ);
    let listeners = [
        (PageSeat::Listener, Codec::Pcmu),
        (PageSeat::HiddenListener, Codec::G722),
        (PageSeat::Listener, Codec::Pcma),
    ];
    // All of them talk, too.
    for (index, (seat, codec)) in listeners.into_iter().enumerate() {
        sit(&mut world, seat, codec, 1100.0 + 300.0 * index as f64);
    }
    let address: SocketAddr = "239.1.1.1:20480".parse().unwrap();
    let cast = PortId(100);
    let service = Service::Page { page: PAGE, seat: PageSeat::Listener };
    let to = Multicast { address, ttl: 4, codec: Codec::Pcma };
    world.phone("239.1.1.1:20480", 8);
    world.command(Command::OpenMulticast { port: cast, service, to });
    assert!(matches!(world.reports.pop(), Some((_, Report::Opened { port, .. })) if port == cast));
    world.run(3000);
    assert!(world.phones[0].heard.is_empty(), "the talker is sent something");
    let heard = listeners.iter().map(|(_, codec)| *codec).chain([Codec::Pcma]);
    for (index, codec) in heard.enumerate() {
        let measured = tone(&world, index + 1, codec, HZ);
        assert!(measured > 20.0, "{index} in {codec:?}: {measured:.1} dB");
        // One packet each 20 ms, from the first on.
        assert!((145..=151).contains(&world.phones[index + 1].heard.len()), "{index}");
    }
    // Who listens at an address is told of the source by RTCP like any other receiver.
    assert!(!world.phones[4].infos.is_empty());
    for port in [PortId(3), PortId(5), PortId(7), cast, TALKER] {
        world.command(Command::Close { port });
    }
    assert_eq!(world.closed(TALKER).a.sent, 0);
    assert!(world.closed(cast).a.sent > 140);
    world.assert_idle();
}

#[test]
fn nobody_hears_a_tone_of_somebody_who_only_listens() {
    let mut world = World::new(2);
    sit(&mut world, PageSeat::Talker, Codec::Pcmu, 0.0);
    world.phones[0].voice.as_mut().unwrap().amplitude = 0.0;
    sit(&mut world, PageSeat::HiddenListener, Codec::Pcmu, 1100.0);
    sit(&mut world, PageSeat::Listener, Codec::Pcmu, 1500.0);
    world.run(2000);
    for index in [1, 2] {
        let mut samples = Vec::new();
        let mut listener = Listener::new(Codec::Pcmu);
        world.phones[index].heard.iter().for_each(|(_, _, payload)| listener.decode(payload, &mut samples));
        assert!(samples.iter().all(|sample| sample.abs() < 16), "{index} hears something");
    }
    for port in [TALKER, PortId(3), PortId(5)] {
        world.command(Command::Close { port });
    }
    world.assert_idle();
}

#[test]
fn a_talker_that_is_gone_is_told_of() {
    let mut world = World::new(3);
    sit(&mut world, PageSeat::Talker, Codec::Pcmu, HZ);
    world.run(1000);
    world.phones[0].remote = None;
    world.run(125_000);
    let silent =
        |(_, report): &(Instant, Report)| matches!(report, Report::Silent { port } if *port == TALKER);
    assert_eq!(world.reports.iter().filter(|report| silent(report)).count(), 1);
    world.command(Command::Close { port: TALKER });
    world.assert_idle();
}

#[test]
fn a_multicast_port_that_cannot_be_opened_leaves_no_seat() {
    let mut worker = Worker::new(Rng::new(1));
    let mut out = Outbox::default();
    let now = Now { mono: Instant::START, wall: strowger_base::WallTime::from_micros(0) };
    let service = Service::Page { page: PAGE, seat: PageSeat::Listener };
    let to = Multicast { address: "[ff15::1]:20480".parse().unwrap(), ttl: 255, codec: Codec::Pcmu };
    let port = PortId(2);
    worker.handle(now, Input::Command(Command::OpenMulticast { port, service, to }), &mut out);
    let asked = out.items.pop();
    assert!(
        matches!(asked, Some(Output::OpenSockets { pairs: 1, multicast_ttl: Some(255), .. })),
        "{asked:?}"
    );
    worker.handle(now, Input::OpenFailed { port, reason: "no".into() }, &mut out);
    assert!(matches!(out.items.pop(), Some(Output::Report(Report::Failed { .. }))));
    assert_eq!((worker.ports(), worker.next_timeout()), (0, None));
}

#[test]
fn music_goes_out_to_all_who_listen_at_an_address() {
    let mut world = World::new(4);
    for (index, codec) in [Codec::Pcmu, Codec::Pcma, Codec::G722].into_iter().enumerate() {
        let port = PortId(2 * index as u64 + 2);
        let address = format!("239.1.1.{}:16384", index + 1);
        world.phone(&address, codec.payload_type());
        let to = Multicast { address: address.parse().unwrap(), ttl: 1, codec };
        world.command(Command::OpenMulticast { port, service: Service::Sounds, to });
        let opened = world.reports.pop();
        assert!(matches!(opened, Some((_, Report::Opened { port: opened, .. })) if opened == port));
        let told = Tone::National { country: strowger_base::Country::Germany, tone: CallTone::Dial };
        world.command(Command::Play { port, tone: told });
        world.run(2500);
        let measured = tone(&world, index, codec, 425.0);
        assert!(measured > 20.0, "{codec:?}: {measured:.1} dB");
        assert!((120..=126).contains(&world.phones[index].heard.len()));
        world.command(Command::Close { port });
        assert!(world.closed(port).a.sent > 120);
    }
    world.assert_idle();
}
