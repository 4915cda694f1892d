//! Journal segments: files of frames that only grow.
//!
//! A frame is a length, a CRC-32, the position of the previous frame of the same call, and a record. The chain of
//! positions makes the records of one call readable without the others.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Where a frame begins: segment in the upper half, offset in the lower.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Position(pub(super) u64);

impl Position {
    /// No frame: segments are numbered from 1.
    pub(super) const NONE: Position = Position(0);

    pub(super) const fn new(segment: u32, offset: u32) -> Self {
        Position((segment as u64) << 32 | offset as u64)
    }

    pub(super) const fn segment(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) const fn offset(self) -> u32 {
        self.0 as u32
    }
}

/// A whole frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Frame<'a> {
    /// The previous frame of the same call, or [`Position::NONE`].
    pub(super) previous: Position,
    pub(super) record: &'a [u8],
    /// Bytes of the whole frame.
    pub(super) length: usize,
}

/// Bytes before the record of a frame.
pub(super) const FRAME_HEAD: usize = 16;
/// Bytes before the first frame of a segment.
pub(super) const SEGMENT_HEAD: u32 = 8;
/// A record longer than this is damage.
pub(super) const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// First bytes of a segment: a name and the version of the format.
const MAGIC: [u8; SEGMENT_HEAD as usize] = *b"SJRNL\0\0\x01";

/// Appends a frame.
pub(super) fn put_frame(previous: Position, record: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    let previous = previous.0.to_le_bytes();
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&previous);
    checksum.update(record);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum.finalize().to_le_bytes());
    out.extend_from_slice(&previous);
    out.extend_from_slice(record);
}

/// The frame at the beginning of `bytes`; `None` at the end or where it is torn.
pub(super) fn first_frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let (head, rest) = bytes.split_first_chunk::<FRAME_HEAD>()?;
    let [l0, l1, l2, l3, c0, c1, c2, c3, previous @ ..] = *head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if length > RECORD_BYTES_MAX {
        return None;
    }
    let record = rest.get(..length)?;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&previous);
    checksum.update(record);
    let whole = checksum.finalize() == u32::from_le_bytes([c0, c1, c2, c3]);
    let previous = Position(u64::from_le_bytes(previous));
    whole.then_some(Frame { previous, record, length: FRAME_HEAD + length })
}

/// Calls `each` with the whole frames from `offset` on; returns where the first torn one begins.
pub(super) fn each_frame<'a>(bytes: &'a [u8], offset: u32, mut each: impl FnMut(u32, Frame<'a>)) -> u32 {
    let mut at = offset.max(SEGMENT_HEAD);
    if !bytes.starts_with(&MAGIC) {
        return 0;
    }
    while let Some(frame) = bytes.get(at as usize..).and_then(first_frame) {
        each(at, frame);
        at += frame.length as u32;
    }
    at
}

/// Reads one frame; `None` when there is none at that place.
pub(super) fn read_frame(file: &File, offset: u32, buffer: &mut Vec<u8>) -> Option<Position> {
    buffer.resize(FRAME_HEAD, 0);
    file.read_exact_at(buffer, u64::from(offset)).ok()?;
    let length = u32::from_le_bytes(*buffer.first_chunk::<4>()?) as usize;
    if length > RECORD_BYTES_MAX {
        return None;
    }
    buffer.resize(FRAME_HEAD + length, 0);
    file.read_exact_at(buffer, u64::from(offset)).ok()?;
    let previous = first_frame(buffer)?.previous;
    buffer.drain(..FRAME_HEAD);
    Some(previous)
}

/// The end of the journal, where frames are added.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    file: File,
    segment: u32,
    /// Bytes of the file that are written.
    written: u32,
    /// Frames that follow them and are not written yet.
    pending: Vec<u8>,
    unsynced: bool,
}

impl Writer {
    /// Goes on in a segment after its first `length` bytes; what follows them is cut off.
    pub(super) fn open(folder: &Path, segment: u32, length: u32) -> io::Result<Self> {
        let path = path_of(folder, segment);
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        file.set_len(u64::from(length))?;
        let mut writer = Writer {
            folder: folder.to_owned(),
            file,
            segment,
            written: length,
            pending: Vec::new(),
            unsynced: true,
        };
        if length < SEGMENT_HEAD {
            writer.written = 0;
            writer.pending.extend_from_slice(&MAGIC);
        }
        Ok(writer)
    }

    /// Adds a frame, in memory. It cannot fail; [`Writer::flush`] can.
    pub(super) fn append(&mut self, previous: Position, record: &[u8]) -> Position {
        let position = self.end();
        put_frame(previous, record, &mut self.pending);
        position
    }

    /// Writes what is pending. After an error nothing is lost: the same bytes go to the same place next time.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.file.write_all_at(&self.pending, u64::from(self.written))?;
        self.written += self.pending.len() as u32;
        self.pending.clear();
        self.pending.shrink_to(PENDING_KEPT);
        self.unsynced = true;
        Ok(())
    }

    /// Waits until everything that was flushed is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Begins a new segment after everything is safe in this one.
    pub(super) fn turn_over(&mut self) -> io::Result<()> {
        self.flush()?;
        self.sync()?;
        let mut next = Writer::open(&self.folder, self.segment + 1, 0)?;
        next.flush()?;
        next.sync()?;
        File::open(&self.folder)?.sync_all()?;
        *self = next;
        Ok(())
    }

    /// Removes the oldest segments while all together are larger than the limit; the newest stays, and those that somebody needs. `before` is called with each that goes.
    pub(super) fn retire(
        &self,
        limit_bytes: u64,
        needed: u32,
        mut before: impl FnMut(u32) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut total = 0;
        for segment in segments_in(&self.folder)?.into_iter().rev() {
            let path = path_of(&self.folder, segment);
            total += fs::metadata(&path)?.len();
            if total > limit_bytes && segment != self.segment && segment < needed {
                before(segment)?;
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Where the next frame goes.
    pub(super) const fn end(&self) -> Position {
        Position::new(self.segment, self.written + self.pending.len() as u32)
    }

    pub(super) const fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Puts another file in the place of the open one, for tests with a disk that refuses.
    #[cfg(test)]
    pub(super) const fn replace_file(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }
}

/// Segments of a folder, oldest first.
pub(super) fn segments_in(folder: &Path) -> io::Result<Vec<u32>> {
    let mut segments = vec![];
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_suffix(".sj")).and_then(|stem| stem.parse::<u32>().ok());
        segments.extend(number);
    }
    segments.sort_unstable();
    Ok(segments)
}

pub(super) fn path_of(folder: &Path, segment: u32) -> PathBuf {
    folder.join(format!("{segment:06}.sj"))
}

const PENDING_KEPT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_cut_at_any_byte_give_the_whole_ones_before_the_cut() {
        let mut bytes = MAGIC.to_vec();
        let mut ends = vec![];
        for record in [&b"first"[..], b"", b"third record"] {
            put_frame(Position::new(1, 8), record, &mut bytes);
            ends.push(bytes.len());
        }
        for cut in 0..=bytes.len() {
            let mut whole = 0;
            each_frame(&bytes[..cut], 0, |_, _| whole += 1);
            assert_eq!(whole, ends.iter().filter(|end| **end <= cut).count(), "cut at {cut}");
        }
    }

    #[test]
    fn a_changed_byte_is_seen_wherever_it_is() {
        let mut bytes = MAGIC.to_vec();
        put_frame(Position::NONE, b"whole", &mut bytes);
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            let mut whole = 0;
            each_frame(&damaged, 0, |_, _| whole += 1);
            assert_eq!(whole, 0, "byte {place}");
        }
    }
}
