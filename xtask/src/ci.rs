//! The gate: the same steps in the same order on every machine.
//!
//! Each step prints a heading and its time; the summary names what failed, and the last line counts the
//! single checks. A failed step does not hide the next one, except where a build failed under it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{e2e, workspace};

mod count;

pub(crate) use count::tests_in;

/// Seeds of the simulation that one run of the gate plays.
const SIMULATION_SEEDS: u32 = 200;

/// How many checks a step made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Tally {
    /// One check.
    const fn one(passed: bool) -> Tally {
        Tally { passed: passed as usize, failed: !passed as usize }
    }
}

struct Row {
    name: &'static str,
    tally: Tally,
    elapsed: Duration,
}

struct Gate {
    rows: Vec<Row>,
    started: Instant,
}

impl Gate {
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<Tally, String>) -> bool {
        println!("\n=== {name}");
        let started = Instant::now();
        let tally = work().unwrap_or_else(|message| {
            println!("{message}");
            Tally::one(false)
        });
        let elapsed = started.elapsed();
        let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
        println!("=== {name}: {verdict} in {:.1} s", elapsed.as_secs_f64());
        self.rows.push(Row { name, tally, elapsed });
        tally.failed == 0
    }

    fn finish(&self) -> Result<(), String> {
        println!("\n=== summary");
        for row in &self.rows {
            let verdict = if row.tally.failed == 0 { "ok" } else { "FAILED" };
            println!(
                "{verdict:>8}  {:<28} {:>7.1} s  {:>5}",
                row.name,
                row.elapsed.as_secs_f64(),
                row.tally.passed
            );
        }
        println!("          {:<28} {:>7.1} s", "whole gate", self.started.elapsed().as_secs_f64());
        let passed: usize = self.rows.iter().map(|row| row.tally.passed).sum();
        let failed: usize = self.rows.iter().map(|row| row.tally.failed).sum();
        println!("{passed} passed, {failed} failed");
        let _ = std::io::stdout().flush();
        if failed > 0 {
            std::process::exit(1)
        }
        Ok(())
    }
}

/// `cargo xtask ci`.
///
/// # Errors
/// When it is given arguments: the gate has no options, so that it is the same everywhere.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask ci (the gate takes no options)".into());
    }
    let mut gate = Gate { rows: Vec::new(), started: Instant::now() };
    gate.step("format", || cargo(&["fmt", "--all", "--check"]));
    gate.step("lints", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    gate.step("tests", tests);
    gate.step("doc tests", || counted(workspace::cargo().args(["test", "--doc", "--workspace"])));
    gate.step("documentation", || {
        let mut command = workspace::cargo();
        command.args(["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings");
        plain(&mut command)
    });
    if workspace::root().join("crates/sim").exists() {
        gate.step("simulation", simulation);
    }
    if workspace::root().join("crates/strowger").exists() {
        let built = gate.step("release build", || cargo(&["build", "--release", "--bin", "strowger"]));
        if built {
            gate.step("end to end", || e2e::play(&[]));
        } else {
            println!("\nend to end is left out: there is no release binary");
        }
    }
    gate.finish()
}

/// `cargo xtask sim …`: hands everything on to the simulator.
///
/// # Errors
/// When the simulator fails.
pub(crate) fn simulate(arguments: &[String]) -> Result<(), String> {
    let mut command = workspace::cargo();
    command.args(["run", "--quiet", "--release", "--package", "strowger-sim", "--"]).args(arguments);
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("the simulator ended with {status}")) }
}

/// Plays of the simulator beside the first: storms of features, shorter as more happens in a minute; and seeds that found a defect once: 236,
/// a checker that took a damaged NOTIFY for a lost key; and storm 2028, one that missed the party of a barged call whose phone had forgotten
/// the call.
const MORE_SIMULATIONS: &[&[&str]] = &[
    &["--storm", "--seeds", "200", "--minutes", "5"],
    &["--storm", "--seed", "2028", "--minutes", "5"],
    &["--seed", "236", "--minutes", "10"],
];

fn simulation() -> Result<Tally, String> {
    let seeds = SIMULATION_SEEDS.to_string();
    let first: &[&str] = &["--seeds", &seeds];
    let mut tally = Tally::default();
    for arguments in [first].iter().chain(MORE_SIMULATIONS) {
        let mut command = workspace::cargo();
        command.args(["run", "--quiet", "--release", "--package", "strowger-sim", "--"]).args(*arguments);
        let played = counted(&mut command)?;
        tally.passed += played.passed;
        tally.failed += played.failed;
    }
    Ok(tally)
}

fn tests() -> Result<Tally, String> {
    let has_nextest = workspace::cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_nextest {
        return counted(workspace::cargo().args(["nextest", "run", "--workspace", "--no-fail-fast"]));
    }
    println!("    cargo-nextest is not installed; cargo test does the same, slower");
    counted(workspace::cargo().args(["test", "--workspace", "--all-targets", "--no-fail-fast"]))
}

fn cargo(arguments: &[&str]) -> Result<Tally, String> {
    plain(workspace::cargo().args(arguments))
}

/// Runs a command that is one check.
fn plain(command: &mut Command) -> Result<Tally, String> {
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("cannot start: {error}"))?;
    Ok(Tally::one(status.success()))
}

/// Runs a test command, passes on what it prints and counts the single tests in it.
fn counted(command: &mut Command) -> Result<Tally, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start: {error}"))?;
    let stderr = child.stderr.take().map(|stderr| std::thread::spawn(move || pass_on(stderr)));
    let mut tally = child.stdout.take().map(pass_on).unwrap_or_default();
    if let Some(from_stderr) = stderr.and_then(|thread| thread.join().ok()) {
        tally.passed += from_stderr.passed;
        tally.failed += from_stderr.failed;
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

fn pass_on(stream: impl std::io::Read) -> Tally {
    let mut tally = Tally::default();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        println!("{line}");
        if let Some(found) = count::tests_in(&line) {
            tally.passed += found.passed;
            tally.failed += found.failed;
        }
    }
    tally
}
