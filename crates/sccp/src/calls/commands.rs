//! What call control wants of a call of a phone.

use strowger_base::feature::FeatureRequest;
use strowger_base::leg::{Alert, EarlyMedia, Party, ReleaseReason, Signal};
use strowger_base::recording::RecordingShown;
use strowger_base::{Cause, Command, LegId, Now, leg};

use super::Shared;
use super::call::{Keys, State};
use super::channel::{self, Waits};
use super::display::{key_tone, refusal, tone_of};
use super::io::{Media, Outbox, Output, Voice};
use super::phone::PhoneCalls;
use crate::codes::{CallReference, CallState, CallType, ConferenceId, Phrase, Tone};
use crate::message::calls::RecordingStatus;
use crate::message::dtmf::SendDtmfTone;
use crate::wire::text::Text;

impl PhoneCalls {
    pub(super) fn command(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        command: &Command,
        media: Media,
        out: &mut Outbox,
    ) {
        let before = self.before();
        let Some((leg, silent)) = self.find(reference).and_then(|call| Some((call.leg?, call.is_silent)))
        else {
            return;
        };
        if silent {
            self.changed(shared, reference, command, out);
            return self.settle(before, out);
        }
        match command {
            Command::Tone(tone) => {
                // By this tone a code is asked for: the number is complete, and what is keyed now is none of it.
                if *tone == leg::Tone::ZipZip {
                    self.proceed(reference, out);
                }
                self.with_call(reference, out, |call, tell| call.play(tone_of(*tone), tell));
            }
            Command::CollectDigits => self.tell_keys(reference, Keys::Told),
            Command::StopCollecting => {
                self.tell_keys(reference, Keys::InMedia);
                self.proceed(reference, out);
            }
            Command::Alert { alert, shown, heard, .. } => {
                self.alert(reference, (*alert, *heard), shown.as_ref(), out);
                self.described(shared, now, reference, media, out);
            }
            Command::Answer { connected, .. } => {
                self.proceed(reference, out);
                if let Some(call) = self.find(reference).filter(|_| !connected.number.is_empty()) {
                    call.parties.called = connected.clone();
                }
                self.connected(reference, out);
                self.described(shared, now, reference, media, out);
            }
            Command::Media(_) => self.described(shared, now, reference, media, out),
            Command::RequestMedia => self.offer(shared, now, reference, out),
            Command::RefuseMedia(_) => self.media_refused(shared, now, reference, out),
            Command::ShowParty(party) => {
                let Some(call) = self.find(reference) else { return };
                match call.kind {
                    CallType::INBOUND => call.parties.calling = party.clone(),
                    _ => call.parties.called = party.clone(),
                }
                self.show_parties(reference, out);
            }
            Command::Digit(digit) => self.with_call(reference, out, |call, tell| {
                if let Some(tone) = key_tone(digit.key) {
                    let of = call.this_port();
                    let conference = ConferenceId(call.reference.0);
                    tell.push(SendDtmfTone { tone, conference, party: of.party }.into());
                }
            }),
            Command::ShowRecording(shown) => {
                let recorded = *shown == RecordingShown::On;
                self.with_call(reference, out, |call, tell| {
                    call.recorded = recorded;
                    let status = u32::from(recorded);
                    tell.push(RecordingStatus { call: call.reference, status }.into());
                    if call.state == State::Connected {
                        let phrase = call.connected_phrase();
                        call.display(tell).prompt(phrase, "");
                    }
                });
            }
            // The call goes away with it.
            Command::FeatureAnswer(answer) if answer.request == FeatureRequest::Park.word() => {
                self.notice(answer, out);
            }
            // Its user sees that it is one.
            Command::FeatureAnswer(answer) if answer.result.is_ok() && answer.request == CONFERENCE => {}
            Command::FeatureAnswer(answer) if !answer.text.is_empty() => {
                self.notify(Text::from(&*answer.text), out);
            }
            Command::FeatureAnswer(answer) if answer.result.is_err() => {
                let cause = answer.result.err().unwrap_or(Cause::FACILITY_REJECTED);
                self.notify(Text::phrase(refusal(answer.request, cause), ""), out);
            }
            Command::TransferEnded(Err(_)) | Command::TransferResult(Err(_)) => {
                self.notify(Text::phrase(Phrase::CAN_NOT_COMPLETE_TRANSFER, ""), out);
            }
            Command::RequestTransfer(_) => {
                let cause = Cause::SERVICE_NOT_IMPLEMENTED;
                out.push(Output::Signal(leg, Signal::TransferEnded(Err(cause)), Media::None));
            }
            Command::Release(cause) => {
                let interrupts = self.interrupted_by(reference);
                self.released(shared, reference, *cause, out);
                self.go_back(shared, now, interrupts, out);
            }
            Command::ShowParticipants(list) => self.show_participants(reference, list, out),
            Command::KeysBy(_)
            | Command::Mute(_)
            | Command::TransferResult(Ok(()))
            | Command::TransferEnded(Ok(()))
            | Command::FeatureAnswer(_)
            | Command::Records(..)
            | Command::Ring(_) => {}
        }
        self.settle(before, out);
    }

