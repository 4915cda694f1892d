//! The story of a call: a headline, what happened in order, and the ladder of messages.

use serde::Serialize;
use strowger_base::journal::{CallRecord, Entry, Record};
use strowger_base::{LegId, WallTime};

use crate::ladder::{self, Rung};
use crate::sentence;

/// A call, told.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Story {
    /// The call's id.
    pub call: String,
    /// What became of it and why, in one sentence.
    pub headline: String,
    /// Number of the caller.
    pub calling: String,
    /// What was dialled.
    pub called: String,
    /// Who answered; empty when nobody did.
    pub connected: String,
    /// When it began, in UTC.
    pub started_at: String,
    /// How long both could talk, in seconds; nothing when it was not answered.
    pub talk_seconds: Option<f64>,
    /// Q.850 cause, once the call is over.
    pub cause: Option<u8>,
    /// Its words.
    pub cause_words: String,
    /// True while the call is in progress.
    pub in_progress: bool,
    /// What happened, in order.
    pub lines: Vec<Line>,
    /// The messages, in order.
    pub ladder: Vec<Rung>,
}

/// One sentence of a story.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Seconds since the call began.
    pub at: f64,
    /// The leg that it is about.
    pub leg: Option<String>,
    /// The sentence.
    pub text: String,
}

/// Who is who in a call: names of its legs.
#[derive(Default)]
pub(crate) struct Cast {
    legs: Vec<(LegId, String)>,
}

impl Cast {
    pub(crate) fn name(&self, leg: Option<LegId>) -> &str {
        let found = leg.and_then(|leg| self.legs.iter().find(|(id, _)| *id == leg));
        found.map_or("a device", |(_, name)| name)
    }

    pub(crate) fn add(&mut self, leg: LegId, name: String) {
        // A line may have several phones; each gets a name of its own.
        let same = self.legs.iter().filter(|(_, known)| known.starts_with(&name)).count();
        let name = if same == 0 { name } else { format!("{name} (phone {})", same + 1) };
        self.legs.push((leg, name));
    }

    pub(crate) fn position(&self, leg: LegId) -> Option<usize> {
        self.legs.iter().position(|(id, _)| *id == leg)
    }
}

/// Tells a call from its records, which must be in the order of the journal.
pub fn tell(records: &[Record<'_>]) -> Story {
    let started = records.first().map(|record| record.at).unwrap_or_default();
    let mut cast = Cast::default();
    let mut lines = Vec::new();
    let mut ladder = Vec::new();
    let mut last: Option<&CallRecord<'_>> = None;
    let mut story = Story {
        call: records.iter().find_map(|record| record.call).map(|call| call.to_string()).unwrap_or_default(),
        headline: String::new(),
        calling: String::new(),
        called: String::new(),
        connected: String::new(),
        started_at: started.to_string(),
        talk_seconds: None,
        cause: None,
        cause_words: String::new(),
        in_progress: true,
        lines: Vec::new(),
        ladder: Vec::new(),
    };
    for record in records {
        sentence::learn(record, &mut cast, &mut story);
        match &record.entry {
            Entry::Message { direction, flow, bytes } => {
                ladder.push(ladder::rung(seconds(started, record.at), record.leg, *direction, flow, bytes));
            }
            Entry::Call(call) => last = Some(call),
            Entry::Told(_)
            | Entry::Decision(_)
            | Entry::Registration(_)
            | Entry::Alarm(_)
            | Entry::Quality(_) => {
                if let Some(text) = sentence::of(record, &cast) {
                    let leg = record.leg.map(|leg| leg.to_string());
                    lines.push(Line { at: seconds(started, record.at), leg, text });
                }
            }
        }
    }
    if let Some(call) = last {
        story.in_progress = false;
        story.cause = Some(call.cause.0);
        story.cause_words = call.cause.words().to_owned();
        story.connected = call.connected.number.to_owned();
        story.talk_seconds = call.answered_at.map(|answered| seconds(answered, call.ended_at));
    }
    story.headline = sentence::headline(records, &cast, &story);
    ladder::name(&mut ladder, &cast);
    story.lines = lines;
    story.ladder = ladder;
    story
}

/// The story for a terminal; `messages` prints whole messages under the ladder.
pub fn text(story: &Story, messages: bool) -> String {
    let mut out = String::new();
    out.push_str(&format!("{}  {}\n{}\n\n", story.call, story.started_at, story.headline));
    for line in &story.lines {
        out.push_str(&format!("{:>9.3}s  {}\n", line.at, line.text));
    }
    out.push('\n');
    out.push_str(&ladder::draw(&story.ladder, messages));
    out
}

pub(crate) fn seconds(from: WallTime, to: WallTime) -> f64 {
    let micros = to.as_micros().saturating_sub(from.as_micros());
    micros as f64 / 1_000_000.0
}
