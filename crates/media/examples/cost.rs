//! Runs one hot path many times, so that an instruction counter or a stopwatch can be put on it.
//!
//! `cost <what> N`: N units; the difference of two runs is the cost of a unit. What there is: `relay` (a packet of
//! G.711 through a worker), `echo`, `seal-SUITE` and `open-SUITE` (a packet of G.711 under SRTP; SUITE is `gcm-256`, `gcm-128`, `sha1-80` or
//! `sha1-32`), `peek`, `origin`, `relayed` (a description for a relay), `answer`, `g722-encode`,
//! `g722-decode`, `mulaw` (frames of 20 ms), `announcement` (20 ms of it), `conference` (20 ms of one party among a hundred who
//! have G.711, of whom four talk: its packet in and its packet out), `conference-mixed` (a third of them have G.722), and
//! `transcode-FROM-TO` (20 ms of one way, its packet in and its packet out; codecs are `pcmu`, `pcma`, `g722` and `opus`, and `keys` behind
//! them looks for keys in the sound), and `relay-transcode-A-B` (the same through a worker with fifty relays, each of whose sides speaks
//! another codec: a unit is one way, in turns).

use std::net::SocketAddr;

use strowger_base::leg::Service;
use strowger_base::{ConferenceId, Instant, NodeId, Now, Rng, Secret, ShardId, WallTime};
use strowger_media::Worker;
use strowger_media::codec::{Codec, Listener, Speaker};
use strowger_media::control::{
    Coding, Codings, Command, PayloadTypes, PortId, RelayPeer, RtcpWay, Side, StreamFormat,
};
use strowger_media::negotiate::{self, LocalMedia};
use strowger_media::rtp::{Arrival, Header};
use strowger_media::sdp::{self, Direction, Origin, Wish};
use strowger_media::srtp::{KeySource, Protector, Suite, Unprotector};
use strowger_media::transcoder::{Keys, Transcoder};
use strowger_media::worker::{Channel, Input, Outbox, SocketRef};

#[expect(clippy::disallowed_methods, reason = "a driver of the core, not the core")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let count: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let sum: usize = match what.as_str() {
        "relay" => relay(count),
        "echo" => service(count, Service::Echo),
        "announcement" => service(count, Service::Announcement),
        "conference" => conference(count, &[Codec::Pcmu, Codec::Pcma]),
        "conference-mixed" => conference(count, &[Codec::Pcmu, Codec::Pcma, Codec::G722]),
        "peek" => (0..count).map(|_| sdp::peek(OFFER).map_or(0, |peek| peek.streams)).sum(),
        "origin" => (0..count).map(|_| sdp::rewrite_origin(OFFER, &ORIGIN).as_bytes().len()).sum(),
        "relayed" => {
            let address = SocketAddr::from(([198, 51, 100, 7], 40_000));
            (0..count).map(|_| sdp::set_media_address(OFFER, address).as_bytes().len()).sum()
        }
        "answer" => answer(count),
        "g722-encode" => encode(count, Codec::G722),
        "g722-decode" => decode(count, Codec::G722),
        "mulaw" => encode(count, Codec::Pcmu),
        _ if what.starts_with("transcode-") => transcode(count, &what),
        _ if what.starts_with("relay-transcode-") => relay_transcode(count, &what),
        _ => match srtp_of(&what) {
            Some((suite, Way::Seal)) => seal(count, suite),
            Some((suite, Way::Open)) => open(count, suite),
            None => return eprintln!("usage: cost <what> N"),
        },
    };
    println!("{what} {count}: {sum}");
}

