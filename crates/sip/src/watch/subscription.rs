//! One subscription: its dialog, what its watcher was told, and the NOTIFY that has no answer yet.

use std::time::Duration;

use strowger_base::leg::Origin;
use strowger_base::net::Flow;
use strowger_base::watch::{
    CallDirection, CallPhase, Detail, LineCall, News, Package, WatchId, WatchRefusal, Watched,
};
use strowger_base::{HashMap, Instant, LegId, Now, TimerHandle, limits};

use super::dialog_info::{self, About};
use super::{document_type, message_summary, name_of, pidf, write_allow_events};
use crate::core::{Shared, Timer, write_retry_after};
use crate::dialog::Dialog;
use crate::io::Outbox;
use crate::leg::Leg;
use crate::message::MethodKind;
use crate::subscription::Ended;
use crate::subscription::notifier::{self, Effect, Input};
use crate::transaction::table::{Branch, ServerKey};
use crate::write;

/// A subscription.
pub(crate) struct Subscription {
    id: WatchId,
    pub(super) dialog: Dialog,
    /// Whose phone it is.
    pub(super) watcher: Origin,
    /// What was asked for.
    pub(super) number: Box<str>,
    package: Package,
    event_id: Box<str>,
    /// A SUBSCRIBE that waits for its answer.
    pub(super) asked: Option<Asked>,
    /// `None` until it is accepted.
    state: Option<notifier::State>,
    detail: Detail,
    /// What is true now.
    news: Option<News>,
    /// What the watcher was told last.
    told: Option<News>,
    owed: Owed,
    /// The NOTIFY without answer.
    awaiting: Option<Branch>,
    /// The next NOTIFY goes out then at the earliest.
    not_before: Instant,
    version: u32,
    timer: Option<TimerHandle>,
    deadline: Option<Instant>,
}

/// A SUBSCRIBE that waits for its answer.
pub(super) struct Asked {
    pub(super) key: ServerKey,
    pub(super) head: Box<[u8]>,
    pub(super) flow: Flow,
    /// For how long.
    pub(super) time: Duration,
}

/// What has to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owed {
    Nothing,
    /// What changed.
    Changes,
    /// Everything, and at once: it was asked for (RFC 6665 §4.2.1.2).
    Everything,
    /// The same for the last time: the watcher fetched it, or wants no more.
    Last(Ended),
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Nothing,
    /// What is owed is told, if it may be now.
    Tell,
    /// The watcher is told that it is over.
    End(Ended),
    /// It is over, and there is nobody to tell.
    Forget,
}

impl Subscription {
    pub(super) fn new(
        id: WatchId,
        dialog: Dialog,
        watcher: Origin,
        number: Box<str>,
        (package, event_id): (Package, Box<str>),
        asked: Asked,
    ) -> Self {
        Subscription {
            id,
            dialog,
            watcher,
            number,
            package,
            event_id,
            asked: Some(asked),
            state: None,
            detail: Detail::States,
            news: None,
            told: None,
            owed: Owed::Nothing,
            awaiting: None,
            not_before: Instant::START,
            version: 0,
            timer: None,
            deadline: None,
        }
    }

    pub(super) fn is_about(&self, package: &Package, event_id: &str) -> bool {
        self.package == *package && *self.event_id == *event_id
    }

    pub(super) const fn is_accepted(&self) -> bool {
        self.state.is_some()
    }

    pub(super) fn is_awaiting(&self, branch: Branch) -> bool {
        self.awaiting == Some(branch)
    }

    /// Whose it is, as it is told to people.
    pub(super) fn watcher_number(&self) -> Box<str> {
        match &self.watcher {
            Origin::Line { line, .. } => line.number().into(),
            Origin::Trunk(name) => name.clone(),
        }
    }

