//! What two peers agree on before anything else: the protocol version and the way in which text is written.

use std::fmt;

use crate::code_page::CodePage;

/// A protocol version that this crate speaks, 3 to 22. It alone chooses layouts: the version in the header of a frame
/// does not, because phones leave it 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u8);

impl Version {
    /// The first version that is spoken, and the one of peers that name none.
    pub const LOWEST: Version = Version(3);
    /// The last version that there is.
    pub const HIGHEST: Version = Version(22);

    /// The version of this number; `None` outside 3 to 22.
    pub const fn new(number: u8) -> Option<Version> {
        if number < Version::LOWEST.0 || number > Version::HIGHEST.0 { None } else { Some(Version(number)) }
    }

    /// What to speak with a station that claims this version; `None` when it is too old.
    ///
    /// 0 stands for a station that says nothing. Analogue adapters (ATA 186 and 188) claim 33 and speak 3.
    pub const fn claimed(number: u8) -> Option<Version> {
        match number {
            0 | 33 => Some(Version::LOWEST),
            1 | 2 => None,
            3..=22 => Some(Version(number)),
            23..=255 => Some(Version::HIGHEST),
        }
    }

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// What stands in the header of frames: 0 below version 10.
    pub const fn header(self) -> u32 {
        if self.0 < 10 { 0 } else { self.0 as u32 }
    }

    /// All versions, lowest first.
    pub fn all() -> impl Iterator<Item = Version> {
        (Version::LOWEST.0..=Version::HIGHEST.0).map(Version)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// The version and the abilities that a peer names in one word when it registers and when that is confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Features(pub u32);

impl Features {
    /// Text may be UTF-8; without it text is in the code page of the phone.
    pub const UTF_8: Features = Features(1 << 20);
    /// The messages with texts of any length are understood. Layouts are never chosen by this bit: there are clients
    /// that set it with version 5 and understand only the old messages.
    pub const DYNAMIC_MESSAGES: Features = Features(1 << 24);
    /// Keys can be sent in RTP (RFC 4733).
    pub const RTP_EVENTS: Features = Features(1 << 26);
    /// Keys are collected and sent as one number.
    pub const ABBREVIATED_DIALLING: Features = Features(1 << 31);

    /// What a server confirms with a version.
    pub const fn of_server(version: Version) -> Features {
        let abilities: u32 = match version.0 {
            0..=3 => 0,
            4..=10 => 0xfef1_2000,
            11..=255 => 0xfff1_2000,
        };
        Features(abilities | version.0 as u32)
    }

    /// The version that is claimed, whatever its number.
    pub const fn version_number(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// Whether all abilities of `other` are among these.
    pub const fn has(self, other: Features) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} features {:06x}", self.version_number(), self.0 >> 8)
    }
}

/// How text is written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Charset {
    /// ISO 8859-1; what it lacks is written with its base letter, or as a question mark.
    #[default]
    Latin1,
    /// Another code page.
    Page(CodePage),
    /// UTF-8.
    Utf8,
}

/// How to speak with one peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// It chooses layouts.
    pub version: Version,
    /// How text is written.
    pub charset: Charset,
}

impl Dialect {
    /// How to speak with a peer of which nothing is known yet.
    pub const UNKNOWN: Dialect = Dialect { version: Version::LOWEST, charset: Charset::Latin1 };

    /// What to speak with a station that names this word, at most `highest`, which an operator may lower for a phone
    /// whose firmware misbehaves; `None` when it is too old.
    pub fn agreed(station: Features, highest: Version) -> Option<Dialect> {
        let version = Version::claimed(station.version_number())?.min(highest);
        let charset = if station.has(Features::UTF_8) { Charset::Utf8 } else { Charset::Latin1 };
        Some(Dialect { version, charset })
    }

    /// The same with a phone that has this code page where it knows no UTF-8.
    #[must_use]
    pub fn with_page(self, page: Option<CodePage>) -> Dialect {
        match (self.charset, page) {
            (Charset::Latin1, Some(page)) => Dialect { charset: Charset::Page(page), ..self },
            (Charset::Latin1 | Charset::Page(_) | Charset::Utf8, _) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: u32, highest: u8, expect: Option<(u8, Charset)>) {
        let highest = Version::new(highest).expect("a version");
        let agreed = Dialect::agreed(Features(word), highest);
        assert_eq!(agreed.map(|dialect| (dialect.version.number(), dialect.charset)), expect, "{word:08x}");
    }

    #[test]
    fn the_lower_version_is_spoken() {
        check(0x8572_0011, 22, Some((17, Charset::Utf8)));
        check(0x8560_000b, 22, Some((11, Charset::Latin1)));
        check(0x8572_0016, 11, Some((11, Charset::Utf8)));
        check(0, 22, Some((3, Charset::Latin1)));
        check(2, 22, None);
        check(23, 22, Some((22, Charset::Latin1)));
        check(33, 22, Some((3, Charset::Latin1)));
    }

    #[test]
    fn a_server_confirms_what_phones_expect() {
        let word = |number| Features::of_server(Version::new(number).expect("a version")).0.to_le_bytes();
        assert_eq!(word(3), [3, 0, 0, 0]);
        assert_eq!(word(10), [10, 0x20, 0xf1, 0xfe]);
        assert_eq!(word(11), [11, 0x20, 0xf1, 0xff]);
        assert_eq!(word(22), [22, 0x20, 0xf1, 0xff]);
    }
}
