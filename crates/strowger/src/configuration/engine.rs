//! The log of changes in SQLite.
//!
//! A change-set, the objects that it leaves and the tables that people query are one transaction
//! (docs/adr/0018-configuration-in-sqlite.md says what is durable when).

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use strowger_configuration::{ChangeSet, CommitError, FollowError, Head, Id, Kind, Log, Naming};
use strowger_configuration::{ObjectHash, SCHEMA, StateHash, log};

use super::entry;
use super::head_file::{HeadFile, Witness};
use super::layout::Layout;
use super::progress::{Phase, Progress};
use super::rows;

/// The open database.
pub(crate) struct SqliteLog {
    folder: PathBuf,
    connection: Connection,
    head_file: HeadFile,
    layout: Layout,
    /// A commit failed half way and it could not be found out yet what became of it.
    in_doubt: bool,
    pub(super) progress: Progress,
    #[cfg(test)]
    pub(super) fault: Option<log::Fault>,
}

/// Why a change was not written.
enum Trouble {
    /// Before the point of no return.
    Before(CommitError),
    /// At it, or behind it.
    After(String),
}

impl SqliteLog {
    /// Opens the log of a folder, or makes one, and checks its end.
    ///
    /// # Errors
    /// It cannot be opened, or what is there is damaged.
    pub(crate) fn open(folder: &Path) -> Result<Self, FollowError> {
        let mut connection = connect(folder).map_err(unreadable)?;
        let layout = Layout::new();
        prepare(&mut connection, &layout)?;
        // The files' own entries in the folder have to survive as well.
        let head_file = HeadFile::open(folder).map_err(|error| unavailable(folder, &error))?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| unavailable(folder, &error))?;
        let log = SqliteLog {
            folder: folder.to_owned(),
            connection,
            head_file,
            layout,
            in_doubt: false,
            progress: Progress::default(),
            #[cfg(test)]
            fault: None,
        };
        log.check_end()?;
        log.head_file.write(log.head()?).map_err(|error| unavailable(log.head_file.path(), &error))?;
        Ok(log)
    }

    /// Finds out what became of a commit that failed half way.
    ///
    /// # Errors
    /// The disk still refuses.
    pub(crate) fn settle(&mut self) -> Result<(), FollowError> {
        if !self.in_doubt {
            return Ok(());
        }
        // Closing and opening makes SQLite look at what is in the files, and moving all of it into the database makes that
        // what a power cut would leave as well.
        self.connection = Connection::open_in_memory().map_err(unreadable)?;
        self.connection = connect(&self.folder).map_err(unreadable)?;
        let busy: i64 = self
            .connection
            .query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))
            .map_err(unreadable)?;
        if busy != 0 {
            let why = "somebody reads the database; whether the last change was accepted is open".to_owned();
            return Err(FollowError::Unavailable { why });
        }
        self.head_file.write(head(&self.connection)?).map_err(|error| unavailable(&self.folder, &error))?;
        self.in_doubt = false;
        Ok(())
    }

    /// The database, when it says what a power cut would leave.
    pub(super) fn connection(&self) -> Result<&Connection, FollowError> {
        if self.in_doubt {
            let why = "whether the last change reached the disk is not known yet".to_owned();
            return Err(FollowError::Unavailable { why });
        }
        Ok(&self.connection)
    }

    pub(super) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The head is the one that was accepted last, and the last changes are what was written.
    fn check_end(&self) -> Result<(), FollowError> {
        let head = self.head()?;
        let witness = self.head_file.read().map_err(|error| unavailable(self.head_file.path(), &error))?;
        match witness {
            Witness::Silent => {}
            Witness::Garbled => {
                let why = format!("{} cannot be read", self.head_file.path().display());
                return Err(FollowError::Corrupt { why });
            }
            Witness::Accepted(accepted) => {
                let there = match accepted.sequence {
                    0 => Some(StateHash::default()),
                    sequence => entry::state(&self.connection, sequence).map_err(unreadable)?,
                };
                if there != Some(accepted.state) {
                    let why = format!(
                        "the log ends at {head}, but {accepted} was accepted: what came last is lost"
                    );
                    return Err(FollowError::Damaged { sequence: accepted.sequence, why });
                }
            }
        }
        let mut operations = 0;
        for summary in entry::read_before(&self.connection, head.sequence, CHANGES_CHECKED)? {
            operations += summary.operations;
            if operations > OPERATIONS_CHECKED {
                break;
            }
            self.follow(summary.sequence - 1, 1)?;
        }
        Ok(())
    }

    fn write(&mut self, change: &ChangeSet) -> Result<Head, Trouble> {
        if change.operations.len() < OPERATIONS_MANY {
            return self.write_within_cache(change);
        }
        // A large change comes back to the same pages of the indices again and again.
        let cache = |pragmas| self.connection.execute_batch(pragmas).map_err(|error| failed(&error));
        cache(LARGE_CACHE)?;
        let written = self.write_within_cache(change);
        // It was written whatever becomes of the cache.
        let _ = self.connection.execute_batch(SMALL_CACHE);
        written
    }

    fn write_within_cache(&mut self, change: &ChangeSet) -> Result<Head, Trouble> {
        #[cfg(test)]
        let fault = self.fault.take();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| failed(&error))?;
        append(&transaction, &self.layout, change, &self.progress)?;
        #[cfg(test)]
        match fault {
            None => {}
            Some(log::Fault::Refused) => {
                return Err(Trouble::Before(CommitError::Failed { why: "a fault".to_owned() }));
            }
            Some(log::Fault::LostBefore) => return Err(Trouble::After("a fault".to_owned())),
            Some(log::Fault::LostAfter) => {
                let _ = transaction.commit();
                return Err(Trouble::After("a fault".to_owned()));
            }
        }
        transaction.commit().map_err(|error| match error.sqlite_error_code() {
            // Readers were in the way: nothing was written.
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => failed(&error),
            // The record that makes it count may have reached the disk, whatever became of the sync behind it.
            Some(_) | None => Trouble::After(error.to_string()),
        })?;
        Ok(Head { sequence: change.sequence, state: change.state })
    }
}

