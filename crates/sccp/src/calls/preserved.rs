//! Calls whose phone lost its connection while its user talked.
//!
//! What is said goes on between the phone and its party, since it never came this way. Nothing else can be done with such a call: the phone
//! hears of nothing, so a change of its media is refused. It ends when its party hangs up, when the phone comes back and says that it has no media
//! any more, or after [`LONGEST`]; after [`BOTH_AWAY`] where its party is such a phone too. A phone that comes back with its media has the call again, and agrees on media anew where anything was to be
//! changed meanwhile: its party may have gone on hold, or be another one. Whose party has hung up is told so then.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::leg::{ReleaseReason, Signal};
use strowger_base::recording::RecordingShown;
use strowger_base::{Cause, Command, LegId, Now};

use super::Shared;
use super::call::{Away, Call, Keys, Purpose, State};
use super::face::Hearing;
use super::io::{Media, Outbox, Output};
use super::phone::PhoneCalls;
use crate::codes::{CallReference, CallState, CallType, Switch};
use crate::message::alerting::SetSpeakerMode;
use crate::message::calls::RecordingStatus;

/// A phone that never comes back holds a call of a party that never hangs up for so long: CUCM lets no call last longer.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// The same where both parties of a call are phones that are away: nobody is left who would tell that it is over. Few calls are longer, and phones are
/// back within minutes of what took them away, unless that took their whole site.
const BOTH_AWAY: Duration = Duration::from_secs(2 * 3600);

/// All calls that go on without their phones.
#[derive(Debug, Default)]
pub(super) struct Preserved {
    /// By the names of the phones.
    calls: BTreeMap<Box<str>, Vec<Call>>,
}

impl Preserved {
    /// A phone is gone, and what its user talked in goes on.
    pub(super) fn keep(&mut self, shared: &mut Shared, now: Now, device: &str, mut call: Call) {
        // An offer of its own whose answer will not come to it has to be made once more.
        call.owes |= call.asks || call.channel.is_unanswered();
        (call.purpose, call.selected, call.tone, call.asks, call.collects) =
            (Purpose::None, false, None, false, None);
        // What it interrupted was on hold, and is over.
        call.interrupts = None;
        call.waits_until(shared, device, now.mono + LONGEST);
        self.calls.entry(device.into()).or_default().push(call);
    }

    /// The phone is there again.
    pub(super) fn take(&mut self, shared: &mut Shared, device: &str) -> Vec<Call> {
        let mut calls = self.calls.remove(device).unwrap_or_default();
        for patience in calls.iter_mut().filter_map(|call| call.patience.take()) {
            shared.timers.cancel(patience);
        }
        calls
    }

    /// Whether a phone has calls that go on without it.
    pub(super) fn calls_of(&self, device: &str) -> usize {
        self.calls.get(device).map_or(0, |calls| calls.iter().filter(|call| call.leg.is_some()).count())
    }

    /// Whether the phone of a leg is away, and its call goes on.
    pub(super) fn has(&self, leg: LegId) -> bool {
        self.legs().any(|known| known == leg)
    }

    /// The legs of these calls.
    pub(super) fn legs(&self) -> impl Iterator<Item = LegId> + '_ {
        self.calls.values().flatten().filter_map(|call| call.leg)
    }

    /// These two have a call with each other, and neither phone is here.
    pub(super) fn both_away(&mut self, shared: &mut Shared, now: Now, legs: [LegId; 2]) {
        let [one, two] = legs;
        for (leg, other) in [(one, two), (two, one)] {
            for (device, calls) in &mut self.calls {
                let Some(call) = calls.iter_mut().find(|call| call.leg == Some(leg)) else { continue };
                let Some(away) = &mut call.away else { continue };
                away.other = Some(other);
                call.waits_until(shared, device, now.mono + BOTH_AWAY);
            }
        }
    }

    /// It has waited for its phone for too long; false when it is none of these.
    pub(super) fn is_late(
        &mut self,
        shared: &mut Shared,
        now: Now,
        (device, reference): (&str, CallReference),
        out: &mut Outbox,
    ) -> bool {
        let calls = self.calls.get_mut(device).into_iter().flatten();
        let call = calls.into_iter().find(|call| call.reference == reference);
        let other = call.and_then(|call| call.away.as_mut()?.other.take());
        if let Some(other) = other
            && !self.has(other)
        {
            // That one is here again, and its user ends the call.
            let calls = self.calls.get_mut(device).into_iter().flatten();
            for call in calls.filter(|call| call.reference == reference) {
                call.waits_until(shared, device, now.mono + (LONGEST - BOTH_AWAY));
            }
            return true;
        }
        match self.remove(device, reference) {
            Some(call) => {
                end(shared, &call, out);
                true
            }
            None => false,
        }
    }

    /// Call control wants something of one; false when it is none of these.
    pub(super) fn command(
        &mut self,
        shared: &mut Shared,
        (device, reference): (&str, CallReference),
        (command, media): (&Command, &Media),
        out: &mut Outbox,
    ) -> bool {
        let calls = self.calls.get_mut(device).into_iter().flatten();
        let Some((call, leg)) =
            calls.filter(|call| call.reference == reference).find_map(|call| call.leg.map(|leg| (call, leg)))
        else {
            return false;
        };
        let refused = || Signal::MediaRefused(Cause::INCOMPATIBLE_DESTINATION);
        match (command, media) {
            // The phone is told when it is back.
            (Command::Release(_), _) => {
                shared.remove(leg);
                call.leg = None;
                if let Some(away) = &mut call.away {
                    away.ended = Some(leg);
                }
            }
            (Command::ShowParty(party), _) => match call.kind {
                CallType::INBOUND => call.parties.calling = party.clone(),
                _ => call.parties.called = party.clone(),
            },
            (Command::CollectDigits, _) => call.keys = Keys::Told,
            (Command::StopCollecting, _) => call.keys = Keys::InMedia,
            (Command::RefuseMedia(_), _) => call.owes = true,
            (Command::RequestTransfer(_), _) => {
                let ended = Signal::TransferEnded(Err(Cause::DESTINATION_OUT_OF_ORDER));
                out.push(Output::Signal(leg, ended, Media::None));
            }
            (Command::ShowRecording(shown), _) => call.recorded = *shown == RecordingShown::On,
            (Command::RequestMedia, _) => {
                call.owes = true;
                out.push(Output::Signal(leg, refused(), Media::None));
            }
            (_, Media::Offer(voice)) => match call.channel.again(voice) {
                Some(voice) => {
                    let media = Media::Answer(voice);
                    out.push(Output::Signal(leg, Signal::Media(strowger_base::Media::None), media));
                }
                None => {
                    call.owes = true;
                    out.push(Output::Signal(leg, refused(), Media::None));
                }
            },
            (_, Media::Answer(voice)) => {
                call.owes = true;
                call.channel.heard(voice.clone());
            }
            (_, Media::None | Media::Takes(_)) => {}
        }
        true
    }

    fn remove(&mut self, device: &str, reference: CallReference) -> Option<Call> {
        let calls = self.calls.get_mut(device)?;
        let place = calls.iter().position(|call| call.reference == reference)?;
        let call = calls.remove(place);
        if calls.is_empty() {
            self.calls.remove(device);
        }
        Some(call)
    }
}

