//! `strowger events`: what happens, as it happens.

use std::io::Write;

use serde_json::Value;

use crate::changes::AskOptions;

/// What is followed.
#[derive(clap::Args)]
pub(crate) struct EventsOptions {
    /// Only events of this type; may be repeated.
    #[arg(long = "type", value_name = "TYPE", value_parser = ["registration", "call", "alarm", "change"])]
    types: Vec<String>,
    /// What happened since the event with this id comes first.
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    #[command(flatten)]
    ask: AskOptions,
}

/// Prints events until the server ends, or nobody reads any more.
pub(crate) fn follow(options: &EventsOptions) -> anyhow::Result<()> {
    let server = options.ask.place.running_server()?;
    let mut path = "/api/v1/events?".to_owned();
    if !options.types.is_empty() {
        path.push_str(&format!("types={}&", options.types.join(",")));
    }
    if let Some(after) = &options.after {
        path.push_str(&format!("after={}", crate::client::query_value(after)));
    }
    server.follow(path.trim_end_matches(['?', '&']), |json| {
        let mut out = std::io::stdout().lock();
        let said = match (options.ask.json, serde_json::from_str::<Value>(json)) {
            (false, Ok(event)) => writeln!(out, "{}", line(&event)),
            (true, _) | (false, Err(_)) => writeln!(out, "{json}"),
        };
        match said.and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error.into()),
        }
    })
}

/// An event as a person reads it: time, type, and what it says.
fn line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    if text("type") == "lagged" {
        let lost = event["lost"].as_u64().map_or_else(|| "some".to_owned(), |lost| lost.to_string());
        return format!("{lost} events are lost");
    }
    let at = text("at").get(..19).unwrap_or_default().replace('T', " ");
    let mut line = format!("{at}  {:<12}", text("type"));
    for (name, value) in event.as_object().into_iter().flatten() {
        if matches!(name.as_str(), "id" | "type" | "at") {
            continue;
        }
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) if text.contains(|c: char| c.is_whitespace() || c.is_control()) => {
                line.push_str(&format!(" {name}={text:?}"));
            }
            Value::String(text) => line.push_str(&format!(" {name}={text}")),
            Value::Object(party) => {
                let number = party.get("number").and_then(Value::as_str).unwrap_or_default();
                if !number.is_empty() {
                    line.push_str(&format!(" {name}={number}"));
                }
            }
            other => line.push_str(&format!(" {name}={other}")),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_lines() {
        let check = |json: &str, expect: &str| assert_eq!(line(&serde_json::from_str(json).unwrap()), expect);
        check(
            r#"{"id":"1-2","type":"call","at":"2026-11-21T08:00:00.000Z","state":"began","called":"9 1","calling":{"number":"1001","name":"A"},"talk_seconds":null}"#,
            r#"2026-11-21 08:00:00  call         called="9 1" calling=1001 state=began"#,
        );
        check(r#"{"type":"lagged","lost":3}"#, "3 events are lost");
        check(r#"{"type":"lagged","lost":null}"#, "some events are lost");
    }
}
