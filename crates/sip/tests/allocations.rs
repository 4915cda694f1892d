//! Reading a message takes nothing from the heap, and an idle connection keeps nothing of it.

use strowger_base::net::Transport;
use strowger_sip::framer::Framer;
use strowger_sip::message::Message;
use strowger_sip::{body, validate, write};

/// How often the heap is asked for memory.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

const BODY: &str = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=x\r\n\r\n--b--\r\n";

fn invite(more_headers: usize) -> Vec<u8> {
    let more: String = (0..more_headers).map(|n| format!("X-Header-{n}: value\r\n")).collect();
    format!(
        "INVITE sip:2002@example.com;user=phone SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.33:5060;branch=z9hG4bK2a7d1c9f;rport\r\nMax-Forwards: 70\r\n\
         From: \"Alice\" <sip:2001@example.com>;tag=1\r\nTo: <sip:2002@example.com>\r\nCall-ID: a@192.0.2.33\r\n\
         CSeq: 101 INVITE\r\nContact: <sip:2001@192.0.2.33:5060>;+sip.instance=\"<urn:uuid:1>\"\r\n\
         Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\nSupported: timer, replaces\r\nSession-Expires: 1800;refresher=uac\r\n\
         Content-Type: multipart/mixed;boundary=b\r\n{more}Content-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
    .into_bytes()
}

#[test]
fn an_invite_is_read_and_checked_without_the_heap() {
    // 12 headers of its own and so many that the table within the message is full.
    for more in [0, 52] {
        let bytes = invite(more);
        let mut out = Vec::with_capacity(2_000);
        let count = allocations(|| {
            let message = Message::parse(&bytes).expect("it is in order");
            assert_eq!(validate::check(&message, Transport::Udp), Ok(()));
            assert_eq!(message.headers().count(), 12 + more);
            assert!(message.supports("timer") && message.contacts().count() == 1);
            assert_eq!(message.record_route_values().count(), 2);
            assert_eq!(message.request_user(), "2002");
            assert_eq!(message.session_expires(), Some((1800, Some("uac"))));
            assert_eq!(body::session_description(&message), Some(&b"v=0\r\no=x\r\n"[..]));
            write::status_line(&mut out, 180);
            write::response_head(&mut out, &message, Some(7), "192.0.2.33:5060".parse().expect("an address"));
            write::finish(&mut out, None, &[]);
        });
        assert_eq!(count, 0, "with {more} more headers");
    }
    // The gauge works: one more header than the table holds.
    let bytes = invite(53);
    assert!(allocations(|| assert!(Message::parse(&bytes).is_ok())) > 0);
}

#[test]
fn a_connection_gives_its_buffer_back_between_messages() {
    let bytes = invite(0);
    let mut framer = Framer::new();
    let held = allocation_counter::measure(|| {
        for piece in bytes.chunks(100) {
            framer.feed(piece);
            while framer.next().is_some() {}
            framer.compact();
        }
    });
    assert!(held.count_total > 0);
    assert_eq!((held.bytes_current, framer.waiting_bytes()), (0, 0));
    assert!(size_of::<Framer>() <= 64, "it is a part of every connection");
}
