//! Floor 2: tells the story of a call from the journal.
//!
//! It reads [`strowger_base::journal::Record`]s and refuses to know anything else: no call in progress, no socket, no
//! file. [`tell`] makes a [`Story`], [`text`] prints it for people; programs take it as it is.

mod ladder;
mod sentence;
mod story;

pub use ladder::Rung;
pub use story::{Line, Story, tell, text};
