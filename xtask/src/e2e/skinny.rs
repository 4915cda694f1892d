//! Every SCCP message in every version as Wireshark's decoder sees it, which others wrote from other sources.
//!
//! No server takes part: the known frames are read, written anew for each version, and put into a capture file.

use std::path::Path;
use std::process::Command;

use strowger_sccp::{Charset, DecodeError, Dialect, Framer, FromStation, MessageId, ToStation, Version};

use super::Context;
use crate::workspace;

/// A message that was written for a version.
struct Written {
    name: String,
    id: MessageId,
    version: Version,
    bytes: Vec<u8>,
}

/// Writes the capture and holds what the decoder says against what was written.
///
/// # Errors
/// Frames that are malformed, are another message, or have a number where another one was written.
pub(super) fn dissector(context: &Context) -> Result<String, String> {
    let written = every_frame()?;
    let file = context.folder.join("skinny.pcap");
    std::fs::write(&file, capture(&written)).map_err(|error| format!("{}: {error}", file.display()))?;
    let rows = dissected(&file)?;
    if rows.len() != written.len() {
        return Err(format!("{} frames were written, and {} decoded", written.len(), rows.len()));
    }
    let judged =
        written.iter().zip(&rows).filter_map(|(frame, row)| wrong(frame, row).map(|why| (frame, why)));
    let (explained, wrong): (Vec<_>, Vec<_>) = judged.partition(|(frame, _)| is_explained(frame));
    if !wrong.is_empty() {
        return Err(wrong.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("\n"));
    }
    Ok(format!(
        "{} frames in {} versions are decoded as what they are; {} have layouts that the decoder does not know",
        written.len(),
        VERSIONS.len(),
        explained.len()
    ))
}

/// Versions whose headers the decoder takes for SCCP; below 10 a header has 0.
const VERSIONS: [u8; 13] = [3, 5, 8, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22];

/// The columns that are asked for, and the numbers that were written wherever they stand: one that is none of these was read
/// at a wrong place.
const NUMBERS: [(&str, &[u32]); 8] = [
    ("skinny.callReference", &[0, 1, CALL]),
    ("skinny.lineInstance", &[0, 1]),
    ("skinny.conferenceId", &[0, 1, CALL, 1001]),
    ("skinny.passThroughPartyId", &[0, 1, PARTY]),
    ("skinny.passthruPartyID", &[0, 1, PARTY]),
    ("skinny.portNumber", &[0, 1, 16384]),
    ("skinny.remotePortNumber", &[0, 1, 20000]),
    ("skinny.compressionType", &[0, 1, 4]),
];

/// Where the decoder wants another layout than phones do, or than other decoders: message, first and last version.
const EXPLAINED: [(MessageId, u8, u8); 6] = [
    // Phones of these versions tell the line; this is what one says that does not.
    (MessageId::ENBLOC_CALL, 18, 22),
    // The decoder wants the kind of address from version 16 on, phones from 17 on, with the address that has room for one.
    (MessageId::OPEN_RECEIVE_CHANNEL, 16, 16),
    // The decoder wants what concerns fax and modem from version 21 on, phones from 22 on.
    (MessageId::START_MEDIA_TRANSMISSION, 21, 21),
    // The decoder wants room for 25 bytes and no alignment at version 18, phones get 24.
    (MessageId::CONNECTION_STATISTICS_REQ, 18, 18),
    // Three sources disagree on the versions of its head; it is read by what fits, and only phones write it.
    (MessageId::CONNECTION_STATISTICS_RES, 18, 22),
    // The decoder wants numbers of 25 bytes; only analogue ports write it.
    (MessageId::OFF_HOOK_WITH_CALLING_PARTY, 18, 22),
];

fn is_explained(frame: &Written) -> bool {
    let version = frame.version.number();
    EXPLAINED.iter().any(|(id, first, last)| frame.id == *id && (*first..=*last).contains(&version))
}

const CALL: u32 = 0x0100_0001;
const PARTY: u32 = 0x0100_0055;

