//! Goes through the patterns, and keeps what is found.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Asking;
use super::finding::{Example, Finding, Kind, Severity};
use super::loops::Raised;
use super::outside::Leaving;
use super::places::Places;
use super::survey::{Budget, Survey, survey};
use super::view::View;
use super::{Lint, advice, emergency, names};
use crate::address::Listed;
use crate::analysis::{Analysis, Arrival};
use crate::plan::{Action, DialPlan, PartitionId, PatternId};
use crate::symbol::Digits;

pub(super) struct Finder<'f> {
    pub(super) plan: &'f DialPlan,
    pub(super) views: &'f [View],
    pub(super) budget: Budget,
    pub(super) findings: Vec<Finding>,
    pub(super) raised: Raised,
    /// Numbers that lead to an emergency service from somewhere.
    pub(super) emergency_numbers: emergency::Numbers,
    /// Patterns that lead to an emergency service, also those that say nothing about it themselves.
    pub(super) for_help: BTreeSet<PatternId>,
    /// Diallings that are asked for codes.
    pub(super) asking: Asking,
    /// Trunk calls that leave again: by place of the view and name of where they go.
    pub(super) leaving: BTreeMap<(usize, Box<str>), Leaving>,
    views_of: BTreeMap<PartitionId, Vec<usize>>,
    /// Patterns that were not looked at to the end.
    unfinished: usize,
    pub(super) closed: usize,
    pub(super) untried: usize,
}

impl<'f> Finder<'f> {
    pub(super) fn new(plan: &'f DialPlan, views: &'f [View]) -> Self {
        let mut views_of: BTreeMap<PartitionId, Vec<usize>> = BTreeMap::new();
        for (place, view) in views.iter().enumerate() {
            for partition in view.space.partitions() {
                views_of.entry(*partition).or_default().push(place);
            }
        }
        Finder {
            plan,
            views,
            budget: Budget { left: STEPS },
            findings: Vec::new(),
            raised: Raised::new(plan),
            emergency_numbers: emergency::Numbers::default(),
            for_help: BTreeSet::new(),
            asking: Asking::default(),
            leaving: BTreeMap::new(),
            views_of,
            unfinished: 0,
            closed: 0,
            untried: 0,
        }
    }

    /// Every pattern where it is seen.
    pub(super) fn patterns(&mut self) {
        let plan = self.plan;
        plan.patterns().for_each(|(id, row)| {
            if let Some(filter) = &row.filter {
                self.filter(id, filter);
            }
            self.pattern(id);
        });
    }

    /// The translation patterns only.
    pub(super) fn translations(&mut self) {
        let plan = self.plan;
        let translations = plan.others().filter(|(_, row)| matches!(row.action, Action::Translate(_)));
        for (id, _) in translations {
            for place in self.views_of(id) {
                let views = self.views;
                if !views[place].dials || self.budget.left == 0 || !self.may_circle(id, place) {
                    continue;
                }
                let found = survey(plan, &views[place], id, &mut self.budget);
                self.follow(id, place, found.reached.or(found.en_bloc));
            }
        }
    }

    /// The views that see a pattern, those in which somebody can dial first.
    fn views_of(&self, id: PatternId) -> Vec<usize> {
        self.views_with(self.plan.partition_id_of(id))
    }

    /// The views that see a partition, those in which somebody can dial first.
    pub(super) fn views_with(&self, partition: PartitionId) -> Vec<usize> {
        let mut places = self.views_of.get(&partition).cloned().unwrap_or_default();
        places.retain(|place| self.views[*place].sees(self.plan, partition));
        places.sort_by_key(|place| !self.views[*place].dials);
        places
    }

    /// Whether some view has a partition, open or closed.
    pub(super) fn is_in_a_view(&self, partition: PartitionId) -> bool {
        self.views_of.contains_key(&partition)
    }

