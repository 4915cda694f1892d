//! The state in memory from the objects in the database.

use std::collections::BTreeMap;

use strowger_configuration::{Entry, FollowError, Head, Id, Kind, State};

use super::engine::{SqliteLog, unreadable};

/// Everything that is configured. Each object is what was written, and all together are what the log ends with.
///
/// # Errors
/// Something is not.
pub(super) fn state(log: &SqliteLog, head: Head) -> Result<State, FollowError> {
    let corrupt = |why: String| FollowError::Corrupt { why };
    let kinds: BTreeMap<&str, Kind> = Kind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    let mut query =
        log.connection()?.prepare("select kind, id, value, hash from object").map_err(unreadable)?;
    let mut rows = query.query([]).map_err(unreadable)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let text = |at: usize| {
            row.get_ref(at).map_err(unreadable)?.as_str().map_err(|error| corrupt(error.to_string()))
        };
        let (word, id, value) = (text(0)?, text(1)?, text(2)?);
        let hash: [u8; 32] = row.get(3).map_err(unreadable)?;
        let wrong = |why: &str| corrupt(format!("{word} {id} {why}"));
        let kind = kinds.get(word).ok_or_else(|| wrong("is of no kind that this program knows"))?;
        let id: Id = id.parse().map_err(|_| wrong("has no id"))?;
        let entry = Entry::read(*kind, id, value)
            .map_err(|problems| wrong(&problems.first().map_or_else(String::new, ToString::to_string)))?;
        if entry.hash().to_bytes() != hash {
            return Err(wrong("is not what was written"));
        }
        entries.push(entry);
    }
    let state = State::of(entries);
    if state.hash() != head.state {
        let why = format!("the objects are {}, but the log says {}", state.hash(), head.state);
        return Err(corrupt(why));
    }
    Ok(state)
}
