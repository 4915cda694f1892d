//! Files that others fetch from the server and bring to it, with OpenSSH's own clients.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Context;
use super::office::apply;
use super::ports;
use super::process::{Process, until};
use super::server::{Server, program};
use crate::{peers, workspace};

/// Records are fetched by their day, with a password and with a key; nobody writes where he may only read, nor gets out; old algorithms are refused with both
/// lists, and taken when that is configured; what a cluster brings is found; an upload that is cut leaves nothing; there are only so many sessions.
///
/// # Errors
/// What was not as it should be.
pub(super) fn fetching(context: &Context) -> Result<String, String> {
    peers::require(&[peers::SFTP, peers::SSH_KEYGEN])?;
    let folder = &context.folder;
    let server = Server::lab(context, &[])?;
    let client = Client::new(folder, ports::one()?)?;
    let firmware = folder.join("firmware");
    made(fs::create_dir(&firmware))?;
    made(fs::write(firmware.join("phone.loads"), "firmware"))?;
    made(symlink("/etc", firmware.join("etc")))?;
    made(symlink(server.data.join("node.key"), firmware.join("key")))?;
    configure(context, &server, &client, "modern")?;
    until(LIMIT, "the server to listen", || {
        let told = server.ask(&["sftp", "status"]).ok()?;
        let keys = told["host_keys"].as_array().filter(|_| told["listening"].is_string())?;
        let lines = keys.iter().filter_map(|key| key["public"].as_str());
        let lines: String = lines.map(|line| format!("[127.0.0.1]:{} {line}\n", client.port)).collect();
        fs::write(folder.join("known_hosts"), lines).ok()
    })?;
    let fetched = records(&server, &client)?;
    large(&server, &client, &firmware)?;
    refused(&server, &client, &firmware)?;
    algorithms(context, &server, &client)?;
    brought(&server, &client)?;
    sessions(&server, &client)?;
    server.is_well()?;
    Ok(format!("{fetched} files of records fetched, one brought and found, nothing else done"))
}

fn configure(context: &Context, server: &Server, client: &Client, algorithms: &str) -> Result<(), String> {
    let mut hashing = program();
    hashing.args(["sftp", "hash"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut hashing = made(hashing.spawn())?;
    made(hashing.stdin.take().ok_or("no way in")?.write_all(b"billing-secret\n"))?;
    let hash = made(hashing.wait_with_output())?;
    let hash = String::from_utf8_lossy(&hash.stdout).trim().to_owned();
    let key = made(fs::read_to_string(client.folder.join("user.pub")))?;
    let text = format!(
        "[[server]]\nname = \"cm-1\"\naddress = \"127.0.0.1\"\nsftp_port = {}\nsftp_address = \"127.0.0.1\"\n\
         sftp_algorithms = \"{algorithms}\"\n\
         [[sftp_user]]\nname = \"billing\"\npassword = \"{hash}\"\nrecords = true\n\
         folders = [{{ name = \"firmware\", path = \"{}\" }}]\n\
         [[sftp_user]]\nname = \"cucm\"\nkeys = [\"{}\"]\nincoming = true\nsessions = 2\n",
        client.port,
        client.folder.join("firmware").display(),
        key.trim()
    );
    apply(context, server, &text)
}

/// OpenSSH's clients with a home of their own.
struct Client {
    folder: PathBuf,
    port: u16,
}

impl Client {
    fn new(folder: &Path, port: u16) -> Result<Client, String> {
        let key = folder.join("user");
        let keygen = Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "cucm", "-t", "ed25519", "-f"])
            .arg(key)
            .status();
        if !made(keygen)?.success() {
            return Err("ssh-keygen makes no key".into());
        }
        let asks = folder.join("asks");
        made(fs::write(&asks, "#!/bin/sh\necho \"$PASSWORD\"\n"))?;
        made(fs::set_permissions(&asks, fs::Permissions::from_mode(0o755)))?;
        made(fs::create_dir(folder.join("got")))?;
        Ok(Client { folder: folder.to_owned(), port })
    }

    fn command(&self, name: &str, password: Option<&str>, options: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.current_dir(self.folder.join("got")).args(["-F", "/dev/null", "-P", &self.port.to_string()]);
        let known = format!("UserKnownHostsFile={}", self.folder.join("known_hosts").display());
        for option in
            [known.as_str(), "StrictHostKeyChecking=yes", "BatchMode=no", "NumberOfPasswordPrompts=1"]
        {
            command.args(["-o", option]);
        }
        for option in options {
            command.args(["-o", option]);
        }
        match password {
            Some(password) => {
                command.args(["-o", "PubkeyAuthentication=no"]).env("PASSWORD", password);
                command.env("SSH_ASKPASS", self.folder.join("asks")).env("SSH_ASKPASS_REQUIRE", "force");
                command.env("DISPLAY", ":0");
            }
            None => _ = command.arg("-i").arg(self.folder.join("user")).args(["-o", "IdentitiesOnly=yes"]),
        }
        command
    }

    /// Has `sftp` carry out lines; what it printed, when all of them were done.
    fn batch(
        &self,
        user: &str,
        password: Option<&str>,
        options: &[&str],
        lines: &str,
    ) -> Result<String, String> {
        let file = self.folder.join("batch");
        made(fs::write(&file, format!("{lines}\n")))?;
        let mut command = self.command("sftp", password, options);
        command.arg("-b").arg(file).arg(format!("{user}@127.0.0.1")).stdin(Stdio::null());
        let done = made(command.output())?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if done.status.success() {
            Ok(said(&done.stdout))
        } else {
            Err(format!("{}{}", said(&done.stdout), said(&done.stderr)))
        }
    }

    fn billing(&self, lines: &str) -> Result<String, String> {
        self.batch("billing", Some("billing-secret"), &[], lines)
    }

    fn cucm(&self, lines: &str) -> Result<String, String> {
        self.batch("cucm", None, &[], lines)
    }

    fn got(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join("got").join(name)).unwrap_or_default()
    }
}

