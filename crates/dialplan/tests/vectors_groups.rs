//! The vectors of what stands around digit analysis: hunting, forwarding, device mobility, admission control and
//! incoming numbers. Each section of `testdata/vectors.yaml` is run whole.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use strowger_base::{Instant, Now};
use strowger_dialplan::Rotation;
use strowger_dialplan::admission::{AudioCodec, Bandwidth, Ledger, Locations, Pool, Pools};
use strowger_dialplan::forward::{
    ActivatedFrom, Activation, Activator, BySide, CallSide, CfaPolicy, CfaSearchSpace, CfaSystemPolicy,
    ForwardDestination, ForwardKind, ForwardParameters, ForwardTarget, HopLimit, LineForwards, Step, Trail,
    check_activation,
};
use strowger_dialplan::hunt::{
    Distribution, Hunt, HuntList, HuntOption, HuntPilot, Input, LineGroup, LineGroupOptions, Members, Output,
    Standing,
};
use strowger_dialplan::mobility::{MobilityCase, PoolChoice, PoolPlace};
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingSetting, NumberType, normalise};

/// The file, without the sections that digit analysis runs.
#[derive(Deserialize)]
struct Vectors {
    format: u32,
    transform: Vec<Transform>,
    hunt: Vec<HuntVector>,
    forward: Vec<ForwardVector>,
    forward_css: Vec<ForwardCss>,
    mobility: Vec<Mobility>,
    cac: Vec<Cac>,
}

fn vectors() -> Vectors {
    let text = include_str!("../testdata/vectors.yaml");
    let vectors: Vectors = serde_saphyr::from_str(text).unwrap();
    assert_eq!(vectors.format, 1);
    vectors
}

#[derive(Deserialize)]
struct HuntVector {
    id: String,
    members: Option<Vec<String>>,
    algorithm: Option<String>,
    #[serde(default)]
    idle_since_s: BTreeMap<String, u64>,
    #[serde(default)]
    calls: Vec<HuntCall>,
    #[serde(default)]
    groups: Vec<HuntGroup>,
    ring_times_s: Option<BTreeMap<String, u64>>,
    exhausted_at_s: Option<u64>,
    answer: Option<String>,
}

#[derive(Deserialize)]
struct HuntCall {
    #[serde(default)]
    busy: Vec<String>,
    #[serde(default)]
    available_not_idle: Vec<String>,
    ring: Vec<String>,
    #[serde(default)]
    together: bool,
}

