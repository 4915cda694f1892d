//! Opus (RFC 6716), as telephones use it: one channel, sound up to 8 kHz.
//!
//! The codec itself is the crate `opus-pure` (docs/adr/0028-opus-in-rust-others-passed-through.md). It is used at 16 kHz:
//! decoders give any rate whatever the peer sent, phones have no ear for more, and everything else of ours
//! works at 8 or 16 kHz.

use std::fmt;

use opus_pure::{Application, MAX_PACKET_BYTES, OpusDecoder, OpusEncoder, Repacketizer, packet};

/// Turns 16 kHz samples into packets.
pub struct Encoder {
    encoder: OpusEncoder,
    /// Joins frames where no single one is as long as the packet.
    joiner: Repacketizer,
    frame: Box<[u8; FRAME_BYTES_MAX]>,
}

/// Turns packets into 16 kHz samples.
pub struct Decoder {
    decoder: OpusDecoder,
    /// Samples of the last packet: what a packet is taken to have had that cannot be read.
    last: usize,
}

impl Encoder {
    /// An encoder at rest, of at most `bitrate` bits a second on average.
    pub fn new(bitrate: u32) -> Self {
        let mut encoder = OpusEncoder::new(RATE_HZ, 1, Application::Voip)
            .expect("rate and channels are among those that RFC 6716 knows");
        encoder.bitrate_bps = bitrate.clamp(BITRATE_MIN, BITRATE) as i32;
        encoder.complexity = COMPLEXITY;
        Encoder { encoder, joiner: Repacketizer::new(), frame: Box::new([0; FRAME_BYTES_MAX]) }
    }

    /// Appends one packet with these samples. 10, 20, 40 and 60 ms are one frame; other lengths are made of frames of
    /// 10 ms, the last one filled up with silence. More than 120 ms do not fit into a packet and are cut off.
    pub fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        if let 160 | 320 | 640 | 960 = samples.len() {
            let written = self.encoder.encode_s16(samples, samples.len(), self.frame.as_mut_slice());
            // What cannot be encoded is as good as lost.
            payload.extend_from_slice(self.frame.get(..written.unwrap_or(0)).unwrap_or_default());
            return;
        }
        self.joiner.clear();
        for part in samples.chunks(SHORT_FRAME).take(FRAMES_MAX) {
            let mut whole = [0; SHORT_FRAME];
            whole.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            if let Ok(written) = self.encoder.encode_s16(&whole, SHORT_FRAME, self.frame.as_mut_slice()) {
                // Frames join only while they are of one kind; the rest is lost.
                let _ = self.joiner.cat(self.frame.get(..written).unwrap_or_default());
            }
        }
        let _ = self.joiner.out_into(payload);
    }
}

impl Decoder {
    /// A decoder at rest.
    pub fn new() -> Self {
        let decoder =
            OpusDecoder::new(RATE_HZ, 1).expect("rate and channels are among those that RFC 6716 knows");
        Decoder { decoder, last: LONG_FRAME }
    }

    /// Appends the samples of a packet. One that cannot be read is concealed like one that was lost.
    pub fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        let start = samples.len();
        samples.resize(start + SAMPLES_MAX, 0);
        let room = samples.get_mut(start..).unwrap_or_default();
        match self.decoder.decode_s16(payload, SAMPLES_MAX, room) {
            Ok(count) if !payload.is_empty() => {
                self.last = count;
                samples.truncate(start + count);
            }
            Ok(_) | Err(_) => {
                samples.truncate(start);
                self.conceal(self.last, samples);
            }
        }
    }

    /// Appends what a packet of `count` samples may have sounded like that was lost.
    pub fn conceal(&mut self, count: usize, samples: &mut Vec<i16>) {
        let start = samples.len();
        // Concealment is made in steps of 2.5 ms.
        let count = count.min(SAMPLES_MAX).next_multiple_of(CONCEAL_STEP);
        samples.resize(start + count, 0);
        let room = samples.get_mut(start..).unwrap_or_default();
        let made = self.decoder.decode_s16(&[], count, room).unwrap_or(0);
        // Where even that fails it is silent.
        samples.iter_mut().skip(start + made).for_each(|sample| *sample = 0);
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("bitrate", &self.encoder.bitrate_bps).finish_non_exhaustive()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("last", &self.last).finish_non_exhaustive()
    }
}

/// Units of the 48 kHz RTP clock that a packet fills; 0 when it cannot be read (RFC 6716 §3.1, RFC 7587 §4.2).
pub fn units_of(payload: &[u8]) -> u32 {
    packet::samples_48k(payload).map_or(0, |units| units as u32)
}

/// The `maxaveragebitrate` among the parameters of `a=fmtp` (RFC 7587 §6.1): what the peer wants to receive at most.
pub fn bitrate_max(parameters: &str) -> Option<u32> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("maxaveragebitrate").then(|| value.trim().parse().ok())?
    })
}

