//! A worker, phones and the network between them, in virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Now, Rng, WallTime};

use crate::codec::Speaker;
use crate::control::{Command, PayloadTypes, PortId, Report, RtcpWay, Side, StreamFormat};
use crate::rtcp::{self, Compound, SenderInfo};
use crate::rtp::{self, Header, Packet, Reception, ReportBlock, Sender, Timing};
use crate::srtp::Protection;
use crate::worker::{Channel, Input, Outbox, Output, SocketRef, Worker};

pub(super) struct World {
    pub(super) worker: Worker,
    pub(super) now: Instant,
    pub(super) phones: Vec<Phone>,
    pub(super) reports: Vec<(Instant, Report)>,
    pub(super) faults: Faults,
    /// Datagrams that left the worker, and that were delivered to it.
    pub(super) sent: u64,
    pub(super) received: u64,
    sockets: BTreeMap<PortId, Vec<SocketAddr>>,
    flying: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    flown: u64,
    rng: Rng,
    out: Outbox,
}

/// What the network does to datagrams.
#[derive(Clone, Copy)]
pub(super) struct Faults {
    pub(super) delay: Duration,
    /// Up to this much more, so that datagrams overtake each other when it exceeds the packet time.
    pub(super) spread: Duration,
    pub(super) lost_one_in: u64,
    pub(super) doubled_one_in: u64,
}

impl Faults {
    pub(super) const NONE: Faults =
        Faults { delay: Duration::from_millis(5), spread: Duration::ZERO, lost_one_in: 0, doubled_one_in: 0 };
}

/// A phone that sends numbered packets each 20 ms and keeps what it hears.
pub(super) struct Phone {
    /// Where its packets come from, as the network shows it.
    pub(super) address: SocketAddr,
    /// Where it sends; silent without.
    pub(super) remote: Option<SocketAddr>,
    pub(super) payload_type: u8,
    pub(super) sender: Sender,
    pub(super) sent: Vec<(u16, Vec<u8>)>,
    pub(super) heard: Vec<(Instant, Header, Vec<u8>)>,
    pub(super) reception: Reception,
    pub(super) blocks: Vec<ReportBlock>,
    pub(super) infos: Vec<SenderInfo>,
    pub(super) goodbyes: u32,
    /// Says this instead of numbers.
    pub(super) voice: Option<Voice>,
    /// 20 ms on its own clock.
    pub(super) period: Duration,
    pub(super) protection: Protection,
    /// Datagrams that it could not open.
    pub(super) refused: u32,
    next: Instant,
}

/// A sine in a codec.
pub(super) struct Voice {
    pub(super) hz: f64,
    /// Silent with 0.
    pub(super) amplitude: f64,
    pub(super) speaker: Speaker,
    pub(super) said: u32,
}

impl Voice {
    fn payload(&mut self) -> Vec<u8> {
        let rate_hz = self.speaker.codec().sample_rate_hz();
        let step = self.hz / f64::from(rate_hz) * std::f64::consts::TAU;
        let first = self.said;
        self.said += rate_hz / 50;
        let sample = |index: u32| (self.amplitude * (step * f64::from(index)).sin()) as i16;
        let samples: Vec<i16> = (first..self.said).map(sample).collect();
        let mut payload = Vec::new();
        self.speaker.encode(&samples, &mut payload);
        payload
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        World {
            worker: Worker::new(Rng::new(seed)),
            now: Instant::START,
            phones: Vec::new(),
            reports: Vec::new(),
            faults: Faults::NONE,
            sent: 0,
            received: 0,
            sockets: BTreeMap::new(),
            flying: BTreeMap::new(),
            flown: 0,
            rng: Rng::new(seed ^ 0x5eed),
            out: Outbox::default(),
        }
    }

    pub(super) fn phone(&mut self, address: &str, payload_type: u8) {
        let sender = Sender::new(&mut self.rng);
        self.phones.push(Phone {
            address: address.parse().unwrap(),
            remote: None,
            payload_type,
            sender,
            sent: Vec::new(),
            heard: Vec::new(),
            reception: Reception::default(),
            blocks: Vec::new(),
            infos: Vec::new(),
            goodbyes: 0,
            voice: None,
            period: Duration::from_millis(20),
            protection: Protection::None,
            refused: 0,
            next: Instant::START,
        });
    }

