//! What calls cost: a table of rates, of which the longest prefix of the number that was reached counts.
//!
//! The table is a file of comma-separated values. Its first line names the columns, in any order; `prefix`, `currency` and one of `per_minute` and `per_call`
//! must be there.
//!
//! | Column | Meaning | Default |
//! |---|---|---|
//! | `prefix` | digits, `+`, `*`, `#` with which the number begins; empty for all others | |
//! | `name` | what it is called in reports | the prefix |
//! | `days` | `mon-fri`, `sat sun`, `all`: the days on which it counts, by the time of the answer | `all` |
//! | `from`, `to` | `08:00`: the time of day, from one up to but without the other; over midnight if `to` is earlier, and what is after midnight belongs to the day before | the whole day |
//! | `calls` | `out`: to a trunk or gateway; `in`: from one to a number inside; `inside`: between numbers inside; `all` | `out` |
//! | `currency` | three capital letters | |
//! | `per_call` | what each answered call costs | 0 |
//! | `per_minute` | what a minute costs | 0 |
//! | `increment` | seconds that are charged together: a begun one counts | 1 |
//! | `minimum` | seconds that are charged at least | 0 |
//!
//! Of several rows with the same prefix the first counts whose day and time fit. Numbers on either side are compared without spaces and hyphens.

use std::collections::BTreeMap;
use std::ops::Range;

use super::money::{Amount, AmountError};
use csv_core::{ReadRecordResult, Reader as Fields};

/// A table of rates.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Rates {
    /// By the prefix, the rows in their order.
    groups: BTreeMap<Box<str>, Group>,
    longest: usize,
    rates: Vec<Rate>,
    currencies: Vec<Box<str>>,
}

/// The rows of one prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Group(u32);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Rate {
    group: Group,
    name: Box<str>,
    /// A bit for each day of the week, Sunday first.
    days: u8,
    /// Minutes of the day.
    hours: Range<u16>,
    /// Of which calls; `None` for all.
    calls: Option<Direction>,
    currency: usize,
    per_call: Amount,
    per_minute: Amount,
    increment: i64,
    minimum: i64,
}

/// Where a call went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To a trunk or gateway.
    Out,
    /// From a trunk or gateway to a number inside.
    In,
    /// Between numbers inside.
    Inside,
}

impl Direction {
    /// Of a call whose devices are trunks or not.
    pub const fn of(is_from_trunk: bool, is_to_trunk: bool) -> Self {
        match (is_from_trunk, is_to_trunk) {
            (_, true) => Direction::Out,
            (true, false) => Direction::In,
            (false, false) => Direction::Inside,
        }
    }
}

/// What a call cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost<'a> {
    /// How much.
    pub amount: Amount,
    /// Of which money.
    pub currency: &'a str,
    /// What the rate is called.
    pub rate: &'a str,
}

/// Sums, for each currency.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Costs(BTreeMap<Box<str>, Amount>);

/// A time of the week where the rates are from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalTime {
    /// 0 is Sunday.
    weekday: u8,
    /// Minutes since midnight.
    minute: u16,
}

/// What is wrong in a table.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RatesError {
    /// A column that is needed is not there.
    #[error("line 1: the column {0} is missing")]
    Missing(&'static str),
    /// A column that is not known.
    #[error("line 1: the column {0:?} is not known; there are {known}", known = COLUMNS.join(", "))]
    Unknown(Box<str>),
    /// A value that cannot be read.
    #[error("line {line}, column {column}: {value:?}: {why}")]
    Value {
        /// Which line, from 1.
        line: usize,
        /// Which column.
        column: &'static str,
        /// What stands there.
        value: Box<str>,
        /// What is expected.
        why: Box<str>,
    },
    /// A line with another number of fields than the first.
    #[error("line {line}: {fields} fields where there are {columns} columns")]
    Length {
        /// Which line.
        line: usize,
        /// How many it has.
        fields: usize,
        /// How many there are.
        columns: usize,
    },
    /// More than a table may have.
    #[error("more than {ROWS_MAX} rows, or a line of more than {LINE_BYTES} bytes")]
    TooLarge,
    /// The bytes are no UTF-8.
    #[error("line {0}: the text is no UTF-8")]
    NoText(usize),
}

