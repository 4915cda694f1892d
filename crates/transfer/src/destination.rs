//! Where files go: the server, how to get in, and which keys it may show.

use std::fmt;
use std::time::Duration;

use russh::keys::{Algorithm, HashAlg, parse_public_key_base64};

/// A folder on a server, or on this machine.
#[derive(Clone, Debug)]
pub struct Destination {
    /// How to speak with it.
    pub protocol: Protocol,
    /// Name or address of the server; not used by [`Protocol::Folder`].
    pub host: String,
    /// Its port; [`Protocol::port`] is the usual one.
    pub port: u16,
    /// Who we are there.
    pub user: String,
    /// The user's password, when there is one.
    pub password: Option<Secret>,
    /// The user's private key as OpenSSH writes it, when there is one.
    pub key: Option<Secret>,
    /// What the key is encrypted with, when it is.
    pub passphrase: Option<Secret>,
    /// Keys that the server may show; several, because an active and a standby server share one address.
    pub host_keys: Vec<PinnedKey>,
    /// The folder: as the server calls it, relative to where the user arrives, or empty for that place itself.
    pub folder: String,
    /// Which algorithms of SSH we offer.
    pub algorithms: Policy,
    /// How long each step may take.
    pub patience: Patience,
}

/// How files get to a destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Files over SSH.
    Sftp,
    /// FTP without protection: for old servers.
    Ftp,
    /// FTP that turns to TLS before it says who we are (`AUTH TLS`, RFC 4217 §4).
    Ftps,
    /// FTP under TLS from the first byte, for servers that know no other way.
    #[serde(rename = "ftps-implicit")]
    FtpsImplicit,
    /// A folder of this machine.
    Folder,
}

impl Protocol {
    /// The usual port; 0 for a folder.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Protocol::Sftp => 22,
            Protocol::Ftp | Protocol::Ftps => 21,
            Protocol::FtpsImplicit => 990,
            Protocol::Folder => 0,
        }
    }

    /// As it is written in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Protocol::Sftp => "sftp",
            Protocol::Ftp => "ftp",
            Protocol::Ftps => "ftps",
            Protocol::FtpsImplicit => "ftps-implicit",
            Protocol::Folder => "folder",
        }
    }
}

/// Which algorithms of SSH are offered.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// What counts as sound today.
    #[default]
    Modern,
    /// Also what old servers need: SHA-1, CBC, small groups. The modern ones are still preferred.
    Legacy,
}

/// How long each step may take before it counts as failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Looking the name up and connecting.
    pub connect: Duration,
    /// Any later step up to its answer: the key exchange, a log-in, 32 KiB of a file.
    pub step: Duration,
}

impl Default for Patience {
    /// 10 s and 30 s.
    fn default() -> Patience {
        Patience { connect: Duration::from_secs(10), step: Duration::from_secs(30) }
    }
}

/// Text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A key that a server may show: an SSH host key, or the certificate of an FTPS server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PinnedKey {
    /// `SHA256:` and the hash in base64 without padding, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// Whose key it is, in the words of whoever pinned it; may be empty.
    pub owner: String,
    /// The kind of key, when a whole key was pinned and not only its fingerprint.
    pub(crate) algorithm: Option<Algorithm>,
}

impl PinnedKey {
    /// Reads `SHA256:… [owner]`, or a line as `ssh-keyscan` and `*.pub` files have them: `[host] ssh-ed25519 AAAA… [owner]`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(line: &str) -> Result<PinnedKey, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let owner = |from: usize| words.get(from..).unwrap_or_default().join(" ");
        let Some(first) = words.first() else { return Err("is empty".into()) };
        if first.starts_with("SHA256:") {
            let hash: &str = first.trim_end_matches('=').strip_prefix("SHA256:").unwrap_or_default();
            // 32 bytes are 43 characters of base64.
            let sound = hash.len() == 43
                && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
            if !sound {
                return Err(
                    "is not a fingerprint: `SHA256:` and 43 characters, as `ssh-keygen -l` prints it".into(),
                );
            }
            return Ok(PinnedKey { fingerprint: format!("SHA256:{hash}"), owner: owner(1), algorithm: None });
        }
        for at in 0..words.len().min(2) {
            let Some(base64) = words.get(at + 1) else { break };
            if let Ok(key) = parse_public_key_base64(base64) {
                return Ok(PinnedKey {
                    fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
                    owner: owner(at + 2),
                    algorithm: Some(key.algorithm()),
                });
            }
        }
        Err("is neither a fingerprint (`SHA256:…`) nor a public key (`ssh-ed25519 AAAA…`)".into())
    }
}

impl fmt::Display for PinnedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint)?;
        if self.owner.is_empty() { Ok(()) } else { write!(f, " ({})", self.owner) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJ7vTzJWpOqwLrHxKyHXjIFXqPbZ2fYbvD3rE0oX2TQS";

    #[test]
    fn keys_are_pinned_by_fingerprint_or_whole() {
        let hash = "A".repeat(43);
        let pinned = PinnedKey::parse(&format!(" SHA256:{hash}=  the standby ")).expect("a fingerprint");
        assert_eq!(
            (pinned.fingerprint.as_str(), pinned.owner.as_str()),
            (&*format!("SHA256:{hash}"), "the standby")
        );
        let public = PinnedKey::parse(&format!("ssh-ed25519 {KEY} root@billing-1")).expect("a key");
        let scanned = PinnedKey::parse(&format!("billing ssh-ed25519 {KEY}")).expect("a key");
        assert_eq!(public.fingerprint, scanned.fingerprint);
        assert_eq!((public.owner.as_str(), scanned.owner.as_str()), ("root@billing-1", ""));
        assert_eq!(public.algorithm, Some(Algorithm::Ed25519));
        for wrong in ["", "SHA256:abc", "MD5:00:11", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 !!!! x"]
        {
            assert!(PinnedKey::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("cisco")), "…");
    }
}
