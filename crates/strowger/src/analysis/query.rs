//! Questions to the database of rows, beside the thread that writes.

use std::collections::HashSet;
use std::path::Path;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use rusqlite::{Connection, OptionalExtension as _};
use strowger_base::WallTime;
use strowger_cdr::analysis::{
    Call, Cell, Cost, Counted, Direction, Group, LocalTime, Names, Rates, Report, ReportKind, Sheet,
};
use strowger_cdr::file::Reader;
use strowger_cdr::record::{Pkid, Record};
use strowger_cdr::{Cdr, Cmr, codec, file, words};
use strowger_dialplan::Zone;

use super::database::{COLUMN_COUNT, COLUMNS, SECOND_SHIFT, call_of, line_of, open_to_read, trunks};
use super::filter::{Filter, FilterError};

/// What is found of a search.
pub(crate) struct Found {
    /// The calls, the newest first.
    pub(crate) sheet: Sheet,
    /// Where the next page begins, when there may be one.
    pub(crate) next: Option<i64>,
}

/// A report.
pub(crate) struct Reported {
    pub(crate) sheet: Sheet,
    pub(crate) counted: Counted,
}

/// A row with all its columns.
pub(crate) struct Whole {
    pub(crate) kind: &'static str,
    pub(crate) columns: Vec<Column>,
}

/// A column of a row.
#[derive(serde::Serialize)]
pub(crate) struct Column {
    name: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
}

impl Column {
    /// Its value is not for everybody.
    pub(crate) fn hide(&mut self) {
        self.meaning = (!self.value.is_empty()).then(|| "only administrators see it".to_owned());
        self.value.clear();
    }

    /// What it is called.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }
}

/// Which rows are to be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// The row of this key.
    Row(Pkid),
    /// All rows of a call, of any node or of one.
    Call { node: Option<i64>, call: i64 },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueryError {
    /// The question cannot be asked.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Something else is wrong.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        QueryError::Filter(FilterError::Database(error))
    }
}

/// What calls cost, for questions.
pub(crate) struct Prices {
    pub(crate) rates: Rates,
    zone: Zone,
}

impl Prices {
    /// Those that are kept in the database.
    fn read(connection: &Connection) -> Result<Prices, QueryError> {
        let rates = setting(connection, "rates")?.unwrap_or_default();
        let rates = if rates.is_empty() {
            Rates::default()
        } else {
            Rates::read(&rates).context(
                "the table of rates that is kept cannot be read; load it again: strowger cdr rates FILE",
            )?
        };
        let zone = setting(connection, "zone")?.and_then(|zone| String::from_utf8(zone).ok());
        let zone = zone.and_then(|zone| Zone::named(&zone).ok()).unwrap_or(Zone::UTC);
        Ok(Prices { rates, zone })
    }
}

/// Something that is kept beside the rows.
pub(crate) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.query_row("select value from setting where name = ?", [name], |row| row.get(0)).optional()
}

/// What the clocks of a zone are ahead of UTC.
struct Offsets(Vec<(i64, i64)>);

impl Offsets {
    fn new(zone: &Zone, from: i64, until: i64) -> Self {
        let at = |seconds: i64| {
            WallTime::from_micros(
                u64::try_from(seconds).unwrap_or(0).min(YEAR_9000).saturating_mul(1_000_000),
            )
        };
        let offsets = zone.offsets(at(from), at(until));
        let seconds = |at: WallTime| i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
        Offsets(offsets.into_iter().map(|(at, minutes)| (seconds(at), i64::from(minutes) * 60)).collect())
    }

    fn at(&self, second: i64) -> i64 {
        let after = self.0.partition_point(|(from, _)| *from <= second);
        self.0.get(after.saturating_sub(1)).map_or(0, |(_, offset)| *offset)
    }
}

const YEAR_9000: u64 = 221_845_392_000;

/// Words of the database, as far as somebody asks for them.
struct Dictionary<'a> {
    connection: &'a Connection,
    trunks: &'a HashSet<u32>,
}

impl Names for Dictionary<'_> {
    fn text(&self, word: u32) -> String {
        if word == 0 {
            return String::new();
        }
        let find = |connection: &Connection| {
            connection
                .prepare_cached("select text from word where id = ?")?
                .query_row([word], |row| row.get::<_, String>(0))
        };
        find(self.connection).unwrap_or_else(|_| format!("(word {word})"))
    }

    fn is_trunk(&self, word: u32) -> bool {
        self.trunks.contains(&word)
    }
}

