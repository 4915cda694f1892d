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
    };
    stations.iter().map(row).collect()
}

/// `strowger show sccp`
pub(crate) fn show(place: &Place, json: bool) -> anyhow::Result<()> {
    let Some(server) = place.server()? else {
        anyhow::bail!(
            "no server is running on {}; start one, give its folder with --data, or its address with --server",
            place.data.display()
        );
    };
    let body = server.get("/api/v1/stations")?;
    if json { print::line(body) } else { print::print(text(&serde_json::from_str(&body)?, terminal_width())) }
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
        }];
        let body = serde_json::json!({ "stations": rows(&stations) });
        let shown = text(&body, None);
        let expect = "Device           Address           Model  Load                Version  State       Lines       Calls  Since (UTC)          Reason\n\
                      SEP001122334455  192.0.2.10:49152  7961   SCCP41.9-4-2SR3-1S  17       registered  2001, 2002  1      2026-09-21T14:13:20  keepalive-lost\n";
        assert_eq!(shown, expect);
        assert_eq!(text(&serde_json::json!({}), None), "no SCCP device is registered\n");
    }
}
