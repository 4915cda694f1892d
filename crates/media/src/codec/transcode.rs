//! Payload bytes to samples and back, whatever the codec.

use super::resample::{Down, Up};
use super::{Codec, g711, g722};

/// Decodes one stream.
#[derive(Clone, Debug)]
pub enum Listener {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722(Box<g722::Decoder>),
}

/// Encodes one stream.
#[derive(Clone, Debug)]
pub enum Speaker {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722(Box<g722::Encoder>),
}

impl Listener {
    /// A decoder at rest.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Listener::Pcmu,
            Codec::Pcma => Listener::Pcma,
            Codec::G722 => Listener::G722(Box::default()),
        }
    }

    /// Appends the samples at the codec's rate.
    pub fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        match self {
            Listener::Pcmu => samples.extend(payload.iter().map(|&byte| g711::decode_mu_law(byte))),
            Listener::Pcma => samples.extend(payload.iter().map(|&byte| g711::decode_a_law(byte))),
            Listener::G722(decoder) => decoder.decode(payload, samples),
        }
    }
}

impl Speaker {
    /// An encoder at rest.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Speaker::Pcmu,
            Codec::Pcma => Speaker::Pcma,
            Codec::G722 => Speaker::G722(Box::default()),
        }
    }

    /// Which codec it is.
    pub const fn codec(&self) -> Codec {
        match self {
            Speaker::Pcmu => Codec::Pcmu,
            Speaker::Pcma => Codec::Pcma,
            Speaker::G722(_) => Codec::G722,
        }
    }

    /// Appends the payload for samples at the codec's rate.
    pub fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        match self {
            Speaker::Pcmu => payload.extend(samples.iter().map(|&sample| g711::encode_mu_law(sample))),
            Speaker::Pcma => payload.extend(samples.iter().map(|&sample| g711::encode_a_law(sample))),
            Speaker::G722(encoder) => encoder.encode(samples, payload),
        }
    }
}

/// From one codec to another.
#[derive(Clone, Debug)]
pub struct Transcoder {
    from: Codec,
    listener: Listener,
    rate: Rate,
    heard: Vec<i16>,
    converted: Vec<i16>,
}

#[derive(Clone, Debug)]
enum Rate {
    Same,
    Up(Up),
    Down(Down),
}

impl Transcoder {
    /// Between these two.
    pub fn new(from: Codec, to: Codec) -> Self {
        let rate = match (from.sample_rate_hz(), to.sample_rate_hz()) {
            (a, b) if a < b => Rate::Up(Up::new()),
            (a, b) if a > b => Rate::Down(Down::new()),
            _ => Rate::Same,
        };
        Transcoder { from, listener: Listener::new(from), rate, heard: Vec::new(), converted: Vec::new() }
    }

    /// What it takes.
    pub const fn from(&self) -> Codec {
        self.from
    }

    /// Appends the payload in the speaker's codec, which must be the one that this was made for.
    pub fn transcode(&mut self, payload: &[u8], speaker: &mut Speaker, out: &mut Vec<u8>) {
        self.heard.clear();
        self.converted.clear();
        self.listener.decode(payload, &mut self.heard);
        match &mut self.rate {
            Rate::Same => return speaker.encode(&self.heard, out),
            Rate::Up(up) => up.convert(&self.heard, &mut self.converted),
            Rate::Down(down) => down.convert(&self.heard, &mut self.converted),
        }
        speaker.encode(&self.converted, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::{sine, tone_to_rest_db};

    #[test]
    fn a_tone_survives_from_any_codec_to_any_other() {
        for from in Codec::ALL {
            for to in Codec::ALL {
                let rate = |codec: Codec| f64::from(codec.sample_rate_hz());
                let mut payload = Vec::new();
                let samples = sine(1000.0, rate(from), 10_000.0, from.sample_rate_hz() as usize);
                Speaker::new(from).encode(&samples, &mut payload);
                let mut out = Vec::new();
                let mut speaker = Speaker::new(to);
                Transcoder::new(from, to).transcode(&payload, &mut speaker, &mut out);
                assert_eq!(out.len(), payload.len(), "{from:?} to {to:?}");
                let mut heard = Vec::new();
                Listener::new(to).decode(&out, &mut heard);
                let measured = tone_to_rest_db(1000.0, rate(to), &heard[2000..6000]);
                assert!(measured > 30.0, "{from:?} to {to:?}: {measured:.1} dB");
            }
        }
    }
}
