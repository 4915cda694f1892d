//! Streams beside the one that a relay carries: a relay carries one audio stream.
//!
//! Where it stands in the way so that the two sides do not see each other's addresses, or since those of one side mean nothing to the
//! other, nothing else passes around it: other streams are refused (RFC 3264 §6). Where it stands there for another reason they pass
//! from device to device.

use strowger_base::SessionDescription;
use strowger_base::journal::Decision;
use strowger_media::sdp;

use super::Step;
use crate::configuration::RelayMode;
use crate::exchange::Side;
use crate::io::Reach;
use crate::outlet::Part;
use crate::relay::Relay;

impl Step<'_> {
    /// Whether the addresses of one side are not for the other one.
    fn hides_addresses(&self) -> bool {
        let behind_nat = [self.facts.caller_reach, self.facts.called_reach].contains(&Reach::BehindNat);
        let wanted = self.shared.configuration.relay == RelayMode::Always || self.wants_points();
        matches!(self.facts.relay, Relay::Open(_)) && (behind_nat || wanted)
    }

    /// What the other side is told of streams beside audio, in place of what `from` wrote.
    pub(super) fn without_others(
        &mut self,
        (from, part): (Side, Part),
        description: &SessionDescription,
        left: Option<SessionDescription>,
    ) -> Option<SessionDescription> {
        if !self.hides_addresses() {
            return left;
        }
        let told = left.as_ref().unwrap_or(description);
        let Some(audio) = sdp::refuse_others(told.as_bytes()) else { return left };
        if part == Part::Offer {
            let leg = match from {
                Side::Caller => Some(self.facts.caller),
                Side::Called => None,
            };
            self.decide(leg, Decision::OnlyAudioRelayed);
        }
        Some(audio)
    }

    /// Whether a relay stands in the way of all that is offered.
    pub(super) fn carries_nothing_of(&self, offer: &SessionDescription) -> bool {
        self.hides_addresses()
            && !sdp::takes_nothing(offer.as_bytes())
            && sdp::audio_formats(offer.as_bytes()).is_empty()
    }
}
