//! From any rate to any other, thoroughly: for files, which are converted once.
//!
//! A windowed sinc in polyphase form. The window (Kaiser, β = 8) puts what the new rate cannot carry 80 dB down.

use std::f64::consts::PI;

/// The same sound at another rate. Both in Hz.
pub(super) fn convert(samples: Vec<i16>, from_hz: u32, to_hz: u32) -> Vec<i16> {
    if from_hz == to_hz || samples.is_empty() {
        return samples;
    }
    let divisor = greatest_common_divisor(from_hz, to_hz);
    let (up, down) = ((to_hz / divisor) as usize, (from_hz / divisor) as usize);
    let filter = Filter::new(up, down);
    let length = samples.len() * up / down;
    (0..length).map(|index| filter.at(&samples, index * down)).collect()
}

/// For each of `up` places between two samples, what the samples around it count.
struct Filter {
    up: usize,
    /// Samples on each side.
    reach: usize,
    phases: Vec<Vec<f32>>,
}

impl Filter {
    fn new(up: usize, down: usize) -> Filter {
        // Of the old rate's half, as much as the new one can carry, and a little less for the slope.
        let cutoff = (up as f64 / down as f64).min(1.0) * 0.94;
        let reach = (ZEROS / cutoff).ceil() as usize;
        let tap = |phase: usize, index: usize| {
            let distance = index as f64 - reach as f64 + 1.0 - phase as f64 / up as f64;
            let window = kaiser(distance / reach as f64);
            (cutoff * sinc(cutoff * distance) * window) as f32
        };
        let phases = (0..up).map(|phase| (0..2 * reach).map(|index| tap(phase, index)).collect()).collect();
        Filter { up, reach, phases }
    }

    /// The sound at `place`, counted in steps of which a sample has `up`.
    fn at(&self, samples: &[i16], place: usize) -> i16 {
        let (whole, phase) = (place / self.up, place % self.up);
        let taps = self.phases.get(phase).map_or(&[][..], Vec::as_slice);
        // Before the first sample there is silence.
        let before = (self.reach - 1).saturating_sub(whole);
        let start = (whole + 1).saturating_sub(self.reach);
        let around = samples.get(start..).unwrap_or_default();
        let sum: f32 =
            taps.iter().skip(before).zip(around).map(|(tap, sample)| tap * f32::from(*sample)).sum();
        sum.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
    }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The window at a distance from -1 to 1 of its middle.
fn kaiser(distance: f64) -> f64 {
    let inside = (1.0 - distance * distance).max(0.0);
    bessel(BETA * inside.sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind and order zero.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..40 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Zero crossings of the sinc on each side.
const ZEROS: f64 = 24.0;
const BETA: f64 = 8.0;
