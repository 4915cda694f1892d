//! What a record costs to write: the same calls with and without, turn by turn.

use std::path::Path;
use std::process::Command;

use super::super::load::{self, Outcome, Run, Work};
use super::super::target::{Route, Target, Under};
use crate::workspace;

/// Plays calls against a server that writes a record of each, safe on the disk, and against one that writes none.
///
/// # Errors
/// A server does not run, a call fails, or a row is missing.
pub(super) fn run(folder: &Path) -> Result<(), String> {
    let generator = load::build("sipblast")?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(play(&generator, folder, false)?);
        with.push(play(&generator, folder, true)?);
    }
    let (without, with) = (median(without), median(with));
    println!(
        "  written  {CALLS} calls, {RATE} a second, each with its row on the disk: {:.0} µs of the server's processor a call, {:.0} without records: {:.0} a record",
        with * 1e3,
        without * 1e3,
        (with - without) * 1e3
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
const CALLS: usize = 20_000;
const RATE: u32 = 2_000;
const USERS: usize = 10_000;
const ROUNDS: usize = 3;
const HEADER_LINES: usize = 2;
