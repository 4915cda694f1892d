//! From bytes to a table of spans.

use strowger_base::limits;

use super::{Header, HeaderName, Message, Method, Routing, StartLine};

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

/// One header line as offsets into the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) name: HeaderName,
    name_len: u16,
    start: u32,
    value_start: u32,
    value_end: u32,
    end: u32,
}

impl Entry {
    const EMPTY: Entry =
        Entry { name: HeaderName::Other, name_len: 0, start: 0, value_start: 0, value_end: 0, end: 0 };

    pub(super) fn value<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.value_start as usize..self.value_end as usize).unwrap_or_default()
    }

    pub(super) fn header<'b>(&self, bytes: &'b [u8]) -> Header<'b> {
        let start = self.start as usize;
        Header {
            name: self.name,
            raw_name: bytes.get(start..start + usize::from(self.name_len)).unwrap_or_default(),
            value: self.value(bytes),
            line: bytes.get(start..self.end as usize).unwrap_or_default(),
        }
    }
}

/// The header lines; ordinary messages fit without the heap.
#[derive(Debug)]
pub(super) struct Table {
    inline: [Entry; INLINE],
    used: usize,
    spilled: Vec<Entry>,
    /// Position of the first line of each known header.
    first: [u16; HeaderName::COUNT],
    /// Lines of each known header.
    count: [u16; HeaderName::COUNT],
}

const INLINE: usize = 32;

impl Table {
    fn new() -> Self {
        Table {
            inline: [Entry::EMPTY; INLINE],
            used: 0,
            spilled: Vec::new(),
            first: [0; HeaderName::COUNT],
            count: [0; HeaderName::COUNT],
        }
    }

    /// Lines of a header.
    pub(super) fn count(&self, name: HeaderName) -> usize {
        self.count.get(name as usize).map_or(0, |count| usize::from(*count))
    }

    /// The first line of a header.
    pub(super) fn first(&self, name: HeaderName) -> Option<&Entry> {
        if self.count(name) == 0 {
            return None;
        }
        self.at(usize::from(*self.first.get(name as usize)?))
    }

    /// The lines of a header, in order.
    pub(super) fn all(&self, name: HeaderName) -> impl Iterator<Item = &Entry> {
        let count = self.count(name);
        let from = self.first.get(name as usize).map_or(0, |first| usize::from(*first));
        let end = self.used + self.spilled.len();
        (from..end).filter_map(|at| self.at(at)).filter(move |entry| entry.name == name).take(count)
    }

    fn at(&self, position: usize) -> Option<&Entry> {
        match position.checked_sub(INLINE) {
            None => self.inline.get(position),
            Some(position) => self.spilled.get(position),
        }
    }

    fn push(&mut self, entry: Entry) -> bool {
        if let Some(count) = self.count.get_mut(entry.name as usize) {
            if *count == 0
                && let Some(first) = self.first.get_mut(entry.name as usize)
            {
                *first = (self.used + self.spilled.len()) as u16;
            }
            *count += 1;
        }
        if let Some(slot) = self.inline.get_mut(self.used) {
            *slot = entry;
            self.used += 1;
            return true;
        }
        self.spilled.push(entry);
        self.spilled.len() + INLINE <= limits::SIP_HEADERS
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.inline.iter().take(self.used).chain(&self.spilled)
    }
}