/// Every form of every message in every version: what is known of it, or the number 1 wherever there is one.
fn every_frame() -> Result<Vec<Written>, String> {
    let path = workspace::root().join("crates/sccp/testdata/vectors.tsv");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut known = Vec::new();
    for row in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let [name, _, _, _, _, hex] = row.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("{}: six columns are expected: {row}", path.display()));
        };
        known.push((name.to_owned(), bytes(hex)?));
    }
    let mut written = Vec::new();
    let mut seen = Vec::new();
    for (name, bytes) in &known {
        let mut framer = Framer::new();
        framer.feed(bytes);
        let frame = framer.next().ok_or("half a frame")?.map_err(|error| error.to_string())?;
        seen.push(frame.id);
        let spoken = u8::try_from(frame.header).ok().and_then(Version::new).unwrap_or(Version::LOWEST);
        in_every_version(name, frame.id, frame.body, spoken, &mut written)?;
    }
    let ones: Vec<u8> = std::iter::repeat_n([1, 0, 0, 0], 700).flatten().collect();
    let forms = FromStation::FORMS.iter().chain(ToStation::FORMS).flat_map(|forms| forms.iter().copied());
    for id in forms.filter(|id| !seen.contains(id)) {
        in_every_version("ones", id, &ones, Version::HIGHEST, &mut written)?;
    }
    Ok(written)
}

/// Reads a body as it was spoken, and writes it as it would be told in each version.
fn in_every_version(
    name: &str,
    id: MessageId,
    body: &[u8],
    spoken: Version,
    written: &mut Vec<Written>,
) -> Result<(), String> {
    let dialect = |version| Dialect { version, charset: Charset::Latin1 };
    let from_station = FromStation::decode(id, body, dialect(spoken));
    let to_station = ToStation::decode(id, body, dialect(spoken));
    for version in VERSIONS.into_iter().filter_map(Version::new) {
        let mut bytes = Vec::new();
        // A form of which the version is told nothing is written in versions that have the form that replaces it.
        match (&from_station, &to_station) {
            (Ok(message), _) => message.encode_as(id, dialect(version), &mut bytes),
            (_, Ok(message)) => message.encode_as(id, dialect(version), &mut bytes),
            (Err(DecodeError::NotServed { .. }), Err(error)) | (Err(error), _) => {
                return Err(format!("{name}: {error}"));
            }
        }
        written.push(Written { name: name.to_owned(), id, version, bytes });
    }
    Ok(())
}

fn bytes(hex: &str) -> Result<Vec<u8>, String> {
    let pairs = (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2).unwrap_or_default());
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(|error| format!("{pair}: {error}"))).collect()
}

/// A capture file (pcap) in which each frame is a packet of a TCP connection to port 2000, one connection for each version.
fn capture(written: &[Written]) -> Vec<u8> {
    const RAW_IP: u32 = 101;
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 65_535, RAW_IP] {
        file.extend(word.to_le_bytes());
    }
    let mut sequence = [1u32; 256];
    for (number, frame) in (0u32..).zip(written) {
        let version = frame.version.number();
        let length = u32::try_from(40 + frame.bytes.len()).unwrap_or(u32::MAX);
        for word in [number, 0, length, length] {
            file.extend(word.to_le_bytes());
        }
        let sent = &mut sequence[usize::from(version)];
        file.extend([0x45, 0]);
        file.extend((length as u16).to_be_bytes());
        file.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 10, 192, 0, 2, 1]);
        file.extend((20_000 + u16::from(version)).to_be_bytes());
        file.extend(2000u16.to_be_bytes());
        file.extend(sent.to_be_bytes());
        file.extend([0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        file.extend(&frame.bytes);
        *sent = sent.wrapping_add(length - 40);
    }
    file
}

/// What the decoder says of each packet: whether something is malformed, the message id, and the columns.
fn dissected(file: &Path) -> Result<Vec<Vec<String>>, String> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args(["-T", "fields", "-E", "separator=|"]);
    command.args(["-e", "_ws.malformed", "-e", "_ws.expert.message", "-e", "skinny.messageId"]);
    for (column, _) in NUMBERS {
        command.args(["-e", column]);
    }
    let output = command.output().map_err(|error| format!("tshark: {error}"))?;
    if !output.status.success() {
        return Err(format!("tshark: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect())
}

/// What is wrong with what the decoder says of a frame.
fn wrong(frame: &Written, row: &[String]) -> Option<String> {
    let [malformed, expert, id, columns @ ..] = row else { return Some(format!("{row:?}")) };
    let what = format!("{} ({}) {:?}", frame.name, frame.id, frame.version);
    if !malformed.is_empty() || !expert.is_empty() {
        return Some(format!("{what}: {malformed} {expert}"));
    }
    if id.parse() != Ok(frame.id.0) {
        return Some(format!("{what}: the decoder sees message {id}"));
    }
    NUMBERS.iter().zip(columns).find_map(|((column, numbers), found)| {
        let strange = found.split(',').filter(|number| !number.is_empty());
        let strange =
            strange.filter_map(|number| number.parse().ok()).find(|number| !numbers.contains(number));
        strange.map(|number: u32| format!("{what}: {column} is {number}"))
    })
}
