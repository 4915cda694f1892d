//! A terminal phone at work: what comes is shown, what is told is done, and what is waited for is noticed when it comes to be.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use serde_json::{Map, json};
use strowger_base::Instant;
use strowger_phones::device::{Device, Order};
use strowger_phones::display::{Change, Display, Value};
use strowger_phones::user::{Act, Refusal, Stream};

use super::script::{HELP, Step};
use super::sound::{Report, Sound};
use super::wire::{Carrier, Wire};
use crate::print;

/// Something that happens to a phone.
pub(super) enum Happening {
    /// Bytes came over the connection of that number.
    Bytes(u64, Vec<u8>),
    /// That connection broke.
    Lost(u64, String),
    /// Somebody typed a line.
    Line(String),
    /// Nobody will type any more.
    NoMoreLines,
    Sound(Report),
}

/// How a phone is used.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) server: SocketAddr,
    pub(super) carrier: Carrier,
    /// What happens is told as JSON.
    pub(super) json: bool,
    /// The first thing that does not come to be ends it: nobody is there who would try again.
    pub(super) strict: bool,
    /// How long is waited where no time is given.
    pub(super) patience: Duration,
}

/// A phone on somebody's desk.
pub(super) struct Desk<D> {
    device: D,
    manner: Manner,
    sound: Sound,
    heard: Receiver<Happening>,
    tell: Sender<Happening>,
    began: std::time::Instant,
    wire: Option<Wire>,
    wires: u64,
    shown: Display,
    streams: Vec<Stream>,
    /// What was told since something was last expected.
    news: VecDeque<String>,
    /// What is to be done, and whether more will come.
    steps: VecDeque<(String, Step)>,
    more: bool,
    /// What is being done.
    step: Option<Pending>,
    /// Sound that was heard so far.
    sound_heard: Duration,
    keys_heard: String,
    /// What did not come to be, first.
    failed: Option<String>,
    /// The server cannot be reached; said once.
    complained: bool,
}

/// A step that is under way.
struct Pending {
    text: String,
    step: Step,
    until: Instant,
    /// Sound that had been heard when it began.
    sound: Duration,
    done: bool,
    /// Keys are on their way.
    pressed: bool,
}

/// So much of what was told is kept for `expect`.
const NEWS_MAX: usize = 2000;
/// How long a key is waited for that is not there yet.
const KEY_PATIENCE: Duration = Duration::from_secs(10);
/// How long a phone that leaves listens to what the server still says.
const FAREWELL: Duration = Duration::from_secs(2);

impl<D: Device> Desk<D> {
    /// A phone that is not connected yet, with what is to be done.
    pub(super) fn new(
        device: D,
        manner: Manner,
        sound: Sound,
        steps: Vec<(String, Step)>,
        (tell, heard): (Sender<Happening>, Receiver<Happening>),
    ) -> Self {
        Desk {
            device,
            more: !manner.strict,
            manner,
            sound,
            heard,
            tell,
            began: std::time::Instant::now(),
            wire: None,
            wires: 0,
            shown: Display::default(),
            streams: Vec::new(),
            news: VecDeque::new(),
            steps: steps.into(),
            step: None,
            sound_heard: Duration::ZERO,
            keys_heard: String::new(),
            failed: None,
            complained: false,
        }
    }

    /// More steps come from somebody who types.
    pub(super) const fn is_typed_at(&mut self) {
        self.more = true;
    }

