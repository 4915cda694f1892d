//! What the decision thread has of the media threads.

use std::collections::VecDeque;
use std::sync::Arc;

use strowger_base::leg::Service;
use strowger_media::control::{Command, PortId, Report};

use super::lane::Lane;
use super::placement::Placement;
use crate::log;

/// Commands for the media threads, and the one place that knows which ports they have.
pub(crate) struct MediaSender {
    lanes: Vec<Arc<Lane>>,
    placement: Placement,
    /// Which terms of the threads' places were looked at.
    terms: Vec<u64>,
    /// What is told in place of threads that tell nothing any more; at most a few for each port.
    losses: VecDeque<Report>,
}

impl MediaSender {
    pub(super) fn new(lanes: Vec<Arc<Lane>>) -> Self {
        let (placement, terms) = (Placement::new(lanes.len()), vec![0; lanes.len()]);
        MediaSender { lanes, placement, terms, losses: VecDeque::new() }
    }

    /// Hands over a command; waits when the media thread is far behind. Where nobody can open a port, that fails at once.
    pub(crate) fn command(&mut self, mut command: Command) {
        let (port, opens) = (command.port(), opens(&command));
        let first = self.placement.of(&command);
        // What need not be beside others may be elsewhere too.
        let tries = if is_alone(&command) { self.lanes.len() } else { 1 };
        for thread in (first..self.lanes.len()).chain(0..first).take(tries) {
            let Some(lane) = self.lanes.get(thread) else { continue };
            match lane.command(command) {
                Ok(term) if opens => return self.placement.opens(port, thread, term),
                Ok(_) => return,
                Err(again) => command = again,
            }
        }
        // The port of any other command is lost already, or about to be told lost.
        if opens {
            self.losses.push_back(Report::Failed { port, reason: NOBODY.into() });
        }
    }

    /// Learns from what the threads tell.
    pub(crate) fn heard(&mut self, report: &Report) {
        self.placement.heard(report);
    }

    /// What is lost with threads that hang, and what nobody could open: it is to be taken like a report of theirs.
    pub(crate) fn loss(&mut self) -> Option<Report> {
        for (thread, (lane, known)) in self.lanes.iter().zip(&mut self.terms).enumerate() {
            let term = lane.term();
            if std::mem::replace(known, term) != term {
                let lost = self.placement.lost(thread, term);
                if !lost.is_empty() {
                    log::warn("ports are lost with a media thread that hangs")
                        .with("thread", thread)
                        .count("ports", lost.len() as u64)
                        .write();
                }
                self.losses.extend(lost.into_iter().map(closed));
            }
        }
        self.losses.pop_front()
    }
}

impl Drop for MediaSender {
    fn drop(&mut self) {
        self.lanes.iter().for_each(|lane| lane.end());
    }
}

/// Whether a command asks for a port.
pub(super) const fn opens(command: &Command) -> bool {
    match command {
        Command::OpenEndpoint { .. }
        | Command::OpenMulticast { .. }
        | Command::OpenRelay { .. }
        | Command::OpenAt { .. }
        | Command::OpenPassage { .. }
        | Command::OpenFork { .. } => true,
        Command::Close { .. }
        | Command::Connect { .. }
        | Command::Play { .. }
        | Command::Mute { .. }
        | Command::Protect { .. }
        | Command::Unseal { .. }
        | Command::Keys { .. }
        | Command::Press { .. }
        | Command::Transcode { .. }
        | Command::Copy { .. }
        | Command::Warn { .. }
        | Command::Direct { .. }
        | Command::Suspend { .. } => false,
    }
}

/// Whether a command asks for a port that exchanges sound with no other.
const fn is_alone(command: &Command) -> bool {
    matches!(command, Command::OpenRelay { .. } | Command::OpenPassage { .. })
        || matches!(command, Command::OpenEndpoint { service, .. } | Command::OpenMulticast { service, .. }
            if !matches!(service, Service::Conference(_) | Service::Page { .. }))
}

/// What is told of a port that is lost.
pub(super) fn closed(port: PortId) -> Report {
    Report::Closed { port, statistics: Box::default() }
}

/// Why a port is not opened.
const NOBODY: &str = "the media thread hangs that would open it, and none has its place";
