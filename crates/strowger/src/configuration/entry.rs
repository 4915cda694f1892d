//! Change-sets as rows.

use rusqlite::{Connection, OptionalExtension, Row, params};
use strowger_base::WallTime;
use strowger_configuration::{ChangeSet, FollowError, Id, Kind, ObjectHash, Operation, Purpose, StateHash};

use super::engine::unreadable;

/// Everything of a change-set but its operations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Summary {
    pub(crate) sequence: u64,
    pub(crate) id: Id,
    pub(crate) author: Box<str>,
    pub(crate) at: WallTime,
    pub(crate) message: Box<str>,
    pub(crate) purpose: Purpose,
    pub(crate) schema: u32,
    /// How many objects it touches.
    pub(crate) operations: u64,
    pub(crate) state: StateHash,
}

/// Writes a change-set; `connection` is in a transaction.
pub(super) fn write(connection: &Connection, change: &ChangeSet) -> rusqlite::Result<()> {
    let summary = Summary {
        sequence: change.sequence,
        id: change.id,
        author: change.author.clone(),
        at: change.at,
        message: change.message.clone(),
        purpose: change.purpose,
        schema: change.schema,
        operations: change.operations.len() as u64,
        state: change.state,
    };
    let sequence = change.sequence.cast_signed();
    let (purpose, purpose_value) = written(change.purpose);
    let mut insert = connection
        .prepare_cached("insert into changeset values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?;
    insert.execute(params![
        sequence,
        change.id.to_string(),
        change.author,
        change.at.as_micros().cast_signed(),
        change.message,
        purpose,
        purpose_value.map(u64::cast_signed),
        change.schema,
        summary.operations.cast_signed(),
        change.state.to_bytes(),
        summary.checksum(),
    ])?;
    let mut insert = connection.prepare_cached("insert into operation values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (position, operation) in (0_i64..).zip(&change.operations) {
        let before = operation.before.map(ObjectHash::to_bytes);
        let object = operation.object.to_string();
        insert.execute(params![
            sequence,
            position,
            operation.kind.word(),
            object,
            before,
            operation.after
        ])?;
    }
    Ok(())
}

/// The change-sets after a sequence, each checked against its checksum.
pub(super) fn read_after(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<ChangeSet>, FollowError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = format!("select {COLUMNS} from changeset where sequence > ?1 order by sequence limit ?2");
    let found = summaries(connection, &query, after.cast_signed(), limit)?;
    found.into_iter().map(|summary| with_operations(connection, summary)).collect()
}

/// The change-sets up to a sequence, the newest first.
pub(super) fn read_before(
    connection: &Connection,
    up_to: u64,
    limit: usize,
) -> Result<Vec<Summary>, FollowError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let up_to = i64::try_from(up_to).unwrap_or(i64::MAX);
    let query =
        format!("select {COLUMNS} from changeset where sequence <= ?1 order by sequence desc limit ?2");
    summaries(connection, &query, up_to, limit)
}

/// The fingerprint after a change-set.
pub(super) fn state(connection: &Connection, sequence: u64) -> rusqlite::Result<Option<StateHash>> {
    let mut query = connection.prepare_cached("select state from changeset where sequence = ?1")?;
    let bytes: Option<[u8; 32]> = query.query_row([sequence.cast_signed()], |row| row.get(0)).optional()?;
    Ok(bytes.map(StateHash::from_bytes))
}

fn summaries(
    connection: &Connection,
    query: &str,
    bound: i64,
    limit: i64,
) -> Result<Vec<Summary>, FollowError> {
    let mut query = connection.prepare_cached(query).map_err(unreadable)?;
    let mut rows = query.query(params![bound, limit]).map_err(unreadable)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let sequence = row.get::<_, i64>(0).map_err(unreadable)?.cast_unsigned();
        let damaged = |why: String| FollowError::Damaged { sequence, why };
        let (summary, checksum) = summary(row, sequence).map_err(|error| damaged(error.to_string()))?;
        let summary = summary.ok_or_else(|| damaged("it cannot be read".to_owned()))?;
        if summary.checksum() != checksum {
            return Err(damaged("its checksum is wrong".to_owned()));
        }
        found.push(summary);
    }
    Ok(found)
}

