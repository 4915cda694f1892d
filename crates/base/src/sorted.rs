//! Sorted rows in chunks that copies share: what differs between two versions is found without looking at what does not.
//!
//! A version is a list of chunks of some dozen rows, each behind a reference. A change copies one chunk and the list, unless
//! nobody else has them; two versions that came from each other have all other chunks in common, which a comparison of
//! pointers tells.

use std::cmp::Ordering;
use std::iter::FusedIterator;
use std::mem;
use std::slice;
use std::sync::Arc;

/// What stands in [`Sorted`]: cheap to copy, and found by its key.
pub trait Row: Clone {
    /// What tells it from others, as somebody who looks for it has it.
    type Key<'k>: Copy;

    /// How its own key stands to one that is looked for.
    fn compare(&self, key: Self::Key<'_>) -> Ordering;

    /// How its key stands to another row's.
    fn order(&self, other: &Self) -> Ordering;

    /// True when another row with this key is known to say the same, mostly because both are one reference.
    fn is_same(&self, other: &Self) -> bool;
}

/// Rows in the order of their keys, each key once. A copy is one reference; a changed copy shares all chunks but those in
/// which rows were changed.
pub struct Sorted<R> {
    /// None is empty, and none longer than [`MOST`].
    chunks: Arc<Vec<Arc<Vec<R>>>>,
    len: usize,
}

/// How two versions differ at one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Difference<'r, R> {
    /// The row is new.
    Added(&'r R),
    /// The row was put in again; it may say the same as before.
    Changed {
        /// As it was.
        before: &'r R,
        /// As it is.
        after: &'r R,
    },
    /// The row is gone.
    Removed(&'r R),
}

/// Where a key is, or would be.
struct Place {
    chunk: usize,
    row: usize,
    there: bool,
}

impl<R: Row> Sorted<R> {
    /// Without rows.
    pub fn new() -> Self {
        Sorted { chunks: Arc::default(), len: 0 }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row with this key.
    pub fn get(&self, key: R::Key<'_>) -> Option<&R> {
        let Place { chunk, row, there } = self.place(|row| row.compare(key));
        if there { self.chunks.get(chunk)?.get(row) } else { None }
    }

    /// Puts a row in; the one that had its key until now, if there was one.
    pub fn insert(&mut self, row: R) -> Option<R> {
        let place = self.place(|there| there.order(&row));
        let chunks = Arc::make_mut(&mut self.chunks);
        let count = chunks.len();
        let Some(chunk) = chunks.get_mut(place.chunk) else {
            chunks.push(Arc::new(vec![row]));
            self.len += 1;
            return None;
        };
        if place.there {
            let there = changeable(chunk, 0).get_mut(place.row);
            return there.map(|there| mem::replace(there, row));
        }
        self.len += 1;
        if chunk.len() < MOST {
            changeable(chunk, 1).insert(place.row, row);
        } else if place.row == MOST && place.chunk + 1 == count {
            // Rows that come in order fill their chunks: what follows the last of all begins a new one.
            chunks.push(Arc::new(vec![row]));
        } else {
            let lower = changeable(chunk, 0);
            let mut upper = lower.split_off(MOST / 2);
            upper.reserve_exact(STEP);
            lower.shrink_to(MOST / 2 + STEP);
            match place.row.checked_sub(MOST / 2) {
                Some(at) if at > 0 => upper.insert(at, row),
                Some(_) | None => lower.insert(place.row, row),
            }
            chunks.insert(place.chunk + 1, Arc::new(upper));
        }
        None
    }

    /// Takes the row with this key out.
    pub fn remove(&mut self, key: R::Key<'_>) -> Option<R> {
        let Place { chunk: at, row, there } = self.place(|row| row.compare(key));
        if !there {
            return None;
        }
        let chunks = Arc::make_mut(&mut self.chunks);
        let rows = changeable(chunks.get_mut(at)?, 0);
        let removed = rows.remove(row);
        let left = rows.len();
        if rows.capacity() > 2 * left + STEP {
            rows.shrink_to(left + STEP);
        }
        self.len -= 1;
        if left == 0 {
            chunks.remove(at);
        } else if left < FEW {
            let room = |other: &usize| chunks.get(*other).is_some_and(|other| left + other.len() <= MERGED);
            let lower = at.checked_sub(1).filter(room).or_else(|| Some(at).filter(|at| room(&(at + 1))));
            if let Some(lower) = lower {
                let upper = chunks.remove(lower + 1);
                if let Some(lower) = chunks.get_mut(lower) {
                    changeable(lower, upper.len()).extend_from_slice(&upper);
                }
            }
        }
        Some(removed)
    }

    /// The row with this key, to be changed in all but its key; other versions keep it as it was.
    pub(crate) fn get_mut(&mut self, key: R::Key<'_>) -> Option<&mut R> {
        let Place { chunk, row, there } = self.place(|row| row.compare(key));
        if !there {
            return None;
        }
        changeable(Arc::make_mut(&mut self.chunks).get_mut(chunk)?, 0).get_mut(row)
    }

    /// All rows in order.
    pub fn iter(&self) -> Rows<'_, R> {
        self.rows_from(0, 0)
    }

    /// The rows from this key on, in order.
    pub fn from(&self, key: R::Key<'_>) -> Rows<'_, R> {
        let place = self.place(|row| row.compare(key));
        self.rows_from(place.chunk, place.row)
    }

    /// The rows beyond this key, in order.
    pub fn after(&self, key: R::Key<'_>) -> Rows<'_, R> {
        let place = self.place(|row| row.compare(key));
        self.rows_from(place.chunk, place.row + usize::from(place.there))
    }

    /// What was put in, taken out or put in again since this was `before`, in the order of the keys.
    ///
    /// It looks into chunks that are not shared only: a change of one row among a hundred thousand costs some microseconds.
    pub fn differences<'r>(&'r self, before: &'r Sorted<R>) -> Differences<'r, R> {
        if Arc::ptr_eq(&self.chunks, &before.chunks) {
            return Differences { before: Cursor::END, after: Cursor::END };
        }
        Differences { before: Cursor::of(&before.chunks), after: Cursor::of(&self.chunks) }
    }

    fn rows_from(&self, chunk: usize, row: usize) -> Rows<'_, R> {
        let mut chunks = self.chunks.get(chunk..).unwrap_or_default().iter();
        let rows = chunks.next().and_then(|rows| rows.get(row..)).unwrap_or_default().iter();
        Rows { chunks, rows }
    }

    /// Where a key is, or where its row would have to be put: beyond the last row of a chunk only if it is beyond all.
    fn place(&self, compare: impl Fn(&R) -> Ordering) -> Place {
        let beyond = |chunk: &Arc<Vec<R>>| chunk.last().is_some_and(|last| compare(last).is_lt());
        let chunk = self.chunks.partition_point(beyond);
        match self.chunks.get(chunk) {
            Some(rows) => match rows.binary_search_by(compare) {
                Ok(row) => Place { chunk, row, there: true },
                Err(row) => Place { chunk, row, there: false },
            },
            None => {
                let chunk = chunk.saturating_sub(1);
                Place { chunk, row: self.chunks.get(chunk).map_or(0, |rows| rows.len()), there: false }
            }
        }
    }
}

/// The rows of a chunk that nobody else has, with room for some more: in a copy of it where somebody has it.
fn changeable<R: Clone>(chunk: &mut Arc<Vec<R>>, more: usize) -> &mut Vec<R> {
    if Arc::get_mut(chunk).is_none() {
        let mut copy = Vec::with_capacity(chunk.len() + more);
        copy.extend_from_slice(chunk);
        *chunk = Arc::new(copy);
    }
    let rows = Arc::make_mut(chunk);
    if rows.capacity() < rows.len() + more {
        rows.reserve_exact(STEP.min(MOST.saturating_sub(rows.len())).max(more));
    }
    rows
}

impl<R: Row> FromIterator<R> for Sorted<R> {
    /// Of rows with the same key the last one stays.
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        let mut rows: Vec<R> = rows.into_iter().collect();
        if !rows.is_sorted_by(|one, next| one.order(next).is_lt()) {
            rows.sort_by(R::order);
            rows.dedup_by(|next, kept| {
                let again = next.order(kept).is_eq();
                if again {
                    mem::swap(next, kept);
                }
                again
            });
        }
        let len = rows.len();
        let mut chunks = Vec::with_capacity(len.div_ceil(FILLED));
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            chunks.push(Arc::new(rows.by_ref().take(FILLED).collect::<Vec<R>>()));
        }
        Sorted { chunks: Arc::new(chunks), len }
    }
}

impl<R> Clone for Sorted<R> {
    fn clone(&self) -> Self {
        Sorted { chunks: Arc::clone(&self.chunks), len: self.len }
    }
}

impl<R: Row> Default for Sorted<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Rows of [`Sorted`] in order.
pub struct Rows<'r, R> {
    chunks: slice::Iter<'r, Arc<Vec<R>>>,
    rows: slice::Iter<'r, R>,
}

