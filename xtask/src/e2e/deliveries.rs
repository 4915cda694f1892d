//! Files on their way to servers of others.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Context;
use super::phones;
use super::process::{Process, until};
use super::server::Server;
use crate::ci::Tally;
use crate::{ci, peers, workspace};

/// The tests of the driver crate against OpenSSH's server and vsftpd, which have namespaces of their own.
///
/// # Errors
/// What was not as it should be, or that this is not root.
pub(super) fn servers(context: &Context) -> Result<String, String> {
    peers::require(&[peers::SSHD, peers::SSH_KEYGEN, peers::SFTP, peers::VSFTPD, peers::OPENSSL])?;
    if !peers::is_root() {
        return Err("the servers need namespaces of their own, with mounts: run this as root".into());
    }
    let mut command = workspace::cargo();
    command.args(["test", "--package", "strowger-transfer", "--features", "openssh", "--test", "openssh"]);
    let mut tests = Process::start("tests", &context.folder, &mut command)?;
    let ended = tests.wait(LIMIT)?;
    let printed = tests.printed();
    let Tally { passed, failed } =
        printed.lines().filter_map(ci::tests_in).fold(Tally::default(), |sum, one| Tally {
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
        });
    if ended.success() && failed == 0 && passed > 0 {
        return Ok(format!("{passed} kinds of delivery and refusal"));
    }
    let tail: Vec<&str> = printed.lines().rev().take(40).collect();
    Err(tail.into_iter().rev().collect::<Vec<_>>().join("\n"))
}

/// Files reach OpenSSH and a folder in their order; a server that lacks algorithms after a fail-over, and one with another key, are told with all that
/// proves it; once mended everything arrives, and once more when that is ordered.
///
/// # Errors
/// What was not as it should be, or that this is not root.
pub(super) fn records(context: &Context) -> Result<String, String> {
    peers::require(&[peers::SSHD, peers::SSH_KEYGEN])?;
    if !peers::is_root() {
        return Err("the servers need namespaces of their own, with mounts: run this as root".into());
    }
    let folder = &context.folder;
    let port = free_port()?;
    let (primary, standby) = (key(folder, "primary")?, key(folder, "standby")?);
    let (kept, archive) = (folder.join("kept"), folder.join("archive"));
    fs::create_dir(&archive).map_err(|error| error.to_string())?;
    let mut peer = sshd(folder, port, "primary", "")?;
    let server = Server::lab(context, &[])?;
    configure(&server, folder, port, &[format!("{primary} primary")])?;
    let rehearsed = server.ask(&["cdr", "test", "billing"])?;
    if rehearsed["passed"].as_array().map_or(0, Vec::len) != 9 || !names(&kept).is_empty() {
        return Err(format!("the rehearsal was {rehearsed}, and left {:?}", names(&kept)));
    }
    let mut planted = plant(&server.data, 1..=3)?;
    arrived(&server, &[&kept, &archive], &planted)?;

    // The standby of this address has other algorithms.
    stop(&mut peer, port)?;
    peer = sshd(folder, port, "primary", "KexAlgorithms sntrup761x25519-sha512@openssh.com\n")?;
    planted.extend(plant(&server.data, 4..=6)?);
    let since = Instant::now();
    let evidence = failing(&server, "negotiation")?;
    let seconds = since.elapsed().as_secs_f32();
    let lists = "the server offers sntrup761x25519-sha512@openssh.com; we offer mlkem768x25519-sha256, curve25519-sha256,";
    if !evidence.contains(lists) || seconds > 60.0 {
        return Err(format!("after {seconds} s the evidence is {evidence}"));
    }
    if server.ask(&["cdr", "status"]).is_ok() {
        return Err("`cdr status` is content with a destination that gets nothing".into());
    }

    // Another one has algorithms that meet, and a key that nobody has pinned.
    stop(&mut peer, port)?;
    peer = sshd(folder, port, "standby", "")?;
    server.ask(&["cdr", "test", "billing"]).err().ok_or("a stranger was let in")?;
    let evidence = failing(&server, "host_key")?;
    if !evidence.contains(&format!("pinned: {primary} (primary)")) || names(&kept) != planted[..3] {
        return Err(format!("the evidence is {evidence}; there are {:?}", names(&kept)));
    }
    configure(&server, folder, port, &[format!("{primary} primary"), format!("{standby} standby")])?;
    arrived(&server, &[&kept, &archive], &planted)?;
    told_of_all(&server)?;
    once_more(&server, &kept, &planted)?;
    once_only(&server, &archive)?;
    stop(&mut peer, port)?;
    server.is_well()?;
    Ok(format!("both lists after {seconds:.1} s; 6 files in their order, once, and once more when ordered"))
}

