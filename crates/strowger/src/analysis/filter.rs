//! Which calls are meant, as people and programs say it, and as the database is asked.

use std::sync::Arc;

use rusqlite::functions::FunctionFlags;
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
    /// A user on either side: who was logged in there, or whose device it is.
    pub(crate) user: Option<String>,
    /// Users and devices that are theirs, for the one before.
    pub(crate) owners: Vec<(String, String)>,
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
    /// The condition in SQL. `before` is the key of a row; those before it are meant.
    pub(super) fn condition(
        &self,
        connection: &Connection,
        before: Option<i64>,
    ) -> Result<Condition, FilterError> {
        let mut sets: Vec<Arc<WordSet>> = Vec::new();
        let (first, end) = self.keys(before);
        let mut all = vec![format!("id >= {first} and id < {end}")];
        let words = [
            (&self.number, &["calling", "called", "reached"][..]),
            (&self.from, &["calling"][..]),
            (&self.to, &["called", "reached"][..]),
            (&self.device, &["orig_device", "dest_device"][..]),
        ];
        let mut among = |found: &[u32], columns: &[&str]| match found {
            [] => None,
            [one] => Some(each(columns, |column| format!("{column} = {one}"))),
            many if many.len() > LIST_MAX => {
                let number = sets.len();
                sets.push(Arc::new(WordSet::new(many)));
                Some(each(columns, |column| format!("is_word_of_{number}({column})")))
            }
            more => {
                let list: Vec<String> = more.iter().map(u32::to_string).collect();
                let list = list.join(", ");
                Some(each(columns, |column| format!("{column} in ({list})")))
            }
        };
        let nothing = || Ok(Condition { sql: "0".to_owned(), sets: Vec::new() });
        for (wanted, columns) in words {
            let Some(wanted) = wanted else { continue };
            // Nobody was ever called so: no row has to be looked at.
            let Some(condition) = among(&words_like(connection, wanted)?, columns) else { return nothing() };
            all.push(format!("({condition})"));
        }
        if let Some(wanted) = &self.user {
            let users = among(&words_like(connection, wanted)?, &["orig_user", "dest_user"]);
            let devices = among(&self.devices_of(connection, wanted)?, &["orig_device", "dest_device"]);
            let either: Vec<String> = [users, devices].into_iter().flatten().collect();
            if either.is_empty() {
                return nothing();
            }
            all.push(format!("({})", either.join(" or ")));
        }
        let mut bound = |column: &str, sign: &str, value: Option<i64>| {
            if let Some(value) = value {
                all.push(format!("{column} {sign} {value}"));
            }
        };
        bound("cause", "=", self.cause);
        bound("seconds", ">=", self.min_seconds);
        bound("seconds", "<=", self.max_seconds);
        let mut of_either = |column: &str, sign: &str, value: Option<i64>| {
            if let Some(value) = value {
                all.push(format!("(orig_{column} {sign} {value} or dest_{column} {sign} {value})"));
            }
        };
        of_either("lost", ">", self.lost_over);
        of_either("jitter", ">", self.jitter_over);
        of_either("latency", ">", self.latency_over);
        of_either("mos", "<", self.mos_under);
        match self.answered {
            Some(true) => all.push("wait is not null".to_owned()),
            Some(false) => all.push("wait is null".to_owned()),
            None => {}
        }
        Ok(Condition { sql: all.join(" and "), sets })
    }

    /// The devices of a user, or of all who fit a pattern, as far as there are calls of them.
    fn devices_of(&self, connection: &Connection, wanted: &str) -> rusqlite::Result<Vec<u32>> {
        let mut fits = connection.prepare_cached("select ?1 glob ?2")?;
        let mut word = connection.prepare_cached("select id from word where text = ?")?;
        let (pattern, is_pattern) = (glob(wanted), is_pattern(wanted));
        let mut devices = Vec::new();
        for (user, device) in &self.owners {
            let is_meant = match is_pattern {
                true => fits.query_row((user, &pattern), |row| row.get(0))?,
                false => user == wanted,
            };
            if is_meant {
                devices.extend(word.query_row([device], |row| row.get::<_, u32>(0)).optional()?);
            }
        }
        Ok(devices)
    }

    /// Keys of rows that can be meant: the first, and that after the last.
    pub(super) fn keys(&self, before: Option<i64>) -> (i64, i64) {
        let key = |second: i64| second.clamp(0, SECONDS_END) << SECOND_SHIFT;
        let end = key(self.until.unwrap_or(SECONDS_END));
        (key(self.since.unwrap_or(0)), before.map_or(end, |before| before.min(end)))
    }
}

/// A condition in SQL. There is no text of anybody in it, only numbers.
pub(super) struct Condition {
    sql: String,
    /// Words of patterns that fit many: a function of SQL asks for each.
    sets: Vec<Arc<WordSet>>,
}

impl Condition {
    /// The text for statements of a connection.
    pub(super) fn on(&self, connection: &Connection) -> rusqlite::Result<&str> {
        for (number, set) in self.sets.iter().enumerate() {
            let set = Arc::clone(set);
            connection.create_scalar_function(
                &*format!("is_word_of_{number}"),
                1,
                FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
                move |context| Ok(set.has(context.get(0)?)),
            )?;
        }
        Ok(&self.sql)
    }
}

/// Some of the words, a bit for each that there is.
struct WordSet(Vec<u64>);

impl WordSet {
    fn new(words: &[u32]) -> Self {
        let most = words.iter().copied().max().unwrap_or(0);
        let mut bits = vec![0; most as usize / 64 + 1];
        for word in words {
            if let Some(bits) = bits.get_mut(*word as usize / 64) {
                *bits |= 1 << (word % 64);
            }
        }
        WordSet(bits)
    }

    fn has(&self, word: u32) -> bool {
        self.0.get(word as usize / 64).is_some_and(|bits| bits >> (word % 64) & 1 != 0)
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
    if !is_pattern(wanted) {
        let one = connection
            .prepare_cached("select id from word where text = ?")?
            .query_row([wanted], |row| row.get(0))
            .optional()?;
        return Ok(one.into_iter().collect());
    }
    let pattern = glob(wanted);
    let mut statement = connection.prepare_cached("select id from word where text glob ?")?;
    let found = statement.query_map([pattern], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn is_pattern(wanted: &str) -> bool {
    wanted.contains(['*', '?'])
}

/// Of the signs that patterns of SQLite have, only these two are meant.
fn glob(wanted: &str) -> String {
    wanted.replace('[', "[[]")
}

/// More words than these are no list in SQL.
const LIST_MAX: usize = 100;

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
