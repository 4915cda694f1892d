//! Hears key presses in sound, and makes them (ITU-T Q.23, Q.24).
//!
//! Eight Goertzel filters look at blocks of 12.75 ms. A key is pressed when two blocks in a row hold one tone of each group, near each other
//! in level, well above the other tones and with most of the energy of the block: speech has such a pair now and then, but not alone
//! and not for so long.

use super::{Cadence, Repeat, Segment};

/// Hears the keys in one stream.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    filters: [Goertzel; 8],
    energy: f32,
    filled: usize,
    /// What the block before held.
    before: Option<u8>,
    state: State,
}

/// What happens to a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyChange {
    /// It is pressed, since two blocks.
    Pressed {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        key: char,
    },
    /// It is released.
    Released {
        /// The same.
        key: char,
        /// For how long it was pressed, in milliseconds.
        duration_ms: u16,
    },
}

#[derive(Clone, Copy, Default, Debug)]
enum State {
    #[default]
    Up,
    /// For so many blocks; how many of the last ones held something else.
    Down { key: u8, blocks: u32, missed: u8 },
}

#[derive(Clone, Copy, Default, Debug)]
struct Goertzel {
    last: f32,
    before: f32,
}

impl Detector {
    /// Listens to samples at 8 kHz; `each` gets what happens to keys.
    pub fn hear(&mut self, samples: &[i16], mut each: impl FnMut(KeyChange)) {
        for &sample in samples {
            let sample = f32::from(sample);
            self.energy += sample * sample;
            for (filter, coefficient) in self.filters.iter_mut().zip(COEFFICIENTS) {
                let next = sample + coefficient * filter.last - filter.before;
                filter.before = filter.last;
                filter.last = next;
            }
            self.filled += 1;
            if self.filled == BLOCK {
                let held = self.key_of_block();
                self.filled = 0;
                self.energy = 0.0;
                self.filters = Default::default();
                self.advance(held, &mut each);
            }
        }
    }

    /// The key that is pressed now.
    pub fn pressed(&self) -> Option<char> {
        match self.state {
            State::Up => None,
            State::Down { key, .. } => key_of(key),
        }
    }

    /// Whether the last block held a key, which may be one or a moment of speech.
    pub const fn suspects(&self) -> bool {
        self.before.is_some()
    }

    fn advance(&mut self, held: Option<u8>, each: &mut impl FnMut(KeyChange)) {
        let before = std::mem::replace(&mut self.before, held);
        self.state = match self.state {
            State::Up => match held.filter(|_| held == before) {
                Some(key) => {
                    if let Some(key) = key_of(key) {
                        each(KeyChange::Pressed { key });
                    }
                    State::Down { key, blocks: 2, missed: 0 }
                }
                None => State::Up,
            },
            State::Down { key, blocks, missed: _ } if held == Some(key) => {
                State::Down { key, blocks: blocks.saturating_add(1), missed: 0 }
            }
            // One block may be lost in noise.
            State::Down { key, blocks, missed: 0 } => {
                State::Down { key, blocks: blocks.saturating_add(1), missed: 1 }
            }
            State::Down { key, blocks, missed: _ } => {
                let duration_ms =
                    (u64::from(blocks.saturating_sub(1)) * BLOCK as u64 / 8).min(u16::MAX.into());
                if let Some(key) = key_of(key) {
                    each(KeyChange::Released { key, duration_ms: duration_ms as u16 });
                }
                State::Up
            }
        };
    }

    /// The key that this block holds: row and column as one number.
    fn key_of_block(&self) -> Option<u8> {
        let mut powers = [0.0; 8];
        for ((power, filter), coefficient) in powers.iter_mut().zip(&self.filters).zip(COEFFICIENTS) {
            let (last, before) = (filter.last, filter.before);
            *power = last * last + before * before - coefficient * last * before;
        }
        let (rows, columns) = powers.split_at(4);
        let (row, low) = loudest(rows);
        let (column, high) = loudest(columns);
        let loud = low > POWER_MIN && high > POWER_MIN;
        // The higher tone may be weaker by 8 dB and stronger by 4 (ITU-T Q.24).
        let balanced = high * TWIST > low && low * REVERSE_TWIST > high;
        let alone = |powers: &[f32], index: usize, most: f32| {
            powers.iter().enumerate().all(|(other, power)| other == index || power * PEAK < most)
        };
        let pure = low + high > TO_ENERGY * self.energy;
        let is_key = loud && balanced && alone(rows, row, low) && alone(columns, column, high) && pure;
        is_key.then_some((row * 4 + column) as u8)
    }
}

fn loudest(powers: &[f32]) -> (usize, f32) {
    let mut best = (0, 0.0);
    for (index, power) in powers.iter().enumerate() {
        if *power > best.1 {
            best = (index, *power);
        }
    }
    best
}

