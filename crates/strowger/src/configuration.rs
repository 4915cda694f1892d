//! The configuration of this server: its state in memory, its log on the disk.
//!
//! The log is the truth. A change is checked as a whole, becomes durable, and then becomes what everybody sees.

mod check;
mod engine;
mod entry;
mod head_file;
mod history;
mod layout;
mod load;
pub(crate) mod measure;
mod names;
mod progress;
mod rows;

use std::fmt;
use std::path::{Path, PathBuf};

use strowger_base::WallTime;
use strowger_configuration::{
    ChangeSet, CommitError, Difference, FollowError, Head, Id, Log, Operation, Purpose, Refusal, SCHEMA,
    State, access,
};

pub(crate) use check::Checked;
pub(crate) use entry::Summary;
pub(crate) use history::{FormerValue, HistoryError, Touched};
pub(crate) use progress::{Phase, Progress};

use engine::SqliteLog;
use history::History;

/// The configuration of a data folder.
pub(crate) struct ConfigurationStore {
    log: SqliteLog,
    state: State,
    head: Head,
    trial: Option<Trial>,
    /// The outcome of a commit is not known: the log has to be looked at before anything else is done.
    behind: bool,
}

/// A change that is taken back unless somebody confirms it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Trial {
    pub(crate) sequence: u64,
    /// The last moment for that.
    pub(crate) until: WallTime,
}

/// A change that somebody wants.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Chosen by who wants it: asking again with the same id changes nothing twice.
    pub(crate) id: Id,
    /// The last change that its author saw.
    pub(crate) base: u64,
    pub(crate) author: Box<str>,
    pub(crate) message: Box<str>,
    pub(crate) purpose: Purpose,
    pub(crate) operations: Vec<Operation>,
}

/// Why a change was not accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ChangeError {
    /// Somebody else was faster: plan again.
    Conflict { head: Head },
    /// It is wrong.
    Refused(Vec<Refusal>),
    /// Another change waits for its confirmation.
    OnTrial(Trial),
    /// What it confirms or takes back waits for nothing.
    NoTrial { sequence: u64 },
    /// A change with its id was made that did something else, or was planned from something else.
    OtherContents { sequence: u64 },
    /// It changes nothing.
    Empty,
    /// The disk refused, or did not say what became of it.
    Log(CommitError),
}

/// What the history says of a trial that was taken back by itself.
pub(crate) const LAPSED: &str = "nobody confirmed it in time";

/// Why the configuration cannot be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OpenError {
    folder: PathBuf,
    why: FollowError,
}

/// What was found when the configuration was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Opened {
    /// A change that waited for its confirmation when the last run ended, and was taken back now.
    pub(crate) reverted: Option<u64>,
}

impl ConfigurationStore {
    /// Opens the configuration of a data folder, or makes an empty one, and takes back what nobody confirmed. The caller
    /// holds the lock of the folder.
    ///
    /// # Errors
    /// It cannot be opened, or is damaged.
    pub(crate) fn open(folder: &Path, at: WallTime, id: Id) -> Result<(Self, Opened), OpenError> {
        let wrong = |why| OpenError { folder: folder.to_owned(), why };
        let log = SqliteLog::open(folder).map_err(wrong)?;
        let head = log.head().map_err(wrong)?;
        let state = load::state(&log, head).map_err(wrong)?;
        let mut store = ConfigurationStore { log, state, head, trial: None, behind: false };
        store.look_for_trial().map_err(wrong)?;
        let reverted = store.trial.map(|trial| trial.sequence);
        if reverted.is_some() {
            // Whoever wanted to confirm it does not know the server that has just come up; and it may be why it went down.
            let why = "nobody had confirmed it when the server ended";
            store.revert(id, at, why).map_err(|error| {
                wrong(FollowError::Unavailable {
                    why: format!("a change on trial cannot be taken back: {error}"),
                })
            })?;
        }
        Ok((store, Opened { reverted }))
    }

