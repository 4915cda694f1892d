//! `strowger messages LINE`: what waits for a line, and telling it as a voice mail does.

use serde_json::{Value, json};

use crate::changes::AskOptions;
use crate::client::query_value;
use crate::print;

/// Whose messages, and what becomes of them.
#[derive(clap::Args)]
pub(crate) struct MessagesOptions {
    /// The line: its number, or for example "1001 in Sales".
    line: String,
    /// Turn the lamp on or off.
    #[arg(long, value_parser = ["on", "off"])]
    lamp: Option<String>,
    /// How many messages were not heard yet; without --lamp it is lit when there are any.
    #[arg(long)]
    new: Option<u32>,
    /// How many were heard and kept.
    #[arg(long, requires = "new", default_value_t = 0)]
    old: u32,
    /// How many of the new ones are urgent.
    #[arg(long, requires = "new", default_value_t = 0)]
    urgent_new: u32,
    /// How many of the old ones are urgent.
    #[arg(long, requires = "new", default_value_t = 0)]
    urgent_old: u32,
    #[command(flatten)]
    ask: AskOptions,
}

impl MessagesOptions {
    /// Whether the lamp shall be lit; nothing when the line is only asked about.
    ///
    /// # Errors
    /// More messages are urgent than there are.
    fn waiting(&self) -> anyhow::Result<Option<bool>> {
        let new = self.new.unwrap_or(0);
        anyhow::ensure!(
            self.urgent_new <= new && self.urgent_old <= self.old,
            "more messages are urgent than there are"
        );
        Ok(self.lamp.as_ref().map(|lamp| lamp == "on").or_else(|| self.new.map(|new| new > 0)))
    }
}

/// Asks, or tells.
pub(crate) fn run(options: &MessagesOptions) -> anyhow::Result<()> {
    let server = options.ask.place.running_server()?;
    let answer = match options.waiting()? {
        None => server.get_json(&format!("/api/v1/messages?line={}", query_value(&options.line)))?,
        Some(waiting) => {
            let mut body = json!({ "line": options.line, "waiting": waiting });
            if let Some(new) = options.new {
                body["new"] = new.into();
                body["old"] = options.old.into();
                body["urgent_new"] = options.urgent_new.into();
                body["urgent_old"] = options.urgent_old.into();
            }
            server.post("/api/v1/messages", &body)?
        }
    };
    if options.ask.json { print::line(answer) } else { print::line(text(&answer)) }
}

/// `1001: the lamp is lit; 2 new (1 urgent), 3 old (0 urgent)`.
fn text(answer: &Value) -> String {
    let line = answer["line"].as_str().unwrap_or_default();
    let lamp = if answer["waiting"] == true { "lit" } else { "dark" };
    let count = |name: &str| answer[name].as_u64().unwrap_or_default();
    match answer["new"].as_u64() {
        None => format!("{line}: the lamp is {lamp}"),
        Some(new) => format!(
            "{line}: the lamp is {lamp}; {new} new ({} urgent), {} old ({} urgent)",
            count("urgent_new"),
            count("old"),
            count("urgent_old")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_said_as_far_as_it_is_known() {
        let check = |answer: Value, expect: &str| assert_eq!(text(&answer), expect);
        check(json!({ "line": "1001", "waiting": false }), "1001: the lamp is dark");
        let counted = json!({
            "line": "1001 in Sales", "waiting": true, "new": 2, "old": 3, "urgent_new": 1, "urgent_old": 0
        });
        check(counted, "1001 in Sales: the lamp is lit; 2 new (1 urgent), 3 old (0 urgent)");
    }
}
