//! Numbers that ask for features, as an operator writes them.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::{FeatureCode, FeatureNumber};
use strowger_callcontrol::configuration::{
    DirectedPark, PARK_REVERSION, PagingGroups, ParkNumbers, ParkRange,
};
use strowger_dialplan::DialPlan;

use super::build::Findings;
use super::{Draft, PatternDraft, Place, plan};

/// A number that asks for a feature.
#[derive(Clone, Debug)]
pub struct FeatureDraft {
    /// The pattern.
    pub pattern: PatternDraft,
    /// What it asks for.
    pub number: FeatureNumber,
}

impl FeatureDraft {
    /// A feature access code: the argument is what comes behind the keys that the pattern begins with, or behind its dot.
    pub fn access_code(pattern: PatternDraft, code: FeatureCode) -> Self {
        let is_key = |symbol: &char| symbol.is_ascii_digit() || matches!(symbol, '*' | '#' | 'A'..='D');
        let digits = pattern.pattern.chars().take_while(is_key).count();
        let digits = u8::try_from(digits).unwrap_or(u8::MAX);
        FeatureDraft { pattern, number: FeatureNumber { code, object: Box::default(), digits } }
    }
}

/// Numbers at which calls are parked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkDraft {
    /// Numbers that are given away.
    pub ranges: Vec<ParkRange>,
    /// Numbers that calls are transferred to.
    pub directed: Vec<DirectedParkDraft>,
    /// How long a call waits before it goes back.
    pub reversion: Duration,
}

/// A number that calls are transferred to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectedParkDraft {
    /// The object's name, which its number says.
    pub object: Box<str>,
    /// Where a call goes that nobody gets back, and the name of the search space of that number; the null partition when empty.
    pub reversion: Option<(Box<str>, Box<str>)>,
}

impl Default for ParkDraft {
    fn default() -> Self {
        ParkDraft { ranges: Vec::new(), directed: Vec::new(), reversion: PARK_REVERSION }
    }
}

impl ParkDraft {
    /// The same with what the numbers see.
    pub(super) fn build(&self, plan: &DialPlan, found: &mut Findings) -> ParkNumbers {
        let mut park = ParkNumbers::default();
        park.reversion = self.reversion;
        for range in &self.ranges {
            park.add(range.clone());
        }
        for DirectedParkDraft { object, reversion } in &self.directed {
            let setting = "reversion_search_space";
            let reversion = reversion.as_ref().map(|(number, space)| {
                (number.clone(), plan::space_named(plan, Place::Node, setting, space, found))
            });
            park.directed.insert(object.clone(), DirectedPark { reversion });
        }
        park
    }
}

/// Paging groups with what their numbers are looked up in.
pub(super) fn paging(draft: &Draft, plan: &DialPlan, found: &mut Findings) -> PagingGroups {
    let mut groups = draft.plan.paging.clone();
    for group in groups.values_mut().filter(|group| !group.space.is_empty()) {
        let space = plan::space_named(plan, Place::Node, "search_space", &group.space, found);
        Arc::make_mut(group).search_space = Some(space);
    }
    groups
}
