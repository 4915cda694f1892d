//! Digest authentication, the server's side (RFC 7616, RFC 8760, RFC 3261 §22).
//!
//! Nonces carry their own time and signature, so a challenge leaves nothing behind. What is remembered is the
//! highest count of each nonce that was used, for two lifetimes at most: a repeated count is refused.

use md5::Digest;
use strowger_base::hash::siphash24;
use strowger_base::{HashMap, HashSeed, Instant, Now, Rng};

use crate::header::text;
use crate::io::DigestAlgorithm;
use crate::message::{HeaderName, Message};
use crate::write;

use std::time::Duration;

/// Makes challenges and judges their answers.
#[derive(Debug)]
pub struct Challenger {
    key: (u64, u64),
    sequence: u64,
    /// Highest count of each nonce, in the current and the former half of time.
    counts: [HashMap<u64, u32>; 2],
    turned_at: Instant,
}

/// What became of credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// They are right.
    Accepted,
    /// They would be right, but the nonce is too old.
    Stale,
    /// The nonce is not ours.
    UnknownNonce,
    /// This count of this nonce was used before.
    Replayed,
    /// The password is wrong.
    WrongPassword,
    /// Something that must be there is missing or cannot be read.
    Malformed,
}

/// An Authorization header of scheme Digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Credentials<'b> {
    username: &'b str,
    realm: &'b str,
    nonce: &'b str,
    uri: &'b str,
    response: &'b str,
    algorithm: &'b str,
    cnonce: &'b str,
    qop: &'b str,
    nc: &'b str,
}

impl<'b> Credentials<'b> {
    /// Reads the header's value; `None` for another scheme or broken syntax.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        value.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case(b"Digest"))?;
        let mut credentials = Credentials::default();
        for element in crate::header::elements(value.get(6..)?.trim_ascii()) {
            let equals = element.iter().position(|byte| *byte == b'=')?;
            let name = element.get(..equals)?.trim_ascii();
            let value = element.get(equals + 1..)?.trim_ascii();
            let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
            let value = std::str::from_utf8(value).ok()?;
            match name.len() {
                8 if name.eq_ignore_ascii_case(b"username") => credentials.username = value,
                5 if name.eq_ignore_ascii_case(b"realm") => credentials.realm = value,
                5 if name.eq_ignore_ascii_case(b"nonce") => credentials.nonce = value,
                3 if name.eq_ignore_ascii_case(b"uri") => credentials.uri = value,
                8 if name.eq_ignore_ascii_case(b"response") => credentials.response = value,
                9 if name.eq_ignore_ascii_case(b"algorithm") => credentials.algorithm = value,
                6 if name.eq_ignore_ascii_case(b"cnonce") => credentials.cnonce = value,
                3 if name.eq_ignore_ascii_case(b"qop") => credentials.qop = value,
                2 if name.eq_ignore_ascii_case(b"nc") => credentials.nc = value,
                _ => {}
            }
        }
        Some(credentials)
    }

    /// Whether they are this user's.
    pub fn is_user(&self, username: &str) -> bool {
        self.username == username
    }

    /// The user that they name.
    pub const fn username(&self) -> &'b str {
        self.username
    }

    fn algorithm(&self) -> Option<DigestAlgorithm> {
        match self.algorithm {
            "" => Some(DigestAlgorithm::Md5),
            name if name.eq_ignore_ascii_case("MD5") => Some(DigestAlgorithm::Md5),
            name if name.eq_ignore_ascii_case("SHA-256") => Some(DigestAlgorithm::Sha256),
            _ => None,
        }
    }
}

/// The credentials of a request for a realm.
pub fn credentials_for<'b>(message: &Message<'b>, realm: &str) -> Option<Credentials<'b>> {
    message
        .all(HeaderName::Authorization)
        .chain(message.all(HeaderName::ProxyAuthorization))
        .filter_map(Credentials::parse)
        .find(|credentials| credentials.realm == realm)
}

impl Challenger {
    /// A challenger with a key of its own.
    pub fn new(rng: &mut Rng) -> Self {
        let seed = HashSeed::new(rng);
        Challenger {
            key: (rng.next_u64(), rng.next_u64()),
            sequence: 0,
            counts: [HashMap::with_hasher(seed), HashMap::with_hasher(seed)],
            turned_at: Instant::START,
        }
    }

