//! What every type of setting can do: tell its form, be read, be written, name what it refers to.

mod number;
mod reference;
mod room;
mod secret;
mod text;

use serde_json::Value;

use crate::form::Form;
use crate::problem::Segment;
use crate::reader::{Names, Reader};
use crate::{Id, Kind};

pub use number::{Days, Kbps, Mebibytes, Milliseconds, Minutes, Percent, Seconds, Whole};
pub use reference::Ref;
pub use room::Room;
pub use secret::{DigestText, PasswordHash, SEALED, SealedCode, SealedText};
pub use text::{
    Address, ClusterId, CodeText, CountryName, Description, DialledText, DiscardInstructions, DisplayName,
    DomainName, EndPoint, FilterClauses, Host, HostKey, HostText, HoursText, IncomingPrefix, Label, MaskText,
    Moment, Name, NumberText, PathText, PatternOrName, PatternText, PhoneName, PortText, PrefixText,
    ScreenDocument, ScreenText, ServiceUrl, SoundFile, SourceText, Subnet, Told, UriText, UserLocale,
    UserName, Word, ZoneName,
};

/// A type of setting.
pub trait Setting: Sized {
    /// What it may hold.
    const FORM: Form;

    /// Reads it; `None` when it is wrong, and the reader knows why.
    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self>;

    /// Writes it.
    fn write(&self, names: &dyn Names) -> Value;

    /// Names everything that it refers to.
    fn references(&self, _: &mut dyn FnMut(Kind, Id)) {}
}

/// Settings under one name.
pub trait Record: Sized {
    /// What it has.
    const FIELDS: &'static [crate::form::Field];

    /// Reads them all, with everything that is wrong.
    fn read_table(table: &serde_json::Map<String, Value>, reader: &mut Reader<'_>) -> Option<Self>;

    /// Writes what differs from the defaults.
    fn write_table(&self, names: &dyn Names) -> serde_json::Map<String, Value>;

    /// Names everything that they refer to.
    fn references(&self, found: &mut dyn FnMut(Kind, Id));
}

impl Setting for bool {
    const FORM: Form = Form::Boolean;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        let read = value.as_bool();
        if read.is_none() {
            reader.unexpected(value, &Self::FORM);
        }
        read
    }

    fn write(&self, _: &dyn Names) -> Value {
        Value::Bool(*self)
    }
}

/// `null` stands for what is not set.
impl<T: Setting> Setting for Option<T> {
    const FORM: Form = T::FORM;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(value, reader).map(Some)
    }

    fn write(&self, names: &dyn Names) -> Value {
        self.as_ref().map_or(Value::Null, |value| value.write(names))
    }

    fn references(&self, found: &mut dyn FnMut(Kind, Id)) {
        if let Some(value) = self {
            value.references(found);
        }
    }
}

/// Rarely set and large: behind a pointer.
impl<T: Setting> Setting for Box<T> {
    const FORM: Form = T::FORM;

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(value, reader).map(Box::new)
    }

    fn write(&self, names: &dyn Names) -> Value {
        (**self).write(names)
    }

    fn references(&self, found: &mut dyn FnMut(Kind, Id)) {
        (**self).references(found);
    }
}

/// Several in an order that counts, at most `MOST`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List<T, const MOST: usize>(Box<[T]>);

impl<T, const MOST: usize> List<T, MOST> {
    /// The entries in their order; those beyond `MOST` are cut.
    pub fn new(mut entries: Vec<T>) -> Self {
        entries.truncate(MOST);
        List(entries.into())
    }

    /// The entries in their order.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The entries in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// True when there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        List(Box::default())
    }
}

impl<'l, T, const MOST: usize> IntoIterator for &'l List<T, MOST> {
    type Item = &'l T;
    type IntoIter = std::slice::Iter<'l, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Setting, const MOST: usize> Setting for List<T, MOST> {
    const FORM: Form = Form::List { of: &T::FORM, most: MOST };

    fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Array(values) = value else {
            reader.unexpected(value, &Self::FORM);
            return None;
        };
        if values.len() > MOST {
            let found = format!("a list of {}", values.len());
            reader.wrong(crate::problem::Wrong::Unexpected { found, expected: Self::FORM.expectation() });
            return None;
        }
        // All entries are read, so that all that is wrong is told.
        let entries: Vec<Option<T>> = values
            .iter()
            .enumerate()
            .map(|(at, value)| reader.at(Segment::Entry(at), |reader| T::read(value, reader)))
            .collect();
        entries.into_iter().collect::<Option<Vec<T>>>().map(|entries| List(entries.into()))
    }

    fn write(&self, names: &dyn Names) -> Value {
        Value::Array(self.iter().map(|entry| entry.write(names)).collect())
    }

    fn references(&self, found: &mut dyn FnMut(Kind, Id)) {
        for entry in self {
            entry.references(found);
        }
    }
}

