//! Section `hunt`: line groups and hunt lists.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use strowger_base::{Instant, Now};
use strowger_dialplan::hunt::{
    Distribution, Hunt, HuntList, HuntOption, HuntPilot, Input, LineGroup, LineGroupOptions, Members, Output,
    Standing,
};
use strowger_dialplan::{Parameters, Rotation};

use super::{Difference, compare, read};

/// Either `members` with `calls` that follow one another, or `groups` with one call that nobody answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    members: Option<Vec<String>>,
    algorithm: Option<String>,
    #[serde(default)]
    idle_since_s: BTreeMap<String, u64>,
    #[serde(default)]
    calls: Vec<Call>,
    #[serde(default)]
    groups: Vec<Group>,
    ring_times_s: Option<BTreeMap<String, u64>>,
    exhausted_at_s: Option<u64>,
    /// Nobody answers; anything else has no meaning yet.
    answer: Option<String>,
    /// Has nowhere to go: a hunt asks nothing about the forwards of its members, which is what the vector wants.
    #[serde(default, rename = "member_forward_all")]
    _member_forward_all: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(default)]
    busy: Vec<String>,
    #[serde(default)]
    available_not_idle: Vec<String>,
    ring: Vec<String>,
    #[serde(default)]
    together: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    members: Vec<String>,
    algorithm: String,
    rna_s: u64,
    on_no_answer: Option<String>,
}

/// What the lines of a vector are doing, and the turns of its groups.
#[derive(Default)]
struct Lines {
    standing: BTreeMap<String, Standing>,
    rotations: BTreeMap<String, Rotation<String>>,
}

impl Members<String> for Lines {
    fn standing(&self, member: &String) -> Standing {
        self.standing.get(member).copied().unwrap_or(Standing::Idle { since: Instant::START })
    }

    fn rotation(&mut self, group: &LineGroup<String>) -> &mut Rotation<String> {
        self.rotations.entry(group.name().to_owned()).or_default()
    }
}

pub(super) fn run(vector: Value, _: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: Vector = read(vector)?;
    match (&vector.members, &vector.ring_times_s) {
        (Some(members), None) => by_calls(&vector, members),
        (None, Some(ring_times)) => by_times(&vector, ring_times),
        (Some(_), Some(_)) | (None, None) => Err("expected either members or ring_times_s".into()),
    }
}

/// Calls one after another, each answered by the first that rings.
fn by_calls(vector: &Vector, members: &[String]) -> Result<Vec<Difference>, String> {
    let now = Instant::START + BEFORE;
    let words = vector.algorithm.as_deref().ok_or("it has no algorithm")?;
    let options = LineGroupOptions { distribution: distribution(words)?, ..LineGroupOptions::default() };
    let mut lines = Lines::default();
    let mut differences = Vec::new();
    for (index, call) in vector.calls.iter().enumerate() {
        lines.standing.clear();
        for (member, idle) in &vector.idle_since_s {
            let since = Instant::START + BEFORE.saturating_sub(Duration::from_secs(*idle));
            lines.standing.insert(member.clone(), Standing::Idle { since });
        }
        lines.standing.extend(call.busy.iter().map(|member| (member.clone(), Standing::Busy)));
        let available = call.available_not_idle.iter().map(|member| (member.clone(), Standing::Available));
        lines.standing.extend(available);
        let group = LineGroup::new("group", members.to_vec(), options.clone());
        let mut hunt = hunt(vec![group.map_err(|error| error.to_string())?])?;
        let mut out = Vec::new();
        hunt.handle(at(now), Input::Started, &mut lines, &mut out);
        let ringing = match out.pop() {
            Some(Output::Ring { members, .. }) => members,
            Some(_) | None => Vec::new(),
        };
        let what = format!("call {}", index + 1);
        compare(&mut differences, format!("{what} rings"), &call.ring, &ringing);
        compare(&mut differences, format!("{what} rings together"), &call.together, &(ringing.len() > 1));
        if let Some(first) = ringing.into_iter().next() {
            hunt.handle(at(now), Input::Answered(first.clone()), &mut lines, &mut out);
            let connected = matches!(out.last(), Some(Output::Connected { member, .. }) if *member == first);
            compare(&mut differences, format!("{what} is answered"), &true, &(connected && hunt.is_over()));
        }
    }
    Ok(differences)
}

/// One call that nobody answers.
fn by_times(vector: &Vector, ring_times: &BTreeMap<String, u64>) -> Result<Vec<Difference>, String> {
    if vector.answer.is_some() {
        return Err("only answer: null is known".into());
    }
    let groups = vector.groups.iter().enumerate().map(|(index, group)| {
        let options = LineGroupOptions {
            distribution: distribution(&group.algorithm)?,
            ring_no_answer_reversion: Duration::from_secs(group.rna_s),
            on_no_answer: group.on_no_answer.as_deref().map(option).transpose()?.unwrap_or_default(),
            ..LineGroupOptions::default()
        };
        LineGroup::new(&index.to_string(), group.members.clone(), options).map_err(|error| error.to_string())
    });
    let mut hunt = hunt(groups.collect::<Result<_, String>>()?)?;
    let mut lines = Lines::default();
    let mut rung = BTreeMap::new();
    let mut exhausted_at = None;
    let mut now = Instant::START;
    let mut input = Input::Started;
    loop {
        let mut out = Vec::new();
        hunt.handle(at(now), input, &mut lines, &mut out);
        let seconds = now.saturating_since(Instant::START).as_secs();
        for output in out {
            if let Output::Ring { members, .. } = output {
                rung.extend(members.into_iter().map(|member| (member, seconds)));
            } else if let Output::Exhausted { .. } = output {
                exhausted_at = Some(seconds);
            }
        }
        let Some(timeout) = hunt.next_timeout() else { break };
        now = timeout;
        input = Input::Timer;
    }
    let mut differences = Vec::new();
    compare(&mut differences, "rings at", ring_times, &rung);
    if vector.exhausted_at_s.is_some() {
        compare(&mut differences, "exhausted at", &vector.exhausted_at_s, &exhausted_at);
    }
    Ok(differences)
}

fn hunt(groups: Vec<LineGroup<String>>) -> Result<Hunt<String, ()>, String> {
    let list = HuntList::new("list", groups.into_iter().map(Arc::new).collect());
    let list = list.map_err(|error| error.to_string())?;
    Ok(Hunt::new(Arc::new(list), Arc::new(HuntPilot::default())))
}

fn at(mono: Instant) -> Now {
    Now { mono, ..Now::default() }
}

fn distribution(words: &str) -> Result<Distribution, String> {
    match words {
        "Top Down" => Ok(Distribution::TopDown),
        "Circular" => Ok(Distribution::Circular),
        "Longest Idle Time" => Ok(Distribution::LongestIdleTime),
        "Broadcast" => Ok(Distribution::Broadcast),
        other => Err(format!("there is no algorithm {other:?}")),
    }
}

fn option(words: &str) -> Result<HuntOption, String> {
    match words {
        "next-then-next-group" => Ok(HuntOption::NextMemberThenNextGroup),
        "next-not-next-group" => Ok(HuntOption::NextMember),
        "skip-to-next-group" => Ok(HuntOption::SkipToNextGroup),
        "stop" => Ok(HuntOption::StopHunting),
        other => Err(format!("there is no option {other:?}")),
    }
}

/// Lines have been idle for up to this long when the first call comes.
const BEFORE: Duration = Duration::from_secs(100_000);
