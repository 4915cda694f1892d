//! Objects as tables.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Sheet;
use super::columns::LINE;
use super::text::write_row;
use crate::files::File;
use crate::form::{Field, Form};
use crate::reader::{Directory, Names};
use crate::setting::SEALED;
use crate::{Kind, State};

/// The place of a column: positions of settings where they are declared, and of entries, from the object down.
type Place = Vec<usize>;

/// The cells of a row by the places of their columns.
type Row = BTreeMap<Place, Cell>;

struct Cell {
    name: String,
    text: String,
}

/// All objects of a sheet.
pub(super) fn file(state: &State, sheet: Sheet) -> File {
    let kind = sheet.kind();
    let mut columns: BTreeMap<Place, String> = BTreeMap::new();
    // Empty tables have the columns that tell what a row is about: whoever fills them in knows where to begin.
    let key = crate::change::naming_setting(kind);
    if let Some(at) = kind.fields().iter().position(|field| field.name == key) {
        columns.insert(vec![at], key.to_owned());
    }
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for entry in state.of_kind(kind) {
        let mut row = Row::new();
        let table = entry.object().write(state);
        settings(&mut Vec::new(), "", &table, kind.fields(), &mut row);
        if sheet == Sheet::PhonesWithLines {
            with_line(state, &mut row);
        }
        for (place, cell) in &row {
            if !columns.contains_key(place) {
                columns.insert(place.clone(), cell.name.clone());
            }
        }
        rows.insert(state.name(kind, entry.id()), row);
    }
    let mut text = String::new();
    write_row(columns.values().map(String::as_str), &mut text);
    for row in rows.values() {
        let cells = columns.keys().map(|place| row.get(place).map_or("", |cell| cell.text.as_str()));
        write_row(cells, &mut text);
    }
    File { name: format!("{sheet}.csv"), text }
}

fn settings(
    place: &mut Place,
    prefix: &str,
    table: &Map<String, Value>,
    fields: &'static [Field],
    row: &mut Row,
) {
    for (at, field) in fields.iter().enumerate() {
        let Some(value) = table.get(field.name) else { continue };
        place.push(at);
        let name = if prefix.is_empty() { field.name.to_owned() } else { format!("{prefix}.{}", field.name) };
        setting(place, name, value, &field.form, row);
        place.pop();
    }
}

fn setting(place: &mut Place, name: String, value: &Value, form: &'static Form, row: &mut Row) {
    let text = match (value, form) {
        (Value::Object(table), Form::Record(fields)) => return settings(place, &name, table, fields, row),
        (Value::Array(entries), Form::List { of, .. }) => {
            for (at, entry) in entries.iter().enumerate() {
                place.push(at);
                setting(place, format!("{name}.{}", at + 1), entry, of, row);
                place.pop();
            }
            return;
        }
        // Only this node can read it, and it keeps what no column speaks of.
        (Value::String(text), Form::Secret) if text.starts_with(SEALED) => return,
        (Value::String(text), _) => text.clone(),
        (Value::Null, _) => return,
        (other, _) => other.to_string(),
    };
    row.insert(place.clone(), Cell { name, text });
}

/// Puts the settings of a phone's first line in the place of its name.
fn with_line(state: &State, row: &mut Row) {
    let position = |fields: &[Field], name: &str| fields.iter().position(|field| field.name == name);
    let lines = Kind::Phone.fields().iter().find(|field| field.name == "lines");
    let Some(Form::List { of: Form::Record(button), .. }) = lines.map(|field| field.form) else { return };
    let (Some(lines), Some(line)) = (position(Kind::Phone.fields(), "lines"), position(button, "line"))
    else {
        return;
    };
    let mut place = vec![lines, 0, line];
    let Some(name) = row.remove(&place) else { return };
    let entry = state.find(Kind::Line, &name.text).and_then(|id| state.entry(id));
    let Some(entry) = entry else { return };
    let prefix = LINE.trim_end_matches('.');
    settings(&mut place, prefix, &entry.object().write(state), Kind::Line.fields(), row);
}
