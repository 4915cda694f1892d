//! What tells whether a node file still says what was taken over from it.

use sha2::{Digest, Sha256};
use strowger_configuration::proposal::Scope;
use strowger_configuration::reader::Vault;
use strowger_configuration::{Id, State};

use super::TakenOver;

impl TakenOver<'_> {
    /// The same for the same objects; `None` when something is wrong with them. Secrets go into it sealed: whoever has it
    /// cannot try out which they are without the key of the node.
    pub(crate) fn fingerprint(&self, vault: &dyn Vault) -> Option<String> {
        let mut last = 0;
        let mut new_id = || {
            last += 1;
            Id::from_random(last)
        };
        let operations = State::default().proposal(&self.wanted, Scope::Whole, vault, &mut new_id).ok()?;
        let mut sha = Sha256::new();
        for operation in operations {
            sha.update(operation.kind.word());
            sha.update([0]);
            sha.update(operation.object.to_bytes());
            // No value has a zero byte in it, so that none runs into the next.
            sha.update(operation.after.as_deref().unwrap_or_default());
            sha.update([0]);
        }
        let digest = sha.finalize();
        let digits: String = digest.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
        Some(format!("{VERSION}-{digits}"))
    }

    /// What the history says of the change that took the file over.
    pub(crate) fn message(&self, vault: &dyn Vault) -> String {
        let path = self.file.source.path.display();
        match self.fingerprint(vault) {
            Some(fingerprint) => format!("{TAKEN_OVER}{path}{FINGERPRINT}{fingerprint}"),
            None => format!("{TAKEN_OVER}{path}"),
        }
    }

    /// Whether the file says something else now than when it was taken over, by the message of that change; `None` when
    /// that cannot be told, as another version of the program took it over or it was another change.
    pub(crate) fn is_changed(&self, message: &str, vault: &dyn Vault) -> Option<bool> {
        let (_, then) = message.strip_prefix(TAKEN_OVER)?.rsplit_once(FINGERPRINT)?;
        let (version, _) = then.split_once('-')?;
        // What is wrong with the file now was not wrong then.
        let now = self.fingerprint(vault).unwrap_or_default();
        (version == VERSION).then_some(now != then)
    }
}

/// Who the history says has taken a node file over.
pub(crate) const AUTHOR: &str = "node file";
const TAKEN_OVER: &str = "taken over from ";
const FINGERPRINT: &str = ", fingerprint ";
/// Another one whenever the same file becomes other objects.
const VERSION: &str = "1";
/// As much as nobody meets by chance.
const DIGEST_BYTES: usize = 16;
