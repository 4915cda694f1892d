//! The way of closed segments from the spool of this node into the repository, by the rules by which a repository feeds on many nodes.

use std::collections::BTreeMap;
use std::io;

use strowger_cdr::FileName;
use strowger_cdr::feed::{Marks, Shelf, Taking, Watermark};

use super::repository::{Consumer, Repository};
use super::spool::Closed;
use crate::log;

/// What is closed and not in the repository yet, or not known to be there.
pub(super) struct Feeding {
    node: u32,
    epoch: u64,
    shelf: Shelf,
    closed: BTreeMap<u64, Closed>,
    marks: Marks,
}

impl Feeding {
    /// Of a spool of that epoch with these closed segments, whose segment `open` is written to.
    ///
    /// # Errors
    /// What the repository has taken cannot be read.
    pub(super) fn new(
        node: u32,
        (epoch, open): (u64, u64),
        closed: Vec<Closed>,
        repository: &Repository,
    ) -> io::Result<Self> {
        let mut marks = repository.marks()?;
        marks.not_yet(node, Watermark { epoch, segment: open });
        let mut feeding = Feeding { node, epoch, shelf: Shelf::new(epoch), closed: BTreeMap::new(), marks };
        closed.into_iter().for_each(|closed| feeding.put(closed));
        Ok(feeding)
    }

    /// A segment was closed.
    pub(super) fn put(&mut self, closed: Closed) {
        self.shelf.put(closed.segment, closed.bytes());
        self.closed.insert(closed.segment, closed);
    }

    /// Makes files of everything that is closed, due to these, and removes it from the spool.
    ///
    /// # Errors
    /// The disk does not take it; it is tried again from where it was.
    pub(super) fn bring(
        &mut self,
        repository: &Repository,
        cluster: &str,
        due: &[Consumer],
    ) -> io::Result<()> {
        // What was taken before a stop and not removed.
        self.remove_taken()?;
        while let Some(answer) = self.shelf.after(self.marks.of(self.node), AT_ONCE_BYTES) {
            for segment in answer.segments {
                let mark = Watermark { epoch: self.epoch, segment };
                match self.marks.look(self.node, mark, answer.oldest) {
                    // Of a spool that was put back: what follows in it is asked for from now on.
                    Taking::Known => self.marks.take(self.node, mark),
                    Taking::Early => return Ok(()),
                    Taking::New { missing } => {
                        if missing > 0 {
                            log::error("parts of the spool of call records are gone")
                                .count("parts", missing)
                                .effect("the call records that were in them are lost")
                                .remedy("look at the disk; the journal has the calls: strowger calls, strowger explain")
                                .write();
                        }
                        let Some(closed) = self.closed.get(&segment) else { return Ok(()) };
                        for (name, text) in closed.files(cluster, self.node)?.0 {
                            put_in(repository, name, text.as_bytes(), due)?;
                        }
                        self.marks.take(self.node, mark);
                        repository.keep_marks(&self.marks)?;
                    }
                }
            }
            self.remove_taken()?;
        }
        Ok(())
    }

    fn remove_taken(&mut self) -> io::Result<()> {
        let Some(mark) = self.marks.of(self.node) else { return Ok(()) };
        for segment in self.shelf.taken(mark) {
            if let Some(closed) = self.closed.get(&segment) {
                if closed.is_whole()? {
                    closed.remove()?;
                } else {
                    log::error(
                        "a part of the spool of call records is damaged; what is whole of it was written",
                    )
                    .with("kept", closed.put_aside()?.display())
                    .remedy("look at the disk; the journal has the calls: strowger calls, strowger explain")
                    .write();
                }
            }
            self.closed.remove(&segment);
            self.shelf.gone(segment);
        }
        Ok(())
    }
}

/// Puts a file into the repository. Another one may have its name where a spool was begun anew within a minute: none of them is taken for the other.
fn put_in(repository: &Repository, mut name: FileName, text: &[u8], due: &[Consumer]) -> io::Result<()> {
    while !repository.accept(&name, text, due)? {
        if repository.read(&name)? == text {
            // A stop came before it was kept that it is there.
            return Ok(());
        }
        name.sequence = name.sequence.saturating_add(ANEW);
    }
    Ok(())
}

