//! Keys that the peer asked for (RFC 4730): the subscription in the dialog of its call, and what it is told.
//!
//! ```text
//! call control            leg                      peer
//!      |                   | SUBSCRIBE, kpml-request |
//!      |                   |<------------------------|
//!      |                   | 200, NOTIFY active      |
//!      | Digit             |------------------------>|
//!      |------------------>| NOTIFY, kpml-response   |
//!      |                   |------------------------>|
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use strowger_base::net::Flow;
use strowger_base::{Instant, Now, limits};

use super::{Leg, Request};
use crate::core::Shared;
use crate::io::Outbox;
use crate::kpml::request::{Persist, Wanted};
use crate::kpml::{REQUEST, RESPONSE, write_report};
use crate::message::{Message, MethodKind};
use crate::subscription::Ended;
use crate::subscription::notifier::{self, Effect, Input};
use crate::transaction::table::{Branch, ServerKey};
use crate::write;

/// A subscription of the peer. There is one in a call.
#[derive(Debug)]
pub(super) struct Telling {
    state: notifier::State,
    /// The `id` of its Event.
    id: Box<str>,
    wanted: Option<Wanted>,
    /// Keys that it was not told yet: each NOTIFY waits for the answer to the one before, so that none overtakes another.
    waiting: VecDeque<char>,
    /// The NOTIFY without final response.
    branch: Option<Branch>,
    /// What the next NOTIFY says beside its state.
    owes: Owes,
}

/// What has to be said without a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owes {
    Nothing,
    /// How the subscription stands: each SUBSCRIBE gets a NOTIFY (RFC 6665 §4.2.1.2).
    State,
    /// That it is over, with this code of RFC 4730 §6.
    End {
        ended: Ended,
        code: u16,
    },
}

impl Telling {
    fn new(now: Instant) -> Self {
        Telling {
            state: notifier::State::begin(now, limits::KEYS_TOLD, true),
            id: Box::default(),
            wanted: None,
            waiting: VecDeque::new(),
            branch: None,
            owes: Owes::State,
        }
    }

    /// Whether a key that comes may be told.
    pub(super) fn is_open(&self) -> bool {
        self.state != notifier::State::Terminated
    }

    /// When its time is over.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.state.deadline()
    }

    fn on(&mut self, input: Input, now: Instant, code: u16) {
        let (state, effect) = self.state.on(input, now);
        self.state = state;
        match effect {
            Effect::None => {}
            Effect::Notify => self.owes = Owes::State,
            Effect::Last(ended) => self.owes = Owes::End { ended, code },
        }
    }
}

