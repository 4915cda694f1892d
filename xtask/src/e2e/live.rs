//! Changes of the configuration while people telephone: real softphones on a server that is never restarted.

use std::path::Path;

use serde_json::Value;

use super::Context;
use super::baresip::{Account, Phone};
use super::server::Server;

/// A line with its phone comes, is registered and rings; a number comes, is called, and goes during the call; a secret
/// changes; the plan tells all of it before.
///
/// # Errors
/// What was not as it should be.
pub(super) fn live(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let files = context.folder.join("conf");
    let folder = files.to_string_lossy().into_owned();
    server.ask(&["export", &folder])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;

    write(
        &files,
        "new.toml",
        "[[line]]\npattern = \"1010\"\npartition = \"internal\"\nsearch_space = \"everything\"\n\
         [[phone]]\nname = \"desk\"\nlines = [{ line = \"internal:1010\" }]\ncredentials = { secret = \"first-secret\" }\n\
         [[application_number]]\npattern = \"8888\"\npartition = \"internal\"\nservice = \"echo\"\n",
    )?;
    server.ask(&["apply", &folder, "--message", "a desk and a number"])?;
    let account = Account {
        number: "1010",
        user: "1010",
        secret: "first-secret",
        ..server.account("dora", "1001", 880)
    };
    let mut dora = Phone::register(&context.folder, &account)?;
    alice.dial("1010")?;
    dora.expect("CALL_INCOMING")?;
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;

    // The number goes while somebody is on it, and a phone's secret changes.
    alice.dial("8888")?;
    alice.expect("CALL_ESTABLISHED")?;
    write(
        &files,
        "new.toml",
        "[[line]]\npattern = \"1010\"\npartition = \"internal\"\nsearch_space = \"everything\"\n\
         [[phone]]\nname = \"desk\"\nlines = [{ line = \"internal:1010\" }]\ncredentials = { secret = \"second-secret\" }\n\
         [[saved_dialling]]\nname = \"no more echo\"\nline = \"internal:1010\"\nnumber = \"8888\"\nresult = \"service echo\"\n",
    )?;
    let plan = server.ask(&["plan", &folder])?;
    tells(
        &plan,
        &["phone desk is registered and has to register anew", "phone desk must restart", "no more echo"],
    )?;
    server.ask(&["apply", &folder, "--message", "another secret"])?;
    if phones(&server)? != ["1001"] {
        return Err(format!("registered are {:?}, expected 1001 alone", phones(&server)?));
    }
    alice.talk(std::time::Duration::from_millis(500));
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    server.explain_last()?.tells(&["1001", "8888", "echo", "hung up"])?;
    alice.dial("8888")?;
    let refused = alice.expect("CALL_CLOSED")?;
    if !refused.to_string().contains("404") {
        return Err(format!("a number that is gone is answered: {refused}"));
    }
    let wrong = Phone::register(&context.folder, &Account { name: "late", ..account });
    if wrong.is_ok() {
        return Err("the old secret still works".into());
    }
    let right = Account {
        name: "right",
        number: "1010",
        user: "1010",
        secret: "second-secret",
        ..server.account("right", "1001", 880)
    };
    Phone::register(&context.folder, &right)?;
    server.is_well()?;
    let changes = server.ask(&["history"])?["changes"].as_array().map_or(0, Vec::len);
    Ok(format!("{changes} changes, none of them with a restart"))
}

pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::write(folder.join(name), text).map_err(|error| error.to_string())
}

/// The lines that have a phone registered.
pub(super) fn phones(server: &Server) -> Result<Vec<String>, String> {
    let answer = server.ask(&["phones"])?;
    let rows = answer["phones"].as_array().or(answer.as_array()).ok_or_else(|| answer.to_string())?;
    Ok(rows
        .iter()
        .filter_map(|row| row["line"].as_str().or(row["number"].as_str()))
        .map(str::to_owned)
        .collect())
}

/// Whether all of these stand among what follows from a plan.
fn tells(plan: &Value, parts: &[&str]) -> Result<(), String> {
    let told = plan["consequences"].to_string();
    match parts.iter().find(|part| !told.contains(*part)) {
        None => Ok(()),
        Some(missing) => Err(format!("the plan does not tell “{missing}”: {told}")),
    }
}
