//! Sections `forward` and `forward_css`: call forwarding, its loops, and what it may call.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use strowger_dialplan::Parameters;
use strowger_dialplan::forward::{
    ActivatedFrom, Activation, Activator, BySide, CallSide, CfaPolicy, CfaSearchSpace, CfaSystemPolicy,
    ForwardDestination, ForwardKind, ForwardParameters, ForwardTarget, HopLimit, LineForwards, Step, Trail,
    check_activation,
};

use super::{Difference, compare, read};

/// Either `dial`, a call along the forwards, or `activate`, one more forward that may be refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    #[serde(default)]
    cfa: BTreeMap<String, String>,
    #[serde(default)]
    cfb: BTreeMap<String, String>,
    #[serde(default)]
    cfna: BTreeMap<String, String>,
    dial: Option<String>,
    /// Who calls makes no difference to where the call ends.
    #[serde(rename = "from")]
    _from: Option<String>,
    limit: Option<u8>,
    ends_at: Option<String>,
    original_called: Option<String>,
    last_redirect: Option<String>,
    redirect_reasons: Option<Vec<u16>>,
    on_behalf_of: Option<Vec<u8>>,
    /// Words for people.
    #[serde(rename = "why")]
    _why: Option<String>,
    activate: Option<Activate>,
    accepted: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Activate {
    at: String,
    to: String,
    from: String,
}

pub(super) fn run(vector: Value, _: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: Vector = read(vector)?;
    match (&vector.dial, &vector.activate) {
        (Some(dial), None) => call(&vector, dial),
        (None, Some(activate)) => {
            let from = match activate.from.as_str() {
                "phone" => ActivatedFrom::Phone,
                "admin" => ActivatedFrom::Administration,
                other => return Err(format!("nobody activates from {other:?}")),
            };
            let leads_to = |line: &String| vector.cfa.get(line).cloned();
            let found = check_activation(&activate.at, &activate.to, from, leads_to);
            let accepted = Some(!matches!(found, Activation::Loop { .. }));
            let mut differences = Vec::new();
            compare(&mut differences, "accepted", &vector.accepted, &accepted);
            Ok(differences)
        }
        (Some(_), Some(_)) | (None, None) => Err("expected either dial or activate".into()),
    }
}

/// A line with CFB is busy; others ring until nobody answers.
fn call(vector: &Vector, dial: &str) -> Result<Vec<Difference>, String> {
    let target = |set: &BTreeMap<String, String>, line: &str| {
        let number = set.get(line).map(|number| ForwardTarget::number(number, ()));
        number.transpose().map_err(|error| error.to_string())
    };
    let usual = ForwardParameters::default();
    let limit = vector.limit.map(HopLimit::new).transpose().map_err(|error| error.to_string())?;
    let parameters = ForwardParameters { hop_limit: limit.unwrap_or(usual.hop_limit), ..usual };
    let mut trail = Trail::new(dial.to_owned(), parameters);
    let mut line = dial.to_owned();
    'line: loop {
        let forwards = LineForwards {
            all: target(&vector.cfa, &line)?,
            busy: BySide::both(target(&vector.cfb, &line)?),
            no_answer: BySide::both(target(&vector.cfna, &line)?),
            ..LineForwards::default()
        };
        for kind in [ForwardKind::All, ForwardKind::Busy, ForwardKind::NoAnswer] {
            match trail.step(&line, &forwards, kind, CallSide::External, number) {
                Step::NotSet | Step::Ring { .. } => {}
                Step::To { target, .. } => {
                    line = number(target).ok_or("a forward of a vector leads to voice mail")?;
                    continue 'line;
                }
                Step::Refused(reached) => return Err(reached.to_string()),
            }
        }
        break;
    }
    let mut differences = Vec::new();
    compare(&mut differences, "ends at", &vector.ends_at, &Some(line));
    let mut stated = |what: &str, expected: Option<&String>, came: Option<&String>| {
        if expected.is_some() {
            compare(&mut differences, what, &expected, &came);
        }
    };
    stated("original called", vector.original_called.as_ref(), Some(trail.original_called()));
    stated("last redirecting", vector.last_redirect.as_ref(), trail.last_redirecting());
    let redirects = trail.redirects();
    if let Some(expected) = &vector.redirect_reasons {
        let reasons: Vec<u16> = redirects.iter().map(|redirect| redirect.reason.0).collect();
        compare(&mut differences, "redirect reasons", expected, &reasons);
    }
    if let Some(expected) = &vector.on_behalf_of {
        let on_behalf: Vec<u8> = redirects.iter().map(|redirect| redirect.on_behalf_of.0).collect();
        compare(&mut differences, "on behalf of", expected, &on_behalf);
    }
    Ok(differences)
}

fn number(target: &ForwardTarget<()>) -> Option<String> {
    match target.destination() {
        ForwardDestination::Number(number) => Some(number.to_string()),
        ForwardDestination::VoiceMail => None,
    }
}

/// Either `policy`, the search space of forward all, or `kind`, that of another forward.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchSpaceVector {
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

pub(super) fn run_search_space(vector: Value, _: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: SearchSpaceVector = read(vector)?;
    let effective = match (vector.policy.as_deref(), vector.kind.as_deref()) {
        (Some(policy), None) => {
            let policy = match policy {
                "With Configured CSS" => CfaPolicy::WithConfiguredCss,
                "With Activating Device/Line CSS" => CfaPolicy::WithActivatingDeviceLineCss,
                other => return Err(format!("there is no policy {other:?}")),
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
            let target =
                ForwardTarget::number("9000", vector.css.clone()).map_err(|error| error.to_string())?;
            let forwards = LineForwards { no_answer: BySide::both(Some(target)), ..LineForwards::default() };
            let target = forwards.target(ForwardKind::NoAnswer, CallSide::Internal);
            target.map(|target| target.css().clone()).unwrap_or_default()
        }
        (policy, kind) => return Err(format!("policy {policy:?} and kind {kind:?} are not known together")),
    };
    let mut differences = Vec::new();
    compare(&mut differences, "effective", &vector.effective, &effective);
    Ok(differences)
}
