//! Subscriptions of phones to what a line does (RFC 6665): SUBSCRIBE comes in here, NOTIFY goes out.
//!
//! Who may watch what is decided above: [`Output::Watch`] asks, [`crate::Input::Watched`] answers before anything else
//! happens. What is told comes as plain data and becomes a document here.

mod dialog_info;
mod message_summary;
mod pidf;
mod subscription;
mod unasked;
pub(crate) mod xml;

use std::time::Duration;

use strowger_base::hash::give_back;
use strowger_base::leg::Origin;
use strowger_base::net::Flow;
use strowger_base::watch::{CallDirection, CallPhase, News, Package, WatchId, WatchRefusal, Watched};
use strowger_base::{HashMap, HashSeed, LegId, Now, event::RefuseReason, limits};

use crate::core::{Shared, Sip, write_retry_after};
use crate::dialog::Dialog;
use crate::header::Replaces;
use crate::io::{Outbox, Output};
use crate::message::{EventPackage, HeaderName, Message};
use crate::subscription::Ended;
use crate::transaction::table::{Branch, ServerKey};
use crate::write;
use subscription::{Asked, Next, Subscription};

/// The subscriptions of a shard.
pub(crate) struct Subscriptions {
    table: HashMap<WatchId, Box<Subscription>>,
    /// By the tag that we gave them.
    tags: HashMap<u64, WatchId>,
}

impl Subscriptions {
    pub(crate) fn new(seed: HashSeed) -> Self {
        Subscriptions { table: HashMap::with_hasher(seed), tags: HashMap::with_hasher(seed) }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// The subscription that a request in a dialog belongs to (RFC 3261 §12.2.2).
    fn of_request(&self, request: &Message<'_>) -> Option<WatchId> {
        let id = *self.tags.get(&write::parse_hex64(request.to_tag())?)?;
        let dialog = &self.table.get(&id)?.dialog;
        let same = *dialog.call_id == *request.call_id_value() && *dialog.remote_tag == *request.from_tag();
        same.then_some(id)
    }

    /// The call of a phone without a dialog that a watcher names, as it was told of it (RFC 4235 §4.1.2), and how far that is,
    /// and whether the phone calls or is called.
    pub(crate) fn call_named(&self, named: &Replaces<'_>) -> Option<(LegId, CallPhase, CallDirection)> {
        let (leg, tag) = dialog_info::watched(&named.call_id)?;
        let tags = [&*named.to_tag, &*named.from_tag];
        let same =
            |at: usize| tags[at] == dialog_info::OTHER_TAG && write::parse_hex64(tags[1 - at]) == Some(tag);
        let subscription = self.table.get(self.tags.get(&tag).filter(|_| same(0) || same(1))?)?;
        let (phase, direction) = subscription.phase_of(leg)?;
        Some((leg, phase, direction))
    }

    fn remove(&mut self, id: WatchId, shared: &mut Shared) {
        let Some(mut gone) = self.table.remove(&id) else { return };
        gone.dismantle(shared);
        self.tags.remove(&gone.dialog.local_tag);
        give_back(&mut self.table);
        give_back(&mut self.tags);
    }
}

impl Sip {
    /// A SUBSCRIBE that begins a subscription, or fetches a state once (RFC 6665 §4.2.1).
    pub(crate) fn subscribe(
        &mut self,
        now: Now,
        flow: Flow,
        request: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        let wish = match Wish::of(request) {
            Ok(wish) => wish,
            Err(refusal) => return self.refuse_subscribe(request, flow, refusal, out),
        };
        let Some(watcher) = self.identify(now, flow, request, "SUBSCRIBE", out) else { return };
        let full = self.shared.transactions.len() >= limits::TRANSACTIONS
            || self.subscriptions.len() >= limits::SUBSCRIPTIONS;
        if self.draining || self.shedding || full {
            self.shared.counters.shed += 1;
            self.event_refused(request, flow, "SUBSCRIBE", RefuseReason::Overloaded, out);
            return self.refuse(request, flow, 503, write_retry_after, out);
        }
        if matches!(watcher, Origin::Trunk(_)) {
            self.event_refused(request, flow, "SUBSCRIBE", RefuseReason::NotToBeWatched, out);
            return self.refuse(request, flow, 403, |_| (), out);
        }
        let ours = |uri: crate::uri::Uri<'_>| uri.host().is_some_and(|host| self.shared.is_own_host(host));
        if !request.parsed_request_uri().is_some_and(ours) {
            return self.refuse(request, flow, 404, |_| (), out);
        }
        let local_tag = self.shared.rng.next_u64();
        let head = self.shared.head_of(request, &flow, local_tag);
        let dialog = Dialog::of_request(request, local_tag, flow, false, &self.shared);
        if dialog.text_bytes() + wish.id.len() + request.request_user().len() > limits::BINDING_TEXT_BYTES {
            // It is kept for as long as somebody watches.
            return self.refuse(request, flow, 400, |_| (), out);
        }
        let id = WatchId(self.leg_ids.allocate());
        let asked = Asked { key, head, flow, time: wish.time };
        let number: Box<str> = request.request_user().into();
        out.items.push(Output::Watch {
            watch: id,
            watcher: watcher.clone(),
            number: number.clone(),
            package: wish.package,
        });
        let subscription = Subscription::new(id, dialog, watcher, number, (wish.package, wish.id), asked);
        self.subscriptions.tags.insert(local_tag, id);
        self.subscriptions.table.insert(id, Box::new(subscription));
    }

