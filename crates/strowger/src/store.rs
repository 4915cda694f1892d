//! The store thread: journal segments that grow, and a small database that finds things in them.
//!
//! The journal is the truth. A promise is kept when the journal is on the disk up to it (`fdatasync`) and the index
//! knows it; the index may fall back in a power cut and is brought up to date from the journal, from its last
//! checkpoint on. One thread writes; everything that waits is written together, with one sync for all.

mod batch;
mod carried;
mod chains;
mod copy;
mod damage;
mod follower;
mod index;
mod mailboxes;
mod notices;
mod reader;
mod recovery;
mod segment;
mod sender;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant as Clock};

use strowger_base::LineName;
use strowger_base::journal::{Entry, EntryKind, Head, Record};
use strowger_base::watch::Mailbox;
use strowger_node::io::{StoreRecord, Ticket};
use strowger_sip::io::BindingRecord;
use tokio::sync::watch;

use crate::counters;
use crate::events::Hub;
use crate::log;
use crate::mailbox::{Letter, Sender};
use crate::this_server::Machine;
use batch::{Batch, Kept};
use chains::Chains;
use index::Changes;
use notices::Notices;
use recovery::Checkpoint;
use segment::{Position, Writer};

pub(crate) use copy::{Found, check, copy};
pub(crate) use follower::{Extent, Followed, Follower, Gap};
pub(crate) use index::{CallRow, Index};
pub(crate) use notices::refused;
pub(crate) use reader::Segments;
pub(crate) use sender::{BATCHES, StoreSender};

/// The store of a data folder.
pub(crate) struct Store {
    folder: PathBuf,
    limit_bytes: u64,
    /// Says it in place of that, while the configuration may change.
    machine: Option<watch::Receiver<Machine>>,
    writer: Writer,
    /// Who follows the journal reads what is written here.
    extent: Extent,
    chains: Chains,
    carried: carried::Files,
    index: Index,
    /// What the index does not know yet.
    changes: Changes,
    changed_at: Option<Clock>,
    /// Promises that are not kept yet, and whether the node was told that they failed.
    waiting: BTreeMap<Ticket, bool>,
    trouble: Option<Trouble>,
    /// When the oldest thing came that is not written yet.
    oldest: Option<Clock>,
    notices: Notices,
    /// Who follows what happens.
    events: Option<Arc<Hub>>,
    queue: Receiver<Batch>,
    empty: SyncSender<Batch>,
    decision: Sender,
}

/// The disk does not take what it is given.
struct Trouble {
    retry_at: Clock,
    /// Journal records that found no room in memory meanwhile.
    lost: u64,
}

/// What the store knew when it was opened.
pub(crate) struct Recovered {
    pub(crate) bindings: Vec<BindingRecord>,
    /// What waits for lines.
    pub(crate) mailboxes: Vec<(LineName, Mailbox)>,
    /// What users set by themselves, as journal records.
    pub(crate) user_settings: Vec<Vec<u8>>,
    pub(crate) last_number: u64,
    /// Calls that the last run left open and that were closed now.
    pub(crate) closed: usize,
    /// Bytes at the end of the journal that were no whole record and were cut off.
    pub(crate) torn_bytes: u64,
    /// Bytes before its end that were none, and are left where they are.
    pub(crate) damaged_bytes: u64,
}

impl Store {
    /// Opens the store of a folder, repairs its end and closes calls that were in progress when the last run ended.
    pub(crate) fn open(
        data: &Path,
        limit_bytes: u64,
        decision: Sender,
    ) -> io::Result<(StoreSender, Store, Recovered)> {
        let folder = data.join("journal");
        fs::create_dir_all(&folder)?;
        let index = Index::open(&data.join("strowger.db")).map_err(io::Error::other)?;
        let found = recovery::find(&folder, &index.checkpoint().map_err(io::Error::other)?)?;
        let (sender, queue, empty) = sender::new();
        let mut store = Store {
            extent: Extent::new(found.writer.end()),
            folder,
            limit_bytes,
            machine: None,
            writer: found.writer,
            chains: found.chains,
            carried: carried::Files::default(),
            index,
            changes: Changes { finals: found.finals, ..Changes::default() },
            changed_at: None,
            waiting: BTreeMap::new(),
            trouble: None,
            oldest: None,
            notices: Notices::new(),
            events: None,
            queue,
            empty,
            decision,
        };
        let closed = store.close_open_calls(found.last_at);
        store.checkpoint()?;
        let recovered = Recovered {
            bindings: store.index.bindings().map_err(io::Error::other)?,
            mailboxes: store.index.mailboxes().map_err(io::Error::other)?,
            user_settings: store.index.user_settings().map_err(io::Error::other)?,
            last_number: store.index.last_number().map_err(io::Error::other)?.max(found.highest_number),
            closed,
            torn_bytes: found.torn_bytes,
            damaged_bytes: found.damaged_bytes,
        };
        Ok((sender, store, recovered))
    }

