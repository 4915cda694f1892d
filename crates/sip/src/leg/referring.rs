//! A REFER of ours (RFC 3515): the device is asked to call somewhere else, and its NOTIFYs tell how that goes.

use strowger_base::net::Flow;
use strowger_base::{Cause, Instant, Now, Signal, limits};

use super::{Leg, State};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::subscription::subscriber::{self, Effect, Input};
use crate::subscription::{Ended, Told};
use crate::telephone_event;
use crate::transaction::table::{Branch, ServerKey};
use crate::write;

/// The transfer that we asked for. There is one at a time.
#[derive(Debug)]
pub(super) struct Referring {
    /// CSeq of the REFER, which the NOTIFYs name (RFC 3515 §2.4.6).
    id: u32,
    state: subscriber::State,
    /// When the machine wants to hear of the time.
    due: Option<Instant>,
    /// The REFER or the SUBSCRIBE that prolongs it, without final response.
    branch: Option<Branch>,
    /// What the device told last, as a SIP status.
    status: u16,
}

impl Referring {
    /// When it wants to be looked at.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

impl Leg {
    /// Asks the device to call a number itself.
    pub(super) fn request_transfer(
        &mut self,
        shared: &mut Shared,
        now: Now,
        destination: &str,
        out: &mut Outbox,
    ) {
        if self.referring.is_some() || !matches!(self.state, State::Established) {
            self.signal(Signal::TransferEnded(Err(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE)), out);
            return;
        }
        let target = shared.remote_address(destination);
        let by = self.dialog.local.split(";tag=").next().unwrap_or_default();
        let mut rest = Vec::with_capacity(192);
        write::header(&mut rest, b"Refer-To", target.as_bytes());
        write::header(&mut rest, b"Referred-By", by.as_bytes());
        write::finish(&mut rest, None, &[]);
        let write = |buffer: &mut Vec<u8>| buffer.extend_from_slice(&rest);
        let (branch, id) = self.send(shared, now, MethodKind::Refer, write, out);
        let state = subscriber::State::begin(now.mono);
        let due = state.deadline(now.mono);
        self.referring = Some(Box::new(Referring { id, state, due, branch: Some(branch), status: 100 }));
    }

    /// The REFER or SUBSCRIBE was answered, or not at all (408).
    pub(super) fn refer_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        branch: Branch,
        status: u16,
        out: &mut Outbox,
    ) {
        let Some(referring) = self.referring.as_mut().filter(|referring| referring.branch == Some(branch))
        else {
            return;
        };
        if status < 200 {
            return;
        }
        referring.branch = None;
        let first = matches!(referring.state, subscriber::State::NotifyWait { .. });
        let input = match status {
            200..=299 => Input::Accepted(limits::REFER_SUBSCRIPTION),
            // RFC 6665 §4.1.2.2: 481 says that there is no such subscription any more; any other failure leaves it.
            481 if !first => Input::Terminated(Ended::Other),
            _ => Input::Refused,
        };
        if first && status >= 300 {
            referring.status = status;
        }
        self.subscriber(shared, now, input, out);
    }

    /// A NOTIFY about the REFER of ours, or one that nobody asked for (RFC 6665 §4.1.3).
    pub(super) fn notified(
        &mut self,
        shared: &mut Shared,
        now: Now,
        notify: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        let Some(event) = notify.event_package().filter(|event| event.package.eq_ignore_ascii_case("refer"))
        else {
            let is = |name: &str| {
                notify.event_package().is_some_and(|event| event.package.eq_ignore_ascii_case(name))
            };
            if is("kpml") {
                return self.keys_notified(shared, now, notify, key, flow, out);
            }
            if is(telephone_event::PACKAGE) {
                return self.event_notified(shared, now, notify, key, flow, out);
            }
            // Other packages are news that phones send unasked; a failure would only make them try again.
            self.reply(shared, now, notify, key, flow, 200, out);
            return;
        };
        let ours = |referring: &Referring| event.id.is_empty() || event.id.parse() == Ok(referring.id);
        let Some(referring) = self.referring.as_mut().filter(|referring| ours(referring)) else {
            self.reply(shared, now, notify, key, flow, 481, out);
            return;
        };
        // Subscription-State is mandatory, and there is no fourth state that we could act on (RFC 6665 §4.1.3).
        let told = notify.subscription_state().and_then(|s| Told::of(&s, limits::REFER_SUBSCRIPTION));
        let Some(told) = told else {
            self.reply(shared, now, notify, key, flow, 400, out);
            return;
        };
        if let Some(status) = sipfrag_status(notify) {
            referring.status = status;
        }
        self.reply(shared, now, notify, key, flow, 200, out);
        self.subscriber(shared, now, told.into(), out);
    }

    /// The time of the subscription has come nearer.
    pub(super) fn referring_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let Some(referring) = self.referring.as_mut().filter(|r| r.due.is_some_and(|due| due <= now.mono))
        else {
            return;
        };
        if matches!(referring.state, subscriber::State::NotifyWait { .. }) && referring.branch.is_some() {
            // Timers F and N end together when the REFER itself has no answer.
            referring.status = 408;
        }
        self.subscriber(shared, now, Input::Timer, out);
    }

    fn subscriber(&mut self, shared: &mut Shared, now: Now, input: Input, out: &mut Outbox) {
        let Some(referring) = &mut self.referring else { return };
        let (state, effect) = referring.state.on(input, now.mono);
        referring.state = state;
        referring.due = state.deadline(now.mono);
        match effect {
            Effect::None | Effect::News => {}
            Effect::Refresh if referring.branch.is_some() => {}
            Effect::Refresh => {
                let id = referring.id;
                let prolong = |buffer: &mut Vec<u8>| {
                    buffer.extend_from_slice(b"Event: refer;id=");
                    write::decimal(buffer, u64::from(id));
                    buffer.extend_from_slice(b"\r\nExpires: ");
                    write::decimal(buffer, limits::REFER_SUBSCRIPTION.as_secs());
                    buffer.extend_from_slice(b"\r\n");
                };
                let (branch, _) = self.send_request(shared, now, MethodKind::Subscribe, prolong, None, out);
                if let Some(referring) = &mut self.referring {
                    referring.branch = Some(branch);
                }
            }
            Effect::Over(ended) => {
                let result = outcome(referring.status, ended);
                self.referring = None;
                self.signal(Signal::TransferEnded(result), out);
            }
        }
    }
}

/// The status that the body of a NOTIFY begins with (RFC 3515 §2.4.5).
fn sipfrag_status(notify: &Message<'_>) -> Option<u16> {
    if !notify.content_type_is("message/sipfrag") {
        return None;
    }
    let digits = notify.body().strip_prefix(b"SIP/2.0 ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|status| (100..700).contains(status))
}

/// How the transfer ended: by the last status, or, when that is none, by the end of the subscription.
const fn outcome(status: u16, ended: Ended) -> Result<(), Cause> {
    match (status, ended) {
        (200..=299, _) => Ok(()),
        (300.., _) => Err(Cause::from_sip_status(status)),
        (_, Ended::Rejected) => Err(Cause::CALL_REJECTED),
        (_, Ended::Timeout | Ended::GiveUp) => Err(Cause::RECOVERY_ON_TIMER_EXPIRY),
        (_, Ended::Deactivated | Ended::Probation | Ended::NoResource | Ended::Invariant | Ended::Other) => {
            Err(Cause::NORMAL_UNSPECIFIED)
        }
    }
}
