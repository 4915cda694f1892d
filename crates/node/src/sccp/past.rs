//! What is remembered of a device beyond its registration: its last alarm, messages that nobody serves, and when it came.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use strowger_base::WallTime;
use strowger_sccp::MessageId;
use strowger_sccp::station::io::WhyPassedOver;
use strowger_sccp::station::reason::{LastAlarm, WhyRegistered};

use super::allowance::Allowance;

/// The past of a device.
#[derive(Default)]
pub(crate) struct Past {
    /// The last alarm that it sent, and when.
    pub(crate) alarm: Option<(WallTime, Box<LastAlarm>)>,
    /// Messages of it that were passed over, and why.
    pub(crate) passed_over: BTreeMap<MessageId, WhyPassedOver>,
    /// What it tells of itself and is written down.
    pub(super) allowance: Allowance,
    /// When it came, the last time last; only when it was neither started nor ordered to come anew.
    arrivals: VecDeque<WallTime>,
}

impl Past {
    /// A message of it was passed over; whether that is news.
    pub(crate) fn passes_over(&mut self, id: MessageId, why: WhyPassedOver) -> bool {
        if self.passed_over.len() >= PASSED_OVER_MAX && !self.passed_over.contains_key(&id) {
            return false;
        }
        self.passed_over.insert(id, why).is_none()
    }

    /// It came; the time between its registrations, where that has become regular by this one.
    pub(crate) fn came(&mut self, at: WallTime, why: WhyRegistered) -> Option<Duration> {
        let before = self.period();
        self.arrives(at, why);
        self.period().filter(|_| before.is_none())
    }

    fn arrives(&mut self, at: WallTime, why: WhyRegistered) {
        let by_itself = !matches!(
            why,
            WhyRegistered::ResetOrdered(_) | WhyRegistered::ResetByUser | WhyRegistered::Firmware
        );
        if !by_itself {
            return self.arrivals.clear();
        }
        if self.arrivals.len() >= ARRIVALS_MAX {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(at);
    }

    /// How regularly it comes anew: the time between its last registrations where that was always much the same. It is that of the lease of
    /// its address then, or of whatever else has a clock between it and here.
    pub(crate) fn period(&self) -> Option<Duration> {
        let times = self.arrivals.iter().zip(self.arrivals.iter().skip(1));
        let between: Vec<u64> =
            times.map(|(before, after)| after.as_micros().saturating_sub(before.as_micros())).collect();
        let (least, most) = (between.iter().min()?, between.iter().max()?);
        let regular = between.len() >= INTERVALS_MIN && most - least <= least / 10;
        let period = Duration::from_micros(*least);
        (regular && period >= PERIOD_MIN).then_some(period)
    }
}

/// Kinds of messages of a device that are remembered.
const PASSED_OVER_MAX: usize = 16;
/// Registrations of a device that are remembered.
const ARRIVALS_MAX: usize = 5;
/// From how many intervals on something is regular.
const INTERVALS_MIN: usize = 3;
/// What comes more often has other causes than a lease.
const PERIOD_MIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_sccp::codes::ResetType;

    fn check(times: &[(u64, WhyRegistered)], expect: Option<u64>) {
        let (mut past, mut told) = (Past::default(), Vec::new());
        for (seconds, why) in times {
            told.extend(past.came(WallTime::from_micros(seconds * 1_000_000), *why));
        }
        let expect: Vec<Duration> = expect.into_iter().map(Duration::from_secs).collect();
        assert_eq!(past.period().as_slice(), expect, "{times:?}");
        assert_eq!(told, expect, "it is told once: {times:?}");
    }

    #[test]
    fn a_phone_that_comes_anew_with_every_lease_is_told_from_one_that_does_so_now_and_then() {
        let lost = |at| (at, WhyRegistered::AddressLost);
        check(&[lost(0), lost(3600), lost(7203), lost(10_800)], Some(3597));
        check(&[lost(0), lost(3600), lost(7203)], None);
        check(&[lost(0), lost(3600), lost(4000), lost(10_800)], None);
        check(&[lost(0), lost(20), lost(40), lost(60)], None);
        let ordered = (7200, WhyRegistered::ResetOrdered(ResetType::RESTART));
        check(&[lost(0), lost(3600), ordered, lost(10_800)], None);
    }
}
