//! Phones that speak SCCP, and media resources of routers.

use std::sync::Arc;

use strowger_callcontrol::configuration::KeyMethod;
use strowger_node::Draft;
use strowger_node::configuration::{LineSecret, StationDraft};
use strowger_sccp::Text;
use strowger_sccp::station::device::{Assignment, Device, Line, SoftKeys, WhenRung};

/// The name of the phone of a line; of its second phone, where a `b` follows its number.
pub(crate) fn device(name: &str) -> String {
    match name.strip_suffix('b') {
        Some(number) => format!("SEP0011223A{number}"),
        None => format!("SEP00112233{name}"),
    }
}

/// The first phone of a line speaks SCCP, or the second one where a `b` follows its number. It has a speed dial to 1001, a busy lamp for each
/// of these numbers, which takes what rings there, and these soft keys.
pub(crate) fn station(name: &str, lamps: &[String], soft_keys: SoftKeys, draft: &mut Draft) {
    let number = name.trim_end_matches('b');
    let Some(line) = draft.lines.iter_mut().find(|line| &*line.number == number) else { return };
    if let Some(phone) = line.phones.get_mut(usize::from(name.ends_with('b'))) {
        (phone.name, phone.secret) = (device(name).into(), LineSecret::Station);
        (phone.username, phone.overlap, phone.keys) = (None, false, KeyMethod::Either);
    }
    let text = |text: &str| Text::from(text);
    let own = Line { number: text(number), name: text(&line.name), label: text(number), ..Line::default() };
    let dial = Assignment::SpeedDial { number: text("1001"), label: text("first") };
    let lamp = |number: &String| Assignment::BusyLamp {
        number: text(number),
        label: text(number),
        rung: WhenRung::PicksUp,
    };
    let buttons = [Assignment::Line(own), dial].into_iter().chain(lamps.iter().map(lamp)).collect();
    let device = Device { buttons, soft_keys: Arc::new(soft_keys), ..Device::default() };
    draft.stations.stations.push(StationDraft {
        name: self::device(name).into(),
        device: Arc::new(device),
        lines: vec![number.into()],
    });
}

/// The usual keys, and those that an administrator adds.
#[cfg(test)]
pub(crate) fn all_soft_keys() -> SoftKeys {
    use strowger_sccp::codes::{KeyMode, Phrase, SoftKey};

    let mut keys = SoftKeys::standard();
    let more = [
        (SoftKey::REMOVE_LAST, Phrase::RMLSTC, KeyMode::CONNECTED),
        (SoftKey::MALICIOUS_CALL, Phrase::MCID, KeyMode::CONNECTED),
        (SoftKey::RECORD, Phrase::RECORD, KeyMode::CONNECTED),
        (SoftKey::IMMEDIATE_DIVERT, Phrase::IDIVERT, KeyMode::CONNECTED),
        (SoftKey::HUNT_LOG, Phrase::HLOG, KeyMode::ON_HOOK),
        (SoftKey::ABBREVIATED_DIAL, Phrase::ABBRDIAL, KeyMode::ON_HOOK),
    ];
    for (key, label, mode) in more {
        keys.add(key, Text::phrase(label, ""));
        if let Some(set) = keys.sets.get_mut(mode.0 as usize) {
            set.push(key);
        }
    }
    keys
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
