//! Which calls are offered to which lines, so that a call that rings is found by its line.

use std::collections::BTreeSet;

use strowger_base::{CallId, LineName, NodeId, ShardId};

/// Calls by the lines that they are offered to, until somebody has them.
#[derive(Debug, Default)]
pub(crate) struct Offered(BTreeSet<(LineName, CallId)>);

impl Offered {
    pub(crate) fn add(&mut self, line: &LineName, call: CallId) {
        self.0.insert((line.clone(), call));
    }

    pub(crate) fn remove(&mut self, line: &LineName, call: CallId) {
        self.0.remove(&(line.clone(), call));
    }

    /// A call is known by another id.
    pub(crate) fn renumber(&mut self, line: &LineName, former: CallId, call: CallId) {
        if self.0.remove(&(line.clone(), former)) {
            self.add(line, call);
        }
    }

    /// The calls that are offered to a line.
    pub(crate) fn to(&self, line: &LineName) -> impl Iterator<Item = CallId> {
        let first = (line.clone(), CallId::new(NodeId(0), ShardId(0), 0));
        let line = line.clone();
        self.0.range(first..).take_while(move |(of, _)| *of == line).map(|(_, call)| *call)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
