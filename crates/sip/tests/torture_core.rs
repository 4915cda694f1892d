//! The messages of RFC 4475 against the whole SIP side: each gets the answer that its section asks for, and the
//! SIP side goes on answering.

mod support;

use strowger_base::net::{ListenerId, StreamId, Transport};
use strowger_sip::{Input, Output};
use support::*;

/// What an unknown peer gets for a message: the status of the answer, or 0 for silence. Requests that are in order
/// get 401 here, since nobody who is unknown may call or register.
const EXPECTED: &[(&str, u16)] = &[
    // It carries a To tag, so it belongs to a dialog, and there is none (RFC 3261 §12.2.2).
    ("wsinv", 481),
    ("intmeth", 501),
    ("esc01", 401),
    ("escnull", 401),
    ("esc02", 501),
    ("lwsdisp", 200),
    ("longreq", 401),
    ("dblreq", 401),
    ("semiuri", 200),
    ("transports", 200),
    ("mpart01", 405),
    ("unreason", 0),
    ("noreason", 0),
    ("badinv01", 400),
    ("clerr", 400),
    ("ncl", 400),
    ("scalar02", 400),
    ("scalarlg", 0),
    ("quotbal", 400),
    ("ltgtruri", 400),
    ("lwsruri", 400),
    ("lwsstart", 400),
    ("trws", 400),
    ("escruri", 400),
    ("baddate", 401),
    ("regbadct", 400),
    ("badaspec", 400),
    ("baddn", 400),
    ("baddn-terminated", 400),
    ("badvers", 505),
    ("mismatch01", 400),
    ("mismatch02", 501),
    ("bigcode", 0),
    ("badbranch", 400),
    ("insuf", 400),
    ("unkscm", 416),
    ("novelsc", 416),
    ("unksm2", 400),
    ("bext01", 420),
    ("invut", 415),
    ("regaut01", 401),
    ("multi01", 400),
    ("mcl01", 400),
    ("bcast", 0),
    ("zeromf", 200),
    ("cparam01", 401),
    ("cparam02", 401),
    ("regescrt", 401),
    ("sdp01", 406),
    ("inv2543", 401),
    ("test", 0),
];

fn bytes_of(name: &str) -> Vec<u8> {
    let path = format!("{}/testdata/rfc4475/{name}.dat", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn status(text: &str) -> u16 {
    text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).and_then(|s| s.parse().ok()).unwrap_or(0)
}

fn still_answers(d: &mut Driver) {
    d.from("198.51.100.9:5060", &options("198.51.100.9:5060"));
    assert!(d.one().starts_with("SIP/2.0 200 OK\r\n"));
}

fn options(sent_by: &str) -> String {
    format!(
        "OPTIONS sip:strowger.test SIP/2.0\r\nVia: SIP/2.0/UDP {sent_by};branch=z9hG4bKopt\r\nMax-Forwards: 70\r\n\
         From: <sip:x@example.com>;tag=1\r\nTo: <sip:strowger.test>\r\nCall-ID: opt\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

#[test]
fn every_message_gets_its_answer_over_udp() {
    let mut wrong = vec![];
    for (name, expected) in EXPECTED {
        let mut d = Driver::new();
        let source = "198.51.100.1:5099".parse().unwrap();
        d.input(Input::Datagram { listener: ListenerId(0), source, bytes: &bytes_of(name) });
        let got = d.sent.first().map_or(0, |(_, text)| status(text));
        if got != *expected || d.sent.len() > 1 {
            wrong.push(format!("{name}: expected {expected}, got {got}: {:?}", d.sent));
        }
        d.sent.clear();
        assert!(d.signals.is_empty(), "{name} became a call");
        still_answers(&mut d);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_message_is_handled_over_tcp_and_another_connection_still_gets_answers() {
    for (name, expected) in EXPECTED {
        let mut d = Driver::new();
        let stream = StreamId(1);
        let (local, peer) = ("192.0.2.1:5060".parse().unwrap(), "198.51.100.1:5099".parse().unwrap());
        d.sip.handle(
            d.now,
            Input::StreamOpened { stream, transport: Transport::Tcp, local, peer },
            &mut d.out,
        );
        for chunk in bytes_of(name).chunks(7) {
            d.sip.handle(d.now, Input::StreamBytes { stream, bytes: chunk }, &mut d.out);
        }
        let mut got = vec![];
        for item in &d.out.items {
            if let Output::StreamSend { bytes, .. } = item {
                got.push(status(&String::from_utf8_lossy(d.out.arena.slice(*bytes))));
            }
        }
        // On a stream a length that is too large waits for the rest, a missing one counts as 0, and what follows a
        // message is the next one (RFC 3261 §18.3).
        match *name {
            "clerr" | "baddn" | "test" => assert!(got.is_empty(), "{name}: {got:?}"),
            "dblreq" => assert_eq!(got.first(), Some(&401), "{name}: {got:?}"),
            "inv2543" => assert_eq!(got.first(), Some(&401), "{name}: {got:?}"),
            _ => assert_eq!(got.first().copied().unwrap_or(0), *expected, "{name}: {got:?}"),
        }
        d.out.items.clear();
        still_answers(&mut d);
    }
}
