//! What the decision thread wants kept, gathered for some milliseconds: a thread is woken for many packets at once.

use std::ops::Range;
use std::time::Instant as Clock;

use strowger_node::io::{StoreRecord, Ticket};

/// Things to be kept, in order.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// When the oldest thing in it came.
    pub(super) since: Option<Clock>,
}

enum Item {
    Journal(Range<u32>),
    Persist(Ticket, Range<u32>),
    Store(StoreRecord),
}

/// One thing to be kept.
pub(super) enum Kept<'a> {
    Journal(&'a [u8]),
    Persist(Ticket, &'a [u8]),
    Store(StoreRecord),
}

impl Batch {
    pub(crate) fn journal(&mut self, record: &[u8]) {
        let range = self.add(record);
        self.items.push(Item::Journal(range));
    }

    pub(crate) fn persist(&mut self, ticket: Ticket, record: &[u8]) {
        let range = self.add(record);
        self.items.push(Item::Persist(ticket, range));
    }

    pub(crate) fn store(&mut self, record: StoreRecord) {
        self.items.push(Item::Store(record));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Roughly how much memory it takes.
    pub(crate) const fn weight(&self) -> usize {
        self.bytes.len() + self.items.len() * size_of::<Item>()
    }

    /// Calls `each` with everything and leaves the batch empty, with its room.
    pub(super) fn drain(&mut self, mut each: impl FnMut(Kept<'_>)) {
        for item in self.items.drain(..) {
            let bytes = |range: Range<u32>| {
                self.bytes.get(range.start as usize..range.end as usize).unwrap_or_default()
            };
            match item {
                Item::Journal(range) => each(Kept::Journal(bytes(range))),
                Item::Persist(ticket, range) => each(Kept::Persist(ticket, bytes(range))),
                Item::Store(record) => each(Kept::Store(record)),
            }
        }
        self.bytes.clear();
        self.bytes.shrink_to(BYTES_KEPT);
        self.items.shrink_to(ITEMS_KEPT);
    }

    fn add(&mut self, record: &[u8]) -> Range<u32> {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(record);
        start..self.bytes.len() as u32
    }
}

const BYTES_KEPT: usize = 256 * 1024;
const ITEMS_KEPT: usize = 1_024;
