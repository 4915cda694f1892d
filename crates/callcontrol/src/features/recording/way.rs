//! The way to a recorder: its trunk, or what its number leads to in the search space of the profile, one recorder after another.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::journal::{Decision, RecordingNews, WhyNotRecorded};
use strowger_base::leg::Origin;
use strowger_base::{CallId, Cause, LegId, Now};
use strowger_dialplan::route_list::{
    DeviceState, Devices, Input, Output, RouteGroup, RouteListParameters, Selection,
};
use strowger_dialplan::{
    Action, Caller, Decision as Verdict, Digits, LaterHops, MemberChange, Outpulsed, Rotation, RouteTarget,
    Trace,
};

use super::session::Recording;
use crate::Configuration;
use crate::call::{RecordedCall, TrunkList};
use crate::configuration::{RecordingProfile, SrtpRule};
use crate::io::Outbox;
use crate::shared::Shared;

/// Where the recorder is that is called now.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// The trunk to it; empty when there is none.
    pub(super) trunk: Box<str>,
    /// Its number there.
    pub(super) number: Box<str>,
    /// The others, where the number leads to a route list.
    list: Option<Box<Listed>>,
}

/// Where a recording is in a route list of recorders.
#[derive(Debug)]
struct Listed {
    list: Arc<TrunkList>,
    selection: Selection<Box<str>, MemberChange>,
    /// The same before anything was tried.
    fresh: Selection<Box<str>, MemberChange>,
    /// What each member sends.
    numbers: Vec<Outpulsed>,
}

/// Whose recording it is, for the story.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose {
    pub(super) call: CallId,
    pub(super) party: LegId,
}

/// The trunks of a list, as far as they can be used.
struct Trunks<'s> {
    configuration: &'s Configuration,
    rotations: &'s mut BTreeMap<Box<str>, Rotation<Box<str>>>,
    /// Whether the recorder is sent keys.
    keys: bool,
}

impl Devices<Box<str>> for Trunks<'_> {
    fn state(&self, device: &Box<str>) -> DeviceState {
        let trunk = self.configuration.trunks.get(device);
        let is_up =
            trunk.is_none_or(|trunk| trunk.is_there && !(self.keys && trunk.srtp != SrtpRule::AsOffered));
        if is_up { DeviceState::Up } else { DeviceState::Down }
    }

    fn rotation(&mut self, group: &RouteGroup<Box<str>>) -> &mut Rotation<Box<str>> {
        self.rotations.entry(group.name().into()).or_default()
    }
}

impl Way {
    /// The way that a profile names for a device.
    pub(super) fn find<'p>(
        now: Now,
        whose: Whose,
        (profile, device): (&'p RecordingProfile, &Origin),
        keys: bool,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Result<Way, WhyNotRecorded<'p>> {
        let configuration = Arc::clone(&shared.configuration);
        let is_there = |trunk: &str| configuration.trunks.get(trunk).is_some_and(|trunk| trunk.is_there);
        let no_recorder = WhyNotRecorded::NoRecorder { profile: &profile.name };
        if !profile.trunk.is_empty() {
            let way = Way { trunk: profile.trunk.clone(), number: profile.number.clone(), list: None };
            return if is_there(&way.trunk) { Ok(way) } else { Err(no_recorder) };
        }
        let no_route = WhyNotRecorded::NoRoute { profile: &profile.name, number: &profile.number };
        let plan = &configuration.plan;
        let trace = look_up(now, profile, &configuration).ok_or(no_route)?;
        let Some(Verdict::Routed(routed)) = trace.analysis().decision() else { return Err(no_route) };
        let row = plan.pattern(routed.pattern).ok_or(no_route)?;
        let Action::Route(route) = &row.action else { return Err(no_route) };
        // Nobody is there to key in a code.
        if routed.codes.any() {
            return Err(no_route);
        }
        let to = match &route.to {
            RouteTarget::Trunk(trunk) => &**trunk,
            RouteTarget::RouteList(list) => &**list,
        };
        let news = RecordingNews::Routed {
            number: &profile.number,
            pattern: row.pattern.text(),
            partition: plan.partition_of(routed.pattern),
            to,
        };
        out.decide(now, whose.call, Some(whose.party), Decision::Recording(news));
        match &route.to {
            RouteTarget::Trunk(trunk) if is_there(trunk) => {
                Ok(Way { trunk: trunk.clone(), number: routed.called.as_str().into(), list: None })
            }
            RouteTarget::Trunk(_) => Err(no_recorder),
            RouteTarget::RouteList(name) => {
                let list = configuration.route_lists.get(name).ok_or(no_recorder)?;
                let groups = configuration
                    .calling_phone(device)
                    .map(|phone| configuration.whereabouts(phone, None).local_route_groups().clone());
                let rule = Arc::new(any_cause());
                let fresh = Selection::new(Arc::clone(list), groups.unwrap_or_default(), rule);
                let members = list.members().iter();
                let numbers =
                    members.filter_map(|member| trace.analysis().outpulsed(&member.transformation)).collect();
                let listed = Listed { list: Arc::clone(list), selection: fresh.clone(), fresh, numbers };
                let mut way = Way { list: Some(Box::new(listed)), ..Way::default() };
                way.goes_on(now, whose, (Input::Started, keys), shared, out).then_some(way).ok_or(no_recorder)
            }
        }
    }

