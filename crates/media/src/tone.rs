//! Tones and cadences, made of sines.
//!
//! Levels are peaks of 16-bit samples: 22,580 is 0 dBm0, where full scale of G.711 is 3.17 dBm0 for µ-law (ITU-T
//! G.711 §4). Cadences of call progress are the North American ones of ITU-T E.180 supplement 2, as CUCM has them by default.

pub mod dtmf;
mod national;

use strowger_base::leg::Tone;

pub use self::national::national;

/// Tones that follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cadence {
    /// The parts in order.
    pub segments: &'static [Segment],
    /// Whether it begins again after the last.
    pub repeat: Repeat,
}

/// Whether a cadence ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// It ends after the last segment.
    Once,
    /// It begins again.
    Forever,
}

/// Up to two sines at once, or silence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Frequencies in Hz; 0 is none.
    pub hz: [u16; 2],
    /// Peak of each sine.
    pub peak: u16,
    /// For how long, in milliseconds.
    pub duration_ms: u16,
}

impl Segment {
    const fn tone(hz: u16, peak: u16, duration_ms: u16) -> Segment {
        Segment { hz: [hz, 0], peak, duration_ms }
    }

    const fn pair(low_hz: u16, high_hz: u16, peak: u16, duration_ms: u16) -> Segment {
        Segment { hz: [low_hz, high_hz], peak, duration_ms }
    }

    const fn silence(duration_ms: u16) -> Segment {
        Segment { hz: [0, 0], peak: 0, duration_ms }
    }
}

/// Peak of a sine at 0 dBm0.
pub const MILLIWATT_PEAK: u16 = 22_580;
const MINUS_13_DBM0: u16 = 5055;
const MINUS_19_DBM0: u16 = 2533;
const MINUS_24_DBM0: u16 = 1425;

/// Dial tone of North America.
pub static DIAL: Cadence =
    Cadence { segments: &[Segment::pair(350, 440, MINUS_13_DBM0, 1000)], repeat: Repeat::Forever };

/// Ringing tone, heard by the caller.
pub static RINGING: Cadence = Cadence {
    segments: &[Segment::pair(440, 480, MINUS_19_DBM0, 2000), Segment::silence(4000)],
    repeat: Repeat::Forever,
};

/// Busy tone.
pub static BUSY: Cadence = Cadence {
    segments: &[Segment::pair(480, 620, MINUS_24_DBM0, 500), Segment::silence(500)],
    repeat: Repeat::Forever,
};

/// Reorder tone: the call cannot be completed.
pub static REORDER: Cadence = Cadence {
    segments: &[Segment::pair(480, 620, MINUS_24_DBM0, 250), Segment::silence(250)],
    repeat: Repeat::Forever,
};

/// The beep before the echo begins.
pub static BEEP: Cadence =
    Cadence { segments: &[Segment::tone(1000, MINUS_13_DBM0, 200)], repeat: Repeat::Once };

/// Confirmation tone, 1.4 s in all: silence while the phone opens its ear, then three short bursts of dial tone.
pub static CONFIRMATION: Cadence = Cadence {
    segments: &[
        Segment::silence(300),
        Segment::pair(350, 440, MINUS_13_DBM0, 100),
        Segment::silence(100),
        Segment::pair(350, 440, MINUS_13_DBM0, 100),
        Segment::silence(100),
        Segment::pair(350, 440, MINUS_13_DBM0, 300),
        Segment::silence(400),
    ],
    repeat: Repeat::Once,
};

/// What the announcement service plays, 7.4 s in all: silence while the phone opens its ear, four rising notes (C, E, G,
/// C) to be recognised by people, then three bursts of the milliwatt tone (1004 Hz, 0 dBm0) of one second each to be
/// measured by instruments.
pub static ANNOUNCEMENT: Cadence = Cadence {
    segments: &[
        Segment::silence(300),
        Segment::tone(523, MINUS_13_DBM0, 250),
        Segment::tone(659, MINUS_13_DBM0, 250),
        Segment::tone(784, MINUS_13_DBM0, 250),
        Segment::tone(1047, MINUS_13_DBM0, 450),
        Segment::silence(500),
        Segment::tone(1004, MILLIWATT_PEAK, 1000),
        Segment::silence(1000),
        Segment::tone(1004, MILLIWATT_PEAK, 1000),
        Segment::silence(1000),
        Segment::tone(1004, MILLIWATT_PEAK, 1000),
        Segment::silence(400),
    ],
    repeat: Repeat::Once,
};

/// Nothing, for as long as it lasts.
pub static SILENCE: Cadence = Cadence { segments: &[Segment::silence(1000)], repeat: Repeat::Forever };

/// Two short beeps.
pub static ZIP_ZIP: Cadence = Cadence {
    segments: &[
        Segment::tone(480, MINUS_13_DBM0, 100),
        Segment::silence(100),
        Segment::tone(480, MINUS_13_DBM0, 100),
        Segment::silence(700),
    ],
    repeat: Repeat::Once,
};

