//! What devices are offered that are rung for somebody who is in another call, or in an answered one: what that one is known to have.
//!
//! Not every phone takes an INVITE without an offer, and a phone that could not talk with the party shall say so before that one leaves the
//! call that it has (488, 415, 606). The offer is what the party described first, or last, with keys that nobody has: those of a
//! conversation that goes on are no business of devices that only ring. Nothing is settled by it: when the call is answered, and the party has come,
//! both describe themselves anew (RFC 3725 §4).

use strowger_base::SessionDescription;
use strowger_base::leg::Target;
use strowger_media::sdp::{self, AudioSecurity, CryptoLine, Direction, Wish};
use strowger_media::srtp::Suite;

use super::participant::Stage;
use super::ringing::Ringing;
use super::{State, Step};
use crate::outlet::Said;

impl Step<'_> {
    /// These are about to be rung: what they are offered of a caller that is none yet, or waits in an answered call.
    pub(super) fn offer_what_is_known(&mut self, targets: &[Target]) {
        if self.facts.caller_stage == Stage::Waits {
            return;
        }
        // A service of ours offers by itself.
        let services = targets.iter().any(|target| matches!(target, Target::Service(_)));
        self.facts.offer = if services { None } else { self.known_offer() };
    }

    /// How the caller is known to have its media, where it has not offered it itself.
    pub(super) fn known_offer(&self) -> Option<SessionDescription> {
        let said = self.said_by_caller()?;
        let known = said.first_offer.as_ref().filter(|first| is_still_so(first, &said.last));
        let known = known.unwrap_or(&said.last).as_bytes();
        let address = sdp::audio_address(known)?;
        if address.port() == 0 || address.ip().is_unspecified() || sdp::audio_formats(known).is_empty() {
            return None;
        }
        // Who is held is not held any more.
        let known = sdp::set_direction(known, Direction::SendReceive);
        let security = AudioSecurity::of(known.as_bytes());
        match security.wish {
            // Streams beside the first one may have keys.
            Wish::Clear => Some(sdp::set_crypto(known.as_bytes(), &[])),
            // Keys that do not stand in descriptions cannot be told in another one's place.
            Wish::Other => None,
            Wish::Optional | Wish::Required => {
                let own = !security.lines().is_empty() && self.shared.key_source.is_some();
                let wish = if self.blocks() { Wish::Required } else { security.wish };
                own.then(|| sdp::set_crypto_as(known.as_bytes(), &security.lines(), wish))
            }
        }
    }

    fn said_by_caller(&self) -> Option<&Said> {
        match self.facts.caller_stage {
            Stage::Waits => None,
            Stage::Up => self.facts.to_caller.said(),
            Stage::Absent => self.facts.joins.as_ref()?.said.as_ref(),
        }
    }

    /// The same offer with keys that nobody has, for one device.
    pub(super) fn with_nobodys_keys(&mut self, offer: SessionDescription) -> SessionDescription {
        if self.facts.caller_stage == Stage::Waits {
            return offer;
        }
        let security = AudioSecurity::of(offer.as_bytes());
        let (lines, wish) = (security.lines(), security.wish);
        let Some(source) = self.shared.key_source.as_mut().filter(|_| !lines.is_empty()) else {
            return offer;
        };
        let suites =
            Suite::ALL.into_iter().filter(|suite| lines.iter().any(|line| line.material.suite() == *suite));
        let own: Vec<CryptoLine> = suites
            .zip(1..)
            .map(|(suite, tag)| CryptoLine { tag, material: source.next_key(suite) })
            .collect();
        sdp::set_crypto_as(offer.as_bytes(), &own, wish)
    }

    /// These took nothing of what is known of the caller, which may take more than that: they are rung again, and offer by themselves.
    /// `None` when they would offer what the caller does not take either.
    pub(super) fn ring_without_offer(&mut self, refused: &[Target]) -> Option<State> {
        let offer = self.offered_or_known()?;
        let knows_all = self.said_by_caller()?.first_offer.is_some();
        let insists = AudioSecurity::of(offer.as_bytes()).wish == Wish::Required;
        if refused.is_empty() || knows_all || insists || self.facts.security.is_some() || self.transcodes() {
            return None;
        }
        self.cancel_timer();
        self.facts.offer = None;
        Some(Ringing::begin(self, refused.to_vec()))
    }
}

/// Whether a party has its media where it had it first, and with the same keys.
fn is_still_so(first: &SessionDescription, last: &SessionDescription) -> bool {
    let (first, last) = (first.as_bytes(), last.as_bytes());
    let wish = |text| AudioSecurity::of(text).wish;
    let keeps_keys =
        wish(first) == wish(last) || (wish(first), wish(last)) == (Wish::Optional, Wish::Required);
    sdp::audio_address(first) == sdp::audio_address(last) && keeps_keys
}
