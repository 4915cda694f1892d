//! What somebody who sends and receives a stream knows for and from RTCP.

use std::time::Duration;

use strowger_base::{Instant, Now, Rng};

use super::{Compound, Packet, Phase, Reports, SenderInfo, ntp, ntp_middle, report_interval, write_report};
use crate::rtp::{Reception, ReportBlock, Sender};
use crate::statistics::StreamStatistics;

/// One side's reports (RFC 3550 §6.4), its own and those of its peer.
#[derive(Debug)]
pub(crate) struct Reporter {
    canonical_name: [u8; 16],
    due: Option<Instant>,
    /// Packets that we had sent at the last report.
    sent_before: u64,
    /// Middle of the NTP time of the peer's last sender report, and when it came.
    last_sender_report: Option<(u32, Instant)>,
    remote: Option<ReportBlock>,
    round_trip: Option<Duration>,
    reports: u32,
}

impl Reporter {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        // A name of random bits for each session (RFC 7022 §4.2).
        let mut canonical_name = [0; 16];
        let mut bits = rng.next_u64();
        for byte in &mut canonical_name {
            *byte = b"0123456789abcdef"[(bits & 15) as usize];
            bits >>= 4;
        }
        Reporter {
            canonical_name,
            due: None,
            sent_before: 0,
            last_sender_report: None,
            remote: None,
            round_trip: None,
            reports: 0,
        }
    }

    /// Begins to report, unless it has begun.
    pub(crate) fn start(&mut self, now: Instant, rng: &mut Rng) {
        if self.due.is_none() {
            self.due = Some(now + report_interval(Phase::Initial, rng));
        }
    }

    pub(crate) fn schedule(&mut self, now: Instant, rng: &mut Rng) {
        self.due = Some(now + report_interval(Phase::Steady, rng));
    }

    /// When the next report is to be sent.
    pub(crate) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether a report was ever sent.
    pub(crate) const fn has_reported(&self) -> bool {
        self.reports > 0
    }

    pub(crate) fn fill(&self, statistics: &mut StreamStatistics) {
        statistics.remote_lost = self.remote.map(|block| block.cumulative_lost.max(0) as u32);
        statistics.remote_jitter = self.remote.map(|block| block.jitter);
        statistics.round_trip = self.round_trip;
    }

    /// Takes what the peer, whose stream has the source `theirs`, reports about ours.
    pub(crate) fn take(&mut self, now: Now, (ours, theirs): (u32, Option<u32>), compound: Compound<'_>) {
        for packet in compound.packets() {
            match packet {
                Packet::SenderReport { ssrc, info, reports } => {
                    if theirs == Some(ssrc) {
                        self.last_sender_report = Some((ntp_middle(info.ntp), now.mono));
                    }
                    self.take_reports(now, ours, reports);
                }
                Packet::ReceiverReport { ssrc: _, reports } => self.take_reports(now, ours, reports),
                // The call ends by signalling, not by BYE.
                Packet::SourceDescription(_) | Packet::Bye(_) | Packet::Other(_) => {}
            }
        }
    }

    fn take_reports(&mut self, now: Now, our_ssrc: u32, reports: Reports<'_>) {
        let Some(block) = reports.blocks().find(|block| block.ssrc == our_ssrc) else { return };
        self.remote = Some(block);
        if block.last_sender_report != 0 {
            // RFC 3550 §6.4.1: the time since we sent the report minus the time that the peer kept it.
            let units = ntp_middle(ntp(now.wall))
                .wrapping_sub(block.last_sender_report)
                .wrapping_sub(block.delay_since);
            if units < ROUND_TRIP_MAX {
                self.round_trip = Some(Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16));
            }
        }
    }

    /// What is to be reported now; [`Report::write`] appends it.
    pub(crate) fn report(&mut self, now: Now, sender: &Sender, reception: &mut Reception) -> Report {
        // A sender is who sent since the report before the last (RFC 3550 §6.4); one interval is close enough for two.
        let sent = sender.packets() != self.sent_before;
        self.sent_before = sender.packets();
        let timestamp = sender.timestamp_at(now.mono).filter(|_| sent);
        let info = timestamp.map(|timestamp| SenderInfo {
            ntp: ntp(now.wall),
            timestamp,
            packets: sender.packets() as u32,
            bytes: sender.bytes() as u32,
        });
        let mut block = reception.report();
        if let (Some(block), Some((middle, at))) = (block.as_mut(), self.last_sender_report) {
            block.last_sender_report = middle;
            block.delay_since = ((now.mono.saturating_since(at).as_nanos() << 16) / 1_000_000_000) as u32;
        }
        self.reports += 1;
        Report { ssrc: sender.ssrc(), info, block, canonical_name: self.canonical_name }
    }
}

/// A report that is about to be sent.
pub(crate) struct Report {
    pub(crate) ssrc: u32,
    info: Option<SenderInfo>,
    block: Option<ReportBlock>,
    canonical_name: [u8; 16],
}

impl Report {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        write_report(bytes, self.ssrc, self.info.as_ref(), self.block.as_ref(), &self.canonical_name);
    }
}

/// 60 s in 1/65536 s; more is a clock that jumped.
const ROUND_TRIP_MAX: u32 = 60 << 16;