#[derive(Deserialize)]
struct HuntGroup {
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

fn distribution(words: &str) -> Distribution {
    match words {
        "Top Down" => Distribution::TopDown,
        "Circular" => Distribution::Circular,
        "Longest Idle Time" => Distribution::LongestIdleTime,
        "Broadcast" => Distribution::Broadcast,
        other => panic!("{other}"),
    }
}

fn hunt_option(words: &str) -> HuntOption {
    match words {
        "next-then-next-group" => HuntOption::NextMemberThenNextGroup,
        "next-not-next-group" => HuntOption::NextMember,
        "skip-to-next-group" => HuntOption::SkipToNextGroup,
        "stop" => HuntOption::StopHunting,
        other => panic!("{other}"),
    }
}

fn hunt(groups: Vec<LineGroup<String>>) -> Hunt<String, ()> {
    let list = HuntList::new("list", groups.into_iter().map(Arc::new).collect()).unwrap();
    Hunt::new(Arc::new(list), Arc::new(HuntPilot::default()))
}

fn at(mono: Instant) -> Now {
    Now { mono, ..Now::default() }
}

#[test]
fn hunting() {
    let vectors = vectors().hunt;
    assert_eq!(vectors.len(), 9);
    for vector in &vectors {
        match (&vector.members, &vector.ring_times_s) {
            (Some(members), None) => hunt_by_calls(vector, members),
            (None, Some(ring_times)) => hunt_by_times(vector, ring_times),
            other => panic!("{}: {other:?}", vector.id),
        }
    }
}

/// Calls one after another, each answered by the first that rings.
fn hunt_by_calls(vector: &HuntVector, members: &[String]) {
    let id = &vector.id;
    assert!(!vector.calls.is_empty(), "{id}");
    let now = Instant::START + Duration::from_secs(1000);
    let mut lines = Lines::default();
    for call in &vector.calls {
        lines.standing.clear();
        for (member, idle) in &vector.idle_since_s {
            let since = Instant::START + Duration::from_secs(1000 - idle);
            lines.standing.insert(member.clone(), Standing::Idle { since });
        }
        lines.standing.extend(call.busy.iter().map(|member| (member.clone(), Standing::Busy)));
        lines
            .standing
            .extend(call.available_not_idle.iter().map(|member| (member.clone(), Standing::Available)));
        let options = LineGroupOptions {
            distribution: distribution(vector.algorithm.as_deref().unwrap()),
            ..LineGroupOptions::default()
        };
        let mut hunt = hunt(vec![LineGroup::new("group", members.to_vec(), options).unwrap()]);
        let mut out = Vec::new();
        hunt.handle(at(now), Input::Started, &mut lines, &mut out);
        let Some(Output::Ring { members: ringing, .. }) = out.last() else { panic!("{id}: {out:?}") };
        assert_eq!(ringing, &call.ring, "{id}");
        assert_eq!(ringing.len() > 1, call.together, "{id}");
        let first = ringing[0].clone();
        out.clear();
        hunt.handle(at(now), Input::Answered(first.clone()), &mut lines, &mut out);
        assert_eq!(out.last(), Some(&Output::Connected { member: first, group: 0 }), "{id}");
        assert!(hunt.is_over(), "{id}");
    }
}

/// One call that nobody answers.
fn hunt_by_times(vector: &HuntVector, ring_times: &BTreeMap<String, u64>) {
    let id = &vector.id;
    assert_eq!(vector.answer, None, "{id}");
    let groups = vector.groups.iter().enumerate().map(|(index, group)| {
        let options = LineGroupOptions {
            distribution: distribution(&group.algorithm),
            ring_no_answer_reversion: Duration::from_secs(group.rna_s),
            on_no_answer: group.on_no_answer.as_deref().map(hunt_option).unwrap_or_default(),
            ..LineGroupOptions::default()
        };
        LineGroup::new(&index.to_string(), group.members.clone(), options).unwrap()
    });
    // `member_forward_all` of HL-09 has nowhere to go: a hunt asks nothing about forwards.
    let mut hunt = hunt(groups.collect());
    let mut lines = Lines::default();
    let mut out = Vec::new();
    let mut rung = BTreeMap::new();
    let mut exhausted_at = None;
    let mut now = Instant::START;
    let mut input = Input::Started;
    loop {
        hunt.handle(at(now), input, &mut lines, &mut out);
        let seconds = now.saturating_since(Instant::START).as_secs();
        for output in out.drain(..) {
            match output {
                Output::Ring { members, .. } => {
                    rung.extend(members.into_iter().map(|member| (member, seconds)));
                }
                Output::Exhausted { .. } => exhausted_at = Some(seconds),
                Output::Withdraw { .. } | Output::LeftGroup { .. } => {}
                other => panic!("{id}: {other:?}"),
            }
        }
        let Some(timeout) = hunt.next_timeout() else { break };
        now = timeout;
        input = Input::Timer;
    }
    assert_eq!(&rung, ring_times, "{id}");
    if let Some(expected) = vector.exhausted_at_s {
        assert_eq!(exhausted_at, Some(expected), "{id}");
    }
}

#[derive(Deserialize)]
struct ForwardVector {
    id: String,
    #[serde(default)]
    cfa: BTreeMap<String, String>,
    #[serde(default)]
    cfb: BTreeMap<String, String>,
    #[serde(default)]
    cfna: BTreeMap<String, String>,
    dial: Option<String>,
    limit: Option<u8>,
    ends_at: Option<String>,
    original_called: Option<String>,
    last_redirect: Option<String>,
    redirect_reasons: Option<Vec<u16>>,
    on_behalf_of: Option<Vec<u8>>,
    activate: Option<Activate>,
    accepted: Option<bool>,
}

#[derive(Deserialize)]
struct Activate {
    at: String,
    to: String,
    from: String,
}

#[test]
fn forwarding() {
    let vectors = vectors().forward;
    assert_eq!(vectors.len(), 7);
    for vector in &vectors {
        match (&vector.dial, &vector.activate) {
            (Some(dial), None) => forward_a_call(vector, dial),
            (None, Some(activate)) => {
                let from = match activate.from.as_str() {
                    "phone" => ActivatedFrom::Phone,
                    "admin" => ActivatedFrom::Administration,
                    other => panic!("{other}"),
                };
                let leads_to = |line: &String| vector.cfa.get(line).cloned();
                let found = check_activation(&activate.at, &activate.to, from, leads_to);
                let accepted = !matches!(found, Activation::Loop { .. });
                assert_eq!(Some(accepted), vector.accepted, "{}: {found:?}", vector.id);
            }
            other => panic!("{}: {:?}", vector.id, other.0),
        }
    }
}

fn number(target: &ForwardTarget<()>) -> Option<String> {
    match target.destination() {
        ForwardDestination::Number(number) => Some(number.to_string()),
        ForwardDestination::VoiceMail => None,
    }
}

/// A line with CFB is busy; others ring until nobody answers.
fn forward_a_call(vector: &ForwardVector, dial: &str) {
    let id = &vector.id;
    let target = |set: &BTreeMap<String, String>, line: &str| {
        set.get(line).map(|number| ForwardTarget::number(number, ()).unwrap())
    };
    let usual = ForwardParameters::default();
    let hop_limit = vector.limit.map_or(usual.hop_limit, |limit| HopLimit::new(limit).unwrap());
    let mut trail = Trail::new(dial.to_owned(), ForwardParameters { hop_limit, ..usual });
    let mut line = dial.to_owned();
    'line: loop {
        let forwards = LineForwards {
            all: target(&vector.cfa, &line),
            busy: BySide::both(target(&vector.cfb, &line)),
            no_answer: BySide::both(target(&vector.cfna, &line)),
            ..LineForwards::default()
        };
        for kind in [ForwardKind::All, ForwardKind::Busy, ForwardKind::NoAnswer] {
            match trail.step(&line, &forwards, kind, CallSide::External, number) {
                Step::NotSet => {}
                Step::To { target, .. } => {
                    line = number(target).unwrap();
                    continue 'line;
                }
                Step::Ring { .. } => {}
                Step::Refused(reached) => panic!("{id}: {reached}"),
            }
        }
        break;
    }
    assert_eq!(Some(&line), vector.ends_at.as_ref(), "{id}");
    let reasons: Vec<u16> = trail.redirects().iter().map(|redirect| redirect.reason.0).collect();
    let on_behalf: Vec<u8> = trail.redirects().iter().map(|redirect| redirect.on_behalf_of.0).collect();
    if let Some(expected) = &vector.original_called {
        assert_eq!(trail.original_called(), expected, "{id}");
    }
    if let Some(expected) = &vector.last_redirect {
        assert_eq!(trail.last_redirecting(), Some(expected), "{id}");
    }
    if let Some(expected) = &vector.redirect_reasons {
        assert_eq!(&reasons, expected, "{id}");
    }
    if let Some(expected) = &vector.on_behalf_of {
        assert_eq!(&on_behalf, expected, "{id}");
    }
}

