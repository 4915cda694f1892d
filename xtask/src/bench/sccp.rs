//! `cargo xtask bench sccp`: ten thousand phones that speak SCCP, registered by one process, that say every thirty seconds that they are
//! there; then every connection breaks at once, and all come back.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use super::cost::{self, Cost};
use crate::e2e::server::Server;
use crate::workspace;

const USAGE: &str = "\
usage: cargo xtask bench sccp [--phones N] [--stay SECONDS]

N phones (10,000 when it is not said) with a line each register over a connection of their own, 500 a second; stay for SECONDS (60) and
say that they are there; lose their connections all at once and come back all at once; and once more, asking for tokens. Fails when a
phone does not come back, is told something that cannot be, or a limit is passed.
";

const PHONES: usize = 10_000;
const FIRST: usize = 100_000;
const PORT: u16 = 5162;

/// What the crowd says of an act.
#[derive(Deserialize)]
struct Told {
    registered: usize,
    seconds: f64,
    #[serde(default)]
    p50_us: u64,
    #[serde(default)]
    p99_us: u64,
    #[serde(default)]
    keepalives: u64,
    lost: usize,
    complaints: Vec<String>,
}

/// The crowd of phones: a process.
struct Crowd {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Crowd {
    fn start(phones: usize) -> Result<Crowd, String> {
        let program = workspace::target().join("release/examples/crowd");
        // Each phone has a descriptor.
        let mut process = Command::new("sh")
            .args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"", "sh"])
            .arg(program)
            .args(["--server", &format!("127.0.0.1:{PORT}"), "--count", &phones.to_string()])
            .args(["--first", &FIRST.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("crowd does not start: {error}"))?;
        let (orders, answers) =
            process.stdin.take().zip(process.stdout.take()).ok_or("crowd has no pipes")?;
        Ok(Crowd { process, orders, answers: BufReader::new(answers).lines() })
    }

    fn does(&mut self, act: &str) -> Result<Told, String> {
        writeln!(self.orders, "{act}").map_err(|error| format!("crowd: {error}"))?;
        let line = self.answers.next().ok_or("crowd has ended")?.map_err(|error| error.to_string())?;
        let told: Told = serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
        match told.complaints.first() {
            Some(complaint) => Err(format!("after {act}: {complaint}")),
            None => Ok(told),
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `cargo xtask bench sccp …`.
///
/// # Errors
/// A figure is above its limit, a phone did not come back, or a program does not run.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let (mut phones, mut stay) = (PHONES, 60);
    for option in arguments.chunks(2) {
        match option {
            [name, number] if name == "--phones" || name == "--stay" => {
                let number = number.parse().map_err(|error| format!("{name} {number}: {error}"))?;
                *(if name == "--phones" { &mut phones } else { &mut stay }) = number;
            }
            _ => return Err(USAGE.into()),
        }
    }
    for arguments in [["--bin", "strowger"], ["--example", "crowd"]] {
        let mut build = workspace::cargo();
        if !build
            .args(["build", "--quiet", "--release", "--workspace"])
            .args(arguments)
            .status()
            .is_ok_and(|status| status.success())
        {
            return Err(format!("the release build of {} failed", arguments[1]));
        }
    }
    let folder = workspace::target().join("bench/sccp");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    println!("sccp: {phones} phones with a line each, load average {:.2}", cost::load());
    let data = folder.join("data");
    let server = Server::lab_in(&folder, &data, &["--sccp-port", &PORT.to_string()])?;
    let path = folder.join("phones.csv");
    std::fs::write(&path, table(phones)).map_err(|error| error.to_string())?;
    let answer = server.ask(&["import", &path.to_string_lossy()])?;
    if answer["counts"]["added"].as_u64() != Some(2 * phones as u64) {
        return Err(format!("the import added {}", answer["counts"]));
    }
    let result = measure(&server, phones, stay);
    drop(server);
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn measure(server: &Server, phones: usize, stay: usize) -> Result<(), String> {
    let now = || cost::of(server.process.id());
    let mut crowd = Crowd::start(phones)?;
    let empty = now();
    let came = crowd.does("come 500")?;
    let full = now();
    let cpu = |before: Cost, after: Cost| after.cpu_seconds - before.cpu_seconds;
    let each = |kib: u64| (kib as f64 - empty.pss_kib as f64) * 1024.0 / phones as f64;
    let registration = cpu(empty, full) * 1e6 / phones as f64;
    println!(
        "  come     {} registered in {:.1} s, {registration:.0} µs of the processor each; p50 {} ms, p99 {} ms; {:.0} bytes each",
        came.registered,
        came.seconds,
        came.p50_us / 1000,
        came.p99_us / 1000,
        each(full.pss_kib)
    );
    let before = now();
    let stayed = crowd.does(&format!("stay {stay}"))?;
    let after = now();
    let share = cpu(before, after) * 100.0 / stayed.seconds;
    let keepalive = cpu(before, after) * 1e6 / stayed.keepalives.max(1) as f64;
    println!(
        "  stay     {} still registered, {} lost, {} keepalives in {:.0} s: {share:.2} % of a core, {keepalive:.0} µs each; {:.0} bytes each",
        stayed.registered,
        stayed.lost,
        stayed.keepalives,
        stayed.seconds,
        each(after.pss_kib)
    );
    let mut short = Vec::new();
    for act in ["back", "back tokens"] {
        crowd.does("drop")?;
        let before = now();
        let back = crowd.does(act)?;
        let after = now();
        println!(
            "  {act:<12} {} registered again in {:.1} s, {:.0} µs of the processor each; p50 {} ms, p99 {} ms; {} connections were given up meanwhile; {:.0} bytes each",
            back.registered,
            back.seconds,
            cpu(before, after) * 1e6 / phones as f64,
            back.p50_us / 1000,
            back.p99_us / 1000,
            back.lost,
            each(after.pss_kib)
        );
        if back.registered != phones {
            short.push(format!("{act}: {} of {phones}", back.registered));
        }
        let seen = server.ask(&["show", "sccp"])?;
        let seen = seen["stations"].as_array().map_or(0, Vec::len);
        if seen != phones {
            short.push(format!("{act}: the server shows {seen} of {phones}"));
        }
    }
    if came.registered != phones || stayed.registered != phones || stayed.lost > 0 {
        short.push(format!(
            "{} came, {} stayed, {} were lost",
            came.registered, stayed.registered, stayed.lost
        ));
    }
    if short.is_empty() { Ok(()) } else { Err(short.join("; ")) }
}

/// Phones with their lines, as an operator's table of them would say.
fn table(phones: usize) -> String {
    let mut text = "name,protocol,description,lines.1.label,line.pattern,line.display\n".to_owned();
    for number in FIRST..FIRST + phones {
        let _ = writeln!(text, "SEP{number:012},sccp,Person {number},{number},{number},Person {number}");
    }
    text
}
