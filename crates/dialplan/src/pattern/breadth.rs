//! How many different numbers of a length a pattern takes: what "closest match" compares.

use std::collections::BTreeMap;

use super::{Branch, Element, PatternError, Repeat};
use crate::symbol::{Digits, SymbolSet};

/// How many different numbers of each length a pattern takes.
///
/// Counts stop at `u128::MAX`, which 38 free digits reach; patterns that broad are equals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breadth(Count);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Count {
    /// Numbers of one length only.
    Fixed {
        /// Symbols in each.
        length: u8,
        /// How many there are.
        count: u64,
    },
    /// One element repeats: from one length on, each symbol more multiplies the count.
    Growing {
        /// Symbols in the shortest.
        length: u8,
        /// What one symbol more multiplies with.
        factor: u8,
        /// How many of the shortest there are.
        count: u64,
    },
    /// By length: several ways through the pattern, counted one by one, or more numbers than are counted above.
    Table(Box<Table>),
}

/// Counts by length.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Table(Vec<u128>);

impl Breadth {
    /// Different numbers of exactly `length` symbols.
    pub fn count(&self, length: usize) -> u128 {
        match &self.0 {
            Count::Fixed { length: fixed, count } => {
                if usize::from(*fixed) == length {
                    u128::from(*count)
                } else {
                    0
                }
            }
            Count::Growing { length: least, factor, count } => {
                match length.checked_sub(usize::from(*least)) {
                    Some(more) => {
                        u128::from(*count).saturating_mul(u128::from(*factor).saturating_pow(more as u32))
                    }
                    None => 0,
                }
            }
            Count::Table(table) => table.0.get(length).copied().unwrap_or(0),
        }
    }

    pub(super) fn of(branches: &[Branch]) -> Result<Self, PatternError> {
        if let [branch] = branches
            && let Some(breadth) = Self::of_one_way(branch)
        {
            return Ok(breadth);
        }
        Counter::new(branches).table().map(|table| Breadth(Count::Table(Box::new(Table(table)))))
    }

    /// With at most one repeat, the length says how often it repeats, so that every number is counted once.
    fn of_one_way(branch: &[Element]) -> Option<Self> {
        let mut repeats = branch.iter().filter(|element| element.repeat() != Repeat::Once);
        let repeat = repeats.next();
        if repeats.next().is_some() {
            return None;
        }
        let mut length = 0;
        let mut count = 1u64;
        for element in branch {
            if element.repeat() != Repeat::ZeroOrMore {
                length += 1;
                count = count.checked_mul(u64::from(element.set().len()))?;
            }
        }
        Some(Breadth(match repeat {
            None => Count::Fixed { length, count },
            // There are seventeen symbols.
            Some(element) => Count::Growing { length, count, factor: element.set().len() as u8 },
        }))
    }
}

/// Counts strings by walking sets of places at once, so that a string that fits in two ways counts once.
struct Counter<'b> {
    branches: &'b [Branch],
    /// Groups of symbols between which no element makes a difference.
    classes: Vec<SymbolSet>,
}

/// Places of a pattern: branch, and elements passed. Sorted, without what is there twice.
type Places = Vec<(u16, u16)>;

impl<'b> Counter<'b> {
    fn new(branches: &'b [Branch]) -> Self {
        let mut classes = vec![SymbolSet::from_bits(u32::MAX)];
        for element in branches.iter().flatten() {
            let split = |class: &SymbolSet| [class.intersection(element.set()), class.minus(element.set())];
            classes = classes.iter().flat_map(split).filter(|class| !class.is_empty()).collect();
        }
        Counter { branches, classes }
    }

    fn table(&self) -> Result<Vec<u128>, PatternError> {
        let mut table = Vec::with_capacity(Digits::LENGTH_MAX + 1);
        let start = (0..self.branches.len()).map(|branch| (branch as u16, 0)).collect();
        let mut reached = BTreeMap::from([(self.closed(start), 1u128)]);
        for _ in 0..=Digits::LENGTH_MAX {
            let accepted = reached.iter().filter(|(places, _)| self.accepts(places));
            table.push(accepted.fold(0, |sum: u128, (_, count)| sum.saturating_add(*count)));
            reached = self.step(&reached)?;
        }
        let used = table.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        table.truncate(used);
        table.shrink_to_fit();
        Ok(table)
    }

    fn step(&self, reached: &BTreeMap<Places, u128>) -> Result<BTreeMap<Places, u128>, PatternError> {
        let mut next: BTreeMap<Places, u128> = BTreeMap::new();
        for (places, count) in reached {
            for class in &self.classes {
                let places = self.after(places, *class);
                if places.is_empty() {
                    continue;
                }
                let sum = next.entry(places).or_default();
                *sum = sum.saturating_add(count.saturating_mul(u128::from(class.len())));
            }
        }
        if next.len() > STATES_MAX { Err(PatternError::TooManyWays) } else { Ok(next) }
    }

    fn after(&self, places: &Places, class: SymbolSet) -> Places {
        let mut next = Vec::new();
        for (branch, passed) in places {
            let elements = &self.branches[usize::from(*branch)];
            let again = usize::from(*passed).checked_sub(1).and_then(|last| elements.get(last));
            if again.is_some_and(|last| !last.again().intersection(class).is_empty()) {
                next.push((*branch, *passed));
            }
            if let Some(element) = elements.get(usize::from(*passed))
                && !element.set().intersection(class).is_empty()
            {
                next.push((*branch, passed + 1));
            }
        }
        self.closed(next)
    }

    /// With the places that are reached by leaving out what may be left out.
    fn closed(&self, mut places: Places) -> Places {
        let mut index = 0;
        while let Some((branch, passed)) = places.get(index).copied() {
            let element = self.branches[usize::from(branch)].get(usize::from(passed));
            if element.is_some_and(|element| element.repeat() == Repeat::ZeroOrMore) {
                places.push((branch, passed + 1));
            }
            index += 1;
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    fn accepts(&self, places: &Places) -> bool {
        places
            .iter()
            .any(|(branch, passed)| self.branches[usize::from(*branch)].len() == usize::from(*passed))
    }
}

/// Sets of places at one length beyond which a pattern is refused: `X?1XXXX…1?` doubles them with every `X`.
pub(super) const STATES_MAX: usize = 1024;
