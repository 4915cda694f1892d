//! Floor 2: what lines are doing, for those who watch them.
//!
//! [`Presence`] hears the signals and commands of all legs and tells [`strowger_base::watch::LineState`]s to whoever watches
//! a line. It refuses to know calls and protocols: a call of a line is a leg of one of its phones, whatever feature moved
//! it, so that no feature has to know that it is watched.

mod io;
mod leg;
mod line;
mod presence;

pub use io::{Input, Output};
pub use presence::{Presence, Sizes};
