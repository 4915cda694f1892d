//! Reads how many tests passed from the lines that cargo's test runners and the simulator print.

use super::Tally;

/// The tally of a summary line, of `cargo test`, of `cargo nextest` or of the simulator.
pub(crate) fn tests_in(line: &str) -> Option<Tally> {
    let line = without_colour(line);
    let is_simulation =
        || line.split_once(" passed, ").is_some_and(|(number, _)| number.parse::<usize>().is_ok());
    // Indented, it is the output of a failed test that nextest shows, and nextest counts that itself.
    if line.starts_with("test result:") || is_simulation() {
        let passed = number_before(&line, " passed")?;
        return Some(Tally { passed, failed: number_before(&line, " failed")? });
    }
    let line = line.trim();
    if line.starts_with("Summary [") {
        let passed = number_before(line, " passed").unwrap_or(0);
        let failed = number_before(line, " failed").unwrap_or(0);
        let timed_out = number_before(line, " timed out").unwrap_or(0);
        return Some(Tally { passed, failed: failed + timed_out });
    }
    None
}

fn number_before(line: &str, word: &str) -> Option<usize> {
    let before = line.get(..line.find(word)?)?;
    before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn without_colour(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A colour ends with its letter `m`.
            characters.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: Option<(usize, usize)>) {
        assert_eq!(tests_in(line).map(|tally| (tally.passed, tally.failed)), expect, "{line}");
    }

    #[test]
    fn summaries_are_counted() {
        check("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured", Some((12, 0)));
        check("test result: FAILED. 3 passed; 2 failed; 0 ignored", Some((3, 2)));
        check("     Summary [   0.513s] 61 tests run: 61 passed, 0 skipped", Some((61, 0)));
        check(
            "     Summary [   1.2s] 61 tests run: 58 passed (1 slow), 2 failed, 1 timed out, 0 skipped",
            Some((58, 3)),
        );
        check(
            "\u{1b}[32;1m     Summary\u{1b}[0m [   0.5s] 4 tests run: \u{1b}[1m4\u{1b}[0m passed, 0 skipped",
            Some((4, 0)),
        );
        check("    test result: FAILED. 0 passed; 1 failed; 0 ignored", None);
        check("200 passed, 1 failed", Some((200, 1)));
        check("running 12 tests", None);
    }
}
