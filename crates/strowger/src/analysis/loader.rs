//! The thread that loads files of call records: those of the repository, those that others put into `trans`, and those that somebody gives.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use strowger_base::WallTime;
use strowger_cdr::FileName;
use strowger_cdr::file::FileError;

use super::Order;
use super::arrivals::{Arrivals, Arrived};
use super::database::{Database, FORGOTTEN_AT_ONCE, LoadError, Loaded};
use super::query::now as wall_seconds;
use crate::events::{Hub, Topic};
use crate::failing::Failing;
use crate::log;
use crate::records::repository::{self, Consumer, Repository};

/// Loads files.
pub(crate) struct Loader {
    data: PathBuf,
    repository: Repository,
    orders: Receiver<Order>,
    keep: Keep,
    /// When rows that are too old were looked for.
    tidied: Option<Instant>,
    /// Rows were forgotten, and what only they had is there.
    is_untidy: bool,
    database: Option<Database>,
    arrivals: Arrivals,
    /// Files that could not be read, and of which that was told.
    unread: HashSet<PathBuf>,
    failing: Failing,
    events: Arc<Hub>,
}

impl Loader {
    pub(super) fn new(data: &Path, orders: Receiver<Order>, keep: Keep, events: Arc<Hub>) -> Self {
        Loader {
            data: data.to_owned(),
            repository: Repository::at(data),
            orders,
            keep,
            tidied: None,
            is_untidy: false,
            database: None,
            arrivals: Arrivals::default(),
            unread: HashSet::new(),
            failing: Failing::default(),
            events,
        }
    }

