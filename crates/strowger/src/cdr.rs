//! `strowger cdr`: where call records go, whether they get there, and having them sent once more; and questions about them.

mod columnar;
mod export;
mod import;
mod search;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::changes::AskOptions;
use crate::client::query_value;
use crate::print;
use crate::table::{Table, terminal_width};

/// What is asked or ordered.
#[derive(clap::Subcommand)]
pub(crate) enum CdrCommand {
    /// List billing destinations: what waits for each, since when, and why.
    Destinations(AskOptions),
    /// Say in a few lines whether all call records get where they should; fails when some do not.
    Status(AskOptions),
    /// Rehearse a delivery step by step: connect, log in, write, rename, read, remove. Nothing is left behind. Fails at the first step that does.
    Test {
        /// The destination: its number or name.
        destination: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Have all files of some days delivered once more.
    Resend {
        /// The destination: its number or name.
        destination: String,
        /// The first day, UTC, for example 2026-05-04.
        #[arg(long, value_name = "DAY")]
        from: String,
        /// The last day.
        #[arg(long, value_name = "DAY")]
        to: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Find calls by number, device, user, time, cause, duration or sound; the newest first.
    Search(search::SearchOptions),
    /// Show a row, or all rows of a call, column by column with what they mean.
    Show {
        /// The row's pkid, or a call as `search` prints it: 2/25448.
        record: String,
        /// With columns that have no value.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Add calls up.
    Report(search::ReportOptions),
    /// Write all calls that fit into a file.
    Export(export::ExportOptions),
    /// Load files of call records as CUCM writes them, of any release: to search them here. They go to no billing destination.
    Import {
        /// Files, or folders with files whose names begin with cdr_ or cmr_.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Say how many rows there are to search, of when, and which files had rows that could not be read.
    Files(AskOptions),
    /// Say what calls cost, with a table of prefixes; without one, print the table that there is.
    Rates {
        /// The table: comma-separated values.
        table: Option<PathBuf>,
        /// The time zone of its days and times, for example Europe/Berlin; UTC without.
        #[arg(long, requires = "table")]
        zone: Option<String>,
        /// Forget the table.
        #[arg(long, conflicts_with = "table")]
        clear: bool,
        #[command(flatten)]
        ask: AskOptions,
    },
}

/// Asks, and prints what is answered.
pub(crate) fn run(what: &CdrCommand) -> anyhow::Result<()> {
    match what {
        CdrCommand::Destinations(ask) => {
            let body = ask.place.running_server()?.get_json(DESTINATIONS)?;
            if ask.json { print::line(body) } else { print::print(destinations(&body, terminal_width())) }
        }
        CdrCommand::Status(ask) => {
            let body = ask.place.running_server()?.get_json(DESTINATIONS)?;
            let (text, failing) = status(&body);
            if ask.json {
                print::line(&body)?
            } else {
                print::print(text)?
            }
            anyhow::ensure!(
                failing == 0,
                "{failing} of the billing destinations do not get their call records"
            );
            Ok(())
        }
        CdrCommand::Test { destination, ask } => {
            let path = format!("{DESTINATIONS}/{}/test", query_value(destination));
            let body = ask.place.running_server()?.post(&path, &json!({}))?;
            if ask.json {
                print::line(&body)?
            } else {
                print::print(rehearsal(&body))?
            }
            let failure = body["failure"]["sentence"].as_str();
            failure.map_or(Ok(()), |failure| Err(anyhow::anyhow!("{failure}")))
        }
        CdrCommand::Resend { destination, from, to, ask } => {
            let path = format!("{DESTINATIONS}/{}/resend", query_value(destination));
            let body = ask.place.running_server()?.post(&path, &json!({ "from": from, "to": to }))?;
            if ask.json {
                return print::line(body);
            }
            print::line(format_args!("{} files are due again", body["files"]))
        }
        CdrCommand::Search(options) => search::search(options),
        CdrCommand::Show { record, all, ask } => search::show(record, *all, ask),
        CdrCommand::Report(options) => search::report(options),
        CdrCommand::Export(options) => export::export(options),
        CdrCommand::Files(ask) => search::files(ask),
        CdrCommand::Import { paths, ask } => import::import(paths, ask),
        CdrCommand::Rates { table, zone, clear, ask } => {
            import::rates(table.as_deref(), *clear, zone.as_deref(), ask)
        }
    }
}

fn rows(body: &Value) -> impl Iterator<Item = &Value> {
    body["destinations"].as_array().into_iter().flatten()
}

fn waiting(row: &Value) -> String {
    let more = if row["more_waiting"] == true { " and more" } else { "" };
    format!("{}{more}", row["waiting"].as_u64().unwrap_or(0))
}

/// `3 min`, as far as an operator wants to know it.
fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn destinations(body: &Value, width: Option<usize>) -> String {
    let mut table = Table::new(["No.", "Name", "Where", "State", "Waiting", "Lag", "Last delivered"], &[2]);
    let mut failures = String::new();
    for row in rows(body) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let state = match (row["trouble"].is_object(), row["next_attempt_seconds"].as_u64()) {
            (true, Some(next)) => format!("failing, again in {next} s"),
            (true, None) => format!("failing, {}", text("state")),
            (false, _) => text("state"),
        };
        let lag =
            if row["waiting"] == 0 { String::new() } else { time(row["lag_seconds"].as_u64().unwrap_or(0)) };
        let number = row["number"].to_string();
        table.push([number, text("name"), text("place"), state, waiting(row), lag, text("last_delivered")]);
        failures.push_str(&trouble(row));
    }
    if table.is_empty() {
        return "no billing destination is configured\n".to_owned();
    }
    table.text(width) + &failures
}

/// Why a destination does not get its files, with evidence and remedy.
fn trouble(row: &Value) -> String {
    let trouble = &row["trouble"];
    let Some(sentence) = trouble["sentence"].as_str() else { return String::new() };
    let text = |name: &str| trouble[name].as_str().unwrap_or_default();
    let mut told = format!("\n{}: {sentence}\n", row["name"].as_str().unwrap_or_default());
    let _ = writeln!(told, "  since {}, {} attempts", text("since"), trouble["attempts"]);
    for line in trouble["evidence"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let _ = writeln!(told, "  {line}");
    }
    let _ = writeln!(told, "  remedy: {}", text("remedy"));
    told
}

/// A few lines, and how many destinations fail.
fn status(body: &Value) -> (String, usize) {
    let failing: Vec<&Value> = rows(body).filter(|row| row["trouble"].is_object()).collect();
    let all = rows(body).count();
    let files: u64 = rows(body).filter_map(|row| row["waiting"].as_u64()).sum();
    let lag = rows(body)
        .filter(|row| row["waiting"] != 0)
        .filter_map(|row| row["lag_seconds"].as_u64())
        .max()
        .unwrap_or(0);
    let mut text = match all {
        0 => "no billing destination is configured\n".to_owned(),
        all => format!("{} of {all} billing destinations get their call records\n", all - failing.len()),
    };
    if files > 0 {
        let _ = writeln!(text, "{files} files wait, the oldest for {}", time(lag));
    }
    for row in &failing {
        text.push_str(&trouble(row));
    }
    (text, failing.len())
}

fn rehearsal(body: &Value) -> String {
    let mut text = format!("{}\n", body["destination"].as_str().unwrap_or_default());
    for passed in body["passed"].as_array().into_iter().flatten() {
        let step = passed["step"].as_str().unwrap_or_default().replace('_', " ");
        let _ = writeln!(text, "  ok      {step:<14} {:>6} ms", passed["milliseconds"].as_u64().unwrap_or(0));
    }
    for (what, name) in [("server", "server"), ("key of", "peer")] {
        if let Some(value) = body[name].as_str() {
            let _ = writeln!(text, "  {what:<7} {value}");
        }
    }
    let failure = &body["failure"];
    if let Some(step) = failure["step"].as_str() {
        let _ = writeln!(text, "  FAILED  {}", step.replace('_', " "));
        for line in failure["evidence"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(text, "  remedy: {}", failure["remedy"].as_str().unwrap_or_default());
    }
    text
}

const DESTINATIONS: &str = "/api/v1/cdr/destinations";

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Value {
        json!({ "destinations": [
            {
                "number": 1, "name": "billing", "place": "sftp://cdr@10.0.0.5:22", "state": "waiting", "waiting": 7,
                "more_waiting": false, "lag_seconds": 400, "next_attempt_seconds": 12,
                "trouble": {
                    "since": "2026-05-04T12:03:00.000Z", "attempts": 4, "kind": "path",
                    "sentence": "it has no folder", "remedy": "make it", "evidence": ["seen"],
                },
            },
            {
                "number": 2, "name": "archive", "place": "folder /srv/cdr", "state": "idle", "waiting": 0,
                "more_waiting": false, "lag_seconds": 0, "last_delivered": "2026-05-04T12:03:00.000Z",
            },
        ] })
    }

    #[test]
    fn destinations_are_listed_with_why_they_fail() {
        let expect = "\
No.  Name     Where                   State                  Waiting  Lag    Last delivered
1    billing  sftp://cdr@10.0.0.5:22  failing, again in 12 s  7        6 min
2    archive  folder /srv/cdr         idle                    0               2026-05-04T12:03:00.000Z

billing: it has no folder
  since 2026-05-04T12:03:00.000Z, 4 attempts
  seen
  remedy: make it
";
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed(&destinations(&body(), None)), squeezed(expect));
        assert_eq!(destinations(&json!({}), None), "no billing destination is configured\n");
    }

    #[test]
    fn the_status_counts_who_gets_nothing() {
        let (text, failing) = status(&body());
        assert_eq!(failing, 1);
        assert!(text.starts_with(
            "1 of 2 billing destinations get their call records\n7 files wait, the oldest for 6 min\n"
        ));
        assert_eq!(status(&json!({})), ("no billing destination is configured\n".to_owned(), 0));
    }

    #[test]
    fn a_rehearsal_shows_the_step_at_which_it_ended() {
        let text = rehearsal(&json!({
            "destination": "sftp://cdr@10.0.0.5:22", "passed": [{ "step": "connect", "milliseconds": 3 }],
            "server": "SSH-2.0-x",
            "failure": { "step": "host_key", "sentence": "s", "remedy": "pin it", "evidence": ["pinned: a"] },
        }));
        let expect = "sftp://cdr@10.0.0.5:22\n  ok      connect             3 ms\n  server  SSH-2.0-x\n  FAILED  host key\n  pinned: a\n  remedy: pin it\n";
        assert_eq!(text, expect);
    }
}
