//! A sender that begins anew behind a relay that encrypts what it says.
//!
//! Whoever restarts with the source that it had, and with lower numbers, would have one key stream cover two packets (RFC 3711 §9.1),
//! and the other side could not know the rollover counter (RFC 3711 §3.3.1). So the other side hears it as another source from there
//! on, whose numbers begin anew with it (RFC 3711 §3.2.3); reports about that source go back under the sender's own name.

use strowger_base::limits;

use crate::rtcp::{BYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION};
use crate::rtp::Header;
use crate::srtp::Protection;

/// How one side hears the other one's source.
#[derive(Debug, Default)]
pub(super) struct Renaming {
    /// The number that shows a new beginning: the one behind a packet that came too late to be one of before.
    awaited: Option<u16>,
    name: Option<Name>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    /// What the sender calls itself.
    source: u32,
    /// What it is called by us.
    shown: u32,
}

impl Renaming {
    /// Under which source a packet goes to a side with this protection; `None` when it goes nowhere. Two packets in a row with
    /// numbers that are long gone are a new beginning (RFC 3550 §A.1).
    pub(super) fn judge(&mut self, header: &Header, protection: &Protection) -> Option<u32> {
        let shown = self.shown(header.ssrc);
        if !protection.is_behind(shown, header.sequence) {
            self.awaited = None;
            return Some(shown);
        }
        if self.awaited.take() != Some(header.sequence) {
            self.awaited = Some(header.sequence.wrapping_add(1));
            return None;
        }
        let mut names = std::iter::successors(Some(shown), |name| Some(another(*name)));
        let fresh = names.by_ref().take(limits::SRTP_SOURCES + 2).find(|name| !protection.knows(*name))?;
        self.name = Some(Name { source: header.ssrc, shown: fresh });
        Some(fresh)
    }

    /// What a source is called by us.
    fn shown(&self, source: u32) -> u32 {
        self.name.filter(|name| name.source == source).map_or(source, |name| name.shown)
    }

    /// What a source calls itself that is called so by us.
    fn source(&self, shown: u32) -> u32 {
        self.name.filter(|name| name.shown == shown).map_or(shown, |name| name.source)
    }
}

/// Reports on their way from the side that hears `heard` to the side that hears `hears`; `None` when they may stay as they are.
pub(super) fn renamed(bytes: &[u8], heard: &Renaming, hears: &Renaming) -> Option<Vec<u8>> {
    if heard.name.is_none() && hears.name.is_none() {
        return None;
    }
    let mut bytes = bytes.to_vec();
    rename(&mut bytes, |ssrc| hears.shown(heard.source(ssrc)));
    Some(bytes)
}

/// Renames every source in a compound whose lengths have been checked.
fn rename(bytes: &mut [u8], name: impl Fn(u32) -> u32) {
    let mut rest = bytes;
    while let [first, kind, high, low, ..] = *rest {
        let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        let Some((packet, more)) = rest.split_at_mut_checked(length) else { return };
        let count = usize::from(first & 0x1f);
        match kind {
            SENDER_REPORT | RECEIVER_REPORT => {
                let blocks = if kind == SENDER_REPORT { 28 } else { 8 };
                rename_at(packet, 4, &name);
                (0..count).for_each(|block| rename_at(packet, blocks + 24 * block, &name));
            }
            SOURCE_DESCRIPTION => rename_chunks(packet, count, &name),
            BYE => (0..count).for_each(|source| rename_at(packet, 4 + 4 * source, &name)),
            FEEDBACK | PAYLOAD_FEEDBACK => {
                rename_at(packet, 4, &name);
                rename_at(packet, 8, &name);
            }
            // APP, XR and whatever comes: who says it stands first.
            _ => rename_at(packet, 4, &name),
        }
        rest = more;
    }
}

/// Each chunk is a source and items up to a zero, padded to four bytes (RFC 3550 §6.5).
fn rename_chunks(packet: &mut [u8], count: usize, name: &impl Fn(u32) -> u32) {
    let mut at = 4;
    for _ in 0..count {
        rename_at(packet, at, name);
        let mut item = at + 4;
        loop {
            match (packet.get(item), packet.get(item + 1)) {
                (Some(0), _) => break,
                (Some(_), Some(length)) => item += 2 + usize::from(*length),
                (None, _) | (Some(_), None) => return,
            }
        }
        at = (item / 4 + 1) * 4;
    }
}

fn rename_at(packet: &mut [u8], at: usize, name: &impl Fn(u32) -> u32) {
    if let Some(field) = packet.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *field = name(u32::from_be_bytes(*field)).to_be_bytes();
    }
}

/// Another source, as random as this one.
const fn another(source: u32) -> u32 {
    source.wrapping_mul(0x9e37_79b1).rotate_left(15) ^ 0x5bd1_e995
}

/// Feedback about transport and payload (RFC 4585 §6.1).
const FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_in_a_compound_is_renamed() {
        let check = |before: &[u8], after: &[u8]| {
            let mut bytes = before.to_vec();
            rename(&mut bytes, |ssrc| if ssrc == 0x0101_0101 { 0x0202_0202 } else { ssrc });
            assert_eq!(bytes, after);
        };
        let with = |source: u8| {
            let mut bytes = vec![0x81, 200, 0, 12];
            bytes.extend([source; 4]);
            bytes.extend([9; 20]);
            bytes.extend([source; 4]);
            bytes.extend([9; 20]);
            bytes.extend([0x81, 201, 0, 7, 9, 9, 9, 9]);
            bytes.extend([source; 4]);
            bytes.extend([9; 20]);
            // Two chunks; the first one's name ends where its padding begins.
            bytes.extend([0x82, 202, 0, 6, 9, 9, 9, 9, 1, 2, b'a', b'b', 0, 0, 0, 0]);
            bytes.extend([source; 4]);
            bytes.extend([1, 1, b'c', 0, 0, 0, 0, 0]);
            bytes.extend([0x81, 203, 0, 1]);
            bytes.extend([source; 4]);
            bytes.extend([0x81, 206, 0, 2]);
            bytes.extend([source; 4]);
            bytes.extend([source; 4]);
            bytes.extend([0x80, 207, 0, 1]);
            bytes.extend([source; 4]);
            bytes
        };
        check(&with(1), &with(2));
        check(&with(3), &with(3));
        // What is cut short harms nothing.
        for length in 0..with(1).len() {
            rename(&mut with(1)[..length], |ssrc| ssrc + 1);
        }
    }
}