fn relay(count: u64) -> usize {
    let mut driver = Driver::new();
    let ports = 1000;
    for port in 0..ports {
        let port = PortId(port * 2);
        driver.give(Input::Command(Command::OpenRelay { port }));
        let a = SocketAddr::from(([198, 51, 100, 7], 40_000));
        driver.give(Input::Opened { port, a, b: Some(a) });
        for (side, remote) in [(Side::A, PHONE_A), (Side::B, PHONE_B)] {
            driver.give(Input::Command(Command::Direct { port, side, peer: RelayPeer::new(remote.into()) }));
        }
    }
    for unit in 0..count {
        let (side, source) = if unit % 2 == 0 { (Side::A, PHONE_A) } else { (Side::B, PHONE_B) };
        let port = PortId(unit / 2 % ports * 2);
        let sequence = (unit / 2 / ports) as u16;
        driver.packet(SocketRef { port, side, channel: Channel::Rtp }, source.into(), sequence);
    }
    driver.bytes
}

/// The codecs that a word names after so many parts.
fn codecs_of(what: &str, skip: usize) -> [Codec; 2] {
    let mut words = what.split('-').skip(skip);
    std::array::from_fn(|_| {
        let name = words.next();
        let known = |codec: &Codec| name.is_some_and(|name| codec.name().eq_ignore_ascii_case(name));
        Codec::ALL.into_iter().find(known).unwrap_or(Codec::Pcmu)
    })
}

/// Relays that transcode: `relay-transcode-pcmu-opus`.
fn relay_transcode(count: u64, what: &str) -> usize {
    const RELAYS: u64 = 50;
    let codecs = codecs_of(what, 2);
    let coding = |codec: Codec| {
        let mut receive = PayloadTypes::default();
        *receive.slot(codec) = Some(codec.payload_type());
        let format = StreamFormat {
            codec,
            payload_type: codec.payload_type(),
            telephone_event: None,
            ptime_ms: 20,
            bitrate_max: None,
        };
        Coding { receive, format }
    };
    let [a, b] = codecs.map(coding);
    let mut driver = Driver::new();
    for relay in 0..RELAYS {
        let port = PortId(relay * 2);
        driver.give(Input::Command(Command::OpenRelay { port }));
        let address = SocketAddr::from(([198, 51, 100, 7], 40_000));
        driver.give(Input::Opened { port, a: address, b: Some(address) });
        for (side, remote) in [(Side::A, PHONE_A), (Side::B, PHONE_B)] {
            driver.give(Input::Command(Command::Direct { port, side, peer: RelayPeer::new(remote.into()) }));
        }
        let codings = Some(Box::new(Codings { a, b }));
        driver.give(Input::Command(Command::Transcode { port, codings }));
    }
    let said = codecs.map(|codec| {
        let mut payload = Vec::new();
        Speaker::new(codec).encode(&noise(codec), &mut payload);
        (codec, payload)
    });
    for tick in 0..count / (2 * RELAYS) {
        driver.now = Instant::from_nanos(tick * 20_000_000 + 1);
        for relay in 0..RELAYS {
            let sides = [(Side::A, PHONE_A), (Side::B, PHONE_B)];
            for ((side, source), (codec, payload)) in sides.into_iter().zip(&said) {
                let socket = SocketRef { port: PortId(relay * 2), side, channel: Channel::Rtp };
                let timestamp = tick as u32 * codec.units(20);
                driver.timed(socket, source.into(), (tick as u16, timestamp), codec.payload_type(), payload);
            }
        }
        if driver.worker.next_timeout().is_some_and(|at| at <= driver.now) {
            driver.give(Input::Timeout);
        }
    }
    driver.bytes
}

