//! Passages: datagrams that are no RTP between two fax gateways.

use std::net::SocketAddr;

use strowger_base::{Instant, Now, Rng};

use crate::control::{Command, PortId, RelayPeer, Report, Side};
use crate::passage::{DATAGRAM_BYTES, DATAGRAMS_PER_SECOND};
use crate::statistics::PortStatistics;
use crate::worker::{Channel, Input, Outbox, Output, QUARANTINE, SocketRef, Worker};

const PORT: PortId = PortId(4);
const A: &str = "192.0.2.5:6000";
/// Where B says that it is, and where it is.
const B_TOLD: &str = "10.0.0.9:5004";
const B: &str = "203.0.113.9:50123";
const STRANGER: &str = "198.51.100.66:666";

struct Bench {
    worker: Worker,
    out: Outbox,
    milliseconds: u64,
}

impl Bench {
    /// Two gateways, of which B is behind NAT.
    fn new() -> Bench {
        let mut bench = Bench { worker: Worker::new(Rng::new(1)), out: Outbox::default(), milliseconds: 0 };
        bench.give(Input::Command(Command::OpenPassage { port: PORT }));
        assert!(matches!(bench.out.items[..], [Output::OpenSockets { pairs: 2, .. }]));
        bench.direct(Side::A, A);
        let (a, b) = ("198.51.100.7:40000".parse().unwrap(), "198.51.100.7:40004".parse().unwrap());
        bench.give(Input::Opened { port: PORT, a, b: Some(b) });
        bench.direct(Side::B, B_TOLD);
        assert!(matches!(bench.out.items[..], [_, Output::Report(Report::Opened { b: Some(_), .. })]));
        bench.out.items.clear();
        bench
    }

    fn give(&mut self, input: Input<'_>) {
        let mono = Instant::from_nanos(self.milliseconds * 1_000_000);
        self.worker.handle(Now { mono, ..Now::default() }, input, &mut self.out);
    }

    fn direct(&mut self, side: Side, peer: &str) {
        let peer = RelayPeer::new(peer.parse().unwrap());
        self.give(Input::Command(Command::Direct { port: PORT, side, peer }));
    }

    /// Something comes to a side; what goes on, and where to.
    fn fly(
        &mut self,
        (side, channel): (Side, Channel),
        source: &str,
        bytes: &[u8],
    ) -> Option<(String, Vec<u8>)> {
        let socket = SocketRef { port: PORT, side, channel };
        self.give(Input::Packet { socket, source: source.parse().unwrap(), bytes });
        let item = self.out.items.pop()?;
        let Output::Send { socket, destination, bytes } = item else { panic!("{item:?}") };
        assert_eq!((socket.side, socket.channel), (side.other(), Channel::Rtp));
        Some((destination.to_string(), self.out.arena.slice(bytes).to_vec()))
    }

    #[track_caller]
    fn check(&mut self, side: Side, source: &str, to: Option<&str>) {
        let bytes = [0x00, self.milliseconds as u8, 0x06, 0xc0];
        let went = self.fly((side, Channel::Rtp), source, &bytes);
        assert_eq!(
            went,
            to.map(|to| (to.to_owned(), bytes.to_vec())),
            "{source} at {} ms",
            self.milliseconds
        );
    }

    fn close(&mut self) -> PortStatistics {
        self.give(Input::Command(Command::Close { port: PORT }));
        let Some(Output::Report(Report::Closed { statistics, .. })) = self.out.items.pop() else {
            panic!("{:?}", self.out.items)
        };
        *statistics
    }
}

#[test]
fn fax_passes_both_ways_also_to_a_gateway_behind_nat() {
    let mut bench = Bench::new();
    bench.check(Side::A, A, Some(B_TOLD));
    bench.check(Side::B, B, Some(A));
    bench.check(Side::A, A, Some(B));
    // A stranger is not heard, whenever it comes; after silence the NAT may use another door of the same house.
    for milliseconds in [100, 5000] {
        bench.milliseconds = milliseconds;
        bench.check(Side::B, STRANGER, None);
        bench.check(Side::A, A, Some(B));
    }
    bench.check(Side::B, "203.0.113.9:50999", Some(A));
    bench.check(Side::A, A, Some("203.0.113.9:50999"));
    // What is described wins.
    bench.check(Side::B, B_TOLD, Some(A));
    bench.check(Side::A, A, Some(B_TOLD));
    let PortStatistics { a, b } = bench.close();
    let b = b.unwrap();
    assert_eq!((a.packets, a.bytes, b.sent, b.sent_bytes), (6, 24, 6, 24));
    assert_eq!(
        (b.packets, a.sent, b.foreign, b.peer),
        (3, 3, 2, Some(B_TOLD.parse::<SocketAddr>().unwrap()))
    );
}

#[test]
fn what_is_no_datagram_of_a_fax_does_not_pass() {
    let mut bench = Bench::new();
    let longest = vec![0; DATAGRAM_BYTES];
    assert!(bench.fly((Side::A, Channel::Rtp), A, &longest).is_some());
    for bytes in [&vec![0; DATAGRAM_BYTES + 1][..], &[]] {
        assert_eq!(bench.fly((Side::A, Channel::Rtp), A, bytes), None);
    }
    // It has no control stream.
    assert_eq!(bench.fly((Side::A, Channel::Rtcp), A, &[0x80, 201, 0, 1, 0, 0, 0, 1]), None);
    let a = bench.close().a;
    assert_eq!((a.packets, a.malformed, a.foreign), (1, 2, 1));
}

#[test]
fn who_floods_a_passage_is_cut_off_until_the_next_second() {
    let mut bench = Bench::new();
    let flood = 3 * DATAGRAMS_PER_SECOND;
    let passed = (0..flood).filter(|_| bench.fly((Side::A, Channel::Rtp), A, &[1, 2]).is_some()).count();
    assert_eq!(passed as u32, DATAGRAMS_PER_SECOND);
    bench.milliseconds = 1000;
    bench.check(Side::A, A, Some(B_TOLD));
}

#[test]
fn the_ports_rest_while_somebody_still_sends() {
    let mut bench = Bench::new();
    bench.check(Side::B, B, Some(A));
    bench.close();
    let last = 2 * QUARANTINE.as_millis() as u64;
    while bench.milliseconds < last {
        bench.milliseconds += 500;
        bench.give(Input::Timeout);
        assert_eq!(bench.out.items.len(), 0, "closed at {} ms", bench.milliseconds);
        assert_eq!(bench.fly((Side::B, Channel::Rtp), B, &[0, 1, 2]), None);
    }
    bench.milliseconds += QUARANTINE.as_millis() as u64;
    bench.give(Input::Timeout);
    assert!(matches!(bench.out.items[..], [Output::CloseSockets { port: PORT }]), "{:?}", bench.out.items);
}

#[test]
fn a_passage_knows_nothing_of_what_relays_do() {
    let mut bench = Bench::new();
    let codings = None;
    bench.give(Input::Command(Command::Transcode { port: PORT, codings }));
    bench.give(Input::Command(Command::Keys { port: PORT, ways: None }));
    bench.give(Input::Command(Command::Protect { port: PORT, keys: Box::default() }));
    bench.check(Side::A, A, Some(B_TOLD));
    bench.give(Input::Lost { port: PORT });
    assert!(matches!(bench.out.items.pop(), Some(Output::Report(Report::Closed { .. }))));
}
