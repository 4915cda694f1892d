//! Partitions, search spaces, and everything that is dialled and no line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use strowger_configuration::Kind;
use strowger_dialplan::ExternalMask;

use super::super::dial_plan::ChangeSection;
use super::super::{
    BlockSection, ConfigFile, PartitionSection, RouteSection, TransformationSection, TranslationSection,
};
use super::table::{Names, Table, word};
use super::{Origin, TakenOver};

/// Adds the dial plan, but for lines and hunt pilots.
pub(super) fn add(objects: &mut TakenOver<'_>) {
    let file = objects.file;
    let mut schedules = Names::beside([]);
    for (at, section) in file.partitions.iter().enumerate() {
        partition(objects, &mut schedules, Origin::Section("partition", at), section);
    }
    for (at, section) in file.search_spaces.iter().enumerate() {
        let partitions = section.partitions.iter().map(String::as_str);
        let table = Table::default().set("name", section.name.as_str()).each_once("partitions", partitions);
        objects.put(Kind::CallingSearchSpace, Origin::Section("search_space", at), table);
    }
    for (at, section) in file.services.iter().enumerate() {
        let table =
            Table::default().set("pattern", section.number.as_str()).set("service", word(&section.service));
        objects.put(Kind::ApplicationNumber, Origin::Section("service", at), table);
    }
    for (at, section) in file.feature_codes.iter().enumerate() {
        let table = Table::default()
            .set("pattern", section.pattern.as_str())
            .text("partition", &section.partition)
            .set("feature", section.feature.0.word())
            .flag("urgent", section.urgent);
        objects.put(Kind::FeatureAccessCode, Origin::Section("feature_code", at), table);
    }
    let mut filters = Names::beside([]);
    for (at, section) in file.translations.iter().enumerate() {
        translation(objects, &mut filters, Origin::Section("translation", at), section);
    }
    for (at, section) in file.routes.iter().enumerate() {
        route(objects, &mut filters, Origin::Section("route", at), section);
    }
    for (at, section) in file.blocks.iter().enumerate() {
        block(objects, &mut filters, Origin::Section("block", at), section);
    }
    transformations(objects, file);
}

/// A partition, and the schedule of its hours: partitions with the same hours share one.
fn partition(
    objects: &mut TakenOver<'_>,
    schedules: &mut Names<Vec<String>>,
    origin: Origin,
    section: &PartitionSection,
) {
    let mut schedule = None;
    if !section.hours.is_empty() {
        let (name, is_new) = schedules.of(section.hours.clone(), &section.name);
        if is_new {
            let periods = section.hours.iter().map(String::as_str);
            let table = Table::default().set("name", name.as_str()).each_once("periods", periods);
            objects.put(Kind::TimeSchedule, origin, table);
        }
        schedule = Some(name);
    }
    let table = Table::default()
        .set("name", section.name.as_str())
        .option("time_schedule", schedule)
        .text("zone", &section.zone);
    objects.put(Kind::Partition, origin, table);
}

/// The name of the route filter with these clauses.
fn filter(
    objects: &mut TakenOver<'_>,
    filters: &mut Names<String>,
    origin: Origin,
    clauses: &str,
) -> Option<String> {
    if clauses.is_empty() {
        return None;
    }
    let (name, is_new) = filters.of(clauses.to_owned(), clauses);
    if is_new {
        let table = Table::default().set("name", name.as_str()).set("clauses", clauses);
        objects.put(Kind::RouteFilter, origin, table);
    }
    Some(name)
}

fn translation(
    objects: &mut TakenOver<'_>,
    filters: &mut Names<String>,
    origin: Origin,
    section: &TranslationSection,
) {
    let filter = filter(objects, filters, origin, &section.filter);
    let space = section.search_space.as_deref();
    let table = Table::default()
        .set("pattern", section.pattern.as_str())
        .text("partition", &section.partition)
        .option("filter", filter)
        .unless("urgent", section.urgent.unwrap_or(true), true)
        .text("search_space", space.unwrap_or_default())
        .flag("null_partition_only", space == Some(""))
        .table("change", change(&section.change))
        .flag("no_wait", section.no_wait)
        .flag("by_calling", section.by_calling)
        .flag("emergency", section.emergency);
    objects.put(Kind::TranslationPattern, origin, table);
}

