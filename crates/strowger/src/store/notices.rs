//! What an operator should see at once of what goes into the journal: phones that come, go or are refused, and
//! alarms. A flood of them becomes a count.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Clock};

use strowger_base::event::{RefuseReason, UnregisterReason};
use strowger_base::journal::{Alarm, CallRecord, Entry, EntryKind, Record, Registration};

use crate::log::{self, Event, Level};

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
            // Whoever asks for these wants each of them.
            EntryKind::Call => return Self::look_at_call(record),
            EntryKind::Message
            | EntryKind::Told
            | EntryKind::Decision
            | EntryKind::Quality
            | EntryKind::UserSet => return,
        }
        self.begin_second();
        if self.printed >= LINES_A_SECOND {
            self.held_back += 1;
            log::held_back();
            return;
        }
        let Ok(record) = Record::decode(record) else { return };
        if let Entry::Registration(Registration::Refused { claimed, peer, reason, .. }) = &record.entry
            && !self.is_new(format!("{claimed} {} {}", peer.ip(), refused(*reason)))
        {
            return;
        }
        if let Entry::Registration(Registration::StationRefused { device, peer, why }) = &record.entry
            && !self.is_new(format!("{device} {} {why}", peer.ip()))
        {
            return;
        }
        if let Some(event) = notice(&record.entry) {
            self.printed += 1;
            event.write();
        }
    }

    fn look_at_call(record: &[u8]) {
        if log::is_written(Level::Debug)
            && let Ok(record) = Record::decode(record)
            && let Some(event) = notice(&record.entry)
        {
            event.write();
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
            log::warn("more lines like these were held back").count("lines", self.held_back).write();
        }
        (self.began, self.printed, self.held_back) = (Clock::now(), 0, 0);
    }
}

fn notice(entry: &Entry<'_>) -> Option<Event> {
    Some(match entry {
        Entry::Registration(Registration::Registered { line, peer, transport, user_agent, .. }) => {
            log::info("phone registered")
                .number(line)
                .address(*peer)
                .with("transport", transport)
                .with("user_agent", user_agent)
        }
        Entry::Registration(Registration::Unregistered { line, reason, .. }) => {
            let why = match reason {
                UnregisterReason::ByPhone => "the phone said so",
                UnregisterReason::Expired => "not refreshed in time",
                UnregisterReason::ConnectionClosed => "connection closed",
                UnregisterReason::Replaced => return None,
                UnregisterReason::Unconfigured => "no longer in the configuration",
                UnregisterReason::SocketClosed => "the socket that it was reached over is closed",
                UnregisterReason::ResetOrdered => "it was told to begin anew",
                UnregisterReason::Broken => "what it sent could not be followed",
            };
            log::info("phone gone").number(line).with("reason", why)
        }
        Entry::Registration(Registration::Refused { claimed, peer, request, reason }) => {
            let event = if *request == "REGISTER" {
                log::warn("registration refused")
            } else {
                log::warn("request refused").with("request", request)
            };
            event.number(claimed).address(*peer).with("reason", refused(*reason))
        }
        Entry::Registration(Registration::StationArrived { device, peer, version, load, why, .. }) => {
            log::info("SCCP phone registered")
                .with("device", device)
                .address(*peer)
                .count("version", u64::from(*version))
                .with("load", load)
                .with("reason", why)
        }
        Entry::Registration(Registration::StationGone { device, peer, why }) => {
            let gone = log::info("SCCP phone gone").with("device", device).address(*peer).with("reason", why);
            match strowger_node::io::reason_code(why) {
                Some(code) => gone.count("code", code.into()),
                None => gone,
            }
        }
        Entry::Registration(Registration::StationRefused { device, peer, why }) => {
            log::warn("SCCP connection refused").with("device", device).address(*peer).with("reason", why)
        }
        Entry::Registration(Registration::StationTold { device, what, words }) => {
            log::info("SCCP phone told").with("device", device).with("what", what).with("words", words)
        }
        Entry::Registration(Registration::ScreenPushed { device, transaction, bytes, by, .. }) => {
            log::info("a screen was sent to an SCCP phone")
                .with("device", device)
                .count("transaction", u64::from(*transaction))
                .count("bytes", u64::from(*bytes))
                .with("by", by)
        }
        // What its user does with it is for the application.
        Entry::Registration(Registration::ScreenTold { .. }) => return None,
        Entry::Alarm(alarm) => of_alarm(alarm),
        Entry::Call(call) => of_call(call),
        Entry::Message { .. }
        | Entry::Told(_)
        | Entry::Decision(_)
        | Entry::Quality(_)
        | Entry::UserSet(_) => return None,
    })
}

