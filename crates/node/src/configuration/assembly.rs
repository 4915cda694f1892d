//! A configuration that can be changed without building all lines again.

use std::collections::BTreeSet;
use std::sync::Arc;

use strowger_base::{LineName, limits};
use strowger_dialplan::{DialPlanBuilder, Digits};

use super::build::{self, Built, Findings, Ground, Lines};
use super::loops::{self, Changed};
use super::{Configuration, ConfigurationError, Draft, Line, PhoneDraft, Place, lines, mobility, plan};

/// A configuration with what it takes to change single lines of it, or all that is no line. A change costs what the
/// changed lines cost, and what there is beside lines where that is changed, however many other lines there are.
pub struct Assembly {
    /// What was written that lines are made with.
    draft: Arc<Draft>,
    built: Built,
}

/// What becomes of a line.
#[derive(Clone)]
pub struct LineChange {
    /// As it was; `None` when it is new.
    pub before: Option<Line>,
    /// As it shall be; `None` when it goes.
    pub after: Option<Line>,
}

impl Assembly {
    /// Checks the whole.
    ///
    /// # Errors
    /// As of [`Draft::build`].
    pub fn new(draft: Draft) -> Result<Self, Vec<ConfigurationError>> {
        let built = build::build(&draft)?;
        Ok(Assembly { draft: Arc::new(ground(draft)), built })
    }

    /// The configuration.
    pub const fn configuration(&self) -> &Configuration {
        &self.built.configuration
    }

    /// The same with some lines changed and, where it is given, with all that is no line as in this draft, whose lines
    /// do not count. `None` when the other lines could not stay as they are, because of what is called by a name and not by a
    /// number, or because they are made of other things now; when translations go round; and after so many changes that what was
    /// there takes more room in the plan than what is: build the whole then.
    ///
    /// # Errors
    /// Everything that is wrong, with the position among `changes` as the line's.
    pub fn with(
        &self,
        others: Option<Draft>,
        changes: &[LineChange],
    ) -> Result<Option<Self>, Vec<ConfigurationError>> {
        let concerned = changes.iter().flat_map(|change| change.before.iter().chain(&change.after));
        let is_same = others.as_ref().is_none_or(|others| makes_same_lines(&self.draft, others));
        if concerned.into_iter().any(|line| !is_number(line)) || !is_same {
            return Ok(None);
        }
        let others = others.map(|others| Draft { lines: self.draft.lines.clone(), ..others });
        let mut found = Findings::default();
        let mut numbers = DialPlanBuilder::from(&self.built.configuration.calls.plan);
        if others.is_some() {
            numbers.remove_others();
            for (index, line) in self.draft.lines.iter().enumerate() {
                plan::add_line(&mut numbers, Place::Line(index), (line, &line.line_name()), &mut found);
            }
        }
        let draft = others.as_ref().unwrap_or(&self.draft);
        let (lines, numbers) = self.lines(draft, numbers, changes, &mut found);
        let numbers = numbers.build();
        if numbers.vacant() > numbers.len() + VACANT {
            return Ok(None);
        }
        let built = match &others {
            Some(draft) => {
                if !build::check_counts(draft, lines.settings.len(), &mut found) {
                    return Err(found.0);
                }
                let Built { groups, pools, .. } = &self.built;
                let ground = (Arc::clone(groups), Arc::clone(pools));
                build::with_others(draft, numbers, lines, ground, &mut found)?
            }
            None if !found.0.is_empty() => return Err(found.0),
            None if numbers.len() > limits::PATTERNS => return Ok(None),
            None => self.built.with_lines(numbers, lines),
        };
        if self.goes_round(&built, others.is_some(), changes) {
            return Ok(None);
        }
        let draft = others.map_or_else(|| Arc::clone(&self.draft), |others| Arc::new(ground(others)));
        Ok(Some(Assembly { draft, built }))
    }

