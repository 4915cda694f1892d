//! Line groups, hunt lists and hunt pilots as an operator writes them, and their way into call control.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::{LineName, limits};
use strowger_callcontrol::configuration::{LineList, Pilot};
use strowger_dialplan::DialPlan;
use strowger_dialplan::hunt::{
    HuntList, HuntPilot, LineGroup, LineGroupOptions, MAXIMUM_HUNT_TIMER, MAXIMUM_HUNT_TIMER_MAX,
    RING_NO_ANSWER_REVERSION_MAX, WhenExhausted,
};

use super::build::{Findings, Plain};
use super::plan::{self, PatternDraft};
use super::{Draft, Place, Problem, forwards};

/// A line group.
#[derive(Clone, Default, Debug)]
pub struct LineGroupDraft {
    /// Its name.
    pub name: Box<str>,
    /// The lines.
    pub members: Vec<LineName>,
    /// How it behaves.
    pub options: LineGroupOptions,
}

/// A hunt list.
#[derive(Clone, Default, Debug)]
pub struct HuntListDraft {
    /// Its name.
    pub name: Box<str>,
    /// Line groups by name, in the order in which they are tried.
    pub groups: Vec<Box<str>>,
}

/// A hunt pilot.
#[derive(Clone, Debug)]
pub struct HuntPilotDraft {
    /// The pattern.
    pub pattern: PatternDraft,
    /// The hunt list's name.
    pub hunt_list: Box<str>,
    /// How long a hunt may take, 1 to 3600 s.
    pub maximum: Duration,
    /// When nobody took the call; the search space by its name, the null partition alone when that is empty.
    pub exhausted: WhenExhausted<Box<str>>,
}

impl HuntPilotDraft {
    /// A pilot in no partition with every default.
    pub fn new(pattern: &str, hunt_list: &str) -> Self {
        HuntPilotDraft {
            pattern: PatternDraft { pattern: pattern.into(), ..PatternDraft::default() },
            hunt_list: hunt_list.into(),
            maximum: MAXIMUM_HUNT_TIMER,
            exhausted: WhenExhausted::NotForwarded,
        }
    }

    /// The name of its pattern: the same pattern in another partition is another pilot.
    pub(super) fn name(&self) -> Box<str> {
        let PatternDraft { pattern, partition, .. } = &self.pattern;
        if partition.is_empty() { pattern.clone() } else { format!("{pattern} in {partition}").into() }
    }
}

/// All of it, into call control. The lines are there already.
pub(super) fn build(
    draft: &Draft,
    dial_plan: &DialPlan,
    calls: &mut strowger_callcontrol::Configuration,
    found: &mut Findings,
) {
    let groups = groups(draft, calls, found);
    let lists = lists(draft, &groups, found);
    for (index, written) in draft.plan.hunt_pilots.iter().enumerate() {
        let place = Place::HuntPilot(index);
        if written.hunt_list.is_empty() {
            found.add(place, "hunt_list", Problem::Missing { example: "support" });
        } else if !lists.contains_key(&written.hunt_list) {
            found.unknown(place, "hunt_list", &written.hunt_list, lists.keys().map(|name| &**name));
        }
        if let Some(pilot) = pilot(draft, dial_plan, place, written, found) {
            calls.hunt_pilots.insert(written.name(), Arc::new(pilot));
        }
    }
    calls.hunt_lists = lists.into_iter().filter_map(|(name, list)| Some((name, list?))).collect();
}

/// Line groups by name; `None` for one with which something is wrong, which has been said.
type Groups = BTreeMap<Box<str>, Option<Arc<LineGroup<LineName>>>>;
/// Hunt lists, likewise.
type Lists = BTreeMap<Box<str>, Option<Arc<LineList>>>;

