//! What the configuration was, and how to get back there.

use std::fmt;

use rusqlite::{OptionalExtension, params};
use strowger_base::WallTime;
use strowger_configuration::reader::Names;
use strowger_configuration::{
    ChangeSet, Difference, FollowError, Id, Kind, Log, Operation, Purpose, State, access,
};

use super::engine::{SqliteLog, unreadable};
use super::entry::{self, Summary};

/// Why something of the past cannot be shown or brought back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum HistoryError {
    /// There is no such change.
    NoSuchChange { sequence: u64, last: u64 },
    /// It changed nothing.
    NothingToTakeBack { sequence: u64 },
    /// Another change took it back already.
    TakenBack { sequence: u64, by: u64 },
    /// Later changes stand on it.
    ChangedSince(Vec<ChangedSince>),
    /// The log cannot be read.
    Log(FollowError),
    /// What it says is no state that this program can hold.
    NoState { sequence: u64, why: String },
}

/// What somebody else did to an object meanwhile.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Touched {
    pub(crate) difference: Difference,
    /// The last change that touched the object.
    pub(crate) by: u64,
    pub(crate) author: Box<str>,
}

/// An object that a change left otherwise than it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ChangedSince {
    pub(crate) kind: Kind,
    pub(crate) object: Id,
    /// What it is called now, or was before it went.
    pub(crate) key: String,
    /// The last change that touched it.
    pub(crate) by: u64,
    pub(crate) author: Box<str>,
}

/// A value that an object has or had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FormerValue {
    /// When it got it.
    pub(crate) since: WallTime,
    /// `None` when it went.
    pub(crate) value: Option<Box<str>>,
}

/// The past, as the log has it.
pub(super) struct History<'l> {
    pub(super) log: &'l SqliteLog,
    /// Everything at the end of the log.
    pub(super) state: &'l State,
    /// The end of the log.
    pub(super) last: u64,
}

