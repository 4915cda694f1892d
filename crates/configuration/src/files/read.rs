//! TOML into what is wanted, and back to where it stood.

use std::borrow::Cow;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Document, File, FileMistake, Origin};
use crate::problem::Segment;
use crate::proposal::Wanted;
use crate::{Kind, Naming, Path};

/// Reads one file.
pub(super) fn file(at: usize, file: &File, document: &mut Document<'_>, mistakes: &mut Vec<FileMistake>) {
    let wrong = |offset: usize, sentence: String| FileMistake::at(&file.name, &file.text, offset, sentence);
    let (root, errors) = DeTable::parse_recoverable(&file.text);
    mistakes.extend(errors.iter().map(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        wrong(offset, error.message().to_owned())
    }));
    // What follows a mistake in the syntax is often only a consequence of it.
    if !errors.is_empty() {
        return;
    }
    for (name, value) in root.get_ref() {
        let kind = match name.get_ref().parse::<Kind>() {
            Ok(kind) => kind,
            Err(error) => {
                mistakes.push(wrong(name.span().start, error.to_string()));
                continue;
            }
        };
        let tables = match tables(kind, value) {
            Ok(tables) => tables,
            Err(expected) => {
                mistakes.push(wrong(name.span().start, expected));
                continue;
            }
        };
        for (table, value) in tables.into_iter().enumerate() {
            let Some(read) = value.get_ref().as_table() else {
                mistakes.push(wrong(value.span().start, format!("expected a table, as in [[{kind}]]")));
                continue;
            };
            let mut settings = Map::new();
            for (name, value) in read {
                match json(value.get_ref()) {
                    Ok(value) => {
                        settings.insert(name.get_ref().clone().into_owned(), value);
                    }
                    Err(sentence) => mistakes.push(wrong(value.span().start, sentence)),
                }
            }
            let renamed_from = match settings.remove(RENAMED_FROM) {
                None => None,
                Some(Value::String(before)) => Some(before),
                Some(_) => {
                    mistakes.push(wrong(value.span().start, format!("{RENAMED_FROM} is a name in quotes")));
                    None
                }
            };
            document.wanted.push(Wanted { kind, renamed_from, table: settings });
            document.origins.push(Origin { file: at, table });
        }
    }
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

/// The byte at which a setting stands; that of its table when it is not there.
pub(super) fn offset(file: &File, kind: Kind, table: usize, path: &Path) -> usize {
    let (root, _) = DeTable::parse_recoverable(&file.text);
    let named = root.get_ref().iter().find(|(name, _)| name.get_ref().parse() == Ok(kind));
    let Some((_, value)) = named else { return 0 };
    let Some(mut value) = tables(kind, value).ok().and_then(|tables| tables.get(table).copied()) else {
        return 0;
    };
    let mut offset = value.span().start;
    for segment in path.segments() {
        let next = match segment {
            Segment::Setting(name) => value.get_ref().as_table().and_then(|table| {
                let key: Cow<'_, str> = Cow::Borrowed(name);
                table.iter().find(|(name, _)| *name.get_ref() == key)
            }),
            Segment::Entry(at) => {
                let entry = value.get_ref().as_array().and_then(|entries| entries.get(*at));
                let Some(entry) = entry else { break };
                offset = entry.span().start;
                value = entry;
                continue;
            }
        };
        let Some((name, found)) = next else { break };
        offset = name.span().start;
        value = found;
    }
    offset
}

/// In place of a setting: what the object was called so far.
pub(super) const RENAMED_FROM: &str = "renamed_from";
