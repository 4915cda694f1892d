//! How much of what a device tells of itself is written down: what comes faster than anybody reads is counted.

use std::time::Duration;

use strowger_base::Instant;

/// What a device may tell in a while.
#[derive(Default)]
pub(super) struct Allowance {
    /// When this while began.
    since: Instant,
    /// What was written down in it.
    written: u32,
    /// What was not.
    left_out: u32,
}

/// What becomes of something that a device tells.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Passage {
    /// How many were not written down before it, where that is told now.
    pub(super) left_out: Option<u32>,
    /// Whether it is written down itself.
    pub(super) written: bool,
}

impl Allowance {
    /// The device tells something.
    pub(super) fn passes(&mut self, now: Instant) -> Passage {
        let mut left_out = None;
        if now.saturating_since(self.since) >= WHILE {
            left_out = self.end();
            self.since = now;
        }
        let written = self.written < WRITTEN_MAX;
        if written {
            self.written += 1
        } else {
            self.left_out = self.left_out.saturating_add(1)
        }
        Passage { left_out, written }
    }

    /// The while is over, or the device is gone: how many were not written down, where any were.
    pub(super) fn end(&mut self) -> Option<u32> {
        let left_out = std::mem::take(self).left_out;
        (left_out > 0).then_some(left_out)
    }
}

/// How long a while is.
const WHILE: Duration = Duration::from_secs(60);
/// What is written down in it.
const WRITTEN_MAX: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_minute_are_written_down_and_the_others_counted() {
        let mut allowance = Allowance::default();
        let at = |seconds| Instant::START + Duration::from_secs(seconds);
        let passed = |written, left_out| Passage { left_out, written };
        for _ in 0..10 {
            assert_eq!(allowance.passes(at(100)), passed(true, None));
        }
        for _ in 0..7 {
            assert_eq!(allowance.passes(at(159)), passed(false, None));
        }
        assert_eq!(allowance.passes(at(160)), passed(true, Some(7)));
        assert_eq!(allowance.passes(at(500)), passed(true, None));
        assert_eq!(allowance.end(), None);
    }
}
