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
    /// Every port from the command that opens it until it is told closed or failed, or its thread is lost.
    ports: BTreeMap<PortId, Home>,
}

/// Where a port lives.
#[derive(Clone, Copy, Debug)]
struct Home {
    thread: usize,
    /// Which of those it is that had this place one after the other.
    term: u64,
}

impl Placement {
    pub(super) const fn new(threads: usize) -> Self {
        Placement { threads, ports: BTreeMap::new() }
    }

    /// The thread that has to do this.
    pub(super) fn of(&self, command: &Command) -> usize {
        match command {
            Command::OpenEndpoint {
                service: Service::Conference(conference) | Service::Page { page: conference, .. },
                ..
            }
            | Command::OpenMulticast { service: Service::Page { page: conference, .. }, .. } => {
                self.of_conference(*conference)
            }
            // It copies what a relay carries.
            Command::OpenFork { of, .. } => self.of_port(*of),
            Command::OpenEndpoint { port, .. }
            | Command::OpenMulticast { port, .. }
            | Command::Close { port }
            | Command::Connect { port, .. }
            | Command::Play { port, .. }
            | Command::Mute { port, .. }
            | Command::Protect { port, .. }
            | Command::Unseal { port, .. }
            | Command::OpenRelay { port }
            | Command::OpenAt { port, .. }
            | Command::OpenPassage { port }
            | Command::Keys { port, .. }
            | Command::Press { port, .. }
            | Command::Transcode { port, .. }
            | Command::Copy { port, .. }
            | Command::Warn { port, .. }
            | Command::Direct { port, .. }
            | Command::Suspend { port, .. } => self.of_port(*port),
        }
    }

    /// A thread was told to open a port, in this term.
    pub(super) fn opens(&mut self, port: PortId, thread: usize, term: u64) {
        self.ports.insert(port, Home { thread, term });
    }

    /// A port that is closed or failed lives nowhere.
    pub(super) fn heard(&mut self, report: &Report) {
        if let Report::Failed { port, .. } | Report::Closed { port, .. } = report {
            self.ports.remove(port);
        }
    }

    /// The place of a thread has a new term: forgets the ports of earlier ones and tells them.
    pub(super) fn lost(&mut self, thread: usize, term: u64) -> Vec<PortId> {
        let mut lost = Vec::new();
        self.ports.retain(|port, home| {
            let is_lost = home.thread == thread && home.term < term;
            if is_lost {
                lost.push(*port);
            }
            !is_lost
        });
        lost
    }

    fn of_port(&self, port: PortId) -> usize {
        self.ports.get(&port).map_or_else(|| self.usual(port), |home| home.thread)
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

    fn closed(port: PortId) -> Report {
        Report::Closed { port, statistics: Box::default() }
    }

    #[test]
    fn ports_are_spread_and_stay_where_they_are() {
        let mut ids = PortIds::new(ShardId(3), PortOwner::CallControl);
        let mut placement = Placement::new(3);
        let mut counts = [0; 3];
        for _ in 0..300 {
            let port = ids.allocate();
            let thread = placement.of(&Command::OpenRelay { port });
            // Also where another thread than the usual one opened it.
            placement.opens(port, (thread + 1) % 3, 0);
            assert_eq!(placement.of(&Command::Close { port }), (thread + 1) % 3);
            assert_eq!(placement.of(&Command::OpenFork { port: PortId(9), of: port }), (thread + 1) % 3);
            placement.heard(&closed(port));
            assert_eq!(placement.of(&Command::Close { port }), thread);
            counts[thread] += 1;
        }
        assert_eq!((counts, placement.ports.len()), ([100; 3], 0));
    }

    #[test]
    fn the_seats_of_a_conference_are_together_until_they_are_gone() {
        let mut ids = PortIds::new(ShardId(0), PortOwner::Agent);
        let mut placement = Placement::new(3);
        let conference = ConferenceId::new(NodeId(1), ShardId(0), 7);
        let service = Service::Conference(conference);
        let ports: Vec<PortId> = (0..9).map(|_| ids.allocate()).collect();
        let home = placement.of_conference(conference);
        for &port in &ports {
            assert_eq!(placement.of(&Command::OpenEndpoint { port, service }), home);
            placement.opens(port, home, 0);
            let play = Command::Play { port, tone: strowger_base::leg::Tone::Silence };
            assert_eq!(placement.of(&play), home);
        }
        placement.heard(&Report::Failed { port: ports[0], reason: "no port".into() });
        // Nobody closes a seat that is lost.
        for &port in &ports[1..] {
            placement.heard(&closed(port));
        }
        assert!(placement.ports.is_empty());
    }

    #[test]
    fn a_thread_that_is_replaced_loses_what_it_was_told_to_open_and_its_successor_nothing() {
        let mut placement = Placement::new(2);
        for (port, thread, term) in [(2, 0, 0), (4, 1, 0), (6, 0, 1), (8, 0, 0)] {
            placement.opens(PortId(port), thread, term);
        }
        assert_eq!(placement.lost(0, 1), [PortId(2), PortId(8)]);
        assert_eq!(placement.lost(0, 1), []);
        assert_eq!(placement.lost(1, 0), []);
        assert_eq!(placement.lost(0, 2), [PortId(6)]);
        assert_eq!(placement.ports.len(), 1);
    }
}
