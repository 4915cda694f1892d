//! What comes to a port after its call.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Now, Rng};

use crate::control::{Command, PortId, RelayPeer, Report, Side};
use crate::rtp::Header;
use crate::worker::{Channel, Input, Outbox, Output, SocketRef, Worker};

const LOCAL_A: &str = "198.51.100.7:40000";
const LOCAL_B: &str = "198.51.100.7:40002";
const PHONE: &str = "192.0.2.5:6000";
const OTHER: &str = "203.0.113.9:50123";

/// A worker whose ports all have the same addresses, one call after the other.
struct Desk {
    worker: Worker,
    out: Outbox,
    milliseconds: u64,
}

impl Desk {
    fn new() -> Desk {
        Desk { worker: Worker::new(Rng::new(1)), out: Outbox::default(), milliseconds: 0 }
    }

    fn give(&mut self, input: Input<'_>) {
        let mono = Instant::from_nanos(self.milliseconds * 1_000_000);
        self.worker.handle(Now { mono, ..Now::default() }, input, &mut self.out);
    }

    /// A relay between two phones whose descriptions name private addresses.
    fn call(&mut self, port: PortId) {
        self.give(Input::Command(Command::OpenRelay { port }));
        self.give(Input::Opened { port, a: LOCAL_A.parse().unwrap(), b: Some(LOCAL_B.parse().unwrap()) });
        for (side, remote) in [(Side::A, "10.0.0.5:4000"), (Side::B, "10.0.0.6:4000")] {
            self.give(Input::Command(Command::Direct {
                port,
                side,
                peer: RelayPeer::new(remote.parse().unwrap()),
            }));
        }
        self.out.items.clear();
    }

    fn close(&mut self, port: PortId) {
        self.give(Input::Command(Command::Close { port }));
        assert!(
            matches!(self.out.items[..], [Output::Report(Report::Closed { .. })]),
            "who closed it is told at once, and the sockets stay: {:?}",
            self.out.items
        );
        self.out.items.clear();
    }

    /// A packet to side A; returns where it was sent on to.
    fn packet(&mut self, port: PortId, source: &str, ssrc: u32) -> Vec<SocketAddr> {
        let mut bytes = Vec::new();
        Header { marker: false, payload_type: 0, sequence: 1, timestamp: 1, ssrc }.write(&mut bytes);
        let socket = SocketRef { port, side: Side::A, channel: Channel::Rtp };
        self.give(Input::Packet { socket, source: source.parse().unwrap(), bytes: &bytes });
        let sent = self.out.items.drain(..).filter_map(|item| match item {
            Output::Send { destination, .. } => Some(destination),
            Output::OpenSockets { .. } | Output::CloseSockets { .. } | Output::Report(_) => None,
        });
        sent.collect()
    }

    /// Lets time go by until the sockets of a closed port are closed, with a packet from `source` each 20 ms until `stops`; returns when.
    fn drained(&mut self, port: PortId, source: &str, ssrc: u32, stops: u64) -> u64 {
        loop {
            self.milliseconds += 20;
            assert!(self.milliseconds < 1_000_000, "never closed");
            if self.milliseconds < stops {
                assert_eq!(self.packet(port, source, ssrc), [], "nobody hears it");
            }
            let now = Instant::from_nanos(self.milliseconds * 1_000_000);
            if self.worker.next_timeout().is_some_and(|at| at <= now) {
                self.give(Input::Timeout);
            }
            if self.out.items.drain(..).any(|item| matches!(item, Output::CloseSockets { .. })) {
                assert_eq!((self.worker.draining(), self.worker.next_timeout()), (0, None));
                return self.milliseconds;
            }
        }
    }
}

/// A call in which the phone talked from `PHONE` with source 7; then a packet from `source` each 20 ms until `stops`. The sockets
/// are closed at `expect`.
fn check(source: &str, ssrc: u32, stops: u64, expect: u64) {
    let mut desk = Desk::new();
    desk.call(PortId(2));
    assert_eq!(desk.packet(PortId(2), PHONE, 7).len(), 1);
    desk.close(PortId(2));
    assert_eq!(desk.drained(PortId(2), source, ssrc, stops), expect, "{source} {ssrc} until {stops}");
}

#[test]
fn a_port_rests_until_its_former_peer_is_quiet() {
    check(PHONE, 7, 0, 3000);
    check(PHONE, 7, 1000, 980 + 3000);
    // Under another source, and from another address: still the same phone.
    check(PHONE, 8, 10_000, 9980 + 3000);
    check(OTHER, 7, 10_000, 9980 + 3000);
    // Somebody else cannot keep a port.
    check(OTHER, 8, 100_000, 3000);
    // Nobody can keep one for ever.
    check(PHONE, 7, 100_000, 60_000);
}

#[test]
fn the_quarantine_can_be_set() {
    let mut desk = Desk::new();
    desk.worker.set_quarantine(Duration::from_secs(5));
    desk.call(PortId(2));
    desk.close(PortId(2));
    assert_eq!(desk.drained(PortId(2), PHONE, 7, 0), 5000);
}

#[test]
fn the_next_call_does_not_take_a_stale_sender_for_its_peer() {
    let mut desk = Desk::new();
    desk.call(PortId(2));
    desk.packet(PortId(2), PHONE, 7);
    desk.close(PortId(2));
    desk.drained(PortId(2), PHONE, 7, 100_000);
    desk.call(PortId(4));
    let far: SocketAddr = "10.0.0.6:4000".parse().unwrap();
    assert_eq!(desk.packet(PortId(4), PHONE, 7), [], "the call before");
    assert_eq!(desk.packet(PortId(4), OTHER, 9), [far]);
    assert_eq!(desk.packet(PortId(4), PHONE, 7), []);
    desk.close(PortId(4));
    // It changes its source while the port rests, and is known by that.
    desk.drained(PortId(4), OTHER, 10, 1_000_000);
    desk.call(PortId(5));
    assert_eq!(desk.packet(PortId(5), OTHER, 10), [], "the call before");
    // The phone calls again: another source at its old port.
    assert_eq!(desk.packet(PortId(5), OTHER, 11), [far]);
    desk.close(PortId(5));
    desk.drained(PortId(5), OTHER, 11, 0);
    // It has stopped meanwhile, so that the same phone may be the peer of the call after that.
    desk.call(PortId(6));
    assert_eq!(desk.packet(PortId(6), PHONE, 7), [far]);
}
