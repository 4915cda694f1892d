//! `strowger export | plan | apply | confirm | revert | history | show | diff | rollback`: the configuration as code.
//!
//! All of them are questions and orders to a running server; what a folder holds is only read and written here.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::client::Place;
use crate::print;
use crate::table::{Table, terminal_width};

/// A folder of configuration files, and how to apply it.
#[derive(clap::Args)]
pub(crate) struct FolderOptions {
    /// Folder with TOML files, as `strowger export` writes them.
    folder: PathBuf,
    /// Only add and change what the files name; remove nothing.
    #[arg(long)]
    keep_others: bool,
    #[command(flatten)]
    place: Place,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a change is made.
#[derive(clap::Args)]
pub(crate) struct ApplyOptions {
    #[command(flatten)]
    folder: FolderOptions,
    /// Why, for the history.
    #[arg(long, short, default_value = "")]
    message: String,
    /// Take the change back when nobody runs `strowger confirm` within this time, for example 60s or 5m.
    #[arg(long, value_parser = seconds, value_name = "TIME")]
    confirm: Option<Duration>,
    /// The change that the files were made from, as `export` printed it; one that somebody else made since is a conflict.
    #[arg(long, value_name = "CHANGE")]
    base: Option<u64>,
}

/// A server, and the form of what it says.
#[derive(clap::Args)]
pub(crate) struct AskOptions {
    #[command(flatten)]
    place: Place,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is exported.
#[derive(clap::Args)]
pub(crate) struct ExportOptions {
    /// Folder for the files; made when it is not there.
    folder: PathBuf,
    /// As it was after this change, in place of what is in force.
    #[arg(long, value_name = "CHANGE")]
    at: Option<u64>,
    #[command(flatten)]
    ask: AskOptions,
}

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

fn seconds(text: &str) -> Result<Duration, String> {
    let expected = "expected a time such as 60s or 5m, from 5s to 1h";
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, text.chars().last().unwrap_or('s')),
        None => (text, 's'),
    };
    let number: u64 = number.parse().map_err(|_| expected)?;
    let factor = match unit {
        'm' => 60,
        'h' => 3600,
        _ => 1,
    };
    let seconds = number.checked_mul(factor).filter(|seconds| (5..=3600).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| expected.to_owned())
}

/// Whose password is set.
#[derive(clap::Args)]
pub(crate) struct PasswordOptions {
    /// The name of the user.
    user: String,
    /// Make an application user with this role when there is none of the name.
    #[arg(long, value_parser = ["read-only", "operator", "administrator"])]
    role: Option<String>,
    #[command(flatten)]
    ask: AskOptions,
}

/// Sets a password, which is read from the terminal without showing it, or from standard input.
pub(crate) fn password(options: &PasswordOptions) -> anyhow::Result<()> {
    let server = options.ask.place.running_server()?;
    let password = crate::print::hidden_line(&format!("New password of {}: ", options.user))?;
    let mut body = json!({ "password": password });
    if let Some(role) = &options.role {
        body["create_with_role"] = json!(role);
    }
    let path = format!("/api/v1/users/{}/password", crate::client::query_value(&options.user));
    let answer = server.post(&path, &body)?;
    if options.ask.json {
        return print::line(answer);
    }
    print::line(format_args!("{} can log in with it", options.user))
}

