//! One recording: the call with the recorder, from the first attempt until it is over or given up.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{
    Alarm, Decision, Entry, RecordingNews, WhyNotRecorded, WhyRecorded, WhyRecordingEnded,
};
use strowger_base::leg::{Origin, Party};
use strowger_base::recording::RecordedParty;
use strowger_base::{
    CallId, Cause, Command, Instant, LegId, Now, SessionDescription, TimerHandle, WallTime, limits,
};
use strowger_media::fork::CopyTo;
use strowger_media::sdp;

use super::fork::Fork;
use super::keys::OwnKeys;
use super::telling::Told;
use super::tone::{Warned, Warning};
use super::way::Way;
use crate::admission::{NoRoom, Rate, Reserved, Taken};
use crate::call::RecordedCall;
use crate::configuration::{Configuration, RecorderEncryption, RecordingProfile};
use crate::io::Outbox;
use crate::shared::{Shared, Timer};

/// One recording.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) party: LegId,
    pub(super) device: Origin,
    pub(super) call: CallId,
    pub(super) conversation: CallId,
    pub(super) profile: Arc<RecordingProfile>,
    pub(super) way: Way,
    pub(super) because: WhyRecorded,
    pub(super) since: WallTime,
    pub(super) own: Party,
    /// With whom it talks, and since when.
    pub(super) far: (LegId, WallTime),
    /// Who is or was heard in its conference.
    pub(super) conferees: Vec<RecordedParty>,
    pub(super) fork: Option<Fork>,
    /// Our keys of these ports; none for RTP.
    pub(super) keys: Option<OwnKeys>,
    /// Whether an encrypted call is copied in the clear, since the recorder takes no keys.
    pub(super) in_clear: bool,
    pub(super) ports_lost: u32,
    pub(super) recorder: Recorder,
    pub(super) told: Option<Told>,
    /// Whether the recorder refused what it was told last.
    pub(super) refused: bool,
    /// Whether it wants no media for now.
    pub(super) is_paused: bool,
    /// Whether it wants to be told everything again.
    pub(super) again: bool,
    /// Version of what was written to the recorder last.
    pub(super) version: u64,
    /// That.
    pub(super) said: Option<SessionDescription>,
    /// Where copies of the recorded party and of the other one go.
    pub(super) copied: [Option<CopyTo>; 2],
    /// Times in a row that the recorder was not to be had.
    failures: u32,
    /// Times in a row that it refused a change.
    pub(super) refusals: u32,
    /// Since when it records in its present call.
    pub(super) runs_since: Option<Instant>,
    /// Whether the alarm of this call was raised before.
    alarmed: bool,
    /// Whether one of this call was given up before.
    is_another: bool,
    pub(super) timer: Option<TimerHandle>,
    reserved: Reserved,
    /// The trunk to which bandwidth was taken, as far as any is needed.
    reserved_to: Box<str>,
    /// The recorder that answered first.
    pub(super) answered: Option<Answered>,
    /// Where it has the tone heard.
    pub(super) warned: Vec<Warned>,
    /// By what that was decided.
    pub(super) warning: Option<Warning>,
    /// The call that was asked to let its encryption end here, so that a party hears the tone.
    pub(super) opened: Option<CallId>,
}

/// A recorder that answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) at: WallTime,
    pub(super) leg: LegId,
    pub(super) trunk: Box<str>,
    pub(super) number: Box<str>,
}

/// Where the call with the recorder stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Recorder {
    /// It is called as soon as the ports are open, or the time has come.
    Absent,
    /// It is called.
    Called(LegId),
    /// It was told something and has not answered.
    Told(LegId),
    /// It records.
    Runs(LegId),
    /// The call is not recorded.
    GivenUp(Obstacle),
}

/// What keeps a call from being recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Obstacle {
    /// The call as it is.
    Call,
    /// Something that may have passed after a while.
    Passing,
}

impl Obstacle {
    const fn of(why: &WhyNotRecorded<'_>) -> Self {
        match why {
            WhyNotRecorded::NoRelay | WhyNotRecorded::Encrypted | WhyNotRecorded::NoKeys => Obstacle::Call,
            WhyNotRecorded::NoPort { .. }
            | WhyNotRecorded::NoRecorder { .. }
            | WhyNotRecorded::NoRoute { .. }
            | WhyNotRecorded::TooMany
            | WhyNotRecorded::NoBandwidth => Obstacle::Passing,
        }
    }
}

