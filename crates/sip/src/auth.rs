//! Digest authentication (RFC 7616, RFC 8760, RFC 3261 §22).
//!
//! Nonces carry their own time and signature, so a challenge leaves nothing behind. What is remembered is the
//! highest count of each nonce that was used with the right password, for two lifetimes at most: a repeated count is
//! refused.

mod challenge;
mod credentials;
mod digest;

pub use challenge::Challenge;
pub use credentials::{Credentials, credentials_for};
pub use digest::{digest_of_hex, ha1_md5, ha1_sha256};

use std::time::Duration;

use strowger_base::hash::siphash24;
use strowger_base::{HashMap, HashSeed, Instant, Now, Rng, limits};

use digest::{Hex, Proof};

use crate::header::is_word;
use crate::io::DigestAlgorithm;
use crate::write;

/// Makes challenges and judges their answers.
#[derive(Debug)]
pub struct Challenger {
    /// One key for each half of a signature.
    keys: [(u64, u64); 2],
    sequence: u64,
    /// Highest count of each nonce, in the current generation and the one before.
    counts: [HashMap<u64, u32>; 2],
    /// When the current generation began, and the one before.
    began: [Instant; 2],
    /// For each algorithm the URI of the last REGISTER with right credentials and its HA2: the phones of a domain
    /// all register at the same one.
    registered: [Option<(Box<str>, Hex)>; 2],
}

/// What became of credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// They are right.
    Accepted,
    /// They would be right, but the nonce is too old.
    Stale,
    /// The nonce is not ours, or was not made for this algorithm.
    UnknownNonce,
    /// This count of this nonce was used before.
    Replayed,
    /// The password is wrong.
    WrongPassword,
    /// Something that must be there is missing or cannot be read.
    Malformed,
}

/// What is inside a nonce: milliseconds in the upper 44 bits, a sequence in the next 18, which makes it unique
/// without a memory, and the algorithms that were offered with it in the lowest two.
#[derive(Clone, Copy)]
struct Stamp(u64);

impl Stamp {
    fn new(now: Instant, sequence: u64, algorithms: &[DigestAlgorithm]) -> Self {
        let offered = algorithms.iter().fold(0, |bits, algorithm| bits | 1 << *algorithm as u64);
        Stamp((now.as_nanos() / 1_000_000) << 20 | (sequence & 0x3_ffff) << 2 | offered)
    }

    const fn made_at(self) -> Instant {
        Instant::from_nanos((self.0 >> 20) * 1_000_000)
    }

    const fn offers(self, algorithm: DigestAlgorithm) -> bool {
        self.0 >> algorithm as u64 & 1 == 1
    }
}

