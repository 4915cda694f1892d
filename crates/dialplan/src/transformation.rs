//! Transformation patterns: how numbers look to the device that sees them.
//!
//! They have no part in routing. When it is known which device is rung, or shown who answered, the device's
//! [`NumberView`] says in which search space each number is looked up once more; the closest match changes it, at once and
//! without a wait. Nothing matches, nothing changes. Numbers of calling, connected and redirecting parties are changed by
//! calling party transformation patterns, the called number by called party transformation patterns.

use strowger_base::WallTime;
use strowger_base::journal::NumberRole;

use crate::analysis::Presented;
use crate::pattern::Pattern;
use crate::plan::{
    Action, DialPlan, DialPlanBuilder, NextSearchSpace, NumberPattern, PlanError, SearchSpace, Translation,
};
use crate::schedule::Zone;
use crate::symbol::Digits;
use crate::transform::{CalledChange, CallingChange, ChangeStep, ExternalMask, Mask, Presentation};

/// What a transformation pattern does to the number that it takes: external phone number mask, discard, mask, prefix.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Transformation {
    /// Whether the external phone number mask of the number's line applies first; not for called numbers.
    pub external_mask: ExternalMask,
    /// What is done to the number then.
    pub change: CalledChange,
    /// Whether the number may be seen; not for called numbers.
    pub number_presentation: Presentation,
    /// Whether the name may be seen; not for called numbers.
    pub name_presentation: Presentation,
}

/// All transformation patterns of a plan, in its partitions. Immutable; a copy is two references.
#[derive(Clone, Default, Debug)]
pub struct Transformations {
    calling: DialPlan,
    called: DialPlan,
}

/// Collects transformation patterns, and refuses what cannot stand among them.
#[derive(Clone, Debug)]
pub struct TransformationsBuilder {
    calling: DialPlanBuilder,
    called: DialPlanBuilder,
}

/// How a device sees numbers: the search space of transformation patterns for each role. Where there is none, numbers are
/// seen as they are.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NumberView {
    /// For who calls it.
    pub calling: Option<SearchSpace>,
    /// For the called number that it is sent.
    pub called: Option<SearchSpace>,
    /// For who answered its call.
    pub connected: Option<SearchSpace>,
    /// For who diverted a call to it.
    pub redirecting: Option<SearchSpace>,
}

/// A number to be seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'n> {
    /// Whose it is.
    pub role: NumberRole,
    /// As the plan knows it, with what is said about its presentation so far.
    pub number: Presented,
    /// External phone number mask of its line, when it is a line's.
    pub external_mask: Option<&'n Mask>,
    /// When, for partitions with opening hours.
    pub at: WallTime,
    /// Time zone of the device that sees it.
    pub zone: Option<&'n Zone>,
}

/// What became of a number, and by which pattern.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Transformed<'t> {
    /// The pattern that took it.
    pub pattern: &'t str,
    /// Its partition; empty for the null partition.
    pub partition: &'t str,
    /// As it is seen.
    pub number: Presented,
}

impl TransformationsBuilder {
    /// None yet, in the partitions and search spaces of a plan.
    pub fn new(plan: &DialPlan) -> Self {
        let empty = DialPlanBuilder::without_patterns(plan);
        TransformationsBuilder { calling: empty.clone(), called: empty }
    }

    /// Adds a calling party transformation pattern to a partition by its name; the empty name is the null partition.
    ///
    /// # Errors
    /// When the partition does not exist or has the same pattern already, or the change does not fit the pattern.
    pub fn calling(
        &mut self,
        partition: &str,
        pattern: Pattern,
        transformation: Transformation,
    ) -> Result<(), PlanError> {
        add(&mut self.calling, partition, pattern, transformation)
    }

    /// Adds a called party transformation pattern to a partition by its name; the empty name is the null partition.
    ///
    /// # Errors
    /// When the partition does not exist or has the same pattern already, or the change does not fit the pattern.
    pub fn called(
        &mut self,
        partition: &str,
        pattern: Pattern,
        change: CalledChange,
    ) -> Result<(), PlanError> {
        let transformation = Transformation { change, ..Transformation::default() };
        add(&mut self.called, partition, pattern, transformation)
    }

