//! Who dials on lines, once for all who see the same: whether translations go round depends on nothing else of them, as long as
//! none of them asks for the calling number.

use std::cmp::Ordering;
use std::sync::Arc;

use strowger_base::Sorted;
use strowger_base::sorted::{Difference, Row};
use strowger_callcontrol::configuration::Line as LineSettings;
use strowger_dialplan::lint::{Origin, OriginKind};
use strowger_dialplan::{Caller, PartitionId};

/// All that is seen of the dial plan from lines, each with how many see it.
#[derive(Clone, Default)]
pub(super) struct Diallers(Sorted<Dialler>);

#[derive(Clone)]
struct Dialler {
    /// One of those who see it; it may be gone, but the others see the same.
    caller: Arc<Caller>,
    count: usize,
}

impl Diallers {
    /// Adds a line.
    pub(super) fn add(&mut self, line: &LineSettings) {
        for phone in line.dialling_phones() {
            let there = self.0.get(&phone.dials);
            let (caller, count) = there.map_or((&phone.dials, 0), |there| (&there.caller, there.count));
            let one_more = Dialler { caller: Arc::clone(caller), count: count + 1 };
            self.0.insert(one_more);
        }
    }

    /// Takes a line out that was added.
    pub(super) fn remove(&mut self, line: &LineSettings) {
        for phone in line.dialling_phones() {
            let Some(there) = self.0.get(&phone.dials) else { continue };
            if there.count > 1 {
                let one_less = Dialler { count: there.count - 1, ..there.clone() };
                self.0.insert(one_less);
            } else {
                self.0.remove(&phone.dials);
            }
        }
    }

    /// Whether something is seen that was not seen before.
    pub(super) fn see_more_than(&self, before: &Diallers) -> bool {
        self.0.differences(&before.0).any(|difference| matches!(difference, Difference::Added(_)))
    }

    /// One for all who see the same.
    pub(super) fn origins(&self) -> impl Iterator<Item = Origin> {
        self.0.iter().map(|dialler| Origin {
            kind: OriginKind::Line,
            name: dialler.caller.number.as_str().into(),
            caller: Arc::clone(&dialler.caller),
        })
    }
}

/// What somebody sees: partitions, and when they are open.
fn sees(caller: &Caller) -> (&[PartitionId], Option<&str>) {
    (caller.search_space.partitions(), caller.zone.as_ref().map(|zone| zone.name()))
}

impl Row for Dialler {
    type Key<'k> = &'k Caller;

    fn compare(&self, caller: &Caller) -> Ordering {
        sees(&self.caller).cmp(&sees(caller))
    }

    fn order(&self, other: &Self) -> Ordering {
        self.compare(&other.caller)
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.caller, &other.caller) && self.count == other.count
    }
}