fn key_of(number: u8) -> Option<char> {
    KEYS.get(usize::from(number)).map(|key| char::from(*key))
}

/// The pair of tones of a key in Hz; `None` when there is no such key.
pub fn tones_of(key: char) -> Option<[u16; 2]> {
    let upper = key.to_ascii_uppercase();
    let index = KEYS.iter().position(|known| char::from(*known) == upper)?;
    Some([*ROWS.get(index / 4)?, *COLUMNS.get(index % 4)?])
}

/// What a key sounds like for 100 ms, with a pause after it so that the same key can follow (ITU-T Q.24); silence for what
/// is no key.
pub fn cadence_of(key: char) -> &'static Cadence {
    let index = KEYS.iter().position(|known| char::from(*known) == key.to_ascii_uppercase());
    index.and_then(|index| CADENCES.get(index)).unwrap_or(&super::SILENCE)
}

macro_rules! cadences {
    ($($low:literal, $high:literal;)*) => {
        [$( Cadence {
            segments: &[Segment::pair($low, $high, LEVEL, 100), Segment::silence(100)],
            repeat: Repeat::Once,
        }, )*]
    };
}

static CADENCES: [Cadence; 16] = cadences! {
    697, 1209; 697, 1336; 697, 1477; 697, 1633;
    770, 1209; 770, 1336; 770, 1477; 770, 1633;
    852, 1209; 852, 1336; 852, 1477; 852, 1633;
    941, 1209; 941, 1336; 941, 1477; 941, 1633;
};

const KEYS: &[u8; 16] = b"123A456B789C*0#D";
const ROWS: [u16; 4] = [697, 770, 852, 941];
const COLUMNS: [u16; 4] = [1209, 1336, 1477, 1633];
/// Each of the two tones: -8 dBm0.
const LEVEL: u16 = 8990;
/// 12.75 ms at 8 kHz: the tones fall between each other's side lobes.
const BLOCK: usize = 102;
/// Twice the cosine of each tone's step.
const COEFFICIENTS: [f32; 8] =
    [1.707_737_8, 1.645_281_2, 1.568_687, 1.478_204_6, 1.164_104_2, 0.996_370_2, 0.798_618_4, 0.568_532_7];
