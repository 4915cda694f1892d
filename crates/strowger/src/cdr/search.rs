//! `strowger cdr search`, `show` and `report`: questions about calls.

use std::fmt::Write as _;

use serde_json::Value;

use super::export::{Form, csv_line};
use crate::changes::AskOptions;
use crate::client::query_value;
use crate::print;
use crate::table::{Table, terminal_width};

/// Which calls are meant: those for which everything holds that is said.
#[derive(clap::Args)]
pub(crate) struct FilterOptions {
    /// A number that called, was called or was reached; `*` stands for any characters, `?` for one.
    #[arg(long)]
    number: Option<String>,
    /// The number that called.
    #[arg(long)]
    from: Option<String>,
    /// The number that was called or reached.
    #[arg(long)]
    to: Option<String>,
    /// A phone, trunk or gateway on either side.
    #[arg(long, visible_aliases = ["trunk", "gateway"])]
    device: Option<String>,
    /// A user on either side.
    #[arg(long)]
    user: Option<String>,
    /// From when on calls began, UTC, for example 2026-05-04 or 2026-05-04T12:03.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before when they began.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why they ended: a cause of Q.850 such as 17.
    #[arg(long)]
    cause: Option<u32>,
    /// Only calls that somebody answered.
    #[arg(long, conflicts_with = "unanswered")]
    answered: bool,
    /// Only calls that nobody answered.
    #[arg(long)]
    unanswered: bool,
    /// Seconds of talk, at least.
    #[arg(long, value_name = "SECONDS")]
    min_duration: Option<u32>,
    /// Seconds of talk, at most.
    #[arg(long, value_name = "SECONDS")]
    max_duration: Option<u32>,
    /// More packets were lost, for example 1%.
    #[arg(long, value_name = "PERCENT")]
    lost_over: Option<String>,
    /// There was more jitter.
    #[arg(long, value_name = "MILLISECONDS")]
    jitter_over: Option<u32>,
    /// There was more latency.
    #[arg(long, value_name = "MILLISECONDS")]
    latency_over: Option<u32>,
    /// The opinion score was less, for example 3.5.
    #[arg(long, value_name = "SCORE")]
    mos_under: Option<String>,
}

impl FilterOptions {
    /// As it stands in a query.
    pub(super) fn query(&self) -> Query {
        let mut query = Query::default();
        let texts = [
            ("number", &self.number),
            ("from", &self.from),
            ("to", &self.to),
            ("device", &self.device),
            ("user", &self.user),
            ("since", &self.since),
            ("until", &self.until),
            ("lost_over", &self.lost_over),
            ("mos_under", &self.mos_under),
        ];
        for (name, value) in texts {
            query.add(name, value.as_deref());
        }
        let numbers = [
            ("cause", self.cause),
            ("min_seconds", self.min_duration),
            ("max_seconds", self.max_duration),
            ("jitter_over", self.jitter_over),
            ("latency_over", self.latency_over),
        ];
        for (name, value) in numbers {
            query.add(name, value.map(|value| value.to_string()).as_deref());
        }
        query.add("answered", if self.answered { Some("true") } else { None });
        query.add("answered", if self.unanswered { Some("false") } else { None });
        query
    }
}

/// A query that grows.
#[derive(Clone, Default)]
pub(super) struct Query(String);

impl Query {
    pub(super) fn add(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            let sign = if self.0.is_empty() { '?' } else { '&' };
            let _ = write!(self.0, "{sign}{name}={}", query_value(value));
        }
    }

    /// A path with it.
    pub(super) fn of(&self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}

/// What is asked of `search`.
#[derive(clap::Args)]
pub(crate) struct SearchOptions {
    #[command(flatten)]
    filter: FilterOptions,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Where the page begins, as the page before said.
    #[arg(long, value_name = "PAGE")]
    before: Option<String>,
    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    ask: AskOptions,
}

/// What is asked of `report`.
#[derive(clap::Args)]
pub(crate) struct ReportOptions {
    /// What is added up.
    report: ReportName,
    #[command(flatten)]
    filter: FilterOptions,
    /// At most so many rows, where they are of numbers or devices.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Who talks, of top-talkers: calling, reached, device or user.
    #[arg(long)]
    by: Option<String>,
    /// The time zone of the hours of busy-hours, for example Europe/Berlin; UTC without.
    #[arg(long)]
    zone: Option<String>,
    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    ask: AskOptions,
}

