//! The journal: every input and every decision of a call, in compact binary records.
//!
//! A [`Record`] borrows what it tells of, on the way in as on the way out: [`Record::encode`] allocates nothing
//! beyond the growth of the buffer, [`Record::decode`] nothing but the list of legs of a [`CallRecord`]. The frame
//! on the disk (length and checksum) is the shell's.
//!
//! Layout: version, flags, time in microseconds (8 bytes, little-endian), call and leg when the flags say so, then
//! the entry. Numbers are LEB128 varints. A reader refuses what it does not know; a new kind of entry or a changed one takes a new code.

mod admission;
mod call_back;
mod codes;
mod decision;
mod entry;
mod feature;
mod head;
mod keys;
mod number;
mod paging;
mod path;
mod recording;
mod redirection;
mod resources;
mod streams;
mod user_set;
mod why;
mod wire;

pub use admission::{AarNumber, Admission, Codecs, PlaceView, Shortage, WhyNotRerouted};
pub use call_back::{CallBackNews, CallBackTo, WhyCallBackOver};
pub use codes::{AskedCode, AuthorizationView, CodesView, MatterView, WhyCodeRefused};
pub use decision::{Decision, Undisturbed};
pub use entry::{
    Alarm, CallRecord, Direction, Entry, LegOutcome, LegRecord, MediaPart, OriginView, PartyView, Quality,
    QualityCarried, QualityDetail, Registration, ReleasedBy, ReportedQuality, TargetView, Told,
};
pub use feature::{
    Feature, Intercom, Joined, Moved, Moves, Seat, TransferNews, WhyApart, WhyFeatureRefused,
    WhyTransferRefused,
};
pub use head::{EntryKind, Head};
pub use keys::{Keys, KeysOutcome, WhyNoKeys};
pub use number::{
    DestinationView, EmergencyFrom, Lookup, MobilityView, NormalisedBy, NotResolved, NumberRole, NumberType,
    PatternKind, WhyLookupEnded,
};
pub use paging::{Paging, WhyNotPaged};
pub use path::{AudioFlow, MediaPath, StreamEnd, Way};
pub use recording::{
    Copies, RecordingChange, RecordingNews, ToneFor, WhyNotRecorded, WhyRecorded, WhyRecordingEnded,
};
pub use redirection::{
    Forwarding, HuntCondition, Redirection, WayOut, WhyExhausted, WhyForwarded, WhyGroupLeft, WhyHunted,
    WhyNotRedirected, WhyPassedOver,
};
pub use resources::{MediaFunction, MediaNews, WhyUnicast};
pub use streams::{StreamMedia, StreamNews, WhyStreamRefused};
pub use user_set::{ForwardedTo, OnOff, SetBy, UserSet, UserValue};
pub use why::{
    KeyPlace, WhyEnded, WhyKeysStay, WhyNotAnnounced, WhyOfferRefused, WhyRefused, WhyRelay, WhyReleased,
};

use crate::{ByteArena, CallId, LegId, Span, WallTime};
use wire::{Block, Reader, Wire, put_varint};

/// One line of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// When it happened.
    pub at: WallTime,
    /// The call that it belongs to.
    pub call: Option<CallId>,
    /// The leg that it is about.
    pub leg: Option<LegId>,
    /// What happened.
    pub entry: Entry<'a>,
}

/// Why bytes are not a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// They end too early.
    Short,
    /// They go on after the record.
    Trailing,
    /// They were written by another version.
    Version(u8),
    /// A number is too large for what it stands for.
    Number,
    /// Text is not UTF-8.
    Text,
    /// A code is not known.
    Unknown {
        /// Of what.
        what: &'static str,
        /// Which.
        code: u8,
    },
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DecodeError::Short => f.write_str("the journal record ends too early"),
            DecodeError::Trailing => f.write_str("the journal record has bytes after its end"),
            DecodeError::Version(version) => {
                write!(f, "the journal record has version {version}, expected {VERSION}")
            }
            DecodeError::Number => f.write_str("a number in the journal record is too large"),
            DecodeError::Text => f.write_str("a text in the journal record is not UTF-8"),
            DecodeError::Unknown { what, code } => {
                write!(f, "the journal record has {what} {code}, which is not known")
            }
        }
    }
}

impl std::error::Error for DecodeError {}

impl<'a> Record<'a> {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_head(self.at, self.call, self.leg, out);
        self.entry.put(out);
    }

    /// Reads one record, which must fill `bytes`.
    ///
    /// # Errors
    /// When they are not exactly one record of this version. No bytes make it panic or allocate much.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let (at, call, leg) = take_head(&mut from)?;
        let entry = Entry::take(&mut from)?;
        if from.len() != 0 {
            return Err(DecodeError::Trailing);
        }
        Ok(Record { at, call, leg, entry })
    }
}

/// Appends the record of a message that lies in the same arena already, without a detour.
pub fn encode_message(
    arena: &mut ByteArena,
    at: WallTime,
    (call, leg): (Option<CallId>, Option<LegId>),
    direction: Direction,
    flow: crate::net::Flow,
    message: Span,
) -> Span {
    arena.append_with(|out| {
        put_head(at, call, leg, out);
        // As the derived writer of `Entry::Message` does; a test holds the two together.
        out.push(MESSAGE);
        direction.put(out);
        flow.put(out);
        let range = message.range();
        let range = range.start.min(out.len())..range.end.min(out.len());
        put_varint(range.len() as u64, out);
        out.extend_from_within(range);
    })
}

#[inline(always)]
fn put_head(at: WallTime, call: Option<CallId>, leg: Option<LegId>, out: &mut Vec<u8>) {
    let mut head = Block::<HEAD_BYTES>::new();
    head.byte(VERSION);
    head.byte(if call.is_some() { HAS_CALL } else { 0 } | if leg.is_some() { HAS_LEG } else { 0 });
    head.array(at.as_micros().to_le_bytes());
    if let Some(CallId { node, shard, number }) = call {
        put_id(node.0, shard.0, number, &mut head);
    }
    if let Some(LegId { node, shard, number }) = leg {
        put_id(node.0, shard.0, number, &mut head);
    }
    out.extend_from_slice(head.as_slice());
}

fn put_id(node: u16, shard: u16, number: u64, head: &mut Block<HEAD_BYTES>) {
    head.varint(u64::from(node));
    head.varint(u64::from(shard));
    head.varint(number);
}

fn take_head(from: &mut Reader<'_>) -> Result<(WallTime, Option<CallId>, Option<LegId>), DecodeError> {
    let version = from.byte()?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let flags = from.byte()?;
    if flags & !(HAS_CALL | HAS_LEG) != 0 {
        return Err(DecodeError::Unknown { what: "flags", code: flags });
    }
    let at = WallTime::take(from)?;
    let call = if flags & HAS_CALL != 0 { Some(CallId::take(from)?) } else { None };
    let leg = if flags & HAS_LEG != 0 { Some(LegId::take(from)?) } else { None };
    Ok((at, call, leg))
}

/// First byte of every record.
pub const VERSION: u8 = 4;
const HAS_CALL: u8 = 1;
const HAS_LEG: u8 = 2;
/// Version, flags, time, and two ids of at most 3 + 3 + 10 bytes.
const HEAD_BYTES: usize = 2 + 8 + 2 * 16;
/// Code of [`Entry::Message`].
const MESSAGE: u8 = 1;

#[cfg(test)]
mod tests;
