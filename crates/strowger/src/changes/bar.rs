//! How far the server is with something long, in a terminal.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::Place;

/// Does something long, and shows meanwhile how far the server is with it.
pub(super) fn while_it_works<T>(place: &Place, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, waiting) = channel::<()>();
        scope.spawn(move || {
            let begin = Instant::now();
            let mut width = 0;
            while waiting.recv_timeout(AGAIN) == Err(RecvTimeoutError::Timeout) {
                let answer = place.server().ok().flatten().and_then(|server| server.get_json(PATH).ok());
                let line = answer.map_or_else(String::new, |answer| line(&answer, begin.elapsed()));
                // A shorter line does not cover what was there.
                let _ = write!(std::io::stderr(), "\r{line:width$}");
                let _ = std::io::stderr().flush();
                width = line.chars().count();
            }
            if width > 0 {
                let _ = write!(std::io::stderr(), "\r{:width$}\r", "");
                let _ = std::io::stderr().flush();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// One line: what is done, a bar where it is known how much that is, and for how long.
fn line(answer: &Value, since: Duration) -> String {
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
    let phase = answer.get("phase").and_then(Value::as_str).unwrap_or("waiting");
    let (done, total, seconds) = (number("done"), number("total"), since.as_secs());
    if total == 0 {
        return format!("{phase}, {seconds} s");
    }
    let done = done.min(total);
    let filled = usize::try_from(done * BAR / total).unwrap_or(0);
    let empty = usize::try_from(BAR).unwrap_or(0).saturating_sub(filled);
    format!("{phase} [{}{}] {done} of {total}, {seconds} s", "#".repeat(filled), ".".repeat(empty))
}

const PATH: &str = "/api/v1/progress";
const AGAIN: Duration = Duration::from_millis(200);
/// Characters of a whole bar.
const BAR: u64 = 30;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bar_is_as_long_as_what_is_done() {
        let check = |answer: Value, expect: &str| {
            assert_eq!(line(&answer, Duration::from_millis(2_900)), expect);
        };
        check(json!({ "phase": "checking", "done": 0, "total": 0 }), "checking, 2 s");
        check(
            json!({ "phase": "writing", "done": 50_000, "total": 200_000 }),
            "writing [#######.......................] 50000 of 200000, 2 s",
        );
        check(
            json!({ "phase": "writing", "done": 9, "total": 3 }),
            "writing [##############################] 3 of 3, 2 s",
        );
        check(json!({}), "waiting, 2 s");
    }
}
