//! `strowger token create | list | revoke`: what programs prove themselves with over the network.

use serde_json::{Value, json};

use crate::changes::AskOptions;
use crate::client::query_value;
use crate::print;
use crate::table::{Table, terminal_width};

/// What is done with tokens.
#[derive(clap::Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token. It is shown once: what is kept is a digest.
    Create {
        /// Its name, which the history shows.
        name: String,
        /// What it may do.
        #[arg(long, value_parser = ["read-only", "operator", "administrator"], default_value = "read-only")]
        role: String,
        /// After how long it is worth nothing, for example 90d; it does not expire when not given.
        #[arg(long, value_parser = days, value_name = "TIME")]
        expires: Option<u32>,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// List the tokens: role, end, last use.
    List {
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Revoke a token: it is worth nothing from now on.
    Revoke {
        /// Its name.
        name: String,
        #[command(flatten)]
        ask: AskOptions,
    },
}

/// Carries a command about tokens out.
pub(crate) fn run(command: &TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { name, role, expires, description, ask } => {
            let mut body = json!({ "name": name, "role": role, "description": description });
            if let Some(days) = expires {
                body["expires_days"] = json!(days);
            }
            let answer = ask.place.running_server()?.post("/api/v1/tokens", &body)?;
            if ask.json {
                return print::line(answer);
            }
            print::line(answer["token"].as_str().unwrap_or_default())?;
            let until = answer["expires"].as_str().map_or_else(String::new, |at| format!(", until {at} UTC"));
            // Standard output has the token alone, for a file.
            crate::log::info(format!(
                "the token {name} may do what {role} may{until}; it is not shown again"
            ))
            .write();
            Ok(())
        }
        TokenCommand::List { ask } => {
            let answer = ask.place.running_server()?.get_json("/api/v1/tokens")?;
            if ask.json { print::line(answer) } else { print::print(text(&answer, terminal_width())) }
        }
        TokenCommand::Revoke { name, ask } => {
            let path = format!("/api/v1/tokens/{}", query_value(name));
            let answer = ask.place.running_server()?.delete(&path)?;
            if ask.json {
                print::line(answer)
            } else {
                print::line(format_args!("the token {name} is revoked"))
            }
        }
    }
}

fn text(answer: &Value, width: Option<usize>) -> String {
    let mut table = Table::new(["Token", "Role", "Until (UTC)", "Last used (UTC)", "From", "For"], &[0, 5]);
    for token in answer["tokens"].as_array().into_iter().flatten() {
        let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
        let until = match (token["expires"].as_str(), token["expired"].as_bool()) {
            (Some(at), Some(true)) => format!("{at} (over)"),
            (at, _) => at.unwrap_or("-").to_owned(),
        };
        let last = token["last_used"].as_str().and_then(|at| at.get(..19));
        let last = last.map_or_else(|| "not since the start".to_owned(), |at| at.replace('T', " "));
        table.push([text("name"), text("role"), until, last, text("last_used_from"), text("description")]);
    }
    if table.is_empty() { "no tokens\n".to_owned() } else { table.text(width) }
}

fn days(text: &str) -> Result<u32, String> {
    let days = text.strip_suffix('d').unwrap_or(text).parse().ok();
    days.filter(|days| (1..=3650).contains(days))
        .ok_or_else(|| "expected 1d to 3650d, for example 90d".to_owned())
}
