//! Session keys and what is done with them to one packet.

use std::fmt;

use aes::cipher::InnerIvInit;
use aes::{Aes128, Aes256};
use ctr::cipher::consts::U16;
use ctr::cipher::{BlockCipher, BlockEncrypt, BlockSizeUser, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::{CtrCore, flavors::Ctr32BE};
use hmac::{Hmac, KeyInit as _, Mac};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha1::Sha1;

use super::{Failure, KeyMaterial, Suite};

/// The session keys of one master key.
pub(super) enum Cipher {
    /// AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1).
    CounterMode { rtp: Box<CounterMode>, rtcp: Box<CounterMode> },
    /// AES in Galois/counter mode (RFC 7714).
    Galois { rtp: Box<Galois>, rtcp: Box<Galois> },
}

pub(super) struct CounterMode {
    cipher: Aes128,
    salt: [u8; 14],
    mac: Hmac<Sha1>,
    tag_bytes: usize,
}

pub(super) struct Galois {
    key: LessSafeKey,
    salt: [u8; 12],
}

/// What protects one packet besides the keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Who sends.
    pub(super) ssrc: u32,
    /// 48 bits for RTP, 31 bits for RTCP.
    pub(super) index: u64,
    /// Bytes at the beginning that stay readable.
    pub(super) clear: usize,
}

impl Cipher {
    /// Derives the session keys (RFC 3711 §4.3, RFC 7714 §11), with a key derivation rate of zero.
    pub(super) fn new(material: &KeyMaterial) -> Cipher {
        let suite = material.suite();
        let (key, salt) = material.expose().split_at(suite.key_bytes());
        let derive = |label: u8, bytes: &mut [u8]| derive(key, salt, label, bytes);
        match suite {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => {
                let counter_mode = |first: u8, tag_bytes: usize| {
                    let (mut key, mut auth, mut salt) = ([0; 16], [0; 20], [0; 14]);
                    derive(first, &mut key);
                    derive(first + 1, &mut auth);
                    derive(first + 2, &mut salt);
                    Box::new(CounterMode::new(key, &auth, salt, tag_bytes))
                };
                let tag_bytes = if suite == Suite::AesCm128HmacSha1_32 { 4 } else { TAG_80_BYTES };
                Cipher::CounterMode {
                    rtp: counter_mode(RTP_LABELS, tag_bytes),
                    rtcp: counter_mode(RTCP_LABELS, TAG_80_BYTES),
                }
            }
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => {
                let galois = |first: u8| {
                    let (mut key, mut salt) = ([0; 32], [0; 12]);
                    let key = &mut key[..suite.key_bytes()];
                    derive(first, key);
                    derive(first + 2, &mut salt);
                    Box::new(Galois::new(key, salt))
                };
                Cipher::Galois { rtp: galois(RTP_LABELS), rtcp: galois(RTCP_LABELS) }
            }
        }
    }

    /// Encrypts the RTP packet that begins at `start` and appends identifier and tag.
    pub(super) fn seal_rtp(
        &self,
        buffer: &mut Vec<u8>,
        start: usize,
        place: Place,
        mki: &[u8],
    ) -> Result<(), Failure> {
        let packet = buffer.get_mut(start..).ok_or(Failure::Malformed)?;
        match self {
            Cipher::CounterMode { rtp, .. } => {
                rtp.apply(packet, place)?;
                let tag = rtp.tag(packet, rollover(place.index));
                buffer.extend_from_slice(mki);
                buffer.extend_from_slice(tag.get(..rtp.tag_bytes).unwrap_or_default());
            }
            Cipher::Galois { rtp, .. } => {
                let (clear, payload) = packet.split_at_mut_checked(place.clear).ok_or(Failure::Malformed)?;
                let tag = rtp.seal(rtp.rtp_nonce(place), clear, payload)?;
                buffer.extend_from_slice(&tag);
                buffer.extend_from_slice(mki);
            }
        }
        Ok(())
    }

    /// Checks and decrypts an RTP packet; says how long it is then.
    pub(super) fn open_rtp(&self, packet: &mut [u8], place: Place, mki: &[u8]) -> Result<usize, Failure> {
        match self {
            Cipher::CounterMode { rtp, .. } => {
                let (rest, tag) = cut(packet, rtp.tag_bytes)?;
                let (rest, named) = cut(rest, mki.len())?;
                if named != mki {
                    return Err(Failure::OtherKey);
                }
                rtp.check(rest, rollover(place.index), tag)?;
                rtp.apply(rest, place)?;
                Ok(rest.len())
            }
            Cipher::Galois { rtp, .. } => {
                let (rest, named) = cut(packet, mki.len())?;
                if named != mki {
                    return Err(Failure::OtherKey);
                }
                let (clear, payload) = rest.split_at_mut_checked(place.clear).ok_or(Failure::Malformed)?;
                let length = rtp.open(rtp.rtp_nonce(place), clear, payload)?;
                Ok(place.clear + length)
            }
        }
    }

