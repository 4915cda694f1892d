//! Hunting: one number behind which several lines are offered the call, one after another or together.
//!
//! A hunt pilot leads to a hunt list, that to line groups, those to members (directory numbers). [`LineGroup`],
//! [`HuntList`] and [`HuntPilot`] are checked settings; [`Hunt`] is the hunt of one call. Members' own forwards
//! play no part while hunting. CTI ports and route points cannot be members, which is checked where devices are known.

mod machine;
mod order;
mod queue;
mod settings;

pub use machine::{Hunt, Input, Output};
pub use order::{
    Condition, Exhausted, LeftBecause, Members, RingBecause, SkippedBecause, Standing, WithdrawnBecause,
};
pub use queue::{
    CALLERS_LIMIT, CALLERS_MAX, FullQueue, QueueDestination, QueueReason, QueueSettings, WAIT_LIMIT, WAIT_MAX,
};
pub use settings::{
    Distribution, HuntError, HuntList, HuntOption, HuntPilot, LineGroup, LineGroupOptions,
    MAXIMUM_HUNT_TIMER, MAXIMUM_HUNT_TIMER_MAX, RING_NO_ANSWER_REVERSION, RING_NO_ANSWER_REVERSION_MAX,
    WhenExhausted,
};
