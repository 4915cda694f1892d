//! Floor 2: calls and legs; knows signals, never SIP or SCCP.

pub mod configuration;

pub use configuration::{Configuration, RelayMode};
