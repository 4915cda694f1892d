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
use crate::shared::{RelayUse, Shared};

/// Which phones hear the tone now.
#[derive(Debug, Default)]
pub(crate) struct WaitingTones {
    /// Whether a phone that wants it was ever in a call; without one nothing here costs anything.
    used: bool,
    /// Whether anything happened since it was looked at on which it depends what is heard; nothing is looked at otherwise.
    changed: bool,
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
#[derive(Clone, PartialEq, Debug)]
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
        self.changed |= self.ringing.remove(&leg).is_some();
    }

    /// A relay is gone, or about to be closed.
    pub(crate) const fn relay_gone(&mut self) {
        self.changed = true;
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
        self.answered(leg);
        self.forget(leg);
    }

    /// A leg rings at a phone that wants the tone.
    fn rings(&mut self, leg: LegId, device: Device) {
        self.used = true;
        self.changed = true;
        self.ringing.insert(leg, device);
    }

    /// These legs of a call talk, and no others.
    fn talk_in(&mut self, call: CallId, talks: BTreeMap<LegId, Talk>) {
        let former = self.of_call.get(&call);
        let as_many = former.map_or(0, BTreeSet::len) == talks.len();
        if as_many && talks.iter().all(|(leg, talk)| self.talks.get(leg) == Some(talk)) {
            return;
        }
        for leg in former.cloned().unwrap_or_default() {
            self.forget(leg);
        }
        for (leg, talk) in talks {
            self.talks(leg, talk);
        }
    }

    fn talks(&mut self, leg: LegId, talk: Talk) {
        // It may have talked in a call that it left since.
        self.forget(leg);
        self.of_call.entry(talk.call).or_default().insert(leg);
        self.of_device.entry(talk.device.clone()).or_default().insert(leg);
        self.talks.insert(leg, talk);
        self.changed = true;
    }

    fn forget(&mut self, leg: LegId) {
        let Some(talk) = self.talks.remove(&leg) else { return };
        self.changed = true;
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
    }

    /// Brings what is heard in line with what shall be, on relays that live.
    fn sound(&mut self, now: Now, lives: impl Fn(PortId) -> bool, out: &mut Outbox) {
        let changed = std::mem::take(&mut self.changed);
        if !changed || (self.ringing.is_empty() && self.sounding.is_empty()) {
            return;
        }
        let mut wanted = self.wanted();
        wanted.retain(|(port, _), _| lives(*port));
        // Also one whose place another one takes, where the country is another one now: a relay plays both otherwise. One that is gone
        // plays nothing.
        for (&(port, side), &(tone, _)) in &self.sounding {
            let ends = wanted.get(&(port, side)).is_none_or(|(_, talk)| talk.tone != tone);
            if ends && lives(port) {
                out.media(control::Command::Warn { port, side, tone, types: None });
            }
        }
        let mut sounding = BTreeMap::new();
        for (&(port, side), &(leg, talk)) in &wanted {
            let (tone, types) = (talk.tone, talk.types);
            let before = self.sounding.get(&(port, side));
            if before != Some(&(tone, types)) {
                out.media(control::Command::Warn { port, side, tone, types: Some(types) });
            }
            if before.is_none_or(|(before, _)| *before != tone) {
                out.decide(now, talk.call, Some(leg), Decision::Hears(tone));
            }
            sounding.insert((port, side), (tone, types));
        }
        self.sounding = sounding;
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
    /// Something happened to a call: where its phones would hear the tone follows.
    pub(crate) fn follow_waiting_tones(&mut self, call: CallId) {
        let tones = &self.shared.waiting_tones;
        if tones.are_unused() {
            return;
        }
        let mut talks = BTreeMap::new();
        let devices = self.calls.get(&call).map(|call| call.devices()).unwrap_or_default();
        for (leg, device) in devices {
            let Some(name) = self.shared.configuration.wants_waiting_tone(&device) else { continue };
            let view = self.calls.get(&call).and_then(|call| call.recorded(leg));
            let talk = match view {
                Some(view) => self.heard_in(&view, name, &device),
                // Something is offered just now: it goes on where it is.
                None => tones.talks.get(&leg).filter(|talk| talk.call == call).cloned(),
            };
            talks.extend(talk.map(|talk| (leg, talk)));
        }
        self.shared.waiting_tones.talk_in(call, talks);
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
        let Shared { waiting_tones, relays, .. } = &mut self.shared;
        waiting_tones.sound(now, |port| relays.get(&port).is_some_and(RelayUse::lives), out);
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
            self.shared.waiting_tones.rings(leg, device);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use strowger_base::{Country, Instant, NodeId, ShardId, WallTime};

    use super::*;
    use crate::io::Output;

    const NOW: Now = Now { mono: Instant::START, wall: WallTime::from_micros(0) };
    const OTHER_TONE: Tone = Tone::National { country: Country::Germany, tone: CallTone::CallWaiting };

    fn leg(number: u64) -> LegId {
        LegId::new(NodeId(1), ShardId(0), number)
    }

    fn call(number: u64) -> CallId {
        CallId::new(NodeId(1), ShardId(0), number)
    }

    fn device() -> Device {
        Device::Named("desk".into())
    }

    /// A talk in this call over this relay, by its own leg.
    fn talk(number: u64, port: u64) -> (LegId, Talk) {
        let tone = Tone::National { country: Country::UnitedStates, tone: CallTone::CallWaiting };
        let place = (PortId(port), control::Side::B);
        let talk = Talk { call: call(number), device: device(), place, types: PayloadTypes::default(), tone };
        (leg(number), talk)
    }

    /// Tones, and relays that are gone.
    #[derive(Default)]
    struct Scene {
        tones: WaitingTones,
        gone: BTreeSet<PortId>,
    }

    impl Scene {
        /// One phone talks over relay 2 and rings for another call: it hears the tone.
        fn new() -> Self {
            let mut scene = Scene::default();
            scene.talk_in(1, [talk(1, 2)]);
            scene.tones.rings(leg(9), device());
            assert_eq!(scene.sound(), ["2 B hears it", "told"]);
            scene
        }

        fn talk_in<const N: usize>(&mut self, number: u64, talks: [(LegId, Talk); N]) {
            self.tones.talk_in(call(number), talks.into_iter().collect());
        }

        /// What is told after an input; nothing is left to tell after that, and nothing is looked at again.
        fn sound(&mut self) -> Vec<String> {
            let (told, _) = self.look();
            assert_eq!(self.look(), (vec![], 0), "looked at again");
            // What is heard is what shall be heard, whatever has told it.
            let lives = |place: &Place| !self.gone.contains(&place.0);
            let wanted: Vec<Place> = self.tones.wanted().into_keys().filter(lives).collect();
            assert!(wanted.iter().eq(self.tones.sounding.keys()), "{wanted:?} shall hear it");
            told
        }

        /// The same, and how many relays were looked at.
        fn look(&mut self) -> (Vec<String>, u32) {
            let (mut out, looked) = (Outbox::default(), Cell::new(0));
            let lives = |port| {
                looked.set(looked.get() + 1);
                !self.gone.contains(&port)
            };
            self.tones.sound(NOW, lives, &mut out);
            let told = |item: &Output| match item {
                Output::Media(control::Command::Warn { port, side, types, .. }) => {
                    format!("{} {side:?} hears it{}", port.0, if types.is_some() { "" } else { " no more" })
                }
                Output::Journal(_) => "told".to_owned(),
                other => panic!("{other:?}"),
            };
            (out.items.iter().map(told).collect(), looked.get())
        }
    }

    #[test]
    fn nothing_is_looked_at_while_nothing_changes() {
        let mut scene = Scene::new();
        // Things that happen all the time, and change nothing of what is heard.
        scene.tones.answered(leg(77));
        scene.tones.gone(leg(78));
        scene.talk_in(1, [talk(1, 2)]);
        scene.talk_in(5, []);
        assert_eq!(scene.look(), (vec![], 0));
    }

    #[test]
    fn whatever_changes_what_is_heard_is_told_once() {
        type Case = (&'static str, fn(&mut Scene), &'static [&'static str]);
        let cases: [Case; 9] = [
            ("the call that waits is answered", |it| it.tones.answered(leg(9)), &["2 B hears it no more"]),
            ("it is over", |it| it.tones.gone(leg(9)), &["2 B hears it no more"]),
            ("another one rings as well", |it| it.tones.rings(leg(10), device()), &[]),
            ("the phone's own call is over", |it| it.tones.gone(leg(1)), &["2 B hears it no more"]),
            ("it holds", |it| it.talk_in(1, []), &["2 B hears it no more"]),
            (
                "it talks over another relay",
                |it| it.talk_in(1, [talk(1, 4)]),
                &["2 B hears it no more", "4 B hears it", "told"],
            ),
            (
                "another call of the phone goes on",
                |it| it.talk_in(3, [talk(3, 6)]),
                &["6 B hears it", "told"],
            ),
            (
                "its country is another one",
                |it| {
                    let (leg, talk) = talk(1, 2);
                    it.talk_in(1, [(leg, Talk { tone: OTHER_TONE, ..talk })]);
                },
                &["2 B hears it no more", "2 B hears it", "told"],
            ),
            (
                "the relay is gone, and is told nothing",
                |it| {
                    it.gone.insert(PortId(2));
                    it.tones.relay_gone();
                },
                &[],
            ),
        ];
        for (what, happens, told) in cases {
            let mut scene = Scene::new();
            happens(&mut scene);
            assert!(scene.tones.changed, "{what}");
            assert_eq!(scene.sound(), told, "{what}");
        }
    }

    #[test]
    fn a_phone_that_goes_on_in_another_call_hears_it_there() {
        let mut scene = Scene::new();
        let (_, elsewhere) = talk(3, 6);
        // The call that it comes into is followed first, and the one that it left knows nothing of it.
        scene.talk_in(3, [(leg(1), elsewhere)]);
        scene.talk_in(1, []);
        assert_eq!(scene.sound(), ["2 B hears it no more", "6 B hears it", "told"]);
    }
}