    /// Uses it until it is put away.
    ///
    /// # Errors
    /// What did not come to be, or why the server does not take it.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        loop {
            self.carries_out()?;
            self.looks()?;
            while self.goes_on()? {}
            // What was done just now goes out before anything is waited for.
            self.carries_out()?;
            if self.step.is_none() && self.steps.is_empty() && !self.more {
                break;
            }
            let wait = self.next().saturating_since(self.now());
            match self.heard.recv_timeout(wait.min(Duration::from_secs(3600))) {
                Ok(Happening::NoMoreLines) => self.more = false,
                Ok(happening) => self.happens(happening)?,
                Err(RecvTimeoutError::Timeout) => self.device.timeout(self.now()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.leaves()?;
        match self.failed {
            Some(failed) => anyhow::bail!("{failed}"),
            None => Ok(()),
        }
    }

    fn now(&self) -> Instant {
        Instant::START + self.began.elapsed()
    }

    fn next(&self) -> Instant {
        let step = self.step.as_ref().map_or(Instant::FAR_FUTURE, |step| step.until);
        step.min(self.device.next_timeout())
    }

    fn happens(&mut self, happening: Happening) -> anyhow::Result<()> {
        let ours = |number| self.wire.as_ref().is_some_and(|wire| wire.number == number);
        match happening {
            Happening::Bytes(number, bytes) if ours(number) => {
                self.device.gets(&bytes);
                // Message by message, so that nothing that is shown for a moment only is missed.
                while self.device.hears_one(self.now()) {
                    self.looks()?;
                    self.carries_out()?;
                    self.judges();
                }
                if let Some(complaint) = self.device.complaint() {
                    self.says("complaint", json!({ "text": complaint }), &format!("complaint: {complaint}"))?;
                }
            }
            Happening::Lost(number, why) if ours(number) => self.loses(&why)?,
            Happening::Bytes(..) | Happening::Lost(..) | Happening::NoMoreLines => {}
            Happening::Line(line) => match Step::read_all(&line, self.manner.patience) {
                Ok(steps) => self.steps.extend(steps),
                Err(error) => self.fails(line.trim(), &error.to_string())?,
            },
            Happening::Sound(Report::Heard(long)) => self.sound_heard = long,
            Happening::Sound(Report::Key(key)) => {
                self.keys_heard.push(key);
                let keys = self.keys_heard.clone();
                self.says("dtmf", json!({ "heard": keys }), &format!("dtmf {keys}"))?;
            }
            Happening::Sound(Report::Pressed) => {
                if let Some(pending) = &mut self.step {
                    pending.done |= matches!(pending.step, Step::Do(Act::Tones(_)));
                }
            }
            Happening::Sound(Report::Port(port, counted)) => self.device.counts(port, counted),
            Happening::Sound(Report::Counted { .. }) => {}
        }
        Ok(())
    }

    /// Does what the phone wants done.
    fn carries_out(&mut self) -> anyhow::Result<()> {
        let now = self.now();
        loop {
            let orders = self.device.orders(now);
            if orders.is_empty() {
                return Ok(());
            }
            for order in orders {
                match order {
                    Order::Connect => {
                        self.wires += 1;
                        let (carrier, server) = (self.manner.carrier, self.manner.server);
                        match Wire::open(carrier, server, self.wires, self.tell.clone()) {
                            Ok((wire, local)) => {
                                self.complained = false;
                                self.wire = Some(wire);
                                self.device.opened(self.now(), local);
                            }
                            Err(error) => self.loses(&error.to_string())?,
                        }
                    }
                    Order::Close(why) => {
                        self.wire = None;
                        self.says("closed", json!({ "why": why }), &format!("connection closed: {why}"))?;
                    }
                    Order::Send(bytes) => {
                        // Of a connection that broke the reading thread tells.
                        let _ = self.wire.as_mut().map(|wire| wire.send(&bytes));
                    }
                    Order::GiveUp(words) => {
                        let server = self.manner.server;
                        anyhow::bail!("{server} refuses the phone: {words}");
                    }
                }
            }
        }
    }

    fn loses(&mut self, why: &str) -> anyhow::Result<()> {
        self.wire = None;
        self.device.lost(self.now());
        let server = self.manner.server;
        if !std::mem::replace(&mut self.complained, true) {
            let text = format!("no connection with {server}: {why}; it is tried again");
            self.says("lost", json!({ "server": server.to_string(), "why": why }), &text)?;
        }
        Ok(())
    }

    /// Tells what changed on the display.
    fn looks(&mut self) -> anyhow::Result<()> {
        let shown = self.device.shows();
        let changes = shown.changes(&self.shown);
        if shown.calls.is_empty() && !self.shown.calls.is_empty() {
            self.keys_heard.clear();
        }
        self.shown = shown;
        for change in changes {
            self.says(change.event, fields(&change), &change.text())?;
        }
        let streams = self.device.streams();
        if streams != self.streams {
            self.sound.goes(&streams);
            self.streams = streams;
            let told: Vec<String> = self.streams.iter().map(words).collect();
            let text = if told.is_empty() { "no sound".to_owned() } else { told.join(", ") };
            self.says("sound", json!({ "streams": told }), &format!("sound {text}"))?;
        }
        Ok(())
    }

    fn says(&mut self, event: &str, mut fields: serde_json::Value, text: &str) -> anyhow::Result<()> {
        if self.news.len() >= NEWS_MAX {
            self.news.pop_front();
        }
        self.news.push_back(text.to_owned());
        if !self.manner.json {
            return print::line(text);
        }
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("event".to_owned(), event.into());
        }
        print::line(fields)
    }

