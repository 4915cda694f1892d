//! Files that others bring: taken when nobody writes to them any more.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// What was seen in a folder to which others write.
#[derive(Default)]
pub(super) struct Arrivals {
    seen: HashMap<PathBuf, (Stamp, Instant)>,
}

/// What changes when somebody writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

/// A file that is whole, as far as can be seen.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) path: PathBuf,
    stamp: Stamp,
}

impl Arrivals {
    /// Files to which nobody has written for a while, oldest names first. It is their looks that count and not the clocks of whoever wrote them.
    ///
    /// # Errors
    /// A folder cannot be read; one that is not there is empty.
    pub(super) fn still(&mut self, folders: &[PathBuf], now: Instant) -> io::Result<Vec<Arrived>> {
        let mut entries = Vec::new();
        for folder in folders {
            match fs::read_dir(folder) {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                read => entries.extend(read?),
            }
        }
        let mut seen = HashMap::new();
        let mut still = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_draft = name.starts_with('.') || DRAFTS.iter().any(|end| name.ends_with(end));
            let Ok(about) = entry.metadata() else { continue };
            if is_draft || !about.is_file() {
                continue;
            }
            let (path, stamp) = (entry.path(), Stamp::of(&about));
            let before = self.seen.get(&path).filter(|(before, _)| *before == stamp);
            let since = before.map_or(now, |(_, since)| *since);
            let age = now.saturating_duration_since(since);
            if age >= STILL_FOR && (age >= CUT_FOR || age >= still_for(&path)) {
                still.push(Arrived { path: path.clone(), stamp });
            }
            seen.insert(path, (stamp, since));
        }
        self.seen = seen;
        still.sort_by(|one, other| (one.name(), &one.path).cmp(&(other.name(), &other.path)));
        Ok(still)
    }
}

impl Stamp {
    fn of(about: &fs::Metadata) -> Self {
        Stamp { inode: about.ino(), length: about.len(), modified: about.modified().ok() }
    }
}

impl Arrived {
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) const fn length(&self) -> u64 {
        self.stamp.length
    }

    /// What it has; `None` when somebody writes to it after all.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        // By one descriptor: others may give the name to another file meanwhile.
        let mut options = File::options();
        options.read(true).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
        let file = options.open(&self.path)?;
        if Stamp::of(&file.metadata()?) != self.stamp {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        (&file).take(self.stamp.length).read_to_end(&mut bytes)?;
        Ok((Stamp::of(&file.metadata()?) == self.stamp && self.is_as_it_was()).then_some(bytes))
    }

    /// It goes, unless somebody wrote to it since: then it is taken again, and rows that are known already count once.
    pub(super) fn remove(&self) -> io::Result<()> {
        if self.is_as_it_was() { fs::remove_file(&self.path) } else { Ok(()) }
    }

    /// It goes into a folder beside, under a name of its own there.
    pub(super) fn put_aside(&self, folder: &str) -> io::Result<()> {
        let (Some(above), Some(name)) = (self.path.parent(), self.path.file_name()) else { return Ok(()) };
        if !self.is_as_it_was() {
            return Ok(());
        }
        let folder = above.join(folder);
        fs::create_dir_all(&folder)?;
        let mut place = folder.join(name);
        for number in 2.. {
            if !place.exists() {
                break;
            }
            place = folder.join(format!("{}.{number}", name.to_string_lossy()));
        }
        fs::rename(&self.path, place)
    }

    fn is_as_it_was(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|about| Stamp::of(&about) == self.stamp)
    }
}

/// How long nobody has to write to a file until it is taken for whole: its last line may be cut, and not every CUCM ends it.
fn still_for(path: &Path) -> Duration {
    let ends = || -> io::Result<(Vec<u8>, Vec<u8>)> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut first = Vec::new();
        (&file).take(LINE_MAX).read_to_end(&mut first)?;
        file.seek(SeekFrom::Start(length.saturating_sub(LINE_MAX)))?;
        let mut last = Vec::new();
        file.take(LINE_MAX).read_to_end(&mut last)?;
        Ok((first, last))
    };
    let Ok((first, last)) = ends() else { return CUT_FOR };
    let commas = |line: &[u8]| line.iter().filter(|byte| **byte == b',').count();
    let first = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match last.rsplit(|byte| *byte == b'\n').next() {
        None | Some([]) => STILL_FOR,
        Some(line) if commas(line) >= commas(first) => OPEN_FOR,
        Some(_) => CUT_FOR,
    }
}