    fn pattern(&mut self, id: PatternId) {
        let (plan, views) = (self.plan, self.views);
        let places = self.views_of(id);
        if places.is_empty() {
            // A partition that is in no search space is one finding, however much is in it.
            self.closed += usize::from(self.is_in_a_view(plan.partition_id_of(id)));
            return;
        }
        let mut all = Standing::default();
        for place in &places {
            if self.budget.left == 0 {
                all.unfinished = true;
                break;
            }
            let view = &views[*place];
            let found = survey(plan, view, id, &mut self.budget);
            all.unfinished |= !found.complete;
            all.reached |= found.reached.is_some() || found.sometimes;
            if let Some(number) = found.en_bloc {
                // A translated number is looked up as a whole.
                all.reached |= !view.keys;
                all.en_bloc.get_or_insert((*place, number));
            }
            if view.keys {
                self.waits(id, *place, &found, &mut all);
                self.cuts(id, *place, &found, &mut all);
            }
            self.follow(id, *place, found.reached.or(found.en_bloc));
        }
        self.unfinished += usize::from(all.unfinished);
        if all.unfinished {
            return;
        }
        if !all.reached {
            self.never(id, places[0], all.en_bloc);
        }
        self.leads_nowhere(id, &places);
    }

    fn waits(&mut self, id: PatternId, place: usize, found: &Survey, all: &mut Standing) {
        let (kind, severity, number, told) = match (found.waits, found.waits_for_itself) {
            (Some(number), _) => (Kind::Waits, Severity::Warning, number, &mut all.waits),
            (None, Some(number)) => (Kind::OpenLength, Severity::Note, number, &mut all.open),
            (None, None) => return,
        };
        if std::mem::replace(told, true) {
            return;
        }
        let analysis = self.views[place].dial(self.plan, &number, Arrival::KeyByKey);
        let waited = analysis.hops().first().filter(|hop| hop.chosen == Some(id)).map(|hop| hop.waited);
        let Some(waited) = waited.filter(|waited| !waited.is_zero()) else { return };
        let longer = self.longer(place, id, &number);
        let longer_name = longer.first().map(|(other, _)| self.name(*other)).unwrap_or_default();
        let what = match kind {
            Kind::Waits => format!(
                "{} waits {} s for further digits, because {longer_name} takes longer numbers that begin alike",
                self.name(id),
                waited.as_secs()
            ),
            _ => format!(
                "{} waits {} s after the last digit, because its numbers have no fixed length",
                self.name(id),
                waited.as_secs()
            ),
        };
        let patterns =
            std::iter::once(id).chain(longer.into_iter().map(|(other, _)| other)).collect::<Vec<_>>();
        self.add(kind, severity, patterns, place, Some((number, Arrival::KeyByKey)), what);
    }

    fn cuts(&mut self, id: PatternId, place: usize, found: &Survey, all: &mut Standing) {
        let Some(number) = found.cuts else { return };
        if all.cuts {
            return;
        }
        let view = &self.views[place];
        for (other, whole) in self.longer(place, id, &number) {
            let keys = view.dial(self.plan, &whole, Arrival::KeyByKey);
            let en_bloc = view.dial(self.plan, &whole, Arrival::EnBloc);
            if first(&keys) != Some(id) || keys.keys_used() != number.len() || first(&en_bloc) != Some(other)
            {
                continue;
            }
            all.cuts = true;
            // 911 shall go out at once, whatever else begins with it; and a number of known length beside `+!`, which
            // takes it too, is what urgency is for.
            let meant = emergency::is_emergency(self.plan, id) || self.takes(other, &number);
            let severity = if meant { Severity::Note } else { Severity::Warning };
            let what = format!(
                "{} is urgent and takes {number} at once, so that {} gets {whole} only as a whole",
                self.name(id),
                self.name(other)
            );
            let shown = Some((whole, Arrival::KeyByKey));
            // All of them: which is told depends on what is found about the others.
            self.add(Kind::CutsOff, severity, vec![id, other], place, shown, what);
        }
    }

    fn takes(&self, id: PatternId, number: &Digits) -> bool {
        self.plan.pattern(id).is_some_and(|row| row.pattern.split(row.filter.as_ref(), number).is_some())
    }

