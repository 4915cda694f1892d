//! Time periods: hours on days of the week, or on days of the year.

/// Hours on certain days.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimePeriod {
    name: Box<str>,
    hours: Hours,
    days: Days,
}

/// Hours of a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hours {
    /// None: the day is closed.
    NoOfficeHours,
    /// From `start` until just before `end`.
    Between {
        /// When it opens.
        start: TimeOfDay,
        /// When it closes, later than `start`; 24:00 for the whole rest of the day.
        end: TimeOfDay,
    },
}

/// Days on which a period holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Days {
    /// Every week on these.
    Week(Vec<Weekday>),
    /// Every year from `first` to `last`, both included; through the new year when `last` is the earlier one.
    Year {
        /// The first day.
        first: MonthDay,
        /// The last day.
        last: MonthDay,
    },
}

/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Weekday {
    /// The first day of the working week.
    Monday,
    /// The day after.
    Tuesday,
    /// The day after.
    Wednesday,
    /// The day after.
    Thursday,
    /// The day after.
    Friday,
    /// The day after.
    Saturday,
    /// The day after.
    Sunday,
}

/// A minute of the day, 00:00 to 24:00.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimeOfDay(u16);

/// A day of any year.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MonthDay {
    month: u8,
    day: u8,
}

/// What a clock on a wall shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalTime {
    pub(super) day: MonthDay,
    pub(super) weekday: Weekday,
    /// Of the day.
    pub(super) minute: u16,
}

/// Why something is no time period.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PeriodError {
    /// No such time.
    #[error("{hour:02}:{minute:02} is no time of the day; expected 00:00 to 24:00")]
    Time {
        /// As it was written.
        hour: u8,
        /// As it was written.
        minute: u8,
    },
    /// No such day.
    #[error("month {month}, day {day} is no day of a year")]
    Day {
        /// As it was written.
        month: u8,
        /// As it was written.
        day: u8,
    },
    /// It ends before it begins.
    #[error("time period {period} ends when it begins or before; one over midnight is two periods")]
    Backwards {
        /// Which.
        period: Box<str>,
    },
    /// It holds on no day.
    #[error("time period {period} names no day")]
    NoDay {
        /// Which.
        period: Box<str>,
    },
}

const MINUTES_OF_DAY: u16 = 24 * 60;

impl TimePeriod {
    /// A checked time period.
    ///
    /// # Errors
    /// When it ends before it begins, or holds on no day.
    pub fn new(name: &str, hours: Hours, days: Days) -> Result<Self, PeriodError> {
        match hours {
            Hours::Between { start, end } if start >= end => {
                return Err(PeriodError::Backwards { period: name.into() });
            }
            Hours::Between { .. } | Hours::NoOfficeHours => {}
        }
        match &days {
            Days::Week(weekdays) if weekdays.is_empty() => Err(PeriodError::NoDay { period: name.into() }),
            Days::Week(_) | Days::Year { .. } => Ok(TimePeriod { name: name.into(), hours, days }),
        }
    }

    /// As the operator called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True on a day of the year that this period names.
    pub(super) fn names_day_of_year(&self, local: LocalTime) -> bool {
        match &self.days {
            Days::Week(_) => false,
            Days::Year { first, last } if first <= last => (*first..=*last).contains(&local.day),
            Days::Year { first, last } => local.day >= *first || local.day <= *last,
        }
    }

    /// True within its hours on its days.
    pub(super) fn holds(&self, local: LocalTime) -> bool {
        let day = match &self.days {
            Days::Week(weekdays) => weekdays.contains(&local.weekday),
            Days::Year { .. } => self.names_day_of_year(local),
        };
        let hour = match self.hours {
            Hours::NoOfficeHours => false,
            Hours::Between { start, end } => (start.0..end.0).contains(&local.minute),
        };
        day && hour
    }
}

impl TimeOfDay {
    /// The beginning of a day.
    pub const MIDNIGHT: TimeOfDay = TimeOfDay(0);
    /// The end of a day.
    pub const END_OF_DAY: TimeOfDay = TimeOfDay(MINUTES_OF_DAY);

    /// A time of the day.
    ///
    /// # Errors
    /// When there is none such.
    pub const fn new(hour: u8, minute: u8) -> Result<Self, PeriodError> {
        let minutes = hour as u16 * 60 + minute as u16;
        if minute > 59 || minutes > MINUTES_OF_DAY {
            return Err(PeriodError::Time { hour, minute });
        }
        Ok(TimeOfDay(minutes))
    }
}

impl MonthDay {
    /// A day of any year; 29 February is one, and holds in leap years.
    ///
    /// # Errors
    /// When there is none such.
    pub const fn new(month: u8, day: u8) -> Result<Self, PeriodError> {
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 29,
            _ => 0,
        };
        if day == 0 || day > days {
            return Err(PeriodError::Day { month, day });
        }
        Ok(MonthDay { month, day })
    }

    /// A day that a calendar says.
    pub(super) const fn of(month: u8, day: u8) -> Self {
        MonthDay { month, day }
    }
}

impl Weekday {
    /// The whole week.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// The day so many days after Monday.
    pub(super) const fn from_monday(days: u8) -> Self {
        Self::ALL[(days % 7) as usize]
    }
}
