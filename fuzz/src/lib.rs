//! Runs targets on changed inputs. There is no instrumentation, so that it works on the stable toolchain: what a
//! target says of an input takes its place, and inputs of a new kind are built on.
//!
//! Every file below `corpus/` is also an input of the ordinary tests; an input that made a target panic is put there
//! under a telling name once the fault is mended.

pub mod media_targets;
pub mod mutate;
pub mod sccp_targets;
pub mod screen_targets;
pub mod targets;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use media_targets::MEDIA_TARGETS;
use mutate::Mutator;
use sccp_targets::SCCP_TARGETS;
use screen_targets::SCREEN_TARGETS;
use targets::{TARGETS, Target};

/// How long to go on.
#[derive(Clone, Copy, Debug)]
struct Bound {
    inputs: u64,
    time: Duration,
    seed: u64,
}

/// Runs a target as a program: `[--inputs N] [--seconds N] [--seed N]`. Ends with status 1 when the target panicked;
/// the input is then below `artifacts/`.
pub fn main(name: &str) {
    let all = TARGETS.iter().chain(MEDIA_TARGETS).chain(SCCP_TARGETS).chain(SCREEN_TARGETS);
    let Some(target) = all.into_iter().find(|target| target.0 == name) else {
        eprintln!("there is no target {name}");
        std::process::exit(2)
    };
    match bound(std::env::args().skip(1)) {
        Ok(bound) => run(target, bound),
        Err(problem) => {
            eprintln!("{problem}\nusage: {name} [--inputs N] [--seconds N] [--seed N]");
            std::process::exit(2)
        }
    }
}

fn bound(mut arguments: impl Iterator<Item = String>) -> Result<Bound, String> {
    let mut bound = Bound { inputs: u64::MAX, time: Duration::from_secs(60), seed: 1 };
    while let Some(argument) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok());
        let value = value.ok_or_else(|| format!("{argument} needs a number"))?;
        match argument.as_str() {
            "--inputs" => bound.inputs = value,
            "--seconds" => bound.time = Duration::from_secs(value),
            "--seed" => bound.seed = value,
            _ => return Err(format!("{argument} is not known")),
        }
    }
    Ok(bound)
}

fn run(target: &Target, bound: Bound) {
    let (name, words, look) = *target;
    let corpus = corpus(name);
    println!("{name}: {} inputs to begin with, seed {}", corpus.len(), bound.seed);
    let mut kinds = HashSet::new();
    for input in &corpus {
        kinds.insert(tried(name, look, input));
    }
    let mut mutator = Mutator::new(bound.seed, corpus, words);
    let started = Instant::now();
    let mut done = 0;
    while done < bound.inputs && (done % 1024 != 0 || started.elapsed() < bound.time) {
        let input = mutator.next_input();
        if kinds.insert(tried(name, look, &input)) {
            mutator.keep(input);
        }
        done += 1;
    }
    println!("{name}: {done} inputs in {:?}, {} kinds, nothing wrong", started.elapsed(), kinds.len());
}

/// Gives an input to a target; when it panics the input is kept as a file and the program ends.
fn tried(name: &str, look: fn(&[u8]) -> u64, input: &[u8]) -> u64 {
    match catch_unwind(AssertUnwindSafe(|| look(input))) {
        Ok(kind) => kind,
        Err(_) => {
            let folder = root().join("artifacts").join(name);
            let file = folder.join(format!("{:016x}", name_of(input)));
            let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, input));
            match kept {
                Ok(()) => eprintln!("{name} panicked; the input is {}", file.display()),
                Err(error) => eprintln!("{name} panicked; the input could not be kept: {error}\n{input:?}"),
            }
            std::process::exit(1)
        }
    }
}

fn name_of(input: &[u8]) -> u64 {
    strowger_base::hash::siphash24((0, 0), input)
}

/// The inputs to begin with: the files of the target's folder, and for messages those of RFC 4475.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut folders = vec![root().join("corpus").join(name)];
    if matches!(name, "message" | "framer") {
        folders.push(root().join("../crates/sip/testdata/rfc4475"));
    }
    if MEDIA_TARGETS.iter().any(|target| target.0 == name) {
        folders.push(root().join("../crates/media/testdata").join(name));
    }
    folders.iter().flat_map(|folder| files(folder)).collect()
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    // The order of a folder is the file system's; the same seed shall do the same everywhere.
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
