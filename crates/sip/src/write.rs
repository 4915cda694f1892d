//! Writing messages: appending to a buffer, without formatting machinery and without copies.

use std::net::SocketAddr;

use strowger_base::WallTime;

use crate::header::{NameAddr, Via, text};
use crate::message::{HeaderName, Message};
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
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
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

/// The headers that every response takes from its request: Via, From, To, Call-ID, CSeq and Record-Route.
///
/// The top Via gets `received` when the request came from another address than it names, and the port in `rport`
/// when it asks for it (RFC 3261 §18.2.1, RFC 3581 §4). A To without tag gets `to_tag`.
pub fn response_head(out: &mut Vec<u8>, request: &Message<'_>, to_tag: Option<u64>, source: SocketAddr) {
    let mut first = true;
    for line in request.all(HeaderName::Via) {
        out.extend_from_slice(b"Via: ");
        match request.top_via() {
            Some(via) if std::mem::take(&mut first) => top_via(out, line, &via, source),
            Some(_) | None => unfolded(out, line),
        }
        out.extend_from_slice(b"\r\n");
    }
    if let Some(from) = request.first(HeaderName::From) {
        header(out, b"From", from);
    }
    if let Some(to) = request.first(HeaderName::To) {
        out.extend_from_slice(b"To: ");
        unfolded(out, to);
        if let (Some(tag), true) = (to_tag, request.to_tag().is_empty()) {
            out.extend_from_slice(b";tag=");
            hex64(out, tag);
        }
        out.extend_from_slice(b"\r\n");
    }
    for name in [HeaderName::CallId, HeaderName::CSeq] {
        if let Some(value) = request.first(name) {
            header(out, name.as_str().as_bytes(), value);
        }
    }
    for route in request.all(HeaderName::RecordRoute) {
        header(out, b"Record-Route", route);
    }
}

/// The first line of Via, its first element completed by where the request came from.
fn top_via(out: &mut Vec<u8>, line: &[u8], via: &Via<'_>, source: SocketAddr) {
    let element = crate::header::elements(line).next().unwrap_or(line);
    let (host, _) = via.host_and_port();
    let same = crate::header::is_address(host, source.ip());
    if !via.wants_port && same && via.parameters.value("received").is_none() {
        unfolded(out, line);
        return;
    }
    let head = memchr::memchr(b';', element).unwrap_or(element.len());
    unfolded(out, element.get(..head).unwrap_or_default());
    for (name, value) in via.parameters.iter() {
        if name.eq_ignore_ascii_case(b"received") || name.eq_ignore_ascii_case(b"rport") {
            continue;
        }
        out.push(b';');
        out.extend_from_slice(name);
        if let Some(value) = value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    if via.wants_port {
        out.extend_from_slice(b";rport=");
        decimal(out, u64::from(source.port()));
    }
    out.extend_from_slice(b";received=");
    let start = out.len();
    ip(out, source.ip());
    if source.is_ipv6() {
        // RFC 3261 §25.1: `received` takes an IPv6 address without brackets.
        out.pop();
        out.remove(start);
    }
    unfolded(out, line.get(element.len()..).unwrap_or_default());
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
    let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = bytes.get(start..).unwrap_or_default();
    if bytes.starts_with(b"ACK ") || bytes.starts_with(b"SIP/") {
        return false;
    }
    let mut head = Vec::with_capacity(256);
    let mut first_via = true;
    for line in bytes.split(|byte| *byte == b'\n').skip(1).take(64) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::of(line.get(..colon).unwrap_or_default().trim_ascii());
        let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
        match name {
            HeaderName::Via => {
                head.extend_from_slice(b"Via: ");
                let element = crate::header::elements(value).next().unwrap_or(value);
                match Via::parse(element) {
                    Some(via) if first_via => top_via(&mut head, value, &via, source),
                    Some(_) | None => head.extend_from_slice(value),
                }
                first_via = false;
                head.extend_from_slice(b"\r\n");
            }
            HeaderName::From | HeaderName::To | HeaderName::CallId | HeaderName::CSeq => {
                header(&mut head, name.as_str().as_bytes(), value);
            }
            _ => {}
        }
    }
    if first_via {
        return false;
    }
    status_line(out, status);
    out.extend_from_slice(&head);
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

/// Text of a header value; empty when it is not UTF-8.
pub(crate) fn value_text(value: Option<&[u8]>) -> &str {
    value.map(text).unwrap_or_default()
}
