//! `cargo xtask bench media`: what packets cost, beside Debian's programs that do the same work.
//!
//! Each row is a file of its own that says which servers do the work and how the generator is told about it; everything else is here.
//! Server on core 0, generator on core 1, loopback UDP. What counts is CPU time of the server while media flows: setting calls up
//! and hanging up is not in it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cost;
use super::load;
use super::target;
use crate::e2e::process::Process;
use crate::workspace;

mod conference;
mod relay;
mod work;

const USAGE: &str = "\
usage: cargo xtask bench media [--sessions N] [--seconds N] [--rounds N] [--only NAME] [--realtime] [ROW…]

  relay          calls whose media goes through the server: G.711, 20 ms, both ways; beside rtpengine in user space
  srtp           the same, the caller encrypted (AES_CM_128_HMAC_SHA1_80) and the called side not; beside rtpengine
  transcode      the same, the caller in PCMU and the called side in G.722; beside rtpengine
  half-load      relayed calls that take half of what a core carries, as many as that is: what the relay adds to the way of a packet
  conference     parties of conferences with 100 each, four of whom talk; G.711; no peer is installed, the limit is a figure
  alone          what a packet costs without sockets around it: transcodes, parties of a conference, SRTP

Each round measures one server after the other, N seconds each (15 when it is not said), with N sessions (400); the median of the
rounds (3) is compared. --only measures one of the servers. --realtime runs server and generator before all else on their cores
(SCHED_FIFO, wants root), so that other work on the machine makes no packet late. Without a row: all.
";

/// The rows that there are.
const ROWS: &[Row] = &[relay::PLAIN, relay::SRTP, relay::TRANSCODE, relay::HALF_LOAD, conference::ROW];

/// One kind of work.
pub(crate) struct Row {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What the work is counted in.
    pub(crate) unit: &'static str,
    /// Who does it: ours, then whom it is compared with.
    pub(crate) subjects: &'static [Subject],
    /// What we may cost.
    pub(crate) limit: Limit,
    /// Packets are numbered and stamped within, so that each that is lost counts; where the server makes packets of its own only their count is known.
    pub(crate) stamped: bool,
}

/// What a unit may cost.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// So much of what it costs the second server.
    Ratio(f64),
    /// So many percent of a core.
    Core(f64),
    /// So many microseconds on the way of 99 of 100 packets, with the server at half of what a core carries.
    HalfLoad(u64),
}

/// A server that does the work.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// Starts it with room for so many units.
    pub(crate) start: Start,
    /// What the generator is told beside how much and how long.
    pub(crate) generator: &'static [&'static str],
}

/// Starts a server with its files in a folder, for so many units.
type Start = fn(&Path, usize) -> Result<Box<dyn Server>, String>;

/// A server that answers; it ends when it is dropped.
pub(crate) trait Server {
    /// The process whose tree is measured.
    fn id(&self) -> u32;
}

/// What a run is told.
#[derive(Clone, Copy)]
struct Size {
    sessions: usize,
    seconds: u64,
    rounds: usize,
    turn: Turn,
}

/// When server and generator have their cores.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// In turn with all else that wants to run.
    Shared,
    /// Before all else: SCHED_FIFO.
    First,
}

/// What a run found.
#[derive(Clone, Copy, Default)]
struct Outcome {
    sessions: u64,
    streams: u64,
    /// Percent of a core for one unit.
    core_percent: f64,
    p50_micros: u64,
    p99_micros: u64,
    loss_percent: f64,
    /// How often the generator was a quarter of a round late: then times say something about it.
    behind: u64,
    stolen: f64,
    /// The same percentile of each tenth of a second: of the one in the middle, and of how many of all it was under 2 ms.
    tenth_p99_micros: u64,
    tenths: u64,
    tenths_good: u64,
    /// How much of the server's core the machine took for itself just before, in pieces of more than half a millisecond.
    stalled_percent: f64,
}

