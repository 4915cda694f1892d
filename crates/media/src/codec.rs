//! The audio codecs that endpoints of our own can speak.

/// A codec by what RFC 3551 calls it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz, payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz, payload type 8.
    Pcma,
    /// G.722, 16 kHz audio on an 8 kHz RTP clock, payload type 9.
    G722,
}
