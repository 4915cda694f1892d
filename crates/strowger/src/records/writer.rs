//! The thread that writes call records: it follows the journal, keeps what is to be written in the spool, and cuts files of it.
//!
//! A call is told to be over only when its final record is in the journal on the disk. Its row follows from that: how far the journal was read stands in the
//! spool beside the rows, so that after any stop reading goes on where it was, and each call has one row.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use strowger_base::journal::{EntryKind, Head, Record};
use strowger_base::{LegId, WallTime};
use strowger_cdr::{RecordKind, Rules};
use tokio::sync::watch;

use super::repository::{Consumer, Repository};
use super::rules::{Keeping, keeping};
use super::spool::{Closed, Spool};
use super::unwritten::Unwritten;
use crate::events::{Hub, Topic};
use crate::keeper::Live;
use crate::log;
use crate::store::{Extent, Followed, Follower};

/// Writes call records.
struct RecordWriter {
    data: PathBuf,
    node: u32,
    follower: Follower,
    spool: Spool,
    repository: Repository,
    late: Late,
    /// Closed segments whose files are not in the repository yet.
    closed: VecDeque<Closed>,
    live: watch::Receiver<Arc<Live>>,
    keeping: Keeping,
    cut_at: Option<Clock>,
    tidied_at: Option<Clock>,
    in_trouble: bool,
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
        let mut thread =
            RecordThread { data: data.to_owned(), node, epoch, extent, begin, live, events, writer: None };
        if let Err(error) = thread.open() {
            log::error("call records cannot be opened")
                .with("folder", thread.data.display())
                .with("reason", error)
                .effect("calls go on, and their records wait in the journal")
                .remedy("mend what the reason names; it is tried again by itself")
                .write();
        }
        thread
    }

    fn open(&mut self) -> io::Result<()> {
        let (spool, closed) = Spool::open(&self.data, self.epoch, self.begin)?;
        let repository = Repository::open(&self.data)?;
        let follower = Follower::new(&self.data, spool.spooler.journal(), self.extent.clone());
        let live = self.live.clone();
        let keeping = keeping(&live.borrow().state);
        self.writer = Some(RecordWriter {
            data: self.data.clone(),
            node: self.node,
            follower,
            spool,
            repository,
            late: Late::default(),
            closed: closed.into(),
            live,
            keeping,
            cut_at: None,
            tidied_at: None,
            in_trouble: false,
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
                Err(_) => {}
            }
        }
    }
}

/// Where the final records of calls are that ended lately, by their legs: how a call sounded is told when it is over.
#[derive(Default)]
struct Late {
    calls: BTreeMap<LegId, u64>,
    ended: VecDeque<(WallTime, LegId, u64)>,
}

impl Late {
    fn ended(&mut self, at: WallTime, leg: LegId, place: u64) {
        self.calls.insert(leg, place);
        self.ended.push_back((at, leg, place));
        while let Some((before, leg, place)) = self.ended.front()
            && (self.ended.len() > LATE_MAX || before.as_secs() + LATE_SECONDS < at.as_secs())
        {
            // A leg that went on in another call has a later place.
            if self.calls.get(leg) == Some(place) {
                self.calls.remove(leg);
            }
            self.ended.pop_front();
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
                self.closed.push_back(closed);
            }
        }
        while let Some(closed) = self.closed.front() {
            let (files, is_whole) = closed.files(&self.keeping.rules.cluster, self.node);
            for (name, text) in files {
                self.repository.accept(&name, text.as_bytes(), &self.keeping.due)?;
            }
            let Some(closed) = self.closed.pop_front() else { break };
            if is_whole {
                closed.remove()?;
            } else {
                log::error("a part of the spool of call records is damaged; what is whole of it was written")
                    .with("kept", closed.put_aside()?.display())
                    .remedy("look at the disk; the journal has the calls: strowger calls, strowger explain")
                    .write();
            }
        }
        if std::mem::take(&mut self.in_trouble) {
            log::info("call records are written again; none is lost").write();
        }
        Ok(more)
    }

    fn follow(&mut self) -> io::Result<bool> {
        let (spooler, late, unwritten) = (&mut self.spool.spooler, &mut self.late, &mut self.unwritten);
        let rules = &self.keeping.rules;
        self.follower.read(|follower, followed| {
            if !rules.calls && Head::decode(followed.record).is_ok_and(|head| head.kind == EntryKind::Call) {
                unwritten.call();
            }
            take(follower, &followed, late, rules, spooler);
        })
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
        if !std::mem::replace(&mut self.in_trouble, true) {
            log::error("call records cannot be written")
                .with("folder", self.data.display())
                .with("reason", error)
                .effect("calls go on, and their records wait in the journal")
                .remedy("make room or mend the folder's rights; writing goes on by itself")
                .write();
        }
    }
}

/// Takes one record of the journal.
fn take(
    follower: &Follower,
    followed: &Followed<'_>,
    late: &mut Late,
    rules: &Rules,
    spooler: &mut strowger_cdr::spool::Spooler,
) {
    let next = followed.next;
    let Ok(head) = Head::decode(followed.record) else { return spooler.pass(next) };
    let counts = rules.writes_quality();
    match head.kind {
        EntryKind::Call if rules.calls || counts => {
            let bytes = follower.call_until(followed);
            let records = decoded(&bytes);
            if counts {
                let legs: BTreeSet<LegId> = records.iter().filter_map(|record| record.leg).collect();
                legs.into_iter().for_each(|leg| late.ended(head.at, leg, followed.place()));
            }
            match rules.call(&records) {
                Some(row) => spooler.row(next, RecordKind::Cdr, &row),
                None => spooler.pass(next),
            }
        }
        EntryKind::Quality | EntryKind::Told if counts && is_about_quality(followed.record) => {
            let mut bytes = match (head.call, head.leg.and_then(|leg| late.calls.get(&leg))) {
                (Some(_), _) => follower.call_until(followed),
                (None, Some(place)) => follower.call_at(*place),
                (None, None) => Vec::new(),
            };
            if head.call.is_none() {
                bytes.push(followed.record.to_vec());
            }
            match rules.quality(&decoded(&bytes)) {
                Some(row) => spooler.row(next, RecordKind::Cmr, &row),
                None => spooler.pass(next),
            }
        }
        _ => spooler.pass(next),
    }
}

fn is_about_quality(record: &[u8]) -> bool {
    use strowger_base::journal::{Entry, Told};
    let entry = Record::decode(record).map(|record| record.entry);
    matches!(entry, Ok(Entry::Quality(_) | Entry::Told(Told::Quality(_))))
}

fn decoded(bytes: &[Vec<u8>]) -> Vec<Record<'_>> {
    bytes.iter().filter_map(|record| Record::decode(record).ok()).collect()
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
/// Media ports say their last words within this.
const LATE_SECONDS: u64 = 60;
const LATE_MAX: usize = 200_000;
