//! The other side of digest authentication: a challenge is answered, for trunks and for phones of the simulator.

use super::credentials::{Fields, algorithm};
use super::digest::{self, Proof};
use crate::io::DigestAlgorithm;

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
    /// The nonce of the credentials was right but too old: the same password may be tried again.
    pub stale: bool,
}

impl<'b> Challenge<'b> {
    /// Reads a WWW-Authenticate or Proxy-Authenticate value; `None` when it is no digest challenge that can be met.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        let (realm, nonce, opaque) = ("", "", "");
        let algorithm = DigestAlgorithm::Md5;
        let mut challenge = Challenge { realm, nonce, algorithm, qop: false, opaque, stale: false };
        let mut fields = Fields::of(value)?;
        while let Some((name, value)) = fields.next()? {
            match name.to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "nonce" => challenge.nonce = value,
                "opaque" => challenge.opaque = value,
                "qop" => challenge.qop = value.split(',').any(|q| q.trim().eq_ignore_ascii_case("auth")),
                "algorithm" => challenge.algorithm = self::algorithm(value)?,
                "stale" => challenge.stale = value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        (!challenge.nonce.is_empty()).then_some(challenge)
    }

    /// Writes the value of Authorization that answers it. `nc` counts the uses of the nonce from 1.
    pub fn answer(
        &self,
        username: &str,
        password: &str,
        method: &str,
        uri: &str,
        nc: u32,
        cnonce: &str,
    ) -> String {
        let count = count(nc);
        let count = crate::header::text(&count);
        let protection = self.qop.then_some((count, cnonce, "auth"));
        let proof = Proof { nonce: self.nonce, protection };
        let ha1 = digest::ha1(self.algorithm, username, self.realm, password);
        let ha2 = digest::ha2(self.algorithm, method, uri);
        let response = digest::response(self.algorithm, ha1.as_bytes(), &ha2, &proof);
        let algorithm = match self.algorithm {
            DigestAlgorithm::Md5 => "MD5",
            DigestAlgorithm::Sha256 => "SHA-256",
        };
        let mut out = String::with_capacity(320);
        let quoted = [("username", username), ("realm", self.realm), ("nonce", self.nonce), ("uri", uri)];
        out.push_str("Digest ");
        for (name, value) in quoted.into_iter().chain([("response", response.as_str())]) {
            push(&mut out, &[name, "=\"", value, "\", "]);
        }
        push(&mut out, &["algorithm=", algorithm]);
        if self.qop {
            push(&mut out, &[", qop=auth, nc=", count, ", cnonce=\"", cnonce, "\""]);
        }
        if !self.opaque.is_empty() {
            push(&mut out, &[", opaque=\"", self.opaque, "\""]);
        }
        out
    }
}

/// A nonce count in eight hexadecimal digits (RFC 7616 §3.4).
fn count(nc: u32) -> [u8; 8] {
    std::array::from_fn(|place| {
        let digit = (nc >> (28 - 4 * place)) as u8 & 15;
        if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
    })
}

fn push(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_match_the_example_of_rfc_7616_3_9_1() {
        let check = |algorithm: &str, expect: &str| {
            let header = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let challenge = Challenge::parse(header.as_bytes()).unwrap();
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let answer = challenge.answer("Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, cnonce);
            assert_eq!(
                answer,
                format!(
                    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
                     response=\"{expect}\", algorithm={algorithm}, qop=auth, nc=00000001, cnonce=\"{cnonce}\", \
                     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
                )
            );
        };
        check("MD5", "8ca523f5e9506fed4657c9700eebdbec");
        check("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    #[test]
    fn challenges_that_cannot_be_met_are_told_apart() {
        let parse = |value: &'static str| Challenge::parse(value.as_bytes());
        assert!(parse("Digest realm=\"r\", nonce=\"n\", stale=TRUE").is_some_and(|c| c.stale && !c.qop));
        assert_eq!(parse("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256"), None);
        assert_eq!(parse("Digest realm=\"r\""), None);
        assert_eq!(parse("Basic realm=\"r\""), None);
        assert_eq!(count(0xab), *b"000000ab");
    }
}
