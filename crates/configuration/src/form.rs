//! What a setting may hold, as data: what the API, the command line and the web pages tell about it.

use serde_json::{Map, Value};

use crate::Kind;

/// What a setting may hold.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Yes or no.
    Boolean,
    /// A whole number.
    Whole {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
        /// What is counted, such as `seconds`; empty when it needs no word.
        unit: &'static str,
    },
    /// A text.
    Text {
        /// Characters at most.
        most: usize,
        /// What it has to be, as `expected ...` goes on.
        what: &'static str,
        /// One that would do.
        example: &'static str,
    },
    /// One of these words.
    Choice(&'static [Word]),
    /// The name of another object.
    Reference(Kind),
    /// Several in an order that counts.
    List {
        /// What each is.
        of: &'static Form,
        /// Most of them.
        most: usize,
    },
    /// Settings of its own.
    Record(&'static [Field]),
    /// One of these forms; the first that fits.
    Either(&'static Form, &'static Form),
    /// A secret: it goes in as text and comes out sealed.
    Secret,
}

/// A word that a setting may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is for: sentences with meaning and unit.
    pub doc: &'static str,
    /// What it may hold.
    pub form: Form,
    /// What it is when it is not given. A setting without a default must be given.
    pub default: Option<fn() -> Value>,
}

impl Field {
    /// True when it must be given.
    pub const fn is_required(&self) -> bool {
        self.default.is_none()
    }
}

impl Form {
    /// What is expected, in words that follow "expected".
    pub fn expectation(&self) -> String {
        match self {
            Form::Boolean => "true or false".to_owned(),
            Form::Whole { least, most, unit: "" } => format!("a whole number from {least} to {most}"),
            Form::Whole { least, most, unit } => format!("whole {unit}, {least} to {most}"),
            Form::Text { what, example: "", .. } => (*what).to_owned(),
            Form::Text { what, example, .. } => format!("{what}, for example {example:?}"),
            Form::Choice(words) => {
                let words: Vec<&str> = words.iter().map(|word| word.word).collect();
                format!("one of: {}", words.join(", "))
            }
            Form::Reference(kind) => format!("the name of {}", kind.one()),
            Form::List { of, most } => format!("a list of at most {most}, each {}", of.expectation()),
            Form::Record(fields) => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                format!("a table with {}", names.join(", "))
            }
            Form::Either(one, other) => format!("{}, or {}", one.expectation(), other.expectation()),
            Form::Secret => "a secret in quotes".to_owned(),
        }
    }
}

/// What may be shown of settings to whoever may not see secrets, and which secrets are set.
pub fn without_secrets(table: &Map<String, Value>, fields: &[Field]) -> (Map<String, Value>, Vec<String>) {
    let mut shown = Map::new();
    let mut set = Vec::new();
    for (name, value) in table {
        let form = fields.iter().find(|field| field.name == name).map(|field| &field.form);
        match (form, value) {
            (Some(Form::Secret), _) => set.push(name.clone()),
            (Some(Form::Record(inner)), Value::Object(table)) => {
                let (table, inner) = without_secrets(table, inner);
                set.extend(inner.into_iter().map(|secret| format!("{name}.{secret}")));
                shown.insert(name.clone(), Value::Object(table));
            }
            (Some(Form::List { of: Form::Record(inner), .. }), Value::Array(entries)) => {
                let entries = entries.iter().map(|entry| match entry {
                    Value::Object(table) => Value::Object(without_secrets(table, inner).0),
                    other => other.clone(),
                });
                shown.insert(name.clone(), Value::Array(entries.collect()));
            }
            (Some(_) | None, value) => _ = shown.insert(name.clone(), value.clone()),
        }
    }
    (shown, set)
}

/// Puts the secrets of `before` into `after` where it says nothing about them: who may not see a secret does not delete it by
/// giving back what they saw.
pub fn keep_secrets(before: &Map<String, Value>, after: &mut Map<String, Value>, fields: &[Field]) {
    for field in fields {
        let Some(value) = before.get(field.name) else { continue };
        match (&field.form, value) {
            (Form::Secret, _) => _ = after.entry(field.name).or_insert_with(|| value.clone()),
            (Form::Record(inner), Value::Object(before)) => {
                if let Some(Value::Object(after)) = after.get_mut(field.name) {
                    keep_secrets(before, after, inner);
                }
            }
            (
                Form::Boolean
                | Form::Whole { .. }
                | Form::Text { .. }
                | Form::Choice(_)
                | Form::Reference(_)
                | Form::List { .. }
                | Form::Record(_)
                | Form::Either(..),
                _,
            ) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const fn field(name: &'static str, form: Form) -> Field {
        Field { name, doc: "A setting of a test.", form, default: None }
    }

    const INNER: &[Field] = &[field("user", Form::Boolean), field("secret", Form::Secret)];
    const FIELDS: &[Field] = &[
        field("name", Form::Boolean),
        field("password", Form::Secret),
        field("credentials", Form::Record(INNER)),
        field("list", Form::List { of: &Form::Record(INNER), most: 9 }),
    ];

    fn table(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(table) => table,
            other => panic!("{other} is no table"),
        }
    }

    #[test]
    fn secrets_are_not_shown_and_stay_when_nobody_speaks_of_them() {
        let whole = table(json!({
            "name": "a", "password": "p", "credentials": { "user": "u", "secret": "s" },
            "list": [{ "user": "v", "secret": "t" }],
        }));
        let (shown, set) = without_secrets(&whole, FIELDS);
        let expect = json!({ "name": "a", "credentials": { "user": "u" }, "list": [{ "user": "v" }] });
        assert_eq!(Value::Object(shown.clone()), expect);
        assert_eq!(set, ["credentials.secret", "password"]);
        let mut after = table(json!({ "name": "b", "credentials": { "user": "w" } }));
        keep_secrets(&whole, &mut after, FIELDS);
        let expect = json!({ "name": "b", "password": "p", "credentials": { "user": "w", "secret": "s" } });
        assert_eq!(Value::Object(after), expect);
        let mut after = table(json!({ "password": "q" }));
        keep_secrets(&whole, &mut after, FIELDS);
        assert_eq!(Value::Object(after), json!({ "password": "q" }));
    }
}
