//! All endpoints and relays of one media thread.
//!
//! The shell (or the simulator) opens sockets when told, hands in what arrives and sends what comes out. It
//! decides nothing.

mod conferences;
mod draining;
mod forks;
mod relays;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::{Service, Tone};
use strowger_base::{
    ByteArena, ConferenceId, HashMap, HashSeed, Instant, Now, Rng, Span, TimerHandle, TimerQueue, limits,
};

use crate::control::{Command, Multicast, PayloadTypes, PortId, Report, RtcpWay, Side, StreamFormat};
use crate::endpoint::{self, Connection, Endpoint};
use crate::fork::Fork;
use crate::music::{Library, Music};
use crate::negotiate::PTIME_DEFAULT_MS;
use crate::passage::Passage;
use crate::relay::{self, Relay};
use crate::srtp::Protection;
use crate::statistics::PortStatistics;
use conferences::Conferences;
pub(crate) use draining::Former;
use draining::{Draining, Locals, StillSending};

/// What can happen to a worker.
#[derive(Debug)]
pub enum Input<'a> {
    /// The decision side wants something.
    Command(Command),
    /// The sockets that [`Output::OpenSockets`] asked for are open.
    Opened {
        /// Which port.
        port: PortId,
        /// The address to be told to the peer of an endpoint or of side A: RTP on it (an even port), RTCP on the next.
        a: SocketAddr,
        /// The same for side B, when two pairs were asked for.
        b: Option<SocketAddr>,
    },
    /// They could not be opened, and none of them is.
    OpenFailed {
        /// Which port.
        port: PortId,
        /// What the operating system said.
        reason: Box<str>,
    },
    /// A datagram arrived.
    Packet {
        /// At which socket.
        socket: SocketRef,
        /// From where.
        source: SocketAddr,
        /// The datagram.
        bytes: &'a [u8],
    },
    /// A datagram of [`Output::Send`] could not be sent.
    Unsent {
        /// From which socket.
        socket: SocketRef,
        /// The system's number of the error.
        error: u16,
    },
    /// A socket of a port failed and could not be opened again. A relay or a fork is then closed, as if by itself; an endpoint reports when
    /// nothing comes any more.
    Lost {
        /// Which port.
        port: PortId,
    },
    /// The time of `next_timeout` has come.
    Timeout,
}

/// What a worker wants done, in this order.
#[derive(Debug)]
pub enum Output {
    /// Open pairs of UDP sockets, each an even port for RTP and the next for RTCP. Answered by
    /// [`Input::Opened`] or [`Input::OpenFailed`], at once or later.
    OpenSockets {
        /// For which port.
        port: PortId,
        /// 1 for an endpoint, 2 for a relay.
        pairs: u8,
        /// How many routers packets to multicast addresses may pass, and one more, where any are sent there.
        multicast_ttl: Option<u8>,
    },
    /// Send a datagram.
    Send {
        /// From which socket.
        socket: SocketRef,
        /// Where to.
        destination: SocketAddr,
        /// Its bytes in the outbox's arena.
        bytes: Span,
    },
    /// Close all sockets of a port. Only sent for ports that were [`Input::Opened`], once each: when nothing of the closed call comes there
    /// any more.
    CloseSockets {
        /// Which port.
        port: PortId,
    },
    /// Tell the decision side.
    Report(Report),
}

/// Where outputs are put. The driver takes them, then clears both before the next batch.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Bytes of outgoing datagrams.
    pub arena: ByteArena,
    /// What is wanted, in order.
    pub items: Vec<Output>,
}

impl Outbox {
    /// Sends a datagram as the peer of `protection` understands it; whether it can be sent.
    pub(crate) fn send_protected(
        &mut self,
        protection: &mut Protection,
        socket: SocketRef,
        destination: SocketAddr,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        let mut sealed = Ok(());
        let bytes = self.arena.append_with(|buffer| {
            let start = buffer.len();
            write(buffer);
            sealed = protection.seal(buffer, start);
        });
        if sealed.is_ok() {
            self.items.push(Output::Send { socket, destination, bytes });
        }
        sealed.is_ok()
    }

