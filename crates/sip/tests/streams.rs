//! Stream connections on which a message is never finished.

mod support;

use std::time::Duration;

use strowger_base::net::{StreamId, Transport};
use strowger_base::{Cause, Command, Signal, limits};
use strowger_sip::{Input, Output};
use support::*;

const STREAM: StreamId = StreamId(9);
const OPTIONS: &str = "OPTIONS sip:strowger.test SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKo1\r\n\
     From: <sip:1001@strowger.test>;tag=o\r\nTo: <sip:strowger.test>\r\nCall-ID: o1\r\nCSeq: 1 OPTIONS\r\n\
     Content-Length: 0\r\n\r\n";

fn connected() -> Driver {
    let mut d = Driver::new();
    let (local, peer) = ("192.0.2.1:5060".parse().expect("one"), ALICE.parse().expect("one"));
    d.input(Input::StreamOpened { stream: STREAM, transport: Transport::Tcp, local, peer });
    d
}

/// Bytes arrive; returns the texts that go back on the connection.
fn arrive(d: &mut Driver, bytes: &str) -> Vec<String> {
    d.sip.handle(d.now, Input::StreamBytes { stream: STREAM, bytes: bytes.as_bytes() }, &mut d.out);
    let mut sent = vec![];
    for item in std::mem::take(&mut d.out.items) {
        match item {
            Output::StreamSend { bytes, .. } => {
                sent.push(String::from_utf8_lossy(d.out.arena.slice(bytes)).into_owned());
            }
            Output::Signal(leg, signal) => d.signals.push((leg, signal)),
            _ => {}
        }
    }
    sent
}

fn is_closed(d: &Driver) -> bool {
    let closed = d.others.iter().any(|other| other.contains("StreamClose"));
    assert_eq!((closed, d.sip.sizes().streams), (closed, usize::from(!closed)));
    assert_eq!(d.sip.counters().unfinished, u64::from(closed));
    closed
}

#[test]
fn a_message_that_is_never_finished_closes_its_connection_in_time() {
    let check = |pieces: &[&str], closes: bool| {
        let mut d = connected();
        let step = Duration::from_secs(1);
        for piece in pieces {
            arrive(&mut d, piece);
            d.pass(step);
        }
        d.pass(limits::SIP_MESSAGE_TIME - step * pieces.len() as u32 - Duration::from_millis(1));
        assert!(!is_closed(&d), "{pieces:?}");
        d.pass(Duration::from_millis(1));
        assert_eq!(is_closed(&d), closes, "{pieces:?}");
        d.pass(limits::SIP_MESSAGE_TIME * 2);
        assert_eq!(is_closed(&d), closes, "{pieces:?}");
        assert_eq!(d.sip.sizes().timers, 0);
    };
    let half = &OPTIONS[..60];
    check(&[half], true);
    // Further bytes win no time.
    check(&[half, &OPTIONS[60..70], &OPTIONS[70..71]], true);
    check(&[&OPTIONS.replace("Content-Length: 0", "Content-Length: 9")], true);
    check(&[&format!("{OPTIONS}{half}")], true);
    // Nothing begun, or all of it there.
    check(&[], false);
    check(&["\r\n"], false);
    check(&["\r\n\r\n"], false);
    check(&[half, &OPTIONS[60..]], false);
    check(&[half, &OPTIONS[60..], "\r\n"], false);
}

#[test]
fn each_message_has_its_own_time() {
    let mut d = connected();
    let nearly = limits::SIP_MESSAGE_TIME - Duration::from_secs(1);
    arrive(&mut d, &OPTIONS[..60]);
    for _ in 0..3 {
        d.pass(nearly);
        // The end of one and the beginning of the next.
        let answers = arrive(&mut d, &format!("{}{}", &OPTIONS[60..], &OPTIONS[..60]));
        assert_eq!(answers.len(), 1);
        assert!(answers[0].starts_with("SIP/2.0 200 "), "{answers:?}");
    }
    d.pass(nearly);
    assert!(!is_closed(&d));
    d.pass(Duration::from_secs(1));
    assert!(is_closed(&d));
}

#[test]
fn a_connection_that_closes_first_leaves_no_timer() {
    let mut d = connected();
    arrive(&mut d, &OPTIONS[..60]);
    assert_eq!(d.sip.sizes().timers, 1);
    d.input(Input::StreamClosed { stream: STREAM });
    assert_eq!((d.sip.sizes().timers, d.sip.counters().unfinished), (0, 0));
}

/// A call that came whole goes on, over a new connection.
#[test]
fn what_was_accepted_before_stays() {
    let mut d = connected();
    let tcp = |text: String| text.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    arrive(&mut d, &tcp(alice("INVITE", "inv1", 1, "", "", SDP_A)));
    let (leg, Signal::Setup(_)) = d.signals.remove(0) else { panic!() };
    d.sip.handle(
        d.now,
        Input::Command(leg, Command::Answer { media: answer(SDP_B), connected: party("", "") }),
        &mut d.out,
    );
    let ok = d.out.items.iter().find_map(|item| match item {
        Output::StreamSend { bytes, .. } => {
            Some(String::from_utf8_lossy(d.out.arena.slice(*bytes)).into_owned())
        }
        _ => None,
    });
    let tag = tag_of(&ok.unwrap(), "To").to_owned();
    let ack = tcp(alice("ACK", "ack1", 1, &tag, "", ""));
    arrive(&mut d, &format!("{ack}{}", &OPTIONS[..60]));
    d.pass(limits::SIP_MESSAGE_TIME);
    assert!(is_closed(&d));
    assert!(d.signals.is_empty(), "{:?}", d.signals);
    assert_eq!(d.sip.sizes().legs, 1);
    d.others.clear();
    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    assert!(d.others[0].starts_with("StreamConnect"), "{:?}", d.others);
    assert!(d.others[1].starts_with("StreamSend"), "{:?}", d.others);
}
