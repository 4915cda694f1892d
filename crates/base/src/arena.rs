//! One growing buffer for the bytes that leave, so that sending allocates nothing in the steady state.

use std::ops::Range;

/// A stretch of a [`ByteArena`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// An empty stretch.
    pub const EMPTY: Span = Span { start: 0, end: 0 };

    /// Length in bytes.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// True when it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The positions it covers.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Bytes of outgoing messages, appended one after the other and cleared after each batch.
#[derive(Default, Debug)]
pub struct ByteArena {
    bytes: Vec<u8>,
}

impl ByteArena {
    /// An empty arena.
    pub const fn new() -> Self {
        ByteArena { bytes: Vec::new() }
    }

    /// Appends what `write` pushes and returns where it is.
    pub fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.bytes.len();
        write(&mut self.bytes);
        Span { start: start as u32, end: self.bytes.len().max(start) as u32 }
    }

    /// Appends a copy of `bytes`.
    pub fn append(&mut self, bytes: &[u8]) -> Span {
        self.append_with(|buffer| buffer.extend_from_slice(bytes))
    }

    /// The bytes of a stretch that this arena returned since it was last cleared.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.range()).unwrap_or_default()
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True when nothing is held.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets all bytes and gives back what a burst needed beyond `keep_bytes`.
    pub fn clear(&mut self, keep_bytes: usize) {
        self.bytes.clear();
        if self.bytes.capacity() > keep_bytes {
            self.bytes.shrink_to(keep_bytes);
        }
    }
}
