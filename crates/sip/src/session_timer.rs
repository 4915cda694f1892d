//! Session timers (RFC 4028): calls whose other side has vanished come to an end.

use std::time::Duration;

use strowger_base::Instant;

use crate::message::Message;
use crate::write;

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

/// What both sides agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// The session interval in seconds.
    pub interval: u32,
    /// Who refreshes.
    pub refresher: Refresher,
    /// The peer knows session timers, so they are spoken of. Without that we refresh on our own account: a peer that
    /// answers no refresh is gone (RFC 4028 §7.1 allows a refresher whose peer knows nothing of timers).
    pub announced: bool,
}

impl Negotiated {
    /// A timer of ours alone.
    fn own(wanted: Duration) -> Self {
        let interval = u32::try_from(wanted.as_secs()).unwrap_or(u32::MAX).max(MIN_SE);
        Negotiated { interval, refresher: Refresher::Us, announced: false }
    }

    /// Session-Expires of a 2xx of ours; `required` when the peer knows timers (RFC 4028 §9).
    pub fn write_response(self, required: bool, out: &mut Vec<u8>) {
        if !self.announced {
            return;
        }
        if required {
            out.extend_from_slice(b"Require: timer\r\n");
        }
        let refresher = match self.refresher {
            Refresher::Us => "uas",
            Refresher::Them => "uac",
        };
        write_header(self.interval, Some(refresher), out);
    }

    /// Session-Expires of a refresh that we send (RFC 4028 §7.4).
    pub fn write_refresh(self, out: &mut Vec<u8>) {
        if !self.announced {
            return;
        }
        let refresher = match self.refresher {
            Refresher::Us => "uac",
            Refresher::Them => "uas",
        };
        write_header(self.interval, Some(refresher), out);
    }
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

/// Session-Expires and Min-SE of an INVITE of ours.
pub fn write_request(wanted: Duration, min_se: u32, out: &mut Vec<u8>) {
    let interval = u32::try_from(wanted.as_secs()).unwrap_or(u32::MAX).max(min_se);
    write_header(interval, None, out);
    out.extend_from_slice(b"Min-SE: ");
    write::decimal(out, u64::from(min_se));
    out.extend_from_slice(b"\r\n");
}

/// What a 2xx of ours to this INVITE or UPDATE says (RFC 4028 §9).
pub fn answer(request: &Message<'_>, wanted: Duration) -> Negotiated {
    let Some((interval, refresher)) = request.session_expires() else { return Negotiated::own(wanted) };
    let interval = interval.max(MIN_SE);
    let refresher = match refresher {
        Some(side) if side.eq_ignore_ascii_case("uac") && request.supports("timer") => Refresher::Them,
        Some(side) if side.eq_ignore_ascii_case("uas") => Refresher::Us,
        _ if request.supports("timer") => Refresher::Them,
        _ => Refresher::Us,
    };
    Negotiated { interval, refresher, announced: true }
}

/// What a 2xx of the peer to a request of ours says (RFC 4028 §7.2).
pub fn of_response(response: &Message<'_>, wanted: Duration) -> Negotiated {
    let Some((interval, refresher)) = response.session_expires() else { return Negotiated::own(wanted) };
    let theirs = refresher.is_some_and(|side| side.eq_ignore_ascii_case("uas"));
    let refresher = if theirs { Refresher::Them } else { Refresher::Us };
    Negotiated { interval: interval.max(MIN_SE), refresher, announced: true }
}

/// The session timer of an established dialog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionTimer {
    negotiated: Negotiated,
    refresh_at: Option<Instant>,
    expires_at: Instant,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Send a refresh.
    Refresh,
    /// No refresh came or succeeded: end the call.
    Expired,
}

impl SessionTimer {
    /// Starts or restarts the timer (RFC 4028 §10: the refresher acts at half the interval; the other side gives
    /// up the smaller of 32 s and a third of the interval before its end).
    pub fn start(negotiated: Negotiated, now: Instant) -> Self {
        let interval = Duration::from_secs(u64::from(negotiated.interval));
        let refresh_at = match negotiated.refresher {
            Refresher::Us => Some(now + interval / 2),
            Refresher::Them => None,
        };
        let expires_at = now + (interval - Duration::from_secs(32).min(interval / 3));
        SessionTimer { negotiated, refresh_at, expires_at }
    }

    /// What was agreed on.
    pub const fn negotiated(&self) -> Negotiated {
        self.negotiated
    }

    /// When [`SessionTimer::due`] wants to be asked.
    pub fn deadline(&self) -> Instant {
        self.refresh_at.map_or(self.expires_at, |refresh| refresh.min(self.expires_at))
    }

    /// What is due now; a refresh is named once.
    pub fn due(&mut self, now: Instant) -> Due {
        if self.expires_at <= now {
            return Due::Expired;
        }
        if self.refresh_at.take_if(|at| *at <= now).is_some() { Due::Refresh } else { Due::Nothing }
    }
}
