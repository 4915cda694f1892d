//! The dial plan and the settings with which every script begins.

use std::sync::Arc;

use strowger_base::Cause;
use strowger_base::leg::Service;
use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{Line, Trunk, TrunkList};
use strowger_dialplan::codes::CodeTable;
use strowger_dialplan::route_list::{GroupReference, RouteDistribution, RouteGroup, RouteListMember};
use strowger_dialplan::{
    Action, CalledChange, CodesRequired, DialPlanBuilder, MemberChange, NextSearchSpace, NumberPattern,
    Parameters, RoutePattern, RouteTarget, Translation,
};

use super::{numbers, places, ways};

pub(super) fn configuration() -> Configuration {
    let mut configuration = Configuration::empty();
    let mut plan = DialPlanBuilder::new(Parameters::default());
    for (number, name) in [("1001", "Alice"), ("1002", "Bob"), ("1003", "Carol")] {
        plan.literal("", number, Action::Line(number.into())).unwrap();
        let line = Line { name: name.into(), ..Line::default() };
        configuration.lines.insert(number, line);
    }
    plan.literal("", "9999", Action::Service(Box::new(Service::Echo))).unwrap();
    ways::prepare(&mut plan, &mut configuration);
    places::prepare(&mut plan);
    let mut pattern = |pattern: &str, action| {
        plan.add("", NumberPattern::new(pattern.parse().unwrap(), action)).unwrap();
    };
    pattern("0!", Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into()))));
    pattern("00!", Action::Block(Cause::OUTGOING_CALLS_BARRED));
    let mut outside = RoutePattern::to(RouteTarget::Trunk("carrier".into()));
    outside.called.discard = "PreDot".parse().unwrap();
    outside.outside_dial_tone = true;
    pattern("8.XXX", Action::from(outside.clone()));
    pattern("8.XX!", Action::from(outside));
    let mut translation = Translation::to(NextSearchSpace::Originator);
    translation.called.mask = Some("1002".parse().unwrap());
    pattern("77", Action::from(translation));
    let mut waits = Translation::to(NextSearchSpace::Originator);
    waits.called.mask = Some("8123".parse().unwrap());
    pattern("*9", Action::from(waits));
    let mut round = Translation::to(NextSearchSpace::Originator);
    round.called.prefix = "".parse().unwrap();
    pattern("66", Action::from(round));
    pattern("3.!", {
        let mut route = RoutePattern::to(RouteTarget::RouteList("outside".into()));
        route.called.discard = "PreDot".parse().unwrap();
        Action::from(route)
    });
    pattern("9.XXX", Action::from(asking(Some(10), false, RouteTarget::Trunk("carrier".into()))));
    pattern("2.!", Action::from(asking(Some(0), true, RouteTarget::RouteList("outside".into()))));
    pattern("6[1-3]X", Action::from(asking(None, true, RouteTarget::Trunk("carrier".into()))));
    let mut beside = Translation::to(NextSearchSpace::Originator);
    beside.called.mask = Some("2555".parse().unwrap());
    pattern("55", Action::from(beside));
    let name = asking(Some(10), false, RouteTarget::Trunk("carrier".into()));
    plan.name("", "operator", Action::from(name)).unwrap();
    let mut codes = CodeTable::new();
    codes.add_authorization("1234", "Ada", 10).unwrap();
    codes.add_authorization("77", "Bert", 3).unwrap();
    codes.add_matter("567", "Smith against Jones").unwrap();
    configuration.codes = Arc::new(codes);
    let carrier = Action::from(RoutePattern::to(RouteTarget::Trunk("carrier".into())));
    plan.host("", "example.com", carrier).unwrap();
    configuration.route_lists.insert("outside".into(), route_list());
    let gone = Trunk { is_there: false, ..Trunk::default() };
    configuration.trunks.insert("planned".into(), gone);
    numbers::add(&mut plan, &mut configuration);
    configuration.plan = plan.build();
    configuration.address = "198.51.100.1".parse().unwrap();
    configuration
}

/// A route that asks for codes.
fn asking(authorization_level: Option<u8>, client_matter: bool, to: RouteTarget) -> RoutePattern {
    let mut route = RoutePattern::to(to);
    if authorization_level.is_some() {
        route.called.discard = "PreDot".parse().unwrap();
    }
    route.codes = CodesRequired { authorization_level, client_matter };
    route
}

/// Two trunks from the top, then two in turns with an 8 before the number.
fn route_list() -> Arc<TrunkList> {
    let group = |name: &str, trunks: &[&str], distribution| {
        let trunks = trunks.iter().map(|trunk| Box::from(*trunk)).collect();
        GroupReference::Group(Arc::new(RouteGroup::new(name, trunks, distribution).unwrap()))
    };
    let called = CalledChange { prefix: "8".parse().unwrap(), ..CalledChange::default() };
    let changed = MemberChange { called: Some(called), calling: None };
    let members = vec![
        RouteListMember {
            group: group("first", &["planned", "t1"], RouteDistribution::TopDown),
            transformation: MemberChange::default(),
        },
        RouteListMember { group: GroupReference::StandardLocal, transformation: MemberChange::default() },
        RouteListMember {
            group: group("second", &["t2", "t3"], RouteDistribution::Circular),
            transformation: changed,
        },
    ];
    Arc::new(TrunkList::new("outside", members).unwrap())
}
