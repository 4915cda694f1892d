//! Whether everybody can call for help, at once.

use super::find::Finder;
use super::finding::{Kind, Severity};
use crate::analysis::{Analysis, Arrival, Decision};
use crate::plan::{Action, DialPlan, Emergency, PatternId};
use crate::symbol::Digits;

/// Numbers that lead from some phone to an emergency service, each with the pattern that takes it first.
#[derive(Default)]
pub(super) struct Numbers(Vec<(Digits, PatternId)>);

/// Whether a pattern itself is one for an emergency service.
pub(super) fn is_emergency(plan: &DialPlan, id: PatternId) -> bool {
    plan.pattern(id).is_some_and(|row| match &row.action {
        Action::Translate(translation) => translation.emergency == Emergency::Yes,
        Action::Route(route) => route.emergency == Emergency::Yes,
        Action::Line(_)
        | Action::Hunt { .. }
        | Action::Service(_)
        | Action::Feature(_)
        | Action::Block(_) => false,
    })
}

fn arrives(analysis: &Analysis) -> bool {
    match analysis.decision() {
        Some(Decision::Routed(routed)) => routed.emergency == Emergency::Yes,
        Some(Decision::Blocked { .. } | Decision::Rejected(_)) | None => false,
    }
}

impl Finder<'_> {
    /// Keeps a number that called an emergency service.
    pub(super) fn calls_emergency(&mut self, place: usize, number: &Digits, analysis: &Analysis) {
        if arrives(analysis) {
            self.for_help.extend(analysis.hops().iter().filter_map(|hop| hop.chosen));
        }
        let numbers = &mut self.emergency_numbers.0;
        let Some(first) = super::find::first(analysis) else { return };
        // What a search space takes after a translation is not what people dial.
        if self.views[place].lines == 0 {
            return;
        }
        // One number for each pattern shows how it is with all.
        if arrives(analysis) && numbers.len() < NUMBERS && numbers.iter().all(|(_, id)| *id != first) {
            numbers.push((*number, first));
        }
    }

    /// Dials every emergency number from wherever there are phones.
    pub(super) fn emergency(&mut self) {
        let plan = self.plan;
        let mut numbers = std::mem::take(&mut self.emergency_numbers.0);
        if numbers.is_empty() {
            // Nobody gets through: the patterns themselves say what should be dialled.
            let meant = plan.patterns().filter(|(id, _)| is_emergency(plan, *id)).take(NUMBERS);
            numbers =
                meant.filter_map(|(id, row)| Some((row.pattern.example(row.filter.as_ref())?, id))).collect();
        }
        if numbers.is_empty() {
            return;
        }
        for place in 0..self.views.len() {
            if self.views[place].lines > 0 {
                self.emergency_from(place, &numbers);
            }
        }
    }

    fn emergency_from(&mut self, place: usize, numbers: &[(Digits, PatternId)]) {
        let view = &self.views[place];
        let mut unreachable = Vec::new();
        for (number, id) in numbers {
            let keys = view.dial(self.plan, number, Arrival::KeyByKey);
            let whole = view.dial(self.plan, number, Arrival::EnBloc);
            let waited: u64 = keys.hops().iter().map(|hop| hop.waited.as_secs()).sum();
            let shown = Some((*number, Arrival::KeyByKey));
            if arrives(&keys) && waited > 0 {
                let what = format!("{number} calls for help only after {waited} s: {} waits", self.name(*id));
                self.add(Kind::EmergencyWaits, Severity::Error, vec![*id], place, shown, what);
            } else if !arrives(&keys) && arrives(&whole) {
                let by = super::find::first(&keys);
                let end = by.map(|by| format!(", because {} ends it", self.name(by))).unwrap_or_default();
                let what = format!("{number} calls for help only when it comes as a whole{end}");
                let patterns = std::iter::once(*id).chain(by.filter(|by| by != id)).collect();
                self.add(Kind::EmergencyEnBlocOnly, Severity::Error, patterns, place, shown, what);
            } else if !arrives(&keys) {
                unreachable.push((*number, *id));
            }
        }
        let none = unreachable.len() == numbers.len();
        let Some((number, id)) = unreachable.first().copied() else { return };
        let phones = match view.lines {
            1 => "one line".to_owned(),
            lines => format!("{lines} lines"),
        };
        let (severity, what) = if none {
            (
                Severity::Error,
                format!(
                    "{phones} cannot call for help: no emergency number, such as {number}, leads anywhere"
                ),
            )
        } else {
            (Severity::Warning, format!("{phones} cannot call for help with {number}, as others can"))
        };
        let patterns = if none { vec![id] } else { unreachable.iter().map(|(_, id)| *id).collect() };
        self.add(
            Kind::EmergencyUnreachable,
            severity,
            patterns,
            place,
            Some((number, Arrival::KeyByKey)),
            what,
        );
    }
}

/// Emergency numbers that are dialled from everywhere.
const NUMBERS: usize = 32;