    pub(crate) fn report(&mut self, report: Report) {
        self.items.push(Output::Report(report));
    }
}

/// One of the sockets of a port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SocketRef {
    /// The port.
    pub port: PortId,
    /// The pair: always [`Side::A`] for an endpoint.
    pub side: Side,
    /// Which of the pair.
    pub channel: Channel,
}

/// One of the two sockets of a pair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Channel {
    /// The even port.
    Rtp,
    /// The next one.
    Rtcp,
}

/// Owns every endpoint and relay of one media thread.
#[derive(Debug)]
pub struct Worker {
    rng: Rng,
    ports: HashMap<PortId, Port>,
    /// Where the sockets of open ports are.
    locals: HashMap<PortId, Locals>,
    draining: HashMap<PortId, Draining>,
    still_sending: StillSending,
    quarantine: Duration,
    timers: TimerQueue<Due>,
    /// Of relays that transcode.
    relay_timers: HashMap<PortId, (Instant, TimerHandle)>,
    conferences: Conferences,
    music: Music,
}

/// Whose time has come.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// An endpoint wants its timeout.
    Endpoint(PortId),
    /// Nothing may have come to a closed port for long enough.
    Drained(PortId),
    /// A conference ticks.
    Conference(ConferenceId),
    /// A relay that transcodes has to send something.
    Relay(PortId),
}

/// A port in one of its states.
#[derive(Debug)]
enum Port {
    /// Sockets are being opened for it.
    Opening(Purpose),
    /// It was closed before its sockets were open.
    Closing,
    /// An endpoint, with its timer.
    Endpoint { endpoint: Box<Endpoint>, timer: Option<(Instant, TimerHandle)> },
    /// A relay.
    Relay(Box<Relay>),
    /// A relay of datagrams that are no RTP.
    Passage(Box<Passage>),
    /// A fork, which hangs in its relay unless it is here.
    Fork { of: PortId, idle: Option<Box<Fork>> },
}

/// What a port is to be.
#[derive(Debug)]
enum Purpose {
    Service(Service),
    /// It sends to a multicast address as soon as it is open.
    Multicast {
        service: Service,
        to: Multicast,
    },
    /// A relay may be directed while its sockets are being opened.
    Relay(Box<Relay>),
    /// And so may a passage.
    Passage(Box<Passage>),
    /// A fork may be told where its copies go.
    Fork {
        of: PortId,
        fork: Box<Fork>,
    },
}

impl Worker {
    /// A worker without ports. `rng` makes SSRCs, first sequence numbers and RTCP intervals.
    pub fn new(mut rng: Rng) -> Self {
        let seed = HashSeed::new(&mut rng);
        Worker {
            rng,
            ports: HashMap::with_hasher(seed),
            locals: HashMap::with_hasher(seed),
            draining: HashMap::with_hasher(seed),
            still_sending: StillSending::new(),
            quarantine: QUARANTINE,
            timers: TimerQueue::new(),
            relay_timers: HashMap::with_hasher(seed),
            conferences: Conferences::new(),
            music: Music::default(),
        }
    }

    /// What can be played from now on. Without any there is the music that is built in.
    pub fn set_library(&mut self, library: Arc<Library>) {
        self.music.set_library(library);
    }

    /// How long nothing may have come to a port that is closed from now on before another call gets it; [`QUARANTINE`] when
    /// nobody says.
    pub const fn set_quarantine(&mut self, quarantine: Duration) {
        self.quarantine = quarantine;
    }