/// Two phones talk, and the row of their call is read at a server of OpenSSH: numbers and duration are those that the server tells of the call.
///
/// # Errors
/// What was not as it should be, or that this is not root.
pub(super) fn call(context: &Context) -> Result<String, String> {
    peers::require(&[peers::SSHD, peers::SSH_KEYGEN])?;
    if !peers::is_root() {
        return Err("the server needs namespaces of its own, with mounts: run this as root".into());
    }
    let folder = &context.folder;
    let port = free_port()?;
    let primary = key(folder, "primary")?;
    fs::create_dir(folder.join("archive")).map_err(|error| error.to_string())?;
    let mut peer = sshd(folder, port, "primary", "")?;
    let server = Server::lab(context, &[])?;
    configure(&server, folder, port, &[format!("{primary} primary")])?;
    let mut alice = phones::sip(context, &server, "alice", "1001", 700)?;
    let mut carol = phones::sip(context, &server, "carol", "1003", 900)?;
    // Nobody has said that records are to be written, and a destination waits for them.
    carol.does("dial 1001")?;
    alice.does("wait ringin; answer; wait talking; onhook; wait idle")?;
    carol.does("wait idle")?;
    until(ARRIVAL, "the log to say that no records are written", || {
        server.process.printed().contains("no records of them are written").then_some(())
    })?;
    let parameters = folder.join("parameters");
    let written = fs::create_dir_all(&parameters)
        .and_then(|()| fs::write(parameters.join("all.toml"), "[service_parameters]\ncall_records = true\n"));
    written.map_err(|error| error.to_string())?;
    server.ask(&["apply", &parameters.to_string_lossy(), "--keep-others", "--message", "records"])?;
    alice.does("dial 1003")?;
    carol.does("wait ringin; answer; wait talking; hear 3; onhook; wait idle")?;
    alice.does("wait idle")?;
    let told: Vec<Value> = server.calls()?.into_iter().filter(|call| call["calling"] == "1001").collect();
    let [told] = told.as_slice() else { return Err(format!("one call of 1001, and not {told:?}")) };
    let kept = folder.join("kept");
    // A file is cut every minute, and sent at once.
    let text = until(ARRIVAL * 3, "the row of the call to arrive", || {
        let name = names(&kept).into_iter().find(|name| name.starts_with("cdr_"))?;
        fs::read_to_string(kept.join(name)).ok()
    })?;
    let lines: Vec<Vec<&str>> =
        text.lines().map(|line| line.split(',').map(|cell| cell.trim_matches('"')).collect()).collect();
    let [columns, _, row] = lines.as_slice() else { return Err(format!("one row, and not {text}")) };
    let cell = |wanted: &str| {
        columns.iter().position(|column| *column == wanted).and_then(|at| row.get(at)).copied().unwrap_or("")
    };
    let found = ["callingPartyNumber", "finalCalledPartyNumber", "duration"].map(cell);
    let seconds = told["talk_seconds"].as_u64().map(|seconds| seconds.to_string()).unwrap_or_default();
    let parties = ["calling", "connected"].map(|side| told[side].as_str().unwrap_or_default());
    if found[..2] != ["1001", "1003"] || parties != ["1001", "1003"] {
        return Err(format!("the call is {told}, the row has {found:?}"));
    }
    // The row counts whole seconds between two moments, the journal the time between them.
    let near = found[2].parse::<u64>().ok().zip(seconds.parse::<u64>().ok());
    if !near.is_some_and(|(row, call)| row >= 1 && row.abs_diff(call) <= 1) {
        return Err(format!("the call took {seconds} s, the row says {found:?}"));
    }
    stop(&mut peer, port)?;
    server.is_well()?;
    Ok(format!("{} called {} for {} s, as it is read at OpenSSH", found[0], found[1], found[2]))
}

