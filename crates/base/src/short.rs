//! Texts that are mostly short, in great numbers.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

/// A text that never changes. Up to [`ShortText::HERE`] bytes it lies where its owner lies: 100,000 names and numbers that each lie
/// apart take twice the room, most of it the allocator's.
#[derive(Clone)]
pub struct ShortText(Room);

#[derive(Clone)]
enum Room {
    Here { length: u8, bytes: [u8; ShortText::HERE] },
    Apart(Box<str>),
}

impl ShortText {
    /// Bytes for which no room of their own is needed.
    pub const HERE: usize = 22;

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Nothing but a whole text is ever put in.
            Room::Here { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Room::Apart(text) => text,
        }
    }

    const fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Room::Here { length, bytes } => bytes.split_at(*length as usize).0,
            Room::Apart(text) => text.as_bytes(),
        }
    }
}

impl From<&str> for ShortText {
    fn from(text: &str) -> Self {
        let mut bytes = [0; ShortText::HERE];
        ShortText(match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(here), Ok(length)) => {
                here.copy_from_slice(text.as_bytes());
                Room::Here { length, bytes }
            }
            (None, _) | (_, Err(_)) => Room::Apart(text.into()),
        })
    }
}

impl Deref for ShortText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Default for ShortText {
    fn default() -> Self {
        ShortText(Room::Here { length: 0, bytes: [0; ShortText::HERE] })
    }
}

// UTF-8 is in the order of its bytes.
impl PartialEq for ShortText {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for ShortText {}

impl PartialOrd for ShortText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ShortText {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl std::hash::Hash for ShortText {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_was_put_in_however_long() {
        for length in 0..60 {
            for letter in ["a", "é", "☎"] {
                let text = letter.repeat(length);
                let short = ShortText::from(text.as_str());
                assert_eq!((short.as_str(), short.to_string()), (text.as_str(), text.clone()));
                assert_eq!(matches!(short.0, Room::Here { .. }), text.len() <= ShortText::HERE, "{text}");
                assert_eq!(short, short.clone());
            }
        }
        assert_eq!(ShortText::default(), ShortText::from(""));
        assert_eq!((size_of::<ShortText>(), size_of::<Option<ShortText>>()), (24, 24));
    }

    #[test]
    fn short_and_long_texts_are_in_the_order_of_texts() {
        let long = "1".repeat(30);
        let mut texts: Vec<ShortText> = ["2", "", &long, "1", "10", "Ä", "a"].map(ShortText::from).into();
        texts.sort();
        let sorted: Vec<&str> = texts.iter().map(|text| &**text).collect();
        assert_eq!(sorted, ["", "1", "10", &long, "2", "a", "Ä"]);
    }
}