    /// Makes a change: checked as a whole, durable, and then in [`ConfigurationStore::state`].
    ///
    /// # Errors
    /// Nothing was changed; after [`CommitError::Unknown`] asking again with the same id tells.
    pub(crate) fn commit(&mut self, change: Change, at: WallTime) -> Result<Head, ChangeError> {
        self.catch_up().map_err(unknown)?;
        if let Some(sequence) = self.log.find(change.id).map_err(unknown)? {
            return self.repeated(sequence, &change);
        }
        if change.base != self.head.sequence {
            return Err(ChangeError::Conflict { head: self.head });
        }
        let purpose = self.purpose(&change);
        self.allowed(&change, purpose)?;
        let state = self.state.changed(&change.operations).map_err(ChangeError::Refused)?;
        if let Purpose::Beside { of } = purpose {
            // Whatever comes, the trial can be taken back.
            self.taken_back(of, &state).map_err(|error| match (error, self.trial) {
                (HistoryError::NoState { .. }, Some(trial)) => ChangeError::OnTrial(trial),
                (error, _) => ChangeError::Log(CommitError::Failed { why: error.to_string() }),
            })?;
        }
        let change = ChangeSet {
            id: change.id,
            sequence: self.head.sequence + 1,
            author: change.author,
            at,
            message: change.message,
            purpose,
            schema: SCHEMA,
            operations: change.operations,
            state: state.hash(),
        };
        match self.log.commit(&change) {
            Ok(()) => {}
            Err(CommitError::Conflict { head }) => {
                self.behind = true;
                return Err(ChangeError::Conflict { head });
            }
            Err(error @ CommitError::Failed { .. }) => return Err(ChangeError::Log(error)),
            Err(error @ CommitError::Unknown { .. }) => {
                self.behind = true;
                // Most often the log knows at once.
                match self.log.find(change.id) {
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        return Err(ChangeError::Log(CommitError::Failed { why: error.to_string() }));
                    }
                    Err(_) => return Err(ChangeError::Log(error)),
                }
            }
        }
        self.behind = false;
        self.adopt(state, &change);
        Ok(self.head)
    }

    /// The change with an id, if it is in the log.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn find(&mut self, id: Id) -> Result<Option<u64>, FollowError> {
        self.catch_up()?;
        self.log.find(id)
    }

    /// Confirms the change on trial.
    ///
    /// # Errors
    /// None is, or another one.
    pub(crate) fn confirm(
        &mut self,
        sequence: u64,
        id: Id,
        author: &str,
        at: WallTime,
    ) -> Result<Head, ChangeError> {
        let change = Change {
            id,
            base: self.head.sequence,
            author: author.into(),
            message: "".into(),
            purpose: Purpose::Confirmation { of: sequence },
            operations: Vec::new(),
        };
        self.commit(change, at)
    }

    /// Takes the change on trial back when its time has come.
    ///
    /// # Errors
    /// The disk refused; it is tried again the next time.
    pub(crate) fn lapse(&mut self, id: Id, at: WallTime) -> Result<Option<u64>, ChangeError> {
        match self.trial {
            Some(trial) if trial.until <= at => {
                self.revert(id, at, LAPSED)?;
                Ok(Some(trial.sequence))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Lets the next change go wrong.
    #[cfg(test)]
    pub(crate) const fn fail_next(&mut self, fault: strowger_configuration::log::Fault) {
        self.log.fault = Some(fault);
    }

    /// Reads everything that is on the disk and checks it.
    #[cfg(test)]
    pub(crate) fn check(&self) -> Result<Checked, FollowError> {
        self.log.check()
    }

    /// How far a change is that is being made.
    pub(crate) fn progress(&self) -> Progress {
        self.log.progress.clone()
    }

    /// Everything that is configured.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// The last change.
    pub(crate) const fn head(&self) -> Head {
        self.head
    }

    /// The change that waits for its confirmation.
    pub(crate) const fn trial(&self) -> Option<Trial> {
        self.trial
    }

    /// The changes up to one, the newest first.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn history(&self, up_to: u64, limit: usize) -> Result<Vec<Summary>, HistoryError> {
        Ok(self.past().list(up_to, limit)?)
    }

    /// One change.
    ///
    /// # Errors
    /// There is none, or the log cannot be read.
    pub(crate) fn change(&self, sequence: u64) -> Result<ChangeSet, HistoryError> {
        self.past().change(sequence)
    }

    /// Everything as it was after a change; 0 is the beginning.
    ///
    /// # Errors
    /// There is no such change, or the log cannot be read.
    pub(crate) fn state_at(&self, sequence: u64) -> Result<State, HistoryError> {
        self.past().state_at(sequence)
    }

    /// What has to be done to get from what was after one change to what was after another.
    ///
    /// # Errors
    /// There is no such change, or the log cannot be read.
    pub(crate) fn differences(&self, from: u64, to: u64) -> Result<Vec<Difference>, HistoryError> {
        let past = self.past();
        let (before, after) = (past.state_at(from)?, past.state_at(to)?);
        Ok(before.differences(&past.between(&before, from, to)?, &after))
    }

    /// The same with who did it last.
    ///
    /// # Errors
    /// There is no such change, or the log cannot be read.
    pub(crate) fn touched(&self, from: u64, to: u64) -> Result<Vec<Touched>, HistoryError> {
        let past = self.past();
        let found = self.differences(from, to)?.into_iter().map(|difference| {
            let (by, author) = past.last_touched(difference.object, to)?;
            Ok(Touched { difference, by, author })
        });
        found.collect()
    }

    /// What takes one change back and leaves those after it.
    ///
    /// # Errors
    /// Later changes stand on it; there is no such change; the log cannot be read.
    pub(crate) fn undo(&self, sequence: u64) -> Result<Vec<Operation>, HistoryError> {
        match self.trial {
            Some(trial) if trial.sequence == sequence => self.past().take_back(sequence),
            Some(_) | None => self.past().undo(sequence),
        }
    }

    /// What brings back everything as it was after a change; 0 is the beginning.
    ///
    /// # Errors
    /// There is no such change, or the log cannot be read.
    pub(crate) fn return_to(&self, sequence: u64) -> Result<Vec<Operation>, HistoryError> {
        self.past().return_to(sequence)
    }

    /// The values that an object had, the newest first; at most so many.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn values_of(&self, object: Id, limit: usize) -> Result<Vec<FormerValue>, HistoryError> {
        Ok(self.past().values_of(object, limit)?)
    }

    const fn past(&self) -> History<'_> {
        History { log: &self.log, state: &self.state, last: self.head.sequence }
    }

    /// The state without the change on trial, when another one was made beside it that leads to `state`.
    ///
    /// # Errors
    /// The log cannot be read, or there is no such state.
    pub(crate) fn without_trial(&self, state: &State) -> Result<Option<State>, HistoryError> {
        self.trial.map(|trial| self.taken_back(trial.sequence, state)).transpose()
    }

    fn taken_back(&self, trial: u64, state: &State) -> Result<State, HistoryError> {
        let past = History { log: &self.log, state, last: self.head.sequence };
        state.changed(&past.take_back(trial)?).map_err(|refused| {
            let why = refused.first().map_or_else(String::new, ToString::to_string);
            HistoryError::NoState { sequence: trial, why }
        })
    }

    /// A lasting change that only says who is let in is made beside a trial.
    fn purpose(&self, change: &Change) -> Purpose {
        match (change.purpose, self.trial) {
            (Purpose::Lasting, Some(trial)) if access::is_all(&self.state, &change.operations) => {
                Purpose::Beside { of: trial.sequence }
            }
            (purpose, _) => purpose,
        }
    }

    fn revert(&mut self, id: Id, at: WallTime, why: &str) -> Result<(), ChangeError> {
        let Some(Trial { sequence, .. }) = self.trial else { return Ok(()) };
        let failed = |why: String| ChangeError::Log(CommitError::Failed { why });
        let change = Change {
            id,
            base: self.head.sequence,
            author: "strowger".into(),
            message: why.into(),
            purpose: Purpose::Reversal { of: sequence },
            operations: self.undo(sequence).map_err(|error| failed(error.to_string()))?,
        };
        self.commit(change, at).map(drop)
    }

    /// Whether a change may be made now.
    fn allowed(&self, change: &Change, purpose: Purpose) -> Result<(), ChangeError> {
        let ends = |trial: &Trial| purpose.ends_trial(trial.sequence);
        if let (Some(trial), false) = (self.trial, matches!(purpose, Purpose::Beside { .. }))
            && !ends(&trial)
        {
            return Err(ChangeError::OnTrial(trial));
        }
        match purpose {
            Purpose::Confirmation { of } if self.trial.is_none() => {
                Err(ChangeError::NoTrial { sequence: of })
            }
            Purpose::Confirmation { .. } => {
                // A confirmation is no way to change something.
                if change.operations.is_empty() { Ok(()) } else { Err(ChangeError::Empty) }
            }
            // All that it did may have been changed beside it, and stays.
            Purpose::Reversal { .. } if self.trial.as_ref().is_some_and(ends) => Ok(()),
            Purpose::Lasting
            | Purpose::Trial { .. }
            | Purpose::Beside { .. }
            | Purpose::Reversal { .. }
            | Purpose::Return { .. } => match change.operations.is_empty() {
                true => Err(ChangeError::Empty),
                false => Ok(()),
            },
        }
    }

    /// The answer to a change that is in the log already.
    fn repeated(&self, sequence: u64, change: &Change) -> Result<Head, ChangeError> {
        let there = self
            .past()
            .change(sequence)
            .map_err(|error| ChangeError::Log(CommitError::Failed { why: error.to_string() }))?;
        let is_same = match there.purpose {
            Purpose::Beside { .. } => change.purpose == Purpose::Lasting,
            purpose => purpose == change.purpose,
        };
        if there.operations == change.operations && is_same {
            return Ok(Head { sequence, state: there.state });
        }
        Err(ChangeError::OtherContents { sequence })
    }

    fn adopt(&mut self, state: State, change: &ChangeSet) {
        self.state = state;
        self.head = Head { sequence: change.sequence, state: change.state };
        self.trial = match change.purpose {
            Purpose::Trial { until } => Some(Trial { sequence: change.sequence, until }),
            Purpose::Beside { .. } => self.trial,
            Purpose::Lasting
            | Purpose::Confirmation { .. }
            | Purpose::Reversal { .. }
            | Purpose::Return { .. } => None,
        };
    }

    /// Reads what the log has and this does not know yet.
    fn catch_up(&mut self) -> Result<(), FollowError> {
        if !self.behind {
            return Ok(());
        }
        self.log.settle()?;
        while let Some(change) = self.log.follow(self.head.sequence, 1)?.pop() {
            let state = self.state.changed(&change.operations).map_err(|refused| {
                let why = refused.first().map_or_else(String::new, ToString::to_string);
                FollowError::Damaged { sequence: change.sequence, why }
            })?;
            self.adopt(state, &change);
        }
        self.behind = false;
        Ok(())
    }

    fn look_for_trial(&mut self) -> Result<(), FollowError> {
        let mut last = self.past().list(self.head.sequence, 1)?.pop();
        if let Some(Summary { purpose: Purpose::Beside { of }, .. }) = last {
            last = self.past().list(of, 1)?.pop();
        }
        if let Some(Summary { sequence, purpose: Purpose::Trial { until }, .. }) = last {
            self.trial = Some(Trial { sequence, until });
        }
        Ok(())
    }
}

