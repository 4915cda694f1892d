//! What the server costs for a unit of work, beside Debian's kamailio in the same session.
//!
//! The rules: server on core 0, generator on core 1, loopback UDP, the same rate for both, turn by turn
//! (A, B, A, B, …), the median of three. CPU time for 1,000 units is the figure to compare; rates and times
//! depend on the machine. Instruction counts come from callgrind and repeat to a few thousandths.

use std::path::PathBuf;

use crate::{peers, workspace};
use load::{Outcome, Run, Work};
use target::{Route, Running, Target, Under};

mod cdr;
mod cost;
pub(crate) mod data;
mod dialplan;
mod instructions;
mod load;
mod media;
mod memory;
mod sccp;
mod store;
mod target;

const USAGE: &str = "\
usage: cargo xtask bench [--quick] [WORKLOAD…]

  w1             first registrations with digest: 401, then 200
  w2a            refreshes of the same bindings
  w2b            OPTIONS answered by the server
  w3             complete calls without media, to a static trunk
  w3-phone       complete calls without media, to registered phones
  storm          40,000 first registrations in 10 s on one core
  memory         what a registered phone and a call cost, and what is left of it 60 s later
  instructions   instructions for a registration, an OPTIONS and a call, by callgrind (needs valgrind)
  all            all of these
  dialplan       digit analysis with up to 100,000 patterns; has options of its own
  store          the configuration of 100,000 phones: import, start, memory, one change; has an option of its own
  sccp           10,000 SCCP phones: registration, keepalives, all lost and back at once; has options of its own
  cdr            call records: import, and questions about a million; has an option of its own
  media          relayed packets beside rtpengine; has options of its own

Without a workload: all but `memory` and `instructions`. --quick runs a tenth of the units, once.
--only strowger|kamailio measures one of the two.
";

/// The options of one session.
struct Session {
    quick: bool,
    targets: Vec<Target>,
    generator: PathBuf,
    folder: PathBuf,
}

/// `cargo xtask bench …`.
///
/// # Errors
/// When a program is missing or a server does not run. A workload with failed units is printed as such.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "dialplan") {
        return dialplan::run(rest);
    }
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "store") {
        return store::run(rest);
    }
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "cdr") {
        return cdr::run(rest);
    }
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "sccp") {
        return sccp::run(rest);
    }
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "media") {
        return media::run(rest);
    }
    let mut wanted: Vec<&str> = Vec::new();
    let mut quick = false;
    let mut only = None;
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "--quick" => quick = true,
            "--only" => only = rest.next(),
            "--help" | "-h" => {
                print!("{USAGE}");
                return Ok(());
            }
            "w1" | "w2a" | "w2b" | "w3" | "w3-phone" | "storm" | "memory" | "instructions" => {
                wanted.push(argument)
            }
            "all" => wanted.extend(["w1", "w2a", "w2b", "w3", "w3-phone", "storm", "memory", "instructions"]),
            other => return Err(format!("there is no workload `{other}`\n\n{USAGE}")),
        }
    }
    if wanted.is_empty() {
        wanted.extend(["w1", "w2a", "w2b", "w3", "w3-phone", "storm"]);
    }
    let session = Session::new(quick, only, wanted.contains(&"instructions"))?;
    session.print_conditions();
    for workload in wanted {
        match workload {
            "w1" => session.compare("w1", "registration", Route::Phone, |s| s.registrations())?,
            "w2a" => session.compare("w2a", "refresh", Route::Phone, |s| s.refreshes())?,
            "w2b" => session.compare("w2b", "OPTIONS", Route::Phone, |s| s.options())?,
            "w3" => session.compare("w3", "call to a trunk", Route::Trunk, |s| s.calls(Route::Trunk))?,
            "w3-phone" => {
                session.compare("w3-phone", "call to a phone", Route::Phone, |s| s.calls(Route::Phone))?
            }
            "storm" => session.compare("storm", "registration", Route::Phone, |_| Plan::storm())?,
            "memory" => memory::run(&session)?,
            _ => instructions::run(&session.generator, &session.folder, &session.targets, session.quick)?,
        }
    }
    Ok(())
}

/// What is played against a fresh server; only the last run counts.
struct Plan {
    users: usize,
    before: Vec<Run>,
    counted: Run,
}

impl Plan {
    /// 40,000 phones come back at once after a power cut: nothing may fail.
    fn storm() -> Plan {
        let users = 40_000;
        Plan {
            users,
            before: vec![],
            counted: Run { work: Work::Register, rate: 4_000, count: users, users, pass: 0, hold_ms: 0 },
        }
    }
}

