//! Session timers (RFC 4028): calls whose other side has vanished come to an end.
//!
//! What both sides agree on is settled here; what follows from it and when is the machine in [`machine`].

pub mod machine;

use std::time::Duration;

use strowger_base::Instant;

use crate::message::Message;
use crate::write;
use machine::{Effect, Failure, Input, State};

/// Shortest session interval, in seconds (RFC 4028 §5).
pub const MIN_SE: u32 = 90;

/// Who refreshes the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refresher {
    /// We do.
    Us,
    /// The peer does.
    Them,
}

/// Whether a session timer is spoken of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mention {
    /// The peer knows nothing of timers. We refresh on our own account: a peer that answers no refresh is gone (RFC
    /// 4028 §7.1 allows a refresher whose peer knows nothing of timers).
    Silent,
    /// Somebody on the way asked for it, the peer itself knows nothing of timers (RFC 4028 §9, first row of table 2).
    Announced,
    /// The peer knows timers, so our 2xx requires them (RFC 4028 §9).
    Required,
}

/// What both sides agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// The session interval in seconds.
    pub interval: u32,
    /// Who refreshes.
    pub refresher: Refresher,
    /// How messages of ours speak of it.
    pub mention: Mention,
}

impl Negotiated {
    /// A timer of ours alone.
    fn own(wanted: Duration) -> Self {
        Negotiated {
            interval: seconds(wanted).max(MIN_SE),
            refresher: Refresher::Us,
            mention: Mention::Silent,
        }
    }

    /// Session-Expires of a 2xx of ours (RFC 4028 §9).
    pub fn write_response(self, out: &mut Vec<u8>) {
        match self.mention {
            Mention::Silent => return,
            Mention::Announced => {}
            Mention::Required => out.extend_from_slice(b"Require: timer\r\n"),
        }
        let refresher = match self.refresher {
            Refresher::Us => "uas",
            Refresher::Them => "uac",
        };
        write_header(self.interval, Some(refresher), out);
    }
}

/// What an INVITE or UPDATE of the peer says about the session timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Session-Expires, in seconds, and who shall refresh, when it says so.
    expires: Option<(u32, Option<Refresher>)>,
    /// Min-SE, at least [`MIN_SE`].
    min_se: u32,
    /// The peer knows session timers.
    supported: bool,
}

/// The interval that the peer wants is smaller than we accept: 422 (RFC 4028 §9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooSmall;

impl TooSmall {
    /// The status that says so.
    pub const STATUS: u16 = 422;

    /// Min-SE of the 422 (RFC 4028 §5).
    pub fn write_headers(self, out: &mut Vec<u8>) {
        write_min_se(MIN_SE, out);
    }
}

impl Request {
    /// Reads it.
    pub fn of(request: &Message<'_>) -> Self {
        let expires = request.session_expires().map(|(interval, refresher)| {
            let refresher = refresher.and_then(|side| match side {
                side if side.eq_ignore_ascii_case("uac") => Some(Refresher::Them),
                side if side.eq_ignore_ascii_case("uas") => Some(Refresher::Us),
                _ => None,
            });
            (interval, refresher)
        });
        let min_se = request.min_se_seconds().unwrap_or(0).max(MIN_SE);
        Request { expires, min_se, supported: request.supports("timer") }
    }

    /// Refuses an interval that is too small, when the peer can understand the refusal (RFC 4028 §9).
    ///
    /// # Errors
    /// When the request is to be answered 422.
    pub fn check(self) -> Result<(), TooSmall> {
        match self.expires {
            Some((interval, _)) if interval < MIN_SE && self.supported => Err(TooSmall),
            Some(_) | None => Ok(()),
        }
    }

    /// What our 2xx says (RFC 4028 §9, table 2). `wanted` is our own interval, to which a longer one is cut, but
    /// never below Min-SE of the request. Where the choice of the refresher is ours, it stays as it `was`.
    pub fn answer(self, wanted: Duration, was: Option<Refresher>) -> Negotiated {
        let ours = seconds(wanted).max(self.min_se);
        match (self.expires, self.supported) {
            (None, false) => Negotiated::own(wanted),
            // The peer could be asked to refresh, but a side that refreshes itself sees first when the other is gone.
            (None, true) => Negotiated {
                interval: ours,
                refresher: was.unwrap_or(Refresher::Us),
                mention: Mention::Required,
            },
            // A peer without timers does not refresh, whatever a proxy wrote.
            (Some((interval, _)), false) => Negotiated {
                interval: interval.clamp(MIN_SE, ours),
                refresher: Refresher::Us,
                mention: Mention::Announced,
            },
            (Some((interval, refresher)), true) => Negotiated {
                interval: interval.clamp(MIN_SE, ours),
                refresher: refresher.or(was).unwrap_or(Refresher::Them),
                mention: Mention::Required,
            },
        }
    }
}

