//! INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1).

use std::time::Duration;

use strowger_base::Instant;

use super::{Effect, GIVE_UP, T1, T2, T4};

/// Where the transaction stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The user has the request and has not given a final response.
    Proceeding,
    /// A 2xx went out; the user repeats it until the ACK comes. Retransmitted INVITEs are absorbed (RFC 6026 §7.1).
    Accepted {
        /// Timer L.
        l: Instant,
    },
    /// A failure went out and waits for its ACK.
    Completed {
        /// Timer G: the next repetition; none on a reliable transport.
        g: Option<Instant>,
        /// The pause after it.
        g_interval: Duration,
        /// Timer H: the ACK never came.
        h: Instant,
    },
    /// The ACK came; late ones are absorbed.
    Confirmed {
        /// Timer I.
        i: Instant,
    },
    /// Gone.
    Terminated,
}

/// What can happen to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The INVITE came again.
    Retransmission,
    /// An ACK with the branch of the INVITE came.
    Ack,
    /// The user sends a provisional response.
    Provisional,
    /// The user sends a 2xx.
    Success,
    /// The user sends a 3xx to 6xx.
    Failure,
    /// Time has passed.
    Timer,
}

impl State {
    /// The next state and what to do; `reliable` says whether the transport repeats by itself.
    pub fn on(self, input: Input, now: Instant, reliable: bool) -> (State, Effect) {
        use Input::{Ack, Failure, Provisional, Retransmission, Success, Timer};
        use State::{Accepted, Completed, Confirmed, Proceeding, Terminated};
        match self {
            Proceeding => match input {
                Retransmission => (self, Effect::Resend),
                Provisional => (self, Effect::Send),
                Success => (Accepted { l: now + GIVE_UP }, Effect::Send),
                Failure => {
                    let g = (!reliable).then(|| now + T1);
                    (Completed { g, g_interval: T1, h: now + GIVE_UP }, Effect::Send)
                }
                Ack | Timer => (self, Effect::None),
            },
            Accepted { l } => match input {
                // The user's own timer repeats the 2xx, so the transaction stays silent.
                Retransmission | Provisional | Failure => (self, Effect::None),
                Ack => (self, Effect::Deliver),
                Success => (self, Effect::Send),
                Timer if l <= now => (Terminated, Effect::None),
                Timer => (self, Effect::None),
            },
            Completed { g, g_interval, h } => match input {
                Retransmission => (self, Effect::Resend),
                Ack if reliable => (Terminated, Effect::None),
                Ack => (Confirmed { i: now + T4 }, Effect::None),
                Timer if h <= now => (Terminated, Effect::TimedOut),
                Timer if g.is_some_and(|g| g <= now) => {
                    let interval = (g_interval * 2).min(T2);
                    (Completed { g: Some(now + interval), g_interval: interval, h }, Effect::Resend)
                }
                Timer | Provisional | Success | Failure => (self, Effect::None),
            },
            Confirmed { i } => match input {
                Timer if i <= now => (Terminated, Effect::None),
                Timer | Retransmission | Ack | Provisional | Success | Failure => (self, Effect::None),
            },
            Terminated => match input {
                Retransmission | Ack | Provisional | Success | Failure | Timer => (self, Effect::None),
            },
        }
    }

    /// When the machine wants to hear [`Input::Timer`].
    pub fn deadline(&self) -> Option<Instant> {
        match *self {
            State::Proceeding | State::Terminated => None,
            State::Accepted { l } => Some(l),
            State::Completed { g, h, .. } => Some(g.map_or(h, |g| g.min(h))),
            State::Confirmed { i } => Some(i),
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
            State::Proceeding,
            State::Accepted { l: late },
            State::Completed { g: Some(at(10)), g_interval: T1, h: late },
            State::Confirmed { i: late },
            State::Terminated,
        ];
        use Input::{Ack, Failure, Provisional, Retransmission, Success, Timer};
        let inputs = [Retransmission, Ack, Provisional, Success, Failure];
        let mut table = String::new();
        for state in states {
            for input in inputs {
                for (reliable, name) in [(false, "udp"), (true, "tcp")] {
                    let (next, effect) = state.on(input, at(10), reliable);
                    table.push_str(&format!("{state:?} + {input:?} [{name}] -> {next:?} {effect:?}\n"));
                }
            }
            for now in [at(9), at(10), late] {
                let (next, effect) = state.on(Timer, now, false);
                table.push_str(&format!("{state:?} + Timer at {now:?} -> {next:?} {effect:?}\n"));
            }
        }
        check("invite_server", &table, include_str!("../../testdata/tables/invite_server.txt"));
    }

    #[test]
    fn a_failure_is_repeated_with_doubling_up_to_t2_until_timer_h() {
        let (mut state, _) = State::Proceeding.on(Input::Failure, at(0), false);
        let mut sent = vec![];
        while let Some(deadline) = state.deadline() {
            let (next, effect) = state.on(Input::Timer, deadline, false);
            sent.push((deadline.as_nanos() / 1_000_000, effect));
            state = next;
        }
        let times: Vec<u64> = sent.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000]);
        assert_eq!(sent.last().map(|(_, effect)| *effect), Some(Effect::TimedOut));
    }
}
