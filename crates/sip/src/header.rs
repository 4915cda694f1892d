//! The grammar that headers share: lists, parameters, name-addr, Via, Replaces.

use std::borrow::Cow;

use crate::uri::Uri;

/// A byte of a token (RFC 3261 §25.1).
pub const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

const TOKEN: [bool; 256] = class(b"-.!%*_+`'~");

/// A table of letters, digits and some more bytes.
pub(crate) const fn class(more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < more.len() {
        table[more[at] as usize] = true;
        at += 1;
    }
    table
}

/// The elements of a comma-separated list; commas in quotes and angle brackets do not separate.
pub fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    split(value, b',')
}

/// Whether a host as written is this address.
pub fn is_address(host: &str, address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => {
            let mut octets = v4.octets().into_iter();
            let mut parts = host.split('.');
            let same = octets.by_ref().all(|octet| {
                parts.next().is_some_and(|part| number(part.as_bytes()) == Some(u64::from(octet)))
            });
            same && parts.next().is_none()
        }
        std::net::IpAddr::V6(_) => host.trim_matches(['[', ']']).parse() == Ok(address),
    }
}

/// Splits at a byte outside quotes and angle brackets; the parts are trimmed.
fn split(value: &[u8], at: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let end = outside(value, at);
        rest = end.and_then(|end| value.get(end + 1..));
        Some(value.get(..end.unwrap_or(value.len())).unwrap_or_default().trim_ascii())
    })
}

/// The first position of a byte outside quotes and angle brackets.
fn outside(value: &[u8], wanted: u8) -> Option<usize> {
    let first = memchr::memchr(wanted, value)?;
    if memchr::memchr2(b'"', b'<', value.get(..first)?).is_none() {
        // Nothing is open before it; so it is outside.
        return Some(first);
    }
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    for (position, &byte) in value.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match byte {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if byte == wanted && !bracketed {
            return Some(position);
        } else {
            match byte {
                b'"' if !bracketed => quoted = true,
                b'<' => bracketed = true,
                b'>' => bracketed = false,
                _ => {}
            }
        }
    }
    None
}

/// A number of at most 2^32-1, or larger as far as 64 bits go; `None` for anything else.
pub fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 {
        return None;
    }
    value.iter().try_fold(0u64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// A number that fits 32 bits.
pub fn number32(value: &[u8]) -> Option<u32> {
    number(value).and_then(|value| u32::try_from(value).ok())
}

/// Parameters after a value: `;name=value;flag`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parameters<'b>(&'b [u8]);

impl<'b> Parameters<'b> {
    /// Parameters in text that begins with a semicolon or is empty.
    pub const fn new(text: &'b [u8]) -> Self {
        Parameters(text)
    }

    /// Name and value of each; a flag has no value.
    pub fn iter(&self) -> impl Iterator<Item = (&'b [u8], Option<&'b [u8]>)> + use<'b> {
        let text = self.0.strip_prefix(b";").unwrap_or_default();
        split(text, b';').filter(|part| !part.is_empty()).map(|part| {
            match part.iter().position(|byte| *byte == b'=') {
                Some(equals) => {
                    let name = part.get(..equals).unwrap_or_default().trim_ascii();
                    (name, part.get(equals + 1..).map(<[u8]>::trim_ascii))
                }
                None => (part, None),
            }
        })
    }

    /// The value of a parameter; empty for a flag.
    pub fn value(&self, name: &str) -> Option<&'b [u8]> {
        if self.0.is_empty() {
            return None;
        }
        self.iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.unwrap_or_default())
    }

    /// Whether every parameter is one: no empty ones, no lone equals sign.
    pub fn are_well_formed(&self) -> bool {
        let Some(text) = self.0.strip_prefix(b";") else { return self.0.trim_ascii().is_empty() };
        split(text, b';').all(is_well_formed)
    }
}

/// `name` or `name=value` with a token for a name.
fn is_well_formed(part: &[u8]) -> bool {
    let (name, value) = match memchr::memchr(b'=', part) {
        Some(equals) => {
            let value = part.get(equals + 1..).unwrap_or_default().trim_ascii();
            (part.get(..equals).unwrap_or_default().trim_ascii(), Some(value))
        }
        None => (part, None),
    };
    !name.is_empty() && value != Some(b"") && name.iter().all(|byte| is_token_byte(*byte))
}

/// A display name, an address and parameters, as in From, To, Contact, Route (RFC 3261 §20.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NameAddr<'b> {
    /// The display name as written, with its quotes; empty when there is none.
    pub display: &'b [u8],
    /// The URI.
    pub uri: &'b [u8],
    /// Header parameters.
    pub parameters: Parameters<'b>,
}