    pub(super) fn command(&mut self, command: Command) {
        self.give(Input::Command(command));
    }

    /// Where the worker receives RTP of a port.
    pub(super) fn socket(&self, port: PortId, pair: usize) -> SocketAddr {
        self.sockets[&port][pair]
    }

    /// Runs for this long.
    pub(super) fn run(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        loop {
            let talking = self.phones.iter().filter(|phone| phone.remote.is_some()).map(|phone| phone.next);
            let flying = self.flying.keys().next().map(|key| key.0);
            let next = talking.chain(flying).chain(self.worker.next_timeout()).min();
            match next {
                Some(next) if next <= end => self.step(next.max(self.now)),
                Some(_) | None => break,
            }
        }
        self.now = end;
    }

    fn step(&mut self, now: Instant) {
        self.now = now;
        if self.worker.next_timeout().is_some_and(|at| at <= now) {
            self.give(Input::Timeout);
            assert!(self.worker.next_timeout().is_none_or(|at| at > now), "the worker wants the past");
        }
        for index in 0..self.phones.len() {
            let phone = &mut self.phones[index];
            if let (Some(remote), true) = (phone.remote, phone.next <= now) {
                let bytes = phone.next_packet(now);
                let source = phone.address;
                self.fly(source, remote, bytes);
            }
        }
        while let Some(entry) = self.flying.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let (source, destination, bytes) = entry.remove();
            self.land(source, destination, &bytes);
        }
    }

    /// Puts a datagram on the network.
    pub(super) fn fly(&mut self, source: SocketAddr, destination: SocketAddr, bytes: Vec<u8>) {
        if self.rng.one_in(self.faults.lost_one_in) {
            return;
        }
        let copies = if self.rng.one_in(self.faults.doubled_one_in) { 2 } else { 1 };
        for _ in 0..copies {
            let spread = Duration::from_nanos(self.rng.below(self.faults.spread.as_nanos() as u64));
            self.flown += 1;
            let at = self.now + self.faults.delay + spread;
            self.flying.insert((at, self.flown), (source, destination, bytes.clone()));
        }
    }

    fn land(&mut self, source: SocketAddr, destination: SocketAddr, bytes: &[u8]) {
        let now = self.now;
        for phone in &mut self.phones {
            if phone.address != destination && next_port(phone.address) != destination {
                continue;
            }
            let mut opened = Vec::new();
            let mut protection = std::mem::take(&mut phone.protection);
            match protection.open(bytes, &mut opened) {
                Ok(bytes) if phone.address == destination => phone.hear(now, bytes),
                Ok(bytes) => phone.hear_control(bytes),
                Err(_) => phone.refused += 1,
            }
            phone.protection = protection;
        }
        let socket = self.sockets.iter().find_map(|(&port, pairs)| {
            [Side::A, Side::B].into_iter().zip(pairs).find_map(|(side, &rtp)| {
                let channel = if rtp == destination {
                    Channel::Rtp
                } else if next_port(rtp) == destination {
                    Channel::Rtcp
                } else {
                    return None;
                };
                Some(SocketRef { port, side, channel })
            })
        });
        if let Some(socket) = socket {
            self.received += 1;
            self.give(Input::Packet { socket, source, bytes });
        }
    }

    pub(super) fn give(&mut self, input: Input<'_>) {
        let wall = WallTime::from_micros(1_800_000_000_000_000 + self.now.as_nanos() / 1000);
        let now = Now { mono: self.now, wall };
        self.worker.handle(now, input, &mut self.out);
        let mut opened = Vec::new();
        for output in std::mem::take(&mut self.out.items) {
            match output {
                Output::OpenSockets { port, pairs, .. } => opened.push((port, pairs)),
                Output::Send { socket, destination, bytes } => {
                    let pair = usize::from(socket.side == Side::B);
                    let rtp = self.sockets[&socket.port][pair];
                    let source = match socket.channel {
                        Channel::Rtp => rtp,
                        Channel::Rtcp => next_port(rtp),
                    };
                    self.sent += 1;
                    let bytes = self.out.arena.slice(bytes).to_vec();
                    self.fly(source, destination, bytes);
                }
                Output::CloseSockets { port } => {
                    assert!(self.sockets.remove(&port).is_some(), "{port:?} closed twice");
                }
                Output::Report(report) => self.reports.push((self.now, report)),
            }
        }
        self.out.arena.clear(0);
        for (port, pairs) in opened {
            let base = 40_000 + 4 * port.0 as u16;
            let address = |pair: u16| SocketAddr::new([198, 51, 100, 7].into(), base + 2 * pair);
            let b = (pairs == 2).then(|| address(1));
            self.sockets.insert(port, [Some(address(0)), b].into_iter().flatten().collect());
            self.give(Input::Opened { port, a: address(0), b });
        }
    }

    /// The statistics of a port that was closed.
    pub(super) fn closed(&self, wanted: PortId) -> crate::statistics::PortStatistics {
        let found = self.reports.iter().find_map(|(_, report)| match report {
            Report::Closed { port, statistics } if *port == wanted => Some(**statistics),
            _ => None,
        });
        found.unwrap()
    }

    /// Nothing is left behind when closed ports have rested.
    pub(super) fn assert_idle(&mut self) {
        assert_eq!(self.worker.ports(), 0);
        self.phones.iter_mut().for_each(|phone| phone.remote = None);
        self.run(4000);
        assert_eq!((self.worker.ports(), self.worker.draining(), self.sockets.len()), (0, 0, 0));
        assert_eq!(self.worker.next_timeout(), None);
    }
}