/// Writes the whole configuration as files.
pub(crate) fn export(options: &ExportOptions) -> anyhow::Result<()> {
    let at = options.at.map_or_else(String::new, |change| format!("?change={change}"));
    let answer = options.ask.place.running_server()?.get_json(&format!("/api/v1/export{at}"))?;
    let folder = &options.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let files = answer.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named: Vec<(&str, &str)> = files
        .iter()
        .filter_map(|file| Some((file.get("name")?.as_str()?, file.get("text")?.as_str()?)))
        .collect();
    // A file of an earlier export that is left behind would bring back what was removed since.
    for path in toml_files(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let is_ours = fs::read_to_string(&path).is_ok_and(|text| text.starts_with("# "));
        if !named.iter().any(|(new, _)| *new == name) && is_ours {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    for (name, text) in &named {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let change = answer.get("change").and_then(Value::as_u64).unwrap_or(0);
    if options.ask.json {
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        return print::line(json!({ "change": change, "files": names }));
    }
    print::line(format_args!("{} files in {}, as of change {change}", named.len(), folder.display()))
}

/// Says what applying a folder would do.
pub(crate) fn plan(options: &FolderOptions) -> anyhow::Result<()> {
    let answer = options.send(json!({ "dry_run": true }))?;
    if options.json {
        return print::line(answer);
    }
    print::print(story(&answer))
}

/// Makes the configuration what a folder says.
pub(crate) fn apply(options: &ApplyOptions) -> anyhow::Result<()> {
    let mut body = json!({ "message": options.message });
    if let Some(confirm) = options.confirm {
        body["confirm_seconds"] = json!(confirm.as_secs());
    }
    if let Some(base) = options.base {
        body["base"] = json!(base);
    }
    let answer = options.folder.send(body)?;
    if options.folder.json {
        return print::line(answer);
    }
    let mut text = story(&answer);
    if let Some(change) = answer.get("change").and_then(Value::as_u64) {
        _ = writeln!(text, "change {change} is in force");
        if let Some(within) = options.confirm {
            _ = writeln!(
                text,
                "it is taken back in {} s, unless you run: strowger confirm",
                within.as_secs()
            );
        }
    }
    print::print(text)
}

impl FolderOptions {
    /// Sends the files with what else is wanted.
    fn send(&self, mut body: Value) -> anyhow::Result<Value> {
        let server = self.place.running_server()?;
        let mut files = Vec::new();
        for path in toml_files(&self.folder)? {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push(json!({ "name": path.strip_prefix(&self.folder).unwrap_or(&path), "text": text }));
        }
        anyhow::ensure!(
            !files.is_empty(),
            "{} has no .toml files; `strowger export {}` writes what is in force",
            self.folder.display(),
            self.folder.display()
        );
        body["files"] = Value::Array(files);
        body["scope"] = json!(if self.keep_others { "objects" } else { "whole" });
        server.post("/api/v1/changes", &body)
    }
}

/// Every TOML file in a folder and below it, in the order of their names.
fn toml_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if is_hidden {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
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

/// What a change does, for people.
fn story(answer: &Value) -> String {
    let mut text = String::new();
    let mut counts = [0usize; 3];
    for difference in list(answer, "differences") {
        let word = |name: &str| difference.get(name).and_then(Value::as_str).unwrap_or_default();
        let (sign, count) = match word("what") {
            "added" => ('+', 0),
            "removed" => ('-', 1),
            _ => ('~', 2),
        };
        if let Some(count) = counts.get_mut(count) {
            *count += 1;
        }
        _ = writeln!(text, "{sign} {} {}", word("kind").replace('_', " "), word("key"));
        // What goes is named; all that it had would hide what changes.
        if sign == '-' {
            continue;
        }
        for setting in list(difference, "settings") {
            let word = |name: &str| setting.get(name).and_then(Value::as_str).unwrap_or_default();
            match setting.get("after") {
                // What something new would be without the setting does not matter.
                Some(after) if sign == '+' => _ = writeln!(text, "    {}: {after}", word("setting")),
                Some(_) | None => _ = writeln!(text, "    {}", word("text")),
            }
        }
    }
    for consequence in list(answer, "consequences") {
        _ = writeln!(text, "! {}", consequence.as_str().unwrap_or_default());
    }
    let [added, removed, changed] = counts;
    if added + removed + changed == 0 {
        return "nothing changes\n".to_owned();
    }
    _ = writeln!(text, "{added} added, {changed} changed, {removed} removed");
    text
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_a_confirmation() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(seconds(text).ok().map(|time| time.as_secs()), expect, "{text}");
        };
        check("60s", Some(60));
        check("60", Some(60));
        check("5m", Some(300));
        check("1h", Some(3600));
        for wrong in ["", "s", "4s", "2h", "-5s", "1.5m", "five", "18446744073709551615h"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_change_reads_like_a_list() {
        let answer = json!({ "differences": [
            { "kind": "route_pattern", "key": "0!", "what": "added", "settings": [
                { "setting": "pattern", "after": "0!", "text": "pattern: nothing -> \"0!\"" },
            ] },
            { "kind": "line", "key": "internal:1001", "what": "changed", "settings": [
                { "text": "busy_trigger: 2 -> 3" },
            ] },
            { "kind": "line", "key": "internal:1002", "what": "removed", "settings": [
                { "text": "pattern: \"1002\" -> nothing" },
            ] },
        ] });
        let expect = "+ route pattern 0!\n    pattern: \"0!\"\n~ line internal:1001\n    busy_trigger: 2 -> 3\n\
                      - line internal:1002\n1 added, 1 changed, 1 removed\n";
        assert_eq!(story(&answer), expect);
        assert_eq!(story(&json!({ "differences": [] })), "nothing changes\n");
    }
}