    /// The SUBSCRIBE is granted.
    pub(super) fn accept(
        &mut self,
        shared: &mut Shared,
        now: Now,
        asked: Asked,
        watched: Watched,
        out: &mut Outbox,
    ) {
        let begun = self.state.unwrap_or_else(|| notifier::State::begin(now.mono, asked.time, true));
        let (state, effect) = begun.on(Input::Refresh(asked.time), now.mono);
        self.state = Some(state);
        self.owed = match effect {
            Effect::Last(ended) => Owed::Last(ended),
            Effect::Notify | Effect::None => Owed::Everything,
        };
        (self.detail, self.news) = (watched.detail, Some(watched.news));
        // What was asked for is told at once.
        self.not_before = now.mono;
        shared.transactions.begin_server(asked.key, MethodKind::Subscribe, asked.flow, self.id.0, &[]);
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, 200);
            buffer.extend_from_slice(&asked.head);
            shared.write_contact(&asked.flow, &self.dialog.contact_user, buffer);
            buffer.extend_from_slice(b"Expires: ");
            write::decimal(buffer, asked.time.as_secs());
            buffer.extend_from_slice(b"\r\n");
            write_allow_events(buffer);
            write::header(buffer, b"Server", shared.configuration.product.as_bytes());
            write::finish(buffer, None, &[]);
        });
        let text = out.arena.slice(bytes);
        if shared.transactions.respond(asked.key, 200, text, now.mono, &mut shared.timers) {
            shared.send(asked.flow, bytes, out);
        }
    }

    /// The SUBSCRIBE is refused. A copy of it is asked about anew, so that no state is kept of it (RFC 3261 §8.2.7).
    pub(super) fn refuse(&self, shared: &mut Shared, asked: &Asked, refusal: WatchRefusal, out: &mut Outbox) {
        let bytes = out.arena.append_with(|buffer| {
            write::status_line(buffer, refusal.status());
            buffer.extend_from_slice(&asked.head);
            if refusal == WatchRefusal::Full {
                write_retry_after(buffer);
            }
            write::header(buffer, b"Server", shared.configuration.product.as_bytes());
            write::finish(buffer, None, &[]);
        });
        shared.send(asked.flow, bytes, out);
    }

    /// Something changed.
    pub(super) fn learn(&mut self, news: News) {
        self.news = Some(news);
        if self.owed == Owed::Nothing {
            self.owed = Owed::Changes;
        }
    }

    /// A NOTIFY was answered.
    pub(super) fn notify_answered(
        &mut self,
        now: Now,
        branch: Branch,
        status: u16,
        wait: Option<Duration>,
    ) -> Next {
        if !self.is_awaiting(branch) || status < 200 {
            return Next::Nothing;
        }
        self.awaiting = None;
        match status {
            200..=299 => Next::Tell,
            // Later it may work: the watcher does not know what is true now (RFC 6665 §4.2.2).
            500 | 503 => {
                self.owed = Owed::Everything;
                self.not_before = now.mono + wait.unwrap_or(limits::RETRY_AFTER).clamp(RETRY_MIN, RETRY_MAX);
                Next::Nothing
            }
            _ => Next::Forget,
        }
    }

    /// The time has come.
    pub(super) fn timeout(&mut self, now: Now) -> Next {
        let Some(state) = self.state else { return Next::Nothing };
        let (state, effect) = state.on(Input::Timer, now.mono);
        match effect {
            Effect::Last(ended) => Next::End(ended),
            Effect::None | Effect::Notify => {
                self.state = Some(state);
                Next::Tell
            }
        }
    }

    /// Tells what is owed, when it may be told now; true when that was the last.
    pub(super) fn tell(
        &mut self,
        shared: &mut Shared,
        now: Now,
        legs: &HashMap<LegId, Box<Leg>>,
        out: &mut Outbox,
    ) -> bool {
        match self.owed {
            Owed::Nothing => false,
            Owed::Changes if self.is_told() => {
                self.owed = Owed::Nothing;
                false
            }
            // One at a time, so that they arrive in their order, and what comes meanwhile is told together.
            Owed::Changes | Owed::Everything if self.awaiting.is_some() => false,
            Owed::Changes | Owed::Everything if now.mono < self.not_before => false,
            Owed::Changes | Owed::Everything => {
                self.notify(shared, now, legs, Ended::Other, out);
                false
            }
            Owed::Last(ended) => {
                self.notify(shared, now, legs, ended, out);
                true
            }
        }
    }

    /// Whether the watcher knows all that its package tells of what is true now.
    fn is_told(&self) -> bool {
        match (&self.told, &self.news) {
            (Some(News::Line(told)), Some(News::Line(news))) => match self.package {
                Package::Presence => pidf::says_the_same(told, news),
                Package::Dialog => told.calls == news.calls,
                Package::MessageSummary => true,
            },
            (told, news) => told == news,
        }
    }

    /// Tells that it is over.
    pub(super) fn end(
        &mut self,
        shared: &mut Shared,
        now: Now,
        legs: &HashMap<LegId, Box<Leg>>,
        ended: Ended,
        out: &mut Outbox,
    ) {
        self.state = Some(notifier::State::Terminated);
        self.owed = Owed::Last(ended);
        // Who may not watch any more learns nothing but that.
        if ended == Ended::Rejected {
            self.news = None;
        }
        self.notify(shared, now, legs, ended, out);
    }

    fn notify(
        &mut self,
        shared: &mut Shared,
        now: Now,
        legs: &HashMap<LegId, Box<Leg>>,
        ended: Ended,
        out: &mut Outbox,
    ) {
        let Some(state) = self.state else { return };
        let changes = self.owed == Owed::Changes;
        self.dialog.local_cseq += 1;
        let (cseq, branch) = (self.dialog.local_cseq, shared.new_branch());
        self.dialog.flow = shared.usable(self.dialog.flow, out);
        let flow = self.dialog.flow;
        let mut body = shared.draft();
        self.document(shared, legs, changes, &mut body);
        let bytes = out.arena.append_with(|buffer| {
            self.dialog.write_request(shared, MethodKind::Notify, cseq, branch, limits::MAX_FORWARDS, buffer);
            buffer.extend_from_slice(b"Event: ");
            buffer.extend_from_slice(name_of(self.package).as_bytes());
            if !self.event_id.is_empty() {
                buffer.extend_from_slice(b";id=");
                buffer.extend_from_slice(self.event_id.as_bytes());
            }
            buffer.extend_from_slice(b"\r\n");
            state.write_header(now.mono, ended, buffer);
            let content = (!body.is_empty()).then(|| document_type(self.package));
            write::finish(buffer, content, &body);
        });
        shared.keep_draft(body);
        let text = out.arena.slice(bytes);
        let id = self.id.0;
        let (method, timers) = (MethodKind::Notify, &mut shared.timers);
        shared.transactions.begin_client(branch, method, cseq, flow, id, text, now.mono, timers);
        shared.send(flow, bytes, out);
        shared.counters.notified += 1;
        self.awaiting = Some(branch);
        self.not_before = now.mono + limits::NOTIFY_INTERVAL;
        self.told.clone_from(&self.news);
        self.owed = Owed::Nothing;
        self.version += 1;
    }

    fn document(&self, shared: &Shared, legs: &HashMap<LegId, Box<Leg>>, changes: bool, body: &mut Vec<u8>) {
        let (number, domain) = (&*self.number, &*shared.configuration.domain);
        match &self.news {
            None => {}
            Some(News::Messages(messages)) => message_summary::write(body, domain, messages),
            Some(News::Line(state)) => match self.package {
                // Whoever is asked about messages tells of messages.
                Package::MessageSummary => {}
                Package::Presence => pidf::write(body, number, domain, state),
                Package::Dialog => {
                    let told = match self.told.as_ref().filter(|_| changes) {
                        Some(News::Line(told)) => Some(&**told),
                        Some(News::Messages(_)) | None => None,
                    };
                    let (version, detail, tag) = (self.version, self.detail, self.dialog.local_tag);
                    let about = About { number, domain, version, detail, tag };
                    dialog_info::write(body, &about, legs, state, told);
                }
            },
        }
    }

    /// How far a call is that its watcher is shown, with all that there is to know of it, and whether its phone calls or is called.
    pub(super) fn phase_of(&self, leg: LegId) -> Option<(CallPhase, CallDirection)> {
        match (&self.news, &self.package, self.detail) {
            (Some(News::Line(state)), Package::Dialog, Detail::Calls) => {
                let of_leg = |call: &&LineCall| call.leg == leg && !call.private;
                state.calls.iter().find(of_leg).map(|call| (call.phase, call.direction))
            }
            _ => None,
        }
    }

    /// Keeps one timer, at the earliest of its deadlines.
    pub(super) fn rearm(&mut self, shared: &mut Shared) {
        let ends = self.state.and_then(|state| state.deadline());
        let tells = (self.owed != Owed::Nothing && self.awaiting.is_none()).then_some(self.not_before);
        let wanted = match (ends, tells) {
            (Some(ends), Some(tells)) => Some(ends.min(tells)),
            (ends, tells) => ends.or(tells),
        };
        if wanted == self.deadline {
            return;
        }
        if let Some(handle) = self.timer.take() {
            shared.timers.cancel(handle);
        }
        self.timer = wanted.map(|at| shared.timers.set(at, Timer::Subscription(self.id)));
        self.deadline = wanted;
    }

    /// Gives up what it holds in the tables of the shard.
    pub(super) fn dismantle(&mut self, shared: &mut Shared) {
        if let Some(handle) = self.timer.take() {
            shared.timers.cancel(handle);
        }
    }
}

/// A watcher that cannot take a NOTIFY now is asked again no sooner than this, and no later.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(300);
