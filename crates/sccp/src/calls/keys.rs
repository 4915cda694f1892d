//! Soft keys and buttons, and what they ask for.

use strowger_base::feature::{FeatureRequest, Forwarded, Turn};
use strowger_base::{FeatureCode, Now, Signal};

use super::Shared;
use super::call::{Purpose, State};
use super::dialling::Wanted;
use super::display::Display;
use super::io::{Media, Outbox, Output};
use super::phone::PhoneCalls;
use crate::codes::{CallReference, CallType, Instance, Phrase, SoftKey, Stimulus as Button};
use crate::message::calls::{CallSelectStat, LineCall, SoftKeyEvent, Stimulus};
use crate::station::device::FeatureButton;
use crate::wire::text::Text;

/// What a key asks for, whichever kind of key it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    NewCall,
    EndCall,
    Answer,
    Hold,
    Resume,
    Redial,
    Backspace,
    Transfer,
    Conference,
    /// A feature of the call.
    Feature(CallFeature),
    /// Calls are chosen, and something is done with those that are.
    Select,
    Join,
    DirectTransfer,
    /// All calls of the line go to a number that is asked for, or no longer.
    Forward,
    /// A feature that is a call of its own.
    Code(FeatureCode),
    /// The same with a number that is asked for.
    Collect(FeatureCode),
    /// What rings is answered, and without it what is talked in ends.
    AnswerOrRelease,
    /// The voice mail of the line is called.
    Messages,
    /// The call goes to the mobile phone of the user, which no phone of this system has.
    Mobility,
}

/// What is done with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallFeature {
    Park,
    Divert,
    CallBack,
    Participants,
    DropLast,
    MaliciousCall,
    Private,
    QualityReport,
    Record,
}

impl CallFeature {
    const fn request(self) -> FeatureRequest {
        match self {
            CallFeature::Park => FeatureRequest::Park,
            CallFeature::Divert => FeatureRequest::Divert,
            CallFeature::CallBack => FeatureRequest::CallBack,
            CallFeature::Participants => FeatureRequest::Participants,
            CallFeature::DropLast => FeatureRequest::DropLast,
            CallFeature::MaliciousCall => FeatureRequest::MaliciousCall,
            CallFeature::Private => FeatureRequest::Privacy(Turn::Over),
            CallFeature::QualityReport => FeatureRequest::ReportQuality(None),
            CallFeature::Record => FeatureRequest::Record(Turn::Over),
        }
    }
}

impl PhoneCalls {
    pub(super) fn soft_key(&mut self, shared: &mut Shared, now: Now, event: &SoftKeyEvent, out: &mut Outbox) {
        let Some(key) = of_soft_key(event.event) else { return };
        let of = LineCall { line: event.line, call: event.call };
        self.pressed(shared, now, key, &of, out);
    }

    pub(super) fn button(&mut self, shared: &mut Shared, now: Now, button: &Stimulus, out: &mut Outbox) {
        let feature = (button.stimulus == Button::PRIVACY).then(|| self.feature_at(button.instance));
        if let Some(feature) = feature.flatten() {
            let of = LineCall { line: Instance(0), call: button.call };
            return self.pressed(shared, now, Key::Feature(feature), &of, out);
        }
        let dialled = self
            .phone
            .dials
            .iter()
            .find(|(stimulus, instance, _)| (*stimulus, *instance) == (button.stimulus, button.instance));
        if let Some((_, _, number)) = dialled.cloned() {
            let is_lamp = button.stimulus != Button::SPEED_DIAL;
            if is_lamp && self.rung.contains(&button.instance) {
                self.hold_active(shared, out);
                let feature = Some(FeatureCode::DirectedPickUp);
                let wanted = Wanted { number: number.as_str(), feature, ..Wanted::default() };
                self.begin(shared, Instance(0), wanted, out);
                return;
            }
            return self.dial(shared, now, Instance(0), number.as_str(), out);
        }
        if button.stimulus == Button::LINE {
            return self.line_button(shared, now, button.instance, out);
        }
        if button.stimulus == Button::SPEED_DIAL {
            let number = button.instance.0.to_string();
            self.hold_active(shared, out);
            let feature = Some(FeatureCode::SpeedDial);
            self.begin(shared, Instance(0), Wanted { number: &number, feature, ..Wanted::default() }, out);
            return;
        }
        let Some(key) = of_button(button.stimulus) else { return };
        self.pressed(shared, now, key, &LineCall { line: Instance(0), call: button.call }, out);
    }