    /// What became of a setting that its user changes.
    fn changed(
        &mut self,
        shared: &mut Shared,
        reference: CallReference,
        command: &Command,
        out: &mut Outbox,
    ) {
        match command {
            // It is done; the tone that says so is for those who have nothing to read.
            Command::Answer { connected, .. } => {
                let text = Text::from(&*connected.name);
                if !text.as_str().is_empty() {
                    self.notify(text, out);
                }
                self.end(shared, reference, out);
            }
            Command::Release(cause) => {
                let feature = self.find(reference).and_then(|call| call.feature);
                if *cause != Cause::NORMAL_CALL_CLEARING
                    && let Some(feature) = feature
                {
                    self.notify(Text::phrase(refusal(feature.word(), *cause), ""), out);
                }
                self.remove(shared, reference, out);
            }
            _ => {}
        }
    }

    fn tell_keys(&mut self, reference: CallReference, keys: Keys) {
        if let Some(call) = self.find(reference) {
            call.keys = keys;
        }
    }

    /// Whoever was called is rung, or something is to be heard.
    fn alert(
        &mut self,
        reference: CallReference,
        (alert, heard): (Alert, EarlyMedia),
        shown: Option<&Party>,
        out: &mut Outbox,
    ) {
        self.proceed(reference, out);
        self.with_call(reference, out, |call, tell| {
            let hears = heard == EarlyMedia::Heard;
            if hears {
                call.play(None, tell);
            }
            if let Some(shown) = shown.filter(|shown| **shown != call.parties.called) {
                call.parties.called = shown.clone();
                let parties = call.parties.clone();
                call.display(tell).parties(CallType::OUTBOUND, &parties);
            }
            if alert != Alert::Ringing || !matches!(call.state, State::Proceeding | State::RingingOut) {
                return;
            }
            if call.state == State::Proceeding {
                call.state = State::RingingOut;
                let mut display = call.display(tell);
                display.state(CallState::RING_OUT);
                display.prompt(Phrase::RING_OUT, "");
            }
            // Also where a description comes with it that had to come: a device that is offered nothing describes itself when it rings (RFC 3262
            // §5), and sends nothing yet. A phone that speaks SCCP cannot look whether packets come, as RFC 3960 §3.2 wants it.
            if !hears {
                call.play(Some(Tone::ALERTING_TONE), tell);
            }
        });
    }

    fn connected(&mut self, reference: CallReference, out: &mut Outbox) {
        self.proceed(reference, out);
        self.with_call(reference, out, |call, tell| {
            call.state = State::Connected;
            call.play(None, tell);
            let (parties, keys, phrase) =
                (call.parties.clone(), call.connected_keys(), call.connected_phrase());
            let mut display = call.display(tell);
            display.state(CallState::CONNECTED);
            display.parties(CallType::OUTBOUND, &parties);
            display.prompt(phrase, "");
            display.keys(keys);
        });
    }

    fn show_parties(&mut self, reference: CallReference, out: &mut Outbox) {
        self.with_call(reference, out, |call, tell| {
            let (kind, parties) = (call.kind, call.parties.clone());
            let mut display = call.display(tell);
            display.parties(kind, &parties);
            if let State::RingingIn(_) = call.state {
                display.from(&parties.calling);
            }
        });
    }

    /// The other side says something about media.
    fn described(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        media: Media,
        out: &mut Outbox,
    ) {
        match media {
            Media::None | Media::Takes(_) => {}
            Media::Offer(voice) => self.offered(shared, now, reference, voice, out),
            Media::Answer(voice) => self.answered(shared, now, reference, voice, out),
        }
    }

