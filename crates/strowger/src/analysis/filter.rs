//! Which calls are meant, as people and programs say it, and as the database is asked.

use rusqlite::{Connection, OptionalExtension as _};
use strowger_cdr::analysis::moment;

use super::database::{SECOND_SHIFT, SECONDS_END};

/// Which calls are meant: those for which everything holds that is said.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Filter {
    /// A number that called, was called or was reached. `*` stands for any characters, `?` for one.
    pub(crate) number: Option<String>,
    /// The number that called.
    pub(crate) from: Option<String>,
    /// The number that was called or reached.
    pub(crate) to: Option<String>,
    /// A device on either side: a phone, trunk or gateway.
    pub(crate) device: Option<String>,
    /// A user on either side.
    pub(crate) user: Option<String>,
    /// Seconds since 1970 from which on calls began.
    pub(crate) since: Option<i64>,
    /// Seconds since 1970 before which they began.
    pub(crate) until: Option<i64>,
    /// Why they ended.
    pub(crate) cause: Option<i64>,
    /// Whether somebody answered.
    pub(crate) answered: Option<bool>,
    /// Seconds of talk, at least.
    pub(crate) min_seconds: Option<i64>,
    /// Seconds of talk, at most.
    pub(crate) max_seconds: Option<i64>,
    /// More was lost than that, in hundredths of a percent.
    pub(crate) lost_over: Option<i64>,
    /// There was more jitter, in milliseconds.
    pub(crate) jitter_over: Option<i64>,
    /// There was more latency, in milliseconds.
    pub(crate) latency_over: Option<i64>,
    /// The opinion score was less, in hundredths.
    pub(crate) mos_under: Option<i64>,
}

/// What cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilterError {
    /// A pattern fits too many words.
    #[error("{0:?} fits more than {WORDS_MAX} numbers, devices and users; say more of it")]
    TooMany(String),
    /// A text that is no moment.
    #[error("{0:?} is no moment; expected one in UTC as 2026-05-04, 2026-05-04T12:03 or 2026-05-04T12:03:30")]
    NoMoment(String),
    /// A text that is no number with decimals.
    #[error("{0:?} is no {1}")]
    NoShare(String, &'static str),
    /// The database fails.
    #[error("the database of call records cannot be read: {0}")]
    Database(#[from] rusqlite::Error),
}

impl Filter {
    /// The condition in SQL. There is no text of anybody in it, only numbers. `before` is the key of a row; those before it are meant.
    pub(super) fn sql(&self, connection: &Connection, before: Option<i64>) -> Result<String, FilterError> {
        let (first, end) = self.keys(before);
        let mut all = vec![format!("id >= {first} and id < {end}")];
        let words = [
            (&self.number, &["calling", "called", "reached"][..]),
            (&self.from, &["calling"][..]),
            (&self.to, &["called", "reached"][..]),
            (&self.device, &["orig_device", "dest_device"][..]),
            (&self.user, &["orig_user", "dest_user"][..]),
        ];
        for (wanted, columns) in words {
            let Some(wanted) = wanted else { continue };
            let found = words_like(connection, wanted)?;
            let condition = match &*found {
                // Nobody was ever called so: no row has to be looked at.
                [] => return Ok("0".to_owned()),
                [one] => each(columns, |column| format!("{column} = {one}")),
                more => {
                    let list: Vec<String> = more.iter().map(u32::to_string).collect();
                    let list = list.join(", ");
                    each(columns, |column| format!("{column} in ({list})"))
                }
            };
            all.push(format!("({condition})"));
        }
        let mut bound = |column: &str, sign: &str, value: Option<i64>| {
            if let Some(value) = value {
                all.push(format!("{column} {sign} {value}"));
            }
        };
        bound("cause", "=", self.cause);
        bound("seconds", ">=", self.min_seconds);
        bound("seconds", "<=", self.max_seconds);
        bound("lost", ">", self.lost_over);
        bound("jitter", ">", self.jitter_over);
        bound("latency", ">", self.latency_over);
        bound("mos", "<", self.mos_under);
        match self.answered {
            Some(true) => all.push("wait is not null".to_owned()),
            Some(false) => all.push("wait is null".to_owned()),
            None => {}
        }
        Ok(all.join(" and "))
    }

    /// Keys of rows that can be meant: the first, and that after the last.
    pub(super) fn keys(&self, before: Option<i64>) -> (i64, i64) {
        let key = |second: i64| second.clamp(0, SECONDS_END) << SECOND_SHIFT;
        let end = key(self.until.unwrap_or(SECONDS_END));
        (key(self.since.unwrap_or(0)), before.map_or(end, |before| before.min(end)))
    }
}

/// A moment, as seconds since 1970.
pub(crate) fn moment(text: &str) -> Result<i64, FilterError> {
    moment::read(text).ok_or_else(|| FilterError::NoMoment(text.to_owned()))
}

/// A number with at most two decimals in hundredths: `1.5%` and `1.5` are 150.
pub(crate) fn hundredths(text: &str, what: &'static str) -> Result<i64, FilterError> {
    let wrong = || FilterError::NoShare(text.to_owned(), what);
    let plain = text.trim_end_matches('%').trim();
    let (whole, rest) = plain.split_once('.').unwrap_or((plain, "0"));
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole, 4) || !digits(rest, 2) {
        return Err(wrong());
    }
    let part = |text: &str| text.parse::<i64>().map_err(|_| wrong());
    Ok(part(whole)? * 100 + part(&format!("{rest:0<2}"))?)
}

fn each(columns: &[&str], condition: impl Fn(&str) -> String) -> String {
    columns.iter().map(|column| condition(column)).collect::<Vec<_>>().join(" or ")
}

/// The words that are so, or that fit a pattern.
fn words_like(connection: &Connection, wanted: &str) -> Result<Vec<u32>, FilterError> {
    if wanted.is_empty() {
        return Ok(vec![0]);
    }
    if !wanted.contains(['*', '?']) {
        let one = connection
            .prepare_cached("select id from word where text = ?")?
            .query_row([wanted], |row| row.get(0))
            .optional()?;
        return Ok(one.into_iter().collect());
    }
    // Of the signs that patterns of SQLite have, only these two are meant.
    let pattern = wanted.replace('[', "[[]");
    let mut statement = connection.prepare_cached("select id from word where text glob ? limit ?")?;
    let found: Vec<u32> =
        statement.query_map((pattern, WORDS_MAX as i64 + 1), |row| row.get(0))?.collect::<Result<_, _>>()?;
    if found.len() > WORDS_MAX {
        return Err(FilterError::TooMany(wanted.to_owned()));
    }
    Ok(found)
}

const WORDS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read() {
        let check =
            |text: &str, expect: Option<i64>| assert_eq!(hundredths(text, "share").ok(), expect, "{text}");
        check("1%", Some(100));
        check("0.5", Some(50));
        check("3.87 %", Some(387));
        for wrong in ["", "%", "-1", "1.234", ".5", "5.", "1e2", "99999"] {
            check(wrong, None);
        }
    }
}
