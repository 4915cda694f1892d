//! `cargo xtask bench dialplan`: what digit analysis costs with 100, 10,000 and 100,000 patterns.
//!
//! Every plan is measured in a process of its own, built with optimisation and pinned to core 0: this program again. Each
//! answer is compared with the winner that the generator knows before any time is taken.

use std::process::Command;

use serde::{Deserialize, Serialize};

use super::cost;
use crate::{peers, workspace};
use plans::Kind;

mod measure;
mod plans;

const USAGE: &str = "\
usage: cargo xtask bench dialplan [--quick] [--patterns N] [--seed N]

Plans of 100, 10,000 and 100,000 patterns, or of N: `random` is digit strings with trailing wildcards, best match
matters; `sites` is a company: extensions, translations and outside lines of many sites.
";

/// Patterns of the plans that are measured.
const SIZES: [usize; 3] = [100, 10_000, 100_000];
/// The limit for one analysed number at the largest size.
const LIMIT_NANOS: f64 = 2000.0;
/// The word by which this program calls itself.
const MEASURE: &str = "--measure";

/// What was measured of one plan.
#[derive(Serialize, Deserialize)]
struct Figures {
    patterns: usize,
    build_nanos: f64,
    bytes: f64,
    /// One number analysed as a whole.
    whole: Spread,
    /// The same, by its length: symbols, nanoseconds.
    by_length: Vec<(usize, f64)>,
    /// Key by key, for each key.
    key: Spread,
    /// One pattern more, and the plan finished.
    add: Spread,
    lookups: f64,
    digits: f64,
}

/// Nanoseconds of several rounds.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Spread {
    least: f64,
    median: f64,
}

impl Spread {
    fn of(mut rounds: Vec<f64>) -> Spread {
        rounds.sort_by(f64::total_cmp);
        let at = |index: usize| rounds.get(index).copied().unwrap_or(0.0);
        Spread { least: at(0), median: at(rounds.len() / 2) }
    }
}

/// `cargo xtask bench dialplan …`.
///
/// # Errors
/// When an answer is wrong, or the largest plan is above the limit.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let mut sizes = SIZES.to_vec();
    let mut seed = 1;
    let mut quick = false;
    let mut only = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || {
            let value = rest.next().ok_or_else(|| USAGE.to_owned())?;
            value.parse::<u64>().map_err(|error| format!("{argument} {value}: {error}"))
        };
        match argument.as_str() {
            "--quick" => quick = true,
            "--patterns" => sizes = vec![number()? as usize],
            "--seed" => seed = number()?,
            MEASURE => only = rest.next().and_then(|name| Kind::named(name)),
            _ => return Err(USAGE.into()),
        }
    }
    if let Some(kind) = only {
        let figures = measure::figures(kind, sizes[0], seed, quick)?;
        println!("{}", serde_json::to_string(&figures).map_err(|error| error.to_string())?);
        return Ok(());
    }
    let status = workspace::cargo().args(["build", "--quiet", "--release", "--package", "xtask"]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the release build failed".into());
    }
    println!("dial plan: core 0, load average {:.2}, seed {seed}", cost::load());
    let mut above = Vec::new();
    for kind in [Kind::Random, Kind::Sites] {
        print_heading(kind);
        for size in &sizes {
            let figures = measured(kind, *size, seed, quick)?;
            print_row(&figures);
            if figures.whole.median > LIMIT_NANOS {
                above.push(format!("{} {size}: {:.0} ns", kind.name(), figures.whole.median));
            }
        }
    }
    if above.is_empty() {
        Ok(())
    } else {
        Err(format!("above {LIMIT_NANOS} ns for a number: {}", above.join(", ")))
    }
}

/// Measures in a process of its own, so that the memory of one plan is not that of another.
fn measured(kind: Kind, size: usize, seed: u64, quick: bool) -> Result<Figures, String> {
    let program = workspace::target().join("release/xtask");
    let mut command = match peers::find("taskset") {
        Some(taskset) => {
            let mut pinned = Command::new(taskset);
            pinned.args(["-c", "0"]).arg(program);
            pinned
        }
        None => Command::new(program),
    };
    command.args(["bench", "dialplan", MEASURE, kind.name()]);
    command.args(["--patterns", &size.to_string(), "--seed", &seed.to_string()]);
    command.args(quick.then_some("--quick"));
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{} {size}: {}", kind.name(), String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn print_heading(kind: Kind) {
    println!("\n{}: nanoseconds are medians of rounds, the least in brackets", kind.name());
    println!(
        "  {:>8} {:>16} {:>14} {:>7} {:>7} {:>9} {:>9} {:>16}  ns by length",
        "patterns", "ns/number", "ns/key", "lookups", "digits", "build ms", "B/pattern", "add one, µs"
    );
}

fn print_row(figures: &Figures) {
    let pair = |spread: Spread, unit: f64, places: usize| {
        format!("{:.places$} ({:.places$})", spread.median / unit, spread.least / unit)
    };
    let by_length: Vec<String> =
        figures.by_length.iter().map(|(length, nanos)| format!("{length}:{nanos:.0}")).collect();
    println!(
        "  {:>8} {:>16} {:>14} {:>7.2} {:>7.2} {:>9.1} {:>9.0} {:>16}  {}",
        figures.patterns,
        pair(figures.whole, 1.0, 0),
        pair(figures.key, 1.0, 0),
        figures.lookups,
        figures.digits,
        figures.build_nanos / 1e6,
        figures.bytes / figures.patterns.max(1) as f64,
        pair(figures.add, 1000.0, 1),
        by_length.join(" "),
    );
}
