//! Recording: copies of what both parties of a call say go to a recorder, in a call of the server with it (RFC 7245).
//!
//! A recording belongs to the leg of the party that is recorded, and stays with it when that goes on in another call: the recorder
//! hears of it in the same session. After whatever happens to a call its recordings are compared with what it is now, and the
//! recorder is told what is different. The call waits for nothing of all that.

mod asking;
mod conferees;
mod fork;
mod keys;
mod record;
mod session;
mod showing;
mod telling;
mod tone;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::feature::{FeatureAnswer, FeatureRequest, Turn};
use strowger_base::journal::{
    Decision, RecordingNews, WhyFeatureRefused, WhyNotRecorded, WhyRecorded, WhyRecordingEnded,
};
use strowger_base::leg::{Origin, Signal};
use strowger_base::recording::RecordingShown;
use strowger_base::{CallId, Cause, Command, LegId, LineName, Media, Now, limits};
use strowger_media::control::{self, PortId, Report};
use strowger_media::statistics::PortStatistics;

use crate::CallControl;
use crate::call::{RecordedCall, Stopped, Wanted};
use crate::configuration::{RecordingOption, Unrecorded};
use crate::io::Outbox;
use crate::shared::{Asked, Shared};
use fork::ForkUse;
use session::{After, Recording};
use tone::Tones;
use way::{Way, Whose};

pub(crate) use conferees::Conferee;

/// All recordings of a shard.
#[derive(Debug, Default)]
pub(crate) struct Recordings {
    /// By the leg of the recorded party.
    parties: BTreeMap<LegId, Box<Recording>>,
    /// The recorded party of each leg to a recorder.
    legs: BTreeMap<LegId, LegId>,
    /// Every port from which copies go, until the worker reports it closed or failed.
    ports: BTreeMap<PortId, ForkUse>,
    tones: Tones,
    /// What phones were told last that know of recordings.
    shown: BTreeMap<LegId, RecordingShown>,
}

impl Recordings {
    pub(crate) fn len(&self) -> usize {
        self.parties.len()
    }

    /// Ports from which copies go or went, and that are not closed yet.
    pub(crate) fn forks(&self) -> usize {
        self.ports.len()
    }

    /// The call that is recorded over this leg.
    pub(crate) fn call_of(&self, leg: LegId) -> Option<CallId> {
        Some(self.parties.get(self.legs.get(&leg)?)?.call)
    }

    /// Whether a call of this phone is recorded, or is about to be.
    pub(crate) fn records(&self, phone: &str) -> bool {
        self.parties.values().any(|recording| recording.is_of(phone) && !recording.is_given_up())
    }

    /// Whether the recorder of this party has it now.
    fn runs(&self, party: LegId) -> bool {
        self.parties.get(&party).is_some_and(|recording| recording.runs())
    }
}

impl CallControl {
    /// Something happened to a call: what is recorded of it follows.
    pub(crate) fn follow_recordings(&mut self, now: Now, call: CallId, out: &mut Outbox) {
        let devices = self.calls.get(&call).map(|call| call.devices()).unwrap_or_default();
        for (party, device) in devices {
            if self.shared.recordings.parties.contains_key(&party) {
                self.update_recording(now, party, out);
                continue;
            }
            let recording = self.shared.configuration.recording_of(&device);
            if recording.is_some_and(|(line, _)| line.option == RecordingOption::Automatic) {
                // What becomes of it is in the story.
                _ = self.begin_recording(now, party, (WhyRecorded::Automatic, Attempt::First), out);
            }
        }
        self.show_recording(now, call, out);
    }

    /// Legs are gone: nothing of their parties is recorded any more.
    pub(crate) fn forget_recorded(&mut self, now: Now, out: &mut Outbox) {
        while let Some(party) = self.shared.legs.pop_gone() {
            if self.shared.legs.contains_key(&party) {
                continue;
            }
            self.shared.waiting_tones.gone(party);
            self.shared.recordings.shown.remove(&party);
            if self.shared.recordings.len() > 0 {
                self.end_recording(now, party, WhyRecordingEnded::CallEnded, out);
            }
        }
    }

