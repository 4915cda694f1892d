//! The format age-encryption.org/v1, so that a backup can be opened with the program `age` as well when nothing of Strowger
//! is left.
//!
//! A header names each way to the file's key, a MAC over it keeps it as it was, and the contents follow in chunks
//! ([`contents`]). Of the ways there are two: a passphrase through scrypt, and the public key of a recipient through X25519.

pub(super) mod bech32;
mod contents;

use std::io::{self, BufRead, Read, Write};

use base64ct::{Base64Unpadded, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac};
use scrypt::Params;
use sha2::Sha256;
use strowger_base::Secret;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

pub(super) use contents::{Reader, Writer};

/// Who can open a file.
pub(super) enum Lock {
    /// Who knows this passphrase.
    Passphrase { passphrase: Secret<Box<str>>, work: u8 },
    /// Each who has the private key to one of these public keys.
    Recipients(Vec<[u8; 32]>),
}

/// With what somebody wants to open a file.
pub(super) enum Unlock {
    /// A passphrase.
    Passphrase(Secret<Box<str>>),
    /// Private keys, of which one should fit.
    Identities(Vec<Secret<[u8; 32]>>),
}

/// How a file wants to be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wants {
    Passphrase,
    Identity,
}

/// The header of a file, read and not yet opened.
pub(super) struct Header {
    stanzas: Vec<Stanza>,
    /// Everything that the MAC covers.
    covered: Vec<u8>,
    mac: Vec<u8>,
}

/// One way to the file's key.
struct Stanza {
    arguments: Vec<String>,
    body: Vec<u8>,
}

/// Begins a file: header, then what is written to the result. [`Writer::finish`] ends it.
pub(super) fn seal<W: Write>(mut file: W, lock: &Lock) -> io::Result<Writer<W>> {
    let key = Secret::new(random::<FILE_KEY>()?);
    let mut header = format!("{VERSION}\n");
    match lock {
        Lock::Passphrase { passphrase, work } => {
            let salt = random::<16>()?;
            let wrap = from_passphrase(passphrase, &salt, *work)?;
            let mark = format!("scrypt {} {work}", Base64Unpadded::encode_string(&salt));
            put_stanza(&mut header, &mark, &wrapped(&wrap, key.expose())?);
        }
        Lock::Recipients(recipients) => {
            for recipient in recipients {
                let ephemeral = random::<32>()?;
                let share = x25519(ephemeral, X25519_BASEPOINT_BYTES);
                let wrap = from_shared(x25519(ephemeral, *recipient), &share, recipient)?;
                let mark = format!("X25519 {}", Base64Unpadded::encode_string(&share));
                put_stanza(&mut header, &mark, &wrapped(&wrap, key.expose())?);
            }
        }
    }
    header.push_str("---");
    let mac = mac_of(key.expose(), header.as_bytes()).finalize().into_bytes();
    header.push_str(&format!(" {}\n", Base64Unpadded::encode_string(&mac)));
    file.write_all(header.as_bytes())?;
    let nonce = random::<NONCE>()?;
    file.write_all(&nonce)?;
    Ok(Writer::new(file, &derived(key.expose(), &nonce, b"payload")))
}

impl Header {
    /// Reads the header at the beginning of a file.
    ///
    /// # Errors
    /// It is none, or is longer than any that makes sense.
    pub(super) fn read(file: &mut impl BufRead) -> io::Result<Header> {
        let mut covered = vec![];
        if line(file, &mut covered)? != VERSION {
            return Err(damaged("it is no backup of Strowger, nor any file of age"));
        }
        let mut stanzas: Vec<Stanza> = vec![];
        loop {
            let text = line(file, &mut covered)?;
            if let Some(mac) = text.strip_prefix("--- ") {
                covered.truncate(covered.len() - mac.len() - 2);
                let mac = Base64Unpadded::decode_vec(mac).map_err(|_| damaged(GARBLED))?;
                return Ok(Header { stanzas, covered, mac });
            }
            let arguments = text.strip_prefix("-> ").ok_or_else(|| damaged(GARBLED))?;
            let arguments = arguments.split(' ').map(str::to_owned).collect();
            let mut body = String::new();
            loop {
                let text = line(file, &mut covered)?;
                body.push_str(&text);
                if text.len() < COLUMNS {
                    break;
                }
            }
            let body = Base64Unpadded::decode_vec(&body).map_err(|_| damaged(GARBLED))?;
            stanzas.push(Stanza { arguments, body });
        }
    }

    /// How the file wants to be opened.
    pub(super) fn wants(&self) -> Wants {
        let is_scrypt = |stanza: &Stanza| stanza.arguments.first().is_some_and(|kind| kind == "scrypt");
        if self.stanzas.iter().any(is_scrypt) { Wants::Passphrase } else { Wants::Identity }
    }

    /// Opens the file whose header this is; what follows the header in it is read through the result.
    ///
    /// # Errors
    /// The passphrase or key does not fit, or the header is not what was written.
    pub(super) fn open<R: Read>(&self, mut file: R, unlock: &Unlock) -> io::Result<Reader<R>> {
        let key = self.key(unlock)?;
        if mac_of(key.expose(), &self.covered).verify_slice(&self.mac).is_err() {
            return Err(damaged(GARBLED));
        }
        let mut nonce = [0; NONCE];
        file.read_exact(&mut nonce).map_err(|_| damaged(contents::CUT))?;
        Ok(Reader::new(file, &derived(key.expose(), &nonce, b"payload")))
    }

