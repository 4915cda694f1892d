//! A route list: one trunk after another, until one keeps the call.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::Cause;
use strowger_base::journal::{Decision, WhyRefused};
use strowger_base::leg::{Origin, Party, ReleaseReason, Target};
use strowger_dialplan::route_list::{DeviceState, Devices, Input, Output, RouteGroup, RouteList, Selection};
use strowger_dialplan::{Analysis, MemberChange, Outpulsed, Presented, Rotation};

use super::{Tried, Way};
use crate::call::admitting::NotAdmitted;
use crate::call::numbers::presented;
use crate::call::{Opening, State, Step};
use crate::configuration::Configuration;
use crate::io::Reach;

/// A route list of trunks.
pub type TrunkList = RouteList<Box<str>, MemberChange>;

/// Where a call is on its way through a route list.
#[derive(Debug)]
pub(in crate::call) struct Routing {
    list: Arc<TrunkList>,
    selection: Selection<Box<str>, MemberChange>,
    /// How the number was looked up.
    analysis: Box<Analysis>,
    /// The numbers that each member sends.
    numbers: Vec<Outpulsed>,
    /// The member whose trunk has the call.
    member: Option<usize>,
    /// Who calls, before any pattern said what is shown of it.
    came: Party,
}

/// The trunks, and whose turn it is among those of a group.
struct Trunks<'s> {
    configuration: &'s Configuration,
    rotations: &'s mut BTreeMap<Box<str>, Rotation<Box<str>>>,
}

impl Devices<Box<str>> for Trunks<'_> {
    fn state(&self, device: &Box<str>) -> DeviceState {
        let there = self.configuration.trunks.get(device).is_none_or(|trunk| trunk.is_there);
        if there { DeviceState::Up } else { DeviceState::Down }
    }

    fn rotation(&mut self, group: &RouteGroup<Box<str>>) -> &mut Rotation<Box<str>> {
        self.rotations.entry(group.name().into()).or_default()
    }
}

impl Routing {
    /// A number was routed to a list: its first trunk is tried.
    pub(in crate::call) fn enter(step: &mut Step<'_>, list: &Arc<TrunkList>, analysis: &Analysis) -> State {
        let mut routing = Box::new(Routing::new(step, list, analysis));
        match routing.next_admitted(step, Input::Started) {
            Ok(targets) => routing.rings(step, targets),
            Err(cause) => step.refuse(cause, WhyRefused::NoTrunkLeft { list: list.name() }),
        }
    }

    /// A trunk refused the call or could not be reached: the next one. One that rang in vain was the last.
    pub(super) fn go_on(mut self: Box<Self>, step: &mut Step<'_>, tried: Tried) -> State {
        match tried {
            Tried::NoAnswer => step.give_up(tried),
            Tried::Failed(failure) => {
                // Where it could go, the call would have gone.
                let declined = matches!(failure.reason, ReleaseReason::Refused(300..=399));
                let input =
                    if declined { Input::Declined(failure.cause) } else { Input::Failed(failure.cause) };
                match self.next_admitted(step, input) {
                    Ok(targets) => self.rings(step, targets),
                    Err(_) => step.give_up(tried),
                }
            }
        }
    }

    /// Whether there is a further trunk for a call that this one does not want.
    pub(in crate::call) fn goes_further(&self, step: &Step<'_>) -> bool {
        let configuration = &step.shared.configuration;
        let mut rotations = step.shared.rotations.clone();
        let mut trunks = Trunks { configuration, rotations: &mut rotations };
        let mut out = Vec::new();
        self.selection.clone().handle(Input::Declined(Cause::NORMAL_UNSPECIFIED), &mut trunks, &mut out);
        out.iter().any(|output| matches!(output, Output::Try { .. }))
    }

    /// Somebody else calls from here on: what is shown of who calls is what the patterns make of that one.
    pub(in crate::call) fn has_another_caller(&mut self, step: &mut Step<'_>) {
        self.came = step.facts.calling.clone();
        let caller = step.facts.dials.clone().unwrap_or_default();
        match self.analysis.for_another(Arc::clone(&caller), step.now.wall) {
            Some(analysis) => {
                self.numbers = numbers(&self.list, &analysis);
                *self.analysis = analysis;
            }
            // The way that the number went is gone: what is known of the new caller is shown as it is.
            None => {
                for numbers in &mut self.numbers {
                    numbers.calling = Presented::plain(caller.number);
                }
            }
        }
        if let Some(member) = self.member {
            self.send_as(step, member);
        }
    }

    fn rings(self: Box<Self>, step: &mut Step<'_>, targets: Vec<Target>) -> State {
        step.facts.way = Way::RouteList(self);
        Opening::admitted(step, targets, Reach::Direct)
    }

