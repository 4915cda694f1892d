//! Floor 1: what a dialled number means.
//!
//! CUCM's digit analysis as a value: it refuses to know devices, calls, protocols, sockets and clocks. A [`DialPlan`] is an
//! immutable snapshot, made and changed by [`DialPlanBuilder`]; an [`Analysis`] eats keys and says after each what matches,
//! what could, and whether it routes, waits or rejects; [`NumberPattern`] is one row of the number table.

mod address;
pub mod admission;
mod analysis;
mod automaton;
pub mod codes;
mod combine;
mod few;
pub mod forward;
pub mod hunt;
pub mod lint;
pub mod mobility;
mod national;
pub mod normalise;
mod outpulse;
mod parameters;
mod pattern;
mod plan;
mod range;
pub mod resources;
mod rotation;
pub mod route_list;
pub mod schedule;
mod shared_list;
mod symbol;
mod trace;
mod transform;
mod transformation;

pub use address::{AddressError, Addressed, is_name, is_pattern_in_small_letters};
pub use analysis::{
    Analysis, Arrival, Caller, Candidate, Decision, Hop, LaterHops, LostBy, Potential, Presented, Progress,
    Reject, Routed, Why,
};
pub use combine::combined;
pub use national::{FilterError, RouteFilter, Tag};
pub use outpulse::{MemberChange, Outpulsed};
pub use parameters::{
    EnBlocHops, HashRule, HoursRule, KeysOnLaterHops, NegatedSetRule, ParameterError, Parameters,
    SpeedDialRule, TieRule, UrgentRule,
};
pub use pattern::{Breadth, Pattern, PatternError};
pub use plan::{
    Action, CodesRequired, DialPlan, DialPlanBuilder, Emergency, NextHopBy, NextSearchSpace, NumberPattern,
    OverlapSending, PartitionId, PatternId, PlanError, RoutePattern, RouteTarget, SearchSpace, Translation,
    WaitOnNextHops,
};
pub use range::OutOfRange;
pub use rotation::Rotation;
pub use schedule::{OpeningHours, Zone};
pub use symbol::{Digits, DigitsError, Symbol, SymbolSet};
pub use trace::{HopTrace, KeyTrace, Trace};
pub use transform::{
    CalledChange, CallingChange, ChangeKind, ChangeStep, Discard, DiscardError, ExternalMask, Mask,
    MaskError, Presentation, PresentationError,
};
pub use transformation::{
    NumberView, Seen, Transformation, Transformations, TransformationsBuilder, Transformed,
};
