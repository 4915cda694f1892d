//! Keys that are pressed in an answered call, as its dialog carries them: in INFO, in NOTIFY of Cisco's gateways, or as KPML
//! (`collecting` asks for them, `telling` is asked).

use std::collections::VecDeque;

use strowger_base::leg::{Digit, KeySignalling};
use strowger_base::net::Flow;
use strowger_base::{Now, Signal, limits};

use super::telling::Telling;
use super::{Leg, Request, State};
use crate::core::Shared;
use crate::dialog::Said;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::telephone_event::{self, Held, Told};
use crate::transaction::table::{Branch, ServerKey};
use crate::write;

/// How keys go in a dialog.
#[derive(Debug, Default)]
pub(super) struct Keys {
    by: KeySignalling,
    held: Held,
    /// What is still to be told in NOTIFY: each waits for the answer to the one before, so that no end overtakes its begin.
    events: VecDeque<[u8; 4]>,
    /// The NOTIFY of them without final response.
    event_told: Option<Branch>,
    /// What the peer asked for.
    pub(super) telling: Option<Box<Telling>>,
    /// What was pressed since the peer was told what its last request wanted: its next one is asked first (RFC 4730 §3.5).
    pub(super) unread: Option<VecDeque<char>>,
}

/// What a key becomes on its way to the peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Info,
    Notify,
    Kpml,
    /// The peer takes none of them.
    None,
}

impl Keys {
    /// How they shall go.
    pub(super) const fn go_by(&mut self, by: KeySignalling) {
        self.by = by;
    }

    /// Whether the peer has to be asked for the keys of an answered call.
    pub(super) const fn asks(&self, said: Said) -> bool {
        match self.by {
            KeySignalling::Kpml => true,
            KeySignalling::Any => said.kpml && !said.notifies,
            KeySignalling::Info | KeySignalling::Notify => false,
        }
    }

    /// Whether the peer may ask for them.
    pub(super) const fn may_be_asked(&self) -> bool {
        matches!(self.by, KeySignalling::Kpml | KeySignalling::Any)
    }

    /// Writes what the peer has to know of it, into an INVITE and the responses to one.
    pub(super) fn write(&self, said: Said, host: &str, out: &mut Vec<u8>) {
        if self.may_be_asked() {
            out.extend_from_slice(b"Allow-Events: kpml\r\n");
        }
        let answers = self.by == KeySignalling::Any && said.notifies;
        if self.by == KeySignalling::Notify || answers {
            telephone_event::write_offer(out, host);
        }
    }

    fn way(&self, said: Said) -> Way {
        let told = self.unread.is_some() || self.telling.as_ref().is_some_and(|telling| telling.is_open());
        match self.by {
            KeySignalling::Info => Way::Info,
            KeySignalling::Notify => Way::Notify,
            KeySignalling::Kpml | KeySignalling::Any if told => Way::Kpml,
            KeySignalling::Any if said.notifies => Way::Notify,
            KeySignalling::Kpml if !said.info => Way::None,
            // RFC 3261 §20.5: who names its methods takes no others.
            KeySignalling::Any if said.methods && !said.info => Way::None,
            KeySignalling::Kpml | KeySignalling::Any => Way::Info,
        }
    }
}

impl Leg {
    pub(super) fn info(
        &mut self,
        shared: &mut Shared,
        now: Now,
        info: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        match digit_of(info) {
            Some(digit) => {
                self.reply(shared, now, info, key, flow, 200, out);
                self.signal(Signal::Digit(digit), out);
            }
            None if info.body().is_empty() => self.reply(shared, now, info, key, flow, 200, out),
            None => self.reply(shared, now, info, key, flow, 415, out),
        }
    }

    /// A NOTIFY of the package `telephone-event`.
    pub(super) fn event_notified(
        &mut self,
        shared: &mut Shared,
        now: Now,
        notify: &Message<'_>,
        key: ServerKey,
        flow: Flow,
        out: &mut Outbox,
    ) {
        if !notify.content_type_is(telephone_event::TYPE) {
            let head = shared.head_of(notify, &flow, self.dialog.local_tag);
            let accept =
                |buffer: &mut Vec<u8>| write::header(buffer, b"Accept", telephone_event::TYPE.as_bytes());
            self.respond(shared, now, &Request { key, head, flow }, 415, accept, None, out);
            return;
        }
        let rate = notify.event_package().and_then(|event| event.rate).unwrap_or(telephone_event::RATE);
        self.reply(shared, now, notify, key, flow, 200, out);
        // Events that are no keys are news like any other.
        let digit = Told::parse(notify.body(), rate).and_then(|told| self.keys.held.take(told));
        if let Some(digit) = digit {
            self.signal(Signal::Digit(digit), out);
        }
    }

