//! A hunt in which nobody takes the call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::{Instant, LineName, Now};
use strowger_dialplan::hunt::{Exhausted, Hunt, Input, LineGroup, Members, Output, Standing};
use strowger_dialplan::{Rotation, SearchSpace};

use super::When;
use crate::configuration::{LineList, Pilot};

/// A hunt from a fresh state: no member was offered a call before, and all have been idle equally long.
#[derive(Debug)]
pub struct Hunted<'c> {
    /// The pilot's number.
    pub pilot: Box<str>,
    /// The hunt list.
    pub list: &'c LineList,
    /// The pilot's settings.
    pub settings: Arc<Pilot>,
    /// What the hunt does, in order.
    pub events: Vec<HuntEvent>,
}

/// One thing that a hunt does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HuntEvent {
    /// How long after its begin.
    pub after: Duration,
    /// What.
    pub what: Output<LineName, SearchSpace>,
}

/// Lines that all do the same.
struct Lines {
    standing: Standing,
    rotations: BTreeMap<Box<str>, Rotation<LineName>>,
}

impl Members<LineName> for Lines {
    fn standing(&self, _: &LineName) -> Standing {
        self.standing
    }

    fn rotation(&mut self, group: &LineGroup<LineName>) -> &mut Rotation<LineName> {
        self.rotations.entry(group.name().into()).or_default()
    }
}

impl<'c> Hunted<'c> {
    /// The hunt when its members do as `when` says. Those that are free ring like those that do not answer: it shows who
    /// would be next.
    pub(super) fn of(
        pilot: &str,
        list: &'c Arc<LineList>,
        settings: Option<&Arc<Pilot>>,
        when: When,
    ) -> Self {
        let standing = match when {
            When::Free | When::NoAnswer => Standing::Idle { since: Instant::START },
            When::Busy => Standing::Busy,
            When::Unregistered => Standing::NotAvailable,
        };
        let settings = settings.map(Arc::clone).unwrap_or_default();
        let mut lines = Lines { standing, rotations: BTreeMap::new() };
        let mut hunt = Hunt::new(Arc::clone(list), Arc::clone(&settings));
        let mut events = Vec::new();
        let mut said = Vec::new();
        let mut now = Instant::START;
        let mut input = Input::Started;
        loop {
            hunt.handle(Now { mono: now, ..Now::default() }, input, &mut lines, &mut said);
            let after = now.saturating_since(Instant::START);
            events.extend(said.drain(..).map(|what| HuntEvent { after, what }));
            match hunt.next_timeout() {
                // Every timeout takes at least one member from those that were not tried, or ends the hunt.
                Some(next) => (now, input) = (next, Input::Timer),
                None => break,
            }
        }
        Hunted { pilot: pilot.into(), list, settings, events }
    }

    /// Why nobody took the call.
    pub fn exhausted(&self) -> Option<Exhausted> {
        self.events.iter().find_map(|event| match &event.what {
            Output::Exhausted { because, .. } => Some(*because),
            Output::Ring { .. }
            | Output::Skipped { .. }
            | Output::Withdraw { .. }
            | Output::LeftGroup { .. }
            | Output::Connected { .. } => None,
        })
    }
}
