//! What is doubtful about a whole plan: overlaps that wait, patterns that never match, loops, emergency numbers out of reach.
//!
//! Every finding comes with a dialling that shows it, and that dialling was made: what cannot be shown is not reported.
//! The work is bounded; [`Lint::incomplete`] says what was left out.

mod advice;
mod codes;
mod emergency;
mod find;
mod finding;
mod loops;
mod names;
mod outside;
mod places;
mod survey;
mod view;

use std::sync::Arc;

use strowger_base::WallTime;

use self::find::Finder;
pub use self::finding::{Example, Finding, Kind, Severity};
use crate::analysis::{Arrival, Caller};
use crate::codes::CodeTable;
use crate::plan::{Action, DialPlan};
use crate::symbol::Digits;

/// Somebody who dials, or whose calls come in.
#[derive(Clone, Debug)]
pub struct Origin {
    /// What it is.
    pub kind: OriginKind,
    /// Its name, unique among its kind.
    pub name: Box<str>,
    /// What digit analysis knows of it.
    pub caller: Arc<Caller>,
}

/// What somebody who dials is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OriginKind {
    /// A line of a phone.
    Line,
    /// An intercom line of a phone: it calls such lines alone, and nobody expects help there.
    Intercom,
    /// A trunk to others, whose numbers come as a whole.
    Trunk,
    /// A trunk whose numbers grow.
    OverlapTrunk,
}

impl OriginKind {
    /// As it is written before a name: `line:1001`.
    pub const fn word(self) -> &'static str {
        match self {
            OriginKind::Line | OriginKind::Intercom => "line",
            OriginKind::Trunk | OriginKind::OverlapTrunk => "trunk",
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Lint {
    /// The worst first.
    pub findings: Vec<Finding>,
    /// What was not looked at to its end, in words.
    pub incomplete: Vec<String>,
}

/// Looks at a whole plan and the codes beside it; partitions with opening hours are judged by `at`.
pub fn lint(plan: &DialPlan, origins: &[Origin], codes: &CodeTable, at: WallTime) -> Lint {
    let views = view::all(plan, origins, at);
    let mut finder = Finder::new(plan, &views);
    finder.patterns();
    finder.partitions();
    finder.emergency();
    finder.addresses();
    finder.outside();
    finder.codes(codes);
    finder.finish()
}

/// The translation loops of a plan into which somebody can dial: no such plan may come into force.
pub fn loops(plan: &DialPlan, origins: &[Origin], at: WallTime) -> Vec<Finding> {
    let views = view::all(plan, origins, at);
    let mut finder = Finder::new(plan, &views);
    finder.translations();
    let mut lint = finder.finish();
    lint.findings.retain(|finding| finding.kind == Kind::Loop);
    lint.findings
}

/// Whether a call may go round in translations that finds, where this number was before, whatever else takes it there. Who sees a
/// false alarm asks [`loops`]; when nothing asks for the calling number, nobody goes round without an alarm.
pub fn may_go_round(plan: &DialPlan, origins: &[Origin], at: WallTime, number: &Digits) -> bool {
    let views = view::all(plan, origins, at);
    let mut zones = Vec::new();
    for view in &views {
        if !zones.contains(&view.caller.zone) {
            zones.push(view.caller.zone.clone());
        }
    }
    let translates = |id| plan.pattern(id).is_some_and(|row| matches!(row.action, Action::Translate(_)));
    views.iter().any(|view| {
        zones.iter().any(|zone| {
            let caller = Arc::new(Caller { zone: zone.clone(), ..Caller::clone(&view.caller) });
            let analysis = view.dial_as(plan, &caller, number, Arrival::EnBloc);
            // Where a translation looks the number up, the caller's own search space may be another.
            find::first(&analysis).is_some_and(translates) && (!view.dials || loops::is_endless(&analysis))
        })
    })
}

#[cfg(test)]
mod tests;
