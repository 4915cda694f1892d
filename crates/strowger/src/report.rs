//! What commands print: tables for people, JSON for programs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use strowger_base::CallId;
use strowger_base::journal::Record;
use strowger_node::io::{CallState, CallView, PhoneView};

use crate::config_file::LineSection;
use crate::server::Opened;
use crate::store::{CallRow, Index, Segments};

/// Says that the server serves, and how to use it.
pub(crate) fn announce(opened: &Opened, json: bool, lab: bool) {
    if json {
        println!("{}", announcement_json(opened, lab));
    } else if lab {
        print!("{}", announcement(opened));
    } else {
        for (what, address) in opened.listeners() {
            crate::log::info("listening").with("transport", what).address(address).write();
        }
        for text in &opened.unopened {
            crate::log::warn(text.clone()).write();
        }
    }
    // Whoever reads this through a pipe waits for it.
    let _ = std::io::stdout().flush();
}

fn announcement_json(opened: &Opened, lab: bool) -> String {
    let file = opened.file();
    // The lab made its secrets and tells them; those of an operator stay in their file.
    let secret = |line: &LineSection| {
        let secret = line.secret.as_ref().filter(|_| lab);
        secret.map(|secret| secret.expose().to_owned())
    };
    let numbers: Vec<_> = file
        .lines
        .iter()
        .map(|line| serde_json::json!({"number": line.number, "name": line.name, "secret": secret(line), "kind": "line"}))
        .chain(file.services.iter().map(|service| {
            serde_json::json!({"number": service.number, "name": service_name(service.service), "kind": "service"})
        }))
        .collect();
    let listeners: Vec<_> = opened
        .listeners()
        .into_iter()
        .map(|(what, address)| {
            serde_json::json!({"transport": what, "address": address.ip(), "port": address.port()})
        })
        .collect();
    serde_json::json!({
        "numbers": numbers,
        "listeners": listeners,
        "unopened": opened.unopened,
        "server": opened.advertised,
        "domain": file.node.domain,
        "data": opened.data(),
        "http": opened.http_address().map(|address| format!("http://{address}")),
    })
    .to_string()
}

const fn service_name(service: crate::config_file::ServiceName) -> &'static str {
    match service {
        crate::config_file::ServiceName::Echo => "echo test: you hear yourself",
        crate::config_file::ServiceName::Announcement => "tones, then hangs up",
    }
}

fn announcement(opened: &Opened) -> String {
    let file = opened.file();
    let mut rows = vec![vec!["Number".to_owned(), "Name".to_owned(), "Secret".to_owned()]];
    for line in &file.lines {
        rows.push(vec![
            line.number.clone(),
            line.name.clone(),
            line.secret.as_ref().map_or("", |secret| secret.expose()).to_owned(),
        ]);
    }
    for service in &file.services {
        rows.push(vec![service.number.clone(), service_name(service.service).to_owned(), String::new()]);
    }
    let mut text = format!("Strowger lab\n\n{}\n", table(&rows));
    text.push_str(&format!("Register a phone:  server {}  (UDP or TCP)\n", opened.advertised));
    text.push_str(&format!("                   user and number as above, domain {}\n\n", file.node.domain));
    for (what, address) in opened.listeners() {
        text.push_str(&format!("open      {what:5} {address}\n"));
    }
    for refused in &opened.unopened {
        text.push_str(&format!("NOT open  {refused}\n"));
    }
    text.push_str(&format!("media     udp   {}-{}\n", file.media.ports.0, file.media.ports.1));
    text.push_str(&format!("folder    {}\n\n", opened.data().display()));
    let data = opened.data().display();
    text.push_str(&format!("strowger calls --data {data}\nstrowger explain call last --data {data}\n"));
    text
}

/// A table with columns as wide as their widest cell.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Calls that have ended, from the data folder.
pub(crate) fn ended_calls(data: &Path, limit: usize) -> anyhow::Result<Vec<CallRow>> {
    let path = data.join("strowger.db");
    let index = Index::read(&path)
        .with_context(|| format!("no calls in {}; is it the data folder of a server?", data.display()))?;
    Ok(index.calls(limit)?)
}

/// Live calls before those that have ended.
pub(crate) fn merge(live: &[CallView], ended: Vec<CallRow>, limit: usize) -> Vec<CallRow> {
    let mut rows: Vec<CallRow> = live.iter().rev().map(live_row).collect();
    rows.extend(ended);
    let mut seen = std::collections::BTreeSet::new();
    rows.retain(|row| seen.insert(row.call.clone()));
    rows.truncate(limit);
    rows
}

fn live_row(call: &CallView) -> CallRow {
    let state = match call.state {
        CallState::Dialing => "dialing",
        CallState::Proceeding => "proceeding",
        CallState::Alerting => "ringing",
        CallState::Talking => "talking",
        CallState::Held => "held",
        CallState::Ended => "ending",
    };
    CallRow {
        call: call.call.to_string(),
        started_at: call.started_at.to_string(),
        calling: call.calling.to_string(),
        called: call.called.to_string(),
        connected: call.connected.to_string(),
        state: state.to_owned(),
        talk_seconds: None,
        cause: None,
        cause_words: String::new(),
    }
}

