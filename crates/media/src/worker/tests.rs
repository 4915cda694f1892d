mod conferences;
mod pages;
mod world;

use std::time::Duration;

use strowger_base::Country;
use strowger_base::leg::{AudioSource, CallTone, Digit, Service, Tone};

use super::*;
use crate::codec::{Codec, Listener, Speaker};
use crate::control::{RtcpWay, StreamFormat};
use crate::music::{Play, Source};
use crate::rtp::EventSender;
use crate::statistics::StreamStatistics;
use crate::wav::Recording;
use world::{Faults, World, connect, next_port};

const PORT: PortId = PortId(3);
const PCMU: StreamFormat = StreamFormat {
    codec: Codec::Pcmu,
    payload_type: 0,
    telephone_event: Some(101),
    ptime_ms: 20,
    bitrate_max: None,
};

/// A phone in a call with a service.
fn call(seed: u64, service: Service, format: StreamFormat) -> World {
    let mut world = World::new(seed);
    world.phone("192.0.2.5:6000", format.payload_type);
    world.command(Command::OpenEndpoint { port: PORT, service });
    let Some((_, Report::Opened { port: PORT, a, b: None })) = world.reports.pop() else {
        panic!("not open")
    };
    world.phones[0].remote = Some(a);
    world.command(connect(PORT, world.phones[0].address, format));
    world
}

/// Closes the port and gives what was counted.
fn hang_up(world: &mut World) -> StreamStatistics {
    world.command(Command::Close { port: PORT });
    world.run(100);
    world.phones.iter_mut().for_each(|phone| phone.remote = None);
    world.run(1000);
    world.assert_idle();
    world.closed(PORT).a
}