/// `cargo xtask bench media …`.
///
/// # Errors
/// A program is missing or does not run, or a row costs more than it may.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let mut size = Size { sessions: 400, seconds: 15, rounds: 3, turn: Turn::Shared };
    let mut only: Option<&str> = None;
    let mut rows: Vec<&Row> = vec![];
    let mut alone = false;
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "--sessions" => size.sessions = number(argument, rest.next())?,
            "--seconds" => size.seconds = number(argument, rest.next())?,
            "--rounds" => size.rounds = number(argument, rest.next())?,
            "--only" => only = rest.next(),
            "--realtime" => size.turn = Turn::First,
            "--help" | "-h" => {
                print!("{USAGE}");
                return Ok(());
            }
            "alone" => alone = true,
            name => rows.push(
                ROWS.iter()
                    .find(|row| row.name == name)
                    .ok_or_else(|| format!("there is no row `{name}`\n\n{USAGE}"))?,
            ),
        }
    }
    if rows.is_empty() && !alone {
        rows.extend(ROWS);
        alone = true;
    }
    let status = workspace::cargo().args(["build", "--quiet", "--release", "--bin", "strowger"]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the release build failed".into());
    }
    let folder = workspace::target().join("bench");
    let generator = load::build("rtpblast")?;
    println!("server on core 0, generator on core 1; load average {:.2}", cost::load());
    let mut misses = vec![];
    for row in rows {
        misses.extend(compare(row, size, only, &generator, &folder)?);
    }
    if alone {
        for work in work::WORKS {
            misses.extend(work::measure(work, size.rounds)?);
        }
    }
    if misses.is_empty() { Ok(()) } else { Err(misses.join("; ")) }
}

fn number<T: std::str::FromStr>(option: &str, value: Option<&str>) -> Result<T, String> {
    value.and_then(|value| value.parse().ok()).ok_or_else(|| format!("{option} wants a number\n\n{USAGE}"))
}

/// Measures the subjects of a row in turn; returns what is above a limit.
fn compare(
    row: &Row,
    size: Size,
    only: Option<&str>,
    generator: &Path,
    folder: &Path,
) -> Result<Vec<String>, String> {
    let subjects = row.subjects.iter().filter(|subject| only.is_none_or(|name| name == subject.name));
    let mut found: Vec<(&Subject, Vec<Outcome>)> = subjects.map(|subject| (subject, vec![])).collect();
    if found.is_empty() {
        return Err(format!("--only takes one of the servers\n\n{USAGE}"));
    }
    let size = match (row.limit, row.subjects) {
        (Limit::HalfLoad(_), [ours, ..]) => half_load(row, ours, size, generator, folder)?,
        (Limit::Ratio(_) | Limit::Core(_) | Limit::HalfLoad(_), _) => size,
    };
    println!("\n{}: {} sessions, {} s", row.name, size.sessions, size.seconds);
    for _ in 0..size.rounds.max(1) {
        for (subject, outcomes) in &mut found {
            let server = (subject.start)(folder, size.sessions)?;
            let outcome = play(generator, subject, server.as_ref(), size)?;
            print_row(row, subject.name, &outcome);
            outcomes.push(outcome);
        }
    }
    let mut misses = vec![];
    let medians: Vec<Outcome> = found.iter().map(|(_, outcomes)| median(outcomes)).collect();
    for ((subject, _), outcome) in found.iter().zip(&medians) {
        let streams = outcome.streams as f64 / outcome.sessions.max(1) as f64;
        println!(
            "  {:<10} median {:.4} % of a core for a {}, {:.4} % for a stream, {:.0} streams a core",
            subject.name,
            outcome.core_percent,
            row.unit,
            outcome.core_percent / streams,
            100.0 * streams / outcome.core_percent.max(1e-9),
        );
        let loss_max = if row.stamped { LOSS_PERCENT_MAX } else { UNSTAMPED_LOSS_PERCENT_MAX };
        if outcome.loss_percent > loss_max {
            misses.push(format!("{} {} lost {:.3} %", row.name, subject.name, outcome.loss_percent));
        }
    }
    if let [ours, theirs] = medians[..] {
        let ratio = ours.core_percent / theirs.core_percent.max(1e-9);
        println!("  strowger costs {ratio:.2} of {}", found.last().map_or("", |(subject, _)| subject.name));
        if let Limit::Ratio(max) = row.limit
            && ratio > max
        {
            misses.push(format!("{} costs {ratio:.2}, more than {max:.2}", row.name));
        }
    }
    if let (Limit::HalfLoad(max), [(_, ours), ..]) = (row.limit, &found[..]) {
        misses.extend(late(row.name, ours, max));
    }
    if let (Limit::Core(max), [ours, ..]) = (row.limit, &medians[..])
        && ours.core_percent > max
    {
        misses.push(format!("{} costs {:.3} % of a core, more than {max:.2}", row.name, ours.core_percent));
    }
    Ok(misses)
}

