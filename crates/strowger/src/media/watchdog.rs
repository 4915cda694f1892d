//! Whether the media threads get on. One that hangs has another one take its place.
//!
//! Each thread counts its rounds; whoever looks each second and finds one in the midst of the same round for [`LOOKS`] times says that it
//! hangs: calls are silent that it carries. Rounds take well under a millisecond. Looks are counted and no time is measured, so that a machine
//! or program that was stopped for a while says nothing of its threads.
//!
//! What the thread had is lost, as when it fails, and those whose it was get other ports from the thread that takes its place. The
//! one that hangs keeps its sockets until it wakes; then it finds itself replaced, and ends. Where too many hang, or none can be begun, nobody has the
//! place, and what is commanded there fails at once; each look tries again.
//!
//! The watch waits for nobody: the decision thread may be waiting for a thread that hangs, until the watch has replaced it. It says
//! who has the place now, and the decision thread, which alone knows what ports there are, finds what is lost by that.

use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use strowger_base::Rng;
use strowger_media::control::PortId;

use super::lane::{Lane, Queue};
use super::{MediaThread, Parts};
use crate::log;

/// What a thread does, for who looks at it from outside.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Odd in the midst of a round, even while it waits for something to do.
    round: AtomicU64,
    doing: AtomicU8,
    port: AtomicU64,
    /// Commands that it took; [`ENDS`] from when it is to take no more.
    taken: AtomicU64,
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

    /// Takes a command, unless another thread has its place.
    pub(super) fn takes(&self) -> bool {
        let more = |taken: u64| (taken != ENDS).then(|| taken + 1);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// How many commands it took; as many as there can be when it is to take no more.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    /// It takes no more commands; returns how many it took.
    pub(super) fn end(&self) -> u64 {
        self.taken.swap(ENDS, Ordering::AcqRel)
    }

    /// Whether another thread has its place, or nobody gives commands any more.
    pub(super) fn ends_now(&self) -> bool {
        self.taken.load(Ordering::Acquire) == ENDS
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

    pub(super) fn round(&self) -> u64 {
        self.round.load(Ordering::Acquire)
    }

    /// What is told of a thread that hangs.
    fn told(&self, what: &'static str, index: usize) -> log::Event {
        log::error(what)
            .with("thread", index)
            .with("did_last", self.did_last())
            .with("port", self.port.load(Ordering::Relaxed))
    }

    fn did_last(&self) -> &'static str {
        let doing = usize::from(self.doing.load(Ordering::Relaxed));
        Doing::ALL.get(doing).copied().unwrap_or(Doing::Begins).words()
    }
}

/// Looks at all threads.
pub(crate) struct Watch {
    lanes: Vec<Seen>,
    rng: Rng,
    parts: Parts,
    /// How a thread begins; a test may let it fail.
    pub(super) begin: Begin,
}

/// Begins a thread; returns what leads to it.
pub(super) type Begin = fn(usize, usize, Rng, Parts) -> io::Result<Queue>;

/// What was seen of a thread.
struct Seen {
    lane: Arc<Lane>,
    /// None while nobody has the place.
    round: Option<u64>,
    looks: u32,
    /// Those that had the place and have not ended yet.
    formers: Vec<Weak<Progress>>,
}

impl Watch {
    pub(super) fn new(lanes: &[Arc<Lane>], rng: Rng, parts: Parts) -> Self {
        let seen =
            |lane: &Arc<Lane>| Seen { lane: Arc::clone(lane), round: Some(0), looks: 0, formers: Vec::new() };
        Watch { lanes: lanes.iter().map(seen).collect(), rng, parts, begin }
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
        self.lanes[index].lane.progress()
    }

    /// Looks at all threads once; returns which got a successor.
    pub(super) fn look(&mut self) -> Vec<usize> {
        let mut hang = Vec::new();
        for (index, seen) in self.lanes.iter_mut().enumerate() {
            let round = seen.lane.round();
            let stands = round.is_some_and(|round| round % 2 == 1) && round == seen.round;
            (seen.round, seen.looks) = (round, if stands { seen.looks + 1 } else { 0 });
            if round.is_none() || seen.looks >= LOOKS {
                hang.push(index);
            }
        }
        hang.retain(|index| self.replace(*index));
        hang
    }

    /// Another thread takes the place of one that hangs, or nobody.
    fn replace(&mut self, index: usize) -> bool {
        let of = self.lanes.len();
        let Some(seen) = self.lanes.get_mut(index) else { return false };
        seen.formers.retain(|former| former.strong_count() > 0);
        let hanging = seen.formers.len() + usize::from(seen.round.is_some());
        let made = if hanging > REPLACED_MAX {
            Err(io::Error::other("those before it hang as well"))
        } else {
            (self.begin)(index, of, Rng::new(self.rng.next_u64()), self.parts.clone())
        };
        let (successor, why_none) = match made {
            Ok(queue) => (Some(queue), None),
            Err(error) if seen.round.is_some() => (None, Some(error)),
            // Still nobody.
            Err(_) => return false,
        };
        seen.looks = 0;
        // It was looked at a moment ago: one that has got on since keeps what it has.
        let Ok(former) = seen.lane.pass(seen.round, successor) else { return false };
        let figures = self.parts.figures(index);
        figures.hangs.add(u64::from(former.is_some()));
        figures.hangs_now.set(u64::from(why_none.is_some()));
        match (&former, &why_none) {
            (Some(former), None) => former
                .told("a media thread hangs, and another one takes its place", index)
                .effect("its calls lose what they had of it and are given other ports")
                .remedy("report this with the log; the thread that hangs keeps its sockets until it wakes")
                .write(),
            (Some(former), Some(why)) => former
                .told("a media thread hangs, and none takes its place", index)
                .with("reason", why)
                .effect("its calls lose what they had of it; other threads open ports where there are any")
                .remedy("restart the server; report this with the log")
                .write(),
            (None, _) => {
                log::info("a media thread has the place that nobody had").with("thread", index).write();
            }
        }
        seen.formers.extend(former.iter().map(Arc::downgrade));
        self.parts.decision.ring();
        why_none.is_none()
    }
}

/// Makes a thread and lets it run.
fn begin(index: usize, of: usize, rng: Rng, parts: Parts) -> io::Result<Queue> {
    let (queue, thread) = MediaThread::new(index, of, rng, parts)?;
    std::thread::Builder::new().name(format!("media {index}")).spawn(move || thread.run())?;
    Ok(queue)
}

/// What is in place of the number of commands that a thread took which is to take no more.
const ENDS: u64 = u64::MAX;
/// How often threads are looked at.
const EACH: Duration = Duration::from_secs(1);
/// A thread that is in the same round when it is looked at for so many times again hangs.
const LOOKS: u32 = 5;
/// Threads that may hang in one place while another one serves there: they keep their sockets and their memory until they wake.
const REPLACED_MAX: usize = 3;
