//! Route groups and route lists as an operator writes them, and their way into call control.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::limits;
use strowger_callcontrol::configuration::TrunkList;
use strowger_dialplan::route_list::{
    GroupReference, RouteDistribution, RouteGroup, RouteListMember, STANDARD_LOCAL_ROUTE_GROUP,
};
use strowger_dialplan::{MemberChange, Pattern};

use super::build::Findings;
use super::plan::{self, ChangeDraft, RouteDraft};
use super::{Draft, PhoneDraft, Place, Problem, mobility};

/// A route group.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RouteGroupDraft {
    /// Its name.
    pub name: Box<str>,
    /// Trunks by name.
    pub trunks: Vec<Box<str>>,
    /// In which order they are tried.
    pub distribution: RouteDistribution,
}

/// A route list.
#[derive(Clone, Default, Debug)]
pub struct RouteListDraft {
    /// Its name.
    pub name: Box<str>,
    /// Route groups in the order in which they are tried.
    pub members: Vec<RouteListMemberDraft>,
}

/// One step of a route list.
#[derive(Clone, Default, Debug)]
pub struct RouteListMemberDraft {
    /// The route group's name; `<Standard Local Route Group>` is the caller's own.
    pub group: Box<str>,
    /// What it does to numbers in place of the route pattern; nothing of its own where a part is empty.
    pub change: ChangeDraft,
}

pub(super) type Groups = BTreeMap<Box<str>, Arc<RouteGroup<Box<str>>>>;

/// The route groups by name.
pub(super) fn groups(draft: &Draft, found: &mut Findings) -> Groups {
    let mut groups = Groups::new();
    let planned = draft.trunks_planned.iter().map(|trunk| &*trunk.name);
    let known: BTreeSet<&str> = draft.trunks.iter().map(|trunk| &*trunk.name).chain(planned).collect();
    for (index, written) in draft.plan.route_groups.iter().enumerate() {
        let place = Place::RouteGroup(index);
        if !found.count(place, "trunks", written.trunks.len(), limits::ROUTE_GROUP_DEVICES) {
            continue;
        }
        for trunk in written.trunks.iter().filter(|trunk| !known.contains(&***trunk)) {
            found.unknown(place, "trunks", trunk, known.iter().copied());
        }
        let group = RouteGroup::new(&written.name, written.trunks.clone(), written.distribution);
        match group {
            Ok(group) if !written.name.is_empty() && !groups.contains_key(&written.name) => {
                groups.insert(written.name.clone(), Arc::new(group));
            }
            Ok(_) if written.name.is_empty() => {
                found.add(place, "name", Problem::Missing { example: "carriers" })
            }
            Ok(_) => {
                let there = "another route group".into();
                found.add(place, "name", Problem::Duplicate { found: written.name.clone(), there });
            }
            Err(error) => found.malformed(place, "trunks", &written.name, &error),
        }
    }
    groups
}

/// The route lists by name.
pub(super) fn lists(
    draft: &Draft,
    groups: &Groups,
    found: &mut Findings,
) -> BTreeMap<Box<str>, Arc<TrunkList>> {
    let mut lists = BTreeMap::new();
    let named: BTreeSet<&str> = draft.plan.route_groups.iter().map(|group| &*group.name).collect();
    for (index, written) in draft.plan.route_lists.iter().enumerate() {
        let place = Place::RouteList(index);
        if !found.count(place, "groups", written.members.len(), limits::ROUTE_LIST_MEMBERS) {
            continue;
        }
        found.text(place, "name", &written.name, "outside");
        let mut members = Vec::with_capacity(written.members.len());
        for member in &written.members {
            let group = match groups.get(&member.group) {
                Some(group) => GroupReference::Group(Arc::clone(group)),
                None if *member.group == *STANDARD_LOCAL_ROUTE_GROUP => GroupReference::StandardLocal,
                None if mobility::is_local(draft, &member.group) => {
                    GroupReference::Local(member.group.clone())
                }
                // What is wrong with the group itself was said where it stands.
                None if named.contains(&*member.group) => continue,
                None => {
                    let known = named.iter().copied().chain([STANDARD_LOCAL_ROUTE_GROUP]);
                    found.unknown(place, "groups", &member.group, known);
                    continue;
                }
            };
            let (called, calling) = plan::changes(place, &member.change, found);
            let transformation = MemberChange {
                called: (!called.is_none()).then_some(called),
                calling: (!calling.is_none()).then_some(calling),
            };
            members.push(RouteListMember { group, transformation });
        }
        let is_whole = members.len() == written.members.len();
        match TrunkList::new(&written.name, members) {
            // A list of groups that are wrong is not a list of none.
            Err(_) if !is_whole => {}
            Ok(list) => {
                if lists.insert(written.name.clone(), Arc::new(list)).is_some() {
                    let there = "another route list".into();
                    found.add(place, "name", Problem::Duplicate { found: written.name.clone(), there });
                }
            }
            Err(error) => found.malformed(place, "groups", &written.name, &error),
        }
    }
    lists
}

/// Whether every route pattern leads somewhere, and the changes of a route list's members fit the pattern.
pub(super) fn check_routes(draft: &Draft, calls: &strowger_callcontrol::Configuration, found: &mut Findings) {
    let lists: BTreeSet<&str> = draft.plan.route_lists.iter().map(|list| &*list.name).collect();
    for (index, route) in draft.plan.routes.iter().enumerate() {
        let place = Place::Route(index);
        match (&*route.trunk, &*route.route_list) {
            ("", "") => found.add(place, "trunk", Problem::Missing { example: "carrier" }),
            (trunk, "") if calls.trunks.contains_key(trunk) => {}
            (trunk, "") => found.unknown(place, "trunk", trunk, calls.trunks.keys().map(|name| &**name)),
            ("", list) if lists.contains(list) => {
                check_members(place, route, calls.route_lists.get(list).map(|list| &**list), found);
            }
            ("", list) => found.unknown(place, "route_list", list, lists.iter().copied()),
            (_, _) => found.add(place, "route_list", Problem::Contradicts { other: "trunk" }),
        }
    }
}

/// A member's discard instruction refers to the pattern that led to its list.
fn check_members(place: Place, route: &RouteDraft, list: Option<&TrunkList>, found: &mut Findings) {
    // What is wrong with the list or the pattern itself was said already.
    let (Some(list), Ok(pattern)) = (list, route.pattern.pattern.parse::<Pattern>()) else { return };
    for member in list.members() {
        let Some(called) = &member.transformation.called else { continue };
        if let Err(error) = called.discard.check(&pattern) {
            let why = format!("{error}, and member {} of it discards so", member.group.name()).into();
            found.add(place, "route_list", Problem::Malformed { found: route.route_list.clone(), why });
        }
    }
}

/// What stands for the standard local route group when a phone calls.
pub(super) fn local(
    draft: &Draft,
    phone: &PhoneDraft,
    place: Place,
    groups: &Groups,
    found: &mut Findings,
) -> Option<Arc<RouteGroup<Box<str>>>> {
    let name = &phone.local_route_group;
    if name.is_empty() {
        return None;
    }
    let group = groups.get(name).map(Arc::clone);
    let is_written = || draft.plan.route_groups.iter().any(|group| group.name == *name);
    if group.is_none() && !is_written() {
        found.unknown(place, "local_route_group", name, groups.keys().map(|name| &**name));
    }
    group
}
