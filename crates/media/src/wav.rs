//! Sound files as operators have them: RIFF WAVE, turned into what endpoints play.
//!
//! Taken are linear samples of 8, 16 and 24 bits and G.711 of both laws, one or two channels, at 8, 16, 32, 44.1 or 48 kHz.
//! Whatever it was becomes one channel of 16 bits at [`RATE_HZ`], once, when the file is read.

mod rate;

use crate::codec::g711;

/// Sound to be played.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    samples: Box<[i16]>,
}

impl Recording {
    /// Reads a sound file of at most `seconds_max` seconds.
    ///
    /// # Errors
    /// When it is no such file, is longer, or is not all there.
    pub fn read(bytes: &[u8], seconds_max: u32) -> Result<Recording, WavError> {
        let chunks = Chunks::of(bytes)?;
        let format = Format::read(chunks.format)?;
        let frames = chunks.data.len() / format.frame_bytes();
        let seconds = frames / format.rate_hz as usize;
        if seconds >= seconds_max as usize {
            return Err(WavError::TooLong { seconds: seconds as u64, max: seconds_max });
        }
        if frames == 0 {
            return Err(WavError::Silent);
        }
        let mono = format.mono(chunks.data);
        Ok(Recording { samples: rate::convert(mono, format.rate_hz, RATE_HZ).into() })
    }

    /// Made of samples at [`RATE_HZ`]; silence of 20 ms when there are none.
    pub fn new(samples: Vec<i16>) -> Recording {
        let samples = if samples.is_empty() { vec![0; RATE_HZ as usize / 50] } else { samples };
        Recording { samples: samples.into() }
    }

    /// The samples, at least one, at [`RATE_HZ`].
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it plays, in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.samples.len() as u64 * 1000 / u64::from(RATE_HZ)
    }

    /// Appends `count` samples from a position on; after the end it begins again.
    pub fn loop_from(&self, position: u64, count: usize, samples: &mut Vec<i16>) {
        let length = self.samples.len();
        let mut at = (position % length.max(1) as u64) as usize;
        let mut left = count;
        while left > 0 {
            let rest = self.samples.get(at..).unwrap_or_default();
            let now = rest.get(..left).unwrap_or(rest);
            if now.is_empty() {
                return;
            }
            samples.extend_from_slice(now);
            left -= now.len();
            at = 0;
        }
    }
}

/// Why a file cannot be played; each says what would be right.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WavError {
    /// It does not begin as RIFF WAVE.
    #[error("it is no WAV file: it does not begin with RIFF and WAVE")]
    NoWav,
    /// A part that is needed is missing.
    #[error("it has no {0} part, without which nothing can be played")]
    Missing(&'static str),
    /// The file ends early.
    #[error("it is cut off: its {part} part should have {expected} bytes and has {found}")]
    CutOff {
        /// Which part.
        part: &'static str,
        /// What it says of itself.
        expected: u32,
        /// What is there.
        found: usize,
    },
    /// It is compressed.
    #[error("its encoding {0:#06x} is not taken: convert it to linear PCM")]
    Encoding(u16),
    /// Samples of other sizes.
    #[error("its samples have {0} bits: 8, 16 and 24 are taken")]
    Bits(u16),
    /// More than two channels, or none.
    #[error("it has {0} channels: one and two are taken")]
    Channels(u16),
    /// Another rate.
    #[error("its rate is {0} Hz: 8000, 16000, 32000, 44100 and 48000 are taken")]
    Rate(u32),
    /// Too long.
    #[error("it plays for {seconds} s: less than {max} are taken")]
    TooLong {
        /// What it has.
        seconds: u64,
        /// What is taken.
        max: u32,
    },
    /// Nothing in it.
    #[error("there is no sound in it")]
    Silent,
}

/// The parts of a file that matter.
struct Chunks<'a> {
    format: &'a [u8],
    data: &'a [u8],
}

