//! The simulator: one node with all its structure, its phones, its disk and a bad network, in one thread and in
//! virtual time.
//!
//! Three acts. In the first, faults are on, and nothing wrong may happen. In the second they are off and nobody touches a phone: every
//! display has to show who is heard there. In the third everybody hangs up, and nothing may be left. The same seed gives the same run in
//! every process; its hash is printed.

mod dialling;
mod disk;
mod identities;
mod kept;
mod network;
mod phone;
mod report;
mod setting;
mod world;

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;

use strowger_phones::{skinny, sound, text};

use report::Report;
use world::{Plan, World};

fn main() -> ExitCode {
    let mut seeds = 1u64;
    let mut first = 1u64;
    let mut minutes = 10u64;
    let mut trace = false;
    let mut plan: fn(u64, u64) -> Plan = Plan::of_seed;
    let mut storm = "";
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|value| value.parse().ok());
        match argument.as_str() {
            "--seed" => match number() {
                Some(seed) => (first, seeds) = (seed, 1),
                None => return usage("--seed needs a number"),
            },
            "--seeds" => match number() {
                Some(count) => seeds = count,
                None => return usage("--seeds needs a number"),
            },
            "--first" => match number() {
                Some(seed) => first = seed,
                None => return usage("--first needs a number"),
            },
            "--minutes" => match number() {
                Some(count) => minutes = count,
                None => return usage("--minutes needs a number"),
            },
            "--trace" => trace = true,
            "--storm" => (plan, storm) = (Plan::of_storm, " --storm"),
            other => return usage(&format!("unknown option {other}")),
        }
    }
    let mut failed = 0;
    let mut total = Report::default();
    side_by_side(
        first..first + seeds,
        |seed| World::new(plan(seed, minutes), trace).run(),
        |seed, result| match result {
            Ok(report) => {
                if seeds == 1 {
                    println!("seed {seed}: hash {:016x}, {report}", report.hash);
                }
                total.add(&report);
            }
            Err(failure) => {
                failed += 1;
                eprintln!("seed {seed} FAILED: {failure}");
                eprintln!("  again: cargo xtask sim --seed {seed} --minutes {minutes}{storm} --trace");
            }
        },
    );
    println!("{} seeds of {minutes} virtual minutes: {total}", seeds);
    println!("{} passed, {failed} failed", seeds - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays each seed, as many at once as there are cores, and tells the results in the order of the seeds.
fn side_by_side<R: Send>(seeds: Range<u64>, play: impl Fn(u64) -> R + Sync, mut tell: impl FnMut(u64, R)) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, mut told) = (AtomicU64::new(seeds.start), seeds.start);
    let (sender, results) = channel();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let (sender, next, play, seeds) = (sender.clone(), &next, &play, &seeds);
            scope.spawn(move || {
                let mut seed = next.fetch_add(1, Ordering::Relaxed);
                while seeds.contains(&seed) && sender.send((seed, play(seed))).is_ok() {
                    seed = next.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        for (seed, result) in results {
            waiting.insert(seed, result);
            while let Some(result) = waiting.remove(&told) {
                tell(told, result);
                told += 1;
            }
        }
    });
}

fn usage(problem: &str) -> ExitCode {
    eprintln!(
        "strowger-sim: {problem}\nusage: strowger-sim [--seed N | --first N --seeds K] [--minutes M] [--storm] [--trace]"
    );
    ExitCode::from(2)
}
