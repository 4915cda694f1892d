//! A caller who waits is given to somebody who asked for it: a call that rings elsewhere is picked up, a parked one is got back.
//!
//! Both asked for a call, so that both may have offered. Who waits in an answered call is offered what the other one brought; who
//! brought no offer is answered with one. When both offered, each is answered with what the other one has, where that makes an answer
//! (RFC 3264 §6.1); else one of them has to be answered first that nothing is sent yet, and is offered the other one's description
//! then, as RFC 3725 §4 has a controller do it.

use strowger_base::feature::ParkEvent;
use strowger_base::journal::{
    Decision, Feature, Moved, ReleasedBy, WhyEnded, WhyFeatureRefused, WhyForwarded, WhyReleased,
};
use strowger_base::leg::{Origin, Party};
use strowger_base::{Cause, Command, LegId, LineName, Media, Now, SessionDescription, WallTime};
use strowger_dialplan::forward::{OnBehalfOf, RedirectReason};
use strowger_media::sdp::{self, Direction};

use std::net::SocketAddr;

use super::joining::{First, Joining};
use super::participant::{Device, Owes, Participant, Stage, conversation_of};
use super::way::{CallerMedia, LineWay, Redirected, Way};
use super::{Call, Facts, Locating, State, Step, Talking};
use crate::exchange::Side;
use crate::io::{Contact, Outbox};
use crate::shared::Shared;

/// Who asked for a feature, and gets the caller of another call.
pub(crate) struct Taker {
    party: Participant,
    offer: Option<SessionDescription>,
}

/// Where a call rang before whoever was to pick it up.
pub(super) struct RangAt {
    line: LineName,
    way: Way,
    redirected: Option<Box<Redirected>>,
    final_called: Box<str>,
    /// The device that asked for the call and has it as soon as it is told where it is heard: it answers by itself.
    asked_by: Option<Origin>,
}

impl Facts {
    /// Whether a phone of a line has asked for this call, and has it as soon as it is rung.
    pub(crate) fn is_asked_by(&self, line: &LineName, contact: &Contact) -> bool {
        let asked_by = self.rang_at.as_ref().and_then(|rang_at| rang_at.asked_by.as_ref());
        asked_by.is_some_and(|origin| contact.calls_as(line, origin))
    }

    /// The line has these phones. Which of several without names has asked for the call nobody can tell: none of them answers by itself, since it
    /// could be another one, whose user is not there.
    pub(super) fn knows_who_asked(&mut self, line: &LineName, contacts: &[Contact]) {
        let one_asked = contacts.iter().filter(|contact| self.is_asked_by(line, contact)).count() < 2;
        if let Some(rang_at) = self.rang_at.as_mut().filter(|_| !one_asked) {
            rang_at.asked_by = None;
        }
    }
}

/// From whom a call is taken, and how that stands in its record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking<'t> {
    pub(crate) feature: Feature,
    /// The line that rang, or that parked the call.
    pub(crate) from: &'t str,
    pub(crate) why: WhyForwarded,
    pub(crate) reason: RedirectReason,
    pub(crate) on_behalf_of: OnBehalfOf,
}

impl Taking<'_> {
    /// A call that rings at `from` is picked up.
    pub(crate) const fn rings_at(feature: Feature, from: &str) -> Taking<'_> {
        let (reason, on_behalf_of) = (RedirectReason::PICKUP, OnBehalfOf::PICKUP);
        Taking { feature, from, why: WhyForwarded::PickedUp, reason, on_behalf_of }
    }
}

impl Call {
    /// Since when it rings at a phone of this line; `None` when it does not.
    pub(crate) fn rings_at(&self, line: &LineName) -> Option<WallTime> {
        let State::Ringing(_) = &self.state else { return None };
        let open = self.facts.rung.iter().filter(|rung| rung.progress.is_open() && rung.is_of(line));
        open.map(|rung| rung.at).min()
    }

    /// The line whose phone rings on this leg.
    pub(crate) fn rings_on(&self, leg: LegId) -> Option<LineName> {
        let State::Ringing(_) = &self.state else { return None };
        let rung = self.facts.rung.iter().find(|rung| rung.leg == leg && rung.progress.is_open())?;
        match Device::Called(rung.target.clone()).origin()? {
            Origin::Line { line, .. } => Some(line),
            Origin::Trunk(_) => None,
        }
    }

    /// Whether the caller brought an offer.
    pub(crate) const fn offers(&self) -> bool {
        self.facts.offer.is_some()
    }

