//! From bytes to a table of spans.

use strowger_base::limits;

use super::table::{Line, Table};
use super::{HeaderName, Message, Method, Routing, StartLine};
use crate::header::is_word;
use crate::scan::{find, find_far};

/// Why bytes are not a SIP message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at byte {offset}: expected {expected} (RFC 3261 {section})")]
pub struct ParseError {
    /// Where.
    pub offset: usize,
    /// What should have stood there.
    pub expected: &'static str,
    /// Which section says so.
    pub section: &'static str,
    /// The status that a request with this defect is answered with.
    status: Option<u16>,
}

impl ParseError {
    /// The status for the answer, when it is a request and can be answered at all.
    pub const fn status(&self) -> Option<u16> {
        self.status
    }
}

impl<'b> Message<'b> {
    /// Reads one message: a datagram, or what the framer cut out of a stream.
    ///
    /// # Errors
    /// When start line or header lines are not what RFC 3261 §7 and §25 demand. The meaning of the headers is
    /// checked by [`crate::validate::check`].
    pub fn parse(bytes: &'b [u8]) -> Result<Message<'b>, ParseError> {
        let mut message = Message::unread();
        message.read(bytes)?;
        Ok(message)
    }

    /// The same in place: a message is large, and moving it is felt at every packet. Only for one that is
    /// [`Message::unread`].
    pub(crate) fn read(&mut self, bytes: &'b [u8]) -> Result<(), ParseError> {
        if bytes.len() > limits::SIP_MESSAGE_BYTES {
            return Err(error(limits::SIP_MESSAGE_BYTES, "a shorter message", "§18.1.1", Some(513)));
        }
        let skipped = empty_lines(bytes);
        let (line, headers) = start_line_end(bytes, skipped)
            .ok_or_else(|| error(bytes.len(), "a start line with its line end", "§7.1", None))?;
        self.bytes = bytes;
        self.start = start_line(bytes.get(skipped..line).unwrap_or_default(), skipped)?;
        let bad = if matches!(self.start, StartLine::Request { .. }) { Some(400) } else { None };
        let mut position = headers;
        let body = loop {
            match bytes.get(position..).unwrap_or_default() {
                [b'\r', b'\n', ..] => break position + 2,
                [b'\n', ..] => break position + 1,
                [] => return Err(error(position, "an empty line after the headers", "§7", bad)),
                [..] => {}
            }
            let line = header_line_inline(bytes, position)
                .map_err(|(offset, expected)| error(offset, expected, "§7.3.1", bad))?;
            position = line.end;
            if !self.table.push(&line) {
                return Err(error(position, "fewer header lines", "§7.3", bad));
            }
        };
        self.text = bytes.get(headers..position).and_then(|headers| std::str::from_utf8(headers).ok());
        self.take_body(bytes.get(body..).unwrap_or_default());
        self.routing = Routing::of(self);
        Ok(())
    }

    /// What can still be read of bytes that are not a message, so that they can be answered; `None` when nobody
    /// expects an answer or the way back is not known.
    ///
    /// Lines that are no header lines are left out; the Request-URI and the body are empty.
    pub fn salvage(bytes: &'b [u8]) -> Option<Message<'b>> {
        let bytes = bytes.get(..limits::SIP_MESSAGE_BYTES).unwrap_or(bytes);
        let skipped = empty_lines(bytes);
        let (line, mut position) = start_line_end(bytes, skipped)?;
        let method = bytes.get(skipped..line)?.split(|byte| *byte == b' ').next()?;
        if method == b"ACK" || method.starts_with(b"SIP/") {
            return None;
        }
        let method = Method::new(std::str::from_utf8(method).unwrap_or_default());
        let mut message = Message::unread();
        message.bytes = bytes;
        message.start = StartLine::Request { method, uri: "" };
        // A last line that is cut off is left out.
        while let Some(newline) = bytes.get(position..).and_then(|rest| find(rest, b'\n')) {
            let line = bytes.get(position..position + newline)?;
            if line.is_empty() || line == b"\r" {
                break;
            }
            // The colon is looked for in this line first: a search to the end for each line would take long.
            match find(line, b':').and_then(|_| header_line(bytes, position).ok()) {
                Some(line) if !message.table.push(&line) => break,
                Some(line) => position = line.end,
                None => position += newline + 1,
            }
        }
        message.routing = Routing::of(&message);
        // A Via of another version still shows the way (badvers of RFC 4475).
        message.names().contains(HeaderName::Via).then_some(message)
    }

    /// A message that nothing is known of yet.
    pub(crate) const fn unread() -> Self {
        Message {
            bytes: b"",
            start: StartLine::Response { status: 0, reason: b"" },
            table: Table::new(),
            text: None,
            body: b"",
            missing: 0,
            routing: Routing::EMPTY,
        }
    }

    /// What follows the headers is the body, as far as Content-Length says, when it is there once and a number.
    fn take_body(&mut self, available: &'b [u8]) {
        self.body = available;
        if self.table.repeated().contains(HeaderName::ContentLength) {
            return;
        }
        let length = self.first(HeaderName::ContentLength).and_then(crate::header::number);
        if let Some(length) = length.and_then(|length| usize::try_from(length).ok()) {
            match available.get(..length) {
                Some(body) => self.body = body,
                None => self.missing = length - available.len(),
            }
        }
    }
}

/// RFC 3261 §7.5: empty lines before the start line are skipped.
fn empty_lines(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Where the start line ends and where the next line begins.
fn start_line_end(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let newline = from + find_far(bytes.get(from..)?, b'\n')?;
    let end = if newline > from && bytes.get(newline - 1) == Some(&b'\r') { newline - 1 } else { newline };
    Some((end, newline + 1))
}

fn start_line(line: &[u8], offset: usize) -> Result<StartLine<'_>, ParseError> {
    // RFC 3261 §7.1: the version is compared without case.
    if let Some((version, rest)) = line.split_first_chunk::<8>()
        && is_word(version, b"SIP/2.0 ")
    {
        return match status_and_reason(rest) {
            Some((status, reason)) => Ok(StartLine::Response { status, reason }),
            None => Err(error(offset + 8, "a status code of three digits, 100 to 699", "§7.2", None)),
        };
    }
    let text = std::str::from_utf8(line)
        .map_err(|e| error(offset + e.valid_up_to(), "a start line of UTF-8 text", "§25.1", None))?;
    let method = text.bytes().position(|byte| !crate::header::is_token_byte(byte)).unwrap_or(text.len());
    if method == 0 || (method < text.len() && text.as_bytes().get(method) != Some(&b' ')) {
        return Err(error(offset + method, "a method and a space", "§7.1", None));
    }
    let (method, rest) = text.split_at(method);
    let rest = rest.get(1..).unwrap_or_default();
    // Exactly one space on each side of the Request-URI (RFC 3261 §25.1).
    let space = find(rest.as_bytes(), b' ');
    let (uri, version) = rest.split_at(space.unwrap_or(rest.len()));
    let version = version.get(1..).unwrap_or_default();
    let well_formed = !uri.is_empty() && !uri.starts_with('<');
    if is_word(version.as_bytes(), b"SIP/2.0") && well_formed {
        return Ok(StartLine::Request { method: Method::new(method), uri });
    }
    Err(bad_request_line(text, offset, method, uri, version))
}

/// What a response begins with after the version.
fn status_and_reason(rest: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = rest.split_first_chunk::<3>()?;
    let status = digits
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0')))?;
    let reason = match rest {
        [] => rest,
        [b' ', reason @ ..] => reason,
        [..] => return None,
    };
    (100..700).contains(&status).then_some((status, reason))
}

/// Why a line that begins with a method is no Request-Line, and whether it deserves an answer.
fn bad_request_line(text: &str, offset: usize, method: &str, uri: &str, version: &str) -> ParseError {
    let is_sip = |text: &str| text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"));
    let answerable = if text.contains("SIP/") { Some(400) } else { None };
    let at_uri = offset + method.len() + 1;
    if uri.is_empty() || version.is_empty() || version.contains(' ') {
        return error(at_uri, "Request-URI and version with single spaces", "§7.1", answerable);
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let status = if is_sip(version) { Some(505) } else { None };
        return error(at_uri + uri.len() + 1, "SIP/2.0", "§7.1", status);
    }
    error(at_uri, "a Request-URI without brackets", "§7.1", answerable)
}

/// One header line with its folds; the error is a place and what was expected there.
pub(crate) fn header_line(bytes: &[u8], start: usize) -> Result<Line, (usize, &'static str)> {
    header_line_inline(bytes, start)
}

/// The same within the loop that reads a message, where a call for each line would be felt.
#[inline(always)]
fn header_line_inline(bytes: &[u8], start: usize) -> Result<Line, (usize, &'static str)> {
    let rest = bytes.get(start..).unwrap_or_default();
    let colon = find(rest, b':').ok_or((start, "a header name and a colon"))?;
    let (before_colon, after_colon) = rest.split_at(colon);
    let mut name = before_colon;
    while let [trimmed @ .., b' ' | b'\t'] = name {
        name = trimmed;
    }
    let known = HeaderName::of(name);
    if known == HeaderName::Other {
        check_name(before_colon, start)?;
    }
    let colon = start + colon;
    let name_end = start + name.len();
    let newline = find_far(after_colon, b'\n').ok_or((bytes.len(), "the end of a header line"))?;
    let (value, end) = after_colon.split_at(newline);
    // As nearly every line is: a colon, a space, the value, CRLF, and no fold after it.
    if let [b':', b' ', text @ .., b'\r'] = value
        && let ([first, ..], [.., last]) = (text, text)
        && *first > b' '
        && *last > b' '
        && !matches!(end, [_, b' ' | b'\t', ..])
    {
        let (value_start, value_end) = (colon + 2, colon + newline - 1);
        return Ok(Line {
            name: known,
            plain: true,
            start,
            name_end,
            value_start,
            value_end,
            end: value_end + 2,
        });
    }
    let (end, folded) = line_end(bytes, colon + 1).ok_or((bytes.len(), "the end of a header line"))?;
    let value = bytes.get(colon + 1..end).unwrap_or_default();
    let plain = !folded && value.ends_with(b"\r\n");
    let trimmed = value.trim_ascii_end();
    let value_end = colon + 1 + trimmed.len();
    let value_start = value_end - trimmed.trim_ascii_start().len();
    Ok(Line { name: known, plain, start, name_end, value_start, value_end, end })
}

/// A name that is not known must be a token, with nothing but spaces before its colon (RFC 3261 §7.3.1).
#[inline(never)]
fn check_name(before_colon: &[u8], start: usize) -> Result<(), (usize, &'static str)> {
    let is_token = |byte: &u8| crate::header::is_token_byte(*byte);
    let len = before_colon.iter().position(|byte| !is_token(byte)).unwrap_or(before_colon.len());
    let spaces = before_colon.get(len..).unwrap_or_default();
    if len == 0 || spaces.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
        return Err((start + len, "a header name and a colon"));
    }
    Ok(())
}

/// Where a header line ends with all its folds, and whether it has any.
#[inline(never)]
fn line_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut end = from + find(bytes.get(from..)?, b'\n')? + 1;
    let mut folded = false;
    // A line that begins with white space goes on with the one before (RFC 3261 §7.3.1).
    while matches!(bytes.get(end), Some(b' ' | b'\t')) {
        folded = true;
        end += find(bytes.get(end..)?, b'\n')? + 1;
    }
    Some((end, folded))
}

const fn error(
    offset: usize,
    expected: &'static str,
    section: &'static str,
    status: Option<u16>,
) -> ParseError {
    ParseError { offset, expected, section, status }
}
