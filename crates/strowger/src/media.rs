//! The media threads: each owns RTP sockets and drives a [`Worker`]. They decide nothing.
//!
//! A packet costs one system call to read and one to send it, and no lock and no allocation; what is asked once for many packets is
//! which sockets have any (ADR 0026).

mod lane;
mod pace;
mod placement;
mod sender;
mod sockets;
mod watchdog;

use std::any::Any;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::{TimeSpec, TimeValLike};
use strowger_base::{Instant, Now, Rng, WallTime};
use strowger_media::control::{Command, PortId, Report};
use strowger_media::music::Library;
use strowger_media::worker::{Input, Outbox, Output, Worker};
use tokio::sync::watch;

use crate::counters;
use crate::log;
use crate::mailbox::{Letter, Sender};
use crate::readiness::Readiness;
use crate::this_server::Machine;
use lane::{Lane, Queue};
use pace::Pace;
pub(crate) use sender::MediaSender;
use sender::{closed, opens};
use sockets::{Failed, Share, Sockets, Token};
pub(crate) use watchdog::Watch;
use watchdog::{Doing, Progress};

/// What every media thread needs of the others.
#[derive(Clone)]
pub(crate) struct Parts {
    /// Where sockets are opened from now on; those that are open stay where they are.
    pub(crate) machine: watch::Receiver<Machine>,
    /// What can be played to who is held.
    pub(crate) library: watch::Receiver<Arc<Library>>,
    /// Sockets that may be open at once, of all threads.
    pub(crate) sockets_max: usize,
    pub(crate) decision: Sender,
    pub(crate) started: Clock,
    /// Where each counts what it does.
    pub(crate) figures: &'static [counters::Media; counters::MEDIA_THREADS],
    /// Where it is counted what is commanded and taken.
    pub(crate) commands: &'static counters::Queue,
}

impl Parts {
    /// Where the thread of this place counts.
    fn figures(&self, index: usize) -> &'static counters::Media {
        let [first, ..] = self.figures;
        self.figures.get(index).unwrap_or(first)
    }
}

/// How many threads this machine is worth: a core is left to the decisions, and each has a fair number of ports.
pub(crate) fn threads_wanted(ports: (u16, u16)) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pairs = usize::from(ports.1.saturating_sub(ports.0)) / 2;
    (cores - 1).min(pairs / PAIRS_MIN).clamp(1, counters::MEDIA_THREADS)
}

/// So many threads that share the ports, who tells them what to do, and who looks whether they get on.
pub(crate) fn threads(
    count: usize,
    mut rng: Rng,
    parts: &Parts,
) -> nix::Result<(MediaSender, Vec<MediaThread>, Watch)> {
    let (mut lanes, mut threads) = (vec![], vec![]);
    for index in 0..count {
        let (queue, thread) = MediaThread::new(index, count, Rng::new(rng.next_u64()), parts.clone())?;
        lanes.push(Arc::new(Lane::new(queue, parts.figures(index), parts.commands)));
        threads.push(thread);
    }
    let watch = Watch::new(&lanes, rng, parts.clone());
    Ok((MediaSender::new(lanes), threads, watch))
}

/// A media thread's own.
pub(crate) struct MediaThread {
    worker: Worker,
    rng: Rng,
    parts: Parts,
    sockets: Sockets,
    readiness: Readiness,
    pace: Pace,
    queue: Receiver<Command>,
    bell: Arc<EventFd>,
    progress: Arc<Progress>,
    figures: &'static counters::Media,
    /// The port that is being opened or closed by command: who wants that is owed an answer.
    under_way: Option<PortId>,
    out: Outbox,
    /// What the outbox held, while it is done.
    items: Vec<Output>,
    /// Reports that the decision thread had no room for; at most a few for each open port.
    reports: VecDeque<Report>,
    buffer: Vec<u8>,
}

/// Nobody gives commands any more, or another thread has the place of this one.
struct Ended;

