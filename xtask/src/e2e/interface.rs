//! The configuration over the interface: changes as an operator makes them, with curl and the command line, and a program that
//! tries everything that the OpenAPI document allows.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Context;
use super::process::Process;
use super::server::{Server, program};
use crate::peers;

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
    let trial = made(&apply(&server, &files, &["--confirm", "1h"])?)?;
    server.process.kill();
    let server = Server::lab_in(&context.folder, &data, &[])?;
    let reverted = trial + 1;
    if count(&server)? != reverted
        || curl(&server, &["/api/v1/configuration/lines"])?.1["objects"] != Value::Array(vec![])
    {
        return Err("the change that nobody confirmed is still there after a kill".into());
    }
    let last = made(&apply(&server, &files, &["--base", &reverted.to_string()])?)?;
    // Somebody else was faster.
    write(&files, "lines.toml", "[[line]]\npattern = \"1002\"\n")?;
    let conflict = apply(&server, &files, &["--base", &reverted.to_string()]).err().unwrap_or_default();
    if !conflict.contains(&format!("at change {last} now")) {
        return Err(format!("a change against an old one is no conflict: {conflict}"));
    }
    server.ask(&["rollback", &last.to_string()])?;
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
    tables(&server, &context.folder.join("tables"))?;
    second(&server, &context.folder, &token)?;
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

/// Many objects from tables: what they would do, what is wrong with them, and that what is exported changes nothing.
fn tables(server: &Server, folder: &Path) -> Result<(), String> {
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    write(folder, "partitions.csv", "name\ninternal\n")?;
    write(folder, "device-pools.csv", "name\nheadquarters\n")?;
    let phones: String = (0..200)
        .map(|number| format!("SEP{number:012X};Desk {number};headquarters;{};internal\r\n", 2_000 + number))
        .collect();
    let header = "\u{feff}name;description;device_pool;line.pattern;line.partition\r\n";
    write(folder, "phones.csv", &format!("{header}{phones}"))?;
    server.ask(&["import", &file("partitions.csv"), &file("device-pools.csv"), "-m", "places"])?;
    let before = count(server)?;
    let wrong =
        phones.replacen("headquarters", "hadquarters", 1).replacen("2007;internal", "2007;intrenal", 1);
    write(folder, "wrong.csv", &format!("{header}{wrong}"))?;
    let refused = server.ask(&["import", &file("wrong.csv"), "--kind", "phones"]).err().unwrap_or_default();
    for part in
        ["wrong.csv:2:3", "did you mean \"headquarters\"?", "wrong.csv:9:5", "did you mean \"internal\"?"]
    {
        if !refused.contains(part) {
            return Err(format!("“{part}” is not in what is wrong with a table: {refused}"));
        }
    }
    let counted = |answer: &Value, expect: [u64; 4]| {
        let names = ["added", "changed", "removed", "unchanged"];
        let found = names.map(|name| answer["counts"][name].as_u64().unwrap_or(u64::MAX));
        if found == expect { Ok(()) } else { Err(format!("an import counts {found:?}, expected {expect:?}")) }
    };
    counted(&server.ask(&["import", &file("phones.csv"), "--dry-run"])?, [400, 0, 0, 0])?;
    if count(server)? != before {
        return Err("a table that was wrong, or only looked at, made a change".into());
    }
    counted(&server.ask(&["import", &file("phones.csv"), "-m", "desks"])?, [400, 0, 0, 0])?;
    for sheet in ["phones-with-lines", "phones", "lines"] {
        let exported = program().args(["export", "--csv", sheet, "--data"]).arg(&server.data).output();
        let exported = exported.map_err(|error| error.to_string())?;
        let name = format!("{sheet}.csv");
        write(folder, &name, &String::from_utf8_lossy(&exported.stdout))?;
        let unchanged = if sheet == "phones-with-lines" { 400 } else { 200 };
        counted(&server.ask(&["import", &file(&name)])?, [0, 0, 0, unchanged])?;
    }
    write(
        folder,
        "gone.csv",
        "action,name,line.pattern,line.partition\nremove,SEP000000000000,2000,internal\n",
    )?;
    counted(&server.ask(&["import", &file("gone.csv"), "--kind", "phones"])?, [0, 0, 2, 0])
}

/// Two people apply what both made from the same: the second is told what the first did, and what of it would be lost.
fn second(server: &Server, folder: &Path, token: &str) -> Result<(), String> {
    let (alice, bob) = (folder.join("alice"), folder.join("bob"));
    for folder in [&alice, &bob] {
        server.ask(&["export", &folder.to_string_lossy()])?;
    }
    let change = |folder: &Path, name: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())?;
        write(folder, name, &text.replacen(from, to, 1))
    };
    change(&alice, "phones.toml", "Desk 7\"", "Reception\"")?;
    change(&bob, "phones.toml", "Desk 8\"", "Workshop\"")?;
    let first = made(&apply(server, &alice, &[])?)?;
    let refused = apply(server, &bob, &[]).err().unwrap_or_default();
    for part in [&format!("at change {first} now"), "\"undoes\":{", "Reception", "Workshop"] {
        if !refused.contains(part) {
            return Err(format!("“{part}” is not in what the second is told: {refused}"));
        }
    }
    let body = serde_json::json!({
        "base": first - 1, "scope": "objects",
        "files": [{ "name": "phones.csv", "text": "name,description\nSEP000000000007,Gate\n" }],
    });
    let json = ["-X", "POST", "-H", "content-type: application/json", "-H", token, "-d"];
    let (status, answer) = curl(server, &[&json[..], &[&body.to_string(), "/api/v1/changes"]].concat())?;
    if status != 409
        || answer["conflict"]["undone_count"] != 1
        || answer["conflict"]["head"] != serde_json::json!(first)
    {
        return Err(format!("a table made from an older change is answered {status} {answer}"));
    }
    let (_, phone) = curl(server, &["-H", token, "/api/v1/configuration/phones/SEP000000000007"])?;
    if phone["description"] != "Reception" {
        return Err(format!("what the first did is lost: {phone}"));
    }
    // Whoever has looked may have it as the files say.
    apply(server, &bob, &["--base", &first.to_string()])?;
    let (_, phone) = curl(server, &["-H", token, "/api/v1/configuration/phones/SEP000000000007"])?;
    if phone["description"] != "Desk 7" {
        return Err(format!("what the second ordered after a look is not done: {phone}"));
    }
    Ok(())
}

/// Everything that the OpenAPI document allows, tried by schemathesis: no answer 5xx, none that the document lacks.
///
/// # Errors
/// What it found.
pub(super) fn fuzz(context: &Context) -> Result<String, String> {
    peers::require(&[peers::CURL])?;
    let schemathesis = peers::of_pypi("schemathesis", SCHEMATHESIS)?.join("schemathesis");
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
    // It knows no way to make a sound file; `hold` sends some, good and bad.
    command.args(["--exclude-operation-id", "add_sound"]);
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

/// The number of the change that was made.
fn made(answer: &Value) -> Result<usize, String> {
    let change = answer["change"].as_u64().and_then(|change| usize::try_from(change).ok());
    change.ok_or_else(|| format!("no change was made: {answer}"))
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

const SCHEMATHESIS: &str = "4.32.5";
/// Most of the time is schemathesis'; a machine that is busy with other things takes longer.
const FUZZ_MOST: Duration = Duration::from_secs(600);