    /// Begins the next step, or ends the one that is under way; false when there is nothing to be done now.
    fn goes_on(&mut self) -> anyhow::Result<bool> {
        self.judges();
        let Some(pending) = &self.step else { return self.begins() };
        let (done, late, pressed) = (pending.done, pending.until <= self.now(), pending.pressed);
        if !done && !late {
            return Ok(false);
        }
        let Some(Pending { text, step, .. }) = self.step.take() else { return Ok(false) };
        // Sleeping is the only thing that ends by its time.
        if !done && !matches!(step, Step::Sleep(_)) {
            let why = match step {
                Step::Do(_) if pressed => "not all keys could be sent".to_owned(),
                Step::Do(Act::Tones(_)) if self.streams.iter().all(|stream| stream.sends_to.is_none()) => {
                    "no call has sound that goes out".to_owned()
                }
                Step::Do(act) => match self.device.does(self.now(), &act) {
                    Ok(()) => return Ok(true),
                    Err(refusal) => refusal.to_string(),
                },
                _ => "that did not come to be".to_owned(),
            };
            self.fails(&text, &why)?;
        }
        Ok(true)
    }

    fn begins(&mut self) -> anyhow::Result<bool> {
        let Some((text, step)) = self.steps.pop_front() else { return Ok(false) };
        if self.manner.strict {
            let told = json!({ "step": text });
            if self.manner.json {
                print::line(event("step", told))?
            } else {
                print::line(format!("> {text}"))?
            }
        }
        let now = self.now();
        let until = match &step {
            Step::Do(_) => now + KEY_PATIENCE,
            Step::Wait(_, limit) => now + *limit,
            Step::Expect(_) => now + self.manner.patience,
            Step::Hear(long) => now + *long + self.manner.patience,
            Step::Sleep(long) => now + *long,
            Step::Record(_) | Step::Say(_) | Step::Show | Step::Help | Step::Quit => now,
        };
        match step {
            Step::Quit => {
                self.steps.clear();
                self.more = false;
            }
            Step::Help => print::print(HELP)?,
            Step::Show => self.tells_all()?,
            Step::Say(said) => self.says("said", json!({ "text": said }), &said)?,
            Step::Record(path) => {
                if let Err(error) = self.sound.record(path.as_deref()) {
                    self.fails(&text, &format!("{error:#}"))?;
                }
            }
            step => {
                self.step =
                    Some(Pending { text, step, until, sound: self.sound_heard, done: false, pressed: false });
            }
        }
        Ok(true)
    }

