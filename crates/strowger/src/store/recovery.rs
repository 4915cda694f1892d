//! What the last run left: where the journal really ends, which records the index lacks, which calls were up.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Instant as Clock;

use strowger_base::journal::{
    CallRecord, CodesView, Decision, DestinationView, Entry, EntryKind, Head, Joined, LegOutcome, LegRecord,
    Moves, OriginView, PartyView, Record, ReleasedBy, Told, WhyEnded,
};
use strowger_base::{CallId, Cause, LegId, WallTime};

use super::carried::Carried;
use super::chains::Chains;
use super::damage;
use super::segment::{self, Position, SEGMENT_HEAD, Writer};

/// Up to where the index knows the journal, and the calls that were open there.
pub(super) struct Checkpoint {
    pub(super) position: Position,
    pub(super) open: Vec<(CallId, Position)>,
}

/// The journal as it was found.
pub(super) struct Found {
    pub(super) writer: Writer,
    pub(super) chains: Chains,
    /// Final records after the checkpoint.
    pub(super) finals: Vec<(Position, Vec<u8>)>,
    /// Highest number of any call or leg after the checkpoint.
    pub(super) highest_number: u64,
    /// The server's last sign of life.
    pub(super) last_at: WallTime,
    /// Bytes at the end that were no whole frame.
    pub(super) torn_bytes: u64,
    /// Bytes before the end that were none: damage.
    pub(super) damaged_bytes: u64,
}

/// Reads the journal from the checkpoint on and opens it for writing. What lies before the checkpoint is not read:
/// a start takes as long with a full journal as with an empty one.
pub(super) fn find(folder: &Path, checkpoint: &Checkpoint) -> io::Result<Found> {
    let segments = segment::segments_in(folder)?;
    let now = Clock::now();
    let mut chains = Chains::new();
    for (call, position) in &checkpoint.open {
        chains.resume(*call, *position);
    }
    let mut finals = vec![];
    let (mut highest_number, mut last_at) = (0, WallTime::default());
    let newest = segments.last().copied().unwrap_or(0).max(checkpoint.position.segment());
    let mut end = (newest + 1, 0);
    let (mut torn_bytes, mut damaged_bytes) = (0, 0);
    for number in segments.iter().copied().filter(|number| *number >= checkpoint.position.segment()) {
        let bytes = fs::read(segment::path_of(folder, number))?;
        let mut from = if number == checkpoint.position.segment() { checkpoint.position.offset() } else { 0 };
        if from as usize > bytes.len() {
            // Somebody cut the file: read what is left from its beginning.
            from = 0;
        }
        let damage::Extracted { whole, gaps } =
            damage::each_frame(folder, number, &bytes, from, |offset, frame| {
                let Ok(head) = Head::decode(frame.record) else { return };
                last_at = last_at.max(head.at);
                let numbers = [head.call.map(|call| call.number), head.leg.map(|leg| leg.number)];
                highest_number = numbers.into_iter().flatten().fold(highest_number, u64::max);
                let position = Position::new(number, offset);
                if head.kind == EntryKind::UserSet {
                    finals.push((position, frame.record.to_vec()));
                }
                let Some(call) = head.call else { return };
                chains.add(call, position);
                if head.kind == EntryKind::Call {
                    chains.end(call, now);
                    finals.push((position, frame.record.to_vec()));
                }
            });
        let torn = bytes.get(whole as usize..).unwrap_or_default();
        if Some(&number) == segments.last() && !torn.is_empty() {
            // Damage at the end looks like a torn one; what is cut off is kept beside it for a closer look.
            fs::write(segment::path_of(folder, number).with_extension("cut"), torn)?;
        }
        torn_bytes += torn.len() as u64;
        damaged_bytes += gaps.iter().map(|gap| gap.len() as u64).sum::<u64>();
        end = (number, whole);
    }
    let writer = Writer::open(folder, end.0, end.1)?;
    Ok(Found { writer, chains, finals, highest_number, last_at, torn_bytes, damaged_bytes })
}

/// The records of a call, as far as they are there.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Chain {
    /// Oldest first.
    pub(crate) records: Vec<Vec<u8>>,
    /// None is missing.
    pub(crate) is_whole: bool,
}

