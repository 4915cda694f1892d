//! The release binary: started as a user starts it, asked as an operator asks it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;

use super::baresip::Account;
use super::configuration::Configuration;
use super::process::{Process, until};
use super::{Context, wire};
use crate::{peers, workspace};

const PATIENCE: Duration = Duration::from_secs(15);

/// A running server.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// Everything that it writes is in here.
    pub(crate) data: PathBuf,
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    pub(crate) http: SocketAddr,
    secrets: BTreeMap<String, String>,
}

/// What `strowger explain` tells of a call.
#[derive(Debug)]
pub(crate) struct Story {
    /// The sentence that tells how it ended.
    pub(crate) outcome: String,
}

impl Story {
    /// Compares the sentence with the words that it must hold.
    ///
    /// # Errors
    /// The word that is missing.
    pub(crate) fn says(&self, words: &[&str]) -> Result<(), String> {
        let sentence = self.outcome.to_lowercase();
        match words.iter().find(|word| !sentence.contains(&word.to_lowercase())) {
            None => Ok(()),
            Some(missing) => Err(format!("the story does not say “{missing}”: “{}”", self.outcome)),
        }
    }
}

impl Server {
    /// `strowger lab --json` on free ports.
    ///
    /// # Errors
    /// When it does not start or its JSON line lacks something.
    pub(crate) fn lab(context: &Context, more: &[&str]) -> Result<Server, String> {
        Server::lab_in(&context.folder, &context.folder.join("data"), more)
    }

    /// The same on a data folder that may have been used before.
    ///
    /// # Errors
    /// See [`Server::lab`].
    pub(crate) fn lab_in(folder: &Path, data: &Path, more: &[&str]) -> Result<Server, String> {
        let mut command = program();
        command.args([
            "lab",
            "--json",
            "--listen",
            "127.0.0.1",
            "--sip-port",
            "0",
            "--http-port",
            "0",
            "--data",
        ]);
        command.arg(data).args(more);
        Server::start(folder, data, &mut command)
    }

