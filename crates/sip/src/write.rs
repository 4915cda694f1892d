//! Writing messages: appending to a buffer, without formatting machinery and without copies.

mod reason;
mod response;

pub use reason::reason_phrase;
pub use response::{response_head, salvaged_response};

use std::net::SocketAddr;

use strowger_base::WallTime;

use crate::header::NameAddr;
use crate::message::{HeaderName, Message};
use crate::scan::find_either;
use crate::uri::is_user_byte;

/// `METHOD uri SIP/2.0` and its line end.
pub fn request_line(out: &mut Vec<u8>, method: &str, uri: &[u8]) {
    out.extend_from_slice(method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(uri);
    out.extend_from_slice(b" SIP/2.0\r\n");
}

/// `SIP/2.0 status reason` and its line end.
#[inline(always)]
pub fn status_line(out: &mut Vec<u8>, status: u16) {
    out.extend_from_slice(b"SIP/2.0 ");
    decimal(out, u64::from(status));
    out.push(b' ');
    out.extend_from_slice(reason_phrase(status).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// A header line.
#[inline(always)]
pub fn header(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    unfolded(out, value);
    out.extend_from_slice(b"\r\n");
}

/// A value in one line: each fold becomes one space (RFC 3261 §7.3.1).
#[inline(always)]
fn unfolded(out: &mut Vec<u8>, value: &[u8]) {
    if find_either(value, b'\r', b'\n').is_none() {
        out.extend_from_slice(value);
        return;
    }
    let mut folding = false;
    for &byte in value {
        match byte {
            b'\r' | b'\n' => folding = true,
            b' ' | b'\t' if folding => {}
            _ => {
                if std::mem::take(&mut folding) {
                    out.push(b' ');
                }
                out.push(byte);
            }
        }
    }
}

/// A number in decimal.
pub fn decimal(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0u8; 20];
    let mut rest = value;
    let mut len = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        len += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - len..).unwrap_or_default());
}

/// A number in sixteen hexadecimal digits.
pub fn hex64(out: &mut Vec<u8>, value: u64) {
    let half = |half: u64| hex_digits(half as u32).to_be_bytes();
    out.extend_from_slice([half(value >> 32), half(value)].as_flattened());
}

/// The eight digits of a number, the highest in the highest byte; all of them at once.
const fn hex_digits(value: u32) -> u64 {
    let spread = value as u64;
    let spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    let spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // Six more carries what is above nine into the upper half of its byte.
    let letters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    nibbles + 0x3030_3030_3030_3030 + letters * (b'a' - b'9' - 1) as u64
}

/// Reads what [`hex64`] wrote.
pub fn parse_hex64(text: &str) -> Option<u64> {
    let halves = text.as_bytes().as_chunks::<8>();
    let ([high, low], []) = halves else { return None };
    let half = |digits: &[u8; 8]| {
        let digits = u64::from_be_bytes(*digits);
        // A letter has this bit, a digit has not: the value of each follows, and is right when it gives the same
        // digits again.
        let letters = digits >> 6 & 0x0101_0101_0101_0101;
        let nibbles = (digits & 0x0f0f_0f0f_0f0f_0f0f) + letters * 9;
        let pairs = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
        let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
        let value = (fours | fours >> 16) as u32;
        (hex_digits(value) == digits).then_some(value)
    };
    Some(u64::from(half(high)?) << 32 | u64::from(half(low)?))
}

/// `host:port`; the port is always written, IPv6 stands in brackets.
pub fn address(out: &mut Vec<u8>, address: SocketAddr) {
    if address.is_ipv6() {
        out.push(b'[');
    }
    ip(out, address.ip());
    out.extend_from_slice(if address.is_ipv6() { b"]:" } else { b":" });
    decimal(out, u64::from(address.port()));
}

/// An address without brackets.
#[inline(always)]
fn ip(out: &mut Vec<u8>, address: std::net::IpAddr) {
    use std::io::Write;
    match address {
        std::net::IpAddr::V4(v4) => {
            let mut text = [b'.'; 16];
            let mut len = 0;
            for octet in v4.octets() {
                let digits = &OCTETS[usize::from(octet)];
                // Whatever is written beyond the digits is written over by what comes next.
                if let Some(space) = text.get_mut(len..len + 4) {
                    space.copy_from_slice(&digits.text);
                }
                len += usize::from(digits.len) + 1;
            }
            out.extend_from_slice(text.get(..len - 1).unwrap_or_default());
        }
        // Writing to a vector cannot fail.
        std::net::IpAddr::V6(v6) => _ = write!(out, "{v6}"),
    }
}

/// The digits of a number below 256, with a full stop after them.
#[derive(Clone, Copy)]
struct Octet {
    text: [u8; 4],
    len: u8,
}