/// Whether packets are later than `max` microseconds, as the run in the middle has it.
fn late(name: &str, outcomes: &[Outcome], max: u64) -> Option<String> {
    let middle = |of: fn(&Outcome) -> u64| {
        let mut sorted: Vec<u64> = outcomes.iter().map(of).collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    };
    let p99 = middle(|outcome| outcome.p99_micros);
    println!(
        "  p99 {p99} µs, {} µs in the middle tenth of a second",
        middle(|outcome| outcome.tenth_p99_micros)
    );
    (p99 > max).then(|| format!("{name}: p99 {p99} µs, more than {max}"))
}

/// As many sessions as take half a core, as one run with the usual number shows.
fn half_load(row: &Row, ours: &Subject, size: Size, generator: &Path, folder: &Path) -> Result<Size, String> {
    println!("\n{}: how many sessions are half a core", row.name);
    let server = (ours.start)(folder, size.sessions)?;
    let outcome = play(generator, ours, server.as_ref(), size)?;
    print_row(row, ours.name, &outcome);
    let sessions = ((50.0 / outcome.core_percent.max(1e-9)) as usize).clamp(1, HALF_LOAD_SESSIONS_MAX);
    Ok(Size { sessions, ..size })
}

fn print_row(row: &Row, name: &str, outcome: &Outcome) {
    println!(
        "  {name:<10} {} × {}  {:.4} % of a core each  p50 {} µs  p99 {} µs  lost {:.4} %  generator late {}  stolen {:.2} s",
        outcome.sessions,
        row.unit,
        outcome.core_percent,
        outcome.p50_micros,
        outcome.p99_micros,
        outcome.loss_percent,
        outcome.behind,
        outcome.stolen,
    );
    if matches!(row.limit, Limit::HalfLoad(_)) {
        println!(
            "             in tenths of a second: p99 under 2 ms in {} of {}, {} µs in the middle one; the machine stood still for {:.2} % just before",
            outcome.tenths_good, outcome.tenths, outcome.tenth_p99_micros, outcome.stalled_percent,
        );
    }
}

