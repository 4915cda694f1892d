//! The disk: what is safe on it, what is on its way, and what a power cut leaves.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::leg::BindingId;
use strowger_base::watch::Mailbox;
use strowger_base::{Instant, LineName, Rng};
use strowger_node::io::{StoreRecord, Ticket};
use strowger_sip::io::BindingRecord;

/// An append-only journal and a small table beside it.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    journal: Vec<Vec<u8>>,
    /// So many records would survive a power cut now.
    safe: usize,
    waiting: BTreeMap<(Instant, Ticket), Wait>,
    bindings: BTreeMap<BindingId, BindingRecord>,
    mailboxes: BTreeMap<LineName, Mailbox>,
    last_number: u64,
}

#[derive(Debug)]
struct Wait {
    record: Vec<u8>,
    /// The journal is safe up to here when it is done; `None` when it fails.
    end: Option<usize>,
}

/// How a promise ended.
#[derive(Debug)]
pub(crate) enum Written {
    Safe { ticket: Ticket, record: Vec<u8> },
    Failed { ticket: Ticket, record: Vec<u8> },
}

impl Disk {
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.journal.push(bytes.to_vec());
    }

    pub(crate) fn persist(&mut self, now: Instant, ticket: Ticket, bytes: &[u8], fails: bool, rng: &mut Rng) {
        let end = if fails {
            None
        } else {
            self.journal.push(bytes.to_vec());
            Some(self.journal.len())
        };
        let at = now + Duration::from_micros(500 + rng.below(40_000));
        self.waiting.insert((at, ticket), Wait { record: bytes.to_vec(), end });
    }

    pub(crate) fn store(&mut self, record: StoreRecord) {
        match record {
            StoreRecord::Bound(record) => _ = self.bindings.insert(record.binding, record),
            StoreRecord::Unbound(binding) => _ = self.bindings.remove(&binding),
            StoreRecord::Mailbox(line, mailbox) => _ = self.mailboxes.insert(line, mailbox),
            StoreRecord::NumbersReserved(number) => self.last_number = number,
        }
    }

    pub(crate) fn next_written(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|key| key.0)
    }

    pub(crate) fn written(&mut self, now: Instant) -> Option<Written> {
        let entry = self.waiting.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let ((_, ticket), wait) = entry.remove_entry();
        match wait.end {
            Some(end) => {
                self.safe = self.safe.max(end);
                Some(Written::Safe { ticket, record: wait.record })
            }
            None => Some(Written::Failed { ticket, record: wait.record }),
        }
    }

    /// A power cut: what is safe stays, of the rest a part that was written in time. Returns what is there.
    pub(crate) fn crash(&mut self, rng: &mut Rng) -> Vec<Vec<u8>> {
        let unsafe_records = self.journal.len() - self.safe;
        let kept = self.safe + rng.below(unsafe_records as u64 + 1) as usize;
        self.journal.truncate(kept);
        self.safe = kept;
        self.waiting.clear();
        self.journal.clone()
    }

    /// What would survive a power cut now, the oldest first.
    pub(crate) fn safe(&self) -> &[Vec<u8>] {
        self.journal.get(..self.safe).unwrap_or_default()
    }

    /// All that is written, the oldest first.
    #[cfg(test)]
    pub(crate) fn journal(&self) -> &[Vec<u8>] {
        &self.journal
    }

    pub(crate) fn bindings(&self) -> Vec<BindingRecord> {
        self.bindings.values().cloned().collect()
    }

    pub(crate) fn mailboxes(&self) -> Vec<(LineName, Mailbox)> {
        self.mailboxes.iter().map(|(line, mailbox)| (line.clone(), *mailbox)).collect()
    }

    pub(crate) const fn last_number(&self) -> u64 {
        self.last_number
    }
}
