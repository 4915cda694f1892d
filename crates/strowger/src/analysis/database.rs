//! The database of rows: `cdr.db`. One thread writes; whoever searches reads beside it.
//!
//! Rows lie in the order of time: the key of a row is the second in which its call began, and a count within that second. Numbers, devices and users
//! are numbers of a dictionary, so that what questions are about is small, and looking at all rows takes less than a microsecond for each.
//! Whole rows lie beside that, several packed together.

mod forgetting;
mod upgrade;

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};
use strowger_cdr::analysis::{Call, EndedBy, Quality, began, quality_of};
use strowger_cdr::file::{FileError, Reader, line};
use strowger_cdr::{Cdr, Cmr, RecordKind};

pub(super) use self::forgetting::FORGOTTEN_AT_ONCE;

/// The database, for the thread that writes.
pub(crate) struct Database {
    connection: Connection,
    words: HashMap<Box<str>, u32>,
    trunks: HashSet<u32>,
    seconds: HashMap<(RecordKind, i64), Second>,
    /// How many keys are remembered in `seconds`.
    remembered: usize,
    next_block: i64,
}

/// The rows of one second.
#[derive(Default)]
struct Second {
    next: i64,
    keys: HashSet<u128>,
}

/// What became of a file.
#[derive(Clone, Default, Debug, serde::Serialize)]
pub(crate) struct Loaded {
    /// What it has: `cdr` or `cmr`.
    pub(crate) kind: &'static str,
    /// Rows that were new.
    pub(crate) rows: u64,
    /// Rows that were there already.
    pub(crate) known: u64,
    /// Rows that cannot be read.
    pub(crate) wrong: u64,
    /// Why; the first of them.
    pub(crate) problems: Vec<String>,
    /// The same file was loaded before.
    pub(crate) again: bool,
}

