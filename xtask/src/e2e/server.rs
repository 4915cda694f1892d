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
use super::{Context, ports, wire};
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
    /// The sentence that tells what became of it and why.
    pub(crate) headline: String,
    /// Everything that happened, a sentence in a line.
    pub(crate) lines: String,
}

impl Story {
    /// Compares the one sentence with the words that it must hold.
    ///
    /// # Errors
    /// The word that is missing.
    pub(crate) fn says(&self, words: &[&str]) -> Result<(), String> {
        holds(&self.headline, words)
    }

    /// Compares the whole story with the words that it must hold.
    ///
    /// # Errors
    /// The word that is missing.
    pub(crate) fn tells(&self, words: &[&str]) -> Result<(), String> {
        holds(&format!("{}\n{}", self.headline, self.lines), words)
    }
}

fn holds(text: &str, words: &[&str]) -> Result<(), String> {
    let lower = text.to_lowercase();
    match words.iter().find(|word| !lower.contains(&word.to_lowercase())) {
        None => Ok(()),
        Some(missing) => Err(format!("the story does not say “{missing}”: “{text}”")),
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
        command.arg(data).args(["--rtp-ports", &ports::media()]).args(more);
        Server::start(folder, data, &mut command)
    }

    /// `strowger serve` with a configuration.
    ///
    /// # Errors
    /// When it does not start or does not say where it listens.
    pub(crate) fn serve(context: &Context, configuration: &Configuration) -> Result<Server, String> {
        let path = context.folder.join("strowger.toml");
        std::fs::write(&path, configuration.text())
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let mut command = program();
        command.args(["serve", "--config"]).arg(&path).args(["--rtp-ports", &ports::media()]);
        let mut process = Process::start("strowger", &context.folder, &mut command)?;
        let listening = |said: &str, what: &str| {
            let mark = format!("listening transport={what} address=");
            said.lines().find_map(|line| line.split_once(&mark)?.1.trim().parse::<SocketAddr>().ok())
        };
        let addresses = until(PATIENCE, "the server to listen", || {
            let said = process.printed();
            let all = [listening(&said, "udp"), listening(&said, "tcp"), listening(&said, "http")];
            if let [Some(udp), Some(tcp), Some(http)] = all {
                return Some(Ok([udp, tcp, http]));
            }
            process.ended().map(|status| Err(format!("it ended with {status}: {said}")))
        });
        let [udp, tcp, http] = addresses.and_then(|found| found)?;
        let data = context.folder.join("data");
        Ok(Server { process, data, udp, tcp, http, secrets: BTreeMap::new() })
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

    /// Tells the secret of a number that was configured by hand.
    pub(crate) fn set_secret(&mut self, number: &str, secret: &str) {
        self.secrets.insert(number.to_owned(), secret.to_owned());
    }

    /// A phone on one of its numbers, over UDP, in µ-law.
    pub(crate) fn account<'a>(&'a self, name: &'a str, number: &'a str, tone: u32) -> Account<'a> {
        Account {
            name,
            number,
            user: number,
            secret: self.secret(number),
            server: self.udp,
            transport: "udp",
            tone,
            codec: "PCMU/8000/1",
            media_encryption: None,
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
        let answer = self.ask(&["calls", "--limit", "10000"])?;
        let all = answer["calls"].as_array().ok_or_else(|| format!("`calls --json` is no list: {answer}"))?;
        Ok(all.iter().filter(|call| call["state"] == "ended").cloned().collect())
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
        let latest = calls.first().ok_or("no call has ended")?;
        let id = latest["call"].as_str().ok_or("the call has no id")?;
        let story = self.ask(&["explain", "call", id])?;
        let headline = story["headline"].as_str().ok_or_else(|| format!("no headline in {story}"))?;
        if story["ladder"].as_array().is_none_or(Vec::is_empty) {
            return Err(format!("the story has no ladder: {headline}"));
        }
        let lines = story["lines"].as_array().into_iter().flatten().filter_map(|line| line["text"].as_str());
        Ok(Story { headline: headline.to_owned(), lines: lines.collect::<Vec<_>>().join("\n") })
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
            Some(said.lines().find(|line| line.contains("No space left"))?.to_owned())
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
    let entry = facts["listeners"].as_array()?.iter().find(|entry| entry["transport"] == transport)?;
    let port = u16::try_from(entry["port"].as_u64()?).ok()?;
    Some(SocketAddr::new(entry["address"].as_str()?.parse().ok()?, port))
}

fn secrets(facts: &Value) -> BTreeMap<String, String> {
    let numbers = facts["numbers"].as_array().into_iter().flatten();
    let pair =
        |entry: &Value| Some((entry["number"].as_str()?.to_owned(), entry["secret"].as_str()?.to_owned()));
    numbers.filter_map(pair).collect()
}
