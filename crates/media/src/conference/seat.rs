//! What a conference knows of one of its parties.

use strowger_base::Instant;
use strowger_base::leg::Mute;

use super::FRAME_MS;
use super::level::Level;
use super::voice::Voice;
use crate::codec::Codec;
use crate::codec::resample::Rate;
use crate::control::Talking;
use crate::jitter::{Counts, Frame, JitterBuffer};
use crate::rtp::{Arrival, Header};

/// One party of a conference, as far as its sound is concerned.
#[derive(Debug)]
pub struct Seat {
    jitter: JitterBuffer,
    level: Level,
    mute: Mute,
    /// What it says in this frame, empty when that is nothing; at first at the rate of its codec, then as the others hear it.
    frame: Vec<i16>,
    rate_hz: u32,
    converted: Vec<i16>,
    /// From the rate of its codec to that of the mix.
    rate: Option<(u32, u32, Rate)>,
    /// How loud the others heard it at the end of the last frame; 0 when they did not.
    gain: f32,
    /// Whether `frame` is part of the mix.
    heard: bool,
    /// Encodes what only this party hears, because it talks itself or did so a moment ago.
    pub(super) own: Option<Box<Voice>>,
    /// The tick at which it begins to hear what all others hear.
    pub(super) own_until: u64,
    told: Talking,
}

impl Seat {
    /// A seat whose party has not said anything.
    pub fn new() -> Self {
        Seat {
            jitter: JitterBuffer::new(),
            level: Level::new(),
            mute: Mute::Off,
            frame: Vec::new(),
            rate_hz: Codec::Pcmu.sample_rate_hz(),
            converted: Vec::new(),
            rate: None,
            gain: 0.0,
            heard: false,
            own: None,
            own_until: 0,
            told: Talking::No,
        }
    }

    /// Takes a packet of the party; see [`JitterBuffer::receive`].
    pub fn receive(
        &mut self,
        now: Instant,
        header: &Header,
        arrival: Arrival,
        codec: Option<Codec>,
        payload: &[u8],
    ) {
        self.jitter.receive(now, header, arrival, codec, payload);
    }

    /// Whether the others hear it.
    pub const fn set_mute(&mut self, mute: Mute) {
        self.mute = mute;
    }

    /// What became of its packets.
    pub const fn counts(&self) -> Counts {
        self.jitter.counts()
    }

    /// Whether the others hear something of it, when that has changed since it was last asked.
    pub fn changed(&mut self) -> Option<Talking> {
        let talking = if self.heard { Talking::Yes } else { Talking::No };
        (std::mem::replace(&mut self.told, talking) != talking).then_some(talking)
    }

    /// Decodes the next frame.
    pub(super) fn listen(&mut self, now: Instant) {
        self.frame.clear();
        match self.jitter.play(now, FRAME_MS, &mut self.frame) {
            Frame::Silence => {}
            Frame::Sound { rate_hz } => self.rate_hz = rate_hz,
        }
        self.level.listen(&self.frame);
    }

    /// Samples of its sound in a second.
    pub(super) const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// How much it deserves to be heard; `None` when it says nothing. Who is heard already goes before who is a little louder, so
    /// that voices do not come and go.
    pub(super) fn claim(&self) -> Option<f32> {
        let talks = self.level.talks() && self.mute == Mute::Off;
        let bonus = if self.heard { STAYS } else { 1.0 };
        talks.then(|| self.level.power() * bonus)
    }

    /// Makes the frame what the others shall hear, and gives it: faded in or out where it was not heard before, or shall not be
    /// any more. `None` when there is nothing to be heard.
    pub(super) fn contribute(&mut self, chosen: bool, rate_hz: u32) -> Option<&[i16]> {
        let before = self.gain;
        let after = if chosen { self.level.gain() } else { 0.0 };
        self.heard = (before > 0.0 || after > 0.0) && !self.frame.is_empty();
        self.gain = if self.heard { after } else { 0.0 };
        if !self.heard {
            return None;
        }
        if self.rate_hz != rate_hz {
            let from_hz = self.rate_hz;
            let fits = self.rate.as_ref().is_some_and(|(from, to, _)| (*from, *to) == (from_hz, rate_hz));
            if !fits {
                self.rate = None;
            }
            let (_, _, rate) =
                self.rate.get_or_insert_with(|| (from_hz, rate_hz, Rate::new(from_hz, rate_hz)));
            self.converted.clear();
            rate.convert(&self.frame, &mut self.converted);
            std::mem::swap(&mut self.frame, &mut self.converted);
        }
        let step = (after - before) / self.frame.len().max(1) as f32;
        for (index, sample) in self.frame.iter_mut().enumerate() {
            // The conversion saturates.
            *sample = (f32::from(*sample) * (before + step * index as f32)) as i16;
        }
        Some(&self.frame)
    }

    /// Its part of the mix.
    pub(super) fn part(&self) -> Option<&[i16]> {
        self.heard.then_some(self.frame.as_slice())
    }
}

impl Default for Seat {
    fn default() -> Self {
        Self::new()
    }
}

/// Who is not heard yet must be louder by 6 dB than who is.
const STAYS: f32 = 4.0;
