//! Whole numbers within bounds.

use std::time::Duration;

use serde_json::Value;

use super::Setting;
use crate::form::Form;
use crate::reader::{Names, Reader};

/// Makes a setting of a whole number of something.
macro_rules! whole {
    ($( $(#[doc = $doc:literal])+ $Name:ident, $unit:literal; )*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
            pub struct $Name<const LEAST: u32, const MOST: u32>(u32);

            impl<const LEAST: u32, const MOST: u32> $Name<LEAST, MOST> {
                /// The number, or the bound that is nearest to it.
                pub const fn new(number: u32) -> Self {
                    $Name(bounded(number, LEAST, MOST))
                }
            }

            impl<const LEAST: u32, const MOST: u32> Setting for $Name<LEAST, MOST> {
                const FORM: Form = Form::Whole { least: LEAST as u64, most: MOST as u64, unit: $unit };

                fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
                    read(value, LEAST, MOST, &Self::FORM, reader).map($Name)
                }

                fn write(&self, _: &dyn Names) -> Value {
                    Value::from(self.0)
                }
            }
        )*
    };
}

/// Makes the way out of numbers that are no times.
macro_rules! counted {
    ($($Name:ident),*) => {
        $(
            impl<const LEAST: u32, const MOST: u32> $Name<LEAST, MOST> {
                /// The number.
                pub const fn get(self) -> u32 {
                    self.0
                }
            }
        )*
    };
}

whole! {
    /// A whole number from `LEAST` to `MOST`.
    Whole, "";
    /// Whole milliseconds from `LEAST` to `MOST`.
    Milliseconds, "milliseconds";
    /// Whole seconds from `LEAST` to `MOST`.
    Seconds, "seconds";
    /// Whole minutes from `LEAST` to `MOST`.
    Minutes, "minutes";
    /// Whole days from `LEAST` to `MOST`.
    Days, "days";
    /// Whole kilobits per second from `LEAST` to `MOST`.
    Kbps, "kbit/s";
    /// Whole mebibytes from `LEAST` to `MOST`.
    Mebibytes, "MiB";
    /// Whole percent from `LEAST` to `MOST`.
    Percent, "percent";
}

counted!(Whole, Days, Kbps, Mebibytes, Percent);

impl<const LEAST: u32, const MOST: u32> Milliseconds<LEAST, MOST> {
    /// The time.
    pub const fn get(self) -> Duration {
        Duration::from_millis(self.0 as u64)
    }
}

impl<const LEAST: u32, const MOST: u32> Seconds<LEAST, MOST> {
    /// The time.
    pub const fn get(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl<const LEAST: u32, const MOST: u32> Minutes<LEAST, MOST> {
    /// The time.
    pub const fn get(self) -> Duration {
        Duration::from_secs(self.0 as u64 * 60)
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
