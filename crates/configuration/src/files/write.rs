//! Objects as TOML.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::File;
use crate::form::{Field, Form};
use crate::{Kind, Naming, State};

/// All objects of a kind.
pub(super) fn file(state: &State, kind: Kind) -> File {
    let mut tables: Vec<(String, Map<String, Value>)> = state
        .of_kind(kind)
        .map(|entry| (crate::reader::Names::name(state, kind, entry.id()), entry.object().write(state)))
        .collect();
    tables.sort_by(|one, other| one.0.cmp(&other.0));
    let mut text = format!("# {}\n", kind.doc());
    for (_, table) in &tables {
        match kind.naming() {
            Naming::Only => _ = writeln!(text, "\n[{kind}]"),
            Naming::Name | Naming::PatternInPartition => _ = writeln!(text, "\n[[{kind}]]"),
        }
        for field in kind.fields() {
            if let Some(value) = table.get(field.name) {
                _ = writeln!(text, "{} = {}", field.name, setting(value, field));
            }
        }
    }
    File { name: format!("{}.toml", kind.plural()), text }
}

/// The value of a setting: on one line where it fits, a list otherwise one entry a line.
fn setting(value: &Value, field: &Field) -> String {
    let line = inline(value, &field.form);
    match value {
        Value::Array(entries) if field.name.len() + line.chars().count() > LINE => {
            let mut lines = "[\n".to_owned();
            for entry in entries {
                _ = writeln!(lines, "    {},", inline(entry, entry_form(&field.form)));
            }
            lines + "]"
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => line,
    }
}

fn inline(value: &Value, form: &Form) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(|entry| inline(entry, entry_form(form))).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::Object(table) => {
            let settings: Vec<String> = in_order(table, form)
                .into_iter()
                .map(|(name, value, form)| format!("{name} = {}", inline(value, form)))
                .collect();
            format!("{{ {} }}", settings.join(", "))
        }
    }
}

/// Settings in the order in which they are declared.
fn in_order<'t>(table: &'t Map<String, Value>, form: &'t Form) -> Vec<(&'t str, &'t Value, &'t Form)> {
    let declared: &[Field] = match form {
        Form::Record(fields) => fields,
        Form::Either(one, other) => match (one, other) {
            (Form::Record(fields), _) | (_, Form::Record(fields)) => fields,
            _ => &[],
        },
        Form::Boolean
        | Form::Whole { .. }
        | Form::Text { .. }
        | Form::Choice(_)
        | Form::Reference(_)
        | Form::List { .. }
        | Form::Secret => &[],
    };
    let settings =
        declared.iter().filter_map(|field| Some((field.name, table.get(field.name)?, &field.form)));
    settings.collect()
}

const fn entry_form(form: &Form) -> &Form {
    match form {
        Form::List { of, .. } => of,
        Form::Boolean
        | Form::Whole { .. }
        | Form::Text { .. }
        | Form::Choice(_)
        | Form::Reference(_)
        | Form::Record(_)
        | Form::Either(..)
        | Form::Secret => form,
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => _ = write!(quoted, "\\u{:04X}", u32::from(control)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Characters of a line before a list is broken.
const LINE: usize = 100;