/// Those of one day, of which one has reached everybody and one not.
fn records(server: &Server, client: &Client) -> Result<usize, String> {
    let repository = server.data.join("cdr_repository");
    let mut names = Vec::new();
    for (place, day, number) in
        [("processed", "20260503", 1), ("processed", "20260504", 2), ("preserve", "20260504", 3)]
    {
        let folder = repository.join(place).join(day);
        let name = format!("cdr_Lab_01_{day}120{number}_{number}");
        made(
            fs::create_dir_all(&folder)
                .and_then(|()| fs::write(folder.join(&name), format!("records {number}\n"))),
        )?;
        names.push(name);
    }
    let listed = client.billing("ls -1\nls -1 records\nls -l records/2026-05-04")?;
    for expected in ["firmware", "records", "records/2026-05-03", "records/2026-05-04", &names[1], &names[2]]
    {
        if !listed.contains(expected) {
            return Err(format!("{expected} is not in the lists: {listed}"));
        }
    }
    client.billing("cd records/2026-05-04\nmget *\nget /firmware/phone.loads")?;
    for (name, text) in
        [(names[1].as_str(), "records 2\n"), (&names[2], "records 3\n"), ("phone.loads", "firmware")]
    {
        if client.got(name) != text {
            return Err(format!("{name} came as {:?}", client.got(name)));
        }
    }
    if !client.got(&names[0]).is_empty() {
        return Err("the day before came too".into());
    }
    let mut copy = client.command("scp", Some("billing-secret"), &[]);
    copy.args(["-s", "-r", "billing@127.0.0.1:/records/2026-05-03", "."]).stdin(Stdio::null());
    let copied = made(copy.output())?;
    if !copied.status.success() || client.got(&format!("2026-05-03/{}", names[0])) != "records 1\n" {
        return Err(format!("scp -s: {}", String::from_utf8_lossy(&copied.stderr)));
    }
    Ok(names.len())
}

