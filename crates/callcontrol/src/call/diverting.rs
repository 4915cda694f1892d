//! A call goes on to voice mail because a phone that rings, or has answered, wants that.

use std::sync::Arc;

use strowger_base::journal::{Feature, WhyReleased};
use strowger_base::leg::Target;
use strowger_base::{CallId, LegId, LineName, Now};
use strowger_dialplan::Caller;

use super::participant::Participant;
use super::way::CallerMedia;
use super::{Call, Facts, State, Step};
use crate::io::Outbox;
use crate::shared::Shared;

/// What is diverted where.
#[derive(Clone, Debug)]
pub(crate) struct Divert {
    /// The line of the phone that diverts.
    pub(crate) line: LineName,
    /// The line whose voice mail it is.
    pub(crate) owner: Box<str>,
    /// The number of the voice mail.
    pub(crate) pilot: Arc<str>,
    /// Who diverts, as digit analysis knows it.
    pub(crate) dials: Arc<Caller>,
}

impl Call {
    /// The line of the phone that was called on a leg.
    pub(crate) fn line_on(&self, leg: LegId) -> Option<LineName> {
        match self.facts.rung_on(leg)? {
            Target::Phone { line, .. } => Some(line.clone()),
            Target::Trunk(_) | Target::Service(_) => None,
        }
    }

    /// The line that was called originally, where the call was sent on.
    pub(crate) fn original_called(&self) -> Option<&str> {
        self.facts.original_called()
    }

    /// The first leg that rings.
    pub(crate) fn first_ringing(&self) -> Option<LegId> {
        let State::Ringing(_) = &self.state else { return None };
        self.facts.rung.iter().find(|rung| rung.progress.is_open()).map(|rung| rung.leg)
    }

    /// A call that rings goes on to voice mail.
    pub(crate) fn divert(&mut self, now: Now, divert: &Divert, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let state = std::mem::replace(&mut self.state, State::Ended);
        let media = step.stop_ringing(&state, WhyReleased::MovedOn(Feature::Divert));
        if media == CallerMedia::Agreed {
            step.facts.caller_media = media;
        }
        self.state = step.diverted_to(divert);
    }

    /// A party of an answered call goes on to voice mail. What that call has been through is part of the story.
    pub(crate) fn diverted(
        now: Now,
        id: CallId,
        (party, divert): (&Participant, &Divert),
        (left, conversation): (Facts, CallId),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        let mut facts =
            Facts::of_moved(now, id, party, divert.line.number(), (Feature::Divert, conversation));
        facts.dials = Some(shared.configuration.caller_of(&facts.origin, party.address));
        (facts.redirected, facts.diversions) = (left.redirected, left.diversions);
        let mut step = Step { now, facts: &mut facts, shared, out };
        step.arrived(party);
        step.tell_joined(Feature::Divert, conversation);
        let state = step.diverted_to(divert);
        Call { facts, state }
    }
}
