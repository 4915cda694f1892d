//! `strowger sftp`: how the SFTP server does, and hashes of passwords for its users.

use std::fmt::Write as _;

use serde_json::Value;

use crate::access::{PasswordHash, Policy};
use crate::changes::AskOptions;
use crate::print;
use crate::table::{Table, terminal_width};

/// What is asked.
#[derive(clap::Subcommand)]
pub(crate) enum SftpCommand {
    /// Say where the SFTP server listens, what its host keys are, who is there, and who was refused.
    Status(AskOptions),
    /// Read a password and print its hash, for `password` of an `sftp_user`.
    Hash,
}

/// Asks, and prints what is answered.
pub(crate) fn run(what: &SftpCommand) -> anyhow::Result<()> {
    match what {
        SftpCommand::Status(ask) => {
            let body = ask.place.running_server()?.get_json("/api/v1/sftp")?;
            if ask.json { print::line(body) } else { print::print(status(&body, terminal_width())) }
        }
        SftpCommand::Hash => {
            let password = print::hidden_line("Password: ")?;
            let mut salt = [0; 16];
            getrandom::fill(&mut salt)
                .map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
            let hash = PasswordHash::new("", &password, &salt, &Policy::default())
                .map_err(|weak| anyhow::anyhow!("{weak}"))?;
            print::line(hash.as_str())
        }
    }
}

fn status(body: &Value, width: Option<usize>) -> String {
    let mut text = String::new();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match (body["listening"].as_str(), body["trouble"].as_str()) {
        (Some(listening), _) => _ = writeln!(text, "listening on {listening}"),
        (None, Some(trouble)) => _ = writeln!(text, "off: {trouble}"),
        (None, None) => text.push_str("off: no server has an sftp_port\n"),
    }
    for key in body["host_keys"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "host key {} {}", word(&key["kind"]), word(&key["fingerprint"]));
    }
    let sessions = body["sessions"].as_array().map_or(&[][..], Vec::as_slice);
    if !sessions.is_empty() {
        let mut table = Table::new(["User", "From", "Since", "With", "Client"], &[3, 4]);
        for row in sessions {
            table.push(["user", "from", "since", "with", "client"].map(|name| word(&row[name])));
        }
        let _ = write!(text, "\n{}", table.text(width));
    }
    let figure = |name: &str| body["figures"][name].as_u64().unwrap_or(0);
    let _ = writeln!(
        text,
        "{} log-ins, {} files fetched ({} bytes), {} files brought ({} bytes)",
        figure("logins"),
        figure("files_fetched"),
        figure("bytes_fetched"),
        figure("files_brought"),
        figure("bytes_brought")
    );
    let refused = body["figures"]["refused"].as_object();
    let refused: Vec<String> =
        refused.into_iter().flatten().map(|(why, count)| format!("{count} {why}")).collect();
    if !refused.is_empty() {
        let _ = writeln!(text, "refused: {}", refused.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_says_who_is_there_and_who_was_refused() {
        let body = json!({
            "listening": "sftp://10.0.0.1:22",
            "host_keys": [{ "kind": "ssh-ed25519", "fingerprint": "SHA256:abc" }],
            "sessions": [{ "user": "cucm", "from": "10.0.0.2", "since": "2026-05-04T12:00:00Z", "with": "password", "client": "SSH-2.0-x" }],
            "figures": { "logins": 2, "files_fetched": 1, "bytes_fetched": 3, "files_brought": 4, "bytes_brought": 5, "refused": { "password": 7 } },
        });
        assert_eq!(
            status(&body, None),
            "listening on sftp://10.0.0.1:22\nhost key ssh-ed25519 SHA256:abc\n\n\
             User  From      Since                 With      Client\n\
             cucm  10.0.0.2  2026-05-04T12:00:00Z  password  SSH-2.0-x\n\
             2 log-ins, 1 files fetched (3 bytes), 4 files brought (5 bytes)\nrefused: 7 password\n"
        );
        assert!(status(&json!({}), None).starts_with("off: no server has an sftp_port\n"));
    }
}
