//! What tells whether a node file still says what was taken over from it.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use strowger_configuration::Id;
use strowger_configuration::form::{Field, Form};
use strowger_configuration::reader::Vault;

use super::TakenOver;

impl TakenOver<'_> {
    /// The same for the same objects; `None` when a secret cannot be sealed. Secrets go into it sealed: whoever has it cannot
    /// try out which they are without the key of the node.
    pub(crate) fn fingerprint(&self, vault: &dyn Vault) -> Option<String> {
        let mut sha = Sha256::new();
        for wanted in &self.wanted {
            let sealed = sealed(&wanted.table, wanted.kind.fields(), vault)?;
            sha.update(wanted.kind.word());
            sha.update([0]);
            // JSON has no zero byte in it, so that nothing runs into the next.
            sha.update(Value::Object(sealed).to_string());
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
        if version != VERSION {
            return None;
        }
        // A secret that cannot be sealed was not there then.
        Some(self.fingerprint(vault).is_none_or(|now| now != then))
    }
}

/// Settings with their secrets sealed. The object has no id yet that they could be sealed for.
fn sealed(table: &Map<String, Value>, fields: &[Field], vault: &dyn Vault) -> Option<Map<String, Value>> {
    let mut sealed_table = Map::new();
    for (name, value) in table {
        let form = fields.iter().find(|field| field.name == name).map(|field| &field.form);
        let value = match (form, value) {
            (Some(Form::Secret), secret) => {
                let text = secret.as_str().unwrap_or_default();
                Value::String(vault.seal(Id::from_random(0), name, text).ok()?)
            }
            (Some(Form::Record(inner)), Value::Object(table)) => Value::Object(sealed(table, inner, vault)?),
            // No list of the file has secrets in it.
            (Some(_) | None, value) => value.clone(),
        };
        sealed_table.insert(name.clone(), value);
    }
    Some(sealed_table)
}

/// Who the history says has taken a node file over.
pub(crate) const AUTHOR: &str = "node file";
const TAKEN_OVER: &str = "taken over from ";
const FINGERPRINT: &str = ", fingerprint ";
/// Another one whenever the same file becomes other objects.
const VERSION: &str = "1";
/// As much as nobody meets by chance.
const DIGEST_BYTES: usize = 16;
