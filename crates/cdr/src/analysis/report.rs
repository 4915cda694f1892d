//! Sums over calls: each row is taken once, and what several threads took is put together.

use std::collections::BTreeMap;

use super::call::{Call, Quality};
use super::rates::{Cost, Costs};
use super::sheet::{Cell, Sheet};
use crate::words;

/// What is added up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportKind {
    /// Who talked most.
    TopTalkers(Talker),
    /// Why calls ended.
    Causes,
    /// How long calls were.
    Durations,
    /// At which hours of the day there were how many calls.
    BusyHours,
    /// How much devices were in use.
    Utilisation,
    /// Which devices sounded bad.
    Quality,
}

/// Of what the one is who talked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Talker {
    /// The number that called.
    Calling,
    /// The number that was reached.
    Reached,
    /// The device that called.
    Device,
    /// The user who called.
    User,
}

/// What words are for numbers of a dictionary.
pub trait Names {
    /// The text of a word.
    fn text(&self, word: u32) -> String;
    /// The word is the name of a trunk or gateway.
    fn is_trunk(&self, word: u32) -> bool;
}

/// A report that is being made.
#[derive(Clone, Debug)]
pub struct Report {
    kind: ReportKind,
    counted: Counted,
    /// By the word, for those that are there: words are numbered from 1 without gaps.
    tallies: Vec<Tally>,
    /// By the cause, the place of the duration, or the quarter of an hour since 1970.
    groups: BTreeMap<i64, Tally>,
    /// From when to when calls were asked for, in seconds since 1970; `None` is not bounded.
    asked: (Option<i64>, Option<i64>),
    /// Of trunks: when they were taken and given back.
    held: BTreeMap<u32, Vec<(i64, i64)>>,
}

/// What all calls come to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Counted {
    /// How many there were.
    pub calls: u64,
    /// How many were answered.
    pub answered: u64,
    /// Seconds of talk.
    pub seconds: u64,
    /// When the first one began.
    pub first: Option<i64>,
    /// When the last one was over.
    pub last: Option<i64>,
    /// What they cost.
    pub costs: Costs,
    /// Answered calls that went out and for which no rate is.
    pub without_rate: WithoutRate,
}

/// Calls that cost something that nobody said.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct WithoutRate {
    /// How many.
    pub calls: u64,
    /// Seconds of talk.
    pub seconds: u64,
}

#[derive(Clone, Default, Debug)]
struct Tally {
    calls: u64,
    answered: u64,
    seconds: u64,
    /// With ringing.
    held: u64,
    costs: Option<Box<Costs>>,
    heard: Option<Box<Heard>>,
}

/// How something sounded.
#[derive(Clone, Default, Debug)]
struct Heard {
    calls: u64,
    bad: u64,
    lost: u64,
    lost_most: i64,
    jitter_most: i64,
    latency_most: i64,
    mos_least: Option<i64>,
}

/// Upper ends of durations in seconds; the last has none. The first place is for calls without answer.
const DURATIONS: [i64; 9] = [10, 30, 60, 120, 300, 600, 1800, 3600, i64::MAX];
const DURATION_WORDS: [&str; 10] = [
    "not answered",
    "under 10 s",
    "10 to 30 s",
    "30 to 60 s",
    "1 to 2 min",
    "2 to 5 min",
    "5 to 10 min",
    "10 to 30 min",
    "30 to 60 min",
    "1 h and more",
];
/// What is heard as bad: more than 1 % lost, more than 30 ms of jitter, more than 150 ms of latency, less than 3.5.
const LOST_BAD: i64 = 100;
const JITTER_BAD: i64 = 30;
const LATENCY_BAD: i64 = 150;
const MOS_BAD: i64 = 350;
/// Clocks of time zones differ by whole quarters of an hour, in seconds.
const QUARTER: i64 = 900;

impl Report {
    /// A report with nothing in it.
    pub fn new(kind: ReportKind) -> Self {
        Report {
            kind,
            counted: Counted::default(),
            tallies: Vec::new(),
            groups: BTreeMap::new(),
            held: BTreeMap::new(),
            asked: (None, None),
        }
    }

