//! Where the two sides of a call have the keys that they press, and what becomes of that.
//!
//! Where both devices have keys in their media (RFC 4733), those pass with it and no word of them comes here; where both have them in
//! their signalling, they pass here. Where one has them there and the other one here, the relay of the call tells what it hears of
//! them and writes what it is told. Where one has them as tones in its sound alone, the relay decodes that, whatever its codec. The
//! device with keys in its media is told that the other one has them there too.

use strowger_base::journal::{Decision, KeyPlace, WhyKeysStay};
use strowger_base::leg::{KeySignalling, Target};
use strowger_base::{Command, LegId, SessionDescription};
use strowger_media::codec::Codec;
use strowger_media::control::{self, Coding, Codings, KeyEvents, KeyWay, KeyWays};
use strowger_media::negotiate;
use strowger_media::sdp::{self, AudioSecurity, Wish};

use super::Step;
use crate::configuration::KeyMethod;
use crate::exchange::Side;
use crate::outlet::Part;
use crate::relay::Relay;

impl Step<'_> {
    /// These are called.
    pub(super) fn keys_reach(&mut self, targets: &[Target]) {
        let configuration = &self.shared.configuration;
        let methods = || targets.iter().map(|target| configuration.keys_to(target));
        // Of several that ring each has to understand what it is told; those in whose media there are no keys are the odd ones.
        let called = methods().find(|method| method.has_events()).or_else(|| methods().next());
        self.facts.pressing.called = called.unwrap_or_default();
    }

    /// The same of a device that is called and was not rung for it: it has come from a call of its own, of which it may have been told nothing.
    pub(super) fn keys_to_called(&mut self, called: LegId, target: &Target) {
        let by = self.shared.configuration.keys_to(target).signalling();
        let is_service = matches!(target, Target::Service(_));
        if by != KeySignalling::default() && !is_service {
            self.command(called, Command::KeysBy(by));
        }
    }

    /// The caller is told how keys go in its signalling, before it hears of anything else.
    pub(super) fn keys_from_caller(&mut self) {
        let by = self.shared.configuration.keys_from(&self.facts.origin).signalling();
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

    /// Whether what a side presses can come in its signalling alone, or shall come there as well.
    fn signals_keys(&self, side: Side) -> bool {
        match (self.method(side), self.method(side.other())) {
            (KeyMethod::Media | KeyMethod::InSound, _) => false,
            (KeyMethod::Signalling(_), _)
            | (KeyMethod::Either | KeyMethod::Both, KeyMethod::Signalling(_))
            | (KeyMethod::Both, KeyMethod::Both | KeyMethod::Either)
            | (KeyMethod::Either, KeyMethod::Both) => true,
            // In its media, as long as it has them there.
            (KeyMethod::Either, KeyMethod::Media | KeyMethod::Either | KeyMethod::InSound)
            | (KeyMethod::Both, KeyMethod::Media | KeyMethod::InSound) => {
                self.wrote(side).is_some_and(|wrote| sdp::key_events(wrote.as_bytes()).is_none())
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

    /// What a side was told last about the media of the other one.
    pub(super) fn told(&self, side: Side) -> Option<&SessionDescription> {
        match side {
            Side::Caller => self.facts.to_caller.sent(),
            Side::Called => self.facts.to_called.sent(),
        }
    }

    /// Whether a relay is wanted for the sake of keys that are pressed.
    pub(super) fn presses_need_relay(&self) -> bool {
        self.method(Side::Caller).differs_from(self.method(Side::Called))
    }

    fn method(&self, side: Side) -> KeyMethod {
        let caller = || self.shared.configuration.keys_from(&self.facts.origin);
        match side {
            Side::Called => self.facts.pressing.called,
            Side::Caller => match caller() {
                // What it offers says which of the two it can have.
                method @ (KeyMethod::Either | KeyMethod::Both) => {
                    let offer = self.wrote(side).or(self.facts.offer.as_ref());
                    let without = offer.is_some_and(|offer| sdp::key_events(offer.as_bytes()).is_none());
                    if without { KeyMethod::Signalling(KeySignalling::Any) } else { method }
                }
                method @ (KeyMethod::Media | KeyMethod::Signalling(_) | KeyMethod::InSound) => method,
            },
        }
    }

    /// Whether there are no keys in the media of a side, as far as can be known before the answer.
    fn has_no_events(&self, side: Side) -> bool {
        let other = self.method(side.other());
        let method = self.method(side);
        !method.has_events() || (method != KeyMethod::Media && matches!(other, KeyMethod::Signalling(_)))
    }

    /// Whether keys are carried over in this call, as far as can be known before the answer.
    fn carries_keys(&self) -> bool {
        matches!(self.facts.relay, Relay::Open(_)) && self.presses_need_relay()
    }

    /// What the other side is told of keys in media, in place of what `from` wrote: that there are such, or none, as it has them itself;
    /// `theirs` is what it offered, where it is answered.
    pub(super) fn with_events(
        &mut self,
        (from, part, theirs): (Side, Part, Option<&SessionDescription>),
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
        match (self.method(from.other()).has_events(), sdp::key_events(told)) {
            (false, Some(_)) => Some(sdp::without_key_events(told)),
            (true, None) => {
                // As it numbers them itself; what it did not offer cannot be answered.
                let free = sdp::free_key_events(told);
                let own = theirs.or(self.facts.outlet(from).source());
                let events = match own.map(|own| sdp::key_events_on(own.as_bytes(), free.clock_hz)) {
                    // It may have said nothing of them because it was not asked.
                    Some(None) if part == Part::Offer && theirs.is_none() => Some(free),
                    Some(own) => own,
                    None => Some(free),
                };
                events.map_or(left.clone(), |events| Some(sdp::with_key_events(told, events)))
            }
            (false, None) | (true, Some(_)) => left,
        }
    }

    /// Whether the devices encrypt their media with keys that are not ours.
    fn is_secret(&self, description: &[u8]) -> bool {
        !self.keys_need_relay()
            && !matches!(AudioSecurity::of(description).wish, Wish::Clear | Wish::Optional)
    }

    /// Both descriptions are known: the relay learns where keys are.
    pub(super) fn settle_presses(&mut self, called: LegId) {
        self.ask_for_keys(called);
        if !self.presses_need_relay() {
            return self.relay_keys(None, None);
        }
        let (Some(a), Some(b)) = (self.way_of(Side::Caller), self.way_of(Side::Called)) else { return };
        let ways = KeyWays { a, b };
        match self.carried(ways) {
            Ok(sound) => {
                if self.facts.pressing.told != Some(ways) {
                    let (caller, called) = (place_of(a), place_of(b));
                    self.decide(None, Decision::KeysBetween { caller, called });
                }
                self.facts.pressing.stays = None;
                self.relay_keys(Some(ways), sound);
            }
            Err(None) => self.relay_keys(None, None),
            Err(Some(why)) => {
                if self.facts.pressing.stays.replace(why) != Some(why) {
                    let leg = if place_of(a) == KeyPlace::Signalling { called } else { self.facts.caller };
                    self.decide(Some(leg), Decision::KeysNotCarried { why });
                }
                self.relay_keys(None, None);
            }
        }
    }

    /// Where a side has its keys; `None` while its media is not known.
    fn way_of(&self, side: Side) -> Option<KeyWay> {
        let (wrote, told) = (self.wrote(side)?, self.told(side)?);
        // It has them on the clock that was agreed, under the number that it gave them.
        let agreed = sdp::key_events(told.as_bytes());
        let events = agreed.and_then(|agreed| sdp::key_events_on(wrote.as_bytes(), agreed.clock_hz));
        let in_media = |none: KeyWay| events.map_or(none, |events: KeyEvents| KeyWay::Events(events));
        Some(match self.method(side) {
            // Whatever its settings say, it presses keys.
            KeyMethod::Media => in_media(KeyWay::Sound),
            KeyMethod::InSound => KeyWay::Sound,
            KeyMethod::Signalling(_) => KeyWay::Signalled,
            KeyMethod::Either | KeyMethod::Both if self.has_no_events(side) => KeyWay::Signalled,
            KeyMethod::Either | KeyMethod::Both => in_media(KeyWay::Signalled),
        })
    }

    /// What has to be decoded so that keys are carried over; why they are not, where there is anything to carry.
    fn carried(&self, ways: KeyWays) -> Result<Option<Codings>, Option<WhyKeysStay>> {
        if place_of(ways.a) == place_of(ways.b) {
            return Err(None);
        }
        if !matches!(self.facts.relay, Relay::Open(_)) {
            return Err(Some(WhyKeysStay::NoRelay));
        }
        if self.transcodes_at_device() {
            return Err(Some(WhyKeysStay::AtDevice));
        }
        let is_encrypted = |description: Option<&SessionDescription>| {
            description.is_some_and(|it| AudioSecurity::of(it.as_bytes()).suites().next().is_some())
        };
        let both = [Side::Caller, Side::Called].map(|side| self.wrote(side));
        if !self.keys_need_relay() && both.into_iter().all(is_encrypted) {
            return Err(Some(WhyKeysStay::Encrypted));
        }
        let sounds = [ways.a, ways.b].contains(&KeyWay::Sound);
        if !sounds || self.decodes() {
            return Ok(None);
        }
        // What is negotiated for devices may be a codec that our relay does not know.
        let is_ours = |coding: &Coding| Codec::ALL.contains(&coding.format.codec);
        let coding =
            |side: Side| negotiate::coding_of(self.told(side)?, self.wrote(side)?).ok().filter(is_ours);
        let codings = coding(Side::Caller).zip(coding(Side::Called)).map(|(a, b)| Codings { a, b });
        codings.map(|codings| Some(self.with_keys_of(codings))).ok_or(Some(WhyKeysStay::Codec))
    }

    /// The codings without events for a side that has its keys elsewhere.
    pub(super) fn with_keys_of(&self, mut codings: Codings) -> Codings {
        for (side, coding) in [(Side::Caller, &mut codings.a), (Side::Called, &mut codings.b)] {
            if self.presses_need_relay() && self.has_no_events(side) {
                coding.format.telephone_event = None;
                (coding.receive.telephone_event, coding.receive.telephone_event_48k) = (None, None);
            }
        }
        codings
    }

    /// Tells the relay where keys are, and what it has to decode for them alone.
    fn relay_keys(&mut self, ways: Option<KeyWays>, sound: Option<Codings>) {
        let Relay::Open(ports) = &self.facts.relay else {
            return self.forget_presses();
        };
        let port = ports.port;
        if std::mem::replace(&mut self.facts.pressing.told, ways) != ways {
            self.out.media(control::Command::Keys { port, ways });
        }
        // A transcoder has told it its own.
        if std::mem::replace(&mut self.facts.pressing.sound, sound) != sound && !self.decodes() {
            self.out.media(control::Command::Transcode { port, codings: sound.map(Box::new) });
        }
    }
}

const fn place_of(way: KeyWay) -> KeyPlace {
    match way {
        KeyWay::Events(_) => KeyPlace::Media,
        KeyWay::Sound => KeyPlace::Sound,
        KeyWay::Signalled => KeyPlace::Signalling,
    }
}
