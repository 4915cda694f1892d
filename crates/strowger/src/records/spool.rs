//! The spool on the disk: one file for each segment.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use strowger_base::WallTime;
use strowger_cdr::FileName;
use strowger_cdr::spool::{Entry, Frame, Segment, Spooler};

/// The spool of a data folder.
pub(super) struct Spool {
    folder: PathBuf,
    pub(super) spooler: Spooler,
    file: File,
    /// Where the next byte goes.
    end: u64,
    /// What the disk did not take yet.
    pending: Vec<u8>,
    /// The segment is closed, and the next one is not begun: nothing comes behind its end.
    closing: bool,
}

/// A closed segment, which becomes files.
pub(super) struct Closed {
    /// Its number.
    pub(super) segment: u64,
    path: PathBuf,
    /// How long it is. It stays on the disk until somebody makes files of it: there may be many while the repository takes none.
    length: u64,
}

impl Closed {
    /// Its files, and whether it is whole. What is whole of a damaged one is a file too, closed when the one before it was.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn files(&self, cluster: &str, node: u32) -> io::Result<(Vec<(FileName, String)>, bool)> {
        let bytes = fs::read(&self.path)?;
        let Some(mut segment) = Segment::read(&bytes) else { return Ok((Vec::new(), false)) };
        let is_whole = segment.closed_at().is_some();
        if !is_whole {
            let entry = Entry::Closed(segment.head.closed_at);
            segment.frames.push(Frame { journal: segment.journal(), entry });
        }
        Ok((segment.files(cluster, node), is_whole))
    }

    /// How long it is.
    pub(super) const fn bytes(&self) -> u64 {
        self.length
    }

    /// It has its end.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn is_whole(&self) -> io::Result<bool> {
        Ok(Segment::read(&fs::read(&self.path)?).is_some_and(|segment| segment.closed_at().is_some()))
    }

    /// It is damaged: it stays for a closer look.
    pub(super) fn put_aside(&self) -> io::Result<PathBuf> {
        let aside = self.path.with_extension("damaged");
        fs::rename(&self.path, &aside)?;
        Ok(aside)
    }

    /// Its files are in the repository.
    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
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
                Some("spool") => segments.extend(number_of(&path).map(|segment| (segment, path))),
                // One that was just begun.
                Some("new") => fs::remove_file(path)?,
                _ => {}
            }
        }
        segments.sort();
        let Some((number, last)) = segments.pop() else {
            return Ok((Spool::begin(&folder, Spooler::new(epoch, journal))?, Vec::new()));
        };
        let mut closed = Vec::new();
        for (segment, path) in segments {
            closed.push(Closed { segment, length: fs::metadata(&path)?.len(), path });
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
            closed.push(Closed { segment: number, length: bytes.len() as u64, path: last });
            return Ok((spool, closed));
        }
        let file = OpenOptions::new().write(true).open(&last)?;
        file.set_len(segment.whole as u64)?;
        file.sync_all()?;
        let end = segment.whole as u64;
        Ok((Spool { folder, spooler, file, end, pending: Vec::new(), closing: false }, closed))
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

    /// True when the segment is closed and no other one could be begun yet.
    pub(super) const fn is_closing(&self) -> bool {
        self.closing
    }

    /// Closes the segment and begins another one; after an error it is tried again, and nothing may be added meanwhile.
    pub(super) fn cut(&mut self, at: WallTime) -> io::Result<Closed> {
        if !std::mem::replace(&mut self.closing, true) {
            self.spooler.close(at);
        }
        self.sync()?;
        let segment = self.spooler.head().segment;
        let path = path_of(&self.folder, segment);
        let bytes = fs::read(&path)?;
        let next = Segment::read(&bytes).map(|segment| Spooler::resume(&segment)).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is not what was written to it", path.display()),
            )
        })?;
        *self = Spool::begin(&self.folder, next)?;
        Ok(Closed { segment, path, length: bytes.len() as u64 })
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
        Ok(Spool {
            folder: folder.to_owned(),
            spooler,
            file,
            end: head.len() as u64,
            pending: Vec::new(),
            closing: false,
        })
    }
}

fn path_of(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:010}.spool"))
}

/// The number of a segment, by the name of its file.
fn number_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use strowger_cdr::{Cdr, RecordKind};

    use super::*;

    /// Goes when the test ends.
    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("strowger-spool-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn segment(&self, number: u64) -> PathBuf {
            path_of(&self.0.join("cdr"), number)
        }
    }

    const AT: WallTime = WallTime::from_micros(1_777_896_180_000_000);

    #[test]
    fn a_cut_that_fails_is_made_again_and_nothing_comes_in_between() {
        let folder = Folder::new("cut");
        let (mut spool, closed) = Spool::open(&folder.0, 7, 0).unwrap();
        assert!(closed.is_empty());
        spool.spooler.row(10, RecordKind::Cdr, &Cdr::default());
        spool.sync().unwrap();
        // Nobody can make a file where a folder is.
        let in_the_way = folder.segment(2).with_extension("new");
        fs::create_dir(&in_the_way).unwrap();
        for _ in 0..2 {
            assert!(spool.cut(AT).is_err());
            assert!(spool.is_closing());
        }
        fs::remove_dir(&in_the_way).unwrap();
        let closed = spool.cut(AT).unwrap();
        let (files, is_whole) = closed.files("lab", 1).unwrap();
        assert_eq!((files.len(), files[0].1.lines().count(), is_whole), (1, 3, true));
        assert_eq!((spool.is_closing(), spool.spooler.journal(), spool.spooler.rows()), (false, 10, 0));
    }

    #[test]
    fn what_is_whole_of_a_damaged_segment_is_written_and_the_rest_kept() {
        let folder = Folder::new("damage");
        let (mut spool, _) = Spool::open(&folder.0, 7, 0).unwrap();
        for journal in [10, 20] {
            spool.spooler.row(journal, RecordKind::Cdr, &Cdr::default());
        }
        drop(spool.cut(AT).unwrap());
        let first = folder.segment(1);
        let mut bytes = fs::read(&first).unwrap();
        let place = bytes.len() - 100;
        bytes[place] ^= 1;
        fs::write(&first, bytes).unwrap();
        let (_, mut closed) = Spool::open(&folder.0, 7, 0).unwrap();
        let closed = closed.remove(0);
        let (files, is_whole) = closed.files("lab", 1).unwrap();
        assert_eq!((files.len(), files[0].1.lines().count(), is_whole), (1, 3, false));
        assert!(closed.put_aside().unwrap().exists());
    }
}
