//! What is told of calls and phones when somebody asks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::leg::BindingId;
use strowger_base::net::{ListenerId, Transport};
use strowger_base::{CallId, LineName, WallTime};

use super::ResourceStanding;

/// A call in progress.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// Who calls.
    pub calling: Box<str>,
    /// The number that was asked for.
    pub called: Box<str>,
    /// Who answered; empty before.
    pub connected: Box<str>,
    /// Where it stands.
    pub state: CallState,
    /// When it began.
    pub started_at: WallTime,
    /// When it was answered.
    pub answered_at: Option<WallTime>,
    /// Whether a party of it is recorded at this moment.
    pub is_recorded: bool,
}

/// Where a call stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallState {
    /// Digits are awaited.
    Dialing,
    /// Something was rung, nothing alerts yet.
    Proceeding,
    /// A phone rings.
    Alerting,
    /// Both talk.
    Talking,
    /// Answered, and one side holds the other.
    Held,
    /// A party waits at the number that is called.
    Parked,
    /// Over; its record waits for the disk.
    Ended,
}

/// A registered phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhoneView {
    /// The line.
    pub line: LineName,
    /// What people are shown of that: the number, as long as no other line has the same.
    pub shown: Box<str>,
    /// Its name; `None` for the only phone of the line.
    pub phone: Option<Arc<str>>,
    /// Which of its contacts.
    pub binding: BindingId,
    /// Its contact URI.
    pub contact: Box<str>,
    /// Where it is reached.
    pub peer: SocketAddr,
    /// What carries its messages.
    pub transport: Transport,
    /// Our socket, when they are datagrams: without it the phone is reached no more.
    pub listener: Option<ListenerId>,
    /// What it calls itself.
    pub user_agent: Box<str>,
    /// When the registration ends unless it is refreshed.
    pub expires_at: WallTime,
}

/// A registered SCCP device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StationView {
    /// Its name.
    pub device: Box<str>,
    /// Where it is.
    pub peer: SocketAddr,
    /// Its model, as people call it.
    pub model: Box<str>,
    /// The firmware that it says it runs; empty when it does not say.
    pub load: Box<str>,
    /// The version of the protocol that is spoken with it.
    pub version: u8,
    /// It knows all that it asked for, and can be rung.
    pub is_ready: bool,
    /// What people are shown of its lines, in the order of its keys.
    pub lines: Vec<Box<str>>,
    /// Calls on its display.
    pub calls: usize,
    /// Since when it is registered.
    pub since: WallTime,
    /// Why it registered, in a word.
    pub why: &'static str,
    /// The time between its last registrations, where that was always much the same.
    pub period: Option<Duration>,
    /// The last alarm that it sent.
    pub alarm: Option<StationAlarm>,
    /// Messages of it that nobody serves or could read, in words.
    pub passed_over: Vec<Box<str>>,
    /// How it stands as a media resource, when it is one.
    pub resource: Option<ResourceStanding>,
}

/// What an SCCP phone told that happened to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StationAlarm {
    /// When it was told.
    pub at: WallTime,
    /// How bad it is, in a word; empty where it does not say.
    pub severity: Box<str>,
    /// All of its text.
    pub text: Box<str>,
    /// What depends on the alarm.
    pub parameters: [u32; 2],
}
