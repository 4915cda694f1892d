//! Copies of the store while it is written, and a look at whether one is whole.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::carried;
use super::damage;
use super::index::Index;
use super::segment;

/// Copies index and journal into another folder of the same disk. The store goes on meanwhile.
///
/// # Errors
/// Something cannot be read, or has no room.
pub(crate) fn copy(data: &Path, to: &Path) -> io::Result<()> {
    let index = data.join(INDEX);
    if index.exists() {
        Index::read(&index).and_then(|index| index.copy(&to.join(INDEX))).map_err(io::Error::other)?;
    }
    let (from, to) = (data.join(JOURNAL), to.join(JOURNAL));
    fs::create_dir(&to)?;
    if !from.exists() {
        return Ok(());
    }
    let mut segments = segment::segments_in(&from)?;
    let newest = segments.pop();
    for number in segments {
        match link(&segment::path_of(&from, number), &segment::path_of(&to, number)) {
            // It was the oldest, and has just been retired.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            linked => linked?,
        }
    }
    for number in carried::files_in(&from)? {
        match link(&carried::path_of(&from, number), &carried::path_of(&to, number)) {
            // Its calls are over.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            linked => linked?,
        }
    }
    if let Some(number) = newest {
        // It is being written: what is whole of it counts.
        let bytes = fs::read(segment::path_of(&from, number))?;
        let whole = damage::each_frame(&from, number, &bytes, 0, |_, _| {}).whole;
        fs::write(segment::path_of(&to, number), bytes.get(..whole as usize).unwrap_or_default())?;
    }
    Ok(())
}

/// A second name for the same file; a copy where the file system has no such thing.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

/// What was found in a store that nobody writes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Found {
    pub(crate) calls: u64,
    pub(crate) registrations: u64,
    /// What is damaged, a sentence each.
    pub(crate) damage: Vec<String>,
}

/// Reads all of a store that nobody writes.
///
/// # Errors
/// It cannot be read.
pub(crate) fn check(data: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    if data.join(INDEX).exists() {
        let mut looked = || -> rusqlite::Result<()> {
            let connection = Connection::open(data.join(INDEX))?;
            let pages: String = connection.query_row("pragma integrity_check(1)", [], |row| row.get(0))?;
            if pages != "ok" {
                found.damage.push(format!("{INDEX}: {pages}"));
                return Ok(());
            }
            let count = |table: &str| {
                let query = format!("select count(*) from {table}");
                connection.query_row(&query, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
            };
            (found.calls, found.registrations) = (count("callrecord")?, count("registration")?);
            Ok(())
        };
        looked().map_err(io::Error::other)?;
    }
    let folder = data.join(JOURNAL);
    if folder.exists() {
        for number in segment::segments_in(&folder)? {
            let path = segment::path_of(&folder, number);
            let bytes = fs::read(&path)?;
            let damage::Extracted { whole, gaps } = damage::each_frame(&folder, number, &bytes, 0, |_, _| {});
            for gap in gaps {
                let place = format!("bytes {} to {} cannot be read", gap.start, gap.end);
                found.damage.push(format!("{}: {place}", path.display()));
            }
            if (whole as usize) < bytes.len() {
                found.damage.push(format!("{}: no record can be read from byte {whole} on", path.display()));
            }
        }
    }
    Ok(found)
}

const INDEX: &str = "strowger.db";
const JOURNAL: &str = "journal";