/// The records of a chain, oldest first.
pub(super) fn chain(folder: &Path, last: Position) -> Vec<Vec<u8>> {
    read_chain(folder, last).records
}

/// The records of a chain. Where one cannot be read, those before it in its segment are found without it.
pub(super) fn read_chain(folder: &Path, last: Position) -> Chain {
    let mut chain = Chain { records: vec![], is_whole: true };
    let mut at = last;
    let mut open: Option<(u32, Part)> = None;
    let mut call = None;
    for _ in 0..STEPS_MAX {
        if at == Position::NONE {
            break;
        }
        if open.as_ref().is_none_or(|(number, _)| *number != at.segment()) {
            open = Some((at.segment(), Part::open(folder, at.segment())));
        }
        let mut record = vec![];
        let read = open.as_ref().and_then(|(_, part)| part.read(at.offset(), call, &mut record));
        let previous = match read {
            Some(previous) => {
                let head = Head::decode(&record).ok();
                call = call.or_else(|| head?.call);
                let is_message = head.is_some_and(|head| head.kind == EntryKind::Message);
                if chain.records.len() < MESSAGES_MAX || !is_message {
                    chain.records.push(record);
                }
                previous
            }
            None => {
                chain.is_whole = false;
                call.and_then(|call| before_damage(folder, at, call)).unwrap_or(Position::NONE)
            }
        };
        if previous >= at {
            break;
        }
        at = previous;
    }
    chain.is_whole &= at == Position::NONE;
    chain.records.reverse();
    chain
}

/// A segment, or what is left of it.
enum Part {
    Segment(File),
    Retired(Carried),
}

impl Part {
    fn open(folder: &Path, number: u32) -> Self {
        let segment = File::open(segment::path_of(folder, number));
        segment.map_or_else(|_| Part::Retired(Carried::read(folder, number)), Part::Segment)
    }

    /// Reads a record; where the one before is of its call.
    fn read(&self, offset: u32, call: Option<CallId>, record: &mut Vec<u8>) -> Option<Position> {
        match self {
            Part::Segment(file) => segment::read_frame(file, offset, record),
            Part::Retired(carried) => {
                let (previous, its) = carried.frame(offset, call)?;
                *record = its;
                Some(previous)
            }
        }
    }
}

/// The last whole frame of a call in a segment before a place that cannot be read.
fn before_damage(folder: &Path, place: Position, call: CallId) -> Option<Position> {
    let number = place.segment();
    let bytes = fs::read(segment::path_of(folder, number)).ok()?;
    let mut last = None;
    damage::each_frame(folder, number, &bytes, 0, |offset, frame| {
        if offset < place.offset() && Head::decode(frame.record).is_ok_and(|head| head.call == Some(call)) {
            last = Some(Position::new(number, offset));
        }
    });
    last
}

/// The records that end a call which was up when the server stopped: the decision, and the final record. `None` when
/// the chain holds no call.
pub(super) fn closing(call: CallId, records: &[Vec<u8>], ended_at: WallTime) -> Option<[Vec<u8>; 2]> {
    let mut draft: Option<CallRecord<'_>> = None;
    for bytes in records {
        let Ok(record) = Record::decode(bytes) else { continue };
        match (&record.entry, &mut draft) {
            (Entry::Decision(Decision::CallBegan { origin, calling, called, .. }), None) => {
                draft = Some(began(call, record.leg?, record.at, (*origin, *calling, called)));
            }
            (Entry::Decision(Decision::CallMade { origin, calling, called, .. }), None) => {
                draft = Some(began(call, record.leg?, record.at, (*origin, *calling, called)));
            }
            (Entry::Decision(Decision::Joined(joined)), draft) => {
                *draft = Some(brought_together(call, record.leg?, record.at, joined, draft.take()));
            }
            (Entry::Decision(decision), Some(draft)) => learn(draft, record.leg, record.at, decision),
            (Entry::Told(Told::Alerting { .. }), Some(draft)) => {
                draft.alerted_at.get_or_insert(record.at);
            }
            _ => {}
        }
    }
    let mut record = draft?;
    record.ended_at = ended_at.max(record.started_at);
    let cause = record.cause;
    let ended = Decision::Ended { cause, by: ReleasedBy::System, why: WhyEnded::ServerRestarted };
    let encode = |entry| {
        let mut bytes = vec![];
        Record { at: ended_at, call: Some(call), leg: None, entry }.encode(&mut bytes);
        bytes
    };
    Some([encode(Entry::Decision(ended)), encode(Entry::Call(record))])
}

