//! What the lookup under way compares, for those who want to know why.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use strowger_base::WallTime;

use super::lookup::{Lookup, rank};
use super::{Analysis, State};
use crate::plan::{Action, DialPlan, PatternId, SearchSpace};
use crate::symbol::Digits;

/// A pattern that takes the digits so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Which.
    pub pattern: PatternId,
    /// How many numbers of this length it takes.
    pub breadth: u128,
    /// Place of its partition in the search space, 0 for the first.
    pub partition_rank: usize,
    /// What it loses by; `None` for the closest match.
    pub lost_by: Option<LostBy>,
}

/// Why a candidate is not the closest match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LostBy {
    /// It takes more numbers of this length.
    Breadth,
    /// It takes as many, and its partition comes later.
    Partition,
    /// It takes as many in the same partition, and is younger, as every other pattern is than a line; or older, when the tie
    /// rule says so.
    Age,
}

/// Patterns that could match with more digits.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Potential {
    /// How many; not more than was asked for.
    pub count: usize,
    /// The first of them.
    pub first: Vec<PatternId>,
    /// There are more than were counted.
    pub more: bool,
}

impl Analysis {
    /// The patterns that take the digits of the lookup under way, closest first.
    pub fn candidates(&self) -> Vec<Candidate> {
        let (State::Collecting { lookup } | State::Waiting { lookup }) = &self.state else {
            return Vec::new();
        };
        compare(&self.plan, lookup)
    }

    /// The patterns of a search space that take a whole number, closest first, for this caller at some time.
    pub fn candidates_for(&self, space: &SearchSpace, number: &Digits, at: WallTime) -> Vec<Candidate> {
        let mut lookup = Lookup::new(&self.plan, space, at, self.caller.zone.as_ref());
        for symbol in number.symbols() {
            // A number fits into a number.
            let _ = lookup.eat(&self.plan, symbol);
        }
        compare(&self.plan, &lookup)
    }

    /// The patterns that could match with more digits: the first `names` of them, counted up to `count_max`.
    pub fn potential(&self, names: usize, count_max: usize) -> Potential {
        let (State::Collecting { lookup } | State::Waiting { lookup }) = &self.state else {
            return Potential::default();
        };
        let mut seen = BTreeSet::new();
        let mut potential = Potential::default();
        lookup.walk().potential_matches(self.plan.automaton(), |id| {
            if seen.contains(&id) {
                return ControlFlow::Continue(());
            }
            if potential.count == count_max {
                potential.more = true;
                return ControlFlow::Break(());
            }
            seen.insert(id);
            potential.count += 1;
            if potential.first.len() < names {
                potential.first.push(id);
            }
            ControlFlow::Continue(())
        });
        potential
    }

    /// Whether the caller should hear the outside dial tone: digits were dialled, and every pattern that could still
    /// match asks for it. With more than a thousand patterns left it is too early to say.
    pub fn outside_dial_tone(&self) -> bool {
        let State::Collecting { lookup } = &self.state else { return false };
        if lookup.digits().is_empty() {
            return false;
        }
        let mut seen = 0;
        let mut all = true;
        lookup.walk().potential_matches(self.plan.automaton(), |id| {
            seen += 1;
            all &= self.asks_for_tone(id);
            if all && seen < TONE_PATTERNS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        all && seen > 0 && seen < TONE_PATTERNS
    }

    fn asks_for_tone(&self, id: PatternId) -> bool {
        self.plan.pattern(id).is_some_and(|pattern| match &pattern.action {
            Action::Route(route) => route.outside_dial_tone,
            Action::Line(_)
            | Action::Translate(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Feature(_)
            | Action::Block(_) => false,
        })
    }
}

fn compare(plan: &DialPlan, lookup: &Lookup) -> Vec<Candidate> {
    let mut found = BTreeSet::new();
    lookup.full_matches(plan, |id| {
        found.insert((rank(plan, &lookup.space, id, lookup.digits().len()), id));
    });
    let Some((best, _)) = found.first().copied() else { return Vec::new() };
    let candidate = |((breadth, partition_rank, age), pattern)| {
        let lost_by = match (breadth > best.0, partition_rank > best.1, age > best.2) {
            (true, _, _) => Some(LostBy::Breadth),
            (false, true, _) => Some(LostBy::Partition),
            (false, false, true) => Some(LostBy::Age),
            (false, false, false) => None,
        };
        Candidate { pattern, breadth, partition_rank, lost_by }
    };
    found.into_iter().map(candidate).collect()
}

/// Patterns that are asked for their dial tone after a key.
const TONE_PATTERNS: usize = 1000;