impl<'r, R> Iterator for Rows<'r, R> {
    type Item = &'r R;

    #[inline]
    fn next(&mut self) -> Option<&'r R> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            self.rows = self.chunks.next()?.iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // No chunk is empty.
        let (rows, chunks) = (self.rows.len(), self.chunks.len());
        (rows + chunks, Some(rows + chunks * MOST))
    }
}

impl<R> FusedIterator for Rows<'_, R> {}

impl<R> Clone for Rows<'_, R> {
    fn clone(&self) -> Self {
        Rows { chunks: self.chunks.clone(), rows: self.rows.clone() }
    }
}

/// What differs between two versions, in the order of the keys.
pub struct Differences<'r, R> {
    before: Cursor<'r, R>,
    after: Cursor<'r, R>,
}

/// A place in a version that is walked along.
struct Cursor<'r, R> {
    chunks: &'r [Arc<Vec<R>>],
    /// In the first of the chunks.
    row: usize,
}

impl<'r, R> Cursor<'r, R> {
    const END: Self = Cursor { chunks: &[], row: 0 };

    fn of(chunks: &'r [Arc<Vec<R>>]) -> Self {
        Cursor { chunks, row: 0 }
    }

    fn row(&self) -> Option<&'r R> {
        self.chunks.first()?.get(self.row)
    }

    fn next(&mut self) {
        self.row += 1;
        if let Some((first, others)) = self.chunks.split_first()
            && self.row >= first.len()
        {
            (self.chunks, self.row) = (others, 0);
        }
    }

    /// Leaves out the chunks that both have here.
    ///
    /// Neither is ever within a chunk of both while the other is elsewhere: it would be beyond the chunk's first row, which the
    /// other has as well and would have to be beyond too.
    fn skip_shared(&mut self, other: &mut Self) {
        if self.row > 0 || other.row > 0 {
            return;
        }
        let shared = self.chunks.iter().zip(other.chunks).take_while(|(one, other)| Arc::ptr_eq(one, other));
        let shared = shared.count();
        self.chunks = self.chunks.get(shared..).unwrap_or_default();
        other.chunks = other.chunks.get(shared..).unwrap_or_default();
    }
}

