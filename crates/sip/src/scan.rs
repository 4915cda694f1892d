//! Looking for bytes in short texts.
//!
//! The parts of a header line are some ten bytes long: a call into a vectorised search costs more than it saves. Eight
//! bytes are looked at as one number instead.

/// The position of the first `wanted`.
#[inline(always)]
pub(crate) fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    find_by(bytes, |byte| byte == wanted, |word| zeros(word ^ all(wanted)))
}

/// The position of the first byte that is `one` or `other`.
#[inline(always)]
pub(crate) fn find_either(bytes: &[u8], one: u8, other: u8) -> Option<usize> {
    find_by(
        bytes,
        |byte| (byte == one) | (byte == other),
        |word| zeros(word ^ all(one)) | zeros(word ^ all(other)),
    )
}

/// Whether there is white space, a control, or the quote that only a quoted string may hold.
#[inline(always)]
pub(crate) fn has_space_or_quote(bytes: &[u8]) -> bool {
    let is_it = |byte: u8| (byte <= b' ') | (byte == 0x7f) | (byte == b'"');
    let marks = |word: u64| below(word, b' ' + 1) | zeros(word ^ all(0x7f)) | zeros(word ^ all(b'"'));
    find_by(bytes, is_it, marks).is_some()
}

/// Eight bytes at a time; the last eight overlap those before, which are known to hold nothing by then.
#[inline(always)]
fn find_by(bytes: &[u8], is_it: impl Fn(u8) -> bool, marks: impl Fn(u64) -> u64) -> Option<usize> {
    let Some(last) = bytes.last_chunk::<8>() else { return bytes.iter().position(|byte| is_it(*byte)) };
    for (position, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(position * 8 + first(found));
        }
    }
    let found = marks(u64::from_le_bytes(*last));
    (found != 0).then(|| bytes.len() - 8 + first(found))
}

/// The position of the first `wanted`, which is expected some lines of text away: sixteen bytes at a time, of which
/// the compiler makes one comparison.
#[inline(always)]
pub(crate) fn find_far(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (chunks, rest) = bytes.as_chunks::<16>();
    for (position, chunk) in chunks.iter().enumerate() {
        if chunk.iter().fold(false, |found, byte| found | (*byte == wanted)) {
            return Some(position * 16 + find(chunk, wanted)?);
        }
    }
    Some(bytes.len() - rest.len() + find(rest, wanted)?)
}

/// The byte eight times.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// A word whose lowest set bit is the highest of the lowest byte that is zero; 0 when there is none. Bytes above that
/// one may be marked in error, when the subtraction borrowed.
const fn zeros(word: u64) -> u64 {
    below(word, 1)
}

/// The same for bytes below one that is at most 0x80.
const fn below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(all(byte)) & !word & 0x8080_8080_8080_8080
}

const fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_where_a_plain_search_finds_it() {
        let mut rng = strowger_base::Rng::new(11);
        for _ in 0..20_000 {
            // Few values, so that neighbours of the wanted one are frequent: they are where borrows would show.
            let text: Vec<u8> = (0..rng.below(60))
                .map(|_| [0, 1, 2, 0x7f, 0x80, 0x81, 0xff][rng.below(7) as usize])
                .collect();
            let (one, other) = (rng.below(3) as u8, 0x80 + rng.below(2) as u8);
            assert_eq!(find(&text, one), text.iter().position(|b| *b == one), "{text:?} {one}");
            let plain = text.iter().position(|b| *b == one || *b == other);
            assert_eq!(find_either(&text, one, other), plain, "{text:?} {one} {other}");
            assert_eq!(find_far(&text, one), find(&text, one));
        }
    }

    #[test]
    fn spaces_controls_and_quotes_are_seen_wherever_they_stand() {
        for len in 1..20 {
            for (place, byte) in (0..len).flat_map(|place| (0..=255).map(move |byte| (place, byte))) {
                let mut text = [b'x'; 20];
                text[place] = byte;
                let expect = byte <= b' ' || byte == 0x7f || byte == b'"';
                assert_eq!(has_space_or_quote(&text[..len]), expect, "{byte} at {place} of {len}");
            }
        }
    }
}
