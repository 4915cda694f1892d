//! A backup while people talk, and a server made from it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::Context;
use super::baresip::Phone;
use super::server::{Server, program};
use crate::peers;

/// Two people talk while a backup is made; the server that is made from it has the configuration, the history, the calls and the
/// phones' passwords. The program `age` opens one as well.
///
/// # Errors
/// What was not as it should be.
pub(super) fn backup(context: &Context) -> Result<String, String> {
    peers::require(&[peers::AGE])?;
    let folder = &context.folder;
    let server = Server::lab(context, &[])?;
    write(&folder.join("conf/partitions.toml"), "[[partition]]\nname = \"archive\"\n")?;
    let conf = folder.join("conf");
    server.ask(&["apply", &conf.to_string_lossy(), "--keep-others", "--message", "first"])?;
    let mut alice = Phone::register(folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(folder, &server.account("bob", "1002", 700))?;
    call(&mut alice, &mut bob)?;
    hang_up(&mut alice, &mut bob)?;
    server.wait_for_records(1)?;
    call(&mut alice, &mut bob)?;
    let file = folder.join("backup.age").to_string_lossy().into_owned();
    write(&folder.join("passphrase"), "correct horse battery\n")?;
    let passphrase = folder.join("passphrase").to_string_lossy().into_owned();
    let manifest = server.ask(&["backup", &file, "--passphrase-file", &passphrase])?;
    let for_age = opened_by_age(&server, folder)?;
    alice.talk(Duration::from_millis(500));
    hang_up(&mut alice, &mut bob)?;
    server.wait_for_records(2)?;
    server.is_well()?;

    strowger(&["backup", "--verify", &file, "--passphrase-file", &passphrase])?;
    let data = folder.join("restored");
    let path = data.to_string_lossy().into_owned();
    let restore = ["restore", &file, "--data", &path, "--passphrase-file", &passphrase];
    cut_is_refused(&file, &restore, &data)?;
    strowger(&restore)?;
    let again = strowger(&restore).err().unwrap_or_default();
    if !again.contains("is not empty") {
        return Err(format!("a folder that is not empty is restored into: {again}"));
    }
    let other = Server::lab_in(&folder.join("conf"), &data, &[])?;
    same(&server, &other, &manifest)?;
    let mut carol = Phone::register(folder, &other.account("carol", "1001", 440))?;
    carol.dial("9999")?;
    carol.expect("CALL_ESTABLISHED")?;
    carol.command("hangup", "")?;
    carol.expect("CALL_CLOSED")?;
    other.wait_for_records(3)?;
    other.is_well()?;
    let members = manifest["members"].as_array().map_or(0, Vec::len);
    Ok(format!("{members} files; a phone registers at the server made from them and calls; {for_age}"))
}

/// Configuration, history, secrets and calls are those of the other server.
fn same(server: &Server, other: &Server, manifest: &Value) -> Result<(), String> {
    let (history, there) = (server.ask(&["history"])?, other.ask(&["history"])?);
    if history != there || there["changes"].as_array().is_none_or(Vec::is_empty) {
        return Err(format!("the history was {history}, and is {there}"));
    }
    let (before, after) = (server.calls()?, other.calls()?);
    // The second call was up when the backup was made: it ended otherwise here.
    if before.len() != 2 || after.len() != 2 || before.last() != after.last() {
        return Err(format!("the calls were {before:?}, and are {after:?}"));
    }
    other.explain_last()?.says(&["1001", "1002", "server stopped", "talked"])?;
    if server.secret("1001").is_empty() || server.secret("1001") != other.secret("1001") {
        return Err("the phones' secrets are not the same".into());
    }
    let change = &manifest["change"];
    if there["changes"][0]["change"] != *change {
        return Err(format!("the manifest says change {change}: {there}"));
    }
    Ok(())
}

/// Half of a backup leaves nothing behind.
fn cut_is_refused(file: &str, restore: &[&str], data: &Path) -> Result<(), String> {
    let whole = fs::read(file).map_err(|error| error.to_string())?;
    let written = |bytes: &[u8]| fs::write(file, bytes).map_err(|error| error.to_string());
    written(whole.get(..whole.len() / 2).unwrap_or_default())?;
    let refused = strowger(restore).err().unwrap_or_default();
    if !refused.contains("nothing was changed: it is cut or damaged") {
        return Err(format!("half a backup: {refused}"));
    }
    if data.exists() {
        return Err("half a backup became a folder".into());
    }
    written(&whole)
}

/// Another backup, for a key, which the program `age` and tar open.
fn opened_by_age(server: &Server, folder: &Path) -> Result<String, String> {
    let key = Command::new("age-keygen").output().map_err(|error| error.to_string())?;
    let key = String::from_utf8_lossy(&key.stdout).into_owned();
    let recipient =
        key.lines().find_map(|line| line.strip_prefix("# public key: ")).ok_or("no key of age")?;
    write(&folder.join("identity"), &key)?;
    let file = folder.join("recipient.age");
    server.ask(&["backup", &file.to_string_lossy(), "--recipient", recipient])?;
    let script = r#"age -d -i "$1" "$2" | tar tz"#;
    let listed = Command::new("sh")
        .args(["-c", script, "sh"])
        .args([folder.join("identity"), file])
        .output()
        .map_err(|error| error.to_string())?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    if !names.starts_with("manifest.json\n") || !names.contains("configuration.sqlite\n") {
        return Err(format!("age and tar open it to {names}{}", String::from_utf8_lossy(&listed.stderr)));
    }
    Ok("age and tar open one too".into())
}

fn call(caller: &mut Phone, called: &mut Phone) -> Result<(), String> {
    caller.dial("1002")?;
    called.expect("CALL_INCOMING")?;
    called.command("accept", "")?;
    caller.expect("CALL_ESTABLISHED").map(drop)
}

fn hang_up(caller: &mut Phone, called: &mut Phone) -> Result<(), String> {
    caller.command("hangup", "")?;
    caller.expect("CALL_CLOSED")?;
    called.expect("CALL_CLOSED").map(drop)
}

fn strowger(arguments: &[&str]) -> Result<String, String> {
    let output = program().args(arguments).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(said) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(path, text)).map_err(|error| error.to_string())
}
