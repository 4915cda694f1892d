//! `strowger show sccp`: the registered SCCP devices.

use strowger_node::io::StationView;

use crate::client::Place;
use crate::print;
use crate::table::{Table, terminal_width};

/// A device, for programs.
#[derive(serde::Serialize)]
pub(crate) struct Row {
    device: String,
    address: String,
    model: String,
    /// The firmware that it says it runs; empty when it does not say.
    load: String,
    version: u8,
    /// `registered`, or `registering` until it knows its keys.
    state: &'static str,
    lines: Vec<String>,
    /// Calls on its display.
    calls: usize,
    /// Since when it is registered, in UTC.
    since: String,
    /// Why it registered, as it tells itself.
    reason: &'static str,
    /// The seconds between its last registrations, where those were always much the same; as those of a lease of its address are.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
    /// The last alarm that it sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm: Option<Alarm>,
    /// Messages of it that nobody serves or could read.
    passed_over: Vec<String>,
}

/// The last alarm of a device.
#[derive(serde::Serialize)]
struct Alarm {
    /// When, in UTC.
    at: String,
    severity: String,
    text: String,
    parameters: [u32; 2],
}

/// The rows of an answer.
pub(crate) fn rows(stations: &[StationView]) -> Vec<Row> {
    let row = |it: &StationView| Row {
        device: it.device.to_string(),
        address: it.peer.to_string(),
        model: it.model.to_string(),
        load: it.load.to_string(),
        version: it.version,
        state: if it.is_ready { "registered" } else { "registering" },
        lines: it.lines.iter().map(ToString::to_string).collect(),
        calls: it.calls,
        since: it.since.to_string(),
        reason: it.why,
        period: it.period.map(|period| period.as_secs()),
        alarm: it.alarm.as_ref().map(|alarm| Alarm {
            at: alarm.at.to_string(),
            severity: alarm.severity.to_string(),
            text: alarm.text.to_string(),
            parameters: alarm.parameters,
        }),
        passed_over: it.passed_over.iter().map(ToString::to_string).collect(),
    };
    stations.iter().map(row).collect()
}

/// `strowger show sccp`, and of one device by its name all that is known.
pub(crate) fn show(place: &Place, name: Option<&str>, json: bool) -> anyhow::Result<()> {
    let Some(server) = place.server()? else {
        anyhow::bail!(
            "no server is running on {}; start one, give its folder with --data, or its address with --server",
            place.data.display()
        );
    };
    let body = server.get("/api/v1/stations")?;
    let Some(name) = name else {
        let shown = |body: &str| Ok(text(&serde_json::from_str(body)?, terminal_width()));
        return if json { print::line(body) } else { shown(&body).and_then(print::print) };
    };
    let body: serde_json::Value = serde_json::from_str(&body)?;
    let stations = body.get("stations").and_then(|value| value.as_array());
    let named = |row: &&serde_json::Value| row.get("device").and_then(|value| value.as_str()) == Some(name);
    let Some(row) = stations.into_iter().flatten().find(named) else {
        anyhow::bail!("{name} is not registered; strowger show sccp lists who is");
    };
    if json { print::line(row.to_string()) } else { print::print(of_one(row)) }
}

