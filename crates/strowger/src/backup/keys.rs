//! Passphrases and keys, as they are given on the command line.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use strowger_base::Secret;

use super::age::bech32;
use super::age::{Unlock, Wants};
use crate::print;

/// With what a backup is opened.
#[derive(clap::Args)]
pub(super) struct Opening {
    /// File whose first line is the passphrase; the environment variable STROWGER_PASSPHRASE does as well, else it is asked for.
    #[arg(long, value_name = "PATH")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// File with the private key (AGE-SECRET-KEY-1…) of a recipient.
    #[arg(long, value_name = "PATH")]
    pub(super) identity: Option<PathBuf>,
}

impl Opening {
    /// The passphrase that a new backup gets.
    pub(super) fn new_passphrase(&self) -> anyhow::Result<Secret<Box<str>>> {
        if let Some(given) = self.given_passphrase()? {
            return long_enough(given);
        }
        let passphrase = print::hidden_line("Passphrase of the backup: ")?;
        if io::stdin().is_terminal() {
            let again = print::hidden_line("Once more: ")?;
            ensure!(passphrase == again, "the passphrases are not the same; nothing was written");
        }
        long_enough(passphrase)
    }

    /// What opens a file that wants to be opened so.
    pub(super) fn unlock(&self, wants: Wants) -> anyhow::Result<Unlock> {
        match (wants, &self.identity) {
            (_, Some(path)) => identities(path).map(Unlock::Identities),
            (Wants::Passphrase, None) => {
                let given = self.given_passphrase()?;
                let passphrase =
                    given.map_or_else(|| print::hidden_line("Passphrase of the backup: "), Ok)?;
                Ok(Unlock::Passphrase(Secret::new(passphrase.into())))
            }
            (Wants::Identity, None) => {
                bail!("it is for recipients: give the file with the private key with --identity")
            }
        }
    }

    fn given_passphrase(&self) -> anyhow::Result<Option<String>> {
        match &self.passphrase_file {
            Some(path) => {
                let text =
                    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                let line = text.lines().next().unwrap_or_default();
                ensure!(!line.is_empty(), "the first line of {} is empty", path.display());
                Ok(Some(line.to_owned()))
            }
            None => Ok(std::env::var("STROWGER_PASSPHRASE").ok()),
        }
    }
}

fn long_enough(passphrase: String) -> anyhow::Result<Secret<Box<str>>> {
    ensure!(
        passphrase.chars().count() >= PASSPHRASE_MIN,
        "a passphrase has at least {PASSPHRASE_MIN} characters: who has the file can try as often as they like"
    );
    Ok(Secret::new(passphrase.into()))
}

/// Public keys of age.
pub(super) fn recipients(texts: &[String]) -> anyhow::Result<Vec<[u8; 32]>> {
    texts
        .iter()
        .map(|text| {
            let key = bech32::decode("age", text).and_then(|bytes| bytes.try_into().ok());
            key.with_context(|| format!("{text} is no public key of age; age-keygen makes one, age1…"))
        })
        .collect()
}

fn identities(path: &Path) -> anyhow::Result<Vec<Secret<[u8; 32]>>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Option<Vec<_>> =
        lines.map(|line| bech32::decode("age-secret-key-", line)?.try_into().ok().map(Secret::new)).collect();
    let keys = keys.filter(|keys| !keys.is_empty());
    keys.with_context(|| format!("{} has no private key of age (AGE-SECRET-KEY-1…)", path.display()))
}

const PASSPHRASE_MIN: usize = 10;
