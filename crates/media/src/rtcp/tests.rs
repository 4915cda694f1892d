use std::time::Duration;

use strowger_base::{Rng, WallTime};

use super::*;

/// SR of 0x01020304 with one block about 0x0a0b0c0d, then SDES with CNAME `ab`, then BYE: written by hand from
/// RFC 3550 §6.4.1, §6.5 and §6.6.
const BY_HAND: &[u8] = &[
    0x81, 200, 0, 12, // header
    1, 2, 3, 4, // sender
    0xe9, 0, 0, 1, 0x80, 0, 0, 0, // NTP
    0, 0, 0x10, 0, // timestamp
    0, 0, 0, 50, // packets
    0, 0, 0x1f, 0x40, // bytes
    10, 11, 12, 13, // about
    25, 0xff, 0xff, 0xfe, // fraction, lost: -2
    0, 1, 0, 9, // highest
    0, 0, 0, 7, // jitter
    0, 1, 0x80, 0, // last SR
    0, 0, 0x80, 0, // delay
    0x81, 202, 0, 3, 1, 2, 3, 4, 1, 2, b'a', b'b', 0, 0, 0, 0, // SDES
    0x81, 203, 0, 1, 1, 2, 3, 4, // BYE
];

fn info() -> SenderInfo {
    SenderInfo { ntp: 0xe900_0001_8000_0000, timestamp: 0x1000, packets: 50, bytes: 8000 }
}

fn block() -> ReportBlock {
    ReportBlock {
        ssrc: 0x0a0b_0c0d,
        fraction_lost: 25,
        cumulative_lost: -2,
        highest_sequence: 0x1_0009,
        jitter: 7,
        last_sender_report: 0x1_8000,
        delay_since: 0x8000,
    }
}

#[test]
fn a_report_is_written_as_by_hand() {
    let mut bytes = Vec::new();
    write_report(&mut bytes, 0x0102_0304, Some(&info()), Some(&block()), b"ab");
    write_bye(&mut bytes, 0x0102_0304);
    assert_eq!(bytes, BY_HAND);
}

#[test]
fn a_report_reads_back() {
    let packets: Vec<_> = Compound::parse(BY_HAND).unwrap().packets().collect();
    let [Packet::SenderReport { ssrc, info: found, reports }, Packet::SourceDescription(_), Packet::Bye(bye)] =
        packets[..]
    else {
        panic!("{packets:?}")
    };
    assert_eq!((ssrc, found), (0x0102_0304, info()));
    assert_eq!(reports.blocks().collect::<Vec<_>>(), [block()]);
    assert_eq!(bye, [1, 2, 3, 4]);

    let mut bytes = Vec::new();
    write_report(&mut bytes, 5, None, None, b"");
    let packets: Vec<_> = Compound::parse(&bytes).unwrap().packets().collect();
    assert!(
        matches!(packets[0], Packet::ReceiverReport { ssrc: 5, reports } if reports.blocks().count() == 0)
    );
}

#[test]
fn what_is_no_compound_is_refused() {
    let check = |bytes: &[u8], expect: &str| {
        assert_eq!(Compound::parse(bytes).unwrap_err().to_string(), expect, "{bytes:02x?}");
    };
    check(&[], "RTCP packet: expected a sender or receiver report first at byte 1");
    check(
        &[0x81, 203, 0, 1, 1, 2, 3, 4],
        "RTCP packet: expected a sender or receiver report first at byte 1",
    );
    check(&[0x80, 201, 0], "RTCP packet: expected a header of 4 bytes at byte 0");
    check(&[0x00, 201, 0, 1, 0, 0, 0, 0], "RTCP packet: expected version 2 at byte 0");
    check(&[0x80, 201, 0, 2, 0, 0, 0, 0], "RTCP packet: expected a length within the datagram at byte 2");
    check(
        &[0x81, 201, 0, 1, 0, 0, 0, 0],
        "RTCP packet: expected room for all that the header counts at byte 2",
    );
    check(&BY_HAND[..BY_HAND.len() - 1], "RTCP packet: expected a length within the datagram at byte 70");
    let many = [0x80, 201, 0, 1, 0, 0, 0, 0].repeat(PACKETS_MAX + 1);
    check(&many, "RTCP packet: expected fewer packets at byte 264");
}

#[test]
fn no_bytes_panic() {
    let mut rng = Rng::new(3);
    let mut accepted = 0;
    for _ in 0..100_000 {
        let mut bytes = BY_HAND.to_vec();
        for _ in 0..rng.below(4) {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.next_u64() as u8;
        }
        bytes.truncate(rng.below(bytes.len() as u64 + 20) as usize);
        if let Ok(compound) = Compound::parse(&bytes) {
            accepted += 1;
            let blocks: usize = compound
                .packets()
                .map(|packet| match packet {
                    Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } => {
                        reports.blocks().count()
                    }
                    Packet::SourceDescription(_) | Packet::Bye(_) | Packet::Other(_) => 0,
                })
                .sum();
            assert!(blocks <= 31 * PACKETS_MAX);
        }
    }
    assert!(accepted > 5000, "{accepted}");
}

#[test]
fn ntp_time_counts_from_1900() {
    // The example of RFC 868: 2,208,988,800 is the beginning of 1970.
    assert_eq!(ntp(WallTime::from_micros(0)) >> 32, 2_208_988_800);
    let half = ntp(WallTime::from_micros(1_500_000));
    assert_eq!(half, 2_208_988_801 << 32 | 1 << 31);
    assert_eq!(ntp_middle(half), (2_208_988_801u64 << 16) as u32 | 0x8000);
}

#[test]
fn intervals_are_spread_as_the_rfc_wants() {
    let mut rng = Rng::new(9);
    let mut check = |phase, minimum_s: f64| {
        let intervals: Vec<f64> =
            (0..10_000).map(|_| report_interval(phase, &mut rng).as_secs_f64()).collect();
        let (low, high) = (0.5 * minimum_s / 1.21828, 1.5 * minimum_s / 1.21828);
        assert!(intervals.iter().all(|interval| (low - 0.001..high + 0.001).contains(interval)));
        let mean = intervals.iter().sum::<f64>() / intervals.len() as f64;
        assert!((mean - minimum_s / 1.21828).abs() < 0.05 * minimum_s, "{mean}");
        assert!(Duration::from_secs_f64(intervals.iter().copied().fold(0.0, f64::max)).as_millis() > 2900);
    };
    check(Phase::Initial, 2.5);
    check(Phase::Steady, 5.0);
}