/// A report.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ReportName {
    /// Who talked most.
    TopTalkers,
    /// Why calls ended.
    Causes,
    /// How long they were.
    Durations,
    /// At which hours of the day they began.
    BusyHours,
    /// How much devices were in use: traffic in erlang, and of trunks most calls at once.
    Utilisation,
    /// Which devices sounded bad.
    Quality,
}

impl ReportName {
    const fn word(self) -> &'static str {
        match self {
            ReportName::TopTalkers => "top-talkers",
            ReportName::Causes => "causes",
            ReportName::Durations => "durations",
            ReportName::BusyHours => "busy-hours",
            ReportName::Utilisation => "utilisation",
            ReportName::Quality => "quality",
        }
    }
}

/// `strowger cdr search`
pub(super) fn search(options: &SearchOptions) -> anyhow::Result<()> {
    let mut query = options.filter.query();
    query.add("limit", Some(&options.limit.to_string()));
    query.add("before", options.before.as_deref());
    let body = options.ask.place.running_server()?.get_json(&query.of(RECORDS))?;
    if options.ask.json {
        return print::line(&body);
    }
    if options.csv {
        return print::print(csv(&body, "calls"));
    }
    print::print(found(&body, terminal_width()))
}

/// `strowger cdr show`
pub(super) fn show(record: &str, is_whole: bool, ask: &AskOptions) -> anyhow::Result<()> {
    let path = format!("{RECORDS}/{}", query_value(record));
    let body = ask.place.running_server()?.get_json(&path)?;
    if ask.json { print::line(&body) } else { print::print(whole(&body, is_whole)) }
}

/// `strowger cdr report`
pub(super) fn report(options: &ReportOptions) -> anyhow::Result<()> {
    let mut query = options.filter.query();
    query.add("limit", Some(&options.limit.to_string()));
    query.add("by", options.by.as_deref());
    query.add("zone", options.zone.as_deref());
    let path = query.of(&format!("/api/v1/cdr/reports/{}", options.report.word()));
    let body = options.ask.place.running_server()?.get_json(&path)?;
    if options.ask.json {
        return print::line(&body);
    }
    if options.csv {
        return print::print(csv(&body, "rows"));
    }
    print::print(reported(&body, terminal_width()))
}

/// `strowger cdr files`
pub(super) fn files(ask: &AskOptions) -> anyhow::Result<()> {
    let body = ask.place.running_server()?.get_json("/api/v1/cdr/files")?;
    if ask.json { print::line(&body) } else { print::print(loaded(&body)) }
}

fn loaded(body: &Value) -> String {
    let mut text = format!("{} rows of {} files", body["rows"], body["files"]);
    if let (Some(first), Some(last)) = (body["first"].as_str(), body["last"].as_str()) {
        let _ = write!(text, ", of calls from {first} to {last}");
    }
    text.push('\n');
    for problem in body["problems"].as_array().into_iter().flatten() {
        let word = |name: &str| harmless(&Form::text(&problem[name]));
        let _ = writeln!(
            text,
            "  {}: {} rows cannot be read; {}",
            word("file"),
            word("wrong_rows"),
            word("problem")
        );
    }
    text
}

fn csv(body: &Value, rows: &str) -> String {
    let columns = columns(body);
    let mut text = csv_line(columns.iter().map(|name| (*name).to_owned()));
    for row in body[rows].as_array().into_iter().flatten() {
        text.push_str(&csv_line(columns.iter().map(|name| Form::text(&row[*name]))));
    }
    text
}

