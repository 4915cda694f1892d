//! Addresses with display names and parameters: From, To, Contact, Route and their like.

use std::borrow::Cow;

use super::{Parameters, TOKEN, outside, quoted_len, text};
use crate::scan::find;
use crate::uri::Uri;

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
        let open = if value.first() == Some(&b'<') { Some(0) } else { outside(value, b'<') };
        let Some(open) = open else { return Self::bare(value) };
        let display = value.get(..open)?.trim_ascii();
        let rest = value.get(open + 1..)?;
        let close = find(rest, b'>')?;
        let parameters = rest.get(close + 1..)?.trim_ascii_start();
        let well = matches!(parameters.first(), None | Some(b';')) && display_is_valid(display);
        let uri = rest.get(..close)?;
        well.then_some(NameAddr { display, uri, parameters: Parameters(parameters) })
    }

    /// Without brackets every parameter is a header parameter (RFC 3261 §20).
    fn bare(value: &'b [u8]) -> Option<Self> {
        let end = find(value, b';').unwrap_or(value.len());
        let uri = value.get(..end)?.trim_ascii_end();
        // A URI with a comma, question mark or white space must stand in brackets (RFC 3261 §20.10).
        let forbidden = |byte: &u8| matches!(byte, b'?' | b',' | b' ' | b'\t' | b'"' | b'\r' | b'\n');
        let well = !uri.is_empty() && !uri.iter().any(forbidden);
        well.then_some(NameAddr { display: b"", uri, parameters: Parameters(value.get(end..)?) })
    }

    /// The tag parameter; empty when there is none.
    pub fn tag(&self) -> &'b str {
        text(self.parameters.value("tag").unwrap_or_default())
    }

    /// The display name without quotes and escapes; bytes that are not UTF-8 are replaced.
    pub fn display_name(&self) -> Cow<'b, str> {
        match self.display {
            [b'"', inner @ .., b'"'] => match unescaped(inner) {
                Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
                Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            },
            plain => String::from_utf8_lossy(plain),
        }
    }

    /// The user part of the URI, unescaped; empty when there is none.
    pub fn user(&self) -> Cow<'b, str> {
        Uri::parse(self.uri).map(|uri| uri.number_or_user()).unwrap_or_default()
    }
}

/// The inside of a quoted string without the backslashes of its quoted pairs (RFC 3261 §25.1).
pub(crate) fn unescaped(inner: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = find(inner, b'\\') else { return Cow::Borrowed(inner) };
    let (plain, rest) = inner.split_at(first);
    let mut out = Vec::with_capacity(inner.len());
    out.extend_from_slice(plain);
    let mut bytes = rest.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' {
            out.extend(bytes.next());
        } else {
            out.push(byte);
        }
    }
    Cow::Owned(out)
}

/// A display name is one quoted string or a row of tokens (RFC 3261 §25.1).
fn display_is_valid(display: &[u8]) -> bool {
    match display {
        [b'"', ..] => quoted_len(display) == Some(display.len()),
        tokens => tokens
            .iter()
            .all(|byte| TOKEN[usize::from(*byte)] || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_addr_is_taken_apart() {
        let check = |value: &'static str, expect: Option<(&str, &str, &str)>| {
            let parsed = NameAddr::parse(value.as_bytes());
            let got =
                parsed.map(|n| (n.display_name().into_owned(), text(n.uri).to_owned(), n.tag().to_owned()));
            assert_eq!(got, expect.map(|(a, b, c)| (a.into(), b.into(), c.into())), "{value}");
        };
        check("\"A \\\" B\" <sip:a@b;x=y>;tag=1", Some(("A \" B", "sip:a@b;x=y", "1")));
        check("\"A <x> B\\\\\" <sip:a@b> ; tag = 1", Some(("A <x> B\\", "sip:a@b", "1")));
        check("caller<sip:caller@example.com>;tag=323", Some(("caller", "sip:caller@example.com", "323")));
        check("sip:a@b;tag=7", Some(("", "sip:a@b", "7")));
        check("sip:a@b ;x=\"tag=8;\";tag=7", Some(("", "sip:a@b", "7")));
        check("<sip:a@b>", Some(("", "sip:a@b", "")));
        check("\"open <sip:a@b>", None);
        check("\"a\"b <sip:a@b>", None);
        check("<sip:a@b", None);
        check("<sip:a@b> x", None);
        check("sip:a@b?Route=x", None);
        check("Bell, Alexander <sip:a@b>", None);
        check("", None);
    }
}