impl Phone {
    /// A packet whose payload names it.
    fn next_packet(&mut self, now: Instant) -> Vec<u8> {
        self.next = now + self.period;
        let payload = match &mut self.voice {
            Some(voice) => voice.payload(),
            None => {
                let mut payload = vec![0x55; 160];
                payload[..4].copy_from_slice(&(self.sent.len() as u32).to_be_bytes());
                payload
            }
        };
        let mut bytes = Vec::new();
        self.sent.push((self.sender.next_sequence(), payload.clone()));
        let units = self.voice.as_ref().map_or(160, |voice| voice.speaker.codec().units(20));
        self.sender.write_next(now, self.payload_type, false, units, &mut bytes);
        bytes.extend_from_slice(&payload);
        self.protection.seal(&mut bytes, 0).unwrap();
        bytes
    }

    fn hear(&mut self, now: Instant, bytes: &[u8]) {
        if rtp::is_rtcp(bytes) {
            return self.hear_control(bytes);
        }
        let packet = Packet::parse(bytes).unwrap();
        self.reception.receive(now, &packet.header, packet.payload.len(), Timing::Audio(8000));
        self.heard.push((now, packet.header, packet.payload.to_vec()));
    }

    fn hear_control(&mut self, bytes: &[u8]) {
        let Ok(compound) = Compound::parse(bytes) else { return };
        for packet in compound.packets() {
            match packet {
                rtcp::Packet::SenderReport { ssrc: _, info, reports } => {
                    self.infos.push(info);
                    self.blocks.extend(reports.blocks());
                }
                rtcp::Packet::ReceiverReport { ssrc: _, reports } => self.blocks.extend(reports.blocks()),
                rtcp::Packet::Bye(_) => self.goodbyes += 1,
                rtcp::Packet::SourceDescription(_) | rtcp::Packet::Other(_) => {}
            }
        }
    }

    /// Goes on as another source.
    pub(super) fn change_source(&mut self) {
        let mut rng = Rng::new(u64::from(self.sender.ssrc()));
        self.sender = Sender::new(&mut rng);
    }

    /// Forgets what it heard and sent.
    pub(super) fn forget(&mut self) {
        self.heard.clear();
        self.sent.clear();
    }

    /// The numbers of its own packets among what it heard.
    pub(super) fn echoes(&self) -> Vec<usize> {
        let number = |payload: &[u8]| {
            let number = payload.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) as usize)?;
            self.sent.get(number).filter(|(_, sent)| sent == payload).map(|_| number)
        };
        self.heard.iter().filter_map(|(_, _, payload)| number(payload)).collect()
    }
}

pub(super) fn next_port(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port() + 1)
}

/// A connection in one codec.
pub(super) fn connect(port: PortId, remote: SocketAddr, format: StreamFormat) -> Command {
    let mut receive = PayloadTypes { telephone_event: format.telephone_event, ..PayloadTypes::default() };
    *receive.slot(format.codec) = Some(format.payload_type);
    Command::Connect { port, remote, rtcp: RtcpWay::Address(next_port(remote)), format, receive, send: true }
}
