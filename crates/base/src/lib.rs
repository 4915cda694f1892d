//! The ground floor: what every other crate of Strowger speaks in.
//!
//! Ids, time, timers, randomness, hashing, release causes, the vocabulary in which legs and call
//! control talk, the immutable event records, and the limits. It refuses to know any protocol,
//! any socket and any clock: time and randomness arrive as values.
//!
//! The types to start from are [`LegId`], [`Signal`]/[`Command`] and [`Event`].

pub mod arena;
pub mod cause;
pub mod country;
pub mod event;
pub mod feature;
pub mod hash;
pub mod id;
pub mod journal;
pub mod language;
pub mod leg;
pub mod limits;
pub mod line;
pub mod nearest;
pub mod net;
pub mod phone;
pub mod private;
pub mod recording;
pub mod rng;
pub mod short;
pub mod sorted;
pub mod table;
pub mod time;
pub mod timer;
pub mod watch;

pub use arena::{ByteArena, Span};
pub use cause::Cause;
pub use country::Country;
pub use event::Event;
pub use feature::{FeatureCode, FeatureNumber, FeatureRequest};
pub use hash::{HashMap, HashSeed};
pub use id::{CallId, ConferenceId, LegId, NodeId, ShardId};
pub use language::Language;
pub use leg::{Command, Media, Party, SessionDescription, Signal};
pub use line::LineName;
pub use private::{Pii, Secret};
pub use recording::RecordingMetadata;
pub use rng::Rng;
pub use short::ShortText;
pub use sorted::Sorted;
pub use table::{Table, TableChange};
pub use time::{Instant, Now, WallTime};
pub use timer::{TimerHandle, TimerQueue};

/// Reports a state that cannot occur without a bug in Strowger, for one call only.
///
/// In tests it panics, so that the bug is found; in a release the expression's caller must release
/// the call with [`Cause::TEMPORARY_FAILURE`] and go on (style guide §7).
#[macro_export]
macro_rules! never {
    ($($message:tt)*) => {
        debug_assert!(false, $($message)*)
    };
}
