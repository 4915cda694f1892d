//! Recording: copies of what both parties of a call say go to a recorder, in a call of the server with it (RFC 7245).
//!
//! A recording belongs to the leg of the party that is recorded, and stays with it when that goes on in another call: the recorder
//! hears of it in the same session. After whatever happens to a call its recordings are compared with what it is now, and the
//! recorder is told what is different. The call waits for nothing of all that.

mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::feature::{FeatureAnswer, FeatureRequest, Turn};
use strowger_base::journal::{
    Decision, RecordingNews, WhyFeatureRefused, WhyNotRecorded, WhyRecorded, WhyRecordingEnded,
};
use strowger_base::leg::{Origin, Signal};
use strowger_base::{CallId, Cause, Command, LegId, LineName, Media, Now, limits};
use strowger_media::control::{self, PortId, Report};

use crate::CallControl;
use crate::call::{RecordedCall, Stopped};
use crate::configuration::{RecordingOption, Unrecorded};
use crate::io::Outbox;
use crate::shared::Shared;
use session::{After, Recording};

/// All recordings of a shard.
#[derive(Debug, Default)]
pub(crate) struct Recordings {
    /// By the leg of the recorded party.
    parties: BTreeMap<LegId, Box<Recording>>,
    /// The recorded party of each leg to a recorder.
    legs: BTreeMap<LegId, LegId>,
    /// The recorded party of each port from which copies go.
    ports: BTreeMap<PortId, LegId>,
}

impl Recordings {
    pub(crate) fn len(&self) -> usize {
        self.parties.len()
    }

    /// The call that is recorded over this leg.
    pub(crate) fn call_of(&self, leg: LegId) -> Option<CallId> {
        Some(self.parties.get(self.legs.get(&leg)?)?.call())
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
        // A party that left by a feature is found by its leg alone: the call that it was in is gone.
        let legs = &self.shared.legs;
        let concerns = |party: &LegId| legs.get(party).is_none_or(|now_in| *now_in == call);
        let recorded = self.shared.recordings.parties.iter();
        let recorded = recorded.filter(|(party, it)| it.call() == call || concerns(party));
        let known: Vec<LegId> = recorded.map(|(party, _)| *party).collect();
        for party in known {
            match self.shared.legs.get(&party).copied() {
                None => self.end_recording(now, party, WhyRecordingEnded::CallEnded, out),
                Some(_) => self.update_recording(now, party, out),
            }
        }
        let devices = self.calls.get(&call).map(|call| call.devices()).unwrap_or_default();
        for (party, device) in devices {
            if self.shared.recordings.parties.contains_key(&party) {
                self.update_recording(now, party, out);
                continue;
            }
            let recording = self.shared.configuration.recording_of(&device);
            if recording.is_some_and(|(line, _)| line.option == RecordingOption::Automatic) {
                self.begin_recording(now, party, WhyRecorded::Automatic, out);
            }
        }
    }

