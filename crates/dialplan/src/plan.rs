//! The number table: partitions, calling search spaces, and the patterns in them.

mod builder;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::WallTime;

use crate::address::Addresses;
use crate::automaton::{Automaton, NodeId, Walk, WayId};
use crate::parameters::Parameters;
use crate::pattern::Breadth;
use crate::shared_list::SharedList;

pub use self::builder::{DialPlanBuilder, PlanError};
pub use self::rows::{
    Action, CodesRequired, Emergency, NextHopBy, NextSearchSpace, NumberPattern, OverlapSending,
    RoutePattern, RouteTarget, Translation, WaitOnNextHops,
};

/// An immutable dial plan; a copy is one reference. A call is analysed against the plan that was in force when it began.
#[derive(Clone, Debug)]
pub struct DialPlan {
    tables: Arc<Tables>,
}

/// One pattern of the number table, by its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct PatternId(pub(crate) u32);

/// One partition, by its place. The null partition is the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartitionId(u32);

/// A calling search space: partitions in order, each once, the null partition last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SearchSpace {
    partitions: Arc<[PartitionId]>,
}

/// All of it. Copies share what does not change.
#[derive(Clone, Debug)]
struct Tables {
    parameters: Parameters,
    partitions: Arc<Vec<Partition>>,
    by_name: Arc<BTreeMap<Box<str>, PartitionId>>,
    search_spaces: Arc<BTreeMap<Box<str>, SearchSpace>>,
    rows: SharedList<Option<Arc<Row>>>,
    count: usize,
    /// The rows that are no lines, oldest first: few among many.
    others: Arc<Vec<PatternId>>,
    automaton: Automaton,
    addresses: Arc<Addresses>,
}

#[derive(Clone, Debug)]
struct Partition {
    name: Box<str>,
    root: NodeId,
    /// `None`: always open.
    hours: Option<Arc<crate::schedule::OpeningHours>>,
}

/// A pattern with what the automaton needs to know of it.
#[derive(Clone, Debug)]
struct Row {
    what: NumberPattern,
    partition: PartitionId,
    breadth: Breadth,
    ways: Ways,
}

/// The ways of a pattern through the automaton. Only one with `@` has several.
#[derive(Clone, Debug)]
enum Ways {
    One(WayId),
    Several(Box<[WayId]>),
}

impl Ways {
    fn as_slice(&self) -> &[WayId] {
        match self {
            Ways::One(way) => std::slice::from_ref(way),
            Ways::Several(ways) => ways,
        }
    }
}

impl FromIterator<WayId> for Ways {
    fn from_iter<I: IntoIterator<Item = WayId>>(ways: I) -> Self {
        let ways: Box<[WayId]> = ways.into_iter().collect();
        match *ways {
            [way] => Ways::One(way),
            _ => Ways::Several(ways),
        }
    }
}

impl PartitionId {
    /// The partition of all patterns that are in none.
    pub const NULL: PartitionId = PartitionId(0);
}

impl SearchSpace {
    /// What a caller without any calling search space sees: the null partition.
    pub fn null() -> Self {
        SearchSpace { partitions: Arc::from([PartitionId::NULL]) }
    }

    /// `self` before `other`: a line's search space before its device's.
    #[must_use]
    pub fn before(&self, other: &SearchSpace) -> Self {
        Self::of(self.partitions.iter().chain(other.partitions.iter()).copied())
    }

    /// The partitions in order; one that comes twice counts at its first place.
    pub(crate) fn of(partitions: impl Iterator<Item = PartitionId>) -> Self {
        let mut list: Vec<PartitionId> = Vec::new();
        for partition in partitions.filter(|partition| *partition != PartitionId::NULL) {
            if !list.contains(&partition) {
                list.push(partition);
            }
        }
        list.push(PartitionId::NULL);
        SearchSpace { partitions: list.into() }
    }

    /// Its partitions, best first.
    pub fn partitions(&self) -> &[PartitionId] {
        &self.partitions
    }

    /// The place of a partition, 0 for the first.
    pub(crate) fn rank(&self, partition: PartitionId) -> usize {
        self.partitions.iter().position(|other| *other == partition).unwrap_or(usize::MAX)
    }
}

impl DialPlan {
    /// A plan in which nothing can be dialled.
    pub fn empty() -> Self {
        DialPlanBuilder::new(Parameters::default()).build()
    }

    /// Timers, limits and the choices that public texts leave open.
    pub fn parameters(&self) -> &Parameters {
        &self.tables.parameters
    }

    /// A pattern by its place.
    pub fn pattern(&self, id: PatternId) -> Option<&NumberPattern> {
        self.row(id).map(|row| &row.what)
    }

