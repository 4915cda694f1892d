//! The real binary, started on free ports in a folder of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A folder that goes when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("strowger-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where a server's standard error goes.
    fn log(&self) -> PathBuf {
        self.0.with_extension("log")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_file(self.log());
    }
}

/// A running `strowger lab`.
pub(crate) struct Server {
    child: Child,
    announcement: Value,
    log: PathBuf,
}

impl Server {
    /// Starts it and waits for its line.
    pub(crate) fn start(folder: &Folder) -> Server {
        Server::start_with(folder, &[])
    }

    /// Starts it with a limit of open files.
    pub(crate) fn start_limited(folder: &Folder, files: u32) -> Server {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_strowger")]);
        Server::start_command(command, folder, 0, &[])
    }

    /// Starts it on a port: where it was before, so that phones find it.
    pub(crate) fn start_at(folder: &Folder, sip: SocketAddr) -> Server {
        Server::start_command(Command::new(env!("CARGO_BIN_EXE_strowger")), folder, sip.port(), &[])
    }

    /// Starts it with further arguments.
    pub(crate) fn start_with(folder: &Folder, arguments: &[&str]) -> Server {
        Server::start_command(Command::new(env!("CARGO_BIN_EXE_strowger")), folder, 0, arguments)
    }

    fn start_command(mut command: Command, folder: &Folder, sip_port: u16, arguments: &[&str]) -> Server {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.log());
        let mut child = command
            .args(["lab", "--json", "--listen", "127.0.0.1", "--http-port", "0"])
            .args(["--sip-port", &sip_port.to_string()])
            .args(["--rtp-ports", "40000-48000", "--data"])
            .arg(folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(log.expect("the folder's neighbour can be written"))
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("standard output is piped");
        BufReader::new(out).read_line(&mut line).expect("the server prints a line");
        let announcement = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        Server { child, announcement, log: folder.log() }
    }

    /// The most memory that it ever had.
    pub(crate) fn most_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the system tells it");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number")
    }

    pub(crate) fn announcement(&self) -> &Value {
        &self.announcement
    }

    /// The address of a listener.
    pub(crate) fn address(&self, transport: &str) -> SocketAddr {
        let listeners = self.announcement["listeners"].as_array().expect("listeners is a list");
        let listener = listeners
            .iter()
            .find(|listener| listener["transport"] == transport)
            .unwrap_or_else(|| panic!("no {transport} in {listeners:?}"));
        let ip = listener["address"].as_str().and_then(|ip| ip.parse().ok()).expect("an address");
        let port = listener["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        SocketAddr::new(ip, port)
    }

    pub(crate) fn secret(&self, number: &str) -> String {
        let numbers = self.announcement["numbers"].as_array().expect("numbers is a list");
        let line = numbers.iter().find(|line| line["number"] == number);
        line.and_then(|line| line["secret"].as_str()).expect("the number has a secret").to_owned()
    }

    /// Status and body of a GET.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.get_as("localhost", path)
    }

    /// The same under a name by which it was reached.
    pub(crate) fn get_as(&self, host: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address("http")).expect("the web interface answers");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it writes");
        let (head, body) = text.split_once("\r\n\r\n").expect("an HTTP answer");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    pub(crate) fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error} in {body}"))
    }

    /// Asks until the answer is as wanted; panics with the last one when it never is.
    pub(crate) fn wait_for(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let (status, answer) = self.get(path);
            if let (200, Ok(answer)) = (status, serde_json::from_str(&answer))
                && wanted(&answer)
            {
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "{path} stays {status} {answer}");
            std::thread::yield_now();
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log can be read")
    }

    /// Waits until it has logged a line that is as wanted.
    pub(crate) fn wait_for_log(&self, wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| wanted(line)) {
                return line.to_owned();
            }
            assert!(started.elapsed() < PATIENCE, "the log has no such line: {log}");
            std::thread::yield_now();
        }
    }

    /// Waits until a registration is in the database.
    pub(crate) fn wait_for_stored_phone(&self, folder: &Folder) {
        let started = Instant::now();
        let stored = || {
            let database = rusqlite::Connection::open(folder.path().join("strowger.db")).ok()?;
            database.query_row("select count(*) from registration", [], |row| row.get::<_, i64>(0)).ok()
        };
        while stored().unwrap_or(0) == 0 {
            assert!(started.elapsed() < PATIENCE, "no registration is stored");
            std::thread::yield_now();
        }
    }

    /// Tells it to stop and waits for its end; true when it ended well.
    pub(crate) fn stop(self) -> bool {
        self.terminate();
        self.ended()
    }

    /// Sends it the signal that tells it to stop.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(kill.success());
    }

    /// Waits for its end; true when it ended well.
    pub(crate) fn ended(mut self) -> bool {
        self.child.wait().expect("the server ends").success()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the binary on a folder; its exit code and what it printed.
pub(crate) fn strowger(folder: &Folder, arguments: &[&str]) -> (i32, String) {
    let data = folder.path().to_str().expect("the folder's name is text");
    command(&[arguments, &["--data", data]].concat())
}

/// Runs a command of the binary; its exit code and what it printed.
pub(crate) fn command(arguments: &[&str]) -> (i32, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_strowger")).args(arguments).output().expect("the binary runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// Runs a command of the binary whose standard output nobody reads; its exit code and what it complains of.
pub(crate) fn unheard(arguments: &[&str]) -> (i32, String) {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_strowger")).args(arguments).stdout(writer).output();
    let output = output.expect("the binary runs");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
