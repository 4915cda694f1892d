//! The database beside the journal: which calls there were, which phones are registered. Readable SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use strowger_base::journal::{Entry, EntryKind, Feature, Head, Record, ReleasedBy};
use strowger_base::leg::BindingId;
use strowger_base::net::{Flow, ListenerId};
use strowger_base::watch::Mailbox;
use strowger_base::{CallId, LineName, NodeId, ShardId, WallTime};
use strowger_sip::io::{BindingRecord, Fingerprint};
use strowger_sip::registrar::BindingTexts;

use super::final_of;
use super::mailboxes;
use super::recovery::Checkpoint;
use super::segment::Position;

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
    /// Whether it is recorded at this moment.
    pub(crate) recorded: bool,
    /// Seconds of talk; nothing for a call that was not answered.
    pub(crate) talk_seconds: Option<u64>,
    pub(crate) cause: Option<u8>,
    pub(crate) cause_words: String,
}

const SCHEMA: &str = "
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists callrecord (
    number integer not null, shard integer not null, node integer not null,
    started_us integer not null, answered_us integer, ended_us integer not null,
    calling text not null, called text not null, connected text not null, cause integer not null,
    released_by text not null, position integer not null,
    primary key (number, shard, node)
) without rowid;
create table if not exists registration (
    binding integer primary key, line text not null, contact text not null, instance text, reg_id integer,
    path text not null, listener integer not null, peer text not null, call_id text not null, cseq integer not null,
    expires_us integer not null, user_agent text not null, phone text, socket text, account_md5 integer,
    account_sha256 integer
);
create table if not exists usersetting (
    owner text not null, setting text not null, value text not null, set_us integer not null, record blob not null,
    primary key (owner, setting)
) without rowid;
create table if not exists opencall (call text primary key, position integer not null) without rowid;
create table if not exists meta (name text primary key, value integer not null) without rowid;
";

/// Columns that came later: the phone with shared lines; socket and account when what is stored was first compared with what is
/// configured. What has none of these cannot be compared, and is not restored.
const LATER_COLUMNS: [(&str, &str); 4] =
    [("phone", "text"), ("socket", "text"), ("account_md5", "integer"), ("account_sha256", "integer")];

/// Rows of calls that are kept; the oldest go when a segment is full.
const ROWS_MAX: i64 = 1_000_000;

/// What is written in one transaction.
#[derive(Default)]
pub(super) struct Changes {
    /// Final records and what users set, and where they are in the journal.
    pub(super) finals: Vec<(Position, Vec<u8>)>,
    /// The newest of each binding; `None` when it is gone.
    pub(super) bindings: BTreeMap<BindingId, Option<BindingRecord>>,
    /// The newest of each mailbox.
    pub(super) mailboxes: BTreeMap<LineName, Mailbox>,
    /// The newest [`strowger_node::io::StoreRecord::NumbersReserved`].
    pub(super) numbers_reserved: Option<u64>,
    /// Up to where everything of the journal is in the index with this transaction.
    pub(super) checkpoint: Option<Checkpoint>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.finals.is_empty()
            && self.bindings.is_empty()
            && self.mailboxes.is_empty()
            && self.numbers_reserved.is_none()
            && self.checkpoint.is_none()
    }

    fn clear(&mut self) {
        self.finals.clear();
        self.bindings.clear();
        self.mailboxes.clear();
        self.numbers_reserved = None;
        self.checkpoint = None;
    }
}