    /// A SUBSCRIBE in a dialog: a subscription goes on, or is to end (RFC 6665 §4.2.1.3). False when it is in no dialog of a
    /// subscription.
    pub(crate) fn subscribe_again(
        &mut self,
        flow: Flow,
        request: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) -> bool {
        let Some(id) = self.subscriptions.of_request(request) else { return false };
        let Some(subscription) = self.subscriptions.table.get_mut(&id) else { return false };
        let wish = match Wish::of(request) {
            // A dialog holds one subscription: RFC 6665 §4.5.2 wants no more of it.
            Ok(wish) if !subscription.is_about(&wish.package, &wish.id) => Err(Refusal::BadEvent),
            other => other,
        };
        let wish = match wish {
            Ok(wish) => wish,
            Err(refusal) => {
                self.refuse_subscribe(request, flow, refusal, out);
                return true;
            }
        };
        if subscription.asked.is_some() || !subscription.dialog.accept_cseq(request.cseq_number()) {
            // RFC 3261 §12.2.2: it is older than one that was there.
            self.refuse(request, flow, 500, |_| (), out);
            return true;
        }
        subscription.dialog.refresh_target(request);
        self.shared.follow(&mut subscription.dialog, flow);
        let head = self.shared.head_of(request, &flow, subscription.dialog.local_tag);
        subscription.asked = Some(Asked { key, head, flow, time: wish.time });
        out.items.push(Output::Watch {
            watch: id,
            watcher: subscription.watcher.clone(),
            number: subscription.number.clone(),
            package: wish.package,
        });
        true
    }

