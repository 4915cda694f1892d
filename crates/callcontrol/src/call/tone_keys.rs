//! Keys of a call that may be recorded with a tone: what is not opened for the listener cannot be mixed with one, so that the encryption
//! of both sides ends at the relay, from the first offer on. A device that takes SRTP is offered SRTP as before, with keys of ours.

use strowger_base::leg::Target;
use strowger_base::{Now, SessionDescription};
use strowger_media::sdp::{AudioSecurity, Wish};

use super::own_keys::Security;
use super::session::MediaSignal;
use super::{Call, State, Step};
use crate::configuration::SrtpRule;
use crate::exchange::Side;
use crate::io::Outbox;
use crate::relay::Relay;
use crate::shared::Shared;

impl Call {
    /// A party is to hear a tone from now on, and the devices have keys of their own: the called one is asked for an offer, as if the other
    /// one had asked, and with that the encryption of both ends at the relay. What cannot be opened stays as it is.
    pub(crate) fn open_for_tone_now(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let may = step.facts.to_caller.source().cloned().is_some_and(|offer| step.may_open(&offer));
        let may = may && step.warns(&[]);
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Talking(talking) if may && talking.is_calm(&step) => {
                talking.tell(&mut step, Side::Caller, MediaSignal::Request)
            }
            other @ (State::Dialing(_)
            | State::Authorizing(_)
            | State::Asking(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Ended) => other,
        };
    }
}

impl Step<'_> {
    /// These are about to be rung with this offer: whether one of them may be recorded is known before any of them is told keys.
    pub(super) fn open_for_tone(&mut self, targets: &[Target], offer: Option<&SessionDescription>) {
        let Some(offer) = offer else { return };
        let goes_on = self.facts.security.as_ref().is_some_and(|security| security.opens_for_tone);
        if (goes_on || self.mixes_tones(targets)) && self.may_open(offer) {
            self.end_on_both_sides();
        }
    }

    /// `from` offers this: ends the encryption of both sides at the relay, where a tone is to be heard. False when keys go on otherwise.
    pub(super) fn secure_for_tone(&mut self, from: Side, offer: &SessionDescription) -> bool {
        let wish = AudioSecurity::of(offer.as_bytes()).wish;
        let is_open = self.facts.security.as_ref().is_some_and(|security| security.is_open_for_tone());
        if is_open && matches!(self.facts.relay, Relay::Open(_)) {
            match wish {
                // Neither side loses encryption for what the other one would do without.
                Wish::Optional if understands(offer) => self.secure_apart(from, Wish::Required),
                Wish::Required if !understands(offer) => return false,
                Wish::Required | Wish::Optional | Wish::Clear | Wish::Other => self.secure_apart(from, wish),
            }
            return true;
        }
        let opens = self.may_open(offer) && self.mixes_tones(&[]);
        if opens {
            self.end_on_both_sides();
        }
        opens
    }

    /// Whether the encryption of an offer can end at the relay, and that of the other side likewise.
    fn may_open(&self, offer: &SessionDescription) -> bool {
        let rules = (self.caller_rule(), self.facts.called_rule);
        matches!(self.facts.relay, Relay::Open(_))
            && rules == (SrtpRule::AsOffered, SrtpRule::AsOffered)
            && self.shared.key_source.is_some()
            && AudioSecurity::of(offer.as_bytes()).wish == Wish::Required
            && understands(offer)
    }

    /// Whether a party may have to hear a tone beside the other one.
    fn mixes_tones(&mut self, targets: &[Target]) -> bool {
        self.warns(targets) || self.plays_waiting_tone(targets)
    }

    /// Whether somebody may be recorded, and be it on demand, so that a party has to hear the tone.
    fn warns(&self, targets: &[Target]) -> bool {
        let tone = self.shared.configuration.recording.tone;
        (tone.recorded || tone.other_party) && self.may_be_recorded(targets)
    }

    fn end_on_both_sides(&mut self) {
        self.secure_apart(Side::Caller, Wish::Required);
        if let Some(security) = &mut self.facts.security {
            security.opens_for_tone = true;
        }
    }
}

impl Security {
    /// What stays of it when others are rung: the caller goes on with the keys that the relay has with it, and nobody else is told those of
    /// the one who rang before.
    pub(super) fn for_others(mut self: Box<Self>, caller_ends_here: bool) -> Option<Box<Self>> {
        let stays = self.is_open_for_tone() && caller_ends_here;
        self.pass(Side::Called);
        stays.then_some(self)
    }

    /// Whether the encryption of both sides ends at the relay for the sake of the tone.
    const fn is_open_for_tone(&self) -> bool {
        self.opens_for_tone && self.is_ours(Side::Caller) && self.is_ours(Side::Called)
    }
}

/// Whether there is a key in a description with which we can open anything.
fn understands(offer: &SessionDescription) -> bool {
    !AudioSecurity::of(offer.as_bytes()).lines().is_empty()
}
