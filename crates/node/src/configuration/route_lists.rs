//! Route groups and route lists as an operator writes them, and their way into call control.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_callcontrol::configuration::TrunkList;
use strowger_dialplan::MemberChange;
use strowger_dialplan::route_list::{
    GroupReference, LocalRouteGroups, RouteDistribution, RouteGroup, RouteListMember,
    STANDARD_LOCAL_ROUTE_GROUP,
};

use super::build::Findings;
use super::plan::{self, ChangeDraft};
use super::{Draft, Line, Place, Problem};

/// A route group.
#[derive(Clone, Default, Debug)]
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

type Groups = BTreeMap<Box<str>, Arc<RouteGroup<Box<str>>>>;

/// The route groups by name.
pub(super) fn groups(draft: &Draft, found: &mut Findings) -> Groups {
    let mut groups = Groups::new();
    for (index, written) in draft.plan.route_groups.iter().enumerate() {
        let place = Place::RouteGroup(index);
        let known = draft.trunks.iter().map(|trunk| &trunk.name).chain(&draft.trunks_planned);
        let known: Vec<&str> = known.map(|name| &**name).collect();
        for trunk in written.trunks.iter().filter(|trunk| !known.contains(&&***trunk)) {
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
    for (index, written) in draft.plan.route_lists.iter().enumerate() {
        let place = Place::RouteList(index);
        let mut members = Vec::with_capacity(written.members.len());
        for member in &written.members {
            let group = match groups.get(&member.group) {
                Some(group) => GroupReference::Group(Arc::clone(group)),
                None if *member.group == *STANDARD_LOCAL_ROUTE_GROUP => GroupReference::StandardLocal,
                None => {
                    found.unknown(place, "groups", &member.group, groups.keys().map(|name| &**name));
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
        match TrunkList::new(&written.name, members) {
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

/// What stands for the local route group when a line calls.
pub(super) fn local(
    line: &Line,
    place: Place,
    groups: &Groups,
    found: &mut Findings,
) -> LocalRouteGroups<Box<str>> {
    let mut local = LocalRouteGroups::default();
    if !line.local_route_group.is_empty() {
        local.standard = groups.get(&line.local_route_group).map(Arc::clone);
        if local.standard.is_none() {
            let known = groups.keys().map(|name| &**name);
            found.unknown(place, "local_route_group", &line.local_route_group, known);
        }
    }
    local
}
