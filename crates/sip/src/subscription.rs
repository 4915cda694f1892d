//! Subscriptions to events (RFC 6665): the side that wants to know and the side that tells.
//!
//! Both machines know states and time, never messages; packages (`dialog`, `refer`, `message-summary` …) are their
//! users. A REFER begins a subscription of its own without a SUBSCRIBE (RFC 3515 §2.4.4).

pub mod notifier;
pub mod subscriber;

use std::time::Duration;

use crate::message::SubscriptionState;

/// Why a subscription ended (RFC 6665 §4.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The notifier moved; subscribe again at once.
    Deactivated,
    /// Subscribe again later.
    Probation,
    /// The subscription is not allowed, now or ever.
    Rejected,
    /// It was not refreshed in time; subscribe again at once.
    Timeout,
    /// Nobody could decide in time; subscribe again later.
    GiveUp,
    /// What was subscribed to is gone.
    NoResource,
    /// What was subscribed to will not change again.
    Invariant,
    /// Any other reason, or none.
    Other,
}

impl Ended {
    /// The token of Subscription-State.
    pub const fn token(self) -> &'static str {
        match self {
            Ended::Deactivated => "deactivated",
            Ended::Probation => "probation",
            Ended::Rejected => "rejected",
            Ended::Timeout => "timeout",
            Ended::GiveUp => "giveup",
            Ended::NoResource => "noresource",
            Ended::Invariant => "invariant",
            Ended::Other => "",
        }
    }

    /// The reason with this token.
    pub fn of(token: &str) -> Ended {
        [
            Ended::Deactivated,
            Ended::Probation,
            Ended::Rejected,
            Ended::Timeout,
            Ended::GiveUp,
            Ended::NoResource,
            Ended::Invariant,
        ]
        .into_iter()
        .find(|ended| ended.token().eq_ignore_ascii_case(token))
        .unwrap_or(Ended::Other)
    }

    /// Whether subscribing again makes sense, and how soon (RFC 6665 §4.1.3).
    pub const fn again(self) -> Again {
        match self {
            Ended::Deactivated | Ended::Timeout => Again::AtOnce,
            Ended::Probation | Ended::GiveUp | Ended::Other => Again::Later,
            Ended::Rejected | Ended::NoResource | Ended::Invariant => Again::Never,
        }
    }
}

/// What Subscription-State of a NOTIFY says (RFC 6665 §4.1.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// The subscription goes on for this time.
    Active(Duration),
    /// Nobody has decided about it; it goes on for this time.
    Pending(Duration),
    /// It is over.
    Terminated(Ended),
}

impl Told {
    /// Reads it; there is no fourth state that we could act on. The time is what the notifier says, but no longer than was
    /// asked for.
    pub fn of(state: &SubscriptionState<'_>, longest: Duration) -> Option<Told> {
        let time = state.expires.map_or(longest, Duration::from_secs).min(longest);
        if state.state.eq_ignore_ascii_case("active") {
            Some(Told::Active(time))
        } else if state.state.eq_ignore_ascii_case("pending") {
            Some(Told::Pending(time))
        } else {
            state.state.eq_ignore_ascii_case("terminated").then(|| Told::Terminated(Ended::of(state.reason)))
        }
    }
}

/// Whether to subscribe again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    /// At once.
    AtOnce,
    /// After `retry-after`, or a while.
    Later,
    /// Not at all.
    Never,
}

/// Timer N: how long a subscriber waits for the first NOTIFY, 64*T1 (RFC 6665 §4.1.2).
pub const TIMER_N: Duration = crate::transaction::GIVE_UP;
