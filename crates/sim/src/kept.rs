//! What users set, as the journal says it: after a power cut that has to be in force which was set last.

use std::collections::BTreeMap;

use strowger_base::WallTime;
use strowger_base::journal::UserSet;
use strowger_node::io::UserSetting;

/// What was set last, by whose it is and what.
#[derive(Debug, Default)]
pub(crate) struct Kept(BTreeMap<(String, String), Setting>);

#[derive(Debug)]
struct Setting {
    at: WallTime,
    value: String,
    /// It is as if nothing had been set.
    usual: bool,
}

impl Kept {
    /// The journal says that something was set then; it may say so late, when the disk was full before.
    pub(crate) fn set(&mut self, at: WallTime, set: &UserSet<'_>) {
        let key = (set.owner().to_owned(), set.value.word().to_owned());
        if self.0.get(&key).is_some_and(|newer| newer.at > at) {
            return;
        }
        let setting = Setting { at, value: set.value.text().to_owned(), usual: set.value.is_usual() };
        self.0.insert(key, setting);
    }

    /// Whether just that is in force.
    pub(crate) fn check(&self, settings: &[UserSetting]) -> Result<(), String> {
        let is_of_line = |setting: &UserSetting| setting.setting.starts_with("forward-");
        let owner = |setting: &UserSetting| match is_of_line(setting) || setting.phone.is_empty() {
            true => setting.line.to_string(),
            false => setting.phone.to_string(),
        };
        let found: BTreeMap<(String, String), &str> =
            settings.iter().map(|it| ((owner(it), it.setting.to_string()), &*it.value)).collect();
        let expected = self.0.iter().filter(|(_, setting)| !setting.usual);
        let expected: BTreeMap<(String, String), &str> =
            expected.map(|(key, setting)| (key.clone(), &*setting.value)).collect();
        if found == expected {
            Ok(())
        } else {
            Err(format!("in force is {found:?}, but users set {expected:?}"))
        }
    }
}
