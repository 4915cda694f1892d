//! Line groups, hunt lists, hunt pilots.

use serde_json::Value;
use strowger_configuration::Kind;
use strowger_dialplan::hunt::{MAXIMUM_HUNT_TIMER, RING_NO_ANSWER_REVERSION};

use super::super::hunting::NO_COVERAGE;
use super::super::line::LineNames;
use super::super::{HuntPilotSection, LineGroupSection};
use super::table::Table;
use super::{Origin, TakenOver, line_key};

/// Adds what is hunted for.
pub(super) fn add(objects: &mut TakenOver<'_>) {
    let file = objects.file;
    let lines = LineNames::of(if file.line_groups.is_empty() { &[] } else { &file.lines });
    for (at, section) in file.line_groups.iter().enumerate() {
        objects.put(Kind::LineGroup, Origin::Section("line_group", at), line_group(section, &lines));
    }
    for (at, section) in file.hunt_lists.iter().enumerate() {
        let groups: Vec<Value> = section.groups.iter().map(|name| name.as_str().into()).collect();
        let table = Table::default().set("name", section.name.as_str()).set("line_groups", groups);
        objects.put(Kind::HuntList, Origin::Section("hunt_list", at), table);
    }
    for (at, section) in file.hunt_pilots.iter().enumerate() {
        objects.put(Kind::HuntPilot, Origin::Section("hunt_pilot", at), pilot(section));
    }
}

/// A group; its members are mostly numbers.
fn line_group(section: &LineGroupSection, lines: &LineNames<'_>) -> Table {
    let member = |member: &String| line_key(&lines.called(member));
    Table::default()
        .set("name", section.name.as_str())
        .list("members", section.members.iter().map(member))
        .choice("distribution", &section.distribution, "longest-idle")
        .unless("ring_no_answer_reversion", section.ring_seconds, RING_NO_ANSWER_REVERSION.as_secs())
        .choice("on_no_answer", &section.on_no_answer, NEXT)
        .choice("on_busy", &section.on_busy, NEXT)
        .choice("on_not_available", &section.on_not_available, NEXT)
}

fn pilot(section: &HuntPilotSection) -> Table {
    let table = Table::default()
        .set("pattern", section.pattern.as_str())
        .text("partition", &section.partition)
        .flag("urgent", section.urgent)
        .set("hunt_list", section.hunt_list.as_str())
        .unless("maximum_hunt_timer", section.max_seconds, MAXIMUM_HUNT_TIMER.as_secs());
    match &section.exhausted {
        None => table,
        Some(there) if there.number() == NO_COVERAGE => table.set("exhausted", "no-coverage"),
        Some(there) => {
            let to = Table::default()
                .set("number", there.number())
                .text("search_space", there.search_space().unwrap_or_default());
            table.set("exhausted", "forward").set("exhausted_to", to)
        }
    }
}

const NEXT: &str = "next-member-then-next-group";
