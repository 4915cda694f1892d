//! The same lines for every server: users from 100000 upwards, password `pw-<user>`, domain `bench.test`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::target::Route;
use crate::e2e::configuration::Configuration;
use crate::workspace;

/// The first user's number.
pub(crate) const FIRST_USER: usize = 100_000;

fn write(path: PathBuf, text: &str) -> Result<PathBuf, String> {
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Kamailio's configuration and its table of passwords.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn kamailio(folder: &Path, users: usize, port: u16) -> Result<PathBuf, String> {
    write(folder.join("version"), "id(int,auto) table_name(string) table_version(int) \n0:htable:2\n")?;
    let mut table = String::from(
        "id(int,auto) key_name(string) key_type(int) value_type(int) key_value(string) expires(int) \n",
    );
    for (row, user) in (FIRST_USER..FIRST_USER + users).enumerate() {
        let _ = writeln!(table, "{}:{user}:0:0:pw-{user}:0", row + 1);
    }
    write(folder.join("htable"), &table)?;
    let template = workspace::root().join("bench/peers/kamailio.cfg");
    let text =
        std::fs::read_to_string(&template).map_err(|error| format!("{}: {error}", template.display()))?;
    let text = text.replace("@DB@", &folder.display().to_string()).replace("@PORT@", &port.to_string());
    write(folder.join("kamailio.cfg"), &text)
}

/// Strowger's configuration: a trunk for the calling side, and where calls go.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn strowger(folder: &Path, users: usize, route: Route, port: u16) -> Result<PathBuf, String> {
    let mut configuration = Configuration::new("bench.test", port);
    configuration.trunk("caller", 5080);
    configuration.trunk("answerer", 5070);
    configuration.route("1XXXXX", "answerer");
    // A line takes its number from the route.
    let lines = if route == Route::Trunk { 0 } else { users };
    for user in FIRST_USER..FIRST_USER + lines {
        configuration.line(&user.to_string(), &format!("pw-{user}"));
    }
    write(folder.join("strowger.toml"), configuration.text())
}

/// Strowger's configuration for calls between the two sides of `rtpblast`, whose media it relays.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn relay(folder: &Path, port: u16) -> Result<PathBuf, String> {
    let mut configuration = Configuration::new("bench.test", port);
    configuration.relay_always();
    configuration.trunk("caller", 10_004);
    configuration.trunk("answerer", 5070);
    configuration.route("1XXXXX", "answerer");
    write(folder.join("strowger.toml"), configuration.text())
}

/// What a node file has no words for: the caller of `rtpblast` may have keys of SRTP, transcoders are there, and `*88` with a number from 8800 upwards opens a
/// conference. A folder for `strowger apply`.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn objects(folder: &Path) -> Result<PathBuf, String> {
    let folder = folder.join("objects");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let text = "\
[service_parameters]
domain = \"bench.test\"
relay = \"always\"
meet_me_parties_max = 100

[[trunk]]
name = \"caller\"
destinations = [\"127.0.0.1:10004\"]
srtp_allowed = true

[[media_resource]]
name = \"transcoders\"
function = \"transcoder\"
capacity = 10000

[[meet_me]]
pattern = \"88XX\"

[[feature_code]]
pattern = \"*88!\"
feature = \"meet-me-open\"
";
    write(folder.join("bench.toml"), text)?;
    Ok(folder)
}

/// sipp's list of users with their passwords, and of callers with whom they call.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn sipp(folder: &Path, users: usize) -> Result<(PathBuf, PathBuf), String> {
    let mut list = String::from("SEQUENTIAL\n");
    let mut pairs = String::from("SEQUENTIAL\n");
    // The two halves never call within themselves.
    let half = (users / 2).max(1);
    for index in 0..users {
        let (user, callee) = (FIRST_USER + index, FIRST_USER + (index + half) % users);
        let keyword = format!("[authentication username={user} password=pw-{user}]");
        let _ = writeln!(list, "{user};{keyword}");
        let _ = writeln!(pairs, "{user};{callee};{keyword}");
    }
    Ok((write(folder.join("users.csv"), &list)?, write(folder.join("pairs.csv"), &pairs)?))
}
