//! Journal segments: files of frames, each a length, a checksum and a record.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use strowger_base::CallId;
use strowger_base::journal::{
    CallRecord, Decision, Entry, LegRecord, PartyView, Record, ReleasedBy, WhyEnded,
};
use strowger_base::{Cause, WallTime};

/// The open journal of a folder.
pub(crate) struct Journal {
    folder: PathBuf,
    file: File,
    number: u64,
    length: u64,
    limit_bytes: u64,
}

/// A segment is closed when it is this long.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// A frame longer than this is damage.
const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// Appends a frame: length and CRC-32 in little-endian, then the record.
pub(super) fn frame(record: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(record).to_le_bytes());
    out.extend_from_slice(record);
}

/// The next whole frame and the rest; `None` at the end or where it is torn.
pub(super) fn next_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let checksum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let record = bytes.get(8..8 + length.min(FRAME_BYTES_MAX))?;
    (length <= FRAME_BYTES_MAX && crc32fast::hash(record) == checksum).then(|| (record, &bytes[8 + length..]))
}

/// The record of the last frame.
pub(super) fn last_record(mut frames: &[u8]) -> Option<&[u8]> {
    let mut last = None;
    while let Some((record, rest)) = next_frame(frames) {
        last = Some(record);
        frames = rest;
    }
    last
}

/// What a reader of the whole journal found that is not finished or not indexed.
#[derive(Default)]
pub(crate) struct Unfinished {
    /// Beginning records of calls without a final record.
    pub(crate) open: BTreeMap<CallId, Vec<u8>>,
    /// Final records, for the index.
    pub(crate) finals: Vec<Vec<u8>>,
    /// Highest number of any call or leg.
    pub(crate) highest_number: u64,
    last_at: WallTime,
}

impl Unfinished {
    fn read(&mut self, bytes: &[u8]) {
        let Ok(record) = Record::decode(bytes) else { return };
        self.last_at = self.last_at.max(record.at);
        for number in
            [record.call.map(|call| call.number), record.leg.map(|leg| leg.number)].into_iter().flatten()
        {
            self.highest_number = self.highest_number.max(number);
        }
        match (record.call, &record.entry) {
            (Some(call), Entry::Decision(Decision::CallBegan { .. })) => {
                self.open.insert(call, bytes.to_vec());
            }
            (_, Entry::Call(call)) => {
                self.open.remove(&call.call);
                self.finals.push(bytes.to_vec());
            }
            _ => {}
        }
    }

    /// Final records for the calls that were in progress when the last run ended.
    pub(crate) fn closing_records(&self) -> Vec<Vec<u8>> {
        let mut closing = vec![];
        for (call, bytes) in &self.open {
            let Ok(Record { at, leg: Some(leg), entry: Entry::Decision(began), .. }) = Record::decode(bytes)
            else {
                continue;
            };
            let Decision::CallBegan { origin, calling, called, .. } = began else { continue };
            let legs: Vec<LegRecord<'_>> = vec![];
            let ended = Record {
                at: self.last_at,
                call: Some(*call),
                leg: None,
                entry: Entry::Decision(Decision::Ended {
                    cause: Cause::TEMPORARY_FAILURE,
                    by: ReleasedBy::System,
                    why: WhyEnded::ServerRestarted,
                }),
            };
            let mut bytes = vec![];
            ended.encode(&mut bytes);
            closing.push(bytes);
            let record = Record {
                at: self.last_at,
                call: Some(*call),
                leg: None,
                entry: Entry::Call(CallRecord {
                    call: *call,
                    origin,
                    calling_leg: leg,
                    calling,
                    called,
                    connected: PartyView::default(),
                    started_at: at,
                    alerted_at: None,
                    answered_at: None,
                    ended_at: self.last_at,
                    cause: Cause::TEMPORARY_FAILURE,
                    released_by: ReleasedBy::System,
                    legs,
                }),
            };
            let mut bytes = vec![];
            record.encode(&mut bytes);
            closing.push(bytes);
        }
        closing
    }
}

