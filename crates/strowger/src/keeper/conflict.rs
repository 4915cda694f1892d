//! Two who change the configuration at once: what the second has to know.

use std::collections::BTreeMap;

use strowger_configuration::problem::Segment;
use strowger_configuration::{Difference, Head, Id, Kind, SettingDifference, What};

use super::Plan;
use crate::configuration::{ConfigurationStore, HistoryError, Summary, Touched};

/// What somebody wants, made from an older configuration than that in force.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Conflict {
    /// The change that it was made from.
    pub(crate) began: u64,
    /// What is in force now.
    pub(crate) head: Head,
    /// What was done meanwhile, the oldest first; the last thousand of it.
    pub(crate) changes: Vec<Summary>,
    /// What that did to each object.
    pub(crate) meanwhile: Vec<Touched>,
    /// What is wanted, as it would be done now.
    pub(crate) rebased: Vec<Rebased>,
}

/// What would be done to an object now.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Rebased {
    pub(crate) difference: Difference,
    /// The change of somebody else that it would take back, in whole or in part, and who made that.
    pub(crate) undoes: Option<(u64, Box<str>)>,
}

impl Conflict {
    pub(super) fn of(store: &ConfigurationStore, began: u64, plan: &Plan) -> Result<Conflict, HistoryError> {
        let head = plan.base;
        let meanwhile = store.touched(began, head.sequence)?;
        let since = usize::try_from(head.sequence.saturating_sub(began)).unwrap_or(usize::MAX);
        let mut changes = store.history(head.sequence, since.min(CHANGES_TOLD))?;
        changes.reverse();
        let by_id: BTreeMap<Id, &Touched> =
            meanwhile.iter().map(|touched| (touched.difference.object, touched)).collect();
        let gone = meanwhile.iter().filter(|touched| matches!(touched.difference.what, What::Removed(_)));
        let by_key: BTreeMap<(Kind, &str), &Touched> = gone
            .map(|touched| ((touched.difference.kind, touched.difference.key.as_str()), touched))
            .collect();
        let rebased = plan.differences(usize::MAX).into_iter().map(|difference| {
            // What was removed and would be made again is another object of the same name.
            let touched = match &difference.what {
                What::Added(_) => by_key.get(&(difference.kind, difference.key.as_str())),
                What::Changed(_) | What::Removed(_) => by_id.get(&difference.object),
            };
            let touched = touched.filter(|touched| is_undone(&touched.difference.what, &difference.what));
            let undoes = touched.map(|touched| (touched.by, touched.author.clone()));
            Rebased { difference, undoes }
        });
        let rebased = rebased.collect();
        Ok(Conflict { began, head, changes, meanwhile, rebased })
    }
}

/// Whether what we would do to an object takes back something of what they did to it.
fn is_undone(theirs: &What, ours: &What) -> bool {
    match (theirs, ours) {
        (What::Removed(_), What::Added(_)) | (What::Added(_) | What::Changed(_), What::Removed(_)) => true,
        (What::Added(theirs) | What::Changed(theirs), What::Changed(ours)) => {
            let touches =
                |one: &[Segment], other: &[Segment]| one.starts_with(other) || other.starts_with(one);
            let is_touched = |ours: &SettingDifference| {
                theirs.iter().any(|theirs| touches(theirs.path.segments(), ours.path.segments()))
            };
            ours.iter().any(is_touched)
        }
        (What::Removed(_), What::Changed(_) | What::Removed(_))
        | (What::Added(_) | What::Changed(_), What::Added(_)) => false,
    }
}

/// Changes that are told of.
const CHANGES_TOLD: usize = 1_000;