    /// Takes one input; the outbox is complete when it returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Packet { socket, source, bytes } => self.packet(now, socket, source, bytes, out),
            Input::Unsent { socket, error } => self.unsent(socket, error),
            Input::Timeout => self.timeout(now, out),
            Input::Lost { port } => match self.ports.get(&port) {
                Some(Port::Relay(_) | Port::Passage(_) | Port::Fork { .. } | Port::Endpoint { .. }) => {
                    self.close(now, port, out)
                }
                // It has none yet, or none any more.
                Some(Port::Opening(_) | Port::Closing) | None => {}
            },
            Input::Command(command) => self.command(now, command, out),
            Input::Opened { port, a, b } => self.opened(now, port, (a, b), out),
            Input::OpenFailed { port, reason } => match self.ports.remove(&port) {
                Some(Port::Opening(purpose)) => {
                    self.forget_opening(port, purpose);
                    out.report(Report::Failed { port, reason });
                }
                Some(Port::Closing) => closed(port, PortStatistics::default(), out),
                Some(
                    other @ (Port::Endpoint { .. } | Port::Relay(_) | Port::Passage(_) | Port::Fork { .. }),
                ) => {
                    strowger_base::never!("{port:?} failed after it was open");
                    self.ports.insert(port, other);
                }
                None => strowger_base::never!("{port:?} failed and was never asked for"),
            },
        }
    }

    /// When [`Input::Timeout`] is wanted.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// Ports in any state but closed; zero when nothing is left behind.
    pub fn ports(&self) -> usize {
        self.ports.len()
    }

    /// Closed ports whose sockets are still open.
    pub fn draining(&self) -> usize {
        self.draining.len()
    }

    fn command(&mut self, now: Now, command: Command, out: &mut Outbox) {
        match command {
            Command::OpenEndpoint { port, service } => self.open(now, port, Purpose::Service(service), out),
            Command::OpenMulticast { port, service, to } => {
                self.open(now, port, Purpose::Multicast { service, to }, out);
            }
            Command::OpenRelay { port } => {
                self.open(now, port, Purpose::Relay(Box::new(Relay::new(port))), out);
            }
            // Whoever asks for a device speaks with that, and not with a worker.
            Command::OpenAt { port, device, .. } => {
                let reason = format!("{device} is no media worker").into();
                out.report(Report::Failed { port, reason });
            }
            Command::OpenPassage { port } => {
                self.open(now, port, Purpose::Passage(Box::new(Passage::new(port))), out);
            }
            Command::Warn { port, side, tone, types } => {
                if let Some(Port::Relay(relay) | Port::Opening(Purpose::Relay(relay))) =
                    self.ports.get_mut(&port)
                {
                    relay.handle(now, relay::Input::Warn(side, tone, types), out);
                }
            }
            Command::OpenFork { port, of } => {
                self.open(now, port, Purpose::Fork { of, fork: Box::new(Fork::new(port)) }, out);
            }
            Command::Copy { port, side, to } => {
                if let Some(fork) = self.fork_mut(port) {
                    fork.copy(side, to);
                }
            }
            Command::Connect { port, remote, rtcp, format, receive, send } => {
                let connection = Connection { remote, rtcp, format, receive, send };
                self.endpoint(now, port, endpoint::Input::Connect(connection), out);
            }
            Command::Play { port, tone } => self.play(now, port, tone, out),
            Command::Mute { port, mute } => {
                if let Some(Port::Endpoint { endpoint, .. }) = self.ports.get_mut(&port) {
                    endpoint.set_mute(mute);
                }
            }
            Command::Protect { port, keys } => match self.ports.get_mut(&port) {
                Some(Port::Relay(relay) | Port::Opening(Purpose::Relay(relay))) => {
                    relay.handle(now, relay::Input::Protect(&keys), out);
                }
                Some(Port::Endpoint { .. }) => {
                    self.endpoint(now, port, endpoint::Input::Protect(keys.a.as_ref()), out);
                }
                Some(Port::Fork { .. } | Port::Opening(Purpose::Fork { .. })) => {
                    if let Some(fork) = self.fork_mut(port) {
                        fork.protect(&keys);
                    }
                }
                Some(
                    Port::Opening(Purpose::Service(_) | Purpose::Multicast { .. } | Purpose::Passage(_))
                    | Port::Passage(_)
                    | Port::Closing,
                )
                | None => {}
            },
            Command::Unseal { port, keys } => {
                if let Some(fork) = self.fork_mut(port) {
                    fork.unseal(&keys);
                }
            }
            // Commands for a port that has failed or closed meanwhile cross its report.
            Command::Direct { port, side, peer } => match self.ports.get_mut(&port) {
                Some(Port::Relay(relay) | Port::Opening(Purpose::Relay(relay))) => {
                    relay.handle(now, relay::Input::Direct { side, peer }, out);
                }
                Some(Port::Passage(passage) | Port::Opening(Purpose::Passage(passage))) => {
                    passage.direct(now, side, peer);
                }
                Some(_) | None => {}
            },
            Command::Suspend { port, suspended } => {
                self.relay(now, port, relay::Input::Suspend(suspended), out);
            }
            Command::Transcode { port, codings } => {
                let rng = Rng::new(self.rng.next_u64());
                self.relay(now, port, relay::Input::Transcode(codings.as_deref(), rng), out);
            }
            Command::Keys { port, ways } => {
                let rng = Rng::new(self.rng.next_u64());
                self.relay(now, port, relay::Input::Keys(ways, rng), out);
            }
            Command::Press { port, side, digit } => {
                self.relay(now, port, relay::Input::Press(side, digit), out);
            }
            Command::Close { port } => self.close(now, port, out),
        }
    }

    fn play(&mut self, now: Now, port: PortId, tone: Tone, out: &mut Outbox) {
        let service = match self.ports.get(&port) {
            Some(Port::Endpoint { endpoint, .. }) => endpoint.service(),
            Some(
                Port::Opening(_) | Port::Closing | Port::Relay(_) | Port::Passage(_) | Port::Fork { .. },
            )
            | None => return,
        };
        match service {
            Service::Conference(conference) | Service::Page { page: conference, .. } => {
                self.play_to_all(conference, tone);
            }
            Service::Echo
            | Service::Announcement
            | Service::Annunciator(_)
            | Service::Prompt
            | Service::Sounds
            | Service::Multicast { .. }
            | Service::Confirmation => {
                self.endpoint(now, port, endpoint::Input::Play(tone), out);
            }
        }
    }

    fn open(&mut self, now: Now, port: PortId, purpose: Purpose, out: &mut Outbox) {
        if self.ports.len() + self.draining.len() >= limits::MEDIA_PORTS {
            let reason = "the media worker has all the ports that it may have".into();
            return out.report(Report::Failed { port, reason });
        }
        if self.ports.contains_key(&port) {
            return strowger_base::never!("{port:?} was asked for twice");
        }
        if let Some(service) = purpose.service()
            && let Err(reason) = self.sit(now.mono, port, service)
        {
            return out.report(Report::Failed { port, reason: reason.into() });
        }
        let (pairs, multicast_ttl) = match &purpose {
            Purpose::Service(_) => (1, None),
            Purpose::Multicast { to, .. } => (1, Some(to.ttl)),
            Purpose::Relay(_) | Purpose::Passage(_) | Purpose::Fork { .. } => (2, None),
        };
        self.ports.insert(port, Port::Opening(purpose));
        out.items.push(Output::OpenSockets { port, pairs, multicast_ttl });
    }

    fn opened(&mut self, now: Now, port: PortId, (a, b): (SocketAddr, Option<SocketAddr>), out: &mut Outbox) {
        match self.ports.remove(&port) {
            Some(Port::Opening(purpose)) => {
                let former = [self.still_sending.remove(&a), b.and_then(|b| self.still_sending.remove(&b))];
                self.locals.insert(port, [Some(a), b]);
                let mut begins = None;
                let state = match purpose {
                    Purpose::Service(service) | Purpose::Multicast { service, .. } => {
                        if let Purpose::Multicast { to, .. } = &purpose {
                            begins = Some(to_all(to));
                        }
                        let rng = Rng::new(self.rng.next_u64());
                        let mut endpoint = Box::new(Endpoint::new(port, service, rng));
                        former[0].inspect(|former| endpoint.shun(*former));
                        Port::Endpoint { endpoint, timer: None }
                    }
                    Purpose::Relay(mut relay) => {
                        for (side, former) in [Side::A, Side::B].into_iter().zip(former) {
                            former.inspect(|former| relay.shun(side, *former));
                        }
                        Port::Relay(relay)
                    }
                    Purpose::Passage(mut passage) => {
                        for (side, former) in [Side::A, Side::B].into_iter().zip(former) {
                            former.inspect(|former| passage.shun(side, *former));
                        }
                        Port::Passage(passage)
                    }
                    Purpose::Fork { of, fork } => self.hang(of, fork),
                };
                self.ports.insert(port, state);
                if let Some(connection) = begins {
                    self.endpoint(now, port, endpoint::Input::Connect(connection), out);
                }
                out.report(Report::Opened { port, a, b });
            }
            Some(Port::Closing) => {
                out.items.push(Output::CloseSockets { port });
                closed(port, PortStatistics::default(), out);
            }
            Some(other @ (Port::Endpoint { .. } | Port::Relay(_) | Port::Passage(_) | Port::Fork { .. })) => {
                strowger_base::never!("{port:?} opened twice");
                self.ports.insert(port, other);
            }
            None => {
                strowger_base::never!("{port:?} opened and was never asked for");
                out.items.push(Output::CloseSockets { port });
            }
        }
    }

    fn close(&mut self, now: Now, port: PortId, out: &mut Outbox) {
        let statistics = match self.ports.remove(&port) {
            Some(Port::Opening(purpose)) => {
                self.forget_opening(port, purpose);
                self.ports.insert(port, Port::Closing);
                return;
            }
            Some(Port::Closing) => {
                self.ports.insert(port, Port::Closing);
                return;
            }
            Some(Port::Endpoint { endpoint, timer }) => {
                if let Some((_, handle)) = timer {
                    self.timers.cancel(handle);
                }
                self.stand_up(port, endpoint.service());
                self.drain(now.mono, port, [endpoint.peer(), None]);
                let a = endpoint.close(now, out);
                PortStatistics { a, b: None }
            }
            Some(Port::Fork { of, idle }) => {
                let fork = idle.map_or_else(|| self.unhang(of, port), |fork| Some(*fork));
                self.drain(now.mono, port, [None, None]);
                fork.map(|fork| fork.statistics()).unwrap_or_default()
            }
            Some(Port::Relay(mut relay)) => {
                self.untime_relay(port);
                self.hung_free(relay.unhang_all());
                self.drain(now.mono, port, [relay.peer(Side::A), relay.peer(Side::B)]);
                PortStatistics { a: relay.statistics(Side::A), b: Some(relay.statistics(Side::B)) }
            }
            Some(Port::Passage(passage)) => {
                self.drain(now.mono, port, [passage.peer(Side::A), passage.peer(Side::B)]);
                PortStatistics { a: passage.statistics(Side::A), b: Some(passage.statistics(Side::B)) }
            }
            // It failed, and the command crossed the report.
            None => PortStatistics::default(),
        };
        closed(port, statistics, out);
    }

    fn packet(&mut self, now: Now, socket: SocketRef, source: SocketAddr, bytes: &[u8], out: &mut Outbox) {
        match self.ports.get_mut(&socket.port) {
            Some(Port::Relay(relay)) => {
                let (side, channel) = (socket.side, socket.channel);
                relay.handle(now, relay::Input::Packet { side, channel, source, bytes }, out);
            }
            Some(Port::Endpoint { .. }) => {
                let input = match socket.channel {
                    Channel::Rtp => endpoint::Input::Packet { source, bytes },
                    Channel::Rtcp => endpoint::Input::RtcpPacket { source, bytes },
                };
                self.endpoint(now, socket.port, input, out);
            }
            Some(Port::Passage(passage)) => {
                passage.packet(now, (socket.side, socket.channel), source, bytes, out);
            }
            // What a recorder reports is nobody's business; anything else was read before the sockets were closed.
            Some(Port::Fork { .. } | Port::Opening(_) | Port::Closing) => {}
            None => {
                if let Some(draining) = self.draining.get_mut(&socket.port)
                    && socket.channel == Channel::Rtp
                {
                    draining.packet(now.mono, socket.side, source, bytes);
                }
            }
        }
    }

    /// RTP alone counts: reports come again.
    fn unsent(&mut self, socket: SocketRef, error: u16) {
        if socket.channel != Channel::Rtp {
            return;
        }
        match self.ports.get_mut(&socket.port) {
            Some(Port::Relay(relay)) => relay.unsent(socket.side, error),
            Some(Port::Passage(passage)) => passage.unsent(socket.side, error),
            Some(Port::Endpoint { endpoint, .. }) => endpoint.unsent(error),
            Some(Port::Fork { .. }) => {
                if let Some(fork) = self.fork_mut(socket.port) {
                    fork.unsent(socket.side, error);
                }
            }
            Some(Port::Opening(_) | Port::Closing) | None => {}
        }
    }

    fn timeout(&mut self, now: Now, out: &mut Outbox) {
        while let Some((_, due)) = self.timers.pop_due(now.mono) {
            let port = match due {
                Due::Endpoint(port) => port,
                Due::Relay(port) => {
                    self.relay_timers.remove(&port);
                    self.relay(now, port, relay::Input::Timeout, out);
                    continue;
                }
                Due::Drained(port) => {
                    self.look(now.mono, port, out);
                    continue;
                }
                Due::Conference(conference) => {
                    self.tick(now, conference, out);
                    continue;
                }
            };
            if let Some(Port::Endpoint { timer, .. }) = self.ports.get_mut(&port) {
                *timer = None;
            }
            self.endpoint(now, port, endpoint::Input::Timeout, out);
        }
    }

    /// Lets an endpoint handle an input and keeps its timer right.
    fn endpoint(&mut self, now: Now, port: PortId, input: endpoint::Input<'_>, out: &mut Outbox) {
        let Some(Port::Endpoint { endpoint, timer }) = self.ports.get_mut(&port) else { return };
        endpoint.handle(now, input, &mut self.music, out);
        let wanted = endpoint.next_timeout();
        if timer.map(|(at, _)| at) != wanted {
            if let Some((_, handle)) = timer.take() {
                self.timers.cancel(handle);
            }
            *timer = wanted.map(|at| (at, self.timers.set(at, Due::Endpoint(port))));
        }
    }
}

