//! The node's key, and what is sealed with it: who steals the store alone cannot read a secret.
//!
//! A sealed text is `sealed:1:` and hexadecimal digits: a nonce of 12 bytes, then AES-256-GCM-SIV (RFC 8452) with the name of
//! the setting as associated data. The nonce is a digest of key, place and secret: the same secret in the same place
//! gives the same text, so that a plan shows no change where there is none, and two phones with the same secret have
//! different texts.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use anyhow::Context;
use sha2::{Digest, Sha256};
use strowger_base::Secret;
use strowger_configuration::Id;

/// The key of a node, in a file that is not in the store.
pub(crate) struct Vault {
    cipher: Aes256GcmSiv,
    nonces: Secret<[u8; KEY]>,
}

impl Vault {
    /// The vault of a data folder; a key is made when there is none yet.
    ///
    /// # Errors
    /// The file cannot be read or made, is no key, or is open to others.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Vault> {
        let path = data.join(FILE);
        match File::open(&path) {
            Ok(file) => read(file, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(data, &path),
            Err(error) => {
                Err(error).with_context(|| format!("cannot read the node's key {}", path.display()))
            }
        }
    }

    /// Whether a data folder has a key.
    pub(crate) fn is_in(data: &Path) -> bool {
        data.join(FILE).is_file()
    }

    fn from_keys(keys: &[u8; KEYS]) -> Vault {
        let (cipher, nonces) = keys.split_at(KEY);
        let mut second = [0; KEY];
        second.copy_from_slice(nonces);
        let cipher = Aes256GcmSiv::new(aes_gcm_siv::Key::<Aes256GcmSiv>::from_slice(cipher));
        Vault { cipher, nonces: Secret::new(second) }
    }

    /// The secret in a sealed text.
    ///
    /// # Errors
    /// It was sealed with another key, for another setting, or is damaged.
    pub(crate) fn open_text(&self, setting: &str, sealed: &str) -> Result<Secret<Box<str>>, String> {
        let bytes = sealed.strip_prefix(MARK).and_then(bytes_of).ok_or("it is no sealed text")?;
        let (nonce, text) = bytes.split_at_checked(NONCE).ok_or("it is no sealed text")?;
        let payload = Payload { msg: text, aad: setting.as_bytes() };
        let opened = self.cipher.decrypt(Nonce::from_slice(nonce), payload);
        let opened =
            opened.map_err(|_| "it was sealed with the key of another node, or for another setting")?;
        let text = String::from_utf8(opened).map_err(|_| "it is no text")?;
        Ok(Secret::new(text.into()))
    }

    /// The key with which stored registrations remember what their phones proved themselves with.
    pub(crate) fn fingerprints(&self) -> (u64, u64) {
        let mut sha = Sha256::new();
        sha.update(self.nonces.expose());
        sha.update(b"fingerprints of registrations");
        let digest: [u8; 32] = sha.finalize().into();
        let (words, _) = digest.as_chunks::<8>();
        let word = |at: usize| words.get(at).map_or(0, |word| u64::from_be_bytes(*word));
        (word(0), word(1))
    }

    /// What keeps ids from telling of what they were made, which may have a password in it.
    pub(crate) fn requests(&self) -> [u8; 32] {
        let mut sha = Sha256::new();
        sha.update(self.nonces.expose());
        sha.update(b"ids of requests");
        sha.finalize().into()
    }

    fn nonce(&self, owner: Id, setting: &str, text: &str) -> [u8; NONCE] {
        let mut sha = Sha256::new();
        sha.update(self.nonces.expose());
        sha.update(owner.to_bytes());
        // The length keeps setting and secret apart.
        sha.update((setting.len() as u64).to_be_bytes());
        sha.update(setting.as_bytes());
        sha.update(text.as_bytes());
        let digest: [u8; 32] = sha.finalize().into();
        std::array::from_fn(|at| digest.get(at).copied().unwrap_or(0))
    }
}

