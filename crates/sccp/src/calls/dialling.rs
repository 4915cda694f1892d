//! A call is asked for: key by key, with a whole number, or by a key that wants one.

use std::time::Duration;

use strowger_base::leg::{Digit, FurtherDigits, Party, Presentation, Setup, Signal};
use strowger_base::{FeatureCode, LegId, Now};

use super::Shared;
use super::call::{Call, Keys, Purpose, State};
use super::channel;
use super::display::Parties;
use super::io::{Media, Outbox, Output, PhoneLine};
use super::phone::{CALLS_MAX, PhoneCalls};
use crate::codes::{CallReference, CallState, CallType, Instance, KeyMode, Phrase, Tone};
use crate::message::calls::BackSpaceRes;

/// The most keys of a number that belongs to a key.
const COLLECTED_MAX: usize = 24;
/// The most keys of one dialling; no number with its codes is longer.
const KEYS_MAX: usize = 64;
/// After a pause of this a number that belongs to a key is complete.
const PAUSE: Duration = Duration::from_secs(5);
/// What has come over seventy servers goes round in circles (RFC 3261 §8.1.1.6).
const HOPS: u8 = 70;

/// What a call is begun for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// The number, where it is known.
    pub(super) number: &'a str,
    pub(super) feature: Option<FeatureCode>,
    /// A feature that wants a number, which is keyed first.
    pub(super) collects: Option<FeatureCode>,
    /// A leg whose place it takes.
    pub(super) replaces: Option<LegId>,
    /// A leg whose conversation it comes into.
    pub(super) joins: Option<LegId>,
    pub(super) purpose: Purpose,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Wanted {
            number: "",
            feature: None,
            collects: None,
            replaces: None,
            joins: None,
            purpose: Purpose::None,
        }
    }
}

impl Wanted<'_> {
    /// Whether its number is keyed from now on.
    const fn is_keyed(&self) -> bool {
        self.number.is_empty()
            && self.feature.is_none()
            && self.replaces.is_none()
            && self.joins.is_none()
            && self.collects.is_none()
    }
}

impl PhoneCalls {
    /// Its user asks for a call. Returns the call, if there is a line for it.
    pub(super) fn begin(
        &mut self,
        shared: &mut Shared,
        line: Instance,
        wanted: Wanted<'_>,
        out: &mut Outbox,
    ) -> Option<CallReference> {
        let line = self.phone.lines.iter().find(|known| line.0 == 0 || known.instance == line)?.clone();
        if self.calls.len() >= CALLS_MAX {
            return None;
        }
        self.hear(out);
        let reference = shared.reference();
        let leg = shared.leg_ids.allocate();
        let mut call =
            Call::new(self.events(), reference, line.instance, leg, CallType::OUTBOUND, State::Dialing);
        call.purpose = wanted.purpose;
        call.parties = Parties { calling: party_of(&line), ..Parties::default() };
        let mut tell = Vec::new();
        let mut display = call.display(&mut tell);
        display.state(CallState::OFF_HOOK);
        if let Some(code) = wanted.collects {
            // The number belongs to the key: call control is told when it is complete.
            display.prompt(Phrase::ENTER_NUMBER, "");
            display.keys(KeyMode::OFF_HOOK_WITH_FEATURE);
            call.play(Some(Tone::INSIDE_DIAL_TONE), &mut tell);
            (call.collects, call.leg) = (Some(code), None);
            self.tell(tell, out);
            self.calls.push(call);
            return Some(reference);
        }
        shared.insert(leg, self.phone.device.as_str(), reference);
        if wanted.is_keyed() {
            display.prompt(Phrase::ENTER_NUMBER, "");
            display.keys(match wanted.purpose {
                Purpose::None => KeyMode::OFF_HOOK,
                Purpose::Transfer(_) | Purpose::Conference(_) => KeyMode::OFF_HOOK_WITH_FEATURE,
            });
        }
        self.tell(tell, out);
        // The number of a feature is none that was called.
        call.dialled = if wanted.feature.is_none() { wanted.number.into() } else { String::new() };
        call.feature = wanted.feature;
        self.calls.push(call);
        if !wanted.is_keyed() {
            self.proceed(reference, out);
        }
        let setup = Setup {
            replaces: wanted.replaces,
            joins: wanted.joins,
            ..self.setup(&line, reference, wanted.number, wanted.feature)
        };
        out.push(Output::Signal(leg, Signal::Setup(Box::new(setup)), self.known_to_take()));
        Some(reference)
    }

