//! The grammar that headers share: lists, parameters, name-addr, Via, Replaces.

mod address;
mod contact;
mod replaces;
mod via;

pub use address::NameAddr;
pub(crate) use address::unescaped;
pub use contact::Contact;
pub use replaces::Replaces;
pub use via::Via;

use crate::scan::{find, find_either, has_space_or_quote};

/// A byte of a token (RFC 3261 §25.1).
pub const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

pub(crate) static TOKEN: [bool; 256] = class(b"-.!%*_+`'~");

/// A table of letters, digits and some more bytes.
pub(crate) const fn class(more: &[u8]) -> [bool; 256] {
    let mut table = set(more);
    let mut byte = 0;
    while byte < 256 {
        table[byte] |= (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
}

/// A table of some bytes.
pub(crate) const fn set(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}

/// The elements of a comma-separated list; commas in quotes and angle brackets do not separate.
pub fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let (element, after) = element(rest?);
        rest = after;
        Some(element)
    })
}

/// The first element of a list, and what follows its comma.
#[inline]
pub(crate) fn element(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    match outside(value, b',') {
        Some(end) => (value.get(..end).unwrap_or_default().trim_ascii(), value.get(end + 1..)),
        None => (value.trim_ascii(), None),
    }
}

/// The first position of a byte outside quotes and angle brackets.
fn outside(value: &[u8], wanted: u8) -> Option<usize> {
    let first = find(value, wanted)?;
    if find_either(value.get(..first)?, b'"', b'<').is_none() {
        // Nothing is open before it; so it is outside.
        return Some(first);
    }
    let mut at = 0;
    loop {
        let rest = value.get(at..)?;
        at += memchr::memchr3(wanted, b'"', b'<', rest)?;
        match value.get(at)? {
            byte if *byte == wanted => return Some(at),
            b'"' => at += quoted_len(value.get(at..)?)?,
            _ => at += find(value.get(at..)?, b'>')? + 1,
        }
    }
}

/// The length of the quoted string that `value` begins with, its quotes included; `None` when it does not end.
pub(crate) fn quoted_len(value: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += find_either(value.get(at..)?, b'"', b'\\')?;
        match value.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Whether a word is this one, without regard to case. Nearly everybody writes it as the standard does, and then one
/// comparison of all its bytes is enough.
#[inline(always)]
pub(crate) fn is_word<const N: usize>(word: &[u8], known: &[u8; N]) -> bool {
    word.len() == N && (word == known || word.eq_ignore_ascii_case(known))
}

/// Whether a host as written is this address.
pub fn is_address(host: &[u8], address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => {
            let mut octets = v4.octets().into_iter();
            let mut parts = host.split(|byte| *byte == b'.');
            let same = octets.by_ref().all(|octet| parts.next().and_then(number) == Some(u64::from(octet)));
            same && parts.next().is_none()
        }
        std::net::IpAddr::V6(_) => text(host).trim_matches(['[', ']']).parse() == Ok(address),
    }
}

/// A number of at most 19 digits; `None` for anything else.
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

/// One parameter as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parameter<'b> {
    /// The name; empty when it is missing.
    pub(crate) name: &'b [u8],
    /// The value with its quotes; `None` for a flag.
    pub(crate) value: Option<&'b [u8]>,
    /// The name is a token and nothing but white space is between it and the equals sign.
    name_is_token: bool,
}

impl Parameter<'_> {
    /// A token for a name, and after an equals sign a value: quoted as a whole, or without white space and controls.
    pub(crate) fn is_well_formed(&self) -> bool {
        let value_is_well_formed = match self.value {
            None => true,
            Some(quoted @ [b'"', ..]) => quoted_len(quoted) == Some(quoted.len()),
            Some(value) => !value.is_empty() && !has_space_or_quote(value),
        };
        self.name_is_token && value_is_well_formed
    }
}

impl<'b> Parameters<'b> {
    /// Parameters in text that begins with a semicolon or is empty.
    pub const fn new(text: &'b [u8]) -> Self {
        Parameters(text)
    }

