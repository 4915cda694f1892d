//! What an endpoint plays: a tone, or music of a source.

use strowger_base::Instant;
use strowger_base::leg::{AudioSource, Tone};

use crate::codec::resample::Down;
use crate::codec::{Codec, Speaker, opus};
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
    Source { number: AudioSource, instead: Player, own: Box<Own> },
}

/// What a listener has for itself who does not hear what others are sent.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Where it is in a source that each hears from its start: samples at [`RATE_HZ`].
    position: u64,
    down: Down,
    wide: Vec<i16>,
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
            Tone::Source(number) => Programme::Source { number, instead: player, own: Box::default() },
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
            Programme::Source { number, instead, own } => match music.source(*number) {
                None => instead.render(rate_hz, count, samples),
                // Who wants less than others do gets what they hear from an encoder of its own.
                Some(source) if source.play == Play::FromStart || wants_less(format) => {
                    let wide = count * (RATE_HZ / rate_hz) as usize;
                    let position = match source.play {
                        Play::FromStart => own.position,
                        Play::Continuously => Music::position(at),
                    };
                    own.position += wide as u64;
                    if wide == count {
                        source.recording.loop_from(position, wide, samples);
                    } else {
                        own.wide.clear();
                        source.recording.loop_from(position, wide, &mut own.wide);
                        own.down.convert(&own.wide, samples);
                    }
                }
                Some(_) => {
                    music.payload(*number, format, at, payload);
                    return;
                }
            },
        }
        speaker.encode(samples, payload);
    }
}

/// Whether a listener asked for less than what all others are sent.
fn wants_less(format: &StreamFormat) -> bool {
    format.codec == Codec::Opus && format.bitrate_max.is_some_and(|most| most < opus::BITRATE)
}
