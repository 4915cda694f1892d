//! The store thread: journal segments that grow, and a small database that finds things in them.
//!
//! The journal is the truth. A promise is kept when the journal is on the disk up to it (`fdatasync`); the database
//! is an index that is written behind it and brought up to date from the journal after a crash.

mod index;
mod segment;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use strowger_base::event::RefuseReason;
use strowger_base::journal::{Entry, Record, Registration};
use strowger_node::io::{StoreRecord, Ticket};
use strowger_sip::io::BindingRecord;

use crate::mailbox::{Letter, Sender};

pub(crate) use index::{CallRow, Index};
pub(crate) use segment::{Journal, Segments};

/// What one turn of the decision thread wants kept.
#[derive(Default)]
pub(crate) struct Batch {
    /// Journal frames, ready for the file.
    frames: Vec<u8>,
    /// Promises, each with the end of its frame among `frames`.
    promises: Vec<(Ticket, usize)>,
    records: Vec<StoreRecord>,
    /// What the operator should be told.
    notices: Vec<Notice>,
}

/// Something about which a line is written.
struct Notice {
    /// Notices with the same key are not repeated in a row.
    key: String,
    text: String,
}

impl Batch {
    pub(crate) fn journal(&mut self, record: &[u8]) {
        segment::frame(record, &mut self.frames);
        self.notices.extend(notice_of(record));
    }

    pub(crate) fn persist(&mut self, ticket: Ticket, record: &[u8]) {
        segment::frame(record, &mut self.frames);
        self.promises.push((ticket, self.frames.len()));
    }

    pub(crate) fn store(&mut self, record: StoreRecord) {
        self.records.push(record);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.records.is_empty()
    }
}

/// Hands batches to the store thread.
#[derive(Clone)]
pub(crate) struct StoreSender {
    queue: SyncSender<Batch>,
    decision: Sender,
}

/// Batches that may wait for a slow disk.
const BATCHES: usize = 4_096;

impl StoreSender {
    /// Gives a batch. When the disk is far behind, the journal of that moment is dropped; promises are refused and
    /// come again, so that no record of a call is lost.
    pub(crate) fn give(&self, batch: Batch) {
        match self.queue.try_send(batch) {
            Ok(()) => {}
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                for (ticket, _) in batch.promises {
                    let _ =
                        self.decision.try_send(Letter::PersistFailed(ticket, "the store is behind".into()));
                }
            }
        }
    }
}

/// The store of a data folder.
pub(crate) struct Store {
    journal: Journal,
    index: Index,
    queue: Receiver<Batch>,
    decision: Sender,
    complained: bool,
    folder: PathBuf,
    told: Told,
}

/// Keeps the same notice from filling the log.
#[derive(Default)]
struct Told {
    last: std::collections::BTreeMap<String, std::time::Instant>,
}

impl Told {
    fn tell(&mut self, notice: &Notice) {
        let now = std::time::Instant::now();
        self.last.retain(|_, at| now - *at < REPEAT_AFTER);
        if self.last.len() < NOTICES_AT_ONCE && !self.last.contains_key(&notice.key) {
            self.last.insert(notice.key.clone(), now);
            crate::log::warn(&notice.text);
        }
    }
}

/// The same notice is written again after this time at the earliest.
const REPEAT_AFTER: Duration = Duration::from_secs(60);
/// Different notices within that time; a scanner that guesses numbers must not fill the disk.
const NOTICES_AT_ONCE: usize = 200;

/// The line that a refused request is worth.
fn notice_of(record: &[u8]) -> Option<Notice> {
    // The second byte says whether a call or leg is named; refusals stand alone.
    if record.get(1) != Some(&0) {
        return None;
    }
    let Entry::Registration(Registration::Refused { claimed, peer, request, reason }) =
        Record::decode(record).ok()?.entry
    else {
        return None;
    };
    let why = match reason {
        RefuseReason::UnknownLine => "no such line",
        RefuseReason::WrongPassword => "wrong password",
        RefuseReason::Replayed => "credentials used before",
        RefuseReason::NotYourLine => "credentials of another line",
        RefuseReason::TooManyContacts => "too many phones on the line",
        RefuseReason::Overloaded => "the server sheds load",
        RefuseReason::Loop => "the request came round in a circle",
        RefuseReason::TooManyHops => "too many hops",
    };
    let text = format!("{request} of {claimed} from {peer} refused: {why}");
    Some(Notice { key: format!("{claimed} {} {why}", peer.ip()), text })
}