fn columns(body: &Value) -> Vec<&str> {
    body["columns"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Calls, for people.
fn found(body: &Value, width: Option<usize>) -> String {
    let calls: Vec<&Value> = body["calls"].as_array().into_iter().flatten().collect();
    if calls.is_empty() {
        return "no call fits\n".to_owned();
    }
    let mut table =
        Table::new(["Began (UTC)", "From", "To", "Talk", "Ended", "Sound", "Cost", "Call"], &[1, 2, 4]);
    for call in &calls {
        let text = |name: &str| Form::text(&call[name]);
        let to = match (text("called"), text("reached")) {
            (called, reached) if called == reached || called.is_empty() => reached,
            (called, reached) => format!("{called} > {reached}"),
        };
        let talk = if call["answered"] == true { clock(call["seconds"].as_u64()) } else { "-".to_owned() };
        let sound = match (&call["lost_percent"], &call["jitter_ms"]) {
            (Value::Null, _) => String::new(),
            (lost, jitter) => format!("{lost}% lost, {jitter} ms"),
        };
        let cost = if call["cost"].is_null() {
            String::new()
        } else {
            format!("{} {}", text("cost"), text("currency"))
        };
        let at = text("at").trim_end_matches('Z').replace('T', " ");
        let ended = text("cause_words");
        table.push([at, text("calling"), to, talk, ended, sound, cost, text("call")]);
    }
    let mut text = table.text(width);
    if let Some(next) = body["next"].as_str() {
        let _ = writeln!(text, "more: --before {next}");
    }
    text
}

/// Rows, column by column; those without a value only when all are wanted.
fn whole(body: &Value, is_whole: bool) -> String {
    let mut text = String::new();
    for row in body["rows"].as_array().into_iter().flatten() {
        let heading = if row["kind"] == "cmr" { "How a leg sounded" } else { "Call" };
        let _ = writeln!(text, "{}{heading}", if text.is_empty() { "" } else { "\n" });
        for column in row["columns"].as_array().into_iter().flatten() {
            let value = column["value"].as_str().unwrap_or_default();
            let has_none = value.is_empty() || value == "0";
            if has_none && !is_whole && column["meaning"].is_null() {
                continue;
            }
            let name = column["name"].as_str().unwrap_or_default();
            let meaning =
                column["meaning"].as_str().map(|meaning| format!("  {meaning}")).unwrap_or_default();
            let harmless: String = value.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
            let _ = writeln!(text, "  {name:<42} {harmless}{meaning}");
        }
    }
    text
}

/// A report for people, with bars beside shares.
fn reported(body: &Value, width: Option<usize>) -> String {
    let columns = columns(body);
    let rows: Vec<&Value> = body["rows"].as_array().into_iter().flatten().collect();
    let has_bars = columns.contains(&"percent");
    let share = |row: &Value| row["percent"].as_f64().unwrap_or(0.0);
    let most = rows.iter().map(|row| share(row)).fold(0.0, f64::max);
    let mut widths: Vec<usize> = columns.iter().map(|name| name.len()).collect();
    let cell = |value: &Value| match value.as_f64() {
        Some(number) if value.is_f64() => format!("{number:.2}"),
        _ => harmless(&Form::text(value)),
    };
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|name| cell(&row[*name])).collect()).collect();
    // Words stand on the left of their columns, numbers on the right.
    let is_number: Vec<bool> =
        columns.iter().map(|name| rows.iter().any(|row| row[*name].is_number())).collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>, bar: &str| {
        let mut line = String::new();
        for (place, cell) in cells.enumerate() {
            let width = widths.get(place).copied().unwrap_or(0);
            let _ = match is_number.get(place) {
                Some(true) => write!(line, "{cell:>width$}  "),
                _ => write!(line, "{cell:<width$}  "),
            };
        }
        line.push_str(bar);
        text.push_str(line.trim_end());
        text.push('\n');
    };
    let heading: Vec<String> = columns.iter().map(|name| name.replace('_', " ")).collect();
    line(&mut heading.iter().map(String::as_str), "");
    let taken: usize = widths.iter().map(|width| width + 2).sum();
    let room = width.map_or(BAR, |width| width.saturating_sub(taken + 1).clamp(8, BAR));
    for (row, cells) in rows.iter().zip(&cells) {
        let part = if has_bars && most > 0.0 { share(row) / most } else { 0.0 };
        let bar = "#".repeat((part * room as f64).round() as usize);
        line(&mut cells.iter().map(String::as_str), &bar);
    }
    let all = &body["all"];
    let seconds = all["seconds"].as_u64();
    let _ =
        write!(text, "\n{} calls, {} answered, {} of talk", all["calls"], all["answered"], clock(seconds));
    for cost in all["costs"].as_array().into_iter().flatten() {
        let _ = write!(text, ", {} {}", Form::text(&cost["amount"]), Form::text(&cost["currency"]));
    }
    text.push('\n');
    let without = &all["without_rate"];
    if without["calls"].as_u64().is_some_and(|calls| calls > 0) {
        let _ = writeln!(
            text,
            "{} of the answered calls that went out have no rate, {} of talk; the table of rates says nothing of their numbers or times",
            without["calls"],
            clock(without["seconds"].as_u64())
        );
    }
    text
}

fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// `1:02:03`
fn clock(seconds: Option<u64>) -> String {
    let seconds = seconds.unwrap_or(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

pub(super) const RECORDS: &str = "/api/v1/cdr/records";
/// How long bars are.
const BAR: usize = 40;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_are_listed_with_how_they_ended() {
        let body = json!({ "columns": ["at", "cost"], "next": "17", "calls": [
            {
                "at": "2026-05-04T12:01:05Z", "calling": "2001", "called": "2002", "reached": "2003", "answered": true, "seconds": 65,
                "cause_words": "normal call clearing", "lost_percent": 0.06, "jitter_ms": 2, "cost": "0.125", "currency": "EUR", "call": "2/25448",
            },
            {
                "at": "2026-05-04T12:01:06Z", "calling": "2001", "called": "2002", "reached": "2002", "answered": false, "seconds": 0,
                "cause_words": "user busy", "lost_percent": null, "cost": null, "call": "2/25451",
            },
        ] });
        let expect = "\
Began (UTC)          From  To           Talk  Ended                 Sound             Cost       Call
2026-05-04 12:01:05  2001  2002 > 2003  1:05  normal call clearing  0.06% lost, 2 ms  0.125 EUR  2/25448
2026-05-04 12:01:06  2001  2002         -     user busy                                          2/25451
more: --before 17
";
        assert_eq!(found(&body, None), expect);
        assert_eq!(found(&json!({ "calls": [] }), None), "no call fits\n");
        assert_eq!(csv(&body, "calls"), "at,cost\n2026-05-04T12:01:05Z,0.125\n2026-05-04T12:01:06Z,\n");
    }

    #[test]
    fn shares_have_bars() {
        let body = json!({
            "columns": ["cause", "meaning", "calls", "percent"],
            "rows": [
                { "cause": 16, "meaning": "normal call clearing", "calls": 30, "percent": 75.0 },
                { "cause": 17, "meaning": "user busy", "calls": 10, "percent": 25.0 },
            ],
            "all": { "calls": 40, "answered": 30, "seconds": 3725, "costs": [{ "currency": "EUR", "amount": "1.50" }] },
        });
        let expect = "\
cause  meaning               calls  percent
   16  normal call clearing     30    75.00  #################
   17  user busy                10    25.00  ######

40 calls, 30 answered, 1:02:05 of talk, 1.50 EUR
";
        assert_eq!(reported(&body, Some(63)), expect);
    }

    #[test]
    fn what_was_loaded_is_told_with_what_was_wrong() {
        let body = json!({
            "rows": 36, "files": 6, "first": "2026-05-04T12:01:05Z", "last": "2026-05-04T12:29:10Z",
            "problems": [{ "file": "cdr_x", "wrong_rows": 2, "problem": "line 3: cut" }],
        });
        let expect = "36 rows of 6 files, of calls from 2026-05-04T12:01:05Z to 2026-05-04T12:29:10Z\n  cdr_x: 2 rows cannot be read; line 3: cut\n";
        assert_eq!(loaded(&body), expect);
        assert_eq!(loaded(&json!({ "rows": 0, "files": 0 })), "0 rows of 0 files\n");
    }

    #[test]
    fn rows_are_shown_with_what_they_mean() {
        let body = json!({ "rows": [{ "kind": "cdr", "columns": [
            { "name": "destCause_value", "value": "17", "meaning": "user busy" },
            { "name": "origSpan", "value": "0" },
        ] }] });
        let few = "Call\n  destCause_value                            17  user busy\n";
        assert_eq!(whole(&body, false), few);
        assert_eq!(whole(&body, true), format!("{few}  origSpan                                   0\n"));
    }
}
