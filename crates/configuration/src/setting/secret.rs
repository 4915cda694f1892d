//! Secrets, which nothing keeps as they are.

use std::fmt;

use serde_json::Value;

use super::Setting;
use crate::form::Form;
use crate::problem::Wrong;
use crate::reader::{Names, Reader};

/// A secret, sealed with a key that is not in the store. Who has the store alone cannot read it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedText(Box<str>);

impl SealedText {
    /// What was sealed, as it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for SealedText {
    const FORM: Form = Form::Secret;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        match value {
            Value::String(text) if !text.is_empty() && text.len() <= LONGEST => {
                Some(SealedText(reader.seal(text).into()))
            }
            // What was found may be the secret itself, only without quotes: it is not repeated.
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                let expected = format!("a secret of 1 to {LONGEST} bytes, in quotes");
                reader.wrong(Wrong::Unexpected { found: String::new(), expected });
                None
            }
        }
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::String(self.0.to_string())
    }
}

impl fmt::Debug for SealedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sealed)")
    }
}

/// Also of a sealed one.
const LONGEST: usize = 1024;