    fn key(&self, unlock: &Unlock) -> io::Result<Secret<[u8; FILE_KEY]>> {
        match (unlock, self.wants()) {
            (Unlock::Passphrase(passphrase), Wants::Passphrase) => {
                // Others beside it would make files that pretend to be from somebody who knows the passphrase.
                let [stanza] = self.stanzas.as_slice() else { return Err(damaged(GARBLED)) };
                let [_, salt, work] = stanza.arguments.as_slice() else { return Err(damaged(GARBLED)) };
                let salt = decoded::<16>(salt)?;
                let work = work.parse().ok().filter(|work| (1..=WORK_MAX).contains(work));
                let wrap = from_passphrase(passphrase, &salt, work.ok_or_else(|| damaged(GARBLED))?)?;
                unwrapped(&wrap, &stanza.body)
                    .ok_or_else(|| damaged("the passphrase is wrong, or the header is damaged"))
            }
            (Unlock::Identities(identities), Wants::Identity) => {
                for stanza in &self.stanzas {
                    let [kind, share] = stanza.arguments.as_slice() else { continue };
                    if kind != "X25519" {
                        continue;
                    }
                    let share = decoded::<32>(share)?;
                    for identity in identities {
                        let own = x25519(*identity.expose(), X25519_BASEPOINT_BYTES);
                        let wrap = from_shared(x25519(*identity.expose(), share), &share, &own)?;
                        if let Some(key) = unwrapped(&wrap, &stanza.body) {
                            return Ok(key);
                        }
                    }
                }
                Err(damaged("none of the keys fits, or the header is damaged"))
            }
            (Unlock::Passphrase(_), Wants::Identity) => Err(damaged(
                "it is for recipients, not for a passphrase: give the private key with --identity",
            )),
            (Unlock::Identities(_), Wants::Passphrase) => {
                Err(damaged("it is for a passphrase, not for a key: leave out --identity"))
            }
        }
    }
}

/// A line without its end, which is added to what the MAC covers. Nothing is longer than some hundred bytes in a header that
/// makes sense.
fn line(file: &mut impl BufRead, covered: &mut Vec<u8>) -> io::Result<String> {
    let start = covered.len();
    file.take(LINE_MAX).read_until(b'\n', covered)?;
    if covered.len() > HEADER_MAX {
        return Err(damaged("its header is too long"));
    }
    let line = covered.get(start..).unwrap_or_default();
    let line = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
    line.map(str::to_owned).ok_or_else(|| damaged("it is no backup of Strowger, or its header is cut"))
}

fn put_stanza(header: &mut String, mark: &str, body: &[u8]) {
    // The key of a file, sealed, is shorter than a line.
    header.push_str(&format!("-> {mark}\n{}\n", Base64Unpadded::encode_string(body)));
}

fn from_passphrase(passphrase: &Secret<Box<str>>, salt: &[u8; 16], work: u8) -> io::Result<Secret<[u8; 32]>> {
    let parameters = Params::new(work, 8, 1).map_err(io::Error::other)?;
    let salt = [b"age-encryption.org/v1/scrypt".as_slice(), salt].concat();
    let mut key = [0; 32];
    scrypt::scrypt(passphrase.expose().as_bytes(), &salt, &parameters, &mut key).map_err(io::Error::other)?;
    Ok(Secret::new(key))
}

fn from_shared(shared: [u8; 32], share: &[u8; 32], recipient: &[u8; 32]) -> io::Result<Secret<[u8; 32]>> {
    if shared == [0; 32] {
        return Err(damaged("a public key is none that can be used"));
    }
    let salt = [share.as_slice(), recipient].concat();
    Ok(Secret::new(derived(&shared, &salt, b"age-encryption.org/v1/X25519")))
}

fn wrapped(wrap: &Secret<[u8; 32]>, key: &[u8; FILE_KEY]) -> io::Result<Vec<u8>> {
    cipher(wrap.expose())
        .encrypt(&Nonce::default(), key.as_slice())
        .map_err(|_| io::Error::other("the key is too long"))
}

fn unwrapped(wrap: &Secret<[u8; 32]>, body: &[u8]) -> Option<Secret<[u8; FILE_KEY]>> {
    let key = cipher(wrap.expose()).decrypt(&Nonce::default(), body).ok()?;
    key.try_into().ok().map(Secret::new)
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::from_slice(key))
}

fn mac_of(file_key: &[u8], header: &[u8]) -> Hmac<Sha256> {
    let mut mac = hmac_with(&derived(file_key, &[], b"header"));
    mac.update(header);
    mac
}

/// HKDF with SHA-256 (RFC 5869 §2), for the 32 bytes that one round gives.
fn derived(secret: &[u8], salt: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut extract = hmac_with(salt);
    extract.update(secret);
    let mut expand = hmac_with(&extract.finalize().into_bytes());
    expand.update(purpose);
    expand.update(&[1]);
    expand.finalize().into_bytes().into()
}

fn hmac_with(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("a key of HMAC may have any length")
}

fn decoded<const N: usize>(text: &str) -> io::Result<[u8; N]> {
    let bytes = Base64Unpadded::decode_vec(text).ok();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| damaged(GARBLED))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| io::Error::other(format!("no randomness from the system: {error}")))?;
    Ok(bytes)
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

const VERSION: &str = "age-encryption.org/v1";
const GARBLED: &str = "its header is damaged";
const FILE_KEY: usize = 16;
const NONCE: usize = 16;
/// A line of a stanza's body that is not its last.
const COLUMNS: usize = 64;
const LINE_MAX: u64 = 1_024;
const HEADER_MAX: usize = 64 * 1024;
/// What a passphrase costs at most to be tried: 2^20 rounds take 1 GiB of memory.
const WORK_MAX: u8 = 20;
/// What a passphrase costs to be tried: 128 MiB of memory and about half a second.
pub(super) const WORK: u8 = 17;

#[cfg(test)]
mod tests;
