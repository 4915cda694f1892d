//! What a power cut may leave in the files, and what a bad disk may make of them.
//!
//! What is allowed: after a power cut in a commit, the change is there whole or not at all, and everything before it is. When the
//! disk lost or altered what it had promised to keep, the store says so, or what it gives is what was written.

use std::ops::Range;

use strowger_base::Rng;
use strowger_configuration::Head;

use super::writer::Writer;
use super::*;
use crate::configuration::OpenError;
use crate::configuration::engine::FILE;
use crate::configuration::head_file;

/// The files of a configuration at one moment.
#[derive(Clone, Default, PartialEq)]
struct Disk {
    database: Vec<u8>,
    wal: Vec<u8>,
    head: Vec<u8>,
}

impl Disk {
    fn of(folder: &Folder) -> Disk {
        let read = |name: &str| fs::read(folder.0.join(name)).unwrap_or_default();
        Disk { database: read(FILE), wal: read(&format!("{FILE}-wal")), head: read(head_file::NAME) }
    }

    /// What is found when the server comes up on it.
    fn open(&self, folder: &Folder) -> Result<ConfigurationStore, OpenError> {
        let write = |name: &str, bytes: &[u8]| fs::write(folder.0.join(name), bytes).unwrap();
        write(FILE, &self.database);
        write(&format!("{FILE}-wal"), &self.wal);
        write(head_file::NAME, &self.head);
        let _ = fs::remove_file(folder.0.join(format!("{FILE}-shm")));
        ConfigurationStore::open(&folder.0, at(60), id(u128::MAX)).map(|(store, _)| store)
    }
}

/// A store after some changes of a writer, none of them on trial.
fn written(folder: &Folder, changes: usize) -> (ConfigurationStore, Writer) {
    let mut store = folder.open();
    let mut writer = Writer(Rng::new(7));
    for _ in 0..changes {
        one_more(&mut store, &mut writer);
    }
    (store, writer)
}

fn one_more(store: &mut ConfigurationStore, writer: &mut Writer) {
    let mut change = writer.next(store);
    change.purpose = Purpose::Lasting;
    store.commit(change, at(50)).unwrap();
}

/// `new` up to a byte, and from there on what was there before.
fn torn(old: &[u8], new: &[u8], at: usize) -> Vec<u8> {
    let rest = old.get(at..).unwrap_or_default();
    new.get(..at).unwrap_or(new).iter().chain(rest).copied().collect()
}

/// Each sector is the new one or the old one: a disk writes them in any order.
fn shuffled(old: &[u8], new: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = new.to_vec();
    for (sector, old) in bytes.chunks_mut(512).zip(old.chunks(512)) {
        if sector.len() == old.len() && rng.one_in(2) {
            sector.copy_from_slice(old);
        }
    }
    bytes
}

/// A power cut while a change is written: the write-ahead log ends anywhere, or has sectors of before.
#[test]
fn a_power_cut_leaves_a_change_whole_or_not_at_all() {
    let folder = Folder::new("cut");
    let other = Folder::new("cut-copy");
    let (mut store, mut writer) = written(&folder, 10);
    let mut rng = Rng::new(seed());
    let step = (907 / times() as usize).max(1);
    // Behind others in a new write-ahead log; and over older ones in one that begins again.
    for begins_again in [false, true] {
        if begins_again {
            store.log.connection().unwrap().execute_batch("pragma wal_checkpoint(restart)").unwrap();
        }
        let (before, old) = (store.head(), Disk::of(&folder));
        one_more(&mut store, &mut writer);
        let (after, new) = (store.head(), Disk::of(&folder));
        let Range { start, end } = difference(&old.wal, &new.wal);
        assert!(start < end, "the change is in the write-ahead log");
        let mut seen = [0, 0];
        let mut check = |wal: Vec<u8>| {
            // The head file still says what it said before.
            let disk = Disk { wal, ..old.clone() };
            let store = disk.open(&other).unwrap();
            assert!([before, after].contains(&store.head()), "{}", store.head());
            assert_eq!(store.state().hash(), store.head().state);
            seen[usize::from(store.head() == after)] += 1;
        };
        for cut in (start..end).step_by(step).chain([end - 1, end]) {
            check(torn(&old.wal, &new.wal, cut));
            check(new.wal[..cut].to_vec());
        }
        for _ in 0..20 * times() {
            check(shuffled(&old.wal, &new.wal, &mut rng));
        }
        assert!(seen[0] > 20 && seen[1] > 1, "begins again: {begins_again}, seen {seen:?}");
    }
}