impl MediaThread {
    fn new(index: usize, of: usize, mut rng: Rng, parts: Parts) -> nix::Result<(Queue, MediaThread)> {
        let bell = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?);
        let readiness = Readiness::new()?;
        readiness.add(&*bell, BELL)?;
        let (commands, queue) = channel();
        let progress = Arc::<Progress>::default();
        let share = Share { index: index as u16, of: of as u16 };
        let thread = MediaThread {
            worker: worker(Rng::new(rng.next_u64()), &parts),
            rng,
            sockets: Sockets::new(parts.sockets_max / of.max(1), share),
            figures: parts.figures(index),
            parts,
            readiness,
            pace: Pace::default(),
            queue,
            bell: Arc::clone(&bell),
            progress: Arc::clone(&progress),
            under_way: None,
            out: Outbox::default(),
            items: Vec::new(),
            reports: VecDeque::new(),
            buffer: vec![0; DATAGRAM_MAX],
        };
        Ok((Queue::new(commands, bell, progress), thread))
    }

    /// Runs until nobody sends commands any more. What fails in it takes its ports along and not the thread: those whose they were get
    /// others.
    pub(crate) fn run(mut self) {
        loop {
            let why = match catch_unwind(AssertUnwindSafe(|| self.serve())) {
                Ok(Ok(Ended)) => return,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => what_it_said(&*panic),
            };
            self.begin_anew(why);
            // What fails again and again does not take a whole core.
            std::thread::sleep(BEGIN_AGAIN);
        }
    }

    /// Tells that all ports are lost, and has none.
    fn begin_anew(&mut self, why: String) {
        let mut lost = self.sockets.close_all();
        // It has no sockets, or not yet, or not any more.
        lost.extend(self.under_way.take().filter(|port| !lost.contains(port)));
        log::error("a media thread failed and begins anew")
            .with("reason", why)
            .count("ports", lost.len() as u64)
            .effect("its calls lose what they had of it and are given other ports")
            .write();
        self.figures.failures.add(1);
        self.count_sockets();
        self.reports.extend(lost.into_iter().map(closed));
        self.worker = worker(Rng::new(self.rng.next_u64()), &self.parts);
        (self.out, self.items) = (Outbox::default(), Vec::new());
        self.buffer = vec![0; DATAGRAM_MAX];
    }

    fn serve(&mut self) -> nix::Result<Ended> {
        loop {
            self.progress.ends();
            self.wait()?;
            if self.progress.ends_now() {
                return Ok(Ended);
            }
            self.progress.begins();
            let began = self.now();
            if self.parts.library.has_changed().unwrap_or(false) {
                let library = Arc::clone(&self.parts.library.borrow_and_update());
                self.worker.set_library(library);
            }
            self.tell();
            let Ok(mut done) = self.commands(began) else { return Ok(Ended) };
            let Ok(more) = self.packets(began) else { return Ok(Ended) };
            done += more;
            if self.worker.next_timeout().is_some_and(|at| at <= began.mono) {
                self.progress.does(Doing::Timer, PortId(0));
                self.input(began, Input::Timeout);
                done += 1;
            }
            if let Some(pause) = self.pace.after(began.mono, self.now().mono, done) {
                self.pause(pause);
            }
        }
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mono = self.parts.started.elapsed().as_nanos();
        Now {
            mono: Instant::from_nanos(u64::try_from(mono).unwrap_or(u64::MAX)),
            wall: WallTime::from_micros(u64::try_from(wall.as_micros()).unwrap_or(u64::MAX)),
        }
    }

    /// Tells the decision thread what there is to tell. It never waits: the decision thread may be waiting for room
    /// in our own queue, and then both would stand still.
    fn tell(&mut self) {
        if self.progress.ends_now() {
            // All that it had was told lost.
            return self.reports.clear();
        }
        while let Some(report) = self.reports.pop_front() {
            if let Err(letter) = self.parts.decision.try_send(Letter::Media(report)) {
                if let Letter::Media(report) = letter {
                    self.reports.push_front(report);
                }
                return;
            }
        }
    }

    /// Waits for packets, commands or the next deadline.
    fn wait(&mut self) -> nix::Result<()> {
        let now = self.now().mono;
        let until = self.worker.next_timeout().map(|at| at.saturating_since(now));
        let again = (!self.reports.is_empty()).then_some(TELL_AGAIN);
        self.readiness.wait(until.into_iter().chain(again).min().map(time_spec))
    }

    /// Lets packets gather; a command ends it.
    fn pause(&self, pause: Duration) {
        let mut bell = [PollFd::new(self.bell.as_fd(), PollFlags::POLLIN)];
        let _ = ppoll(&mut bell, Some(time_spec(pause)), None);
    }

    /// Does what it is told to; returns how much that was.
    fn commands(&mut self, now: Now) -> Result<usize, Ended> {
        let mut done = 0;
        loop {
            match self.queue.try_recv() {
                Ok(command) => {
                    if !self.progress.takes() {
                        return Err(Ended);
                    }
                    self.parts.commands.took();
                    self.progress.does(Doing::Command, command.port());
                    let is_awaited = opens(&command) || matches!(command, Command::Close { .. });
                    self.under_way = is_awaited.then(|| command.port());
                    #[cfg(test)]
                    tests::stumbles_at(&command);
                    self.input(now, Input::Command(command));
                    self.under_way = None;
                    done += 1;
                }
                Err(TryRecvError::Empty) => return Ok(done),
                Err(TryRecvError::Disconnected) => return Err(Ended),
            }
        }
    }

    /// Takes the packets that have come, at most a few from each socket, and what was commanded meanwhile; returns how many.
    fn packets(&mut self, now: Now) -> Result<usize, Ended> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut done = 0;
        for _ in 0..LOOKS {
            let mut count = 0;
            while let Some(token) = self.readiness.ready(count) {
                if self.progress.ends_now() {
                    return Err(Ended);
                }
                match token {
                    // It rings once for all that is in the queue, and may have rung again since the queue was looked at.
                    BELL => {
                        _ = self.bell.read();
                        done += self.commands(now)?;
                    }
                    token => done += self.packet(now, Token(token), &mut buffer),
                }
                count += 1;
            }
            // Asking again costs less than asking each socket whether there is more.
            if count == 0 || self.readiness.look().is_err() {
                break;
            }
        }
        self.buffer = buffer;
        Ok(done)
    }

    /// Takes one packet from a socket.
    fn packet(&mut self, now: Now, token: Token, buffer: &mut [u8]) -> usize {
        let Some((socket, open)) = self.sockets.by_token(token) else { return 0 };
        let (length, source) = match open.recv_from(buffer) {
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return 0,
            Err(error) => {
                self.read_failed(socket.port, token, &error);
                return 1;
            }
        };
        self.figures.traffic.received(1, length as u64);
        self.progress.does(Doing::Packet, socket.port);
        let bytes = buffer.get(..length).unwrap_or_default();
        self.worker.handle(now, Input::Packet { socket, source, bytes }, &mut self.out);
        self.flush(now, Some(token));
        1
    }

    /// A socket may fail once, of a network that went away for a moment. One that does nothing else gets a successor with its port, or is
    /// given up: the kernel would name it for ever as one that can be read.
    fn read_failed(&mut self, port: PortId, token: Token, error: &std::io::Error) {
        let (what, why) = match self.sockets.failed(token, &self.readiness) {
            Failed::Stays => return,
            Failed::Replaced => ("a media socket failed and was replaced", error.to_string()),
            Failed::Lost(reason) => {
                self.input(self.now(), Input::Lost { port });
                ("a media port is lost", format!("{error}; a new socket: {reason}"))
            }
        };
        log::warn(what).effect("packets of a call").with("reason", why).write();
        self.figures.sockets.set(self.sockets.len() as u64);
    }

    fn input(&mut self, now: Now, input: Input<'_>) {
        self.worker.handle(now, input, &mut self.out);
        self.flush(now, None);
    }

    /// Does what the worker wants done; most of it concerns the port that `near` is a socket of.
    fn flush(&mut self, now: Now, near: Option<Token>) {
        // Doing may make the worker want more: what a port is told of its sockets, for example.
        while !self.out.items.is_empty() {
            let mut items = std::mem::replace(&mut self.out.items, std::mem::take(&mut self.items));
            let mut asked = Vec::new();
            for item in items.drain(..) {
                match item {
                    Output::Send { socket, destination, bytes } => {
                        let sent = match self.sockets.by_name(socket, near) {
                            Some(open) => open.send_to(self.out.arena.slice(bytes), destination),
                            None => Err(Errno::EBADF.into()),
                        };
                        let bytes = sent.as_ref().copied().unwrap_or(0) as u64;
                        self.figures.traffic.sent(1, u64::from(sent.is_ok()), bytes);
                        // It is lost, as on any network; the call's story says so.
                        if let Err(error) = sent {
                            let error =
                                error.raw_os_error().and_then(|code| u16::try_from(code).ok()).unwrap_or(0);
                            self.worker.handle(now, Input::Unsent { socket, error }, &mut self.out);
                        }
                    }
                    Output::OpenSockets { port, pairs, multicast_ttl } => {
                        asked.push((port, pairs, multicast_ttl))
                    }
                    Output::CloseSockets { port } => {
                        self.sockets.close(port);
                        self.count_sockets();
                    }
                    Output::Report(report) => self.reports.push_back(report),
                }
            }
            self.items = items;
            self.out.arena.clear(ARENA_KEPT);
            for (port, pairs, multicast_ttl) in asked {
                let input = self.open(port, pairs, multicast_ttl);
                self.worker.handle(now, input, &mut self.out);
            }
        }
        if !self.reports.is_empty() {
            self.tell();
        }
    }

    /// Says how many sockets are open; one that is replaced says nothing of its successor's.
    fn count_sockets(&self) {
        if !self.progress.ends_now() {
            self.figures.sockets.set(self.sockets.len() as u64);
        }
    }

    fn open(&mut self, port: PortId, pairs: u8, multicast_ttl: Option<u8>) -> Input<'static> {
        self.progress.does(Doing::Sockets, port);
        let machine = self.parts.machine.borrow().clone();
        let mut opened = self.sockets.open(port, pairs, &machine, &self.readiness);
        if let (Ok(_), Some(ttl)) = (&opened, multicast_ttl)
            && let Err(error) = self.sockets.send_to_many(port, ttl, &machine)
        {
            self.sockets.close(port);
            opened = Err(error.to_string().into());
        }
        self.count_sockets();
        match opened {
            Ok((a, b)) => Input::Opened { port, a, b },
            Err(reason) => Input::OpenFailed { port, reason },
        }
    }
}