/// Reads everything that is on the disk of a stopped server and checks it; nothing is changed.
///
/// # Errors
/// The first damage that is found.
pub(crate) fn check_folder(folder: &Path) -> Result<Checked, OpenError> {
    let wrong = |why| OpenError { folder: folder.to_owned(), why };
    SqliteLog::open(folder).map_err(wrong)?.check().map_err(wrong)
}

/// The same, and the last change.
///
/// # Errors
/// The first damage that is found.
pub(crate) fn check_head(folder: &Path) -> Result<(Head, Checked), OpenError> {
    let wrong = |why| OpenError { folder: folder.to_owned(), why };
    let log = SqliteLog::open(folder).map_err(wrong)?;
    let checked = log.check().map_err(wrong)?;
    Ok((log.head().map_err(wrong)?, checked))
}

/// Whether a folder has the file that says what was accepted last.
pub(crate) fn has_witness(folder: &Path) -> bool {
    folder.join(WITNESS).metadata().is_ok_and(|file| file.len() > 0)
}

/// The file that says what was accepted last.
pub(crate) const WITNESS: &str = head_file::NAME;

/// Whether a folder has a configuration.
pub(crate) fn is_in(folder: &Path) -> bool {
    folder.join(engine::FILE).is_file()
}

/// Copies the configuration of a folder into another one, as it is at one moment; whoever changes it goes on meanwhile.
///
/// # Errors
/// It cannot be read, or has no room.
pub(crate) fn copy(folder: &Path, to: &Path) -> std::io::Result<()> {
    // First the witness: what it saw accepted has to be in the copy, or the copy is refused when it is opened.
    std::fs::copy(folder.join(head_file::NAME), to.join(head_file::NAME))?;
    engine::copy(folder, &to.join(engine::FILE)).map_err(std::io::Error::other)
}

