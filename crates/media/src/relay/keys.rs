//! Key presses in a relay: one side has them in its media (RFC 4733), the other one in its signalling.
//!
//! Events that come from a side are told and go no further. A key for a side is written into the stream that it hears: while it is
//! pressed, the events take the place of what the other side says, and the numbers of that stream are shifted so that they have no gap
//! and no number twice. What comes so late that its number is taken is left out.

use std::collections::VecDeque;
use std::time::Duration;

use strowger_base::leg::Digit;
use strowger_base::{Instant, Rng, limits};

use crate::control::{KeyEvents, KeyWays, Side};
use crate::rtp::{EventReceiver, EventSender, Header, Packet};

/// Both sides.
#[derive(Debug)]
pub(super) struct Keys {
    ways: KeyWays,
    from_a: EventReceiver,
    from_b: EventReceiver,
    to_a: Writer,
    to_b: Writer,
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It goes on with this header.
    Passes(Header),
    /// It does not.
    Stays,
}

impl Keys {
    pub(super) fn new(now: Instant, ways: KeyWays, rng: &mut Rng) -> Self {
        Keys {
            ways,
            from_a: EventReceiver::default(),
            from_b: EventReceiver::default(),
            to_a: Writer::new(now, rng),
            to_b: Writer::new(now, rng),
        }
    }

    /// Other payload types; what is being pressed goes on.
    pub(super) const fn change(&mut self, ways: KeyWays) {
        self.ways = ways;
    }

    /// A packet of a side that is on its way to the other one, with the key that was released by it.
    pub(super) fn pass(
        &mut self,
        now: Instant,
        from: Side,
        bytes: &[u8],
        header: Header,
    ) -> (Fate, Option<Digit>) {
        let (receiver, writer, way) = match from {
            Side::A => (&mut self.from_a, &mut self.to_b, self.ways.a),
            Side::B => (&mut self.from_b, &mut self.to_a, self.ways.b),
        };
        if let Some(events) = way.events().filter(|events| events.payload_type == header.payload_type) {
            let payload = Packet::parse(bytes).map_or(&[][..], |packet| packet.payload);
            let digit = receiver.receive(now, events.clock_hz, &header, payload);
            writer.leave_out(&header);
            return (Fate::Stays, digit);
        }
        let fate = writer.pass(now, header).map_or(Fate::Stays, Fate::Passes);
        (fate, receiver.expire(now))
    }

    /// A key for a side; nothing happens when it has none in its media, or more wait than may.
    pub(super) fn press(&mut self, now: Instant, side: Side, digit: Digit) {
        let (writer, events) = self.to(side);
        if events.is_some() && writer.waiting.len() < limits::KEYS_WAITING {
            if writer.next_timeout().is_none() {
                writer.next = writer.next.max(now);
            }
            writer.waiting.push_back(digit);
        }
    }

    /// When something is due.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.to_a.next_timeout().into_iter().chain(self.to_b.next_timeout()).min()
    }

    /// The next packet for a side that is due.
    pub(super) fn due(&mut self, now: Instant, side: Side) -> Option<(Header, [u8; 4])> {
        let (writer, events) = self.to(side);
        writer.due(now, events)
    }

    const fn to(&mut self, side: Side) -> (&mut Writer, Option<KeyEvents>) {
        match side {
            Side::A => (&mut self.to_a, self.ways.a.events()),
            Side::B => (&mut self.to_b, self.ways.b.events()),
        }
    }
}

/// The stream that one side hears.
#[derive(Debug)]
struct Writer {
    waiting: VecDeque<Digit>,
    press: Option<Press>,
    /// When the next packet of a press is due, or the next press may begin.
    next: Instant,
    /// What is added to the numbers that come.
    shift: u16,
    /// Where the shift became what it is, as numbered by who sends: what is older is left out.
    since: Option<u16>,
    last: Last,
}

#[derive(Debug)]
struct Press {
    sender: EventSender,
    timestamp: u32,
    begins: bool,
}

/// The latest packet that the side was sent.
#[derive(Clone, Copy, Debug)]
struct Last {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    at: Instant,
}

impl Writer {
    /// A stream in which nothing was heard yet: a key makes one of its own.
    fn new(now: Instant, rng: &mut Rng) -> Self {
        let (a, b) = (rng.next_u64(), rng.next_u64());
        // The upper half of the numbers is left out (RFC 3711 §3.3.1).
        let last = Last { ssrc: a as u32, sequence: (a >> 32) as u16 >> 1, timestamp: b as u32, at: now };
        Writer { waiting: VecDeque::new(), press: None, next: now, shift: 0, since: None, last }
    }

