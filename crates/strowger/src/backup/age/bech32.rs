//! Keys as text: Bech32 as BIP 173 has it, without its limit of 90 characters.

/// The bytes in a text, when it begins with this part and its checksum is right.
pub(in crate::backup) fn decode(prefix: &str, text: &str) -> Option<Vec<u8>> {
    let lower = text.to_ascii_lowercase();
    // Either all small or all capital.
    if text != lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let data = lower.strip_prefix(prefix)?.strip_prefix('1')?;
    let values: Option<Vec<u8>> = data
        .bytes()
        .map(|letter| LETTERS.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok()))
        .collect();
    let values = values.filter(|values| checksum(prefix, values) == 1)?;
    let (data, _) = values.split_at_checked(values.len().checked_sub(CHECKSUM)?)?;
    let (mut bits, mut count, mut bytes) = (0u32, 0u32, Vec::new());
    for value in data {
        bits = (bits << 5 | u32::from(*value)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    // What is left over is less than a value, and nothing.
    (count < 5 && bits & ((1 << count) - 1) == 0).then_some(bytes)
}

fn checksum(prefix: &str, values: &[u8]) -> u32 {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(values.iter().copied());
    all.fold(1u32, |sum, value| {
        let top = sum >> 25;
        let sum = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATOR
            .iter()
            .enumerate()
            .fold(sum, |sum, (at, step)| if top >> at & 1 == 1 { sum ^ step } else { sum })
    })
}

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM: usize = 6;
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
