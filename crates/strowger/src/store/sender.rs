//! The decision thread's way to the store.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant as Clock};

use strowger_node::io::{StoreRecord, Ticket};

use super::batch::Batch;
use crate::counters;

/// Gathers what is to be kept and hands it over every few milliseconds.
pub(crate) struct StoreSender {
    queue: SyncSender<Batch>,
    empty: Receiver<Batch>,
    batch: Batch,
    /// When the oldest thing in the batch came.
    since: Option<Clock>,
}

/// The sender, and the store's ends: full batches, and the way back for empty ones.
pub(super) fn new() -> (StoreSender, Receiver<Batch>, SyncSender<Batch>) {
    let (queue, full) = sync_channel(BATCHES);
    let (back, empty) = sync_channel(BATCHES);
    (StoreSender { queue, empty, batch: Batch::default(), since: None }, full, back)
}

impl StoreSender {
    /// A journal record. Left out when the store is hopelessly behind: a story may have gaps, a record may not.
    pub(crate) fn journal(&mut self, record: &[u8]) {
        if self.batch.weight() < WEIGHT_MAX {
            self.batch.journal(record);
        } else {
            counters::STORE_LEFT_OUT.add(1);
        }
    }

    /// A promise.
    pub(crate) fn persist(&mut self, ticket: Ticket, record: &[u8]) {
        self.batch.persist(ticket, record);
    }

    /// Something to be kept when convenient.
    pub(crate) fn store(&mut self, record: StoreRecord) {
        self.batch.store(record);
    }

    /// When [`StoreSender::give`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Clock> {
        self.since.map(|since| since + GATHERED_FOR)
    }

    /// Hands over what was gathered, when it is due.
    pub(crate) fn give(&mut self, now: Clock) {
        if self.batch.is_empty() {
            return;
        }
        let since = *self.since.get_or_insert(now);
        if now < since + GATHERED_FOR && self.batch.weight() < WEIGHT_ENOUGH {
            return;
        }
        self.batch.since = Some(since);
        counters::STORE_GATHERED.set(self.batch.weight() as u64);
        let next = self.empty.try_recv().unwrap_or_default();
        match self.queue.try_send(std::mem::replace(&mut self.batch, next)) {
            Ok(()) => {
                counters::STORE_BATCHES.gave();
                counters::STORE_GATHERED.set(0);
                self.since = None;
            }
            // The store is behind: what there is waits here and is offered again with what comes.
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                self.batch = batch;
                self.since = Some(now);
            }
        }
    }

    /// Hands over what is left, when nothing more will come.
    pub(crate) fn finish(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        // Without a store thread there is nobody to keep it.
        let _ = self.queue.send(batch);
    }

    /// True while so much waits for the disk that new calls had better not begin.
    pub(crate) const fn is_behind(&self) -> bool {
        self.batch.weight() >= WEIGHT_BEHIND
    }
}

/// A promise waits this long for others: the answer to a caller never depends on it.
const GATHERED_FOR: Duration = Duration::from_millis(5);
/// Batches that may wait for a slow disk.
pub(crate) const BATCHES: usize = 16;
const WEIGHT_ENOUGH: usize = 256 * 1024;
const WEIGHT_BEHIND: usize = 4 * 1024 * 1024;
const WEIGHT_MAX: usize = 16 * 1024 * 1024;