/// What the store knew when it was opened.
pub(crate) struct Recovered {
    pub(crate) bindings: Vec<BindingRecord>,
    pub(crate) last_number: u64,
    /// Calls that the last run left open and that were closed now.
    pub(crate) closed: usize,
}

impl Store {
    /// Opens the store of a folder, repairs its end and closes calls that were in progress when the last run ended.
    pub(crate) fn open(
        folder: &Path,
        limit_bytes: u64,
        decision: Sender,
    ) -> io::Result<(StoreSender, Store, Recovered)> {
        fs::create_dir_all(folder.join("journal"))?;
        let (mut journal, unfinished) = Journal::open(&folder.join("journal"), limit_bytes)?;
        let mut index = Index::open(&folder.join("strowger.db")).map_err(io::Error::other)?;
        index.catch_up(&unfinished.finals).map_err(io::Error::other)?;
        let closed = unfinished.open.len();
        for record in unfinished.closing_records() {
            index.call(&record).map_err(io::Error::other)?;
            journal.append(&record)?;
        }
        journal.sync()?;
        let recovered = Recovered {
            bindings: index.bindings().map_err(io::Error::other)?,
            last_number: index.last_number().map_err(io::Error::other)?.max(unfinished.highest_number),
            closed,
        };
        let (queue_tx, queue) = sync_channel(BATCHES);
        let store = Store {
            journal,
            index,
            queue,
            decision: decision.clone(),
            complained: false,
            folder: folder.to_owned(),
            told: Told::default(),
        };
        Ok((StoreSender { queue: queue_tx, decision }, store, recovered))
    }

    /// Runs until nobody gives batches any more.
    pub(crate) fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            let mut batches = vec![first];
            // Whatever waits is written together: one sync for all.
            while batches.len() < BATCHES
                && let Ok(batch) = self.queue.try_recv()
            {
                batches.push(batch);
            }
            self.write(batches);
        }
    }

    fn write(&mut self, batches: Vec<Batch>) {
        for notice in batches.iter().flat_map(|batch| &batch.notices) {
            self.told.tell(notice);
        }
        let promises = batches.iter().any(|batch| !batch.promises.is_empty());
        let mut result = Ok(());
        for batch in &batches {
            result = result.and_then(|()| self.journal.append_frames(&batch.frames));
        }
        if promises {
            result = result.and_then(|()| self.journal.sync());
        }
        match result {
            Ok(()) => {
                self.complained = false;
                for (ticket, _) in batches.iter().flat_map(|batch| &batch.promises) {
                    self.decision.send(Letter::Persisted(*ticket));
                }
                self.write_index(&batches);
            }
            Err(error) => self.fail(&batches, &error),
        }
    }

    fn write_index(&mut self, batches: &[Batch]) {
        let finals = batches.iter().flat_map(|batch| {
            batch.promises.iter().filter_map(|(_, end)| segment::last_record(batch.frames.get(..*end)?))
        });
        let records = batches.iter().flat_map(|batch| &batch.records);
        if let Err(error) = self.index.write(finals, records) {
            crate::log::warn(&format!(
                "the index of calls cannot be written ({error}); the journal has everything"
            ));
        }
    }

    fn fail(&mut self, batches: &[Batch], error: &io::Error) {
        if !std::mem::replace(&mut self.complained, true) {
            crate::log::error(&format!(
                "cannot write to {}: {error}. Calls go on, their records wait in memory, new calls are refused when \
                 too many wait. Make room or mend the folder's rights; writing goes on by itself.",
                self.folder.display()
            ));
        }
        let reason: Box<str> = error.to_string().into();
        for (ticket, _) in batches.iter().flat_map(|batch| &batch.promises) {
            self.decision.send(Letter::PersistFailed(*ticket, reason.clone()));
        }
        // A disk that refuses everything must not be asked in a tight loop.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The final record in a journal record, when it is one.
pub(crate) fn final_of(bytes: &[u8]) -> Option<strowger_base::journal::CallRecord<'_>> {
    match Record::decode(bytes).ok()?.entry {
        Entry::Call(call) => Some(call),
        _ => None,
    }
}
