//! Delivery of files to one destination: in order, one at a time, again until they have arrived, and never silently in vain.
//!
//! A [`Delivery`] is told which files are due and how attempts ended, and says what to send, when to try again and what an operator has to
//! know. It differs from CUCM on purpose: that is silent about the first failure, and a server that lacked algorithms after a fail-over was
//! noticed after ten days. Where files lie and how they travel is its driver's affair.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use strowger_base::{Instant, Now, WallTime, limits};

use crate::FileName;

/// One destination.
#[derive(Debug)]
pub struct Delivery {
    settings: Settings,
    state: State,
    /// What is due, oldest first, and since when; the first one is under way while there is an attempt.
    queue: VecDeque<(FileName, Instant)>,
    queued: BTreeSet<String>,
    /// More is due than there was room for: the repository knows.
    is_more: bool,
    /// Since when there was no room; those files are due since then at least.
    no_room_since: Option<Instant>,
    /// What was due when it began is known: what comes from now on has become due now.
    has_looked: bool,
    trouble: Option<Trouble>,
    /// When it was first told anything: it has kept nobody waiting before.
    began: Option<Instant>,
    /// A lag that is told although nothing fails.
    next_lag: Option<Duration>,
    last: Option<(FileName, WallTime)>,
    totals: Totals,
}

/// How a destination is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Nothing is sent otherwise; what is due waits.
    pub is_enabled: bool,
    /// A file that could not be delivered is tried again; otherwise the next one has its turn.
    pub resend: bool,
    /// How long to wait after the first failure; each further one doubles it.
    pub wait_first: Duration,
    /// The longest wait.
    pub wait_most: Duration,
}

impl Default for Settings {
    /// As CUCM does: again after 6 s, 12 s, 24 s and so on, at most 120 s.
    fn default() -> Settings {
        let (wait_first, wait_most) = (Duration::from_secs(6), Duration::from_secs(120));
        Settings { is_enabled: true, resend: true, wait_first, wait_most }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Nothing is due, or nothing may be sent.
    Idle,
    /// The first file of the queue is under way.
    Sending { failures: u32, is_changed: bool },
    /// The last attempt failed.
    Waiting { failures: u32, until: Instant },
}

/// What happens to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A file is due. One that is due already, or under way, is not due twice.
    Due(FileName),
    /// More is due than was told: [`Output::Look`] follows when there is room.
    More,
    /// That was all that is due.
    Looked,
    /// The attempt has ended.
    Ended(Outcome),
    /// The destination is configured otherwise.
    Changed(Settings),
    /// An operator wants an attempt now.
    Retry,
    /// Time has passed.
    Time,
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The file is there.
    Arrived,
    /// The file is not in the repository any more: its days were over.
    Gone,
    /// It did not arrive.
    Failed(Failure),
}

/// Why a file did not arrive, in the words of whoever tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What it counts as: one word, the same for the same cause.
    pub kind: Box<str>,
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
    /// What proves it.
    pub evidence: Vec<String>,
}

/// What it wants done, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Try to put this file there; [`Input::Ended`] follows.
    Send(FileName),
    /// This file is not due any more: it is there.
    Delivered(FileName),
    /// This file is not due any more: it is not tried again.
    GivenUp(FileName),
    /// Tell what is due, oldest first, with [`Input::Due`].
    Look,
    /// Tell an operator.
    Alarm(Alarm),
}

