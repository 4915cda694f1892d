//! Measures reading alone: `parse N` reads each sample N times and prints nanoseconds a message.
//!
//! Under `valgrind --tool=callgrind` the difference of two counts, divided by their difference, is the cost of
//! one message in instructions: `parse N invite`, `parse N register`.

use std::hint::black_box;

use strowger_base::net::Transport;
use strowger_sip::message::Message;
use strowger_sip::validate;

fn main() {
    #[expect(clippy::disallowed_methods, reason = "an example is a program of its own")]
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let only = arguments.next();
    for (name, sample) in SAMPLES {
        if only.as_deref().is_none_or(|only| only == *name) {
            let bytes = sample.replace('\n', "\r\n");
            println!("{name}: {} bytes, {} ns", bytes.len(), nanoseconds(bytes.as_bytes(), count));
        }
    }
}

/// Reads and checks a message as the SIP side does before it looks for a transaction.
fn nanoseconds(bytes: &[u8], count: u32) -> u128 {
    #[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "an example measures real time")]
    let started = std::time::Instant::now();
    for _ in 0..count {
        let message = Message::parse(black_box(bytes)).expect("the samples are in order");
        assert!(validate::check(&message, Transport::Udp).is_ok(), "the samples are in order");
        black_box(&message);
    }
    started.elapsed().as_nanos() / u128::from(count.max(1))
}

const SAMPLES: &[(&str, &str)] = &[("invite", INVITE), ("register", REGISTER), ("ok", OK)];

/// An INVITE with the headers that a desk phone sends behind one proxy.
const INVITE: &str = "\
INVITE sip:2002@sip.example.com;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.20:5060;branch=z9hG4bK-524287-1---5f0a1c2d3e4b5a69;rport
Via: SIP/2.0/UDP 192.0.2.33:5060;branch=z9hG4bK2a7d1c9f;received=192.0.2.33
Max-Forwards: 69
Record-Route: <sip:198.51.100.20;lr;ftag=00a289e7c2f80012>
From: \"Alice Example\" <sip:2001@sip.example.com>;tag=00a289e7c2f800126c0f1d7a-2b9e3f11
To: <sip:2002@sip.example.com;user=phone>
Call-ID: 00a289e7-c2f80009-51b6aa3c-2f4c11d0@192.0.2.33
CSeq: 101 INVITE
Contact: <sip:2001@192.0.2.33:5060;transport=udp>;+u.sip!devicename=\"SEP00A289E7C2F8\"
Date: Sat, 21 Nov 2026 05:00:00 GMT
User-Agent: ExamplePhone/12.8.1
Expires: 180
Accept: application/sdp
Allow: ACK,BYE,CANCEL,INVITE,NOTIFY,OPTIONS,REFER,REGISTER,UPDATE,SUBSCRIBE,INFO
Supported: replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,X-cisco-callinfo
Remote-Party-ID: \"Alice Example\" <sip:2001@sip.example.com>;party=calling;id-type=subscriber;privacy=off
Allow-Events: kpml,dialog
Session-Expires: 1800;refresher=uac
Content-Disposition: session;handling=optional
Content-Type: application/sdp
Content-Length: 424

v=0
o=ExamplePhone-SIPUA 14829 0 IN IP4 192.0.2.33
s=SIP Call
b=AS:4064
t=0 0
m=audio 26482 RTP/AVP 114 9 124 0 8 116 18 101
c=IN IP4 192.0.2.33
b=TIAS:64000
a=rtpmap:114 opus/48000/2
a=rtpmap:9 G722/8000
a=rtpmap:124 ISAC/16000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:116 iLBC/8000
a=fmtp:116 mode=20
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=yes
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
";

const REGISTER: &str = "\
REGISTER sip:sip.example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.33:5060;branch=z9hG4bK2a7d1c9f;rport
Max-Forwards: 70
From: <sip:2001@sip.example.com>;tag=00a289e7c2f8
To: <sip:2001@sip.example.com>
Call-ID: 00a289e7-c2f80002@192.0.2.33
CSeq: 102 REGISTER
Contact: <sip:2001@192.0.2.33:5060>
Expires: 3600
Authorization: Digest username=\"2001\", realm=\"sip.example.com\", nonce=\"00000000000000010123456789abcdef\", uri=\"sip:sip.example.com\", response=\"0123456789abcdef0123456789abcdef\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"0a4f113b\"
User-Agent: ExamplePhone/12.8.1
Content-Length: 0

";

const OK: &str = "\
SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0123456789abcdef;rport=5060;received=192.0.2.1
From: <sip:2001@sip.example.com>;tag=0123456789abcdef
To: <sip:2002@sip.example.com>;tag=00a289e7c2f8
Call-ID: 0123456789abcdef@192.0.2.1
CSeq: 102 BYE
Content-Length: 0

";
