//! A device takes the place of another one in a call (RFC 3891).

use strowger_base::journal::Feature;
use strowger_base::leg::Setup;
use strowger_base::{LegId, Now};

use crate::CallControl;
use crate::call::{Call, conversation_of};
use crate::io::Outbox;

impl CallControl {
    /// A device asks for a call in which it takes the place of `replaced`; `None` when it does, and its wish otherwise.
    pub(crate) fn replace(&mut self, now: Now, leg: LegId, setup: Setup, out: &mut Outbox) -> Option<Setup> {
        let Some(replaced) = setup.replaces else { return Some(setup) };
        let Some(call) = self.shared.legs.get(&replaced).copied() else { return Some(setup) };
        if !self.calls.get(&call).is_some_and(|call| call.is_talking() && call.other(replaced).is_some()) {
            return Some(setup);
        }
        let Some(mut old) = self.calls.remove(&call) else { return Some(setup) };
        let conversation = conversation_of(&old.facts);
        let taken = Call::takes_over(now, leg, setup, &mut self.shared, out);
        let moved = Feature::Replaces.into_call(taken.id());
        if let Some(party) = old.hand_over(now, replaced, moved, &mut self.shared, out) {
            let call = taken.with(now, party, conversation, &mut self.shared, out);
            self.keep(call);
        }
        None
    }
}
