//! Trunks with their profiles, route groups, route lists.

use strowger_configuration::Kind;
use strowger_dialplan::route_list::STANDARD_LOCAL_ROUTE_GROUP;

use super::super::dial_plan::RouteListMember;
use super::super::incoming::{IncomingRule, IncomingSection};
use super::super::{ConfigFile, TransformationSpaces, TrunkSection, TrunkTransport};
use super::plan::change;
use super::table::{Table, word};
use super::{Origin, TakenOver};

/// Adds the ways out.
pub(super) fn add(objects: &mut TakenOver<'_>) {
    let file = objects.file;
    profiles(objects, file);
    for (at, section) in file.trunks.iter().enumerate() {
        objects.put(Kind::Trunk, Origin::Section("trunk", at), trunk(section));
    }
    for (at, section) in file.route_groups.iter().enumerate() {
        let members = section.trunks.iter().map(|trunk| Table::default().set("trunk", trunk.as_str()));
        let table = Table::default()
            .set("name", section.name.as_str())
            .choice("distribution", &section.distribution, CIRCULAR)
            .set("members", members.map(Into::into).collect::<Vec<serde_json::Value>>());
        objects.put(Kind::RouteGroup, Origin::Section("route_group", at), table);
    }
    for (at, section) in file.route_lists.iter().enumerate() {
        let members = section.groups.iter().map(|member| member_of(file, member).into());
        let table = Table::default()
            .set("name", section.name.as_str())
            .set("members", members.collect::<Vec<serde_json::Value>>());
        objects.put(Kind::RouteList, Origin::Section("route_list", at), table);
    }
}

/// The profiles that trunks and phones share, as far as something needs them.
fn profiles(objects: &mut TakenOver<'_>, file: &ConfigFile) {
    if let Some(at) = file.trunks.iter().position(|trunk| trunk.overlap) {
        overlap_profile(objects, Origin::Section("trunk", at));
    } else if let Some(at) = file.lines.iter().position(|line| line.overlap) {
        overlap_profile(objects, Origin::Section("line", at));
    }
    if let Some(at) = file.trunks.iter().position(|trunk| trunk.transport == TrunkTransport::Tcp) {
        let table = Table::default().set("name", OVER_TCP).set("transport", word(&TrunkTransport::Tcp));
        objects.put(Kind::SipTrunkSecurityProfile, Origin::Section("trunk", at), table);
    }
}

fn overlap_profile(objects: &mut TakenOver<'_>, origin: Origin) {
    objects.put(Kind::SipProfile, origin, Table::default().set("name", OVERLAP).set("overlap", true));
}

fn trunk(section: &TrunkSection) -> Table {
    let is_tcp = section.transport == TrunkTransport::Tcp;
    let inbound = Table::default()
        .table("calling", incoming(&section.incoming_calling))
        .table("called", incoming(&section.incoming_called));
    Table::default()
        .set("name", section.name.as_str())
        .list("destinations", section.destination.iter().map(ToString::to_string))
        .each_once("sources", section.sources.iter().map(String::as_str))
        .option("security_profile", is_tcp.then_some(OVER_TCP))
        .option("sip_profile", section.overlap.then_some(OVERLAP))
        .text("search_space", &section.search_space)
        .option("classification", section.classification.as_ref().map(word))
        .table("inbound", inbound)
        .table("transformation_spaces", spaces(&section.transformation_space))
}

fn incoming(section: &IncomingSection) -> Table {
    let rule = |rule: &IncomingRule| {
        Table::default()
            .unless("strip", rule.strip, 0)
            .text("prefix", &rule.prefix)
            .text("search_space", &rule.search_space)
    };
    // A rule that does nothing is not no rule: it takes the place of the device pool's.
    Table::default()
        .option("national", section.national.as_ref().map(rule))
        .option("international", section.international.as_ref().map(rule))
        .option("subscriber", section.subscriber.as_ref().map(rule))
        .option("unknown", section.unknown.as_ref().map(rule))
}

/// How something sees numbers.
pub(super) fn spaces(section: &TransformationSpaces) -> Table {
    Table::default()
        .text("calling", &section.calling)
        .text("called", &section.called)
        .text("connected", &section.connected)
        .text("redirecting", &section.redirecting)
}

/// A name that is no route group is that of a local one.
fn member_of(file: &ConfigFile, member: &RouteListMember) -> Table {
    let (group, change) = match member {
        RouteListMember::Group(group) => (group, Table::default()),
        RouteListMember::Changed(changed) => (&changed.group, change(&changed.change)),
    };
    let is_group = file.route_groups.iter().any(|section| section.name == *group);
    let is_local = group == STANDARD_LOCAL_ROUTE_GROUP
        || file.device_pools.iter().any(|pool| pool.local_route_groups.contains_key(group));
    let setting = if is_local && !is_group { "local_route_group" } else { "route_group" };
    Table::default().set(setting, group.as_str()).table("change", change)
}

/// The SIP profile of whoever sends growing numbers.
pub(super) const OVERLAP: &str = "overlap";
/// The security profile of trunks over TCP.
const OVER_TCP: &str = "tcp";
const CIRCULAR: &str = "circular";
