//! How far a long change is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// How far the change is that is worked on; whoever looks sees a moment of it, and may see two next to each other.
#[derive(Clone, Default, Debug)]
pub(crate) struct Progress(Arc<Counters>);

#[derive(Default, Debug)]
struct Counters {
    phase: AtomicU8,
    done: AtomicUsize,
    total: AtomicUsize,
}

/// What is done with a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// There is none.
    Idle,
    /// The files are taken apart.
    Reading,
    /// What is wanted is compared with what there is, and looked at as a whole.
    Checking,
    /// It is written to the disk.
    Writing,
}

impl Progress {
    /// A phase begins, of so many steps; 0 when they cannot be counted.
    pub(crate) fn begin(&self, phase: Phase, steps: usize) {
        self.0.done.store(0, Ordering::Relaxed);
        self.0.total.store(steps, Ordering::Relaxed);
        self.0.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// A step is done.
    pub(crate) fn step(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Until what is returned goes, something is worked on.
    pub(crate) fn busy(&self) -> Busy<'_> {
        Busy(self)
    }

    /// The phase, how many of its steps are done, and how many there are.
    pub(crate) fn now(&self) -> (Phase, usize, usize) {
        let phase = match self.0.phase.load(Ordering::Relaxed) {
            1 => Phase::Reading,
            2 => Phase::Checking,
            3 => Phase::Writing,
            _ => Phase::Idle,
        };
        (phase, self.0.done.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed))
    }
}

/// Somebody works on a change.
pub(crate) struct Busy<'p>(&'p Progress);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.begin(Phase::Idle, 0);
    }
}

impl Phase {
    /// As answers name it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Reading => "reading",
            Phase::Checking => "checking",
            Phase::Writing => "writing",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_seen_and_forgotten_at_the_end() {
        let progress = Progress::default();
        assert_eq!(progress.now(), (Phase::Idle, 0, 0));
        {
            let watcher = progress.clone();
            let _busy = progress.busy();
            for phase in [Phase::Reading, Phase::Checking, Phase::Writing] {
                progress.begin(phase, 7);
                progress.step();
                assert_eq!(watcher.now(), (phase, 1, 7));
            }
        }
        assert_eq!(progress.now(), (Phase::Idle, 0, 0));
    }
}