fn summary(row: &Row<'_>, sequence: u64) -> rusqlite::Result<(Option<Summary>, i64)> {
    let id: Option<Id> = row.get_ref(1)?.as_str()?.parse().ok();
    let value: Option<i64> = row.get(6)?;
    let purpose = purpose(row.get_ref(5)?.as_str()?, value.map(i64::cast_unsigned));
    let summary = match (id, purpose) {
        (Some(id), Some(purpose)) => Some(Summary {
            sequence,
            id,
            author: row.get(2)?,
            at: WallTime::from_micros(row.get::<_, i64>(3)?.cast_unsigned()),
            message: row.get(4)?,
            purpose,
            schema: row.get(7)?,
            operations: row.get::<_, i64>(8)?.cast_unsigned(),
            state: StateHash::from_bytes(row.get(9)?),
        }),
        _ => None,
    };
    Ok((summary, row.get(10)?))
}

fn with_operations(connection: &Connection, summary: Summary) -> Result<ChangeSet, FollowError> {
    let sequence = summary.sequence;
    let damaged = |why: &str| FollowError::Damaged { sequence, why: why.to_owned() };
    let query = "select kind, object, before, after from operation where sequence = ?1 order by position";
    let mut query = connection.prepare_cached(query).map_err(unreadable)?;
    let mut rows = query.query([sequence.cast_signed()]).map_err(unreadable)?;
    let mut operations = Vec::new();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let operation = operation(row).map_err(|error| damaged(&error.to_string()))?;
        operations.push(operation.ok_or_else(|| damaged("an operation of it cannot be read"))?);
    }
    if operations.len() as u64 != summary.operations {
        return Err(damaged("operations of it are missing"));
    }
    Ok(ChangeSet {
        id: summary.id,
        sequence,
        author: summary.author,
        at: summary.at,
        message: summary.message,
        purpose: summary.purpose,
        schema: summary.schema,
        operations,
        state: summary.state,
    })
}

fn operation(row: &Row<'_>) -> rusqlite::Result<Option<Operation>> {
    let kind =
        Kind::ALL.iter().find(|kind| row.get_ref(0).is_ok_and(|word| word.as_str() == Ok(kind.word())));
    let object: Option<Id> = row.get_ref(1)?.as_str()?.parse().ok();
    let before: Option<[u8; 32]> = row.get(2)?;
    let after: Option<Box<str>> = row.get(3)?;
    Ok(kind.zip(object).map(|(kind, object)| Operation {
        kind: *kind,
        object,
        before: before.map(ObjectHash::from_bytes),
        after,
    }))
}

impl Summary {
    /// Covers what the fingerprints do not: who, when, why. It finds damage, it is no signature.
    fn checksum(&self) -> i64 {
        let (purpose, value) = written(self.purpose);
        let Summary { sequence, id, author, at, message, schema, operations, state, .. } = self;
        let at = at.as_micros();
        // No two change-sets read the same: texts stand with their lengths.
        let text = format!(
            "{sequence} {id} {at} {purpose} {value:?} {schema} {operations} {state:#} {} {author} {} {message}",
            author.len(),
            message.len()
        );
        crc32fast::hash(text.as_bytes()).into()
    }
}

/// A purpose as it stands in its two columns.
const fn written(purpose: Purpose) -> (&'static str, Option<u64>) {
    match purpose {
        Purpose::Lasting => ("lasting", None),
        Purpose::Trial { until } => ("trial", Some(until.as_micros())),
        Purpose::Confirmation { of } => ("confirmation", Some(of)),
        Purpose::Beside { of } => ("beside", Some(of)),
        Purpose::Reversal { of } => ("reversal", Some(of)),
        Purpose::Return { to } => ("return", Some(to)),
    }
}

fn purpose(word: &str, value: Option<u64>) -> Option<Purpose> {
    match (word, value) {
        ("lasting", None) => Some(Purpose::Lasting),
        ("trial", Some(until)) => Some(Purpose::Trial { until: WallTime::from_micros(until) }),
        ("confirmation", Some(of)) => Some(Purpose::Confirmation { of }),
        ("beside", Some(of)) => Some(Purpose::Beside { of }),
        ("reversal", Some(of)) => Some(Purpose::Reversal { of }),
        ("return", Some(to)) => Some(Purpose::Return { to }),
        _ => None,
    }
}

const COLUMNS: &str =
    "sequence, id, author, at_us, message, purpose, purpose_value, schema, operations, state, checksum";
