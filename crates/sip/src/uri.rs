//! URIs as SIP uses them (RFC 3261 §19.1, RFC 3966); others are kept as they are.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::header::{Parameters, class, is_word, set, text};
use crate::scan::find;

/// A URI, read in place: offsets into the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uri<'b> {
    text: &'b [u8],
    scheme: Scheme,
    has_user: bool,
    port: Option<u16>,
    /// Where scheme, user, user with password, host, and parameters end.
    scheme_end: u16,
    user_end: u16,
    userinfo_end: u16,
    host_end: u16,
    parameters_start: u16,
    parameters_end: u16,
}

/// What kind of URI it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// `urn:`, for example of an emergency service (RFC 5031)
    Urn,
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
    pub fn parse(text: &'b [u8]) -> Result<Self, UriError> {
        if text.len() > usize::from(u16::MAX) {
            return Err(UriError { expected: "a shorter URI" });
        }
        let (scheme, colon) = scheme(text).ok_or(UriError { expected: "a scheme" })?;
        match scheme {
            Scheme::Sip | Scheme::Sips => Self::parse_sip(text, scheme, colon),
            Scheme::Tel | Scheme::Urn | Scheme::Other => Self::parse_opaque(text, scheme, colon),
        }
    }

    fn parse_sip(text: &'b [u8], scheme: Scheme, colon: usize) -> Result<Self, UriError> {
        let err = |expected| UriError { expected };
        let rest = text.get(colon + 1..).unwrap_or_default();
        let (user_len, at) = userinfo(rest).ok_or(err("a user before @"))?;
        let at = at.map(|at| colon + 1 + at);
        let userinfo_end = at.unwrap_or(colon + 1);
        let host_start = at.map_or(colon + 1, |at| at + 1);
        let (host_end, port, tail_start) =
            host_and_port(text, host_start).ok_or(err("a host and perhaps a port of 0 to 65535"))?;
        let tail = text.get(tail_start..).unwrap_or_default();
        if !matches!(tail.first(), None | Some(b';' | b'?')) || !is_opaque(tail) {
            return Err(err("parameters or headers after the host"));
        }
        let question = find(tail, b'?').unwrap_or(tail.len());
        Ok(Uri {
            text,
            scheme,
            has_user: at.is_some(),
            port,
            scheme_end: colon as u16,
            user_end: (colon + 1 + user_len) as u16,
            userinfo_end: userinfo_end as u16,
            host_end: host_end as u16,
            parameters_start: tail_start as u16,
            parameters_end: (tail_start + question) as u16,
        })
    }

    /// A URI without a host; the number of `tel:` counts as its user.
    fn parse_opaque(text: &'b [u8], scheme: Scheme, colon: usize) -> Result<Self, UriError> {
        let rest = text.get(colon + 1..).unwrap_or_default();
        if !is_opaque(rest) {
            return Err(UriError { expected: "no white space, quotes or brackets" });
        }
        let is_tel = scheme == Scheme::Tel;
        let semicolon = if is_tel { find(rest, b';') } else { None };
        let user_end = (colon + 1 + semicolon.unwrap_or(rest.len())) as u16;
        if is_tel && user_end as usize == colon + 1 {
            return Err(UriError { expected: "a number" });
        }
        Ok(Uri {
            text,
            scheme,
            has_user: is_tel,
            port: None,
            scheme_end: colon as u16,
            user_end,
            userinfo_end: user_end,
            host_end: user_end,
            parameters_start: user_end,
            parameters_end: text.len() as u16,
        })
    }

    /// What kind of URI it is.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The scheme as written.
    pub fn scheme_text(&self) -> &'b str {
        text(self.part(0, self.scheme_end))
    }

    /// True for `sip:` and `sips:`.
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part as written, the number of a `tel:` URI; `None` when there is none.
    pub fn user(&self) -> Option<&'b [u8]> {
        self.has_user.then(|| self.part(self.scheme_end + 1, self.user_end))
    }

    /// The password as written. Nothing uses it, but it makes URIs differ (RFC 3261 §19.1.4).
    pub fn password(&self) -> Option<&'b [u8]> {
        (self.user_end < self.userinfo_end).then(|| self.part(self.user_end + 1, self.userinfo_end))
    }

    /// The user part with its escapes taken out once; bytes that are not UTF-8 are replaced. The number of a
    /// `tel:` URI comes without its visual separators (RFC 3966 §5.1.1).
    pub fn user_decoded(&self) -> Cow<'b, str> {
        let Some(user) = self.user() else { return Cow::Borrowed("") };
        if self.scheme == Scheme::Tel && user.iter().any(is_visual_separator) {
            let digits = user.iter().filter(|byte| !is_visual_separator(byte));
            return Cow::Owned(digits.map(|byte| char::from(*byte)).collect());
        }
        if find(user, b'%').is_some() {
            return Cow::Owned(String::from_utf8_lossy(&decode(user)).into_owned());
        }
        match std::str::from_utf8(user) {
            Ok(user) => Cow::Borrowed(user),
            Err(_) => String::from_utf8_lossy(user),
        }
    }

    /// The same as somebody is called: a number in a SIP URI comes without the parameters that belong to it and not to the
    /// URI (RFC 3261 §19.1.6).
    pub fn number_or_user(&self) -> Cow<'b, str> {
        match number_before_parameters(self.user().unwrap_or_default()) {
            Some(number) => Cow::Borrowed(text(number)),
            None => self.user_decoded(),
        }
    }

    /// The address at which it says that somebody is; `None` for a name.
    pub fn address(&self) -> Option<IpAddr> {
        match self.host()? {
            Host::V4(address) => Some(address.into()),
            Host::V6(address) => Some(address.into()),
            Host::Name(_) => None,
        }
    }

    /// The host of a SIP URI.
    pub fn host(&self) -> Option<Host<'b>> {
        match self.host_bytes() {
            [] => None,
            [b'[', inner @ .., b']'] => text(inner).parse().ok().map(Host::V6),
            host => Some(v4(host).map_or_else(|| Host::Name(text(host)), Host::V4)),
        }
    }

    /// The host as written; empty for URIs without one.
    pub fn host_text(&self) -> &'b str {
        text(self.host_bytes())
    }

    /// The port, when written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The value of a parameter, escapes taken out once of its name and value; empty for a flag.
    pub fn parameter(&self, name: &str) -> Option<Cow<'b, [u8]>> {
        let (_, value) = self.parameters().iter().find(|(written, _)| same_name(written, name.as_bytes()))?;
        Some(match value.unwrap_or_default() {
            plain if find(plain, b'%').is_none() => Cow::Borrowed(plain),
            escaped => Cow::Owned(decode(escaped)),
        })
    }

    /// URI parameters as written.
    pub fn parameters(&self) -> Parameters<'b> {
        Parameters::new(self.part(self.parameters_start, self.parameters_end))
    }

    /// The part after `?`, as written.
    pub fn headers(&self) -> &'b [u8] {
        self.text.get(usize::from(self.parameters_end) + 1..).unwrap_or_default()
    }

    fn host_bytes(&self) -> &'b [u8] {
        if !self.is_sip() {
            return b"";
        }
        self.part(self.userinfo_end + u16::from(self.has_user), self.host_end)
    }

    fn part(&self, from: u16, to: u16) -> &'b [u8] {
        self.text.get(usize::from(from)..usize::from(to)).unwrap_or_default()
    }

    /// Whether two URIs are equal by RFC 3261 §19.1.4, RFC 3966 §5 or as text.
    pub fn equivalent(&self, other: &Uri<'_>) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        if self.text == other.text {
            return true;
        }
        match self.scheme {
            Scheme::Sip | Scheme::Sips => self.equivalent_sip(other),
            Scheme::Tel => {
                let digits = |uri: &Uri<'_>| {
                    let user = uri.part(uri.scheme_end + 1, uri.user_end).iter();
                    user.filter(|byte| !is_visual_separator(byte))
                        .map(u8::to_ascii_lowercase)
                        .collect::<Vec<_>>()
                };
                let (one, theirs) = (self.parameters(), other.parameters());
                digits(self) == digits(other)
                    && one.iter().nth(COMPARED_MAX).is_none()
                    && one.iter().count() == theirs.iter().count()
                    && one.iter().all(|parameter| has_same(&theirs, parameter))
            }
            Scheme::Urn | Scheme::Other => {
                self.scheme_text().eq_ignore_ascii_case(other.scheme_text())
                    && self.part(self.scheme_end, self.user_end)
                        == other.part(other.scheme_end, other.user_end)
            }
        }
    }

    fn equivalent_sip(&self, other: &Uri<'_>) -> bool {
        let few = |uri: &Uri<'_>| {
            uri.parameters().iter().nth(COMPARED_MAX).is_none()
                && uri.headers().split(|byte| *byte == b'&').nth(COMPARED_MAX).is_none()
        };
        self.port == other.port
            && few(self)
            && few(other)
            && same_escaped(self.user(), other.user())
            && same_escaped(self.password(), other.password())
            && (self.host_bytes().eq_ignore_ascii_case(other.host_bytes())
                || matches!((self.host(), other.host()), (Some(Host::V6(one)), Some(Host::V6(two))) if one == two))
            && same_parameters(&self.parameters(), &other.parameters())
            && same_parameters(&other.parameters(), &self.parameters())
            && same_headers(self.headers(), other.headers())
    }
}

