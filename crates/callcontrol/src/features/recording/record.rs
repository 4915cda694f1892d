//! The record of a call with a recorder.

use strowger_base::journal::{
    CallRecord, Entry, Feature, LegOutcome, LegRecord, Moves, OriginView, PartyView, ReleasedBy, TargetView,
};
use strowger_base::leg::Target;
use strowger_base::{Cause, Now};

use super::session::Recording;
use crate::io::Outbox;
use crate::shared::Shared;

impl Recording {
    /// The record of the call with the recorder: a call of its own, which hangs together with the recorded one.
    pub(super) fn write_record(&self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let Some(answered) = &self.answered else { return };
        let id = shared.new_call();
        let target = Target::Trunk(answered.trunk.clone());
        let number = &*self.profile.number;
        let record = CallRecord {
            call: id,
            origin: OriginView::from(&self.device),
            calling_leg: self.party,
            calling: PartyView::from(&self.own),
            called: number,
            translated: number,
            sent: &answered.number,
            final_called: number,
            malicious: false,
            redirections: Vec::new(),
            hunt_pilot: "",
            connected: PartyView { number, ..PartyView::default() },
            codes: Default::default(),
            started_at: self.since,
            alerted_at: None,
            answered_at: Some(answered.at),
            ended_at: now.wall,
            cause: Cause::NORMAL_CALL_CLEARING,
            released_by: ReleasedBy::System,
            legs: vec![LegRecord {
                leg: answered.leg,
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
}