    /// All of them.
    pub fn build(self) -> Transformations {
        Transformations { calling: self.calling.build(), called: self.called.build() }
    }
}

impl Transformations {
    /// What a device with this view sees; `None` where no pattern of its search space takes the number. `told` hears of
    /// every step.
    pub fn seen<'t>(
        &'t self,
        view: &NumberView,
        seen: &Seen<'t>,
        told: impl FnMut(ChangeStep<'t>),
    ) -> Option<Transformed<'t>> {
        self.transformed(view.space(seen.role)?, seen, told)
    }

    /// What becomes of a number in a search space of transformation patterns; `None` where none takes it.
    pub fn transformed<'t>(
        &'t self,
        space: &SearchSpace,
        seen: &Seen<'t>,
        mut told: impl FnMut(ChangeStep<'t>),
    ) -> Option<Transformed<'t>> {
        let table = match seen.role {
            NumberRole::Calling | NumberRole::Connected | NumberRole::Redirecting => &self.calling,
            NumberRole::Called => &self.called,
        };
        let before = seen.number.number;
        if before.is_empty() {
            return None;
        }
        let id = table.closest_match(space, &before, seen.at, seen.zone)?;
        let row = table.pattern(id)?;
        let Action::Translate(change) = &row.action else { return None };
        let masked = change.calling.apply(seen.external_mask, before, &mut told);
        let matched = Some((&row.pattern, row.filter.as_ref()));
        Some(Transformed {
            pattern: row.pattern.text(),
            partition: table.partition_of(id),
            number: Presented {
                number: change.called.apply(matched, masked, told),
                number_presentation: seen
                    .number
                    .number_presentation
                    .changed(change.calling.number_presentation),
                name_presentation: seen.number.name_presentation.changed(change.calling.name_presentation),
            },
        })
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.calling.is_empty() && self.called.is_empty()
    }
}

impl NumberView {
    /// Where numbers of a role are looked up.
    pub const fn space(&self, role: NumberRole) -> Option<&SearchSpace> {
        match role {
            NumberRole::Calling => self.calling.as_ref(),
            NumberRole::Called => self.called.as_ref(),
            NumberRole::Connected => self.connected.as_ref(),
            NumberRole::Redirecting => self.redirecting.as_ref(),
        }
    }

    /// This view; where it says nothing, the other one.
    #[must_use]
    pub fn or(&self, other: &NumberView) -> NumberView {
        let or =
            |own: &Option<SearchSpace>, other: &Option<SearchSpace>| own.clone().or_else(|| other.clone());
        NumberView {
            calling: or(&self.calling, &other.calling),
            called: or(&self.called, &other.called),
            connected: or(&self.connected, &other.connected),
            redirecting: or(&self.redirecting, &other.redirecting),
        }
    }
}

/// A transformation pattern is a row like others; it is told apart by the table in which it stands.
fn add(
    table: &mut DialPlanBuilder,
    partition: &str,
    pattern: Pattern,
    transformation: Transformation,
) -> Result<(), PlanError> {
    let Transformation { external_mask, change, number_presentation, name_presentation } = transformation;
    let calling =
        CallingChange { external_mask, number_presentation, name_presentation, ..CallingChange::default() };
    let row =
        Translation { called: change, calling, ..Translation::to(NextSearchSpace::Own(SearchSpace::null())) };
    let called_so = |error| match error {
        PlanError::Duplicate { pattern, partition, .. } => {
            let there = format!("transformation pattern {pattern}").into();
            PlanError::Duplicate { pattern, partition, there }
        }
        other => other,
    };
    table.add(partition, NumberPattern::new(pattern, Action::from(row))).map(|_| ()).map_err(called_so)
}

impl Presented {
    /// A number of which nothing is said.
    pub const fn plain(number: Digits) -> Self {
        Presented {
            number,
            number_presentation: Presentation::Default,
            name_presentation: Presentation::Default,
        }
    }
}

#[cfg(test)]
mod tests;