/// Parameters and headers of a URI that are compared one by one, each with each; URIs with more are equal only when
/// their text is, so that a peer cannot make us compare for long.
const COMPARED_MAX: usize = 32;

/// The scheme and where its colon is (RFC 3261 §25.1).
fn scheme(text: &[u8]) -> Option<(Scheme, usize)> {
    if text.first_chunk::<4>().is_some_and(|start| is_word(start, b"sip:")) {
        return Some((Scheme::Sip, 3));
    }
    let colon =
        text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))?;
    let (name, rest) = text.split_at(colon);
    if rest.first() != Some(&b':') || !name.first()?.is_ascii_alphabetic() {
        return None;
    }
    let known = [(&b"sips"[..], Scheme::Sips), (b"tel", Scheme::Tel), (b"urn", Scheme::Urn)];
    let found = known.iter().find(|(text, _)| name.eq_ignore_ascii_case(text));
    Some((found.map_or(Scheme::Other, |(_, scheme)| *scheme), colon))
}

/// The length of the user and where its `@` is; `None` for a user that cannot be.
fn userinfo(rest: &[u8]) -> Option<(usize, Option<usize>)> {
    static ENDS: [bool; 256] = set(b":@ \t\r\n<>\"");
    let end = rest.iter().position(|byte| ENDS[usize::from(*byte)]).unwrap_or(rest.len());
    if end > 0 && rest.get(end) == Some(&b'@') {
        return Some((end, Some(end)));
    }
    let Some(at) = find(rest, b'@') else { return Some((0, None)) };
    // What ended the user must have been the colon before a password.
    (end > 0 && rest.get(end) == Some(&b':') && is_opaque(rest.get(..at)?)).then_some((end, Some(at)))
}

