//! The numbers of a paging group: each is looked up when somebody pages, and leads to the phones of a line or out to a gateway.

use std::sync::Arc;

use strowger_base::LineName;
use strowger_base::leg::Target;
use strowger_dialplan::route_list::Input;
use strowger_dialplan::{
    Action, Analysis, Arrival, Caller, Decision as Verdict, Digits, Emergency, RouteTarget, SearchSpace,
};

use super::member::{self, Lost, Part};
use super::{Page, WhyNotPaged};
use crate::call::Step;
use crate::call::way::Routing;
use crate::configuration::PagingGroup;
use crate::io::Reach;

/// Where a number of a group leads.
pub(super) enum Led {
    /// To all phones of a line.
    Line(LineName),
    /// Out to a gateway: its trunk, and the digits that it is sent.
    Trunk(Box<str>, Box<str>),
    /// Out through a route list.
    List(Box<Routing>),
}

impl Step<'_> {
    /// Where the numbers of a group lead; `None` where that is to nobody who could be paged.
    pub(super) fn led(&self, group: &PagingGroup) -> Vec<(Box<str>, Option<Led>)> {
        let caller = Arc::new(Caller {
            number: Digits::parse(&self.facts.calling.number).unwrap_or_default(),
            search_space: group.search_space.clone().unwrap_or_else(SearchSpace::null),
            ..Caller::default()
        });
        group.numbers.iter().map(|number| (number.clone(), self.led_by(&caller, number))).collect()
    }

    fn led_by(&self, caller: &Arc<Caller>, number: &str) -> Option<Led> {
        let configuration = &self.shared.configuration;
        let digits = Digits::parse(number).ok()?;
        let plan = &configuration.plan;
        let analysis = Analysis::of(plan, Arc::clone(caller), Arrival::EnBloc, &digits, self.now.wall);
        let Some(Verdict::Routed(routed)) = analysis.decision() else { return None };
        // Nobody is there who could key a code, and an emergency service is no amplifier.
        if routed.codes.any() || routed.emergency == Emergency::Yes {
            return None;
        }
        match &plan.pattern(routed.pattern)?.action {
            Action::Line(line) => {
                configuration.intercom(line.as_str()).is_none().then(|| Led::Line(line.clone()))
            }
            Action::Route(route) => match &route.to {
                RouteTarget::Trunk(trunk) => Some(Led::Trunk(trunk.clone(), routed.called.as_str().into())),
                RouteTarget::RouteList(name) => {
                    let list = configuration.route_lists.get(name)?;
                    Some(Led::List(Box::new(Routing::new(self, list, &analysis))))
                }
            },
            Action::Translate(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Feature(_)
            | Action::Block(_) => None,
        }
    }

    /// A gateway behind a trunk is called for the page.
    pub(super) fn seat_gateway(&mut self, page: &mut Page, trunk: &str, number: Box<str>) {
        let trunks = &self.shared.configuration.trunks;
        if trunks.get(trunk).is_some_and(|trunk| !trunk.is_there) {
            return self.pass_over(page, trunk, "", WhyNotPaged::NotThere);
        }
        self.seat_member(page, Target::Trunk(trunk.into()), number, Reach::Direct);
    }

    /// The first gateway of a route list is called for the page.
    pub(super) fn seat_by_list(&mut self, page: &mut Page, number: &str, mut list: Box<Routing>) {
        match list.next_beside(self, Input::Started) {
            Ok((trunk, digits)) => self.seat_routed(page, trunk, digits, list),
            Err(_) => self.pass_over(page, number, "", WhyNotPaged::NotThere),
        }
    }

    /// Somebody is out of the page. Where a route list led to him, its next gateway is called, as long as anybody may come at all.
    pub(super) fn lose_or_go_on(&mut self, page: &mut Page, at: usize, lost: Lost) {
        let cause = match &lost {
            Lost::Device(failure) => failure.cause,
            Lost::Ours(why) => member::cause(*why),
        };
        let waits = page.timer.is_some();
        let comes = |part: Part| matches!(part, Part::Seating | Part::Ringing);
        let member = page.members.get_mut(at).filter(|member| waits && comes(member.part));
        let list = member.and_then(|member| member.list.take());
        self.lose(page, at, lost);
        if let Some(mut list) = list
            && let Ok((trunk, digits)) = list.next_beside(self, Input::Failed(cause))
        {
            self.seat_routed(page, trunk, digits, list);
        }
    }

    fn seat_routed(&mut self, page: &mut Page, trunk: Box<str>, digits: Box<str>, list: Box<Routing>) {
        self.seat_member(page, Target::Trunk(trunk), digits, Reach::Direct);
        if let Some(member) = page.members.last_mut() {
            member.list = Some(list);
        }
    }
}
