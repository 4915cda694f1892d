//! Opening hours as their rules say, by clocks that differ by whole minutes. Nothing here comes from the crate.

use super::plans::Dice;

/// Friday, 20 November 2026, 00:00 in UTC.
pub(crate) const FRIDAY: u64 = 1_795_132_800;

/// Zones that never change their clocks: name, minutes east of UTC.
pub(crate) const ZONES: &[(&str, i64)] =
    &[("Etc/UTC", 0), ("Asia/Kolkata", 330), ("America/Bogota", -300), ("Pacific/Kiritimati", 840)];

/// Hours on some days.
#[derive(Clone, Debug)]
pub(crate) struct Period {
    pub(crate) days: Days,
    /// Minutes of the day; none when it is closed.
    pub(crate) hours: Option<(i64, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Days {
    /// Counted from Monday.
    Week(Vec<i64>),
    /// Days of November.
    Year(i64, i64),
}

/// When a partition is open.
#[derive(Clone, Debug)]
pub(crate) struct Hours {
    pub(crate) periods: Vec<Period>,
    /// A place in [`ZONES`]; the caller's zone when there is none.
    pub(crate) zone: Option<usize>,
}

impl Hours {
    /// Whether it is open at a second for callers in a zone.
    pub(crate) fn are_open(&self, second: u64, caller: Option<usize>, any_period: bool) -> bool {
        let offset = self.zone.or(caller).map_or(0, |zone| ZONES[zone].1);
        let minutes = (second as i64 - FRIDAY as i64).div_euclid(60) + offset;
        let (days, minute) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
        let (weekday, date) = ((days + 4).rem_euclid(7), 20 + days);
        let on_day = |period: &&Period| match &period.days {
            Days::Week(days) => days.contains(&weekday),
            Days::Year(first, last) if first <= last => (*first..=*last).contains(&date),
            Days::Year(first, last) => date >= *first || date <= *last,
        };
        let of_year = |period: &&Period| matches!(period.days, Days::Year(..));
        let today: Vec<&Period> = self.periods.iter().filter(on_day).collect();
        // A day of the year that some period names is not judged by the days of the week.
        let special = !any_period && today.iter().any(of_year);
        let mut counting = today.iter().filter(|period| !special || of_year(period));
        counting.any(|period| period.hours.is_some_and(|(from, to)| (from..to).contains(&minute)))
    }
}

/// Hours with boundaries that a dialling can cross.
pub(crate) fn hours(dice: &mut Dice) -> Hours {
    let period = |dice: &mut Dice| {
        let from = dice.pick(&[0, 480, 720]);
        let to = dice.pick(&[720, 1020, 1440]);
        let hours = (from < to && !dice.one_in(4)).then_some((from, to));
        let days = if dice.one_in(3) {
            Days::Year(dice.pick(&[19, 20, 21, 22]), dice.pick(&[19, 20, 21, 22]))
        } else {
            Days::Week((0..7).filter(|day| *day == 4 || dice.one_in(2)).collect())
        };
        Period { days, hours }
    };
    let periods = (0..1 + dice.below(3)).map(|_| period(dice)).collect();
    Hours { periods, zone: dice.one_in(2).then(|| dice.below(ZONES.len())) }
}

/// A time shortly before one at which one of these begins or ends for callers in a zone.
pub(crate) fn start(dice: &mut Dice, all: &[&Hours], caller: Option<usize>) -> u64 {
    let (mut minute, mut offset) = (0, 0);
    if !all.is_empty() {
        let hours = dice.pick(all);
        offset = hours.zone.or(caller).map_or(0, |zone| ZONES[zone].1);
        if let Some((from, to)) = dice.pick(&hours.periods).hours {
            minute = if dice.one_in(2) { from } else { to };
        }
    }
    let second = FRIDAY as i64 + (minute - offset) * 60 - dice.below(20) as i64;
    second as u64
}
