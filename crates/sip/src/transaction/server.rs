//! Server transaction of requests other than INVITE (RFC 3261 §17.2.2).

use strowger_base::Instant;

use super::{Effect, GIVE_UP};

/// Where the transaction stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The user has the request; nothing was sent.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// The final response was sent.
    Completed {
        /// Timer J.
        j: Instant,
    },
    /// Gone.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The request came again.
    Retransmission,
    /// The user sends a provisional response.
    Provisional,
    /// The user sends the final response.
    Final,
    /// Time has passed.
    Timer,
}

impl State {
    /// The next state and what to do; `reliable` says whether the transport repeats by itself.
    pub fn on(self, input: Input, now: Instant, reliable: bool) -> (State, Effect) {
        use Input::{Final, Provisional, Retransmission, Timer};
        use State::{Completed, Proceeding, Terminated, Trying};
        // Timer J is zero on reliable transports (RFC 3261 §17.2.2).
        let finished = if reliable { Terminated } else { Completed { j: now + GIVE_UP } };
        match self {
            Trying => match input {
                Retransmission | Timer => (self, Effect::None),
                Provisional => (Proceeding, Effect::Send),
                Final => (finished, Effect::Send),
            },
            Proceeding => match input {
                Retransmission => (self, Effect::Resend),
                Provisional => (self, Effect::Send),
                Final => (finished, Effect::Send),
                Timer => (self, Effect::None),
            },
            Completed { j } => match input {
                Retransmission => (self, Effect::Resend),
                Timer if j <= now => (Terminated, Effect::None),
                Provisional | Final | Timer => (self, Effect::None),
            },
            Terminated => match input {
                Retransmission | Provisional | Final | Timer => (self, Effect::None),
            },
        }
    }

    /// When the machine wants to hear [`Input::Timer`].
    pub fn deadline(&self) -> Option<Instant> {
        match *self {
            State::Trying | State::Proceeding | State::Terminated => None,
            State::Completed { j } => Some(j),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::table_test::{at, check};

    #[test]
    fn the_table_is_as_reviewed() {
        let states = [State::Trying, State::Proceeding, State::Completed { j: at(100) }, State::Terminated];
        let mut table = String::new();
        for state in states {
            for input in [Input::Retransmission, Input::Provisional, Input::Final] {
                for (reliable, name) in [(false, "udp"), (true, "tcp")] {
                    let (next, effect) = state.on(input, at(10), reliable);
                    table.push_str(&format!("{state:?} + {input:?} [{name}] -> {next:?} {effect:?}\n"));
                }
            }
            for now in [at(10), at(100)] {
                let (next, effect) = state.on(Input::Timer, now, false);
                table.push_str(&format!("{state:?} + Timer at {now:?} -> {next:?} {effect:?}\n"));
            }
        }
        check("server", &table, include_str!("../../testdata/tables/server.txt"));
    }
}
