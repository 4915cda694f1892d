//! A configuration that can be changed line by line.

use std::collections::BTreeSet;
use std::sync::Arc;

use strowger_base::{LineName, limits};
use strowger_dialplan::{DialPlanBuilder, Digits};

use super::build::{self, Built, Findings, Ground};
use super::{Configuration, ConfigurationError, Draft, Line, PhoneDraft, Place, lines, mobility, plan};

/// A configuration with what it takes to change single lines of it. A change costs what the changed lines cost, however
/// many others there are.
pub struct Assembly {
    /// What was written, without the lines that have numbers.
    draft: Arc<Draft>,
    built: Built,
    /// There are translation patterns.
    translates: bool,
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
    pub fn new(mut draft: Draft) -> Result<Self, Vec<ConfigurationError>> {
        let built = build::build(&draft)?;
        let translates = !draft.plan.translations.is_empty();
        // What forwards may name are words; numbers are found in the dial plan.
        draft.lines.retain(|line| !is_number(line));
        draft.lines.shrink_to_fit();
        draft.plan.translations = Vec::new();
        draft.plan.routes = Vec::new();
        draft.plan.blocks = Vec::new();
        draft.codes = Default::default();
        Ok(Assembly { draft: Arc::new(draft), built, translates })
    }

    /// The configuration.
    pub const fn configuration(&self) -> &Configuration {
        &self.built.configuration
    }

    /// The same with some lines changed; `None` when these cannot be changed alone, because what is called by a name and not
    /// by a number may be named anywhere, or because translations may go round for who dials otherwise now: build the whole then.
    ///
    /// # Errors
    /// Everything that is wrong, with the position among `changes` as the line's.
    pub fn with_lines(&self, changes: &[LineChange]) -> Result<Option<Self>, Vec<ConfigurationError>> {
        let concerned = changes.iter().flat_map(|change| change.before.iter().chain(&change.after));
        if concerned.into_iter().any(|line| !is_number(line)) {
            return Ok(None);
        }
        // Who dials what else, or sees other numbers, may go round in translations: only the whole tells.
        if self.translates && changes.iter().any(LineChange::concerns_dialling) {
            return Ok(None);
        }
        let mut found = Findings::default();
        let mut sip = strowger_sip::Configuration::clone(&self.built.configuration.sip);
        let mut calls = strowger_callcontrol::Configuration::clone(&self.built.configuration.calls);
        let mut numbers = DialPlanBuilder::from(&calls.plan);
        let dialled = |line: &Line| (line.partition.clone(), line.number.clone(), line.urgent);
        let moved =
            |change: &&LineChange| change.before.as_ref().map(dialled) != change.after.as_ref().map(dialled);
        // Two lines of one change may exchange their numbers.
        for before in changes.iter().filter(moved).filter_map(|change| change.before.as_ref()) {
            numbers.remove_literal(&before.partition, &before.number);
        }
        for before in changes.iter().filter_map(|change| change.before.as_ref()) {
            let name = before.line_name();
            sip.lines.remove(name.as_str());
            calls.lines.remove(name.as_str());
        }
        let names: Vec<Option<LineName>> =
            changes.iter().map(|change| change.after.as_ref().map(Line::line_name)).collect();
        for (index, (change, name)) in changes.iter().zip(&names).enumerate() {
            if let (Some(after), Some(name)) = (&change.after, name)
                && moved(&change)
            {
                plan::add_line(&mut numbers, Place::Line(index), (after, name), &mut found);
            }
        }
        calls.plan = numbers.build();
        if calls.plan.len() > limits::PATTERNS {
            return Ok(None);
        }
        let Built { groups, pools, shared, .. } = &self.built;
        let mut shared = shared.clone();
        let plan = calls.plan.clone();
        let longest = mobility::longest_clause(pools, &plan);
        let ground = Ground { draft: &self.draft, dial_plan: &plan, groups, pools: (pools, longest) };
        for (index, (change, name)) in changes.iter().zip(&names).enumerate() {
            let (Some(after), Some(name)) = (&change.after, name) else { continue };
            let (account, settings) = ground.line(index, after, &mut shared, &mut found);
            sip.lines.insert(name.clone(), account);
            if calls.lines.insert(name.clone(), settings) {
                lines::taken(Place::Line(index), &after.number, &mut found);
            }
        }
        let changed: BTreeSet<&str> = names.iter().flatten().map(LineName::number).collect();
        for number in changed {
            let index =
                |line: &str| names.iter().position(|name| name.as_ref().is_some_and(|it| *it == *line));
            lines::check_alike(&sip.lines, number, index, &mut found);
        }
        if !found.0.is_empty() {
            return Err(found.0);
        }
        let configuration = Configuration {
            sip: Arc::new(sip),
            calls: Arc::new(calls),
            messages: self.built.configuration.messages,
        };
        shared.forget_names();
        let built = Built { configuration, groups: Arc::clone(groups), pools: Arc::clone(pools), shared };
        Ok(Some(Assembly { draft: Arc::clone(&self.draft), built, translates: self.translates }))
    }
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

fn is_number(line: &Line) -> bool {
    Digits::parse(&line.number).is_ok_and(|digits| !digits.is_empty())
}

#[cfg(test)]
mod tests;
