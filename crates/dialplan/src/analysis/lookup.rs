//! One lookup: digits against the patterns of one search space.

use strowger_base::WallTime;

use crate::automaton::Walk;
use crate::parameters::TieRule;
use crate::plan::{Action, DialPlan, NextHopBy, PatternId, SearchSpace};
use crate::schedule::Zone;
use crate::symbol::{Digits, DigitsError, Symbol};

#[derive(Clone, Debug)]
pub(super) struct Lookup {
    /// When it began.
    pub(super) at: WallTime,
    digits: Digits,
    pub(super) by: NextHopBy,
    walk: Walk,
    pub(super) space: SearchSpace,
    best: Option<PatternId>,
    grows: bool,
}

impl Lookup {
    pub(super) fn new(plan: &DialPlan, space: &SearchSpace, at: WallTime, zone: Option<&Zone>) -> Self {
        let walk = plan.walk(space, at, zone);
        Lookup {
            at,
            digits: Digits::EMPTY,
            by: NextHopBy::Called,
            walk,
            space: space.clone(),
            best: None,
            grows: true,
        }
    }

    /// One symbol more, and what matches now.
    pub(super) fn key(&mut self, plan: &DialPlan, symbol: Symbol) -> Result<(), DigitsError> {
        self.eat(plan, symbol)?;
        self.judge(plan);
        Ok(())
    }

    /// One symbol more, of several; [`Lookup::judge`] follows the last.
    pub(super) fn eat(&mut self, plan: &DialPlan, symbol: Symbol) -> Result<(), DigitsError> {
        self.digits.push(symbol)?;
        self.walk.step(plan.automaton(), symbol);
        Ok(())
    }

    /// Finds the closest match: of all patterns that take the digits, the one that takes the fewest numbers of their
    /// length; of equals the one whose partition comes first; of equals there the oldest, or the newest.
    pub(super) fn judge(&mut self, plan: &DialPlan) -> Option<PatternId> {
        let length = self.digits.len();
        let mut best: Option<(Rank, PatternId)> = None;
        let mut only: Option<PatternId> = None;
        self.walk.full_matches(plan.automaton(), |id| {
            // Most numbers have one match, and one needs no comparison.
            match (only, &best) {
                (None, None) => only = Some(id),
                (Some(first), None) if first == id => {}
                (Some(first), None) => {
                    best = [first, id].map(|id| (rank(plan, &self.space, id, length), id)).into_iter().min();
                }
                (_, Some(known)) => {
                    let candidate = (rank(plan, &self.space, id, length), id);
                    if candidate < *known {
                        best = Some(candidate);
                    }
                }
            }
        });
        self.best = best.map(|(_, id)| id).or(only);
        self.grows = self.walk.could_grow(plan.automaton());
        self.best
    }

    /// The number without the `#` at its end, which was no part of it.
    pub(super) fn forget_hash(&mut self) {
        self.digits = self.digits.slice(0..self.digits.len().saturating_sub(1));
    }

    pub(super) fn takes(&self, plan: &DialPlan, symbol: Symbol) -> bool {
        self.walk.takes(plan.automaton(), symbol)
    }

    pub(super) const fn best(&self) -> Option<PatternId> {
        self.best
    }

    pub(super) const fn could_grow(&self) -> bool {
        self.grows
    }

    pub(super) const fn digits(&self) -> &Digits {
        &self.digits
    }

    pub(super) const fn walk(&self) -> &Walk {
        &self.walk
    }

    pub(super) fn full_matches(&self, plan: &DialPlan, found: impl FnMut(PatternId)) {
        self.walk.full_matches(plan.automaton(), found);
    }
}

impl DialPlan {
    /// The pattern that takes a whole number best, whatever longer ones there are.
    pub(crate) fn closest_match(
        &self,
        space: &SearchSpace,
        number: &Digits,
        at: WallTime,
        zone: Option<&Zone>,
    ) -> Option<PatternId> {
        let mut lookup = Lookup::new(self, space, at, zone);
        for symbol in number.symbols() {
            lookup.eat(self, symbol).ok()?;
        }
        lookup.judge(self)
    }
}

/// What candidates are compared by: numbers taken, place of the partition, and age as the tie rule counts it.
pub(crate) type Rank = (u128, usize, (bool, u32));

pub(crate) fn rank(plan: &DialPlan, space: &SearchSpace, id: PatternId, length: usize) -> Rank {
    // The number of a line is older than any other pattern, whenever it came.
    let is_line = plan.pattern(id).is_some_and(|row| matches!(row.action, Action::Line(_)));
    let age = (!is_line, id.0);
    let age = match plan.parameters().ties {
        TieRule::Oldest => age,
        TieRule::Newest => (!age.0, !age.1),
    };
    (plan.breadth(id, length), space.rank(plan.partition_id_of(id)), age)
}