/// What we tell peers (RFC 7587 §6.1): nothing above 8 kHz is played here, and nothing above it comes from here.
pub const PARAMETERS: &str = "maxplaybackrate=16000;sprop-maxcapturerate=16000";
/// Bits a second on average: RFC 7587 §3.1.1 names 16 to 20 kbit/s for wideband speech; a little more lets music pass.
pub const BITRATE: u32 = 24_000;
/// The least that RFC 7587 §6.1 lets a peer ask for.
const BITRATE_MIN: u32 = 6_000;
/// From 0 to 10; see the ADR for what each costs.
const COMPLEXITY: i32 = 1;
const RATE_HZ: i32 = 16_000;
/// 10 ms.
const SHORT_FRAME: usize = 160;
/// 20 ms.
const LONG_FRAME: usize = 320;
/// 120 ms, the longest packet (RFC 6716 §3.2.5).
const SAMPLES_MAX: usize = 1920;
const FRAMES_MAX: usize = SAMPLES_MAX / SHORT_FRAME;
const CONCEAL_STEP: usize = 40;
const FRAME_BYTES_MAX: usize = MAX_PACKET_BYTES;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests::{noise, sine, tone_to_rest_db};
    use strowger_base::Rng;

    fn packets(samples: &[i16], each: usize) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(BITRATE);
        let encode = |part: &[i16]| {
            let mut payload = Vec::new();
            encoder.encode(part, &mut payload);
            payload
        };
        samples.chunks_exact(each).map(encode).collect()
    }

    #[test]
    fn a_tone_survives_in_packets_of_every_length() {
        let tone = sine(1000.0, 16_000.0, 8000.0, 48_000);
        for ms in [10, 20, 30, 40, 50, 60, 120] {
            let each = ms * 16;
            let mut heard = Vec::new();
            let mut decoder = Decoder::new();
            for packet in packets(&tone, each) {
                let before = heard.len();
                assert_eq!(units_of(&packet) as usize, ms * 48, "{ms} ms");
                decoder.decode(&packet, &mut heard);
                assert_eq!(heard.len() - before, each, "{ms} ms");
            }
            let measured = tone_to_rest_db(1000.0, 16_000.0, &heard[16_000..32_000]);
            assert!(measured > 20.0, "{ms} ms: {measured:.1} dB");
        }
    }

    #[test]
    fn the_bitrate_is_the_one_that_was_asked_for() {
        let mut sound = noise(4, 160_000);
        sound.iter_mut().for_each(|sample| *sample /= 8);
        for (asked, most) in [(BITRATE, 24_000), (12_000, 12_000), (1_000_000, 24_000), (1, 7_000)] {
            let mut encoder = Encoder::new(asked);
            let mut payload = Vec::new();
            sound.chunks_exact(320).for_each(|part| encoder.encode(part, &mut payload));
            let rate = payload.len() * 8 / 10;
            assert!(rate < most * 11 / 10, "{asked}: {rate} bit/s");
        }
    }

    #[test]
    fn what_is_lost_or_broken_is_concealed_and_takes_its_time() {
        let tone = sine(500.0, 16_000.0, 8000.0, 32_000);
        let mut decoder = Decoder::new();
        let mut heard = Vec::new();
        for (index, packet) in packets(&tone, 320).iter().enumerate() {
            match index {
                50 => decoder.conceal(320, &mut heard),
                60 => decoder.decode(&[], &mut heard),
                // Two frames of different lengths, and no second length (RFC 6716 §3.2.4).
                70 => decoder.decode(&[0x4a], &mut heard),
                _ => decoder.decode(packet, &mut heard),
            }
        }
        assert_eq!(heard.len(), 32_000);
        // A single packet is guessed well enough that no hole is heard.
        for hole in [50, 60, 70] {
            let loudest = heard[hole * 320..(hole + 1) * 320].iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!(loudest > 1000, "packet {hole}: {loudest}");
        }
    }

    #[test]
    fn no_bytes_harm_the_decoder() {
        let sound = noise(6, 32_000);
        let good = packets(&sound, 320);
        let mut rng = Rng::new(7);
        let mut decoder = Decoder::new();
        let mut heard = Vec::new();
        for _ in 0..4000 {
            let mut packet = good[rng.below(good.len() as u64) as usize].clone();
            match rng.below(3) {
                0 => packet.truncate(rng.below(packet.len() as u64 + 1) as usize),
                1 => packet.iter_mut().for_each(|byte| *byte = rng.next_u64() as u8),
                _ => {
                    let at = rng.below(packet.len() as u64) as usize;
                    packet[at] ^= 1 << rng.below(8);
                }
            }
            heard.clear();
            decoder.decode(&packet, &mut heard);
            assert!((1..=SAMPLES_MAX).contains(&heard.len()), "{packet:02x?}");
            units_of(&packet);
        }
    }

    #[test]
    fn the_peers_limit_is_read() {
        let check = |parameters: &str, expect: Option<u32>| {
            assert_eq!(bitrate_max(parameters), expect, "{parameters}");
        };
        check("maxplaybackrate=16000; maxaveragebitrate=20000; stereo=1", Some(20_000));
        check("MaxAverageBitrate=64000", Some(64_000));
        check("minptime=10;useinbandfec=1", None);
        check("maxaveragebitrate=fast", None);
        check("", None);
    }
}
