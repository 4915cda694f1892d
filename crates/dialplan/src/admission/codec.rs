//! Audio codecs, as far as bandwidth is concerned.

/// An audio codec with the rate at which it is spoken here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AudioCodec {
    /// G.711 with the law of North America and Japan.
    G711Ulaw,
    /// G.711 with the law of the rest of the world.
    G711Alaw,
    /// G.722 at 64 kb/s.
    G722,
    /// G.722.1 at 24 kb/s.
    G7221At24,
    /// G.722.1 at 32 kb/s.
    G7221At32,
    /// G.723.1 at 6.3 kb/s.
    G7231,
    /// G.728.
    G728,
    /// G.729 in any of its annexes.
    G729,
    /// GSM full rate.
    Gsm,
    /// iLBC at 15.2 kb/s.
    Ilbc,
    /// Opus. Its rate varies; what is counted is what speech in full band takes.
    Opus,
    /// Another one.
    Other {
        /// As the operator calls it.
        name: Box<str>,
        /// Bit rate of its payload, rounded up, in kb/s.
        kbps: u16,
    },
}

/// How bandwidth is accounted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountingParameters {
    /// What headers add to the payload of codecs other than G.711, G.722 and G.729, in kb/s. Unverified (U-11): 16 by
    /// default, which is 40 bytes every 20 ms.
    pub overhead_kbps: u16,
}

impl AudioCodec {
    /// The codec that RTP calls `name`, in upper or lower case, with this clock and these parameters.
    pub fn named(name: &str, clock_hz: u32, parameters: &str) -> Self {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let of_g7221 = |kbps: &str| is("G7221") && clock_hz == 16_000 && parameters.contains(kbps);
        match () {
            () if is("PCMU") => AudioCodec::G711Ulaw,
            () if is("PCMA") => AudioCodec::G711Alaw,
            () if is("G722") => AudioCodec::G722,
            () if of_g7221("bitrate=24000") => AudioCodec::G7221At24,
            () if of_g7221("bitrate=32000") => AudioCodec::G7221At32,
            () if is("G723") => AudioCodec::G7231,
            () if is("G728") => AudioCodec::G728,
            // Annexes are parameters, but for phones that write them into the name.
            () if is("G729") || is("G729A") || is("G729B") || is("G729AB") => AudioCodec::G729,
            () if is("GSM") => AudioCodec::Gsm,
            () if is("iLBC") => AudioCodec::Ilbc,
            () if is("opus") => AudioCodec::Opus,
            // Samples of 16 bits.
            () if is("L16") => {
                let kbps = u16::try_from(clock_hz.saturating_mul(16) / 1000).unwrap_or(u16::MAX);
                AudioCodec::Other { name: name.into(), kbps }
            }
            () => AudioCodec::Other { name: name.into(), kbps: UNKNOWN_KBPS },
        }
    }

    /// What RTP calls it.
    pub const fn name(&self) -> &str {
        match self {
            AudioCodec::G711Ulaw => "PCMU",
            AudioCodec::G711Alaw => "PCMA",
            AudioCodec::G722 => "G722",
            AudioCodec::G7221At24 | AudioCodec::G7221At32 => "G7221",
            AudioCodec::G7231 => "G723",
            AudioCodec::G728 => "G728",
            AudioCodec::G729 => "G729",
            AudioCodec::Gsm => "GSM",
            AudioCodec::Ilbc => "iLBC",
            AudioCodec::Opus => "opus",
            AudioCodec::Other { name, .. } => name,
        }
    }

    /// Bit rate of the payload in kb/s, rounded up. The greatest rate of a region is compared with it.
    pub const fn payload_kbps(&self) -> u16 {
        match self {
            AudioCodec::G711Ulaw | AudioCodec::G711Alaw | AudioCodec::G722 | AudioCodec::Opus => 64,
            AudioCodec::G7221At24 => 24,
            AudioCodec::G7221At32 => 32,
            AudioCodec::G7231 => 7,
            AudioCodec::G728 | AudioCodec::Ilbc => 16,
            AudioCodec::G729 => 8,
            AudioCodec::Gsm => 13,
            AudioCodec::Other { kbps, .. } => *kbps,
        }
    }