/// The destinations as they shall be: OpenSSH with these keys, and a folder.
fn configure(server: &Server, folder: &Path, port: u16, keys: &[String]) -> Result<Value, String> {
    let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    let text = format!(
        "[[billing_destination]]\nname = \"billing\"\nhost = \"127.0.0.1\"\nport = {port}\npath = \"/srv/kept\"\n\
         user = \"billing\"\npassword = \"billing-secret\"\nhost_keys = [{}]\n\
         [[billing_destination]]\nname = \"archive\"\nnumber = 2\nprotocol = \"local\"\npath = \"{}\"\n",
        keys.join(", "),
        folder.join("archive").display()
    );
    let conf = folder.join("conf");
    let written = fs::create_dir_all(&conf).and_then(|()| fs::write(conf.join("billing.toml"), text));
    written.map_err(|error| error.to_string())?;
    server.ask(&["apply", &conf.to_string_lossy(), "--keep-others", "--message", "billing"])
}

/// The log has the beginning and the end of the trouble, and six files are counted once.
fn told_of_all(server: &Server) -> Result<(), String> {
    until(ARRIVAL, "the end of the trouble in the log", || {
        let logged = server.process.printed();
        ["call records are not delivered", "what waited has arrived"]
            .iter()
            .all(|words| logged.contains(words))
            .then_some(())
    })?;
    let rows = server.ask(&["cdr", "destinations"])?;
    if rows["destinations"][0]["arrived"] == 6 {
        Ok(())
    } else {
        Err(format!("six files arrived once: {rows}"))
    }
}

/// The billing server has lost its files, and gets them once more.
fn once_more(server: &Server, kept: &Path, planted: &[String]) -> Result<(), String> {
    for name in planted {
        fs::remove_file(kept.join(name)).map_err(|error| error.to_string())?;
    }
    let resent = server.ask(&["cdr", "resend", "billing", "--from", "2026-05-04", "--to", "2026-05-04"])?;
    if resent["files"] != 6 {
        return Err(format!("six files are due again: {resent}"));
    }
    arrived(server, &[kept], planted)
}

/// The repository cannot keep that a file has arrived: it is told, and the file does not go there again and again.
fn once_only(server: &Server, archive: &Path) -> Result<(), String> {
    let name = format!("cdr_Lab_01_{DAY}1207_7");
    let in_the_way = server.data.join("cdr_repository/destination2").join(DAY).join(&name);
    // What is due stands there as a link, which is removed as a file is; nobody removes a folder so.
    fs::create_dir(&in_the_way).map_err(|error| error.to_string())?;
    plant_in(&server.data, &name, &["destination1"]).map_err(|error| error.to_string())?;
    let there = archive.join(&name);
    until(ARRIVAL, "the file to arrive", || fs::remove_file(&there).ok())?;
    let trouble = || Some(server.ask(&["cdr", "destinations"]).ok()?["destinations"][1]["trouble"].clone());
    until(ARRIVAL, "the repository to be tried again", || {
        trouble().filter(|told| told["kind"] == "repository" && told["attempts"].as_u64() >= Some(2))
    })?;
    if there.exists() {
        return Err(format!("{name} went there once more"));
    }
    fs::remove_dir(&in_the_way).map_err(|error| error.to_string())?;
    until(ARRIVAL, "the repository to be mended", || trouble().filter(Value::is_null))?;
    if there.exists() {
        return Err(format!("{name} went there once more"));
    }
    Ok(())
}

