//! Whether the media threads get on. One that hangs has another one take its place.
//!
//! Each thread counts its rounds; whoever looks each second and finds one in the midst of the same round for [`LOOKS`] times says that it
//! hangs: calls are silent that it carries. Rounds take well under a millisecond. Looks are counted and no time is measured, so that a machine
//! or program that was stopped for a while says nothing of its threads.
//!
//! What the thread had is told lost, as when it fails, and those whose it was get other ports from the thread that takes its place. The
//! one that hangs keeps its sockets until it wakes; then it finds itself replaced, and ends.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::eventfd::EventFd;
use strowger_base::Rng;
use strowger_media::control::{Command, PortId, Report};

use super::{MediaThread, Parts};
use crate::counters;
use crate::log;
use crate::mailbox::Letter;

/// What a thread does, for who looks at it from outside.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Odd in the midst of a round, even while it waits for something to do.
    round: AtomicU64,
    doing: AtomicU8,
    port: AtomicU64,
    is_replaced: AtomicBool,
}

/// The parts of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Doing {
    /// It has begun.
    Begins,
    /// A command is done.
    Command,
    /// A packet is read and passed on.
    Packet,
    /// What is due is done.
    Timer,
    /// Sockets are opened.
    Sockets,
}

impl Doing {
    const ALL: [Doing; 5] = [Doing::Begins, Doing::Command, Doing::Packet, Doing::Timer, Doing::Sockets];

    const fn words(self) -> &'static str {
        match self {
            Doing::Begins => "it began a round",
            Doing::Command => "it did a command",
            Doing::Packet => "it read a packet",
            Doing::Timer => "it did what was due",
            Doing::Sockets => "it opened sockets",
        }
    }
}

impl Progress {
    /// A round begins.
    pub(super) fn begins(&self) {
        self.doing.store(Doing::Begins as u8, Ordering::Relaxed);
        // One that fails in the midst of a round begins the next one without an end.
        self.round.store((self.round.load(Ordering::Relaxed) + 1) | 1, Ordering::Release);
    }

    /// The round is over.
    pub(super) fn ends(&self) {
        self.round.store((self.round.load(Ordering::Relaxed) | 1) + 1, Ordering::Release);
    }

    /// What it does from here on, for which port.
    pub(super) fn does(&self, doing: Doing, port: PortId) {
        self.doing.store(doing as u8, Ordering::Relaxed);
        self.port.store(port.0, Ordering::Relaxed);
    }

    /// Whether another thread has its place.
    pub(super) fn is_replaced(&self) -> bool {
        self.is_replaced.load(Ordering::Acquire)
    }

    /// Whether it is in the midst of a command.
    #[cfg(test)]
    pub(super) fn does_command(&self) -> bool {
        self.round() % 2 == 1 && self.doing.load(Ordering::Relaxed) == Doing::Command as u8
    }

    /// Whether it waits for something to do.
    #[cfg(test)]
    pub(super) fn waits(&self) -> bool {
        self.round().is_multiple_of(2)
    }

    fn round(&self) -> u64 {
        self.round.load(Ordering::Acquire)
    }

    fn did_last(&self) -> &'static str {
        let doing = usize::from(self.doing.load(Ordering::Relaxed));
        Doing::ALL.get(doing).copied().unwrap_or(Doing::Begins).words()
    }
}

/// The way to one of the threads, whoever it is now.
#[derive(Debug)]
pub(super) struct Lane(Mutex<Place>);

#[derive(Debug)]
struct Place {
    queue: Queue,
    /// Ports that it was asked to open and has not told closed or failed.
    ports: BTreeSet<PortId>,
}

/// What leads to a thread.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) commands: SyncSender<Command>,
    pub(super) bell: Arc<EventFd>,
    pub(super) progress: Arc<Progress>,
}

impl Lane {
    pub(super) const fn new(queue: Queue) -> Self {
        Lane(Mutex::new(Place { queue, ports: BTreeSet::new() }))
    }

    /// Hands over a command; waits while the thread is far behind, and no longer than until another one takes its place.
    pub(super) fn command(&self, mut command: Command) {
        loop {
            let mut place = self.place();
            if opens(&command) {
                place.ports.insert(command.port());
            }
            match place.queue.commands.try_send(command) {
                Ok(()) => counters::MEDIA_COMMANDS.gave(),
                Err(TrySendError::Full(again)) => {
                    command = again;
                    drop(place);
                    std::thread::sleep(TRY_AGAIN);
                    continue;
                }
                Err(TrySendError::Disconnected(_)) => {}
            }
            let _ = place.queue.bell.write(1);
            return;
        }
    }

    /// Nobody gives commands any more.
    pub(super) fn end(&self) {
        let place = self.place();
        place.queue.progress.is_replaced.store(true, Ordering::Release);
        let _ = place.queue.bell.write(1);
    }

