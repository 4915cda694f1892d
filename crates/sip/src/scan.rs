//! Looking for bytes in short texts.
//!
//! The parts of a header line are some ten bytes long: a call into a vectorised search costs more than it saves. The
//! loops here are written so that the compiler makes one comparison of sixteen bytes.

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

/// Sixteen bytes at a time as long as there are so many, then one by one.
#[inline(always)]
fn find_by(bytes: &[u8], is_it: impl Fn(u8) -> bool, marks: impl Fn(u64) -> u64) -> Option<usize> {
    let (chunks, rest) = bytes.as_chunks::<16>();
    for (position, chunk) in chunks.iter().enumerate() {
        if chunk.iter().fold(false, |found, byte| found | is_it(*byte)) {
            let both = u128::from_le_bytes(*chunk);
            let low = marks(both as u64);
            let place = if low != 0 { first(low) } else { 8 + first(marks((both >> 64) as u64)) };
            return Some(position * 16 + place);
        }
    }
    let position = rest.iter().position(|byte| is_it(*byte))?;
    Some(bytes.len() - rest.len() + position)
}

/// The byte eight times.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// A word whose lowest set bit is the highest of the lowest byte that is zero; 0 when there is none. Bytes above that
/// one may be marked in error, when the subtraction borrowed.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080
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
        }
    }
}