    /// The feature of a button that has no type of its own.
    fn feature_at(&self, instance: Instance) -> Option<CallFeature> {
        let (_, button, _) = self.phone.feature_buttons.iter().find(|(known, ..)| *known == instance)?;
        Some(match button {
            FeatureButton::Privacy => CallFeature::Private,
            FeatureButton::Record => CallFeature::Record,
        })
    }

    /// A line's button answers what rings there, takes back what is held there, and otherwise begins a call.
    fn line_button(&mut self, shared: &mut Shared, now: Now, line: Instance, out: &mut Outbox) {
        if let Some(call) = self.ringing(line) {
            return self.answer(shared, now, call, out);
        }
        let held = |call: &&super::call::Call| call.line == line && call.state == State::Held;
        if let Some(call) = self.calls.iter().find(held).map(|call| call.reference) {
            return self.resume(shared, now, call, out);
        }
        if let Some(call) =
            self.active().filter(|call| self.calls.iter().any(|it| it.line == line && it.reference == *call))
        {
            return self.talk(shared, now, call, out);
        }
        if let Some(of) = self.held_elsewhere(line) {
            self.pressed_elsewhere(shared, Key::Resume, &of, out);
            return;
        }
        self.new_call(shared, line, Purpose::None, out);
    }

    fn new_call(
        &mut self,
        shared: &mut Shared,
        line: Instance,
        purpose: Purpose,
        out: &mut Outbox,
    ) -> Option<CallReference> {
        self.hold_active(shared, out);
        self.begin(shared, line, Wanted { purpose, ..Wanted::default() }, out)
    }

