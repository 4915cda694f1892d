//! How much of everything a dial plan may have, and between which bounds its parameters lie.

use strowger_base::{Cause, limits};
use strowger_dialplan::route_list::OUT_OF_BANDWIDTH;
use strowger_dialplan::{Parameters, PartitionId, SearchSpace};

use super::build::{Findings, Plain};
use super::plan::PlanDraft;
use super::{Draft, Place, Problem};

/// Whether the plan is small enough to be built; what is too much goes to `found`.
pub(super) fn counts(draft: &Draft, lines: usize, found: &mut Findings) -> bool {
    let plan = &draft.plan;
    let patterns = lines
        + draft.services.len()
        + plan.translations.len()
        + plan.routes.len()
        + plan.blocks.len()
        + plan.features.len()
        + plan.directory_uris.len()
        + plan.hunt_pilots.len()
        + plan.calling_transformations.len()
        + plan.called_transformations.len();
    let all = [
        ("the number table", patterns, limits::PATTERNS),
        ("partition", plan.partitions.len(), limits::PARTITIONS),
        ("search_space", plan.search_spaces.len(), limits::SEARCH_SPACES),
        ("route_group", plan.route_groups.len(), limits::ROUTE_LISTS),
        ("route_list", plan.route_lists.len(), limits::ROUTE_LISTS),
    ];
    all.into_iter()
        .fold(true, |fits, (what, count, most)| found.count(Place::Node, what, count, most) && fits)
}

/// Whether every parameter lies between its bounds.
pub(super) fn parameters(plan: &PlanDraft, found: &mut Findings) {
    let Parameters { interdigit_timer, translations_max, .. } = plan.parameters;
    let (least, most) = (Parameters::INTERDIGIT_TIMER_MIN, Parameters::INTERDIGIT_TIMER_MAX);
    found.range(Place::Node, "interdigit_timer", interdigit_timer, least, most);
    let most = Plain(limits::TRANSLATIONS);
    found.range(Place::Node, "translations_max", Plain(translations_max), Plain(1), most);
    for cause in &plan.route_lists_rule.continue_on {
        if let Some(why) = not_to_continue_on(*cause) {
            let problem = Problem::Malformed { found: cause.0.to_string().into(), why: why.into() };
            found.add(Place::Node, "continue_routing_on", problem);
        }
    }
}

/// Why a cause cannot stand among those after which the next trunk of a route list is tried.
fn not_to_continue_on(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::USER_BUSY => Some("stop_routing_on_busy says what happens after this cause"),
        Cause::UNALLOCATED_NUMBER => Some("stop_routing_on_unallocated says what happens after this cause"),
        OUT_OF_BANDWIDTH => Some("stop_routing_on_out_of_bandwidth says what happens after this cause"),
        Cause(0 | 128..) => Some("a cause is a number from 1 to 127"),
        Cause(_) => None,
    }
}

/// Characters of the names of what somebody sees, with one between each two.
pub(super) fn clause<'n>(space: &SearchSpace, name: impl Fn(PartitionId) -> &'n str) -> usize {
    // Everybody sees the null partition, whose name is empty: the last of them has nothing behind it.
    space.partitions().iter().map(|id| name(*id).chars().count() + 1).sum::<usize>().saturating_sub(2)
}
