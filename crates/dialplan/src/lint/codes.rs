//! Route patterns that ask for a code which nobody has, and calls for help that ask for one at all.

use std::collections::BTreeMap;

use super::find::Finder;
use super::finding::{Kind, Severity};
use crate::analysis::{Analysis, Arrival, Decision};
use crate::codes::CodeTable;
use crate::plan::{Action, Emergency, PatternId};
use crate::symbol::Digits;

/// One dialling for each route pattern that asks for codes, by the place of the view in which it was made.
#[derive(Default)]
pub(super) struct Asking {
    any: BTreeMap<PatternId, (usize, Digits)>,
    emergency: BTreeMap<PatternId, (usize, Digits)>,
}

impl Finder<'_> {
    /// Keeps a dialling that is asked for codes.
    pub(super) fn asks(&mut self, place: usize, number: &Digits, analysis: &Analysis) {
        let Some(Decision::Routed(routed)) = analysis.decision() else { return };
        if !routed.codes.any() {
            return;
        }
        self.asking.any.entry(routed.pattern).or_insert((place, *number));
        if routed.emergency == Emergency::Yes {
            self.asking.emergency.entry(routed.pattern).or_insert((place, *number));
        }
    }

    /// Compares what is asked for with what there is.
    pub(super) fn codes(&mut self, table: &CodeTable) {
        let asking = std::mem::take(&mut self.asking);
        let highest = table.highest_level();
        for (id, (place, number)) in asking.any {
            let Some(Action::Route(route)) = self.plan.pattern(id).map(|row| &row.action) else { continue };
            let mut lacks = Vec::new();
            if let Some(level) = route.codes.authorization_level {
                match highest {
                    None => lacks.push("an authorization code, and there is none".to_owned()),
                    Some(highest) if highest < level => lacks.push(format!(
                        "an authorization code of level {level}, and the highest that there is has {highest}"
                    )),
                    Some(_) => {}
                }
            }
            if route.codes.client_matter && !table.has_matters() {
                lacks.push("a matter code, and there is none".to_owned());
            }
            for lack in lacks {
                let what = format!("{} asks for {lack}: nobody can call {number}", self.name(id));
                let shown = Some((number, Arrival::EnBloc));
                self.add(Kind::NoSuchCode, Severity::Warning, vec![id], place, shown, what);
            }
        }
        for (id, (place, number)) in asking.emergency {
            let what = format!("{number} calls for help only with a code: {} asks for it", self.name(id));
            let shown = Some((number, Arrival::EnBloc));
            self.add(Kind::EmergencyAsksForCode, Severity::Error, vec![id], place, shown, what);
        }
    }
}
