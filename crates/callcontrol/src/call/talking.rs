//! The call is answered.

use strowger_base::journal::{ReleasedBy, WhyEnded, WhyOfferRefused, WhyReleased};
use strowger_base::leg::{Digit, ReleaseReason, Signal};
use strowger_base::{Cause, LegId, Media};

use super::joining::Joining;
use super::participant::Owes;
use super::pressing::Way;
use super::session::{Agreement, MediaSignal, Session};
use super::{State, Step};
use crate::exchange::{Exchange, Side};

/// Two legs that talk.
pub(super) struct Talking {
    pub(super) session: Session,
    /// Set until the two can be given to each other, when they come from other calls.
    pub(super) joining: Option<Joining>,
    /// What a side tells about media that the other one cannot be told yet: it still has something open with what it listens to, or
    /// the relay is being opened that has to end the encryption.
    pub(super) resumes: Option<(Side, MediaSignal)>,
}

impl Talking {
    pub(super) const fn new(session: Session) -> Self {
        Talking { session, joining: None, resumes: None }
    }

    pub(super) const fn called(&self) -> LegId {
        self.session.called
    }

    pub(super) fn is_held(&self) -> bool {
        self.session.is_held()
    }

    pub(super) fn signal(mut self, step: &mut Step<'_>, leg: LegId, signal: Signal) -> State {
        let side = if leg == step.facts.caller { Side::Caller } else { Side::Called };
        let other = match side {
            Side::Caller => self.session.called,
            Side::Called => step.facts.caller,
        };
        match signal {
            Signal::Media(Media::Offer(offer)) => self.media(step, side, MediaSignal::Offer(offer)),
            Signal::Media(Media::Answer(answer)) => self.media(step, side, MediaSignal::Answer(answer)),
            Signal::Media(Media::None) => State::Talking(self),
            Signal::MediaRequested => self.media(step, side, MediaSignal::Request),
            Signal::MediaRefused(cause) => self.media(step, side, MediaSignal::Refuse(cause)),
            Signal::Released { cause, reason } => self.ended(step, (leg, side), other, cause, reason),
            Signal::Digit(digit) => {
                self.press(step, side, digit, Way::Signalling);
                State::Talking(self)
            }
            // Keys that were collected belong to the number, which is known.
            Signal::DigitErased | Signal::DigitsEnded(_) => State::Talking(self),
            // No feature asks a device to transfer itself yet; the journal has told it.
            Signal::TransferEnded(_) => State::Talking(self),
            Signal::MetadataRequested | Signal::TransferRequested { .. } | Signal::FeatureRequested(_) => {
                step.impossible("a feature is no matter of one call");
                State::Talking(self)
            }
            // A seat of a conference: its party was in the call before it.
            Signal::Answered { media: Media::Offer(offer), .. } if self.awaits_offer_of(side) => {
                self.media(step, side, MediaSignal::Offer(offer))
            }
            // The release that follows says all.
            Signal::Redirected(_) => State::Talking(self),
            Signal::Setup(_) | Signal::Proceeding | Signal::Alerting { .. } | Signal::Answered { .. } => {
                step.impossible("a device of an answered call told what comes before the answer");
                State::Talking(self)
            }
        }
    }

    /// A side pressed a key.
    pub(super) fn press(&mut self, step: &mut Step<'_>, side: Side, digit: Digit, way: Way) {
        let other = self.session.leg(side.other(), step);
        if !self.talks_by_key(step, side) {
            step.pressed((side, other), digit, way);
        }
    }

    fn awaits_offer_of(&self, side: Side) -> bool {
        let owes = self.joining.as_ref().map(|joining| joining.called_owes);
        side == Side::Called && owes == Some(Owes::Offer)
    }

    fn media(self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> State {
        if step.listens(side) && (side == Side::Called || step.facts.caller_owes == Owes::Nothing) {
            return self.listener_told(step, side, signal);
        }
        if self.joining.is_some() {
            return self.media_before(step, side, signal);
        }
        if step.listens(side.other()) {
            return self.holder_told(step, side, signal);
        }
        if self.resumes.is_some() {
            return self.told_too_early(step, side, &signal);
        }
        let Some(signal) = self.intercom_told(step, side, signal) else { return State::Talking(self) };
        // What was not to be had before may be now.
        step.facts.beside.forget_missing();
        let signal = match signal {
            MediaSignal::Offer(offer) if self.holds_with_music(step, side, &offer) => {
                return self.hold(step, side, offer);
            }
            other @ (MediaSignal::Offer(_)
            | MediaSignal::Answer(_)
            | MediaSignal::Request
            | MediaSignal::Refuse(_)) => other,
        };
        self.tell(step, side, signal)
    }

    /// Whether both talk and nothing is offered, so that something may be.
    pub(super) fn is_calm(&self, step: &Step<'_>) -> bool {
        let listens = step.listens(Side::Caller) || step.listens(Side::Called);
        let waits = self.joining.is_some() || self.resumes.is_some() || listens;
        !waits && self.session.exchange == Exchange::Settled && !self.session.is_held()
    }

    /// A side tells something while what one of them offered waits for the relay.
    fn told_too_early(self, step: &mut Step<'_>, side: Side, signal: &MediaSignal) -> State {
        if matches!(signal, MediaSignal::Offer(_) | MediaSignal::Request) {
            let leg = self.session.leg(side, step);
            step.refuse_media(leg, WhyOfferRefused::Glare);
        }
        State::Talking(self)
    }

    /// Passes on what a side tells about media.
    pub(super) fn tell(mut self, step: &mut Step<'_>, side: Side, signal: MediaSignal) -> State {
        if let MediaSignal::Offer(offer) = &signal
            && self.session.exchange.takes_offer_of(side)
            && (step.opens_relay_for_keys((side, self.session.begun), self.session.called, offer)
                || step.opens_another_relay(self.session.called)
                || step.opens_carriers(Some(self.session.called), offer))
        {
            self.resumes = Some((side, signal));
            return State::Talking(self);
        }
        let agreed = matches!(signal, MediaSignal::Answer(_));
        match self.session.tell(step, side, signal) {
            Agreement::Possible => {
                self.intercom_went(step, agreed);
                self.recovered(step)
            }
            Agreement::None(cause) => self.without_media(step, cause),
        }
    }

    /// One side is gone. Releasing the other closes what it is owed: an open offer of it is refused, and an answer
    /// that it waits for is given up, in the way that its protocol demands.
    fn ended(
        self,
        step: &mut Step<'_>,
        (leg, side): (LegId, Side),
        other: LegId,
        cause: Cause,
        reason: ReleaseReason,
    ) -> State {
        step.forget(leg);
        step.release(other, cause, WhyReleased::OtherPartyGone);
        let why = match reason {
            ReleaseReason::HungUp | ReleaseReason::Cancelled => WhyEnded::HungUp,
            ReleaseReason::Refused(_)
            | ReleaseReason::NoResponse
            | ReleaseReason::Unconfirmed
            | ReleaseReason::SessionExpired
            | ReleaseReason::TransportFailed
            | ReleaseReason::ProtocolError => WhyEnded::DeviceLost(reason),
        };
        let by = match side {
            Side::Caller => ReleasedBy::Caller,
            Side::Called => ReleasedBy::Called,
        };
        step.end(cause, by, why)
    }
}
