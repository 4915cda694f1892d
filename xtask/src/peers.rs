//! Other people's programs that the end-to-end tests and the benchmarks talk to.
//!
//! They are Debian packages. As root on a machine with apt they are installed, and that is said; otherwise
//! the missing ones are named with the exact command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace;

/// A program of somebody else, and the Debian package that brings it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Peer {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// Load generator and scripted phones.
pub(crate) const SIPP: Peer = Peer { program: "sipp", package: "sip-tester" };
/// A real softphone with real media.
pub(crate) const BARESIP: Peer = Peer { program: "baresip", package: "baresip-core" };
/// Captures and decodes; an independent opinion on every byte.
pub(crate) const TSHARK: Peer = Peer { program: "tshark", package: "tshark" };
/// Asks over HTTP as scripts do.
pub(crate) const CURL: Peer = Peer { program: "curl", package: "curl" };
/// Runs programs from PyPI.
pub(crate) const PYTHON: Peer = Peer { program: "python3", package: "python3-venv" };
/// Opens SRTP without the server's program.
pub(crate) const OPENSSL: Peer = Peer { program: "openssl", package: "openssl" };
/// Opens backups without the server's program.
pub(crate) const AGE: Peer = Peer { program: "age", package: "age" };
/// OpenSSH's server: files are delivered to it.
pub(crate) const SSHD: Peer = Peer { program: "sshd", package: "openssh-server" };
/// Makes keys for it.
pub(crate) const SSH_KEYGEN: Peer = Peer { program: "ssh-keygen", package: "openssh-client" };
/// Fetches files from us.
pub(crate) const SFTP: Peer = Peer { program: "sftp", package: "openssh-client" };
/// An FTP server, with TLS.
pub(crate) const VSFTPD: Peer = Peer { program: "vsftpd", package: "vsftpd" };
/// Relays media; the benchmarks compare with it.
pub(crate) const RTPENGINE: Peer = Peer { program: "rtpengine", package: "rtpengine-daemon" };
/// Counts instructions for the benchmarks.
pub(crate) const VALGRIND: Peer = Peer { program: "valgrind", package: "valgrind" };

/// Where a program is, when it is installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers in sbin, which is not in everybody's PATH.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder: PathBuf| folder.join(program)).find(|file| file.is_file())
}

/// Makes sure that the programs are there.
///
/// # Errors
/// When some are missing and cannot be installed; the text holds the command that would.
pub(crate) fn require(wanted: &[Peer]) -> Result<(), String> {
    let missing: Vec<Peer> = wanted.iter().copied().filter(|peer| find(peer.program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|peer| peer.package).collect();
    if !is_root() || find("apt-get").is_none() {
        return Err(missing_text(&missing, is_root()));
    }
    let ended = install(&packages);
    let still: Vec<Peer> = missing.into_iter().filter(|peer| find(peer.program).is_none()).collect();
    if still.is_empty() {
        return Ok(());
    }
    let why = ended.err().unwrap_or_default();
    Err(format!("{why}; {}", missing_text(&still, true)))
}

/// Installs Debian packages, as root.
///
/// # Errors
/// How apt-get ended.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    if !is_root() || find("apt-get").is_none() {
        return Err(format!(
            "install them: sudo apt-get install --no-install-recommends {}",
            packages.join(" ")
        ));
    }
    println!("    installing {} (running as root, outside peers are missing)", packages.join(", "));
    let update = Command::new("apt-get").args(["update", "-qq"]).stdout(Stdio::null()).status();
    if !update.is_ok_and(|status| status.success()) {
        println!("    apt-get update failed; trying with the lists that are there");
    }
    let status = Command::new("apt-get")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("apt-get does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("apt-get install ended with {status}")) }
}

/// A package from PyPI, in an environment of its own under `target`; the folder with its programs.
///
/// # Errors
/// What has to be installed, or why it could not be.
pub(crate) fn of_pypi(package: &str, version: &str) -> Result<PathBuf, String> {
    let environment = workspace::target().join("peers").join(package);
    let (programs, whole) = (environment.join("bin"), environment.join(version));
    if whole.is_file() {
        return Ok(programs);
    }
    require(&[PYTHON])?;
    let made =
        |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let venv = || made(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    if !venv() {
        install(&["python3-venv"])?;
        if !venv() {
            return Err("python3 -m venv fails; install python3-venv".into());
        }
    }
    println!("    installing {package} {version} from PyPI into {}", environment.display());
    let wanted = format!("{package}=={version}");
    let pip = ["install", "--quiet", "--disable-pip-version-check", &wanted];
    if !made(Command::new(programs.join("pip")).args(pip)) {
        return Err(format!("pip install {wanted} failed"));
    }
    std::fs::write(&whole, "").map_err(|error| error.to_string())?;
    Ok(programs)
}

fn missing_text(missing: &[Peer], root: bool) -> String {
    let programs: Vec<&str> = missing.iter().map(|peer| peer.program).collect();
    let packages: Vec<&str> = missing.iter().map(|peer| peer.package).collect();
    let sudo = if root { "" } else { "sudo " };
    format!(
        "missing outside peers: {}. Install them:\n\n    {sudo}apt-get install --no-install-recommends {}\n",
        programs.join(", "),
        packages.join(" ")
    )
}

/// True when we run as root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_exact_command() {
        let text = missing_text(&[SIPP, TSHARK], false);
        assert!(text.contains("missing outside peers: sipp, tshark."));
        assert!(text.contains("sudo apt-get install --no-install-recommends sip-tester tshark"));
        assert!(!missing_text(&[SIPP], true).contains("sudo"));
    }

    #[test]
    fn a_program_that_is_not_there_is_not_found() {
        assert_eq!(find("strowger-no-such-program"), None);
        assert!(find("sh").is_some());
    }
}
