//! The audio codecs that endpoints of our own can speak, and those that only media resources of routers can.

pub mod g711;
pub mod g722;
pub mod opus;
pub mod resample;
mod transcode;

pub use transcode::{Listener, Speaker, Transcoder};

/// A codec by what RFC 3551 and RFC 7587 call it.
///
/// Whatever its name, a codec turns samples of 16 bits, one channel, at [`Codec::sample_rate_hz`] into payloads and back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz, payload type 0.
    Pcmu,
    /// G.711 A-law, 8 kHz, payload type 8.
    Pcma,
    /// G.722, 16 kHz audio on an 8 kHz RTP clock, payload type 9.
    G722,
    /// Opus, used at 16 kHz with one channel, on a 48 kHz RTP clock, dynamic payload type.
    Opus,
    /// G.729 in any of its annexes, 8 kHz, payload type 18. We do not speak it: it is negotiated for resources that do.
    G729,
}

impl Codec {
    /// All that we speak, in the order in which they are offered: the best sound first, and of those alike the one that costs
    /// less: G.722 is coded in a tenth of the time of Opus.
    pub const ALL: [Codec; 4] = [Codec::G722, Codec::Opus, Codec::Pcma, Codec::Pcmu];

    /// All that can be negotiated for somebody.
    pub const KNOWN: [Codec; 5] = [Codec::G722, Codec::Opus, Codec::Pcma, Codec::Pcmu, Codec::G729];

    /// RTP clock in Hz. It is 8000 for G.722 too, by an error that RFC 3551 §4.5.2 keeps for compatibility, and
    /// 48000 for Opus at whatever rate it is used (RFC 7587 §4.1).
    pub const fn rtp_clock_hz(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::G729 => 8000,
            Codec::Opus => 48_000,
        }
    }

    /// The encoding name of `a=rtpmap` (RFC 3551 table 4, RFC 7587 §7).
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
            Codec::G729 => "G729",
        }
    }

    /// What stands behind the name in `a=rtpmap`: clock and channels. Opus always says two (RFC 7587 §7).
    pub const fn rtpmap_rate(self) -> &'static str {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::G729 => "8000",
            Codec::Opus => "48000/2",
        }
    }

    /// What we say in `a=fmtp` about what we like to receive, where there is something to say.
    pub const fn parameters(self) -> Option<&'static str> {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => None,
            Codec::Opus => Some(opus::PARAMETERS),
            // Without it silence might be left out, which not every DSP is told to expect.
            Codec::G729 => Some("annexb=no"),
        }
    }

    /// The payload type under which it is offered: the static one (RFC 3551 table 4), or for Opus one of the dynamic ones.
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => 114,
            Codec::G729 => 18,
        }
    }

    /// The codec that an `a=rtpmap` names; the case does not matter (RFC 8866 §6.6). It may be one that we do not speak.
    pub fn from_rtpmap(name: &str, clock_hz: u32) -> Option<Codec> {
        Codec::KNOWN
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name) && clock_hz == codec.rtp_clock_hz())
    }

    /// The codec that we speak of a static payload type, where no `a=rtpmap` says otherwise.
    pub fn from_static(payload_type: u8) -> Option<Codec> {
        let is_static = payload_type < DYNAMIC_FIRST;
        Codec::ALL.into_iter().find(|codec| is_static && codec.payload_type() == payload_type)
    }

    /// Samples of sound in a second, as this codec takes and gives them.
    pub const fn sample_rate_hz(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G729 => 8000,
            Codec::G722 | Codec::Opus => 16_000,
        }
    }

    /// Samples of sound in so many milliseconds.
    pub const fn samples(self, ms: u8) -> usize {
        self.sample_rate_hz() as usize / 1000 * ms as usize
    }

    /// Units of the RTP clock in so many milliseconds.
    pub const fn units(self, ms: u8) -> u32 {
        self.rtp_clock_hz() / 1000 * ms as u32
    }

    /// Units of the RTP clock that a payload fills; 0 when it cannot be read.
    pub fn units_of(self, payload: &[u8]) -> u32 {
        match self {
            // All three have 64 kbit/s: a byte for each unit.
            Codec::Pcmu | Codec::Pcma | Codec::G722 => payload.len() as u32,
            Codec::Opus => opus::units_of(payload),
            // Ten bytes for each 10 ms; two more, for what is left out of silence, fill none.
            Codec::G729 => payload.len() as u32 / 10 * 80,
        }
    }

    /// The packet time closest to a wanted one, in milliseconds, that this codec can have in one packet of ours.
    pub const fn ptime(self, wanted_ms: u8) -> u8 {
        match (self, wanted_ms) {
            (Codec::Opus, 0..=10) | (Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::G729, 0..=10) => 10,
            (Codec::Opus, 11..=30) => 20,
            (Codec::Opus, 31..=50) => 40,
            (_, 60..) | (Codec::Opus, 51..) => 60,
            (Codec::Pcmu | Codec::Pcma | Codec::G722, within) => within,
            // Frames of 10 ms.
            (Codec::G729, within) => within / 10 * 10,
        }
    }
}

/// The first payload type that means nothing by itself (RFC 3551 §6).
pub const DYNAMIC_FIRST: u8 = 96;

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
