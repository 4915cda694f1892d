//! Phones whose SCCP is other people's (`xtask/outside/skinny`, on the crate `sccp-protocol`) telephone with each other and with baresip.
//! Whatever the server says they have to be able to read.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::time::Duration;

use crate::e2e::Context;
use crate::e2e::audio::Recording;
use crate::e2e::baresip::Phone;
use crate::e2e::office::CLEAR;
use crate::e2e::ports;
use crate::e2e::process::{Process, until};
use crate::e2e::server::Server;
use crate::workspace;

mod across;
mod line;

pub(crate) use across::{confer, transfer};
pub(crate) use line::share;

const PATIENCE: Duration = Duration::from_secs(15);

/// The versions of two phones that are there at the same time, and how their names end.
const PAIRS: [([u8; 2], [&str; 2]); 3] =
    [([17, 22], ["C1", "C2"]), ([12, 5], ["C3", "C4"]), ([3, 16], ["C5", "C6"])];
/// The tones that the two say; baresip says 440 Hz.
const TONES: [u32; 2] = [700, 900];

/// One of the phones.
struct Outside {
    process: Process,
    keyboard: ChildStdin,
    /// What it hears, in samples of 16 bits.
    heard: PathBuf,
    /// How many of its lines were looked at.
    read: usize,
}

impl Outside {
    fn comes(
        program: &Path,
        folder: &Path,
        at: SocketAddr,
        name: &str,
        version: u8,
        tone: u32,
    ) -> Result<Outside, String> {
        let mut command = Command::new(program);
        let heard = folder.join(format!("{name}.raw"));
        command.args([&at.to_string(), name, &version.to_string(), &tone.to_string()]).arg(&heard);
        let (process, keyboard) = Process::start_typing(name, folder, &mut command)?;
        Ok(Outside { process, keyboard, heard, read: 0 })
    }

    /// Two of them, and the numbers that they were given.
    fn pair(
        program: &Path,
        folder: &Path,
        at: SocketAddr,
        (versions, names): ([u8; 2], [&str; 2]),
    ) -> Result<([Outside; 2], [String; 2]), String> {
        let comes = |place: usize| {
            let name = format!("SEP0000000000{}", names[place]);
            Outside::comes(program, folder, at, &name, versions[place], TONES[place])
        };
        let mut both = [comes(0)?, comes(1)?];
        let mut numbers = [String::new(), String::new()];
        for (phone, number) in both.iter_mut().zip(&mut numbers) {
            *number = phone.tells("line ")?;
            phone.tells("registered")?;
        }
        Ok((both, numbers))
    }

    /// It rings, and its user answers.
    fn answers(&mut self) -> Result<(), String> {
        self.tells("state RingIn")?;
        self.does("key Answer")?;
        self.tells("state Connected")?;
        Ok(())
    }

    /// What it heard in the last seconds.
    fn heard(&self, seconds: f64) -> Result<Recording, String> {
        let bytes = std::fs::read(&self.heard).map_err(|error| format!("it heard nothing: {error}"))?;
        let samples = bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        Ok(Recording { samples, rate: 8_000 }.last_seconds(seconds))
    }

    /// It has heard this tone for the last two seconds, and nothing else.
    fn hears(&self, who: &str, tone: u32) -> Result<(), String> {
        let share = self.heard(2.0).map_err(|error| format!("{who}: {error}"))?.share_of(f64::from(tone));
        if share < CLEAR { Err(format!("{who} heard {share:.2} of {tone} Hz at the end")) } else { Ok(()) }
    }

    /// It could read all that it was told.
    fn is_content(&self) -> Result<(), String> {
        let printed = self.process.printed();
        match printed.lines().find(|line| line.starts_with("wrong") || line.starts_with("Error")) {
            Some(wrong) => Err(wrong.to_owned()),
            None => Ok(()),
        }
    }

    fn does(&mut self, order: &str) -> Result<(), String> {
        writeln!(self.keyboard, "{order}").map_err(|error| format!("{order}: {error}"))
    }

