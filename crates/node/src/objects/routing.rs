//! Route groups and route lists.

use strowger_configuration::State;
use strowger_configuration::kinds::{self, RouteGroup, RouteList};
use strowger_dialplan::route_list::RouteDistribution;

use super::patterns::change;
use super::{Translation, name, text};
use crate::configuration::{Place, RouteGroupDraft, RouteListDraft, RouteListMemberDraft};

impl Translation<'_> {
    /// Ways out of the system.
    pub(super) fn routing(&mut self) {
        self.each(|draft| &mut draft.plan.route_groups, Place::RouteGroup, route_group);
        self.each(|draft| &mut draft.plan.route_lists, Place::RouteList, route_list);
    }
}

fn route_group(state: &State, it: &RouteGroup) -> RouteGroupDraft {
    let device = |member: &kinds::RouteGroupMember| match member.gateway {
        Some(gateway) => name(state, Some(gateway)),
        None => name(state, member.trunk),
    };
    RouteGroupDraft {
        name: it.name.as_str().into(),
        trunks: it.members.iter().map(device).collect(),
        distribution: match it.distribution {
            kinds::RouteDistribution::TopDown => RouteDistribution::TopDown,
            kinds::RouteDistribution::Circular => RouteDistribution::Circular,
        },
    }
}

fn route_list(state: &State, it: &RouteList) -> RouteListDraft {
    let member = |member: &kinds::RouteListMember| RouteListMemberDraft {
        group: match &member.local_route_group {
            Some(local) => text(Some(local.as_str())),
            None => name(state, member.route_group),
        },
        change: change(member.change.as_deref()),
    };
    RouteListDraft { name: it.name.as_str().into(), members: it.members.iter().map(member).collect() }
}
