//! Where translations lead: round and round, back to themselves, or nowhere.

use std::collections::BTreeSet;

use strowger_base::Rng;

use super::find::{Finder, first};
use super::finding::{Kind, Severity};
use super::survey::is_taken;
use crate::analysis::{Analysis, Arrival, Decision, Reject};
use crate::pattern::Branch;
use crate::plan::{Action, DialPlan, DialPlanBuilder, NextHopBy, NextSearchSpace, PatternId, Translation};
use crate::symbol::Digits;

/// The plan with so many translations allowed that a true loop repeats itself: a number has at most 63 symbols, so that
/// it cannot grow or shrink for ever.
pub(super) struct Raised {
    plan: DialPlan,
    /// Loops and patterns that were told.
    told: BTreeSet<Vec<PatternId>>,
    runs_left: u64,
    samples: usize,
}

impl Raised {
    pub(super) fn new(plan: &DialPlan) -> Self {
        let mut builder = DialPlanBuilder::from(plan);
        let mut parameters = plan.parameters().clone();
        parameters.translations_max = parameters.translations_max.max(TRANSLATIONS);
        // What was valid stays valid with a higher limit.
        let _ = builder.parameters(parameters);
        let translations =
            plan.others().filter(|(_, row)| matches!(row.action, Action::Translate(_))).count();
        let samples = (RUNS / translations.max(1) as u64).clamp(SAMPLES_MIN, SAMPLES_MAX) as usize;
        Raised { plan: builder.build(), told: BTreeSet::new(), runs_left: RUNS, samples }
    }
}

