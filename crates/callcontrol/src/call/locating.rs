//! The call waits for the phones of a line, or of all members of a hunt list.

use std::collections::BTreeSet;
use std::sync::Arc;

use strowger_base::LineName;
use strowger_base::leg::Signal;

use super::way::{Hunting, LineWay, Phones, Way};
use super::{State, Step};
use crate::io::{Contact, Output};

/// Phones are being looked up for the way that the call takes.
pub(super) enum Locating {
    /// Those of one line.
    Line(LineName),
    /// This one of a line, which waits for a call back.
    Phone { line: LineName, phone: Option<Arc<str>> },
    /// Those of several.
    Members {
        /// Lines of which nothing is known yet.
        awaited: BTreeSet<LineName>,
        found: Phones,
    },
}

impl Locating {
    /// Asks for the phones of a line.
    pub(super) fn line(step: &mut Step<'_>, line: &LineName) -> State {
        step.out.items.push(Output::Locate { request: step.facts.id, line: line.clone() });
        State::Locating(Locating::Line(line.clone()))
    }

    /// Asks for the phones of a line of which one is meant; `None` for the only one.
    pub(super) fn phone(step: &mut Step<'_>, line: &LineName, phone: Option<Arc<str>>) -> State {
        step.out.items.push(Output::Locate { request: step.facts.id, line: line.clone() });
        State::Locating(Locating::Phone { line: line.clone(), phone })
    }

    /// Asks for the phones of several lines; of each once.
    pub(super) fn members<'m>(step: &mut Step<'_>, lines: impl Iterator<Item = &'m LineName>) -> State {
        let awaited: BTreeSet<LineName> = lines.cloned().collect();
        let request = step.facts.id;
        step.out.items.extend(awaited.iter().map(|line| Output::Locate { request, line: line.clone() }));
        Locating::Members { awaited, found: Phones::new() }.go_on(step)
    }

    /// The phones of `line` are these. An answer that nobody waits for any more changes nothing.
    pub(super) fn located(self, step: &mut Step<'_>, line: &LineName, contacts: &[Contact]) -> State {
        match self {
            Locating::Line(wanted) if wanted == *line => LineWay::located(step, &wanted, contacts),
            Locating::Phone { line: wanted, phone } if wanted == *line => {
                step.ring_waiting(&wanted, phone.as_ref(), contacts)
            }
            Locating::Line(_) | Locating::Phone { .. } => State::Locating(self),
            Locating::Members { mut awaited, mut found } => {
                if awaited.remove(line) {
                    found.insert(line.clone(), contacts.into());
                }
                Locating::Members { awaited, found }.go_on(step)
            }
        }
    }

    /// Only the caller is there to tell something.
    pub(super) fn signal(self, step: &mut Step<'_>, signal: Signal) -> State {
        match step.before_ringing(signal) {
            Some(ended) => ended,
            None => State::Locating(self),
        }
    }

    fn go_on(self, step: &mut Step<'_>) -> State {
        let found = match self {
            Locating::Members { awaited, found } if awaited.is_empty() => found,
            waiting @ (Locating::Line(_) | Locating::Phone { .. } | Locating::Members { .. }) => {
                return State::Locating(waiting);
            }
        };
        match std::mem::replace(&mut step.facts.way, Way::None) {
            Way::Hunt(hunting) => Hunting::located(hunting, step, &found),
            Way::None
            | Way::Alone
            | Way::Line(_)
            | Way::RouteList(_)
            | Way::Prompt(_)
            | Way::Announcement(_) => step.lost_its_way(),
        }
    }
}
