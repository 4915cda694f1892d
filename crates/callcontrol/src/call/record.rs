//! The final record of a call.

use strowger_base::journal::{
    CallRecord, Decision, Entry, LegOutcome, LegRecord, Moves, OriginView, PartyView, ReleasedBy, TargetView,
    WhyEnded,
};
use strowger_base::{Cause, WallTime};

use super::participant::conversation_of;
use super::{Facts, Progress, Step, authorizing};

impl Step<'_> {
    /// The final record.
    pub(super) fn write_record(&mut self, cause: Cause, by: ReleasedBy, why: WhyEnded) {
        self.end_page();
        self.decide(None, Decision::Ended { cause, by, why });
        let malicious = self.shared.malicious.take(self.facts.id);
        self.shared.quality_reports.ended(self.facts.id);
        let record = self.facts.record(self.now.wall, cause, by);
        let entry = Entry::Call(CallRecord { malicious, ..record });
        let record = self.out.encode(self.now, Some(self.facts.id), None, entry);
        self.shared.persist(self.facts.id, record, self.out);
        self.shared.counters.ended += 1;
        self.forget_called(cause);
    }
}

impl Facts {
    fn record(&self, ended_at: WallTime, cause: Cause, released_by: ReleasedBy) -> CallRecord<'_> {
        let legs = self.rung.iter().map(|rung| LegRecord {
            leg: rung.leg,
            target: TargetView::from(&rung.target),
            rung_at: rung.at,
            outcome: rung.progress.outcome(cause),
        });
        let (redirections, hunt_pilot) = self.redirections();
        CallRecord {
            call: self.id,
            origin: OriginView::from(&self.origin),
            calling_leg: self.caller,
            calling: PartyView::from(&self.calling),
            called: &self.called,
            translated: &self.translated,
            sent: &self.sent,
            final_called: &self.final_called,
            redirections,
            hunt_pilot,
            connected: self.connected.as_ref().map(PartyView::from).unwrap_or_default(),
            codes: self.codes.as_deref().map(authorizing::view).unwrap_or_default(),
            started_at: self.started_at,
            alerted_at: self.alerted_at,
            answered_at: self.answered_at,
            ended_at,
            cause,
            released_by,
            legs: legs.chain(self.paged(cause)).collect(),
            moves: self.moves(),
            malicious: false,
        }
    }

    /// How the call hangs together with others.
    fn moves(&self) -> Option<Moves> {
        let alone = self.conversation.is_none() && self.joined_by.is_none() && self.left_by.is_none();
        let moves =
            Moves { conversation: conversation_of(self), joined_by: self.joined_by, left_by: self.left_by };
        (!alone).then_some(moves)
    }
}

impl Progress {
    /// What the record of a call says that ended with this cause.
    pub(super) const fn outcome(self, cause: Cause) -> LegOutcome {
        match self {
            Progress::Answered => LegOutcome::Answered,
            Progress::Withdrawn(cause) => LegOutcome::Withdrawn(cause),
            Progress::Failed { cause, reason } => LegOutcome::Failed { cause, reason },
            // Nothing is left open when a call ends; if it were, this is the truth of it.
            Progress::Trying | Progress::Alerting => LegOutcome::Withdrawn(cause),
        }
    }
}
