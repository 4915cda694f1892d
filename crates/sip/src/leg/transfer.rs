//! REFER in a dialog (RFC 3515), from its arrival to the last NOTIFY of the subscription that it makes.
//!
//! ```text
//! device                      leg                     call control
//!   | REFER                    |                           |
//!   |------------------------->| TransferRequested         |
//!   |                          |-------------------------->|
//!   | 202, or 603 and the end  |     TransferResult(Ok)    |
//!   |<-------------------------|<--------------------------|
//!   | NOTIFY "100 Trying"      |                           |
//!   |<-------------------------|     TransferEnded(Ok)     |
//!   | NOTIFY "200 OK", terminated                          |
//!   |<-------------------------|<--------------------------|
//! ```

use std::time::Duration;

use strowger_base::net::Flow;
use strowger_base::{Cause, Instant, LegId, Now, Signal, limits};

use super::{Leg, Request, State, write_reason};
use crate::core::Shared;
use crate::header::Replaces;
use crate::io::{Outbox, Output};
use crate::message::{Message, MethodKind};
use crate::subscription::Ended;
use crate::subscription::notifier::{self, Effect, Input};
use crate::transaction::GIVE_UP;
use crate::transaction::table::{Branch, ServerKey};
use crate::write;

/// Which leg the call that a REFER asks for shall take the place of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Replacement {
    /// None: the transfer is blind.
    Nobody,
    /// This one: the transfer is attended.
    Leg(LegId),
    /// What stands there names no dialog.
    Malformed,
    /// A dialog that is not there (any more).
    Missing,
}

/// A REFER of the peer. There is one at a time.
#[derive(Debug, Default)]
pub(super) enum Referral {
    /// None is open.
    #[default]
    None,
    /// Call control has not decided.
    Asked {
        request: Request,
        /// CSeq of the REFER.
        cseq: u32,
        /// The peer wants to hear how it goes (RFC 4488).
        subscribes: bool,
    },
    /// Accepted: the peer is subscribed to how it goes (RFC 3515 §2.4.4).
    Subscribed(Box<Subscription>),
}

/// The subscription that a REFER makes.
#[derive(Debug)]
pub(super) struct Subscription {
    /// CSeq of the REFER, by which the peer knows what a NOTIFY is about (RFC 3515 §2.4.6).
    id: u32,
    state: notifier::State,
    ended: Ended,
    /// What has become of the transfer, as a SIP status.
    status: u16,
    /// The NOTIFY that has no final response: the next one waits for it, so that none overtakes another.
    notify: Option<Branch>,
    /// Something changed since that NOTIFY.
    news: bool,
    /// When it is forgotten whatever happens.
    until: Instant,
}

impl Referral {
    /// When the subscription wants to be looked at.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Referral::None | Referral::Asked { .. } => None,
            Referral::Subscribed(subscription) => subscription.state.deadline(),
        }
    }

    /// Until when an ended leg has to stay for the NOTIFYs that are still owed; they outlive the call, as another usage
    /// of its dialog (RFC 5057 §4.1).
    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            Referral::None | Referral::Asked { .. } => None,
            Referral::Subscribed(subscription) => Some(subscription.until),
        }
    }
}

impl Leg {
    #[expect(clippy::too_many_arguments, reason = "a request has that many independent parts")]
    pub(super) fn refer(
        &mut self,
        shared: &mut Shared,
        now: Now,
        refer: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        replacement: Replacement,
        out: &mut Outbox,
    ) {
        match self.referral {
            Referral::None => {}
            Referral::Asked { .. } | Referral::Subscribed(_) => {
                // One at a time; the first is still under way.
                self.reply(shared, now, refer, key, flow, 491, out);
                return;
            }
        }
        let readable = refer.refer_to_user().filter(|_| replacement != Replacement::Malformed);
        let Some(destination) = readable else {
            self.reply(shared, now, refer, key, flow, 400, out);
            return;
        };
        let head = shared.head_of(refer, &flow, self.dialog.local_tag);
        let request = Request { key, head, flow };
        let subscribes = !refer.declines_refer_subscription();
        self.referral = Referral::Asked { request, cseq: refer.cseq_number(), subscribes };
        let replaces = match replacement {
            Replacement::Nobody | Replacement::Malformed => None,
            Replacement::Leg(leg) => Some(leg),
            Replacement::Missing => {
                // The call that it asks for would be refused with 481 (RFC 3891 §3), so it need not be tried.
                self.accept_refer(shared, now, out);
                self.refer_ended(shared, now, 481, out);
                let destination = destination.into_owned().into_boxed_str();
                let (leg, call) = (self.id, self.call);
                out.items.push(Output::TransferMissed { leg, call, destination });
                return;
            }
        };
        let destination = destination.into_owned().into_boxed_str();
        self.signal(Signal::TransferRequested { destination, replaces }, out);
    }