    /// Writes one challenge header for each algorithm, in order (RFC 8760 §2.4).
    pub fn challenge(
        &mut self,
        now: Now,
        realm: &str,
        algorithms: &[DigestAlgorithm],
        stale: bool,
        proxy: bool,
        out: &mut Vec<u8>,
    ) {
        self.sequence += 1;
        // Milliseconds in the upper 44 bits, a sequence in the lower 20: unique without a memory.
        let stamp = (now.mono.as_nanos() / 1_000_000) << 20 | (self.sequence & 0xf_ffff);
        for algorithm in algorithms {
            out.extend_from_slice(if proxy { b"Proxy-Authenticate" } else { b"WWW-Authenticate" });
            out.extend_from_slice(b": Digest realm=\"");
            out.extend_from_slice(realm.as_bytes());
            out.extend_from_slice(b"\", nonce=\"");
            write::hex64(out, stamp);
            write::hex64(out, self.sign(stamp));
            out.extend_from_slice(b"\", qop=\"auth\", algorithm=");
            out.extend_from_slice(match algorithm {
                DigestAlgorithm::Md5 => b"MD5",
                DigestAlgorithm::Sha256 => b"SHA-256",
            });
            if stale {
                out.extend_from_slice(b", stale=true");
            }
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Judges credentials. `repeated` lets the highest count pass once more: the request is a retransmission.
    #[expect(clippy::too_many_arguments, reason = "a digest is made of that many parts")]
    pub fn verify(
        &mut self,
        now: Now,
        method: &str,
        credentials: &Credentials<'_>,
        ha1_md5: &[u8; 32],
        ha1_sha256: &[u8; 64],
        lifetime: Duration,
        repeated: bool,
    ) -> Verdict {
        let Some(algorithm) = credentials.algorithm() else { return Verdict::Malformed };
        let with_qop = match credentials.qop {
            "auth" => true,
            // RFC 2617 §3.2.2: old clients leave qop out; then there is no count to check.
            "" if algorithm == DigestAlgorithm::Md5 => false,
            _ => return Verdict::Malformed,
        };
        let stamp = credentials.nonce.get(..16).and_then(write::parse_hex64);
        let signature = credentials.nonce.get(16..).and_then(write::parse_hex64);
        let (Some(stamp), Some(signature)) = (stamp, signature) else { return Verdict::UnknownNonce };
        if self.sign(stamp) != signature {
            return Verdict::UnknownNonce;
        }
        let right = match algorithm {
            DigestAlgorithm::Md5 => response_matches::<md5::Md5>(ha1_md5, method, credentials, with_qop),
            DigestAlgorithm::Sha256 => {
                response_matches::<sha2::Sha256>(ha1_sha256, method, credentials, with_qop)
            }
        };
        if !right {
            return Verdict::WrongPassword;
        }
        let age_ms = (now.mono.as_nanos() / 1_000_000).saturating_sub(stamp >> 20);
        if u128::from(age_ms) > lifetime.as_millis() {
            return Verdict::Stale;
        }
        if !with_qop {
            return Verdict::Accepted;
        }
        let Ok(count) = u32::from_str_radix(credentials.nc, 16) else { return Verdict::Malformed };
        self.count(now, stamp, count, lifetime, repeated)
    }

    /// Takes a nonce count when it is higher than any before (RFC 7616 §3.4).
    fn count(&mut self, now: Now, stamp: u64, count: u32, lifetime: Duration, repeated: bool) -> Verdict {
        if now.mono - self.turned_at > lifetime {
            // What was used before the last turn belongs to nonces that are stale by now.
            self.counts.swap(0, 1);
            self.counts[0].clear();
            self.counts[0].shrink_to(1024);
            self.turned_at = now.mono;
        }
        let former = self.counts[1].get(&stamp).copied();
        let highest = self.counts[0].entry(stamp).or_insert(former.unwrap_or(0));
        if count > *highest {
            *highest = count;
            return Verdict::Accepted;
        }
        if repeated && count == *highest { Verdict::Accepted } else { Verdict::Replayed }
    }

    fn sign(&self, stamp: u64) -> u64 {
        siphash24(self.key, &stamp.to_be_bytes())
    }
}

/// Computes the response of RFC 7616 §3.4.1 and compares it in constant time.
fn response_matches<D: Digest>(
    ha1: &[u8],
    method: &str,
    credentials: &Credentials<'_>,
    with_qop: bool,
) -> bool {
    let mut ha2 = [0u8; 64];
    let ha2 = hex_digest::<D>(&mut ha2, &[method.as_bytes(), b":", credentials.uri.as_bytes()]);
    let mut expected = [0u8; 64];
    let nonce = credentials.nonce.as_bytes();
    let expected = if with_qop {
        let (nc, cnonce) = (credentials.nc.as_bytes(), credentials.cnonce.as_bytes());
        hex_digest::<D>(&mut expected, &[ha1, b":", nonce, b":", nc, b":", cnonce, b":auth:", ha2])
    } else {
        hex_digest::<D>(&mut expected, &[ha1, b":", nonce, b":", ha2])
    };
    let given = credentials.response.as_bytes();
    given.len() == expected.len()
        && given.iter().zip(expected).fold(0u8, |sum, (a, b)| sum | (a.to_ascii_lowercase() ^ b)) == 0
}

/// The hex digest of the parts, in the space given.
fn hex_digest<'o, D: Digest>(out: &'o mut [u8; 64], parts: &[&[u8]]) -> &'o [u8] {
    let mut hasher = D::new();
    for part in parts {
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let mut used = 0;
    for (pair, byte) in out.chunks_exact_mut(2).zip(digest.iter()) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
        used += 2;
    }
    out.get(..used).unwrap_or_default()
}

