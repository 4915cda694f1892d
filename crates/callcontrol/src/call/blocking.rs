//! Calls whose media would be in the clear, where the configuration blocks them.
//!
//! What is offered or answered in the clear is not passed on, whoever brought the two together: the call ends, or goes on as it was
//! when it is a change in mid-call that can be refused. What we play to who waits is not in question, since it says nothing that
//! either party said.

use strowger_base::journal::{Decision, Keys as KeysView, KeysOutcome, ReleasedBy, WhyEnded, WhyReleased};
use strowger_base::leg::Target;
use strowger_base::{Cause, LegId, Now, SessionDescription};
use strowger_media::sdp::{AudioSecurity, Wish};

use super::securing::suites_of;
use super::{Call, State, Step};
use crate::configuration::{SrtpRule, Unencrypted};
use crate::exchange::Side;
use crate::io::Outbox;
use crate::shared::Shared;

impl Call {
    /// Whether its caller may be given to a device that asks with this offer, as far as its media would be encrypted. One that leaves the
    /// offer to the other side could answer in the clear, when it has the caller already.
    pub(crate) fn may_talk_with(
        &mut self,
        now: Now,
        (target, offer): (&Target, Option<&SessionDescription>),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let step = Step { now, facts: &mut self.facts, shared, out };
        let has_keys = step.rule_of(target) == SrtpRule::AsOffered && offer.is_some_and(is_secured);
        has_keys || !step.blocks()
    }
}

impl Step<'_> {
    pub(super) fn blocks(&self) -> bool {
        self.shared.configuration.unencrypted == Unencrypted::Blocked && !self.facts.emergency
    }

    /// Whether this offer of a leg may not be passed on, since it can only be answered in the clear.
    pub(super) fn blocks_offer(&mut self, leg: LegId, offer: &SessionDescription) -> bool {
        let blocked = self.blocks() && !is_secured(offer);
        if blocked {
            self.tell_blocked(leg, "", "");
        }
        blocked
    }

    /// Whether what was just agreed, upon an offer of this leg, may not come about: one of the two was told media in the clear.
    pub(super) fn blocks_agreement(&mut self, offerer: Side, leg: LegId) -> bool {
        if !self.blocks() {
            return false;
        }
        let answer = self.facts.outlet(offerer).sent().is_none_or(is_all_secured);
        if answer && self.facts.outlet(offerer.other()).sent().is_none_or(is_secured) {
            return false;
        }
        let mut suites = |side| self.facts.outlet(side).source().map_or_else(String::new, suites_of);
        let (offered, answered) = (suites(offerer.other()), suites(offerer));
        self.tell_blocked(leg, &offered, &answered);
        true
    }

    /// Somebody answered in the clear where that may not be: both are released. Nothing was passed to the caller but in the
    /// record's story.
    pub(super) fn blocks_answer(&mut self, leg: LegId) -> Option<State> {
        let caller = self.facts.caller;
        self.blocks_agreement(Side::Caller, caller).then(|| {
            self.release(leg, BLOCKED, WhyReleased::NoMedia);
            self.release(caller, BLOCKED, WhyReleased::NoMedia);
            self.end(BLOCKED, ReleasedBy::System, WhyEnded::NoMedia)
        })
    }

    fn tell_blocked(&mut self, leg: LegId, offered: &str, answered: &str) {
        let keys = KeysView { offered, answered, outcome: KeysOutcome::Blocked };
        self.decide(Some(leg), Decision::Keys(keys));
    }
}

impl Call {
    /// Whether both of its parties were told media that is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        let told = [self.facts.to_caller.sent(), self.facts.to_called.sent()];
        told.into_iter().all(|told| told.is_some_and(is_secured))
    }

    /// Whether its caller offers media that can be encrypted.
    pub(crate) fn offers_encryption(&self) -> bool {
        self.facts.offer.as_ref().is_some_and(is_secured)
    }
}

/// With what a call ends that is blocked.
pub(super) const BLOCKED: Cause = Cause::BEARER_CAPABILITY_NOT_AUTHORIZED;

/// Whether all audio of an answer is encrypted.
fn is_all_secured(answer: &SessionDescription) -> bool {
    is_secured(answer) && AudioSecurity::of(answer.as_bytes()).is_all_secured()
}

/// Whether media that is described so can be encrypted.
pub(super) fn is_secured(description: &SessionDescription) -> bool {
    let security = AudioSecurity::of(description.as_bytes());
    match security.wish {
        Wish::Clear => false,
        Wish::Optional | Wish::Required => security.suites().next().is_some(),
        Wish::Other => true,
    }
}
