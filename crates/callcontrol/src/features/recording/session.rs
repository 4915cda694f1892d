//! One recording: the ports from which copies go, the call with the recorder, and what it was told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{
    Alarm, CallRecord, Decision, Entry, Feature, LegOutcome, LegRecord, Moves, OriginView, PartyView,
    RecordingChange, RecordingNews, ReleasedBy, TargetView, ToneFor, WhyNotRecorded, WhyRecorded,
    WhyRecordingEnded,
};
use strowger_base::leg::{Origin, Party, Ring, RingStyle, SrtpOffer, Target};
use strowger_base::recording::{RecordedParty, VoiceFlow};
use strowger_base::{
    CallId, Cause, Command, LegId, Media, Now, RecordingMetadata, SessionDescription, TimerHandle, WallTime,
    limits,
};
use strowger_media::control::{self, PortId};
use strowger_media::sdp::{self, Flows, RecordedStream};

use super::relay_side;
use crate::admission::{NoRoom, Reserved, Taken};
use crate::call::RecordedCall;
use crate::configuration::{Admission, RecordingProfile, RecordingTone};
use crate::exchange::Side;
use crate::io::{Outbox, Output};
use crate::shared::{Shared, Timer};

/// One recording.
#[derive(Debug)]
pub(super) struct Recording {
    party: LegId,
    device: Origin,
    call: CallId,
    conversation: CallId,
    profile: Arc<RecordingProfile>,
    because: WhyRecorded,
    since: WallTime,
    own: Party,
    /// With whom it talks, and since when.
    far: (LegId, WallTime),
    fork: Option<Fork>,
    recorder: Recorder,
    told: Option<Told>,
    /// Version of what the recorder is offered.
    version: u64,
    failures: u32,
    timer: Option<TimerHandle>,
    reserved: Reserved,
    /// When the recorder answered first, and by which leg.
    answered: Option<(WallTime, LegId)>,
    /// On which relay the tone is.
    warned: Option<PortId>,
}

/// The ports from which copies go.
#[derive(Debug)]
struct Fork {
    port: PortId,
    /// The relay that is copied.
    of: PortId,
    /// On which side of it the recorded party is.
    side: Side,
    /// Where the copies of sides A and B come from, once that is known.
    from: Option<(SocketAddr, SocketAddr)>,
}

/// Where the call with the recorder stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Recorder {
    /// It is called as soon as the ports are open, or the time has come.
    Absent,
    /// It is called.
    Called(LegId),
    /// It was told something and has not answered.
    Told(LegId),
    /// It records.
    Runs(LegId),
    /// It is not to be had.
    GivenUp,
}

/// What the recorder was told last.
#[derive(Debug)]
struct Told {
    offer: SessionDescription,
    metadata: Arc<RecordingMetadata>,
}

/// What follows from something that happened to a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    GoesOn,
    /// This leg leads to its recorder from here on.
    Calls(LegId),
    /// This one does not any more.
    Forgets(LegId),
    /// It will not come to be.
    GivenUp,
}

impl Recording {
    /// Whether the recorded party is at this phone.
    pub(super) fn is_of(&self, phone: &str) -> bool {
        matches!(&self.device, Origin::Line { phone: Some(own), .. } if **own == *phone)
    }

    pub(super) fn new(
        now: Now,
        view: &RecordedCall,
        device: Origin,
        profile: Arc<RecordingProfile>,
        because: WhyRecorded,
    ) -> Self {
        Recording {
            party: view.own.leg,
            device,
            call: view.call,
            conversation: view.conversation,
            profile,
            because,
            since: now.wall,
            own: view.own.party.clone(),
            far: (view.far.leg, now.wall),
            fork: None,
            recorder: Recorder::Absent,
            told: None,
            version: 0,
            failures: 0,
            timer: None,
            reserved: Reserved::default(),
            answered: None,
            warned: None,
        }
    }

    pub(super) const fn call(&self) -> CallId {
        self.call
    }

    pub(super) const fn device(&self) -> &Origin {
        &self.device
    }

    pub(super) const fn because(&self) -> WhyRecorded {
        self.because
    }

