//! Section `match`: what one pattern takes, and how many numbers of a length.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use strowger_base::WallTime;
use strowger_dialplan::{
    Action, Analysis, Arrival, Caller, Decision, DialPlanBuilder, Digits, HashRule, NumberPattern,
    Parameters, Pattern,
};

use super::{Difference, compare, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    pattern: String,
    #[serde(default)]
    yes: Vec<String>,
    #[serde(default)]
    no: Vec<String>,
    /// Numbers that it takes, by length.
    #[serde(default)]
    breadth: BTreeMap<usize, u128>,
}

pub(super) fn run(vector: Value, parameters: &Parameters) -> Result<Vec<Difference>, String> {
    let vector: Vector = read(vector)?;
    let pattern =
        Pattern::read(&vector.pattern, parameters.negated_set).map_err(|error| format!("{error}"))?;
    let breadth = pattern.breadth(None).map_err(|error| error.to_string())?;
    // `#` shall match or not, and end nothing.
    let mut builder = DialPlanBuilder::new(Parameters { hash: HashRule::Digit, ..parameters.clone() });
    let row = NumberPattern::new(pattern.clone(), Action::Line("line".into()));
    builder.add("", row).map_err(|error| error.to_string())?;
    let plan = builder.build();
    let mut differences = Vec::new();
    let expected =
        vector.yes.iter().map(|text| (text, true)).chain(vector.no.iter().map(|text| (text, false)));
    for (text, expected) in expected {
        let number = Digits::parse(text).map_err(|error| format!("{text:?}: {error}"))?;
        compare(&mut differences, format!("takes {text}"), &expected, &pattern.matches(&number));
        let caller = Arc::new(Caller::default());
        let analysis = Analysis::of(&plan, caller, Arrival::EnBloc, &number, WallTime::default());
        let routed = matches!(analysis.decision(), Some(Decision::Routed(_)));
        compare(&mut differences, format!("routes {text}"), &expected, &routed);
    }
    for (length, expected) in &vector.breadth {
        compare(&mut differences, format!("breadth of {length}"), expected, &breadth.count(*length));
    }
    Ok(differences)
}
