//! The configuration on a disk: the log's contract, the tables, the past, crashes and damage.

mod changes;
mod contract;
mod crash;
mod cut;
mod past;
mod tables;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use strowger_base::WallTime;
use strowger_configuration::{Id, Kind, Operation, Purpose, State};

use super::{Change, ConfigurationStore};

/// A folder that goes when the test ends.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Folder {
        // Memory, where there is a file system in it: hundreds of databases are opened, and a disk syncs slowly.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = place.join(format!("strowger-configuration-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn open(&self) -> ConfigurationStore {
        ConfigurationStore::open(&self.0, at(1_000), id(1_000_000)).unwrap().0
    }

    /// One value that SQL gives.
    fn query(&self, sql: &str) -> String {
        let connection = rusqlite::Connection::open(self.0.join(super::engine::FILE)).unwrap();
        let mut query = connection.prepare(sql).unwrap();
        let columns = query.column_count();
        let rows = query.query_map([], |row| {
            let cells = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
            let cells: rusqlite::Result<Vec<String>> = cells
                .map(|cell| {
                    Ok(match cell? {
                        rusqlite::types::Value::Null => "null".to_owned(),
                        rusqlite::types::Value::Integer(whole) => whole.to_string(),
                        rusqlite::types::Value::Real(real) => real.to_string(),
                        rusqlite::types::Value::Text(text) => text,
                        rusqlite::types::Value::Blob(bytes) => format!("{} bytes", bytes.len()),
                    })
                })
                .collect();
            Ok(cells?.join("|"))
        });
        rows.unwrap().map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where chance begins: 1 in the gate; `cargo xtask crashes` gives others.
fn seed() -> u64 {
    given("STROWGER_CRASHES_SEED").unwrap_or(1)
}

/// How many times as long as in the gate.
fn times() -> u64 {
    given("STROWGER_CRASHES_TIMES").unwrap_or(1)
}

fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

pub(super) fn id(number: u128) -> Id {
    Id::from_random(number)
}

pub(super) const fn at(seconds: u64) -> WallTime {
    WallTime::from_micros(seconds * 1_000_000)
}

/// Gives an object a value, whatever it is now.
fn put(state: &State, kind: Kind, object: u128, value: &Value) -> Operation {
    let before = state.entry(id(object)).map(|entry| entry.hash());
    Operation { kind, object: id(object), before, after: Some(value.to_string().into()) }
}

fn delete(state: &State, kind: Kind, object: u128) -> Operation {
    let before = state.entry(id(object)).map(|entry| entry.hash());
    Operation { kind, object: id(object), before, after: None }
}

fn partition(state: &State, object: u128, name: &str) -> Operation {
    put(state, Kind::Partition, object, &json!({ "name": name }))
}

fn line(state: &State, object: u128, pattern: &str, partition: u128) -> Operation {
    put(state, Kind::Line, object, &json!({ "pattern": pattern, "partition": id(partition).to_string() }))
}

/// A change by alice on what is there now; its id follows from its place.
fn change(store: &ConfigurationStore, purpose: Purpose, operations: Vec<Operation>) -> Change {
    let base = store.head().sequence;
    Change {
        id: id(u128::from(base) + 500_000),
        base,
        author: "alice".into(),
        message: format!("change {}", base + 1).into(),
        purpose,
        operations,
    }
}

fn commit(store: &mut ConfigurationStore, operations: Vec<Operation>) {
    let change = change(store, Purpose::Lasting, operations);
    store.commit(change, at(10)).unwrap();
}

/// Changes: 1 two partitions and a line, 2 another line, 3 the first line renamed, 4 the second partition gone.
fn four_changes(folder: &Folder) -> ConfigurationStore {
    let mut store = folder.open();
    let state = store.state().clone();
    commit(
        &mut store,
        vec![partition(&state, 1, "internal"), partition(&state, 2, "spare"), line(&state, 3, "1001", 1)],
    );
    let operation = line(store.state(), 4, "1002", 1);
    commit(&mut store, vec![operation]);
    let operation = line(store.state(), 3, "1003", 1);
    commit(&mut store, vec![operation]);
    let operation = delete(store.state(), Kind::Partition, 2);
    commit(&mut store, vec![operation]);
    store
}