/// A file of many windows and pieces under way, and a client that says more before it asks for files than anybody has room for.
fn large(server: &Server, client: &Client, firmware: &Path) -> Result<(), String> {
    let bytes: Vec<u8> = (0..LARGE).map(|at: u32| (at >> 8 ^ at) as u8).collect();
    made(fs::write(firmware.join("image"), &bytes))?;
    client.billing("get firmware/image image")?;
    if made(fs::read(client.folder.join("got/image")))? != bytes {
        return Err("a large file came as another one".into());
    }
    made(fs::remove_file(firmware.join("image")))?;
    let names: Vec<String> = (0..60).map(|number| format!("E{number}=x")).collect();
    let set = format!("SetEnv={}", names.join(" "));
    let mut talker = client.command("sftp", Some("billing-secret"), &[&set]);
    talker.args(["-b", "/dev/null", "billing@127.0.0.1"]).stdin(Stdio::null());
    let said = made(talker.output())?;
    if !said.status.success() {
        return Err(format!("a client with many variables: {}", String::from_utf8_lossy(&said.stderr)));
    }
    until(LIMIT, "nobody to be inside", || {
        let told = server.ask(&["sftp", "status"]).ok()?;
        told["sessions"].as_array().is_some_and(Vec::is_empty).then_some(())
    })
}

/// Bytes of a file that is large for a window.
const LARGE: u32 = 120_000_000;

/// What may not be done, and who may not come.
fn refused(server: &Server, client: &Client, firmware: &Path) -> Result<(), String> {
    made(fs::write(client.folder.join("got/mine"), "mine"))?;
    for lines in [
        "put mine records/2026-05-04/mine",
        "put mine firmware/phone.loads",
        "put mine",
        "rm records/2026-05-04/cdr_Lab_01_202605041202_2",
        "rename firmware/phone.loads firmware/other",
        "mkdir firmware/new",
        "symlink /etc firmware/new",
        "get ../../../../etc/passwd stolen",
        "get firmware/etc/passwd stolen",
        "get firmware/key stolen",
        "get firmware/../../node.key stolen",
        "ls firmware/etc",
        "ls incoming",
    ] {
        if let Ok(said) = client.billing(lines) {
            return Err(format!("“{lines}” was done: {said}"));
        }
    }
    if client.folder.join("got/stolen").exists() || made(fs::read_dir(firmware))?.count() != 3 {
        return Err("something was stolen or changed".into());
    }
    let whole = server.data.join("cdr_repository/processed/20260504/cdr_Lab_01_202605041202_2");
    if fs::read_to_string(whole).ok().as_deref() != Some("records 2\n") {
        return Err("a record was changed".into());
    }
    let shell = Command::new("ssh")
        .args(["-F", "/dev/null", "-p", &client.port.to_string(), "-i"])
        .arg(client.folder.join("user"))
        .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"])
        .args(["cucm@127.0.0.1", "id"])
        .stdin(Stdio::null())
        .output();
    let shell = made(shell)?;
    if shell.status.success() || !shell.stdout.is_empty() {
        return Err(format!("there is a shell: {shell:?}"));
    }
    for (user, password) in [("billing", "wrong"), ("nobody", "billing-secret")] {
        client.batch(user, Some(password), &[], "ls").err().ok_or("somebody was let in")?;
    }
    logged(server, &["somebody who wanted files was refused", "reason=\"wrong password\"", "user=billing"])?;
    logged(server, &["reason=\"there is no such user\"", "user=nobody"])
}

/// An old client is told, with both lists, and taken once that is configured: nobody starts anything anew.
fn algorithms(context: &Context, server: &Server, client: &Client) -> Result<(), String> {
    let old = ["KexAlgorithms=diffie-hellman-group14-sha1", "Ciphers=aes128-cbc", "MACs=hmac-sha1"];
    let fetch = || client.batch("billing", Some("billing-secret"), &old, "get firmware/phone.loads old");
    fetch().err().ok_or("an old client was let in")?;
    logged(
        server,
        &[
            "no algorithm in common for key exchange, cipher, MAC",
            "key exchange: nothing in common; the client offers diffie-hellman-group14-sha1; we offer mlkem768x25519-sha256",
            "set sftp_algorithms to legacy",
        ],
    )?;
    configure(context, server, client, "legacy")?;
    until(LIMIT, "the old client to be let in", || fetch().ok())?;
    configure(context, server, client, "modern")?;
    until(LIMIT, "the old client to be refused again", || fetch().err()).map(|_| ())
}

