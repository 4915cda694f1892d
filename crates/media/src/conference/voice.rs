//! What leaves a conference: a sum of voices, made to fit into 16 bits and into a codec.

use crate::codec::Speaker;
use crate::codec::resample::Rate;
use crate::control::StreamFormat;

/// From a mix to the payload of one codec.
#[derive(Debug)]
pub(super) struct Voice {
    limiter: Limiter,
    rate: Rate,
    rate_hz: u32,
    speaker: Speaker,
    bitrate_max: Option<u32>,
    limited: Vec<i16>,
    converted: Vec<i16>,
}

impl Voice {
    pub(super) fn new(rate_hz: u32, format: &StreamFormat) -> Self {
        Voice {
            limiter: Limiter { gain: 1.0 },
            rate: Rate::new(rate_hz, format.codec.sample_rate_hz()),
            rate_hz,
            speaker: Speaker::with_bitrate(format.codec, format.bitrate_max),
            bitrate_max: format.bitrate_max,
            limited: Vec::new(),
            converted: Vec::new(),
        }
    }

    /// Whether it makes what this format wants.
    pub(super) fn fits(&self, format: &StreamFormat) -> bool {
        self.speaker.codec() == format.codec && self.bitrate_max == format.bitrate_max
    }

    /// A voice for somebody who has heard this one until now.
    pub(super) fn fork(&self) -> Self {
        Voice {
            limiter: self.limiter.clone(),
            rate: self.rate.clone(),
            rate_hz: self.rate_hz,
            speaker: self.speaker.fork(self.bitrate_max),
            bitrate_max: self.bitrate_max,
            limited: Vec::with_capacity(self.limited.len()),
            converted: Vec::with_capacity(self.converted.len()),
        }
    }

    /// Appends the payload for a mix at `rate_hz`.
    pub(super) fn encode(&mut self, rate_hz: u32, mix: &[i32], payload: &mut Vec<u8>) {
        if self.rate_hz != rate_hz {
            self.rate_hz = rate_hz;
            self.rate = Rate::new(rate_hz, self.speaker.codec().sample_rate_hz());
        }
        self.limited.clear();
        self.limiter.limit(mix, &mut self.limited);
        if matches!(self.rate, Rate::Same) {
            return self.speaker.encode(&self.limited, payload);
        }
        self.converted.clear();
        self.rate.convert(&self.limited, &mut self.converted);
        self.speaker.encode(&self.converted, payload);
    }
}

/// Turns down what would be too loud, at once, and up again slowly.
#[derive(Clone, Debug)]
struct Limiter {
    gain: f32,
}

impl Limiter {
    /// Appends the samples.
    fn limit(&mut self, mix: &[i32], limited: &mut Vec<i16>) {
        let peak = mix.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0) as f32;
        let fits = if peak > CEILING { CEILING / peak } else { 1.0 };
        let before = self.gain;
        self.gain = fits.min(before + RISES);
        if before >= 1.0 && self.gain >= 1.0 {
            limited.extend(mix.iter().map(|&sample| sample as i16));
            return;
        }
        // Down within a millisecond, so that it does not click; what is too loud in this millisecond is cut.
        let ramp = if self.gain < before { RAMP_DOWN.min(mix.len()) } else { mix.len() };
        let step = (self.gain - before) / ramp.max(1) as f32;
        limited.extend(mix.iter().enumerate().map(|(index, &sample)| {
            let gain = before + step * index.min(ramp) as f32;
            (sample as f32 * gain) as i16
        }));
    }
}

/// Peaks above this are turned down: 0.8 dB below full scale.
const CEILING: f32 = 30_000.0;
/// A frame brings back this much: all of it in a second.
const RISES: f32 = 0.02;
/// Samples.
const RAMP_DOWN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::{sine, tone_to_rest_db};

    #[test]
    fn loud_mixes_are_turned_down_without_distortion() {
        let check = |amplitude: i32, expect: std::ops::RangeInclusive<u16>| {
            let mix: Vec<i32> = sine(500.0, 8000.0, 10_000.0, 8000)
                .iter()
                .map(|&sample| i32::from(sample) * amplitude / 10_000)
                .collect();
            let mut limiter = Limiter { gain: 1.0 };
            let mut limited = Vec::new();
            mix.chunks(160).for_each(|frame| limiter.limit(frame, &mut limited));
            let loudest = limited[160..].iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!(expect.contains(&loudest), "{amplitude}: {loudest}");
            let clean = tone_to_rest_db(500.0, 8000.0, &limited[160..]);
            assert!(clean > 50.0, "{amplitude}: {clean:.1} dB");
        };
        check(8000, 7990..=8000);
        check(29_000, 28_900..=29_000);
        check(60_000, 29_900..=30_000);
        check(120_000, 29_900..=30_000);
    }

    #[test]
    fn after_a_shout_the_others_are_heard_again() {
        let mut limiter = Limiter { gain: 1.0 };
        let mut limited = Vec::new();
        limiter.limit(&[120_000; 160], &mut limited);
        (0..60).for_each(|_| limiter.limit(&[1000; 160], &mut limited));
        assert_eq!(limited.last(), Some(&1000));
        assert!(limited.windows(2).skip(200).all(|pair| (pair[1] - pair[0]).abs() < 50), "no steps");
    }
}
