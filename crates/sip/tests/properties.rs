//! What is printed is read as the same, and no bytes make a parser panic.

#[path = "properties/generate.rs"]
mod generate;
#[path = "../../../fuzz/src/mutate.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with the fuzz targets")]
mod mutate;
#[path = "../../../fuzz/src/targets.rs"]
#[allow(unreachable_pub, reason = "shared with the fuzz targets")]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use mutate::Mutator;
use strowger_base::Rng;
use strowger_base::net::Transport;
use strowger_sip::message::Message;
use strowger_sip::validate;
use targets::TARGETS;

/// Every file of a folder, in the order of names.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// What the target begins with: its own folder, and for messages those of RFC 4475.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = files(&here.join("../../fuzz/corpus").join(target));
    if matches!(target, "message" | "framer") {
        all.extend(files(&here.join("testdata/rfc4475")));
    }
    assert!(all.len() > 1, "{target} has no corpus");
    all
}

#[test]
fn every_file_of_every_corpus_is_handled() {
    for (name, _, look) in TARGETS {
        for (path, bytes) in corpus(name) {
            let result = catch_unwind(AssertUnwindSafe(|| look(&bytes)));
            assert!(result.is_ok(), "{name}: {}", path.display());
        }
    }
}

/// So many changed inputs for each target; the fuzz targets themselves run for as long as one likes.
const INPUTS: &[(&str, u64)] = &[
    ("message", 25_000),
    ("uri", 20_000),
    ("framer", 15_000),
    ("auth", 20_000),
    ("body", 25_000),
    ("kpml", 25_000),
];

#[test]
fn no_changed_input_makes_a_parser_panic() {
    let total: u64 = INPUTS.iter().map(|entry| entry.1).sum();
    assert!(total >= 100_000, "{total}");
    for (name, words, look) in TARGETS {
        let count = INPUTS.iter().find(|entry| entry.0 == *name).map_or(0, |entry| entry.1);
        assert!(count > 0, "{name} is left out");
        // Long inputs would only take time here.
        let inputs = corpus(name).into_iter().map(|entry| entry.1).filter(|bytes| bytes.len() < 1_500);
        let mut mutator = Mutator::new(20_261_121, inputs.collect(), words);
        for number in 0..count {
            let input = mutator.next_input();
            let result = catch_unwind(AssertUnwindSafe(|| look(&input)));
            assert!(result.is_ok(), "{name}, input {number}: {:?}", String::from_utf8_lossy(&input));
        }
    }
}

#[test]
fn a_message_that_is_printed_is_read_as_the_same() {
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let model = generate::Model::new(&mut rng);
        let bytes = model.print(&mut rng);
        let message = Message::parse(&bytes)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", String::from_utf8_lossy(&bytes)));
        let checked = validate::check(&message, Transport::Tcp);
        assert_eq!(checked, Ok(()), "seed {seed}: {}", String::from_utf8_lossy(&bytes));
        assert_eq!(
            generate::Model::read(&message),
            model,
            "seed {seed}: {}",
            String::from_utf8_lossy(&bytes)
        );
    }
}