    fn next_timeout(&self) -> Option<Instant> {
        (self.press.is_some() || !self.waiting.is_empty()).then_some(self.next)
    }

    /// A packet of the other side; `None` when it is not heard.
    fn pass(&mut self, now: Instant, header: Header) -> Option<Header> {
        if self.press.is_some() {
            self.leave_out(&header);
            return None;
        }
        if !self.is_in_time(&header) {
            return None;
        }
        let sequence = header.sequence.wrapping_add(self.shift);
        let is_news = header.ssrc != self.last.ssrc || !is_before(sequence, self.last.sequence);
        if is_news {
            self.last = Last { ssrc: header.ssrc, sequence, timestamp: header.timestamp, at: now };
        }
        Some(Header { sequence, ..header })
    }

    /// A packet that is not heard leaves no gap.
    fn leave_out(&mut self, header: &Header) {
        let latest = self.last.sequence.wrapping_sub(self.shift);
        if self.is_in_time(header) && !is_before(header.sequence, latest) {
            // Numbers between it and the last one that was heard may still come; they are lost then.
            let following = header.sequence.wrapping_add(1);
            self.shift = self.last.sequence.wrapping_add(1).wrapping_sub(following);
            self.since = Some(following);
        }
    }

    /// Whether a packet's number is not taken yet.
    fn is_in_time(&mut self, header: &Header) -> bool {
        if header.ssrc != self.last.ssrc {
            (self.shift, self.since) = (0, None);
            self.last.ssrc = header.ssrc;
            self.last.sequence = header.sequence.wrapping_sub(1);
            return true;
        }
        self.since.is_none_or(|since| !is_before(header.sequence, since))
    }

    fn due(&mut self, now: Instant, events: Option<KeyEvents>) -> Option<(Header, [u8; 4])> {
        let KeyEvents { payload_type, clock_hz } = events?;
        while self.next_timeout().is_some_and(|at| at <= now) {
            // After a stall of the thread a key is as long as it is, only later.
            if now.saturating_since(self.next) > CATCH_UP_MAX {
                self.next = now;
            }
            let Some(press) = &mut self.press else {
                self.begin(now, clock_hz);
                continue;
            };
            let Some(payload) = press.sender.next_payload(STEP_MS) else {
                self.press = None;
                self.next += PAUSE;
                continue;
            };
            self.next += Duration::from_millis(u64::from(STEP_MS));
            let (marker, timestamp) = (std::mem::take(&mut press.begins), press.timestamp);
            self.last.sequence = self.last.sequence.wrapping_add(1);
            self.shift = self.shift.wrapping_add(1);
            // What is already on its way has its number taken.
            self.since = Some(self.last.sequence.wrapping_add(1).wrapping_sub(self.shift));
            let (sequence, ssrc) = (self.last.sequence, self.last.ssrc);
            return Some((Header { marker, payload_type, sequence, timestamp, ssrc }, payload));
        }
        None
    }

    fn begin(&mut self, now: Instant, clock_hz: u32) {
        let Some(digit) = self.waiting.pop_front() else { return };
        let held = match digit.duration_ms {
            0 => HELD,
            told => Duration::from_millis(u64::from(told)).clamp(HELD_MIN, HELD_MAX),
        };
        let passed = now.saturating_since(self.last.at).as_millis() * u128::from(clock_hz) / 1000;
        let timestamp = self.last.timestamp.wrapping_add(passed as u32);
        let sender = EventSender::on_clock(digit.key, held, clock_hz);
        self.press = sender.map(|sender| Press { sender, timestamp, begins: true });
    }
}

/// True when `sequence` is before `other` on numbers that wrap.
const fn is_before(sequence: u16, other: u16) -> bool {
    (sequence.wrapping_sub(other) as i16) < 0
}

/// Time from one packet of a press to the next (RFC 4733 §2.5.1.2).
const STEP_MS: u8 = 20;
/// Silence between two keys, so that they are two (ITU-T Q.24).
const PAUSE: Duration = Duration::from_millis(60);
/// How long a key is held of which that is not told.
const HELD: Duration = Duration::from_millis(160);
const HELD_MIN: Duration = Duration::from_millis(40);
const HELD_MAX: Duration = Duration::from_secs(2);
const CATCH_UP_MAX: Duration = Duration::from_millis(100);
