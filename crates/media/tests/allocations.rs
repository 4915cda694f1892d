//! A packet that passes takes nothing from the heap.

use std::net::SocketAddr;

use strowger_base::leg::Service;
use strowger_base::{ConferenceId, Instant, NodeId, Now, Rng, Secret, ShardId, WallTime};
use strowger_media::Worker;
use strowger_media::codec::{Codec, Speaker};
use strowger_media::control::{
    Coding, Codings, Command, PayloadTypes, PortId, PortKeys, RelayPeer, RtcpWay, Side, StreamFormat,
};
use strowger_media::rtp::Header;
use strowger_media::srtp::{KeySource, Protector, SrtpKeys, Suite};
use strowger_media::worker::{Channel, Input, Outbox, SocketRef};

const PHONE_A: ([u8; 4], u16) = ([192, 0, 2, 5], 6000);
const PHONE_B: ([u8; 4], u16) = ([192, 0, 2, 6], 6000);
const PORT: PortId = PortId(2);

/// A worker and two phones, each of which sends a packet each 20 ms.
struct Talk {
    worker: Worker,
    out: Outbox,
    /// Of the next packets.
    round: u16,
    sent: usize,
}

/// What a phone sends, and where to.
struct Voice {
    socket: SocketRef,
    source: SocketAddr,
    codec: Codec,
    payload: Vec<u8>,
    protector: Option<Protector>,
    packet: Vec<u8>,
}

impl Voice {
    fn new((port, side): (PortId, Side), source: ([u8; 4], u16), codec: Codec) -> Self {
        let samples: Vec<i16> = (0..codec.sample_rate_hz() / 50).map(|at| (at % 40) as i16 * 200).collect();
        let mut payload = Vec::new();
        Speaker::new(codec).encode(&samples, &mut payload);
        let socket = SocketRef { port, side, channel: Channel::Rtp };
        let packet = Vec::with_capacity(512);
        Voice { socket, source: source.into(), codec, payload, protector: None, packet }
    }

    fn say(&mut self, round: u16) {
        let header = Header {
            marker: false,
            payload_type: self.codec.payload_type(),
            sequence: round,
            timestamp: u32::from(round) * self.codec.units(20),
            ssrc: self.socket.port.0 as u32 * 2 + u32::from(self.socket.side == Side::B),
        };
        self.packet.clear();
        header.write(&mut self.packet);
        self.packet.extend_from_slice(&self.payload);
        if let Some(protector) = &mut self.protector {
            protector.rtp(&mut self.packet, 0).expect("it is sealed");
        }
    }
}

impl Talk {
    fn new() -> Self {
        Talk { worker: Worker::new(Rng::new(1)), out: Outbox::default(), round: 0, sent: 0 }
    }

    fn give(&mut self, input: Input<'_>) {
        let mono = Instant::from_nanos(u64::from(self.round) * 20_000_000 + 1);
        let now =
            Now { mono, wall: WallTime::from_micros(1_795_000_000_000_000 + u64::from(self.round) * 20_000) };
        self.worker.handle(now, input, &mut self.out);
        self.sent += self.out.items.len();
        self.out.items.clear();
        self.out.arena.clear(1 << 16);
    }

    fn relay(&mut self) {
        self.give(Input::Command(Command::OpenRelay { port: PORT }));
        let a = SocketAddr::from(([198, 51, 100, 7], 40_000));
        self.give(Input::Opened { port: PORT, a, b: Some(a) });
        for (side, remote) in [(Side::A, PHONE_A), (Side::B, PHONE_B)] {
            let peer = RelayPeer::new(remote.into());
            self.give(Input::Command(Command::Direct { port: PORT, side, peer }));
        }
    }

    /// So many rounds, in each of which everybody says something.
    fn rounds(&mut self, count: u16, voices: &mut [Voice]) {
        for _ in 0..count {
            self.round += 1;
            for voice in &mut *voices {
                voice.say(self.round);
                let (socket, source) = (voice.socket, voice.source);
                self.give(Input::Packet { socket, source, bytes: &voice.packet });
            }
            let now = Instant::from_nanos(u64::from(self.round) * 20_000_000 + 1);
            while self.worker.next_timeout().is_some_and(|at| at <= now) {
                self.give(Input::Timeout);
            }
        }
    }

