//! Collects a plan, and refuses what cannot stand in one.

use std::sync::Arc;

use strowger_base::Cause;

use super::{
    Action, DialPlan, NumberPattern, OverlapSending, Partition, PartitionId, PatternId, Row, SearchSpace,
    Tables,
};
use crate::address::AddressError;
use crate::automaton::Automaton;
use crate::parameters::{ParameterError, Parameters};
use crate::pattern::{Pattern, PatternError};
use crate::schedule::OpeningHours;
use crate::shared_list::SharedList;
use crate::symbol::Digits;
use crate::transform::DiscardError;

/// Collects partitions, search spaces and patterns, or changes a finished plan. A change touches only what it changes.
#[derive(Clone, Debug)]
pub struct DialPlanBuilder {
    tables: Tables,
}

/// Why something cannot be in a plan.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanError {
    /// A partition is named that does not exist.
    #[error("there is no partition {name:?}{}", wanted(.wanted_by))]
    NoSuchPartition {
        /// The name.
        name: Box<str>,
        /// The search space or pattern that names it; may be empty.
        wanted_by: Box<str>,
    },
    /// A partition or search space is there already.
    #[error("{name:?} is there already")]
    NameTaken {
        /// The name.
        name: Box<str>,
    },
    /// The same pattern is in the same partition already.
    #[error("{pattern} is in {} already, as {there}", partition_words(.partition))]
    Duplicate {
        /// The pattern.
        pattern: Box<str>,
        /// Its partition; empty for the null partition.
        partition: Box<str>,
        /// The name of the other.
        there: Box<str>,
    },
    /// It is no pattern.
    #[error("{pattern:?} is no pattern: {source}")]
    Pattern {
        /// What was written.
        pattern: Box<str>,
        /// Why not.
        source: PatternError,
    },
    /// A route filter stands at a pattern without `@`.
    #[error("{pattern} has a route filter, which acts on @ alone")]
    FilterWithoutPlan {
        /// The pattern.
        pattern: Box<str>,
    },
    /// A route filter leaves nothing that the pattern could take.
    #[error("the route filter of {pattern} leaves no dialling form")]
    FilterLeavesNothing {
        /// The pattern.
        pattern: Box<str>,
    },
    /// A discard instruction refers to what the pattern does not have.
    #[error("the discard instruction of {pattern} does not fit: {source}")]
    Discard {
        /// The pattern.
        pattern: Box<str>,
        /// Why not.
        source: DiscardError,
    },
    /// Overlap sending and codes exclude each other.
    #[error("{pattern} asks for codes and sends overlap; only one of both is possible")]
    OverlapWithCodes {
        /// The pattern.
        pattern: Box<str>,
    },
    /// It is no name or host.
    #[error("{name:?} cannot be dialled: {source}")]
    Address {
        /// What was written.
        name: Box<str>,
        /// Why not.
        source: AddressError,
    },
    /// A parameter has a value that it cannot have.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl DialPlanBuilder {
    /// An empty plan.
    pub fn new(parameters: Parameters) -> Self {
        let mut automaton = Automaton::new();
        let null = Partition { name: Box::from(""), root: automaton.root(), hours: None };
        DialPlanBuilder {
            tables: Tables {
                parameters,
                partitions: Arc::new(vec![null]),
                by_name: Arc::default(),
                search_spaces: Arc::default(),
                rows: SharedList::new(),
                count: 0,
                others: Arc::default(),
                automaton,
                addresses: Arc::default(),
            },
        }
    }

    /// An empty plan with the partitions and search spaces of another.
    pub(crate) fn without_patterns(plan: &DialPlan) -> Self {
        let mut automaton = Automaton::new();
        let partitions = plan.tables.partitions.iter();
        let partitions = partitions.map(|it| Partition { root: automaton.root(), ..it.clone() }).collect();
        let tables = Tables {
            partitions: Arc::new(partitions),
            by_name: Arc::clone(&plan.tables.by_name),
            search_spaces: Arc::clone(&plan.tables.search_spaces),
            ..DialPlanBuilder::new(Parameters::default()).tables
        };
        DialPlanBuilder { tables: Tables { automaton, ..tables } }
    }

    /// Sets timers, limits and open choices.
    ///
    /// # Errors
    /// When a value is out of its range.
    pub fn parameters(&mut self, parameters: Parameters) -> Result<(), PlanError> {
        parameters.check()?;
        self.tables.parameters = parameters;
        Ok(())
    }

    /// Adds a partition that is always open, or open at its hours.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn partition(&mut self, name: &str, hours: Option<OpeningHours>) -> Result<PartitionId, PlanError> {
        if name.is_empty() || self.tables.by_name.contains_key(name) {
            return Err(PlanError::NameTaken { name: name.into() });
        }
        let id = PartitionId(self.tables.partitions.len() as u32);
        let root = self.tables.automaton.root();
        let partition = Partition { name: name.into(), root, hours: hours.map(Arc::new) };
        Arc::make_mut(&mut self.tables.partitions).push(partition);
        Arc::make_mut(&mut self.tables.by_name).insert(name.into(), id);
        Ok(id)
    }

    /// Adds a calling search space: partitions by name, best first.
    ///
    /// # Errors
    /// When the name is taken or a partition does not exist.
    pub fn search_space<'n>(
        &mut self,
        name: &str,
        partitions: impl IntoIterator<Item = &'n str>,
    ) -> Result<SearchSpace, PlanError> {
        if name.is_empty() || self.tables.search_spaces.contains_key(name) {
            return Err(PlanError::NameTaken { name: name.into() });
        }
        let space = self.tables.search_space_of(name, partitions)?;
        Arc::make_mut(&mut self.tables.search_spaces).insert(name.into(), space.clone());
        Ok(space)
    }

    /// A search space of partitions by name, which itself gets no name.
    ///
    /// # Errors
    /// When a partition does not exist.
    pub fn search_space_of<'n>(
        &self,
        wanted_by: &str,
        partitions: impl IntoIterator<Item = &'n str>,
    ) -> Result<SearchSpace, PlanError> {
        self.tables.search_space_of(wanted_by, partitions)
    }

    /// Timers, limits and open choices, as they were set.
    pub fn rules(&self) -> &Parameters {
        &self.tables.parameters
    }

    /// All partitions by name but the null partition.
    pub fn partition_names(&self) -> impl Iterator<Item = &str> {
        self.tables.partitions.iter().skip(1).map(|partition| &*partition.name)
    }

    /// All calling search spaces by name.
    pub fn search_space_names(&self) -> impl Iterator<Item = &str> {
        self.tables.search_spaces.keys().map(|name| &**name)
    }

    /// A partition's name; empty for the null partition.
    pub fn partition_name(&self, id: PartitionId) -> &str {
        self.tables.partitions.get(id.0 as usize).map_or("", |partition| &partition.name)
    }

    /// A search space that was added.
    pub fn named_search_space(&self, name: &str) -> Option<&SearchSpace> {
        self.tables.search_spaces.get(name)
    }

    /// Adds a pattern to a partition by its name; the empty name is the null partition.
    ///
    /// # Errors
    /// When the partition does not exist, has the same pattern already, or the pattern's parts do not fit together.
    pub fn add(&mut self, partition: &str, what: NumberPattern) -> Result<PatternId, PlanError> {
        let id = self.partition_id(partition, &what.name)?;
        check(&what)?;
        if let Some(there) = self.same(id, &what) {
            let there = self.tables.rows.get(there.0).and_then(|row| row.as_deref());
            return Err(PlanError::Duplicate {
                pattern: what.pattern.text().into(),
                partition: partition.into(),
                there: there
                    .map(|row| format!("{} {}", row.what.kind(), row.what.name).into())
                    .unwrap_or_default(),
            });
        }
        let breadth = what
            .pattern
            .breadth(what.filter.as_ref())
            .map_err(|source| PlanError::Pattern { pattern: what.pattern.text().into(), source })?;
        let branches = what.pattern.branches(what.filter.as_ref());
        if branches.is_empty() {
            return Err(PlanError::FilterLeavesNothing { pattern: what.pattern.text().into() });
        }
        let place = self.tables.rows.push(None);
        let pattern = PatternId(place);
        let root = self.root(id);
        let automaton = &mut self.tables.automaton;
        let ways = branches.iter().map(|branch| automaton.insert(root, branch, pattern)).collect();
        if !matches!(what.action, Action::Line(_)) {
            // The youngest has the highest place.
            Arc::make_mut(&mut self.tables.others).push(pattern);
        }
        if let Some(row) = self.tables.rows.get_mut(place) {
            *row = Some(Arc::new(Row { what, partition: id, breadth, ways }));
            self.tables.count += 1;
        }
        Ok(pattern)
    }

    /// Adds a number or name that is taken as it is: it has no wildcard, and `+` is a plus sign.
    ///
    /// # Errors
    /// When the partition does not exist or has it already, or it cannot be dialled.
    pub fn literal(&mut self, partition: &str, text: &str, action: Action) -> Result<(), PlanError> {
        match literal_row(text, action)? {
            Ok(row) => self.add(partition, row).map(|_| ()),
            Err(action) => self.name(partition, text, action),
        }
    }

    /// The same for a number that ends the collection of digits; of a name none are collected.
    ///
    /// # Errors
    /// As of [`DialPlanBuilder::literal`].
    pub fn urgent_literal(&mut self, partition: &str, text: &str, action: Action) -> Result<(), PlanError> {
        match literal_row(text, action)? {
            Ok(row) => self.add(partition, NumberPattern { urgent: true, ..row }).map(|_| ()),
            Err(action) => self.name(partition, text, action),
        }
    }

    /// Adds a name to a partition: `alice`, or `alice@example.com`. Case makes no difference.
    ///
    /// # Errors
    /// When the partition does not exist or has the name already, or it is no name.
    pub fn name(&mut self, partition: &str, name: &str, action: Action) -> Result<(), PlanError> {
        let id = self.partition_id(partition, name)?;
        let wrong = |source| PlanError::Address { name: name.into(), source };
        match Arc::make_mut(&mut self.tables.addresses).name(id, name, action).map_err(wrong)? {
            None => Ok(()),
            Some(there) => {
                Err(PlanError::Duplicate { pattern: name.into(), partition: partition.into(), there })
            }
        }
    }

    /// Adds a way to hosts of others: a domain with all below it (`example.com`), or a network (`192.0.2.0/24`).
    ///
    /// # Errors
    /// When the partition does not exist or has the host already, or it is no host.
    pub fn host(&mut self, partition: &str, host: &str, action: Action) -> Result<(), PlanError> {
        let id = self.partition_id(partition, host)?;
        let wrong = |source| PlanError::Address { name: host.into(), source };
        match Arc::make_mut(&mut self.tables.addresses).host(id, host, action).map_err(wrong)? {
            None => Ok(()),
            Some(there) => {
                Err(PlanError::Duplicate { pattern: host.into(), partition: partition.into(), there })
            }
        }
    }

    /// Takes out a number that was added as it is ([`DialPlanBuilder::literal`]); `None` when it is not there, or is a name.
    pub fn remove_literal(&mut self, partition: &str, text: &str) -> Option<NumberPattern> {
        // Its action has no part in what it is found by.
        let row = literal_row(text, Action::Block(Cause::UNALLOCATED_NUMBER)).ok()?.ok()?;
        let id = self.partition_id(partition, text).ok()?;
        let pattern = self.same(id, &row)?;
        self.remove(pattern)
    }

    /// Takes a pattern out; `None` when it is not there.
    pub fn remove(&mut self, pattern: PatternId) -> Option<NumberPattern> {
        let row = self.tables.rows.get_mut(pattern.0)?.take()?;
        let root = self.root(row.partition);
        for way in row.ways.as_slice() {
            self.tables.automaton.remove(root, *way);
        }
        self.tables.count -= 1;
        self.tables.rows.trim(Option::is_none);
        if let Ok(place) = self.tables.others.binary_search(&pattern) {
            Arc::make_mut(&mut self.tables.others).remove(place);
        }
        Some(Arc::unwrap_or_clone(row).what)
    }

    /// Takes everything out but the numbers of lines: patterns, all names and all hosts.
    pub fn remove_others(&mut self) {
        for pattern in std::mem::take(&mut self.tables.others).iter().rev() {
            self.remove(*pattern);
        }
        self.tables.addresses = Arc::default();
    }

    /// The finished plan.
    pub fn build(self) -> DialPlan {
        DialPlan { tables: Arc::new(self.tables) }
    }

    fn partition_id(&self, name: &str, wanted_by: &str) -> Result<PartitionId, PlanError> {
        let missing = || PlanError::NoSuchPartition { name: name.into(), wanted_by: wanted_by.into() };
        match name {
            "" => Ok(PartitionId::NULL),
            name => self.tables.by_name.get(name).copied().ok_or_else(missing),
        }
    }

    fn root(&self, partition: PartitionId) -> crate::automaton::NodeId {
        // Every id was given out by this builder or the plan it came from.
        self.tables.partitions[partition.0 as usize].root
    }

    /// A pattern of the same text in the same partition.
    fn same(&self, partition: PartitionId, what: &NumberPattern) -> Option<PatternId> {
        let branch = what.pattern.branches(what.filter.as_ref()).into_iter().next()?;
        let ends = self.tables.automaton.ends_of(self.root(partition), &branch);
        ends.into_iter().find(|id| {
            let row = self.tables.rows.get(id.0).and_then(|row| row.as_deref());
            row.is_some_and(|row| row.what.pattern == what.pattern && row.what.filter == what.filter)
        })
    }
}

