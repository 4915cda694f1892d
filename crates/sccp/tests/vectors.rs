//! Known frames are read as what they say, and written as the same bytes.

mod support;

use std::fmt::Write as _;

use strowger_sccp::{Framer, MessageId, Version};
use support::{Either, Vector, dialect, vectors};

/// Frames that we write longer than these stations do, to this many bytes of body, with zeros.
const LONGER: &[(&str, usize)] = &[
    // Phones that expect 33 bytes get them, and the others do not look.
    ("RegisterReject", 36),
    // Servers of the time of version 5 left the end out; phones of that time take it.
    ("OpenReceiveChannel v5 (68)", 108),
    ("StartMediaTransmission v5 (84)", 116),
];

/// Frames in a form that phones understand and that is not sent unless it is asked for.
const ON_REQUEST: &[MessageId] = &[MessageId::SPEED_DIAL_STAT_DYNAMIC, MessageId::CONFIG_STAT_DYNAMIC];

fn decoded(vector: &Vector) -> Either {
    let mut framer = Framer::new();
    framer.feed(&vector.bytes);
    let frame = framer.next().expect("a whole frame").expect("a good one");
    assert_eq!((frame.header, frame.id), (vector.header, vector.id), "{}", vector.name);
    Either::decode(frame.id, frame.body, dialect(vector.version())).unwrap_or_else(|error| {
        panic!("{}: {error}", vector.name);
    })
}

#[test]
fn every_frame_is_written_as_the_same_bytes() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 126);
    for vector in &vectors {
        let message = decoded(vector);
        let mut expect = vector.bytes.clone();
        if let Some((_, body)) = LONGER.iter().find(|row| row.0 == vector.name) {
            expect.resize(12 + body, 0);
            expect[..4].copy_from_slice(&(u32::try_from(body + 4).expect("a length")).to_le_bytes());
        }
        let mut written = Vec::new();
        message.encode_as(vector.id, dialect(vector.version()), &mut written);
        assert_eq!(hex(&written), hex(&expect), "{}: {message:?}", vector.name);
    }
}

#[test]
fn the_version_chooses_the_form_of_every_frame() {
    for vector in vectors().iter().filter(|vector| !ON_REQUEST.contains(&vector.id)) {
        assert_eq!(decoded(vector).id(vector.version()), vector.id, "{}", vector.name);
    }
}

/// What each frame says, one line for each; read this file, not the code, to see whether it is what was meant.
#[test]
fn every_frame_says_what_is_written_beside_it() {
    let mut told = String::new();
    for vector in vectors() {
        writeln!(told, "{}\n    {:?}", vector.name, decoded(&vector)).expect("a string takes everything");
    }
    support::compare(&told, include_str!("../testdata/vectors.txt"));
}

/// Captures end where the announced length ends, and a frame that is cut is no frame.
#[test]
fn a_frame_that_is_cut_waits_for_its_rest() {
    for vector in vectors() {
        let mut framer = Framer::new();
        framer.feed(&vector.bytes[..vector.bytes.len() - 1]);
        assert!(framer.next().is_none(), "{}", vector.name);
        framer.feed(&vector.bytes[vector.bytes.len() - 1..]);
        assert!(framer.next().is_some_and(|item| item.is_ok()), "{}", vector.name);
    }
}

#[test]
fn the_versions_of_the_frames_are_spoken() {
    assert!(vectors().iter().any(|vector| vector.version() == Version::HIGHEST));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