/// What a call cost, when its number is in the table and somebody answered.
fn cost<'a>(
    prices: &'a Prices,
    offsets: &Offsets,
    group: Option<Group>,
    direction: Direction,
    call: &Call<u32>,
) -> Option<Cost<'a>> {
    let answered = call.at.saturating_add(call.wait?);
    let local = LocalTime::of(answered.saturating_add(offsets.at(answered)));
    prices.rates.cost(group?, direction, local, call.seconds)
}

fn direction(trunks: &HashSet<u32>, call: &Call<u32>) -> Direction {
    Direction::of(trunks.contains(&call.orig_device), trunks.contains(&call.dest_device))
}

/// Columns of what a search finds.
pub(crate) const FOUND: [&str; 24] = [
    "at",
    "calling",
    "called",
    "reached",
    "answered",
    "wait_seconds",
    "seconds",
    "cause",
    "cause_words",
    "ended_by",
    "orig_device",
    "dest_device",
    "orig_user",
    "dest_user",
    "codec",
    "lost_percent",
    "jitter_ms",
    "latency_ms",
    "mos",
    "cost",
    "currency",
    "rate",
    "call",
    "pkid",
];

/// Calls, the newest first: at most so many, before this key.
pub(crate) fn search(
    data: &Path,
    filter: &Filter,
    before: Option<i64>,
    most: usize,
) -> Result<Found, QueryError> {
    let mut sheet = Sheet { columns: FOUND.to_vec(), rows: Vec::new() };
    let Some(connection) = open_to_read(data)? else { return Ok(Found { sheet, next: None }) };
    let condition = filter.condition(&connection, before)?;
    let condition = condition.on(&connection)?;
    let prices = Prices::read(&connection)?;
    let trunks = trunks(&connection)?;
    let names = Dictionary { connection: &connection, trunks: &trunks };
    let sql = format!(
        "select {COLUMNS}, node, call_id, pkid from call where {condition} order by id desc limit {most}"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut last = None;
    // The newest comes first, so that this is right for what follows.
    let mut offsets: Option<Offsets> = None;
    while let Some(row) = rows.next()? {
        let (id, call) = call_of(row)?;
        last = Some(id);
        let (node, number): (i64, i64) = (row.get(COLUMN_COUNT)?, row.get(COLUMN_COUNT + 1)?);
        let key = Pkid(u128::from_be_bytes(row.get(COLUMN_COUNT + 2)?));
        let quality = call.quality();
        let reached = names.text(call.reached);
        let group = prices.rates.group(&reached);
        let priced = match group {
            None => None,
            Some(_) => {
                let offsets = offsets.get_or_insert_with(|| Offsets::new(&prices.zone, 0, call.at + FOREVER));
                cost(&prices, offsets, group, direction(&trunks, &call), &call)
            }
        };
        let maybe = |value: Option<i64>, cell: fn(i64) -> Cell| value.map_or(Cell::Empty, cell);
        let texts = priced.map(|cost| (cost.amount.to_string(), cost.currency, cost.rate));
        let of_cost = |text: fn(&(String, &str, &str)) -> String| {
            texts.as_ref().map_or(Cell::Empty, |texts| Cell::Text(text(texts)))
        };
        sheet.rows.push(vec![
            Cell::Text(time(call.at)),
            Cell::Text(names.text(call.calling)),
            Cell::Text(names.text(call.called)),
            Cell::Text(reached),
            Cell::Flag(call.is_answered()),
            maybe(call.wait, Cell::Whole),
            Cell::Whole(call.seconds),
            Cell::Whole(call.cause),
            Cell::Text(words::cause(call.cause).unwrap_or_default()),
            Cell::text(call.ended_by.word()),
            Cell::Text(names.text(call.orig_device)),
            Cell::Text(names.text(call.dest_device)),
            Cell::Text(names.text(call.orig_user)),
            Cell::Text(names.text(call.dest_user)),
            Cell::text(codec::name_of(call.codec).unwrap_or_default()),
            maybe(quality.lost, Cell::Hundredths),
            maybe(quality.jitter, Cell::Whole),
            maybe(quality.latency, Cell::Whole),
            maybe(quality.mos, Cell::Hundredths),
            of_cost(|texts| texts.0.clone()),
            of_cost(|texts| texts.1.to_owned()),
            of_cost(|texts| texts.2.to_owned()),
            Cell::Text(format!("{node}/{number}")),
            Cell::Text(key.to_string()),
        ]);
    }
    let next = last.filter(|_| sheet.rows.len() == most);
    Ok(Found { sheet, next })
}

/// Adds calls up, on two processors where there are two.
pub(crate) fn report(
    data: &Path,
    filter: &Filter,
    kind: ReportKind,
    most: usize,
    zone: Option<&Zone>,
) -> Result<Reported, QueryError> {
    let Some(connection) = open_to_read(data)? else {
        let nothing = HashSet::new();
        let memory = Connection::open_in_memory()?;
        let names = Dictionary { connection: &memory, trunks: &nothing };
        let sheet = Report::new(kind).sheet(&names, most, |_| 0);
        return Ok(Reported { sheet, counted: Counted::default() });
    };
    let prices = Prices::read(&connection)?;
    let trunks = trunks(&connection)?;
    // Those that a filter leaves out need not be parted: they would be all on one side.
    let (first, end) = filter.keys(None);
    let edge = |sql: &str| -> rusqlite::Result<Option<i64>> {
        connection.query_row(sql, [first, end], |row| row.get(0))
    };
    let from = edge("select min(id) from call where id >= ? and id < ?")?.unwrap_or(first);
    let until = edge("select max(id) from call where id >= ? and id < ?")?.map_or(first, |last| last + 1);
    let condition = filter.condition(&connection, None)?;
    let offsets = Offsets::new(&prices.zone, from >> SECOND_SHIFT, (until >> SECOND_SHIFT) + FOREVER);
    // Nobody has talked yet in the time that is to come.
    let until_now = filter.until.map(|until| until.min(now()));
    let has_rates = !prices.rates.is_empty();
    let groups = if prices.rates.is_empty() { Vec::new() } else { groups(&connection, &prices.rates)? };
    let parts = i64::try_from(thread::available_parallelism().map_or(1, usize::from)).unwrap_or(1).min(4);
    let part = |number: i64| from + (until - from) / parts * number;
    let take = |from: i64, until: i64| -> Result<Report, QueryError> {
        let mut report = Report::new(kind).between(filter.since, until_now);
        let Some(connection) = open_to_read(data)? else { return Ok(report) };
        let names = Dictionary { connection: &connection, trunks: &trunks };
        let condition = condition.on(&connection)?;
        let sql = format!("select {COLUMNS} from call where {condition} and id >= ? and id < ?");
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([from, until])?;
        while let Some(row) = rows.next()? {
            let (_, call) = call_of(row)?;
            let group = groups.get(call.reached as usize).copied().flatten();
            let direction = direction(&trunks, &call);
            let cost = cost(&prices, &offsets, group, direction, &call);
            report.take(&call, cost.as_ref(), &names);
            if has_rates && cost.is_none() && call.is_answered() && direction == Direction::Out {
                report.has_no_rate(&call);
            }
        }
        Ok(report)
    };
    let mut report = thread::scope(|scope| -> Result<Report, QueryError> {
        let others: Vec<_> = (1..parts)
            .map(|number| {
                let last = if number + 1 == parts { until } else { part(number + 1) };
                scope.spawn(move || take(part(number), last))
            })
            .collect();
        let mut report = take(from, if parts == 1 { until } else { part(1) })?;
        for other in others {
            let other = other.join().map_err(|_| anyhow::anyhow!("a thread of the report ended early"))?;
            report.merge(other?);
        }
        Ok(report)
    })?;
    let counted = report.counted().clone();
    let names = Dictionary { connection: &connection, trunks: &trunks };
    let shown = zone.map(|zone| Offsets::new(zone, from >> SECOND_SHIFT, (until >> SECOND_SHIFT) + FOREVER));
    let shown = shown.unwrap_or(Offsets(Vec::new()));
    let sheet = std::mem::replace(&mut report, Report::new(kind)).sheet(&names, most, |at| shown.at(at));
    Ok(Reported { sheet, counted })
}

/// For each word the rates of it, were it a number.
fn groups(connection: &Connection, rates: &Rates) -> Result<Vec<Option<Group>>, QueryError> {
    let most: i64 = connection.query_row("select ifnull(max(id), 0) from word", [], |row| row.get(0))?;
    let mut groups = vec![None; usize::try_from(most).unwrap_or(0) + 1];
    if let Some(none) = groups.first_mut() {
        *none = rates.group("");
    }
    let mut statement = connection.prepare("select id, text from word")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(0)?;
        if let Some(group) = usize::try_from(place).ok().and_then(|place| groups.get_mut(place)) {
            *group = rates.group(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
        }
    }
    Ok(groups)
}

/// Rows with all their columns: first those of calls, then those of how they sounded.
pub(crate) fn show(data: &Path, wanted: Wanted) -> Result<Vec<Whole>, QueryError> {
    let Some(connection) = open_to_read(data)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut take = |table: &str, kind: &'static str| -> Result<(), QueryError> {
        let mut places: Vec<(i64, i64)> = Vec::new();
        let mut read = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<()> {
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query(parameters)?;
            while let Some(row) = rows.next()? {
                places.push((row.get(0)?, row.get(1)?));
            }
            Ok(())
        };
        match wanted {
            Wanted::Row(pkid) => {
                let sql = format!("select block, place from {table} where pkid = ? order by id desc limit 1");
                read(&sql, &[&&pkid.0.to_be_bytes()[..]])?;
            }
            Wanted::Call { node, call } => {
                let sql = format!(
                    "select block, place from {table} where call_id = ?1 and (?2 is null or node = ?2) order by id desc limit {SHOWN_MAX}"
                );
                read(&sql, &[&call, &node])?;
                places.reverse();
            }
        }
        for (block, place) in places {
            let line = line_of(&connection, block, place)?;
            let columns = match kind {
                "cdr" => columns::<Cdr>(&line),
                _ => columns::<Cmr>(&line),
            };
            found.push(Whole { kind, columns: columns? });
        }
        Ok(())
    };
    take("call", "cdr")?;
    take("quality", "cmr")?;
    Ok(found)
}

