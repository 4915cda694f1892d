//! The ladder: who sent which message to whom.

use serde::Serialize;
use strowger_base::LegId;
use strowger_base::journal::Direction;
use strowger_base::net::Flow;

use crate::story::Cast;

/// One message of the ladder.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Rung {
    /// Seconds since the call began.
    pub at: f64,
    /// The leg that it belongs to.
    pub leg: String,
    /// The device at the other end.
    pub device: String,
    /// True when the device sent it.
    pub received: bool,
    /// Address of the device.
    pub peer: String,
    /// UDP, TCP …
    pub transport: String,
    /// Start line, and what the body is.
    pub summary: String,
    /// The whole message.
    pub message: String,
    #[serde(skip)]
    leg_id: Option<LegId>,
    #[serde(skip)]
    column: usize,
}

pub(crate) fn rung(at: f64, leg: Option<LegId>, direction: Direction, flow: &Flow, bytes: &[u8]) -> Rung {
    let message = String::from_utf8_lossy(bytes).into_owned();
    Rung {
        at,
        leg: leg.map(|leg| leg.to_string()).unwrap_or_default(),
        device: String::new(),
        received: direction == Direction::Received,
        peer: flow.peer().to_string(),
        transport: flow.transport().to_string(),
        summary: summary(&message),
        message,
        leg_id: leg,
        column: 0,
    }
}

/// `INVITE 1002 (SDP)`, `200 OK to INVITE (SDP)`.
fn summary(message: &str) -> String {
    let start = message.lines().next().unwrap_or("");
    let body = if message.contains("\r\nm=") || message.contains("\nm=") { " (SDP)" } else { "" };
    let field = |name: &str| {
        message.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    match start.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let method = field("CSeq").and_then(|cseq| cseq.split(' ').nth(1)).unwrap_or("");
            format!("{status} to {method}{body}")
        }
        None => {
            let mut parts = start.split(' ');
            let method = parts.next().unwrap_or("");
            let uri = parts.next().unwrap_or("");
            let user =
                uri.split_once(':').map_or(uri, |(_, rest)| rest).split(['@', ';']).next().unwrap_or(uri);
            format!("{method} {user}{body}")
        }
    }
}

/// Gives each message the name and the column of its device.
pub(crate) fn name(ladder: &mut [Rung], cast: &Cast) {
    for rung in ladder {
        rung.device = cast.name(rung.leg_id).to_owned();
        rung.column = rung.leg_id.and_then(|leg| cast.position(leg)).unwrap_or(0);
    }
}

/// The ladder as text: the caller on the left of Strowger, the devices that were rung on the right.
pub(crate) fn draw(ladder: &[Rung], messages: bool) -> String {
    if ladder.is_empty() {
        return String::new();
    }
    let mut names: Vec<&str> = vec![];
    for rung in ladder {
        if names.len() <= rung.column {
            names.resize(rung.column + 1, "");
        }
        if let Some(name) = names.get_mut(rung.column) {
            *name = &rung.device;
        }
    }
    let caller = names.first().copied().unwrap_or("");
    let mut out = format!(
        "{:>10}  {caller:<24}{:^WIDTH$}  {}\n",
        "",
        "Strowger",
        names.get(1..).unwrap_or_default().join(", ")
    );
    for rung in ladder {
        let arrow = arrow(rung);
        out.push_str(&format!("{:>9.3}s  {arrow}\n", rung.at));
        if messages {
            for line in rung.message.lines() {
                out.push_str(&format!("{:>12}{line}\n", ""));
            }
            out.push('\n');
        }
    }
    out
}

fn arrow(rung: &Rung) -> String {
    let length = WIDTH.saturating_sub(rung.summary.chars().count() + 4).max(2);
    let (left, right) = (length / 2, length - length / 2);
    let bar = |count: usize| "-".repeat(count);
    let caller_side = rung.column == 0;
    let towards_right = rung.received == caller_side;
    let shaft = if towards_right {
        format!("{} {} {}>", bar(left), rung.summary, bar(right))
    } else {
        format!("<{} {} {}", bar(left), rung.summary, bar(right))
    };
    if caller_side {
        format!("{shaft}|")
    } else {
        format!("{:>width$}{shaft} {}", "|", rung.device, width = WIDTH + 1)
    }
}

/// Columns of one side.
const WIDTH: usize = 44;
