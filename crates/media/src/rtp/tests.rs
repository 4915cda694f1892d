use std::time::Duration;

use strowger_base::leg::Digit;
use strowger_base::{Instant, Rng};

use super::*;

fn ms(milliseconds: u64) -> Instant {
    Instant::from_nanos(milliseconds * 1_000_000)
}

fn header(sequence: u16, timestamp: u32) -> Header {
    Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 0xdead_beef }
}

/// CSRC, profile of the extension, payload.
type Parts<'a> = (&'a [u8], Option<u16>, &'a [u8]);

#[test]
fn packets_are_taken_apart() {
    let check = |bytes: &[u8], expect: Result<Parts<'_>, &str>| {
        let found = Packet::parse(bytes);
        match (found, expect) {
            (Ok(packet), Ok((csrc, profile, payload))) => {
                assert_eq!(packet.csrc, csrc);
                assert_eq!(packet.extension.map(|extension| extension.profile), profile);
                assert_eq!(packet.payload, payload);
                assert_eq!((packet.header.sequence, packet.header.timestamp), (0x0102, 0x0304_0506));
                assert_eq!(packet.header.ssrc, 0x0708_090a);
            }
            (Err(error), Err(expect)) => assert_eq!(error.to_string(), expect),
            (found, expect) => panic!("{bytes:02x?}: {found:?}, expected {expect:?}"),
        }
    };
    let packet = |first: u8, rest: &[u8]| {
        let mut bytes = vec![first, 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        bytes.extend_from_slice(rest);
        bytes
    };
    check(&packet(0x80, b"sound"), Ok((b"", None, b"sound")));
    check(&packet(0x80, b""), Ok((b"", None, b"")));
    check(&packet(0x82, b"csr1csr2sound"), Ok((b"csr1csr2", None, b"sound")));
    check(&packet(0x90, b"\xbe\xde\0\x01dataS"), Ok((b"", Some(0xbede), b"S")));
    check(&packet(0x91, b"csr1\xbe\xde\0\0S"), Ok((b"csr1", Some(0xbede), b"S")));
    check(&packet(0xa0, b"sound\0\0\x03"), Ok((b"", None, b"sound")));
    check(&packet(0xa0, b"\x01"), Ok((b"", None, b"")));

    check(&[0x80; 11], Err("RTP packet: expected a header of 12 bytes at byte 11"));
    check(&packet(0x40, b""), Err("RTP packet: expected version 2 at byte 0"));
    check(
        &packet(0x83, b"csr1csr2"),
        Err("RTP packet: expected as many CSRC as the header counts at byte 12"),
    );
    check(&packet(0x90, b"\xbe\xde\0"), Err("RTP packet: expected a header extension at byte 12"));
    check(
        &packet(0x90, b"\xbe\xde\0\x02data"),
        Err("RTP packet: expected the whole header extension at byte 16"),
    );
    check(&packet(0xa0, b""), Err("RTP packet: expected padding at byte 12"));
    check(&packet(0xa0, b"ab\0"), Err("RTP packet: expected a padding count within the packet at byte 14"));
    check(&packet(0xa0, b"ab\x04"), Err("RTP packet: expected a padding count within the packet at byte 14"));
}

#[test]
fn what_parses_prints_and_parses_again() {
    let mut rng = Rng::new(11);
    let mut parsed = 0;
    for _ in 0..100_000 {
        let length = rng.below(80) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|_| rng.next_u64() as u8).collect();
        if let Some(first) = bytes.first_mut() {
            *first = 0x80 | (*first & if rng.one_in(2) { 0x3f } else { 0x01 });
        }
        let Ok(packet) = Packet::parse(&bytes) else { continue };
        let mut printed = Vec::new();
        packet.write(&mut printed);
        assert_eq!(Packet::parse(&printed), Ok(packet));
        parsed += 1;
    }
    assert!(parsed > 30_000, "{parsed}");
}

#[test]
fn rtcp_is_told_apart_on_one_port() {
    let check = |bytes: &[u8], expect: bool| assert_eq!(is_rtcp(bytes), expect, "{bytes:02x?}");
    check(&[0x80, 200], true);
    check(&[0x81, 201], true);
    check(&[0x80, 0], false);
    // Payload type 72 with the marker bit looks like 200, which is why nobody may use 64 to 95 (RFC 5761 §4).
    check(&[0x80, 0x80 | 101], false);
    check(&[0x00, 200], false);
    check(&[0x80], false);
    check(&[], false);
}

