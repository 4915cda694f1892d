//! Section `transform`: changes of one number.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use strowger_dialplan::normalise::{ByNumberType, IncomingRule, IncomingSetting, NumberType, normalise};
use strowger_dialplan::{Digits, Parameters, Pattern};

use super::routing::changes::{ChangeRow, mask};
use super::{Difference, compare, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    op: String,
    number: String,
    expect: String,
    mask: Option<String>,
    pattern: Option<String>,
    discard: Option<String>,
    called_mask: Option<String>,
    called_prefix: Option<String>,
    external_mask: Option<String>,
    use_external_mask: Option<bool>,
    calling_mask: Option<String>,
    calling_prefix: Option<String>,
    number_type: Option<String>,
    #[serde(default)]
    rules: BTreeMap<String, Rule>,
}

/// What is done to incoming numbers of one type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    strip: u8,
    #[serde(default)]
    prefix: String,
}

pub(super) fn run(vector: Value, _: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: Vector = read(vector)?;
    let came = match vector.op.as_str() {
        "mask" => {
            let mask = mask(vector.mask.as_deref())?.ok_or("it has no mask")?;
            mask.apply(&number(&vector.number)?).to_string()
        }
        "called" | "ddi" => called(&vector)?,
        "calling" => {
            let change = changes(&vector).calling()?.ok_or("it changes nothing")?;
            let external = mask(vector.external_mask.as_deref())?;
            change.apply(external.as_ref(), number(&vector.number)?, |_| {}).to_string()
        }
        "normalise" => normalised(&vector)?,
        other => return Err(format!("there is no op {other:?}")),
    };
    let mut differences = Vec::new();
    compare(&mut differences, "number", &vector.expect, &came);
    Ok(differences)
}

fn changes(vector: &Vector) -> ChangeRow {
    ChangeRow {
        discard: vector.discard.clone(),
        called_mask: vector.called_mask.clone(),
        called_prefix: vector.called_prefix.clone(),
        use_external_mask: vector.use_external_mask,
        calling_mask: vector.calling_mask.clone(),
        calling_prefix: vector.calling_prefix.clone(),
    }
}

fn called(vector: &Vector) -> Result<String, String> {
    let text = vector.pattern.as_deref().ok_or("it has no pattern")?;
    let pattern: Pattern = text.parse().map_err(|error| format!("{text}: {error}"))?;
    let number = number(&vector.number)?;
    if !pattern.matches(&number) {
        return Err(format!("{pattern} does not take {number}"));
    }
    let change = changes(vector).called()?.ok_or("it changes nothing")?;
    change.discard.check(&pattern).map_err(|error| error.to_string())?;
    Ok(change.apply(Some((&pattern, None)), number, |_| {}).to_string())
}

fn normalised(vector: &Vector) -> Result<String, String> {
    let mut trunk: ByNumberType<IncomingSetting> = ByNumberType::default();
    for (words, rule) in &vector.rules {
        let rule = IncomingRule::new(rule.strip, &rule.prefix).map_err(|error| error.to_string())?;
        *trunk.of_mut(number_type(words)?) = IncomingSetting::Rule(rule);
    }
    let of = number_type(vector.number_type.as_deref().ok_or("it has no number_type")?)?;
    Ok(normalise(&vector.number, of, &trunk, &ByNumberType::default()).number.into_owned())
}

fn number_type(words: &str) -> Result<NumberType, String> {
    match words {
        "national" => Ok(NumberType::National),
        "international" => Ok(NumberType::International),
        "subscriber" => Ok(NumberType::Subscriber),
        "unknown" => Ok(NumberType::Unknown),
        other => Err(format!("there is no number type {other:?}")),
    }
}

fn number(text: &str) -> Result<Digits, String> {
    Digits::parse(text).map_err(|error| format!("{text:?}: {error}"))
}
