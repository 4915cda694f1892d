//! One sender: what is due to a destination, on its way there.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

use serde_json::json;
use strowger_base::{Instant, Now, WallTime, limits};
use strowger_cdr::FileName;
use strowger_cdr::delivery::{Activity, Alarm, Delivery, Failure, Input, Outcome, Output};
use strowger_transfer::{Kind, Report as Told, Session};
use tokio::sync::{mpsc, watch};

use super::board::{Report, Row, Trouble};
use super::target::Target;
use crate::events::{Hub, Topic};
use crate::failing::Failing;
use crate::log;
use crate::records::repository::{Consumer, Repository};

/// Somebody wants an attempt now.
pub(super) struct Nudge;

pub(super) struct Sender {
    consumer: Consumer,
    targets: watch::Receiver<Arc<Target>>,
    nudges: mpsc::Receiver<Nudge>,
    repository: Repository,
    row: Arc<Row>,
    events: Arc<Hub>,
    machine: Delivery,
    said: Vec<Output>,
    session: Option<Session>,
    began: Clock,
    looked_at: Option<Clock>,
    /// The repository cannot be used, and why.
    failing: Failing,
    trouble: Option<Trouble>,
}

impl Sender {
    pub(super) fn new(
        consumer: Consumer,
        targets: watch::Receiver<Arc<Target>>,
        nudges: mpsc::Receiver<Nudge>,
        repository: Repository,
        row: Arc<Row>,
        events: Arc<Hub>,
    ) -> Sender {
        let mut said = Vec::new();
        let machine = Delivery::new(targets.borrow().settings, &mut said);
        Sender {
            consumer,
            targets,
            nudges,
            repository,
            row,
            events,
            machine,
            said,
            session: None,
            began: Clock::now(),
            looked_at: None,
            failing: Failing::default(),
            trouble: None,
        }
    }

    /// Runs until the destination is gone.
    pub(super) async fn run(mut self) {
        loop {
            match self.targets.has_changed() {
                Err(_) => return self.hang_up().await,
                Ok(true) => {
                    let settings = self.targets.borrow_and_update().settings;
                    // The session was one with what was configured before.
                    self.hang_up().await;
                    self.take(Input::Changed(settings));
                }
                Ok(false) => {}
            }
            let sent = self.carry_out().await;
            self.tell();
            if !sent {
                self.hang_up().await;
                self.wait().await;
            }
        }
    }

    /// Does what the machine said; true when a file was tried, so that there is more to do at once.
    async fn carry_out(&mut self) -> bool {
        while !self.said.is_empty() {
            match self.said.remove(0) {
                Output::Send(file) => {
                    self.tell();
                    let outcome = self.send(&file).await;
                    self.take(Input::Ended(outcome));
                    return true;
                }
                Output::Delivered(file) => {
                    log::debug("a file of call records was delivered")
                        .with("destination", &self.target().name)
                        .with("file", &file)
                        .write();
                    self.settle(file).await;
                }
                Output::GivenUp(file) => self.settle(file).await,
                Output::Look => self.look().await,
                Output::Alarm(alarm) => self.alarm(&alarm),
            }
        }
        false
    }