/// What follows from something that happened to a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    GoesOn,
    /// This leg leads to its recorder from here on.
    Calls(LegId),
    /// This one does not any more.
    Forgets(LegId),
    /// It goes on; its call is offered anew, so that the encryption ends here and a party hears the tone.
    OpensForTone,
    /// It will not come to be as it is.
    GivenUp,
    /// It is tried again from the beginning.
    BeginsAnew,
}

impl Recording {
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
            way: Way::default(),
            because,
            since: now.wall,
            own: view.own.party.clone(),
            far: (view.far.leg, now.wall),
            conferees: Vec::new(),
            fork: None,
            keys: None,
            in_clear: false,
            ports_lost: 0,
            recorder: Recorder::Absent,
            told: None,
            refused: false,
            is_paused: false,
            again: false,
            version: 0,
            said: None,
            copied: [None, None],
            failures: 0,
            refusals: 0,
            runs_since: None,
            alarmed: false,
            is_another: false,
            timer: None,
            reserved: Reserved::default(),
            reserved_to: Box::default(),
            answered: None,
            warned: Vec::new(),
            warning: None,
            opened: None,
        }
    }

    /// It was given up before in the same call: one attempt shows whether that has passed, and everybody knows already.
    pub(super) const fn is_another_attempt(&mut self) {
        (self.alarmed, self.is_another) = (true, true);
        self.failures = limits::RECORDER_RETRIES;
    }

    /// Whether the recorded party is at this phone.
    pub(super) fn is_of(&self, phone: &str) -> bool {
        matches!(&self.device, Origin::Line { phone: Some(own), .. } if **own == *phone)
    }

    pub(super) const fn is_given_up(&self) -> bool {
        matches!(self.recorder, Recorder::GivenUp(_))
    }

    /// Whether one that was given up may come to be now: in another call of the party, or when the call is not what it was.
    pub(super) fn may_be_tried(&self, view: &RecordedCall, shared: &Shared) -> bool {
        match self.recorder {
            Recorder::GivenUp(Obstacle::Call) => {
                self.call != view.call || self.refusal(view, shared).is_none()
            }
            Recorder::GivenUp(Obstacle::Passing) => self.call != view.call,
            Recorder::Absent | Recorder::Called(_) | Recorder::Told(_) | Recorder::Runs(_) => false,
        }
    }

    /// Whether the recorder records.
    pub(super) const fn runs(&self) -> bool {
        matches!(self.recorder, Recorder::Runs(_) | Recorder::Told(_))
    }

    pub(super) const fn leg(&self) -> Option<LegId> {
        match self.recorder {
            Recorder::Called(leg) | Recorder::Told(leg) | Recorder::Runs(leg) => Some(leg),
            Recorder::Absent | Recorder::GivenUp(_) => None,
        }
    }

    pub(super) fn news(&self, now: Now, news: RecordingNews<'_>, out: &mut Outbox) {
        out.decide(now, self.call, Some(self.party), Decision::Recording(news));
    }

    /// Takes bandwidth to the recorder that is called now, in place of what was taken to another one.
    pub(super) fn take(
        &mut self,
        taken: &mut Taken,
        view: &RecordedCall,
        configuration: &Configuration,
    ) -> Result<(), NoRoom> {
        if self.reserved_to == self.way.trunk {
            return Ok(());
        }
        self.give_back(taken);
        if let Some((from, to, kbps)) = view.takes(&self.device, &self.way.trunk, configuration) {
            taken.take(&configuration.admission, &mut self.reserved, (&from, &to), Rate::Speech(kbps))?;
        }
        self.reserved_to = self.way.trunk.clone();
        Ok(())
    }

    pub(super) fn give_back(&mut self, taken: &mut Taken) {
        self.reserved_to = Box::default();
        taken.give_back(&mut self.reserved, None);
    }

    /// It cannot be: nothing is copied, and the recorder has no call.
    pub(super) fn refuse(
        &mut self,
        now: Now,
        why: WhyNotRecorded<'_>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        self.news(now, RecordingNews::Refused(why), out);
        self.give_up(now, Obstacle::of(&why), Cause::RESOURCE_UNAVAILABLE, shared, out)
    }

    /// It is not to be for now. Where every call is recorded, it is tried again after a while.
    fn give_up(
        &mut self,
        now: Now,
        obstacle: Obstacle,
        cause: Cause,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        self.alarm(now, cause, out);
        self.cancel_timer(shared);
        self.stop(Cause::NORMAL_CALL_CLEARING, shared, out);
        self.recorder = Recorder::GivenUp(obstacle);
        if !self.is_another {
            shared.counters.recordings_lost += 1;
        }
        if let (Obstacle::Passing, WhyRecorded::Automatic) = (obstacle, self.because) {
            self.rest(now, shared);
        }
        After::GivenUp
    }

    /// It is left alone for a while.
    pub(super) fn rest(&mut self, now: Now, shared: &mut Shared) -> After {
        self.set_timer(now, REST, shared);
        After::GoesOn
    }

    /// Says once in a call that it is not recorded as it should be.
    fn alarm(&mut self, now: Now, cause: Cause, out: &mut Outbox) {
        if !std::mem::replace(&mut self.alarmed, true) {
            let alarm = Alarm::NotRecorded { profile: &self.profile.name, cause };
            out.journal(now, Some(self.call), None, Entry::Alarm(alarm));
        }
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
        let taken = sdp::answer_of_recorder(answer.as_bytes());
        let takes = taken.iter().any(|stream| stream.to.is_some());
        let waits = taken.iter().any(|stream| stream.has_address);
        let [own, far] = self.protect_as_offered(taken, out);
        let nothing = own.is_none() && far.is_none();
        if nothing && !self.is_paused && self.told.as_ref().is_none_or(Told::flows) {
            if takes && self.profile.encryption != RecorderEncryption::IfTaken {
                // The call allows it: another answer of the recorder would do.
                self.news(now, RecordingNews::Refused(WhyNotRecorded::NoKeys), out);
                return self.give_up(now, Obstacle::Passing, Cause::RESOURCE_UNAVAILABLE, shared, out);
            }
            return self.takes_nothing(now, waits, shared, out);
        }
        self.is_paused &= nothing;
        self.cancel_timer(shared);
        self.recorder = Recorder::Runs(leg);
        self.refusals = 0;
        self.copy([own, far], out);
        self.begins(now, [own, far], out);
        if let Some(view) = view.filter(|_| !self.is_paused) {
            self.warn_parties(now, view, shared, out);
        }
        After::GoesOn
    }

    /// The recorder records, to which copies go like this; whether that is new.
    pub(super) fn begins(&mut self, now: Now, [own, far]: [Option<CopyTo>; 2], out: &mut Outbox) -> bool {
        let Some(leg) = self.leg().filter(|_| self.runs_since.is_none()) else { return false };
        self.runs_since = Some(now.mono);
        self.answered.get_or_insert_with(|| Answered {
            at: now.wall,
            leg,
            trunk: self.way.trunk.clone(),
            number: self.way.number.clone(),
        });
        let runs = RecordingNews::Runs { own: own.map(|to| to.remote), far: far.map(|to| to.remote) };
        self.news(now, runs, out);
        true
    }

    /// The recorder answered and takes neither stream, which is no recording: nobody is to hear that there is one. One that keeps
    /// them may not be ready yet, and may ask for them when it is (RFC 7866 §7.2).
    fn takes_nothing(&mut self, now: Now, waits: bool, shared: &mut Shared, out: &mut Outbox) -> After {
        let cause = Cause::INCOMPATIBLE_DESTINATION;
        if let (Recorder::Called(leg), true) = (self.recorder, waits) {
            self.cancel_timer(shared);
            self.recorder = Recorder::Told(leg);
        }
        match self.recorder {
            Recorder::Told(_) => {
                self.stop_tones(shared, out);
                self.copy([None, None], out);
                self.not_taken(now, cause, shared, out)
            }
            Recorder::Called(_) | Recorder::Runs(_) | Recorder::Absent | Recorder::GivenUp(_) => {
                self.give_up_leg(now, cause, shared, out)
            }
        }
    }

    /// The recorder does not take a change: it is told again, later each time. One that never takes it records something that is not
    /// so, and is called anew.
    pub(super) fn not_taken(
        &mut self,
        now: Now,
        cause: Cause,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        let Recorder::Told(leg) = self.recorder else { return After::GoesOn };
        self.recorder = Recorder::Runs(leg);
        self.refused = true;
        self.refusals += 1;
        let again = (self.refusals <= limits::RECORDER_RETRIES).then_some(AGAIN * self.refusals);
        self.news(now, RecordingNews::NotTaken { cause, again }, out);
        if let Some(wait) = again {
            self.set_timer(now, wait, shared);
            return After::GoesOn;
        }
        self.alarm(now, cause, out);
        self.give_up_leg(now, cause, shared, out)
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
            after @ (After::Calls(_)
            | After::Forgets(_)
            | After::OpensForTone
            | After::GivenUp
            | After::BeginsAnew) => after,
        }
    }

    /// The recorder has no call any more: it is called again a few times, later each time.
    pub(super) fn lost(&mut self, now: Now, cause: Cause, shared: &mut Shared, out: &mut Outbox) -> After {
        if self.keys_refused(now, cause, shared, out) {
            return After::GoesOn;
        }
        self.cancel_timer(shared);
        let next = self.another(now, (cause, self.keys.is_some()), shared, out);
        self.recorder = Recorder::Absent;
        self.told = None;
        (self.refused, self.is_paused, self.again) = (false, false, false);
        self.stop_tones(shared, out);
        self.copy([None, None], out);
        self.refusals = 0;
        // One that answers and hangs up is not to be had either.
        if next {
            self.runs_since = None;
            self.set_timer(now, Duration::ZERO, shared);
            return After::GoesOn;
        }
        self.later(now, cause, shared, out)
    }

    /// No recorder is to be had now: the first of all is called again a few times, later each time.
    pub(super) fn later(&mut self, now: Now, cause: Cause, shared: &mut Shared, out: &mut Outbox) -> After {
        let ran = self.runs_since.take().map_or(Duration::ZERO, |since| now.mono - since);
        self.failures = if ran < PROVED { self.failures + 1 } else { 1 };
        let retry = (self.failures <= limits::RECORDER_RETRIES).then_some(AGAIN * self.failures);
        let rest = (self.because == WhyRecorded::Automatic).then_some(REST);
        self.news(now, RecordingNews::Lost { cause, again: retry.or(rest) }, out);
        match retry {
            Some(wait) => {
                self.set_timer(now, wait, shared);
                After::GoesOn
            }
            None => self.give_up(now, Obstacle::Passing, cause, shared, out),
        }
    }

    /// What the timer was for.
    pub(super) fn overdue(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) -> After {
        self.timer = None;
        match self.recorder {
            Recorder::Called(_) => self.give_up_leg(now, Cause::RECOVERY_ON_TIMER_EXPIRY, shared, out),
            Recorder::GivenUp(_) => After::BeginsAnew,
            Recorder::Absent | Recorder::Told(_) | Recorder::Runs(_) => After::GoesOn,
        }
    }

    /// Nothing is copied any more, and the recorder is told so.
    fn stop(&mut self, cause: Cause, shared: &mut Shared, out: &mut Outbox) {
        self.close_fork(shared, out);
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
        self.stop(Cause::NORMAL_CALL_CLEARING, shared, out);
        self.give_back(&mut shared.bandwidth);
        if !given_up {
            self.news(now, RecordingNews::Ended(why), out);
        }
        self.write_record(now, shared, out);
    }

    pub(super) fn set_timer(&mut self, now: Now, after: Duration, shared: &mut Shared) {
        self.cancel_timer(shared);
        self.timer = Some(shared.timers.set(now.mono + after, Timer::Recording(self.party)));
    }

    pub(super) fn cancel_timer(&mut self, shared: &mut Shared) {
        if let Some(timer) = self.timer.take() {
            shared.timers.cancel(timer);
        }
    }
}

/// How long a recorder may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long one is left alone that could not be had, times the number of failures in a row.
const AGAIN: Duration = Duration::from_secs(5);
/// How long one has to have recorded for earlier failures to be forgotten.
const PROVED: Duration = Duration::from_secs(30);
/// How long one is left alone that was given up.
const REST: Duration = Duration::from_secs(60);
