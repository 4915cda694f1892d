//! Objects as rows of the tables that people query.

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, Value as Cell};
use serde_json::Value;
use strowger_configuration::Kind;

use super::layout::{Column, Layout};

/// Puts the rows of an object in place of those that it has.
pub(super) fn put(
    connection: &Connection,
    layout: &Layout,
    kind: Kind,
    id: &str,
    value: &Value,
) -> rusqlite::Result<()> {
    let Some(rows) = layout.of(kind) else { return Ok(()) };
    let id = Cell::Text(id.to_owned());
    let mut insert = connection.prepare_cached(&rows.insert)?;
    insert.execute(rusqlite::params_from_iter(cells(vec![id.clone()], &rows.columns, value)))?;
    for member in &rows.members {
        connection.prepare_cached(&member.delete)?.execute([&id])?;
        let list = member.list.find(value);
        let mut insert = connection.prepare_cached(&member.insert)?;
        // People count from 1.
        for (at, entry) in (1..).zip(list.as_array().into_iter().flatten()) {
            let cells = cells(vec![id.clone(), Cell::Integer(at)], &member.columns, entry);
            insert.execute(rusqlite::params_from_iter(cells))?;
        }
    }
    Ok(())
}

/// Takes the rows of an object away.
pub(super) fn take(connection: &Connection, layout: &Layout, kind: Kind, id: &str) -> rusqlite::Result<()> {
    let Some(rows) = layout.of(kind) else { return Ok(()) };
    connection.prepare_cached(&rows.delete)?.execute([id])?;
    for member in &rows.members {
        connection.prepare_cached(&member.delete)?.execute([id])?;
    }
    Ok(())
}

/// The cells of a row: those that are known, and what the columns say.
fn cells(first: Vec<Cell>, columns: &[Column], value: &Value) -> impl Iterator<Item = ToSqlOutput<'static>> {
    let found: Vec<Cell> = columns.iter().map(|column| cell(column.find(value))).collect();
    first.into_iter().chain(found).map(ToSqlOutput::Owned)
}

/// Booleans are `t` and `f`, as CUCM has them.
fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(yes) => Cell::Text(if yes { "t" } else { "f" }.to_owned()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cell::Integer(whole),
            None => Cell::Text(number.to_string()),
        },
        Value::String(text) => Cell::Text(text),
        nested @ (Value::Array(_) | Value::Object(_)) => Cell::Text(nested.to_string()),
    }
}
