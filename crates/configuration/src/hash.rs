//! Fingerprints of objects and of whole states.

use std::fmt;
use std::ops::{Add, Sub};

use sha2::{Digest, Sha256};

use crate::id::Id;

/// The fingerprint of one object: SHA-256 of its kind, id and value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectHash([u8; 32]);

/// The fingerprint of everything that is configured.
///
/// The sum of the fingerprints of all objects, modulo 2^256: it does not depend on their order, and a change of one
/// object costs one addition, however many there are. It finds what a disk or a bug has altered; it is no
/// signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct StateHash([u64; 4]);

impl ObjectHash {
    /// The fingerprint of a value, written as it stands in the log.
    pub fn of(kind: &str, id: Id, value: &str) -> Self {
        let mut sha = Sha256::new();
        // No kind has a line feed in its name, and an id has a fixed length: no two objects read the same.
        sha.update(kind.as_bytes());
        sha.update(b"\n");
        sha.update(id.to_bytes());
        sha.update(value.as_bytes());
        ObjectHash(sha.finalize().into())
    }

    /// Its 32 bytes.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// The fingerprint of these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        ObjectHash(bytes)
    }

    fn words(self) -> [u64; 4] {
        StateHash::from_bytes(self.0).0
    }
}

impl StateHash {
    /// Its 32 bytes, the most significant first.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// The fingerprint of these 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        StateHash(words)
    }
}

impl Add<ObjectHash> for StateHash {
    type Output = StateHash;

    fn add(self, object: ObjectHash) -> StateHash {
        let mut words = self.0;
        let mut carry = false;
        for (word, other) in words.iter_mut().zip(object.words()).rev() {
            let (sum, over) = word.overflowing_add(other);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *word = sum;
            carry = over || over_again;
        }
        StateHash(words)
    }
}

impl Sub<ObjectHash> for StateHash {
    type Output = StateHash;

    fn sub(self, object: ObjectHash) -> StateHash {
        let mut words = self.0;
        let mut borrow = false;
        for (word, other) in words.iter_mut().zip(object.words()).rev() {
            let (rest, under) = word.overflowing_sub(other);
            let (rest, under_again) = rest.overflowing_sub(u64::from(borrow));
            *word = rest;
            borrow = under || under_again;
        }
        StateHash(words)
    }
}

/// The first 12 hexadecimal digits are enough to tell states apart by eye; `{:#}` writes all 64.
impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal(&self.to_bytes(), f)
    }
}

impl fmt::Display for ObjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal(&self.0, f)
    }
}

impl fmt::Debug for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for ObjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hexadecimal(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let shown = if f.alternate() { bytes.len() } else { 6 };
    bytes.iter().take(shown).try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u128, value: &str) -> ObjectHash {
        ObjectHash::of("line", Id::from_random(number), value)
    }

    #[test]
    fn order_does_not_matter_and_what_was_added_can_be_taken_away() {
        let (one, two, three) = (object(1, "a"), object(2, "b"), object(3, "c"));
        let all = StateHash::default() + one + two + three;
        assert_eq!(all, StateHash::default() + three + one + two);
        assert_eq!(all - one - three - two, StateHash::default());
        assert_eq!(StateHash::from_bytes(all.to_bytes()), all);
        assert_ne!(all, StateHash::default() + one + two);
    }

    #[test]
    fn carries_run_through_all_words() {
        let most = ObjectHash::from_bytes([0xff; 32]);
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(StateHash::default() + most + ObjectHash::from_bytes(one), StateHash::default());
        assert_eq!(StateHash::default() - ObjectHash::from_bytes(one), StateHash::from_bytes([0xff; 32]));
    }

    #[test]
    fn kind_id_and_value_all_count() {
        let expect = object(1, "a");
        for other in [object(2, "a"), object(1, "b"), ObjectHash::of("phone", Id::from_random(1), "a")] {
            assert_ne!(expect, other);
        }
    }
}