impl From<DialPlan> for DialPlanBuilder {
    fn from(plan: DialPlan) -> Self {
        DialPlanBuilder { tables: Arc::unwrap_or_clone(plan.tables) }
    }
}

impl From<&DialPlan> for DialPlanBuilder {
    fn from(plan: &DialPlan) -> Self {
        DialPlanBuilder { tables: Tables::clone(&plan.tables) }
    }
}

/// The row of a number that is taken as it is; the action when it is no number.
fn literal_row(text: &str, action: Action) -> Result<Result<NumberPattern, Action>, PlanError> {
    match Digits::parse(text) {
        Ok(digits) if !digits.is_empty() => {
            let name: Arc<str> = text.into();
            let wrong = |source| PlanError::Pattern { pattern: text.into(), source };
            let pattern = Pattern::of_number(&name).map_err(wrong)?;
            Ok(Ok(NumberPattern { name, ..NumberPattern::new(pattern, action) }))
        }
        Ok(_) | Err(_) => Ok(Err(action)),
    }
}

/// Whether the parts of a pattern fit together.
fn check(what: &NumberPattern) -> Result<(), PlanError> {
    let pattern = &what.pattern;
    if what.filter.is_some() && !pattern.has_national_plan() {
        return Err(PlanError::FilterWithoutPlan { pattern: pattern.text().into() });
    }
    let called = match &what.action {
        Action::Translate(translation) => &translation.called,
        Action::Route(route) => {
            let codes = route.codes.any();
            if codes && route.overlap == OverlapSending::Yes {
                return Err(PlanError::OverlapWithCodes { pattern: pattern.text().into() });
            }
            &route.called
        }
        Action::Line(_)
        | Action::Hunt { .. }
        | Action::Service(_)
        | Action::Feature(_)
        | Action::Block(_) => return Ok(()),
    };
    let wrong = |source| PlanError::Discard { pattern: pattern.text().into(), source };
    called.discard.check(pattern).map_err(wrong)
}

fn wanted(by: &str) -> String {
    if by.is_empty() { String::new() } else { format!(", which {by} names") }
}

fn partition_words(name: &str) -> String {
    if name.is_empty() { "no partition".to_owned() } else { format!("partition {name}") }
}
