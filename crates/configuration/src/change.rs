//! What changes a state: one entry of the log.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use strowger_base::WallTime;

use crate::reader::Names;
use crate::{Entry, Id, Identity, Kind, ObjectHash, Path, Problem, State, StateHash, Wrong, rules};

/// One change of the configuration, whole or not at all: an entry of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeSet {
    /// Its identity, chosen by who asked for it: when the outcome of a commit is unknown, the log can be asked for it.
    pub id: Id,
    /// Its place in the log, from 1.
    pub sequence: u64,
    /// Who asked for it.
    pub author: Box<str>,
    /// When it was accepted.
    pub at: WallTime,
    /// Why, in the author's words.
    pub message: Box<str>,
    /// Whether it stays, and what it does to the changes before it.
    pub purpose: Purpose,
    /// The version of the model in which its values are written.
    pub schema: u32,
    /// What it does.
    pub operations: Vec<Operation>,
    /// The fingerprint of everything after it.
    pub state: StateHash,
}

/// Whether a change stays, and what it does to the changes before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// It stays.
    Lasting,
    /// It is taken back by itself when nobody has confirmed it by then, or when the server ends before. Until then nothing
    /// is accepted but its confirmation, its end, and changes [beside](Purpose::Beside) it.
    Trial {
        /// The last moment for a confirmation.
        until: WallTime,
    },
    /// Confirms a trial, and changes nothing.
    Confirmation {
        /// The sequence of the trial.
        of: u64,
    },
    /// Made while a change is on trial, and stays whatever becomes of that: it changes nothing but who is
    /// [let in](crate::access).
    Beside {
        /// The sequence of the trial.
        of: u64,
    },
    /// Takes one change back.
    Reversal {
        /// Its sequence.
        of: u64,
    },
    /// Brings back everything as it was after a change; 0 is the beginning.
    Return {
        /// Its sequence.
        to: u64,
    },
}

/// What a change does to one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// The kind of the object.
    pub kind: Kind,
    /// Which one.
    pub object: Id,
    /// The fingerprint that it has before; `None` when it does not exist.
    pub before: Option<ObjectHash>,
    /// Its value afterwards, as the log writes it; `None` when it does not exist any more.
    pub after: Option<Box<str>>,
}

/// Why a change cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The object is not what the change was made for: somebody else changed it since.
    Stale {
        /// Its kind.
        kind: Kind,
        /// Which one.
        object: Id,
        /// What it is called now, or its id when it is gone.
        key: String,
    },
    /// Something is wrong with what an object would be.
    Wrong {
        /// Its kind.
        kind: Kind,
        /// Which one.
        object: Id,
        /// What it would be called.
        key: String,
        /// What is wrong.
        problem: Problem,
    },
}

/// The version of the model that this program writes.
pub const SCHEMA: u32 = 1;

impl ChangeSet {
    /// True when its operations lead from a state with this fingerprint to the one that it names.
    pub fn leads_from(&self, before: StateHash) -> bool {
        before.after(&self.operations) == self.state
    }
}

impl Purpose {
    /// True when a change for this purpose ends the trial with this sequence.
    pub const fn ends_trial(self, sequence: u64) -> bool {
        match self {
            Purpose::Lasting | Purpose::Trial { .. } | Purpose::Beside { .. } => false,
            Purpose::Confirmation { of } | Purpose::Reversal { of } => of == sequence,
            Purpose::Return { to } => to < sequence,
        }
    }
}

impl StateHash {
    /// The fingerprint after these operations: it needs nothing but what they say.
    #[must_use]
    pub fn after(self, operations: &[Operation]) -> StateHash {
        operations.iter().fold(self, |hash, operation| {
            let hash = operation.before.map_or(hash, |before| hash - before);
            operation.hash_after().map_or(hash, |after| hash + after)
        })
    }
}

impl Operation {
    /// The fingerprint of the object afterwards; `None` when it does not exist any more.
    pub fn hash_after(&self) -> Option<ObjectHash> {
        self.after.as_ref().map(|value| ObjectHash::of(self.kind.word(), self.object, value))
    }
}