/// A tone of -34 dBm0.
const POWER_MIN: f32 = 5.0e8;
const TWIST: f32 = 6.31;
const REVERSE_TWIST: f32 = 2.51;
/// 8 dB above all others of the group.
const PEAK: f32 = 6.31;
/// Two tones alone have half a block of it.
const TO_ENERGY: f32 = 0.80 * BLOCK as f32 / 2.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::{noise, sine};
    use crate::tone::Player;

    fn heard(samples: &[i16]) -> Vec<KeyChange> {
        let mut detector = Detector::default();
        let mut changes = Vec::new();
        // In pieces that have nothing to do with blocks.
        samples.chunks(37).for_each(|part| detector.hear(part, |change| changes.push(change)));
        changes
    }

    fn keys(samples: &[i16]) -> String {
        let pressed = |change: &KeyChange| match change {
            KeyChange::Pressed { key } => Some(*key),
            KeyChange::Released { .. } => None,
        };
        heard(samples).iter().filter_map(pressed).collect()
    }

    fn pair(low: f64, high: f64, low_peak: f64, high_peak: f64, ms: usize) -> Vec<i16> {
        let low = sine(low, 8000.0, low_peak, ms * 8);
        let high = sine(high, 8000.0, high_peak, ms * 8);
        let mut samples: Vec<i16> = low.iter().zip(high).map(|(low, high)| low + high).collect();
        samples.resize(samples.len() + 480, 0);
        samples
    }

    #[test]
    fn coefficients_are_those_of_the_tones() {
        for (hz, coefficient) in ROWS.into_iter().chain(COLUMNS).zip(COEFFICIENTS) {
            let expect = 2.0 * (f64::from(hz) / 8000.0 * std::f64::consts::TAU).cos();
            assert!((f64::from(coefficient) - expect).abs() < 1e-5, "{hz}: {expect}");
        }
    }

    #[test]
    fn what_is_made_is_heard() {
        let mut samples = Vec::new();
        for key in "1234567890*#ABCD".chars() {
            let mut player = Player::new(cadence_of(key));
            while !player.is_finished() {
                player.render(8000, 160, &mut samples);
            }
        }
        assert_eq!(keys(&samples), "1234567890*#ABCD");
        let released = |change: KeyChange| match change {
            KeyChange::Released { duration_ms, .. } => Some(duration_ms),
            KeyChange::Pressed { .. } => None,
        };
        let durations: Vec<u16> = heard(&samples).into_iter().filter_map(released).collect();
        assert!(durations.iter().all(|ms| (75..=115).contains(ms)), "{durations:?}");
    }

    /// The bounds of ITU-T Q.24.
    #[test]
    fn what_must_be_taken_is_taken_and_what_must_not_is_not() {
        for key in "1234567890*#ABCD".chars() {
            let [low, high] = tones_of(key).unwrap().map(f64::from);
            let check = |(low, high): (f64, f64), (low_peak, high_peak): (f64, f64), ms, expect: bool| {
                let samples = pair(low, high, low_peak, high_peak, ms);
                let expect = if expect { key.to_string() } else { String::new() };
                assert_eq!(keys(&samples), expect, "{key}: {low} {high} Hz, {low_peak} {high_peak}, {ms} ms");
            };
            // 1.5 % off, both ways.
            check((low * 1.015, high * 0.985), (5000.0, 5000.0), 60, true);
            check((low * 0.985, high * 1.015), (5000.0, 5000.0), 60, true);
            check((low * 1.045, high), (5000.0, 5000.0), 60, false);
            check((low, high * 0.955), (5000.0, 5000.0), 60, false);
            // Levels from -30 to 0 dBm0, and nothing at -40.
            check((low, high), (720.0, 720.0), 60, true);
            check((low, high), (15_000.0, 15_000.0), 60, true);
            check((low, high), (200.0, 200.0), 60, false);
            // Twist: the higher one weaker by 6 dB, stronger by 3; not by 12 and 8.
            check((low, high), (6000.0, 3000.0), 60, true);
            check((low, high), (4000.0, 5600.0), 60, true);
            check((low, high), (8000.0, 2000.0), 60, false);
            check((low, high), (3000.0, 7600.0), 60, false);
            // 40 ms are a key, 20 are none.
            check((low, high), (5000.0, 5000.0), 40, true);
            check((low, high), (5000.0, 5000.0), 20, false);
        }
    }

    #[test]
    fn a_key_survives_g711_and_noise() {
        for law in [0, 1] {
            let mut samples = pair(770.0, 1336.0, 4000.0, 4000.0, 80);
            for (sample, noise) in samples.iter_mut().zip(noise(3, 2000)) {
                // 20 dB below the key.
                let noisy = *sample + noise / 80;
                *sample = match law {
                    0 => crate::codec::g711::decode_a_law(crate::codec::g711::encode_a_law(noisy)),
                    _ => crate::codec::g711::decode_mu_law(crate::codec::g711::encode_mu_law(noisy)),
                };
            }
            assert_eq!(keys(&samples), "5");
        }
    }

    /// Talk-off: minutes of sounds with the harmonics, glides and formants of voices, of music and of noise hold no key.
    #[test]
    fn nobody_presses_a_key_by_talking() {
        let mut rng = strowger_base::Rng::new(99);
        let mut sound: Vec<i16> = Vec::new();
        for _ in 0..150 {
            // A vowel of half a second: 80 to 400 Hz, gliding, formants anywhere.
            let pitch = 80.0 + rng.below(320) as f64;
            let glide = (rng.below(200) as f64 - 100.0) / 4000.0;
            let formants =
                [300 + rng.below(600), 800 + rng.below(1200), 1800 + rng.below(1200)].map(|hz| hz as f64);
            let mut phase = 0.0;
            for index in 0..4000u32 {
                let hz = pitch + glide * f64::from(index);
                phase += hz / 8000.0 * std::f64::consts::TAU;
                let harmonic = |number: f64| {
                    let near = |formant: f64| 1.0 / (1.0 + ((hz * number - formant) / 90.0).powi(2));
                    formants.iter().map(|formant| near(*formant)).sum::<f64>() * (phase * number).sin()
                };
                let voice: f64 =
                    (1..20).map(f64::from).filter(|number| hz * number < 3800.0).map(harmonic).sum();
                sound.push((voice * 6000.0).clamp(-32_000.0, 32_000.0) as i16);
            }
        }
        assert_eq!(keys(&sound), "");
        // Chords of two and three notes of the tempered scale, 200 ms each.
        let mut chords = Vec::new();
        for low in 0..24 {
            for step in 3..20 {
                let note = |number: i32| 261.63 * 2f64.powf(f64::from(number) / 12.0);
                let parts = [note(low), note(low + step), note(low + step + 4)];
                let parts = parts.map(|hz| sine(hz, 8000.0, 5000.0, 1600));
                chords.extend((0..1600).map(|index| parts[0][index] + parts[1][index] + parts[2][index]));
            }
        }
        assert_eq!(keys(&chords), "");
        assert_eq!(keys(&noise(5, 240_000)), "");
    }
}
