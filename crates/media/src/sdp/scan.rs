//! The lines of a description, one after the other, without understanding more than needed.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// One line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// The letter before the equals sign; 0 when the line is not of that form.
    pub(crate) kind: u8,
    /// What follows the equals sign, without the line end.
    pub(crate) value: &'a [u8],
    /// Where the line begins.
    pub(crate) start: usize,
    /// Where the next line begins.
    pub(crate) end: usize,
}

/// The lines of `bytes`. They end with CRLF, or with LF alone (RFC 8866 §9 asks parsers to take both).
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Lines<'a> {
    /// All lines.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Lines { bytes, position: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let start = self.position;
        let rest = self.bytes.get(start..)?;
        if rest.is_empty() {
            return None;
        }
        let (text, length) = match find_newline(rest) {
            Some(at) => (rest.get(..at).unwrap_or_default(), at + 1),
            None => (rest, rest.len()),
        };
        self.position = start + length;
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let (kind, value) = match text {
            [kind, b'=', value @ ..] => (*kind, value),
            _ => (0, text),
        };
        Some(Line { kind, value, start, end: self.position })
    }
}

/// Where the first line feed is. Eight bytes at a time: lines of SDP are long enough that it pays.
fn find_newline(bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // A byte of `x` is zero where the text has a line feed; the subtraction borrows into its top bit.
        let x = u64::from_le_bytes(*word) ^ (LOW * 0x0a);
        let found = x.wrapping_sub(LOW) & !x & HIGH;
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let done = bytes.len() - rest.len();
    rest.iter().position(|&byte| byte == b'\n').map(|at| done + at)
}

/// Searches for lines that begin in one way, without looking at the others: most questions are about one line of twenty.
pub(crate) struct LineFinder(LazyLock<Finder<'static>>);

impl LineFinder {
    /// `prepare` gives a finder of a line feed and what follows it.
    pub(crate) const fn new(prepare: fn() -> Finder<'static>) -> Self {
        LineFinder(LazyLock::new(prepare))
    }

    /// Where the first such line begins that is not before `from`, where a line begins as well.
    pub(crate) fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let finder = &*self.0;
        let rest = bytes.get(from..)?;
        if finder.needle().get(1..).is_some_and(|needle| rest.starts_with(needle)) {
            return Some(from);
        }
        finder.find(rest).map(|at| from + at + 1)
    }
}

/// The lines `m=`.
pub(crate) static MEDIA_LINES: LineFinder = LineFinder::new(|| Finder::new(b"\nm="));

/// The line that begins at `start`.
pub(crate) fn line_at(bytes: &[u8], start: usize) -> Option<Line<'_>> {
    Lines { bytes, position: start }.next()
}

/// The fields of a value, separated by runs of spaces.
pub(crate) fn fields(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b' ').filter(|field| !field.is_empty())
}

/// A decimal number; `None` when it has other characters, none at all, or is too large.
pub(crate) fn number<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let mut value: u64 = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    T::try_from(value).ok()
}

/// What a `c=` line names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Connection {
    /// An address.
    Address(IpAddr),
    /// A domain name, or another network.
    Other,
}

impl Connection {
    /// Reads the value of a `c=` line: `IN IP4 192.0.2.1`, perhaps with `/ttl`.
    pub(crate) fn parse(value: &[u8]) -> Connection {
        // The usual form is worth a shortcut: one such line or more is read for each description.
        if let Some(address) = value.strip_prefix(b"IN IP4 ").and_then(v4) {
            return Connection::Address(IpAddr::V4(address));
        }
        let mut fields = fields(value).skip(2);
        let Some(address) = fields.next() else { return Connection::Other };
        let address = address.split(|&byte| byte == b'/').next().unwrap_or_default();
        match std::str::from_utf8(address).ok().and_then(|text| text.parse().ok()) {
            Some(address) => Connection::Address(address),
            None => Connection::Other,
        }
    }

    /// True for `0.0.0.0` and `::`: the writer receives nothing (RFC 3264 §8.4).
    pub(crate) const fn is_hold(self) -> bool {
        match self {
            Connection::Address(address) => address.is_unspecified(),
            Connection::Other => false,
        }
    }
}

/// What an `m=` line says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaLine<'a> {
    /// `audio`, `video` ….
    pub(crate) kind: &'a [u8],
    /// The port as written, perhaps with `/count`.
    pub(crate) port_text: &'a [u8],
    /// 0 when it is no number.
    pub(crate) port: u16,
    /// `RTP/AVP` ….
    pub(crate) protocol: &'a [u8],
    /// Everything after the protocol.
    pub(crate) formats: &'a [u8],
}

