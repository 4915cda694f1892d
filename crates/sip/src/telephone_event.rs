//! Keys in NOTIFY as Cisco's gateways tell them: nobody subscribes, the package is `telephone-event`, and the body is the payload of an
//! RFC 4733 event, four bytes. Which side does so says Call-Info of the INVITE and of its answer.

use strowger_base::leg::Digit;
use strowger_base::limits;

use crate::header::NameAddr;
use crate::message::{HeaderName, Message};
use crate::write;

/// The event package.
pub(crate) const PACKAGE: &str = "telephone-event";
/// Media type of the body.
pub(crate) const TYPE: &str = "audio/telephone-event";

/// What a NOTIFY tells of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    key: char,
    duration_ms: u16,
    /// It was released.
    ended: bool,
}

impl Told {
    /// Reads a body whose durations count this clock in Hz; `None` when it is none, or about something that is no key.
    pub(crate) fn parse(body: &[u8], clock_hz: u32) -> Option<Told> {
        let [event, flags, high, low] = *body else { return None };
        let key = char::from(*KEYS.get(usize::from(event))?);
        let units = u32::from(u16::from_be_bytes([high, low]));
        let duration_ms = u16::try_from(units * 1000 / clock_hz.max(1)).unwrap_or(u16::MAX);
        Some(Told { key, duration_ms, ended: flags & END_BIT != 0 })
    }
}

/// A key that is held, as far as it was told.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Held {
    key: Option<char>,
    /// The peer has told of a release before, so that it can be waited for.
    releases: bool,
}

impl Held {
    /// The key that is new in what came. Some tell when a key is pressed and when it is released, others only one of the two.
    pub(crate) fn take(&mut self, told: Told) -> Option<Digit> {
        let digit = Digit { key: told.key, duration_ms: told.duration_ms };
        let goes_on = self.key == Some(told.key);
        if told.ended {
            (self.key, self.releases) = (None, true);
            return (!goes_on).then_some(digit);
        }
        self.key = Some(told.key);
        (!(goes_on && self.releases)).then_some(digit)
    }
}

/// The two bodies that tell of a press: its begin and its end, with the duration in milliseconds.
pub(crate) fn bodies(digit: Digit) -> Option<[[u8; 4]; 2]> {
    let upper = digit.key.to_ascii_uppercase();
    let event = KEYS.iter().position(|known| char::from(*known) == upper)? as u8;
    let duration = if digit.duration_ms == 0 { DURATION_MS } else { digit.duration_ms };
    let [high, low] = duration.to_be_bytes();
    Some([[event, VOLUME, 0, 0], [event, VOLUME | END_BIT, high, low]])
}

/// Whether a message says in Call-Info that its sender tells keys so.
pub(crate) fn is_offered(message: &Message<'_>) -> bool {
    message.values(HeaderName::CallInfo).filter_map(NameAddr::parse).any(|info| {
        let method = info.parameters.value("method").unwrap_or_default();
        let mut parts = method.trim_ascii().split(|byte| matches!(byte, b';' | b'"')).map(<[u8]>::trim_ascii);
        let notify = parts.any(|part| part.eq_ignore_ascii_case(b"NOTIFY"));
        notify && parts.any(|part| part.eq_ignore_ascii_case(b"Event=telephone-event"))
    })
}

/// Says so in a message of ours.
pub(crate) fn write_offer(out: &mut Vec<u8>, host: &str) {
    out.extend_from_slice(b"Call-Info: <sip:");
    out.extend_from_slice(host.as_bytes());
    out.extend_from_slice(b">;method=\"NOTIFY;Event=telephone-event;Duration=");
    write::decimal(out, limits::KEY_HELD.as_millis() as u64);
    out.extend_from_slice(b"\"\r\n");
}

/// Durations are in milliseconds.
pub(crate) const RATE: u32 = 1000;
/// Keys in the order of their events (RFC 4733 §3.2).
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
const END_BIT: u8 = 0x80;
/// Loudness of the tone that the event stands for: -10 dBm0.
const VOLUME: u8 = 10;
/// Of a key of which that is not known.
const DURATION_MS: u16 = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_press_counts_once_however_it_is_told() {
        // Key, released or not; what comes of it.
        let check = |told: &[(char, bool)], expect: &str| {
            let mut held = Held::default();
            let keys = told.iter().filter_map(|(key, ended)| {
                held.take(Told { key: *key, duration_ms: 100, ended: *ended }).map(|digit| digit.key)
            });
            assert_eq!(keys.collect::<String>(), expect, "{told:?}");
        };
        check(&[('1', false), ('1', true), ('1', false), ('1', true)], "11");
        // A long press is told again while it lasts.
        check(&[('5', false), ('5', true), ('1', false), ('1', false), ('1', false), ('1', true)], "51");
        check(&[('1', true), ('1', true), ('2', true)], "112");
        check(&[('1', false), ('1', false), ('2', false)], "112");
        check(&[('1', false), ('2', false), ('2', true)], "12");
    }

    #[test]
    fn bodies_are_events_and_read_back() {
        for key in "0123456789*#ABCD".chars() {
            let [begin, end] = bodies(Digit { key, duration_ms: 250 }).unwrap();
            assert_eq!(Told::parse(&begin, RATE), Some(Told { key, duration_ms: 0, ended: false }));
            assert_eq!(Told::parse(&end, RATE), Some(Told { key, duration_ms: 250, ended: true }));
        }
        assert_eq!(bodies(Digit { key: '7', duration_ms: 0 }), Some([[7, 10, 0, 0], [7, 0x8a, 0, 160]]));
        assert_eq!(bodies(Digit { key: 'x', duration_ms: 0 }), None);
        assert_eq!(
            Told::parse(&[11, 0x80, 0x06, 0x40], 8000),
            Some(Told { key: '#', duration_ms: 200, ended: true })
        );
        for body in [&b""[..], &[16, 0, 0, 0], &[1, 0, 0], &[1, 0, 0, 0, 0]] {
            assert_eq!(Told::parse(body, RATE), None, "{body:?}");
        }
        assert_eq!(Told::parse(&[1, 0, 0xff, 0xff], 0).map(|told| told.duration_ms), Some(u16::MAX));
    }

    #[test]
    fn call_info_says_who_tells_keys_so() {
        let check = |call_info: &str, expect: bool| {
            let text = format!("INVITE sip:1001@h SIP/2.0\r\n{call_info}Content-Length: 0\r\n\r\n");
            let mut message = Message::unread();
            message.read(text.as_bytes()).unwrap();
            assert_eq!(is_offered(&message), expect, "{call_info}");
        };
        let mut ours = Vec::new();
        write_offer(&mut ours, "192.0.2.1");
        let ours = String::from_utf8(ours).unwrap();
        assert_eq!(
            ours,
            "Call-Info: <sip:192.0.2.1>;method=\"NOTIFY;Event=telephone-event;Duration=2000\"\r\n"
        );
        check(&ours, true);
        check("Call-Info: <sip:192.0.2.7>; method=\"Notify;Event=telephone-event;Duration=500\"\r\n", true);
        check("Call-Info: <sip:192.0.2.7>;answer-after=0\r\n", false);
        check("Call-Info: <sip:192.0.2.7>;method=\"NOTIFY;Event=refer\"\r\n", false);
        check("", false);
    }
}
