//! `strowger sounds list | add | remove`: sound files for music on hold.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use crate::changes::AskOptions;
use crate::client::query_value;
use crate::print;
use crate::table::{Table, terminal_width};

/// What is done with sound files.
#[derive(clap::Subcommand)]
pub(crate) enum SoundCommand {
    /// List the files, and which audio sources play them.
    List {
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Put a WAV file there, or another one in place of it. An audio source (`strowger apply`) makes music of it.
    Add {
        /// The file: PCM of 8, 16 or 24 bits or G.711, 8 to 48 kHz, mono or stereo.
        file: PathBuf,
        /// What it is called there; as it is called here when not given.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        ask: AskOptions,
    },
    /// Remove a file that no audio source plays.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        ask: AskOptions,
    },
}

/// Carries a command about sound files out.
pub(crate) fn run(command: &SoundCommand) -> anyhow::Result<()> {
    match command {
        SoundCommand::List { ask } => {
            let answer = ask.place.running_server()?.get_json("/api/v1/sounds")?;
            if ask.json { print::line(answer) } else { print::print(text(&answer, terminal_width())) }
        }
        SoundCommand::Add { file, name, ask } => {
            let own = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let name = name.as_deref().unwrap_or(own);
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let path = format!("/api/v1/sounds/{}", query_value(name));
            let answer = ask.place.running_server()?.put_file(&path, "audio/wav", bytes)?;
            if ask.json {
                return print::line(answer);
            }
            print::line(format_args!("{name} is there and plays for {}", seconds(&answer["milliseconds"])))
        }
        SoundCommand::Remove { name, ask } => {
            let path = format!("/api/v1/sounds/{}", query_value(name));
            let answer = ask.place.running_server()?.delete(&path)?;
            if ask.json { print::line(answer) } else { print::line(format_args!("{name} is removed")) }
        }
    }
}

fn text(answer: &Value, width: Option<usize>) -> String {
    let mut table = Table::new(["File", "Bytes", "Plays", "Audio sources"], &[0, 3]);
    for sound in answer["sounds"].as_array().into_iter().flatten() {
        let sources: Vec<&str> =
            sound["sources"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        table.push([
            sound["name"].as_str().unwrap_or_default().to_owned(),
            sound["bytes"].as_u64().unwrap_or_default().to_string(),
            seconds(&sound["milliseconds"]),
            sources.join(", "),
        ]);
    }
    if table.is_empty() { "no sounds\n".to_owned() } else { table.text(width) }
}

fn seconds(milliseconds: &Value) -> String {
    milliseconds.as_u64().map_or_else(|| "-".to_owned(), |ms| format!("{}.{} s", ms / 1000, ms % 1000 / 100))
}
