//! Two parties are given to each other that were in other calls before, or of which one still waits for an answer.
//!
//! What they owe to those with whom they talked before comes first (RFC 3264 §4: no offer while another is open), then the relay,
//! then one of them offers and the other answers, as RFC 3725 §4 has a controller do it.

use strowger_base::journal::{ReleasedBy, WhyEnded, WhyOfferRefused, WhyReleased};
use strowger_base::{Cause, Command, LegId, Media, SessionDescription};
use strowger_media::control::Report;

use super::participant::Stage;
use super::session::{MediaSignal, Session};
use super::talking::Talking;
use super::{State, Step};
use crate::exchange::{Exchange, Side};
use crate::relay::Relay;

/// What is still missing before the two can be given to each other.
pub(super) struct Joining {
    pub(super) caller_owes: bool,
    pub(super) called_owes: bool,
    pub(super) first: First,
}

/// Who offers first.
pub(super) enum First {
    /// The caller, which waits with this offer.
    Caller(SessionDescription),
    /// The called device, which answered with this offer.
    Called(SessionDescription),
    /// Nobody has an offer yet: the called device is asked for one.
    Asked,
}

impl Joining {
    fn owed_by(&mut self, side: Side) -> &mut bool {
        match side {
            Side::Caller => &mut self.caller_owes,
            Side::Called => &mut self.called_owes,
        }
    }
}

impl Talking {
    /// The two sides begin to talk as soon as they can.
    pub(super) fn join(step: &mut Step<'_>, called: LegId, joining: Joining) -> State {
        let talking = Talking { session: Session::new(called, Exchange::Settled), joining: Some(joining) };
        talking.prepare(step)
    }

    /// Opens the relay, once there is a caller.
    fn prepare(self, step: &mut Step<'_>) -> State {
        match (step.facts.caller_stage, step.facts.relay) {
            (Stage::Absent, _) => State::Talking(self),
            (Stage::Waits | Stage::Up, Relay::None) if step.open_relay(Some(self.session.called)) => {
                State::Talking(self)
            }
            (Stage::Waits | Stage::Up, _) => self.go_on(step),
        }
    }

    /// Somebody took the place of the caller.
    pub(super) fn caller_came(mut self, step: &mut Step<'_>, owes: bool) -> State {
        if let Some(joining) = &mut self.joining {
            joining.caller_owes = owes;
        }
        step.show_each_other(self.session.called);
        self.prepare(step)
    }

    /// Lets them talk when nothing is missing any more.
    pub(super) fn go_on(mut self, step: &mut Step<'_>) -> State {
        let waits = match (&self.joining, step.facts.relay) {
            (None, _) => true,
            (Some(_), Relay::Opening(_)) => true,
            (Some(joining), Relay::None | Relay::Open(_)) => joining.caller_owes || joining.called_owes,
        };
        if waits || step.facts.caller_stage == Stage::Absent {
            return State::Talking(self);
        }
        let Some(joining) = self.joining.take() else { return State::Talking(self) };
        let called = self.session.called;
        match joining.first {
            First::Caller(offer) => {
                let passed = step.pass(Side::Caller, offer);
                step.command(called, Command::Media(Media::Offer(passed)));
                self.session.exchange = Exchange::Offered(Side::Caller);
            }
            First::Called(offer) => {
                let passed = step.pass(Side::Called, offer);
                step.tell_media(step.facts.caller, Media::Offer(passed));
                self.session.exchange = Exchange::Offered(Side::Called);
            }
            First::Asked => {
                step.command(called, Command::RequestMedia);
                self.session.exchange = Exchange::Sought { of: Side::Called, last: false };
            }
        }
        State::Talking(self)
    }

    /// A side tells something about media before the two were given to each other.
    pub(super) fn media_before(mut self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> State {
        let leg = self.session.leg(side, step);
        let Some(joining) = &mut self.joining else { return State::Talking(self) };
        let owes = std::mem::take(joining.owed_by(side));
        match signal {
            MediaSignal::Answer(_) | MediaSignal::Refuse(_) => {}
            // The offer that it owed to somebody else is as good for this one.
            MediaSignal::Offer(offer) if owes && side == Side::Called => joining.first = First::Called(offer),
            MediaSignal::Offer(_) | MediaSignal::Request => {
                step.refuse_media(leg, WhyOfferRefused::OtherNotReady);
            }
        }
        self.go_on(step)
    }

    /// The relay is there, or is not to be had.
    pub(super) fn report(self, step: &mut Step<'_>, report: &Report) -> State {
        if matches!(step.facts.relay, Relay::Opening(_)) {
            step.relay_reported(report);
            if !matches!(step.facts.relay, Relay::Opening(_)) {
                step.cancel_timer();
            }
        }
        self.go_on(step)
    }

    /// The relay is late.
    pub(super) fn timeout(self, step: &mut Step<'_>) -> State {
        if matches!(step.facts.relay, Relay::Opening(_)) {
            step.relay_is_late();
        }
        self.go_on(step)
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
    /// Whether this is the caller of an answered call, whose wish for a call is not answered yet.
    pub(super) fn waits_for_answer(&self, leg: LegId) -> bool {
        let waits = self.facts.caller_stage == Stage::Waits && self.facts.answered_at.is_some();
        waits && leg == self.facts.caller
    }

    /// Offers or answers something to a leg; a device of an answered call that still waits is answered with it.
    pub(super) fn tell_media(&mut self, leg: LegId, media: Media) {
        if !self.waits_for_answer(leg) {
            return self.command(leg, Command::Media(media));
        }
        self.facts.caller_stage = Stage::Up;
        let connected = self.facts.connected.clone().unwrap_or_default();
        let called = self.facts.rung.last().map_or(leg, |rung| rung.leg);
        let connected = self.connected_seen(called, &connected);
        self.command(leg, Command::Answer { media, connected });
    }
}