    /// Its user changes a setting by a key. Call control takes that for a call, of which the phone shows nothing but what became of it.
    pub(super) fn change(
        &mut self,
        shared: &mut Shared,
        line: Instance,
        (feature, number): (FeatureCode, &str),
        out: &mut Outbox,
    ) {
        let line = self.phone.lines.iter().find(|known| line.0 == 0 || known.instance == line).cloned();
        let Some(line) = line.filter(|_| self.calls.len() < CALLS_MAX) else { return };
        let (reference, leg) = (shared.reference(), shared.leg_ids.allocate());
        shared.insert(leg, self.phone.device.as_str(), reference);
        let mut call =
            Call::new(self.events(), reference, line.instance, leg, CallType::OUTBOUND, State::Proceeding);
        (call.feature, call.is_silent) = (Some(feature), true);
        self.calls.push(call);
        let setup = self.setup(&line, reference, number, Some(feature));
        out.push(Output::Signal(leg, Signal::Setup(Box::new(setup)), self.known_to_take()));
    }

    /// What call control is told of a call that begins.
    fn setup(
        &self,
        line: &PhoneLine,
        reference: CallReference,
        number: &str,
        feature: Option<FeatureCode>,
    ) -> Setup {
        let keyed = number.is_empty() && feature.is_none();
        Setup {
            origin: line.origin.clone(),
            flow: self.phone.flow,
            protocol_call_id: format!("{}/{}", self.phone.device.as_str(), reference.0).into(),
            calling: party_of(line),
            called: number.into(),
            further_digits: if keyed { FurtherDigits::Keys } else { FurtherDigits::Beyond },
            media: strowger_base::Media::None,
            hops_remaining: HOPS,
            // It can be told to open its port at any time.
            reliable_provisional: true,
            behind_nat: false,
            srtp_fallback: false,
            takes: None,
            diversions: Vec::new(),
            replaces: None,
            joins: None,
            feature,
        }
    }

    /// What call control may know of its media when it begins a call: its port is opened when somebody answers, and its codecs are compared before.
    fn known_to_take(&self) -> Media {
        if !self.has_said_codecs {
            return Media::None;
        }
        let known = channel::known(self.phone.flow.peer().ip(), self.events(), &self.capabilities);
        known.map_or(Media::None, Media::Takes)
    }

    /// The number is complete: it is shown, and stands among those that were called.
    pub(super) fn proceed(&mut self, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        if call.state != State::Dialing {
            return;
        }
        let mut tell = Vec::new();
        call.state = State::Proceeding;
        call.parties.called.number = call.dialled.as_str().into();
        call.play(None, &mut tell);
        let mut display = call.display(&mut tell);
        if !call.dialled.is_empty() {
            self.dialled_last.clone_from(&call.dialled);
            display.dialled(&call.dialled);
        }
        display.parties(CallType::OUTBOUND, &call.parties);
        display.state(CallState::PROCEED);
        display.prompt(Phrase::CALL_PROCEED, "");
        display.keys(KeyMode::RING_OUT);
        self.tell(tell, out);
    }

    /// The number for a key is complete: call control is asked for what the key does.
    pub(super) fn collected(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        if call.collects.is_some() && call.dialled.is_empty() {
            // Without a number nothing was wanted.
            return self.end(shared, reference, out);
        }
        let Some(code) = call.collects.take() else { return };
        if let Some(patience) = call.patience.take() {
            shared.timers.cancel(patience);
        }
        let (line, number) = (call.line, std::mem::take(&mut call.dialled));
        if let FeatureCode::Forward(_) = code {
            self.remove(shared, reference, out);
            return self.change(shared, line, (code, &number), out);
        }
        let leg = shared.leg_ids.allocate();
        shared.insert(leg, self.phone.device.as_str(), reference);
        (call.leg, call.feature) = (Some(leg), Some(code));
        self.proceed(reference, out);
        let Some(line) = self.phone.lines.iter().find(|known| known.instance == line) else { return };
        let setup = self.setup(line, reference, &number, Some(code));
        out.push(Output::Signal(leg, Signal::Setup(Box::new(setup)), self.known_to_take()));
    }