    /// Calls are asked for that began from one moment until another, in seconds since 1970: traffic is that of the time between them. Where a bound is
    /// not given it is the beginning of the first call, or the end of the last.
    #[must_use]
    pub fn between(mut self, since: Option<i64>, until: Option<i64>) -> Self {
        self.asked = (since, until);
        self
    }

    /// Takes a call. Words may be any numbers up to `u32::MAX`, but room is made for the highest one.
    pub fn take(&mut self, call: &Call<u32>, cost: Option<&Cost<'_>>, names: &impl Names) {
        self.counted.take(call, cost);
        match self.kind {
            ReportKind::TopTalkers(who) => {
                let word = match who {
                    Talker::Calling => call.calling,
                    Talker::Reached => call.reached,
                    Talker::Device => call.orig_device,
                    Talker::User => call.orig_user,
                };
                self.tally(word).take(call, cost);
            }
            ReportKind::Causes => self.groups.entry(call.cause).or_default().take(call, cost),
            ReportKind::Durations => {
                let longer = DURATIONS.iter().position(|end| call.seconds < *end).unwrap_or(0);
                let place = if call.is_answered() { longer as i64 + 1 } else { 0 };
                self.groups.entry(place).or_default().take(call, cost);
            }
            ReportKind::BusyHours => {
                self.groups.entry(call.at.div_euclid(QUARTER)).or_default().take(call, cost);
            }
            ReportKind::Utilisation => {
                for device in [call.orig_device, call.dest_device] {
                    self.tally(device).take(call, None);
                    if names.is_trunk(device) {
                        let over = call.at.saturating_add(call.held);
                        self.held.entry(device).or_default().push((call.at, over));
                    }
                }
            }
            ReportKind::Quality => {
                // A device is judged by what it heard, and not by what the other one did.
                let sides = [(call.orig_device, call.orig_quality), (call.dest_device, call.dest_quality)];
                for (device, quality) in sides.into_iter().filter(|(_, quality)| !quality.is_unknown()) {
                    let tally = self.tally(device);
                    tally.take(call, None);
                    tally.heard.get_or_insert_default().take(quality);
                }
            }
        }
    }

    /// A call that was taken has no rate, and would need one.
    pub fn has_no_rate(&mut self, call: &Call<u32>) {
        let without = &mut self.counted.without_rate;
        without.calls += 1;
        without.seconds = without.seconds.saturating_add(whole(call.seconds));
    }

    fn tally(&mut self, word: u32) -> &mut Tally {
        let place = word as usize;
        if self.tallies.len() <= place {
            self.tallies.resize_with(place + 1, Tally::default);
        }
        &mut self.tallies[place]
    }

    /// Adds what another one took.
    pub fn merge(&mut self, other: Report) {
        self.counted.merge(&other.counted);
        for (word, tally) in other.tallies.into_iter().enumerate().filter(|(_, tally)| tally.calls > 0) {
            self.tally(u32::try_from(word).unwrap_or(u32::MAX)).merge(tally);
        }
        for (group, tally) in other.groups {
            self.groups.entry(group).or_default().merge(tally);
        }
        for (device, held) in other.held {
            self.held.entry(device).or_default().extend(held);
        }
    }

