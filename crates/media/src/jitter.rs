//! A jitter buffer: packets come when the network lets them, sound leaves in frames of equal length.
//!
//! Packets wait undecoded, in the order of their sequence numbers, until their time has come: the delay that `delay`
//! finds sufficient, counted from the arrival that the fastest of them would have had.
//!
//! * What is missing when it is due is made up from what was heard before and faded out (`sound`), and packets that come after
//!   that are counted as late. Silence that the sender does not send is told from loss by its timestamps.
//! * Another source, or sequence numbers that begin anew, begin a new stream; timestamps that jump begin a new clock.
//! * When more waits than the delay asks for, pitch periods are left out, or pieces of silence; when less, they come twice. So drift
//!   between the clocks never adds up.
//! * The packets that wait, and the bytes of each, are limited; what is beyond is dropped and counted.

mod delay;
mod sound;

use strowger_base::Instant;

use crate::codec::{Codec, Listener};
use crate::rtp::{Arrival, Header};
use delay::Delay;
use sound::Sound;

/// One stream of audio on its way from packets to sound.
#[derive(Debug)]
pub struct JitterBuffer {
    slots: Box<[Slot; SLOTS]>,
    /// Bit n: the slot of sequence numbers that are n modulo [`SLOTS`] is taken.
    taken: u64,
    state: State,
    delay: Delay,
    listener: Option<(Codec, Listener)>,
    sound: Sound,
    /// Of the timestamps.
    clock_hz: u32,
    /// The last timestamp, extended by the times that it went round.
    extended: Option<i64>,
    counts: Counts,
}

/// A packet that waits.
#[derive(Debug)]
struct Slot {
    timestamp: i64,
    /// `None` when it has a sequence number and nothing to be heard (key presses, comfort noise).
    codec: Option<Codec>,
    payload: Vec<u8>,
}

/// Where playing stands.
#[derive(Clone, Copy, Debug)]
enum State {
    /// No packet has come yet.
    New,
    /// Nothing is played: the sender is silent, or its first packet waits for its time.
    Idle { sequence: u16 },
    /// The packet `sequence` is the next to be decoded, and `timestamp` is what its first sample should have.
    Playing { sequence: u16, timestamp: i64, owed: i64 },
}

/// What became of packets.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Packets that came after their time.
    pub late: u64,
    /// Packets that were dropped because too many waited, or because they were too long.
    pub dropped: u64,
    /// Milliseconds of sound that were made up.
    pub concealed_ms: u64,
    /// Times that sound was made shorter or longer to keep the delay.
    pub adjusted: u64,
}

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// The sender is silent; there are no samples.
    Silence,
    /// As many samples as the frame has, at this rate.
    Sound {
        /// The rate of the codec.
        rate_hz: u32,
    },
}

