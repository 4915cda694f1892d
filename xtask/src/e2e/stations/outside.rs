//! Phones whose SCCP is other people's (`xtask/outside/skinny`, on the crate `sccp-protocol`) telephone with each other and with baresip.
//! Whatever the server says they have to be able to read.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, Command};
use std::time::Duration;

use crate::e2e::Context;
use crate::e2e::baresip::Phone;
use crate::e2e::ports;
use crate::e2e::process::{Process, until};
use crate::e2e::server::Server;
use crate::workspace;

const PATIENCE: Duration = Duration::from_secs(15);

/// One of the phones.
struct Outside {
    process: Process,
    keyboard: ChildStdin,
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
    ) -> Result<Outside, String> {
        let mut command = Command::new(program);
        command.args([&at.to_string(), name, &version.to_string()]);
        let (process, keyboard) = Process::start_typing(name, folder, &mut command)?;
        Ok(Outside { process, keyboard, read: 0 })
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
    for (versions, names) in [([17, 22], ["C1", "C2"]), ([12, 5], ["C3", "C4"]), ([3, 16], ["C5", "C6"])] {
        let phone = |place: usize| {
            let name = format!("SEP0000000000{}", names[place]);
            Outside::comes(&program, &context.folder, at, &name, versions[place])
        };
        let (mut one, mut other) = (phone(0)?, phone(1)?);
        let (own, called) = (one.tells("line ")?, other.tells("line ")?);
        one.tells("registered")?;
        other.tells("registered")?;
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
        for phone in [&one, &other] {
            let printed = phone.process.printed();
            if let Some(wrong) = printed.lines().find(|line| line.starts_with("wrong")) {
                return Err(wrong.to_owned());
            }
        }
    }
    Ok(format!(
        "{calls} calls of phones in versions 3, 5, 12, 16, 17 and 22; they could read all that they were told"
    ))
}