    /// Whether a subscription is allowed, and what there is to tell.
    pub(crate) fn watched(
        &mut self,
        now: Now,
        id: WatchId,
        answer: Result<Watched, WatchRefusal>,
        out: &mut Outbox,
    ) {
        let Some(subscription) = self.subscriptions.table.get_mut(&id) else { return };
        let Some(asked) = subscription.asked.take() else { return };
        match answer {
            Ok(watched) => {
                self.shared.counters.subscribed += 1;
                subscription.accept(&mut self.shared, now, asked, watched, out);
                self.with_subscription(now, id, out, |_, _| Next::Tell);
            }
            Err(refusal) => {
                subscription.refuse(&mut self.shared, &asked, refusal, out);
                let watcher = subscription.watcher_number();
                let reason = match refusal {
                    WatchRefusal::NotAllowed => RefuseReason::NotToBeWatched,
                    WatchRefusal::NoSuchLine => RefuseReason::UnknownLine,
                    WatchRefusal::Full => RefuseReason::Overloaded,
                };
                let (peer, request) = (asked.flow.peer(), "SUBSCRIBE");
                out.items.push(Output::Event(strowger_base::Event::Refused {
                    claimed: watcher,
                    peer,
                    request,
                    reason,
                }));
                self.with_subscription(now, id, out, |subscription, _| match subscription.is_accepted() {
                    true => Next::End(Ended::Rejected),
                    false => Next::Forget,
                });
            }
        }
    }

    /// Something changed that a subscription is about.
    pub(crate) fn news(&mut self, now: Now, id: WatchId, news: News, out: &mut Outbox) {
        self.with_subscription(now, id, out, |subscription, _| {
            subscription.learn(news);
            Next::Tell
        });
    }

    /// A NOTIFY was answered.
    pub(crate) fn notify_answered(
        &mut self,
        now: Now,
        id: LegId,
        branch: Branch,
        response: &Message<'_>,
        status: u16,
        out: &mut Outbox,
    ) {
        let wait = response.retry_after_seconds().map(Duration::from_secs);
        self.with_subscription(now, WatchId(id), out, |subscription, counters| {
            let next = subscription.notify_answered(now, branch, status, wait);
            counters.watchers_lost += u64::from(matches!(next, Next::Forget));
            next
        });
    }

    /// A NOTIFY was never answered, or its connection broke: the watcher is gone (RFC 6665 §4.2.2).
    pub(crate) fn notify_unanswered(&mut self, now: Now, id: LegId, branch: Branch, out: &mut Outbox) {
        self.with_subscription(now, WatchId(id), out, |subscription, counters| {
            match subscription.is_awaiting(branch) {
                true => {
                    counters.watchers_lost += 1;
                    Next::Forget
                }
                false => Next::Nothing,
            }
        });
    }

    /// The time of a subscription has come: it ends, or what waited may be told.
    pub(crate) fn subscription_timeout(&mut self, now: Now, id: WatchId, out: &mut Outbox) {
        self.with_subscription(now, id, out, |subscription, _| subscription.timeout(now));
    }

    /// Does something with a subscription and what follows from it.
    fn with_subscription(
        &mut self,
        now: Now,
        id: WatchId,
        out: &mut Outbox,
        act: impl FnOnce(&mut Subscription, &mut crate::core::Counters) -> Next,
    ) {
        let Sip { subscriptions, shared, legs, .. } = self;
        let Some(subscription) = subscriptions.table.get_mut(&id) else { return };
        let gone = match act(subscription, &mut shared.counters) {
            Next::Nothing => false,
            Next::Tell => subscription.tell(shared, now, legs, out),
            Next::End(ended) => {
                subscription.end(shared, now, legs, ended, out);
                true
            }
            Next::Forget => true,
        };
        if gone {
            subscriptions.remove(id, shared);
            out.items.push(Output::Unwatch(id));
        } else {
            subscription.rearm(shared);
        }
    }