    pub(super) fn pressed(
        &mut self,
        shared: &mut Shared,
        now: Now,
        key: Key,
        of: &LineCall,
        out: &mut Outbox,
    ) {
        if self.pressed_elsewhere(shared, key, of, out) {
            return;
        }
        let call = self.meant(Some(of)).or_else(|| self.active());
        // It ends a call that nobody but the phone has any more, and not the one that its user is in.
        if key == Key::EndCall && of.call != CallReference(0) && self.meant(Some(of)).is_none() {
            let mut tell = Vec::new();
            Display { line: of.line, call: of.call, tell: &mut tell }.gone();
            return self.tell(tell, out);
        }
        // A key that names no line is for that of its call, or of the one that its user is in.
        let of_call = call.and_then(|call| self.find(call)).map(|call| call.line);
        let line = Some(of.line).filter(|line| line.0 != 0).or(of_call).unwrap_or(of.line);
        match (key, call) {
            (Key::NewCall, _) => {
                self.new_call(shared, line, Purpose::None, out);
            }
            (Key::Redial, _) => {
                let number = self.dialled_last.clone();
                if !number.is_empty() {
                    self.dial(shared, now, line, &number, out);
                }
            }
            (Key::Code(code), _) if is_setting(code) => self.change(shared, line, (code, ""), out),
            (Key::Code(code), _) => {
                self.hold_active(shared, out);
                let wanted = Wanted { feature: Some(code), ..Wanted::default() };
                self.begin(shared, line, wanted, out);
            }
            (Key::Mobility, _) => self.notify(Text::phrase(Phrase::SERVICE_IS_NOT_ACTIVE, ""), out),
            (Key::Forward, _) => {
                let first = || self.phone.lines.first().map(|line| line.instance);
                let line = if line.0 == 0 { first() } else { Some(line) };
                let forwards = line.is_some_and(|line| self.forwards.contains(&line));
                let which = Forwarded::All;
                let of = &LineCall { line: line.unwrap_or(of.line), call: of.call };
                let key = if forwards {
                    Key::Code(FeatureCode::CancelForward(which))
                } else {
                    Key::Collect(FeatureCode::Forward(which))
                };
                self.pressed(shared, now, key, of, out);
            }
            (Key::Collect(code), _) => {
                // Pressed again it says that the number is complete.
                let waits = |call: &&super::call::Call| call.collects == Some(code);
                let waiting =
                    self.calls.iter().find(waits).map(|call| (call.reference, call.dialled.is_empty()));
                match waiting {
                    Some((call, true)) => self.end(shared, call, out),
                    Some((call, false)) => self.collected(shared, call, out),
                    None => {
                        self.hold_active(shared, out);
                        let wanted = Wanted { collects: Some(code), ..Wanted::default() };
                        self.begin(shared, line, wanted, out);
                    }
                }
            }
            (Key::Answer, call) => {
                let rings = call.filter(|call| self.rings(*call)).or_else(|| self.ringing(of.line));
                if let Some(call) = rings {
                    self.answer(shared, now, call, out);
                }
            }
            // The key of a phone that has no other is for both.
            (Key::Hold, None) => {
                let held: Vec<_> = self.calls.iter().filter(|call| call.state == State::Held).collect();
                if let [held] = held[..] {
                    self.resume(shared, now, held.reference, out);
                }
            }
            (Key::AnswerOrRelease, _) => {
                let key = if self.ringing(of.line).is_some() { Key::Answer } else { Key::EndCall };
                self.pressed(shared, now, key, of, out);
            }
            (Key::Messages, _) => {
                self.call_messages(shared, now, of_call.unwrap_or(of.line), out);
            }
            (_, None) => {}
            (Key::EndCall, Some(call)) => {
                let interrupts = self.interrupted_by(call);
                self.end(shared, call, out);
                self.go_back(shared, now, interrupts, out);
            }
            (Key::Hold, Some(call)) if self.is_held(call) => self.resume(shared, now, call, out),
            (Key::Hold, Some(call)) => self.holds(shared, call, out),
            (Key::Resume, Some(call)) => self.resume(shared, now, call, out),
            (Key::Backspace, Some(call)) => self.backspace(shared, now, call, out),
            (Key::Transfer, Some(call)) => self.transfer(shared, call, out),
            (Key::Conference, Some(call)) => self.conference(shared, call, out),
            (Key::Select, Some(call)) => self.select(call, out),
            (Key::Join, Some(call)) => self.join(shared, call, out),
            (Key::DirectTransfer, Some(call)) => self.direct_transfer(call, out),
            (Key::Feature(CallFeature::CallBack), Some(call)) if self.leg_of(call).is_none() => {
                self.call_back(shared, call, out);
            }
            (Key::Feature(feature), Some(call)) => self.ask(shared, call, feature.request(), out),
        }
    }

    /// The voice mail of a line is called; of the first line that has one where that line has none.
    fn call_messages(&mut self, shared: &mut Shared, now: Now, line: Instance, out: &mut Outbox) {
        let lines = self.phone.lines.iter().filter(|known| !known.voice_mail.is_empty());
        let chosen = lines.min_by_key(|known| known.instance != line).cloned();
        let Some(chosen) = chosen else {
            return self.notify(Text::phrase(Phrase::KEY_IS_NOT_ACTIVE, ""), out);
        };
        self.dial(shared, now, chosen.instance, chosen.voice_mail.as_str(), out);
    }

    /// Whoever was called and was busy is called back: the call is over, and stands on the display yet.
    fn call_back(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.find(reference) else { return };
        let (line, number) = (call.line, call.dialled.clone());
        if number.is_empty() {
            return self.notify(Text::phrase(Phrase::KEY_IS_NOT_ACTIVE, ""), out);
        }
        self.change(shared, line, (FeatureCode::CallBack, &number), out);
    }

    /// Asks for a feature of a call.
    pub(super) fn ask(
        &self,
        shared: &mut Shared,
        call: CallReference,
        request: FeatureRequest,
        out: &mut Outbox,
    ) {
        if let Some(leg) = self.leg_of(call) {
            shared.asked.insert(leg, self.phone.device.as_str().into());
            out.push(Output::Signal(leg, Signal::FeatureRequested(Box::new(request)), Media::None));
        }
    }

