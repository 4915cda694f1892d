//! The lookup of a number to which a call is sent on: it begins with complete digits, and waits as a later hop of the
//! dialling does that began the call.

use std::sync::Arc;

use strowger_base::WallTime;

use super::{Analysis, Arrival, Caller, Decision};
use crate::plan::{DialPlan, NextHopBy};
use crate::symbol::Digits;
use crate::trace::Trace;

/// What a dialling leaves to the lookups after it: whether they wait where more digits could follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LaterHops {
    arrival: Arrival,
    no_more_waiting: bool,
}

impl Default for LaterHops {
    /// As after a number that came as a whole.
    fn default() -> Self {
        LaterHops { arrival: Arrival::EnBloc, no_more_waiting: false }
    }
}

impl Analysis {
    /// What this analysis leaves to those of the same call that come after it.
    pub const fn later_hops(&self) -> LaterHops {
        LaterHops { arrival: self.arrival, no_more_waiting: self.no_more_waiting }
    }

    /// The analysis of the number to which a call is sent on, by a line's forward or after a hunt: whole, but where it could
    /// still grow it waits as a translated number would. `caller` sees what the forward sees.
    pub fn forwarded(
        plan: &DialPlan,
        caller: Arc<Caller>,
        later: LaterHops,
        number: &Digits,
        at: WallTime,
    ) -> Self {
        let mut analysis = Self::begin(plan, caller, later.arrival, at);
        analysis.no_more_waiting = later.no_more_waiting;
        analysis.called = *number;
        analysis.keys_used = number.len();
        let caller = Arc::clone(&analysis.caller);
        analysis.look_up(NextHopBy::Called, &caller.search_space);
        analysis
    }

    /// The same number looked up for somebody else, who came in the place of whoever dialled it and keeps its way: `None` where it would
    /// go another one by now.
    pub fn for_another(&self, caller: Arc<Caller>, at: WallTime) -> Option<Self> {
        let number = &self.hops().first()?.digits;
        let analysis =
            Trace::forwarded(self.plan(), caller, self.later_hops(), number, at).analysis().clone();
        let pattern = |analysis: &Self| match analysis.decision() {
            Some(Decision::Routed(routed)) => Some((routed.pattern, routed.called)),
            Some(Decision::Blocked { .. } | Decision::Rejected(_)) | None => None,
        };
        (pattern(self).is_some() && pattern(self) == pattern(&analysis)).then_some(analysis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Action, DialPlanBuilder, NextSearchSpace, NumberPattern, Parameters, Progress, Translation,
        WaitOnNextHops,
    };

    fn plan() -> DialPlan {
        let mut plan = DialPlanBuilder::new(Parameters::default());
        plan.literal("", "2000", Action::Line("2000".into())).unwrap();
        plan.literal("", "20001", Action::Line("20001".into())).unwrap();
        plan.literal("", "3000", Action::Line("3000".into())).unwrap();
        let mut hasty = Translation::to(NextSearchSpace::Originator);
        hasty.called.mask = Some("2000".parse().unwrap());
        hasty.wait = WaitOnNextHops::Never;
        plan.add("", NumberPattern::new("77".parse().unwrap(), Action::from(hasty))).unwrap();
        plan.build()
    }

    #[test]
    fn a_forward_waits_as_a_later_hop_does() {
        let check = |dialled: &str, arrival, to: &str, expect: &str| {
            let (plan, caller) = (plan(), Arc::<Caller>::default());
            let at = WallTime::from_micros(0);
            let dialled =
                Analysis::of(&plan, Arc::clone(&caller), arrival, &Digits::parse(dialled).unwrap(), at);
            let to = Digits::parse(to).unwrap();
            let found = Analysis::forwarded(&plan, caller, dialled.later_hops(), &to, at);
            let said = match found.progress() {
                Progress::Collecting { .. } => "collects",
                Progress::Waiting { .. } => "waits",
                Progress::Decided(_) => "is decided",
            };
            assert_eq!(said, expect, "{to:?} after {dialled:?}");
        };
        check("3000", Arrival::KeyByKey, "2000", "waits");
        check("3000", Arrival::KeyByKey, "3000", "is decided");
        check("3000", Arrival::EnBloc, "2000", "is decided");
        // What was translated without further waits does not wait after its forwards either.
        check("77", Arrival::KeyByKey, "2000", "is decided");
        // Half a number goes nowhere, and nobody is there to complete it.
        check("3000", Arrival::KeyByKey, "200", "is decided");
    }
}
