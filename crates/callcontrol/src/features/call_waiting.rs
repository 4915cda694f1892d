//! The tone of call waiting, for phones that make none themselves: it is mixed into what the phone hears of the other party, for as long as
//! another call rings there, with the cadence of its country.
//!
//! A phone whose profile says so has a relay in each of its calls, as one whose calls are recorded. What it does not hear at all has no
//! tone in it: nothing is played while it holds or is held, nor where the two encrypt with keys that the relay does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::journal::Decision;
use strowger_base::leg::{CallTone, Origin, RingSound, Target, Tone};
use strowger_base::recording::VoiceFlow;
use strowger_base::{CallId, LegId, LineName, Now};
use strowger_media::control::{self, PayloadTypes, PortId};
use strowger_media::sdp;

use super::recording::relay_side;
use crate::CallControl;
use crate::Configuration;
use crate::call::{RecordedCall, Sealing, Step};
use crate::configuration::WaitingTone;
use crate::io::Outbox;

/// Which phones hear the tone now.
#[derive(Debug, Default)]
pub(crate) struct WaitingTones {
    /// Whether a phone that wants it was ever in a call; without one nothing here costs anything.
    used: bool,
    /// Legs that ring, and at which phone.
    ringing: BTreeMap<LegId, Device>,
    /// Legs that talk, of phones that want the tone.
    talks: BTreeMap<LegId, Talk>,
    /// The same by call and by phone.
    of_call: BTreeMap<CallId, BTreeSet<LegId>>,
    of_device: BTreeMap<Device, BTreeSet<LegId>>,
    sounding: BTreeMap<Place, (Tone, PayloadTypes)>,
}

/// A phone, as its calls know it: several lines may stand on one that has a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Device {
    Named(Arc<str>),
    /// The only phone of a line.
    Of(LineName),
}

/// A side of a relay.
type Place = (PortId, control::Side);

/// A phone in a call.
#[derive(Clone, Debug)]
struct Talk {
    call: CallId,
    device: Device,
    place: Place,
    types: PayloadTypes,
    tone: Tone,
}

impl WaitingTones {
    /// Somebody who is called has answered: nothing waits there any more.
    pub(crate) fn answered(&mut self, leg: LegId) {
        self.ringing.remove(&leg);
    }

    /// Phones that ring or talk and want the tone.
    pub(crate) fn len(&self) -> usize {
        self.ringing.len()
            + self.talks.len()
            + self.sounding.len()
            + self.of_call.len()
            + self.of_device.len()
    }

    /// Whether nobody who wants it was ever in a call.
    pub(crate) const fn are_unused(&self) -> bool {
        !self.used
    }

    /// A leg is gone.
    pub(crate) fn gone(&mut self, leg: LegId) {
        self.ringing.remove(&leg);
        self.forget(leg);
    }

    fn talks(&mut self, leg: LegId, talk: Talk) {
        // It may have talked in a call that it left since.
        self.forget(leg);
        self.of_call.entry(talk.call).or_default().insert(leg);
        self.of_device.entry(talk.device.clone()).or_default().insert(leg);
        self.talks.insert(leg, talk);
    }

    fn forget(&mut self, leg: LegId) -> Option<Talk> {
        let talk = self.talks.remove(&leg)?;
        if let Some(legs) = self.of_call.get_mut(&talk.call) {
            legs.remove(&leg);
            if legs.is_empty() {
                self.of_call.remove(&talk.call);
            }
        }
        if let Some(legs) = self.of_device.get_mut(&talk.device) {
            legs.remove(&leg);
            if legs.is_empty() {
                self.of_device.remove(&talk.device);
            }
        }
        Some(talk)
    }

    /// Where the tone is to be heard, and by which leg.
    fn wanted(&self) -> BTreeMap<Place, (LegId, &Talk)> {
        let devices: BTreeSet<&Device> = self.ringing.values().collect();
        let legs = devices.into_iter().filter_map(|device| self.of_device.get(device)).flatten();
        let talks = legs.filter_map(|leg| Some((*leg, self.talks.get(leg)?)));
        talks.map(|(leg, talk)| (talk.place, (leg, talk))).collect()
    }
}

impl CallControl {
    /// Something happened to a call: the tones of its phones follow.
    pub(crate) fn follow_waiting_tones(&mut self, now: Now, call: CallId, out: &mut Outbox) {
        if self.shared.waiting_tones.are_unused() {
            return;
        }
        let former = self.shared.waiting_tones.of_call.get(&call).cloned().unwrap_or_default();
        let mut former: BTreeMap<LegId, Talk> = former
            .into_iter()
            .filter_map(|leg| Some((leg, self.shared.waiting_tones.forget(leg)?)))
            .collect();
        let devices = self.calls.get(&call).map(|call| call.devices()).unwrap_or_default();
        for (leg, device) in devices {
            let Some(name) = self.shared.configuration.wants_waiting_tone(&device) else { continue };
            let view = self.calls.get(&call).and_then(|call| call.recorded(leg));
            let talk = match view {
                Some(view) => self.heard_in(&view, name, &device),
                // Something is offered just now: it goes on where it is.
                None => former.remove(&leg),
            };
            if let Some(talk) = talk {
                self.shared.waiting_tones.talks(leg, talk);
            }
        }
        self.sound_waiting_tones(now, out);
    }

