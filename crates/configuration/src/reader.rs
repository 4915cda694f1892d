//! From values to settings, with everything that is wrong with them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::form::{Field, Form};
use crate::problem::{self, Path, Problem, Segment, Wrong};
use crate::setting::Setting;
use crate::{Id, Kind};

/// Which objects there are, for whoever reads a reference.
pub trait Directory {
    /// The object that is called so.
    fn find(&self, kind: Kind, key: &str) -> Option<Id>;

    /// The key that was probably meant.
    fn nearest(&self, kind: Kind, key: &str) -> Option<String>;
}

/// How objects are called, for whoever writes a reference.
pub trait Names {
    /// What stands for the object in a value.
    fn name(&self, kind: Kind, id: Id) -> String;
}

/// Where secrets are sealed before anything keeps them.
pub trait Vault {
    /// The secret, sealed for one setting of one object. The same secret in the same place gives the same text, so that nothing
    /// looks changed that was not. What was sealed here before is returned as it is.
    ///
    /// # Errors
    /// Why it cannot be taken, such as a text that another key has sealed. It never repeats the secret.
    fn seal(&self, owner: Id, setting: &str, text: &str) -> Result<String, String>;
}

/// References as they stand in the log: by id.
#[derive(Clone, Copy, Debug)]
pub struct ByIdOnly;

impl Names for ByIdOnly {
    fn name(&self, _: Kind, id: Id) -> String {
        id.to_string()
    }
}

impl Directory for ByIdOnly {
    fn find(&self, _: Kind, key: &str) -> Option<Id> {
        key.parse().ok()
    }

    fn nearest(&self, _: Kind, _: &str) -> Option<String> {
        None
    }
}

/// Takes what is sealed already and seals nothing: for values that come from the log.
#[derive(Clone, Copy, Debug)]
pub struct AlreadySealed;

impl Vault for AlreadySealed {
    fn seal(&self, _: Id, _: &str, text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
}

/// Reads one object and collects what is wrong with it.
pub struct Reader<'r> {
    owner: Id,
    directory: &'r dyn Directory,
    vault: &'r dyn Vault,
    path: Path,
    problems: Vec<Problem>,
}

impl<'r> Reader<'r> {
    /// A reader of the object with this id.
    pub const fn new(owner: Id, directory: &'r dyn Directory, vault: &'r dyn Vault) -> Self {
        Reader { owner, directory, vault, path: Path::new(), problems: Vec::new() }
    }

    /// The object that is read.
    pub(crate) const fn owner(&self) -> Id {
        self.owner
    }

    /// More that is wrong with the object.
    pub(crate) fn report(&mut self, problems: Vec<Problem>) {
        self.problems.extend(problems);
    }

    /// What is wrong, in the order in which it was found.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Something is wrong here.
    pub fn wrong(&mut self, wrong: Wrong) {
        self.problems.push(Problem { path: self.path.clone(), wrong });
    }

    /// What stands here is not what `form` allows.
    pub fn unexpected(&mut self, found: &Value, form: &Form) {
        let found = match found {
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a table".to_owned(),
            scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                shortened(scalar.to_string())
            }
        };
        self.wrong(Wrong::Unexpected { found, expected: form.expectation() });
    }

    /// The settings of a table.
    pub fn table<'v>(&mut self, value: &'v Value, form: &Form) -> Option<&'v Map<String, Value>> {
        let table = value.as_object();
        if table.is_none() {
            self.unexpected(value, form);
        }
        table
    }

    /// The object that a setting names.
    pub(crate) fn reference(&mut self, kind: Kind, value: &Value) -> Option<Id> {
        let Value::String(key) = value else {
            self.unexpected(value, &Form::Reference(kind));
            return None;
        };
        let found = self.directory.find(kind, key);
        if found.is_none() {
            let nearest = self.directory.nearest(kind, key);
            self.wrong(Wrong::NoSuchObject { kind, found: shortened(key.clone()), nearest });
        }
        found
    }

    /// A secret, sealed for the setting where the reader stands.
    pub(crate) fn seal(&mut self, text: &str) -> Option<String> {
        let names = self.path.segments().iter().filter_map(|segment| match segment {
            Segment::Setting(name) => Some(&**name),
            Segment::Entry(_) => None,
        });
        let setting = names.collect::<Vec<&str>>().join(".");
        match self.vault.seal(self.owner, &setting, text) {
            Ok(sealed) => Some(sealed),
            Err(why) => {
                self.wrong(Wrong::Unexpected {
                    found: String::new(),
                    expected: format!("a secret in quotes ({why})"),
                });
                None
            }
        }
    }

    /// Reads what stands one step further down.
    pub fn at<T>(&mut self, segment: Segment, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(segment);
        let value = read(self);
        self.path.pop();
        value
    }

    /// The setting of a table; its default when it is not there.
    pub fn setting<T: Setting>(
        &mut self,
        table: &Map<String, Value>,
        field: &Field,
        default: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        self.at(Segment::Setting(field.name.into()), |reader| match table.get(field.name) {
            Some(Value::Null) | None => {
                let value = default();
                if value.is_none() {
                    reader.wrong(Wrong::Missing { expected: field.form.expectation() });
                }
                value
            }
            Some(value) => T::read(value, reader),
        })
    }

    /// Settings of a table that do not exist.
    pub fn refuse_others(&mut self, table: &Map<String, Value>, fields: &'static [Field]) {
        for name in table.keys() {
            if fields.iter().any(|field| field.name == name) {
                continue;
            }
            let known = || fields.iter().map(|field| field.name);
            let nearest = problem::nearest(name, known());
            self.at(Segment::Setting(name.as_str().into()), |reader| {
                reader.wrong(Wrong::UnknownSetting { nearest, known: known().collect() });
            });
        }
    }
}

/// A directory of a few objects, for tests and for what is built by hand.
impl Directory for BTreeMap<(Kind, String), Id> {
    fn find(&self, kind: Kind, key: &str) -> Option<Id> {
        self.get(&(kind, key.to_owned())).copied()
    }

    fn nearest(&self, kind: Kind, key: &str) -> Option<String> {
        let keys = self.keys().filter(|(of, _)| *of == kind).map(|(_, key)| key.as_str());
        problem::nearest(key, keys).map(str::to_owned)
    }
}

/// What an operator wrote, no longer than a line of a terminal.
fn shortened(text: String) -> String {
    if text.chars().count() <= SHOWN_CHARACTERS {
        return text;
    }
    text.chars().take(SHOWN_CHARACTERS).chain("...".chars()).collect()
}

const SHOWN_CHARACTERS: usize = 60;
