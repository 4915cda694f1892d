//! `strowger check-data`: whether the configuration of a stopped server is what was written, and whether it can be used.

use std::path::Path;

use serde_json::Value;
use strowger_configuration::State;
use strowger_configuration::reader::ByIdOnly;

use crate::vault::Vault;
use crate::{configuration, print, server};

/// Says whether a data folder is whole.
///
/// # Errors
/// What is wrong with it, or missing in it, with what to do.
pub(crate) fn run(data: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        configuration::is_in(data),
        "there is no configuration in {}; give the data folder of a server",
        data.display()
    );
    let _lock = server::lock(data)?;
    let has_witness = configuration::has_witness(data);
    let read =
        configuration::check_folder(data).and_then(|it| Ok((it, configuration::state_of_folder(data)?)));
    if !has_witness {
        // Whoever opens a log makes the file; who only looks leaves everything as it was.
        let _ = std::fs::remove_file(data.join(configuration::WITNESS));
    }
    let (checked, state) = read?;
    let mut wrong = Vec::new();
    if !has_witness && checked.changes > 0 {
        wrong.push(format!(
            "{} is missing: whether changes at the end of the log were lost cannot be told. The next start writes it again",
            data.join(configuration::WITNESS).display()
        ));
    }
    wrong.extend(of_secrets(data, &state));
    anyhow::ensure!(wrong.is_empty(), "what is there is {checked}, but:\n  {}", wrong.join("\n  "));
    print::line(checked)
}

/// Why secrets cannot be opened.
fn of_secrets(data: &Path, state: &State) -> Option<String> {
    let mut sealed = Vec::new();
    for entry in state.entries() {
        collect(&Value::Object(entry.object().write(&ByIdOnly)), &mut String::new(), &mut sealed);
    }
    let count = sealed.len();
    if !Vault::is_in(data) {
        let key = data.join(crate::vault::FILE);
        return (count > 0).then(|| {
            format!(
                "{} is missing: none of {count} secrets can be opened. Bring it back from a backup before the server starts, which \
                 would make another one",
                key.display()
            )
        });
    }
    let vault = match Vault::open(data) {
        Ok(vault) => vault,
        Err(error) => return Some(format!("{error:#}")),
    };
    let closed = sealed.iter().filter(|(setting, text)| vault.open_text(setting, text).is_err()).count();
    (closed > 0).then(|| {
        format!(
            "{closed} of {count} secrets cannot be opened with {}: bring the right key back from a backup, or give these \
             secrets again",
            data.join(crate::vault::FILE).display()
        )
    })
}

/// Every sealed text of a value, with the setting that it is for.
fn collect(value: &Value, setting: &mut String, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if text.starts_with(crate::vault::MARK) => {
            found.push((setting.clone(), text.clone()))
        }
        Value::Object(table) => {
            for (name, value) in table {
                let length = setting.len();
                if length > 0 {
                    setting.push('.');
                }
                setting.push_str(name);
                collect(value, setting, found);
                setting.truncate(length);
            }
        }
        // Entries of lists have no names in what seals.
        Value::Array(values) => values.iter().for_each(|value| collect(value, setting, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;
    use strowger_configuration::proposal::{Scope, Wanted};
    use strowger_configuration::{Kind, Purpose};

    use super::*;
    use crate::configuration::ConfigurationStore;
    use crate::keeper::{Keeper, Order, Users, random_id};

    struct Nobody;

    impl Users for Nobody {
        fn check(&self, _: &State) -> Result<(), Vec<String>> {
            Ok(())
        }

        fn put_in_force(&self, _: &State) {}
    }

    /// A folder with one secret.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("strowger-check-data-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let (store, _) = ConfigurationStore::open(&folder, crate::digits::now(), random_id()).unwrap();
        let keeper = Keeper::new(store, Vault::open(&folder).unwrap().into(), Box::new(Nobody)).unwrap();
        let phone = json!({ "name": "desk", "credentials": { "secret": "x" } });
        let wanted =
            Wanted { kind: Kind::Phone, renamed_from: None, table: phone.as_object().unwrap().clone() };
        let plan = keeper.plan(&keeper.live(), &[wanted], Scope::Whole).unwrap();
        let order =
            Order { id: random_id(), author: "test".into(), message: "".into(), confirm_within: None };
        keeper.carry_out(plan, order, Purpose::Lasting).unwrap();
        folder
    }

    #[test]
    fn what_is_missing_beside_the_log_is_told() {
        let check = |name: &str, harm: &dyn Fn(&Path), expect: &str| {
            let folder = folder(name);
            harm(&folder);
            for _ in 0..2 {
                let found = run(&folder).err().map_or_else(String::new, |error| error.to_string());
                assert_eq!(found.is_empty(), expect.is_empty(), "{name}: {found}");
                assert!(found.contains(expect), "{name}: {found}");
            }
            std::fs::remove_dir_all(&folder).unwrap();
        };
        let remove =
            |file: &'static str| move |folder: &Path| std::fs::remove_file(folder.join(file)).unwrap();
        check("whole", &|_| (), "");
        check("head", &remove("configuration.head"), "configuration.head is missing: whether changes");
        check("key", &remove("node.key"), "node.key is missing: none of 1 secrets can be opened");
        let other = |folder: &Path| {
            std::fs::remove_file(folder.join("node.key")).unwrap();
            Vault::open(folder).map(drop).unwrap();
        };
        check("other-key", &other, "1 of 1 secrets cannot be opened");
    }
}
