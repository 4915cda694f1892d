//! The servers that are measured, each started the same way: pinned to one core, its data in one folder.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::data;
use crate::e2e::process::{Process, until};
use crate::{peers, workspace};

/// The port that the measured server listens on.
pub(crate) const PORT: u16 = 5160;
/// The core of the server; the generator has the next one.
pub(crate) const SERVER_CORE: &str = "0";

/// Who is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Target {
    Strowger,
    Kamailio,
}

/// Where calls go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// To a static address; the users are no lines of the server.
    Trunk,
    /// To the registered phones; the users are its lines.
    Phone,
}

/// How the server runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Under {
    /// By itself, pinned.
    Nothing,
    /// Below callgrind, which counts its instructions.
    Callgrind,
}

/// A server that answers.
pub(crate) struct Running {
    process: Process,
    callgrind: PathBuf,
}

impl Target {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Target::Strowger => "strowger",
            Target::Kamailio => "kamailio",
        }
    }

    /// Where it listens.
    pub(crate) fn address() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], PORT))
    }

    /// Starts it with `users` known and waits until it answers an OPTIONS.
    ///
    /// # Errors
    /// When the port is taken or it does not answer.
    pub(crate) fn start(
        self,
        folder: &Path,
        users: usize,
        route: Route,
        under: Under,
    ) -> Result<Running, String> {
        let folder = self::folder(folder, self.name())?;
        let program = match self {
            Target::Strowger => self.strowger(&folder, users, route)?,
            Target::Kamailio => self.kamailio(&folder, users, route, under)?,
        };
        launch(self.name(), &folder, &program, under)
    }

    /// Starts Strowger once more as it was started in this folder, with what it keeps there.
    ///
    /// # Errors
    /// When the port is taken or it does not answer.
    pub(crate) fn again(self, parent: &Path) -> Result<Running, String> {
        let folder = parent.join(self.name());
        let config = folder.join("strowger.toml").display().to_string();
        let program = [workspace::release_binary(), "serve".into(), "--config".into(), config];
        launch(self.name(), &folder, &program, Under::Nothing)
    }

    fn strowger(self, folder: &Path, users: usize, route: Route) -> Result<Vec<String>, String> {
        let config = data::strowger(folder, users, route, PORT)?;
        let binary = workspace::release_binary();
        Ok(vec![binary, "serve".into(), "--config".into(), config.display().to_string()])
    }

    fn kamailio(
        self,
        folder: &Path,
        users: usize,
        route: Route,
        under: Under,
    ) -> Result<Vec<String>, String> {
        let config = data::kamailio(folder, users, PORT)?;
        let program = peers::find("kamailio").ok_or("kamailio is not installed")?;
        let path = folder.display().to_string();
        let mut arguments = vec![program.display().to_string(), "-f".into(), config.display().to_string()];
        // One process that works, or callgrind would have to add up several.
        arguments.push(if under == Under::Callgrind { "-D".into() } else { "-DD".into() });
        for argument in ["-m", "1024", "-M", "16", "-x", "fm", "-X", "fm", "-E", "-Y"] {
            arguments.push(argument.into());
        }
        arguments.extend([
            path.clone(),
            "-w".into(),
            path,
            "-P".into(),
            folder.join("pid").display().to_string(),
        ]);
        if route == Route::Phone {
            arguments.extend(["-A".into(), "PHONE_ROUTE".into()]);
        }
        Ok(arguments)
    }
}

/// An empty folder for a server.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn folder(parent: &Path, name: &str) -> Result<PathBuf, String> {
    let folder = parent.join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Starts a program and its arguments on the core of servers and waits until it answers an OPTIONS.
///
/// # Errors
/// When the port is taken or it does not answer.
pub(crate) fn launch(name: &str, folder: &Path, program: &[String], under: Under) -> Result<Running, String> {
    UdpSocket::bind(Target::address()).map_err(|error| format!("port {PORT} is taken ({error})"))?;
    let callgrind = folder.join("callgrind.out");
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE]);
    if under == Under::Callgrind {
        command.arg("valgrind").arg("--tool=callgrind");
        command.arg(format!("--callgrind-out-file={}", callgrind.display()));
    }
    command.args(program).current_dir(folder);
    let mut running = Running { process: Process::start(name, folder, &mut command)?, callgrind };
    running.wait_for_answer(under)?;
    Ok(running)
}

impl Running {
    /// The process whose tree is measured.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    fn wait_for_answer(&mut self, under: Under) -> Result<(), String> {
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        socket.set_read_timeout(Some(Duration::from_millis(200))).map_err(|error| error.to_string())?;
        let own = socket.local_addr().map_err(|error| error.to_string())?;
        let request = format!(
            "OPTIONS sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKready\r\nMax-Forwards: 70\r\n\
             From: <sip:bench@bench.test>;tag=ready\r\nTo: <sip:bench.test>\r\nCall-ID: ready@{own}\r\n\
             CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        let patience = Duration::from_secs(if under == Under::Callgrind { 120 } else { 30 });
        let mut buffer = [0; 2048];
        let answered = until(patience, "the server to answer OPTIONS", || {
            if self.process.ended().is_some() {
                return Some(false);
            }
            let _ = socket.send_to(request.as_bytes(), Target::address());
            socket.recv(&mut buffer).is_ok().then_some(true)
        });
        match answered {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("it ended at once:\n{}", self.process.printed())),
            Err(error) => Err(format!("{error}\n{}", self.process.printed())),
        }
    }

    /// Asks it to end and waits.
    ///
    /// # Errors
    /// When it has to be killed.
    pub(crate) fn stop(&mut self) -> Result<(), String> {
        self.process.signal("TERM");
        self.process.wait(Duration::from_secs(60)).map(drop)
    }

    /// Ends it, reads how many instructions it spent in user space, and keeps the profile.
    ///
    /// # Errors
    /// When callgrind wrote nothing.
    pub(crate) fn instructions(&mut self, kept: &Path) -> Result<u64, String> {
        self.stop()?;
        let text = std::fs::rename(&self.callgrind, kept)
            .and_then(|()| std::fs::read_to_string(kept))
            .map_err(|error| format!("{}: {error}\n{}", self.callgrind.display(), self.process.printed()))?;
        let line =
            text.lines().rev().find(|line| line.starts_with("totals:") || line.starts_with("summary:"));
        line.and_then(|line| line.split_whitespace().nth(1))
            .and_then(|field| field.parse().ok())
            .ok_or_else(|| "callgrind wrote no total".into())
    }
}
