//! What retired segments had of calls that go on.
//!
//! A call may last longer than the journal is kept. Before a segment goes, its records of calls that are in progress, or that ended and are still to be followed, are
//! written into a file beside it, each with the place at which it stood: the chain of a call leads there as it led before. Messages are left out but the last of each leg, which
//! says where the device is. The file stays until the final records of its calls are retired themselves.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use strowger_base::journal::{Entry, EntryKind, Head, Record};
use strowger_base::{CallId, LegId};

use super::segment::{self, FRAME_HEAD, Position};

/// What one retired segment had, the first first.
#[derive(Default, Debug)]
pub(super) struct Carried {
    bytes: Vec<u8>,
    /// By offset, in the segment that was: whose it is, and where in `bytes`.
    frames: BTreeMap<u32, (CallId, usize)>,
}

impl Carried {
    /// What is there of a segment; nothing where nothing is.
    pub(super) fn read(folder: &Path, number: u32) -> Self {
        let mut carried =
            Carried { bytes: fs::read(path_of(folder, number)).unwrap_or_default(), ..Carried::default() };
        let Carried { bytes, frames } = &mut carried;
        if !bytes.starts_with(&MAGIC) {
            return Carried::default();
        }
        let mut at = MAGIC.len();
        while let Some((offset, rest)) = bytes.get(at..).and_then(<[u8]>::split_first_chunk::<4>)
            && let Some(frame) = segment::first_frame(rest)
            && let Some(call) = Head::decode(frame.record).ok().and_then(|head| head.call)
        {
            frames.insert(u32::from_le_bytes(*offset), (call, at + 4));
            at += 4 + frame.length;
        }
        carried
    }

    /// The record that stood there, or of its call the last one before it; and where the one before that is.
    pub(super) fn frame(&self, offset: u32, call: Option<CallId>) -> Option<(Position, Vec<u8>)> {
        let its = match call {
            None => self.frames.get(&offset)?,
            Some(call) => self.frames.range(..=offset).rev().find(|(_, (its, _))| *its == call)?.1,
        };
        let frame = segment::first_frame(self.bytes.get(its.1..)?)?;
        Some((frame.previous, frame.record.to_vec()))
    }

    fn calls(&self) -> BTreeSet<CallId> {
        self.frames.values().map(|(call, _)| *call).collect()
    }
}

/// Writes what a segment has of these calls beside it.
pub(super) fn carry(folder: &Path, number: u32, goes_on: impl Fn(CallId) -> bool) -> io::Result<()> {
    let bytes = fs::read(segment::path_of(folder, number))?;
    let mut calls: BTreeMap<CallId, Vec<(u32, EntryKind, Option<LegId>)>> = BTreeMap::new();
    super::damage::each_frame(folder, number, &bytes, 0, |offset, frame| {
        if let Ok(Head { call: Some(call), leg, kind, .. }) = Head::decode(frame.record)
            && goes_on(call)
        {
            calls.entry(call).or_default().push((offset, kind, leg));
        }
    });
    if calls.is_empty() {
        return Ok(());
    }
    let mut frames = BTreeMap::new();
    for records in calls.into_values() {
        let mut heard = BTreeSet::new();
        // The chain leads to the last one from outside.
        let last = records.last().map(|(offset, ..)| *offset);
        let kept = records.iter().rev().filter(|(offset, kind, leg)| {
            *kind != EntryKind::Message || heard.insert(*leg) || Some(*offset) == last
        });
        let mut kept: Vec<u32> = kept.map(|(offset, ..)| *offset).collect();
        kept.reverse();
        let mut before = None;
        // Whatever was before the first one is in an older segment.
        let mut first = records.first().map(|(offset, ..)| *offset);
        for offset in kept {
            let frame = |offset: u32| bytes.get(offset as usize..).and_then(segment::first_frame);
            let older = first.take().and_then(frame).map(|frame| frame.previous);
            let previous = before.or(older).unwrap_or(Position::NONE);
            if let Some(frame) = frame(offset) {
                frames.insert(offset, (previous, shortened(frame.record)));
                before = Some(Position::new(number, offset));
            }
        }
    }
    let mut file = MAGIC.to_vec();
    for (offset, (previous, record)) in frames {
        file.reserve(4 + FRAME_HEAD + record.len());
        file.extend_from_slice(&offset.to_le_bytes());
        segment::put_frame(previous, &record, &mut file);
    }
    let path = path_of(folder, number);
    let draft = path.with_extension("new");
    fs::write(&draft, file)?;
    File::open(&draft)?.sync_all()?;
    fs::rename(&draft, &path)?;
    File::open(folder)?.sync_all()
}

/// A record without the end of a long message.
fn shortened(bytes: &[u8]) -> Cow<'_, [u8]> {
    if let Ok(mut record) = Record::decode(bytes)
        && let Entry::Message { bytes: message, .. } = &mut record.entry
        && let Some(begin) = message.get(..MESSAGE_BYTES_MAX)
    {
        *message = begin;
        let mut short = Vec::new();
        record.encode(&mut short);
        return short.into();
    }
    bytes.into()
}

/// The files of a folder, and until when each is of use.
#[derive(Default, Debug)]
pub(super) struct Files {
    /// By segment: when the calls were over that it is about, the segment that was written then.
    over: BTreeMap<u32, u32>,
}

impl Files {
    /// Removes those whose calls are over and retired themselves; and the oldest ones where all together are larger than that. Returns how many went before their time.
    pub(super) fn retire(
        &mut self,
        folder: &Path,
        bytes_max: u64,
        written: u32,
        goes_on: impl Fn(CallId) -> bool,
    ) -> io::Result<u64> {
        let oldest = segment::segments_in(folder)?.first().copied().unwrap_or(written);
        let (mut total, mut early) = (0, 0);
        for number in files_in(folder)?.into_iter().rev() {
            let path = path_of(folder, number);
            total += fs::metadata(&path)?.len();
            let is_over = !Carried::read(folder, number).calls().into_iter().any(&goes_on);
            let is_retired = is_over && *self.over.entry(number).or_insert(written) < oldest;
            if is_retired || total > bytes_max {
                fs::remove_file(path)?;
                self.over.remove(&number);
                early += u64::from(!is_retired);
            }
        }
        Ok(early)
    }
}

/// Segments of which there are such files, oldest first.
pub(super) fn files_in(folder: &Path) -> io::Result<Vec<u32>> {
    let mut segments = vec![];
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".open")?.parse::<u32>().ok());
        segments.extend(number);
    }
    segments.sort_unstable();
    Ok(segments)
}

pub(super) fn path_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:06}.open"))
}

/// So much of a message is kept: its headers.
const MESSAGE_BYTES_MAX: usize = 2_048;
/// First bytes of a file: a name and the version of the format.
const MAGIC: [u8; 8] = *b"SOPEN\0\0\x01";