impl Journal {
    /// Opens the journal; a torn end is cut off.
    pub(crate) fn open(folder: &Path, limit_bytes: u64) -> io::Result<(Journal, Unfinished)> {
        let mut unfinished = Unfinished::default();
        let numbers = numbers_in(folder)?;
        let mut whole = 0;
        for number in &numbers {
            let bytes = fs::read(path_of(folder, *number))?;
            let mut rest = bytes.as_slice();
            while let Some((record, after)) = next_frame(rest) {
                unfinished.read(record);
                rest = after;
            }
            whole = (bytes.len() - rest.len()) as u64;
        }
        let number = numbers.last().copied().unwrap_or(1);
        let path = path_of(folder, number);
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        let journal = Journal { folder: folder.to_owned(), file, number, length: whole, limit_bytes };
        Ok((journal, unfinished))
    }

    /// Appends one record.
    pub(crate) fn append(&mut self, record: &[u8]) -> io::Result<()> {
        let mut bytes = vec![];
        frame(record, &mut bytes);
        self.append_frames(&bytes)
    }

    /// Appends frames. After an error the file is as it was before.
    pub(crate) fn append_frames(&mut self, frames: &[u8]) -> io::Result<()> {
        if self.length >= SEGMENT_BYTES {
            self.turn_over()?;
        }
        if let Err(error) = self.file.write_all(frames) {
            // What was written in part would be a torn frame in the middle of the file.
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += frames.len() as u64;
        Ok(())
    }

    /// Waits until everything is on the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn turn_over(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        let path = path_of(&self.folder, self.number + 1);
        self.file = OpenOptions::new().create_new(true).read(true).write(true).open(path)?;
        File::open(&self.folder)?.sync_all()?;
        self.number += 1;
        self.length = 0;
        self.retire()
    }

    /// Removes the oldest segments beyond the limit.
    fn retire(&self) -> io::Result<()> {
        let mut total = 0;
        for number in numbers_in(&self.folder)?.into_iter().rev() {
            let path = path_of(&self.folder, number);
            total += fs::metadata(&path)?.len();
            if total > self.limit_bytes && number != self.number {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Reads a journal that another process may be writing.
pub(crate) struct Segments {
    folder: PathBuf,
}

impl Segments {
    pub(crate) fn new(data: &Path) -> Self {
        Segments { folder: data.join("journal") }
    }

    /// Calls `each` with every record, oldest first.
    pub(crate) fn read(&self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        for number in numbers_in(&self.folder)? {
            let mut bytes = vec![];
            File::open(path_of(&self.folder, number))?.read_to_end(&mut bytes)?;
            let mut rest = bytes.as_slice();
            while let Some((record, after)) = next_frame(rest) {
                each(record);
                rest = after;
            }
        }
        Ok(())
    }

    /// The records of one call, oldest first.
    pub(crate) fn of_call(&self, call: CallId) -> io::Result<Vec<Vec<u8>>> {
        let mut found = vec![];
        self.read(|bytes| {
            if Record::decode(bytes).is_ok_and(|record| record.call == Some(call)) {
                found.push(bytes.to_vec());
            }
        })?;
        Ok(found)
    }
}

fn numbers_in(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = vec![];
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(".sj")).and_then(|stem| stem.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.sj"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_cut_at_any_byte_give_the_whole_ones_before_the_cut() {
        let mut bytes = vec![];
        let mut ends = vec![];
        for record in [&b"first"[..], b"", b"third record"] {
            frame(record, &mut bytes);
            ends.push(bytes.len());
        }
        for cut in 0..=bytes.len() {
            let mut rest = &bytes[..cut];
            let mut whole = 0;
            while let Some((_, after)) = next_frame(rest) {
                whole += 1;
                rest = after;
            }
            assert_eq!(whole, ends.iter().filter(|end| **end <= cut).count(), "cut at {cut}");
        }
    }

    #[test]
    fn a_torn_end_is_cut_off_and_writing_goes_on_after_what_is_whole() {
        let folder = std::env::temp_dir().join(format!("strowger-segment-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (mut journal, _) = Journal::open(&folder, 1 << 30).unwrap();
        journal.append(b"one").unwrap();
        journal.append(b"two").unwrap();
        let path = path_of(&folder, 1);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let (mut journal, _) = Journal::open(&folder, 1 << 30).unwrap();
        journal.append(b"three").unwrap();
        let bytes = fs::read(&path).unwrap();
        let (first, rest) = next_frame(&bytes).unwrap();
        let (second, rest) = next_frame(rest).unwrap();
        assert_eq!((first, second, rest), (&b"one"[..], &b"three"[..], &b""[..]));
        fs::remove_dir_all(&folder).unwrap();
    }
}
