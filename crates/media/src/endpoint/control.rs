//! RTCP of an endpoint.

use std::net::SocketAddr;

use strowger_base::{Instant, Now, Rng};

use super::{Endpoint, socket};
use crate::control::RtcpWay;
use crate::latch::{ControlLatch, Latch, Verdict};
use crate::rtcp::{self, Compound, Reporter};
use crate::statistics::StreamStatistics;
use crate::worker::{Channel, Outbox};

/// What an endpoint knows for and from RTCP.
#[derive(Debug)]
pub(super) struct Control {
    reporter: Reporter,
    way: Option<RtcpWay>,
    latch: ControlLatch,
}

/// Whether a report is the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Goodbye {
    Yes,
    No,
}

impl Control {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Control { reporter: Reporter::new(rng), way: None, latch: ControlLatch::default() }
    }

    pub(super) fn describe(&mut self, way: RtcpWay) {
        self.way = Some(way);
        match way {
            RtcpWay::Address(address) => self.latch.describe(address),
            RtcpWay::Mux => {}
        }
    }

    /// Begins to report, unless it has begun.
    pub(super) fn start(&mut self, now: Instant, rng: &mut Rng) {
        self.reporter.start(now, rng);
    }

    pub(super) fn schedule(&mut self, now: Instant, rng: &mut Rng) {
        self.reporter.schedule(now, rng);
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.reporter.due()
    }

    pub(super) fn fill(&self, statistics: &mut StreamStatistics) {
        self.reporter.fill(statistics);
    }

    fn judge(&mut self, source: SocketAddr, rtp: &Latch) -> Verdict {
        match self.way {
            Some(RtcpWay::Address(_)) => self.latch.judge(source, rtp),
            Some(RtcpWay::Mux) if rtp.destination() == Some(source) => Verdict::Ours,
            Some(RtcpWay::Mux) | None => Verdict::Foreign,
        }
    }
}

impl Endpoint {
    /// Takes an RTCP datagram from either socket.
    pub(super) fn control_packet(&mut self, now: Now, source: SocketAddr, bytes: &[u8]) {
        let Ok(compound) = Compound::parse(bytes) else {
            self.malformed += 1;
            return;
        };
        match self.control.judge(source, &self.latch) {
            Verdict::Ours => {}
            Verdict::Foreign => {
                self.foreign += 1;
                return;
            }
        }
        self.heard_at = now.mono;
        self.control.reporter.take(now, (self.sender.ssrc(), self.reception.ssrc()), compound);
    }

    /// Sends a report, if there is anyone to send it to.
    pub(super) fn send_report(&mut self, now: Now, goodbye: Goodbye, out: &mut Outbox) {
        let (channel, destination) = match self.control.way {
            Some(RtcpWay::Address(_)) => (Channel::Rtcp, self.control.latch.destination(&self.latch)),
            Some(RtcpWay::Mux) => (Channel::Rtp, self.latch.destination()),
            None => return,
        };
        let Some(destination) = destination else { return };
        if goodbye == Goodbye::Yes && !self.control.reporter.has_reported() && self.sender.packets() == 0 {
            // Who never sent anything leaves silently (RFC 3550 §6.3.7).
            return;
        }
        let report = self.control.reporter.report(now, &self.sender, &mut self.reception);
        out.send_protected(&mut self.protection, socket(self.port, channel), destination, |bytes| {
            report.write(bytes);
            if goodbye == Goodbye::Yes {
                rtcp::write_bye(bytes, report.ssrc);
            }
        });
    }
}
