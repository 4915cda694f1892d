//! Bodies: the session description in a message, alone or as a part of several (RFC 5621).

use crate::header::Parameters;
use crate::message::{HeaderName, Message};

/// The SDP that a message carries.
pub fn session_description<'b>(message: &Message<'b>) -> Option<&'b [u8]> {
    let body = message.body();
    if body.is_empty() {
        return None;
    }
    let content_type = message.first(HeaderName::ContentType)?;
    let (kind, parameters) = media_type(content_type);
    if kind.eq_ignore_ascii_case(b"application/sdp") {
        return Some(body);
    }
    if kind.len() > 10 && kind[..10].eq_ignore_ascii_case(b"multipart/") {
        let boundary = parameters.value("boundary")?;
        return parts(boundary, body).find_map(|part| {
            let (kind, _) = media_type(part.content_type);
            kind.eq_ignore_ascii_case(b"application/sdp").then_some(part.body)
        });
    }
    None
}

/// Type and subtype, and the parameters.
pub fn media_type(value: &[u8]) -> (&[u8], Parameters<'_>) {
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    let kind = value.get(..end).unwrap_or_default().trim_ascii();
    (kind, Parameters::new(value.get(end..).unwrap_or_default()))
}

/// One part of a multipart body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part<'b> {
    /// Value of its Content-Type; empty when it has none.
    pub content_type: &'b [u8],
    /// Its bytes.
    pub body: &'b [u8],
}

/// The parts of a multipart body (RFC 2046 §5.1.1), at most sixteen.
pub fn parts<'b>(boundary: &'b [u8], body: &'b [u8]) -> impl Iterator<Item = Part<'b>> {
    let boundary = boundary.strip_prefix(b"\"").and_then(|b| b.strip_suffix(b"\"")).unwrap_or(boundary);
    let mut delimiter = b"--".to_vec();
    delimiter.extend_from_slice(boundary);
    let finder = memchr::memmem::Finder::new(&delimiter).into_owned();
    let mut rest = finder.find(body).and_then(|at| body.get(at + delimiter.len()..));
    let length = delimiter.len();
    std::iter::from_fn(move || {
        let from = rest?;
        if from.starts_with(b"--") {
            return None;
        }
        let end = finder.find(from)?;
        rest = from.get(end + length..);
        let part = from.get(..end)?;
        let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")).unwrap_or(part);
        let part = part.strip_suffix(b"\r\n").or_else(|| part.strip_suffix(b"\n")).unwrap_or(part);
        Some(take_apart(part))
    })
    .take(16)
}

fn take_apart(part: &[u8]) -> Part<'_> {
    let (head, body) = match memchr::memmem::find(part, b"\r\n\r\n") {
        Some(at) => (part.get(..at).unwrap_or_default(), part.get(at + 4..).unwrap_or_default()),
        None => (&b""[..], part),
    };
    let content_type = head
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::of(line.get(..colon)?.trim_ascii());
            (name == HeaderName::ContentType).then(|| line.get(colon + 1..).unwrap_or_default().trim_ascii())
        })
        .next();
    Part { content_type: content_type.unwrap_or_default(), body }
}
