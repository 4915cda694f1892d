//! What a change does, as people read it.

use std::fmt;

use serde_json::{Map, Value};

use crate::form::{Field, Form};
use crate::problem::Segment;
use crate::reader::Names;
use crate::{Id, Kind, Operation, Path, State};

/// What a change does to one object.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// Its kind.
    pub kind: Kind,
    /// Which object.
    pub object: Id,
    /// What it is called afterwards; before, when it goes.
    pub key: String,
    /// What happens to it.
    pub what: What,
}

/// What happens to an object.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// It is new, with these settings.
    Added(Vec<SettingDifference>),
    /// It goes, with these settings.
    Removed(Vec<SettingDifference>),
    /// Settings of it change.
    Changed(Vec<SettingDifference>),
}

/// A setting that is not what it was.
#[derive(Clone, PartialEq, Debug)]
pub struct SettingDifference {
    /// Which.
    pub path: Path,
    /// Before, in names; the default when it was not set.
    pub before: Option<Value>,
    /// Afterwards, in names; the default when it is not set.
    pub after: Option<Value>,
}

impl State {
    /// What operations do that lead from this state to `after`: by kind and name.
    pub fn differences(&self, operations: &[Operation], after: &State) -> Vec<Difference> {
        let mut found: Vec<Difference> = operations
            .iter()
            .filter_map(|operation| {
                let (kind, object) = (operation.kind, operation.object);
                let before = self.entry(object).map(|entry| entry.object().write(self));
                let then = after.entry(object).map(|entry| entry.object().write(after));
                let names: &dyn Names = if then.is_some() { after } else { self };
                let settings = |before: &Map<_, _>, then: &Map<_, _>| {
                    let mut found = Vec::new();
                    tables(&Path::new(), before, then, kind.fields(), &mut found);
                    found
                };
                let none = Map::new();
                let what = match (before, then) {
                    (None, None) => return None,
                    (None, Some(then)) => What::Added(settings(&none, &then)),
                    (Some(before), None) => What::Removed(settings(&before, &none)),
                    (Some(before), Some(then)) => What::Changed(settings(&before, &then)),
                };
                Some(Difference { kind, object, key: names.name(kind, object), what })
            })
            .collect();
        found.sort_by(|one, other| (one.kind, &one.key).cmp(&(other.kind, &other.key)));
        found
    }
}

/// Setting by setting, in the order in which they are declared.
fn tables(
    path: &Path,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    fields: &'static [Field],
    found: &mut Vec<SettingDifference>,
) {
    for field in fields {
        let (old, new) = (before.get(field.name), after.get(field.name));
        if old == new {
            continue;
        }
        let path = path.clone().setting(field.name);
        // A table is taken apart where it is one on both sides.
        if let (Form::Record(inner), Some(Value::Object(old)), Some(Value::Object(new))) =
            (&field.form, old, new)
        {
            tables(&path, old, new, inner, found);
            continue;
        }
        let default = || field.default.map(|default| default()).filter(|default| !default.is_null());
        let shown =
            |value: Option<&Value>| value.map(|value| without_secrets(value, &field.form)).or_else(default);
        found.push(SettingDifference { path, before: shown(old), after: shown(new) });
    }
}

/// A value as it may be shown.
fn without_secrets(value: &Value, form: &Form) -> Value {
    match (form, value) {
        (Form::Secret, _) => Value::String(SEALED.to_owned()),
        (Form::List { of, .. }, Value::Array(entries)) => {
            Value::Array(entries.iter().map(|entry| without_secrets(entry, of)).collect())
        }
        (Form::Record(fields), Value::Object(table)) => {
            let shown = table.iter().map(|(name, value)| {
                let field = fields.iter().find(|field| field.name == name);
                (
                    name.clone(),
                    field.map_or_else(|| value.clone(), |field| without_secrets(value, &field.form)),
                )
            });
            Value::Object(shown.collect())
        }
        (Form::Either(one, other), value) => {
            let record = [one, other].into_iter().find(|form| matches!(form, Form::Record(_)));
            match (record, value) {
                (Some(record), Value::Object(_)) => without_secrets(value, record),
                (Some(_) | None, _) => value.clone(),
            }
        }
        (
            Form::Boolean
            | Form::Whole { .. }
            | Form::Text { .. }
            | Form::Choice(_)
            | Form::Reference(_)
            | Form::List { .. }
            | Form::Record(_),
            _,
        ) => value.clone(),
    }
}

