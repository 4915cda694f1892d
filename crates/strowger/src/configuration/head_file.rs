//! A second witness of the head, outside the database.
//!
//! SQLite takes a write-ahead log that was cut for one that ended there: the changes behind the cut would be gone, and nobody
//! would know. The head that was accepted last stands therefore in a small file of its own as well.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use strowger_configuration::{Head, StateHash};

/// The open file: two slots, written in turn, so that a torn one leaves the other.
pub(super) struct HeadFile {
    file: File,
    path: PathBuf,
}

/// What the file says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Witness {
    /// Nothing was written yet.
    Silent,
    /// This was accepted.
    Accepted(Head),
    /// Neither slot can be read.
    Garbled,
}

impl HeadFile {
    /// Opens the file of a folder, or makes it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        Ok(HeadFile { file, path })
    }

    /// Writes the head; it is on the disk when this returns.
    pub(super) fn write(&self, head: Head) -> io::Result<()> {
        let mut slot = line(head).into_bytes();
        slot.resize(SLOT_BYTES - 1, b' ');
        slot.push(b'\n');
        self.file.write_all_at(&slot, (head.sequence % 2) * SLOT_BYTES as u64)?;
        self.file.sync_data()
    }

    /// What was accepted last.
    pub(super) fn read(&self) -> io::Result<Witness> {
        let mut bytes = Vec::new();
        File::open(&self.path)?.take(2 * SLOT_BYTES as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(Witness::Silent);
        }
        let heads = bytes.chunks(SLOT_BYTES).filter_map(parse);
        Ok(heads.max_by_key(|head| head.sequence).map_or(Witness::Garbled, Witness::Accepted))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn line(head: Head) -> String {
    let text = format!("{:020} {:#}", head.sequence, head.state);
    format!("{text} {:08x}", crc32fast::hash(text.as_bytes()))
}

fn parse(slot: &[u8]) -> Option<Head> {
    let found = std::str::from_utf8(slot).ok()?.trim_end();
    let (sequence, rest) = found.split_once(' ')?;
    let (state, _) = rest.split_once(' ')?;
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(state.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    let head = Head { sequence: sequence.parse().ok()?, state: StateHash::from_bytes(bytes) };
    (line(head) == found).then_some(head)
}

/// Its name in the data folder.
pub(super) const NAME: &str = "configuration.head";
/// What a disk writes as a whole.
const SLOT_BYTES: usize = 512;
