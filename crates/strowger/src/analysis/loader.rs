//! The thread that loads files of call records: those of the repository, those that others put into `trans`, and those that somebody gives.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use strowger_cdr::FileName;
use strowger_cdr::file::FileError;

use super::Order;
use super::database::{Database, LoadError, Loaded};
use crate::log;
use crate::records::repository::{Consumer, Repository};

/// Loads files.
pub(crate) struct Loader {
    data: PathBuf,
    repository: Repository,
    orders: Receiver<Order>,
    database: Option<Database>,
    in_trouble: bool,
}

impl Loader {
    pub(super) fn new(data: &Path, orders: Receiver<Order>) -> Self {
        Loader {
            data: data.to_owned(),
            repository: Repository::at(data),
            orders,
            database: None,
            in_trouble: false,
        }
    }

    /// Runs until nobody can give orders any more, which is when the server stops.
    pub(crate) fn run(mut self) {
        let mut wait = Duration::ZERO;
        loop {
            match self.orders.recv_timeout(wait) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {
                    wait = match self.step() {
                        Ok(true) => Duration::ZERO,
                        Ok(false) => TICK,
                        Err(error) => {
                            self.complain(&error);
                            RETRY_AFTER
                        }
                    };
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Loads some of what waits; whether there is more.
    pub(super) fn step(&mut self) -> anyhow::Result<bool> {
        let due = self.repository.due(Consumer::Analysis)?;
        let arrived = arrived(&self.trans())?;
        let is_more = due.len() > FILES_AT_ONCE || arrived.len() > FILES_AT_ONCE;
        // Nothing is made where there is nothing to load.
        if due.is_empty() && arrived.is_empty() {
            return Ok(false);
        }
        self.load_due(due.get(..FILES_AT_ONCE).unwrap_or(&due))?;
        self.load_arrived(arrived.get(..FILES_AT_ONCE).unwrap_or(&arrived))?;
        if std::mem::take(&mut self.in_trouble) {
            log::info("call records are loaded again").write();
        }
        Ok(is_more)
    }

    fn load_due(&mut self, due: &[FileName]) -> anyhow::Result<()> {
        if due.is_empty() {
            return Ok(());
        }
        let files = due.iter().map(|name| Ok((name.to_string(), self.repository.read(name)?)));
        let files = files.collect::<io::Result<Vec<_>>>()?;
        let loaded = self.load(&files)?;
        for (name, loaded) in due.iter().zip(&loaded) {
            tell(&name.to_string(), loaded, "it stays in the repository");
            // One that is no file of records will be none tomorrow.
            self.repository.delivered(Consumer::Analysis, name)?;
        }
        Ok(())
    }

    fn load_arrived(&mut self, arrived: &[PathBuf]) -> anyhow::Result<()> {
        let mut files = Vec::new();
        let mut paths = Vec::new();
        for path in arrived {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if fs::metadata(path)?.len() > FILE_BYTES_MAX {
                put_aside(path, "refused")?;
                log::error("a file of call records is too large")
                    .with("file", name)
                    .effect("it is in trans/refused")
                    .remedy(format!("cut it into files of at most {} MiB", FILE_BYTES_MAX >> 20))
                    .write();
                continue;
            }
            files.push((name, fs::read(path)?));
            paths.push(path);
        }
        if files.is_empty() {
            return Ok(());
        }
        let loaded = self.load(&files)?;
        for (path, ((name, bytes), loaded)) in paths.iter().zip(files.iter().zip(&loaded)) {
            match (name.parse::<FileName>(), loaded) {
                // It is kept as long as files of our own; nobody is sent it.
                (Ok(parsed), Ok(_)) if parsed.to_string() == *name => {
                    let is_kept = self.repository.accept(&parsed, bytes, &[])?
                        || self.repository.read(&parsed).is_ok_and(|kept| kept == *bytes);
                    match is_kept {
                        true => fs::remove_file(path)?,
                        // Another file of that name is there.
                        false => put_aside(path, "loaded")?,
                    }
                }
                (_, Ok(_)) => put_aside(path, "loaded")?,
                (_, Err(_)) => put_aside(path, "refused")?,
            }
            tell(name, loaded, "it is in trans/refused");
        }
        Ok(())
    }

    fn load(&mut self, files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<Result<Loaded, FileError>>> {
        let at = now();
        let loaded = self.database()?.together(|database| {
            files
                .iter()
                .map(|(name, bytes)| database.load(name, bytes, at))
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        Ok(loaded?)
    }

    fn database(&mut self) -> anyhow::Result<&mut Database> {
        let database = match self.database.take() {
            Some(database) => database,
            None => Database::open(&self.data)?,
        };
        Ok(self.database.insert(database))
    }

    fn obey(&mut self, order: Order) {
        // Who does not wait any more has no need of an answer.
        match order {
            Order::Load { name, bytes, answer } => {
                let loaded = self.database().map_err(|error| not_opened(&error)).and_then(|database| {
                    let loaded = database.together(|database| database.load(&name, &bytes, now()))?;
                    Ok(loaded?)
                });
                let _ = answer.send(loaded);
            }
            Order::Set { values, answer } => {
                let set = self.database().map_err(|error| not_opened(&error)).and_then(|database| {
                    Ok(database.together(|database| {
                        values.iter().try_for_each(|(name, value)| database.set(name, value.as_deref()))
                    })?)
                });
                let _ = answer.send(set);
            }
        }
    }

    fn trans(&self) -> PathBuf {
        self.data.join("cdr_repository").join("trans")
    }

    fn complain(&mut self, error: &anyhow::Error) {
        if !std::mem::replace(&mut self.in_trouble, true) {
            log::error("call records are not loaded for searches")
                .with("database", Database::path(&self.data).display())
                .with("reason", format!("{error:#}"))
                .effect(
                    "files wait in the repository, and no record is lost; searches do not find the newest",
                )
                .remedy("make room or mend the folder's rights; loading goes on by itself")
                .write();
        }
    }
}

fn not_opened(error: &anyhow::Error) -> LoadError {
    LoadError::Database(rusqlite::Error::InvalidParameterName(format!("{error:#}")))
}

/// Tells what is wrong in a file, once.
fn tell(name: &str, loaded: &Result<Loaded, FileError>, where_it_is: &'static str) {
    match loaded {
        Ok(loaded) if loaded.wrong > 0 && !loaded.again => {
            log::warn("rows of a file of call records cannot be read")
                .with("file", name)
                .count("rows", loaded.wrong)
                .with("first", loaded.problems.first().map_or("", String::as_str))
                .effect("searches find the other rows")
                .remedy("mend the file and load it again: strowger cdr import FILE")
                .write();
        }
        Ok(_) => {}
        Err(error) => log::error("a file is no file of call records")
            .with("file", name)
            .with("reason", error)
            .effect(where_it_is)
            .remedy("mend it and load it: strowger cdr import FILE")
            .write(),
    }
}

/// Files that others put there, when they have stopped to write them; oldest names first.
fn arrived(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let mut paths = Vec::new();
    for entry in read {
        let entry = entry?;
        let Ok(about) = entry.metadata() else { continue };
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_draft = name.starts_with('.') || DRAFTS.iter().any(|end| name.ends_with(end));
        let is_still = about.modified()?.elapsed().is_ok_and(|age| age >= STILL_FOR);
        if about.is_file() && !is_draft && is_still {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn put_aside(path: &Path, folder: &str) -> io::Result<()> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let folder = above.join(folder);
    fs::create_dir_all(&folder)?;
    fs::rename(path, folder.join(name))
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

/// How often it is looked for files.
const TICK: Duration = Duration::from_secs(1);
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Files that are loaded together, with one sync for all.
const FILES_AT_ONCE: usize = 64;
/// Whoever writes a file has written more of it within this.
const STILL_FOR: Duration = Duration::from_secs(3);
/// How names end of files that are not whole.
const DRAFTS: [&str; 4] = [".tmp", ".part", ".filepart", ".why"];
/// Larger files are left where they are: nobody writes such.
pub(super) const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
