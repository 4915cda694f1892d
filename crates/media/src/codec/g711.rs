//! G.711: 8-bit logarithmic sound at 8 kHz (ITU-T G.711), between bytes and 16-bit linear samples.
//!
//! Decoding is a table of 256 samples a law. Encoding counts leading zeros: eight segments, each twice as coarse
//! as the one below.

/// The µ-law byte for a sample (14 bits count).
pub const fn encode_mu_law(sample: i16) -> u8 {
    let sign: u8 = if sample < 0 { 0x80 } else { 0 };
    // The segments begin at 33 in units of 14 bits, hence the bias of 132 on 16 bits.
    let magnitude = (sample as i32).abs();
    let biased = if magnitude > MU_LAW_CLIP { MU_LAW_CLIP } else { magnitude } + MU_LAW_BIAS;
    let segment = 31 - (biased as u32).leading_zeros() as i32 - 7;
    let step = (biased >> (segment + 3)) & 0x0f;
    // All bits are inverted on the line, so that silence has many ones.
    !(sign | (segment << 4) as u8 | step as u8)
}

/// The A-law byte for a sample (12 bits and the sign count).
pub const fn encode_a_law(sample: i16) -> u8 {
    // Twelve bits of magnitude count, in steps of 16; the lowest two segments have the same step. Negative samples
    // mirror at -1/2, as the complement does.
    let (sign, magnitude) =
        if sample >= 0 { (0x80u8, (sample >> 4) as i32) } else { (0, (!sample >> 4) as i32) };
    let segment = if magnitude < 16 { 0 } else { 28 - (magnitude as u32).leading_zeros() as i32 };
    let step = if segment == 0 { magnitude } else { magnitude >> (segment - 1) } & 0x0f;
    // Every second bit is inverted on the line.
    (sign | (segment << 4) as u8 | step as u8) ^ 0x55
}

/// The sample of a µ-law byte.
pub const fn decode_mu_law(byte: u8) -> i16 {
    MU_LAW[byte as usize]
}

/// The sample of an A-law byte.
pub const fn decode_a_law(byte: u8) -> i16 {
    A_LAW[byte as usize]
}

const fn expand_mu_law(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 7;
    let magnitude = (((code & 0x0f) as i32 * 8 + MU_LAW_BIAS) << segment) - MU_LAW_BIAS;
    if code & 0x80 == 0 { magnitude as i16 } else { -magnitude as i16 }
}

const fn expand_a_law(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = (code & 0x0f) as i32 * 16 + 8;
    let magnitude = if segment == 0 { step } else { (step + 256) << (segment - 1) };
    if code & 0x80 == 0 { -magnitude as i16 } else { magnitude as i16 }
}

const fn table(a_law: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = if a_law { expand_a_law(byte as u8) } else { expand_mu_law(byte as u8) };
        byte += 1;
    }
    table
}

static MU_LAW: [i16; 256] = table(false);
static A_LAW: [i16; 256] = table(true);
const MU_LAW_BIAS: i32 = 132;
const MU_LAW_CLIP: i32 = 32_635;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_the_tables() {
        // ITU-T G.711 tables 1a to 2b: decision values at the ends and the smallest steps, scaled to 16 bits.
        let mu = [(0xff, 0), (0x7f, 0), (0xfe, 8), (0x7e, -8), (0x80, 32_124), (0x00, -32_124), (0xf0, 120)];
        for (byte, sample) in mu {
            assert_eq!(decode_mu_law(byte), sample, "mu-law {byte:#04x}");
        }
        let a = [(0xd5, 8), (0x55, -8), (0xd4, 24), (0xaa, 32_256), (0x2a, -32_256), (0xc5, 264)];
        for (byte, sample) in a {
            assert_eq!(decode_a_law(byte), sample, "A-law {byte:#04x}");
        }
    }

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for byte in 0..=255u8 {
            // µ-law has two zeros; the negative one comes back as the positive one.
            let expect = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(encode_mu_law(decode_mu_law(byte)), expect);
            assert_eq!(encode_a_law(decode_a_law(byte)), byte);
        }
    }

    #[test]
    fn no_sample_is_further_from_its_code_than_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(sample).abs();
            // A step is 1/16 of the segment, and segments double: at most 1/32 of the value off, and the smallest steps.
            let tolerance = (magnitude + 132) / 32 + 8;
            let mu = i32::from(decode_mu_law(encode_mu_law(sample)));
            let a = i32::from(decode_a_law(encode_a_law(sample)));
            let clipped = if magnitude > 32_256 { 700 } else { 0 };
            assert!((mu - i32::from(sample)).abs() <= tolerance + clipped, "mu-law {sample} -> {mu}");
            assert!((a - i32::from(sample)).abs() <= tolerance + 8 + clipped, "A-law {sample} -> {a}");
        }
    }
}
