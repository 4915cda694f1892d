//! One server.

use strowger_base::{Instant, Now};

use crate::io::{Input, Outbox, Parameters};

/// One server, or one decision thread of it.
pub struct Node {
    parameters: Parameters,
}

impl Node {
    /// A node that has seen nothing yet.
    pub const fn new(parameters: Parameters) -> Self {
        Node { parameters }
    }

    /// Takes one input; everything that follows from it is in `out` when this returns.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        let _ = (now, input, out, &self.parameters);
    }

    /// When [`Input::Timeout`] is due.
    pub const fn next_timeout(&self) -> Option<Instant> {
        None
    }
}
