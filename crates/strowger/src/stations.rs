//! `strowger show sccp`: the registered SCCP devices. Media resources of routers stand below the phones, in the shape of `show sccp` on IOS.

use strowger_node::io::{ResourceStanding, ResourceUse, StationView};

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
    /// How it stands as a media resource, where it is one of a router.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Resource>,
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

/// A media resource of a router, for programs.
#[derive(serde::Serialize)]
struct Resource {
    function: &'static str,
    /// `active`; `in-progress` until it has said what it speaks; `down` where it is not registered.
    oper_state: &'static str,
    tcp_link: &'static str,
    codecs: Vec<String>,
    max_streams: u32,
    active_streams: u32,
    /// Parties that one of its conferences can have, when it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_conference_parties: Option<u32>,
    sessions: u32,
    opened: u64,
    failed: u64,
}

fn resource(it: &ResourceStanding) -> Resource {
    Resource {
        function: it.function,
        oper_state: if it.codecs.is_empty() { "in-progress" } else { "active" },
        tcp_link: "connected",
        codecs: it.codecs.iter().map(ToString::to_string).collect(),
        max_streams: it.streams_max,
        active_streams: it.streams,
        max_conference_parties: it.parties_max,
        sessions: it.sessions,
        opened: it.opened,
        failed: it.failed,
    }
}

/// The media resources of routers that are not registered.
pub(crate) fn absent(resources: &[ResourceUse]) -> Vec<Row> {
    let row = |it: &ResourceUse| Row {
        device: it.name.to_string(),
        address: String::new(),
        model: String::new(),
        load: String::new(),
        version: 0,
        state: "not registered",
        lines: Vec::new(),
        calls: 0,
        since: String::new(),
        reason: "",
        period: None,
        alarm: None,
        passed_over: Vec::new(),
        resource: Some(Resource {
            function: it.function.word(),
            oper_state: "down",
            tcp_link: "not-connected",
            codecs: Vec::new(),
            max_streams: 0,
            active_streams: 0,
            max_conference_parties: None,
            sessions: it.in_use,
            opened: 0,
            failed: 0,
        }),
    };
    resources.iter().filter(|it| it.is_present == Some(false)).map(row).collect()
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
        resource: it.resource.as_ref().map(resource),
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
    if let Some(resource) = block(row) {
        text.push('\n');
        text.push_str(&resource);
    }
    text
}

