//! The parsers of SCCP. The same as in `targets.rs`: what a parser says is held against what must always be true.

use std::hash::{DefaultHasher, Hash, Hasher};

use strowger_sccp::{Charset, DecodeError, Dialect, Framer, FromStation, MessageId, ToStation, Version};

/// One target: its name, its words, and what it does.
pub type SccpTarget = (&'static str, &'static [&'static [u8]], fn(&[u8]) -> u64);

/// All of them.
pub const SCCP_TARGETS: &[SccpTarget] = &[("sccp", WORDS, stream)];

/// The largest frame, as a limit that does not follow the limit of the parser.
const FRAME_BYTES: usize = 8192;

const WORDS: &[&[u8]] = &[
    &[0, 0, 0, 0],
    &[1, 0, 0, 0],
    &[4, 0, 0, 0, 0, 0, 0, 0],
    &[0xff, 0xff, 0xff, 0xff],
    &[0xf8, 0x1f, 0, 0],
    &[0x10, 0, 0, 0],
    &[0x12, 0, 0, 0],
    &[0x42, 0, 0, 0],
    &[22, 0, 0, 0],
    &[0x4a, 1, 0, 0],
    &[0x80, 0x17],
    &[0x1e, 1],
    b"SEP001122334455\0",
    "Zo\u{eb}".as_bytes(),
];

fn kind(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A stream of frames. Its first byte tells the version and the charset that were agreed on, its second how it is cut.
pub fn stream(bytes: &[u8]) -> u64 {
    let [how, cut, stream @ ..] = bytes else { return 0 };
    let versions: Vec<Version> = Version::all().collect();
    let version = versions[usize::from(*how) % versions.len()];
    let charset = if *how >= 128 { Charset::Utf8 } else { Charset::Latin1 };
    let dialect = Dialect { version, charset };
    let mut framer = Framer::new();
    let mut seen = Vec::new();
    for piece in stream.chunks(usize::from(*cut).max(1)) {
        framer.feed(piece);
        while let Some(item) = framer.next() {
            match item {
                Ok(frame) => {
                    let known = frame.id.name().map_or(0, |_| frame.id.0);
                    seen.push((known, message(frame.id, frame.body, dialect)));
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    return kind((seen.last().copied(), format!("{error:?}").len()));
                }
            }
        }
        framer.compact();
        assert!(framer.waiting_bytes() < FRAME_BYTES, "what waits is less than a frame");
    }
    kind((seen.len().min(3), seen.last().copied(), framer.waiting_bytes() > 0))
}

/// A message of either side: what was read is written in a form that fits a frame, and what is read of that is written as the same.
fn message(id: MessageId, body: &[u8], dialect: Dialect) -> u8 {
    let station = FromStation::decode(id, body, dialect);
    let server = ToStation::decode(id, body, dialect);
    assert!(station.is_err() || server.is_err(), "a message has one side");
    match (station, server) {
        (Ok(message), _) => {
            settles(
                dialect,
                |out| message.encode_as(id, dialect, out),
                |body, out| {
                    FromStation::decode(id, body, dialect)
                        .expect("it was written")
                        .encode_as(id, dialect, out);
                },
            );
            1
        }
        (_, Ok(message)) => {
            settles(
                dialect,
                |out| message.encode_as(id, dialect, out),
                |body, out| {
                    ToStation::decode(id, body, dialect).expect("it was written").encode_as(id, dialect, out);
                },
            );
            2
        }
        (Err(DecodeError::TooShort { .. }), _) | (_, Err(DecodeError::TooShort { .. })) => 3,
        (Err(DecodeError::NotServed { .. }), Err(DecodeError::NotServed { .. })) => 4,
    }
}

/// Writes, reads and writes: the second time nothing changes any more.
fn settles(dialect: Dialect, write: impl Fn(&mut Vec<u8>), rewrite: impl Fn(&[u8], &mut Vec<u8>)) {
    let mut first = Vec::new();
    write(&mut first);
    assert!(first.len() <= FRAME_BYTES && first.len() % 4 == 0, "{dialect:?}: {} bytes", first.len());
    let mut second = Vec::new();
    rewrite(first.get(12..).expect("a frame has a header"), &mut second);
    assert_eq!(first, second, "{dialect:?}");
}