/// Sequence numbers as they come, with `packets lost reordered duplicates`.
#[test]
fn losses_are_counted_as_by_hand() {
    let check = |sequences: &[u16], expect: [u64; 4]| {
        let mut reception = Reception::default();
        for &sequence in sequences {
            reception.receive(ms(0), &header(sequence, 0), 160, Timing::Unusable);
        }
        let found = [reception.packets(), reception.lost(), reception.reordered(), reception.duplicates()];
        assert_eq!(found, expect, "{sequences:?}");
    };
    check(&[], [0, 0, 0, 0]);
    check(&[5, 6, 7], [3, 0, 0, 0]);
    check(&[5, 7, 8, 10], [4, 2, 0, 0]);
    check(&[5, 7, 6, 8], [4, 0, 1, 0]);
    check(&[5, 5, 6, 6, 8], [5, 1, 0, 2]);
    check(&[65_534, 65_535, 0, 1], [4, 0, 0, 0]);
    check(&[65_535, 1, 0, 3], [4, 1, 1, 0]);
    // A packet that overtook the first one.
    check(&[0, 65_535, 1], [3, 0, 1, 0]);
    // One stray number is not counted; two in a row are a new beginning (RFC 3550 §A.1).
    check(&[5, 6, 30_000, 7, 8], [4, 0, 0, 0]);
    check(&[5, 7, 30_000, 30_001, 30_003], [4, 2, 0, 0]);
}

/// Sequence numbers as they come, with how many losses there were and how long the longest was.
#[test]
fn losses_in_a_row_are_one_gap() {
    let check = |sequences: &[u16], expect: (u64, u32)| {
        let mut reception = Reception::default();
        for &sequence in sequences {
            reception.receive(ms(0), &header(sequence, 0), 160, Timing::Unusable);
        }
        let gaps = reception.gaps();
        assert_eq!((gaps.count, gaps.longest), expect, "{sequences:?}");
    };
    let but = |lost: &[u16]| -> Vec<u16> { (0..500).filter(|sequence| !lost.contains(sequence)).collect() };
    check(&[], (0, 0));
    check(&[5, 6, 7], (0, 0));
    check(&but(&[]), (0, 0));
    check(&but(&[3]), (1, 1));
    check(&but(&[3, 4, 5, 90, 499]), (2, 3));
    check(&but(&[3, 4, 5, 90, 92, 497, 498]), (4, 3));
    // What is late was not lost, and more may be lost than is remembered of packets.
    check(&[5, 8, 6, 9], (1, 1));
    check(&[5, 400, 401], (1, 394));
    check(&[65_530, 4], (1, 9));
    // Another sequence does not go on with the gap of the one before.
    check(&[5, 7, 30_000, 30_001, 30_003], (2, 1));
}

/// Delays of packets in ms, each repeated so often, and how many came too late to be played.
#[test]
fn packets_are_late_that_a_jitter_buffer_does_not_wait_for() {
    let check = |delays: &[(u64, u64)], expect: u64| {
        let mut reception = Reception::default();
        let delays = delays.iter().flat_map(|&(delay, times)| (0..times).map(move |_| delay));
        for (index, delay) in delays.enumerate() {
            let at = ms(index as u64 * 20 + delay);
            reception.receive(at, &header(index as u16, index as u32 * 160), 160, Timing::Audio(8000));
        }
        assert_eq!(reception.late(), expect, "{expect}");
    };
    check(&[(10, 100)], 0);
    check(&[(10, 100), (60, 100)], 0);
    check(&[(10, 100), (200, 3), (10, 100), (80, 2)], 5);
    // A longer way is not late for ever.
    check(&[(10, 100), (200, 500), (10, 10), (200, 1)], 11);
}

#[test]
fn a_clock_that_drifts_loses_nothing() {
    let check = |parts_per_million: i64| {
        let mut reception = Reception::default();
        // An hour.
        for index in 0..180_000u32 {
            let micros = i64::from(index) * 20_000 * (1_000_000 + parts_per_million) / 1_000_000;
            let at = Instant::from_nanos(micros as u64 * 1000);
            reception.receive(at, &header(index as u16, index.wrapping_mul(160)), 160, Timing::Audio(8000));
        }
        let found = (reception.lost(), reception.late(), reception.jitter(), reception.gaps().count);
        assert_eq!(found, (0, 0, 0, 0), "{parts_per_million} ppm");
    };
    [-500, -50, 0, 50, 500].into_iter().for_each(check);
}

#[test]
fn another_source_adds_to_the_sums() {
    let mut reception = Reception::default();
    for (ssrc, sequence) in [(1, 10), (1, 12), (2, 500), (2, 501), (1, 900)] {
        let header = Header { ssrc, ..header(sequence, 0) };
        reception.receive(ms(0), &header, 160, Timing::Unusable);
    }
    assert_eq!((reception.packets(), reception.lost(), reception.bytes()), (5, 1, 800));
    assert_eq!(reception.ssrc(), Some(1));
}