    fn refuse_subscribe(
        &mut self,
        request: &Message<'_>,
        flow: Flow,
        refusal: Refusal<'_>,
        out: &mut Outbox,
    ) {
        self.shared.counters.rejected += 1;
        let write = |buffer: &mut Vec<u8>| match refusal {
            Refusal::BadEvent => write_allow_events(buffer),
            Refusal::BadExtension(tag) => write::header(buffer, b"Unsupported", tag.as_bytes()),
            Refusal::TooBrief => {
                buffer.extend_from_slice(b"Min-Expires: ");
                write::decimal(buffer, limits::SUBSCRIPTION_MIN.as_secs());
                buffer.extend_from_slice(b"\r\n");
            }
            Refusal::NotAcceptable(package) => {
                write::header(buffer, b"Accept", document_type(package).as_bytes());
            }
            Refusal::NoContact | Refusal::TooManyHops => {}
        };
        self.refuse(request, flow, refusal.status(), write, out);
    }
}

/// What a SUBSCRIBE asks for.
struct Wish {
    package: Package,
    /// The `id` of the Event, which the NOTIFYs repeat.
    id: Box<str>,
    time: Duration,
}

/// Why a SUBSCRIBE is not looked at further.
#[derive(Clone, Copy)]
enum Refusal<'b> {
    BadEvent,
    BadExtension(&'b str),
    TooBrief,
    NotAcceptable(Package),
    NoContact,
    TooManyHops,
}

impl Refusal<'_> {
    const fn status(self) -> u16 {
        match self {
            Refusal::BadEvent => 489,
            Refusal::BadExtension(_) => 420,
            Refusal::TooBrief => 423,
            Refusal::NotAcceptable(_) => 406,
            Refusal::NoContact => 400,
            Refusal::TooManyHops => 483,
        }
    }
}

impl Wish {
    fn of<'b>(request: &Message<'b>) -> Result<Wish, Refusal<'b>> {
        let event = request.event_package().ok_or(Refusal::BadEvent)?;
        let package = package_of(&event).ok_or(Refusal::BadEvent)?;
        // `eventlist` (RFC 4662) is what phones with many keys would like; without it they subscribe one by one.
        if let Some(tag) = request.required_options().next() {
            return Err(Refusal::BadExtension(tag));
        }
        if request.max_forwards_value() == Some(0) {
            return Err(Refusal::TooManyHops);
        }
        if request.contact_uri().is_none() {
            return Err(Refusal::NoContact);
        }
        let mut accepted = request.values(HeaderName::Accept).peekable();
        let takes = |range: &[u8]| {
            let range = range.split(|byte| *byte == b';').next().unwrap_or(range).trim_ascii();
            let ours = document_type(package).as_bytes();
            [ours, b"application/*", b"*/*"].iter().any(|it| range.eq_ignore_ascii_case(it))
        };
        if accepted.peek().is_some() && !accepted.any(takes) {
            return Err(Refusal::NotAcceptable(package));
        }
        let time = match request.expires_seconds().map(Duration::from_secs) {
            None => limits::SUBSCRIPTION_MAX,
            Some(Duration::ZERO) => Duration::ZERO,
            Some(time) if time < limits::SUBSCRIPTION_MIN => return Err(Refusal::TooBrief),
            Some(time) => time.min(limits::SUBSCRIPTION_MAX),
        };
        Ok(Wish { package, id: event.id.into(), time })
    }
}

fn package_of(event: &EventPackage<'_>) -> Option<Package> {
    PACKAGES.into_iter().find(|package| event.package.eq_ignore_ascii_case(name_of(*package)))
}

const PACKAGES: [Package; 3] = [Package::Dialog, Package::Presence, Package::MessageSummary];

/// The name of a package in Event.
const fn name_of(package: Package) -> &'static str {
    match package {
        Package::Dialog => "dialog",
        Package::Presence => "presence",
        Package::MessageSummary => "message-summary",
    }
}

/// What the NOTIFYs of a package carry.
const fn document_type(package: Package) -> &'static str {
    match package {
        Package::Dialog => "application/dialog-info+xml",
        Package::Presence => "application/pidf+xml",
        Package::MessageSummary => message_summary::TYPE,
    }
}

/// The packages that can be subscribed to (RFC 6665 §8.2.2).
pub(crate) fn write_allow_events(out: &mut Vec<u8>) {
    out.extend_from_slice(b"Allow-Events: ");
    for (at, package) in PACKAGES.into_iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(name_of(package).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}
