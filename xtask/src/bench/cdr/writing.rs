//! What a record costs to write: the same calls with and without, turn by turn; and how fast records are written when a server has many to make good.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::super::load::{self, Outcome, Run, Work};
use super::super::target::{Route, Target, Under};
use crate::workspace;

/// Plays calls against a server that writes a record of each, safe on the disk, and against one that writes none.
///
/// # Errors
/// A server does not run, a call fails, or a row is missing.
pub(super) fn run(folder: &Path) -> Result<(), String> {
    let generator = load::build("sipblast")?;
    let (mut without, mut with, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(play(&generator, folder, false)?);
        with.push(play(&generator, folder, true)?);
        // The journal has those calls; the place in it is the one from before them.
        rates.push(make_good(folder)?);
    }
    let (without, with) = (median(without), median(with));
    println!(
        "  written  {CALLS} calls, {RATE} a second, each with its row on the disk: {:.0} µs of the server's processor a call, {:.0} without records: {:.0} a record",
        with * 1e3,
        without * 1e3,
        (with - without) * 1e3
    );
    println!(
        "  durable  {CALLS} rows that a server has to make good from its journal: {:.0} a second (median of {ROUNDS})",
        median(rates)
    );
    Ok(())
}

/// CPU milliseconds of the server for a call.
fn play(generator: &Path, folder: &Path, writes: bool) -> Result<f64, String> {
    let mut server = Target::Strowger.start(folder, USERS, Route::Trunk, Under::Nothing)?;
    let data = folder.join("strowger/data");
    if writes {
        let wanted = folder.join("strowger/wanted");
        std::fs::create_dir_all(&wanted)
            .and_then(|()| std::fs::write(wanted.join("parameters.toml"), PARAMETERS))
            .map_err(|error| error.to_string())?;
        let applied = Command::new(workspace::release_binary())
            .arg("apply")
            .arg(&wanted)
            .args(["--keep-others", "--data"])
            .arg(&data)
            .output()
            .map_err(|error| error.to_string())?;
        if !applied.status.success() {
            return Err(String::from_utf8_lossy(&applied.stderr).into_owned());
        }
    }
    if writes {
        put_aside(&data).map_err(|error| format!("the spool cannot be copied: {error}"))?;
    }
    let run = Run { work: Work::Call, rate: RATE, count: CALLS, users: USERS, pass: 0, hold_ms: 0 };
    let outcome: Outcome = load::play(generator, &server, run)?;
    server.stop()?;
    let rows = rows(&data.join("cdr_repository"))?;
    let due = if writes { CALLS } else { 0 };
    if outcome.failed > 0 || rows != due {
        return Err(format!(
            "{} of {CALLS} calls failed, and there are {rows} rows of {due}",
            outcome.failed
        ));
    }
    Ok(outcome.cpu_per_thousand)
}

/// Copies the spool as it is before the calls.
fn put_aside(data: &Path) -> std::io::Result<()> {
    let (spool, before) = (data.join("cdr"), data.join(BEFORE));
    std::fs::create_dir_all(&before)?;
    for entry in std::fs::read_dir(spool)? {
        let entry = entry?;
        std::fs::copy(entry.path(), before.join(entry.file_name()))?;
    }
    Ok(())
}

/// Starts the server that stopped with the spool of before the calls, and without their files: it follows its journal as fast as it can. Rows a second, from the
/// first that was safe on the disk to the last.
fn make_good(folder: &Path) -> Result<f64, String> {
    let data = folder.join("strowger/data");
    let (spool, repository) = (data.join("cdr"), data.join("cdr_repository"));
    for old in [&spool, &repository] {
        std::fs::remove_dir_all(old).map_err(|error| format!("{}: {error}", old.display()))?;
    }
    std::fs::rename(data.join(BEFORE), &spool).map_err(|error| error.to_string())?;
    let begun = size(&spool);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    // From before the start on: it does not wait for whoever looks.
    let (watched, kept) = (spool.clone(), repository.join("preserve"));
    let watcher = std::thread::spawn(move || {
        let (mut first, mut last, mut most) = (Instant::now(), Instant::now(), begun);
        while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            let now = (Instant::now(), size(&watched) + size(&kept));
            if now.1 <= most {
                if most == begun {
                    first = now.0;
                }
                continue;
            }
            (last, most) = now;
        }
        last.saturating_duration_since(first)
    });
    let mut server = Target::Strowger.again(folder)?;
    let begin = Instant::now();
    let mut before = 0;
    // All rows are there when nothing comes any more.
    while begin.elapsed() < MOST {
        std::thread::sleep(STILL);
        let now = size(&spool) + size(&repository.join("preserve"));
        if now == before && now > begun {
            break;
        }
        before = now;
    }
    drop(stop);
    let took = watcher.join().map_err(|_| "the watcher of the spool failed")?;
    server.stop()?;
    let rows = rows(&repository)?;
    if rows != CALLS {
        return Err(format!("{rows} rows of {CALLS} were made good"));
    }
    Ok(rows as f64 / took.as_secs_f64())
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let about = entry.metadata().ok()?;
        Some(if about.is_dir() { size(&entry.path()) } else { about.len() })
    });
    sizes.sum()
}

/// Rows of call records in all files below a folder.
fn rows(folder: &Path) -> Result<usize, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(0) };
    let mut count = 0;
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        // Files that are due to somebody are links in other folders.
        let about = entry.metadata().map_err(|error| error.to_string())?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if about.is_dir() && !name.starts_with("destination") && name != "car" {
            count += rows(&entry.path())?;
        } else if about.is_file() && name.starts_with("cdr_") {
            let text = std::fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
            count += text.lines().count().saturating_sub(HEADER_LINES);
        }
    }
    Ok(count)
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied().unwrap_or_default()
}

const PARAMETERS: &str = "[service_parameters]\ncall_records = true\nzero_duration_records = true\n";
/// The spool as it was before the calls.
const BEFORE: &str = "cdr-before";
/// How often the spool is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Nothing has come for so long when all has.
const STILL: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(60);
const CALLS: usize = 20_000;
const RATE: u32 = 2_000;
const USERS: usize = 10_000;
const ROUNDS: usize = 3;
const HEADER_LINES: usize = 2;