    /// A call is chosen, or no longer.
    fn select(&mut self, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.find(reference) else { return };
        call.selected = !call.selected;
        let status = u32::from(call.selected);
        let message = CallSelectStat { status, call: reference, line: call.line };
        self.tell(vec![message.into()], out);
    }

    /// The other calls that are meant by a key for several: those that were chosen, and where none was the only one that is held.
    fn others(&self, reference: CallReference) -> Vec<CallReference> {
        let can = |call: &&super::call::Call| {
            call.reference != reference
                && call.leg.is_some()
                && matches!(call.state, State::Held | State::Connected)
        };
        let chosen: Vec<_> =
            self.calls.iter().filter(can).filter(|call| call.selected).map(|call| call.reference).collect();
        if !chosen.is_empty() {
            return chosen;
        }
        let held: Vec<_> = self.calls.iter().filter(can).map(|call| call.reference).collect();
        if held.len() == 1 { held } else { Vec::new() }
    }

    /// The parties of the chosen calls and of this one talk with each other.
    fn join(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let with: Vec<_> = self.others(reference).into_iter().filter_map(|call| self.leg_of(call)).collect();
        if with.is_empty() {
            return self.notify(Text::phrase(Phrase::CAN_NOT_JOIN_CALLS, ""), out);
        }
        self.ask(shared, reference, FeatureRequest::Conference { with }, out);
    }

    /// The party of the chosen call is transferred to that of this one.
    fn direct_transfer(&mut self, reference: CallReference, out: &mut Outbox) {
        let others = self.others(reference);
        let Some(call) = self.find(reference) else { return };
        let number = match call.kind {
            CallType::INBOUND => call.parties.calling.number.clone(),
            _ => call.parties.called.number.clone(),
        };
        let replaces = call.leg;
        let first = if let [first] = others[..] { self.leg_of(first) } else { None };
        let Some((first, _)) = first.zip(replaces) else {
            return self.notify(Text::phrase(Phrase::CAN_NOT_COMPLETE_TRANSFER, ""), out);
        };
        let signal = Signal::TransferRequested { destination: number, replaces };
        out.push(Output::Signal(first, signal, Media::None));
    }

    /// The first press holds the call and begins another one; the second transfers the party of the first to that of the second.
    pub(super) fn transfer(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.find(reference) else { return };
        let (line, state, purpose, number) =
            (call.line, call.state, call.purpose, call.parties.called.number.clone());
        match (purpose, state) {
            (Purpose::Transfer(first), State::Connected | State::RingingOut | State::Proceeding) => {
                let (Some(leg), replaces) = (self.leg_of(first), self.leg_of(reference)) else { return };
                let signal = Signal::TransferRequested { destination: number, replaces };
                out.push(Output::Signal(leg, signal, Media::None));
            }
            (_, State::Connected | State::Held) => {
                self.new_call(shared, line, Purpose::Transfer(reference), out);
            }
            (_, _) => {}
        }
    }

    /// The first press holds the call and begins another one; the second brings all together.
    fn conference(&mut self, shared: &mut Shared, reference: CallReference, out: &mut Outbox) {
        let Some(call) = self.find(reference) else { return };
        let (line, state, purpose) = (call.line, call.state, call.purpose);
        match (purpose, state) {
            (Purpose::Conference(first), State::Connected) => {
                let with = self.leg_of(reference).into_iter().collect();
                self.ask(shared, first, FeatureRequest::Conference { with }, out);
            }
            (_, State::Connected) => {
                self.new_call(shared, line, Purpose::Conference(reference), out);
            }
            (_, _) => {}
        }
    }
}

/// Whether a feature changes a setting, and is no call.
const fn is_setting(code: FeatureCode) -> bool {
    matches!(code, FeatureCode::DoNotDisturb(_) | FeatureCode::HuntLogin(_) | FeatureCode::CancelForward(_))
}

