//! How destinations do, for who asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant as Clock;

use serde::Serialize;

/// What is told of all destinations.
#[derive(Default)]
pub(crate) struct Board(Mutex<BTreeMap<u8, Arc<Row>>>);

/// What is told of one.
#[derive(Default)]
pub(crate) struct Row(Mutex<Option<(Report, Clock)>>);

/// How a destination does.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) number: u8,
    pub(crate) name: String,
    /// Protocol, user, host and port.
    pub(crate) place: String,
    /// `off`, `idle`, `sending`, `waiting`.
    pub(crate) state: &'static str,
    /// Files that wait, with the one under way.
    pub(crate) waiting: usize,
    /// There are more, which are not counted.
    pub(crate) more_waiting: bool,
    /// How long the oldest of them is due.
    pub(crate) lag_seconds: u64,
    /// Seconds until the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_attempt_seconds: Option<u64>,
    /// The file that arrived last since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_file: Option<String>,
    /// When it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_delivered: Option<String>,
    /// Files that arrived since the start.
    pub(crate) arrived: u64,
    /// Attempts that failed since the start.
    pub(crate) failed: u64,
    /// Files that failed and are not tried again, since the start.
    pub(crate) given_up: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<Trouble>,
}

/// Delivery that fails, and is not made good yet.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(crate) struct Trouble {
    pub(crate) since: String,
    pub(crate) attempts: u32,
    pub(crate) kind: String,
    pub(crate) sentence: String,
    pub(crate) remedy: String,
    pub(crate) evidence: Vec<String>,
}

impl Board {
    /// The row of a destination.
    pub(super) fn of(&self, number: u8) -> Arc<Row> {
        Arc::clone(self.rows().entry(number).or_default())
    }

    /// Forgets those that are gone.
    pub(super) fn retain(&self, is_there: impl Fn(u8) -> bool) {
        self.rows().retain(|number, _| is_there(*number));
    }

    /// All of them, as they are now.
    pub(super) fn reports(&self) -> Vec<Report> {
        self.rows().values().filter_map(|row| row.now()).collect()
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<u8, Arc<Row>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    pub(super) fn tell(&self, report: Report) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((report, Clock::now()));
    }

    /// What was told, with the time that has passed since.
    fn now(&self) -> Option<Report> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut report, at) = told?;
        let passed = at.elapsed().as_secs();
        if report.waiting > 0 {
            report.lag_seconds += passed;
        }
        report.next_attempt_seconds = report.next_attempt_seconds.map(|left| left.saturating_sub(passed));
        Some(report)
    }
}
