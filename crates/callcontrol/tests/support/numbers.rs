//! What the ladders about numbers need: a trunk whose numbers become the plan's, patterns that say what is shown, and devices
//! that see numbers as transformation patterns show them.

use std::sync::Arc;

use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{IncomingNumbers, Line, Trunk};
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingSetting};
use strowger_dialplan::{
    Action, CalledChange, Caller, CallingChange, DialPlanBuilder, Digits, ExternalMask, NumberPattern,
    NumberView, Presentation, RoutePattern, RouteTarget, SearchSpace, Transformation, TransformationsBuilder,
};

pub(super) fn add(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    let rule = |strip, prefix| IncomingRule::new(strip, prefix).unwrap();
    let incoming = IncomingNumbers {
        calling: ByNumberType { unknown: IncomingSetting::Rule(rule(1, "+49")), ..ByNumberType::default() },
        called: ByNumberType { unknown: IncomingSetting::Rule(rule(2, "10")), ..ByNumberType::default() },
    };
    plan.partition("dora", None).unwrap();
    plan.literal("dora", "1004", Action::Line("1004".into())).unwrap();
    let caller = Arc::new(Caller::new(Digits::EMPTY, plan.search_space("dora", ["dora"]).unwrap()));
    let abroad = Trunk { incoming, overlap: true, caller: Arc::clone(&caller), ..Trunk::default() };
    configuration.trunks.insert("abroad".into(), abroad);
    let mut route = |pattern: &str, target: RouteTarget, number_presentation, name_presentation| {
        let mut route = RoutePattern::to(target);
        route.calling = CallingChange { number_presentation, name_presentation, ..CallingChange::default() };
        plan.add("", NumberPattern::new(pattern.parse().unwrap(), Action::Route(route))).unwrap();
    };
    use Presentation::{Allowed, Default, Restricted};
    let carrier = || RouteTarget::Trunk("carrier".into());
    route("*41", carrier(), Restricted, Default);
    route("*42", carrier(), Default, Restricted);
    route("*43", carrier(), Allowed, Default);
    route("*44", carrier(), Allowed, Allowed);
    route("*45", RouteTarget::RouteList("outside".into()), Default, Restricted);
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
    plan.add("dora", NumberPattern::new("*5.!".parse().unwrap(), Action::Route(route))).unwrap();
    let mut caller = Caller::new(number, dora_is_seen.search_space.clone());
    caller.external_mask = Some("+4930555XXXX".parse().unwrap());
    let line = Line {
        name: "Dora".into(),
        caller: Arc::new(caller),
        view: Some(Arc::new(view(&inside))),
        ..Line::default()
    };
    configuration.lines.insert("1004".into(), line);
    let through =
        |space: &SearchSpace| IncomingSetting::Rule(IncomingRule::new(0, "").unwrap().through(space.clone()));
    let incoming = IncomingNumbers {
        calling: ByNumberType { international: through(&inside), ..ByNumberType::default() },
        called: ByNumberType { unknown: through(&inside), ..ByNumberType::default() },
    };
    let view = Some(Arc::new(view(&outside)));
    let viewer = Trunk { incoming, view, caller: dora_is_seen, ..Trunk::default() };
    configuration.trunks.insert("viewer".into(), viewer);
}
