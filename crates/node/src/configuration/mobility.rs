//! Device pools and device mobility infos as an operator writes them, and their way into call control.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::{Country, limits};
use strowger_callcontrol::configuration::{Barging, DevicePool, HoldSources, MediaUse, Mobility};
use strowger_dialplan::mobility::{MobilityCase, PoolChoice, PoolPlace, Subnet};
use strowger_dialplan::route_list::{LocalRouteGroups, STANDARD_LOCAL_ROUTE_GROUP};
use strowger_dialplan::{DialPlan, Digits, SearchSpace};

use super::build::Findings;
use super::route_lists::Groups;
use super::{
    Draft, IncomingDraft, NumberViewDraft, PhoneDraft, Place, Problem, SiteDraft, admission, bounds,
    incoming, plan, transformations,
};

/// What devices of one place have in common.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DevicePoolDraft {
    /// Its name.
    pub name: Box<str>,
    /// Where its phones are; nobody roams into a pool without one.
    pub physical_location: Box<str>,
    /// Phones roaming inside one group dial as those of the place do.
    pub mobility_group: Box<str>,
    /// What they see then, in place of their device's search space; that when empty.
    pub search_space: Box<str>,
    /// The route group that stands for `<Standard Local Route Group>`; none when empty.
    pub local_route_group: Box<str>,
    /// The route groups that stand for other local route groups, by their name.
    pub local_route_groups: BTreeMap<Box<str>, Box<str>>,
    /// How its phones see numbers.
    pub view: NumberViewDraft,
    /// Whose tones its devices hear.
    pub country: Option<Country>,
    /// Which audio sources others hear on account of its devices.
    pub hold_sources: HoldSources,
    /// What line keys of its phones do while another phone of the line has a call; as the system says when `None`.
    pub single_button_barge: Option<Barging>,
    /// IANA time zone of its phones; none when empty.
    pub zone: Box<str>,
    /// The calling number of emergency calls from there; none when empty.
    pub emergency_number: Box<str>,
    /// How the calling numbers that its trunks bring become the plan's.
    pub incoming_calling: IncomingDraft,
    /// How the called numbers that its trunks bring become the plan's.
    pub incoming_called: IncomingDraft,
    /// Where its devices are.
    pub site: SiteDraft,
    /// Which media resources its devices use.
    pub media: MediaUse,
}

/// Subnets, and the device pools that rule in them.
#[derive(Clone, Default, Debug)]
pub struct MobilityInfoDraft {
    /// Its name.
    pub name: Box<str>,
    /// Such as `10.1.0.0/16`.
    pub subnets: Vec<Box<str>>,
    /// By name; a phone's home pool rules where it is listed, otherwise the first.
    pub device_pools: Vec<Box<str>>,
    /// The calling number of emergency calls from there; the device pool's when empty.
    pub emergency_number: Box<str>,
}

/// The device pools by name.
pub(super) type Pools = BTreeMap<Box<str>, Arc<DevicePool>>;

/// Builds the device pools.
pub(super) fn pools(draft: &Draft, plan: &DialPlan, groups: &Groups, found: &mut Findings) -> Pools {
    let mut pools = Pools::new();
    let written = &draft.plan.device_pools;
    if !found.count(Place::Node, "device_pool", written.len(), limits::DEVICE_POOLS) {
        return pools;
    }
    for (index, written) in written.iter().enumerate() {
        let place = Place::DevicePool(index);
        found.text(place, "name", &written.name, "berlin");
        let pool = DevicePool {
            name: written.name.clone(),
            place: PoolPlace {
                physical_location: named(&written.physical_location),
                mobility_group: named(&written.mobility_group),
            },
            mobility_space: transformations::space(plan, place, "search_space", &written.search_space, found),
            local_route_groups: local(place, written, groups, found),
            view: transformations::view(plan, place, &written.view, found),
            country: written.country,
            hold_sources: written.hold_sources,
            single_button_barge: written.single_button_barge,
            zone: plan::zone(place, &written.zone, found),
            emergency_number: number(place, &written.emergency_number, found),
            incoming_calling: incoming::rules(
                plan,
                place,
                "incoming_calling",
                &written.incoming_calling,
                found,
            ),
            incoming_called: incoming::rules(plan, place, "incoming_called", &written.incoming_called, found),
            site: admission::site(&written.site),
            media: written.media.clone(),
            aar: admission::aar(plan, place, &written.site, found),
        };
        if pools.insert(written.name.clone(), Arc::new(pool)).is_some() {
            let there = "another device pool".into();
            found.add(place, "name", Problem::Duplicate { found: written.name.clone(), there });
        }
    }
    pools
}