/// One way of a transcoder: `transcode-opus-pcmu`, `transcode-pcmu-opus-keys`.
fn transcode(count: u64, what: &str) -> usize {
    let [from, to] = codecs_of(what, 1);
    let keys = if what.ends_with("-keys") { Keys::Events(8000) } else { Keys::Tones };
    let mut receive = PayloadTypes::default();
    *receive.slot(from) = Some(from.payload_type());
    let format = StreamFormat {
        codec: to,
        payload_type: to.payload_type(),
        telephone_event: Some(101),
        ptime_ms: 20,
        bitrate_max: None,
    };
    let mut rng = Rng::new(3);
    let mut transcoder = Transcoder::new(receive, format, keys, &mut rng);
    // A second of speech-like sound, over and over.
    let mut speaker = Speaker::new(from);
    let payloads: Vec<Vec<u8>> = (0..50u32)
        .map(|frame| {
            let step = f64::from(from.sample_rate_hz()).recip() * std::f64::consts::TAU;
            let sample = |index: usize| {
                let at = f64::from(frame) * 0.02 + index as f64 * step / std::f64::consts::TAU;
                let voice = |hz: f64| (at * hz * std::f64::consts::TAU).sin() * 900_000.0 / hz;
                let pitch = 140.0 + 30.0 * (at * 5.0).sin();
                (1..12).map(|number| voice(pitch * f64::from(number))).sum::<f64>() as i16
            };
            let samples: Vec<i16> = (0..from.samples(20)).map(sample).collect();
            let mut payload = Vec::new();
            speaker.encode(&samples, &mut payload);
            payload
        })
        .collect();
    let mut bytes = Vec::new();
    let mut sum = 0;
    for (unit, payload) in (0..count).zip(payloads.iter().cycle()) {
        let now = Instant::from_nanos(1_000_000_000 + unit * 20_000_000);
        let header = Header {
            marker: unit == 0,
            payload_type: from.payload_type(),
            sequence: unit as u16,
            timestamp: unit as u32 * from.units(20),
            ssrc: 7,
        };
        let arrival = if unit == 0 { Arrival::First } else { Arrival::Advance };
        transcoder.receive(now, &header, arrival, payload);
        bytes.clear();
        transcoder.send(now, &mut bytes);
        sum += bytes.len();
    }
    sum
}

/// A packet of the echo, or 20 ms of the announcement.
fn service(count: u64, service: Service) -> usize {
    let mut driver = Driver::new();
    let port = PortId(3);
    let open = |driver: &mut Driver| {
        driver.give(Input::Command(Command::OpenEndpoint { port, service }));
        let a = SocketAddr::from(([198, 51, 100, 7], 40_000));
        driver.give(Input::Opened { port, a, b: None });
        let format = StreamFormat {
            codec: Codec::Pcmu,
            payload_type: 0,
            telephone_event: None,
            ptime_ms: 20,
            bitrate_max: None,
        };
        let receive = PayloadTypes { pcmu: Some(0), ..PayloadTypes::default() };
        let remote = PHONE_A.into();
        driver.give(Input::Command(Command::Connect {
            port,
            remote,
            rtcp: RtcpWay::Mux,
            format,
            receive,
            send: true,
        }));
    };
    open(&mut driver);
    for unit in 0..count {
        driver.now = Instant::from_nanos(unit * 20_000_000);
        match service {
            Service::Echo => {
                let socket = SocketRef { port, side: Side::A, channel: Channel::Rtp };
                driver.packet(socket, PHONE_A.into(), unit as u16);
            }
            Service::Announcement if unit % 360 == 359 => {
                driver.give(Input::Command(Command::Close { port }));
                open(&mut driver);
            }
            Service::Announcement
            | Service::Annunciator(_)
            | Service::Prompt
            | Service::Sounds
            | Service::Multicast { .. }
            | Service::Conference(_)
            | Service::Page { .. }
            | Service::Confirmation => {}
        }
        if driver.worker.next_timeout().is_some_and(|at| at <= driver.now) {
            driver.give(Input::Timeout);
        }
    }
    driver.bytes
}

