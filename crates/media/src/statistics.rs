//! What was received on a stream, as RTCP counts it (RFC 3550 §6.4).

/// Reception of one RTP stream.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct StreamStatistics {
    /// Packets received.
    pub packets: u64,
    /// Payload bytes received.
    pub bytes: u64,
    /// Packets lost: expected minus received, never below zero here.
    pub lost: u64,
    /// Interarrival jitter in RTP timestamp units.
    pub jitter: u32,
    /// What the other side last reported to have lost of ours.
    pub remote_lost: Option<u32>,
    /// Packets that were not RTP version 2.
    pub malformed: u64,
}
