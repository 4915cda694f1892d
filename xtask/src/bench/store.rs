//! `cargo xtask bench store`: what the configuration costs with 100,000 phones and lines.
//!
//! A server of the release build takes them in from one table of comma-separated values, as `strowger import` sends it over the
//! socket in the data folder; it is stopped and started again with them. What the store alone costs is measured in a process of
//! its own.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::cost::{self, Cost};
use crate::e2e::server::Server;
use crate::workspace;

const USAGE: &str = "\
usage: cargo xtask bench store [--phones N]

Import of N phones with a line each (100,000 when it is not said) from one CSV file, start-up with them, memory for each, one change
live and durable. Fails above the limits at 100,000 and below: 60 s, 5 s of the processor, 2 KiB, 10 ms for a change to be live.
";

/// A server with what was imported.
struct Import {
    looked: Duration,
    imported: Duration,
    /// Of the server, for the import.
    processor: f64,
    peak_kib: u64,
    database_bytes: u64,
}

/// A server that was started again with it.
struct Again {
    ready: Duration,
    cost: Cost,
    /// One phone changed by a table of one row.
    phone: Duration,
    /// One translation pattern, likewise.
    pattern: Duration,
}

/// What the store alone costs.
#[derive(Deserialize)]
struct Store {
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
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    println!("store: {phones} phones with a line each, load average {:.2}", cost::load());
    let data = folder.join("data");
    let (import, empty_kib) = import(&folder, &data, phones)?;
    let (looked, imported) = (import.looked.as_secs_f64(), import.imported.as_secs_f64());
    println!("  look     {looked:.2} s for `import --dry-run`");
    println!(
        "  import   {imported:.2} s, {:.2} s of the server's processor; {:.0} MiB at its peak, {:.0} MiB in the database",
        import.processor,
        import.peak_kib as f64 / 1024.0,
        import.database_bytes as f64 / 1_048_576.0
    );
    let again = again(&folder, &data)?;
    let server_each = again.cost.pss_kib.saturating_sub(empty_kib) as f64 * 1024.0 / phones.max(1) as f64;
    println!(
        "  server   ready after {:.2} s, {:.2} s of the processor; {server_each:.0} bytes more for each phone and its line \
         than an empty one",
        again.ready.as_secs_f64(),
        again.cost.cpu_seconds
    );
    let (phone, pattern) = (again.phone.as_secs_f64() * 1e3, again.pattern.as_secs_f64() * 1e3);
    println!(
        "           one phone changed by `import`, the command's start and two syncs among it: {phone:.1} ms, \
         one translation pattern: {pattern:.1} ms"
    );
    let store = measured(&data)?;
    let each = store.held_bytes / store.phones.max(1) as f64;
    let (start, processor) = (store.start_seconds, store.start_processor_seconds);
    println!(
        "  store    opened in {start:.2} s, {processor:.2} s of the processor, {} objects",
        store.objects
    );
    println!("           {each:.0} bytes for each phone and its line, the database's cache among them");
    let (live, durable) = (&store.live_milliseconds, &store.durable_milliseconds);
    println!("  change   live: median {:.3} ms, p99 {:.3} ms", live.median, live.p99);
    println!("           live and durable: median {:.2} ms, p99 {:.2} ms", durable.median, durable.p99);
    println!("  check    {:.2} s for everything on the disk, {} rows", store.check_seconds, store.rows);
    let _ = std::fs::remove_dir_all(&folder);
    let limits = [
        ("import, s", imported, 60.0),
        // One thread does it; on a machine with other work the clock says how much of that there was.
        ("start, s of the processor", again.cost.cpu_seconds, 5.0),
        ("memory of a phone, bytes", server_each, 2048.0),
        ("a phone changed and live, ms", phone, 10.0),
        ("a pattern changed and live, ms", pattern, 10.0),
    ];
    let above = limits.iter().filter(|(_, found, limit)| found > limit && phones <= PHONES);
    let above: Vec<String> =
        above.map(|(what, found, limit)| format!("{what}: {found:.1} > {limit}")).collect();
    if above.is_empty() { Ok(()) } else { Err(format!("above the limit: {}", above.join(", "))) }
}

