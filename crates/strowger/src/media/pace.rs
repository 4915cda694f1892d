//! When a media thread lets packets gather before it looks again.
//!
//! Being woken costs more than relaying a packet. Where many calls talk, packets come each 20 to 100 µs, and a thread that is
//! woken for each of them spends most of its time on falling asleep. So a busy thread looks at its sockets once in
//! [`ROUND`] and takes all that has come; one with few calls is woken for each packet, which delays none.

use std::time::Duration;

use strowger_base::Instant;

/// Counts what a thread does, and says when to pause.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    since: Instant,
    done: u32,
    is_busy: bool,
}

impl Pace {
    /// After a round that began at `began`, ended at `now` and handled so many packets and timers: how long to let others gather.
    pub(crate) fn after(&mut self, began: Instant, now: Instant, done: usize) -> Option<Duration> {
        self.done = self.done.saturating_add(u32::try_from(done).unwrap_or(u32::MAX));
        let elapsed = now.saturating_since(self.since);
        if elapsed >= WINDOW {
            self.is_busy = ROUND * self.done >= elapsed * GATHERED_MIN;
            (self.since, self.done) = (now, 0);
        }
        let left = ROUND.saturating_sub(now.saturating_since(began));
        (self.is_busy && done > 0 && !left.is_zero()).then_some(left)
    }
}

/// A busy thread looks at its sockets this often: what a packet waits at most, half of it on average.
const ROUND: Duration = Duration::from_millis(1);
/// Fewer packets in a round are not worth waiting for.
const GATHERED_MIN: u32 = 2;
/// How busy a thread is is judged over this time.
const WINDOW: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_nanos(micros * 1000)
    }

    /// One packet each `gap` µs, for half a second: whether the thread pauses for the last of them.
    fn check(gap: u64, expect: bool) {
        let mut pace = Pace::default();
        let mut last = None;
        for now in (0..500_000).step_by(gap as usize) {
            last = pace.after(at(now), at(now), 1);
        }
        assert_eq!(last, expect.then_some(ROUND), "each {gap} µs");
    }

    #[test]
    fn a_thread_pauses_when_packets_come_close_together() {
        check(20_000, false);
        check(2_000, false);
        check(600, false);
        check(450, true);
        check(25, true);
    }

    #[test]
    fn a_pause_ends_a_round_after_the_last_and_an_idle_thread_has_none() {
        let mut pace = Pace::default();
        for now in (0..100_000).step_by(100) {
            pace.after(at(now), at(now), 1);
        }
        assert_eq!(pace.after(at(100_000), at(100_300), 10), Some(Duration::from_micros(700)));
        // A round that took longer is followed by the next at once, and so is one without work by being woken.
        assert_eq!(pace.after(at(101_000), at(102_200), 100), None);
        assert_eq!(pace.after(at(103_000), at(103_000), 0), None);
        // After silence the first packet finds a thread that is woken for it.
        assert_eq!(pace.after(at(900_000), at(900_000), 1), None);
    }
}
