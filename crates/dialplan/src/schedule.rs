//! When a partition is open.

use strowger_base::WallTime;

/// A time zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone;

/// Hours of a partition.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct OpeningHours;

impl OpeningHours {
    /// Whether it is open.
    pub fn is_open(&self, at: WallTime, zone: Option<&Zone>) -> bool {
        let _ = (at, zone);
        false
    }
}
