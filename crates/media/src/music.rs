//! Music on hold: what operators have loaded, and one encoder for all who hear the same.
//!
//! A source that plays all the time has a place on the clock of the worker: who comes hears what is played just then, and packets of
//! all listeners with the same codec and packet time carry the same payload. Each is encoded once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use strowger_base::Instant;
use strowger_base::leg::AudioSource;

use crate::codec::resample::Down;
use crate::codec::{Codec, Speaker};
use crate::control::StreamFormat;
use crate::wav::{RATE_HZ, Recording};

/// Where somebody begins to hear a source.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Play {
    /// Where it is just then: all hear the same, which costs no more for many than for one.
    #[default]
    Continuously,
    /// At its beginning.
    FromStart,
}

/// A source that can be played.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// What it plays, over and over.
    pub recording: Arc<Recording>,
    /// Where somebody begins to hear it.
    pub play: Play,
}

/// All sources that can be played. Immutable; a change is another one.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Library {
    /// By their numbers.
    pub sources: BTreeMap<AudioSource, Source>,
}

/// What a worker plays of a library.
#[derive(Debug, Default)]
pub struct Music {
    library: Arc<Library>,
    streams: BTreeMap<(AudioSource, Codec, u8), Stream>,
    encoded: u64,
}

impl Music {
    /// Other sources from now on. Who hears one that stays goes on hearing it where it is.
    pub(crate) fn set_library(&mut self, library: Arc<Library>) {
        let before = std::mem::replace(&mut self.library, library);
        let sources = &self.library.sources;
        self.streams.retain(|(number, _, _), _| {
            let (old, new) = (before.sources.get(number), sources.get(number));
            matches!((old, new), (Some(old), Some(new)) if Arc::ptr_eq(&old.recording, &new.recording))
        });
    }

    /// The source with this number, when it can be played.
    pub(crate) fn source(&self, number: AudioSource) -> Option<&Source> {
        self.library.sources.get(&number)
    }

    /// Where every source is at a moment that plays all the time: samples at [`RATE_HZ`].
    pub(crate) const fn position(at: Instant) -> u64 {
        at.as_nanos() / 1_000_000 * (RATE_HZ as u64 / 1000)
    }

    /// Appends the payload of the packet that is due at `at`, of a source that plays all the time. False when there is no such source.
    pub(crate) fn payload(
        &mut self,
        number: AudioSource,
        format: &StreamFormat,
        at: Instant,
        payload: &mut Vec<u8>,
    ) -> bool {
        let Some(source) = self.library.sources.get(&number) else { return false };
        let key = (number, format.codec, format.ptime_ms);
        let stream = self.streams.entry(key).or_insert_with(|| Stream::new(format));
        let frame = at.as_nanos() / 1_000_000 / u64::from(format.ptime_ms.max(1));
        self.encoded += stream.advance(frame, &source.recording);
        payload.extend_from_slice(stream.payload(frame));
        true
    }

    /// Frames encoded until now.
    #[cfg(test)]
    pub(crate) const fn encoded(&self) -> u64 {
        self.encoded
    }
}

/// A source in one codec and packet time.
#[derive(Debug)]
struct Stream {
    speaker: Speaker,
    down: Option<Down>,
    ptime_ms: u8,
    /// The number of the frame that is encoded next, counted from the start of the clock.
    next: u64,
    /// The last frames, the latest at the back: listeners are at different places of the same 20 ms, or late.
    frames: VecDeque<Vec<u8>>,
    wide: Vec<i16>,
    narrow: Vec<i16>,
}

impl Stream {
    fn new(format: &StreamFormat) -> Self {
        Stream {
            speaker: Speaker::new(format.codec),
            down: (format.codec.sample_rate_hz() < RATE_HZ).then(Down::new),
            ptime_ms: format.ptime_ms,
            next: 0,
            frames: VecDeque::with_capacity(FRAMES_KEPT),
            wide: Vec::new(),
            narrow: Vec::new(),
        }
    }

    /// Encodes up to a frame and tells how many it encoded.
    fn advance(&mut self, frame: u64, recording: &Recording) -> u64 {
        if frame.saturating_sub(self.next) >= FRAMES_KEPT as u64 {
            // Nobody has listened for a while.
            self.frames.clear();
            self.next = frame;
        }
        let mut encoded = 0;
        while self.next <= frame {
            self.encode(recording);
            encoded += 1;
        }
        encoded
    }

