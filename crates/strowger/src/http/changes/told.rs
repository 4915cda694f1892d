//! Changes as answers show them.

use serde_json::{Value, json};
use strowger_configuration::{Difference, Purpose, What};

use crate::configuration::Summary;
use crate::keeper::{Conflict, Counts, Plan, Rebased};

/// A plan, as programs read it; of each sort of difference at most so many are in it.
pub(in crate::http) fn plan(plan: &Plan, most: usize) -> Value {
    json!({
        "base": plan.base.sequence,
        "counts": counts(plan.counts()),
        "differences": differences(&plan.differences(most)),
    })
}

fn counts(counts: Counts) -> Value {
    let Counts { added, changed, removed } = counts;
    json!({ "added": added, "changed": changed, "removed": removed })
}

/// Two who changed the configuration at once, as programs read it; of what both did at most so much is in it.
pub(super) fn conflict(conflict: &Conflict, most: usize) -> Value {
    let meanwhile = conflict.meanwhile.iter().take(most).map(|touched| {
        let mut told = difference(&touched.difference);
        told["change"] = json!(touched.by);
        told["author"] = json!(touched.author);
        told
    });
    // What would take something of the others back is what has to be looked at.
    let (undoing, other): (Vec<&Rebased>, Vec<&Rebased>) =
        conflict.rebased.iter().partition(|rebased| rebased.undoes.is_some());
    let rebased = undoing.iter().chain(&other).take(most).map(|rebased| {
        let mut told = difference(&rebased.difference);
        if let Some((change, author)) = &rebased.undoes {
            told["undoes"] = json!({ "change": change, "author": author });
        }
        told
    });
    json!({
        "base": conflict.began,
        "head": conflict.head.sequence,
        "changes": conflict.changes.iter().map(summary).collect::<Vec<_>>(),
        "meanwhile": meanwhile.collect::<Vec<_>>(),
        "meanwhile_count": conflict.meanwhile.len(),
        "rebased": rebased.collect::<Vec<_>>(),
        "rebased_count": conflict.rebased.len(),
        "undone_count": undoing.len(),
    })
}

/// Differences, as programs read them.
pub(in crate::http) fn differences(found: &[Difference]) -> Vec<Value> {
    found.iter().map(difference).collect()
}

fn difference(difference: &Difference) -> Value {
    let (what, settings) = match &difference.what {
        What::Added(settings) => ("added", settings),
        What::Removed(settings) => ("removed", settings),
        What::Changed(settings) => ("changed", settings),
    };
    let settings = settings.iter().map(|setting| {
        json!({
            "setting": setting.path.to_string(),
            "before": setting.before,
            "after": setting.after,
            "text": setting.to_string(),
        })
    });
    json!({
        "kind": difference.kind.word(),
        "id": difference.object.to_string(),
        "key": difference.key,
        "what": what,
        "settings": settings.collect::<Vec<_>>(),
    })
}

pub(super) fn summary(change: &Summary) -> Value {
    json!({
        "change": change.sequence,
        "author": change.author,
        "at": time(change.at),
        "message": change.message,
        "purpose": purpose(change.purpose),
        "objects": change.operations,
        "state": format!("{:#}", change.state),
    })
}

pub(super) fn purpose(purpose: Purpose) -> Value {
    match purpose {
        Purpose::Lasting => json!("lasting"),
        Purpose::Trial { until } => json!({ "trial_until": time(until) }),
        Purpose::Confirmation { of } => json!({ "confirms": of }),
        Purpose::Beside { of } => json!({ "beside_trial": of }),
        Purpose::Reversal { of } => json!({ "takes_back": of }),
        Purpose::Return { to } => json!({ "returns_to": to }),
    }
}

pub(super) fn time(at: strowger_base::WallTime) -> String {
    at.to_string()
}
