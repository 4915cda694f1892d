//! Text on the wire.

use std::fmt;

use super::{Coding, Reader, Wire, Writer, lists};
use crate::code_page::{self, CodePage};
use crate::codes::Phrase;
use crate::version::Charset;

/// The byte that stands before the index of a phrase in the phone's first dictionary. As a character it is a control character that no text
/// has; the second dictionary is called by another one, 0x1e.
const DICTIONARY: u8 = 0x80;
const SECOND_DICTIONARY: u8 = 0x1e;

/// Text that a phone shows or tells. It has no NUL, which ends it on the wire. Names and numbers of people are among
/// them: whoever logs a message has to bear that in mind.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text(Box<str>);

impl Text {
    /// A phrase that appears in the language of the phone, and words behind it: “From 2001”.
    pub fn phrase(phrase: Phrase, words: &str) -> Self {
        let [dictionary, index] = phrase.0.to_be_bytes();
        let mut text = String::with_capacity(3 + words.len());
        text.extend([char::from(dictionary), char::from(index)]);
        text.push_str(words);
        Text::from(text.as_str())
    }

    /// The phrase with which it begins.
    pub fn as_phrase(&self) -> Option<Phrase> {
        let mut characters = self.0.chars().map(u32::from);
        let (dictionary, index) = (characters.next()?, characters.next()?);
        let known = matches!(dictionary, 0x80 | 0x1e) && index < 0x100;
        known.then_some(Phrase((dictionary << 8 | index) as u16))
    }

    /// The characters; phrases stand there as the character 0x80 or 0x1e and their index.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads bytes up to the first NUL.
    fn decoded(bytes: &[u8], charset: Charset) -> Self {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let bytes = bytes.get(..end).unwrap_or_default();
        let latin = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
        Text(match charset {
            Charset::Latin1 => latin(bytes).into(),
            Charset::Page(page) => {
                // A phrase is none of its characters.
                let phrase = if matches!(bytes, [DICTIONARY | SECOND_DICTIONARY, _, ..]) { 2 } else { 0 };
                let (phrase, words) = bytes.split_at(phrase);
                (latin(phrase) + &page.decode(words)).into()
            }
            // A phrase is no UTF-8, and neither is what a phone says that has not been told about UTF-8.
            Charset::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => bytes
                    .utf8_chunks()
                    .map(|chunk| chunk.valid().to_owned() + &latin(chunk.invalid()))
                    .collect(),
            },
        })
    }

    /// Writes as many whole characters as `room` bytes hold; tells how many bytes that were.
    fn encode(&self, room: usize, to: &mut Writer<'_>) -> usize {
        let charset = to.charset();
        let mut written = 0;
        let phrase = if self.as_phrase().is_some() { 2 } else { 0 };
        for (place, character) in self.0.chars().enumerate() {
            let mut buffer = [0; code_page::ROOM];
            let bytes: &[u8] = match (charset, u8::try_from(character)) {
                (Charset::Utf8, Ok(DICTIONARY)) => &[DICTIONARY],
                (Charset::Utf8, Ok(_) | Err(_)) => character.encode_utf8(&mut buffer).as_bytes(),
                (Charset::Page(page), Err(_)) => within(page, character, &mut buffer),
                (Charset::Page(page), Ok(_)) if place >= phrase => within(page, character, &mut buffer),
                (Charset::Latin1 | Charset::Page(_), Ok(byte)) => {
                    buffer[0] = byte;
                    &buffer[..1]
                }
                (Charset::Latin1, Err(_)) => code_page::base_of(character).unwrap_or("?").as_bytes(),
            };
            if written + bytes.len() > room {
                break;
            }
            to.bytes(bytes);
            written += bytes.len();
        }
        written
    }
}

/// A character in a code page, or what is read of it there.
fn within(page: CodePage, character: char, buffer: &mut [u8; code_page::ROOM]) -> &[u8] {
    let base = || code_page::base_of(character).unwrap_or("?");
    let Some(length) = page.encode(character, buffer) else {
        // Of Cyrillic letters the base is one.
        let base = base();
        let mut letters = base.chars();
        let length = match (letters.next(), letters.next()) {
            (Some(letter), None) => page.encode(letter, buffer),
            (Some(_) | None, _) => None,
        };
        return match length {
            Some(length) => buffer.get(..length).unwrap_or(b"?"),
            None if base.is_ascii() => base.as_bytes(),
            None => b"?",
        };
    };
    buffer.get(..length).unwrap_or(b"?")
}

