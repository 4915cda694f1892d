//! An analysis with everything that was seen on its way, for those who want to know why.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::WallTime;

use crate::analysis::{Analysis, Arrival, Caller, Candidate, Hop, LaterHops, Potential, Progress};
use crate::plan::{Action, DialPlan, NextHopBy, PatternId, SearchSpace};
use crate::symbol::{Digits, Symbol};
use crate::transform::ChangeStep;

/// A dialling from its first key to its decision; after the last key there is silence.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What was seen after every key, when they came one by one.
    pub keys: Vec<KeyTrace>,
    analysis: Analysis,
}

/// What was seen after one key.
#[derive(Clone, Debug)]
pub struct KeyTrace {
    /// The key.
    pub key: Symbol,
    /// The digits with it.
    pub digits: Digits,
    /// The pattern that would decide now.
    pub best: Option<PatternId>,
    /// What could still match.
    pub potential: Potential,
    /// Whether the caller hears outside dial tone.
    pub outside_dial_tone: bool,
    /// For how long the next key is waited for; `None` when it is decided.
    pub waits: Option<Duration>,
}

/// One lookup with all that was compared and changed.
#[derive(Clone, Debug)]
pub struct HopTrace<'t> {
    /// The lookup.
    pub hop: &'t Hop,
    /// In which search space.
    pub space: &'t SearchSpace,
    /// All that took the number, the winner first, with what each loser lost by.
    pub candidates: Vec<Candidate>,
    /// The changes of the called number, one by one.
    pub called: Vec<ChangeStep<'t>>,
    /// The changes of the calling number, one by one.
    pub calling: Vec<ChangeStep<'t>>,
}

impl Trace {
    /// Dials a number as it would arrive.
    pub fn of(plan: &DialPlan, caller: Arc<Caller>, arrival: Arrival, number: &Digits, at: WallTime) -> Self {
        let mut analysis = Analysis::begin(plan, caller, arrival, at);
        let mut keys = Vec::new();
        if arrival == Arrival::KeyByKey {
            for key in number.symbols() {
                let mut digits = analysis.digits().copied().unwrap_or_default();
                // A key that no longer fits is refused by the analysis itself.
                let _ = digits.push(key);
                analysis.key(key);
                keys.push(KeyTrace::new(&analysis, key, digits));
                if analysis.decision().is_some() {
                    break;
                }
            }
        } else {
            analysis.dial(number);
        }
        Self::to_the_end(keys, analysis, at)
    }

    /// Looks up the number to which a call is sent on; see [`Analysis::forwarded`].
    pub fn forwarded(
        plan: &DialPlan,
        caller: Arc<Caller>,
        later: LaterHops,
        number: &Digits,
        at: WallTime,
    ) -> Self {
        Self::to_the_end(Vec::new(), Analysis::forwarded(plan, caller, later, number, at), at)
    }

    fn to_the_end(keys: Vec<KeyTrace>, mut analysis: Analysis, mut now: WallTime) -> Self {
        let timer = analysis.plan().parameters().interdigit_timer;
        // Each lookup waits at most once.
        for _ in 0..=analysis.plan().parameters().translations_max + 1 {
            match analysis.progress() {
                Progress::Collecting { .. } | Progress::Waiting { .. } => {
                    now = now + timer;
                    analysis.set_time(now);
                    analysis.timer_expired();
                }
                Progress::Decided(_) => break,
            }
        }
        Trace { keys, analysis }
    }

    /// The analysis at its end.
    pub const fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// All time that was spent waiting for keys that did not come.
    pub fn waited(&self) -> Duration {
        self.analysis.hops().iter().map(|hop| hop.waited).sum()
    }

    /// The lookups with all that was compared and changed.
    pub fn hops(&self) -> Vec<HopTrace<'_>> {
        let plan = self.analysis.plan();
        let caller = self.analysis.caller();
        let mut space = &caller.search_space;
        let mut calling_before = caller.number;
        let mut traces = Vec::with_capacity(self.analysis.hops().len());
        for hop in self.analysis.hops() {
            let row = hop.chosen.and_then(|id| plan.pattern(id));
            let (mut called, mut calling) = (Vec::new(), Vec::new());
            let changes = row.and_then(|row| match &row.action {
                Action::Translate(translation) => Some((&translation.called, &translation.calling)),
                Action::Route(route) => Some((&route.called, &route.calling)),
                Action::Line(_)
                | Action::Hunt { .. }
                | Action::Service(_)
                | Action::Feature(_)
                | Action::Block(_) => None,
            });
            if let (Some(row), Some((called_change, calling_change))) = (row, changes) {
                let matched = (hop.by == NextHopBy::Called).then_some((&row.pattern, row.filter.as_ref()));
                called_change.apply(matched, hop.digits, |step| called.push(step));
                calling_change
                    .apply(caller.external_mask.as_ref(), calling_before, |step| calling.push(step));
            }
            let candidates = self.analysis.candidates_for(space, &hop.digits, hop.at);
            traces.push(HopTrace { hop, space, candidates, called, calling });
            calling_before = hop.calling;
            if let Some(Action::Translate(translation)) = row.map(|row| &row.action) {
                space = match &translation.next {
                    crate::plan::NextSearchSpace::Own(space) => space,
                    crate::plan::NextSearchSpace::Originator => &caller.search_space,
                };
            }
        }
        traces
    }
}

impl KeyTrace {
    fn new(analysis: &Analysis, key: Symbol, digits: Digits) -> Self {
        KeyTrace {
            key,
            digits,
            best: analysis.candidates().first().map(|best| best.pattern),
            potential: analysis.potential(NAMES, COUNTED),
            outside_dial_tone: analysis.outside_dial_tone(),
            waits: match analysis.progress() {
                Progress::Collecting { timer } => timer,
                Progress::Waiting { timer } => Some(timer),
                Progress::Decided(_) => None,
            },
        }
    }
}

/// Patterns that are named.
const NAMES: usize = 3;
/// Patterns that are counted.
const COUNTED: usize = 10_000;