    /// Name and value of each; a flag has no value.
    pub fn iter(&self) -> impl Iterator<Item = (&'b [u8], Option<&'b [u8]>)> + use<'b> {
        self.parts().filter(|part| !part.name.is_empty()).map(|part| (part.name, part.value))
    }

    /// The value of a parameter; empty for a flag.
    pub fn value(&self, name: &str) -> Option<&'b [u8]> {
        self.parts()
            .find(|part| part.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|part| part.value.unwrap_or_default())
    }

    /// Whether every parameter is one: no empty ones, no lone equals sign.
    pub fn are_well_formed(&self) -> bool {
        let begins_well = self.0.first() == Some(&b';') || self.0.trim_ascii().is_empty();
        begins_well && self.parts().all(|part| part.is_well_formed())
    }

    /// What stands between the semicolons, also where it is not a parameter.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Parameter<'b>> + use<'b> {
        let mut rest = self.0.strip_prefix(b";");
        std::iter::from_fn(move || {
            let text = rest?;
            let end = part_len(text);
            rest = text.get(end + 1..);
            Some(parameter(text.get(..end).unwrap_or_default().trim_ascii()))
        })
    }
}

/// Where a parameter ends: at the next semicolon outside quotes.
fn part_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| find_either(rest, b';', b'"')) {
        at += found;
        if text.get(at) == Some(&b';') {
            return at;
        }
        match text.get(at..).and_then(quoted_len) {
            Some(len) => at += len,
            None => return text.len(),
        }
    }
    text.len()
}

/// Takes `name`, `name=value` or something broken apart.
fn parameter(part: &[u8]) -> Parameter<'_> {
    let name_end = part.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(part.len());
    let (name, rest) = part.split_at(name_end);
    match rest.trim_ascii_start() {
        [] => Parameter { name, value: None, name_is_token: !name.is_empty() },
        [b'=', value @ ..] => {
            Parameter { name, value: Some(value.trim_ascii_start()), name_is_token: !name.is_empty() }
        }
        [..] => Parameter { name: part, value: None, name_is_token: false },
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
    fn parameters_are_found_and_judged() {
        let check = |text: &str, expect: &[(&str, Option<&str>)], well_formed: bool| {
            let parameters = Parameters::new(text.as_bytes());
            let got: Vec<_> =
                parameters.iter().map(|(name, value)| (self::text(name), value.map(self::text))).collect();
            assert_eq!(got, expect, "{text}");
            assert_eq!(parameters.are_well_formed(), well_formed, "{text}");
        };
        check("", &[], true);
        check(";lr", &[("lr", None)], true);
        check(
            ";a=1 ; b = \"x;\\\"y\" ;c",
            &[("a", Some("1")), ("b", Some("\"x;\\\"y\"")), ("c", None)],
            true,
        );
        check(";a=\"<urn:x;y>\"", &[("a", Some("\"<urn:x;y>\""))], true);
        check(";;a", &[("a", None)], false);
        check(";a=", &[("a", Some(""))], false);
        check(";a;", &[("a", None)], false);
        check(";=1", &[], false);
        check(";a b", &[("a b", None)], false);
        check(";a=b c", &[("a", Some("b c"))], false);
        check(";a=b\"c\"", &[("a", Some("b\"c\""))], false);
        check(";a=b\rc", &[("a", Some("b\rc"))], false);
        check(";a=\"open;b", &[("a", Some("\"open;b"))], false);
        check("x;a", &[], false);
        assert_eq!(Parameters::new(b";Tag=1;tag=2").value("tag"), Some(&b"1"[..]));
        assert_eq!(Parameters::new(b";tags=1;lr").value("lr"), Some(&b""[..]));
        assert_eq!(Parameters::new(b";tags=1").value("tag"), None);
    }

    #[test]
    fn a_host_is_compared_with_an_address() {
        let check = |host: &str, address: &str, expect: bool| {
            assert_eq!(is_address(host.as_bytes(), address.parse().unwrap()), expect, "{host} {address}");
        };
        check("192.0.2.1", "192.0.2.1", true);
        check("192.0.2.1", "192.0.2.10", false);
        check("192.0.2.10", "192.0.2.1", false);
        check("192.0.2.1.example.com", "192.0.2.1", false);
        check("[2001:DB8:0::1]", "2001:db8::1", true);
        check("host", "192.0.2.1", false);
    }
}
