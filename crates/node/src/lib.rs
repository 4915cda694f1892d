//! Floor 3: one server as one state machine.
//!
//! [`Node`] has two entry points, `handle` and `next_timeout`; the binary and the simulator are two drivers of
//! the same type. Protocols, media and call control meet here and nowhere else.

pub mod configuration;
mod counters;
mod endpoints;
pub mod io;
mod keyless;
mod node;
pub mod objects;
mod phones;
mod questions;
mod sccp;
mod sound;
mod summary;
mod user_settings;
mod voice;
mod watching;
mod wiring;

pub use configuration::{Configuration, Draft};
pub use io::{Input, Outbox, Output, Parameters};
pub use node::Node;
