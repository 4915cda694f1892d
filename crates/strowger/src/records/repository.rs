//! The repository: files of call records on the disk, and who they are due to.
//!
//! | Folder | What |
//! |---|---|
//! | `preserve/YYYYMMDD/` | files that somebody has not got yet |
//! | `processed/YYYYMMDD/` | files that everybody has; kept so that they can be delivered again |
//! | `destination1/YYYYMMDD/` … | links to what is due to each billing destination |
//! | `car/YYYYMMDD/` | links to what is not loaded for searches yet |
//! | `trans/` | files that come from other systems |
//! | `trans/users/NAME/` | those that a user of the SFTP server has brought |
//! | `tmp/` | files that are not whole |
//!
//! A file is whole when it has its name under `preserve`. Links are made before, so that a file that is there is due to everybody to whom it is; one
//! without its file is no link yet. Whatever happens in between, the same steps made again lead to the same folders.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use strowger_base::WallTime;
use strowger_cdr::FileName;
use strowger_cdr::feed::Marks;

/// The files of call records below a folder.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

/// Who gets files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Consumer {
    /// A billing destination, by its number from 1.
    Destination(u8),
    /// The records that are searched.
    Analysis,
}

/// A file, as it lies in the repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) name: FileName,
    pub(crate) bytes: u64,
    /// Everybody has it.
    pub(crate) processed: bool,
}

/// What was removed to make room, or because it is old.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Removed {
    /// Files that everybody had.
    pub(crate) delivered: usize,
    /// Files that somebody did not have yet.
    pub(crate) undelivered: usize,
}

/// How much room there is, and when it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Room {
    /// All files together may have so many bytes.
    pub(crate) most: u64,
    /// From here on, in percent of that, processed files are deleted …
    pub(crate) high: u64,
    /// … down to here.
    pub(crate) low: u64,
}

impl Consumer {
    fn folder(self) -> String {
        match self {
            Consumer::Destination(number) => format!("destination{number}"),
            Consumer::Analysis => "car".to_owned(),
        }
    }
}

impl Repository {
    /// The repository of a data folder that somebody else has opened.
    pub(crate) fn at(data: &Path) -> Self {
        Repository { root: data.join("cdr_repository") }
    }

