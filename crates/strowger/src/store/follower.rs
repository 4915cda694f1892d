//! Follows the journal: record after record, each only when it is on the disk.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strowger_base::CallId;
use strowger_base::journal::{EntryKind, Head};

use super::index::Index;
use super::recovery::Chain;
use super::segment::{self, Position};
use super::{damage, recovery};

/// How far the journal is written, and from where on somebody needs it.
#[derive(Clone, Debug)]
pub(crate) struct Extent(Arc<Ends>);

#[derive(Debug)]
struct Ends {
    /// Where this run began to write: what the last one left ends there.
    begun: u64,
    written: AtomicU64,
    needed: AtomicU64,
}

impl Extent {
    pub(super) fn new(written: Position) -> Self {
        let (begun, needed) = (written.0, AtomicU64::new(u64::MAX));
        Extent(Arc::new(Ends { begun, written: AtomicU64::new(begun), needed }))
    }

    pub(super) fn wrote(&self, end: Position) {
        self.0.written.store(end.0, Ordering::Release);
    }

    /// Segments from this one on are not retired.
    pub(super) fn needed_segment(&self) -> u32 {
        Position(self.0.needed.load(Ordering::Acquire)).segment()
    }

    /// Calls that ended behind the place that is followed next.
    pub(super) fn calls_to_follow(&self, folder: &Path, end: Position) -> io::Result<BTreeSet<CallId>> {
        let mut calls = BTreeSet::new();
        let needed = Position(self.0.needed.load(Ordering::Acquire));
        for number in segment::segments_in(folder)? {
            if !(needed.segment()..=end.segment()).contains(&number) {
                continue;
            }
            let from = if number == needed.segment() { needed.offset() } else { 0 };
            let bytes = fs::read(segment::path_of(folder, number))?;
            damage::each_frame(folder, number, &bytes, from, |_, frame| {
                if let Ok(Head { kind: EntryKind::Call, call: Some(call), .. }) = Head::decode(frame.record) {
                    calls.insert(call);
                }
            });
        }
        Ok(calls)
    }

    /// Nothing is retired until somebody says from where on he reads.
    pub(crate) fn hold(&self) {
        self.0.needed.store(0, Ordering::Release);
    }

    /// Where the journal ends, as far as it is in its file.
    pub(crate) fn end(&self) -> u64 {
        self.0.written.load(Ordering::Acquire)
    }
}

/// A reader that goes on where it was.
///
/// Everything before the end of the journal was written as whole frames. What is none there is damage, whichever segment it is in, and never something that is still
/// to be written: it is passed over, and told ([`Follower::take_gaps`]).
pub(crate) struct Follower {
    folder: PathBuf,
    at: Position,
    extent: Extent,
    gaps: Vec<Gap>,
}

/// A record, and where the next one begins.
pub(crate) struct Followed<'a> {
    pub(crate) next: u64,
    pub(crate) record: &'a [u8],
    here: Position,
}

/// A part of the journal that could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Gap {
    from: Position,
    to: Position,
}

impl Follower {
    /// Reads the journal of a data folder from there on. Where the journal ended before that when it was opened, it is another one or was cut: then from where
    /// it goes on.
    pub(crate) fn new(data: &Path, from: u64, extent: Extent) -> Self {
        let at = Position(from.min(extent.0.begun));
        extent.0.needed.store(at.0, Ordering::Release);
        Follower { folder: data.join("journal"), at, extent, gaps: Vec::new() }
    }

    /// Segments before this place may be retired.
    pub(crate) fn release(&self, before: u64) {
        self.extent.0.needed.store(before, Ordering::Release);
    }

    /// What could not be read since this was asked last.
    pub(crate) fn take_gaps(&mut self) -> Vec<Gap> {
        std::mem::take(&mut self.gaps)
    }

    /// Gives what came since, some MiB of it at most; whether there was something.
    ///
    /// # Errors
    /// The disk gives nothing; or the segment that is written is not there, and no later one yet.
    pub(crate) fn read(&mut self, mut each: impl FnMut(&Self, Followed<'_>)) -> io::Result<bool> {
        let end = Position(self.extent.end());
        if self.at >= end {
            return Ok(false);
        }
        let Some(file) = self.segment(end)? else { return Ok(false) };
        // What a power cut could take back was never there.
        file.sync_data()?;
        let number = self.at.segment();
        let length = if number == end.segment() {
            end.offset()
        } else {
            u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX)
        };
        let from = self.at.offset().max(segment::SEGMENT_HEAD);
        let bytes = read_from(&file, from, length.saturating_sub(from).min(AT_ONCE))?;
        let mut offset = from;
        while let Some(frame) = bytes.get((offset - from) as usize..).and_then(segment::first_frame) {
            let (here, next) =
                (Position::new(number, offset), Position::new(number, offset + frame.length as u32));
            each(self, Followed { next: next.0, record: frame.record, here });
            (self.at, offset) = (next, offset + frame.length as u32);
        }
        if offset == from && from < length {
            let bytes = read_from(&file, 0, length)?;
            let next = damage::next_whole(&self.folder, number, &bytes, from).unwrap_or(length);
            self.passes_over(Position::new(number, next));
        }
        Ok(true)
    }

