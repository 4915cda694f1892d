//! The thread that writes call records: it follows the journal, keeps what is to be written in the spool, and cuts files of it.
//!
//! A call is told to be over only when its final record is in the journal on the disk. Its row follows from that: how far the journal was read stands in the
//! spool beside the rows, so that after any stop reading goes on where it was, and each call has one row.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use strowger_base::WallTime;
use strowger_base::journal::{EntryKind, Head};
use tokio::sync::watch;

use super::feeding::Feeding;
use super::repository::{Consumer, Repository};
use super::rows::Rows;
use super::rules::{Keeping, keeping};
use super::spool::Spool;
use super::unwritten::Unwritten;
use crate::counters;
use crate::events::{Hub, Topic};
use crate::failing::Failing;
use crate::keeper::Live;
use crate::log;
use crate::store::{Extent, Follower, Gap};

/// Writes call records.
struct RecordWriter {
    data: PathBuf,
    follower: Follower,
    spool: Spool,
    repository: Repository,
    rows: Rows,
    feeding: Feeding,
    live: watch::Receiver<Arc<Live>>,
    keeping: Keeping,
    cut_at: Option<Clock>,
    tidied_at: Option<Clock>,
    failing: Failing,
    unwritten: Unwritten,
    events: Arc<Hub>,
}

/// A writer, or what it takes to make one as soon as the disk lets it: calls do not wait for that.
pub(crate) struct RecordThread {
    data: PathBuf,
    node: u32,
    epoch: u64,
    extent: Extent,
    /// Where the journal of a new spool begins.
    begin: u64,
    live: watch::Receiver<Arc<Live>>,
    events: Arc<Hub>,
    failing: Failing,
    writer: Option<RecordWriter>,
}

impl RecordThread {
    /// Opens spool and repository.
    pub(crate) fn new(
        data: &Path,
        node: u32,
        epoch: u64,
        extent: Extent,
        live: watch::Receiver<Arc<Live>>,
        events: Arc<Hub>,
    ) -> Self {
        // Until it is known from where on it is read, all of the journal stays.
        extent.hold();
        let begin = extent.end();
        let (data, failing) = (data.to_owned(), Failing::default());
        let mut thread =
            RecordThread { data, node, epoch, extent, begin, live, events, failing, writer: None };
        if let Err(error) = thread.open() {
            thread.complain(&error);
        }
        thread
    }

    fn complain(&mut self, error: &io::Error) {
        let Some(lasts) = self.failing.failed(Clock::now()) else { return };
        let remedy = "mend what the reason names; it is tried again by itself";
        log::error("call records cannot be opened")
            .with("folder", self.data.display())
            .with("reason", error)
            .with("for", format_args!("{} s", lasts.as_secs()))
            .effect("calls go on, and their records wait in the journal")
            .remedy(remedy)
            .write();
        tell_stopped(&self.events, error, lasts, remedy);
    }

    fn open(&mut self) -> io::Result<()> {
        let (spool, closed) = Spool::open(&self.data, self.epoch, self.begin)?;
        let repository = Repository::open(&self.data)?;
        let head = spool.spooler.head();
        let feeding = Feeding::new(self.node, (head.epoch, head.segment), closed, &repository)?;
        let follower = Follower::new(&self.data, spool.spooler.journal(), self.extent.clone());
        let live = self.live.clone();
        let keeping = keeping(&live.borrow().state);
        let rows = Rows::resume(&follower, &keeping.rules)?;
        self.writer = Some(RecordWriter {
            data: self.data.clone(),
            follower,
            spool,
            repository,
            rows,
            feeding,
            live,
            keeping,
            cut_at: None,
            tidied_at: None,
            failing: Failing::default(),
            unwritten: Unwritten::default(),
            events: Arc::clone(&self.events),
        });
        Ok(())
    }