    /// Opens the repository of a data folder; what was half written is removed.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let repository = Repository::at(data);
        for folder in [PRESERVE, PROCESSED, "trans", "tmp"] {
            fs::create_dir_all(repository.root.join(folder))?;
        }
        for file in entries(&repository.root.join("tmp"))? {
            fs::remove_file(file)?;
        }
        for stored in repository.files()?.iter().filter(|stored| !stored.processed) {
            repository.everybody_has(&stored.name)?;
        }
        Ok(repository)
    }

    /// Takes a file in that is due to these. False when it was there already.
    pub(crate) fn accept(&self, name: &FileName, text: &[u8], due: &[Consumer]) -> io::Result<bool> {
        let _alone = alone();
        if self.path_of(name).is_some() {
            return Ok(false);
        }
        let (own, day) = (name.to_string(), day_of(name));
        let draft = self.root.join("tmp").join(&own);
        let mut file = File::create(&draft)?;
        file.write_all(text)?;
        file.sync_all()?;
        for consumer in due {
            self.link(*consumer, name)?;
        }
        let folder = self.day_folder(PRESERVE, &day)?;
        fs::rename(&draft, folder.join(&own))?;
        sync_folder(&folder)?;
        if due.is_empty() {
            self.everybody_has(name)?;
        }
        Ok(true)
    }

    /// What was taken of which node.
    ///
    /// # Errors
    /// It cannot be read, or is something else.
    pub(crate) fn marks(&self) -> io::Result<Marks> {
        let path = self.root.join(TAKEN);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Marks::default()),
            text => text?,
        };
        Marks::read(&text).ok_or_else(|| {
            let what = format!(
                "{} does not say what was taken of the spool; remove it when the spool was not put back by hand",
                path.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, what)
        })
    }

    /// Keeps what was taken of which node.
    pub(crate) fn keep_marks(&self, marks: &Marks) -> io::Result<()> {
        let draft = self.root.join("tmp").join(TAKEN);
        let mut file = File::create(&draft)?;
        file.write_all(marks.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.root.join(TAKEN))?;
        sync_folder(&self.root)
    }

    /// What is due to somebody, oldest first.
    pub(crate) fn due(&self, consumer: Consumer) -> io::Result<Vec<FileName>> {
        let mut due = Vec::new();
        for day in entries(&self.root.join(consumer.folder()))? {
            for link in entries(&day)? {
                let Some(name) = name_of(&link) else { continue };
                if self.stands_in(PRESERVE, &name).is_some() {
                    due.push(name);
                }
            }
        }
        due.sort_by(in_order);
        Ok(due)
    }

    /// What a file has.
    pub(crate) fn read(&self, name: &FileName) -> io::Result<Vec<u8>> {
        let path = self.path_of(name).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("{name} is not in the repository any more"))
        })?;
        fs::read(path)
    }

    /// Somebody has a file; when nobody is left it is processed.
    pub(crate) fn delivered(&self, consumer: Consumer, name: &FileName) -> io::Result<()> {
        let _alone = alone();
        self.no_longer_due(consumer, name)
    }

    fn no_longer_due(&self, consumer: Consumer, name: &FileName) -> io::Result<()> {
        let link = self.link_of(consumer, name);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        if let Some(folder) = link.parent().filter(|folder| folder.exists()) {
            sync_folder(folder)?;
        }
        self.everybody_has(name)
    }

    /// Has everything of these days delivered once more; how many files that is.
    pub(crate) fn resend(&self, consumer: Consumer, from_day: &str, to_day: &str) -> io::Result<usize> {
        let _alone = alone();
        let mut count = 0;
        for Stored { name, processed, .. } in self.files()? {
            if !(from_day..=to_day).contains(&day_of(&name).as_str()) {
                continue;
            }
            self.link(consumer, &name)?;
            if processed {
                self.moves(&name, PROCESSED, PRESERVE)?;
            }
            count += 1;
        }
        Ok(count)
    }

    /// Nothing is due to a destination that is not configured any more.
    pub(crate) fn forget(&self, consumer: Consumer) -> io::Result<()> {
        let _alone = alone();
        let names = self.due(consumer)?;
        names.iter().try_for_each(|name| self.no_longer_due(consumer, name))
    }

    /// Destinations for which there are folders.
    pub(crate) fn destinations(&self) -> io::Result<Vec<u8>> {
        let folders = entries(&self.root)?;
        let number =
            |folder: &PathBuf| folder.file_name()?.to_str()?.strip_prefix("destination")?.parse().ok();
        Ok(folders.iter().filter_map(number).collect())
    }

    /// All files, oldest first.
    pub(crate) fn files(&self) -> io::Result<Vec<Stored>> {
        let mut files = Vec::new();
        for (folder, processed) in [(PRESERVE, false), (PROCESSED, true)] {
            for day in entries(&self.root.join(folder))? {
                for path in entries(&day)? {
                    let Some(name) = name_of(&path) else { continue };
                    let bytes = fs::metadata(&path)?.len();
                    files.push(Stored { name, bytes, processed });
                }
            }
        }
        files.sort_by(|one, other| in_order(&one.name, &other.name));
        Ok(files)
    }

    /// Removes files of days before this one that everybody has. What somebody waits for goes only where there is no room: a clock
    /// that was wrong for a moment deletes nothing that was not delivered.
    pub(crate) fn retire(&self, before_day: &str) -> io::Result<Removed> {
        let _alone = alone();
        let mut removed = Removed::default();
        for stored in self.files()?.into_iter().filter(|stored| stored.processed) {
            if day_of(&stored.name).as_str() < before_day {
                self.remove(&stored, &mut removed)?;
            }
        }
        Ok(removed)
    }

    /// Makes room when files have more than they may: processed ones first, and others only when that was not enough.
    pub(crate) fn make_room(&self, room: Room) -> io::Result<Removed> {
        let _alone = alone();
        let files = self.files()?;
        let mut total: u64 = files.iter().map(|stored| stored.bytes).sum();
        let (high, low) = (room.most / 100 * room.high, room.most / 100 * room.low);
        let mut removed = Removed::default();
        if total > high {
            for stored in files.iter().filter(|stored| stored.processed) {
                if total <= low {
                    break;
                }
                self.remove(stored, &mut removed)?;
                total -= stored.bytes;
            }
        }
        if total > room.most {
            for stored in files.iter().filter(|stored| !stored.processed) {
                if total <= high {
                    break;
                }
                self.remove(stored, &mut removed)?;
                total -= stored.bytes;
            }
        }
        Ok(removed)
    }

    fn remove(&self, stored: &Stored, removed: &mut Removed) -> io::Result<()> {
        let Some(path) = self.path_of(&stored.name) else { return Ok(()) };
        fs::remove_file(path)?;
        for consumer in self.consumers()? {
            let _ = fs::remove_file(self.link_of(consumer, &stored.name));
        }
        match stored.processed {
            true => removed.delivered += 1,
            false => removed.undelivered += 1,
        }
        Ok(())
    }

    fn consumers(&self) -> io::Result<Vec<Consumer>> {
        let numbered = self.destinations()?.into_iter().map(Consumer::Destination);
        Ok(numbered.chain([Consumer::Analysis]).collect())
    }

    /// A file to which no link leads any more is processed.
    fn everybody_has(&self, name: &FileName) -> io::Result<()> {
        let somebody_waits =
            self.consumers()?.iter().any(|consumer| self.link_of(*consumer, name).is_symlink());
        if !somebody_waits && self.stands_in(PRESERVE, name).is_some() {
            self.moves(name, PRESERVE, PROCESSED)?;
        }
        Ok(())
    }

    fn moves(&self, name: &FileName, from: &str, to: &str) -> io::Result<()> {
        let day = day_of(name);
        let (from, to) = (self.day_folder(from, &day)?, self.day_folder(to, &day)?);
        let own = name.to_string();
        fs::rename(from.join(&own), to.join(&own))?;
        sync_folder(&to)?;
        sync_folder(&from)
    }

    fn link(&self, consumer: Consumer, name: &FileName) -> io::Result<()> {
        let (own, day) = (name.to_string(), day_of(name));
        let folder = self.day_folder(&consumer.folder(), &day)?;
        let to = format!("../../{PRESERVE}/{day}/{own}");
        match std::os::unix::fs::symlink(to, folder.join(&own)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        sync_folder(&folder)
    }

    fn link_of(&self, consumer: Consumer, name: &FileName) -> PathBuf {
        self.root.join(consumer.folder()).join(day_of(name)).join(name.to_string())
    }

    /// Where a file lies, if it does.
    fn path_of(&self, name: &FileName) -> Option<PathBuf> {
        self.stands_in(PRESERVE, name).or_else(|| self.stands_in(PROCESSED, name))
    }

    fn stands_in(&self, folder: &str, name: &FileName) -> Option<PathBuf> {
        let path = self.root.join(folder).join(day_of(name)).join(name.to_string());
        path.is_file().then_some(path)
    }

    /// The folder of a day, which is made where there is none.
    fn day_folder(&self, folder: &str, day: &str) -> io::Result<PathBuf> {
        let above = self.root.join(folder);
        let own = above.join(day);
        if !own.is_dir() {
            fs::create_dir_all(&own)?;
            sync_folder(&above)?;
            sync_folder(&self.root)?;
        }
        Ok(own)
    }
}

