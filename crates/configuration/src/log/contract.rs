//! What every engine of the log must do, as a test that any engine can be put to.
//!
//! An engine's tests give a [`Harness`], the ways to make, close and harm such a log, to [`check`].

use strowger_base::WallTime;

use super::Fault;
use crate::{
    ChangeSet, CommitError, FollowError, Head, Id, Kind, Log, ObjectHash, Operation, Purpose, SCHEMA,
    StateHash,
};

/// How an engine is made, closed and harmed.
pub trait Harness {
    /// The engine.
    type Engine: Log;

    /// A new log with nothing in it.
    fn create(&mut self) -> Self::Engine;

    /// Closes the engine and opens what it left.
    ///
    /// # Errors
    /// The engine refuses what it finds.
    fn reopen(&mut self, engine: Self::Engine) -> Result<Self::Engine, FollowError>;

    /// Lets the next commit go wrong.
    fn fail_next(&mut self, engine: &mut Self::Engine, fault: Fault);

    /// Closes the engine, puts [`GARBLED`] in place of the first value of a change-set as a disk might, and opens what
    /// is left.
    ///
    /// # Errors
    /// The engine sees the damage when it is opened.
    fn damage(&mut self, engine: Self::Engine, sequence: u64) -> Result<Self::Engine, FollowError>;
}

/// A value that nobody wrote.
pub const GARBLED: &str = "{\"name\":\"garbled\"}";

/// Puts an engine to the test.
///
/// # Panics
/// When it breaks a clause of the contract; the message says which.
pub fn check<H: Harness>(harness: &mut H) {
    empty(harness);
    appended(harness);
    conflict(harness);
    contradiction(harness);
    followed(harness);
    repeated(harness);
    refused(harness);
    unknown(harness);
    damaged(harness);
}

/// The `sequence`th of a row of change-sets: it adds a partition, renames the one before and, each third time, takes away
/// the one before that; each has another purpose.
pub fn sample(sequence: u64) -> ChangeSet {
    let before = (1..sequence).fold(StateHash::default(), |hash, earlier| hash.after(&operations(earlier)));
    let operations = operations(sequence);
    ChangeSet {
        id: Id::from_random(u128::from(sequence) << 64),
        sequence,
        author: format!("author {sequence}").into(),
        at: WallTime::from_micros(1_700_000_000_000_000 + sequence),
        message: if sequence.is_multiple_of(2) { "".into() } else { format!("why \"{sequence}\"\n").into() },
        purpose: match sequence % 6 {
            0 => Purpose::Trial { until: WallTime::from_micros(1_700_000_060_000_000 + sequence) },
            1 => Purpose::Lasting,
            2 => Purpose::Confirmation { of: sequence - 1 },
            3 => Purpose::Reversal { of: sequence - 1 },
            4 => Purpose::Beside { of: sequence - 1 },
            _ => Purpose::Return { to: sequence - 1 },
        },
        schema: SCHEMA,
        state: before.after(&operations),
        operations,
    }
}

fn operations(sequence: u64) -> Vec<Operation> {
    let kind = Kind::Partition;
    let object = |of: u64| Id::from_random(u128::from(of));
    let value = |of: u64, name: &str| format!("{{\"name\":\"{name} {of}\"}}");
    let hash = |of: u64, name: &str| ObjectHash::of(kind.word(), object(of), &value(of, name));
    let put = |of: u64, before, name: &str| Operation {
        kind,
        object: object(of),
        before,
        after: Some(value(of, name).into()),
    };
    let mut operations = vec![put(sequence, None, "new")];
    if let Some(last @ 1..) = sequence.checked_sub(1) {
        operations.push(put(last, Some(hash(last, "new")), "old"));
    }
    if let (Some(gone @ 1..), true) = (sequence.checked_sub(2), sequence.is_multiple_of(3)) {
        operations.push(Operation {
            kind,
            object: object(gone),
            before: Some(hash(gone, "old")),
            after: None,
        });
    }
    operations
}

/// A log with the first samples in it.
fn filled<H: Harness>(harness: &mut H, changes: u64) -> H::Engine {
    let mut log = harness.create();
    for sequence in 1..=changes {
        assert_eq!(log.commit(&sample(sequence)), Ok(()), "commit {sequence}");
    }
    log
}

fn reopened<H: Harness>(harness: &mut H, log: H::Engine) -> H::Engine {
    match harness.reopen(log) {
        Ok(log) => log,
        Err(error) => panic!("an unharmed log opens again: {error}"),
    }
}

fn head(sequence: u64) -> Head {
    Head { sequence, state: sample(sequence).state }
}

fn empty<H: Harness>(harness: &mut H) {
    let log = harness.create();
    assert_eq!(log.head(), Ok(Head::default()), "a new log ends at 0");
    assert_eq!(log.follow(0, 10), Ok(vec![]), "a new log has no change");
    assert_eq!(log.find(sample(1).id), Ok(None), "a new log has no change");
    let log = reopened(harness, log);
    assert_eq!(log.head(), Ok(Head::default()), "an empty log is empty when it is opened again");
}

