//! What happens when things are broken: files, ports, disks, the server itself.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Context;
use super::baresip::Phone;
use super::process::Process;
use super::server::{Server, program};

/// A program that is wrong must say so within this time.
const SOON: Duration = Duration::from_secs(15);

/// Runs the program until it ends and returns its exit code and what it said.
fn complaint(context: &Context, arguments: &[&str]) -> Result<(i32, String), String> {
    let mut process = Process::start("complaint", &context.folder, program().args(arguments))?;
    let status = process.wait(SOON)?;
    Ok((status.code().unwrap_or(-1), process.printed()))
}

fn contains(text: &str, words: &[&str]) -> Result<(), String> {
    match words.iter().find(|word| !text.contains(**word)) {
        None => Ok(()),
        Some(missing) => Err(format!("it does not say “{missing}”: {text}")),
    }
}

/// The line that explains, without colours and headings.
fn sentence(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}

/// A configuration with a mistake in a known line, of several kinds.
///
/// # Errors
/// What was not as it should be.
pub(super) fn broken_configuration(context: &Context) -> Result<String, String> {
    let path = context.folder.join("strowger.toml");
    let path_text = path.display().to_string();
    let cases: &[(&str, &[&str])] = &[
        // A number without quotes would lose its zero.
        ("[[line]]\nnumber = 911\nsecret = \"x\"\n", &["strowger.toml:2:", "expected a string"]),
        ("[[line]]\nnumber = 0911\nsecret = \"x\"\n", &["strowger.toml:2:"]),
        ("[node]\nno_such_setting = 1\n", &["strowger.toml:2:", "no_such_setting", "expected"]),
        ("[[line]\n", &["strowger.toml:1:", "expected"]),
        (
            "[[line]]\nnumber = \"1001\"\nsecret = \"x\"\n[[route]]\npattern = \"2XXX\"\ntrunk = \"gone\"\n",
            &["strowger.toml", "gone"],
        ),
    ];
    let mut said = String::new();
    for (text, words) in cases {
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        let (code, printed) = complaint(context, &["serve", "--config", &path_text])?;
        if code == 0 {
            return Err(format!("a broken configuration was accepted: {text}"));
        }
        contains(&printed, words).map_err(|error| format!("{error}\nfor\n{text}"))?;
        said = sentence(&printed);
    }
    Ok(format!("“{said}”"))
}

/// Somebody else has the port.
///
/// # Errors
/// What was not as it should be.
pub(super) fn port_in_use(context: &Context) -> Result<String, String> {
    let holder = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = holder.local_addr().map_err(|error| error.to_string())?.port().to_string();
    let data = context.folder.join("data").display().to_string();
    let arguments =
        ["lab", "--json", "--data", &data, "--listen", "127.0.0.1", "--sip-port", &port, "--http-port", "0"];
    let (code, printed) = complaint(context, &arguments)?;
    if code == 0 {
        return Err("it ended as if all was well".into());
    }
    // The holder is this very program.
    contains(&printed, &[&port, "xtask"])?;
    Ok(format!("“{}”", sentence(&printed)))
}

/// A data folder that cannot be made.
///
/// # Errors
/// What was not as it should be.
pub(super) fn unwritable_folder(context: &Context) -> Result<String, String> {
    // Not even root can make a folder below a file.
    let file = context.folder.join("a-file");
    std::fs::write(&file, "").map_err(|error| error.to_string())?;
    let data = file.join("data").display().to_string();
    let arguments =
        ["lab", "--json", "--data", &data, "--listen", "127.0.0.1", "--sip-port", "0", "--http-port", "0"];
    let (code, printed) = complaint(context, &arguments)?;
    if code == 0 {
        return Err("it ended as if all was well".into());
    }
    contains(&printed, &[&data])?;
    Ok(format!("“{}”", sentence(&printed)))
}

/// One call to the echo test, answered and ended.
fn short_call(phone: &mut Phone) -> Result<(), String> {
    phone.dial("9999")?;
    phone.expect("CALL_ESTABLISHED")?;
    phone.talk(Duration::from_millis(200));
    phone.command("hangup", "")?;
    phone.expect("CALL_CLOSED").map(drop)
}

fn ids(server: &Server) -> Result<BTreeSet<String>, String> {
    let calls = server.calls()?;
    let all: Vec<String> = calls.iter().filter_map(|call| call["call"].as_str().map(str::to_owned)).collect();
    let set: BTreeSet<String> = all.iter().cloned().collect();
    if set.len() == all.len() { Ok(set) } else { Err(format!("a call has more than one record: {all:?}")) }
}