fn of_soft_key(key: SoftKey) -> Option<Key> {
    Some(match key {
        SoftKey::NEW_CALL => Key::NewCall,
        SoftKey::END_CALL => Key::EndCall,
        SoftKey::ANSWER => Key::Answer,
        SoftKey::HOLD => Key::Hold,
        SoftKey::RESUME => Key::Resume,
        SoftKey::REDIAL => Key::Redial,
        SoftKey::BACKSPACE => Key::Backspace,
        SoftKey::TRANSFER => Key::Transfer,
        SoftKey::CONFERENCE => Key::Conference,
        SoftKey::PARK => Key::Feature(CallFeature::Park),
        SoftKey::IMMEDIATE_DIVERT => Key::Feature(CallFeature::Divert),
        SoftKey::CALL_BACK => Key::Feature(CallFeature::CallBack),
        SoftKey::CONFERENCE_LIST => Key::Feature(CallFeature::Participants),
        SoftKey::PRIVATE => Key::Feature(CallFeature::Private),
        SoftKey::PICKUP => Key::Code(FeatureCode::PickUp),
        SoftKey::OTHER_PICKUP => Key::Code(FeatureCode::OtherPickUp),
        SoftKey::GROUP_PICKUP => Key::Collect(FeatureCode::GroupPickUp),
        SoftKey::MEET_ME => Key::Collect(FeatureCode::OpenMeetMe),
        SoftKey::FORWARD_ALL => Key::Forward,
        SoftKey::SELECT => Key::Select,
        SoftKey::JOIN => Key::Join,
        SoftKey::DIRECT_TRANSFER => Key::DirectTransfer,
        SoftKey::DO_NOT_DISTURB => Key::Code(FeatureCode::DoNotDisturb(Turn::Over)),
        SoftKey::BARGE => Key::Code(FeatureCode::Barge),
        SoftKey::CONFERENCE_BARGE => Key::Code(FeatureCode::ConferenceBarge),
        SoftKey::REMOVE_LAST => Key::Feature(CallFeature::DropLast),
        SoftKey::QUALITY_REPORT => Key::Feature(CallFeature::QualityReport),
        SoftKey::MALICIOUS_CALL => Key::Feature(CallFeature::MaliciousCall),
        SoftKey::HUNT_LOG => Key::Code(FeatureCode::HuntLogin(Turn::Over)),
        SoftKey::RECORD => Key::Feature(CallFeature::Record),
        SoftKey::ABBREVIATED_DIAL => Key::Collect(FeatureCode::SpeedDial),
        _ => return None,
    })
}

fn of_button(button: Button) -> Option<Key> {
    Some(match button {
        Button::LAST_NUMBER_REDIAL => Key::Redial,
        Button::HOLD => Key::Hold,
        Button::TRANSFER => Key::Transfer,
        Button::CONFERENCE => Key::Conference,
        Button::CALL_PARK => Key::Feature(CallFeature::Park),
        Button::MALICIOUS_CALL => Key::Feature(CallFeature::MaliciousCall),
        Button::REMOVE_LAST_PARTICIPANT => Key::Feature(CallFeature::DropLast),
        Button::CONF_LIST => Key::Feature(CallFeature::Participants),
        Button::CALL_BACK => Key::Feature(CallFeature::CallBack),
        Button::PRIVACY => Key::Feature(CallFeature::Private),
        Button::CALL_PICK_UP => Key::Code(FeatureCode::PickUp),
        Button::OTHER_PICKUP => Key::Code(FeatureCode::OtherPickUp),
        Button::DO_NOT_DISTURB => Key::Code(FeatureCode::DoNotDisturb(Turn::Over)),
        Button::H_LOG => Key::Code(FeatureCode::HuntLogin(Turn::Over)),
        Button::FORWARD_ALL => Key::Forward,
        Button::NEW_CALL => Key::NewCall,
        Button::END_CALL => Key::EndCall,
        Button::GROUP_CALL_PICK_UP => Key::Collect(FeatureCode::GroupPickUp),
        Button::MEET_ME_CONFERENCE => Key::Collect(FeatureCode::OpenMeetMe),
        Button::VOICE_MAIL => Key::Messages,
        Button::ANSWER_RELEASE => Key::AnswerOrRelease,
        Button::MOBILITY => Key::Mobility,
        Button::QRT => Key::Feature(CallFeature::QualityReport),
        _ => return None,
    })
}