impl Log for SqliteLog {
    fn head(&self) -> Result<Head, FollowError> {
        head(self.connection()?)
    }

    fn commit(&mut self, change: &ChangeSet) -> Result<(), CommitError> {
        self.settle().map_err(|error| CommitError::Failed { why: error.to_string() })?;
        let there = match self.find(change.id) {
            Ok(None) => None,
            Ok(Some(sequence)) => self.follow(sequence - 1, 1).map(|mut found| found.pop()).transpose(),
            Err(error) => Some(Err(error)),
        };
        match there {
            None => {}
            Some(Ok(there)) => return log::repeated(&there, change),
            Some(Err(error)) => return Err(CommitError::Failed { why: error.to_string() }),
        }
        let why = match self.write(change) {
            Ok(head) => match self.head_file.write(head) {
                Ok(()) => return Ok(()),
                Err(error) => error.to_string(),
            },
            Err(Trouble::Before(error)) => return Err(error),
            Err(Trouble::After(why)) => why,
        };
        self.in_doubt = true;
        // Mostly it can be found out at once; while it cannot, nothing is read either.
        let _ = self.settle();
        Err(CommitError::Unknown { why })
    }

    fn follow(&self, after: u64, limit: usize) -> Result<Vec<ChangeSet>, FollowError> {
        let connection = self.connection()?;
        let mut before = Head { sequence: after, state: StateHash::default() };
        if after > 0 {
            let Some(state) = entry::state(connection, after).map_err(unreadable)? else {
                return Ok(Vec::new());
            };
            before.state = state;
        }
        let mut found = Vec::new();
        for change in entry::read_after(connection, after, limit)? {
            log::continues(before, &change)?;
            before = Head { sequence: change.sequence, state: change.state };
            found.push(change);
        }
        Ok(found)
    }

    fn find(&self, id: Id) -> Result<Option<u64>, FollowError> {
        let query = "select sequence from changeset where id = ?1";
        let found: Option<i64> = self
            .connection()?
            .query_row(query, [id.to_string()], |row| row.get(0))
            .optional()
            .map_err(unreadable)?;
        Ok(found.map(i64::cast_unsigned))
    }
}