impl<'b> NameAddr<'b> {
    /// Reads name-addr or addr-spec; `None` when it is neither.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        let value = value.trim_ascii();
        if let Some(open) = outside(value, b'<') {
            let display = value.get(..open)?.trim_ascii();
            let close = open + memchr::memchr(b'>', value.get(open..)?)?;
            let parameters = value.get(close + 1..)?.trim_ascii();
            let well =
                (parameters.is_empty() || parameters.first() == Some(&b';')) && display_is_valid(display);
            let uri = value.get(open + 1..close)?;
            return well.then_some(NameAddr { display, uri, parameters: Parameters(parameters) });
        }
        // Without brackets every parameter is a header parameter (RFC 3261 §20).
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let uri = value.get(..end)?.trim_ascii();
        // A URI with a comma, question mark or white space must stand in brackets (RFC 3261 §20.10).
        let bare =
            !uri.is_empty() && !uri.iter().any(|byte| matches!(byte, b'?' | b',' | b' ' | b'\t' | b'"'));
        bare.then_some(NameAddr { display: b"", uri, parameters: Parameters(value.get(end..)?) })
    }

    /// The tag parameter; empty when there is none.
    pub fn tag(&self) -> &'b str {
        text(self.parameters.value("tag").unwrap_or_default())
    }

    /// The display name without quotes and escapes.
    pub fn display_name(&self) -> Cow<'b, str> {
        match self.display {
            [b'"', inner @ .., b'"'] if inner.contains(&b'\\') => {
                let mut out = Vec::with_capacity(inner.len());
                let mut bytes = inner.iter();
                while let Some(&byte) = bytes.next() {
                    if byte == b'\\' {
                        out.extend(bytes.next());
                    } else {
                        out.push(byte);
                    }
                }
                Cow::Owned(String::from_utf8_lossy(&out).into_owned())
            }
            [b'"', inner @ .., b'"'] => String::from_utf8_lossy(inner),
            plain => String::from_utf8_lossy(plain),
        }
    }

    /// The user part of the URI, unescaped; empty when there is none.
    pub fn user(&self) -> Cow<'b, str> {
        Uri::parse(self.uri).map(|uri| uri.user_decoded()).unwrap_or_default()
    }
}

/// A display name is one quoted string or a row of tokens (RFC 3261 §25.1).
fn display_is_valid(display: &[u8]) -> bool {
    match display {
        [b'"', inner @ ..] => {
            let mut escaped = false;
            for (position, byte) in inner.iter().enumerate() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => return position + 1 == inner.len(),
                    _ => {}
                }
            }
            false
        }
        plain => {
            plain.iter().all(|byte| is_token_byte(*byte) || matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        }
    }
}

/// A Via element (RFC 3261 §20.42).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Via<'b> {
    /// `UDP`, `TCP` …
    pub transport: &'b str,
    /// Host and port as written.
    pub sent_by: &'b str,
    /// Parameters.
    pub parameters: Parameters<'b>,
    branch: Option<&'b str>,
    /// `rport` asks for the port of the packet (RFC 3581).
    pub wants_port: bool,
}

impl<'b> Via<'b> {
    /// Reads one element; `None` when it is not one.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let head = std::str::from_utf8(value.get(..end)?).ok()?;
        let rest = match head.strip_prefix("SIP/2.0/") {
            Some(rest) => rest,
            None => {
                let (protocol, rest) = head.split_once('/')?;
                let (version, rest) = rest.split_once('/')?;
                let sip = protocol.trim().eq_ignore_ascii_case("SIP") && version.trim() == "2.0";
                if !sip {
                    return None;
                }
                rest.trim_start()
            }
        };
        let space = rest.bytes().position(|byte| byte.is_ascii_whitespace())?;
        let (transport, sent_by) = (rest.get(..space)?, rest.get(space..)?.trim());
        if transport.is_empty() || !host_is_plausible(sent_by) {
            return None;
        }
        let parameters = Parameters(value.get(end..)?);
        let (mut branch, mut wants_port) = (None, false);
        if let Some(text) = parameters.0.strip_prefix(b";") {
            for part in split(text, b';') {
                if !is_well_formed(part) {
                    return None;
                }
                if branch.is_none() && part.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"branch="))
                {
                    branch = part.get(7..).map(self::text);
                } else if part.eq_ignore_ascii_case(b"rport") {
                    wants_port = true;
                }
            }
        }
        Some(Via { transport, sent_by, parameters, branch, wants_port })
    }

    /// The branch; `None` when there is none.
    pub const fn branch(&self) -> Option<&'b str> {
        self.branch
    }

    /// Host and port of sent-by; the port is 5060 when it is not written.
    pub fn host_and_port(&self) -> (&'b str, u16) {
        let sent_by = self.sent_by;
        let split = match sent_by.rfind(']') {
            Some(bracket) => sent_by.get(bracket..).and_then(|rest| rest.find(':')).map(|c| bracket + c),
            None => sent_by.find(':'),
        };
        match split {
            Some(colon) => {
                let port = sent_by.get(colon + 1..).and_then(|port| port.trim().parse().ok());
                (sent_by.get(..colon).unwrap_or_default().trim_end(), port.unwrap_or(5060))
            }
            None => (sent_by, 5060),
        }
    }
}