impl<'b> Message<'b> {
    /// Reads one message: a datagram, or what the framer cut out of a stream.
    ///
    /// # Errors
    /// When start line or header lines are not what RFC 3261 §7 and §25 demand. The meaning of the headers is
    /// checked by [`crate::validate::check`].
    pub fn parse(bytes: &'b [u8]) -> Result<Message<'b>, ParseError> {
        // RFC 3261 §7.5: empty lines before the start line are skipped.
        let skipped = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if bytes.len() > limits::SIP_MESSAGE_BYTES {
            return Err(error(limits::SIP_MESSAGE_BYTES, "a shorter message", "§18.1.1", Some(513)));
        }
        let (line, mut position) = start_line_end(bytes, skipped)
            .ok_or_else(|| error(bytes.len(), "a start line with its line end", "§7.1", None))?;
        let start = start_line(bytes.get(skipped..line).unwrap_or_default(), skipped)?;
        let bad = if matches!(start, StartLine::Request { .. }) { Some(400) } else { None };
        let mut table = Table::new();
        loop {
            let rest = bytes.get(position..).unwrap_or_default();
            match rest {
                [b'\r', b'\n', ..] => {
                    position += 2;
                    break;
                }
                [b'\n', ..] => {
                    position += 1;
                    break;
                }
                [] => return Err(error(position, "an empty line after the headers", "§7", bad)),
                _ => {}
            }
            let entry = header_line(bytes, position, bad)?;
            position = entry.end as usize;
            if !table.push(entry) {
                return Err(error(position, "fewer header lines", "§7.3", bad));
            }
        }
        let available = bytes.get(position..).unwrap_or_default();
        let mut message =
            Message { bytes, start, table, body: available, missing: 0, routing: Routing::default() };
        if let Some(length) = message.content_length() {
            match available.get(..length) {
                Some(body) => message.body = body,
                None => message.missing = length - available.len(),
            }
        }
        message.routing = Routing::of(&message);
        Ok(message)
    }

    /// Content-Length, when it is there once and a number.
    fn content_length(&self) -> Option<usize> {
        if self.count(HeaderName::ContentLength) != 1 {
            return None;
        }
        crate::header::number(self.first(HeaderName::ContentLength)?)
            .and_then(|value| usize::try_from(value).ok())
    }
}

/// Where the start line ends and where the next line begins.
fn start_line_end(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let newline = from + memchr::memchr(b'\n', bytes.get(from..)?)?;
    let end = if newline > from && bytes.get(newline - 1) == Some(&b'\r') { newline - 1 } else { newline };
    Some((end, newline + 1))
}

fn start_line(line: &[u8], offset: usize) -> Result<StartLine<'_>, ParseError> {
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let digits = rest.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let status = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
        let separated = matches!(rest.get(3), Some(b' ') | None);
        return match status.filter(|status| (100..700).contains(status) && separated) {
            Some(status) => Ok(StartLine::Response { status, reason: rest.get(4..).unwrap_or_default() }),
            None => Err(error(offset + 8, "a status code of three digits, 100 to 699", "§7.2", None)),
        };
    }
    // Exactly one space on each side of the Request-URI (RFC 3261 §25.1).
    let text = std::str::from_utf8(line)
        .map_err(|e| error(offset + e.valid_up_to(), "a start line of UTF-8 text", "§25.1", None))?;
    let mut parts = text.split(' ');
    let (method, uri, version) = (parts.next(), parts.next(), parts.next());
    let method = method.unwrap_or("");
    if method.is_empty() || !method.bytes().all(crate::header::is_token_byte) {
        return Err(error(offset, "a method", "§7.1", None));
    }
    let looks_like_sip = text.contains("SIP/");
    let answerable = if looks_like_sip { Some(400) } else { None };
    let (Some(uri), Some(version), None) = (uri, version, parts.next()) else {
        return Err(error(offset, "method, Request-URI and version with single spaces", "§7.1", answerable));
    };
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let status =
            if version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case("SIP/")) { Some(505) } else { None };
        return Err(error(offset + text.len() - version.len(), "SIP/2.0", "§7.1", status));
    }
    if uri.is_empty() || uri.starts_with('<') {
        return Err(error(offset + method.len() + 1, "a Request-URI without brackets", "§7.1", answerable));
    }
    Ok(StartLine::Request { method: Method::new(method), uri })
}

/// One header line with its folds.
fn header_line(bytes: &[u8], start: usize, bad: Option<u16>) -> Result<Entry, ParseError> {
    let rest = bytes.get(start..).unwrap_or_default();
    let name_len = rest.iter().position(|byte| !crate::header::is_token_byte(*byte)).unwrap_or(rest.len());
    let mut colon = start + name_len;
    while matches!(bytes.get(colon), Some(b' ' | b'\t')) {
        colon += 1;
    }
    if name_len == 0 || bytes.get(colon) != Some(&b':') {
        return Err(error(colon, "a header name and a colon", "§7.3.1", bad));
    }
    let mut end = colon + 1;
    loop {
        let Some(newline) = memchr::memchr(b'\n', bytes.get(end..).unwrap_or_default()) else {
            return Err(error(bytes.len(), "the end of a header line", "§7.3.1", bad));
        };
        end += newline + 1;
        // A line that begins with white space goes on with the one before (RFC 3261 §7.3.1).
        if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            break;
        }
    }
    let mut value_start = colon + 1;
    let mut value_end = end;
    while value_end > value_start
        && bytes.get(value_end - 1).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    {
        value_end -= 1;
    }
    while value_start < value_end
        && bytes.get(value_start).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    {
        value_start += 1;
    }
    Ok(Entry {
        name: HeaderName::of(rest.get(..name_len).unwrap_or_default()),
        name_len: u16::try_from(name_len).unwrap_or(u16::MAX),
        start: start as u32,
        value_start: value_start as u32,
        value_end: value_end as u32,
        end: end as u32,
    })
}

const fn error(
    offset: usize,
    expected: &'static str,
    section: &'static str,
    status: Option<u16>,
) -> ParseError {
    ParseError { offset, expected, section, status }
}
