//! The node file as objects: what a fresh configuration store begins with.
//!
//! Everything that the file says about telephony becomes an object or a setting of one, in the words of files: references by
//! name. Objects that the file has no name for, such as the phone of a line, get one that is always the same.

mod codes;
mod diallings;
mod fingerprint;
mod hunting;
mod lines;
mod mistakes;
mod parameters;
mod places;
mod plan;
mod routing;
mod table;
#[cfg(test)]
mod tests;

use strowger_base::LineName;
use strowger_configuration::proposal::Wanted;
use strowger_configuration::{Kind, Naming};

pub(crate) use self::fingerprint::AUTHOR;
pub(super) use self::parameters::key_of;
use self::table::Table;
use super::ConfigFile;

/// A node file as objects, and which of its sections each came from.
pub(crate) struct TakenOver<'f> {
    file: &'f ConfigFile,
    wanted: Vec<Wanted>,
    origins: Vec<Origin>,
}

/// Where in the node file an object comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// The `[section]`s.
    Sections,
    /// The `[[section]]` with this position among those of its name.
    Section(&'static str, usize),
}

impl ConfigFile {
    /// Everything that the file says about telephony, as objects.
    pub(crate) fn taken_over(&self) -> TakenOver<'_> {
        let mut objects = TakenOver { file: self, wanted: Vec::new(), origins: Vec::new() };
        parameters::add(&mut objects);
        plan::add(&mut objects);
        codes::add(&mut objects);
        routing::add(&mut objects);
        lines::add(&mut objects);
        hunting::add(&mut objects);
        diallings::add(&mut objects);
        objects
    }
}

impl TakenOver<'_> {
    /// The objects.
    pub(crate) fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    fn put(&mut self, kind: Kind, origin: Origin, table: Table) {
        self.wanted.push(Wanted { kind, renamed_from: None, table: table.into_map() });
        self.origins.push(origin);
    }
}

/// What a reference calls an object.
fn called(wanted: &Wanted) -> String {
    let text = |name: &str| wanted.table.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    match wanted.kind.naming() {
        Naming::Only => wanted.kind.word().to_owned(),
        Naming::Name => text("name").to_owned(),
        Naming::PatternInPartition => key(text("partition"), text("pattern")),
    }
}

/// The pattern that a number or name is that is taken as it is written: the plus sign of a number is no wildcard.
fn literal(number: &str) -> String {
    match strowger_dialplan::Digits::parse(number) {
        Ok(_) => number.replace('+', r"\+"),
        Err(_) => number.to_owned(),
    }
}

/// How a line is referred to.
fn line_key(name: &LineName) -> String {
    key(name.partition(), &literal(name.number()))
}

/// How an object in a partition is referred to.
fn key(partition: &str, pattern: &str) -> String {
    if partition.is_empty() { pattern.to_owned() } else { format!("{partition}:{pattern}") }
}