/// All that is known of a device.
fn of_one(row: &serde_json::Value) -> String {
    let word = |of: &serde_json::Value, name: &str| match of.get(name) {
        Some(serde_json::Value::String(word)) => word.clone(),
        Some(serde_json::Value::Array(words)) => {
            let words: Vec<&str> = words.iter().filter_map(serde_json::Value::as_str).collect();
            words.join(", ")
        }
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let mut text = String::new();
    let mut line = |name: &str, words: &str| {
        if !words.is_empty() {
            text.push_str(&format!("{name:<12}  {words}\n"));
        }
    };
    let columns = [
        ("Device", "device"),
        ("Address", "address"),
        ("Model", "model"),
        ("Load", "load"),
        ("Version", "version"),
        ("State", "state"),
        ("Lines", "lines"),
        ("Calls", "calls"),
        ("Since (UTC)", "since"),
        ("Reason", "reason"),
    ];
    for (title, name) in columns {
        line(title, &word(row, name));
    }
    if let Some(seconds) = row.get("period").and_then(serde_json::Value::as_u64) {
        line(
            "Regularly",
            &format!("it registers anew every {seconds} s: look at the lease of its address (DHCP)"),
        );
    }
    if let Some(alarm) = row.get("alarm") {
        let [first, second] = [0, 1].map(|place| alarm["parameters"][place].as_u64().unwrap_or_default());
        line("Last alarm", &word(alarm, "text"));
        line(
            "",
            &format!("{} at {}, parameters {first} and {second}", word(alarm, "severity"), word(alarm, "at")),
        );
    }
    line("Not served", &word(row, "passed_over"));
    text
}

fn text(body: &serde_json::Value, width: Option<usize>) -> String {
    let columns =
        ["Device", "Address", "Model", "Load", "Version", "State", "Lines", "Calls", "Since (UTC)", "Reason"];
    let mut table = Table::new(columns, &[0, 6]);
    for row in body.get("stations").and_then(|value| value.as_array()).into_iter().flatten() {
        let word = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let count =
            |name: &str| row.get(name).and_then(serde_json::Value::as_u64).unwrap_or_default().to_string();
        let lines = row.get("lines").and_then(|value| value.as_array()).into_iter().flatten();
        let lines: Vec<&str> = lines.filter_map(serde_json::Value::as_str).collect();
        let since = word("since");
        table.push([
            word("device"),
            word("address"),
            word("model"),
            word("load"),
            count("version"),
            word("state"),
            lines.join(", "),
            count("calls"),
            since.split('.').next().unwrap_or_default().to_owned(),
            word("reason"),
        ]);
    }
    if table.is_empty() { "no SCCP device is registered\n".to_owned() } else { table.text(width) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_base::WallTime;
    use strowger_node::io::StationAlarm;

    #[test]
    fn devices_are_listed_as_engineers_know_them() {
        let stations = [StationView {
            device: "SEP001122334455".into(),
            peer: "192.0.2.10:49152".parse().unwrap(),
            model: "7961".into(),
            load: "SCCP41.9-4-2SR3-1S".into(),
            version: 17,
            is_ready: true,
            lines: vec!["2001".into(), "2002".into()],
            calls: 1,
            since: WallTime::from_micros(1_790_000_000_000_000),
            why: "keepalive-lost",
            period: Some(std::time::Duration::from_secs(3600)),
            alarm: Some(StationAlarm {
                at: WallTime::from_micros(1_790_000_000_000_000),
                severity: "informational".into(),
                text: "25: Name=SEP001122334455 Last=Initialized".into(),
                parameters: [2308, 7],
            }),
            passed_over: vec!["Unknown (0x0157): not served".into()],
        }];
        let body = serde_json::json!({ "stations": rows(&stations) });
        let shown = text(&body, None);
        let expect = "Device           Address           Model  Load                Version  State       Lines       Calls  Since (UTC)          Reason\n\
                      SEP001122334455  192.0.2.10:49152  7961   SCCP41.9-4-2SR3-1S  17       registered  2001, 2002  1      2026-09-21T14:13:20  keepalive-lost\n";
        assert_eq!(shown, expect);
        let expect = "Device        SEP001122334455\n\
                      Address       192.0.2.10:49152\n\
                      Model         7961\n\
                      Load          SCCP41.9-4-2SR3-1S\n\
                      Version       17\n\
                      State         registered\n\
                      Lines         2001, 2002\n\
                      Calls         1\n\
                      Since (UTC)   2026-09-21T14:13:20.000Z\n\
                      Reason        keepalive-lost\n\
                      Regularly     it registers anew every 3600 s: look at the lease of its address (DHCP)\n\
                      Last alarm    25: Name=SEP001122334455 Last=Initialized\n              \
                      informational at 2026-09-21T14:13:20.000Z, parameters 2308 and 7\n\
                      Not served    Unknown (0x0157): not served\n";
        assert_eq!(of_one(&body["stations"][0]), expect);
        assert_eq!(text(&serde_json::json!({}), None), "no SCCP device is registered\n");
    }
}
