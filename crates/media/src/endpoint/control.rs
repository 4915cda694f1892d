//! RTCP of an endpoint.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Now, Rng};

use super::{Endpoint, socket};
use crate::control::RtcpWay;
use crate::latch::{ControlLatch, Latch, Verdict};
use crate::rtcp::{self, Compound, Packet, Phase, Reports, SenderInfo};
use crate::rtp::ReportBlock;
use crate::statistics::StreamStatistics;
use crate::worker::{Channel, Outbox};

/// What an endpoint knows for and from RTCP.
#[derive(Debug)]
pub(super) struct Control {
    canonical_name: [u8; 16],
    way: Option<RtcpWay>,
    latch: ControlLatch,
    due: Option<Instant>,
    /// Packets that we had sent at the last report.
    sent_before: u64,
    /// Middle of the NTP time of the peer's last sender report, and when it came.
    last_sender_report: Option<(u32, Instant)>,
    remote: Option<ReportBlock>,
    round_trip: Option<Duration>,
    reports: u32,
}

/// Whether a report is the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Goodbye {
    Yes,
    No,
}

impl Control {
    pub(super) fn new(rng: &mut Rng) -> Self {
        // A name of random bits for each session (RFC 7022 §4.2).
        let mut canonical_name = [0; 16];
        let mut bits = rng.next_u64();
        for byte in &mut canonical_name {
            *byte = b"0123456789abcdef"[(bits & 15) as usize];
            bits >>= 4;
        }
        Control {
            canonical_name,
            way: None,
            latch: ControlLatch::default(),
            due: None,
            sent_before: 0,
            last_sender_report: None,
            remote: None,
            round_trip: None,
            reports: 0,
        }
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
        if self.due.is_none() {
            self.due = Some(now + rtcp::report_interval(Phase::Initial, rng));
        }
    }

    pub(super) fn schedule(&mut self, now: Instant, rng: &mut Rng) {
        self.due = Some(now + rtcp::report_interval(Phase::Steady, rng));
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn fill(&self, statistics: &mut StreamStatistics) {
        statistics.remote_lost = self.remote.map(|block| block.cumulative_lost.max(0) as u32);
        statistics.remote_jitter = self.remote.map(|block| block.jitter);
        statistics.round_trip = self.round_trip;
    }

    fn judge(&mut self, source: SocketAddr, rtp: &Latch) -> Verdict {
        match self.way {
            Some(RtcpWay::Address(_)) => self.latch.judge(source, rtp),
            Some(RtcpWay::Mux) if rtp.destination() == Some(source) => Verdict::Ours,
            Some(RtcpWay::Mux) | None => Verdict::Foreign,
        }
    }

    fn take_reports(&mut self, now: Now, our_ssrc: u32, reports: Reports<'_>) {
        let Some(block) = reports.blocks().find(|block| block.ssrc == our_ssrc) else { return };
        self.remote = Some(block);
        if block.last_sender_report != 0 {
            // RFC 3550 §6.4.1: the time since we sent the report minus the time that the peer kept it.
            let units = rtcp::ntp_middle(rtcp::ntp(now.wall))
                .wrapping_sub(block.last_sender_report)
                .wrapping_sub(block.delay_since);
            if units < ROUND_TRIP_MAX {
                self.round_trip = Some(Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16));
            }
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
        let ours = self.sender.ssrc();
        for packet in compound.packets() {
            match packet {
                Packet::SenderReport { ssrc, info, reports } => {
                    if self.reception.ssrc() == Some(ssrc) {
                        self.control.last_sender_report = Some((rtcp::ntp_middle(info.ntp), now.mono));
                    }
                    self.control.take_reports(now, ours, reports);
                }
                Packet::ReceiverReport { ssrc: _, reports } => self.control.take_reports(now, ours, reports),
                // The call ends by signalling, not by BYE.
                Packet::SourceDescription(_) | Packet::Bye(_) | Packet::Other(_) => {}
            }
        }
    }

    /// Sends a report, if there is anyone to send it to.
    pub(super) fn send_report(&mut self, now: Now, goodbye: Goodbye, out: &mut Outbox) {
        let (channel, destination) = match self.control.way {
            Some(RtcpWay::Address(_)) => (Channel::Rtcp, self.control.latch.destination(&self.latch)),
            Some(RtcpWay::Mux) => (Channel::Rtp, self.latch.destination()),
            None => return,
        };
        let Some(destination) = destination else { return };
        if goodbye == Goodbye::Yes && self.control.reports == 0 && self.sender.packets() == 0 {
            // Who never sent anything leaves silently (RFC 3550 §6.3.7).
            return;
        }
        // A sender is who sent since the report before the last (RFC 3550 §6.4); one interval is close enough for two.
        let sent = self.sender.packets() != self.control.sent_before;
        self.control.sent_before = self.sender.packets();
        let timestamp = self.sender.timestamp_at(now.mono).filter(|_| sent);
        let info = timestamp.map(|timestamp| SenderInfo {
            ntp: rtcp::ntp(now.wall),
            timestamp,
            packets: self.sender.packets() as u32,
            bytes: self.sender.bytes() as u32,
        });
        let mut report = self.reception.report();
        if let (Some(report), Some((middle, at))) = (report.as_mut(), self.control.last_sender_report) {
            report.last_sender_report = middle;
            report.delay_since = ((now.mono.saturating_since(at).as_nanos() << 16) / 1_000_000_000) as u32;
        }
        self.control.reports += 1;
        let (ssrc, name) = (self.sender.ssrc(), &self.control.canonical_name);
        out.send_protected(&mut self.protection, socket(self.port, channel), destination, |bytes| {
            rtcp::write_report(bytes, ssrc, info.as_ref(), report.as_ref(), name);
            if goodbye == Goodbye::Yes {
                rtcp::write_bye(bytes, ssrc);
            }
        });
    }
}

/// 60 s in 1/65536 s; more is a clock that jumped.
const ROUND_TRIP_MAX: u32 = 60 << 16;
