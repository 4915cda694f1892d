//! `cargo xtask bench store`: what the configuration costs with 100,000 phones and lines.
//!
//! The release binary imports them as one change, and opens them again in a process of its own, so that the memory is that of a
//! server which has just started.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::cost;
use crate::workspace;

const USAGE: &str = "\
usage: cargo xtask bench store [--phones N]

Import of N phones with a line each (100,000 when it is not said), start-up with them, memory for each, one change live and
durable. Fails above the limits at 100,000 and below: 60 s, 5 s of the processor, 2 KiB, 10 ms for a change to be live.
";

#[derive(Deserialize)]
struct Import {
    proposal_seconds: f64,
    commit_seconds: f64,
    import_seconds: f64,
    database_bytes: f64,
}

#[derive(Deserialize)]
struct Start {
    start_seconds: f64,
    start_processor_seconds: f64,
    objects: usize,
    phones: usize,
    held_bytes: f64,
    live_milliseconds: Spread,
    durable_milliseconds: Spread,
    check_seconds: f64,
    rows: u64,
}

#[derive(Deserialize)]
struct Spread {
    median: f64,
    p99: f64,
}

/// `cargo xtask bench store …`.
///
/// # Errors
/// A figure is above its limit, or the program does not run.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let phones = match arguments {
        [] => PHONES,
        [option, number] if option == "--phones" => {
            number.parse().map_err(|error| format!("{option} {number}: {error}"))?
        }
        _ => return Err(USAGE.into()),
    };
    let status = workspace::cargo().args(["build", "--quiet", "--release", "--bin", "strowger"]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the release build failed".into());
    }
    let folder = workspace::target().join("bench/store");
    let _ = std::fs::remove_dir_all(&folder);
    println!("store: {phones} phones with a line each, load average {:.2}", cost::load());
    let import: Import = measured(&folder, &["--import", &phones.to_string()])?;
    println!(
        "  import   {:.2} s: {:.2} s to check what is wanted, {:.2} s to make it durable; {:.0} MiB in the database",
        import.import_seconds,
        import.proposal_seconds,
        import.commit_seconds,
        import.database_bytes / 1_048_576.0
    );
    let start: Start = measured(&folder, &[])?;
    let each = start.held_bytes / start.phones.max(1) as f64;
    let (start_seconds, processor) = (start.start_seconds, start.start_processor_seconds);
    println!(
        "  start    {start_seconds:.2} s, {processor:.2} s of the processor, for {} objects",
        start.objects
    );
    println!("  memory   {each:.0} bytes for each phone and its line, the database's cache among them");
    let (live, durable) = (&start.live_milliseconds, &start.durable_milliseconds);
    println!("  change   live: median {:.3} ms, p99 {:.3} ms", live.median, live.p99);
    println!("           live and durable: median {:.2} ms, p99 {:.2} ms", durable.median, durable.p99);
    println!("  check    {:.2} s for everything on the disk, {} rows", start.check_seconds, start.rows);
    let _ = std::fs::remove_dir_all(&folder);
    let limits = [
        ("import, s", import.import_seconds, 60.0),
        // One thread does it; on a machine with other work the clock says how much of that there was.
        ("start, s of the processor", processor, 5.0),
        ("memory of a phone, bytes", each, 2048.0),
        ("a change live, ms", live.p99, 10.0),
    ];
    let above = limits.iter().filter(|(_, found, limit)| found > limit && phones <= PHONES);
    let above: Vec<String> =
        above.map(|(what, found, limit)| format!("{what}: {found:.1} > {limit}")).collect();
    if above.is_empty() { Ok(()) } else { Err(format!("above the limit: {}", above.join(", "))) }
}

fn measured<T: for<'d> Deserialize<'d>>(folder: &Path, arguments: &[&str]) -> Result<T, String> {
    let output = Command::new(workspace::target().join("release/strowger"))
        .args(["measure-configuration", "--data"])
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// Phones for which the limits hold.
const PHONES: usize = 100_000;
