//! Section `routing`: one dialling against a whole plan, in virtual time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use strowger_base::WallTime;
use strowger_dialplan::{Analysis, Arrival, Caller, Decision, Digits, Parameters, SpeedDialRule, Why};

use super::{Difference, compare, read};
use changes::ChangeRow;
use dialling::Dialled;
use plan::Built;

mod attempts;
pub(super) mod changes;
mod dialling;
mod plan;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    patterns: Vec<PatternRow>,
    caller: CallerRow,
    dial: Dial,
    #[serde(default)]
    closed_partitions: Vec<String>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternRow {
    id: String,
    kind: String,
    pattern: String,
    #[serde(default)]
    partition: String,
    #[serde(default)]
    urgent: bool,
    /// Dialling forms that `@` takes.
    filter: Option<Vec<String>>,
    #[serde(default)]
    block: bool,
    block_cause: Option<u8>,
    css: Option<Vec<String>>,
    #[serde(default)]
    use_originator_css: bool,
    #[serde(default)]
    by_calling: bool,
    #[serde(default)]
    dont_wait: bool,
    fac_level: Option<u8>,
    #[serde(default)]
    cmc: bool,
    route_list: Option<Vec<MemberRow>>,
    discard: Option<String>,
    called_mask: Option<String>,
    called_prefix: Option<String>,
    use_external_mask: Option<bool>,
    calling_mask: Option<String>,
    calling_prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberRow {
    group: String,
    #[serde(default)]
    transform: ChangeRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerRow {
    number: String,
    #[serde(default)]
    line_css: Vec<String>,
    #[serde(default)]
    device_css: Vec<String>,
    external_mask: Option<String>,
    local_route_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dial {
    mode: String,
    keys: String,
    /// Milliseconds after the n-th key.
    #[serde(default)]
    pauses: BTreeMap<usize, u64>,
    await_further_digits: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    result: String,
    cause: Option<u8>,
    to: Option<String>,
    keys_used: Option<usize>,
    called: Option<String>,
    calling: Option<String>,
    #[serde(default)]
    prompts: Vec<String>,
    attempts: Option<Vec<Attempt>>,
    hops: Option<Vec<HopRow>>,
}

/// One lookup.
#[derive(Deserialize, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct HopRow {
    digits: String,
    #[serde(rename = "match")]
    chosen: Option<String>,
    wait_ms: u64,
    why: String,
}

/// One member of the route list, with the numbers that it sends.
#[derive(Deserialize, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Attempt {
    group: String,
    called: String,
    calling: String,
}

impl fmt::Debug for HopRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HopRow { digits, chosen, wait_ms, why } = self;
        write!(f, "{digits} to {} after {wait_ms} ms, {why}", chosen.as_deref().unwrap_or("nothing"))
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attempt { group, called, calling } = self;
        write!(f, "{group}: {calling} calls {called}")
    }
}

pub(super) fn run(vector: Value, parameters: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: Vector = read(vector)?;
    let mut parameters = parameters.clone();
    if let Some(await_digits) = vector.dial.await_further_digits {
        parameters.speed_dial =
            if await_digits { SpeedDialRule::AwaitFurtherDigits } else { SpeedDialRule::Complete };
    }
    let Built { plan, search_space, lists } = plan::build(&vector, parameters)?;
    let mut caller = Caller::new(number(&vector.caller.number)?, search_space);
    if let Some(mask) = &vector.caller.external_mask {
        caller.external_mask = Some(mask.parse().map_err(|error| format!("mask {mask}: {error}"))?);
    }
    let arrival = arrival(&vector.dial.mode)?;
    let analysis = Analysis::begin(&plan, Arc::new(caller), arrival, WallTime::default());
    let dialled = dialling::dial(analysis, arrival, &number(&vector.dial.keys)?, &vector.dial.pauses)?;

    let mut differences = Vec::new();
    compare_end(&vector.expect, &dialled.analysis, &mut differences);
    compare_hops(&vector.expect, &dialled, &mut differences);
    let local = vector.caller.local_route_group.as_deref();
    let attempts = attempts::of(&dialled.analysis, &lists, local)?;
    if vector.expect.attempts.is_some() || !attempts.is_empty() {
        compare(&mut differences, "attempts", &vector.expect.attempts, &Some(attempts));
    }
    Ok(differences)
}

