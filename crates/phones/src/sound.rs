//! Packets of sound as the phone models make and hear them (RFC 3550, RFC 4733, G.711), and the tones of keys in it (ITU-T Q.23). It is written
//! for these phones alone, so that what the server makes and hears is checked by somebody else.

use std::f64::consts::TAU;

/// A packet of RTP, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Payload type, 0 to 127.
    pub kind: u8,
    /// Sequence number.
    pub sequence: u16,
    /// In samples of its clock, 8,000 a second.
    pub timestamp: u32,
    /// Who sends it (SSRC).
    pub source: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

impl Packet<'_> {
    /// Takes a packet apart; `None` for what has no plain header (RFC 3550 §5.1), as those of these phones are.
    pub fn parse(bytes: &[u8]) -> Option<Packet<'_>> {
        let &[0x80, kind, s1, s2, t1, t2, t3, t4, i1, i2, i3, i4, ref payload @ ..] = bytes else {
            return None;
        };
        Some(Packet {
            kind: kind & 0x7f,
            sequence: u16::from_be_bytes([s1, s2]),
            timestamp: u32::from_be_bytes([t1, t2, t3, t4]),
            source: u32::from_be_bytes([i1, i2, i3, i4]),
            payload,
        })
    }

    /// The packet as it goes over the network; the marker says that something begins.
    pub fn bytes(&self, marker: bool) -> Vec<u8> {
        let mut bytes = vec![0x80, self.kind | if marker { 0x80 } else { 0 }];
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.source.to_be_bytes());
        bytes.extend_from_slice(self.payload);
        bytes
    }
}

/// Samples of a packet: 20 ms at 8 kHz.
pub const SAMPLES: usize = 160;

/// The keys in the order of their event codes (RFC 4733 §3.2).
pub const KEYS: &str = "0123456789*#ABCD";

const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const PAD: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// A packet of a key that is held since so many samples, or of a quiet room.
pub fn tone(key: Option<char>, since: usize, law: u8) -> Vec<u8> {
    let place = |key: char| {
        PAD.iter().enumerate().find_map(|(row, keys)| Some((row, keys.iter().position(|it| *it == key)?)))
    };
    let pair = key.and_then(place).map(|(row, column)| (LOW[row], HIGH[column]));
    let sample = |at: usize| match pair {
        Some((low, high)) => {
            let time = at as f64 / 8000.0;
            ((TAU * low * time).sin() + (TAU * high * time).sin()) * 6000.0
        }
        // So quiet that it is no silence that a phone would leave out.
        None => {
            if at.is_multiple_of(3) {
                12.0
            } else {
                -6.0
            }
        }
    };
    (since..since + SAMPLES).map(|at| encoded(sample(at) as i16, law)).collect()
}

/// Which key a packet is of.
pub fn key_in(payload: &[u8], law: u8) -> Option<char> {
    let samples: Vec<f64> = payload.iter().map(|byte| f64::from(decoded(*byte, law))).collect();
    let energy: f64 = samples.iter().map(|it| it * it).sum();
    if energy < samples.len() as f64 * 500.0 * 500.0 {
        return None;
    }
    // The share of the energy that is at a frequency.
    let share = |frequency: f64| {
        let turn = |(at, sample): (usize, &f64)| {
            let angle = TAU * frequency * at as f64 / 8000.0;
            (sample * angle.cos(), sample * angle.sin())
        };
        let (x, y) =
            samples.iter().enumerate().map(turn).fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        2.0 * (x * x + y * y) / (energy * samples.len() as f64)
    };
    let loudest = |all: [f64; 4]| {
        let shares = all.map(share);
        (0..4).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).map(|at| (at, shares[at]))
    };
    let ((row, low), (column, high)) = (loudest(LOW)?, loudest(HIGH)?);
    (low > 0.3 && high > 0.3 && low + high > 0.75).then(|| PAD[row][column])
}

/// A tone of whole hertz, as a second of samples that can be repeated; a quiet room for 0.
pub fn sine(hertz: u32) -> Vec<i16> {
    let sample = |at: u32| (TAU * f64::from(hertz) * f64::from(at) / f64::from(RATE)).sin() * 8000.0;
    (0..RATE).map(|at| sample(at) as i16).collect()
}

/// Samples a second.
pub const RATE: u32 = 8000;

/// Samples as they are sent in a law: payload type 0 or 8.
pub fn written(samples: &[i16], law: u8) -> Vec<u8> {
    samples.iter().map(|sample| encoded(*sample, law)).collect()
}

/// The samples of a payload in a law: payload type 0 or 8.
pub fn read(payload: &[u8], law: u8) -> Vec<i16> {
    payload.iter().map(|byte| decoded(*byte, law)).collect()
}

/// A sample in µ-law (payload type 0) or A-law (8), from the definitions of G.711.
fn encoded(sample: i16, law: u8) -> u8 {
    // The nearest of 256 values: no phone is faster than it has to be.
    (0..=255u8).min_by_key(|byte| (i32::from(decoded(*byte, law)) - i32::from(sample)).abs()).unwrap_or(0)
}

fn decoded(byte: u8, law: u8) -> i16 {
    if law == 0 {
        let byte = !byte;
        let (exponent, mantissa) = (i16::from(byte >> 4 & 7), i16::from(byte & 15));
        let size = (((mantissa << 3) + 132) << exponent) - 132;
        return if byte & 0x80 == 0 { size } else { -size };
    }
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = (i16::from(byte >> 4 & 7), i16::from(byte & 15));
    let size = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 264) << (exponent - 1),
    };
    if byte & 0x80 == 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_heard_in_its_own_sound_and_in_nothing_else() {
        for law in [0, 8] {
            for key in KEYS.chars() {
                assert_eq!(key_in(&tone(Some(key), 320, law), law), Some(key), "{law}");
                let mut half = tone(Some(key), 0, law);
                half[..120].copy_from_slice(&tone(None, 0, law)[..120]);
                assert!(key_in(&half, law).is_none_or(|heard| heard == key), "{law}");
            }
            assert_eq!(key_in(&tone(None, 0, law), law), None);
        }
    }

    #[test]
    fn a_packet_comes_as_it_went() {
        let payload = [1, 2, 3];
        let sent = Packet { kind: 101, sequence: 7, timestamp: 1600, source: 9, payload: &payload };
        let bytes = sent.bytes(true);
        let came = Packet::parse(&bytes).expect("a packet");
        assert_eq!(
            (came.kind, came.sequence, came.timestamp, came.source, came.payload),
            (101, 7, 1600, 9, &payload[..])
        );
        assert!(Packet::parse(&bytes[..11]).is_none());
    }
}
