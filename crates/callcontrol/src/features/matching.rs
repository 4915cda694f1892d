//! Looks at whether parties could talk with each other before a feature moves them.

use std::sync::Arc;

use strowger_base::journal::{Admission, Decision, WhyApart};
use strowger_base::{CallId, LegId, Now};

use crate::CallControl;
use crate::admission::Reserved;
use crate::call::{Match, Standing, TakingOver};
use crate::io::Outbox;
use crate::shared::Shared;

impl CallControl {
    /// Whether the parties of these legs could talk with each other, once their calls give back what they have of bandwidth.
    pub(super) fn could_talk(
        &mut self,
        now: Now,
        (first, one): (CallId, LegId),
        (second, two): (CallId, LegId),
        out: &mut Outbox,
    ) -> Match {
        let (Some(one_call), Some(two_call)) = (self.calls.get(&first), self.calls.get(&second)) else {
            return Match::Yes;
        };
        let (Some(one), Some(two)) = (one_call.standing_of(one), two_call.standing_of(two)) else {
            return Match::Yes;
        };
        let given_back = [&one_call.facts.reserved, &two_call.facts.reserved];
        self.shared.could_talk(now, (first, &one), &two, &given_back, out)
    }

    /// Whether a device that asked for that could talk with the party that stays when it takes the place of `replaced`.
    pub(super) fn could_take_over(
        &mut self,
        now: Now,
        taken: &TakingOver,
        (call, replaced): (CallId, LegId),
        out: &mut Outbox,
    ) -> Match {
        let Some(old) = self.calls.get(&call) else { return Match::Yes };
        let stays = old.other(replaced).and_then(|leg| old.standing_of(leg));
        let Some(stays) = stays else { return Match::Yes };
        let given_back = [&old.facts.reserved];
        self.shared.could_talk(now, (taken.id(), &taken.standing()), &stays, &given_back, out)
    }

    /// Whether the party of a leg could talk with any of the devices that ring in a call, or have answered it.
    pub(super) fn could_be_called_by(
        &mut self,
        now: Now,
        party: (CallId, LegId),
        call: CallId,
        out: &mut Outbox,
    ) -> Match {
        let Some(called) = self.calls.get(&call) else { return Match::Yes };
        let legs = match called.other(called.facts.caller) {
            Some(answered) => vec![answered],
            None => called.ringing_legs(),
        };
        let mut result = Match::Yes;
        for leg in legs {
            result = self.could_talk(now, party, (call, leg), out);
            if !matches!(result, Match::No(_)) {
                break;
            }
        }
        result
    }
}

impl Shared {
    /// Whether two parties could talk with each other once this is given back; where there is no bandwidth, `call` tells it.
    fn could_talk(
        &mut self,
        now: Now,
        (call, one): (CallId, &Standing),
        two: &Standing,
        given_back: &[&Reserved],
        out: &mut Outbox,
    ) -> Match {
        let (matches, wanted) = self.matches(one, two);
        let Some(wanted) = wanted.filter(|_| !matches!(matches, Match::No(_))) else { return matches };
        let admission = Arc::clone(&self.configuration.admission);
        let room = self.bandwidth.has_room_for_all(given_back.iter().copied(), &admission, &[wanted]);
        match room {
            Ok(()) => matches,
            Err(missing) => {
                self.counters.without_bandwidth += 1;
                let news = Decision::Admission(Admission::BandwidthMissing(missing.view()));
                out.decide(now, call, None, news);
                Match::No(WhyApart::NoBandwidth)
            }
        }
    }
}