/// Where two files differ.
fn difference(old: &[u8], new: &[u8]) -> Range<usize> {
    let at = |index: usize| old.get(index) == new.get(index);
    let start = (0..new.len()).find(|index| !at(*index)).unwrap_or(new.len());
    let end = (start..new.len()).rev().find(|index| !at(*index)).map_or(start, |last| last + 1);
    start..end
}

/// A power cut while the write-ahead log is moved into the database loses nothing.
#[test]
fn a_power_cut_in_a_checkpoint_loses_nothing() {
    let folder = Folder::new("checkpoint");
    let other = Folder::new("checkpoint-copy");
    let (store, _) = written(&folder, 30);
    let (head, old) = (store.head(), Disk::of(&folder));
    drop(store);
    let new = Disk::of(&folder);
    assert!(new.wal.is_empty() && new.database != old.database);
    let mut rng = Rng::new(seed());
    for round in 0..24 * times() {
        let database = if round % 2 == 0 {
            torn(&old.database, &new.database, rng.below(new.database.len() as u64) as usize)
        } else {
            shuffled(&old.database, &new.database, &mut rng)
        };
        let store = Disk { database, ..old.clone() }.open(&other).unwrap();
        assert_eq!(store.head(), head);
        store.check().unwrap();
    }
}

/// What the store gives from files that were harmed after they were synced.
fn harmed(disk: &Disk, other: &Folder, head: Head, summaries: &[super::super::Summary]) -> Found {
    let store = match disk.open(other) {
        Ok(store) => store,
        Err(_) => return Found::AtStart,
    };
    // Whatever it is that was harmed, nobody routes by it.
    assert_eq!((store.head(), store.state().hash()), (head, head.state));
    match store.check() {
        Err(_) => Found::ByCheck,
        Ok(checked) => {
            assert_eq!((checked.changes, checked.objects), (head.sequence, store.state().len() as u64));
            assert_eq!(store.history(u64::MAX, 100).unwrap(), summaries);
            Found::Nothing
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    AtStart,
    ByCheck,
    /// Nobody uses the place.
    Nothing,
}

/// A write-ahead log that was cut after it was synced is never taken for one that ended there.
#[test]
fn a_cut_that_loses_changes_is_told() {
    let folder = Folder::new("lost-tail");
    let other = Folder::new("lost-tail-copy");
    let (store, _) = written(&folder, 25);
    let disk = Disk::of(&folder);
    let mut rng = Rng::new(seed());
    let (mut told, mut whole) = (0, 0);
    let length = disk.wal.len();
    for cut in
        (0..50 * times()).map(|_| rng.below(length as u64) as usize).chain([0, 31, 32, length - 1, length])
    {
        let cut = Disk { wal: disk.wal[..cut].to_vec(), ..disk.clone() };
        match harmed(&cut, &other, store.head(), &store.history(u64::MAX, 100).unwrap()) {
            Found::AtStart => told += 1,
            Found::ByCheck => panic!("a cut is seen at the start"),
            Found::Nothing => whole += 1,
        }
    }
    assert!(told > 40 && whole > 0, "{told} told, {whole} whole");
}

/// Pages and bytes of the database that are not what was written.
#[test]
fn a_garbled_page_is_told() {
    let folder = Folder::new("garbled");
    let other = Folder::new("garbled-copy");
    let (store, _) = written(&folder, 60);
    let (head, summaries) = (store.head(), store.history(u64::MAX, 100).unwrap());
    drop(store);
    let disk = Disk::of(&folder);
    let pages = disk.database.len() / PAGE;
    let mut rng = Rng::new(seed());
    let mut count = [0, 0, 0];
    for round in 0..160 * times() {
        let mut database = disk.database.clone();
        let page = rng.below(pages as u64) as usize * PAGE;
        let place = page + rng.below(PAGE as u64) as usize;
        match round % 4 {
            // A bit; a page of nothing; a page of another place; the rest of the file.
            0 => database[place] ^= 1 << rng.below(8),
            1 => database[page..page + PAGE].fill(0),
            2 => {
                let from = rng.below(pages as u64) as usize * PAGE;
                database.copy_within(from..from + PAGE, page);
            }
            _ => database.truncate(place),
        }
        if database == disk.database {
            continue;
        }
        let found = harmed(&Disk { database, ..disk.clone() }, &other, head, &summaries);
        assert!(round % 4 != 3 || found != Found::Nothing, "a database that was cut at {place}");
        count[found as usize] += 1;
    }
    // At a start, and what no start has to read.
    assert!(count[0] > 30 && count[1] > 5, "at start, by check, harmless: {count:?}");
}

const PAGE: usize = 4096;