fn host_is_plausible(sent_by: &str) -> bool {
    const SENT_BY: [bool; 256] = class(b".-_:[] \t");
    !sent_by.is_empty() && sent_by.bytes().all(|byte| SENT_BY[usize::from(byte)])
}

/// Which dialog an INVITE shall take the place of (RFC 3891 §6.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaces<'b> {
    /// Call-ID of that dialog.
    pub call_id: Cow<'b, str>,
    /// Its To tag: the tag of the side that gets the INVITE.
    pub to_tag: Cow<'b, str>,
    /// Its From tag: the tag of the other side.
    pub from_tag: Cow<'b, str>,
    /// Only while the dialog is early.
    pub early_only: bool,
}

impl<'b> Replaces<'b> {
    /// Reads the header's value.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        let value = std::str::from_utf8(value).ok()?;
        let (call_id, rest) = value.split_once(';')?;
        let mut parts = rest.split(';').map(str::trim);
        let field = |name: &str, part: &'b str| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        };
        let mut to_tag = None;
        let mut from_tag = None;
        let mut early_only = false;
        for part in parts.by_ref() {
            to_tag = to_tag.or_else(|| field("to-tag", part));
            from_tag = from_tag.or_else(|| field("from-tag", part));
            early_only |= part.eq_ignore_ascii_case("early-only");
        }
        Some(Replaces {
            call_id: Cow::Borrowed(call_id.trim()),
            to_tag: Cow::Borrowed(to_tag?),
            from_tag: Cow::Borrowed(from_tag?),
            early_only,
        })
    }

    /// The same with everything owned.
    pub fn into_owned(self) -> Replaces<'static> {
        Replaces {
            call_id: Cow::Owned(self.call_id.into_owned()),
            to_tag: Cow::Owned(self.to_tag.into_owned()),
            from_tag: Cow::Owned(self.from_tag.into_owned()),
            early_only: self.early_only,
        }
    }
}

/// Bytes as text; empty when they are not UTF-8.
pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_split_outside_quotes_and_brackets() {
        let check = |value: &str, expect: &[&str]| {
            let got: Vec<&str> = elements(value.as_bytes()).map(text).collect();
            assert_eq!(got, expect);
        };
        check("a, b ,c", &["a", "b", "c"]);
        check("\"x, \\\" y\" <sip:a,b@c>;p=1, <sip:d>", &["\"x, \\\" y\" <sip:a,b@c>;p=1", "<sip:d>"]);
        check("", &[""]);
    }

    #[test]
    fn a_name_addr_is_taken_apart() {
        let check = |value: &'static str, expect: Option<(&str, &str, &str)>| {
            let parsed = NameAddr::parse(value.as_bytes());
            let got =
                parsed.map(|n| (n.display_name().into_owned(), text(n.uri).to_owned(), n.tag().to_owned()));
            assert_eq!(got, expect.map(|(a, b, c)| (a.into(), b.into(), c.into())), "{value}");
        };
        check("\"A \\\" B\" <sip:a@b;x=y>;tag=1", Some(("A \" B", "sip:a@b;x=y", "1")));
        check("caller<sip:caller@example.com>;tag=323", Some(("caller", "sip:caller@example.com", "323")));
        check("sip:a@b;tag=7", Some(("", "sip:a@b", "7")));
        check("\"open <sip:a@b>", None);
        check("sip:a@b?Route=x", None);
        check("Bell, Alexander <sip:a@b>", None);
    }

    #[test]
    fn via_knows_its_port_with_and_without_ipv6() {
        let check = |value: &str, expect: Option<(&str, u16)>| {
            let via = Via::parse(value.as_bytes());
            assert_eq!(via.as_ref().map(Via::host_and_port), expect, "{value}");
        };
        check("SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKx;rport", Some(("192.0.2.1", 5070)));
        check("SIP / 2.0 / UDP 192.0.2.1;branch=x", Some(("192.0.2.1", 5060)));
        check("SIP/2.0/TCP [2001:db8::1]:5071;branch=x", Some(("[2001:db8::1]", 5071)));
        check("SIP/2.0/UDP host;;branch=x", None);
        check("SIP/7.0/UDP host;branch=x", None);
    }
}