const COLUMNS: [&str; 11] = [
    "prefix",
    "name",
    "days",
    "from",
    "to",
    "calls",
    "currency",
    "per_call",
    "per_minute",
    "increment",
    "minimum",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const ROWS_MAX: usize = 200_000;
const LINE_BYTES: usize = 4096;
const PREFIX_MAX: usize = 32;

impl LocalTime {
    /// Of seconds since 1970 as a clock on the wall there counts them.
    pub const fn of(seconds: i64) -> LocalTime {
        let days = seconds.div_euclid(86_400);
        LocalTime {
            weekday: (days + 4).rem_euclid(7) as u8,
            minute: (seconds.rem_euclid(86_400) / 60) as u16,
        }
    }
}

impl Rates {
    /// Reads a table.
    ///
    /// # Errors
    /// The first thing that is wrong, with line and column.
    pub fn read(bytes: &[u8]) -> Result<Rates, RatesError> {
        let mut lines = Lines::new(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let header = lines.next().transpose()?.map(|(_, fields)| fields).unwrap_or_default();
        let mut places = Vec::new();
        for name in &header {
            let known = COLUMNS.iter().find(|known| known.eq_ignore_ascii_case(name.trim()));
            places.push(*known.ok_or_else(|| RatesError::Unknown(name.as_str().into()))?);
        }
        for needed in ["prefix", "currency"] {
            if !places.contains(&needed) {
                return Err(RatesError::Missing(needed));
            }
        }
        if !places.contains(&"per_minute") && !places.contains(&"per_call") {
            return Err(RatesError::Missing("per_minute"));
        }
        let mut rates = Rates::default();
        for line in lines {
            let (line, fields) = line?;
            if fields.len() != places.len() {
                return Err(RatesError::Length { line, fields: fields.len(), columns: places.len() });
            }
            let row = Row { line, places: &places, fields: &fields };
            rates.take(&row)?;
            if rates.rates.len() > ROWS_MAX {
                return Err(RatesError::TooLarge);
            }
        }
        // Those of a prefix stand together, in their order.
        rates.rates.sort_by_key(|rate| rate.group.0);
        Ok(rates)
    }

    fn take(&mut self, row: &Row<'_>) -> Result<(), RatesError> {
        let prefix = plain(row.field("prefix"));
        if prefix.len() > PREFIX_MAX
            || !prefix.bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte))
        {
            return Err(row.wrong("prefix", "up to 32 digits, +, * and # are expected"));
        }
        let currency = row.field("currency");
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(row.wrong("currency", "three capital letters are expected, such as EUR"));
        }
        let place = self.currencies.iter().position(|known| **known == *currency).unwrap_or_else(|| {
            self.currencies.push(currency.into());
            self.currencies.len() - 1
        });
        let next = Group(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
        let group = *self.groups.entry(prefix.as_str().into()).or_insert(next);
        self.longest = self.longest.max(prefix.len());
        let name = row.field("name");
        let from = row.hour("from", 0)?;
        let to = row.hour("to", 24 * 60)?;
        self.rates.push(Rate {
            group,
            name: if name.is_empty() { prefix.as_str().into() } else { name.into() },
            days: row.days()?,
            hours: from..to,
            calls: row.calls()?,
            currency: place,
            per_call: row.amount("per_call")?,
            per_minute: row.amount("per_minute")?,
            increment: row.seconds("increment", 1)?.max(1),
            minimum: row.seconds("minimum", 0)?,
        });
        Ok(())
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// The rows for a number, if there are some: those of its longest prefix.
    pub fn group(&self, number: &str) -> Option<Group> {
        let number = plain(number);
        let most = self.longest.min(number.len());
        (0..=most).rev().find_map(|length| self.groups.get(number.get(..length)?).copied())
    }

    /// What a call cost that was answered at this time and lasted so long. `None` when no row is for then, or for calls that go there.
    pub fn cost(
        &self,
        group: Group,
        direction: Direction,
        answered: LocalTime,
        seconds: i64,
    ) -> Option<Cost<'_>> {
        let is_for = |rate: &&Rate| rate.calls.is_none_or(|calls| calls == direction) && rate.fits(answered);
        let rate = self.of_group(group).find(is_for)?;
        let charged = seconds.max(rate.minimum).max(0);
        let charged = charged.saturating_add(rate.increment - 1) / rate.increment * rate.increment;
        let amount = rate.per_call.plus(rate.per_minute.for_seconds(charged));
        Some(Cost { amount, currency: self.currencies.get(rate.currency)?, rate: &rate.name })
    }

    fn of_group(&self, group: Group) -> impl Iterator<Item = &Rate> {
        let first = self.rates.partition_point(|rate| rate.group.0 < group.0);
        self.rates.iter().skip(first).take_while(move |rate| rate.group == group)
    }
}

