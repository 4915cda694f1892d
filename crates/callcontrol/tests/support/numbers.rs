//! What the ladders about numbers need: a trunk whose numbers become the plan's, patterns that say what is shown, and devices
//! that see numbers as transformation patterns show them.

use std::sync::Arc;

use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{
    DevicePool, Home, IncomingNumbers, Line, LinePhone, PhoneSettings, Trunk, TrunkList,
};
use strowger_dialplan::mobility::{PoolPlace, Subnet};
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingSetting};
use strowger_dialplan::route_list::{
    GroupReference, LocalRouteGroups, RouteDistribution, RouteGroup, RouteListMember,
};
use strowger_dialplan::{
    Action, CalledChange, Caller, CallingChange, DialPlanBuilder, Digits, Emergency, ExternalMask,
    MemberChange, NumberPattern, NumberView, Presentation, RoutePattern, RouteTarget, SearchSpace,
    Transformation, TransformationsBuilder,
};

pub(super) fn add(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    let rule = |strip, prefix| IncomingRule::new(strip, prefix).unwrap();
    let incoming = IncomingNumbers {
        calling: ByNumberType { unknown: IncomingSetting::Rule(rule(1, "+49")), ..ByNumberType::default() },
        called: ByNumberType { unknown: IncomingSetting::Rule(rule(2, "10")), ..ByNumberType::default() },
        ..IncomingNumbers::default()
    };
    plan.partition("dora", None).unwrap();
    plan.literal("dora", "1004", Action::Line("1004".into())).unwrap();
    let caller = Arc::new(Caller::new(Digits::EMPTY, plan.search_space("dora", ["dora"]).unwrap()));
    let abroad = Trunk { incoming, overlap: true, caller: Arc::clone(&caller), ..Trunk::default() };
    configuration.trunks.insert("abroad".into(), abroad);
    let mut route = |pattern: &str, target: RouteTarget, number_presentation, name_presentation| {
        let mut route = RoutePattern::to(target);
        route.calling = CallingChange { number_presentation, name_presentation, ..CallingChange::default() };
        plan.add("", NumberPattern::new(pattern.parse().unwrap(), Action::from(route))).unwrap();
    };
    use Presentation::{Allowed, Default, Restricted};
    let carrier = || RouteTarget::Trunk("carrier".into());
    route("*41", carrier(), Restricted, Default);
    route("*42", carrier(), Default, Restricted);
    route("*43", carrier(), Allowed, Default);
    route("*44", carrier(), Allowed, Allowed);
    route("*45", RouteTarget::RouteList("outside".into()), Default, Restricted);
    let mut masked = RoutePattern::to(RouteTarget::RouteList("outside".into()));
    masked.calling.external_mask = ExternalMask::On;
    plan.add("", NumberPattern::new("*46".parse().unwrap(), Action::from(masked))).unwrap();
    views(plan, configuration, caller);
}

