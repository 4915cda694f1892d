//! The way to one media thread, whoever has its place now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SendError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::eventfd::EventFd;
use strowger_media::control::Command;

use super::COMMANDS;
use super::watchdog::Progress;
use crate::counters;

/// The way to one of the threads. The decision thread gives commands, the watch says who takes them.
pub(super) struct Lane {
    /// None while nobody serves.
    queue: Mutex<Option<Queue>>,
    /// Rises whenever another thread has the place, or none. Changed with the queue alone.
    term: AtomicU64,
    figures: &'static counters::Media,
    commands: &'static counters::Queue,
}

/// What leads to a thread.
pub(super) struct Queue {
    commands: Sender<Command>,
    bell: Arc<EventFd>,
    progress: Arc<Progress>,
    /// Commands that were put in.
    given: u64,
}

/// The thread got on after all.
#[derive(Debug)]
pub(super) struct GotOn;

impl Lane {
    pub(super) const fn new(
        queue: Queue,
        figures: &'static counters::Media,
        commands: &'static counters::Queue,
    ) -> Self {
        Lane { queue: Mutex::new(Some(queue)), term: AtomicU64::new(0), figures, commands }
    }

    /// Hands over a command and returns in whose term that was; gives it back when nobody serves. Waits while the thread is as far behind as
    /// never happens before the watch has found that it hangs, and no longer than until then.
    pub(super) fn command(&self, command: Command) -> Result<u64, Command> {
        loop {
            let mut place = self.place();
            let Some(queue) = &mut *place else { return Err(command) };
            if queue.waiting() < COMMANDS {
                queue.commands.send(command).map_err(|SendError(command)| command)?;
                queue.given += 1;
                self.commands.gave();
                let _ = queue.bell.write(1);
                return Ok(self.term());
            }
            drop(place);
            std::thread::sleep(TRY_AGAIN);
        }
    }

    /// Which of those is in force that had the place one after the other. What was commanded in an earlier term is lost.
    pub(super) fn term(&self) -> u64 {
        self.term.load(Ordering::Acquire)
    }

    /// The round that the thread is in; none while nobody serves.
    pub(super) fn round(&self) -> Option<u64> {
        self.place().as_ref().map(|queue| queue.progress.round())
    }

    /// A successor has the place from now on, or nobody. Returns what the former one did, if there was one; not when that is in another
    /// round than this by now: then it goes on, and the successor ends.
    pub(super) fn pass(
        &self,
        round: Option<u64>,
        successor: Option<Queue>,
    ) -> Result<Option<Arc<Progress>>, GotOn> {
        let mut place = self.place();
        if place.as_ref().map(|queue| queue.progress.round()) != round {
            successor.iter().for_each(|queue| _ = queue.end());
            return Err(GotOn);
        }
        let former = std::mem::replace(&mut *place, successor);
        self.term.fetch_add(1, Ordering::AcqRel);
        // While nobody can be told to open any.
        self.figures.sockets.set(0);
        Ok(former.map(|queue| {
            self.commands.lost(queue.end());
            queue.progress
        }))
    }

    /// Nobody gives commands any more.
    pub(super) fn end(&self) {
        self.place().iter().for_each(|queue| _ = queue.end());
    }

    #[cfg(test)]
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.place().as_ref().expect("somebody serves").progress)
    }

    fn place(&self) -> MutexGuard<'_, Option<Queue>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    pub(super) const fn new(commands: Sender<Command>, bell: Arc<EventFd>, progress: Arc<Progress>) -> Self {
        Queue { commands, bell, progress, given: 0 }
    }

    /// Commands that its thread has not taken yet.
    fn waiting(&self) -> usize {
        usize::try_from(self.given.saturating_sub(self.progress.taken())).unwrap_or(usize::MAX)
    }

    /// Its thread takes no more commands and ends, as soon as it can. Returns how many it has left.
    fn end(&self) -> u64 {
        let taken = self.progress.end();
        // It may wait for something to do, and has sockets as long as it does.
        let _ = self.bell.write(1);
        self.given.saturating_sub(taken)
    }
}

/// How soon a queue that is full is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
