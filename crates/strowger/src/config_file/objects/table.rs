//! Settings of objects in the making, and names for objects that the node file has none for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

/// The settings of an object, or of a part of one. What is empty or as usual is left out.
#[derive(Clone, Default)]
pub(super) struct Table(Map<String, Value>);

impl Table {
    /// A setting as it is.
    pub(super) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// A text, unless it is empty.
    pub(super) fn text(self, name: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.set(name, text) }
    }

    /// A value that may be absent.
    pub(super) fn option(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Yes, or nothing.
    pub(super) fn flag(self, name: &str, yes: bool) -> Self {
        if yes { self.set(name, true) } else { self }
    }

    /// A value, unless it is the usual one.
    pub(super) fn unless<T: PartialEq + Into<Value>>(self, name: &str, value: T, usual: T) -> Self {
        if value == usual { self } else { self.set(name, value) }
    }

    /// A choice, unless it is the usual one. Node file and objects have the same words for it.
    pub(super) fn choice(self, name: &str, choice: &impl Serialize, usual: &str) -> Self {
        let word = word(choice);
        if word == usual { self } else { self.set(name, word) }
    }

    /// A table, unless nothing is in it.
    pub(super) fn table(self, name: &str, table: Table) -> Self {
        if table.0.is_empty() { self } else { self.set(name, table) }
    }

    /// A list, unless nothing is in it.
    pub(super) fn list<T: Into<Value>>(self, name: &str, entries: impl IntoIterator<Item = T>) -> Self {
        let entries: Vec<Value> = entries.into_iter().map(Into::into).collect();
        if entries.is_empty() { self } else { self.set(name, entries) }
    }

    /// A list in which one that is repeated means nothing: each once.
    pub(super) fn each_once<T: Into<Value>>(self, name: &str, entries: impl IntoIterator<Item = T>) -> Self {
        self.list(name, once(entries))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Table> for Value {
    fn from(table: Table) -> Self {
        Value::Object(table.0)
    }
}

/// Entries of which one that is repeated means nothing.
pub(super) fn once<T: Into<Value>>(entries: impl IntoIterator<Item = T>) -> Vec<Value> {
    let mut once: Vec<Value> = Vec::new();
    for entry in entries.into_iter().map(Into::into) {
        if !once.contains(&entry) {
            once.push(entry);
        }
    }
    once
}

/// The word of a choice, as `serde` writes it.
pub(super) fn word(choice: &impl Serialize) -> Value {
    serde_json::to_value(choice).unwrap_or_default()
}

/// Names for objects of one kind: one for each distinct value, as readable as it can be.
pub(super) struct Names<K> {
    of: BTreeMap<K, String>,
    taken: BTreeSet<String>,
    /// Most characters of a name.
    most: usize,
}

impl<K: Ord> Names<K> {
    /// Names beside those that others have already.
    pub(super) fn beside<'t>(taken: impl IntoIterator<Item = &'t str>) -> Self {
        let taken = taken.into_iter().map(str::to_owned).collect();
        Names { of: BTreeMap::new(), taken, most: NAME_MAX }
    }

    pub(super) fn most(self, most: usize) -> Self {
        Names { most, ..self }
    }

    /// The name of the object for a value, and whether there was none yet.
    pub(super) fn of(&mut self, value: K, like: &str) -> (String, bool) {
        if let Some(name) = self.of.get(&value) {
            return (name.clone(), false);
        }
        let name = self.one(like);
        self.of.insert(value, name.clone());
        (name, true)
    }

    /// A name that nobody has yet.
    fn one(&mut self, like: &str) -> String {
        let like = readable(like, self.most);
        let like = if like.is_empty() { NAMELESS.to_owned() } else { like };
        let mut name = like.clone();
        let mut count = 1_u32;
        while !self.taken.insert(name.clone()) {
            count += 1;
            let end = format!("-{count}");
            let begin: String = like.chars().take(self.most.saturating_sub(end.len())).collect();
            name = begin + &end;
        }
        name
    }
}

/// A text as the name of an object can be: what cannot stand there becomes a hyphen.
pub(super) fn readable(text: &str, most: usize) -> String {
    let mut name = String::new();
    for c in text.trim().chars() {
        let stays = c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
        match stays {
            true if c == ' ' && name.ends_with(' ') => {}
            true => name.push(c),
            false if name.ends_with(['-', ' ']) => {}
            false => name.push('-'),
        }
    }
    let cut: String = name.trim_matches(['-', ' ']).chars().take(most).collect();
    cut.trim_end_matches(['-', ' ']).to_owned()
}

/// Where nothing of a text can stand in a name.
const NAMELESS: &str = "unnamed";
/// Most characters of the name of an object.
const NAME_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_nobody_shares_one() {
        let check = |text: &str, expect: &str| assert_eq!(readable(text, 12), expect, "{text}");
        check("Europe/Berlin", "Europe-Berli");
        check("(AREA-CODE == 9)", "AREA-CODE 9");
        check("+49 30", "49 30");
        check("***", "");
        let mut names: Names<&str> = Names::beside(["one", "two"]).most(5);
        assert_eq!(names.of("a", "one"), ("one-2".to_owned(), true));
        assert_eq!(names.of("a", "one"), ("one-2".to_owned(), false));
        assert_eq!(names.of("b", "three"), ("three".to_owned(), true));
        assert_eq!(names.of("c", "three"), ("thr-2".to_owned(), true));
        assert_eq!(Names::beside([]).of(1, "***"), ("unnamed".to_owned(), true));
    }
}