/// Spaces `in` and `out`: numbers from outside become the plan's, and those of the plan are sent with the mask of their line.
/// Line 1004 and trunk `viewer` see numbers so.
fn views(plan: &mut DialPlanBuilder, configuration: &mut Configuration, dora_is_seen: Arc<Caller>) {
    plan.partition("in", None).unwrap();
    plan.partition("out", None).unwrap();
    let mut space = |name: &str| plan.search_space(name, [name]).unwrap();
    let (inside, outside) = (space("in"), space("out"));
    let mut builder = TransformationsBuilder::new(&plan.clone().build());
    let change = |discard: &str, prefix: &str| CalledChange {
        discard: discard.parse().unwrap(),
        prefix: prefix.parse().unwrap(),
        ..CalledChange::default()
    };
    let plain = |change| Transformation { change, ..Transformation::default() };
    let hidden =
        Transformation { number_presentation: Presentation::Restricted, ..Transformation::default() };
    let masked = Transformation { external_mask: ExternalMask::On, ..Transformation::default() };
    builder.calling("in", r"\+49.!".parse().unwrap(), plain(change("PreDot", "0"))).unwrap();
    builder.calling("in", r"\+4940!".parse().unwrap(), hidden).unwrap();
    builder.calling("out", "10XX".parse().unwrap(), masked).unwrap();
    builder.called("out", "*5.!".parse().unwrap(), change("PreDot", "9")).unwrap();
    builder.called("in", "8.!".parse().unwrap(), change("PreDot", "100")).unwrap();
    configuration.transformations = builder.build();
    let view = |space: &SearchSpace| {
        let space = || Some(space.clone());
        NumberView { calling: space(), called: space(), connected: space(), redirecting: space() }
    };
    let number: Digits = "1004".parse().unwrap();
    let route = RoutePattern::to(RouteTarget::Trunk("viewer".into()));
    plan.add("dora", NumberPattern::new("*5.!".parse().unwrap(), Action::from(route))).unwrap();
    let mut caller = Caller::new(number, dora_is_seen.search_space.clone());
    caller.external_mask = Some("+4930555XXXX".parse().unwrap());
    let line = Line {
        name: "Dora".into(),
        external_mask: caller.external_mask.clone(),
        phones: Box::new([LinePhone {
            number: "1004".into(),
            dials: Arc::new(caller),
            settings: Arc::new(PhoneSettings {
                view: Some(Arc::new(view(&inside))),
                ..PhoneSettings::default()
            }),
            ..LinePhone::default()
        }]),
        ..Line::default()
    };
    configuration.lines.insert("1004", line);
    let through =
        |space: &SearchSpace| IncomingSetting::Rule(IncomingRule::new(0, "").unwrap().through(space.clone()));
    let incoming = IncomingNumbers {
        calling: ByNumberType { international: through(&inside), ..ByNumberType::default() },
        called: ByNumberType { unknown: through(&inside), ..ByNumberType::default() },
        ..IncomingNumbers::default()
    };
    let view = Some(Arc::new(view(&outside)));
    let viewer = Trunk { incoming, view, caller: dora_is_seen, ..Trunk::default() };
    configuration.trunks.insert("viewer".into(), viewer);
    pools(plan, configuration);
    shared(plan, configuration);
}