/// Tone on hold: two short beeps every ten seconds.
pub static HOLD: Cadence = Cadence {
    segments: &[
        Segment::tone(425, MINUS_19_DBM0, 150),
        Segment::silence(150),
        Segment::tone(425, MINUS_19_DBM0, 150),
        Segment::silence(9550),
    ],
    repeat: Repeat::Forever,
};
/// Somebody comes into a conference.
pub static ENTER: Cadence =
    Cadence { segments: &[Segment::tone(880, MINUS_19_DBM0, 150)], repeat: Repeat::Once };

/// Somebody has left a conference.
pub static LEAVE: Cadence =
    Cadence { segments: &[Segment::tone(440, MINUS_19_DBM0, 150)], repeat: Repeat::Once };

/// What is heard on hold where no other music is given: broken chords of two quiet voices, 16 s in all.
pub static MUSIC: Cadence = Cadence {
    segments: &[
        Segment::pair(262, 523, MINUS_24_DBM0, 500),
        Segment::pair(330, 659, MINUS_24_DBM0, 500),
        Segment::pair(392, 784, MINUS_24_DBM0, 500),
        Segment::pair(523, 659, MINUS_24_DBM0, 1000),
        Segment::pair(392, 784, MINUS_24_DBM0, 500),
        Segment::pair(330, 659, MINUS_24_DBM0, 1000),
        Segment::pair(220, 440, MINUS_24_DBM0, 500),
        Segment::pair(262, 523, MINUS_24_DBM0, 500),
        Segment::pair(330, 659, MINUS_24_DBM0, 500),
        Segment::pair(440, 523, MINUS_24_DBM0, 1000),
        Segment::pair(330, 659, MINUS_24_DBM0, 500),
        Segment::pair(262, 523, MINUS_24_DBM0, 1000),
        Segment::pair(175, 349, MINUS_24_DBM0, 500),
        Segment::pair(220, 440, MINUS_24_DBM0, 500),
        Segment::pair(262, 523, MINUS_24_DBM0, 500),
        Segment::pair(349, 440, MINUS_24_DBM0, 1000),
        Segment::pair(262, 523, MINUS_24_DBM0, 500),
        Segment::pair(220, 440, MINUS_24_DBM0, 1000),
        Segment::pair(196, 392, MINUS_24_DBM0, 500),
        Segment::pair(247, 494, MINUS_24_DBM0, 500),
        Segment::pair(294, 587, MINUS_24_DBM0, 500),
        Segment::pair(392, 494, MINUS_24_DBM0, 1000),
        Segment::pair(294, 587, MINUS_24_DBM0, 500),
        Segment::pair(247, 494, MINUS_24_DBM0, 1000),
    ],
    repeat: Repeat::Forever,
};

/// What is played for each tone that a party may be let hear.
pub const fn cadence(tone: Tone) -> &'static Cadence {
    match tone {
        Tone::Silence => &SILENCE,
        Tone::Dial | Tone::OutsideDial => &DIAL,
        Tone::ZipZip => &ZIP_ZIP,
        Tone::Ringing => &RINGING,
        Tone::Music => &MUSIC,
        // Of a source that cannot be played: see `music`.
        Tone::Hold | Tone::Source(_) => &HOLD,
        Tone::National { country, tone } => national(country, tone),
        Tone::Enter => &ENTER,
        Tone::Leave => &LEAVE,
    }
}

/// Plays a cadence.
#[derive(Clone, Debug)]
pub struct Player {
    cadence: &'static Cadence,
    segment: usize,
    /// Time of the segment that is left, in 1/16000 s, so that the rate may change in the middle.
    left: u32,
    phases: [u32; 2],
}

impl Player {
    /// At the beginning of `cadence`.
    pub fn new(cadence: &'static Cadence) -> Self {
        let mut player = Player { cadence, segment: 0, left: 0, phases: [0; 2] };
        player.begin_segment();
        player
    }

    /// True when all has been played.
    pub fn is_finished(&self) -> bool {
        self.segment >= self.cadence.segments.len()
    }

    /// Appends `count` samples at `rate_hz` (8000 or 16000); silence after the end.
    pub fn render(&mut self, rate_hz: u32, count: usize, samples: &mut Vec<i16>) {
        let ticks_per_sample = TICKS_HZ / rate_hz.clamp(1, TICKS_HZ);
        let mut wanted = count;
        while wanted > 0 {
            let Some(segment) = self.cadence.segments.get(self.segment) else {
                samples.resize(samples.len() + wanted, 0);
                return;
            };
            let available = self.left.div_ceil(ticks_per_sample) as usize;
            let now = wanted.min(available);
            self.render_segment(*segment, rate_hz, now, samples);
            wanted -= now;
            self.left = self.left.saturating_sub(now as u32 * ticks_per_sample);
            if self.left == 0 {
                self.segment += 1;
                self.begin_segment();
            }
        }
    }

