//! Two parties are given to each other that were in other calls before, or of which one still waits for an answer.
//!
//! What they owe to those with whom they talked before comes first (RFC 3264 §4: no offer while another is open), then the relay,
//! then one of them offers and the other answers, as RFC 3725 §4 has a controller do it.

use strowger_base::journal::{ReleasedBy, WhyEnded, WhyOfferRefused, WhyReleased};
use strowger_base::leg::Party;
use strowger_base::{Cause, Command, LegId, Media, SessionDescription};
use strowger_media::control::{self, Report};

use super::blocking::BLOCKED;
use super::participant::{Owes, Stage};
use super::pressing::Way;
use super::session::{Begun, MediaSignal, Session};
use super::talking::Talking;
use super::{State, Step};
use crate::configuration::SrtpRule;
use crate::exchange::{Exchange, Side};
use crate::relay::Relay;

/// What is still missing before the two can be given to each other.
pub(super) struct Joining {
    pub(super) called_owes: Owes,
    pub(super) first: First,
}

/// Who offers first.
pub(super) enum First {
    /// The caller, which waits with this offer.
    Caller(SessionDescription),
    /// The called device, which answered with this offer.
    Called(SessionDescription),
    /// Both wait with an offer.
    Both { caller: SessionDescription, called: SessionDescription },
    /// Nobody has an offer yet: the called device is asked for one.
    Asked,
    /// Nobody has one, and only the caller can be asked: the called device is not answered yet.
    AskedCaller,
}

impl Joining {
    /// What the two have offered.
    fn offers(&self) -> impl Iterator<Item = (Side, &SessionDescription)> {
        let (caller, called) = match &self.first {
            First::Caller(offer) => (Some(offer), None),
            First::Called(offer) => (None, Some(offer)),
            First::Both { caller, called } => (Some(caller), Some(called)),
            First::Asked | First::AskedCaller => (None, None),
        };
        caller.map(|offer| (Side::Caller, offer)).into_iter().chain(called.map(|offer| (Side::Called, offer)))
    }
}

impl Owes {
    /// What was owed before this signal, which may pay it. An offer pays for no answer: the two met.
    pub(super) const fn paid_by(&mut self, signal: &MediaSignal) -> Owes {
        let before = *self;
        match (before, signal) {
            (Owes::Answer, MediaSignal::Answer(_) | MediaSignal::Refuse(_))
            | (Owes::Offer, MediaSignal::Offer(_) | MediaSignal::Refuse(_)) => *self = Owes::Nothing,
            (Owes::Nothing, _)
            | (Owes::Answer, MediaSignal::Offer(_) | MediaSignal::Request)
            | (Owes::Offer, MediaSignal::Answer(_) | MediaSignal::Request) => {}
        }
        before
    }
}

impl Talking {
    /// The two sides begin to talk as soon as they can.
    pub(super) fn join(step: &mut Step<'_>, called: LegId, joining: Joining) -> State {
        let refused_keys = step.facts.security.as_ref().is_some_and(|security| security.mismatch);
        step.facts.called_rule = match step.facts.rung_on(called) {
            Some(_) if refused_keys => SrtpRule::Never,
            Some(target) => step.rule_of(target),
            None => SrtpRule::AsOffered,
        };
        if let Some(target) = step.facts.rung_on(called).cloned() {
            step.keys_to_called(called, &target);
            step.keys_reach(&[target]);
        }
        step.keys_from_caller();
        let talking = Talking {
            session: Session::new(called, Exchange::Settled),
            joining: Some(joining),
            resumes: None,
        };
        talking.prepare(step)
    }

    /// Opens the relay, once there is a caller.
    pub(super) fn prepare(self, step: &mut Step<'_>) -> State {
        let called = step.facts.rung_on(self.session.called).cloned();
        if step.facts.caller_stage != Stage::Absent && step.try_points(called.as_slice()).is_err() {
            return self.without_media(step, Cause::RESOURCE_UNAVAILABLE);
        }
        match (step.facts.caller_stage, step.facts.relay) {
            (Stage::Absent, _) => State::Talking(self),
            (Stage::Waits | Stage::Up, Relay::None) if step.open_relay(Some(self.session.called), &[]) => {
                State::Talking(self)
            }
            (Stage::Waits | Stage::Up, _) => self.go_on(step),
        }
    }