#[derive(Deserialize)]
struct ForwardCss {
    id: String,
    policy: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    css: Vec<String>,
    line_css: Vec<String>,
    device_css: Vec<String>,
    device_roams_with_mobility_css: Option<Vec<String>>,
    #[serde(default)]
    primary: Vec<String>,
    #[serde(default)]
    secondary: Vec<String>,
    effective: Vec<String>,
}

#[test]
fn search_spaces_of_forwards() {
    let vectors = vectors().forward_css;
    assert_eq!(vectors.len(), 6);
    for vector in &vectors {
        let id = &vector.id;
        let effective = match (vector.policy.as_deref(), vector.kind.as_deref()) {
            (Some(policy), None) => {
                let policy = match policy {
                    "With Configured CSS" => CfaPolicy::WithConfiguredCss,
                    "With Activating Device/Line CSS" => CfaPolicy::WithActivatingDeviceLineCss,
                    other => panic!("{other}"),
                };
                let space = CfaSearchSpace { policy, primary: &vector.primary, secondary: &vector.secondary };
                let activator = Activator {
                    line: &vector.line_css,
                    device: &vector.device_css,
                    mobility: vector.device_roams_with_mobility_css.as_deref(),
                };
                space.effective(CfaSystemPolicy::default(), Some(activator))
            }
            (None, Some("CFNA")) => {
                // The target's own search space is all there is.
                let no_answer = BySide::both(ForwardTarget::number("9000", vector.css.clone()).ok());
                let forwards = LineForwards { no_answer, ..LineForwards::default() };
                forwards.target(ForwardKind::NoAnswer, CallSide::Internal).unwrap().css().clone()
            }
            other => panic!("{id}: {other:?}"),
        };
        assert_eq!(effective, vector.effective, "{id}");
    }
}

