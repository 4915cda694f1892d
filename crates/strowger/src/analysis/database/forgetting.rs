//! Rows that are older than they are kept.

use std::collections::HashSet;

use super::{Database, SECOND_SHIFT, SECONDS_END, trunks};

impl Database {
    /// Forgets rows of seconds before one, at most [`FORGOTTEN_AT_ONCE`] of each kind; of how many, where there were more of one kind those.
    pub(crate) fn forget_before(&mut self, second: i64) -> rusqlite::Result<usize> {
        let first = second.clamp(0, SECONDS_END) << SECOND_SHIFT;
        let mut forgotten = 0;
        for table in ["call", "quality"] {
            let sql = format!(
                "delete from {table} where id in (select id from {table} where id < ? order by id limit {FORGOTTEN_AT_ONCE})"
            );
            forgotten = self.connection.prepare_cached(&sql)?.execute([first])?.max(forgotten);
        }
        self.forget();
        Ok(forgotten)
    }

    /// Removes what no row needs any more: whole rows, words, and the names of files that were loaded before a second.
    pub(crate) fn tidy(&mut self, second: i64) -> rusqlite::Result<()> {
        let mut words = HashSet::from([0]);
        let mut blocks = HashSet::new();
        {
            let columns =
                "block, cluster, calling, called, reached, orig_device, dest_device, orig_user, dest_user";
            let mut all = self.connection.prepare(&format!("select {columns} from call"))?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                blocks.insert(row.get::<_, i64>(0)?);
                for column in 1..9 {
                    words.insert(row.get::<_, i64>(column)?);
                }
            }
            let mut all = self.connection.prepare("select block, cluster from quality")?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                blocks.insert(row.get(0)?);
                words.insert(row.get(1)?);
            }
        }
        for (table, column, used) in
            [("trunk", "word", &words), ("word", "id", &words), ("block", "id", &blocks)]
        {
            let known: Vec<i64> = self
                .connection
                .prepare(&format!("select {column} from {table}"))?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let mut delete = self.connection.prepare(&format!("delete from {table} where {column} = ?"))?;
            for one in known.into_iter().filter(|one| !used.contains(one)) {
                delete.execute([one])?;
            }
        }
        self.connection.execute("delete from file where loaded < ?", [second])?;
        self.forget();
        self.trunks = trunks(&self.connection)?;
        Ok(())
    }
}

/// Rows that are forgotten together.
pub(in crate::analysis) const FORGOTTEN_AT_ONCE: usize = 20_000;
