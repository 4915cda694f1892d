//! The commands of the project itself, all in Rust, so that a fresh machine needs nothing else.
//!
//! `ci` is the whole gate, `e2e` drives the release binary with outside peers, `bench` measures it,
//! `sim` replays a simulation seed, `crashes` kills the configuration's writer, `vectors` runs dial-plan vectors, `rfc` writes the
//! table of the standards that the code obeys, `settings` the page of everything that can be configured.

use std::process::ExitCode;

mod bench;
mod ci;
mod crashes;
mod e2e;
mod fences;
mod peers;
mod rfc;
mod settings;
mod vectors;
mod workspace;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci                     the whole gate: format, lints, tests, docs, simulation, outside peers
  e2e [NAME…]            end-to-end scenarios against the release binary; --list names them
  bench [WORKLOAD…]      what the server costs, beside Debian's kamailio; --help for the workloads
  crashes [--seed N]     kill -9 and bad disks under the configuration, longer than in the gate
  sim [ARGUMENT…]        the simulator; --seed N replays one seed
  vectors FILE [--json]  run dial-plan vectors, others' as well: pass or fail for each
  fences                 only the rules of the style guide that a machine can keep
  rfc [--check]          write docs/rfc-coverage.md from the citations in the code, or only compare
  settings [--check]     write docs/configuration-reference.md from the declarations, or only compare
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("--help", &[][..]),
    };
    let result = match command {
        "ci" => ci::run(rest),
        "bench" => bench::run(rest),
        "crashes" => crashes::run(rest),
        "e2e" => e2e::run(rest),
        "sim" => ci::simulate(rest),
        "fences" => fences::run(),
        "rfc" => rfc::run(rest),
        "settings" => settings::run(rest),
        "vectors" => vectors::run(rest),
        "--help" | "-h" | "help" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`\n\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
