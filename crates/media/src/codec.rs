//! The audio codecs that endpoints of our own can speak.

pub mod g711;
pub mod g722;
pub mod resample;
mod transcode;

pub use transcode::{Listener, Speaker, Transcoder};

/// A codec by what RFC 3551 calls it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz, payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz, payload type 8.
    Pcma,
    /// G.722, 16 kHz audio on an 8 kHz RTP clock, payload type 9.
    G722,
}

impl Codec {
    /// All of them, in the order in which they are offered: the best sound first.
    pub const ALL: [Codec; 3] = [Codec::G722, Codec::Pcma, Codec::Pcmu];

    /// RTP clock in Hz. It is 8000 for G.722 too, by an error that RFC 3551 §4.5.2 keeps for compatibility.
    pub const RTP_CLOCK_HZ: u32 = 8000;

    /// The encoding name of `a=rtpmap` (RFC 3551 table 4).
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
        }
    }

    /// The static payload type (RFC 3551 table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
        }
    }

    /// The codec that an `a=rtpmap` names; the case does not matter (RFC 8866 §6.6).
    pub fn from_rtpmap(name: &str, clock_hz: u32) -> Option<Codec> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name) && clock_hz == Codec::RTP_CLOCK_HZ)
    }

    /// The codec of a static payload type, where no `a=rtpmap` says otherwise.
    pub fn from_static(payload_type: u8) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    /// Samples of sound in a second.
    pub const fn sample_rate_hz(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => 8000,
            Codec::G722 => 16_000,
        }
    }

    /// Payload bytes of one millisecond: all three have 64 kbit/s.
    pub const BYTES_PER_MS: usize = 8;
    /// Payload bytes of one tick of the RTP clock.
    pub const BYTES_PER_UNIT: usize = 1;
}

#[cfg(test)]
pub(crate) mod tests {
    use strowger_base::Rng;

    /// A sine of this amplitude.
    pub(crate) fn sine(hz: f64, rate_hz: f64, amplitude: f64, samples: usize) -> Vec<i16> {
        let step = hz / rate_hz * std::f64::consts::TAU;
        (0..samples).map(|index| (amplitude * (step * index as f64).sin()) as i16).collect()
    }

    /// Samples without any order.
    pub(crate) fn noise(seed: u64, samples: usize) -> Vec<i16> {
        let mut rng = Rng::new(seed);
        (0..samples).map(|_| rng.next_u64() as i16).collect()
    }

    /// Power of `clean` over power of what `heard` differs from it.
    pub(crate) fn signal_to_noise_db(clean: &[i16], heard: &[i16]) -> f64 {
        let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
        let signal = power(&mut clean.iter().map(|&sample| f64::from(sample)));
        let error = power(&mut clean.iter().zip(heard).map(|(&a, &b)| f64::from(a) - f64::from(b)));
        10.0 * (signal / error.max(1.0)).log10()
    }

    /// Power of a tone over the power of everything else; whole periods make it exact.
    pub(crate) fn tone_to_rest_db(hz: f64, rate_hz: f64, heard: &[i16]) -> f64 {
        let step = hz / rate_hz * std::f64::consts::TAU;
        let (mut cosine, mut sine, mut total) = (0.0, 0.0, 0.0);
        for (index, &sample) in heard.iter().enumerate() {
            let (sample, angle) = (f64::from(sample), step * index as f64);
            cosine += sample * angle.cos();
            sine += sample * angle.sin();
            total += sample * sample;
        }
        let tone = (cosine * cosine + sine * sine) * 2.0 / heard.len() as f64;
        10.0 * (tone / (total - tone).max(1.0)).log10()
    }
}
