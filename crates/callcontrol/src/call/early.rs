//! Media with a device that is rung, before and with its answer: who was offered what, and what the caller hears of it.

use strowger_base::journal::WhyOfferRefused;
use strowger_base::{Cause, Command, Media, SessionDescription};

use super::participant::Owes;
use super::session::{Begun, Session};
use super::way::CallerMedia;
use super::{Facts, Step};
use crate::exchange::{Exchange, Side};

impl Session {
    /// How far media is with the caller, when the device that shared this session is gone.
    pub(super) const fn caller_media(&self, facts: &Facts) -> CallerMedia {
        match (self.begun, self.exchange) {
            (Begun::No, Exchange::Awaited) => CallerMedia::Nothing,
            // With which it asked for the call; what it offers later is offered to one device.
            (Begun::No, Exchange::Offered(Side::Caller)) if facts.offer.is_some() => CallerMedia::Nothing,
            (Begun::Yes, Exchange::Settled) => CallerMedia::Agreed,
            (Begun::No | Begun::Yes, _) => CallerMedia::Open,
        }
    }

    /// What the device owes to a caller that went away, with which it had agreed on media early.
    pub(super) const fn owes_former(&self) -> Owes {
        match (self.begun, self.exchange) {
            (Begun::Yes, Exchange::Offered(Side::Caller)) => Owes::Answer,
            (Begun::Yes, Exchange::Requested(Side::Caller)) => Owes::Offer,
            (Begun::No | Begun::Yes, _) => Owes::Nothing,
        }
    }

    /// Whether the device was offered something on our account, of which the caller knows nothing.
    pub(super) fn answers_us(&self, step: &Step<'_>) -> bool {
        self.exchange == Exchange::Awaited && step.offers_early()
    }

    /// The only phone answered the offer before it answered the call; what the caller is told.
    pub(super) fn early_answer(&mut self, step: &mut Step<'_>, answer: SessionDescription) -> Media {
        let again = step.facts.to_caller.source() == Some(&answer);
        if self.answers_us(step) {
            return self.offer_what_answers_us(step, answer);
        }
        match (self.begun, self.exchange) {
            (Begun::No, Exchange::Offered(Side::Caller)) => {
                let passed = step.pass_answer(Side::Called, self.called, answer);
                // What it answers in the end counts.
                if !again && step.blocks_agreement(Side::Caller, step.facts.caller) {
                    return Media::None;
                }
                self.exchange = Exchange::Settled;
                self.agreed(step, Side::Called);
                Media::Answer(passed)
            }
            // Every further 18x repeats it (RFC 6337 §2.2); another one comes from behind a forking proxy.
            (Begun::Yes, Exchange::Settled) if !again && !step.offers_early() => {
                let passed = step.pass_answer(Side::Called, self.called, answer);
                self.agreed(step, Side::Called);
                Media::Answer(passed)
            }
            (Begun::No | Begun::Yes, _) => Media::None,
        }
    }

    /// What the only phone answers early to an offer of ours is what the caller is offered: now where it can answer a provisional
    /// response (RFC 3262 §5), else when the device answers the call. Its answer goes nowhere.
    fn offer_what_answers_us(&mut self, step: &mut Step<'_>, answer: SessionDescription) -> Media {
        if let Some(rung) = step.facts.rung_mut(self.called) {
            rung.early = Some(answer.clone());
        }
        // Where calls in the clear are blocked, nothing of it is heard.
        if !step.facts.caller_takes_reliable || step.blocks() {
            return Media::None;
        }
        // What regions leave nothing of is told with the answer of the call.
        let Some(passed) = step.pass_offer(Side::Called, self.called, answer) else { return Media::None };
        self.exchange = Exchange::Repaired(Side::Called);
        Media::Offer(passed)
    }

    /// The only phone offers in a provisional answer (delayed offer, RFC 6337 §2.2).
    pub(super) fn early_offer(&mut self, step: &mut Step<'_>, offer: SessionDescription) -> Media {
        if self.exchange == Exchange::Awaited && !self.answers_us(step) && step.facts.caller_takes_reliable {
            if step.cannot_secure(Side::Called, self.called, &offer) {
                let cause = step.not_permitted(self.called);
                step.command(self.called, Command::RefuseMedia(cause));
                return Media::None;
            }
            match step.pass_offer(Side::Called, self.called, offer) {
                Some(passed) => {
                    self.exchange = Exchange::Offered(Side::Called);
                    return Media::Offer(passed);
                }
                None => {
                    let cause = step.not_permitted(self.called);
                    step.command(self.called, Command::RefuseMedia(cause));
                    return Media::None;
                }
            }
        }
        step.refuse_media(self.called, WhyOfferRefused::OtherNotReady);
        Media::None
    }

    /// What the caller is told about media when the call is answered, and whether that settles an offer. An error
    /// when there is no media to talk over.
    pub(super) fn final_media(
        &mut self,
        step: &mut Step<'_>,
        media: Media,
        early: Option<SessionDescription>,
    ) -> Result<(Media, bool), Cause> {
        let media = match (media, early) {
            // The answer came in a provisional response and is not repeated.
            (Media::None, Some(early)) => Media::Answer(early),
            (media, _) => media,
        };
        match (self.begun, self.exchange, media) {
            (Begun::No, Exchange::Offered(Side::Caller), Media::Answer(answer)) => {
                self.exchange = Exchange::Settled;
                Ok((Media::Answer(step.pass_answer(Side::Called, self.called, answer)), true))
            }
            (Begun::No, Exchange::Awaited, Media::Offer(offer)) if !step.offers_early() => {
                if step.cannot_secure(Side::Called, self.called, &offer) {
                    return Err(super::blocking::BLOCKED);
                }
                let passed = step.pass_offer(Side::Called, self.called, offer);
                let passed = passed.ok_or_else(|| step.not_permitted(self.called))?;
                self.exchange = Exchange::Offered(Side::Called);
                Ok((Media::Offer(passed), false))
            }
            // What the device answers to an offer of ours is what the caller is offered, whose answer then goes nowhere.
            (Begun::No, Exchange::Awaited, Media::Answer(answer)) if step.offers_early() => {
                let passed = step.pass_offer(Side::Called, self.called, answer);
                let passed = passed.ok_or_else(|| step.not_permitted(self.called))?;
                self.exchange = Exchange::Repaired(Side::Called);
                Ok((Media::Offer(passed), false))
            }
            // The caller was offered it before, and answers, or has answered.
            (_, Exchange::Repaired(Side::Called), Media::Answer(_) | Media::None)
            | (Begun::Yes, Exchange::Settled, Media::Answer(_))
                if step.offers_early() =>
            {
                Ok((Media::None, false))
            }
            // Agreed early; a repeated answer changes nothing, even while an UPDATE is under way.
            (Begun::Yes, _, Media::None) => Ok((Media::None, false)),
            (Begun::Yes, Exchange::Settled, Media::Answer(answer)) => {
                let changed = step.facts.to_caller.source() != Some(&answer);
                Ok((Media::Answer(step.pass_answer(Side::Called, self.called, answer)), changed))
            }
            (Begun::Yes, _, Media::Answer(_)) => Ok((Media::None, false)),
            // The caller's answer to the early offer is still on its way (PRACK).
            (Begun::No, Exchange::Offered(Side::Called), Media::None) => Ok((Media::None, false)),
            (Begun::No | Begun::Yes, _, Media::None | Media::Answer(_) | Media::Offer(_)) => {
                Err(Cause::MANDATORY_IE_MISSING)
            }
        }
    }
}