impl State {
    /// The state after a change, or everything that is wrong with the change.
    ///
    /// # Errors
    /// Objects that changed since, references to what is not there, names that are taken, contradictions.
    pub fn changed(&self, operations: &[Operation]) -> Result<State, Vec<Refusal>> {
        let mut after = self.clone();
        let mut refused = Vec::new();
        let mut put = Vec::new();
        for operation in operations {
            let Operation { kind, object, .. } = *operation;
            let there = self.entry(object);
            if there.map(|entry| entry.hash()) != operation.before {
                refused.push(Refusal::Stale { kind, object, key: self.name(kind, object) });
                continue;
            }
            after.take(object);
            let Some(value) = &operation.after else { continue };
            match Entry::read(kind, object, value) {
                Ok(entry) => put.push(entry),
                Err(problems) => refused.extend(problems.into_iter().map(|problem| Refusal::Wrong {
                    kind,
                    object,
                    key: self.called_after(kind, object, value),
                    problem,
                })),
            }
        }
        let added: Vec<Id> = put.iter().map(Entry::id).collect();
        for entry in put {
            let kind = entry.object().kind();
            if after.named(kind, entry.object().identity()).is_some() {
                let key = called(&after, &entry);
                let problem = Problem {
                    path: Path::new().setting(naming_setting(kind)),
                    wrong: Wrong::Taken { kind, key: key.clone() },
                };
                refused.push(Refusal::Wrong { kind, object: entry.id(), key, problem });
            }
            after.put(entry);
        }
        dangling(self, &after, &added, &mut refused);
        still_used(self, &after, operations, &mut refused);
        refused.extend(rules::among(self, &after, &added));
        if refused.is_empty() { Ok(after) } else { Err(refused) }
    }
}

impl State {
    /// What an object that is not there would be called with a value as the log writes it; its id when that cannot be read.
    pub fn called_after(&self, kind: Kind, object: Id, value: &str) -> String {
        let read = serde_json::from_str::<Value>(value).ok();
        let name =
            read.as_ref().and_then(|value| {
                let name = value.get(naming_setting(kind)).and_then(Value::as_str)?;
                let partition = value.get("partition").and_then(Value::as_str).and_then(|id| id.parse().ok());
                Some(partition.map_or_else(
                    || name.to_owned(),
                    |id| format!("{}:{name}", self.name(Kind::Partition, id)),
                ))
            });
        name.unwrap_or_else(|| self.name(kind, object))
    }
}

/// New objects that refer to what is not there, or is something else.
fn dangling(before: &State, after: &State, added: &[Id], refused: &mut Vec<Refusal>) {
    for entry in added.iter().filter_map(|id| after.entry(*id)) {
        entry.object().references(&mut |kind, used| {
            if after.entry(used).is_none_or(|used| used.object().kind() != kind) {
                // What goes with the same change has a name still.
                let wrong = Wrong::NoSuchObject { kind, found: before.name(kind, used), nearest: None };
                refused.push(Refusal::Wrong {
                    kind: entry.object().kind(),
                    object: entry.id(),
                    key: after.name(kind, entry.id()),
                    problem: Problem { path: Path::new(), wrong },
                });
            }
        });
    }
}

/// Objects that are gone although others, which this change leaves alone, refer to them.
fn still_used(before: &State, after: &State, operations: &[Operation], refused: &mut Vec<Refusal>) {
    let changed: BTreeSet<Id> = operations.iter().map(|operation| operation.object).collect();
    for operation in operations.iter().filter(|operation| after.entry(operation.object).is_none()) {
        let mut users = after.users(operation.object).filter(|user| !changed.contains(&user.id()));
        let called = |user: &Arc<Entry>| {
            let kind = user.object().kind();
            // What it is called by may go as well.
            format!("{} {:?}", kind.title(), before.name(kind, user.id()))
        };
        // Many thousands may use it: they are counted, and only a few are named.
        let by: Vec<String> = users.by_ref().take(USERS_SHOWN).map(called).collect();
        if by.is_empty() {
            continue;
        }
        let wrong = Wrong::InUse { count: by.len() + users.count(), by };
        refused.push(Refusal::Wrong {
            kind: operation.kind,
            object: operation.object,
            key: before.name(operation.kind, operation.object),
            problem: Problem { path: Path::new(), wrong },
        });
    }
}

/// What an object that is not in the state would be called in it.
fn called(state: &State, entry: &Entry) -> String {
    let Identity { partition, name } = entry.object().identity();
    match partition {
        None => name.to_owned(),
        Some(partition) => format!("{}:{name}", state.name(Kind::Partition, partition)),
    }
}

/// The setting that an object is called by.
pub(crate) const fn naming_setting(kind: Kind) -> &'static str {
    match kind.naming() {
        crate::Naming::Name => "name",
        crate::Naming::PatternInPartition => "pattern",
        crate::Naming::Only => "",
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Stale { kind, key, .. } => {
                write!(
                    f,
                    "{} {key:?} was changed by somebody else since; look at it and plan again",
                    kind.title()
                )
            }
            Refusal::Wrong { kind, key, problem, .. } => write!(f, "{} {key:?}: {problem}", kind.title()),
        }
    }
}

const USERS_SHOWN: usize = 5;

#[cfg(test)]
mod tests;