/// How far apart the numbers of files are that would have one name.
const ANEW: u64 = 1_000_000;
/// Bytes of segments that are looked at together.
const AT_ONCE_BYTES: u64 = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use strowger_base::WallTime;
    use strowger_cdr::{Cdr, RecordKind};

    use super::*;
    use crate::records::spool::Spool;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const AT: WallTime = WallTime::from_micros(1_777_896_180_000_000);

    fn segments(folder: &Folder) -> usize {
        fs::read_dir(folder.0.join("cdr")).unwrap().count()
    }

    #[test]
    fn a_spool_that_is_begun_anew_in_the_same_minute_loses_nothing() {
        let path = std::env::temp_dir().join(format!("strowger-feeding-anew-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let folder = Folder(path);
        let repository = Repository::open(&folder.0).unwrap();
        for epoch in [7, 8] {
            let (mut spool, closed) = Spool::open(&folder.0, epoch, 0).unwrap();
            let mut feeding = Feeding::new(1, (epoch, 1), closed, &repository).unwrap();
            let row = Cdr { global_call_id_call_id: i64::try_from(epoch).unwrap(), ..Cdr::default() };
            spool.spooler.row(1, RecordKind::Cdr, &row);
            let closed = spool.cut(AT).unwrap();
            let again = closed.files("lab", 1).unwrap().0.remove(0);
            feeding.put(closed);
            feeding.bring(&repository, "lab", &[]).unwrap();
            // The same once more, as after a stop.
            put_in(&repository, again.0, again.1.as_bytes(), &[]).unwrap();
            drop(spool);
            fs::remove_dir_all(folder.0.join("cdr")).unwrap();
        }
        let names: Vec<u64> = repository.files().unwrap().iter().map(|stored| stored.name.sequence).collect();
        assert_eq!(names, [1, 1 + ANEW]);
    }

    #[test]
    fn what_was_taken_is_taken_once_also_where_files_are_gone_and_segments_are_not() {
        let path = std::env::temp_dir().join(format!("strowger-feeding-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let folder = Folder(path);
        let repository = Repository::open(&folder.0).unwrap();
        let (mut spool, closed) = Spool::open(&folder.0, 7, 0).unwrap();
        let stands = |spool: &Spool| (spool.spooler.head().epoch, spool.spooler.head().segment);
        let mut feeding = Feeding::new(1, stands(&spool), closed, &repository).unwrap();
        let mut first = None;
        for journal in 1..=3 {
            spool.spooler.row(journal, RecordKind::Cdr, &Cdr::default());
            feeding.put(spool.cut(AT).unwrap());
            first.get_or_insert_with(|| fs::read(folder.0.join("cdr/0000000001.spool")).unwrap());
        }
        feeding.bring(&repository, "lab", &[]).unwrap();
        assert_eq!((repository.files().unwrap().len(), segments(&folder)), (3, 1));
        // A kill before a segment went, and its file was delivered and deleted: nobody gets it twice.
        fs::write(folder.0.join("cdr/0000000001.spool"), first.unwrap()).unwrap();
        for place in ["preserve", "processed"] {
            let _ = fs::remove_dir_all(folder.0.join("cdr_repository").join(place));
        }
        drop(spool);
        let (mut spool, closed) = Spool::open(&folder.0, 9, 0).unwrap();
        assert_eq!((closed.len(), stands(&spool)), (1, (7, 4)));
        let mut feeding = Feeding::new(1, stands(&spool), closed, &repository).unwrap();
        feeding.bring(&repository, "lab", &[]).unwrap();
        assert_eq!((repository.files().unwrap().len(), segments(&folder)), (0, 1));
        // The segment that is written to was never taken, whatever is said: the spool was put back as it was before.
        let mut ahead = repository.marks().unwrap();
        ahead.take(1, Watermark { epoch: 7, segment: 9 });
        repository.keep_marks(&ahead).unwrap();
        let mut feeding = Feeding::new(1, stands(&spool), Vec::new(), &repository).unwrap();
        spool.spooler.row(4, RecordKind::Cdr, &Cdr::default());
        feeding.put(spool.cut(AT).unwrap());
        feeding.bring(&repository, "lab", &[]).unwrap();
        assert_eq!((repository.files().unwrap().len(), segments(&folder)), (1, 1));
        // Another spool was there meanwhile, and the first one is put back with a closed segment that was taken: that is not asked for again and again.
        let mut other = repository.marks().unwrap();
        other.take(1, Watermark { epoch: 8, segment: 2 });
        repository.keep_marks(&other).unwrap();
        spool.spooler.row(5, RecordKind::Cdr, &Cdr::default());
        let closed = spool.cut(AT).unwrap();
        let again = fs::read(folder.0.join("cdr/0000000005.spool")).unwrap();
        let mut feeding = Feeding::new(1, stands(&spool), vec![closed], &repository).unwrap();
        feeding.bring(&repository, "lab", &[]).unwrap();
        assert_eq!((repository.files().unwrap().len(), segments(&folder)), (2, 1));
        let mut other = repository.marks().unwrap();
        other.take(1, Watermark { epoch: 8, segment: 3 });
        repository.keep_marks(&other).unwrap();
        fs::write(folder.0.join("cdr/0000000005.spool"), again).unwrap();
        drop(spool);
        let (spool, closed) = Spool::open(&folder.0, 9, 0).unwrap();
        let mut feeding = Feeding::new(1, stands(&spool), closed, &repository).unwrap();
        feeding.bring(&repository, "lab", &[]).unwrap();
        assert_eq!((repository.files().unwrap().len(), segments(&folder)), (2, 1));
        // Nobody can say what was taken: that is told, and nothing is guessed.
        fs::write(folder.0.join("cdr_repository/taken"), "nonsense").unwrap();
        assert!(Feeding::new(1, stands(&spool), Vec::new(), &repository).is_err());
    }
}