    /// Somebody took the place of the caller.
    pub(super) fn caller_came(self, step: &mut Step<'_>) -> State {
        step.show_each_other(self.session.called);
        self.prepare(step)
    }

    /// Lets them talk when nothing is missing any more.
    pub(super) fn go_on(mut self, step: &mut Step<'_>) -> State {
        let waits = match (&self.joining, step.facts.relay) {
            (None, _) => true,
            (Some(_), Relay::Opening(_)) => true,
            (Some(_), _) if step.facts.beside.is_opening() => true,
            (Some(joining), Relay::None | Relay::Open(_)) => {
                step.facts.caller_owes != Owes::Nothing || joining.called_owes != Owes::Nothing
            }
        };
        if waits || step.is_being_told() || step.facts.caller_stage == Stage::Absent {
            return State::Talking(self);
        }
        let Some(joining) = self.joining.take() else { return State::Talking(self) };
        step.stop_listening();
        let called = self.session.called;
        if joining.offers().any(|(side, offer)| step.opens_relay_for_keys((side, Begun::No), called, offer))
            || joining.offers().any(|(_, offer)| step.opens_carriers(Some(called), offer))
        {
            self.joining = Some(joining);
            return State::Talking(self);
        }
        let mut secure = true;
        for (side, offer) in joining.offers() {
            secure &= !step.cannot_secure(side, self.session.leg(side, step), offer);
        }
        let blocked = joining
            .offers()
            .next()
            .is_some_and(|(side, offer)| step.blocks_offer(self.session.leg(side, step), offer));
        if !secure || blocked {
            return self.without_media(step, BLOCKED);
        }
        match joining.first {
            First::Caller(offer) => return self.begin_with(step, Side::Caller, offer),
            First::Called(offer) => return self.begin_with(step, Side::Called, offer),
            First::Both { caller, called: own } => return self.answer_both(step, caller, &own),
            First::Asked => {
                step.command(called, Command::RequestMedia);
                self.session.exchange = Exchange::Sought { of: Side::Called, last: false };
            }
            First::AskedCaller => {
                step.command(step.facts.caller, Command::RequestMedia);
                self.session.exchange = Exchange::Sought { of: Side::Caller, last: true };
            }
        }
        State::Talking(self)
    }

    /// What a side described is offered to the other one.
    fn begin_with(mut self, step: &mut Step<'_>, side: Side, offer: SessionDescription) -> State {
        let (own, other) = (self.session.leg(side, step), self.session.leg(side.other(), step));
        let Some(passed) = step.pass_offer(side, self.session.called, offer.clone()) else {
            if step.pass_through(side, self.session.called, (offer, Exchange::Settled)) {
                self.session.exchange = Exchange::Offered(side);
                return State::Talking(self);
            }
            let cause = step.not_permitted(own);
            return self.without_media(step, cause);
        };
        step.tell_media(other, Media::Offer(passed));
        self.session.exchange = Exchange::Offered(side);
        State::Talking(self)
    }

    /// Each is answered with what the other one offers, when that makes an answer. Else the called device has to be answered
    /// first that nothing is sent yet, so that it can be offered what the caller has.
    fn answer_both(
        mut self,
        step: &mut Step<'_>,
        offer: SessionDescription,
        own: &SessionDescription,
    ) -> State {
        let called = self.session.called;
        let Some((to_caller, to_called)) = step.pass_both(called, &offer, own) else {
            step.answer_idle(called, own);
            return self.begin_with(step, Side::Caller, offer);
        };
        step.tell_media(called, Media::Answer(to_called));
        step.tell_media(step.facts.caller, Media::Answer(to_caller));
        self.session.agreed(step, Side::Called);
        State::Talking(self)
    }

