//! The spool on the disk: one file for each segment.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use strowger_base::WallTime;
use strowger_cdr::FileName;
use strowger_cdr::spool::{Segment, Spooler};

/// The spool of a data folder.
pub(super) struct Spool {
    folder: PathBuf,
    pub(super) spooler: Spooler,
    file: File,
    /// Where the next byte goes.
    end: u64,
    /// What the disk did not take yet.
    pending: Vec<u8>,
}

/// A closed segment, which becomes files.
pub(super) struct Closed {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Closed {
    pub(super) fn files(&self, cluster: &str, node: u32) -> Vec<(FileName, String)> {
        Segment::read(&self.bytes).map(|segment| segment.files(cluster, node)).unwrap_or_default()
    }

    /// Its files are in the repository.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(self.path)
    }
}

impl Spool {
    /// Opens the spool, and a new one where there is none: the journal is read from `journal` on then, and `epoch` is its name. What is torn
    /// is cut off. Segments that were closed come with it.
    pub(super) fn open(data: &Path, epoch: u64, journal: u64) -> io::Result<(Self, Vec<Closed>)> {
        let folder = data.join("cdr");
        fs::create_dir_all(&folder)?;
        let mut segments = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("spool") => segments.push(path),
                // One that was just begun.
                Some("new") => fs::remove_file(path)?,
                _ => {}
            }
        }
        segments.sort();
        let Some(last) = segments.pop() else {
            return Ok((Spool::begin(&folder, Spooler::new(epoch, journal))?, Vec::new()));
        };
        let mut closed = Vec::new();
        for path in segments {
            closed.push(Closed { bytes: fs::read(&path)?, path });
        }
        let bytes = fs::read(&last)?;
        let segment = Segment::read(&bytes).ok_or_else(|| {
            let what =
                format!("{} is no segment of call records; put it aside to begin anew", last.display());
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        let spooler = Spooler::resume(&segment);
        if segment.closed_at().is_some() {
            let spool = Spool::begin(&folder, spooler)?;
            closed.push(Closed { bytes, path: last });
            return Ok((spool, closed));
        }
        let file = OpenOptions::new().write(true).open(&last)?;
        file.set_len(segment.whole as u64)?;
        file.sync_all()?;
        let end = segment.whole as u64;
        Ok((Spool { folder, spooler, file, end, pending: Vec::new() }, closed))
    }

    /// Brings to the disk what was added.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.pending.append(&mut self.spooler.take());
        if self.pending.is_empty() {
            return Ok(());
        }
        self.file.write_all_at(&self.pending, self.end)?;
        self.file.sync_data()?;
        self.end += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Closes the segment and begins another one.
    pub(super) fn cut(&mut self, at: WallTime) -> io::Result<Closed> {
        self.spooler.close(at);
        self.sync()?;
        let path = path_of(&self.folder, self.spooler.head().segment);
        let bytes = fs::read(&path)?;
        let next = Segment::read(&bytes).map(|segment| Spooler::resume(&segment)).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is not what was written to it", path.display()),
            )
        })?;
        *self = Spool::begin(&self.folder, next)?;
        Ok(Closed { path, bytes })
    }

    /// A segment has its name when its head is on the disk.
    fn begin(folder: &Path, mut spooler: Spooler) -> io::Result<Self> {
        let path = path_of(folder, spooler.head().segment);
        let draft = path.with_extension("new");
        let head = spooler.take();
        let file = File::create(&draft)?;
        file.write_all_at(&head, 0)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        File::open(folder)?.sync_all()?;
        Ok(Spool { folder: folder.to_owned(), spooler, file, end: head.len() as u64, pending: Vec::new() })
    }
}

fn path_of(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:010}.spool"))
}
