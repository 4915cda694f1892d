//! Calls whose phone lost its connection while its user talked.
//!
//! What is said goes on between the phone and its party, since it never came this way. Nothing else can be done with such a call: the phone
//! hears of nothing, so a change of its media is refused and the call stays what it was. It ends when its party hangs up, when the phone
//! comes back and says that it has no media any more, or after [`LONGEST`]. A phone that comes back with its media has the call again.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::leg::{ReleaseReason, Signal};
use strowger_base::recording::RecordingShown;
use strowger_base::{Cause, Command, Now};

use super::Shared;
use super::call::{Call, Purpose, State};
use super::face::Hearing;
use super::io::{Media, Outbox, Output};
use super::phone::PhoneCalls;
use crate::codes::CallReference;
use crate::message::calls::RecordingStatus;

/// A phone that never comes back holds a call of a party that never hangs up for so long: CUCM lets no call last longer.
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// All calls that go on without their phones.
#[derive(Debug, Default)]
pub(super) struct Preserved {
    /// By the names of the phones.
    calls: BTreeMap<Box<str>, Vec<Call>>,
}

impl Preserved {
    /// A phone is gone, and what its user talked in goes on.
    pub(super) fn keep(&mut self, shared: &mut Shared, now: Now, device: &str, mut call: Call) {
        (call.purpose, call.selected, call.tone, call.asks) = (Purpose::None, false, None, false);
        if let Some(patience) = call.patience.take() {
            shared.timers.cancel(patience);
        }
        call.patience = Some(shared.timers.set(now.mono + LONGEST, (device.into(), call.reference)));
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

    /// It has waited for its phone for too long; false when it is none of these.
    pub(super) fn is_late(
        &mut self,
        shared: &mut Shared,
        device: &str,
        reference: CallReference,
        out: &mut Outbox,
    ) -> bool {
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
            (Command::Release(_), _) => {
                shared.remove(leg);
                if let Some(patience) = self.remove(device, reference).and_then(|call| call.patience) {
                    shared.timers.cancel(patience);
                }
            }
            (Command::RequestTransfer(_), _) => {
                let ended = Signal::TransferEnded(Err(Cause::DESTINATION_OUT_OF_ORDER));
                out.push(Output::Signal(leg, ended, Media::None));
            }
            (Command::ShowRecording(shown), _) => call.recorded = *shown == RecordingShown::On,
            (Command::RequestMedia, _) => out.push(Output::Signal(leg, refused(), Media::None)),
            (_, Media::Offer(voice)) => match call.channel.again(voice) {
                Some(voice) => {
                    let media = Media::Answer(voice);
                    out.push(Output::Signal(leg, Signal::Media(strowger_base::Media::None), media));
                }
                None => out.push(Output::Signal(leg, refused(), Media::None)),
            },
            (_, Media::None | Media::Answer(_)) => {}
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
        let (left, over): (Vec<Call>, Vec<Call>) = std::mem::take(&mut self.calls)
            .into_iter()
            .partition(|call| calls_go_on && call.state == State::Connected && call.channel.flows());
        for call in over {
            if let Some(patience) = call.patience {
                shared.timers.cancel(patience);
            }
            end(shared, &call, out);
        }
        left
    }

    /// A call that went on without it is its own again, and it is told so.
    pub(super) fn takes_back(&mut self, shared: &mut Shared, call: Call, out: &mut Outbox) {
        if !self.phone.lines.iter().any(|line| line.instance == call.line) {
            return end(shared, &call, out);
        }
        let before = self.before();
        let (reference, kind) = (call.reference, call.kind);
        self.calls.push(call);
        self.hearing = Hearing::Own;
        self.with_call(reference, out, |call, tell| {
            let (parties, keys, phrase) =
                (call.parties.clone(), call.connected_keys(), call.connected_phrase());
            let mut display = call.display(tell);
            display.state(crate::codes::CallState::CONNECTED);
            display.parties(kind, &parties);
            display.prompt(phrase, "");
            display.keys(keys);
            if call.recorded {
                tell.push(RecordingStatus { call: reference, status: 1 }.into());
            }
        });
        self.settle(before, out);
    }
}
