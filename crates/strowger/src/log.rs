//! What the operator reads on standard error: typed events, one line each, for people or as JSON.
//!
//! A field takes what can be displayed; [`strowger_base::Secret`] cannot, so no secret gets here by accident.

mod render;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use strowger_base::{CallId, WallTime};

/// How much an event matters; what matters less than `[log] level` is not written.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Deserialize, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Needs a human.
    Error,
    /// Healed itself, or somebody was refused.
    Warn,
    /// Answers an operator's action, and phones that come and go.
    #[default]
    Info,
    /// Each call that has ended; never each packet.
    Debug,
}

/// How events are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// Something to be written; [`Event::write`] does it.
#[must_use = "an event that is not written says nothing"]
#[derive(Debug)]
pub(crate) struct Event {
    level: Level,
    message: Cow<'static, str>,
    fields: Vec<(&'static str, Value)>,
}

#[derive(Debug)]
enum Value {
    Text(String),
    Count(u64),
}

impl Event {
    pub(crate) fn new(level: Level, message: impl Into<Cow<'static, str>>) -> Self {
        Event { level, message: message.into(), fields: Vec::new() }
    }

    /// The call that it is about.
    pub(crate) fn call(self, call: CallId) -> Self {
        self.with("call", call)
    }

    /// The number that it is about, as it was sent.
    pub(crate) fn number(self, number: &str) -> Self {
        self.with("number", number)
    }

    /// The peer that it is about.
    pub(crate) fn address(self, address: SocketAddr) -> Self {
        self.with("address", address)
    }

    /// Any other fact.
    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.fields.push((name, Value::Text(value.to_string())));
        self
    }

    /// A fact that is a number of things.
    pub(crate) fn count(mut self, name: &'static str, value: u64) -> Self {
        self.fields.push((name, Value::Count(value)));
        self
    }

    /// What follows from it for the operator's users.
    pub(crate) fn effect(self, effect: impl Display) -> Self {
        self.with("effect", effect)
    }

    /// What the operator can do about it.
    pub(crate) fn remedy(self, remedy: impl Display) -> Self {
        self.with("remedy", remedy)
    }

    /// Writes it, unless it matters too little.
    pub(crate) fn write(self) {
        if !is_written(self.level) {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = WallTime::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
        let line = match format() {
            Format::Json => render::json(&self, now),
            Format::Text => {
                let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
                render::text(&self, now, colour)
            }
        };
        // Nobody is left to tell when standard error is gone.
        let counter = match std::io::stderr().lock().write_all(line.as_bytes()) {
            Ok(()) => &WRITTEN,
            Err(_) => &LOST,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Needs a human.
pub(crate) fn error(message: impl Into<Cow<'static, str>>) -> Event {
    Event::new(Level::Error, message)
}

/// Healed itself.
pub(crate) fn warn(message: impl Into<Cow<'static, str>>) -> Event {
    Event::new(Level::Warn, message)
}

/// Answers an operator's action.
pub(crate) fn info(message: impl Into<Cow<'static, str>>) -> Event {
    Event::new(Level::Info, message)
}

/// Of use to who looks for something.
pub(crate) fn debug(message: impl Into<Cow<'static, str>>) -> Event {
    Event::new(Level::Debug, message)
}

/// Chooses what is written from now on, and how.
pub(crate) fn configure(level: Level, format: Format) {
    LEVEL.store(level as u8, Ordering::Relaxed);
    FORMAT.store(format as u8, Ordering::Relaxed);
}

/// Whether events of this level are written: worth asking before one is put together.
pub(crate) fn is_written(level: Level) -> bool {
    level as u8 <= LEVEL.load(Ordering::Relaxed)
}

/// How events are written.
pub(crate) fn format() -> Format {
    if FORMAT.load(Ordering::Relaxed) == Format::Json as u8 { Format::Json } else { Format::Text }
}

/// Counts an event that was not written because there were too many like it.
pub(crate) fn held_back() {
    HELD_BACK.fetch_add(1, Ordering::Relaxed);
}

/// Events since the start, by what became of them.
pub(crate) fn counters() -> [(&'static str, u64); 3] {
    [("written", &WRITTEN), ("held_back", &HELD_BACK), ("lost", &LOST)]
        .map(|(fate, counter)| (fate, counter.load(Ordering::Relaxed)))
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);
static FORMAT: AtomicU8 = AtomicU8::new(Format::Text as u8);
static WRITTEN: AtomicU64 = AtomicU64::new(0);
static HELD_BACK: AtomicU64 = AtomicU64::new(0);
static LOST: AtomicU64 = AtomicU64::new(0);
