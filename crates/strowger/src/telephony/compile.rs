//! From a state to what takes calls, at the cost of what differs from what is in force.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use strowger_base::Secret;
use strowger_configuration::{Id, State};
use strowger_node::Draft;
use strowger_node::configuration::{Assembly, ConfigurationError, Line, LineChange};
use strowger_node::objects::{self, Extent, Secrets, Translated};

use super::ThisRun;
use crate::vault::Vault;

/// What it takes beside the state.
#[derive(Clone, Copy)]
pub(super) struct Compiler<'c> {
    pub(super) vault: &'c Vault,
    pub(super) this_run: &'c ThisRun,
}

impl Compiler<'_> {
    /// Makes of what is in force what shall be, at the cost of what differs where that is possible.
    pub(super) fn follow(
        &self,
        (before, live): (&State, &Arc<Assembly>),
        state: &State,
    ) -> Result<Arc<Assembly>, Vec<String>> {
        match objects::extent(before, state) {
            Extent::Nothing => Ok(Arc::clone(live)),
            Extent::Lines(lines) => self.changed((before, live), state, &lines, None),
            Extent::Others(lines) => {
                self.changed((before, live), state, &lines, Some(objects::others(state, self.vault)))
            }
            Extent::Whole => self.assemble(state),
        }
    }

    /// Changes these lines and, where it is given, all that is no line; the other lines stay as they are if that is possible.
    fn changed(
        &self,
        (before, live): (&State, &Arc<Assembly>),
        state: &State,
        lines: &BTreeSet<Id>,
        others: Option<Translated>,
    ) -> Result<Arc<Assembly>, Vec<String>> {
        let mut changes = Vec::with_capacity(lines.len());
        let mut phones: Vec<(Id, Vec<Id>)> = Vec::with_capacity(lines.len());
        let mut faults: Vec<String> = vec![];
        faults.extend(others.iter().flat_map(|others| &others.faults).map(ToString::to_string));
        for id in lines {
            let before = objects::line(before, *id, self.vault).and_then(|line| line.draft);
            let after = objects::line(state, *id, self.vault);
            faults.extend(after.iter().flat_map(|line| &line.faults).map(ToString::to_string));
            phones.push((*id, after.as_ref().map(|line| line.phones.clone()).unwrap_or_default()));
            let after = after.and_then(|line| line.draft).map(|line| self.this_run.line(line));
            changes.push(LineChange { before, after });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let (draft, origins) = others.map(|it| (self.this_run.draft(it.draft), it.origins)).unzip();
        match live.with(draft, &changes) {
            Ok(Some(assembly)) => Ok(Arc::new(assembly)),
            Ok(None) => self.assemble(state),
            Err(errors) => {
                let phones = phones.iter().map(|(line, phones)| (*line, phones.as_slice()));
                let origins = origins.unwrap_or_default().with_lines(phones);
                Err(origins.faults(state, &errors).iter().map(ToString::to_string).collect())
            }
        }
    }

    /// Builds the whole.
    ///
    /// A draft needs as much memory as the tables that are made of it, for a moment. It is made on a thread of its own, in room of
    /// its own, which goes back to the system as a whole; among the tables it would stay for ever. Another thread makes the tables
    /// and drops the draft: what that keeps of it at hand for itself is free when it has ended.
    pub(super) fn assemble(&self, state: &State) -> Result<Arc<Assembly>, Vec<String>> {
        let failed = || vec!["the objects cannot be read; please report this".to_owned()];
        let (send, receive) = sync_channel(1);
        std::thread::scope(|scope| {
            // What a thread needs to begin is taken from where it is begun: that must not lie behind the draft.
            let tables = scope.spawn(move || receive.recv().ok().map(|it| self.assembled(state, it)));
            let drafting = scope.spawn(move || {
                let last = vec![1; LARGE];
                let _ = send.send(objects::draft(state, self.vault));
                last
            });
            let (last, assembly) = (drafting.join(), tables.join());
            // Freeing something large lets the allocator look at the many small things before.
            drop::<Vec<u8>>(last.map_err(|_| failed())?);
            assembly.ok().flatten().unwrap_or_else(|| Err(failed()))
        })
    }

    fn assembled(&self, state: &State, translated: Translated) -> Result<Arc<Assembly>, Vec<String>> {
        if !translated.faults.is_empty() {
            return Err(translated.faults.iter().map(ToString::to_string).collect());
        }
        let draft = self.this_run.draft(translated.draft);
        let named = |errors: Vec<ConfigurationError>| {
            let faults = translated.origins.faults(state, &errors);
            faults.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        Assembly::new(draft).map(Arc::new).map_err(named)
    }
}

impl Secrets for Vault {
    fn reveal(&self, setting: &str, sealed: &str) -> Result<Secret<Box<str>>, String> {
        self.open_text(setting, sealed)
    }
}

impl ThisRun {
    /// What this run makes of a draft.
    fn draft(&self, draft: Draft) -> Draft {
        let relay = self.relay.unwrap_or(draft.relay);
        let lines = draft.lines.into_iter().map(|line| self.line(line)).collect();
        Draft { product: PRODUCT.into(), relay, lines, ..draft }
    }

    fn line(&self, mut line: Line) -> Line {
        line.no_answer = self.no_answer.unwrap_or(line.no_answer);
        line
    }
}

/// From 64 KiB on the allocator of glibc puts free pieces together; from 128 KiB on it would ask the system for each by itself.
const LARGE: usize = 100 * 1024;
/// Value of Server and User-Agent.
const PRODUCT: &str = concat!("Strowger/", env!("CARGO_PKG_VERSION"));
