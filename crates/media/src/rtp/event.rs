//! Key presses in RTP (RFC 4733).

use std::time::Duration;

use strowger_base::Instant;
use strowger_base::leg::Digit;

use super::Header;

/// Hears key presses. Packets of one press share a timestamp, and the last one comes three times. A press that is longer than 16 bits
/// can say goes on in a further segment, with a timestamp of its own (RFC 4733 §2.5.1.3).
#[derive(Clone, Debug, Default)]
pub struct EventReceiver {
    state: State,
    /// Who sent the last one. Timestamps of another source say nothing beside those of this one (RFC 3550 §5.1).
    source: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// No key was pressed yet.
    #[default]
    Silent,
    /// A key is held.
    Pressed(Press),
    /// It was reported; more packets of the same press mean nothing.
    Reported { timestamp: u32 },
}

#[derive(Clone, Copy, Debug)]
struct Press {
    event: u8,
    /// Of the segment that it is in.
    timestamp: u32,
    /// How long that segment is, in units of the clock.
    units: u16,
    /// How long the segments before it were, in milliseconds.
    before_ms: u32,
    clock_hz: u32,
    heard: Instant,
}

impl Press {
    fn digit(&self) -> Option<Digit> {
        let key = char::from(*KEYS.get(usize::from(self.event))?);
        let duration = self.before_ms.saturating_add(milliseconds(self.units, self.clock_hz));
        Some(Digit { key, duration_ms: u16::try_from(duration).unwrap_or(u16::MAX) })
    }

    /// Whether a packet of a key is of the segment behind this one.
    fn goes_on(&self, event: u8, timestamp: u32) -> bool {
        let segment = timestamp.wrapping_sub(self.timestamp);
        event == self.event && (segment == u32::from(self.units) || segment == u32::from(u16::MAX))
    }
}

impl EventReceiver {
    /// Takes the payload of an event packet. A digit comes out when the key is released, or when the next press shows
    /// that all packets of the release were lost. Events count the clock of the audio beside them, in Hz.
    pub fn receive(&mut self, now: Instant, clock_hz: u32, header: &Header, payload: &[u8]) -> Option<Digit> {
        let [event, flags, high, low, ..] = *payload else { return None };
        let timestamp = header.timestamp;
        let units = u16::from_be_bytes([high, low]);
        let ended = flags & END_BIT != 0;
        let mut press = Press { event, timestamp, units, before_ms: 0, clock_hz, heard: now };
        let known = self.source.replace(header.ssrc) == Some(header.ssrc);
        let earlier = match self.state {
            State::Silent => None,
            State::Pressed(last) if known && last.timestamp == timestamp => {
                // Packets may overtake each other: the longest duration is the latest.
                press.units = units.max(last.units);
                press.before_ms = last.before_ms;
                return self.update(press, ended);
            }
            State::Pressed(last) if known && last.goes_on(event, timestamp) => {
                let segment = timestamp.wrapping_sub(last.timestamp) as u16;
                press.before_ms = last.before_ms.saturating_add(milliseconds(segment, clock_hz));
                return self.update(press, ended);
            }
            State::Pressed(Press { timestamp: old, .. }) | State::Reported { timestamp: old }
                if known && is_older(timestamp, old) =>
            {
                return None;
            }
            State::Pressed(last) => last.digit(),
            State::Reported { timestamp: same } if known && same == timestamp => return None,
            State::Reported { .. } => None,
        };
        if let Some(earlier) = earlier {
            // Two digits at once: the second press is reported by its next packet, of which there are at least two.
            self.state = State::Pressed(press);
            return Some(earlier);
        }
        self.update(press, ended)
    }

    /// Reports a press whose end was lost: nothing was heard of it for a while.
    pub fn expire(&mut self, now: Instant) -> Option<Digit> {
        match self.state {
            State::Pressed(press) if now.saturating_since(press.heard) >= LOST_AFTER => {
                self.state = State::Reported { timestamp: press.timestamp };
                press.digit()
            }
            State::Pressed(_) | State::Silent | State::Reported { .. } => None,
        }
    }

    fn update(&mut self, press: Press, ended: bool) -> Option<Digit> {
        if ended {
            self.state = State::Reported { timestamp: press.timestamp };
            return press.digit();
        }
        self.state = State::Pressed(press);
        None
    }
}

fn milliseconds(units: u16, clock_hz: u32) -> u32 {
    u32::from(units) * 1000 / clock_hz.max(1000)
}

/// Sends one key press.
#[derive(Clone, Debug)]
pub struct EventSender {
    event: u8,
    units_per_ms: u16,
    volume: u8,
    total: u16,
    sent: u16,
    ends_left: u8,
}

impl EventSender {
    /// A press of `key` for `duration`; `None` when RFC 4733 §3.2 has no event for it.
    pub fn new(key: char, duration: Duration) -> Option<Self> {
        EventSender::on_clock(key, duration, EVENT_CLOCK_HZ)
    }

    /// The same on another clock, in Hz; a press that is longer than its 16 bits can say is cut off.
    pub fn on_clock(key: char, duration: Duration, clock_hz: u32) -> Option<Self> {
        let units = duration.as_millis() * u128::from(clock_hz) / 1000;
        Some(EventSender {
            units_per_ms: (clock_hz / 1000) as u16,
            event: event_of(key)?,
            volume: VOLUME,
            total: u16::try_from(units).unwrap_or(u16::MAX).max(1),
            sent: 0,
            ends_left: END_REPEATS,
        })
    }

    /// The payload of the next packet, `ptime_ms` after the one before. All of them carry the timestamp of the
    /// first; the last comes three times (RFC 4733 §2.5.1.4). `None` when the press is over.
    pub fn next_payload(&mut self, ptime_ms: u8) -> Option<[u8; 4]> {
        if self.ends_left == 0 {
            return None;
        }
        let step = u16::from(ptime_ms).saturating_mul(self.units_per_ms);
        self.sent = self.sent.saturating_add(step).min(self.total);
        let mut flags = self.volume;
        if self.sent == self.total {
            flags |= END_BIT;
            self.ends_left -= 1;
        }
        let [high, low] = self.sent.to_be_bytes();
        Some([self.event, flags, high, low])
    }
}

/// True when `timestamp` lies before `other` on a clock that wraps.
const fn is_older(timestamp: u32, other: u32) -> bool {
    (timestamp.wrapping_sub(other) as i32) < 0
}

fn event_of(key: char) -> Option<u8> {
    let upper = key.to_ascii_uppercase();
    KEYS.iter().position(|&known| char::from(known) == upper).map(|index| index as u8)
}

/// The clock of events beside all audio but Opus.
pub const EVENT_CLOCK_HZ: u32 = 8000;
/// Keys in the order of their event codes (RFC 4733 §3.2).
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
const END_BIT: u8 = 0x80;
/// Loudness of the tone that the event stands for: -10 dBm0.
const VOLUME: u8 = 10;
const END_REPEATS: u8 = 3;
/// Senders repeat an event at least every 50 ms (RFC 4733 §2.5.1.2); five in a row are not lost by chance.
const LOST_AFTER: Duration = Duration::from_millis(250);
