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
        /// Its id, as `strowger calls` prints it.
        call: CallId,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Send a party of an answered call to a number; the other one is released when somebody is reached.
    Transfer {
        /// Its id, as `strowger calls` prints it.
        call: CallId,
        /// Who goes on.
        #[arg(value_parser = PARTIES)]
        party: String,
        /// The number, as the other party could dial it.
        to: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Let a party of an answered call talk with one of another; the two others are released.
    Join {
        /// The id of the first call.
        call: CallId,
        /// Who of it goes on.
        #[arg(value_parser = PARTIES)]
        party: String,
        /// The id of the other call.
        other: CallId,
        /// Who of that one goes on.
        #[arg(value_parser = PARTIES)]
        other_party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Make one conference of two answered calls of a party; or take the other party of the second call into the conference of the first.
    Conference {
        /// The id of the first call.
        call: CallId,
        /// Who has it.
        #[arg(value_parser = PARTIES)]
        party: String,
        /// The id of the other call.
        other: CallId,
        /// Who it is there.
        #[arg(value_parser = PARTIES)]
        other_party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Record a party's call from here on, as its line's recording profile says.
    Record {
        /// The id of the call.
        call: CallId,
        /// Whose line it is.
        #[arg(value_parser = PARTIES)]
        party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Record it no more.
    StopRecording {
        /// The id of the call.
        call: CallId,
        /// Whose line it is.
        #[arg(value_parser = PARTIES)]
        party: String,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Ask for a feature as if a party had pressed the key for it.
    Feature {
        /// The id of the call.
        call: CallId,
        /// For whom.
        #[arg(value_parser = PARTIES)]
        party: String,
        /// What for.
        #[arg(value_parser = FEATURES)]
        feature: String,
        #[command(flatten)]
        ask: AskOptions,
    },
}

const PARTIES: [&str; 2] = ["calling", "called"];
const FEATURES: [&str; 10] = [
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
    print::line(format_args!("ordered; `strowger explain call {call}` tells what becomes of it"))
}
