//! `strowger export | plan | apply | import | confirm | revert | history | show | diff | rollback | password`: the configuration as
//! code.
//!
//! All of them are questions and orders to a running server; what a folder or a table holds is only read and written here.

mod bar;
mod folder;
mod import;
mod past;
mod story;

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Ordered, Place};
use crate::print;

pub(crate) use folder::{ApplyOptions, ExportOptions, FolderOptions, apply, export, plan};
pub(crate) use import::{ImportOptions, import};
pub(crate) use past::{HistoryOptions, RollbackOptions, confirm, diff, history, revert, rollback, show};

/// A server, and the form of what it says.
#[derive(clap::Args)]
pub(crate) struct AskOptions {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a change is made.
#[derive(clap::Args)]
struct MakeOptions {
    /// Why, for the history.
    #[arg(long, short, default_value = "")]
    message: String,
    /// Take the change back when nobody runs `strowger confirm` within this time, for example 60s or 5m.
    #[arg(long, value_parser = seconds, value_name = "TIME")]
    confirm: Option<Duration>,
    /// The change that this was made from; what somebody else changed since is a conflict.
    #[arg(long, value_name = "CHANGE")]
    base: Option<u64>,
}

impl MakeOptions {
    /// Puts them into the body of an order.
    fn put_into(&self, body: &mut Value) {
        body["message"] = json!(self.message);
        if let Some(confirm) = self.confirm {
            body["confirm_seconds"] = json!(confirm.as_secs());
        }
        if let Some(base) = self.base {
            body["base"] = json!(base);
        }
    }

    /// What is said after what a change does.
    fn outcome(&self, answer: &Value) -> String {
        let mut text = String::new();
        if let Some(change) = answer.get("change").and_then(Value::as_u64) {
            _ = writeln!(text, "change {change} is in force");
            if let Some(within) = self.confirm {
                let within = within.as_secs();
                _ = writeln!(text, "it is taken back in {within} s, unless you run: strowger confirm");
            }
        }
        text
    }
}

/// What came of an order; a conflict is told in full before it is an error that says how to go on.
fn made(ordered: Ordered, json: bool, way_on: impl FnOnce(u64) -> String) -> anyhow::Result<Value> {
    let (detail, conflict) = match ordered {
        Ordered::Done(answer) => return Ok(answer),
        Ordered::Conflict { detail, conflict } => (detail, conflict),
    };
    if json {
        print::line(&conflict)?;
        anyhow::bail!("{detail}");
    }
    print::print(story::conflict(&conflict))?;
    let number = |name: &str| conflict.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (head, base) = (number("head"), number("base"));
    // What was on trial may have been taken back by itself, and nobody else did anything.
    let lapsed =
        detail.split_once("; change ").map_or_else(String::new, |(_, rest)| format!(". Change {rest}"));
    anyhow::bail!(
        "nothing was changed: the configuration is at change {head} now, and not at change {base}, which this was made \
         from{lapsed}. {}",
        way_on(head)
    )
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
}