/// What is configured in a folder whose lock the caller holds; nothing is changed there.
///
/// # Errors
/// It cannot be read, or is damaged.
pub(crate) fn state_of_folder(folder: &Path) -> Result<State, OpenError> {
    let wrong = |why| OpenError { folder: folder.to_owned(), why };
    let log = SqliteLog::open(folder).map_err(wrong)?;
    let head = log.head().map_err(wrong)?;
    load::state(&log, head).map_err(wrong)
}

fn unknown(error: FollowError) -> ChangeError {
    ChangeError::Log(CommitError::Unknown { why: error.to_string() })
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeError::Conflict { head } => CommitError::Conflict { head: *head }.fmt(f),
            ChangeError::Refused(refused) => {
                for (at, refusal) in refused.iter().enumerate() {
                    let line = if at == 0 { "" } else { "\n" };
                    write!(f, "{line}{refusal}")?;
                }
                Ok(())
            }
            ChangeError::OnTrial(Trial { sequence, .. }) => {
                write!(
                    f,
                    "change {sequence} waits for its confirmation: confirm it or take it back first; until then only \
                     passwords and roles of users and API tokens can be changed"
                )
            }
            ChangeError::NoTrial { sequence: 0 } => {
                f.write_str("no change is on trial: there is nothing to confirm and nothing to take back")
            }
            ChangeError::NoTrial { sequence } => write!(f, "change {sequence} waits for no confirmation"),
            ChangeError::OtherContents { sequence } => {
                write!(f, "change {sequence} was asked for with the same id, and does something else")
            }
            ChangeError::Empty => f.write_str("it changes nothing"),
            ChangeError::Log(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ChangeError {}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OpenError { folder, why } = self;
        write!(f, "the configuration in {} cannot be used: {why}; ", folder.display())?;
        match why {
            FollowError::Unavailable { .. } => {
                f.write_str("see to the disk and the folder's rights, and start again")
            }
            FollowError::Corrupt { .. } | FollowError::Damaged { .. } => write!(
                f,
                "restore a backup, or look with `sqlite3 {}` at what is left; nothing was changed. When only what came last \
                 is lost and you accept that, remove {} and start again",
                engine::FILE,
                head_file::NAME
            ),
        }
    }
}

impl std::error::Error for OpenError {}

#[cfg(test)]
mod tests;