/// Why a file was not loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// It is no file of records.
    #[error("{0}")]
    File(#[from] FileError),
    /// The database does not take it.
    #[error("the database of call records does not take it: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Columns that are read of each row, in the order of [`call_of`].
pub(super) const COLUMNS: &str = "id, seconds, wait, held, calling, called, reached, orig_device, dest_device, orig_user, \
     dest_user, cause, ended_by, codec, orig_lost, orig_jitter, orig_latency, orig_mos, dest_lost, dest_jitter, dest_latency, dest_mos";
/// How many these are.
pub(super) const COLUMN_COUNT: usize = 22;

const SCHEMA: &str = "
create table if not exists call (
    id integer primary key, seconds integer not null, wait integer, held integer not null,
    calling integer not null, called integer not null, reached integer not null,
    orig_device integer not null, dest_device integer not null, orig_user integer not null, dest_user integer not null,
    cause integer not null, ended_by integer not null, codec integer not null,
    orig_lost integer, orig_jitter integer, orig_latency integer, orig_mos integer,
    call_id integer not null, node integer not null, cluster integer not null,
    orig_leg integer not null, dest_leg integer not null, block integer not null, place integer not null, pkid blob not null,
    dest_lost integer, dest_jitter integer, dest_latency integer, dest_mos integer
);
create index if not exists call_of on call (call_id);
create table if not exists quality (
    id integer primary key, lost integer, jitter integer, latency integer, mos integer,
    call_id integer not null, node integer not null, cluster integer not null, leg integer not null,
    block integer not null, place integer not null, pkid blob not null
);
create index if not exists quality_of on quality (call_id);
create table if not exists word (id integer primary key, text text not null unique);
create table if not exists trunk (word integer primary key);
create table if not exists block (id integer primary key, lines blob not null);
create table if not exists file (
    name text not null, checksum integer not null, rows integer not null, known integer not null, wrong integer not null,
    problem text, loaded integer not null, primary key (name, checksum)
) without rowid;
create table if not exists setting (name text primary key, value blob not null) without rowid;
";
const VERSION: i64 = 2;

impl Database {
    /// Where it lies.
    pub(crate) fn path(data: &Path) -> PathBuf {
        data.join("cdr.db")
    }

    /// Makes one in a folder for copies with what only this database has: the table of rates. Rows are in files.
    pub(crate) fn copy_settings(data: &Path, folder: &Path) -> anyhow::Result<()> {
        let Some(from) = open_to_read(data)? else { return Ok(()) };
        let kept: Vec<(String, Vec<u8>)> = from
            .prepare("select name, value from setting")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if kept.is_empty() {
            return Ok(());
        }
        let mut copy = Self::open(folder)?;
        copy.together(|copy| kept.iter().try_for_each(|(name, value)| copy.set(name, Some(value))))?;
        // One file, and not one with others beside it.
        copy.connection.execute_batch("pragma journal_mode = delete;")?;
        Ok(())
    }

    /// Opens it to write, and makes it where there is none.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(Self::path(data))?;
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -32768; pragma temp_store = memory;",
        )?;
        let version: i64 = connection.query_row("pragma user_version", [], |row| row.get(0))?;
        anyhow::ensure!(
            (0..=VERSION).contains(&version),
            "{} is of a newer version of this program ({version}; this one knows {VERSION}); move it away, and load its files again with \
             strowger cdr import",
            Self::path(data).display()
        );
        if version == 1 {
            upgrade::second_version(&connection)?;
        }
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        let next_block =
            connection.query_row("select ifnull(max(id), 0) + 1 from block", [], |row| row.get(0))?;
        let mut database = Database {
            connection,
            words: HashMap::new(),
            trunks: HashSet::new(),
            seconds: HashMap::new(),
            remembered: 0,
            next_block,
        };
        database.trunks = trunks(&database.connection)?;
        Ok(database)
    }

    /// Does several things of which all are on the disk when it returns, or none is.
    pub(crate) fn together<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.connection.execute_batch("begin immediate")?;
        let before = self.next_block;
        let done = work(self).and_then(|done| self.connection.execute_batch("commit").map(|()| done));
        if done.is_err() {
            let _ = self.connection.execute_batch("rollback");
            self.forget();
            self.next_block = before;
            self.trunks = trunks(&self.connection).unwrap_or_default();
        }
        done
    }

    /// Loads a file. What is wrong in a row keeps no other from being loaded.
    ///
    /// # Errors
    /// It is no file of records (the outer value is fine, since nothing was written); the database fails.
    pub(crate) fn load(
        &mut self,
        name: &str,
        bytes: &[u8],
        now: i64,
    ) -> rusqlite::Result<Result<Loaded, FileError>> {
        let checksum = i64::from(crc32fast::hash(bytes));
        let before = self
            .connection
            .prepare_cached("select rows + known, wrong from file where name = ? and checksum = ?")?
            .query_row(params![name, checksum], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        if let Some((known, wrong)) = before {
            let whole = |number| u64::try_from(number).unwrap_or(0);
            return Ok(Ok(Loaded {
                known: whole(known),
                wrong: whole(wrong),
                again: true,
                ..Loaded::default()
            }));
        }
        let loaded = match Reader::<Cdr>::new(bytes) {
            Ok(reader) => self.rows(reader, RecordKind::Cdr)?,
            Err(first) => match Reader::<Cmr>::new(bytes) {
                Ok(reader) => self.rows(reader, RecordKind::Cmr)?,
                // Of a file that is neither, the first reader's words are about call records.
                Err(_) => return Ok(Err(first)),
            },
        };
        let whole = |number| i64::try_from(number).unwrap_or(i64::MAX);
        self.connection.prepare_cached("insert into file values (?, ?, ?, ?, ?, ?, ?)")?.execute(params![
            name,
            checksum,
            whole(loaded.rows),
            whole(loaded.known),
            whole(loaded.wrong),
            loaded.problems.first(),
            now
        ])?;
        Ok(Ok(loaded))
    }

    fn rows<R: Loadable>(&mut self, mut reader: Reader<'_, R>, kind: RecordKind) -> rusqlite::Result<Loaded> {
        let mut loaded = Loaded { kind: kind.word(), ..Loaded::default() };
        let mut block = Block::default();
        while let Some(record) = reader.next() {
            let wrong = match record {
                Err(error) => error.to_string(),
                Ok(record) => match second_of(record.at()) {
                    None => format!(
                        "line {}, column {}: {}: seconds since 1970 are expected",
                        reader.line(),
                        R::TIME,
                        record.at()
                    ),
                    Some(second) => {
                        let text = line(&record);
                        let key = record.key(&text);
                        let Some(id) = self.id(kind, second, key)? else {
                            loaded.known += 1;
                            continue;
                        };
                        record.insert(self, id, key, (self.next_block, block.count))?;
                        block.push(&text);
                        if block.count == BLOCK_ROWS {
                            self.pack(&mut block)?;
                        }
                        loaded.rows += 1;
                        continue;
                    }
                },
            };
            loaded.wrong += 1;
            if loaded.problems.len() < PROBLEMS_MAX {
                loaded.problems.push(wrong);
            }
        }
        self.pack(&mut block)?;
        Ok(loaded)
    }

    /// The key of a new row of that second; `None` when it is there already.
    fn id(&mut self, kind: RecordKind, second: i64, key: u128) -> rusqlite::Result<Option<i64>> {
        if self.remembered > REMEMBERED_MAX {
            self.seconds.clear();
            self.remembered = 0;
        }
        let known = match self.seconds.entry((kind, second)) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                let mut known = Second { next: second << SECOND_SHIFT, ..Second::default() };
                let sql = match kind {
                    RecordKind::Cdr => "select id, pkid from call where id >= ? and id < ?",
                    RecordKind::Cmr => "select id, pkid from quality where id >= ? and id < ?",
                };
                let mut found = self.connection.prepare_cached(sql)?;
                let mut rows = found.query([second << SECOND_SHIFT, (second + 1) << SECOND_SHIFT])?;
                while let Some(row) = rows.next()? {
                    known.next = row.get::<_, i64>(0)? + 1;
                    known.keys.insert(u128::from_be_bytes(row.get(1)?));
                }
                self.remembered += known.keys.len() + 1;
                place.insert(known)
            }
        };
        // A second with a million calls is none of this world.
        if known.next >= (second + 1) << SECOND_SHIFT || !known.keys.insert(key) {
            return Ok(None);
        }
        self.remembered += 1;
        known.next += 1;
        Ok(Some(known.next - 1))
    }

    fn pack(&mut self, block: &mut Block) -> rusqlite::Result<()> {
        if block.count == 0 {
            return Ok(());
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let packed = encoder.write_all(block.lines.as_bytes()).and_then(|()| encoder.finish());
        let packed = packed.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        self.connection
            .prepare_cached("insert into block values (?, ?)")?
            .execute(params![self.next_block, packed])?;
        self.next_block += 1;
        *block = Block::default();
        Ok(())
    }

    fn word(&mut self, text: &str) -> rusqlite::Result<u32> {
        if text.is_empty() {
            return Ok(0);
        }
        if let Some(word) = self.words.get(text) {
            return Ok(*word);
        }
        let found = self
            .connection
            .prepare_cached("select id from word where text = ?")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        let word = match found {
            Some(word) => word,
            None => {
                self.connection.prepare_cached("insert into word (text) values (?)")?.execute([text])?;
                u32::try_from(self.connection.last_insert_rowid())
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?
            }
        };
        if self.words.len() >= WORDS_MAX {
            self.words.clear();
        }
        self.words.insert(text.into(), word);
        Ok(word)
    }

    /// A device is a trunk or gateway when a row ever said which protocol it speaks: later rows of a call that was transferred do not say it again.
    fn trunk(&mut self, device: u32, protocol: i64) -> rusqlite::Result<()> {
        if protocol != 0 && device != 0 && self.trunks.insert(device) {
            self.connection.prepare_cached("insert or ignore into trunk values (?)")?.execute([device])?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.words.clear();
        self.seconds.clear();
        self.remembered = 0;
    }

    /// Keeps a text under a name, or removes it.
    pub(crate) fn set(&mut self, name: &str, value: Option<&[u8]>) -> rusqlite::Result<()> {
        match value {
            Some(value) => self
                .connection
                .execute("insert or replace into setting values (?, ?)", params![name, value])?,
            None => self.connection.execute("delete from setting where name = ?", [name])?,
        };
        Ok(())
    }
}

/// Rows that are packed together, as lines of a file.
#[derive(Default)]
struct Block {
    lines: String,
    count: i64,
}

impl Block {
    fn push(&mut self, line: &str) {
        self.lines.push_str(line);
        self.count += 1;
    }
}

/// A record that has its place in the database.
trait Loadable: strowger_cdr::record::Record {
    /// The column that says when.
    const TIME: &'static str;
    fn at(&self) -> i64;
    fn pkid(&self) -> u128;
    fn insert(&self, database: &mut Database, id: i64, key: u128, place: (i64, i64)) -> rusqlite::Result<()>;

    /// By what it is known: its `pkid`, and where a release writes none, everything that it says.
    fn key(&self, line: &str) -> u128 {
        match self.pkid() {
            0 => {
                let digest = Sha256::digest(line.as_bytes());
                digest.iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte))
            }
            pkid => pkid,
        }
    }
}

