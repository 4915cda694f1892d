//! What stands in Authorization and its like.

use crate::header::{is_word, quoted_len};
use crate::io::DigestAlgorithm;
use crate::message::{HeaderName, Message};
use crate::scan::find;

/// An Authorization header of scheme Digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Credentials<'b> {
    pub(super) username: &'b str,
    pub(super) realm: &'b str,
    pub(super) nonce: &'b str,
    pub(super) uri: &'b str,
    pub(super) response: &'b str,
    pub(super) algorithm: &'b str,
    pub(super) cnonce: &'b str,
    pub(super) qop: &'b str,
    pub(super) nc: &'b str,
}

impl<'b> Credentials<'b> {
    /// Reads the header's value; `None` for another scheme or broken syntax.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        let mut credentials = Credentials::default();
        let mut fields = Fields::of(value)?;
        while let Some((name, value)) = fields.next()? {
            let field = match name.len() {
                8 if is_word(name.as_bytes(), b"username") => &mut credentials.username,
                8 if is_word(name.as_bytes(), b"response") => &mut credentials.response,
                5 if is_word(name.as_bytes(), b"realm") => &mut credentials.realm,
                5 if is_word(name.as_bytes(), b"nonce") => &mut credentials.nonce,
                3 if is_word(name.as_bytes(), b"uri") => &mut credentials.uri,
                3 if is_word(name.as_bytes(), b"qop") => &mut credentials.qop,
                9 if is_word(name.as_bytes(), b"algorithm") => &mut credentials.algorithm,
                6 if is_word(name.as_bytes(), b"cnonce") => &mut credentials.cnonce,
                2 if is_word(name.as_bytes(), b"nc") => &mut credentials.nc,
                _ => continue,
            };
            *field = value;
        }
        Some(credentials)
    }

    /// The user that they name.
    pub const fn username(&self) -> &'b str {
        self.username
    }

    pub(super) fn algorithm(&self) -> Option<DigestAlgorithm> {
        algorithm(self.algorithm)
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

/// The algorithm of a token; without one it is MD5 (RFC 7616 §3.3).
pub(super) fn algorithm(token: &str) -> Option<DigestAlgorithm> {
    match token.len() {
        0 => Some(DigestAlgorithm::Md5),
        3 if is_word(token.as_bytes(), b"MD5") => Some(DigestAlgorithm::Md5),
        7 if is_word(token.as_bytes(), b"SHA-256") => Some(DigestAlgorithm::Sha256),
        _ => None,
    }
}

/// The fields after `Digest`, separated by commas (RFC 7616 §3.3, §3.4).
pub(super) struct Fields<'b>(&'b str);

impl<'b> Fields<'b> {
    /// The fields of a header's value; `None` when its scheme is another one or it is not UTF-8.
    pub(super) fn of(value: &'b [u8]) -> Option<Self> {
        let (scheme, fields) = value.split_at_checked(6)?;
        let is_digest =
            is_word(scheme, b"Digest") && fields.first().is_none_or(|byte| byte.is_ascii_whitespace());
        if is_digest { std::str::from_utf8(fields).ok().map(Fields) } else { None }
    }

    /// The next name and value, its quotes taken off; `Some(None)` at the end, `None` when the syntax is broken.
    pub(super) fn next(&mut self) -> Option<Option<(&'b str, &'b str)>> {
        let skipped = self.0.bytes().take_while(|byte| is_space(*byte) || *byte == b',').count();
        let rest = self.0.get(skipped..)?;
        if rest.is_empty() {
            return Some(None);
        }
        let equals = find(rest.as_bytes(), b'=')?;
        let name = rest.get(..equals)?.trim_ascii_end();
        let rest = rest.get(equals + 1..)?.trim_ascii_start();
        let (value, after) = if rest.starts_with('"') {
            let end = quoted_len(rest.as_bytes())?;
            (rest.get(1..end - 1)?, rest.get(end..)?.trim_ascii_start())
        } else {
            let end = find(rest.as_bytes(), b',').unwrap_or(rest.len());
            let token = rest.get(..end)?.trim_ascii_end();
            if token.bytes().any(|byte| is_space(byte) || byte == b'"') {
                return None;
            }
            (token, rest.get(end..)?)
        };
        self.0 = after;
        let separated = matches!(after.as_bytes(), [] | [b',', ..]);
        separated.then_some(Some((name, value)))
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_in_any_order_and_spelling() {
        let check = |value: &str, expect: Option<Credentials<'_>>| {
            assert_eq!(Credentials::parse(value.as_bytes()), expect, "{value}");
        };
        let expect = Credentials {
            username: "a,b=\\\"c",
            realm: "r",
            nonce: "n",
            uri: "sip:h;x=y",
            response: "0f",
            algorithm: "MD5",
            cnonce: "",
            qop: "auth",
            nc: "00000001",
        };
        check(
            "DIGEST username=\"a,b=\\\"c\",REALM=\"r\" ,\r\n nonce = \"n\", uri=\"sip:h;x=y\",response=\"0f\", \
             algorithm=MD5,qop=\"auth\" , nc=00000001,opaque=\"\",unknown=x",
            Some(expect),
        );
        check("Digest", Some(Credentials::default()));
        check("Digest nc=1,,nc=2,", Some(Credentials { nc: "2", ..Credentials::default() }));
        check("Digests nc=1", None);
        check("Basic abc", None);
        check("Digest realm", None);
        check("Digest realm=\"open", None);
        check("Digest realm=\"a\"b", None);
        check("Digest realm=a \"b\"", None);
        assert_eq!(Credentials::parse(b"Digest realm=\"\xff\""), None);
    }

    #[test]
    fn the_realm_chooses_among_credentials() {
        let text = b"BYE sip:a SIP/2.0\r\nAuthorization: NoOneKnowsThisScheme x=y\r\n\
            Authorization: Digest realm=\"one\",nc=1\r\nProxy-Authorization: Digest realm=\"two\",nc=2\r\n\r\n";
        let message = Message::parse(text).unwrap();
        let nc = |realm| credentials_for(&message, realm).map(|credentials| credentials.nc);
        assert_eq!((nc("one"), nc("two"), nc("three")), (Some("1"), Some("2"), None));
    }
}
