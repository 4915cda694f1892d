//! Keys that a phone tells one by one (RFC 4730), inside the dialog of its INVITE: those of a number, and those of an answered call where
//! it has them nowhere else.
//!
//! The subscription needs no event parameters there: they name the dialog that keys belong to only where the SUBSCRIBE
//! is in another one (RFC 4730 §4.2).

use std::time::Duration;

use strowger_base::leg::{Alert, Digit};
use strowger_base::net::Flow;
use strowger_base::{Instant, Media, Now, Signal, limits};

use super::{Leg, Request, State};
use crate::core::Shared;
use crate::io::Outbox;
use crate::kpml::machine::{self, Effect, Input};
use crate::kpml::report::Report;
use crate::kpml::{Form, REQUEST, RESPONSE};
use crate::message::{Message, MethodKind};
use crate::subscription::Told;
use crate::transaction::table::{Branch, ServerKey};
use crate::write;

/// A collection of keys. There is one in a call.
#[derive(Debug)]
pub(super) struct Collecting {
    state: machine::State,
    /// When the machine wants to hear of the time.
    due: Option<Instant>,
    /// The SUBSCRIBE without final response.
    branch: Option<Branch>,
}

impl Collecting {
    /// When it wants to be looked at.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

impl Leg {
    /// Call control wants to be told every further key; said again, those after a collection that is over: what ended with
    /// the number may begin again for a code.
    pub(super) fn collect_digits(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        let state = self.collecting.as_ref().map_or(machine::State::Over, |open| open.state);
        let begins = match &self.state {
            State::Incoming(_) => state == machine::State::Over,
            // One that is being ended is of the number; whoever tells its end tells the new one, which asks again then.
            State::Established => self.keys.asks(self.dialog.said) && !state.collects(),
            State::Outgoing(_) | State::Ending { .. } => false,
        };
        if !begins {
            return;
        }
        let (state, effect) = machine::State::begin(now.mono);
        self.collecting = Some(Box::new(Collecting { state, due: None, branch: None }));
        self.collected(shared, now, effect, out);
    }

    /// Call control needs no more keys.
    pub(super) fn stop_collecting(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        self.collecting_on(shared, now, Input::Stop, out);
    }

    /// The SUBSCRIBE was answered, or not at all (408).
    pub(super) fn collecting_answered(
        &mut self,
        shared: &mut Shared,
        now: Now,
        branch: Branch,
        status: u16,
        expires: Option<u64>,
        out: &mut Outbox,
    ) {
        let Some(collecting) = self.collecting.as_mut().filter(|open| open.branch == Some(branch)) else {
            return;
        };
        if status < 200 {
            return;
        }
        collecting.branch = None;
        let input = match status {
            200..=299 => {
                let longest = limits::KEYS_SUBSCRIPTION;
                Input::Accepted(expires.map_or(longest, Duration::from_secs).min(longest))
            }
            _ => Input::Refused(status),
        };
        self.collecting_on(shared, now, input, out);
    }

    /// A NOTIFY with keys.
    pub(super) fn keys_notified(
        &mut self,
        shared: &mut Shared,
        now: Now,
        notify: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        let collects = match &self.collecting {
            Some(collecting) if collecting.state.takes_notify() => collecting.state.collects(),
            Some(_) | None => {
                // RFC 6665 §4.1.3: there is no such subscription.
                self.reply(shared, now, notify, key, flow, 481, out);
                return;
            }
        };
        let report = match report_of(notify) {
            Ok(report) => report,
            Err(415) => {
                let head = shared.head_of(notify, &flow, self.dialog.local_tag);
                let accept = |buffer: &mut Vec<u8>| write::header(buffer, b"Accept", RESPONSE.as_bytes());
                self.respond(shared, now, &Request { key, head, flow }, 415, accept, None, out);
                return;
            }
            Err(status) => return self.reply(shared, now, notify, key, flow, status, out),
        };
        // Subscription-State is mandatory (RFC 6665 §4.1.3).
        let state = notify.subscription_state().and_then(|s| Told::of(&s, limits::KEYS_SUBSCRIPTION));
        let Some(state) = state else {
            return self.reply(shared, now, notify, key, flow, 400, out);
        };
        self.reply(shared, now, notify, key, flow, 200, out);
        let digits = report.map_or("", |report| report.digits);
        if collects {
            for key in digits.chars() {
                self.signal(Signal::Digit(Digit { key, duration_ms: 0 }), out);
            }
        }
        let input = Input::Told { state, code: report.map(|report| report.code), keys: !digits.is_empty() };
        self.collecting_on(shared, now, input, out);
    }

    /// The time of the subscription has come nearer.
    pub(super) fn collecting_timer(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        if self.collecting.as_ref().is_some_and(|open| open.due.is_some_and(|due| due <= now.mono)) {
            self.collecting_on(shared, now, Input::Timer, out);
        }
    }

    fn collecting_on(&mut self, shared: &mut Shared, now: Now, input: Input, out: &mut Outbox) {
        let Some(collecting) = &mut self.collecting else { return };
        let (state, effect) = collecting.state.on(input, now.mono);
        collecting.state = state;
        self.collected(shared, now, effect, out);
    }

    /// Does what the machine wants.
    fn collected(&mut self, shared: &mut Shared, now: Now, effect: Effect, out: &mut Outbox) {
        let Some(collecting) = &mut self.collecting else { return };
        collecting.due = collecting.state.deadline(now.mono);
        match effect {
            Effect::None => {}
            Effect::Subscribe { form, first } => {
                if first {
                    // The dialog that the SUBSCRIBE is sent in begins with it (RFC 3261 §12.1). Without a description it
                    // leaves a Cisco phone where it is, dialling.
                    self.alert(shared, now, (Alert::Progress, Media::None, None), out);
                }
                self.ask_for_keys(shared, now, limits::KEYS_SUBSCRIPTION, Some(form), out);
            }
            // RFC 6665 §4.1.2.3. To a Cisco phone it says as well that the number is known.
            Effect::Unsubscribe => self.ask_for_keys(shared, now, Duration::ZERO, None, out),
            Effect::Ended(end) => self.signal(Signal::DigitsEnded(end), out),
        }
    }

    /// Sends a SUBSCRIBE (RFC 4730 §4.6).
    fn ask_for_keys(
        &mut self,
        shared: &mut Shared,
        now: Now,
        time: Duration,
        form: Option<Form>,
        out: &mut Outbox,
    ) {
        let rest = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"Event: kpml\r\nExpires: ");
            write::decimal(buffer, time.as_secs());
            buffer.extend_from_slice(b"\r\n");
            write::header(buffer, b"Accept", RESPONSE.as_bytes());
            match form {
                Some(form) => write::finish(buffer, Some(REQUEST), form.document().as_bytes()),
                None => write::finish(buffer, None, &[]),
            }
        };
        let (branch, _) = self.send(shared, now, MethodKind::Subscribe, rest, out);
        if let Some(collecting) = &mut self.collecting {
            collecting.branch = Some(branch);
        }
    }
}

/// The report in a NOTIFY, when there is one, or the status that refuses the NOTIFY.
fn report_of<'b>(notify: &Message<'b>) -> Result<Option<Report<'b>>, u16> {
    if notify.body().is_empty() {
        return Ok(None);
    }
    if !notify.content_type_is(RESPONSE) {
        return Err(415);
    }
    Report::parse(notify.body()).map(Some).ok_or(400)
}