    /// Sends a key.
    pub(super) fn send_digit(&mut self, shared: &mut Shared, now: Now, digit: Digit, out: &mut Outbox) {
        match &self.state {
            State::Established => {}
            // What is agreed on in an early dialog is talked over (RFC 6086 §4.2.1).
            State::Outgoing(outgoing) => {
                if let Some(tag) = outgoing.talks_in() {
                    self.in_early_dialog(&tag, |leg| {
                        if leg.keys.way(leg.dialog.said) == Way::Info {
                            leg.send_info(shared, now, digit, out);
                        }
                    });
                }
                return;
            }
            State::Incoming(_) | State::Ending { .. } => return,
        }
        match self.keys.way(self.dialog.said) {
            Way::Info => self.send_info(shared, now, digit, out),
            Way::Notify => {
                if self.keys.events.len() < 2 * limits::KEYS_WAITING {
                    self.keys.events.extend(telephone_event::bodies(digit).into_iter().flatten());
                }
                self.notify_event(shared, now, out);
            }
            Way::Kpml => self.tell_key(shared, now, digit.key, out),
            Way::None => {}
        }
    }

    /// Sends the next NOTIFY of `telephone-event`, if there is one and none is under way.
    fn notify_event(&mut self, shared: &mut Shared, now: Now, out: &mut Outbox) {
        if self.keys.event_told.is_some() {
            return;
        }
        let Some(body) = self.keys.events.pop_front() else { return };
        let rest = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"Event: ");
            buffer.extend_from_slice(telephone_event::PACKAGE.as_bytes());
            buffer.extend_from_slice(b";rate=");
            write::decimal(buffer, u64::from(telephone_event::RATE));
            // RFC 6665 §4.1.3 wants one; nobody subscribed, and more is to come.
            buffer.extend_from_slice(b"\r\nSubscription-State: active\r\n");
            write::finish(buffer, Some(telephone_event::TYPE), &body);
        };
        let (branch, _) = self.send(shared, now, MethodKind::Notify, rest, out);
        self.keys.event_told = Some(branch);
    }

    /// Such a NOTIFY was answered, or not at all (408): the next may go.
    pub(super) fn event_told(
        &mut self,
        shared: &mut Shared,
        now: Now,
        branch: Branch,
        status: u16,
        out: &mut Outbox,
    ) {
        if status < 200 || self.keys.event_told != Some(branch) {
            return;
        }
        self.keys.event_told = None;
        if status >= 300 {
            // It takes none: those that wait would fare no better.
            self.keys.events.clear();
        }
        self.notify_event(shared, now, out);
    }

    fn send_info(&mut self, shared: &mut Shared, now: Now, digit: Digit, out: &mut Outbox) {
        let mut text = Vec::with_capacity(32);
        text.extend_from_slice(b"Signal=");
        text.push(digit.key as u8);
        text.extend_from_slice(b"\r\nDuration=");
        write::decimal(&mut text, u64::from(if digit.duration_ms == 0 { 160 } else { digit.duration_ms }));
        text.extend_from_slice(b"\r\n");
        let rest = |buffer: &mut Vec<u8>| write::finish(buffer, Some("application/dtmf-relay"), &text);
        self.send(shared, now, MethodKind::Info, rest, out);
    }
}

/// The digit of an INFO, in the two forms that phones send.
fn digit_of(info: &Message<'_>) -> Option<Digit> {
    let text = std::str::from_utf8(info.body()).ok()?;
    if info.content_type_is("application/dtmf") {
        return digit(text.trim(), 0);
    }
    if !info.content_type_is("application/dtmf-relay") {
        return None;
    }
    let field = |name: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find_map(|(key, value)| key.trim().eq_ignore_ascii_case(name).then(|| value.trim()))
    };
    let duration = field("Duration").and_then(|value| value.parse().ok()).unwrap_or(0);
    digit(field("Signal")?, duration)
}

fn digit(text: &str, duration_ms: u16) -> Option<Digit> {
    let key = match text {
        "10" => '*',
        "11" => '#',
        _ => text.chars().next().filter(|key| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D'))?,
    };
    Some(Digit { key, duration_ms })
}