static OCTETS: [Octet; 256] = {
    let mut all = [Octet { text: [b'.'; 4], len: 0 }; 256];
    let mut value = 0;
    while value < 256 {
        let digits = [b'0' + (value / 100) as u8, b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8];
        let skipped = if value >= 100 {
            0
        } else if value >= 10 {
            1
        } else {
            2
        };
        let mut at = skipped;
        while at < 3 {
            all[value].text[at - skipped] = digits[at];
            at += 1;
        }
        all[value].len = 3 - skipped as u8;
        value += 1;
    }
    all
};

/// A user part with what must be escaped escaped.
pub fn escaped_user(out: &mut Vec<u8>, user: &str) {
    if user.bytes().all(is_user_byte) {
        out.extend_from_slice(user.as_bytes());
        return;
    }
    for byte in user.bytes() {
        if is_user_byte(byte) {
            out.push(byte);
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push(b'%');
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

/// `"Name" <sip:user@domain>`; the name is quoted and its special characters escaped.
pub fn name_addr(out: &mut Vec<u8>, name: &str, user: &str, domain: &str) {
    if !name.is_empty() {
        out.push(b'"');
        for byte in name.bytes().filter(|byte| *byte >= 0x20 && *byte != 0x7f) {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.extend_from_slice(b"\" ");
    }
    out.extend_from_slice(b"<sip:");
    escaped_user(out, user);
    if !user.is_empty() {
        out.push(b'@');
    }
    out.extend_from_slice(domain.as_bytes());
    out.push(b'>');
}

/// User and host of an address `user@host` that stands in place of a number; `None` for numbers and names, and where what is
/// behind the `@` is no host.
pub fn user_at_host(called: &str) -> Option<(&str, &str)> {
    let (user, host) = called.rsplit_once('@')?;
    let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(name),
    };
    (is_host && !user.is_empty()).then_some((user, host))
}

/// All lines of a header, in one line each (RFC 3261 §7.3.1).
pub fn copy_headers(out: &mut Vec<u8>, message: &Message<'_>, name: HeaderName) {
    for (value, line) in message.lines(name) {
        copy_line(out, name.as_str().as_bytes(), value, line);
    }
}

/// All headers that are not known by name, in order: what is not understood travels on.
pub fn copy_unknown(out: &mut Vec<u8>, message: &Message<'_>) {
    for line in message.headers().filter(|line| line.name == HeaderName::Other) {
        header(out, line.raw_name, line.value);
    }
}

/// The first line of a header that must not stand twice, whatever the peer sent.
#[inline(always)]
fn copy_first(out: &mut Vec<u8>, message: &Message<'_>, name: HeaderName) {
    if let Some((value, line)) = message.lines(name).next() {
        copy_line(out, name.as_str().as_bytes(), value, line);
    }
}

/// A line as it stands when it is one line, else its value without folds.
fn copy_line(out: &mut Vec<u8>, name: &[u8], value: &[u8], line: Option<&[u8]>) {
    match line {
        Some(line) => out.extend_from_slice(line),
        None => header(out, name, value),
    }
}

/// Ends a message: Content-Type when there is a body, Content-Length, the empty line, the body.
#[inline(always)]
pub fn finish(out: &mut Vec<u8>, content_type: Option<&str>, body: &[u8]) {
    if let Some(content_type) = content_type {
        header(out, b"Content-Type", content_type.as_bytes());
    }
    out.extend_from_slice(b"Content-Length: ");
    decimal(out, body.len() as u64);
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

/// A From or To value of ours: the peer's value without tag, with our tag.
pub fn with_tag(value: &str, tag: u64) -> Box<str> {
    let mut out = Vec::with_capacity(value.len() + 21);
    unfolded(&mut out, value.as_bytes());
    out.extend_from_slice(b";tag=");
    hex64(&mut out, tag);
    utf8(out)
}

/// The text that was built from text.
pub fn utf8(bytes: impl Into<Vec<u8>>) -> Box<str> {
    String::from_utf8(bytes.into())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        .into_boxed_str()
}

/// `Date:` in the form of RFC 3261 §20.17.
pub fn date_header(out: &mut Vec<u8>, now: WallTime) {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let civil = now.civil();
    let two = |out: &mut Vec<u8>, value: u32| {
        out.push(b'0' + (value / 10 % 10) as u8);
        out.push(b'0' + (value % 10) as u8);
    };
    out.extend_from_slice(b"Date: ");
    out.extend_from_slice(DAYS.get(civil.weekday as usize).unwrap_or(&"Sun").as_bytes());
    out.extend_from_slice(b", ");
    two(out, civil.day);
    out.push(b' ');
    out.extend_from_slice(MONTHS.get(civil.month as usize - 1).unwrap_or(&"Jan").as_bytes());
    out.push(b' ');
    decimal(out, civil.year.unsigned_abs());
    for (separator, value) in [(b' ', civil.hour), (b':', civil.minute), (b':', civil.second)] {
        out.push(separator);
        two(out, value);
    }
    out.extend_from_slice(b" GMT\r\n");
}

/// The user and name of an address header, for a party.
pub(crate) fn party_of(address: &NameAddr<'_>) -> strowger_base::Party {
    strowger_base::Party {
        number: address.user().into_owned().into_boxed_str(),
        name: address.display_name().into_owned().into_boxed_str(),
        presentation: strowger_base::leg::Presentation::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_and_read_again() {
        for value in [0, 9, 10, 4_294_967_295, u64::MAX] {
            assert_eq!(written(|out| decimal(out, value)), value.to_string());
            let hex = written(|out| hex64(out, value));
            assert_eq!((hex.clone(), parse_hex64(&hex)), (format!("{value:016x}"), Some(value)));
        }
        for bad in ["", "0", "00000000000000000", "000000000000000G", "000000000000000A", "+00000000000000f"]
        {
            assert_eq!(parse_hex64(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_have_ports_and_ipv6_has_brackets() {
        for text in ["192.0.2.255:5060", "[2001:db8::1]:5061", "0.0.0.0:0"] {
            assert_eq!(written(|out| address(out, text.parse().unwrap())), text);
        }
        for octet in 0..=255 {
            let v4 = std::net::Ipv4Addr::from([octet, 255 - octet, octet / 2, octet]);
            assert_eq!(written(|out| ip(out, v4.into())), v4.to_string());
        }
    }

    #[test]
    fn a_name_addr_that_is_written_is_read_as_the_same() {
        let check = |name: &str, user: &str, expect: &str| {
            let text = written(|out| name_addr(out, name, user, "h"));
            assert_eq!(text, expect);
            let read = NameAddr::parse(text.as_bytes()).unwrap();
            assert_eq!((&*read.user(), &*read.display_name()), (user, name), "{text}");
        };
        check("Alice", "1001", "\"Alice\" <sip:1001@h>");
        check("", "", "<sip:h>");
        check("A \"B\" \\ C", "a b@c%:é", "\"A \\\"B\\\" \\\\ C\" <sip:a%20b%40c%25%3A%C3%A9@h>");
        // Line ends in a name must not become headers.
        assert_eq!(written(|out| name_addr(out, "a\r\nVia: x\x7f", "", "h")), "\"aVia: x\" <sip:h>");
    }

    #[test]
    fn a_message_is_its_lines_an_empty_line_and_the_body() {
        let text = written(|out| {
            request_line(out, "MESSAGE", b"sip:a@h");
            header(out, b"Subject", b"one\r\n\t two\r\n three");
            finish(out, Some("text/plain"), b"hello");
        });
        assert_eq!(
            text,
            "MESSAGE sip:a@h SIP/2.0\r\nSubject: one two three\r\nContent-Type: text/plain\r\n\
             Content-Length: 5\r\n\r\nhello"
        );
        assert_eq!(written(|out| status_line(out, 486)), "SIP/2.0 486 Busy Here\r\n");
        assert_eq!(written(|out| status_line(out, 299)), "SIP/2.0 299 Unknown\r\n");
        assert_eq!(written(|out| finish(out, None, b"")), "Content-Length: 0\r\n\r\n");
    }

    #[test]
    fn unknown_headers_travel_in_order_and_without_folds() {
        let text = "OPTIONS sip:a SIP/2.0\r\nX-B: 1\r\nSubject: s\r\nX-A : 2\r\n 3\r\nx-b:\r\n\r\n";
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(written(|out| copy_unknown(out, &message)), "X-B: 1\r\nX-A: 2 3\r\nx-b: \r\n");
        assert_eq!(written(|out| copy_headers(out, &message, HeaderName::Subject)), "Subject: s\r\n");
    }

    #[test]
    fn lines_are_copied_as_they_stand_unless_they_are_folded() {
        let text = "OPTIONS sip:a SIP/2.0\r\ns:  one\r\nSUBJECT : two\nSubject: three\r\n four\r\n\r\n";
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(
            written(|out| copy_headers(out, &message, HeaderName::Subject)),
            "s:  one\r\nSubject: two\r\nSubject: three four\r\n"
        );
    }

    #[test]
    fn dates_have_the_form_of_rfc_1123() {
        let date = |seconds: u64| written(|out| date_header(out, WallTime::from_micros(seconds * 1_000_000)));
        assert_eq!(date(0), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
        assert_eq!(date(951_868_799), "Date: Tue, 29 Feb 2000 23:59:59 GMT\r\n");
    }
}