/// The folders in which the days of all files are.
pub(crate) fn days(data: &Path) -> Vec<PathBuf> {
    let root = Repository::at(data).root;
    [PRESERVE, PROCESSED].map(|folder| root.join(folder)).into()
}

/// The folder into which one user of the SFTP server brings files of other systems: nobody touches what another one has brought.
pub(crate) fn incoming_of(data: &Path, user: &str) -> PathBuf {
    // Names of users may be `..`; no name has a percent sign.
    let own = match user.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => user.to_owned(),
    };
    users(data).join(own)
}

/// All folders into which files of other systems come.
///
/// # Errors
/// What users bring cannot be looked at.
pub(crate) fn incoming(data: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = entries(&users(data))?;
    folders.push(Repository::at(data).root.join("trans"));
    Ok(folders)
}

fn users(data: &Path) -> PathBuf {
    Repository::at(data).root.join("trans").join("users")
}

/// What changes the folders does so alone: senders, the thread that writes records and operators move the same files.
fn alone() -> MutexGuard<'static, ()> {
    static CHANGES: Mutex<()> = Mutex::new(());
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The day of a file, UTC: `YYYYMMDD`.
pub(crate) fn day_of(name: &FileName) -> String {
    day(name.minute)
}

/// A day, UTC: `YYYYMMDD`.
pub(crate) fn day(at: WallTime) -> String {
    let at = at.civil();
    format!("{:04}{:02}{:02}", at.year, at.month, at.day)
}

/// Oldest first. Files of one node have rising times and rising numbers.
fn in_order(one: &FileName, other: &FileName) -> std::cmp::Ordering {
    let key = |name: &FileName| (name.minute, name.node, name.sequence);
    key(one).cmp(&key(other)).then_with(|| one.to_string().cmp(&other.to_string()))
}

fn name_of(path: &Path) -> Option<FileName> {
    path.file_name()?.to_str()?.parse().ok()
}

/// What is in a folder, by name; nothing when there is none.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let read = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        read => read?,
    };
    let mut paths =
        read.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Which segments of which spools are in files.
