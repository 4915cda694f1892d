//! What of the node file counts when the configuration has a history, and what does not.
//!
//! The file begins a configuration: at the first start its telephony is taken over as change 1. From then on the store rules, and
//! the file says only what must be known before the store is open, or belongs to the machine.

use std::path::Path;

use strowger_configuration::Purpose;
use strowger_configuration::proposal::Scope;
use strowger_configuration::reader::Vault;

use super::ConfigFile;
use super::objects::AUTHOR;
use crate::keeper::{Keeper, Order, random_id};

/// How a server began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Begun {
    /// Its store was empty. Now it has what the node file says: so many objects.
    TakenOver(usize),
    /// Its store has a history, which rules. What an operator is told whose node file has changed since it was taken over.
    Stored(Option<String>),
}

/// Sections and keys that always count. Everything else is taken over.
const STAYS: [(&str, &[&str]); 6] = [
    ("node", &["name", "data", "drain_max_seconds"]),
    ("sip", &["listen", "port", "advertise"]),
    ("media", &["ports", "quarantine_seconds"]),
    ("http", &["listen", "port", "tls", "certificate", "key", "names"]),
    ("journal", &["limit_mib"]),
    ("log", &["level", "format"]),
];

impl ConfigFile {
    /// Takes the file over into an empty store, as change 1; leaves one alone that has a history.
    ///
    /// # Errors
    /// Everything in the file that cannot be taken over, with its place; or why the change was not accepted.
    pub(crate) fn begin(&self, keeper: &Keeper, vault: &dyn Vault) -> anyhow::Result<Begun> {
        let objects = self.taken_over();
        let live = keeper.live();
        if live.head.sequence > 0 {
            let first = keeper.history(1, 1).map_err(|error| anyhow::anyhow!("{error}"))?;
            let message = first.first().map_or("", |first| &first.message);
            let changed = objects.is_changed(message, vault) == Some(true);
            return Ok(Begun::Stored(changed.then(|| self.how_to_change())));
        }
        let plan =
            keeper.plan(&live, objects.wanted(), Scope::Whole).map_err(|error| objects.explain(&error))?;
        let count = plan.operations.len();
        if count > 0 {
            let message = objects.message(vault).into();
            let order = Order { id: random_id(), author: AUTHOR.into(), message, confirm_within: None };
            keeper.carry_out(plan, order, Purpose::Lasting).map_err(|error| objects.explain(&error))?;
        }
        Ok(Begun::TakenOver(count))
    }

    /// What the file says and is not used any more, because the configuration has a history: `[sip] digest`,
    /// `[[line]] (12)`, `lines_file`. Nothing when the file was not read from a disk.
    fn not_used(&self) -> Vec<String> {
        let mut found: Vec<String> = self.unused_files().map(str::to_owned).collect();
        let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
        for (section, key) in self.unused_settings() {
            match sections.iter_mut().find(|(name, _)| *name == section) {
                Some((_, keys)) => keys.push(key),
                None => sections.push((section, vec![key])),
            }
        }
        found.extend(sections.iter().map(|(section, keys)| format!("[{section}] {}", keys.join(", "))));
        let mut lists: Vec<(&str, usize)> = Vec::new();
        for (name, _) in &self.source.headings {
            match lists.iter_mut().find(|(list, _)| list == name) {
                Some((_, count)) => *count += 1,
                None => lists.push((name, 1)),
            }
        }
        found.extend(lists.iter().map(|(name, count)| format!("[[{name}]] ({count})")));
        found
    }

    /// What an operator is told whose file says something else than what was taken over from it.
    fn how_to_change(&self) -> String {
        let path = self.source.path.display();
        format!(
            "{path} has changed since it was taken over; of it {} have no effect any more, which strowger check-config {path} \
             lists. What counts is the configuration with its history: change it with strowger export, then strowger plan and \
             strowger apply",
            self.unused_counted(),
        )
    }

    /// What of the file a server that runs on a folder with a history does not use, line by line; empty when that is nothing.
    pub(crate) fn told_unused(&self, data: &Path) -> String {
        let unused = self.not_used();
        if unused.is_empty() {
            return String::new();
        }
        format!(
            "note     {} has a configuration with a history, which counts in place of:\n         {}\n",
            data.display(),
            unused.join("\n         ")
        )
    }

    /// `3 settings and 12 tables`.
    fn unused_counted(&self) -> String {
        let tables = self.source.headings.len();
        let settings = self.unused_settings().count() + self.unused_files().count();
        let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        match (settings, tables) {
            (0, 0) => "parts".to_owned(),
            (settings, 0) => counted(settings, "setting"),
            (0, tables) => counted(tables, "table"),
            (settings, tables) => {
                format!("{} and {}", counted(settings, "setting"), counted(tables, "table"))
            }
        }
    }