#[test]
fn duplicates_hide_losses_from_rtcp_only() {
    let mut reception = Reception::default();
    for sequence in [5, 5, 6, 6, 8] {
        reception.receive(ms(0), &header(sequence, 0), 160, Timing::Unusable);
    }
    // RFC 3550 §6.4.1: five received and four expected, so one less than none was lost.
    assert_eq!(reception.report().unwrap().cumulative_lost, -1);
    assert_eq!(reception.lost(), 1);
}

#[test]
fn jitter_is_that_of_the_rfc() {
    // 20 ms packets on the 8 kHz clock. Arrival in ms; then J times 16 by hand, after RFC 3550 §A.8.
    let arrivals = [(0, 0), (20, 0), (45, 40), (60, 77), (80, 72), (100, 67), (160, 383)];
    let mut reception = Reception::default();
    for (index, (arrival, expect)) in arrivals.into_iter().enumerate() {
        let header = header(index as u16, index as u32 * 160);
        reception.receive(ms(arrival), &header, 160, Timing::Audio(8000));
        assert_eq!(reception.jitter(), expect >> 4, "packet {index}");
    }
    // Events repeat one timestamp and must not count.
    reception.receive(ms(500), &header(7, 960), 4, Timing::Unusable);
    assert_eq!(reception.jitter(), 383 >> 4);
    // A clock that jumps must not count either.
    reception.receive(ms(180), &header(8, 4_000_000_000), 160, Timing::Audio(8000));
    assert_eq!(reception.jitter(), 383 >> 4);
}

#[test]
fn reports_cover_what_came_since_the_last() {
    let mut reception = Reception::default();
    let feed = |reception: &mut Reception, range: std::ops::Range<u16>, lost: &[u16]| {
        for sequence in range.filter(|sequence| !lost.contains(sequence)) {
            reception.receive(ms(0), &header(sequence, 0), 160, Timing::Unusable);
        }
    };
    assert_eq!(reception.report(), None);
    feed(&mut reception, 65_530..65_535, &[]);
    feed(&mut reception, 65_535..65_535, &[]);
    let first = reception.report().unwrap();
    assert_eq!((first.fraction_lost, first.cumulative_lost, first.highest_sequence), (0, 0, 65_534));
    // 65,535 lost and 2 of the next ten: 3 of 11 expected, which is 69/256.
    feed(&mut reception, 0..10, &[3, 4]);
    let second = reception.report().unwrap();
    assert_eq!((second.fraction_lost, second.cumulative_lost), (69, 3));
    assert_eq!(second.highest_sequence, 0x1_0009);
    // Nothing lost in the last interval; the sum stays.
    feed(&mut reception, 10..20, &[]);
    let third = reception.report().unwrap();
    assert_eq!((third.fraction_lost, third.cumulative_lost), (0, 3));
    assert_eq!(reception.report().unwrap().fraction_lost, 0);
}

fn event_header(ssrc: u32, timestamp: u32) -> Header {
    Header { marker: false, payload_type: 101, sequence: 0, timestamp, ssrc }
}