impl Rate {
    fn fits(&self, at: LocalTime) -> bool {
        let is_on = |weekday: u8| self.days >> weekday & 1 == 1;
        if self.hours.start < self.hours.end {
            return is_on(at.weekday) && self.hours.contains(&at.minute);
        }
        // A night belongs to the day on which it begins.
        let (evening, morning) = (at.minute >= self.hours.start, at.minute < self.hours.end);
        evening && is_on(at.weekday) || morning && is_on((at.weekday + 6) % 7)
    }
}

impl Costs {
    /// Adds one.
    pub fn add(&mut self, cost: &Cost<'_>) {
        match self.0.get_mut(cost.currency) {
            Some(sum) => *sum = sum.plus(cost.amount),
            None => _ = self.0.insert(cost.currency.into(), cost.amount),
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Costs) {
        for (currency, amount) in &other.0 {
            let sum = self.0.entry(currency.clone()).or_default();
            *sum = sum.plus(*amount);
        }
    }

    /// The sums by their currencies.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Amount)> {
        self.0.iter().map(|(currency, amount)| (&**currency, *amount))
    }
}

impl std::fmt::Display for Costs {
    /// `12.50 EUR + 3.00 USD`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (currency, amount)) in self.iter().enumerate() {
            let plus = if place > 0 { " + " } else { "" };
            write!(f, "{plus}{amount} {currency}")?;
        }
        Ok(())
    }
}

fn plain(number: &str) -> String {
    number.chars().filter(|character| !matches!(character, ' ' | '-' | '\\')).collect()
}

/// A line of a table by the names of its columns.
struct Row<'a> {
    line: usize,
    places: &'a [&'static str],
    fields: &'a [String],
}

impl Row<'_> {
    fn field(&self, column: &str) -> &str {
        let place = self.places.iter().position(|known| *known == column);
        place.and_then(|place| self.fields.get(place)).map_or("", |field| field.trim())
    }

    fn wrong(&self, column: &'static str, why: impl Into<Box<str>>) -> RatesError {
        let value = self.field(column).chars().take(80).collect();
        RatesError::Value { line: self.line, column, value, why: why.into() }
    }

    fn amount(&self, column: &'static str) -> Result<Amount, RatesError> {
        match self.field(column) {
            "" => Ok(Amount::default()),
            text => text.parse().map_err(|why: AmountError| self.wrong(column, why.to_string())),
        }
    }

    fn seconds(&self, column: &'static str, without: i64) -> Result<i64, RatesError> {
        match self.field(column) {
            "" => Ok(without),
            text => (text.parse::<u16>().ok().map(i64::from))
                .ok_or_else(|| self.wrong(column, "whole seconds are expected, up to 65535")),
        }
    }

    fn hour(&self, column: &'static str, without: u16) -> Result<u16, RatesError> {
        let text = self.field(column);
        if text.is_empty() {
            return Ok(without);
        }
        let read = text.split_once(':').and_then(|(hour, minute)| {
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            let time = hour.checked_mul(60)?.checked_add(minute)?;
            (minute < 60 && time <= 24 * 60).then_some(time)
        });
        read.ok_or_else(|| self.wrong(column, "a time of day is expected, such as 08:00"))
    }

    fn calls(&self) -> Result<Option<Direction>, RatesError> {
        match &*self.field("calls").to_ascii_lowercase() {
            "" | "out" => Ok(Some(Direction::Out)),
            "in" => Ok(Some(Direction::In)),
            "inside" => Ok(Some(Direction::Inside)),
            "all" => Ok(None),
            _ => Err(self.wrong("calls", "out, in, inside or all is expected")),
        }
    }

    fn days(&self) -> Result<u8, RatesError> {
        let text = self.field("days").to_ascii_lowercase();
        if text.is_empty() || text == "all" {
            return Ok(0x7f);
        }
        let day = |text: &str| DAYS.iter().position(|known| *known == text.trim());
        let mut days = 0;
        for part in text.split([' ', ';']).filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Some(first), Some(last)) = (day(first), day(last)) else {
                return Err(self.wrong("days", "days are expected as mon-fri, sat sun or all"));
            };
            let count = (last + 7 - first) % 7;
            days |= (0..=count).fold(0, |days, step| days | 1 << ((first + step) % 7));
        }
        Ok(days)
    }
}

