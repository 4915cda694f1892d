//! The media thread: it owns the RTP sockets and drives [`Worker`]. It decides nothing.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Instant as Clock, SystemTime, UNIX_EPOCH};

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::{TimeSpec, TimeValLike};
use std::sync::Arc;
use strowger_base::{Instant, Now, Rng, WallTime};
use strowger_media::control::{Command, PortId, Report, Side};
use strowger_media::worker::{Channel, Input, Outbox, Output, SocketRef, Worker};
use tokio::sync::watch;

use crate::counters;
use crate::mailbox::{Letter, Sender};
use crate::readiness::Readiness;
use crate::this_server::Machine;

/// Commands for the media thread.
#[derive(Clone)]
pub(crate) struct MediaSender {
    queue: SyncSender<Command>,
    bell: Arc<EventFd>,
}

impl MediaSender {
    /// Hands over a command; waits when the media thread is far behind.
    pub(crate) fn command(&self, command: Command) {
        if self.queue.send(command).is_ok() {
            counters::MEDIA_COMMANDS.gave();
        }
        let _ = self.bell.write(1);
    }
}

/// The media thread's own.
pub(crate) struct MediaThread {
    worker: Worker,
    /// Where sockets are opened from now on; those that are open stay where they are.
    machine: watch::Receiver<Machine>,
    /// Sockets that may be open at once.
    sockets_max: usize,
    next_port: u16,
    sockets: BTreeMap<SocketRef, UdpSocket>,
    readiness: Readiness<Readable>,
    queue: Receiver<Command>,
    bell: Arc<EventFd>,
    decision: Sender,
    started: Clock,
    out: Outbox,
    /// Reports that the decision thread had no room for; at most a few for each open port.
    reports: VecDeque<Report>,
}

/// How soon reports are tried again, in milliseconds.
const TELL_AGAIN_MS: i64 = 5;
pub(crate) const COMMANDS: usize = 4_096;
/// Packets read from one socket before the next has its turn.
const PACKETS_A_TURN: usize = 16;