    /// Runs until the other end of `stopped` is gone: then the journal is over, and what it has goes into files.
    pub(crate) fn run(mut self, stopped: &Receiver<()>) {
        loop {
            if let Some(writer) = self.writer.take() {
                return writer.run(stopped);
            }
            let is_over = stopped.recv_timeout(OPEN_AFTER) != Err(RecvTimeoutError::Timeout);
            match self.open() {
                Ok(()) => log::info("call records are open; none is lost").write(),
                Err(_) if is_over => return,
                Err(error) => self.complain(&error),
            }
        }
    }
}

impl RecordWriter {
    /// Runs until the other end of `stopped` is gone: then the journal is over, and what it has goes into files.
    fn run(mut self, stopped: &Receiver<()>) {
        let mut wait = Duration::ZERO;
        while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            if self.live.has_changed().unwrap_or(false) {
                let live = Arc::clone(&self.live.borrow_and_update());
                self.keeping = keeping(&live.state);
            }
            wait = match self.step(false) {
                Ok(true) => Duration::ZERO,
                Ok(false) => TICK,
                Err(error) => {
                    self.complain(&error);
                    RETRY_AFTER
                }
            };
        }
        let mut last = self.step(false);
        while let Ok(true) = last {
            last = self.step(false);
        }
        if let Err(error) = last.and_then(|_| self.step(true)) {
            self.complain(&error);
        }
    }

    /// Brings everything further that can be; whether there is more to do at once.
    fn step(&mut self, is_last: bool) -> io::Result<bool> {
        let now = Clock::now();
        if self.tidied_at.is_none_or(|at| now.duration_since(at) >= TIDY_EVERY) {
            // Where there is no room, this makes some.
            self.tidied_at = Some(now);
            self.tidy()?;
        }
        // Nothing more is taken in before the disk has what was.
        self.spool.sync()?;
        let more = if self.spool.is_closing() { false } else { self.follow()? };
        self.spool.sync()?;
        self.follower.release(self.spool.spooler.journal());
        let is_awaited = self.keeping.due.iter().any(|consumer| matches!(consumer, Consumer::Destination(_)));
        if let Some(calls) = self.unwritten.due(self.keeping.rules.calls, is_awaited) {
            self.tell_unwritten(calls);
        }
        let since = *self.cut_at.get_or_insert(now);
        let due = is_last
            || self.spool.is_closing()
            || now.duration_since(since) >= self.keeping.interval
            || self.spool.spooler.bytes() >= FILE_BYTES_MAX;
        if due {
            self.cut_at = Some(now);
            if self.spool.is_closing() || self.spool.spooler.rows() > 0 {
                let closed = self.spool.cut(wall_time())?;
                self.feeding.put(closed);
            }
        }
        self.feeding.bring(&self.repository, &self.keeping.rules.cluster, &self.keeping.due)?;
        if self.failing.done() {
            log::info("call records are written again; none is lost").write();
        }
        Ok(more)
    }

    fn follow(&mut self) -> io::Result<bool> {
        let (spooler, rows, unwritten) = (&mut self.spool.spooler, &mut self.rows, &mut self.unwritten);
        let (rules, uris) = (&self.keeping.rules, &self.keeping.uris);
        let more = self.follower.read(|follower, followed| {
            if !rules.calls && Head::decode(followed.record).is_ok_and(|head| head.kind == EntryKind::Call) {
                unwritten.call();
            }
            rows.take(follower, &followed, (rules, uris), spooler);
        })?;
        for gap in self.follower.take_gaps() {
            if gap.next() > self.spool.spooler.journal() {
                self.spool.spooler.pass(gap.next());
            }
            self.tell_gap(&gap);
        }
        if let Some(calls) = self.rows.incomplete_due() {
            log::warn("calls have call records from which something is missing, because a part of the journal is gone")
                .count("calls", calls)
                .remedy("look at the disk and at the alarms before this one")
                .write();
        }
        Ok(more)
    }

    /// A part of the journal is gone, and whatever it said of calls.
    fn tell_gap(&self, gap: &Gap) {
        let calls = gap.calls(&self.data);
        let count = calls.len() as u64;
        counters::JOURNAL_GAPS.add(1);
        counters::CALLS_LOST.add(count);
        let some: Vec<String> = calls.iter().take(CALLS_NAMED).map(ToString::to_string).collect();
        log::error("a part of the journal cannot be read; call records go on behind it")
            .with("journal", gap)
            .count("calls_without_record", count)
            .with("calls", some.join(" "))
            .effect("calls that ended there have no call record, and others an incomplete one")
            .remedy("look at the disk; strowger calls lists what is known of the calls")
            .write();
        let told =
            serde_json::json!({ "alarm": "journal-damaged", "journal": gap.to_string(), "calls": count });
        self.events.tell(Topic::Alarm, wall_time(), told);
    }

    /// Old files go, and what takes too much room.
    fn tidy(&mut self) -> io::Result<()> {
        for number in self.repository.destinations()? {
            let consumer = Consumer::Destination(number);
            if !self.keeping.due.contains(&consumer) {
                self.repository.forget(consumer)?;
            }
        }
        let oldest = wall_time().as_micros().saturating_sub(self.keeping.retention.as_micros() as u64);
        let old = self.repository.retire(&super::repository::day(WallTime::from_micros(oldest)))?;
        let room = self.repository.make_room(self.keeping.room)?;
        if old.undelivered + room.undelivered > 0 {
            log::error("call records were deleted that were not delivered everywhere")
                .count("old", old.undelivered as u64)
                .count("no_room", room.undelivered as u64)
                .with("folder", self.data.join("cdr_repository").display())
                .remedy("mend the delivery: strowger cdr destinations; give them more room: record_room; or keep them for longer: record_retention")
                .write();
            let told =
                serde_json::json!({ "alarm": "records-lost", "files": old.undelivered + room.undelivered });
            self.events.tell(Topic::Alarm, wall_time(), told);
        }
        if room.delivered > 0 {
            log::warn("call records that were delivered were deleted before their time, to make room")
                .count("files", room.delivered as u64)
                .remedy("give them more room: record_room")
                .write();
        }
        Ok(())
    }

    fn tell_unwritten(&self, calls: u64) {
        log::error(
            "calls happen and no records of them are written, although billing destinations wait for some",
        )
        .count("calls", calls)
        .effect("nobody can bill these calls")
        .remedy("set call_records of service_parameters to true, or remove the destinations")
        .write();
        let told = serde_json::json!({ "alarm": "records-not-written", "calls": calls });
        self.events.tell(Topic::Alarm, wall_time(), told);
    }

    fn complain(&mut self, error: &io::Error) {
        if error.kind() == io::ErrorKind::StorageFull {
            self.tidied_at = None;
        }
        if let Some(lasts) = self.failing.failed(Clock::now()) {
            let remedy = "make room or mend the folder's rights; writing goes on by itself";
            log::error("call records cannot be written")
                .with("folder", self.data.display())
                .with("reason", error)
                .with("for", format_args!("{} s", lasts.as_secs()))
                .effect("calls go on, and their records wait in the journal")
                .remedy(remedy)
                .write();
            tell_stopped(&self.events, error, lasts, remedy);
        }
    }
}

/// Nobody gets records while this lasts, and no destination fails for it.
fn tell_stopped(events: &Hub, error: &io::Error, lasts: Duration, remedy: &str) {
    let told = serde_json::json!({
        "alarm": "records-not-written",
        "reason": error.to_string(),
        "remedy": remedy,
        "lasts_seconds": lasts.as_secs(),
    });
    events.tell(Topic::Alarm, wall_time(), told);
}

fn wall_time() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_micros(u64::try_from(since.as_micros()).unwrap_or(0))
}

/// How often the journal is looked at.
const TICK: Duration = Duration::from_millis(250);
const RETRY_AFTER: Duration = Duration::from_secs(1);
const OPEN_AFTER: Duration = Duration::from_secs(5);
const TIDY_EVERY: Duration = Duration::from_secs(3600);
/// A file is cut when it has this much, whatever the interval.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// So many calls that were lost are named.
const CALLS_NAMED: usize = 8;