impl Leg {
    /// The peer wants to be told keys, wants to be told them longer, or no more.
    pub(super) fn keys_subscribed(
        &mut self,
        shared: &mut Shared,
        now: Now,
        subscribe: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        if !self.keys.may_be_asked() {
            return self.reply(shared, now, subscribe, key, flow, 489, out);
        }
        let head = shared.head_of(subscribe, &flow, self.dialog.local_tag);
        let request = Request { key, head, flow };
        if !subscribe.body().is_empty() && !subscribe.content_type_is(REQUEST) {
            let accept = |buffer: &mut Vec<u8>| write::header(buffer, b"Accept", REQUEST.as_bytes());
            return self.respond(shared, now, &request, 415, accept, None, out);
        }
        let time = subscribe.expires_seconds().map_or(limits::KEYS_TOLD, Duration::from_secs);
        let time = time.min(limits::KEYS_TOLD);
        let expires = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"Expires: ");
            write::decimal(buffer, time.as_secs());
            buffer.extend_from_slice(b"\r\n");
        };
        self.respond(shared, now, &request, 200, expires, None, out);
        if self.keys.telling.as_ref().is_some_and(|telling| !telling.is_open()) {
            // What is owed to the one that is over goes with it: this one begins anew.
            self.keys.telling = None;
        }
        let telling = self.keys.telling.get_or_insert_with(|| Box::new(Telling::new(now.mono)));
        telling.on(Input::Refresh(time), now.mono, SUBSCRIPTION_OVER);
        telling.id = subscribe.event_package().map_or("", |event| event.id).into();
        if !subscribe.body().is_empty() {
            match Wanted::parse(subscribe.body()) {
                Ok(wanted) => {
                    let unread = self.keys.unread.take().unwrap_or_default();
                    if !wanted.flushes() {
                        telling
                            .waiting
                            .extend(unread.into_iter().filter(|key| wanted.tag_of(*key).is_some()));
                    }
                    telling.wanted = Some(wanted);
                }
                Err(code) => telling.on(Input::End(Ended::Rejected), now.mono, code),
            }
        }
        if !telling.is_open() {
            self.keys.unread = None;
        }
        self.notify_keys(shared, now, out);
    }

    /// A key for a peer that asked for such.
    pub(super) fn tell_key(&mut self, shared: &mut Shared, now: Now, key: char, out: &mut Outbox) {
        if let Some(unread) = &mut self.keys.unread {
            if unread.len() < limits::KEYS_WAITING {
                unread.push_back(key);
            }
            return;
        }
        let Some(telling) = &mut self.keys.telling else { return };
        let is_wanted = telling.wanted.as_ref().is_some_and(|wanted| wanted.tag_of(key).is_some());
        if is_wanted && telling.waiting.len() < limits::KEYS_WAITING {
            telling.waiting.push_back(key);
        }
        self.notify_keys(shared, now, out);
    }

    /// The NOTIFY was answered, or not at all (408).
    pub(super) fn keys_told(
        &mut self,
        shared: &mut Shared,
        now: Now,
        branch: Branch,
        status: u16,
        out: &mut Outbox,
    ) {
        let Some(telling) = self.keys.telling.as_mut().filter(|telling| telling.branch == Some(branch))
        else {
            return;
        };
        if status < 200 {
            return;
        }
        telling.branch = None;
        // RFC 6665 §4.2.2: the subscriber is gone; the call is not touched by that (RFC 5057 §5.1).
        if status >= 300 || (!telling.is_open() && telling.owes == Owes::Nothing) {
            self.keys.telling = None;
            if status >= 300 {
                self.keys.unread = None;
            }
            return;
        }
        self.notify_keys(shared, now, out);
    }

    /// The time of the subscription has come nearer.
    pub(super) fn telling_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        if let Some(telling) = &mut self.keys.telling
            && telling.deadline().is_some_and(|due| due <= now.mono)
        {
            telling.on(Input::Timer, now.mono, SUBSCRIPTION_OVER);
            self.keys.unread = None;
            self.notify_keys(shared, now, out);
        }
    }

    /// Sends the next NOTIFY, if there is anything to tell and none is under way.
    fn notify_keys(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let Some(telling) = &mut self.keys.telling else { return };
        if telling.branch.is_some() {
            return;
        }
        let owed = std::mem::replace(&mut telling.owes, Owes::Nothing);
        let mut report = Vec::new();
        let mut ended = Ended::Other;
        match owed {
            Owes::End { ended: why, code } => {
                write_report(&mut report, code, None);
                ended = why;
            }
            Owes::State => {}
            Owes::Nothing => {
                let Some((key, wanted)) = telling.waiting.pop_front().zip(telling.wanted.as_ref()) else {
                    return;
                };
                write_report(&mut report, 200, Some((key, wanted.tag_of(key).unwrap_or_default())));
                match wanted.persist() {
                    Persist::Persist => {}
                    Persist::SingleNotify => {
                        telling.wanted = None;
                        self.keys.unread = Some(std::mem::take(&mut telling.waiting));
                    }
                    Persist::OneShot => {
                        (telling.state, _) = telling.state.on(Input::End(Ended::Other), now.mono);
                        self.keys.unread = Some(std::mem::take(&mut telling.waiting));
                    }
                }
            }
        }
        let (state, id) = (telling.state, telling.id.clone());
        let rest = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"Event: kpml");
            if !id.is_empty() {
                buffer.extend_from_slice(b";id=");
                buffer.extend_from_slice(id.as_bytes());
            }
            buffer.extend_from_slice(b"\r\n");
            state.write_header(now.mono, ended, buffer);
            let content_type = (!report.is_empty()).then_some(RESPONSE);
            write::finish(buffer, content_type, &report);
        };
        let (branch, _) = self.send(shared, now, MethodKind::Notify, rest, out);
        if let Some(telling) = &mut self.keys.telling {
            telling.branch = Some(branch);
        }
    }
}

/// RFC 4730 §6: the subscription is over.
const SUBSCRIPTION_OVER: u16 = 487;