/// Takes the table in; with it, what an empty server holds, in KiB.
fn import(folder: &Path, data: &Path, phones: usize) -> Result<(Import, u64), String> {
    let mut server = Server::lab_in(folder, data, &[])?;
    let empty_kib = cost::of(server.process.id()).pss_kib;
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        Ok::<String, String>(path.to_string_lossy().into_owned())
    };
    let partitions = file("partitions.csv", "name\nbench\n")?;
    let pools = file("device-pools.csv", "name\nbench\n")?;
    let spaces = file("calling-search-spaces.csv", "name,partitions.1\nbench,bench\n")?;
    server.ask(&["import", &partitions, &pools, &spaces])?;
    let table = file("phones.csv", &table(phones))?;
    let begin = Instant::now();
    server.ask(&["import", &table, "--dry-run"])?;
    let looked = begin.elapsed();
    let before = cost::of(server.process.id()).cpu_seconds;
    let begin = Instant::now();
    let answer = server.ask(&["import", &table])?;
    let imported = begin.elapsed();
    if answer["counts"]["added"].as_u64() != Some(2 * phones as u64) {
        return Err(format!("the import added {}", answer["counts"]));
    }
    let processor = cost::of(server.process.id()).cpu_seconds - before;
    let peak_kib = peak_kib(server.process.id());
    stop(&mut server)?;
    let database = data.join("configuration.sqlite");
    let database_bytes = std::fs::metadata(database).map_or(0, |file| file.len());
    Ok((Import { looked, imported, processor, peak_kib, database_bytes }, empty_kib))
}

/// Starts a server with what was taken in, and changes one phone and one pattern.
fn again(folder: &Path, data: &Path) -> Result<Again, String> {
    let begin = Instant::now();
    let mut server = Server::lab_in(folder, data, &[])?;
    let ready = begin.elapsed();
    let cost = cost::of(server.process.id());
    let phone = |round| format!("name,description\nSEP000000000000,moved {round}\n");
    let phone = changed(folder, &server, "phones", phone)?;
    let pattern = |round| format!("pattern,partition,change.mask\n99XX,bench,20000{:02}\n", round + 10);
    let pattern = changed(folder, &server, "translation-patterns", pattern)?;
    stop(&mut server)?;
    Ok(Again { ready, cost, phone, pattern })
}

/// How long a table of one row takes from the command to its end, in the middle of some.
fn changed(
    folder: &Path,
    server: &Server,
    kind: &str,
    table: impl Fn(usize) -> String,
) -> Result<Duration, String> {
    let path = folder.join("one.csv");
    let mut changes = Vec::new();
    for round in 0..CHANGES {
        std::fs::write(&path, table(round)).map_err(|error| error.to_string())?;
        let begin = Instant::now();
        server.ask(&["import", &path.to_string_lossy(), "--kind", kind])?;
        changes.push(begin.elapsed());
    }
    changes.sort();
    Ok(changes.get(changes.len() / 2).copied().unwrap_or_default())
}

fn stop(server: &mut Server) -> Result<(), String> {
    server.process.signal("TERM");
    server.process.wait(Duration::from_secs(20)).map(drop)
}

/// The most that a process ever held.
fn peak_kib(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|field| field.parse().ok()).unwrap_or(0)
}

/// Phones with their lines, as an operator's table of them would say.
fn table(phones: usize) -> String {
    let mut text =
        "name,description,device_pool,search_space,lines.1.label,credentials.user,credentials.secret,\
                    line.pattern,line.partition,line.display,line.search_space,line.external_mask\n"
            .to_owned();
    for phone in 0..phones {
        let number = 2_000_000 + phone;
        let _ = writeln!(
            text,
            "SEP{phone:012X},Person {phone},bench,bench,{number},{number},secret-{phone:026x},\
             {number},bench,Person {phone},bench,49301XXXXXXX"
        );
    }
    text
}

fn measured(data: &Path) -> Result<Store, String> {
    let output = Command::new(workspace::release_binary())
        .args(["measure-configuration", "--data"])
        .arg(data)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// Phones for which the limits hold.
const PHONES: usize = 100_000;
/// Changes of one object.
const CHANGES: usize = 21;