#[test]
fn a_pressed_key_is_reported_once() {
    /// Timestamp, event, end, duration in units.
    type Packet = (u32, u8, bool, u16);
    /// Packets at 20 ms steps, and the digits that come out.
    fn check(packets: &[Packet], expect: &[(char, u16)]) {
        let packets: Vec<_> = packets.iter().map(|&packet| (1, packet)).collect();
        check_sources(&packets, expect);
    }
    /// The same with who sends each.
    fn check_sources(packets: &[(u32, Packet)], expect: &[(char, u16)]) {
        let mut events = EventReceiver::default();
        let mut found = Vec::new();
        for (index, &(ssrc, (timestamp, event, end, duration))) in packets.iter().enumerate() {
            let header = event_header(ssrc, timestamp);
            let [high, low] = duration.to_be_bytes();
            let payload = [event, if end { 0x8a } else { 0x0a }, high, low];
            found.extend(events.receive(ms(index as u64 * 20), 8000, &header, &payload));
        }
        found.extend(events.expire(ms(packets.len() as u64 * 20 + 1000)));
        let expect: Vec<_> = expect.iter().map(|&(key, duration_ms)| Digit { key, duration_ms }).collect();
        assert_eq!(found, expect, "{packets:?}");
    }
    let press = |timestamp, event| {
        [(timestamp, event, false, 160), (timestamp, event, false, 320), (timestamp, event, false, 480)]
    };
    let release = |timestamp, event| [(timestamp, event, true, 800); 3];
    check(&[press(0, 5), release(0, 5)].concat(), &[('5', 100)]);
    // Another source, whose timestamps lie before those of the first: nothing of it is older.
    let pressed = |ssrc, timestamp, event| {
        let packets = [press(timestamp, event), release(timestamp, event)].concat();
        packets.into_iter().map(move |packet| (ssrc, packet)).collect::<Vec<_>>()
    };
    check_sources(
        &[pressed(1, 9000, 5), pressed(2, 160, 6), pressed(2, 4000, 7)].concat(),
        &[('5', 100), ('6', 100), ('7', 100)],
    );
    // The same timestamp of another source is another press.
    check_sources(&[pressed(1, 160, 5), pressed(2, 160, 5)].concat(), &[('5', 100), ('5', 100)]);
    // A key is held for longer than one segment can say; the end of the first is not its end (RFC 4733 §2.5.1.3).
    let long = u32::from(u16::MAX);
    check(
        &[(0, 5, false, 65_000), (0, 5, false, u16::MAX), (long, 5, false, 160), (long, 5, true, 8000)],
        &[('5', 9191)],
    );
    // The last packets of the segment were lost.
    check(&[(0, 5, false, 65_000), (long, 5, false, 160), (long, 5, true, 8000)], &[('5', 9191)]);
    // Two presses of the same key.
    check(
        &[press(0, 5), release(0, 5), press(9000, 5), release(9000, 5)].concat(),
        &[('5', 100), ('5', 100)],
    );
    check(
        &[press(0, 10), release(0, 10), press(9000, 11), release(9000, 11)].concat(),
        &[('*', 100), ('#', 100)],
    );
    // All but one of the packets lost: any one is enough.
    check(&[(0, 15, false, 480)], &[('D', 60)]);
    check(&[(0, 1, true, 800)], &[('1', 100)]);
    // The release was lost and the next key came; the late packets of the first change nothing.
    check(
        &[&press(0, 1)[..], &press(9000, 2), &release(0, 1), &release(9000, 2)].concat(),
        &[('1', 60), ('2', 100)],
    );
    check(&[&press(0, 1)[..], &release(9000, 2)].concat(), &[('1', 60), ('2', 100)]);
    // Out of order within the press.
    check(&[(0, 3, false, 480), (0, 3, false, 160), (0, 3, true, 800)], &[('3', 100)]);
    // Flash (16) and tones above are no keys.
    check(&[(0, 16, true, 800)], &[]);
    let mut events = EventReceiver::default();
    assert_eq!(events.receive(ms(0), 8000, &event_header(1, 0), &[5, 0x80, 0]), None);
    // On the clock of Opus the same press counts six times as much.
    let heard = events.receive(ms(20), 48_000, &event_header(1, 960), &[5, 0x80, 0x12, 0xc0]);
    assert_eq!(heard, Some(Digit { key: '5', duration_ms: 100 }));
}

#[test]
fn a_sent_key_is_the_key_that_is_heard() {
    for key in "0123456789*#ABCD".chars() {
        let mut sender = EventSender::new(key, Duration::from_millis(100)).unwrap();
        let mut events = EventReceiver::default();
        let mut packets = 0;
        let mut heard = Vec::new();
        while let Some(payload) = sender.next_payload(20) {
            heard.extend(events.receive(ms(packets * 20), 8000, &event_header(1, 77), &payload));
            packets += 1;
        }
        // Four while it is held, the end three times (RFC 4733 §2.5.1.4).
        assert_eq!(packets, 7);
        assert_eq!(heard, [Digit { key, duration_ms: 100 }]);
    }
    assert!(EventSender::new('x', Duration::from_millis(100)).is_none());
}

#[test]
fn a_sender_keeps_numbers_and_clock() {
    let mut sender = Sender::new(&mut Rng::new(5));
    let (first, timestamp) = (sender.next_sequence(), sender.next_timestamp());
    let mut bytes = Vec::new();
    sender.write_next(ms(0), 0, true, 160, &mut bytes);
    sender.carried(160);
    sender.skip(160);
    sender.write_next(ms(40), 0, false, 160, &mut bytes);
    sender.carried(160);
    let second = Header::peek(&bytes[12..]).unwrap();
    assert_eq!(second.sequence, first.wrapping_add(1));
    assert_eq!(second.timestamp, timestamp.wrapping_add(320));
    assert_eq!((sender.packets(), sender.bytes()), (2, 320));
    assert_eq!(sender.timestamp_at(ms(45)), Some(timestamp.wrapping_add(360)));
}
