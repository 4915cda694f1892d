//! The story of a call.

use serde::Serialize;
use strowger_base::WallTime;
use strowger_base::journal::{CallRecord, Decision, Entry, Record};

use crate::headline::headline;
use crate::ladder::{self, Party, Rung};
use crate::names::Names;
use crate::sentences;
use crate::words::seconds;

/// Everything that the journal says about a call, for people.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Story {
    /// The call's id; empty when no record names it.
    pub call: String,
    /// What became of it and why, in one sentence.
    pub headline: String,
    /// Number of the caller.
    pub calling: String,
    /// What was dialled.
    pub called: String,
    /// Number of who answered; empty when nobody did.
    pub connected: String,
    /// When it began, in UTC.
    pub started_at: String,
    /// How long both could talk, in seconds; nothing when it was not answered.
    pub talk_seconds: Option<f64>,
    /// Q.850 cause value, once the call is over.
    pub cause: Option<u8>,
    /// The cause in words.
    pub cause_words: String,
    /// True while the call is in progress.
    pub in_progress: bool,
    /// What was decided and why, in order.
    pub lines: Vec<Line>,
    /// The columns of the ladder.
    pub parties: Vec<Party>,
    /// The messages, in order.
    pub ladder: Vec<Rung>,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Line {
    /// Seconds since the call began.
    pub at: f64,
    /// When, in UTC.
    pub time: String,
    /// The leg that it is about.
    pub leg: Option<String>,
    /// What.
    pub text: String,
}

/// Tells the story of the call that these records are about, in the order of the journal; pick them with
/// [`crate::Selector`].
pub fn tell(records: &[Record<'_>]) -> Story {
    let names = Names::collect(records);
    let began = records.first().map(|record| record.at).unwrap_or_default();
    let last = records.iter().find_map(final_record);
    let (calling, called) = parties(records);
    let (parties, ladder) = ladder::collect(records, &names, began);
    Story {
        call: last
            .map(|call| call.call)
            .or_else(|| records.iter().find_map(|record| record.call))
            .map(|call| call.to_string())
            .unwrap_or_default(),
        headline: headline(records, &names),
        calling: calling.to_owned(),
        called: called.to_owned(),
        connected: last.map(|call| call.connected.number.to_owned()).unwrap_or_default(),
        started_at: began.to_string(),
        talk_seconds: last.and_then(|call| Some(seconds(call.answered_at?, call.ended_at))),
        cause: last.map(|call| call.cause.0),
        cause_words: last.map(|call| call.cause.words().to_owned()).unwrap_or_default(),
        in_progress: last.is_none(),
        lines: lines(records, &names, began),
        parties,
        ladder,
    }
}

/// The story for a terminal: headline, sentences, ladder; `messages` prints whole messages in the ladder.
pub fn text(story: &Story, messages: bool) -> String {
    let mut text = format!("{}  {}\n{}\n\n", story.call, story.started_at, story.headline);
    for line in &story.lines {
        // The date stands above.
        let clock = line.time.split_once('T').map_or("", |(_, clock)| clock);
        text.push_str(&format!("{:>9.3}s  {clock}  {}\n", line.at, line.text));
    }
    text.push('\n');
    text.push_str(&ladder::draw(&story.parties, &story.ladder, messages));
    text
}

fn lines(records: &[Record<'_>], names: &Names, began: WallTime) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for record in records {
        let Some(text) = sentences::sentence(record.leg, &record.entry, names) else { continue };
        // A phone that says several times that it rings rings once.
        if text.ends_with(" rings.") && lines.iter().any(|line| line.text == text) {
            continue;
        }
        let leg = record.leg.map(|leg| leg.to_string());
        lines.push(Line { at: seconds(began, record.at), time: record.at.to_string(), leg, text });
    }
    lines
}

fn final_record<'r, 'a>(record: &'r Record<'a>) -> Option<&'r CallRecord<'a>> {
    match &record.entry {
        Entry::Call(call) => Some(call),
        Entry::Message { .. }
        | Entry::Told(_)
        | Entry::Decision(_)
        | Entry::Registration(_)
        | Entry::Alarm(_)
        | Entry::Quality(_)
        | Entry::UserSet(_) => None,
    }
}

/// Who called whom.
fn parties<'a>(records: &[Record<'a>]) -> (&'a str, &'a str) {
    let began = records.iter().find_map(|record| match &record.entry {
        Entry::Decision(
            Decision::CallBegan { calling, called, .. } | Decision::CallMade { calling, called, .. },
        ) => Some((calling.number, *called)),
        Entry::Decision(Decision::Joined(joined)) => Some((joined.calling.number, joined.called)),
        Entry::Decision(_)
        | Entry::Message { .. }
        | Entry::Told(_)
        | Entry::Registration(_)
        | Entry::Alarm(_)
        | Entry::Call(_)
        | Entry::Quality(_)
        | Entry::UserSet(_) => None,
    });
    let last = || records.iter().find_map(final_record).map(|call| (call.calling.number, call.called));
    began.or_else(last).unwrap_or_default()
}
