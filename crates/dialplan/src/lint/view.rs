//! What callers see of a plan: those who see the same are one.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::WallTime;

use super::{Example, Origin, OriginKind};
use crate::address::Addressed;
use crate::analysis::{Analysis, Arrival, Caller, Progress};
use crate::automaton::Walk;
use crate::plan::{Action, DialPlan, NextSearchSpace, PartitionId, SearchSpace};
use crate::schedule::Zone;
use crate::symbol::Digits;

/// A search space with who dials in it.
#[derive(Debug)]
pub(super) struct View {
    pub(super) space: SearchSpace,
    /// Its name, when it has one.
    pub(super) name: Box<str>,
    /// The first who dials in it.
    pub(super) from: Box<str>,
    pub(super) caller: Arc<Caller>,
    pub(super) lines: usize,
    pub(super) trunks: usize,
    /// The first of its trunks.
    pub(super) trunk: Option<Origin>,
    /// Somebody can dial in it: numbers get into the others by translation alone.
    pub(super) dials: bool,
    /// Somebody can dial key by key in it.
    pub(super) keys: bool,
    at: WallTime,
}

impl View {
    /// The start of a lookup.
    pub(super) fn walk(&self, plan: &DialPlan) -> Walk {
        plan.walk(&self.space, self.at, self.zone())
    }

    /// A dialling in it, to its end; after the last key there is silence.
    pub(super) fn dial(&self, plan: &DialPlan, number: &Digits, arrival: Arrival) -> Analysis {
        self.dial_as(plan, &self.caller, number, arrival)
    }

    /// The same by somebody in particular.
    pub(super) fn dial_as(
        &self,
        plan: &DialPlan,
        caller: &Arc<Caller>,
        number: &Digits,
        arrival: Arrival,
    ) -> Analysis {
        let mut analysis = Analysis::of(plan, Arc::clone(caller), arrival, number, self.at);
        // Each lookup waits at most once.
        for _ in 0..=plan.parameters().translations_max + 1 {
            match analysis.progress() {
                Progress::Collecting { .. } | Progress::Waiting { .. } => analysis.timer_expired(),
                Progress::Decided(_) => break,
            }
        }
        analysis
    }

    pub(super) fn example(&self, number: Digits, arrival: Arrival) -> Example {
        Example { from: self.from.clone(), number: number.as_str().into(), arrival, forward: None }
    }

    /// Where a name leads that is dialled in it.
    pub(super) fn address<'p>(
        &self,
        plan: &'p DialPlan,
        user: &str,
        host: Option<&str>,
    ) -> Option<Addressed<'p>> {
        plan.address(&self.space, user, host, self.at, self.zone())
    }

    pub(super) fn sees(&self, plan: &DialPlan, partition: PartitionId) -> bool {
        self.space.partitions().contains(&partition) && plan.is_open(partition, self.at, self.zone())
    }

    fn zone(&self) -> Option<&Zone> {
        self.caller.zone.as_ref()
    }
}

/// All search spaces: those of callers, those with a name that nobody uses, and those of translations.
pub(super) fn all(plan: &DialPlan, origins: &[Origin], at: WallTime) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    let mut places: BTreeMap<Vec<PartitionId>, Vec<usize>> = BTreeMap::new();
    let names: BTreeMap<&[PartitionId], &str> =
        plan.search_spaces().map(|(name, space)| (space.partitions(), name)).collect();
    let mut place = |views: &mut Vec<View>, from: Box<str>, caller: &Arc<Caller>, dials: bool| -> usize {
        let known = places.entry(caller.search_space.partitions().to_vec()).or_default();
        if let Some(place) = known.iter().find(|place| views[**place].caller.zone == caller.zone) {
            return *place;
        }
        known.push(views.len());
        let space = caller.search_space.clone();
        let name = names.get(space.partitions()).copied().unwrap_or_default().into();
        views.push(View {
            space,
            name,
            from,
            caller: Arc::clone(caller),
            lines: 0,
            trunks: 0,
            trunk: None,
            dials,
            keys: false,
            at,
        });
        views.len() - 1
    };
    for origin in origins {
        let from = || format!("{}:{}", origin.kind.word(), origin.name).into();
        let place = place(&mut views, from(), &origin.caller, true);
        match origin.kind {
            OriginKind::Line => {
                if views[place].lines == 0 {
                    // What a phone shows is closer to the operator than what a trunk does.
                    views[place].from = from();
                    views[place].caller = Arc::clone(&origin.caller);
                }
                views[place].lines += 1;
                views[place].keys = true;
            }
            OriginKind::Intercom => views[place].keys = true,
            OriginKind::Trunk | OriginKind::OverlapTrunk => {
                views[place].keys |= origin.kind == OriginKind::OverlapTrunk;
                views[place].trunks += 1;
                views[place].trunk.get_or_insert_with(|| origin.clone());
            }
        }
    }
    for (name, space) in plan.search_spaces() {
        let caller = Arc::new(Caller::new(Digits::EMPTY, space.clone()));
        place(&mut views, format!("space:{name}").into(), &caller, true);
    }
    let mut targets = vec![false; views.len()];
    for (_, row) in plan.others() {
        if let Action::Translate(translation) = &row.action
            && let NextSearchSpace::Own(space) = &translation.next
        {
            let caller = Arc::new(Caller::new(Digits::EMPTY, space.clone()));
            let place = place(&mut views, Box::from(""), &caller, false);
            targets.resize(views.len(), true);
            targets[place] = true;
        }
    }
    // A search space that nobody has yet is there for phones, unless numbers get into it by translation.
    for (view, is_target) in views.iter_mut().zip(targets) {
        view.keys |= view.dials && view.trunks == 0 && !is_target;
    }
    views
}
