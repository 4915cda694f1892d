//! A line that has calls or is watched.

use std::sync::Arc;

use strowger_base::watch::{LineCall, LineState, Subject, WatchId};
use strowger_base::{HashMap, LegId, limits};

use crate::leg::Leg;

/// What is known of a line.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The legs of its phones, the oldest first.
    pub(crate) legs: Vec<LegId>,
    /// Who waits there, where it is a number of call park.
    pub(crate) parked: Option<LineCall>,
    pub(crate) watches: Vec<Watch>,
    /// It has a registered phone; kept while it is watched.
    pub(crate) registered: bool,
    /// It changed since its watchers were told.
    pub(crate) changed: bool,
    /// What those who watch its calls were told; of a line that nobody watches for them it would grow old.
    pub(crate) told: Option<Arc<LineState>>,
}

/// One who watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub(crate) id: WatchId,
    pub(crate) subject: Subject,
}

impl Line {
    /// Nothing of it needs to be kept.
    pub(crate) const fn is_idle(&self) -> bool {
        self.legs.is_empty() && self.watches.is_empty() && self.parked.is_none()
    }

    /// Somebody is told of its calls.
    pub(crate) fn is_told(&self) -> bool {
        self.watches.iter().any(|watch| matches!(watch.subject, Subject::Calls(_)))
    }

    /// Somebody left, or wants to know something else: what nobody is told any more is forgotten.
    pub(crate) fn left(&mut self) {
        if !self.is_told() {
            self.told = None;
            self.changed = false;
        }
    }

    /// How it is now.
    pub(crate) fn state(&self, calls: &HashMap<LegId, Leg>) -> LineState {
        let shown =
            self.legs.iter().filter_map(|leg| calls.get(leg)).map(|leg| &leg.call).take(limits::CALLS_SHOWN);
        let calls = shown.chain(&self.parked).cloned().collect();
        LineState { registered: self.registered, calls }
    }
}