    pub(super) fn profile(&self) -> &RecordingProfile {
        &self.profile
    }

    pub(super) const fn is_given_up(&self) -> bool {
        matches!(self.recorder, Recorder::GivenUp)
    }

    /// Whether the recorder records.
    pub(super) const fn runs(&self) -> bool {
        matches!(self.recorder, Recorder::Runs(_) | Recorder::Told(_))
    }

    const fn leg(&self) -> Option<LegId> {
        match self.recorder {
            Recorder::Called(leg) | Recorder::Told(leg) | Recorder::Runs(leg) => Some(leg),
            Recorder::Absent | Recorder::GivenUp => None,
        }
    }

    fn news(&self, now: Now, news: RecordingNews<'_>, out: &mut Outbox) {
        out.decide(now, self.call, Some(self.party), Decision::Recording(news));
    }

    /// Why a call cannot be recorded as it is; `None` when it can.
    pub(super) fn refusal(&self, view: &RecordedCall) -> Option<WhyNotRecorded<'static>> {
        if view.relay.is_none() {
            Some(WhyNotRecorded::NoRelay)
        } else if view.own.is_encrypted() || view.far.is_encrypted() {
            Some(WhyNotRecorded::Encrypted)
        } else {
            None
        }
    }

    /// Takes bandwidth to the recorder.
    pub(super) fn take(
        &mut self,
        taken: &mut Taken,
        admission: &Admission,
        places: (&str, &str),
        kbps: u32,
    ) -> Result<(), NoRoom> {
        taken.take(admission, &mut self.reserved, places, kbps)
    }

    pub(super) fn give_back(&mut self, taken: &mut Taken) {
        taken.give_back(&mut self.reserved, None);
    }

    /// It cannot be: nothing is copied, and the recorder has no call.
    pub(super) fn refuse(&mut self, now: Now, why: WhyNotRecorded<'_>, out: &mut Outbox) -> After {
        self.news(now, RecordingNews::Refused(why), out);
        let alarm = Alarm::NotRecorded { profile: &self.profile.name, cause: Cause::RESOURCE_UNAVAILABLE };
        out.journal(now, Some(self.call), None, Entry::Alarm(alarm));
        self.stop(Cause::NORMAL_CALL_CLEARING, out);
        self.recorder = Recorder::GivenUp;
        After::GivenUp
    }

    /// Opens the ports for the copies.
    pub(super) fn open(&mut self, port: PortId, view: &RecordedCall, out: &mut Outbox) {
        let Some(of) = view.relay else { return };
        self.fork = Some(Fork { port, of, side: view.side, from: None });
        out.media(control::Command::OpenFork { port, of });
    }

    pub(super) const fn opened(&mut self, from: (SocketAddr, SocketAddr)) {
        if let Some(fork) = &mut self.fork {
            fork.from = Some(from);
        }
    }

    /// What failed by itself is not to be closed.
    pub(super) fn port_failed(&mut self, by_itself: bool) {
        if by_itself {
            self.fork = None;
        }
    }

    /// The call is this one now; true when its media passes elsewhere than what is copied.
    pub(super) fn moves_to(&mut self, view: &RecordedCall, out: &mut Outbox) -> bool {
        if self.call != view.call {
            self.call = view.call;
            self.conversation = view.conversation;
            if let Some(leg) = self.leg() {
                out.items.push(Output::Joined { leg, call: view.call });
            }
        }
        let copied = self.fork.as_ref().map(|fork| (fork.of, fork.side));
        let moved = copied.is_some_and(|copied| Some(copied) != view.relay.map(|of| (of, view.side)));
        if moved {
            self.close_fork(out);
        }
        moved
    }

    fn close_fork(&mut self, out: &mut Outbox) {
        self.warn(None, out);
        if let Some(fork) = self.fork.take() {
            out.media(control::Command::Close { port: fork.port });
        }
    }

    /// Calls the recorder, or tells it what is different now.
    pub(super) fn tell(
        &mut self,
        now: Now,
        view: &RecordedCall,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        if self.far.0 != view.far.leg {
            self.far = (view.far.leg, now.wall);
        }
        let waits = match self.recorder {
            Recorder::Absent => self.timer.is_some(),
            Recorder::Runs(_) => false,
            Recorder::Called(_) | Recorder::Told(_) | Recorder::GivenUp => true,
        };
        let from = self.fork.as_ref().and_then(|fork| fork.from);
        let Some(from) = from.filter(|_| !waits) else { return After::GoesOn };
        let metadata = self.metadata(view);
        let offer = self.offer(view, from, shared);
        let same = |told: &Told| told.offer == offer && *told.metadata == metadata;
        if self.told.as_ref().is_some_and(same) {
            return After::GoesOn;
        }
        let before = self.told.replace(Told { offer: offer.clone(), metadata: Arc::new(metadata.clone()) });
        let metadata = Arc::new(metadata);
        if let Recorder::Runs(leg) = self.recorder {
            let change = change(before.map(|told| told.metadata).as_deref(), &metadata);
            self.news(now, RecordingNews::Changed(change), out);
            out.command(leg, Command::Records(Media::Offer(offer), metadata));
            self.recorder = Recorder::Told(leg);
            return After::GoesOn;
        }
        let leg = shared.leg_ids.allocate();
        let (trunk, number) = (&*self.profile.trunk, &*self.profile.number);
        let news = RecordingNews::Begins { trunk, number, because: self.because };
        self.news(now, news, out);
        let ring = Ring {
            target: Target::Trunk(self.profile.trunk.clone()),
            calling: view.own.party.clone(),
            called: self.profile.number.clone(),
            media: Media::Offer(offer),
            hops_remaining: limits::MAX_FORWARDS,
            reliable_provisional: false,
            diversions: Vec::new(),
            srtp: SrtpOffer::Clear,
            style: RingStyle::default(),
            records: Some(metadata),
        };
        out.items.push(Output::Joined { leg, call: self.call });
        out.command(leg, Command::Ring(Box::new(ring)));
        self.recorder = Recorder::Called(leg);
        self.set_timer(now, PATIENCE, shared);
        After::Calls(leg)
    }

    fn metadata(&self, view: &RecordedCall) -> RecordingMetadata {
        let party = |it: &crate::call::Recorded, since| RecordedParty {
            leg: it.leg,
            party: it.party.clone(),
            since,
            flow: view.flow,
        };
        RecordingMetadata {
            call: view.call,
            conversation: view.conversation,
            started_at: view.answered_at,
            since: self.since,
            own: party(&view.own, self.since),
            far: party(&view.far, self.far.1),
        }
    }

    /// What the recorder is offered; a new version of it only when it differs from what was told.
    fn offer(
        &mut self,
        view: &RecordedCall,
        (a, b): (SocketAddr, SocketAddr),
        shared: &Shared,
    ) -> SessionDescription {
        let flows = if view.flow == VoiceFlow::Heard { Flows::Yes } else { Flows::No };
        let (own, far) = match view.side {
            Side::Caller => (a, b),
            Side::Called => (b, a),
        };
        let [own, far] = [(&view.own, own), (&view.far, far)].map(|(party, from)| RecordedStream {
            from,
            heard_by: party.told.as_bytes(),
            said_by: party.wrote.as_bytes(),
            flows,
            keys: &[],
        });
        let streams = [own, far];
        let write = |version: u64| {
            let session_id = self.party.number << 2 | 3;
            let origin = sdp::Origin { session_id, version, address: shared.configuration.address };
            sdp::offer_to_recorder(&origin, &streams)
        };
        let offer = write(self.version);
        if self.told.as_ref().is_some_and(|told| told.offer == offer) {
            return offer;
        }
        self.version += 1;
        write(self.version)
    }

    /// The recorder answered: copies go where it wants them.
    pub(super) fn agreed(
        &mut self,
        now: Now,
        answer: &SessionDescription,
        view: Option<&RecordedCall>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        let Some(leg) = self.leg() else { return After::GoesOn };
        let first = matches!(self.recorder, Recorder::Called(_));
        let [own, far] = sdp::answer_of_recorder(answer.as_bytes());
        if first && own.to.is_none() && far.to.is_none() && view.is_none_or(|it| it.flow == VoiceFlow::Heard)
        {
            return self.give_up_leg(now, Cause::INCOMPATIBLE_DESTINATION, shared, out);
        }
        self.cancel_timer(shared);
        self.recorder = Recorder::Runs(leg);
        self.failures = 0;
        self.answered.get_or_insert((now.wall, leg));
        if let Some(fork) = &self.fork {
            let (port, side) = (fork.port, relay_side(fork.side));
            out.media(control::Command::Copy { port, side, to: own.to });
            out.media(control::Command::Copy { port, side: side.other(), to: far.to });
        }
        if first {
            let runs =
                RecordingNews::Runs { own: own.to.map(|to| to.remote), far: far.to.map(|to| to.remote) };
            self.news(now, runs, out);
        }
        if let Some(view) = view {
            self.warn_parties(now, view, shared.configuration.recording.tone, out);
        }
        After::GoesOn
    }

    /// Lets parties hear that they are recorded.
    fn warn_parties(&mut self, now: Now, view: &RecordedCall, tone: RecordingTone, out: &mut Outbox) {
        let Some(port) = self.fork.as_ref().map(|fork| fork.of) else { return };
        let first = self.warned.replace(port) != Some(port);
        let parties = [
            (tone.recorded, ToneFor::Recorded, &view.own, view.side),
            (tone.other_party, ToneFor::OtherParty, &view.far, view.side.other()),
        ];
        for (wanted, to, party, side) in parties {
            if !wanted {
                continue;
            }
            let types = sdp::payload_types(party.wrote.as_bytes());
            let formats = sdp::audio_formats(party.wrote.as_bytes());
            let codec = formats.first().map_or("", |format| format.name);
            let mixes = types.is_some_and(|(_, mixes)| mixes);
            if first {
                let news = if mixes {
                    RecordingNews::Tone { to, codec }
                } else {
                    RecordingNews::NoTone { to, codec }
                };
                self.news(now, news, out);
            }
            let types = types.map(|(types, _)| types);
            out.media(control::Command::Warn { port, side: relay_side(side), types });
        }
    }

    /// The tone ends.
    fn warn(&mut self, on: Option<PortId>, out: &mut Outbox) {
        if let Some(port) = std::mem::replace(&mut self.warned, on) {
            for side in [control::Side::A, control::Side::B] {
                out.media(control::Command::Warn { port, side, types: None });
            }
        }
    }

    /// The recorder is to be told again what it did not take.
    pub(super) fn tell_later(&mut self, now: Now, shared: &mut Shared) {
        if let Recorder::Told(leg) = self.recorder {
            self.recorder = Recorder::Runs(leg);
            self.failures += 1;
            if self.failures <= limits::RECORDER_RETRIES {
                self.told = None;
                self.set_timer(now, AGAIN * self.failures, shared);
            }
        }
    }

    /// This side ends the call with the recorder, which is of no use.
    pub(super) fn give_up_leg(
        &mut self,
        now: Now,
        cause: Cause,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        let Some(leg) = self.leg() else { return After::GoesOn };
        out.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
        match self.lost(now, cause, shared, out) {
            After::GoesOn => After::Forgets(leg),
            after @ (After::Calls(_) | After::Forgets(_) | After::GivenUp) => after,
        }
    }

    /// The recorder has no call any more: it is called again a few times, later each time.
    pub(super) fn lost(&mut self, now: Now, cause: Cause, shared: &mut Shared, out: &mut Outbox) -> After {
        self.cancel_timer(shared);
        self.recorder = Recorder::Absent;
        self.told = None;
        self.warn(None, out);
        if let Some(fork) = &self.fork {
            for side in [control::Side::A, control::Side::B] {
                out.media(control::Command::Copy { port: fork.port, side, to: None });
            }
        }
        self.failures += 1;
        let wait = AGAIN * self.failures;
        let again = (self.failures <= limits::RECORDER_RETRIES).then_some(wait);
        self.news(now, RecordingNews::Lost { cause, again }, out);
        if again.is_some() {
            self.set_timer(now, wait, shared);
            return After::GoesOn;
        }
        let alarm = Alarm::NotRecorded { profile: &self.profile.name, cause };
        out.journal(now, Some(self.call), None, Entry::Alarm(alarm));
        self.stop(cause, out);
        self.recorder = Recorder::GivenUp;
        After::GivenUp
    }

    /// What the timer was for.
    pub(super) fn overdue(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) -> After {
        self.timer = None;
        match self.recorder {
            Recorder::Called(_) => self.give_up_leg(now, Cause::RECOVERY_ON_TIMER_EXPIRY, shared, out),
            Recorder::Absent | Recorder::Told(_) | Recorder::Runs(_) | Recorder::GivenUp => After::GoesOn,
        }
    }

    /// Nothing is copied any more, and the recorder is told so.
    fn stop(&mut self, cause: Cause, out: &mut Outbox) {
        self.close_fork(out);
        if let Some(leg) = self.leg() {
            out.command(leg, Command::Release(cause));
        }
        self.recorder = Recorder::Absent;
    }

    /// It is over.
    pub(super) fn end(
        mut self: Box<Self>,
        now: Now,
        why: WhyRecordingEnded,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        self.cancel_timer(shared);
        let given_up = self.is_given_up();
        self.stop(Cause::NORMAL_CALL_CLEARING, out);
        self.give_back(&mut shared.bandwidth);
        if !given_up {
            self.news(now, RecordingNews::Ended(why), out);
        }
        self.write_record(now, shared, out);
    }

    /// The record of the call with the recorder: a call of its own, which hangs together with the recorded one.
    fn write_record(&self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let Some((answered_at, leg)) = self.answered else { return };
        let id = shared.new_call();
        let target = Target::Trunk(self.profile.trunk.clone());
        let number = &*self.profile.number;
        let record = CallRecord {
            call: id,
            origin: OriginView::from(&self.device),
            calling_leg: self.party,
            calling: PartyView::from(&self.own),
            called: number,
            translated: number,
            sent: number,
            final_called: number,
            malicious: false,
            redirections: Vec::new(),
            hunt_pilot: "",
            connected: PartyView { number, ..PartyView::default() },
            codes: Default::default(),
            started_at: self.since,
            alerted_at: None,
            answered_at: Some(answered_at),
            ended_at: now.wall,
            cause: Cause::NORMAL_CALL_CLEARING,
            released_by: ReleasedBy::System,
            legs: vec![LegRecord {
                leg,
                target: TargetView::from(&target),
                rung_at: self.since,
                outcome: LegOutcome::Answered,
            }],
            moves: Some(Moves {
                conversation: self.conversation,
                joined_by: Some(Feature::Recording),
                left_by: None,
            }),
        };
        let span = out.encode(now, Some(id), None, Entry::Call(record));
        shared.persist(id, span, out);
    }

    fn set_timer(&mut self, now: Now, after: Duration, shared: &mut Shared) {
        self.cancel_timer(shared);
        self.timer = Some(shared.timers.set(now.mono + after, Timer::Recording(self.party)));
    }

    fn cancel_timer(&mut self, shared: &mut Shared) {
        if let Some(timer) = self.timer.take() {
            shared.timers.cancel(timer);
        }
    }
}

/// What of a conversation is different, as the story tells it.
fn change(before: Option<&RecordingMetadata>, now: &RecordingMetadata) -> RecordingChange {
    let Some(before) = before else { return RecordingChange::Media };
    if (before.call, before.far.leg, &before.far.party) != (now.call, now.far.leg, &now.far.party) {
        return RecordingChange::Parties;
    }
    match (before.own.flow, now.own.flow) {
        (VoiceFlow::Heard, VoiceFlow::Held) => RecordingChange::Held,
        (VoiceFlow::Held, VoiceFlow::Heard) => RecordingChange::Resumed,
        (VoiceFlow::Heard, VoiceFlow::Heard) | (VoiceFlow::Held, VoiceFlow::Held) => RecordingChange::Media,
    }
}

/// How long a recorder may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one is left alone that could not be had, times the number of failures in a row.
const AGAIN: Duration = Duration::from_secs(5);