    /// A party asks by a key for its call to be recorded, or not any more.
    pub(super) fn record(
        &mut self,
        now: Now,
        leg: LegId,
        (request, turn): (&FeatureRequest, Turn),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        self.turn_recording(now, leg, turn, out)?;
        let answer = FeatureAnswer { request: request.word(), result: Ok(()), text: "".into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
        Ok(())
    }

    /// The same by a number, which a phone dials while it holds the call.
    pub(super) fn record_held(
        &mut self,
        now: Now,
        asker: CallId,
        (wanted, turn): (&Wanted, Turn),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let leg = self.held_by_asker(asker, wanted, "a phone has its own call recorded")?;
        let text = match self.turn_recording(now, leg, turn, out)? {
            true => "Recording",
            false => "Recording off",
        };
        if let Some(call) = self.calls.get_mut(&asker) {
            call.facts.confirms = Some(text.into());
        }
        self.with_call(asker, |call, shared| call.confirm_feature(now, shared, out));
        Ok(())
    }

    /// The call of a party is recorded from here on, or not any more; returns which.
    fn turn_recording(
        &mut self,
        now: Now,
        leg: LegId,
        turn: Turn,
        out: &mut Outbox,
    ) -> Result<bool, WhyFeatureRefused<'static>> {
        let call = self.shared.legs.get(&leg).copied().ok_or(WhyFeatureRefused::NotTalking)?;
        let devices = self.calls.get(&call).map(|call| call.devices()).unwrap_or_default();
        let device = devices.into_iter().find_map(|(other, device)| (other == leg).then_some(device));
        let device = device.ok_or(WhyFeatureRefused::NotTalking)?;
        match self.shared.configuration.recording_of(&device).map(|(line, _)| line.option) {
            None | Some(RecordingOption::Disabled) => {
                let what = "recording of the line on this phone (recording and recording_profile)";
                return Err(WhyFeatureRefused::NotConfigured { what });
            }
            Some(RecordingOption::Automatic) => {
                let rule = "every call of the line on this phone is recorded, whole";
                return Err(WhyFeatureRefused::NotAllowed { rule });
            }
            Some(RecordingOption::Selective) => {}
        }
        let recorded = self.shared.recordings.parties.get(&leg).is_some_and(|it| !it.is_given_up());
        match (recorded, turn.of(recorded)) {
            (true, false) => self.end_recording(now, leg, WhyRecordingEnded::Asked, out),
            (false, true) => {
                // One that was given up is tried again, since somebody wants it.
                self.end_recording(now, leg, WhyRecordingEnded::Asked, out);
                self.begin_recording(now, leg, (WhyRecorded::OnDemand, Attempt::First), out)?;
            }
            (true, true) | (false, false) => {}
        }
        let is_on = turn.of(recorded);
        let (feature, text) = (FeatureRequest::Record(turn).word(), if is_on { "on" } else { "off" });
        out.decide(now, call, Some(leg), Decision::FeatureDone { feature, text });
        Ok(is_on)
    }

    /// Whether a call of a device is recorded at this moment: some features must not be used then.
    pub fn records(&self, line: &LineName, phone: Option<&str>) -> bool {
        let is_device = |device: &Origin| matches!(device, Origin::Line { line: own, phone: name } if own == line && name.as_deref() == phone);
        let recordings = &self.shared.recordings;
        recordings.parties.iter().any(|(party, it)| {
            let device = self.calls.get(&it.call).and_then(|call| call.origin_of(*party));
            recordings.runs(*party) && device.is_some_and(|device| is_device(&device))
        })
    }

    /// Whether a party of a call is recorded at this moment.
    pub fn is_recorded(&self, call: CallId) -> bool {
        let legs = self.calls.get(&call).map(|call| [Some(call.facts.caller), call.other(call.facts.caller)]);
        legs.into_iter().flatten().flatten().any(|party| self.shared.recordings.runs(party))
    }

    /// What there is to be recorded of a party now.
    fn recorded(&self, party: LegId) -> Option<RecordedCall> {
        let call = self.shared.legs.get(&party)?;
        let view = self.calls.get(call)?.recorded(party)?;
        let conferees = self.conferees_beside(view.far.leg);
        Some(RecordedCall { conferees, ..view })
    }

