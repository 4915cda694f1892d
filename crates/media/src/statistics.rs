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
    /// Interarrival jitter in RTP timestamp units.
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
    /// The mean opinion score by ITU-T G.107 in hundredths, 100 to 441; for codecs with published figures. `round_trip` is that of this
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
        self.jitter = reception.jitter();
        self.reordered = reception.reordered();
        self.duplicates = reception.duplicates();
        self.late = reception.late();
        let gaps = reception.gaps();
        (self.gaps, self.longest_gap) = (gaps.count, gaps.longest);
        self.payload_type = reception.payload_type();
        self.opinion_score = self
            .payload_type
            .and_then(estimate::Codec::of_payload_type)
            .map(|codec| estimate::opinion_score_hundredths(estimate::rating(codec, self.measured())));
    }

    /// What the E-model wants to know.
    fn measured(&self) -> estimate::Measured {
        let expected = (self.packets.saturating_sub(self.duplicates) + self.lost).max(1);
        // All codecs with an estimate have the 8 kHz clock.
        let jitter = Duration::from_micros(125) * self.jitter;
        estimate::Measured {
            lost: (self.lost + self.late) as f64 / expected as f64,
            burst: self.lost as f64 / self.gaps.max(1) as f64,
            // Half of the round trip, a packet, and a jitter buffer of twice the jitter.
            one_way: self.round_trip.unwrap_or_default() / 2 + PACKET_TIME + jitter * 2,
        }
    }
}

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