/// The record of a call whose parties were brought together; `before` when one of them asked for a call.
fn brought_together<'a>(
    call: CallId,
    leg: LegId,
    at: WallTime,
    joined: &Joined<'a>,
    before: Option<CallRecord<'a>>,
) -> CallRecord<'a> {
    let mut draft =
        before.unwrap_or_else(|| began(call, leg, at, (joined.origin, joined.calling, joined.called)));
    if let Some(seat) = joined.other {
        draft.connected = seat.connected;
        draft.answered_at = Some(at);
        let (leg, target) = (seat.leg, seat.target);
        draft.legs.push(LegRecord { leg, target, rung_at: at, outcome: LegOutcome::Answered });
    }
    let joined_by = Some(joined.feature);
    draft.moves = Some(Moves { conversation: joined.conversation, joined_by, left_by: None });
    draft
}

fn began<'a>(
    call: CallId,
    calling_leg: LegId,
    at: WallTime,
    (origin, calling, called): (OriginView<'a>, PartyView<'a>, &'a str),
) -> CallRecord<'a> {
    CallRecord {
        call,
        origin,
        calling_leg,
        calling,
        called,
        translated: "",
        sent: "",
        final_called: "",
        redirections: vec![],
        hunt_pilot: "",
        connected: PartyView::default(),
        codes: CodesView::default(),
        started_at: at,
        alerted_at: None,
        answered_at: None,
        ended_at: at,
        cause: Cause::TEMPORARY_FAILURE,
        released_by: ReleasedBy::System,
        legs: vec![],
        moves: None,
        malicious: false,
    }
}

fn learn<'a>(draft: &mut CallRecord<'a>, leg: Option<LegId>, at: WallTime, decision: &Decision<'a>) {
    match decision {
        // Who was called originally is not changed by what is looked up later.
        Decision::LookedUp(lookup) if draft.redirections.is_empty() => draft.translated = lookup.digits,
        Decision::NumberResolved { sent, destination, .. } => {
            draft.sent = sent;
            draft.final_called = match destination {
                DestinationView::Line(line) => line,
                DestinationView::Trunk(_)
                | DestinationView::Service(_)
                | DestinationView::RouteList(_)
                | DestinationView::HuntList(_)
                | DestinationView::Feature(_) => sent,
            };
        }
        Decision::Forwarded(forwarding) => draft.redirections.push(forwarding.redirection),
        Decision::HuntBegan { pilot, .. } => draft.hunt_pilot = pilot,
        Decision::HuntConnected { member, .. } => draft.final_called = member,
        Decision::CodesAccepted(codes) => draft.codes = *codes,
        Decision::MarkedMalicious { .. } => draft.malicious = true,
        _ => {}
    }
    let Some(leg) = leg else { return };
    let rung = draft.legs.iter_mut().find(|rung| rung.leg == leg);
    match (decision, rung) {
        (Decision::Rung { target, .. } | Decision::RingsOn { target }, None) => {
            let outcome = LegOutcome::Withdrawn(Cause::TEMPORARY_FAILURE);
            draft.legs.push(LegRecord { leg, target: *target, rung_at: at, outcome });
        }
        (Decision::AnsweredBy { connected }, rung) => {
            draft.connected = *connected;
            draft.answered_at.get_or_insert(at);
            if let Some(rung) = rung {
                rung.outcome = LegOutcome::Answered;
            }
        }
        (Decision::LegReleased { cause, .. }, Some(rung)) => rung.outcome = LegOutcome::Withdrawn(*cause),
        (Decision::LegFailed { cause, reason, .. }, Some(rung)) => {
            rung.outcome = LegOutcome::Failed { cause: *cause, reason: *reason };
        }
        _ => {}
    }
}

/// Of a call that has more records than this, older messages are left out.
const MESSAGES_MAX: usize = 20_000;
/// Records of one call that are read; a call that has more is told up to there, from its end.
const STEPS_MAX: usize = 1_000_000;
const _: () = assert!(SEGMENT_HEAD > 0, "no frame is at offset 0, so no position but NONE is 0");