/// What an operator has to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Alarm {
    /// Delivery has begun to fail, or fails for another reason now.
    Failed {
        /// Why.
        failure: Failure,
        /// Files that wait; at least so many when there are more than are counted.
        waiting: usize,
        /// How long the oldest of them is due.
        lag: Duration,
    },
    /// Files that fail are not tried again, and there are twice as many as were told last, or another cause.
    GivenUp {
        /// Why the last one failed.
        failure: Failure,
        /// It.
        file: FileName,
        /// Files that were given up since delivery began to fail.
        files: u64,
    },
    /// It still fails, and the lag has doubled since it was told last.
    Lagging {
        /// Why it failed last.
        failure: Failure,
        /// Since when it fails.
        since: WallTime,
        /// Attempts that failed since then.
        attempts: u32,
        /// Files that wait.
        waiting: usize,
        /// How long the oldest of them is due.
        lag: Duration,
    },
    /// Nothing fails, and yet files wait: they go more slowly than others come, or the destination is switched off. Told again when the lag has doubled.
    Waiting {
        /// It is not switched off.
        is_enabled: bool,
        /// Files that wait.
        waiting: usize,
        /// How long the oldest of them is due, of the time since the start.
        lag: Duration,
    },
    /// A file was not in the repository any more when its turn came.
    Lost {
        /// Its name.
        file: FileName,
    },
    /// What waited when delivery began to work again has arrived.
    Ended {
        /// Since when it failed.
        since: WallTime,
        /// Attempts that failed.
        attempts: u32,
        /// Files that arrived since then.
        arrived: u64,
        /// Files that did not, and are not tried again.
        given_up: u64,
    },
}

/// Delivery that fails, and is not made good yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// When the first attempt failed.
    pub since: WallTime,
    /// Attempts that failed.
    pub attempts: u32,
    /// Why the last one did.
    pub failure: Failure,
    /// Files that arrived since then.
    pub arrived: u64,
    /// Files that were given up since then.
    pub given_up: u64,
    /// Files that have to arrive before it counts as over.
    left: usize,
    told: BTreeSet<Box<str>>,
    next_lag: Duration,
    next_given_up: u64,
}

/// What a destination has had since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Totals {
    /// Files that arrived.
    pub arrived: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Files that did not arrive, and are not tried again.
    pub given_up: u64,
}

/// How a destination does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status<'a> {
    /// What it does now.
    pub activity: Activity,
    /// Files that wait, with the one under way.
    pub waiting: usize,
    /// There are more, which are not counted.
    pub is_more: bool,
    /// How long the oldest of them is due.
    pub lag: Duration,
    /// The file that arrived last, and when.
    pub last: Option<&'a (FileName, WallTime)>,
    /// Delivery fails.
    pub trouble: Option<&'a Trouble>,
    /// Counts.
    pub totals: Totals,
}

/// What a destination does now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Activity {
    /// It is not enabled.
    Off,
    /// Nothing is due.
    Idle,
    /// A file is under way.
    Sending,
    /// The last attempt failed; the next is in so long.
    Waiting(Duration),
}

impl Delivery {
    /// A destination to which nothing is due yet as far as is known: it asks at once.
    pub fn new(settings: Settings, out: &mut Vec<Output>) -> Delivery {
        out.push(Output::Look);
        Delivery {
            settings,
            state: State::Idle,
            queue: VecDeque::new(),
            queued: BTreeSet::new(),
            is_more: false,
            no_room_since: None,
            has_looked: false,
            trouble: None,
            began: None,
            next_lag: None,
            last: None,
            totals: Totals::default(),
        }
    }

    /// Takes what happened; `out` then has what is to be done.
    pub fn handle(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        match &input {
            Input::Due(file) => self.due(now, file.clone()),
            Input::More => self.lacks_room(now),
            Input::Looked => self.has_looked = true,
            Input::Changed(settings) => self.settings = *settings,
            Input::Ended(_) | Input::Retry | Input::Time => {}
        }
        self.state = match self.state {
            State::Idle => match input {
                Input::Due(_)
                | Input::More
                | Input::Looked
                | Input::Changed(_)
                | Input::Retry
                | Input::Time => self.next(0, out),
                // Nothing is under way that could end.
                Input::Ended(_) => self.state,
            },
            State::Sending { failures, is_changed } => match input {
                Input::Ended(Outcome::Arrived) => self.arrived(now, out),
                Input::Ended(Outcome::Gone) => self.gone(failures, out),
                Input::Ended(Outcome::Failed(failure)) => {
                    self.failed(now, failures, is_changed, failure, out)
                }
                Input::Changed(_) | Input::Retry => State::Sending { failures, is_changed: true },
                Input::Due(_) | Input::More | Input::Looked | Input::Time => self.state,
            },
            State::Waiting { failures, until } => match input {
                Input::Changed(_) | Input::Retry => self.next(0, out),
                Input::Time if until <= now.mono => self.next(failures, out),
                Input::Due(_) | Input::More | Input::Looked | Input::Ended(_) | Input::Time => self.state,
            },
        };
        self.mind_lag(now, out);
    }