    /// Whether its caller can be given to somebody else; `offers` says whether that one brought an offer.
    pub(crate) fn gives_caller(&self, offers: bool) -> Result<(), WhyFeatureRefused<'static>> {
        if self.facts.joined_by == Some(Feature::CallBack) && self.facts.caller_stage == Stage::Absent {
            let rule = "a call back is for the phone that asked for it";
            return Err(WhyFeatureRefused::NotAllowed { rule });
        }
        let media = match &self.state {
            State::Ringing(ringing) => ringing.media_with_caller(&self.facts),
            State::Parked(_) => CallerMedia::Nothing,
            State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Talking(_)
            | State::Ended => return Err(WhyFeatureRefused::TooLate),
        };
        match (self.facts.caller_stage, media) {
            (Stage::Waits, CallerMedia::Open) => {
                let rule = "the caller and the phone that rings are just agreeing on media";
                Err(WhyFeatureRefused::NotAllowed { rule })
            }
            (Stage::Waits, CallerMedia::Nothing) if !self.offers() && !offers => {
                Err(WhyFeatureRefused::NotAllowed { rule: "neither of the two phones offers media" })
            }
            (Stage::Waits | Stage::Up | Stage::Absent, _) => Ok(()),
        }
    }

    /// The call that asked for a feature ends: its caller goes on in the call that it gets.
    pub(crate) fn hand_over_asker(
        &mut self,
        now: Now,
        moved: Moved,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Option<Taker> {
        self.wanted()?;
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let offer = step.facts.offer.take();
        let leg = step.facts.caller;
        let party = step.facts.participant(Side::Caller, leg, Owes::Nothing);
        step.decide(Some(leg), Decision::PartyMoved(moved));
        // It lives on in another call, so nothing that ends here may touch it.
        step.shared.legs.remove(&leg);
        step.facts.left_by = Some(moved.feature);
        self.state = step.end(Cause::CALL_SPLIT, ReleasedBy::System, WhyEnded::MovedOn(moved.feature));
        Some(Taker { party, offer })
    }

    /// The call that asked for a feature ends, since another call rings there now.
    pub(crate) fn dismiss_asker(&mut self, now: Now, moved: Moved, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let leg = step.facts.caller;
        step.release(leg, Cause::NORMAL_CALL_CLEARING, WhyReleased::MovedOn(moved.feature));
        step.facts.left_by = Some(moved.feature);
        self.state = step.end(Cause::CALL_SPLIT, ReleasedBy::System, WhyEnded::MovedOn(moved.feature));
    }

    /// The caller is given to somebody, and whatever rings for it rings no more.
    pub(crate) fn give_caller(
        &mut self,
        now: Now,
        taker: Taker,
        taking: &Taking<'_>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let state = std::mem::replace(&mut self.state, State::Ended);
        let media = step.stop_ringing(&state, WhyReleased::AnsweredElsewhere);
        self.state = step.taken(media, taker, taking);
    }

    /// The phones of `line` ring in place of those that rang, and `asked_by` answers by itself; when nobody takes the call there, it rings where
    /// it rang.
    pub(crate) fn ring_instead(
        &mut self,
        now: Now,
        (line, asked_by): (&LineName, Option<Origin>),
        taking: &Taking<'_>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let state = std::mem::replace(&mut self.state, State::Ended);
        step.remember_ringing(taking, asked_by);
        let media = step.stop_ringing(&state, WhyReleased::AnsweredElsewhere);
        if media == CallerMedia::Agreed {
            step.facts.caller_media = media;
        }
        step.taken_from(taking, line.number());
        step.facts.final_called = line.number().into();
        step.occupy(line);
        step.facts.way = Way::Line(LineWay::of(&step, line));
        self.state = Locating::line(&mut step, line);
    }
}

