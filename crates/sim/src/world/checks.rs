//! What has to be true when the storm is over.

use std::time::Duration;

use strowger_base::LineName;
use strowger_node::io::{Answer, Leftovers, Question};

use super::{Failure, World};
use crate::identities;
use crate::phone::{Phone, Watching};

impl World {
    /// Nobody does anything any more, and what was under way is done: who is heard anywhere is who is shown there.
    pub(super) fn check_identities(&mut self) -> Result<(), Failure> {
        let compared = identities::check(&self.phones, &self.wires, self.last_crash)
            .map_err(|error| format!("{:?}: {error}", self.now.mono))?;
        self.report.people += compared.people;
        self.report.conferences += compared.conferences;
        // A line of which a phone talks is busy, wherever a lamp shows it.
        for phone in &self.phones {
            // What was told before the power went is forgotten there, and the phone does not know. Something may have been under way.
            let since = self.last_crash + Duration::from_secs(1);
            let counts = |it: &&Watching| it.is_lit() == Some(false) && it.told > since;
            for watching in phone.watches.iter().filter(counts) {
                let of_line = |other: &&Phone| other.account.number == watching.number;
                let heard =
                    |phone: &Phone| identities::is_heard(phone, &self.phones, &self.wires, self.last_crash);
                if self.phones.iter().filter(of_line).any(heard) {
                    let (at, line) = (&phone.account.number, &watching.number);
                    return Err(format!("at {at} the lamp of {line} is dark, though that line talks"));
                }
            }
        }
        Ok(())
    }

    /// All calls are over: no lamp is lit, and everybody knows which messages wait.
    pub(super) fn check_watches(&mut self) -> Result<(), Failure> {
        let mut mailboxes = vec![];
        for phone in &self.phones {
            for watching in &phone.watches {
                if watching.is_lit() == Some(true) {
                    let (at, line, calls) = (&phone.account.number, &watching.number, watching.believes());
                    return Err(format!(
                        "at {at} the lamp of {line} is lit, but all calls are over: {calls}"
                    ));
                }
                self.report.lamps += u64::from(watching.is_lit().is_some());
                mailboxes.extend(watching.has_messages().map(|told| (watching.number.clone(), told)));
            }
        }
        for (number, told) in mailboxes {
            self.report.lamps += 1;
            let line = LineName::from(&*number);
            match self.ask(Question::Messages { line, change: None })? {
                Some(Answer::Messages(Some(mailbox))) if mailbox.waiting == told => {}
                other => return Err(format!("{number} was told that messages wait: {told}, but {other:?}")),
            }
        }
        Ok(())
    }

    /// What users set last is what counts.
    pub(super) fn check_settings(&mut self) -> Result<(), Failure> {
        match self.ask(Question::UserSettings)? {
            Some(Answer::UserSettings(settings)) => self.kept.check(&settings),
            other => Err(format!("asked for what users set, the node answers {other:?}")),
        }
    }

    /// The end of the second act: nothing is left behind and every call has its record.
    pub(super) fn check_settled(&mut self) -> Result<(), Failure> {
        match self.ask(Question::Leftovers)? {
            Some(Answer::Leftovers(leftovers)) if leftovers == Leftovers::default() => {}
            other => return Err(format!("left behind: {other:?}")),
        }
        let (ports, draining) = (self.worker.ports(), self.worker.draining());
        if ports + draining > 0 {
            let wires = &self.wires;
            return Err(format!(
                "left behind: {ports} media ports, and {draining} that are to rest: {wires:?}"
            ));
        }
        self.check_settings()?;
        if let Some((call, _)) = self.begun.iter().find(|(_, done)| !**done) {
            return Err(format!("{call} has no final record"));
        }
        if let Some(phone) = self.phones.iter().find(|phone| !phone.is_idle()) {
            let (number, calls) = (&phone.account.number, phone.describe());
            return Err(format!("a phone of {number} is still in a call: {calls}"));
        }
        Ok(())
    }
}
