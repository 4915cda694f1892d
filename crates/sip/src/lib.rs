//! Floor 1: SIP messages, transactions, dialogs, legs and registrar, without IO.
//!
//! [`Sip`] is the SIP side of one shard. It refuses to know calls: it turns dialogs into legs, tells
//! [`strowger_base::Signal`]s and takes [`strowger_base::Command`]s.

mod account;
pub mod auth;
pub mod body;
pub mod core;
mod dialog;
pub mod framer;
pub mod header;
mod identify;
pub mod io;
mod join;
pub mod kpml;
mod leg;
pub mod message;
mod receive;
mod recording;
pub mod registrar;
mod remotecc;
mod scan;
mod service_uri;
pub mod session_timer;
mod statistics;
mod streams;
pub mod subscription;
mod telephone_event;
pub mod transaction;
pub mod uri;
pub mod validate;
mod watch;
pub mod write;

pub use core::Sip;
pub use io::{Configuration, Input, Outbox, Output};
pub use statistics::RtpStatistics;
