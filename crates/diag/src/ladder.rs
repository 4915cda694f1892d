//! The messages of a call as a ladder: one column for each device, ours between the caller and the called.

use std::fmt::Write;

use serde::Serialize;
use strowger_base::journal::{Direction, Entry, Record};
use strowger_base::{LegId, WallTime};
use strowger_media::sdp;

use crate::masked::Masked;
use crate::names::Names;
use crate::words::seconds;

/// A column of the ladder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Party {
    /// Who it is.
    pub name: String,
    /// Where its messages come from; empty for ourselves.
    pub address: String,
}

/// A message.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Rung {
    /// Seconds since the call began.
    pub at: f64,
    /// When, in UTC.
    pub time: String,
    /// The leg that it belongs to.
    pub leg: String,
    /// The column that it left, counted from 0.
    pub from: usize,
    /// The column that it reached.
    pub to: usize,
    /// What carried it: UDP, TCP ….
    pub transport: &'static str,
    /// `INVITE 1002`, `200 OK to INVITE`.
    pub summary: String,
    /// What its session description says; empty when it has none.
    pub media: String,
    /// The whole message, without what was dialled or keyed in as a code.
    pub message: String,
}

/// The columns (the caller, ours, then the called devices as they were rung) and the messages in order.
pub(crate) fn collect(records: &[Record<'_>], names: &Names, began: WallTime) -> (Vec<Party>, Vec<Rung>) {
    let mut legs: Vec<LegId> = names.caller().into_iter().collect();
    legs.extend(names.rung());
    let mut parties: Vec<Party> = legs
        .iter()
        .map(|leg| Party {
            name: names.device(*leg),
            address: names.address(*leg).map(|address| address.to_string()).unwrap_or_default(),
        })
        .collect();
    let own = OWN_COLUMN.min(parties.len());
    parties.insert(own, Party { name: "Strowger".to_owned(), address: String::new() });
    let column = |leg: LegId| {
        let caller = names.caller().filter(|_| names.is_caller(leg)).unwrap_or(leg);
        let place = legs.iter().position(|other| *other == caller)?;
        Some(if place < own { place } else { place + 1 })
    };
    let masked = Masked::of(records);
    let rungs = records.iter().enumerate().filter_map(|(place, record)| {
        let Entry::Message { direction, flow, bytes } = &record.entry else { return None };
        let leg = record.leg?;
        let device = column(leg)?;
        let (from, to) = match direction {
            Direction::Received => (device, own),
            Direction::Sent => (own, device),
        };
        let message = masked.text(place, String::from_utf8_lossy(bytes).into_owned());
        Some(Rung {
            at: seconds(began, record.at),
            time: record.at.to_string(),
            leg: leg.to_string(),
            from,
            to,
            transport: flow.transport().token(),
            summary: summary(&message),
            media: media(bytes),
            message,
        })
    });
    (parties, rungs.collect())
}

/// The ladder as text: one line for each message, with the whole message below when wanted.
pub(crate) fn draw(parties: &[Party], rungs: &[Rung], messages: bool) -> String {
    if rungs.is_empty() {
        return String::new();
    }
    let labels: Vec<String> = rungs.iter().map(Rung::label).collect();
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let names = parties.iter().map(|party| party.name.chars().count().max(party.address.len()));
    let width = longest.max(names.max().unwrap_or(0)) + ROOM;
    let mut text = String::new();
    for heading in [|party: &Party| party.name.clone(), |party: &Party| party.address.clone()] {
        text.push_str(&" ".repeat(TIME_WIDTH));
        for party in parties {
            let _ = write!(text, "{:<width$}", heading(party));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    for (rung, label) in rungs.iter().zip(&labels) {
        let _ = writeln!(text, "{:>9.3}s  {}", rung.at, rung.line(label, parties.len(), width));
        if messages {
            for line in rung.message.trim_end().lines() {
                let _ = writeln!(text, "{:TIME_WIDTH$}{line}", "");
            }
            text.push('\n');
        }
    }
    text
}

impl Rung {
    fn label(&self) -> String {
        if self.media.is_empty() {
            self.summary.clone()
        } else {
            format!("{} [{}]", self.summary, self.media)
        }
    }

    /// The rungs and rails of one line: `|--INVITE-->|          |`.
    fn line(&self, label: &str, columns: usize, width: usize) -> String {
        let (left, right) = (self.from.min(self.to), self.from.max(self.to));
        let mut line = String::new();
        let mut column = 0;
        while column < columns {
            line.push('|');
            if column == left {
                let span = (right - left) * width - 1;
                let dashes = span.saturating_sub(label.chars().count() + 1);
                let (before, after) = (dashes / 2, dashes - dashes / 2);
                let (tail, head) = if self.from < self.to { ("", ">") } else { ("<", "") };
                let _ = write!(line, "{tail}{}{label}{}{head}", "-".repeat(before), "-".repeat(after));
                column = right;
            } else {
                if column + 1 < columns {
                    line.push_str(&" ".repeat(width - 1));
                }
                column += 1;
            }
        }
        line
    }
}

/// `INVITE 1002`, `200 OK to INVITE`.
fn summary(message: &str) -> String {
    let mut lines = message.lines();
    let start = lines.next().unwrap_or("");
    if let Some((_, told)) = start.strip_prefix(SCCP).and_then(|rest| rest.split_once(' ')) {
        return shortened(told);
    }
    let text = match start.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let field = lines.take_while(|line| !line.is_empty()).find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.trim().eq_ignore_ascii_case("CSeq").then(|| value.trim())
            });
            let method = field.and_then(|value| value.split_whitespace().nth(1)).unwrap_or("?");
            format!("{status} to {method}")
        }
        None => {
            let mut parts = start.split(' ');
            let (method, uri) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
            format!("{method} {}", rest.split(['@', ';']).next().unwrap_or(rest))
        }
    };
    shortened(&text)
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SUMMARY_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// `PCMA,PCMU 192.0.2.10:4000 sendonly`.
fn media(bytes: &[u8]) -> String {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let body = head_end.and_then(|end| bytes.get(end + 4..)).unwrap_or_default();
    // In a multipart body the description is somewhere inside.
    let start = body.windows(4).position(|window| window == b"v=0\r" || window == b"v=0\n");
    let Some(description) = start.and_then(|start| body.get(start..)) else { return String::new() };
    let Ok(peek) = sdp::peek(description) else { return String::new() };
    let codecs: Vec<&str> = peek.codecs.names().take(CODECS_MAX).collect();
    let mut text = codecs.join(",");
    if let Some(address) = peek.audio {
        let _ = write!(text, " {address}");
    }
    if peek.direction != sdp::Direction::SendReceive {
        let _ = write!(text, " {}", peek.direction.attribute());
    }
    text
}

/// Messages of SCCP are kept in words, the version before them.
pub(crate) const SCCP: &str = "SCCP/";
/// Our column stands between the caller and the called.
const OWN_COLUMN: usize = 1;
/// Columns of the time and the space behind it.
const TIME_WIDTH: usize = 12;
/// Arrow and air around a label.
const ROOM: usize = 6;
const SUMMARY_MAX: usize = 48;
const CODECS_MAX: usize = 3;
