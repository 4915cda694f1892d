//! Calls that come from a trunk and leave through one, and route filters with groups that leave nothing.

use super::find::Finder;
use super::finding::{Example, Finding, Kind, Severity};
use crate::analysis::{Analysis, Arrival, Decision};
use crate::national::RouteFilter;
use crate::plan::{Action, Emergency, PartitionId, PatternId, RouteTarget};
use crate::symbol::Digits;

/// What a call from a trunk leaves again by.
pub(super) struct Leaving {
    /// `None` for a name or host.
    pub(super) pattern: Option<PatternId>,
    pub(super) by: String,
    pub(super) partition: PartitionId,
    pub(super) number: Box<str>,
}

/// Where something leaves that does this.
pub(super) fn leads_out(action: &Action) -> Option<String> {
    match action {
        Action::Route(route) => Some(match &route.to {
            RouteTarget::Trunk(name) => format!("trunk {name}"),
            RouteTarget::RouteList(name) => format!("route list {name}"),
        }),
        Action::Line(_)
        | Action::Translate(_)
        | Action::Hunt { .. }
        | Action::Service(_)
        | Action::Feature(_)
        | Action::Block(_) => None,
    }
}

impl Finder<'_> {
    /// Keeps a dialling from a trunk that leaves again.
    pub(super) fn leaves(&mut self, id: PatternId, place: usize, number: &Digits, analysis: &Analysis) {
        let view = &self.views[place];
        let (Some(trunk), Some(to)) = (&view.trunk, self.way_out(analysis)) else { return };
        // The first who dials in this search space may be a phone, whose number is another.
        let again = view.dial_as(self.plan, &trunk.caller, number, Arrival::EnBloc);
        if self.way_out(&again).as_ref() == Some(&to) {
            let by = Leaving {
                pattern: Some(id),
                by: self.name(id),
                partition: self.plan.partition_id_of(id),
                number: number.as_str().into(),
            };
            self.leaving.entry((place, to.into())).or_insert(by);
        }
    }

    /// Where a call leaves. Who has to give a code first is no stranger, and calls for help shall pass.
    fn way_out(&self, analysis: &Analysis) -> Option<String> {
        let Some(Decision::Routed(routed)) = analysis.decision() else { return None };
        if routed.codes.authorization_level.is_some() || routed.emergency == Emergency::Yes {
            return None;
        }
        leads_out(&self.plan.pattern(routed.pattern)?.action)
    }

    /// One finding for each search space of trunks and each way out.
    pub(super) fn outside(&mut self) {
        for ((place, to), leaving) in std::mem::take(&mut self.leaving) {
            let view = &self.views[place];
            let Some(trunk) = &view.trunk else { continue };
            let Leaving { pattern, by, partition, number } = leaving;
            let what = format!(
                "a call from trunk {} to {number} leaves again through {to}, by {by}: strangers can call at your cost",
                trunk.name,
            );
            let names = if pattern.is_none() { vec![number.clone()] } else { Vec::new() };
            let from = format!("{}:{}", trunk.kind.word(), trunk.name).into();
            self.findings.push(Finding {
                kind: Kind::TrunkToTrunk,
                severity: Severity::Warning,
                patterns: pattern.into_iter().collect(),
                emergency: Vec::new(),
                names,
                partition: Some(partition),
                search_space: view.name.clone(),
                example: Some(Example { from, number, arrival: Arrival::EnBloc, forward: None }),
                alike: 0,
                what,
            });
        }
    }

    /// A route filter with a group of clauses that no dialling form fulfils.
    pub(super) fn filter(&mut self, id: PatternId, filter: &RouteFilter) {
        let Some(group) = filter.empty_groups().first().copied() else { return };
        let Some(view) = self.views.iter().position(|view| view.dials) else { return };
        let row = self.plan.pattern(id);
        let Some(number) = row.and_then(|row| row.pattern.example(row.filter.as_ref())) else { return };
        let what = format!(
            "group {} of the route filter of {} leaves no dialling form; only its others count, as for {number}",
            group + 1,
            self.name(id)
        );
        let shown = Some((number, Arrival::EnBloc));
        self.add(Kind::FilterGroupEmpty, Severity::Warning, vec![id], view, shown, what);
    }
}
