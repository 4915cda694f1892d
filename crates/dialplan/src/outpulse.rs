//! What leaves the system: the numbers of a routed call as one member of its route list sends them.
//!
//! A member without settings keeps what the route pattern made of the numbers. One with settings replaces that change, for
//! itself alone, and starts from the numbers as they entered the route pattern.

use crate::analysis::{Analysis, Decision, Presented};
use crate::plan::{Emergency, NextHopBy};
use crate::symbol::Digits;
use crate::transform::{CalledChange, CallingChange};

/// Number changes of one member of a route list.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MemberChange {
    /// Replaces the route pattern's change of the called number.
    pub called: Option<CalledChange>,
    /// Replaces the route pattern's change of the calling number.
    pub calling: Option<CallingChange>,
}

/// The numbers that are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outpulsed {
    /// Who is called.
    pub called: Digits,
    /// Who calls.
    pub calling: Presented,
}

impl Analysis {
    /// The numbers that a member of the route list sends; `None` unless the call was routed.
    ///
    /// The location number of an emergency call stays what it is: a member's change is made for extensions.
    pub fn outpulsed(&self, change: &MemberChange) -> Option<Outpulsed> {
        let Some(Decision::Routed(routed)) = self.decision() else { return None };
        let hop = self.hops().last()?;
        let row = self.plan().pattern(routed.pattern)?;
        let matched = (hop.by == NextHopBy::Called).then_some((&row.pattern, row.filter.as_ref()));
        let called = match &change.called {
            Some(change) => change.apply(matched, routed.entered, |_| {}),
            None => routed.called,
        };
        let located = routed.emergency == Emergency::Yes && self.caller().emergency_number.is_some();
        let calling = match &change.calling {
            Some(change) if !located => {
                routed.entered_calling.changed(change, self.caller().external_mask.as_ref())
            }
            Some(_) | None => routed.calling,
        };
        Some(Outpulsed { called, calling })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use strowger_base::WallTime;

    use super::*;
    use crate::analysis::{Arrival, Caller};
    use crate::parameters::Parameters;
    use crate::plan::{Action, DialPlanBuilder, NumberPattern, RoutePattern, RouteTarget, SearchSpace};

    /// `0.!` without its 0, with 77 before the calling number; the member prefixes 8 and 55.
    fn sent(change: &MemberChange, emergency: Emergency) -> Outpulsed {
        let number = |text| Digits::parse(text).unwrap();
        let mut builder = DialPlanBuilder::new(Parameters::default());
        let mut route = RoutePattern::to(RouteTarget::RouteList("list".into()));
        route.called.discard = "PreDot".parse().unwrap();
        route.calling.prefix = number("77");
        route.emergency = emergency;
        builder.add("", NumberPattern::new("0.!".parse().unwrap(), Action::from(route))).unwrap();
        let mut caller = Caller::new(number("2001"), SearchSpace::null());
        caller.emergency_number = Some(number("4711"));
        let analysis = Analysis::of(
            &builder.build(),
            Arc::new(caller),
            Arrival::EnBloc,
            &number("0112"),
            WallTime::default(),
        );
        analysis.outpulsed(change).unwrap()
    }

    #[test]
    fn a_member_replaces_the_changes_that_it_has_settings_for() {
        let prefix = |text| Digits::parse(text).unwrap();
        let called = || Some(CalledChange { prefix: prefix("8"), ..CalledChange::default() });
        let calling = || Some(CallingChange { prefix: prefix("55"), ..CallingChange::default() });
        let check = |called, calling, emergency, expect: (&str, &str)| {
            let sent = sent(&MemberChange { called, calling }, emergency);
            assert_eq!((&*sent.called, &*sent.calling.number), expect);
        };
        check(None, None, Emergency::No, ("112", "772001"));
        check(called(), None, Emergency::No, ("80112", "772001"));
        check(None, calling(), Emergency::No, ("112", "552001"));
        check(called(), calling(), Emergency::No, ("80112", "552001"));
        check(called(), calling(), Emergency::Yes, ("80112", "4711"));
    }
}