/// The lines of a table with their numbers.
struct Lines<'a> {
    rest: &'a [u8],
    fields: Fields,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Lines { rest, fields: Fields::new(), line: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<(usize, Vec<String>), RatesError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut text, mut ends) = ([0; LINE_BYTES], [0; 64]);
        while !self.rest.is_empty() {
            self.line += 1;
            let (mut written, mut count) = (0, 0);
            loop {
                let room = text.get_mut(written..)?;
                let (result, read, wrote, ended) =
                    self.fields.read_record(self.rest, room, ends.get_mut(count..)?);
                self.rest = self.rest.get(read..).unwrap_or_default();
                (written, count) = (written + wrote, count + ended);
                match result {
                    ReadRecordResult::Record | ReadRecordResult::End => break,
                    ReadRecordResult::InputEmpty => {}
                    ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                        self.rest = &[];
                        return Some(Err(RatesError::TooLarge));
                    }
                }
            }
            if count > 1 || written > 0 {
                let mut begin = 0;
                let mut fields = Vec::with_capacity(count);
                for end in ends.get(..count)? {
                    let Ok(field) = str::from_utf8(text.get(begin..*end)?) else {
                        return Some(Err(RatesError::NoText(self.line)));
                    };
                    fields.push(field.to_owned());
                    begin = *end;
                }
                return Some(Ok((self.line, fields)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
prefix,name,days,from,to,currency,per_call,per_minute,increment,minimum
+49,Germany,mon-fri,08:00,18:00,EUR,0.05,0.02,60,0
+49,Germany at night,all,,,EUR,0.05,0.01,60,0
+49 171,Mobile,,,,EUR,,0.12,1,30
1,\"North America, all\",sat sun,22:00,06:00,USD,,0.6,6,
,Others,,,,EUR,1,,,
";

    /// 2026-05-04 is a Monday.
    const MONDAY: i64 = 1_777_852_800;

    #[test]
    fn the_longest_prefix_counts_and_the_first_row_of_then() {
        let rates = Rates::read(TABLE.as_bytes()).unwrap();
        let check = |number: &str, hour: i64, seconds: i64, expect: &str| {
            let cost = rates.group(number).and_then(|group| {
                let cost = rates.cost(group, Direction::Out, LocalTime::of(MONDAY + hour * 3600), seconds)?;
                Some(format!("{} {} {}", cost.amount, cost.currency, cost.rate))
            });
            assert_eq!(cost.unwrap_or_default(), expect, "{number} at {hour} for {seconds}");
        };
        check("+49301234", 9, 61, "0.09 EUR Germany");
        check("+49 30-1234", 7, 61, "0.07 EUR Germany at night");
        check("+49301234", 18, 60, "0.06 EUR Germany at night");
        check("+4930", 5 * 24 + 9, 0, "0.05 EUR Germany at night");
        check("+491711", 9, 5, "0.06 EUR Mobile");
        check("+491711", 9, 31, "0.062 EUR Mobile");
        // Saturday at 23, Sunday at 5, and Monday at 5, which is the night of Sunday; Saturday at 5 is that of Friday, and then nothing is known.
        check("14085550120", 5 * 24 + 23, 7, "0.12 USD North America, all");
        check("14085550120", 6 * 24 + 5, 1, "0.06 USD North America, all");
        check("14085550120", 5, 1, "0.06 USD North America, all");
        check("14085550120", 5 * 24 + 5, 1, "");
        check("2001", 9, 10, "1.00 EUR Others");
        check("", 9, 10, "1.00 EUR Others");
    }

    #[test]
    fn rows_are_for_calls_that_go_there() {
        let table = "prefix,calls,currency,per_call\n1,,EUR,1\n1,in,EUR,2\n1,Inside,EUR,3\n2,all,EUR,4\n";
        let rates = Rates::read(table.as_bytes()).unwrap();
        let cost = |number: &str, direction| {
            let group = rates.group(number).unwrap();
            rates.cost(group, direction, LocalTime::of(MONDAY), 1).map(|cost| cost.amount.to_string())
        };
        let of = Direction::of;
        let all = [of(false, true), of(true, true), of(true, false), of(false, false)];
        assert_eq!(all.map(|way| cost("1001", way).unwrap()), ["1.00", "1.00", "2.00", "3.00"]);
        assert_eq!(all.map(|way| cost("2001", way).unwrap()), ["4.00"; 4]);
        let error = Rates::read(b"prefix,calls,currency,per_call\n1,home,EUR,1\n").unwrap_err().to_string();
        assert!(error.contains("line 2, column calls: \"home\": out, in, inside or all"), "{error}");
    }

    #[test]
    fn what_is_wrong_in_a_table_is_told_with_line_and_column() {
        let check = |table: &str, expect: &str| {
            let error = Rates::read(table.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("", "line 1: the column prefix is missing");
        check("prefix,per_minute\n", "the column currency is missing");
        check("prefix,currency\n", "the column per_minute is missing");
        check("prefix,currency,per_minute,colour\n", "the column \"colour\" is not known");
        let head = "prefix,currency,per_minute,days,from,increment\n";
        let row = |row: &str| format!("{head}1,EUR,1,,,\n\n{row}\n");
        check(&row("1,EUR,1,25"), "line 3: 4 fields where there are 6 columns");
        check(&row("x,EUR,1,,,"), "line 3, column prefix: \"x\"");
        check(&row("1,eur,1,,,"), "column currency: \"eur\": three capital letters");
        check(&row("1,EUR,1.1234567,,,"), "column per_minute");
        check(&row("1,EUR,1,monday,,"), "column days");
        check(&row("1,EUR,1,,8,"), "column from");
        check(&row("1,EUR,1,,24:01,"), "column from");
        check(&row("1,EUR,1,,,-1"), "column increment");
        assert!(matches!(Rates::read(b"prefix,currency,per_call\n1,EUR,\xff\n"), Err(RatesError::NoText(2))));
        let long = format!("{head}{}\n", "1".repeat(5000));
        assert_eq!(Rates::read(long.as_bytes()), Err(RatesError::TooLarge));
    }

    #[test]
    fn sums_keep_currencies_apart() {
        let mut costs = Costs::default();
        assert_eq!(costs.to_string(), "");
        for (amount, currency) in [("0.1", "USD"), ("0.2", "USD"), ("3", "EUR")] {
            costs.add(&Cost { amount: amount.parse().unwrap(), currency, rate: "" });
        }
        let mut all = costs.clone();
        all.merge(&costs);
        assert_eq!(
            (costs.to_string().as_str(), all.to_string().as_str()),
            ("3.00 EUR + 0.30 USD", "6.00 EUR + 0.60 USD")
        );
    }
}
