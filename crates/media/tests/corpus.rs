//! The corpus that fuzzing starts from, replayed: what each datagram is, and that a worker survives it.

use std::net::SocketAddr;

use strowger_base::leg::Service;
use strowger_base::{Now, Rng};
use strowger_media::Worker;
use strowger_media::codec::Codec;
use strowger_media::control::{Command, PayloadTypes, PortId, RelayPeer, RtcpWay, Side, StreamFormat};
use strowger_media::worker::{Channel, Input, Outbox, SocketRef};
use strowger_media::{rtcp, rtp};

macro_rules! corpus {
    ($($name:literal => $expect:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../testdata/", $name, ".bin")).as_slice(), $expect)),*]
    };
}

const RTP: &[(&str, &[u8], &str)] = corpus! {
    "rtp/pcmu" => "type 0, number 1, 160 bytes",
    "rtp/csrc" => "type 0, number 2, 20 bytes",
    "rtp/extension" => "type 111, number 3, 4 bytes",
    "rtp/padding" => "type 0, number 4, 8 bytes",
    "rtp/event" => "type 101, number 5, 4 bytes",
    "rtp/short" => "RTP packet: expected a header of 12 bytes at byte 11",
    "rtp/padding-too-long" => "RTP packet: expected a padding count within the packet at byte 12",
    "rtp/extension-too-long" => "RTP packet: expected the whole header extension at byte 16",
    "rtp/stun" => "RTP packet: expected version 2 at byte 0",
};

const RTCP: &[(&str, &[u8], &str)] = corpus! {
    "rtcp/sr-sdes-bye" => "3 packets",
    "rtcp/rr" => "1 packets",
    "rtcp/rr-app" => "2 packets",
    "rtcp/bye-first" => "RTCP packet: expected a sender or receiver report first at byte 1",
    "rtcp/length-too-long" => "RTCP packet: expected a length within the datagram at byte 2",
    "rtcp/count-too-high" => "RTCP packet: expected room for all that the header counts at byte 2",
};

#[test]
fn every_datagram_is_what_it_is() {
    for (name, bytes, expect) in RTP {
        let found = match rtp::Packet::parse(bytes) {
            Ok(packet) => {
                let (header, length) = (packet.header, packet.payload.len());
                format!("type {}, number {}, {length} bytes", header.payload_type, header.sequence)
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(found, *expect, "{name}");
    }
    for (name, bytes, expect) in RTCP {
        let found = match rtcp::Compound::parse(bytes) {
            Ok(compound) => format!("{} packets", compound.packets().count()),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, *expect, "{name}");
    }
}

/// Every datagram, and changed copies of it, at every socket of an endpoint and of a relay.
#[test]
fn a_worker_survives_all_of_them() {
    let peer = SocketAddr::from(([192, 0, 2, 5], 6000));
    let mut worker = Worker::new(Rng::new(1));
    let mut out = Outbox::default();
    let now = Now::default();
    let (endpoint, relay) = (PortId(3), PortId(2));
    let a = SocketAddr::from(([198, 51, 100, 7], 40_000));
    let format = StreamFormat {
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        ptime_ms: 20,
        bitrate_max: None,
    };
    let receive = PayloadTypes { pcmu: Some(0), telephone_event: Some(101), ..PayloadTypes::default() };
    let connect =
        Command::Connect { port: endpoint, remote: peer, rtcp: RtcpWay::Mux, format, receive, send: true };
    for input in [
        Input::Command(Command::OpenEndpoint { port: endpoint, service: Service::Echo }),
        Input::Opened { port: endpoint, a, b: None },
        Input::Command(connect),
        Input::Command(Command::OpenRelay { port: relay }),
        Input::Opened { port: relay, a, b: Some(a) },
        Input::Command(Command::Direct { port: relay, side: Side::B, peer: RelayPeer::new(peer) }),
    ] {
        worker.handle(now, input, &mut out);
    }
    let mut rng = Rng::new(2);
    let mut sent = 0;
    for round in 0..20_000 {
        let corpus = if round % 2 == 0 { RTP } else { RTCP };
        let mut bytes = corpus[rng.below(corpus.len() as u64) as usize].1.to_vec();
        for _ in 0..rng.below(4) {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.next_u64() as u8;
        }
        let (port, side) = [(endpoint, Side::A), (relay, Side::A), (relay, Side::B)][round % 3];
        let channel = if rng.one_in(2) { Channel::Rtp } else { Channel::Rtcp };
        let socket = SocketRef { port, side, channel };
        out.items.clear();
        out.arena.clear(0);
        worker.handle(now, Input::Packet { socket, source: peer, bytes: &bytes }, &mut out);
        assert!(out.items.len() <= 2, "a datagram and a report at most");
        assert!(out.arena.len() <= bytes.len(), "more bytes leave than came");
        sent += out.arena.len();
    }
    assert!(sent > 100_000, "{sent}");
}