impl Index {
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        connection.execute_batch(mailboxes::SCHEMA)?;
        let index = Index(connection);
        index.add_columns()?;
        Ok(index)
    }

    /// Databases of older versions have not all columns.
    fn add_columns(&self) -> rusqlite::Result<()> {
        let there = "select count(*) from pragma_table_info('registration') where name = ?1";
        for (name, form) in LATER_COLUMNS {
            if self.0.query_row(there, [name], |row| row.get::<_, i64>(0))? == 0 {
                self.0.execute(&format!("alter table registration add column {name} {form}"), [])?;
            }
        }
        Ok(())
    }

    /// Opens a database that another process writes.
    pub(crate) fn read(path: &Path) -> rusqlite::Result<Self> {
        Ok(Index(Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?))
    }

    /// Writes the database as it is now into a new file.
    pub(super) fn copy(&self, to: &Path) -> rusqlite::Result<()> {
        self.0.execute("vacuum into ?1", [to.to_string_lossy()]).map(drop)
    }

    /// Writes changes in one transaction and forgets them; after an error they are all still there.
    pub(super) fn write(&mut self, changes: &mut Changes) -> rusqlite::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        // Cached statements: to compile BEGIN and COMMIT costs more than a row.
        self.0.prepare_cached("begin")?.execute([])?;
        let written = self.write_all(changes).and_then(|()| self.0.prepare_cached("commit")?.execute([]));
        if let Err(error) = written {
            // After some errors nothing is left to take back.
            let _ = self.0.execute("rollback", []);
            return Err(error);
        }
        changes.clear();
        Ok(())
    }

    fn write_all(&self, changes: &Changes) -> rusqlite::Result<()> {
        let connection = &self.0;
        for (position, record) in &changes.finals {
            match Head::decode(record).map(|head| head.kind) {
                Ok(EntryKind::UserSet) => insert_setting(connection, record)?,
                Ok(_) | Err(_) => insert_call(connection, *position, record)?,
            }
        }
        for (binding, record) in &changes.bindings {
            match record {
                Some(record) => insert_binding(connection, record)?,
                None => delete_binding(connection, *binding)?,
            }
        }
        for (line, mailbox) in &changes.mailboxes {
            mailboxes::insert(connection, line, *mailbox)?;
        }
        if let Some(number) = changes.numbers_reserved {
            set(connection, NUMBERS_RESERVED, number)?;
        }
        if let Some(checkpoint) = &changes.checkpoint {
            set(connection, CHECKPOINT, checkpoint.position.0)?;
            connection.execute("delete from opencall", [])?;
            let mut insert = connection.prepare_cached("insert or replace into opencall values (?1, ?2)")?;
            for (call, position) in &checkpoint.open {
                insert.execute(params![call.to_string(), position.0 as i64])?;
            }
        }
        Ok(())
    }

    /// Removes the rows of the oldest calls beyond the limit.
    pub(super) fn retire(&self) -> rusqlite::Result<()> {
        let oldest = "delete from callrecord where number <= (select max(number) from callrecord) - ?1";
        self.0.execute(oldest, [ROWS_MAX]).map(|_| ())
    }

    /// The last checkpoint; the beginning of the journal when there is none.
    pub(super) fn checkpoint(&self) -> rusqlite::Result<Checkpoint> {
        let position = Position(get(&self.0, CHECKPOINT)?);
        let mut query = self.0.prepare("select call, position from opencall")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let mut open = vec![];
        for row in rows {
            let (call, position) = row?;
            open.extend(call.parse::<CallId>().ok().map(|call| (call, Position(position as u64))));
        }
        Ok(Checkpoint { position, open })
    }

    /// Where the final record of a call is.
    pub(super) fn position(&self, call: CallId) -> rusqlite::Result<Option<Position>> {
        let query = "select position from callrecord where number = ?1 and shard = ?2 and node = ?3";
        let key = params![call.number as i64, call.shard.0, call.node.0];
        let position: Option<i64> = self.0.query_row(query, key, |row| row.get(0)).optional()?;
        Ok(position.map(|position| Position(position as u64)))
    }

    /// Calls whose final records are in a part of the journal, oldest first.
    pub(super) fn calls_between(&self, from: Position, to: Position) -> rusqlite::Result<Vec<CallId>> {
        let query = "select node, shard, number from callrecord where position >= ?1 and position < ?2 order by position";
        let mut query = self.0.prepare(query)?;
        let rows = query.query_map(params![from.0 as i64, to.0 as i64], |row| {
            Ok(CallId::new(NodeId(row.get(0)?), ShardId(row.get(1)?), row.get::<_, i64>(2)? as u64))
        })?;
        rows.collect()
    }

    pub(super) fn bindings(&self) -> rusqlite::Result<Vec<BindingRecord>> {
        let mut query = self.0.prepare(
            "select binding, line, contact, instance, reg_id, path, listener, peer, call_id, cseq, expires_us, \
             user_agent, phone, socket, account_md5, account_sha256 from registration \
             where account_md5 is not null order by binding",
        )?;
        let rows = query.query_map([], |row| {
            let peer: String = row.get(7)?;
            Ok(peer.parse::<SocketAddr>().ok().map(|peer| {
                let path: String = row.get(5)?;
                let texts = BindingTexts {
                    line: row.get_ref(1)?.as_str()?,
                    contact: row.get_ref(2)?.as_str()?,
                    instance: row.get_ref(3)?.as_str_or_null()?.unwrap_or_default(),
                    call_id: row.get_ref(8)?.as_str()?,
                    user_agent: row.get_ref(11)?.as_str()?,
                    path: &path.lines().collect::<Vec<_>>().join(","),
                };
                let Some(texts) = texts.pack() else { return Ok(None) };
                Ok::<_, rusqlite::Error>(Some(BindingRecord {
                    binding: BindingId(row.get::<_, i64>(0)? as u64),
                    texts,
                    phone: row.get_ref(12)?.as_str_or_null()?.map(Into::into),
                    reg_id: row.get(4)?,
                    account: Fingerprint([row.get::<_, i64>(14)? as u64, row.get::<_, i64>(15)? as u64]),
                    flow: Flow::Datagram { listener: ListenerId(row.get(6)?), peer },
                    socket: row.get_ref(13)?.as_str_or_null()?.and_then(|socket| socket.parse().ok()),
                    cseq: row.get(9)?,
                    expires_at: WallTime::from_micros(row.get::<_, i64>(10)? as u64),
                }))
            }))
        })?;
        let mut found = vec![];
        for row in rows {
            if let Some(record) = row? {
                found.extend(record?);
            }
        }
        Ok(found)
    }

    /// What waits for all lines.
    pub(super) fn mailboxes(&self) -> rusqlite::Result<Vec<(LineName, Mailbox)>> {
        mailboxes::all(&self.0)
    }

    /// What users set by themselves, as it stands in the journal.
    pub(super) fn user_settings(&self) -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut query = self.0.prepare("select record from usersetting order by set_us")?;
        query.query_map([], |row| row.get(0))?.collect()
    }

    /// The addresses that phones have registered from, each once.
    pub(crate) fn addresses_of_phones(&self) -> rusqlite::Result<Vec<IpAddr>> {
        let addresses = self.bindings()?.into_iter().map(|record| record.flow.peer().ip());
        Ok(addresses.collect::<BTreeSet<_>>().into_iter().collect())
    }

    pub(super) fn last_number(&self) -> rusqlite::Result<u64> {
        get(&self.0, NUMBERS_RESERVED)
    }

    /// The latest calls, newest first.
    pub(crate) fn calls(&self, limit: usize) -> rusqlite::Result<Vec<CallRow>> {
        let mut query = self.0.prepare(
            "select number, shard, node, started_us, answered_us, ended_us, calling, called, connected, cause, released_by \
             from callrecord order by number desc limit ?1",
        )?;
        let rows = query.query_map([limit as i64], |row| {
            let (started, answered, ended): (i64, Option<i64>, i64) = (row.get(3)?, row.get(4)?, row.get(5)?);
            let cause: u8 = row.get(9)?;
            let call = CallId::new(NodeId(row.get(2)?), ShardId(row.get(1)?), row.get::<_, i64>(0)? as u64);
            Ok(CallRow {
                call: call.to_string(),
                started_at: WallTime::from_micros(started as u64).to_string(),
                calling: row.get(6)?,
                called: row.get(7)?,
                connected: row.get(8)?,
                state: if row.get_ref(10)?.as_str()? == RECORDER { RECORDER } else { "ended" }.to_owned(),
                recorded: false,
                talk_seconds: answered.map(|answered| (ended - answered).max(0) as u64 / 1_000_000),
                cause: Some(cause),
                cause_words: strowger_base::Cause(cause).words().to_owned(),
            })
        })?;
        rows.collect()
    }

    /// The id of the latest call of people.
    pub(crate) fn latest(&self) -> rusqlite::Result<Option<CallId>> {
        let query =
            "select number, shard, node from callrecord where released_by != ?1 order by number desc limit 1";
        let call = |row: &rusqlite::Row<'_>| {
            Ok(CallId::new(NodeId(row.get(2)?), ShardId(row.get(1)?), row.get::<_, i64>(0)? as u64))
        };
        self.0.query_row(query, [RECORDER], call).optional()
    }
}

