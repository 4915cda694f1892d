//! What an object is known by for good.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// The identity of an object: it stays when everything else about the object changes, its name included.
///
/// 128 bits, written like a UUID in lower case (RFC 9562 §4), as CUCM writes a `pkid`. It carries no meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Never zero, as the version of a UUID is in it: `Option<Id>` takes no more room than an id.
    high: NonZeroU64,
    low: u64,
}

/// A text that is no id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected an id of 32 hexadecimal digits, written like 0e6bb5a0-6f0c-4b3e-9a53-4b7a7a5c7b10")]
pub struct NoId;

impl Id {
    /// An id of 128 random bits; the version and variant of a random UUID are set in it (RFC 9562 §5.4).
    pub const fn from_random(bits: u128) -> Self {
        let version = bits & !(0xf << 76) | 0x4 << 76;
        Id::from_bits(version & !(0b11 << 62) | 0b10 << 62)
    }

    /// Its first 64 bits. Hardly ever have two objects the same; who goes by them has to look at the whole id as well.
    pub(crate) const fn half(self) -> u64 {
        self.high.get()
    }

    /// The least id with these first 64 bits.
    pub(crate) const fn least_of_half(half: u64) -> Id {
        Id::from_bits((half as u128) << 64)
    }

    pub(crate) const LEAST: Id = Id::from_bits(0);

    /// Its 16 bytes, the most significant first.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.bits().to_be_bytes()
    }

    /// The id of these 16 bytes. No id begins with eight bytes of zero: in place of one that would, the least is returned.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Id::from_bits(u128::from_be_bytes(bytes))
    }

    const fn bits(self) -> u128 {
        (self.high.get() as u128) << 64 | self.low as u128
    }

    #[expect(clippy::cast_possible_truncation, reason = "each half of the bits")]
    const fn from_bits(bits: u128) -> Self {
        match NonZeroU64::new((bits >> 64) as u64) {
            Some(high) => Id { high, low: bits as u64 },
            None => Id { high: NonZeroU64::MIN, low: 0 },
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bits();
        let part = |shift: u32, digits: u32| bits >> shift & ((1 << (4 * digits)) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(96, 8),
            part(80, 4),
            part(64, 4),
            part(48, 4),
            part(0, 12)
        )
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        let bytes = text.as_bytes();
        let dashes = [8, 13, 18, 23];
        if bytes.len() != 36 || dashes.iter().any(|at| bytes.get(*at) != Some(&b'-')) {
            return Err(NoId);
        }
        let mut bits = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if dashes.contains(&at) {
                continue;
            }
            let digit = char::from(*byte).to_digit(16).ok_or(NoId)?;
            bits = bits << 4 | u128::from(digit);
        }
        let id = Id::from_bits(bits);
        if id.bits() == bits { Ok(id) } else { Err(NoId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = Id::from_random(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(id.to_string(), "01234567-89ab-4def-8123-456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(Id::from_bytes(id.to_bytes()), id);
        assert_eq!(size_of::<Option<Id>>(), 16);
    }

    #[test]
    fn what_is_no_id() {
        for text in [
            "",
            "01234567-89ab-4def-8123-456789abcde",
            "01234567-89ab-4def-8123-456789abcdefa",
            "0123456789ab-4def-8123-456789abcdefaa-",
            "01234567-89ab-4def-8123-456789abcdeg",
            "{1234567-89ab-4def-8123-456789abcdef",
            "01234567-89ab-4def-8123-45678-abcdef",
            "00000000-0000-0000-8123-456789abcdef",
        ] {
            assert_eq!(text.parse::<Id>(), Err(NoId), "{text}");
        }
    }
}
