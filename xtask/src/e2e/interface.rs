//! The configuration over the interface: changes as an operator makes them, with curl and the command line, and a program that
//! tries everything that the OpenAPI document allows.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Context;
use super::process::{Process, until};
use super::server::{Server, program};
use crate::{peers, workspace};

/// A change on trial that nobody confirms, a kill in between, and two people who change the same.
///
/// # Errors
/// What was not as it should be.
pub(super) fn changes(context: &Context) -> Result<String, String> {
    peers::require(&[peers::CURL])?;
    let data = context.folder.join("data");
    let mut server = Server::lab_in(&context.folder, &data, &[])?;
    let files = context.folder.join("conf");
    write(&files, "partitions.toml", "[[partition]]\nname = \"internal\"\n")?;
    apply(&server, &files, &["--message", "first"])?;
    // Everything that is wrong is told at once, with its place, and nothing of it is done.
    write(&files, "lines.toml", "[[line]]\npattern = \"1001\"\npartition = \"intrenal\"\nbusy_tigger = 3\n")?;
    let refused = apply(&server, &files, &[]).err().unwrap_or_default();
    for part in
        ["lines.toml:3:1", "did you mean \"internal\"?", "lines.toml:4:1", "did you mean busy_trigger?"]
    {
        if !refused.contains(part) {
            return Err(format!("“{part}” is not in what is wrong: {refused}"));
        }
    }
    write(
        &files,
        "lines.toml",
        "[[line]]\npattern = \"1001\"\npartition = \"internal\"\nbusy_trigger = 3\n",
    )?;
    apply(&server, &files, &["--confirm", "1h"])?;
    server.process.kill();
    let server = Server::lab_in(&context.folder, &data, &[])?;
    if count(&server)? != 3
        || curl(&server, &["/api/v1/configuration/lines"])?.1["objects"] != Value::Array(vec![])
    {
        return Err("the change that nobody confirmed is still there after a kill".into());
    }
    apply(&server, &files, &["--base", "3"])?;
    // Somebody else was faster.
    write(&files, "lines.toml", "[[line]]\npattern = \"1002\"\n")?;
    let conflict = apply(&server, &files, &["--base", "3"]).err().unwrap_or_default();
    if !conflict.contains("at change 4 now") {
        return Err(format!("a change against an old one is no conflict: {conflict}"));
    }
    server.ask(&["rollback", "4"])?;
    let (status, who) = curl(&server, &["/api/v1/session"])?;
    if status != 200 || who["role"] != "read-only" {
        return Err(format!("nobody can log in yet, and loopback may do more than look: {status} {who}"));
    }
    let token = administrator(&server)?;
    let refused = curl(&server, &["-X", "DELETE", "/api/v1/configuration/partitions/internal"])?.0;
    let deleted =
        curl(&server, &["-X", "DELETE", "-H", &token, "/api/v1/configuration/partitions/internal"])?.0;
    if (refused, deleted) != (401, 200) {
        return Err(format!("without a log-in {refused}, with one {deleted}, expected 401 and 200"));
    }
    let changes = count(&server)?;
    server.is_well()?;
    let mut process = server.process;
    process.signal("TERM");
    process.wait(Duration::from_secs(20))?;
    let checked = program().arg("check-data").arg(&data).output().map_err(|error| error.to_string())?;
    let checked = String::from_utf8_lossy(&checked.stdout).trim().to_owned();
    if !checked.starts_with("whole: ") {
        return Err(format!("check-data says: {checked}"));
    }
    Ok(format!("{changes} changes; {checked}"))
}

