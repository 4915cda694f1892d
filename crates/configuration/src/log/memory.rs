//! A log in memory, for tests and simulators.

use crate::{ChangeSet, CommitError, FollowError, Head, Id, Log};

/// A log that lives as long as its owner. It keeps the contract of every engine but for the power cut.
#[derive(Clone, Default, Debug)]
pub struct MemoryLog {
    changes: Vec<ChangeSet>,
    fault: Option<Fault>,
}

/// What goes wrong with the next commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing is written, and the author is told so.
    Refused,
    /// Nothing is written, and the author does not hear of it.
    LostBefore,
    /// It is written, and the author does not hear of it.
    LostAfter,
}

impl MemoryLog {
    /// Lets the next commit go wrong.
    pub const fn fail_next(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    /// Everything that it holds, for a simulated disk that garbles it.
    pub const fn changes_mut(&mut self) -> &mut Vec<ChangeSet> {
        &mut self.changes
    }

    fn end(&self) -> Head {
        let last = self.changes.last();
        last.map_or_else(Head::default, |last| Head { sequence: last.sequence, state: last.state })
    }
}

impl Log for MemoryLog {
    fn head(&self) -> Result<Head, FollowError> {
        Ok(self.end())
    }

    fn commit(&mut self, change: &ChangeSet) -> Result<(), CommitError> {
        if let Some(there) = self.changes.iter().find(|there| there.id == change.id) {
            return super::repeated(there, change);
        }
        super::may_follow(self.end(), change)?;
        let why = "a fault that was asked for".to_owned();
        let (written, answer) = match self.fault.take() {
            None => (true, Ok(())),
            Some(Fault::Refused) => (false, Err(CommitError::Failed { why })),
            Some(Fault::LostBefore) => (false, Err(CommitError::Unknown { why })),
            Some(Fault::LostAfter) => (true, Err(CommitError::Unknown { why })),
        };
        if written {
            self.changes.push(change.clone());
        }
        answer
    }

    fn follow(&self, after: u64, limit: usize) -> Result<Vec<ChangeSet>, FollowError> {
        let mut before = Head::default();
        let mut found = Vec::new();
        for change in &self.changes {
            if change.sequence > after {
                if found.len() == limit {
                    break;
                }
                super::continues(before, change)?;
                found.push(change.clone());
            }
            before = Head { sequence: change.sequence, state: change.state };
        }
        Ok(found)
    }

    fn find(&self, id: Id) -> Result<Option<u64>, FollowError> {
        Ok(self.changes.iter().find(|change| change.id == id).map(|change| change.sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::contract::{self, Harness};

    struct InMemory;

    impl Harness for InMemory {
        type Engine = MemoryLog;

        fn create(&mut self) -> MemoryLog {
            MemoryLog::default()
        }

        fn reopen(&mut self, engine: MemoryLog) -> Result<MemoryLog, FollowError> {
            Ok(engine)
        }

        fn fail_next(&mut self, engine: &mut MemoryLog, fault: Fault) {
            engine.fail_next(fault);
        }

        fn damage(&mut self, mut engine: MemoryLog, sequence: u64) -> Result<MemoryLog, FollowError> {
            let change = engine.changes_mut().iter_mut().find(|change| change.sequence == sequence);
            let operation = change.and_then(|change| change.operations.first_mut()).unwrap();
            operation.after = Some(contract::GARBLED.into());
            Ok(engine)
        }
    }

    #[test]
    fn the_log_in_memory_keeps_the_contract() {
        contract::check(&mut InMemory);
    }
}