/// kill -9 in the middle of a call, then a new start on the same folder.
///
/// # Errors
/// What was not as it should be.
pub(super) fn killed(context: &Context) -> Result<String, String> {
    let mut server = Server::lab(context, &[])?;
    let mut phone = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    short_call(&mut phone)?;
    server.wait_for_records(1)?;
    let before = ids(&server)?;
    phone.dial("9999")?;
    phone.expect("CALL_ESTABLISHED")?;
    phone.talk(Duration::from_millis(1200));
    server.process.kill();
    let again = Server::lab_in(&context.folder, &server.data, &[])?;
    again.wait_for_records(2)?;
    let after = ids(&again)?;
    if !before.is_subset(&after) || after.len() != before.len() + 1 {
        return Err(format!("before the crash {before:?}, after it {after:?}"));
    }
    let story = again.explain_last()?;
    story.says(&["1001", "9999", "server stopped", "talked"])?;
    again.is_well()?;
    Ok(format!(
        "one final record for the call in progress, the earlier one still there: “{}”",
        story.headline
    ))
}

/// SIGTERM while two people talk: they finish, then the server ends.
///
/// # Errors
/// What was not as it should be.
pub(super) fn drain(context: &Context) -> Result<String, String> {
    let mut server = Server::lab(context, &[])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 700))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    server.process.signal("TERM");
    alice.talk(Duration::from_millis(1500));
    if let Some(status) = server.process.ended() {
        return Err(format!("it ended ({status}) though two people talked"));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let status = server.process.wait(SOON)?;
    if !status.success() {
        return Err(format!("it ended with {status}: {}", server.process.printed()));
    }
    Ok("the call in progress ended as its people wished, then the server ended with 0".into())
}

/// SIGTERM twice while two people talk: both phones are hung up, and the record says why.
///
/// # Errors
/// What was not as it should be.
pub(super) fn drain_twice(context: &Context) -> Result<String, String> {
    let mut server = Server::lab(context, &[])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 700))?;
    alice.dial("1002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    server.process.signal("TERM");
    alice.talk(Duration::from_millis(500));
    server.process.signal("TERM");
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let status = server.process.wait(SOON)?;
    if !status.success() {
        return Err(format!("it ended with {status}: {}", server.process.printed()));
    }
    let story = server.explain_last()?;
    story.says(&["1001", "1002", "told to stop", "talked"])?;
    Ok(format!("“{}”", story.headline))
}

/// The disk fills up under a running server.
///
/// # Errors
/// What was not as it should be.
pub(super) fn full_disk(context: &Context) -> Result<String, String> {
    let folder = &context.folder;
    // A small disk of its own, in a mount namespace of its own, so that nothing is left behind; a user who is
    // not root gets one together with a user namespace.
    let data = folder.join("data");
    std::fs::create_dir_all(&data).map_err(|error| error.to_string())?;
    let mut server = Server::lab_on_small_disk(folder, &data)?;
    let inside = format!("/proc/{}/root{}", server.process.id(), data.display());
    server.data = inside.into();
    let mut phone = Phone::register(folder, &server.account("alice", "1001", 440))?;
    short_call(&mut phone)?;
    server.wait_for_records(1)?;
    let before = ids(&server)?;
    let ballast = server.data.join("ballast");
    fill(&ballast)?;
    short_call(&mut phone)?;
    let said = server.says_disk_is_full()?;
    super::wire::options(server.udp)?;
    std::fs::remove_file(&ballast).map_err(|error| error.to_string())?;
    server.wait_for_records(2)?;
    let after = ids(&server)?;
    if !before.is_subset(&after) {
        return Err(format!("before the disk was full {before:?}, after it {after:?}"));
    }
    server.is_well()?;
    Ok(format!("“{said}”; with space again the waiting record was written and none was lost"))
}

/// Takes all the space that is left.
fn fill(path: &Path) -> Result<(), String> {
    let status = Command::new("dd")
        .args(["if=/dev/zero", "bs=4096", "status=none"])
        .arg(format!("of={}", path.display()))
        .stderr(std::process::Stdio::null())
        .status()
        .map_err(|error| error.to_string())?;
    // dd fails because the disk is full: that is what was wanted.
    if status.success() { Err("the small disk did not fill up".into()) } else { Ok(()) }
}
