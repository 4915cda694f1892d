//! What a reader wants to know of a record before it reads the whole.

use super::wire::{Reader, wire_enum};
use super::{DecodeError, take_head, wire::Wire};
use crate::{CallId, LegId, WallTime};

/// The beginning of a record: enough to sort it, at a tenth of the cost of [`super::Record::decode`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// When it happened.
    pub at: WallTime,
    /// The call that it belongs to.
    pub call: Option<CallId>,
    /// The leg that it is about.
    pub leg: Option<LegId>,
    /// What it tells of.
    pub kind: EntryKind,
}

/// The kinds of [`super::Entry`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    /// [`super::Entry::Message`].
    Message,
    /// [`super::Entry::Told`].
    Told,
    /// [`super::Entry::Decision`].
    Decision,
    /// [`super::Entry::Registration`].
    Registration,
    /// [`super::Entry::Alarm`].
    Alarm,
    /// [`super::Entry::Call`].
    Call,
    /// [`super::Entry::Quality`].
    Quality,
    /// [`super::Entry::UserSet`].
    UserSet,
}

// The codes are those of `Entry`; a test holds the two together.
wire_enum!(EntryKind { Message = 1, Told = 2, Decision = 3, Registration = 4, Alarm = 5, Call = 6, Quality = 7, UserSet = 8 });

impl Head {
    /// Reads the beginning of a record; what follows is not looked at.
    ///
    /// # Errors
    /// When the bytes do not begin like a record of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let (at, call, leg) = take_head(&mut from)?;
        Ok(Head { at, call, leg, kind: EntryKind::take(&mut from)? })
    }
}
