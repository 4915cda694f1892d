//! `strowger confirm | revert | history | show | diff | rollback`: changes that were made.

use std::fmt::Write;

use serde_json::{Value, json};

use super::AskOptions;
use super::story::{list, story};
use crate::print;
use crate::table::{Table, terminal_width};

/// Which changes are listed.
#[derive(clap::Args)]
pub(crate) struct HistoryOptions {
    /// At most so many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    #[command(flatten)]
    ask: AskOptions,
}

/// Which change is taken back.
#[derive(clap::Args)]
pub(crate) struct RollbackOptions {
    /// The number of the change.
    change: u64,
    /// Bring everything back as it was after this change, instead of taking back this change alone.
    #[arg(long)]
    to: bool,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
    /// Why, for the history.
    #[arg(long, short, default_value = "")]
    message: String,
    #[command(flatten)]
    ask: AskOptions,
}

/// Confirms the change on trial.
pub(crate) fn confirm(options: &AskOptions) -> anyhow::Result<()> {
    let answer = options.place.running_server()?.post("/api/v1/trial/confirm", &json!({}))?;
    if options.json { print::line(answer) } else { print::line("confirmed: the change stays") }
}

/// Takes the change on trial back.
pub(crate) fn revert(options: &AskOptions) -> anyhow::Result<()> {
    let answer = options.place.running_server()?.post("/api/v1/trial/revert", &json!({}))?;
    if options.json {
        return print::line(answer);
    }
    print::print(story(&answer) + "the change on trial is taken back\n")
}

/// Takes a change back.
pub(crate) fn rollback(options: &RollbackOptions) -> anyhow::Result<()> {
    let verb = if options.to { "return" } else { "undo" };
    let path = format!(
        "/api/v1/changes/{}/{verb}?dry_run={}&message={}",
        options.change,
        options.dry_run,
        crate::client::query_value(&options.message)
    );
    let answer = options.ask.place.running_server()?.post(&path, &json!({}))?;
    if options.ask.json {
        return print::line(answer);
    }
    let mut text = story(&answer);
    if let Some(change) = answer.get("change").and_then(Value::as_u64) {
        _ = writeln!(text, "change {change} is in force");
    }
    print::print(text)
}

/// Lists changes.
pub(crate) fn history(options: &HistoryOptions) -> anyhow::Result<()> {
    let path = format!("/api/v1/changes?limit={}", options.limit);
    let answer = options.ask.place.running_server()?.get_json(&path)?;
    if options.ask.json {
        return print::line(answer);
    }
    let mut table = Table::new(["Change", "When", "Who", "Objects", "Why"], &[2, 4]);
    for change in list(&answer, "changes") {
        let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| change.get(name).and_then(Value::as_u64).unwrap_or(0).to_string();
        let message = match purpose(change) {
            Some(purpose) if text("message").is_empty() => purpose,
            Some(purpose) => format!("{purpose}: {}", text("message")),
            None => text("message"),
        };
        table.push([number("change"), text("at"), text("author"), number("objects"), message]);
    }
    if table.is_empty() {
        return print::line("nothing was ever changed");
    }
    print::print(table.text(terminal_width()))
}

/// What a change did to those before it.
fn purpose(change: &Value) -> Option<String> {
    let purpose = change.get("purpose")?.as_object()?;
    let number = |name: &str| purpose.get(name).and_then(Value::as_u64);
    if let Some(until) = purpose.get("trial_until").and_then(Value::as_str) {
        return Some(format!("on trial until {until}"));
    }
    number("confirms")
        .map(|of| format!("confirms {of}"))
        .or_else(|| number("beside_trial").map(|of| format!("beside {of}, which was on trial")))
        .or_else(|| number("takes_back").map(|of| format!("takes back {of}")))
        .or_else(|| number("returns_to").map(|to| format!("returns to {to}")))
}

/// Shows one change.
pub(crate) fn show(change: u64, options: &AskOptions) -> anyhow::Result<()> {
    let answer = options.place.running_server()?.get_json(&format!("/api/v1/changes/{change}"))?;
    if options.json {
        return print::line(answer);
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut shown = format!("change {change}, {} by {}\n", text("at"), text("author"));
    if let Some(purpose) = purpose(&answer) {
        _ = writeln!(shown, "{purpose}");
    }
    if !text("message").is_empty() {
        _ = writeln!(shown, "{}", text("message"));
    }
    shown.push('\n');
    print::print(shown + &story(&answer))
}

/// Shows what is different between two changes.
pub(crate) fn diff(from: u64, to: u64, options: &AskOptions) -> anyhow::Result<()> {
    let answer = options.place.running_server()?.get_json(&format!("/api/v1/changes/{from}/to/{to}"))?;
    if options.json { print::line(answer) } else { print::print(story(&answer)) }
}