fn of_call(call: &CallRecord<'_>) -> Event {
    let talked =
        call.answered_at.map_or(0, |at| call.ended_at.as_micros().saturating_sub(at.as_micros()) / 1_000_000);
    log::debug("call ended")
        .call(call.call)
        .with("calling", call.calling.number)
        .with("called", call.called)
        .with("connected", call.connected.number)
        .with("cause", call.cause)
        .count("talk_seconds", talked)
}

pub(crate) const fn refused(reason: RefuseReason) -> &'static str {
    match reason {
        RefuseReason::UnknownLine => "no such line",
        RefuseReason::WrongPassword => "wrong password",
        RefuseReason::Replayed => "credentials used before",
        RefuseReason::NotYourLine => "credentials of another line",
        RefuseReason::TooManyContacts => "too many phones on the line",
        RefuseReason::NotToBeWatched => "the line is not for it to watch",
        RefuseReason::Overloaded => "the server sheds load",
        RefuseReason::Draining => "the server goes out of service",
        RefuseReason::NothingThere => "what it would replace or join is not there",
        RefuseReason::Loop => "the request came round in a circle",
        RefuseReason::TooManyHops => "the request passed too many hops",
    }
}

fn of_alarm(alarm: &Alarm<'_>) -> Event {
    match alarm {
        Alarm::RelayFailed { reason } => log::warn("a media relay could not be opened")
            .with("reason", reason)
            .effect("the call goes on without it"),
        Alarm::MusicStreamFailed { address, reason } => log::warn("a multicast stream of music failed")
            .with("address", address)
            .with("reason", reason)
            .effect("a new port is opened; where that fails, those who hear it are sent music of their own"),
        Alarm::NoServicePort { reason } => log::warn("services of this server get no media ports")
            .with("reason", reason)
            .effect("who calls a conference, a page or an announcement is refused; who waits hears no music"),
        Alarm::RecordNotStored { reason, waiting } => log::error("a call record was not stored")
            .with("reason", reason)
            .count("waiting", u64::from(*waiting))
            .effect("it waits in memory and is tried again"),
        Alarm::Overloaded { what } => log::warn("new calls are refused").with("full", what),
        Alarm::OverloadEnded => log::info("new calls are taken again"),
        Alarm::NotRecorded { profile, cause } => log::error("a recorder is not to be had")
            .with("profile", profile)
            .with("cause", cause)
            .effect("a call is not recorded")
            .remedy("see what strowger explain says of the call, and look at the recorder and its trunk"),
        Alarm::MaliciousCall { by, party } => log::warn("a call was reported as malicious")
            .with("by", by)
            .with("party", party)
            .remedy("see what strowger explain says of the call"),
        Alarm::QualityReported { by, reason } => log::warn("a phone reports bad quality")
            .with("by", by)
            .with("reason", reason)
            .remedy("see what strowger explain says of its call and of the media streams of that"),
        Alarm::Contained { what } => log::error("a bug was contained to one call")
            .with("found", what)
            .remedy("please report it with the journal"),
    }
}

/// The same refusal is written again after this at the earliest.
const REPEAT_AFTER: Duration = Duration::from_secs(60);
/// Different refusals within that time.
const REFUSALS_MAX: usize = 200;
const LINES_A_SECOND: u32 = 10;