impl Loadable for Cdr {
    const TIME: &'static str = "dateTimeOrigination";

    fn at(&self) -> i64 {
        began(self)
    }

    fn pkid(&self) -> u128 {
        self.pkid.0
    }

    fn insert(&self, database: &mut Database, id: i64, key: u128, place: (i64, i64)) -> rusqlite::Result<()> {
        let call = Call::of(self);
        let cluster = database.word(&self.global_call_id_cluster_id)?;
        let mut word = |text| database.word(text);
        let (calling, called, reached) = (word(call.calling)?, word(call.called)?, word(call.reached)?);
        let (orig_device, dest_device) = (word(call.orig_device)?, word(call.dest_device)?);
        let (orig_user, dest_user) = (word(call.orig_user)?, word(call.dest_user)?);
        database.trunk(orig_device, self.incoming_protocol_id)?;
        database.trunk(dest_device, self.outgoing_protocol_id)?;
        let (call_id, node) = (self.global_call_id_call_id, self.global_call_id_call_manager_id);
        let (orig_leg, dest_leg) = (self.orig_leg_call_identifier, self.dest_leg_identifier);
        let mut heard = [Quality::default(); 2];
        {
            let sql = "select id, lost, jitter, latency, mos, leg from quality where call_id = ? and node = ? and cluster = ? \
                 and leg in (?, ?)";
            let mut found = database.connection.prepare_cached(sql)?;
            let mut rows = found.query(params![call_id, node, cluster, orig_leg, dest_leg])?;
            while let Some(row) = rows.next()? {
                if is_of_call(call.at, call.held, row.get::<_, i64>(0)? >> SECOND_SHIFT) {
                    let side = &mut heard[usize::from(row.get::<_, i64>(5)? != orig_leg)];
                    *side = side.worse(read_quality(row, 1)?);
                }
            }
        }
        let [orig, dest] = heard;
        database
            .connection
            .prepare_cached(
                "insert into call values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                call.seconds,
                call.wait,
                call.held,
                calling,
                called,
                reached,
                orig_device,
                dest_device,
                orig_user,
                dest_user,
                call.cause,
                call.ended_by.number(),
                call.codec,
                orig.lost,
                orig.jitter,
                orig.latency,
                orig.mos,
                call_id,
                node,
                cluster,
                orig_leg,
                dest_leg,
                place.0,
                place.1,
                &key.to_be_bytes()[..],
                dest.lost,
                dest.jitter,
                dest.latency,
                dest.mos
            ])?;
        Ok(())
    }
}

