//! Relays of a worker, and the timers of those that transcode.

use strowger_base::Now;

use super::{Due, Outbox, Port, Purpose, Worker};
use crate::control::PortId;
use crate::relay;

impl Worker {
    /// Lets a relay handle an input and keeps its timer right: only one that transcodes has any.
    pub(super) fn relay(&mut self, now: Now, port: PortId, input: relay::Input<'_>, out: &mut Outbox) {
        let Some(Port::Relay(relay) | Port::Opening(Purpose::Relay(relay))) = self.ports.get_mut(&port)
        else {
            return;
        };
        relay.handle(now, input, out);
        let wanted = relay.next_timeout();
        let timer = self.relay_timers.get(&port).copied();
        if timer.map(|(at, _)| at) == wanted {
            return;
        }
        if let Some((_, handle)) = timer {
            self.timers.cancel(handle);
        }
        match wanted {
            Some(at) => {
                self.relay_timers.insert(port, (at, self.timers.set(at, Due::Relay(port))));
            }
            None => {
                self.relay_timers.remove(&port);
            }
        }
    }

    /// A port that never opened leaves nothing behind.
    pub(super) fn forget_opening(&mut self, port: PortId, purpose: Purpose) {
        match purpose {
            Purpose::Service(service) | Purpose::Multicast { service, .. } => self.stand_up(port, service),
            Purpose::Relay(_) => self.untime_relay(port),
            Purpose::Passage(_) | Purpose::Fork { .. } => {}
        }
    }

    /// A relay wants no timeout any more.
    pub(super) fn untime_relay(&mut self, port: PortId) {
        if let Some((_, handle)) = self.relay_timers.remove(&port) {
            self.timers.cancel(handle);
        }
    }
}