fn groups(draft: &Draft, calls: &strowger_callcontrol::Configuration, found: &mut Findings) -> Groups {
    let mut groups = Groups::new();
    for (index, written) in draft.plan.line_groups.iter().enumerate() {
        let place = Place::LineGroup(index);
        let taken = groups.contains_key(&written.name);
        check_name(place, &written.name, taken, ("sales", "another line group"), found);
        // A hunt passes through a group without lines.
        if !written.members.is_empty() {
            check_list(place, "members", &written.members, ("1001", limits::LINE_GROUP_MEMBERS), found);
        }
        let looked_at = written.members.iter().take(limits::LINE_GROUP_MEMBERS);
        let unknown = looked_at.filter(|member| !calls.lines.contains_key(member.as_str()));
        for member in unknown {
            found.unknown(place, "members", member.as_str(), calls.lines.keys());
        }
        let second = Duration::from_secs(1);
        let most = Duration::from_secs(RING_NO_ANSWER_REVERSION_MAX);
        found.range(place, "ring_seconds", written.options.ring_no_answer_reversion, second, most);
        let group = LineGroup::new(&written.name, written.members.clone(), written.options.clone());
        groups.insert(written.name.clone(), group.ok().map(Arc::new));
    }
    groups
}

fn lists(draft: &Draft, groups: &Groups, found: &mut Findings) -> Lists {
    let mut lists = Lists::new();
    for (index, written) in draft.plan.hunt_lists.iter().enumerate() {
        let place = Place::HuntList(index);
        let taken = lists.contains_key(&written.name);
        check_name(place, &written.name, taken, ("support", "another hunt list"), found);
        check_list(place, "groups", &written.groups, ("sales", limits::HUNT_LIST_GROUPS), found);
        let mut members = Vec::with_capacity(written.groups.len());
        for group in &written.groups {
            match groups.get(group) {
                Some(group) => members.extend(group.clone()),
                None => found.unknown(place, "groups", group, groups.keys().map(|name| &**name)),
            }
        }
        let list = HuntList::new(&written.name, members);
        lists.insert(written.name.clone(), list.ok().map(Arc::new));
    }
    lists
}

fn pilot(
    draft: &Draft,
    dial_plan: &DialPlan,
    place: Place,
    written: &HuntPilotDraft,
    found: &mut Findings,
) -> Option<Pilot> {
    let second = Duration::from_secs(1);
    let most = Duration::from_secs(MAXIMUM_HUNT_TIMER_MAX);
    found.range(place, "max_seconds", written.maximum, second, most);
    let exhausted = match &written.exhausted {
        WhenExhausted::NotForwarded => WhenExhausted::NotForwarded,
        WhenExhausted::PersonalNoCoverage => WhenExhausted::PersonalNoCoverage,
        WhenExhausted::Forward { number, css } => {
            let css = plan::space_named(dial_plan, place, "exhausted.search_space", css, found);
            if let Err(why) = forwards::destination(draft, number, ()) {
                let problem = Problem::Malformed { found: number.clone(), why: why.into() };
                found.add(place, "exhausted", problem);
                return None;
            }
            WhenExhausted::Forward { number: number.clone(), css }
        }
    };
    HuntPilot::new(&written.pattern.pattern, written.maximum, exhausted, None).ok()
}

fn check_name(
    place: Place,
    name: &str,
    is_taken: bool,
    (example, there): (&'static str, &str),
    found: &mut Findings,
) {
    if name.is_empty() {
        found.add(place, "name", Problem::Missing { example });
    } else if is_taken {
        found.add(place, "name", Problem::Duplicate { found: name.into(), there: there.into() });
    }
}

/// A list of names: not empty, not too long, nothing twice.
fn check_list(
    place: Place,
    setting: &'static str,
    names: &[impl AsRef<str> + PartialEq],
    (example, most): (&'static str, usize),
    found: &mut Findings,
) {
    if names.is_empty() {
        found.add(place, setting, Problem::Missing { example });
    } else if names.len() > most {
        // One that is far too long is not looked through.
        return found.range(place, setting, Plain(names.len()), Plain(1), Plain(most));
    }
    let twice =
        names.iter().enumerate().filter(|(index, name)| names.iter().take(*index).any(|it| it == *name));
    for (_, name) in twice {
        let there = "the same list".into();
        found.add(place, setting, Problem::Duplicate { found: name.as_ref().into(), there });
    }
}

#[cfg(test)]
mod tests;
