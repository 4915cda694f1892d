//! The trunks that a call would try, in their order.

use strowger_callcontrol::follow::{End, Followed};
use strowger_dialplan::route_list::{GroupReference, RouteListMember};
use strowger_dialplan::{Action, Decision, MemberChange, Outpulsed, RouteTarget, Trace};

use super::{Answer, Way};

/// One member of a route list.
pub(super) struct Attempt<'a> {
    pub(super) group: &'a str,
    /// The trunks, and whether each is there.
    pub(super) trunks: Vec<(&'a str, bool)>,
    pub(super) numbers: Outpulsed,
}

impl Answer<'_> {
    /// The trunks in the order in which they would be tried, with the numbers that each would be sent.
    pub(super) fn attempts<'a>(&'a self, trace: Option<&Trace>) -> Vec<Attempt<'a>> {
        let Some(trace) = trace else { return Vec::new() };
        let Some(Decision::Routed(routed)) = trace.analysis().decision() else { return Vec::new() };
        let to = match self.pattern(routed.pattern).map(|row| &row.action) {
            Some(Action::Route(route)) => &route.to,
            Some(
                Action::Line(_)
                | Action::Translate(_)
                | Action::Hunt { .. }
                | Action::Service(_)
                | Action::Feature(_)
                | Action::Block(_),
            )
            | None => return Vec::new(),
        };
        let RouteTarget::RouteList(list) = to else { return Vec::new() };
        let Some(list) = self.configuration.route_lists.get(list) else { return Vec::new() };
        let attempt = |member| self.attempt(trace, member);
        list.members().iter().filter_map(attempt).collect()
    }

    fn attempt<'a>(
        &'a self,
        trace: &Trace,
        member: &'a RouteListMember<Box<str>, MemberChange>,
    ) -> Option<Attempt<'a>> {
        let numbers = trace.analysis().outpulsed(&member.transformation)?;
        let group = match (&member.group, self.local_groups) {
            (GroupReference::Group(group), _) => Some(group),
            (reference @ (GroupReference::StandardLocal | GroupReference::Local(_)), Some(local)) => {
                reference.resolve(local)
            }
            (GroupReference::StandardLocal | GroupReference::Local(_), None) => None,
        };
        let trunks = group.map_or(&[][..], |group| group.devices());
        let trunk = |name: &'a str| {
            let there = self.configuration.trunks.get(name).is_none_or(|trunk| trunk.is_there);
            (name, there)
        };
        let trunks = trunks.iter().map(|name| trunk(name)).collect();
        Some(Attempt { group: member.group.name(), trunks, numbers })
    }

    /// What the call does in the end, where it ends neither at a line or hunt nor at nothing.
    pub(super) fn last_action<'a>(&'a self, followed: Option<&Followed<'a>>) -> Option<&'a Action> {
        match (followed.map(|followed| &followed.end), &self.way) {
            (Some(End::Elsewhere(action)), _) => Some(action),
            (Some(_), _) | (None, Way::Name(None)) => None,
            (None, Way::Number(trace)) => match trace.analysis().decision() {
                Some(Decision::Routed(routed)) => Some(&self.pattern(routed.pattern)?.action),
                Some(Decision::Blocked { .. } | Decision::Rejected(_)) | None => None,
            },
            (None, Way::Name(Some(found))) => Some(found.action),
        }
    }

    /// The trunks that are there, in the order in which the call would try them.
    pub(super) fn trunks(&self, followed: Option<&Followed<'_>>) -> Vec<String> {
        let Some(Action::Route(route)) = self.last_action(followed) else { return Vec::new() };
        match &route.to {
            RouteTarget::Trunk(name) => {
                let there = self.configuration.trunks.get(name).is_none_or(|trunk| trunk.is_there);
                there.then(|| name.to_string()).into_iter().collect()
            }
            RouteTarget::RouteList(_) => {
                let attempts = self.attempts(self.last_trace(followed));
                let trunks = attempts.iter().flat_map(|attempt| &attempt.trunks);
                trunks.filter(|(_, there)| *there).map(|(name, _)| (*name).to_owned()).collect()
            }
        }
    }
}