impl From<&str> for Text {
    /// What stands before the first NUL.
    fn from(text: &str) -> Self {
        Text(text.split('\0').next().unwrap_or_default().into())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_phrase() {
            Some(phrase) => {
                let words: String = self.0.chars().skip(2).collect();
                write!(f, "<{phrase}> {words:?}")
            }
            None => fmt::Debug::fmt(&self.0, f),
        }
    }
}

/// Text of at most `TEXT` bytes in a place of `PLACE`, filled with zeros. A text that fills its room has no NUL.
pub(crate) struct Place<const TEXT: usize, const PLACE: usize>;

impl<const TEXT: usize, const PLACE: usize> Coding<Text> for Place<TEXT, PLACE> {
    fn read(from: &mut Reader<'_>) -> Text {
        let place = from.bytes(PLACE);
        Text::decoded(place.get(..TEXT).unwrap_or(place), from.charset())
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        let end = to.length() + PLACE;
        value.encode(TEXT, to);
        to.fill_to(end);
    }
}

/// Text in a place of so many bytes.
pub(crate) struct Fixed<const N: usize>;

impl<const N: usize> Coding<Text> for Fixed<N> {
    fn read(from: &mut Reader<'_>) -> Text {
        Place::<N, N>::read(from)
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        Place::<N, N>::write(value, to);
    }
}

/// Text that ends with a NUL, with at most so many bytes before it.
pub(crate) struct Terminated<const N: usize>;

impl<const N: usize> Coding<Text> for Terminated<N> {
    fn read(from: &mut Reader<'_>) -> Text {
        let end = from.rest().iter().position(|byte| *byte == 0);
        let text = from.bytes(end.map_or(from.rest().len(), |end| end + 1));
        Text::decoded(text, from.charset())
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        value.encode(N, to);
        0u8.write(to);
    }
}

/// Text up to the end of the body, at most so many bytes.
pub(crate) struct ToEnd<const N: usize>;

impl<const N: usize> Coding<Text> for ToEnd<N> {
    fn read(from: &mut Reader<'_>) -> Text {
        let text = from.bytes(N);
        Text::decoded(text, from.charset())
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        value.encode(N, to);
    }
}

/// A length of four bytes and so much text, at most `N` bytes, in as many bytes as it needs.
pub(crate) struct Counted<const N: usize>;

impl<const N: usize> Coding<Text> for Counted<N> {
    fn read(from: &mut Reader<'_>) -> Text {
        let length = lists::length(u32::read(from));
        let text = from.bytes(length.min(N));
        Text::decoded(text, from.charset())
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        let start = to.length();
        0u32.write(to);
        let written = value.encode(N, to);
        to.set(start, lists::count(written));
    }
}

/// A number: up to version 17 in a place of 24 bytes, then of 25, behind which the next word is not aligned.
pub(crate) struct Digits;

impl Coding<Text> for Digits {
    fn read(from: &mut Reader<'_>) -> Text {
        if from.version() < 18 { Fixed::<24>::read(from) } else { Fixed::<25>::read(from) }
    }

    fn write(value: &Text, to: &mut Writer<'_>) {
        if to.version() < 18 { Fixed::<24>::write(value, to) } else { Fixed::<25>::write(value, to) }
    }
}

#[cfg(test)]
mod tests {
    use strowger_base::Language;

    use super::*;
    use crate::version::{Dialect, Version};

    fn dialect(charset: Charset) -> Dialect {
        Dialect { version: Version::HIGHEST, charset }
    }

    fn check(text: &Text, charset: Charset, expect: &[u8], expect_back: &str) {
        let mut out = Vec::new();
        Fixed::<8>::write(text, &mut Writer::new(&mut out, dialect(charset)));
        assert_eq!(out, expect, "{text:?}");
        let back = Fixed::<8>::read(&mut Reader::new(&out, dialect(charset)));
        assert_eq!(back.as_str(), expect_back);
    }

