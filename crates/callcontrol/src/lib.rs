//! Floor 2: calls and legs; knows signals, never SIP or SCCP.
//!
//! A call is a conversation of two parties: a caller's leg and the legs that are rung for it, of which one answers.
//! Call control decides what becomes of it, keeps offer and answer of both sides in step, journals every decision
//! with its reason, and closes each call with exactly one final record. It refuses to know protocols: legs tell
//! [`strowger_base::Signal`]s and take [`strowger_base::Command`]s. Start from [`CallControl`], [`Input`] and [`Output`].

mod admission;
mod beside;
mod call;
pub mod configuration;
mod control;
mod exchange;
mod failure;
mod features;
pub mod follow;
pub mod io;
mod legs;
mod outlet;
mod relay;
mod resources;
mod shared;
mod streams;

pub use admission::PlaceUse;
pub use call::Phase;
pub use configuration::{Configuration, RelayMode};
pub use control::{CallControl, CallView, Counters, Sizes, quality};
pub use io::{Input, Outbox, Output};
pub use resources::{DeviceAbility, ResourceUse};