/// What a 2xx of the peer to a request of ours says (RFC 4028 §7.2).
pub fn of_response(response: &Message<'_>, wanted: Duration) -> Negotiated {
    let Some((interval, refresher)) = response.session_expires() else { return Negotiated::own(wanted) };
    let theirs = refresher.is_some_and(|side| side.eq_ignore_ascii_case("uas"));
    let refresher = if theirs { Refresher::Them } else { Refresher::Us };
    Negotiated { interval: interval.max(MIN_SE), refresher, mention: Mention::Required }
}

/// Session-Expires and Min-SE of an INVITE of ours.
pub fn write_request(wanted: Duration, min_se: u32, out: &mut Vec<u8>) {
    write_header(seconds(wanted).max(min_se), None, out);
    write_min_se(min_se, out);
}

/// The session timer of a dialog; it does not run before the first [`SessionTimer::start`].
#[derive(Debug, Default)]
pub struct SessionTimer {
    negotiated: Option<Negotiated>,
    /// The largest Min-SE that the peer named in this dialog; 0 before the first (RFC 4028 §7.4).
    min_se: u32,
    state: State,
}

impl SessionTimer {
    /// Starts or restarts it after a 2xx.
    pub fn start(&mut self, negotiated: Negotiated, now: Instant) {
        let interval = Duration::from_secs(u64::from(negotiated.interval));
        self.negotiated = Some(negotiated);
        self.on(Input::Agreed { interval, refresher: negotiated.refresher }, now);
    }

    /// Moves it on.
    pub fn on(&mut self, input: Input, now: Instant) -> Effect {
        let (state, effect) = self.state.on(input, now);
        self.state = state;
        effect
    }

    /// Remembers Min-SE of a request or 422 of the peer, in seconds; every refresh of ours repeats the largest (RFC
    /// 4028 §7.4).
    pub fn heard(&mut self, min_se: u32) {
        self.min_se = self.min_se.max(min_se);
    }

    /// What a final response of 300 to 699 to a re-INVITE or UPDATE of ours means for the session.
    pub fn failure(&mut self, response: &Message<'_>, status: u16) -> Failure {
        match status {
            408 | 481 => Failure::Gone,
            491 => Failure::Glare,
            422 => {
                let known = self.negotiated.map_or(MIN_SE, |negotiated| negotiated.interval).max(self.min_se);
                match response.min_se_seconds().filter(|min_se| *min_se > known) {
                    Some(min_se) => {
                        self.min_se = min_se;
                        Failure::TooSmall
                    }
                    // It asks for nothing that the request did not grant already.
                    None => Failure::Other,
                }
            }
            _ => Failure::Other,
        }
    }

    /// Who refreshes, once that is agreed on.
    pub fn refresher(&self) -> Option<Refresher> {
        self.negotiated.map(|negotiated| negotiated.refresher)
    }

    /// When [`Input::Timer`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.state.deadline()
    }

    /// Session-Expires and Min-SE of a re-INVITE or UPDATE of ours (RFC 4028 §7.4).
    pub fn write_refresh(&self, out: &mut Vec<u8>) {
        let Some(negotiated) = self.negotiated else { return };
        match negotiated.mention {
            Mention::Silent => return,
            Mention::Announced | Mention::Required => {}
        }
        let refresher = match negotiated.refresher {
            Refresher::Us => "uac",
            Refresher::Them => "uas",
        };
        write_header(negotiated.interval.max(self.min_se), Some(refresher), out);
        if self.min_se > 0 {
            write_min_se(self.min_se, out);
        }
    }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