impl History<'_> {
    /// The changes up to one, the newest first.
    pub(super) fn list(&self, up_to: u64, limit: usize) -> Result<Vec<Summary>, FollowError> {
        entry::read_before(self.log.connection()?, up_to, limit)
    }

    /// One change.
    pub(super) fn change(&self, sequence: u64) -> Result<ChangeSet, HistoryError> {
        let before = sequence.checked_sub(1);
        let found =
            before.map(|before| self.log.follow(before, 1)).transpose()?.and_then(|mut found| found.pop());
        found.ok_or(HistoryError::NoSuchChange { sequence, last: self.last })
    }

    /// Everything as it was after a change; 0 is the beginning.
    pub(super) fn state_at(&self, sequence: u64) -> Result<State, HistoryError> {
        let operations = self.return_to(sequence)?;
        self.state.changed(&operations).map_err(|refused| {
            let why = refused.first().map_or_else(String::new, ToString::to_string);
            HistoryError::NoState { sequence, why }
        })
    }

    /// What brings back everything as it was after a change.
    pub(super) fn return_to(&self, sequence: u64) -> Result<Vec<Operation>, HistoryError> {
        if sequence > self.last {
            return Err(HistoryError::NoSuchChange { sequence, last: self.last });
        }
        self.between(self.state, self.last, sequence)
    }

    /// What leads from the state after one change, which is `before`, to that after another.
    pub(super) fn between(&self, before: &State, from: u64, to: u64) -> Result<Vec<Operation>, HistoryError> {
        let mut operations = Vec::new();
        for (kind, object) in self.touched_since(from.min(to))? {
            let then = before.entry(object).map(|entry| entry.hash());
            let operation = Operation { kind, object, before: then, after: self.value_at(object, to)? };
            if operation.hash_after() != then {
                operations.push(operation);
            }
        }
        Ok(operations)
    }

    /// What takes one change back and leaves those after it.
    pub(super) fn undo(&self, sequence: u64) -> Result<Vec<Operation>, HistoryError> {
        let change = self.change(sequence)?;
        if change.operations.is_empty() {
            return Err(HistoryError::NothingToTakeBack { sequence });
        }
        let mut operations = Vec::new();
        let mut changed = Vec::new();
        for operation in &change.operations {
            let Operation { kind, object, .. } = *operation;
            let now = self.state.entry(object).map(|entry| entry.hash());
            if now == operation.hash_after() {
                let after = self.value_at(object, sequence - 1)?;
                operations.push(Operation { kind, object, before: now, after });
            } else {
                let (by, author) = self.last_touched(object, self.last)?;
                let key = match (now, self.value_at(object, sequence)?) {
                    (Some(_), _) | (None, None) => self.state.name(kind, object),
                    (None, Some(gone)) => self.state.called_after(kind, object, &gone),
                };
                changed.push(ChangedSince { kind, object, key, by, author });
            }
        }
        let Some(ChangedSince { by, .. }) = changed.first() else { return Ok(operations) };
        let by = *by;
        if self.change(by)?.purpose == (Purpose::Reversal { of: sequence }) {
            return Err(HistoryError::TakenBack { sequence, by });
        }
        Err(HistoryError::ChangedSince(changed))
    }

    /// What takes a change back that was on trial until now. Who is let in by now is not touched: a token that was revoked beside the
    /// trial does not come back, and neither does a password that was changed.
    pub(super) fn take_back(&self, sequence: u64) -> Result<Vec<Operation>, HistoryError> {
        let mut operations = Vec::new();
        for operation in self.change(sequence)?.operations {
            let Operation { kind, object, .. } = operation;
            let tried = operation.after.as_deref();
            let now = self.state.entry(object);
            let before = now.map(|entry| entry.hash());
            let then = self.value_at(object, sequence - 1)?;
            let after = match (now, then) {
                // Somebody else has taken the name meanwhile.
                (None, Some(then)) if access::is_taken(self.state, kind, &then) => continue,
                (_, then) if before == operation.hash_after() => then,
                (Some(now), Some(then)) => match access::kept(now, &then, tried) {
                    Some(kept) => Some(kept),
                    None => continue,
                },
                // What came with it goes with it.
                (Some(_), None) => None,
                (None, _) => continue,
            };
            let reversal = Operation { kind, object, before, after };
            if reversal.hash_after() != before {
                operations.push(reversal);
            }
        }
        Ok(operations)
    }

    /// The value of an object after a change.
    pub(super) fn value_at(&self, object: Id, sequence: u64) -> Result<Option<Box<str>>, FollowError> {
        let query = "select after from operation where object = ?1 and sequence <= ?2 \
                     order by sequence desc limit 1";
        let connection = self.log.connection()?;
        let mut query = connection.prepare_cached(query).map_err(unreadable)?;
        let key = params![object.to_string(), sequence.cast_signed()];
        let found: Option<Option<Box<str>>> =
            query.query_row(key, |row| row.get(0)).optional().map_err(unreadable)?;
        Ok(found.flatten())
    }

    /// The values that an object had, the newest first, each with when it got it; at most so many.
    pub(super) fn values_of(&self, object: Id, limit: usize) -> Result<Vec<FormerValue>, FollowError> {
        let query = "select at_us, after from operation join changeset using (sequence) where object = ?1 \
                     order by sequence desc limit ?2";
        let mut query = self.log.connection()?.prepare_cached(query).map_err(unreadable)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &rusqlite::Row<'_>| {
            let since = WallTime::from_micros(row.get::<_, i64>(0)?.cast_unsigned());
            Ok(FormerValue { since, value: row.get(1)? })
        };
        let found = query.query_map(params![object.to_string(), limit], read).map_err(unreadable)?;
        found.collect::<Result<_, _>>().map_err(unreadable)
    }

    fn touched_since(&self, sequence: u64) -> Result<Vec<(Kind, Id)>, HistoryError> {
        let connection = self.log.connection()?;
        let query = "select distinct kind, object from operation where sequence > ?1";
        let mut query = connection.prepare_cached(query).map_err(unreadable)?;
        let mut rows = query.query([sequence.cast_signed()]).map_err(unreadable)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(unreadable)? {
            let (kind, object): (String, String) =
                row.get(0).and_then(|kind| Ok((kind, row.get(1)?))).map_err(unreadable)?;
            let (Ok(kind), Ok(object)) = (kind.parse(), object.parse()) else {
                let why = format!("{kind} {object} is no object");
                return Err(FollowError::Corrupt { why }.into());
            };
            found.push((kind, object));
        }
        Ok(found)
    }

    /// The last change up to one that touched an object, and who made it.
    pub(super) fn last_touched(&self, object: Id, up_to: u64) -> Result<(u64, Box<str>), FollowError> {
        let query = "select sequence, author from operation join changeset using (sequence) \
                     where object = ?1 and sequence <= ?2 order by sequence desc limit 1";
        let mut query = self.log.connection()?.prepare_cached(query).map_err(unreadable)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?));
        query.query_row(params![object.to_string(), up_to.cast_signed()], read).map_err(unreadable)
    }
}

impl From<FollowError> for HistoryError {
    fn from(error: FollowError) -> Self {
        HistoryError::Log(error)
    }
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HistoryError::NoSuchChange { sequence, last } => {
                write!(f, "there is no change {sequence}; the last one is {last}")
            }
            HistoryError::NothingToTakeBack { sequence } => write!(f, "change {sequence} changed nothing"),
            HistoryError::TakenBack { sequence, by } => write!(
                f,
                "change {sequence} was taken back by change {by} already; to have it again, take back change {by}"
            ),
            HistoryError::ChangedSince(changed) => {
                f.write_str("later changes stand on it: ")?;
                for (at, object) in changed.iter().take(SHOWN).enumerate() {
                    let ChangedSince { kind, key, by, author, .. } = object;
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{} {key:?} by change {by} of {author}", kind.title())?;
                }
                if changed.len() > SHOWN {
                    write!(f, " and {} more", changed.len() - SHOWN)?;
                }
                f.write_str("; take those back first, or return to what was before")
            }
            HistoryError::Log(error) => error.fmt(f),
            HistoryError::NoState { sequence, why } => {
                write!(f, "what was after change {sequence} cannot be brought back: {why}")
            }
        }
    }
}

impl std::error::Error for HistoryError {}

const SHOWN: usize = 5;
