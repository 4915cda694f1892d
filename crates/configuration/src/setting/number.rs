//! Whole numbers within bounds.

use std::time::Duration;

use serde_json::Value;

use super::Setting;
use crate::form::Form;
use crate::reader::{Names, Reader};

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Whole<const LEAST: u32, const MOST: u32>(u32);

/// Whole seconds from `LEAST` to `MOST`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Seconds<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Whole<LEAST, MOST> {
    /// The number, or the bound that is nearest to it.
    pub const fn new(number: u32) -> Self {
        Whole(bounded(number, LEAST, MOST))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const LEAST: u32, const MOST: u32> Seconds<LEAST, MOST> {
    /// So many seconds, or the bound that is nearest to it.
    pub const fn new(seconds: u32) -> Self {
        Seconds(bounded(seconds, LEAST, MOST))
    }

    /// The time.
    pub const fn get(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

const fn bounded(number: u32, least: u32, most: u32) -> u32 {
    if number < least {
        least
    } else if number > most {
        most
    } else {
        number
    }
}

fn read(value: &Value, least: u32, most: u32, form: &Form, reader: &mut Reader<'_>) -> Option<u32> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    let number = number.filter(|number| (least..=most).contains(number));
    if number.is_none() {
        reader.unexpected(value, form);
    }
    number
}

impl<const LEAST: u32, const MOST: u32> Setting for Whole<LEAST, MOST> {
    const FORM: Form = Form::Whole { least: LEAST as u64, most: MOST as u64, unit: "" };

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        read(value, LEAST, MOST, &Self::FORM, reader).map(Whole)
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::from(self.0)
    }
}

impl<const LEAST: u32, const MOST: u32> Setting for Seconds<LEAST, MOST> {
    const FORM: Form = Form::Whole { least: LEAST as u64, most: MOST as u64, unit: "seconds" };

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        read(value, LEAST, MOST, &Self::FORM, reader).map(Seconds)
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::from(self.0)
    }
}