    /// A recording begins, or does not; the story tells why not.
    fn begin_recording(
        &mut self,
        now: Now,
        party: LegId,
        (because, attempt): (WhyRecorded, Attempt),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let begins = |view: &RecordedCall| {
            let device = self.calls.get(&view.call)?.origin_of(party)?;
            let (_, profile) = self.shared.configuration.recording_of(&device)?;
            Some((device, Arc::clone(profile)))
        };
        let view = self.recorded(party).ok_or(WhyFeatureRefused::NotTalking)?;
        let (device, profile) = begins(&view).ok_or(WhyFeatureRefused::NotTalking)?;
        let mut recording =
            Box::new(Recording::new(now, &view, device.clone(), Arc::clone(&profile), because));
        if attempt == Attempt::Again {
            recording.is_another_attempt();
        } else {
            self.shared.counters.recordings += 1;
        }
        let (whose, keys) = (Whose { call: view.call, party }, recording.wants_keys(&view));
        let refused = if self.shared.recordings.len() >= limits::RECORDINGS {
            Some(WhyNotRecorded::TooMany)
        } else {
            match Way::find(now, whose, (&profile, &device), keys, &mut self.shared, out) {
                Ok(way) => {
                    recording.way = way;
                    recording.refusal(&view, &self.shared)
                }
                Err(why) => Some(why),
            }
        };
        let refused = refused.or_else(|| {
            let admitted = recording.admit(now, &view, &mut self.shared, out);
            (!admitted).then_some(WhyNotRecorded::NoBandwidth)
        });
        let after = match refused {
            Some(why) => recording.refuse(now, why, &mut self.shared, out),
            None => {
                recording.open(now, &view, &mut self.shared, out);
                After::GoesOn
            }
        };
        self.shared.recordings.parties.insert(party, recording);
        self.afterwards(now, party, after, out);
        refused.map_or(Ok(()), |why| Err(asked_in_vain(why)))
    }

    /// Brings a recording in line with its call.
    fn update_recording(&mut self, now: Now, party: LegId, out: &mut Outbox) {
        let Some(view) = self.recorded(party) else { return };
        let Some(recording) = self.shared.recordings.parties.get(&party) else { return };
        let wanted = self.shared.configuration.recording_of(&recording.device);
        let stays = wanted.is_some_and(|(line, _)| match recording.because {
            WhyRecorded::Automatic => line.option == RecordingOption::Automatic,
            WhyRecorded::OnDemand => line.option != RecordingOption::Disabled,
        });
        if !stays {
            return self.end_recording(now, party, WhyRecordingEnded::Configured, out);
        }
        if recording.may_be_tried(&view, &self.shared) {
            return self.try_again(now, party, out);
        }
        self.with_recording(now, party, out, |recording, shared, out| {
            if recording.is_given_up() {
                return After::GoesOn;
            }
            if let Some(why) = recording.refusal(&view, shared) {
                recording.follows(&view, out);
                return recording.refuse(now, why, shared, out);
            }
            recording.moves_to(now, &view, shared, out);
            match recording.tell(now, &view, shared, out) {
                After::GoesOn if recording.rewarn(now, &view, shared, out) => After::OpensForTone,
                after => after,
            }
        });
    }

    /// Settings are others: what is recorded follows, and who hears that.
    pub(crate) fn reconfigure_recordings(&mut self) {
        let calls: BTreeSet<CallId> = self.shared.recordings.parties.values().map(|it| it.call).collect();
        self.shared.asked.extend(calls.into_iter().map(|call| Asked::Recordings { call }));
    }

    /// A recording that was given up begins once more.
    fn try_again(&mut self, now: Now, party: LegId, out: &mut Outbox) {
        let Some(recording) = self.shared.recordings.parties.get(&party) else { return };
        let (because, before) = (recording.because, recording.call);
        let Some(view) = self.recorded(party) else {
            // Something is offered just now.
            return self.with_recording(now, party, out, |recording, shared, _| recording.rest(now, shared));
        };
        let attempt = if before == view.call { Attempt::Again } else { Attempt::First };
        self.end_recording(now, party, WhyRecordingEnded::Asked, out);
        // What becomes of it is in the story.
        _ = self.begin_recording(now, party, (because, attempt), out);
    }

