//! What has to be true when the storm is over.

use std::time::Duration;

use strowger_base::LineName;
use strowger_node::io::{Answer, Leftovers, Question};

use super::stations::Station;
use super::{Failure, World};
use crate::identities;
use crate::phone::Watching;

impl World {
    /// Nobody does anything any more, and what was under way is done: who is heard anywhere is who is shown there.
    pub(super) fn check_identities(&mut self) -> Result<(), Failure> {
        let people = self.phones.get(..self.people()).unwrap_or_default();
        let stations = self.stations.phones.iter().filter(|(_, it)| it.phone.registered);
        // The second phone of a line has a letter behind its number.
        let stations = stations.map(|(name, it)| (name.trim_end_matches('b'), &it.phone));
        let compared = identities::check(people, stations, &self.wires, self.last_crash)
            .map_err(|error| format!("{:?}: {error}", self.now.mono))?;
        self.report.people += compared.people;
        self.report.conferences += compared.conferences;
        self.check_dark_lamps()
    }

    /// A line of which a phone talks is busy, wherever a lamp shows it.
    ///
    /// A server that gets no answer to a NOTIFY ends the subscription (RFC 6665 §4.2.2), and a phone whose answers were lost learns of that
    /// when it refreshes. So a phone whose lamp is dark is made to refresh: where the subscription lives, the lamp was wrong; where it
    /// is gone, the phone subscribes anew, and then the lamp has to be lit.
    fn check_dark_lamps(&mut self) -> Result<(), Failure> {
        let dark = self.dark_lamps();
        if dark.is_empty() {
            return Ok(());
        }
        for (phone, lamp, _) in &dark {
            let mut sends = vec![];
            let Some(phone) = self.phones.get_mut(*phone) else { continue };
            phone.refresh(self.now.mono, *lamp, &mut sends);
            let address = phone.address;
            self.post(address, &mut sends);
        }
        self.wait(RENEWED)?;
        let still = self.dark_lamps();
        for (phone, lamp, subscription) in dark {
            let Some(watching) = self.phones.get(phone).and_then(|phone| phone.watches.get(lamp)) else {
                continue;
            };
            let lived = watching.subscription() == subscription;
            let is_dark = still.iter().any(|(other, which, _)| (*other, *which) == (phone, lamp));
            let at = self.phones.get(phone).map_or("", |phone| &phone.account.number);
            let line = &watching.number;
            if lived || is_dark || !self.plan.weather.loses_answers() {
                return Err(format!("at {at} the lamp of {line} is dark, though that line talks"));
            }
            self.report.lapsed += 1;
        }
        Ok(())
    }

    /// Lamps that are dark though their line talks: the phone, which of its lamps, and the subscription.
    fn dark_lamps(&self) -> Vec<(usize, usize, String)> {
        // What was told before the power went is forgotten there, and the phone does not know. Something may have been under way.
        let since = self.last_crash + Duration::from_secs(1);
        let talks = |line: &str| {
            let mut of_line = self.phones.iter().filter(|other| other.account.number == line);
            of_line.any(|phone| identities::is_heard(phone, &self.phones, &self.wires, self.last_crash))
        };
        let mut dark = vec![];
        for (at, phone) in self.phones.iter().enumerate() {
            let counts = |it: &Watching| it.is_lit() == Some(false) && it.told > since && talks(&it.number);
            let lamps = phone.watches.iter().enumerate().filter(|(_, watching)| counts(watching));
            dark.extend(lamps.map(|(lamp, watching)| (at, lamp, watching.subscription().to_owned())));
        }
        dark
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
        if let Some(party) = self.recording.first() {
            return Err(format!("the recorder of {party} was called, and nobody told what became of that"));
        }
        if let Some((call, _)) = self.begun.iter().find(|(_, done)| !**done) {
            return Err(format!("{call} has no final record"));
        }
        if let Some(phone) = self.phones.iter().find(|phone| !phone.is_idle()) {
            let (number, calls) = (&phone.account.number, phone.describe());
            return Err(format!("a phone of {number} is still in a call: {calls}"));
        }
        self.check_stations()?;
        let still = |it: &&Station| it.phone.registered && !it.phone.calls.is_empty();
        match self.stations.phones.values().find(still) {
            Some(it) => {
                Err(format!("{} is still in a call: {}", it.phone.name, it.phone.display().join(", ")))
            }
            None => Ok(()),
        }
    }

    /// SCCP phones: nothing is left of calls that they do not show any more. Of one without a connection nobody knows.
    pub(super) fn check_stations(&self) -> Result<(), Failure> {
        let connected = self.stations.phones.values().filter(|it| it.phone.registered);
        let mut haunted = connected.filter_map(|it| Some((it, it.phone.is_haunted()?)));
        match haunted.next() {
            Some((it, why)) => Err(format!("{:?} at {}: {why}", self.now.mono, it.phone.name)),
            None => Ok(()),
        }
    }
}

/// Longer than a refresh takes that is answered 481, and the subscription that follows.
const RENEWED: Duration = Duration::from_secs(10);