    /// The next recorder of the list; false when there is none.
    fn goes_on(
        &mut self,
        now: Now,
        whose: Whose,
        (input, keys): (Input, bool),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let Some(listed) = &mut self.list else { return false };
        let configuration = Arc::clone(&shared.configuration);
        let mut found = Vec::new();
        let mut trunks = Trunks { configuration: &configuration, rotations: &mut shared.rotations, keys };
        listed.selection.handle(input, &mut trunks, &mut found);
        let name = listed.list.name();
        let group =
            |member: usize| listed.list.members().get(member).map_or("", |member| member.group.name());
        for output in &found {
            let decision = match output {
                Output::Try { device, member, .. } => {
                    let group = group(*member);
                    let tried = Decision::RouteTried { list: name, group, trunk: device };
                    out.decide(now, whose.call, Some(whose.party), tried);
                    self.trunk.clone_from(device);
                    if let Some(numbers) = listed.numbers.get(*member) {
                        self.number = numbers.called.as_str().into();
                    }
                    return true;
                }
                Output::Skipped { device, .. } => Decision::TrunkSkipped { list: name, trunk: device },
                Output::NoLocalGroup { member } => {
                    Decision::NoLocalRouteGroup { list: name, group: group(*member) }
                }
                Output::Stopped { .. } => continue,
                Output::Exhausted { cause } => Decision::RouteListExhausted { list: name, cause: *cause },
            };
            out.decide(now, whose.call, Some(whose.party), decision);
        }
        false
    }
}

impl Recording {
    const fn whose(&self) -> Whose {
        Whose { call: self.call, party: self.party }
    }

    /// Takes bandwidth to the recorder that is called next; one to which there is none is passed over. False when there is room to none.
    pub(super) fn admit(
        &mut self,
        now: Now,
        view: &RecordedCall,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let (configuration, keys) = (Arc::clone(&shared.configuration), self.wants_keys(view));
        while self.take(&mut shared.bandwidth, view, &configuration).is_err() {
            if !self.another(now, (Cause::OUT_OF_BANDWIDTH, keys), shared, out) {
                return false;
            }
        }
        true
    }

    /// The recorder is not to be had: whether there is another one at once. Otherwise the first of all has its turn when the time has come.
    pub(super) fn another(
        &mut self,
        now: Now,
        (cause, keys): (Cause, bool),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let whose = self.whose();
        if self.way.goes_on(now, whose, (Input::Failed(cause), keys), shared, out) {
            self.news(now, RecordingNews::NextRecorder { cause }, out);
            return true;
        }
        if let Some(listed) = &mut self.way.list {
            listed.selection = listed.fresh.clone();
            // Where none can be used now, the last one is called again.
            self.way.goes_on(now, whose, (Input::Started, keys), shared, out);
        }
        false
    }
}

fn look_up(now: Now, profile: &RecordingProfile, configuration: &Configuration) -> Option<Trace> {
    let digits = Digits::parse(&profile.number).ok()?;
    let plan = &configuration.plan;
    let search_space = match &*profile.search_space {
        "" => strowger_dialplan::SearchSpace::null(),
        name => plan.search_space(name)?.clone(),
    };
    let caller = Arc::new(Caller::new(Digits::EMPTY, search_space));
    Some(Trace::forwarded(plan, caller, LaterHops::default(), &digits, now.wall))
}

/// Recorders take each other's place whatever it is that one of them says.
fn any_cause() -> RouteListParameters {
    RouteListParameters {
        stop_on_busy: false,
        stop_on_unallocated: false,
        stop_on_out_of_bandwidth: false,
        continue_on: (1..=127).map(Cause).collect(),
    }
}
