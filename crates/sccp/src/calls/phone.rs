//! The calls of one phone, and what its user does with them.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::feature::{FeatureAnswer, FeatureRequest};
use strowger_base::leg::{Digit, FurtherDigits, Party, Presentation, ReleaseReason, Setup, Signal};
use strowger_base::{Cause, FeatureCode, LegId, Now};

use super::Shared;
use super::call::{Call, Keys, Purpose, State, hang_up};
use super::channel::{self, Waits};
use super::display::{Failure, Parties, refusal};
use super::elsewhere::Elsewhere;
use super::io::{Media, Outbox, Output, Phone, PhoneLine};
use super::statistics::AskedStatistics;
use crate::codes::{
    CallReference, CallState, CallType, Codec, Instance, KeyMode, LampMode, Phrase, Switch, Tone,
};
use crate::message::calls::LineCall;
use crate::message::display::DisplayNotify;
use crate::message::{FromStation, ToStation};
use crate::wire::text::Text;

/// The most calls that a phone has at once; CUCM's phones have fewer.
pub(super) const CALLS_MAX: usize = 64;
/// The most keys of a number that belongs to a key.
const COLLECTED_MAX: usize = 24;
/// After a pause of this a number that belongs to a key is complete.
const PAUSE: Duration = Duration::from_secs(5);
/// How long it shows what belongs to no call.
const NOTICE: Duration = Duration::from_secs(10);
/// What has come over seventy servers goes round in circles (RFC 3261 §8.1.1.6).
const HOPS: u8 = 70;

/// The calls of one phone.
#[derive(Debug)]
pub(super) struct PhoneCalls {
    pub(super) phone: Phone,
    /// The codecs that it has; until it says, those that every phone has.
    pub(super) capabilities: Vec<Codec>,
    pub(super) calls: Vec<Call>,
    /// What was dialled last.
    pub(super) dialled_last: String,
    /// Of which calls it was asked how they sounded.
    pub(super) statistics: AskedStatistics,
    /// The calls of other phones of its lines.
    pub(super) elsewhere: Vec<Elsewhere>,
    /// How the lamps of lines are on which only other phones have calls.
    pub(super) lamps: BTreeMap<Instance, LampMode>,
    /// Its lines whose calls all go elsewhere.
    pub(super) forwards: Vec<Instance>,
}

impl PhoneCalls {
    pub(super) fn new(phone: Phone) -> Self {
        let capabilities = vec![Codec::G711_ULAW_64K, Codec::G711_ALAW_64K];
        PhoneCalls {
            phone,
            capabilities,
            calls: Vec::new(),
            dialled_last: String::new(),
            statistics: AskedStatistics::default(),
            elsewhere: Vec::new(),
            lamps: BTreeMap::new(),
            forwards: Vec::new(),
        }
    }

    /// It is no longer registered.
    pub(super) fn gone(&mut self, shared: &mut Shared, out: &mut Outbox) {
        for line in &self.phone.lines {
            shared.bindings.remove(&line.binding);
        }
        shared.asked.retain(|_, device| **device != *self.phone.device.as_str());
        for call in std::mem::take(&mut self.calls) {
            if let Some(patience) = call.patience {
                shared.timers.cancel(patience);
            }
            let Some(leg) = call.leg else { continue };
            shared.remove(leg);
            out.push(Output::Signal(
                leg,
                Signal::Released {
                    cause: Cause::DESTINATION_OUT_OF_ORDER,
                    reason: ReleaseReason::TransportFailed,
                },
                Media::None,
            ));
        }
    }

