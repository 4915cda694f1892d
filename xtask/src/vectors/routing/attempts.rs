//! The members of a route list, tried until none is left, with the numbers that each sends.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::Cause;
use strowger_dialplan::route_list::{
    DeviceState, Devices, GroupReference, Input, LocalRouteGroups, Output, RouteDistribution, RouteGroup,
    RouteList, RouteListMember, Selection,
};
use strowger_dialplan::{Analysis, Decision, MemberChange, Rotation};

use super::Attempt;

/// What vectors write for the route group that the caller's device pool names.
const LOCAL: &str = "<local>";

pub(super) fn of(
    analysis: &Analysis,
    lists: &BTreeMap<String, Vec<(String, MemberChange)>>,
    local: Option<&str>,
) -> Result<Vec<Attempt>, String> {
    let Some(Decision::Routed(routed)) = analysis.decision() else { return Ok(Vec::new()) };
    let list = analysis.plan().pattern(routed.pattern).and_then(|pattern| lists.get(&*pattern.name));
    let Some(members) = list else { return Ok(Vec::new()) };
    let members = members.iter().map(|(name, change)| {
        let group =
            if name == LOCAL { GroupReference::StandardLocal } else { GroupReference::Group(group(name)?) };
        Ok(RouteListMember { group, transformation: change.clone() })
    });
    let members = members.collect::<Result<Vec<_>, String>>()?;
    let list = Arc::new(RouteList::new("route list", members).map_err(|error| error.to_string())?);
    let pool = LocalRouteGroups { standard: local.map(group).transpose()?, ..LocalRouteGroups::default() };
    let mut selection = Selection::new(Arc::clone(&list), pool, Arc::default());
    let mut attempts = Vec::new();
    let mut input = Input::Started;
    while !selection.is_over() {
        let mut out = Vec::new();
        selection.handle(input, &mut AllUp::default(), &mut out);
        for output in out {
            let Output::Try { device, member, because: _ } = output else { continue };
            let change = list.members().get(member).map(|member| &member.transformation);
            if let Some(sent) = change.and_then(|change| analysis.outpulsed(change)) {
                attempts.push(Attempt {
                    group: device,
                    called: sent.called.to_string(),
                    calling: sent.calling.number.to_string(),
                });
            }
        }
        // Congestion: the next one is tried.
        input = Input::Failed(Cause::SWITCHING_EQUIPMENT_CONGESTION);
    }
    Ok(attempts)
}

/// A route group of one device, which bears its name.
fn group(name: &str) -> Result<Arc<RouteGroup<String>>, String> {
    let group = RouteGroup::new(name, vec![name.to_owned()], RouteDistribution::TopDown);
    group.map(Arc::new).map_err(|error| error.to_string())
}

/// Devices that all can be given calls.
#[derive(Default)]
struct AllUp {
    rotation: Rotation<String>,
}

impl Devices<String> for AllUp {
    fn state(&self, _: &String) -> DeviceState {
        DeviceState::Up
    }

    fn rotation(&mut self, _: &RouteGroup<String>) -> &mut Rotation<String> {
        &mut self.rotation
    }
}