    /// For who follows the journal.
    pub(crate) fn extent(&self) -> Extent {
        self.extent.clone()
    }

    /// Tells what happens from now on.
    pub(crate) fn tell(&mut self, events: Arc<Hub>) {
        self.events = Some(events);
    }

    /// The journal is as large as is said there, from now on.
    pub(crate) fn obey(&mut self, machine: watch::Receiver<Machine>) {
        self.machine = Some(machine);
    }

    fn limit_bytes(&self) -> u64 {
        self.machine.as_ref().map_or(self.limit_bytes, |machine| machine.borrow().journal_limit_bytes)
    }

    /// Runs until nobody gives batches any more.
    pub(crate) fn run(mut self) {
        loop {
            let received = match self.next_due() {
                None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => self.queue.recv_timeout(due.saturating_duration_since(Clock::now())),
            };
            match received {
                Ok(batch) => self.take_all(batch),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.settle();
        }
        if let Err(error) = self.checkpoint() {
            self.complain(&error);
        }
    }

    fn next_due(&self) -> Option<Clock> {
        match &self.trouble {
            Some(trouble) => Some(trouble.retry_at),
            None => {
                let changed = self.changed_at.map(|at| at + INDEX_WITHIN);
                changed.into_iter().chain(self.chains.next_timeout()).min()
            }
        }
    }

    /// Takes a batch and whatever else waits, so that one sync does for all.
    fn take_all(&mut self, first: Batch) {
        let mut next = Some(first);
        for _ in 0..BATCHES_AT_ONCE {
            let Some(mut batch) = next.take().or_else(|| self.queue.try_recv().ok()) else { return };
            counters::STORE_BATCHES.took();
            self.oldest = self.oldest.or(batch.since.take());
            batch.drain(|kept| self.take(kept));
            // Its room is used again; when there is enough of it already, this one goes.
            let _ = self.empty.try_send(batch);
        }
    }

    fn take(&mut self, kept: Kept<'_>) {
        match kept {
            Kept::Journal(record) => {
                if self.writer.pending_bytes() < PENDING_MAX {
                    self.append(record);
                } else if let Some(trouble) = &mut self.trouble {
                    trouble.lost += 1;
                }
            }
            Kept::Persist(ticket, record) => {
                // The node asks again after a failure; the record is in memory already.
                if self.waiting.insert(ticket, false).is_none()
                    && let Some(position) = self.append(record)
                {
                    self.changes.finals.push((position, record.to_vec()));
                }
            }
            Kept::Store(StoreRecord::Bound(record)) => {
                self.changes.bindings.insert(record.binding, Some(record));
            }
            Kept::Store(StoreRecord::Unbound(binding)) => _ = self.changes.bindings.insert(binding, None),
            Kept::Store(StoreRecord::Mailbox(line, mailbox)) => {
                self.changes.mailboxes.insert(line, mailbox);
            }
            Kept::Store(StoreRecord::NumbersReserved(number)) => self.changes.numbers_reserved = Some(number),
        }
        if self.changed_at.is_none() && !self.changes.is_empty() {
            self.changed_at = Some(Clock::now());
        }
    }

    /// Adds a record behind the last one of its call.
    fn append(&mut self, record: &[u8]) -> Option<Position> {
        let Ok(head) = Head::decode(record) else {
            log::error("a journal record could not be read and was left out")
                .remedy("please report this")
                .write();
            return None;
        };
        self.notices.look(head.kind, record);
        if let Some(events) = &self.events {
            events.look(&head, record);
        }
        let position = self.writer.end();
        counters::STORE_BYTES.add(record.len() as u64);
        let previous = head.call.map_or(Position::NONE, |call| self.chains.add(call, position));
        self.writer.append(previous, record);
        if let (EntryKind::Call, Some(call)) = (head.kind, head.call) {
            self.chains.end(call, Clock::now());
        }
        Some(position)
    }

    /// Brings what was taken to the disk, as far as it is due.
    fn settle(&mut self) {
        let now = Clock::now();
        self.chains.forget(now);
        if self.trouble.as_ref().is_some_and(|trouble| now < trouble.retry_at) {
            return;
        }
        let result = self.write(now);
        if let Some(oldest) = self.oldest {
            counters::STORE_LAG.set_time(oldest.elapsed());
        }
        match result {
            Ok(()) => {
                self.oldest = None;
                if let Some(trouble) = self.trouble.take() {
                    log::info("the data folder takes records again; no call record is lost")
                        .with("folder", self.folder.display())
                        .count("story_lines_lost", trouble.lost)
                        .write();
                }
                for ticket in std::mem::take(&mut self.waiting).into_keys() {
                    self.decision.send(Letter::Persisted(ticket));
                }
            }
            Err(error) => {
                counters::STORE_FAILURES.add(1);
                self.complain(&error);
            }
        }
    }

    fn write(&mut self, now: Clock) -> io::Result<()> {
        self.writer.flush()?;
        self.extent.wrote(self.writer.end());
        let promised = !self.waiting.is_empty();
        if promised {
            self.writer.sync()?;
        }
        if promised || self.changed_at.is_some_and(|at| at + INDEX_WITHIN <= now) {
            self.index.write(&mut self.changes).map_err(io::Error::other)?;
            self.changed_at = None;
        }
        if self.writer.end().offset() >= SEGMENT_BYTES {
            self.writer.turn_over()?;
            self.checkpoint()?;
            self.retire()?;
            self.index.retire().map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// Makes room in the journal. What segments that go have of calls that go on, or that are still to be followed, is carried on.
    fn retire(&mut self) -> io::Result<()> {
        let (limit, written) = (self.limit_bytes(), self.writer.end());
        let needed = self.extent.needed_segment();
        if needed.saturating_add(FOLLOWED_WITHIN) <= written.segment() {
            // Which calls ended since is in more than is read here: all stays until that was followed.
            return Ok(());
        }
        let (chains, folder) = (&self.chains, &self.folder);
        let unfollowed = self.extent.calls_to_follow(folder, written)?;
        let goes_on = |call| chains.has(call) || unfollowed.contains(&call);
        self.writer.retire(limit, needed, |segment| {
            if unfollowed.is_empty() && !chains.reach(segment) {
                return Ok(());
            }
            carried::carry(folder, segment, goes_on)
        })?;
        let early = self.carried.retire(folder, limit / CARRIED_SHARE, written.segment(), goes_on)?;
        if early > 0 {
            log::warn(
                "calls in progress have more records than the journal has room for; older ones are gone",
            )
            .count("parts", early)
            .remedy("give the journal more room")
            .write();
        }
        Ok(())
    }

    /// Makes journal and index agree, so that the next start reads nothing before this.
    fn checkpoint(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.writer.sync()?;
        self.extent.wrote(self.writer.end());
        let checkpoint = Checkpoint { position: self.writer.end(), open: self.chains.open().collect() };
        self.changes.checkpoint = Some(checkpoint);
        self.index.write(&mut self.changes).map_err(io::Error::other)?;
        self.changed_at = None;
        Ok(())
    }

    /// Gives calls that were up when the last run ended their final record.
    fn close_open_calls(&mut self, ended_at: strowger_base::WallTime) -> usize {
        let mut open: Vec<_> = self.chains.open().collect();
        open.sort_unstable();
        let mut closed = 0;
        for (call, last) in open {
            if let Ok(Some(_)) = self.index.position(call) {
                // It ended, and damage took its final record from the journal: another one would be a second call.
                self.chains.remove(call);
                continue;
            }
            match recovery::closing(call, &recovery::chain(&self.folder, last), ended_at) {
                Some([ended, record]) => {
                    self.append(&ended);
                    if let Some(position) = self.append(&record) {
                        self.changes.finals.push((position, record));
                        closed += 1;
                    }
                }
                // The end of a call whose beginning is retired, or messages that came very late.
                None => self.chains.remove(call),
            }
        }
        closed
    }

    fn complain(&mut self, error: &io::Error) {
        let retry_at = Clock::now() + RETRY_AFTER;
        match &mut self.trouble {
            Some(trouble) => trouble.retry_at = retry_at,
            None => {
                self.trouble = Some(Trouble { retry_at, lost: 0 });
                log::error("cannot write to the data folder")
                    .with("folder", self.folder.display())
                    .with("reason", error)
                    .effect(
                        "calls go on, their records wait in memory, new calls are refused when too many wait",
                    )
                    .remedy("make room or mend the folder's rights; writing goes on by itself")
                    .write();
            }
        }
        let reason: Box<str> = error.to_string().into();
        for (ticket, told) in &mut self.waiting {
            if !std::mem::replace(told, true) {
                self.decision.send(Letter::PersistFailed(*ticket, reason.clone()));
            }
        }
    }
}

/// The final record in a journal record, when it is one.
pub(crate) fn final_of(bytes: &[u8]) -> Option<strowger_base::journal::CallRecord<'_>> {
    match Record::decode(bytes).ok()?.entry {
        Entry::Call(call) => Some(call),
        _ => None,
    }
}

/// Registrations and the like are in the index within this; the newest of each phone is enough.
const INDEX_WITHIN: Duration = Duration::from_millis(200);
/// A disk that refuses is asked again after this.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Batches that are written together.
const BATCHES_AT_ONCE: usize = 64;
/// A segment is closed when it is this long; a start reads at most about one of them.
const SEGMENT_BYTES: u32 = 16 * 1024 * 1024;
/// Nothing is retired while who follows is so many segments behind.
const FOLLOWED_WITHIN: u32 = 4;
/// What is carried on may have this part of the journal's room.
const CARRIED_SHARE: u64 = 4;
/// Journal records that a disk in trouble may leave in memory, in bytes. Final records come on top, and the node
/// refuses new calls before they are too many.
const PENDING_MAX: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests;
