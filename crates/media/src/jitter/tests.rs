use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::Rng;

use super::*;
use crate::codec::Speaker;
use crate::codec::tests::tone_to_rest_db;
use crate::rtp::{Reception, Timing};
use crate::tone::{Cadence, Player, Repeat, Segment};

const HZ: u16 = 500;
static TONE: Cadence =
    Cadence { segments: &[Segment { hz: [HZ, 0], peak: 8000, duration_ms: 1000 }], repeat: Repeat::Forever };

/// How packets travel, and what the sender does.
#[derive(Clone, Copy)]
struct Way {
    codec: Codec,
    ptime_ms: usize,
    spread_ms: u64,
    lost_one_in: u64,
    drift_ppm: i64,
    seconds: u64,
}

const GOOD: Way =
    Way { codec: Codec::Pcmu, ptime_ms: 20, spread_ms: 0, lost_one_in: 0, drift_ppm: 0, seconds: 20 };

/// What came out.
struct Heard {
    frames: Vec<Option<Vec<i16>>>,
    rate_hz: u32,
    counts: Counts,
    /// Delay of the next sample when the last frame was played, in milliseconds after the fastest packet: a frame less than that
    /// of the sample which was played.
    delay_ms: i64,
}

impl Heard {
    /// Of pieces of 100 ms, the share in which the tone stands 10 dB above all else, in percent; frames of silence count as bad.
    fn good_percent(&self) -> usize {
        let settled = &self.frames[10..];
        let pieces = settled.chunks_exact(5);
        let total = pieces.len();
        let good = pieces.filter(|piece| {
            let samples: Vec<i16> = piece.iter().flatten().flatten().copied().collect();
            piece.iter().all(Option::is_some)
                && tone_to_rest_db(f64::from(HZ), f64::from(self.rate_hz), &samples) > 10.0
        });
        good.count() * 100 / total
    }
}

/// A packet with its number in the stream; what is done to it before it is sent.
type Bend<'a> = &'a dyn Fn(u64, &mut Header) -> bool;

fn listen(way: Way, bend: Bend<'_>) -> Heard {
    let mut rng = Rng::new(7);
    let mut buffer = JitterBuffer::new();
    let mut reception = Reception::default();
    let mut speaker = Speaker::new(way.codec);
    let mut player = Player::new(&TONE);
    let mut flying: BTreeMap<(u64, u64), (Header, Vec<u8>)> = BTreeMap::new();
    let period = way.ptime_ms as u64 * 1_000_000;
    let period = period.saturating_add_signed(period as i64 * way.drift_ppm / 1_000_000);
    for number in 0..way.seconds * 1_000_000_000 / period {
        let rate = way.codec.sample_rate_hz();
        let (mut samples, mut payload) = (Vec::new(), Vec::new());
        player.render(rate, rate as usize * way.ptime_ms / 1000, &mut samples);
        speaker.encode(&samples, &mut payload);
        let timestamp = (number as u32)
            .wrapping_mul(way.ptime_ms as u32 * way.codec.rtp_clock_hz() / 1000)
            .wrapping_sub(5000);
        let sequence = (number as u16).wrapping_sub(100);
        let mut header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 1 };
        let lost = rng.one_in(way.lost_one_in);
        let spread = rng.below(way.spread_ms * 1_000_000);
        if bend(number, &mut header) && !lost {
            flying.insert((number * period + 3_333_333 + spread, number), (header, payload));
        }
    }
    let mut heard = Heard {
        frames: Vec::new(),
        rate_hz: way.codec.sample_rate_hz(),
        counts: Counts::default(),
        delay_ms: 0,
    };
    for tick in 0..way.seconds * 50 {
        let now = Instant::START + Duration::from_millis(tick * 20);
        while let Some(entry) = flying.first_entry().filter(|entry| entry.key().0 <= now.as_nanos()) {
            let at = Instant::from_nanos(entry.key().0);
            let (header, payload) = entry.remove();
            let arrival = reception.receive(at, &header, payload.len(), Timing::Audio(buffer.clock_hz));
            buffer.receive(at, &header, arrival, Some(way.codec), &payload);
        }
        let mut frame = Vec::new();
        match buffer.play(now, 20, &mut frame) {
            Frame::Silence => heard.frames.push(None),
            Frame::Sound { rate_hz } => {
                assert_eq!(frame.len(), rate_hz as usize / 50);
                heard.frames.push(Some(frame));
            }
        }
        if let Some(position) = buffer.position() {
            heard.delay_ms = buffer.delay_of(now, position) * 1000 / i64::from(buffer.clock_hz);
        }
    }
    heard.counts = buffer.counts();
    heard
}

#[test]
fn a_tone_stays_whole_on_every_way() {
    let check = |way: Way, good: usize, delays_ms: std::ops::RangeInclusive<i64>| {
        let heard = listen(way, &|_, _| true);
        let (percent, counts) = (heard.good_percent(), heard.counts);
        let (codec, ptime, spread) = (way.codec, way.ptime_ms, way.spread_ms);
        let what = format!("{codec:?} {ptime} ms, spread {spread} ms, drift {}: {counts:?}", way.drift_ppm);
        assert!(percent >= good, "{percent} % of {what}");
        assert!(delays_ms.contains(&heard.delay_ms), "{} ms: {what}", heard.delay_ms);
        assert!(counts.dropped == 0, "{what}");
    };
    for codec in Codec::ALL {
        for ptime_ms in [10, 20, 30, 60] {
            check(Way { codec, ptime_ms, ..GOOD }, 99, -10..=25);
        }
        // Packets overtake each other.
        check(Way { codec, spread_ms: 50, ..GOOD }, 93, 0..=75);
        check(Way { codec, lost_one_in: 20, ..GOOD }, 80, -10..=25);
        check(Way { codec, lost_one_in: 20, spread_ms: 40, ..GOOD }, 75, 0..=75);
        // 60 ms in half a minute: more than all that is kept.
        for drift_ppm in [-2000, 2000] {
            check(Way { codec, drift_ppm, seconds: 30, ..GOOD }, 97, -10..=36);
        }
    }
    for drift_ppm in [-200, 200] {
        check(Way { drift_ppm, seconds: 180, ..GOOD }, 99, -10..=36);
    }
}