    fn offered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        voice: Voice,
        out: &mut Outbox,
    ) {
        let capabilities = self.capabilities.clone();
        let Some(call) = self.find(reference) else { return };
        let Some(leg) = call.leg else { return };
        let group = voice.group();
        let before = call.channel.swap(voice);
        let Some(format) = call.channel.common(&capabilities) else {
            call.channel.restore(before);
            let cause = Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED;
            if call.state == State::Connected || call.state == State::Held {
                out.push(Output::Signal(leg, Signal::MediaRefused(cause), Media::None));
            } else {
                let reason = ReleaseReason::Refused(cause.sip_status());
                out.push(Output::Signal(leg, Signal::Released { cause, reason }, Media::None));
                self.comes_to_nothing(shared, now, (reference, cause), out);
            }
            return;
        };
        if call.state == State::Held {
            // Its port is closed and nothing is heard there, wherever it was.
            if let Some(voice) = call.channel.kept(format) {
                out.push(Output::Signal(
                    leg,
                    Signal::Media(strowger_base::Media::None),
                    Media::Answer(channel::with_all(voice, &capabilities)),
                ));
                return;
            }
        }
        if let Some(group) = group {
            return self.listen(shared, now, reference, (group, format), Some(Waits::Answer), out);
        }
        self.open(shared, now, reference, Some(format), Waits::Answer, out);
    }

    /// What was offered is answered: the phone sends. Another codec than was offered first wants another port.
    fn answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        voice: Voice,
        out: &mut Outbox,
    ) {
        let capabilities = self.capabilities.clone();
        let Some(call) = self.find(reference) else { return };
        call.asks = false;
        let group = voice.group().filter(|_| call.state == State::Connected);
        call.channel.heard(voice);
        if let (Some(group), Some(format)) = (group, call.channel.common(&capabilities)) {
            return self.listen(shared, now, reference, (group, format), None, out);
        }
        let agreed = call.channel.agreed(&capabilities);
        match (agreed, call.channel.codec()) {
            (Some(agreed), Some(open)) if agreed.codec != open.codec => {
                self.open(shared, now, reference, Some(agreed), Waits::Offer, out);
            }
            (Some(_) | None, _) => self.with_call(reference, out, |call, tell| {
                let of = call.this_port();
                call.channel.send(of, tell);
            }),
        }
    }

    /// Call control wants an offer.
    pub(super) fn offer(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        out: &mut Outbox,
    ) {
        let format = channel::preferred(&self.capabilities);
        let Some(call) = self.find(reference) else { return };
        let open = call.channel.codec().or(format);
        call.channel.forget();
        if let (State::Held, Some(leg), Some(voice)) = (call.state, call.leg, call.channel.unheard()) {
            let media = Media::Offer(channel::with_all(voice, &self.capabilities));
            out.push(Output::Signal(leg, Signal::Media(strowger_base::Media::None), media));
            return;
        }
        self.open(shared, now, reference, open, Waits::Offer, out);
    }

    /// The leg is over. A caller hears why until the receiver is down.
    fn released(&mut self, shared: &mut Shared, reference: CallReference, cause: Cause, out: &mut Outbox) {
        if cause == Cause::NON_SELECTED_USER_CLEARING && self.rings(reference) {
            self.with_call(reference, out, |call, tell| call.display(tell).answered_elsewhere());
        }
        let Some(call) = self.find(reference) else { return };
        match call.state {
            State::Dialing | State::Proceeding | State::RingingOut
                if cause != Cause::NORMAL_CALL_CLEARING =>
            {
                self.fail(shared, reference, cause, out);
            }
            State::Dialing
            | State::Proceeding
            | State::RingingOut
            | State::RingingIn(_)
            | State::Answering
            | State::Connected
            | State::Held
            | State::Resuming
            | State::Failed => self.remove(shared, reference, out),
        }
    }

    /// Does something with a call and tells the phone what follows.
    pub(super) fn with_call(
        &mut self,
        reference: CallReference,
        out: &mut Outbox,
        act: impl FnOnce(&mut super::call::Call, &mut Vec<crate::ToStation>),
    ) {
        let mut tell = Vec::new();
        if let Some(call) = self.find(reference) {
            act(call, &mut tell);
        }
        self.tell(tell, out);
    }

    /// The leg of a call.
    pub(super) fn leg_of(&self, reference: CallReference) -> Option<LegId> {
        self.calls.iter().find(|call| call.reference == reference)?.leg
    }
}

/// What the key for conferences asks for.
const CONFERENCE: &str = "conference";
