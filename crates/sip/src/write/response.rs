//! What responses take from their requests.

use std::net::SocketAddr;

use strowger_base::hash::siphash24;

use super::{copy_first, copy_headers, copy_line, decimal, finish, hex64, ip, status_line, unfolded};
use crate::header::Via;
use crate::message::{HeaderName, Message};
use crate::scan::find;

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
        if via.wants_port() {
            out.extend_from_slice(b";rport=");
            decimal(out, u64::from(source.port()));
        }
    } else {
        unfolded(out, before);
        if via.wants_port() {
            out.push(b'=');
            decimal(out, u64::from(source.port()));
        }
        unfolded(out, after);
    }
    if via.wants_port() || !crate::header::is_address(via.host(), source.ip()) {
        // An IPv6 address stands without brackets here (RFC 3261 §25.1, via-received).
        out.extend_from_slice(b";received=");
        ip(out, source.ip());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn the_way_back_is_completed_by_where_the_request_came_from() {
        let check = |via: &str, source: &str, expect: &str| {
            let request = format!("OPTIONS sip:a SIP/2.0\r\n{via}\r\n\r\n");
            let mut out = Vec::new();
            response_head(
                &mut out,
                &Message::parse(request.as_bytes()).unwrap(),
                None,
                source.parse().unwrap(),
            );
            assert_eq!(text(&out), format!("{expect}\r\n"), "{via}");
        };
        let here = "192.0.2.1:5099";
        let known = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=x";
        check(known, here, known);
        check(known, "192.0.2.2:1", &format!("{known};received=192.0.2.2"));
        check(
            "v: SIP/2.0/UDP 10.0.0.1;rport;branch=x",
            here,
            "Via: SIP/2.0/UDP 10.0.0.1;rport=5099;branch=x;received=192.0.2.1",
        );
        check(
            "Via: SIP / 2.0 / UDP phone\r\n ;branch=x;rport ,\r\n SIP/2.0/TCP b, SIP/2.0/TLS c",
            here,
            "Via: SIP / 2.0 / UDP phone ;branch=x;rport=5099;received=192.0.2.1 , SIP/2.0/TCP b, SIP/2.0/TLS c",
        );
        check(
            "Via: SIP/2.0/UDP [2001:db8::9];rport\r\nVia: SIP/2.0/UDP b;rport",
            "[2001:db8::1]:7",
            "Via: SIP/2.0/UDP [2001:db8::9];rport=7;received=2001:db8::1\r\nVia: SIP/2.0/UDP b;rport",
        );
        check(
            "Via: SIP/2.0/UDP a;received=1.2.3.4;rport;x=\"1\";y, SIP/2.0/UDP b;received=9.9.9.9",
            here,
            "Via: SIP/2.0/UDP a;x=\"1\";y;rport=5099;received=192.0.2.1, SIP/2.0/UDP b;received=9.9.9.9",
        );
        check(
            "Via: SIP/2.0/UDP 192.0.2.1;received=1.2.3.4;rport=9",
            here,
            "Via: SIP/2.0/UDP 192.0.2.1;rport=9",
        );
        check("Via: SIP/7.0/UDP a;rport", here, "Via: SIP/7.0/UDP a;rport");
    }

    #[test]
    fn a_response_takes_what_identifies_its_request() {
        let request = b"INVITE sip:b@h SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1\r\nRecord-Route: <sip:p1;lr>\r\n\
            Max-Forwards: 70\r\nt: \"B\"\r\n <sip:b@h>\r\nf: sip:a@h;tag=1\r\nCSeq: 1\tINVITE\r\n\
            i:  x@h\nRecord-Route: <sip:p2;lr>\r\nSubject: s\r\n\r\n";
        let request = Message::parse(request).unwrap();
        let mut out = Vec::new();
        response_head(&mut out, &request, Some(0xab), "192.0.2.1:5060".parse().unwrap());
        assert_eq!(
            text(&out),
            "Via: SIP/2.0/UDP 192.0.2.1\r\nf: sip:a@h;tag=1\r\nTo: \"B\" <sip:b@h>;tag=00000000000000ab\r\n\
             Call-ID: x@h\r\nCSeq: 1\tINVITE\r\nRecord-Route: <sip:p1;lr>\r\nRecord-Route: <sip:p2;lr>\r\n"
        );
    }

    #[test]
    fn a_tag_that_is_there_stays_and_doubled_headers_are_sent_once() {
        let request = b"BYE sip:b@h SIP/2.0\r\nTo: <sip:b@h>;tag=7\r\nTo: <sip:c@h>\r\nCall-ID: 1\r\nCall-ID: 2\r\n\r\n";
        let mut out = Vec::new();
        let source = "192.0.2.1:5060".parse().unwrap();
        response_head(&mut out, &Message::parse(request).unwrap(), Some(1), source);
        assert_eq!(text(&out), "To: <sip:b@h>;tag=7\r\nCall-ID: 1\r\n");
    }

    #[test]
    fn what_can_be_read_of_a_broken_request_is_answered() {
        let check = |bytes: &str, expect: Option<&str>| {
            let mut out = Vec::new();
            let written =
                salvaged_response(&mut out, bytes.as_bytes(), 400, "192.0.2.1:5060".parse().unwrap());
            // The tag hangs on the bytes only; that it is there is enough.
            let got = text(&out);
            let got = match got.split_once(";tag=") {
                Some((before, after)) => format!("{before};tag=*{}", after.get(16..).unwrap()),
                None => got,
            };
            assert_eq!(written.then_some(got).as_deref(), expect, "{bytes}");
        };
        check(
            "\r\nINVITE  sip:a SIP/2.0\r\nbroken line\r\nVia: SIP/2.0/UDP h;rport\r\nTo: <sip:a>\r\n x\r\nCSeq: 1 INVITE",
            Some(
                "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;rport=5060;received=192.0.2.1\r\n\
                 To: <sip:a> x;tag=*\r\nContent-Length: 0\r\n\r\n",
            ),
        );
        check("INVITE sip:a SIP/2.0\r\n\r\nVia: SIP/2.0/UDP h\r\n", None);
        check("ACK  sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n", None);
        check("SIP/2.0 200\r\nVia: SIP/2.0/UDP h\r\n", None);
        check("", None);
    }
}