    fn render_segment(&mut self, segment: Segment, rate_hz: u32, count: usize, samples: &mut Vec<i16>) {
        let steps = segment.hz.map(|hz| ((u64::from(hz) << 32) / u64::from(rate_hz.max(1))) as u32);
        let peak = i32::from(segment.peak);
        let from = samples.len();
        samples.resize(from + count, 0);
        for (phase, step) in self.phases.iter_mut().zip(steps).filter(|(_, step)| *step > 0) {
            for sample in samples.iter_mut().skip(from) {
                let sine = i32::from(SINE[(*phase >> 22) as usize]);
                *sample = sample.saturating_add(((sine * peak) >> 15) as i16);
                *phase = phase.wrapping_add(step);
            }
        }
    }

    fn begin_segment(&mut self) {
        if self.is_finished() && self.cadence.repeat == Repeat::Forever {
            self.segment = 0;
        }
        let segment = self.cadence.segments.get(self.segment);
        self.left = segment.map_or(0, |segment| u32::from(segment.duration_ms) * (TICKS_HZ / 1000));
        // Each segment begins at a zero crossing.
        self.phases = [0; 2];
    }
}

const TICKS_HZ: u32 = 16_000;

/// One period of a sine, computed when this is compiled, so that every machine plays the same samples.
static SINE: [i16; 1024] = sine_table();

const fn sine_table() -> [i16; 1024] {
    let mut table = [0i16; 1024];
    let mut index = 0;
    while index < 1024 {
        // Folded to the first quarter, where the series converges fast.
        let half = index % 512;
        let folded = if half > 256 { 512 - half } else { half };
        let x = folded as f64 * std::f64::consts::PI / 512.0;
        let square = x * x;
        let mut term = x;
        let mut sum = x;
        let mut n = 1;
        while n < 10 {
            term = -term * square / ((2 * n) as f64 * (2 * n + 1) as f64);
            sum += term;
            n += 1;
        }
        let value = sum * 32_767.0;
        table[index] = if index < 512 { value as i16 } else { -(value as i16) };
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::tone_to_rest_db;

    fn duration_ms(cadence: &Cadence) -> u32 {
        cadence.segments.iter().map(|segment| u32::from(segment.duration_ms)).sum()
    }

    #[test]
    fn a_tone_has_its_frequency_and_level_at_both_rates() {
        for rate in [8000, 16_000] {
            let mut samples = Vec::new();
            Player::new(&BEEP).render(rate, rate as usize / 5, &mut samples);
            let measured = tone_to_rest_db(1000.0, f64::from(rate), &samples);
            assert!(measured > 40.0, "{measured:.1} dB");
            let loudest = samples.iter().copied().max().unwrap();
            assert!((5030..=5055).contains(&loudest), "{loudest}");
        }
    }

    #[test]
    fn the_milliwatt_tone_is_that_of_g711() {
        // ITU-T G.711 table 6: the codes of a 1 kHz tone at 0 dBm0.
        let g711 = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e].map(crate::codec::g711::decode_mu_law);
        let power = |samples: &mut dyn Iterator<Item = i16>| {
            let squares: Vec<f64> = samples.map(|sample| f64::from(sample).powi(2)).collect();
            squares.iter().sum::<f64>() / squares.len() as f64
        };
        let mut samples = Vec::new();
        let mut player = Player::new(&ANNOUNCEMENT);
        player.render(8000, 2000 * 8 + 8000, &mut samples);
        let ratio = power(&mut samples.drain(16_000..)) / power(&mut g711.into_iter());
        assert!((10.0 * ratio.log10()).abs() < 0.1, "{:.2} dB", 10.0 * ratio.log10());
    }

    #[test]
    fn a_cadence_ends_or_begins_again_whatever_the_frame() {
        for (rate, frame) in [(8000, 160), (8000, 7), (16_000, 480)] {
            let mut player = Player::new(&ANNOUNCEMENT);
            let total = (duration_ms(&ANNOUNCEMENT) * rate / 1000) as usize;
            let mut samples = Vec::new();
            while !player.is_finished() {
                player.render(rate, frame, &mut samples);
            }
            assert_eq!(samples.len(), total.div_ceil(frame) * frame);
        }
        let mut busy = Player::new(&BUSY);
        let mut samples = Vec::new();
        busy.render(8000, 80_000, &mut samples);
        let loud = |part: &[i16]| part.iter().any(|sample| sample.unsigned_abs() > 1000);
        assert!(samples.chunks(4000).enumerate().all(|(index, part)| loud(part) == (index % 2 == 0)));
    }

    #[test]
    fn the_rate_may_change_in_the_middle() {
        let mut player = Player::new(&BEEP);
        let mut samples = Vec::new();
        player.render(8000, 800, &mut samples);
        assert!(!player.is_finished());
        player.render(16_000, 1600, &mut samples);
        assert!(player.is_finished());
    }
}