/// HA1 of RFC 7616 §3.4.2 with MD5, in lower-case hex.
pub fn ha1_md5(username: &str, realm: &str, password: &str) -> [u8; 32] {
    let mut space = [0u8; 64];
    let parts = [username.as_bytes(), b":", realm.as_bytes(), b":", password.as_bytes()];
    let digest = hex_digest::<md5::Md5>(&mut space, &parts);
    std::array::from_fn(|i| digest.get(i).copied().unwrap_or(b'0'))
}

/// HA1 of RFC 7616 §3.4.2 with SHA-256, in lower-case hex.
pub fn ha1_sha256(username: &str, realm: &str, password: &str) -> [u8; 64] {
    let mut space = [0u8; 64];
    let parts = [username.as_bytes(), b":", realm.as_bytes(), b":", password.as_bytes()];
    hex_digest::<sha2::Sha256>(&mut space, &parts);
    space
}

/// A challenge of a peer, for the side that has to answer it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Challenge<'b> {
    /// The realm.
    pub realm: &'b str,
    /// The nonce.
    pub nonce: &'b str,
    /// MD5 or SHA-256.
    pub algorithm: DigestAlgorithm,
    /// `qop=auth` is offered.
    pub qop: bool,
    /// Opaque data to be sent back.
    pub opaque: &'b str,
}

impl<'b> Challenge<'b> {
    /// Reads a WWW-Authenticate or Proxy-Authenticate value; `None` when it is no digest challenge that can be met.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        value.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case(b"Digest"))?;
        let mut challenge =
            Challenge { realm: "", nonce: "", algorithm: DigestAlgorithm::Md5, qop: false, opaque: "" };
        for element in crate::header::elements(value.get(6..)?.trim_ascii()) {
            let (name, value) = text(element).split_once('=')?;
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "nonce" => challenge.nonce = value,
                "opaque" => challenge.opaque = value,
                "qop" => challenge.qop = value.split(',').any(|q| q.trim().eq_ignore_ascii_case("auth")),
                "algorithm" if value.eq_ignore_ascii_case("MD5") => {}
                "algorithm" if value.eq_ignore_ascii_case("SHA-256") => {
                    challenge.algorithm = DigestAlgorithm::Sha256;
                }
                "algorithm" => return None,
                _ => {}
            }
        }
        (!challenge.nonce.is_empty()).then_some(challenge)
    }

    /// Writes the value of Authorization that answers it.
    pub fn answer(
        &self,
        username: &str,
        password: &str,
        method: &str,
        uri: &str,
        nc: u32,
        cnonce: &str,
    ) -> String {
        let nc = format!("{nc:08x}");
        let qop = if self.qop { "auth" } else { "" };
        let credentials = Credentials {
            username,
            realm: self.realm,
            nonce: self.nonce,
            uri,
            response: "",
            algorithm: "",
            cnonce,
            qop,
            nc: &nc,
        };
        let (response, algorithm) = match self.algorithm {
            DigestAlgorithm::Md5 => {
                let ha1 = ha1_md5(username, self.realm, password);
                (response_text::<md5::Md5>(&ha1, method, &credentials, self.qop), "MD5")
            }
            DigestAlgorithm::Sha256 => {
                let ha1 = ha1_sha256(username, self.realm, password);
                (response_text::<sha2::Sha256>(&ha1, method, &credentials, self.qop), "SHA-256")
            }
        };
        let mut out = format!(
            "Digest username=\"{username}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\", \
             algorithm={algorithm}",
            self.realm, self.nonce
        );
        if self.qop {
            out.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
        }
        if !self.opaque.is_empty() {
            out.push_str(&format!(", opaque=\"{}\"", self.opaque));
        }
        out
    }
}

