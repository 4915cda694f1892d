//! The known frames, and messages of either side.
#![allow(dead_code, reason = "not every test needs all of it")]

pub(crate) mod phone;

use strowger_sccp::{Charset, DecodeError, Dialect, FromStation, MessageId, ToStation, Version};

/// A known frame.
pub(crate) struct Vector {
    /// What it is called.
    pub(crate) name: String,
    /// The version in its header.
    pub(crate) header: u32,
    /// Which message it is.
    pub(crate) id: MessageId,
    /// Whether the decoder of Wireshark takes it.
    pub(crate) wireshark: bool,
    /// All of it.
    pub(crate) bytes: Vec<u8>,
}

impl Vector {
    /// The version that was spoken; 0 in the header stands for old ones.
    pub(crate) fn version(&self) -> Version {
        let number = u8::try_from(self.header).expect("a version");
        Version::new(number).unwrap_or_else(|| Version::new(5).expect("a version"))
    }
}

/// All known frames.
pub(crate) fn vectors() -> Vec<Vector> {
    let rows =
        include_str!("../../testdata/vectors.tsv").lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|row| {
        let [name, _, header, id, wireshark, hex] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("six columns: {row}")
        };
        let id = u32::from_str_radix(id.trim_start_matches("0x"), 16).expect("a message id");
        Vector {
            name: name.into(),
            header: header.parse().expect("a header version"),
            id: MessageId(id),
            wireshark: wireshark == "ok",
            bytes: bytes(hex),
        }
    })
    .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("a byte")).collect()
}

/// A peer of this version with Latin-1.
pub(crate) fn dialect(version: Version) -> Dialect {
    Dialect { version, charset: Charset::Latin1 }
}

/// A message of either side.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "a test has few of them")]
pub(crate) enum Either {
    Station(FromStation),
    Server(ToStation),
}

impl Either {
    /// Every message id that is read, of both sides.
    pub(crate) fn ids() -> impl Iterator<Item = MessageId> {
        FromStation::FORMS.iter().chain(ToStation::FORMS).flat_map(|forms| forms.iter().copied())
    }

    pub(crate) fn decode(id: MessageId, body: &[u8], dialect: Dialect) -> Result<Self, DecodeError> {
        match FromStation::decode(id, body, dialect) {
            Err(DecodeError::NotServed { .. }) => ToStation::decode(id, body, dialect).map(Either::Server),
            Ok(message) => Ok(Either::Station(message)),
            Err(error @ DecodeError::TooShort { .. }) => Err(error),
        }
    }

    pub(crate) fn id(&self, version: Version) -> MessageId {
        match self {
            Either::Station(message) => message.id(version),
            Either::Server(message) => message.id(version),
        }
    }

    pub(crate) fn encode_as(&self, id: MessageId, dialect: Dialect, out: &mut Vec<u8>) {
        match self {
            Either::Station(message) => message.encode_as(id, dialect, out),
            Either::Server(message) => message.encode_as(id, dialect, out),
        }
    }
}

/// Holds a text against a file, and tells the first line that differs.
pub(crate) fn compare(told: &str, file: &str) {
    if told == file {
        return;
    }
    let mut lines = told.lines().zip(file.lines().chain(std::iter::repeat("")));
    let differs = lines.find(|(told, kept)| told != kept);
    panic!("{differs:?} differs; the whole text would be\n{told}<end>");
}