fn insert_call(connection: &Connection, position: Position, record: &[u8]) -> rusqlite::Result<()> {
    let Some(call) = final_of(record) else { return Ok(()) };
    let released_by = match call.released_by {
        // What is no call of people.
        _ if call.moves.is_some_and(|moves| moves.joined_by == Some(Feature::Recording)) => RECORDER,
        ReleasedBy::Caller => "caller",
        ReleasedBy::Called => "called",
        ReleasedBy::System => "system",
    };
    let mut insert = connection.prepare_cached(
        "insert or replace into callrecord values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    insert.execute(params![
        call.call.number as i64,
        call.call.shard.0,
        call.call.node.0,
        micros(call.started_at),
        call.answered_at.map(micros),
        micros(call.ended_at),
        call.calling.number,
        call.called,
        call.connected.number,
        call.cause.0,
        released_by,
        position.0 as i64,
    ])?;
    Ok(())
}

/// The newest of each owner and setting; what is as usual has no row.
fn insert_setting(connection: &Connection, record: &[u8]) -> rusqlite::Result<()> {
    let Ok(Record { at, entry: Entry::UserSet(set), .. }) = Record::decode(record) else { return Ok(()) };
    let (owner, setting) = (set.owner(), set.value.word());
    if set.value.is_usual() {
        let delete = "delete from usersetting where owner = ?1 and setting = ?2";
        return connection.execute(delete, [owner, setting]).map(drop);
    }
    let row = params![owner, setting, set.value.text(), micros(at), record];
    let insert = "insert or replace into usersetting values (?1, ?2, ?3, ?4, ?5)";
    connection.execute(insert, row).map(drop)
}

