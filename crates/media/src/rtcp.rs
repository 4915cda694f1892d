//! RTCP: reports about streams (RFC 3550 §6).

mod build;
mod interval;
mod reporter;

pub use build::{SenderInfo, write_bye, write_report};
pub use interval::{Phase, report_interval};
pub(crate) use reporter::{Report, Reporter};

use strowger_base::WallTime;

use crate::rtp::{ReportBlock, VERSION, WireError};

/// A compound packet whose lengths have been checked (RFC 3550 §A.2).
#[derive(Clone, Copy, Debug)]
pub struct Compound<'a> {
    bytes: &'a [u8],
}

/// One packet of a compound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// SR: what the peer sent and heard.
    SenderReport {
        /// The peer.
        ssrc: u32,
        /// What it sent.
        info: SenderInfo,
        /// What it heard.
        reports: Reports<'a>,
    },
    /// RR: what the peer heard.
    ReceiverReport {
        /// The peer.
        ssrc: u32,
        /// What it heard.
        reports: Reports<'a>,
    },
    /// SDES, chunks as on the wire.
    SourceDescription(&'a [u8]),
    /// BYE: these sources leave, four bytes each.
    Bye(&'a [u8]),
    /// APP, XR, feedback and whatever else: the packet type.
    Other(u8),
}

/// Report blocks of one packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reports<'a>(&'a [u8]);

impl<'a> Compound<'a> {
    /// Checks a datagram: version 2 throughout, an SR or RR first, lengths that add up, no more than
    /// [`PACKETS_MAX`] packets.
    ///
    /// # Errors
    /// When one of these is not so.
    pub fn parse(bytes: &'a [u8]) -> Result<Compound<'a>, WireError> {
        let bad = |offset, expected| WireError { section: "RTCP packet", offset, expected };
        match bytes.get(1) {
            Some(&(SENDER_REPORT | RECEIVER_REPORT)) => {}
            Some(_) | None => return Err(bad(1, "a sender or receiver report first")),
        }
        let mut offset = 0;
        let mut packets = 0;
        while offset < bytes.len() {
            let rest = bytes.get(offset..).unwrap_or_default();
            let head = rest.first_chunk::<4>().ok_or(bad(offset, "a header of 4 bytes"))?;
            if head[0] >> 6 != VERSION {
                return Err(bad(offset, "version 2"));
            }
            let length = 4 + usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
            let body = rest.get(4..length).ok_or(bad(offset + 2, "a length within the datagram"))?;
            if body.len() < least_body(head) {
                return Err(bad(offset + 2, "room for all that the header counts"));
            }
            offset += length;
            packets += 1;
            if packets > PACKETS_MAX {
                return Err(bad(offset, "fewer packets"));
            }
        }
        Ok(Compound { bytes })
    }

    /// The packets in order.
    pub fn packets(self) -> impl Iterator<Item = Packet<'a>> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let (head, after) = rest.split_first_chunk::<4>()?;
            let length = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
            let (body, after) = after.split_at_checked(length)?;
            rest = after;
            Packet::of(head, body)
        })
    }
}

impl<'a> Packet<'a> {
    fn of(head: &[u8; 4], body: &'a [u8]) -> Option<Packet<'a>> {
        let count = usize::from(head[0] & COUNT_MASK);
        Some(match head[1] {
            SENDER_REPORT => {
                let (fixed, rest) = body.split_first_chunk::<24>()?;
                Packet::SenderReport {
                    ssrc: word(fixed, 0),
                    info: SenderInfo {
                        ntp: u64::from(word(fixed, 4)) << 32 | u64::from(word(fixed, 8)),
                        timestamp: word(fixed, 12),
                        packets: word(fixed, 16),
                        bytes: word(fixed, 20),
                    },
                    reports: Reports(rest.get(..count * BLOCK_BYTES)?),
                }
            }
            RECEIVER_REPORT => {
                let (fixed, rest) = body.split_first_chunk::<4>()?;
                Packet::ReceiverReport {
                    ssrc: word(fixed, 0),
                    reports: Reports(rest.get(..count * BLOCK_BYTES)?),
                }
            }
            SOURCE_DESCRIPTION => Packet::SourceDescription(body),
            BYE => Packet::Bye(body.get(..count * 4)?),
            other => Packet::Other(other),
        })
    }
}

impl Reports<'_> {
    /// The blocks in order.
    pub fn blocks(self) -> impl Iterator<Item = ReportBlock> {
        let (blocks, _) = self.0.as_chunks::<BLOCK_BYTES>();
        blocks.iter().map(|block| ReportBlock {
            ssrc: word(block, 0),
            fraction_lost: block[4],
            // 24 bits with sign: shifted up and down again to spread the sign.
            cumulative_lost: (word(block, 4) << 8).cast_signed() >> 8,
            highest_sequence: word(block, 8),
            jitter: word(block, 12),
            last_sender_report: word(block, 16),
            delay_since: word(block, 20),
        })
    }
}

/// NTP time: seconds since 1900 in the upper half, fractions in the lower (RFC 3550 §4).
pub fn ntp(wall: WallTime) -> u64 {
    let micros = wall.as_micros();
    let seconds = (micros / 1_000_000).wrapping_add(NTP_TO_UNIX_SECONDS);
    let fraction = ((micros % 1_000_000) << 32) / 1_000_000;
    seconds << 32 | fraction
}

/// The middle 32 bits of an NTP time, as reports carry it.
pub const fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Bytes that the body must have at least for what the header counts.
fn least_body(head: &[u8; 4]) -> usize {
    let count = usize::from(head[0] & COUNT_MASK);
    match head[1] {
        SENDER_REPORT => 24 + count * BLOCK_BYTES,
        RECEIVER_REPORT => 4 + count * BLOCK_BYTES,
        BYE => count * 4,
        _ => 0,
    }
}

/// The 32 bits at `offset`; 0 beyond the end.
fn word(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |chunk| u32::from_be_bytes(*chunk))
}

/// Packets of one datagram that are looked at.
pub const PACKETS_MAX: usize = 32;
pub(crate) const SENDER_REPORT: u8 = 200;
pub(crate) const RECEIVER_REPORT: u8 = 201;
pub(crate) const SOURCE_DESCRIPTION: u8 = 202;
pub(crate) const BYE: u8 = 203;
const COUNT_MASK: u8 = 0x1f;
const BLOCK_BYTES: usize = 24;
/// From 1900 to 1970.
const NTP_TO_UNIX_SECONDS: u64 = 2_208_988_800;

#[cfg(test)]
mod tests;