#[test]
fn the_echo_beeps_and_then_sends_everything_back() {
    let mut world = call(1, Service::Echo, PCMU);
    world.run(2000);
    let phone = &world.phones[0];
    // 200 ms of beep, one packet each 20 ms from the first moment.
    let beep: Vec<_> = phone.heard.iter().take(10).collect();
    assert!(beep.iter().enumerate().all(|(index, (at, header, _))| {
        *at == Instant::from_nanos(5_000_000 + index as u64 * 20_000_000) && header.marker == (index == 0)
    }));
    let mut samples = Vec::new();
    beep.iter().for_each(|(_, _, payload)| Listener::new(Codec::Pcmu).decode(payload, &mut samples));
    assert!(crate::codec::tests::tone_to_rest_db(1000.0, 8000.0, &samples) > 30.0);
    // Then the phone's own packets in order without a gap, back after both ways.
    let echoes = phone.echoes();
    assert!(echoes.len() > 85, "{}", echoes.len());
    assert!(echoes.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let numbers = |index: usize| (phone.heard[index].1.sequence, phone.heard[index].1.timestamp);
    for index in 1..phone.heard.len() {
        assert_eq!(numbers(index).0, numbers(index - 1).0.wrapping_add(1));
    }
    for index in 11..phone.heard.len() {
        assert_eq!(numbers(index).1, numbers(index - 1).1.wrapping_add(160));
    }
    assert!(phone.heard[10].1.marker, "the first packet of the echo begins a talkspurt");
    let first_echo = phone.heard[10].0;
    let gap = u64::from(numbers(10).1.wrapping_sub(numbers(9).1)) / 8;
    let passed = first_echo.saturating_since(phone.heard[9].0).as_millis() as u64;
    assert!(gap.abs_diff(passed) <= 1, "the clock goes on between beep and echo: {gap} ms, {passed} ms");
    assert!(phone.heard.iter().all(|(_, header, _)| header.ssrc != phone.sender.ssrc()));
}

#[test]
fn a_phone_that_sends_the_other_law_is_understood() {
    let mut world = call(3, Service::Echo, PCMU);
    world.phones[0].payload_type = 8;
    world.run(2000);
    let phone = &world.phones[0];
    assert!(phone.heard.len() > 90 && phone.heard.iter().all(|(_, header, _)| header.payload_type == 0));
    assert_eq!(hang_up(&mut world).malformed, 0);
}

#[test]
fn a_bad_line_comes_back_as_it_is() {
    let mut world = call(2, Service::Echo, PCMU);
    world.run(1000);
    world.faults = Faults {
        delay: Duration::from_millis(30),
        spread: Duration::from_millis(45),
        lost_one_in: 20,
        doubled_one_in: 30,
    };
    world.run(60_000);
    let phone = &world.phones[0];
    let echoes = phone.echoes();
    let (sent, back) = (phone.sent.len(), echoes.len());
    // Lost with 1/20 on each way: about nine tenths come back, and what came twice is echoed once (and may double again).
    assert!(back * 100 > sent * 86 && back * 100 < sent * 97, "{back} of {sent}");
    // Overtaken packets carry the numbers of their places: the phone can sort them again.
    let phone_base = phone.sent[echoes[0]].0;
    let echo_at = phone.heard.iter().position(|(_, _, payload)| *payload == phone.sent[echoes[0]].1).unwrap();
    let echo_base = phone.heard[echo_at].1.sequence;
    for (_, header, payload) in &phone.heard[echo_at..] {
        let sequence = phone.sent.iter().find(|(_, sent)| sent == payload).unwrap().0;
        assert_eq!(header.sequence.wrapping_sub(echo_base), sequence.wrapping_sub(phone_base));
    }
    assert!(phone.reception.reordered() > 100, "{}", phone.reception.reordered());
    world.faults = Faults::NONE;
    world.run(1000);
    let sent = world.phones[0].sent.len() as u64;
    let statistics = hang_up(&mut world);
    // What the endpoint counted is what the network did; the last packet may still be flying.
    let arrived = statistics.packets - statistics.duplicates;
    assert!((sent - 1..=sent).contains(&(arrived + statistics.lost)), "{sent} {statistics:?}");
    assert!((100..200).contains(&statistics.lost), "{statistics:?}");
    assert!(statistics.reordered > 100 && statistics.duplicates > 50, "{statistics:?}");
    assert_eq!((statistics.malformed, statistics.foreign), (0, 0));
}

#[test]
fn the_announcement_plays_to_its_end_in_every_format() {
    for codec in Codec::ALL {
        for ptime_ms in [10, 20, 30, 60] {
            let payload_type = codec.payload_type();
            let format =
                StreamFormat { codec, payload_type, telephone_event: None, ptime_ms, bitrate_max: None };
            let mut world = call(3, Service::Announcement, format);
            world.run(10_000);
            let phone = &world.phones[0];
            let ptime_ms = codec.ptime(ptime_ms);
            let frames = 7400u32.div_ceil(u32::from(ptime_ms)) as usize;
            assert_eq!(phone.heard.len(), frames, "{codec:?} {ptime_ms} ms");
            let finished = world.reports.iter().filter(|(_, r)| *r == Report::Finished { port: PORT });
            let at: Vec<_> = finished.map(|(at, _)| at.as_nanos() / 1_000_000).collect();
            assert_eq!(at, [frames as u64 * u64::from(ptime_ms)], "{codec:?} {ptime_ms} ms");
            // The second of the milliwatt tone from 2 s on, as a phone would hear it.
            let (mut listener, mut samples) = (Listener::new(codec), Vec::new());
            phone.heard.iter().for_each(|(_, _, payload)| listener.decode(payload, &mut samples));
            let rate = codec.sample_rate_hz() as usize;
            let tone = &samples[rate * 21 / 10..rate * 26 / 10];
            assert!(crate::codec::tests::tone_to_rest_db(1004.0, rate as f64, tone) > 30.0, "{codec:?}");
            hang_up(&mut world);
        }
    }
}

#[test]
fn the_annunciator_plays_a_file_once_and_a_tone_for_a_while() {
    let number = AudioSource(7);
    let tone = Tone::National { country: Country::Germany, tone: CallTone::Busy };
    let check = |tone: Tone, is_loaded: bool, codec: Codec, expect_ms: u64| {
        let payload_type = codec.payload_type();
        let format =
            StreamFormat { codec, payload_type, telephone_event: None, ptime_ms: 20, bitrate_max: None };
        let mut world = call(9, Service::Annunciator(tone), format);
        if is_loaded {
            // Half a second and a bit of another tone than any.
            let samples = crate::codec::tests::sine(700.0, 16_000.0, 8000.0, 8100);
            let recording = Arc::new(Recording::new(samples));
            let source = Source { recording, play: Play::Continuously };
            world.worker.set_library(Arc::new(Library { sources: [(number, source)].into() }));
        }
        world.run(10_000);
        let finished = world.reports.iter().filter(|(_, r)| *r == Report::Finished { port: PORT });
        let at: Vec<_> = finished.map(|(at, _)| at.as_nanos() / 1_000_000).collect();
        assert_eq!(at, [expect_ms], "{tone:?} {codec:?}");
        assert_eq!(world.phones[0].heard.len() as u64, expect_ms / 20);
        let (mut listener, mut samples) = (Listener::new(codec), Vec::new());
        world.phones[0].heard.iter().for_each(|(_, _, payload)| listener.decode(payload, &mut samples));
        let rate = codec.sample_rate_hz() as usize;
        let hz = if is_loaded { 700.0 } else { 425.0 };
        let share = crate::codec::tests::tone_to_rest_db(hz, rate as f64, &samples[rate / 10..rate * 3 / 10]);
        assert!(is_loaded || tone == Tone::Source(number) || share > 30.0, "{tone:?}: {share:.1} dB");
        assert!(!is_loaded || share > 25.0, "{tone:?}: {share:.1} dB");
        if is_loaded {
            // Of the last packet only what belongs to the end is heard.
            let rest = &samples[samples.len() - rate / 200..];
            assert!(rest.iter().all(|sample| sample.unsigned_abs() < 600), "{rest:?}");
        }
        hang_up(&mut world);
    };
    for codec in [Codec::Pcmu, Codec::G722] {
        check(Tone::Source(number), true, codec, 520);
        check(tone, false, codec, 6000);
    }
    // A file that cannot be played: a tone instead.
    check(Tone::Source(number), false, Codec::Pcma, 6000);
}

#[test]
fn a_packet_time_out_of_range_is_brought_into_it() {
    for (ptime_ms, expect_ms) in [(0, 10), (5, 10), (200, 60)] {
        let mut world = call(3, Service::Announcement, StreamFormat { ptime_ms, ..PCMU });
        world.run(3000);
        let payload = &world.phones[0].heard[1].2;
        assert_eq!(Codec::Pcmu.units_of(payload), Codec::Pcmu.units(expect_ms));
    }
}

#[test]
fn hold_pauses_and_resumption_goes_on() {
    let mut world = call(4, Service::Announcement, PCMU);
    world.run(1000);
    let Command::Connect { port, remote, rtcp, format, receive, send: _ } =
        connect(PORT, world.phones[0].address, PCMU)
    else {
        panic!("no connect")
    };
    let connect = |send| Command::Connect { port, remote, rtcp, format, receive, send };
    world.command(connect(false));
    world.run(5);
    let before = world.phones[0].heard.len();
    world.run(30_000);
    assert_eq!(world.phones[0].heard.len(), before);
    world.command(connect(true));
    world.run(20_000);
    let phone = &world.phones[0];
    assert_eq!(phone.heard.len(), 370);
    assert!(phone.heard[before].1.marker);
    assert_eq!(phone.reception.lost(), 0);
}

#[test]
fn music_of_a_source_is_heard_and_a_tone_where_it_cannot_be() {
    let tone = crate::codec::tests::sine(700.0, 16_000.0, 8000.0, 16_000);
    for (play, codec, bitrate_max) in [
        (Play::Continuously, Codec::Pcmu, None),
        (Play::FromStart, Codec::Pcmu, None),
        (Play::FromStart, Codec::G722, None),
        (Play::Continuously, Codec::Opus, None),
        (Play::Continuously, Codec::Opus, Some(10_000)),
    ] {
        let format = StreamFormat { codec, payload_type: codec.payload_type(), bitrate_max, ..PCMU };
        let mut world = call(14, Service::Sounds, format);
        let source = Source { recording: Arc::new(Recording::new(tone.clone())), play };
        let number = AudioSource(7);
        world.command(Command::Play { port: PORT, tone: Tone::Source(number) });
        let heard = |world: &mut World, ms: u64| {
            world.phones[0].forget();
            world.run(ms);
            let (mut listener, mut samples) = (Listener::new(codec), Vec::new());
            world.phones[0].heard.iter().for_each(|(_, _, payload)| listener.decode(payload, &mut samples));
            let rate = codec.sample_rate_hz() as usize;
            assert_eq!(samples.len() / rate, ms as usize / 1000, "{play:?} {codec:?}");
            crate::codec::tests::tone_to_rest_db(700.0, rate as f64, &samples[rate / 2..rate * 3 / 2])
        };
        // Nothing is loaded yet: two beeps, and nothing else.
        assert!(heard(&mut world, 2000) < 0.0);
        world.worker.set_library(Arc::new(Library { sources: [(number, source)].into() }));
        let measured = heard(&mut world, 2000);
        assert!(measured > 20.0, "{play:?} {codec:?}: {measured:.1} dB");
        if let Some(most) = bitrate_max {
            let bytes: usize = world.phones[0].heard.iter().map(|(_, _, payload)| payload.len()).sum();
            assert!(bytes * 8 / 2 < most as usize * 13 / 10, "{bytes} bytes in two seconds");
        }
        world.worker.set_library(Arc::default());
        assert!(heard(&mut world, 2000) < 0.0);
        hang_up(&mut world);
    }
}

#[test]
fn a_thread_that_was_away_does_not_flood() {
    let mut world = call(5, Service::Announcement, PCMU);
    world.run(1000);
    let before = world.sent;
    world.now += Duration::from_secs(3);
    world.give(Input::Timeout);
    assert!(world.sent - before <= 7, "{}", world.sent - before);
    let (last, next) = {
        world.run(100);
        let heard = &world.phones[0].heard;
        (heard[50].1.timestamp, heard[51].1.timestamp)
    };
    assert!(next.wrapping_sub(last) > 22_000, "the time away passed on the clock");
}

#[test]
fn keys_are_reported_and_not_echoed() {
    let mut world = call(6, Service::Echo, PCMU);
    world.run(1000);
    let (source, remote) = (world.phones[0].address, world.phones[0].remote.unwrap());
    world.phones[0].remote = None;
    world.run(100);
    world.phones[0].forget();
    let mut press = EventSender::new('7', Duration::from_millis(100)).unwrap();
    let timestamp = world.phones[0].sender.next_timestamp();
    while let Some(payload) = press.next_payload(20) {
        let mut bytes = Vec::new();
        let sequence = world.phones[0].sender.next_sequence();
        let ssrc = world.phones[0].sender.ssrc();
        let header = crate::rtp::Header { marker: false, payload_type: 101, sequence, timestamp, ssrc };
        let now = world.now;
        world.phones[0].sender.write(now, header, 160, &mut bytes);
        bytes.extend_from_slice(&payload);
        world.fly(source, remote, bytes);
        world.run(20);
    }
    world.phones[0].remote = Some(remote);
    world.run(1000);
    let digits: Vec<_> = world
        .reports
        .iter()
        .filter_map(|(_, report)| match report {
            Report::Digit { port: PORT, side: Side::A, digit } => Some(*digit),
            _ => None,
        })
        .collect();
    assert_eq!(digits, [Digit { key: '7', duration_ms: 100 }]);
    assert_eq!(world.phones[0].heard.len(), world.phones[0].echoes().len());
    // No gap is left where the key was.
    assert_eq!(world.phones[0].reception.lost(), 0);
}

#[test]
fn a_phone_may_send_another_agreed_codec_than_it_hears() {
    let mut world = call(7, Service::Echo, PCMU);
    let address = world.phones[0].address;
    let Command::Connect { port, remote, rtcp, format, mut receive, send } = connect(PORT, address, PCMU)
    else {
        panic!("no connect")
    };
    receive.g722 = Some(9);
    world.command(Command::Connect { port, remote, rtcp, format, receive, send });
    world.run(300);
    let to = world.phones[0].remote.take().unwrap();
    world.run(100);
    world.phones[0].forget();
    let mut speaker = Speaker::new(Codec::G722);
    let mut tone = crate::codec::tests::sine(1000.0, 16_000.0, 8000.0, 32_000);
    while tone.len() >= 320 {
        let mut bytes = Vec::new();
        let now = world.now;
        world.phones[0].sender.write_next(now, 9, false, 160, &mut bytes);
        speaker.encode(&tone.drain(..320).collect::<Vec<_>>(), &mut bytes);
        world.fly(address, to, bytes);
        world.run(20);
    }
    let (mut listener, mut samples) = (Listener::new(Codec::Pcmu), Vec::new());
    for (_, header, payload) in &world.phones[0].heard {
        assert_eq!((header.payload_type, payload.len()), (0, 160));
        listener.decode(payload, &mut samples);
    }
    assert!(crate::codec::tests::tone_to_rest_db(1000.0, 8000.0, &samples[4000..12_000]) > 30.0);
}

#[test]
fn reports_go_both_ways_and_a_bye_ends_them() {
    let mut world = call(8, Service::Echo, PCMU);
    world.faults.delay = Duration::from_millis(20);
    let (control, remote) = (next_port(world.phones[0].address), next_port(world.phones[0].remote.unwrap()));
    for _ in 0..10 {
        world.run(5000);
        // The phone answers the last sender report at once.
        let phone = &world.phones[0];
        let info = phone.infos.last().copied().unwrap_or_default();
        let ours = phone.heard.last().unwrap().1.ssrc;
        let block = crate::rtp::ReportBlock {
            ssrc: ours,
            cumulative_lost: 12,
            jitter: 34,
            last_sender_report: crate::rtcp::ntp_middle(info.ntp),
            delay_since: 0,
            ..Default::default()
        };
        let _ = block;
        let mut bytes = Vec::new();
        crate::rtcp::write_report(&mut bytes, phone.sender.ssrc(), None, Some(&block), b"phone");
        world.fly(control, remote, bytes);
    }
    world.run(1000);
    let phone = &world.phones[0];
    // 51 s with a mean of 4.1 s between reports.
    assert!((9..=20).contains(&phone.blocks.len()), "{}", phone.blocks.len());
    let last = phone.blocks.last().unwrap();
    assert_eq!((last.ssrc, last.cumulative_lost, last.fraction_lost), (phone.sender.ssrc(), 0, 0));
    let info = phone.infos.last().unwrap();
    assert!(info.packets as usize <= phone.heard.len() && info.bytes == info.packets * 160);
    let statistics = hang_up(&mut world);
    assert_eq!(world.phones[0].goodbyes, 1);
    assert_eq!((statistics.remote_lost, statistics.remote_jitter), (Some(12), Some(34)));
    assert!(statistics.round_trip.is_some());
    assert_eq!(statistics.lost, 0);
}

#[test]
fn rtcp_shares_the_port_when_agreed() {
    let mut world = call(9, Service::Echo, PCMU);
    let Command::Connect { port, remote, format, receive, send, .. } =
        connect(PORT, world.phones[0].address, PCMU)
    else {
        panic!("no connect")
    };
    world.command(Command::Connect { port, remote, rtcp: RtcpWay::Mux, format, receive, send });
    world.run(20_000);
    assert!(world.phones[0].blocks.len() >= 2);
}

#[test]
fn strangers_and_noise_change_nothing() {
    let mut world = call(10, Service::Echo, PCMU);
    let to = world.phones[0].remote.unwrap();
    world.run(1000);
    let stranger = "203.0.113.66:666".parse().unwrap();
    let mut rng = Rng::new(1);
    for _ in 0..500 {
        let mut bytes = vec![0u8; rng.below(200) as usize];
        bytes.iter_mut().for_each(|byte| *byte = rng.next_u64() as u8);
        let good = crate::rtp::Header { marker: false, payload_type: 0, sequence: 1, timestamp: 1, ssrc: 1 };
        if rng.one_in(2) {
            bytes.clear();
            good.write(&mut bytes);
        }
        let (from, to) = if rng.one_in(2) { (stranger, to) } else { (next_port(stranger), next_port(to)) };
        world.fly(from, to, bytes);
        world.run(10);
    }
    let phone = &world.phones[0];
    let echoes = phone.echoes();
    assert!(echoes.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert_eq!(echoes.len() + 10, phone.heard.len());
    let statistics = hang_up(&mut world);
    assert!(statistics.foreign > 100 && statistics.malformed > 100, "{statistics:?}");
    assert_eq!(statistics.peer, Some("192.0.2.5:6000".parse().unwrap()));
}

mod behaviour;
mod draining;
mod forks;
mod keys;
mod passages;
mod relay;
mod secure;
mod sounding;
mod transcoding;
