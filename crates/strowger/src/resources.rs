//! `strowger resources`: what calls have of media resources.

use strowger_node::io::ResourceUse;

use crate::client::Place;
use crate::print;
use crate::table::{Table, terminal_width};

/// A media resource, for programs.
#[derive(serde::Serialize)]
pub(crate) struct Row {
    name: String,
    function: &'static str,
    /// Seats that calls have now.
    in_use: u32,
    /// Seats that there are; absent when it has as many as the server bears.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
    /// Seats that calls have had since the start.
    allocated: u64,
    /// How often it was looked at and full.
    full: u64,
    /// Streams that it sends to multicast addresses now.
    streams: u32,
    /// Whether it is registered, where a router has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<bool>,
}

/// The rows of an answer.
pub(crate) fn rows(resources: &[ResourceUse]) -> Vec<Row> {
    let row = |it: &ResourceUse| {
        let ResourceUse { capacity, in_use, allocated, full, streams, is_present, .. } = *it;
        Row {
            name: it.name.to_string(),
            function: it.function.word(),
            in_use,
            capacity,
            allocated,
            full,
            streams,
            registered: is_present,
        }
    };
    resources.iter().map(row).collect()
}

/// `strowger resources`
pub(crate) fn show(place: &Place, json: bool) -> anyhow::Result<()> {
    let Some(server) = place.server()? else {
        anyhow::bail!(
            "no server is running on {}; start one, give its folder with --data, or its address with --server",
            place.data.display()
        );
    };
    let body = server.get("/api/v1/resources")?;
    if json { print::line(body) } else { print::print(text(&serde_json::from_str(&body)?, terminal_width())) }
}

fn text(body: &serde_json::Value, width: Option<usize>) -> String {
    let mut table = Table::new(
        ["Resource", "Function", "At", "In use", "Capacity", "Allocated", "Full", "Multicast"],
        &[0],
    );
    for row in body.get("resources").and_then(|value| value.as_array()).into_iter().flatten() {
        let word = |name: &str| row.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let figure = |name: &str| row.get(name).and_then(serde_json::Value::as_u64);
        let count = |name: &str| figure(name).unwrap_or(0).to_string();
        let capacity = figure("capacity").map_or_else(|| "any".to_owned(), |capacity| capacity.to_string());
        table.push([
            word("name"),
            word("function"),
            match row.get("registered").and_then(serde_json::Value::as_bool) {
                None => "server",
                Some(true) => "router",
                Some(false) => "router (not registered)",
            }
            .to_owned(),
            count("in_use"),
            capacity,
            count("allocated"),
            count("full"),
            count("streams"),
        ]);
    }
    if table.is_empty() { "no media resource is configured\n".to_owned() } else { table.text(width) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_base::journal::MediaFunction;

    #[test]
    fn resources_are_listed_with_their_figures() {
        let resources = [
            ResourceUse {
                name: "cfb1".into(),
                function: MediaFunction::ConferenceBridge,
                capacity: None,
                in_use: 3,
                allocated: 12,
                full: 0,
                streams: 0,
                is_present: Some(false),
            },
            ResourceUse {
                name: "xcode1".into(),
                function: MediaFunction::Transcoder,
                capacity: Some(2),
                in_use: 2,
                allocated: 5,
                full: 1,
                streams: 0,
                is_present: None,
            },
        ];
        let body = serde_json::json!({ "resources": rows(&resources) });
        let expect = "Resource  Function           At                       In use  Capacity  Allocated  Full  Multicast\n\
                      cfb1      conference-bridge  router (not registered)  3       any       12         0     0\n\
                      xcode1    transcoder         server                   2       2         5          1     0\n";
        assert_eq!(text(&body, None), expect);
        assert_eq!(text(&serde_json::json!({}), None), "no media resource is configured\n");
    }
}
