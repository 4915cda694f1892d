//! Hold: the one who holds is answered here, and the one who is held hears music meanwhile.
//!
//! Where no music is to be played, or it could not be, a hold is passed on like any other offer: the phones settle it among
//! themselves (RFC 3264 §8.4).

use strowger_base::leg::{Origin, Target};
use strowger_base::{Command, Media, SessionDescription};
use strowger_media::sdp::{self, Direction, HoldState};

use super::participant::Stage;
use super::session::{Begun, MediaSignal};
use super::talking::Talking;
use super::{State, Step};
use crate::configuration::{HoldKind, HoldMode};
use crate::exchange::{Exchange, Side};

impl Talking {
    /// Whether this offer of a side holds the other one, and that one can be played music.
    pub(super) fn holds_with_music(&self, step: &Step<'_>, side: Side, offer: &SessionDescription) -> bool {
        let settled = self.session.exchange == Exchange::Settled && self.session.begun == Begun::Yes;
        let free = step.facts.listening.is_none() && step.facts.caller_stage == Stage::Up;
        step.shared.configuration.hold == HoldMode::Music
            && settled
            && free
            && is_hold(offer)
            && step.plays_to(side.other())
            && step.held_answer(side, offer).is_some()
    }

    /// The side holds: it is answered that nothing is sent, and the other one hears music.
    pub(super) fn hold(mut self, step: &mut Step<'_>, side: Side, offer: SessionDescription) -> State {
        self.answer_hold(step, side, &offer);
        let music = step.music_of(side, HoldKind::User);
        step.let_hear(side.other(), music);
        State::Talking(self)
    }

    fn answer_hold(&mut self, step: &mut Step<'_>, side: Side, offer: &SessionDescription) {
        let leg = self.session.leg(side, step);
        let Some(answer) = step.held_answer(side, offer) else {
            return step.refuse_media(leg, strowger_base::journal::WhyOfferRefused::OtherNotReady);
        };
        // The outlet knows what the other side wrote; what is answered meanwhile is no description of it.
        let passed = step.answered_here(side, answer, offer);
        step.command(leg, Command::Media(Media::Answer(passed)));
        self.session.holds(step, side);
    }

    /// The side that holds tells something about media while the other one listens.
    pub(super) fn holder_told(mut self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> State {
        match signal {
            MediaSignal::Offer(offer) if is_hold(&offer) && self.resumes.is_none() => {
                self.answer_hold(step, side, &offer);
                State::Talking(self)
            }
            MediaSignal::Offer(_) | MediaSignal::Request if self.resumes.is_some() => {
                let leg = self.session.leg(side, step);
                step.refuse_media(leg, strowger_base::journal::WhyOfferRefused::Glare);
                State::Talking(self)
            }
            resumes @ (MediaSignal::Offer(_) | MediaSignal::Request) => {
                self.resumes = Some((side, resumes));
                self.listened(step)
            }
            // Nothing of it is open.
            MediaSignal::Answer(_) | MediaSignal::Refuse(_) => State::Talking(self),
        }
    }

    /// Something was settled between the one who listens and what it listens to: whoever waits for that goes on.
    pub(super) fn listened(mut self, step: &mut Step<'_>) -> State {
        if self.joining.is_some() {
            return self.go_on(step);
        }
        if step.is_being_told() {
            return State::Talking(self);
        }
        match self.resumes.take() {
            Some((side, signal)) => {
                step.stop_listening();
                self.tell(step, side, signal)
            }
            None => State::Talking(self),
        }
    }
}

impl Step<'_> {
    /// Whether music can be played to a side: it is a device, and no service of ours.
    fn plays_to(&self, side: Side) -> bool {
        match side {
            Side::Caller => matches!(self.facts.origin, Origin::Line { .. } | Origin::Trunk(_)),
            Side::Called => {
                let answered =
                    self.facts.rung.iter().rfind(|rung| rung.progress == super::Progress::Answered);
                answered.is_some_and(|rung| !matches!(rung.target, Target::Service(_)))
            }
        }
    }

    /// What a side that holds is answered: what it knows of the other one, which neither sends nor wants anything. `None` when
    /// that does not fit its offer.
    fn held_answer(&self, side: Side, offer: &SessionDescription) -> Option<SessionDescription> {
        if self.transcodes() {
            return self.held_answer_beside(side, offer);
        }
        let known = match side {
            Side::Caller => self.facts.to_caller.source(),
            Side::Called => self.facts.to_called.source(),
        }?;
        let fits = sdp::streams(known.as_bytes()) == sdp::streams(offer.as_bytes());
        fits.then(|| sdp::set_direction(known.as_bytes(), Direction::Inactive))
    }

    /// What a side is told that is answered by us.
    pub(super) fn answered_here(
        &mut self,
        side: Side,
        answer: SessionDescription,
        offer: &SessionDescription,
    ) -> SessionDescription {
        let keys = self.keys_for_hold(side, &answer, offer);
        self.facts.outlet(side).set_keys(keys);
        let address = self.shared.configuration.address;
        let relay = self.facts.relay.address_for(side);
        self.facts.outlet(side).pass_ours(answer, address, relay)
    }
}

/// Whether an offer holds.
fn is_hold(offer: &SessionDescription) -> bool {
    sdp::peek(offer.as_bytes()).is_ok_and(|peek| match peek.hold() {
        HoldState::Holding | HoldState::Inactive => true,
        HoldState::Active | HoldState::Held | HoldState::NoAudio => false,
    })
}