/// A cluster brings records under a temporary name; another upload is cut.
fn brought(server: &Server, client: &Client) -> Result<(), String> {
    let sample = workspace::root().join("crates/cdr/testdata/cucm").join(SAMPLE);
    let text = made(fs::read_to_string(sample))?;
    made(fs::write(client.folder.join("got/brought"), text))?;
    let name = "cdr_Other_03_202605041217_1";
    client.cucm(&format!("cd incoming\nput brought .{name}.part\nrename .{name}.part {name}"))?;
    until(LIMIT, "what was brought to be found", || {
        let found = server.ask(&["cdr", "files"]).ok()?;
        (found["files"].as_u64()? >= 1).then_some(())
    })?;
    let trans = server.data.join("cdr_repository/trans/users/cucm");
    until(LIMIT, "what was brought to be moved into the repository", || {
        (fs::read_dir(&trans).map_or(1, Iterator::count) == 0).then_some(())
    })?;
    // A million bytes at 400 kbit/s take twenty seconds.
    made(fs::write(client.folder.join("got/large"), vec![b'x'; 1_000_000]))?;
    made(fs::write(client.folder.join("batch-large"), format!("put large incoming/{name}\n")))?;
    let mut command = client.command("sftp", None, &[]);
    command.args(["-l", "400", "-b"]).arg(client.folder.join("batch-large")).arg("cucm@127.0.0.1");
    let mut upload = Process::start("upload", &client.folder, &mut command)?;
    until(LIMIT, "the upload to be under way", || {
        let mut entries = fs::read_dir(&trans).ok()?.flatten();
        entries.any(|entry| entry.metadata().is_ok_and(|known| known.len() > 0)).then_some(())
    })?;
    upload.kill();
    until(LIMIT, "half a file to go", || {
        (fs::read_dir(&trans).map_or(1, Iterator::count) == 0).then_some(())
    })?;
    logged(
        server,
        &["a file that was on its way was cut off and is not kept", &format!("file=/incoming/{name}")],
    )
}

/// A user may have two sessions; the third is told, and comes in when one of them is over.
fn sessions(server: &Server, client: &Client) -> Result<(), String> {
    let sit = |name: &str| {
        let mut command = client.command("sftp", None, &[]);
        command.arg("cucm@127.0.0.1");
        Process::start_typing(name, &client.folder, &mut command)
    };
    let count = |expect: usize| {
        until(LIMIT, "the sessions to be counted", || {
            let told = server.ask(&["sftp", "status"]).ok()?;
            (told["sessions"].as_array()?.len() == expect).then_some(())
        })
    };
    count(0)?;
    let ((mut first, _keyboard), second) = (sit("first")?, sit("second")?);
    count(2)?;
    let said = client.cucm("ls").err().ok_or("there is a third session")?;
    if !said.contains("he has 2 sessions already") {
        return Err(format!("the third was told {said}"));
    }
    first.kill();
    count(1)?;
    client.cucm("ls")?;
    drop(second);
    let told = server.ask(&["sftp", "status"])?;
    let refused = &told["figures"]["refused"];
    if refused["user-sessions"] != 1 || refused["password"] != 1 || refused["user"] != 1 {
        return Err(format!("it is counted: {told}"));
    }
    Ok(())
}

fn logged(server: &Server, words: &[&str]) -> Result<(), String> {
    until(LIMIT, &format!("{words:?} in the log"), || {
        let logged = server.process.printed();
        words.iter().all(|words| logged.contains(words)).then_some(())
    })
}

fn made<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

const SAMPLE: &str = "cdr_StrowgerLab_03_202605041216_517";
const LIMIT: Duration = Duration::from_secs(60);