/// A party's 20 ms in a conference of a hundred.
fn conference(count: u64, codecs: &[Codec]) -> usize {
    const PARTIES: u64 = 100;
    let mut driver = Driver::new();
    let service = Service::Conference(ConferenceId::new(NodeId(1), ShardId(0), 1));
    let mut loud = Vec::new();
    let mut quiet = Vec::new();
    for (index, codec) in (0..PARTIES).zip(codecs.iter().cycle()) {
        let port = PortId(index * 2 + 1);
        driver.give(Input::Command(Command::OpenEndpoint { port, service }));
        let a = SocketAddr::from(([198, 51, 100, 7], 40_000));
        driver.give(Input::Opened { port, a, b: None });
        let payload_type = codec.payload_type();
        let format = StreamFormat {
            codec: *codec,
            payload_type,
            telephone_event: None,
            ptime_ms: 20,
            bitrate_max: None,
        };
        let mut receive = PayloadTypes::default();
        *receive.slot(*codec) = Some(payload_type);
        let (remote, rtcp) = (PHONE_A.into(), RtcpWay::Mux);
        driver.give(Input::Command(Command::Connect { port, remote, rtcp, format, receive, send: true }));
        for (payloads, shift) in [(&mut loud, 2), (&mut quiet, 10)] {
            let mut payload = Vec::new();
            let samples: Vec<i16> = noise(*codec).iter().map(|sample| sample >> shift).collect();
            Speaker::new(*codec).encode(&samples, &mut payload);
            payloads.push((payload_type, payload));
        }
    }
    for tick in 0..count / PARTIES {
        driver.now = Instant::from_nanos(tick * 20_000_000 + 1);
        for index in 0..PARTIES {
            let said = if index < 4 { &loud } else { &quiet };
            let Some((payload_type, payload)) = said.get(index as usize) else { continue };
            let socket = SocketRef { port: PortId(index * 2 + 1), side: Side::A, channel: Channel::Rtp };
            driver.payload(socket, PHONE_A.into(), tick as u16, *payload_type, payload);
        }
        if driver.worker.next_timeout().is_some_and(|at| at <= driver.now) {
            driver.give(Input::Timeout);
        }
    }
    driver.bytes
}

enum Way {
    Seal,
    Open,
}

fn srtp_of(what: &str) -> Option<(Suite, Way)> {
    let (way, suite) = what.split_once('-')?;
    let way = match way {
        "seal" => Way::Seal,
        "open" => Way::Open,
        _ => return None,
    };
    let suite = match suite {
        "gcm-256" => Suite::AeadAes256Gcm,
        "gcm-128" => Suite::AeadAes128Gcm,
        "sha1-80" => Suite::AesCm128HmacSha1_80,
        "sha1-32" => Suite::AesCm128HmacSha1_32,
        _ => return None,
    };
    Some((suite, way))
}

fn seal(count: u64, suite: Suite) -> usize {
    let mut protector = Protector::new(KeySource::new(Secret::new([1; 32])).next_key(suite));
    let mut packet = Vec::with_capacity(256);
    let mut bytes = 0;
    for unit in 0..count {
        packet.clear();
        let header = Header { marker: false, payload_type: 0, sequence: unit as u16, timestamp: 0, ssrc: 1 };
        header.write(&mut packet);
        packet.resize(172, 0x55);
        bytes += protector.rtp(&mut packet, 0).map_or(0, |()| packet.len());
    }
    bytes
}

/// Packets that were sealed before: 32,768 of them, each time they begin anew by somebody who has seen none.
fn open(count: u64, suite: Suite) -> usize {
    let key = KeySource::new(Secret::new([1; 32])).next_key(suite);
    let mut protector = Protector::new(key.clone());
    let sealed: Vec<Vec<u8>> = (0..32_768u16)
        .map(|sequence| {
            let mut packet = Vec::with_capacity(256);
            Header { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc: 1 }.write(&mut packet);
            packet.resize(172, 0x55);
            protector.rtp(&mut packet, 0).map_or_else(|_| Vec::new(), |()| packet)
        })
        .collect();
    let (mut bytes, mut scratch) = (0, Vec::with_capacity(256));
    let mut unprotector = Unprotector::new(key.clone());
    for unit in 0..count {
        let at = unit as usize % sealed.len();
        if at == 0 {
            unprotector = Unprotector::new(key.clone());
        }
        scratch.clear();
        scratch.extend_from_slice(sealed.get(at).map_or(&[], Vec::as_slice));
        bytes += unprotector.rtp(&mut scratch).unwrap_or(0);
    }
    bytes
}