    /// Whether the step that is under way is done, or can be done now.
    fn judges(&mut self) {
        let now = self.now();
        let Some(pending) = self.step.as_mut().filter(|pending| !pending.done && !pending.pressed) else {
            return;
        };
        let talks = self.streams.iter().any(|stream| stream.port != 0 && stream.sends_to.is_some());
        match &pending.step {
            // Keys for somebody who is only about to hear would be lost.
            Step::Do(Act::Tones(_)) if !talks => {}
            Step::Do(act) => match self.device.does(now, act) {
                Ok(()) => {
                    // A key in the media as well, where the other side wants it there; that is over when all keys are out.
                    if let Act::Tones(keys) = act
                        && self
                            .streams
                            .iter()
                            .any(|stream| stream.sends_to.is_some() && stream.keys.is_some())
                    {
                        self.sound.press(keys);
                        pending.pressed = true;
                    } else {
                        pending.done = true;
                    }
                }
                Err(Refusal::NotNow(_)) => {}
                Err(Refusal::Never(_)) => pending.until = now,
            },
            Step::Wait(what, _) => pending.done = what.holds(&self.shown, talks),
            Step::Expect(text) => {
                let told = self.news.iter().position(|news| news.contains(text));
                let stands = self.shown.lines().iter().any(|line| line.contains(text));
                if let Some(at) = told {
                    self.news.drain(..=at);
                }
                pending.done = told.is_some() || stands;
            }
            Step::Hear(long) => pending.done = self.sound_heard >= pending.sound + *long,
            Step::Sleep(_) | Step::Record(_) | Step::Say(_) | Step::Show | Step::Help | Step::Quit => {}
        }
    }

    fn fails(&mut self, step: &str, why: &str) -> anyhow::Result<()> {
        let shown = self.shown.lines().join("; ");
        let text = format!("`{step}`: {why}; the display shows: {shown}");
        if self.manner.strict {
            self.steps.clear();
            self.more = false;
        } else {
            self.says("failed", json!({ "step": step, "why": why }), &text)?;
        }
        self.failed.get_or_insert(text);
        Ok(())
    }

    fn tells_all(&self) -> anyhow::Result<()> {
        let lines = self.shown.lines();
        if self.manner.json {
            return print::line(event("display", json!({ "lines": lines })));
        }
        lines.into_iter().try_for_each(|line| print::line(format!("  {line}")))
    }

    /// Ends its calls, leaves the server, and tells how the sound was.
    fn leaves(&mut self) -> anyhow::Result<()> {
        // The server ends the calls, and says so.
        let until = self.now() + FAREWELL;
        while self.device.shows().registered && self.wire.is_some() {
            self.device.leaves(self.now());
            self.carries_out()?;
            match self.heard.recv_timeout(until.saturating_since(self.now())) {
                Ok(happening) => self.happens(happening)?,
                Err(_) => break,
            }
        }
        self.sound.end();
        loop {
            if let Happening::Sound(Report::Counted { sent, heard, lost }) =
                self.heard.recv_timeout(FAREWELL)?
            {
                let text = format!("sent {sent} packets, heard {heard}, lost {lost}");
                return self.says("counted", json!({ "sent": sent, "heard": heard, "lost": lost }), &text);
            }
        }
    }
}

/// A stream in words.
fn words(stream: &Stream) -> String {
    let codec = match stream.kind {
        0 => "PCMU".to_owned(),
        8 => "PCMA".to_owned(),
        other => format!("payload type {other}"),
    };
    let to = stream.sends_to.map_or_else(|| "nobody".to_owned(), |to| to.to_string());
    format!("of call {} at port {} to {to} in {codec}", stream.call, stream.port)
}

fn event(name: &str, mut fields: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("event".to_owned(), name.into());
    }
    fields
}

fn fields(change: &Change) -> serde_json::Value {
    let mut fields = Map::new();
    if let Some(call) = change.call {
        fields.insert("call".to_owned(), call.into());
    }
    for (name, value) in &change.now {
        let value = match value {
            Value::Text(text) => text.clone().into(),
            Value::Number(number) => (*number).into(),
            Value::List(list) => list.clone().into(),
        };
        fields.insert((*name).to_owned(), value);
    }
    fields.into()
}
