//! A party sits in a conference: its call has the seat, a service of ours, on the called side.

use std::sync::Arc;

use strowger_base::feature::{FeatureCode, FeatureNumber};
use strowger_base::journal::{
    self, Feature, Moved, PartyView, ReleasedBy, WhyEnded, WhyOfferRefused, WhyReleased,
};
use strowger_base::leg::{Origin, Party, Service, SrtpOffer, Target};
use strowger_base::{CallId, Cause, ConferenceId, LegId, Now, SessionDescription};
use strowger_dialplan::resources::Function;
use strowger_dialplan::{Action, Analysis, Arrival, Decision, Digits};

use super::joining::{First, Joining};
use super::opening::Opening;
use super::participant::{Owes, Participant};
use super::permitting::Permit;
use super::talking::Talking;
use super::way::Way;
use super::{Call, Facts, Progress, State, Step, setup};
use crate::admission::Wanted;
use crate::exchange::Side;
use crate::io::{Outbox, Reach};
use crate::shared::{Asked, Shared};

/// How a party of another call comes into a conference.
pub(crate) struct Seating {
    pub(crate) conference: ConferenceId,
    /// The leg of its seat.
    pub(crate) seat: LegId,
    pub(crate) feature: Feature,
    /// The call with which the conversation began.
    pub(crate) conversation: CallId,
    /// Whom it is shown, where that is not the conference.
    pub(crate) shown: Option<Party>,
}