impl<'a> MediaLine<'a> {
    /// Reads the value of an `m=` line.
    pub(crate) fn parse(value: &'a [u8]) -> MediaLine<'a> {
        let mut rest = value;
        let kind = cut(&mut rest);
        let port_text = cut(&mut rest);
        let protocol = cut(&mut rest);
        let port = port_text.split(|&byte| byte == b'/').next().and_then(number).unwrap_or(0);
        MediaLine { kind, port_text, port, protocol, formats: rest }
    }

    /// True for `audio`.
    pub(crate) fn is_audio(&self) -> bool {
        self.kind == b"audio"
    }
}

/// A dotted quad and nothing else; no leading zeros, which some read as octal.
fn v4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut index = 0;
    let mut digits = 0;
    for &byte in text {
        let octet = octets.get_mut(index)?;
        match byte {
            b'0'..=b'9' if digits == 0 || *octet != 0 => {
                *octet = octet.checked_mul(10)?.checked_add(byte - b'0')?;
                digits += 1;
            }
            b'.' if digits > 0 => {
                index += 1;
                digits = 0;
            }
            _ => return None,
        }
    }
    (index == 3 && digits > 0).then(|| Ipv4Addr::from(octets))
}

/// Takes the first field off `rest`.
fn cut<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let text: &'a [u8] = rest;
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let (field, after) = text.split_at(end);
    *rest = after.strip_prefix(b" ").unwrap_or(after);
    field
}

/// Appends a number in decimal.
pub(crate) fn push_decimal(text: &mut Vec<u8>, value: u64) {
    let mut digits = [0u8; 20];
    let mut rest = value;
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        first -= 1;
        if rest == 0 {
            break;
        }
    }
    text.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Appends `IN IP4 192.0.2.1` or `IN IP6 2001:db8::1`.
pub(crate) fn push_address(text: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => {
            text.extend_from_slice(b"IN IP4 ");
            for (index, octet) in v4.octets().into_iter().enumerate() {
                if index > 0 {
                    text.push(b'.');
                }
                push_decimal(text, u64::from(octet));
            }
        }
        IpAddr::V6(v6) => {
            // Writing to a Vec cannot fail.
            let _ = write!(text, "IN IP6 {v6}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_crlf_or_lf_and_the_last_may_not_end_at_all() {
        let lines: Vec<_> = Lines::new(b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\nbroken\n\r\ns=-")
            .map(|line| (line.kind, line.value, line.start, line.end))
            .collect();
        assert_eq!(
            lines,
            [
                (b'v', &b"0"[..], 0, 5),
                (b'o', &b"- 1 1 IN IP4 192.0.2.1"[..], 5, 30),
                (0, &b"broken"[..], 30, 37),
                (0, &b""[..], 37, 39),
                (b's', &b"-"[..], 39, 42),
            ]
        );
    }

    #[test]
    fn a_line_feed_is_found_at_every_offset() {
        for length in 0..40 {
            for at in 0..length {
                let mut text = vec![b'\x0b'; length];
                text[at] = b'\n';
                assert_eq!(find_newline(&text), Some(at));
            }
            assert_eq!(find_newline(&vec![b'\x8a'; length]), None);
        }
    }

    #[test]
    fn the_shortcut_reads_what_the_standard_library_reads() {
        for text in [
            "192.0.2.1",
            "0.0.0.0",
            "255.255.255.255",
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "1..3.4",
            "01.2.3.4",
            "1.2.3.04",
            "1.2.3.4 ",
            "",
            ".",
            "1.2.3.",
            "1.2.3.4/127",
            "::1",
            "10.0.0.x",
            "1000.1.1.1",
        ] {
            assert_eq!(v4(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn numbers_print_and_read() {
        for value in [0, 7, 10, 65_535, u64::MAX] {
            let mut text = Vec::new();
            push_decimal(&mut text, value);
            assert_eq!(String::from_utf8(text.clone()).unwrap(), value.to_string());
            assert_eq!(number::<u64>(&text), Some(value));
        }
        assert_eq!(number::<u16>(b"65536"), None);
        assert_eq!(number::<u64>(b"18446744073709551616"), None);
        assert_eq!(number::<u64>(b"+1"), None);
    }
}
