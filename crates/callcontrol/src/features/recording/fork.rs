//! The ports from which copies go to a recorder.

use std::net::SocketAddr;

use strowger_base::journal::{Copies, Decision, RecordingNews, WhyNotRecorded};
use strowger_base::{CallId, LegId, Now};
use strowger_media::control::{self, PortId, SentKeys};
use strowger_media::fork::CopyTo;
use strowger_media::statistics::{PortStatistics, StreamStatistics};

use super::relay_side;
use super::session::{After, Recording};
use crate::call::RecordedCall;
use crate::exchange::Side;
use crate::io::{Outbox, Output};
use crate::shared::Shared;

/// The ports that a recording has.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) port: PortId,
    /// The relay that is copied.
    pub(super) of: PortId,
    /// On which side of it the recorded party is.
    pub(super) side: Side,
    /// Where the copies of sides A and B come from, once that is known.
    pub(super) from: Option<(SocketAddr, SocketAddr)>,
    /// With what the worker was told to open copies.
    pub(super) unsealed: SentKeys,
}

/// Whose ports they are; kept until the worker says what went out from them.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForkUse {
    pub(super) party: LegId,
    call: CallId,
    side: Side,
    /// Whether the recording has them still.
    pub(super) is_wanted: bool,
}

impl ForkUse {
    /// Writes down what went to the recorder.
    pub(super) fn copied(&self, now: Now, statistics: &PortStatistics, out: &mut Outbox) {
        let (a, b) = (copies(&statistics.a), statistics.b.as_ref().map(copies).unwrap_or_default());
        let (own, far) = match self.side {
            Side::Caller => (a, b),
            Side::Called => (b, a),
        };
        // Nothing was copied before the recorder answered, and nothing is to be said of that.
        if (own, far) != Default::default() {
            let news = Decision::Recording(RecordingNews::Copied { own, far });
            out.decide(now, self.call, Some(self.party), news);
        }
    }
}

const fn copies(stream: &StreamStatistics) -> Copies {
    Copies { sent: stream.sent, unsent: stream.unsent, skipped: stream.malformed, unopened: stream.foreign }
}

impl Recording {
    /// Opens the ports for the copies.
    pub(super) fn open(&mut self, now: Now, view: &RecordedCall, shared: &mut Shared, out: &mut Outbox) {
        let Some(of) = view.relay else { return };
        self.make_keys(now, view, shared, out);
        let port = shared.port_ids.allocate();
        let used = ForkUse { party: self.party, call: view.call, side: view.side, is_wanted: true };
        shared.recordings.ports.insert(port, used);
        self.fork = Some(Fork { port, of, side: view.side, from: None, unsealed: SentKeys::default() });
        out.media(control::Command::OpenFork { port, of });
        self.unseal(view, out);
    }

    /// The worker opened them.
    pub(super) const fn opened(&mut self, from: (SocketAddr, SocketAddr)) {
        if let Some(fork) = &mut self.fork {
            fork.from = Some(from);
        }
    }

    /// The worker could not open them, so that there is nothing to close.
    pub(super) fn open_failed(&mut self) {
        self.fork = None;
    }

    /// They broke: others take their place, unless that goes on and on.
    pub(super) fn ports_lost(
        &mut self,
        now: Now,
        view: Option<&RecordedCall>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        self.fork = None;
        self.ports_lost += 1;
        if self.ports_lost > PORTS_LOST_MAX {
            let reason = "the ports for copies broke again and again";
            return self.refuse(now, WhyNotRecorded::NoPort { reason }, shared, out);
        }
        self.news(now, RecordingNews::PortsLost, out);
        if let Some(view) = view {
            self.open(now, view, shared, out);
        }
        After::GoesOn
    }

    /// The call is this one now.
    pub(super) fn follows(&mut self, view: &RecordedCall, out: &mut Outbox) {
        if self.call != view.call {
            self.call = view.call;
            self.conversation = view.conversation;
            if let Some(leg) = self.leg() {
                out.items.push(Output::Joined { leg, call: view.call });
            }
        }
    }

    /// The same; where media passes elsewhere than what is copied, or is encrypted where it was not, ports are opened for that.
    pub(super) fn moves_to(&mut self, now: Now, view: &RecordedCall, shared: &mut Shared, out: &mut Outbox) {
        self.follows(view, out);
        let copied = self.fork.as_ref().map(|fork| (fork.of, fork.side));
        let is_other = copied != view.relay.map(|of| (of, view.side));
        if is_other || self.keys.is_some() != self.wants_keys(view) {
            self.close_fork(shared, out);
            self.open(now, view, shared, out);
        } else {
            self.unseal(view, out);
        }
    }

    pub(super) fn close_fork(&mut self, shared: &mut Shared, out: &mut Outbox) {
        self.stop_tones(shared, out);
        if let Some(Fork { port, .. }) = self.fork.take() {
            if let Some(used) = shared.recordings.ports.get_mut(&port) {
                used.is_wanted = false;
            }
            out.media(control::Command::Close { port });
        }
    }

    /// Where what the parties say is copied to, of the recorded one first.
    pub(super) fn copy(&mut self, [own, far]: [Option<CopyTo>; 2], out: &mut Outbox) {
        self.copied = [own, far];
        if let Some(fork) = &self.fork {
            let (port, side) = (fork.port, relay_side(fork.side));
            out.media(control::Command::Copy { port, side, to: own });
            out.media(control::Command::Copy { port, side: side.other(), to: far });
        }
    }
}

/// How often ports of a recording may break.
const PORTS_LOST_MAX: u32 = 3;