    /// A party asks for its call to be recorded, or not any more.
    pub(super) fn record(
        &mut self,
        now: Now,
        leg: LegId,
        (request, turn): (&FeatureRequest, Turn),
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
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
                self.shared.recordings.parties.remove(&leg);
                self.begin_recording(now, leg, WhyRecorded::OnDemand, out);
            }
            (true, true) | (false, false) => {}
        }
        let answer = FeatureAnswer { request: request.word(), result: Ok(()), text: "".into() };
        out.command(leg, Command::FeatureAnswer(Box::new(answer)));
        let text = if turn.of(recorded) { "on" } else { "off" };
        out.decide(now, call, Some(leg), Decision::FeatureDone { feature: request.word(), text });
        Ok(())
    }

    /// Whether a call of a device is recorded at this moment: some features must not be used then.
    pub fn records(&self, line: &LineName, phone: Option<&str>) -> bool {
        let is_device = |device: &Origin| matches!(device, Origin::Line { line: own, phone: name } if own == line && name.as_deref() == phone);
        let recordings = &self.shared.recordings;
        recordings.parties.iter().any(|(party, it)| {
            let device = self.calls.get(&it.call()).and_then(|call| call.origin_of(*party));
            recordings.runs(*party) && device.is_some_and(|device| is_device(&device))
        })
    }

    /// Whether a party of a call is recorded at this moment.
    pub fn is_recorded(&self, call: CallId) -> bool {
        self.shared.recordings.parties.values().any(|it| it.call() == call && it.runs())
    }

    /// What there is to be recorded of a party now.
    fn recorded(&self, party: LegId) -> Option<RecordedCall> {
        let call = self.shared.legs.get(&party)?;
        self.calls.get(call)?.recorded(party)
    }

    fn begin_recording(&mut self, now: Now, party: LegId, because: WhyRecorded, out: &mut Outbox) {
        let Some(view) = self.recorded(party) else { return };
        let Some(call) = self.calls.get(&view.call) else { return };
        let Some(device) = call.origin_of(party) else { return };
        let configuration = Arc::clone(&self.shared.configuration);
        let Some((_, profile)) = configuration.recording_of(&device) else { return };
        let takes = call.recording_takes(&view, &profile.trunk, &configuration);
        let mut recording = Box::new(Recording::new(now, &view, device, Arc::clone(profile), because));
        let refused = if self.shared.recordings.len() >= limits::RECORDINGS {
            Some(WhyNotRecorded::TooMany)
        } else if !configuration.trunks.get(&profile.trunk).is_some_and(|trunk| trunk.is_there) {
            Some(WhyNotRecorded::NoRecorder { profile: &profile.name })
        } else {
            recording.refusal(&view)
        };
        let refused = refused.or_else(|| {
            let (from, to, kbps) = takes?;
            let taken =
                recording.take(&mut self.shared.bandwidth, &configuration.admission, (&from, &to), kbps);
            taken.is_err().then_some(WhyNotRecorded::NoBandwidth)
        });
        let after = match refused {
            Some(why) => recording.refuse(now, why, out),
            None => {
                let port = self.shared.port_ids.allocate();
                self.shared.recordings.ports.insert(port, party);
                recording.open(port, &view, out);
                After::GoesOn
            }
        };
        self.shared.counters.recordings += 1;
        self.shared.recordings.parties.insert(party, recording);
        self.afterwards(now, party, after, out);
    }

    /// Brings a recording in line with its call.
    fn update_recording(&mut self, now: Now, party: LegId, out: &mut Outbox) {
        let Some(view) = self.recorded(party) else { return };
        let Some(recording) = self.shared.recordings.parties.get(&party) else { return };
        let wanted = self.shared.configuration.recording_of(recording.device());
        let stays = wanted.is_some_and(|(line, _)| match recording.because() {
            WhyRecorded::Automatic => line.option == RecordingOption::Automatic,
            WhyRecorded::OnDemand => line.option != RecordingOption::Disabled,
        });
        if !stays {
            return self.end_recording(now, party, WhyRecordingEnded::Configured, out);
        }
        self.with_recording(now, party, out, |recording, shared, out| {
            let moved = recording.moves_to(&view, out);
            if recording.is_given_up() {
                return After::GoesOn;
            }
            if let Some(why) = recording.refusal(&view) {
                return recording.refuse(now, why, out);
            }
            if moved {
                shared.recordings.ports.retain(|_, of| *of != party);
                let port = shared.port_ids.allocate();
                shared.recordings.ports.insert(port, party);
                recording.open(port, &view, out);
            }
            recording.tell(now, &view, shared, out)
        });
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
        self.shared.recordings.parties.insert(party, recording);
        self.afterwards(now, party, after, out);
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
            After::GivenUp => {
                self.shared.counters.recordings_lost += 1;
                self.forget_ports(party);
                self.shared.recordings.legs.retain(|_, of| *of != party);
                let recording = self.shared.recordings.parties.get_mut(&party);
                let Some(recording) = recording else { return };
                recording.give_back(&mut self.shared.bandwidth);
                let call = recording.call();
                let released = recording.profile().unrecorded == Unrecorded::Released;
                // Help is called for, recorded or not.
                let is_emergency = self.calls.get(&call).is_some_and(|call| call.is_emergency());
                if released && !is_emergency {
                    out.decide(now, call, Some(party), Decision::Recording(RecordingNews::CallReleased));
                    self.with_call(call, |call, shared| call.stop(now, Stopped::NotRecorded, shared, out));
                }
            }
        }
    }

    fn forget_ports(&mut self, party: LegId) {
        self.shared.recordings.ports.retain(|_, of| *of != party);
    }

    fn end_recording(&mut self, now: Now, party: LegId, why: WhyRecordingEnded, out: &mut Outbox) {
        let Some(recording) = self.shared.recordings.parties.remove(&party) else { return };
        self.forget_ports(party);
        self.shared.recordings.legs.retain(|_, of| *of != party);
        recording.end(now, why, &mut self.shared, out);
    }

    /// What a recorder tells; false when the leg leads to none.
    pub(crate) fn recorder_told(&mut self, now: Now, leg: LegId, signal: &Signal, out: &mut Outbox) -> bool {
        let Some(party) = self.shared.recordings.legs.get(&leg).copied() else { return false };
        let view = self.recorded(party);
        self.with_recording(now, party, out, |recording, shared, out| {
            crate::call::told(now, recording.call(), leg, signal, out);
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
                Signal::MediaRefused(_) => {
                    recording.tell_later(now, shared);
                    After::GoesOn
                }
                Signal::Released { cause, .. } => {
                    shared.recordings.legs.remove(&leg);
                    recording.lost(now, *cause, shared, out)
                }
                Signal::Media(Media::Offer(_)) | Signal::MediaRequested => {
                    // What is sent is for this side to say.
                    out.command(leg, Command::RefuseMedia(Cause::INCOMPATIBLE_DESTINATION));
                    After::GoesOn
                }
                Signal::TransferRequested { .. } => {
                    out.command(leg, Command::TransferResult(Err(Cause::FACILITY_REJECTED)));
                    After::GoesOn
                }
                Signal::Setup(_)
                | Signal::Proceeding
                | Signal::Alerting { .. }
                | Signal::Media(Media::None)
                | Signal::Digit(_)
                | Signal::DigitsEnded(_)
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
            Report::Digit { .. }
            | Report::Talking { .. }
            | Report::Finished { .. }
            | Report::Silent { .. }
            | Report::Closed { .. } => return false,
        };
        let Some(party) = self.shared.recordings.ports.get(&port).copied() else { return false };
        let view = self.recorded(party);
        self.with_recording(now, party, out, |recording, shared, out| match opened {
            Ok(addresses) => {
                recording.opened(addresses);
                view.map_or(After::GoesOn, |view| recording.tell(now, &view, shared, out))
            }
            Err(reason) => {
                recording.port_failed(matches!(report, Report::Failed { .. }));
                recording.refuse(now, WhyNotRecorded::NoPort { reason }, out)
            }
        });
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

/// The side of a relay on which a party of a call is.
const fn relay_side(side: crate::exchange::Side) -> control::Side {
    match side {
        crate::exchange::Side::Caller => control::Side::A,
        crate::exchange::Side::Called => control::Side::B,
    }
}