impl JitterBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        let slot = || Slot { timestamp: 0, codec: None, payload: Vec::new() };
        JitterBuffer {
            slots: Box::new(std::array::from_fn(|_| slot())),
            taken: 0,
            state: State::New,
            delay: Delay::new(),
            listener: None,
            sound: Sound::new(Codec::Pcmu.sample_rate_hz()),
            clock_hz: Codec::Pcmu.rtp_clock_hz(),
            extended: None,
            counts: Counts::default(),
        }
    }

    /// Takes a packet. `arrival` says how its number fits to those before, `codec` what it carries.
    pub fn receive(
        &mut self,
        now: Instant,
        header: &Header,
        arrival: Arrival,
        codec: Option<Codec>,
        payload: &[u8],
    ) {
        match arrival {
            Arrival::Duplicate | Arrival::FarOff => return,
            Arrival::First => self.begin(),
            Arrival::Advance | Arrival::Late => {}
        }
        if payload.len() > PAYLOAD_MAX {
            self.counts.dropped += 1;
            return;
        }
        if let Some(codec) = codec.filter(|codec| codec.rtp_clock_hz() != self.clock_hz) {
            // What waits counts its time on another clock.
            self.clock_hz = codec.rtp_clock_hz();
            self.counts.dropped += u64::from(self.taken.count_ones());
            self.begin();
        }
        // Events may count their time on another clock than sound does, and their packets share a timestamp.
        let mut timestamp = 0;
        if codec.is_some() {
            timestamp = self.extend(header.timestamp);
            self.observe(now, timestamp);
        }
        let sequence = header.sequence;
        let expected = match self.state {
            State::New => {
                self.state = State::Idle { sequence };
                sequence
            }
            State::Idle { sequence } | State::Playing { sequence, .. } => sequence,
        };
        let behind = expected.wrapping_sub(sequence);
        if behind != 0 && behind < 1 << 15 {
            // Before anything is played the first packet may have been overtaken.
            let waits = matches!(self.state, State::Idle { .. }) && self.taken != 0;
            if !waits || !self.reaches_back(expected, behind) {
                self.counts.late += 1;
                return;
            }
            self.state = State::Idle { sequence };
        } else if usize::from(sequence.wrapping_sub(expected)) >= SLOTS {
            // Far more than can wait: what is old goes.
            self.counts.dropped += u64::from(self.taken.count_ones());
            self.taken = 0;
            self.state = State::Idle { sequence };
        }
        let slot = &mut self.slots[slot_of(sequence)];
        slot.timestamp = timestamp;
        slot.codec = codec;
        slot.payload.clear();
        slot.payload.extend_from_slice(payload);
        self.taken |= 1 << slot_of(sequence);
    }

    /// Appends the next `frame_ms` of sound.
    pub fn play(&mut self, now: Instant, frame_ms: usize, frame: &mut Vec<i16>) -> Frame {
        self.start(now, frame_ms);
        if matches!(self.state, State::Playing { .. }) {
            self.adjust(now, frame_ms);
            self.fill(frame_ms);
        }
        let count = self.sound.rate_hz() as usize * frame_ms / 1000;
        let missing = count.saturating_sub(self.sound.waiting());
        if missing == count && !self.sound.fades() {
            return Frame::Silence;
        }
        if missing > 0 {
            // The end of sound that is played no further.
            self.conceal(missing);
        }
        self.sound.take(count, frame);
        Frame::Sound { rate_hz: self.sound.rate_hz() }
    }

    /// What became of packets so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// A new stream: what waited of the old one goes, what was decoded of it is still played.
    fn begin(&mut self) {
        self.taken = 0;
        self.state = State::New;
        self.extended = None;
        self.delay.rebase();
        // Its decoder knows nothing of what the old one said.
        self.listener = None;
    }

    /// A timestamp with its rounds.
    fn extend(&mut self, timestamp: u32) -> i64 {
        let extended = match self.extended {
            Some(last) => last + i64::from(timestamp.wrapping_sub(last as u32) as i32),
            None => i64::from(timestamp),
        };
        self.extended = Some(extended);
        extended
    }

    /// Takes notice of when an audio packet came.
    fn observe(&mut self, now: Instant, timestamp: i64) {
        let transit = self.clock(now) - timestamp;
        if self.delay.base().is_some_and(|base| (transit - base).abs() > self.units(JUMP_MS)) {
            // The sender has set its clock. What waits of before has no time any more.
            self.counts.dropped += u64::from(self.taken.count_ones());
            self.taken = 0;
            self.state = State::New;
            self.delay.rebase();
        }
        self.delay.observe(now, transit, self.clock_hz);
    }

    /// Whether the window of waiting packets can begin `behind` packets earlier.
    fn reaches_back(&self, expected: u16, behind: u16) -> bool {
        let newest = SLOTS as u32 - self.taken.rotate_right(slot_of(expected) as u32).leading_zeros();
        u32::from(behind) + newest <= SLOTS as u32
    }

    /// The first packet that waits at or after `sequence`.
    fn first_from(&self, sequence: u16) -> Option<u16> {
        let ahead = self.taken.rotate_right(slot_of(sequence) as u32).trailing_zeros();
        (ahead < SLOTS as u32).then(|| sequence.wrapping_add(ahead as u16))
    }

    /// How long ago a sample would have been played without any delay, in units.
    fn delay_of(&self, now: Instant, timestamp: i64) -> i64 {
        self.delay.base().map_or(0, |base| self.clock(now) - timestamp - base)
    }

    /// Begins to play when the first packet has waited long enough.
    fn start(&mut self, now: Instant, frame_ms: usize) {
        let State::Idle { sequence } = self.state else { return };
        let target = self.units(self.delay.target_ms(frame_ms as i64));
        while let Some(first) = self.first_from(sequence) {
            let slot = &self.slots[slot_of(first)];
            let timestamp = slot.timestamp;
            if slot.codec.is_some() {
                if self.delay_of(now, timestamp) >= target {
                    self.state = State::Playing { sequence: first, timestamp, owed: 0 };
                }
                return;
            }
            self.taken &= !(1 << slot_of(first));
            self.state = State::Idle { sequence: first.wrapping_add(1) };
        }
    }

    /// Keeps the delay near what it shall be.
    fn adjust(&mut self, now: Instant, frame_ms: usize) {
        let target = self.units(self.delay.target_ms(frame_ms as i64));
        let excess = self.position().map_or(0, |position| self.delay_of(now, position) - target);
        if excess > self.units(FAR_BEHIND_MS) {
            self.skip(now, target);
            return;
        }
        let rate = i64::from(self.sound.rate_hz());
        let clock_hz = i64::from(self.clock_hz);
        let samples = |units: i64| (units * rate / clock_hz) as usize;
        let count = frame_ms * rate as usize / 1000;
        if excess > self.units(frame_ms as i64 + SLACK_MS) {
            while self.sound.waiting() < 2 * count && self.decode_next() {}
            let most = samples(excess - self.units(frame_ms as i64));
            self.counts.adjusted += u64::from(self.sound.shorten(most, count) > 0);
        } else if excess < -self.units(SLACK_MS) {
            while self.sound.waiting() < count && self.decode_next() {}
            self.counts.adjusted += u64::from(self.sound.lengthen(samples(-excess)) > 0);
        }
    }

    /// The timestamp of the next sample to be played.
    fn position(&self) -> Option<i64> {
        let State::Playing { timestamp, .. } = self.state else { return None };
        let waiting = self.sound.waiting() as i64 * i64::from(self.clock_hz);
        Some(timestamp - waiting / i64::from(self.sound.rate_hz().max(1)))
    }

    /// Far too much waits, after a burst or because we were away: what is too old is not played.
    fn skip(&mut self, now: Instant, target: i64) {
        let State::Playing { sequence, .. } = self.state else { return };
        self.sound.drop_waiting();
        self.state = State::Idle { sequence };
        while let Some(first) = self.first_from(sequence) {
            let slot = &self.slots[slot_of(first)];
            if slot.codec.is_some() && self.delay_of(now, slot.timestamp) <= target + self.units(JUST_DUE_MS)
            {
                return;
            }
            self.taken &= !(1 << slot_of(first));
            self.counts.dropped += 1;
            self.state = State::Idle { sequence: first.wrapping_add(1) };
        }
    }

    /// Decodes, or makes up, what a frame lacks.
    fn fill(&mut self, frame_ms: usize) {
        while let State::Playing { sequence, timestamp, owed } = self.state {
            let count = self.sound.rate_hz() as usize * frame_ms / 1000;
            let missing = count.saturating_sub(self.sound.waiting());
            if missing == 0 {
                return;
            }
            let missing_units = missing as i64 * i64::from(self.clock_hz) / i64::from(self.sound.rate_hz());
            let Some(first) = self.first_from(sequence) else {
                // Nothing waits. What is made up now is owed: if the packet comes, it is played later.
                if owed >= self.units(GIVE_UP_MS) {
                    self.state = State::Idle { sequence };
                    return;
                }
                self.conceal(missing);
                self.state = State::Playing { sequence, timestamp, owed: owed + missing_units };
                return;
            };
            let slot = &self.slots[slot_of(first)];
            if slot.codec.is_none() {
                self.taken &= !(1 << slot_of(first));
                self.state = State::Playing { sequence: first.wrapping_add(1), timestamp, owed };
                continue;
            }
            // Time without packets that has been made up already does not count again.
            let gap = slot.timestamp - timestamp;
            let paid = owed.min(gap.max(0));
            let gap = gap - paid;
            if gap > self.units(GIVE_UP_MS) {
                self.state = State::Idle { sequence: first };
                return;
            }
            if gap > 0 {
                let made_up = gap.min(missing_units).max(1);
                self.conceal(
                    missing
                        .min((made_up * i64::from(self.sound.rate_hz()) / i64::from(self.clock_hz)) as usize),
                );
                self.state =
                    State::Playing { sequence, timestamp: timestamp + paid + made_up, owed: owed - paid };
                continue;
            }
            self.state = State::Playing { sequence: first, timestamp: slot.timestamp, owed: 0 };
            self.decode_next();
        }
    }

    /// Decodes the next packet if it is there and follows what was played before.
    fn decode_next(&mut self) -> bool {
        let State::Playing { sequence, timestamp, owed } = self.state else { return false };
        let slot = &self.slots[slot_of(sequence)];
        let here = self.taken & 1 << slot_of(sequence) != 0;
        let Some(codec) = slot.codec.filter(|_| here && slot.timestamp <= timestamp) else { return false };
        self.taken &= !(1 << slot_of(sequence));
        let listener = match &mut self.listener {
            Some((same, listener)) if *same == codec => listener,
            other => {
                if self.sound.rate_hz() != codec.sample_rate_hz() {
                    self.sound = Sound::new(codec.sample_rate_hz());
                }
                &mut other.insert((codec, Listener::new(codec))).1
            }
        };
        let added = self.sound.append(|samples| listener.decode(&slot.payload, samples)) as i64;
        let played = added * i64::from(self.clock_hz) / i64::from(codec.sample_rate_hz().max(1));
        self.state =
            State::Playing { sequence: sequence.wrapping_add(1), timestamp: slot.timestamp + played, owed };
        true
    }

    /// Our clock in the units of timestamps.
    fn clock(&self, now: Instant) -> i64 {
        // A microsecond is a twentieth of a unit of the fastest clock.
        (now.as_nanos() / 1000 * u64::from(self.clock_hz) / 1_000_000) as i64
    }

    const fn units(&self, ms: i64) -> i64 {
        ms * self.clock_hz as i64 / 1000
    }

    fn conceal(&mut self, samples: usize) {
        self.sound.conceal(samples);
        self.counts.concealed_ms += samples as u64 * 1000 / u64::from(self.sound.rate_hz().max(1));
    }
}

impl Default for JitterBuffer {
    fn default() -> Self {
        Self::new()
    }
}

const fn slot_of(sequence: u16) -> usize {
    sequence as usize % SLOTS
}

/// Packets that can wait: more than a second of them at 20 ms each. A bit of `taken` for each.
const SLOTS: usize = 64;
/// Bytes of one packet's payload: 160 ms at 64 kbit/s.
const PAYLOAD_MAX: usize = 1280;
/// Timestamps that are off by more than this are those of another clock.
const JUMP_MS: i64 = 2000;
/// The delay may be so much longer or shorter than it shall be.
const SLACK_MS: i64 = 8;
/// Who is further behind than this is not brought back by small steps.
const FAR_BEHIND_MS: i64 = 150;
const JUST_DUE_MS: i64 = 20;
/// Sound that is missing for so long is silence, from which playing begins anew.
const GIVE_UP_MS: i64 = 60;

#[cfg(test)]
mod tests;