/// The columns of a line with their values, and what they mean.
fn columns<R: Record>(line: &str) -> anyhow::Result<Vec<Column>> {
    let text = format!("{}{line}\n", file::header::<R>());
    let mut reader = Reader::<R>::new(text.as_bytes())?;
    // It is read so that a line that is broken is told; the values are those that it has.
    let record = reader.next().context("the row is empty")??;
    Ok(file::values(&record)
        .into_iter()
        .map(|(name, value)| {
            let meaning = words::meaning(name, &value);
            Column { name, value, meaning }
        })
        .collect())
}

/// A second since 1970, as people read it.
pub(crate) fn time(seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let at = WallTime::from_micros(seconds.saturating_mul(1_000_000)).civil();
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", at.year, at.month, at.day, at.hour, at.minute, at.second)
}

/// What is read of the database.
pub(crate) fn overview(data: &Path) -> Result<serde_json::Value, QueryError> {
    let Some(connection) = open_to_read(data)? else {
        return Ok(serde_json::json!({ "files": 0, "rows": 0, "wrong_rows": 0 }));
    };
    let (files, rows, wrong): (i64, i64, i64) = connection.query_row(
        "select count(*), ifnull(sum(rows), 0), ifnull(sum(wrong), 0) from file",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let edge = |sql: &str| -> rusqlite::Result<Option<String>> {
        let id: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(id.map(|id| time(id >> SECOND_SHIFT)))
    };
    let problems: Vec<serde_json::Value> = connection
        .prepare(
            "select name, wrong, problem, loaded from file where wrong > 0 order by loaded desc limit 20",
        )?
        .query_map([], |row| {
            let problem: Option<String> = row.get(2)?;
            Ok(serde_json::json!({
                "file": row.get::<_, String>(0)?, "wrong_rows": row.get::<_, i64>(1)?, "problem": problem, "loaded": time(row.get(3)?),
            }))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(serde_json::json!({
        "files": files,
        "rows": rows,
        "wrong_rows": wrong,
        "first": edge("select min(id) from call")?,
        "last": edge("select max(id) from call")?,
        "problems": problems,
    }))
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

/// Changes of clocks are known so far ahead.
const FOREVER: i64 = 86_400;
/// Rows of one call id: a call with more legs than that has not been seen.
const SHOWN_MAX: usize = 1000;