/// `busy_trigger: 2 -> 3`
impl fmt::Display for SettingDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        match (&self.before, &self.after) {
            (Some(Value::Array(before)), Some(Value::Array(after))) => entries(before, after, f),
            (before, after) => {
                value(before.as_ref(), f)?;
                f.write_str(" -> ")?;
                value(after.as_ref(), f)
            }
        }
    }
}

fn value(value: Option<&Value>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        None => f.write_str("nothing"),
        Some(Value::String(text)) if text == SEALED => f.write_str(SEALED),
        Some(value) => write!(f, "{value}"),
    }
}

/// Of lists what went and what came; the whole when only the order changed.
fn entries(before: &[Value], after: &[Value], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let gone = before.iter().filter(|entry| !after.contains(entry)).map(|entry| format!("-{entry}"));
    let new = after.iter().filter(|entry| !before.contains(entry)).map(|entry| format!("+{entry}"));
    let changed: Vec<String> = gone.chain(new).collect();
    if changed.is_empty() {
        let order: Vec<String> = after.iter().map(ToString::to_string).collect();
        return write!(f, "order is now {}", order.join(", "));
    }
    f.write_str(&changed.join(" "))
}

impl SettingDifference {
    /// Whether it is this setting, or one inside it.
    pub fn is_in(&self, setting: &str) -> bool {
        matches!(self.path.segments().first(), Some(Segment::Setting(name)) if **name == *setting)
    }
}

/// What stands for a secret.
const SEALED: &str = "(sealed)";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::proposal::{Scope, Wanted};
    use crate::reader::AlreadySealed;

    fn wanted(kind: Kind, value: Value) -> Wanted {
        let Value::Object(table) = value else { panic!("{value} is no table") };
        Wanted { kind, renamed_from: None, table }
    }

    fn check(before: &[Wanted], after: &[Wanted], expect: &[&str]) {
        let mut last = 0;
        let mut new_id = || {
            last += 1;
            Id::from_random(last)
        };
        let empty = State::default();
        let operations = empty.proposal(before, Scope::Whole, &AlreadySealed, &mut new_id).unwrap();
        let before = empty.changed(&operations).unwrap();
        let operations = before.proposal(after, Scope::Whole, &AlreadySealed, &mut new_id).unwrap();
        let after = before.changed(&operations).unwrap();
        let mut found = Vec::new();
        for difference in before.differences(&operations, &after) {
            let (sign, settings) = match difference.what {
                What::Added(settings) => ('+', settings),
                What::Removed(settings) => ('-', settings),
                What::Changed(settings) => ('~', settings),
            };
            let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
            found.push(format!("{sign} {} {} [{}]", difference.kind, difference.key, settings.join("; ")));
        }
        assert_eq!(found, expect);
    }

    #[test]
    fn differences_are_told_in_names() {
        let before = [
            wanted(Kind::Partition, json!({ "name": "a" })),
            wanted(Kind::Partition, json!({ "name": "b" })),
            wanted(Kind::CallingSearchSpace, json!({ "name": "all", "partitions": ["a", "b"] })),
            wanted(Kind::Line, json!({ "pattern": "1001", "partition": "a" })),
        ];
        let after = [
            wanted(Kind::Partition, json!({ "name": "a", "description": "first" })),
            wanted(Kind::Partition, json!({ "name": "c" })),
            wanted(Kind::CallingSearchSpace, json!({ "name": "all", "partitions": ["c", "a"] })),
            wanted(Kind::Line, json!({ "pattern": "1001", "partition": "a", "busy_trigger": 3 })),
        ];
        check(
            &before,
            &after,
            &[
                "~ partition a [description: \"\" -> \"first\"]",
                "- partition b [name: \"b\" -> nothing]",
                "+ partition c [name: nothing -> \"c\"]",
                "~ calling_search_space all [partitions: -\"b\" +\"c\"]",
                "~ line a:1001 [busy_trigger: 2 -> 3]",
            ],
        );
    }

    #[test]
    fn another_order_is_a_difference() {
        let partitions = ["a", "b"].map(|name| wanted(Kind::Partition, json!({ "name": name })));
        let with = |list: &[&str]| {
            let mut all = partitions.to_vec();
            all.push(wanted(Kind::CallingSearchSpace, json!({ "name": "all", "partitions": list })));
            all
        };
        check(
            &with(&["a", "b"]),
            &with(&["b", "a"]),
            &["~ calling_search_space all [partitions: order is now \"b\", \"a\"]"],
        );
    }
}
