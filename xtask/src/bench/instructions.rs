//! Instructions in user space for one unit of work: the difference between a long and a short run, so that
//! starting and stopping do not count.

use std::path::Path;

use super::load::{self, Run, Work};
use super::target::{Route, Target, Under};

/// Units of the short run.
const SHORT: usize = 200;
/// Units of the long run.
const LONG: usize = 1200;
/// So many requests are one unit of OPTIONS: one alone is lost in what a start takes more or less than another.
const OPTIONS_EACH: usize = 10;
/// Units a second that a server below callgrind keeps up with.
const RATE: u32 = 40;

/// Counts for each target and prints a table with the ratios.
///
/// # Errors
/// When a run fails or a unit in it: a failed unit would falsify the count.
pub(crate) fn run(generator: &Path, folder: &Path, targets: &[Target], quick: bool) -> Result<(), String> {
    let long = if quick { SHORT + 200 } else { LONG };
    println!("\ninstructions in user space, {long} units less {SHORT}");
    println!("profiles for callgrind_annotate: {}/callgrind.*", folder.display());
    let works = [
        ("first registration", Work::Register, Route::Phone, 1),
        ("OPTIONS", Work::Options, Route::Phone, OPTIONS_EACH),
        ("call to a trunk", Work::Call, Route::Trunk, 1),
    ];
    for (name, work, route, times) in works {
        let mut counts = Vec::new();
        for target in targets {
            let count = |units: usize| -> Result<u64, String> {
                let mut server = target.start(folder, LONG, route, Under::Callgrind)?;
                let (rate, count) = (RATE * times as u32, units * times);
                let run = Run { work, rate, count, users: LONG, pass: 0, hold_ms: 0 };
                let outcome = load::play(generator, &server, run)?;
                if outcome.failed > 0 || outcome.retransmitted > 0 {
                    return Err(format!("{name}: {outcome:?}: below callgrind nothing may fail or repeat"));
                }
                let kept =
                    folder.join(format!("callgrind.{}.{}.{units}", target.name(), name.replace(' ', "-")));
                server.instructions(&kept)
            };
            let short = count(SHORT)?;
            let each = count(long)?.saturating_sub(short) / ((long - SHORT) * times) as u64;
            println!("  {name:<20} {:<10} {each:>9}", target.name());
            counts.push(each);
        }
        if let [ours, theirs] = counts[..] {
            println!("  {name:<20} strowger spends {:.2} of kamailio", ours as f64 / theirs.max(1) as f64);
        }
    }
    Ok(())
}
