//! Device pools with all that they name, and device mobility infos.

use std::collections::BTreeMap;

use strowger_configuration::Kind;

use super::super::{ConfigFile, DevicePoolSection, LineSection, MobilityInfoSection};
use super::routing::spaces;
use super::table::{Names, Table};
use super::{Origin, TakenOver};

/// The device pools that lines belong to. A line of the file may have a zone or a local route group of its own, in or beside a
/// pool; a phone has what its pool says. Such lines get pools that differ from theirs in just that: one for each combination.
pub(super) struct Pools {
    /// By pool, zone and local route group of a line.
    names: Names<(String, String, String)>,
    zones: Names<String>,
    /// Those that were made of another, which mobility infos name beside it.
    made_of: BTreeMap<String, Vec<String>>,
}

/// Adds places, and says which pool each line belongs to; none where the text is empty.
pub(super) fn add(objects: &mut TakenOver<'_>) -> Vec<String> {
    let file = objects.file;
    named_by_pools(objects, file);
    let mut pools = Pools {
        names: Names::beside(file.device_pools.iter().map(|pool| pool.name.as_str())),
        zones: Names::beside([]),
        made_of: BTreeMap::new(),
    };
    for (at, section) in file.device_pools.iter().enumerate() {
        let origin = Origin::Section("device_pool", at);
        let table = pools.pool(objects, origin, section);
        objects.put(Kind::DevicePool, origin, table);
    }
    let lines = file.lines.iter().enumerate();
    let of_lines =
        lines.map(|(at, line)| pools.of_line(objects, Origin::Section("line", at), line)).collect();
    for (at, section) in file.mobility_infos.iter().enumerate() {
        let table = mobility_info(section, &pools.made_of);
        objects.put(Kind::MobilityInfo, Origin::Section("mobility_info", at), table);
    }
    of_lines
}

/// Physical locations and mobility groups are names in the file, and objects of their own here.
fn named_by_pools(objects: &mut TakenOver<'_>, file: &ConfigFile) {
    let (mut locations, mut groups) = (Vec::new(), Vec::new());
    for (at, pool) in file.device_pools.iter().enumerate() {
        let named = [
            (Kind::PhysicalLocation, &pool.physical_location, &mut locations),
            (Kind::MobilityGroup, &pool.mobility_group, &mut groups),
        ];
        for (kind, name, known) in named {
            if !name.is_empty() && !known.contains(&name) {
                known.push(name);
                let table = Table::default().set("name", name.as_str());
                objects.put(kind, Origin::Section("device_pool", at), table);
            }
        }
    }
}

impl Pools {
    /// The name of the Date/Time group of a zone; empty for none.
    fn zone(&mut self, objects: &mut TakenOver<'_>, origin: Origin, zone: &str) -> String {
        if zone.is_empty() {
            return String::new();
        }
        let (name, is_new) = self.zones.of(zone.to_owned(), zone);
        if is_new {
            let table = Table::default().set("name", name.as_str()).set("zone", zone);
            objects.put(Kind::DateTimeGroup, origin, table);
        }
        name
    }

    fn pool(&mut self, objects: &mut TakenOver<'_>, origin: Origin, section: &DevicePoolSection) -> Table {
        let zone = self.zone(objects, origin, &section.zone);
        let local = section.local_route_groups.iter().map(|(name, group)| {
            Table::default().set("name", name.as_str()).set("route_group", group.as_str())
        });
        Table::default()
            .set("name", section.name.as_str())
            .text("date_time_group", &zone)
            .text("local_route_group", &section.local_route_group)
            .list("local_route_groups", local)
            .text("physical_location", &section.physical_location)
            .text("mobility_group", &section.mobility_group)
            .text("mobility_search_space", &section.search_space)
            .table("transformation_spaces", spaces(&section.transformation_space))
            .text("emergency_number", &section.emergency_number)
    }

    /// The pool of a line; it is made when it is the first of its kind.
    fn of_line(&mut self, objects: &mut TakenOver<'_>, origin: Origin, line: &LineSection) -> String {
        let LineSection { device_pool, zone, local_route_group, .. } = line;
        let of = objects.file.device_pools.iter().find(|pool| pool.name == *device_pool);
        // What the pool says already makes no other pool.
        let differs = |own: &String, pool: fn(&DevicePoolSection) -> &String| {
            !own.is_empty() && of.is_none_or(|of| pool(of) != own)
        };
        let own_zone = if differs(zone, |pool| &pool.zone) { zone.as_str() } else { "" };
        let own_group =
            if differs(local_route_group, |pool| &pool.local_route_group) { local_route_group } else { "" };
        if own_zone.is_empty() && own_group.is_empty() {
            return device_pool.clone();
        }
        let parts = [device_pool, own_zone, own_group].into_iter().filter(|part| !part.is_empty());
        let like = parts.collect::<Vec<&str>>().join(" ");
        let combination = (device_pool.clone(), own_zone.to_owned(), own_group.to_owned());
        let (name, is_new) = self.names.of(combination, &like);
        if is_new {
            let made_of = match of {
                Some(of) => self.pool(objects, origin, of),
                None => Table::default(),
            };
            let zone = self.zone(objects, origin, own_zone);
            let table = made_of
                .set("name", name.as_str())
                .text("date_time_group", &zone)
                .text("local_route_group", own_group);
            objects.put(Kind::DevicePool, origin, table);
            self.made_of.entry(device_pool.clone()).or_default().push(name.clone());
        }
        name
    }
}

fn mobility_info(section: &MobilityInfoSection, made_of: &BTreeMap<String, Vec<String>>) -> Table {
    let network = |text: &String| match text.parse::<std::net::IpAddr>() {
        Ok(address) => format!("{text}/{}", if address.is_ipv4() { 32 } else { 128 }),
        Err(_) => text.clone(),
    };
    // The first is the one where strangers are, so pools that were made come last.
    let made = section.device_pools.iter().filter_map(|pool| made_of.get(pool)).flatten();
    let pools = section.device_pools.iter().chain(made).map(String::as_str);
    Table::default()
        .set("name", section.name.as_str())
        .each_once("subnets", section.subnets.iter().map(network))
        .each_once("device_pools", pools)
        .text("emergency_number", &section.emergency_number)
}