fn insert_binding(connection: &Connection, record: &BindingRecord) -> rusqlite::Result<()> {
    // A connection does not survive a restart, so a phone behind one is not kept.
    let Flow::Datagram { listener, peer } = record.flow else {
        return delete_binding(connection, record.binding);
    };
    let texts = record.texts.get();
    let mut insert = connection.prepare_cached(
        "insert or replace into registration (binding, line, contact, instance, reg_id, path, listener, peer, call_id, \
         cseq, expires_us, user_agent, phone, socket, account_md5, account_sha256) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    let [md5, sha256] = record.account.0;
    insert.execute(params![
        record.binding.0 as i64,
        texts.line,
        texts.contact,
        Some(texts.instance).filter(|instance| !instance.is_empty()),
        record.reg_id,
        texts.routes().collect::<Vec<_>>().join("\n"),
        listener.0,
        peer.to_string(),
        texts.call_id,
        record.cseq,
        micros(record.expires_at),
        texts.user_agent,
        record.phone.as_deref(),
        record.socket.map(|socket| socket.to_string()),
        md5 as i64,
        sha256 as i64,
    ])?;
    Ok(())
}

fn delete_binding(connection: &Connection, binding: BindingId) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("delete from registration where binding = ?1")?;
    delete.execute([binding.0 as i64]).map(|_| ())
}

fn get(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let query = "select value from meta where name = ?1";
    let value: Option<i64> = connection.query_row(query, [name], |row| row.get(0)).optional()?;
    Ok(value.unwrap_or(0) as u64)
}

fn set(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("insert or replace into meta values (?1, ?2)")?;
    insert.execute(params![name, value as i64]).map(|_| ())
}

const fn micros(time: WallTime) -> i64 {
    time.as_micros() as i64
}

/// Who released a call with a recorder, and in which state it is listed.
const RECORDER: &str = "recorder";
const NUMBERS_RESERVED: &str = "numbers_reserved";
const CHECKPOINT: &str = "checkpoint";
