//! Time periods as an operator writes them.

use super::period::{Days, Hours, MonthDay, PeriodError, TimeOfDay, TimePeriod, Weekday};

/// Why a text is no time period.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PeriodTextError {
    /// It has not the two parts, or one of them cannot be read.
    #[error(
        "{text:?} is no time period; expected days and hours, for example \"mo-fr 08:00-17:00\" or \"12-25 closed\""
    )]
    Form {
        /// What was written.
        text: Box<str>,
    },
    /// Its parts do not make a period.
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl std::str::FromStr for TimePeriod {
    type Err = PeriodTextError;

    /// `mo-fr 08:00-17:00`, `sa,su 10:00-14:00`, `12-25 closed`, `12-24..12-26 closed`, `daily 00:00-24:00`.
    fn from_str(text: &str) -> Result<Self, PeriodTextError> {
        let form = || PeriodTextError::Form { text: text.into() };
        let (days, hours) = text.trim().split_once(char::is_whitespace).ok_or_else(form)?;
        let hours = match hours.trim() {
            "closed" => Hours::NoOfficeHours,
            hours => {
                let (start, end) = hours.split_once('-').ok_or_else(form)?;
                Hours::Between { start: time(start).ok_or_else(form)??, end: time(end).ok_or_else(form)?? }
            }
        };
        let days = match days.chars().next() {
            Some('0'..='9') => {
                let (first, last) = days.split_once("..").unwrap_or((days, days));
                Days::Year { first: day(first).ok_or_else(form)??, last: day(last).ok_or_else(form)?? }
            }
            Some(_) | None => Days::Week(weekdays(days).ok_or_else(form)?),
        };
        Ok(TimePeriod::new(text, hours, days)?)
    }
}

fn time(text: &str) -> Option<Result<TimeOfDay, PeriodError>> {
    let (hour, minute) = text.trim().split_once(':')?;
    Some(TimeOfDay::new(hour.parse().ok()?, minute.parse().ok()?))
}

fn day(text: &str) -> Option<Result<MonthDay, PeriodError>> {
    let (month, day) = text.split_once('-')?;
    Some(MonthDay::new(month.parse().ok()?, day.parse().ok()?))
}

fn weekdays(text: &str) -> Option<Vec<Weekday>> {
    if text == "daily" {
        return Some(WEEK.iter().map(|(_, day)| *day).collect());
    }
    let place = |name: &str| WEEK.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        days.extend(WEEK.get(first..=last)?.iter().map(|(_, day)| *day));
    }
    Some(days)
}

const WEEK: [(&str, Weekday); 7] = [
    ("mo", Weekday::Monday),
    ("tu", Weekday::Tuesday),
    ("we", Weekday::Wednesday),
    ("th", Weekday::Thursday),
    ("fr", Weekday::Friday),
    ("sa", Weekday::Saturday),
    ("su", Weekday::Sunday),
];

#[cfg(test)]
mod tests {
    use strowger_base::WallTime;

    use super::*;
    use crate::schedule::{OpeningHours, PartitionZone, Precedence};

    #[test]
    fn a_period_is_open_when_it_says_so() {
        // Friday, 2026-11-20, at this time of the day in UTC.
        let friday = |hour: u64, minute: u64| {
            WallTime::from_micros((1_795_132_800 + hour * 3600 + minute * 60) * 1_000_000)
        };
        let check = |periods: &[&str], hour: u64, minute: u64, expect: bool| {
            let periods: Vec<TimePeriod> = periods.iter().map(|text| text.parse().unwrap()).collect();
            let hours = OpeningHours::new(periods, PartitionZone::default(), Precedence::default()).unwrap();
            assert_eq!(hours.is_open(friday(hour, minute), None), expect, "{hours:?} at {hour}:{minute}");
        };
        check(&["mo-fr 08:00-17:00"], 8, 0, true);
        check(&["mo-fr 08:00-17:00"], 7, 59, false);
        check(&["mo-fr 08:00-17:00"], 17, 0, false);
        check(&["sa,su 00:00-24:00"], 12, 0, false);
        check(&["mo,fr 10:00-11:00"], 10, 30, true);
        check(&["daily 00:00-24:00"], 23, 59, true);
        check(&["mo-fr 08:00-17:00", "11-20 closed"], 12, 0, false);
        check(&["mo-fr 08:00-17:00", "11-19..11-21 09:00-10:00"], 9, 30, true);
    }

    #[test]
    fn what_is_no_period_says_why() {
        let check = |text: &str, expect: &str| {
            let error = text.parse::<TimePeriod>().unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        };
        check("mo-fr", "is no time period");
        check("mon-fri 08:00-17:00", "is no time period");
        check("fr-mo 08:00-17:00", "is no time period");
        check("mo 17:00-08:00", "ends when it begins or before");
        check("mo 08:00-25:00", "25:00 is no time of the day");
        check("13-01 closed", "month 13, day 1 is no day");
    }
}
