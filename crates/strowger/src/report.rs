//! What commands print: tables for people, JSON for programs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;
use strowger_base::journal::Record;
use strowger_base::{CallId, WallTime};
use strowger_node::io::{CallState, CallView, PhoneView};

use crate::client::Place;
use crate::print;
use crate::store::{CallRow, Index, Segments};
use crate::table::{Table, terminal_width};

/// Calls that have ended, from the data folder.
pub(crate) fn ended_calls(data: &Path, limit: usize) -> anyhow::Result<Vec<CallRow>> {
    Ok(index(data)?.calls(limit)?)
}

fn index(data: &Path) -> anyhow::Result<Index> {
    let path = data.join("strowger.db");
    anyhow::ensure!(path.exists(), "no calls in {}; give the folder of a server with --data", data.display());
    Index::read(&path).map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))
}

/// The newest calls, in progress or ended. Both lists have their newest first; one that is in both has ended.
pub(crate) fn merge(live: &[CallView], ended: Vec<CallRow>, limit: usize) -> Vec<CallRow> {
    let mut rows: BTreeMap<Reverse<CallId>, CallRow> =
        live.iter().map(|call| (Reverse(call.call), live_row(call))).collect();
    rows.extend(ended.into_iter().filter_map(|row| Some((Reverse(row.call.parse().ok()?), row))));
    rows.into_values().take(limit).collect()
}

fn live_row(call: &CallView) -> CallRow {
    let state = match call.state {
        CallState::Dialing => "dialing",
        CallState::Proceeding => "proceeding",
        CallState::Alerting => "ringing",
        CallState::Talking => "talking",
        CallState::Held => "held",
        CallState::Parked => "parked",
        CallState::Ended => "ending",
    };
    CallRow {
        call: call.call.to_string(),
        started_at: call.started_at.to_string(),
        calling: call.calling.to_string(),
        called: call.called.to_string(),
        connected: call.connected.to_string(),
        state: state.to_owned(),
        recorded: call.is_recorded,
        talk_seconds: call.answered_at.map(|at| talked(at, crate::digits::now())),
        cause: None,
        cause_words: String::new(),
    }
}

/// Whole seconds since an answer.
const fn talked(answered_at: WallTime, now: WallTime) -> u64 {
    now.as_micros().saturating_sub(answered_at.as_micros()) / 1_000_000
}

/// `strowger calls`
pub(crate) fn calls(place: &Place, limit: usize, json: bool) -> anyhow::Result<()> {
    let rows = match place.server()? {
        Some(server) => {
            let body = server.get(&format!("/api/v1/calls?limit={limit}"))?;
            let mut body: serde_json::Value = serde_json::from_str(&body)?;
            body.get_mut("calls").map(serde_json::Value::take).unwrap_or_default()
        }
        None => serde_json::to_value(ended_calls(&place.data, limit)?)?,
    };
    if json {
        print::line(serde_json::json!({ "calls": rows }))
    } else {
        print::print(calls_text(&rows, terminal_width()))
    }
}

fn calls_text(rows: &serde_json::Value, width: Option<usize>) -> String {
    let headings = ["Call", "Started (UTC)", "From", "To", "Answered by", "State", "Talk", "Cause"];
    let mut table = Table::new(headings, &[2, 3, 4, 7]);
    for row in rows.as_array().into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or("").to_owned();
        let talk = row.get("talk_seconds").and_then(serde_json::Value::as_u64);
        let cause = row.get("cause").and_then(serde_json::Value::as_u64);
        table.push([
            text("call"),
            to_the_second(&text("started_at")),
            visible(text("calling")),
            visible(text("called")),
            visible(text("connected")),
            state(&text("state"), row.get("recorded").and_then(serde_json::Value::as_bool) == Some(true)),
            talk.map(|seconds| format!("{}:{:02}", seconds / 60, seconds % 60)).unwrap_or_default(),
            cause.map(|cause| format!("{cause} {}", text("cause_words"))).unwrap_or_default(),
        ]);
    }
    if table.is_empty() { "no calls yet\n".to_owned() } else { table.text(width) }
}

/// Where a call stands. Of one in which people talk it is worth more that they are recorded.
fn state(state: &str, recorded: bool) -> String {
    if recorded && state == "talking" { "recorded" } else { state }.to_owned()
}

/// A number as it is; in quotes when it has something that a table would hide.
fn visible(number: String) -> String {
    let hides = |c: char| c.is_whitespace() || c.is_control();
    if number.contains(hides) { format!("{number:?}") } else { number }
}