/// A worker without ports.
fn worker(rng: Rng, parts: &Parts) -> Worker {
    let mut worker = Worker::new(rng);
    worker.set_library(Arc::clone(&parts.library.borrow()));
    worker.set_quarantine(parts.machine.borrow().media_quarantine);
    worker
}

/// The words of a panic.
fn what_it_said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

fn time_spec(time: Duration) -> TimeSpec {
    TimeSpec::nanoseconds(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

/// Commands that may wait for one thread: more than a server gives one at its busiest until the watch finds that it hangs, so that signalling
/// does not wait for media. They take memory only while they wait.
pub(crate) const COMMANDS: usize = 131_072;
/// The bell's name among the sockets.
const BELL: u64 = u64::MAX;
/// How long a thread waits that failed.
const BEGIN_AGAIN: Duration = Duration::from_millis(20);
/// How soon reports are tried again.
const TELL_AGAIN: Duration = Duration::from_millis(5);
/// Packets read from one socket before commands and timers have their turn.
const LOOKS: usize = 16;
/// Longer datagrams are cut; RTP and RTCP are not longer than what a network carries in one piece.
const DATAGRAM_MAX: usize = 2_048;
/// Bytes of outgoing packets for which room is kept.
const ARENA_KEPT: usize = 64 * 1024;
/// A thread that has fewer pairs of ports would too often have none left while others do.
const PAIRS_MIN: usize = 256;

#[cfg(test)]
mod tests;