fn answer(count: u64) -> usize {
    let local = LocalMedia {
        origin: ORIGIN,
        address: SocketAddr::from(([198, 51, 100, 7], 40_000)),
        codecs: &Codec::ALL,
        telephone_event: true,
        ptime_ms: 20,
        direction: Direction::SendReceive,
        keys: &[],
        offers: Wish::Clear,
    };
    (0..count).map(|_| negotiate::answer(OFFER, &local).map_or(0, |(text, _)| text.as_bytes().len())).sum()
}

fn encode(count: u64, codec: Codec) -> usize {
    let samples = noise(codec);
    let mut speaker = Speaker::new(codec);
    let mut payload = Vec::new();
    for _ in 0..count {
        payload.clear();
        speaker.encode(&samples, &mut payload);
    }
    payload.iter().map(|&byte| usize::from(byte)).sum()
}

fn decode(count: u64, codec: Codec) -> usize {
    let mut payload = Vec::new();
    Speaker::new(codec).encode(&noise(codec), &mut payload);
    let mut listener = Listener::new(codec);
    let mut samples = Vec::new();
    for _ in 0..count {
        samples.clear();
        listener.decode(&payload, &mut samples);
    }
    samples.iter().map(|&sample| usize::from(sample.unsigned_abs())).sum()
}

/// 20 ms of noise, softer than full scale.
fn noise(codec: Codec) -> Vec<i16> {
    let mut rng = Rng::new(1);
    (0..codec.sample_rate_hz() / 50).map(|_| (rng.next_u64() as i16) >> 2).collect()
}

struct Driver {
    worker: Worker,
    out: Outbox,
    now: Instant,
    datagram: Vec<u8>,
    bytes: usize,
}

impl Driver {
    fn new() -> Self {
        Driver {
            worker: Worker::new(Rng::new(1)),
            out: Outbox::default(),
            now: Instant::START,
            datagram: Vec::new(),
            bytes: 0,
        }
    }

    fn packet(&mut self, socket: SocketRef, source: SocketAddr, sequence: u16) {
        self.payload(socket, source, sequence, 0, &[0x55; 160]);
    }

    fn payload(
        &mut self,
        socket: SocketRef,
        source: SocketAddr,
        sequence: u16,
        payload_type: u8,
        payload: &[u8],
    ) {
        self.timed(socket, source, (sequence, u32::from(sequence) * 160), payload_type, payload);
    }

    fn timed(
        &mut self,
        socket: SocketRef,
        source: SocketAddr,
        (sequence, timestamp): (u16, u32),
        payload_type: u8,
        payload: &[u8],
    ) {
        let mut datagram = std::mem::take(&mut self.datagram);
        datagram.clear();
        let ssrc = socket.port.0 as u32 * 2 + u32::from(socket.side == Side::B);
        Header { marker: false, payload_type, sequence, timestamp, ssrc }.write(&mut datagram);
        datagram.extend_from_slice(payload);
        self.give(Input::Packet { socket, source, bytes: &datagram });
        self.datagram = datagram;
    }

    fn give(&mut self, input: Input<'_>) {
        let now = Now { mono: self.now, wall: WallTime::from_micros(self.now.as_nanos() / 1000) };
        self.worker.handle(now, input, &mut self.out);
        // A driver sends in batches of 32.
        if self.out.items.len() >= 32 {
            self.bytes += self.out.arena.len();
            self.out.items.clear();
            self.out.arena.clear(1 << 16);
        }
    }
}

const PHONE_A: ([u8; 4], u16) = ([192, 0, 2, 5], 6000);
const PHONE_B: ([u8; 4], u16) = ([192, 0, 2, 6], 6000);
const ORIGIN: Origin = Origin {
    session_id: 1_800_000_000_000_000,
    version: 1,
    address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7)),
};
const OFFER: &[u8] = include_bytes!("../testdata/sdp/baresip.sdp");