    pub(super) fn said(&mut self, shared: &mut Shared, now: Now, message: &FromStation, out: &mut Outbox) {
        let before = !self.calls.is_empty();
        match message {
            FromStation::OffHook(message) => self.off_hook(shared, now, message.of.clone(), out),
            FromStation::OnHook(message) => {
                let call = self.meant(message.of.as_ref()).or_else(|| self.active());
                if let Some(call) = call {
                    self.end(shared, call, out);
                }
            }
            FromStation::KeypadButton(message) => {
                let call = self.meant(message.of.as_ref()).or_else(|| self.active());
                if let (Some(call), Some(key)) = (call, message.character()) {
                    self.key(shared, now, call, key, out);
                }
            }
            FromStation::EnblocCall(message) => {
                let line = message.dialled.line.unwrap_or(Instance(0));
                self.dial(shared, now, line, message.dialled.number.as_str(), out);
            }
            FromStation::SoftKeyEvent(message) => self.soft_key(shared, now, message, out),
            FromStation::Stimulus(message) => self.button(shared, now, message, out),
            FromStation::CapabilitiesRes(message) => {
                self.capabilities = message.audio.iter().map(|capability| capability.codec).collect();
            }
            FromStation::UpdateCapabilities(message) => {
                self.capabilities = message.audio.iter().map(|capability| capability.codec).collect();
            }
            FromStation::OpenReceiveChannelAck(message) => self.port_opened(shared, now, message, out),
            FromStation::ConnectionStatisticsRes(message) => {
                if let Some(leg) = self.statistics.answered(message.statistics.call) {
                    out.push(Output::Statistics(leg, Box::new(message.statistics.clone())));
                }
            }
            _ => {}
        }
        self.tell_calls(before, out);
    }

    pub(super) fn tell_calls(&self, before: bool, out: &mut Outbox) {
        let any = !self.calls.is_empty();
        if any != before {
            out.push(Output::Calls { device: self.phone.device.clone(), any });
        }
    }