    /// What all calls come to.
    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// The table, with at most so many rows where they are of numbers and devices. `offset` is what a clock on the wall is ahead of UTC then, in seconds.
    pub fn sheet(self, names: &impl Names, most: usize, offset: impl Fn(i64) -> i64) -> Sheet {
        let all = self.counted.calls;
        match self.kind {
            ReportKind::TopTalkers(_) => self.talkers(names, most),
            ReportKind::Causes => {
                let mut rows: Vec<(i64, Tally)> = self.groups.into_iter().collect();
                rows.sort_by_key(|(cause, tally)| (std::cmp::Reverse(tally.calls), *cause));
                let row = |(cause, tally): (i64, Tally)| {
                    let meaning = words::cause(cause).unwrap_or_else(|| "not told".to_owned());
                    vec![
                        Cell::Whole(cause),
                        Cell::Text(meaning),
                        tally.calls.into(),
                        Cell::percent(tally.calls, all),
                    ]
                };
                Sheet {
                    columns: vec!["cause", "meaning", "calls", "percent"],
                    rows: rows.into_iter().map(row).collect(),
                }
            }
            ReportKind::Durations => {
                let row = |(place, words): (i64, &&str)| {
                    let calls = self.groups.get(&place).map_or(0, |tally| tally.calls);
                    vec![Cell::text(*words), calls.into(), Cell::percent(calls, all)]
                };
                let rows = (0..).zip(&DURATION_WORDS).map(row).collect();
                Sheet { columns: vec!["duration", "calls", "percent"], rows }
            }
            ReportKind::BusyHours => hours(&self.groups, all, offset),
            ReportKind::Utilisation => self.utilisation(names, most),
            ReportKind::Quality => self.quality(names, most),
        }
    }

    fn talkers(self, names: &impl Names, most: usize) -> Sheet {
        let who = match self.kind {
            ReportKind::TopTalkers(Talker::Device) => "device",
            ReportKind::TopTalkers(Talker::User) => "user",
            _ => "number",
        };
        let mut rows = used(self.tallies);
        rows.sort_by_key(|(word, tally)| (std::cmp::Reverse((tally.seconds, tally.calls)), *word));
        let row = |(word, tally): (u32, Tally)| {
            let costs = tally.costs.map_or(Cell::Empty, |costs| Cell::Text(costs.to_string()));
            vec![
                Cell::Text(names.text(word)),
                tally.calls.into(),
                tally.answered.into(),
                tally.seconds.into(),
                costs,
            ]
        };
        let columns = vec![who, "calls", "answered", "seconds", "cost"];
        Sheet { columns, rows: rows.into_iter().take(most).map(row).collect() }
    }

    fn utilisation(self, names: &impl Names, most: usize) -> Sheet {
        let (since, until) = self.asked;
        let period = match (since.or(self.counted.first), until.or(self.counted.last)) {
            (Some(first), Some(last)) => u64::try_from(last.saturating_sub(first)).unwrap_or(0).max(1),
            _ => 1,
        };
        let mut held = self.held;
        let mut rows = used(self.tallies);
        rows.sort_by_key(|(word, tally)| {
            (std::cmp::Reverse((names.is_trunk(*word), tally.held, tally.calls)), *word)
        });
        let row = |(word, tally): (u32, Tally)| {
            let erlang = u128::from(tally.held) * 100 / u128::from(period);
            let peak = held.remove(&word).map_or(Cell::Empty, |held| peak(held).into());
            vec![
                Cell::Text(names.text(word)),
                Cell::text(if names.is_trunk(word) { "trunk" } else { "endpoint" }),
                tally.calls.into(),
                tally.answered.into(),
                tally.held.into(),
                Cell::Hundredths(i64::try_from(erlang).unwrap_or(i64::MAX)),
                peak,
            ]
        };
        let columns = vec!["device", "kind", "calls", "answered", "held_seconds", "erlang", "peak_calls"];
        Sheet { columns, rows: rows.into_iter().take(most).map(row).collect() }
    }

    fn quality(self, names: &impl Names, most: usize) -> Sheet {
        let mut rows: Vec<(u32, Heard)> = (used(self.tallies).into_iter())
            .filter_map(|(word, tally)| Some((word, *tally.heard?)))
            .collect();
        // A device with one bad call is no worse than one with a hundred.
        rows.sort_by_key(|(word, heard)| (std::cmp::Reverse((heard.bad, heard.lost)), *word));
        let row = |(word, heard): (u32, Heard)| {
            let average = i64::try_from(heard.lost / heard.calls.max(1)).unwrap_or(i64::MAX);
            vec![
                Cell::Text(names.text(word)),
                heard.calls.into(),
                heard.bad.into(),
                Cell::percent(heard.bad, heard.calls),
                Cell::Hundredths(average),
                Cell::Hundredths(heard.lost_most),
                Cell::Whole(heard.jitter_most),
                Cell::Whole(heard.latency_most),
                heard.mos_least.map_or(Cell::Empty, Cell::Hundredths),
            ]
        };
        let columns = vec![
            "device",
            "calls",
            "bad_calls",
            "bad_percent",
            "lost_percent",
            "worst_lost_percent",
            "worst_jitter_ms",
            "worst_latency_ms",
            "worst_mos",
        ];
        Sheet { columns, rows: rows.into_iter().take(most).map(row).collect() }
    }
}

