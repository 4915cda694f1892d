//! What an operator should see at once of what goes into the journal: phones that come, go or are refused, and
//! alarms. A flood of them becomes a count.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Clock};

use strowger_base::event::{RefuseReason, UnregisterReason};
use strowger_base::journal::{Alarm, Entry, EntryKind, Record, Registration};

use crate::log;

/// Lines for standard error: at most some in a second, and each refusal once a minute.
pub(super) struct Notices {
    began: Clock,
    printed: u32,
    held_back: u64,
    refusals: BTreeMap<String, Clock>,
}

impl Notices {
    pub(super) fn new() -> Self {
        Notices { began: Clock::now(), printed: 0, held_back: 0, refusals: BTreeMap::new() }
    }

    /// Looks at a record that goes into the journal.
    pub(super) fn look(&mut self, kind: EntryKind, record: &[u8]) {
        match kind {
            EntryKind::Registration | EntryKind::Alarm => {}
            EntryKind::Message
            | EntryKind::Told
            | EntryKind::Decision
            | EntryKind::Call
            | EntryKind::Quality => return,
        }
        self.begin_second();
        if self.printed >= LINES_A_SECOND {
            self.held_back += 1;
            return;
        }
        let Ok(record) = Record::decode(record) else { return };
        if let Entry::Registration(Registration::Refused { claimed, peer, reason, .. }) = &record.entry
            && !self.is_new(format!("{claimed} {} {}", peer.ip(), refused(*reason)))
        {
            return;
        }
        if let Some((severity, text)) = notice(&record.entry) {
            self.printed += 1;
            severity(&text);
        }
    }

    /// A phone with a wrong secret tries again and again, and a scanner tries every number.
    fn is_new(&mut self, refusal: String) -> bool {
        let now = Clock::now();
        self.refusals.retain(|_, at| now - *at < REPEAT_AFTER);
        if self.refusals.len() >= REFUSALS_MAX || self.refusals.contains_key(&refusal) {
            return false;
        }
        self.refusals.insert(refusal, now);
        true
    }

    fn begin_second(&mut self) {
        if self.began.elapsed() < Duration::from_secs(1) {
            return;
        }
        if self.held_back > 0 {
            log::warn(&format!("{} more lines like these were held back", self.held_back));
        }
        (self.began, self.printed, self.held_back) = (Clock::now(), 0, 0);
    }
}

/// How serious a notice is: what prints it.
type Severity = fn(&str);

fn notice(entry: &Entry<'_>) -> Option<(Severity, String)> {
    Some(match entry {
        Entry::Registration(Registration::Registered { line, peer, transport, user_agent, .. }) => {
            let phone = if user_agent.is_empty() { "a phone" } else { user_agent };
            (log::info, format!("{line} registered from {peer} over {transport}: {}", Shown(phone)))
        }
        Entry::Registration(Registration::Unregistered { line, reason, .. }) => {
            let why = match reason {
                UnregisterReason::ByPhone => "said so itself",
                UnregisterReason::Expired => "did not refresh its registration in time",
                UnregisterReason::ConnectionClosed => "closed its connection",
                UnregisterReason::Replaced => return None,
                UnregisterReason::Unconfigured => "is no longer in the configuration",
            };
            (log::info, format!("a phone of {line} is gone: it {why}"))
        }
        Entry::Registration(Registration::Refused { claimed, peer, request, reason }) => {
            (log::warn, format!("{request} of {} from {peer} refused: {}", Shown(claimed), refused(*reason)))
        }
        Entry::Alarm(alarm) => alarm_text(alarm),
        Entry::Message { .. } | Entry::Told(_) | Entry::Decision(_) | Entry::Call(_) | Entry::Quality(_) => {
            return None;
        }
    })
}

const fn refused(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::UnknownLine => "no such line",
        RefuseReason::WrongPassword => "wrong password",
        RefuseReason::Replayed => "credentials used before",
        RefuseReason::NotYourLine => "credentials of another line",
        RefuseReason::TooManyContacts => "too many phones on the line",
        RefuseReason::Overloaded => "the server sheds load",
        RefuseReason::Loop => "the request came round in a circle",
        RefuseReason::TooManyHops => "the request passed too many hops",
    }
}

fn alarm_text(alarm: &Alarm<'_>) -> (Severity, String) {
    match alarm {
        Alarm::RelayFailed { reason } => {
            (log::warn, format!("a media relay could not be opened ({reason}); the call goes on without it"))
        }
        Alarm::RecordNotStored { reason, waiting } => (
            log::error,
            format!("a call record was not stored ({reason}); {waiting} wait and are tried again"),
        ),
        Alarm::Overloaded { what } => (log::warn, format!("new calls are refused: {what}")),
        Alarm::OverloadEnded => (log::info, "new calls are taken again".to_owned()),
        Alarm::Contained { what } => (
            log::error,
            format!("a bug was contained to one call ({what}); please report it with the journal"),
        ),
    }
}

/// Text that a stranger sent, made harmless for a terminal.
struct Shown<'a>(&'a str);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars().take(TEXT_MAX) {
            write!(f, "{}", if c.is_control() { '?' } else { c })?;
        }
        Ok(())
    }
}

/// The same refusal is written again after this at the earliest.
const REPEAT_AFTER: Duration = Duration::from_secs(60);
/// Different refusals within that time.
const REFUSALS_MAX: usize = 200;
const LINES_A_SECOND: u32 = 10;
const TEXT_MAX: usize = 60;