    pub(super) fn find(&mut self, reference: CallReference) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.reference == reference)
    }

    /// The call that the phone named.
    pub(super) fn meant(&self, of: Option<&LineCall>) -> Option<CallReference> {
        let named = of.filter(|of| of.call != CallReference(0))?.call;
        self.calls.iter().find(|call| call.reference == named).map(|call| call.reference)
    }

    /// The call that its user hears.
    pub(super) fn active(&self) -> Option<CallReference> {
        self.calls.iter().find(|call| call.is_active()).map(|call| call.reference)
    }

    /// The call that rings, of this line or of any.
    pub(super) fn ringing(&self, line: Instance) -> Option<CallReference> {
        let rings =
            |call: &&Call| matches!(call.state, State::RingingIn(_)) && (line.0 == 0 || call.line == line);
        self.calls.iter().find(rings).map(|call| call.reference)
    }

    pub(super) fn tell(&self, messages: Vec<ToStation>, out: &mut Outbox) {
        let device = &self.phone.device;
        out.extend(
            messages
                .into_iter()
                .map(|message| Output::Tell { device: device.clone(), message: Box::new(message) }),
        );
    }

    /// Shows what became of a feature whose call is over, or will be.
    pub(super) fn notice(&self, answer: &FeatureAnswer, out: &mut Outbox) {
        let text = match (answer.result, &*answer.text) {
            (Err(cause), _) => Text::phrase(refusal(answer.request, cause), ""),
            (Ok(()), "") => return,
            (Ok(()), place) if answer.request == FeatureRequest::Park.word() => {
                Text::phrase(Phrase::CALL_PARK_AT, &format!(" {place}"))
            }
            (Ok(()), text) => Text::from(text),
        };
        self.tell(vec![DisplayNotify { duration: NOTICE, text }.into()], out);
    }

    fn off_hook(&mut self, shared: &mut Shared, now: Now, of: Option<LineCall>, out: &mut Outbox) {
        let line = of.as_ref().map_or(Instance(0), |of| of.line);
        let rings = self.meant(of.as_ref()).filter(|call| self.rings(*call)).or_else(|| self.ringing(line));
        match rings {
            Some(call) => self.answer(shared, now, call, out),
            None if self.active().is_some() => {}
            None => {
                self.begin(shared, line, Wanted::default(), out);
            }
        }
    }

    pub(super) fn rings(&self, reference: CallReference) -> bool {
        let rings = |call: &Call| call.reference == reference && matches!(call.state, State::RingingIn(_));
        self.calls.iter().any(rings)
    }

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
        let (reference, leg) = (shared.reference(), shared.leg_ids.allocate());
        shared.insert(leg, self.phone.device.as_str(), reference);
        let mut call = Call::new(reference, line.instance, leg, CallType::OUTBOUND, State::Dialing);
        call.dialled = wanted.number.into();
        call.purpose = wanted.purpose;
        let party = Party {
            number: line.number.as_str().into(),
            name: line.name.as_str().into(),
            presentation: Presentation::Allowed,
        };
        call.parties = Parties { calling: party, ..Parties::default() };
        let mut tell = Vec::new();
        let mut display = call.display(&mut tell);
        display.lamp(LampMode::ON);
        display.state(CallState::OFF_HOOK);
        display.prompt(Phrase::ENTER_NUMBER, "");
        if let Some(code) = wanted.collects {
            // The number belongs to the key: call control is told when it is complete.
            display.keys(KeyMode::OFF_HOOK_WITH_FEATURE);
            call.play(Some(Tone::INSIDE_DIAL_TONE), &mut tell);
            call.collects = Some(code);
            call.leg = None;
            shared.remove(leg);
            self.tell(tell, out);
            self.calls.push(call);
            return Some(reference);
        }
        display.keys(KeyMode::OFF_HOOK);
        self.tell(tell, out);
        call.feature = wanted.feature;
        self.calls.push(call);
        let setup = Setup {
            replaces: wanted.replaces,
            joins: wanted.joins,
            ..self.setup(&line, reference, wanted.number, wanted.feature)
        };
        out.push(Output::Signal(leg, Signal::Setup(Box::new(setup)), Media::None));
        Some(reference)
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
            calling: Party {
                number: line.number.as_str().into(),
                name: line.name.as_str().into(),
                presentation: Presentation::Allowed,
            },
            called: number.into(),
            further_digits: if keyed { FurtherDigits::Keys } else { FurtherDigits::None },
            media: strowger_base::Media::None,
            hops_remaining: HOPS,
            reliable_provisional: false,
            behind_nat: false,
            srtp_fallback: false,
            diversions: Vec::new(),
            replaces: None,
            joins: None,
            feature,
        }
    }

    /// The number for a key is complete: call control is asked for what the key does.
    pub(super) fn collected(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        let Some(code) = call.collects.take() else { return };
        if let Some(patience) = call.patience.take() {
            shared.timers.cancel(patience);
        }
        let leg = shared.leg_ids.allocate();
        shared.insert(leg, self.phone.device.as_str(), reference);
        (call.leg, call.feature) = (Some(leg), Some(code));
        let (line, number) = (call.line, call.dialled.clone());
        let Some(line) = self.phone.lines.iter().find(|known| known.instance == line) else { return };
        let setup = self.setup(line, reference, &number, Some(code));
        out.push(Output::Signal(leg, Signal::Setup(Box::new(setup)), Media::None));
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
        self.hold_active(shared, now, out);
        self.dialled_last = number.into();
        self.begin(shared, line, Wanted { number, ..Wanted::default() }, out);
    }

    /// A key of the dial pad.
    fn key(&mut self, shared: &mut Shared, now: Now, reference: CallReference, key: char, out: &mut Outbox) {
        let mut tell = Vec::new();
        let Some(call) = self.find(reference) else { return };
        if call.collects.is_some() {
            return self.collect(shared, now, reference, key, out);
        }
        let Some(leg) = call.leg else { return };
        match call.state {
            State::Dialing => {
                if call.dialled.is_empty() {
                    call.display(&mut tell).keys(KeyMode::DIGITS_FOLLOWING);
                }
                call.dialled.push(key);
                self.dialled_last = self.find(reference).map(|call| call.dialled.clone()).unwrap_or_default();
            }
            State::Connected | State::Proceeding | State::RingingOut if call.keys == Keys::Told => {}
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

    /// Its user ends a call.
    pub(super) fn end(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.find(reference) else { return };
        if let Some(leg) = call.leg {
            out.push(Output::Signal(leg, hang_up(call.state), Media::None));
        }
        self.remove(shared, reference, out);
    }

    /// A call disappears from the phone.
    pub(super) fn remove(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(place) = self.calls.iter().position(|call| call.reference == reference) else { return };
        let mut call = self.calls.remove(place);
        let mut tell = Vec::new();
        self.statistics.ask(&mut call, &mut tell);
        if let Some(leg) = call.leg {
            shared.remove(leg);
        }
        if let Some(patience) = call.patience {
            shared.timers.cancel(patience);
        }
        if let State::RingingIn(sound) = call.state {
            call.display(&mut tell).stop_ringing(sound);
        }
        call.play(None, &mut tell);
        call.channel.close(reference, &mut tell);
        let others = self.calls.iter().any(|other| other.line == call.line);
        let mut display = call.display(&mut tell);
        display.gone();
        if !others {
            let mode = self.lamp_of(call.line);
            display.lamp(mode);
            self.lamps.insert(call.line, mode);
        }
        if call.is_active() && self.active().is_none() {
            display.speaker(Switch::OFF);
        }
        self.tell(tell, out);
    }

    /// Its user turns to another call: what is talked in goes on hold, and what nobody has answered ends, since the phone hears one call.
    pub(super) fn hold_active(&mut self, shared: &mut Shared, _: Now, out: &mut Outbox) {
        let active: Vec<_> =
            self.calls.iter().filter(|call| call.is_active()).map(|call| call.reference).collect();
        for reference in active {
            let Some(call) = self.find(reference) else { continue };
            match call.state {
                State::Connected => self.hold(reference, out),
                State::Dialing | State::Proceeding | State::RingingOut | State::Failed => {
                    self.end(shared, reference, out);
                }
                State::RingingIn(_) | State::Answering | State::Held | State::Resuming => {}
            }
        }
    }

    pub(super) fn hold(&mut self, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        let (State::Connected, Some(leg)) = (call.state, call.leg) else { return };
        let Some(voice) = call.channel.held() else { return };
        self.show_hold(reference, out);
        out.push(Output::Signal(leg, Signal::Media(strowger_base::Media::None), Media::Offer(voice)));
    }

    /// The phone hears and says nothing any more in a call, and shows that it is on hold.
    fn show_hold(&mut self, reference: CallReference, out: &mut Outbox) {
        let mut tell = Vec::new();
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        call.state = State::Held;
        self.statistics.ask(call, &mut tell);
        call.channel.close(reference, &mut tell);
        let mut display = call.display(&mut tell);
        display.state(CallState::HOLD);
        display.prompt(Phrase::HOLD, "");
        display.keys(KeyMode::ON_HOLD);
        display.lamp(LampMode::WINK);
        self.tell(tell, out);
    }

    /// What the phone offered is refused: a call that it put on hold goes on, and one that it took back stays on hold. Its user reads
    /// that the key did nothing.
    pub(super) fn media_refused(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        out: &mut Outbox,
    ) {
        let talks = self.calls.iter().any(|call| call.is_active() && call.reference != reference);
        let Some(call) = self.find(reference) else { return };
        match call.state {
            // Its user turned to another call, and hears that one.
            State::Held if talks => return,
            State::Held => self.resume(shared, now, reference, out),
            State::Connected if call.channel.is_unanswered() => self.show_hold(reference, out),
            State::Connected
            | State::Dialing
            | State::Proceeding
            | State::RingingOut
            | State::RingingIn(_)
            | State::Answering
            | State::Resuming
            | State::Failed => return,
        }
        let text = Text::phrase(Phrase::KEY_IS_NOT_ACTIVE, "");
        self.tell(vec![DisplayNotify { duration: NOTICE, text }.into()], out);
    }

    pub(super) fn resume(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        out: &mut Outbox,
    ) {
        self.hold_active(shared, now, out);
        let capabilities = self.capabilities.clone();
        let Some(call) = self.find(reference) else { return };
        if call.state != State::Held {
            return;
        }
        call.state = State::Resuming;
        call.channel.forget();
        let format = call.channel.spoken().or_else(|| channel::preferred(&capabilities));
        self.open(shared, now, reference, format, Waits::Offer, out);
    }

    /// A call comes to nothing: its user hears why until the receiver is down.
    pub(super) fn fail(
        &mut self,
        shared: &mut Shared,
        reference: CallReference,
        cause: Cause,
        out: &mut Outbox,
    ) {
        let mut tell = Vec::new();
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        call.state = State::Failed;
        self.statistics.ask(call, &mut tell);
        if let Some(leg) = call.leg.take() {
            shared.remove(leg);
        }
        call.channel.close(reference, &mut tell);
        let failure = Failure::of(cause, call.feature);
        let mut display = call.display(&mut tell);
        display.state(failure.state);
        display.prompt(failure.phrase, "");
        display.keys(KeyMode::OFF_HOOK);
        call.play(Some(failure.tone), &mut tell);
        self.tell(tell, out);
    }
}

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

/// Nobody is where a leg should ring.
pub(super) fn unreachable(leg: LegId, out: &mut Outbox) {
    let signal = Signal::Released { cause: Cause::SUBSCRIBER_ABSENT, reason: ReleaseReason::TransportFailed };
    out.push(Output::Signal(leg, signal, Media::None));
}
