//! Call back: somebody who was busy or did not answer is watched, and whoever called is rung when he is free.

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum};
use crate::{CallId, Cause};

/// Whom a phone calls back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallBackTo<'a> {
    /// Nobody.
    Nobody,
    /// Whoever has this number, as soon as his line has no call: he was busy.
    WhenIdle(&'a str),
    /// The same, after his line was used: he did not answer.
    AfterUse(&'a str),
}

wire_enum!(CallBackTo<'a> { Nobody = 0, WhenIdle = 1 (number), AfterUse = 2 (number) });

impl<'a> CallBackTo<'a> {
    /// The number; empty for nobody.
    pub const fn number(self) -> &'a str {
        match self {
            CallBackTo::Nobody => "",
            CallBackTo::WhenIdle(number) | CallBackTo::AfterUse(number) => number,
        }
    }
}

/// How a call back goes on, in the story of the call in which it was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallBackNews<'a> {
    /// The line is free: a call of ours rings the phone that asked.
    Free {
        /// The line.
        line: &'a str,
        /// The call.
        rings: CallId,
    },
    /// The line is free, and the phone that asked has a call: it is rung when that is over.
    Waits {
        /// The line.
        line: &'a str,
    },
    /// The phone that asked could not be rung; it is tried again.
    NotRung {
        /// Why.
        cause: Cause,
    },
    /// The line was busy once more: it is waited for again.
    BusyAgain {
        /// The line.
        line: &'a str,
    },
    /// It is over.
    Over {
        /// The number that was to be called.
        number: &'a str,
        /// Why.
        why: WhyCallBackOver,
    },
}

wire_enum!(CallBackNews<'a> {
    Free = 0 { line, rings },
    Waits = 1 { line },
    NotRung = 2 { cause },
    BusyAgain = 3 { line },
    Over = 4 { number, why },
});

/// Why a call back is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyCallBackOver {
    /// The number was called, and rang or answered.
    Reached,
    /// Whoever asked for it wants it no more.
    Cancelled,
    /// Another one was asked for.
    Replaced,
    /// It was waited for as long as it may be.
    Expired,
    /// The phone that asked was rung and refused.
    Declined,
    /// The phone that asked was rung, and nobody answered.
    NotAnswered,
    /// The number was called, and nobody was reached.
    NotReached(Cause),
    /// One of the two lines is not there any more, or the number leads there no more.
    Removed,
}

wire_enum!(WhyCallBackOver {
    Reached = 0,
    Cancelled = 1,
    Replaced = 2,
    Expired = 3,
    Declined = 4,
    NotAnswered = 5,
    NotReached = 6 (cause),
    Removed = 7,
});
