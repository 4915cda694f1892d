//! `strowger cdr export`: all calls that fit, page by page, into a file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use super::columnar::Parquet;
use super::search::{FilterOptions, RECORDS};
use crate::changes::AskOptions;
use crate::print;

/// What is asked of `export`.
#[derive(clap::Args)]
pub(crate) struct ExportOptions {
    #[command(flatten)]
    filter: FilterOptions,
    /// The file that is written.
    #[arg(long, short)]
    output: PathBuf,
    /// How it is written; without, its name says it.
    #[arg(long)]
    format: Option<Form>,
    #[command(flatten)]
    ask: AskOptions,
}

/// How calls are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Form {
    /// Comma-separated values with a line of names (RFC 4180).
    Csv,
    /// A JSON array of objects, each on a line.
    Json,
    /// Columns, for programs that add up.
    Parquet,
}

impl Form {
    fn of(path: &std::path::Path) -> anyhow::Result<Form> {
        match path.extension().and_then(|end| end.to_str()) {
            Some("csv") => Ok(Form::Csv),
            Some("json") => Ok(Form::Json),
            Some("parquet") => Ok(Form::Parquet),
            _ => anyhow::bail!("say how {} is to be written: --format csv, json or parquet", path.display()),
        }
    }

    /// A value as a cell.
    pub(super) fn text(value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// `strowger cdr export`
pub(super) fn export(options: &ExportOptions) -> anyhow::Result<()> {
    let form = options.format.map_or_else(|| Form::of(&options.output), Ok)?;
    let mut draft = options.output.clone().into_os_string();
    draft.push(format!(".{}.part", std::process::id()));
    let draft = Draft(draft.into());
    let file = File::create_new(&draft.0).with_context(|| format!("cannot write {}", draft.0.display()))?;
    let mut out = Writer::new(form, file);
    let mut query = options.filter.query();
    query.add("limit", Some(PAGE));
    let mut before: Option<String> = None;
    let mut told = std::time::Instant::now();
    loop {
        let mut query = query.clone();
        query.add("before", before.as_deref());
        let body = options.ask.place.running_server()?.get_json(&query.of(RECORDS))?;
        out.page(&body)?;
        if told.elapsed() >= std::time::Duration::from_secs(2) && !options.ask.json {
            told = std::time::Instant::now();
            print::progress(format_args!("{} calls", out.calls));
        }
        before = body["next"].as_str().map(str::to_owned);
        if before.is_none() {
            break;
        }
    }
    let calls = out.calls;
    out.finish()?.sync_all()?;
    // It has its name when it is whole.
    std::fs::rename(&draft.0, &options.output)
        .with_context(|| format!("cannot write {}", options.output.display()))?;
    if options.ask.json {
        return print::line(
            serde_json::json!({ "calls": calls, "file": options.output.display().to_string() }),
        );
    }
    print::line(format_args!("{calls} calls in {}", options.output.display()))
}

/// A file that is not whole yet; it goes when that comes to nothing.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file that is written.
struct Writer<W: Write + Send> {
    form: Form,
    columns: Vec<String>,
    calls: u64,
    out: Out<W>,
}

enum Out<W: Write + Send> {
    /// Until the columns are known, and for texts.
    Text(BufWriter<W>),
    Columns(Box<Parquet<BufWriter<W>>>),
    Gone,
}

impl<W: Write + Send> Writer<W> {
    fn new(form: Form, out: W) -> Self {
        Writer { form, columns: Vec::new(), calls: 0, out: Out::Text(BufWriter::new(out)) }
    }

    fn page(&mut self, body: &Value) -> anyhow::Result<()> {
        if self.columns.is_empty() {
            self.begin(body)?;
        }
        for call in body["calls"].as_array().into_iter().flatten() {
            match (&mut self.out, self.form) {
                (Out::Columns(out), _) => out.call(call)?,
                (Out::Text(out), Form::Csv) => {
                    let cells = self.columns.iter().map(|name| guarded(Form::text(&call[name.as_str()])));
                    out.write_all(csv_line(cells).as_bytes())?;
                }
                (Out::Text(out), Form::Json | Form::Parquet) => {
                    let sign = if self.calls > 0 { ",\n" } else { "\n" };
                    write!(out, "{sign}{call}")?;
                }
                (Out::Gone, _) => {}
            }
            self.calls += 1;
        }
        Ok(())
    }

    fn begin(&mut self, body: &Value) -> anyhow::Result<()> {
        let names = body["columns"].as_array().into_iter().flatten();
        self.columns = names.filter_map(Value::as_str).map(str::to_owned).collect();
        self.out = match (std::mem::replace(&mut self.out, Out::Gone), self.form) {
            (Out::Text(out), Form::Parquet) => {
                Out::Columns(Box::new(Parquet::new(out, self.columns.clone())?))
            }
            (Out::Text(mut out), form) => {
                let first =
                    if form == Form::Csv { csv_line(self.columns.iter().cloned()) } else { "[".to_owned() };
                out.write_all(first.as_bytes())?;
                Out::Text(out)
            }
            (out, _) => out,
        };
        Ok(())
    }

    fn finish(self) -> anyhow::Result<W> {
        let mut out = match self.out {
            Out::Text(out) => out,
            Out::Columns(out) => out.finish()?,
            Out::Gone => anyhow::bail!("the file could not be begun"),
        };
        if self.form == Form::Json {
            out.write_all(b"\n]\n")?;
        }
        out.into_inner().map_err(|error| error.into_error().into())
    }
}

/// What a spreadsheet takes for a formula gets an apostrophe before it: names and numbers are what outside callers say. Numbers with a plus sign are numbers.
fn guarded(cell: String) -> String {
    let number = cell.strip_prefix(['+', '-']).unwrap_or(&cell);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { cell } else { format!("'{cell}") }
}

/// A line of comma-separated values (RFC 4180): quotes where they are needed.
pub(super) fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let mut line = String::new();
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            line.push(',');
        }
        match cell.contains(['"', ',', '\n', '\r']) {
            true => line.push_str(&format!("\"{}\"", cell.replace('"', "\"\""))),
            false => line.push_str(&cell),
        }
    }
    line.push('\n');
    line
}

/// Calls that are asked for at once.
const PAGE: &str = "10000";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_a_caller_becomes_a_formula() {
        let check = |cell: &str, expect: &str| assert_eq!(guarded(cell.to_owned()), expect);
        check("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
        check("@SUM(1)", "'@SUM(1)");
        check("+1+cmd", "'+1+cmd");
        check("-", "'-");
        check("+4930123", "+4930123");
        check("-12.5", "-12.5");
        check("2001", "2001");
        check("", "");
    }

    #[test]
    fn calls_are_written_page_by_page() {
        let pages = [
            json!({ "columns": ["calling", "answered", "lost_percent"], "calls": [{ "calling": "2,\"1", "answered": true, "lost_percent": 0.5 }] }),
            json!({ "columns": ["calling", "answered", "lost_percent"], "calls": [{ "calling": "3", "answered": false, "lost_percent": null }] }),
        ];
        let written = |form| {
            let mut out = Writer::new(form, Vec::new());
            pages.iter().for_each(|page| out.page(page).unwrap());
            String::from_utf8(out.finish().unwrap()).unwrap()
        };
        assert_eq!(written(Form::Csv), "calling,answered,lost_percent\n\"2,\"\"1\",true,0.5\n3,false,\n");
        let read: Value = serde_json::from_str(&written(Form::Json)).unwrap();
        assert_eq!(read, json!([pages[0]["calls"][0], pages[1]["calls"][0]]));
    }
}
