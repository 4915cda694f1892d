//! What is written down: each call begins once and has one record, and what was promised survives a power cut.

use std::collections::BTreeMap;

use strowger_base::journal::{Decision, Entry, Feature, MediaNews, Record, RecordingNews};
use strowger_base::{LegId, Rng};
use strowger_media::worker::Worker;
use strowger_node::{Input, Node};

use super::{Failure, World, parameters};
use crate::disk::Written;
use crate::kept::Kept;

impl World {
    pub(super) fn disk_done(&mut self) -> Result<(), Failure> {
        self.spool.goes_on(self.disk.safe(), self.now.wall);
        match self.disk.written(self.now.mono) {
            Some(Written::Safe { ticket, record }) => {
                if let Ok(Record { entry: Entry::Call(call), .. }) = Record::decode(&record) {
                    self.promised.insert(call.call);
                }
                self.give(Input::Persisted { ticket })
            }
            Some(Written::Failed { ticket, record }) => {
                // A record that failed will come again; the copy that was counted does not exist.
                if let Ok(Record { entry: Entry::Call(call), .. }) = Record::decode(&record) {
                    self.begun.insert(call.call, false);
                }
                self.give(Input::PersistFailed { ticket, reason: "no space left on device".into() })
            }
            None => Ok(()),
        }
    }

    /// Reads a journal record as a checker: each call begins once and gets one final record.
    pub(super) fn journal(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.note("journal", bytes);
        let record = Record::decode(bytes).map_err(|error| format!("journal: {error}"))?;
        self.checker.record(self.now, &record, &self.configuration)?;
        match (record.call, &record.entry) {
            (_, Entry::UserSet(set)) => {
                self.report.settings += 1;
                self.kept.set(record.at, set);
            }
            (Some(call), Entry::Decision(Decision::KeysNotCarried { .. })) => _ = self.unkeyed.insert(call),
            (Some(call), Entry::Decision(Decision::KeysBetween { .. })) => _ = self.unkeyed.remove(&call),
            (_, Entry::Decision(Decision::FeatureDone { .. })) => self.report.features += 1,
            (_, Entry::Decision(Decision::Recording(news))) => self.recorded(record.leg, news)?,
            (_, Entry::Decision(Decision::Resource(MediaNews::Taken { .. }))) => self.report.seats += 1,
            (Some(call), Entry::Decision(Decision::CallBegan { .. })) => {
                let before = self.begun.insert(call, false);
                if before.is_some() {
                    return Err(format!("{call} began twice"));
                }
            }
            // A device that takes the place of another one began its call already.
            (Some(call), Entry::Decision(Decision::CallMade { .. } | Decision::Joined(_))) => {
                self.begun.entry(call).or_insert(false);
            }
            (_, Entry::Call(call)) => match self.begun.insert(call.call, true) {
                Some(false) => {
                    self.report.sent_on += u64::from(!call.redirections.is_empty());
                    self.report.hunted += u64::from(!call.hunt_pilot.is_empty());
                    let joined = call.moves.is_some_and(|moves| moves.joined_by.is_some());
                    self.report.transferred += u64::from(joined);
                }
                Some(true) => return Err(format!("{} got a second final record", call.call)),
                // What a recorder is sent begins with the call that is recorded, and has a record of its own at the end.
                None if call.moves.is_some_and(|moves| moves.joined_by == Some(Feature::Recording)) => {}
                None => return Err(format!("{} got a final record but never began", call.call)),
            },
            _ => {}
        }
        Ok(())
    }

    /// Whenever a recorder is called it is told what became of that, before it is called for the same party again.
    fn recorded(&mut self, party: Option<LegId>, news: &RecordingNews<'_>) -> Result<(), Failure> {
        let Some(party) = party else { return Err("a recording is of nobody".to_owned()) };
        match news {
            RecordingNews::Begins { .. } if !self.recording.insert(party) => {
                return Err(format!("the recorder of {party} is called twice"));
            }
            RecordingNews::Runs { .. } => {
                self.report.recordings += 1;
                self.recording.remove(&party);
            }
            RecordingNews::Lost { .. }
            | RecordingNews::NextRecorder { .. }
            | RecordingNews::NotTaken { .. }
            | RecordingNews::InClear
            | RecordingNews::Refused(_)
            | RecordingNews::Ended(_) => {
                self.report.unrecorded += u64::from(matches!(news, RecordingNews::Lost { .. }));
                self.recording.remove(&party);
            }
            _ => {}
        }
        Ok(())
    }

    /// The power goes and comes back: memory is lost, the disk holds what was safe and perhaps a little more.
    pub(super) fn crash(&mut self) -> Result<(), Failure> {
        self.report.crashes += 1;
        self.trace_line("crash", "");
        self.checker.forget();
        self.recording.clear();
        self.wires.forget();
        self.commands.clear();
        self.last_crash = self.now.mono;
        let survived = self.disk.crash(&mut self.rng);
        self.spool.is_killed(&survived);
        let mut begun = BTreeMap::new();
        self.kept = Kept::default();
        let mut settings = vec![];
        for bytes in &survived {
            let record = Record::decode(bytes).map_err(|error| format!("after a crash: {error}"))?;
            match (record.call, &record.entry) {
                (
                    Some(call),
                    Entry::Decision(
                        Decision::CallBegan { .. } | Decision::CallMade { .. } | Decision::Joined(_),
                    ),
                ) => _ = begun.entry(call).or_insert(false),
                (_, Entry::Call(call)) => _ = begun.insert(call.call, true),
                (_, Entry::UserSet(set)) => {
                    self.kept.set(record.at, set);
                    settings.push(bytes);
                }
                _ => {}
            }
        }
        if let Some(lost) = self.promised.iter().find(|call| begun.get(*call) != Some(&true)) {
            return Err(format!("the record of {lost} was promised to be safe and is lost"));
        }
        // The store closes what was in progress, as the server does when it starts.
        for done in begun.values_mut() {
            *done = true;
        }
        self.begun.extend(begun);
        for done in self.begun.values_mut() {
            *done = true;
        }
        let last_number = self.disk.last_number();
        self.node = Node::new(parameters(&self.configuration, &mut self.rng, last_number));
        self.worker = Worker::new(Rng::new(self.rng.next_u64()));
        self.stations_come_back()?;
        for record in self.disk.bindings() {
            self.give(Input::Restore(record))?;
        }
        for (line, mailbox) in self.disk.mailboxes() {
            self.give(Input::RestoreMailbox(line, mailbox))?;
        }
        for record in settings {
            self.give(Input::RestoreSetting(record))?;
        }
        self.check_settings()
    }
}