impl Purpose {
    /// What an endpoint does; a relay does nothing by itself.
    const fn service(&self) -> Option<Service> {
        match self {
            Purpose::Service(service) | Purpose::Multicast { service, .. } => Some(*service),
            Purpose::Relay(_) | Purpose::Passage(_) | Purpose::Fork { .. } => None,
        }
    }
}

/// What is sent to all who listen somewhere. Nothing is received: whoever sends there is no peer of ours.
fn to_all(to: &Multicast) -> Connection {
    let rtcp = SocketAddr::new(to.address.ip(), to.address.port().saturating_add(1));
    let format = StreamFormat {
        codec: to.codec,
        payload_type: to.codec.payload_type(),
        telephone_event: None,
        ptime_ms: PTIME_DEFAULT_MS,
        bitrate_max: None,
    };
    let receive = PayloadTypes::default();
    Connection { remote: to.address, rtcp: RtcpWay::Address(rtcp), format, receive, send: true }
}

/// The usual quarantine: a BYE that was lost twice comes 1.5 s after the first, and only then does a phone stop to send.
pub const QUARANTINE: Duration = Duration::from_secs(3);

fn closed(port: PortId, statistics: PortStatistics, out: &mut Outbox) {
    out.report(Report::Closed { port, statistics: Box::new(statistics) });
}

#[cfg(test)]
mod tests;
