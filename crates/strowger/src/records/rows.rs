//! Rows of the journal: which record of it gives one, and with what else of its call.
//!
//! What is known here beside the journal is made of it again after a stop ([`Rows::resume`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use strowger_base::journal::{Entry, EntryKind, Head, Record, Told};
use strowger_base::{LegId, WallTime};
use strowger_cdr::spool::Spooler;
use strowger_cdr::{RecordKind, Rules};

use super::uris::Uris;
use crate::store::{Followed, Follower};

/// Makes rows.
#[derive(Default)]
pub(super) struct Rows {
    late: Late,
    /// Calls of which a part is missing, and how many of them were told.
    incomplete: u64,
    told: u64,
}

impl Rows {
    /// Goes on where the follower is: which calls ended just before that says the journal.
    pub(super) fn resume(follower: &Follower, rules: &Rules) -> io::Result<Self> {
        let mut rows = Rows::default();
        if rules.writes_quality() {
            follower.read_back(LATE_SECONDS, |followed| {
                if let Ok(Head { kind: EntryKind::Call, at, .. }) = Head::decode(followed.record) {
                    let chain = follower.call_until(&followed);
                    rows.late.ended(at, &decoded(&chain.records), followed.place());
                }
            })?;
        }
        Ok(rows)
    }

    /// Takes one record of the journal.
    pub(super) fn take(
        &mut self,
        follower: &Follower,
        followed: &Followed<'_>,
        (rules, uris): (&Rules, &Uris),
        spooler: &mut Spooler,
    ) {
        let next = followed.next;
        let Ok(head) = Head::decode(followed.record) else { return spooler.pass(next) };
        let counts = rules.writes_quality();
        match head.kind {
            EntryKind::Call if rules.calls || counts => {
                let chain = follower.call_until(followed);
                let records = decoded(&chain.records);
                if counts {
                    self.late.ended(head.at, &records, followed.place());
                }
                match rules.call(&records) {
                    Some(mut row) => {
                        uris.fill(&mut row);
                        self.incomplete += u64::from(!chain.is_whole);
                        spooler.row(next, RecordKind::Cdr, &row);
                    }
                    None => spooler.pass(next),
                }
            }
            EntryKind::Quality | EntryKind::Told if counts && is_about_quality(followed.record) => {
                let mut bytes = match (head.call, head.leg.and_then(|leg| self.late.calls.get(&leg))) {
                    (Some(_), _) => follower.call_until(followed).records,
                    (None, Some(place)) => follower.call_at(*place).records,
                    (None, None) => Vec::new(),
                };
                if head.call.is_none() {
                    bytes.push(followed.record.to_vec());
                }
                match rules.quality(&decoded(&bytes)) {
                    Some(row) => spooler.row(next, RecordKind::Cmr, &row),
                    None => spooler.pass(next),
                }
            }
            _ => spooler.pass(next),
        }
    }

    /// How many calls have a row from which something is missing, when that is to be told: at the first one, and each time that they have doubled.
    pub(super) const fn incomplete_due(&mut self) -> Option<u64> {
        if self.incomplete == 0 || self.incomplete < self.told.saturating_mul(2) {
            return None;
        }
        self.told = self.incomplete;
        Some(self.told)
    }
}

/// Where the final records of calls are that ended lately, by their legs: how a call sounded is told when it is over.
#[derive(Default)]
struct Late {
    calls: BTreeMap<LegId, u64>,
    ended: VecDeque<(WallTime, LegId, u64)>,
}

impl Late {
    fn ended(&mut self, at: WallTime, records: &[Record<'_>], place: u64) {
        let legs: BTreeSet<LegId> = records.iter().filter_map(|record| record.leg).collect();
        for leg in legs {
            self.calls.insert(leg, place);
            self.ended.push_back((at, leg, place));
        }
        while let Some((before, leg, place)) = self.ended.front()
            && (self.ended.len() > LATE_MAX || before.as_secs() + LATE_SECONDS < at.as_secs())
        {
            // A leg that went on in another call has a later place.
            if self.calls.get(leg) == Some(place) {
                self.calls.remove(leg);
            }
            self.ended.pop_front();
        }
    }
}

fn is_about_quality(record: &[u8]) -> bool {
    let entry = Record::decode(record).map(|record| record.entry);
    matches!(entry, Ok(Entry::Quality(_) | Entry::Told(Told::Quality(_))))
}

fn decoded(bytes: &[Vec<u8>]) -> Vec<Record<'_>> {
    bytes.iter().filter_map(|record| Record::decode(record).ok()).collect()
}

/// Media ports say their last words within this.
const LATE_SECONDS: u64 = 60;
const LATE_MAX: usize = 200_000;

#[cfg(test)]
mod tests;