    async fn send(&mut self, file: &FileName) -> Outcome {
        let target = self.target();
        let destination = match &target.destination {
            Ok(destination) => destination,
            Err(why) => return Outcome::Failed(failure(target.unusable(Kind::Configuration, why).failure)),
        };
        let name = file.clone();
        let bytes = match self.away(move |repository| repository.read(&name)).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Outcome::Gone,
            Err(error) => return Outcome::Failed(unreadable(file, &error)),
        };
        let session = match self.session.take() {
            Some(session) => Ok(session),
            None => Session::open(destination).await,
        };
        let put = match session {
            Ok(mut session) => match session.put(&file.to_string(), &bytes).await {
                Ok(()) => {
                    self.session = Some(session);
                    Ok(())
                }
                Err(failure) => Err(failure),
            },
            Err(failure) => Err(failure),
        };
        match put {
            Ok(()) => Outcome::Arrived,
            Err(why) => Outcome::Failed(failure(Some(why.report()))),
        }
    }

    /// A file is not due any more. Nothing else is sent until the repository knows: what it takes for due would be sent again, and again.
    async fn settle(&mut self, file: FileName) {
        let consumer = self.consumer;
        let mut is_changed = false;
        loop {
            let name = file.clone();
            let settled = self.away(move |repository| repository.delivered(consumer, &name)).await;
            if self.minded(settled).is_some() {
                break;
            }
            self.tell();
            tokio::select! {
                () = tokio::time::sleep(SETTLE_AGAIN) => {}
                changed = self.targets.changed() => match changed {
                    Ok(()) => is_changed = true,
                    Err(_) => break,
                },
                nudge = self.nudges.recv() => if nudge.is_none() {
                    break;
                },
            }
        }
        if is_changed {
            self.targets.mark_changed();
        }
    }

    /// Tells the machine what is due.
    async fn look(&mut self) {
        self.looked_at = Some(Clock::now());
        let consumer = self.consumer;
        let due = self.away(move |repository| repository.due(consumer)).await;
        let Some(due) = self.minded(due) else { return };
        let is_more = due.len() > limits::FILES_QUEUED;
        for file in due.into_iter().take(limits::FILES_QUEUED) {
            self.take(Input::Due(file));
        }
        self.take(if is_more { Input::More } else { Input::Looked });
    }

    /// Waits until something is to be done.
    async fn wait(&mut self) {
        let status = self.machine.status(self.now());
        // A long list is not read every moment.
        let pause = if status.waiting > LONG { LOOK_SELDOM } else { LOOK_OFTEN };
        let look = self.looked_at.map_or(Duration::ZERO, |at| pause.saturating_sub(at.elapsed()));
        let until = self.machine.next_timeout().map(|at| at.saturating_since(self.now().mono));
        tokio::select! {
            () = tokio::time::sleep(look) => self.look().await,
            () = tokio::time::sleep(until.unwrap_or(Duration::MAX / 4)), if until.is_some() => self.take(Input::Time),
            // What it is now is looked at by who called.
            _ = self.targets.changed() => self.targets.mark_changed(),
            nudge = self.nudges.recv() => if nudge.is_some() {
                self.look().await;
                self.take(Input::Retry);
            },
        }
    }

    fn take(&mut self, input: Input) {
        let now = self.now();
        self.machine.handle(now, input, &mut self.said);
    }

    fn target(&self) -> Arc<Target> {
        Arc::clone(&self.targets.borrow())
    }

    async fn hang_up(&mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Works on the disk beside the network's thread.
    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Repository) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let repository = self.repository.clone();
        let worked = tokio::task::spawn_blocking(move || work(&repository)).await;
        worked.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
    }

    /// What came of work on the disk; what is wrong is told.
    fn minded<T>(&mut self, worked: io::Result<T>) -> Option<T> {
        let error = match worked {
            Ok(done) => {
                self.trouble = None;
                if self.failing.done() {
                    log::info("the folder of call records can be used for delivery again")
                        .with("destination", &self.target().name)
                        .write();
                }
                return Some(done);
            }
            Err(error) => error,
        };
        let at = self.now().wall;
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            since: at.to_string(),
            attempts: 0,
            kind: REPOSITORY.into(),
            sentence: String::new(),
            remedy: MEND_REPOSITORY.into(),
            evidence: Vec::new(),
        });
        trouble.attempts = trouble.attempts.saturating_add(1);
        trouble.sentence = format!("the folder of call records cannot be used: {error}");
        if let Some(lasts) = self.failing.failed(Clock::now()) {
            let name = &self.target().name;
            log::error("the folder of call records cannot be used for delivery")
                .with("destination", name)
                .with("reason", &error)
                .with("for", format_args!("{} s", lasts.as_secs()))
                .effect("files wait, and the last one may be delivered once more after a restart")
                .remedy(MEND_REPOSITORY)
                .write();
            let told = json!({
                "alarm": "records-not-delivered",
                "destination": name,
                "kind": REPOSITORY,
                "reason": error.to_string(),
                "remedy": MEND_REPOSITORY,
                "lasts_seconds": lasts.as_secs(),
            });
            self.events.tell(Topic::Alarm, at, told);
        }
        None
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            mono: Instant::START + self.began.elapsed(),
            wall: WallTime::from_micros(u64::try_from(wall.as_micros()).unwrap_or(0)),
        }
    }

    /// Tells how the destination does.
    fn tell(&self) {
        let (target, now) = (self.target(), self.now());
        let Consumer::Destination(number) = self.consumer else { return };
        let status = self.machine.status(now);
        let (state, next) = match status.activity {
            Activity::Off => ("off", None),
            Activity::Idle => ("idle", None),
            Activity::Sending => ("sending", None),
            Activity::Waiting(left) => ("waiting", Some(left.as_secs())),
        };
        self.row.tell(Report {
            number,
            name: target.name.clone(),
            place: target.place(),
            state,
            waiting: status.waiting,
            more_waiting: status.is_more,
            lag_seconds: status.lag.as_secs(),
            next_attempt_seconds: next,
            last_file: status.last.map(|(file, _)| file.to_string()),
            last_delivered: status.last.map(|(_, at)| at.to_string()),
            arrived: status.totals.arrived,
            failed: status.totals.failed,
            given_up: status.totals.given_up,
            trouble: self.trouble.clone().or_else(|| {
                status.trouble.map(|trouble| Trouble {
                    since: trouble.since.to_string(),
                    attempts: trouble.attempts,
                    kind: trouble.failure.kind.to_string(),
                    sentence: trouble.failure.sentence.clone(),
                    remedy: trouble.failure.remedy.clone(),
                    evidence: trouble.failure.evidence.clone(),
                })
            }),
        });
    }

    /// Tells an operator, in the log and to who follows events.
    fn alarm(&self, alarm: &Alarm) {
        let name = &self.target().name;
        let failing = |message: &'static str, failure: &Failure, waiting: usize, lag: Duration| {
            log::error(message)
                .with("destination", name)
                .with("reason", &failure.sentence)
                .with("evidence", failure.evidence.join("; "))
                .count("files", waiting as u64)
                .with("lag", format_args!("{} s", lag.as_secs()))
                .effect("files wait, in their order, until it works again")
                .remedy(&failure.remedy)
        };
        let failed = |failure: &Failure, waiting: usize, lag: Duration| {
            json!({
                "alarm": "records-not-delivered",
                "destination": name,
                "kind": failure.kind,
                "reason": failure.sentence,
                "remedy": failure.remedy,
                "evidence": failure.evidence,
                "files": waiting,
                "lag_seconds": lag.as_secs(),
            })
        };
        let told = match alarm {
            Alarm::Failed { failure, waiting, lag } => {
                failing("call records are not delivered", failure, *waiting, *lag).write();
                failed(failure, *waiting, *lag)
            }
            Alarm::GivenUp { failure, file, files } => {
                log::error("call records are not delivered, and are given up")
                    .with("destination", name)
                    .with("file", file)
                    .with("reason", &failure.sentence)
                    .with("evidence", failure.evidence.join("; "))
                    .count("files", *files)
                    .effect("these files do not go there by themselves any more: resend of the destination is false")
                    .remedy(format_args!(
                        "{}; then strowger cdr resend {name} --from DAY --to DAY, or set resend to true",
                        failure.remedy
                    ))
                    .write();
                json!({
                    "alarm": "records-given-up",
                    "destination": name,
                    "kind": failure.kind,
                    "reason": failure.sentence,
                    "remedy": failure.remedy,
                    "evidence": failure.evidence,
                    "file": file.to_string(),
                    "files": files,
                })
            }
            Alarm::Lagging { failure, since, attempts, waiting, lag } => {
                failing("call records are still not delivered", failure, *waiting, *lag)
                    .with("since", since)
                    .count("attempts", u64::from(*attempts))
                    .write();
                let mut told = failed(failure, *waiting, *lag);
                told["since"] = since.to_string().into();
                told
            }
            Alarm::Waiting { is_enabled, waiting, lag } => {
                let (message, remedy) = match is_enabled {
                    true => (
                        "call records wait for delivery although nothing fails",
                        "the destination takes files more slowly than calls make them: look at it and at the way there, or make fewer and larger files: record_file_interval",
                    ),
                    false => (
                        "call records wait for a destination that is switched off",
                        "switch it on (enabled), or remove it: files that nobody gets are deleted when their room is full",
                    ),
                };
                log::warn(message)
                    .with("destination", name)
                    .count("files", *waiting as u64)
                    .with("lag", format_args!("{} s", lag.as_secs()))
                    .remedy(remedy)
                    .write();
                json!({
                    "alarm": "records-waiting",
                    "destination": name,
                    "enabled": is_enabled,
                    "reason": message,
                    "remedy": remedy,
                    "files": waiting,
                    "lag_seconds": lag.as_secs(),
                })
            }
            Alarm::Lost { file } => {
                log::error("a file of call records was deleted before it was delivered")
                    .with("destination", name)
                    .with("file", file)
                    .remedy("keep files for longer or give them more room: record_retention, record_room")
                    .write();
                json!({ "alarm": "records-lost", "destination": name, "file": file.to_string() })
            }
            Alarm::Ended { since, attempts, arrived, given_up } => {
                let words = if *given_up == 0 {
                    "call records are delivered again, and what waited has arrived"
                } else {
                    "call records are delivered again, and those that were given up are missing there"
                };
                let event = log::info(words)
                    .with("destination", name)
                    .with("since", since)
                    .count("attempts", u64::from(*attempts))
                    .count("files", *arrived);
                if *given_up == 0 {
                    event.write();
                } else {
                    event
                        .count("given_up", *given_up)
                        .remedy(format_args!("strowger cdr resend {name} --from DAY --to DAY"))
                        .write();
                }
                json!({
                    "alarm": "records-delivered-again",
                    "destination": name,
                    "since": since.to_string(),
                    "files": arrived,
                    "given_up": given_up,
                })
            }
        };
        self.events.tell(Topic::Alarm, self.now().wall, told);
    }
}

fn failure(told: Option<Told>) -> Failure {
    let Some(Told { kind, sentence, remedy, evidence, .. }) = told else {
        return Failure {
            kind: "protocol".into(),
            sentence: String::new(),
            remedy: String::new(),
            evidence: vec![],
        };
    };
    Failure { kind: kind.word().into(), sentence, remedy, evidence }
}

fn unreadable(file: &FileName, error: &io::Error) -> Failure {
    Failure {
        kind: REPOSITORY.into(),
        sentence: format!("{file} cannot be read here: {error}"),
        remedy: MEND_REPOSITORY.into(),
        evidence: Vec::new(),
    }
}

/// What a failure counts as that is none of the destination.
const REPOSITORY: &str = "repository";
const MEND_REPOSITORY: &str =
    "mend the disk, or the rights of cdr_repository in the data folder; it is tried again by itself";
/// How often it is tried again to keep that a file has arrived.
const SETTLE_AGAIN: Duration = Duration::from_secs(5);
/// More files than this are looked at seldom.
const LONG: usize = 100;
const LOOK_OFTEN: Duration = Duration::from_secs(1);
const LOOK_SELDOM: Duration = Duration::from_secs(30);