fn text(body: &serde_json::Value, width: Option<usize>) -> String {
    let columns =
        ["Device", "Address", "Model", "Load", "Version", "State", "Lines", "Calls", "Since (UTC)", "Reason"];
    let mut table = Table::new(columns, &[0, 6]);
    let rows = || body.get("stations").and_then(|value| value.as_array()).into_iter().flatten();
    let (resources, phones): (Vec<_>, Vec<_>) = rows().partition(|row| row.get("resource").is_some());
    for row in phones {
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
    let phones = if table.is_empty() { String::new() } else { table.text(width) };
    let blocks: Vec<String> = [phones]
        .into_iter()
        .chain(resources.into_iter().filter_map(block))
        .filter(|block| !block.is_empty())
        .collect();
    if blocks.is_empty() { "no SCCP device is registered\n".to_owned() } else { blocks.join("\n") }
}

/// A media resource in the shape that engineers know from its router.
fn block(row: &serde_json::Value) -> Option<String> {
    let it = row.get("resource")?;
    let word = |of: &serde_json::Value, name: &str| {
        of.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let count = |name: &str| it.get(name).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let name = match word(it, "function").as_str() {
        "conference-bridge" => "Conferencing",
        "transcoder" => "Transcoding",
        _ => "SW MTP",
    };
    let (oper, admin, cause) = match word(it, "oper_state").as_str() {
        "active" => ("ACTIVE", "UP", "NONE"),
        "in-progress" => ("ACTIVE_IN_PROGRESS", "UP", "NONE"),
        _ => ("DOWN", "DOWN", "NOT_REGISTERED"),
    };
    let mut text = format!("{name} Oper State: {oper} - Cause Code: {cause}\n");
    text.push_str(&format!("SCCP Admin State: {admin}, Device Name: {}\n", word(row, "device")));
    if admin == "DOWN" {
        text.push_str("TCP Link Status: NOT_CONNECTED\n");
        return Some(text);
    }
    let address = word(row, "address");
    let (ip, port) = address.rsplit_once(':').unwrap_or((&address, ""));
    let since = word(row, "since");
    let since = since.split('.').next().unwrap_or_default();
    let version = row.get("version").and_then(serde_json::Value::as_u64).unwrap_or_default();
    text.push_str(&format!("Gateway IP Address: {ip}, Port Number: {port}\n"));
    text.push_str(&format!("Active Call Manager: this server, Version: {version}, since {since} UTC\n"));
    text.push_str("TCP Link Status: CONNECTED\n");
    // Keys of SRTP go over TLS only, which SCCP has none of here.
    text.push_str("Signaling Security: NONE, Media Security: NONE, Supported Crypto Suites: NONE\n");
    text.push_str(&format!(
        "Max Supported Streams: {}, Active Streams: {}\n",
        count("max_streams"),
        count("active_streams")
    ));
    if let Some(parties) = it.get("max_conference_parties").and_then(serde_json::Value::as_u64) {
        text.push_str(&format!("Max Parties in a Conference: {parties}\n"));
    }
    text.push_str(&format!(
        "Active Sessions: {}, Opened: {}, Failed: {}\n",
        count("sessions"),
        count("opened"),
        count("failed")
    ));
    for codec in it.get("codecs").and_then(|value| value.as_array()).into_iter().flatten() {
        text.push_str(&format!("Supported Codec: {}\n", codec.as_str().unwrap_or_default()));
    }
    Some(text)
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
            resource: None,
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

    #[test]
    fn media_resources_stand_as_on_their_routers() {
        let standing = ResourceStanding {
            function: "transcoder",
            codecs: vec!["G711Ulaw64k".into(), "G729AnnexA".into()],
            streams_max: 8,
            streams: 2,
            parties_max: None,
            sessions: 1,
            opened: 12,
            failed: 1,
        };
        let station = StationView {
            device: "XCODE1".into(),
            peer: "192.0.2.250:49152".parse().unwrap(),
            model: "transcoder".into(),
            load: "".into(),
            version: 17,
            is_ready: true,
            lines: Vec::new(),
            calls: 0,
            since: WallTime::from_micros(1_790_000_000_000_000),
            why: "untold",
            period: None,
            alarm: None,
            passed_over: Vec::new(),
            resource: Some(standing),
        };
        let gone = ResourceUse {
            name: "CFB1".into(),
            function: strowger_base::journal::MediaFunction::ConferenceBridge,
            capacity: None,
            in_use: 0,
            allocated: 0,
            full: 0,
            streams: 0,
            is_present: Some(false),
        };
        let mut rows = rows(&[station]);
        rows.extend(absent(&[gone]));
        let one = of_one(&serde_json::json!(rows.first()));
        assert!(one.contains("Device        XCODE1\n"), "{one}");
        assert!(one.contains("\n\nTranscoding Oper State: ACTIVE - Cause Code: NONE\n"), "{one}");
        let shown = text(&serde_json::json!({ "stations": rows }), None);
        let expect = "Transcoding Oper State: ACTIVE - Cause Code: NONE\n\
                      SCCP Admin State: UP, Device Name: XCODE1\n\
                      Gateway IP Address: 192.0.2.250, Port Number: 49152\n\
                      Active Call Manager: this server, Version: 17, since 2026-09-21T14:13:20 UTC\n\
                      TCP Link Status: CONNECTED\n\
                      Signaling Security: NONE, Media Security: NONE, Supported Crypto Suites: NONE\n\
                      Max Supported Streams: 8, Active Streams: 2\n\
                      Active Sessions: 1, Opened: 12, Failed: 1\n\
                      Supported Codec: G711Ulaw64k\n\
                      Supported Codec: G729AnnexA\n\
                      \n\
                      Conferencing Oper State: DOWN - Cause Code: NOT_REGISTERED\n\
                      SCCP Admin State: DOWN, Device Name: CFB1\n\
                      TCP Link Status: NOT_CONNECTED\n";
        assert_eq!(shown, expect);
    }
}
