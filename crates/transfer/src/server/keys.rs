//! With what the server proves who it is: keys that are made once and kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKey};

/// The keys of a server.
#[derive(Clone)]
pub struct HostKeys(pub(super) Vec<PrivateKey>);

/// Keys cannot be had.
#[derive(Debug)]
pub enum KeyTrouble {
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
    /// A file is no key.
    NoKey(PathBuf),
    /// A key can be read by others.
    Open(PathBuf),
    /// A key could not be made.
    Unmade(String),
}

impl std::fmt::Display for KeyTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeyTrouble::File(path, error) => {
                write!(f, "the host key {} cannot be read or made: {error}", path.display())
            }
            KeyTrouble::NoKey(path) => write!(
                f,
                "{} is no key: bring it back from a backup, or remove it and tell the users of the new one",
                path.display()
            ),
            KeyTrouble::Open(path) => write!(
                f,
                "the host key {} can be read by others: chmod 600 it, or remove it if somebody may have read it",
                path.display()
            ),
            KeyTrouble::Unmade(why) => write!(f, "a host key cannot be made: {why}"),
        }
    }
}

impl std::error::Error for KeyTrouble {}

impl HostKeys {
    /// The keys of a folder; those that are missing are made: Ed25519, ECDSA, and RSA for old clients, which takes a few seconds.
    ///
    /// # Errors
    /// A key that is there cannot be read, or one that is not cannot be made. None is ever replaced.
    pub fn open(folder: &Path) -> Result<HostKeys, KeyTrouble> {
        let trouble = |error| KeyTrouble::File(folder.to_owned(), error);
        fs::create_dir_all(folder).map_err(trouble)?;
        let kinds = [
            ("sftp_ed25519.key", Algorithm::Ed25519),
            ("sftp_ecdsa.key", Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 }),
            ("sftp_rsa.key", Algorithm::Rsa { hash: None }),
        ];
        kinds.into_iter().map(|(name, kind)| one(folder, name, kind)).collect::<Result<_, _>>().map(HostKeys)
    }

    /// Kind and fingerprint of each, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<(String, String)> {
        let told = |key: &PrivateKey| {
            (key.algorithm().to_string(), key.public_key().fingerprint(HashAlg::Sha256).to_string())
        };
        self.0.iter().map(told).collect()
    }

    /// The public keys, as `known_hosts` has them behind the name of the host.
    #[must_use]
    pub fn public(&self) -> Vec<String> {
        self.0.iter().filter_map(|key| key.public_key().to_openssh().ok()).collect()
    }
}

fn one(folder: &Path, name: &str, kind: Algorithm) -> Result<PrivateKey, KeyTrouble> {
    let path = folder.join(name);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let mode = fs::metadata(&path).map_err(|error| KeyTrouble::File(path.clone(), error))?;
            if mode.permissions().mode() & 0o077 != 0 {
                return Err(KeyTrouble::Open(path));
            }
            return PrivateKey::from_openssh(text).map_err(|_| KeyTrouble::NoKey(path));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(KeyTrouble::NoKey(path)),
        Err(error) => return Err(KeyTrouble::File(path, error)),
    }
    let unmade = |error: russh::keys::ssh_key::Error| KeyTrouble::Unmade(error.to_string());
    let key = match kind {
        Algorithm::Rsa { .. } => {
            let pair = RsaKeypair::random(&mut safe_rng(), RSA_BITS).map_err(unmade)?;
            PrivateKey::new(KeypairData::from(pair), "").map_err(unmade)?
        }
        other => PrivateKey::random(&mut safe_rng(), other).map_err(unmade)?,
    };
    let text = key.to_openssh(LineEnding::LF).map_err(unmade)?;
    keep(folder, &path, text.as_bytes()).map_err(|error| KeyTrouble::File(path, error))?;
    Ok(key)
}

/// A key that somebody was shown survives a power cut.
fn keep(folder: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()
}

/// Bits of an RSA key.
const RSA_BITS: usize = 3072;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_never_replaced() {
        let folder = std::env::temp_dir().join(format!("strowger-host-keys-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let made = HostKeys::open(&folder).expect("made");
        let kinds: Vec<String> = made.fingerprints().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]);
        let again = HostKeys::open(&folder).expect("read");
        assert_eq!(again.fingerprints(), made.fingerprints());
        let path = folder.join("sftp_ed25519.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("ours");
        assert!(matches!(HostKeys::open(&folder), Err(KeyTrouble::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        fs::write(&path, "rubbish").expect("ours");
        assert!(matches!(HostKeys::open(&folder), Err(KeyTrouble::NoKey(_))));
        fs::remove_dir_all(&folder).expect("ours");
    }
}
