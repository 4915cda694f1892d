//! Keys that are pressed in an answered call: which of them count, and to whom they go. Where the two sides have them is for `key_ways`.

use strowger_base::journal::WhyKeysStay;
use strowger_base::leg::Digit;
use strowger_base::{Command, Instant, LegId, limits};
use strowger_media::control::{self, Codings, KeyWay, KeyWays};

use super::Step;
use crate::configuration::KeyMethod;
use crate::exchange::Side;
use crate::relay::Relay;

/// What is known about keys in a call.
#[derive(Debug, Default)]
pub(crate) struct Pressing {
    /// How they reach the devices that are called.
    pub(super) called: KeyMethod,
    /// What the relay was told last.
    pub(super) told: Option<KeyWays>,
    /// What it was told to decode for the sake of keys alone.
    pub(super) sound: Option<Codings>,
    /// Why they are not carried over, as the story was told last.
    pub(super) stays: Option<WhyKeysStay>,
    caller_pressed: Pressed,
    called_pressed: Pressed,
}

impl Pressing {
    /// The relay that was told is gone: the next one is told anew.
    pub(super) const fn relay_is_gone(&mut self) {
        (self.told, self.sound) = (None, None);
    }
}

/// What a side has pressed.
#[derive(Clone, Copy, Debug, Default)]
struct Pressed {
    /// The last key, with how it came, unless the same one has come the other way as well.
    last: Option<(char, Way, Instant)>,
    /// When the second began in which keys are counted.
    since: Option<Instant>,
    count: u32,
}

/// How a key came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Media,
    Signalling,
}

impl Pressed {
    /// Whether a key counts: it is not one that came before in another way, and not one too many.
    fn counts(&mut self, now: Instant, digit: Digit, way: Way) -> bool {
        if let Some((key, other, at)) = self.last.take()
            && key == digit.key
            && other != way
            && now.saturating_since(at) < TWICE
        {
            return false;
        }
        self.last = Some((digit.key, way, now));
        match self.since {
            Some(since) if now.saturating_since(since) < SECOND => self.count += 1,
            Some(_) | None => (self.since, self.count) = (Some(now), 1),
        }
        self.count <= limits::KEYS_PER_SECOND
    }
}

impl Step<'_> {
    /// The relay is gone, with what it was told.
    pub(super) const fn forget_presses(&mut self) {
        self.facts.pressing.relay_is_gone();
    }

    /// A side pressed a key: the other one learns of it as it has its keys. Which key it was is in no story.
    pub(super) fn pressed(&mut self, (side, other): (Side, LegId), digit: Digit, way: Way) {
        let pressed = match side {
            Side::Caller => &mut self.facts.pressing.caller_pressed,
            Side::Called => &mut self.facts.pressing.called_pressed,
        };
        if !pressed.counts(self.now.mono, digit, way) {
            return;
        }
        let ways = self.facts.pressing.told;
        let own_and_other = ways.map(|ways| match side {
            Side::Caller => (ways.a, ways.b, control::Side::B),
            Side::Called => (ways.b, ways.a, control::Side::A),
        });
        match (own_and_other, &self.facts.relay) {
            // The relay hears it in the media, and makes it in that of the other side.
            (
                Some((KeyWay::Events(_) | KeyWay::Sound, KeyWay::Events(_) | KeyWay::Sound, _)),
                Relay::Open(_),
            ) => {}
            (Some((KeyWay::Signalled, KeyWay::Events(_) | KeyWay::Sound, to)), Relay::Open(ports)) => {
                let port = ports.port;
                self.out.media(control::Command::Press { port, side: to, digit });
            }
            (Some((_, _, _)), _) | (None, _) => self.command(other, Command::Digit(digit)),
        }
    }
}

/// A key that comes in both ways within this time was pressed once.
const TWICE: std::time::Duration = std::time::Duration::from_secs(1);
const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
