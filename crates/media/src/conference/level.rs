//! Who talks, how loud, and how much louder or softer the others shall hear it.

/// The level of one party, frame by frame.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// Power of what is there when nobody talks.
    floor: f32,
    /// Power now, falling slowly.
    power: f32,
    /// Power while somebody talks, over seconds.
    speech: f32,
    gain: f32,
    voice: Voice,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Voice {
    Quiet,
    Talks {
        /// Frames since it was last loud enough.
        since: u32,
    },
}

impl Level {
    pub(super) const fn new() -> Self {
        Level { floor: FLOOR_MAX, power: 0.0, speech: NOMINAL, gain: 1.0, voice: Voice::Quiet }
    }

    /// Takes a frame; an empty one is silence.
    pub(super) fn listen(&mut self, frame: &[i16]) {
        let power = power(frame);
        self.power = power.max(self.power * POWER_FALLS);
        let begins = (self.floor * ABOVE_FLOOR).max(SPEECH_MIN);
        self.voice = match self.voice {
            _ if power >= begins => Voice::Talks { since: 0 },
            Voice::Quiet => Voice::Quiet,
            // Ending needs less than beginning does, and time, so that the pauses between words are no end.
            Voice::Talks { .. } if power >= begins / HYSTERESIS => Voice::Talks { since: 0 },
            Voice::Talks { since } if since < HANGOVER => Voice::Talks { since: since + 1 },
            Voice::Talks { .. } => Voice::Quiet,
        };
        // Noise is what stays: the floor falls fast and rises slowly.
        self.floor =
            if power < self.floor { self.floor * 0.7 + power * 0.3 } else { self.floor * FLOOR_RISES };
        self.floor = self.floor.clamp(FLOOR_MIN, FLOOR_MAX);
        if power >= begins / HYSTERESIS {
            self.speech += (power - self.speech) * SPEECH_FOLLOWS;
            let wanted = (NOMINAL / self.speech).sqrt().clamp(1.0 / GAIN_MAX, GAIN_MAX);
            self.gain = wanted.clamp(self.gain * (1.0 - GAIN_STEP), self.gain * (1.0 + GAIN_STEP));
        }
    }

    pub(super) const fn talks(&self) -> bool {
        matches!(self.voice, Voice::Talks { .. })
    }

    /// Power of what it says, to compare it with others.
    pub(super) const fn power(&self) -> f32 {
        self.power
    }

    /// What its samples are to be multiplied with.
    pub(super) const fn gain(&self) -> f32 {
        self.gain
    }
}

/// Mean square, where a square wave of full scale is 1.
fn power(frame: &[i16]) -> f32 {
    let sum: i64 = frame.iter().map(|&sample| i64::from(i32::from(sample) * i32::from(sample))).sum();
    sum as f32 / (frame.len().max(1) as f32 * 32_768.0 * 32_768.0)
}

/// Speech of -20 dBm0 active level (ITU-T P.56, P.800): -23 dB of full scale.
const NOMINAL: f32 = 5e-3;
/// 12 dB up or down.
const GAIN_MAX: f32 = 4.0;
/// A frame changes the gain by this share at most: 4 dB in a second.
const GAIN_STEP: f32 = 0.01;
const SPEECH_FOLLOWS: f32 = 0.02;
/// Below -43 dB of full scale nobody talks.
const SPEECH_MIN: f32 = 5e-5;
/// 9 dB.
const ABOVE_FLOOR: f32 = 8.0;
/// 6 dB.
const HYSTERESIS: f32 = 4.0;
/// 400 ms.
const HANGOVER: u32 = 20;
/// 0.9 dB in a second.
const FLOOR_RISES: f32 = 1.004;
const FLOOR_MIN: f32 = 1e-8;
/// -50 dB of full scale. What is louder for minutes is not taken for noise: it may be music, or a tone.
const FLOOR_MAX: f32 = 1e-5;
/// A tenth in half a second.
const POWER_FALLS: f32 = 0.9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::{noise, sine};

    /// Frames of 20 ms at 8 kHz.
    fn frames(amplitude: f64, count: usize) -> Vec<Vec<i16>> {
        sine(440.0, 8000.0, amplitude, 160 * count).chunks(160).map(<[i16]>::to_vec).collect()
    }

    #[test]
    fn speech_begins_at_once_and_ends_after_the_pause_of_a_word() {
        let mut level = Level::new();
        let mut talks = |frames: Vec<Vec<i16>>| -> Vec<bool> {
            frames
                .iter()
                .map(|frame| {
                    level.listen(frame);
                    level.talks()
                })
                .collect()
        };
        assert!(talks(frames(0.0, 100)).iter().all(|talks| !talks));
        assert!(talks(frames(3000.0, 50)).iter().all(|talks| *talks));
        let pause = talks(frames(0.0, 50));
        assert_eq!(pause.iter().filter(|talks| **talks).count(), HANGOVER as usize);
        assert!(pause[..HANGOVER as usize].iter().all(|talks| *talks));
    }

    #[test]
    fn the_hum_of_a_room_is_no_speech() {
        let mut level = Level::new();
        for frame in noise(3, 160 * 500).chunks(160) {
            let hum: Vec<i16> = frame.iter().map(|sample| sample / 300).collect();
            level.listen(&hum);
            assert!(!level.talks());
        }
    }

    #[test]
    fn the_gain_goes_slowly_to_where_all_are_equally_loud() {
        // Amplitude, and the gain after two seconds and after a minute.
        for (amplitude, soon, at_last) in
            [(1000.0, 1.5..3.0, 3.2..3.3), (3277.0, 0.95..1.1, 0.95..1.05), (20_000.0, 0.3..0.7, 0.24..0.26)]
        {
            let mut level = Level::new();
            frames(amplitude, 100).iter().for_each(|frame| level.listen(frame));
            assert!(soon.contains(&level.gain()), "{amplitude}: {}", level.gain());
            frames(amplitude, 3000).iter().for_each(|frame| level.listen(frame));
            assert!(at_last.contains(&level.gain()), "{amplitude}: {}", level.gain());
            // Silence does not move it.
            let before = level.gain();
            frames(0.0, 500).iter().for_each(|frame| level.listen(frame));
            assert!((level.gain() - before).abs() < f32::EPSILON);
        }
    }
}
