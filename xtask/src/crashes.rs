//! `cargo xtask crashes`: the crash tests of the configuration, longer and from another seed than in the gate.

use crate::workspace;

const USAGE: &str = "\
usage: cargo xtask crashes [--seed N] [--times N]

Kills a writer at any moment and at any byte of its files, cuts and garbles what it left, and looks at what is there then.
The gate plays seed 1 once; this plays N times as long (10 when it is not said).
";

/// `cargo xtask crashes …`.
///
/// # Errors
/// When something that was accepted is lost, or damage is not told.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (mut seed, mut times) = (1_u64, 10_u64);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || {
            let value = rest.next().ok_or_else(|| USAGE.to_owned())?;
            value.parse::<u64>().map_err(|error| format!("{argument} {value}: {error}"))
        };
        match argument.as_str() {
            "--seed" => seed = number()?,
            "--times" => times = number()?.max(1),
            _ => return Err(USAGE.into()),
        }
    }
    println!("seed {seed}, {times} times as long as the gate");
    let status = workspace::cargo()
        .args(["test", "--release", "--package", "strowger", "--bin", "strowger", "--"])
        .args(["configuration::tests::crash", "configuration::tests::cut"])
        .env("STROWGER_CRASHES_SEED", seed.to_string())
        .env("STROWGER_CRASHES_TIMES", times.to_string())
        .status()
        .map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("failed with seed {seed}")) }
}