    /// Keys that name files with tables.
    fn unused_files(&self) -> impl Iterator<Item = &'static str> {
        let files = [
            ("lines_file", self.lines_file.is_some()),
            ("authorization_codes_file", self.authorization_codes_file.is_some()),
            ("matter_codes_file", self.matter_codes_file.is_some()),
        ];
        files.into_iter().filter(|(_, given)| *given).map(|(key, _)| key)
    }

    /// Settings of sections, with their sections.
    fn unused_settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let single = self.source.keys.iter().filter(|(section, key, _)| {
            let stays = STAYS.iter().find(|(name, _)| name == section);
            // `[line.forward]` belongs to a `[[line]]`.
            !section.contains('.') && stays.is_none_or(|(_, keys)| !keys.contains(&key.as_str()))
        });
        single.map(|(section, key, _)| (section.as_str(), key.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use strowger_configuration::State;

    use super::*;
    use crate::configuration::ConfigurationStore;
    use crate::keeper::Users;

    /// Takes everything.
    struct Nobody;

    impl Users for Nobody {
        fn check(&self, _: &State) -> Result<(), Vec<String>> {
            Ok(())
        }

        fn put_in_force(&self, _: &State) {}
    }

    /// Starts a server's configuration in a data folder, and stops it.
    fn start(folder: &Path, text: &str) -> (anyhow::Result<Begun>, u64, usize) {
        let path = folder.join("node.toml");
        std::fs::write(&path, text).unwrap();
        let file = ConfigFile::read(&path).unwrap_or_else(|error| panic!("{error}"));
        let vault = || crate::vault::Vault::open(folder).unwrap();
        let (store, _) = ConfigurationStore::open(folder, crate::digits::now(), random_id()).unwrap();
        let keeper = Keeper::new(store, vault().into(), Box::new(Nobody)).unwrap();
        let begun = file.begin(&keeper, &vault());
        let live = keeper.live();
        (begun, live.head.sequence, live.state.entries().count())
    }

    #[test]
    fn the_first_start_takes_the_file_over_and_later_ones_tell_when_it_has_changed() {
        let folder = std::env::temp_dir().join(format!("strowger-begin-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let line = |number: &str| format!("[[line]]\nnumber = \"{number}\"\nsecret = \"x\"\n");
        let taken = |text: &str| {
            let (begun, sequence, objects) = start(&folder, text);
            (begun.unwrap_or_else(|error| panic!("{error}")), sequence, objects)
        };
        // Nothing is no change: the next start may begin with something.
        assert_eq!(taken(""), (Begun::TakenOver(0), 0, 0));
        let (begun, sequence, objects) = start(&folder, &(line("1001") + &line("1001")));
        let error = begun.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("node.toml:4: [[line]] 2 (1001): number is \"1001\", which"), "{error}");
        assert_eq!((sequence, objects), (0, 0));
        assert_eq!(taken(&line("1001")), (Begun::TakenOver(2), 1, 2));
        assert_eq!(taken(&line("1001")), (Begun::Stored(None), 1, 2));
        let (begun, ..) = taken(&(line("1001") + &line("1002")));
        let Begun::Stored(Some(told)) = begun else { panic!("{begun:?}") };
        assert!(
            told.contains("node.toml has changed") && told.contains("of it 2 tables have no effect"),
            "{told}"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_not_used_any_more_is_named_and_what_stays_is_not() {
        let folder = std::env::temp_dir().join(format!("strowger-bootstrap-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("node.toml");
        let check = |text: &str, expect: &[&str]| {
            std::fs::write(&path, text).unwrap();
            let file = ConfigFile::read(&path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(file.not_used(), expect, "{text}");
        };
        check("", &[]);
        check("[node]\ndata = \"x\"\ndrain_max_seconds = 3\n[sip]\nlisten = \"127.0.0.1\"\nport = 0\n", &[]);
        check("[http]\ntls = true\ncertificate = \"c\"\nkey = \"k\"\nnames = [\"pbx\"]\n", &[]);
        check("[http]\nport = 0\n[log]\nlevel = \"warn\"\n[media]\nports = [20000, 20999]\n", &[]);
        check(
            "[node]\ndomain = \"a\"\ndata = \"x\"\naliases = [\"b\"]\n[journal]\nlimit_mib = 20\nmessages = \"full\"\n\
             [forward]\nhops_max = 3\n[[line]]\nnumber = \"1\"\nsecret = \"x\"\n[line.forward]\nall = \"2\"\n\
             [[line]]\nnumber = \"2\"\nsecret = \"x\"\n",
            &["[node] domain, aliases", "[journal] messages", "[forward] hops_max", "[[line]] (2)"],
        );
        std::fs::write(folder.join("lines.csv"), "number,secret\n3,x\n").unwrap();
        check("lines_file = \"lines.csv\"\n", &["lines_file"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// A key that is added to a section counts until it is taken over, and must be one or the other.
    #[test]
    fn what_stays_exists() {
        for (section, keys) in STAYS {
            for key in keys {
                let wrong = format!("[{section}]\n{key} = {{ a = {{}} }}\n");
                let error = toml::from_str::<ConfigFile>(&wrong).err().map(|error| error.to_string());
                assert!(!error.unwrap_or_default().contains("unknown field"), "{section} {key}");
            }
        }
    }
}