/// Lets the generator talk through a server and reads what that costs it between its two marks.
fn play(generator: &Path, subject: &Subject, server: &dyn Server, size: Size) -> Result<Outcome, String> {
    let stalled_percent = stalled(generator)?;
    let mut command = Command::new("taskset");
    command.args(["-c", GENERATOR_CORE]);
    if size.turn == Turn::First {
        go_first(server.id())?;
        command.args(["chrt", "--fifo", PRIORITY]);
    }
    command.arg(generator).args(subject.generator);
    command.args(["--sessions", &size.sessions.to_string(), "--seconds", &size.seconds.to_string()]);
    command.args(["--warm", &WARM.as_secs().to_string()]);
    command.stdout(Stdio::piped());
    let mut process = Process::start_with_stdout("rtpblast", PathBuf::new(), &mut command)?;
    let output = process.take_stdout().ok_or("rtpblast has no output")?;
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    // It ends by itself; who hangs is ended with its owner, this function.
    let limit = Instant::now() + Duration::from_secs(size.seconds + 60 + size.sessions as u64 / 20);
    event(&lines, limit, "media")?;
    std::thread::sleep(WARM);
    let (before, stolen, started) = (cost::of(server.id()), cost::stolen_seconds(), Instant::now());
    event(&lines, limit, "end")?;
    let (after, elapsed) = (cost::of(server.id()), started.elapsed().as_secs_f64());
    let stolen = cost::stolen_seconds() - stolen;
    let report = next(&lines, limit)?;
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    let sessions = number("sessions");
    if sessions < size.sessions as u64 {
        return Err(format!("{}: only {sessions} of {} sessions came up", subject.name, size.sessions));
    }
    Ok(Outcome {
        sessions,
        streams: number("streams"),
        core_percent: 100.0 * (after.cpu_seconds - before.cpu_seconds) / elapsed / sessions.max(1) as f64,
        p50_micros: number("p50_us"),
        p99_micros: number("p99_us"),
        loss_percent: report["loss_pct"].as_f64().unwrap_or(100.0),
        behind: number("generator_behind"),
        stolen,
        tenth_p99_micros: number("tenth_p99_us"),
        tenths: number("tenths"),
        tenths_good: number("tenths_under_2ms"),
        stalled_percent,
    })
}

/// What the machine takes of the server's core while nothing else wants it, in percent.
fn stalled(generator: &Path) -> Result<f64, String> {
    let mut command = Command::new("taskset");
    command.args(["-c", target::SERVER_CORE]).arg(generator).args(["stalls", "--seconds", "1"]);
    let output = command.output().map_err(|error| format!("taskset does not start: {error}"))?;
    let report: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("rtpblast stalls: {error}"))?;
    Ok(report["stalled_us"].as_f64().unwrap_or(0.0) / 10_000.0)
}

/// Puts all threads of a process before all else on their core.
fn go_first(process: u32) -> Result<(), String> {
    let mut command = Command::new("chrt");
    command.args(["--all-tasks", "--fifo", "--pid", PRIORITY, &process.to_string()]);
    let status = command.status().map_err(|error| format!("chrt does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err("--realtime wants root (CAP_SYS_NICE)".into()) }
}

/// The next line of the generator.
fn next(lines: &Receiver<String>, limit: Instant) -> Result<Value, String> {
    let line = match lines.recv_timeout(limit.saturating_duration_since(Instant::now())) {
        Ok(line) => line,
        Err(RecvTimeoutError::Timeout) => return Err("rtpblast does not come to an end".into()),
        Err(RecvTimeoutError::Disconnected) => return Err("rtpblast ended early".into()),
    };
    serde_json::from_str(&line).map_err(|error| format!("rtpblast wrote `{line}`: {error}"))
}

fn event(lines: &Receiver<String>, limit: Instant, name: &str) -> Result<(), String> {
    let line = next(lines, limit)?;
    if line["event"] == name { Ok(()) } else { Err(format!("rtpblast wrote {line} and not `{name}`")) }
}

fn median(outcomes: &[Outcome]) -> Outcome {
    let mut sorted: Vec<Outcome> = outcomes.to_vec();
    sorted.sort_by(|a, b| a.core_percent.total_cmp(&b.core_percent));
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// More the generator cannot do on its own core.
const HALF_LOAD_SESSIONS_MAX: usize = 1_200;
/// The core of the generator.
const GENERATOR_CORE: &str = "1";
/// Of SCHED_FIFO, for both.
const PRIORITY: &str = "10";
/// Media flows for this long before anything is counted.
const WARM: Duration = Duration::from_secs(2);
/// More lost packets make a run worthless.
const LOSS_PERCENT_MAX: f64 = 0.01;
/// The same where packets are counted only: those at both ends of the time may count or not.
const UNSTAMPED_LOSS_PERCENT_MAX: f64 = 1.0;
