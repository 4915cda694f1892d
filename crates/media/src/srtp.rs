//! SRTP and SRTCP (RFC 3711, RFC 7714) with keys that signalling carries (RFC 4568).
//!
//! A [`Protection`] is what an endpoint or one side of a relay knows of its peer's keys: nothing, or a
//! [`Protector`] for what goes out and an [`Unprotector`] for what comes in. Packets change in place, and only the first
//! packet of a stream allocates. The cryptography is that of libraries (ADR 0027); what is here is which bytes are
//! fed to it.
//!
//! Not here: rates of key derivation other than zero, several master keys at once, and streams that are
//! authenticated alone; SDES offers that want them are not taken.

mod cipher;
mod context;
mod keys;
mod protection;
mod window;

pub use context::{Protector, StreamState, Unprotector};
pub use keys::{KeyMaterial, KeySource, Mki, SrtpKeys};
pub use protection::Protection;

use std::fmt;

/// A crypto suite: cipher, authentication and their lengths (RFC 4568 §6.2, RFC 7714 §14.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Suite {
    /// `AEAD_AES_256_GCM`
    AeadAes256Gcm,
    /// `AEAD_AES_128_GCM`
    AeadAes128Gcm,
    /// `AES_CM_128_HMAC_SHA1_80`
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`; SRTCP has the tag of 80 bits nevertheless (RFC 4568 §6.2.2).
    AesCm128HmacSha1_32,
}

impl Suite {
    /// All of them in the order in which they are preferred.
    pub const ALL: [Suite; 4] =
        [Suite::AeadAes256Gcm, Suite::AeadAes128Gcm, Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_32];

    /// Its name in `a=crypto`.
    pub const fn name(self) -> &'static str {
        match self {
            Suite::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Suite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The suite with this name. Names are compared without regard to case: some phones write them small.
    pub fn from_name(name: &[u8]) -> Option<Suite> {
        Suite::ALL.into_iter().find(|suite| suite.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// Bytes of its master key.
    pub const fn key_bytes(self) -> usize {
        match self {
            Suite::AeadAes256Gcm => 32,
            Suite::AeadAes128Gcm | Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 16,
        }
    }

    /// Bytes of its master salt.
    pub const fn salt_bytes(self) -> usize {
        match self {
            Suite::AeadAes256Gcm | Suite::AeadAes128Gcm => 12,
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => 14,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a packet was not protected, or is not what the key holder sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// It is shorter than its own header says, or than its suite needs.
    #[error("expected a whole packet")]
    Malformed,
    /// It names another master key.
    #[error("expected the master key identifier that was agreed")]
    OtherKey,
    /// It was made with another key, or changed on its way.
    #[error("expected a packet that the agreed key authenticates")]
    NotAuthentic,
    /// It came, or was sent, before (RFC 3711 §3.3.2).
    #[error("expected a packet that was not there before")]
    Replayed,
    /// The key has served as many packets (RFC 3711 §9.2) or sources as it may.
    #[error("expected a key that has not been used up")]
    Exhausted,
}

#[cfg(test)]
mod tests;