impl<'r, R: Row> Iterator for Differences<'r, R> {
    type Item = Difference<'r, R>;

    fn next(&mut self) -> Option<Difference<'r, R>> {
        loop {
            self.before.skip_shared(&mut self.after);
            let (before, after) = match (self.before.row(), self.after.row()) {
                (None, None) => return None,
                (Some(before), None) => {
                    self.before.next();
                    return Some(Difference::Removed(before));
                }
                (None, Some(after)) => {
                    self.after.next();
                    return Some(Difference::Added(after));
                }
                (Some(before), Some(after)) => (before, after),
            };
            let same = before.is_same(after);
            match if same { Ordering::Equal } else { before.order(after) } {
                Ordering::Less => {
                    self.before.next();
                    return Some(Difference::Removed(before));
                }
                Ordering::Greater => {
                    self.after.next();
                    return Some(Difference::Added(after));
                }
                Ordering::Equal => {
                    self.before.next();
                    self.after.next();
                    if !same {
                        return Some(Difference::Changed { before, after });
                    }
                }
            }
        }
    }
}

/// Rows in a chunk.
const MOST: usize = 128;
/// Rows in a chunk of a version that is made at once: a few more have room.
const FILLED: usize = 96;
/// Rows in a chunk below which it looks for another to be one with.
const FEW: usize = 32;
/// Rows in a chunk that was two.
const MERGED: usize = 96;
/// Rows by which the room of a chunk grows: what nobody uses is less than this for each.
const STEP: usize = 8;

#[cfg(test)]
mod tests;