/// Line 1005 belongs to the pool `bonn`; `berlin` is in its mobility group, `paris` is not. Each has a gateway and a number
/// for emergency calls; the upper floor of berlin has one of its own. Trunk `transit` belongs to `berlin` too.
fn pools(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    for place in ["bonn", "berlin"] {
        plan.partition(place, None).unwrap();
        plan.search_space(place, [place]).unwrap();
        let mut route = RoutePattern::to(RouteTarget::RouteList("local".into()));
        route.called.prefix = if place == "bonn" { "1" } else { "2" }.parse().unwrap();
        plan.add(place, NumberPattern::new("*6!".parse().unwrap(), Action::from(route))).unwrap();
    }
    plan.partition("help", None).unwrap();
    let help = plan.search_space("help", ["help"]).unwrap();
    let mut route = RoutePattern::to(RouteTarget::RouteList("local".into()));
    route.emergency = Emergency::Yes;
    plan.add("help", NumberPattern::new("112".parse().unwrap(), Action::from(route))).unwrap();
    let member = |group| RouteListMember { group, transformation: MemberChange::default() };
    let members = vec![member(GroupReference::Local("pots".into())), member(GroupReference::StandardLocal)];
    let local = TrunkList::new("local", members).unwrap();
    configuration.route_lists.insert("local".into(), Arc::new(local));
    let pool = |name: &str, group: &str, number: &str| {
        let gateway = vec![Box::from(format!("{name}-gw"))];
        let gateway = Arc::new(RouteGroup::new(name, gateway, RouteDistribution::TopDown).unwrap());
        let mut local_route_groups =
            LocalRouteGroups { standard: Some(gateway), ..LocalRouteGroups::default() };
        if name == "berlin" {
            let pots =
                RouteGroup::new("pots", vec!["berlin-pots".into()], RouteDistribution::TopDown).unwrap();
            local_route_groups.named.insert("pots".into(), Arc::new(pots));
        }
        Arc::new(DevicePool {
            name: name.into(),
            place: PoolPlace { physical_location: Some(name.into()), mobility_group: Some(group.into()) },
            mobility_space: plan.named_search_space(name).cloned(),
            local_route_groups,
            emergency_number: Some(number.parse().unwrap()),
            incoming_calling: ByNumberType {
                unknown: IncomingRule::new(1, "+49").ok(),
                ..ByNumberType::default()
            },
            ..DevicePool::default()
        })
    };
    let (bonn, berlin) = (pool("bonn", "de", "+49228110"), pool("berlin", "de", "+4930110"));
    let paris = pool("paris", "fr", "+331110");
    let line_space = help;
    let device_space = plan.named_search_space("bonn").unwrap();
    let mut caller = Caller::new("1005".parse().unwrap(), line_space.before(device_space));
    caller.emergency_number = bonn.emergency_number;
    let caller = Arc::new(caller);
    let settings = PhoneSettings {
        local_route_groups: bonn.local_route_groups.clone(),
        home: Some(Arc::new(Home { pool: Arc::clone(&bonn), line_space, roams: true })),
        ..PhoneSettings::default()
    };
    let phone = LinePhone {
        number: "1005".into(),
        dials: caller,
        settings: Arc::new(settings),
        ..LinePhone::default()
    };
    let line = Line { name: "Emil".into(), phones: Box::new([phone]), ..Line::default() };
    configuration.lines.insert("1005", line);
    let subnet = |first: &str, bits| Subnet::new(first.parse().unwrap(), bits).unwrap();
    let map = &mut configuration.mobility.map;
    map.add("bonn", &[subnet("10.1.0.0", 16)], vec![bonn]).unwrap();
    map.add("berlin", &[subnet("10.2.0.0", 16)], vec![Arc::clone(&berlin)]).unwrap();
    let transit = Trunk {
        caller: Arc::new(Caller::new(Digits::EMPTY, plan.named_search_space("berlin").unwrap().clone())),
        incoming: IncomingNumbers {
            significant_digits: Some(1),
            prefix: "*6".into(),
            ..IncomingNumbers::default()
        },
        pool: Some(Arc::clone(&berlin)),
        ..Trunk::default()
    };
    configuration.trunks.insert("transit".into(), transit);
    map.add("upper floor", &[subnet("10.2.7.0", 24)], vec![berlin]).unwrap();
    map.add("paris", &[subnet("10.3.0.0", 16)], vec![paris]).unwrap();
    configuration.mobility.emergency_numbers.insert("upper floor".into(), "+4930117".parse().unwrap());
}

/// Line 1006 stands on two phones: `mobile` is as that of line 1005, `desk` does not roam, has a mask of its own, sees numbers
/// otherwise, and may dial `*5`.
fn shared(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    plan.literal("dora", "1006", Action::Line("1006".into())).unwrap();
    let dora = plan.named_search_space("dora").unwrap();
    let emil = &configuration.lines.get("1005").unwrap().phones[0];
    let mobile = LinePhone {
        name: Some("mobile".into()),
        number: "1006".into(),
        dials: Arc::clone(&emil.dials),
        settings: Arc::clone(&emil.settings),
        ..LinePhone::default()
    };
    let mut caller = Caller::clone(&mobile.dials);
    caller.search_space = caller.search_space.before(dora);
    caller.external_mask = Some("+4930777XXXX".parse().unwrap());
    let dora_sees = &configuration.lines.get("1004").unwrap().phones[0].settings.view;
    let mut settings = PhoneSettings { view: dora_sees.clone(), ..PhoneSettings::clone(&mobile.settings) };
    settings.home = settings.home.map(|home| Arc::new(Home { roams: false, ..Home::clone(&home) }));
    let desk = LinePhone {
        name: Some("desk".into()),
        number: "1006".into(),
        dials: Arc::new(caller),
        settings: Arc::new(settings),
        ..LinePhone::default()
    };
    let line = Line {
        name: "Frieda".into(),
        external_mask: Some("+4930555XXXX".parse().unwrap()),
        phones: Box::new([mobile, desk]),
        ..Line::default()
    };
    configuration.lines.insert("1006", line);
}