/// Files of records as the server writes them, due to both destinations.
fn plant(data: &Path, numbers: std::ops::RangeInclusive<u32>) -> Result<Vec<String>, String> {
    let names: Vec<String> = numbers.map(|number| format!("cdr_Lab_01_{DAY}120{number}_{number}")).collect();
    for name in &names {
        let planted = plant_in(data, name, &["destination1", "destination2"]);
        planted.map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(names)
}

fn plant_in(data: &Path, name: &str, destinations: &[&str]) -> std::io::Result<()> {
    let repository = data.join("cdr_repository");
    for destination in destinations {
        let links = repository.join(destination).join(DAY);
        fs::create_dir_all(&links)?;
        std::os::unix::fs::symlink(format!("../../preserve/{DAY}/{name}"), links.join(name))?;
    }
    let day = repository.join("preserve").join(DAY);
    fs::create_dir_all(&day)?;
    let draft = repository.join("tmp").join(name);
    fs::write(&draft, format!("records of {name}\n"))?;
    fs::rename(draft, day.join(name))
}

/// Waits until these files, and no others, are in these folders, whole.
fn arrived(server: &Server, folders: &[&Path], expect: &[String]) -> Result<(), String> {
    for folder in folders {
        let there = || (names(folder) == expect).then_some(());
        until(ARRIVAL, "all files to arrive", there).map_err(|why| {
            format!("{why}: there are {:?}; {:?}", names(folder), server.ask(&["cdr", "destinations"]))
        })?;
        let came = in_order_of_arrival(folder);
        if came != expect {
            return Err(format!("files came in another order than they were made: {came:?}"));
        }
        for name in expect {
            let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
            if text != format!("records of {name}\n") {
                return Err(format!("{name} has {text:?}"));
            }
        }
    }
    Ok(())
}

/// Waits until delivery to the first destination fails for this reason; what proves it.
fn failing(server: &Server, kind: &str) -> Result<String, String> {
    until(ARRIVAL, &format!("delivery to fail for {kind}"), || {
        let rows = server.ask(&["cdr", "destinations"]).ok()?;
        let trouble = &rows["destinations"][0]["trouble"];
        let lines = trouble["evidence"].as_array().filter(|_| trouble["kind"] == kind)?;
        Some(lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"))
    })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Which file got its name first, by the clock of the disk that the peer writes to.
fn in_order_of_arrival(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named: Vec<((i64, i64), String)> = entries
        .filter_map(|entry| {
            let about = entry.metadata().ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Some(((about.ctime(), about.ctime_nsec()), name))
        })
        .collect();
    named.sort();
    named.into_iter().map(|(_, name)| name).collect()
}

/// OpenSSH's server in namespaces of its own, with this key.
fn sshd(folder: &Path, port: u16, key: &str, lines: &str) -> Result<Process, String> {
    let config = folder.join("sshd_config");
    let text = format!(
        "{lines}Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nStrictModes no\nUsePAM no\nPidFile none\nUseDNS no\n\
         Subsystem sftp internal-sftp\n",
        folder.join(key).display()
    );
    fs::write(&config, text).map_err(|error| error.to_string())?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", ROOM, "room"]);
    command.arg(folder).arg(HASH).args(["/usr/sbin/sshd", "-D", "-e", "-f"]).arg(config);
    let mut process = Process::start(&format!("sshd-{key}-{}", lines.len()), folder, &mut command)?;
    until(ARRIVAL, "sshd to listen", || {
        let said = process.printed();
        if said.contains("Server listening on") {
            return Some(Ok(()));
        }
        process.ended().map(|status| Err(format!("sshd ended with {status}: {said}")))
    })??;
    Ok(process)
}

/// Ends it; the kernel ends its namespace a moment later.
fn stop(peer: &mut Process, port: u16) -> Result<(), String> {
    peer.kill();
    until(ARRIVAL, "the server to end", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err().then_some(())
    })
}

/// Makes a key; its fingerprint.
fn key(folder: &Path, name: &str) -> Result<String, String> {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-N", "", "-t", "ed25519", "-f"]).arg(&file).status();
    made.map_err(|error| error.to_string())?;
    let told =
        Command::new("ssh-keygen").arg("-lf").arg(&file).output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    told.split_whitespace().nth(1).map(str::to_owned).ok_or(format!("ssh-keygen says {told}"))
}

fn free_port() -> Result<u16, String> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    socket.map(|address| address.port()).map_err(|error| error.to_string())
}

const ROOM: &str = include_str!("../../../e2e/room.sh");
/// The password of the server's user, as `openssl passwd -6` hashes it.
const HASH: &str =
    "$6$strowger$d9pQdtV3XDbGEX2nzsxN1lhMJYeSzV0qtSuiupRK..oX5N7GeC5JR9mIJClSOI7ORDeY01onIxOhzt6tRn8IO.";
/// The day of all files here.
const DAY: &str = "20260504";
const ARRIVAL: Duration = Duration::from_secs(60);
/// With building them.
const LIMIT: Duration = Duration::from_secs(600);
