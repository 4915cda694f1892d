//! Reads a journal that another process may be writing: the records of one call, and no others.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use strowger_base::CallId;
use strowger_base::journal::{Head, Record};

use super::damage;
use super::index::Index;
use super::segment::{self, Position};
use super::{final_of, recovery};

/// The journal of a data folder.
pub(crate) struct Segments {
    folder: PathBuf,
    index: PathBuf,
}

impl Segments {
    pub(crate) fn new(data: &Path) -> Self {
        Segments { folder: data.join("journal"), index: data.join("strowger.db") }
    }

    /// The records of one call, oldest first; none when it is not known.
    pub(crate) fn of_call(&self, call: CallId) -> io::Result<Vec<Vec<u8>>> {
        let index = Index::read(&self.index).map_err(io::Error::other)?;
        if let Some(last) = index.position(call).map_err(io::Error::other)? {
            let mut records = recovery::chain(&self.folder, last);
            self.stragglers(call, last, &mut records)?;
            return Ok(records);
        }
        self.in_progress(call, &index)
    }

    /// A call without a row: its latest frame is after the checkpoint, or it was open there.
    fn in_progress(&self, call: CallId, index: &Index) -> io::Result<Vec<Vec<u8>>> {
        let checkpoint = index.checkpoint().map_err(io::Error::other)?;
        let mut last = checkpoint.open.iter().find(|(open, _)| *open == call).map(|(_, position)| *position);
        for number in segment::segments_in(&self.folder)? {
            if number < checkpoint.position.segment() {
                continue;
            }
            let bytes = fs::read(segment::path_of(&self.folder, number))?;
            let from = if number == checkpoint.position.segment() { checkpoint.position.offset() } else { 0 };
            damage::each_frame(&self.folder, number, &bytes, from, |offset, frame| {
                if Head::decode(frame.record).is_ok_and(|head| head.call == Some(call)) {
                    last = Some(Position::new(number, offset));
                }
            });
        }
        Ok(last.map(|last| recovery::chain(&self.folder, last)).unwrap_or_default())
    }

    /// What came after the final record: the end of the last transactions, and what the media side counted.
    fn stragglers(&self, call: CallId, last: Position, records: &mut Vec<Vec<u8>>) -> io::Result<()> {
        let Ok(bytes) = fs::read(segment::path_of(&self.folder, last.segment())) else { return Ok(()) };
        let end = bytes.len().min(last.offset() as usize + STRAGGLERS_WITHIN);
        let Some(final_record) = records.last().and_then(|record| final_of(record)) else { return Ok(()) };
        let mut legs: Vec<_> = final_record.legs.iter().map(|leg| leg.leg).collect();
        legs.push(final_record.calling_leg);
        let mut late = vec![];
        segment::each_frame(bytes.get(..end).unwrap_or_default(), last.offset(), |offset, frame| {
            let Ok(head) = Head::decode(frame.record) else { return };
            let ours = head.call == Some(call)
                || head.call.is_none() && head.leg.is_some_and(|leg| legs.contains(&leg));
            if ours && offset != last.offset() {
                late.push(frame.record.to_vec());
            }
        });
        // A repeated final record tells nothing new.
        late.retain(|record| Record::decode(record).is_ok_and(|_| final_of(record).is_none()));
        records.append(&mut late);
        Ok(())
    }
}

/// How far behind the final record the last messages are looked for. On a busy server that is some hundred calls.
const STRAGGLERS_WITHIN: usize = 4 * 1024 * 1024;
