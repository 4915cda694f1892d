//! Crypto mismatch: the two sides have no suite in common, or one of them no SRTP. Where it is allowed they talk nevertheless, as CUCM
//! does it: with RTP.

use strowger_base::SessionDescription;
use strowger_base::journal::{Decision, Keys as KeysView, KeysOutcome};
use strowger_base::leg::{SrtpOffer, Target};
use strowger_media::sdp::{AudioSecurity, Wish};

use super::securing::suites_of;
use super::{Opening, Ringing, State, Step};
use crate::configuration::SrtpRule;
use crate::exchange::Side;
use crate::relay::Relay;

impl Step<'_> {
    /// Devices refused SRTP alone, and nothing rings any more: they are tried once more, with RTP. What the caller sends is encrypted as far
    /// as the relay, where there is one.
    pub(super) fn try_without_keys(&mut self, refused: Vec<Target>) -> Option<State> {
        let offer = self.offered_or_known()?;
        let mismatch = AudioSecurity::of(offer.as_bytes()).wish == Wish::Required;
        let rules = (self.caller_rule(), self.facts.called_rule);
        let free = rules == (SrtpRule::AsOffered, SrtpRule::AsOffered);
        if refused.is_empty() || !mismatch || !free || self.blocks() {
            return None;
        }
        let offered = suites_of(&offer);
        let ends_here = self.end_at_relay(Side::Caller).is_some();
        if !ends_here && !self.facts.caller_falls_back {
            return None;
        }
        self.facts.called_rule = SrtpRule::Never;
        self.facts.offer = Some(offer);
        if let Some(security) = &mut self.facts.security {
            security.mismatch = true;
        }
        let keys = KeysView { offered: &offered, answered: "", outcome: KeysOutcome::TriedWithout };
        let caller = self.facts.caller;
        self.decide(Some(caller), Decision::Keys(keys));
        if ends_here && matches!(self.facts.relay, Relay::None) && self.open_relay(None, &[]) {
            return Some(Opening::awaiting(refused));
        }
        Some(Ringing::begin(self, refused))
    }

    /// Whether a side that comes to talk with another one offers RTP alone, and that one has had nothing but SRTP: it keeps that as far as
    /// the relay.
    pub(super) fn meets_without_keys(&self, side: Side, offer: &SessionDescription) -> bool {
        let rules = (self.caller_rule(), self.facts.called_rule);
        rules == (SrtpRule::AsOffered, SrtpRule::AsOffered)
            && !self.blocks()
            && AudioSecurity::of(offer.as_bytes()).wish == Wish::Clear
            && self.srtp_of(side.other()) == SrtpOffer::Alone
    }

    /// Whether a caller that wants SRTP alone takes RTP, where its encryption has nowhere to end.
    pub(super) fn falls_back(&mut self) -> bool {
        if !self.facts.caller_falls_back || self.blocks() {
            return false;
        }
        if let Some(security) = &mut self.facts.security {
            security.clear();
        }
        let offered = self.facts.offer.as_ref().map_or_else(String::new, suites_of);
        let keys = KeysView { offered: &offered, answered: "", outcome: KeysOutcome::FellBack };
        let caller = self.facts.caller;
        self.decide(Some(caller), Decision::Keys(keys));
        true
    }
}
