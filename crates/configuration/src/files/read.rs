//! TOML into what is wanted, and back to where it stood.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::Lines;
use super::{Document, File, FileMistake, NO_UTF_8, Origin};
use crate::proposal::Wanted;
use crate::{Kind, Naming};

/// Reads one file. What is wrong in a table hides nothing of the others.
pub(super) fn file<'f>(at: usize, file: &'f File, document: &mut Document<'f>) {
    let (root, errors) = DeTable::parse_recoverable(&file.text);
    let mut reading = Reading { at, file, lines: Lines::new(&file.text), document, broken: Vec::new() };
    for error in &errors {
        reading.wrong(place(error), error.message().to_owned());
    }
    if let Some(offset) = file.text.find(char::REPLACEMENT_CHARACTER) {
        reading.wrong(offset, NO_UTF_8.to_owned());
    }
    reading.find_broken(&root, &errors);
    let first = errors.iter().map(place).min();
    for (name, value) in root.get_ref() {
        let start = name.span().start;
        let is_heading = file.text.get(..start).is_some_and(|before| before.trim_end().ends_with('['));
        if !is_heading && first.is_some_and(|first| first <= start) {
            // A setting whose heading is broken, which was told.
            continue;
        }
        let kind = match name.get_ref().parse::<Kind>() {
            Ok(kind) => kind,
            Err(error) => {
                reading.wrong(name.span().start, error.to_string());
                reading.not_read(value);
                continue;
            }
        };
        match tables(kind, value) {
            Ok(tables) => {
                for (table, value) in tables.into_iter().enumerate() {
                    reading.table(kind, table, value);
                }
            }
            Err(expected) => {
                reading.wrong(name.span().start, expected);
                reading.not_read(value);
            }
        }
    }
}

/// A file that is read.
struct Reading<'r, 'f> {
    at: usize,
    file: &'f File,
    lines: Lines<'f>,
    document: &'r mut Document<'f>,
    /// The bytes at which tables begin that have a mistake in their syntax.
    broken: Vec<usize>,
}

impl Reading<'_, '_> {
    fn wrong(&mut self, offset: usize, sentence: String) {
        let (line, column) = self.lines.place(offset);
        let file = self.file.name.clone();
        self.document.mistakes.push(FileMistake { file, line, column, sentence });
    }

    /// Finds the tables that mistakes in the syntax are in. What can still be read of these is not what was meant, and what
    /// stands behind the first of them may have been lost: its names count as not read.
    fn find_broken(&mut self, root: &Spanned<DeTable<'_>>, errors: &[toml::de::Error]) {
        let Some(first) = errors.iter().map(place).min() else { return };
        let values = root.get_ref().iter().flat_map(|(_, value)| match value.get_ref() {
            DeValue::Array(tables) => tables.iter().collect(),
            _ => vec![value],
        });
        let mut starts: Vec<usize> = values.map(|value| value.span().start).collect();
        starts.sort_unstable();
        let table_of = |offset: usize| starts.iter().rev().find(|start| **start <= offset).copied();
        self.broken = errors.iter().map(place).filter_map(table_of).collect();
        let rest = self.file.text.get(table_of(first).unwrap_or(0)..).unwrap_or_default();
        let names = rest.lines().filter_map(|line| {
            let (setting, value) = line.split_once('=')?;
            let quoted = value.trim().trim_matches(['"', '\'']);
            ["name", "pattern"].contains(&setting.trim()).then(|| quoted.to_owned())
        });
        self.document.unread.extend(names);
    }

    /// Notes what is called so in what cannot be read.
    fn not_read(&mut self, value: &Spanned<DeValue<'_>>) {
        let tables = match value.get_ref() {
            DeValue::Array(tables) => tables.iter().collect(),
            _ => vec![value],
        };
        let tables = tables.into_iter().filter_map(|table| table.get_ref().as_table());
        let names = tables.flat_map(|table| ["name", "pattern"].map(|name| table.get(name)));
        let names = names.flatten().filter_map(|name| name.get_ref().as_str());
        self.document.unread.extend(names.map(str::to_owned));
    }

    fn table(&mut self, kind: Kind, table: usize, value: &Spanned<DeValue<'_>>) {
        if self.broken.contains(&value.span().start) {
            return self.not_read(value);
        }
        let Some(read) = value.get_ref().as_table() else {
            return self.wrong(value.span().start, format!("expected a table, as in [[{kind}]]"));
        };
        let position = self.document.wanted.len();
        let mut settings = Map::new();
        for (name, value) in read {
            match json(value.get_ref()) {
                Ok(value) => {
                    settings.insert(name.get_ref().clone().into_owned(), value);
                }
                Err(sentence) => {
                    self.wrong(value.span().start, sentence);
                    self.document.skipped.insert((position, name.get_ref().as_ref().into()));
                }
            }
        }
        let renamed_from = match settings.remove(RENAMED_FROM) {
            None => None,
            Some(Value::String(before)) => Some(before),
            Some(_) => {
                self.wrong(value.span().start, format!("{RENAMED_FROM} is a name in quotes"));
                None
            }
        };
        self.document.wanted.push(Wanted { kind, renamed_from, table: settings });
        self.document.origins.push(Origin { file: self.at, table });
    }
}

/// The byte of a mistake in the syntax.
fn place(error: &toml::de::Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

/// The tables of a kind in a file.
fn tables<'v, 'i>(
    kind: Kind,
    value: &'v Spanned<DeValue<'i>>,
) -> Result<Vec<&'v Spanned<DeValue<'i>>>, String> {
    match (kind.naming(), value.get_ref()) {
        (Naming::Only, DeValue::Table(_)) => Ok(vec![value]),
        (Naming::Only, _) => Err(format!("there is one {}: write it as [{kind}]", kind.title())),
        (Naming::Name | Naming::PatternInPartition, DeValue::Array(tables)) => Ok(tables.iter().collect()),
        (Naming::Name | Naming::PatternInPartition, _) => {
            Err(format!("there can be several: write each {} as [[{kind}]]", kind.title()))
        }
    }
}

fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Integer(number) => {
            let read = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix());
            Value::from(read.map_err(|_| "the number is too large".to_owned())?)
        }
        DeValue::Float(_) => return Err("expected a whole number, or a text in quotes".to_owned()),
        DeValue::Datetime(_) => return Err("expected a text: put it in quotes".to_owned()),
        DeValue::Array(values) => {
            Value::Array(values.iter().map(|value| json(value.get_ref())).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let mut settings = Map::new();
            for (name, value) in table {
                settings.insert(name.get_ref().clone().into_owned(), json(value.get_ref())?);
            }
            Value::Object(settings)
        }
    })
}

/// In place of a setting: what the object was called so far.
pub(super) const RENAMED_FROM: &str = "renamed_from";