    /// A key of the number that belongs to a key. The sign # ends it, as does a pause.
    fn collect(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        key: char,
        out: &mut Outbox,
    ) {
        let mut tell = Vec::new();
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        if let Some(patience) = call.patience.take() {
            shared.timers.cancel(patience);
        }
        if key == '#' && !call.dialled.is_empty() {
            return self.collected(shared, reference, out);
        }
        if call.dialled.is_empty() {
            call.play(None, &mut tell);
            call.display(&mut tell).keys(KeyMode::DIGITS_FOLLOWING);
        }
        if call.dialled.len() < COLLECTED_MAX {
            call.dialled.push(key);
        }
        let device: Box<str> = self.phone.device.as_str().into();
        call.patience = Some(shared.timers.set(now.mono + PAUSE, (device, reference)));
        self.tell(tell, out);
    }

    /// Its user dials a whole number, in the call that waits for one or in a new one.
    pub(super) fn dial(
        &mut self,
        shared: &mut Shared,
        now: Now,
        line: Instance,
        number: &str,
        out: &mut Outbox,
    ) {
        let waits = self.calls.iter().find(|call| call.state == State::Dialing).map(|call| call.reference);
        if let Some(call) = waits {
            for key in number.chars() {
                self.key(shared, now, call, key, out);
            }
            return self.collected(shared, call, out);
        }
        self.hold_active(shared, out);
        self.begin(shared, line, Wanted { number, ..Wanted::default() }, out);
    }

    /// A key of the dial pad.
    pub(super) fn key(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        key: char,
        out: &mut Outbox,
    ) {
        let mut tell = Vec::new();
        let Some(call) = self.find(reference) else { return };
        if call.collects.is_some() {
            return self.collect(shared, now, reference, key, out);
        }
        let Some(leg) = call.leg else { return };
        match call.state {
            State::Dialing if call.dialled.len() >= KEYS_MAX => return,
            State::Dialing => {
                if call.dialled.is_empty() {
                    call.display(&mut tell).keys(KeyMode::DIGITS_FOLLOWING);
                }
                call.dialled.push(key);
            }
            State::Connected | State::Proceeding | State::RingingOut if call.keys == Keys::Told => {}
            State::Connected if !call.channel.has_keys() => {}
            // Something is heard before the answer that may ask for keys.
            State::Proceeding | State::RingingOut
                if call.channel.is_sending() && !call.channel.has_keys() => {}
            State::Connected
            | State::Proceeding
            | State::RingingOut
            | State::RingingIn(_)
            | State::Answering
            | State::Held
            | State::Resuming
            | State::Failed => return,
        }
        self.tell(tell, out);
        out.push(Output::Signal(leg, Signal::Digit(Digit { key, duration_ms: 0 }), Media::None));
    }

    /// The last key is taken back, while it has led nowhere.
    pub(super) fn backspace(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        out: &mut Outbox,
    ) {
        let device: Box<str> = self.phone.device.as_str().into();
        let Some(call) = self.find(reference) else { return };
        if call.state != State::Dialing || call.dialled.pop().is_none() {
            return;
        }
        if let Some(patience) = call.patience.take() {
            shared.timers.cancel(patience);
        }
        if call.collects.is_some() && !call.dialled.is_empty() {
            call.patience = Some(shared.timers.set(now.mono + PAUSE, (device, reference)));
        }
        let mut tell = vec![BackSpaceRes { line: call.line, call: reference }.into()];
        let leg = call.leg.filter(|_| call.collects.is_none());
        if call.dialled.is_empty() {
            let keys = match (leg, call.purpose) {
                (Some(_), Purpose::None) => KeyMode::OFF_HOOK,
                (_, _) => KeyMode::OFF_HOOK_WITH_FEATURE,
            };
            call.display(&mut tell).keys(keys);
        }
        self.tell(tell, out);
        if let Some(leg) = leg {
            out.push(Output::Signal(leg, Signal::DigitErased, Media::None));
        }
    }
}

fn party_of(line: &PhoneLine) -> Party {
    Party {
        number: line.number.as_str().into(),
        name: line.name.as_str().into(),
        presentation: Presentation::Allowed,
    }
}