fn compare_end(expect: &Expect, analysis: &Analysis, differences: &mut Vec<Difference>) {
    let name = |id| analysis.plan().pattern(id).map(|pattern| pattern.name.to_string());
    let mut end = End::default();
    match analysis.decision() {
        Some(Decision::Routed(routed)) => {
            end.result = "route";
            end.to = name(routed.pattern);
            end.called = Some(routed.called.to_string());
            end.calling = Some(routed.calling.number.to_string());
            let asked =
                [("fac", routed.codes.authorization_level.is_some()), ("cmc", routed.codes.client_matter)];
            end.prompts =
                asked.iter().filter(|(_, asked)| *asked).map(|(code, _)| code.to_string()).collect();
        }
        Some(Decision::Blocked { pattern: _, cause }) => {
            end.result = "block";
            end.cause = Some(cause.0);
        }
        Some(Decision::Rejected(reject)) => {
            end.result = "reorder";
            end.cause = Some(reject.cause().0);
        }
        None => end.result = "none",
    }
    compare(differences, "result", expect.result.as_str(), end.result);
    compare(differences, "to", &expect.to, &end.to);
    compare(differences, "cause", &expect.cause, &end.cause);
    compare(differences, "called", &expect.called, &end.called);
    compare(differences, "calling", &expect.calling, &end.calling);
    compare(differences, "prompts", &expect.prompts, &end.prompts);
    if let Some(keys) = expect.keys_used {
        compare(differences, "keys used", &keys, &analysis.keys_used());
    }
}

/// How it ended, in the words of the vectors.
#[derive(Default)]
struct End {
    result: &'static str,
    to: Option<String>,
    cause: Option<u8>,
    called: Option<String>,
    calling: Option<String>,
    prompts: Vec<String>,
}

fn compare_hops(expect: &Expect, dialled: &Dialled, differences: &mut Vec<Difference>) {
    let analysis = &dialled.analysis;
    let hops: Vec<HopRow> = analysis
        .hops()
        .iter()
        .zip(&dialled.waits)
        .map(|(hop, wait)| HopRow {
            digits: hop.digits.to_string(),
            chosen: hop.chosen.and_then(|id| Some(analysis.plan().pattern(id)?.name.to_string())),
            wait_ms: wait.as_millis() as u64,
            why: words(hop.why).to_owned(),
        })
        .collect();
    if let Some(expected) = &expect.hops {
        for (index, (expected, came)) in expected.iter().zip(&hops).enumerate() {
            compare(differences, format!("hop {}", index + 1), expected, came);
        }
        compare(differences, "number of hops", &expected.len(), &hops.len());
    }
    // What the analysis says of its waiting must be what the clock showed.
    let said: Vec<_> = analysis.hops().iter().map(|hop| hop.waited).collect();
    compare(differences, "waited by the clock", &dialled.waits, &said);
}

fn number(text: &str) -> Result<Digits, String> {
    Digits::parse(text).map_err(|error| format!("{text:?}: {error}"))
}

fn arrival(mode: &str) -> Result<Arrival, String> {
    match mode {
        "digits" => Ok(Arrival::KeyByKey),
        "enbloc" => Ok(Arrival::EnBloc),
        "cti" => Ok(Arrival::Application),
        "cti-sip" => Ok(Arrival::ApplicationThroughSip),
        "speed-dial" => Ok(Arrival::SpeedDial),
        other => Err(format!("there is no mode {other:?}")),
    }
}

const fn words(why: Why) -> &'static str {
    match why {
        Why::Urgent => "urgent",
        Why::Unambiguous => "unambiguous",
        Why::Timeout => "timeout",
        Why::Complete => "complete",
        Why::NoWait => "no-wait",
        Why::Terminator => "terminator",
        Why::NoCandidate => "no-candidate",
    }
}
