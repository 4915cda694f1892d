//! Which records belong to a call.

use std::collections::BTreeSet;

use strowger_base::journal::Record;
use strowger_base::{CallId, LegId};

/// Picks the records of one call, in the order of the journal.
///
/// Most carry the call's id. What a leg still says after its end (the ACK of a refusal, statistics of a port) carries
/// only the leg's, which the selector has learned by then.
#[derive(Clone, Debug)]
pub struct Selector {
    call: CallId,
    legs: BTreeSet<LegId>,
}

impl Selector {
    /// A selector for a call. Give it every record of the journal, oldest first.
    pub const fn new(call: CallId) -> Self {
        Selector { call, legs: BTreeSet::new() }
    }

    /// Whether the record belongs to the call.
    pub fn takes(&mut self, record: &Record<'_>) -> bool {
        match (record.call, record.leg) {
            (Some(call), leg) if call == self.call => {
                self.legs.extend(leg);
                true
            }
            (Some(_), _) | (None, None) => false,
            (None, Some(leg)) => self.legs.contains(&leg),
        }
    }
}
