//! Bandwidth that may have no bound.

use serde_json::Value;

use super::{Kbps, Setting};
use crate::form::{Form, Word};
use crate::reader::{Names, Reader};

/// How much bandwidth there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// No bound is known.
    Unlimited,
    /// So many kilobits per second.
    Kbps(u32),
    /// Nothing of it may be used.
    None,
}

/// A number of kilobits per second.
type Bounded = Kbps<1, 10_000_000>;

const WORDS: &[Word] = &[
    Word { word: "unlimited", doc: "No bound is known." },
    Word { word: "none", doc: "Nothing of it may be used." },
];

impl Setting for Room {
    const FORM: Form = Form::Either(&Form::Choice(WORDS), &Bounded::FORM);

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        let number = || value.as_u64().and_then(|kbps| u32::try_from(kbps).ok());
        let read = match value.as_str() {
            Some("unlimited") => Some(Room::Unlimited),
            Some("none") => Some(Room::None),
            Some(_) => None,
            None => number().filter(|kbps| Bounded::new(*kbps).get() == *kbps).map(Room::Kbps),
        };
        if read.is_none() {
            reader.unexpected(value, &Self::FORM);
        }
        read
    }

    fn write(&self, _: &dyn Names) -> Value {
        match self {
            Room::Unlimited => Value::from("unlimited"),
            Room::None => Value::from("none"),
            Room::Kbps(kbps) => Value::from(*kbps),
        }
    }
}
