//! The two calls of a call back: one rings whoever asked for it, and in the other one his phone calls the number.

use std::sync::Arc;

use strowger_base::journal::{Decision, Feature, PartyView, WhyRefused};
use strowger_base::leg::{Origin, Party};
use strowger_base::{CallId, Cause, LineName, Now};

use super::participant::{Participant, Stage};
use super::way::Way;
use super::{Call, Facts, Locating, Opening, State, Step, setup};
use crate::io::{Contact, Outbox, Reach};
use crate::shared::{Asked, Shared};

impl Call {
    /// Rings the phone that waits for a line, which is shown as the caller; nobody calls yet.
    pub(crate) fn rings_back(
        now: Now,
        id: CallId,
        (own, phone): (&LineName, Option<&Arc<str>>),
        (line, number): (&LineName, &str),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        // Nobody has this leg; it is only named.
        let leg = shared.leg_ids.allocate();
        let name = match shared.configuration.display_name(line.as_str()) {
            "" => number,
            name => name,
        };
        let called: Box<str> = own.number().into();
        let mut facts = Facts {
            caller_stage: Stage::Absent,
            calling: Party {
                number: number.into(),
                name: format!("Call back {name}").into(),
                ..Party::default()
            },
            called: called.clone(),
            translated: called.clone(),
            sent: called.clone(),
            final_called: called,
            way: Way::Alone,
            joined_by: Some(Feature::CallBack),
            ..Facts::blank(now, id, leg, Origin::Line { line: line.clone(), phone: None })
        };
        shared.counters.begun += 1;
        let mut step = Step { now, facts: &mut facts, shared, out };
        let made = Decision::CallMade {
            feature: Feature::CallBack,
            origin: step.shared.configuration.origin(&step.facts.origin),
            calling: PartyView::from(&step.facts.calling),
            called: &step.facts.called,
        };
        step.out.decide(now, id, Some(leg), made);
        step.shared.occupy(own);
        step.facts.occupied.push(own.clone());
        let state = Locating::phone(&mut step, own, phone.cloned());
        Call { facts, state }
    }

    /// Whether somebody has answered it, and nobody is there yet who calls.
    pub(crate) fn has_answered_for_absent(&self) -> bool {
        self.facts.caller_stage == Stage::Absent && matches!(self.state, State::Talking(_))
    }

    /// The phone that was rung calls the number that it waits for.
    pub(crate) fn calls_back(
        now: Now,
        id: CallId,
        (party, number): (&Participant, &str),
        conversation: CallId,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        let origin = party.device.origin().unwrap_or(Origin::Trunk(Box::default()));
        let mut facts = Facts {
            called: number.into(),
            joined_by: Some(Feature::CallBack),
            conversation: Some(conversation),
            ..Facts::blank(now, id, party.leg, origin)
        };
        facts.seat_caller(party);
        shared.counters.begun += 1;
        let mut step = Step { now, facts: &mut facts, shared, out };
        step.adopt(party.leg);
        step.count(party.line.as_ref());
        step.tell_joined(Feature::CallBack, conversation);
        let state = setup::dial_whole(&mut step);
        Call { facts, state }
    }
}

impl Step<'_> {
    /// The phone that waits for a call back is rung, whatever else its line would do with a call.
    pub(super) fn ring_waiting(
        &mut self,
        line: &LineName,
        phone: Option<&Arc<str>>,
        contacts: &[Contact],
    ) -> State {
        let contacts: Vec<Contact> =
            contacts.iter().filter(|contact| contact.phone.as_ref() == phone).cloned().collect();
        let configuration = Arc::clone(&self.shared.configuration);
        let shown = configuration.shown(line.as_str());
        self.decide(None, Decision::PhonesFound { line: shown, phones: contacts.len() as u32 });
        if contacts.is_empty() {
            return self.refuse(Cause::SUBSCRIBER_ABSENT, WhyRefused::NotRegistered { line: shown });
        }
        let targets = contacts.iter().map(|contact| contact.of(line)).collect();
        Opening::prepare(self, targets, Reach::of_all(&contacts))
    }
}

impl Step<'_> {
    /// The number leads the caller to a line: that is the one that he may want to be called back for.
    pub(super) fn remember_called(&mut self) {
        if !self.facts.was_sent_on() && self.facts.transfers.is_none() {
            let Facts { origin, called, id, .. } = &*self.facts;
            self.shared.call_backs.remember(origin, called, *id);
        }
    }

    /// The call is over; what of that concerns call backs.
    pub(super) fn forget_called(&mut self, cause: Cause) {
        let Facts { origin, id, answered_at, .. } = &*self.facts;
        self.shared.call_backs.ended(origin, *id, answered_at.is_some(), cause);
        if self.shared.call_backs.of_call(*id).is_some() {
            self.shared.asked.push_back(Asked::CallBackFailed { call: *id, cause });
        }
    }
}
