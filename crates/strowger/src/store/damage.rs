//! What can still be read of a segment behind damage.
//!
//! A frame has no mark by which its beginning could be told from what stands in a record. Where the damage is in a record, the frame's length still says where the
//! next one begins. Elsewhere the next frame is searched for, and one counts only when the frame that it names as the one before of its call is there and is one
//! of that call, or is the damaged one: what somebody wrote into a message is never taken for a record.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use strowger_base::CallId;
use strowger_base::journal::{Head, VERSION};

use super::segment::{self, FRAME_HEAD, Frame, Position, SEGMENT_HEAD};

/// A segment as far as it can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Extracted {
    /// Where the last whole frame ends.
    pub(super) whole: u32,
    /// What before that is no frame.
    pub(super) gaps: Vec<Range<u32>>,
}

/// Calls `each` with the whole frames of a segment from `offset` on, those behind damage too.
pub(super) fn each_frame<'a>(
    folder: &Path,
    number: u32,
    bytes: &'a [u8],
    offset: u32,
    mut each: impl FnMut(u32, Frame<'a>),
) -> Extracted {
    let mut gaps = Vec::new();
    let mut whole = segment::each_frame(bytes, offset, &mut each);
    if whole < SEGMENT_HEAD {
        // It says itself that it is none.
        return Extracted { whole, gaps };
    }
    while let Some(next) = next_whole(folder, number, bytes, whole) {
        gaps.push(whole..next);
        whole = segment::each_frame(bytes, next, &mut each);
    }
    Extracted { whole, gaps }
}

/// Where the first whole frame behind the damage at `from` begins; `None` when there is none. `bytes` is the segment from its beginning.
pub(super) fn next_whole(folder: &Path, number: u32, bytes: &[u8], from: u32) -> Option<u32> {
    let of_length = length_at(bytes, from as usize)
        .map(|length| from as usize + FRAME_HEAD + length)
        .filter(|next| is_whole(bytes, *next));
    if let Some(next) = of_length {
        return u32::try_from(next).ok();
    }
    let mut left = SEARCH_BYTES;
    for place in from as usize + 1..bytes.len().saturating_sub(FRAME_HEAD) {
        // Nearly everywhere this says no, and no sum is made.
        let record = bytes.get(place + FRAME_HEAD..).unwrap_or_default();
        let [VERSION, flags, ..] = record else { continue };
        let Some(length) = length_at(bytes, place).filter(|length| *length <= record.len()) else { continue };
        if flags & HAS_CALL == 0 || length == 0 {
            continue;
        }
        left = left.checked_sub(length)?;
        let frame = bytes.get(place..).and_then(segment::first_frame);
        if frame.is_some_and(|frame| follows(folder, (number, from), bytes, place, &frame)) {
            return u32::try_from(place).ok();
        }
    }
    None
}

/// A frame is there whose record can be read.
fn is_whole(bytes: &[u8], place: usize) -> bool {
    let frame = bytes.get(place..).and_then(segment::first_frame);
    frame.is_some_and(|frame| Head::decode(frame.record).is_ok())
}

/// The frame before, of the same call, is where this one says; or it is the one that is damaged.
fn follows(folder: &Path, (number, from): (u32, u32), bytes: &[u8], place: usize, frame: &Frame<'_>) -> bool {
    let before = frame.previous;
    if before == Position::new(number, from) {
        return call_of(frame.record).is_some();
    }
    let Some(call) = call_of(frame.record).filter(|_| before != Position::NONE) else { return false };
    let found = if before.segment() == number {
        let is_before = (before.offset() as usize) < place;
        let frame = bytes.get(before.offset() as usize..).and_then(segment::first_frame);
        frame.filter(|_| is_before).and_then(|frame| call_of(frame.record))
    } else if before.segment() < number {
        let mut record = Vec::new();
        let file = File::open(segment::path_of(folder, before.segment())).ok();
        file.and_then(|file| segment::read_frame(&file, before.offset(), &mut record))
            .and_then(|_| call_of(&record))
    } else {
        None
    };
    found == Some(call)
}

fn call_of(record: &[u8]) -> Option<CallId> {
    Head::decode(record).ok()?.call
}

/// The length that a frame says it has.
fn length_at(bytes: &[u8], place: usize) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.get(place..)?.first_chunk::<4>()?) as usize;
    (length <= segment::RECORD_BYTES_MAX).then_some(length)
}

/// A record that names its call has this flag.
const HAS_CALL: u8 = 1;
/// So much is looked at in one search at most: damage that looks like many long frames takes no more time than this.
const SEARCH_BYTES: usize = 256 * 1024 * 1024;