/// The whole of a change-set, in a transaction.
fn append(
    transaction: &Transaction<'_>,
    layout: &Layout,
    change: &ChangeSet,
    progress: &Progress,
) -> Result<(), Trouble> {
    progress.begin(Phase::Writing, change.operations.len());
    let head =
        head(transaction).map_err(|error| Trouble::Before(CommitError::Failed { why: error.to_string() }))?;
    log::may_follow(head, change).map_err(Trouble::Before)?;
    entry::write(transaction, change).map_err(|error| failed(&error))?;
    for operation in &change.operations {
        let id = operation.object.to_string();
        let there = hash_of(transaction, &id).map_err(|error| failed(&error))?;
        if there != operation.before {
            let why = format!("{} {id} is not what the change was made for", operation.kind);
            return Err(Trouble::Before(CommitError::Failed { why }));
        }
        apply(transaction, layout, operation.kind, &id, operation.hash_after(), operation.after.as_deref())
            .map_err(|error| failed(&error))?;
        progress.step();
    }
    Ok(())
}

/// Brings one object and its rows to what an operation says.
fn apply(
    transaction: &Transaction<'_>,
    layout: &Layout,
    kind: Kind,
    id: &str,
    hash: Option<ObjectHash>,
    after: Option<&str>,
) -> rusqlite::Result<()> {
    match (hash, after) {
        (Some(hash), Some(text)) => {
            let mut put = transaction.prepare_cached(
                "insert into object (id, kind, name, value, hash) values (?1, ?2, ?3, ?4, ?5) \
                 on conflict (id) do update set kind = ?2, name = ?3, value = ?4, hash = ?5",
            )?;
            let value = serde_json::from_str(text)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            put.execute(params![id, kind.word(), name_of(kind, &value), text, hash.to_bytes()])?;
            rows::put(transaction, layout, kind, id, &value)
        }
        _ => {
            transaction.prepare_cached("delete from object where id = ?1")?.execute([id])?;
            rows::take(transaction, layout, kind, id)
        }
    }
}

/// What an object is called in its kind; a pattern without its partition, whose name is not its own.
fn name_of(kind: Kind, value: &serde_json::Value) -> &str {
    let setting = match kind.naming() {
        Naming::Name => "name",
        Naming::PatternInPartition => "pattern",
        Naming::Only => return kind.word(),
    };
    value.get(setting).and_then(serde_json::Value::as_str).unwrap_or_default()
}

fn hash_of(connection: &Connection, id: &str) -> rusqlite::Result<Option<ObjectHash>> {
    let mut query = connection.prepare_cached("select hash from object where id = ?1")?;
    let bytes: Option<[u8; 32]> = query.query_row([id], |row| row.get(0)).optional()?;
    Ok(bytes.map(ObjectHash::from_bytes))
}

fn head(connection: &Connection) -> Result<Head, FollowError> {
    let query = "select sequence, state from changeset order by sequence desc limit 1";
    let read = |row: &rusqlite::Row<'_>| {
        let (sequence, state): (i64, [u8; 32]) = (row.get(0)?, row.get(1)?);
        Ok(Head { sequence: sequence.cast_unsigned(), state: StateHash::from_bytes(state) })
    };
    let head = connection.prepare_cached(query).and_then(|mut query| query.query_row([], read).optional());
    Ok(head.map_err(unreadable)?.unwrap_or_default())
}

fn connect(folder: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(folder.join(FILE))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(PRAGMAS)?;
    Ok(connection)
}

/// Writes the database of a folder as it is now into a new file.
pub(super) fn copy(folder: &Path, to: &Path) -> rusqlite::Result<()> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute("vacuum into ?1", [to.to_string_lossy()]).map(drop)
}

/// Makes the tables, or makes those anew that people query when another version of the program made them.
fn prepare(connection: &mut Connection, layout: &Layout) -> Result<(), FollowError> {
    let version: u32 =
        connection.query_row("pragma user_version", [], |row| row.get(0)).map_err(unreadable)?;
    if version > FORMAT {
        let why = format!("its format is {version}, this program knows up to {FORMAT}: use a newer one");
        return Err(FollowError::Unavailable { why });
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unreadable)?;
    if version == 0 {
        transaction.execute_batch(TABLES).map_err(unreadable)?;
    }
    let newest: Option<u32> = transaction
        .query_row("select max(schema) from changeset", [], |row| row.get(0))
        .map_err(unreadable)?;
    if newest.is_some_and(|newest| newest > SCHEMA) {
        let why = "it was written by a newer version of this program: use that one".to_owned();
        return Err(FollowError::Unavailable { why });
    }
    if fingerprint(&transaction).map_err(unreadable)? != Some(layout.fingerprint()) {
        make_tables(&transaction, layout).map_err(unreadable)?;
    }
    transaction.commit().map_err(unreadable)
}

