//! What is written is read as the same, and no bytes make the parser panic.

#[path = "../../../fuzz/src/mutate.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with the fuzz targets")]
mod mutate;
#[path = "../../../fuzz/src/sccp_targets.rs"]
#[allow(unreachable_pub, reason = "shared with the fuzz targets")]
mod sccp_targets;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mutate::Mutator;
use sccp_targets::SCCP_TARGETS;
use strowger_base::Rng;
use strowger_sccp::{Charset, DecodeError, Dialect, MessageId, Version};
use support::{Either, vectors};

/// Bodies that are tried of each message in each version and charset.
const BODIES: u32 = 8;

fn dialects() -> impl Iterator<Item = Dialect> {
    Version::all()
        .flat_map(|version| [Charset::Latin1, Charset::Utf8].map(|charset| Dialect { version, charset }))
}

/// A body such as peers send: words that are mostly 0 or small, and texts that fit wherever there is room for one.
fn body(rng: &mut Rng, charset: Charset) -> Vec<u8> {
    let mut body = Vec::new();
    let length = if rng.one_in(3) { rng.below(100) } else { rng.below(2_700) } as usize;
    while body.len() < length {
        match rng.below(5) {
            0 => body.extend([0; 4]),
            1 => body.extend((rng.below(40) as u32).to_le_bytes()),
            2 => body.extend((rng.below(0x1_0000) as u32).to_le_bytes().map(|byte| limited(byte, charset))),
            3 => {
                let characters = rng.below(12);
                body.extend((0..characters).map(|_| limited(rng.below(255) as u8 + 1, charset)));
                body.push(0);
            }
            _ => {
                body.extend((rng.next_u64() as u32).to_le_bytes().map(|byte| limited(byte, charset)));
                body.extend([0; 4]);
            }
        }
    }
    body.truncate(length);
    body
}

/// In UTF-8 what is no text takes more room when it is written than it took when it was read.
fn limited(byte: u8, charset: Charset) -> u8 {
    match charset {
        Charset::Latin1 => byte,
        Charset::Utf8 | Charset::Page(_) => byte & 0x7f,
    }
}

fn version(number: u8) -> Version {
    Version::new(number).expect("a version")
}

fn again(message: &Either, id: MessageId, dialect: Dialect) -> Either {
    let mut out = Vec::new();
    message.encode_as(id, dialect, &mut out);
    Either::decode(id, &out[12..], dialect).unwrap_or_else(|error| panic!("{dialect:?} {message:?}: {error}"))
}

#[test]
fn what_is_written_is_read_as_the_same_in_every_version() {
    let mut rng = Rng::new(20_261_122);
    let mut read = 0;
    for id in Either::ids() {
        for dialect in dialects() {
            for _ in 0..BODIES {
                let body = body(&mut rng, dialect.charset);
                let Ok(message) = Either::decode(id, &body, dialect) else { continue };
                assert_eq!(again(&message, id, dialect), message, "{id} {dialect:?} {body:?}");
                read += 1;
            }
        }
    }
    assert!(read > 40_000, "only {read} bodies were messages");
}

/// Every form that a version is told is one that it is read in, by the side that reads it.
#[test]
fn every_version_has_a_form_of_every_message() {
    for id in Either::ids() {
        for dialect in dialects() {
            let message = Either::decode(id, &[0; 2_700], dialect).expect("zeros are a message");
            let chosen = message.id(dialect.version);
            assert!(Either::ids().any(|known| known == chosen));
            let mut own = Vec::new();
            message.encode_as(chosen, dialect, &mut own);
            let mut other = Vec::new();
            message.encode_as(MessageId(0xffff), dialect, &mut other);
            assert_eq!(own, other, "a form that there is not is that of the version");
        }
    }
}

#[test]
fn every_message_has_one_side_and_a_name() {
    let mut ids: Vec<MessageId> = Either::ids().collect();
    let count = ids.len();
    assert!(ids.iter().all(|id| id.name().is_some()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), count), (count, 151));
}

/// Bodies that end too soon are read as far as they go, or refused with what they lack.
#[test]
fn a_body_may_end_anywhere() {
    for vector in vectors() {
        let body = &vector.bytes[12..];
        // In each of these something changes.
        for dialect in [3, 8, 16, 17, 18, 20, 22].map(|number| support::dialect(version(number))) {
            for end in 0..=body.len() {
                match Either::decode(vector.id, &body[..end], dialect) {
                    Ok(message) => {
                        assert_eq!(again(&message, vector.id, dialect), message, "{}", vector.name)
                    }
                    Err(DecodeError::TooShort { bytes, needs, .. }) => assert!(bytes == end && needs > end),
                    Err(error @ DecodeError::NotServed { .. }) => panic!("{}: {error}", vector.name),
                }
            }
        }
    }
}

/// Peers add zeros to every message. Only where an end is left out they are read as that end.
#[test]
fn zeros_behind_a_body_are_passed_over() {
    let leaves_its_end_out =
        |name: &str| name.starts_with("Register ") || name == "ConnectionStatisticsRes v3";
    for vector in vectors().iter().filter(|vector| !leaves_its_end_out(&vector.name)) {
        let dialect = support::dialect(vector.version());
        let body = &vector.bytes[12..];
        let longer = [body, &[0; 4]].concat();
        assert_eq!(
            Either::decode(vector.id, &longer, dialect),
            Either::decode(vector.id, body, dialect),
            "{}",
            vector.name
        );
    }
}

/// How often a message is changed by the ordinary tests; the fuzz target runs for as long as one likes.
const INPUTS: u64 = 60_000;

#[test]
fn no_changed_stream_makes_the_parser_panic() {
    for (name, words, look) in SCCP_TARGETS {
        let streams = vectors().into_iter().map(|vector| {
            let mut stream = vec![vector.version().number() - 3, 13];
            stream.extend(vector.bytes);
            stream
        });
        let mut mutator = Mutator::new(20_261_122, streams.collect(), words);
        for number in 0..INPUTS {
            let input = mutator.next_input();
            let result = catch_unwind(AssertUnwindSafe(|| look(&input)));
            assert!(result.is_ok(), "{name}, input {number}: {input:?}");
        }
    }
}
