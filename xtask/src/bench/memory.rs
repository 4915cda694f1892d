//! What a registered phone and a call cost in memory, and what is left of a load 60 s later.
//!
//! The proportional set size of the server's processes is read before a load, every 200 ms during it, at its end and
//! a minute later: by then every transaction is over (RFC 3261 §17.1.1.2, 64*T1). A load that leaves more behind the
//! second time than the first is a leak.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::Session;
use super::cost;
use super::load::{self, Outcome, Run, Work};
use super::target::{Route, Running, Target, Under};

/// One load and what it did to the memory, in KiB.
struct Reading {
    outcome: Outcome,
    peak: u64,
    later: u64,
}

/// Measures phones, calls that are up together, and calls one after the other.
///
/// # Errors
/// When a server or the generator does not run.
pub(super) fn run(session: &Session) -> Result<(), String> {
    for target in &session.targets {
        phones(session, *target)?;
        calls(session, *target)?;
    }
    Ok(())
}

fn phones(session: &Session, target: Target) -> Result<(), String> {
    let users = session.count(100_000);
    println!("\nmemory, {}: {users} phones register", target.name());
    let mut server = target.start(&session.folder, users, Route::Phone, Under::Nothing)?;
    let run = Run { work: Work::Register, rate: 4_000, count: users, users, pass: 0, hold_ms: 0 };
    let reading = read(session, &server, run)?;
    print(&reading);
    let each = |kib: u64| bytes_each(kib, reading.outcome.before.pss_kib, users);
    println!(
        "  each phone: {:.0} bytes at once, {:.0} a minute later",
        each(reading.outcome.after.pss_kib),
        each(reading.later)
    );
    server.stop()
}

fn calls(session: &Session, target: Target) -> Result<(), String> {
    let users = 10_000;
    let mut server = target.start(&session.folder, users, Route::Trunk, Under::Nothing)?;
    let held = session.count(20_000);
    let count = session.count(60_000);
    // The last begins before the first ends.
    let hold_ms = 20_000;
    for pass in 0..2 {
        println!("\nmemory, {}: {held} calls that are up together, time {}", target.name(), pass + 1);
        let run = Run { work: Work::Call, rate: 1_000, count: held, users, pass, hold_ms };
        let reading = read(session, &server, run)?;
        print(&reading);
        let each = bytes_each(reading.peak, reading.outcome.before.pss_kib, held);
        println!("  each call: {each:.0} bytes at the peak");
    }
    for pass in 2..4 {
        println!("\nmemory, {}: {count} calls, 2000 a second, time {}", target.name(), pass - 1);
        let run = Run { work: Work::Call, rate: 2_000, count, users, pass, hold_ms: 0 };
        let reading = read(session, &server, run)?;
        print(&reading);
    }
    server.stop()
}

/// Plays a load while the memory is watched, and waits a minute.
fn read(session: &Session, server: &Running, run: Run) -> Result<Reading, String> {
    let over = AtomicBool::new(false);
    let (outcome, peak) = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(cost::of(server.id()).pss_kib);
                thread::sleep(BETWEEN_READINGS);
            }
            peak
        });
        let outcome = load::play(&session.generator, server, run);
        over.store(true, Ordering::Relaxed);
        (outcome, watch.join().unwrap_or(0))
    });
    let outcome = outcome?;
    thread::sleep(QUIET);
    let later = cost::of(server.id()).pss_kib;
    Ok(Reading { peak: peak.max(outcome.after.pss_kib), outcome, later })
}

fn print(reading: &Reading) {
    println!(
        "  PSS in KiB: {} before, {} at the peak, {} at the end, {} a minute later; {} failed",
        reading.outcome.before.pss_kib,
        reading.peak,
        reading.outcome.after.pss_kib,
        reading.later,
        reading.outcome.failed,
    );
}

fn bytes_each(kib: u64, before_kib: u64, count: usize) -> f64 {
    1024.0 * (kib as f64 - before_kib as f64) / (count.max(1) as f64)
}

const BETWEEN_READINGS: Duration = Duration::from_millis(200);
const QUIET: Duration = Duration::from_secs(60);