    fn encode(&mut self, recording: &Recording) {
        let count = RATE_HZ as usize / 1000 * usize::from(self.ptime_ms);
        self.wide.clear();
        recording.loop_from(self.next * count as u64, count, &mut self.wide);
        let samples = match &mut self.down {
            Some(down) => {
                self.narrow.clear();
                down.convert(&self.wide, &mut self.narrow);
                &self.narrow
            }
            None => &self.wide,
        };
        // The oldest frame's memory becomes the newest's.
        let oldest = if self.frames.len() < FRAMES_KEPT { None } else { self.frames.pop_front() };
        let mut payload = oldest.unwrap_or_default();
        payload.clear();
        self.speaker.encode(samples, &mut payload);
        self.frames.push_back(payload);
        self.next += 1;
    }

    /// A frame that was encoded a short while ago; the oldest that is left where it is longer ago.
    fn payload(&self, frame: u64) -> &[u8] {
        let back = self.next.saturating_sub(frame.saturating_add(1)) as usize;
        let index = self.frames.len().saturating_sub(1).saturating_sub(back);
        self.frames.get(index).map_or(&[], Vec::as_slice)
    }
}

/// More than an endpoint may be late without letting time pass.
const FRAMES_KEPT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Listener;
    use crate::codec::tests::{sine, tone_to_rest_db};

    const ONE: AudioSource = AudioSource(1);

    fn format(codec: Codec, ptime_ms: u8) -> StreamFormat {
        StreamFormat { codec, payload_type: 0, telephone_event: None, ptime_ms, bitrate_max: None }
    }

    fn library(hz: f64) -> Arc<Library> {
        // Two whole seconds, so that the tone goes on over the end.
        let recording = Arc::new(Recording::new(sine(hz, 16_000.0, 8000.0, 32_000)));
        let sources = [(ONE, Source { recording, play: Play::Continuously })].into();
        Arc::new(Library { sources })
    }

    fn ms(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn all_listeners_hear_the_same_tone_and_it_is_encoded_once() {
        for codec in Codec::ALL {
            for ptime_ms in [10, 20, 60] {
                let mut music = Music::default();
                music.set_library(library(1000.0));
                let format = format(codec, ptime_ms);
                let mut heard: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 50];
                // Each listener has come at another moment, and has its packets at another place of the packet time.
                for packet in 0..3000 / u64::from(ptime_ms) {
                    for (index, heard) in heard.iter_mut().enumerate() {
                        let at = ms(7000 + packet * u64::from(ptime_ms) + index as u64 % u64::from(ptime_ms));
                        let mut payload = Vec::new();
                        assert!(music.payload(ONE, &format, at, &mut payload));
                        assert_eq!(codec.units_of(&payload), codec.units(ptime_ms));
                        heard.push(payload);
                    }
                }
                let frames = heard[0].len() as u64;
                assert!((frames..=frames + 1).contains(&music.encoded()), "{codec:?} {ptime_ms}");
                for heard in [&heard[0], &heard[7], &heard[49]] {
                    let (mut listener, mut samples) = (Listener::new(codec), Vec::new());
                    heard.iter().for_each(|payload| listener.decode(payload, &mut samples));
                    let rate = codec.sample_rate_hz() as usize;
                    let measured = tone_to_rest_db(1000.0, rate as f64, &samples[rate / 2..rate * 5 / 2]);
                    let expect = if codec == Codec::Opus { 20.0 } else { 30.0 };
                    assert!(measured > expect, "{codec:?} {ptime_ms} ms: {measured:.1} dB");
                }
            }
        }
    }

    #[test]
    fn who_is_late_gets_what_was_due_and_a_pause_is_not_made_up_for() {
        let mut music = Music::default();
        music.set_library(library(440.0));
        let format = format(Codec::Pcmu, 20);
        let mut at = |time| {
            let mut payload = Vec::new();
            music.payload(ONE, &format, ms(time), &mut payload);
            (payload, music.encoded())
        };
        let (first, _) = at(1000);
        let (second, _) = at(1020);
        assert_ne!(first, second);
        at(1100);
        assert_eq!(at(1000).0, first);
        assert_eq!(at(1020), (second, 6));
        // A minute later one frame is encoded and not three thousand.
        assert_eq!(at(61_100).1, 7);
        // Who asks for what is gone gets something as long.
        assert_eq!(at(1000).0.len(), 160);
    }

    #[test]
    fn a_source_that_goes_is_silent_and_one_that_stays_goes_on() {
        let mut music = Music::default();
        let both = library(440.0);
        music.set_library(Arc::clone(&both));
        let format = format(Codec::Pcma, 20);
        let mut payload = Vec::new();
        assert!(music.payload(ONE, &format, ms(20), &mut payload));
        music.set_library(Arc::new(Library::clone(&both)));
        assert_eq!(music.streams.len(), 1);
        music.set_library(library(1000.0));
        assert_eq!(music.streams.len(), 0);
        music.set_library(Arc::default());
        assert!(!music.payload(ONE, &format, ms(40), &mut payload));
    }
}
