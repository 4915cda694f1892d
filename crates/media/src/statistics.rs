//! What was received on a stream, as RTCP counts it (RFC 3550 §6.4), and what people would think of it.

pub mod estimate;

use std::net::SocketAddr;
use std::time::Duration;

use crate::rtp::Reception;

/// Reception of one RTP stream, and what its sender reported of ours.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct StreamStatistics {
    /// Packets received.
    pub packets: u64,
    /// Payload bytes received.
    pub bytes: u64,
    /// Packets that never came. RTCP's own count is lower when others came twice (RFC 3550 §6.4.1).
    pub lost: u64,
    /// Interarrival jitter in eighths of a millisecond, which are the RTP timestamp units of most codecs.
    pub jitter: u32,
    /// What the other side last reported to have lost of ours.
    pub remote_lost: Option<u32>,
    /// What the other side last reported as jitter of ours, in RTP timestamp units.
    pub remote_jitter: Option<u32>,
    /// Round trip time, when RTCP told (RFC 3550 §6.4.1).
    pub round_trip: Option<Duration>,
    /// Packets that were not RTP version 2, or of a payload type that was not agreed.
    pub malformed: u64,
    /// Packets from an address other than the peer's; dropped.
    pub foreign: u64,
    /// Packets that came after one with a higher sequence number.
    pub reordered: u64,
    /// Packets that came too late for a jitter buffer of 60 ms.
    pub late: u64,
    /// Losses, each of one packet or several in a row.
    pub gaps: u64,
    /// Packets of the longest of them.
    pub longest_gap: u32,
    /// Payload type of the last audio packet.
    pub payload_type: Option<u8>,
    /// The mean opinion score by ITU-T G.107 in hundredths, 100 to 441, on the scale of narrowband telephony. `round_trip` is that of this
    /// side alone, so that the way behind us is not in it.
    pub opinion_score: Option<u16>,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets sent towards this side.
    pub sent: u64,
    /// Packets for this side that the system did not take.
    pub unsent: u64,
    /// Why not, the last time: the system's number of the error.
    pub unsent_error: Option<u16>,
    /// Payload bytes sent towards this side.
    pub sent_bytes: u64,
    /// Where its packets really come from, once known.
    pub peer: Option<SocketAddr>,
}

impl StreamStatistics {
    /// Fills in what was received; `round_trip` must be there.
    pub(crate) fn take_reception(&mut self, reception: &Reception) {
        self.packets = reception.packets();
        self.bytes = reception.bytes();
        self.lost = reception.lost();
        let clock_hz = reception.clock_hz().unwrap_or(EIGHTHS_HZ);
        self.jitter = (u64::from(reception.jitter()) * u64::from(EIGHTHS_HZ) / u64::from(clock_hz)) as u32;
        self.reordered = reception.reordered();
        self.duplicates = reception.duplicates();
        self.late = reception.late();
        let gaps = reception.gaps();
        (self.gaps, self.longest_gap) = (gaps.count, gaps.longest);
        self.payload_type = reception.payload_type();
        self.opinion_score = self
            .payload_type
            .and_then(|payload_type| estimate::Codec::of(payload_type, clock_hz))
            .map(|codec| estimate::opinion_score_hundredths(estimate::rating(codec, self.measured())));
    }

    /// What the E-model wants to know.
    fn measured(&self) -> estimate::Measured {
        let expected = (self.packets.saturating_sub(self.duplicates) + self.lost).max(1);
        let jitter = Duration::from_secs(1) / EIGHTHS_HZ * self.jitter;
        estimate::Measured {
            lost: (self.lost + self.late) as f64 / expected as f64,
            burst: self.lost as f64 / self.gaps.max(1) as f64,
            // Half of the round trip, a packet, and a jitter buffer of twice the jitter.
            one_way: self.round_trip.unwrap_or_default() / 2 + PACKET_TIME + jitter * 2,
        }
    }
}

/// What jitter counts in.
const EIGHTHS_HZ: u32 = 8000;
/// What most phones put into a packet.
const PACKET_TIME: Duration = Duration::from_millis(20);

/// Packets that the system did not take.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Unsent {
    pub(crate) packets: u64,
    /// Why the last was not taken.
    pub(crate) error: Option<u16>,
}

impl Unsent {
    /// One more.
    pub(crate) const fn add(&mut self, error: u16) {
        self.packets += 1;
        self.error = Some(error);
    }
}

/// What a port carried.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PortStatistics {
    /// From side A and to it, or from the endpoint's peer and to it.
    pub a: StreamStatistics,
    /// From side B of a relay and to it.
    pub b: Option<StreamStatistics>,
}

#[cfg(test)]
mod tests {
    use strowger_base::Instant;

    use super::*;
    use crate::rtp::{Header, Timing};

    #[test]
    fn jitter_and_score_do_not_depend_on_the_clock_of_the_codec() {
        let measured = |payload_type: u8, clock_hz: u32| {
            let mut reception = Reception::default();
            for packet in 0..200u32 {
                let wobble = if packet % 2 == 0 { 0 } else { 6 };
                let now = Instant::START + Duration::from_millis(u64::from(packet * 20 + wobble));
                let timestamp = packet * (clock_hz / 50);
                let header =
                    Header { marker: false, payload_type, sequence: packet as u16, timestamp, ssrc: 1 };
                reception.receive(now, &header, 160, Timing::Audio(clock_hz));
            }
            let mut statistics = StreamStatistics::default();
            statistics.take_reception(&reception);
            (statistics.jitter, statistics.opinion_score)
        };
        let (jitter, score) = measured(0, 8000);
        assert!((45..=48).contains(&jitter), "{jitter}");
        assert_eq!(score, Some(441));
        assert_eq!(measured(9, 8000), (jitter, score));
        let (opus, opus_score) = measured(111, 48_000);
        assert!(opus.abs_diff(jitter) <= 1, "{opus}");
        assert_eq!(opus_score, score);
    }
}
