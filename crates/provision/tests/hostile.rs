//! Whatever phones answer: no bytes make the parser panic.

#[path = "../../../fuzz/src/mutate.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with the fuzz targets")]
mod mutate;
#[path = "../../../fuzz/src/screen_targets.rs"]
#[allow(unreachable_pub, reason = "shared with the fuzz targets")]
mod screen_targets;

use std::collections::BTreeSet;

use mutate::Mutator;
use screen_targets::SCREEN_TARGETS;

#[test]
fn no_answer_of_a_phone_panics() {
    let (_, words, look) = SCREEN_TARGETS[0];
    let corpus: [&[u8]; 3] = [
        include_bytes!("../../../fuzz/corpus/screen/response"),
        include_bytes!("../../../fuzz/corpus/screen/error-padded"),
        include_bytes!("../../../fuzz/corpus/screen/entity"),
    ];
    let mut kinds: BTreeSet<u64> = corpus.iter().map(|input| look(input)).collect();
    let mut mutator = Mutator::new(1, corpus.iter().map(|input| input.to_vec()).collect(), words);
    for _ in 0..20_000 {
        let input = mutator.next_input();
        if kinds.insert(look(&input)) {
            mutator.keep(input);
        }
    }
    assert!(kinds.len() > 5, "{kinds:?}");
}