    /// The next trunk to which there is bandwidth, and with which there is a codec.
    fn next_admitted(&mut self, step: &mut Step<'_>, input: Input) -> Result<Vec<Target>, Cause> {
        let mut input = input;
        loop {
            let target = self.next(step, input)?;
            match step.admit(vec![target]) {
                Ok(targets) => return Ok(targets),
                Err(why @ NotAdmitted::NoRoom(_)) => input = Input::Failed(why.cause()),
                Err(why @ NotAdmitted::NoCodec { .. }) => input = Input::Declined(why.cause()),
            }
        }
    }

    /// A way through a list that nobody went yet.
    pub(in crate::call) fn new(step: &Step<'_>, list: &Arc<TrunkList>, analysis: &Analysis) -> Self {
        let configuration = &step.shared.configuration;
        let pool = match &step.facts.origin {
            origin @ Origin::Line { .. } => configuration.calling_phone(origin).map(|phone| {
                configuration.whereabouts(phone, step.facts.address).local_route_groups().clone()
            }),
            Origin::Trunk(trunk) => {
                configuration.trunks.get(trunk).and_then(|trunk| trunk.local_route_groups().cloned())
            }
        };
        Routing {
            list: Arc::clone(list),
            selection: Selection::new(
                Arc::clone(list),
                pool.unwrap_or_default(),
                Arc::clone(&configuration.route_lists_rule),
            ),
            numbers: numbers(list, analysis),
            analysis: Box::new(analysis.clone()),
            member: None,
            came: step.facts.calling.clone(),
        }
    }

    /// The trunk that comes now for somebody who is beside the two parties of the call, and what it is sent; the cause when nothing is
    /// left.
    pub(in crate::call) fn next_beside(
        &mut self,
        step: &mut Step<'_>,
        input: Input,
    ) -> Result<(Box<str>, Box<str>), Cause> {
        let (trunk, member) = self.select(step, input)?;
        let digits = self.numbers.get(member).map(|numbers| numbers.called.as_str().into());
        Ok((trunk, digits.unwrap_or_default()))
    }

    /// What to ring now; the cause when nothing is left.
    fn next(&mut self, step: &mut Step<'_>, input: Input) -> Result<Target, Cause> {
        let (trunk, member) = self.select(step, input)?;
        self.member = Some(member);
        self.send_as(step, member);
        Ok(Target::Trunk(trunk))
    }

    /// The trunk that comes now, and the member of the list that it belongs to.
    fn select(&mut self, step: &mut Step<'_>, input: Input) -> Result<(Box<str>, usize), Cause> {
        let configuration = Arc::clone(&step.shared.configuration);
        let mut out = Vec::new();
        let rotations = &mut step.shared.rotations;
        let mut trunks = Trunks { configuration: &configuration, rotations };
        self.selection.handle(input, &mut trunks, &mut out);
        let list = self.list.name();
        let mut ended = Cause::NO_ROUTE_TO_DESTINATION;
        for output in &out {
            match output {
                Output::Try { device, member, .. } => {
                    let group = self.list.members().get(*member).map_or("", |member| member.group.name());
                    step.decide(None, Decision::RouteTried { list, group, trunk: device });
                    return Ok((device.clone(), *member));
                }
                Output::Skipped { device, .. } => {
                    step.decide(None, Decision::TrunkSkipped { list, trunk: device });
                }
                Output::NoLocalGroup { member } => {
                    let group = self.list.members().get(*member).map_or("", |member| member.group.name());
                    step.decide(None, Decision::NoLocalRouteGroup { list, group });
                }
                Output::Stopped { cause, .. } => ended = *cause,
                Output::Exhausted { cause } => {
                    step.decide(None, Decision::RouteListExhausted { list, cause: *cause });
                    ended = *cause;
                }
            }
        }
        Err(ended)
    }

    /// The numbers as a member of the list wants them.
    fn send_as(&self, step: &mut Step<'_>, member: usize) {
        let Some(numbers) = self.numbers.get(member) else { return };
        step.facts.sent = numbers.called.as_str().into();
        step.facts.calling = self.came.clone();
        step.facts.came.get_or_insert_with(|| self.came.clone());
        presented(&mut step.facts.calling, &numbers.calling);
        if !numbers.calling.number.is_empty() {
            step.facts.calling.number = numbers.calling.number.as_str().into();
        }
    }
}

/// What each member of a list sends.
fn numbers(list: &TrunkList, analysis: &Analysis) -> Vec<Outpulsed> {
    list.members().iter().filter_map(|member| analysis.outpulsed(&member.transformation)).collect()
}
