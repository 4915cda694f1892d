//! Call records of a simulated server: they follow the journal as the program's thread does, and the power takes what is not safe of them too.

use std::collections::{BTreeMap, BTreeSet};

use strowger_base::journal::{Entry, Feature, Record};
use strowger_base::{CallId, Rng, WallTime};
use strowger_cdr::file::Reader;
use strowger_cdr::record::Pkid;
use strowger_cdr::spool::{Segment, Spooler};
use strowger_cdr::{Cdr, QualityRecords, RecordKind, Rules};

/// What writes call records, with its part of the disk.
pub(super) struct Spool {
    rng: Rng,
    spooler: Spooler,
    /// The segment that is written, as far as it is safe.
    segment: Vec<u8>,
    /// What was written behind it and is not safe yet.
    unsafe_bytes: Vec<u8>,
    /// Closed segments of which files are still to be made.
    closed: Vec<Vec<u8>>,
    files: BTreeMap<String, String>,
    /// Which records each call has in the journal, as far as it was followed.
    calls: BTreeMap<CallId, Vec<usize>>,
    pub(super) kills: u64,
}

impl Spool {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let epoch = rng.next_u64();
        Spool {
            rng,
            spooler: Spooler::new(epoch, 0),
            segment: Vec::new(),
            unsafe_bytes: Vec::new(),
            closed: Vec::new(),
            files: BTreeMap::new(),
            calls: BTreeMap::new(),
            kills: 0,
        }
    }

    /// Does something of what is to be done, as a thread does that is not always there in time: `journal` is what is safe of the journal.
    pub(super) fn goes_on(&mut self, journal: &[Vec<u8>], at: WallTime) {
        match self.rng.below(8) {
            0..4 => {
                let left = (journal.len() as u64).saturating_sub(self.spooler.journal());
                let some = self.rng.below(left + 1);
                self.follows(journal, self.spooler.journal() + some);
            }
            4 | 5 => self.syncs(),
            6 => self.closes(journal, at),
            _ => self.makes_files(),
        }
        if self.rng.one_in(12) {
            self.is_killed(journal);
        }
    }

    fn follows(&mut self, journal: &[Vec<u8>], to: u64) {
        let from = self.spooler.journal() as usize;
        for (place, bytes) in journal.iter().enumerate().take(to as usize).skip(from) {
            let next = place as u64 + 1;
            let Ok(record) = Record::decode(bytes) else { continue };
            let Some(call) = record.call else {
                self.spooler.pass(next);
                continue;
            };
            self.calls.entry(call).or_default().push(place);
            let places = if matches!(record.entry, Entry::Call(_)) { self.calls.remove(&call) } else { None };
            let records: Vec<Record<'_>> = places
                .into_iter()
                .flatten()
                .filter_map(|place| Record::decode(journal.get(place)?).ok())
                .collect();
            match rules().call(&records) {
                Some(row) => self.spooler.row(next, RecordKind::Cdr, &row),
                None => self.spooler.pass(next),
            }
        }
        self.unsafe_bytes.append(&mut self.spooler.take());
    }

    fn syncs(&mut self) {
        self.unsafe_bytes.append(&mut self.spooler.take());
        self.segment.append(&mut self.unsafe_bytes);
    }

    /// Closes the segment, and begins another one when that is safe.
    fn closes(&mut self, journal: &[Vec<u8>], at: WallTime) {
        self.spooler.close(at);
        if self.rng.one_in(4) {
            // That it is closed may be torn.
            return self.is_killed(journal);
        }
        self.syncs();
        self.begins_anew();
    }

    fn begins_anew(&mut self) {
        let Some(segment) = Segment::read(&self.segment) else { return };
        self.spooler = Spooler::resume(&segment);
        self.closed.push(std::mem::take(&mut self.segment));
        self.syncs();
    }

    /// Files of one closed segment; that it is done with may be forgotten.
    fn makes_files(&mut self) {
        let Some(bytes) = self.closed.first() else { return };
        let files = Segment::read(bytes).map(|segment| segment.files("sim", 1)).unwrap_or_default();
        for (name, text) in files {
            let name = name.to_string();
            if let Some(before) = self.files.get(&name) {
                assert_eq!(before, &text, "{name} was made twice, and is not the same");
            }
            self.files.insert(name, text);
        }
        if !self.rng.one_in(4) {
            self.closed.remove(0);
        }
    }

    /// The power goes: of what is not safe any part is there, down to the byte.
    pub(super) fn is_killed(&mut self, journal: &[Vec<u8>]) {
        self.kills += 1;
        self.unsafe_bytes.append(&mut self.spooler.take());
        let torn = self.rng.below(self.unsafe_bytes.len() as u64 + 1) as usize;
        self.segment.extend_from_slice(self.unsafe_bytes.get(..torn).unwrap_or_default());
        self.unsafe_bytes.clear();
        match Segment::read(&self.segment)
            .map(|segment| (segment.whole, segment.closed_at().is_some(), Spooler::resume(&segment)))
        {
            // Its head has its name only when it is whole.
            None => {
                let head = *self.spooler.head();
                self.segment.clear();
                self.spooler = Spooler::begin(head);
                self.syncs();
            }
            Some((_, true, _)) => self.begins_anew(),
            Some((whole, false, spooler)) => {
                self.segment.truncate(whole);
                self.spooler = spooler;
            }
        }
        self.calls.clear();
        for (place, bytes) in journal.iter().enumerate().take(self.spooler.journal() as usize) {
            if let Ok(Record { call: Some(call), entry, .. }) = Record::decode(bytes) {
                match entry {
                    Entry::Call(_) => _ = self.calls.remove(&call),
                    _ => self.calls.entry(call).or_default().push(place),
                }
            }
        }
    }

    /// Everything is done; each call of the journal has one row and no other one. Pressing the key that takes what rings elsewhere calls nobody and has none: the call
    /// that rang has it.
    pub(super) fn check(&mut self, journal: &[Vec<u8>], at: WallTime) -> Result<u64, String> {
        self.follows(journal, journal.len() as u64);
        self.spooler.close(at);
        self.syncs();
        self.begins_anew();
        while !self.closed.is_empty() {
            self.makes_files();
        }
        let mut keys: BTreeSet<Pkid> = BTreeSet::new();
        for (name, text) in &self.files {
            for row in Reader::<Cdr>::new(text.as_bytes()).map_err(|error| format!("{name}: {error}"))? {
                let row = row.map_err(|error| format!("{name}: {error}"))?;
                if !keys.insert(row.pkid) {
                    return Err(format!("{name}: {} was written before", row.pkid));
                }
            }
        }
        let calls: BTreeSet<CallId> = journal
            .iter()
            .filter_map(|bytes| match Record::decode(bytes).ok()?.entry {
                Entry::Call(call) => {
                    let is_key = call.legs.is_empty()
                        && call.moves.is_some_and(|moves| moves.left_by == Some(Feature::PickUp));
                    (!is_key).then_some(call.call)
                }
                _ => None,
            })
            .collect();
        if calls.len() != keys.len() {
            return Err(format!("{} calls have {} rows", calls.len(), keys.len()));
        }
        Ok(keys.len() as u64)
    }
}

fn rules() -> Rules {
    Rules {
        cluster: "sim".into(),
        calls: true,
        zero_duration: true,
        quality: QualityRecords::Never,
        show_hunt_member: false,
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{Plan, World};

    /// With calls all the time, and the power gone 200 times.
    #[test]
    fn every_call_has_one_row_however_often_the_power_goes() {
        let (mut crashes, mut rows, mut kills) = (0, 0, 0);
        for seed in 1..=5 {
            let plan = Plan { crashes: 40, ..Plan::of_seed(seed, 20) };
            let report = World::new(plan, false).run().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            crashes += report.crashes;
            rows += report.rows;
            kills += report.kills;
        }
        assert_eq!(crashes, 200);
        assert!(rows > 500 && kills > 200, "{rows} rows after {kills} kills");
    }
}