    /// A side tells something about media before the two were given to each other.
    pub(super) fn media_before(mut self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> State {
        let leg = self.session.leg(side, step);
        let Some(joining) = &mut self.joining else { return State::Talking(self) };
        let owed = match side {
            Side::Caller => &mut step.facts.caller_owes,
            Side::Called => &mut joining.called_owes,
        };
        let owes = owed.paid_by(&signal);
        match signal {
            MediaSignal::Answer(_) | MediaSignal::Refuse(_) => {}
            // The offer that it owed to somebody else is as good for this one.
            MediaSignal::Offer(offer)
                if owes == Owes::Offer && side == Side::Called && matches!(joining.first, First::Asked) =>
            {
                joining.first = First::Called(offer);
            }
            MediaSignal::Offer(_) | MediaSignal::Request => {
                step.refuse_media(leg, WhyOfferRefused::OtherNotReady);
            }
        }
        // Not before what it told is answered: no offer meets one that is open.
        step.tell_what_waits();
        self.go_on(step)
    }

    /// The relay is there, or is not to be had.
    pub(super) fn report(mut self, step: &mut Step<'_>, report: &Report) -> State {
        if let Report::Digit { side, digit, .. } = report {
            let side = match side {
                control::Side::A => Side::Caller,
                control::Side::B => Side::Called,
            };
            self.press(step, side, *digit, Way::Media);
            return State::Talking(self);
        }
        let waited = step.waits_for_relays();
        if !step.carrier_reported(report) && matches!(step.facts.relay, Relay::Opening(_)) {
            step.relay_reported(report);
        }
        if waited && !step.waits_for_relays() {
            step.cancel_timer();
        }
        self.with_relay(step)
    }

    /// The relay is late.
    pub(super) fn timeout(self, step: &mut Step<'_>) -> State {
        if matches!(step.facts.relay, Relay::Opening(_)) {
            step.relay_is_late();
        }
        step.carriers_are_late();
        self.with_relay(step)
    }

    /// The relay is there or will not be: whoever waited for that goes on.
    fn with_relay(self, step: &mut Step<'_>) -> State {
        if step.waits_for_relays() {
            return State::Talking(self);
        }
        step.relay_settled();
        match self.listened(step) {
            State::Talking(talking) if talking.joining.is_none() => talking.transcoder_came(step),
            other => other,
        }
    }

    /// Neither has an offer that the other can answer.
    pub(super) fn without_media(self, step: &mut Step<'_>, cause: Cause) -> State {
        for leg in [self.session.called, step.facts.caller] {
            step.release(leg, cause, WhyReleased::NoMedia);
        }
        step.end(cause, ReleasedBy::System, WhyEnded::NoMedia)
    }
}

impl Step<'_> {
    /// A device answered with an offer whose encryption has to end at a relay: the caller is answered when that is there.
    pub(super) fn answered_before_relay(
        &mut self,
        leg: LegId,
        connected: Party,
        offer: SessionDescription,
    ) -> State {
        (self.facts.offer, self.facts.dials) = (None, None);
        self.facts.answered_at = Some(self.now.wall);
        self.facts.connected = Some(connected);
        self.shared.counters.answered += 1;
        Talking::join(self, leg, Joining { called_owes: Owes::Nothing, first: First::Called(offer) })
    }

    /// A caller tells something about media while nobody has answered: it may pay what it owes to another call, or is about what
    /// it listens to.
    pub(super) fn waiting_caller_told(&mut self, signal: MediaSignal) {
        if self.facts.caller_owes == Owes::Nothing && self.listens(Side::Caller) {
            return self.listener_told(signal);
        }
        self.facts.caller_owes.paid_by(&signal);
        if matches!(signal, MediaSignal::Offer(_) | MediaSignal::Request) {
            let caller = self.facts.caller;
            self.refuse_media(caller, WhyOfferRefused::OtherNotReady);
        }
        self.tell_what_waits();
    }

    /// Whether this is a party of an answered call whose own wish for a call is not answered yet.
    pub(super) fn waits_for_answer(&self, leg: LegId) -> bool {
        let waits = if leg == self.facts.caller {
            self.facts.caller_stage == Stage::Waits
        } else {
            self.facts.called_waits
        };
        waits && self.facts.answered_at.is_some()
    }

    /// Offers or answers something to a leg; a device of an answered call that still waits is answered with it.
    pub(super) fn tell_media(&mut self, leg: LegId, media: Media) {
        if !self.waits_for_answer(leg) {
            return self.command(leg, Command::Media(media));
        }
        if leg != self.facts.caller {
            return self.answer_called(leg, media);
        }
        self.facts.caller_stage = Stage::Up;
        let connected = self.facts.connected.clone().unwrap_or_default();
        let called = self.facts.rung.last().map_or(leg, |rung| rung.leg);
        let connected = self.connected_seen(called, &connected);
        self.command(leg, Command::Answer { media, connected });
    }
}
