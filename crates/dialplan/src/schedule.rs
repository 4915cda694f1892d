//! Time of day: when a partition exists.
//!
//! [`TimePeriod`]s make a schedule, a schedule and a zone make the [`OpeningHours`] of a partition. Outside them the
//! partition is absent. They are looked at when a lookup begins (unverified, U-9).

mod period;
mod text;
mod zone;

use strowger_base::WallTime;

pub use period::{Days, Hours, MonthDay, PeriodError, TimeOfDay, TimePeriod, Weekday};
pub use text::PeriodTextError;
pub use zone::{Zone, ZoneError};

/// When a partition is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpeningHours {
    periods: Vec<TimePeriod>,
    zone: PartitionZone,
    precedence: Precedence,
}

/// Whose clock counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum PartitionZone {
    /// The calling device's.
    #[default]
    OriginatingDevice,
    /// This one, wherever the call comes from.
    Fixed(Zone),
}

/// Which periods of a schedule count on a day of the year that one of them names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Precedence {
    /// Those that name the day of the year, and no others: a holiday without office hours closes a Monday.
    #[default]
    DayOfYear,
    /// All: the partition is open when any of them is. A period without office hours then changes nothing.
    AnyPeriod,
}

/// Whether a partition exists, and which period says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoursState<'h> {
    /// It does.
    Open {
        /// Inside this period.
        period: &'h TimePeriod,
    },
    /// It does not.
    Closed {
        /// The period of this day of the year that closes it, when it is one that the week would have opened.
        period: Option<&'h TimePeriod>,
    },
}

/// A schedule without any period is never open: the partition could be left out of every search space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the time schedule has no time period, so its partition would never be open")]
pub struct NoPeriods;

impl OpeningHours {
    /// The hours of a schedule.
    ///
    /// # Errors
    /// When it has no period.
    pub fn new(
        periods: Vec<TimePeriod>,
        zone: PartitionZone,
        precedence: Precedence,
    ) -> Result<Self, NoPeriods> {
        if periods.is_empty() { Err(NoPeriods) } else { Ok(OpeningHours { periods, zone, precedence }) }
    }

    /// Whether it is open at a time for callers in a zone; those without one are in UTC.
    pub fn is_open(&self, at: WallTime, zone: Option<&Zone>) -> bool {
        matches!(self.state(at, zone), HoursState::Open { .. })
    }

    /// The same, with the period that decides.
    pub fn state(&self, at: WallTime, zone: Option<&Zone>) -> HoursState<'_> {
        let zone = match &self.zone {
            PartitionZone::OriginatingDevice => zone,
            PartitionZone::Fixed(fixed) => Some(fixed),
        };
        let local = zone.unwrap_or(&Zone::UTC).local(at);
        let of_year = self.periods.iter().find(|period| period.names_day_of_year(local));
        let special = of_year.filter(|_| self.precedence == Precedence::DayOfYear);
        let counts = |period: &&TimePeriod| special.is_none() || period.names_day_of_year(local);
        match self.periods.iter().filter(counts).find(|period| period.holds(local)) {
            Some(period) => HoursState::Open { period },
            None => {
                let week = self.periods.iter().any(|period| period.holds(local));
                HoursState::Closed { period: special.filter(|_| week) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
