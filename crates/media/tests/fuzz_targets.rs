//! The fuzz targets of media, on their corpus and on changed copies of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use media_targets::MEDIA_TARGETS;
use mutate::Mutator;

#[path = "../../../fuzz/src/media_targets.rs"]
#[allow(unreachable_pub, reason = "shared with the fuzz targets")]
mod media_targets;
#[path = "../../../fuzz/src/mutate.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with the fuzz targets")]
mod mutate;

/// Changed inputs of each target; the fuzz targets themselves run for as long as one likes.
const INPUTS: u64 = 20_000;

/// The files of a target, in the same order everywhere.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
    let mut paths: Vec<PathBuf> = [here.join("testdata"), here.join("../../fuzz/corpus")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder.join(target)).into_iter().flatten())
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    assert!(paths.len() > 5, "{target} has no corpus");
    #[expect(clippy::disallowed_methods, reason = "a test reads its own data")]
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("the file can be read");
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_file_of_every_corpus_is_handled() {
    for (name, _, look) in MEDIA_TARGETS {
        for (path, bytes) in corpus(name) {
            let result = catch_unwind(AssertUnwindSafe(|| look(&bytes)));
            assert!(result.is_ok(), "{name}: {}", path.display());
        }
    }
}

#[test]
fn no_changed_input_makes_a_parser_panic() {
    for (name, words, look) in MEDIA_TARGETS {
        let inputs = corpus(name).into_iter().map(|entry| entry.1);
        let mut mutator = Mutator::new(20_261_121, inputs.collect(), words);
        for number in 0..INPUTS {
            let input = mutator.next_input();
            let result = catch_unwind(AssertUnwindSafe(|| look(&input)));
            assert!(result.is_ok(), "{name}, input {number}: {:?}", String::from_utf8_lossy(&input));
        }
    }
}
