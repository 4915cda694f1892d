//! Is a tone in a recording? WAV files and the Goertzel filter.

use std::f64::consts::TAU;
use std::path::Path;

/// One channel of 16-bit samples.
pub(crate) struct Recording {
    pub(crate) samples: Vec<i16>,
    /// Samples a second.
    pub(crate) rate: u32,
}

impl Recording {
    /// Reads a WAV file with one channel of 16-bit samples. A recorder that was killed leaves a length of 0 in
    /// its header, so the data reach to the end of the file.
    ///
    /// # Errors
    /// When the file is not there or of another kind.
    pub(crate) fn read(path: &Path) -> Result<Recording, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Recording::parse(&bytes)
            .ok_or_else(|| format!("{} is no WAV file with 16-bit mono samples", path.display()))
    }

    fn parse(bytes: &[u8]) -> Option<Recording> {
        if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
            return None;
        }
        let mut at = 12;
        let mut rate = 0;
        loop {
            let name = bytes.get(at..at + 4)?;
            let length = u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?) as usize;
            let body = bytes.get(at + 8..)?;
            if name == b"fmt " {
                let field = |offset: usize| -> Option<u16> {
                    Some(u16::from_le_bytes(body.get(offset..offset + 2)?.try_into().ok()?))
                };
                if (field(0)?, field(2)?, field(14)?) != (1, 1, 16) {
                    return None;
                }
                rate = u32::from_le_bytes(body.get(4..8)?.try_into().ok()?);
            } else if name == b"data" {
                let data = body.get(..length).filter(|data| !data.is_empty()).unwrap_or(body);
                let samples =
                    data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
                return (rate > 0).then_some(Recording { samples, rate });
            }
            at += 8 + length + length % 2;
        }
    }

    /// What the payload of packets in µ-law says (ITU-T G.711).
    pub(crate) fn of_mu_law(payload: &[u8]) -> Recording {
        let sample = |code: &u8| -> i16 {
            let code = !code;
            let (sign, exponent, mantissa) = (code & 0x80, (code >> 4) & 7, code & 0x0f);
            let size = (((i16::from(mantissa) << 3) + 0x84) << exponent) - 0x84;
            if sign == 0 { size } else { -size }
        };
        Recording { samples: payload.iter().map(sample).collect(), rate: 8000 }
    }

    /// The part of the whole energy that lies at one frequency, 0 to 1, over the loudest second.
    pub(crate) fn share_of(&self, frequency: f64) -> f64 {
        let window = self.rate as usize;
        let best = self
            .samples
            .chunks(window)
            .filter(|chunk| chunk.len() >= window / 2)
            .max_by_key(|chunk| energy(chunk));
        best.map_or(0.0, |chunk| share(chunk, self.rate, frequency))
    }

    /// The part of the whole energy that lies between two frequencies, over the loudest second: one Goertzel filter for each hertz.
    pub(crate) fn share_between(&self, low: f64, high: f64) -> f64 {
        // A second of samples keeps whole hertz apart.
        (low as u32..=high as u32).map(|hertz| self.share_of(f64::from(hertz))).sum()
    }

    /// The part of the energy that lies at one frequency, 0 to 1, over the quarter of a second where that is most.
    pub(crate) fn most_of(&self, frequency: f64) -> f64 {
        let window = self.rate as usize / 4;
        let whole = self.samples.chunks_exact(window);
        whole.map(|chunk| share(chunk, self.rate, frequency)).fold(0.0, f64::max)
    }

    /// The last seconds of it.
    pub(crate) fn last_seconds(&self, seconds: f64) -> Recording {
        let wanted = (seconds * f64::from(self.rate)) as usize;
        let from = self.samples.len().saturating_sub(wanted);
        Recording { samples: self.samples.get(from..).unwrap_or_default().to_vec(), rate: self.rate }
    }

    /// How long it is.
    pub(crate) fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }
}

fn energy(samples: &[i16]) -> u64 {
    samples.iter().map(|&sample| i64::from(sample).unsigned_abs().pow(2)).sum()
}

/// Goertzel: the power at `frequency` as a part of the whole. A pure tone of many periods gives 1.
fn share(samples: &[i16], rate: u32, frequency: f64) -> f64 {
    let total = energy(samples) as f64;
    // Silence, or the least significant bit of a codec's idle pattern.
    if total < samples.len() as f64 * 100.0 {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * frequency / f64::from(rate)).cos();
    let (mut previous, mut before) = (0.0, 0.0);
    for &sample in samples {
        let next = f64::from(sample) + coefficient * previous - before;
        before = previous;
        previous = next;
    }
    let power = previous * previous + before * before - coefficient * previous * before;
    2.0 * power / (samples.len() as f64 * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(parts: &[(f64, f64)], seconds: f64) -> Recording {
        let rate = 8000;
        let samples = (0..(seconds * f64::from(rate)) as usize).map(|at| {
            let time = at as f64 / f64::from(rate);
            parts.iter().map(|(frequency, level)| level * (TAU * frequency * time).sin()).sum::<f64>() as i16
        });
        Recording { samples: samples.collect(), rate }
    }

    #[test]
    fn a_tone_is_told_from_another_and_from_silence() {
        let pure = tone(&[(440.0, 8000.0)], 2.0);
        assert!(pure.share_of(440.0) > 0.95, "{}", pure.share_of(440.0));
        assert!(pure.share_of(700.0) < 0.01);
        let mixed = tone(&[(440.0, 8000.0), (700.0, 8000.0)], 2.0);
        assert!((mixed.share_of(440.0) - 0.5).abs() < 0.05);
        assert!(mixed.most_of(700.0) > 0.4 && pure.most_of(700.0) < 0.01);
        assert_eq!(tone(&[(440.0, 4.0)], 2.0).share_of(440.0), 0.0);
        assert_eq!(tone(&[], 0.0).share_of(440.0), 0.0);
    }

    #[test]
    fn a_wav_file_is_read_even_when_its_recorder_was_killed() {
        let mut bytes =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
        bytes.extend([0, 0, 0, 0, 1, 0, 2, 0]);
        let recording = Recording::parse(&bytes).expect("a WAV file");
        assert_eq!((recording.rate, recording.samples.as_slice()), (8000, &[1, 2][..]));
        assert!(Recording::parse(b"RIFF").is_none());
    }
}