    /// The partition of a pattern; empty for the null partition.
    pub fn partition_of(&self, id: PatternId) -> &str {
        self.row(id).map_or("", |row| self.partition_name(row.partition))
    }

    /// All patterns, oldest first.
    pub fn patterns(&self) -> impl Iterator<Item = (PatternId, &NumberPattern)> {
        let rows = self.tables.rows.iter().enumerate();
        rows.filter_map(|(index, row)| Some((PatternId(index as u32), &row.as_ref()?.what)))
    }

    /// All patterns but those of lines, oldest first.
    pub fn others(&self) -> impl Iterator<Item = (PatternId, &NumberPattern)> {
        self.tables.others.iter().filter_map(|id| Some((*id, self.pattern(*id)?)))
    }

    /// How many patterns, names and host routes there are.
    pub fn len(&self) -> usize {
        self.tables.count + self.tables.addresses.len()
    }

    /// How many places of patterns that are gone nobody has taken since. A plan that is built anew has none.
    pub fn vacant(&self) -> usize {
        (self.tables.rows.len() as usize).saturating_sub(self.tables.count)
    }

    /// True when nothing can be dialled.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A calling search space by its name.
    pub fn search_space(&self, name: &str) -> Option<&SearchSpace> {
        self.tables.search_spaces.get(name)
    }

    /// All calling search spaces by name.
    pub fn search_spaces(&self) -> impl Iterator<Item = (&str, &SearchSpace)> {
        self.tables.search_spaces.iter().map(|(name, space)| (&**name, space))
    }

    /// The search space of partitions that are named in order.
    ///
    /// # Errors
    /// When one of them does not exist.
    pub fn search_space_of<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<SearchSpace, PlanError> {
        self.tables.search_space_of("", names)
    }

    /// All partitions but the null partition.
    pub fn partitions(&self) -> impl Iterator<Item = (PartitionId, &str)> {
        let all = self.tables.partitions.iter().enumerate().skip(1);
        all.map(|(index, partition)| (PartitionId(index as u32), &*partition.name))
    }

    /// A partition's name; empty for the null partition.
    pub fn partition_name(&self, id: PartitionId) -> &str {
        self.tables.partitions.get(id.0 as usize).map_or("", |partition| &partition.name)
    }

    /// Whether a partition exists at a time for callers in a zone.
    pub fn is_open(&self, id: PartitionId, at: WallTime, zone: Option<&crate::schedule::Zone>) -> bool {
        let hours = self.tables.partitions.get(id.0 as usize).and_then(|partition| partition.hours.as_ref());
        hours.is_none_or(|hours| hours.is_open(at, zone))
    }

    /// The start of a lookup in the partitions that are open.
    pub(crate) fn walk(
        &self,
        space: &SearchSpace,
        at: WallTime,
        zone: Option<&crate::schedule::Zone>,
    ) -> Walk {
        let open = space.partitions.iter().filter(|partition| self.is_open(**partition, at, zone));
        let roots = open.filter_map(|partition| Some(self.tables.partitions.get(partition.0 as usize)?.root));
        Walk::new(&self.tables.automaton, roots)
    }

    /// Whether any partition opens and closes.
    pub fn has_opening_hours(&self) -> bool {
        self.tables.partitions.iter().any(|partition| partition.hours.is_some())
    }

    /// Whether a partition has opening hours, so that it is not always there.
    pub fn has_hours(&self, id: PartitionId) -> bool {
        self.tables.partitions.get(id.0 as usize).is_some_and(|partition| partition.hours.is_some())
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.tables.addresses
    }

    pub(crate) fn automaton(&self) -> &Automaton {
        &self.tables.automaton
    }

    /// How many numbers of a length a pattern takes.
    pub fn breadth(&self, id: PatternId, length: usize) -> u128 {
        self.row(id).map_or(0, |row| row.breadth.count(length))
    }

    pub(crate) fn partition_id_of(&self, id: PatternId) -> PartitionId {
        self.row(id).map_or(PartitionId::NULL, |row| row.partition)
    }

    fn row(&self, id: PatternId) -> Option<&Row> {
        self.tables.rows.get(id.0)?.as_deref()
    }
}

impl Default for DialPlan {
    fn default() -> Self {
        Self::empty()
    }
}

impl Tables {
    fn search_space_of<'n>(
        &self,
        space: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<SearchSpace, PlanError> {
        let ids: Result<Vec<PartitionId>, PlanError> = names
            .into_iter()
            .map(|name| {
                let missing = || PlanError::NoSuchPartition { name: name.into(), wanted_by: space.into() };
                self.by_name.get(name).copied().ok_or_else(missing)
            })
            .collect();
        Ok(SearchSpace::of(ids?.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_takes_little_room() {
        assert!(size_of::<Row>() <= 120, "{} bytes", size_of::<Row>());
    }
}
