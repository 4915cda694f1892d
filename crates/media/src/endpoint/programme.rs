//! What an endpoint plays: a tone, or music of a source.

use strowger_base::Instant;
use strowger_base::leg::{AudioSource, Tone};

use crate::codec::Speaker;
use crate::codec::resample::Down;
use crate::control::StreamFormat;
use crate::music::{Music, Play};
use crate::tone::{self, Cadence, Player};
use crate::wav::RATE_HZ;

/// Something to be played.
#[derive(Debug)]
pub(super) enum Programme {
    /// Tones.
    Tones(Player),
    /// A source. The tones are heard instead as long as it cannot be played.
    Source {
        number: AudioSource,
        instead: Player,
        /// Where this listener is in a source that each hears from its start: samples at [`RATE_HZ`].
        position: u64,
        down: Down,
    },
}

/// What makes a packet of it.
pub(super) struct Frame<'a> {
    /// What is agreed with the listener.
    pub(super) format: &'a StreamFormat,
    /// When the packet is due.
    pub(super) at: Instant,
    pub(super) speaker: &'a mut Speaker,
    pub(super) samples: &'a mut Vec<i16>,
}

impl Programme {
    /// What is heard for a tone.
    pub(super) fn of(tone: Tone) -> Self {
        let player = Player::new(tone::cadence(tone));
        match tone {
            Tone::Source(number) => {
                Programme::Source { number, instead: player, position: 0, down: Down::new() }
            }
            Tone::Silence
            | Tone::Dial
            | Tone::OutsideDial
            | Tone::ZipZip
            | Tone::Ringing
            | Tone::Music
            | Tone::Enter
            | Tone::Leave
            | Tone::Hold
            | Tone::National { .. } => Programme::Tones(player),
        }
    }

    /// A cadence.
    pub(super) fn cadence(cadence: &'static Cadence) -> Self {
        Programme::Tones(Player::new(cadence))
    }

    /// True when all has been played.
    pub(super) fn is_finished(&self) -> bool {
        match self {
            Programme::Tones(player) => player.is_finished(),
            Programme::Source { .. } => false,
        }
    }

    /// Appends the payload of the next packet.
    pub(super) fn next(&mut self, music: &mut Music, frame: Frame<'_>, payload: &mut Vec<u8>) {
        let Frame { format, at, speaker, samples } = frame;
        let (rate_hz, count) = (format.codec.sample_rate_hz(), format.codec.samples(format.ptime_ms));
        samples.clear();
        match self {
            Programme::Tones(player) => player.render(rate_hz, count, samples),
            Programme::Source { number, instead, position, down } => match music.source(*number) {
                None => instead.render(rate_hz, count, samples),
                Some(source) => match source.play {
                    Play::Continuously => {
                        music.payload(*number, format, at, payload);
                        return;
                    }
                    Play::FromStart => {
                        let wide = count * (RATE_HZ / rate_hz) as usize;
                        source.recording.loop_from(*position, wide, samples);
                        *position += wide as u64;
                        if wide != count {
                            let narrow = std::mem::take(samples);
                            down.convert(&narrow, samples);
                        }
                    }
                },
            },
        }
        speaker.encode(samples, payload);
    }
}
