//! Time zones of the IANA database, which is part of the program.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use strowger_base::WallTime;

use super::period::{LocalTime, MonthDay, Weekday};

/// A time zone. A copy is one reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(TimeZone);

/// There is no time zone of this name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name:?} is no time zone; expected a name of the IANA database, for example Europe/London")]
pub struct ZoneError {
    /// As it was written.
    pub name: Box<str>,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// The zone of this IANA name, such as `Europe/London`; case does not matter.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        // The bundled database only: the operator's system may have another, and reading it would be IO.
        TimeZoneDatabase::bundled().get(name).map(Zone).map_err(|_| ZoneError { name: name.into() })
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// How far its clocks are ahead of UTC, in minutes, from `from` on, with every change until `until`; the earliest first.
    pub fn offsets(&self, from: WallTime, until: WallTime) -> Vec<(WallTime, i32)> {
        let timestamp = |at: WallTime| {
            let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
            Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
        };
        let (first, last) = (timestamp(from), timestamp(until));
        let mut offsets = vec![(from, self.0.to_offset(first).seconds() / 60)];
        for change in self.0.following(first).take_while(|change| change.timestamp() < last) {
            let micros = u64::try_from(change.timestamp().as_microsecond()).unwrap_or_default();
            offsets.push((WallTime::from_micros(micros), change.offset().seconds() / 60));
        }
        offsets
    }

    /// What the clocks on the walls of the zone show.
    pub(super) fn local(&self, at: WallTime) -> LocalTime {
        let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
        let timestamp = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX);
        let local = self.0.to_datetime(timestamp);
        LocalTime {
            day: MonthDay::of(local.month().unsigned_abs(), local.day().unsigned_abs()),
            weekday: Weekday::from_monday(local.weekday().to_monday_zero_offset().unsigned_abs()),
            minute: u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs()),
        }
    }
}
