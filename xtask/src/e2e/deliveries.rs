//! Files on their way to servers of others.

use std::time::Duration;

use super::Context;
use super::process::Process;
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

/// With building them.
const LIMIT: Duration = Duration::from_secs(600);