/// A call whose phone is gone, or does not have it any more, is over.
pub(super) fn end(shared: &mut Shared, call: &Call, out: &mut Outbox) {
    let Some(leg) = call.leg else { return };
    shared.remove(leg);
    let (cause, reason) = (Cause::DESTINATION_OUT_OF_ORDER, ReleaseReason::TransportFailed);
    out.push(Output::Signal(leg, Signal::Released { cause, reason }, Media::None));
}

impl PhoneCalls {
    /// It is no longer registered. Those of its calls are left that can go on without it.
    pub(super) fn gone(&mut self, shared: &mut Shared, calls_go_on: bool, out: &mut Outbox) -> Vec<Call> {
        for line in &self.phone.lines {
            shared.bindings.remove(&line.binding);
        }
        shared.asked.retain(|_, device| **device != *self.phone.device.as_str());
        shared.parked.retain(|_, device| **device != *self.phone.device.as_str());
        let (mut left, over): (Vec<Call>, Vec<Call>) =
            std::mem::take(&mut self.calls).into_iter().partition(|call| {
                let goes_on = call.channel.flows() || call.channel.is_joining();
                calls_go_on && call.state == State::Connected && goes_on
            });
        for call in &mut left {
            if call.channel.is_joining() {
                // Nobody will know whether it listens: that is agreed on anew when it is back.
                call.owes = true;
                let leg = call.leg.filter(|_| call.channel.waits_no_more().is_some());
                let refused = Signal::MediaRefused(Cause::INCOMPATIBLE_DESTINATION);
                out.extend(leg.map(|leg| Output::Signal(leg, refused, Media::None)));
            }
            let line = self.phone.lines.iter().find(|line| line.instance == call.line);
            call.away = line.map(|line| Away { line: line.origin.clone(), ended: None, other: None });
        }
        for mut call in over {
            call.is_patient_no_more(shared);
            end(shared, &call, out);
        }
        left
    }

    /// Calls that went on without it are its own again, and it is told so, or that they are over.
    pub(super) fn takes_back(&mut self, shared: &mut Shared, now: Now, calls: Vec<Call>, out: &mut Outbox) {
        let before = self.before();
        for mut call in calls {
            let reference = call.reference;
            let away = call.away.take();
            // At its button another line may stand now.
            let has_line = self.phone.lines.iter().any(|line| {
                line.instance == call.line && away.as_ref().is_some_and(|away| away.line == line.origin)
            });
            if call.leg.is_none() || !has_line {
                end(shared, &call, out);
                let mut tell = Vec::new();
                call.leg = call.leg.or(away.and_then(|away| away.ended));
                self.statistics.ask(&mut call, &mut tell);
                call.channel.close(reference, &mut tell);
                call.display(&mut tell).gone();
                tell.push(SetSpeakerMode { mode: Switch::OFF }.into());
                self.tell(tell, out);
                continue;
            }
            let owes = std::mem::take(&mut call.owes);
            self.calls.push(call);
            self.hearing = Hearing::Own;
            self.with_call(reference, out, |call, tell| {
                let (kind, parties) = (call.kind, call.parties.clone());
                let (keys, phrase) = (call.connected_keys(), call.connected_phrase());
                let mut display = call.display(tell);
                display.state(CallState::CONNECTED);
                display.parties(kind, &parties);
                display.prompt(phrase, "");
                display.keys(keys);
                if call.recorded {
                    tell.push(RecordingStatus { call: reference, status: 1 }.into());
                }
            });
            if owes {
                self.offer(shared, now, reference, out);
            }
        }
        self.settle(before, out);
    }
}