    /// Lets something happen to a recording, which is taken out meanwhile.
    fn with_recording(
        &mut self,
        now: Now,
        party: LegId,
        out: &mut Outbox,
        act: impl FnOnce(&mut Recording, &mut Shared, &mut Outbox) -> After,
    ) {
        let Some(mut recording) = self.shared.recordings.parties.remove(&party) else { return };
        let after = act(&mut recording, &mut self.shared, out);
        let call = recording.call;
        self.shared.recordings.parties.insert(party, recording);
        self.afterwards(now, party, after, out);
        self.show_recording(now, call, out);
    }

    /// What follows from a step of a recording.
    fn afterwards(&mut self, now: Now, party: LegId, after: After, out: &mut Outbox) {
        match after {
            After::GoesOn => {}
            After::Calls(leg) => {
                self.shared.recordings.legs.insert(leg, party);
            }
            After::Forgets(leg) => {
                self.shared.recordings.legs.remove(&leg);
            }
            After::OpensForTone => {
                if let Some(call) = self.shared.legs.get(&party).copied() {
                    self.with_call(call, |call, shared| call.open_for_tone_now(now, shared, out));
                }
            }
            After::BeginsAnew => self.try_again(now, party, out),
            After::GivenUp => self.given_up(now, party, out),
        }
    }

    fn given_up(&mut self, now: Now, party: LegId, out: &mut Outbox) {
        self.shared.recordings.legs.retain(|_, of| *of != party);
        let Some(recording) = self.shared.recordings.parties.get_mut(&party) else { return };
        recording.give_back(&mut self.shared.bandwidth);
        let call = recording.call;
        // A call that somebody wanted recorded in its midst is worth more to him than its end.
        let is_whole = recording.because == WhyRecorded::Automatic;
        let released = is_whole && recording.profile.unrecorded == Unrecorded::Released;
        // Help is called for, recorded or not.
        let is_emergency = self.calls.get(&call).is_some_and(|call| call.is_emergency());
        if released && !is_emergency {
            out.decide(now, call, Some(party), Decision::Recording(RecordingNews::CallReleased));
            self.with_call(call, |call, shared| call.stop(now, Stopped::NotRecorded, shared, out));
        }
    }

    fn end_recording(&mut self, now: Now, party: LegId, why: WhyRecordingEnded, out: &mut Outbox) {
        let Some(recording) = self.shared.recordings.parties.remove(&party) else { return };
        self.shared.recordings.legs.retain(|_, of| *of != party);
        let call = recording.call;
        recording.end(now, why, &mut self.shared, out);
        self.show_recording(now, call, out);
    }

    /// What a recorder tells; false when the leg leads to none.
    pub(crate) fn recorder_told(&mut self, now: Now, leg: LegId, signal: &Signal, out: &mut Outbox) -> bool {
        let Some(party) = self.shared.recordings.legs.get(&leg).copied() else { return false };
        let view = self.recorded(party);
        self.with_recording(now, party, out, |recording, shared, out| {
            crate::call::told(now, recording.call, leg, signal, out);
            match signal {
                Signal::Answered { media: Media::Answer(answer), .. }
                | Signal::Media(Media::Answer(answer)) => {
                    match (recording.agreed(now, answer, view.as_ref(), shared, out), &view) {
                        (After::GoesOn, Some(view)) => recording.tell(now, view, shared, out),
                        (after, _) => after,
                    }
                }
                Signal::Answered { media: Media::None | Media::Offer(_), .. } => {
                    recording.give_up_leg(now, Cause::MANDATORY_IE_MISSING, shared, out)
                }
                Signal::MediaRefused(cause) => recording.not_taken(now, *cause, shared, out),
                Signal::Released { cause, .. } => {
                    shared.recordings.legs.remove(&leg);
                    recording.lost(now, *cause, shared, out)
                }
                Signal::Media(Media::Offer(offer)) => {
                    recording.asked_for(now, offer, view.as_ref(), shared, out)
                }
                Signal::MediaRequested => recording.offer_asked(now, view.as_ref(), shared, out),
                Signal::MetadataRequested => recording.tell_again(now, view.as_ref(), shared, out),
                Signal::TransferRequested { .. } => {
                    out.command(leg, Command::TransferResult(Err(Cause::FACILITY_REJECTED)));
                    After::GoesOn
                }
                Signal::Setup(_)
                | Signal::Proceeding
                | Signal::Alerting { .. }
                | Signal::Media(Media::None)
                | Signal::Digit(_)
                | Signal::DigitErased
                | Signal::DigitsEnded(_)
                | Signal::Redirected(_)
                | Signal::FeatureRequested(_)
                | Signal::TransferEnded(_) => After::GoesOn,
            }
        });
        true
    }