    /// Runs until nobody can give orders any more, which is when the server stops.
    pub(crate) fn run(mut self) {
        let mut wait = Duration::ZERO;
        loop {
            match self.orders.recv_timeout(wait) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {
                    wait = match self.step(Instant::now()) {
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
    pub(super) fn step(&mut self, now: Instant) -> anyhow::Result<bool> {
        let due = self.repository.due(Consumer::Analysis)?;
        let arrived = self.arrivals.still(&repository::incoming(&self.data)?, now)?;
        // Those that could not be read are tried again behind the others.
        let (again, fresh): (Vec<Arrived>, Vec<Arrived>) =
            arrived.into_iter().partition(|file| self.unread.contains(&file.path));
        let arrived: Vec<&Arrived> = at_once(&fresh).iter().chain(at_once(&again)).collect();
        let is_more = due.len() > FILES_AT_ONCE || fresh.len() > at_once(&fresh).len();
        // Nothing is made where there is nothing to load.
        if due.is_empty() && arrived.is_empty() {
            return self.forget_old(now);
        }
        self.load_due(due)?;
        self.load_arrived(&arrived)?;
        if self.failing.done() {
            log::info("call records are loaded again").write();
        }
        Ok(is_more)
    }

    /// Forgets rows that are older than they are kept; whether there are more. When all are gone, so does what only they had.
    fn forget_old(&mut self, now: Instant) -> anyhow::Result<bool> {
        let is_due = self.tidied.is_none_or(|at| now.saturating_duration_since(at) >= TIDY_EVERY);
        let Some(keep) = (self.keep)().filter(|_| is_due && Database::path(&self.data).exists()) else {
            return Ok(false);
        };
        let oldest = wall_seconds().saturating_sub(i64::try_from(keep.as_secs())?);
        let forgotten = self.database()?.together(|database| database.forget_before(oldest))?;
        let (has_forgotten, is_more) = (forgotten > 0, forgotten >= FORGOTTEN_AT_ONCE);
        self.is_untidy |= has_forgotten;
        if is_more {
            return Ok(true);
        }
        if std::mem::take(&mut self.is_untidy) {
            self.database()?.together(|database| database.tidy(oldest))?;
        }
        self.tidied = Some(now);
        Ok(false)
    }

    /// Loads the first of what is due. A file that cannot be read keeps no other one waiting.
    fn load_due(&mut self, due: Vec<FileName>) -> anyhow::Result<()> {
        let is_unread = |name: &FileName| self.unread.contains(Path::new(&name.to_string()));
        let (again, fresh): (Vec<_>, Vec<_>) = due.into_iter().partition(is_unread);
        let mut files = Vec::new();
        let mut read = Vec::new();
        for name in fresh.into_iter().take(FILES_AT_ONCE).chain(again.into_iter().take(FILES_AT_ONCE)) {
            let own = name.to_string();
            match self.repository.read(&name) {
                Ok(bytes) => {
                    self.unread.remove(Path::new(&own));
                    files.push((own, bytes));
                    read.push(name);
                }
                Err(error) => {
                    if self.unread.insert(own.clone().into()) {
                        log::error("a file of call records cannot be read")
                            .with("file", own)
                            .with("reason", error)
                            .effect("searches do not find its rows; the others are loaded")
                            .remedy("mend the disk, or the rights of cdr_repository in the data folder; it is tried again by itself")
                            .write();
                    }
                }
            }
        }
        if files.is_empty() {
            return Ok(());
        }
        let loaded = self.load(&files)?;
        for (name, loaded) in read.iter().zip(&loaded) {
            let effects =
                ["searches find the other rows; it stays in the repository", "it stays in the repository"];
            tell(&name.to_string(), loaded, effects);
            // One that is no file of records will be none tomorrow.
            self.repository.delivered(Consumer::Analysis, name)?;
        }
        Ok(())
    }

    /// Takes what others brought. A file that cannot be read keeps no other one waiting.
    fn load_arrived(&mut self, arrived: &[&Arrived]) -> anyhow::Result<()> {
        let mut files = Vec::new();
        let mut taken = Vec::new();
        for file in arrived {
            let name = file.name();
            if file.length() > FILE_BYTES_MAX {
                file.put_aside("refused")?;
                log::error("a file of call records is too large")
                    .with("file", name)
                    .effect("it is in trans/refused")
                    .remedy(format!("cut it into files of at most {} MiB", FILE_BYTES_MAX >> 20))
                    .write();
                continue;
            }
            match file.read() {
                Ok(Some(bytes)) => {
                    self.unread.remove(&file.path);
                    files.push((name, bytes));
                    taken.push(file);
                }
                Ok(None) => {}
                Err(error) => {
                    if self.unread.insert(file.path.clone()) {
                        log::error("a file of call records cannot be read")
                            .with("file", file.path.display())
                            .with("reason", error)
                            .effect("it waits there; the others are loaded")
                            .remedy("let the server read it; it is tried again by itself")
                            .write();
                    }
                }
            }
        }
        if files.is_empty() {
            return Ok(());
        }
        let loaded = self.load(&files)?;
        for (file, ((name, bytes), loaded)) in taken.iter().zip(files.iter().zip(&loaded)) {
            let parsed = name.parse::<FileName>().ok().filter(|parsed| parsed.to_string() == *name);
            match (parsed, loaded) {
                // What could not be read of it is nowhere else.
                (_, Ok(loaded)) if loaded.wrong > 0 => file.put_aside("incomplete")?,
                // It is kept as long as files of our own; nobody is sent it.
                (Some(parsed), Ok(_)) => {
                    let is_kept = self.repository.accept(&parsed, bytes, &[])?
                        || self.repository.read(&parsed).is_ok_and(|kept| kept == *bytes);
                    match is_kept {
                        true => file.remove()?,
                        // Another file of that name is there.
                        false => file.put_aside("loaded")?,
                    }
                }
                (None, Ok(_)) => file.put_aside("loaded")?,
                (_, Err(_)) => file.put_aside("refused")?,
            }
            tell(
                name,
                loaded,
                ["it is in trans/incomplete; searches find its other rows", "it is in trans/refused"],
            );
        }
        Ok(())
    }

    fn load(&mut self, files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<Result<Loaded, FileError>>> {
        let at = wall_seconds();
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
                    let loaded =
                        database.together(|database| database.load(&name, &bytes, wall_seconds()))?;
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

    fn complain(&mut self, error: &anyhow::Error) {
        if let Some(lasts) = self.failing.failed(Instant::now()) {
            let told = serde_json::json!({
                "alarm": "records-not-loaded",
                "reason": format!("{error:#}"),
                "lasts_seconds": lasts.as_secs(),
            });
            let at =
                WallTime::from_micros(u64::try_from(wall_seconds()).unwrap_or(0).saturating_mul(1_000_000));
            self.events.tell(Topic::Alarm, at, told);
            log::error("call records are not loaded for searches")
                .with("for", format_args!("{} s", lasts.as_secs()))
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

/// Tells what is wrong in a file, once. `effects` are those of rows and of a file that cannot be read.
fn tell(name: &str, loaded: &Result<Loaded, FileError>, [of_rows, of_all]: [&'static str; 2]) {
    match loaded {
        Ok(loaded) if loaded.wrong > 0 && !loaded.again => {
            log::warn("rows of a file of call records cannot be read")
                .with("file", name)
                .count("rows", loaded.wrong)
                .with("first", loaded.problems.first().map_or("", String::as_str))
                .effect(of_rows)
                .remedy("mend the file and load it again: strowger cdr import FILE")
                .write();
        }
        Ok(_) => {}
        Err(error) => log::error("a file is no file of call records")
            .with("file", name)
            .with("reason", error)
            .effect(of_all)
            .remedy("mend it and load it: strowger cdr import FILE")
            .write(),
    }
}

/// The first of them that are loaded together.
fn at_once(arrived: &[Arrived]) -> &[Arrived] {
    let mut bytes = 0_u64;
    let fits = arrived.iter().take(FILES_AT_ONCE).position(|file| {
        bytes += file.length();
        bytes > BYTES_AT_ONCE
    });
    let count = fits.unwrap_or(FILES_AT_ONCE).max(1);
    arrived.get(..count).unwrap_or(arrived)
}

/// How long rows are kept; `None` is for ever.
pub(super) type Keep = Box<dyn FnMut() -> Option<Duration> + Send>;

/// How often it is looked for rows that are too old.
const TIDY_EVERY: Duration = Duration::from_secs(3600);
/// How often it is looked for files.
const TICK: Duration = Duration::from_secs(1);
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Files that are loaded together, with one sync for all.
const FILES_AT_ONCE: usize = 64;
/// What is loaded together has no more bytes than these, unless one file has.
const BYTES_AT_ONCE: u64 = 32 * 1024 * 1024;
/// Larger files are left where they are: nobody writes such.
pub(super) const FILE_BYTES_MAX: u64 = strowger_base::limits::SFTP_BROUGHT_BYTES;
