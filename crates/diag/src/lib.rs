//! Floor 2: tells the story of a call from the journal.
//!
//! It reads records and nothing else: whatever it says was written down when it happened. It refuses to know where
//! records are kept. [`Selector`] picks the records of one call, [`tell`] makes a [`Story`] of them: a headline, the
//! sentences of what was decided and why, and the ladder of messages. [`text`] prints it for people; programs take it as
//! it is.

mod admission;
mod call_back;
mod codes;
mod features;
mod headline;
mod keys;
mod ladder;
mod masked;
mod names;
mod numbers;
mod paging;
mod quality;
mod recordings;
mod redirections;
mod resources;
mod select;
mod sentences;
mod story;
mod streams;
mod transfers;
mod words;

pub use features::because;
pub use ladder::{Party, Rung};
pub use recordings::{Recorded, recorded};
pub use select::Selector;
pub use story::{Line, Story, tell, text};
