//! What an endpoint plays: a tone, or music of a source.

use strowger_base::leg::{AudioSource, CallTone, Tone};
use strowger_base::{Instant, limits};

use crate::codec::resample::Down;
use crate::codec::{Codec, Speaker, opus};
use crate::control::StreamFormat;
use crate::music::{Music, Play};
use crate::tone::{self, Cadence, Player};
use crate::wav::{RATE_HZ, Recording};

/// Something to be played.
#[derive(Debug)]
pub(super) enum Programme {
    /// Tones.
    Tones(Player),
    /// A source. The tones are heard instead as long as it cannot be played.
    Source { number: AudioSource, instead: Player, own: Box<Own> },
    /// Something with an end: a source once, or the tones where there is none or it cannot be played.
    Announcement { source: Option<AudioSource>, tones: Player, left_ms: u32, own: Box<Own> },
}

/// What a listener has for itself who does not hear what others are sent.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Where it is in a source that each hears from its start: samples at [`RATE_HZ`].
    position: u64,
    down: Down,
    wide: Vec<i16>,
}

impl Own {
    /// Appends the next `count` samples at `rate_hz`.
    fn render(&mut self, recording: &Recording, (rate_hz, count): (u32, usize), samples: &mut Vec<i16>) {
        let wide = count * (RATE_HZ / rate_hz) as usize;
        if wide == count {
            recording.loop_from(self.position, wide, samples);
        } else {
            self.wide.clear();
            recording.loop_from(self.position, wide, &mut self.wide);
            self.down.convert(&self.wide, samples);
        }
        self.position += wide as u64;
    }
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

    /// What tells once why a call fails: a source from its beginning to its end, or a tone for [`TONE_MS`].
    pub(super) fn announcement(tone: Tone) -> Self {
        let (source, cadence, left_ms) = match tone {
            Tone::Source(number) => {
                (Some(number), &tone::REORDER, limits::ANNOUNCEMENT_TIME.as_millis() as u32)
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
            | Tone::National { .. } => (None, tone::cadence(tone), TONE_MS),
        };
        let tones = Player::new(cadence);
        Programme::Announcement { source, tones, left_ms, own: Box::default() }
    }

    /// What a service plays that asks a caller for something: a tone, or in the end why the call fails.
    pub(super) fn prompt(tone: Tone) -> Self {
        if Self::says_why(tone) { Programme::announcement(tone) } else { Programme::of(tone) }
    }

    /// Whether a tone tells why a call fails, and so is heard once.
    pub(super) const fn says_why(tone: Tone) -> bool {
        match tone {
            Tone::Source(_) => true,
            Tone::National { tone, .. } => {
                matches!(tone, CallTone::Busy | CallTone::Reorder | CallTone::Information)
            }
            Tone::Silence
            | Tone::Dial
            | Tone::OutsideDial
            | Tone::ZipZip
            | Tone::Ringing
            | Tone::Music
            | Tone::Enter
            | Tone::Leave
            | Tone::Hold => false,
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
            Programme::Announcement { tones, left_ms, .. } => *left_ms == 0 || tones.is_finished(),
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
                    if source.play == Play::Continuously {
                        own.position = Music::position(at);
                    }
                    own.render(&source.recording, (rate_hz, count), samples);
                }
                Some(_) => {
                    music.payload(*number, format, at, payload);
                    return;
                }
            },
            Programme::Announcement { source, tones, left_ms, own } => {
                *left_ms = left_ms.saturating_sub(u32::from(format.ptime_ms));
                match source.and_then(|number| music.source(number)) {
                    Some(source) => {
                        own.render(&source.recording, (rate_hz, count), samples);
                        let over = own.position.saturating_sub(source.recording.samples().len() as u64);
                        if over > 0 {
                            *left_ms = 0;
                            // Nothing is heard again of its beginning.
                            let kept =
                                count.saturating_sub((over as usize).div_ceil((RATE_HZ / rate_hz) as usize));
                            samples.iter_mut().skip(kept).for_each(|sample| *sample = 0);
                        }
                    }
                    None => {
                        *left_ms = (*left_ms).min(TONE_MS.saturating_sub(u32::from(format.ptime_ms)));
                        tones.render(rate_hz, count, samples);
                    }
                }
            }
        }
        speaker.encode(samples, payload);
    }
}

/// Whether a listener asked for less than what all others are sent.
fn wants_less(format: &StreamFormat) -> bool {
    format.codec == Codec::Opus && format.bitrate_max.is_some_and(|most| most < opus::BITRATE)
}

/// How long a tone is heard that tells why a call fails: long enough to be recognised, before the phone makes its own.
const TONE_MS: u32 = 6000;
