//! The side that tells (RFC 6665 §4.2.2).

use std::time::Duration;

use strowger_base::Instant;

use super::Ended;
use crate::write;

/// Where a subscription stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Nobody has decided whether it is allowed.
    Pending {
        /// When it ends unless it is refreshed.
        expires: Instant,
    },
    /// News are sent.
    Active {
        /// When it ends unless it is refreshed.
        expires: Instant,
    },
    /// Over; the last NOTIFY said so.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The policy allows it.
    Approve,
    /// The policy forbids it, or what was subscribed to is gone.
    End(Ended),
    /// A SUBSCRIBE in the dialog asks for this time; zero ends it.
    Refresh(Duration),
    /// Something happened that the subscriber wants to know.
    Change,
    /// A NOTIFY was refused or never answered: the subscriber is gone (RFC 6665 §4.2.2).
    NotifyFailed,
    /// Time has passed.
    Timer,
}

/// What the user of the machine has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing.
    None,
    /// Send a NOTIFY with the state that there is now. Each SUBSCRIBE gets one (RFC 6665 §4.2.1.2).
    Notify,
    /// Send the last NOTIFY, which says why it is over.
    Last(Ended),
}

impl State {
    /// The state that an accepted SUBSCRIBE begins with; a REFER's is approved at once (RFC 3515 §2.4.4).
    pub fn begin(now: Instant, time: Duration, approved: bool) -> State {
        let expires = now + time;
        if approved { State::Active { expires } } else { State::Pending { expires } }
    }

    /// The next state and what to do.
    pub fn on(self, input: Input, now: Instant) -> (State, Effect) {
        let over = |ended| (State::Terminated, Effect::Last(ended));
        match self {
            State::Pending { expires } => match input {
                Input::Approve => (State::Active { expires }, Effect::Notify),
                Input::End(ended) => over(ended),
                Input::Refresh(time) if time.is_zero() => over(Ended::Timeout),
                Input::Refresh(time) => (State::Pending { expires: now + time }, Effect::Notify),
                // A subscriber that is not approved learns nothing.
                Input::Change => (self, Effect::None),
                Input::NotifyFailed => (State::Terminated, Effect::None),
                Input::Timer if expires <= now => over(Ended::Timeout),
                Input::Timer => (self, Effect::None),
            },
            State::Active { expires } => match input {
                Input::Approve => (self, Effect::None),
                Input::End(ended) => over(ended),
                Input::Refresh(time) if time.is_zero() => over(Ended::Timeout),
                Input::Refresh(time) => (State::Active { expires: now + time }, Effect::Notify),
                Input::Change => (self, Effect::Notify),
                Input::NotifyFailed => (State::Terminated, Effect::None),
                Input::Timer if expires <= now => over(Ended::Timeout),
                Input::Timer => (self, Effect::None),
            },
            State::Terminated => match input {
                Input::Approve
                | Input::End(_)
                | Input::Refresh(_)
                | Input::Change
                | Input::NotifyFailed
                | Input::Timer => (self, Effect::None),
            },
        }
    }

    /// When the machine wants to hear [`Input::Timer`].
    pub const fn deadline(&self) -> Option<Instant> {
        match *self {
            State::Pending { expires } | State::Active { expires } => Some(expires),
            State::Terminated => None,
        }
    }

    /// Writes Subscription-State (RFC 6665 §8.2.3); `ended` is why, when it is over.
    pub fn write_header(&self, now: Instant, ended: Ended, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Subscription-State: ");
        match self {
            State::Pending { expires } | State::Active { expires } => {
                let name: &[u8] = if matches!(self, State::Pending { .. }) { b"pending" } else { b"active" };
                out.extend_from_slice(name);
                out.extend_from_slice(b";expires=");
                write::decimal(out, (*expires - now).as_secs());
            }
            State::Terminated => {
                out.extend_from_slice(b"terminated");
                if !ended.token().is_empty() {
                    out.extend_from_slice(b";reason=");
                    out.extend_from_slice(ended.token().as_bytes());
                }
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::table_test::{at, check};

    #[test]
    fn the_table_is_as_reviewed() {
        let states =
            [State::Pending { expires: at(60) }, State::Active { expires: at(60) }, State::Terminated];
        let inputs = [
            Input::Approve,
            Input::End(Ended::Rejected),
            Input::Refresh(Duration::ZERO),
            Input::Refresh(Duration::from_secs(100)),
            Input::Change,
            Input::NotifyFailed,
        ];
        let mut table = String::new();
        for state in states {
            for input in inputs {
                let (next, effect) = state.on(input, at(10));
                table.push_str(&format!("{state:?} + {input:?} -> {next:?} {effect:?}\n"));
            }
            for now in [at(10), at(60)] {
                let (next, effect) = state.on(Input::Timer, now);
                table.push_str(&format!("{state:?} + Timer at {now:?} -> {next:?} {effect:?}\n"));
            }
        }
        check("notifier", &table, include_str!("../../testdata/tables/notifier.txt"));
    }

    #[test]
    fn the_header_says_state_time_and_reason() {
        let check = |state: State, ended: Ended, expect: &str| {
            let mut out = vec![];
            state.write_header(at(10), ended, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("Subscription-State: {expect}\r\n"));
        };
        check(State::Active { expires: at(70) }, Ended::Other, "active;expires=60");
        check(State::Pending { expires: at(70) }, Ended::Other, "pending;expires=60");
        check(State::Terminated, Ended::NoResource, "terminated;reason=noresource");
        check(State::Terminated, Ended::Other, "terminated");
    }

    #[test]
    fn reasons_read_back_and_say_whether_to_come_again() {
        for ended in [Ended::Deactivated, Ended::Probation, Ended::Rejected, Ended::Timeout, Ended::GiveUp] {
            assert_eq!(Ended::of(ended.token()), ended);
        }
        assert_eq!(Ended::of("else"), Ended::Other);
        assert_eq!(Ended::Rejected.again(), super::super::Again::Never);
        assert_eq!(Ended::Timeout.again(), super::super::Again::AtOnce);
    }
}
