//! The arithmetic of RFC 7616 §3.4.

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::io::DigestAlgorithm;

/// A digest in lower-case hex.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hex {
    digits: [u8; 64],
    len: usize,
}

impl Hex {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        crate::header::text(self.as_bytes())
    }

    /// Compares without telling by the time taken how much is right.
    pub(super) fn matches(&self, given: &str) -> bool {
        given.len() == self.len
            && given.bytes().zip(self.as_bytes()).fold(0, |sum, (a, b)| sum | (a.to_ascii_lowercase() ^ b))
                == 0
    }
}

/// What a response is computed of, besides HA1 and HA2.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) nonce: &'a str,
    /// Nonce count, cnonce and qop; `None` for clients of RFC 2069.
    pub(super) protection: Option<(&'a str, &'a str, &'a str)>,
}

/// HA2 of RFC 7616 §3.4.3.
pub(super) fn ha2(algorithm: DigestAlgorithm, method: &str, uri: &str) -> Hex {
    hex_digest(algorithm, &[method.as_bytes(), b":", uri.as_bytes()])
}

/// The response of RFC 7616 §3.4.1.
pub(super) fn response(algorithm: DigestAlgorithm, ha1: &[u8], ha2: &Hex, proof: &Proof<'_>) -> Hex {
    let (nonce, ha2) = (proof.nonce.as_bytes(), ha2.as_bytes());
    match proof.protection {
        Some((nc, cnonce, qop)) => {
            let (nc, cnonce, qop) = (nc.as_bytes(), cnonce.as_bytes(), qop.as_bytes());
            hex_digest(algorithm, &[ha1, b":", nonce, b":", nc, b":", cnonce, b":", qop, b":", ha2])
        }
        None => hex_digest(algorithm, &[ha1, b":", nonce, b":", ha2]),
    }
}

/// HA1 of RFC 7616 §3.4.2 with MD5.
pub fn ha1_md5(username: &str, realm: &str, password: &str) -> [u8; 16] {
    hash::<Md5>(&secret(username, realm, password)).into()
}

/// HA1 of RFC 7616 §3.4.2 with SHA-256.
pub fn ha1_sha256(username: &str, realm: &str, password: &str) -> [u8; 32] {
    hash::<Sha256>(&secret(username, realm, password)).into()
}

pub(super) fn ha1(algorithm: DigestAlgorithm, username: &str, realm: &str, password: &str) -> Hex {
    hex_digest(algorithm, &secret(username, realm, password))
}

/// A1 of RFC 7616 §3.4.2.
fn secret<'p>(username: &'p str, realm: &'p str, password: &'p str) -> [&'p [u8]; 5] {
    [username.as_bytes(), b":", realm.as_bytes(), b":", password.as_bytes()]
}

/// A digest of `N` bytes from its hexadecimal digits in either case; `None` when it is none.
pub fn digest_of_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pairs = <&[[u8; 2]; N]>::try_from(pairs).ok().filter(|_| rest.is_empty())?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut digest = [0; N];
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(digest)
}

/// The hex digest of the parts one after the other.
fn hex_digest(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Hex {
    // Joined first, so that the hash takes whole blocks.
    let mut space = [0; 384];
    match join(&mut space, parts) {
        Some(joined) => hashed(algorithm, &[joined]),
        None => hashed(algorithm, parts),
    }
}

fn join<'s>(space: &'s mut [u8], parts: &[&[u8]]) -> Option<&'s [u8]> {
    let mut len = 0;
    for part in parts {
        space.get_mut(len..len + part.len())?.copy_from_slice(part);
        len += part.len();
    }
    space.get(..len)
}

fn hashed(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Hex {
    match algorithm {
        DigestAlgorithm::Md5 => hex(&hash::<Md5>(parts)),
        DigestAlgorithm::Sha256 => hex(&hash::<Sha256>(parts)),
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> md5::digest::Output<D> {
    let mut hasher = D::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

pub(super) fn hex(bytes: &[u8]) -> Hex {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 64];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    Hex { digits, len: (bytes.len() * 2).min(64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_parts_give_the_same_digest_as_short_ones() {
        let long = "x".repeat(500);
        for algorithm in [DigestAlgorithm::Md5, DigestAlgorithm::Sha256] {
            let whole = hashed(algorithm, &[long.as_bytes()]);
            let parts = hex_digest(algorithm, &[&long.as_bytes()[..123], &long.as_bytes()[123..]]);
            assert_eq!(whole.as_str(), parts.as_str());
        }
    }

    #[test]
    fn digests_match_published_values() {
        // RFC 1321 §A.5 and FIPS 180-4.
        assert_eq!(
            hex_digest(DigestAlgorithm::Md5, &[b"a", b"bc"]).as_str(),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        assert_eq!(
            hex_digest(DigestAlgorithm::Sha256, &[b"abc"]).as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        // RFC 2617 §3.5: a client that knows no qop, with the same HA1.
        let ha1 = ha1_md5("Mufasa", "testrealm@host.com", "Circle Of Life");
        let proof = Proof {
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            protection: Some(("00000001", "0a4f113b", "auth")),
        };
        let ha2 = ha2(DigestAlgorithm::Md5, "GET", "/dir/index.html");
        let ha1 = hex(&ha1);
        let got = response(DigestAlgorithm::Md5, ha1.as_bytes(), &ha2, &proof);
        assert_eq!(got.as_str(), "6629fae49393a05397450978507c4ef1");
        let old = response(DigestAlgorithm::Md5, ha1.as_bytes(), &ha2, &Proof { protection: None, ..proof });
        assert_eq!(old.as_str(), "670fd8c2df070c60b045671b8b24ff02");
        assert!(got.matches("6629FAE49393A05397450978507C4EF1"));
        assert!(!got.matches("6629fae49393a05397450978507c4ef2"));
        assert!(!got.matches("6629fae49393a05397450978507c4ef"));
    }

    #[test]
    fn a_digest_is_read_from_its_digits() {
        let check = |text: &str, expect: Option<[u8; 2]>| assert_eq!(digest_of_hex(text), expect, "{text}");
        check("00ff", Some([0, 255]));
        check("1aB2", Some([0x1a, 0xb2]));
        check("1ab", None);
        check("1ab2c", None);
        check("1ab2c3", None);
        check("1ag2", None);
        check("+1+2", None);
        check("1aé", None);
    }
}
