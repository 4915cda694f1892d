//! INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2).

use std::time::Duration;

use strowger_base::Instant;

use super::{Effect, GIVE_UP, T1};

/// Where the transaction stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// No response yet.
    Calling {
        /// Timer A: the next repetition; none on a reliable transport.
        a: Option<Instant>,
        /// The pause after it.
        a_interval: Duration,
        /// Timer B: nobody answers.
        b: Instant,
    },
    /// A provisional response came.
    Proceeding,
    /// A 2xx came; the user acknowledges each copy of it (RFC 6026 §7.2).
    Accepted {
        /// Timer M.
        m: Instant,
    },
    /// A failure came; repeated copies are acknowledged again.
    Completed {
        /// Timer D.
        d: Instant,
    },
    /// Gone.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx.
    Failure,
    /// Time has passed.
    Timer,
    /// The request could not be sent.
    TransportFailed,
}

impl State {
    /// The state right after the request was sent.
    pub fn begin(now: Instant, reliable: bool) -> State {
        State::Calling { a: (!reliable).then(|| now + T1), a_interval: T1, b: now + GIVE_UP }
    }

    /// The next state and what to do; `reliable` says whether the transport repeats by itself.
    pub fn on(self, input: Input, now: Instant, reliable: bool) -> (State, Effect) {
        use Input::{Failure, Provisional, Success, Timer, TransportFailed};
        use State::{Accepted, Calling, Completed, Proceeding, Terminated};
        // Timer D is zero on reliable transports (RFC 3261 §17.1.1.2).
        let failed = if reliable { Terminated } else { Completed { d: now + GIVE_UP } };
        match self {
            Calling { a, a_interval, b } => match input {
                Provisional => (Proceeding, Effect::Deliver),
                Success => (Accepted { m: now + GIVE_UP }, Effect::Deliver),
                Failure => (failed, Effect::Acknowledge { deliver: true }),
                Timer if b <= now => (Terminated, Effect::TimedOut),
                Timer if a.is_some_and(|a| a <= now) => {
                    // Timer A doubles without the bound of T2 (RFC 3261 §17.1.1.2).
                    let interval = a_interval * 2;
                    (Calling { a: Some(now + interval), a_interval: interval, b }, Effect::Resend)
                }
                Timer => (self, Effect::None),
                TransportFailed => (Terminated, Effect::TimedOut),
            },
            Proceeding => match input {
                Provisional => (self, Effect::Deliver),
                Success => (Accepted { m: now + GIVE_UP }, Effect::Deliver),
                Failure => (failed, Effect::Acknowledge { deliver: true }),
                TransportFailed => (Terminated, Effect::TimedOut),
                Timer => (self, Effect::None),
            },
            Accepted { m } => match input {
                Success => (self, Effect::Deliver),
                Timer if m <= now => (Terminated, Effect::None),
                Provisional | Failure | Timer | TransportFailed => (self, Effect::None),
            },
            Completed { d } => match input {
                Failure => (self, Effect::Acknowledge { deliver: false }),
                Timer if d <= now => (Terminated, Effect::None),
                Provisional | Success | Timer | TransportFailed => (self, Effect::None),
            },
            Terminated => match input {
                Provisional | Success | Failure | Timer | TransportFailed => (self, Effect::None),
            },
        }
    }

    /// When the machine wants to hear [`Input::Timer`].
    pub fn deadline(&self) -> Option<Instant> {
        match *self {
            State::Calling { a, b, .. } => Some(a.map_or(b, |a| a.min(b))),
            State::Proceeding | State::Terminated => None,
            State::Accepted { m } => Some(m),
            State::Completed { d } => Some(d),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::table_test::{at, check};

    #[test]
    fn the_table_is_as_reviewed() {
        let late = at(100);
        let states = [
            State::Calling { a: Some(at(10)), a_interval: T1, b: late },
            State::Proceeding,
            State::Accepted { m: late },
            State::Completed { d: late },
            State::Terminated,
        ];
        let inputs = [Input::Provisional, Input::Success, Input::Failure, Input::TransportFailed];
        let mut table = String::new();
        for state in states {
            for input in inputs {
                for (reliable, name) in [(false, "udp"), (true, "tcp")] {
                    let (next, effect) = state.on(input, at(10), reliable);
                    table.push_str(&format!("{state:?} + {input:?} [{name}] -> {next:?} {effect:?}\n"));
                }
            }
            for now in [at(9), at(10), late] {
                let (next, effect) = state.on(Input::Timer, now, false);
                table.push_str(&format!("{state:?} + Timer at {now:?} -> {next:?} {effect:?}\n"));
            }
        }
        check("invite_client", &table, include_str!("../../testdata/tables/invite_client.txt"));
    }

    #[test]
    fn an_unanswered_invite_is_sent_seven_times_and_given_up_after_32_seconds() {
        let mut state = State::begin(at(0), false);
        let mut times = vec![];
        while let Some(deadline) = state.deadline() {
            let (next, effect) = state.on(Input::Timer, deadline, false);
            times.push((deadline.as_nanos() / 1_000_000, effect));
            state = next;
        }
        let expected = [500, 1500, 3500, 7500, 15500, 31500].map(|t| (t, Effect::Resend));
        assert_eq!(times[..6], expected);
        assert_eq!(times[6..], [(32000, Effect::TimedOut)]);
    }
}