impl Step<'_> {
    /// Keeps where the call rings, so that it can ring there again. Of several who were to pick it up the first took it from there.
    fn remember_ringing(&mut self, taking: &Taking<'_>, asked_by: Option<Origin>) {
        let facts = &mut *self.facts;
        let way = std::mem::replace(&mut facts.way, Way::None);
        if facts.rang_at.is_none() {
            let (redirected, final_called) = (facts.redirected.clone(), facts.final_called.clone());
            let line = taking.from.into();
            facts.rang_at = Some(Box::new(RangAt { line, way, redirected, final_called, asked_by: None }));
        }
        if let Some(rang_at) = &mut facts.rang_at {
            rang_at.asked_by = asked_by;
        }
    }

    /// Nobody took the call at the phones of whoever was to pick it up: it rings again where it rang. `None`
    /// when nobody was to.
    pub(super) fn ring_again(&mut self) -> Option<State> {
        let RangAt { line, way, redirected, final_called, .. } = *self.facts.rang_at.take()?;
        let shown = self.shared.configuration.shown(line.as_str());
        self.out.decide(self.now, self.facts.id, None, Decision::NotPickedUp { line: shown });
        self.vacate_all_but(None);
        self.give_back_bandwidth();
        (self.facts.redirected, self.facts.final_called) = (redirected, final_called);
        Some(match way {
            Way::Hunt(hunting) => hunting.ring_again(self),
            Way::None
            | Way::Alone
            | Way::Line(_)
            | Way::RouteList(_)
            | Way::Prompt(_)
            | Way::Announcement(_) => {
                self.occupy(&line);
                self.facts.way = Way::Line(LineWay::of(self, &line));
                Locating::line(self, &line)
            }
        })
    }

    /// Nothing rings any more; how far media is with the caller.
    pub(super) fn stop_ringing(&mut self, state: &State, why: WhyReleased) -> CallerMedia {
        let media = match state {
            State::Ringing(ringing) => ringing.media_with_caller(self.facts),
            State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Talking(_)
            | State::Ended => CallerMedia::Nothing,
        };
        self.cancel_timer();
        self.withdraw_all(Cause::NON_SELECTED_USER_CLEARING, why);
        self.facts.way = Way::None;
        self.vacate_all_but(None);
        media
    }

    /// Somebody who still waits for an answer takes the called side.
    fn taken(&mut self, media: CallerMedia, taker: Taker, taking: &Taking<'_>) -> State {
        let Taker { party, offer } = taker;
        let first = self.who_offers(media, offer);
        self.leave_place(ParkEvent::Retrieved);
        self.facts.seat_called(self.now, &party);
        self.keys_for_newcomer(Side::Called);
        self.facts.called_waits = true;
        self.facts.joined_by = Some(taking.feature);
        self.facts.conversation = Some(conversation_of(self.facts));
        (self.facts.offer, self.facts.dials) = (None, None);
        self.facts.answered_at = Some(self.now.wall);
        self.shared.counters.answered += 1;
        self.taken_from(taking, &party.party.number);
        self.facts.final_called = party.party.number.clone();
        self.adopt(party.leg);
        if let Some(line) = &party.line {
            self.shared.occupy(line);
            self.facts.occupied.push(line.clone());
        }
        self.relay_serves(party.leg);
        self.tell_joined(taking.feature, conversation_of(self.facts));
        if self.admit_again().is_err() {
            return self.without_bandwidth();
        }
        self.show_to_caller(party.leg, &party.party);
        self.reached();
        Talking::join(self, party.leg, Joining { called_owes: Owes::Nothing, first })
    }

    /// Who of the two describes itself to the other one; the taker's offer is what it wants to be answered.
    fn who_offers(&self, media: CallerMedia, offer: Option<SessionDescription>) -> First {
        let callers = match media {
            // What it described last is as good as an offer: its leg makes the session follow.
            CallerMedia::Agreed | CallerMedia::Before => self.facts.to_called.source(),
            CallerMedia::Nothing | CallerMedia::Open => self.facts.offer.as_ref(),
        };
        match (self.facts.caller_stage, callers, offer) {
            (Stage::Waits, Some(callers), Some(called)) => First::Both { caller: callers.clone(), called },
            (Stage::Waits, Some(callers), None) => First::Caller(callers.clone()),
            (Stage::Waits, None, Some(offer)) | (Stage::Up | Stage::Absent, _, Some(offer)) => {
                First::Called(offer)
            }
            (Stage::Waits, None, None) | (Stage::Up | Stage::Absent, _, None) => First::AskedCaller,
        }
    }

    /// Answers a device that offered, while nobody is there whose answer it could be given.
    pub(super) fn answer_idle(&mut self, leg: LegId, offer: &SessionDescription) {
        let idle = sdp::set_direction(offer.as_bytes(), Direction::Inactive);
        // Nothing is sent to it, and nothing shall be sent from it to itself.
        let nowhere = SocketAddr::new(self.shared.configuration.address, DISCARD);
        let beside: Vec<_> =
            sdp::streams_beside(idle.as_bytes()).iter().map(|stream| (stream.place, nowhere)).collect();
        let idle = sdp::set_media_addresses(idle.as_bytes(), Some(nowhere), &beside);
        let passed = Media::Answer(self.answered_here(Side::Called, idle, offer));
        if self.facts.called_waits {
            self.answer_called(leg, passed);
        } else {
            self.command(leg, Command::Media(passed));
        }
    }

    /// The called device asked for the call itself, and is answered.
    pub(super) fn answer_called(&mut self, leg: LegId, media: Media) {
        self.facts.called_waits = false;
        let connected = self.caller_seen(leg);
        self.command(leg, Command::Answer { media, connected });
    }

    /// Who calls, as a called device sees it.
    fn caller_seen(&mut self, leg: LegId) -> Party {
        match self.facts.rung_on(leg).cloned() {
            Some(target) => self.shown_to(leg, &target, Box::default()).calling,
            None => self.facts.calling.clone(),
        }
    }
}

/// The port of the discard service, as descriptions name it for streams that nothing is sent to.
const DISCARD: u16 = 9;
