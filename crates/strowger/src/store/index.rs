//! The database beside the journal: which calls there were, which phones are registered. Readable SQL.

use std::net::SocketAddr;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use strowger_base::journal::ReleasedBy;
use strowger_base::leg::BindingId;
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{CallId, WallTime};
use strowger_node::io::StoreRecord;
use strowger_sip::io::BindingRecord;

use super::final_of;

/// The open database.
pub(crate) struct Index(Connection);

/// One call as `strowger calls` lists it.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct CallRow {
    pub(crate) call: String,
    pub(crate) started_at: String,
    pub(crate) calling: String,
    pub(crate) called: String,
    pub(crate) connected: String,
    pub(crate) state: String,
    /// Seconds of talk; nothing for a call that was not answered.
    pub(crate) talk_seconds: Option<u64>,
    pub(crate) cause: Option<u8>,
    pub(crate) cause_words: String,
}

const SCHEMA: &str = "
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists callrecord (
    call text primary key, started_us integer not null, answered_us integer, ended_us integer not null,
    calling text not null, called text not null, connected text not null, cause integer not null,
    released_by text not null
) without rowid;
create index if not exists callrecord_started on callrecord (started_us);
create table if not exists registration (
    binding integer primary key, line text not null, contact text not null, instance text, reg_id integer,
    path text not null, listener integer not null, peer text not null, call_id text not null, cseq integer not null,
    expires_us integer not null, user_agent text not null
);
create table if not exists meta (name text primary key, value integer not null) without rowid;
";

impl Index {
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Index(connection))
    }

    /// Opens a database that another process writes.
    pub(crate) fn read(path: &Path) -> rusqlite::Result<Self> {
        Ok(Index(Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?))
    }

    /// Takes final records that the last run may not have indexed.
    pub(super) fn catch_up(&mut self, finals: &[Vec<u8>]) -> rusqlite::Result<()> {
        self.write(finals.iter().map(Vec::as_slice), std::iter::empty())
    }

    pub(super) fn call(&mut self, record: &[u8]) -> rusqlite::Result<()> {
        self.write(std::iter::once(record), std::iter::empty())
    }

    /// Writes a batch in one transaction.
    pub(super) fn write<'a>(
        &mut self,
        finals: impl Iterator<Item = &'a [u8]>,
        records: impl Iterator<Item = &'a StoreRecord>,
    ) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "insert or replace into callrecord values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            for call in finals.filter_map(final_of) {
                let released_by = match call.released_by {
                    ReleasedBy::Caller => "caller",
                    ReleasedBy::Called => "called",
                    ReleasedBy::System => "system",
                };
                insert.execute(params![
                    call.call.to_string(),
                    micros(call.started_at),
                    call.answered_at.map(micros),
                    micros(call.ended_at),
                    call.calling.number,
                    call.called,
                    call.connected.number,
                    call.cause.0,
                    released_by,
                ])?;
            }
            for record in records {
                store(&transaction, record)?;
            }
        }
        transaction.commit()
    }

    pub(super) fn bindings(&self) -> rusqlite::Result<Vec<BindingRecord>> {
        let mut query = self.0.prepare(
            "select binding, line, contact, instance, reg_id, path, listener, peer, call_id, cseq, expires_us, \
             user_agent from registration order by binding",
        )?;
        let rows = query.query_map([], |row| {
            let peer: String = row.get(7)?;
            let path: String = row.get(5)?;
            let boxed = |text: String| text.into_boxed_str();
            Ok(peer.parse::<SocketAddr>().ok().map(|peer| {
                Ok::<_, rusqlite::Error>(BindingRecord {
                    binding: BindingId(row.get::<_, i64>(0)? as u64),
                    line: boxed(row.get(1)?),
                    contact: boxed(row.get(2)?),
                    instance: row.get::<_, Option<String>>(3)?.map(boxed),
                    reg_id: row.get(4)?,
                    path: path.lines().map(Box::from).collect(),
                    flow: Flow::Datagram { listener: ListenerId(row.get(6)?), peer },
                    call_id: boxed(row.get(8)?),
                    cseq: row.get(9)?,
                    expires_at: WallTime::from_micros(row.get::<_, i64>(10)? as u64),
                    user_agent: boxed(row.get(11)?),
                })
            }))
        })?;
        let mut found = vec![];
        for row in rows {
            if let Some(record) = row? {
                found.push(record?);
            }
        }
        Ok(found)
    }

    pub(super) fn last_number(&self) -> rusqlite::Result<u64> {
        let value: Option<i64> = self
            .0
            .query_row("select value from meta where name = 'numbers_reserved'", [], |row| row.get(0))
            .optional()?;
        Ok(value.unwrap_or(0) as u64)
    }

    /// The latest calls, newest first.
    pub(crate) fn calls(&self, limit: usize) -> rusqlite::Result<Vec<CallRow>> {
        let mut query = self.0.prepare(
            "select call, started_us, answered_us, ended_us, calling, called, connected, cause from callrecord \
             order by started_us desc limit ?1",
        )?;
        let rows = query.query_map([limit as i64], |row| {
            let (started, answered, ended): (i64, Option<i64>, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let cause: u8 = row.get(7)?;
            Ok(CallRow {
                call: row.get(0)?,
                started_at: WallTime::from_micros(started as u64).to_string(),
                calling: row.get(4)?,
                called: row.get(5)?,
                connected: row.get(6)?,
                state: "ended".to_owned(),
                talk_seconds: answered.map(|answered| (ended - answered).max(0) as u64 / 1_000_000),
                cause: Some(cause),
                cause_words: strowger_base::Cause(cause).words().to_owned(),
            })
        })?;
        rows.collect()
    }

    /// The id of the latest call.
    pub(crate) fn latest(&self) -> rusqlite::Result<Option<CallId>> {
        Ok(self.calls(1)?.first().and_then(|row| row.call.parse().ok()))
    }
}

fn store(transaction: &rusqlite::Transaction<'_>, record: &StoreRecord) -> rusqlite::Result<()> {
    match record {
        StoreRecord::Bound(record) => {
            // A connection does not survive a restart, so a phone behind one is not kept.
            let Flow::Datagram { listener, peer } = record.flow else { return Ok(()) };
            let mut insert = transaction.prepare_cached(
                "insert or replace into registration values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?;
            insert.execute(params![
                record.binding.0 as i64,
                record.line,
                record.contact,
                record.instance,
                record.reg_id,
                record.path.join("\n"),
                listener.0,
                peer.to_string(),
                record.call_id,
                record.cseq,
                micros(record.expires_at),
                record.user_agent,
            ])?;
        }
        StoreRecord::Unbound(binding) => {
            transaction
                .prepare_cached("delete from registration where binding = ?1")?
                .execute([binding.0 as i64])?;
        }
        StoreRecord::NumbersReserved(number) => {
            transaction
                .prepare_cached("insert or replace into meta values ('numbers_reserved', ?1)")?
                .execute([*number as i64])?;
        }
    }
    Ok(())
}

const fn micros(time: WallTime) -> i64 {
    time.as_micros() as i64
}