    /// `strowger serve` with a configuration, on free ports.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn serve(context: &Context, configuration: &Configuration) -> Result<Server, String> {
        let path = context.folder.join("strowger.toml");
        std::fs::write(&path, configuration.text())
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let data = context.folder.join("data");
        let mut command = program();
        command.args(["serve", "--json", "--config"]).arg(&path);
        command.args(["--listen", "127.0.0.1", "--sip-port", "0", "--http-port", "0", "--data"]).arg(&data);
        Server::start(&context.folder, &data, &mut command)
    }

    /// The lab on a disk of 8 MiB, mounted at `data` for the server alone.
    ///
    /// # Errors
    /// When the system forbids such a mount, or see [`Server::lab`].
    pub(crate) fn lab_on_small_disk(folder: &Path, data: &Path) -> Result<Server, String> {
        let mut command = Command::new("unshare");
        command.args(if peers::is_root() {
            ["--mount"].as_slice()
        } else {
            &["--user", "--map-root-user", "--mount"]
        });
        command.args(["sh", "-c", r#"mount -t tmpfs -o size=8m tmpfs "$1" && shift && exec "$@""#, "sh"]);
        command.arg(data).arg(workspace::release_binary());
        command.args([
            "lab",
            "--json",
            "--listen",
            "127.0.0.1",
            "--sip-port",
            "0",
            "--http-port",
            "0",
            "--data",
        ]);
        command.arg(data);
        Server::start(folder, data, &mut command)
    }

    fn start(folder: &Path, data: &Path, command: &mut Command) -> Result<Server, String> {
        let log = folder.join("strowger.log");
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdout(Stdio::piped()).stderr(file);
        let mut process = Process::start_with_stdout("strowger", log, command)?;
        let line = first_line(&mut process)?;
        let facts: Value =
            serde_json::from_str(&line).map_err(|error| format!("{error} in the line {line}"))?;
        let listener = |transport: &str| {
            listener(&facts, transport).ok_or_else(|| format!("no {transport} listener in the line {line}"))
        };
        let (udp, tcp, http) = (listener("udp")?, listener("tcp")?, listener("http")?);
        let secrets = secrets(&facts);
        Ok(Server { process, data: data.to_path_buf(), udp, tcp, http, secrets })
    }

    /// The generated secret of a number; empty when it has none.
    pub(crate) fn secret(&self, number: &str) -> &str {
        self.secrets.get(number).map_or("", String::as_str)
    }

    /// A phone on one of its numbers, over UDP, in µ-law.
    pub(crate) fn account<'a>(&'a self, name: &'a str, number: &'a str, tone: u32) -> Account<'a> {
        Account {
            name,
            number,
            secret: self.secret(number),
            server: self.udp,
            transport: "udp",
            tone,
            codec: "PCMU/8000/1",
        }
    }

    /// Asks with a command of the program's own and reads the JSON that it prints.
    ///
    /// # Errors
    /// When the command fails or prints something else.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Result<Value, String> {
        let mut command = program();
        command.args(arguments).arg("--json").arg("--data").arg(&self.data);
        let output = command.output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "`strowger {}` ended with {}: {errors}{text}",
                arguments.join(" "),
                output.status
            ));
        }
        serde_json::from_str(&text)
            .map_err(|error| format!("`strowger {}`: {error}: {text}", arguments.join(" ")))
    }

    /// The calls that have ended, latest first.
    ///
    /// # Errors
    /// See [`Server::ask`].
    pub(crate) fn calls(&self) -> Result<Vec<Value>, String> {
        let answer = self.ask(&["calls"])?;
        let list = answer.as_array().or_else(|| answer["calls"].as_array());
        list.cloned().ok_or_else(|| format!("`calls --json` is no list: {answer}"))
    }

    /// The story of the latest call, once its record is written.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn explain_last(&self) -> Result<Story, String> {
        let mut last_error = String::new();
        until(PATIENCE, "the record of the call", || match self.story_of_latest() {
            Ok(story) => Some(story),
            Err(error) => {
                last_error = error;
                None
            }
        })
        .map_err(|error| format!("{error}: {last_error}"))
    }

    fn story_of_latest(&self) -> Result<Story, String> {
        let calls = self.calls()?;
        let latest = calls.first().ok_or("no call is listed")?;
        let id = ["call", "id"].iter().find_map(|name| latest[*name].as_str()).ok_or("the call has no id")?;
        let story = self.ask(&["explain", "call", id])?;
        let outcome = ["outcome", "summary"].iter().find_map(|name| story[*name].as_str());
        outcome
            .map(|outcome| Story { outcome: outcome.to_owned() })
            .ok_or_else(|| format!("no outcome in {story}"))
    }

    /// How many calls have a final record.
    ///
    /// # Errors
    /// See [`Server::ask`].
    pub(crate) fn records(&self) -> Result<usize, String> {
        Ok(self.calls()?.len())
    }

    /// Waits until so many calls have a final record.
    ///
    /// # Errors
    /// When there are fewer after all the time.
    pub(crate) fn wait_for_records(&self, count: usize) -> Result<(), String> {
        until(PATIENCE, &format!("{count} records"), || (self.records().ok()? >= count).then_some(()))
    }

    /// What the operator is told about a refused registration on this number.
    ///
    /// # Errors
    /// When he is told nothing.
    pub(crate) fn refusal(&self, number: &str) -> Result<String, String> {
        until(PATIENCE, "a word about the refusal", || {
            let said = self.process.printed();
            let line = said.lines().find(|line| line.contains(number) && line.contains("password"))?;
            Some(line.to_owned())
        })
    }

    /// What the operator is told about a full disk.
    ///
    /// # Errors
    /// When he is told nothing.
    pub(crate) fn says_disk_is_full(&self) -> Result<String, String> {
        until(PATIENCE, "a word about the full disk", || {
            let said = self.process.printed();
            Some(said.lines().find(|line| line.to_lowercase().contains("full"))?.to_owned())
        })
    }

    /// Asserts that it runs, answers and counts.
    ///
    /// # Errors
    /// What it does not do.
    pub(crate) fn is_well(&self) -> Result<(), String> {
        wire::options(self.udp)?;
        let (status, body) = wire::http_get(self.http, "/healthz")?;
        if status != 200 {
            return Err(format!("/healthz says {status}: {body}"));
        }
        let (status, metrics) = wire::http_get(self.http, "/metrics")?;
        if status != 200 || !metrics.contains("# TYPE strowger_") {
            return Err(format!("/metrics says {status}: {}", metrics.get(..200).unwrap_or(&metrics)));
        }
        Ok(())
    }
}

/// The program that is shipped.
pub(crate) fn program() -> Command {
    Command::new(workspace::release_binary())
}

fn first_line(process: &mut Process) -> Result<String, String> {
    let stdout = process.take_stdout().ok_or("no standard output")?;
    let (sender, receiver) = channel();
    // The thread goes on reading, or the server would block on a full pipe.
    std::thread::spawn(move || {
        BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
    });
    receiver
        .recv_timeout(PATIENCE)
        .map_err(|_| format!("the server printed no line; it said:\n{}", process.printed()))
}

fn listener(facts: &Value, transport: &str) -> Option<SocketAddr> {
    let of_transport = |entry: &&Value| {
        let name = ["transport", "protocol"].iter().find_map(|name| entry[*name].as_str());
        name.is_some_and(|name| name.eq_ignore_ascii_case(transport))
    };
    facts["listeners"].as_array()?.iter().find(of_transport)?["address"].as_str()?.parse().ok()
}

fn secrets(facts: &Value) -> BTreeMap<String, String> {
    let numbers = facts["numbers"].as_array().into_iter().flatten();
    let pair =
        |entry: &Value| Some((entry["number"].as_str()?.to_owned(), entry["secret"].as_str()?.to_owned()));
    numbers.filter_map(pair).collect()
}