fn route(objects: &mut TakenOver<'_>, filters: &mut Names<String>, origin: Origin, section: &RouteSection) {
    let leads_to = Table::default()
        .text("partition", &section.partition)
        .text("trunk", &section.trunk)
        .text("route_list", &section.route_list);
    if !section.host.is_empty() {
        let table = leads_to.set("pattern", host(&section.host));
        return objects.put(Kind::SipRoutePattern, origin, table);
    }
    let filter = filter(objects, filters, origin, &section.filter);
    let table = leads_to
        .set("pattern", section.pattern.as_str())
        .option("filter", filter)
        .flag("urgent", section.urgent)
        .table("change", change(&section.change))
        .flag("outside_dial_tone", section.outside_dial_tone)
        .option("authorization_level", section.authorization_level)
        .flag("matter_code", section.matter_code)
        .flag("emergency", section.emergency);
    objects.put(Kind::RoutePattern, origin, table);
}

/// The hosts of a route. The file may write `*.` before a domain, and an address of a network in place of the network.
fn host(text: &str) -> String {
    let network = text.split_once('/').and_then(|(address, bits)| {
        let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
        Some(match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
                format!("{}/{bits}", Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits)?).unwrap_or(0);
                format!("{}/{bits}", Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        })
    });
    network.unwrap_or_else(|| text.strip_prefix("*.").unwrap_or(text).to_owned())
}

fn block(objects: &mut TakenOver<'_>, filters: &mut Names<String>, origin: Origin, section: &BlockSection) {
    let filter = filter(objects, filters, origin, &section.filter);
    let table = Table::default()
        .set("pattern", section.pattern.as_str())
        .text("partition", &section.partition)
        .option("filter", filter)
        .flag("urgent", section.urgent)
        .unless("cause", section.cause, super::super::dial_plan::call_rejected());
    objects.put(Kind::BlockedPattern, origin, table);
}

fn transformations(objects: &mut TakenOver<'_>, file: &ConfigFile) {
    for (at, section) in file.calling_transformations.iter().enumerate() {
        let table = transformation(section);
        objects.put(Kind::CallingTransformationPattern, Origin::Section("calling_transformation", at), table);
    }
    for (at, section) in file.called_transformations.iter().enumerate() {
        let table = transformation(section);
        objects.put(Kind::CalledTransformationPattern, Origin::Section("called_transformation", at), table);
    }
}

/// What a transformation pattern does stands beside its pattern.
fn transformation(section: &TransformationSection) -> Table {
    change(&section.change).set("pattern", section.pattern.as_str()).text("partition", &section.partition)
}

/// What a pattern does to numbers.
pub(super) fn change(section: &ChangeSection) -> Table {
    let external_mask = match section.external_mask.0 {
        ExternalMask::Default => None,
        ExternalMask::On => Some("on"),
        ExternalMask::Off => Some("off"),
    };
    let shown = |word: &str| if word == "default" { String::new() } else { word.to_owned() };
    Table::default()
        .text("discard", &section.discard)
        .text("mask", &section.mask)
        .text("prefix", &section.prefix)
        .option("external_mask", external_mask)
        .text("calling_mask", &section.calling_mask)
        .text("calling_prefix", &section.calling_prefix)
        .text("present", &shown(&section.present))
        .text("present_name", &shown(&section.present_name))
}

#[cfg(test)]
mod tests {
    #[test]
    fn hosts_are_written_as_objects_have_them() {
        let check = |text: &str, expect: &str| assert_eq!(super::host(text), expect, "{text}");
        check("example.com", "example.com");
        check("*.example.com", "example.com");
        check("192.0.2.1", "192.0.2.1");
        check("192.0.2.129/25", "192.0.2.128/25");
        check("192.0.2.1/0", "0.0.0.0/0");
        check("2001:db8::1/32", "2001:db8::/32");
        check("192.0.2.1/33", "192.0.2.1/33");
    }
}