impl<'a> Chunks<'a> {
    fn of(bytes: &'a [u8]) -> Result<Chunks<'a>, WavError> {
        let (Some(b"RIFF"), Some(b"WAVE")) = (bytes.get(..4), bytes.get(8..12)) else {
            return Err(WavError::NoWav);
        };
        let (mut format, mut data) = (None, None);
        let mut rest = bytes.get(12..).unwrap_or_default();
        while let Some((name, size, body)) = part(rest) {
            match name {
                b"fmt " => format = Some(whole("fmt", size, body)?),
                // Programs that write while they record leave the size open.
                b"data" if size == 0 || size == u32::MAX => data = Some(body),
                b"data" => data = Some(whole("data", size, body)?),
                _ => {}
            }
            // Parts begin at even places.
            rest = body.get((size as usize).saturating_add(size as usize & 1)..).unwrap_or_default();
        }
        let format = format.ok_or(WavError::Missing("fmt"))?;
        Ok(Chunks { format, data: data.ok_or(WavError::Missing("data"))? })
    }
}

fn part(bytes: &[u8]) -> Option<(&[u8; 4], u32, &[u8])> {
    let (name, rest) = bytes.split_first_chunk::<4>()?;
    let (size, body) = rest.split_first_chunk::<4>()?;
    Some((name, u32::from_le_bytes(*size), body))
}

fn whole<'a>(part: &'static str, expected: u32, body: &'a [u8]) -> Result<&'a [u8], WavError> {
    body.get(..expected as usize).ok_or(WavError::CutOff { part, expected, found: body.len() })
}

/// What the samples are.
#[derive(Clone, Copy)]
struct Format {
    encoding: Encoding,
    channels: usize,
    rate_hz: u32,
}

#[derive(Clone, Copy)]
enum Encoding {
    /// 8 bits, without sign.
    Linear8,
    Linear16,
    Linear24,
    ALaw,
    MuLaw,
}

impl Format {
    fn read(bytes: &[u8]) -> Result<Format, WavError> {
        let short = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        let long = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let cut = WavError::CutOff { part: "fmt", expected: FORMAT_BYTES, found: bytes.len() };
        let (Some(tag), Some(channels), Some(rate_hz), Some(bits)) = (short(0), short(2), long(4), short(14))
        else {
            return Err(cut);
        };
        // The extensible form says the encoding at another place, at the beginning of a GUID.
        let tag = if tag == EXTENSIBLE { short(24).ok_or(cut)? } else { tag };
        let encoding = match (tag, bits) {
            (LINEAR, 8) => Encoding::Linear8,
            (LINEAR, 16) => Encoding::Linear16,
            (LINEAR, 24) => Encoding::Linear24,
            (A_LAW, 8) => Encoding::ALaw,
            (MU_LAW, 8) => Encoding::MuLaw,
            (LINEAR | A_LAW | MU_LAW, other) => return Err(WavError::Bits(other)),
            (other, _) => return Err(WavError::Encoding(other)),
        };
        let (1 | 2) = channels else { return Err(WavError::Channels(channels)) };
        let (8000 | 16_000 | 32_000 | 44_100 | 48_000) = rate_hz else { return Err(WavError::Rate(rate_hz)) };
        Ok(Format { encoding, channels: usize::from(channels), rate_hz })
    }

    const fn sample_bytes(self) -> usize {
        match self.encoding {
            Encoding::Linear8 | Encoding::ALaw | Encoding::MuLaw => 1,
            Encoding::Linear16 => 2,
            Encoding::Linear24 => 3,
        }
    }

    const fn frame_bytes(self) -> usize {
        self.sample_bytes() * self.channels
    }

    /// All frames, as the mean of their channels.
    fn mono(self, data: &[u8]) -> Vec<i16> {
        let frame = |bytes: &[u8]| {
            let samples = bytes.chunks_exact(self.sample_bytes()).map(|sample| self.sample(sample));
            (samples.map(i32::from).sum::<i32>() / self.channels as i32) as i16
        };
        data.chunks_exact(self.frame_bytes()).map(frame).collect()
    }

    const fn sample(self, bytes: &[u8]) -> i16 {
        match (self.encoding, bytes) {
            (Encoding::Linear8, &[byte]) => (byte as i16 - 128) << 8,
            (Encoding::Linear16, &[low, high]) | (Encoding::Linear24, &[_, low, high]) => {
                i16::from_le_bytes([low, high])
            }
            (Encoding::ALaw, &[byte]) => g711::decode_a_law(byte),
            (Encoding::MuLaw, &[byte]) => g711::decode_mu_law(byte),
            // Frames are cut to size.
            (
                Encoding::Linear8
                | Encoding::Linear16
                | Encoding::Linear24
                | Encoding::ALaw
                | Encoding::MuLaw,
                _,
            ) => 0,
        }
    }
}

/// The rate of every recording.
pub const RATE_HZ: u32 = 16_000;
const LINEAR: u16 = 1;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;
const FORMAT_BYTES: u32 = 16;

#[cfg(test)]
pub(crate) mod tests;
