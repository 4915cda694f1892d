use super::*;

fn time(text: &str) -> TimeOfDay {
    let (hour, minute) = text.split_once(':').unwrap();
    TimeOfDay::new(hour.parse().unwrap(), minute.parse().unwrap()).unwrap()
}

fn hours(text: &str) -> Hours {
    match text.split_once('-') {
        Some((start, end)) => Hours::Between { start: time(start), end: time(end) },
        None => Hours::NoOfficeHours,
    }
}

fn week(name: &str, days: &[Weekday], text: &str) -> TimePeriod {
    TimePeriod::new(name, hours(text), Days::Week(days.to_vec())).unwrap()
}

fn year(name: &str, first: (u8, u8), last: (u8, u8), text: &str) -> TimePeriod {
    let day = |(month, day)| MonthDay::new(month, day).unwrap();
    TimePeriod::new(name, hours(text), Days::Year { first: day(first), last: day(last) }).unwrap()
}

/// `2026-11-21T08:30` in UTC.
fn at(text: &str) -> WallTime {
    let (date, clock) = text.split_once('T').unwrap();
    let [year, month, day] = [&date[..4], &date[5..7], &date[8..]].map(|part| part.parse::<u64>().unwrap());
    let (hour, minute) = clock.split_once(':').unwrap();
    // Days from 1970 by counting: the conversion under test must not test itself.
    let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let lengths = |year| [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: u64 = (1970..year).map(|year| lengths(year).iter().sum::<u64>()).sum();
    let months: u64 = lengths(year).iter().take(month as usize - 1).sum();
    let days = years + months + day - 1;
    let minutes = hour.parse::<u64>().unwrap() * 60 + minute.parse::<u64>().unwrap();
    WallTime::from_micros((days * 86_400 + minutes * 60) * 1_000_000)
}

const WORKDAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

fn office() -> Vec<TimePeriod> {
    vec![
        week("office", &WORKDAYS, "08:00-17:00"),
        week("saturday", &[Weekday::Saturday], "none"),
        week("saturday morning", &[Weekday::Saturday], "09:00-12:00"),
        year("holidays", (12, 24), (1, 2), "none"),
        year("stocktaking", (6, 30), (6, 30), "10:00-12:00"),
    ]
}

#[test]
fn a_partition_is_open_inside_a_period() {
    let usual = OpeningHours::new(office(), PartitionZone::default(), Precedence::default()).unwrap();
    let check = |when: &str, expect: &str| {
        let found = match usual.state(at(when), None) {
            HoursState::Open { period } => format!("open {}", period.name()),
            HoursState::Closed { period } => format!("closed {}", period.map_or("", TimePeriod::name)),
        };
        assert_eq!(found.trim(), expect, "{when}");
        assert_eq!(usual.is_open(at(when), None), expect.starts_with("open"));
    };
    // 2026-11-20 is a Friday.
    check("2026-11-20T07:59", "closed");
    check("2026-11-20T08:00", "open office");
    check("2026-11-20T16:59", "open office");
    check("2026-11-20T17:00", "closed");
    check("2026-11-21T08:30", "closed");
    check("2026-11-21T09:00", "open saturday morning");
    check("2026-11-22T09:00", "closed");
    // Thursday, Friday, Monday: the day of the year closes what the week would open.
    check("2026-12-24T09:00", "closed holidays");
    check("2027-01-01T09:00", "closed holidays");
    check("2026-12-27T09:00", "closed");
    check("2027-01-04T09:00", "open office");
    // Tuesday 30 June 2026 has its own hours only.
    check("2026-06-30T09:00", "closed stocktaking");
    check("2026-06-30T10:00", "open stocktaking");
}

#[test]
fn any_period_may_count_instead() {
    let any = OpeningHours::new(office(), PartitionZone::default(), Precedence::AnyPeriod).unwrap();
    let check = |when: &str, expect: bool| assert_eq!(any.is_open(at(when), None), expect, "{when}");
    check("2026-12-24T09:00", true);
    check("2026-06-30T09:00", true);
    check("2026-06-30T10:00", true);
    check("2026-12-24T18:00", false);
}

#[test]
fn the_clock_is_the_callers_or_a_fixed_one() {
    let check = |fixed: Option<&str>, device: Option<&str>, when: &str, expect: bool| {
        let named = |name| Zone::named(name).unwrap();
        let zone = fixed.map_or(PartitionZone::OriginatingDevice, |name| PartitionZone::Fixed(named(name)));
        let hours = OpeningHours::new(office(), zone, Precedence::default()).unwrap();
        assert_eq!(
            hours.is_open(at(when), device.map(named).as_ref()),
            expect,
            "{fixed:?} {device:?} {when}"
        );
    };
    // Friday 20 November 2026, winter: New York is five hours behind, Kathmandu 5:45 ahead.
    check(None, None, "2026-11-20T08:00", true);
    check(None, Some("America/New_York"), "2026-11-20T12:59", false);
    check(None, Some("America/New_York"), "2026-11-20T13:00", true);
    check(None, Some("Asia/Kathmandu"), "2026-11-20T02:15", true);
    check(None, Some("Asia/Kathmandu"), "2026-11-20T02:14", false);
    // Summer time: four hours.
    check(None, Some("America/New_York"), "2026-07-10T12:00", true);
    check(None, Some("America/New_York"), "2026-07-10T11:59", false);
    // Monday there when it is still Sunday here.
    check(None, Some("Pacific/Auckland"), "2026-11-22T19:00", true);
    check(Some("Europe/London"), Some("Pacific/Auckland"), "2026-11-22T19:00", false);
    check(Some("Europe/London"), Some("Pacific/Auckland"), "2026-07-10T07:00", true);
}

#[test]
fn the_hour_that_summer_time_skips_or_repeats() {
    // Sundays in London: 2026-03-29 has no 01:30, 2026-10-25 has it twice.
    let periods = vec![week("night", &[Weekday::Sunday], "01:00-02:00")];
    let london = PartitionZone::Fixed(Zone::named("Europe/London").unwrap());
    let hours = OpeningHours::new(periods, london, Precedence::default()).unwrap();
    let check = |when: &str, expect: bool| assert_eq!(hours.is_open(at(when), None), expect, "{when}");
    check("2026-03-29T00:59", false);
    check("2026-03-29T01:00", false);
    check("2026-03-22T01:30", true);
    check("2026-10-25T00:30", true);
    check("2026-10-25T01:30", true);
    check("2026-10-25T02:00", false);
}

#[test]
fn what_cannot_be_a_schedule_says_why() {
    fn check<T, E: ToString>(result: Result<T, E>, expect: &str) {
        assert_eq!(result.err().map(|error| error.to_string()).as_deref(), Some(expect));
    }
    check(TimeOfDay::new(24, 1), "24:01 is no time of the day; expected 00:00 to 24:00");
    check(TimeOfDay::new(8, 60), "08:60 is no time of the day; expected 00:00 to 24:00");
    check(MonthDay::new(2, 30), "month 2, day 30 is no day of a year");
    check(MonthDay::new(13, 1), "month 13, day 1 is no day of a year");
    check(MonthDay::new(4, 0), "month 4, day 0 is no day of a year");
    let days = |days: &[Weekday]| Days::Week(days.to_vec());
    check(
        TimePeriod::new("night", hours("22:00-06:00"), days(&WORKDAYS)),
        "time period night ends when it begins or before; one over midnight is two periods",
    );
    check(TimePeriod::new("never", hours("none"), days(&[])), "time period never names no day");
    check(
        Zone::named("Europe/Atlantis"),
        "\"Europe/Atlantis\" is no time zone; expected a name of the IANA database, for example Europe/London",
    );
    check(
        OpeningHours::new(Vec::new(), PartitionZone::default(), Precedence::default()),
        "the time schedule has no time period, so its partition would never be open",
    );
    assert_eq!(time("24:00"), TimeOfDay::END_OF_DAY);
    assert!(MonthDay::new(2, 29).is_ok());
    assert_eq!(Zone::named("europe/london").unwrap().name(), "Europe/London");
    assert_eq!(Zone::UTC.name(), "UTC");
}
