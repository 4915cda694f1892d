//! The table of header lines: offsets into the message, chained by name.

use strowger_base::limits;

use super::name::NameSet;
use super::{Header, HeaderName};

/// One header line as offsets into the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    name: HeaderName,
    /// The next line with this name; 0 when there is none, since no line follows itself.
    next: u8,
    /// The line has no folds, ends with CRLF and can be copied as it stands.
    plain: bool,
    name_len: u16,
    start: u16,
    value_start: u16,
    value_end: u16,
    end: u16,
}

// Offsets are kept in 16 bits, positions of lines in 8.
const _: () = assert!(limits::SIP_MESSAGE_BYTES <= u16::MAX as usize);
const _: () = assert!(limits::SIP_HEADERS <= 256);

/// Where the parts of a header line are.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) name: HeaderName,
    pub(crate) plain: bool,
    pub(crate) start: usize,
    pub(crate) name_end: usize,
    pub(crate) value_start: usize,
    pub(crate) value_end: usize,
    pub(crate) end: usize,
}

impl Entry {
    const EMPTY: Entry = Entry {
        name: HeaderName::Other,
        next: 0,
        plain: false,
        name_len: 0,
        start: 0,
        value_start: 0,
        value_end: 0,
        end: 0,
    };

    /// Messages are shorter than 2^16 bytes, which [`super::Message::parse`] sees to.
    const fn new(line: &Line) -> Self {
        Entry {
            name: line.name,
            next: 0,
            plain: line.plain,
            name_len: (line.name_end - line.start) as u16,
            start: line.start as u16,
            value_start: line.value_start as u16,
            value_end: line.value_end as u16,
            end: line.end as u16,
        }
    }

    pub(super) fn value<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(usize::from(self.value_start)..usize::from(self.value_end)).unwrap_or_default()
    }

    /// The line as it stands, when it is one line.
    pub(super) fn plain_line<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        if self.plain { bytes.get(usize::from(self.start)..usize::from(self.end)) } else { None }
    }

    pub(super) fn header<'b>(&self, bytes: &'b [u8]) -> Header<'b> {
        let start = usize::from(self.start);
        Header {
            name: self.name,
            raw_name: bytes.get(start..start + usize::from(self.name_len)).unwrap_or_default(),
            value: self.value(bytes),
            line: bytes.get(start..usize::from(self.end)).unwrap_or_default(),
        }
    }
}

/// The header lines in order; ordinary messages fit without the heap.
#[derive(Debug)]
pub(super) struct Table {
    inline: [Entry; INLINE],
    spilled: Vec<Entry>,
    len: usize,
    /// Names that are there, and those that are there more than once.
    seen: NameSet,
    repeated: NameSet,
    /// Position of the first and the last line of each name that was seen.
    first: [u8; HeaderName::COUNT],
    last: [u8; HeaderName::COUNT],
}

/// Lines that need no heap.
const INLINE: usize = 64;

impl Table {
    pub(super) const fn new() -> Self {
        Table {
            inline: [Entry::EMPTY; INLINE],
            spilled: Vec::new(),
            len: 0,
            seen: NameSet::of(&[]),
            repeated: NameSet::of(&[]),
            first: [0; HeaderName::COUNT],
            last: [0; HeaderName::COUNT],
        }
    }

    /// Appends a line; `false` when there are too many.
    #[inline(always)]
    pub(super) fn push(&mut self, line: &Line) -> bool {
        if self.len >= limits::SIP_HEADERS {
            return false;
        }
        let position = self.len as u8;
        let name = line.name as usize;
        if self.seen.insert(line.name) {
            self.repeated.insert(line.name);
            let last = self.last.get(name).copied().unwrap_or_default();
            if let Some(entry) = self.at_mut(last) {
                entry.next = position;
            }
        } else if let Some(first) = self.first.get_mut(name) {
            *first = position;
        }
        if let Some(last) = self.last.get_mut(name) {
            *last = position;
        }
        match self.inline.get_mut(self.len) {
            Some(slot) => *slot = Entry::new(line),
            None => self.spilled.push(Entry::new(line)),
        }
        self.len += 1;
        true
    }

    /// Names that are there.
    pub(super) const fn seen(&self) -> NameSet {
        self.seen
    }

    /// Names that are there more than once.
    pub(super) const fn repeated(&self) -> NameSet {
        self.repeated
    }

    /// The first line of a header.
    pub(super) fn first(&self, name: HeaderName) -> Option<&Entry> {
        if self.seen.contains(name) { self.at(*self.first.get(name as usize)?) } else { None }
    }

    /// The lines of a header, in order.
    pub(super) fn all(&self, name: HeaderName) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.first(name), |entry| match entry.next {
            0 => None,
            next => self.at(next),
        })
    }

    /// All lines, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.inline.iter().take(self.len).chain(&self.spilled)
    }

    fn at(&self, position: u8) -> Option<&Entry> {
        let position = usize::from(position);
        match position.checked_sub(INLINE) {
            None => self.inline.get(position),
            Some(position) => self.spilled.get(position),
        }
    }

    fn at_mut(&mut self, position: u8) -> Option<&mut Entry> {
        let position = usize::from(position);
        match position.checked_sub(INLINE) {
            None => self.inline.get_mut(position),
            Some(position) => self.spilled.get_mut(position),
        }
    }
}
