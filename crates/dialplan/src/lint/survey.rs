//! What can become of the numbers of one pattern in one search space: all of them, walked at once through the automaton.
//!
//! Numbers that lead to the same places of the automaton are one: a pattern `XXXX` beside three others is four
//! or five different numbers, not ten thousand.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::places::Places;
use super::view::View;
use crate::analysis::{Rank, rank};
use crate::automaton::Walk;
use crate::parameters::UrgentRule;
use crate::pattern::Branch;
use crate::plan::{DialPlan, PatternId};
use crate::symbol::{Digits, Symbol, SymbolSet};

/// Numbers of a pattern that show something; each is the first that was found.
#[derive(Default, Debug)]
pub(super) struct Survey {
    /// It leads to the pattern, however it is dialled.
    pub(super) reached: Option<Digits>,
    /// It leads to the pattern when it comes as a whole; key by key another pattern ends the dialling.
    pub(super) en_bloc: Option<Digits>,
    /// It leads to the pattern after the interdigit timer, because another pattern could still match.
    pub(super) waits: Option<Digits>,
    /// It leads to the pattern after the interdigit timer, because the pattern itself takes longer numbers.
    pub(super) waits_for_itself: Option<Digits>,
    /// It leads to the pattern at once, although other patterns could still match.
    pub(super) cuts: Option<Digits>,
    /// What hides it is not always there.
    pub(super) sometimes: bool,
    /// Nothing was left out.
    pub(super) complete: bool,
}

/// Steps that may still be taken.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) left: u64,
}

struct Node {
    walk: Walk,
    places: Places,
    digits: Digits,
    /// An urgent pattern has ended the dialling before this number was complete.
    is_cut: bool,
}

struct Surveyor<'s> {
    plan: &'s DialPlan,
    view: &'s View,
    pattern: PatternId,
    branches: &'s [Branch],
    urgent: bool,
    found: Survey,
}

/// Surveys a pattern that the view sees.
pub(super) fn survey(plan: &DialPlan, view: &View, pattern: PatternId, budget: &mut Budget) -> Survey {
    let Some(row) = plan.pattern(pattern) else { return Survey::default() };
    let branches = row.pattern.branches(row.filter.as_ref());
    let urgent = row.urgent;
    let mut surveyor =
        Surveyor { plan, view, pattern, branches: &branches, urgent, found: Survey::default() };
    surveyor.run(budget);
    surveyor.found
}

impl Surveyor<'_> {
    fn run(&mut self, budget: &mut Budget) {
        let walk = self.view.walk(self.plan);
        let places = Places::start(self.branches);
        let mut stack = vec![Node { walk, places, digits: Digits::EMPTY, is_cut: false }];
        let mut seen = BTreeSet::new();
        let mut steps = 0;
        self.found.complete = true;
        while let Some(node) = stack.pop() {
            if self.is_done() {
                return;
            }
            if steps > STEPS_OF_ONE || budget.left == 0 {
                self.found.complete = false;
                return;
            }
            let is_cut = self.look(&node);
            if node.walk.is_alone(self.plan.automaton(), self.pattern) {
                self.finish(&node, is_cut);
                continue;
            }
            let first = stack.len();
            for symbol in five_first(node.places.next(self.branches)) {
                steps += 1;
                budget.left = budget.left.saturating_sub(1);
                let mut digits = node.digits;
                if digits.push(symbol).is_err() {
                    // Numbers end here, whatever the pattern could still take.
                    break;
                }
                let mut walk = node.walk.clone();
                walk.step(self.plan.automaton(), symbol);
                let places = node.places.after(self.branches, symbol);
                let key = (digits.len(), is_cut, walk.fingerprint(), places.clone());
                if seen.insert(key) {
                    stack.push(Node { walk, places, digits, is_cut });
                }
            }
            // Where the fewest others go on, the pattern is found soonest.
            if let Some(fresh) = stack.get_mut(first..) {
                fresh.reverse();
                fresh.sort_by_cached_key(|node| std::cmp::Reverse(node.walk.fingerprint().len()));
            }
        }
    }

    /// Whether nothing more is asked.
    fn is_done(&self) -> bool {
        let waits = self.found.waits.is_some() || self.found.waits_for_itself.is_some();
        let ends_early = match self.plan.parameters().urgent {
            UrgentRule::ClosestOnly if self.urgent => self.found.cuts.is_some(),
            UrgentRule::ClosestOnly => waits,
            UrgentRule::AnyMatch => self.found.cuts.is_some() && waits,
        };
        self.found.reached.is_some() && ends_early
    }

    /// Looks at one number; whether dialling is over before a longer one.
    fn look(&mut self, node: &Node) -> bool {
        let Some((best, at_once)) = judge(self.plan, self.view, &node.walk, node.digits.len()) else {
            return node.is_cut;
        };
        let automaton = self.plan.automaton();
        let grows = node.walk.could_grow(automaton);
        let (hider, home) = (self.plan.partition_id_of(best), self.plan.partition_id_of(self.pattern));
        if best == self.pattern && node.places.accept(self.branches) {
            self.reached(node, grows, at_once);
        } else if node.places.accept(self.branches) || at_once {
            // When the other's partition is closed, the number is free.
            let is_closed_at_times = self.plan.has_hours(hider) && hider != home;
            self.found.sometimes |= is_closed_at_times;
        }
        node.is_cut || at_once && grows
    }

    fn reached(&mut self, node: &Node, grows: bool, at_once: bool) {
        let found = &mut self.found;
        let known = |known: &mut Option<Digits>| {
            known.get_or_insert(node.digits);
        };
        if node.is_cut {
            return known(&mut found.en_bloc);
        }
        known(&mut found.reached);
        if !grows {
            return;
        }
        let is_open = !node.places.next(self.branches).is_empty();
        match (others_go_on(self.plan, &node.walk, self.pattern), at_once) {
            (_, false) if is_open => known(&mut found.waits_for_itself),
            (true, true) => known(&mut found.cuts),
            (true, false) => known(&mut found.waits),
            (false, false) => known(&mut found.waits_for_itself),
            (false, true) => {}
        }
    }

    /// From here on the pattern has its numbers for itself: the shortest says it all.
    fn finish(&mut self, node: &Node, is_cut: bool) {
        let Some(end) = node.places.end(self.branches, false) else { return };
        if end.is_empty() {
            return;
        }
        let mut node =
            Node { walk: node.walk.clone(), places: node.places.clone(), digits: node.digits, is_cut };
        for symbol in end {
            if node.digits.push(symbol).is_err() {
                return;
            }
            node.walk.step(self.plan.automaton(), symbol);
            node.places = node.places.after(self.branches, symbol);
        }
        self.look(&node);
    }
}