impl Call {
    /// The call of a party of another call that sits in a conference from here on. Its seat is open and has an offer, which the call is
    /// told next.
    pub(crate) fn seated_in(
        now: Now,
        id: CallId,
        party: &Participant,
        seating: Seating,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Option<Call> {
        // A service of ours takes no seat.
        party.device.origin()?;
        let Seating { conference, seat, feature, conversation, shown } = seating;
        let shown = shown.unwrap_or_else(|| conference_party(conference));
        let name = conference.to_string();
        let mut facts = Facts::of_moved(now, id, party, &name, (feature, conversation));
        (facts.answered_at, facts.connected) = (Some(now.wall), Some(shown.clone()));
        shared.counters.answered += 1;
        let mut step = Step { now, facts: &mut facts, shared, out };
        step.arrived(party);
        step.take_seat(conference, seat);
        step.tell_joined(feature, conversation);
        if step.admit_again().is_err() {
            let state = step.without_bandwidth();
            return Some(Call { facts, state });
        }
        step.show_to_caller(seat, &shown);
        let joining = Joining { called_owes: Owes::Offer, first: First::Asked };
        let state = Talking::join(&mut step, seat, joining);
        Some(Call { facts, state })
    }

    /// Two parties talk with each other without the conference that they were in.
    pub(crate) fn given_back(
        now: Now,
        id: CallId,
        (one, two): (Participant, Participant),
        how: (Feature, CallId),
        mut reached: Facts,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Call {
        let number = two.party.number.clone();
        reached.called = number.clone();
        reached.translated = number.clone();
        reached.sent = number.clone();
        reached.final_called = number;
        Call::joined(now, id, (one, two), how, reached, shared, out)
    }

    /// What the party of a leg takes along to a seat: who it is, and how it has had its media.
    pub(crate) fn brings(
        &mut self,
        now: Now,
        leg: LegId,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> (Party, SrtpOffer) {
        let step = Step { now, facts: &mut self.facts, shared, out };
        if leg == step.facts.caller {
            (step.facts.caller_within().clone(), step.srtp_of(Side::Caller))
        } else {
            (step.facts.connected.clone().unwrap_or_default(), step.srtp_of(Side::Called))
        }
    }

    /// What a seat in this conference takes of bandwidth for the party of a leg: between which locations, and how much. `None` where that is
    /// nothing; an error when regions leave nothing of what the bridge offers.
    pub(crate) fn needs_for_seat(
        &mut self,
        now: Now,
        leg: LegId,
        (conference, offer): (ConferenceId, Option<&SessionDescription>),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Result<Option<Wanted>, ()> {
        let origin = self.origin_of(leg);
        let step = Step { now, facts: &mut self.facts, shared, out };
        let configuration = &step.shared.configuration;
        let Some(origin) = origin.filter(|_| configuration.admission.in_use) else { return Ok(None) };
        let address = step.facts.address.filter(|_| leg == step.facts.caller);
        let own = configuration.site_of_origin(&origin, address);
        let target = Target::Service(Service::Conference(conference));
        let bridge = step.site_of(&target, &own);
        let permit = Permit::between(&configuration.admission, &own, &bridge);
        // Where there are transcoders, one of them may help.
        let transcoders = configuration.media.table.iter().any(|(_, it)| it.function == Function::Transcoder);
        if !transcoders && offer.is_some_and(|offer| permit.leaves_nothing_of(offer).is_some()) {
            return Err(());
        }
        let (from, to) = (own.location(), bridge.location());
        let outlet = if leg == step.facts.caller { &step.facts.to_caller } else { &step.facts.to_called };
        let speaks = outlet.said().map(|said| permit.spoken(said));
        let kbps = permit.needed(speaks, Some(permit.ours()));
        Ok((from != to).then(|| Wanted { from: from.into(), to: to.into(), kbps }))
    }

    /// Takes both parties out and ends the call: the caller goes on as the first of `moved`, the called one as the second.
    pub(crate) fn part(
        &mut self,
        now: Now,
        [caller_moved, called_moved]: [Moved; 2],
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Option<(Participant, Participant)> {
        let State::Talking(talking) = std::mem::replace(&mut self.state, State::Ended) else { return None };
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let legs = (step.facts.caller, talking.called());
        if let Some((by, _)) = &talking.resumes {
            step.refuse_media(talking.session.leg(*by, &step), WhyOfferRefused::OtherNotReady);
        }
        let mut owes = match talking.joining {
            Some(Joining { called_owes, first }) => {
                if matches!(first, First::Called(_)) {
                    step.refuse_media(legs.1, WhyOfferRefused::OtherNotReady);
                }
                (std::mem::take(&mut step.facts.caller_owes), called_owes)
            }
            None => {
                let exchange = talking.session.exchange;
                (step.settle(exchange, Side::Caller, legs.0), step.settle(exchange, Side::Called, legs.1))
            }
        };
        // Who waits listens to somebody else, and owes to that one.
        for (side, leg, owes) in [(Side::Caller, legs.0, &mut owes.0), (Side::Called, legs.1, &mut owes.1)] {
            if step.listens(side) && *owes == Owes::Nothing {
                *owes = step.leave_service(leg);
            }
        }
        let one = step.facts.participant(Side::Caller, legs.0, owes.0);
        let two = step.facts.participant(Side::Called, legs.1, owes.1);
        for (leg, moved) in [(legs.0, caller_moved), (legs.1, called_moved)] {
            step.decide(Some(leg), journal::Decision::PartyMoved(moved));
            step.shared.legs.remove(&leg);
        }
        let feature = caller_moved.feature;
        step.facts.left_by = Some(feature);
        self.state = step.end(Cause::CALL_SPLIT, ReleasedBy::System, WhyEnded::MovedOn(feature));
        Some((one, two))
    }

    /// Ends the call of a party that a feature puts out.
    pub(crate) fn put_out(&mut self, now: Now, feature: Feature, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => State::Ended,
            State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Parked(_)
            | State::Talking(_) => step.put_out(feature),
        };
    }

    /// A call that asks for it goes to a conference.
    pub(crate) fn sit(&mut self, now: Now, conference: ConferenceId, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Asking(_) => {
                step.facts.sits = Some(conference);
                // Who asked for it by name dialled nothing but the number.
                if step.facts.sent.is_empty() {
                    step.facts.sent = step.facts.called.clone();
                    step.facts.translated = step.facts.called.clone();
                    step.facts.final_called = step.facts.called.clone();
                }
                step.facts.way = Way::Alone;
                let target = Target::Service(Service::Conference(conference));
                Opening::prepare(&mut step, vec![target], Reach::Direct)
            }
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Parked(_)
            | State::Talking(_)
            | State::Ended) => other,
        };
    }

    /// Its caller, which has a seat, came into the conversation of others, and is shown whom.
    pub(crate) fn came_in(
        &mut self,
        now: Now,
        (seat, shown): (LegId, Party),
        (feature, conversation): (Feature, CallId),
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        step.facts.joined_by = Some(feature);
        step.facts.conversation = Some(conversation);
        step.facts.connected = Some(shown.clone());
        step.tell_joined(feature, conversation);
        step.show_to_caller(seat, &shown);
    }

    /// Its caller, which has a seat, is shown this party if it is shown another one.
    pub(crate) fn shows_at_seat(
        &mut self,
        now: Now,
        seat: LegId,
        shown: Party,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        if self.facts.connected.as_ref() == Some(&shown) {
            return;
        }
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        step.facts.connected = Some(shown.clone());
        step.show_to_caller(seat, &shown);
    }

    /// The number of a conference, as the caller of this call may dial it.
    pub(crate) fn meet_me_number(
        &mut self,
        now: Now,
        number: &str,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Option<FeatureNumber> {
        let plan = shared.configuration.plan.clone();
        let step = Step { now, facts: &mut self.facts, shared, out };
        let caller = match &step.facts.dials {
            Some(caller) => Arc::clone(caller),
            None => setup::who_dials(&step).0,
        };
        step.facts.dials = Some(Arc::clone(&caller));
        let digits = Digits::parse(number).ok().filter(|digits| !digits.is_empty())?;
        let analysis = Analysis::of(&plan, caller, Arrival::Application, &digits, now.wall);
        let Some(Decision::Routed(routed)) = analysis.decision() else { return None };
        match &plan.pattern(routed.pattern)?.action {
            Action::Feature(row) if row.code == FeatureCode::MeetMe => Some(FeatureNumber::clone(row)),
            Action::Feature(_)
            | Action::Line(_)
            | Action::Translate(_)
            | Action::Route(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Block(_) => None,
        }
    }

    /// Whether the party of this leg holds the other one.
    pub(crate) fn is_held_by(&self, leg: LegId) -> bool {
        let side = if leg == self.facts.caller { Side::Caller } else { Side::Called };
        match &self.state {
            State::Talking(talking) => talking.session.is_held_by(side),
            State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Parked(_)
            | State::Ended => false,
        }
    }

    /// Whether whoever is in it beside the seat has a line of this system.
    pub(crate) const fn is_of_a_line(&self) -> bool {
        matches!(self.facts.origin, Origin::Line { .. })
    }
}

impl Facts {
    /// The conference that this call sits in, and whether it has its seat already.
    pub(super) fn conference(&self) -> Option<(ConferenceId, bool)> {
        let seat = self.rung.iter().find_map(|rung| match rung.target {
            Target::Service(Service::Conference(conference)) => Some((conference, true)),
            Target::Service(
                Service::Echo
                | Service::Announcement
                | Service::Annunciator(_)
                | Service::Prompt
                | Service::Confirmation
                | Service::Sounds
                | Service::Multicast { .. }
                | Service::Page { .. },
            )
            | Target::Phone { .. }
            | Target::Trunk(_) => None,
        });
        seat.or(self.sits.map(|conference| (conference, false)))
    }
}

impl Step<'_> {
    /// A seat that is open takes the called side.
    fn take_seat(&mut self, conference: ConferenceId, seat: LegId) {
        let target = Target::Service(Service::Conference(conference));
        let rung = journal::Decision::Rung {
            target: self.shared.configuration.target(&target),
            called: &self.facts.sent,
            shown: PartyView::from(&self.facts.calling),
        };
        self.out.decide(self.now, self.facts.id, Some(seat), rung);
        self.adopt(seat);
        self.shared.conferences.seated(conference, seat);
        self.facts.rung.push(super::Rung {
            leg: seat,
            target,
            at: self.now.wall,
            progress: Progress::Answered,
            early: None,
            apart: None,
            elsewhere: None,
        });
    }

    /// A seat and its party hear each other.
    pub(super) fn seat_connected(&mut self, seat: LegId) {
        if let Some(&Target::Service(Service::Conference(conference))) = self.facts.rung_on(seat) {
            self.shared.asked.push_back(Asked::Connected { conference, seat });
        }
    }

    /// Releases whoever is there, because a feature says so.
    pub(super) fn put_out(&mut self, feature: Feature) -> State {
        let (cause, why) = (Cause::NORMAL_CALL_CLEARING, WhyReleased::PutOut(feature));
        self.withdraw_all(cause, why);
        for index in 0..self.facts.rung.len() {
            let Some(leg) = self.facts.rung.get(index).map(|rung| rung.leg) else { break };
            self.release(leg, cause, why);
        }
        let caller = self.facts.caller;
        self.release(caller, cause, why);
        self.end(cause, ReleasedBy::System, WhyEnded::PutOut(feature))
    }
}

/// What a party is shown that hears a conference.
pub(crate) fn conference_party(conference: ConferenceId) -> Party {
    let (number, name) = (conference.to_string().into(), CONFERENCE.into());
    Party { number, name, ..Party::default() }
}

/// What a party is shown in place of a name.
const CONFERENCE: &str = "Conference";
