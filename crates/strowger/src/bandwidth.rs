//! `strowger bandwidth`: what calls have of locations and links.

use strowger_dialplan::admission::Place as Where;
use strowger_node::io::PlaceUse;

use crate::client::Place;
use crate::print;
use crate::table::{Table, terminal_width};

/// A location or link, for programs.
#[derive(serde::Serialize)]
pub(crate) struct Row {
    /// The location, or one end of the link.
    location: String,
    /// The other end of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_location: Option<String>,
    /// What calls have of it, in kbit/s.
    reserved_kbps: u32,
    /// Its room, in kbit/s; absent when it has no bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    room_kbps: Option<u32>,
    /// How many calls found no room.
    refused: u64,
}

/// The rows of an answer.
pub(crate) fn rows(places: &[PlaceUse]) -> Vec<Row> {
    let row = |used: &PlaceUse| {
        let (location, other_location) = match &used.place {
            Where::Location(name) => (name.to_string(), None),
            Where::Link(one, other) => (one.to_string(), Some(other.to_string())),
        };
        let PlaceUse { taken, room, refused, .. } = *used;
        Row { location, other_location, reserved_kbps: taken, room_kbps: room, refused }
    };
    places.iter().map(row).collect()
}

/// `strowger bandwidth`
pub(crate) fn show(place: &Place, json: bool) -> anyhow::Result<()> {
    let Some(server) = place.server()? else {
        anyhow::bail!(
            "no server is running on {}; start one, give its folder with --data, or its address with --server",
            place.data.display()
        );
    };
    let body = server.get("/api/v1/bandwidth")?;
    if json { print::line(body) } else { print::print(text(&serde_json::from_str(&body)?, terminal_width())) }
}

fn text(body: &serde_json::Value, width: Option<usize>) -> String {
    let mut table = Table::new(["Location or link", "Reserved", "Of", "Left", "Refused"], &[0]);
    for row in body.get("places").and_then(|value| value.as_array()).into_iter().flatten() {
        let name = |name: &str| row.get(name).and_then(|value| value.as_str());
        let figure = |name: &str| row.get(name).and_then(serde_json::Value::as_u64);
        let location = name("location").unwrap_or_default();
        let place = match name("other_location") {
            Some(other) => format!("{location} - {other}"),
            None => location.to_owned(),
        };
        let kbps =
            |value: Option<u64>| value.map_or_else(|| "any".to_owned(), |kbps| format!("{kbps} kbit/s"));
        let refused = figure("refused").unwrap_or(0).to_string();
        let (reserved, room) = (figure("reserved_kbps"), figure("room_kbps"));
        let left = room.map(|room| room.saturating_sub(reserved.unwrap_or(0)));
        table.push([place, kbps(reserved), kbps(room), kbps(left), refused]);
    }
    if table.is_empty() {
        "no location has bounds, and nothing is reserved\n".to_owned()
    } else {
        table.text(width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_listed_with_their_figures() {
        let link = Where::Link("Berlin".into(), "Bonn".into());
        let places = [
            PlaceUse { place: Where::Location("Berlin".into()), taken: 104, room: Some(240), refused: 2 },
            PlaceUse { place: link, taken: 24, room: None, refused: 0 },
        ];
        let body = serde_json::json!({ "places": rows(&places) });
        let expect = "Location or link  Reserved    Of          Left        Refused\n\
                      Berlin            104 kbit/s  240 kbit/s  136 kbit/s  2\n\
                      Berlin - Bonn     24 kbit/s   any         any         0\n";
        assert_eq!(text(&body, None), expect);
        assert_eq!(text(&serde_json::json!({}), None), "no location has bounds, and nothing is reserved\n");
    }
}