fn response_text<D: Digest>(ha1: &[u8], method: &str, credentials: &Credentials<'_>, qop: bool) -> String {
    let mut ha2 = [0u8; 64];
    let ha2 = hex_digest::<D>(&mut ha2, &[method.as_bytes(), b":", credentials.uri.as_bytes()]);
    let mut space = [0u8; 64];
    let nonce = credentials.nonce.as_bytes();
    let digest = if qop {
        let (nc, cnonce) = (credentials.nc.as_bytes(), credentials.cnonce.as_bytes());
        hex_digest::<D>(&mut space, &[ha1, b":", nonce, b":", nc, b":", cnonce, b":auth:", ha2])
    } else {
        hex_digest::<D>(&mut space, &[ha1, b":", nonce, b":", ha2])
    };
    text(digest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(300);

    fn at(seconds: u64) -> Now {
        Now { mono: Instant::from_nanos(seconds * 1_000_000_000), ..Now::default() }
    }

    #[test]
    fn responses_match_the_example_of_rfc_7616_3_9_1() {
        let check = |algorithm: DigestAlgorithm, expect: &str| {
            let challenge = Challenge {
                realm: "http-auth@example.org",
                nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                algorithm,
                qop: true,
                opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
            };
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let answer = challenge.answer("Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, cnonce);
            assert!(answer.contains(&format!("response=\"{expect}\"")), "{answer}");
        };
        check(DigestAlgorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec");
        check(DigestAlgorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    /// Challenges, answers with `password` and count `nc`, and verifies `later` seconds on.
    fn exchange(
        challenger: &mut Challenger,
        algorithm: DigestAlgorithm,
        password: &str,
        nc: u32,
        later: u64,
    ) -> Verdict {
        let mut header = Vec::new();
        challenger.challenge(at(0), "r", &[algorithm], false, false, &mut header);
        let value = text(&header).trim().strip_prefix("WWW-Authenticate: ").unwrap().to_owned();
        verify(challenger, &value, password, nc, later, false)
    }

    fn verify(
        c: &mut Challenger,
        challenge: &str,
        password: &str,
        nc: u32,
        later: u64,
        repeated: bool,
    ) -> Verdict {
        let challenge = Challenge::parse(challenge.as_bytes()).unwrap();
        let answer = challenge.answer("1001", password, "REGISTER", "sip:r", nc, "c");
        let credentials = Credentials::parse(answer.as_bytes()).unwrap();
        let (md5, sha) = (ha1_md5("1001", "r", "secret"), ha1_sha256("1001", "r", "secret"));
        c.verify(at(later), "REGISTER", &credentials, &md5, &sha, LIFETIME, repeated)
    }

    #[test]
    fn right_wrong_old_and_foreign_credentials_are_told_apart() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        for algorithm in [DigestAlgorithm::Md5, DigestAlgorithm::Sha256] {
            assert_eq!(exchange(&mut challenger, algorithm, "secret", 1, 1), Verdict::Accepted);
            assert_eq!(exchange(&mut challenger, algorithm, "guess", 1, 1), Verdict::WrongPassword);
            assert_eq!(exchange(&mut challenger, algorithm, "secret", 1, 301), Verdict::Stale);
        }
        let foreign = "Digest realm=\"r\", nonce=\"0123456789abcdef0123456789abcdef\", qop=\"auth\"";
        assert_eq!(verify(&mut challenger, foreign, "secret", 1, 1, false), Verdict::UnknownNonce);
    }

    #[test]
    fn a_count_is_taken_once_and_a_retransmission_may_repeat_the_highest() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let mut header = Vec::new();
        challenger.challenge(at(0), "r", &[DigestAlgorithm::Md5], false, false, &mut header);
        let value = text(&header).trim().strip_prefix("WWW-Authenticate: ").unwrap().to_owned();
        let mut check = |nc, repeated, expect| {
            assert_eq!(verify(&mut challenger, &value, "secret", nc, 1, repeated), expect);
        };
        check(1, false, Verdict::Accepted);
        check(1, false, Verdict::Replayed);
        check(1, true, Verdict::Accepted);
        check(5, false, Verdict::Accepted);
        check(4, true, Verdict::Replayed);
    }
}
