//! Lists. A count that is larger than the list or than what is left of the body is taken as what there is.

use std::fmt;

use super::{Coding, Reader, Wire, Writer};

/// Bytes of which only the application at either end knows what they mean. Before them stands their length; what is more than
/// [`Data::BYTES`] is not sent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Data(pub Vec<u8>);

impl Data {
    /// The most that one message carries.
    pub const BYTES: usize = 2000;

    /// What is sent of it.
    pub(crate) fn sent(&self) -> &[u8] {
        self.0.get(..Data::BYTES).unwrap_or(&self.0)
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl Wire for Data {
    fn read(from: &mut Reader<'_>) -> Self {
        let length = length(u32::read(from));
        Data(from.bytes(length.min(Data::BYTES)).to_vec())
    }

    fn write(&self, to: &mut Writer<'_>) {
        count(self.sent().len()).write(to);
        to.bytes(self.sent());
    }
}

/// A stretch of a table that may have more entries than fit one message.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Page<T> {
    /// Entries of the table before this stretch.
    pub offset: u32,
    /// Entries of the whole table.
    pub total: u32,
    /// The entries of this stretch; what a message has no room for is not sent.
    pub entries: Vec<T>,
}

impl<T> Page<T> {
    /// A whole table.
    pub fn whole(entries: Vec<T>) -> Self {
        Page { offset: 0, total: count(entries.len()), entries }
    }
}

/// An entry of a table that has room for a fixed number of them.
pub(crate) trait Slot: Wire {
    /// What stands where there is none.
    fn unused() -> Self;
}

/// Offset, count, total, and a place for each of `N` entries.
pub(crate) struct Paged<const N: usize>;

impl<T: Slot, const N: usize> Coding<Page<T>> for Paged<N> {
    fn read(from: &mut Reader<'_>) -> Page<T> {
        let (offset, count, total) = (u32::read(from), u32::read(from), u32::read(from));
        Page { offset, total, entries: read(count, N, from) }
    }

    fn write(value: &Page<T>, to: &mut Writer<'_>) {
        value.offset.write(to);
        count(value.entries.len().min(N)).write(to);
        value.total.write(to);
        write_slots(&value.entries, N, to);
    }
}

/// A count, and a place for each of `N` entries.
pub(crate) struct Slots<const N: usize>;

impl<T: Slot, const N: usize> Coding<Vec<T>> for Slots<N> {
    fn read(from: &mut Reader<'_>) -> Vec<T> {
        let count = u32::read(from);
        read(count, N, from)
    }

    fn write(value: &Vec<T>, to: &mut Writer<'_>) {
        count(value.len().min(N)).write(to);
        write_slots(value, N, to);
    }
}

/// A count, and so many entries, at most `N`.
pub(crate) struct List<const N: usize>;

impl<T: Wire, const N: usize> Coding<Vec<T>> for List<N> {
    fn read(from: &mut Reader<'_>) -> Vec<T> {
        let count = u32::read(from);
        read(count, N, from)
    }

    fn write(value: &Vec<T>, to: &mut Writer<'_>) {
        count(value.len().min(N)).write(to);
        value.iter().take(N).for_each(|entry| entry.write(to));
    }
}

/// As many entries as are announced, as there is room for, and as are there. Room is made only for what is there.
pub(crate) fn read<T: Wire>(count: u32, most: usize, from: &mut Reader<'_>) -> Vec<T> {
    let count = length(count).min(most);
    let mut entries = Vec::new();
    while entries.len() < count && !from.rest().is_empty() {
        entries.push(T::read(from));
    }
    entries
}

fn write_slots<T: Slot>(entries: &[T], slots: usize, to: &mut Writer<'_>) {
    entries.iter().take(slots).for_each(|entry| entry.write(to));
    (entries.len()..slots).for_each(|_| T::unused().write(to));
}

/// How many there are, as it stands on the wire.
pub(crate) fn count(entries: usize) -> u32 {
    u32::try_from(entries).unwrap_or(u32::MAX)
}

/// How many a number on the wire announces.
pub(crate) fn length(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

impl Slot for u32 {
    fn unused() -> Self {
        0
    }
}
