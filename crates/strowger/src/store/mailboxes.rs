//! Which messages wait for lines, in the database.

use rusqlite::{Connection, params};
use strowger_base::LineName;
use strowger_base::watch::{Mailbox, MessageCounts};

/// The table.
pub(super) const SCHEMA: &str = "
create table if not exists mailbox (
    line text primary key, waiting integer not null,
    new integer, old integer, urgent_new integer, urgent_old integer
) without rowid;
";

/// Writes what waits for a line; a line for which nothing waits has no row.
pub(super) fn insert(connection: &Connection, line: &LineName, mailbox: Mailbox) -> rusqlite::Result<()> {
    if mailbox == Mailbox::default() {
        let mut delete = connection.prepare_cached("delete from mailbox where line = ?1")?;
        return delete.execute([line.as_str()]).map(drop);
    }
    let counts = mailbox.counts;
    let of = |count: fn(&MessageCounts) -> u32| counts.as_ref().map(count);
    let mut insert =
        connection.prepare_cached("insert or replace into mailbox values (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let (new, old) = (of(|it| it.new), of(|it| it.old));
    let (urgent_new, urgent_old) = (of(|it| it.urgent_new), of(|it| it.urgent_old));
    insert.execute(params![line.as_str(), mailbox.waiting, new, old, urgent_new, urgent_old]).map(drop)
}

/// What waits for all lines.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<(LineName, Mailbox)>> {
    let mut query =
        connection.prepare("select line, waiting, new, old, urgent_new, urgent_old from mailbox")?;
    let rows = query.query_map([], |row| {
        let counts = match row.get::<_, Option<u32>>(2)? {
            None => None,
            Some(new) => Some(MessageCounts {
                new,
                old: row.get(3)?,
                urgent_new: row.get(4)?,
                urgent_old: row.get(5)?,
            }),
        };
        let line = LineName::from(row.get_ref(0)?.as_str()?);
        Ok((line, Mailbox { waiting: row.get(1)?, counts }))
    })?;
    rows.collect()
}
