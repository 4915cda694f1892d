//! A database of an older version of this program becomes one of this version.

use rusqlite::Connection;

use super::{SECOND_SHIFT, heard, read_quality};

/// Makes a database of the first version one of the second: all of it, or nothing.
pub(super) fn second_version(connection: &Connection) -> rusqlite::Result<()> {
    let work = || -> rusqlite::Result<()> {
        connection.execute_batch(SECOND_VERSION)?;
        let sql = "select id, lost, jitter, latency, mos, call_id, node, cluster, leg from quality";
        let mut all = connection.prepare(sql)?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let leg = (row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?);
            heard(connection, leg, row.get::<_, i64>(0)? >> SECOND_SHIFT, read_quality(row, 1)?)?;
        }
        connection.pragma_update(None, "user_version", 2)
    };
    connection.execute_batch("begin immediate")?;
    let done = work().and_then(|()| connection.execute_batch("commit"));
    if done.is_err() {
        let _ = connection.execute_batch("rollback");
    }
    done
}

/// From the first version to the second: how both sides of a call sounded is kept apart, and files of one name that differ are several.
const SECOND_VERSION: &str = "
alter table call rename column lost to orig_lost;
alter table call rename column jitter to orig_jitter;
alter table call rename column latency to orig_latency;
alter table call rename column mos to orig_mos;
alter table call add column dest_lost integer;
alter table call add column dest_jitter integer;
alter table call add column dest_latency integer;
alter table call add column dest_mos integer;
update call set orig_lost = null, orig_jitter = null, orig_latency = null, orig_mos = null
    where ifnull(ifnull(ifnull(orig_lost, orig_jitter), orig_latency), orig_mos) is not null;
alter table file rename to file_before;
create table file (
    name text not null, checksum integer not null, rows integer not null, known integer not null, wrong integer not null,
    problem text, loaded integer not null, primary key (name, checksum)
) without rowid;
insert into file select * from file_before;
drop table file_before;
";
