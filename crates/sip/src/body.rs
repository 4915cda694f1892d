//! Bodies: the session description in a message, alone or as a part of several (RFC 5621).

use crate::header::{Parameters, is_word, unescaped};
use crate::message::{HeaderName, Message, header_line};
use crate::scan::find;

/// The SDP that a message carries.
pub fn session_description<'b>(message: &Message<'b>) -> Option<&'b [u8]> {
    let encoded = message.first(HeaderName::ContentEncoding);
    if message.body().is_empty() || encoded.is_some_and(|value| !is_word(value, b"identity")) {
        return None;
    }
    let content_type = message.first(HeaderName::ContentType)?;
    if is_sdp(content_type) {
        return Some(message.body());
    }
    parts(content_type, message.body()).find(|part| is_sdp(part.content_type)).map(|part| part.body)
}

fn is_sdp(content_type: &[u8]) -> bool {
    is_word(media_type(content_type).0, b"application/sdp")
}

/// Type and subtype, and the parameters.
pub fn media_type(value: &[u8]) -> (&[u8], Parameters<'_>) {
    let end = find(value, b';').unwrap_or(value.len());
    let (kind, parameters) = value.split_at(end);
    (kind.trim_ascii(), Parameters::new(parameters))
}

/// One part of a multipart body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part<'b> {
    /// Value of its Content-Type; empty when it has none.
    pub content_type: &'b [u8],
    /// Its bytes.
    pub body: &'b [u8],
}

/// Parts of one body that are looked at.
const PARTS: usize = 16;

/// The parts of a multipart body (RFC 2046 §5.1.1), at most sixteen; none when Content-Type is something else.
pub fn parts<'b>(content_type: &'b [u8], body: &'b [u8]) -> impl Iterator<Item = Part<'b>> {
    let boundary = boundary(content_type).unwrap_or_default();
    let mut rest = delimiter(body, boundary).map(|(_, after)| after);
    std::iter::from_fn(move || {
        let from = rest?;
        let (part, after) = delimiter(from, boundary)?;
        rest = Some(after);
        Some(take_apart(part))
    })
    .take(PARTS)
}

/// The boundary of a multipart type; quotes are taken off.
fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let (kind, parameters) = media_type(content_type);
    if !kind.get(..10)?.eq_ignore_ascii_case(b"multipart/") {
        return None;
    }
    let value = parameters.value("boundary")?;
    match value {
        [b'"', inner @ .., b'"'] => match unescaped(inner) {
            std::borrow::Cow::Borrowed(plain) => Some(plain),
            // No character of a boundary needs a backslash (RFC 2046 §5.1.1).
            std::borrow::Cow::Owned(_) => None,
        },
        plain => Some(plain),
    }
}

/// What is before the next delimiter line and what is after it. After the closing delimiter there is nothing.
fn delimiter<'b>(bytes: &'b [u8], boundary: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    if boundary.is_empty() {
        return None;
    }
    let mut from = 0;
    loop {
        let found = from + memchr::memmem::find(bytes.get(from..)?, boundary)?;
        from = found + boundary.len();
        let Some(before) = bytes.get(..found).and_then(|before| before.strip_suffix(b"--")) else { continue };
        // The line end before the delimiter belongs to it.
        let part = match before {
            [] => before,
            [part @ .., b'\r', b'\n'] | [part @ .., b'\n'] => part,
            [..] => continue,
        };
        let after = bytes.get(from..)?;
        if after.starts_with(b"--") {
            return Some((part, b""));
        }
        let padding = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match after.get(padding..)? {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => return Some((part, after)),
            // A longer boundary that begins like this one, as of a nested multipart body.
            [..] => {}
        }
    }
}

/// Headers and body of a part.
fn take_apart(part: &[u8]) -> Part<'_> {
    let mut content_type = &b""[..];
    let mut position = 0;
    loop {
        match part.get(position..).unwrap_or_default() {
            [b'\r', b'\n', body @ ..] | [b'\n', body @ ..] => return Part { content_type, body },
            [..] => {}
        }
        // Without an empty line there are no headers.
        let Ok(line) = header_line(part, position) else { return Part { content_type: b"", body: part } };
        if line.name == HeaderName::ContentType {
            content_type = part.get(line.value_start..line.value_end).unwrap_or_default();
        }
        position = line.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: &str, body: &str, expect: &[(&str, &str)]) {
        let body = body.replace('\n', "\r\n");
        let got: Vec<(String, String)> = parts(content_type.as_bytes(), body.as_bytes())
            .map(|part| (part.content_type, part.body))
            .map(|(kind, body)| (String::from_utf8_lossy(kind).into(), String::from_utf8_lossy(body).into()))
            .collect();
        let expect: Vec<_> = expect.iter().map(|(a, b)| ((*a).into(), b.replace('\n', "\r\n"))).collect();
        assert_eq!(got, expect, "{body}");
    }

    #[test]
    fn parts_are_cut_at_whole_delimiter_lines() {
        let mixed = "multipart/mixed; boundary=b1";
        check(
            mixed,
            "--b1\nContent-Type: a/b\n\nx\n--b1\nc: c/d;e=f\n\ny\n\n--b1--\n",
            &[("a/b", "x"), ("c/d;e=f", "y\n")],
        );
        check(
            mixed,
            "preamble\n--b1 \t\n\nno headers\n--b1--\nepilogue\n--b1\n\nx\n--b1--",
            &[("", "no headers")],
        );
        check(
            mixed,
            "--b1\n\n not --b1 here\n--b12\n\nlonger\n--b1--",
            &[("", " not --b1 here\n--b12\n\nlonger")],
        );
        check(mixed, "--b1\n\n--b1--", &[("", "")]);
        check(mixed, "--b1\n\nnever ends\n", &[]);
        check("Multipart/Mixed;boundary=\"b 1\"", "--b 1\n\nx\n--b 1--", &[("", "x")]);
        check("multipart/mixed", "--\n\nx\n----", &[]);
        check("multipart/mixed;boundary=\"\"", "--\n\nx\n----", &[]);
        check("text/plain;boundary=b1", "--b1\n\nx\n--b1--", &[]);
    }

    #[test]
    fn no_more_than_sixteen_parts_are_looked_at() {
        let body = "--b\r\n\r\nx\r\n".repeat(100);
        assert_eq!(parts(b"multipart/mixed;boundary=b", body.as_bytes()).count(), PARTS);
    }

    #[test]
    fn the_session_description_is_found_alone_and_among_others() {
        let check = |headers: &str, body: &str, expect: Option<&str>| {
            let text = format!("INVITE sip:a SIP/2.0\r\n{headers}\r\n\r\n{body}");
            let message = Message::parse(text.as_bytes()).unwrap();
            let got = session_description(&message).map(|sdp| String::from_utf8_lossy(sdp).into_owned());
            assert_eq!(got.as_deref(), expect, "{text}");
        };
        check("c: Application/SDP;x=y", "v=0", Some("v=0"));
        check("c: application/sdp\r\ne: gzip", "v=0", None);
        check("c: application/sdp\r\ne: identity", "v=0", Some("v=0"));
        check("c: application/sdp", "", None);
        check("c: text/plain", "v=0", None);
        check("Subject: x", "v=0", None);
        let body = "--b\r\nc: text/plain\r\n\r\nhi\r\n--b\r\nc: application/sdp\r\n\r\nv=0\r\n\r\n--b--";
        check("c: multipart/mixed;boundary=b", body, Some("v=0\r\n"));
    }
}
