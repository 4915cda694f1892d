//! Keys that are pressed, as INFO carries them.

use strowger_base::leg::Digit;
use strowger_base::net::Flow;
use strowger_base::{Now, Signal};

use super::{Leg, State};
use crate::core::Shared;
use crate::io::Outbox;
use crate::message::{Message, MethodKind};
use crate::transaction::table::ServerKey;
use crate::write;

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

    /// Sends a key.
    pub(super) fn send_digit(&mut self, shared: &mut Shared, now: Now, digit: Digit, out: &mut Outbox) {
        if !matches!(self.state, State::Established) {
            return;
        }
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