    /// Patterns that take longer numbers, each with one that begins with this number.
    fn longer(&self, place: usize, id: PatternId, number: &Digits) -> Vec<(PatternId, Digits)> {
        let plan = self.plan;
        let mut walk = self.views[place].walk(plan);
        number.symbols().for_each(|symbol| walk.step(plan.automaton(), symbol));
        let mut others: Vec<PatternId> = Vec::new();
        walk.potential_matches(plan.automaton(), |other| {
            if other != id && !others.contains(&other) {
                others.push(other);
            }
            if others.len() < NAMED {
                std::ops::ControlFlow::Continue(())
            } else {
                std::ops::ControlFlow::Break(())
            }
        });
        let whole = |other: PatternId| {
            let row = plan.pattern(other)?;
            let branches = row.pattern.branches(row.filter.as_ref());
            let end = Places::after_all(&branches, number).end(&branches, true)?;
            let mut whole = *number;
            end.into_iter().try_for_each(|symbol| whole.push(symbol)).ok()?;
            Some((other, whole))
        };
        others.into_iter().filter_map(whole).collect()
    }

    fn never(&mut self, id: PatternId, place: usize, en_bloc: Option<(usize, Digits)>) {
        let view = &self.views[place];
        if let Some((place, number)) = en_bloc {
            let keys = self.views[place].dial(self.plan, &number, Arrival::KeyByKey);
            let Some(by) = first(&keys).filter(|by| *by != id) else { return };
            let what = format!(
                "{} is never reached key by key: {}, which is urgent, takes {} at once",
                self.name(id),
                self.name(by),
                number.slice(0..keys.keys_used())
            );
            let shown = Some((number, Arrival::KeyByKey));
            return self.add(Kind::NeverKeyByKey, Severity::Warning, vec![id, by], place, shown, what);
        }
        if !view.dials {
            return;
        }
        let row = self.plan.pattern(id);
        let Some(number) = row.and_then(|row| row.pattern.example(row.filter.as_ref())) else { return };
        let Some(by) = first(&view.dial(self.plan, &number, Arrival::EnBloc)).filter(|by| *by != id) else {
            return;
        };
        let what = format!("{} never matches: {} takes {number}, and the like", self.name(id), self.name(by));
        let shown = Some((number, Arrival::EnBloc));
        self.add(Kind::NeverMatches, Severity::Warning, vec![id, by], place, shown, what);
    }

    /// Partitions that no search space has.
    pub(super) fn partitions(&mut self) {
        let plan = self.plan;
        let unseen: Vec<PartitionId> =
            plan.partitions().map(|(id, _)| id).filter(|id| !self.views_of.contains_key(id)).collect();
        let mut inside: BTreeMap<PartitionId, (PatternId, usize)> = BTreeMap::new();
        if !unseen.is_empty() {
            for (id, _) in plan.patterns() {
                let (shown, count) = inside.entry(plan.partition_id_of(id)).or_insert((id, 0));
                *count += 1;
                // The worst that nobody can dial.
                if emergency::is_emergency(plan, id) && !emergency::is_emergency(plan, *shown) {
                    *shown = id;
                }
            }
        }
        for partition in unseen {
            let inside = inside.get(&partition).copied();
            let (first_in, patterns) = inside.map_or((None, 0), |(id, count)| (Some(id), count));
            let addresses: Vec<Listed<'_>> =
                plan.addresses().all().filter(|address| address.partition == partition).collect();
            let count = patterns + addresses.len();
            let row = first_in.and_then(|id| plan.pattern(id));
            let number = row.and_then(|row| row.pattern.example(row.filter.as_ref()));
            let view = self.views.iter().find(|view| view.dials);
            let example = number.zip(view).and_then(|(number, view)| {
                (first(&view.dial(plan, &number, Arrival::EnBloc)) != first_in)
                    .then(|| view.example(number, Arrival::EnBloc))
            });
            let by_name = || view.zip(addresses.first()).map(|(view, address)| names::example(view, address));
            let example = example.or_else(by_name);
            let what = format!(
                "partition {} is in no calling search space: nobody can dial what is in it ({count})",
                plan.partition_name(partition)
            );
            self.findings.push(Finding {
                kind: Kind::PartitionUnseen,
                severity: if count > 0 { Severity::Warning } else { Severity::Note },
                patterns: first_in.into_iter().collect(),
                emergency: Vec::new(),
                names: addresses.iter().take(NAMED).map(|address| address.text.into()).collect(),
                partition: Some(partition),
                search_space: Box::default(),
                example,
                alike: 0,
                what,
            });
        }
    }

