//! When the next report is due (RFC 3550 §6.2, §6.3.1).

use std::time::Duration;

use strowger_base::Rng;

/// How far a session has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// No report was sent yet: half the time, so that the other side soon knows.
    Initial,
    /// Later.
    Steady,
}

/// The time until the next report, for two members.
///
/// Two members at 64 kbit/s would be allowed a report more often than each 5 s, so the minimum rules. The
/// factor 0.5 to 1.5 keeps endpoints from reporting in step; dividing by e - 3/2 makes up for what timer
/// reconsideration takes away in other members' implementations.
pub fn report_interval(phase: Phase, rng: &mut Rng) -> Duration {
    let minimum = match phase {
        Phase::Initial => MINIMUM / 2,
        Phase::Steady => MINIMUM,
    };
    let half = minimum / 2;
    let spread = rng.below(minimum.as_micros() as u64);
    let randomised = half + Duration::from_micros(spread);
    randomised * 100_000 / COMPENSATION_PER_100_000
}

/// Reports are not more frequent (RFC 3550 §6.2).
const MINIMUM: Duration = Duration::from_secs(5);
/// e - 3/2 = 1.21828 (RFC 3550 §6.3.1).
const COMPENSATION_PER_100_000: u32 = 121_828;
