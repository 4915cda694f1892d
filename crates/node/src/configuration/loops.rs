//! Translation loops, which no plan that comes into force may have: a call in one would end with cause 25, every time.

use std::collections::BTreeSet;
use std::time::Duration;

use strowger_base::WallTime;
use strowger_dialplan::lint::{self, Finding, Origin};
use strowger_dialplan::{Action, DialPlan, Digits, NextHopBy, PatternId, Translation, Zone};

use super::build::Findings;
use super::dialling::Diallers;
use super::{Draft, Place, Problem};

/// Adds every loop with the first of its translation patterns.
pub(super) fn check(draft: &Draft, calls: &strowger_callcontrol::Configuration, found: &mut Findings) {
    let plan = &calls.plan;
    if translations(plan).next().is_none() {
        return;
    }
    let origins = calls.origins_unlike();
    let mut told: Vec<Vec<PatternId>> = Vec::new();
    for at in times(plan, &origins) {
        for finding in lint::loops(plan, &origins, at) {
            if !told.contains(&finding.patterns) {
                told.push(finding.patterns.clone());
                add(draft, plan, &finding, found);
            }
        }
    }
}

/// What changed in a plan in which nothing went round.
pub(super) enum Changed<'c> {
    /// Anything.
    Patterns,
    /// Somebody sees what nobody saw before.
    Views,
    /// These numbers are gone.
    Numbers(&'c [Digits]),
}

/// Whether something goes round, without a look at every line.
pub(super) fn any(
    calls: &strowger_callcontrol::Configuration,
    diallers: &Diallers,
    changed: &Changed<'_>,
) -> bool {
    let plan = &calls.plan;
    if translations(plan).next().is_none() {
        return false;
    }
    let by_calling = translations(plan).any(|it| it.next_hop_by == NextHopBy::Calling);
    // What is looked up by the calling number is another thing for each line.
    let origins = match by_calling {
        true => calls.origins(),
        false => diallers.origins().chain(calls.trunk_origins()).collect(),
    };
    let suspicious = |at: WallTime| match changed {
        Changed::Numbers(numbers) if !by_calling && numbers.len() <= NUMBERS => {
            numbers.iter().any(|number| lint::may_go_round(plan, &origins, at, number))
        }
        Changed::Patterns | Changed::Views | Changed::Numbers(_) => true,
    };
    times(plan, &origins).into_iter().any(|at| suspicious(at) && !lint::loops(plan, &origins, at).is_empty())
}

fn translations(plan: &DialPlan) -> impl Iterator<Item = &Translation> {
    plan.others().filter_map(|(_, row)| match &row.action {
        Action::Translate(translation) => Some(&**translation),
        Action::Line(_)
        | Action::Route(_)
        | Action::Hunt { .. }
        | Action::Service(_)
        | Action::Feature(_)
        | Action::Block(_) => None,
    })
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

/// Once; or, when partitions open and close, the first quarter of an hour of a week for each set of them that is
/// open. Days of the year are not tried: a loop on holidays alone is found by the lint of that day.
fn times(plan: &DialPlan, origins: &[Origin]) -> Vec<WallTime> {
    let quarter = |index: u64| WallTime::from_micros(index * QUARTER.as_micros() as u64);
    if !plan.has_opening_hours() {
        return vec![quarter(0)];
    }
    let mut zones: Vec<Option<&Zone>> = vec![None];
    for origin in origins {
        let zone = origin.caller.zone.as_ref();
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    let mut seen = BTreeSet::new();
    let mut is_new = |at: &WallTime| {
        let open = zones.iter().flat_map(|zone| {
            let partitions = plan.partitions().filter(|(partition, _)| plan.has_hours(*partition));
            partitions.map(move |(partition, _)| plan.is_open(partition, *at, *zone))
        });
        seen.insert(open.collect::<Vec<bool>>())
    };
    (0..QUARTERS_OF_WEEK).map(quarter).filter(|at| is_new(at)).collect()
}

/// Numbers that are looked at one by one.
const NUMBERS: usize = 100;
const QUARTER: Duration = Duration::from_secs(900);
const QUARTERS_OF_WEEK: u64 = 672;
