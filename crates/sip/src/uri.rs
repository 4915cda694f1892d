//! URIs as SIP uses them (RFC 3261 §19.1, RFC 3966); others are kept as they are.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::header::{Parameters, class, is_token_byte, text};

/// A URI, read in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uri<'b> {
    scheme: Scheme,
    scheme_text: &'b str,
    user: &'b [u8],
    has_user: bool,
    host: &'b str,
    port: Option<u16>,
    parameters: Parameters<'b>,
    headers: &'b [u8],
}

/// What kind of URI it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Anything else.
    Other,
}

/// The host of a SIP URI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Host<'b> {
    /// A domain name.
    Name(&'b str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address; it stands in brackets.
    V6(Ipv6Addr),
}

/// A text that is not a URI.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected {expected} (RFC 3261 §19.1.1)")]
pub struct UriError {
    expected: &'static str,
}

impl<'b> Uri<'b> {
    /// Reads a URI.
    ///
    /// # Errors
    /// When the scheme is missing, or a SIP URI has no valid host, port or user.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, UriError> {
        if bytes.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sip:")) {
            let (scheme, rest) = bytes.split_at(4);
            return Self::parse_sip(Scheme::Sip, text(scheme.get(..3).unwrap_or_default()), rest);
        }
        let err = |expected| UriError { expected };
        let colon = memchr::memchr(b':', bytes).ok_or(err("a scheme"))?;
        let scheme_text = text(bytes.get(..colon).unwrap_or_default());
        let valid = scheme_text.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme_text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        if !valid {
            return Err(err("a scheme"));
        }
        let rest = bytes.get(colon + 1..).unwrap_or_default();
        if !is_opaque(rest) {
            return Err(err("no white space, quotes or brackets"));
        }
        let scheme = match scheme_text.len() {
            4 if scheme_text.eq_ignore_ascii_case("sips") => Scheme::Sips,
            3 if scheme_text.eq_ignore_ascii_case("tel") => Scheme::Tel,
            _ => Scheme::Other,
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => Self::parse_sip(scheme, scheme_text, rest),
            Scheme::Tel => {
                let end = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
                let user = rest.get(..end).unwrap_or_default();
                let parameters = Parameters::new(rest.get(end..).unwrap_or_default());
                Ok(Uri {
                    scheme,
                    scheme_text,
                    user,
                    has_user: true,
                    host: "",
                    port: None,
                    parameters,
                    headers: b"",
                })
            }
            Scheme::Other => Ok(Uri {
                scheme,
                scheme_text,
                user: rest,
                has_user: false,
                host: "",
                port: None,
                parameters: Parameters::default(),
                headers: b"",
            }),
        }
    }

    fn parse_sip(scheme: Scheme, scheme_text: &'b str, rest: &'b [u8]) -> Result<Self, UriError> {
        let err = |expected| UriError { expected };
        let (user, has_user, rest) = match memchr::memchr(b'@', rest) {
            Some(at) => {
                let user = rest.get(..at).unwrap_or_default();
                (user, true, rest.get(at + 1..).unwrap_or_default())
            }
            None => (&b""[..], false, rest),
        };
        let user = match memchr::memchr(b':', user) {
            Some(colon) => user.get(..colon).unwrap_or_default(),
            None => user,
        };
        if has_user && (user.is_empty() || !is_opaque(user)) {
            return Err(err("a user before @"));
        }
        let host_end = rest.iter().position(|byte| !HOST[usize::from(*byte)]).unwrap_or(rest.len());
        let hostport = text(rest.get(..host_end).unwrap_or_default());
        let (host, port) = split_port(hostport).ok_or(err("a host and perhaps a port of 0 to 65535"))?;
        let tail = rest.get(host_end..).unwrap_or_default();
        if !matches!(tail.first(), None | Some(b';' | b'?')) || !is_opaque(tail) {
            return Err(err("parameters or headers after the host"));
        }
        let question = memchr::memchr(b'?', tail).unwrap_or(tail.len());
        let parameters = Parameters::new(tail.get(..question).unwrap_or_default());
        let headers = tail.get(question + 1..).unwrap_or_default();
        Ok(Uri { scheme, scheme_text, user, has_user, host, port, parameters, headers })
    }

    /// What kind of URI it is.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The scheme as written.
    pub const fn scheme_text(&self) -> &'b str {
        self.scheme_text
    }

    /// True for `sip:` and `sips:`.
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part as written, the number of a `tel:` URI; `None` when there is none.
    pub fn user(&self) -> Option<&'b [u8]> {
        self.has_user.then_some(self.user)
    }

    /// The user part with its escapes taken out once; bytes that are not UTF-8 are replaced.
    pub fn user_decoded(&self) -> Cow<'b, str> {
        match self.user() {
            None => Cow::Borrowed(""),
            Some(user) if user.contains(&b'%') => {
                Cow::Owned(String::from_utf8_lossy(&decode(user)).into_owned())
            }
            Some(user) => String::from_utf8_lossy(user),
        }
    }

    /// The host of a SIP URI.
    pub fn host(&self) -> Option<Host<'b>> {
        if self.host.is_empty() {
            return None;
        }
        if let Some(inner) = self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return inner.parse().ok().map(Host::V6);
        }
        Some(self.host.parse().map_or(Host::Name(self.host), Host::V4))
    }

    /// The host as written.
    pub const fn host_text(&self) -> &'b str {
        self.host
    }

    /// The port, when written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// URI parameters.
    pub const fn parameters(&self) -> Parameters<'b> {
        self.parameters
    }

    /// The part after `?`, as written.
    pub const fn headers(&self) -> &'b [u8] {
        self.headers
    }

    /// Whether two SIP URIs are equal by RFC 3261 §19.1.4; other schemes are compared as text.
    pub fn equivalent(&self, other: &Uri<'_>) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        if !self.is_sip() {
            return self.scheme_text.eq_ignore_ascii_case(other.scheme_text)
                && self.user == other.user
                && self.parameters == other.parameters;
        }
        decode(self.user) == decode(other.user)
            && self.has_user == other.has_user
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
            && same_parameters(&self.parameters, &other.parameters)
            && same_parameters(&other.parameters, &self.parameters)
            && same_headers(self.headers, other.headers)
    }
}

