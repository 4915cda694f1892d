//! How long packets are kept before they are played: long enough for nearly all of them, and no longer.
//!
//! Transit is arrival minus timestamp; only its differences mean something. The fastest packet of the last seconds
//! is the base, which follows the drift between the sender's clock and ours. How much slower the others were is
//! counted in a histogram that forgets, and the delay is what [`WANTED`] of them need.

use std::time::Duration;

use strowger_base::Instant;

/// The delay that a stream needs.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    /// Lowest transit of the window that runs, and of the one before.
    lowest: Option<[i64; 2]>,
    window_ends: Instant,
    /// Shares of packets by how late they came, in steps of [`STEP_MS`]; all together about [`WHOLE`].
    histogram: [u32; STEPS],
}

impl Delay {
    pub(super) const fn new() -> Self {
        let mut histogram = [0; STEPS];
        // Until more is known: what a good network needs.
        histogram[2] = WHOLE;
        Delay { lowest: None, window_ends: Instant::START, histogram }
    }

    /// The clocks have nothing to do with each other any more: a new stream, or one whose timestamps jumped. What is known of
    /// the way stays known.
    pub(super) const fn rebase(&mut self) {
        self.lowest = None;
    }

    /// A packet came with this transit in units of a clock of `clock_hz`.
    pub(super) fn observe(&mut self, now: Instant, transit: i64, clock_hz: u32) {
        let [running, before] = self.lowest.unwrap_or([transit; 2]);
        let running = running.min(transit);
        self.lowest = Some([running, before]);
        if now >= self.window_ends {
            self.lowest = Some([transit, running]);
            self.window_ends = now + WINDOW;
        }
        let late_ms = (transit - running.min(before)).max(0) * 1000 / i64::from(clock_hz.max(1));
        let step = usize::try_from(late_ms / STEP_MS).unwrap_or(STEPS).min(STEPS - 1);
        for (index, share) in self.histogram.iter_mut().enumerate() {
            *share -= *share >> FORGET;
            if index == step {
                *share += WHOLE >> FORGET;
            }
        }
    }

    /// The transit of the fastest packet; `None` before the first.
    pub(super) fn base(&self) -> Option<i64> {
        self.lowest.map(|[running, before]| running.min(before))
    }

    /// How much later than the fastest packet's arrival a sample shall be played. A frame more than jitter alone asks for,
    /// because our clock does not tick when packets come.
    pub(super) fn target_ms(&self, frame_ms: i64) -> i64 {
        let total: u32 = self.histogram.iter().sum();
        let wanted = total - total / WANTED;
        let mut sum = 0;
        let step = self.histogram.iter().position(|share| {
            sum += share;
            sum >= wanted
        });
        let jitter_ms = (step.unwrap_or(STEPS) as i64 + 1) * STEP_MS;
        (jitter_ms + frame_ms).min(TARGET_MAX_MS)
    }
}

const STEP_MS: i64 = 5;
const STEPS: usize = 40;
const WHOLE: u32 = 1 << 24;
/// Each packet makes the memory of those before 1/256 fainter: about five seconds at 50 packets a second.
const FORGET: u32 = 8;
/// All but one packet in so many shall come in time.
const WANTED: u32 = 40;
/// Between the lowest transit that is forgotten and the one that is not.
const WINDOW: Duration = Duration::from_secs(4);
/// Who is later than this is lost rather than waited for.
const TARGET_MAX_MS: i64 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    /// Transits in milliseconds, one each 20 ms; the target after them.
    fn target(transits: impl Iterator<Item = i64>) -> i64 {
        let mut delay = Delay::new();
        for (index, transit_ms) in transits.enumerate() {
            delay.observe(Instant::from_nanos(index as u64 * 20_000_000), transit_ms * 8, 8000);
        }
        delay.target_ms(20)
    }

    #[test]
    fn the_delay_follows_the_jitter() {
        assert_eq!(target(std::iter::empty()), 35);
        assert_eq!(target((0..2000).map(|_| -77)), 25);
        // Evenly up to 40 ms.
        assert_eq!(target((0..2000).map(|n| n * 7 % 41)), 60);
        // One packet in a hundred is a second late: it is not waited for.
        assert_eq!(target((0..2000).map(|n| if n % 100 == 0 { 1000 } else { 0 })), 25);
        assert_eq!(target((0..2000).map(|n| n % 2 * 1000)), 200);
    }

    #[test]
    fn drift_and_a_longer_way_are_no_jitter() {
        // A sender that is 200 ppm slow, then one that is as fast.
        assert_eq!(target((0..5000).map(|n| n / 250)), 25);
        assert_eq!(target((0..5000).map(|n| -n / 250)), 25);
        assert_eq!(target((0..3000).map(|n| if n < 500 { 0 } else { 90 })), 25);
    }
}
