//! Calls that are recorded, as raw SIP between phones, the node and a recorder (RFC 7866).

#![expect(clippy::unwrap_used, reason = "a test")]

mod asking;
mod aware;
mod encrypted;
mod failing;
mod plain;
mod routes;
mod scene;
#[path = "../support/world.rs"]
mod world;