impl Loadable for Cmr {
    const TIME: &'static str = "dateTimeStamp";

    fn at(&self) -> i64 {
        self.date_time_stamp
    }

    fn pkid(&self) -> u128 {
        self.pkid.0
    }

    fn insert(&self, database: &mut Database, id: i64, key: u128, place: (i64, i64)) -> rusqlite::Result<()> {
        let quality = quality_of(self);
        let cluster = database.word(&self.global_call_id_cluster_id)?;
        let (call_id, node) = (self.global_call_id_call_id, self.global_call_id_call_manager_id);
        let leg = self.call_identifier;
        database
            .connection
            .prepare_cached("insert into quality values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                id,
                quality.lost,
                quality.jitter,
                quality.latency,
                quality.mos,
                call_id,
                node,
                cluster,
                leg,
                place.0,
                place.1,
                &key.to_be_bytes()[..]
            ])?;
        heard(&database.connection, (call_id, node, cluster, leg), self.at(), quality)
    }
}

/// What a leg (call, node, cluster, leg) heard until a moment is told to the calls that it was a side of then.
fn heard(
    connection: &Connection,
    (call_id, node, cluster, leg): (i64, i64, u32, i64),
    at: i64,
    quality: Quality,
) -> rusqlite::Result<()> {
    for (wanted, other, side) in [("orig_leg", "dest_leg", "orig"), ("dest_leg", "orig_leg", "dest")] {
        let mut changed = Vec::new();
        {
            // Where both sides are one leg, it is the first.
            let apart = if side == "dest" { format!("and {other} <> {wanted}") } else { String::new() };
            let sql = format!(
                "select id, held, {side}_lost, {side}_jitter, {side}_latency, {side}_mos from call \
                 where call_id = ? and node = ? and cluster = ? and {wanted} = ? {apart}"
            );
            let mut found = connection.prepare_cached(&sql)?;
            let mut rows = found.query(params![call_id, node, cluster, leg])?;
            while let Some(row) = rows.next()? {
                let call: i64 = row.get(0)?;
                if is_of_call(call >> SECOND_SHIFT, row.get(1)?, at) {
                    changed.push((call, quality.worse(read_quality(row, 2)?)));
                }
            }
        }
        for (call, heard) in changed {
            let sql = format!(
                "update call set {side}_lost = ?, {side}_jitter = ?, {side}_latency = ?, {side}_mos = ? where id = ?"
            );
            connection.prepare_cached(&sql)?.execute(params![
                heard.lost,
                heard.jitter,
                heard.latency,
                heard.mos,
                call
            ])?;
        }
    }
    Ok(())
}

