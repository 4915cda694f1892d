//! The same seed is the same run, in whatever process.

use std::process::Command;

/// What the simulator prints for a seed.
fn run(seed: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strowger-sim"));
    let output = command.args(["--seed", seed, "--minutes", "3"]).output().expect("the simulator starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn the_same_seed_gives_the_same_hash_in_two_fresh_processes() {
    for seed in ["1", "7", "42"] {
        let (one, other) = (run(seed), run(seed));
        assert!(one.contains(": hash "), "{one}");
        assert_eq!(one, other);
    }
    let hash = |text: String| text.split(": hash ").nth(1).map(|rest| rest[..16].to_owned());
    assert_ne!(hash(run("1")), hash(run("2")), "the hash depends on what happens");
}