impl strowger_configuration::reader::Vault for Vault {
    fn seal(&self, owner: Id, setting: &str, text: &str) -> Result<String, String> {
        if text.starts_with(MARK) {
            return self.open_text(setting, text).map(|_| text.to_owned());
        }
        let nonce = self.nonce(owner, setting, text);
        let payload = Payload { msg: text.as_bytes(), aad: setting.as_bytes() };
        let sealed = self.cipher.encrypt(Nonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| "it is too long")?;
        Ok(format!("{MARK}{}{}", hexadecimal(&nonce), hexadecimal(&sealed)))
    }
}

fn read(mut file: File, path: &Path) -> anyhow::Result<Vault> {
    let mode = file.metadata()?.permissions().mode();
    anyhow::ensure!(
        mode & 0o077 == 0,
        "the node's key {} can be read by others: chmod 600 it, and change the secrets if somebody may have read it",
        path.display()
    );
    let mut text = String::new();
    file.read_to_string(&mut text)
        .with_context(|| format!("cannot read the node's key {}", path.display()))?;
    let keys = bytes_of(text.trim()).and_then(|bytes| <[u8; KEYS]>::try_from(bytes).ok());
    let keys = keys.with_context(|| {
        format!(
            "{} is no key: bring it back from a backup; without it no secret can be opened",
            path.display()
        )
    })?;
    Ok(Vault::from_keys(&keys))
}

/// Makes a key that survives a power cut before anything is sealed with it.
fn create(data: &Path, path: &Path) -> anyhow::Result<Vault> {
    let mut keys = [0; KEYS];
    getrandom::fill(&mut keys).map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    let partial = data.join(format!("{FILE}.new"));
    let made = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(hexadecimal(&keys).as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        File::open(data)?.sync_all()
    };
    made().with_context(|| format!("cannot make the node's key {}", path.display()))?;
    Ok(Vault::from_keys(&keys))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().try_fold(0u8, |byte, digit| Some(byte << 4 | u8::try_from(*digit).ok()?)))
        .collect()
}

/// The file in the data folder.
pub(crate) const FILE: &str = "node.key";
pub(crate) const MARK: &str = "sealed:1:";
const KEY: usize = 32;
const KEYS: usize = 2 * KEY;
const NONCE: usize = 12;

#[cfg(test)]
mod tests {
    use strowger_configuration::reader::Vault as _;

    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("strowger-vault-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn id(number: u128) -> Id {
        Id::from_random(number)
    }

    #[test]
    fn what_is_sealed_opens_again_after_a_restart() {
        let data = folder("again");
        let sealed = Vault::open(&data).unwrap().seal(id(1), "secret", "s3cret").unwrap();
        assert!(sealed.starts_with(MARK) && !sealed.contains("s3cret"), "{sealed}");
        let again = Vault::open(&data).unwrap();
        assert_eq!(&**again.open_text("secret", &sealed).unwrap().expose(), "s3cret");
        // The same in the same place looks the same; elsewhere it does not.
        assert_eq!(again.seal(id(1), "secret", "s3cret").unwrap(), sealed);
        assert_eq!(again.seal(id(1), "secret", &sealed).unwrap(), sealed);
        assert_ne!(again.seal(id(2), "secret", "s3cret").unwrap(), sealed);
        std::fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn what_another_key_or_setting_sealed_does_not_open() {
        let (one, two) = (folder("one"), folder("two"));
        let (mine, theirs) = (Vault::open(&one).unwrap(), Vault::open(&two).unwrap());
        let sealed = theirs.seal(id(1), "secret", "s3cret").unwrap();
        assert!(mine.seal(id(1), "secret", &sealed).is_err());
        assert!(theirs.seal(id(1), "password", &sealed).is_err());
        for damaged in ["sealed:1:", "sealed:1:00", "sealed:1:zz", &sealed[..sealed.len() - 2]] {
            assert!(theirs.seal(id(1), "secret", damaged).is_err(), "{damaged}");
        }
        std::fs::remove_dir_all(one).unwrap();
        std::fs::remove_dir_all(two).unwrap();
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let data = folder("open");
        drop(Vault::open(&data).unwrap());
        let path = data.join(FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Vault::open(&data).err().unwrap().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "00ff").unwrap();
        assert!(Vault::open(&data).err().unwrap().to_string().contains("is no key"));
        std::fs::remove_dir_all(data).unwrap();
    }
}