fn appended<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 3);
    assert_eq!(log.head(), Ok(head(3)), "the head is the last change");
    log = reopened(harness, log);
    assert_eq!(log.head(), Ok(head(3)), "the head after opening again");
    assert_eq!(log.commit(&sample(4)), Ok(()), "it goes on after opening again");
    assert_eq!(log.head(), Ok(head(4)), "the head is the last change");
}

/// Two authors who saw the same head: the first wins, the second hears where the log is now.
fn conflict<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 3);
    let conflict = Err(CommitError::Conflict { head: head(3) });
    for sequence in [1, 2, 3, 5] {
        let late = ChangeSet { id: Id::from_random(7), ..sample(sequence) };
        assert_eq!(log.commit(&late), conflict, "commit {sequence} behind 3");
    }
    assert_eq!(log.head(), Ok(head(3)), "a conflict changes nothing");
    assert_eq!(log.find(Id::from_random(7)), Ok(None), "a conflict appends nothing");
}

/// What the log says about a state is true: a change-set that contradicts itself never gets in.
fn contradiction<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 2);
    let wrong = ChangeSet { state: StateHash::default(), ..sample(3) };
    let found = log.commit(&wrong);
    assert!(matches!(found, Err(CommitError::Failed { .. })), "a wrong fingerprint is refused: {found:?}");
    assert_eq!(log.head(), Ok(head(2)), "a refused change leaves the log as it was");
}

fn followed<H: Harness>(harness: &mut H) {
    let log = filled(harness, 10);
    let log = reopened(harness, log);
    let all: Vec<ChangeSet> = (1..=10).map(sample).collect();
    for after in 0..12 {
        for limit in [0, 1, 3, 100] {
            let expect: Vec<ChangeSet> =
                all.iter().filter(|change| change.sequence > after).take(limit).cloned().collect();
            assert_eq!(log.follow(after, limit), Ok(expect), "follow after {after}, at most {limit}");
        }
    }
    for change in &all {
        assert_eq!(log.find(change.id), Ok(Some(change.sequence)), "find {}", change.sequence);
    }
}

fn repeated<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 3);
    assert_eq!(log.commit(&sample(3)), Ok(()), "the last change once more is accepted");
    assert_eq!(log.commit(&sample(1)), Ok(()), "an old change once more is accepted");
    assert_eq!(log.head(), Ok(head(3)), "a repeated change is not appended");
    for other in [
        ChangeSet { message: "other".into(), ..sample(3) },
        ChangeSet { operations: Vec::new(), ..sample(2) },
        ChangeSet { id: sample(1).id, ..sample(4) },
    ] {
        let found = log.commit(&other);
        assert!(
            matches!(found, Err(CommitError::Failed { .. })),
            "the same id with other contents: {found:?}"
        );
    }
    assert_eq!(log.head(), Ok(head(3)), "what was refused is not appended");
}

fn refused<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 3);
    harness.fail_next(&mut log, Fault::Refused);
    let found = log.commit(&sample(4));
    assert!(matches!(found, Err(CommitError::Failed { .. })), "a disk that refuses: {found:?}");
    assert_eq!(log.head(), Ok(head(3)), "what failed is not in the log");
    let mut log = reopened(harness, log);
    assert_eq!(log.head(), Ok(head(3)), "what failed is not in the log after opening again");
    assert_eq!(log.commit(&sample(4)), Ok(()), "and can be tried again");
}

/// When the answer is lost, the log is asked, and it says the same for ever after.
fn unknown<H: Harness>(harness: &mut H) {
    for (fault, kept) in [(Fault::LostBefore, None), (Fault::LostAfter, Some(4))] {
        let mut log = filled(harness, 3);
        harness.fail_next(&mut log, fault);
        let found = log.commit(&sample(4));
        assert!(matches!(found, Err(CommitError::Unknown { .. })), "{fault:?}: {found:?}");
        assert_eq!(log.find(sample(4).id), Ok(kept), "{fault:?}: find tells what became of it");
        let mut log = reopened(harness, log);
        assert_eq!(log.find(sample(4).id), Ok(kept), "{fault:?}: opening again does not change it");
        assert_eq!(log.commit(&sample(4)), Ok(()), "{fault:?}: asking again is safe");
        assert_eq!(log.head(), Ok(head(4)), "{fault:?}: and it is there once");
        assert_eq!(log.commit(&sample(5)), Ok(()), "{fault:?}: the log goes on");
    }
}

/// Never the wrong contents: the engine says which change-set is damaged, at the latest when it is read.
fn damaged<H: Harness>(harness: &mut H) {
    for garbled in [1, 3, 5] {
        let log = filled(harness, 5);
        let found = harness.damage(log, garbled).and_then(|log| log.follow(0, 10));
        assert!(
            matches!(found, Err(FollowError::Damaged { sequence, .. }) if sequence == garbled),
            "change {garbled} is damaged: {found:?}"
        );
    }
}
