//! Whether everything in the database is what was written.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use strowger_configuration::{FollowError, Head, Id, Kind, Log, ObjectHash};

use super::engine::{self, SqliteLog, unreadable};

/// What was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Checked {
    pub(crate) changes: u64,
    pub(crate) objects: u64,
    pub(crate) rows: u64,
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Checked { changes, objects, rows } = self;
        write!(f, "whole: {changes} changes lead to {objects} objects, which fill {rows} rows of the tables")
    }
}

/// What the log leads to.
type Objects = BTreeMap<Id, (Kind, ObjectHash)>;

impl SqliteLog {
    /// Reads everything: the pages, the whole log, the objects that it leads to, the tables that people query.
    ///
    /// # Errors
    /// The first damage that is found.
    pub(crate) fn check(&self) -> Result<Checked, FollowError> {
        let connection = self.connection()?;
        let pages: String =
            connection.query_row("pragma integrity_check(1)", [], |row| row.get(0)).map_err(unreadable)?;
        if pages != "ok" {
            return Err(FollowError::Corrupt { why: pages });
        }
        let (head, objects) = self.replay()?;
        compare_objects(connection, &objects)?;
        let rows = self.compare_tables(connection)?;
        Ok(Checked { changes: head.sequence, objects: objects.len() as u64, rows })
    }

    /// Goes through the log from its beginning.
    fn replay(&self) -> Result<(Head, Objects), FollowError> {
        let mut head = Head::default();
        let mut objects = Objects::new();
        while let Some(change) = self.follow(head.sequence, 1)?.pop() {
            for operation in &change.operations {
                let before = match operation.hash_after() {
                    Some(hash) => objects.insert(operation.object, (operation.kind, hash)),
                    None => objects.remove(&operation.object),
                };
                if before.map(|(_, hash)| hash) != operation.before {
                    let why = format!("{} {} was not so before it", operation.kind, operation.object);
                    return Err(FollowError::Damaged { sequence: change.sequence, why });
                }
            }
            head = Head { sequence: change.sequence, state: change.state };
        }
        let end = self.head()?;
        if head != end {
            let why = "changes before it are missing".to_owned();
            return Err(FollowError::Damaged { sequence: end.sequence, why });
        }
        Ok((head, objects))
    }

    /// The tables that people query are those that would be made now.
    fn compare_tables(&self, connection: &Connection) -> Result<u64, FollowError> {
        // A database without a name is a file that is gone when it is closed.
        let fresh = Connection::open("").map_err(unreadable)?;
        fresh.set_prepared_statement_cache_capacity(512);
        fresh.execute_batch("begin").map_err(unreadable)?;
        fresh.execute_batch(&self.layout().statements()).map_err(unreadable)?;
        engine::fill_tables(connection, &fresh, self.layout()).map_err(unreadable)?;
        let mut count = 0;
        for table in self.layout().tables() {
            let query = format!("select * from \"{table}\" order by 1, 2");
            let mut there = connection.prepare(&query).map_err(unreadable)?;
            let mut expected = fresh.prepare(&query).map_err(unreadable)?;
            let (mut there, mut expected) =
                (there.query([]).map_err(unreadable)?, expected.query([]).map_err(unreadable)?);
            loop {
                let (found, expect) = (cells(&mut there)?, cells(&mut expected)?);
                if found != expect {
                    let row = expect.or(found).unwrap_or_default();
                    let why = format!("table {table} is not what the objects say, at {:?}", row.first());
                    return Err(FollowError::Corrupt { why });
                }
                if found.is_none() {
                    break;
                }
                count += 1;
            }
        }
        Ok(count)
    }
}

/// The objects in the database are those that the log leads to.
fn compare_objects(connection: &Connection, objects: &Objects) -> Result<(), FollowError> {
    let mut query = connection.prepare("select id, kind, value, hash from object").map_err(unreadable)?;
    let mut rows = query.query([]).map_err(unreadable)?;
    let mut count = 0;
    while let Some(row) = rows.next().map_err(unreadable)? {
        let read = || -> rusqlite::Result<_> {
            let value: String = row.get(2)?;
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, value, row.get::<_, [u8; 32]>(3)?))
        };
        let (id, word, value, hash) = read().map_err(unreadable)?;
        let expect = id.parse().ok().and_then(|id: Id| Some((id, objects.get(&id)?)));
        let good = expect.is_some_and(|(id, (kind, expect))| {
            kind.word() == word && ObjectHash::of(&word, id, &value) == *expect && expect.to_bytes() == hash
        });
        if !good {
            return Err(FollowError::Corrupt { why: format!("{word} {id} is not what the log says") });
        }
        count += 1;
    }
    if count != objects.len() {
        let why = format!("the log leads to {} objects, {count} are there", objects.len());
        return Err(FollowError::Corrupt { why });
    }
    Ok(())
}

fn cells(rows: &mut rusqlite::Rows<'_>) -> Result<Option<Vec<Cell>>, FollowError> {
    let Some(row) = rows.next().map_err(unreadable)? else { return Ok(None) };
    let cells = (0..row.as_ref().column_count()).map(|at| row.get::<_, Cell>(at));
    cells.collect::<rusqlite::Result<Vec<Cell>>>().map(Some).map_err(unreadable)
}
