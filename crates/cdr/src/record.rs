//! Records by their columns: each field has the name and the type that CUCM gives it in the first two lines of a file.

use std::fmt;
use std::str::FromStr;

/// A kind of record.
pub trait Record: Default {
    /// Its columns in the order in which CUCM 14 and 15 write them.
    const COLUMNS: &'static [Column];

    /// Takes the value of a column, by its place in [`Record::COLUMNS`].
    ///
    /// # Errors
    /// It is not of the column's type.
    fn set(&mut self, place: usize, value: &str) -> Result<(), ValueError>;

    /// Writes its values as a line of a file, without the line end.
    fn write(&self, out: &mut String);
}

/// A column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name in the first line.
    pub name: &'static str,
    /// Its type in the second line.
    pub kind: ColumnKind,
}

/// The type of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnKind {
    /// A whole number; what is not known is 0.
    Integer,
    /// A whole number that may be missing: then nothing stands between the commas.
    Optional,
    /// A text of at most so many characters.
    Text(usize),
    /// The key of a row.
    Identifier,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnKind::Integer | ColumnKind::Optional => f.write_str("INTEGER"),
            ColumnKind::Text(most) => write!(f, "VARCHAR({most})"),
            ColumnKind::Identifier => f.write_str("UNIQUEIDENTIFIER"),
        }
    }
}

/// The key of a row: a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Pkid(pub u128);

impl fmt::Display for Pkid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
        f.write_str(&parts.join("-"))
    }
}

impl FromStr for Pkid {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hex: String = text.chars().filter(|character| !matches!(character, '-' | '{' | '}')).collect();
        let number = if hex.len() == 32 { u128::from_str_radix(&hex, 16).ok() } else { None };
        number.map(Pkid).ok_or(ValueError::NoIdentifier)
    }
}

/// A value that is not of its column's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ValueError {
    /// It is no whole number.
    #[error("a whole number is expected")]
    NoNumber,
    /// It is no UUID.
    #[error("a UUID is expected, such as ac46374a-846d-47e2-8f91-7b6863f690ad")]
    NoIdentifier,
}

/// A value of a field.
pub(crate) trait Value {
    fn read(text: &str) -> Result<Self, ValueError>
    where
        Self: Sized;
    fn write(&self, most: usize, out: &mut String);
}

impl Value for i64 {
    fn read(text: &str) -> Result<Self, ValueError> {
        match text.trim() {
            "" => Ok(0),
            text => text.parse().map_err(|_| ValueError::NoNumber),
        }
    }

    fn write(&self, _: usize, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Value for Option<i64> {
    fn read(text: &str) -> Result<Self, ValueError> {
        if text.trim().is_empty() { Ok(None) } else { i64::read(text).map(Some) }
    }

    fn write(&self, most: usize, out: &mut String) {
        if let Some(number) = self {
            number.write(most, out);
        }
    }
}

impl Value for Box<str> {
    fn read(text: &str) -> Result<Self, ValueError> {
        Ok(text.into())
    }

    /// How a quote within a text would be written nobody knows: an apostrophe stands for it. Line ends would end the row.
    fn write(&self, most: usize, out: &mut String) {
        out.push('"');
        out.extend(self.chars().take(most).map(|character| match character {
            '"' => '\'',
            character if character.is_control() => ' ',
            character => character,
        }));
        out.push('"');
    }
}

impl Value for Pkid {
    fn read(text: &str) -> Result<Self, ValueError> {
        if text.is_empty() { Ok(Pkid::default()) } else { text.parse() }
    }

    fn write(&self, _: usize, out: &mut String) {
        out.push_str(&format!("\"{self}\""));
    }
}

/// The type of a field, and what its column says of it.
macro_rules! field {
    (type Integer) => { i64 };
    (type Optional) => { Option<i64> };
    (type Text $most:literal) => { Box<str> };
    (type Identifier) => { $crate::record::Pkid };
    (kind Integer) => { $crate::record::ColumnKind::Integer };
    (kind Optional) => { $crate::record::ColumnKind::Optional };
    (kind Text $most:literal) => { $crate::record::ColumnKind::Text($most) };
    (kind Identifier) => { $crate::record::ColumnKind::Identifier };
    (most Text $most:literal) => { $most };
    (most $kind:ident) => { 0 };
}

/// A record: its fields, with their columns.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $kind:ident $($most:literal)? = $column:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Default, Debug)]
        pub struct $name {
            $($(#[$doc])* pub $field: $crate::record::field!(type $kind $($most)?),)*
        }

        impl $crate::record::Record for $name {
            const COLUMNS: &'static [$crate::record::Column] = &[
                $($crate::record::Column { name: $column, kind: $crate::record::field!(kind $kind $($most)?) },)*
            ];

            fn set(&mut self, place: usize, value: &str) -> Result<(), $crate::record::ValueError> {
                use $crate::record::Value as _;
                let mut next = 0;
                $(
                    if place == next {
                        self.$field = <$crate::record::field!(type $kind $($most)?)>::read(value)?;
                        return Ok(());
                    }
                    next += 1;
                )*
                let _ = next;
                Ok(())
            }

            fn write(&self, out: &mut String) {
                use $crate::record::Value as _;
                let begin = out.len();
                $(
                    if out.len() > begin {
                        out.push(',');
                    }
                    self.$field.write($crate::record::field!(most $kind $($most)?), out);
                )*
            }
        }
    };
}

pub(crate) use {field, record};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_row_is_written_in_small_letters_and_read_in_any() {
        let check = |text: &str, expect: Result<&str, ValueError>| {
            let read = text.parse::<Pkid>().map(|pkid| pkid.to_string());
            assert_eq!(read.as_deref().map_err(|error| *error), expect, "{text}");
        };
        let key = "ac46374a-846d-47e2-8f91-7b6863f690ad";
        check(key, Ok(key));
        check("{AC46374A-846D-47E2-8F91-7B6863F690AD}", Ok(key));
        check("ac46374a-846d-47e2-8f91-7b6863f690a", Err(ValueError::NoIdentifier));
        check("-", Err(ValueError::NoIdentifier));
    }

    #[test]
    fn nothing_in_a_text_ends_its_field_or_its_row() {
        let mut out = String::new();
        Box::<str>::from("a \"b\"\r\nc, \u{e9}").write(9, &mut out);
        assert_eq!(out, "\"a 'b'  c,\"");
    }
}
