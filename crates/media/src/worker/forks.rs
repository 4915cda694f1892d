//! Forks: each has a port of its own and hangs in the relay that it copies, while that is there.

use super::{Port, Purpose, Worker};
use crate::control::PortId;
use crate::fork::Fork;

impl Worker {
    /// The sockets of a fork are open: it hangs itself into its relay.
    pub(super) fn hang(&mut self, of: PortId, fork: Box<Fork>) -> Port {
        let idle = match self.ports.get_mut(&of) {
            Some(Port::Relay(relay)) => relay.hang(fork),
            // The relay is closed or was never opened: there is nothing to copy.
            Some(
                Port::Opening(_)
                | Port::Closing
                | Port::Endpoint { .. }
                | Port::Passage(_)
                | Port::Fork { .. },
            )
            | None => Some(fork),
        };
        Port::Fork { of, idle }
    }

    /// A fork wherever it is.
    pub(super) fn fork_mut(&mut self, port: PortId) -> Option<&mut Fork> {
        let of = match self.ports.get(&port)? {
            Port::Fork { of, idle: None } => *of,
            Port::Fork { .. } | Port::Opening(Purpose::Fork { .. }) => {
                return match self.ports.get_mut(&port)? {
                    Port::Fork { idle: Some(fork), .. } | Port::Opening(Purpose::Fork { fork, .. }) => {
                        Some(fork)
                    }
                    Port::Fork { idle: None, .. }
                    | Port::Opening(_)
                    | Port::Closing
                    | Port::Endpoint { .. }
                    | Port::Passage(_)
                    | Port::Relay(_) => None,
                };
            }
            Port::Opening(_) | Port::Closing | Port::Endpoint { .. } | Port::Passage(_) | Port::Relay(_) => {
                return None;
            }
        };
        match self.ports.get_mut(&of)? {
            Port::Relay(relay) => relay.fork_mut(port),
            Port::Opening(_)
            | Port::Closing
            | Port::Endpoint { .. }
            | Port::Passage(_)
            | Port::Fork { .. } => None,
        }
    }

    /// A relay is closed: its forks wait for their own end, and copy nothing any more.
    pub(super) fn hung_free(&mut self, forks: Vec<Fork>) {
        for fork in forks {
            if let Some(Port::Fork { idle, .. }) = self.ports.get_mut(&fork.port()) {
                *idle = Some(Box::new(fork));
            }
        }
    }

    /// Takes a fork out of its relay, to be closed.
    pub(super) fn unhang(&mut self, of: PortId, port: PortId) -> Option<Fork> {
        match self.ports.get_mut(&of)? {
            Port::Relay(relay) => relay.unhang(port),
            Port::Opening(_)
            | Port::Closing
            | Port::Endpoint { .. }
            | Port::Passage(_)
            | Port::Fork { .. } => None,
        }
    }
}