impl Challenger {
    /// A challenger with keys of its own.
    pub fn new(rng: &mut Rng) -> Self {
        let seed = HashSeed::new(rng);
        let mut key = || (rng.next_u64(), rng.next_u64());
        Challenger {
            keys: [key(), key()],
            sequence: 0,
            counts: [HashMap::with_hasher(seed), HashMap::with_hasher(seed)],
            began: [Instant::START; 2],
            registered: [const { None }; 2],
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
        let stamp = Stamp::new(now.mono, self.sequence, algorithms);
        let signature = self.signature(stamp);
        for algorithm in algorithms {
            out.extend_from_slice(if proxy {
                b"Proxy-Authenticate: Digest realm=\""
            } else {
                b"WWW-Authenticate: Digest realm=\""
            });
            out.extend_from_slice(realm.as_bytes());
            out.extend_from_slice(b"\", nonce=\"");
            write::hex64(out, stamp.0);
            signature.iter().for_each(|half| write::hex64(out, *half));
            out.extend_from_slice(match algorithm {
                DigestAlgorithm::Md5 => b"\", qop=\"auth\", algorithm=MD5",
                DigestAlgorithm::Sha256 => b"\", qop=\"auth\", algorithm=SHA-256",
            });
            if stale {
                out.extend_from_slice(b", stale=true");
            }
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Judges credentials. `repeated` lets the highest count pass once more: the request is a retransmission.
    ///
    /// The URI in the credentials is hashed but not compared with the Request-URI, which a proxy may have rewritten
    /// (RFC 3261 §22.4).
    #[expect(clippy::too_many_arguments, reason = "a digest is made of that many parts")]
    pub fn verify(
        &mut self,
        now: Now,
        method: &str,
        credentials: &Credentials<'_>,
        ha1_md5: &[u8; 16],
        ha1_sha256: &[u8; 32],
        lifetime: Duration,
        repeated: bool,
    ) -> Verdict {
        let Some(algorithm) = credentials.algorithm() else { return Verdict::Malformed };
        let protection = match credentials.qop {
            // RFC 2617 §3.2.2: old clients leave qop out; then there is no count to check.
            "" if algorithm == DigestAlgorithm::Md5 => None,
            qop if is_word(qop.as_bytes(), b"auth") => Some((credentials.nc, credentials.cnonce, qop)),
            _ => return Verdict::Malformed,
        };
        let count = match protection {
            Some((nc, _, _)) => match nonce_count(nc) {
                Some(count) => Some(count),
                None => return Verdict::Malformed,
            },
            None => None,
        };
        // A nonce that was not offered for this algorithm must not serve a client that falls back to a weaker one.
        let Some(stamp) = self.stamp(credentials.nonce).filter(|stamp| stamp.offers(algorithm)) else {
            return Verdict::UnknownNonce;
        };
        let ha1 = match algorithm {
            DigestAlgorithm::Md5 => digest::hex(ha1_md5),
            DigestAlgorithm::Sha256 => digest::hex(ha1_sha256),
        };
        let known = self.registered[algorithm as usize].as_ref().filter(|_| method == "REGISTER");
        let known = known.filter(|(uri, _)| **uri == *credentials.uri).map(|(_, ha2)| *ha2);
        let ha2 = known.unwrap_or_else(|| digest::ha2(algorithm, method, credentials.uri));
        let proof = Proof { nonce: credentials.nonce, protection };
        if !digest::response(algorithm, ha1.as_bytes(), &ha2, &proof).matches(credentials.response) {
            return Verdict::WrongPassword;
        }
        if known.is_none() && method == "REGISTER" {
            self.registered[algorithm as usize] = Some((Box::from(credentials.uri), ha2));
        }
        self.turn(now.mono, lifetime);
        if now.mono - stamp.made_at() > lifetime || stamp.made_at() < self.began[1] {
            return Verdict::Stale;
        }
        match count {
            Some(count) => self.take_count(stamp, count, repeated),
            // Without a count nothing tells a copy from the original, so such a nonce serves once.
            None => self.take_count(stamp, u32::MAX, repeated),
        }
    }

    /// Begins a new generation of counts when a lifetime is over or too many nonces are in use.
    fn turn(&mut self, now: Instant, lifetime: Duration) {
        let full = self.counts[0].len() >= limits::NONCES;
        if !full && now - self.began[0] <= lifetime {
            return;
        }
        // What is forgotten was last used before the current generation began. In the first case its nonces are
        // stale by now, in the second they are made so, since nobody could tell a repeated count any more.
        self.counts.swap(0, 1);
        self.counts[0].clear();
        self.counts[0].shrink_to(1024);
        self.began = [now, self.began[0]];
    }

    /// Takes a nonce count when it is higher than any before (RFC 7616 §3.4).
    fn take_count(&mut self, stamp: Stamp, count: u32, repeated: bool) -> Verdict {
        let former = self.counts[1].get(&stamp.0).copied();
        let highest = self.counts[0].entry(stamp.0).or_insert(former.unwrap_or(0));
        if count > *highest {
            *highest = count;
            return Verdict::Accepted;
        }
        if repeated && count == *highest { Verdict::Accepted } else { Verdict::Replayed }
    }

    /// What is inside a nonce of ours.
    fn stamp(&self, nonce: &str) -> Option<Stamp> {
        let part = |from: usize| nonce.get(from..from + 16).and_then(write::parse_hex64);
        let stamp = Stamp(part(0)?);
        let ours = nonce.len() == 48 && [part(16)?, part(32)?] == self.signature(stamp);
        ours.then_some(stamp)
    }

    fn signature(&self, stamp: Stamp) -> [u64; 2] {
        self.keys.map(|key| siphash24(key, &stamp.0.to_be_bytes()))
    }
}

/// The count of a nonce's uses: up to eight hexadecimal digits.
fn nonce_count(nc: &str) -> Option<u32> {
    let digits = (1..=8).contains(&nc.len()) && nc.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits { u32::from_str_radix(nc, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::text;

    const LIFETIME: Duration = Duration::from_secs(300);
    const BOTH: &[DigestAlgorithm] = &[DigestAlgorithm::Md5, DigestAlgorithm::Sha256];

    fn at(seconds: u64) -> Now {
        Now { mono: Instant::from_nanos(seconds * 1_000_000_000), ..Now::default() }
    }

    /// The challenges that are made at a time, without their header names.
    fn challenges(challenger: &mut Challenger, seconds: u64, algorithms: &[DigestAlgorithm]) -> Vec<String> {
        let mut header = Vec::new();
        challenger.challenge(at(seconds), "r", algorithms, false, false, &mut header);
        text(&header)
            .lines()
            .map(|line| line.strip_prefix("WWW-Authenticate: ").unwrap().to_owned())
            .collect()
    }

    fn judge(challenger: &mut Challenger, answer: &str, seconds: u64, repeated: bool) -> Verdict {
        let credentials = Credentials::parse(answer.as_bytes()).unwrap();
        let (md5, sha) = (ha1_md5("1001", "r", "secret"), ha1_sha256("1001", "r", "secret"));
        challenger.verify(at(seconds), "REGISTER", &credentials, &md5, &sha, LIFETIME, repeated)
    }

    fn answer(challenge: &str, password: &str, nc: u32) -> String {
        let challenge = Challenge::parse(challenge.as_bytes()).unwrap();
        challenge.answer("1001", password, "REGISTER", "sip:r", nc, "c")
    }

    #[test]
    fn what_is_kept_of_one_register_never_lets_another_request_pass() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let (md5, sha) = (ha1_md5("1001", "r", "secret"), ha1_sha256("1001", "r", "secret"));
        let mut count = 0;
        let mut check =
            |algorithm: usize, signed: (&str, &str), sent: &str, password: &str, expect: Verdict| {
                let challenges = challenges(&mut challenger, 1, BOTH);
                let challenge = Challenge::parse(challenges[algorithm].as_bytes()).unwrap();
                count += 1;
                let answer = challenge.answer("1001", password, signed.0, signed.1, count, "c");
                let credentials = Credentials::parse(answer.as_bytes()).unwrap();
                let verdict = challenger.verify(at(1), sent, &credentials, &md5, &sha, LIFETIME, false);
                assert_eq!(verdict, expect, "{algorithm} {signed:?} {sent} {password}");
            };
        for algorithm in [0, 1] {
            for _ in 0..2 {
                check(algorithm, ("REGISTER", "sip:r"), "REGISTER", "secret", Verdict::Accepted);
                check(algorithm, ("REGISTER", "sip:r"), "REGISTER", "guess", Verdict::WrongPassword);
                check(algorithm, ("INVITE", "sip:r"), "INVITE", "secret", Verdict::Accepted);
                check(algorithm, ("REGISTER", "sip:r"), "INVITE", "secret", Verdict::WrongPassword);
                check(algorithm, ("INVITE", "sip:r"), "REGISTER", "secret", Verdict::WrongPassword);
            }
            check(algorithm, ("REGISTER", "sip:other"), "REGISTER", "secret", Verdict::Accepted);
            check(algorithm, ("REGISTER", "sip:r"), "REGISTER", "secret", Verdict::Accepted);
        }
    }

    #[test]
    fn a_challenge_is_one_line_for_each_algorithm() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let mut out = Vec::new();
        challenger.challenge(at(5), "example.com", BOTH, true, true, &mut out);
        let text = text(&out);
        let nonce = text.split('"').nth(3).unwrap();
        assert_eq!(nonce.len(), 48);
        assert_eq!(
            text,
            format!(
                "Proxy-Authenticate: Digest realm=\"example.com\", nonce=\"{nonce}\", qop=\"auth\", algorithm=MD5, \
                 stale=true\r\nProxy-Authenticate: Digest realm=\"example.com\", nonce=\"{nonce}\", qop=\"auth\", \
                 algorithm=SHA-256, stale=true\r\n"
            )
        );
    }

    #[test]
    fn right_wrong_old_and_foreign_credentials_are_told_apart() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        for which in 0..2 {
            let mut check = |password, later: u64, expect| {
                let challenge = challenges(&mut challenger, 10, BOTH).swap_remove(which);
                let answer = answer(&challenge, password, 1);
                assert_eq!(judge(&mut challenger, &answer, 10 + later, false), expect, "{answer}");
            };
            check("secret", 1, Verdict::Accepted);
            check("guess", 1, Verdict::WrongPassword);
            check("secret", 300, Verdict::Accepted);
            check("secret", 301, Verdict::Stale);
            check("guess", 301, Verdict::WrongPassword);
        }
        let mut other = Challenger::new(&mut Rng::new(2));
        let foreign = challenges(&mut other, 10, BOTH).swap_remove(0);
        assert_eq!(judge(&mut challenger, &answer(&foreign, "secret", 1), 11, false), Verdict::UnknownNonce);
    }

    #[test]
    fn a_nonce_that_was_changed_is_unknown() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let challenge = challenges(&mut challenger, 1, BOTH).swap_remove(0);
        let start = challenge.find("nonce=\"").unwrap() + 7;
        for place in 0..48 {
            let mut changed = challenge.clone().into_bytes();
            changed[start + place] = if changed[start + place] == b'0' { b'1' } else { b'0' };
            let answer = answer(text(&changed), "secret", 1);
            assert_eq!(judge(&mut challenger, &answer, 1, false), Verdict::UnknownNonce, "digit {place}");
        }
        let longer = challenge.replace("\", qop", "0\", qop");
        assert_eq!(judge(&mut challenger, &answer(&longer, "secret", 1), 1, false), Verdict::UnknownNonce);
    }

    #[test]
    fn an_algorithm_that_was_not_offered_is_not_taken() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let challenge = challenges(&mut challenger, 1, &[DigestAlgorithm::Sha256]).swap_remove(0);
        let weaker = challenge.replace("SHA-256", "MD5");
        assert_eq!(judge(&mut challenger, &answer(&weaker, "secret", 1), 1, false), Verdict::UnknownNonce);
        assert_eq!(judge(&mut challenger, &answer(&challenge, "secret", 1), 1, false), Verdict::Accepted);
    }