impl Finder<'_> {
    /// Follows numbers of a pattern from a view in which somebody dials.
    pub(super) fn follow(&mut self, id: PatternId, place: usize, number: Option<Digits>) {
        let (plan, view) = (self.plan, &self.views[place]);
        let (Some(row), Some(number)) = (plan.pattern(id), number) else { return };
        if !view.dials {
            return;
        }
        match &row.action {
            Action::Translate(_) => {
                let numbers = self.samples(id, place, number);
                let mut long_ways = 0;
                for (index, number) in numbers.iter().enumerate() {
                    if self.raised.runs_left == 0 {
                        self.untried += 1;
                        return;
                    }
                    self.raised.runs_left -= 1;
                    let analysis = view.dial(plan, number, Arrival::EnBloc);
                    if first(&analysis) != Some(id) && index > 0 {
                        continue;
                    }
                    if !is_endless(&analysis) {
                        self.circle(place, number, &analysis);
                        self.leaves(id, place, number, &analysis);
                        self.calls_emergency(place, number, &analysis);
                        self.asks(place, number, &analysis);
                    } else if long_ways < LONG_WAYS {
                        long_ways += 1;
                        let longer = view.dial(&self.raised.plan, number, Arrival::EnBloc);
                        self.circle(place, number, &longer);
                    }
                }
            }
            Action::Route(route) => {
                if view.trunks > 0 || route.codes.any() || super::emergency::is_emergency(plan, id) {
                    let analysis = view.dial(plan, &number, Arrival::EnBloc);
                    self.leaves(id, place, &number, &analysis);
                    self.calls_emergency(place, &number, &analysis);
                    self.asks(place, &number, &analysis);
                }
            }
            Action::Line(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Feature(_)
            | Action::Block(_) => {}
        }
    }

    /// A dialling that comes back to where it was.
    fn circle(&mut self, place: usize, number: &Digits, analysis: &Analysis) {
        let hops = analysis.hops();
        if hops.len() < 2 {
            return;
        }
        // What follows depends on the pattern and on the numbers that it made, and on nothing before.
        let state = |index: usize| hops.get(index).map(|hop| (hop.chosen, hop.called, hop.calling));
        let last = hops.len().saturating_sub(2);
        let repeats = (0..last).rev().find(|index| state(*index) == state(last));
        let shown = Some((*number, Arrival::EnBloc));
        if is_endless(analysis)
            && let Some(begin) = repeats
        {
            let ring = hops.get(begin + 1..=last).unwrap_or_default();
            let mut patterns: Vec<PatternId> = ring.iter().filter_map(|hop| hop.chosen).collect();
            let oldest = patterns.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(index, _)| index);
            patterns.rotate_left(oldest);
            let mut key = patterns.clone();
            key.sort_unstable();
            key.dedup();
            if !self.raised.told.insert(key) {
                return;
            }
            let names: Vec<String> = patterns.iter().take(4).map(|id| self.name(*id)).collect();
            let what = format!("{number} never arrives: {} leads back to itself", names.join(", then "));
            return self.add(Kind::Loop, Severity::Error, patterns, place, shown, what);
        }
        let again = hops.iter().enumerate().find_map(|(index, hop)| {
            let id = hop.chosen?;
            hops.iter().skip(index + 1).any(|later| later.chosen == Some(id)).then_some(id)
        });
        let Some(id) = again.filter(|id| self.raised.told.insert(vec![*id, *id])) else { return };
        let translations = hops.len() as u64 - 1;
        let too_many = translations > u64::from(self.plan.parameters().translations_max);
        let (severity, end) =
            if too_many { (Severity::Warning, ", more often than is allowed") } else { (Severity::Note, "") };
        let what = format!("{} takes its own result when {number} is dialled{end}", self.name(id));
        self.add(Kind::TakesItsResult, severity, vec![id], place, shown, what);
    }

    /// Numbers of a pattern to try: the one that is known, all alike digits, and some at random.
    fn samples(&mut self, id: PatternId, place: usize, known: Digits) -> Vec<Digits> {
        let mut all = vec![known];
        let Some(row) = self.plan.pattern(id) else { return all };
        let branches = row.pattern.branches(row.filter.as_ref());
        let breadth = self.plan.breadth(id, known.len());
        let open = branches.iter().flatten().any(|element| !element.again().is_empty()) || branches.len() > 1;
        // The same numbers for the same pattern, whatever its place.
        let mut rng = Rng::new(seed(row.pattern.text(), self.plan.partition_of(id)));
        if !open && breadth <= self.raised.samples as u128 {
            each(&branches, &mut all);
            return all;
        }
        self.untried += usize::from(self.may_circle(id, place));
        let mut seen = BTreeSet::from([known.as_str().to_owned()]);
        for round in 0..self.raised.samples {
            for branch in branches.iter().take(WAYS) {
                let mut number = Digits::EMPTY;
                for element in branch {
                    let set = element.set();
                    let times = if element.again().is_empty() { 1 } else { 1 + round % OPEN };
                    for _ in 0..times {
                        let random = || set.symbols().nth(rng.below(u64::from(set.len().max(1))) as usize);
                        let alike = set.symbols().nth(round).filter(|_| round < 10);
                        number.extend(alike.or_else(random));
                    }
                }
                if seen.insert(number.as_str().to_owned()) {
                    all.push(number);
                }
            }
        }
        all
    }

    /// A translation pattern whose result nothing takes, from wherever it is dialled.
    pub(super) fn leads_nowhere(&mut self, id: PatternId, places: &[usize]) {
        let plan = self.plan;
        let Some(Action::Translate(translation)) = plan.pattern(id).map(|row| &row.action) else { return };
        if places.iter().all(|place| self.result_meets(id, *place, |_| true) == Some(false)) {
            self.nowhere(id, places, translation);
        }
    }

    /// Whether what a translation pattern makes can be taken by such a pattern; `None` when that cannot be said.
    fn result_meets(&mut self, id: PatternId, place: usize, by: impl Fn(PatternId) -> bool) -> Option<bool> {
        let (plan, views) = (self.plan, self.views);
        let row = plan.pattern(id)?;
        let Action::Translate(translation) = &row.action else { return None };
        if translation.next_hop_by == NextHopBy::Calling {
            return None;
        }
        let image = translation.called.image(&row.pattern)?;
        let next = match &translation.next {
            NextSearchSpace::Originator => &views[place],
            NextSearchSpace::Own(space) => views.iter().find(|view| view.space == *space)?,
        };
        is_taken(plan, next, std::slice::from_ref(&image), by, &mut self.budget)
    }

    /// Whether the next lookup of what a translation pattern makes can choose a translation pattern again.
    pub(super) fn may_circle(&mut self, id: PatternId, place: usize) -> bool {
        let plan = self.plan;
        let translates =
            |id: PatternId| plan.pattern(id).is_some_and(|row| matches!(row.action, Action::Translate(_)));
        self.result_meets(id, place, translates) != Some(false)
    }

    fn nowhere(&mut self, id: PatternId, places: &[usize], translation: &Translation) {
        let (plan, views) = (self.plan, self.views);
        for place in places.iter().copied().filter(|place| views[*place].dials) {
            let found = super::survey::survey(plan, &views[place], id, &mut self.budget);
            let Some(number) = found.reached.or(found.en_bloc) else { continue };
            let analysis = views[place].dial(plan, &number, Arrival::EnBloc);
            let [hop, next] = analysis.hops() else { continue };
            if hop.chosen != Some(id) || next.chosen.is_some() {
                continue;
            }
            let whose = match &translation.next {
                NextSearchSpace::Originator => "the caller sees",
                NextSearchSpace::Own(_) => "its search space has",
            };
            let what = format!(
                "{} makes {} of {number}, which nothing takes that {whose}",
                self.name(id),
                hop.called
            );
            let shown = Some((number, Arrival::EnBloc));
            return self.add(Kind::LeadsNowhere, Severity::Warning, vec![id], place, shown, what);
        }
    }
}

/// What tells a pattern from others, as a number (FNV-1a).
fn seed(pattern: &str, partition: &str) -> u64 {
    let bytes = pattern.bytes().chain([0]).chain(partition.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

pub(super) fn is_endless(analysis: &Analysis) -> bool {
    matches!(analysis.decision(), Some(Decision::Rejected(Reject::TooManyTranslations)))
}

/// All numbers of a pattern of fixed length.
fn each(branches: &[Branch], all: &mut Vec<Digits>) {
    let mut numbers = vec![Digits::EMPTY];
    for element in branches.iter().flatten() {
        let longer = |number: &Digits| {
            let number = *number;
            element.set().symbols().map(move |symbol| {
                let mut longer = number;
                longer.extend([symbol]);
                longer
            })
        };
        numbers = numbers.iter().flat_map(longer).collect();
    }
    all.extend(numbers);
}

/// Translations after which a loop has repeated itself.
const TRANSLATIONS: u32 = 200;
/// Diallings that are followed for the whole plan.
const RUNS: u64 = 200_000;
/// Numbers of one translation pattern that are followed beyond what is allowed, to tell a loop from a long way.
const LONG_WAYS: usize = 20;
/// Diallings for one translation pattern, depending on how many patterns there are.
const SAMPLES_MIN: u64 = 4;
const SAMPLES_MAX: u64 = 1000;
/// Digits at most that are tried where any number of them is taken.
const OPEN: usize = 4;
/// Ways through `@` that are tried.
const WAYS: usize = 8;
