//! Keys that are pressed in an answered call.
//!
//! Where both devices have keys in their media (RFC 4733), those pass with it and no word of them comes here; where both have them in
//! their signalling, they pass here. Where one has them there and the other one here, the relay of the call tells what it hears of
//! them and writes what it is told. The device with keys in its media is told that the other one has them there too.

use strowger_base::journal::{Decision, WhyKeysStay};
use strowger_base::leg::{Digit, KeySignalling, Target};
use strowger_base::{Command, Instant, LegId, SessionDescription, limits};
use strowger_media::control::{self, KeyWays};
use strowger_media::sdp::{self, AudioSecurity, Wish};

use super::Step;
use crate::configuration::KeyMethod;
use crate::exchange::Side;
use crate::relay::Relay;

/// What is known about keys in a call.
#[derive(Debug, Default)]
pub(crate) struct Pressing {
    /// How they reach the devices that are called.
    called: KeyMethod,
    /// What the relay was told last.
    told: Option<KeyWays>,
    /// Why they are not carried over, as the story was told last.
    stays: Option<WhyKeysStay>,
    caller_pressed: Pressed,
    called_pressed: Pressed,
}

impl Pressing {
    /// The relay that was told is gone: the next one is told anew.
    pub(super) const fn relay_is_gone(&mut self) {
        self.told = None;
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
    /// These are called.
    pub(super) fn keys_reach(&mut self, targets: &[Target]) {
        let configuration = &self.shared.configuration;
        let methods = || targets.iter().map(|target| configuration.keys_to(target));
        // Of several that ring each has to understand what it is told; those in whose media there are no keys are the odd ones.
        let called = methods().find(|method| !method.is_signalling()).or_else(|| methods().next());
        self.facts.pressing.called = called.unwrap_or_default();
    }

    /// The caller is told how keys go in its signalling, before it hears of anything else.
    pub(super) fn keys_from_caller(&mut self) {
        let by = self.method(Side::Caller).signalling();
        if by != KeySignalling::default() {
            self.command(self.facts.caller, Command::KeysBy(by));
        }
    }

    /// The call is answered, or media was agreed anew: whoever has keys in signalling alone, where the other side has to be told of them
    /// there, is asked for them (RFC 4730); who was asked before and need not be is no longer.
    pub(super) fn ask_for_keys(&mut self, called: LegId) {
        if self.facts.answered_at.is_none() {
            return;
        }
        let is_service = |target: &Target| matches!(target, Target::Service(_));
        let called = (!self.facts.rung_on(called).is_some_and(is_service)).then_some(called);
        for (side, leg) in [(Side::Caller, Some(self.facts.caller)), (Side::Called, called)] {
            let Some(leg) = leg else { continue };
            if matches!(self.method(side).signalling(), KeySignalling::Kpml | KeySignalling::Any) {
                let wanted = self.signals_keys(side);
                self.command(leg, if wanted { Command::CollectDigits } else { Command::StopCollecting });
            }
        }
    }

    /// Whether what a side presses can come in its signalling alone.
    fn signals_keys(&self, side: Side) -> bool {
        match (self.method(side), self.method(side.other())) {
            (KeyMethod::Media, _) => false,
            (KeyMethod::Signalling(_), _) | (KeyMethod::Either, KeyMethod::Signalling(_)) => true,
            // In its media, as long as it has them there.
            (KeyMethod::Either, KeyMethod::Media | KeyMethod::Either) => {
                let wrote = self.wrote(side);
                wrote.is_some_and(|wrote| sdp::telephone_event(wrote.as_bytes()).is_none())
            }
        }
    }

    /// What a side said last about its media.
    fn wrote(&self, side: Side) -> Option<&SessionDescription> {
        match side {
            Side::Caller => self.facts.to_called.source(),
            Side::Called => self.facts.to_caller.source(),
        }
    }

    /// Whether a relay is wanted for the sake of keys that are pressed.
    pub(super) fn presses_need_relay(&self) -> bool {
        self.method(Side::Caller).differs_from(self.method(Side::Called))
    }

    fn method(&self, side: Side) -> KeyMethod {
        match side {
            Side::Caller => self.shared.configuration.keys_from(&self.facts.origin),
            Side::Called => self.facts.pressing.called,
        }
    }

    /// Whether keys are carried over in this call, as far as can be known before the answer.
    fn carries_keys(&self) -> bool {
        matches!(self.facts.relay, Relay::Open(_)) && self.presses_need_relay()
    }

    /// What the other side is told of keys in media, in place of what `from` wrote: that there are such, or none, as it has them itself.
    pub(super) fn with_events(
        &mut self,
        from: Side,
        description: &SessionDescription,
        left: Option<SessionDescription>,
    ) -> Option<SessionDescription> {
        if !self.carries_keys() {
            return left;
        }
        let told = left.as_ref().unwrap_or(description).as_bytes();
        if self.is_secret(told) {
            return left;
        }
        match (self.method(from.other()), sdp::telephone_event(told)) {
            (KeyMethod::Signalling(_), Some(event)) => Some(sdp::without_telephone_event(told, event)),
            (KeyMethod::Media | KeyMethod::Either, None) => {
                // As it numbers them itself; what it did not offer cannot be answered.
                let event = match self.facts.outlet(from).source() {
                    Some(theirs) => sdp::telephone_event(theirs.as_bytes()),
                    None => Some(sdp::free_for_events(told)),
                };
                event.map_or(left.clone(), |event| Some(sdp::with_telephone_event(told, event)))
            }
            (KeyMethod::Signalling(_), None) | (KeyMethod::Media | KeyMethod::Either, Some(_)) => left,
        }
    }

    /// Whether the devices encrypt their media with keys that are not ours.
    fn is_secret(&self, description: &[u8]) -> bool {
        !self.keys_need_relay()
            && !matches!(AudioSecurity::of(description).wish, Wish::Clear | Wish::Optional)
    }

    /// Both descriptions are known: the relay learns whose keys are in media.
    pub(super) fn settle_presses(&mut self, called: LegId) {
        self.ask_for_keys(called);
        if !self.presses_need_relay() {
            return self.relay_keys(None);
        }
        let (caller, media) = (self.facts.caller, !self.method(Side::Caller).is_signalling());
        let side = if media { Side::Caller } else { Side::Called };
        let leg = if media { caller } else { called };
        let sources =
            (self.facts.outlet(side.other()).source().cloned(), self.facts.outlet(side).sent().cloned());
        let (Some(wrote), Some(told)) = sources else { return };
        let event = sdp::telephone_event(wrote.as_bytes());
        let was_told = sdp::telephone_event(told.as_bytes()).is_some();
        let encrypted = !self.keys_need_relay()
            && AudioSecurity::of(told.as_bytes()).suites().next().is_some()
            && AudioSecurity::of(wrote.as_bytes()).suites().next().is_some();
        let why = match (self.facts.relay, event) {
            (Relay::None | Relay::Opening(_), _) => WhyKeysStay::NoRelay,
            (Relay::Open(_), _) if encrypted => WhyKeysStay::Encrypted,
            (Relay::Open(_), Some(event)) if was_told => {
                let ways = match side {
                    Side::Caller => KeyWays { a: Some(event), b: None },
                    Side::Called => KeyWays { a: None, b: Some(event) },
                };
                if self.facts.pressing.told != Some(ways) {
                    self.decide(Some(leg), Decision::KeysCarried);
                }
                self.facts.pressing.stays = None;
                return self.relay_keys(Some(ways));
            }
            (Relay::Open(_), Some(_) | None) => WhyKeysStay::NoEvents,
        };
        if self.facts.pressing.stays.replace(why) != Some(why) {
            self.decide(Some(leg), Decision::KeysNotCarried { why });
        }
        self.relay_keys(None);
    }

    fn relay_keys(&mut self, ways: Option<KeyWays>) {
        if self.facts.pressing.told == ways {
            return;
        }
        self.facts.pressing.told = ways;
        if let Relay::Open(ports) = &self.facts.relay {
            self.out.media(control::Command::Keys { port: ports.port, ways });
        }
    }

    /// The relay is gone, with what it was told.
    pub(super) fn forget_presses(&mut self) {
        self.facts.pressing.told = None;
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
        let (hears, to) = match (side, self.facts.pressing.told.unwrap_or_default()) {
            (Side::Caller, ways) => (ways.b, control::Side::B),
            (Side::Called, ways) => (ways.a, control::Side::A),
        };
        match (hears, &self.facts.relay) {
            (Some(_), Relay::Open(ports)) => {
                let port = ports.port;
                self.out.media(control::Command::Press { port, side: to, digit });
            }
            (Some(_), Relay::None | Relay::Opening(_)) | (None, _) => {
                self.command(other, Command::Digit(digit));
            }
        }
    }
}

/// A key that comes in both ways within this time was pressed once.
const TWICE: std::time::Duration = std::time::Duration::from_secs(1);
const SECOND: std::time::Duration = std::time::Duration::from_secs(1);
