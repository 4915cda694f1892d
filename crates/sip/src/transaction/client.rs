//! Client transaction of requests other than INVITE (RFC 3261 §17.1.2).

use std::time::Duration;

use strowger_base::Instant;

use super::{Effect, GIVE_UP, T1, T2, T4};

/// Where the transaction stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// No response yet.
    Trying {
        /// Timer E: the next repetition; none on a reliable transport.
        e: Option<Instant>,
        /// The pause after it.
        e_interval: Duration,
        /// Timer F: nobody answers.
        f: Instant,
    },
    /// A provisional response came.
    Proceeding {
        /// Timer E: the next repetition; none on a reliable transport.
        e: Option<Instant>,
        /// Timer F: no final answer.
        f: Instant,
    },
    /// The final response came; copies of it are absorbed.
    Completed {
        /// Timer K.
        k: Instant,
    },
    /// Gone.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// 1xx.
    Provisional,
    /// 2xx to 6xx.
    Final,
    /// Time has passed.
    Timer,
    /// The request could not be sent.
    TransportFailed,
}

impl State {
    /// The state right after the request was sent.
    pub fn begin(now: Instant, reliable: bool) -> State {
        State::Trying { e: (!reliable).then(|| now + T1), e_interval: T1, f: now + GIVE_UP }
    }

    /// The next state and what to do; `reliable` says whether the transport repeats by itself.
    pub fn on(self, input: Input, now: Instant, reliable: bool) -> (State, Effect) {
        use Input::{Final, Provisional, Timer, TransportFailed};
        use State::{Completed, Proceeding, Terminated, Trying};
        // Timer K is zero on reliable transports (RFC 3261 §17.1.2.2).
        let finished = if reliable { Terminated } else { Completed { k: now + T4 } };
        match self {
            Trying { e, e_interval, f } => match input {
                Provisional => (Proceeding { e: e.map(|_| now + T2), f }, Effect::Deliver),
                Final => (finished, Effect::Deliver),
                Timer if f <= now => (Terminated, Effect::TimedOut),
                Timer if e.is_some_and(|e| e <= now) => {
                    let interval = (e_interval * 2).min(T2);
                    (Trying { e: Some(now + interval), e_interval: interval, f }, Effect::Resend)
                }
                Timer => (self, Effect::None),
                TransportFailed => (Terminated, Effect::TimedOut),
            },
            Proceeding { e, f } => match input {
                Provisional => (self, Effect::Deliver),
                Final => (finished, Effect::Deliver),
                Timer if f <= now => (Terminated, Effect::TimedOut),
                Timer if e.is_some_and(|e| e <= now) => (Proceeding { e: Some(now + T2), f }, Effect::Resend),
                Timer => (self, Effect::None),
                TransportFailed => (Terminated, Effect::TimedOut),
            },
            Completed { k } => match input {
                Timer if k <= now => (Terminated, Effect::None),
                Provisional | Final | Timer | TransportFailed => (self, Effect::None),
            },
            Terminated => match input {
                Provisional | Final | Timer | TransportFailed => (self, Effect::None),
            },
        }
    }

    /// When the machine wants to hear [`Input::Timer`].
    pub fn deadline(&self) -> Option<Instant> {
        match *self {
            State::Trying { e, f, .. } | State::Proceeding { e, f } => Some(e.map_or(f, |e| e.min(f))),
            State::Completed { k } => Some(k),
            State::Terminated => None,
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
            State::Trying { e: Some(at(10)), e_interval: T1, f: late },
            State::Proceeding { e: Some(at(10)), f: late },
            State::Completed { k: late },
            State::Terminated,
        ];
        let mut table = String::new();
        for state in states {
            for input in [Input::Provisional, Input::Final, Input::TransportFailed] {
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
        check("client", &table, include_str!("../../testdata/tables/client.txt"));
    }

    #[test]
    fn an_unanswered_request_is_repeated_up_to_every_four_seconds_and_given_up_after_32() {
        let mut state = State::begin(at(0), false);
        let mut times = vec![];
        while let Some(deadline) = state.deadline() {
            times.push(deadline.as_nanos() / 1_000_000);
            state = state.on(Input::Timer, deadline, false).0;
        }
        assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000]);
    }
}
