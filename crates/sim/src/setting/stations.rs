//! Phones that speak SCCP, and media resources of routers.

use std::sync::Arc;

use strowger_callcontrol::configuration::KeyMethod;
use strowger_node::Draft;
use strowger_node::configuration::{LineSecret, StationDraft};
use strowger_sccp::Text;
use strowger_sccp::station::device::{Assignment, Device, Line};

/// The name of the phone of a line.
pub(crate) fn device(number: &str) -> String {
    format!("SEP00112233{number}")
}

/// The first phone of a line speaks SCCP, and has a speed dial to 1001.
pub(crate) fn station(number: &str, draft: &mut Draft) {
    let Some(line) = draft.lines.iter_mut().find(|line| &*line.number == number) else { return };
    if let Some(phone) = line.phones.first_mut() {
        (phone.name, phone.secret) = (device(number).into(), LineSecret::Station);
        (phone.username, phone.overlap, phone.keys) = (None, false, KeyMethod::Either);
    }
    let text = |text: &str| Text::from(text);
    let own = Line { number: text(number), name: text(&line.name), label: text(number), ..Line::default() };
    let dial = Assignment::SpeedDial { number: text("1001"), label: text("first") };
    let device = Device { buttons: vec![Assignment::Line(own), dial], ..Device::default() };
    draft.stations.stations.push(StationDraft {
        name: self::device(number).into(),
        device: Arc::new(device),
        lines: vec![number.into()],
    });
}

/// A media resource of a router, whose name says what it does. It is in no group.
#[cfg(test)]
pub(crate) fn router(name: &str, draft: &mut Draft) {
    use strowger_dialplan::resources::{Function, Resource};
    use strowger_sccp::resources::io::ResourceKind;

    let (function, kind) = match name {
        _ if name.starts_with("XCODE") => (Function::Transcoder, ResourceKind::Transcoder),
        _ if name.starts_with("CFB") => (Function::ConferenceBridge, ResourceKind::ConferenceBridge),
        _ => (Function::TerminationPoint, ResourceKind::TerminationPoint),
    };
    let is_trusted = function == Function::TerminationPoint;
    let resource = Resource { function, is_trusted, capacity: None, is_device: true };
    draft.media.in_use = true;
    draft.media.table.add(name, resource);
    let device = Arc::new(Device { resource: Some(kind), ..Device::default() });
    draft.stations.stations.push(StationDraft { name: name.into(), device, lines: Vec::new() });
}
