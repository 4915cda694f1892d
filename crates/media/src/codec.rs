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

impl Codec {
    /// All of them, in the order in which they are offered: the best sound first.
    pub const ALL: [Codec; 3] = [Codec::G722, Codec::Pcma, Codec::Pcmu];

    /// RTP clock in Hz. It is 8000 for G.722 too, by an error that RFC 3551 §4.5.2 keeps for compatibility.
    pub const RTP_CLOCK_HZ: u32 = 8000;

    /// The encoding name of `a=rtpmap` (RFC 3551 table 4).
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
        }
    }

    /// The static payload type (RFC 3551 table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
        }
    }

    /// The codec that an `a=rtpmap` names; the case does not matter (RFC 8866 §6.6).
    pub fn from_rtpmap(name: &str, clock_hz: u32) -> Option<Codec> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name) && clock_hz == Codec::RTP_CLOCK_HZ)
    }

    /// The codec of a static payload type, where no `a=rtpmap` says otherwise.
    pub fn from_static(payload_type: u8) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    /// Samples of sound in a second.
    pub const fn sample_rate_hz(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => 8000,
            Codec::G722 => 16_000,
        }
    }

    /// Payload bytes for one millisecond: 64 kbit/s for all three.
    pub const BYTES_PER_MS: usize = 8;
}
