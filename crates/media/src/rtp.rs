//! RTP packets (RFC 3550 §5.1) and what is counted of them.

mod event;
mod gaps;
mod reception;
mod sender;

pub use event::{EVENT_CLOCK_HZ, EventReceiver, EventSender};
pub use gaps::Gaps;
pub(crate) use reception::COMFORT_NOISE;
pub use reception::{Arrival, Reception, ReportBlock, Timing};
pub use sender::Sender;

/// One RTP packet, borrowed from the datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet<'a> {
    /// The fixed header.
    pub header: Header,
    /// Contributing sources, four bytes each.
    pub csrc: &'a [u8],
    /// The header extension.
    pub extension: Option<Extension<'a>>,
    /// The payload without padding.
    pub payload: &'a [u8],
}

/// The fields of the fixed header that vary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The marker bit: the first packet after silence for audio (RFC 3551 §4.1).
    pub marker: bool,
    /// 0-127.
    pub payload_type: u8,
    /// Rises by one with each packet.
    pub sequence: u16,
    /// When the first sample of the payload was taken, on the clock of the payload type.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
}

/// A header extension (RFC 3550 §5.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extension<'a> {
    /// Defined by the profile; 0xBEDE for RFC 8285.
    pub profile: u16,
    /// A multiple of four bytes.
    pub data: &'a [u8],
}

/// Why bytes are not what they should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{section}: expected {expected} at byte {offset}")]
pub struct WireError {
    /// Which part of which packet.
    pub section: &'static str,
    /// Where in the datagram.
    pub offset: usize,
    /// What should be there.
    pub expected: &'static str,
}

impl<'a> Packet<'a> {
    /// Takes a datagram apart, with the checks of RFC 3550 §A.1 that need no state.
    ///
    /// # Errors
    /// When it is not version 2, or shorter than its header says.
    pub fn parse(bytes: &'a [u8]) -> Result<Packet<'a>, WireError> {
        let bad = |offset, expected| WireError { section: "RTP packet", offset, expected };
        let (fixed, rest) =
            bytes.split_first_chunk::<HEADER_BYTES>().ok_or(bad(bytes.len(), "a header of 12 bytes"))?;
        let header = Header::of(fixed).ok_or(bad(0, "version 2"))?;
        let csrc_bytes = usize::from(fixed[0] & 0x0f) * 4;
        let (csrc, mut rest) = rest
            .split_at_checked(csrc_bytes)
            .ok_or(bad(HEADER_BYTES, "as many CSRC as the header counts"))?;
        let mut offset = HEADER_BYTES + csrc_bytes;
        let mut extension = None;
        if fixed[0] & EXTENSION_BIT != 0 {
            let (head, after) = rest.split_first_chunk::<4>().ok_or(bad(offset, "a header extension"))?;
            let length = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
            let (data, after) =
                after.split_at_checked(length).ok_or(bad(offset + 4, "the whole header extension"))?;
            extension = Some(Extension { profile: u16::from_be_bytes([head[0], head[1]]), data });
            offset += 4 + length;
            rest = after;
        }
        if fixed[0] & PADDING_BIT != 0 {
            // The last byte counts the padding, itself included.
            let padding = usize::from(*rest.last().ok_or(bad(offset, "padding"))?);
            let length = rest.len().checked_sub(padding).filter(|_| padding > 0);
            let length = length.ok_or(bad(bytes.len() - 1, "a padding count within the packet"))?;
            rest = rest.get(..length).unwrap_or_default();
        }
        Ok(Packet { header, csrc, extension, payload: rest })
    }

    /// Appends the packet; padding is not written again.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        self.header.write(bytes);
        if let Some(first) = bytes.get_mut(start) {
            *first |= (self.csrc.len() / 4) as u8 & 0x0f;
            *first |= if self.extension.is_some() { EXTENSION_BIT } else { 0 };
        }
        bytes.extend_from_slice(self.csrc);
        if let Some(extension) = &self.extension {
            bytes.extend_from_slice(&extension.profile.to_be_bytes());
            bytes.extend_from_slice(&((extension.data.len() / 4) as u16).to_be_bytes());
            bytes.extend_from_slice(extension.data);
        }
        bytes.extend_from_slice(self.payload);
    }
}

impl Header {
    /// Reads the header of a datagram and looks no further; `None` when it is no RTP of version 2.
    pub fn peek(bytes: &[u8]) -> Option<Header> {
        bytes.first_chunk::<HEADER_BYTES>().and_then(Header::of)
    }

    const fn of(bytes: &[u8; HEADER_BYTES]) -> Option<Header> {
        if bytes[0] >> 6 != VERSION {
            return None;
        }
        Some(Header {
            marker: bytes[1] & MARKER_BIT != 0,
            payload_type: bytes[1] & !MARKER_BIT,
            sequence: u16::from_be_bytes([bytes[2], bytes[3]]),
            timestamp: u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
            ssrc: u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
        })
    }

    /// Appends the header of a packet without CSRC, extension and padding.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let marker = if self.marker { MARKER_BIT } else { 0 };
        bytes.extend_from_slice(&[VERSION << 6, marker | (self.payload_type & !MARKER_BIT)]);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
    }
}

/// Bytes of the header with contributing sources and extension: what SRTP leaves readable (RFC 3711 §3.1). `None` when the
/// datagram is shorter, or no RTP.
pub(crate) fn clear_bytes(bytes: &[u8]) -> Option<usize> {
    let first = *bytes.first().filter(|&&first| first >> 6 == VERSION)?;
    let mut length = HEADER_BYTES + usize::from(first & 0x0f) * 4;
    if first & EXTENSION_BIT != 0 {
        let [_, _, high, low] = *bytes.get(length..)?.first_chunk::<4>()?;
        length += 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
    }
    (length <= bytes.len()).then_some(length)
}

/// True when a datagram on an RTP port with RTCP is RTCP (RFC 5761 §4: packet types 192-223).
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes, [first, 192..=223, ..] if first >> 6 == VERSION)
}

/// Bytes of the fixed header.
pub const HEADER_BYTES: usize = 12;
pub(crate) const VERSION: u8 = 2;
const PADDING_BIT: u8 = 0x20;
const EXTENSION_BIT: u8 = 0x10;
const MARKER_BIT: u8 = 0x80;

#[cfg(test)]
mod tests;