    /// Call control took or refused a transfer.
    pub(super) fn transfer_result(
        &mut self,
        shared: &mut Shared,
        now: Now,
        result: Result<(), Cause>,
        out: &mut Outbox,
    ) {
        match result {
            Ok(()) => self.accept_refer(shared, now, out),
            Err(cause) => {
                let status = match cause {
                    // That REFER itself is known is said by Allow; this transfer is declined (RFC 3515 §2.4.2).
                    Cause::FACILITY_REJECTED | Cause::SERVICE_NOT_IMPLEMENTED => 603,
                    other => other.sip_status(),
                };
                self.refuse_refer(shared, now, status, |buffer| write_reason(cause, buffer), out);
            }
        }
    }

    /// Call control says how an accepted transfer ended.
    pub(super) fn transfer_ended(
        &mut self,
        shared: &mut Shared,
        now: Now,
        result: Result<(), Cause>,
        out: &mut Outbox,
    ) {
        let status = match result {
            Ok(()) => 200,
            Err(cause) => cause.sip_status(),
        };
        self.refer_ended(shared, now, status, out);
    }

    /// Refuses a REFER that nobody has decided on yet.
    pub(super) fn refuse_refer(
        &mut self,
        shared: &mut Shared,
        now: Now,
        status: u16,
        extra: impl FnOnce(&mut Vec<u8>),
        out: &mut Outbox,
    ) {
        match std::mem::take(&mut self.referral) {
            Referral::Asked { request, .. } => self.respond(shared, now, &request, status, extra, None, out),
            other @ (Referral::None | Referral::Subscribed(_)) => self.referral = other,
        }
    }

