//! One sub-band: the scale of the quantiser and the predictor of six zeros and two poles, which encoder and decoder
//! adapt alike from what was sent.

use super::tables::{ILB, RH2, RL42, WH, WL};

/// State of one sub-band (ITU-T G.722 clause 6.2).
#[derive(Clone, Debug)]
pub(super) struct Band {
    /// `SL` or `SH`: what the next sample is expected to be.
    prediction: i32,
    /// `SPL`, `SZL`: the parts of the prediction by poles and zeros.
    zero_part: i32,
    /// `DETL` or `DETH`: the scale factor of the quantiser.
    scale: i32,
    /// `NBL` or `NBH`: its logarithm.
    log_scale: i32,
    /// `AL1`, `AL2`: pole coefficients.
    poles: [i32; 2],
    /// `BL1`-`BL6`: zero coefficients.
    zeros: [i32; 6],
    /// `RLT1`, `RLT2`: what was reconstructed last.
    reconstructed: [i32; 2],
    /// `PLT1`, `PLT2`: the last partial reconstructions.
    partial: [i32; 2],
    /// `DLT1`-`DLT6`: the last quantised differences.
    differences: [i32; 6],
}

impl Band {
    /// The lower band at rest.
    pub(super) const LOW: Band = Band::at_rest(32);
    /// The upper band at rest.
    pub(super) const HIGH: Band = Band::at_rest(8);

    /// At rest with this scale factor.
    pub(super) const fn at_rest(scale: i32) -> Band {
        Band {
            prediction: 0,
            zero_part: 0,
            scale,
            log_scale: 0,
            poles: [0; 2],
            zeros: [0; 6],
            reconstructed: [0; 2],
            partial: [0; 2],
            differences: [0; 6],
        }
    }

    pub(super) const fn prediction(&self) -> i32 {
        self.prediction
    }

    pub(super) const fn scale(&self) -> i32 {
        self.scale
    }

    /// BLOCK3L and BLOCK4L after a code of 4 bits was sent.
    pub(super) fn adapt_low(&mut self, code: u8, quantised: i32) {
        let step = WL[usize::from(RL42[usize::from(code)])];
        self.log_scale = (((self.log_scale * 127) >> 7) + step).clamp(0, 18_432);
        self.scale = scale_of(self.log_scale, 8);
        self.predict(quantised);
    }

    /// BLOCK3H and BLOCK4H after a code of 2 bits was sent.
    pub(super) fn adapt_high(&mut self, code: u8, quantised: i32) {
        let step = WH[usize::from(RH2[usize::from(code)])];
        self.log_scale = (((self.log_scale * 127) >> 7) + step).clamp(0, 22_528);
        self.scale = scale_of(self.log_scale, 10);
        self.predict(quantised);
    }

    /// BLOCK4: adapts the predictor and makes the next prediction.
    fn predict(&mut self, quantised: i32) {
        // RECONS and PARREC.
        let reconstructed = saturate(self.prediction + quantised);
        let partial = saturate(self.zero_part + quantised);
        self.adapt_poles(partial);
        self.adapt_zeros(quantised);
        // Shift the delay lines.
        self.differences.copy_within(..5, 1);
        self.differences[0] = quantised;
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];
        // FILTEP, FILTEZ and PREDIC.
        let pole_part: i32 = self
            .reconstructed
            .iter()
            .zip(self.poles)
            .map(|(value, pole)| (saturate(value + value) * pole) >> 15)
            .sum();
        let zero_part: i32 = self
            .differences
            .iter()
            .zip(self.zeros)
            .map(|(value, zero)| (saturate(value + value) * zero) >> 15)
            .sum();
        self.zero_part = saturate(zero_part);
        self.prediction = saturate(saturate(pole_part) + self.zero_part);
    }

    /// UPPOL2 and UPPOL1.
    fn adapt_poles(&mut self, partial: i32) {
        let [first, second] = self.poles;
        let same_as_last = (partial < 0) == (self.partial[0] < 0);
        let same_as_second = (partial < 0) == (self.partial[1] < 0);
        let four_first = saturate(first << 2);
        let change = saturate(if same_as_last { -four_first } else { four_first });
        let second_next = (change >> 7) + if same_as_second { 128 } else { -128 } + ((second * 32_512) >> 15);
        let second_next = second_next.clamp(-12_288, 12_288);
        let first_next = if same_as_last { 192 } else { -192 } + ((first * 32_640) >> 15);
        // The poles must stay inside the unit circle.
        let limit = saturate(15_360 - second_next);
        self.poles = [first_next.clamp(-limit, limit), second_next];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, quantised: i32) {
        let size = if quantised == 0 { 0 } else { 128 };
        for (zero, difference) in self.zeros.iter_mut().zip(self.differences) {
            let change = if (quantised < 0) == (difference < 0) { size } else { -size };
            *zero = saturate(change + ((*zero * 32_640) >> 15));
        }
    }
}

/// SCALEL and SCALEH: from the logarithm to the scale factor.
fn scale_of(log_scale: i32, top: i32) -> i32 {
    let fraction = ILB[(log_scale >> 6) as usize & 31];
    let shift = top - (log_scale >> 11);
    (if shift < 0 { fraction << -shift } else { fraction >> shift }) << 2
}

/// Keeps 16 bits.
pub(super) const fn saturate(value: i32) -> i32 {
    if value > 32_767 {
        32_767
    } else if value < -32_768 {
        -32_768
    } else {
        value
    }
}
