//! Transformation patterns as an operator writes them, and the search spaces that choose among them.

use std::sync::Arc;

use strowger_dialplan::{
    DialPlan, ExternalMask, NumberView, Pattern, PlanError, SearchSpace, Transformation, Transformations,
    TransformationsBuilder,
};

use super::build::Findings;
use super::plan::{self, ChangeDraft, PatternDraft};
use super::{Draft, Place, Problem};

/// A transformation pattern.
#[derive(Clone, Default, Debug)]
pub struct TransformationDraft {
    /// The pattern; it has no urgency and no route filter.
    pub pattern: PatternDraft,
    /// What it does to the number that it takes: `discard`, `mask` and `prefix`, and for calling party transformation patterns
    /// `external_mask`, `present` and `present_name`.
    pub change: ChangeDraft,
}

/// Search spaces of transformation patterns by name; none where numbers are seen as they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct NumberViewDraft {
    /// For who calls.
    pub calling: Box<str>,
    /// For the called number; trunks alone are sent one.
    pub called: Box<str>,
    /// For who answered.
    pub connected: Box<str>,
    /// For who diverted.
    pub redirecting: Box<str>,
}

/// The transformation patterns of a draft, in the partitions of its plan.
pub(super) fn build(draft: &Draft, plan: &DialPlan, found: &mut Findings) -> Transformations {
    let mut builder = TransformationsBuilder::new(plan);
    for (index, written) in draft.plan.calling_transformations.iter().enumerate() {
        let place = Place::CallingTransformation(index);
        let Some((pattern, transformation)) = transformation(place, written, found) else { continue };
        if let Err(error) = builder.calling(&written.pattern.partition, pattern, transformation) {
            refuse(plan, place, error, found);
        }
    }
    for (index, written) in draft.plan.called_transformations.iter().enumerate() {
        let place = Place::CalledTransformation(index);
        for (setting, text) in of_calling_numbers(written) {
            if !text.is_empty() {
                let why = "a called party transformation pattern changes the called number alone".into();
                found.add(place, setting, Problem::Malformed { found: text.into(), why });
            }
        }
        let Some((pattern, transformation)) = transformation(place, written, found) else { continue };
        if let Err(error) = builder.called(&written.pattern.partition, pattern, transformation.change) {
            refuse(plan, place, error, found);
        }
    }
    builder.build()
}

/// How a device sees numbers; `None` where it sees them as they are.
pub(super) fn view(
    plan: &DialPlan,
    place: Place,
    written: &NumberViewDraft,
    found: &mut Findings,
) -> Option<Arc<NumberView>> {
    if *written == NumberViewDraft::default() {
        return None;
    }
    let mut space = |name: &str| space(plan, place, "transformation_space", name, found);
    Some(Arc::new(NumberView {
        calling: space(&written.calling),
        called: space(&written.called),
        connected: space(&written.connected),
        redirecting: space(&written.redirecting),
    }))
}

/// How a device sees numbers where its pool says what it does not say itself.
pub(super) fn or(own: Option<Arc<NumberView>>, pool: Option<&Arc<NumberView>>) -> Option<Arc<NumberView>> {
    match (own, pool) {
        (Some(own), Some(pool)) => Some(Arc::new(own.or(pool))),
        (own, pool) => own.or_else(|| pool.cloned()),
    }
}

/// A search space that may be absent.
pub(super) fn space(
    plan: &DialPlan,
    place: Place,
    setting: &'static str,
    name: &str,
    found: &mut Findings,
) -> Option<SearchSpace> {
    (!name.is_empty()).then(|| plan::space_named(plan, place, setting, name, found))
}

fn transformation(
    place: Place,
    written: &TransformationDraft,
    found: &mut Findings,
) -> Option<(Pattern, Transformation)> {
    for (setting, text) in
        [("calling_mask", &written.change.calling_mask), ("calling_prefix", &written.change.calling_prefix)]
    {
        if !text.is_empty() {
            let why = "a transformation pattern changes the number that it takes; say mask and prefix".into();
            found.add(place, setting, Problem::Malformed { found: text.clone(), why });
        }
    }
    let (change, calling) = plan::changes(place, &written.change, found);
    let transformation = Transformation {
        external_mask: written.change.external_mask,
        change,
        number_presentation: calling.number_presentation,
        name_presentation: calling.name_presentation,
    };
    let pattern = written
        .pattern
        .pattern
        .parse()
        .map_err(|source| PlanError::Pattern { pattern: written.pattern.pattern.clone(), source });
    match pattern {
        Ok(pattern) => Some((pattern, transformation)),
        Err(error) => {
            found.plan(place, "pattern", error);
            None
        }
    }
}

/// What a change says of the calling number, by the names of the settings.
fn of_calling_numbers(written: &TransformationDraft) -> [(&'static str, &str); 3] {
    let change = &written.change;
    let external_mask = if change.external_mask == ExternalMask::Default { "" } else { "it" };
    [("external_mask", external_mask), ("present", &change.present), ("present_name", &change.present_name)]
}

/// Says why there cannot be such a pattern, and what there could be instead.
fn refuse(plan: &DialPlan, place: Place, error: PlanError, found: &mut Findings) {
    match error {
        PlanError::NoSuchPartition { name, .. } => {
            found.unknown(place, "partition", &name, plan.partitions().map(|(_, name)| name));
        }
        PlanError::Discard { .. } => found.plan(place, "discard", error),
        PlanError::NameTaken { .. }
        | PlanError::Duplicate { .. }
        | PlanError::Pattern { .. }
        | PlanError::FilterWithoutPlan { .. }
        | PlanError::FilterLeavesNothing { .. }
        | PlanError::OverlapWithCodes { .. }
        | PlanError::Address { .. }
        | PlanError::Parameter(_) => found.plan(place, "pattern", error),
    }
}