/// A parameter in both must match; these must be in both or in none (RFC 3261 §19.1.4).
fn same_parameters(one: &Parameters<'_>, other: &Parameters<'_>) -> bool {
    one.iter().all(|(name, value)| match other.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        Some((_, theirs)) => {
            decode(value.unwrap_or_default()).eq_ignore_ascii_case(&decode(theirs.unwrap_or_default()))
        }
        None => !["user", "ttl", "method", "maddr", "transport"]
            .iter()
            .any(|must| name.eq_ignore_ascii_case(must.as_bytes())),
    })
}

fn same_headers(one: &[u8], other: &[u8]) -> bool {
    let sorted = |text: &[u8]| {
        let mut all: Vec<Vec<u8>> = text.split(|byte| *byte == b'&').map(decode).collect();
        all.sort();
        all
    };
    one == other || sorted(one) == sorted(other)
}

/// Takes escapes out, once; a `%` that is not an escape stays.
pub fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        let escaped = match (byte, bytes.get(position + 1), bytes.get(position + 2)) {
            (b'%', Some(high), Some(low)) => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        match escaped {
            Some(value) => {
                out.push(value);
                position += 3;
            }
            None => {
                out.push(byte);
                position += 1;
            }
        }
    }
    out
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn split_port(hostport: &str) -> Option<(&str, Option<u16>)> {
    let bytes = hostport.as_bytes();
    let end = match bytes.first()? {
        b'[' => {
            let end = hostport.find(']')? + 1;
            hostport.get(1..end - 1)?.parse::<Ipv6Addr>().ok()?;
            end
        }
        _ => memchr::memchr2(b':', b'[', bytes).unwrap_or(bytes.len()),
    };
    let host = hostport.get(..end)?;
    let port = match bytes.get(end..)? {
        [] => None,
        [b':', digits @ ..] => Some(u16::try_from(crate::header::number(digits)?).ok()?),
        _ => return None,
    };
    (!host.is_empty() && !host.ends_with(':')).then_some((host, port))
}

/// Bytes of host and port.
const HOST: [bool; 256] = class(b".-_:[]");

/// Nothing that ends a URI in a message.
fn is_opaque(bytes: &[u8]) -> bool {
    const OUTSIDE: [bool; 256] = {
        let mut table = [false; 256];
        let mut at = 0;
        while at < b" \t\r\n<>\"".len() {
            table[b" \t\r\n<>\""[at] as usize] = true;
            at += 1;
        }
        table
    };
    !bytes.iter().any(|byte| OUTSIDE[usize::from(*byte)])
}

/// A byte that may stand in a user part unescaped (RFC 3261 §25.1).
pub const fn is_user_byte(byte: u8) -> bool {
    (is_token_byte(byte) && !matches!(byte, b'%' | b'`'))
        || matches!(byte, b'(' | b')' | b'&' | b'=' | b'$' | b',' | b';' | b'?' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_follows_the_examples_of_rfc_3261_19_1_4() {
        let check = |one: &str, other: &str, expect: bool| {
            let one = Uri::parse(one.as_bytes()).unwrap();
            let other = Uri::parse(other.as_bytes()).unwrap();
            assert_eq!(one.equivalent(&other), expect, "{one:?} {other:?}");
            assert_eq!(other.equivalent(&one), expect);
        };
        check("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true);
        check("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true);
        check("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true);
        check(
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            true,
        );
        check("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false);
        check("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false);
        check("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false);
        check("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false);
        check("sip:a%00@h", "sip:a@h", false);
    }

    #[test]
    fn bad_uris_are_refused() {
        for bad in
            ["", "alice", "sip:", "sip:@h", "sip:a@", "sip:a@h:99999", "sip:a@[::g]", "sip:a b@h", "1:x"]
        {
            assert!(Uri::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_are_found() {
        let uri = Uri::parse(b"sip:user;par=u%40example.net@[2001:db8::1]:5070;lr?a=b").unwrap();
        assert_eq!(uri.user_decoded(), "user;par=u@example.net");
        assert_eq!(uri.host(), Some(Host::V6("2001:db8::1".parse().unwrap())));
        assert_eq!((uri.port(), uri.headers()), (Some(5070), &b"a=b"[..]));
        assert_eq!(uri.parameters().value("lr"), Some(&b""[..]));
        assert_eq!(Uri::parse(b"tel:+15551234;ext=5").unwrap().user_decoded(), "+15551234");
    }
}
