//! Floor 1: SIP messages, transactions, dialogs, legs and registrar, without IO.
//!
//! [`Sip`] is the SIP side of one shard. It refuses to know calls: it turns dialogs into legs, tells
//! [`strowger_base::Signal`]s and takes [`strowger_base::Command`]s.

pub mod io;

pub use io::{Configuration, Input, Outbox, Output};
