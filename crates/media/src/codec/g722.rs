//! G.722 at 64 kbit/s: 16 kHz sound in two sub-bands, each coded by adaptive differential PCM (ITU-T G.722).
//!
//! A quadrature mirror filter splits the sound at 4 kHz. The lower band gets 6 bits a sample, the upper band 2, so
//! that two samples make a byte. Names of signals and of the blocks (`BLOCK4L` …) are those of the
//! recommendation's clause 6.

mod band;
mod tables;

use band::Band;
use tables::{IHN, IHP, ILN, ILP, Q6, QM2, QM4, QM6, QMF};

/// Turns 16 kHz samples into bytes.
#[derive(Clone, Debug)]
pub struct Encoder {
    history: [i32; 24],
    low: Band,
    high: Band,
}

/// Turns bytes into 16 kHz samples.
#[derive(Clone, Debug)]
pub struct Decoder {
    history: [i32; 24],
    low: Band,
    high: Band,
}

impl Encoder {
    /// An encoder at rest.
    pub const fn new() -> Self {
        Encoder { history: [0; 24], low: Band::LOW, high: Band::HIGH }
    }

    /// Appends a byte for each two samples; a last odd sample is dropped.
    pub fn encode(&mut self, samples: &[i16], bytes: &mut Vec<u8>) {
        let (pairs, _) = samples.as_chunks::<2>();
        bytes.extend(pairs.iter().map(|pair| self.encode_pair(*pair)));
    }

    fn encode_pair(&mut self, pair: [i16; 2]) -> u8 {
        // Transmit QMF: the two halves of the filter see every second sample.
        self.history.copy_within(2.., 0);
        self.history[22] = i32::from(pair[0]);
        self.history[23] = i32::from(pair[1]);
        let mut even = 0;
        let mut odd = 0;
        for ((samples, first), second) in
            self.history.as_chunks::<2>().0.iter().zip(QMF).zip(QMF.iter().rev())
        {
            odd += samples[0] * first;
            even += samples[1] * second;
        }
        let low = (even + odd) >> 14;
        let high = (even - odd) >> 14;
        let low_code = self.encode_low(low);
        let high_code = self.encode_high(high);
        high_code << 6 | low_code
    }

    /// BLOCK1L and BLOCK2L-4L: 6 bits, of which the upper 4 steer the prediction.
    fn encode_low(&mut self, low: i32) -> u8 {
        let difference = band::saturate(low - self.low.prediction());
        let magnitude = if difference >= 0 { difference } else { -(difference + 1) };
        let scale = self.low.scale();
        // The largest level whose decision value is not above; levels rise, so a search by halves finds it.
        let level = 1 + Q6[1..30].partition_point(|&decision| magnitude >= (decision * scale) >> 12);
        let code = if difference < 0 { ILN[level] } else { ILP[level] };
        let quantised = (scale * QM4[usize::from(code >> 2)]) >> 15;
        self.low.adapt_low(code >> 2, quantised);
        code
    }

    /// BLOCK1H and BLOCK2H-4H: 2 bits.
    fn encode_high(&mut self, high: i32) -> u8 {
        let difference = band::saturate(high - self.high.prediction());
        let magnitude = if difference >= 0 { difference } else { -(difference + 1) };
        let scale = self.high.scale();
        let level = if magnitude >= (564 * scale) >> 12 { 2 } else { 1 };
        let code = if difference < 0 { IHN[level] } else { IHP[level] };
        let quantised = (scale * QM2[usize::from(code)]) >> 15;
        self.high.adapt_high(code, quantised);
        code
    }
}

impl Decoder {
    /// A decoder at rest.
    pub const fn new() -> Self {
        Decoder { history: [0; 24], low: Band::LOW, high: Band::HIGH }
    }

    /// Appends two samples for each byte.
    pub fn decode(&mut self, bytes: &[u8], samples: &mut Vec<i16>) {
        for &byte in bytes {
            let pair = self.decode_byte(byte);
            samples.extend_from_slice(&pair);
        }
    }

    fn decode_byte(&mut self, byte: u8) -> [i16; 2] {
        let low = self.decode_low(byte & 0x3f);
        let high = self.decode_high(byte >> 6);
        // Receive QMF.
        self.history.copy_within(2.., 0);
        self.history[22] = low + high;
        self.history[23] = low - high;
        let mut first = 0;
        let mut second = 0;
        for ((sums, forward), backward) in
            self.history.as_chunks::<2>().0.iter().zip(QMF).zip(QMF.iter().rev())
        {
            second += sums[0] * forward;
            first += sums[1] * backward;
        }
        [band::saturate(first >> 11) as i16, band::saturate(second >> 11) as i16]
    }

    /// BLOCK5L with the full 6 bits for what is heard, BLOCK2L-4L with 4 bits for the prediction.
    fn decode_low(&mut self, code: u8) -> i32 {
        let scale = self.low.scale();
        let heard = self.low.prediction() + ((scale * QM6[usize::from(code)]) >> 15);
        let quantised = (scale * QM4[usize::from(code >> 2)]) >> 15;
        self.low.adapt_low(code >> 2, quantised);
        heard.clamp(-16_384, 16_383)
    }

    fn decode_high(&mut self, code: u8) -> i32 {
        let quantised = (self.high.scale() * QM2[usize::from(code)]) >> 15;
        let heard = self.high.prediction() + quantised;
        self.high.adapt_high(code, quantised);
        heard.clamp(-16_384, 16_383)
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