    /// The lines after changes, and their numbers.
    fn lines(
        &self,
        draft: &Draft,
        mut numbers: DialPlanBuilder,
        changes: &[LineChange],
        found: &mut Findings,
    ) -> (Lines, DialPlanBuilder) {
        let Built { configuration: Configuration { sip, calls, .. }, groups, pools, shared, diallers } =
            &self.built;
        let mut lines = Lines {
            accounts: sip.lines.clone(),
            settings: calls.lines.clone(),
            shared: shared.clone(),
            diallers: diallers.clone(),
        };
        let dialled = |line: &Line| (line.partition.clone(), line.number.clone(), line.urgent);
        let moved =
            |change: &&LineChange| change.before.as_ref().map(dialled) != change.after.as_ref().map(dialled);
        // Two lines of one change may exchange their numbers.
        for before in changes.iter().filter(moved).filter_map(|change| change.before.as_ref()) {
            numbers.remove_literal(&before.partition, &before.number);
        }
        for before in changes.iter().filter_map(|change| change.before.as_ref()) {
            lines.remove(&before.line_name());
        }
        let names: Vec<Option<LineName>> =
            changes.iter().map(|change| change.after.as_ref().map(Line::line_name)).collect();
        for (index, (change, name)) in changes.iter().zip(&names).enumerate() {
            if let (Some(after), Some(name)) = (&change.after, name)
                && moved(&change)
            {
                plan::add_line(&mut numbers, Place::Line(index), (after, name), found);
            }
        }
        // What lines are made with is the same before and after.
        let dial_plan = &calls.plan;
        let longest = mobility::longest_clause(pools, dial_plan);
        let ground = Ground { draft, dial_plan, groups, pools: (pools, longest) };
        for (index, (change, name)) in changes.iter().zip(&names).enumerate() {
            let (Some(after), Some(name)) = (&change.after, name) else { continue };
            lines.add(ground, index, (after, name), found);
        }
        let changed: BTreeSet<&str> = names.iter().flatten().map(LineName::number).collect();
        for number in changed {
            let index =
                |line: &str| names.iter().position(|name| name.as_ref().is_some_and(|it| *it == *line));
            lines::check_alike(&lines.accounts, number, index, found);
        }
        (lines, numbers)
    }

    /// Whether translations lead back to themselves after a change.
    fn goes_round(&self, after: &Built, of_patterns: bool, changes: &[LineChange]) -> bool {
        let dialled = |line: &Line| (line.partition.clone(), line.number.clone());
        let moved =
            |change: &&LineChange| change.before.as_ref().map(dialled) != change.after.as_ref().map(dialled);
        let gone = changes.iter().filter(moved).filter_map(|change| change.before.as_ref());
        let gone: Vec<Digits> = gone.filter_map(|line| Digits::parse(&line.number).ok()).collect();
        let changed = match (of_patterns, after.diallers.see_more_than(&self.built.diallers)) {
            (true, _) => Changed::Patterns,
            (false, true) => Changed::Views,
            (false, false) => Changed::Numbers(&gone),
        };
        let concerns = of_patterns || changes.iter().any(LineChange::concerns_dialling);
        concerns && loops::any(&after.configuration.calls, &after.diallers, &changed)
    }
}

/// What of a draft lines are made with; forwards may name those that are called by words. It is a copy: what a large draft lay among
/// can be given back as a whole.
fn ground(mut draft: Draft) -> Draft {
    draft.lines.retain(|line| !is_number(line));
    draft.lines.shrink_to_fit();
    draft.plan.translations = Vec::new();
    draft.plan.routes = Vec::new();
    draft.plan.blocks = Vec::new();
    draft.codes = Default::default();
    draft.stations.stations = Vec::new();
    draft.clone()
}

/// Whether the same lines come of both drafts.
fn makes_same_lines(one: &Draft, other: &Draft) -> bool {
    one.domain == other.domain
        && one.forwarding == other.forwarding
        && one.plan.parameters == other.plan.parameters
        && one.plan.hours_precedence == other.plan.hours_precedence
        && one.plan.partitions == other.plan.partitions
        && one.plan.search_spaces == other.plan.search_spaces
        && one.plan.device_pools == other.plan.device_pools
        && one.plan.route_groups == other.plan.route_groups
}

impl LineChange {
    /// Whether other numbers can be dialled afterwards, or by somebody else.
    fn concerns_dialling(&self) -> bool {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return true };
        let line = |line: &Line| {
            let Line { number, partition, search_space, .. } = line;
            (number.clone(), partition.clone(), search_space.clone())
        };
        let phones = |line: &Line| -> Vec<_> {
            let phone = |it: &PhoneDraft| {
                let PhoneDraft { device_search_space, device_pool, zone, external_mask, .. } = it;
                (device_search_space.clone(), device_pool.clone(), zone.clone(), external_mask.clone())
            };
            line.phones.iter().map(phone).collect()
        };
        line(before) != line(after)
            || before.external_mask != after.external_mask
            || phones(before) != phones(after)
    }
}

/// Places of patterns that are gone, beyond as many as there are lines.
const VACANT: usize = 10_000;

fn is_number(line: &Line) -> bool {
    Digits::parse(&line.number).is_ok_and(|digits| !digits.is_empty())
}

#[cfg(test)]
mod tests;
