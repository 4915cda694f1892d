//! Forwards and hunts in scripts: how they are set, and how a record tells of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{CallRecord, Redirection};
use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{Forwards, Line, LineList, Pilot};
use strowger_dialplan::forward::{Classification, ForwardTarget, HopLimit, RingTime};
use strowger_dialplan::hunt::{Distribution, HuntOption, LineGroup, LineGroupOptions, WhenExhausted};
use strowger_dialplan::{Action, DialPlanBuilder, NumberPattern, SearchSpace};

/// Line groups by name, until a hunt list takes them.
pub(crate) type Groups = BTreeMap<String, Arc<LineGroup<strowger_base::LineName>>>;

/// Lines 4001 to 4008; 4009, which only the search space `inner` sees; hunt pilots 4500 and 4501.
pub(crate) fn prepare(plan: &mut DialPlanBuilder, configuration: &mut Configuration) {
    plan.partition("inner", None).unwrap();
    plan.search_space("inner", ["inner"]).unwrap();
    for place in 1..=9 {
        let number: Box<str> = format!("400{place}").into();
        let partition = if &*number == "4009" { "inner" } else { "" };
        plan.literal(partition, &number, Action::Line((&*number).into())).unwrap();
        let line = Line { name: format!("Desk {place}").as_str().into(), ..Line::default() };
        configuration.lines.insert(number, line);
    }
    for (pilot, list) in [("4500", "sales"), ("4501", "support")] {
        let action = Action::Hunt { list: list.into() };
        plan.add("", NumberPattern::new(pilot.parse().unwrap(), action)).unwrap();
    }
}

/// Takes a line of a script that sets something.
pub(crate) fn set(configuration: &mut Configuration, groups: &mut Groups, words: &[&str]) {
    match words {
        ["forward", line, kind, to, rest @ ..] => {
            let css = match rest {
                ["sees", space] => configuration.plan.search_space(space).unwrap().clone(),
                [] => SearchSpace::null(),
                other => panic!("forward {other:?}"),
            };
            let target = match *to {
                "voice-mail" => ForwardTarget::voice_mail(css),
                number => ForwardTarget::number(number, css).unwrap(),
            };
            forward(forwards(configuration, line), kind, target);
        }
        ["rings", line, seconds] => {
            forwards(configuration, line).ring_time = RingTime::from_secs(seconds.parse().unwrap()).ok();
        }
        ["voice-mail", line, pilot] => {
            configuration.lines.get_mut(line).unwrap().voice_mail = Some(Arc::from(*pilot));
        }
        ["hop-limit", hops] => {
            configuration.forward_parameters.hop_limit = HopLimit::new(hops.parse().unwrap()).unwrap();
        }
        ["inside", trunk] => {
            let trunk = configuration.trunks.entry((*trunk).into()).or_default();
            trunk.classification = Classification::OnNet;
        }
        ["group", name, distribution, rest @ ..] => {
            groups.insert((*name).to_owned(), Arc::new(group(name, distribution, rest)));
        }
        ["hunt-list", name, rest @ ..] => {
            let chosen = rest.iter().map(|group| Arc::clone(&groups[*group])).collect();
            configuration.hunt_lists.insert((*name).into(), Arc::new(LineList::new(name, chosen).unwrap()));
        }
        ["pilot", name, seconds, then @ ..] => {
            let then = match then {
                [] => WhenExhausted::NotForwarded,
                ["personal"] => WhenExhausted::PersonalNoCoverage,
                [number] => WhenExhausted::Forward { number: (*number).into(), css: SearchSpace::null() },
                other => panic!("pilot {other:?}"),
            };
            let time = Duration::from_secs(seconds.parse().unwrap());
            let pilot = Pilot::new(name, time, then, None).unwrap();
            configuration.hunt_pilots.insert((*name).into(), Arc::new(pilot));
        }
        other => panic!("no setting {other:?}"),
    }
}

/// What a record says of redirections; nothing when there were none.
pub(crate) fn redirections(call: &CallRecord<'_>) -> String {
    let mut text = String::new();
    let told = |redirection: &Redirection<'_>| {
        format!("{} {}/{}", redirection.by, redirection.reason, redirection.on_behalf_of)
    };
    if !call.redirections.is_empty() {
        let by: Vec<String> = call.redirections.iter().map(told).collect();
        text = format!("; original {}, sent on by {}", call.translated, by.join(", "));
    }
    if !call.hunt_pilot.is_empty() {
        text.push_str(&format!("; pilot {}", call.hunt_pilot));
    }
    if !text.is_empty() {
        text.push_str(&format!("; final {:?}", call.final_called));
    }
    text
}

fn forwards<'c>(configuration: &'c mut Configuration, line: &str) -> &'c mut Forwards {
    configuration.lines.get_mut(line).unwrap().forwards.get_or_insert_default()
}

/// `all`, `busy`, `no-answer/external` ….
fn forward(forwards: &mut Forwards, kind: &str, target: ForwardTarget<SearchSpace>) {
    let (kind, side) = kind.split_once('/').unwrap_or((kind, "both"));
    let by_side = match kind {
        "all" => {
            forwards.all = Some(target);
            return;
        }
        "busy" => &mut forwards.busy,
        "no-answer" => &mut forwards.no_answer,
        "unregistered" => &mut forwards.unregistered,
        "no-coverage" => &mut forwards.no_coverage,
        other => panic!("no forward {other}"),
    };
    if side != "external" {
        by_side.internal = Some(target.clone());
    }
    if side != "internal" {
        by_side.external = Some(target);
    }
}

/// Members, then `rna 5`, `no-answer stop`, `busy next-member`, `not-available skip`.
fn group(name: &str, distribution: &str, rest: &[&str]) -> LineGroup<strowger_base::LineName> {
    let mut options = LineGroupOptions {
        distribution: match distribution {
            "top-down" => Distribution::TopDown,
            "circular" => Distribution::Circular,
            "longest-idle" => Distribution::LongestIdleTime,
            "broadcast" => Distribution::Broadcast,
            other => panic!("no distribution {other}"),
        },
        ..LineGroupOptions::default()
    };
    let mut members = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let mut option = || match *words.next().unwrap() {
            "next-group" => HuntOption::NextMemberThenNextGroup,
            "next-member" => HuntOption::NextMember,
            "skip" => HuntOption::SkipToNextGroup,
            "stop" => HuntOption::StopHunting,
            other => panic!("no option {other}"),
        };
        match *word {
            "no-answer" => options.on_no_answer = option(),
            "busy" => options.on_busy = option(),
            "not-available" => options.on_not_available = option(),
            "rna" => {
                options.ring_no_answer_reversion =
                    Duration::from_secs(words.next().unwrap().parse().unwrap());
            }
            member => members.push(member.into()),
        }
    }
    LineGroup::new(name, members, options).unwrap()
}