    /// How often the heap is asked for memory in twelve seconds, reports of RTCP among them, once all have talked for a while.
    fn allocations(&mut self, voices: &mut [Voice]) -> u64 {
        self.rounds(500, voices);
        let before = self.sent;
        let count = allocation_counter::measure(|| self.rounds(600, voices)).count_total;
        let passed = self.sent - before;
        assert!(passed >= 600 * voices.len(), "only {passed} packets came out");
        count
    }
}

fn both(codecs: [Codec; 2]) -> [Voice; 2] {
    let [a, b] = codecs;
    [Voice::new((PORT, Side::A), PHONE_A, a), Voice::new((PORT, Side::B), PHONE_B, b)]
}

#[test]
fn a_relayed_packet_takes_nothing_from_the_heap() {
    let mut talk = Talk::new();
    talk.relay();
    assert_eq!(talk.allocations(&mut both([Codec::Pcmu, Codec::Pcmu])), 0);
    // The gauge works.
    assert!(allocation_counter::measure(|| Talk::new().relay()).count_total > 0);
}

#[test]
fn a_relayed_packet_takes_nothing_from_the_heap_where_both_sides_have_keys_of_their_own() {
    for suite in [Suite::AesCm128HmacSha1_80, Suite::AeadAes256Gcm] {
        let mut source = KeySource::new(Secret::new([1; 32]));
        let mut side = || {
            let receive = source.next_key(suite);
            (Protector::new(receive.clone()), SrtpKeys { send: source.next_key(suite), receive })
        };
        let ((from_a, a), (from_b, b)) = (side(), side());
        let mut talk = Talk::new();
        talk.relay();
        let keys = Box::new(PortKeys { a: Some(a), b: Some(b) });
        talk.give(Input::Command(Command::Protect { port: PORT, keys }));
        let mut voices = both([Codec::Pcmu, Codec::Pcmu]);
        for (voice, protector) in voices.iter_mut().zip([from_a, from_b]) {
            voice.protector = Some(protector);
        }
        assert_eq!(talk.allocations(&mut voices), 0, "{suite:?}");
    }
}

#[test]
fn a_transcoded_packet_takes_nothing_from_the_heap() {
    for codecs in [[Codec::Pcmu, Codec::Pcma], [Codec::Pcma, Codec::G722]] {
        let coding = |codec: Codec| {
            let mut receive = PayloadTypes::default();
            *receive.slot(codec) = Some(codec.payload_type());
            Coding { receive, format: format(codec) }
        };
        let [a, b] = codecs.map(coding);
        let mut talk = Talk::new();
        talk.relay();
        let codings = Some(Box::new(Codings { a, b }));
        talk.give(Input::Command(Command::Transcode { port: PORT, codings }));
        assert_eq!(talk.allocations(&mut both(codecs)), 0, "{codecs:?}");
    }
}

#[test]
fn a_party_of_a_conference_takes_nothing_from_the_heap() {
    let mut talk = Talk::new();
    let service = Service::Conference(ConferenceId::new(NodeId(1), ShardId(0), 1));
    let mut voices = vec![];
    for (number, codec) in (0..6).zip([Codec::Pcmu, Codec::Pcma, Codec::G722].into_iter().cycle()) {
        let port = PortId(number * 2 + 1);
        talk.give(Input::Command(Command::OpenEndpoint { port, service }));
        let a = SocketAddr::from(([198, 51, 100, 7], 40_000));
        talk.give(Input::Opened { port, a, b: None });
        let mut receive = PayloadTypes::default();
        *receive.slot(codec) = Some(codec.payload_type());
        let (remote, rtcp, format) = (PHONE_A.into(), RtcpWay::Mux, format(codec));
        talk.give(Input::Command(Command::Connect { port, remote, rtcp, format, receive, send: true }));
        voices.push(Voice::new((port, Side::A), PHONE_A, codec));
    }
    assert_eq!(talk.allocations(&mut voices), 0);
}

const fn format(codec: Codec) -> StreamFormat {
    StreamFormat {
        codec,
        payload_type: codec.payload_type(),
        telephone_event: None,
        ptime_ms: 20,
        bitrate_max: None,
    }
}