/// Makes a record: a struct whose fields are settings, and all that [`Record`] wants of it.
///
/// A field without a default must be given. The doc comments are what operators read.
#[macro_export]
macro_rules! record {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $Name:ident {
            $( $(#[doc = $field_doc:literal])+ $field:ident : $Type:ty $(= $default:expr)? ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        $vis struct $Name {
            $( $(#[doc = $field_doc])+ pub $field: $Type, )*
        }

        impl $crate::setting::Record for $Name {
            const FIELDS: &'static [$crate::form::Field] = &[
                $( $crate::form::Field {
                    name: stringify!($field),
                    doc: concat!($($field_doc),+).trim_ascii(),
                    form: <$Type as $crate::setting::Setting>::FORM,
                    default: $crate::default_value!($Type $(, $default)?),
                }, )*
            ];

            fn read_table(
                table: &$crate::serde_json::Map<String, $crate::serde_json::Value>,
                reader: &mut $crate::reader::Reader<'_>,
            ) -> Option<Self> {
                let mut fields = <Self as $crate::setting::Record>::FIELDS.iter();
                // All are read before any is missed, so that all that is wrong is told.
                $( let $field = fields.next().and_then(|field| {
                    reader.setting::<$Type>(table, field, || $crate::default_of!($Type $(, $default)?))
                }); )*
                reader.refuse_others(table, <Self as $crate::setting::Record>::FIELDS);
                Some($Name { $( $field: $field?, )* })
            }

            fn write_table(
                &self,
                names: &dyn $crate::reader::Names,
            ) -> $crate::serde_json::Map<String, $crate::serde_json::Value> {
                let mut table = $crate::serde_json::Map::new();
                $(
                    if $crate::default_of!($Type $(, $default)?).as_ref() != Some(&self.$field) {
                        let value = $crate::setting::Setting::write(&self.$field, names);
                        table.insert(stringify!($field).to_owned(), value);
                    }
                )*
                table
            }

            fn references(&self, found: &mut dyn FnMut($crate::Kind, $crate::Id)) {
                $( $crate::setting::Setting::references(&self.$field, found); )*
            }
        }

        impl $crate::setting::Setting for $Name {
            const FORM: $crate::form::Form =
                $crate::form::Form::Record(<$Name as $crate::setting::Record>::FIELDS);

            fn read(value: &$crate::serde_json::Value, reader: &mut $crate::reader::Reader<'_>) -> Option<Self> {
                let table = reader.table(value, &Self::FORM)?;
                $crate::setting::Record::read_table(table, reader)
            }

            fn write(&self, names: &dyn $crate::reader::Names) -> $crate::serde_json::Value {
                $crate::serde_json::Value::Object($crate::setting::Record::write_table(self, names))
            }

            fn references(&self, found: &mut dyn FnMut($crate::Kind, $crate::Id)) {
                $crate::setting::Record::references(self, found);
            }
        }
    };
}

/// The default of a field, if it has one.
#[doc(hidden)]
#[macro_export]
macro_rules! default_of {
    ($Type:ty) => {
        None::<$Type>
    };
    ($Type:ty, $default:expr) => {
        Some::<$Type>($default)
    };
}

/// The default of a field as a function that writes it, if it has one.
#[doc(hidden)]
#[macro_export]
macro_rules! default_value {
    ($Type:ty) => {
        None
    };
    ($Type:ty, $default:expr) => {
        Some(|| {
            let default: $Type = $default;
            $crate::setting::Setting::write(&default, &$crate::reader::ByIdOnly)
        })
    };
}

/// Makes a setting that holds one of several words.
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $Name:ident {
            $( $(#[doc = $word_doc:literal])+ $Word:ident = $word:literal ),* $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        $vis enum $Name {
            $( $(#[doc = $word_doc])+ $Word, )*
        }

        impl $Name {
            /// The word as it is written.
            pub const fn word(self) -> &'static str {
                match self {
                    $( $Name::$Word => $word, )*
                }
            }
        }

        impl $crate::setting::Setting for $Name {
            const FORM: $crate::form::Form = $crate::form::Form::Choice(&[
                $( $crate::form::Word { word: $word, doc: concat!($($word_doc),+).trim_ascii() }, )*
            ]);

            fn read(
                value: &$crate::serde_json::Value,
                reader: &mut $crate::reader::Reader<'_>,
            ) -> Option<Self> {
                match value.as_str() {
                    $( Some($word) => Some($Name::$Word), )*
                    Some(_) | None => {
                        reader.unexpected(value, &Self::FORM);
                        None
                    }
                }
            }

            fn write(&self, _: &dyn $crate::reader::Names) -> $crate::serde_json::Value {
                $crate::serde_json::Value::String(self.word().to_owned())
            }
        }
    };
}

pub use {choice, record};

#[cfg(test)]
mod tests;