    /// What waits although nothing fails is told too.
    fn mind_lag(&mut self, now: Now, out: &mut Vec<Output>) {
        let began = *self.began.get_or_insert(now.mono);
        let lag = self.lag(now).min(now.mono.saturating_since(began));
        let is_enabled = self.settings.is_enabled;
        let first = if is_enabled { LAG_WITHOUT_FAILURE } else { LAG_SWITCHED_OFF };
        if lag < first / 2 || self.trouble.is_some() || !self.has_looked {
            self.next_lag = None;
        } else if lag >= self.next_lag.unwrap_or(first) {
            self.next_lag = Some(lag * 2);
            out.push(Output::Alarm(Alarm::Waiting { is_enabled, waiting: self.queue.len(), lag }));
        }
    }

    /// When [`Input::Time`] is wanted.
    pub fn next_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until, .. } => Some(until),
            State::Idle | State::Sending { .. } => None,
        }
    }

    /// How it does.
    pub fn status(&self, now: Now) -> Status<'_> {
        let activity = match self.state {
            State::Sending { .. } => Activity::Sending,
            State::Idle | State::Waiting { .. } if !self.settings.is_enabled => Activity::Off,
            State::Idle => Activity::Idle,
            State::Waiting { until, .. } => Activity::Waiting(until.saturating_since(now.mono)),
        };
        Status {
            activity,
            waiting: self.queue.len(),
            is_more: self.is_more,
            lag: self.lag(now),
            last: self.last.as_ref(),
            trouble: self.trouble.as_ref(),
            totals: self.totals,
        }
    }

    fn due(&mut self, now: Now, file: FileName) {
        // What finds no room comes again when the repository is asked; what is newer waits with it, or it would go first.
        if self.is_more || self.queue.len() >= limits::FILES_QUEUED {
            self.lacks_room(now);
        } else if self.queued.insert(file.to_string()) {
            let since = self.due_since(now, &file);
            self.queue.push_back((file, since));
        }
    }

    fn lacks_room(&mut self, now: Now) {
        self.is_more = true;
        self.no_room_since.get_or_insert(now.mono);
    }

    /// Since when a file is due that is heard of now.
    ///
    /// Only what was there when it began is as old as its name says: a clock that jumps, and days that are delivered once more, change nothing of how
    /// long somebody has waited.
    fn due_since(&self, now: Now, file: &FileName) -> Instant {
        if let Some(since) = self.no_room_since {
            return since;
        }
        if self.has_looked {
            return now.mono;
        }
        let age = Duration::from_micros(now.wall.as_micros().saturating_sub(file.minute.as_micros()));
        let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        Instant::from_nanos(now.mono.as_nanos().saturating_sub(age))
    }

    /// Sends what is first, unless nothing is or may be.
    fn next(&mut self, failures: u32, out: &mut Vec<Output>) -> State {
        if !self.settings.is_enabled {
            return State::Idle;
        }
        match self.queue.front() {
            Some((file, _)) => {
                out.push(Output::Send(file.clone()));
                State::Sending { failures, is_changed: false }
            }
            None => {
                if self.is_more {
                    self.is_more = false;
                    out.push(Output::Look);
                } else {
                    self.no_room_since = None;
                }
                State::Idle
            }
        }
    }

    fn arrived(&mut self, now: Now, out: &mut Vec<Output>) -> State {
        if let Some(file) = self.take() {
            self.totals.arrived += 1;
            out.push(Output::Delivered(file.clone()));
            self.last = Some((file, now.wall));
        }
        if let Some(mut trouble) = self.trouble.take() {
            trouble.arrived += 1;
            // Those that came due meanwhile are no part of it; but more than are counted are all waited for.
            trouble.left = trouble.left.saturating_sub(1).min(self.queue.len());
            if trouble.left == 0 && !self.is_more {
                let Trouble { since, attempts, arrived, given_up, .. } = trouble;
                out.push(Output::Alarm(Alarm::Ended { since, attempts, arrived, given_up }));
            } else {
                self.trouble = Some(trouble);
            }
        }
        self.next(0, out)
    }

    fn gone(&mut self, failures: u32, out: &mut Vec<Output>) -> State {
        if let Some(file) = self.take() {
            out.push(Output::GivenUp(file.clone()));
            out.push(Output::Alarm(Alarm::Lost { file }));
        }
        self.next(failures, out)
    }

    fn failed(
        &mut self,
        now: Now,
        failures: u32,
        is_changed: bool,
        failure: Failure,
        out: &mut Vec<Output>,
    ) -> State {
        self.totals.failed += 1;
        let (lag, waiting) = (self.lag(now), self.queue.len());
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            since: now.wall,
            attempts: 0,
            failure: failure.clone(),
            arrived: 0,
            given_up: 0,
            left: 0,
            told: BTreeSet::new(),
            next_lag: Duration::ZERO,
            next_given_up: 0,
        });
        trouble.attempts = trouble.attempts.saturating_add(1);
        trouble.failure = failure.clone();
        trouble.left = waiting;
        let (since, attempts) = (trouble.since, trouble.attempts);
        // A server that fails now for one reason and now for another does not fill the log: each is told once.
        if !self.settings.resend {
            self.give_up(failure, out);
        } else if trouble.told.insert(failure.kind.clone()) {
            trouble.next_lag = LAG_FIRST.max(lag * 2);
            out.push(Output::Alarm(Alarm::Failed { failure, waiting, lag }));
        } else if lag >= trouble.next_lag {
            trouble.next_lag = lag * 2;
            out.push(Output::Alarm(Alarm::Lagging { failure, since, attempts, waiting, lag }));
        }
        if is_changed {
            return self.next(0, out);
        }
        let doubled = 2_u32.saturating_pow(failures.min(16));
        let wait = self.settings.wait_first.saturating_mul(doubled).min(self.settings.wait_most);
        State::Waiting { failures: failures.saturating_add(1), until: now.mono + wait }
    }

    /// What failed is not tried again; an operator is told of how many files.
    fn give_up(&mut self, failure: Failure, out: &mut Vec<Output>) {
        let Some(file) = self.take() else { return };
        self.totals.given_up += 1;
        if let Some(trouble) = &mut self.trouble {
            trouble.given_up += 1;
            trouble.left = self.queue.len();
            let files = trouble.given_up;
            if trouble.told.insert(failure.kind.clone()) || files >= trouble.next_given_up {
                trouble.next_given_up = files * 2;
                out.push(Output::Alarm(Alarm::GivenUp { failure, file: file.clone(), files }));
            }
        }
        out.push(Output::GivenUp(file));
    }

    fn take(&mut self) -> Option<FileName> {
        let (file, _) = self.queue.pop_front()?;
        self.queued.remove(&file.to_string());
        Some(file)
    }

    /// How long the oldest file is due, by the clock that does not jump.
    fn lag(&self, now: Now) -> Duration {
        self.queue.front().map_or(Duration::ZERO, |(_, since)| now.mono.saturating_since(*since))
    }
}

/// A lag that is told again after delivery began to fail, unless it was half as long already.
const LAG_FIRST: Duration = Duration::from_secs(300);
/// A lag that is told although nothing fails.
const LAG_WITHOUT_FAILURE: Duration = Duration::from_secs(900);
/// A lag that is told of a destination to which nothing may be sent.
const LAG_SWITCHED_OFF: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests;