    /// Gives the records before the place that is read next, from so many seconds before the last of them on: and some that are older.
    pub(crate) fn read_back(&self, seconds: u64, mut each: impl FnMut(Followed<'_>)) -> io::Result<()> {
        let mut last = None;
        let mut segments = Vec::new();
        for number in segment::segments_in(&self.folder)?.into_iter().rev() {
            if number > self.at.segment() {
                continue;
            }
            let bytes = match File::open(segment::path_of(&self.folder, number)) {
                // It has just been retired.
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                file => read_from(&file?, 0, u32::MAX)?,
            };
            let mut first = None;
            self.each_before(number, &bytes, |followed| {
                let at = Head::decode(followed.record).ok().map(|head| head.at.as_secs());
                first = first.or(at);
                last = last.max(at);
            });
            segments.push((number, bytes));
            if let (Some(first), Some(last)) = (first, last)
                && first + seconds < last
            {
                break;
            }
        }
        for (number, bytes) in segments.iter().rev() {
            self.each_before(*number, bytes, &mut each);
        }
        Ok(())
    }

    /// The frames of a segment before the place that is read next.
    fn each_before(&self, number: u32, bytes: &[u8], mut each: impl FnMut(Followed<'_>)) {
        damage::each_frame(&self.folder, number, bytes, 0, |offset, frame| {
            let here = Position::new(number, offset);
            let next = Position::new(number, offset + frame.length as u32);
            if next <= self.at {
                each(Followed { next: next.0, record: frame.record, here });
            }
        });
    }

    /// The records of the call of one, up to that one.
    pub(crate) fn call_until(&self, followed: &Followed<'_>) -> Chain {
        recovery::read_chain(&self.folder, followed.here)
    }

    /// The same by the place of a record, which [`Followed::place`] told.
    pub(crate) fn call_at(&self, place: u64) -> Chain {
        recovery::read_chain(&self.folder, Position(place))
    }

    /// The segment to be read; the next one that is there when it is not.
    fn segment(&mut self, end: Position) -> io::Result<Option<File>> {
        let number = self.at.segment();
        let found = self.open(number)?;
        if let Some(file) = &found
            && (number == end.segment() || u64::from(self.at.offset()) < file.metadata()?.len())
        {
            return Ok(found);
        }
        let segments = segment::segments_in(&self.folder)?;
        let Some(next) = segments.into_iter().find(|next| (number + 1..=end.segment()).contains(next)) else {
            if found.is_some() {
                return Ok(None);
            }
            let what = format!("segment {number} of the journal is gone, and the server still writes to it");
            return Err(io::Error::new(io::ErrorKind::NotFound, what));
        };
        let to = Position::new(next, segment::SEGMENT_HEAD);
        if found.is_some() && next == number + 1 {
            self.at = to;
        } else {
            self.passes_over(to);
        }
        self.open(next)
    }

    fn open(&self, number: u32) -> io::Result<Option<File>> {
        match File::open(segment::path_of(&self.folder, number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => file.map(Some),
        }
    }

    fn passes_over(&mut self, to: Position) {
        self.gaps.push(Gap { from: self.at, to });
        self.at = to;
    }
}

impl Followed<'_> {
    /// Where it is, for [`Follower::call_at`].
    pub(crate) const fn place(&self) -> u64 {
        self.here.0
    }
}

impl Gap {
    /// The calls whose final records stood there, as far as the index beside the journal knows them.
    pub(crate) fn calls(&self, data: &Path) -> Vec<CallId> {
        let index = Index::read(&data.join("strowger.db"));
        index.and_then(|index| index.calls_between(self.from, self.to)).unwrap_or_default()
    }

    /// Where reading goes on.
    pub(crate) const fn next(&self) -> u64 {
        self.to.0
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from, self.to);
        if from.segment() == to.segment() {
            return write!(f, "{:06}.sj, bytes {} to {}", from.segment(), from.offset(), to.offset());
        }
        write!(
            f,
            "from {:06}.sj, byte {}, to the beginning of {:06}.sj",
            from.segment(),
            from.offset(),
            to.segment()
        )
    }
}

/// Bytes of a file from an offset on: fewer where it ends before.
fn read_from(file: &File, from: u32, length: u32) -> io::Result<Vec<u8>> {
    let there = file.metadata()?.len().saturating_sub(from.into());
    let mut bytes = vec![0; there.min(length.into()) as usize];
    file.read_exact_at(&mut bytes, from.into())?;
    Ok(bytes)
}

/// How much is read at once, in bytes. A record may be as long as 1 MiB.
const AT_ONCE: u32 = 4 * 1024 * 1024;