    /// Where a phone would hear the tone in its call.
    fn heard_in(&self, view: &RecordedCall, device: Device, origin: &Origin) -> Option<Talk> {
        let port = view.relay?;
        let country = self.shared.configuration.country_of(origin);
        let tone = Tone::National { country, tone: CallTone::CallWaiting };
        let types = mixed_types(view)?;
        Some(Talk { call: view.call, device, place: (port, relay_side(view.side)), types, tone })
    }

    /// Brings what is heard in line with what shall be.
    pub(crate) fn sound_waiting_tones(&mut self, now: Now, out: &mut Outbox) {
        let tones = &self.shared.waiting_tones;
        if tones.ringing.is_empty() && tones.sounding.is_empty() {
            return;
        }
        let mut wanted = tones.wanted();
        // A relay that is gone meanwhile plays nothing, nor one of a call that is over: what is left of that is still to be told.
        let lives = |port: &PortId| {
            self.shared.relays.get(port).is_some_and(|used| self.calls.contains_key(&used.call))
        };
        wanted.retain(|(port, _), _| lives(port));
        // Also one whose place another one takes, where the country is another one now: a relay plays both otherwise.
        for (&(port, side), &(tone, _)) in &tones.sounding {
            if wanted.get(&(port, side)).is_none_or(|(_, talk)| talk.tone != tone) {
                out.media(control::Command::Warn { port, side, tone, types: None });
            }
        }
        let mut sounding = BTreeMap::new();
        for (&(port, side), &(leg, talk)) in &wanted {
            let (tone, types) = (talk.tone, talk.types);
            let before = tones.sounding.get(&(port, side));
            if before != Some(&(tone, types)) {
                out.media(control::Command::Warn { port, side, tone, types: Some(types) });
            }
            if before.is_none_or(|(before, _)| *before != tone) {
                out.decide(now, talk.call, Some(leg), Decision::Hears(tone));
            }
            sounding.insert((port, side), (tone, types));
        }
        self.shared.waiting_tones.sounding = sounding;
    }

    /// The user of a phone that makes no tones during a call hears that what he asked for is done.
    pub(crate) fn confirm_by_tone(&self, leg: LegId, tone: Tone, out: &mut Outbox) {
        let Some(call) = self.shared.legs.get(&leg).and_then(|call| self.calls.get(call)) else { return };
        let device = call.origin_of(leg);
        if device.and_then(|device| self.shared.configuration.wants_waiting_tone(&device)).is_none() {
            return;
        }
        let Some(view) = call.recorded(leg) else { return };
        if let (Some(port), Some(types)) = (view.relay, mixed_types(&view)) {
            let side = relay_side(view.side);
            out.media(control::Command::Warn { port, side, tone, types: Some(types) });
        }
    }
}

/// Under which payload types a party is sent what a tone can be mixed with; `None` when it hears nothing now, or nothing that is opened.
fn mixed_types(view: &RecordedCall) -> Option<PayloadTypes> {
    let sealed = matches!(view.far.sealing, Sealing::Through(_) | Sealing::Unknown);
    let heard = view.flow == VoiceFlow::Heard && !sealed;
    let (types, can_be_mixed) = sdp::payload_types(view.own.wrote.as_bytes()).filter(|_| heard)?;
    can_be_mixed.then_some(types)
}

impl Configuration {
    /// The phone of a device that wants the tone played by the server; `None` for all others.
    fn wants_waiting_tone(&self, device: &Origin) -> Option<Device> {
        let Origin::Line { line, phone } = device else { return None };
        let found = self.phone(line.as_str(), phone.as_deref())?;
        (found.settings.media.waiting_tone == WaitingTone::Server).then(|| match phone {
            Some(phone) => Device::Named(Arc::clone(phone)),
            None => Device::Of(line.clone()),
        })
    }
}

impl Step<'_> {
    /// Whether a phone is in the call, or may come into it, that wants the tone played: then its media passes through us.
    pub(crate) fn plays_waiting_tone(&mut self, targets: &[Target]) -> bool {
        let configuration = &self.shared.configuration;
        let plays = self.any_party(targets, |device| configuration.wants_waiting_tone(device).is_some());
        self.shared.waiting_tones.used |= plays;
        plays
    }

    /// A phone rings; where it wants the tone it hears it in its other call.
    pub(crate) fn waits_at(&mut self, leg: LegId, target: &Target, sound: RingSound) {
        let Target::Phone { line, phone, .. } = target else { return };
        if sound == RingSound::Silent {
            return;
        }
        let device = Origin::Line { line: line.clone(), phone: phone.clone() };
        if let Some(device) = self.shared.configuration.wants_waiting_tone(&device) {
            self.shared.waiting_tones.used = true;
            self.shared.waiting_tones.ringing.insert(leg, device);
        }
    }
}
