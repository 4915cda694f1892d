//! Writing messages: appending to a buffer, without formatting machinery and without copies.

use std::net::SocketAddr;

use strowger_base::WallTime;
use strowger_base::hash::siphash24;

use crate::header::{NameAddr, Via};
use crate::message::{HeaderName, Message};
use crate::scan::{find, find_either};
use crate::uri::is_user_byte;

/// `METHOD uri SIP/2.0` and its line end.
pub fn request_line(out: &mut Vec<u8>, method: &str, uri: &[u8]) {
    out.extend_from_slice(method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(uri);
    out.extend_from_slice(b" SIP/2.0\r\n");
}

/// `SIP/2.0 status reason` and its line end.
pub fn status_line(out: &mut Vec<u8>, status: u16) {
    out.extend_from_slice(b"SIP/2.0 ");
    decimal(out, u64::from(status));
    out.push(b' ');
    out.extend_from_slice(reason_phrase(status).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// A header line.
pub fn header(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    unfolded(out, value);
    out.extend_from_slice(b"\r\n");
}

/// A value in one line: each fold becomes one space (RFC 3261 §7.3.1).
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
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// A number in sixteen hexadecimal digits.
pub fn hex64(out: &mut Vec<u8>, value: u64) {
    let digits: [u8; 16] = std::array::from_fn(|i| {
        let nibble = (value >> (60 - 4 * i)) as u8 & 15;
        if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
    });
    out.extend_from_slice(&digits);
}

/// Reads what [`hex64`] wrote.
pub fn parse_hex64(text: &str) -> Option<u64> {
    if text.len() != 16 {
        return None;
    }
    text.bytes().try_fold(0u64, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

/// `host:port`; the port is always written, IPv6 stands in brackets.
pub fn address(out: &mut Vec<u8>, address: SocketAddr) {
    ip(out, address.ip());
    out.push(b':');
    decimal(out, u64::from(address.port()));
}

fn ip(out: &mut Vec<u8>, address: std::net::IpAddr) {
    use std::io::Write;
    match address {
        std::net::IpAddr::V4(v4) => {
            for (i, octet) in v4.octets().into_iter().enumerate() {
                if i > 0 {
                    out.push(b'.');
                }
                decimal(out, u64::from(octet));
            }
        }
        // Writing to a vector cannot fail.
        std::net::IpAddr::V6(v6) => _ = write!(out, "[{v6}]"),
    }
}

/// A user part with what must be escaped escaped.
pub fn escaped_user(out: &mut Vec<u8>, user: &str) {
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

/// The headers that every response takes from its request: Via, From, To, Call-ID, CSeq and Record-Route.
///
/// The top Via gets `received` when the request came from another address than it names, and the port in `rport`
/// when it asks for it (RFC 3261 §18.2.1, RFC 3581 §4). A To without tag gets `to_tag`.
pub fn response_head(out: &mut Vec<u8>, request: &Message<'_>, to_tag: Option<u64>, source: SocketAddr) {
    let mut lines = request.lines(HeaderName::Via);
    if let Some((value, line)) = lines.next() {
        match request.top_via() {
            Some(via) => top_via(out, value, &via, source),
            None => copy_line(out, b"Via", value, line),
        }
    }
    lines.for_each(|(value, line)| copy_line(out, b"Via", value, line));
    copy_first(out, request, HeaderName::From);
    if let Some((value, line)) = request.lines(HeaderName::To).next() {
        match to_tag {
            Some(tag) if request.to_tag().is_empty() => {
                out.extend_from_slice(b"To: ");
                unfolded(out, value);
                out.extend_from_slice(b";tag=");
                hex64(out, tag);
                out.extend_from_slice(b"\r\n");
            }
            Some(_) | None => copy_line(out, b"To", value, line),
        }
    }
    copy_first(out, request, HeaderName::CallId);
    copy_first(out, request, HeaderName::CSeq);
    copy_headers(out, request, HeaderName::RecordRoute);
}

/// The first line of Via, its first element completed by where the request came from.
fn top_via(out: &mut Vec<u8>, value: &[u8], via: &Via<'_>, source: SocketAddr) {
    out.extend_from_slice(b"Via: ");
    let (before, after) = via.around_port();
    if via.has_received() {
        // What the peer says of its own address must not stand (RFC 3261 §18.2.1).
        without_address(out, via);
    } else {
        unfolded(out, before);
    }
    if via.wants_port() {
        if via.has_received() {
            out.extend_from_slice(b";rport");
        }
        out.push(b'=');
        decimal(out, u64::from(source.port()));
    }
    if !via.has_received() {
        unfolded(out, after);
    }
    if via.wants_port() || !crate::header::is_address(via.host(), source.ip()) {
        out.extend_from_slice(b";received=");
        let start = out.len();
        ip(out, source.ip());
        if source.is_ipv6() {
            // RFC 3261 §25.1: `received` takes an IPv6 address without brackets.
            out.pop();
            out.remove(start);
        }
    }
    unfolded(out, value.get(before.len() + after.len()..).unwrap_or_default());
    out.extend_from_slice(b"\r\n");
}

/// A Via element without the parameters that the receiver writes.
fn without_address(out: &mut Vec<u8>, via: &Via<'_>) {
    let (before, after) = via.around_port();
    let whole = before.len() + after.len();
    let head = find(before, b';').unwrap_or(whole);
    unfolded(out, before.get(..head).unwrap_or(before));
    for (name, value) in via.parameters().iter() {
        if name.eq_ignore_ascii_case(b"received") || (via.wants_port() && name.eq_ignore_ascii_case(b"rport"))
        {
            continue;
        }
        out.push(b';');
        out.extend_from_slice(name);
        if let Some(value) = value {
            out.push(b'=');
            unfolded(out, value);
        }
    }
}

/// Ends a message: Content-Type when there is a body, Content-Length, the empty line, the body.
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
pub fn utf8(bytes: Vec<u8>) -> Box<str> {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        .into_boxed_str()
}

/// The text that was built from ASCII.
pub fn ascii(bytes: Vec<u8>) -> Box<str> {
    utf8(bytes)
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

/// An answer to bytes that are no whole message, made of the headers that can be read; `false` when there is no
/// Via to send it back by, or when it was an ACK or a response.
pub fn salvaged_response(out: &mut Vec<u8>, bytes: &[u8], status: u16, source: SocketAddr) -> bool {
    let Some(request) = Message::salvage(bytes) else { return false };
    // The same bytes get the same tag, as RFC 3261 §8.2.7 wants of answers that leave no state.
    let tag = siphash24((0, 0), bytes);
    status_line(out, status);
    response_head(out, &request, Some(tag), source);
    finish(out, None, &[]);
    true
}

/// The reason phrase that the standards give a status.
pub const fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        204 => "No Notification",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        493 => "Undecipherable",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        580 => "Precondition Failure",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => "Unknown",
    }
}

/// The user and name of an address header, for a party.
pub(crate) fn party_of(address: &NameAddr<'_>) -> strowger_base::Party {
    strowger_base::Party {
        number: address.user().into_owned().into_boxed_str(),
        name: address.display_name().into_owned().into_boxed_str(),
        presentation: strowger_base::leg::Presentation::Allowed,
    }
}
