//! What media threads do with packets, without sockets around it: the `cost` example of `strowger-media`.
//!
//! A unit is what one stream needs in 20 ms. Few units are taken off many, so that what comes before them does not count.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::target;
use crate::workspace;

/// Work of one kind.
pub(super) struct Work {
    name: &'static str,
    /// What a unit is of.
    unit: &'static str,
    /// What `cost` is told, each a line of the table.
    whats: &'static [&'static str],
    /// A unit may not take more of a core than this, in percent.
    percent_max: f64,
}

/// The kinds of work that there are.
pub(super) const WORKS: &[Work] = &[
    Work {
        name: "transcode",
        unit: "way through a relay that transcodes",
        whats: &[
            "relay-transcode-pcmu-pcma",
            "relay-transcode-pcmu-g722",
            "relay-transcode-pcmu-opus",
            "relay-transcode-g722-opus",
        ],
        percent_max: f64::INFINITY,
    },
    Work {
        name: "conference",
        unit: "party of a hundred",
        whats: &["conference", "conference-mixed"],
        // Half of what Asterisk and FreeSWITCH spend for a party of a hundred.
        percent_max: 0.185,
    },
    Work {
        name: "srtp",
        unit: "stream that is opened or sealed",
        whats: &["seal-gcm-256", "open-gcm-256", "seal-sha1-80", "open-sha1-80"],
        percent_max: f64::INFINITY,
    },
];

/// Measures a kind of work; returns what is above its limit.
pub(super) fn measure(work: &Work, rounds: usize) -> Result<Vec<String>, String> {
    let build = ["build", "--quiet", "--release", "-p", "strowger-media", "--example", "cost"];
    if !workspace::cargo().args(build).status().is_ok_and(|status| status.success()) {
        return Err("the release build of the cost example failed".into());
    }
    let program = workspace::target().join("release/examples/cost");
    println!("\n{}: a unit is 20 ms of one {}", work.name, work.unit);
    let mut misses = vec![];
    for what in work.whats {
        let best = (0..rounds.max(1)).map(|_| unit_of(&program, what)).collect::<Result<Vec<_>, _>>()?;
        let unit = best.into_iter().min().unwrap_or_default();
        let percent = 100.0 * unit.as_secs_f64() / PACKET_TIME.as_secs_f64();
        println!(
            "  {what:<28} {:.3} µs  {percent:.4} % of a core  {:.0} a core",
            unit.as_secs_f64() * 1e6,
            100.0 / percent.max(1e-9)
        );
        if percent > work.percent_max {
            misses.push(format!("{what} takes {percent:.4} % of a core, more than {:.4}", work.percent_max));
        }
    }
    Ok(misses)
}

/// How long one unit takes.
fn unit_of(program: &Path, what: &str) -> Result<Duration, String> {
    let (few, many) = (run(program, what, FEW)?, run(program, what, MANY)?);
    Ok(many.saturating_sub(few) / (MANY - FEW))
}

fn run(program: &Path, what: &str, count: u32) -> Result<Duration, String> {
    let started = Instant::now();
    let output = Command::new("taskset")
        .args(["-c", target::SERVER_CORE])
        .arg(program)
        .args([what, &count.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    let elapsed = started.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && said.starts_with(what) {
        Ok(elapsed)
    } else {
        Err(format!("cost {what} {count} said {said}"))
    }
}

/// 20 ms, the packet time of all of it.
const PACKET_TIME: Duration = Duration::from_millis(20);
const FEW: u32 = 1_000;
const MANY: u32 = 101_000;
