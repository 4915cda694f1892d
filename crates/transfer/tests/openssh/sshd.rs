//! OpenSSH's server on loopback, in namespaces of its own: users, mounts and processes go with it.
//!
//! In there are a user `billing` (password `billing-secret`) and these folders: `/srv/cdr` is the user's, `/srv/full` a small disk,
//! `/srv/foreign` belongs to root, `/srv/fixed` is mounted read-only, `/srv/jail` is what ChrootDirectory accepts with `cdr` in it,
//! `/srv/open` what it does not accept, `/srv/kept` outlives the server.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use strowger_transfer::{Destination, Patience, PinnedKey, Policy, Protocol, Secret};

pub(crate) struct Sshd {
    child: Room,
    pub(crate) port: u16,
    pub(crate) folder: PathBuf,
}

/// A program in namespaces of its own: dropped, all in there ends.
pub(crate) struct Room(Child);

impl Room {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.end();
    }
}

/// The password as `openssl passwd -6` hashes it.
const HASH: &str =
    "$6$strowger$d9pQdtV3XDbGEX2nzsxN1lhMJYeSzV0qtSuiupRK..oX5N7GeC5JR9mIJClSOI7ORDeY01onIxOhzt6tRn8IO.";

const ROOM: &str = include_str!("../../../../e2e/room.sh");

impl Sshd {
    /// Starts it; `lines` are added in front of its configuration.
    pub(crate) fn start(name: &str, lines: &str) -> Sshd {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        for kind in ["ed25519", "rsa"] {
            keygen(&folder.join(format!("host_{kind}")), kind);
        }
        keygen(&folder.join("user"), "ed25519");
        fs::copy(folder.join("user.pub"), folder.join("authorized")).expect("a key");
        let port = free_port();
        Sshd::start_in(folder, port, lines)
    }

    /// Starts it again where it was, with what it had.
    pub(crate) fn start_in(folder: PathBuf, port: u16, lines: &str) -> Sshd {
        let here = folder.display();
        let subsystem = if lines.contains("Subsystem") { "" } else { "Subsystem sftp internal-sftp\n" };
        // The first value of a keyword counts.
        let config = format!(
            "{lines}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {here}/host_ed25519\nHostKey {here}/host_rsa\n\
             AuthorizedKeysFile {here}/authorized\nStrictModes no\nUsePAM no\nPasswordAuthentication yes\n\
             PidFile none\nLogLevel VERBOSE\nMaxStartups 100\nUseDNS no\n{subsystem}"
        );
        fs::write(folder.join("sshd_config"), config).expect("a configuration");
        let config = folder.join("sshd_config").display().to_string();
        let child = room(&folder, &["/usr/sbin/sshd", "-D", "-e", "-f", &config]);
        let mut sshd = Sshd { child, port, folder };
        sshd.wait("Server listening on");
        sshd
    }

    fn wait(&mut self, words: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.log().contains(words) {
            let ended = self.child.0.try_wait().expect("ours");
            assert!(ended.is_none() && Instant::now() < end, "the server does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A path as the server sees it, from outside.
    pub(crate) fn inside(&self, path: &str) -> PathBuf {
        let id = self.child.0.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("it has a child");
        let child = children.split_whitespace().next().expect("it has a child");
        PathBuf::from(format!("/proc/{child}/root{path}"))
    }

    /// Names of the files in a folder, hidden ones as well.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.inside(path)).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The fingerprint of one of its keys.
    pub(crate) fn key(&self, kind: &str, owner: &str) -> PinnedKey {
        let line = fs::read_to_string(self.folder.join(format!("host_{kind}.pub"))).expect("a key");
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        PinnedKey::parse(&format!("{} {owner}", words.join(" "))).expect("a key")
    }

    pub(crate) fn user_key(&self) -> Secret {
        Secret::new(fs::read_to_string(self.folder.join("user")).expect("a key"))
    }

    /// A destination on it: with the password, in `/srv/cdr`.
    pub(crate) fn destination(&self) -> Destination {
        Destination {
            protocol: Protocol::Sftp,
            host: "127.0.0.1".into(),
            port: self.port,
            user: "billing".into(),
            password: Some(Secret::new("billing-secret")),
            key: None,
            passphrase: None,
            host_keys: vec![self.key("ed25519", "primary")],
            folder: "/srv/cdr".into(),
            algorithms: Policy::Modern,
            patience: Patience { connect: Duration::from_secs(5), step: Duration::from_secs(20) },
        }
    }

    /// Ends it and all its sessions without a goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.end();
        // The kernel ends the namespace a moment later.
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
            assert!(Instant::now() < end, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a program in namespaces of its own; all in there ends with it.
pub(crate) fn room(folder: &Path, program: &[&str]) -> Room {
    let log = File::create(folder.join("log")).expect("a log");
    let here = folder.display().to_string();
    let child = Command::new("unshare")
        .args([
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            ROOM,
            "room",
            &here,
            HASH,
        ])
        .args(program)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("unshare starts; these tests have to be root");
    Room(child)
}

pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.local_addr().expect("bound").port()
}

fn keygen(file: &Path, kind: &str) {
    let made = Command::new("ssh-keygen").args(["-q", "-N", "", "-t", kind, "-f"]).arg(file).status();
    assert!(made.expect("ssh-keygen starts").success());
}