    /// 202, and the first NOTIFY at once (RFC 3515 §2.4.4), unless the peer wants none (RFC 4488 §4).
    fn accept_refer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let (request, cseq, subscribes) = match std::mem::take(&mut self.referral) {
            Referral::Asked { request, cseq, subscribes } => (request, cseq, subscribes),
            other @ (Referral::None | Referral::Subscribed(_)) => {
                self.referral = other;
                return;
            }
        };
        let mut extra = Vec::with_capacity(128);
        shared.write_contact(&request.flow, &self.dialog.contact_user, &mut extra);
        if !subscribes {
            extra.extend_from_slice(b"Refer-Sub: false\r\n");
        }
        self.respond(shared, now, &request, 202, |buffer| buffer.extend_from_slice(&extra), None, out);
        if !subscribes {
            return;
        }
        let time = limits::REFER_SUBSCRIPTION;
        self.referral = Referral::Subscribed(Box::new(Subscription {
            id: cseq,
            state: notifier::State::begin(now.mono, time, true),
            ended: Ended::Other,
            status: 100,
            notify: None,
            news: false,
            until: now.mono + time + GIVE_UP,
        }));
        self.notify(shared, now, out);
    }

    /// The transfer is over: the last NOTIFY says so.
    pub(super) fn refer_ended(&mut self, shared: &mut Shared, now: Now, status: u16, out: &mut Outbox) {
        let Referral::Subscribed(subscription) = &mut self.referral else { return };
        if subscription.state != notifier::State::Terminated {
            subscription.status = status;
            self.advance(shared, now, Input::End(Ended::NoResource), out);
        }
    }

    /// The time of the subscription may be over.
    pub(super) fn refer_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        self.advance(shared, now, Input::Timer, out);
    }

    fn advance(&mut self, shared: &mut Shared, now: Now, input: Input, out: &mut Outbox) {
        let Referral::Subscribed(subscription) = &mut self.referral else { return };
        let (state, effect) = subscription.state.on(input, now.mono);
        subscription.state = state;
        match effect {
            Effect::None => {}
            Effect::Notify => self.notify(shared, now, out),
            Effect::Last(ended) => {
                subscription.ended = ended;
                self.notify(shared, now, out);
            }
        }
    }

    /// Sends what there is to tell, or notes that there is something while an earlier NOTIFY is open.
    fn notify(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let Referral::Subscribed(subscription) = &mut self.referral else { return };
        if subscription.notify.is_some() {
            subscription.news = true;
            return;
        }
        let mut rest = Vec::with_capacity(256);
        rest.extend_from_slice(b"Event: refer;id=");
        write::decimal(&mut rest, u64::from(subscription.id));
        rest.extend_from_slice(b"\r\n");
        subscription.state.write_header(now.mono, subscription.ended, &mut rest);
        let mut body = Vec::with_capacity(48);
        write::status_line(&mut body, subscription.status);
        write::finish(&mut rest, Some(SIPFRAG), &body);
        let write = |buffer: &mut Vec<u8>| buffer.extend_from_slice(&rest);
        let (branch, _) = self.send(shared, now, MethodKind::Notify, write, out);
        if let Referral::Subscribed(subscription) = &mut self.referral {
            subscription.notify = Some(branch);
            subscription.news = false;
        }
    }

    /// A NOTIFY of ours has a response, or got none (`status` 408).
    pub(super) fn notify_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        branch: Branch,
        status: u16,
        out: &mut Outbox,
    ) {
        let Referral::Subscribed(subscription) = &mut self.referral else { return };
        if status < 200 || subscription.notify != Some(branch) {
            return;
        }
        subscription.notify = None;
        if status >= 300 {
            // RFC 6665 §4.2.2: the subscriber is gone; the call is not touched by that (RFC 5057 §5.1).
            self.advance(shared, now, Input::NotifyFailed, out);
            self.referral = Referral::None;
        } else if subscription.news {
            self.notify(shared, now, out);
        } else if subscription.state == notifier::State::Terminated {
            self.referral = Referral::None;
        }
    }

    /// The peer prolongs the subscription or ends it (RFC 3515 §2.4.4).
    pub(super) fn subscribe(
        &mut self,
        shared: &mut Shared,
        now: Now,
        subscribe: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        let event = subscribe.event_package();
        if event.is_some_and(|event| event.package.eq_ignore_ascii_case("kpml")) {
            return self.keys_subscribed(shared, now, subscribe, key, flow, out);
        }
        let Some(event) = event.filter(|event| event.package.eq_ignore_ascii_case("refer")) else {
            self.reply(shared, now, subscribe, key, flow, 489, out);
            return;
        };
        let open = match &self.referral {
            Referral::None | Referral::Asked { .. } => false,
            Referral::Subscribed(subscription) => {
                let same = event.id.is_empty() || event.id.parse() == Ok(subscription.id);
                same && subscription.state != notifier::State::Terminated
            }
        };
        if !open {
            self.reply(shared, now, subscribe, key, flow, 481, out);
            return;
        }
        let wanted = subscribe.expires_seconds().map_or(limits::REFER_SUBSCRIPTION, Duration::from_secs);
        let granted = wanted.min(limits::REFER_SUBSCRIPTION);
        let head = shared.head_of(subscribe, &flow, self.dialog.local_tag);
        let expires = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"Expires: ");
            write::decimal(buffer, granted.as_secs());
            buffer.extend_from_slice(b"\r\n");
        };
        self.respond(shared, now, &Request { key, head, flow }, 200, expires, None, out);
        self.advance(shared, now, Input::Refresh(granted), out);
    }

    /// Whether an INVITE may take the place of this leg; the status that refuses it otherwise (RFC 3891 §3).
    pub(crate) fn accepts_replacement(&self, replaces: &Replaces<'_>) -> Result<(), u16> {
        match &self.state {
            // An early dialog can be replaced only by the side that began it.
            State::Incoming(_) => Err(481),
            State::Outgoing(_) => Ok(()),
            State::Established if self.silent => Err(603),
            State::Established if replaces.early_only => Err(486),
            State::Established => Ok(()),
            State::Ending { .. } => Err(603),
        }
    }

    /// Whether an INVITE may come into the conversation of this leg; the status that refuses it otherwise (RFC 3911 §4).
    pub(crate) fn accepts_join(&self) -> Result<(), u16> {
        match &self.state {
            State::Established if self.silent => Err(603),
            State::Established => Ok(()),
            // Nobody talks there yet, so that there is nothing to come into.
            State::Incoming(_) | State::Outgoing(_) => Err(481),
            State::Ending { .. } => Err(603),
        }
    }
}

/// The body of a NOTIFY about a REFER (RFC 3515 §2.4.5).
const SIPFRAG: &str = "message/sipfrag;version=2.0";