    #[test]
    fn a_count_is_taken_once_and_a_retransmission_may_repeat_the_highest() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let challenge = challenges(&mut challenger, 1, BOTH).swap_remove(0);
        let mut check = |nc, repeated, expect| {
            assert_eq!(
                judge(&mut challenger, &answer(&challenge, "secret", nc), 1, repeated),
                expect,
                "{nc}"
            );
        };
        check(1, false, Verdict::Accepted);
        check(1, false, Verdict::Replayed);
        check(1, true, Verdict::Accepted);
        check(5, false, Verdict::Accepted);
        check(4, true, Verdict::Replayed);
    }

    #[test]
    fn a_count_is_remembered_as_long_as_its_nonce_lives() {
        // Wherever in the life of a generation a nonce is used, its count is refused until the nonce is stale.
        for made_at in (0..600).step_by(50) {
            let mut challenger = Challenger::new(&mut Rng::new(1));
            let mut reply = None;
            for now in (0..1_300).step_by(10) {
                // Another phone comes all the time, so that generations turn.
                let other = challenges(&mut challenger, now, BOTH).swap_remove(0);
                assert_eq!(
                    judge(&mut challenger, &answer(&other, "secret", 1), now, false),
                    Verdict::Accepted
                );
                if now == made_at {
                    reply = Some(answer(&challenges(&mut challenger, now, BOTH).swap_remove(0), "secret", 7));
                }
                let Some(reply) = &reply else { continue };
                let expect = match now - made_at {
                    0..200 => continue,
                    200 => Verdict::Accepted,
                    201..=300 => Verdict::Replayed,
                    _ => Verdict::Stale,
                };
                assert_eq!(judge(&mut challenger, reply, now, false), expect, "made at {made_at}, now {now}");
            }
        }
    }

    #[test]
    fn too_many_nonces_make_the_older_ones_stale() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let old = challenges(&mut challenger, 1, BOTH).swap_remove(0);
        let old = answer(&old, "secret", 1);
        assert_eq!(judge(&mut challenger, &old, 1, false), Verdict::Accepted);
        for now in [2, 3] {
            challenger.counts[0].extend((0..limits::NONCES as u64).map(|i| (i, 1)));
            let new = challenges(&mut challenger, now, BOTH).swap_remove(0);
            assert_eq!(judge(&mut challenger, &answer(&new, "secret", 1), now, false), Verdict::Accepted);
        }
        assert_eq!(judge(&mut challenger, &old, 3, false), Verdict::Stale);
        assert!(challenger.counts[0].len() < 10, "the generation that was full is the former one now");
    }

    #[test]
    fn what_cannot_be_read_is_malformed_and_old_clients_need_no_count() {
        let mut challenger = Challenger::new(&mut Rng::new(1));
        let [md5, sha]: [String; 2] = challenges(&mut challenger, 1, BOTH).try_into().unwrap();
        let mut check =
            |answer: &str, expect| assert_eq!(judge(&mut challenger, answer, 1, false), expect, "{answer}");
        check(&answer(&md5, "secret", 1).replace("qop=auth", "qop=auth-int"), Verdict::Malformed);
        check(&answer(&md5, "secret", 1).replace("nc=00000001", "nc=+1"), Verdict::Malformed);
        check(&answer(&md5, "secret", 1).replace(", nc=00000001", ""), Verdict::Malformed);
        check(&answer(&md5, "secret", 1).replace("=MD5", "=MD4"), Verdict::Malformed);
        let old = |challenge: &str| challenge.replace("qop=\"auth\", ", "");
        check(&answer(&old(&md5), "secret", 1), Verdict::Accepted);
        check(&answer(&old(&md5), "secret", 1), Verdict::Replayed);
        check(&answer(&old(&md5), "guess", 1), Verdict::WrongPassword);
        check(&answer(&old(&sha), "secret", 1), Verdict::Malformed);
    }
}
