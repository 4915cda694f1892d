//! The generator `sipblast`: one run of it against a server, and what that cost the server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::cost::{self, Cost};
use super::target::{Running, Target};
use crate::workspace;

/// The core of the generator.
const GENERATOR_CORE: &str = "1";

/// Compiles the generator of this name when its source is newer than the program.
///
/// # Errors
/// When the compiler fails.
pub(crate) fn build(name: &str) -> Result<PathBuf, String> {
    let source = workspace::root().join("bench/tools").join(name).with_extension("rs");
    let folder = workspace::target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let program = folder.join(name);
    let written = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    // Its modules lie beside it.
    let sources = source.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let newest = sources.into_iter().flatten().flatten().filter_map(|file| written(&file.path())).max();
    if written(&program).is_some_and(|program| newest.is_some_and(|source| source < program)) {
        return Ok(program);
    }
    let status = Command::new("rustc")
        .args(["--edition", "2021", "-O", "-A", "warnings", "-o"])
        .args([&program, &source])
        .status()
        .map_err(|error| format!("rustc does not start: {error}"))?;
    if status.success() { Ok(program) } else { Err(format!("{name} does not compile: {status}")) }
}

/// What the generator shall do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// First registration: 401, then 200.
    Register,
    /// The same binding again.
    Refresh,
    /// OPTIONS to the server itself.
    Options,
    /// INVITE, 180, 200, ACK, BYE, 200.
    Call,
}

/// One run of the generator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) work: Work,
    /// Units a second; the generator does not wait for answers.
    pub(crate) rate: u32,
    pub(crate) count: usize,
    /// Numbers wrap round after this many.
    pub(crate) users: usize,
    /// Rises with each refresh pass.
    pub(crate) pass: u32,
    /// How long a call lasts after its answer.
    pub(crate) hold_ms: u32,
}

/// What a run counted and cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) failed: u64,
    pub(crate) retransmitted: u64,
    pub(crate) per_second: f64,
    /// CPU seconds of the server for 1,000 units.
    pub(crate) cpu_per_thousand: f64,
    pub(crate) p50_micros: u64,
    pub(crate) p99_micros: u64,
    pub(crate) before: Cost,
    pub(crate) after: Cost,
    /// Seconds that the hypervisor took away from us meanwhile.
    pub(crate) stolen: f64,
}

/// Plays one run against a running server.
///
/// # Errors
/// When the generator fails to run. Failed units are counted, not an error.
pub(crate) fn play(generator: &Path, server: &Running, run: Run) -> Result<Outcome, String> {
    let stolen = cost::stolen_seconds();
    let before = cost::of(server.id());
    let started = Instant::now();
    let output = Command::new("taskset")
        .args(["-c", GENERATOR_CORE])
        .arg(generator)
        .args(arguments(run))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("sipblast does not start: {error}"))?;
    let elapsed = started.elapsed();
    let after = cost::of(server.id());
    let text = String::from_utf8_lossy(&output.stdout);
    let report: Value =
        text.lines().last().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(|| {
            format!("sipblast reported nothing: {text}{}", String::from_utf8_lossy(&output.stderr))
        })?;
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    let successful = number("ok");
    let seconds = report["wall_s"].as_f64().unwrap_or(elapsed.as_secs_f64());
    Ok(Outcome {
        failed: number("failed"),
        retransmitted: number("retrans"),
        per_second: successful as f64 / seconds.max(0.001),
        cpu_per_thousand: 1000.0 * (after.cpu_seconds - before.cpu_seconds) / (successful.max(1) as f64),
        p50_micros: report["final"]["p50_us"].as_u64().unwrap_or(0),
        p99_micros: report["final"]["p99_us"].as_u64().unwrap_or(0),
        before,
        after,
        stolen: cost::stolen_seconds() - stolen,
    })
}

fn arguments(run: Run) -> Vec<String> {
    let mode = match run.work {
        Work::Register | Work::Refresh => "register",
        Work::Options => "options",
        Work::Call => "invite",
    };
    let mut arguments = vec![mode.to_owned()];
    let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    add("--server", Target::address().to_string());
    add("--rate", run.rate.to_string());
    add("--count", run.count.to_string());
    add("--users", run.users.to_string());
    add("--callee-offset", (run.users / 2).to_string());
    match run.work {
        Work::Register => add("--cid-prefix", "reg".into()),
        Work::Refresh => {
            add("--cid-prefix", "reg".into());
            add("--cseq-base", (run.pass * 10 + 1).to_string());
        }
        // A Call-ID must be new in each pass, or the server would rightly take it for an old dialog.
        Work::Options => add("--cid-prefix", format!("opt{}", run.pass)),
        Work::Call => {
            add("--cid-prefix", format!("call{}", run.pass));
            add("--uas", "127.0.0.1:5070".into());
            add("--hold-ms", run.hold_ms.to_string());
        }
    }
    arguments
}