/// Builds the device mobility infos.
pub(super) fn infos(draft: &Draft, pools: &Pools, found: &mut Findings) -> Mobility {
    let mut mobility = Mobility::default();
    let written = &draft.plan.mobility_infos;
    if !found.count(Place::Node, "mobility_info", written.len(), limits::DEVICE_POOLS) {
        return mobility;
    }
    for (index, written) in written.iter().enumerate() {
        let place = Place::MobilityInfo(index);
        found.text(place, "name", &written.name, "berlin");
        if !found.count(place, "subnets", written.subnets.len(), limits::SUBNETS) {
            continue;
        }
        let mut subnets = Vec::with_capacity(written.subnets.len());
        for text in &written.subnets {
            match subnet(text) {
                Ok(subnet) => subnets.push(subnet),
                Err(why) => found.add(place, "subnets", Problem::Malformed { found: text.clone(), why }),
            }
        }
        let mut named = Vec::with_capacity(written.device_pools.len());
        for name in &written.device_pools {
            match pools.get(name) {
                Some(pool) => named.push(Arc::clone(pool)),
                None => found.unknown(place, "device_pools", name, pools.keys().map(|name| &**name)),
            }
        }
        // A pool that does not exist is not no pool.
        if (named.is_empty() && !written.device_pools.is_empty()) || subnets.len() < written.subnets.len() {
            continue;
        }
        let twice = draft.plan.mobility_infos.iter().take(index).any(|other| other.name == written.name);
        if twice {
            let there = "another device mobility info".into();
            found.add(place, "name", Problem::Duplicate { found: written.name.clone(), there });
        }
        if let Err(error) = mobility.map.add(&written.name, &subnets, named) {
            found.malformed(place, "subnets", &written.name, &error);
        }
        if let Some(number) = number(place, &written.emergency_number, found) {
            mobility.emergency_numbers.insert(written.name.clone(), number);
        }
    }
    mobility
}

/// The device pool of a device; `None` when it is in none.
pub(super) fn pool(place: Place, name: &str, pools: &Pools, found: &mut Findings) -> Option<Arc<DevicePool>> {
    let pool = pools.get(name).map(Arc::clone);
    if pool.is_none() && !name.is_empty() {
        found.unknown(place, "device_pool", name, pools.keys().map(|name| &**name));
    }
    pool
}

/// Characters of the longest clause that a device pool gives to phones which roam there.
pub(super) fn longest_clause(pools: &Pools, plan: &DialPlan) -> usize {
    let spaces = pools.values().filter_map(|pool| pool.mobility_space.as_ref());
    spaces.map(|space| bounds::clause(space, |id| plan.partition_name(id))).max().unwrap_or(0)
}

/// Refuses what is too long together: the line's search space and that of a device pool which the phone may roam to.
pub(super) fn check_clauses(
    place: Place,
    (phone, line_space): (&PhoneDraft, &SearchSpace),
    (pools, longest): (&Pools, usize),
    plan: &DialPlan,
    found: &mut Findings,
) {
    let characters = |space: &SearchSpace| bounds::clause(space, |id| plan.partition_name(id));
    let most = limits::SEARCH_SPACE_CLAUSE;
    let own = characters(line_space);
    // Most are short, and then no pool needs to be looked at; what is too long alone was refused where it stands.
    if !phone.roams || own > most || own + 1 + longest <= most {
        return;
    }
    let Some(home) = pools.get(&phone.device_pool) else { return };
    for pool in pools.values() {
        let Some(space) = &pool.mobility_space else { continue };
        if MobilityCase::of(&home.place, Some(&pool.place)).dialling_from() == PoolChoice::Home
            || characters(space) > most
        {
            continue;
        }
        let together = characters(&line_space.before(space));
        if together > most {
            let why = format!(
                "where its phone roams to device pool {}, behind the line's search space, {}",
                pool.name,
                plan::too_long(together)
            );
            let problem = Problem::Malformed { found: phone.device_pool.clone(), why: why.into() };
            // One pool shows it.
            return found.add(place, "device_pool", problem);
        }
    }
}

/// Whether some device pool has a route group for a local one of this name.
pub(super) fn is_local(draft: &Draft, name: &str) -> bool {
    draft.plan.device_pools.iter().any(|pool| pool.local_route_groups.contains_key(name))
}

fn local(
    place: Place,
    written: &DevicePoolDraft,
    groups: &Groups,
    found: &mut Findings,
) -> LocalRouteGroups<Box<str>> {
    let mut group = |setting: &'static str, name: &str| {
        let group = groups.get(name).map(Arc::clone);
        if group.is_none() {
            found.unknown(place, setting, name, groups.keys().map(|name| &**name));
        }
        group
    };
    let mut local = LocalRouteGroups::default();
    if !written.local_route_group.is_empty() {
        local.standard = group("local_route_group", &written.local_route_group);
    }
    for (name, stands_for_it) in &written.local_route_groups {
        if let Some(group) = group("local_route_groups", stands_for_it) {
            local.named.insert(name.clone(), group);
        }
    }
    for name in written.local_route_groups.keys() {
        if groups.contains_key(name) || **name == *STANDARD_LOCAL_ROUTE_GROUP {
            let there = if groups.contains_key(name) { "a route group" } else { "local_route_group" }.into();
            found.add(place, "local_route_groups", Problem::Duplicate { found: name.clone(), there });
        }
    }
    local
}

pub(super) fn number(place: Place, text: &str, found: &mut Findings) -> Option<Digits> {
    plan::optional(place, "emergency_number", text, found)
}

fn named(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}

/// `10.1.0.0/16`, or an address alone.
fn subnet(text: &str) -> Result<Subnet, Box<str>> {
    let expected = || Box::<str>::from("expected a subnet like 10.1.0.0/16 or 2001:db8::/32");
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| expected())?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| expected())?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Subnet::new(address, bits.unwrap_or(whole)).map_err(|error| error.to_string().into())
}