    /// Encrypts the RTCP packet that begins at `start` and appends index, identifier and tag (RFC 3711 §3.4, RFC 7714 §9).
    pub(super) fn seal_rtcp(
        &self,
        buffer: &mut Vec<u8>,
        start: usize,
        place: Place,
        mki: &[u8],
    ) -> Result<(), Failure> {
        let word = (ENCRYPTED | place.index as u32).to_be_bytes();
        let packet = buffer.get_mut(start..).ok_or(Failure::Malformed)?;
        match self {
            Cipher::CounterMode { rtcp, .. } => {
                rtcp.apply(packet, place)?;
                let tag = rtcp.tag(packet, word);
                buffer.extend_from_slice(&word);
                buffer.extend_from_slice(mki);
                buffer.extend_from_slice(tag.get(..rtcp.tag_bytes).unwrap_or_default());
            }
            Cipher::Galois { rtcp, .. } => {
                let (clear, payload) = packet.split_at_mut_checked(place.clear).ok_or(Failure::Malformed)?;
                let tag = rtcp.seal(rtcp.rtcp_nonce(place), &rtcp_associated(clear, word)?, payload)?;
                buffer.extend_from_slice(&tag);
                buffer.extend_from_slice(&word);
                buffer.extend_from_slice(mki);
            }
        }
        Ok(())
    }

    /// Checks and decrypts an RTCP packet whose [`rtcp_index`](Self::rtcp_index) was read; says how long it is then.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], place: Place, mki: &[u8]) -> Result<usize, Failure> {
        let word = (ENCRYPTED | place.index as u32).to_be_bytes();
        match self {
            Cipher::CounterMode { rtcp, .. } => {
                let (rest, tag) = cut(packet, rtcp.tag_bytes)?;
                let (rest, _) = cut(rest, mki.len() + word.len())?;
                rtcp.check(rest, word, tag)?;
                rtcp.apply(rest, place)?;
                Ok(rest.len())
            }
            Cipher::Galois { rtcp, .. } => {
                let (rest, _) = cut(packet, mki.len() + word.len())?;
                let (clear, payload) = rest.split_at_mut_checked(place.clear).ok_or(Failure::Malformed)?;
                let associated = rtcp_associated(clear, word)?;
                let length = rtcp.open(rtcp.rtcp_nonce(place), &associated, payload)?;
                Ok(place.clear + length)
            }
        }
    }

    /// The index that an RTCP packet carries. One that is not encrypted is none of ours: SDES would have said so.
    pub(super) fn rtcp_index(&self, packet: &[u8], mki: &[u8]) -> Result<u32, Failure> {
        let behind = match self {
            Cipher::CounterMode { rtcp, .. } => rtcp.tag_bytes,
            Cipher::Galois { .. } => 0,
        };
        let rest = packet.get(..packet.len().saturating_sub(behind)).unwrap_or_default();
        let rest = rest.strip_suffix(mki).ok_or(Failure::OtherKey)?;
        let word = u32::from_be_bytes(*rest.last_chunk::<4>().ok_or(Failure::Malformed)?);
        if word & ENCRYPTED == 0 { Err(Failure::NotAuthentic) } else { Ok(word & !ENCRYPTED) }
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(***)")
    }
}

impl CounterMode {
    pub(super) fn new(key: [u8; 16], auth: &[u8; 20], salt: [u8; 14], tag_bytes: usize) -> CounterMode {
        let mac = Hmac::new_from_slice(auth).expect("HMAC takes a key of any length");
        CounterMode { cipher: Aes128::new(&key.into()), salt, mac, tag_bytes }
    }

    /// Encrypts or decrypts what is not clear (RFC 3711 §4.1.1).
    pub(super) fn apply(&self, packet: &mut [u8], place: Place) -> Result<(), Failure> {
        let payload = packet.get_mut(place.clear..).ok_or(Failure::Malformed)?;
        let mut counter = [0u8; 16];
        counter[..14].copy_from_slice(&self.salt);
        xor(&mut counter[4..8], &place.ssrc.to_be_bytes());
        xor(&mut counter[6..14], &place.index.to_be_bytes());
        key_stream(&self.cipher, counter, payload)
    }

    /// The whole tag over a packet and what follows it (RFC 3711 §4.2).
    fn tag(&self, packet: &[u8], after: [u8; 4]) -> [u8; 20] {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(&after);
        mac.finalize().into_bytes().into()
    }

