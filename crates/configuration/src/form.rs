//! What a setting may hold, as data: what the API, the command line and the web pages tell about it.

use serde_json::Value;

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
