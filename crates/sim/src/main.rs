//! The simulator: one node with all its structure, its phones, its disk and a bad network, in one thread and in
//! virtual time.
//!
//! Two acts. In the first, faults are on, and nothing wrong may happen; in the second they are off, and everything
//! has to settle. The same seed gives the same run in every process; its hash is printed.

mod dialling;
mod disk;
mod kept;
mod network;
mod phone;
mod report;
mod setting;
mod text;
mod world;

use std::process::ExitCode;

use report::Report;
use world::{Plan, World};

fn main() -> ExitCode {
    let mut seeds = 1u64;
    let mut first = 1u64;
    let mut minutes = 10u64;
    let mut trace = false;
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
            other => return usage(&format!("unknown option {other}")),
        }
    }
    let mut failed = 0;
    let mut total = Report::default();
    for seed in first..first + seeds {
        match World::new(Plan::of_seed(seed, minutes), trace).run() {
            Ok(report) => {
                if seeds == 1 {
                    println!("seed {seed}: hash {:016x}, {report}", report.hash);
                }
                total.add(&report);
            }
            Err(failure) => {
                failed += 1;
                eprintln!("seed {seed} FAILED: {failure}");
                eprintln!("  again: cargo xtask sim --seed {seed} --minutes {minutes} --trace");
            }
        }
    }
    println!("{} seeds of {minutes} virtual minutes: {total}", seeds);
    println!("{} passed, {failed} failed", seeds - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!(
        "strowger-sim: {problem}\nusage: strowger-sim [--seed N | --first N --seeds K] [--minutes M] [--trace]"
    );
    ExitCode::from(2)
}
