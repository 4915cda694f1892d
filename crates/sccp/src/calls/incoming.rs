//! A call comes in: the phone rings, and answers.

use strowger_base::leg::{Answering, Party, Presentation, ReleaseReason, Ring, RingSound, Signal};
use strowger_base::{Cause, LegId, Now};

use super::Shared;
use super::call::{Call, State};
use super::channel::{self, Waits};
use super::display::Parties;
use super::io::{Media, Outbox, Output, Voice};
use super::phone::{CALLS_MAX, PhoneCalls};
use crate::codes::{CallReference, CallState, CallType, Instance, KeyMode, Tone};

impl PhoneCalls {
    /// Call control rings this phone.
    pub(super) fn ring(
        &mut self,
        shared: &mut Shared,
        now: Now,
        (leg, line): (LegId, Instance),
        ring: &Ring,
        media: Media,
        out: &mut Outbox,
    ) {
        let before = self.before();
        let refused = |cause: Cause, out: &mut Outbox| {
            let reason = ReleaseReason::Refused(cause.sip_status());
            out.push(Output::Signal(leg, Signal::Released { cause, reason }, Media::None));
        };
        if self.calls.len() >= CALLS_MAX {
            return refused(Cause::USER_BUSY, out);
        }
        let reference = shared.reference();
        let active = self.calls.iter().find(|call| call.is_active());
        let talks = active.filter(|call| call.has_room()).map(|call| (call.line, call.reference));
        let sound = match ring.style.sound {
            // Nothing is heard in which it could be heard.
            RingSound::CallWaiting if active.is_none() => ring.style.aloud,
            sound => sound,
        };
        let state = State::RingingIn(sound);
        let mut call = Call::new(self.events(), reference, line, leg, CallType::INBOUND, state);
        call.aloud = ring.style.aloud;
        match media {
            Media::Offer(voice) | Media::Takes(voice) if !self.may_talk(&voice) => {
                return refused(Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED, out);
            }
            Media::Offer(voice) => call.channel.heard(voice),
            Media::None | Media::Answer(_) | Media::Takes(_) => {}
        }
        shared.insert(leg, self.phone.device.as_str(), reference);
        let own = self.phone.lines.iter().find(|known| known.instance == line);
        let party = |number: &str, name: &str| Party {
            number: number.into(),
            name: name.into(),
            presentation: Presentation::Allowed,
        };
        call.parties = Parties {
            calling: ring.calling.clone(),
            called: own.map(|own| party(own.number.as_str(), own.name.as_str())).unwrap_or_default(),
            original: ring.diversions.last().map(|diversion| diversion.party.clone()),
            redirecting: ring.diversions.first().map(|diversion| diversion.party.clone()),
        };
        let mut tell = Vec::new();
        let parties = call.parties.clone();
        let mut display = call.display(&mut tell);
        display.state(CallState::RING_IN);
        display.parties(CallType::INBOUND, &parties);
        display.from(&parties.calling);
        display.keys(KeyMode::RING_IN);
        call.ring(sound, talks, &mut tell);
        self.calls.push(call);
        self.tell(tell, out);
        let alert = strowger_base::leg::Alert::Ringing;
        let signal = Signal::Alerting { alert, media: strowger_base::Media::None };
        out.push(Output::Signal(leg, signal, Media::None));
        match ring.style.answer {
            Answering::User => {}
            // By which of the two its user hears is the phone's to know.
            Answering::Headset | Answering::Loudspeaker => {
                let talks = |call: &&Call| call.has_room();
                let interrupts = self.calls.iter().find(talks).map(|call| call.reference);
                if let Some(call) = self.find(reference) {
                    call.interrupts = interrupts;
                }
                self.answer(shared, now, reference, out);
                self.with_call(reference, out, |call, tell| call.display(tell).tone(Tone::ZIP));
            }
        }
        self.settle(before, out);
    }

    /// Whether it may have one of these codecs; what has none at all is for no phone.
    fn may_talk(&self, voice: &Voice) -> bool {
        if self.has_said_codecs { voice.has_any(&self.capabilities) } else { !voice.formats.is_empty() }
    }

    /// Its user, or the phone by itself, answers a call that rings.
    pub(super) fn answer(
        &mut self,
        shared: &mut Shared,
        now: Now,
        reference: CallReference,
        out: &mut Outbox,
    ) {
        if !self.rings(reference) {
            return;
        }
        match self.interrupted_by(reference) {
            Some(_) => self.put_aside(shared, out),
            None => self.hold_active(shared, out),
        }
        self.hear(out);
        let capabilities = self.capabilities.clone();
        let mut tell = Vec::new();
        let Some(call) = self.find(reference) else { return };
        let State::RingingIn(sound) = call.state else { return };
        call.state = State::Answering;
        call.stop_ringing(sound, &mut tell);
        call.display(&mut tell).state(CallState::OFF_HOOK);
        let (format, waits) = match call.channel.common(&capabilities) {
            None if call.channel.is_unanswered() => (channel::preferred(&capabilities), Waits::Offer),
            // What was offered is answered or refused: it rang when it had not said its codecs, and may have none of these.
            format => (format, Waits::Answer),
        };
        self.tell(tell, out);
        self.open(shared, now, reference, format, waits, out);
    }
}
