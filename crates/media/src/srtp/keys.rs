//! Master keys, and where new ones come from.

use std::fmt;

use aes::Aes256;
use ctr::cipher::{KeyIvInit, StreamCipher};
use strowger_base::Secret;

use super::Suite;

/// A master key with its salt for one direction. It is shown by its suite alone.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyMaterial {
    suite: Suite,
    bytes: Secret<[u8; MATERIAL_MAX]>,
    mki: Option<Mki>,
}

/// A master key identifier: how packets name the key they are protected with (RFC 3711 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mki {
    bytes: [u8; Mki::BYTES_MAX],
    length: u8,
}

/// The keys of one side of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SrtpKeys {
    /// What we protect with: the key that we described.
    pub send: KeyMaterial,
    /// What the peer protects with: the key that it described.
    pub receive: KeyMaterial,
}

impl KeyMaterial {
    /// Key and salt, one behind the other as SDES has them (RFC 4568 §6.1). `None` unless it is as long as the suite wants.
    pub fn new(suite: Suite, key_and_salt: &[u8], mki: Option<Mki>) -> Option<KeyMaterial> {
        if key_and_salt.len() != suite.key_bytes() + suite.salt_bytes() {
            return None;
        }
        let mut bytes = [0; MATERIAL_MAX];
        bytes.get_mut(..key_and_salt.len())?.copy_from_slice(key_and_salt);
        Some(KeyMaterial { suite, bytes: Secret::new(bytes), mki })
    }

    /// Its suite.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// Its identifier, when packets carry one.
    pub const fn mki(&self) -> Option<Mki> {
        self.mki
    }

    /// Its identifier as packets carry it, or nothing.
    pub(super) fn mki_bytes(&self) -> &[u8] {
        self.mki.as_ref().map_or(&[], Mki::as_bytes)
    }

    /// Key and salt, for the line of a description or the derivation of session keys.
    pub(crate) fn expose(&self) -> &[u8] {
        let length = self.suite.key_bytes() + self.suite.salt_bytes();
        self.bytes.expose().get(..length).unwrap_or_default()
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyMaterial({} ***)", self.suite)
    }
}

impl Mki {
    /// The longest identifier that SDES can name (RFC 4568 §6.1).
    pub const BYTES_MAX: usize = 128;

    /// The number `value` in `length` bytes. `None` when it does not fit, or when the length is none that may be.
    pub fn new(value: u64, length: usize) -> Option<Mki> {
        let value = value.to_be_bytes();
        let mut bytes = [0; Mki::BYTES_MAX];
        let taken = length.min(value.len());
        let (zeros, rest) = value.split_at(value.len() - taken);
        if length == 0 || length > Mki::BYTES_MAX || zeros.iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.get_mut(length - taken..length)?.copy_from_slice(rest);
        Some(Mki { bytes, length: length as u8 })
    }

    /// As it stands in packets.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// Makes master keys out of a seed that only the operating system knew.
///
/// It is a key stream of AES-256 that forgets its own key with each use, so that nobody who later learns the state learns
/// the keys of calls that are over.
#[derive(Clone)]
pub struct KeySource {
    key: [u8; 32],
}

impl KeySource {
    /// A source; `seed` comes from the operating system's generator, or in a simulation from the run's seed.
    pub const fn new(seed: Secret<[u8; 32]>) -> Self {
        KeySource { key: *seed.expose() }
    }

    /// A new master key.
    pub fn next_key(&mut self, suite: Suite) -> KeyMaterial {
        let mut bytes = self.next_bytes::<MATERIAL_MAX>();
        for unused in bytes.iter_mut().skip(suite.key_bytes() + suite.salt_bytes()) {
            *unused = 0;
        }
        KeyMaterial { suite, bytes: Secret::new(bytes), mki: None }
    }

    /// Another source, which gives other keys.
    pub fn fork(&mut self) -> KeySource {
        KeySource { key: self.next_bytes() }
    }

    fn next_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut stream = ctr::Ctr64BE::<Aes256>::new(&self.key.into(), &[0; 16].into());
        let (mut key, mut bytes) = ([0; 32], [0; N]);
        stream.apply_keystream(&mut key);
        stream.apply_keystream(&mut bytes);
        self.key = key;
        bytes
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource(***)")
    }
}

/// Key and salt of the suite with the longest.
const MATERIAL_MAX: usize = 44;
