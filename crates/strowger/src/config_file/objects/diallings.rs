//! Saved diallings.

use strowger_configuration::Kind;

use super::super::ConfigFile;
use super::super::line::LineNames;
use super::table::{Names, Table, word};
use super::{Origin, TakenOver, line_key};
use crate::digits::{ExpectSection, listed};

/// Adds what is kept beside the plan as tests of it.
pub(super) fn add(objects: &mut TakenOver<'_>) {
    let file = objects.file;
    let mut names = Names::beside([]);
    let lines = LineNames::of(if file.expectations.is_empty() { &[] } else { &file.lines });
    for (at, section) in file.expectations.iter().enumerate() {
        let (name, _) = names.of(at, &format!("{} dials {}", section.from, section.number));
        let table = dialling(file, &lines, section).set("name", name);
        objects.put(Kind::SavedDialling, Origin::Section("expect", at), table);
    }
}

fn dialling(file: &ConfigFile, lines: &LineNames<'_>, section: &ExpectSection) -> Table {
    let (setting, from) = from(file, lines, &section.from);
    Table::default()
        .set(setting, from)
        .set("number", section.number.as_str())
        .option("mode", section.mode.as_ref().map(word))
        .option("address", section.address.map(|address| address.to_string()))
        .option("at", section.at.as_ref().map(|at| at.replace(' ', "T")))
        .choice("lines", &section.when, "free")
        .option("result", section.result.as_deref())
        .option("ends", section.ends.as_deref())
        .option("asks", section.asks.as_deref())
        .option("pattern", section.pattern.as_deref())
        .option("called", section.called.as_deref())
        .option("calling", section.calling.as_deref())
        .option("first_trunk", section.trunk.as_deref())
        .option("trunks", section.trunks.as_deref().map(listed))
        .option("members", section.members.as_deref().map(listed))
        .option("waits", section.waits_seconds)
}

/// Who dials: what stands before the colon says what it is, otherwise it is a line, a trunk or a search space, whichever is
/// called so first.
fn from(file: &ConfigFile, lines: &LineNames<'_>, from: &str) -> (&'static str, String) {
    let line = |text: &str| lines.get(text).map(|name| line_key(&name));
    match from.split_once(':') {
        Some(("line", number)) => return ("line", line(number).unwrap_or_else(|| number.to_owned())),
        Some(("trunk", name)) => return ("trunk", name.to_owned()),
        Some(("space", name)) => return ("search_space", name.to_owned()),
        Some(_) | None => {}
    }
    if let Some(line) = line(from) {
        return ("line", line);
    }
    let is_space = file.search_spaces.iter().any(|space| space.name == from);
    let is_trunk = file.trunks.iter().any(|trunk| trunk.name == from);
    let setting = match (is_trunk, is_space) {
        (true, _) => "trunk",
        (false, true) => "search_space",
        (false, false) => "line",
    };
    (setting, from.to_owned())
}
