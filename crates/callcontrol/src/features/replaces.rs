//! A device takes the place of another one in a call (RFC 3891).

use strowger_base::journal::Feature;
use strowger_base::leg::Setup;
use strowger_base::{CallId, FeatureCode, LegId, LineName, Now};

use crate::CallControl;
use crate::call::{Call, Match, Taking, conversation_of};
use crate::io::Outbox;

impl CallControl {
    /// A device asks for a call in which it takes the place of `replaced`; `None` when it does, and its wish otherwise.
    pub(crate) fn replace(&mut self, now: Now, leg: LegId, setup: Setup, out: &mut Outbox) -> Option<Setup> {
        let Some(replaced) = setup.replaces else { return Some(setup) };
        let Some(call) = self.shared.legs.get(&replaced).copied() else { return Some(setup) };
        if self.shared.is_intercom(replaced) || self.shared.calls_by_intercom(&setup.origin) {
            return Some(setup);
        }
        if let Some(line) = self.calls.get(&call).and_then(|call| call.rings_on(replaced)) {
            self.replace_ringing(now, leg, setup, (call, &line), out);
            return None;
        }
        if !self.calls.get(&call).is_some_and(|call| call.is_talking() && call.other(replaced).is_some()) {
            return Some(setup);
        }
        let taken = Call::takes_over(now, leg, setup, &mut self.shared, out);
        // Nobody loses a call for one that cannot be.
        if let Match::No(why) = self.could_take_over(now, &taken, (call, replaced), out) {
            let refused = taken.refused(now, why, &mut self.shared, out);
            self.keep(refused);
            return None;
        }
        let mut old = self.calls.remove(&call)?;
        let conversation = conversation_of(&old.facts);
        let moved = Feature::Replaces.into_call(taken.id());
        if let Some(party) = old.hand_over(now, replaced, moved, &mut self.shared, out) {
            let call = taken.with(now, party, conversation, &mut self.shared, out);
            self.keep(call);
        }
        None
    }

    /// A device takes the place of one that only rings (RFC 3891 §3): that is a pickup of this one call.
    fn replace_ringing(
        &mut self,
        now: Now,
        leg: LegId,
        setup: Setup,
        (call, line): (CallId, &LineName),
        out: &mut Outbox,
    ) {
        let feature = Some(FeatureCode::DirectedPickUp);
        let setup = Setup { replaces: None, feature, ..setup };
        let asker = Call::begin(now, leg, setup, &mut self.shared, out);
        let id = asker.facts.id;
        self.keep(asker);
        if !self.calls.contains_key(&id) {
            return;
        }
        let taking = Taking::rings_at(Feature::Replaces, line.as_str());
        if let Err(why) = self.take(now, id, call, &taking, out) {
            self.with_call(id, |call, shared| call.refuse_feature(now, why, shared, out));
        }
    }
}