    #[test]
    fn text_is_written_in_the_charset_of_the_phone() {
        check(&Text::from("Zoë"), Charset::Latin1, b"Zo\xeb\0\0\0\0\0", "Zoë");
        check(&Text::from("Zoë"), Charset::Utf8, b"Zo\xc3\xab\0\0\0\0", "Zoë");
        check(&Text::from("Łódź"), Charset::Latin1, b"L\xf3dz\0\0\0\0", "Lódz");
        check(&Text::from("漢 €5"), Charset::Latin1, b"? EUR5\0\0", "? EUR5");
    }

    #[test]
    fn a_name_is_written_in_the_code_page_of_the_language() {
        let page = |language| Charset::Page(CodePage::of(language).expect("a page"));
        check(&Text::from("Łódź"), page(Language::Polish), b"\xa3\xf3d\xbc\0\0\0\0", "Łódź");
        check(&Text::from("Иван"), page(Language::Russian), b"\xb8\xd2\xd0\xdd\0\0\0\0", "Иван");
        check(&Text::from("Νίκος"), page(Language::Greek), b"\xcd\xdf\xea\xef\xf2\0\0\0", "Νίκος");
        check(&Text::from("Şule"), page(Language::Turkish), b"\xdeule\0\0\0\0", "Şule");
        check(&Text::from("田中"), page(Language::Japanese), b"\x93\x63\x92\x86\0\0\0\0", "田中");
        check(&Text::from("김"), page(Language::Korean), b"\xb1\xe8\0\0\0\0\0\0", "김");
        check(&Text::from("王"), page(Language::Chinese), b"\xcd\xf5\0\0\0\0\0\0", "王");
        check(&Text::from("王"), page(Language::TraditionalChinese), b"\xa4\xfd\0\0\0\0\0\0", "王");
        // What the page has not: the base letter, what people type instead, or a question mark.
        check(&Text::from("Zoë 漢"), page(Language::Russian), b"Zoe ?\0\0\0", "Zoe ?");
        check(&Text::from("Ґ€"), page(Language::Russian), b"\xb3EUR\0\0\0\0", "ГEUR");
        // In some pages the euro is the byte with which phrases begin.
        check(&Text::from("€"), page(Language::Turkish), b"EUR\0\0\0\0\0", "EUR");
    }

    #[test]
    fn a_character_is_written_whole_or_not_at_all() {
        check(&Text::from("1234567ä"), Charset::Utf8, b"1234567\0", "1234567");
        let japanese = Charset::Page(CodePage::of(Language::Japanese).expect("a page"));
        check(&Text::from("1234567田"), japanese, b"1234567\0", "1234567");
        check(&Text::from("123456ä"), Charset::Utf8, b"123456\xc3\xa4", "123456ä");
        check(&Text::from("123456789"), Charset::Latin1, b"12345678", "12345678");
    }

    #[test]
    fn a_phrase_is_two_bytes_in_every_charset() {
        let from = Text::phrase(Phrase::FROM, "2001");
        let polish = CodePage::of(Language::Polish).expect("a page");
        for charset in [Charset::Latin1, Charset::Page(polish), Charset::Utf8] {
            check(&from, charset, b"\x80\x172001\0\0", from.as_str());
        }
        assert_eq!(from.as_phrase(), Some(Phrase::FROM));
        assert_eq!(Text::from("2001").as_phrase(), None);
    }

    #[test]
    fn what_follows_a_nul_does_not_count() {
        let back = Fixed::<8>::read(&mut Reader::new(b"ab\0garb!", dialect(Charset::Utf8)));
        assert_eq!(back, Text::from("ab"));
        assert_eq!(Text::from("ab\0cd").as_str(), "ab");
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_read_as_latin_1() {
        let back = Fixed::<8>::read(&mut Reader::new(b"Zo\xeb\xc3\xab", dialect(Charset::Utf8)));
        assert_eq!(back.as_str(), "Zoëë");
    }
}
