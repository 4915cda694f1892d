//! The calls of one phone, and what its user does with them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use strowger_base::feature::{FeatureAnswer, FeatureRequest, ParkEvent};
use strowger_base::leg::{ReleaseReason, Signal};
use strowger_base::{Cause, LegId, Now};

use super::Shared;
use super::call::{Call, Purpose, State, hang_up};
use super::channel::{self, Waits};
use super::dialling::Wanted;
use super::display::{Failure, refusal};
use super::elsewhere::Elsewhere;
use super::face::Hearing;
use super::io::{Media, Outbox, Output, Phone};
use super::participants::Menu;
use super::statistics::AskedStatistics;
use crate::codes::{
    CallReference, CallState, CallType, Codec, Instance, KeyMode, LampMode, MediaStatus, Phrase,
};
use crate::message::calls::LineCall;
use crate::message::display::DisplayNotify;
use crate::message::keys::SelectSoftKeys;
use crate::message::{FromStation, ToStation};
use crate::version::Features;
use crate::wire::text::Text;

/// The most calls that a phone has at once; CUCM's phones have fewer.
pub(super) const CALLS_MAX: usize = 64;
/// How long it shows what belongs to no call.
const NOTICE: Duration = Duration::from_secs(10);

/// The calls of one phone.
#[derive(Debug)]
pub(super) struct PhoneCalls {
    pub(super) phone: Phone,
    /// The codecs that it has; until it says, those that every phone has.
    pub(super) capabilities: Vec<Codec>,
    /// It did not say whether it listens where all hear the same, as it was told to: it is not told so again, since whoever is held would wait
    /// each time until it has not answered.
    pub(super) hears_no_group: bool,
    /// It has said which codecs it has: before that nobody is refused because of them, and nothing is compared with them.
    pub(super) has_said_codecs: bool,
    pub(super) calls: Vec<Call>,
    /// What was dialled last.
    pub(super) dialled_last: String,
    /// Of which calls it was asked how they sounded.
    pub(super) statistics: AskedStatistics,
    /// The calls of other phones of its lines.
    pub(super) elsewhere: Vec<Elsewhere>,
    /// By what its user hears.
    pub(super) hearing: Hearing,
    /// How the lamps of its lines are.
    pub(super) lamps: BTreeMap<Instance, LampMode>,
    /// Its buttons for recording show that a call is recorded.
    pub(super) recording_shown: bool,
    /// The keys of each call, as it was told of them last.
    pub(super) keys_shown: BTreeMap<CallReference, SelectSoftKeys>,
    /// Its lines that other phones have too, and whether its user may come into their calls.
    pub(super) shared_lines: BTreeMap<Instance, bool>,
    /// It is a telephone at an analogue port, by whose hook things are done.
    pub(super) flashes: bool,
    /// Who is in its conference, as its screen shows it.
    pub(super) menu: Option<Menu>,
    /// Its lines whose calls all go elsewhere.
    pub(super) forwards: Vec<Instance>,
    /// Its busy lamps whose button takes the call that rings there now.
    pub(super) rung: BTreeSet<Instance>,
}

impl PhoneCalls {
    pub(super) fn new(phone: Phone) -> Self {
        let capabilities = vec![Codec::G711_ULAW_64K, Codec::G711_ALAW_64K];
        PhoneCalls {
            phone,
            capabilities,
            hears_no_group: false,
            has_said_codecs: false,
            calls: Vec::new(),
            dialled_last: String::new(),
            statistics: AskedStatistics::default(),
            elsewhere: Vec::new(),
            hearing: Hearing::default(),
            lamps: BTreeMap::new(),
            recording_shown: false,
            keys_shown: BTreeMap::new(),
            shared_lines: BTreeMap::new(),
            flashes: false,
            menu: None,
            forwards: Vec::new(),
            rung: BTreeSet::new(),
        }
    }