    /// What is told of a port from which copies go; false when it is none.
    pub(crate) fn fork_reported(&mut self, now: Now, report: &Report, out: &mut Outbox) -> bool {
        let (port, opened) = match report {
            Report::Opened { port, a, b: Some(b) } => (*port, Ok((*a, *b))),
            Report::Opened { port, b: None, .. } => (*port, Err("the worker opened one side only")),
            Report::Failed { port, reason } => (*port, Err(&**reason)),
            Report::Closed { port, statistics } => {
                return self.fork_closed(now, *port, statistics, out);
            }
            Report::Digit { .. }
            | Report::Talking { .. }
            | Report::Finished { .. }
            | Report::Silent { .. } => return false,
        };
        let Some(ForkUse { party, is_wanted, .. }) = self.shared.recordings.ports.get(&port).copied() else {
            return false;
        };
        let failed = matches!(report, Report::Failed { .. });
        if failed {
            self.shared.recordings.ports.remove(&port);
        }
        if !is_wanted {
            return true;
        }
        let view = self.recorded(party);
        self.with_recording(now, party, out, |recording, shared, out| match opened {
            Ok(addresses) => {
                recording.opened(addresses);
                view.map_or(After::GoesOn, |view| recording.tell(now, &view, shared, out))
            }
            Err(reason) => {
                if failed {
                    recording.open_failed();
                }
                recording.refuse(now, WhyNotRecorded::NoPort { reason }, shared, out)
            }
        });
        true
    }

    /// A port is closed; where it was one for copies that is still wanted, nobody wanted that.
    fn fork_closed(&mut self, now: Now, port: PortId, statistics: &PortStatistics, out: &mut Outbox) -> bool {
        let Some(fork) = self.shared.recordings.ports.remove(&port) else { return false };
        fork.copied(now, statistics, out);
        if fork.is_wanted {
            let view = self.recorded(fork.party);
            self.with_recording(now, fork.party, out, |recording, shared, out| {
                recording.ports_lost(now, view.as_ref(), shared, out)
            });
        }
        true
    }

    /// The time has come to call a recorder again, to give one up, or to tell it something again.
    pub(crate) fn recording_timeout(&mut self, now: Now, party: LegId, out: &mut Outbox) {
        let view = self.recorded(party);
        self.with_recording(now, party, out, |recording, shared, out| {
            match (recording.overdue(now, shared, out), &view) {
                (After::GoesOn, Some(view)) => recording.tell(now, view, shared, out),
                (after, _) => after,
            }
        });
    }
}

/// Whether a recording is tried in a call for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Attempt {
    First,
    Again,
}

/// What somebody hears who asked for a recording.
const fn asked_in_vain(why: WhyNotRecorded<'_>) -> WhyFeatureRefused<'static> {
    match why {
        WhyNotRecorded::NoRelay => {
            WhyFeatureRefused::NotAllowed { rule: "media of the call does not pass through this server" }
        }
        WhyNotRecorded::Encrypted => WhyFeatureRefused::NotAllowed { rule: "the call is encrypted" },
        WhyNotRecorded::NoKeys => {
            WhyFeatureRefused::NotAllowed { rule: "the call is encrypted, and the recorder takes no keys" }
        }
        WhyNotRecorded::NoPort { .. } => WhyFeatureRefused::Exhausted { what: "media port" },
        WhyNotRecorded::TooMany => WhyFeatureRefused::Exhausted { what: "place for another recording" },
        WhyNotRecorded::NoRecorder { .. } | WhyNotRecorded::NoRoute { .. } => {
            WhyFeatureRefused::NotConfigured { what: "a recorder that can be called" }
        }
        WhyNotRecorded::NoBandwidth => WhyFeatureRefused::NoBandwidth,
    }
}

/// The side of a relay on which a party of a call is.
pub(super) const fn relay_side(side: crate::exchange::Side) -> control::Side {
    match side {
        crate::exchange::Side::Caller => control::Side::A,
        crate::exchange::Side::Called => control::Side::B,
    }
}
