//! What was received on a stream, as RTCP counts it (RFC 3550 §6.4).

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
    /// Packets that came late, after one with a higher sequence number.
    pub reordered: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets sent towards this side.
    pub sent: u64,
    /// Payload bytes sent towards this side.
    pub sent_bytes: u64,
    /// Where its packets really come from, once known.
    pub peer: Option<SocketAddr>,
}

impl StreamStatistics {
    /// Fills in what was received.
    pub(crate) fn take_reception(&mut self, reception: &Reception) {
        self.packets = reception.packets();
        self.bytes = reception.bytes();
        self.lost = reception.lost();
        self.jitter = reception.jitter();
        self.reordered = reception.reordered();
        self.duplicates = reception.duplicates();
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
