//! A stream of our own: source, sequence numbers, timestamps, and what RTCP tells about it.

use strowger_base::{Instant, Rng};

use super::Header;
use crate::codec::Codec;

/// One RTP stream that we send.
#[derive(Clone, Debug)]
pub struct Sender {
    ssrc: u32,
    next_sequence: u16,
    next_timestamp: u32,
    packets: u64,
    bytes: u64,
    /// The last timestamp with the moment it was sent, to tell RTCP how the two clocks relate.
    last: Option<(u32, Instant)>,
    clock_hz: u32,
}

impl Sender {
    /// A stream with random beginnings (RFC 3550 §5.1).
    pub fn new(rng: &mut Rng) -> Self {
        let (a, b) = (rng.next_u64(), rng.next_u64());
        Sender {
            ssrc: a as u32,
            // The upper half is left out: packets lost at the beginning must not hide that the numbers began anew
            // (RFC 3711 §3.3.1).
            next_sequence: (a >> 32) as u16 >> 1,
            next_timestamp: b as u32,
            packets: 0,
            bytes: 0,
            last: None,
            clock_hz: Codec::Pcmu.rtp_clock_hz(),
        }
    }

    /// Who we are.
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Takes another SSRC: the peer uses ours (RFC 3550 §8.2).
    pub fn change_ssrc(&mut self, rng: &mut Rng) {
        self.ssrc = rng.next_u64() as u32;
    }

    /// The sequence number that follows the highest sent.
    pub const fn next_sequence(&self) -> u16 {
        self.next_sequence
    }

    /// The timestamp that follows the samples sent.
    pub const fn next_timestamp(&self) -> u32 {
        self.next_timestamp
    }

    /// Lets time pass without a packet, so that the next one keeps its place on the clock.
    pub const fn skip(&mut self, timestamp_units: u32) {
        self.next_timestamp = self.next_timestamp.wrapping_add(timestamp_units);
    }

    /// From now on the timestamps count this clock. They go on from where they are.
    pub const fn set_clock(&mut self, clock_hz: u32) {
        self.clock_hz = clock_hz;
    }

    /// Counts the payload of the packet whose header was written last.
    pub const fn carried(&mut self, payload_bytes: usize) {
        self.bytes += payload_bytes as u64;
    }

    /// Appends the header of the next packet, whose payload fills `units` of the RTP clock.
    pub fn write_next(
        &mut self,
        now: Instant,
        payload_type: u8,
        marker: bool,
        units: u32,
        bytes: &mut Vec<u8>,
    ) {
        let (sequence, timestamp) = (self.next_sequence, self.next_timestamp);
        let header = Header { marker, payload_type, sequence, timestamp, ssrc: self.ssrc };
        self.write(now, header, units, bytes);
    }

    /// Appends a header with a sequence number and timestamp of the caller's choice.
    pub fn write(&mut self, now: Instant, header: Header, units: u32, bytes: &mut Vec<u8>) {
        header.write(bytes);
        self.packets += 1;
        let following = header.sequence.wrapping_add(1);
        if (following.wrapping_sub(self.next_sequence) as i16) >= 0 {
            self.next_sequence = following;
            self.next_timestamp = header.timestamp.wrapping_add(units);
            self.last = Some((header.timestamp, now));
        }
    }

    /// Packets sent.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload bytes sent.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The timestamp that a sample taken now would have; `None` before the first packet.
    pub fn timestamp_at(&self, now: Instant) -> Option<u32> {
        let (timestamp, at) = self.last?;
        let units = now.saturating_since(at).as_nanos() * u128::from(self.clock_hz) / 1_000_000_000;
        Some(timestamp.wrapping_add(units as u32))
    }
}