/// Everything that the OpenAPI document allows, tried by schemathesis: no answer 5xx, none that the document lacks.
///
/// # Errors
/// What it found.
pub(super) fn fuzz(context: &Context) -> Result<String, String> {
    peers::require(&[peers::CURL])?;
    let schemathesis = schemathesis()?;
    let server = Server::lab(context, &[])?;
    let token = administrator(&server)?;
    let document = format!("http://{}/api/v1/openapi.json", server.http);
    let mut command = Command::new(schemathesis);
    // It keeps what it found in a folder of its own.
    command.current_dir(&context.folder);
    command.args(["run", &document, "--header", &token, "--seed", "1", "--max-examples", "2", "--no-color"]);
    command.args(["--phases", "coverage,fuzzing", "--continue-on-failure"]);
    // It would log itself out, change its own password, or wait for the end of what has none.
    command.args(["--exclude-path-regex", "/api/v1/(session$|users/|events)"]);
    command.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]);
    let mut process = Process::start("schemathesis", &context.folder, &mut command)?;
    let ended = process.wait(FUZZ_MOST)?;
    let printed = process.printed();
    let cases =
        printed.lines().find(|line| line.contains("generated,")).unwrap_or_default().trim().to_owned();
    if !ended.success() {
        return Err(format!("schemathesis ended with {ended}: {cases}"));
    }
    let (status, who) = curl(&server, &["-H", &token, "/api/v1/session"])?;
    if status != 200 || who["role"] != "administrator" {
        return Err(format!("the administrator is gone: {status} {who}"));
    }
    server.is_well()?;
    Ok(cases)
}

/// Makes an administrator on the machine itself, logs in over the network; the header that the requests to come carry.
fn administrator(server: &Server) -> Result<String, String> {
    let mut command = program();
    command.args(["password", "boss", "--role", "administrator", "--data"]).arg(&server.data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(b"correct horse battery\n").map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("password: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let given = r#"{"user":"boss","password":"correct horse battery"}"#;
    let (status, body) = curl(
        server,
        &["-X", "POST", "-H", "content-type: application/json", "-d", given, "/api/v1/sessions"],
    )?;
    let token = body["token"].as_str().filter(|_| status == 201);
    token
        .map(|token| format!("Authorization: Bearer {token}"))
        .ok_or_else(|| format!("log-in: {status} {body}"))
}

/// Asks with curl; the last argument is the path.
fn curl(server: &Server, arguments: &[&str]) -> Result<(u16, Value), String> {
    let Some((path, options)) = arguments.split_last() else { return Err("no path".into()) };
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}"])
        .args(options)
        .arg(format!("http://{}{path}", server.http))
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (body, status) =
        text.rsplit_once('\n').ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let status = status.parse().map_err(|_| format!("curl says {text}"))?;
    Ok((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

fn apply(server: &Server, files: &Path, more: &[&str]) -> Result<Value, String> {
    let folder = files.to_string_lossy();
    server.ask(&[&["apply", &folder], more].concat())
}

/// How many changes there are.
fn count(server: &Server) -> Result<usize, String> {
    Ok(server.ask(&["history"])?["changes"].as_array().map_or(0, Vec::len))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(folder.join(name), text))
        .map_err(|error| error.to_string())
}

/// The program from PyPI, in an environment of its own under `target`.
fn schemathesis() -> Result<PathBuf, String> {
    let environment = workspace::target().join("peers/schemathesis");
    let there = environment.join("bin/schemathesis");
    if there.is_file() {
        return Ok(there);
    }
    peers::require(&[peers::PYTHON])?;
    let made =
        |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let venv = || made(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    if !venv() {
        peers::install(&["python3-venv"])?;
        if !venv() {
            return Err("python3 -m venv fails; install python3-venv".into());
        }
    }
    println!("    installing schemathesis {SCHEMATHESIS} from PyPI into {}", environment.display());
    let package = format!("schemathesis=={SCHEMATHESIS}");
    let pip = environment.join("bin/pip");
    until(Duration::from_secs(1), "pip", || pip.is_file().then_some(()))?;
    if !made(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", &package])) {
        return Err(format!("pip install {package} failed"));
    }
    Ok(there)
}

const SCHEMATHESIS: &str = "4.32.5";
/// Most of the time is schemathesis'; a machine that is busy with other things takes longer.
const FUZZ_MOST: Duration = Duration::from_secs(600);
