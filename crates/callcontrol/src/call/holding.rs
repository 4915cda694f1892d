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
use crate::outlet::Part;

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
        self.answer_here(step, side, &offer);
        self.session.holds(step, side);
        let music = step.music_of(side, HoldKind::User);
        step.let_hear(side.other(), music);
        State::Talking(self)
    }

    /// The side is answered that nothing is sent.
    fn answer_here(&mut self, step: &mut Step<'_>, side: Side, offer: &SessionDescription) {
        let leg = self.session.leg(side, step);
        let Some(answer) = step.held_answer(side, offer) else {
            return step.refuse_media(leg, strowger_base::journal::WhyOfferRefused::OtherNotReady);
        };
        // The outlet knows what the other side wrote; what is answered meanwhile is no description of it.
        let passed = step.answered_here(side, answer, offer);
        step.command(leg, Command::Media(Media::Answer(passed)));
    }

    /// Whoever listens tells its service something about media. It may hold as well; that is known when the other one comes back.
    pub(super) fn listener_told(mut self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> State {
        let offer = match &signal {
            MediaSignal::Offer(offer) => Some(offer.clone()),
            MediaSignal::Answer(_) | MediaSignal::Request | MediaSignal::Refuse(_) => None,
        };
        step.listener_told(signal);
        if let Some(offer) = offer.filter(|_| step.listener_offered()) {
            self.session.listener_offers(step, side, &offer);
        }
        self.listened(step)
    }

    /// Whether what a side tells who held meets one who holds by now, and can be played music in its turn.
    fn meets_hold(&self, step: &Step<'_>, side: Side, offer: &SessionDescription) -> bool {
        self.session.is_held_by(side.other())
            && !is_hold(offer)
            && step.shared.configuration.hold == HoldMode::Music
            && step.plays_to(side)
            && step.held_answer(side, offer).is_some()
    }

    /// The side comes back and is held by the other one: it hears music now.
    fn come_back_held(mut self, step: &mut Step<'_>, side: Side, offer: &SessionDescription) -> State {
        self.answer_here(step, side, offer);
        self.session.resumes(step, side);
        let music = step.music_of(side.other(), HoldKind::User);
        step.let_hear(side, music);
        State::Talking(self)
    }

    /// The side that holds tells something about media while the other one listens.
    pub(super) fn holder_told(mut self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> State {
        match signal {
            MediaSignal::Offer(offer) if is_hold(&offer) && self.resumes.is_none() => {
                self.answer_here(step, side, &offer);
                self.session.holds(step, side);
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
            Some((side, MediaSignal::Offer(offer))) if self.meets_hold(step, side, &offer) => {
                step.stop_listening();
                self.come_back_held(step, side, &offer)
            }
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
        let answer = sdp::answer_like(known.as_bytes(), offer.as_bytes())?;
        Some(sdp::set_direction(answer.as_bytes(), Direction::Inactive))
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
        let from = (side.other(), Part::Answer);
        let answer = self.without_others(from, &answer, None).unwrap_or(answer);
        let address = self.shared.configuration.address;
        let led = self.leads(side, &answer);
        self.facts.outlet(side).pass_ours(answer, address, led)
    }
}

/// Whether an offer holds.
fn is_hold(offer: &SessionDescription) -> bool {
    sdp::peek(offer.as_bytes()).is_ok_and(|peek| match peek.hold() {
        HoldState::Holding | HoldState::Inactive => true,
        HoldState::Active | HoldState::Held | HoldState::NoAudio => false,
    })
}
