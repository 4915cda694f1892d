//! The log of change-sets, as every engine must keep it.

pub mod contract;
mod memory;

use std::fmt;

use crate::{ChangeSet, Id, StateHash};

pub use memory::{Fault, MemoryLog};

/// An append-only log of change-sets. SQLite keeps it on a single node; an engine for several must pass the same
/// [`contract`].
pub trait Log {
    /// Where the log ends.
    ///
    /// # Errors
    /// The engine cannot be read.
    fn head(&self) -> Result<Head, FollowError>;

    /// Appends a change-set, durably, if the log still ends where its author saw the end: `change.sequence` must be one
    /// more than the head's. When this returns `Ok`, the change survives a power cut.
    ///
    /// A change-set that is in the log already is accepted again and changes nothing, so that who did not hear the answer
    /// may ask again.
    ///
    /// # Errors
    /// A change-set of the same id with other contents, or one that does not lead to the fingerprint that it names, fails.
    /// [`CommitError::Conflict`] and [`CommitError::Failed`] left the log as it was. After [`CommitError::Unknown`] the log
    /// has to be asked for `change.id` with [`Log::find`].
    fn commit(&mut self, change: &ChangeSet) -> Result<(), CommitError>;

    /// The change-sets after a sequence, in order and without gaps, at most `limit`.
    ///
    /// # Errors
    /// The engine cannot be read, or what it has is damaged.
    fn follow(&self, after: u64, limit: usize) -> Result<Vec<ChangeSet>, FollowError>;

    /// The sequence under which a change-set was accepted, if it was.
    ///
    /// # Errors
    /// The engine cannot be read.
    fn find(&self, id: Id) -> Result<Option<u64>, FollowError>;
}

/// The end of a log.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Head {
    /// The last sequence; 0 when nothing was ever changed.
    pub sequence: u64,
    /// The fingerprint of everything after it.
    pub state: StateHash,
}

/// Why a change-set was not appended, or may not have been.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else was faster.
    #[error("the configuration is at change {} now; plan again", head.sequence)]
    Conflict {
        /// Where the log ends now.
        head: Head,
    },
    /// It was not appended.
    #[error("the change was not accepted: {why}")]
    Failed {
        /// What the engine says.
        why: String,
    },
    /// It may have been appended or not: the engine failed after the point of no return, or went away.
    #[error("whether the change was accepted is not known: {why}")]
    Unknown {
        /// What the engine says.
        why: String,
    },
}

/// Why the log cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FollowError {
    /// The engine does not answer.
    #[error("the log of changes cannot be read: {why}")]
    Unavailable {
        /// What the engine says.
        why: String,
    },
    /// What it has is not what was written, and it cannot say which change-set that concerns.
    #[error("the log of changes is damaged: {why}")]
    Corrupt {
        /// What is wrong with it.
        why: String,
    },
    /// What it has is not what was written.
    #[error("change {sequence} in the log is damaged: {why}")]
    Damaged {
        /// Which change-set.
        sequence: u64,
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "change {} ({})", self.sequence, self.state)
    }
}

/// Whether a change-set may be appended behind this head: what every engine asks before it writes.
///
/// # Errors
/// The conflict, or why the change-set contradicts itself.
pub fn may_follow(head: Head, change: &ChangeSet) -> Result<(), CommitError> {
    if change.sequence != head.sequence + 1 {
        return Err(CommitError::Conflict { head });
    }
    if !change.leads_from(head.state) {
        let why = "its operations do not lead to the fingerprint that it names".to_owned();
        return Err(CommitError::Failed { why });
    }
    Ok(())
}

/// The answer to a change-set whose id is in the log already.
///
/// # Errors
/// Its contents are others.
pub fn repeated(there: &ChangeSet, change: &ChangeSet) -> Result<(), CommitError> {
    if there == change {
        return Ok(());
    }
    let why = format!("change {} has the same id and other contents", there.sequence);
    Err(CommitError::Failed { why })
}

/// Whether a change-set that was read continues the one before it.
///
/// # Errors
/// A gap, or operations that do not lead to the fingerprint.
pub fn continues(before: Head, change: &ChangeSet) -> Result<(), FollowError> {
    let damaged = |why: &str| Err(FollowError::Damaged { sequence: change.sequence, why: why.to_owned() });
    if change.sequence != before.sequence + 1 {
        return damaged("those before it are missing");
    }
    if !change.leads_from(before.state) {
        return damaged("its operations do not lead to the fingerprint that it names");
    }
    Ok(())
}
