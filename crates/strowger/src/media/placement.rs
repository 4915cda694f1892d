//! On which media thread a port lives. This is the one place that says so.

use std::collections::BTreeMap;

use strowger_base::ConferenceId;
use strowger_base::leg::Service;
use strowger_media::control::{Command, PortId, Report};

/// Ports are spread by their numbers; those that exchange sound are together: the seats of a conference or page, a relay
/// and its copies.
#[derive(Debug)]
pub(super) struct Placement {
    threads: usize,
    /// Ports that live elsewhere than their number says.
    seats: BTreeMap<PortId, usize>,
}

impl Placement {
    pub(super) const fn new(threads: usize) -> Self {
        Placement { threads, seats: BTreeMap::new() }
    }

    /// The thread that has to do this.
    pub(super) fn of(&mut self, command: &Command) -> usize {
        let port = command.port();
        match command {
            Command::OpenEndpoint {
                service: Service::Conference(conference) | Service::Page { page: conference, .. },
                ..
            }
            | Command::OpenMulticast { service: Service::Page { page: conference, .. }, .. } => {
                let thread = self.of_conference(*conference);
                self.seats.insert(port, thread);
                thread
            }
            // It copies what a relay carries.
            Command::OpenFork { of, .. } => {
                let thread = self.usual(*of);
                self.seats.insert(port, thread);
                thread
            }
            Command::Close { .. } => self.seats.remove(&port).unwrap_or_else(|| self.usual(port)),
            Command::OpenEndpoint { .. }
            | Command::OpenMulticast { .. }
            | Command::Connect { .. }
            | Command::Play { .. }
            | Command::Mute { .. }
            | Command::Protect { .. }
            | Command::Unseal { .. }
            | Command::OpenRelay { .. }
            | Command::OpenPassage { .. }
            | Command::Keys { .. }
            | Command::Press { .. }
            | Command::Transcode { .. }
            | Command::Copy { .. }
            | Command::Warn { .. }
            | Command::Direct { .. }
            | Command::Suspend { .. } => self.seats.get(&port).copied().unwrap_or_else(|| self.usual(port)),
        }
    }

    /// A port that failed is never closed.
    pub(super) fn heard(&mut self, report: &Report) {
        if let Report::Failed { port, .. } = report {
            self.seats.remove(port);
        }
    }

    const fn usual(&self, port: PortId) -> usize {
        // The lowest bit names the owner.
        self.spread(port.0 >> 1)
    }

    const fn of_conference(&self, conference: ConferenceId) -> usize {
        self.spread(conference.number)
    }

    const fn spread(&self, number: u64) -> usize {
        if self.threads == 0 { 0 } else { (number % self.threads as u64) as usize }
    }
}

#[cfg(test)]
mod tests {
    use strowger_base::{NodeId, ShardId};
    use strowger_media::control::{PortIds, PortOwner};

    use super::*;

    #[test]
    fn ports_are_spread_and_stay_where_they_are() {
        let mut ids = PortIds::new(ShardId(3), PortOwner::CallControl);
        let mut placement = Placement::new(3);
        let mut counts = [0; 3];
        for _ in 0..300 {
            let port = ids.allocate();
            let thread = placement.of(&Command::OpenRelay { port });
            assert_eq!(thread, placement.of(&Command::Close { port }));
            counts[thread] += 1;
        }
        assert_eq!((counts, placement.seats.len()), ([100; 3], 0));
    }

    #[test]
    fn the_seats_of_a_conference_are_together_until_they_are_closed() {
        let mut ids = PortIds::new(ShardId(0), PortOwner::Agent);
        let mut placement = Placement::new(3);
        let conference = ConferenceId::new(NodeId(1), ShardId(0), 7);
        let service = Service::Conference(conference);
        let ports: Vec<PortId> = (0..9).map(|_| ids.allocate()).collect();
        for &port in &ports {
            let thread = placement.of(&Command::OpenEndpoint { port, service });
            assert_eq!(thread, placement.of_conference(conference));
            assert_eq!(
                thread,
                placement.of(&Command::Play { port, tone: strowger_base::leg::Tone::Silence })
            );
        }
        placement.heard(&Report::Failed { port: ports[0], reason: "no port".into() });
        for &port in &ports[1..] {
            assert_eq!(placement.of(&Command::Close { port }), placement.of_conference(conference));
        }
        assert!(placement.seats.is_empty());
    }
}
