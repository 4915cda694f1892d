//! Scenarios side by side: who may run beside whom, and results that are told in the order of the table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// What a scenario bears beside itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Company {
    /// It listens to sound: only beside others that mostly wait, as it does itself.
    Quiet,
    /// It works the machine, and listens to nothing.
    Busy,
    /// It counts what a loaded machine does later: beside nothing.
    None,
}

/// Those that work the machine. They begin in this order, the longest first.
const BUSY: &[&str] = &[
    "api-fuzz",
    "backup",
    "sftp-openssh",
    "torture",
    "sccp-dissector",
    "overlap",
    "kpml",
    "wrong-password",
    "unknown-number",
    "absent",
    "broken-configuration",
    "changes",
    "live",
    "port-in-use",
    "unwritable-folder",
    "full-disk",
];

/// Those that bear nothing beside themselves.
const ALONE: &[&str] =
    &["sipp-builtin", "sipp-register", "sipp-options", "sipp-calls-trunk", "sipp-calls-phones"];

impl Company {
    /// In the order in which they play.
    pub(super) const ALL: [Company; 3] = [Company::Quiet, Company::Busy, Company::None];

    /// What the scenario of this name bears.
    pub(super) fn of(name: &str) -> Company {
        if ALONE.contains(&name) {
            Company::None
        } else if BUSY.contains(&name) {
            Company::Busy
        } else {
            Company::Quiet
        }
    }

    /// How many play at once: those that wait more than there are cores, those that work as many.
    pub(super) fn lanes(self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match self {
            Company::Quiet => (cores * 2).min(LANES_MAX),
            Company::Busy => cores.min(LANES_MAX),
            Company::None => 1,
        }
    }
}

/// More at once would have too few ports.
const LANES_MAX: usize = 8;

/// How early a scenario begins among those that play beside it.
pub(super) fn turn(name: &str) -> usize {
    BUSY.iter().position(|busy| *busy == name).unwrap_or(usize::MAX)
}

/// Does all jobs, so many at once, beginning with those of the lowest turn; each is told when all before it are told.
pub(super) fn side_by_side<J: Sync, R: Send>(
    jobs: &[J],
    lanes: usize,
    turn: impl Fn(&J) -> usize,
    work: impl Fn(&J) -> R + Sync,
    mut tell: impl FnMut(&J, R),
) {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|at| turn(&jobs[*at]));
    let next = AtomicUsize::new(0);
    let (sender, done) = channel();
    std::thread::scope(|scope| {
        for _ in 0..lanes.min(jobs.len()) {
            let (sender, order, next, work) = (sender.clone(), &order, &next, &work);
            scope.spawn(move || {
                while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let _ = sender.send((at, work(&jobs[at])));
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut told = 0;
        for (at, result) in done {
            waiting.insert(at, result);
            while let Some(result) = waiting.remove(&told) {
                tell(&jobs[told], result);
                told += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::super::SCENARIOS;
    use super::*;

    #[test]
    fn results_are_told_in_order_however_they_come() {
        // Three meet twice: they can only when all three are under way. The first two cannot end before the last one has.
        let (meeting, last_is_done) = (Barrier::new(3), Barrier::new(3));
        let mut told = Vec::new();
        let work = |job: &usize| {
            meeting.wait();
            if *job == 2 {
                last_is_done.wait();
                return *job * 10;
            }
            last_is_done.wait();
            *job * 10
        };
        side_by_side(&[0, 1, 2], 3, |job| 9 - job, work, |job, result| told.push((*job, result)));
        assert_eq!(told, [(0, 0), (1, 10), (2, 20)]);
    }

    #[test]
    fn one_lane_begins_with_the_lowest_turn() {
        let begun = std::sync::Mutex::new(Vec::new());
        let mut told = Vec::new();
        let work = |job: &usize| begun.lock().expect("no panic").push(*job);
        side_by_side(&[5, 3, 4], 1, |job| *job, work, |job, ()| told.push(*job));
        assert_eq!(*begun.lock().expect("no panic"), [3, 4, 5]);
        assert_eq!(told, [5, 3, 4]);
    }

    #[test]
    fn who_is_named_is_there() {
        for name in BUSY.iter().chain(ALONE) {
            assert!(SCENARIOS.iter().any(|row| row.0 == *name), "{name}");
        }
    }
}
