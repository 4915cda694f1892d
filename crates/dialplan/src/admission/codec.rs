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
    /// Bit rate of the payload in kb/s, rounded up. The greatest rate of a region is compared with it.
    pub const fn payload_kbps(&self) -> u16 {
        match self {
            AudioCodec::G711Ulaw | AudioCodec::G711Alaw | AudioCodec::G722 => 64,
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
            | AudioCodec::Other { .. } => self.payload_kbps() as u32 + parameters.overhead_kbps as u32,
        }
    }
}

impl Default for AccountingParameters {
    fn default() -> Self {
        AccountingParameters { overhead_kbps: 16 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        check(AudioCodec::Other { name: "L16".into(), kbps: u16::MAX }, u16::MAX, 65_551, 65_535);
    }
}
