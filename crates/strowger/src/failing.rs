//! Work that fails and is tried again by itself: told at once, again when it has lasted twice as long, and when it is over.

use std::time::{Duration, Instant};

/// Whether some work fails, and when that is told next.
#[derive(Default, Debug)]
pub(crate) struct Failing {
    since: Option<(Instant, Duration)>,
}

impl Failing {
    /// It has failed. When that is to be told: for how long it fails by now.
    pub(crate) fn failed(&mut self, now: Instant) -> Option<Duration> {
        let Some((since, next)) = &mut self.since else {
            self.since = Some((now, AGAIN_AFTER));
            return Some(Duration::ZERO);
        };
        let lasts = now.saturating_duration_since(*since);
        (lasts >= *next).then(|| {
            *next = lasts * 2;
            lasts
        })
    }

    /// It was done; true when it failed before.
    pub(crate) const fn done(&mut self) -> bool {
        self.since.take().is_some()
    }
}

/// What has failed for so long is told a second time.
const AGAIN_AFTER: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_told_and_each_doubling() {
        let mut failing = Failing::default();
        let began = Instant::now();
        assert!(!failing.done());
        let told: Vec<u64> = (0..3000)
            .filter_map(|second| failing.failed(began + Duration::from_secs(second)))
            .map(|lasts| lasts.as_secs())
            .collect();
        assert_eq!(told, [0, 300, 600, 1200, 2400]);
        assert!(failing.done());
        assert!(!failing.done());
        assert_eq!(failing.failed(began), Some(Duration::ZERO), "another time is told at once again");
    }
}
