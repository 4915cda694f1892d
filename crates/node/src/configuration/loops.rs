//! Translation loops, which no plan that comes into force may have: a call in one would end with cause 25, every time.

use strowger_base::WallTime;
use strowger_dialplan::lint::{self, Finding};
use strowger_dialplan::{Action, DialPlan, PatternId};

use super::build::Findings;
use super::{Draft, Place, Problem};

/// Adds every loop with the first of its translation patterns.
pub(super) fn check(draft: &Draft, calls: &strowger_callcontrol::Configuration, found: &mut Findings) {
    let plan = &calls.plan;
    if plan.patterns().all(|(_, row)| !matches!(row.action, Action::Translate(_))) {
        return;
    }
    let origins = calls.origins();
    let mut told: Vec<Vec<PatternId>> = Vec::new();
    for at in times(plan) {
        for finding in lint::loops(plan, &origins, at) {
            if !told.contains(&finding.patterns) {
                told.push(finding.patterns.clone());
                add(draft, plan, &finding, found);
            }
        }
    }
}

fn add(draft: &Draft, plan: &DialPlan, finding: &Finding, found: &mut Findings) {
    let place = finding.patterns.iter().find_map(|id| place(draft, plan, *id));
    let example = finding.example.as_ref();
    let problem = Problem::Loop {
        found: finding
            .patterns
            .first()
            .and_then(|id| plan.pattern(*id))
            .map_or("", |row| row.pattern.text())
            .into(),
        shown: example
            .map(|example| format!("{} dials {}", example.from, example.number))
            .unwrap_or_default()
            .into(),
        why: finding.what.as_str().into(),
    };
    found.add(place.unwrap_or(Place::Node), "pattern", problem);
}

/// Where a translation pattern was written.
fn place(draft: &Draft, plan: &DialPlan, id: PatternId) -> Option<Place> {
    let (row, partition) = (plan.pattern(id)?, plan.partition_of(id));
    let written = draft.plan.translations.iter().position(|written| {
        let there = &written.pattern;
        *there.pattern == *row.pattern.text() && *there.partition == *partition
    });
    written.map(Place::Translation)
}

/// Once, or every hour of a week when partitions open and close.
fn times(plan: &DialPlan) -> impl Iterator<Item = WallTime> {
    let hours = if plan.has_opening_hours() { HOURS_OF_WEEK } else { 1 };
    (0..hours).map(|hour| WallTime::from_micros(hour * 3_600_000_000))
}

const HOURS_OF_WEEK: u64 = 168;
