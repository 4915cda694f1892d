//! SQLite keeps the contract of the log.

use strowger_configuration::log::Fault;
use strowger_configuration::log::contract::{self, Harness};
use strowger_configuration::{FollowError, Head, Log};

use super::Folder;
use crate::configuration::engine::{FILE, SqliteLog};
use crate::configuration::head_file::{HeadFile, Witness};

struct InSqlite {
    folder: Folder,
    made: usize,
}

impl Harness for InSqlite {
    type Engine = SqliteLog;

    fn create(&mut self) -> SqliteLog {
        self.made += 1;
        self.folder = Folder::new(&format!("contract-{}", self.made));
        SqliteLog::open(&self.folder.0).unwrap()
    }

    fn reopen(&mut self, engine: SqliteLog) -> Result<SqliteLog, FollowError> {
        drop(engine);
        SqliteLog::open(&self.folder.0)
    }

    fn fail_next(&mut self, engine: &mut SqliteLog, fault: Fault) {
        engine.fault = Some(fault);
    }

    fn damage(&mut self, engine: SqliteLog, sequence: u64) -> Result<SqliteLog, FollowError> {
        drop(engine);
        let database = rusqlite::Connection::open(self.folder.0.join(FILE)).unwrap();
        let garble = "update operation set after = ?1 where sequence = ?2 and position = 0";
        assert_eq!(database.execute(garble, rusqlite::params![contract::GARBLED, sequence as i64]), Ok(1));
        drop(database);
        SqliteLog::open(&self.folder.0)
    }
}

#[test]
fn sqlite_keeps_the_contract() {
    contract::check(&mut InSqlite { folder: Folder::new("contract"), made: 0 });
}

/// What the fingerprints do not cover is covered by a checksum.
#[test]
fn an_altered_author_is_told() {
    let folder = Folder::new("author");
    let mut log = SqliteLog::open(&folder.0).unwrap();
    for sequence in 1..=3 {
        log.commit(&contract::sample(sequence)).unwrap();
    }
    drop(log);
    for alter in ["author = 'mallory'", "at_us = 1", "message = ''", "purpose = 'trial'", "operations = 9"] {
        let database = rusqlite::Connection::open(folder.0.join(FILE)).unwrap();
        database.execute_batch("create table kept as select * from changeset where sequence = 3").unwrap();
        database.execute(&format!("update changeset set {alter} where sequence = 3"), []).unwrap();
        let found = SqliteLog::open(&folder.0).err();
        assert!(matches!(found, Some(FollowError::Damaged { sequence: 3, .. })), "{alter}: {found:?}");
        database.execute_batch("replace into changeset select * from kept; drop table kept").unwrap();
    }
    SqliteLog::open(&folder.0).unwrap();
}

#[test]
fn the_head_file_outlives_a_torn_write() {
    let folder = Folder::new("head");
    let head = |sequence| Head { sequence, state: contract::sample(sequence).state };
    let file = HeadFile::open(&folder.0).unwrap();
    assert_eq!(file.read().unwrap(), Witness::Silent);
    for sequence in 1..=3 {
        file.write(head(sequence)).unwrap();
        assert_eq!(file.read().unwrap(), Witness::Accepted(head(sequence)));
    }
    let whole = std::fs::read(file.path()).unwrap();
    // Change 3 is in the second slot; whatever becomes of it, the first holds change 2. One bit of its hundred characters
    // is enough.
    for at in 512..613 {
        let mut torn = whole.clone();
        torn[at] ^= 1;
        std::fs::write(file.path(), &torn).unwrap();
        assert_eq!(file.read().unwrap(), Witness::Accepted(head(2)), "byte {at}");
    }
    std::fs::write(file.path(), [b'?'; 1024]).unwrap();
    assert_eq!(file.read().unwrap(), Witness::Garbled);
    assert!(matches!(SqliteLog::open(&folder.0).err(), Some(FollowError::Corrupt { .. })));
}

/// A database that was lost, or put back from an older copy, is not taken for one that was always so.
#[test]
fn changes_that_were_accepted_and_are_gone_are_told() {
    let folder = Folder::new("gone");
    let mut log = SqliteLog::open(&folder.0).unwrap();
    log.commit(&contract::sample(1)).unwrap();
    drop(log);
    std::fs::copy(folder.0.join(FILE), folder.0.join("old")).unwrap();
    let mut log = SqliteLog::open(&folder.0).unwrap();
    log.commit(&contract::sample(2)).unwrap();
    drop(log);
    std::fs::copy(folder.0.join("old"), folder.0.join(FILE)).unwrap();
    let found = SqliteLog::open(&folder.0).err();
    assert!(matches!(found, Some(FollowError::Damaged { sequence: 2, .. })), "{found:?}");
    std::fs::remove_file(folder.0.join(FILE)).unwrap();
    let found = SqliteLog::open(&folder.0).err();
    assert!(matches!(found, Some(FollowError::Damaged { sequence: 2, .. })), "{found:?}");
}

/// Somebody's `sqlite3` may hold up a change, and neither lose nor spoil it.
#[test]
fn a_reader_is_no_trouble() {
    let folder = Folder::new("reader");
    let mut log = SqliteLog::open(&folder.0).unwrap();
    log.commit(&contract::sample(1)).unwrap();
    let reader = rusqlite::Connection::open(folder.0.join(FILE)).unwrap();
    reader.execute_batch("begin; select count(*) from object").unwrap();
    log.commit(&contract::sample(2)).unwrap();
    let seen: i64 = reader.query_row("select max(sequence) from changeset", [], |row| row.get(0)).unwrap();
    assert_eq!((seen, log.head().unwrap().sequence), (1, 2));
}