impl MediaThread {
    pub(crate) fn new(
        machine: watch::Receiver<Machine>,
        sockets_max: usize,
        rng: Rng,
        decision: Sender,
        started: Clock,
    ) -> nix::Result<(MediaSender, MediaThread)> {
        let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?);
        let mut readiness = Readiness::new()?;
        readiness.add(&*bell, Readable::Bell)?;
        let (sender, queue) = sync_channel(COMMANDS);
        let thread = MediaThread {
            worker: Worker::new(rng),
            next_port: 0,
            machine,
            sockets_max,
            sockets: BTreeMap::new(),
            readiness,
            queue,
            bell: Arc::clone(&bell),
            decision,
            started,
            out: Outbox::default(),
            reports: VecDeque::new(),
        };
        Ok((MediaSender { queue: sender, bell }, thread))
    }

    /// Runs until nobody sends commands any more.
    pub(crate) fn run(mut self) {
        let mut buffer = vec![0u8; 2_048];
        let mut ready = Vec::new();
        loop {
            if self.wait(&mut ready).is_err() {
                return;
            }
            if ready.contains(&Readable::Bell) {
                let _ = self.bell.read();
            }
            self.tell();
            loop {
                match self.queue.try_recv() {
                    Ok(command) => {
                        counters::MEDIA_COMMANDS.took();
                        self.input(Input::Command(command));
                    }
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            for readable in &ready {
                match readable {
                    Readable::Bell => {}
                    Readable::Socket(socket) => self.read(*socket, &mut buffer),
                }
            }
            if self.worker.next_timeout().is_some_and(|at| at <= self.now().mono) {
                self.input(Input::Timeout);
            }
        }
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: Instant::from_nanos(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)),
            wall: WallTime::from_micros(u64::try_from(wall.as_micros()).unwrap_or(u64::MAX)),
        }
    }

    /// Tells the decision thread what there is to tell. It never waits: the decision thread may be waiting for room
    /// in our own queue, and then both would stand still.
    fn tell(&mut self) {
        while let Some(report) = self.reports.pop_front() {
            if let Err(letter) = self.decision.try_send(Letter::Media(report)) {
                if let Letter::Media(report) = letter {
                    self.reports.push_front(report);
                }
                return;
            }
        }
    }

    /// Waits for packets, commands or the next deadline; `ready` says what can be read.
    fn wait(&self, ready: &mut Vec<Readable>) -> nix::Result<()> {
        let now = self.now().mono;
        let timeout = self
            .worker
            .next_timeout()
            .map(|at| TimeSpec::nanoseconds(i64::try_from((at - now).as_nanos()).unwrap_or(i64::MAX)));
        let again = (!self.reports.is_empty()).then(|| TimeSpec::milliseconds(TELL_AGAIN_MS));
        let timeout = match (timeout, again) {
            (Some(timeout), Some(again)) => Some(timeout.min(again)),
            (timeout, again) => timeout.or(again),
        };
        self.readiness.wait(timeout, ready)
    }

    fn read(&mut self, socket: SocketRef, buffer: &mut [u8]) {
        for _ in 0..PACKETS_A_TURN {
            let Some(open) = self.sockets.get(&socket) else { return };
            let Ok((length, source)) = open.recv_from(buffer) else { return };
            counters::MEDIA.received(1, length as u64);
            let now = self.now();
            let bytes = buffer.get(..length).unwrap_or_default();
            self.worker.handle(now, Input::Packet { socket, source, bytes }, &mut self.out);
            self.flush();
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let now = self.now();
        self.worker.handle(now, input, &mut self.out);
        self.flush();
    }

    fn flush(&mut self) {
        let items = std::mem::take(&mut self.out.items);
        let mut opened = Vec::new();
        for item in items {
            match item {
                Output::Send { socket, destination, bytes } => {
                    if let Some(open) = self.sockets.get(&socket) {
                        // A packet that cannot be sent is lost, as on any network.
                        let sent = open.send_to(self.out.arena.slice(bytes), destination);
                        counters::MEDIA.sent(1, u64::from(sent.is_ok()), sent.unwrap_or(0) as u64);
                    }
                }
                Output::OpenSockets { port, pairs } => opened.push((port, pairs)),
                Output::CloseSockets { port } => self.close(port),
                Output::Report(report) => self.reports.push_back(report),
            }
        }
        self.out.arena.clear(64 * 1024);
        self.tell();
        for (port, pairs) in opened {
            let input = match self.open(port, pairs) {
                Ok((a, b)) => Input::Opened { port, a, b },
                Err(reason) => {
                    self.close(port);
                    Input::OpenFailed { port, reason }
                }
            };
            self.input(input);
        }
    }

    fn open(&mut self, port: PortId, pairs: u8) -> Result<(SocketAddr, Option<SocketAddr>), Box<str>> {
        let most = self.sockets_max;
        if self.sockets.len() + 2 * usize::from(pairs) > most {
            return Err(
                format!("all {most} media sockets that the limit of open files leaves are open").into()
            );
        }
        let machine = self.machine.borrow().clone();
        let a = self.open_pair(&machine)?;
        let b = if pairs > 1 { Some(self.open_pair(&machine)?) } else { None };
        let address = machine.media_address.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let advertise = |pair: &Pair| SocketAddr::new(address, pair.port);
        let (address_a, address_b) = (advertise(&a), b.as_ref().map(advertise));
        for (side, pair) in [(Side::A, Some(a)), (Side::B, b)] {
            let Some(pair) = pair else { continue };
            for (channel, open) in [(Channel::Rtp, pair.rtp), (Channel::Rtcp, pair.rtcp)] {
                let socket = SocketRef { port, side, channel };
                self.readiness.add(&open, Readable::Socket(socket)).map_err(|error| error.to_string())?;
                self.sockets.insert(socket, open);
            }
        }
        counters::MEDIA_SOCKETS.set(self.sockets.len() as u64);
        Ok((address_a, address_b))
    }

    fn close(&mut self, port: PortId) {
        self.sockets.retain(|socket, _| socket.port != port);
        self.readiness.forget(|name| match name {
            Readable::Bell => false,
            Readable::Socket(socket) => socket.port == port,
        });
        counters::MEDIA_SOCKETS.set(self.sockets.len() as u64);
    }

    /// Opens an even port and the next one, going round the range once.
    fn open_pair(&mut self, machine: &Machine) -> Result<Pair, Box<str>> {
        let (first, last) = machine.media_ports;
        let mut reason: Box<str> = format!("no free pair of ports in {first}-{last}").into();
        let tries = usize::from(last.saturating_sub(first)) / 2 + 1;
        for _ in 0..tries {
            let is_inside = (first..last).contains(&self.next_port);
            let port = if is_inside { self.next_port } else { first }.next_multiple_of(2);
            self.next_port = if last.saturating_sub(port) < 3 { first } else { port + 2 };
            let bind = |port: u16| {
                let socket = UdpSocket::bind(SocketAddr::new(machine.media_bind, port))?;
                socket.set_nonblocking(true)?;
                Ok::<_, std::io::Error>(socket)
            };
            match (bind(port), bind(port + 1)) {
                (Ok(rtp), Ok(rtcp)) => return Ok(Pair { port, rtp, rtcp }),
                (Err(error), _) | (_, Err(error)) if error.kind() != std::io::ErrorKind::AddrInUse => {
                    reason = error.to_string().into();
                    break;
                }
                _ => {}
            }
        }
        Err(reason)
    }
}

/// What the media thread waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readable {
    /// Somebody has put in a command.
    Bell,
    Socket(SocketRef),
}

struct Pair {
    port: u16,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}