    pub(super) fn add(
        &mut self,
        kind: Kind,
        severity: Severity,
        patterns: Vec<PatternId>,
        place: usize,
        example: Option<(Digits, Arrival)>,
        what: String,
    ) {
        let view = &self.views[place];
        let example: Option<Example> = example.map(|(number, arrival)| view.example(number, arrival));
        let partition = patterns.first().map(|id| self.plan.partition_id_of(*id));
        let search_space = view.name.clone();
        self.findings.push(Finding {
            kind,
            severity,
            patterns,
            emergency: Vec::new(),
            names: Vec::new(),
            partition,
            search_space,
            example,
            alike: 0,
            what,
        });
    }

    /// `route pattern 9.911 in emergency`.
    pub(super) fn name(&self, id: PatternId) -> String {
        let Some(row) = self.plan.pattern(id) else { return String::new() };
        self.words(row.kind(), row.pattern.text(), self.plan.partition_id_of(id))
    }

    pub(super) fn words(&self, kind: &str, text: &str, partition: PartitionId) -> String {
        match self.plan.partition_name(partition) {
            "" => format!("{kind} {text}"),
            partition => format!("{kind} {text} in {partition}"),
        }
    }

    /// Says of the findings which of their patterns are for emergency calls.
    fn mark_emergency(&mut self) {
        let plan = self.plan;
        let for_help = |id: &PatternId| self.for_help.contains(id) || emergency::is_emergency(plan, *id);
        for finding in &mut self.findings {
            finding.emergency = finding.patterns.iter().copied().filter(for_help).collect();
        }
    }

    pub(super) fn finish(mut self) -> Lint {
        self.mark_emergency();
        let mut findings = advice::without_repetitions(self.findings);
        findings.sort_by_key(|finding| (finding.severity, finding.kind));
        // One pattern `2!` can make every line wait: that is one thing to mend, not a hundred thousand.
        let mut alike: BTreeMap<(Kind, Severity, Option<PatternId>), (usize, usize)> = BTreeMap::new();
        let mut kept: Vec<Finding> = Vec::new();
        for finding in findings {
            let cause = finding.patterns.get(1).copied();
            let (count, last) = alike.entry((finding.kind, finding.severity, cause)).or_insert((0, 0));
            *count += 1;
            if *count <= ALIKE {
                *last = kept.len();
                kept.push(finding);
            } else if let Some(last) = kept.get_mut(*last) {
                last.alike += 1;
            }
        }
        let mut incomplete = Vec::new();
        let mut say = |count: usize, what: &str| {
            if count > 0 {
                incomplete.push(format!("{count} {what}"));
            }
        };
        say(self.unfinished, "patterns have more different numbers than were looked at");
        say(self.untried, "translation patterns take more numbers than were tried for loops");
        say(self.closed, "patterns are in partitions that are closed at this time");
        Lint { findings: kept, incomplete }
    }
}

/// What is known of one pattern over all views.
#[derive(Default)]
struct Standing {
    reached: bool,
    en_bloc: Option<(usize, Digits)>,
    unfinished: bool,
    waits: bool,
    open: bool,
    cuts: bool,
}

/// The pattern that the first lookup chose.
pub(super) fn first(analysis: &Analysis) -> Option<PatternId> {
    analysis.hops().first()?.chosen
}

/// Steps for the whole plan: some seconds.
const STEPS: u64 = 10_000_000;
/// Findings of one kind with one cause that are told one by one.
const ALIKE: usize = 10;
/// Longer patterns that are named, or tried.
const NAMED: usize = 3;