/// By the hour of the day: all calls, and the single hour that had most.
fn hours(groups: &BTreeMap<i64, Tally>, all: u64, offset: impl Fn(i64) -> i64) -> Sheet {
    // Where clocks are put back an hour comes twice: it is two.
    let mut single: BTreeMap<(i64, i64), Tally> = BTreeMap::new();
    for (quarter, tally) in groups {
        let at = quarter.saturating_mul(QUARTER);
        let ahead = offset(at);
        let hour = at.saturating_add(ahead).div_euclid(3600);
        single.entry((hour, ahead)).or_default().merge(tally.clone());
    }
    let mut of_day: [(Tally, u64); 24] = std::array::from_fn(|_| Default::default());
    for ((hour, _), tally) in single {
        let place = usize::try_from(hour.rem_euclid(24)).unwrap_or(0);
        if let Some((sum, most)) = of_day.get_mut(place) {
            *most = tally.calls.max(*most);
            sum.merge(tally);
        }
    }
    let row = |(hour, (sum, most)): (usize, &(Tally, u64))| {
        vec![
            Cell::Text(format!("{hour:02}:00")),
            sum.calls.into(),
            Cell::percent(sum.calls, all),
            sum.seconds.into(),
            (*most).into(),
        ]
    };
    let columns = vec!["hour", "calls", "percent", "seconds", "most_calls"];
    Sheet { columns, rows: of_day.iter().enumerate().map(row).collect() }
}

/// The tallies with something in them. Word 0 is no word.
fn used(tallies: Vec<Tally>) -> Vec<(u32, Tally)> {
    (0..).zip(tallies).skip(1).filter(|(_, tally)| tally.calls > 0).collect()
}

/// How many were held at once. One that ends in the second in which another begins makes room for it.
fn peak(held: Vec<(i64, i64)>) -> u64 {
    let mut steps: Vec<(i64, i8)> = held
        .into_iter()
        .filter(|(from, to)| from < to)
        .flat_map(|(from, to)| [(from, 1), (to, -1)])
        .collect();
    steps.sort_unstable();
    let (mut now, mut most) = (0_i64, 0);
    for (_, step) in steps {
        now += i64::from(step);
        most = now.max(most);
    }
    u64::try_from(most).unwrap_or(0)
}

impl Counted {
    fn take(&mut self, call: &Call<u32>, cost: Option<&Cost<'_>>) {
        self.calls += 1;
        self.answered += u64::from(call.is_answered());
        self.seconds = self.seconds.saturating_add(whole(call.seconds));
        self.first = Some(self.first.map_or(call.at, |first| first.min(call.at)));
        self.last = self.last.max(Some(call.at.saturating_add(call.held)));
        if let Some(cost) = cost {
            self.costs.add(cost);
        }
    }

    fn merge(&mut self, other: &Counted) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.seconds = self.seconds.saturating_add(other.seconds);
        self.first = match (self.first, other.first) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.last = self.last.max(other.last);
        self.costs.merge(&other.costs);
        self.without_rate.calls += other.without_rate.calls;
        self.without_rate.seconds = self.without_rate.seconds.saturating_add(other.without_rate.seconds);
    }
}

impl Tally {
    fn take(&mut self, call: &Call<u32>, cost: Option<&Cost<'_>>) {
        self.calls += 1;
        self.answered += u64::from(call.is_answered());
        self.seconds = self.seconds.saturating_add(whole(call.seconds));
        self.held = self.held.saturating_add(whole(call.held));
        if let Some(cost) = cost {
            self.costs.get_or_insert_default().add(cost);
        }
    }