    /// What a call with this codec takes from a location, in kb/s.
    pub const fn accounted_kbps(&self, parameters: AccountingParameters) -> u32 {
        match self {
            AudioCodec::G711Ulaw | AudioCodec::G711Alaw | AudioCodec::G722 => 80,
            AudioCodec::G729 => 24,
            AudioCodec::G7221At24
            | AudioCodec::G7221At32
            | AudioCodec::G7231
            | AudioCodec::G728
            | AudioCodec::Gsm
            | AudioCodec::Ilbc
            | AudioCodec::Opus
            | AudioCodec::Other { .. } => self.payload_kbps() as u32 + parameters.overhead_kbps as u32,
        }
    }
}

/// What is counted for a codec that nobody knows: as much as for G.711.
const UNKNOWN_KBPS: u16 = 64;

impl Default for AccountingParameters {
    fn default() -> Self {
        AccountingParameters { overhead_kbps: 16 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rtp_are_codecs() {
        let check = |name: &str, clock_hz: u32, parameters: &str, expect: AudioCodec| {
            assert_eq!(AudioCodec::named(name, clock_hz, parameters), expect, "{name} {parameters}");
            assert!(name.to_lowercase().starts_with(&expect.name().to_lowercase()), "{name}");
        };
        let other = |name: &str, kbps: u16| AudioCodec::Other { name: name.into(), kbps };
        check("PCMU", 8000, "", AudioCodec::G711Ulaw);
        check("pcma", 8000, "", AudioCodec::G711Alaw);
        check("G722", 8000, "", AudioCodec::G722);
        check("G7221", 16_000, "bitrate=24000", AudioCodec::G7221At24);
        check("G7221", 16_000, "bitrate=32000", AudioCodec::G7221At32);
        check("G7221", 32_000, "bitrate=32000", other("G7221", 64));
        check("G723", 8000, "annexa=no", AudioCodec::G7231);
        check("G728", 8000, "", AudioCodec::G728);
        check("G729", 8000, "annexb=no", AudioCodec::G729);
        check("G729AB", 8000, "", AudioCodec::G729);
        check("GSM", 8000, "", AudioCodec::Gsm);
        check("iLBC", 8000, "mode=20", AudioCodec::Ilbc);
        check("opus", 48_000, "", AudioCodec::Opus);
        check("L16", 16_000, "", other("L16", 256));
        check("L16", u32::MAX, "", other("L16", u16::MAX));
        check("speex", 16_000, "", other("speex", 64));
    }

    #[test]
    fn accounted_is_more_than_payload() {
        let check = |codec: AudioCodec, payload: u16, usual: u32, bare: u32| {
            let none = AccountingParameters { overhead_kbps: 0 };
            let found =
                (codec.payload_kbps(), codec.accounted_kbps(Default::default()), codec.accounted_kbps(none));
            assert_eq!(found, (payload, usual, bare), "{codec:?}");
        };
        check(AudioCodec::G711Ulaw, 64, 80, 80);
        check(AudioCodec::G711Alaw, 64, 80, 80);
        check(AudioCodec::G722, 64, 80, 80);
        check(AudioCodec::G729, 8, 24, 24);
        check(AudioCodec::G7221At24, 24, 40, 24);
        check(AudioCodec::G7221At32, 32, 48, 32);
        check(AudioCodec::G7231, 7, 23, 7);
        check(AudioCodec::G728, 16, 32, 16);
        check(AudioCodec::Ilbc, 16, 32, 16);
        check(AudioCodec::Gsm, 13, 29, 13);
        check(AudioCodec::Opus, 64, 80, 64);
        check(AudioCodec::Other { name: "L16".into(), kbps: u16::MAX }, u16::MAX, 65_551, 65_535);
    }
}