/// Whoever writes a file has written more of it within this.
const STILL_FOR: Duration = Duration::from_secs(3);
/// A file whose last line has all fields, and no end, is waited for so long.
const OPEN_FOR: Duration = Duration::from_secs(10);
/// The first and the last line are looked for in so many bytes.
const LINE_MAX: u64 = 64 * 1024;
/// A file whose last line is cut is waited for so long.
const CUT_FOR: Duration = Duration::from_secs(60);
/// How names end of files that are not whole.
const DRAFTS: [&str; 4] = [".tmp", ".part", ".filepart", ".why"];

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn folder(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("strowger-arrivals-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn names(arrived: &[Arrived]) -> Vec<String> {
        arrived.iter().map(Arrived::name).collect()
    }

    #[test]
    fn a_file_is_taken_when_its_looks_stay_the_same() {
        let folder = folder("still");
        let path = folder.0.join("cdr_a");
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut arrivals = Arrivals::default();
        fs::write(&path, "a,b\n").unwrap();
        assert!(arrivals.still(std::slice::from_ref(&folder.0), at(0)).unwrap().is_empty());
        assert!(arrivals.still(std::slice::from_ref(&folder.0), at(2)).unwrap().is_empty());
        // More comes, as long as before.
        fs::write(&path, "a,b\n1").unwrap();
        assert!(arrivals.still(std::slice::from_ref(&folder.0), at(4)).unwrap().is_empty());
        // Its last line is cut.
        assert!(arrivals.still(std::slice::from_ref(&folder.0), at(30)).unwrap().is_empty());
        assert_eq!(names(&arrivals.still(std::slice::from_ref(&folder.0), at(64)).unwrap()), ["cdr_a"]);
        // All fields, and perhaps not all of the last one.
        fs::write(&path, "a,b\n1,2").unwrap();
        assert!(arrivals.still(std::slice::from_ref(&folder.0), at(70)).unwrap().is_empty());
        assert!(arrivals.still(std::slice::from_ref(&folder.0), at(79)).unwrap().is_empty());
        assert_eq!(names(&arrivals.still(std::slice::from_ref(&folder.0), at(80)).unwrap()), ["cdr_a"]);
        fs::write(&path, "a,b\n1,2\n").unwrap();
        assert!(arrivals.still(std::slice::from_ref(&folder.0), at(90)).unwrap().is_empty());
        assert_eq!(names(&arrivals.still(std::slice::from_ref(&folder.0), at(93)).unwrap()), ["cdr_a"]);
    }

    #[test]
    fn what_is_written_to_after_all_stays() {
        let folder = folder("after-all");
        let path = folder.0.join("cdr_a");
        fs::write(&path, "one\n").unwrap();
        let mut arrivals = Arrivals::default();
        let begin = Instant::now();
        arrivals.still(std::slice::from_ref(&folder.0), begin).unwrap();
        let arrived = arrivals.still(std::slice::from_ref(&folder.0), begin + STILL_FOR).unwrap();
        assert_eq!(arrived[0].read().unwrap().unwrap(), b"one\n");
        fs::write(&path, "one\ntwo\n").unwrap();
        assert_eq!(arrived[0].read().unwrap(), None);
        arrived[0].remove().unwrap();
        arrived[0].put_aside("loaded").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn nothing_is_put_in_the_place_of_another() {
        let folder = folder("aside");
        let mut arrivals = Arrivals::default();
        let begin = Instant::now();
        for (turn, text) in (0..).zip(["one\n", "two\n", "three\n"]) {
            fs::write(folder.0.join("a.csv"), text).unwrap();
            let at = begin + Duration::from_secs(100 * turn);
            arrivals.still(std::slice::from_ref(&folder.0), at).unwrap();
            arrivals.still(std::slice::from_ref(&folder.0), at + STILL_FOR).unwrap()[0]
                .put_aside("refused")
                .unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.0.join("refused").join(name)).unwrap();
        assert_eq!([read("a.csv"), read("a.csv.2"), read("a.csv.3")], ["one\n", "two\n", "three\n"]);
    }
}