    fn merge(&mut self, other: Tally) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.seconds = self.seconds.saturating_add(other.seconds);
        self.held = self.held.saturating_add(other.held);
        if let Some(costs) = other.costs {
            self.costs.get_or_insert_default().merge(&costs);
        }
        if let Some(heard) = other.heard {
            self.heard.get_or_insert_default().merge(&heard);
        }
    }
}

impl Heard {
    fn take(&mut self, quality: Quality) {
        let over = |value: Option<i64>, bound: i64| value.is_some_and(|value| value > bound);
        let is_bad = over(quality.lost, LOST_BAD)
            || over(quality.jitter, JITTER_BAD)
            || over(quality.latency, LATENCY_BAD)
            || quality.mos.is_some_and(|mos| mos < MOS_BAD);
        self.merge(&Heard {
            calls: 1,
            bad: u64::from(is_bad),
            lost: whole(quality.lost.unwrap_or(0)),
            lost_most: quality.lost.unwrap_or(0),
            jitter_most: quality.jitter.unwrap_or(0),
            latency_most: quality.latency.unwrap_or(0),
            mos_least: quality.mos,
        });
    }

    fn merge(&mut self, other: &Heard) {
        self.calls += other.calls;
        self.bad += other.bad;
        self.lost += other.lost;
        self.lost_most = self.lost_most.max(other.lost_most);
        self.jitter_most = self.jitter_most.max(other.jitter_most);
        self.latency_most = self.latency_most.max(other.latency_most);
        self.mos_least = match (self.mos_least, other.mos_least) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

fn whole(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Few;

    impl Names for Few {
        fn text(&self, word: u32) -> String {
            ["", "2001", "2002", "SEP1", "SEP2", "TRUNK", "+49301"]
                .get(word as usize)
                .unwrap_or(&"?")
                .to_string()
        }

        fn is_trunk(&self, word: u32) -> bool {
            word == 5
        }
    }

    fn calls() -> Vec<Call<u32>> {
        let base = Call { at: 1_777_896_000, calling: 1, orig_device: 3, ..Call::default() };
        let worse = Quality { lost: Some(387), jitter: Some(7), latency: None, mos: Some(370) };
        vec![
            Call { wait: Some(5), held: 65, seconds: 60, reached: 2, dest_device: 4, cause: 16, ..base },
            Call { held: 20, reached: 2, dest_device: 4, cause: 17, ..base },
            Call {
                at: base.at + 10,
                wait: Some(0),
                held: 50,
                seconds: 50,
                reached: 6,
                dest_device: 5,
                cause: 16,
                dest_quality: worse,
                ..base
            },
            Call {
                at: base.at + 60,
                wait: Some(1),
                held: 4000,
                seconds: 3999,
                calling: 2,
                reached: 6,
                orig_device: 4,
                dest_device: 5,
                cause: 16,
                ..base
            },
        ]
    }

    /// Taken by one, and by two of which one takes what the other did.
    fn check(kind: ReportKind, expect: &str) {
        let calls = calls();
        for split in 0..=calls.len() {
            let (first, second) = calls.split_at(split);
            let (mut one, mut other) = (Report::new(kind), Report::new(kind));
            first.iter().for_each(|call| one.take(call, None, &Few));
            second.iter().for_each(|call| other.take(call, None, &Few));
            one.merge(other);
            assert_eq!((one.counted().calls, one.counted().answered, one.counted().seconds), (4, 3, 4109));
            let sheet = one.sheet(&Few, 10, |_| 7200);
            let line = |row: &Vec<Cell>| row.iter().map(Cell::to_string).collect::<Vec<_>>().join("|");
            let text: Vec<String> =
                sheet.rows.iter().map(line).filter(|line| !line.contains("|0|0.00")).collect();
            assert_eq!(format!("{}\n{}", sheet.columns.join("|"), text.join("\n")), expect, "{split}");
        }
    }

    #[test]
    fn calls_are_added_up() {
        check(
            ReportKind::TopTalkers(Talker::Calling),
            "number|calls|answered|seconds|cost\n2002|1|1|3999|\n2001|3|2|110|",
        );
        check(
            ReportKind::Causes,
            "cause|meaning|calls|percent\n16|normal call clearing|3|75.00\n17|user busy|1|25.00",
        );
        check(
            ReportKind::Durations,
            "duration|calls|percent\nnot answered|1|25.00\n30 to 60 s|1|25.00\n1 to 2 min|1|25.00\n1 h and more|1|25.00",
        );
        check(ReportKind::BusyHours, "hour|calls|percent|seconds|most_calls\n14:00|4|100.00|4109|4");
        check(
            ReportKind::Utilisation,
            "device|kind|calls|answered|held_seconds|erlang|peak_calls\nTRUNK|trunk|2|2|4050|0.99|1\nSEP2|endpoint|3|2|4085|1.00|\nSEP1|endpoint|3|2|135|0.03|",
        );
        check(
            ReportKind::Quality,
            "device|calls|bad_calls|bad_percent|lost_percent|worst_lost_percent|worst_jitter_ms|worst_latency_ms|worst_mos\nTRUNK|1|1|100.00|3.87|3.87|7|0|3.70",
        );
    }

    #[test]
    fn traffic_is_that_of_the_time_that_was_asked_for() {
        let erlang = |since, until| {
            let mut report = Report::new(ReportKind::Utilisation).between(since, until);
            calls().iter().for_each(|call| report.take(call, None, &Few));
            report.sheet(&Few, 1, |_| 0).rows[0][5].to_string()
        };
        // 4,050 s of calls, from the first call to the end of the last: 4,060 s; then a day, and what there is of one.
        let begin = 1_777_896_000;
        assert_eq!(erlang(None, None), "0.99");
        assert_eq!(erlang(Some(begin - 1000), Some(begin + 85_400)), "0.04");
        assert_eq!(erlang(Some(begin - 4040), None), "0.50");
    }

    #[test]
    fn hours_are_those_of_the_clock_on_the_wall() {
        // 2026-05-04 10:45 and 11:15 UTC.
        let calls = [1_777_891_500, 1_777_893_300].map(|at| Call { at, ..Call::default() });
        let hours = |offset: i64| -> Vec<String> {
            let mut report = Report::new(ReportKind::BusyHours);
            calls.iter().for_each(|call| report.take(call, None, &Few));
            let rows = report.sheet(&Few, 0, |_| offset).rows;
            let used = rows.iter().filter(|row| row[1] != Cell::Whole(0));
            used.map(|row| format!("{} {} {}", row[0], row[1], row[4])).collect()
        };
        assert_eq!(hours(0), ["10:00 1 1", "11:00 1 1"]);
        // India, and Nepal.
        assert_eq!(hours(19_800), ["16:00 2 2"]);
        assert_eq!(hours(20_700), ["16:00 1 1", "17:00 1 1"]);
    }

    #[test]
    fn a_peak_is_what_is_held_at_once() {
        assert_eq!(peak(vec![(0, 10), (10, 20), (5, 15), (5, 5)]), 2);
        assert_eq!(peak(vec![]), 0);
    }

    #[test]
    fn costs_are_summed_for_who_talked_and_for_all() {
        let mut report = Report::new(ReportKind::TopTalkers(Talker::Calling));
        let cost = Cost { amount: "0.25".parse().unwrap(), currency: "EUR", rate: "x" };
        calls().iter().for_each(|call| report.take(call, Some(&cost), &Few));
        assert_eq!(report.counted().costs.to_string(), "1.00 EUR");
        let rows = report.sheet(&Few, 1, |_| 0).rows;
        assert_eq!(
            rows,
            [vec![
                Cell::text("2002"),
                Cell::Whole(1),
                Cell::Whole(1),
                Cell::Whole(3999),
                Cell::text("0.25 EUR")
            ]]
        );
    }
}