    /// A port is gone that may have been there.
    pub(super) fn gone(&self, port: PortId) {
        self.place().ports.remove(&port);
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at all threads.
pub(crate) struct Watch {
    lanes: Vec<Seen>,
    rng: Rng,
    parts: Parts,
}

/// What was seen of a thread.
struct Seen {
    lane: Arc<Lane>,
    round: u64,
    looks: u32,
    replaced: u32,
}

impl Watch {
    pub(super) fn new(lanes: &[Arc<Lane>], rng: Rng, parts: Parts) -> Self {
        let seen = |lane: &Arc<Lane>| Seen { lane: Arc::clone(lane), round: 0, looks: 0, replaced: 0 };
        Watch { lanes: lanes.iter().map(seen).collect(), rng, parts }
    }

    /// Looks each second, for ever.
    pub(crate) fn run(mut self) {
        loop {
            std::thread::sleep(EACH);
            self.look();
        }
    }

    #[cfg(test)]
    pub(super) fn progress_of(&self, index: usize) -> Arc<Progress> {
        Arc::clone(&self.lanes[index].lane.place().queue.progress)
    }

    /// Looks at all threads once; returns which got a successor.
    pub(super) fn look(&mut self) -> Vec<usize> {
        let mut hang = Vec::new();
        for (index, seen) in self.lanes.iter_mut().enumerate() {
            let round = seen.lane.place().queue.progress.round();
            let stands = round % 2 == 1 && round == seen.round;
            (seen.round, seen.looks) = (round, if stands { seen.looks + 1 } else { 0 });
            let figures = counters::MEDIA.get(index).unwrap_or(&counters::MEDIA[0]);
            if seen.looks < LOOKS {
                figures.hangs_now.set(0);
            } else if seen.replaced < REPLACED_MAX {
                hang.push(index);
            } else if seen.looks == LOOKS {
                figures.hangs.add(1);
                figures.hangs_now.set(1);
                log::error("a media thread hangs, as those before it did, and none takes its place")
                    .with("thread", index)
                    .with("did_last", seen.lane.place().queue.progress.did_last())
                    .effect("calls that it carries are silent")
                    .remedy("restart the server; report this with the log")
                    .write();
            }
        }
        hang.retain(|index| self.replace(*index));
        hang
    }

    /// Another thread takes the place of one that hangs; what that had is told lost.
    fn replace(&mut self, index: usize) -> bool {
        let of = self.lanes.len();
        let Some(seen) = self.lanes.get_mut(index) else { return false };
        let rng = Rng::new(self.rng.next_u64());
        let (queue, thread) = match MediaThread::new(index, of, rng, self.parts.clone()) {
            Ok(made) => made,
            Err(error) => {
                log::error("a media thread hangs, and none can take its place").with("reason", error).write();
                return false;
            }
        };
        (seen.looks, seen.replaced) = (0, seen.replaced + 1);
        let (lost, did_last, port) = {
            let mut place = seen.lane.place();
            let former = std::mem::replace(&mut place.queue, queue);
            former.progress.is_replaced.store(true, Ordering::Release);
            let port = former.progress.port.load(Ordering::Relaxed);
            (std::mem::take(&mut place.ports), former.progress.did_last(), port)
        };
        log::error("a media thread hangs, and another one takes its place")
            .with("thread", index)
            .with("did_last", did_last)
            .with("port", port)
            .count("ports", lost.len() as u64)
            .effect("its calls lose what they had of it and are given other ports")
            .remedy("report this with the log; the thread that hangs keeps its sockets until a restart")
            .write();
        let figures = counters::MEDIA.get(index).unwrap_or(&counters::MEDIA[0]);
        figures.hangs.add(1);
        figures.sockets.set(0);
        let name = format!("media {index}");
        if let Err(error) = std::thread::Builder::new().name(name).spawn(move || thread.run()) {
            log::error("a media thread does not begin").with("reason", error).write();
        }
        for port in lost {
            self.parts.decision.send(Letter::Media(Report::Closed { port, statistics: Box::default() }));
        }
        true
    }
}

/// Whether a command asks for a port.
const fn opens(command: &Command) -> bool {
    matches!(
        command,
        Command::OpenEndpoint { .. }
            | Command::OpenMulticast { .. }
            | Command::OpenRelay { .. }
            | Command::OpenFork { .. }
    )
}

/// How often threads are looked at.
const EACH: Duration = Duration::from_secs(1);
/// A thread that is in the same round when it is looked at for so many times again hangs.
const LOOKS: u32 = 5;
/// Threads that may take each other's place: those that hang keep their sockets and their memory.
const REPLACED_MAX: u32 = 3;
/// How soon a queue that is full is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(1);