/// Ids of calls come again after years, and a leg that was transferred is in several rows: media that ended then belong to calls that went on then.
const fn is_of_call(at: i64, held: i64, media_ended: i64) -> bool {
    media_ended >= at && media_ended <= at.saturating_add(held).saturating_add(LATE_SECONDS)
}

const fn second_of(at: i64) -> Option<i64> {
    if at >= 0 && at < SECONDS_END { Some(at) } else { None }
}

fn read_quality(row: &Row<'_>, first: usize) -> rusqlite::Result<Quality> {
    Ok(Quality {
        lost: row.get(first)?,
        jitter: row.get(first + 1)?,
        latency: row.get(first + 2)?,
        mos: row.get(first + 3)?,
    })
}

/// A row of [`COLUMNS`] with its key.
pub(super) fn call_of(row: &Row<'_>) -> rusqlite::Result<(i64, Call<u32>)> {
    let id: i64 = row.get(0)?;
    let call = Call {
        at: id >> SECOND_SHIFT,
        seconds: row.get(1)?,
        wait: row.get(2)?,
        held: row.get(3)?,
        calling: row.get(4)?,
        called: row.get(5)?,
        reached: row.get(6)?,
        orig_device: row.get(7)?,
        dest_device: row.get(8)?,
        orig_user: row.get(9)?,
        dest_user: row.get(10)?,
        cause: row.get(11)?,
        ended_by: EndedBy::of(row.get(12)?),
        codec: row.get(13)?,
        orig_quality: read_quality(row, 14)?,
        dest_quality: read_quality(row, 18)?,
    };
    Ok((id, call))
}

/// Opens the database to read; `None` when there is none yet.
pub(super) fn open_to_read(data: &Path) -> anyhow::Result<Option<Connection>> {
    let path = Database::path(data);
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch("pragma mmap_size = 17179869184; pragma temp_store = memory;")?;
    Ok(Some(connection))
}

/// The devices that are trunks or gateways.
pub(super) fn trunks(connection: &Connection) -> rusqlite::Result<HashSet<u32>> {
    connection.prepare("select word from trunk")?.query_map([], |row| row.get(0))?.collect()
}

/// The line that is at that place of a block.
pub(super) fn line_of(connection: &Connection, block: i64, place: i64) -> anyhow::Result<String> {
    let packed: Vec<u8> =
        connection.query_row("select lines from block where id = ?", [block], |row| row.get(0))?;
    let mut lines = String::new();
    DeflateDecoder::new(&*packed).take(BLOCK_BYTES_MAX).read_to_string(&mut lines)?;
    let line = lines.lines().nth(usize::try_from(place)?);
    Ok(line.ok_or_else(|| anyhow::anyhow!("block {block} has no row {place}"))?.to_owned())
}

/// Rows of a second are counted with so many bits.
pub(super) const SECOND_SHIFT: u32 = 20;
/// Seconds from here on have no key.
pub(super) const SECONDS_END: i64 = 1 << 42;
/// How long after its end what is said of a call may come.
const LATE_SECONDS: i64 = 120;
const BLOCK_ROWS: i64 = 64;
const BLOCK_BYTES_MAX: u64 = BLOCK_ROWS as u64 * 64 * 1024;
const PROBLEMS_MAX: usize = 20;
/// Words that are remembered, and keys of rows.
const WORDS_MAX: usize = 300_000;
const REMEMBERED_MAX: usize = 500_000;