/// The end of the host, the port, and the end of both.
fn host_and_port(text: &[u8], start: usize) -> Option<(usize, Option<u16>, usize)> {
    static NAME: [bool; 256] = class(b".-_");
    let rest = text.get(start..)?;
    let host_len = match rest.first()? {
        b'[' => {
            let close = find(rest, b']')?;
            self::text(rest.get(1..close)?).parse::<Ipv6Addr>().ok()?;
            close + 1
        }
        _ => rest.iter().position(|byte| !NAME[usize::from(*byte)]).unwrap_or(rest.len()),
    };
    let host_end = start + host_len;
    let after = text.get(host_end..)?;
    if host_len == 0 {
        return None;
    }
    let Some(digits) = after.strip_prefix(b":") else { return Some((host_end, None, host_end)) };
    let len = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let port = u16::try_from(crate::header::number(digits.get(..len)?)?).ok()?;
    Some((host_end, Some(port), host_end + 1 + len))
}

/// A dotted quad and nothing else; no leading zeros, which some read as octal.
fn v4(host: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = host.split(|byte| *byte == b'.');
    for octet in &mut octets {
        let digits = parts.next().filter(|digits| matches!(digits, [b'0'] | [b'1'..=b'9', ..]))?;
        *octet = u8::try_from(crate::header::number(digits)?).ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

/// Bytes that only make a number easier to read (RFC 3966 §5.1.1).
/// What stands before the parameters of a telephone number; `None` where it is none, or has none.
fn number_before_parameters(user: &[u8]) -> Option<&[u8]> {
    let number = user.get(..find(user, b';')?)?;
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+*#".contains(byte);
    (number.iter().any(u8::is_ascii_digit) && number.iter().all(is_part)).then_some(number)
}

const fn is_visual_separator(byte: &u8) -> bool {
    matches!(byte, b'-' | b'.' | b'(' | b')')
}

/// A parameter in both must match; these must be in both or in none (RFC 3261 §19.1.4).
fn same_parameters(one: &Parameters<'_>, other: &Parameters<'_>) -> bool {
    one.iter().all(|(name, value)| {
        has_same(other, (name, value))
            || (!other.iter().any(|(theirs, _)| same_name(theirs, name))
                && ![&b"user"[..], b"ttl", b"method", b"maddr", b"transport"]
                    .iter()
                    .any(|must| same_name(name, must)))
    })
}

/// Whether the first parameter of this name has this value, without regard to case.
fn has_same(parameters: &Parameters<'_>, (name, value): (&[u8], Option<&[u8]>)) -> bool {
    let found = parameters.iter().find(|(other, _)| same_name(other, name));
    found.is_some_and(|(_, theirs)| same_name(value.unwrap_or_default(), theirs.unwrap_or_default()))
}

/// Whether two parts are equal when their escapes are taken out, without regard to case.
fn same_name(one: &[u8], other: &[u8]) -> bool {
    one.eq_ignore_ascii_case(other)
        || unescape(one).map(Unescaped::to_lowercase).eq(unescape(other).map(Unescaped::to_lowercase))
}

/// Whether two parts are equal when their escapes are taken out.
fn same_escaped(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other || unescape(one).eq(unescape(other)),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// A byte of a URI. An escaped reserved character is another one than the same written plainly, since it has no
/// meaning in the syntax (RFC 3261 §19.1.4).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Unescaped {
    byte: u8,
    reserved: bool,
}

impl Unescaped {
    const fn to_lowercase(self) -> Self {
        Unescaped { byte: self.byte.to_ascii_lowercase(), ..self }
    }
}

/// The bytes of a part with its escapes taken out, once; a `%` that is not an escape stays.
fn unescape(bytes: &[u8]) -> impl Iterator<Item = Unescaped> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if let [b'%', high, low, after @ ..] = rest
            && let Some((high, low)) = hex(*high).zip(hex(*low))
        {
            rest = after;
            let byte = high << 4 | low;
            return Some(Unescaped { byte, reserved: b";/?:@&=+$,".contains(&byte) });
        }
        let (byte, after) = rest.split_first()?;
        rest = after;
        Some(Unescaped { byte: *byte, reserved: false })
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
    unescape(bytes).map(|unescaped| unescaped.byte).collect()
}

const fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Nothing that ends a URI in a message.
fn is_opaque(bytes: &[u8]) -> bool {
    static OUTSIDE: [bool; 256] = set(b" \t\r\n<>\"");
    !bytes.iter().any(|byte| OUTSIDE[usize::from(*byte)])
}

/// A byte that may stand in a user part unescaped (RFC 3261 §25.1).
pub const fn is_user_byte(byte: u8) -> bool {
    static USER: [bool; 256] = class(b"-_.!~*'()&=+$,;?/");
    USER[byte as usize]
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
        check("sip:a%00@h", "sip:a%00%00@h", false);
        check("sip:a%3bb@h", "sip:a;b@h", false);
        check("sip:a%3bb@h", "sip:a%3Bb@h", true);
        check("sip:a:p@h", "sip:a@h", false);
        check("sip:a:p@h", "sip:a:%70@h", true);
        check("sip:a@[2001:DB8:0::1]", "sip:a@[2001:db8::1]", true);
        check("sip:a@h;lr", "sip:a@h;lr=on", false);
        check("sip:a@h?a=b", "sip:a@h", false);
        check("sip:a@h;%6C%72;x=%41", "sip:a@h;lr;x=a", true);
        check("sips:a@h", "sip:a@h", false);
        check("tel:+1-555-1234", "TEL:+1(555)1234", true);
        check("tel:7042;phone-context=example.com", "tel:7042", false);
        check("urn:service:sos", "URN:service:sos", true);
        check("isbn:1", "name:1", false);
    }

    #[test]
    fn uris_with_very_many_parts_are_equal_only_as_text() {
        for many in [";x".repeat(20_000), format!("?{}", "x&".repeat(20_000))] {
            let (one, other) = (format!("sip:a@h{many}"), format!("sip:%61@h{many}"));
            let one = Uri::parse(one.as_bytes()).unwrap();
            assert!(one.equivalent(&one));
            assert!(!one.equivalent(&Uri::parse(other.as_bytes()).unwrap()));
        }
    }

    #[test]
    fn bad_uris_are_refused() {
        for bad in [
            "",
            "alice",
            "sip:",
            "sip:@h",
            "sip::p@h",
            "sip:a@",
            "sip:a@h:",
            "sip:a@h:99999",
            "sip:a@h:5060x",
            "sip:a@[::g]",
            "sip:a@[::1",
            "sip:a b@h",
            "sip:a@h;x=\"",
            "sip:a@h<",
            "1:x",
            "tel:",
            "x y:z",
        ] {
            assert!(Uri::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_told_from_names() {
        for host in [
            "192.0.2.1",
            "0.0.0.0",
            "255.255.255.255",
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.04",
            "1.2.3.",
            "1..2.3",
            "a.b.c.d",
            "1.2.3.4a",
            "10",
            ".",
            "00.0.0.0",
            "1.2.3.1111",
            "example.com",
        ] {
            let text = format!("sip:a@{host}");
            let expect = host.parse().map_or(Host::Name(host), Host::V4);
            assert_eq!(Uri::parse(text.as_bytes()).unwrap().host(), Some(expect), "{host}");
        }
    }

    #[test]
    fn parts_are_found() {
        let uri = Uri::parse(b"sip:user;par=u%40example.net@[2001:db8::1]:5070;lr?a=b").unwrap();
        assert_eq!(uri.user_decoded(), "user;par=u@example.net");
        assert_eq!(uri.host(), Some(Host::V6("2001:db8::1".parse().unwrap())));
        assert_eq!((uri.port(), uri.headers()), (Some(5070), &b"a=b"[..]));
        assert_eq!(uri.parameters().value("lr"), Some(&b""[..]));
        assert_eq!(Uri::parse(b"tel:+1-555-1234;ext=5").unwrap().user_decoded(), "+15551234");
        assert_eq!(Uri::parse(b"tel:911").unwrap().user_decoded(), "911");
        // A number's parameters are no part of it; what only looks like some belongs to a name.
        let check = |uri: &str, expect: &str| {
            assert_eq!(Uri::parse(uri.as_bytes()).unwrap().number_or_user(), expect, "{uri}");
        };
        check("sip:+14085551234;phone-context=example.com@192.0.2.1;user=phone", "+14085551234");
        check("sip:4711;isub=5@192.0.2.1", "4711");
        check("sip:*21;npdi@192.0.2.1", "*21");
        check("sip:alice;4711@192.0.2.1", "alice;4711");
        check("sip:;4711@192.0.2.1", ";4711");
        check("sip:+;a@192.0.2.1", "+;a");
        let uri = Uri::parse(b"SIPS:al%69ce:se%63ret@Host.example?x=y").unwrap();
        assert_eq!((uri.scheme(), uri.scheme_text()), (Scheme::Sips, "SIPS"));
        assert_eq!((uri.user_decoded().as_ref(), uri.password()), ("alice", Some(&b"se%63ret"[..])));
        assert_eq!((uri.host(), uri.port()), (Some(Host::Name("Host.example")), None));
        assert_eq!((uri.headers(), uri.parameters()), (&b"x=y"[..], Parameters::default()));
        let uri = Uri::parse(b"urn:service:sos.fire").unwrap();
        assert_eq!((uri.scheme(), uri.user(), uri.host()), (Scheme::Urn, None, None));
    }

    #[test]
    fn escapes_are_taken_out_once_and_a_nul_ends_nothing() {
        let check = |text: &str, expect: &[u8]| assert_eq!(decode(text.as_bytes()), expect, "{text}");
        check("name=value%2541", b"name=value%41");
        check("%00%00", b"\0\0");
        check("%Z%45%", b"%ZE%");
        check("a%4", b"a%4");
    }
}