    pub(super) fn said(&mut self, shared: &mut Shared, now: Now, message: &FromStation, out: &mut Outbox) {
        let before = self.before();
        match message {
            FromStation::OffHook(message) => {
                self.hearing = Hearing::Own;
                self.off_hook(shared, now, message.of.clone(), out);
            }
            FromStation::OffHookWithCallingParty(message) => {
                self.hearing = Hearing::Own;
                let of = LineCall { line: message.line, call: CallReference(0) };
                self.off_hook(shared, now, Some(of), out);
            }
            // The telephone at an analogue port has no keys: it asks for another call, and brings the two together.
            FromStation::HookFlash(message) => self.flash(shared, now, &message.of, out),
            FromStation::OnHook(message) => {
                self.hearing = Hearing::Off;
                // Nobody is there any more for whom a call that is put on hold could go on.
                for held in self.calls.iter_mut().filter(|call| call.state == State::Held) {
                    held.asks = false;
                }
                let call = self.meant(message.of.as_ref()).or_else(|| self.active());
                if let Some(call) = call.filter(|_| !self.transfers_by_hook(shared, out)) {
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
            FromStation::DeviceToUserData(message) => self.chooses(shared, &message.document, out),
            FromStation::SoftKeyEvent(message) => self.soft_key(shared, now, message, out),
            FromStation::Stimulus(message) => self.button(shared, now, message, out),
            FromStation::CapabilitiesRes(message) => {
                self.has_codecs(message.audio.iter().map(|capability| capability.codec).collect());
            }
            FromStation::UpdateCapabilities(message) => {
                self.has_codecs(message.audio.iter().map(|capability| capability.codec).collect());
            }
            FromStation::OpenReceiveChannelAck(message) => self.port_opened(shared, now, message, out),
            FromStation::MulticastMediaReceptionAck(message) => self.joined(shared, now, message, out),
            FromStation::ConnectionStatisticsRes(message) => {
                if let Some(leg) = self.statistics.answered(message.statistics.call) {
                    out.push(Output::Statistics(leg, Box::new(message.statistics.clone())));
                }
            }
            FromStation::MediaTransmissionFailure(message) => {
                self.cannot_send(shared, now, message.party, out)
            }
            FromStation::StartMediaTransmissionAck(message) if message.status != MediaStatus::OK => {
                self.cannot_send(shared, now, message.party, out);
            }
            _ => {}
        }
        self.settle(before, out);
    }

    fn has_codecs(&mut self, codecs: Vec<Codec>) {
        (self.capabilities, self.has_said_codecs) = (codecs, true);
    }

    /// The payload type of its keys in RTP; `None` where it has none there, and tells them only: it says so when it registers, or with its codecs.
    pub(super) fn events(&self) -> Option<u8> {
        let can = self.phone.abilities.has(Features::RTP_EVENTS)
            || self.capabilities.contains(&Codec::TELEPHONE_EVENT);
        can.then_some(channel::EVENTS)
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
        self.notify(text, out);
    }

    /// Shows what becomes of a call that its user parked. That it waits is the answer to the key.
    pub(super) fn parked(&self, number: &str, event: ParkEvent, out: &mut Outbox) {
        let what = match event {
            ParkEvent::Parked => return,
            ParkEvent::Reverted => "reverted",
            ParkEvent::Retrieved => "retrieved",
            ParkEvent::Forwarded => "forwarded",
            ParkEvent::Abandoned => "abandoned",
        };
        self.notify(Text::phrase(Phrase::CALL_PARK, &format!(" {number} {what}")), out);
    }

    /// Shows something for a while, whatever call it belongs to.
    pub(super) fn notify(&self, text: Text, out: &mut Outbox) {
        self.tell(vec![DisplayNotify { duration: NOTICE, text }.into()], out);
    }

    fn off_hook(&mut self, shared: &mut Shared, now: Now, of: Option<LineCall>, out: &mut Outbox) {
        let line = of.as_ref().map_or(Instance(0), |of| of.line);
        let rings = self.meant(of.as_ref()).filter(|call| self.rings(*call)).or_else(|| self.ringing(line));
        match rings {
            Some(call) => self.answer(shared, now, call, out),
            None => match (self.active(), self.held_by_hook()) {
                (Some(call), _) => self.talk(shared, now, call, out),
                (None, Some(held)) => self.resume(shared, now, held, out),
                (None, None) => {
                    self.begin(shared, line, Wanted::default(), out);
                }
            },
        }
    }

    /// Whoever is only called to listen wants to be heard, as the target of an intercom call does.
    pub(super) fn talk(&mut self, shared: &mut Shared, now: Now, reference: CallReference, out: &mut Outbox) {
        let listens = |call: &&mut Call| {
            call.state == State::Connected && call.kind == CallType::INBOUND && call.channel.only_hears()
        };
        if self.find(reference).filter(listens).is_some() {
            self.offer(shared, now, reference, out);
        }
    }

    pub(super) fn rings(&self, reference: CallReference) -> bool {
        let rings = |call: &Call| call.reference == reference && matches!(call.state, State::RingingIn(_));
        self.calls.iter().any(rings)
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
        call.is_patient_no_more(shared);
        // Whoever interrupted it leads back to where it led itself.
        for other in self.calls.iter_mut().filter(|other| other.interrupts == Some(reference)) {
            other.interrupts = call.interrupts;
        }
        if call.is_silent {
            return;
        }
        // What was begun for it is a call like any other now.
        for other in self.calls.iter_mut().filter(|other| other.purpose.is_for(reference)) {
            other.purpose = Purpose::None;
            if other.state == State::Connected {
                other.display(&mut tell).keys(other.connected_keys());
            }
        }
        if let State::RingingIn(sound) = call.state {
            call.stop_ringing(sound, &mut tell);
        }
        call.play(None, &mut tell);
        call.channel.close(reference, &mut tell);
        call.display(&mut tell).gone();
        self.tell(tell, out);
    }

    /// Its user turns to another call, and is not led back any more to what was interrupted.
    pub(super) fn hold_active(&mut self, shared: &mut Shared, out: &mut Outbox) {
        for call in self.calls.iter_mut().filter(|call| call.is_active()) {
            call.interrupts = None;
        }
        self.put_aside(shared, out);
    }

    /// The phone turns to another call: what is talked in goes on hold, and what nobody has answered ends, since the phone hears one call.
    pub(super) fn put_aside(&mut self, shared: &mut Shared, out: &mut Outbox) {
        let active: Vec<_> =
            self.calls.iter().filter(|call| call.is_active()).map(|call| call.reference).collect();
        for reference in active {
            let Some(call) = self.find(reference) else { continue };
            match call.state {
                State::Connected => self.hold(shared, reference, out),
                State::Dialing | State::Proceeding | State::RingingOut | State::Failed => {
                    self.end(shared, reference, out);
                }
                State::RingingIn(_) | State::Answering | State::Held | State::Resuming => {}
            }
        }
    }

    pub(super) fn is_held(&self, reference: CallReference) -> bool {
        self.calls.iter().any(|call| call.reference == reference && call.state == State::Held)
    }

    /// Its user holds a call, and is not led back any more to what that interrupted.
    pub(super) fn holds(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        if let Some(call) = self.find(reference) {
            call.interrupts = None;
        }
        self.hold(shared, reference, out);
    }

    fn hold(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        let (State::Connected, Some(leg)) = (call.state, call.leg) else { return };
        let Some(voice) = call.channel.held() else { return };
        call.asks = true;
        self.show_hold(shared, reference, out);
        out.push(Output::Signal(leg, Signal::Media(strowger_base::Media::None), Media::Offer(voice)));
    }

    /// The phone hears and says nothing any more in a call, and shows that it is on hold.
    fn show_hold(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let mut tell = Vec::new();
        let Some(call) = self.calls.iter_mut().find(|call| call.reference == reference) else { return };
        call.state = State::Held;
        call.is_patient_no_more(shared);
        self.statistics.ask(call, &mut tell);
        call.channel.close(reference, &mut tell);
        let mut display = call.display(&mut tell);
        display.state(CallState::HOLD);
        display.prompt(Phrase::HOLD, "");
        display.keys(KeyMode::ON_HOLD);
        self.tell(tell, out);
    }

    /// There is no port for a call that its user takes back, or that is to talk elsewhere: it is on hold.
    pub(super) fn stays_held(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        self.show_hold(shared, reference, out);
        let text = Text::phrase(Phrase::NO_RESOURCES, "");
        self.tell(vec![DisplayNotify { duration: NOTICE, text }.into()], out);
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
            // Its hold was agreed on, and something else is refused; or its user turned to another call, and hears that one.
            State::Held if !call.asks || talks => return,
            // What the other side said stays: who only listened is not heard now.
            State::Held => self.take_back(shared, now, reference, out),
            State::Connected if call.channel.is_unanswered() || call.asks => {
                call.asks = false;
                self.show_hold(shared, reference, out);
            }
            State::Connected
            | State::Dialing
            | State::Proceeding
            | State::RingingOut
            | State::RingingIn(_)
            | State::Answering
            | State::Resuming
            | State::Failed => return,
        }
        self.notify(Text::phrase(Phrase::KEY_IS_NOT_ACTIVE, ""), out);
    }

    pub(super) fn resume(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        out: &mut Outbox,
    ) {
        let is_held = |call: &&mut Call| call.state == State::Held;
        let Some(call) = self.find(reference).filter(is_held) else { return };
        call.channel.forget();
        // It does not wait any more for what interrupted it.
        for other in self.calls.iter_mut().filter(|other| other.interrupts == Some(reference)) {
            other.interrupts = None;
        }
        self.take_back(shared, now, reference, out);
    }

    /// The call that went on hold for this one, which nobody asked for.
    pub(super) fn interrupted_by(&mut self, reference: CallReference) -> Option<CallReference> {
        self.find(reference)?.interrupts
    }

    /// What interrupted a call is over, and its user has turned to no other one: it goes on.
    pub(super) fn go_back(
        &mut self,
        shared: &mut Shared,
        now: Now,
        interrupted: Option<CallReference>,
        out: &mut Outbox,
    ) {
        if let Some(held) = interrupted.filter(|_| self.active().is_none()) {
            self.resume(shared, now, held, out);
        }
    }

    /// A call comes to nothing, as [`fail`](Self::fail) shows it. One for which nobody lifted a receiver disappears, and its user goes on in
    /// what it interrupted.
    pub(super) fn comes_to_nothing(
        &mut self,
        shared: &mut Shared,
        now: Now,
        (reference, cause): (CallReference, Cause),
        out: &mut Outbox,
    ) {
        match self.interrupted_by(reference) {
            None => self.fail(shared, reference, cause, out),
            interrupts => {
                self.remove(shared, reference, out);
                self.go_back(shared, now, interrupts, out);
            }
        }
    }

    /// The phone opens its port again for a call that is held.
    fn take_back(&mut self, shared: &mut Shared, now: Now, reference: CallReference, out: &mut Outbox) {
        self.hold_active(shared, out);
        self.hear(out);
        let capabilities = self.capabilities.clone();
        let Some(call) = self.find(reference) else { return };
        call.state = State::Resuming;
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
        if call.state == State::Dialing && !call.dialled.is_empty() {
            self.dialled_last.clone_from(&call.dialled);
        }
        call.state = State::Failed;
        call.is_patient_no_more(shared);
        self.statistics.ask(call, &mut tell);
        if let Some(leg) = call.leg.take() {
            shared.remove(leg);
        }
        call.channel.close(reference, &mut tell);
        let failure = Failure::of(cause, call.feature);
        let mut display = call.display(&mut tell);
        display.state(failure.state);
        display.prompt(failure.phrase, "");
        display.keys(call.failed_keys(cause));
        call.play(Some(failure.tone), &mut tell);
        self.tell(tell, out);
    }
}

/// Nobody is where a leg should ring.
pub(super) fn unreachable(leg: LegId, out: &mut Outbox) {
    let signal = Signal::Released { cause: Cause::SUBSCRIBER_ABSENT, reason: ReleaseReason::TransportFailed };
    out.push(Output::Signal(leg, signal, Media::None));
}