/// `2026-11-21 08:00:00` of an RFC 3339 time; programs get all of it.
fn to_the_second(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

/// The story of a call as JSON; `None` when the journal has nothing of it.
pub(crate) fn story_json(data: &Path, call: CallId) -> anyhow::Result<Option<serde_json::Value>> {
    let told = told(data, call, |records| serde_json::to_value(strowger_diag::tell(records)))?;
    Ok(told.transpose()?)
}

/// The story of a call as text; `None` when the journal has nothing of it.
pub(crate) fn story_text(data: &Path, call: CallId, messages: bool) -> anyhow::Result<Option<String>> {
    told(data, call, |records| strowger_diag::text(&strowger_diag::tell(records), messages))
}

/// What is made of the records of a call; `None` when there are none. What was said to a recorder stands with what it recorded.
fn told<T>(data: &Path, call: CallId, tell: impl FnOnce(&[Record<'_>]) -> T) -> anyhow::Result<Option<T>> {
    let segments = Segments::new(data);
    let read = |call| segments.of_call(call).context("cannot read the journal");
    let bytes = read(call)?;
    let own: Vec<Record<'_>> = bytes.iter().filter_map(|bytes| Record::decode(bytes).ok()).collect();
    if own.is_empty() {
        return Ok(None);
    }
    let Some(recorded) = strowger_diag::recorded(&own) else { return Ok(Some(tell(&own))) };
    let bytes = read(recorded.conversation)?;
    let there = bytes.iter().filter_map(|bytes| Record::decode(bytes).ok());
    let mut all: Vec<Record<'_>> = there.filter(|record| recorded.takes(record)).collect();
    all.extend(own);
    Ok(Some(tell(&all)))
}

/// The call that ended last.
pub(crate) fn latest(data: &Path) -> anyhow::Result<Option<CallId>> {
    Ok(index(data)?.latest()?)
}

/// `strowger explain call`; the latest one when `call` is `None`.
pub(crate) fn explain_call(
    place: &Place,
    call: Option<CallId>,
    messages: bool,
    json: bool,
) -> anyhow::Result<()> {
    let told = match place.server()? {
        Some(server) => {
            let call = call.map_or_else(|| "last".to_owned(), |call| call.to_string());
            let form = if json { "json" } else { "text" };
            server.get(&format!("/api/v1/calls/{call}?form={form}&messages={messages}"))?
        }
        None => {
            let data = &place.data;
            let call = match call {
                Some(call) => call,
                None => latest(data)?.context("there has been no call yet")?,
            };
            let told = if json {
                story_json(data, call)?.map(|story| story.to_string())
            } else {
                story_text(data, call, messages)?
            };
            told.with_context(|| {
                format!(
                    "the journal in {} has no call {call}; `strowger calls` lists what there is",
                    data.display()
                )
            })?
        }
    };
    print::line(told.trim_end())
}

/// One registered phone as it is listed.
#[derive(Serialize)]
pub(crate) struct PhoneRow {
    line: String,
    /// Its name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    contact: String,
    peer: String,
    transport: &'static str,
    user_agent: String,
    expires_at: String,
}

pub(crate) fn phone_rows(phones: &[PhoneView]) -> Vec<PhoneRow> {
    phones
        .iter()
        .map(|phone| PhoneRow {
            line: phone.shown.to_string(),
            phone: phone.phone.as_deref().map(str::to_owned),
            contact: phone.contact.to_string(),
            peer: phone.peer.to_string(),
            transport: phone.transport.token(),
            user_agent: phone.user_agent.to_string(),
            expires_at: phone.expires_at.to_string(),
        })
        .collect()
}

/// `strowger phones`
pub(crate) fn phones(place: &Place, json: bool) -> anyhow::Result<()> {
    let Some(server) = place.server()? else {
        anyhow::bail!(
            "no server is running on {}; start one, give its folder with --data, or its address with --server",
            place.data.display()
        );
    };
    let body = server.get("/api/v1/phones")?;
    if json {
        print::line(body)
    } else {
        print::print(phones_text(&serde_json::from_str(&body)?, terminal_width()))
    }
}

fn phones_text(body: &serde_json::Value, width: Option<usize>) -> String {
    let mut table = Table::new(["Line", "Address", "Via", "Phone", "Until (UTC)"], &[0, 3]);
    for row in body.get("phones").and_then(|value| value.as_array()).into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or("").to_owned();
        // A name says which phone it is, the user agent what kind of.
        let phone = match (text("phone"), text("user_agent")) {
            (name, kind) if name.is_empty() => kind,
            (name, kind) if kind.is_empty() => name,
            (name, kind) => format!("{name}, {kind}"),
        };
        table.push([
            text("line"),
            text("peer"),
            text("transport"),
            phone,
            to_the_second(&text("expires_at")),
        ]);
    }
    if table.is_empty() { "no phone is registered\n".to_owned() } else { table.text(width) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_calls_are_listed_whether_they_go_on_or_not() {
        let id = |number| CallId::new(strowger_base::NodeId(1), strowger_base::ShardId(0), number);
        let view = |number: u64| CallView {
            call: id(number),
            calling: "1001".into(),
            called: "1002".into(),
            connected: "".into(),
            state: CallState::Talking,
            started_at: strowger_base::WallTime::default(),
            answered_at: None,
            is_recorded: false,
        };
        let row = |number: u64| CallRow { state: "ended".to_owned(), ..live_row(&view(number)) };
        let check = |live: &[u64], ended: &[u64], limit: usize, expect: &str| {
            let live: Vec<_> = live.iter().map(|number| view(*number)).collect();
            let rows = merge(&live, ended.iter().map(|number| row(*number)).collect(), limit);
            let found: Vec<_> = rows.iter().map(|row| format!("{} {}", row.call, row.state)).collect();
            assert_eq!(found.join(", "), expect);
        };
        check(&[21, 19, 7], &[20, 6], 3, "C1.0.21 talking, C1.0.20 ended, C1.0.19 talking");
        check(&[9, 8], &[10], 1, "C1.0.10 ended");
        check(&[9, 8], &[9, 1], 5, "C1.0.9 ended, C1.0.8 talking, C1.0.1 ended");
        check(&[], &[], 5, "");
    }

    #[test]
    fn a_number_hides_nothing() {
        let check = |number: &str, expect: &str| assert_eq!(visible(number.to_owned()), expect);
        check("1002", "1002");
        check("*1#", "*1#");
        check("1002 ", "\"1002 \"");
        check("10\u{a0}02\n", "\"10\\u{a0}02\\n\"");
        check("", "");
    }

    #[test]
    fn calls_at_two_widths() {
        let rows = serde_json::json!([
            {"call": "C1.0.42", "started_at": "2026-11-21T08:00:00.123Z", "calling": "1001", "called": "1002",
             "connected": "1002", "state": "talking", "recorded": true, "talk_seconds": null, "cause": null, "cause_words": ""},
            {"call": "C1.0.7", "started_at": "2026-11-21T07:59:58.000Z", "calling": "+14085551234567",
             "called": "901144207946095812", "connected": "", "state": "ended", "talk_seconds": 0, "cause": 34,
             "cause_words": "no circuit or channel available"},
        ]);
        let check = |width: Option<usize>, expect: &str| assert_eq!(calls_text(&rows, width), expect);
        check(Some(80), include_str!("../testdata/tables/calls-80.txt"));
        check(Some(120), include_str!("../testdata/tables/calls-120.txt"));
        check(None, include_str!("../testdata/tables/calls-whole.txt"));
        assert_eq!(calls_text(&serde_json::json!([]), Some(80)), "no calls yet\n");
    }

    #[test]
    fn phones_at_two_widths() {
        let body = serde_json::json!({"phones": [
            {"line": "1001", "peer": "192.0.2.10:5060", "transport": "UDP", "expires_at": "2026-11-21T09:00:00.000Z",
             "user_agent": "ExamplePhone/7.8.9-build.20261121 (with a very long description of itself, as they do)"},
            {"line": "1002", "peer": "[2001:db8::1]:5060", "transport": "TCP",
             "expires_at": "2026-11-21T09:00:00.000Z", "user_agent": ""},
        ]});
        let check = |width: Option<usize>, expect: &str| assert_eq!(phones_text(&body, width), expect);
        check(Some(80), include_str!("../testdata/tables/phones-80.txt"));
        check(Some(120), include_str!("../testdata/tables/phones-120.txt"));
        check(None, include_str!("../testdata/tables/phones-whole.txt"));
        assert_eq!(phones_text(&serde_json::json!({}), Some(80)), "no phone is registered\n");
        let named = |agent: &str| {
            let phone = serde_json::json!({"line": "1", "phone": "desk", "user_agent": agent});
            phones_text(&serde_json::json!({ "phones": [phone] }), None)
        };
        assert!(named("P/7").contains("  desk, P/7"), "{}", named("P/7"));
        assert!(named("").contains("  desk  ") || named("").contains("  desk\n"), "{}", named(""));
    }
}
