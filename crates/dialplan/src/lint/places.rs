//! One pattern on its way through a number, beside the automaton, which holds all patterns.

use crate::pattern::{Branch, Element, Repeat};
use crate::symbol::{Digits, Symbol, SymbolSet};

/// Where a number has led to in the ways through one pattern: branch, and elements passed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Places(Vec<(u16, u16)>);

impl Places {
    pub(super) fn start(branches: &[Branch]) -> Self {
        Self::closed((0..branches.len()).map(|branch| (branch as u16, 0)).collect(), branches)
    }

    /// After one symbol more.
    pub(super) fn after(&self, branches: &[Branch], symbol: Symbol) -> Self {
        let mut next = Vec::with_capacity(self.0.len());
        for (branch, passed) in &self.0 {
            if last(branches, *branch, *passed).is_some_and(|last| last.again().has(symbol)) {
                next.push((*branch, *passed));
            }
            if element(branches, *branch, *passed).is_some_and(|next| next.takes(symbol)) {
                next.push((*branch, passed + 1));
            }
        }
        Self::closed(next, branches)
    }

    /// After a whole number.
    pub(super) fn after_all(branches: &[Branch], number: &Digits) -> Self {
        number.symbols().fold(Self::start(branches), |places, symbol| places.after(branches, symbol))
    }

    /// The symbols that lead on.
    pub(super) fn next(&self, branches: &[Branch]) -> SymbolSet {
        self.0.iter().fold(SymbolSet::EMPTY, |set, (branch, passed)| {
            let again = last(branches, *branch, *passed).map_or(SymbolSet::EMPTY, |last| last.again());
            let next = element(branches, *branch, *passed).map_or(SymbolSet::EMPTY, |next| next.set());
            set.union(again).union(next)
        })
    }

    /// Whether the pattern takes the number as it is.
    pub(super) fn accept(&self, branches: &[Branch]) -> bool {
        self.0.iter().any(|(branch, passed)| element(branches, *branch, *passed).is_none())
    }

    /// A short end for the number, of at least one symbol when `more`, so that the pattern takes it.
    pub(super) fn end(&self, branches: &[Branch], more: bool) -> Option<Vec<Symbol>> {
        let ends = self.0.iter().filter_map(|(branch, passed)| {
            let all = branches.get(usize::from(*branch))?;
            let rest = all.get(usize::from(*passed)..)?;
            let mut end: Vec<Symbol> = rest.iter().filter_map(|element| element.example()).collect();
            if end.is_empty() && more {
                let again = last(branches, *branch, *passed).map_or(SymbolSet::EMPTY, |last| last.again());
                let set = rest.iter().fold(again, |set, element| set.union(element.set()));
                end.push(Element::once(set).example()?);
            }
            Some(end)
        });
        ends.min_by_key(Vec::len)
    }

    /// With the places that are reached by leaving out what may be left out.
    fn closed(mut places: Vec<(u16, u16)>, branches: &[Branch]) -> Self {
        let mut index = 0;
        while let Some((branch, passed)) = places.get(index).copied() {
            let next = element(branches, branch, passed);
            if next.is_some_and(|next| next.repeat() == Repeat::ZeroOrMore) {
                places.push((branch, passed + 1));
            }
            index += 1;
        }
        places.sort_unstable();
        places.dedup();
        Places(places)
    }
}

fn element(branches: &[Branch], branch: u16, passed: u16) -> Option<&Element> {
    branches.get(usize::from(branch))?.get(usize::from(passed))
}

/// The element that took the last symbol.
fn last(branches: &[Branch], branch: u16, passed: u16) -> Option<&Element> {
    element(branches, branch, passed.checked_sub(1)?)
}