    /// Waits for a line that begins so, after those that were waited for before; what follows these words.
    fn tells(&mut self, start: &str) -> Result<String, String> {
        let found = until(PATIENCE, start, || {
            let printed = self.process.printed();
            let lines: Vec<&str> = printed.lines().collect();
            if let Some(wrong) =
                lines.iter().find(|line| line.starts_with("wrong") || line.starts_with("Error"))
            {
                return Some(Err((*wrong).to_owned()));
            }
            let place = lines.iter().skip(self.read).position(|line| line.starts_with(start))?;
            self.read += place + 1;
            Some(Ok(lines[self.read - 1][start.len()..].trim().to_owned()))
        });
        found
            .and_then(|found| found)
            .map_err(|error| format!("{error}; it told:\n{}", self.process.printed()))
    }
}

/// Builds the phone, which stands outside the workspace.
fn program() -> Result<std::path::PathBuf, String> {
    let target = workspace::target().join("outside");
    let manifest = workspace::root().join("xtask/outside/skinny/Cargo.toml");
    let status = workspace::cargo()
        .args(["build", "--quiet", "--locked", "--ignore-rust-version", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .status();
    match status {
        Ok(status) if status.success() => Ok(target.join("debug/outside-skinny")),
        Ok(status) => Err(format!("cargo build of the outside phone: {status}")),
        Err(error) => Err(format!("cargo does not start: {error}")),
    }
}

/// They come in versions old and new, call, hold, take back, transfer and hang up, also with baresip.
///
/// # Errors
/// What was not as it should be.
pub(crate) fn telephone(context: &Context) -> Result<String, String> {
    let program = program()?;
    let port = ports::one()?;
    let server = Server::lab(context, &["--sccp-port", &port.to_string()])?;
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut calls = 0;
    for pair in PAIRS {
        let ([mut one, mut other], [own, called]) = Outside::pair(&program, &context.folder, at, pair)?;
        // The one calls the other, who answers; each sends to where the other hears.
        one.does(&format!("call {called}"))?;
        other.tells("state RingIn")?;
        let shown = other.tells("parties ")?;
        if !shown.contains(&own) {
            return Err(format!("{called} is shown {shown}, and not {own}"));
        }
        other.does("key Answer")?;
        let heard = |told: &str| told.split(' ').next().unwrap_or_default().to_owned();
        let there = heard(&other.tells("opens ")?);
        one.tells("state Connected")?;
        let here = heard(&one.tells("opens ")?);
        let (sends, comes) = (one.tells("sends ")?, other.tells("sends ")?);
        if !sends.contains(&format!(":{there} ")) || !comes.contains(&format!(":{here} ")) {
            return Err(format!("{sends} and {comes} go to neither {there} nor {here}"));
        }
        // Hold, and back.
        one.does("key Hold")?;
        one.tells("closes")?;
        one.tells("state Hold")?;
        one.does("key Resume")?;
        one.tells("state Connected")?;
        one.tells("sends ")?;
        // The one transfers the other to baresip.
        one.does("key Transfer")?;
        one.tells("state OffHook")?;
        one.does("dial 1001")?;
        one.tells("state RingOut")?;
        alice.expect("CALL_INCOMING")?;
        alice.command("accept", "")?;
        one.tells("state Connected")?;
        one.does("key Transfer")?;
        one.tells("state OnHook")?;
        let shown = other.tells("parties ")?;
        if !shown.contains("1001") {
            return Err(format!("after the transfer {called} is shown {shown}, and not 1001"));
        }
        alice.command("hangup", "")?;
        other.tells("state OnHook")?;
        // And baresip calls it: it is busy to nobody.
        alice.dial(&own)?;
        one.tells("state RingIn")?;
        one.does("lift")?;
        one.tells("sends ")?;
        one.tells("state Connected")?;
        one.does("put")?;
        one.tells("state OnHook")?;
        calls += 3;
        one.is_content()?;
        other.is_content()?;
    }
    Ok(format!(
        "{calls} calls of phones in versions 3, 5, 12, 16, 17 and 22; they could read all that they were told"
    ))
}