    fn check(&self, packet: &[u8], after: [u8; 4], tag: &[u8]) -> Result<(), Failure> {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(&after);
        mac.verify_truncated_left(tag).map_err(|_| Failure::NotAuthentic)
    }
}

impl Galois {
    /// `key` has 16 or 32 bytes.
    pub(super) fn new(key: &[u8], salt: [u8; 12]) -> Galois {
        let algorithm = if key.len() == 32 { &AES_256_GCM } else { &AES_128_GCM };
        let key = UnboundKey::new(algorithm, key).expect("a key of 16 or 32 bytes");
        Galois { key: LessSafeKey::new(key), salt }
    }

    /// RFC 7714 §8.1.
    fn rtp_nonce(&self, place: Place) -> Nonce {
        let mut nonce = self.salt;
        xor(&mut nonce[2..6], &place.ssrc.to_be_bytes());
        // The index has 48 bits: rollover counter and sequence number.
        xor(&mut nonce[4..12], &place.index.to_be_bytes());
        Nonce::assume_unique_for_key(nonce)
    }

    /// RFC 7714 §9.1: the same with an index of 31 bits.
    fn rtcp_nonce(&self, place: Place) -> Nonce {
        self.rtp_nonce(place)
    }

    fn seal(&self, nonce: Nonce, associated: &[u8], payload: &mut [u8]) -> Result<[u8; 16], Failure> {
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(associated), payload);
        let tag = tag.map_err(|_| Failure::Malformed)?;
        tag.as_ref().try_into().map_err(|_| Failure::Malformed)
    }

    fn open(&self, nonce: Nonce, associated: &[u8], sealed: &mut [u8]) -> Result<usize, Failure> {
        let opened = self.key.open_in_place(nonce, Aad::from(associated), sealed);
        opened.map(|plain| plain.len()).map_err(|_| Failure::NotAuthentic)
    }
}

/// Fills `bytes` with a session key (RFC 3711 §4.3.1, §4.3.3). The salt of 96 bits counts as one of 112 that
/// ends with zeros (RFC 7714 §11).
pub(super) fn derive(key: &[u8], salt: &[u8], label: u8, bytes: &mut [u8]) {
    let mut counter = [0u8; 16];
    for (to, from) in counter.iter_mut().zip(salt) {
        *to = *from;
    }
    counter[7] ^= label;
    let done = match (<[u8; 16]>::try_from(key), <[u8; 32]>::try_from(key)) {
        (Ok(key), _) => key_stream(&Aes128::new(&key.into()), counter, bytes),
        (_, Ok(key)) => key_stream(&Aes256::new(&key.into()), counter, bytes),
        (Err(_), Err(_)) => Err(Failure::Malformed),
    };
    debug_assert!(done.is_ok(), "a master key of 16 or 32 bytes");
}

/// Adds the key stream that begins at this counter. A packet has fewer blocks than the last 16 bits of it can count.
fn key_stream<C>(cipher: &C, counter: [u8; 16], bytes: &mut [u8]) -> Result<(), Failure>
where
    C: BlockCipher + BlockEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let core = CtrCore::<&C, Ctr32BE>::inner_iv_init(cipher, &counter.into());
    StreamCipherCoreWrapper::from_core(core).try_apply_keystream(bytes).map_err(|_| Failure::Malformed)
}

/// The upper 32 bits of an index: the rollover counter.
const fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// RFC 7714 §9.2.
fn rtcp_associated(clear: &[u8], word: [u8; 4]) -> Result<[u8; 12], Failure> {
    let mut associated = [0; 12];
    associated[..8].copy_from_slice(clear.first_chunk::<8>().ok_or(Failure::Malformed)?);
    associated[8..].copy_from_slice(&word);
    Ok(associated)
}

/// Cuts `length` bytes off the end.
fn cut(packet: &mut [u8], length: usize) -> Result<(&mut [u8], &[u8]), Failure> {
    let at = packet.len().checked_sub(length).ok_or(Failure::Malformed)?;
    let (rest, end) = packet.split_at_mut_checked(at).ok_or(Failure::Malformed)?;
    Ok((rest, end))
}

fn xor(to: &mut [u8], with: &[u8]) {
    for (to, with) in to.iter_mut().zip(with) {
        *to ^= with;
    }
}

/// The first of the three labels of RFC 3711 §4.3.1 and §4.3.2: cipher, authentication, salt.
const RTP_LABELS: u8 = 0;
const RTCP_LABELS: u8 = 3;
const TAG_80_BYTES: usize = 10;
/// The E bit of the word with the SRTCP index.
const ENCRYPTED: u32 = 1 << 31;