/// `strowger calls`
pub(crate) fn calls(data: &Path, limit: usize, json: bool) -> anyhow::Result<()> {
    let rows = match get(data, &format!("/api/v1/calls?limit={limit}"))? {
        Some((200, body)) => body.get("calls").cloned().unwrap_or_default(),
        Some((status, body)) => anyhow::bail!("the server answered {status}: {body}"),
        None => serde_json::to_value(ended_calls(data, limit)?)?,
    };
    if json {
        println!("{}", serde_json::json!({ "calls": rows }));
        return Ok(());
    }
    let mut lines = vec![
        ["Call", "Started (UTC)", "From", "To", "Answered by", "State", "Talk", "Cause"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for row in rows.as_array().into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or("").to_owned();
        let talk = row.get("talk_seconds").and_then(serde_json::Value::as_u64);
        let cause = row.get("cause").and_then(serde_json::Value::as_u64);
        lines.push(vec![
            text("call"),
            text("started_at"),
            text("calling"),
            text("called"),
            text("connected"),
            text("state"),
            talk.map(|seconds| format!("{}:{:02}", seconds / 60, seconds % 60)).unwrap_or_default(),
            cause.map(|cause| format!("{cause} {}", text("cause_words"))).unwrap_or_default(),
        ]);
    }
    if lines.len() == 1 {
        println!("no calls yet");
    } else {
        print!("{}", table(&lines));
    }
    Ok(())
}

/// The story of a call as JSON; `None` when the journal has nothing of it.
pub(crate) fn story_json(data: &Path, call: CallId) -> anyhow::Result<Option<serde_json::Value>> {
    let bytes = Segments::new(data).of_call(call).context("cannot read the journal")?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let records: Vec<Record<'_>> = bytes.iter().filter_map(|bytes| Record::decode(bytes).ok()).collect();
    Ok(Some(serde_json::to_value(strowger_diag::tell(&records))?))
}

/// `strowger explain call`
pub(crate) fn explain_call(
    data: &Path,
    call: Option<CallId>,
    messages: bool,
    json: bool,
) -> anyhow::Result<()> {
    let call = match call {
        Some(call) => call,
        None => Index::read(&data.join("strowger.db"))
            .and_then(|index| index.latest())
            .with_context(|| format!("no calls in {}", data.display()))?
            .context("no call has ended yet")?,
    };
    let bytes = Segments::new(data).of_call(call).with_context(|| {
        format!("cannot read the journal in {}; give the server's folder with --data", data.display())
    })?;
    let records: Vec<Record<'_>> = bytes.iter().filter_map(|bytes| Record::decode(bytes).ok()).collect();
    if records.is_empty() {
        anyhow::bail!(
            "the journal in {} has no call {call}; `strowger calls` lists what there is",
            data.display()
        );
    }
    let story = strowger_diag::tell(&records);
    if json {
        println!("{}", serde_json::to_string(&story)?);
    } else {
        print!("{}", strowger_diag::text(&story, messages));
    }
    Ok(())
}

/// One registered phone as it is listed.
#[derive(Serialize)]
pub(crate) struct PhoneRow {
    line: String,
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
            line: phone.line.to_string(),
            contact: phone.contact.to_string(),
            peer: phone.peer.to_string(),
            transport: phone.transport.token(),
            user_agent: phone.user_agent.to_string(),
            expires_at: phone.expires_at.to_string(),
        })
        .collect()
}

/// `strowger phones`
pub(crate) fn phones(data: &Path, json: bool) -> anyhow::Result<()> {
    let Some((status, body)) = get(data, "/api/v1/phones")? else {
        anyhow::bail!(
            "no server is running on {}; start one, or give its folder with --data",
            data.display()
        );
    };
    if status != 200 {
        anyhow::bail!("the server answered {status}: {body}");
    }
    if json {
        println!("{body}");
        return Ok(());
    }
    let mut lines = vec![["Line", "Address", "Via", "Phone", "Until (UTC)"].map(str::to_owned).to_vec()];
    for row in body.get("phones").and_then(|value| value.as_array()).into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or("").to_owned();
        lines.push(vec![
            text("line"),
            text("peer"),
            text("transport"),
            text("user_agent"),
            text("expires_at"),
        ]);
    }
    if lines.len() == 1 {
        println!("no phone is registered");
    } else {
        print!("{}", table(&lines));
    }
    Ok(())
}

/// Asks the server of a data folder; `None` when none is running there.
fn get(data: &Path, path: &str) -> anyhow::Result<Option<(u16, serde_json::Value)>> {
    let Ok(run) = std::fs::read_to_string(data.join("run")) else { return Ok(None) };
    let run: serde_json::Value = serde_json::from_str(&run).unwrap_or_default();
    let Some(address) = run.get("http").and_then(|http| http.as_str()?.parse::<SocketAddr>().ok()) else {
        return Ok(None);
    };
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(2)) else {
        return Ok(None);
    };
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no HTTP answer")?;
    let mut length = None;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let mut body = String::new();
    reader.take(length.unwrap_or(64 * 1024 * 1024)).read_to_string(&mut body)?;
    Ok(Some((status, serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body)))))
}