const TAKEN: &str = "taken";
const PRESERVE: &str = "preserve";
const PROCESSED: &str = "processed";

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Consumer = Consumer::Destination(1);

    fn name(text: &str) -> FileName {
        text.parse().unwrap()
    }

    /// Goes when the test ends.
    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn repository(name: &str) -> (Folder, Repository) {
        let path = std::env::temp_dir().join(format!("strowger-repository-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let repository = Repository::open(&path).unwrap();
        (Folder(path), repository)
    }

    fn names(names: &[FileName]) -> Vec<String> {
        names.iter().map(FileName::to_string).collect()
    }

    #[test]
    fn a_file_is_due_to_everybody_in_order_and_processed_when_all_have_it() {
        let (_folder, repository) = repository("order");
        let files = ["cdr_lab_01_202605041203_2", "cdr_lab_01_202605041203_10", "cmr_lab_01_202605041204_11"];
        for file in files.iter().rev() {
            assert!(repository.accept(&name(file), file.as_bytes(), &[ONE, Consumer::Analysis]).unwrap());
            assert!(!repository.accept(&name(file), b"again", &[ONE]).unwrap());
        }
        assert_eq!(names(&repository.due(ONE).unwrap()), files);
        repository.delivered(ONE, &name(files[0])).unwrap();
        assert_eq!(names(&repository.due(ONE).unwrap()), files[1..]);
        assert!(repository.files().unwrap().iter().all(|stored| !stored.processed));
        repository.delivered(Consumer::Analysis, &name(files[0])).unwrap();
        let processed: Vec<bool> =
            repository.files().unwrap().iter().map(|stored| stored.processed).collect();
        assert_eq!(processed, [true, false, false]);
        assert!(!repository.accept(&name(files[0]), b"again", &[ONE]).unwrap());
        assert_eq!(repository.read(&name(files[0])).unwrap(), files[0].as_bytes());
    }

    #[test]
    fn users_bring_files_into_folders_of_their_own() {
        let (folder, _) = repository("users");
        let users = folder.0.join("cdr_repository/trans/users");
        let of = |name: &str| incoming_of(&folder.0, name);
        assert_eq!(of("asmith@example.com"), users.join("asmith@example.com"));
        assert_eq!((of(".."), of(".")), (users.join("%2E."), users.join("%2E")));
    }

    #[test]
    fn days_are_delivered_again() {
        let (_folder, repository) = repository("days");
        let files = ["cdr_lab_01_202605032359_1", "cdr_lab_01_202605040000_2", "cdr_lab_01_202605050000_3"];
        for file in files {
            repository.accept(&name(file), b"x", &[ONE]).unwrap();
            repository.delivered(ONE, &name(file)).unwrap();
        }
        assert!(repository.due(ONE).unwrap().is_empty());
        assert_eq!(repository.resend(ONE, "20260503", "20260504").unwrap(), 2);
        assert_eq!(names(&repository.due(ONE).unwrap()), files[..2]);
    }

    #[test]
    fn a_link_without_its_file_is_due_to_nobody_and_the_same_steps_again_finish_it() {
        let (_folder, repository) = repository("links");
        let file = name("cdr_lab_01_202605041203_2");
        repository.link(ONE, &file).unwrap();
        assert!(repository.due(ONE).unwrap().is_empty());
        assert!(repository.accept(&file, b"x", &[ONE]).unwrap());
        assert_eq!(repository.due(ONE).unwrap(), [file]);
    }

    #[test]
    fn room_is_made_of_what_everybody_has_and_of_the_rest_only_when_that_is_not_enough() {
        let (_folder, repository) = repository("room");
        for number in 1..=10 {
            let file = name(&format!("cdr_lab_01_202605041203_{number}"));
            repository.accept(&file, &[b'x'; 100], &[ONE]).unwrap();
            if number <= 5 {
                repository.delivered(ONE, &file).unwrap();
            }
        }
        let check = |most: u64, expect: (usize, usize), left: usize| {
            let removed = repository.make_room(Room { most, high: 80, low: 40 }).unwrap();
            assert_eq!((removed.delivered, removed.undelivered), expect, "{most}");
            assert_eq!(repository.files().unwrap().len(), left, "{most}");
        };
        check(2_000, (0, 0), 10);
        check(1_200, (5, 0), 5);
        check(400, (0, 2), 3);
        assert_eq!(names(&repository.due(ONE).unwrap())[0], "cdr_lab_01_202605041203_8", "the oldest went");
        let waiting = repository.due(ONE).unwrap();
        repository.delivered(ONE, &waiting[0]).unwrap();
        assert_eq!(repository.retire("20260505").unwrap(), Removed { delivered: 1, undelivered: 0 });
        assert_eq!(repository.due(ONE).unwrap(), waiting[1..]);
    }

    #[test]
    fn a_destination_that_is_gone_holds_nothing_back() {
        let (_folder, repository) = repository("gone");
        let file = name("cdr_lab_01_202605041203_2");
        repository.accept(&file, b"x", &[ONE, Consumer::Destination(2)]).unwrap();
        repository.delivered(ONE, &file).unwrap();
        assert_eq!(repository.destinations().unwrap(), [1, 2]);
        repository.forget(Consumer::Destination(2)).unwrap();
        assert!(repository.files().unwrap()[0].processed);
    }
}
