//! Call forwarding: where a line sends calls that it does not take itself.
//!
//! [`LineForwards`] is what a line says; [`CfaSearchSpace`] where a forward of all calls is looked up; [`Trail`] what
//! one call has been through, with the limits that end going round; [`check_activation`] refuses a loop that somebody
//! is about to make at a phone. Each forward begins a new lookup with complete digits, which is the plan's affair.

mod activation;
mod reason;
mod search_space;
mod settings;
mod trail;

pub use activation::{ActivatedFrom, Activation, check_activation};
pub use reason::{OnBehalfOf, RedirectReason};
pub use search_space::{Activator, CfaPolicy, CfaSearchSpace, CfaSystemPolicy};
pub use settings::{
    BySide, CallSide, Classification, ForwardDestination, ForwardError, ForwardKind, ForwardTarget,
    LineForwards, RING_TIME, RingTime,
};
pub use trail::{
    Breakout, BreakoutBecause, ForwardParameters, HOP_LIMIT, HopLimit, HopLimitReached, Mailbox, Redirect,
    Step, Trail,
};