#[test]
fn without_faults_nothing_is_made_up_or_adjusted() {
    let heard = listen(GOOD, &|_, _| true);
    assert_eq!(heard.counts, Counts::default());
    let first = heard.frames.iter().position(Option::is_some).unwrap();
    assert!(first <= 3, "played from frame {first} on");
    assert!(heard.frames[first..].iter().all(Option::is_some));
}

#[test]
fn silence_that_is_not_sent_is_silence_and_not_loss() {
    // A second of speech, a second of nothing: timestamps go on, sequence numbers wait.
    let heard = listen(GOOD, &|number, header| {
        let pause = number / 100;
        header.sequence = (number - 50 * pause) as u16;
        number % 100 < 50
    });
    let silent = heard.frames.iter().filter(|frame| frame.is_none()).count();
    assert!((420..=500).contains(&silent), "{silent} frames");
    // What is made up at the end of each piece fades.
    assert!(heard.counts.concealed_ms <= 10 * 80, "{:?}", heard.counts);
    assert_eq!((heard.counts.late, heard.counts.dropped), (0, 0));
}

#[test]
fn streams_that_jump_go_on() {
    let check = |what: &str, good: usize, bend: Bend<'_>| {
        let heard = listen(GOOD, bend);
        assert!(heard.good_percent() >= good, "{} % of {what}: {:?}", heard.good_percent(), heard.counts);
        assert!(heard.counts.concealed_ms < 200, "{what}: {:?}", heard.counts);
    };
    check("another source", 98, &|number, header| {
        if number >= 500 {
            *header =
                Header { ssrc: 2, sequence: 7 + number as u16, timestamp: number as u32 * 160, ..*header };
        }
        true
    });
    check("another sequence", 98, &|number, header| {
        if number >= 500 {
            header.sequence = header.sequence.wrapping_add(30_000);
        }
        true
    });
    check("another time", 98, &|number, header| {
        if number >= 500 {
            header.timestamp = header.timestamp.wrapping_add(0x4000_0000);
        }
        true
    });
    check("a step back in time", 98, &|number, header| {
        if number >= 500 {
            header.timestamp = header.timestamp.wrapping_sub(80_000);
        }
        true
    });
    // Ten of two hundred pieces are that second.
    check("a lost second", 94, &|number, _| !(500..550).contains(&number));
}

#[test]
fn a_burst_after_a_stall_does_not_stay_as_delay() {
    let mut buffer = JitterBuffer::new();
    let mut reception = Reception::default();
    let mut frame = Vec::new();
    for tick in 0..500u64 {
        let now = Instant::START + Duration::from_millis(tick * 20);
        // From 2 s to 3 s the network holds everything back.
        let numbers = match tick {
            100..150 => 0..0,
            150 => 100..151,
            _ => tick..tick + 1,
        };
        for number in numbers {
            let (sequence, timestamp) = (number as u16, number as u32 * 160);
            let header = Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 1 };
            let arrival = reception.receive(now, &header, 160, Timing::Audio(buffer.clock_hz));
            buffer.receive(now, &header, arrival, Some(Codec::Pcmu), &[0x55; 160]);
        }
        frame.clear();
        buffer.play(now, 20, &mut frame);
    }
    let now = Instant::START + Duration::from_millis(499 * 20);
    let delay_ms = buffer.delay_of(now, buffer.position().unwrap()) / 8;
    assert!(delay_ms < 250, "{delay_ms} ms");
    assert!(buffer.counts().late + buffer.counts().dropped >= 30, "{:?}", buffer.counts());
}

#[test]
fn any_packets_leave_it_within_its_bounds() {
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let mut buffer = JitterBuffer::new();
        let mut reception = Reception::default();
        let mut now = Instant::START;
        for _ in 0..2000 {
            now += Duration::from_millis(rng.below(30));
            let wild = rng.one_in(10);
            let payload = vec![0x12; rng.below(if wild { 2000 } else { 200 }) as usize];
            let header = Header {
                marker: rng.one_in(5),
                payload_type: 0,
                sequence: if wild { rng.next_u64() as u16 } else { rng.below(100) as u16 },
                timestamp: if wild { rng.next_u64() as u32 } else { rng.below(20_000) as u32 },
                ssrc: rng.below(2) as u32,
            };
            let codec = [Some(Codec::Pcmu), Some(Codec::G722), None][rng.below(3) as usize];
            let arrival = reception.receive(now, &header, payload.len(), Timing::Audio(buffer.clock_hz));
            buffer.receive(now, &header, arrival, codec, &payload);
            let mut frame = Vec::new();
            match buffer.play(now, 20, &mut frame) {
                Frame::Silence => assert!(frame.is_empty()),
                Frame::Sound { rate_hz } => assert_eq!(frame.len(), rate_hz as usize / 50),
            }
            assert!(buffer.sound.waiting() <= 16 * 400, "{}", buffer.sound.waiting());
        }
    }
}
