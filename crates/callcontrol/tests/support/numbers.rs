//! What the ladders about numbers need: a trunk whose numbers become the plan's, patterns that say what is shown.

use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{IncomingNumbers, Trunk};
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingSetting};
use strowger_dialplan::{
    Action, CallingChange, DialPlanBuilder, NumberPattern, Presentation, RoutePattern, RouteTarget,
};

pub(super) fn add(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    let rule = |strip, prefix| IncomingSetting::Rule(IncomingRule::new(strip, prefix).unwrap());
    let incoming = IncomingNumbers {
        calling: ByNumberType { unknown: rule(1, "+49"), ..ByNumberType::default() },
        called: ByNumberType { unknown: rule(2, "10"), ..ByNumberType::default() },
    };
    configuration.trunks.insert("abroad".into(), Trunk { incoming, overlap: true, ..Trunk::default() });
    let mut route = |pattern: &str, list: bool, number_presentation, name_presentation| {
        let mut route = RoutePattern::to(if list {
            RouteTarget::RouteList("outside".into())
        } else {
            RouteTarget::Trunk("carrier".into())
        });
        route.calling = CallingChange { number_presentation, name_presentation, ..CallingChange::default() };
        plan.add("", NumberPattern::new(pattern.parse().unwrap(), Action::Route(route))).unwrap();
    };
    use Presentation::{Allowed, Default, Restricted};
    route("*41", false, Restricted, Default);
    route("*42", false, Default, Restricted);
    route("*43", false, Allowed, Default);
    route("*44", false, Allowed, Allowed);
    route("*45", true, Default, Restricted);
}
