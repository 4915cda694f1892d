//! Journals made by hand.

use std::net::SocketAddr;

use strowger_base::journal::{
    CallRecord, CodesView, Decision, DestinationView, Direction, Entry, LegOutcome, LegRecord, MediaPart,
    OriginView, PartyView, Record, ReleasedBy, TargetView, Told, WhyEnded,
};
use strowger_base::leg::{BindingId, Presentation, ReleaseReason};
use strowger_base::net::{Flow, ListenerId};
use strowger_base::{CallId, Cause, LegId, NodeId, ShardId, WallTime};

pub(crate) const CALL: CallId = CallId::new(NodeId(1), ShardId(0), 42);
pub(crate) const A: LegId = LegId::new(NodeId(1), ShardId(0), 4);
pub(crate) const B1: LegId = LegId::new(NodeId(1), ShardId(0), 6);
pub(crate) const B2: LegId = LegId::new(NodeId(1), ShardId(0), 10);
pub(crate) const BEGAN: u64 = 1_790_000_000_000_000;

/// A journal in the making.
pub(crate) struct Journal(pub(crate) Vec<Record<'static>>);

impl Journal {
    /// 1001 (Alice) calls a number.
    pub(crate) fn call(called: &'static str) -> Self {
        let began = Decision::CallBegan {
            origin: OriginView::Line { line: "1001", phone: "" },
            calling: party("1001", "Alice"),
            called,
            protocol_call_id: "x@y",
            flow: flow("192.0.2.10:5060"),
            media: MediaPart::Offer,
        };
        Journal(Vec::new()).and(0, Some(A), Entry::Decision(began))
    }

    /// 1001 calls 1002, whose phones are rung.
    pub(crate) fn to_line(legs: &[LegId]) -> Self {
        let destination = DestinationView::Line("1002");
        let resolved =
            Decision::NumberResolved { digits: "1002", pattern: "1002", sent: "1002", destination };
        let found = Decision::PhonesFound { line: "1002", phones: legs.len() as u32 };
        let mut journal = Journal::call("1002").decide(0, None, resolved).decide(0, None, found);
        for (index, leg) in legs.iter().enumerate() {
            let target = TargetView::Phone { line: "1002", phone: "", binding: BindingId(index as u64) };
            let rung = Decision::Rung { target, called: "1002", shown: party("1001", "Alice") };
            journal = journal.decide(1, Some(*leg), rung);
        }
        journal
    }

    pub(crate) fn and(mut self, ms: u64, leg: Option<LegId>, entry: Entry<'static>) -> Self {
        self.0.push(Record { at: at(ms), call: Some(CALL), leg, entry });
        self
    }

    pub(crate) fn decide(self, ms: u64, leg: Option<LegId>, decision: Decision<'static>) -> Self {
        self.and(ms, leg, Entry::Decision(decision))
    }

    pub(crate) fn told(self, ms: u64, leg: LegId, told: Told<'static>) -> Self {
        self.and(ms, Some(leg), Entry::Told(told))
    }

    pub(crate) fn message(
        self,
        ms: u64,
        leg: LegId,
        direction: Direction,
        peer: &str,
        bytes: &'static [u8],
    ) -> Self {
        self.and(ms, Some(leg), Entry::Message { direction, flow: flow(peer), bytes })
    }

    /// The end, with what became of the legs.
    pub(crate) fn end(
        self,
        ms: u64,
        (cause, by, why): (Cause, ReleasedBy, WhyEnded),
        (alerted, answered): (Option<u64>, Option<u64>),
        outcomes: &[(LegId, LegOutcome)],
    ) -> Self {
        let called = self.0.iter().find_map(|record| match record.entry {
            Entry::Decision(Decision::CallBegan { called, .. }) => Some(called),
            _ => None,
        });
        let target = |leg| {
            self.0.iter().find_map(|record| match record.entry {
                Entry::Decision(Decision::Rung { target, .. }) if record.leg == Some(leg) => Some(target),
                _ => None,
            })
        };
        let legs = outcomes.iter().map(|(leg, outcome)| LegRecord {
            leg: *leg,
            target: target(*leg).unwrap_or(TargetView::Trunk("?")),
            rung_at: at(1),
            outcome: *outcome,
        });
        let pilot = self.0.iter().find_map(|record| match record.entry {
            Entry::Decision(Decision::HuntBegan { pilot, .. }) => Some(pilot),
            _ => None,
        });
        let connected = if answered.is_some() { party("1002", "Bob") } else { PartyView::default() };
        let record = CallRecord {
            call: CALL,
            origin: OriginView::Line { line: "1001", phone: "" },
            calling_leg: A,
            calling: party("1001", "Alice"),
            called: called.unwrap_or(""),
            translated: called.unwrap_or(""),
            sent: called.unwrap_or(""),
            final_called: called.unwrap_or(""),
            redirections: vec![],
            hunt_pilot: pilot.unwrap_or(""),
            connected,
            codes: CodesView::default(),
            started_at: at(0),
            alerted_at: alerted.map(at),
            answered_at: answered.map(at),
            ended_at: at(ms),
            cause,
            released_by: by,
            legs: legs.collect(),
            moves: None,
            malicious: false,
        };
        self.decide(ms, None, Decision::Ended { cause, by, why }).and(ms, None, Entry::Call(record))
    }
}

pub(crate) fn at(ms: u64) -> WallTime {
    WallTime::from_micros(BEGAN + ms * 1000)
}

pub(crate) fn flow(peer: &str) -> Flow {
    let peer: SocketAddr = peer.parse().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
    Flow::Datagram { listener: ListenerId(0), peer }
}

pub(crate) fn party(number: &'static str, name: &'static str) -> PartyView<'static> {
    PartyView { number, name, presentation: Presentation::Allowed }
}

pub(crate) fn refused(status: u16) -> LegOutcome {
    LegOutcome::Failed { cause: Cause::from_sip_status(status), reason: ReleaseReason::Refused(status) }
}
