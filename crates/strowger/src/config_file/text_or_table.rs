//! Values that are mostly one text, and a table where more is to be said.

use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// Something that is written in either way. What `serde` says of untagged enums names neither.
pub(super) trait TextOrTable: Sized {
    /// How it stands in a table.
    type Table: for<'de> Deserialize<'de>;
    /// What is expected, for who wrote something else.
    const EXPECTED: &'static str;

    /// From a text.
    fn text(text: &str) -> Self;

    /// From a table.
    ///
    /// # Errors
    /// When its keys do not go together.
    fn table(table: Self::Table) -> Result<Self, &'static str>;
}

/// Reads one.
///
/// # Errors
/// When it is neither a text nor such a table.
pub(super) fn text_or_table<'de, T: TextOrTable, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(Reader(PhantomData))
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: TextOrTable> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let table = T::Table::deserialize(MapAccessDeserializer::new(map))?;
        T::table(table).map_err(de::Error::custom)
    }
}