fn write_header(interval: u32, refresher: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Session-Expires: ");
    write::decimal(out, u64::from(interval));
    if let Some(refresher) = refresher {
        out.extend_from_slice(b";refresher=");
        out.extend_from_slice(refresher.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

fn write_min_se(min_se: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Min-SE: ");
    write::decimal(out, u64::from(min_se));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Duration = Duration::from_secs(1800);

    fn message(headers: &str) -> String {
        format!("UPDATE sip:a SIP/2.0\r\n{headers}\r\n")
    }

    /// RFC 4028 §9, table 2, and the interval beside it.
    #[test]
    fn what_a_request_asks_for_is_answered_as_table_2_says() {
        let check = |headers: &str, was: Option<Refresher>, expect: &str| {
            let text = message(headers);
            let request = Request::of(&Message::parse(text.as_bytes()).unwrap());
            let mut out = vec![];
            match request.check() {
                Ok(()) => request.answer(WANTED, was).write_response(&mut out),
                Err(refused) => refused.write_headers(&mut out),
            }
            assert_eq!(String::from_utf8_lossy(&out).replace("\r\n", "|"), expect, "{headers} {was:?}");
        };
        let timer = "Supported: timer\r\n";
        // The peer supports no timer.
        check("", None, "");
        check("Session-Expires: 600\r\n", None, "Session-Expires: 600;refresher=uas|");
        check("Session-Expires: 600;refresher=uac\r\n", None, "Session-Expires: 600;refresher=uas|");
        check("Session-Expires: 600;refresher=uas\r\n", None, "Session-Expires: 600;refresher=uas|");
        check("x: 89\r\n", None, "Session-Expires: 90;refresher=uas|");
        // It does.
        let check = |headers: &str, was: Option<Refresher>, expect: &str| {
            check(&format!("{timer}{headers}"), was, expect);
        };
        check("", None, "Require: timer|Session-Expires: 1800;refresher=uas|");
        check("", Some(Refresher::Them), "Require: timer|Session-Expires: 1800;refresher=uac|");
        check("x: 600\r\n", None, "Require: timer|Session-Expires: 600;refresher=uac|");
        check("x: 600\r\n", Some(Refresher::Us), "Require: timer|Session-Expires: 600;refresher=uas|");
        check("x: 600;refresher=UAC\r\n", None, "Require: timer|Session-Expires: 600;refresher=uac|");
        check(
            "x: 600;refresher=uas\r\n",
            Some(Refresher::Them),
            "Require: timer|Session-Expires: 600;refresher=uas|",
        );
        check("x: 600;refresher=b2b\r\n", None, "Require: timer|Session-Expires: 600;refresher=uac|");
        // Too small, just right, too large.
        check("x: 89\r\n", None, "Min-SE: 90|");
        check("x: 90\r\n", None, "Require: timer|Session-Expires: 90;refresher=uac|");
        check("x: 7200\r\n", None, "Require: timer|Session-Expires: 1800;refresher=uac|");
        check("x: 7200\r\nMin-SE: 3600\r\n", None, "Require: timer|Session-Expires: 3600;refresher=uac|");
        check("Min-SE: 3600\r\n", None, "Require: timer|Session-Expires: 3600;refresher=uas|");
        check("x: 600\r\nMin-SE: 3600\r\n", None, "Require: timer|Session-Expires: 600;refresher=uac|");
    }

    /// RFC 4028 §7.2 and §7.4.
    #[test]
    fn a_refresh_repeats_what_was_agreed_on_and_the_largest_min_se() {
        let check = |answer: &str, min_se: &str, expect: &str| {
            let (answer, min_se) = (message(answer), message(min_se));
            let mut timer = SessionTimer::default();
            let negotiated = of_response(&Message::parse(answer.as_bytes()).unwrap(), WANTED);
            timer.start(negotiated, Instant::START);
            timer.heard(Message::parse(min_se.as_bytes()).unwrap().min_se_seconds().unwrap_or(0));
            let mut out = vec![];
            timer.write_refresh(&mut out);
            assert_eq!(String::from_utf8_lossy(&out).replace("\r\n", "|"), expect, "{answer}");
        };
        check("", "", "");
        check("x: 600\r\n", "", "Session-Expires: 600;refresher=uac|");
        check("x: 600;refresher=uac\r\n", "", "Session-Expires: 600;refresher=uac|");
        check("x: 600;refresher=uas\r\n", "", "Session-Expires: 600;refresher=uas|");
        check("x: 600\r\n", "Min-SE: 120\r\n", "Session-Expires: 600;refresher=uac|Min-SE: 120|");
        check("x: 600\r\n", "Min-SE: 900\r\n", "Session-Expires: 900;refresher=uac|Min-SE: 900|");
        check("x: 10\r\n", "", "Session-Expires: 90;refresher=uac|");
    }

    #[test]
    fn a_422_counts_only_when_it_wants_more() {
        let check = |status: u16, headers: &str, expect: Failure| {
            let text = format!("SIP/2.0 {status} No\r\n{headers}\r\n");
            let mut timer = SessionTimer::default();
            timer.start(Negotiated { mention: Mention::Required, ..Negotiated::own(WANTED) }, Instant::START);
            assert_eq!(timer.failure(&Message::parse(text.as_bytes()).unwrap(), status), expect, "{headers}");
        };
        check(422, "Min-SE: 1801\r\n", Failure::TooSmall);
        check(422, "Min-SE: 1800\r\n", Failure::Other);
        check(422, "", Failure::Other);
        check(408, "", Failure::Gone);
        check(481, "", Failure::Gone);
        check(491, "", Failure::Glare);
        check(500, "", Failure::Other);
    }
}
