//! `strowger call release | transfer | join | conference | feature | record | stop-recording`: what is done with a call that goes on.

use serde_json::json;
use strowger_base::CallId;

use crate::changes::AskOptions;
use crate::print;

/// What is done with a call. Everything that a call is asked for stands in its story.
#[derive(clap::Subcommand)]
pub(crate) enum CallCommand {
    /// End a call, wherever it stands.
    Release {
        /// Its id, as `strowger calls` prints it; or `last`, the newest that goes on.
        #[arg(value_parser = which)]
        call: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Send a party of an answered call to a number; the other one is released when somebody is reached.
    Transfer {
        /// Its id, as `strowger calls` prints it; or `last`, the newest that goes on.
        #[arg(value_parser = which)]
        call: String,
        /// Who goes on: calling (the caller) or called.
        #[arg(value_parser = party)]
        party: String,
        /// The number, as the other party could dial it.
        to: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Let a party of an answered call talk with one of another; the two others are released.
    Join {
        /// The id of the first call; or `last`, the newest that goes on.
        #[arg(value_parser = which)]
        call: String,
        /// Who of it goes on: calling (the caller) or called.
        #[arg(value_parser = party)]
        party: String,
        /// The id of the other call.
        other: CallId,
        /// Who of that one goes on: calling (the caller) or called.
        #[arg(value_parser = party)]
        other_party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Make one conference of two answered calls of a party; or take the other party of the second call into the conference of the first.
    Conference {
        /// The id of the first call; or `last`, the newest that goes on.
        #[arg(value_parser = which)]
        call: String,
        /// Who has it: calling (the caller) or called.
        #[arg(value_parser = party)]
        party: String,
        /// The id of the other call.
        other: CallId,
        /// Who it is there: calling (the caller) or called.
        #[arg(value_parser = party)]
        other_party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Record a party's call from here on, as its line's recording profile says.
    Record {
        /// The id of the call; or `last`, the newest that goes on.
        #[arg(value_parser = which)]
        call: String,
        /// Whose line it is: calling (the caller) or called.
        #[arg(value_parser = party)]
        party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Record it no more.
    StopRecording {
        /// The id of the call; or `last`, the newest that goes on.
        #[arg(value_parser = which)]
        call: String,
        /// Whose line it is: calling (the caller) or called.
        #[arg(value_parser = party)]
        party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Ask for a feature as if a party had pressed the key for it.
    Feature {
        /// The id of the call; or `last`, the newest that goes on.
        #[arg(value_parser = which)]
        call: String,
        /// For whom: calling (the caller) or called.
        #[arg(value_parser = party)]
        party: String,
        /// What for.
        #[arg(value_parser = FEATURES)]
        feature: String,
        #[command(flatten)]
        ask: AskOptions,
    },
}

/// A party of a call: stories say "the caller" and "the called".
fn party(text: &str) -> Result<String, String> {
    match text {
        "calling" | "caller" => Ok("calling".to_owned()),
        "called" | "callee" => Ok("called".to_owned()),
        _ => Err("expected calling or called".to_owned()),
    }
}

/// A call that goes on.
fn which(text: &str) -> Result<String, String> {
    match text {
        "last" => Ok(text.to_owned()),
        id => id
            .parse::<CallId>()
            .map(|id| id.to_string())
            .map_err(|_| "expected an id like C1.0.42, or last".to_owned()),
    }
}

const FEATURES: [&str; 11] = [
    "park",
    "divert",
    "conference-drop-last",
    "call-back",
    "malicious-call",
    "privacy-on",
    "privacy-off",
    "record-on",
    "record-off",
    "talk",
    "quality-report",
];

/// Carries a command about a call out.
pub(crate) fn run(command: &CallCommand) -> anyhow::Result<()> {
    let (call, action, body, ask) = match command {
        CallCommand::Release { call, ask } => (call, "release", json!({}), ask),
        CallCommand::Transfer { call, party, to, ask } => {
            (call, "transfer", json!({ "party": party, "to": to }), ask)
        }
        CallCommand::Join { call, party, other, other_party, ask } => {
            let body = json!({ "party": party, "other": other.to_string(), "other_party": other_party });
            (call, "join", body, ask)
        }
        CallCommand::Conference { call, party, other, other_party, ask } => {
            let body = json!({ "party": party, "other": other.to_string(), "other_party": other_party });
            (call, "conference", body, ask)
        }
        CallCommand::Record { call, party, ask } => {
            (call, "feature", json!({ "party": party, "feature": "record-on" }), ask)
        }
        CallCommand::StopRecording { call, party, ask } => {
            (call, "feature", json!({ "party": party, "feature": "record-off" }), ask)
        }
        CallCommand::Feature { call, party, feature, ask } => {
            (call, "feature", json!({ "party": party, "feature": feature }), ask)
        }
    };
    let answer = ask.place.running_server()?.post(&format!("/api/v1/calls/{call}/{action}"), &body)?;
    if ask.json {
        return print::line(answer);
    }
    let call = answer["call"].as_str().unwrap_or(call);
    print::line(format_args!("ordered; `strowger explain call {call}` tells what becomes of it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_called_as_stories_call_it_and_a_call_by_its_id_or_as_the_last() {
        assert_eq!((party("caller"), party("called")), (Ok("calling".into()), Ok("called".into())));
        assert!(party("both").is_err());
        assert_eq!((which("last"), which("C1.0.42")), (Ok("last".into()), Ok("C1.0.42".into())));
        assert!(which("42").is_err());
    }
}
