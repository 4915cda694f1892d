//! Documents for screens of devices, and what comes back: the device's answer, and what its user does.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use strowger_base::timer::TimerQueue;
use strowger_base::{Instant, Now, TimerHandle, limits};
use strowger_sccp::message::services::{Delivery, Sequence, UserData};
use strowger_sccp::station::io::Input as ToStations;
use strowger_sccp::{Data, ToStation};

use super::Sccp;
use super::io::{News, Outbox, Output};
use crate::io::{Push, PushRefused, Pushed, QueryId};

/// Documents that devices have not answered to.
#[derive(Default)]
pub(super) struct Pushes {
    /// By device and exchange.
    waiting: BTreeMap<(Box<str>, u32), Waiting>,
    timers: TimerQueue<(Box<str>, u32)>,
    transactions: u32,
}

/// Somebody waits for what a device answers.
struct Waiting {
    query: QueryId,
    until: TimerHandle,
    /// What has come of the answer, which may be in parts.
    answer: Vec<u8>,
}

impl Pushes {
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    fn end(&mut self, key: &(Box<str>, u32)) -> Option<Waiting> {
        let waiting = self.waiting.remove(key)?;
        self.timers.cancel(waiting.until);
        Some(waiting)
    }
}

impl Sccp {
    pub(super) fn push(&mut self, now: Now, query: QueryId, push: &Push, out: &mut Outbox) {
        let refused = |why, out: &mut Outbox| out.push(Output::Pushed(query, Err(why)));
        let Some(present) = self.present.get(&push.device) else {
            return refused(PushRefused::NotRegistered, out);
        };
        if self.routers.resources.has(&push.device) {
            return refused(PushRefused::NoScreen, out);
        }
        if self.pushes.waiting.len() >= limits::SCREENS_PUSHED {
            return refused(PushRefused::TooMany, out);
        }
        let version = present.dialect.version;
        let transaction = self.pushes.transactions.checked_add(1).unwrap_or(1);
        let document = UserData {
            application: push.application,
            transaction,
            delivery: Delivery { priority: u32::from(push.priority), ..Delivery::default() },
            data: Data(push.document.to_vec()),
            ..UserData::default()
        };
        let Some(messages) = document.messages(version) else {
            let (has, most) = (push.document.len(), UserData::most(version));
            return refused(PushRefused::TooLong { has, most, version: version.number() }, out);
        };
        self.pushes.transactions = transaction;
        let key = (push.device.clone(), transaction);
        let until = self.pushes.timers.set(now.mono + PATIENCE, key.clone());
        self.pushes.waiting.insert(key, Waiting { query, until, answer: Vec::new() });
        self.counters.pushed += 1;
        out.push(Output::News(News::Pushed {
            device: push.device.clone(),
            application: push.application,
            transaction,
            bytes: u32::try_from(push.document.len()).unwrap_or(u32::MAX),
            by: push.by.clone(),
        }));
        for message in messages {
            let message = ToStation::from(message);
            let input = ToStations::Tell { device: &push.device, message: &message };
            self.tell_stations(now, input, out);
        }
    }

    /// A device answers to a document. What nobody waits for any more is written down all the same.
    pub(super) fn answers(&mut self, now: Now, device: &str, said: &UserData, out: &mut Outbox) {
        let key = (device.into(), said.transaction);
        let mut data = said.data.0.clone();
        if let Some(waiting) = self.pushes.waiting.get_mut(&key) {
            let room = limits::SCREEN_BYTES.saturating_sub(waiting.answer.len());
            waiting.answer.extend(data.iter().take(room));
            if said.delivery.sequence != Sequence::LAST {
                return;
            }
            data = mem::take(&mut waiting.answer);
        }
        let waits = self.pushes.end(&key);
        // As many as were asked for are always written down.
        if waits.is_some() || self.is_written(now, device, out) {
            out.push(told(device, said, "answer", &data));
        }
        if let Some(Waiting { query, .. }) = waits {
            let answer = Some(data.into());
            out.push(Output::Pushed(query, Ok(Pushed { transaction: said.transaction, answer })));
        }
    }

    /// The user of a device does something with a document, or a service of its own tells something.
    pub(super) fn chooses(&mut self, now: Now, device: &str, said: &UserData, out: &mut Outbox) {
        if self.is_written(now, device, out) {
            out.push(told(device, said, "choice", &said.data.0));
        }
    }

    /// Devices have not answered in time.
    pub(super) fn unanswered(&mut self, now: Instant, out: &mut Outbox) {
        while let Some((_, key)) = self.pushes.timers.pop_due(now) {
            self.without_answer(&key, out);
        }
    }

    /// A device is gone.
    pub(super) fn unanswered_by(&mut self, device: &str, out: &mut Outbox) {
        let of_device = self.pushes.waiting.range((Box::from(device), 0)..);
        let keys: Vec<(Box<str>, u32)> =
            of_device.map(|(key, _)| key.clone()).take_while(|(name, _)| **name == *device).collect();
        keys.iter().for_each(|key| self.without_answer(key, out));
    }

    fn without_answer(&mut self, key: &(Box<str>, u32), out: &mut Outbox) {
        if let Some(Waiting { query, .. }) = self.pushes.end(key) {
            out.push(Output::Pushed(query, Ok(Pushed { transaction: key.1, answer: None })));
        }
    }
}

fn told(device: &str, said: &UserData, what: &'static str, data: &[u8]) -> Output {
    let end = data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let data = String::from_utf8_lossy(data.get(..end).unwrap_or_default());
    Output::News(News::ScreenTold {
        device: device.into(),
        application: said.application,
        transaction: said.transaction,
        what,
        data: data.into(),
    })
}

/// How long a device may take to answer: who waits over HTTP is answered within five seconds.
const PATIENCE: Duration = Duration::from_secs(3);
