//! How many stations may come at once.

use std::time::Duration;

use strowger_base::Instant;

/// Who has to wait does so for at least so long.
const WAIT_MIN: Duration = Duration::from_secs(10);

/// Gives turns at a pace, so that stations that all come back at once do so one after the other, and none asks twice.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// When the next turn is; turns of a second are given at once.
    next: Instant,
}

impl Tokens {
    /// When somebody who asks now may come; now, when it may come at once.
    pub(super) fn book(&mut self, now: Instant, per_second: u32) -> Instant {
        let free = self.next.max(now);
        let at_once = free.saturating_since(now) < Duration::from_secs(1);
        let turn = if at_once { free } else { free.max(now + WAIT_MIN) };
        self.next = turn + Duration::from_secs(1) / per_second.max(1);
        if at_once { now } else { turn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long each of those waits who ask at this moment.
    fn check(tokens: &mut Tokens, milliseconds: u64, expect: &[u64]) {
        let now = Instant::START + Duration::from_millis(milliseconds);
        let waits: Vec<u64> =
            expect.iter().map(|_| tokens.book(now, 2).saturating_since(now).as_millis() as u64).collect();
        assert_eq!(waits, expect, "at {milliseconds}");
    }

    #[test]
    fn turns_are_given_at_a_pace() {
        let mut tokens = Tokens::default();
        check(&mut tokens, 0, &[0, 0, 10_000, 10_500, 11_000]);
        check(&mut tokens, 1000, &[10_500, 11_000]);
        check(&mut tokens, 60_000, &[0, 0, 10_000]);
    }
}
