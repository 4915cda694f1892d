//! sipp: scripted phones by the thousand.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Context;
use super::ports;
use super::process::{Process, until};
use super::server::Server;
use crate::workspace;

/// A run of sipp that ends by itself.
pub(crate) struct Sipp {
    process: Process,
    statistics: PathBuf,
    name: String,
}

/// What a finished run counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) successful: u64,
    pub(crate) failed: u64,
}

impl Sipp {
    /// Starts sipp with a name for its files and its own arguments; ends by itself after `limit`.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(
        folder: &Path,
        name: &str,
        limit: Duration,
        arguments: &[&str],
    ) -> Result<Sipp, String> {
        let statistics = folder.join(format!("{name}.csv"));
        let mut command = Command::new("sipp");
        // sipp drops files where it stands.
        command.current_dir(folder).args(arguments);
        command.args(["-nostdin", "-trace_err", "-trace_stat", "-fd", "1", "-stf"]).arg(&statistics);
        command.args(["-timeout", &limit.as_secs().to_string()]);
        let process = Process::start(name, folder, &mut command)?;
        Ok(Sipp { process, statistics, name: name.to_owned() })
    }

    /// Waits until its UDP port is taken, so that the other side may begin.
    ///
    /// # Errors
    /// When sipp ends before.
    pub(crate) fn ready(&mut self, address: SocketAddr) -> Result<(), String> {
        let name = self.name.clone();
        until(Duration::from_secs(10), &format!("sipp {name} to listen"), || {
            if self.process.ended().is_some() {
                return Some(Err(format!("sipp {name} ended at once:\n{}", self.process.printed())));
            }
            std::net::UdpSocket::bind(address).is_err().then_some(Ok(()))
        })?
    }

    /// Waits for its end and reads what it counted.
    ///
    /// # Errors
    /// When it does not end or counted nothing.
    pub(crate) fn finish(mut self, limit: Duration) -> Result<Counts, String> {
        self.process.wait(limit)?;
        self.counts()
    }

    /// Ends a run that would wait for further calls, and reads what it counted.
    ///
    /// # Errors
    /// When it counted nothing.
    pub(crate) fn stop(mut self) -> Result<Counts, String> {
        // USR1 is sipp's own way: take no more calls, finish the open ones, write the statistics.
        self.process.signal("USR1");
        self.process.wait(Duration::from_secs(20))?;
        self.counts()
    }

    fn counts(&self) -> Result<Counts, String> {
        let text = std::fs::read_to_string(&self.statistics).unwrap_or_default();
        let counts = read_counts(&text)
            .ok_or_else(|| format!("sipp {} counted nothing:\n{}", self.name, self.process.printed()))?;
        Ok(counts)
    }
}

/// The last line of sipp's statistics.
fn read_counts(text: &str) -> Option<Counts> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next()?.split(';').collect();
    let last: Vec<&str> = lines.last()?.split(';').collect();
    let value = |name: &str| -> Option<u64> {
        let column = names.iter().position(|candidate| *candidate == name)?;
        last.get(column)?.parse().ok()
    };
    Some(Counts { successful: value("SuccessfulCall(C)")?, failed: value("FailedCall(C)")? })
}

/// Registers one phone that can be called at `port`.
///
/// # Errors
/// When the server refuses it.
pub(crate) fn register(context: &Context, server: &Server, number: &str, port: u16) -> Result<(), String> {
    let secret = server.secret(number);
    let list = format!("SEQUENTIAL\n{number};[authentication username={number} password={secret}]\n");
    let file = context.folder.join(format!("{number}.csv"));
    std::fs::write(&file, list).map_err(|error| error.to_string())?;
    let (file, port, own) = (file.display().to_string(), port.to_string(), ports::one()?.to_string());
    let (address, domain) = (server.udp.to_string(), server.udp.ip().to_string());
    let script = scenario("w1_register.xml");
    let arguments = [
        address.as_str(),
        "-i",
        "127.0.0.1",
        "-p",
        &own,
        "-sf",
        &script,
        "-inf",
        &file,
        "-m",
        "1",
        "-key",
        "domain",
        &domain,
        "-key",
        "expires",
        "300",
        "-key",
        "cport",
        &port,
    ];
    let limit = Duration::from_secs(10);
    let counts = Sipp::start(&context.folder, "register", limit, &arguments)?.finish(limit + limit)?;
    if counts.successful == 1 { Ok(()) } else { Err(format!("sipp could not register {number}: {counts:?}")) }
}

/// A file of the scenarios that are played here.
pub(crate) fn script_of(name: &str) -> String {
    workspace::root().join("e2e/sipp").join(name).to_string_lossy().into_owned()
}

/// A file of the project's benchmark scenarios.
pub(crate) fn scenario(name: &str) -> String {
    workspace::root().join("bench/sipp").join(name).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_the_statistics_counts() {
        let text = "StartTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(C)\na;1;1;0\nb;2;3;1\n";
        assert_eq!(read_counts(text), Some(Counts { successful: 3, failed: 1 }));
        assert_eq!(read_counts("StartTime;SuccessfulCall(C);FailedCall(C)\n"), None);
    }
}
