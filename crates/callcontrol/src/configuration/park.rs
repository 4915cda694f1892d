//! Numbers at which calls are parked.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_dialplan::SearchSpace;

/// All numbers of call park.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkNumbers {
    /// In the order in which they are given away.
    ranges: Vec<ParkRange>,
    /// Numbers of directed call park, by the name that the number says
    /// ([`FeatureNumber::object`](strowger_base::FeatureNumber::object)).
    pub directed: BTreeMap<Box<str>, DirectedPark>,
    /// How long a call waits before it goes back to whoever parked it.
    pub reversion: Duration,
}

/// Numbers that are given away, the lowest free one first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkRange {
    /// The name that the number says ([`FeatureNumber::object`](strowger_base::FeatureNumber::object)).
    pub object: Box<str>,
    /// The numbers, the lowest first.
    pub numbers: Vec<Box<str>>,
}

/// A number to which calls are transferred so that they wait there.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DirectedPark {
    /// Where a call goes that nobody gets back, and what that number sees of the plan; to whoever parked it without one.
    pub reversion: Option<(Box<str>, SearchSpace)>,
}

impl Default for ParkNumbers {
    fn default() -> Self {
        ParkNumbers { ranges: Vec::new(), directed: BTreeMap::new(), reversion: PARK_REVERSION }
    }
}

impl ParkNumbers {
    /// Adds numbers that are given away.
    pub fn add(&mut self, range: ParkRange) {
        self.ranges.push(range);
        self.ranges.sort_by(|a, b| a.numbers.first().cmp(&b.numbers.first()));
    }

    /// Numbers that are given away, the lowest first.
    pub fn ranges(&self) -> &[ParkRange] {
        &self.ranges
    }
}

/// Call park reversion timer where nobody sets one.
pub const PARK_REVERSION: Duration = Duration::from_secs(60);
