//! A conference: every party hears the sum of those who talk, without itself.
//!
//! Each 20 ms every seat is decoded, and the few loudest who talk are added up at 16 kHz, or at 8 kHz when nobody there can hear
//! more. Who does not talk hears the same as all others who do not: that is encoded once for each codec, which is what makes
//! large conferences cheap. Who talks hears the sum without his own part, from an encoder of his own. When he has ended he keeps it for
//! `OWN_AFTER` frames, in which both encoders are fed with the same and come to the same state, so that the change
//! cannot be heard. Voices are brought to about the same level (`level`), and no sum is too loud for 16 bits (`voice`).
//!
//! The caller owns the seats: it lets each [`Conference::listen`], then each [`Conference::add`], then asks for what each
//! of them hears with [`Conference::speak`].

mod level;
mod seat;
mod voice;

use std::time::Duration;

use strowger_base::Instant;
use strowger_base::leg::Tone;

use crate::codec::Codec;
use crate::control::StreamFormat;
use crate::tone::{self, Player};
pub use seat::Seat;
use voice::Voice;

/// One mix for many seats.
#[derive(Debug)]
pub struct Conference {
    tick: u64,
    rate_hz: u32,
    /// The best rate of those seats that were asked in this tick.
    wanted_hz: u32,
    /// Who talks: what they deserve, and their places.
    claims: Vec<(f32, usize)>,
    mix: Vec<i32>,
    /// The mix without somebody.
    without: Vec<i32>,
    shared: Vec<Shared>,
    tone: Option<Player>,
    rendered: Vec<i16>,
}

/// What all hear who do not talk, in one codec.
#[derive(Debug)]
struct Shared {
    voice: Voice,
    payload: Vec<u8>,
    /// The tick that `payload` belongs to.
    tick: u64,
}

impl Conference {
    /// A conference that nobody has said anything in.
    pub const fn new() -> Self {
        Conference {
            tick: 0,
            rate_hz: NARROW_HZ,
            wanted_hz: NARROW_HZ,
            claims: Vec::new(),
            mix: Vec::new(),
            without: Vec::new(),
            shared: Vec::new(),
            tone: None,
            rendered: Vec::new(),
        }
    }

    /// A tick of 20 ms begins.
    pub fn begin(&mut self) {
        self.tick += 1;
        self.claims.clear();
        self.wanted_hz = NARROW_HZ;
    }

    /// Hears what the party in `place` says; `codec` is what it is sent, if anything.
    pub fn listen(&mut self, now: Instant, place: usize, seat: &mut Seat, codec: Option<Codec>) {
        seat.listen(now);
        let hears = codec.map_or(NARROW_HZ, Codec::sample_rate_hz);
        self.wanted_hz = self.wanted_hz.max(hears.max(seat.rate_hz()).min(WIDE_HZ));
        if let Some(claim) = seat.claim() {
            self.claims.push((claim, place));
        }
    }

    /// All have been listened to: decides who is heard.
    pub fn choose(&mut self) {
        self.rate_hz = self.wanted_hz;
        if self.claims.len() > TALKERS {
            // Of equals the one who sits longer.
            self.claims.sort_unstable_by(|(a, left), (b, right)| b.total_cmp(a).then(left.cmp(right)));
            self.claims.truncate(TALKERS);
        }
        self.mix.clear();
        self.mix.resize(self.rate_hz as usize * FRAME_MS / 1000, 0);
        if let Some(player) = self.tone.as_mut() {
            self.rendered.clear();
            player.render(self.rate_hz, self.mix.len(), &mut self.rendered);
            add(&mut self.mix, &self.rendered);
            if player.is_finished() {
                self.tone = None;
            }
        }
    }

    /// Adds what the party in `place` says to the mix, if it is to be heard.
    pub fn add(&mut self, place: usize, seat: &mut Seat) {
        let chosen = self.claims.iter().any(|(_, claimed)| *claimed == place);
        if let Some(frame) = seat.contribute(chosen, self.rate_hz) {
            add(&mut self.mix, frame);
        }
    }

    /// What a party hears in this tick, encoded.
    pub fn speak<'a>(
        &'a mut self,
        seat: &mut Seat,
        format: &StreamFormat,
        payload: &'a mut Vec<u8>,
    ) -> &'a [u8] {
        if seat.own.as_ref().is_some_and(|own| !own.fits(format)) {
            seat.own = None;
        }
        let talks = seat.part().is_some();
        if talks {
            seat.own_until = self.tick + OWN_AFTER;
        }
        if self.tick >= seat.own_until {
            seat.own = None;
            return self.shared(format);
        }
        if !talks {
            // So that it is in the right state when this party begins to hear it.
            let _ = self.shared(format);
        }
        let mut own = seat.own.take().unwrap_or_else(|| {
            let shared = self.shared.iter().find(|shared| shared.voice.fits(format));
            // It goes on from what the party heard until now.
            Box::new(shared.map_or_else(|| Voice::new(self.rate_hz, format), |shared| shared.voice.fork()))
        });
        payload.clear();
        match seat.part() {
            Some(part) => {
                self.without.clear();
                self.without.extend(self.mix.iter().zip(part).map(|(sum, own)| sum - i32::from(*own)));
                own.encode(self.rate_hz, &self.without, payload);
            }
            None => own.encode(self.rate_hz, &self.mix, payload),
        }
        seat.own = Some(own);
        payload
    }

    /// All shall hear a tone, once.
    pub fn play(&mut self, tone: Tone) {
        self.tone = Some(Player::new(tone::cadence(tone)));
    }

    /// What all hear who do not talk.
    fn shared(&mut self, format: &StreamFormat) -> &[u8] {
        let known = self.shared.iter().position(|shared| shared.voice.fits(format));
        let index = known.unwrap_or_else(|| {
            // Those that nobody has heard for a second are of formats that were left.
            let tick = self.tick;
            self.shared.retain(|shared| shared.tick + UNUSED > tick);
            let voice = Voice::new(self.rate_hz, format);
            self.shared.push(Shared { voice, payload: Vec::new(), tick: 0 });
            self.shared.len() - 1
        });
        let Some(shared) = self.shared.get_mut(index) else { return &[] };
        if shared.tick != self.tick {
            shared.tick = self.tick;
            shared.payload.clear();
            shared.voice.encode(self.rate_hz, &self.mix, &mut shared.payload);
        }
        &shared.payload
    }
}

impl Default for Conference {
    fn default() -> Self {
        Self::new()
    }
}

fn add(mix: &mut [i32], samples: &[i16]) {
    for (sum, sample) in mix.iter_mut().zip(samples) {
        *sum += i32::from(*sample);
    }
}

/// Length of a frame in milliseconds: the packet time of all that a conference sends.
pub const FRAME_MS: usize = 20;
/// How often a conference looks who talks.
pub const TALKING_INTERVAL: Duration = Duration::from_millis(500);
/// Voices that are heard at once. More are no conversation any more, and each costs an encoder.
pub const TALKERS: usize = 4;
/// Frames in which a party that has ended to talk keeps an encoder of its own.
const OWN_AFTER: u64 = 10;
const UNUSED: u64 = 50;
const NARROW_HZ: u32 = 8000;
const WIDE_HZ: u32 = 16_000;