fn fingerprint(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    connection
        .query_row("select value from meta where name = 'layout'", [], |row| row.get::<_, String>(0))
        .optional()
        .map(|text| text.and_then(|text| text.parse().ok()))
}

/// Makes the tables that people query, and fills them.
fn make_tables(transaction: &Transaction<'_>, layout: &Layout) -> rusqlite::Result<()> {
    let old: Option<String> = transaction
        .query_row("select value from meta where name = 'tables'", [], |row| row.get(0))
        .optional()?;
    for table in old.iter().flat_map(|old| old.lines()) {
        transaction.execute_batch(&format!("drop table if exists \"{table}\""))?;
    }
    transaction.execute_batch(&layout.statements())?;
    fill_tables(transaction, transaction, layout)?;
    let tables: Vec<&str> = layout.tables().collect();
    let mut set = transaction.prepare("insert or replace into meta values (?1, ?2)")?;
    set.execute(params!["tables", tables.join("\n")])?;
    set.execute(params!["layout", layout.fingerprint().to_string()])?;
    Ok(())
}

/// Fills the tables that people query from the objects of another database, or of the same.
pub(super) fn fill_tables(from: &Connection, to: &Connection, layout: &Layout) -> rusqlite::Result<()> {
    let mut query = from.prepare("select id, kind, value from object")?;
    let mut objects = query.query([])?;
    while let Some(row) = objects.next()? {
        let kind = row.get_ref(1)?.as_str()?.parse::<Kind>();
        let value = serde_json::from_str(row.get_ref(2)?.as_str()?);
        // What cannot be read is told when the objects themselves are.
        if let (Ok(kind), Ok(value)) = (kind, value) {
            rows::put(to, layout, kind, row.get_ref(0)?.as_str()?, &value)?;
        }
    }
    Ok(())
}

fn failed(error: &rusqlite::Error) -> Trouble {
    Trouble::Before(CommitError::Failed { why: error.to_string() })
}

fn unavailable(path: &Path, error: &std::io::Error) -> FollowError {
    FollowError::Unavailable { why: format!("{}: {error}", path.display()) }
}

/// What SQLite says, as damage where it is.
pub(super) fn unreadable(error: rusqlite::Error) -> FollowError {
    let why = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(failure, _)
            if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
        {
            FollowError::Corrupt { why }
        }
        rusqlite::Error::SqliteFailure(..) => FollowError::Unavailable { why },
        // A value of another type than what was written, a table that is gone.
        _ => FollowError::Corrupt { why },
    }
}

/// The name of the database in the data folder.
pub(super) const FILE: &str = "configuration.sqlite";
/// The version of its tables, in `pragma user_version`.
const FORMAT: u32 = 1;
/// Changes at the end of the log that are read and checked at every start, with at most so many operations.
const CHANGES_CHECKED: usize = 64;
const OPERATIONS_CHECKED: u64 = 1_000;
const STATEMENTS_KEPT: usize = 512;
/// Operations of a change from which on more of the database is kept in memory while it is written.
const OPERATIONS_MANY: usize = 1_000;
const LARGE_CACHE: &str = "pragma cache_size = -16384";
/// As in [`PRAGMAS`]: objects are read once, from the first to the last, and a change of one touches some dozen pages.
const SMALL_CACHE: &str = "pragma cache_size = -1024; pragma shrink_memory";
/// How long somebody who queries the database may hold up a change.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

const PRAGMAS: &str = "
pragma journal_mode = wal;
pragma synchronous = extra;
pragma fullfsync = on;
pragma checkpoint_fullfsync = on;
pragma cell_size_check = on;
pragma trusted_schema = off;
pragma temp_store = memory;
pragma cache_size = -1024;
pragma journal_size_limit = 8388608;
";

const TABLES: &str = "
pragma user_version = 1;
pragma application_id = 0x5374726f;
create table changeset (
    sequence integer primary key, id text not null unique, author text not null, at_us integer not null,
    message text not null, purpose text not null, purpose_value integer, schema integer not null,
    operations integer not null, state blob not null, checksum integer not null
) strict;
create table operation (
    sequence integer not null, position integer not null, kind text not null, object text not null,
    before blob, after text
) strict;
create unique index operation_position on operation (sequence, position);
create index operation_object on operation (object, sequence);
create table object (
    id text not null primary key, kind text not null, name text not null, value text not null, hash blob not null
) strict;
create table meta (name text not null primary key, value text not null) strict, without rowid;
";