impl Session {
    fn new(quick: bool, only: Option<&str>, counts: bool) -> Result<Session, String> {
        let mut targets = vec![Target::Strowger, Target::Kamailio];
        match only {
            None if peers::find("kamailio").is_none() => {
                println!("kamailio is not installed: no ratios (sudo apt-get install kamailio)");
                targets.retain(|target| *target == Target::Strowger);
            }
            None => {}
            Some(name) => targets.retain(|target| target.name() == name),
        }
        if targets.is_empty() {
            return Err(format!("--only takes strowger or kamailio\n\n{USAGE}"));
        }
        if counts {
            peers::require(&[peers::VALGRIND])?;
        }
        if targets.contains(&Target::Strowger) {
            let status = workspace::cargo()
                .args(["build", "--quiet", "--release", "--bin", "strowger"])
                .status()
                .map_err(|error| error.to_string())?;
            if !status.success() {
                return Err("the release build failed".into());
            }
        }
        let folder = workspace::target().join("bench");
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        Ok(Session { quick, targets, generator: load::build("sipblast")?, folder })
    }

    fn print_conditions(&self) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        println!("server on core 0, generator on core 1 of {cores}; load average {:.2}", cost::load());
        if cores < 2 {
            println!(
                "with one core the generator takes time from the server: only CPU figures mean something"
            );
        }
    }

    const fn count(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }

    fn registrations(&self) -> Plan {
        let users = self.count(100_000);
        Plan {
            users,
            before: vec![],
            counted: Run { work: Work::Register, rate: 4_000, count: users, users, pass: 0, hold_ms: 0 },
        }
    }

    fn refreshes(&self) -> Plan {
        let first = self.registrations().counted;
        let again = Run { work: Work::Refresh, pass: 1, ..first };
        Plan { users: first.users, before: vec![first], counted: again }
    }

    fn options(&self) -> Plan {
        let count = self.count(100_000);
        let counted = Run { work: Work::Options, rate: 10_000, count, users: 10_000, pass: 0, hold_ms: 0 };
        Plan { users: 10_000, before: vec![], counted }
    }

    fn calls(&self, route: Route) -> Plan {
        let users = 10_000;
        let first = Run { work: Work::Register, rate: 4_000, count: users, users, pass: 0, hold_ms: 0 };
        let before = if route == Route::Phone { vec![first] } else { vec![] };
        let counted =
            Run { work: Work::Call, rate: 2_000, count: self.count(60_000), users, pass: 0, hold_ms: 0 };
        Plan { users, before, counted }
    }

    /// Plays a plan against each target in turn, three times, and prints the medians and the ratio.
    fn compare(
        &self,
        name: &str,
        unit: &str,
        route: Route,
        plan: impl Fn(&Session) -> Plan,
    ) -> Result<(), String> {
        let plan = plan(self);
        let rounds = if self.quick { 1 } else { 3 };
        println!("\n{name}: {} × {unit}, {} a second", plan.counted.count, plan.counted.rate);
        let mut outcomes: Vec<(Target, Vec<Outcome>)> =
            self.targets.iter().map(|target| (*target, vec![])).collect();
        for _ in 0..rounds {
            for (target, of_target) in &mut outcomes {
                let mut server = target.start(&self.folder, plan.users, route, Under::Nothing)?;
                let outcome = self.play(&server, &plan)?;
                print_row(target.name(), &outcome);
                of_target.push(outcome);
                server.stop()?;
            }
        }
        let medians: Vec<(Target, f64)> =
            outcomes.iter().map(|(target, list)| (*target, median(list))).collect();
        for (target, cpu) in &medians {
            println!("  {:<10} median {:.4} CPU s for 1,000", target.name(), cpu);
        }
        if let [(_, ours), (_, theirs)] = medians[..] {
            println!("  strowger costs {:.2} of kamailio", ours / theirs.max(1e-9));
        }
        Ok(())
    }

    fn play(&self, server: &Running, plan: &Plan) -> Result<Outcome, String> {
        for run in &plan.before {
            let outcome = load::play(&self.generator, server, *run)?;
            if outcome.failed > 0 {
                return Err(format!("{} of the preparing runs failed", outcome.failed));
            }
        }
        load::play(&self.generator, server, plan.counted)
    }
}

fn print_row(name: &str, outcome: &Outcome) {
    println!(
        "  {name:<10} {:>8.0}/s  {:>8.4} CPU s for 1,000  p50 {:>6} µs  p99 {:>7} µs  failed {}  repeated {}  \
         PSS {} KiB  stolen {:.2} s",
        outcome.per_second,
        outcome.cpu_per_thousand,
        outcome.p50_micros,
        outcome.p99_micros,
        outcome.failed,
        outcome.retransmitted,
        outcome.after.pss_kib,
        outcome.stolen,
    );
}

fn median(outcomes: &[Outcome]) -> f64 {
    let mut costs: Vec<f64> = outcomes.iter().map(|outcome| outcome.cpu_per_thousand).collect();
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied().unwrap_or(0.0)
}
