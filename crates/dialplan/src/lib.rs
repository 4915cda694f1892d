//! Floor 1: what a dialled number means.
//!
//! It refuses to know devices, calls and protocols: a number and the caller go in, a destination comes out, with
//! the pattern that decided and the reason when there is none. [`DialPlan`] is an immutable snapshot, made by
//! [`DialPlanBuilder`]; [`Analysis`] is its answer. For now numbers match exactly, and routes match `X` and a
//! trailing `!`; partitions, transformations and digits that arrive one by one come behind the same interface.

mod combine;
pub mod forward;
pub mod hunt;
pub mod mobility;
pub mod normalise;
mod pattern;
mod plan;
mod range;
mod rotation;
pub mod route_list;

pub use combine::combined;
pub use pattern::{Pattern, PatternError};
pub use plan::{Analysis, Destination, DialPlan, DialPlanBuilder, PlanError, Route};
pub use range::OutOfRange;
pub use rotation::Rotation;
