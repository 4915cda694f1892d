//! Payload bytes to samples and back, whatever the codec.

use super::resample::Rate;
use super::{Codec, g711, g722, opus};

/// Decodes one stream.
#[derive(Debug)]
pub enum Listener {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722(Box<g722::Decoder>),
    /// Opus.
    Opus(Box<opus::Decoder>),
    /// A codec that we do not speak: nothing is heard.
    Deaf,
}

/// Encodes one stream.
#[derive(Debug)]
pub enum Speaker {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722(Box<g722::Encoder>),
    /// Opus.
    Opus(Box<opus::Encoder>),
    /// A codec that we do not speak: nothing is said.
    Dumb(Codec),
}

impl Listener {
    /// A decoder at rest.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Listener::Pcmu,
            Codec::Pcma => Listener::Pcma,
            Codec::G722 => Listener::G722(Box::default()),
            Codec::Opus => Listener::Opus(Box::default()),
            Codec::G729 => Listener::Deaf,
        }
    }

    /// Appends the samples at the codec's rate.
    pub fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        match self {
            Listener::Pcmu => samples.extend(payload.iter().map(|&byte| g711::decode_mu_law(byte))),
            Listener::Pcma => samples.extend(payload.iter().map(|&byte| g711::decode_a_law(byte))),
            Listener::G722(decoder) => decoder.decode(payload, samples),
            Listener::Opus(decoder) => decoder.decode(payload, samples),
            Listener::Deaf => {}
        }
    }
}

impl Speaker {
    /// An encoder at rest.
    pub fn new(codec: Codec) -> Self {
        Speaker::with_bitrate(codec, None)
    }

    /// An encoder at rest for a peer that wants at most so many bits a second, where the codec can heed it.
    pub fn with_bitrate(codec: Codec, bitrate_max: Option<u32>) -> Self {
        match codec {
            Codec::Pcmu => Speaker::Pcmu,
            Codec::Pcma => Speaker::Pcma,
            Codec::G722 => Speaker::G722(Box::default()),
            Codec::Opus => Speaker::Opus(Box::new(opus::Encoder::new(bitrate_max.unwrap_or(opus::BITRATE)))),
            Codec::G729 => Speaker::Dumb(codec),
        }
    }

    /// Another encoder that goes on from where this one is, for a listener who has heard what this one made. Opus begins anew: its
    /// decoders take that without a click.
    pub fn fork(&self, bitrate_max: Option<u32>) -> Self {
        match self {
            Speaker::Pcmu => Speaker::Pcmu,
            Speaker::Pcma => Speaker::Pcma,
            Speaker::G722(encoder) => Speaker::G722(encoder.clone()),
            Speaker::Opus(_) => Speaker::with_bitrate(Codec::Opus, bitrate_max),
            Speaker::Dumb(codec) => Speaker::Dumb(*codec),
        }
    }

    /// Which codec it is.
    pub const fn codec(&self) -> Codec {
        match self {
            Speaker::Pcmu => Codec::Pcmu,
            Speaker::Pcma => Codec::Pcma,
            Speaker::G722(_) => Codec::G722,
            Speaker::Opus(_) => Codec::Opus,
            Speaker::Dumb(codec) => *codec,
        }
    }

    /// Appends the payload for samples at the codec's rate.
    pub fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        match self {
            Speaker::Pcmu => payload.extend(samples.iter().map(|&sample| g711::encode_mu_law(sample))),
            Speaker::Pcma => payload.extend(samples.iter().map(|&sample| g711::encode_a_law(sample))),
            Speaker::G722(encoder) => encoder.encode(samples, payload),
            Speaker::Opus(encoder) => encoder.encode(samples, payload),
            Speaker::Dumb(_) => {}
        }
    }
}

/// From one codec to another.
#[derive(Debug)]
pub struct Transcoder {
    from: Codec,
    listener: Listener,
    rate: Rate,
    heard: Vec<i16>,
    converted: Vec<i16>,
}

impl Transcoder {
    /// Between these two.
    pub fn new(from: Codec, to: Codec) -> Self {
        let rate = Rate::new(from.sample_rate_hz(), to.sample_rate_hz());
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
                let samples = sine(1000.0, rate(from), 8000.0, from.sample_rate_hz() as usize);
                let (mut source, mut speaker) = (Speaker::new(from), Speaker::new(to));
                let (mut transcoder, mut listener) = (Transcoder::new(from, to), Listener::new(to));
                let mut heard = Vec::new();
                for frame in samples.chunks_exact(from.samples(20)) {
                    let (mut payload, mut out) = (Vec::new(), Vec::new());
                    source.encode(frame, &mut payload);
                    transcoder.transcode(&payload, &mut speaker, &mut out);
                    assert_eq!(to.units_of(&out), to.units(20), "{from:?} to {to:?}");
                    listener.decode(&out, &mut heard);
                }
                let measured = tone_to_rest_db(1000.0, rate(to), &heard[2000..6000]);
                let expect = if [from, to].contains(&Codec::Opus) { 20.0 } else { 30.0 };
                assert!(measured > expect, "{from:?} to {to:?}: {measured:.1} dB");
            }
        }
    }
}