/// The digit of examples stands for all that lead to the same places.
fn five_first(set: SymbolSet) -> impl Iterator<Item = Symbol> {
    let five = Symbol::new(b'5').filter(|five| set.has(*five));
    five.into_iter().chain(set.symbols().filter(move |symbol| Some(*symbol) != five))
}

/// The closest match, and whether it ends the dialling even where longer numbers are possible.
pub(super) fn judge(plan: &DialPlan, view: &View, walk: &Walk, length: usize) -> Option<(PatternId, bool)> {
    let mut best: Option<(Rank, PatternId)> = None;
    let mut any_urgent = false;
    let urgent = |id: PatternId| plan.pattern(id).is_some_and(|row| row.urgent);
    walk.full_matches(plan.automaton(), |id| {
        any_urgent |= urgent(id);
        let candidate = (rank(plan, &view.space, id, length), id);
        if best.is_none_or(|known| candidate < known) {
            best = Some(candidate);
        }
    });
    let (_, best) = best?;
    let at_once = match plan.parameters().urgent {
        UrgentRule::ClosestOnly => urgent(best),
        UrgentRule::AnyMatch => any_urgent,
    };
    Some((best, at_once))
}

fn others_go_on(plan: &DialPlan, walk: &Walk, pattern: PatternId) -> bool {
    let mut others = false;
    walk.potential_matches(plan.automaton(), |id| {
        others |= id != pattern;
        if others { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    others
}

/// Whether some number of these ways is taken by such a pattern of the view; `None` when it was too much to look.
pub(super) fn is_taken(
    plan: &DialPlan,
    view: &View,
    ways: &[Branch],
    by: impl Fn(PatternId) -> bool,
    budget: &mut Budget,
) -> Option<bool> {
    let automaton = plan.automaton();
    let mut stack = vec![(view.walk(plan), Places::start(ways), 0)];
    let mut seen = BTreeSet::new();
    let mut steps = 0;
    while let Some((walk, places, length)) = stack.pop() {
        let mut matches = false;
        if places.accept(ways) {
            walk.full_matches(automaton, |id| matches |= by(id));
        }
        if matches {
            return Some(true);
        }
        if steps > STEPS_OF_ONE || budget.left == 0 {
            return None;
        }
        for symbol in places.next(ways).symbols().filter(|symbol| walk.takes(automaton, *symbol)) {
            steps += 1;
            budget.left = budget.left.saturating_sub(1);
            let mut walk = walk.clone();
            walk.step(automaton, symbol);
            let places = places.after(ways, symbol);
            if length < Digits::LENGTH_MAX && seen.insert((walk.fingerprint(), places.clone())) {
                stack.push((walk, places, length + 1));
            }
        }
    }
    Some(false)
}

/// Steps for one pattern in one search space; beyond them its survey is not complete.
const STEPS_OF_ONE: u64 = 20_000;
