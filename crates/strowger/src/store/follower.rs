//! Follows the journal: record after record, each only when it is on the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::recovery;
use super::segment::{self, Position};

/// How far the journal is written, and from where on somebody needs it.
#[derive(Clone, Debug)]
pub(crate) struct Extent(Arc<Ends>);

#[derive(Debug)]
struct Ends {
    written: AtomicU64,
    needed: AtomicU64,
}

impl Extent {
    pub(super) fn new(written: Position) -> Self {
        Extent(Arc::new(Ends { written: AtomicU64::new(written.0), needed: AtomicU64::new(u64::MAX) }))
    }

    pub(super) fn wrote(&self, end: Position) {
        self.0.written.store(end.0, Ordering::Release);
    }

    /// Segments from this one on are not retired.
    pub(super) fn needed_segment(&self) -> u32 {
        Position(self.0.needed.load(Ordering::Acquire)).segment()
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
pub(crate) struct Follower {
    folder: PathBuf,
    at: Position,
    extent: Extent,
}

/// A record, and where the next one begins.
pub(crate) struct Followed<'a> {
    pub(crate) next: u64,
    pub(crate) record: &'a [u8],
    here: Position,
}

impl Follower {
    /// Reads the journal of a data folder from there on; from its end where that lies before, which is so when the journal is another one.
    pub(crate) fn new(data: &Path, from: u64, extent: Extent) -> Self {
        let at = Position(from.min(extent.end()));
        extent.0.needed.store(at.0, Ordering::Release);
        Follower { folder: data.join("journal"), at, extent }
    }

    /// Segments before this place may be retired.
    pub(crate) fn release(&self, before: u64) {
        self.extent.0.needed.store(before, Ordering::Release);
    }

    /// Gives what came since, some MiB of it at most; whether there was something.
    pub(crate) fn read(&mut self, mut each: impl FnMut(&Self, Followed<'_>)) -> io::Result<bool> {
        let end = Position(self.extent.end());
        if self.at >= end {
            return Ok(false);
        }
        let Some(file) = self.segment(end)? else { return Ok(false) };
        // What a power cut could take back was never there.
        file.sync_data()?;
        let length = if self.at.segment() == end.segment() {
            end.offset()
        } else {
            u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX)
        };
        let (number, from) = (self.at.segment(), self.at.offset().max(segment::SEGMENT_HEAD));
        let mut bytes = vec![0; length.saturating_sub(from).min(AT_ONCE) as usize];
        file.read_exact_at(&mut bytes, from.into())?;
        let mut offset = from;
        while let Some(frame) = bytes.get((offset - from) as usize..).and_then(segment::first_frame) {
            let (here, next) =
                (Position::new(number, offset), Position::new(number, offset + frame.length as u32));
            each(self, Followed { next: next.0, record: frame.record, here });
            (self.at, offset) = (next, offset + frame.length as u32);
        }
        if offset == from && self.at.segment() < end.segment() {
            // The rest of the segment is no frame.
            self.at = Position::new(number + 1, segment::SEGMENT_HEAD);
            return Ok(true);
        }
        Ok(offset > from)
    }

    /// The records of the call of one, up to that one, oldest first.
    pub(crate) fn call_until(&self, followed: &Followed<'_>) -> Vec<Vec<u8>> {
        recovery::chain(&self.folder, followed.here)
    }

    /// The same by the place of a record, which [`Followed::place`] told.
    pub(crate) fn call_at(&self, place: u64) -> Vec<Vec<u8>> {
        recovery::chain(&self.folder, Position(place))
    }

    /// The segment to be read; the next one that is there when it is not.
    fn segment(&mut self, end: Position) -> io::Result<Option<File>> {
        let open = |number| match File::open(segment::path_of(&self.folder, number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => file.map(Some),
        };
        if let Some(file) = open(self.at.segment())? {
            let length = file.metadata()?.len();
            if self.at.segment() == end.segment() || u64::from(self.at.offset()) < length {
                return Ok(Some(file));
            }
        }
        let next = segment::segments_in(&self.folder)?.into_iter().find(|number| *number > self.at.segment());
        let Some(number) = next.filter(|number| *number <= end.segment()) else { return Ok(None) };
        self.at = Position::new(number, segment::SEGMENT_HEAD);
        open(number)
    }
}

impl Followed<'_> {
    /// Where it is, for [`Follower::call_at`].
    pub(crate) const fn place(&self) -> u64 {
        self.here.0
    }
}

/// How much is read at once, in bytes. A record may be as long as 1 MiB.
const AT_ONCE: u32 = 4 * 1024 * 1024;
