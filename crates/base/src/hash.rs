//! Hash maps keyed from the node's seed: no operating system randomness, no flooding by chosen keys.

use std::hash::{BuildHasher, Hash, Hasher};

/// A hash map whose hasher is keyed by a [`HashSeed`]. Nothing may depend on its order.
#[expect(clippy::disallowed_types, reason = "this is the one place that wraps it")]
pub type HashMap<K, V> = std::collections::HashMap<K, V, HashSeed>;

/// The key of the node's hash maps. `HashMap::with_hasher(seed)` makes a map.
#[derive(Clone, Copy, Debug)]
pub struct HashSeed(u64, u64);

impl HashSeed {
    /// Draws a key from the node's generator.
    pub fn new(rng: &mut crate::Rng) -> Self {
        HashSeed(rng.next_u64(), rng.next_u64() | 1)
    }
}

/// Gives memory of a past burst back; to be called after removing, it costs nothing on average.
pub fn give_back<K: Eq + Hash, V>(map: &mut HashMap<K, V>) {
    const KEEP: usize = 1024;
    if map.capacity() > KEEP && map.len() < map.capacity() / 8 {
        map.shrink_to((map.len() * 2).max(KEEP));
    }
}

impl BuildHasher for HashSeed {
    type Hasher = KeyedHasher;
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher { state: self.0, key: self.1 }
    }
}

/// A multiply-fold hash, keyed by a secret: fast on the short keys of signalling (tags, branches, numbers).
#[derive(Clone, Copy, Debug)]
pub struct KeyedHasher {
    state: u64,
    key: u64,
}

impl KeyedHasher {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.key ^ 0x9e37_79b9_7f4a_7c15);
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(29);
    }
}

impl Hasher for KeyedHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let mut last = [0u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(u64::from(value));
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * u128::from(self.key);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

/// SipHash-2-4: a keyed function whose output an outsider cannot predict. Signs digest nonces.
///
/// Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
pub fn siphash24(key: (u64, u64), bytes: &[u8]) -> u64 {
    let mut v = [
        key.0 ^ 0x736f_6d65_7073_6575,
        key.1 ^ 0x646f_7261_6e64_6f6d,
        key.0 ^ 0x6c79_6765_6e65_7261,
        key.1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let m = u64::from_le_bytes(*word);
        v[3] ^= m;
        sip_round(&mut v);
        sip_round(&mut v);
        v[0] ^= m;
    }
    let mut last = [0u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = bytes.len() as u8;
    let m = u64::from_le_bytes(last);
    v[3] ^= m;
    sip_round(&mut v);
    sip_round(&mut v);
    v[0] ^= m;
    v[2] ^= 0xff;
    for _ in 0..4 {
        sip_round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siphash_matches_the_published_vector() {
        // The authors' reference vector: key 00..0f, input 00..0e.
        let key = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let input: Vec<u8> = (0..15).collect();
        assert_eq!(siphash24(key, &input), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn a_map_gives_back_what_a_burst_needed() {
        let mut map = HashMap::with_hasher(HashSeed::new(&mut crate::Rng::new(3)));
        map.extend((0..100_000u64).map(|i| (i, i)));
        let peak = map.capacity();
        for i in 10..100_000u64 {
            map.remove(&i);
            give_back(&mut map);
        }
        assert!(map.capacity() < peak / 20, "{} of {peak}", map.capacity());
        assert!((0..10u64).all(|i| map.get(&i) == Some(&i)));
    }

    #[test]
    fn a_map_finds_its_keys_again() {
        let mut map = HashMap::with_hasher(HashSeed::new(&mut crate::Rng::new(3)));
        for i in 0..10_000u64 {
            map.insert(format!("z9hG4bK{i}"), i);
        }
        assert!((0..10_000u64).all(|i| map.get(&format!("z9hG4bK{i}")) == Some(&i)));
    }
}