#[derive(Deserialize)]
struct Mobility {
    id: String,
    home: MobilityPool,
    roaming: MobilityPool,
    line_css: Vec<String>,
    region_from: String,
    location_from: String,
    css: Vec<String>,
    aar_from: String,
}

#[derive(Deserialize)]
struct MobilityPool {
    physical_location: String,
    group: String,
    #[serde(default)]
    device_css: Vec<String>,
    mobility_css: Option<Vec<String>>,
}

#[test]
fn device_mobility() {
    let vectors = vectors().mobility;
    assert_eq!(vectors.len(), 3);
    let words = |choice| match choice {
        PoolChoice::Home => "home",
        PoolChoice::Roaming => "roaming",
    };
    for vector in &vectors {
        let place = |pool: &MobilityPool| PoolPlace {
            physical_location: Some(pool.physical_location.as_str().into()),
            mobility_group: Some(pool.group.as_str().into()),
        };
        let case = MobilityCase::of(&place(&vector.home), Some(&place(&vector.roaming)));
        let id = &vector.id;
        assert_eq!(words(case.media_from()), vector.region_from, "{id}");
        assert_eq!(words(case.media_from()), vector.location_from, "{id}");
        assert_eq!(words(case.dialling_from()), vector.aar_from, "{id}");
        let mobility = vector.roaming.mobility_css.as_deref();
        assert_eq!(case.partitions(&vector.line_css, &vector.home.device_css, mobility), vector.css, "{id}");
    }
}

#[derive(Deserialize)]
struct Cac {
    id: String,
    locations_kbps: BTreeMap<String, Option<u32>>,
    calls: Vec<CacCall>,
    expect: Vec<String>,
}

#[derive(Deserialize)]
struct CacCall {
    from: String,
    to: String,
    codec: String,
}

#[test]
fn admission_control() {
    let vectors = vectors().cac;
    assert_eq!(vectors.len(), 4);
    for vector in &vectors {
        let mut locations = Locations::new();
        for (name, kbps) in &vector.locations_kbps {
            let audio = kbps.map_or(Pool::Unlimited, Pool::Kbps);
            locations.add(name, Pools { audio, ..Pools::default() }).unwrap();
        }
        let mut ledger = Ledger::new();
        let mut calls = Vec::new();
        let found: Vec<&str> = vector
            .calls
            .iter()
            .map(|call| {
                let codec = match call.codec.as_str() {
                    "G.711" => AudioCodec::G711Ulaw,
                    "G.729" => AudioCodec::G729,
                    other => panic!("{other}"),
                };
                let audio = codec.accounted_kbps(Default::default());
                let ends = [&call.from, &call.to].map(|name| locations.find(name).unwrap());
                let bandwidth = Bandwidth { audio, ..Bandwidth::default() };
                match ledger.admit(&locations, ends[0], ends[1], bandwidth) {
                    Ok(reservation) => {
                        calls.push(reservation);
                        "admit"
                    }
                    Err(_) => "refuse",
                }
            })
            .collect();
        assert_eq!(found, vector.expect, "{}", vector.id);
        for reservation in calls {
            ledger.release(reservation);
        }
    }
}

/// Of the changes of numbers only those of incoming calls are run here.
#[derive(Deserialize)]
struct Transform {
    id: String,
    op: String,
    number: String,
    number_type: Option<String>,
    #[serde(default)]
    rules: BTreeMap<String, Rule>,
    expect: String,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    strip: u8,
    #[serde(default)]
    prefix: String,
}

#[test]
fn incoming_numbers() {
    let vectors: Vec<Transform> =
        vectors().transform.into_iter().filter(|vector| vector.op == "normalise").collect();
    assert_eq!(vectors.len(), 5);
    for vector in &vectors {
        let number_type = |words: &str| match words {
            "national" => NumberType::National,
            "international" => NumberType::International,
            "subscriber" => NumberType::Subscriber,
            "unknown" => NumberType::Unknown,
            other => panic!("{other}"),
        };
        let mut trunk: ByNumberType<IncomingSetting> = ByNumberType::default();
        for (words, rule) in &vector.rules {
            let rule = IncomingRule::new(rule.strip, &rule.prefix).unwrap();
            *trunk.of_mut(number_type(words)) = IncomingSetting::Rule(rule);
        }
        let of = number_type(vector.number_type.as_deref().unwrap());
        let found = normalise(&vector.number, of, &trunk, &ByNumberType::default());
        assert_eq!(found.number, vector.expect, "{}", vector.id);
    }
}
